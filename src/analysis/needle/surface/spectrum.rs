//! Mean and median frequency of contractions, and their trend.
//!
//! The spectrum of a contraction is the periodogram of all of it (of long ones the mean over pieces
//! of 4 s), less the density of rest, from 5 Hz to 1 kHz. Both frequencies are integrals over it, so
//! that smoothing gains nothing and a taper loses samples; the median lies between bins. Fatigue:
//! De Luca, J Appl Physiol 1984;57:1263-1279, by the slope of the median frequency (Merletti et al.
//! 1990), a straight line by least squares with the standard error of its slope.

use super::Burst;
use crate::analysis::needle::pieces::{samples, usable};
use crate::dsp::fft::RealFft;
use crate::dsp::spectrum::{Density, welch};

/// Band of surface EMG, Hz.
const BAND_HZ: [f64; 2] = [5.0, 1000.0];
/// Longest piece that is transformed, seconds.
const PIECE_S: f64 = 4.0;
/// Segments of rest, seconds; rest is looked at for so long at most.
const REST_S: f64 = 0.25;
const REST_MOST_S: f64 = 60.0;
/// Distance of rest from a contraction, seconds.
const APART_S: f64 = 0.05;
/// Contractions from this length on are followed piece by piece, seconds, in pieces of this length.
pub const LONG_S: f64 = 6.0;
const FOLLOW_S: f64 = 2.0;
/// Fewest points of a trend.
const LEAST: usize = 3;

/// A straight line through median frequencies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Slope, Hz/s.
    pub slope_hz_per_s: f64,
    /// Its standard error, Hz/s.
    pub error_hz_per_s: f64,
    /// Value at time 0, Hz.
    pub at_start_hz: f64,
}

/// Density of rest between contractions; `None` without rest.
pub fn rest(fft: &mut RealFft, uv: &[f64], fs_hz: f64, spans: &[[usize; 2]]) -> Option<Density> {
    let (segment, apart) = (samples(REST_S, fs_hz), samples(APART_S, fs_hz));
    let mut left = samples(REST_MOST_S, fs_hz);
    let mut sum = Density::default();
    let starts = std::iter::once(0).chain(spans.iter().map(|span| span[1] + apart));
    let ends = spans.iter().map(|span| span[0].saturating_sub(apart)).chain(std::iter::once(uv.len()));
    for (from, to) in starts.zip(ends) {
        let to = to.min(from.saturating_add(left));
        let Some(part) = uv.get(from..to).filter(|part| part.len() >= segment) else { continue };
        left -= part.len();
        let part: Vec<f64> = part.iter().map(|&v| if usable(v) { v } else { f64::NAN }).collect();
        let one = welch(fft, &part, fs_hz, segment, segment / 2);
        if one.segments > 0 {
            sum.power.resize(one.power.len(), 0.0);
            sum.power.iter_mut().zip(&one.power).for_each(|(sum, power)| *sum += power * one.segments as f64);
            sum.segments += one.segments;
            sum.hz = one.hz;
        }
    }
    let n = sum.segments as f64;
    sum.power.iter_mut().for_each(|power| *power /= n);
    (sum.segments > 0).then_some(sum)
}

/// Mean and median frequency of a stretch in Hz; `None` when rest has all the power.
pub fn frequencies(fft: &mut RealFft, uv: &[f64], fs_hz: f64, rest: Option<&Density>) -> Option<[f64; 2]> {
    let pieces = uv.len().div_ceil(samples(PIECE_S, fs_hz)).max(1);
    let n = uv.len() / pieces;
    if n < 16 {
        return None;
    }
    let mut power = vec![0.0; n / 2 + 1];
    let mut taken = 0.0;
    for part in uv.chunks_exact(n).filter(|part| part.iter().all(|v| usable(*v))) {
        let mean = part.iter().sum::<f64>() / n as f64;
        let centred: Vec<f64> = part.iter().map(|v| v - mean).collect();
        for (sum, bin) in power.iter_mut().zip(fft.forward(&centred)) {
            *sum += 2.0 * bin.norm_sqr() / (fs_hz * n as f64);
        }
        taken += 1.0;
    }
    let step_hz = fs_hz / n as f64;
    let mut sum = 0.0;
    let mut moment = 0.0;
    let mut cumulated = Vec::new();
    for (k, power) in power.iter().enumerate() {
        let hz = k as f64 * step_hz;
        if (BAND_HZ[0]..=BAND_HZ[1]).contains(&hz) {
            // Not cut off at zero: bins scatter around their mean, and cutting would bias it.
            let own = power / taken - rest.map_or(0.0, |rest| density_at(rest, hz));
            sum += own;
            moment += hz * own;
            cumulated.push((hz + 0.5 * step_hz, sum));
        }
    }
    if !(sum > 0.0 && sum.is_finite()) {
        return None;
    }
    let at = cumulated.iter().position(|&(_, below)| below >= sum / 2.0)?;
    let (hz, above) = cumulated[at];
    let below = at.checked_sub(1).map_or(0.0, |k| cumulated[k].1);
    let part = if above > below { (above - sum / 2.0) / (above - below) } else { 0.0 };
    Some([moment / sum, hz - part * step_hz])
}

/// Density at a frequency, between bins.
fn density_at(density: &Density, hz: f64) -> f64 {
    let step = density.hz.get(1).copied().unwrap_or(1.0);
    let low = ((hz / step) as usize).min(density.power.len().saturating_sub(1));
    let high = (low + 1).min(density.power.len() - 1);
    let part = (hz / step - low as f64).clamp(0.0, 1.0);
    density.power[low] * (1.0 - part) + density.power[high] * part
}

/// Measures a contraction in samples `span`.
pub fn burst(fft: &mut RealFft, uv: &[f64], span: [usize; 2], fs_hz: f64, rest: Option<&Density>) -> Burst {
    let valid: Vec<f64> = uv.iter().copied().filter(|v| usable(*v)).collect();
    let mean = valid.iter().sum::<f64>() / valid.len() as f64;
    let rms_uv = (valid.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / valid.len() as f64).sqrt();
    let [mean_hz, median_hz] = frequencies(fft, uv, fs_hz, rest).unwrap_or([f64::NAN; 2]);
    Burst { on_s: span[0] as f64 / fs_hz, off_s: span[1] as f64 / fs_hz, rms_uv, mean_hz, median_hz }
}

/// Whether all contractions are at least so long (in samples).
pub fn only_long(spans: &[[usize; 2]], long: usize) -> bool {
    spans.iter().all(|span| span[1] - span[0] >= long)
}

/// Median frequency every two seconds of a long contraction: time in seconds, Hz.
pub fn medians(fft: &mut RealFft, uv: &[f64], span: [usize; 2], fs_hz: f64, rest: Option<&Density>) -> Vec<[f64; 2]> {
    let length = samples(FOLLOW_S, fs_hz);
    if uv.len() < samples(LONG_S, fs_hz) {
        return Vec::new();
    }
    let one = |(k, part): (usize, &[f64])| {
        let middle = (span[0] + k * length + length / 2) as f64 / fs_hz;
        Some([middle, frequencies(fft, part, fs_hz, rest)?[1]])
    };
    uv.chunks_exact(length).enumerate().filter_map(one).collect()
}

/// One median frequency a contraction, at its middle.
pub fn one_each(bursts: &[Burst]) -> Vec<[f64; 2]> {
    bursts.iter().filter(|burst| burst.median_hz.is_finite()).map(|burst| [burst.on_s.midpoint(burst.off_s), burst.median_hz]).collect()
}

/// The straight line through points of time in seconds and Hz; `None` with too few.
pub fn trend(points: &[[f64; 2]]) -> Option<Trend> {
    let n = points.len() as f64;
    if points.len() < LEAST {
        return None;
    }
    let mean = |k: usize| points.iter().map(|point| point[k]).sum::<f64>() / n;
    let (x, y) = (mean(0), mean(1));
    let xx: f64 = points.iter().map(|point| (point[0] - x).powi(2)).sum();
    let slope = points.iter().map(|point| (point[0] - x) * (point[1] - y)).sum::<f64>() / xx;
    let left: f64 = points.iter().map(|point| (point[1] - y - slope * (point[0] - x)).powi(2)).sum();
    let error = (left / (n - 2.0) / xx).sqrt();
    (slope.is_finite() && error.is_finite()).then_some(Trend { slope_hz_per_s: slope, error_hz_per_s: error, at_start_hz: y - slope * x })
}
