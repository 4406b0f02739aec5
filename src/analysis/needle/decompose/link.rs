//! Units of one window that are those of the windows before, and what a window's neighbours know.
//!
//! Windows overlap. Two trains that discharge together there are one unit, whatever became of its
//! potential; where that says nothing (a unit pauses, or begins), the potential does: it may have
//! changed a little, and must be nearer to this unit's than to any other's. A unit that comes back
//! after a pause is sought among all that were ever seen. Then each window is looked at again with the
//! units that its neighbours have and itself has not: a unit that fires for a second before the
//! window ends is found by the potential that the next window learned. Following slow changes of shape
//! from window to window is that of McGill, Cummins and Dorfman 1985 and of LeFever and De Luca 1982
//! (templates adapted along the record).

use super::template::{PHASES, Template};
use super::window::Unit;
use super::{Looked, Place, revise};

/// Discharges are the same within this, s.
const TOGETHER_S: f64 = 0.0005;
/// Fewest discharges in the overlap that say something.
const FEWEST: usize = 5;
/// Part of the discharges of both trains there that one unit has in common.
const COMMON: f64 = 0.6;
/// Energy of the difference of a unit's potentials in two windows, at most, as part of the smaller.
const ALIKE: f64 = 0.1;
/// A unit's own potential differs at most by this part of what any other's does.
const NEARER: f64 = 0.6;
/// Potentials are compared up to this lag, s.
const REACH_S: f64 = 0.0015;
/// A lag of fewer ticks is noise: the extremum is the same one.
const STILL: i64 = 4;

/// A unit of a window, numbered over all of them.
#[derive(Debug, Clone)]
pub struct Linked {
    /// The unit; its trains are ticks of the window.
    pub unit: Unit,
    /// Ticks to add to its train for it to mean the same moment of the potential as in the window where
    /// the unit was first seen.
    pub shift: i64,
}

/// A unit as it was last seen.
#[derive(Debug, Clone)]
struct Seen {
    template: Template,
    shift: i64,
    discharges: usize,
    /// Its discharges there, s, in its template's own time.
    times_s: Vec<f64>,
    /// End of what that window saw, s.
    window: usize,
}

/// All units seen so far, by number.
#[derive(Debug, Clone, Default)]
pub struct Known {
    seen: Vec<Seen>,
    windows: usize,
}

/// How a unit of a window compares with one that is known.
#[derive(Debug, Clone, Copy)]
struct Pair {
    unit: usize,
    seen: usize,
    /// Part of the discharges in common, where there are enough.
    common: Option<f64>,
    difference: f64,
    lag: i64,
}

fn still(lag: i64) -> i64 {
    if lag.abs() < STILL { 0 } else { lag }
}

/// Discharges of two trains (s, in order) in common after `shift_s` is added to those of `b`.
fn common(a: &[f64], b: &[f64], shift_s: f64) -> usize {
    b.iter()
        .filter(|t| {
            let at = a.partition_point(|v| *v < **t + shift_s - TOGETHER_S);
            a.get(at).is_some_and(|v| *v <= **t + shift_s + TOGETHER_S)
        })
        .count()
}

impl Known {
    /// How many units were seen.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    fn pair(&self, unit: usize, of: &Unit, times_s: &[f64], seen: usize, place: Place, noise: f64) -> Pair {
        let old = &self.seen[seen];
        let (d, lag) = revise::difference(&old.template, &of.template, (REACH_S * place.fs_hz) as i64);
        let n = of.template.wave.len() as f64;
        let smaller = old.template.energy.min(of.template.energy).max(1e-12);
        let error = n * noise * (1.0 / old.discharges.max(1) as f64 + 1.0 / of.train.len().max(1) as f64) / smaller;
        let lag_s = lag as f64 / PHASES as f64 / place.fs_hz;
        let (from, to) = (place.start_s, old.times_s.last().copied().unwrap_or(f64::NEG_INFINITY));
        let to = if old.window + 1 == self.windows { to.max(2.0 * place.from_s - from) } else { from };
        let inside = |times: &[f64]| -> Vec<f64> { times.iter().copied().filter(|t| *t > from && *t < to).collect() };
        let (a, b) = (inside(&old.times_s), inside(times_s));
        let both = a.len().min(b.len());
        let common = (both >= FEWEST).then(|| 2.0 * common(&a, &b, lag_s) as f64 / (a.len() + b.len()) as f64);
        Pair { unit, seen, common, difference: d - error, lag }
    }

    /// Numbers the units of the next window: those that are known keep their numbers. `noise` is the
    /// variance of the noise, uV^2 a sample.
    pub fn link(&mut self, units: Vec<Unit>, place: Place, noise: f64) -> Vec<Linked> {
        let times: Vec<Vec<f64>> = units.iter().map(|unit| unit.train.iter().map(|tick| place.time_s(*tick)).collect()).collect();
        let mut pairs: Vec<Pair> = Vec::new();
        for (i, unit) in units.iter().enumerate() {
            pairs.extend((0..self.seen.len()).map(|j| self.pair(i, unit, &times[i], j, place, noise)));
        }
        let mut of_unit: Vec<Option<Pair>> = vec![None; units.len()];
        let mut taken = vec![false; self.seen.len()];
        // First those that fire together, the surest first; then those that look alike.
        pairs.sort_by(|a, b| b.common.unwrap_or(0.0).total_cmp(&a.common.unwrap_or(0.0)).then(a.difference.total_cmp(&b.difference)));
        for pair in pairs.iter().filter(|pair| pair.common.is_some_and(|common| common >= COMMON)) {
            if of_unit[pair.unit].is_none() && !taken[pair.seen] {
                (of_unit[pair.unit], taken[pair.seen]) = (Some(*pair), true);
            }
        }
        pairs.sort_by(|a, b| a.difference.total_cmp(&b.difference));
        for pair in pairs.iter().filter(|pair| pair.difference < ALIKE && pair.common.is_none()) {
            let free = |other: &&Pair| of_unit[other.unit].is_none() && !taken[other.seen];
            if !free(&pair) {
                continue;
            }
            let rival = |other: &&Pair| (other.unit == pair.unit) != (other.seen == pair.seen) && free(other);
            let next = pairs.iter().filter(rival).map(|other| other.difference).fold(f64::INFINITY, f64::min);
            if pair.difference < NEARER * next {
                (of_unit[pair.unit], taken[pair.seen]) = (Some(*pair), true);
            }
        }
        let window = self.windows;
        self.windows += 1;
        let numbered = units.into_iter().zip(of_unit).zip(times).map(|((mut unit, pair), times_s)| {
            let shift = pair.map_or(0, |pair| self.seen[pair.seen].shift + still(pair.lag));
            let now = Seen { template: unit.template.clone(), shift, discharges: unit.train.len(), times_s, window };
            unit.id = match pair {
                Some(pair) => {
                    self.seen[pair.seen] = now;
                    pair.seen
                }
                None => {
                    self.seen.push(now);
                    self.seen.len() - 1
                }
            };
            Linked { unit, shift }
        });
        numbered.collect()
    }
}

/// Units for a second look at window `i`: its own with their trains, and those that only its
/// neighbours have, without.
pub fn around(looked: &[Looked], i: usize) -> Vec<Unit> {
    with_neighbours(looked, i).into_iter().map(|linked| linked.unit).collect()
}

fn with_neighbours(looked: &[Looked], i: usize) -> Vec<Linked> {
    let mut units = looked.get(i).map_or_else(Vec::new, |own| own.units.clone());
    for neighbour in [i.checked_sub(1), Some(i + 1)].into_iter().flatten().filter_map(|j| looked.get(j)) {
        for linked in &neighbour.units {
            if units.len() < super::window::MOST_UNITS && !units.iter().any(|own| own.unit.id == linked.unit.id) {
                let mut template = linked.unit.template.clone();
                template.gains.clear();
                units.push(Linked { unit: Unit::new(linked.unit.id, template), shift: linked.shift });
            }
        }
    }
    units
}

/// What became of units after a second look at window `i`: `units` have the numbers of those given.
pub fn follow(looked: &[Looked], i: usize, units: Vec<Unit>, fs_hz: f64) -> Vec<Linked> {
    let given = with_neighbours(looked, i);
    let reach = (REACH_S * fs_hz) as i64;
    let shift = |unit: &Unit| {
        let before = given.iter().find(|given| given.unit.id == unit.id)?;
        Some(before.shift + still(revise::difference(&before.unit.template, &unit.template, reach).1))
    };
    units.into_iter().map(|unit| Linked { shift: shift(&unit).unwrap_or(0), unit }).collect()
}
