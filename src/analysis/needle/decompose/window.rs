//! One stretch of signal learned and taken apart, a bounded piece at a time.
//!
//! Rounds of: seek recurring potentials in what is left, place discharges, resolve overlaps, refine
//! the templates, split and merge trains by shape and firing, drop those that only see what others
//! leave. What is found so far can be read at any time.

use super::Options;
use super::discover::Discovery;
use super::firing::{Expectation, regularity};
use super::placement::Placement;
use super::resolve;
use super::template::{Layout, PHASES, Template, split};
use super::{finish, refine, revise, shapes, signal};

/// Rounds on a fresh stretch.
const ROUNDS: usize = 6;
/// Rounds in which new potentials are sought and trains split.
const LEARNING: usize = 4;
/// Placements in one go.
const PLACEMENTS: usize = 400;
/// Groups resolved in one go.
const RESOLVED: usize = 40;
/// Fewest discharges that hold a template.
const FEWEST: usize = 6;
/// Passes over trains that are given.
pub const IMPOSED: usize = 3;
/// Most units sought at once.
const MOST_NEW: usize = 24;
/// Most units altogether.
pub const MOST_UNITS: usize = 48;
/// Rate over the whole stretch below which the same holds, 1/s.
const THIN_HZ: f64 = 2.5;
/// Regularity, nats a discharge, of a train that others' discharges are compared with, the part of its
/// discharges that another train has with it, and what that train gains by giving one of them back, nats.
const REGULAR: f64 = 0.5;
const BORROWED: f64 = 0.3;
const GIVEN_BACK: f64 = 1.0;
/// Energy over the variance of the noise below which an irregular train is not kept for learning.
const WEAK: f64 = 150.0;

/// A unit being learned.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Number that stays through splits and windows.
    pub id: usize,
    /// Its potential.
    pub template: Template,
    /// Its discharges, ticks in order.
    pub train: Vec<i64>,
    /// How sure each is; filled at the end.
    pub confidences: Vec<f64>,
}

impl Unit {
    /// A unit without discharges.
    pub fn new(id: usize, template: Template) -> Self {
        Self { id, template, train: Vec::new(), confidences: Vec::new() }
    }
}

enum Stage {
    Seek(Box<Discovery>),
    Place,
    Peel(Box<Placement>),
    Resolve(Box<Placement>, Vec<Vec<(usize, i64)>>, usize),
    Refine(Box<Placement>, Vec<Unit>, usize),
    Done,
}

/// The stretch and how far it is.
pub struct Window {
    signal: Vec<f64>,
    fs_hz: f64,
    layout: Layout,
    options: Options,
    strict: bool,
    /// Units so far.
    pub units: Vec<Unit>,
    residual: Vec<f64>,
    variance: Vec<f64>,
    sigma: f64,
    round: usize,
    pass: usize,
    /// Whether units came, went, split or merged in this round.
    changed: bool,
    next_id: usize,
    stage: Stage,
}

impl Window {
    /// For a stretch of the working signal. `strict` looks for potentials that are more alike.
    pub fn new(signal: Vec<f64>, fs_hz: f64, options: Options, strict: bool) -> Self {
        let layout = Layout::new(fs_hz);
        let sigma = signal::sigma(&signal);
        let residual = signal.clone();
        let mut window = Self {
            signal,
            fs_hz,
            layout,
            options,
            strict,
            units: Vec::new(),
            variance: vec![0.0; residual.len()],
            residual,
            sigma,
            round: 0,
            pass: 0,
            changed: true,
            next_id: 0,
            stage: Stage::Done,
        };
        if window.signal.len() >= 4 * layout.len {
            window.stage = window.seek();
        }
        window
    }

    /// For a stretch whose units are known, with their trains here as far as those are: their
    /// discharges are placed anew, no unit is sought, split or merged.
    pub fn again(signal: Vec<f64>, fs_hz: f64, options: Options, units: Vec<Unit>) -> Self {
        let mut window = Self::new(signal, fs_hz, options, false);
        window.round = ROUNDS - 1;
        window.units = units;
        let long_enough = window.signal.len() >= 4 * window.layout.len;
        window.stage = if long_enough && !window.units.is_empty() { Stage::Place } else { Stage::Done };
        window
    }

    /// Standard deviation of what is left, uV.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Part of the work done, 0 to 1.
    pub fn progress(&self) -> f64 {
        if matches!(self.stage, Stage::Done) {
            return 1.0;
        }
        let part = match &self.stage {
            Stage::Seek(_) | Stage::Done => 0.0,
            Stage::Place => 0.1,
            Stage::Peel(_) => 0.2,
            Stage::Resolve(_, groups, at) => 0.3 + 0.5 * *at as f64 / groups.len().max(1) as f64,
            Stage::Refine(..) => 0.9,
        };
        (2.0 * self.round as f64 + self.pass as f64 + part) / (2.0 * ROUNDS as f64)
    }

    /// Working signal, what is left of it, the variance that discharges bring, and the rate.
    pub fn signals(&self) -> (&[f64], &[f64], &[f64], f64) {
        (&self.signal, &self.residual, &self.variance, self.fs_hz)
    }

    /// Extent of the templates.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    fn last_pass(&self) -> bool {
        self.round + 1 >= ROUNDS && self.pass == 1
    }

    /// Takes these trains as they are, for [`IMPOSED`] passes of [`Self::impose_pass`].
    pub fn impose(&mut self, units: Vec<Unit>) {
        self.units = units;
        (self.round, self.pass, self.stage) = (ROUNDS - 1, 1, Stage::Done);
        for unit in &mut self.units {
            let positions: Vec<f64> = unit.train.iter().map(|t| *t as f64 / PHASES as f64).collect();
            unit.template = Template::new(super::discover::average(&self.signal, &positions, self.layout));
        }
    }

    /// One pass over the trains that are given: potentials, what is left, and in the last confidences.
    pub fn impose_pass(&mut self, pass: usize) {
        let mut placement = self.placement();
        for (k, unit) in self.units.iter().enumerate() {
            for &tick in &unit.train {
                placement.place(k, tick, placement.templates[k].gain(tick));
            }
        }
        self.sigma = signal::sigma(&placement.residual);
        placement.noise = self.sigma * self.sigma;
        for k in 0..self.units.len() {
            let (new, shift) =
                refine::refined(&placement.residual, &placement.templates[k], &placement.trains[k], self.layout, placement.noise);
            let ticks = self.units[k].train.clone();
            if pass + 1 == IMPOSED {
                self.units[k].confidences = ticks.iter().map(|t| finish::confidence(&mut placement, k, *t)).collect();
            }
            self.units[k].template = new;
            self.units[k].train = ticks.iter().map(|t| t + shift).collect();
        }
        self.residual = placement.residual;
        self.variance = placement.variance;
    }

    fn seconds(&self) -> f64 {
        self.signal.len() as f64 / self.fs_hz
    }

    fn times_s(&self, train: &[i64]) -> Vec<f64> {
        train.iter().map(|t| *t as f64 / PHASES as f64 / self.fs_hz).collect()
    }

    /// Regularity a discharge.
    fn regularity(&self, train: &[i64]) -> f64 {
        regularity(&self.times_s(train)) / train.len().max(1) as f64
    }

    fn least(&self) -> usize {
        let per_s = if self.round == 0 { 1.5 } else { 2.0 };
        ((self.seconds() * per_s * self.options.least_part()) as usize).max(FEWEST)
    }

    fn seek(&self) -> Stage {
        Stage::Seek(Box::new(Discovery::new(&self.residual, self.fs_hz, self.sigma, self.strict)))
    }

    /// Does a piece of the work. False when all is done.
    pub fn step(&mut self) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Done => return false,
            Stage::Seek(mut discovery) => {
                if discovery.compare() {
                    self.stage = Stage::Seek(discovery);
                    return true;
                }
                let room = MOST_UNITS.saturating_sub(self.units.len()).min(MOST_NEW);
                for wave in discovery.seeds(&self.residual, self.layout, self.least(), room) {
                    self.changed = true;
                    self.units.push(Unit::new(self.next_id, Template::new(wave)));
                    self.next_id += 1;
                }
                self.stage = if self.units.is_empty() { Stage::Done } else { Stage::Place };
            }
            Stage::Place => {
                let mut placement = self.placement();
                placement.prepare();
                self.stage = Stage::Peel(Box::new(placement));
            }
            Stage::Peel(mut placement) => {
                if placement.peel(PLACEMENTS) {
                    self.stage = Stage::Peel(placement);
                } else if self.pass == 1 && self.round >= 1 {
                    let groups = resolve::groups(&placement, self.fs_hz);
                    self.stage = Stage::Resolve(placement, groups, 0);
                } else {
                    self.stage = Stage::Refine(placement, Vec::new(), 0);
                }
            }
            Stage::Resolve(mut placement, groups, at) => {
                let to = (at + RESOLVED).min(groups.len());
                for group in &groups[at..to] {
                    resolve::resolve(&mut placement, group, self.fs_hz);
                }
                self.stage =
                    if to < groups.len() { Stage::Resolve(placement, groups, to) } else { Stage::Refine(placement, Vec::new(), 0) };
            }
            Stage::Refine(mut placement, mut made, k) => {
                if k == 0 {
                    self.sigma = signal::sigma(&placement.residual);
                }
                if k < placement.templates.len() {
                    self.refine(&mut placement, k, &mut made);
                    self.stage = Stage::Refine(placement, made, k + 1);
                } else {
                    self.units = made;
                    self.residual = placement.residual;
                    self.variance = placement.variance;
                    self.stage = self.after_pass();
                }
            }
        }
        !matches!(self.stage, Stage::Done)
    }

    fn placement(&self) -> Placement {
        let ticks = (0.001 * self.fs_hz).round().max(1.0) as i64 * PHASES;
        let bins = self.signal.len() * PHASES as usize / ticks as usize + 1;
        let expected = self
            .units
            .iter()
            .map(|unit| {
                if self.round == 0 || !self.options.voluntary {
                    Expectation::flat(10.0, bins, ticks)
                } else {
                    Expectation::from_train(&unit.train, self.fs_hz, bins, ticks)
                }
            })
            .collect();
        let templates = self.units.iter().map(|u| u.template.clone()).collect();
        let shortest = (self.options.shortest_interval_ms() / 1000.0 * self.fs_hz) as i64 * PHASES;
        Placement::new(&self.signal, templates, expected, self.layout, self.sigma, shortest)
    }

    /// The template of unit `k` anew, or of the units it turns out to be.
    fn refine(&mut self, placement: &mut Placement, k: usize, made: &mut Vec<Unit>) {
        let template = &placement.templates[k];
        let train = &placement.trains[k];
        let id = self.units[k].id;
        if train.len() < FEWEST {
            return;
        }
        if self.round < LEARNING && template.energy > 100.0 * placement.noise {
            let waves = refine::aligned(&placement.residual, template, train, self.layout);
            let ticks: Vec<i64> = train.keys().copied().collect();
            // Units are told apart about the spike.
            let from = self.layout.pre - self.layout.pre / 2;
            let core: Vec<Vec<f64>> = waves.iter().map(|w| w[from..self.layout.pre * 2].to_vec()).collect();
            let least = ((1.5 * self.seconds() * self.options.least_part()) as usize).max(FEWEST);
            if let Some(labels) = shapes::groups(&core, &self.times_s(&ticks), least) {
                let groups = labels.iter().max().map_or(0, |m| m + 1);
                for group in 0..groups {
                    let keep: Vec<usize> = (0..labels.len()).filter(|i| labels[*i] == group).collect();
                    let mut column = Vec::new();
                    let wave = (0..self.layout.len)
                        .map(|i| {
                            column.clear();
                            column.extend(keep.iter().map(|e| waves[*e][i]));
                            crate::dsp::robust::percentile_mut(&mut column, 50.0)
                        })
                        .collect();
                    let id = if group == 0 { id } else { self.next_id + group - 1 };
                    made.push(Unit { train: keep.iter().map(|e| ticks[*e]).collect(), ..Unit::new(id, Template::new(wave)) });
                }
                self.next_id += groups.saturating_sub(1);
                self.changed = true;
                return;
            }
        }
        let (new, shift) = refine::refined(&placement.residual, template, train, self.layout, placement.noise);
        let ticks: Vec<i64> = train.keys().copied().collect();
        let confidences = if self.last_pass() { ticks.iter().map(|t| finish::confidence(placement, k, *t)).collect() } else { Vec::new() };
        made.push(Unit { id, template: new, train: ticks.iter().map(|t| t + shift).collect(), confidences });
    }

    /// What a pass ends with, and the next stage.
    fn after_pass(&mut self) -> Stage {
        if self.pass == 1 && self.round >= 1 {
            if self.options.voluntary && self.round < LEARNING {
                self.give_back();
            }
            self.drop_shadows();
        }
        if self.pass == 0 {
            if self.round + 1 < ROUNDS {
                self.merge();
            }
            self.pass = 1;
            return Stage::Place;
        }
        self.pass = 0;
        self.round += 1;
        if !self.changed && self.round >= 2 {
            // Nothing new in a whole round: what is left is the last.
            self.round = self.round.max(ROUNDS - 1);
        }
        self.changed = false;
        if self.round >= ROUNDS || self.units.is_empty() && self.round >= 2 {
            return Stage::Done;
        }
        if self.round < LEARNING { self.seek() } else { Stage::Place }
    }

    fn merge(&mut self) {
        let noise = self.sigma * self.sigma;
        let mut i = 0;
        while i < self.units.len() {
            let mut j = i + 1;
            while j < self.units.len() {
                let (a, b) = (&self.units[i], &self.units[j]);
                if !revise::same(&a.template, &b.template, (&a.train, &b.train), self.fs_hz, noise) {
                    j += 1;
                    continue;
                }
                let (_, lag) = revise::difference(&a.template, &b.template, (0.0015 * self.fs_hz) as i64);
                // The fuller train's potential stays; the older number does.
                let (keep, other, lag) = if a.train.len() >= b.train.len() { (a, b, lag) } else { (b, a, -lag) };
                let mut train: Vec<i64> = keep.train.iter().copied().chain(other.train.iter().map(|t| t + lag)).collect();
                train.sort_unstable();
                let one = Unit { train, ..Unit::new(a.id.min(b.id), keep.template.clone()) };
                self.changed = true;
                self.units[i] = one;
                self.units.remove(j);
            }
            i += 1;
        }
    }

    /// A unit that resembles another is often explained as that one and a small remainder, which then
    /// is learned as a unit that fires with it. Discharges that one train has beyond its rhythm, and a
    /// regular one always comes with, are the other's: its potential is both together.
    fn give_back(&mut self) {
        for small in 0..self.units.len() {
            if self.regularity(&self.units[small].train) < REGULAR {
                continue;
            }
            let gain = |large: usize| {
                let (own, other) = (&self.units[small], &self.units[large]);
                if large == small || other.template.energy < own.template.energy {
                    return None;
                }
                let (with, later) = revise::together(&own.train, &other.train, self.fs_hz);
                if with.len() < FEWEST || (with.len() as f64) < BORROWED * own.train.len() as f64 || with.len() * 2 > other.train.len() {
                    return None;
                }
                let rest: Vec<i64> = other.train.iter().copied().filter(|t| with.binary_search(t).is_err()).collect();
                let total = |train: &[i64]| regularity(&self.times_s(train));
                let gain = (total(&rest) - total(&other.train)) / with.len() as f64;
                (gain > GIVEN_BACK).then_some((large, rest, later, gain))
            };
            let best = (0..self.units.len()).filter_map(gain).max_by(|a, b| a.3.total_cmp(&b.3));
            let Some((large, rest, later, _)) = best else { continue };
            let (whole, phase) = split(-later);
            let part = &self.units[large].template.later[phase];
            let at = |i: usize| usize::try_from(i as i64 - whole).ok().and_then(|i| part.get(i)).copied().unwrap_or(0.0);
            let wave = self.units[small].template.wave.iter().enumerate().map(|(i, v)| v + at(i)).collect();
            self.units[small].template = Template::new(wave);
            self.units[large].train = rest;
            self.changed = true;
        }
    }

    fn drop_shadows(&mut self) {
        let window = (0.0025 * self.fs_hz) as i64 * PHASES;
        let duration = self.signal.len() as i64 * PHASES;
        let noise = self.sigma * self.sigma;
        let mut i = 0;
        while i < self.units.len() {
            let unit = &self.units[i];
            let larger: Vec<&[i64]> =
                self.units.iter().filter(|o| o.template.energy > 1.5 * unit.template.energy).map(|o| o.train.as_slice()).collect();
            let shadow = revise::shadow(&unit.train, &larger, window, duration);
            let irregular = self.regularity(&unit.train) < 0.5;
            let weak = self.options.voluntary && self.round >= LEARNING - 1 && unit.template.energy < WEAK * noise;
            // What recurs a few times without rhythm is the image of overlaps, which would take them
            // from the units that make them.
            let thin = self.options.voluntary && self.round + 1 >= LEARNING && (unit.train.len() as f64) < THIN_HZ * self.seconds();
            if irregular && (shadow > 0.4 || weak || thin) {
                self.units.remove(i);
                self.changed = true;
            } else {
                i += 1;
            }
        }
    }
}
