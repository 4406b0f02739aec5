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
//! signal does not change the trains. Long signals are taken in windows of some thirty seconds, each
//! beginning with the templates of the one before. **Cost**: 0.3 to 2.5 s for ten seconds of signal,
//! by the number of units; most calls of [`Decomposer::step`] take below 10 ms, the longest seen 80.

pub mod discover;
mod finish;
pub mod firing;
mod fixed;
pub mod placement;
pub mod refine;
pub mod resolve;
pub mod revise;
pub mod shapes;
pub mod signal;
pub mod template;
mod wide;
mod window;

pub use fixed::{Fixed, rebuild};
pub use wide::{aligned_discharges, discharges};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::needle::{Decomposition, Unresolved};

use template::{PHASES, Template};
use window::{Unit, Window};

/// Length of a window, s; a signal up to half as long again is one window.
const WINDOW_S: f64 = 30.0;
/// What windows see beyond their ends, s.
const OVERLAP_S: f64 = 0.02;
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
}

/// A decomposition in progress. Drop it to cancel.
pub struct Decomposer {
    uv: Arc<[f64]>,
    fs_hz: f64,
    options: Options,
    spans: Vec<(usize, usize)>,
    at: usize,
    window: Option<(Window, f64, f64)>,
    wholes: BTreeMap<usize, Whole>,
    known: Vec<Unit>,
    next_id: usize,
    settled: Vec<Settled>,
}

/// Windows of a signal, samples.
fn spans(n: usize, fs_hz: f64) -> Vec<(usize, usize)> {
    if n == 0 || !(fs_hz.is_finite() && fs_hz >= 1000.0) {
        return Vec::new();
    }
    let pieces = ((n as f64 / fs_hz / WINDOW_S).round() as usize).max(1);
    (0..pieces).map(|i| (n * i / pieces, n * (i + 1) / pieces)).collect()
}

impl Decomposer {
    /// For a signal in microvolts at `fs_hz`. A rate below 1 kHz gives no trains.
    pub fn new(uv: impl Into<Arc<[f64]>>, fs_hz: f64, options: Options) -> Self {
        let uv = uv.into();
        let spans = spans(uv.len(), fs_hz);
        Self { uv, fs_hz, options, spans, at: 0, window: None, wholes: BTreeMap::new(), known: Vec::new(), next_id: 0, settled: Vec::new() }
    }

    /// The working signal of window `i` with its overlap, and the time of its first sample, s.
    fn working(&self, i: usize) -> (signal::Working, f64) {
        let (from, to) = self.spans[i];
        let step = signal::step(self.fs_hz);
        let overlap = (OVERLAP_S * self.fs_hz) as usize;
        let settle = (SETTLE_S * self.fs_hz) as usize;
        let start = from.saturating_sub(overlap + settle) / step * step;
        let end = (to + overlap + settle).min(self.uv.len());
        let mut working = signal::working(&self.uv[start..end], self.fs_hz);
        let skip = from.saturating_sub(overlap).saturating_sub(start) / step;
        let keep = ((to + overlap).min(self.uv.len()) - start).div_ceil(step).min(working.uv.len());
        working.uv.truncate(keep);
        working.uv.drain(..skip.min(keep));
        (working, (start + skip * step) as f64 / self.fs_hz)
    }

    /// Does a piece of the work.
    pub fn step(&mut self) -> Progress {
        if let Some((window, _, _)) = &mut self.window {
            if !window.step() {
                self.close();
            }
        } else if self.at < self.spans.len() {
            let (working, start_s) = self.working(self.at);
            let known = std::mem::take(&mut self.known);
            let window = Window::new(working.uv, working.fs_hz, self.options, known, self.next_id);
            self.window = Some((window, start_s, working.fs_hz));
        }
        self.progress()
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let inside = self.window.as_ref().map_or(0.0, |w| w.0.progress());
        let units = self.window.as_ref().map_or(self.wholes.len(), |w| w.0.units.len().max(self.wholes.len()));
        let n = self.spans.len();
        let done = self.at >= n;
        Progress { part: if done { 1.0 } else { (self.at as f64 + inside) / n as f64 }, done, units }
    }

    /// Does all of the work.
    pub fn run(&mut self) {
        while !self.step().done {}
    }

    /// Takes what the window found over into the whole.
    fn close(&mut self) {
        let Some((mut window, start_s, fs_hz)) = self.window.take() else { return };
        let (from, to) = self.spans[self.at];
        let (from_s, to_s) = (from as f64 / self.fs_hz, to as f64 / self.fs_hz);
        for &(gone, became) in &window.merged {
            if let Some(old) = self.wholes.remove(&gone) {
                finish::join(
                    self.wholes.entry(became).or_insert_with(|| Whole { times_s: Vec::new(), confidences: Vec::new(), ..old.clone() }),
                    &old,
                );
            }
        }
        self.settled.push(window.settle(start_s, from_s, to_s));
        for unit in &window.units {
            let whole = self.wholes.entry(unit.id).or_insert_with(|| Whole {
                times_s: Vec::new(),
                confidences: Vec::new(),
                template: unit.template.clone(),
            });
            whole.template = unit.template.clone();
            for (i, tick) in unit.train.iter().enumerate() {
                let t = start_s + *tick as f64 / PHASES as f64 / fs_hz;
                if t >= from_s && t < to_s {
                    whole.times_s.push(t);
                    whole.confidences.push(unit.confidences.get(i).copied().unwrap_or(0.5));
                }
            }
        }
        self.next_id = window.next_id();
        // Units that pause keep their templates for the next window.
        let mut known = std::mem::take(&mut window.units);
        for (id, whole) in &self.wholes {
            if known.len() < window::MOST_UNITS / 2 && !known.iter().any(|u| u.id == *id) {
                known.push(Unit::new(*id, whole.template.clone()));
            }
        }
        self.known = known;
        self.at += 1;
    }

    /// What is known now. Usable at any time; of a window in progress its present trains.
    pub fn result(&self) -> Decomposition {
        let mut wholes = self.wholes.clone();
        let mut settled = self.settled.clone();
        if let Some((window, start_s, fs_hz)) = &self.window {
            for unit in &window.units {
                let whole = wholes.entry(unit.id).or_insert_with(|| Whole {
                    times_s: Vec::new(),
                    confidences: Vec::new(),
                    template: unit.template.clone(),
                });
                for tick in &unit.train {
                    whole.times_s.push(start_s + *tick as f64 / PHASES as f64 / fs_hz);
                    whole.confidences.push(0.5);
                }
            }
            let (from, to) = self.spans[self.at];
            settled.push(window.provisional((to - from) as f64 / self.fs_hz));
        }
        let wholes = finish::credible(wholes.into_values().collect(), self.options);
        finish::decomposition(&self.uv, self.fs_hz, &wholes, &settled)
    }
}

/// A whole signal at once.
pub fn decompose(uv: &[f64], fs_hz: f64, options: Options) -> Decomposition {
    let mut decomposer = Decomposer::new(uv, fs_hz, options);
    decomposer.run();
    decomposer.result()
}
