//! How likely a scan is, given motor units.
//!
//! The model of Bostock (Muscle Nerve 2016;53:889): unit i of size s_i responds to a current I with
//! probability Phi((I - th_i) / (r th_i)), each stimulus and unit on its own; the CMAP is the sum of
//! the units that responded, plus noise. The noise has a constant part and one in proportion to the
//! CMAP.
//!
//! The likelihood of one response is that of a sum of many yes-or-no parts. The few parts that are
//! large beside the rest are spelled out (all 2^k ways in which they may respond), the rest is
//! normal with its mean and variance. A scan of 500 stimuli of 100 units costs about 10 us a
//! proposal, which touches only the stimuli near the thresholds concerned.

use super::portable::{Normal, Z_MAX, exp, ln};

/// A motor unit of the model.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unit {
    /// Threshold, mA: responds to half of the stimuli.
    pub(super) threshold_ma: f64,
    /// Size, microvolts.
    pub(super) size_uv: f64,
    /// Row of probabilities, and the stimuli among which the unit responds to some.
    row: usize,
    from: usize,
    to: usize,
}

/// A part counts as large when its square exceeds this multiple of the other variance.
const LARGE: f64 = 1.0;
/// Large parts spelled out at most.
const SPELLED: usize = 5;
/// Log likelihood of a response beyond this lies outside of the model (a missed stimulus, a
/// movement) and costs no more.
const OUTLIER: f64 = 10.0;
/// Weight of such responses.
const OUTLIER_WEIGHT: f64 = 0.05;

/// A scan, the units that are to explain it, and how well they do.
pub(super) struct Likelihood {
    normal: Normal,
    /// Currents in rising order, mA.
    pub(super) current_ma: Vec<f64>,
    amp_uv: Vec<f64>,
    /// Size without any unit, microvolts.
    base_uv: f64,
    /// Units in no order.
    pub(super) units: Vec<Unit>,
    /// Relative spread: standard deviation of a threshold over the threshold.
    pub(super) spread: f64,
    /// Constant noise variance, microvolts squared.
    pub(super) noise_uv2: f64,
    /// Squared noise in proportion to the CMAP.
    pub(super) relative2: f64,
    now: State,
    next: State,
    rows: Vec<Vec<f64>>,
    free: Vec<usize>,
    large: Vec<Unit>,
    /// Stimuli that `next` is about.
    from: usize,
    to: usize,
}

#[derive(Default)]
struct State {
    mean: Vec<f64>,
    var: Vec<f64>,
    log: Vec<f64>,
}

impl State {
    fn of(n: usize) -> Self {
        Self { mean: vec![0.0; n], var: vec![0.0; n], log: vec![0.0; n] }
    }
}

impl Likelihood {
    /// Of points in rising order of current.
    pub(super) fn new(points: &[(f64, f64)], base_uv: f64, spread: f64, noise_uv: f64, relative: f64) -> Self {
        let n = points.len();
        Self {
            normal: Normal::new(),
            current_ma: points.iter().map(|p| p.0).collect(),
            amp_uv: points.iter().map(|p| p.1).collect(),
            base_uv,
            units: Vec::new(),
            spread,
            noise_uv2: noise_uv * noise_uv,
            relative2: relative * relative,
            now: State::of(n),
            next: State::of(n),
            rows: Vec::new(),
            free: Vec::new(),
            large: Vec::new(),
            from: 0,
            to: 0,
        }
    }

    /// A unit with its probabilities; it takes part once it is accepted, else it must be dropped.
    pub(super) fn unit(&mut self, threshold_ma: f64, size_uv: f64) -> Unit {
        let row = self.free.pop().unwrap_or_else(|| {
            self.rows.push(vec![0.0; self.current_ma.len()]);
            self.rows.len() - 1
        });
        let mut unit = Unit { threshold_ma, size_uv, row, from: 0, to: 0 };
        self.fill(&mut unit);
        unit
    }

    fn fill(&mut self, unit: &mut Unit) {
        let width = self.spread * unit.threshold_ma;
        unit.from = self.current_ma.partition_point(|i| *i < unit.threshold_ma - Z_MAX * width);
        unit.to = self.current_ma.partition_point(|i| *i <= unit.threshold_ma + Z_MAX * width);
        let scale = 1.0 / width;
        for t in unit.from..unit.to {
            self.rows[unit.row][t] = self.normal.below((self.current_ma[t] - unit.threshold_ma) * scale);
        }
    }

    /// Gives back the rows of units that were not accepted.
    pub(super) fn drop_units(&mut self, units: &[Unit]) {
        self.free.extend(units.iter().map(|unit| unit.row));
    }

    /// Log likelihood anew, after units, spread or noise were set from outside.
    pub(super) fn settle(&mut self) -> f64 {
        let mut units = std::mem::take(&mut self.units);
        units.iter_mut().for_each(|unit| self.fill(unit));
        self.units = units;
        self.now.mean.fill(self.base_uv);
        self.now.var.fill(0.0);
        for unit in &self.units {
            add(&mut self.now, &self.rows[unit.row], unit, 1.0, self.current_ma.len());
        }
        self.noise_changed()
    }

    /// Log likelihood anew, after the noise was set.
    pub(super) fn noise_changed(&mut self) -> f64 {
        self.gather(&[], &[], 0, self.current_ma.len());
        let mut sum = 0.0;
        for t in 0..self.current_ma.len() {
            self.now.log[t] = self.log_at(t, self.now.mean[t], self.now.var[t]);
            sum += self.now.log[t];
        }
        sum
    }

    /// Log likelihood as it stands.
    pub(super) fn log(&self) -> f64 {
        self.now.log.iter().sum()
    }

    /// Mean of the model at each stimulus, microvolts.
    pub(super) fn mean_uv(&self) -> &[f64] {
        &self.now.mean
    }

    /// What the log likelihood gains when the units at `old` give way to `new`.
    pub(super) fn gain(&mut self, old: &[usize], new: &[Unit]) -> f64 {
        let n = self.current_ma.len();
        let (mut from, mut to, mut growth) = (n, 0, 0.0);
        for index in old {
            let unit = &self.units[*index];
            (from, to, growth) = (from.min(unit.from), to.max(unit.to), growth - unit.size_uv);
        }
        for unit in new {
            (from, to, growth) = (from.min(unit.from), to.max(unit.to), growth + unit.size_uv);
        }
        // What leaves the sum of sizes as it is leaves stronger stimuli as they are.
        if growth.abs() > 1e-7 {
            to = n;
        }
        let to = to.max(from);
        (self.from, self.to) = (from, to);
        self.next.mean[from..to].copy_from_slice(&self.now.mean[from..to]);
        self.next.var[from..to].copy_from_slice(&self.now.var[from..to]);
        for index in old {
            let unit = &self.units[*index];
            add(&mut self.next, &self.rows[unit.row], unit, -1.0, to);
        }
        for unit in new {
            add(&mut self.next, &self.rows[unit.row], unit, 1.0, to);
        }
        self.gather(old, new, from, to);
        let mut gain = 0.0;
        for t in from..to {
            let log = self.log_at(t, self.next.mean[t], self.next.var[t]);
            self.next.log[t] = log;
            gain += log - self.now.log[t];
        }
        gain
    }

    /// Takes what [`Self::gain`] was asked about last.
    pub(super) fn accept(&mut self, old: &[usize], new: &[Unit]) {
        let (from, to) = (self.from, self.to);
        self.now.mean[from..to].copy_from_slice(&self.next.mean[from..to]);
        self.now.var[from..to].copy_from_slice(&self.next.var[from..to]);
        self.now.log[from..to].copy_from_slice(&self.next.log[from..to]);
        for index in old {
            let row = self.units[*index].row;
            if new.iter().all(|unit| unit.row != row) {
                self.free.push(row);
            }
        }
        for (index, unit) in old.iter().zip(new) {
            self.units[*index] = *unit;
        }
        self.units.extend(new.iter().skip(old.len()));
        let mut gone: Vec<usize> = old.iter().skip(new.len()).copied().collect();
        gone.sort_unstable_by(|a, b| b.cmp(a));
        for index in gone {
            self.units.swap_remove(index);
        }
    }

    /// The units among `from..to` that may be large parts.
    fn gather(&mut self, old: &[usize], new: &[Unit], from: usize, to: usize) {
        let limit = LARGE * self.noise_uv2;
        let wanted = |unit: &&Unit| unit.size_uv * unit.size_uv > limit && unit.from < to && unit.to > from;
        self.large.clear();
        let kept = self.units.iter().enumerate().filter(|(index, _)| !old.contains(index)).map(|(_, unit)| unit);
        self.large.extend(kept.chain(new).filter(wanted));
    }

    /// Log likelihood of the response to stimulus `t`, but for a constant.
    fn log_at(&self, t: usize, mean: f64, var: f64) -> f64 {
        let noise = self.noise_uv2 + self.relative2 * mean * mean;
        let all = var.max(0.0) + noise;
        let residual = self.amp_uv[t] - mean;
        // The largest parts: variance, size, probability; in falling order.
        let mut top = [(0.0_f64, 0.0_f64, 0.0_f64); SPELLED];
        let mut count = 0;
        for unit in &self.large {
            if t < unit.from || t >= unit.to {
                continue;
            }
            let p = self.rows[unit.row][t];
            let size2 = unit.size_uv * unit.size_uv;
            let part = size2 * p * (1.0 - p);
            if size2 < LARGE * (all - part) || !(0.01..=0.99).contains(&p) {
                continue;
            }
            let mut at = count;
            while at > 0 && top[at - 1].0 < part {
                if at < SPELLED {
                    top[at] = top[at - 1];
                }
                at -= 1;
            }
            if at < SPELLED {
                top[at] = (part, unit.size_uv, p);
                count = (count + 1).min(SPELLED);
            }
        }
        if count == 0 {
            return -0.5 * (ln(all) + (residual * residual / all).min(2.0 * OUTLIER));
        }
        let (mut rest, mut none) = (all, residual);
        for (part, size, p) in &top[..count] {
            rest -= part;
            none += size * p;
        }
        let rest = rest.max(0.999 * noise);
        // Residual and weight of every way in which the large parts may respond.
        let mut ways = [(0.0_f64, 0.0_f64); 1 << SPELLED];
        ways[0] = (none, 1.0);
        let mut n = 1;
        for (_, size, p) in &top[..count] {
            for i in 0..n {
                let (r, weight) = ways[i];
                ways[n + i] = (r - size, weight * p);
                ways[i].1 = weight * (1.0 - p);
            }
            n *= 2;
        }
        let scale = -0.5 / rest;
        let mut sum = OUTLIER_WEIGHT * exp(-OUTLIER);
        for (r, weight) in &ways[..n] {
            let e = r * r * scale;
            if e > -16.0 {
                sum += weight * exp(e);
            }
        }
        ln(sum) - 0.5 * ln(rest)
    }
}

/// Adds a unit (`sign` 1) to mean and variance of the stimuli before `to`, or takes it out (-1).
fn add(state: &mut State, row: &[f64], unit: &Unit, sign: f64, to: usize) {
    let size = sign * unit.size_uv;
    let size2 = size * unit.size_uv;
    let end = unit.to.min(to);
    let from = unit.from.min(end);
    for ((mean, var), p) in state.mean[from..end].iter_mut().zip(&mut state.var[from..end]).zip(&row[from..end]) {
        *mean += size * p;
        *var += size2 * p * (1.0 - p);
    }
    for mean in &mut state.mean[end..to.max(end)] {
        *mean += size;
    }
}
