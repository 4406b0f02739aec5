//! Penalised cubic splines: a smooth curve through a noisy response.
//!
//! P-splines (Eilers and Marx, Statistical Science 1996;11:89): cubic B-splines on equal knots,
//! third differences of the coefficients penalised, the weight of the penalty chosen by the
//! marginal likelihood at known noise. The noisier the sweep, the smoother the curve; at high
//! signal-to-noise ratio it follows every sample.
//!
//! Contract: samples that are not finite are left out. Cost: linear in samples and knots.

// The basis functions of a knot interval are addressed by their number.
#![allow(clippy::needless_range_loop)]

use crate::analysis::linear::Banded;

/// Order of the difference penalty.
const ORDER: [f64; 4] = [-1.0, 3.0, -3.0, 1.0];

/// A cubic spline on equal knots.
#[derive(Debug, Clone)]
pub struct Spline {
    start: f64,
    step: f64,
    coefficients: Vec<f64>,
}

/// Cubic B-spline basis at fraction `u` of a knot interval, and its derivative by `u`.
fn basis(u: f64) -> ([f64; 4], [f64; 4]) {
    let v = 1.0 - u;
    let b = [
        v * v * v / 6.0,
        (3.0 * u * u * u - 6.0 * u * u + 4.0) / 6.0,
        (-3.0 * u * u * u + 3.0 * u * u + 3.0 * u + 1.0) / 6.0,
        u * u * u / 6.0,
    ];
    let d = [-v * v / 2.0, (3.0 * u * u - 4.0 * u) / 2.0, (-3.0 * u * u + 2.0 * u + 1.0) / 2.0, u * u / 2.0];
    (b, d)
}

impl Spline {
    /// Fits `y` (one value each `dt`, the first at `t0`, in any unit of time) with knots every
    /// `step`, for white noise of standard deviation `sigma`. `None` without enough samples.
    pub fn fit(y: &[f64], t0: f64, dt: f64, step: f64, sigma: f64) -> Option<Self> {
        if y.len() < 8 || !(dt > 0.0 && step >= dt && sigma > 0.0) {
            return None;
        }
        let span = (y.len() - 1) as f64 * dt;
        let n = (span / step).ceil() as usize + 3;
        let mut gram = Banded::new(n, 3);
        let mut rhs = vec![0.0; n];
        let (mut yy, mut rows) = (0.0, 0.0);
        for (i, &value) in y.iter().enumerate() {
            if !value.is_finite() {
                continue;
            }
            let at = i as f64 * dt / step;
            let k = (at as usize).min(n - 4);
            let (b, _) = basis(at - k as f64);
            for p in 0..4 {
                for q in 0..=p {
                    gram.add(k + p, k + q, b[p] * b[q]);
                }
                rhs[k + p] += b[p] * value;
            }
            yy += value * value;
            rows += 1.0;
        }
        if rows < 8.0 {
            return None;
        }
        let mut penalty = Banded::new(n, 3);
        for i in 0..n - 3 {
            for p in 0..4 {
                for q in 0..=p {
                    penalty.add(i + p, i + q, ORDER[p] * ORDER[q]);
                }
            }
        }
        // Marginal likelihood over the weight of the penalty: the coefficients' third differences
        // are taken as normal with variance sigma^2 / lambda.
        let variance = sigma * sigma;
        let rank = (n - 3) as f64;
        let score = |log_lambda: f64| -> Option<(f64, Vec<f64>)> {
            let lambda = log_lambda.exp();
            let (c, log_det) = gram.plus(&penalty, lambda).solve(&rhs)?;
            let cost = yy - c.iter().zip(&rhs).map(|(a, b)| a * b).sum::<f64>();
            Some((cost / variance + log_det - rank * log_lambda, c))
        };
        let mut best: Option<(f64, Vec<f64>)> = None;
        // Steps of a factor of three: the likelihood is flat near its best.
        for i in -9..14 {
            if let Some((value, c)) = score(f64::from(i) * 1.1)
                && best.as_ref().is_none_or(|(b, _)| value < *b)
            {
                best = Some((value, c));
            }
        }
        best.map(|(_, coefficients)| Self { start: t0, step, coefficients })
    }

    /// Value and derivative at `t`; beyond the ends, those of the end.
    pub fn at(&self, t: f64) -> (f64, f64) {
        let last = self.coefficients.len() - 4;
        let at = ((t - self.start) / self.step).clamp(0.0, (last + 1) as f64);
        let k = (at as usize).min(last);
        let (b, d) = basis(at - k as f64);
        let c = &self.coefficients[k..k + 4];
        let value = (0..4).map(|i| b[i] * c[i]).sum();
        let slope = (0..4).map(|i| d[i] * c[i]).sum::<f64>() / self.step;
        (value, slope)
    }

    /// Highest point between `from` and `to`: time and value.
    pub fn maximum(&self, from: f64, to: f64) -> (f64, f64) {
        let steps = (((to - from) / self.step).ceil() as usize * 4).clamp(8, 8000);
        let h = (to - from) / steps as f64;
        let mut best = (from, f64::NEG_INFINITY);
        for i in 0..=steps {
            let t = from + i as f64 * h;
            let (value, _) = self.at(t);
            if value > best.1 {
                best = (t, value);
            }
        }
        // Bisection on the derivative around the best of the grid.
        let (mut a, mut b) = ((best.0 - h).max(from), (best.0 + h).min(to));
        if self.at(a).1 > 0.0 && self.at(b).1 < 0.0 {
            for _ in 0..30 {
                let m = 0.5 * (a + b);
                if self.at(m).1 > 0.0 { a = m } else { b = m }
            }
            let t = 0.5 * (a + b);
            return (t, self.at(t).0);
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::Spline;

    #[test]
    fn the_peak_of_a_clean_bell_is_found_between_samples() {
        let (dt, centre) = (0.05, 4.013);
        let y: Vec<f64> = (0..200).map(|i| 1000.0 * (-((f64::from(i) * dt - centre) / 1.2).powi(2)).exp()).collect();
        let spline = Spline::fit(&y, 0.0, dt, 0.15, 0.5).unwrap();
        let (t, value) = spline.maximum(0.0, 9.0);
        assert!((t - centre).abs() < 2e-3, "{t}");
        assert!((value - 1000.0).abs() < 0.5, "{value}");
    }

    #[test]
    fn hopeless_input_is_refused() {
        assert!(Spline::fit(&[f64::NAN; 50], 0.0, 0.1, 0.2, 1.0).is_none());
        assert!(Spline::fit(&[0.0; 3], 0.0, 0.1, 0.2, 1.0).is_none());
        assert!(Spline::fit(&[0.0; 30], 0.0, 0.1, 0.2, 0.0).is_none());
    }
}
