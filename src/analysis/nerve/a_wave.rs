//! A waves: late responses of one latency and one shape in most sweeps.
//!
//! An A wave comes again and again in the same place (Puksa, Stalberg and Falck, Clin
//! Neurophysiol 2003;114:1079), an F wave nowhere twice. So a wave is looked for that single sweeps
//! share: the median over the sweeps, freed of everything slow, is matched with every sweep by
//! itself, and a place counts where most sweeps hold that wave with about its size. The tail of the
//! direct response does so as well; it only decays, and what rises again behind it, or stands as a
//! hump on its tail, is an A wave.
//!
//! Contract: finite samples, uV; times are ms after the stimulus. An A wave that is hidden in the
//! direct response is not found. Cost: linear in samples, a few ms for 30 sweeps.

use super::ensemble::{Ensemble, smoothed};
use super::train::Together;
use super::wave::{Flat, measure};
use crate::dsp::peaks::{PeakOptions, find_peaks};
use crate::dsp::robust::{SIGMA_PER_MAD, median, percentile};

/// Width and distance of the averages whose second difference frees a sweep of slow waves, ms.
const WIDTH_MS: f64 = 0.6;
const APART_MS: f64 = 1.4;
const WINDOW_MS: f64 = 3.0;
/// Share of sweeps that hold the wave.
const MOST: f64 = 0.6;
/// A place counts where the shared wave is this many times the noise of one sweep, and this many
/// times what it was before.
const STANDS: f64 = 5.0;
const RISES: f64 = 3.0;
/// It begins within this before its clearest place, ms.
const SOONER_MS: f64 = 6.0;
/// A hump on the direct response's tail: prominence, uV and in noise of the averaged tail; and what
/// the shared wave must be there, in noise of one sweep.
const HUMP_UV: f64 = 10.0;
const HUMP_NOISE: f64 = 8.0;
const HUMP_STANDS: f64 = 2.3;
/// An A wave lasts this long at most, ms.
const LONGEST_MS: f64 = 15.0;
const EARLIER_MS: f64 = 8.0;
/// Behind the last moment at which it can be seen it fades like this, ms.
const FADES_MS: f64 = 4.0;

/// An A wave.
#[derive(Debug, Clone, PartialEq)]
pub struct AWave {
    /// Onset, ms.
    pub onset_ms: f64,
    /// Baseline to negative peak, and peak to peak, uV.
    pub amp_uv: f64,
    /// Peak to peak, uV.
    pub pp_uv: f64,
    /// Which sweeps hold it.
    pub holds: Vec<bool>,
    /// Its shape: first sample, and values in uV.
    pub from: usize,
    /// Values, uV.
    pub shape_uv: Vec<f64>,
    /// Where it is known from what sweeps share, ms; behind that it is taken to fade.
    pub known_ms: [f64; 2],
}

/// The shared wave in a window that begins at a sample.
struct Place {
    at: usize,
    stands: f64,
    holds: Vec<bool>,
    /// Share of sweeps that do nothing else there.
    alike: f64,
}

impl Place {
    fn share(&self) -> f64 {
        self.holds.iter().filter(|h| **h).count() as f64 / self.holds.len().max(1) as f64
    }
}

/// Looks for the A wave of an ensemble; `from_ms`: behind the direct response's positive peak.
pub fn find(all: &Together, ensemble: &Ensemble, from_ms: f64) -> Option<AWave> {
    let n = ensemble.flat_uv.len();
    if n < 4 {
        return None;
    }
    let fast: Vec<Vec<f64>> = ensemble.flat_uv.iter().map(|uv| fast(uv, all.per_ms)).collect();
    let stride = ((0.25 * all.per_ms).round() as usize).max(1);
    let shared = medians(&fast);
    let noise = noise(all, &fast, &shared, ensemble.smooth_ms)?;
    let places = places(all, &fast, &shared, noise, stride);
    let at = resurgence(all, &places, from_ms).or_else(|| hump(all, ensemble, &places))?;
    let place = places.iter().min_by(|a, b| a.at.abs_diff(at).cmp(&b.at.abs_diff(at)))?;
    let over = direct_over(all, &places, from_ms);
    // As far as the sweeps stay alike to either side.
    let reach = |later: bool| {
        let beyond = places.iter().filter(|p| p.alike < MOST && (p.at > place.at) == later).map(|p| p.at);
        if later { beyond.min().unwrap_or(usize::MAX) } else { beyond.max().unwrap_or(0) }
    };
    describe(all, ensemble, place, over, [reach(false), reach(true)])
}

/// Second difference of averages: slow waves vanish, those of a motor unit remain.
fn fast(uv: &[f64], per_ms: f64) -> Vec<f64> {
    let width = ((WIDTH_MS * per_ms).round() as usize).max(1);
    let apart = ((APART_MS * per_ms).round() as usize).max(1);
    let smooth = smoothed(uv, width);
    let value = |i: usize| if smooth[i].is_finite() { smooth[i] } else { 0.0 };
    (0..uv.len())
        .map(|i| if i < apart || i + apart >= uv.len() { 0.0 } else { value(i) - 0.5 * (value(i - apart) + value(i + apart)) })
        .collect()
}

fn medians(all: &[Vec<f64>]) -> Vec<f64> {
    let len = all.first().map_or(0, Vec::len);
    let mut column = Vec::with_capacity(all.len());
    (0..len)
        .map(|i| {
            column.clear();
            column.extend(all.iter().map(|uv| uv[i]));
            median(&column)
        })
        .collect()
}

fn noise(all: &Together, fast: &[Vec<f64>], shared: &[f64], smooth_ms: f64) -> Option<f64> {
    let step = ((0.25 * all.per_ms).round() as usize).max(1);
    let spreads: Vec<f64> = (all.index(smooth_ms + 2.0)..all.len())
        .step_by(step)
        .map(|i| {
            let off: Vec<f64> = fast.iter().map(|uv| (uv[i] - shared[i]).abs()).collect();
            SIGMA_PER_MAD * median(&off)
        })
        .collect();
    let noise = percentile(&spreads, 15.0);
    (noise.is_finite() && noise > 0.0).then_some(noise)
}

/// Every window with the size of the shared wave and the sweeps that hold it.
fn places(all: &Together, fast: &[Vec<f64>], shared: &[f64], noise: f64, stride: usize) -> Vec<Place> {
    let window = ((WINDOW_MS * all.per_ms).round() as usize).max(4);
    let mut out = Vec::new();
    let mut a = all.index(0.0);
    while a + window <= all.len() {
        let part = &shared[a..a + window];
        let power = part.iter().map(|v| v * v).sum::<f64>();
        let size = (power / window as f64).sqrt();
        let mut alike = 0_usize;
        let holds = fast
            .iter()
            .map(|uv| {
                let uv = &uv[a..a + window];
                let scale = uv.iter().zip(part).map(|(v, s)| v * s).sum::<f64>() / power.max(1e-12);
                let off = (uv.iter().zip(part).map(|(v, s)| (v - s).powi(2)).sum::<f64>() / window as f64).sqrt();
                let near = off < 0.6 * size + 1.3 * noise;
                alike += usize::from(near);
                near && (scale - 1.0).abs() < 0.5
            })
            .collect();
        out.push(Place { at: a, stands: size / noise, holds, alike: alike as f64 / fast.len() as f64 });
        a += stride;
    }
    out
}

/// Where the direct response's own quick part has faded, or something else takes over, ms.
fn direct_over(all: &Together, places: &[Place], from_ms: f64) -> f64 {
    let centre = |p: &Place| all.time(p.at) + 0.5 * WINDOW_MS;
    let mut least: Option<&Place> = None;
    for place in places.iter().filter(|p| centre(p) >= from_ms) {
        match least {
            Some(l) if place.stands > 1.3 * l.stands => break,
            Some(l) if place.stands >= l.stands => {}
            _ => least = Some(place),
        }
        if place.stands < 2.0 {
            break;
        }
    }
    least.map_or(from_ms, centre)
}

/// The largest shared wave that rises again behind the direct response.
fn resurgence(all: &Together, places: &[Place], from_ms: f64) -> Option<usize> {
    let mut least = f64::INFINITY;
    let mut best: Option<(f64, usize)> = None;
    for place in places.iter().filter(|p| all.time(p.at) + 0.5 * WINDOW_MS >= from_ms) {
        least = least.min(place.stands.max(1.0));
        let found = place.stands >= STANDS && place.stands >= RISES * least && place.share() >= MOST;
        if found && best.is_none_or(|(s, _)| place.stands > s) {
            best = Some((place.stands, place.at));
        }
    }
    best.map(|(_, at)| at)
}

/// A second hump on the tail, which of itself rises once and decays.
fn hump(all: &Together, ensemble: &Ensemble, places: &[Place]) -> Option<usize> {
    let from = all.index(ensemble.from_ms + 1.5);
    let width = ((0.75 * all.per_ms).round() as usize).max(1);
    let tail = smoothed(ensemble.tail_uv.get(from..)?, width);
    let least = HUMP_UV.max(HUMP_NOISE * ensemble.bin_noise_uv / (ensemble.flat_uv.len() as f64).sqrt());
    let mut peaks = find_peaks(&tail, &PeakOptions { prominence: Some(least), ..PeakOptions::default() });
    peaks.sort_by(|a, b| b.prominence.total_cmp(&a.prominence));
    let reach = (1.5 * all.per_ms) as usize;
    peaks.iter().skip(1).map(|peak| from + peak.index).find_map(|at| {
        let agreed = ensemble.agreement[at.saturating_sub(reach)..(at + reach).min(all.len())].iter().fold(1.0_f64, |x, v| x.min(*v));
        let centre = |p: &Place| all.time(p.at) + 0.5 * WINDOW_MS;
        let near = places.iter().filter(|p| (centre(p) - all.time(at)).abs() < 3.0 && p.share() >= MOST && p.stands >= HUMP_STANDS);
        let best = near.min_by(|a, b| (centre(a) - all.time(at)).abs().total_cmp(&(centre(b) - all.time(at)).abs()))?;
        (agreed >= MOST).then_some(best.at)
    })
}

/// Shape, onset and size of the wave at a place: the median of the sweeps' changes, summed up, so
/// that the level that each sweep has there does not matter.
fn describe(all: &Together, ensemble: &Ensemble, place: &Place, over_ms: f64, within: [usize; 2]) -> Option<AWave> {
    let centre = place.at + (0.5 * WINDOW_MS * all.per_ms) as usize;
    let window = (WINDOW_MS * all.per_ms) as usize;
    let from = centre
        .saturating_sub((EARLIER_MS * all.per_ms) as usize)
        .max(all.index(ensemble.smooth_ms))
        .max(within[0] + window / 2)
        .min(place.at);
    let to = (centre + (LONGEST_MS * all.per_ms) as usize).min(all.len()).min(within[1].saturating_add(window / 2)).max(centre + 1);
    let holders: Vec<&Vec<f64>> = ensemble.flat_uv.iter().zip(&place.holds).filter(|(_, h)| **h).map(|(uv, _)| uv).collect();
    let mut shape = vec![0.0; to.checked_sub(from).filter(|n| *n > 8)?];
    let mut column = Vec::with_capacity(holders.len());
    for k in 1..shape.len() {
        column.clear();
        column.extend(holders.iter().map(|uv| uv[from + k] - uv[from + k - 1]));
        let steady = ensemble.bridge_uv[from + k] - ensemble.bridge_uv[from + k - 1];
        let step = median(&column);
        shape[k] = shape[k - 1] + if step.is_finite() { step - steady } else { 0.0 };
    }
    // Less the level in front of it, and fading behind what is known.
    let ends = ((0.5 * all.per_ms) as usize).clamp(1, shape.len() / 4);
    let left = shape[..ends].iter().sum::<f64>() / ends as f64;
    shape.iter_mut().for_each(|v| *v -= left);
    let last = shape[shape.len() - ends..].iter().sum::<f64>() / ends as f64;
    let known = shape.len();
    let fades = (all.len() - to).min((4.0 * FADES_MS * all.per_ms) as usize);
    shape.extend((0..fades).map(|k| last * (-(k as f64) / (FADES_MS * all.per_ms)).exp()));
    let noise_uv = 1.5 * ensemble.noise_uv / (holders.len() as f64).sqrt();
    let flat = Flat { uv: &shape[..known], per_ms: all.per_ms, first_ms: all.time(from), noise_uv };
    let at = all.time(centre);
    let wave = measure(&flat, (at - SOONER_MS).max(over_ms).min(at - 1.0), (at + 6.0).min(all.time(to - 1)), all.time(from))?;
    Some(AWave { onset_ms: wave.onset_ms, amp_uv: wave.amp_uv, pp_uv: wave.pp_uv, holds: place.holds.clone(), from, shape_uv: shape, known_ms: [all.time(from), all.time(from + known)] })
}
