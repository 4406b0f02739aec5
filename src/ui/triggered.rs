//! The selected lane as sweeps: around the discharges of the selected train, or, without one, wherever
//! the signal passes a level. In place of the lanes, as a raster, superimposed or as a cascade.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;

use super::commands::{self, Command};
use super::continuous;
use super::live;
use super::state::{App, Selection};
use crate::engine::protocol::{Request, Trigger, TriggeredKey, TriggeredView, scenes};
use crate::scene::divisions::{clock, duration, nice_step, nice_up, number, quantity};
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
/// While a recording runs, sweeps of so many seconds before its end are shown; frozen, of so many.
const NEWEST_S: f64 = 5.0;
const BACK_S: f64 = 300.0;
/// An answer that has not come when so many seconds more are recorded is not waited for.
const PATIENCE_S: f64 = 1.0;

/// What the sweeps are, with their values.
type Has = Option<(TriggeredView, Vec<f32>)>;

/// What is shown as sweeps, and how.
#[derive(Clone, Copy)]
pub struct Triggered {
    /// Arrangement; `None`: the lanes are shown.
    pub shown: RwSignal<Option<Arrangement>>,
    /// Trigger level in the lane's unit, as it is shown; `None`: chosen.
    level: RwSignal<Option<f64>>,
    /// Value that is not to be reached, in the same unit; `None`: any height counts.
    limit: RwSignal<Option<f64>>,
    /// Sweeps follow each other without a trigger.
    free: RwSignal<bool>,
    /// End of the recording that runs, as it was when sweeps were last asked for, seconds.
    newest_s: RwSignal<Option<f64>>,
    /// An answer is on its way.
    waits: RwSignal<bool>,
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
            limit: RwSignal::new(None),
            free: RwSignal::new(false),
            newest_s: RwSignal::new(None),
            waits: RwSignal::new(false),
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
    let newest_s = app.triggered.newest_s.get();
    let (from_s, to_s, newest) = match (cursors, newest_s) {
        ([Some(a), Some(b)], _) if a != b => (a.min(b), a.max(b), false),
        (_, Some(end_s)) => {
            let back_s = if app.live.follow.get() { NEWEST_S } else { BACK_S };
            // By whole seconds: what is left out for the length of a sweep stays the same.
            ((end_s - back_s).floor(), end_s, true)
        }
        _ => app.with_recording(|recording| (recording.start_s, recording.start_s + recording.duration_s, false))?,
    };
    let train = app.train.get();
    let moments_s = app.activity.with(|view| Some(view.as_ref()?.measurement.trains.get(train?)?.times_s.clone()));
    let length_s = app.triggered.length_s.get();
    let first = level(app, &lane);
    let trigger = match (moments_s, app.triggered.limit.get()) {
        (Some(moments_s), _) => Trigger::Moments(moments_s),
        _ if app.triggered.free.get() => Trigger::Free,
        (None, Some(limit)) => Trigger::Window(first, limit),
        (None, None) => Trigger::Level(first),
    };
    let before_s = if trigger == Trigger::Free { 0.0 } else { BEFORE * length_s };
    Some(TriggeredKey {
        signal: lane.signal,
        turned: lane.turned,
        from_s,
        to_s,
        trigger,
        before_s,
        after_s: length_s - before_s,
        skip: app.triggered.skip.get(),
        most: if arrangement == Arrangement::Superimposed { PAGE_OVER } else { PAGE },
        newest,
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
            app.triggered.waits.set(true);
            app.send(Request::Triggered { study, key });
        }
    });
    Effect::new(move |before: Option<_>| {
        let now = (app.active.get(), app.selection.get());
        if before.is_some_and(|before| before != now) {
            app.triggered.shown.set(None);
            app.triggered.level.set(None);
            app.triggered.limit.set(None);
            app.triggered.newest_s.set(None);
            app.triggered.gain.set(None);
        }
        now
    });
}

/// The recording that runs has grown: sweeps follow its end, as often as answers come.
pub fn grown(app: App, end_s: f64) {
    let follows = app.live.follow.get_untracked();
    if app.triggered.shown.get_untracked().is_none() {
        return;
    }
    let before_s = app.triggered.newest_s.get_untracked();
    let late = before_s.is_none_or(|before_s| end_s - before_s > PATIENCE_S);
    if before_s.is_none() || follows && (late || !app.triggered.waits.get_untracked()) {
        app.triggered.newest_s.set(Some(end_s));
    }
    if follows && app.triggered.skip.get_untracked() != 0 {
        app.triggered.skip.set(0);
    }
}

/// The recording that ran has ended: its sweeps are those of any other.
pub fn ended(app: App) {
    app.triggered.skip.set(0);
    app.triggered.newest_s.set(None);
}

/// Sweeps have come.
pub fn arrived(app: App, view: TriggeredView, values: Vec<f32>) {
    app.triggered.waits.set(false);
    let follows = view.key.newest && app.live.follow.get_untracked();
    if untrack(|| wanted(app)).as_ref() == Some(&view.key) {
        if follows {
            app.triggered.row.set(view.sweeps.len().saturating_sub(1));
        } else if view.sweeps.is_empty() {
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
        picture.alt = format!("{} of {} sweeps, {}.", view.sweeps.len(), view.found, source(app, view));
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
        Trigger::Window(level, limit) => {
            let unit = lane(app).map(|lane| lane.unit).unwrap_or_default();
            format!("passing {} but not {}", quantity(*level, &unit), quantity(*limit, &unit))
        }
        Trigger::Free => "following each other".to_owned(),
        Trigger::Moments(_) => {
            let train = app.train.get();
            let name = app.activity.with(|view| Some(view.as_ref()?.measurement.trains.get(train?)?.name.clone()));
            format!("around discharges of {}", name.unwrap_or_default())
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
    if live::running(app) && app.live.follow.get_untracked() {
        live::look_back(app);
    }
    let count = app.triggered.has.with_value(|has| has.borrow().as_ref().map_or(0, |(view, _)| view.sweeps.len()));
    let to = app.triggered.row.get_untracked() as i64 + i64::from(by);
    match usize::try_from(to) {
        Ok(to) if to < count => app.triggered.row.set(to),
        _ => page(app, by.signum()),
    }
}

/// The next or the previous page.
pub fn page(app: App, by: i32) {
    let (found, most, newest) = app
        .triggered
        .has
        .with_value(|has| has.borrow().as_ref().map_or((0, PAGE, false), |(view, _)| (view.found, view.key.most, view.key.newest)));
    let by = if newest { -by } else { by };
    let to = app.triggered.skip.get_untracked() as i64 + i64::from(by) * most as i64;
    // Frozen, more is searched than while it ran.
    let more = newest && app.live.follow.get_untracked();
    live::look_back(app);
    if let Some(to) = usize::try_from(to).ok().filter(|to| *to < found || more) {
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
    set_level(app, if to.abs() < least / 2.0 { least * by.signum() } else { to });
}

/// Sets the trigger level; a limit that no longer lies behind it goes.
fn set_level(app: App, level: f64) {
    app.triggered.level.set(Some(level));
    if app.triggered.limit.get_untracked().is_some_and(|limit| limit * level <= 0.0 || limit.abs() <= level.abs()) {
        app.triggered.limit.set(None);
    }
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
            found if view.key.newest && found > 0 => {
                let back_s = (view.key.to_s - view.key.from_s.max(0.0)).ceil();
                let which = if first == 1 { format!("newest {last}") } else { format!("{first} to {last} back") };
                format!("{which} of {found} in {}", duration(back_s))
            }
            0 => "no sweep".to_owned(),
            found => format!("{first} to {last} of {found} sweeps"),
        };
        let cut =
            if view.searched_to_s < view.key.to_s { format!(", searched to {}", clock(view.searched_to_s, 1.0)) } else { String::new() };
        format!("{which}, {}{cut}", source(app, view))
    };
    let by_train = move || app.train.get().is_some();
    let by_level = move || !(by_train() || app.triggered.free.get());
    let shown_limit = move || app.triggered.limit.get().map(|limit| number(limit, 3)).unwrap_or_default();
    let limited = move |event: leptos::ev::Event| {
        let text = event_target_value(&event).trim().replace(',', ".");
        let low = untrack(|| lane(app).map(|lane| level(app, &lane))).unwrap_or(0.0);
        match text.parse::<f64>() {
            _ if text.is_empty() => app.triggered.limit.set(None),
            Ok(limit) if limit.is_finite() && limit * low > 0.0 && limit.abs() > low.abs() => app.triggered.limit.set(Some(limit)),
            _ => {
                app.say("The second level lies farther from zero than the first, on the same side.");
                app.triggered.limit.notify();
            }
        }
    };
    // Memos: running traces move in every frame, and a field that is set again then cannot be typed into.
    let shown_level =
        Memo::new(move |_| lane(app).map(|lane| (number(level(app, &lane), 3), lane.unit.replace("uV", "\u{b5}V"))).unwrap_or_default());
    let typed = move |event: leptos::ev::Event| {
        if let Ok(to) = event_target_value(&event).trim().replace(',', ".").parse::<f64>()
            && to.is_finite()
            && to != 0.0
        {
            set_level(app, to);
        } else {
            app.say("A trigger level is a value other than zero.");
        }
    };
    view! {
        <Show when=shown>
            <div class="sound triggered" role="group" aria-label="Triggered sweeps">
                <Show when=by_level>
                    <label for="trigger-level">"Level"</label>
                    <input id="trigger-level" class="num" inputmode="decimal" title="A sweep begins where the signal passes this value away from zero (. and , move it)" prop:value=move || shown_level.get().0 on:change=typed/>
                    <label for="trigger-limit">"to"</label>
                    <input id="trigger-limit" class="num" inputmode="decimal" placeholder="any" title="Leave out potentials that reach this value; empty: any height counts" prop:value=shown_limit on:change=limited/>
                    <span>{move || shown_level.get().1}</span>
                </Show>
                <Show when=move || !by_train()>
                    <button class="btn" title="Sweeps that follow each other, without a trigger" aria-pressed=move || if app.triggered.free.get() { "true" } else { "false" } on:click=move |_| app.triggered.free.update(|free| *free = !*free)>"Free running"</button>
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
