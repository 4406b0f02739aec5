//! What else than the response is in an averaged sensory sweep: drift, the electrodes' discharge
//! after the shock, mains. Linear with Gaussian priors, so that it can be taken out of anything.
//!
//! The discharge is a sum of exponentials of seven fixed time constants: together they follow any
//! decay of some exponentials to well under the noise, without a search.
//!
//! Contract: the points are finite. Cost: `points * 19^2 / 2` multiplications once.

use crate::analysis::linear::{Normal, Solution, dot};

/// Time constants, ms, and the prior standard deviation of each exponential at the reference, as a
/// share of what the sweep does just behind the shock.
const DISCHARGE: [(f64, f64); 7] = [(0.12, 3.3), (0.25, 2.0), (0.5, 1.0), (1.0, 0.5), (2.0, 0.27), (4.0, 0.17), (8.0, 0.13)];
/// The discharge counts from here, ms.
const REFERENCE_MS: f64 = 0.3;
/// How the discharge is as large as it gets, ms behind the stimulus.
const BEHIND_MS: f64 = 1.2;
const DRIFT: usize = 4;
const HARMONICS: [f64; 4] = [1.0, 2.0, 3.0, 5.0];
/// Columns of the richest model.
pub const FIXED: usize = DRIFT + DISCHARGE.len() + 2 * HARMONICS.len();

/// Times after the stimulus, ms, and values, uV.
#[derive(Debug, Clone, Default)]
pub struct Points {
    /// Times, ms, rising.
    pub t: Vec<f64>,
    /// Values, uV.
    pub y: Vec<f64>,
}

/// Background of one sweep, fitted.
#[derive(Debug, Clone)]
pub struct Fixed {
    span_ms: [f64; 2],
    /// Mains frequency in the model, Hz.
    pub mains_hz: Option<f64>,
    discharge: bool,
    /// Columns at each point.
    pub rows: Vec<[f64; FIXED]>,
    /// Values less the background, uV.
    pub rest: Vec<f64>,
    /// The background's coefficients.
    pub solution: Solution,
    /// Log evidence.
    pub evidence: f64,
}

fn columns(t: f64, [first, last]: [f64; 2], mains_hz: Option<f64>, discharge: bool) -> [f64; FIXED] {
    let mut row = [0.0; FIXED];
    let u = (2.0 * t - first - last) / (last - first).max(1e-9);
    row[..DRIFT].copy_from_slice(&[1.0, u, 1.5 * u * u - 0.5, 2.5 * u * u * u - 1.5 * u]);
    if discharge && t >= 0.0 {
        for (column, (tau, _)) in row[DRIFT..].iter_mut().zip(DISCHARGE) {
            *column = (-(t - REFERENCE_MS).max(0.0) / tau).exp();
        }
    }
    if let Some(hz) = mains_hz {
        for (pair, h) in row[DRIFT + DISCHARGE.len()..].chunks_exact_mut(2).zip(HARMONICS) {
            let (sine, cosine) = (std::f64::consts::TAU * h * hz * t * 1e-3).sin_cos();
            pair.copy_from_slice(&[sine, cosine]);
        }
    }
    row
}

/// Precisions of the columns. Everything scales with the sweep, so that the unit does not matter.
fn precisions(points: &Points, range_uv: f64, mains_hz: Option<f64>) -> [f64; FIXED] {
    let mut out = [1.0; FIXED];
    let p = |sd: f64| 1.0 / (sd * sd);
    let level = points.y.iter().sum::<f64>() / points.y.len().max(1) as f64;
    out[..DRIFT].copy_from_slice(&[p(10.0 * range_uv + 3.0 * level.abs()), p(0.6 * range_uv), p(0.3 * range_uv), p(0.2 * range_uv)]);
    let behind = points.t.iter().zip(&points.y).filter(|(t, _)| (0.0..BEHIND_MS).contains(*t));
    let steep = behind.fold(range_uv, |steep, (_, y)| steep.max((y - level).abs()));
    for (out, (_, share)) in out[DRIFT..].iter_mut().zip(DISCHARGE) {
        *out = p(share * steep);
    }
    if mains_hz.is_some() {
        for (pair, share) in out[DRIFT + DISCHARGE.len()..].chunks_exact_mut(2).zip([0.3, 0.06, 0.1, 0.06]) {
            pair.copy_from_slice(&[p(share * range_uv), p(share * range_uv)]);
        }
    }
    out
}

impl Fixed {
    /// Fits background alone. `sigma_uv`: noise a point; `range_uv`: extent of the sweep, which
    /// scales the priors. `None` for points that cannot carry it.
    pub fn fit(points: &Points, sigma_uv: f64, range_uv: f64, mains_hz: Option<f64>, discharge: bool) -> Option<Self> {
        let span_ms = [*points.t.first()?, *points.t.last()?];
        let rows: Vec<[f64; FIXED]> = points.t.iter().map(|t| columns(*t, span_ms, mains_hz, discharge)).collect();
        let weight = 1.0 / (sigma_uv * sigma_uv);
        let mut normal = Normal::new(FIXED);
        for (row, y) in rows.iter().zip(&points.y) {
            normal.add(row, *y, weight);
        }
        let prior = precisions(points, range_uv, mains_hz);
        let solution = normal.solve(&prior)?;
        let rest = rows.iter().zip(&points.y).map(|(row, y)| y - dot(row, &solution.coefficients)).collect();
        let prior_det: f64 = prior.iter().map(|p| p.ln()).sum();
        let evidence = -0.5 * (solution.cost + solution.log_det - prior_det);
        Some(Self { span_ms, mains_hz, discharge, rows, rest, solution, evidence })
    }

    /// The better of the models without mains and with mains of 50 or 60 Hz.
    pub fn best(points: &Points, sigma_uv: f64, range_uv: f64, discharge: bool) -> Option<Self> {
        // What the evidence must win for mains to be believed.
        const CLEARLY: f64 = 3.0;
        let mut best: Option<Self> = None;
        for hz in [None, Some(50.0), Some(60.0)] {
            if let Some(now) = Self::fit(points, sigma_uv, range_uv, hz, discharge)
                && best.as_ref().is_none_or(|best| now.evidence > best.evidence + CLEARLY)
            {
                best = Some(now);
            }
        }
        best
    }

    /// The same model with these coefficients: the background of a joint fit.
    pub fn with(&self, coefficients: Vec<f64>) -> Background {
        Background { span_ms: self.span_ms, mains_hz: self.mains_hz, discharge: self.discharge, coefficients }
    }
}

/// A background to be subtracted.
#[derive(Debug, Clone)]
pub struct Background {
    span_ms: [f64; 2],
    /// Mains frequency, Hz.
    pub mains_hz: Option<f64>,
    discharge: bool,
    coefficients: Vec<f64>,
}

impl Background {
    fn part(&self, t: f64, from: usize, to: usize) -> f64 {
        let row = columns(t, self.span_ms, self.mains_hz, self.discharge);
        dot(&row[from..to], self.coefficients.get(from..to).unwrap_or(&[]))
    }

    /// Drift, mains and discharge at `t` ms, uV.
    pub fn at(&self, t: f64) -> f64 {
        self.part(t, 0, FIXED)
    }

    /// Drift and mains alone.
    pub fn slow_at(&self, t: f64) -> f64 {
        self.at(t) - self.discharge_at(t)
    }

    /// The electrodes' discharge alone.
    pub fn discharge_at(&self, t: f64) -> f64 {
        self.part(t, DRIFT, DRIFT + DISCHARGE.len())
    }

    /// Amplitude of the mains fundamental, uV.
    pub fn mains_uv(&self) -> f64 {
        let first = DRIFT + DISCHARGE.len();
        match (self.mains_hz, self.coefficients.get(first..first + 2)) {
            (Some(_), Some([a, b])) => a.hypot(*b),
            _ => 0.0,
        }
    }

    /// Extent of the drift over the sweep, uV.
    pub fn drift_uv(&self) -> f64 {
        let [first, last] = self.span_ms;
        let values = (0..=40).map(|i| self.part(first + (last - first) * f64::from(i) / 40.0, 0, DRIFT));
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        (high - low).max(0.0)
    }
}
