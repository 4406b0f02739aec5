//! The signal in which discharges are sought: high-passed, thinned to 10 to 15 kHz, gaps as zero.
//!
//! The high pass takes away the far units and sharpens the near ones (McGill 1985; McGill, Lateva
//! and Marateb 2005 use 1 kHz of first order). First order forward and backward at 500 Hz keeps the phase, so that potentials
//! stay where they are. **NaN** and infinite samples are gaps; every stretch between gaps is
//! filtered by itself. **Cost**: three filter passes.

use crate::dsp::iir::{Band, butter, sosfiltfilt};
use crate::dsp::robust::{SIGMA_PER_MAD, percentile_mut};

/// Corner of the high pass, Hz.
const HIGH_PASS_HZ: f64 = 500.0;
/// Rate that the working signal comes near, Hz.
const WORKING_HZ: f64 = 12_500.0;

/// The working signal.
#[derive(Debug, Clone, Default)]
pub struct Working {
    /// Values, uV; 0 in gaps.
    pub uv: Vec<f64>,
    /// Rate, Hz.
    pub fs_hz: f64,
    /// Samples of the recording per sample of the working signal.
    pub step: usize,
}

/// Samples of the recording per sample of the working signal.
pub fn step(fs_hz: f64) -> usize {
    ((fs_hz / WORKING_HZ).round() as usize).max(1)
}

/// The working signal of a recording of `fs_hz`. A rate that is not positive and finite gives an
/// empty one.
pub fn working(uv: &[f64], fs_hz: f64) -> Working {
    if !(fs_hz.is_finite() && fs_hz > 0.0) {
        return Working::default();
    }
    let step = step(fs_hz);
    let mut x: Vec<f64> = uv.iter().map(|v| if v.is_finite() { v.clamp(-1e7, 1e7) } else { f64::NAN }).collect();
    if let Ok(high) = butter(1, Band::Highpass(HIGH_PASS_HZ.min(fs_hz / 8.0)), fs_hz) {
        x = sosfiltfilt(&high, &x);
    }
    let out_hz = fs_hz / step as f64;
    if step > 1
        && let Ok(low) = butter(4, Band::Lowpass(0.42 * out_hz), fs_hz)
    {
        x = sosfiltfilt(&low, &x);
    }
    let uv = x.iter().step_by(step).map(|v| if v.is_finite() { *v } else { 0.0 }).collect();
    Working { uv, fs_hz: out_hz, step }
}

/// Robust standard deviation of values around zero; at least a millionth, so that silence divides.
pub fn sigma(x: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = x.iter().filter(|v| **v != 0.0).map(|v| v.abs()).collect();
    let s = SIGMA_PER_MAD * percentile_mut(&mut sizes, 50.0);
    if s.is_finite() { s.max(1e-6) } else { 1e-6 }
}

/// Indices of values of at least `limit` in size that are the largest within a millisecond on each side.
pub fn peaks(x: &[f64], limit: f64, fs_hz: f64) -> Vec<usize> {
    let apart = (0.001 * fs_hz).round().max(2.0) as usize;
    let mut found = Vec::new();
    let mut at = 0;
    while at < x.len() {
        let v = x[at].abs();
        if v > limit
            && x[at.saturating_sub(apart)..at].iter().all(|w| w.abs() < v)
            && x[at + 1..(at + apart + 1).min(x.len())].iter().all(|w| w.abs() <= v)
        {
            found.push(at);
            at += apart;
        }
        at += 1;
    }
    found
}
