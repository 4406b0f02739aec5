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
/// Harmonics of mains that are modelled.
const HARMONICS: [f64; 4] = [1.0, 2.0, 3.0, 5.0];
/// Columns: drift (4), tail (2), mains (8), exponentials (2) and their derivatives (2).
const DRIFT: usize = 4;
const TAIL: usize = 2;
const MAINS: usize = 8;
const K: usize = DRIFT + TAIL + MAINS + 2;

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
            for (i, h) in HARMONICS.iter().enumerate() {
                let (s, c) = (t * 1e-3 * f * h * std::f64::consts::TAU).sin_cos();
                row[DRIFT + TAIL + 2 * i] = s;
                row[DRIFT + TAIL + 2 * i + 1] = c;
            }
        }
        if self.artefact && t >= 0.0 {
            // Counted from the end of the shock, so that the columns keep a size near one.
            for (i, tau) in self.tau.iter().enumerate() {
                row[K - 2 + i] = (-(t - self.after) / tau).exp();
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
        for i in 0..HARMONICS.len() {
            // Unused columns are all zero; any precision keeps the matrix definite.
            let sd = if i == 0 { 0.3 } else { 0.05 } * range;
            let p = if self.mains_hz.is_some() { weak(sd) } else { 1.0 };
            prior[DRIFT + TAIL + 2 * i] = p;
            prior[DRIFT + TAIL + 2 * i + 1] = p;
        }
        for p in &mut prior[K - 2..] {
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
    /// the priors. `None` when fewer than a dozen finite points remain.
    pub fn fit(trace: &Trace, quiet: &Quiet, range_uv: f64) -> Option<Self> {
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
        let mut sigma = range_uv * 1e-2;
        let mut fitted = (model, None, f64::INFINITY);
        for pass in 0..3 {
            let mut best = (model, None, f64::INFINITY);
            for mains_hz in [None, Some(50.0), Some(60.0)] {
                if pass == 0 && mains_hz.is_none() {
                    continue;
                }
                let mut candidate = Model { mains_hz, ..if pass == 0 { model } else { fitted.0 } };
                if candidate.artefact {
                    if pass == 0 {
                        candidate.tau = grid(&candidate, &points, range_uv, sigma);
                    }
                    for _ in 0..4 {
                        if !step(&mut candidate, &points, range_uv, sigma) {
                            break;
                        }
                    }
                }
                if let Some(solution) = solve(&candidate, &points, range_uv, sigma) {
                    let evidence = evidence(&candidate, &solution, range_uv, sigma);
                    if evidence < best.2 {
                        best = (candidate, Some(solution), evidence);
                    }
                }
            }
            let solution = best.1.as_ref()?;
            sigma = residual_sigma(&best.0, solution, trace, quiet, range_uv);
            fitted = best;
        }
        let (model, solution, _) = fitted;
        Some(Self { mains_hz: model.mains_hz, model, solution: solution?, sigma_uv: sigma })
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
        dot(&row[K - 2..], &self.solution.coefficients[K - 2..])
    }

    /// How far the drift goes over the sweep, uV.
    pub fn drift_uv(&self) -> f64 {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for i in 0..=40 {
            let mut row = [0.0; K];
            self.model.row(self.model.centre + self.model.half * (f64::from(i) / 20.0 - 1.0), &mut row);
            let value = dot(&row[1..DRIFT], &self.solution.coefficients[1..DRIFT]);
            low = low.min(value);
            high = high.max(value);
        }
        high - low
    }
}

fn solve(model: &Model, points: &[(f64, f64, f64)], range: f64, sigma: f64) -> Option<Solution> {
    let mut normal = Normal::new(K);
    let mut row = [0.0; K];
    for &(t, y, n) in points {
        model.row(t, &mut row);
        normal.add(&row, y, n);
    }
    normal.solve(&model.priors(range, sigma))
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

/// Best time constants of a coarse grid.
fn grid(model: &Model, points: &[(f64, f64, f64)], range: f64, sigma: f64) -> [f64; 2] {
    let mut best = (f64::INFINITY, model.tau);
    for fast in [0.1, 0.17, 0.27, 0.45, 0.7] {
        for slow in [1.4, 2.2, 3.5, 5.5] {
            let candidate = Model { tau: [fast, slow], ..*model };
            if let Some(solution) = solve(&candidate, points, range, sigma)
                && solution.cost < best.0
            {
                best = (solution.cost, candidate.tau);
            }
        }
    }
    best.1
}

/// One Gauss-Newton step on the logarithms of the time constants; false when it no longer moves.
fn step(model: &mut Model, points: &[(f64, f64, f64)], range: f64, sigma: f64) -> bool {
    let Some(now) = solve(model, points, range, sigma) else { return false };
    let mut normal = Normal::new(K + 2);
    let mut row = [0.0; K];
    let mut wide = [0.0; K + 2];
    for &(t, y, n) in points {
        model.row(t, &mut row);
        wide[..K].copy_from_slice(&row);
        for i in 0..2 {
            // d/d(ln tau) of a exp(-(t - after)/tau).
            wide[K + i] = now.coefficients[K - 2 + i] * row[K - 2 + i] * ((t - model.after) / model.tau[i]).max(0.0);
        }
        normal.add(&wide, y, n);
    }
    let mut priors = model.priors(range, sigma).to_vec();
    for i in 0..2 {
        priors.push(sigma * sigma / TAU_PRIOR[i].1.powi(2));
    }
    let Some(solution) = normal.solve(&priors) else { return false };
    let before = now.cost / (sigma * sigma) + tau_cost(&model.tau);
    let mut scale = 1.0;
    for _ in 0..4 {
        let mut next = *model;
        for (i, limits) in [TAU_FAST, TAU_SLOW].iter().enumerate() {
            let move_by = (scale * solution.coefficients[K + i]).clamp(-0.5, 0.5);
            next.tau[i] = (model.tau[i].ln() + move_by).exp().clamp(limits[0], limits[1]);
        }
        if let Some(then) = solve(&next, points, range, sigma)
            && then.cost / (sigma * sigma) + tau_cost(&next.tau) < before - 1e-3
        {
            *model = next;
            return true;
        }
        scale *= 0.3;
    }
    false
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
