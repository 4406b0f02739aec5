//! Trains of discharges changed by a person: what keys, pointers and buttons ask of the engine.
//!
//! Only what is chosen is kept here. Every change is an edit of the study; the engine makes it and
//! sends the trains as they then are.

use leptos::prelude::*;

use super::commands::{self, Command};
use super::state::App;
use super::{continuous, potential, sound};
use crate::engine::protocol::{ActivityKey, ActivityView, Edit, StretchView};
use crate::model::{ActivityClass, Editable, PotentialMark, TrainChange};
use crate::scene::divisions::clock;

/// Discharges nearer than this are the same, s.
const SAME_S: f64 = 2e-4;

/// What a person has chosen of the trains in view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chosen {
    /// The discharge under the keyboard, s.
    pub at_s: Option<f64>,
    /// A place without a discharge, where one may be added, s.
    pub place_s: Option<f64>,
    /// Ticked discharges, s.
    pub ticked_s: Vec<f64>,
    /// The train that merging and moving go to; `None`: a new one.
    pub other: Option<usize>,
    /// Clicks add and delete discharges.
    pub pencil: bool,
    /// Mark of the potential under the keyboard.
    pub mark: Option<PotentialMark>,
    /// What is to be selected when the changed trains are there.
    next: Option<usize>,
}

impl Chosen {
    /// All chosen discharges in order.
    pub fn times_s(&self) -> Vec<f64> {
        let mut times = self.ticked_s.clone();
        if times.is_empty() {
            times.extend(self.at_s);
        }
        times
    }

    /// What is marked in the row: chosen discharges and the place.
    pub fn marked_s(&self) -> Vec<f64> {
        self.ticked_s.iter().copied().chain(self.at_s).chain(self.place_s).collect()
    }
}

/// Reads the analysis in view without tracking.
pub fn view_now<T>(app: App, read: impl FnOnce(&ActivityView) -> T) -> Option<T> {
    app.activity.with_untracked(|activity| activity.as_ref().filter(|view| view.done).map(read))
}

/// What may be changed of the trains in view (not tracked).
fn editable_now(app: App) -> Editable {
    view_now(app, |view| view.measurement.editable).unwrap_or_default()
}

/// The moments of a row: a train's, or behind the last train those not resolved.
fn row_times(view: &ActivityView, row: usize) -> Option<&Vec<f64>> {
    let trains = &view.measurement.trains;
    let left = || Some(&view.measurement.unresolved_s).filter(|left| row == trains.len() && !left.is_empty());
    trains.get(row).map(|train| &train.times_s).or_else(left)
}

/// How many rows can be selected.
pub fn rows(view: &ActivityView) -> usize {
    let left = !view.measurement.unresolved_s.is_empty() && view.measurement.editable == Editable::All;
    view.measurement.trains.len() + usize::from(left)
}

/// Another train is selected.
pub fn forget_choice(app: App) {
    app.chosen.update(|chosen| {
        (chosen.at_s, chosen.place_s, chosen.mark) = (None, None, None);
        chosen.ticked_s.clear();
        if chosen.other == app.train.get_untracked() {
            chosen.other = None;
        }
    });
}

/// Changed trains have come: what is no longer there is no longer chosen.
pub fn arrived(app: App, view: &ActivityView) {
    if !view.done {
        return;
    }
    let next = app.chosen.with_untracked(|chosen| chosen.next);
    let selected = next.or(app.train.get_untracked()).filter(|row| *row < rows(view));
    if app.train.get_untracked() != selected {
        app.train.set(selected);
    }
    let times = selected.and_then(|row| row_times(view, row)).cloned().unwrap_or_default();
    let there = |time_s: &f64| times.iter().any(|other| (other - time_s).abs() < SAME_S);
    app.chosen.update(|chosen| {
        chosen.next = None;
        chosen.at_s = chosen.at_s.filter(there);
        chosen.ticked_s.retain(there);
        chosen.other = chosen.other.filter(|other| *other < view.measurement.trains.len() && Some(*other) != selected);
    });
}

/// Sends a change of the trains in view; the engine decides.
fn change(app: App, change: TrainChange, gesture: Option<u32>) {
    if let Some(key) = view_now(app, |view| view.key) {
        app.edit_in(Edit::Trains { key, change }, gesture);
    }
}

/// The selected train, not the row of what is not resolved.
pub fn selected_train(app: App) -> Option<usize> {
    let train = app.train.get_untracked()?;
    view_now(app, |view| train < view.measurement.trains.len()).filter(|there| *there).map(|_| train)
}

/// What can be done with trains and their discharges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Later,
    Earlier,
    Tick,
    DeleteDischarges,
    Add,
    Other,
    Move,
    Merge,
    Split,
    Delete,
    Class,
    Pencil,
    Marks,
    Anew,
}

/// Acts whose keys mean something else where there are no trains.
fn act_of(command: Command) -> Option<Act> {
    Some(match command {
        Command::Train(act) => act,
        Command::LeaveOut => Act::Tick,
        Command::DeleteAnnotation => Act::DeleteDischarges,
        Command::Distance => Act::Add,
        Command::Compare => Act::Other,
        Command::Assign => Act::Merge,
        Command::CopySet => Act::Anew,
        _ => return None,
    })
}

/// The trains' part of the commands of the continuous view; `false` when a command is none of them,
/// or there are no trains to change.
pub fn run(app: App, command: Command) -> bool {
    let (editable, row) = (editable_now(app), app.train.get_untracked());
    let Some(act) = act_of(command).filter(|_| editable != Editable::No) else { return false };
    let chosen = app.chosen.get_untracked();
    match (act, row) {
        (Act::Anew, _) => change(app, TrainChange::Anew, None),
        (Act::Class, Some(_)) => commands::focus("train-class"),
        (Act::DeleteDischarges, _) if row.is_none() || chosen.times_s().is_empty() => return false,
        _ if editable != Editable::All => return false,
        (_, Some(row)) => of_row(app, act, row, &chosen),
        (_, None) => app.say("Select a train first: Tab, or a click into its row."),
    }
    true
}

/// An act on the selected row.
fn of_row(app: App, act: Act, row: usize, chosen: &Chosen) {
    let times_s = chosen.times_s();
    match (act, selected_train(app)) {
        (Act::Later, _) => step(app, row, 1),
        (Act::Earlier, _) => step(app, row, -1),
        (Act::Tick, _) => tick(app),
        (Act::Other, _) => next_other(app, row),
        (Act::Move, _) if times_s.is_empty() => app.say("Choose a discharge first: J, or a click on it."),
        (Act::Move, from) => {
            change(app, TrainChange::Reassign { from, to: chosen.other, times_s }, None);
            app.say(format!("Moved to {}", other_name(app)));
        }
        (_, None) => app.say("These discharges belong to no train: O moves them to one."),
        (Act::Merge, Some(train)) => match chosen.other {
            Some(other) => {
                app.chosen.update(|chosen| chosen.next = Some(train - usize::from(other < train)));
                change(app, TrainChange::Merge { trains: vec![train, other] }, None);
            }
            None => app.say("Choose the other train first: C."),
        },
        (Act::Split, Some(train)) => change(app, TrainChange::Split { train }, None),
        (Act::Delete, Some(train)) => change(app, TrainChange::Delete { train }, None),
        (Act::DeleteDischarges, Some(train)) => {
            // The place stays chosen, so that it can be given back.
            let place_s = times_s.first().copied();
            app.chosen.update(|chosen| chosen.place_s = place_s);
            change(app, TrainChange::DeleteDischarges { train, times_s }, None);
        }
        (Act::Add, Some(train)) => {
            let view = app.continuous.get_untracked();
            match chosen.place_s.or(chosen.at_s).or(view.cursors[view.cursor]) {
                Some(at_s) => change(app, TrainChange::AddDischarge { train, at_s }, None),
                None => app.say("Put the cursor there first: click into the trace or the row."),
            }
        }
        (Act::Marks, Some(_)) => {
            app.chosen.update(|chosen| chosen.mark = chosen.mark.or(Some(PotentialMark::Onset)));
            commands::focus(potential::ID);
        }
        (Act::Pencil, Some(_)) => {
            app.chosen.update(|chosen| chosen.pencil = !chosen.pencil);
            let on = app.chosen.with_untracked(|chosen| chosen.pencil);
            app.say(if on { "Clicks add and delete discharges" } else { "Clicks choose discharges" });
        }
        (Act::Class | Act::Anew, Some(_)) => {}
    }
}

/// The next or the previous discharge of a row, brought into view, under the cursor.
fn step(app: App, row: usize, by: i32) {
    let Some(times) = view_now(app, |view| row_times(view, row).cloned()).flatten() else { return };
    let view = app.continuous.get_untracked();
    let now = app.chosen.with_untracked(|chosen| chosen.at_s.or(chosen.place_s)).or(view.cursors[view.cursor]).unwrap_or(view.from_s);
    let to = if by > 0 {
        times.iter().copied().find(|time_s| *time_s > now + SAME_S)
    } else {
        times.iter().rev().copied().find(|time_s| *time_s < now - SAME_S)
    };
    let Some(to) = to else {
        app.say("There is no further discharge.");
        return;
    };
    choose(app, to);
    if !(view.from_s..=view.from_s + view.span_s).contains(&to) {
        continuous::show(app, to - view.span_s / 2.0, None);
    }
    let place = times.iter().position(|time_s| *time_s == to).unwrap_or(0);
    app.say(format!("Discharge {} of {} at {to:.3} s", place + 1, times.len()));
}

/// The cursors stay: two of them are the stretch that is analysed.
fn choose(app: App, at_s: f64) {
    app.chosen.update(|chosen| (chosen.at_s, chosen.place_s) = (Some(at_s), None));
}

/// A cursor was moved: that is the place now.
pub fn cursor_moved(app: App) {
    if app.chosen.with_untracked(|chosen| chosen.place_s.is_some() || chosen.at_s.is_some()) {
        app.chosen.update(|chosen| (chosen.at_s, chosen.place_s) = (None, None));
    }
}

/// Ticks the discharge under the keyboard, or takes its tick away.
fn tick(app: App) {
    let Some(at_s) = app.chosen.with_untracked(|chosen| chosen.at_s) else {
        app.say("Choose a discharge first: J, or a click on it.");
        return;
    };
    app.chosen.update(|chosen| {
        let before = chosen.ticked_s.len();
        chosen.ticked_s.retain(|other| (other - at_s).abs() >= SAME_S);
        if chosen.ticked_s.len() == before {
            chosen.ticked_s.push(at_s);
            chosen.ticked_s.sort_by(f64::total_cmp);
        }
    });
    let count = app.chosen.with_untracked(|chosen| chosen.ticked_s.len());
    app.say(format!("{count} ticked"));
}

/// Goes through the other trains and 'a new train'.
fn next_other(app: App, row: usize) {
    let count = view_now(app, |view| view.measurement.trains.len()).unwrap_or(0);
    let from = app.chosen.with_untracked(|chosen| chosen.other).map_or(0, |other| other + 1);
    app.chosen.update(|chosen| chosen.other = (from..count).find(|other| *other != row));
    app.say(format!("The other: {}", other_name(app)));
}

fn other_name(app: App) -> String {
    let other = app.chosen.with_untracked(|chosen| chosen.other);
    let name = other.and_then(|other| view_now(app, |view| view.measurement.trains.get(other).map(|train| train.name.clone())).flatten());
    name.unwrap_or_else(|| "a new train".into())
}

/// A press without a drag; `true` when it was one on trains.
pub fn pressed(app: App, [width, height]: [f32; 2], [x, y]: [f64; 2], touch: bool, shift: bool) -> bool {
    let reach_px = if touch { 22.0 } else { 9.0 };
    let all = editable_now(app) == Editable::All;
    let pencil = all && app.chosen.with_untracked(|chosen| chosen.pencil);
    let time_s = app.continuous.with_untracked(|view| continuous::viewport(view, width).time_from_px(x));
    let Some((row, discharge)) = continuous::train_at(app, [width, height], [x, y], reach_px) else {
        // On the trace the pencil adds to the selected train.
        return match selected_train(app).filter(|_| pencil) {
            Some(train) => {
                change(app, TrainChange::AddDischarge { train, at_s: time_s }, None);
                true
            }
            None => false,
        };
    };
    let known = view_now(app, |view| row < rows(view)).unwrap_or(false);
    if !known {
        return false;
    }
    let selected = app.train.get_untracked() == Some(row);
    match (discharge, selected_train(app)) {
        (Some(at_s), Some(train)) if pencil && selected => {
            change(app, TrainChange::DeleteDischarges { train, times_s: vec![at_s] }, None);
        }
        (None, Some(train)) if pencil && selected => change(app, TrainChange::AddDischarge { train, at_s: time_s }, None),
        (discharge, _) => {
            if !selected {
                super::activity::select(app, row);
            }
            if let Some(at_s) = discharge.filter(|_| all) {
                choose(app, at_s);
                if shift {
                    tick(app);
                }
            } else {
                app.chosen.update(|chosen| (chosen.at_s, chosen.place_s) = (None, Some(time_s)));
            }
        }
    }
    sound::seek(app, time_s);
    true
}

/// The selected train with everything that can be changed of it.
#[component]
pub fn TrainPanel() -> impl IntoView {
    let app = App::here();
    // What stands is one part; what is chosen changes with every key and is the other.
    let shown = Memo::new(move |_| {
        let row = app.train.get()?;
        app.activity.with(|activity| {
            let view = activity.as_ref().filter(|view| view.done && view.measurement.editable != Editable::No)?;
            // Not the values, or each step of a mark would make the panel again.
            let train = view.measurement.trains.get(row).map(|train| (train.name.clone(), train.class, train.by_person));
            let names: Vec<String> = view.measurement.trains.iter().map(|train| train.name.clone()).collect();
            (row < rows(view)).then_some((row, train, names, view.measurement.editable))
        })
    });
    move || {
        let (row, train, names, editable) = shown.get()?;
        let name = train.as_ref().map_or_else(|| "Not resolved".to_owned(), |train| train.0.clone());
        let by_person = train.as_ref().is_some_and(|train| train.2);
        let all = editable == Editable::All;
        let is_train = train.is_some();
        Some(view! {
            <section class="train-edit" aria-label="Selected train">
                <h2>{format!("Edit {name}")}<span class=if by_person { "person-t" } else { "muted" }>{if by_person { " changed by hand" } else { "" }}</span></h2>
                {train.map(|train| class_choice(app, row, train.1))}
                {(all && is_train).then(|| train_tools(app))}
                {all.then(|| discharge_tools(app, row, names, is_train))}
                {(all && is_train).then(|| view! { <potential::Marks/> })}
            </section>
        })
    }
}

fn class_choice(app: App, row: usize, now: ActivityClass) -> impl IntoView {
    let options = ActivityClass::ALL
        .iter()
        .enumerate()
        .map(|(at, class)| view! { <option value=at.to_string() selected=*class == now>{class.name()}</option> })
        .collect_view();
    let set = move |event: leptos::ev::Event| {
        let class = event_target_value(&event).parse::<usize>().ok().and_then(|at| ActivityClass::ALL.get(at)).copied();
        change(app, TrainChange::Class { train: row, class }, None);
        commands::focus("scope");
    };
    view! {
        <p class="row">
            <label for="train-class">"Class "<kbd>"Shift+C"</kbd></label>
            <select id="train-class" on:change=set>{options}<option value="">"as the program says"</option></select>
        </p>
    }
}

fn button(app: App, act: Act, name: impl IntoView + 'static, key: &'static str, title: &'static str) -> impl IntoView {
    view! { <button class="btn" title=title on:click=move |_| commands::run(app, Command::Train(act))>{name}" "<kbd>{key}</kbd></button> }
}

fn train_tools(app: App) -> impl IntoView {
    view! {
        <p class="row">
            {button(app, Act::Split, "Split", "Z", "Into the two shapes that differ most")}
            {button(app, Act::Delete, "Delete train", "Shift+Del", "Its discharges are then not resolved")}
            <button class="btn" aria-pressed=move || if app.chosen.with(|chosen| chosen.pencil) { "true" } else { "false" } title="A click on a discharge deletes it, one beside adds one" on:click=move |_| commands::run(app, Command::Train(Act::Pencil))>"Pencil "<kbd>"Q"</kbd></button>
        </p>
    }
}

fn discharge_tools(app: App, row: usize, names: Vec<String>, is_train: bool) -> impl IntoView {
    let options = names
        .into_iter()
        .enumerate()
        .filter(|(other, _)| *other != row)
        .map(|(other, name)| {
            let chosen = move || app.chosen.with(|chosen| chosen.other == Some(other));
            view! { <option value=other.to_string() prop:selected=chosen>{name}</option> }
        })
        .collect_view();
    let set = move |event: leptos::ev::Event| {
        let other = event_target_value(&event).parse().ok();
        app.chosen.update(|chosen| chosen.other = other);
    };
    let count = move || app.activity.with(|activity| activity.as_ref().and_then(|view| row_times(view, row)).map_or(0, Vec::len));
    let words = move || {
        app.chosen.with(|chosen| match (chosen.ticked_s.len(), chosen.at_s) {
            (0, None) => format!("None of {} discharges is chosen.", count()),
            (0, Some(at_s)) => format!("Discharge at {at_s:.3} s of {}", count()),
            (n, _) => format!("{n} of {} discharges are ticked.", count()),
        })
    };
    let none = move || app.chosen.with(|chosen| chosen.times_s().is_empty());
    let merge = is_train.then(|| button(app, Act::Merge, "Merge", "G", "Both trains become one"));
    let single = is_train.then(|| {
        view! {
            <button class="btn" disabled=none title="Take the chosen discharges away" on:click=move |_| commands::run(app, Command::Train(Act::DeleteDischarges))>"Delete "<kbd>"Del"</kbd></button>
            {button(app, Act::Add, "Add at cursor", "D", "Where the train's potential fits best near the cursor")}
        }
    });
    view! {
        <p class="row">
            <label for="train-other">"Other "<kbd>"C"</kbd></label>
            <select id="train-other" on:change=set>
                <option value="" prop:selected=move || app.chosen.with(|chosen| chosen.other.is_none())>"a new train"</option>
                {options}
            </select>
            {merge}
            <button class="btn" disabled=none title="Move the chosen discharges to the other train" on:click=move |_| commands::run(app, Command::Train(Act::Move))>"Move there "<kbd>"O"</kbd></button>
        </p>
        <p class="muted" id="chosen-discharge">{words}</p>
        <p class="row">
            {button(app, Act::Earlier, "Earlier", "Shift+J", "The discharge before")}
            {button(app, Act::Later, "Later", "J", "The next discharge")}
            <button class="btn" disabled=none title="Choose several" on:click=move |_| commands::run(app, Command::Train(Act::Tick))>"Tick "<kbd>"X"</kbd></button>
            {single}
        </p>
    }
}

/// Where the trains are a person's: the way back to those found.
pub fn anew(app: App, view: &ActivityView) -> Option<AnyView> {
    view.by_person.then(|| {
        view! {
            <p class="row person-t">
                <span>"As a person left them."</span>
                <button class="btn" title="Forget the changes by hand; can be undone" on:click=move |_| commands::run(app, Command::Train(Act::Anew))>"Analyse anew "<kbd>"Y"</kbd></button>
            </p>
        }
        .into_any()
    })
}

/// The stretches of the recording in view whose trains a person changed, to go to.
#[component]
pub fn Stretches() -> impl IntoView {
    let app = App::here();
    let of_recording = Memo::new(move |_| {
        let recording = app.recording_index();
        let all = app.study(|study| study.stretches.clone()).unwrap_or_default();
        all.into_iter().filter(|stretch| Some(stretch.key.recording) == recording).collect::<Vec<_>>()
    });
    let shown = move |stretch: &StretchView| app.activity.with(|view| view.as_ref().is_some_and(|view| same(&view.key, &stretch.key)));
    move || {
        let buttons = of_recording.get().into_iter().filter(|stretch| !shown(stretch)).map(|stretch| {
            let key = stretch.key;
            let words = format!("{}, {}, {} to {}", stretch.lane, key.task.name().to_lowercase(), clock(key.from_s, 0.01), clock(key.to_s, 0.01));
            view! { <li><button class="btn quiet go" title="Show this stretch with its trains" on:click=move |_| super::activity::show_stretch(app, key)>{words}</button></li> }
        });
        let buttons = buttons.collect::<Vec<_>>();
        (!buttons.is_empty()).then(|| view! { <h2>"Trains changed by hand"</h2><ul class="annotations">{buttons}</ul> })
    }
}

/// Whether two keys are of one stretch, whichever way up.
fn same(a: &ActivityKey, b: &ActivityKey) -> bool {
    ActivityKey { turned: b.turned, ..*a } == *b
}
