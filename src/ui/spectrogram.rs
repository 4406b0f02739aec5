//! The spectrogram under the lanes: asked for whenever another stretch or lane is in view.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;

use super::continuous;
use super::state::App;
use crate::engine::protocol::{Request, SpectrogramKey, SpectrogramView};
use crate::scene::spectrogram::Spectrogram;

/// Columns over the width of the view, and beside it on both sides as much of it again.
const COLUMNS: f64 = 500.0;
const BESIDE: f64 = 0.5;

/// The spectrogram in view.
#[derive(Clone, Copy)]
pub struct Spectrum {
    pub shown: RwSignal<bool>,
    has: StoredValue<Option<Rc<Spectrogram>>, LocalStorage>,
    /// Under way: one at a time, so that scrolling does not fill the worker's queue.
    asked: StoredValue<Option<SpectrogramKey>>,
    /// Asked for last or shown: what is good for the view now.
    good: StoredValue<Rc<RefCell<Option<SpectrogramKey>>>, LocalStorage>,
}

impl Spectrum {
    pub fn new() -> Self {
        Self {
            shown: RwSignal::new(false),
            has: StoredValue::new_local(None),
            asked: StoredValue::new(None),
            good: StoredValue::new_local(Rc::default()),
        }
    }
}

/// Shows it, or not.
pub fn toggle(app: App) {
    app.spectrum.shown.update(|shown| *shown = !*shown);
    app.say(if app.spectrum.shown.get_untracked() { "Spectrogram of the selected lane" } else { "No spectrogram" });
}

/// What is in view, wider by what lies beside it.
fn wanted(app: App) -> Option<SpectrogramKey> {
    if !app.spectrum.shown.get() {
        return None;
    }
    let (at, from_s, span_s) = app.continuous.with(|view| (view.lane.unwrap_or(0), view.from_s, view.span_s));
    app.with_recording(|recording| {
        let lane = continuous::visible(recording).nth(at).or_else(|| continuous::visible(recording).next())?;
        let from_s = (from_s - BESIDE * span_s).max(recording.start_s);
        let to_s = (from_s + (1.0 + 2.0 * BESIDE) * span_s).min(recording.start_s + recording.duration_s);
        let columns = ((to_s - from_s) / span_s * COLUMNS).round().max(1.0) as usize;
        Some(SpectrogramKey { signal: lane.signal, from_s, to_s, columns })
    })
    .flatten()
}

/// Whether what is there, or on its way, still covers the view at its zoom.
fn covers(has: &SpectrogramKey, app: App, wanted: &SpectrogramKey) -> bool {
    let (from_s, span_s) = app.continuous.with_untracked(|view| (view.from_s, view.span_s));
    let column_s = |key: &SpectrogramKey| (key.to_s - key.from_s) / key.columns as f64;
    let edge = |key: &SpectrogramKey| (key.from_s.max(wanted.from_s), key.to_s.min(wanted.to_s));
    let (first_s, last_s) = edge(has);
    has.signal == wanted.signal
        && (column_s(has) / column_s(wanted) - 1.0).abs() < 0.01
        && first_s <= from_s.max(wanted.from_s)
        && last_s >= (from_s + span_s).min(wanted.to_s)
}

/// Asks whenever another stretch is in view.
pub fn watch(app: App) {
    let key = Memo::new(move |_| wanted(app));
    Effect::new(move |_| {
        if key.get().is_some() {
            ask(app);
        }
    });
    Effect::new(move |before: Option<_>| {
        let now = app.active.get();
        if before.is_some_and(|before| before != now) {
            app.spectrum.has.set_value(None);
            app.spectrum.asked.set_value(None);
            app.spectrum.good.with_value(|good| *good.borrow_mut() = None);
        }
        now
    });
}

fn ask(app: App) {
    let (Some(study), Some(key)) = (app.active.get_untracked(), untrack(|| wanted(app))) else { return };
    let good = app.spectrum.good.get_value();
    if app.spectrum.asked.get_value().is_some() || good.borrow().as_ref().is_some_and(|good| covers(good, app, &key)) {
        return;
    }
    *good.borrow_mut() = Some(key);
    app.spectrum.asked.set_value(Some(key));
    app.send(Request::Spectrogram { study, key });
}

/// A spectrogram has come.
pub fn arrived(app: App, view: SpectrogramView, db: Vec<f32>) {
    let SpectrogramKey { signal, from_s, to_s, columns } = view.key;
    let name =
        untrack(|| app.with_recording(|recording| recording.lanes.iter().find(|lane| lane.signal == signal).map(|lane| lane.name.clone())));
    let name = name.flatten().unwrap_or_default();
    let picture = Spectrogram { from_s, to_s, columns, rows: view.rows, row_hz: view.row_hz, db, name };
    app.spectrum.has.set_value(Some(Rc::new(picture)));
    app.spectrum.asked.set_value(None);
    app.arrived.update(|count| *count += 1);
    // The view may have moved on meanwhile.
    ask(app);
}

/// What is to be drawn; an empty one while nothing has come.
pub fn shown(app: App) -> Option<Rc<Spectrogram>> {
    app.arrived.track();
    let empty = || Rc::new(Spectrogram { from_s: 0.0, to_s: 1.0, columns: 0, rows: 0, row_hz: 100.0, db: Vec::new(), name: String::new() });
    app.spectrum.shown.get().then(|| app.spectrum.has.get_value().unwrap_or_else(empty))
}
