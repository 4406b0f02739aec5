//! Single sweeps freed of everything slow behind a direct response that differs between them.

use super::{Bins, HARMONICS, MAINS_HZ, background_row, binned};
use crate::analysis::linear::{Normal, dot};
use crate::analysis::nerve::train::Together;
use crate::dsp::robust::{SIGMA_PER_MAD, median};

/// Time constants of the shock's discharge and of the direct response's tail, ms.
const DECAYS_MS: [f64; 7] = [1.2, 2.0, 3.2, 5.2, 9.0, 16.0, 30.0];
const FIXED: usize = 2 + DECAYS_MS.len();
const COLUMNS: usize = FIXED + 2 * HARMONICS.len();

fn row(t: f64, mains_hz: Option<f64>, half: f64, from: f64) -> [f64; COLUMNS] {
    background_row(t, mains_hz, half, &DECAYS_MS, from)
}

/// Sweeps less level, drift, mains, the shock's discharge and the direct response's tail, all fitted
/// where `free` says that nothing else is, and the noise of a sample (uV). Samples outside of what
/// was fitted from both sides are extrapolated. `None` with fewer than 40 usable bins.
pub fn flatten(all: &Together, free: &dyn Fn(f64) -> bool) -> Option<(Vec<Vec<f64>>, f64)> {
    let bins = Bins::new(all)?;
    let usable: Vec<bool> = bins.time.iter().map(|t| free(*t)).collect();
    if usable.iter().filter(|u| **u).count() < 40 {
        return None;
    }
    let half = 0.5 * bins.time.last().copied().unwrap_or(1.0).max(1.0);
    let from = bins.time.iter().zip(&usable).find(|(t, u)| **t > 0.0 && **u).map_or(0.0, |(t, _)| *t);
    let differences: Vec<f64> = bins
        .y
        .iter()
        .flat_map(|y| {
            y.windows(4).zip(&usable).filter(|(_, u)| **u).map(|(w, _)| (w[3] - 3.0 * w[2] + 3.0 * w[1] - w[0]).abs() / 20.0_f64.sqrt())
        })
        .collect();
    let sigma = 1.5 * SIGMA_PER_MAD * median(&differences);
    if !(sigma.is_finite() && sigma > 0.0) {
        return None;
    }
    let mut fits: Vec<(f64, Vec<Vec<f64>>)> = Vec::new();
    for hz in MAINS_HZ {
        let rows: Vec<[f64; COLUMNS]> = bins.time.iter().map(|t| row(*t, hz, half, from)).collect();
        let mut prior = [1.0; COLUMNS];
        prior[0] = 1e-6;
        prior[1] = 1e-2;
        prior[2..FIXED].fill((sigma / 2000.0).powi(2));
        if hz.is_some() {
            for (pair, sd) in prior[FIXED..].chunks_exact_mut(2).zip([30.0, 5.0, 10.0, 6.0]) {
                pair.fill((sigma / sd).powi(2));
            }
        }
        let mut cost = if hz.is_some() { 8.0 * bins.y.len() as f64 } else { 0.0 };
        let mut coefficients = Vec::new();
        for y in &bins.y {
            let (c, own) = robust(&rows, y, &usable, &prior, sigma)?;
            cost += own;
            coefficients.push(c);
        }
        fits.push((cost, coefficients));
    }
    let kind = (0..fits.len()).min_by(|a, b| fits[*a].0.total_cmp(&fits[*b].0))?;
    let rows: Vec<[f64; COLUMNS]> = (0..all.len()).map(|i| row(all.time(i), MAINS_HZ[kind], half, from)).collect();
    let flat: Vec<Vec<f64>> =
        all.uv.iter().zip(&fits[kind].1).map(|(uv, c)| uv.iter().zip(&rows).map(|(v, row)| v - dot(row, c)).collect()).collect();
    let quiet: Vec<f64> =
        flat.iter().flat_map(|f| f.iter().enumerate().filter(|(i, v)| free(all.time(*i)) && v.is_finite()).map(|(_, v)| v.abs())).collect();
    let noise = (SIGMA_PER_MAD * median(&quiet)).max(1e-3 * sigma);
    Some((flat, noise))
}

/// Tukey's biweight, as for the common tail.
fn robust(rows: &[[f64; COLUMNS]], y: &[f64], usable: &[bool], prior: &[f64; COLUMNS], sigma: f64) -> Option<(Vec<f64>, f64)> {
    let mut weights: Vec<f64> = usable.iter().map(|u| f64::from(u8::from(*u))).collect();
    let mut found = None;
    for _ in 0..8 {
        let mut normal = Normal::new(COLUMNS);
        for ((row, &v), &w) in rows.iter().zip(y).zip(&weights) {
            if w > 0.0 {
                normal.add(row, v, w);
            }
        }
        let c = normal.solve(prior)?.coefficients;
        let errors: Vec<f64> = rows.iter().zip(y).map(|(row, v)| (v - dot(row, &c)).abs()).collect();
        let used: Vec<f64> = errors.iter().zip(usable).filter(|(e, u)| **u && e.is_finite()).map(|(e, _)| *e).collect();
        let scale = (SIGMA_PER_MAD * median(&used)).max(sigma);
        for ((w, e), u) in weights.iter_mut().zip(&errors).zip(usable) {
            let r = (e / (4.0 * scale)).min(1.0);
            *w = if *u && e.is_finite() { (1.0 - r * r).powi(2) } else { 0.0 };
        }
        let cost = used.iter().map(|e| (e / (2.0 * sigma)).powi(2).min(4.0)).sum();
        found = Some((c, cost));
    }
    found
}

impl Bins {
    /// Bins of all sweeps.
    pub(super) fn new(all: &Together) -> Option<Self> {
        let last = all.time(all.len().checked_sub(1)?);
        let per = ((super::BIN_MS * all.per_ms).round() as usize).max(1);
        let offset = ((-all.first_ms * all.per_ms).round() as usize) % per;
        let time: Vec<f64> =
            (0..(all.len() - offset) / per).map(|i| all.time(offset + i * per) + 0.5 * (per - 1) as f64 / all.per_ms).collect();
        let half = 0.5 * last.max(1.0);
        let rows = MAINS_HZ.map(|hz| time.iter().map(|t| super::row(*t, hz, half)).collect::<Vec<_>>());
        let y = all.uv.iter().map(|uv| binned(uv, per, offset)).collect();
        Some(Self { rows, y, per_ms: all.per_ms / per as f64, time, per, offset, half })
    }
}
