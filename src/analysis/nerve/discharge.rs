//! The search for the time constants of the shock's discharge in the background model.
//!
//! Variable projection (Golub and Pereyra, SIAM J Numer Anal 1973;10:413) with the columns that
//! do not depend on the time constants eliminated once: what remains of each trial is one scalar
//! product a column and a system of two (search) or four (Gauss-Newton step) unknowns.
//!
//! Contract: the points come in the order of time and are finite. Cost of a trial: about 20
//! multiplications a point of the first 20 time constants after the shock.

// Triangular systems are index arithmetic; iterators would hide it.
#![allow(clippy::needless_range_loop)]

use super::columns::{DRIFT, FIXED, K, Model, TAIL};
use crate::analysis::linear::{Normal, Solution, dot};

/// Time constants of the two exponentials: range allowed, ms. Electrode and amplifier discharge
/// within milliseconds; slower wandering is drift.
const TAU_FAST: [f64; 2] = [0.06, 0.9];
const TAU_SLOW: [f64; 2] = [1.0, 9.0];
/// Centre of the priors of the logarithms of the time constants, and their standard deviation.
pub(super) const TAU_PRIOR: [(f64, f64); 2] = [(0.3, 0.6), (2.8, 0.5)];
/// A step that lowers minus twice the log posterior by less than this is not worth it.
const LEAST_GAIN: f64 = 0.02;
/// After this many of the longest time constants nothing is left of the discharge.
const DISCHARGED: f64 = 20.0;

/// The average of some neighbouring samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// Mean time, ms.
    pub t: f64,
    /// Mean value, uV.
    pub y: f64,
    /// Samples.
    pub n: f64,
    /// Squared deviations of the samples from their mean, uV^2.
    pub within: f64,
}

/// A column that depends on a time constant: its values at the first of the shock's points, and
/// its products with the other columns and the data.
#[derive(Debug, Clone)]
struct Column {
    values: Vec<f64>,
    products: [f64; FIXED],
    data: f64,
}

/// A trial: the coefficients of the `M` columns, what the whole fit costs, and the determinant.
#[derive(Debug, Clone, Copy)]
struct Trial<const M: usize> {
    x: [f64; M],
    cost: f64,
    log_det: f64,
    /// The columns' products with the fixed ones, through the inverse of their factor.
    v: [[f64; FIXED]; M],
}

/// The points with the columns that do not depend on the time constants, and their equations.
pub(super) struct Table<'a> {
    pub model: Model,
    points: &'a [Point],
    /// Where the points after the stimulus begin.
    first: usize,
    rows: Vec<[f64; K]>,
    normal: Normal,
    /// Columns in use: without mains they are the first ones only.
    used: usize,
    range: f64,
    sigma: f64,
    /// The fixed columns' solution at this noise, and its data through the inverse of its factor.
    fixed: Option<(Solution, Vec<f64>)>,
    /// The exponentials made last, and of which time constants.
    made: Option<([f64; 2], [Column; 2])>,
}

impl<'a> Table<'a> {
    pub fn new(model: Model, points: &'a [Point], range: f64) -> Self {
        let used = if model.mains_hz.is_some() { FIXED } else { DRIFT + TAIL };
        let mut normal = Normal::new(used);
        let mut rows = vec![[0.0; K]; points.len()];
        for (row, p) in rows.iter_mut().zip(points) {
            model.row(p.t, row);
            normal.add(&row[..used], p.y, p.n);
        }
        let first = points.iter().position(|p| p.t >= 0.0).unwrap_or(points.len());
        Self { model, points, first, rows, normal, used, range, sigma: f64::NAN, fixed: None, made: None }
    }

    /// The table of the same points without mains: part of this one.
    pub fn without_mains(&self) -> Self {
        let used = DRIFT + TAIL;
        let mut rows = self.rows.clone();
        for row in &mut rows {
            row[used..].fill(0.0);
        }
        let model = Model { mains_hz: None, ..self.model };
        Self { model, rows, normal: self.normal.narrowed(used), used, sigma: f64::NAN, fixed: None, made: None, ..*self }
    }

    /// States the noise that the priors are weighed against.
    pub fn at_noise(&mut self, sigma: f64) {
        if self.sigma.to_bits() == sigma.to_bits() {
            return;
        }
        self.sigma = sigma;
        let priors = self.model.priors(self.range, sigma);
        self.fixed = self.normal.solve(&priors[..self.used]).map(|solution| {
            let z = solution.whitened(self.normal.data());
            (solution, z)
        });
    }

    /// The column of these values at the first points after the stimulus.
    fn column(&self, values: Vec<f64>) -> Column {
        let mut column = Column { values, products: [0.0; FIXED], data: 0.0 };
        if self.used == FIXED {
            self.multiply::<FIXED>(&mut column);
        } else {
            self.multiply::<{ DRIFT + TAIL }>(&mut column);
        }
        column
    }

    fn multiply<const N: usize>(&self, column: &mut Column) {
        let (mut products, mut data) = ([0.0; N], 0.0);
        for ((p, row), value) in self.points[self.first..].iter().zip(&self.rows[self.first..]).zip(&column.values) {
            let weighed = p.n * value;
            for i in 0..N {
                products[i] += weighed * row[i];
            }
            data += weighed * p.y;
        }
        column.products[..N].copy_from_slice(&products);
        column.data = data;
    }

    fn exponential(&self, tau: f64) -> Column {
        let mut values = Vec::with_capacity(self.points.len() - self.first);
        // The points of a stretch are equally far apart: one exponential a distance.
        let (mut last, mut value, mut distance, mut fall) = (f64::NAN, 0.0, f64::NAN, 0.0);
        for p in &self.points[self.first..] {
            let after = p.t - self.model.after;
            if after > DISCHARGED * tau {
                break;
            }
            let now = after - last;
            if (now - distance).abs() < 1e-9 {
                value *= fall;
            } else {
                value = (-after / tau).exp();
                distance = now;
                fall = (-distance / tau).exp();
            }
            last = after;
            values.push(value);
        }
        self.column(values)
    }

    fn product(&self, a: &Column, b: &Column) -> f64 {
        a.values.iter().zip(&b.values).zip(&self.points[self.first..]).map(|((a, b), p)| p.n * a * b).sum()
    }

    /// Solves with these columns beside the fixed ones.
    fn reduced<const M: usize>(&self, columns: [&Column; M], priors: [f64; M]) -> Option<Trial<M>> {
        let (fixed, z) = self.fixed.as_ref()?;
        let mut v = [[0.0; FIXED]; M];
        let mut x = [0.0; M];
        for i in 0..M {
            v[i] = columns[i].products;
            fixed.whiten(&mut v[i][..self.used]);
            x[i] = columns[i].data;
            for (a, b) in v[i][..self.used].iter().zip(z) {
                x[i] -= a * b;
            }
        }
        let mut a = [[0.0; M]; M];
        let mut log_det = fixed.log_det;
        let mut cost = fixed.cost;
        for i in 0..M {
            for j in 0..=i {
                let mut s = self.product(columns[i], columns[j]);
                for (a, b) in v[i][..self.used].iter().zip(&v[j][..self.used]) {
                    s -= a * b;
                }
                if i == j {
                    s += priors[i];
                }
                for m in 0..j {
                    s -= a[i][m] * a[j][m];
                }
                if i == j {
                    if !(s.is_finite() && s > 0.0) {
                        return None;
                    }
                    log_det += s.ln();
                    a[i][i] = s.sqrt();
                } else {
                    a[i][j] = s / a[j][j];
                }
            }
            for m in 0..i {
                x[i] -= a[i][m] * x[m];
            }
            x[i] /= a[i][i];
            cost -= x[i] * x[i];
        }
        for i in (0..M).rev() {
            for m in i + 1..M {
                x[i] -= a[m][i] * x[m];
            }
            x[i] /= a[i][i];
        }
        Some(Trial { x, cost: cost.max(0.0), log_det, v })
    }

    /// The exponentials at the present time constants.
    fn exponentials(&mut self) -> [Column; 2] {
        match self.made.take() {
            Some((tau, columns)) if tau == self.model.tau => columns,
            _ => self.model.tau.map(|tau| self.exponential(tau)),
        }
    }

    fn weak(&self) -> f64 {
        self.model.priors(self.range, self.sigma)[FIXED]
    }

    fn trial(&self, columns: &[Column; 2]) -> Option<Trial<2>> {
        self.reduced([&columns[0], &columns[1]], [self.weak(); 2])
    }

    /// Starts from the best time constants of a coarse grid.
    pub fn grid(&mut self) {
        let fast = [0.12, 0.25, 0.5].map(|tau| (tau, self.exponential(tau)));
        let slow = [1.5, 2.8, 5.0].map(|tau| (tau, self.exponential(tau)));
        let weak = self.weak();
        let mut best = f64::INFINITY;
        for (tau_fast, fast) in &fast {
            for (tau_slow, slow) in &slow {
                if let Some(trial) = self.reduced([fast, slow], [weak; 2])
                    && trial.cost < best
                {
                    best = trial.cost;
                    self.model.tau = [*tau_fast, *tau_slow];
                }
            }
        }
    }

    /// Up to three Gauss-Newton steps on the logarithms of the time constants.
    pub fn settle(&mut self) {
        if !self.model.artefact {
            return;
        }
        let columns = self.exponentials();
        let columns = self.descend(columns);
        self.made = Some((self.model.tau, columns));
    }

    /// The steps; gives back the exponentials where they end.
    fn descend(&mut self, mut columns: [Column; 2]) -> [Column; 2] {
        let s2 = self.sigma * self.sigma;
        let Some(mut now) = self.trial(&columns) else { return columns };
        for _ in 0..3 {
            let slopes = [0, 1].map(|i| self.slope(&columns[i].values, now.x[i], self.model.tau[i]));
            let weak = self.weak();
            let [fast, slow] = TAU_PRIOR.map(|(_, sd)| s2 / (sd * sd));
            let Some(step) = self.reduced([&columns[0], &columns[1], &slopes[0], &slopes[1]], [weak, weak, fast, slow]) else {
                return columns;
            };
            if now.cost - step.cost < LEAST_GAIN * s2 {
                return columns;
            }
            let before = now.cost / s2 + tau_cost(&self.model.tau);
            let kept = self.model.tau;
            let mut scale = 1.0;
            let mut moved = false;
            for _ in 0..3 {
                for (i, limits) in [TAU_FAST, TAU_SLOW].iter().enumerate() {
                    let move_by = (scale * step.x[2 + i]).clamp(-0.5, 0.5);
                    self.model.tau[i] = (kept[i].ln() + move_by).exp().clamp(limits[0], limits[1]);
                }
                let there = self.model.tau.map(|tau| self.exponential(tau));
                if let Some(then) = self.trial(&there)
                    && then.cost / s2 + tau_cost(&self.model.tau) < before - LEAST_GAIN
                {
                    (now, columns, moved) = (then, there, true);
                    break;
                }
                self.model.tau = kept;
                scale *= 0.3;
            }
            if !moved {
                break;
            }
        }
        columns
    }

    /// The derivative of `a exp(-(t - after)/tau)` by the logarithm of `tau`.
    fn slope(&self, values: &[f64], a: f64, tau: f64) -> Column {
        let value = |(p, e): (&Point, &f64)| a * e * ((p.t - self.model.after) / tau).max(0.0);
        self.column(self.points[self.first..].iter().zip(values).map(value).collect())
    }

    /// Minus twice the log evidence, up to a constant shared by all models, and the coefficients.
    pub fn evidence(&mut self) -> Option<(f64, [f64; K])> {
        let trial = if self.model.artefact {
            let columns = self.exponentials();
            let trial = self.trial(&columns);
            self.made = Some((self.model.tau, columns));
            Some(trial?)
        } else {
            None
        };
        let (fixed, z) = self.fixed.as_ref()?;
        let priors = self.model.priors(self.range, self.sigma);
        let mut coefficients = [0.0; K];
        let mut right = [0.0; FIXED];
        right[..self.used].copy_from_slice(z);
        let (mut cost, mut log_det) = (fixed.cost, fixed.log_det);
        let mut prior_det: f64 = priors[..self.used].iter().filter(|p| **p > 0.0).map(|p| p.ln()).sum();
        if let Some(trial) = trial {
            (cost, log_det) = (trial.cost, trial.log_det);
            prior_det += 2.0 * priors[FIXED].ln();
            for (x, v) in trial.x.iter().zip(&trial.v) {
                for (right, v) in right.iter_mut().zip(v) {
                    *right -= x * v;
                }
            }
            coefficients[FIXED..].copy_from_slice(&trial.x);
        }
        fixed.unwhiten(&mut right[..self.used]);
        coefficients[..self.used].copy_from_slice(&right[..self.used]);
        Some((cost / (self.sigma * self.sigma) + log_det - prior_det + tau_cost(&self.model.tau), coefficients))
    }

    /// The whole solution, with what its variances need.
    pub fn solution(&self) -> Option<Solution> {
        let mut normal = self.normal.widened(K);
        if self.model.artefact {
            for (row, p) in self.rows.iter().zip(self.points).skip(self.first) {
                if p.t - self.model.after > DISCHARGED * self.model.tau[1] {
                    break;
                }
                let mut row = *row;
                self.model.discharge(p.t, &mut row);
                normal.add_columns(&row, p.y, p.n, FIXED);
            }
        }
        normal.solve(&self.model.priors(self.range, self.sigma))
    }

    /// Noise that these coefficients leave at the points: the larger of that of the samples and
    /// that of the averages, as [`super::background::Background::sigma_uv`].
    pub fn left(&self, coefficients: &[f64; K]) -> f64 {
        let (mut all, mut n, mut blocks, mut count) = (0.0, 0.0, 0.0, 0.0);
        for (row, p) in self.rows.iter().zip(self.points) {
            // The steepest part of the discharge is not a matter of noise.
            if p.t >= 0.0 && p.t < self.model.after + 0.5 {
                continue;
            }
            let mut row = *row;
            self.model.discharge(p.t, &mut row);
            let r = p.y - dot(&row, coefficients);
            all += p.within + p.n * r * r;
            n += p.n;
            if p.n > 1.0 {
                blocks += p.n * r * r;
                count += 1.0;
            }
        }
        if n < 8.0 {
            return (self.range * 1e-3).max(1e-9);
        }
        let spent = 6.0_f64.min(0.3 * count);
        let slow = if count > 0.0 { blocks / (count - spent) } else { 0.0 };
        (all / n).max(slow).sqrt().max(self.range * 1e-6).max(1e-9)
    }
}

fn tau_cost(tau: &[f64; 2]) -> f64 {
    tau.iter().zip(TAU_PRIOR).map(|(tau, (centre, sd))| ((tau / centre).ln() / sd).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::{DRIFT, FIXED, Model, Point, TAIL, Table};

    /// Points of a drifting sweep with a shock and, perhaps, mains.
    fn points(mains_uv: f64, tau: [f64; 2]) -> Vec<Point> {
        let time = |i: u32| if i < 20 { f64::from(i) * 0.2 - 5.0 } else { 0.4 + f64::from(i - 20) * 0.1 };
        (0..200)
            .map(|i| {
                let t = time(i);
                let shock = if t < 0.0 { 0.0 } else { 300.0 * (-t / tau[0]).exp() - 80.0 * (-t / tau[1]).exp() };
                let hum = mains_uv * (0.314 * t + 0.4).sin();
                Point { t, y: 20.0 + 0.5 * t + shock + hum + f64::from(i * 7919 % 13) * 0.1 - 0.6, n: 2.0, within: 0.3 }
            })
            .collect()
    }

    fn model(mains_hz: Option<f64>) -> Model {
        Model { centre: 7.5, half: 12.5, tail: 15.0, mains_hz, artefact: true, after: 0.4, tau: [0.3, 2.8] }
    }

    #[test]
    fn eliminating_the_fixed_columns_gives_the_solution_of_the_whole() {
        for mains_hz in [None, Some(50.0)] {
            let points = points(5.0, [0.4, 3.0]);
            let mut table = Table::new(model(mains_hz), &points, 500.0);
            table.at_noise(2.0);
            let (_, coefficients) = table.evidence().unwrap();
            let whole = table.solution().unwrap();
            for (a, b) in coefficients.iter().zip(&whole.coefficients) {
                assert!((a - b).abs() < 1e-6 * (1.0 + b.abs()), "{a} {b}");
            }
        }
    }

    #[test]
    fn the_table_without_mains_is_the_one_made_without() {
        let points = points(0.0, [0.4, 3.0]);
        let mut part = Table::new(model(Some(60.0)), &points, 500.0).without_mains();
        let mut made = Table::new(model(None), &points, 500.0);
        part.at_noise(1.0);
        made.at_noise(1.0);
        let (a, b) = (part.evidence().unwrap(), made.evidence().unwrap());
        assert!((a.0 - b.0).abs() < 1e-9);
        assert!(a.1[DRIFT + TAIL..FIXED].iter().all(|c| *c == 0.0));
    }

    #[test]
    fn time_constants_are_found() {
        let points = points(0.0, [0.45, 3.6]);
        let mut table = Table::new(model(None), &points, 500.0);
        table.at_noise(0.5);
        table.grid();
        for _ in 0..3 {
            table.settle();
        }
        let [fast, slow] = table.model.tau;
        assert!((fast / 0.45 - 1.0).abs() < 0.05 && (slow / 3.6 - 1.0).abs() < 0.1, "{fast} {slow}");
    }
}
