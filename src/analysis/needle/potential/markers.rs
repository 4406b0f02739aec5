//! Onset and end of a motor unit potential.
//!
//! Onset is the first and end the last moment at which the averaged potential is more than 10 uV
//! from the baseline (an amplitude criterion, as in the automatic method of Stalberg, Andreassen,
//! Falck, Lang, Rosenfalck and Trojaborg 1986; Nandedkar, Stalberg and Sanders 1995 discuss it). What
//! averaging leaves of the noise is dealt with in two ways: away from the spike the potential is
//! slow, so it is smoothed there; and the criterion rises with the standard error. Late parts count
//! as the potential's while no quiet stretch of more than [`QUIET_MS`] lies before them.

use crate::model::needle::AveragedPotential;

/// Distance from the baseline, uV.
const LEVEL_UV: f64 = 10.0;
/// The level is at least so many standard errors of the smoothed average.
const ERRORS: f64 = 3.0;
/// Length of the smoothing at least and at most, ms.
const SMOOTH_MS: (f64, f64) = (0.16, 1.2);
/// Longest stretch below the level within a potential, ms.
const QUIET_MS: f64 = 3.0;

/// Where a potential begins and ends, samples of its average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Markers {
    /// First sample of the potential.
    pub onset: usize,
    /// Last.
    pub end: usize,
}

/// The average smoothed with a window that widens with the distance from the spike.
fn smoothed(potential: &AveragedPotential) -> (Vec<f64>, Vec<f64>) {
    let (n, fs) = (potential.uv.len(), potential.fs_hz);
    let mut sums = Vec::with_capacity(n + 1);
    sums.push(0.0);
    for v in &potential.uv {
        sums.push(sums.last().copied().unwrap_or(0.0) + v);
    }
    let peak = potential.uv.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    // The spike: where the potential is large.
    let large = |i: &usize| potential.uv[*i].abs() > 0.15 * peak;
    let first = (0..n).find(large).unwrap_or(0) as f64;
    let last = (0..n).rev().find(large).unwrap_or(0) as f64;
    (0..n)
        .map(|i| {
            let away_ms = (first - i as f64).max(i as f64 - last).max(0.0) / fs * 1000.0;
            let width_ms = (0.5 * away_ms).clamp(SMOOTH_MS.0, SMOOTH_MS.1);
            let half = ((width_ms / 2000.0 * fs).round() as usize).max(1);
            let (from, to) = (i.saturating_sub(half), (i + half + 1).min(n));
            let count = (to - from) as f64;
            // Where there is smoothing, what is left is the slow noise.
            let error = potential.error_uv.get(i).copied().unwrap_or(0.0);
            let smooth = (width_ms - SMOOTH_MS.0) / (SMOOTH_MS.1 - SMOOTH_MS.0);
            ((sums[to] - sums[from]) / count, error + (potential.slow_error_uv.min(error) - error) * smooth)
        })
        .unzip()
}

/// Onset and end; `None` when nothing exceeds the level.
pub fn markers(potential: &AveragedPotential) -> Option<Markers> {
    let n = potential.uv.len();
    if n < 5 || !(potential.fs_hz.is_finite() && potential.fs_hz > 0.0) || potential.uv.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let (values, errors) = smoothed(potential);
    let exceeds: Vec<bool> = values.iter().zip(&errors).map(|(v, e)| v.abs() > LEVEL_UV.max(ERRORS * e)).collect();
    let at = (0..n).max_by(|a, b| values[*a].abs().total_cmp(&values[*b].abs())).filter(|at| exceeds[*at])?;
    let quiet = (QUIET_MS / 1000.0 * potential.fs_hz).round().max(1.0) as usize;
    let (mut onset, mut end) = (at, at);
    for i in (0..at).rev() {
        if exceeds[i] {
            onset = i;
        } else if onset - i > quiet {
            break;
        }
    }
    for (i, over) in exceeds.iter().enumerate().skip(at + 1) {
        if *over {
            end = i;
        } else if i - end > quiet {
            break;
        }
    }
    Some(Markers { onset, end })
}
