//! Power of a signal over time and frequency: short-time Fourier transform.
//!
//! **NaN**: a window that holds one has no density (NaN). **Cost**: one transform a window. Hann
//! window, mean removed, one-sided density, as [`spectrum::welch`](super::spectrum::welch) with one
//! segment (Allen & Rabiner, Proc IEEE 1977;65:1558).

use super::fft::RealFft;
use super::spectrum::welch;

/// Density of one window in dB of 1 (unit of the signal)² / Hz, from zero upwards, `values.len() / 2 +
/// 1` of them; an empty window has none. Silence is -300 dB.
pub fn column_db(fft: &mut RealFft, values: &[f64], fs_hz: f64) -> Vec<f32> {
    let density = welch(fft, values, fs_hz, values.len(), 0);
    density.power.iter().map(|power| (10.0 * power.max(1e-30).log10()) as f32 + 0.0 * *power as f32).collect()
}

/// Window that suits a rate and the time between two columns, samples: a power of two, so long that
/// columns touch, between 6 and 50 ms. Shorter ones tell potentials apart in time, longer ones tones in
/// frequency.
pub fn window_n(fs_hz: f64, column_s: f64) -> usize {
    let wanted = (2.0 * column_s).clamp(0.006, 0.05) * fs_hz;
    (wanted.clamp(16.0, 16_384.0) as usize).next_power_of_two()
}
