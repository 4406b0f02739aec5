//! Small dense least squares with Gaussian priors (ridge), and symmetric banded systems.
//!
//! What the sweep model needs and no more: normal equations of up to a few dozen columns,
//! accumulated row by row, solved by Cholesky. Rows with a NaN are skipped by [`Normal::add`].
//! Cost: `k^2 / 2` multiplications a row and `k^3 / 6` a solution.

// Triangular systems are index arithmetic; iterators would hide it.
#![allow(clippy::needless_range_loop)]

/// Normal equations of a weighted linear model with `k` columns.
#[derive(Debug, Clone)]
pub struct Normal {
    k: usize,
    /// Lower triangle by rows, `k * k`.
    gram: Vec<f64>,
    rhs: Vec<f64>,
    /// Weighted sum of squares of the data.
    yy: f64,
}

/// A solution of [`Normal`].
#[derive(Debug, Clone)]
pub struct Solution {
    /// Coefficients, one a column.
    pub coefficients: Vec<f64>,
    /// Weighted residual sum of squares plus what the priors cost.
    pub cost: f64,
    /// Log determinant of the matrix that was solved.
    pub log_det: f64,
    k: usize,
    factor: Vec<f64>,
}

impl Normal {
    /// Empty equations for `k` columns.
    pub fn new(k: usize) -> Self {
        Self { k, gram: vec![0.0; k * k], rhs: vec![0.0; k], yy: 0.0 }
    }

    /// Adds one observation `y` of weight `w` (the inverse of its variance, or a count) with the
    /// columns' values `row`. Observations that are not finite are left out.
    pub fn add(&mut self, row: &[f64], y: f64, w: f64) {
        if !(y.is_finite() && w.is_finite()) {
            return;
        }
        let k = self.k.min(row.len());
        for i in 0..k {
            let wi = w * row[i];
            if wi == 0.0 {
                continue;
            }
            let line = &mut self.gram[i * self.k..i * self.k + i + 1];
            for (g, r) in line.iter_mut().zip(row) {
                *g += wi * r;
            }
            self.rhs[i] += wi * y;
        }
        self.yy += w * y * y;
    }

    /// The same equations with room for more columns behind the present ones.
    pub fn widened(&self, k: usize) -> Self {
        let mut wide = Self::new(k.max(self.k));
        for i in 0..self.k {
            wide.gram[i * wide.k..i * wide.k + i + 1].copy_from_slice(&self.gram[i * self.k..i * self.k + i + 1]);
        }
        wide.rhs[..self.k].copy_from_slice(&self.rhs);
        wide.yy = self.yy;
        wide
    }

    /// The equations of the first `k` columns alone.
    pub fn narrowed(&self, k: usize) -> Self {
        let mut narrow = Self::new(k.min(self.k));
        for i in 0..narrow.k {
            narrow.gram[i * narrow.k..i * narrow.k + i + 1].copy_from_slice(&self.gram[i * self.k..i * self.k + i + 1]);
            narrow.rhs[i] = self.rhs[i];
        }
        narrow.yy = self.yy;
        narrow
    }

    /// Adds what an observation that is in the equations already contributes to the columns from
    /// `from` on; the columns before them are left as they are.
    pub fn add_columns(&mut self, row: &[f64], y: f64, w: f64, from: usize) {
        for i in from..self.k.min(row.len()) {
            let wi = w * row[i];
            let line = &mut self.gram[i * self.k..i * self.k + i + 1];
            for (g, r) in line.iter_mut().zip(row) {
                *g += wi * r;
            }
            self.rhs[i] += wi * y;
        }
    }

    /// The right side: the columns' products with the data.
    pub fn data(&self) -> &[f64] {
        &self.rhs
    }

    /// Solves with independent zero-mean priors of precision `prior[i]` on each column (0: none).
    /// `None` when the matrix is not positive definite.
    pub fn solve(&self, prior: &[f64]) -> Option<Solution> {
        let k = self.k;
        let mut a = self.gram.clone();
        for i in 0..k {
            a[i * k + i] += prior.get(i).copied().unwrap_or(0.0);
        }
        let log_det = cholesky(&mut a, k)?;
        let mut x = self.rhs.clone();
        forward(&a, k, &mut x);
        backward(&a, k, &mut x);
        let explained: f64 = x.iter().zip(&self.rhs).map(|(x, r)| x * r).sum();
        Some(Solution { coefficients: x, cost: (self.yy - explained).max(0.0), log_det, k, factor: a })
    }
}

impl Solution {
    /// Variance of the linear combination `row` of the coefficients, for unit noise variance.
    pub fn variance(&self, row: &[f64]) -> f64 {
        self.whitened(row).iter().map(|v| v * v).sum()
    }

    /// `row` through the inverse of the matrix's Cholesky factor: scalar products of two such rows
    /// are covariances.
    pub fn whitened(&self, row: &[f64]) -> Vec<f64> {
        let mut z = row.to_vec();
        z.resize(self.k, 0.0);
        forward(&self.factor, self.k, &mut z);
        z
    }

    /// As [`Self::whitened`], in place, for a row of all columns.
    pub fn whiten(&self, row: &mut [f64]) {
        if row.len() >= self.k {
            forward(&self.factor, self.k, row);
        }
    }

    /// Coefficients for a whitened right side, in place.
    pub fn unwhiten(&self, row: &mut [f64]) {
        if row.len() >= self.k {
            backward(&self.factor, self.k, row);
        }
    }

    /// Coefficients for another right side.
    pub fn solved(&self, rhs: &[f64]) -> Vec<f64> {
        let mut x = self.whitened(rhs);
        backward(&self.factor, self.k, &mut x);
        x
    }
}

/// As [`Normal`], for a number of columns that is known beforehand and small; needs no memory.
#[derive(Debug, Clone, Copy)]
pub struct Small<const K: usize> {
    gram: [[f64; K]; K],
    rhs: [f64; K],
}

impl<const K: usize> Default for Small<K> {
    fn default() -> Self {
        Self { gram: [[0.0; K]; K], rhs: [0.0; K] }
    }
}

impl<const K: usize> Small<K> {
    /// Adds one finite observation `y` of weight `w` with the columns' values `row`.
    pub fn add(&mut self, row: &[f64; K], y: f64, w: f64) {
        for i in 0..K {
            let wi = w * row[i];
            for j in 0..=i {
                self.gram[i][j] += wi * row[j];
            }
            self.rhs[i] += wi * y;
        }
    }

    fn factor(&self, prior: &[f64; K]) -> Option<[[f64; K]; K]> {
        let mut a = self.gram;
        for i in 0..K {
            a[i][i] += prior[i];
            for j in 0..=i {
                let mut s = a[i][j];
                for m in 0..j {
                    s -= a[i][m] * a[j][m];
                }
                if i == j {
                    if !(s.is_finite() && s > 0.0) {
                        return None;
                    }
                    a[i][i] = s.sqrt();
                } else {
                    a[i][j] = s / a[j][j];
                }
            }
        }
        Some(a)
    }

    /// Coefficients under independent zero-mean priors of precision `prior[i]`; `None` when the
    /// matrix is not positive definite.
    pub fn solve(&self, prior: &[f64; K]) -> Option<[f64; K]> {
        let a = self.factor(prior)?;
        let mut x = whitened(&a, self.rhs);
        for i in (0..K).rev() {
            for j in i + 1..K {
                x[i] -= a[j][i] * x[j];
            }
            x[i] /= a[i][i];
        }
        Some(x)
    }

    /// Variance of the linear combination `row` of the coefficients, without priors, for the
    /// weights' unit.
    pub fn variance(&self, row: &[f64; K]) -> Option<f64> {
        let a = self.factor(&[0.0; K])?;
        Some(whitened(&a, *row).iter().map(|v| v * v).sum())
    }
}

fn whitened<const K: usize>(factor: &[[f64; K]; K], mut x: [f64; K]) -> [f64; K] {
    for i in 0..K {
        for j in 0..i {
            x[i] -= factor[i][j] * x[j];
        }
        x[i] /= factor[i][i];
    }
    x
}

/// Value of the linear model at `row`.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// In-place Cholesky factor of a dense lower triangle; returns the log determinant.
fn cholesky(a: &mut [f64], k: usize) -> Option<f64> {
    let mut log_det = 0.0;
    for i in 0..k {
        for j in 0..=i {
            let mut s = a[i * k + j];
            for m in 0..j {
                s -= a[i * k + m] * a[j * k + m];
            }
            if i == j {
                if !(s.is_finite() && s > 0.0) {
                    return None;
                }
                log_det += s.ln();
                a[i * k + i] = s.sqrt();
            } else {
                a[i * k + j] = s / a[j * k + j];
            }
        }
    }
    Some(log_det)
}

fn forward(l: &[f64], k: usize, x: &mut [f64]) {
    for i in 0..k {
        let mut s = x[i];
        for j in 0..i {
            s -= l[i * k + j] * x[j];
        }
        x[i] = s / l[i * k + i];
    }
}

fn backward(l: &[f64], k: usize, x: &mut [f64]) {
    for i in (0..k).rev() {
        let mut s = x[i];
        for j in i + 1..k {
            s -= l[j * k + i] * x[j];
        }
        x[i] = s / l[i * k + i];
    }
}

/// A symmetric positive definite matrix with `half` diagonals beside the main one.
#[derive(Debug, Clone)]
pub struct Banded {
    n: usize,
    half: usize,
    /// Row `i` holds entries `(i, i - half) ..= (i, i)`.
    rows: Vec<f64>,
}

impl Banded {
    /// Zero matrix of order `n`.
    pub fn new(n: usize, half: usize) -> Self {
        Self { n, half, rows: vec![0.0; n * (half + 1)] }
    }

    /// Adds `value` at row `i`, column `j` with `j <= i <= j + half`.
    pub fn add(&mut self, i: usize, j: usize, value: f64) {
        if j <= i && i < self.n && i - j <= self.half {
            self.rows[i * (self.half + 1) + self.half + j - i] += value;
        }
    }

    /// Solves for `rhs`; gives the solution and the log determinant, or `None` when the matrix
    /// is not positive definite.
    pub fn solve(mut self, rhs: &[f64]) -> Option<(Vec<f64>, f64)> {
        let (n, h) = (self.n, self.half);
        let w = h + 1;
        let mut log_det = 0.0;
        for i in 0..n {
            for j in i.saturating_sub(h)..=i {
                let mut s = self.rows[i * w + h + j - i];
                for m in i.saturating_sub(h).max(j.saturating_sub(h))..j {
                    s -= self.rows[i * w + h + m - i] * self.rows[j * w + h + m - j];
                }
                if i == j {
                    if !(s.is_finite() && s > 0.0) {
                        return None;
                    }
                    log_det += s.ln();
                    self.rows[i * w + h] = s.sqrt();
                } else {
                    self.rows[i * w + h + j - i] = s / self.rows[j * w + h];
                }
            }
        }
        let mut x = rhs.to_vec();
        for i in 0..n {
            let mut s = x[i];
            for j in i.saturating_sub(h)..i {
                s -= self.rows[i * w + h + j - i] * x[j];
            }
            x[i] = s / self.rows[i * w + h];
        }
        for i in (0..n).rev() {
            let mut s = x[i];
            for j in i + 1..(i + w).min(n) {
                s -= self.rows[j * w + h + i - j] * x[j];
            }
            x[i] = s / self.rows[i * w + h];
        }
        Some((x, log_det))
    }
}

#[cfg(test)]
mod tests {
    use super::{Banded, Normal, Small};

    #[test]
    fn a_small_system_is_solved_as_a_large_one_and_part_of_it_as_that_part() {
        let (mut small, mut normal, mut part) = (Small::<3>::default(), Normal::new(3), Normal::new(2));
        for i in 0..9 {
            let t = f64::from(i) / 4.0 - 1.0;
            let (row, y, w) = ([1.0, t, (3.0 * t).sin()], t * t - 0.3, 1.0 + t * t);
            small.add(&row, y, w);
            normal.add(&row, y, w);
            part.add(&row, y, w);
        }
        let prior = [0.0, 0.5, 2.0];
        let (got, want) = (small.solve(&prior).unwrap(), normal.solve(&prior).unwrap());
        let narrow = normal.narrowed(2).solve(&prior).unwrap();
        let part = part.solve(&prior).unwrap();
        for (a, b) in got.iter().zip(&want.coefficients).chain(narrow.coefficients.iter().zip(&part.coefficients)) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
        let row = [0.2, -1.0, 0.4];
        assert!((small.variance(&row).unwrap() - normal.solve(&[0.0; 3]).unwrap().variance(&row)).abs() < 1e-12);
        assert!((narrow.cost - part.cost).abs() < 1e-12);
        assert!(Small::<2>::default().solve(&[0.0; 2]).is_none());
    }

    #[test]
    fn a_line_is_found_and_its_variance_is_the_textbook_one() {
        let mut normal = Normal::new(2);
        for i in 0..11 {
            let t = f64::from(i) - 5.0;
            normal.add(&[1.0, t], 3.0 + 0.5 * t, 1.0);
        }
        normal.add(&[1.0, 99.0], f64::NAN, 1.0);
        let solution = normal.solve(&[0.0, 0.0]).unwrap();
        assert!((solution.coefficients[0] - 3.0).abs() < 1e-12);
        assert!((solution.coefficients[1] - 0.5).abs() < 1e-12);
        assert!(solution.cost < 1e-9);
        // Var(intercept) = 1 / n, Var(slope) = 1 / sum t^2.
        assert!((solution.variance(&[1.0, 0.0]) - 1.0 / 11.0).abs() < 1e-12);
        assert!((solution.variance(&[0.0, 1.0]) - 1.0 / 110.0).abs() < 1e-12);
        assert!(Normal::new(2).solve(&[0.0, 0.0]).is_none());
    }

    #[test]
    fn banded_agrees_with_dense() {
        let n = 7;
        let mut banded = Banded::new(n, 2);
        let mut dense = Normal::new(n);
        for i in 0..n {
            let mut row = vec![0.0; n];
            for (d, value) in [(0, 2.0), (1, -1.0), (2, 0.3)] {
                if i + d < n {
                    row[i + d] = value;
                }
            }
            for p in 0..n {
                for q in 0..=p {
                    banded.add(p, q, row[p] * row[q]);
                }
            }
            dense.add(&row, i as f64 + 1.0, 1.0);
        }
        let rhs = dense.rhs.clone();
        let (x, log_det) = banded.solve(&rhs).unwrap();
        let solution = dense.solve(&vec![0.0; n]).unwrap();
        assert!((log_det - solution.log_det).abs() < 1e-9);
        for (a, b) in x.iter().zip(&solution.coefficients) {
            assert!((a - b).abs() < 1e-9);
        }
    }
}
