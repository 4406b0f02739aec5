//! Cholesky factors of small matrices of fixed size.
//!
//! Cost: `N^3 / 6` multiplications a factor, `N^2 / 2` a triangular solution.

use crate::analysis::linear::dot;

/// Lower Cholesky factor; `None` when the matrix is not positive definite.
pub fn cholesky<const N: usize>(a: &[[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut l = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let s = a[i][j] - dot(&l[i][..j], &l[j][..j]);
            if i == j {
                if !(s.is_finite() && s > 0.0) {
                    return None;
                }
                l[i][i] = s.sqrt();
            } else {
                l[i][j] = s / l[j][j];
            }
        }
    }
    Some(l)
}

/// Solves `L x = x` in place.
pub fn forward<const N: usize>(l: &[[f64; N]; N], x: &mut [f64; N]) {
    for i in 0..N {
        x[i] = (x[i] - dot(&l[i][..i], &x[..i])) / l[i][i];
    }
}

/// Solves `L' x = x` in place.
pub fn backward<const N: usize>(l: &[[f64; N]; N], x: &mut [f64; N]) {
    for i in (0..N).rev() {
        let above: f64 = (i + 1..N).map(|j| l[j][i] * x[j]).sum();
        x[i] = (x[i] - above) / l[i][i];
    }
}

/// Element `j` of the diagonal of the inverse of `L L'`.
pub fn inverse_diagonal<const N: usize>(l: &[[f64; N]; N], j: usize) -> f64 {
    let mut unit = [0.0; N];
    unit[j] = 1.0;
    forward(l, &mut unit);
    dot(&unit, &unit)
}
