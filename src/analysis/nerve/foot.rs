//! The foot of a response: where the rising phase leaves the baseline.
//!
//! The onset of a compound potential is where the noise-free wave reaches one percent of its
//! negative peak; on a noisy sweep that level may lie under the noise. So the whole rise from
//! the baseline to about half the peak is fitted with a smooth curve, `exp` of a cubic in time,
//! and the curve is followed down to the level. Samples weigh by noise and by a few percent of
//! the curve's own height: on a clean sweep the lowest part decides, on a noisy one all of it.
//!
//! Contract: samples that are not finite are left out. Cost: about 20 solutions of a 5 x 5 system.

use crate::analysis::linear::{Normal, dot};

/// Model error as a fraction of the curve's height.
const MODEL_ERROR: f64 = 0.03;
/// Parameters: offset, and the cubic's four.
const P: usize = 5;

/// A rising phase to be followed down.
#[derive(Debug, Clone, Copy)]
pub struct Rise<'a> {
    /// Samples less background, uV, rising upwards.
    pub uv: &'a [f64],
    /// Time of the first of them, ms.
    pub first_ms: f64,
    /// Sampling rate, per ms.
    pub per_ms: f64,
    /// Where the smoothed wave passes 10 % of the peak, ms.
    pub t10_ms: f64,
    /// Where it passes 50 %, ms.
    pub t50_ms: f64,
    /// Where the fit ends, ms: lower than 50 % on a clean sweep.
    pub top_ms: f64,
    /// Height of the peak, uV.
    pub peak_uv: f64,
    /// Noise per sample, uV.
    pub sigma_uv: f64,
    /// Uncertainty of the background at the foot, uV.
    pub baseline_sd_uv: f64,
}

/// Where the fitted rise reaches `level_uv`: the time and its standard deviation (ms), or `None`
/// when no rise could be fitted.
pub fn reach(rise: &Rise, level_uv: f64) -> Option<(f64, f64)> {
    let width = (rise.t50_ms - rise.t10_ms).max(2.0 / rise.per_ms);
    let from = rise.t10_ms - (1.0 + width);
    // Shape of a bell cut at its foot: half the peak one unit of time above a tenth of it.
    let mut kept = [0.0, (0.1 * rise.peak_uv).ln(), START[0], START[1], START[2]];
    let (mut normal, mut cost) = linearise(rise, &kept, width, from);
    let mut damping = 1e-3;
    for _ in 0..40 {
        let weight = damping / (rise.sigma_uv * rise.sigma_uv).max(1e-12);
        let step = normal.solve(&[weight, damping, damping, damping, damping])?;
        let mut next = kept;
        for (i, (value, d)) in next.iter_mut().zip(&step.coefficients).enumerate() {
            *value += if i == 0 { *d } else { d.clamp(-1.0, 1.0) };
        }
        let (there, then) = linearise(rise, &next, width, from);
        if then < cost {
            let gain = cost - then;
            (kept, normal, cost) = (next, there, then);
            damping = (damping * 0.2_f64).max(1e-9);
            if gain < 1e-4 {
                break;
            }
        } else {
            damping *= 10.0;
            if damping > 1e8 {
                break;
            }
        }
    }
    let q = |s: f64| kept[1] + s * (kept[2] + s * (kept[3] + s * kept[4]));
    let target = level_uv.max(f64::MIN_POSITIVE).ln();
    // Down from the 10 % point in small steps while the curve still falls.
    let (mut s, h) = (0.0, 0.02);
    if q(0.0) < target {
        while q(s) < target {
            s += h;
            if s > 1.5 {
                return None;
            }
        }
    } else {
        while q(s) > target {
            s -= h;
            if q(s) > q(s + h) || s * width < from - rise.t10_ms {
                return None;
            }
        }
        s += h;
    }
    let (mut low, mut high) = (s - h, s);
    for _ in 0..40 {
        let m = 0.5 * (low + high);
        if q(m) < target { low = m } else { high = m }
    }
    let s = 0.5 * (low + high);
    let slope = kept[2] + s * (2.0 * kept[3] + s * 3.0 * kept[4]);
    let sd = normal.solve(&[0.0; P]).map_or(f64::NAN, |at| at.variance(&[0.0, 1.0, s, s * s, s * s * s]).sqrt() * width / slope.abs());
    Some((rise.t10_ms + width * s, sd))
}

/// Where the descent begins: the middle of the priors below.
const START: [f64; 3] = [2.65, -1.45, 0.44];

/// What feet look like, as priors on combinations of the cubic's coefficients: the weights of
/// the three, mean and standard deviation. Time runs from the 10 % point in units of the way
/// from 10 to 50 %.
const SHAPE: [([f64; 3], f64, f64); 3] = [
    // From 10 to 50 % the logarithm rises by ln 5.
    ([1.0, 1.0, 1.0], 1.62, 0.06),
    // How steep the foot is.
    ([-0.3, 0.09, -0.027], -0.945, 0.15),
    // A foot that is steep above is steep below: the two falls go together.
    ([-0.6 + 0.3 * 2.95, 0.36 - 0.09 * 2.95, -0.216 + 0.027 * 2.95], 0.55, 0.06),
];

fn linearise(rise: &Rise, c: &[f64; P], width: f64, from: f64) -> (Normal, f64) {
    let mut normal = Normal::new(P);
    let mut cost = 0.0;
    let s2 = rise.sigma_uv * rise.sigma_uv;
    let start = ((from - rise.first_ms) * rise.per_ms).ceil().max(0.0) as usize;
    for (i, &y) in rise.uv.iter().enumerate().skip(start) {
        let t = rise.first_ms + i as f64 / rise.per_ms;
        if t > rise.top_ms {
            break;
        }
        if !y.is_finite() {
            continue;
        }
        let s = (t - rise.t10_ms) / width;
        let q = (c[1] + s * (c[2] + s * (c[3] + s * c[4]))).min((2.0 * rise.peak_uv).ln());
        let f = q.exp();
        // The weight of the variance's logarithm keeps the curve from growing to hide its errors.
        let variance = s2 + (MODEL_ERROR * f).powi(2);
        let r = y - c[0] - f;
        normal.add(&[1.0, f, f * s, f * s * s, f * s * s * s], r, 1.0 / variance);
        cost += r * r / variance + variance.ln();
    }
    let b2 = rise.baseline_sd_uv.powi(2) + 1e-4 * s2;
    normal.add(&[1.0, 0.0, 0.0, 0.0, 0.0], -c[0], 1.0 / b2);
    cost += c[0] * c[0] / b2;
    for (weights, mean, sd) in &SHAPE {
        let row = [0.0, 0.0, weights[0], weights[1], weights[2]];
        let miss = mean - dot(&row, c);
        normal.add(&row, miss, 1.0 / (sd * sd));
        cost += (miss / sd).powi(2);
    }
    (normal, cost)
}
