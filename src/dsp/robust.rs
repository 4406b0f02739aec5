//! Statistics that outliers do not move: median, MAD, percentiles, running median.
//!
//! **NaN** are left out; nothing left gives NaN. **Cost**: selection is O(n) on a copy; the running
//! median keeps its window sorted, O(n w) with a very small constant (a memmove of w values).

/// Standard deviation of normal noise over its median absolute deviation.
pub const SIGMA_PER_MAD: f64 = 1.482_602_218_505_602;

fn valid(x: &[f64]) -> Vec<f64> {
    x.iter().copied().filter(|v| !v.is_nan()).collect()
}

/// The `p`-th percentile (0 to 100) with linear interpolation, as `numpy.percentile`.
pub fn percentile(x: &[f64], p: f64) -> f64 {
    percentile_mut(&mut valid(x), p)
}

/// As [`percentile`], reordering `x`, which must hold no NaN.
pub fn percentile_mut(x: &mut [f64], p: f64) -> f64 {
    if x.is_empty() || p.is_nan() {
        return f64::NAN;
    }
    let at = (p / 100.0).clamp(0.0, 1.0) * (x.len() - 1) as f64;
    let low = at.floor() as usize;
    let (_, &mut below, rest) = x.select_nth_unstable_by(low, f64::total_cmp);
    let part = at - low as f64;
    if part == 0.0 {
        return below;
    }
    let above = rest.iter().copied().fold(f64::INFINITY, f64::min);
    below + (above - below) * part
}

/// Median.
pub fn median(x: &[f64]) -> f64 {
    percentile(x, 50.0)
}

/// Median over `rows` at each place of the first one; rows are as long as it or longer. NaN where all
/// are NaN.
pub fn medians(rows: &[Vec<f64>]) -> Vec<f64> {
    let mut column = Vec::with_capacity(rows.len());
    (0..rows.first().map_or(0, Vec::len))
        .map(|i| {
            column.clear();
            column.extend(rows.iter().map(|row| row[i]));
            median(&column)
        })
        .collect()
}

/// Mean of the values but for `part` of them at each end (rounded down; at least one value stays).
/// Reorders `x`, which must hold no NaN. Empty gives NaN.
pub fn trimmed_mean_mut(x: &mut [f64], part: f64) -> f64 {
    let n = x.len();
    if n == 0 || part.is_nan() {
        return f64::NAN;
    }
    let cut = ((n as f64 * part.clamp(0.0, 0.5)) as usize).min((n - 1) / 2);
    let (mut kept, mut count) = (&mut *x, n);
    if cut > 0 {
        let (_, _, upper) = kept.select_nth_unstable_by(cut - 1, f64::total_cmp);
        (kept, count) = (upper, n - 2 * cut);
        kept.select_nth_unstable_by(count, f64::total_cmp);
    }
    kept.iter().take(count).sum::<f64>() / count as f64
}

/// Median absolute deviation from the median, not scaled; times [`SIGMA_PER_MAD`] it estimates sigma.
pub fn mad(x: &[f64]) -> f64 {
    let mut values = valid(x);
    let centre = percentile_mut(&mut values, 50.0);
    for v in &mut values {
        *v = (*v - centre).abs();
    }
    percentile_mut(&mut values, 50.0)
}

/// Median over a window of `window` samples (made odd by adding one) around each sample. At the
/// ends the outermost sample is repeated, as `scipy.ndimage.median_filter(mode="nearest")`. A
/// window that holds only NaN gives NaN.
pub fn running_median(x: &[f64], window: usize) -> Vec<f64> {
    let half = window / 2;
    let Some(last) = x.len().checked_sub(1) else { return Vec::new() };
    let at = |i: isize| x[i.clamp(0, last as isize) as usize];
    let mut sorted: Vec<f64> = Vec::with_capacity(2 * half + 1);
    let insert = |sorted: &mut Vec<f64>, v: f64| {
        if !v.is_nan() {
            let place = sorted.partition_point(|&s| s.total_cmp(&v).is_lt());
            sorted.insert(place, v);
        }
    };
    let half = half as isize;
    for i in -half..half {
        insert(&mut sorted, at(i));
    }
    let mut out = Vec::with_capacity(x.len());
    for i in 0..x.len() as isize {
        insert(&mut sorted, at(i + half));
        let n = sorted.len();
        out.push(match n {
            0 => f64::NAN,
            _ if n % 2 == 1 => sorted[n / 2],
            _ => 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]),
        });
        let leaving = at(i - half);
        if !leaving.is_nan() {
            let place = sorted.partition_point(|&s| s.total_cmp(&leaving).is_lt());
            sorted.remove(place);
        }
    }
    out
}
