//! A waves: late responses of one latency and one shape in most sweeps.
//!
//! An A wave comes again and again in the same place (Puksa, Stalberg and Falck, Clin
//! Neurophysiol 2003;114:1079), an F wave nowhere twice. So a wave is looked for that single sweeps
//! share: the median over the sweeps, freed of everything slow, is matched with every sweep by
//! itself, and a place counts where most sweeps hold that wave with about its size. The tail of the
//! direct response does so as well; it only decays, and what rises again behind it, or stands as a
//! hump on its tail, is an A wave.
//!
//! Its shape is the mean change from sample to sample of those sweeps that still agree; a sweep leaves
//! this group where its F wave begins (`a_alone`). Where F waves begin in nearly all sweeps before it
//! is over it is followed beneath them (`a_group`); `f_wave` takes the one that leaves least. Size
//! and delay in every sweep follow by least squares on the shape and its slope, with priors (one axon's
//! jitter is below 0.5 ms), so that it can be subtracted and F waves on its flank remain.
//!
//! Contract: finite samples, uV; times are ms after the stimulus. An A wave that is hidden in the
//! direct response is not found. Cost: linear in samples, a few ms for 30 sweeps.

use super::a_alone::Group;
use super::a_group::Shared;
use super::ensemble::{Ensemble, smoothed};
use super::train::Together;
use super::wave::{Flat, measure};
use crate::dsp::peaks::{PeakOptions, find_peaks};
use crate::dsp::robust::{SIGMA_PER_MAD, median, medians, percentile};

/// Width and distance of the averages whose second difference frees a sweep of slow waves, ms.
const WIDTH_MS: f64 = 0.6;
const APART_MS: f64 = 1.4;
pub(super) const WINDOW_MS: f64 = 3.0;
/// Share of sweeps that hold the wave.
const MOST: f64 = 0.6;
/// A place counts where the shared wave is this many times the noise of one sweep, and this many
/// times what it was before, and by so much noise more. The direct response's end only decays.
const STANDS: f64 = 4.0;
const RISES: f64 = 1.3;
const RISES_NOISE: f64 = 1.0;
/// Of several places the steadiest is the one where this share of the sweeps differs least from the wave,
/// %: in F waves that come again fewer agree.
const STEADY_PCT: f64 = 75.0;
/// It begins within this before its clearest place, ms.
const SOONER_MS: f64 = 6.0;
/// A hump on the direct response's tail: prominence, uV and in noise of the averaged tail; and what
/// the shared wave must be there, in noise of one sweep.
const HUMP_UV: f64 = 10.0;
const HUMP_NOISE: f64 = 8.0;
const HUMP_STANDS: f64 = 2.3;
/// Sizes and latencies of one axon's wave vary by this much: share, and ms (jitter).
pub(super) const SIZE_SD: f64 = 0.06;
pub(super) const JITTER_MS: f64 = 0.1;
/// Reach of the fit to either side of the clearest place, ms.
const FIT_MS: f64 = 5.0;
const WIDER_FIT_MS: f64 = 8.0;
const ENDS_MS: f64 = 1.0;
pub(super) const EARLIER_MS: f64 = 8.0;
/// Followed beneath F waves it goes on for so long behind its clearest place, and ends within this time;
/// then averages over this time hold all of it, ms.
const LASTS_MS: f64 = 12.0;
const ENDS_IN_MS: f64 = 15.0;
const CALM_MS: f64 = 1.5;
/// Behind the last moment at which it can be seen it fades like this, ms.
const FADES_MS: f64 = 4.0;
const COASTS_MS: f64 = 1.0;

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
    /// Its size against the shape, and by how much it comes later, ms, in every sweep.
    pub fits: Vec<Fit>,
    /// Its shape: first sample, and values in uV.
    pub from: usize,
    /// Values, uV.
    pub shape_uv: Vec<f64>,
    /// Where it is known from what sweeps share, ms; behind that it is taken to fade.
    pub known_ms: [f64; 2],
    /// Where most of the sweeps that hold it do nothing else, ms.
    pub common_ms: [f64; 2],
}

/// How a sweep holds the wave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Size against the shape; 0 where there is none.
    pub scale: f64,
    /// Later than usual, ms.
    pub later_ms: f64,
}

impl AWave {
    /// The sweeps less the wave, each as large and as late as it comes there.
    pub fn without(&self, all: &Together) -> Together {
        let mut out = all.clone();
        for (uv, fit) in out.uv.iter_mut().zip(&self.fits).filter(|(_, fit)| fit.scale != 0.0) {
            for (k, v) in uv.iter_mut().skip(self.from).enumerate().take(self.shape_uv.len() + 1) {
                *v -= fit.scale * self.at(k as f64 - fit.later_ms * all.per_ms);
            }
        }
        out
    }

    /// The shape `k` samples behind its first, uV.
    fn at(&self, k: f64) -> f64 {
        let low = k.floor();
        let value = |i: f64| if i < 0.0 { 0.0 } else { self.shape_uv.get(i as usize).copied().unwrap_or(0.0) };
        value(low) + (k - low) * (value(low + 1.0) - value(low))
    }

    /// Takes from the tail what of it belongs to the wave: what exponentials do not explain there.
    pub fn complete(&mut self, all: &Together, ensemble: &Ensemble) {
        let known = all.index(self.known_ms[1]).saturating_sub(self.from).min(self.shape_uv.len());
        let beyond = |i: usize| ensemble.tail_uv[i] - ensemble.bridge_uv[i];
        for k in 0..known {
            // Nothing at its ends, where the shape goes over into the tail.
            let inside = (k.min(known - 1 - k) as f64 / (ENDS_MS * all.per_ms)).min(1.0);
            self.shape_uv[k] += inside * beyond(self.from + k);
        }
    }
}

/// The shared wave in a window that begins at a sample.
struct Place {
    at: usize,
    stands: f64,
    /// The wave's size against what most sweeps differ from it there, and noise.
    steady: f64,
    holds: Vec<bool>,
}

impl Place {
    fn share(&self) -> f64 {
        self.holds.iter().filter(|h| **h).count() as f64 / self.holds.len().max(1) as f64
    }
}

/// How the wave's shape is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From sweeps that hold nothing else.
    Alone,
    /// From what sweeps share beneath F waves, from the wave's largest place on.
    BeneathLargest,
    /// The same, from the place where most sweeps agree.
    BeneathSteadiest,
}

/// Looks for the A wave of an ensemble; `from_ms`: behind the direct response's positive peak.
pub fn find(all: &Together, ensemble: &Ensemble, from_ms: f64, way: Way) -> Option<AWave> {
    let n = ensemble.flat_uv.len();
    if n < 4 {
        return None;
    }
    let fast: Vec<Vec<f64>> = ensemble.flat_uv.iter().map(|uv| fast(uv, all.per_ms)).collect();
    let stride = ((0.25 * all.per_ms).round() as usize).max(1);
    let shared = medians(&fast);
    let noise = noise(all, &fast, &shared, ensemble.smooth_ms)?;
    let places = places(all, &fast, &shared, noise, stride);
    let steadiest = way == Way::BeneathSteadiest;
    let at = resurgence(all, &places, from_ms, steadiest).or_else(|| hump(all, ensemble, &places))?;
    let place = places.iter().min_by(|a, b| a.at.abs_diff(at).cmp(&b.at.abs_diff(at)))?;
    let over = direct_over(all, &places, from_ms);
    let centre = all.index(all.time(place.at) + 0.5 * WINDOW_MS);
    let mut fits = fit(all, &fast, &shared, noise, all.time(centre), FIT_MS);
    if way == Way::Alone {
        let group = Group::new(all, &fast, &fits, noise, centre);
        return describe(all, ensemble, centre, fits, over, group.shape(all, ensemble, place.at)?);
    }
    // Sizes and delays from the middle of the sweeps, then from what they share beneath F waves.
    let mut shape = medians(&ensemble.flat_uv);
    let mut found = Shared::new(all, ensemble, &shape, &fits, centre)?;
    shape[found.from..found.from + found.shared_uv.len()].copy_from_slice(&found.shared_uv);
    let again = fit(all, &fast, &self::fast(&shape, all.per_ms), noise, all.time(centre), WIDER_FIT_MS);
    for (fit, again) in fits.iter_mut().zip(again).filter(|(fit, again)| fit.scale != 0.0 && again.scale != 0.0) {
        *fit = again;
    }
    found = Shared::new(all, ensemble, &shape, &fits, centre)?;
    let shape = beneath(all, ensemble, &found, &fits, place)?;
    describe(all, ensemble, centre, fits, over, shape)
}

/// A wave's raw shape, where it begins, and where most sweeps hold nothing else, as samples.
pub(super) struct Shape {
    pub from: usize,
    pub uv: Vec<f64>,
    pub common: [usize; 2],
}

/// The shape out of what the sweeps share beneath F waves.
fn beneath(all: &Together, ensemble: &Ensemble, found: &Shared, fits: &[Fit], place: &Place) -> Option<Shape> {
    let centre = place.at + (0.5 * WINDOW_MS * all.per_ms) as usize;
    let from = centre.saturating_sub((EARLIER_MS * all.per_ms) as usize).max(all.index(ensemble.smooth_ms)).min(place.at).max(found.from);
    let to = (found.from + found.shared_uv.len()).min(all.len()).min(centre + ((LASTS_MS + ENDS_IN_MS) * all.per_ms) as usize);
    if to <= from + 8 {
        return None;
    }
    let mut uv: Vec<f64> = (from..to).map(|i| found.shared_uv[i - found.from] - ensemble.bridge_uv[i]).collect();
    let ends = ((0.5 * all.per_ms) as usize).clamp(1, uv.len() / 4);
    let left = uv[..ends].iter().sum::<f64>() / ends as f64;
    uv.iter_mut().for_each(|v| *v -= left);
    // Far behind its clearest place the wave is slow, and over at last.
    let calm = smoothed(&uv, ((CALM_MS * all.per_ms).round() as usize).max(1));
    for (k, v) in uv.iter_mut().enumerate() {
        let past = ((from + k) as f64 - centre as f64) / all.per_ms - LASTS_MS;
        if past > 0.0 {
            *v = calm[k] * (std::f64::consts::FRAC_PI_2 * (past / ENDS_IN_MS).min(1.0)).cos().powi(2);
        }
    }
    let holders = fits.iter().filter(|fit| fit.scale > 0.0).count();
    let [first, last] = found.shown_by(holders.div_ceil(2));
    Some(Shape { from, uv, common: [first.max(from), last.min(to)] })
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
        let mut offs = Vec::with_capacity(fast.len());
        let holds = fast
            .iter()
            .map(|uv| {
                let uv = &uv[a..a + window];
                let scale = uv.iter().zip(part).map(|(v, s)| v * s).sum::<f64>() / power.max(1e-12);
                let off = (uv.iter().zip(part).map(|(v, s)| (v - s).powi(2)).sum::<f64>() / window as f64).sqrt();
                offs.push(off);
                let near = off < 0.6 * size + 1.3 * noise;
                near && (scale - 1.0).abs() < 0.5
            })
            .collect();
        let steady = size / noise.hypot(percentile(&offs, STEADY_PCT));
        out.push(Place { at: a, stands: size / noise, steady, holds });
        a += stride;
    }
    out
}

/// Size and delay of the shared wave around `at_ms` in every sweep, by least squares on the wave and
/// its slope. Samples count the less the more the sweeps differ there: F waves lie anywhere.
fn fit(all: &Together, fast: &[Vec<f64>], shared: &[f64], noise: f64, at_ms: f64, reach_ms: f64) -> Vec<Fit> {
    let window = all.index(at_ms - FIT_MS).max(1)..all.index(at_ms + reach_ms).min(all.len().saturating_sub(1));
    let slope = |i: usize| 0.5 * (shared[i + 1] - shared[i - 1]) * all.per_ms;
    let mut column = Vec::with_capacity(fast.len());
    let weights: Vec<f64> = window
        .clone()
        .map(|i| {
            column.clear();
            column.extend(fast.iter().map(|uv| (uv[i] - shared[i]).abs()));
            let spread = SIGMA_PER_MAD * median(&column);
            // Neighbours within an average are not news.
            1.0 / (noise.max(spread).powi(2) * (WIDTH_MS * all.per_ms).max(1.0))
        })
        .collect();
    let fit = |uv: &Vec<f64>| {
        let mut found = Fit { scale: 1.0, later_ms: 0.0 };
        let mut own = weights.clone();
        for round in 0..4 {
            let sum = |f: &dyn Fn(usize) -> f64| window.clone().zip(&own).map(|(i, w)| w * f(i)).sum::<f64>();
            let (power, there) = (sum(&|i| shared[i] * shared[i]), sum(&|i| uv[i] * shared[i]));
            if round == 0 && (there.is_nan() || there <= 0.5 * power) {
                return Fit { scale: 0.0, later_ms: 0.0 };
            }
            let cross = -sum(&|i| shared[i] * slope(i));
            // Of the rest: how much more of the wave, and how much later.
            let (more, late) = (there - power, -sum(&|i| (uv[i] - shared[i]) * slope(i)));
            let (a, b) = (power + SIZE_SD.powi(-2), sum(&|i| slope(i).powi(2)) + JITTER_MS.powi(-2));
            let det = a * b - cross * cross;
            let (scale, later) = if det > 0.0 { ((b * more - cross * late) / det, (a * late - cross * more) / det) } else { (0.0, 0.0) };
            let within = |v: f64, most: f64| if v.is_finite() { v.clamp(-most, most) } else { 0.0 };
            found = Fit { scale: 1.0 + within(scale, 4.0 * SIZE_SD), later_ms: within(later, 4.0 * JITTER_MS) };
            // What an F wave covers counts little.
            for ((i, w), all) in window.clone().zip(&mut own).zip(&weights) {
                let off = uv[i] - found.scale * shared[i] + found.later_ms * slope(i);
                *w = all / (1.0 + (off / (2.0 * noise)).powi(2)).powi(2);
            }
        }
        found
    };
    fast.iter().map(fit).collect()
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

/// The largest (or steadiest) shared wave that rises again behind the direct response.
fn resurgence(all: &Together, places: &[Place], from_ms: f64, steadiest: bool) -> Option<usize> {
    let mut least = f64::INFINITY;
    let mut best: Option<(f64, usize)> = None;
    for place in places.iter().filter(|p| all.time(p.at) + 0.5 * WINDOW_MS >= from_ms) {
        least = least.min(place.stands.max(1.0));
        let found = place.stands >= STANDS && place.stands >= RISES * least && place.stands >= least + RISES_NOISE && place.share() >= MOST;
        let good = if steadiest { place.steady } else { place.stands };
        if found && best.is_none_or(|(s, _)| good > s) {
            best = Some((good, place.at));
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

/// Onset and size of the wave of a shape, with its level taken off and its end.
fn describe(all: &Together, ensemble: &Ensemble, centre: usize, fits: Vec<Fit>, over_ms: f64, shape: Shape) -> Option<AWave> {
    let Shape { from, uv: mut shape, common } = shape;
    let to = from + shape.len();
    let holds: Vec<bool> = fits.iter().map(|fit| fit.scale > 0.0).collect();
    // Less the level in front of it, and fading behind what is known.
    let ends = ((0.5 * all.per_ms) as usize).clamp(1, shape.len() / 4);
    let left = shape[..ends].iter().sum::<f64>() / ends as f64;
    shape.iter_mut().for_each(|v| *v -= left);
    let last = shape[shape.len() - ends..].iter().sum::<f64>() / ends as f64;
    let known = shape.len();
    let fades = (all.len() - to).min((4.0 * FADES_MS * all.per_ms) as usize);
    // It goes on as it went, less and less.
    let before = shape[shape.len() - 3 * ends..shape.len() - 2 * ends].iter().sum::<f64>() / ends as f64;
    let slope = (last - before) / (2.0 * ends as f64);
    let coast = COASTS_MS * all.per_ms;
    shape.extend((0..fades).map(|k| {
        let k = k as f64 + 0.5 * ends as f64;
        (last + slope * coast * (1.0 - (-k / coast).exp())) * (-k / (FADES_MS * all.per_ms)).exp()
    }));
    let holders = holds.iter().filter(|h| **h).count();
    let noise_uv = 1.5 * ensemble.noise_uv / (holders.max(1) as f64).sqrt();
    let flat = Flat { uv: &shape[..known], per_ms: all.per_ms, first_ms: all.time(from), noise_uv, doubt_uv: 0.0 };
    let at = all.time(centre);
    let wave = measure(&flat, (at - SOONER_MS).max(over_ms).min(at - 1.0), (at + 6.0).min(all.time(to - 1)), all.time(from))?;
    Some(AWave {
        onset_ms: wave.onset_ms,
        amp_uv: wave.amp_uv,
        pp_uv: wave.pp_uv,
        holds,
        fits,
        from,
        shape_uv: shape,
        known_ms: [all.time(from), all.time(from + known)],
        common_ms: common.map(|i| all.time(i)),
    })
}
