//! Spontaneous and insertional activity, named.
//!
//! **Method.** Discharges are found in the signal without mains from 200 Hz to 3 kHz ([`signal`],
//! [`events`]), put together by shape ([`cluster`]), taken out one after the other so that overlaps
//! come apart ([`resolve`]), and made into trains by fixed lags and by firing ([`trains`]). What comes
//! as steadily as from a machine is taken out as a whole cycle and the rest looked at anew
//! ([`circuit`]). What is left over and strong is looked at a second time. Each train is measured ([`features`]) and named
//! by published bounds ([`classes`]). [`insertion`] measures what follows needle movements,
//! [`grading`] turns sites into a grade.
//!
//! **Contract.** Microvolts, negative up. NaN and infinite samples are gaps. A constant added changes
//! nothing; a scaled signal has the same trains. **Cost**: some 0.1 s for ten seconds of rest.

pub mod chain;
pub mod circuit;
pub mod classes;
pub mod cluster;
mod doubt;
pub mod events;
pub mod fast;
pub mod features;
pub mod grading;
mod hand;
pub mod insertion;
pub mod remains;
pub mod resolve;
mod show;
pub mod signal;
pub mod trains;

use super::super::signal::{SignalAnalysis, SignalAnalyzer, SignalInput};
use crate::model::{ActivityClass, EditedTrain, SignalMeasurement, SignalTask, TrainChange};
use events::Event;
use features::{Firing, FirstPhase, Shape};
use resolve::{Placed, Unit};
use signal::Working;
use trains::Train;

/// Name and version.
const METHOD: &str = "activity-at-rest/2";
/// At most so many events are compared with each other; of more, evenly chosen ones.
const COMPARED: usize = 2200;
/// At most so many shapes of a first and a second look.
const SHAPES: [usize; 2] = [20, 14];
/// A potential that came once or twice is looked at when it stands out so many times.
const LONE: f64 = 9.0;
/// Discharges nearer than this belong to one potential, s.
const LONE_S: f64 = 0.012;
/// Of a discharge as large as this part of another potential beside it that one is no remainder.
const LEFT: f64 = 0.7;
/// Marks trains of potentials that came once or twice.
const LONE_UNIT: usize = usize::MAX;
/// Marks trains found as a whole.
const FAST: usize = usize::MAX - 1;
/// Potentials of single fibres are shorter, ms.
const FIBRE_MS: f64 = 4.0;
/// End-plate spikes come more often.
const SELDOM_HZ: f64 = 11.0;
/// Noise exceeds the largest that is expected of so many samples by at most so much, in its standard
/// deviations.
const BEYOND_NOISE: f64 = 0.5;
/// Shortest record, s, of which something is said.
const SHORTEST_S: f64 = 0.5;

/// The analyzer of [`SignalTask::Rest`].
pub struct RestAnalyzer;

impl SignalAnalyzer for RestAnalyzer {
    fn task(&self) -> SignalTask {
        SignalTask::Rest
    }

    fn name(&self) -> &'static str {
        METHOD
    }

    fn begin(&self, input: SignalInput) -> Box<dyn SignalAnalysis> {
        Box::new(RestAnalysis::new(input))
    }
}

/// A train with what was measured of it and its name.
#[derive(Debug, Clone)]
pub struct NamedTrain {
    /// Discharges.
    pub train: Train,
    /// Firing.
    pub firing: Firing,
    /// Mean potential.
    pub shape: Shape,
    /// Class, confidence, reasons.
    pub named: classes::Named,
    /// Class given by a person.
    pub by_hand: Option<ActivityClass>,
}

impl NamedTrain {
    /// Its class: a person's, else the program's.
    pub fn class(&self) -> ActivityClass {
        self.by_hand.unwrap_or(self.named.class)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Filter { next: usize },
    Look { second: bool },
    Resolve { second: bool, next: usize },
    Name,
    Done,
}

/// An analysis under way.
pub struct RestAnalysis {
    input: SignalInput,
    working: Option<Working>,
    /// What is left after discharges were taken out.
    left: Vec<f64>,
    events: Vec<Event>,
    stretches: Vec<(usize, usize)>,
    units: Vec<Unit>,
    /// How many events made each.
    counts: Vec<usize>,
    placed: Vec<Placed>,
    found: Vec<NamedTrain>,
    lone: Vec<f64>,
    fast: Vec<fast::Episode>,
    circuits: Vec<circuit::Circuit>,
    /// What circuits left of themselves, beyond the noise, microvolts.
    circuits_left: Vec<f32>,
    insertions: Vec<insertion::Insertion>,
    /// The muscle was not at rest: nothing is named.
    effort: bool,
    /// Trains as a person named them.
    given: Option<Vec<EditedTrain>>,
    stage: Stage,
}

impl RestAnalysis {
    /// Begins.
    pub fn new(input: SignalInput) -> Self {
        let working = Working::new(input.fs_hz).filter(|_| input.uv.len() as f64 >= SHORTEST_S * input.fs_hz);
        let stage = if working.is_some() { Stage::Filter { next: 0 } } else { Stage::Done };
        Self {
            input,
            working,
            left: Vec::new(),
            events: Vec::new(),
            stretches: Vec::new(),
            units: Vec::new(),
            counts: Vec::new(),
            placed: Vec::new(),
            found: Vec::new(),
            lone: Vec::new(),
            fast: Vec::new(),
            circuits: Vec::new(),
            circuits_left: Vec::new(),
            insertions: Vec::new(),
            effort: false,
            given: None,
            stage,
        }
    }

    /// All of the working signal but fast episodes and circuits, which are found as a whole.
    fn begin_anew(&mut self) {
        let Some(working) = self.working.as_mut() else { return };
        self.left.clone_from(&working.uv);
        for episode in &self.fast {
            if let Some(x) = self.left.get_mut(episode.from..episode.to) {
                x.fill(0.0);
            }
        }
        if !self.circuits.is_empty() {
            self.circuits_left = vec![0.0; self.left.len()];
            self.circuits.iter().for_each(|c| c.take_out(&mut self.left, working.fs_hz));
            working.judge_noise(&self.left);
            for circuit in &self.circuits {
                let at = circuit.times_s.first().map_or(0.0, |t| t * working.fs_hz) as usize;
                circuit.raise(&self.left, working.fs_hz, working.sigma(at), &mut self.circuits_left);
            }
        }
    }

    /// Circuits among what was placed; with some all else begins anew without them.
    fn find_circuits(&mut self) -> bool {
        let Some(working) = self.working.as_ref().filter(|_| self.circuits.is_empty()) else { return false };
        let peaks_uv: Vec<f64> = self.units.iter().map(|u| u.peak_uv).collect();
        self.circuits = circuit::find(&self.placed, &peaks_uv, &working.uv, working.fs_hz, working.sigma(0));
        if self.circuits.is_empty() {
            return false;
        }
        self.units.clear();
        self.counts.clear();
        self.placed.clear();
        self.begin_anew();
        true
    }

    /// What discharges must exceed at a sample of the working signal, `times` the noise.
    fn threshold_uv(&self, working: &Working, times: f64, i: usize) -> f64 {
        times * working.sigma(i) + self.circuits_left.get(i).map_or(0.0, |r| f64::from(*r))
    }

    /// Finds shapes among events that nothing explains yet.
    fn look(&mut self, second: bool) {
        let Some(working) = &self.working else { return };
        // Where something was taken out the rest of it is no event.
        let raised = if second { self.raised(working) } else { Vec::new() };
        let threshold = |i: usize| self.threshold_uv(working, events::THRESHOLD, i) + raised.get(i).map_or(0.0, |r| f64::from(*r));
        let all = events::find(&self.left, working.fs_hz, 0, self.left.len(), threshold);
        let good: Vec<Event> = all.iter().copied().filter(|e| !working.is_bad(e.at as usize)).collect();
        let every = good.len().div_ceil(COMPARED).max(1);
        let chosen: Vec<Event> = good.iter().copied().step_by(every).collect();
        let [before, after] = events::core(working);
        let shapes: Vec<Vec<f64>> = chosen.iter().map(|e| events::around(&self.left, e.at, before, after)).collect();
        let sigmas: Vec<f64> = chosen.iter().map(|e| working.sigma(e.at as usize)).collect();
        let sigma = crate::dsp::robust::median(&sigmas);
        let noise = sigma * sigma * (before + after + 1) as f64;
        for members in cluster::groups(&shapes, noise, SHAPES[usize::from(second)]) {
            let moments: Vec<f64> = members.iter().map(|i| chosen[*i].at).collect();
            let unit = Unit::new(&self.left, working.fs_hz, &moments, sigma);
            if unit.peak_uv > 0.0 && !self.units.iter().any(|known| known.same(&unit, working.fs_hz)) {
                self.units.push(unit);
                self.counts.push(moments.len());
            }
        }
        self.events = all;
        if second {
            resolve::without_overlaps(&mut self.units, &mut self.counts, sigma);
        }
    }

    /// What remains of discharges that were taken out, microvolts: a part of each one's size.
    fn raised(&self, working: &Working) -> Vec<f32> {
        let mut raised = vec![0.0_f32; self.left.len()];
        let (before, after) = ((3e-3 * working.fs_hz) as usize, (5e-3 * working.fs_hz) as usize);
        for p in &self.placed {
            let Some(unit) = self.units.get(p.unit) else { continue };
            let size = (0.3 * p.gain * unit.peak_uv) as f32;
            let at = p.at as usize;
            if let Some(around) = raised.get_mut(at.saturating_sub(before)..(at + after).min(self.left.len())) {
                around.iter_mut().for_each(|r| *r = r.max(size));
            }
        }
        raised
    }

    /// Trains from what was placed, named.
    fn name(&mut self) {
        let quiet_uv = self.without_circuits();
        if let (Some(uv), Some(working)) = (&quiet_uv, self.working.as_mut()) {
            working.judge_wide_noise(uv);
        }
        let Some(working) = &self.working else { return };
        let fs = working.fs_hz;
        let mut trains = trains::gather(&self.placed, &self.units, fs);
        trains.retain(|t| !self.circuits.iter().any(|c| c.owns(&t.times_s)));
        let uv = quiet_uv.as_deref().unwrap_or(&self.input.uv);
        let trains = trains::join_locked(trains);
        let trains = trains::join_turns(trains, &self.units, fs);
        let trains = remains::drop_remains(trains);
        // Potentials that begin upwards, are irregular and frequent are those of end plates: no rhythm to
        // look for. Of few a rhythm is no chance: the record may be upside down.
        let fibres = |t: &Train| {
            let noise = working.wide_uv.first().copied().unwrap_or(1.0);
            features::shape(uv, self.input.fs_hz, t, &[], noise).is_some_and(|s| {
                let firing = features::firing(&t.times_s, &t.sizes_uv);
                let class = classes::name(&firing, &s, t.parts).class;
                // A motor unit under voluntary drive has more than one fibre's length.
                let drive =
                    class == ActivityClass::Voluntary && firing.cv < 0.22 && s.duration_ms > FIBRE_MS && !trains::doubled(&t.times_s);
                let unit = s.duration_ms > 5.2 && s.positive_to_negative < 1.0;
                let seldom = firing.n as f64 / firing.span_s.max(1.0) < SELDOM_HZ;
                (s.first != FirstPhase::Negative || seldom) && !unit && class != ActivityClass::Myokymic && !drive
            })
        };
        let mut trains = trains::take_apart(trains, &self.units, fs, &fibres);
        trains = trains::join_locked(trains);
        trains.extend(self.fast.iter().map(|e| Train {
            times_s: e.moments.iter().map(|m| m / fs).collect(),
            sizes_uv: e.sizes_uv.clone(),
            parts: 1,
            unit: FAST,
        }));
        let (single, mut lone_s) = self.lone_trains(working, &trains);
        trains.extend(single);
        let circuits = trains.len();
        trains.extend(self.circuits.iter().map(|c| Train {
            times_s: c.times_s.clone(),
            sizes_uv: c.sizes_uv(),
            parts: c.parts,
            unit: FAST,
        }));
        let wide = |train: &Train| {
            let at = train.times_s.first().map_or(0, |t| (t * fs) as usize);
            let i = at / (working.window() / working.step).max(1);
            working.wide_uv.get(i).or(working.wide_uv.last()).copied().unwrap_or(1.0)
        };
        let mut found = Vec::new();
        for (i, train) in trains.iter().enumerate() {
            // Circuits were taken out of what the others are measured in.
            let counts = |j: usize| j != i && (j < circuits || i >= circuits);
            let mut others: Vec<f64> =
                trains.iter().enumerate().filter(|(j, _)| counts(*j)).flat_map(|(_, t)| t.times_s.iter().copied()).collect();
            let uv = if i < circuits { uv } else { &self.input.uv };
            others.sort_unstable_by(f64::total_cmp);
            let firing = features::firing(&train.times_s, &train.sizes_uv);
            let Some(shape) = features::shape(uv, self.input.fs_hz, train, &others, wide(train)) else { continue };
            let named = classes::name(&firing, &shape, train.parts);
            // End-plate noise comes many times a second.
            let seldom = named.class == ActivityClass::NotSure || firing.n as f64 <= firing.span_s;
            if seldom && train.unit != LONE_UNIT && working.is_noise(train, BEYOND_NOISE) {
                continue;
            }
            let hidden = |t: &&Train| !std::ptr::eq(*t, train) && t.unit != LONE_UNIT;
            if named.class == ActivityClass::Fasciculation && remains::overlaps(train, trains.iter().filter(hidden)) {
                lone_s.extend(&train.times_s);
                continue;
            }
            // The moment of a discharge is its largest deflection.
            let mut train = train.clone();
            train.times_s.iter_mut().for_each(|t| *t += 1e-3 * shape.main_ms);
            found.push(NamedTrain { train, firing, shape, named, by_hand: None });
        }
        found.sort_by(|a, b| a.named.class.cmp(&b.named.class).then(b.firing.n.cmp(&a.firing.n)));
        self.effort = doubt::doubt(&mut found);
        self.insertions = insertion::measure(working);
        self.found = found;
        lone_s.sort_unstable_by(f64::total_cmp);
        self.lone = lone_s;
    }

    /// The input without circuits, when there are any.
    fn without_circuits(&self) -> Option<Vec<f64>> {
        if self.circuits.is_empty() {
            return None;
        }
        let mut uv: Vec<f64> = self.input.uv.iter().map(|v| if v.is_finite() { *v } else { 0.0 }).collect();
        self.circuits.iter().for_each(|c| c.take_out(&mut uv, self.input.fs_hz));
        Some(uv)
    }

    /// Strong potentials that came once or twice.
    fn lone_trains(&self, working: &Working, trains: &[Train]) -> (Vec<Train>, Vec<f64>) {
        let fs = working.fs_hz;
        let raised = self.raised(working);
        let strong = events::find(&self.left, fs, 0, self.left.len(), |i| {
            self.threshold_uv(working, LONE, i) + raised.get(i).map_or(0.0, |r| f64::from(*r))
        });
        // What comes beside a regular train comes there by chance, unless it is what was left of it.
        let size = |t: &Train, size_uv: f64| if t.is_regular() { size_uv } else { f64::INFINITY };
        let of = |t: &Train| t.times_s.iter().zip(&t.sizes_uv).map(|(s, uv)| (*s, size(t, *uv))).collect::<Vec<_>>();
        let mut taken: Vec<(f64, f64)> = trains.iter().flat_map(of).collect();
        taken.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut single: Vec<Event> = Vec::new();
        for event in strong.into_iter().filter(|e| !working.is_bad(e.at as usize)) {
            let t = event.at / fs;
            let i = taken.partition_point(|o| o.0 < t - LONE_S);
            let mut beside = taken[i..].iter().take_while(|o| o.0 < t + LONE_S);
            // What is left of a discharge is smaller than it.
            if beside.any(|o| o.1 > LEFT * event.height_uv.abs()) {
                continue;
            }
            match single.last_mut() {
                Some(last) if event.at - last.at < LONE_S * fs => {
                    if event.height_uv.abs() > last.height_uv.abs() {
                        *last = event;
                    }
                }
                _ => single.push(event),
            }
        }
        let lone_s = single.iter().map(|e| e.at / fs).collect();
        let [before, after] = events::core(working);
        let shapes: Vec<Vec<f64>> = single.iter().map(|e| events::around(&self.left, e.at, before, after)).collect();
        let mut free = vec![true; single.len()];
        let mut out: Vec<Train> = Vec::new();
        for i in 0..single.len().min(200) {
            if !free[i] {
                continue;
            }
            let mut train = Train { parts: 1, unit: LONE_UNIT, ..Train::default() };
            for j in i..single.len() {
                if free[j] && (j == i || cluster::difference(&shapes[i], &shapes[j], 0.0) < 2.0 * cluster::ALIKE) {
                    free[j] = false;
                    train.times_s.push(single[j].at / fs);
                    train.sizes_uv.push(single[j].height_uv.abs());
                }
            }
            out.push(train);
        }
        (out, lone_s)
    }
}

impl SignalAnalysis for RestAnalysis {
    fn step(&mut self) -> Option<f64> {
        match self.stage {
            Stage::Filter { next } => {
                let fs_hz = self.input.fs_hz;
                let n = self.input.uv.len();
                let working = self.working.as_mut()?;
                let to = (next + working.window()).min(n);
                // A short end belongs to the last window.
                let to = if n - to < working.window() / 2 { n } else { to };
                working.take(&mut self.input.uv, next, to, fs_hz);
                self.stage = Stage::Filter { next: to };
                if to >= n {
                    self.fast = fast::episodes(working);
                    self.begin_anew();
                    self.stage = Stage::Look { second: false };
                }
                Some(0.3 * to as f64 / n.max(1) as f64)
            }
            Stage::Look { second } => {
                self.look(second);
                if second {
                    self.begin_anew();
                }
                let Some(working) = &self.working else { return None };
                if second {
                    // All anew, with all shapes known.
                    self.placed.clear();
                    self.events =
                        events::find(&self.left, working.fs_hz, 0, self.left.len(), |i| self.threshold_uv(working, events::THRESHOLD, i));
                }
                self.stretches = resolve::stretches(&self.events, self.left.len(), working.fs_hz);
                self.stage = Stage::Resolve { second, next: 0 };
                Some(if second { 0.7 } else { 0.4 })
            }
            Stage::Resolve { second, next } => {
                let Some(working) = &self.working else { return None };
                let until = (next + 8).min(self.stretches.len());
                for stretch in &self.stretches[next..until] {
                    resolve::resolve(&mut self.left, *stretch, &self.units, working.sigma(stretch.0), &mut self.placed);
                }
                let part = until as f64 / self.stretches.len().max(1) as f64;
                self.stage = match (until < self.stretches.len(), second) {
                    (true, _) => Stage::Resolve { second, next: until },
                    (false, false) if self.find_circuits() => Stage::Look { second: false },
                    (false, false) => Stage::Look { second: true },
                    (false, true) => Stage::Name,
                };
                Some(if second { 0.7 + 0.25 * part } else { 0.4 + 0.3 * part })
            }
            Stage::Name => {
                self.name();
                self.stage = Stage::Done;
                hand::apply(self);
                self.forget_signal();
                Some(1.0)
            }
            Stage::Done => None,
        }
    }

    fn measurement(&self) -> SignalMeasurement {
        show::measurement(self)
    }

    fn revise(&mut self, trains: Option<Vec<EditedTrain>>) -> bool {
        self.given = trains;
        hand::apply(self);
        self.stage != Stage::Done
    }

    fn changed(&self, change: &TrainChange) -> Result<Vec<EditedTrain>, String> {
        hand::changed(self, change)
    }
}

impl RestAnalysis {
    /// What is said needs no samples any more; answers to a person are kept longer than those.
    fn forget_signal(&mut self) {
        self.input.uv = Vec::new();
        self.left = Vec::new();
        if let Some(working) = &mut self.working {
            working.uv = Vec::new();
        }
    }

    /// Trains that may be shown.
    fn shown(&self) -> impl Iterator<Item = &NamedTrain> {
        self.found.iter().filter(|t| {
            let lone = t.train.unit == LONE_UNIT;
            !(lone && t.named.class == ActivityClass::NotSure)
        })
    }
}
