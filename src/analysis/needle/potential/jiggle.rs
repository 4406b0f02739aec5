//! Jiggle: how much a potential changes from one discharge to the next (Stalberg and Sonoo 1994).
//!
//! CAD, the consecutive amplitude difference: at each sample the median of the absolute differences
//! of consecutive discharges, less what noise brings there (from the samples outside of the
//! potential), summed over the potential as part of the summed size of the average. CCC: the
//! median correlation of consecutive discharges over the potential.

use serde::{Deserialize, Serialize};

use super::Markers;
use crate::dsp::robust::{median, percentile_mut};

/// Fewest discharges.
const FEWEST: usize = 8;

/// Variability of a potential.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Jiggle {
    /// Normalised consecutive amplitude difference, 1.
    pub cad: f64,
    /// Correlation of consecutive discharges, 1.
    pub ccc: f64,
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        ab += (a - ma) * (b - mb);
        aa += (a - ma) * (a - ma);
        bb += (b - mb) * (b - mb);
    }
    ab / (aa * bb).sqrt()
}

/// Of aligned discharges (each as long as the average, in order of time). `None` with fewer than
/// eight, or when the markers do not fit.
pub fn jiggle(discharges: &[Vec<f64>], markers: Markers) -> Option<Jiggle> {
    let len = discharges.first()?.len();
    if discharges.len() < FEWEST || markers.end >= len || markers.onset >= markers.end || discharges.iter().any(|d| d.len() != len) {
        return None;
    }
    let mut column = Vec::new();
    let mut difference = |i: usize| {
        column.clear();
        column.extend(discharges.windows(2).map(|w| (w[1][i] - w[0][i]).abs()).filter(|v| v.is_finite()));
        percentile_mut(&mut column, 50.0)
    };
    let outside: Vec<f64> = (0..markers.onset).chain(markers.end + 1..len).map(&mut difference).filter(|v| v.is_finite()).collect();
    let noise = if outside.is_empty() { 0.0 } else { median(&outside) };
    let (mut changed, mut size) = (0.0, 0.0);
    for i in markers.onset..=markers.end {
        let d = difference(i);
        if d.is_finite() {
            // Independent differences add as squares.
            changed += (d * d - noise * noise).max(0.0).sqrt();
        }
        let values: Vec<f64> = discharges.iter().map(|w| w[i]).filter(|v| v.is_finite()).collect();
        size += median(&values).abs();
    }
    let pairs: Vec<f64> = discharges
        .windows(2)
        .map(|w| correlation(&w[0][markers.onset..=markers.end], &w[1][markers.onset..=markers.end]))
        .filter(|v| v.is_finite())
        .collect();
    (size > 0.0 && !pairs.is_empty()).then(|| Jiggle { cad: changed / size, ccc: median(&pairs) })
}
