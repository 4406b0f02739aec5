//! Discharges of known shapes found in the working signal, one after the other where they explain
//! most; overlaps come apart because each is subtracted before the next is looked for.
//!
//! McGill, Cummins and Dorfman 1985 (peel-off). A discharge may be a third larger or a quarter smaller
//! than its unit's shape (slow movement of the needle; myotonic discharges change more and are
//! joined from several shapes later).

use super::cluster::median_shape;
use super::events::{Event, around};

/// Shapes are held at so many fractions of a sample.
const PHASES: usize = 4;
/// What a unit's shape holds before and after its peak, ms.
const WINDOW_MS: [f64; 2] = [3.0, 5.0];
/// Sizes of a discharge against its unit's shape.
const GAIN: [f64; 2] = [0.75, 1.35];
/// Least energy a discharge takes away, times the variance of the noise.
const LEAST_ENERGY: f64 = 36.0;
/// Least part of its shape's energy that a discharge takes away.
const LEAST_PART: f64 = 0.35;
/// Shapes that differ by a smaller part of their energy are one.
const SAME: f64 = 0.04;
/// A shape of which others leave less than this is their overlap.
const OVERLAP_LEFT: f64 = 0.15;
/// Longest stretch that is resolved at once, s.
const STRETCH_S: f64 = 0.5;

/// A shape that discharges share.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The shape, later by 0, 1/4, 1/2 and 3/4 of a sample; microvolts.
    phases: Vec<Vec<f64>>,
    /// Samples before the peak.
    before: usize,
    /// Energy of the shape.
    energy: f64,
    /// Largest size, microvolts.
    pub peak_uv: f64,
}

/// One discharge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// Moment of the shape's peak, samples of the working signal.
    pub at: f64,
    /// Which unit.
    pub unit: usize,
    /// Size against the unit's shape.
    pub gain: f64,
}

impl Unit {
    /// From the events that share it, in the signal `x` at `fs_hz` with noise `sigma_uv`.
    pub fn new(x: &[f64], fs_hz: f64, moments: &[f64], sigma_uv: f64) -> Self {
        let [before, after] = WINDOW_MS.map(|ms| (ms * 1e-3 * fs_hz).round() as usize);
        let shapes: Vec<Vec<f64>> = moments.iter().map(|at| around(x, *at, before + 2, after + 2)).collect();
        let mut shape = median_shape(shapes.iter().map(Vec::as_slice));
        let peak_uv = shape.iter().skip(before).take(5).fold(0.0_f64, |m, v| m.max(v.abs()));
        // Neighbours of a fast train are no part of the shape.
        let mut intervals: Vec<f64> = moments.windows(2).map(|w| w[1] - w[0]).filter(|d| *d > 0.0).collect();
        intervals.sort_unstable_by(f64::total_cmp);
        let usual = intervals.get(intervals.len() / 4).copied().unwrap_or(f64::INFINITY);
        let floor = f64::max(0.03 * peak_uv, 2.0 * sigma_uv / (moments.len().max(1) as f64).sqrt());
        let centre = before + 2;
        let reach = |limit: f64, forward: bool| {
            let most = if forward { after } else { before };
            let held = (0..=most).rev().find(|k| {
                let i = if forward { centre + k } else { centre - k };
                shape.get(i).is_some_and(|v| v.abs() > floor)
            });
            (held.unwrap_or(0) + 2).min(most).min(limit as usize)
        };
        let (left, right) = (reach((0.4 * usual).min(1e6), false), reach((0.5 * usual).min(1e6), true));
        let soft = |k: usize, reach: usize| if k <= reach { 1.0 } else { 0.5 * f64::from(u8::from(k == reach + 1)) };
        for (i, v) in shape.iter_mut().enumerate() {
            *v *= if i < centre { soft(centre - i, left) } else { soft(i - centre, right) };
        }
        let phases: Vec<Vec<f64>> = (0..PHASES).map(|p| around(&shape, centre as f64 - p as f64 / PHASES as f64, before, after)).collect();
        let energy = phases[0].iter().map(|v| v * v).sum();
        Self { phases, before, energy, peak_uv }
    }

    fn len(&self) -> usize {
        self.phases[0].len()
    }

    /// The shape, with its peak at [`Self::before`].
    pub fn shape(&self) -> &[f64] {
        &self.phases[0]
    }

    /// Best likeness to another shape over lags of 4 ms: correlation (1 is the same form); samples
    /// from this one's moment to that of the other one when both lie on each other; size of the other.
    pub fn likeness(&self, other: &Self, fs_hz: f64) -> (f64, isize, f64) {
        let most = (4e-3 * fs_hz) as isize;
        let (a, b) = (self.shape(), other.shape());
        let norm = (self.energy * other.energy).sqrt();
        let mut best = (0.0, 0, 1.0);
        for lag in -most..=most {
            let sum: f64 = b.iter().enumerate().filter_map(|(i, v)| a.get(usize::try_from(i as isize + lag).ok()?).map(|w| v * w)).sum();
            let r = if norm > 0.0 { sum / norm } else { 0.0 };
            if r > best.0 {
                best = (r, lag, (other.energy / self.energy).sqrt());
            }
        }
        best
    }

    /// Whether another shape is this one, found a second time.
    pub fn same(&self, other: &Self, fs_hz: f64) -> bool {
        let (likeness, _, size) = self.likeness(other, fs_hz);
        let (a, b) = (1.0, size);
        (a * a + b * b - 2.0 * likeness * a * b) / f64::max(a * a, b * b) < SAME
    }

    /// Sum of products with `x`, the peak at `at` plus `phase` quarters.
    fn product(&self, x: &[f64], at: usize, phase: usize) -> f64 {
        let shape = &self.phases[phase];
        let (skip, from) = if at >= self.before { (0, at - self.before) } else { (self.before - at, 0) };
        match (shape.get(skip..), x.get(from..)) {
            (Some(s), Some(x)) => s.iter().zip(x).map(|(s, x)| s * x).sum(),
            _ => 0.0,
        }
    }

    /// Adds the shape to `x`.
    pub fn add(&self, x: &mut [f64], at: f64, gain: f64) {
        let quarter = (at * PHASES as f64).round().max(0.0) as usize;
        let (at, phase) = (quarter / PHASES, quarter % PHASES);
        let (skip, from) = if at >= self.before { (0, at - self.before) } else { (self.before - at, 0) };
        if let (Some(s), Some(x)) = (self.phases[phase].get(skip..), x.get_mut(from..)) {
            for (x, s) in x.iter_mut().zip(s) {
                *x += gain * s;
            }
        }
    }
}

/// What placing a unit takes away from the energy, and its size there.
fn reduction(product: f64, energy: f64) -> (f64, f64) {
    let gain = (product / energy.max(1e-12)).clamp(GAIN[0], GAIN[1]);
    (2.0 * gain * product - gain * gain * energy, gain)
}

/// Stretches with events in them, by gaps of 8 ms; longer ones are cut.
pub fn stretches(events: &[Event], n: usize, fs_hz: f64) -> Vec<(usize, usize)> {
    let margin = 6e-3 * fs_hz;
    let mut found: Vec<(usize, usize)> = Vec::new();
    for event in events {
        let (a, b) = ((event.at - margin).max(0.0) as usize, ((event.at + margin) as usize).min(n));
        match found.last_mut() {
            Some(last) if a <= last.1 && b.saturating_sub(last.0) < (STRETCH_S * fs_hz) as usize => last.1 = b,
            Some(last) if a < last.1 => {
                let cut = last.1;
                found.push((cut, b.max(cut)));
            }
            _ => found.push((a, b)),
        }
    }
    found
}

/// Leaves out units that are two or three of the others overlapping: these explain all but a small
/// part of them.
pub fn without_overlaps(units: &mut Vec<Unit>, counts: &mut Vec<usize>, sigma_uv: f64) {
    let mut order: Vec<usize> = (0..units.len()).collect();
    order.sort_by_key(|k| counts.get(*k).copied().unwrap_or(0));
    let mut gone = vec![false; units.len()];
    for k in order {
        let others: Vec<Unit> =
            (0..units.len()).filter(|j| *j != k && !gone[*j] && counts.get(*j) > counts.get(k)).map(|j| units[j].clone()).collect();
        let unit = &units[k];
        let margin = unit.len();
        let mut x = vec![0.0; 3 * margin];
        unit.add(&mut x, (margin + unit.before) as f64, 1.0);
        let mut placed = Vec::new();
        resolve(&mut x, (margin, 2 * margin), &others, sigma_uv, &mut placed);
        let left: f64 = x.iter().map(|v| v * v).sum();
        gone[k] = placed.len() >= 2 && left < OVERLAP_LEFT * unit.energy;
    }
    let mut k = 0;
    units.retain(|_| {
        k += 1;
        !gone[k - 1]
    });
    k = 0;
    counts.retain(|_| {
        k += 1;
        !gone[k - 1]
    });
}

/// Takes discharges of `units` out of `x` within a stretch; what is left stays in `x`.
pub fn resolve(x: &mut [f64], stretch: (usize, usize), units: &[Unit], sigma_uv: f64, out: &mut Vec<Placed>) {
    let (from, to) = stretch;
    let n = to.saturating_sub(from);
    if n == 0 || units.is_empty() {
        return;
    }
    let mut gains: Vec<Vec<f64>> =
        units.iter().map(|u| (from..to).map(|at| reduction(u.product(x, at, 0), u.energy).0).collect()).collect();
    let enough = |u: &Unit| f64::max(LEAST_PART * u.energy, LEAST_ENERGY * sigma_uv * sigma_uv);
    let longest = units.iter().map(Unit::len).max().unwrap_or(0);
    for _ in 0..n {
        let mut best: Option<(f64, usize, usize)> = None;
        for (k, (row, unit)) in gains.iter().zip(units).enumerate() {
            let least = enough(unit);
            for (i, g) in row.iter().enumerate() {
                if *g > least && best.is_none_or(|b| *g > b.0) {
                    best = Some((*g, k, i));
                }
            }
        }
        let Some((_, k, i)) = best else { break };
        let unit = &units[k];
        let coarse = from + i;
        // To a quarter of a sample.
        let (_, quarter, gain) = (0..=2 * PHASES - 2)
            .map(|q| {
                let quarter = (coarse * PHASES + q + 1).saturating_sub(PHASES);
                let (g, gain) = reduction(unit.product(x, quarter / PHASES, quarter % PHASES), unit.energy);
                (g, quarter, gain)
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .unwrap_or((0.0, coarse * PHASES, 1.0));
        let at = quarter as f64 / PHASES as f64;
        let core = (coarse.saturating_sub(unit.len() / 8), (coarse + unit.len() / 5).min(x.len()));
        let energy = |x: &[f64]| x[core.0..core.1].iter().map(|v| v * v).sum::<f64>();
        let before = energy(x);
        unit.add(x, at, -gain);
        let noise = sigma_uv * sigma_uv * (core.1 - core.0) as f64;
        if energy(x) > 0.6 * before + 1.5 * noise {
            // It explains energy, but not what is there.
            unit.add(x, at, gain);
            let around = (i.saturating_sub(3), (i + 4).min(n));
            gains[k][around.0..around.1].fill(0.0);
            continue;
        }
        out.push(Placed { at, unit: k, gain });
        let (a, b) = (coarse.saturating_sub(2 * longest).max(from), (coarse + 2 * longest).min(to));
        for (row, unit) in gains.iter_mut().zip(units) {
            for at in a..b {
                row[at - from] = reduction(unit.product(x, at, 0), unit.energy).0;
            }
        }
        // No unit fires twice within a millisecond.
        let around = (i.saturating_sub(unit.len() / 8), (i + unit.len() / 8).min(n));
        gains[k][around.0..around.1].fill(0.0);
    }
}
