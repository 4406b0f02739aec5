//! Values between samples, and other sampling rates.
//!
//! **NaN** within the reach of the kernel makes the result NaN. **Cost**: 4 multiplications a point
//! for the cubic, `2 half_width` for the sinc, about `20 max(1, down / up)` for the polyphase
//! resampler. The resampler's kernel (Kaiser, beta 5, ten periods of the slower rate on each side)
//! is that of `scipy.signal.resample_poly`.

use std::f64::consts::PI;

/// Largest factor of [`resample_poly`]; bounds the kernel to 20 x this many taps.
pub const MAX_FACTOR: usize = 100_000;

/// Cubic (four-point Lagrange) interpolation at position `at`, in samples. Between the outermost
/// pairs the nearest four points are used; outside `0..=n-1` the result is NaN.
pub fn cubic_at(x: &[f64], at: f64) -> f64 {
    let n = x.len();
    if !(at >= 0.0 && at <= n.saturating_sub(1) as f64) || n == 0 {
        return f64::NAN;
    }
    let nearest = at.round() as usize;
    if at == nearest as f64 {
        return x[nearest];
    }
    if n < 4 {
        let low = (at as usize).min(n - 2);
        return x[low] + (x[low + 1] - x[low]) * (at - low as f64);
    }
    let first = (at as usize).saturating_sub(1).min(n - 4);
    let t = at - first as f64;
    let (a, b, c, d) = (t, t - 1.0, t - 2.0, t - 3.0);
    -x[first] * b * c * d / 6.0 + x[first + 1] * a * c * d / 2.0 - x[first + 2] * a * b * d / 2.0 + x[first + 3] * a * b * c / 6.0
}

/// Modified Bessel function of the first kind and order 0.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..200 {
        term *= quarter / f64::from(k * k);
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Band-limited interpolation at position `at` (in samples) with a Kaiser-windowed sinc over
/// `half_width` samples on each side; near the ends with what there is. Weights are normalised, so
/// a constant stays exact. Outside `0..=n-1` the result is NaN.
pub fn sinc_at(x: &[f64], at: f64, half_width: usize) -> f64 {
    let n = x.len();
    if !(at >= 0.0 && at <= n.saturating_sub(1) as f64) || n == 0 {
        return f64::NAN;
    }
    let half = half_width.max(1);
    let centre = at as usize;
    let (from, to) = ((centre + 1).saturating_sub(half), centre.saturating_add(half).min(n - 1));
    let beta = 8.0;
    let (mut sum, mut weights) = (0.0, 0.0);
    for (k, v) in x.iter().enumerate().take(to + 1).skip(from) {
        let d = at - k as f64;
        let inside = (1.0 - (d / half as f64).powi(2)).max(0.0);
        let w = sinc(d) * bessel_i0(beta * inside.sqrt());
        if w != 0.0 {
            sum += w * v;
            weights += w;
        }
    }
    sum / weights
}

/// The signal at `up / down` times its rate, with zero beyond its ends. Length `ceil(n up / down)`.
/// `None` when a factor is 0 or, after division by the common factor, above [`MAX_FACTOR`].
pub fn resample_poly(x: &[f64], up: usize, down: usize) -> Option<Vec<f64>> {
    if up == 0 || down == 0 {
        return None;
    }
    let (mut a, mut b) = (up, down);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let (up, down) = (up / a, down / a);
    if up == 1 && down == 1 {
        return Some(x.to_vec());
    }
    let slower = up.max(down);
    if slower > MAX_FACTOR {
        return None;
    }
    let half = 10 * slower;
    let cutoff = 1.0 / slower as f64;
    let mut kernel: Vec<f64> = (0..=2 * half)
        .map(|k| {
            let d = k as f64 - half as f64;
            sinc(cutoff * d) * bessel_i0(5.0 * (1.0 - (d / half as f64).powi(2)).max(0.0).sqrt())
        })
        .collect();
    let sum: f64 = kernel.iter().sum();
    kernel.iter_mut().for_each(|h| *h *= up as f64 / sum);
    let n_out = (x.len().checked_mul(up)?).div_ceil(down);
    let mut out = Vec::with_capacity(n_out);
    for m in 0..n_out {
        // Tap of sample k: half + m down - k up, within 0..=2 half.
        let at = m * down;
        let first = at.saturating_sub(half).div_ceil(up);
        let last = ((at + half) / up).min(x.len().saturating_sub(1));
        out.push((first..=last).map(|k| x[k] * kernel[half + at - k * up]).sum());
    }
    Some(out)
}
