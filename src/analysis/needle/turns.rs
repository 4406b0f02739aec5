//! Turns, segments and envelope of an interference pattern.
//!
//! - Turns and amplitude: Willison 1964; Stålberg et al., Electroencephalogr Clin Neurophysiol
//!   1983;56:672-681. A turn is a reversal of the potential that differs by at least 100 µV from
//!   the turn before and the one after.
//! - Activity, number of small segments, envelope: Nandedkar, Sanders, Stålberg, Muscle Nerve
//!   1986;9:431-439 (a segment lies between two neighbouring extremes; a small one has 50 to
//!   2000 µV and less than 3 ms; activity is the share of time within segments of at least 50 µV
//!   and less than 5 ms; the envelope holds all but the outermost 1 % of samples on each side).
//!
//! **NaN** are passed over and are no time; for segments, a NaN ends one. **Cost**: one pass; the
//! envelope one selection on a copy.

use crate::dsp::robust;

/// Least difference between turns, microvolts.
pub const TURN_UV: f64 = 100.0;

/// Least size of a segment, microvolts.
const SEGMENT_UV: f64 = 50.0;
/// Largest size of a small segment, microvolts.
const SMALL_UV: f64 = 2000.0;
/// Longest small segment, milliseconds.
const SMALL_MS: f64 = 3.0;
/// Longest segment that is activity, milliseconds.
const SHARP_MS: f64 = 5.0;

/// One turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Index of its sample.
    pub at: usize,
    /// Potential, microvolts.
    pub uv: f64,
}

/// Turns and amplitude of a stretch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TurnsAmplitude {
    /// Number of turns.
    pub turns: usize,
    /// Turns a second.
    pub turns_per_s: f64,
    /// Mean difference between neighbouring turns, microvolts; 0 with fewer than two.
    pub mean_amp_uv: f64,
    /// Sum of these differences a second, microvolts.
    pub amp_uv_per_s: f64,
}

/// The turns of `x` (microvolts) whose differences are at least `least_uv`, in order.
pub fn turns(x: &[f64], least_uv: f64) -> Vec<Turn> {
    let mut found = Vec::new();
    let Some(first) = x.iter().position(|v| !v.is_nan()) else { return found };
    let start = Turn { at: first, uv: x[first] };
    let (mut high, mut low) = (start, start);
    // +1 rising, -1 falling, 0 not known yet: then the later of the two extremes turned.
    let mut direction = 0i8;
    for (at, &uv) in x.iter().enumerate().skip(first) {
        let here = Turn { at, uv };
        if uv > high.uv {
            high = here;
        }
        if uv < low.uv {
            low = here;
        }
        if direction >= 0 && high.uv - uv >= least_uv && (direction > 0 || high.at >= low.at) {
            found.push(high);
            (direction, low, high) = (-1, here, here);
        } else if direction <= 0 && uv - low.uv >= least_uv && (direction < 0 || low.at >= high.at) {
            found.push(low);
            (direction, low, high) = (1, here, here);
        }
    }
    found
}

/// Turns and amplitude of `x` (microvolts) at `fs_hz`; all zero when nothing can be counted.
pub fn turns_amplitude(x: &[f64], fs_hz: f64, least_uv: f64) -> TurnsAmplitude {
    let turns = turns(x, least_uv);
    let seconds = x.iter().filter(|v| !v.is_nan()).count() as f64 / fs_hz;
    if !(seconds > 0.0 && seconds.is_finite()) {
        return TurnsAmplitude::default();
    }
    let sum: f64 = turns.windows(2).map(|pair| (pair[1].uv - pair[0].uv).abs()).sum();
    let differences = turns.len().saturating_sub(1);
    TurnsAmplitude {
        turns: turns.len(),
        turns_per_s: turns.len() as f64 / seconds,
        mean_amp_uv: if differences > 0 { sum / differences as f64 } else { 0.0 },
        amp_uv_per_s: sum / seconds,
    }
}

/// Segments and envelope of a stretch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Segments {
    /// Share of time within sharp segments, percent.
    pub activity_pct: f64,
    /// Small segments a second.
    pub small_per_s: f64,
    /// 1st to 99th percentile of the samples, microvolts.
    pub envelope_uv: f64,
}

/// Segments and envelope of `x` (microvolts) at `fs_hz`; all zero when nothing can be counted.
pub fn segments(x: &[f64], fs_hz: f64) -> Segments {
    let valid = x.iter().filter(|v| !v.is_nan()).count();
    let seconds = valid as f64 / fs_hz;
    if valid < 2 || !(seconds > 0.0 && seconds.is_finite()) {
        return Segments::default();
    }
    let (mut active, mut small) = (0usize, 0usize);
    for run in x.split(|v| v.is_nan()).filter(|run| run.len() > 1) {
        let mut from = 0;
        let mut close = |from: usize, to: usize| {
            let size_uv = (run[to] - run[from]).abs();
            let ms = (to - from) as f64 / fs_hz * 1e3;
            if size_uv >= SEGMENT_UV && ms < SHARP_MS {
                active += to - from;
            }
            if (SEGMENT_UV..=SMALL_UV).contains(&size_uv) && ms < SMALL_MS {
                small += 1;
            }
        };
        for k in 1..run.len() - 1 {
            if (run[k] - run[k - 1]) * (run[k + 1] - run[k]) < 0.0 {
                close(from, k);
                from = k;
            }
        }
        close(from, run.len() - 1);
    }
    Segments {
        activity_pct: 100.0 * active as f64 / valid as f64,
        small_per_s: small as f64 / seconds,
        envelope_uv: robust::percentile(x, 99.0) - robust::percentile(x, 1.0),
    }
}
