//! The selected lane as sweeps: around the discharges of the selected train, or, without one, wherever
//! the signal passes a level. In place of the lanes, as a raster, superimposed or as a cascade.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;

use super::commands::{self, Command};
use super::continuous;
use super::state::{App, Selection};
use crate::engine::protocol::{Request, Trigger, TriggeredKey, TriggeredView, scenes};
use crate::scene::divisions::{clock, nice_step, nice_up, number, quantity};
use crate::scene::sweeps::{Arrangement, Row, Scene};
use crate::scene::{Picture, Viewport};

/// Sweeps of a page, one below the other and over each other.
const PAGE: usize = 20;
const PAGE_OVER: usize = 100;
/// Shortest and longest sweep, seconds.
const LENGTH_S: [f64; 2] = [0.002, 0.5];
/// Share of a sweep before its trigger.
const BEFORE: f64 = 0.25;
/// Divisions above the zero line at which a sweep begins while no other level is set.
const FIRST_LEVEL: f64 = 1.0;

/// What the sweeps are, with their values.
type Has = Option<(TriggeredView, Vec<f32>)>;

/// What is shown as sweeps, and how.
#[derive(Clone, Copy)]
pub struct Triggered {
    /// Arrangement; `None`: the lanes are shown.
    pub shown: RwSignal<Option<Arrangement>>,
    /// Trigger level in the lane's unit, as it is shown; `None`: chosen.
    level: RwSignal<Option<f64>>,
    /// Length of a sweep, seconds.
    length_s: RwSignal<f64>,
    /// Sweeps left out before those in view.
    skip: RwSignal<usize>,
    /// Selected sweep of those in view.
    row: RwSignal<usize>,
    /// Gain, units a division; `None`: as the sweeps need it.
    gain: RwSignal<Option<f64>>,
    /// What has come, with its values.
    has: StoredValue<Rc<RefCell<Has>>, LocalStorage>,
}

impl Triggered {
    pub fn new() -> Self {
        Self {
            shown: RwSignal::new(None),
            level: RwSignal::new(None),
            length_s: RwSignal::new(0.04),
            skip: RwSignal::new(0),
            row: RwSignal::new(0),
            gain: RwSignal::new(None),
            has: StoredValue::new_local(Rc::default()),
        }
    }
}

/// The selected lane: signal, whether it is turned over, units a division, unit, name.
fn lane(app: App) -> Option<crate::scene::continuous::Lane> {
    let (at, negative_up) = app.continuous.with(|view| (view.lane.unwrap_or(0), view.negative_up));
    app.with_recording(|recording| {
        let lane = continuous::visible(recording).nth(at).or_else(|| continuous::visible(recording).next());
        lane.map(|lane| scenes::lane(lane, negative_up))
    })
    .flatten()
}

/// The level that holds.
fn level(app: App, lane: &crate::scene::continuous::Lane) -> f64 {
    app.triggered.level.get().unwrap_or(FIRST_LEVEL * lane.gain)
}

/// What is to be asked for now.
fn wanted(app: App) -> Option<TriggeredKey> {
    let arrangement = app.triggered.shown.get()?;
    let lane = lane(app)?;
    let cursors = app.continuous.with(|view| view.cursors);
    let (from_s, to_s) = match cursors {
        [Some(a), Some(b)] if a != b => (a.min(b), a.max(b)),
        _ => app.with_recording(|recording| (recording.start_s, recording.start_s + recording.duration_s))?,
    };
    let train = app.train.get();
    let moments_s = app.activity.with(|view| Some(view.as_ref()?.measurement.trains.get(train?)?.times_s.clone()));
    let length_s = app.triggered.length_s.get();
    Some(TriggeredKey {
        signal: lane.signal,
        turned: lane.turned,
        from_s,
        to_s,
        trigger: moments_s.map_or_else(|| Trigger::Level(level(app, &lane)), Trigger::Moments),
        before_s: BEFORE * length_s,
        after_s: (1.0 - BEFORE) * length_s,
        skip: app.triggered.skip.get(),
        most: if arrangement == Arrangement::Superimposed { PAGE_OVER } else { PAGE },
    })
}

/// Asks whenever something else is to be shown.
pub fn watch(app: App) {
    let key = Memo::new(move |_| wanted(app));
    // Another trigger begins at its first sweep.
    Effect::new(move |before: Option<Option<Trigger>>| {
        let now = key.with(|key| key.as_ref().map(|key| key.trigger.clone()));
        if before.is_some_and(|before| before != now) {
            app.triggered.skip.set(0);
            app.triggered.row.set(0);
        }
        now
    });
    Effect::new(move |_| {
        if let (Some(study), Some(key)) = (app.active.get_untracked(), key.get()) {
            app.send(Request::Triggered { study, key });
        }
    });
    Effect::new(move |before: Option<_>| {
        let now = (app.active.get(), app.selection.get());
        if before.is_some_and(|before| before != now) {
            app.triggered.shown.set(None);
            app.triggered.level.set(None);
            app.triggered.gain.set(None);
        }
        now
    });
}

/// Sweeps have come.
pub fn arrived(app: App, view: TriggeredView, values: Vec<f32>) {
    if untrack(|| wanted(app)).as_ref() == Some(&view.key) {
        if view.sweeps.is_empty() {
            app.say("No sweep: the signal does not pass the level.");
        }
        app.triggered.has.with_value(|has| *has.borrow_mut() = Some((view, values)));
        app.arrived.update(|count| *count += 1);
    }
}

/// Shows sweeps so, or the lanes again when they are.
pub fn toggle(app: App, arrangement: Arrangement) {
    let now = app.triggered.shown.get_untracked();
    app.triggered.shown.set((now != Some(arrangement)).then_some(arrangement));
}

fn with_scene<T>(app: App, width: f32, height: f32, with: impl FnOnce(&Scene<'_>, &TriggeredView) -> T) -> Option<T> {
    app.arrived.track();
    let arrangement = app.triggered.shown.get()?;
    let unit = lane(app)?.unit;
    let has = app.triggered.has.get_value();
    let has = has.borrow();
    let (view, values) = has.as_ref()?;
    let gain = app.triggered.gain.get().unwrap_or_else(|| suited(view, values, arrangement));
    let over = arrangement != Arrangement::Raster;
    let selected = app.triggered.row.get();
    let row = |(at, (time_s, zero_s)): (usize, &(f64, f64))| Row {
        id: at,
        name: if over && at != selected { String::new() } else { clock(*time_s, 0.001) },
        note: String::new(),
        values: values.get(at * view.n..(at + 1) * view.n).unwrap_or_default(),
        fs_hz: view.fs_hz,
        zero_s: *zero_s,
        stimulated: false,
        unit: unit.clone(),
        measurement: None,
        gain,
        split: None,
        behind: Vec::new(),
    };
    let length_s = view.key.before_s + view.key.after_s;
    let scene = Scene {
        rows: view.sweeps.iter().enumerate().map(row).collect(),
        arrangement,
        ms_per_division: scenes::ms_per_division(length_s),
        view: Viewport { from_s: -view.key.before_s, to_s: view.key.after_s, left_px: 0.0, width_px: f64::from(width.max(1.0)) },
        height,
        selected,
        marker: None,
        close: false,
        raise_px: 0.0,
        cursors: [None; 2],
        theme: app.theme_now(),
    };
    Some(with(&scene, view))
}

/// Gain at which nearly all sweeps fit into their rows, units a division.
fn suited(view: &TriggeredView, values: &[f32], arrangement: Arrangement) -> f64 {
    let reach = |sweep: &[f32]| sweep.iter().filter(|value| value.is_finite()).fold(0.0_f32, |reach, value| reach.max(value.abs()));
    let mut reaches: Vec<f32> = values.chunks(view.n.max(1)).map(reach).collect();
    reaches.sort_by(f32::total_cmp);
    let most = reaches.get(reaches.len() * 9 / 10).copied().unwrap_or(0.0);
    nice_up((f64::from(most) / if arrangement == Arrangement::Raster { 6.0 } else { 5.0 }).max(1e-6))
}

/// The picture at a size.
pub fn picture(app: App, width: f32, height: f32) -> Option<Picture> {
    with_scene(app, width, height, |scene, view| {
        let mut picture = scene.draw();
        picture.alt = format!("{} of {} sweeps around {}.", view.sweeps.len(), view.found, source(app, view));
        picture
    })
}

/// What the sweeps are triggered by, in words.
fn source(app: App, view: &TriggeredView) -> String {
    match &view.key.trigger {
        Trigger::Level(level) => {
            let unit = lane(app).map(|lane| lane.unit).unwrap_or_default();
            format!("passing {}", quantity(*level, &unit))
        }
        Trigger::Moments(_) => {
            let train = app.train.get();
            let name = app.activity.with(|view| Some(view.as_ref()?.measurement.trains.get(train?)?.name.clone()));
            format!("discharges of {}", name.unwrap_or_default())
        }
    }
}

/// Selects the sweep at a height.
pub fn press(app: App, width: f32, height: f32, y: f32) {
    if let Some(row) = untrack(|| with_scene(app, width, height, |scene, _| scene.row_at(y))).flatten() {
        app.triggered.row.set(row);
    }
}

/// Changes the gain by steps of 1-2-5.
pub fn gain(app: App, steps: i32) {
    if let Some(now) = untrack(|| with_scene(app, 1.0, 1.0, |scene, _| scene.rows.first().map(|row| row.gain))).flatten() {
        app.triggered.gain.set(Some(nice_step(now, steps)));
    }
}

/// Makes sweeps shorter (above 1) or longer.
pub fn zoom(app: App, factor: f64) {
    let length_s = nice_up(app.triggered.length_s.get_untracked() / factor * 0.999);
    app.triggered.length_s.set(length_s.clamp(LENGTH_S[0], LENGTH_S[1]));
}

/// The next or the previous sweep; past the last of the page, the next page.
pub fn step(app: App, by: i32) {
    let count = app.triggered.has.with_value(|has| has.borrow().as_ref().map_or(0, |(view, _)| view.sweeps.len()));
    let to = app.triggered.row.get_untracked() as i64 + i64::from(by);
    match usize::try_from(to) {
        Ok(to) if to < count => app.triggered.row.set(to),
        _ => page(app, by.signum()),
    }
}

/// The next or the previous page.
pub fn page(app: App, by: i32) {
    let (found, most) =
        app.triggered.has.with_value(|has| has.borrow().as_ref().map_or((0, PAGE), |(view, _)| (view.found, view.key.most)));
    let to = app.triggered.skip.get_untracked() as i64 + i64::from(by) * most as i64;
    if let Some(to) = usize::try_from(to).ok().filter(|to| *to < found) {
        app.triggered.skip.set(to);
        app.triggered.row.set(0);
    }
}

/// Raises the trigger level by twentieths of a division.
pub fn raise(app: App, by: f64) {
    let Some(lane) = untrack(|| lane(app)) else { return };
    let to = untrack(|| level(app, &lane)) + by * lane.gain / 20.0;
    // Zero is passed by noise all the time.
    let least = lane.gain / 20.0;
    app.triggered.level.set(Some(if to.abs() < least / 2.0 { least * by.signum() } else { to }));
}

/// Shows the selected sweep in the signal.
pub fn show_there(app: App) {
    let row = app.triggered.row.get_untracked();
    let time_s = app.triggered.has.with_value(|has| has.borrow().as_ref().and_then(|(view, _)| view.sweeps.get(row).map(|sweep| sweep.0)));
    if let Some(time_s) = time_s {
        app.triggered.shown.set(None);
        let span_s = app.continuous.with_untracked(|view| view.span_s);
        continuous::set_cursor(app, Some(0), time_s);
        continuous::show(app, time_s - span_s / 2.0, None);
    }
}

/// Buttons that show the lane as sweeps, and its spectrogram.
#[component]
pub fn TriggeredTools() -> impl IntoView {
    let app = App::here();
    let on = |on: bool| if on { "true" } else { "false" };
    let pressed = move |arrangement: Arrangement| move || on(app.triggered.shown.get() == Some(arrangement));
    view! {
        <div class="seg-c" role="group" aria-label="Triggered sweeps of the selected lane">
            <button class="btn" title="Sweeps around the selected train, or where the signal passes a level, one below the other" aria-pressed=pressed(Arrangement::Raster) on:click=move |_| commands::run(app, Command::Raster)>"Raster "<kbd>"R"</kbd></button>
            <button class="btn" title="The same sweeps over each other" aria-pressed=pressed(Arrangement::Superimposed) on:click=move |_| commands::run(app, Command::Superimpose)>"Superimposed "<kbd>"S"</kbd></button>
        </div>
        <button class="btn" title="Power over time and frequency of the selected lane; its gain sets the strength" aria-pressed=move || on(app.spectrum.shown.get()) on:click=move |_| commands::run(app, Command::Spectrogram)>"Spectrogram "<kbd>"W"</kbd></button>
    }
}

/// What the sweeps are, their level and pages.
#[component]
pub fn TriggeredBar() -> impl IntoView {
    let app = App::here();
    watch(app);
    let shown = move || app.triggered.shown.get().is_some() && matches!(app.selection.get(), Selection::Recording(_));
    let words = move || {
        app.arrived.track();
        let has = app.triggered.has.get_value();
        let has = has.borrow();
        let Some((view, _)) = has.as_ref() else { return "Looking for sweeps \u{2026}".to_owned() };
        let (first, last) = (view.key.skip + 1, view.key.skip + view.sweeps.len());
        let which = match view.found {
            0 => "no sweep".to_owned(),
            found => format!("{first} to {last} of {found} sweeps"),
        };
        let cut =
            if view.searched_to_s < view.key.to_s { format!(", searched to {}", clock(view.searched_to_s, 1.0)) } else { String::new() };
        format!("{which}, {}{cut}", source(app, view))
    };
    let by_level = move || app.train.get().is_none();
    let shown_level = move || lane(app).map(|lane| (number(level(app, &lane), 3), lane.unit.replace("uV", "\u{b5}V"))).unwrap_or_default();
    let typed = move |event: leptos::ev::Event| {
        if let Ok(to) = event_target_value(&event).trim().replace(',', ".").parse::<f64>()
            && to.is_finite()
            && to != 0.0
        {
            app.triggered.level.set(Some(to));
        } else {
            app.say("A trigger level is a value other than zero.");
        }
    };
    view! {
        <Show when=shown>
            <div class="sound triggered" role="group" aria-label="Triggered sweeps">
                <Show when=by_level>
                    <label for="trigger-level">"Level"</label>
                    <input id="trigger-level" class="num" inputmode="decimal" title="A sweep begins where the signal passes this value away from zero (. and , move it)" prop:value=move || shown_level().0 on:change=typed/>
                    <span>{move || shown_level().1}</span>
                </Show>
                <span class="sub" role="status">{words}</span>
                <span class="grow"></span>
                <button class="btn" on:click=move |_| page(app, -1)>"Earlier "<kbd>"PgUp"</kbd></button>
                <button class="btn" on:click=move |_| page(app, 1)>"Later "<kbd>"PgDn"</kbd></button>
                <button class="btn" title="The selected sweep in the signal" on:click=move |_| show_there(app)>"In the signal "<kbd>"Enter"</kbd></button>
            </div>
        </Show>
    }
}
