//! Offsets and slow trends.
//!
//! **NaN** are left out of every fit and stay NaN. **Cost**: O(n) for the median, O(n degree) for a
//! polynomial, which is built from polynomials orthogonal over the very samples (Forsythe 1957), so
//! that no ill-conditioned system is solved.

use super::robust::median;

/// Highest polynomial degree offered.
pub const MAX_DEGREE: usize = 12;

/// Subtracts the median and returns it (NaN when there is no valid sample; then nothing changes).
pub fn subtract_median(x: &mut [f64]) -> f64 {
    let offset = median(x);
    if !offset.is_nan() {
        x.iter_mut().for_each(|v| *v -= offset);
    }
    offset
}

/// Mean without NaN; NaN when nothing is left.
pub fn mean(x: &[f64]) -> f64 {
    let (sum, n) = x.iter().filter(|v| !v.is_nan()).fold((0.0, 0u64), |(sum, n), v| (sum + v, n + 1));
    sum / n as f64
}

/// Subtracts a straight line, as `scipy.signal.detrend`.
pub fn detrend(x: &mut [f64]) {
    detrend_polynomial(x, 1);
}

/// Subtracts the least-squares polynomial of `degree` (at most [`MAX_DEGREE`], and less than the
/// number of valid samples).
pub fn detrend_polynomial(x: &mut [f64], degree: usize) {
    let valid = x.iter().filter(|v| !v.is_nan()).count();
    let Some(most) = valid.checked_sub(1) else { return };
    let degree = degree.min(MAX_DEGREE).min(most);
    let n = x.len();
    let t: Vec<f64> = (0..n).map(|k| if n > 1 { 2.0 * k as f64 / (n - 1) as f64 - 1.0 } else { 0.0 }).collect();
    let dot = |x: &[f64], f: &dyn Fn(usize) -> f64| -> f64 { (0..n).filter(|&k| !x[k].is_nan()).map(f).sum() };
    let mut before = vec![0.0; n];
    let mut now = vec![1.0; n];
    let mut norm_before = 0.0;
    for step in 0..=degree {
        let norm = dot(x, &|k| now[k] * now[k]);
        if norm <= 0.0 {
            break;
        }
        let c = dot(x, &|k| now[k] * x[k]) / norm;
        for (v, p) in x.iter_mut().zip(&now) {
            *v -= c * p;
        }
        if step < degree {
            let shift = dot(x, &|k| t[k] * now[k] * now[k]) / norm;
            let back = if step == 0 { 0.0 } else { norm / norm_before };
            let next = (0..n).map(|k| (t[k] - shift) * now[k] - back * before[k]).collect();
            before = std::mem::replace(&mut now, next);
            norm_before = norm;
        }
    }
}
