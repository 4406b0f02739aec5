//! F waves: the late responses of single motor neurons after supramaximal stimuli.

use super::a_wave::{self, AWave};
use super::ensemble::{Ensemble, separate};
use super::motor::Analysis;
use super::train::Together;
use super::wave::{Flat, Wave, measure};
use crate::dsp::robust::median;

/// Stretch looked at, ms before and after the stimulus.
const BEFORE_MS: f64 = 20.0;
const AFTER_MS: f64 = 150.0;
/// An F wave counts from this size on, peak to peak: uV, and in rms of the noise.
const LEAST_UV: f64 = 20.0;
const LEAST_NOISE: f64 = 6.0;
/// And what of it is quick: slow errors of the tail are not.
const QUICK: f64 = 0.33;

/// All sweeps of a site, measured.
#[derive(Debug, Clone)]
pub struct Found {
    /// The F wave of every sweep.
    pub f: Vec<Option<Wave>>,
    /// The A wave.
    pub a: Option<AWave>,
    /// What it was read from.
    pub ensemble: Ensemble,
    /// Time axis.
    pub all: Together,
}

/// Analyses the sweeps of one site: samples and stimulus (seconds after the first sample).
pub fn find(sweeps: &[(&[f64], f64)], fs_hz: f64) -> Option<Found> {
    let all = Together::new(sweeps, fs_hz, BEFORE_MS, AFTER_MS)?;
    let (mut ends, mut positive) = (Vec::new(), Vec::new());
    for uv in &all.uv {
        if let Some(m) = Analysis::new(uv, fs_hz, Some(-all.first_ms * 1e-3), None).automatic() {
            ends.push(m.neg_end_ms);
            positive.extend(m.pos_peak_ms);
        }
    }
    let end = if ends.is_empty() { 10.0 } else { median(&ends) };
    let peak = if positive.is_empty() { end + 2.0 } else { median(&positive).clamp(end, end + 4.0) };
    let (from_ms, smooth_ms) = (peak, peak + 5.5);
    let first = separate(&all, from_ms, smooth_ms, true)?;
    let a = a_wave::find(&all, &first, from_ms + 3.0);
    let ensemble = match &a {
        Some(a) => separate(&without(&all, a), from_ms, smooth_ms, false)?,
        None => separate(&all, from_ms, smooth_ms, false)?,
    };
    let f = (0..sweeps.len()).map(|q| f_wave(&all, &ensemble, q)).collect();
    Some(Found { f, a, ensemble, all })
}

fn without(all: &Together, a: &AWave) -> Together {
    let mut out = all.clone();
    for (uv, _) in out.uv.iter_mut().zip(&a.holds).filter(|(_, holds)| **holds) {
        for (v, s) in uv[a.from..].iter_mut().zip(&a.shape_uv) {
            *v -= s;
        }
    }
    out
}

fn f_wave(all: &Together, ensemble: &Ensemble, q: usize) -> Option<Wave> {
    let flat = Flat { uv: &ensemble.late_uv[q], per_ms: all.per_ms, first_ms: all.first_ms, noise_uv: ensemble.noise_uv };
    let least = LEAST_UV.max(LEAST_NOISE * ensemble.noise_uv);
    let waves: Vec<Wave> =
        ensemble.events[q].iter().filter_map(|[a, b]| measure(&flat, all.time(*a), all.time(*b - 1), ensemble.smooth_ms)).collect();
    let main = waves.iter().filter(|w| w.end_ms > ensemble.smooth_ms + 2.0).max_by(|a, b| a.pp_uv.total_cmp(&b.pp_uv))?;
    if std::env::var("DUMP").is_ok() {
        eprintln!("SW {q} {:.1} {:.1} {:.1} {:.2}", main.pp_uv, main.quick_uv, main.onset_ms, least);
    }
    if main.pp_uv < least || main.quick_uv < QUICK * least {
        return None;
    }
    let first = waves.iter().find(|w| w.pp_uv >= 0.7 * least && w.onset_ms > main.onset_ms - 15.0 && w.onset_ms > ensemble.smooth_ms)?;
    Some(Wave { onset_ms: first.onset_ms, onset_sd_ms: first.onset_sd_ms, ..*main })
}
