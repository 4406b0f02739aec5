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
//! this group where its F wave begins. Size and delay in every sweep follow by least squares on the
//! shape and its slope, with priors (one axon's jitter is below 0.5 ms), so that it can be subtracted
//! and F waves on its flank remain.
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
/// times what it was before, and by so much noise more. The direct response's end only decays.
const STANDS: f64 = 4.0;
const RISES: f64 = 1.3;
const RISES_NOISE: f64 = 1.0;
/// It begins within this before its clearest place, ms.
const SOONER_MS: f64 = 6.0;
/// A hump on the direct response's tail: prominence, uV and in noise of the averaged tail; and what
/// the shared wave must be there, in noise of one sweep.
const HUMP_UV: f64 = 10.0;
const HUMP_NOISE: f64 = 8.0;
const HUMP_STANDS: f64 = 2.3;
/// Sizes and latencies of one axon's wave vary by this much: share, and ms (jitter).
const SIZE_SD: f64 = 0.06;
const JITTER_MS: f64 = 0.1;
/// Reach of the fit to either side of the clearest place, ms.
const FIT_MS: f64 = 5.0;
const ENDS_MS: f64 = 1.0;
/// The shape is known as long as so many stay.
const FEWEST: usize = 3;
/// Sweeps agree over this many ms when they differ from their mean by no more than this many times
/// the noise.
const AGREES_MS: f64 = 2.0;
const AGREES: f64 = 2.2;
/// The wave is quick itself up to this long behind its clearest place, ms.
const QUICK_MS: f64 = 9.0;
/// An A wave lasts this long at most, ms.
const LONGEST_MS: f64 = 15.0;
const EARLIER_MS: f64 = 8.0;
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
    holds: Vec<bool>,
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
    let fits = fits(all, &fast, &shared, noise, all.time(place.at) + 0.5 * WINDOW_MS);
    let over = direct_over(all, &places, from_ms);
    let group = Group::new(all, &fast, &fits, noise, all.index(all.time(place.at) + 0.5 * WINDOW_MS));
    describe(all, ensemble, place, fits, over, &group)
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
        let holds = fast
            .iter()
            .map(|uv| {
                let uv = &uv[a..a + window];
                let scale = uv.iter().zip(part).map(|(v, s)| v * s).sum::<f64>() / power.max(1e-12);
                let off = (uv.iter().zip(part).map(|(v, s)| (v - s).powi(2)).sum::<f64>() / window as f64).sqrt();
                let near = off < 0.6 * size + 1.3 * noise;
                near && (scale - 1.0).abs() < 0.5
            })
            .collect();
        out.push(Place { at: a, stands: size / noise, holds });
        a += stride;
    }
    out
}

/// The sweeps that hold the wave, each as long as it does nothing else: F waves begin in one after the
/// other.
struct Group {
    /// First sample, and the one behind the last, of every sweep; empty for those without the wave.
    stays: Vec<[usize; 2]>,
}

impl Group {
    /// From `centre` on in both directions; who stays agrees with others over the next milliseconds.
    fn new(all: &Together, fast: &[Vec<f64>], fits: &[Fit], noise: f64, centre: usize) -> Self {
        let holds: Vec<bool> = fits.iter().map(|fit| fit.scale > 0.0).collect();
        let samples = |ms: f64| ((ms * all.per_ms).round() as usize).max(1);
        let (window, hop, alone) = (samples(AGREES_MS), samples(0.5), samples(QUICK_MS));
        let mut stays: Vec<[usize; 2]> = holds.iter().map(|h| if *h { [0, all.len()] } else { [0, 0] }).collect();
        for later in [true, false] {
            let mut here: Vec<usize> = (0..holds.len()).filter(|q| holds[*q]).collect();
            let mut done = 0;
            while here.len() > 1 {
                let part = match later {
                    true if centre + done + window < all.len() => centre + done..centre + done + window,
                    false if centre > done + window => centre - done - window..centre - done,
                    _ => break,
                };
                let next = agreeing(fast, &here, part, noise, all.per_ms, done > alone);
                for q in here.iter().filter(|q| !next.contains(q)) {
                    stays[*q][usize::from(later)] = if later { centre + done } else { centre - done };
                }
                here = next;
                done += hop;
            }
            for q in here {
                stays[q][usize::from(later)] =
                    if later { (centre + done + window).min(all.len()) } else { centre.saturating_sub(done + window) };
            }
        }
        Self { stays }
    }

    /// Until when at least `least` sweeps stay, as a sample.
    fn ends(&self, least: usize) -> usize {
        let mut ends: Vec<usize> = self.stays.iter().filter(|s| s[0] < s[1]).map(|s| s[1]).collect();
        ends.sort_unstable();
        ends.len().checked_sub(least.max(1)).and_then(|at| ends.get(at)).copied().unwrap_or(0)
    }

    /// Since when at least `least` sweeps are there.
    fn begins(&self, least: usize) -> usize {
        let mut begins: Vec<usize> = self.stays.iter().filter(|s| s[0] < s[1]).map(|s| s[0]).collect();
        begins.sort_unstable();
        begins.get(least.max(1) - 1).copied().unwrap_or(usize::MAX)
    }
}

/// Those among `here` that do the same in a stretch of samples: the largest group, or (`calm`) the one
/// that does least of those that are large enough; F waves that come again are another.
fn agreeing(fast: &[Vec<f64>], here: &[usize], part: std::ops::Range<usize>, noise: f64, per_ms: f64, calm: bool) -> Vec<usize> {
    let n = part.len() as f64;
    let alike = |own: &[f64], share: f64| -> Vec<usize> {
        let varies: f64 = own.windows(2).map(|w| (SIZE_SD * w[0]).powi(2) + (JITTER_MS * (w[1] - w[0]) * per_ms).powi(2)).sum();
        let limit = n * share * (AGREES * noise).powi(2) + varies;
        let apart = |q: usize| own.iter().zip(&fast[q][part.clone()]).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        here.iter().copied().filter(|q| apart(*q) < limit).collect()
    };
    let groups: Vec<(usize, Vec<usize>)> = here.iter().map(|p| (*p, alike(&fast[*p][part.clone()], 1.4))).collect();
    let most = groups.iter().map(|g| g.1.len()).max().unwrap_or(0);
    let power = |p: usize| fast[p][part.clone()].iter().map(|v| v * v).sum::<f64>();
    let least = if calm { (here.len().div_ceil(4)).max(2).min(most) } else { most };
    let best = groups.into_iter().filter(|g| g.1.len() >= least).min_by(|a, b| power(a.0).total_cmp(&power(b.0)));
    let Some((_, best)) = best.filter(|g| g.1.len() > 1) else { return Vec::new() };
    // Against their mean less chance takes part than against each other.
    let mean: Vec<f64> = part.clone().map(|i| best.iter().map(|q| fast[*q][i]).sum::<f64>() / best.len() as f64).collect();
    alike(&mean, 1.0)
}

/// Size and delay of the shared wave around `at_ms` in every sweep, by least squares on the wave and
/// its slope. Samples count the less the more the sweeps differ there: F waves lie anywhere.
fn fits(all: &Together, fast: &[Vec<f64>], shared: &[f64], noise: f64, at_ms: f64) -> Vec<Fit> {
    let window = all.index(at_ms - FIT_MS).max(1)..all.index(at_ms + FIT_MS).min(all.len().saturating_sub(1));
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

/// The largest shared wave that rises again behind the direct response.
fn resurgence(all: &Together, places: &[Place], from_ms: f64) -> Option<usize> {
    let mut least = f64::INFINITY;
    let mut best: Option<(f64, usize)> = None;
    for place in places.iter().filter(|p| all.time(p.at) + 0.5 * WINDOW_MS >= from_ms) {
        least = least.min(place.stands.max(1.0));
        let found = place.stands >= STANDS && place.stands >= RISES * least && place.stands >= least + RISES_NOISE && place.share() >= MOST;
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
fn describe(all: &Together, ensemble: &Ensemble, place: &Place, fits: Vec<Fit>, over_ms: f64, group: &Group) -> Option<AWave> {
    let holds: Vec<bool> = fits.iter().map(|fit| fit.scale > 0.0).collect();
    let centre = place.at + (0.5 * WINDOW_MS * all.per_ms) as usize;
    let from = centre
        .saturating_sub((EARLIER_MS * all.per_ms) as usize)
        .max(all.index(ensemble.smooth_ms))
        .max(group.begins(FEWEST))
        .min(place.at);
    let to = (centre + (LONGEST_MS * all.per_ms) as usize).min(all.len()).min(group.ends(FEWEST)).max(centre + 1);
    let mut shape = vec![0.0; to.checked_sub(from).filter(|n| *n > 8)?];
    for k in 1..shape.len() {
        // Means of changes: they leave no noise behind as long as the group is the same.
        let (mut sum, mut count) = (0.0, 0.0);
        for (uv, stays) in ensemble.flat_uv.iter().zip(&group.stays) {
            let step = uv[from + k] - uv[from + k - 1];
            if stays[0] <= from + k && from + k < stays[1] && step.is_finite() {
                sum += step;
                count += 1.0;
            }
        }
        let steady = ensemble.bridge_uv[from + k] - ensemble.bridge_uv[from + k - 1];
        shape[k] = shape[k - 1] + if count > 0.0 { sum / count - steady } else { 0.0 };
    }
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
    let flat = Flat { uv: &shape[..known], per_ms: all.per_ms, first_ms: all.time(from), noise_uv };
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
        common_ms: [all.time(group.begins(holders.div_ceil(2)).max(from)), all.time(group.ends(holders.div_ceil(2)).min(to))],
    })
}
