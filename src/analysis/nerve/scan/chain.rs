//! How many motor units explain a scan: a chain of random proposals over sets of units.
//!
//! Units are added, taken away, split, merged, moved and traded (reversible jumps, Green, Biometrika
//! 1995;82:711; for motor units Ridall et al., Biometrics 2006;62:1235). Each set is visited as often
//! as it is probable, so the mean number over the visits is the estimate and their spread its
//! uncertainty. What a scan cannot show, small units below the noise, follows from the distribution
//! of sizes, which is fitted along.
//!
//! Assumed beforehand, as what a scan says little of: sizes are log-normal with a standard deviation
//! of the logarithm near 0.52 (coefficient of variation 0.56), thresholds spread by about 1.7 % of
//! themselves (other programs fix 2 %), thresholds lie where the curve rises. With more than about 50
//! units the number follows these assumptions in part: in simulated scans of 30 to 130 units it came
//! out 2 to 5 % low on average, 13 % low where the logarithms of sizes spread by 0.8, and 12 % low
//! where thresholds spread by 2.8 %. `tests/scan.rs` holds the number of units of at least 0.25 % of the
//! CMAP against that of the reference program in real scans.
//!
//! Cost: 0.5 to 2 s for 500 stimuli, natively.

use super::likelihood::{Likelihood, Unit};
use super::portable::{Draws, exp, ln};

/// Log-normal prior of the standard deviation of log sizes: its centre and its own spread.
const SIZE_SPREAD: (f64, f64) = (0.52, 0.12);
/// Log-normal prior of the relative spread of thresholds.
const RELATIVE_SPREAD: (f64, f64) = (0.017, 0.18);
/// Share of thresholds that may lie anywhere, and the width of the others about the curve's slope,
/// as a part of the range between 5 and 95 %.
const THRESHOLDS: (f64, f64) = (0.02, 0.1);
/// Spread of the logarithm of the relative noise about that seen on the upper plateau.
const NOISE_SPREAD: f64 = 0.4;
/// Proposals in all, and fewest and most sweeps through the units that they make; the first part
/// of the sweeps is for settling. Few units take more sweeps: their sets differ more.
const PROPOSALS: usize = 40_000;
const SWEEPS: (usize, usize) = (320, 2400);
const SETTLING: f64 = 0.3;
/// Weight of the likelihood at the beginning; it is whole when half of the settling is done, so
/// that the chain does not keep to the first set that fits.
const WARM: f64 = 0.1;
/// More units are never assumed.
const MOST_UNITS: usize = 600;
const SEED: u64 = 0x6d79_6f73_636f_7065;
/// Units of at least this part of the CMAP count as large: other programs assume no smaller ones.
const LARGE_PART: f64 = 0.0025;
/// Bins of the prior of thresholds.
const BINS: usize = 80;

/// What the chain is given.
pub(super) struct Start<'a> {
    /// Currents (mA, rising) and sizes (uV).
    pub(super) points: &'a [(f64, f64)],
    /// Size without any unit and with all, microvolts.
    pub(super) base_uv: f64,
    pub(super) max_uv: f64,
    /// Noise without any unit, microvolts, and in proportion to the CMAP.
    pub(super) noise_uv: f64,
    pub(super) relative_noise: f64,
    /// Thresholds at equal shares of the CMAP, mA: as many as give a fair picture of the curve.
    pub(super) quantiles_ma: &'a [f64],
    /// Number of units to begin with.
    pub(super) units: usize,
}

/// What the chain found.
pub(super) struct Fit {
    /// Mean number of units over the visits and the interval that holds 95 % of them.
    pub(super) units: f64,
    pub(super) interval: [f64; 2],
    /// Means of the relative spread and of the constant noise, microvolts.
    pub(super) relative_spread: f64,
    pub(super) noise_uv: f64,
    /// Means of the number of units of at least [`LARGE_PART`] of the range, and of the median and
    /// the largest size, microvolts.
    pub(super) large: f64,
    pub(super) median_uv: f64,
    pub(super) largest_uv: f64,
    /// Units (threshold mA, size uV; rising thresholds) of the most likely set near the mean number.
    pub(super) model: Vec<(f64, f64)>,
    /// What that set predicts at each current, mA and uV.
    pub(super) curve: Vec<(f64, f64)>,
}

struct Chain {
    likelihood: Likelihood,
    draws: Draws,
    /// Of the likelihood.
    weight: f64,
    /// Mean and standard deviation of log sizes.
    log_size: f64,
    log_size_sd: f64,
    /// Logarithm of the prior density of thresholds in equal bins.
    threshold_log: Vec<f64>,
    range_ma: (f64, f64),
    /// Logarithm of the squared relative noise seen on the upper plateau.
    relative_log: f64,
    /// Reach of merges, mA.
    reach_ma: f64,
}

/// Runs the chain.
pub(super) fn run(start: &Start) -> Fit {
    let mut chain = Chain::new(start);
    let proposals = start.units.max(12);
    let sweeps = (PROPOSALS / proposals).clamp(SWEEPS.0, SWEEPS.1);
    let settling = (sweeps as f64 * SETTLING) as usize;
    let (mut counts, mut spread, mut noise) = (Vec::with_capacity(sweeps), 0.0, 0.0);
    let mut sizes = [0.0; 3];
    let range = start.max_uv - start.base_uv;
    let mut best: Option<(f64, Vec<Unit>, f64, Vec<f64>)> = None;
    for sweep in 0..sweeps {
        chain.weight = (WARM + (1.0 - WARM) * 2.0 * sweep as f64 / settling as f64).min(1.0);
        for _ in 0..proposals {
            chain.propose();
        }
        chain.adapt();
        if sweep < settling {
            continue;
        }
        let units = chain.likelihood.units.len();
        counts.push(units as f64);
        spread += chain.likelihood.spread;
        noise += chain.likelihood.noise_uv2.sqrt();
        for (sum, value) in sizes.iter_mut().zip(chain.sizes(LARGE_PART * range)) {
            *sum += value;
        }
        // The picture shows a set of the usual number of units.
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        let log = chain.likelihood.log() - (units as f64 - mean).abs();
        if best.as_ref().is_none_or(|(other, ..)| log > *other) {
            best = Some((log, chain.likelihood.units.clone(), mean, chain.likelihood.mean_uv().to_vec()));
        }
    }
    let n = counts.len().max(1) as f64;
    let mean = counts.iter().sum::<f64>() / n;
    counts.sort_by(f64::total_cmp);
    let at = |q: f64| counts.get(((counts.len() as f64 - 1.0) * q).round() as usize).copied().unwrap_or(mean);
    let (_, units, _, curve) = best.unwrap_or_default();
    let mut model: Vec<(f64, f64)> = units.iter().map(|unit| (unit.threshold_ma, unit.size_uv)).collect();
    model.sort_by(|a, b| a.0.total_cmp(&b.0));
    Fit {
        units: mean,
        interval: [at(0.025), at(0.975)],
        relative_spread: spread / n,
        noise_uv: noise / n,
        large: sizes[0] / n,
        median_uv: sizes[1] / n,
        largest_uv: sizes[2] / n,
        model,
        curve: start.points.iter().map(|p| p.0).zip(curve).collect(),
    }
}

impl Chain {
    fn new(start: &Start) -> Self {
        let range = start.max_uv - start.base_uv;
        let (first, last) = (start.points.first().map_or(0.0, |p| p.0), start.points.last().map_or(1.0, |p| p.0));
        let range_ma = (0.97 * first, 1.03 * last);
        let quantile = |q: f64| {
            let at = (q * start.quantiles_ma.len() as f64 - 0.5).max(0.0);
            let i = (at as usize).min(start.quantiles_ma.len().saturating_sub(1));
            let next = (i + 1).min(start.quantiles_ma.len().saturating_sub(1));
            let f = (at - i as f64).clamp(0.0, 1.0);
            let value = |k: usize| start.quantiles_ma.get(k).copied().unwrap_or(first);
            value(i) * (1.0 - f) + value(next) * f
        };
        let width = (THRESHOLDS.1 * (quantile(0.95) - quantile(0.05))).max(1e-3 * last);
        let bin = (range_ma.1 - range_ma.0) / BINS as f64;
        let density = |k: usize| {
            let centre = range_ma.0 + (k as f64 + 0.5) * bin;
            let kernel = |threshold: &f64| exp(-0.5 * ((centre - threshold) / width) * ((centre - threshold) / width));
            start.quantiles_ma.iter().map(kernel).sum::<f64>()
        };
        let densities: Vec<f64> = (0..BINS).map(density).collect();
        let sum = densities.iter().sum::<f64>().max(1e-300) * bin;
        let uniform = THRESHOLDS.0 / (range_ma.1 - range_ma.0);
        let threshold_log = densities.iter().map(|d| ln((1.0 - THRESHOLDS.0) * d / sum + uniform)).collect();
        let spread = RELATIVE_SPREAD.0;
        let mut likelihood = Likelihood::new(start.points, start.base_uv, spread, start.noise_uv, start.relative_noise);
        let size = range / start.units as f64;
        for k in 0..start.units {
            let unit = likelihood.unit(quantile((k as f64 + 0.5) / start.units as f64), size);
            likelihood.units.push(unit);
        }
        likelihood.settle();
        let log_size = ln(size) - 0.5 * SIZE_SPREAD.0 * SIZE_SPREAD.0;
        let reach_ma = 2.0 * spread * quantile(0.5);
        Self {
            likelihood,
            draws: Draws::new(SEED),
            weight: 1.0,
            log_size,
            log_size_sd: SIZE_SPREAD.0,
            threshold_log,
            range_ma,
            relative_log: 2.0 * ln(start.relative_noise),
            reach_ma,
        }
    }

    /// Log prior density of a threshold.
    fn threshold_prior(&self, threshold_ma: f64) -> f64 {
        let at = (threshold_ma - self.range_ma.0) / (self.range_ma.1 - self.range_ma.0) * BINS as f64;
        if at > 0.0 && at < BINS as f64 { self.threshold_log[at as usize] } else { f64::NEG_INFINITY }
    }

    /// Log prior density of a size.
    fn size_prior(&self, size_uv: f64) -> f64 {
        if size_uv < 1e-6 {
            return f64::NEG_INFINITY;
        }
        let log = ln(size_uv);
        let z = (log - self.log_size) / self.log_size_sd;
        -0.5 * z * z - ln(self.log_size_sd) - log - 0.918_938_533_204_672_7
    }

    fn prior(&self, threshold_ma: f64, size_uv: f64) -> f64 {
        self.threshold_prior(threshold_ma) + self.size_prior(size_uv)
    }

    /// How many units are at least this large, the median and the largest size.
    fn sizes(&self, least_uv: f64) -> [f64; 3] {
        let mut sizes: Vec<f64> = self.likelihood.units.iter().map(|unit| unit.size_uv).collect();
        sizes.sort_by(f64::total_cmp);
        let large = sizes.len() - sizes.partition_point(|size| *size < least_uv);
        [large as f64, sizes.get(sizes.len() / 2).copied().unwrap_or(0.0), sizes.last().copied().unwrap_or(0.0)]
    }

    /// One proposal of a random kind.
    fn propose(&mut self) {
        let kind = self.draws.unit();
        match kind {
            _ if kind < 0.30 => self.shift(),
            _ if kind < 0.55 => self.trade(),
            _ if kind < 0.60 => self.resize(),
            _ if kind < 0.77 => self.split(),
            _ if kind < 0.94 => self.merge(),
            _ if kind < 0.97 => self.birth(),
            _ => self.death(),
        }
    }

    /// Decides about exchanging `old` for `new`; `odds` is all but the likelihood.
    fn decide(&mut self, old: &[usize], new: &[Unit], fresh: bool, odds: f64) {
        let needed = self.draws.threshold();
        if odds.is_finite() && needed < odds + self.weight * self.likelihood.gain(old, new) {
            self.likelihood.accept(old, new);
        } else if fresh {
            self.likelihood.drop_units(new);
        }
    }

    fn any(&mut self) -> Option<usize> {
        let n = self.likelihood.units.len();
        (n > 0).then(|| self.draws.below(n))
    }

    /// Moves a threshold.
    fn shift(&mut self) {
        let Some(index) = self.any() else { return };
        let unit = self.likelihood.units[index];
        let step = if self.draws.unit() < 0.5 { 0.25 } else { 0.06 } * self.reach_ma;
        let threshold = unit.threshold_ma + step * self.draws.normal();
        let odds = self.threshold_prior(threshold) - self.threshold_prior(unit.threshold_ma);
        if odds.is_finite() {
            let new = self.likelihood.unit(threshold, unit.size_uv);
            self.decide(&[index], &[new], true, odds);
        }
    }

    /// A unit within reach of the one at `index`, and how many there are.
    fn neighbour(&mut self, index: usize) -> Option<(usize, usize)> {
        let count = self.neighbours(self.likelihood.units[index].threshold_ma) - 1;
        let wanted = (count > 0).then(|| self.draws.below(count))?;
        let centre = self.likelihood.units[index].threshold_ma;
        let near = |(i, unit): &(usize, &Unit)| *i != index && (unit.threshold_ma - centre).abs() < self.reach_ma;
        Some((self.likelihood.units.iter().enumerate().filter(near).nth(wanted)?.0, count))
    }

    /// How many units there are within reach of a threshold.
    fn neighbours(&self, threshold_ma: f64) -> usize {
        self.likelihood.units.iter().filter(|unit| (unit.threshold_ma - threshold_ma).abs() < self.reach_ma).count()
    }

    /// Passes some size from one unit to a neighbour.
    fn trade(&mut self) {
        let Some(index) = self.any() else { return };
        let Some((other, _)) = self.neighbour(index) else { return };
        let (mut a, mut b) = (self.likelihood.units[index], self.likelihood.units[other]);
        let smaller = a.size_uv.min(b.size_uv);
        let step = smaller * self.draws.normal() * if self.draws.unit() < 0.5 { 0.5 } else { 0.15 };
        let before = self.size_prior(a.size_uv) + self.size_prior(b.size_uv);
        a.size_uv += step;
        b.size_uv -= step;
        let after = self.size_prior(a.size_uv) + self.size_prior(b.size_uv);
        // The step back is drawn from another smaller size.
        let density = |smaller: f64| {
            let (wide, narrow) = (step / (0.5 * smaller), step / (0.15 * smaller));
            ln((exp(-0.5 * wide * wide) + exp(-0.5 * narrow * narrow) / 0.3) / smaller + 1e-300)
        };
        if after.is_finite() {
            let odds = after - before + density(a.size_uv.min(b.size_uv)) - density(smaller);
            self.decide(&[index, other], &[a, b], false, odds);
        }
    }

    /// Makes a unit larger or smaller.
    fn resize(&mut self) {
        let Some(index) = self.any() else { return };
        let mut unit = self.likelihood.units[index];
        let before = self.size_prior(unit.size_uv);
        let step = 0.15 * self.draws.normal();
        unit.size_uv *= exp(step);
        let odds = self.size_prior(unit.size_uv) - before + step;
        self.decide(&[index], &[unit], false, odds);
    }

    /// Makes two units out of one: sizes add up, the mean threshold stays.
    fn split(&mut self) {
        let Some(index) = self.any() else { return };
        let n = self.likelihood.units.len();
        if n >= MOST_UNITS {
            return;
        }
        let unit = self.likelihood.units[index];
        let share = self.draws.unit();
        let apart = (2.0 * self.draws.unit() - 1.0) * self.reach_ma;
        let (ta, tb) = (unit.threshold_ma - apart * (1.0 - share), unit.threshold_ma + apart * share);
        let (sa, sb) = (share * unit.size_uv, (1.0 - share) * unit.size_uv);
        let prior = self.prior(ta, sa) + self.prior(tb, sb) - self.prior(unit.threshold_ma, unit.size_uv);
        if !prior.is_finite() {
            return;
        }
        // Neighbours that each of the two would have: those there are, less the one that is split,
        // and the other of the two.
        let others = |threshold: f64| {
            let parent = usize::from((unit.threshold_ma - threshold).abs() < self.reach_ma);
            (self.neighbours(threshold) - parent + 1) as f64
        };
        let odds = prior + self.split_odds(n, others(ta), others(tb), unit.size_uv);
        let new = [self.likelihood.unit(ta, sa), self.likelihood.unit(tb, sb)];
        self.decide(&[index], &new, true, odds);
    }

    /// Makes one unit out of two neighbours.
    fn merge(&mut self) {
        let Some(index) = self.any() else { return };
        let Some((other, count)) = self.neighbour(index) else { return };
        let n = self.likelihood.units.len();
        if n < 3 {
            return;
        }
        let (a, b) = (self.likelihood.units[index], self.likelihood.units[other]);
        let size = a.size_uv + b.size_uv;
        let threshold = (a.threshold_ma * a.size_uv + b.threshold_ma * b.size_uv) / size;
        let prior = self.prior(a.threshold_ma, a.size_uv) + self.prior(b.threshold_ma, b.size_uv) - self.prior(threshold, size);
        let back = (self.neighbours(b.threshold_ma) - 1) as f64;
        let odds = -prior - self.split_odds(n - 1, count as f64, back, size);
        if odds.is_finite() {
            let new = self.likelihood.unit(threshold, size);
            self.decide(&[index, other], &[new], true, odds);
        }
    }

    /// Odds of a split of one of `n` units, but for prior and likelihood: the number of ways to
    /// name the units, the chance of the merge back over that of the split, and the Jacobian.
    fn split_odds(&self, n: usize, neighbours_a: f64, neighbours_b: f64, size_uv: f64) -> f64 {
        ln(n as f64) + ln((1.0 / neighbours_a + 1.0 / neighbours_b) * self.reach_ma) + ln(size_uv)
    }

    /// Adds a unit anywhere.
    fn birth(&mut self) {
        let width = self.range_ma.1 - self.range_ma.0;
        let threshold = self.range_ma.0 + width * self.draws.unit();
        let size = exp(self.log_size + self.log_size_sd * self.draws.normal());
        let odds = self.threshold_prior(threshold) + ln(width);
        if odds.is_finite() && self.likelihood.units.len() < MOST_UNITS {
            let new = self.likelihood.unit(threshold, size);
            self.decide(&[], &[new], true, odds);
        }
    }

    /// Takes a unit away.
    fn death(&mut self) {
        let Some(index) = self.any() else { return };
        if self.likelihood.units.len() > 2 {
            let odds = -self.threshold_prior(self.likelihood.units[index].threshold_ma) - ln(self.range_ma.1 - self.range_ma.0);
            self.decide(&[index], &[], false, odds);
        }
    }

    /// Draws what all units share: spread, noise, distribution of sizes.
    fn adapt(&mut self) {
        let before = self.likelihood.settle();
        let spread = self.likelihood.spread;
        self.likelihood.spread = (spread * exp(0.06 * self.draws.normal())).clamp(1e-3, 0.2);
        let prior = |spread: f64| {
            let z = (ln(spread) - ln(RELATIVE_SPREAD.0)) / RELATIVE_SPREAD.1;
            -0.5 * z * z
        };
        let gain = self.weight * (self.likelihood.settle() - before) + prior(self.likelihood.spread) - prior(spread);
        if self.draws.threshold() >= gain {
            self.likelihood.spread = spread;
            self.likelihood.settle();
        }
        for relative in [false, true] {
            let before = self.likelihood.log();
            let kept = (self.likelihood.noise_uv2, self.likelihood.relative2);
            if relative {
                // Up to 3 % of the CMAP.
                self.likelihood.relative2 = (kept.1 * exp(0.45 * self.draws.normal())).clamp(1e-8, 9e-4);
            } else {
                self.likelihood.noise_uv2 = (kept.0 * exp(0.15 * self.draws.normal())).max(1e-4);
            }
            let prior = |relative2: f64| {
                let z = (ln(relative2.max(1e-12)) - self.relative_log) / (2.0 * NOISE_SPREAD);
                -0.5 * z * z
            };
            let odds = prior(self.likelihood.relative2) - prior(kept.1);
            let gain = self.weight * (self.likelihood.noise_changed() - before) + odds;
            if self.draws.threshold() >= gain {
                (self.likelihood.noise_uv2, self.likelihood.relative2) = kept;
                self.likelihood.noise_changed();
            }
        }
        let n = self.likelihood.units.len().max(1) as f64;
        let logs: Vec<f64> = self.likelihood.units.iter().map(|unit| ln(unit.size_uv.max(1e-6))).collect();
        self.log_size = logs.iter().sum::<f64>() / n + self.draws.normal() * self.log_size_sd / n.sqrt();
        let squares: f64 = logs.iter().map(|log| (log - self.log_size) * (log - self.log_size)).sum();
        let density = |sd: f64| {
            let z = (ln(sd) - ln(SIZE_SPREAD.0)) / SIZE_SPREAD.1;
            -n * ln(sd) - squares / (2.0 * sd * sd) - 0.5 * z * z
        };
        let sd = self.log_size_sd * exp(0.08 * self.draws.normal());
        if self.draws.threshold() < density(sd) - density(self.log_size_sd) {
            self.log_size_sd = sd;
        }
    }
}
