//! One stimulated sweep with its truth.
//!
//! The response is computed on a grid five times finer than the recording, without noise; truth
//! is read off that grid by the definitions of `model::measurement`: onset where the wave first
//! reaches 1 % of its negative peak in either direction.

use super::disturb::{Disturbance, couple};
use super::muscle::{Pool, Stretch};
use super::random::Random;
use crate::model::Response;

/// Grid of the truth, samples a recorded sample.
const FINER: usize = 5;

/// How a sweep is recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setup {
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Recorded before the stimulus, ms.
    pub before_ms: f64,
    /// Recorded after it, ms.
    pub after_ms: f64,
    /// High-pass of the amplifier, Hz.
    pub high_pass_hz: f64,
}

impl Default for Setup {
    fn default() -> Self {
        Self { fs_hz: 48_000.0, before_ms: 5.0, after_ms: 45.0, high_pass_hz: 2.0 }
    }
}

/// A simulated sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedSweep {
    /// Samples, uV.
    pub uv: Vec<f64>,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Stimulus, seconds after the first sample.
    pub stimulus_s: f64,
    /// What the noise-free wave measures; `None` when no unit responded.
    pub truth: Option<Response>,
}

/// Stimulates the nerve at the far end of `path` and records. An empty path records no response.
pub fn stimulate(pool: &Pool, path: &[Stretch], setup: &Setup, disturbance: &Disturbance, random: &mut Random) -> SimulatedSweep {
    let per_ms = setup.fs_hz * 1e-3;
    let fine = per_ms * FINER as f64;
    let lead = (setup.before_ms * per_ms).round() as usize;
    let mut wave = vec![0.0; lead * FINER];
    if path.is_empty() {
        wave.resize(lead * FINER + (setup.after_ms * fine) as usize, 0.0);
    } else {
        wave.extend(pool.wave(&pool.latencies(path, random), setup.after_ms, fine));
    }
    couple(&mut wave, fine, setup.high_pass_hz);
    let truth = truth(&wave, lead * FINER, fine);
    let mut uv: Vec<f64> = wave.iter().step_by(FINER).copied().collect();
    disturbance.add(&mut uv, -(lead as f64) / per_ms, per_ms, random);
    SimulatedSweep { uv, fs_hz: setup.fs_hz, stimulus_s: lead as f64 / setup.fs_hz, truth }
}

fn truth(wave: &[f64], zero: usize, per_ms: f64) -> Option<Response> {
    let ms = |i: usize| (i as f64 - zero as f64) / per_ms;
    let (peak, &amp) = wave.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    if amp <= 0.0 {
        return None;
    }
    let onset = wave.iter().position(|v| v.abs() >= 0.01 * amp)?;
    let end = (peak..wave.len()).find(|&i| wave[i] <= 0.0).unwrap_or(wave.len() - 1);
    let rise = (0..peak).rev().find(|&i| wave[i] <= 0.0).map_or(onset, |i| i.max(onset));
    let (low_at, low) = wave[end..].iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map(|(i, v)| (end + i, *v))?;
    Some(Response {
        onset_ms: ms(onset),
        peak_ms: ms(peak),
        neg_end_ms: ms(end),
        pos_peak_ms: Some(ms(low_at)),
        initial_positive_ms: None,
        amp_uv: amp,
        pp_uv: Some(amp - low),
        duration_ms: ms(end) - ms(onset),
        area_uvms: wave[rise..end].iter().map(|v| v.max(0.0)).sum::<f64>() / per_ms,
        baseline_uv: 0.0,
    })
}
