//! The sweeps that hold an A wave, each as long as it holds nothing else.
//!
//! A sweep leaves this group where its F wave begins. What those that stay do is the wave: the mean
//! change from sample to sample.
//!
//! Contract: sweeps of one length, finite. Cost: linear in samples, quadratic in sweeps.

use super::a_wave::{EARLIER_MS, Fit, JITTER_MS, SIZE_SD, Shape, WINDOW_MS};
use super::ensemble::Ensemble;
use super::train::Together;

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

/// The sweeps that hold the wave, each as long as it does nothing else: F waves begin in one after the
/// other.
pub(super) struct Group {
    /// First sample, and the one behind the last, of every sweep; empty for those without the wave.
    stays: Vec<[usize; 2]>,
    /// Sweeps that hold the wave.
    holders: usize,
}

impl Group {
    /// From `centre` on in both directions; who stays agrees with others over the next milliseconds.
    pub(super) fn new(all: &Together, fast: &[Vec<f64>], fits: &[Fit], noise: f64, centre: usize) -> Self {
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
        Self { stays, holders: holds.iter().filter(|h| **h).count() }
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

    /// The wave: the mean of the sweeps' changes, summed up, so that the level that each sweep has
    /// there does not matter.
    pub(super) fn shape(&self, all: &Together, ensemble: &Ensemble, at: usize) -> Option<Shape> {
        let centre = at + (0.5 * WINDOW_MS * all.per_ms) as usize;
        let from =
            centre.saturating_sub((EARLIER_MS * all.per_ms) as usize).max(all.index(ensemble.smooth_ms)).max(self.begins(FEWEST)).min(at);
        let to = (centre + (LONGEST_MS * all.per_ms) as usize).min(all.len()).min(self.ends(FEWEST)).max(centre + 1);
        let mut shape = vec![0.0; to.checked_sub(from).filter(|n| *n > 8)?];
        for k in 1..shape.len() {
            // Means of changes: they leave no noise behind as long as the group is the same.
            let (mut sum, mut count) = (0.0, 0.0);
            for (uv, stays) in ensemble.flat_uv.iter().zip(&self.stays) {
                let step = uv[from + k] - uv[from + k - 1];
                if stays[0] <= from + k && from + k < stays[1] && step.is_finite() {
                    sum += step;
                    count += 1.0;
                }
            }
            let steady = ensemble.bridge_uv[from + k] - ensemble.bridge_uv[from + k - 1];
            shape[k] = shape[k - 1] + if count > 0.0 { sum / count - steady } else { 0.0 };
        }
        let half = self.holders.div_ceil(2);
        Some(Shape { from, uv: shape, common: [self.begins(half).max(from), self.ends(half).min(to)] })
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
