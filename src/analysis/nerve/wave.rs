//! A late response in a sweep that is nothing else: where it begins, how large it is.
//!
//! The sweep, less tail and background, is smoothed by a penalised spline. The onset is where the
//! wave first reaches 2 % of its peak-to-peak size, at least 4 microvolts, to either side of the
//! level just before it. That is often under the noise, so the rise to the wave's first turn is
//! fitted and followed down to that level (`foot`).
//!
//! Contract: samples that are not finite are left out; times are ms after the stimulus. Cost:
//! about a millisecond a wave.

use super::foot::{self, Rise};
use super::smooth::Spline;

/// The onset's level: a share of the peak-to-peak size, and at least this, uV.
const ONSET_SHARE: f64 = 0.02;
const ONSET_UV: f64 = 4.0;
const KNOT_MS: f64 = 0.2;
const STEP_MS: f64 = 0.02;
/// A wave is quick: its second difference over this time stands out of the noise (in noise per
/// sample) and is a share of the largest one.
const APART_MS: f64 = 1.4;
const QUICK_NOISE: f64 = 0.8;
const QUICK_SHARE: f64 = 0.08;
/// Pauses within one response are shorter than this, ms.
const PAUSE_MS: f64 = 4.0;
/// Looked at before and after the stretch that stands out, ms.
const BEFORE_MS: f64 = 7.0;
const AFTER_MS: f64 = 3.0;
/// Peak and trough of one response lie within this, ms.
const TOGETHER_MS: f64 = 8.0;

/// One late response.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Wave {
    /// Onset, ms.
    pub onset_ms: f64,
    /// Its standard deviation, ms; NaN when the smooth curve decided alone.
    pub onset_sd_ms: f64,
    /// Where the stretch that stands out ends, ms.
    pub end_ms: f64,
    /// Baseline to the highest (negative) peak, uV.
    pub amp_uv: f64,
    /// Peak to peak, uV.
    pub pp_uv: f64,
    /// When the highest peak is, ms.
    pub peak_ms: f64,
    /// Peak to peak of what changes within about a millisecond, uV: waves of motor units do.
    pub quick_uv: f64,
}

/// A sweep to measure in.
#[derive(Debug, Clone, Copy)]
pub struct Flat<'a> {
    /// Samples less everything but late responses, uV.
    pub uv: &'a [f64],
    /// Sampling rate, per ms.
    pub per_ms: f64,
    /// Time of the first sample, ms.
    pub first_ms: f64,
    /// Noise per sample, uV.
    pub noise_uv: f64,
    /// What is left over of subtracted waves, uV: a wave's first turn is larger; 0 where none was.
    pub doubt_uv: f64,
}

impl Flat<'_> {
    fn time(&self, i: usize) -> f64 {
        self.first_ms + i as f64 / self.per_ms
    }

    fn index(&self, t: f64) -> usize {
        (((t - self.first_ms) * self.per_ms - 1e-6).ceil().max(0.0) as usize).min(self.uv.len())
    }
}

/// Measures the response between `from_ms` and `to_ms`, the stretch that stands out of the noise;
/// nothing before `earliest_ms` is looked at. `None` without a rise.
pub fn measure(flat: &Flat, from_ms: f64, to_ms: f64, earliest_ms: f64) -> Option<Wave> {
    let start = flat.index((from_ms - BEFORE_MS).max(earliest_ms));
    let stop = flat.index(to_ms + AFTER_MS);
    let dt = 1.0 / flat.per_ms;
    let knot = KNOT_MS.max(1.5 * dt);
    let spline = Spline::fit(flat.uv.get(start..stop)?, flat.time(start), dt, knot, flat.noise_uv)?;
    let (first, last) = (flat.time(start), flat.time(stop.checked_sub(1)?));
    let steps = ((last - first) / STEP_MS).ceil().clamp(1.0, 20_000.0) as usize;
    let time = |k: usize| first + k as f64 * STEP_MS;
    let curve: Vec<f64> = (0..=steps).map(|k| spline.at(time(k)).0).collect();
    let at = |t: f64| (((t - first) / STEP_MS).round().max(0.0) as usize).min(steps);
    let (a, b) = (at(from_ms), at(to_ms));
    // The largest excursion within the time that a response takes from peak to trough.
    let window = (TOGETHER_MS / STEP_MS) as usize;
    let pp_uv = extent(&curve[a..=b], window);
    let apart = (APART_MS / STEP_MS) as usize;
    let bend = |i: usize| if i < apart || i + apart > steps { 0.0 } else { curve[i] - 0.5 * (curve[i - apart] + curve[i + apart]) };
    let quick: Vec<f64> = (a..=b).map(bend).collect();
    let quick_uv = extent(&quick, window);
    // Slow errors of what was subtracted may come before the wave, and are no part of it.
    let limit = (QUICK_NOISE * flat.noise_uv).max(QUICK_SHARE * quick_uv);
    let a = active_from(&bend, a, b, limit).map_or(a, |i| i.saturating_sub(apart + (0.6 / STEP_MS) as usize).max(a.min(i)));
    let level = level_before(&curve[..=a], time(a) - first);
    let top = (a..=b).max_by(|p, q| curve[*p].total_cmp(&curve[*q]))?;
    let (amp_uv, peak_ms) = (curve[top] - level, time(top));
    let threshold = (ONSET_SHARE * pp_uv).max(ONSET_UV);
    let size = (1.5 * threshold).max(4.0 * wander(&curve[..=a])).max(1.2 * flat.noise_uv).max(flat.doubt_uv).min(0.3 * pp_uv);
    let turn = first_turn(&curve, a, b, level, size)?;
    let (onset_ms, onset_sd_ms) = onset(flat, &curve, level, threshold, turn, (first, start));
    Some(Wave { onset_ms, onset_sd_ms, end_ms: to_ms, amp_uv, pp_uv, peak_ms, quick_uv })
}

/// Where the activity around the largest bend begins: back from there over pauses that are short.
fn active_from(bend: &dyn Fn(usize) -> f64, a: usize, b: usize, limit: f64) -> Option<usize> {
    let main = (a..=b).max_by(|p, q| bend(*p).abs().total_cmp(&bend(*q).abs())).filter(|i| bend(*i).abs() > limit)?;
    let pause = (PAUSE_MS / STEP_MS) as usize;
    let mut from = main;
    let mut i = main;
    while i > a && from - i < pause {
        i -= 1;
        if bend(i).abs() > limit {
            from = i;
        }
    }
    Some(from)
}

/// Largest difference of two values at most `window` apart.
fn extent(curve: &[f64], window: usize) -> f64 {
    let step = (window / 8).max(1);
    let mut best = 0.0_f64;
    let mut a = 0;
    loop {
        let b = (a + window).min(curve.len());
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in &curve[a..b] {
            low = low.min(*v);
            high = high.max(*v);
        }
        best = best.max(high - low);
        if b == curve.len() {
            return best;
        }
        a += step;
    }
}

/// The level that the wave leaves: the mean of the last milliseconds before it, drawn to zero when
/// they are few.
fn level_before(curve: &[f64], span_ms: f64) -> f64 {
    let keep = ((3.0_f64.min(span_ms - 0.5)) / STEP_MS).max(0.0) as usize;
    let end = curve.len().saturating_sub((0.5 / STEP_MS) as usize);
    let part = &curve[end.saturating_sub(keep)..end];
    if part.is_empty() { 0.0 } else { part.iter().sum::<f64>() / (part.len() as f64 + 0.5 / STEP_MS) }
}

/// How much the smoothed sweep wanders before the wave: standard deviation.
fn wander(curve: &[f64]) -> f64 {
    let end = curve.len().saturating_sub((0.7 / STEP_MS) as usize);
    let part = &curve[end.saturating_sub((5.0 / STEP_MS) as usize)..end];
    let mean = part.iter().sum::<f64>() / part.len().max(1) as f64;
    (part.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / part.len().max(1) as f64).sqrt()
}

/// The first extremum, to either side, that leaves the level by `size`.
fn first_turn(curve: &[f64], a: usize, b: usize, level: f64, size: f64) -> Option<usize> {
    let start = (a..=b).find(|&i| (curve[i] - level).abs() >= size)?;
    let sign = (curve[start] - level).signum();
    let mut i = start;
    while i < b && sign * curve[i + 1] >= sign * curve[i] {
        i += 1;
    }
    Some(i)
}

fn onset(flat: &Flat, curve: &[f64], level: f64, threshold: f64, turn: usize, (first, start): (f64, usize)) -> (f64, f64) {
    let sign = (curve[turn] - level).signum();
    let height = (curve[turn] - level).abs();
    let below = |from: usize, share: f64| {
        let mut i = from;
        while i > 0 && sign * (curve[i] - level) > share {
            i -= 1;
        }
        i
    };
    let time = |k: usize| first + k as f64 * STEP_MS;
    let (k50, k10) = (below(turn, 0.5 * height), below(turn, 0.1 * height));
    let plain = time(below(turn, threshold.min(0.5 * height)));
    let uv: Vec<f64> = flat.uv[start..].iter().map(|v| sign * (v - level)).collect();
    let share = (40.0 * flat.noise_uv / height).clamp(0.12, 0.5);
    let rise = Rise {
        uv: &uv,
        first_ms: first,
        per_ms: flat.per_ms,
        t10_ms: time(k10),
        t50_ms: time(k50),
        top_ms: time(below(turn, share * height)),
        peak_uv: height,
        sigma_uv: flat.noise_uv,
        baseline_sd_uv: 0.3 * flat.noise_uv,
    };
    if threshold < 0.8 * height
        && k10 > 0
        && let Some((at, sd)) = foot::reach(&rise, threshold)
        && (at - plain).abs() < 1.5
    {
        return (at, sd);
    }
    (plain, f64::NAN)
}
