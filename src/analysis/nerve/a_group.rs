//! The sweeps that hold an A wave, each as long as it does nothing else.
//!
//! F waves begin in one sweep after the other, and in some not at all, so what the rest still have in
//! common is the A wave, also beneath the F waves of the others. From the wave's clearest place the
//! sweeps are followed in both directions, a quarter of a millisecond at a time. Over the next
//! millisecond each is taken against its own level of the last ones (so that slow errors of single
//! sweeps do not matter), and those that do the same stay. Where they part in several groups, the one
//! is taken that is likeliest together: every sweep outside has an F wave, which has its price, and an A
//! wave fades some milliseconds behind its clearest place, so large changes have theirs. That nobody is
//! left who shows the wave is one of the choices.
//!
//! Before that, sweeps are brought to one latency and size of the wave (its jitter would look like a
//! wave of their own).
//!
//! Contract: sweeps of one length; values that are not finite end a sweep's stay. Cost: linear in
//! samples, quadratic in sweeps.

use super::a_wave::Fit;
use super::ensemble::{Ensemble, smoothed};
use super::train::Together;
use crate::dsp::robust::{SIGMA_PER_MAD, median, percentile};

/// Width of the steps, ms, and of them: those looked at, and the level's memory.
const BIN_MS: f64 = 0.25;
const AHEAD: usize = 4;
const MEMORY_MS: f64 = 3.0;
/// Sweeps agree when they differ by no more than this many times the noise (rms), and this share of
/// size and this much latency, ms, that alignment leaves.
const AGREES: f64 = 2.2;
const SIZE_LEFT: f64 = 0.02;
const JITTER_LEFT_MS: f64 = 0.02;
/// What it costs that a sweep has an F wave, and a step in which nobody shows the wave any longer
/// (logarithms of probabilities).
const F_COSTS: f64 = 3.0;
const NOBODY_COSTS: f64 = 2.0;
/// Ways that are followed at a time, and groups that a group may fall into.
const PATHS: usize = 12;
const GROUPS: usize = 3;
/// The wave may change as much as it does at its clearest place up to this far from there, and then
/// less and less, ms.
const LASTS_MS: f64 = 5.0;
const FADES_MS: f64 = 3.0;
/// Where fewer sweeps than this show the wave it is averaged over this time, ms.
const FEW: usize = 6;
const AVERAGED_MS: f64 = 0.5;

/// Sweeps that share a wave, and what they share.
pub struct Shared {
    /// The wave's clearest place, as a sample.
    centre: usize,
    /// How many sweeps show it, by sample.
    shown: Vec<usize>,
    /// First sample of what they share.
    pub from: usize,
    /// What they share, uV: the wave and the common tail.
    pub shared_uv: Vec<f64>,
}

impl Shared {
    /// Follows the wave from sample `centre` on. `shape`: the common tail and the wave, roughly; `fits`:
    /// how each sweep holds the wave. `None` too near to the ends.
    pub fn new(all: &Together, ensemble: &Ensemble, shape: &[f64], fits: &[Fit], centre: usize) -> Option<Self> {
        let (tail, smooth_ms) = (&ensemble.bridge_uv[..], ensemble.smooth_ms);
        let flat = &aligned(all, &ensemble.flat_uv, tail, fits, shape)[..];
        let len = all.len();
        let bin = ((BIN_MS * all.per_ms).round() as usize).max(1);
        let memory = ((MEMORY_MS * all.per_ms).round() as usize).max(2 * bin);
        if centre < memory || centre + memory + AHEAD * bin > len {
            return None;
        }
        let holds: Vec<usize> = (0..flat.len()).filter(|q| fits[*q].scale > 0.0).collect();
        let mut sides = Vec::new();
        for later in [true, false] {
            // From `memory` samples before (behind) the centre on, in the direction of the walk.
            let cut = |uv: &[f64]| -> Vec<f64> {
                if later { uv[centre - memory..].to_vec() } else { uv[..centre + memory].iter().rev().copied().collect() }
            };
            let walk = Walk {
                uv: flat.iter().map(|uv| cut(uv)).collect(),
                tail: cut(tail),
                bin,
                memory,
                noise: noise(all, flat, bin, memory, smooth_ms)?,
                per_ms: all.per_ms,
                size: 0.0,
            };
            let walk = Walk { size: walk.size(&cut(shape)), ..walk };
            sides.push(walk.follow(&holds));
        }
        let ((after, later), (mut before, mut sooner)) = (sides.swap_remove(0), sides.swap_remove(0));
        before.reverse();
        sooner.reverse();
        let from = centre - before.len();
        before.extend(after);
        sooner.extend(later);
        (!before.is_empty()).then_some(Self { from, shared_uv: before, centre, shown: sooner })
    }

    /// The samples around the clearest place in which at least `least` sweeps show the wave.
    pub fn shown_by(&self, least: usize) -> [usize; 2] {
        let at = self.centre - self.from;
        let enough = |n: &&usize| **n >= least;
        let before = self.shown[..at].iter().rev().take_while(enough).count();
        let after = self.shown[at..].iter().take_while(enough).count();
        [self.centre - before, self.centre + after]
    }
}

/// Sweeps as if the wave were as large and as late as usual in all of them.
fn aligned(all: &Together, flat: &[Vec<f64>], tail: &[f64], fits: &[Fit], shape: &[f64]) -> Vec<Vec<f64>> {
    let width = ((0.3 * all.per_ms).round() as usize).max(1);
    let wave: Vec<f64> = shape.iter().zip(tail).map(|(s, t)| s - t).collect();
    let wave = smoothed(&wave, width);
    let reach = width.max(1);
    let slope = |i: usize| {
        let (a, b) = (i.saturating_sub(reach), (i + reach).min(wave.len() - 1));
        (wave[b] - wave[a]) / (b - a).max(1) as f64 * all.per_ms
    };
    let known = |v: f64| if v.is_finite() { v } else { 0.0 };
    let slopes: Vec<f64> = (0..wave.len()).map(|i| known(slope(i))).collect();
    flat.iter()
        .zip(fits)
        .map(|(uv, fit)| {
            if fit.scale == 0.0 {
                return uv.clone();
            }
            let more = fit.scale - 1.0;
            uv.iter().zip(&wave).zip(&slopes).map(|((v, w), s)| v + fit.later_ms * s - more * known(*w)).collect()
        })
        .collect()
}

/// Noise of a step against the level before it: where the sweeps differ least.
fn noise(all: &Together, flat: &[Vec<f64>], bin: usize, memory: usize, smooth_ms: f64) -> Option<f64> {
    let sums: Vec<Vec<f64>> = flat.iter().map(|uv| sums(uv)).collect();
    let spreads: Vec<f64> = (all.index(smooth_ms) + memory..all.len().saturating_sub(bin))
        .step_by(bin)
        .map(|i| {
            let own: Vec<f64> = sums.iter().map(|s| mean(s, i, i + bin) - mean(s, i - memory, i)).collect();
            let usual = median(&own);
            SIGMA_PER_MAD * median(&own.iter().map(|v| (v - usual).abs()).collect::<Vec<_>>())
        })
        .collect();
    let noise = percentile(&spreads, 30.0);
    (noise.is_finite() && noise > 0.0).then_some(noise)
}

fn sums(uv: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(uv.len() + 1);
    let mut sum = 0.0;
    out.push(0.0);
    for v in uv {
        sum += v;
        out.push(sum);
    }
    out
}

fn mean(sums: &[f64], a: usize, b: usize) -> f64 {
    (sums[b] - sums[a]) / (b - a).max(1) as f64
}

/// One direction of the search; time runs from the centre on, `memory` samples into the sweeps.
struct Walk {
    uv: Vec<Vec<f64>>,
    tail: Vec<f64>,
    bin: usize,
    memory: usize,
    noise: f64,
    per_ms: f64,
    /// How much the wave changes about its clearest place, uV.
    size: f64,
}

impl Walk {
    fn size(&self, shape: &[f64]) -> f64 {
        let wave = sums(&shape.iter().zip(&self.tail).map(|(s, t)| s - t).collect::<Vec<_>>());
        let reach = self.memory + (LASTS_MS * self.per_ms) as usize;
        let last = reach.min(shape.len().saturating_sub(AHEAD * self.bin));
        let largest = (self.memory..last).step_by(self.bin).map(|at| power(&self.ahead(&wave, at), &[0.0; AHEAD])).fold(0.0, f64::max);
        (largest / AHEAD as f64).sqrt().max(self.noise)
    }

    /// What those of `holds` share that do nothing else, from the centre on, and how many they are.
    fn follow(&self, holds: &[usize]) -> (Vec<f64>, Vec<usize>) {
        let (bin, memory) = (self.bin, self.memory);
        let len = self.tail.len();
        let sums: Vec<Vec<f64>> = holds.iter().map(|q| sums(&self.uv[*q])).collect();
        let tail = self::sums(&self.tail);
        let mut paths = vec![Path { here: (0..holds.len()).collect(), again: vec![0; holds.len()], ..Path::default() }];
        let mut at = memory;
        while at + AHEAD * bin <= len && paths.iter().any(|p| !p.over) {
            let own: Vec<[f64; AHEAD]> = sums.iter().map(|s| self.ahead(s, at)).collect();
            let expected = self.ahead(&tail, at);
            let far_ms = (at - memory) as f64 / self.per_ms;
            let changes = self.size * (-(far_ms - LASTS_MS).max(0.0) / FADES_MS).exp();
            let mut next: Vec<Path> = Vec::new();
            for path in paths {
                if path.over {
                    next.push(Path { cost: path.cost + NOBODY_COSTS, ..path });
                    continue;
                }
                for members in self.groups(&own, &path.here) {
                    let odd = power(&middle(&own, &members), &expected) / AHEAD as f64 / (changes.powi(2) + self.noise.powi(2));
                    let cost = path.cost + (path.here.len() - members.len()) as f64 * F_COSTS + 2.0 * (1.0 + odd).ln();
                    next.push(self.step(&Path { cost, here: members, ..path.clone() }, holds, &sums, &own, at));
                }
                let cost = path.cost + path.here.len() as f64 * F_COSTS + NOBODY_COSTS;
                next.push(Path { cost, over: true, ..path });
            }
            next.sort_by(|a, b| a.cost.total_cmp(&b.cost));
            paths = Vec::with_capacity(PATHS);
            for path in next {
                if paths.len() < PATHS && !paths.iter().any(|p| p.over == path.over && (path.over || p.here == path.here)) {
                    paths.push(path);
                }
            }
            at += bin;
        }
        let Some(best) = paths.into_iter().min_by(|a, b| a.cost.total_cmp(&b.cost)) else { return (Vec::new(), Vec::new()) };
        let Path { mut shared, shown, .. } = best;
        // Few sweeps leave their noise in it.
        let calm = smoothed(&shared, ((AVERAGED_MS * self.per_ms).round() as usize).max(1));
        for ((v, calm), shown) in shared.iter_mut().zip(calm).zip(&shown) {
            *v = if *shown < FEW { calm } else { *v };
        }
        (shared, shown)
    }

    /// One step more of a path whose sweeps are known.
    fn step(&self, path: &Path, holds: &[usize], sums: &[Vec<f64>], own: &[[f64; AHEAD]], at: usize) -> Path {
        let (bin, memory) = (self.bin, self.memory);
        let mut out = path.clone();
        if out.offsets.is_empty() {
            // Their levels against each other.
            let level: Vec<f64> = sums.iter().map(|s| mean(s, at - memory, at)).collect();
            let usual = out.here.iter().map(|q| level[*q]).sum::<f64>() / out.here.len() as f64;
            out.offsets = level.iter().map(|level| level - usual).collect();
        }
        for i in at..at + bin {
            let all = out.here.iter().map(|q| self.uv[holds[*q]][i] - out.offsets[*q]).sum::<f64>();
            out.shared.push(all / out.here.len() as f64);
        }
        out.shown.resize(out.shared.len(), out.here.len());
        let part = |shared: &[f64], from: usize| shared[shared.len() - from..].iter().sum::<f64>() / from as f64;
        for q in &out.here {
            let off = mean(&sums[*q], at, at + bin) - part(&out.shared, bin);
            out.offsets[*q] += (off - out.offsets[*q]) * bin as f64 / memory as f64;
        }
        // Who does the same for as long as the level remembers is there again.
        let alike = self.alike(own, &middle(own, &out.here), 1.0);
        for (q, sums) in sums.iter().enumerate() {
            if out.here.contains(&q) {
                continue;
            }
            out.again[q] = if alike.contains(&q) { out.again[q] + 1 } else { 0 };
            if out.again[q] * bin >= memory + AHEAD * bin && out.shared.len() >= memory {
                out.again[q] = 0;
                out.offsets[q] = mean(sums, at + bin - memory, at + bin) - part(&out.shared, memory);
                out.here.push(q);
            }
        }
        out.here.sort_unstable();
        out
    }

    /// Steps ahead of a sample against the level before it.
    fn ahead(&self, sums: &[f64], at: usize) -> [f64; AHEAD] {
        let level = mean(sums, at - self.memory, at);
        std::array::from_fn(|k| mean(sums, at + k * self.bin, at + (k + 1) * self.bin) - level)
    }

    /// Which do as `a` does.
    fn alike(&self, own: &[[f64; AHEAD]], a: &[f64; AHEAD], share: f64) -> Vec<usize> {
        let step = self.bin as f64 / self.per_ms;
        let varies: f64 = (0..AHEAD)
            .map(|k| {
                let slope = if k > 0 { a[k] - a[k - 1] } else { a[1] - a[0] } / step;
                (SIZE_LEFT * a[k]).powi(2) + (JITTER_LEFT_MS * slope).powi(2)
            })
            .sum();
        let limit = share * (AHEAD as f64 * (AGREES * self.noise).powi(2) + varies);
        (0..own.len()).filter(|q| power(&own[*q], a) < limit).collect()
    }

    /// The groups of `here` that do the same within themselves, the largest first; each has few of the
    /// sweeps of another.
    fn groups(&self, own: &[[f64; AHEAD]], here: &[usize]) -> Vec<Vec<usize>> {
        let of_here =
            |a: &[f64; AHEAD], share: f64| -> Vec<usize> { self.alike(own, a, share).into_iter().filter(|q| here.contains(q)).collect() };
        let mut all: Vec<Vec<usize>> = here
            .iter()
            .map(|q| of_here(&own[*q], 1.4))
            .filter(|first| !first.is_empty())
            // Against their mean less chance takes part than against each other.
            .map(|first| of_here(&middle(own, &first), 1.0))
            .filter(|members| !members.is_empty())
            .collect();
        all.sort_by_key(|members| here.len() - members.len());
        let mut out: Vec<Vec<usize>> = Vec::new();
        for members in all {
            let apart = |other: &Vec<usize>| 2 * members.iter().filter(|q| other.contains(q)).count() < members.len();
            if out.len() < GROUPS && out.iter().all(apart) {
                out.push(members);
            }
        }
        out
    }
}

/// One way in which the sweeps may have been left one after the other.
#[derive(Clone, Default)]
struct Path {
    cost: f64,
    /// Nobody shows the wave any longer.
    over: bool,
    here: Vec<usize>,
    /// For how many steps one that left has done the same again.
    again: Vec<usize>,
    /// Levels of the sweeps, uV.
    offsets: Vec<f64>,
    shared: Vec<f64>,
    shown: Vec<usize>,
}

fn power(a: &[f64; AHEAD], b: &[f64; AHEAD]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

fn middle(own: &[[f64; AHEAD]], of: &[usize]) -> [f64; AHEAD] {
    std::array::from_fn(|k| of.iter().map(|q| own[*q][k]).sum::<f64>() / of.len().max(1) as f64)
}
