//! Limits from a laboratory's own past values, ill people among them: the extrapolated norms.
//!
//! Values sorted by size make a curve with a flat middle, where most healthy people lie, between two
//! steep ends; limits are mean and two standard deviations of that plateau (Jabre et al., J Clin
//! Neurophysiol 2015;32:265). There the plateau is marked by eye. Here it is where the curve is nowhere
//! steeper than a multiple of its flattest place, which is to say where values lie densely enough. The ends that
//! it leaves out make the deviation of its values too small (Dunker et al., Clin Neurophysiol Pract
//! 2024;9:168 take 2.5 instead of 2 for that reason), so mean and deviation are those of the whole
//! normal distribution of which the plateau is a piece: the largest likelihood of a truncated one.

use std::f64::consts::{PI, SQRT_2};

/// People below which no limit is computed: what direct methods ask for (Hoffmann et al., reflimR).
pub const FEWEST: usize = 120;
/// People below which it is said to be uncertain: what indirect methods ask for (same).
pub const ENOUGH: usize = 200;
/// Values that are looked at; more say nothing more.
const MOST: usize = 50_000;
/// How much steeper than its flattest place the curve may be where the healthy are alone, and where the
/// ill join them. Our own bounds, chosen on simulated people (`tests/norms.rs`).
const STEEPER: f64 = 6.0;
const STEEPER_ILL: f64 = 2.0;
/// Places at which the density is looked at.
const GRID: usize = 400;
/// Standard deviations between the mean and a limit.
const DEVIATIONS: f64 = 2.0;

/// What a group of past values says. All in the unit of the values.
#[derive(Debug, Clone, PartialEq)]
pub struct Plateau {
    /// Values looked at.
    pub n: usize,
    /// Those of them on the plateau.
    pub on_plateau: usize,
    /// Smallest and largest value of the plateau.
    pub from_to: [f64; 2],
    /// Middle of the healthy (median where logarithms were taken).
    pub middle: f64,
    /// The limit.
    pub limit: f64,
    /// The limit that mean and two deviations of the plateau alone give: stricter.
    pub uncorrected: f64,
}

/// Finds the plateau of `values` (one a person) and the limit beyond which `ill_above` (or below) is
/// abnormal. Logarithms are taken of amplitudes, whose distribution is skewed.
///
/// # Errors
/// A sentence where there are too few values, or no plateau.
pub fn plateau(values: &[f64], ill_above: bool, logarithms: bool) -> Result<Plateau, String> {
    let fits = |value: &f64| value.is_finite() && (!logarithms || *value > 0.0);
    let scaled = values.iter().copied().filter(fits).take(MOST).map(|value| if logarithms { value.ln() } else { value });
    let mut sorted: Vec<f64> = scaled.collect();
    let n = sorted.len();
    if n < FEWEST {
        return Err(format!("{n} people are too few: at least {FEWEST}"));
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let (low, high) = ends(&sorted, ill_above).ok_or("the values are all alike: no plateau")?;
    let flat: Vec<f64> = sorted.iter().copied().filter(|value| (low..=high).contains(value)).collect();
    let (mean, deviation) = whole(&flat, low, high).ok_or("the curve has no plateau: values are spread too evenly")?;
    let sign = if ill_above { DEVIATIONS } else { -DEVIATIONS };
    let (flat_mean, flat_deviation) = moments(&flat);
    let back = |value: f64| if logarithms { value.exp() } else { value };
    Ok(Plateau {
        n,
        on_plateau: flat.len(),
        from_to: [back(low), back(high)],
        middle: back(mean),
        limit: back(mean + sign * deviation),
        uncorrected: back(flat_mean + sign * flat_deviation),
    })
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
}

fn quantile(sorted: &[f64], part: f64) -> f64 {
    let at = part * sorted.len().saturating_sub(1) as f64;
    let value = |at: f64| sorted.get(at as usize).copied().unwrap_or_default();
    value(at.floor()) + (at - at.floor()) * (value(at.ceil()) - value(at.floor()))
}

/// Where the sorted curve turns steep on both sides: its slope is one over the density, which is
/// smoothed by a normal kernel (Silverman's width).
fn ends(sorted: &[f64], ill_above: bool) -> Option<(f64, f64)> {
    let spread = moments(sorted).1.min((quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.34);
    let width = 0.9 * spread * (sorted.len() as f64).powf(-0.2);
    let (from, to) = (quantile(sorted, 0.01) - width, quantile(sorted, 0.99) + width);
    if width <= 0.0 || to <= from {
        return None;
    }
    let place = |at: usize| from + (to - from) * at as f64 / GRID as f64;
    let dense = |at: usize| {
        let here = place(at);
        // Beyond five widths a kernel adds nothing.
        let first = sorted.partition_point(|value| *value < here - 5.0 * width);
        let near = sorted.iter().skip(first).take_while(|value| **value <= here + 5.0 * width);
        near.map(|value| (-0.5 * ((here - value) / width).powi(2)).exp()).sum::<f64>()
    };
    let density: Vec<f64> = (0..=GRID).map(dense).collect();
    let (top, most) = density.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (below, above) = if ill_above { (STEEPER, STEEPER_ILL) } else { (STEEPER_ILL, STEEPER) };
    let low = density.iter().take(top).rposition(|value| *value < most / below).map_or(0, |at| at + 1);
    let high = density.iter().skip(top).position(|value| *value < most / above).map_or(GRID, |at| top + at - 1);
    Some((place(low), place(high)))
}

/// Mean and deviation of the normal distribution of which `values` are what lies from `low` to `high`:
/// the likelihood is largest where its truncated moments are those of the values.
fn whole(values: &[f64], low: f64, high: f64) -> Option<(f64, f64)> {
    let (flat_mean, flat_deviation) = moments(values);
    let (mut mean, mut deviation) = (flat_mean, 1.3 * flat_deviation);
    for _ in 0..5000 {
        let (a, b) = ((low - mean) / deviation, (high - mean) / deviation);
        let part = below(b) - below(a);
        if part < 1e-9 || !deviation.is_finite() || deviation > 10.0 * (high - low) {
            return None;
        }
        let shift = (bell(a) - bell(b)) / part;
        let narrower = 1.0 + (a * bell(a) - b * bell(b)) / part - shift * shift;
        let (next_mean, next_deviation) = (flat_mean - deviation * shift, flat_deviation / narrower.max(1e-6).sqrt());
        let moved = (next_mean - mean).abs() + (next_deviation - deviation).abs();
        (mean, deviation) = (next_mean, next_deviation);
        if moved < 1e-9 * deviation {
            return Some((mean, deviation));
        }
    }
    None
}

/// Density of the standard normal distribution.
fn bell(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

/// Part of it below `x`.
fn below(x: f64) -> f64 {
    0.5 * (1.0 + libm::erf(x / SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::{FEWEST, plateau, quantile};

    /// Quantiles of a normal distribution, by bisection.
    fn normal(n: usize) -> Vec<f64> {
        let quantile = |part: f64| {
            let (mut low, mut high) = (-9.0, 9.0);
            for _ in 0..60 {
                let middle = 0.5 * (low + high);
                if super::below(middle) < part { low = middle } else { high = middle }
            }
            low
        };
        (0..n).map(|at| quantile((at as f64 + 0.5) / n as f64)).collect()
    }

    #[test]
    fn healthy_people_alone_give_mean_and_two_deviations() {
        let values: Vec<f64> = normal(1000).iter().map(|z| 3.7 + 0.4 * z).collect();
        let upper = plateau(&values, true, false).unwrap();
        assert!((upper.limit - 4.5).abs() < 0.05 && (upper.middle - 3.7).abs() < 0.02, "{upper:?}");
        assert!(upper.uncorrected < upper.limit, "the plateau alone is too narrow: {upper:?}");
        let lower = plateau(&values, false, false).unwrap();
        assert!((lower.limit - 2.9).abs() < 0.05, "{lower:?}");
        let amplitudes: Vec<f64> = normal(1000).iter().map(|z| 10.0 * (0.4 * z).exp()).collect();
        let lower = plateau(&amplitudes, false, true).unwrap();
        assert!((lower.limit - 10.0 * (-0.8_f64).exp()).abs() < 0.3, "{lower:?}");
    }

    #[test]
    fn what_gives_no_limit_says_why() {
        assert!(plateau(&vec![4.0; FEWEST - 1], true, false).unwrap_err().contains("too few"));
        assert!(plateau(&vec![4.0; 500], true, false).unwrap_err().contains("alike"));
        let even: Vec<f64> = (0..500).map(|at| 3.0 + 0.01 * f64::from(at)).collect();
        let wide = plateau(&even, true, false);
        assert!(wide.is_err() || wide.unwrap().limit > 7.0, "no bell, no narrow limit");
        let mut odd = vec![f64::NAN, f64::INFINITY, -1.0, 0.0];
        odd.extend(normal(200).iter().map(|z| 10.0 * (0.3 * z).exp()));
        assert_eq!(plateau(&odd, false, true).unwrap().n, 200, "what is no amplitude is left out");
    }

    #[test]
    fn quantiles_lie_between_values() {
        assert!((quantile(&[1.0, 2.0, 3.0, 4.0], 0.5) - 2.5).abs() < 1e-12);
    }
}
