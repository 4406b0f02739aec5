//! Trains that are given, placed in the signal as they are: what they leave, the potentials of
//! their single discharges there, and where a further discharge would fit best.
//!
//! No discharge is added, taken away or given to another train. **Cost**: a few passes of
//! [`super::refine`] a train, some 0.1 s for ten seconds of signal.

use std::sync::Arc;

use crate::model::needle::Decomposition;

use super::template::{PHASES, Template, split};
use super::window::{IMPOSED, Unit, Window};
use super::{Decomposer, Options, Place, Settled, Whole, finish, refine};

/// What windows see beyond their ends, s.
const OVERLAP_S: f64 = 0.02;

/// A window with what was given for it.
struct Part {
    window: Window,
    start_s: f64,
    from_s: f64,
    to_s: f64,
    fs_hz: f64,
    /// Given discharges of each train within the window, s, in order.
    times_s: Vec<Vec<f64>>,
}

impl Part {
    /// The unit of train `k` and its place; `None` without discharges here.
    fn unit(&self, k: usize) -> Option<(usize, &Unit)> {
        self.window.units.iter().enumerate().find(|(_, unit)| unit.id == k)
    }

    /// Seconds of a tick.
    fn time_s(&self, tick: i64) -> f64 {
        self.start_s + tick as f64 / PHASES as f64 / self.fs_hz
    }

    /// Ticks that the potential's extremum lies behind the given times of train `k`.
    fn offset(&self, k: usize) -> i64 {
        let tick = self.unit(k).and_then(|(_, unit)| unit.train.first().copied());
        let given = self.times_s.get(k).and_then(|times| times.first());
        tick.zip(given).map_or(0, |(tick, time_s)| tick - self.tick(*time_s))
    }

    fn tick(&self, time_s: f64) -> i64 {
        ((time_s - self.start_s) * self.fs_hz * PHASES as f64).round() as i64
    }
}

/// Given trains in a signal.
pub struct Fixed {
    decomposer: Decomposer,
    trains: Vec<Vec<f64>>,
    /// Trains that are asked for; windows without one of their discharges are left out.
    only: Option<Vec<usize>>,
    /// The next window.
    next: usize,
    /// The window under way, where it lies, and its passes so far.
    open: Option<(Part, Place, usize)>,
    parts: Vec<Part>,
    settled: Vec<Settled>,
}

impl Fixed {
    /// Places `trains` (times in seconds, in any order; those outside of the signal are dropped) in a
    /// signal of microvolts. A rate below 1 kHz has none of them.
    pub fn new(uv: impl Into<Arc<[f64]>>, fs_hz: f64, trains: &[Vec<f64>]) -> Self {
        let mut fixed = Self::begin(uv, fs_hz, trains.to_vec(), None);
        while fixed.step() {}
        fixed
    }

    /// As [`Self::new`], for [`Self::step`] until it is false. With `only`, windows without a discharge of
    /// one of those trains are left out.
    pub fn begin(uv: impl Into<Arc<[f64]>>, fs_hz: f64, trains: Vec<Vec<f64>>, only: Option<Vec<usize>>) -> Self {
        let decomposer = Decomposer::new(uv, fs_hz, Options::default());
        Self { decomposer, trains, only, next: 0, open: None, parts: Vec::new(), settled: Vec::new() }
    }

    /// One pass over one window of twenty seconds; false when all is done.
    pub fn step(&mut self) -> bool {
        if let Some((mut part, place, pass)) = self.open.take() {
            part.window.impose_pass(pass);
            if pass + 1 < IMPOSED {
                self.open = Some((part, place, pass + 1));
            } else {
                self.settled.push(part.window.settle(place));
                self.parts.push(part);
            }
            return true;
        }
        let fs_hz = self.decomposer.fs_hz;
        let asked = |k: usize| self.only.as_ref().is_none_or(|only| only.contains(&k));
        let has = |span: &(usize, usize)| {
            let (from_s, to_s) = (span.0 as f64 / fs_hz, span.1 as f64 / fs_hz);
            self.trains.iter().enumerate().any(|(k, times)| asked(k) && times.iter().any(|t| (from_s..to_s).contains(t)))
        };
        let mut left = self.decomposer.spans.iter().enumerate().skip(self.next);
        let Some((i, _)) = left.find(|(_, span)| self.only.is_none() || has(span)) else { return false };
        self.next = i + 1;
        let (working, place) = self.decomposer.working(i, OVERLAP_S);
        let Place { start_s, from_s, to_s, .. } = place;
        let rate = working.fs_hz;
        let tick = |t: f64| ((t - start_s) * rate * PHASES as f64).round() as i64;
        let inside = |times: &Vec<f64>| -> Vec<f64> {
            let mut inside: Vec<f64> = times.iter().copied().filter(|t| t.is_finite() && *t >= from_s && *t < to_s).collect();
            inside.sort_by(f64::total_cmp);
            inside.dedup_by_key(|t| tick(*t));
            inside
        };
        let times_s: Vec<Vec<f64>> = self.trains.iter().map(inside).collect();
        let ticks = times_s.iter().map(|times| times.iter().map(|t| tick(*t)).collect()).collect();
        let window = Window::fixed(working.uv, rate, ticks);
        self.open = Some((Part { window, start_s, from_s, to_s, fs_hz: rate, times_s }, place, 0));
        true
    }

    /// Part of the windows done, 0 to 1.
    pub fn progress(&self) -> f64 {
        self.parts.len() as f64 / self.decomposer.spans.len().max(1) as f64
    }

    /// What the windows left.
    pub(super) fn settled(&self) -> &[Settled] {
        &self.settled
    }

    /// Train `k` over all windows.
    pub(super) fn whole(&self, k: usize) -> Whole {
        let empty = || Whole::new(Template::new(Vec::new()));
        let mut whole: Option<Whole> = None;
        for part in &self.parts {
            let Some((_, unit)) = part.unit(k) else { continue };
            let whole = whole.get_or_insert_with(|| Whole { template: unit.template.clone(), ..empty() });
            whole.times_s.extend(part.times_s.get(k).into_iter().flatten());
            whole.confidences.extend(unit.confidences.iter().copied());
            whole.energy += unit.template.energy * unit.train.len() as f64;
        }
        whole.unwrap_or_else(empty)
    }

    /// Potentials, confidences and what is left over. The trains come back in the order given with
    /// the times given, empty ones with an empty potential.
    pub fn decomposition(&self) -> Decomposition {
        let wholes: Vec<Whole> = (0..self.trains.len()).map(|k| self.whole(k)).collect();
        finish::decomposition(&self.decomposer.uv, self.decomposer.fs_hz, &wholes, &self.settled)
    }

    /// Discharges of train `k`, s, and the potential that the working signal has at each, the other
    /// discharges taken away: aligned, all of one length.
    pub fn aligned(&self, k: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
        let (mut times_s, mut waves) = (Vec::new(), Vec::new());
        for part in &self.parts {
            let (Some((place, _)), Some(times)) = (part.unit(k), part.times_s.get(k)) else { continue };
            let own = part.window.aligned(place);
            if own.len() == times.len() {
                times_s.extend(times);
                waves.extend(own);
            }
        }
        (times_s, waves)
    }

    /// Where train `k` fits best within `within_s` of `at_s` in what is left of the signal, to a
    /// fraction of a sample, and the size of that discharge against its template. Places nearer than
    /// `apart_s` to one of its discharges are left out. `None` without a template or a place.
    pub fn nearest(&self, k: usize, at_s: f64, within_s: f64, apart_s: f64) -> Option<(f64, f64)> {
        let part = self.part(at_s)?;
        let (_, unit) = part.unit(k)?;
        let offset = part.offset(k);
        let (_, residual, _, _) = part.window.signals();
        let pre = part.window.layout().pre as i64;
        let ticks = |s: f64| (s * part.fs_hz * PHASES as f64).round() as i64;
        let (middle, reach, apart) = (part.tick(at_s) + offset, ticks(within_s), ticks(apart_s));
        let correlation = |tick: i64| -> f64 {
            let (at, phase) = split(tick);
            let first = at - pre;
            let wave = unit.template.later[phase].iter().enumerate();
            wave.map(|(i, h)| h * usize::try_from(first + i as i64).ok().and_then(|s| residual.get(s)).copied().unwrap_or(0.0)).sum()
        };
        let free = |tick: &i64| unit.train.iter().all(|other| (other - tick).abs() >= apart);
        let inside = |tick: &i64| (part.from_s..part.to_s).contains(&part.time_s(*tick - offset));
        let best = (middle - reach..=middle + reach)
            .filter(|tick| free(tick) && inside(tick))
            .map(|tick| (tick, correlation(tick)))
            .fold((0, f64::NEG_INFINITY), |best, now| if now.1 > best.1 { now } else { best });
        (best.1.is_finite() && unit.template.energy > 0.0).then(|| (part.time_s(best.0 - offset), best.1 / unit.template.energy))
    }

    /// Seconds to add to the times of train `b` so that its potential lies where that of train `a` does,
    /// and by which part of the smaller potential's energy they then differ less than without. Within
    /// 1.5 ms; `None` when one has no potential.
    pub fn shift_s(&self, a: usize, b: usize) -> Option<(f64, f64)> {
        let part = self.parts.iter().find(|part| part.unit(a).is_some() && part.unit(b).is_some())?;
        let (first, second) = (&part.unit(a)?.1.template, &part.unit(b)?.1.template);
        let smaller = first.energy.min(second.energy);
        let difference = |ticks: i64| {
            // The second one's value at `i + ticks` against the first one's at `i`.
            let whole = -(-ticks).div_euclid(PHASES);
            let phase = (whole * PHASES - ticks) as usize;
            let product = second.later.get(phase).map_or(0.0, |later| super::template::overlap(&first.wave, later, whole));
            (first.energy + second.energy - 2.0 * product) / smaller
        };
        let reach = (0.0015 * part.fs_hz) as i64 * PHASES;
        let best = (-reach..=reach).map(|ticks| (ticks, difference(ticks))).min_by(|x, y| x.1.total_cmp(&y.1))?;
        let stays = part.offset(a) - part.offset(b);
        let shift_s = (best.0 - stays) as f64 / PHASES as f64 / part.fs_hz;
        (smaller > 0.0).then(|| (shift_s, difference(stays) - best.1))
    }

    fn part(&self, at_s: f64) -> Option<&Part> {
        self.parts.iter().find(|part| (part.from_s..part.to_s).contains(&at_s))
    }
}

impl Window {
    /// Aligned potentials of all discharges of unit `k`, the others taken away.
    pub(super) fn aligned(&self, k: usize) -> Vec<Vec<f64>> {
        let Some(unit) = self.units.get(k) else { return Vec::new() };
        let (_, residual, _, _) = self.signals();
        let train = unit.train.iter().map(|tick| (*tick, unit.template.gain(*tick))).collect();
        refine::aligned(residual, &unit.template, &train, self.layout())
    }
}

/// Potentials, confidences and what is left over for trains that a person edited: `trains` are
/// times in seconds, in any order; times outside of the signal are dropped. No discharge is added,
/// taken away or given to another train; the trains come back in the order given, empty ones with
/// an empty potential.
pub fn rebuild(uv: &[f64], fs_hz: f64, trains: &[Vec<f64>]) -> Decomposition {
    Fixed::new(uv, fs_hz, trains).decomposition()
}
