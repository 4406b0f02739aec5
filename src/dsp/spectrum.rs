//! Power spectral density by Welch's method.
//!
//! **NaN**: segments that hold one are left out; with none left the density is all NaN. **Cost**:
//! one transform a segment. Hann window, mean of each segment removed, one-sided density, averages
//! of segments: the defaults of `scipy.signal.welch` (Welch, IEEE Trans Audio Electroacoust 1967).

use std::f64::consts::PI;

use super::fft::RealFft;

/// Frequencies in Hz and density in (unit of the signal) squared per Hz.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Density {
    /// Frequency of each bin, Hz.
    pub hz: Vec<f64>,
    /// Power density of each bin.
    pub power: Vec<f64>,
    /// How many segments were averaged.
    pub segments: usize,
}

/// Periodic Hann window.
pub fn hann(n: usize) -> Vec<f64> {
    (0..n).map(|k| 0.5 - 0.5 * (2.0 * PI * k as f64 / n as f64).cos()).collect()
}

/// Welch's estimate with segments of `segment` samples that overlap by `overlap`. A signal shorter
/// than a segment is one segment. An empty signal yields nothing.
pub fn welch(fft: &mut RealFft, x: &[f64], fs_hz: f64, segment: usize, overlap: usize) -> Density {
    let n = segment.min(x.len());
    if n == 0 {
        return Density::default();
    }
    let step = n.saturating_sub(overlap).max(1);
    let window = hann(n);
    let scale = 1.0 / (fs_hz * window.iter().map(|w| w * w).sum::<f64>());
    let mut density = Density { hz: (0..=n / 2).map(|k| k as f64 * fs_hz / n as f64).collect(), power: vec![0.0; n / 2 + 1], segments: 0 };
    let mut piece = vec![0.0; n];
    for start in (0..=x.len() - n).step_by(step) {
        let values = &x[start..start + n];
        let mean = values.iter().sum::<f64>() / n as f64;
        if mean.is_nan() {
            continue;
        }
        for ((out, v), w) in piece.iter_mut().zip(values).zip(&window) {
            *out = (v - mean) * w;
        }
        for (sum, bin) in density.power.iter_mut().zip(fft.forward(&piece)) {
            *sum += bin.norm_sqr();
        }
        density.segments += 1;
    }
    let average = scale / density.segments as f64; // no segment: 0 * inf = NaN, as promised
    for (k, power) in density.power.iter_mut().enumerate() {
        let both_sides = if k == 0 || 2 * k == n { 1.0 } else { 2.0 };
        *power *= average * both_sides;
    }
    density
}

impl Density {
    /// Mean and median frequency, Hz: the centre of gravity, and the first bin that has half of
    /// the power at or below it. `None` without power, or with NaN in it.
    pub fn mean_median_hz(&self) -> Option<[f64; 2]> {
        let total: f64 = self.power.iter().sum();
        if !(total > 0.0 && total.is_finite()) {
            return None;
        }
        let mean = self.hz.iter().zip(&self.power).map(|(hz, power)| hz * power).sum::<f64>() / total;
        let mut below = 0.0;
        let median = self.hz.iter().zip(&self.power).find_map(|(&hz, &power)| {
            below += power;
            (below >= total / 2.0).then_some(hz)
        });
        Some([mean, median.or(self.hz.last().copied())?])
    }
}
