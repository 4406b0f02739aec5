//! From a curve to a number of units.

use super::chain::{Fit, Start, run};
use super::curve::Curve;

/// Fewest points that units are counted from, and most that are worked through.
const POINTS: std::ops::RangeInclusive<usize> = 40..=4000;
/// Spread that the number to begin with assumes.
const SPREAD: f64 = 0.017;
/// Stimuli kept of either plateau: long ones show how responses drift, not how many units there are.
const PLATEAU: usize = 25;
/// Where the plateaus begin, parts of the range.
const ENDS: (f64, f64) = (0.01, 0.99);
/// The chain works with a range of this many units of size and a highest current of this many of
/// current, in steps of a millionth of them: a scan in other units of measure is the same scan.
const SCALE: (f64, f64) = (1000.0, 10.0);
const STEP: f64 = 1e-5;

/// Units of a scan, or why they cannot be counted.
pub(super) fn count(curve: &Curve) -> Result<Fit, &'static str> {
    if !POINTS.contains(&curve.points.len()) {
        return Err("units are counted from 40 to 4000 stimuli");
    }
    let first = curve.points.partition_point(|p| p.0 < curve.current_at(ENDS.0)).saturating_sub(PLATEAU);
    let last = (curve.points.partition_point(|p| p.0 <= curve.current_at(ENDS.1)) + PLATEAU).min(curve.points.len());
    let kept = &curve.points[first..last];
    if kept.len() < *POINTS.start() {
        return Err("fewer than 40 stimuli lie between the plateaus");
    }
    let range = curve.max_uv - curve.base_uv;
    let strongest = curve.points.last().map_or(1.0, |p| p.0);
    let (size, current) = (SCALE.0 / range, SCALE.1 / strongest);
    let round = |value: f64| (value / STEP).round() * STEP;
    let points: Vec<(f64, f64)> = kept.iter().map(|p| (round(p.0 * current), round((p.1 - curve.base_uv) * size))).collect();
    let quantiles: Vec<f64> = (0..200).map(|k| round(curve.current_at((f64::from(k) + 0.5) / 200.0) * current)).collect();
    // Unequal sizes scatter more than equal ones.
    let units = (1.32 * curve.equal_units(SPREAD)).clamp(4.0, 350.0).round() as usize;
    let noise_uv = round(curve.noise_uv * size).max(1e-3);
    let noise_max = round(curve.noise_max_uv * size).max(noise_uv);
    let relative_noise = ((noise_max * noise_max - noise_uv * noise_uv).sqrt() / SCALE.0).clamp(3e-4, 0.03);
    let start = Start { points: &points, base_uv: 0.0, max_uv: SCALE.0, noise_uv, relative_noise, quantiles_ma: &quantiles, units };
    let mut fit = run(&start);
    for value in [&mut fit.noise_uv, &mut fit.median_uv, &mut fit.largest_uv] {
        *value /= size;
    }
    for (threshold, uv) in &mut fit.model {
        (*threshold, *uv) = (*threshold / current, *uv / size);
    }
    for (ma, uv) in &mut fit.curve {
        (*ma, *uv) = (*ma / current, curve.base_uv + *uv / size);
    }
    Ok(fit)
}
