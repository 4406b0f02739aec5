//! Analyses of the selected lane: the buttons, trains in the inspector, tables and charts.

use leptos::prelude::*;

use super::commands::{self, Command};
use super::continuous;
use super::icons::{self, icon};
use super::needle_table::MuscleFor;
use super::results::results_table;
use super::state::{App, Dialog, Selection};
use super::{sound, trains};
use crate::engine::protocol::{ActivityKey, ActivityView, Request, StudyKey, scenes};
use crate::model::{EventTrain, SignalTask};
use crate::scene::continuous::TrainRow;
use crate::scene::divisions::{clock, number};

/// Keys of the tasks, in their order.
const KEYS: [&str; 5] = ["1", "2", "3", "4", "5"];

/// Analyses the selected lane between the cursors, else all of it; the task in view ends.
pub fn ask(app: App, task: SignalTask) {
    if app.task.get_untracked() == Some(task) {
        leave(app);
        return;
    }
    let (Some(study), Some(lane), Some((recording, view))) =
        (app.active.get_untracked(), continuous::selected_lane(app), untrack(|| app.recording()))
    else {
        return;
    };
    let shown = app.continuous.get_untracked();
    let (from_s, to_s) = match shown.cursors {
        [Some(a), Some(b)] if a != b => (a.min(b), a.max(b)),
        _ => (view.start_s, view.start_s + view.duration_s),
    };
    let turned = scenes::lane(&lane, shown.negative_up).turned;
    let (channel, minus) = (lane.settings.channel, lane.settings.minus);
    app.activity.set(None);
    app.train.set(None);
    app.task.set(Some(task));
    app.send(Request::Analyse { study, key: ActivityKey { recording, channel, minus, turned, task, from_s, to_s } });
}

/// Shows a stretch again, its lane selected, the cursors around it.
pub fn show_stretch(app: App, key: ActivityKey) {
    let Some((_, recording)) = untrack(|| app.recording()) else { return };
    let of_lane = |lane: &crate::engine::protocol::LaneView| (lane.settings.channel, lane.settings.minus) == (key.channel, key.minus);
    let Some(lane) = continuous::visible(&recording).position(of_lane) else {
        app.say("The lane of this stretch is hidden: L shows it.");
        return;
    };
    leave(app);
    let whole = key.from_s <= recording.start_s && key.to_s >= recording.start_s + recording.duration_s;
    app.continuous.update(|view| {
        view.lane = Some(lane);
        view.cursors = if whole { [None; 2] } else { [Some(key.from_s), Some(key.to_s)] };
    });
    ask(app, key.task);
}

/// Enters what was found in the table of muscles: the muscle is asked for.
pub fn enter(app: App) {
    let done = app.activity.with_untracked(|activity| activity.as_ref().is_some_and(|view| view.done && view.measurement.enters));
    if done {
        app.dialog.set(Some(Dialog::Muscle(MuscleFor::Enter)));
    }
}

/// The muscles that have findings of the stretch in view already.
fn entered(app: App, key: &ActivityKey) -> Option<String> {
    let same = |of: &crate::model::StretchOrigin| {
        (of.recording, of.channel, of.minus, of.task) == (key.recording, key.channel, key.minus, key.task)
            && (of.from_s - key.from_s).abs() + (of.to_s - key.to_s).abs() < 1e-6
    };
    app.study(|study| {
        let row = study.needle.rows.iter().find(|row| row.stretches.iter().any(|stretch| same(&stretch.origin)));
        row.map(|row| row.title())
    })
    .flatten()
}

/// Asks once more with what is now selected.
pub fn ask_again(app: App) {
    if let Some(task) = app.task.get_untracked() {
        app.task.set(None);
        ask(app, task);
    }
}

/// Shows the recording alone again.
pub fn leave(app: App) {
    app.task.set(None);
    app.activity.set(None);
    app.train.set(None);
}

/// The engine has found something.
pub fn arrived(app: App, view: ActivityView) {
    let shown = matches!(app.selection.get_untracked(), Selection::Recording(recording) if recording == view.key.recording);
    if shown && app.task.get_untracked() == Some(view.key.task) {
        // After a change the verdict is told when it is another one.
        let told = app.activity.with_untracked(|old| old.as_ref().is_some_and(|old| old.done && summary(old) == summary(&view)));
        if view.done && !told {
            app.say(format!("{}: {}", view.key.task.name(), summary(&view)));
        }
        trains::arrived(app, &view);
        app.activity.set(Some(view));
        if app.sound.alone.get_untracked() {
            sound::go_on(app);
        }
    }
}

/// Rows of discharges below the lanes.
pub fn rows(app: App) -> Vec<TrainRow> {
    let selected = app.train.get();
    let chosen = app.chosen.with(trains::Chosen::marked_s);
    let chosen = |row: usize| if selected == Some(row) { chosen.clone() } else { Vec::new() };
    app.activity.with(|activity| {
        let Some(view) = activity else { return Vec::new() };
        let measurement = &view.measurement;
        let rows = measurement.trains.iter().enumerate().map(|(index, train)| TrainRow {
            name: train.name.clone(),
            note: rate(train).map(|hz| format!("{} Hz", number(hz, 2))).unwrap_or_default(),
            times_s: train.times_s.clone(),
            span_s: train.span_s,
            abnormal: train.class.abnormal(),
            doubtful: false,
            selected: selected == Some(index),
            by_person: train.by_person,
            chosen_s: chosen(index),
        });
        let left = (!measurement.unresolved_s.is_empty()).then(|| TrainRow {
            name: "not resolved".into(),
            note: measurement.unresolved_s.len().to_string(),
            times_s: measurement.unresolved_s.clone(),
            doubtful: true,
            selected: selected == Some(measurement.trains.len()),
            chosen_s: chosen(measurement.trains.len()),
            ..TrainRow::default()
        });
        rows.chain(left).collect()
    })
}

/// Discharges a second: one over the median interval.
fn rate(train: &EventTrain) -> Option<f64> {
    let mut intervals: Vec<f64> = train.times_s.windows(2).map(|pair| pair[1] - pair[0]).filter(|s| *s > 0.0).collect();
    intervals.sort_by(f64::total_cmp);
    intervals.get(intervals.len() / 2).map(|s| 1.0 / s)
}

/// Selects a train, or none when it is selected; the view goes to its first discharge when none of
/// its discharges is in view.
pub fn select(app: App, index: usize) {
    let now = app.train.get_untracked();
    app.train.set((now != Some(index)).then_some(index));
    trains::forget_choice(app);
    if app.sound.alone.get_untracked() {
        sound::go_on(app);
    }
    let times = app.activity.with_untracked(|activity| Some(activity.as_ref()?.measurement.trains.get(index)?.times_s.clone()));
    if let (true, Some(times)) = (now != Some(index), times) {
        let view = app.continuous.get_untracked();
        let inside = |time_s: &&f64| (view.from_s..=view.from_s + view.span_s).contains(*time_s);
        if let (None, Some(first)) = (times.iter().find(inside), times.first()) {
            continuous::show(app, first - view.span_s / 4.0, None);
        }
    }
}

/// The next or the previous train.
pub fn next(app: App, by: i32) -> bool {
    let count = app.activity.with_untracked(|activity| activity.as_ref().map_or(0, trains::rows));
    let to = app.train.get_untracked().map_or(if by > 0 { 0 } else { count as i32 - 1 }, |at| at as i32 + by);
    match usize::try_from(to).ok().filter(|to| *to < count) {
        Some(to) => {
            app.train.set(None);
            select(app, to);
            let words = app.activity.with_untracked(|activity| {
                let measurement = &activity.as_ref()?.measurement;
                let Some(train) = measurement.trains.get(to) else {
                    return Some(format!("{} discharges not resolved", measurement.unresolved_s.len()));
                };
                Some(format!("{}, {}, {}", train.name, train.class.name(), train.why.join(", ")))
            });
            app.say(words.unwrap_or_default());
            true
        }
        None => {
            app.train.set(None);
            trains::forget_choice(app);
            false
        }
    }
}

fn summary(view: &ActivityView) -> String {
    let measurement = &view.measurement;
    if !measurement.verdict.is_empty() {
        return measurement.verdict.clone();
    }
    match measurement.trains.len() {
        0 => String::new(),
        1 => "1 train".into(),
        n => format!("{n} trains"),
    }
}

/// Buttons that ask for an analysis of the selected lane.
#[component]
pub fn ActivityTools() -> impl IntoView {
    let app = App::here();
    let buttons = SignalTask::ALL.into_iter().zip(KEYS).map(|(task, key)| {
        let pressed = move || if app.task.get() == Some(task) { "true" } else { "false" };
        view! { <button class="btn" aria-label=task.name() title=task.name() aria-pressed=pressed on:click=move |_| commands::run(app, Command::Analyse(task))>{task.short()}" "<kbd>{key}</kbd></button> }
    });
    view! { <div class="seg-c tasks" role="group" aria-label="Analyse the selected lane">{buttons.collect_view()}</div> }
}

/// Two cursors that bound a stretch, seconds.
type Pair = [Option<f64>; 2];

/// What an answer is good for: study, item, and lane, polarity and cursors of the view.
type Asked = (Option<StudyKey>, Selection, (Option<usize>, bool, Pair));

/// What was found, in the inspector.
#[component]
pub fn ActivityPanel() -> impl IntoView {
    let app = App::here();
    // Another lane, polarity or pair of cursors is another question. Cursors that are moved while a
    // train is selected point at its discharges, and the stretch stays.
    let stretch = Memo::new(move |before: Option<&[Pair; 2]>| {
        let now = app.continuous.with(|view| match view.cursors {
            [Some(a), Some(b)] if a != b => [Some(a.min(b)), Some(a.max(b))],
            _ => [None; 2],
        });
        let selected = app.train.get().is_some();
        match before {
            Some([kept, last]) if selected || now == *last => [*kept, now],
            _ => [now, now],
        }
    });
    let asked = Memo::new(move |_| {
        let lane = app.continuous.with(|view| (view.lane, view.negative_up));
        (app.active.get(), app.selection.get(), (lane.0, lane.1, stretch.get()[0]))
    });
    Effect::new(move |before: Option<Asked>| {
        let now = asked.get();
        if let Some(before) = before.filter(|before| *before != now) {
            if (before.0, before.1) == (now.0, now.1) { ask_again(app) } else { leave(app) }
        }
        now
    });
    move || {
        let task = app.task.get()?;
        let view = app.activity.get();
        let head = view.as_ref().map(|view| format!("{} to {}", clock(view.key.from_s, 0.01), clock(view.key.to_s, 0.01)));
        let body = match &view {
            None => view! { <p class="muted" role="status">"Analysing \u{2026}"</p> }.into_any(),
            Some(view) => {
                let words = summary(view);
                let cards = view.measurement.trains.iter().enumerate().map(|(index, train)| card(app, index, train)).collect_view();
                let quality = view.measurement.quality.iter().map(|flag| {
                    let what = flag.what.clone();
                    view! { <div class="note doubt">{icon(icons::WARN)}<p>{what}</p></div> }
                });
                let left = view.measurement.unresolved_s.len();
                view! {
                    <p class="verdict">{words}</p>
                    {(view.done && view.measurement.enters).then(|| enter_button(app, view.key))}
                    {(!view.done).then(|| view! { <p class="muted" role="status">"Going on \u{2026}"</p> })}
                    {trains::anew(app, view)}
                    <div class="cards-list">{cards}</div>
                    {(left > 0 && view.done).then(|| view! { <div class="note doubt">{icon(icons::WARN)}<p>{format!("{left} discharges were not resolved; they are left out of rates.")}</p></div> })}
                    {quality.collect_view()}
                    <p class="muted">{format!("Method {}", view.measurement.method)}</p>
                }
                .into_any()
            }
        };
        Some(view! { <h2>{task.name()}<span class="muted">{head.map(|head| format!(" {head}"))}</span></h2>{body} })
    }
}

/// The button that enters findings, and where they are when they were.
fn enter_button(app: App, key: ActivityKey) -> impl IntoView {
    view! {
        <p class="row">
            <button class="btn" on:click=move |_| commands::run(app, Command::EnterFindings)>"Enter in table "<kbd>"E"</kbd></button>
            {move || entered(app, &key).map(|title| view! { <button class="btn quiet" on:click=move |_| app.select(Selection::Needle)>{icon(icons::CHECK)}{title}</button> })}
        </p>
    }
}

/// One train: its class and what speaks for it.
fn card(app: App, index: usize, train: &EventTrain) -> impl IntoView + use<> {
    let selected = move || app.train.get() == Some(index);
    let why = train.why.iter().map(|why| view! { <li>{why.clone()}</li> }).collect_view();
    let count = train.times_s.len();
    let times = match count {
        0 => String::new(),
        1 => "once".into(),
        n => format!("{n} times"),
    };
    let warning = train.warning.clone();
    let class = train.class.name();
    let by_person = train.by_person;
    view! {
        <button class="event" class:sel=selected aria-pressed=move || if selected() { "true" } else { "false" } on:click=move |_| select(app, index)>
            <span class="head"><b class:abn-t=train.class.abnormal()>{train.name.clone()}</b><span class="muted">{format!("{class}, {times}")}</span>{by_person.then(|| view! { <span class="person-t">"\u{25a0} by hand"</span> })}</span>
            <ul>{why}</ul>
            {(!warning.is_empty()).then(|| view! { <span class="doubt-t">{format!("? {warning}")}</span> })}
        </button>
    }
}

/// Tables of what was found.
#[component]
pub fn ActivityTables() -> impl IntoView {
    let app = App::here();
    move || {
        let tables =
            app.activity.with(|activity| activity.as_ref().map(|view| view.measurement.tables.clone())).filter(|t| !t.is_empty())?;
        Some(view! {
            <div class="tablewrap" tabindex="0" role="region" aria-label="Analysis">
                {tables.iter().map(|table| results_table(app, table)).collect_view()}
            </div>
        })
    }
}
