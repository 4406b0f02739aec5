//! A response as a smooth curve, the searches on it, and the values between markers.
//!
//! Amplitude is baseline to negative peak, duration onset to the end of the negative phase, area
//! that of the negative phase (AANEM glossary; `docs` of the terms in `model::measurement`).
//! Baseline is the fitted background, so a drifting sweep has a drifting baseline.
//!
//! Times are ms after the stimulus, values microvolts, upward negative.

use super::background::Trace;
use super::foot::{self, Rise};
use super::locate::Located;
use super::smooth::Spline;
use crate::model::Response;

/// The onset is where the wave reaches this share of its negative peak, in either direction.
pub const ONSET_LEVEL: f64 = 0.01;
/// Distance of the knots, ms.
const KNOT_MS: f64 = 0.15;
/// Step of the searches, ms.
const STEP_MS: f64 = 0.01;
/// Steps in the strides of a search; the knots are further apart.
const STRIDE: f64 = 8.0;
/// How far behind the negative phase the positive peak is looked for, ms.
const POSITIVE_WITHIN_MS: f64 = 15.0;
/// How far before its peak a response may begin, ms.
const RISE_WITHIN_MS: f64 = 12.0;

/// The smooth curve of one sweep.
#[derive(Debug, Clone)]
pub struct Curve {
    located: Located,
    spline: Spline,
    per_ms: f64,
    first_ms: f64,
    start_ms: f64,
    last_ms: f64,
}

/// An onset with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Onset {
    /// When, ms.
    pub at_ms: f64,
    /// Standard deviation, ms; NaN when the rise could not be fitted and the smooth curve decided.
    pub sd_ms: f64,
}

impl Curve {
    /// Smooths a located sweep. `None` when too few samples are left after the shock.
    pub fn new(trace: &Trace, located: Located) -> Option<Self> {
        let from = match located.response {
            Some(response) => (response.rough_ms - 1.5).max(located.after_ms),
            None => located.after_ms + 0.3,
        };
        let start = trace.index(from);
        let dt = 1.0 / trace.per_ms;
        let spline =
            Spline::fit(located.residual_uv.get(start..)?, trace.time(start), dt, KNOT_MS.max(1.5 * dt), located.background.sigma_uv)?;
        let (start_ms, last_ms) = (trace.time(start), trace.last_ms());
        Some(Self { located, spline, per_ms: trace.per_ms, first_ms: trace.first_ms, start_ms, last_ms })
    }

    /// What the sweep was taken apart into.
    pub fn located(&self) -> &Located {
        &self.located
    }

    /// Last moment of the sweep, ms.
    pub fn last_ms(&self) -> f64 {
        self.last_ms
    }

    /// The curve at `t`, uV.
    pub fn at(&self, t: f64) -> f64 {
        self.spline.at(t).0
    }

    /// The highest point within a stretch, kept inside the sweep: time and value.
    pub fn peak_between(&self, from: f64, to: f64) -> (f64, f64) {
        let from = from.clamp(self.start_ms, self.last_ms);
        self.spline.maximum(from, to.clamp(from, self.last_ms))
    }

    /// The first of the moments `from`, `from + step`, ... at which `goes_on` is false: in strides
    /// shorter than what the curve can rise and fall in, then step by step.
    fn walk(&self, from: f64, step: f64, goes_on: impl Fn(f64) -> bool) -> f64 {
        let mut count = 0.0;
        for stride in [STRIDE, 1.0] {
            while goes_on(from + (count + stride) * step) {
                count += stride;
            }
        }
        if goes_on(from) { from + (count + 1.0) * step } else { from }
    }

    /// The last moment before `from` at which the curve is at or below `level` (above it, for a
    /// curve that is turned over with `sign` -1).
    fn below_before(&self, from: f64, level: f64, sign: f64) -> f64 {
        let above = |t: f64| t > self.start_ms && sign * self.at(t) > level;
        self.walk(from.min(self.last_ms), -STEP_MS, above).max(self.start_ms)
    }

    /// Onset of the response whose negative peak is at `peak_ms`; `dip_ms` is the bottom of a
    /// positive deflection before it, from which the onset then counts.
    pub fn onset_before(&self, peak_ms: f64, dip_ms: Option<f64>) -> Onset {
        let amp = self.at(peak_ms);
        let level = ONSET_LEVEL * amp;
        let (sign, top_ms) = match dip_ms {
            Some(dip) => (-1.0, self.turned_peak(dip)),
            None => (1.0, peak_ms),
        };
        let height = sign * self.at(top_ms);
        let t50_ms = self.below_before(top_ms, 0.5 * height, sign);
        let t10_ms = self.below_before(t50_ms, 0.1 * height, sign);
        let sigma = self.located.background.sigma_uv;
        // A clean sweep is fitted near its foot alone, a noisy one up to half its height.
        let share = (40.0 * sigma / height).clamp(0.12, 0.5);
        let from = (t10_ms - 4.0).max(self.located.after_ms + 0.1);
        let first = ((from - self.first_ms) * self.per_ms).ceil().max(0.0) as usize;
        let rest = self.located.residual_uv.get(first..).unwrap_or(&[]);
        let turned: Vec<f64>;
        let uv = if sign < 0.0 {
            turned = rest.iter().map(|v| -v).collect();
            &turned
        } else {
            rest
        };
        let rise = Rise {
            uv,
            first_ms: self.first_ms + first as f64 / self.per_ms,
            per_ms: self.per_ms,
            t10_ms,
            t50_ms,
            top_ms: self.below_before(top_ms, share * height, sign),
            peak_uv: height,
            sigma_uv: sigma,
            baseline_sd_uv: self.located.background.sd(t10_ms),
        };
        let usable = level > 0.0 && level < 0.8 * height && t10_ms > self.start_ms;
        match foot::reach(&rise, level).filter(|(at, _)| usable && *at >= self.located.after_ms) {
            Some((at_ms, sd_ms)) => Onset { at_ms, sd_ms },
            None => Onset { at_ms: self.below_before(t50_ms, level.min(0.5 * height), sign), sd_ms: f64::NAN },
        }
    }

    /// The lowest point near `dip`.
    fn turned_peak(&self, dip: f64) -> f64 {
        let mut best = (dip, f64::INFINITY);
        for i in -50..=50 {
            let t = (dip + f64::from(i) * STEP_MS).clamp(self.start_ms, self.last_ms);
            let value = self.at(t);
            if value < best.1 {
                best = (t, value);
            }
        }
        best.0
    }

    /// Where the curve first returns through the baseline after `peak_ms`; the end of the sweep
    /// when it does not.
    pub fn end_after(&self, peak_ms: f64) -> f64 {
        let t = self.walk(peak_ms.max(self.start_ms), STEP_MS, |t| t < self.last_ms && self.at(t) > 0.0).min(self.last_ms);
        let (before, after) = (self.at(t - STEP_MS), self.at(t));
        if before > 0.0 && after <= 0.0 { t - STEP_MS * after / (after - before) } else { t }
    }

    /// The lowest point within 15 ms after the negative phase, when it lies under the baseline.
    pub fn positive_after(&self, end_ms: f64) -> Option<f64> {
        let stop = (end_ms + POSITIVE_WITHIN_MS).min(self.last_ms);
        let mut best = (None, 0.0);
        let mut look = |mut t: f64, to: f64, step: f64| {
            while t < to {
                let value = self.at(t);
                if value < best.1 {
                    best = (Some(t), value);
                }
                t += step;
            }
            best.0
        };
        let from = end_ms.max(self.start_ms);
        if let Some(near) = look(from, stop, STRIDE * STEP_MS) {
            look((near - STRIDE * STEP_MS).max(from), (near + STRIDE * STEP_MS).min(stop), STEP_MS);
        }
        best.0
    }

    /// How far before `peak_ms` an onset may be looked for.
    pub fn earliest_before(&self, peak_ms: f64) -> f64 {
        (peak_ms - RISE_WITHIN_MS).max(self.start_ms)
    }

    /// Amplitude, duration and area for markers at these times.
    pub fn values(&self, onset_ms: f64, peak_ms: f64, neg_end_ms: f64, pos_peak_ms: Option<f64>) -> Response {
        let amp_uv = self.at(peak_ms);
        // The negative phase starts where the curve last rose through the baseline.
        let from = self.below_before(peak_ms, 0.0, 1.0).max(onset_ms);
        let steps = ((neg_end_ms - from) / (2.0 * STEP_MS)).ceil().clamp(0.0, 100_000.0);
        let h = if steps > 0.0 { (neg_end_ms - from) / steps } else { 0.0 };
        let area_uvms = (0..steps as usize).map(|i| self.at(from + (i as f64 + 0.5) * h).max(0.0) * h).sum();
        Response {
            onset_ms,
            peak_ms,
            neg_end_ms,
            pos_peak_ms,
            initial_positive_ms: None,
            amp_uv,
            pp_uv: pos_peak_ms.map(|t| amp_uv - self.at(t)),
            duration_ms: neg_end_ms - onset_ms,
            area_uvms,
            baseline_uv: self.located.background.at(onset_ms),
        }
    }
}
