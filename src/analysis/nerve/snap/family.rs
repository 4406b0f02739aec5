//! Sensory nerve action potentials as nerves produce them: a family grown from physiology.
//!
//! A fibre's travelling action potential is a row of dipoles along it, each as strong as the slope
//! of the intracellular potential there (Plonsey, Bioelectric Phenomena, 1969; Rosenfalck's spike
//! `x^3 exp(-x)`, Acta Physiol Scand Suppl 1969;321). Seen from E1 and E2 on the skin it has three
//! phases. A nerve is many fibres: the sum over a distribution of velocities, whose spread grows
//! with the distance (Buchthal and Rosenfalck, Brain Res 1966;3:1), and which is lumpy where fibres
//! are few. Antidromic recordings on a finger see the deep nerve of the palm weakly. The amplifier
//! couples at some 10 Hz and cuts at some kHz.
//!
//! Members are spread evenly over wide ranges of all these quantities by an additive recurrence
//! (no randomness), so the family is the same everywhere. Cost: about 0.1 ms a member.

use crate::dsp::iir::{Band, butter, sosfilt};

/// Grid along the nerve, mm, and its reach before and behind E1.
const DZ_MM: f64 = 0.5;
const REACH_MM: [f64; 2] = [-170.0, 90.0];
/// Grid of the waves, ms.
pub const DT_MS: f64 = 0.02;
/// Recorded before the stimulus, ms, for the filters to begin in silence.
const LEAD_MS: f64 = 1.0;
/// Lengths of the intracellular spike that are computed; others are interpolated.
const LENGTHS: usize = 4;
/// Arrival times of neighbouring groups of fibres lie closer than this, ms: else the sum ripples.
const STEP_MS: f64 = 0.06;
/// Quantities that vary.
const DIMENSIONS: usize = 16;

/// A wave of the family.
#[derive(Debug, Clone)]
pub struct Wave {
    /// Values from [`first_ms`](Self::first_ms) on, every [`DT_MS`], arbitrary unit, negative up.
    pub values: Vec<f64>,
    /// Time of the first value, ms after the stimulus.
    pub first_ms: f64,
}

/// Evenly spread points in the unit cube: `frac((i + 1) a_j)` with the powers of the inverse of
/// the root of `x^(d + 1) = x + 1` (the generalised golden ratio).
fn point(i: usize) -> [f64; DIMENSIONS] {
    let mut root = 1.5_f64;
    for _ in 0..60 {
        root = (1.0 + root).powf(1.0 / (DIMENSIONS as f64 + 1.0));
    }
    let mut step = 1.0;
    [(); DIMENSIONS].map(|()| {
        step /= root;
        (0.5 + (i as f64 + 1.0) * step).fract()
    })
}

fn linear(u: f64, low: f64, high: f64) -> f64 {
    low + u * (high - low)
}

fn ratio(u: f64, low: f64, high: f64) -> f64 {
    low * (high / low).powf(u)
}

/// A number in 0..1 that depends on its two arguments in no visible way (splitmix64).
fn scatter(a: u64, b: u64) -> f64 {
    let mut x = a.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(b.wrapping_mul(0xd1b5_4a32_d192_ed03));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (((x ^ (x >> 31)) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// Member `i` of the family; `None` for a member that no filter or fibre leaves anything of.
pub fn member(i: usize) -> Option<Wave> {
    let u = point(i);
    // Nerve to skin 3.5 to 14 mm, electrodes 20 to 50 mm apart, velocity 28 to 66 m/s.
    let depth_mm = ratio(u[0], 3.5, 14.0);
    let spacing_mm = linear(u[1], 20.0, 50.0);
    let velocity = linear(u[2], 28.0, 66.0);
    let spread = velocity * linear(u[3], 0.03, 0.17);
    let skew = linear(u[4], 0.0, 0.8);
    let distance_mm = linear(u[5], 70.0, 320.0);
    let low_hz = ratio(u[6], 3.0, 30.0);
    let high_hz = ratio(u[7], 1500.0, 4000.0);
    // Length of the intracellular spike, mm a (m/s).
    let spike_mm = linear(u[8], 0.035, 0.065);
    // Larger fibres are faster and louder.
    let loudness = linear(u[9], 1.0, 2.5);
    let deep = (u[10] < 0.5).then(|| (linear(u[11], 0.15, 0.8), linear(u[12], -30.0, 5.0), linear(u[13], 1.5, 6.0)));
    let lumps = (u[14] < 0.7).then(|| (ratio(u[14] / 0.7, 1.5, 40.0), linear(u[15], 25.0, 60.0)));

    let lead = lead_field(depth_mm, spacing_mm, deep);
    let groups = groups(i, [velocity, spread, skew, distance_mm, loudness], lumps);
    let slowest = groups.iter().map(|g| g.0).fold(f64::INFINITY, f64::min);
    let fastest = groups.iter().map(|g| g.0).fold(0.0, f64::max);
    if !(slowest > 0.0 && slowest.is_finite()) {
        return None;
    }
    let scales: Vec<f64> = (0..LENGTHS).map(|k| spike_mm * linear(k as f64 / (LENGTHS - 1) as f64, slowest, fastest)).collect();
    let potentials: Vec<Vec<f64>> = scales.iter().map(|scale| potential(&lead, *scale)).collect();
    let n = ((LEAD_MS + distance_mm / slowest + 6.0) / DT_MS) as usize;
    let mut values = vec![0.0; n];
    for (v, weight) in groups {
        let place = if fastest > slowest { (v - slowest) / (fastest - slowest) * (LENGTHS - 1) as f64 } else { 0.0 };
        let k = (place as usize).min(LENGTHS - 2);
        add(&mut values, &potentials[k], &potentials[k + 1], place - k as f64, v, distance_mm, weight);
    }
    let fs_hz = 1e3 / DT_MS;
    for band in [(1, Band::Highpass(low_hz)), (2, Band::Lowpass(high_hz))] {
        sosfilt(&butter(band.0, band.1, fs_hz).ok()?, &mut values);
    }
    Some(Wave { values, first_ms: -LEAD_MS })
}

/// Velocity and weight of groups of fibres.
fn groups(seed: usize, [velocity, spread, skew, distance_mm, loudness]: [f64; 5], lumps: Option<(f64, f64)>) -> Vec<(f64, f64)> {
    let lasts = 5.5 * distance_mm * spread / (velocity * velocity);
    let n = ((lasts / STEP_MS) as usize).clamp(30, 140);
    let steps = (n - 1) as f64;
    let mut out = Vec::with_capacity(n);
    for k in 0..n {
        let x = linear(k as f64 / steps, -2.6, 2.2);
        let v = velocity + spread * if x < 0.0 { x * (1.0 + skew) } else { x };
        let mut weight = (-0.5 * x * x).exp() * v.max(5.0).powf(loudness);
        if let Some((evenness, bins)) = lumps {
            // Log-normal with the coefficient of variation of a gamma distribution of this shape.
            let at = k as f64 / steps * (bins - 1.0).floor();
            let sd = (1.0 + 1.0 / evenness).ln().sqrt();
            let lump = |bin: f64| {
                let (a, b) = (scatter(seed as u64, 2 * bin as u64), scatter(seed as u64, 2 * bin as u64 + 1));
                (sd * (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos() - 0.5 * sd * sd).exp()
            };
            weight *= linear(at.fract(), lump(at.floor()), lump(at.floor() + 1.0));
        }
        if v > 12.0 && v < 80.0 {
            out.push((v, weight));
        }
    }
    out
}

/// What a dipole at each place along the nerve does to E1 - E2.
fn lead_field(depth_mm: f64, spacing_mm: f64, deep: Option<(f64, f64, f64)>) -> Vec<f64> {
    let n = ((REACH_MM[1] - REACH_MM[0]) / DZ_MM) as usize;
    let at = |z: f64, electrode: f64| (z - electrode) / (depth_mm * depth_mm + (z - electrode).powi(2)).powf(1.5);
    (0..n)
        .map(|k| {
            let z = REACH_MM[0] + k as f64 * DZ_MM;
            let seen = deep.map_or(1.0, |(share, step_at, width)| share + (1.0 - share) / (1.0 + (-(z - step_at) / width).exp()));
            seen * (at(z, 0.0) - at(z, spacing_mm))
        })
        .collect()
}

/// Potential against the place of the front, for a spike of this length, mm.
fn potential(lead: &[f64], scale_mm: f64) -> Vec<f64> {
    let length = ((13.0 * scale_mm / DZ_MM) as usize).min(lead.len());
    let slope: Vec<f64> = (0..length)
        .map(|k| {
            let x = (k as f64 + 0.5) * DZ_MM / scale_mm;
            x * x * (3.0 - x) * (-x).exp() / scale_mm * DZ_MM
        })
        .collect();
    (0..lead.len()).map(|front| slope.iter().zip(lead[..=front].iter().rev()).map(|(s, w)| s * w).sum()).collect()
}

/// Adds the wave of fibres of velocity `v` to `values`.
fn add(values: &mut [f64], shorter: &[f64], longer: &[f64], part: f64, v: f64, distance_mm: f64, weight: f64) {
    let first = ((distance_mm + REACH_MM[0]) / v + LEAD_MS) / DT_MS;
    let last = ((distance_mm + REACH_MM[1]) / v + LEAD_MS) / DT_MS;
    let step = v * DT_MS / DZ_MM;
    for (k, value) in values.iter_mut().enumerate().take(last.max(0.0) as usize).skip(first.max(0.0).ceil() as usize) {
        let at = (k as f64 - first) * step;
        let j = at as usize;
        if j + 1 < shorter.len() {
            let f = at - j as f64;
            let between = |table: &[f64]| table[j] + f * (table[j + 1] - table[j]);
            *value += weight * linear(part, between(shorter), between(longer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DT_MS, member, point};

    #[test]
    fn members_have_a_negative_peak_between_two_positive_ones_and_come_when_they_must() {
        for i in 0..40 {
            let wave = member(i).unwrap();
            let (peak, top) = wave.values.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            let low = |part: &[f64]| part.iter().copied().fold(0.0, f64::min) / top;
            assert!(top > 0.0 && low(&wave.values[peak..]) < -0.02, "{i}: {}", low(&wave.values[peak..]));
            let peak_ms = wave.first_ms + peak as f64 * DT_MS;
            assert!((0.8..13.0).contains(&peak_ms), "{i}: {peak_ms}");
        }
    }

    #[test]
    fn points_are_spread_evenly() {
        for dimension in 0..super::DIMENSIONS {
            let low = (0..1000).filter(|&i| point(i)[dimension] < 0.25).count();
            assert!((230..=270).contains(&low), "{dimension}: {low}");
        }
    }
}
