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

/// Order of the difference penalty.
const ORDER: [f64; 4] = [-1.0, 3.0, -3.0, 1.0];
/// Logarithms of the penalty's weight that are tried, in steps of a factor of three.
const LOGS: [i32; 2] = [-9, 13];
const STEP_LOG: f64 = 1.1;

/// `L D L'` of a symmetric matrix with three diagonals beside the main one, with the right side
/// through the inverse of `L`. Without square roots, and room for it is made once.
struct Factor {
    lower: Vec<[f64; 3]>,
    inverse: Vec<f64>,
    reduced: Vec<f64>,
}

impl Factor {
    fn new(n: usize) -> Self {
        Self { lower: Vec::with_capacity(n), inverse: Vec::with_capacity(n), reduced: Vec::with_capacity(n) }
    }

    /// Factors `gram + weight * penalty`: what the solution for `rhs` explains of the data, and
    /// the log determinant. `None` when the matrix is not positive definite.
    fn reduce(&mut self, gram: &[[f64; 4]], penalty: &[[f64; 4]], weight: f64, rhs: &[f64]) -> Option<(f64, f64)> {
        self.lower.clear();
        self.inverse.clear();
        self.reduced.clear();
        let (mut explained, mut log_det, mut product) = (0.0, 0.0, 1.0_f64);
        // Of the rows before: entries of L, right side, inverse of the diagonal; the nearest last.
        let (mut l1, mut l2) = ([0.0; 3], [0.0; 3]);
        let (mut z, mut inverse) = ([0.0; 3], [0.0; 3]);
        for ((g, p), r) in gram.iter().zip(penalty).zip(rhs) {
            // Entries of L times the diagonal, then of L: at i - 3, i - 2, i - 1.
            let a3 = g[0] + weight * p[0];
            let l_3 = a3 * inverse[0];
            let a2 = g[1] + weight * p[1] - a3 * l2[2];
            let l_2 = a2 * inverse[1];
            let a1 = g[2] + weight * p[2] - a3 * l1[1] - a2 * l1[2];
            let l_1 = a1 * inverse[2];
            let diagonal = g[3] + weight * p[3] - a3 * l_3 - a2 * l_2 - a1 * l_1;
            if !(diagonal.is_finite() && diagonal > 0.0) {
                return None;
            }
            let value = r - l_3 * z[0] - l_2 * z[1] - l_1 * z[2];
            let one_by = 1.0 / diagonal;
            explained += value * value * one_by;
            product *= diagonal;
            if !(1e-200..1e200).contains(&product) {
                log_det += product.ln();
                product = 1.0;
            }
            self.lower.push([l_3, l_2, l_1]);
            self.inverse.push(one_by);
            self.reduced.push(value);
            (l2, l1) = (l1, [l_3, l_2, l_1]);
            z = [z[1], z[2], value];
            inverse = [inverse[1], inverse[2], one_by];
        }
        Some((explained, log_det + product.ln()))
    }

    /// The solution for what was reduced last.
    fn solution(&self) -> Vec<f64> {
        let n = self.reduced.len();
        let mut x: Vec<f64> = self.reduced.iter().zip(&self.inverse).map(|(z, d)| z * d).collect();
        for i in (0..n).rev() {
            let value = x[i];
            for (back, l) in self.lower[i].iter().rev().enumerate() {
                if let Some(at) = i.checked_sub(back + 1) {
                    x[at] -= l * value;
                }
            }
        }
        x
    }
}

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
        // Row i of the bands holds the entries (i, i - 3) to (i, i).
        let mut gram = vec![[0.0; 4]; n];
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
                    gram[k + p][3 + q - p] += b[p] * b[q];
                }
                rhs[k + p] += b[p] * value;
            }
            yy += value * value;
            rows += 1.0;
        }
        if rows < 8.0 {
            return None;
        }
        let mut penalty = vec![[0.0; 4]; n];
        for i in 0..n - 3 {
            for p in 0..4 {
                for q in 0..=p {
                    penalty[i + p][3 + q - p] += ORDER[p] * ORDER[q];
                }
            }
        }
        // Marginal likelihood over the weight of the penalty: the coefficients' third differences
        // are taken as normal with variance sigma^2 / lambda.
        let variance = sigma * sigma;
        let rank = (n - 3) as f64;
        let mut factor = Factor::new(n);
        let mut score = |i: i32, best: &mut Option<(f64, i32)>| {
            let log_lambda = f64::from(i) * STEP_LOG;
            if let Some((explained, log_det)) = factor.reduce(&gram, &penalty, log_lambda.exp(), &rhs) {
                let value = (yy - explained) / variance + log_det - rank * log_lambda;
                if best.is_none_or(|(least, _)| value < least) {
                    *best = Some((value, i));
                }
            }
        };
        // The likelihood is flat near its best and has one valley: large steps first.
        let mut best = None;
        for i in (LOGS[0]..=LOGS[1]).step_by(4) {
            score(i, &mut best);
        }
        for closer in [2, 1] {
            let centre = best?.1;
            for i in [centre - closer, centre + closer] {
                if (LOGS[0]..=LOGS[1]).contains(&i) {
                    score(i, &mut best);
                }
            }
        }
        let (_, i) = best?;
        factor.reduce(&gram, &penalty, (f64::from(i) * STEP_LOG).exp(), &rhs)?;
        Some(Self { start: t0, step, coefficients: factor.solution() })
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
