//! The foot of a response: where the rising phase leaves the baseline.
//!
//! The onset of a compound potential is where the noise-free wave reaches one percent of its
//! negative peak; on a noisy sweep that level may lie under the noise. So the whole rise from
//! the baseline to about half the peak is fitted with a smooth curve, `exp` of a cubic in time,
//! and the curve is followed down to the level. Samples weigh by noise and by a few percent of
//! the curve's own height: on a clean sweep the lowest part decides, on a noisy one all of it.
//!
//! Contract: samples that are not finite are left out. Cost: about 20 solutions of a 5 x 5 system.

use crate::analysis::linear::{Small, dot};

/// Model error as a fraction of the curve's height.
const MODEL_ERROR: f64 = 0.03;
/// Times that the unit of time is corrected.
const ROUNDS: usize = 3;
/// Parameters: offset, and the cubic's four.
const P: usize = 5;

/// A rising phase to be followed down.
#[derive(Debug, Clone, Copy)]
pub struct Rise<'a> {
    /// Samples less background, uV, rising upwards.
    pub uv: &'a [f64],
    /// Time of the first of them, ms.
    pub first_ms: f64,
    /// Sampling rate, per ms.
    pub per_ms: f64,
    /// Where the smoothed wave passes 10 % of the peak, ms.
    pub t10_ms: f64,
    /// Where it passes 50 %, ms.
    pub t50_ms: f64,
    /// Where the fit ends, ms: lower than 50 % on a clean sweep.
    pub top_ms: f64,
    /// Height of the peak, uV.
    pub peak_uv: f64,
    /// Noise per sample, uV.
    pub sigma_uv: f64,
    /// Uncertainty of the background at the foot, uV.
    pub baseline_sd_uv: f64,
}

/// A fitted rise: offset, cubic, and the equations at the solution.
struct Fit {
    c: [f64; P],
    normal: Small<P>,
    t10: f64,
    width: f64,
}

impl Fit {
    fn log(&self, s: f64) -> f64 {
        self.c[1] + s * (self.c[2] + s * (self.c[3] + s * self.c[4]))
    }

    /// Where the logarithm reaches `target`, in units of the width from the 10 % point; looked
    /// for downwards while the curve still falls, upwards to `highest`.
    fn reaches(&self, target: f64, lowest: f64, highest: f64) -> Option<f64> {
        let h = 0.02;
        let mut s = 0.0;
        if self.log(0.0) < target {
            while self.log(s) < target {
                s += h;
                if s > highest {
                    return None;
                }
            }
        } else {
            while self.log(s) > target {
                s -= h;
                if self.log(s) > self.log(s + h) || s < lowest {
                    return None;
                }
            }
            s += h;
        }
        let (mut low, mut high) = (s - h, s);
        for _ in 0..40 {
            let m = 0.5 * (low + high);
            if self.log(m) < target { low = m } else { high = m }
        }
        Some(0.5 * (low + high))
    }
}

/// Where the fitted rise reaches `level_uv`: the time and its standard deviation (ms), or `None`
/// when no rise could be fitted.
pub fn reach(rise: &Rise, level_uv: f64) -> Option<(f64, f64)> {
    let shortest = 2.0 / rise.per_ms;
    let mut fit = fit(rise, rise.t10_ms, (rise.t50_ms - rise.t10_ms).max(shortest))?;
    // The smoothed wave of a noisy sweep rises too slowly; the fitted one has the better 10 and
    // 50 % points, in whose units the priors are stated.
    for _ in 0..ROUNDS {
        if rise.top_ms < rise.t50_ms - 1e-6 {
            break;
        }
        let at = |share: f64| fit.reaches((share * rise.peak_uv).ln(), -1.0, 1.6);
        let (Some(s10), Some(s50)) = (at(0.1), at(0.5)) else { break };
        let (t10, width) = (fit.t10 + fit.width * s10, fit.width * (s50 - s10));
        if width.is_nan() || width < shortest || ((width - fit.width).abs() < 1e-3 && (t10 - fit.t10).abs() < 1e-3) {
            break;
        }
        fit = self::fit(rise, t10, width)?;
    }
    let target = level_uv.max(f64::MIN_POSITIVE).ln();
    let s = fit.reaches(target, -(1.0 + fit.width) / fit.width, 1.5)?;
    let slope = fit.c[2] + s * (2.0 * fit.c[3] + s * 3.0 * fit.c[4]);
    let row = [0.0, 1.0, s, s * s, s * s * s];
    let sd = fit.normal.variance(&row).map_or(f64::NAN, |variance| variance.sqrt() * fit.width / slope.abs());
    Some((fit.t10 + fit.width * s, sd))
}

/// Fits offset and cubic by damped Gauss-Newton steps.
fn fit(rise: &Rise, t10: f64, width: f64) -> Option<Fit> {
    let mut kept = [0.0, (0.1 * rise.peak_uv).ln(), START[0], START[1], START[2]];
    let (mut normal, mut cost) = linearise(rise, &kept, t10, width);
    let mut damping = 1e-3;
    for _ in 0..40 {
        let weight = damping / (rise.sigma_uv * rise.sigma_uv).max(1e-12);
        let step = normal.solve(&[weight, damping, damping, damping, damping])?;
        let mut next = kept;
        for (i, (value, d)) in next.iter_mut().zip(&step).enumerate() {
            *value += if i == 0 { *d } else { d.clamp(-1.0, 1.0) };
        }
        let (there, then) = linearise(rise, &next, t10, width);
        if then < cost {
            let gain = cost - then;
            (kept, normal, cost) = (next, there, then);
            damping = (damping * 0.2_f64).max(1e-9);
            if gain < 1e-4 {
                break;
            }
        } else {
            damping *= 10.0;
            if damping > 1e8 {
                break;
            }
        }
    }
    Some(Fit { c: kept, normal, t10, width })
}

/// Where the descent begins: the middle of the priors below.
const START: [f64; 3] = [2.65, -1.45, 0.44];

/// What feet look like, as priors on combinations of the cubic's coefficients: the weights of
/// the three, mean and standard deviation. Time runs from the 10 % point in units of the way
/// from 10 to 50 %.
const SHAPE: [([f64; 3], f64, f64); 3] = [
    // From 10 to 50 % the logarithm rises by ln 5.
    ([1.0, 1.0, 1.0], 1.62, 0.06),
    // How steep the foot is.
    ([-0.3, 0.09, -0.027], -0.945, 0.15),
    // A foot that is steep above is steep below: the two falls go together.
    ([-0.6 + 0.3 * 2.95, 0.36 - 0.09 * 2.95, -0.216 + 0.027 * 2.95], 0.55, 0.06),
];

fn linearise(rise: &Rise, c: &[f64; P], t10: f64, width: f64) -> (Small<P>, f64) {
    let from = t10 - (1.0 + width);
    let mut normal = Small::default();
    let mut cost = 0.0;
    let s2 = rise.sigma_uv * rise.sigma_uv;
    let highest = (2.0 * rise.peak_uv).ln();
    // Logarithms of the variances: that of their product, in parts that cannot overflow.
    let mut product = 1.0_f64;
    let start = ((from - rise.first_ms) * rise.per_ms).ceil().max(0.0) as usize;
    for (i, &y) in rise.uv.iter().enumerate().skip(start) {
        let t = rise.first_ms + i as f64 / rise.per_ms;
        if t > rise.top_ms {
            break;
        }
        if !y.is_finite() {
            continue;
        }
        let s = (t - t10) / width;
        let q = (c[1] + s * (c[2] + s * (c[3] + s * c[4]))).min(highest);
        let f = q.exp();
        // The weight of the variance's logarithm keeps the curve from growing to hide its errors.
        let variance = s2 + (MODEL_ERROR * f).powi(2);
        let r = y - c[0] - f;
        normal.add(&[1.0, f, f * s, f * s * s, f * s * s * s], r, 1.0 / variance);
        cost += r * r / variance;
        product *= variance;
        if !(1e-100..1e100).contains(&product) {
            cost += product.ln();
            product = 1.0;
        }
    }
    cost += product.ln();
    let b2 = rise.baseline_sd_uv.powi(2) + 1e-4 * s2;
    normal.add(&[1.0, 0.0, 0.0, 0.0, 0.0], -c[0], 1.0 / b2);
    cost += c[0] * c[0] / b2;
    for (weights, mean, sd) in &SHAPE {
        let row = [0.0, 0.0, weights[0], weights[1], weights[2]];
        let miss = mean - dot(&row, c);
        normal.add(&row, miss, 1.0 / (sd * sd));
        cost += (miss / sd).powi(2);
    }
    (normal, cost)
}
