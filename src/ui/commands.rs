//! Everything that a person can do, under one name each, with its keys. Buttons, keys and the list
//! of keys use the same commands.

mod views;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, KeyboardEvent};

use super::keymap::{global, plain};
use super::state::{App, Dialog, Selection};
use super::trains::Act;
use super::{activity, continuous, guide, live, needle_table, potential, sound, spectrogram, sweeps, trains, triggered};
use crate::engine::protocol::{Edit, Request};
use crate::model::{MarkerKind, SignalTask};
use crate::scene::sweeps::Arrangement;
use crate::web::page;
pub use crate::web::page::{click, focus, reveal};

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Open,
    Home,
    Undo,
    Redo,
    Theme,
    Keys,
    Filter,
    Lanes,
    Export,
    Annotate,
    Polarity,
    NextSite,
    PreviousSite,
    NextStudyItem,
    PreviousStudyItem,
    ZoomIn,
    ZoomOut,
    GainUp,
    GainDown,
    AllGainUp,
    AllGainDown,
    Left,
    Right,
    FastLeft,
    FastRight,
    Start,
    End,
    Fit,
    Marker(MarkerKind),
    AutomaticMarker,
    CopySet,
    NoResponse,
    Superimpose,
    Raster,
    Cascade,
    Spectrogram,
    ShowThere,
    Distance,
    TestDetails,
    MakeSweeps,
    Assign,
    Person,
    Compare,
    Singles,
    LeaveOut,
    CursorA,
    CursorB,
    Snap,
    CursorLeft,
    CursorRight,
    DeleteAnnotation,
    Play,
    MarkNow,
    Mute,
    Alone,
    Analyse(SignalTask),
    Train(Act),
    EnterFindings,
    AddMuscle,
    MuscleNormal,
    MirrorMuscle,
    RemoveMuscle,
    GoToStretch,
    ClearCell,
    WriteCell,
    Close,
}

/// Rows of the list of keys: heading, then keys with what they do.
pub const KEYS: &[(&str, &[(&str, &str)])] = &[
    (
        "Everywhere",
        &[
            ("Ctrl+O", "Open files"),
            ("Ctrl+Z", "Undo"),
            ("Ctrl+Y", "Redo"),
            ("Ctrl+E", "Export"),
            ("F6", "Paper, scope, high contrast"),
            ("Ctrl+[ Ctrl+]", "Previous, next item of the list"),
            ("F", "Filters"),
            ("Esc", "Disarm the stimulator; close a dialog; clear cursors"),
            ("?", "This list"),
        ],
    ),
    (
        "Traces",
        &[
            ("\u{2190} \u{2192}", "Scroll a division"),
            ("Shift+\u{2190} \u{2192}", "Scroll a page"),
            ("+ \u{2212}", "Zoom in time (also wheel, pinch)"),
            ("0", "All in view"),
            ("\u{2191} \u{2193}", "Gain of the selected lane (also Alt+wheel)"),
            ("Shift+\u{2191} \u{2193}", "Gain of all lanes"),
            ("PgUp PgDn", "Select lane"),
            ("Home End", "Start, end"),
            ("Space", "Listen from the cursor; stop. While recording: run, freeze"),
            ("Ins", "While recording: mark this moment"),
            ("F4, F7 \u{2013} F10", "Simulated patient: move the needle; rest, slight, moderate, full effort"),
            ("U", "Sound off or on"),
            ("H", "Hear the selected train alone"),
            ("1 \u{2013} 5", "Analyse the selected lane, between the cursors when there are two"),
            ("Tab", "Next train of discharges"),
            ("E", "Enter the findings in the table of muscles"),
            ("T", "Table of muscles"),
            ("R S", "Sweeps around the train, or where the signal passes a level: raster, superimposed"),
            (", . Enter", "Of these: level lower, higher; selected sweep in the signal"),
            ("W", "Spectrogram of the selected lane"),
            ("V", "Negative up or down"),
            ("L", "Lanes: show, hide, order, rename, montage"),
            ("M", "Make sweeps of this recording"),
        ],
    ),
    (
        "Trains of discharges",
        &[
            ("J, Shift+J", "Next, previous discharge of the selected train"),
            ("X", "Tick it, to change several"),
            ("Del", "Delete the chosen discharges"),
            ("D", "Add a discharge where it fits best near the cursor"),
            ("C", "Choose the other train, or a new one"),
            ("O", "Move the chosen discharges over to it"),
            ("G", "Merge with the other train"),
            ("Z", "Split into the two most different shapes"),
            ("Shift+Del", "Delete the train"),
            ("Shift+C", "Class of the train"),
            ("Q", "Pencil: clicks add and delete discharges"),
            ("Shift+P", "Marks of the potential: Tab, arrows (Shift: ten), Backspace"),
            ("Y", "Analyse anew, without changes by hand"),
        ],
    ),
    (
        "Nerve conduction while recording",
        &[
            ("F2", "Choose nerve, side and kind of test"),
            ("F3, Shift+F3", "Next, previous stimulation site or train"),
            ("O", "Type the current: Enter sets it; repeated, Enter arms"),
            ("Enter", "Stimulate: once, or one train"),
            ("Q W", "1 mA less, more (Shift: 5 mA)"),
            ("E, Shift+E", "Repetitive stimulation: exercise of 10 s, of 60 s"),
            ("Shift+I", "Impedances of the electrodes"),
            ("Esc", "Disarm"),
        ],
    ),
    (
        "Cursors and annotations",
        &[
            ("Click, Shift+click", "Place cursor A, cursor B"),
            ("A B", "Choose the cursor that keys move"),
            (", .", "Move it by one sample (Shift: ten)"),
            ("P", "To the nearest peak"),
            ("N", "Annotate at the cursor"),
            ("Del", "Delete the selected annotation"),
        ],
    ),
    (
        "Table of muscles",
        &[
            ("Arrows, Tab", "Next cell (Shift+Tab: back)"),
            ("Enter", "Next row; write into Other and Comment, choose another muscle"),
            ("0 \u{2013} 4 /", "Grade 0 to 4+, equivocal"),
            ("+ \u{2212}", "More, less: a grade, increased, decreased"),
            ("N", "Normal"),
            ("R E B", "Recruitment reduced, early, poor activation"),
            ("F R D S", "Pattern full, reduced, discrete, single unit"),
            ("C Y K U P", "CRD, myotonic, myokymic, neuromyotonic, cramp"),
            ("L R", "Side, in the first column"),
            ("A", "The rest of the muscle is normal; again: all of it"),
            ("M", "Add a muscle by name, nerve or root"),
            ("X", "The same muscle of the other side"),
            ("G", "To the stretch that the cell comes from"),
            ("Del", "Clear the cell, or back to the analysis"),
            ("F2", "Write into any cell"),
            ("Shift+Del", "Remove the muscle"),
            ("I", "Patient and question"),
        ],
    ),
    (
        "Sweeps",
        &[
            ("Tab", "Next marker"),
            ("1 \u{2013} 7", "Choose or place marker"),
            ("\u{2190} \u{2192}", "Move it one sample (Shift: ten)"),
            ("Backspace", "Back to the automatic place"),
            ("Y", "Copy the set of markers to the next site"),
            ("PgUp PgDn", "Previous, next site"),
            ("\u{2191} \u{2193}", "Gain (Shift: this sweep only)"),
            ("+ \u{2212}", "Sweep speed"),
            ("R S K", "Raster, superimposed, cascade"),
            ("N", "No response"),
            ("D", "Distance of the selected site"),
            ("G", "Which study it is: its names and limits"),
            ("T", "Nerve, side, recording site, temperature"),
            ("I", "Patient and question"),
            ("C", "Compare with another test, behind the traces"),
            ("A", "Averages or single sweeps"),
            ("X", "Leave this sweep out, or take it in"),
            ("V", "Turn the polarity"),
        ],
    ),
];

/// Runs a command.
pub fn run(app: App, command: Command) {
    let in_sweeps = matches!(app.selection.get_untracked(), Selection::Test(_));
    let study = app.active.get_untracked();
    match command {
        Command::Open => click("file-input"),
        Command::Home => app.activate(None),
        Command::Undo => with_study(study, |study| app.send(Request::Undo { study })),
        Command::Redo => with_study(study, |study| app.send(Request::Redo { study })),
        Command::Theme => {
            let next = app.theme.get_untracked().next();
            page::set_setting("theme", next.name().unwrap_or_default());
            app.theme.set(next);
        }
        Command::Keys => app.dialog.set(Some(Dialog::Keys)),
        Command::Close => {
            guide::disarm(app, "Escape");
            if app.dialog.get_untracked().is_some() {
                app.dialog.set(None);
            } else {
                app.triggered.shown.set(None);
                app.continuous.update(|view| {
                    view.cursors = [None; 2];
                    view.annotation = None;
                });
                app.sweeps.update(|view| view.cursors = [None; 2]);
                app.sheet.set(false);
            }
        }
        _ if study.is_none() => {}
        Command::Filter => app.dialog.set(Some(Dialog::Filter)),
        Command::Export => app.dialog.set(Some(Dialog::Export)),
        Command::Person => app.dialog.set(Some(Dialog::Person)),
        Command::NextStudyItem => step_item(app, 1),
        Command::PreviousStudyItem => step_item(app, -1),
        _ if matches!(app.selection.get_untracked(), Selection::Together | Selection::Conclusion) => {}
        _ if app.selection.get_untracked() == Selection::Needle => needle_table::run(app, command),
        _ if in_sweeps => views::run_sweeps(app, command),
        _ => run_continuous(app, command),
    }
}

fn run_continuous(app: App, command: Command) {
    if app.triggered.shown.get_untracked().is_some() && views::run_triggered(app, command) || trains::run(app, command) {
        return;
    }
    match command {
        Command::Raster => triggered::toggle(app, Arrangement::Raster),
        Command::Superimpose => triggered::toggle(app, Arrangement::Superimposed),
        Command::Cascade => triggered::toggle(app, Arrangement::Cascade),
        Command::Spectrogram => spectrogram::toggle(app),
        Command::Lanes => app.dialog.set(Some(Dialog::Lanes)),
        Command::MakeSweeps => app.dialog.set(Some(Dialog::Sweeps)),
        Command::Annotate => {
            let view = app.continuous.get_untracked();
            let at_s = view.cursors[view.cursor].unwrap_or(view.from_s + view.span_s / 2.0);
            app.dialog.set(Some(Dialog::Annotation(view.annotation, at_s)));
        }
        Command::DeleteAnnotation | Command::AutomaticMarker => {
            let recording = untrack(|| app.recording_index());
            if let (Some(recording), Some(id)) = (recording, app.continuous.with_untracked(|view| view.annotation)) {
                app.continuous.update(|view| view.annotation = None);
                app.edit(Edit::SetAnnotation { recording, id, annotation: None });
            }
        }
        Command::Polarity => app.continuous.update(|view| view.negative_up = !view.negative_up),
        Command::NextSite => continuous::select_lane(app, 1),
        Command::PreviousSite => continuous::select_lane(app, -1),
        Command::ZoomIn => continuous::zoom(app, 2.0, width() / 2.0, width() as f32),
        Command::ZoomOut => continuous::zoom(app, 0.5, width() / 2.0, width() as f32),
        Command::GainUp => continuous::gain(app, -1, false),
        Command::GainDown => continuous::gain(app, 1, false),
        Command::AllGainUp => continuous::gain(app, -1, true),
        Command::AllGainDown => continuous::gain(app, 1, true),
        Command::Left => continuous::scroll(app, -0.1),
        Command::Right => continuous::scroll(app, 0.1),
        Command::FastLeft => continuous::scroll(app, -1.0),
        Command::FastRight => continuous::scroll(app, 1.0),
        Command::Start => continuous::show(app, f64::MIN, None),
        Command::End if live::running(app) => app.live.follow.set(true),
        Command::End => continuous::show(app, f64::MAX, None),
        Command::Fit => continuous::show(app, f64::MIN, Some(f64::MAX)),
        Command::CursorA => app.continuous.update(|view| view.cursor = 0),
        Command::CursorB => app.continuous.update(|view| view.cursor = 1),
        Command::Play if live::running(app) => live::toggle(app),
        Command::Play => sound::toggle(app),
        Command::MarkNow => live::mark(app),
        Command::Mute => sound::toggle_mute(app),
        Command::Alone => sound::toggle_alone(app),
        Command::Analyse(task) => activity::ask(app, task),
        Command::EnterFindings => activity::enter(app),
        Command::TestDetails => app.select(Selection::Needle),
        // Digits choose markers in sweeps and analyses here.
        Command::Marker(kind) => {
            if let Some(task) = SignalTask::ALL.get(usize::from(kind.number()).wrapping_sub(1)) {
                activity::ask(app, *task);
            }
        }
        Command::Snap => continuous::snap(app),
        Command::CursorLeft => continuous::step_cursor(app, -1.0),
        Command::CursorRight => continuous::step_cursor(app, 1.0),
        _ => {}
    }
}

fn with_study(study: Option<u32>, act: impl FnOnce(u32)) {
    if let Some(study) = study {
        act(study);
    }
}

/// Next or previous entry of the tree.
fn step_item(app: App, by: i32) {
    let items: Vec<Selection> =
        app.study_now(|study| Selection::groups(study).into_iter().flat_map(|(_, items)| items).collect()).unwrap_or_default();
    let now = items.iter().position(|item| *item == app.selection.get_untracked()).unwrap_or(0);
    if let Some(item) = items.get((now as i32 + by).clamp(0, items.len() as i32 - 1) as usize) {
        app.select(*item);
    }
}

/// Width of the view of traces, px.
fn width() -> f64 {
    page::document().and_then(|document| document.get_element_by_id("scope")).map_or(1000.0, |scope| f64::from(scope.client_width()))
}

/// Listens to keys of the whole page.
pub fn listen(app: App) {
    let handler = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let tag = target.as_ref().map(Element::tag_name).unwrap_or_default();
        // What is ticked is no text that a key could be part of.
        let tick = target.as_ref().and_then(|target| target.get_attribute("type")).is_some_and(|kind| kind == "checkbox");
        let typing = matches!(tag.as_str(), "INPUT" | "SELECT" | "TEXTAREA");
        let in_dialog = app.dialog.get_untracked().is_some();
        if let Some(command) = global(&event).filter(|command| !typing || tick || !matches!(command, Command::Undo | Command::Redo)) {
            if !in_dialog || command == Command::Close {
                event.prevent_default();
                run(app, command);
            }
            return;
        }
        if live::key(app, &event, typing || in_dialog) || guide::key(app, &event, typing || in_dialog) {
            return;
        }
        // Enter and Space belong to the button that has the keyboard.
        let pressing = matches!(tag.as_str(), "BUTTON" | "A" | "SUMMARY") && matches!(event.key().as_str(), "Enter" | " ");
        if typing || pressing || in_dialog || event.ctrl_key() || event.meta_key() || !app.in_reader_now() {
            return;
        }
        let place = target.map(|target| target.id()).unwrap_or_default();
        if app.selection.get_untracked() == Selection::Needle {
            // Elsewhere Tab belongs to the page.
            if (event.key() != "Tab" || place == "muscles") && needle_table::key(app, &event, place == "muscles") {
                event.prevent_default();
            }
            return;
        }
        if place == potential::ID && potential::key(app, &event) {
            event.prevent_default();
            return;
        }
        let on_scope = place == "scope";
        let in_sweeps = matches!(app.selection.get_untracked(), Selection::Test(_));
        if event.key() == "Tab" {
            // Markers first; past the last one the focus goes on as everywhere.
            if on_scope && in_sweeps && sweeps::next_marker(app, if event.shift_key() { -1 } else { 1 }) {
                event.prevent_default();
            }
            if on_scope && !in_sweeps && activity::next(app, if event.shift_key() { -1 } else { 1 }) {
                event.prevent_default();
            }
            return;
        }
        if let Some(command) = plain(&event) {
            event.prevent_default();
            let repeat = if event.shift_key() && matches!(command, Command::CursorLeft | Command::CursorRight) { 10 } else { 1 };
            for _ in 0..repeat {
                run(app, command);
            }
        }
    });
    if let Some(document) = page::document() {
        let _ = document.add_event_listener_with_callback("keydown", handler.as_ref().unchecked_ref());
    }
    handler.forget();
}
