//! The curve of a scan: its ends, noise, stimuli for parts of the maximum, steps.
//!
//! `D50` (Sleutjes, Montfoort, Blok: how many of the largest differences make half of the maximum)
//! and steps are computed as the figures in files of the reference program have them (there is no
//! published definition to the last detail): responses of all stimuli are put in order of their
//! size, and gaps between neighbours are looked at. A step is a gap of at least 2 % of the maximum
//! between two levels of at least [`LEVEL`] responses each. Of 27 real scans, D50 comes within 3 in
//! 25 and within 4 in all, the number of steps is the same in 23 and differs by one in 4.
//!
//! Points that are no numbers are left out; fewer than [`FEWEST`] give nothing. Cost: n log n.

/// Fewest points that a curve is taken from.
pub(super) const FEWEST: usize = 10;
/// Smallest step, percent of the maximum.
const STEP_PCT: f64 = 2.0;
/// Responses that make a level; gaps that end one, percent of the maximum.
const LEVEL: usize = 3;
const LEVEL_GAP_PCT: f64 = 1.75;
/// Points at either end of the currents that show the plateaus, at least.
const PLATEAU: usize = 12;

/// What the points say without a model of units.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    /// Currents (mA, rising) and sizes (uV).
    pub(super) points: Vec<(f64, f64)>,
    /// Sizes with the weakest and the strongest stimuli, microvolts.
    pub(super) base_uv: f64,
    pub(super) max_uv: f64,
    /// Noise with the weakest stimuli, microvolts.
    pub(super) noise_uv: f64,
    /// Noise with the strongest stimuli, microvolts.
    pub(super) noise_max_uv: f64,
    /// Size expected at each current: smooth, rising, microvolts.
    pub(super) smooth_uv: Vec<f64>,
    /// How many of the largest gaps make half of the maximum.
    pub(super) d50: usize,
    /// Steps: lower edge (uV) and height (percent of the maximum), in rising order.
    pub(super) steps: Vec<(f64, f64)>,
}

impl Curve {
    /// Of `(current mA, size uV)` in the order of delivery; `None` when there are too few points or
    /// nothing responds.
    pub(super) fn new(delivered: &[(f64, f64)]) -> Option<Self> {
        let valid: Vec<(f64, f64)> =
            delivered.iter().copied().filter(|(i, a)| i.is_finite() && a.is_finite() && *i > 0.0 && *i < 1e6 && a.abs() < 1e9).collect();
        if valid.len() < FEWEST {
            return None;
        }
        let mut points = valid.clone();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let n = points.len();
        let count = PLATEAU.min(n / 4).max(2);
        let low = points[count - 1].0.max(1.003 * points[0].0);
        let high = points[n - count].0.min(0.995 * points[n - 1].0);
        let lowest: Vec<f64> = valid.iter().filter(|p| p.0 <= low).map(|p| p.1).collect();
        let highest: Vec<f64> = valid.iter().filter(|p| p.0 >= high).map(|p| p.1).collect();
        let (base_uv, max_uv) = (median(lowest.clone()), median(highest.clone()));
        let range = max_uv - base_uv;
        let noise_uv = successive_noise(&lowest).max(1e-4 * range);
        let noise_max_uv = successive_noise(&highest).max(noise_uv);
        let responds = range > 5.0 * noise_uv && range > 0.0;
        if !responds || points[n - 1].0 <= points[0].0 {
            return None;
        }
        let sizes: Vec<f64> = points.iter().map(|p| p.1).collect();
        let smooth_uv = rising(&moving_mean(&sizes, 6));
        let (d50, steps) = gaps(&sizes, max_uv);
        Some(Self { points, base_uv, max_uv, noise_uv, noise_max_uv, smooth_uv, d50, steps })
    }

    /// Current at which the smooth curve reaches this part of its range, mA.
    pub(super) fn current_at(&self, part: f64) -> f64 {
        let wanted = self.base_uv + part * (self.max_uv - self.base_uv);
        let n = self.points.len();
        let t = self.smooth_uv.partition_point(|uv| *uv < wanted).min(n - 1);
        if t == 0 {
            return self.points[0].0;
        }
        let (a, b) = (self.smooth_uv[t - 1], self.smooth_uv[t]);
        let f = if b > a { ((wanted - a) / (b - a)).clamp(0.0, 1.0) } else { 0.5 };
        self.points[t - 1].0 + f * (self.points[t].0 - self.points[t - 1].0)
    }

    /// How much the strongest stimuli still add, as a part of the maximum, when that is more than
    /// `part`: the strongest twentieth of the stimuli against the twentieth before it.
    pub(super) fn still_rises(&self, part: f64) -> Option<f64> {
        let n = self.points.len();
        let last = (n / 20).max(4).min(n / 2);
        let mean = |from: usize, to: usize| self.points[from..to].iter().map(|p| p.1).sum::<f64>() / (to - from) as f64;
        let rise = (mean(n - last, n) - mean(n - 2 * last, n - last)) / (self.max_uv - self.base_uv);
        (rise > part).then_some(rise)
    }

    /// Number of equal units that would scatter the responses as they do, for this relative spread
    /// of thresholds: one unit scatters by its squared size times its spread over the root of pi,
    /// summed over current.
    pub(super) fn equal_units(&self, spread: f64) -> f64 {
        let range = self.max_uv - self.base_uv;
        let mut scatter = 0.0;
        for t in 1..self.points.len() {
            let rise = self.smooth_uv[t] - self.smooth_uv[t - 1];
            let step = self.points[t].1 - self.points[t - 1].1 - rise;
            let part = ((self.smooth_uv[t] - self.base_uv) / range).clamp(0.0, 1.0);
            let noise = self.noise_uv + part * (self.noise_max_uv - self.noise_uv);
            scatter += (0.5 * step * step - noise * noise) * (self.points[t].0 - self.points[t - 1].0);
        }
        let root_pi = std::f64::consts::PI.sqrt();
        range * range * spread * self.current_at(0.5) / (root_pi * scatter.max(1e-6 * range * range * self.points[0].0))
    }
}

pub(super) fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    0.5 * (values[(values.len() - 1) / 2] + values[values.len() / 2])
}

/// Standard deviation of noise from differences between successive values, robust to steps.
fn successive_noise(values: &[f64]) -> f64 {
    let differences: Vec<f64> = values.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
    if differences.is_empty() { 0.0 } else { median(differences) / 0.953_873 }
}

/// Mean over up to `half` neighbours at either side.
fn moving_mean(values: &[f64], half: usize) -> Vec<f64> {
    let n = values.len();
    let window = |t: usize| {
        let half = half.min(t).min(n - 1 - t);
        let part = &values[t - half..=t + half];
        part.iter().sum::<f64>() / part.len() as f64
    };
    (0..n).map(window).collect()
}

/// The rising sequence nearest to `values` (pool adjacent violators).
fn rising(values: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for value in values {
        let mut pool = (*value, 1);
        while let Some(last) = pools.last()
            && last.0 / last.1 as f64 > pool.0 / pool.1 as f64
        {
            pool = (pool.0 + last.0, pool.1 + last.1);
            pools.pop();
        }
        pools.push(pool);
    }
    pools.into_iter().flat_map(|(sum, n)| std::iter::repeat_n(sum / n as f64, n)).collect()
}

/// `D50` and steps of sizes in any order.
fn gaps(sizes: &[f64], max_uv: f64) -> (usize, Vec<(f64, f64)>) {
    let mut sizes = sizes.to_vec();
    sizes.sort_by(f64::total_cmp);
    let gaps: Vec<f64> = sizes.windows(2).map(|w| 100.0 * (w[1] - w[0]) / max_uv).collect();
    let mut largest = gaps.clone();
    largest.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut d50) = (0.0, 0);
    for gap in largest {
        sum += gap;
        d50 += 1;
        if sum > 50.0 {
            break;
        }
    }
    // A level at the end of the scan needs no second edge.
    let level = |mut neighbours: Box<dyn Iterator<Item = &f64> + '_>| {
        let small = neighbours.by_ref().take(LEVEL - 1).take_while(|gap| **gap < LEVEL_GAP_PCT).count();
        small + 1 >= LEVEL
    };
    let is_step = |(i, gap): &(usize, &f64)| {
        let below = i + 1 < LEVEL || level(Box::new(gaps[..*i].iter().rev()));
        let above = gaps.len() - i < LEVEL || level(Box::new(gaps[i + 1..].iter()));
        **gap >= STEP_PCT && below && above
    };
    let steps = gaps.iter().enumerate().filter(is_step).map(|(i, gap)| (sizes[i], *gap)).collect();
    (d50, steps)
}
