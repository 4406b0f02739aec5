//! F waves: the late responses of single motor neurons after supramaximal stimuli.

use super::a_wave::{self, AWave, Way};
use super::ensemble::{Common, Ensemble, separate};
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
/// Smoothing takes a little of small ones, and the noise counts some that is slow.
const SMOOTHED: f64 = 0.9;
/// And what of it is quick: slow errors of the tail are not.
const QUICK: f64 = 0.33;
/// An A wave's leftovers begin this near to it, ms.
const BESIDE_A_MS: f64 = 4.0;
/// An A wave lasts so long at most, ms; one in so many F waves that begin meanwhile is enough to look at
/// it beneath them.
const LASTS_MS: f64 = 15.0;
const WITHIN: usize = 4;
/// Beneath F waves it is looked for where this share of the sweeps holds it.
const HOLDS: f64 = 0.75;
/// Separations are compared by averages over this time, ms.
const LEFT_MS: f64 = 0.5;
/// Beneath F waves an A wave is known up to so many times the noise.
const LEFTOVER_NOISE: f64 = 3.0;
/// F waves begin no earlier than this before the median one, ms; chronodispersion is below 10 ms.
const EARLIER_MS: f64 = 8.0;

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
    let first = separate(&all, from_ms, smooth_ms, Common::Kept)?;
    let read = |way: Way| -> Option<Found> {
        let mut a = a_wave::find(&all, &first, from_ms + 3.0, way);
        let ensemble = match &mut a {
            Some(a) => {
                let common = |a: &AWave| if way == Way::Alone { Common::Between(a.common_ms) } else { Common::Absent };
                let rest = |a: &AWave| separate(&a.without(&all), from_ms, smooth_ms, common(a));
                a.complete(&all, &rest(a)?);
                rest(a)?
            }
            None => separate(&all, from_ms, smooth_ms, Common::Absent)?,
        };
        Some(Found {
            f: f_waves(&all, &ensemble, a.as_ref(), if way == Way::Alone { 0.0 } else { LEFTOVER_NOISE * ensemble.noise_uv }),
            a,
            ensemble,
            all: all.clone(),
        })
    };
    let mut best = read(Way::Alone)?;
    let Some(a) = &best.a else { return Some(best) };
    // Where F waves begin before the A wave is over, few sweeps show it alone.
    let onsets = || best.f.iter().flatten().map(|w| w.onset_ms);
    let within = onsets().filter(|ms| (ms - a.onset_ms).abs() < LASTS_MS).count();
    if within * WITHIN < onsets().count().max(1) {
        return Some(best);
    }
    for way in [Way::BeneathLargest, Way::BeneathSteadiest] {
        if let Some(other) = read(way).filter(|other| before_f(other) && left(other) < left(&best)) {
            best = other;
        }
    }
    Some(best)
}

/// Whether most sweeps hold an A wave in front of the F waves: what comes with them may be F waves that
/// come again.
fn before_f(found: &Found) -> bool {
    let onsets: Vec<f64> = found.f.iter().flatten().map(|w| w.onset_ms).collect();
    found.a.as_ref().is_some_and(|a| {
        let holds = a.holds.iter().filter(|h| **h).count() as f64;
        holds >= HOLDS * a.holds.len() as f64 && a.onset_ms + BESIDE_A_MS < median(&onsets)
    })
}

/// F waves of all sweeps.
fn f_waves(all: &Together, ensemble: &Ensemble, a: Option<&AWave>, doubt_uv: f64) -> Vec<Option<Wave>> {
    let least = SMOOTHED * LEAST_UV.max(LEAST_NOISE * ensemble.noise_uv);
    let mut corridor = [ensemble.smooth_ms, f64::INFINITY];
    let look = |corridor: [f64; 2]| {
        (0..ensemble.late_uv.len())
            .map(|q| f_wave(&all_waves(all, ensemble, q, corridor[0], doubt_uv), least, corridor))
            .collect::<Vec<_>>()
    };
    let f = look(corridor);
    // What is left of an A wave is no F wave, nor what lies far in front of all others.
    let near_a = |w: &&Wave| a.is_none_or(|a| (w.onset_ms - a.onset_ms).abs() > BESIDE_A_MS);
    let onsets: Vec<f64> = f.iter().flatten().filter(near_a).map(|w| w.onset_ms).collect();
    if onsets.len() < 4 {
        return f;
    }
    let usual = median(&onsets);
    corridor[0] = corridor[0].max(usual - EARLIER_MS);
    if let Some(a) = a.filter(|a| a.onset_ms + BESIDE_A_MS < usual) {
        corridor[0] = corridor[0].max((a.onset_ms + BESIDE_A_MS).min(usual - BESIDE_A_MS));
    }
    look(corridor)
}

/// How much a separation leaves behind the direct response: minus twice the logarithm of its
/// likelihood under heavy tails, a sweep. F waves are left by all; leftovers of a wrong shape, which
/// are in all sweeps, come on top.
fn left(found: &Found) -> f64 {
    let all = &found.all;
    let per = ((LEFT_MS * all.per_ms).round() as usize).max(1);
    let part = all.index(found.ensemble.smooth_ms)..all.len();
    let noise = found.ensemble.noise_uv.max(1e-9);
    let of = |uv: &Vec<f64>| -> f64 {
        uv.get(part.clone())
            .unwrap_or(&[])
            .chunks_exact(per)
            .map(|c| {
                let v = c.iter().sum::<f64>() / per as f64;
                if v.is_finite() { (1.0 + (v / noise).powi(2)).ln() } else { 0.0 }
            })
            .sum()
    };
    found.ensemble.late_uv.iter().map(of).sum::<f64>() / found.ensemble.late_uv.len().max(1) as f64
}

/// The F wave of a sweep among what stands out of it; `corridor_ms`: earliest and latest onset.
fn f_wave(waves: &[Wave], least: f64, corridor_ms: [f64; 2]) -> Option<Wave> {
    let [from, to] = corridor_ms;
    let inside = |w: &&Wave| w.onset_ms > from - 0.5 && w.onset_ms < to;
    let main = waves.iter().filter(inside).max_by(|a, b| a.pp_uv.total_cmp(&b.pp_uv))?;
    if main.pp_uv < least || main.quick_uv < QUICK * least {
        return None;
    }
    let first = waves.iter().filter(inside).find(|w| w.pp_uv >= 0.7 * least && w.onset_ms > main.onset_ms - 15.0)?;
    Some(Wave { onset_ms: first.onset_ms, onset_sd_ms: first.onset_sd_ms, ..*main })
}

fn all_waves(all: &Together, ensemble: &Ensemble, q: usize, from_ms: f64, doubt_uv: f64) -> Vec<Wave> {
    let flat = Flat { uv: &ensemble.late_uv[q], per_ms: all.per_ms, first_ms: all.first_ms, noise_uv: ensemble.noise_uv, doubt_uv };
    let measured = |[a, b]: &[usize; 2]| {
        let (a, b) = (all.time(*a).max(from_ms), all.time(*b - 1));
        (b > a + 1.0).then(|| measure(&flat, a, b, ensemble.smooth_ms)).flatten()
    };
    ensemble.events[q].iter().filter_map(measured).collect()
}
