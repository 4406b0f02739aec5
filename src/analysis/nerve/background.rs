//! Everything in a sweep that is not the response: shock artefact, mains, drift.
//!
//! One linear model with Gaussian priors is fitted to the parts of the sweep that hold no
//! response (before the stimulus, between stimulus and onset, the late tail) and is then
//! subtracted from all of it: a cubic drift, mains with its harmonics at 50 or 60 Hz, and the
//! electrode's discharge after the shock as two exponentials whose time constants are found by
//! a grid and Gauss-Newton steps (variable projection). Whether mains is present, and which, is
//! decided by the models' evidence.
//!
//! Contract: samples that are not finite are left out. Times are ms after the stimulus. Cost:
//! the windows are averaged into a few hundred points first; about 100 small solutions a fit.

use crate::analysis::linear::{Normal, Solution, dot};

/// Time constants of the two exponentials: range allowed, ms. Electrode and amplifier discharge
/// within milliseconds; slower wandering is drift.
const TAU_FAST: [f64; 2] = [0.06, 0.9];
const TAU_SLOW: [f64; 2] = [1.0, 9.0];
/// Centre of the priors of the logarithms of the time constants, and their standard deviation.
const TAU_PRIOR: [(f64, f64); 2] = [(0.3, 0.6), (2.8, 0.5)];
/// After this many of the longest time constants nothing is left of the discharge.
const DISCHARGED: f64 = 12.0;
/// Columns: drift, the tail's own level and slope, sine and cosine of four mains harmonics, and
/// the two exponentials.
const DRIFT: usize = 4;
const TAIL: usize = 2;
const MAINS: usize = 8;
const FIXED: usize = DRIFT + TAIL + MAINS;
const K: usize = FIXED + 2;

/// Which parts of the sweep hold no response. All in ms after the stimulus.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quiet {
    /// End of the stretch before the stimulus.
    pub before_ms: f64,
    /// Where the stretch between stimulus and response begins (the shock itself is over).
    pub after_ms: f64,
    /// Where it ends.
    pub onset_ms: f64,
    /// Where the late stretch begins; beyond the end of the sweep when there is none.
    pub tail_ms: f64,
    /// Whether a shock is to be modelled.
    pub artefact: bool,
}

/// A sweep with its time axis.
#[derive(Debug, Clone, Copy)]
pub struct Trace<'a> {
    /// Samples, microvolts.
    pub uv: &'a [f64],
    /// Sampling rate, per ms.
    pub per_ms: f64,
    /// Time of the first sample, ms after the stimulus (zero or negative).
    pub first_ms: f64,
}

impl Trace<'_> {
    /// Time of sample `i`, ms.
    pub fn time(&self, i: usize) -> f64 {
        self.first_ms + i as f64 / self.per_ms
    }

    /// Index of the first sample at or after `t` ms, within the sweep.
    pub fn index(&self, t: f64) -> usize {
        (((t - self.first_ms) * self.per_ms - 1e-6).ceil().max(0.0) as usize).min(self.uv.len())
    }

    /// Time of the last sample, ms.
    pub fn last_ms(&self) -> f64 {
        self.time(self.uv.len().saturating_sub(1))
    }
}

/// The fitted background.
#[derive(Debug, Clone)]
pub struct Background {
    model: Model,
    solution: Solution,
    /// Standard deviation of the noise, per sample, uV; slow noise counts in full.
    pub sigma_uv: f64,
    /// Mains frequency found, Hz.
    pub mains_hz: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Model {
    centre: f64,
    half: f64,
    tail: f64,
    mains_hz: Option<f64>,
    artefact: bool,
    after: f64,
    tau: [f64; 2],
}

impl Model {
    fn row(&self, t: f64, row: &mut [f64; K]) {
        let u = (t - self.centre) / self.half;
        *row = [0.0; K];
        row[0] = 1.0;
        row[1] = u;
        row[2] = 1.5 * u * u - 0.5;
        row[3] = 2.5 * u * u * u - 1.5 * u;
        if t >= self.tail {
            row[4] = 1.0;
            row[5] = (t - self.tail) / self.half;
        }
        if let Some(f) = self.mains_hz {
            // Harmonics 1, 2, 3 and 5 by the addition theorem from one sine and cosine.
            let (s1, c1) = (t * 1e-3 * f * std::f64::consts::TAU).sin_cos();
            let (s2, c2) = (2.0 * s1 * c1, c1 * c1 - s1 * s1);
            let (s3, c3) = (s2 * c1 + c2 * s1, c2 * c1 - s2 * s1);
            let (s5, c5) = (s3 * c2 + c3 * s2, c3 * c2 - s3 * s2);
            row[DRIFT + TAIL..FIXED].copy_from_slice(&[s1, c1, s2, c2, s3, c3, s5, c5]);
        }
        self.discharge(t, row);
    }

    /// The columns of the shock's discharge, counted from the end of the shock so that they keep
    /// a size near one.
    fn discharge(&self, t: f64, row: &mut [f64; K]) {
        if self.artefact && t >= 0.0 {
            for (column, tau) in row[FIXED..].iter_mut().zip(self.tau) {
                *column = (-(t - self.after) / tau).exp();
            }
        }
    }

    fn priors(&self, range: f64, sigma: f64) -> [f64; K] {
        let s2 = sigma * sigma;
        let weak = |sd: f64| s2 / (sd * sd);
        let mut prior = [0.0; K];
        prior[1] = weak(0.5 * range);
        prior[2] = weak(0.2 * range);
        prior[3] = weak(0.1 * range);
        prior[4] = weak(0.03 * range);
        prior[5] = weak(0.03 * range);
        for i in 0..MAINS / 2 {
            // Unused columns are all zero; any precision keeps the matrix definite.
            let sd = if i == 0 { 0.3 } else { 0.05 } * range;
            let p = if self.mains_hz.is_some() { weak(sd) } else { 1.0 };
            prior[DRIFT + TAIL + 2 * i] = p;
            prior[DRIFT + TAIL + 2 * i + 1] = p;
        }
        for p in &mut prior[FIXED..] {
            *p = if self.artefact { weak(3.0 * range) } else { 1.0 };
        }
        prior
    }
}

/// Averages of the quiet stretches: time, value, count.
fn points(trace: &Trace, quiet: &Quiet) -> Vec<(f64, f64, f64)> {
    let mut out = Vec::new();
    let mut stretch = |from: f64, to: f64, width: f64| {
        let (mut i, end) = (trace.index(from), trace.index(to));
        let per = ((width * trace.per_ms).round() as usize).max(1);
        while i < end {
            let stop = (i + per).min(end);
            let (mut n, mut st, mut sy) = (0.0, 0.0, 0.0);
            for k in i..stop {
                let y = trace.uv[k];
                if y.is_finite() {
                    n += 1.0;
                    st += trace.time(k);
                    sy += y;
                }
            }
            if n > 0.0 {
                out.push((st / n, sy / n, n));
            }
            i = stop;
        }
    };
    stretch(trace.first_ms, quiet.before_ms, 0.1);
    let middle = quiet.onset_ms.min(quiet.after_ms + 1.2);
    stretch(quiet.after_ms, middle, 0.0);
    stretch(middle, quiet.onset_ms, 0.05);
    stretch(quiet.tail_ms, trace.last_ms() + 1.0, 0.2);
    out
}

impl Background {
    /// Fits the quiet stretches. `range_uv`: extent of the sweep outside the shock, which scales
    /// the priors. `start`: a fit of the same sweep with other windows, to begin from. `None` when fewer than a dozen finite points remain.
    pub fn fit(trace: &Trace, quiet: &Quiet, range_uv: f64, start: Option<&Self>) -> Option<Self> {
        let points = points(trace, quiet);
        if points.len() < 12 || !(range_uv.is_finite() && range_uv > 0.0) {
            return None;
        }
        let last = trace.last_ms();
        let model = Model {
            centre: 0.5 * (trace.first_ms + last),
            half: (0.5 * (last - trace.first_ms)).max(1.0),
            tail: quiet.tail_ms,
            mains_hz: None,
            artefact: quiet.artefact,
            after: quiet.after_ms,
            tau: [TAU_PRIOR[0].0, TAU_PRIOR[1].0],
        };
        let mut sigma = start.map_or(range_uv * 1e-2, |start| start.sigma_uv);
        let mut tables = [None, Some(50.0), Some(60.0)].map(|mains_hz| Table::new(Model { mains_hz, ..model }, &points));
        for table in &mut tables {
            if let Some(start) = start {
                table.model.tau = start.model.tau;
            } else if table.model.artefact && table.model.mains_hz.is_some() {
                table.model.tau = table.grid(range_uv, sigma);
            }
        }
        tables[0].model.tau = tables[1].model.tau;
        // The noise is not known at first, and the evidence needs it: begin with the richest model.
        let mut best = None;
        for pass in 0..if start.is_some() { 2 } else { 3 } {
            let mut least = f64::INFINITY;
            for table in tables.iter_mut().skip(usize::from(pass == 0 && start.is_none())) {
                if table.model.artefact {
                    for _ in 0..3 {
                        if !table.step(range_uv, sigma) {
                            break;
                        }
                    }
                }
                if let Some(solution) = table.solve(&table.model, range_uv, sigma) {
                    let evidence = evidence(&table.model, &solution, range_uv, sigma);
                    if evidence < least {
                        least = evidence;
                        best = Some((table.model, solution));
                    }
                }
            }
            let (model, solution) = best.as_ref()?;
            sigma = residual_sigma(model, solution, trace, quiet, range_uv);
        }
        let (model, solution) = best?;
        Some(Self { mains_hz: model.mains_hz, model, solution, sigma_uv: sigma })
    }

    /// Background at `t` ms, uV. The tail's own offset is left to the response, whose
    /// after-swing it is.
    pub fn at(&self, t: f64) -> f64 {
        let mut row = [0.0; K];
        self.model.row(t, &mut row);
        row[DRIFT] = 0.0;
        row[DRIFT + 1] = 0.0;
        dot(&row, &self.solution.coefficients)
    }

    /// Standard deviation of the background at `t` ms, uV.
    pub fn sd(&self, t: f64) -> f64 {
        let mut row = [0.0; K];
        self.model.row(t, &mut row);
        row[DRIFT] = 0.0;
        row[DRIFT + 1] = 0.0;
        self.solution.variance(&row).sqrt() * self.sigma_uv
    }

    /// Amplitude of the mains fundamental, uV.
    pub fn mains_uv(&self) -> f64 {
        let c = &self.solution.coefficients;
        if self.mains_hz.is_some() { c[DRIFT + TAIL].hypot(c[DRIFT + TAIL + 1]) } else { 0.0 }
    }

    /// Size of the shock's discharge at `t` ms, uV.
    pub fn artefact_at(&self, t: f64) -> f64 {
        let mut row = [0.0; K];
        self.model.row(t, &mut row);
        dot(&row[FIXED..], &self.solution.coefficients[FIXED..])
    }

    /// How far the drift goes over the quiet parts of the sweep, the response from `onset_ms` on
    /// left out, uV.
    pub fn drift_uv(&self, onset_ms: f64) -> f64 {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for i in 0..=40 {
            let t = self.model.centre + self.model.half * (f64::from(i) / 20.0 - 1.0);
            if t > onset_ms && t < self.model.tail {
                continue;
            }
            let mut row = [0.0; K];
            self.model.row(t, &mut row);
            let value = dot(&row[1..DRIFT + TAIL], &self.solution.coefficients[1..DRIFT + TAIL]);
            low = low.min(value);
            high = high.max(value);
        }
        (high - low).max(0.0)
    }
}

/// The points with the columns that do not depend on the time constants, and their equations.
struct Table<'a> {
    model: Model,
    points: &'a [(f64, f64, f64)],
    rows: Vec<[f64; K]>,
    normal: Normal,
}

impl<'a> Table<'a> {
    fn new(model: Model, points: &'a [(f64, f64, f64)]) -> Self {
        let mut normal = Normal::new(FIXED);
        let mut rows = vec![[0.0; K]; points.len()];
        for (row, &(t, y, n)) in rows.iter_mut().zip(points) {
            model.row(t, row);
            normal.add(&row[..FIXED], y, n);
        }
        Self { model, points, rows, normal }
    }

    fn solve(&self, model: &Model, range: f64, sigma: f64) -> Option<Solution> {
        let mut normal = self.normal.widened(K);
        if model.artefact {
            for (row, &(t, y, n)) in self.rows.iter().zip(self.points) {
                if (0.0..DISCHARGED * TAU_SLOW[1]).contains(&t) {
                    let mut row = *row;
                    model.discharge(t, &mut row);
                    normal.add_columns(&row, y, n, FIXED);
                }
            }
        }
        normal.solve(&model.priors(range, sigma))
    }

    /// Best time constants of a coarse grid.
    fn grid(&self, range: f64, sigma: f64) -> [f64; 2] {
        let mut best = (f64::INFINITY, self.model.tau);
        for fast in [0.12, 0.25, 0.5] {
            for slow in [1.5, 2.8, 5.0] {
                let candidate = Model { tau: [fast, slow], ..self.model };
                if let Some(solution) = self.solve(&candidate, range, sigma)
                    && solution.cost < best.0
                {
                    best = (solution.cost, candidate.tau);
                }
            }
        }
        best.1
    }

    /// One Gauss-Newton step on the logarithms of the time constants; false when it no longer moves.
    fn step(&mut self, range: f64, sigma: f64) -> bool {
        let model = self.model;
        let Some(now) = self.solve(&model, range, sigma) else { return false };
        let mut normal = self.normal.widened(K + 2);
        let mut wide = [0.0; K + 2];
        for (row, &(t, y, n)) in self.rows.iter().zip(self.points) {
            if !(0.0..DISCHARGED * TAU_SLOW[1]).contains(&t) {
                continue;
            }
            let mut row = *row;
            model.discharge(t, &mut row);
            wide[..K].copy_from_slice(&row);
            for i in 0..2 {
                // d/d(ln tau) of a exp(-(t - after)/tau).
                wide[K + i] = now.coefficients[FIXED + i] * row[FIXED + i] * ((t - model.after) / model.tau[i]).max(0.0);
            }
            normal.add_columns(&wide, y, n, FIXED);
        }
        let mut priors = model.priors(range, sigma).to_vec();
        priors.extend(TAU_PRIOR.map(|(_, sd)| sigma * sigma / (sd * sd)));
        let Some(solution) = normal.solve(&priors) else { return false };
        let before = now.cost / (sigma * sigma) + tau_cost(&model.tau);
        let mut scale = 1.0;
        for _ in 0..3 {
            let mut next = model;
            for (i, limits) in [TAU_FAST, TAU_SLOW].iter().enumerate() {
                let move_by = (scale * solution.coefficients[K + i]).clamp(-0.5, 0.5);
                next.tau[i] = (model.tau[i].ln() + move_by).exp().clamp(limits[0], limits[1]);
            }
            if let Some(then) = self.solve(&next, range, sigma)
                && then.cost / (sigma * sigma) + tau_cost(&next.tau) < before - 0.02
            {
                self.model = next;
                return true;
            }
            scale *= 0.3;
        }
        false
    }
}

/// Minus twice the log evidence, up to a constant shared by all models.
fn evidence(model: &Model, solution: &Solution, range: f64, sigma: f64) -> f64 {
    let priors = model.priors(range, sigma);
    let prior_det: f64 = priors.iter().filter(|p| **p > 0.0).map(|p| p.ln()).sum();
    solution.cost / (sigma * sigma) + solution.log_det - prior_det + tau_cost(&model.tau)
}

fn tau_cost(tau: &[f64; 2]) -> f64 {
    tau.iter().zip(TAU_PRIOR).map(|(tau, (centre, sd))| ((tau / centre).ln() / sd).powi(2)).sum()
}

/// Noise from the residuals of the quiet stretches, in blocks of 0.3 ms so that slow noise and
/// correlated samples count with what they do to a smoothed curve.
fn residual_sigma(model: &Model, solution: &Solution, trace: &Trace, quiet: &Quiet, range: f64) -> f64 {
    let per = ((0.3 * trace.per_ms).round() as usize).max(1);
    let mut row = [0.0; K];
    let (mut raw, mut n_raw) = (0.0, 0.0);
    let mut blocks = Vec::new();
    let stretches = [(trace.first_ms, quiet.before_ms), (quiet.after_ms + 0.5, quiet.onset_ms), (quiet.tail_ms, trace.last_ms() + 1.0)];
    for (from, to) in stretches {
        let (mut i, end) = (trace.index(from), trace.index(to));
        while i + per <= end {
            let (mut sum, mut n) = (0.0, 0.0);
            for k in i..i + per {
                model.row(trace.time(k), &mut row);
                let r = trace.uv[k] - dot(&row, &solution.coefficients);
                if r.is_finite() {
                    sum += r;
                    raw += r * r;
                    n += 1.0;
                }
            }
            if n > 0.0 {
                n_raw += n;
                blocks.push(sum * sum / n);
            }
            i += per;
        }
    }
    if blocks.is_empty() {
        return (range * 1e-3).max(1e-9);
    }
    let spent = 6.0_f64.min(0.3 * blocks.len() as f64);
    let slow = blocks.iter().sum::<f64>() / (blocks.len() as f64 - spent);
    let fast = raw / n_raw;
    // Never quite zero: the priors and weights divide by it.
    fast.max(slow).sqrt().max(range * 1e-6).max(1e-9)
}
