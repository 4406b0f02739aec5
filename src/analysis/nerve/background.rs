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
//! the windows are averaged into a hundred or two points first; see `discharge` for the trials.

use super::columns::{DRIFT, FIXED, K, Model, TAIL};
use super::discharge::{Point, TAU_PRIOR, Table};
use crate::analysis::linear::{Solution, dot};

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
    /// Whether the fit that this one began from found the same mains.
    agreed: bool,
}

/// Evidence, as minus twice its logarithm, that better time constants may make up for.
const IN_REACH: f64 = 12.0;

/// Averages of the quiet stretches.
fn points(trace: &Trace, quiet: &Quiet) -> Vec<Point> {
    let mut out = Vec::with_capacity(256);
    let mut stretch = |from: f64, to: f64, width: f64| {
        let (from, to) = (trace.index(from), trace.index(to));
        let per = ((width * trace.per_ms).round() as usize).max(1);
        let mut i = from;
        for values in trace.uv.get(from..to).unwrap_or(&[]).chunks(per) {
            let (mut n, mut st, mut sy, mut syy) = (0.0, 0.0, 0.0, 0.0);
            // Deviations from one of the values: an offset would cost digits.
            let about = values.iter().copied().find(|y| y.is_finite()).unwrap_or(0.0);
            for (k, y) in values.iter().enumerate() {
                if y.is_finite() {
                    let d = y - about;
                    n += 1.0;
                    st += k as f64;
                    sy += d;
                    syy += d * d;
                }
            }
            if n > 0.0 {
                out.push(Point { t: trace.time(i) + st / n / trace.per_ms, y: about + sy / n, n, within: (syy - sy * sy / n).max(0.0) });
            }
            i += values.len();
        }
    };
    stretch(trace.first_ms, quiet.before_ms, 0.3);
    let middle = quiet.onset_ms.min(quiet.after_ms + 1.2);
    let late = quiet.onset_ms.min(quiet.after_ms + 3.0).max(middle);
    stretch(quiet.after_ms, middle, 0.0);
    stretch(middle, late, 0.1);
    stretch(late, quiet.onset_ms, 0.2);
    stretch(quiet.tail_ms, trace.last_ms() + 1.0, 0.3);
    out
}

impl Background {
    /// Fits the quiet stretches. `range_uv`: extent of the sweep outside the shock, which scales
    /// the priors. `start`: a fit of the same sweep with other windows, to begin from.
    /// Also gives the sweep less the background as [`Self::at`] has it, uV. `None` when fewer than a dozen finite points remain.
    pub fn fit(trace: &Trace, quiet: &Quiet, range_uv: f64, start: Option<&Self>) -> Option<(Self, Vec<f64>)> {
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
            tau: start.map_or([TAU_PRIOR[0].0, TAU_PRIOR[1].0], |start| start.model.tau),
        };
        let mut sigma = start.map_or(range_uv * 1e-2, |start| start.sigma_uv);
        // Which mains there is does not change any more once two fits have agreed.
        let choices: &[Option<f64>] = match start {
            Some(start) if start.agreed => std::slice::from_ref(&start.mains_hz),
            _ => &[Some(50.0), Some(60.0), None],
        };
        let mut tables: Vec<Table> = Vec::with_capacity(choices.len());
        for mains_hz in choices {
            let table = match tables.first() {
                Some(first) if mains_hz.is_none() => first.without_mains(),
                _ => Table::new(Model { mains_hz: *mains_hz, ..model }, &points, range_uv),
            };
            tables.push(table);
        }
        let mut chosen = match start {
            Some(start) => choices.iter().position(|mains_hz| *mains_hz == start.mains_hz)?,
            None => {
                // The noise is not known at first, and the evidence needs it: begin with the
                // richest models.
                for table in &mut tables[..2] {
                    table.at_noise(sigma);
                    if model.artefact {
                        table.grid();
                    }
                    table.settle();
                }
                let [first, second] = [0, 1].map(|i| tables[i].evidence());
                let (first, second) = (first?, second?);
                let chosen = usize::from(second.0 < first.0);
                sigma = tables[chosen].left(if chosen == 0 { &first.1 } else { &second.1 });
                tables[2].model.tau = tables[chosen].model.tau;
                chosen
            }
        };
        for pass in 0..2 {
            tables[chosen].at_noise(sigma);
            tables[chosen].settle();
            let (mut least, mut coefficients) = tables[chosen].evidence()?;
            if pass == 0 {
                let tau = tables[chosen].model.tau;
                for (index, table) in tables.iter_mut().enumerate() {
                    if choices.get(index) == choices.get(chosen) {
                        continue;
                    }
                    table.at_noise(sigma);
                    if start.is_some() {
                        table.model.tau = tau;
                    }
                    let Some(mut there) = table.evidence() else { continue };
                    if there.0 < least + IN_REACH {
                        table.settle();
                        there = table.evidence()?;
                    }
                    if there.0 < least {
                        (least, coefficients) = there;
                        chosen = index;
                    }
                }
            }
            sigma = tables[chosen].left(&coefficients);
        }
        let table = &mut tables[chosen];
        table.at_noise(sigma);
        let solution = table.solution()?;
        let mains_hz = table.model.mains_hz;
        let agreed = start.is_some_and(|start| start.mains_hz == mains_hz);
        let mut fitted = Self { mains_hz, agreed, model: table.model, solution, sigma_uv: sigma };
        let mut residual = fitted.residual(trace);
        fitted.sigma_uv = residual_sigma(&residual, trace, quiet, range_uv);
        // The tail's own offset is left to the response, whose after-swing it is.
        let c = &fitted.solution.coefficients;
        let (level, slope) = (c[DRIFT], c[DRIFT + 1] / fitted.model.half);
        let from = trace.index(quiet.tail_ms);
        for (k, r) in residual.iter_mut().enumerate().skip(from) {
            *r += level + slope * (trace.time(k) - quiet.tail_ms);
        }
        Some((fitted, residual))
    }

    /// The sweep less the background, the tail's own level included, uV.
    fn residual(&self, trace: &Trace) -> Vec<f64> {
        let mut out = Vec::with_capacity(trace.uv.len());
        let model = &self.model;
        let mut c = [0.0; K];
        for (to, from) in c.iter_mut().zip(&self.solution.coefficients) {
            *to = *from;
        }
        // The drift by powers of u.
        let drift = [c[0] - 0.5 * c[2], c[1] - 1.5 * c[3], 1.5 * c[2], 2.5 * c[3]];
        let m = &c[DRIFT + TAIL..FIXED];
        let step = 1.0 / trace.per_ms;
        let turn_per_ms = model.mains_hz.map(|f| f * 1e-3 * std::f64::consts::TAU);
        let (step_s, step_c) = turn_per_ms.map_or((0.0, 1.0), |turn| (turn * step).sin_cos());
        let fall = model.tau.map(|tau| (-step / tau).exp());
        // Sines and exponentials go on from sample to sample; each stretch begins exactly.
        for (block, values) in trace.uv.chunks(64).enumerate() {
            let start = trace.time(64 * block);
            let (mut s1, mut c1) = turn_per_ms.map_or((0.0, 1.0), |turn| (start * turn).sin_cos());
            let mut e = [0.0; 2];
            let mut discharging = false;
            for (k, y) in values.iter().enumerate() {
                let t = start + k as f64 * step;
                let u = (t - model.centre) / model.half;
                let mut value = drift[0] + u * (drift[1] + u * (drift[2] + u * drift[3]));
                if t >= model.tail {
                    value += c[DRIFT] + c[DRIFT + 1] * (t - model.tail) / model.half;
                }
                if turn_per_ms.is_some() {
                    let (s2, c2) = (2.0 * s1 * c1, c1 * c1 - s1 * s1);
                    let (s3, c3) = (s2 * c1 + c2 * s1, c2 * c1 - s2 * s1);
                    let (s5, c5) = (s3 * c2 + c3 * s2, c3 * c2 - s3 * s2);
                    value += m[0] * s1 + m[1] * c1 + m[2] * s2 + m[3] * c2 + m[4] * s3 + m[5] * c3 + m[6] * s5 + m[7] * c5;
                    (s1, c1) = (s1 * step_c + c1 * step_s, c1 * step_c - s1 * step_s);
                }
                if model.artefact && t >= 0.0 {
                    if discharging {
                        e[0] *= fall[0];
                        e[1] *= fall[1];
                    } else {
                        e = model.tau.map(|tau| (-(t - model.after) / tau).exp());
                        discharging = true;
                    }
                    value += c[FIXED] * e[0] + c[FIXED + 1] * e[1];
                }
                out.push(y - value);
            }
        }
        out
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

/// Noise from the residuals of the quiet stretches, in blocks of 0.3 ms so that slow noise and
/// correlated samples count with what they do to a smoothed curve.
fn residual_sigma(residual: &[f64], trace: &Trace, quiet: &Quiet, range: f64) -> f64 {
    let per = ((0.3 * trace.per_ms).round() as usize).max(1);
    let (mut raw, mut n_raw, mut slow, mut blocks) = (0.0, 0.0, 0.0, 0.0);
    let stretches = [(trace.first_ms, quiet.before_ms), (quiet.after_ms + 0.5, quiet.onset_ms), (quiet.tail_ms, trace.last_ms() + 1.0)];
    for (from, to) in stretches {
        for block in residual.get(trace.index(from)..trace.index(to)).unwrap_or(&[]).chunks_exact(per) {
            let (mut sum, mut n) = (0.0, 0.0);
            for r in block.iter().filter(|r| r.is_finite()) {
                sum += r;
                raw += r * r;
                n += 1.0;
            }
            if n > 0.0 {
                n_raw += n;
                slow += sum * sum / n;
                blocks += 1.0;
            }
        }
    }
    if blocks == 0.0 {
        return (range * 1e-3).max(1e-9);
    }
    let slow = slow / (blocks - 6.0_f64.min(0.3 * blocks));
    let fast = raw / n_raw;
    // Never quite zero: the priors and weights divide by it.
    fast.max(slow).sqrt().max(range * 1e-6).max(1e-9)
}
