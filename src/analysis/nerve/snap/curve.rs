//! The response as a curve on a fine grid, and its markers.
//!
//! Onset by the convention of the bench and of Buschbacher's manual: where the wave leaves the
//! baseline by 2 % of its negative peak in either direction, and with an initial positive phase of
//! at least 8 % the positive peak. Negative peak, end of the negative phase at the first return
//! through the baseline, positive peak behind it. All times ms after the stimulus, potentials uV
//! above the background.
//!
//! Cost: one pass over some thousand values.

use super::fit::Fitted;
use super::shapes::REACH;
use crate::model::{MarkerKind, PlacedMarker, Response};

/// Grid, ms.
const DT_MS: f64 = 0.01;
/// Share of the negative peak at which the wave has left the baseline.
const LEAVES: f64 = 0.02;
/// Share of the negative peak from which on an initial positive phase carries the onset, and from
/// which on it is marked.
const CARRIES: f64 = 0.08;
const MARKED: f64 = 0.03;
/// A stretch below that level this long is baseline: in widths of the negative phase, and at least ms.
const QUIET: f64 = 0.4;
const QUIET_MS: f64 = 0.15;
/// A phase before such a stretch is beyond doubt from this many standard deviations on.
const SURE: f64 = 4.0;
/// The positive peak behind is looked for up to this long after the negative phase, ms.
const BEHIND_MS: f64 = 5.0;

/// A response on a grid.
#[derive(Debug, Clone)]
pub struct Curve {
    values: Vec<f64>,
    first_ms: f64,
    /// Shortest stretch below the onset's level that counts as baseline, ms.
    quiet_ms: f64,
    /// How well the curve is known before its peak: standard deviation, uV.
    sd_uv: f64,
}

impl Curve {
    /// The fitted response, up to `last_ms`.
    pub fn of_fit(fitted: &Fitted, last_ms: f64) -> Self {
        let first_ms = (fitted.place_ms + REACH[0] * fitted.width_ms).max(0.3);
        let n = ((last_ms - first_ms) / DT_MS).clamp(0.0, 1e5) as usize;
        let scale = fitted.shrinkage();
        let values = (0..n).map(|k| scale * fitted.at(first_ms + k as f64 * DT_MS)).collect();
        Self { values, first_ms, quiet_ms: (QUIET * fitted.width_ms).max(QUIET_MS), sd_uv: fitted.sd_uv }
    }

    /// Samples less their background, where nothing could be fitted: smoothed over 0.2 ms.
    pub fn of_samples(uv: &[f64], per_ms: f64, first_ms: f64) -> Self {
        let smooth = crate::analysis::nerve::locate::moving_average(uv, ((0.2 * per_ms) as usize).max(1));
        let n = (uv.len() as f64 / per_ms / DT_MS).clamp(0.0, 1e5) as usize;
        let at = |k: usize| {
            let place = k as f64 * DT_MS * per_ms;
            let i = place as usize;
            let (a, b) = (smooth.get(i).copied().unwrap_or(0.0), smooth.get(i + 1).or(smooth.get(i)).copied().unwrap_or(0.0));
            let v = a + (place - i as f64) * (b - a);
            if v.is_finite() { v } else { 0.0 }
        };
        Self { values: (0..n).map(at).collect(), first_ms, quiet_ms: QUIET_MS, sd_uv: 0.0 }
    }

    fn time(&self, k: usize) -> f64 {
        self.first_ms + k as f64 * DT_MS
    }

    fn index(&self, t: f64) -> usize {
        (((t - self.first_ms) / DT_MS).round().max(0.0) as usize).min(self.values.len().saturating_sub(1))
    }

    /// Value at `t` ms; zero outside.
    pub fn at(&self, t: f64) -> f64 {
        let place = (t - self.first_ms) / DT_MS;
        if place.is_nan() || place < 0.0 {
            return 0.0;
        }
        let k = place as usize;
        match (self.values.get(k), self.values.get(k + 1)) {
            (Some(a), Some(b)) => a + (place - k as f64) * (b - a),
            (Some(a), None) => *a,
            _ => 0.0,
        }
    }

    /// Highest point between two times: ms.
    fn highest(&self, from: f64, to: f64) -> Option<f64> {
        let (a, b) = (self.index(from), self.index(to) + 1);
        let part = self.values.get(a..b.min(self.values.len()))?;
        let k = (0..part.len()).max_by(|&i, &j| part[i].total_cmp(&part[j]))?;
        Some(self.time(a + k))
    }

    /// Lowest point between two times: ms.
    fn lowest(&self, from: f64, to: f64) -> Option<f64> {
        let (a, b) = (self.index(from), self.index(to) + 1);
        let part = self.values.get(a..b.min(self.values.len()))?;
        let k = (0..part.len()).min_by(|&i, &j| part[i].total_cmp(&part[j]))?;
        Some(self.time(a + k))
    }

    /// Where the wave leaves the baseline by `level` in either direction, ms: behind the last
    /// stretch before the peak in which it stays below. Between two phases it is below for a moment
    /// only, and what comes before a quiet stretch is not this response, unless it is as large as a
    /// phase that carries an onset and beyond doubt: dispersed responses pause between their phases.
    fn leaves(&self, level: f64, peak_ms: f64) -> f64 {
        let peak = self.index(peak_ms);
        let quiet = (self.quiet_ms / DT_MS) as usize;
        let phase = (CARRIES * self.at(peak_ms)).max(SURE * self.sd_uv);
        let first = if self.sd_uv > 0.0 { self.values.iter().position(|v| v.abs() > phase).unwrap_or(peak) } else { peak };
        let (mut k, mut below) = (peak, 0);
        while k > 0 && (below <= quiet || k > first) {
            k -= 1;
            below = if self.values[k].abs() < level { below + 1 } else { 0 };
        }
        let k = (k + below).clamp(1, peak.max(1));
        let (Some(a), Some(b)) = (self.values.get(k - 1), self.values.get(k)) else { return peak_ms };
        let (a, b) = (a.abs(), b.abs());
        self.time(k - 1) + if b > a { DT_MS * ((level - a) / (b - a)).clamp(0.0, 1.0) } else { DT_MS }
    }

    /// First return through the baseline behind the peak, ms.
    fn returns(&self, peak_ms: f64) -> f64 {
        let peak = self.index(peak_ms);
        for k in peak + 1..self.values.len() {
            if self.values[k] <= 0.0 {
                let (a, b) = (self.values[k - 1], self.values[k]);
                return self.time(k - 1) + if a > b { DT_MS * (a / (a - b)).clamp(0.0, 1.0) } else { DT_MS };
            }
        }
        self.time(self.values.len().saturating_sub(1))
    }

    fn positive_behind(&self, end_ms: f64, amp_uv: f64) -> Option<f64> {
        let low = self.lowest(end_ms, end_ms + BEHIND_MS)?;
        (self.at(low) < -LEAVES * amp_uv && low > end_ms).then_some(low)
    }

    /// Onset and, when there is one, the initial positive peak before the negative peak, ms.
    fn onset_before(&self, peak_ms: f64) -> (f64, Option<f64>) {
        let amp = self.at(peak_ms);
        if amp.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
            return (peak_ms, None);
        }
        let leaves = self.leaves(LEAVES * amp, peak_ms);
        let low = self.lowest(leaves, peak_ms).map(|t| (t, -self.at(t) / amp));
        match low {
            Some((t, depth)) if depth >= CARRIES => (t, Some(t)),
            Some((t, depth)) if depth >= MARKED => (leaves, Some(t)),
            _ => (leaves, None),
        }
    }

    /// What the curve says by itself. `None` when it has no negative peak.
    pub fn response(&self) -> Option<Response> {
        let peak_ms = self.highest(f64::NEG_INFINITY, f64::INFINITY)?;
        if self.at(peak_ms) <= 0.0 {
            return None;
        }
        let (onset_ms, initial) = self.onset_before(peak_ms);
        let end_ms = self.returns(peak_ms);
        Some(self.values(onset_ms, initial, peak_ms, end_ms, self.positive_behind(end_ms, self.at(peak_ms))))
    }

    /// Values for markers.
    fn values(&self, onset_ms: f64, initial_ms: Option<f64>, peak_ms: f64, end_ms: f64, positive_ms: Option<f64>) -> Response {
        let amp_uv = self.at(peak_ms);
        // The larger of the two positive peaks.
        let lowest = [initial_ms, positive_ms].into_iter().flatten().map(|t| self.at(t)).fold(f64::INFINITY, f64::min);
        let (from, to) = (self.index(onset_ms), self.index(end_ms));
        let peak = self.index(peak_ms);
        let rise = (from..peak.max(from)).rev().find(|&k| self.values.get(k).is_some_and(|v| *v <= 0.0)).unwrap_or(from);
        let area_uvms = self.values.get(rise..to.max(rise)).unwrap_or(&[]).iter().map(|v| v.max(0.0)).sum::<f64>() * DT_MS;
        Response {
            onset_ms,
            peak_ms,
            neg_end_ms: end_ms,
            pos_peak_ms: positive_ms,
            initial_positive_ms: initial_ms,
            amp_uv,
            pp_uv: lowest.is_finite().then_some(amp_uv - lowest),
            duration_ms: end_ms - onset_ms,
            area_uvms,
            baseline_uv: 0.0,
        }
    }

    /// Values for markers of which a person placed some (`zero_s`: what times count from, seconds
    /// after the first sample). Placed ones stay; the others keep their automatic place unless that
    /// no longer fits in order. Of several markers of one kind the last counts.
    pub fn placed(&self, automatic: Option<&Response>, markers: &[PlacedMarker], zero_s: f64) -> Response {
        let by_hand =
            |kind: MarkerKind| markers.iter().rev().find(|m| m.kind == kind && m.at_s.is_finite()).map(|m| (m.at_s - zero_s) * 1e3);
        let [onset, peak, end, positive] = MarkerKind::MOTOR.map(by_hand);
        let initial = by_hand(MarkerKind::InitialPositive);
        let after = |t: Option<f64>, bound: Option<f64>| t.filter(|t| bound.is_none_or(|b| *t > b));
        let before = |t: Option<f64>, bound: Option<f64>| t.filter(|t| bound.is_none_or(|b| *t < b));
        let start = onset.or(initial);
        let peak_ms = peak
            .or_else(|| before(after(automatic.map(|a| a.peak_ms), start), end))
            .or_else(|| self.highest(start.unwrap_or(f64::NEG_INFINITY), end.unwrap_or(f64::INFINITY)))
            .unwrap_or_else(|| onset.or(initial).or(end).or(positive).unwrap_or(0.0));
        let found = self.onset_before(peak_ms);
        let own = before(automatic.and_then(|a| a.initial_positive_ms), Some(peak_ms)).or(automatic.is_none().then_some(found.1).flatten());
        let initial_ms = initial.or(own);
        // A positive peak that carries the onset takes it along.
        let carried = initial.filter(|_| automatic.is_none_or(|a| a.initial_positive_ms == Some(a.onset_ms)));
        let onset_ms =
            onset.or(carried).or_else(|| before(automatic.map(|a| a.onset_ms), Some(peak_ms))).unwrap_or_else(|| found.0.min(peak_ms));
        let end_ms = end.or_else(|| after(automatic.map(|a| a.neg_end_ms), Some(peak_ms))).unwrap_or_else(|| self.returns(peak_ms));
        let positive_ms = positive
            .or_else(|| after(automatic.and_then(|a| a.pos_peak_ms), Some(end_ms)))
            .or_else(|| self.positive_behind(end_ms, self.at(peak_ms)));
        self.values(onset_ms, initial_ms, peak_ms, end_ms, positive_ms)
    }
}
