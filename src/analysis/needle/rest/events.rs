//! Peaks that stand out of the noise, and the shapes around them.

use super::signal::Working;
use crate::dsp::peaks::parabolic_vertex;
use crate::dsp::resample::cubic_at;

/// A peak must stand out of the noise so many times.
pub const THRESHOLD: f64 = 4.5;
/// Peaks nearer than this are one event, ms: the phases of one fibre's potential.
const DEAD_MS: f64 = 1.3;
/// What is compared of an event before and after its peak, ms: the sharp part, short enough that
/// neighbours in a fast train stay outside.
pub const CORE_MS: [f64; 2] = [1.2, 2.0];

/// A peak of the working signal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Moment, samples of the working signal with fraction.
    pub at: f64,
    /// Height, microvolts, negative up.
    pub height_uv: f64,
}

/// Peaks of `x` (the working signal or what is left of it) above a threshold for each sample, in
/// order of time. Of peaks within 1.3 ms the highest counts.
pub fn find(x: &[f64], fs_hz: f64, from: usize, to: usize, threshold_uv: impl Fn(usize) -> f64) -> Vec<Event> {
    let dead = DEAD_MS * 1e-3 * fs_hz;
    let mut found: Vec<Event> = Vec::new();
    for i in from.max(1)..to.min(x.len().saturating_sub(1)) {
        let v = x[i].abs();
        if v < x[i - 1].abs() || v <= x[i + 1].abs() || v < threshold_uv(i) {
            continue;
        }
        let (at, _) = parabolic_vertex(x, i);
        let at = if at.is_finite() { at.clamp(i as f64 - 0.5, i as f64 + 0.5) } else { i as f64 };
        let event = Event { at, height_uv: x[i] };
        match found.last_mut() {
            Some(last) if at - last.at < dead => {
                if v > last.height_uv.abs() {
                    *last = event;
                }
            }
            _ => found.push(event),
        }
    }
    found
}

/// `x` around a moment, so many samples before and after, by cubic interpolation.
pub fn around(x: &[f64], at: f64, before: usize, after: usize) -> Vec<f64> {
    let first = at - before as f64;
    (0..=before + after)
        .map(|k| {
            let t = first + k as f64;
            if t < 0.0 || t > x.len() as f64 - 1.0 { 0.0 } else { cubic_at(x, t) }
        })
        .collect()
}

/// Samples of the core before and after the peak.
pub fn core(working: &Working) -> [usize; 2] {
    CORE_MS.map(|ms| (ms * 1e-3 * working.fs_hz).round() as usize)
}
