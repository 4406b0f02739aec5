//! A simulated sensory nerve: fibres of many velocities under two electrodes.
//!
//! Each fibre's action potential travels along the nerve past E1 and E2; what they see is the row of
//! dipoles of its intracellular spike through the lead field of an infinite conductor (Plonsey,
//! Bioelectric Phenomena, 1969). Faster fibres are larger and louder. Antidromic recordings on a
//! finger see the deep nerve of the palm weakly. Truth is read off the noise-free wave on a grid
//! finer than the recording.

use super::disturb::{Disturbance, couple};
use super::random::Random;
use crate::dsp::iir::{Band, butter, sosfilt};
use crate::model::Response;

/// Grid along the nerve, mm.
const DZ_MM: f64 = 0.5;
/// Reach of the lead field, mm from E1.
const REACH_MM: [f64; 2] = [-160.0, 70.0];
/// Grid of the truth, samples a recorded sample.
const FINER: usize = 4;
/// Groups of fibres with one velocity.
const GROUPS: usize = 90;
/// Slower fibres are not seen.
const SLOWEST_MPS: f64 = 15.0;
/// From the stimulus to the volley, ms.
const ACTIVATION_MS: f64 = 0.15;
/// Share of the negative peak at which the wave has left the baseline, and from which on an
/// initial positive peak carries the onset.
const LEAVES: f64 = 0.02;
const CARRIES: f64 = 0.08;

/// A sensory nerve with its electrodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SensoryNerve {
    /// Mean velocity and its standard deviation, m/s.
    pub velocity_mps: (f64, f64),
    /// Distance from the nerve to the skin, mm.
    pub depth_mm: f64,
    /// Between E1 and E2, mm.
    pub spacing_mm: f64,
    /// Towards the fingers: the nerve of the palm lies deep.
    pub antidromic: bool,
    /// Negative peak of the response, uV; zero: none.
    pub amplitude_uv: f64,
}

/// How sensory sweeps are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SensorySetup {
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Recorded before the stimulus, ms.
    pub before_ms: f64,
    /// Recorded after it, ms.
    pub after_ms: f64,
    /// Band of the amplifier, Hz.
    pub band_hz: [f64; 2],
}

impl Default for SensorySetup {
    fn default() -> Self {
        Self { fs_hz: 24_000.0, before_ms: 3.0, after_ms: 19.0, band_hz: [20.0, 2000.0] }
    }
}

/// Sweeps of one site with their truth.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedSensory {
    /// The sweeps, uV.
    pub sweeps_uv: Vec<Vec<f64>>,
    /// Stimulus, seconds after the first sample.
    pub stimulus_s: f64,
    /// What the noise-free wave measures; `None` without a response.
    pub truth: Option<Response>,
}

/// Stimulates the nerve `sweeps` times at `distance_mm` from E1 and records.
pub fn stimulate_sensory(
    nerve: &SensoryNerve,
    distance_mm: f64,
    sweeps: usize,
    setup: &SensorySetup,
    disturbance: &Disturbance,
    random: &mut Random,
) -> SimulatedSensory {
    let per_ms = setup.fs_hz * 1e-3;
    let fine = per_ms * FINER as f64;
    let lead = (setup.before_ms * per_ms).round() as usize;
    let n = lead + (setup.after_ms * per_ms) as usize;
    let mut wave = vec![0.0; n * FINER];
    for (k, value) in travelling(nerve, distance_mm, n * FINER - lead * FINER, fine).into_iter().enumerate() {
        wave[lead * FINER + k] = value;
    }
    couple(&mut wave, fine, setup.band_hz[0]);
    if let Ok(sections) = butter(2, Band::Lowpass(setup.band_hz[1]), fine * 1e3) {
        sosfilt(&sections, &mut wave);
    }
    let top = wave.iter().copied().fold(0.0, f64::max);
    let scale = if top > 0.0 { nerve.amplitude_uv / top } else { 0.0 };
    wave.iter_mut().for_each(|v| *v *= scale);
    let clean: Vec<f64> = wave.iter().step_by(FINER).copied().collect();
    let sweep = |random: &mut Random| {
        let size = random.normal(1.0, 0.01);
        let mut uv: Vec<f64> = clean.iter().map(|v| v * size).collect();
        disturbance.add(&mut uv, -(lead as f64) / per_ms, per_ms, random);
        uv
    };
    SimulatedSensory {
        sweeps_uv: (0..sweeps).map(|_| sweep(random)).collect(),
        stimulus_s: lead as f64 / setup.fs_hz,
        truth: truth(&wave, lead * FINER, fine),
    }
}

/// Fibres of one velocity: the wave that their volley makes at the electrodes.
pub(super) struct Fibres {
    velocity_mps: f64,
    /// By the place of the volley along the nerve, arbitrary height.
    potential: Vec<f64>,
}

impl Fibres {
    /// The potential at a time after a stimulus at a distance from E1, ms and mm.
    pub(super) fn at(&self, ms: f64, distance_mm: f64) -> f64 {
        let place = (self.velocity_mps * (ms - ACTIVATION_MS) - distance_mm - REACH_MM[0]) / DZ_MM;
        let whole = place as usize;
        match (self.potential.get(whole), self.potential.get(whole + 1)) {
            (Some(near), Some(far)) if place >= 0.0 => near + (place - whole as f64) * (far - near),
            _ => 0.0,
        }
    }

    /// When they have passed, ms after a stimulus at a distance from E1, mm.
    pub(super) fn passed_ms(&self, distance_mm: f64) -> f64 {
        ACTIVATION_MS + (distance_mm + REACH_MM[1]) / self.velocity_mps
    }
}

/// The fibres of a nerve, those of one velocity together.
pub(super) fn fibres(nerve: &SensoryNerve) -> Vec<Fibres> {
    let (mean, sd) = nerve.velocity_mps;
    let cells = ((REACH_MM[1] - REACH_MM[0]) / DZ_MM) as usize;
    let lead: Vec<f64> = (0..cells)
        .map(|k| {
            let z = REACH_MM[0] + k as f64 * DZ_MM;
            let pole = |at: f64| (z - at) / (nerve.depth_mm * nerve.depth_mm + (z - at).powi(2)).powf(1.5);
            let seen = if nerve.antidromic { 0.22 + 0.78 / (1.0 + (-(z + 14.0) / 2.5).exp()) } else { 1.0 };
            seen * (pole(0.0) - pole(nerve.spacing_mm))
        })
        .collect();
    let group = |group: usize| {
        // Slow fibres reach further from the mean than fast ones.
        let x = -2.8 + 5.0 * group as f64 / (GROUPS - 1) as f64;
        let v = mean + sd * if x < 0.0 { 1.4 * x } else { x };
        let weight = (-0.5 * x * x).exp() * (v / mean).powf(1.8);
        let scale_mm = 0.14 / 3.0 * v;
        let slope: Vec<f64> = (0..((12.0 * scale_mm / DZ_MM).max(0.0) as usize))
            .map(|k| {
                let u = (k as f64 + 0.5) * DZ_MM / scale_mm;
                u * u * (3.0 - u) * (-u).exp() / scale_mm
            })
            .collect();
        let potential =
            (0..cells).map(|front| weight * slope.iter().zip(lead[..=front].iter().rev()).map(|(s, w)| s * w).sum::<f64>()).collect();
        (v >= SLOWEST_MPS).then_some(Fibres { velocity_mps: v, potential })
    };
    (0..GROUPS).filter_map(group).collect()
}

/// The sum of all fibres after the stimulus, arbitrary height.
fn travelling(nerve: &SensoryNerve, distance_mm: f64, n: usize, per_ms: f64) -> Vec<f64> {
    let fibres = fibres(nerve);
    (0..n).map(|k| fibres.iter().map(|fibre| fibre.at(k as f64 / per_ms, distance_mm)).sum()).collect()
}

fn truth(wave: &[f64], zero: usize, per_ms: f64) -> Option<Response> {
    let ms = |i: usize| (i as f64 - zero as f64) / per_ms;
    let (peak, &amp) = wave.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    if amp <= 0.0 {
        return None;
    }
    let leaves = wave.iter().position(|v| v.abs() >= LEAVES * amp)?;
    let lowest = |from: usize, to: usize| (from..to).min_by(|&a, &b| wave[a].total_cmp(&wave[b]));
    let dip = lowest(leaves, peak).filter(|&i| -wave[i] >= CARRIES * amp);
    let onset = dip.unwrap_or(leaves);
    let end = (peak..wave.len()).find(|&i| wave[i] <= 0.0).unwrap_or(wave.len() - 1);
    let rise = (onset..peak).rev().find(|&i| wave[i] <= 0.0).unwrap_or(onset);
    let low = lowest(end, wave.len());
    Some(Response {
        onset_ms: ms(onset),
        peak_ms: ms(peak),
        neg_end_ms: ms(end),
        pos_peak_ms: low.map(ms),
        initial_positive_ms: dip.map(ms),
        amp_uv: amp,
        pp_uv: low.map(|i| amp - wave[i]),
        duration_ms: ms(end) - ms(onset),
        area_uvms: wave[rise..end].iter().map(|v| v.max(0.0)).sum::<f64>() / per_ms,
        baseline_uv: 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::{SensoryNerve, SensorySetup, stimulate_sensory};
    use crate::simulate::{Disturbance, Random};

    #[test]
    fn latencies_follow_distance_and_velocity_and_orthodromic_ones_begin_positive() {
        let nerve = SensoryNerve { velocity_mps: (55.0, 3.0), depth_mm: 6.0, spacing_mm: 35.0, antidromic: false, amplitude_uv: 20.0 };
        let run = |mm: f64| {
            stimulate_sensory(&nerve, mm, 1, &SensorySetup::default(), &Disturbance::default(), &mut Random::new(1)).truth.unwrap()
        };
        let (near, far) = (run(110.0), run(220.0));
        let velocity = 110.0 / (far.peak_ms - near.peak_ms);
        assert!((50.0..60.0).contains(&velocity), "{velocity}");
        assert!((near.amp_uv - 20.0).abs() < 1e-6 && near.initial_positive_ms.is_some(), "{near:?}");
        let none = SensoryNerve { amplitude_uv: 0.0, ..nerve };
        let empty = stimulate_sensory(&none, 140.0, 2, &SensorySetup::default(), &Disturbance::default(), &mut Random::new(1));
        assert!(empty.truth.is_none() && empty.sweeps_uv.len() == 2);
    }
}
