//! The responses of one train of stimuli, taken apart together.
//!
//! The responses of a train resemble each other: each is the train's mean response, scaled, with
//! small changes of shape. What is peculiar to a sweep is background: the shock's discharge,
//! mains, drift. Both are fitted together, in turns: the mean response from all sweeps less their
//! backgrounds, and every sweep as a multiple of the mean response plus a background
//! (alternating least squares; Gaussian priors; mains by the models' evidence). A sample counts
//! the less the larger the mean response is there, since shapes may change. So the decrement does
//! not take part in the errors of single baselines.
//!
//! Contract: sweeps in microvolts, upward negative, at one rate; samples that are not finite are
//! left out. Times are ms after the stimulus. Cost: about 30 solutions of 20 columns a sweep.

use super::background::Trace;
use super::locate::locate;
use super::smooth::Spline;
use crate::analysis::linear::{Normal, dot};
use crate::dsp::robust::{SIGMA_PER_MAD, median};

/// Time constants of the shock's discharge, ms: any single one between them is nearly a sum.
const TAUS_MS: [f64; 5] = [0.15, 0.4, 1.0, 2.2, 5.0];
const DRIFT: usize = 4;
const MAINS: usize = 8;
const HARMONICS: [f64; 4] = [1.0, 2.0, 3.0, 5.0];
/// Columns: scale of the mean response, drift, discharge, mains.
const K: usize = 1 + DRIFT + TAUS_MS.len() + MAINS;
/// Changes of shape that are expected, as a share of the mean response, and as a shift, ms.
const SHAPE: f64 = 0.02;
const SHIFT_MS: f64 = 0.02;
const ROUNDS: usize = 8;
/// Distance of the knots of the smooth curves, ms.
const KNOT_MS: f64 = 0.15;
const STEP_MS: f64 = 0.01;

/// Several sweeps on one time axis.
#[derive(Debug, Clone)]
pub struct Together {
    /// Samples of every sweep, uV; all of one length.
    pub uv: Vec<Vec<f64>>,
    /// Sampling rate, per ms.
    pub per_ms: f64,
    /// Time of the first sample, ms after the stimulus.
    pub first_ms: f64,
}

impl Together {
    /// Cuts sweeps (samples, stimulus in seconds after the first) to their common stretch around
    /// the stimulus, at most `before_ms` before and `after_ms` after it. `None` when less than
    /// 5 ms remain or the rate is senseless.
    pub fn new(sweeps: &[(&[f64], f64)], fs_hz: f64, before_ms: f64, after_ms: f64) -> Option<Self> {
        if !(fs_hz.is_finite() && (500.0..=1e6).contains(&fs_hz)) || sweeps.is_empty() {
            return None;
        }
        let per_ms = fs_hz * 1e-3;
        let zero = |s: &(&[f64], f64)| {
            let at = s.1 * fs_hz;
            (at.is_finite() && at >= 0.0 && at < s.0.len() as f64).then(|| at.round() as usize)
        };
        let zeros: Vec<usize> = sweeps.iter().map(zero).collect::<Option<_>>()?;
        let lead = zeros.iter().copied().min()?.min((before_ms * per_ms) as usize);
        let rest = sweeps.iter().zip(&zeros).map(|(s, z)| s.0.len() - z).min()?.min((after_ms * per_ms) as usize);
        if (rest as f64) < 5.0 * per_ms {
            return None;
        }
        let uv = sweeps.iter().zip(&zeros).map(|(s, z)| s.0[z - lead..z + rest].to_vec()).collect();
        Some(Self { uv, per_ms, first_ms: -(lead as f64) / per_ms })
    }

    /// Time of sample `i`, ms.
    pub fn time(&self, i: usize) -> f64 {
        self.first_ms + i as f64 / self.per_ms
    }

    /// Samples a sweep.
    pub fn len(&self) -> usize {
        self.uv.first().map_or(0, Vec::len)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Index of the first sample at or after `t` ms.
    pub fn index(&self, t: f64) -> usize {
        (((t - self.first_ms) * self.per_ms - 1e-6).ceil().max(0.0) as usize).min(self.len())
    }
}

/// A train taken apart.
#[derive(Debug, Clone)]
pub struct Train {
    /// Sweeps less their backgrounds, uV.
    pub clean_uv: Vec<Vec<f64>>,
    /// The mean response, uV.
    pub mean_uv: Vec<f64>,
    /// Scale of each response against the mean.
    pub scales: Vec<f64>,
    /// What of each sweep neither background, nor the scaled mean, nor noise explains, as a share of
    /// the response (rms over rms).
    pub misfit: Vec<f64>,
    /// Noise per sample, uV.
    pub sigma_uv: f64,
    /// Mains found, Hz.
    pub mains_hz: Option<f64>,
}

fn row(t: f64, mean: f64, centre: f64, half: f64, after: f64, mains_hz: Option<f64>, out: &mut [f64; K]) {
    let u = (t - centre) / half;
    *out = [0.0; K];
    out[0] = mean;
    out[1] = 1.0;
    out[2] = u;
    out[3] = 1.5 * u * u - 0.5;
    out[4] = 2.5 * u * u * u - 1.5 * u;
    if t >= after {
        for (column, tau) in out[1 + DRIFT..].iter_mut().zip(TAUS_MS) {
            *column = (-(t - after) / tau).exp();
        }
    }
    if let Some(hz) = mains_hz {
        for (pair, h) in out[K - MAINS..].chunks_exact_mut(2).zip(HARMONICS) {
            let (s, c) = (t * 1e-3 * hz * h * std::f64::consts::TAU).sin_cos();
            pair.copy_from_slice(&[s, c]);
        }
    }
}

fn priors(range_uv: f64, sigma_uv: f64, mains: bool) -> [f64; K] {
    // The equations are in units of the noise, the scale of the mean is left free.
    let weak = |sd: f64| 1.0 / (sd * sd);
    let mut out = [0.0; K];
    let drift = [1.0 * range_uv, 0.1 * range_uv, 0.03 * range_uv, 0.01 * range_uv];
    for (p, sd) in out[1..=DRIFT].iter_mut().zip(drift) {
        *p = weak(sd.max(sigma_uv));
    }
    for p in &mut out[1 + DRIFT..K - MAINS] {
        *p = weak(range_uv);
    }
    for (i, p) in out[K - MAINS..].iter_mut().enumerate() {
        let sd = if i < 2 { 100.0 } else { 25.0 };
        *p = if mains { weak(sd) } else { 1.0 };
    }
    out
}

/// Takes a train apart. `after_ms`: end of the shock's spike; `onset_ms`: roughly where responses
/// begin; `by_average`: the first mean response is taken from the average of all sweeps less what the
/// shocks leave in it, else from their median. `None` when there is too little to fit.
pub fn separate(all: &Together, after_ms: f64, onset_ms: f64, by_average: bool) -> Option<Train> {
    let (n, len) = (all.uv.len(), all.len());
    if len < 4 * K || n == 0 {
        return None;
    }
    let last = all.time(len - 1);
    let (centre, half) = (0.5 * (all.first_ms + last), 0.5 * (last - all.first_ms));
    let usable = |t: f64| t < -0.05 || t >= after_ms;
    let mut differences = Vec::new();
    let mut extent: Vec<f64> = Vec::new();
    for uv in &all.uv {
        let from = all.index(onset_ms.max(after_ms + 1.0));
        differences.extend(uv[from..].windows(4).map(|w| (w[3] - 3.0 * w[2] + 3.0 * w[1] - w[0]).abs() / 20.0_f64.sqrt()));
        let finite = || uv[from..].iter().copied().filter(|v| v.is_finite());
        extent.push(finite().fold(f64::NEG_INFINITY, f64::max) - finite().fold(f64::INFINITY, f64::min));
    }
    let range = median(&extent);
    if !(range.is_finite() && range > 0.0) {
        return None;
    }
    // Noise is not white: its slow part is as large again over the length of a response.
    let sigma = (1.3 * SIGMA_PER_MAD * median(&differences)).max(1e-5 * range);
    let mut clean = all.uv.clone();
    for uv in &mut clean {
        let before: Vec<f64> = uv[..all.index(-0.05).max(1)].to_vec();
        let level = median(&before);
        let level = if level.is_finite() { level } else { 0.0 };
        uv.iter_mut().for_each(|v| *v -= level);
    }
    let mut mean = vec![0.0; len];
    let mut train =
        Train { clean_uv: clean, mean_uv: Vec::new(), scales: vec![1.0; n], misfit: vec![0.0; n], sigma_uv: sigma, mains_hz: None };
    let mut column = Vec::with_capacity(n);
    // What the shocks leave in the average of all sweeps is fitted to the average's quiet parts.
    let average: Vec<f64> = (0..len)
        .map(|i| {
            let values: Vec<f64> = all.uv.iter().map(|uv| uv[i]).filter(|v| v.is_finite()).collect();
            values.iter().sum::<f64>() / values.len() as f64
        })
        .collect();
    let trace = Trace { uv: &average, per_ms: all.per_ms, first_ms: all.first_ms };
    let located = if by_average { locate(&trace, after_ms, true) } else { None };
    // How large backgrounds are, learned from the train itself (expectation maximisation).
    let mut learned: Option<[f64; K]> = None;
    for round in 0..ROUNDS {
        if let (0, Some(located)) = (round, &located) {
            for (i, m) in mean.iter_mut().enumerate() {
                *m = if all.time(i) >= onset_ms && located.residual_uv[i].is_finite() { located.residual_uv[i] } else { 0.0 };
            }
        } else {
            for (i, m) in mean.iter_mut().enumerate() {
                let t = all.time(i);
                *m = 0.0;
                if t >= onset_ms {
                    column.clear();
                    column.extend(train.clean_uv.iter().map(|uv| uv[i]).filter(|v| v.is_finite()));
                    // The first mean still holds the shocks, whose signs and sizes differ.
                    *m = if round == 0 { median(&column) } else { column.iter().sum::<f64>() / column.len() as f64 };
                    *m = if m.is_finite() { *m } else { 0.0 };
                }
            }
        }
        let weights = weights(&mean, sigma, all.per_ms);
        let fit = |k: usize, mains_hz: Option<f64>| {
            let mut normal = Normal::new(K);
            let mut line = [0.0; K];
            for (i, &v) in all.uv[k].iter().enumerate() {
                let t = all.time(i);
                if usable(t) {
                    row(t, mean[i], centre, half, after_ms, mains_hz, &mut line);
                    normal.add(&line, v, weights[i]);
                }
            }
            normal.solve(learned.as_ref().unwrap_or(&priors(range, sigma, mains_hz.is_some())))
        };
        if round < 2 {
            let mut best = (f64::INFINITY, None);
            for mains_hz in [None, Some(50.0), Some(60.0)] {
                let prior: f64 = priors(range, sigma, mains_hz.is_some()).iter().filter(|p| **p > 0.0).map(|p| p.ln()).sum();
                let evidence: f64 = (0..n).map(|k| fit(k, mains_hz).map_or(0.0, |s| s.cost + s.log_det - prior)).sum();
                if evidence < best.0 {
                    best = (evidence, mains_hz);
                }
            }
            train.mains_hz = best.1;
        }
        let mut squares = [0.0; K];
        for k in 0..n {
            let Some(solution) = fit(k, train.mains_hz) else { continue };
            for (j, square) in squares.iter_mut().enumerate() {
                let mut unit = [0.0; K];
                unit[j] = 1.0;
                *square += solution.coefficients[j].powi(2) + solution.variance(&unit);
            }
            let mut line = [0.0; K];
            let (mut left, mut whole, mut noise) = (0.0, 0.0, 0.0);
            for (i, mean_uv) in mean.iter().enumerate().take(len) {
                let t = all.time(i);
                row(t, 0.0, centre, half, after_ms, train.mains_hz, &mut line);
                let clean = all.uv[k][i] - dot(&line, &solution.coefficients);
                train.clean_uv[k][i] = if usable(t) { clean } else { f64::NAN };
                let scaled = solution.coefficients[0] * mean_uv;
                if clean.is_finite() && t >= onset_ms {
                    left += (clean - scaled).powi(2);
                    whole += scaled * scaled;
                    noise += sigma * sigma;
                }
            }
            train.scales[k] = solution.coefficients[0];
            train.misfit[k] = if whole > 0.0 { ((left - noise).max(0.0) / whole).sqrt() } else { f64::NAN };
        }
        if round >= 1 {
            let mut next = priors(range, sigma, train.mains_hz.is_some());
            for j in 2..if train.mains_hz.is_some() { K } else { K - MAINS } {
                next[j] = next[j].max(n as f64 / squares[j].max((0.05 * sigma).powi(2)));
            }
            learned = Some(next);
        }
    }
    train.mean_uv = mean;
    Some(train)
}

/// Precision of every sample: noise, and what a change of shape or latency may do there.
fn weights(mean: &[f64], sigma: f64, per_ms: f64) -> Vec<f64> {
    (0..mean.len())
        .map(|i| {
            let before = mean[i.saturating_sub(2)];
            let after = mean[(i + 2).min(mean.len() - 1)];
            let slope = (after - before) * per_ms / 4.0;
            1.0 / (sigma * sigma + (SHAPE * mean[i]).powi(2) + (SHIFT_MS * slope).powi(2))
        })
        .collect()
}

/// The negative phase of one response.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Phase {
    /// Negative peak, ms.
    pub peak_ms: f64,
    /// End of the negative phase, ms.
    pub end_ms: f64,
    /// Baseline to negative peak, uV.
    pub amp_uv: f64,
    /// Area of the negative phase, uV ms.
    pub area_uvms: f64,
}

/// One response as a smooth curve: the scaled mean response, and what it has of its own.
#[derive(Debug, Clone)]
pub struct Shape {
    scale: f64,
    mean: Spline,
    rest: Spline,
    start_ms: f64,
    last_ms: f64,
}

impl Shape {
    /// The response of sweep `k`, from just before `onset_ms` on.
    pub fn new(all: &Together, train: &Train, k: usize, onset_ms: f64) -> Option<Self> {
        let (clean, scale) = (train.clean_uv.get(k)?, *train.scales.get(k)?);
        let start = all.index(onset_ms - 1.0);
        let dt = 1.0 / all.per_ms;
        let knot = KNOT_MS.max(1.5 * dt);
        let fit = |y: &[f64], sigma: f64| Spline::fit(y, all.time(start), dt, knot, sigma);
        let mean = fit(train.mean_uv.get(start..)?, train.sigma_uv / (train.scales.len() as f64).sqrt())?;
        let rest: Vec<f64> = clean.get(start..)?.iter().zip(&train.mean_uv[start..]).map(|(v, m)| v - scale * m).collect();
        let rest = fit(&rest, train.sigma_uv)?;
        Some(Self { scale, mean, rest, start_ms: all.time(start), last_ms: all.time(all.len().saturating_sub(1)) })
    }

    /// The curve at `t` ms, uV.
    pub fn at(&self, t: f64) -> f64 {
        self.scale * self.mean.at(t).0 + self.rest.at(t).0
    }

    /// The negative phase whose peak lies between `from_ms` and `to_ms`. `None` when nothing rises
    /// there.
    pub fn phase(&self, onset_ms: f64, from_ms: f64, to_ms: f64) -> Option<Phase> {
        let (mut peak_ms, mut amp_uv) = (from_ms, f64::NEG_INFINITY);
        let mut t = from_ms.max(self.start_ms);
        while t <= to_ms.min(self.last_ms) {
            let value = self.at(t);
            if value > amp_uv {
                (peak_ms, amp_uv) = (t, value);
            }
            t += STEP_MS;
        }
        (amp_uv.is_finite() && amp_uv > 0.0).then(|| self.between(onset_ms, peak_ms, None))
    }

    /// The negative phase for given times; without an end, at the return through the baseline.
    pub fn between(&self, onset_ms: f64, peak_ms: f64, end_ms: Option<f64>) -> Phase {
        let onset_ms = onset_ms.clamp(self.start_ms, self.last_ms);
        let end_ms = end_ms.unwrap_or_else(|| {
            let mut end = peak_ms.max(self.start_ms);
            while end < self.last_ms && self.at(end) > 0.0 {
                end += STEP_MS;
            }
            end
        });
        let mut rise = peak_ms.min(self.last_ms);
        while rise > onset_ms && self.at(rise) > 0.0 {
            rise -= STEP_MS;
        }
        let steps = ((end_ms - rise) / (2.0 * STEP_MS)).ceil().clamp(1.0, 100_000.0);
        let h = (end_ms - rise) / steps;
        let area_uvms = (0..steps as usize).map(|i| self.at(rise + (i as f64 + 0.5) * h).max(0.0) * h).sum();
        Phase { peak_ms, end_ms, amp_uv: self.at(peak_ms), area_uvms }
    }
}
