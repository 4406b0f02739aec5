//! How a unit fires, and what that says of a discharge at a given moment.
//!
//! Intervals are normal about a slowly changing mean, with a few missed discharges (intervals of
//! twice, three times the mean) and a few of any length; McGill and Dorfman 1985, Parsaei and
//! Stashuk 2011 describe trains in this way. The log-odds of a discharge at `t` between its
//! neighbours `a` and `b` is `ln f(t-a) f(b-t) / f(b-a)`, an intensity in 1/s.

use super::template::PHASES;

/// Part of the discharges that is taken to be missed.
const MISSED: f64 = 0.04;
/// Part of the intervals that follows no rule.
const STRAY: f64 = 0.03;
/// Bounds of the log-odds about the mean rate.
const BOUNDS: (f64, f64) = (-5.0, 3.5);

/// Intervals of one train.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Firing {
    /// Mean interval, s, of those that are neither too short nor multiples.
    pub mean_s: f64,
    /// Coefficient of variation of those.
    pub cv: f64,
    /// How many there are.
    pub n: usize,
}

/// Statistics of a train; `None` below six intervals.
pub fn firing(times_s: &[f64]) -> Option<Firing> {
    let intervals: Vec<f64> = times_s.windows(2).map(|w| w[1] - w[0]).collect();
    if intervals.len() < 6 {
        return None;
    }
    let mut sorted = intervals.clone();
    sorted.sort_by(f64::total_cmp);
    // The mean that puts most intervals within a third of it: multiples and fragments do not.
    let mut best = (0, 0.0);
    for (i, &low) in sorted.iter().enumerate() {
        let high = sorted.partition_point(|v| *v <= 2.0 * low);
        if high - i > best.0 {
            best = (high - i, crate::dsp::robust::median(&sorted[i..high]));
        }
    }
    let mean = best.1;
    let near: Vec<f64> = intervals.iter().copied().filter(|v| *v > 0.6 * mean && *v < 1.45 * mean).collect();
    let mean_s = crate::dsp::robust::median(&near);
    let cv = crate::dsp::robust::mad(&near) * crate::dsp::robust::SIGMA_PER_MAD / mean_s;
    (mean_s > 0.0 && cv.is_finite()).then_some(Firing { mean_s, cv, n: near.len() })
}

/// How much better a unit's firing explains the intervals of a train than chance does: sum of
/// `ln f / exponential`, nats. A regular train has about 1.5 an interval, random times about 0.
pub fn regularity(times_s: &[f64]) -> f64 {
    let (Some(f), Some(first), Some(last)) = (firing(times_s), times_s.first(), times_s.last()) else { return 0.0 };
    let cv = f.cv.clamp(0.08, 0.35);
    let means = local_means(times_s, f.mean_s);
    // The rate while it fires: a train that pauses is not irregular for that.
    let paused: f64 = times_s.windows(2).map(|w| (w[1] - w[0] - 6.0 * f.mean_s).max(0.0)).sum();
    let rate = (times_s.len() - 1) as f64 / (last - first - paused).max(1e-6);
    // A train that lost some of its discharges is still a train: the part that fits best.
    [MISSED, 0.15, 0.3]
        .into_iter()
        .map(|missed| {
            let intervals = times_s.windows(2).zip(&means);
            intervals
                .map(|(w, mean)| {
                    let interval = (w[1] - w[0]).min(6.0 * f.mean_s);
                    density(interval, *mean, cv, missed).ln() - (rate.ln() - rate * interval)
                })
                .sum()
        })
        .fold(f64::NEG_INFINITY, f64::max)
}

/// Density of an interval, 1/s.
fn density(interval: f64, mean: f64, cv: f64, missed: f64) -> f64 {
    let (mut sum, mut weight) = (STRAY / (4.0 * mean), 1.0 - missed);
    for n in 1..=4 {
        let n = f64::from(n);
        let sd = cv * mean * n.sqrt();
        let z = (interval - n * mean) / sd;
        // Beyond seven standard deviations nothing is left beside the strays.
        if z.abs() < 7.0 {
            sum += weight * (-0.5 * z * z).exp() / (sd * 2.506_628_274_6);
        }
        weight *= missed;
    }
    sum
}

/// Log-odds over time of one unit discharging, ln(1/s).
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// One value a bin.
    pub bins: Vec<f64>,
    /// Ticks a bin.
    pub ticks: i64,
}

impl Expectation {
    /// The same at all times.
    pub fn flat(rate_hz: f64, n: usize, ticks: i64) -> Self {
        Self { bins: vec![rate_hz.max(0.1).ln(); n], ticks }
    }

    /// Value at a tick.
    pub fn at(&self, tick: i64) -> f64 {
        let last = self.bins.len().saturating_sub(1);
        self.bins.get(((tick / self.ticks.max(1)).max(0) as usize).min(last)).copied().unwrap_or(0.0)
    }

    /// From the train found so far (ticks in order). A discharge within 0.35 mean intervals of `t`
    /// is the one in question and not a neighbour.
    pub fn from_train(train: &[i64], fs_hz: f64, n: usize, ticks: i64) -> Self {
        let per_s = fs_hz * PHASES as f64;
        let times: Vec<f64> = train.iter().map(|t| *t as f64 / per_s).collect();
        let duration = n as f64 * ticks as f64 / per_s;
        let Some(f) = firing(&times).filter(|f| f.n >= 12) else {
            return Self::flat((times.len() as f64 / duration.max(0.1)).max(2.0), n, ticks);
        };
        // Trains of wrong members look irregular; a floor and a ceiling keep them from being believed
        // too much or not at all.
        let cv = f.cv.clamp(0.10, 0.30);
        let means = local_means(&times, f.mean_s);
        let rate = f.mean_s.recip().ln();
        // The density of the interval between two neighbours, the same for all bins between them.
        let mut between = (f64::NAN, f64::NAN, f64::NAN);
        let bins = (0..n)
            .map(|i| {
                let t = (i as f64 + 0.5) * ticks as f64 / per_s;
                let nearest = times.partition_point(|v| *v < t).min(times.len() - 1);
                let mean = means[nearest];
                let before = times.partition_point(|v| *v < t - 0.35 * mean);
                let after = times.partition_point(|v| *v <= t + 0.35 * mean);
                let a = before.checked_sub(1).map(|i| times[i]).filter(|a| t - a < 5.0 * mean);
                let b = times.get(after).copied().filter(|b| b - t < 5.0 * mean);
                let d = |interval| density(interval, mean, cv, MISSED);
                let value = match (a, b) {
                    (Some(a), Some(b)) => {
                        if between.0 != b - a || between.1 != mean {
                            between = (b - a, mean, d(b - a));
                        }
                        (d(t - a) * d(b - t) / between.2).ln()
                    }
                    (Some(a), None) => d(t - a).ln(),
                    (None, Some(b)) => d(b - t).ln(),
                    (None, None) => rate - 1.0,
                };
                value.clamp(rate + BOUNDS.0, rate + BOUNDS.1)
            })
            .collect();
        Self { bins, ticks }
    }
}

/// Mean interval around each discharge: the median of the regular ones among the six on each side.
fn local_means(times: &[f64], mean: f64) -> Vec<f64> {
    let mut near = Vec::new();
    (0..times.len())
        .map(|i| {
            near.clear();
            let (from, to) = (i.saturating_sub(6), (i + 7).min(times.len()));
            near.extend(times[from..to].windows(2).map(|w| w[1] - w[0]).filter(|v| *v > 0.6 * mean && *v < 1.5 * mean));
            if near.len() < 4 { mean } else { crate::dsp::robust::percentile_mut(&mut near, 50.0) }
        })
        .collect()
}
