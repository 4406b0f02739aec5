//! Single-channel needle EMG taken apart into the trains of its motor units.
//!
//! **Method.** The high-passed signal is modelled as the sum of a few potentials at unknown times
//! and noise. Recurring potentials are found by their density ([`discover`]); discharges are placed
//! one after another where they explain most, to a fraction of a sample ([`placement`]); overlaps
//! are resolved together along several paths ([`resolve`]); templates, their spread and their slow
//! changes of size are estimated anew ([`refine`]); trains are split and merged by shape and firing
//! ([`shapes`], [`revise`]); the firing pattern adds its log-odds to the likelihood of each discharge
//! ([`firing`]). Sources: McGill, Cummins and Dorfman 1985 (filter, peel-off); McGill 2002 (optimal
//! resolution in continuous time); McGill, Lateva and Marateb 2005; Florestal, Mathieu and Malanda
//! 2007 (superpositions); Parsaei and Stashuk 2011 (validity of trains). The implementation follows
//! the papers' ideas, not any program.
//!
//! **Contract.** NaN and infinite samples are gaps. Adding a constant, inverting or scaling the
//! signal does not change the trains. Long signals are taken in windows of twenty seconds, each by
//! itself; their units are linked by common discharges and by shape, and each window is looked at again
//! with the units of its neighbours ([`link`]). **Cost**: 0.3 to 2.5 s for ten seconds of signal, by
//! the number of units; most calls of [`Decomposer::step`] take below 10 ms, the longest seen 80 (in ten minutes 250).

pub mod discover;
mod edited;
mod finish;
pub mod firing;
mod fixed;
mod link;
pub mod placement;
pub mod refine;
pub mod resolve;
pub mod revise;
pub mod shapes;
pub mod signal;
pub mod template;
mod wide;
mod window;

pub use edited::Edited;
pub use fixed::{Fixed, rebuild};
pub use wide::{aligned_discharges, discharges};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::needle::{Decomposition, Unresolved};

use link::Linked;
use template::{PHASES, Template};
use window::Window;

/// Length of a window, s; a signal up to half as long again is one window.
const WINDOW_S: f64 = 20.0;
/// What windows see beyond their ends, s: units of neighbouring windows are known by the discharges
/// that they have in common there.
const OVERLAP_S: f64 = 2.0;
/// Where regular trains explain less than this part of a window it is taken apart once more, otherwise.
const DOUBTED: f64 = 0.45;
/// With more units than these it is not.
const FEW: usize = 12;
/// Part of the work that the second look at the windows is.
const AGAIN: f64 = 0.3;
/// What filters see beyond that, s.
const SETTLE_S: f64 = 0.1;

/// What kind of activity is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Motor units under voluntary drive: intervals of some regularity and no shorter than
    /// [`Self::shortest_ms`]. Without it (rest: fibrillation, complex repetitive, myotonic discharges) the
    /// firing neither speaks for nor against a discharge, and trains may be short and irregular.
    pub voluntary: bool,
    /// Shortest interval of one unit, ms; `None` takes 9 for voluntary and 3 for other activity.
    pub shortest_ms: Option<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { voluntary: true, shortest_ms: None }
    }
}

impl Options {
    /// For records at rest.
    pub fn rest() -> Self {
        Self { voluntary: false, shortest_ms: None }
    }

    fn shortest_interval_ms(&self) -> f64 {
        let usual = if self.voluntary { 9.0 } else { 3.0 };
        self.shortest_ms.filter(|v| v.is_finite()).unwrap_or(usual).clamp(0.5, 100.0)
    }

    /// How many discharges seed a template, as part of what voluntary firing gives.
    fn least_part(&self) -> f64 {
        if self.voluntary { 1.0 } else { 0.25 }
    }
}

/// How far a decomposition is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Part of the work done, 0 to 1.
    pub part: f64,
    /// Whether all is done.
    pub done: bool,
    /// Units found so far.
    pub units: usize,
}

/// What a window left, in samples of the recording's time.
#[derive(Debug, Clone, Default)]
struct Settled {
    /// Sum of the squared working signal beyond its quietest parts, uV^2.
    energy: f64,
    noise: f64,
    seconds: f64,
    rms: f64,
    unresolved: Vec<Unresolved>,
    unresolved_count: usize,
    peaks: usize,
}

/// One unit over all windows.
#[derive(Debug, Clone)]
struct Whole {
    times_s: Vec<f64>,
    confidences: Vec<f64>,
    template: Template,
    /// What its discharges explain, uV^2.
    energy: f64,
}

/// Trains of one window, as far as they are.
#[derive(Debug, Clone)]
struct Looked {
    place: Place,
    units: Vec<Linked>,
    settled: Settled,
}

/// Where a window lies.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    /// Time of its first sample, s.
    start_s: f64,
    /// What counts of it, s.
    from_s: f64,
    to_s: f64,
    /// Rate of its working signal, Hz.
    fs_hz: f64,
}

impl Place {
    fn time_s(&self, tick: i64) -> f64 {
        self.start_s + tick as f64 / PHASES as f64 / self.fs_hz
    }

    fn counts(&self, time_s: f64) -> bool {
        time_s >= self.from_s && time_s < self.to_s
    }
}

/// Which window is being taken apart: for the first time, or again with what its neighbours know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    First(usize),
    Again(usize),
}

/// A decomposition in progress. Drop it to cancel.
pub struct Decomposer {
    uv: Arc<[f64]>,
    fs_hz: f64,
    options: Options,
    spans: Vec<(usize, usize)>,
    window: Option<(Look, Window, Place)>,
    /// What a first look found that explains little, while a stricter one is under way.
    doubted: Option<(Window, Settled, f64)>,
    /// Windows looked at, in order.
    looked: Vec<Looked>,
    /// How many of those were looked at again.
    again: usize,
    /// Units known so far, by number.
    known: link::Known,
}

/// Windows of a signal, samples. They do not depend on where it ends, but for the last.
fn spans(n: usize, fs_hz: f64) -> Vec<(usize, usize)> {
    if n == 0 || !(fs_hz.is_finite() && fs_hz >= 1000.0) {
        return Vec::new();
    }
    let one = (WINDOW_S * fs_hz) as usize;
    let pieces = if n > one + one / 2 { (n + one / 2) / one } else { 1 };
    (0..pieces).map(|i| (one * i, if i + 1 < pieces { one * (i + 1) } else { n })).collect()
}

impl Decomposer {
    /// For a signal in microvolts at `fs_hz`. A rate below 1 kHz gives no trains.
    pub fn new(uv: impl Into<Arc<[f64]>>, fs_hz: f64, options: Options) -> Self {
        let uv = uv.into();
        let spans = spans(uv.len(), fs_hz);
        Self { uv, fs_hz, options, spans, window: None, doubted: None, looked: Vec::new(), again: 0, known: link::Known::default() }
    }

    /// The working signal of window `i` with what it sees beyond its ends, and where that lies.
    fn working(&self, i: usize, overlap_s: f64) -> (signal::Working, Place) {
        let (from, to) = self.spans[i];
        let step = signal::step(self.fs_hz);
        let overlap = (overlap_s * self.fs_hz) as usize;
        let settle = (SETTLE_S * self.fs_hz) as usize;
        let start = from.saturating_sub(overlap + settle) / step * step;
        let end = (to + overlap + settle).min(self.uv.len());
        let mut working = signal::working(&self.uv[start..end], self.fs_hz);
        let skip = from.saturating_sub(overlap).saturating_sub(start) / step;
        let keep = ((to + overlap).min(self.uv.len()) - start).div_ceil(step).min(working.uv.len());
        working.uv.truncate(keep);
        working.uv.drain(..skip.min(keep));
        let place = Place {
            start_s: (start + skip * step) as f64 / self.fs_hz,
            from_s: from as f64 / self.fs_hz,
            to_s: to as f64 / self.fs_hz,
            fs_hz: working.fs_hz,
        };
        (working, place)
    }

    /// What is to be done next.
    fn next(&self) -> Option<Look> {
        let (n, first) = (self.spans.len(), self.looked.len());
        // A window is looked at again when both of its neighbours are known.
        if n > 1 && self.again < first && (first == n || self.again + 1 < first) {
            Some(Look::Again(self.again))
        } else {
            (first < n).then_some(Look::First(first))
        }
    }

    /// Does a piece of the work.
    pub fn step(&mut self) -> Progress {
        if let Some((_, window, _)) = &mut self.window {
            if !window.step() {
                self.close();
            }
        } else if let Some(look) = self.next() {
            let (Look::First(i) | Look::Again(i)) = look;
            let (working, place) = self.working(i, if self.spans.len() > 1 { OVERLAP_S } else { 0.0 });
            let window = match look {
                Look::First(_) => Window::new(working.uv, working.fs_hz, self.options, self.doubted.is_some()),
                Look::Again(_) => Window::again(working.uv, working.fs_hz, self.options, link::around(&self.looked, i)),
            };
            self.window = Some((look, window, place));
        }
        self.progress()
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let n = self.spans.len();
        let done = self.window.is_none() && self.next().is_none();
        let (mut first, mut again) = (self.looked.len() as f64, self.again as f64);
        match &self.window {
            Some((Look::First(_), window, _)) if self.doubted.is_some() => first += 0.5 + 0.5 * window.progress(),
            Some((Look::First(_), window, _)) => first += 0.5 * window.progress(),
            Some((Look::Again(_), window, _)) => again += window.progress(),
            None if self.doubted.is_some() => first += 0.5,
            None => (),
        }
        let work = if n > 1 { (1.0 - AGAIN) * first + AGAIN * again } else { first };
        let part = work / n.max(1) as f64;
        let units = self.window.as_ref().map_or(0, |(_, window, _)| window.units.len()).max(self.known.len());
        Progress { part: if done { 1.0 } else { part.clamp(0.0, 1.0) }, done, units }
    }

    /// Does all of the work.
    pub fn run(&mut self) {
        while !self.step().done {}
    }

    /// Takes over what the window found.
    fn close(&mut self) {
        let Some((look, mut window, place)) = self.window.take() else { return };
        let mut settled = window.settle(place);
        if let (Look::First(_), true) = (look, self.options.voluntary) {
            let mut wholes = BTreeMap::new();
            for unit in &window.units {
                collect(&mut wholes, &Linked { unit: unit.clone(), shift: 0 }, &place);
            }
            let credit = finish::credit(&self.shown(wholes), &settled);
            match self.doubted.take() {
                // Templates that begin as averages of several units may never come apart. Where many were found
                // the activity is dense, and another look finds no more of it.
                None if credit < DOUBTED && (1..=FEW).contains(&window.units.len()) => {
                    self.doubted = Some((window, settled, credit));
                    return;
                }
                Some(other) if other.2 >= credit => (window, settled) = (other.0, other.1),
                _ => (),
            }
        }
        let noise = window.sigma() * window.sigma();
        let units = std::mem::take(&mut window.units);
        match look {
            Look::First(_) => {
                let units = self.known.link(units, place, noise);
                self.looked.push(Looked { place, units, settled });
            }
            Look::Again(i) => {
                let units = link::follow(&self.looked, i, units, place.fs_hz);
                self.looked[i] = Looked { place, units, settled };
                self.again += 1;
            }
        }
    }

    /// The trains that one would show of these units.
    fn shown(&self, wholes: BTreeMap<usize, Whole>) -> Vec<Whole> {
        let mut wholes: Vec<Whole> = wholes.into_values().collect();
        wholes.iter_mut().for_each(Whole::in_order);
        if self.options.voluntary {
            wholes = finish::joined(wholes, self.fs_hz / signal::step(self.fs_hz) as f64);
        }
        finish::credible(wholes, self.options)
    }

    /// What is known now. Usable at any time; of a window in progress its present trains.
    pub fn result(&self) -> Decomposition {
        let mut wholes: BTreeMap<usize, Whole> = BTreeMap::new();
        let mut settled: Vec<Settled> = self.looked.iter().map(|looked| looked.settled.clone()).collect();
        for looked in &self.looked {
            looked.units.iter().for_each(|unit| collect(&mut wholes, unit, &looked.place));
        }
        let mut end = self.spans.get(self.looked.len().wrapping_sub(1)).map_or(0, |span| span.1);
        if let Some((Look::First(i), window, place)) = &self.window {
            for linked in self.known.clone().link(window.units.clone(), *place, window.sigma() * window.sigma()) {
                collect(&mut wholes, &linked, place);
            }
            settled.push(window.provisional(place.to_s - place.from_s));
            end = self.spans[*i].1;
        }
        let wholes = self.shown(wholes);
        finish::decomposition(&self.uv[..end.min(self.uv.len())], self.fs_hz, &wholes, &settled)
    }
}

/// Adds what a unit did in the part of a window that counts.
fn collect(wholes: &mut BTreeMap<usize, Whole>, linked: &Linked, place: &Place) {
    let unit = &linked.unit;
    let whole = wholes.entry(unit.id).or_insert_with(|| Whole::new(unit.template.clone()));
    whole.template = unit.template.clone();
    for (i, tick) in unit.train.iter().enumerate() {
        // The window that a discharge belongs to does not depend on where its potential is measured.
        if place.counts(place.time_s(*tick)) {
            whole.times_s.push(place.time_s(*tick + linked.shift));
            whole.confidences.push(unit.confidences.get(i).copied().unwrap_or(0.5));
            whole.energy += unit.template.energy;
        }
    }
}

/// A whole signal at once.
pub fn decompose(uv: &[f64], fs_hz: f64, options: Options) -> Decomposition {
    let mut decomposer = Decomposer::new(uv, fs_hz, options);
    decomposer.run();
    decomposer.result()
}
