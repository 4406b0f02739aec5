//! What the engine says becomes what the page knows.

use leptos::prelude::*;

use super::activity;
use super::spectrogram;
use super::state::{App, Dialog, Progress, Saved, Selection, TextQuestion};
use super::triggered;
use super::{guide, live};
use crate::engine::protocol::{Buffer, Event, Request, Store, StudyView, SweepView, TestView, TextOptions};
use crate::model::{FilterChain, TestKind};
use crate::web::link::Link;
use crate::web::{page, scope};

/// Starts the worker and listens to it. A script or test that wants the JSON of the command line
/// asks with an event `myoscope-json` on the document; it then stands in attributes of the root.
pub fn connect(app: App) {
    page::on_document("myoscope-json", move || {
        if let Some(study) = app.active.get_untracked() {
            app.send(Request::Json { study });
        }
    });
    start(app);
}

/// Gives up opening what takes too long: reading a file is one uninterrupted piece of work for the
/// worker, so a new one takes its place and opens again what was in view.
pub fn cancel_opening(app: App) {
    if app.live.view.with_untracked(Option::is_some) {
        // The same worker draws and measures what is recorded.
        app.notice("doubt", "Opening goes on.", "A recording runs, and its study would be closed. End it first, then cancel.");
        return;
    }
    let key = app.study_now(|study| study.key.clone());
    live::let_go(app);
    app.link.with_value(|link| {
        if let Some(link) = link {
            link.end();
        }
    });
    app.opening.set(false);
    app.progress.set(None);
    app.studies.set(Vec::new());
    app.activate(None);
    start(app);
    super::limits::restore(app);
    super::letterhead::restore(app);
    app.send(Request::Recent);
    if let Some(key) = key {
        super::reopen(app, key);
    }
    app.say("Opening was cancelled.");
}

fn start(app: App) {
    match Link::start(scope::ENGINE, move |event, buffers| receive(app, event, buffers), move || gone(app)) {
        Ok(link) => app.link.set_value(Some(link)),
        Err(_) => app.notice(
            "abn",
            "This browser cannot run Myoscope.",
            "It refuses module workers. Chrome, Edge, Firefox and Safari of the last years have them.",
        ),
    }
}

/// The engine's worker is gone.
fn gone(app: App) {
    let text = if app.live.view.with_untracked(Option::is_some) {
        "The recording goes on and is stored: end it, then reload the page, which offers it. Your edits are stored."
    } else {
        "Your edits are stored; reload the page to go on."
    };
    app.notice("abn", "The part of the program that reads and draws recordings has stopped.", text);
}

/// Tells the pictures that values have come, once a frame however many messages bring them.
pub fn next_frame(app: App) {
    if !app.arriving.get_value() {
        app.arriving.set_value(true);
        let told = request_animation_frame_with_handle(move || {
            app.arriving.set_value(false);
            live::follow(app);
            app.arrived.update(|count| *count += 1);
        });
        if told.is_err() {
            app.arriving.set_value(false);
            app.arrived.update(|count| *count += 1);
        }
    }
}

pub fn receive(app: App, event: Event, buffers: Vec<Buffer>) {
    match event {
        Event::Opened { view } => opened(app, view),
        Event::Changed { view } => changed(app, view),
        Event::Devices { list } => app.live.devices.set(list),
        Event::Runs { list } => app.live.guide.choices.set(list),
        Event::Grown { study, recordings } => live::grown(app, study, recordings),
        Event::Live { view } => live::told(app, view),
        Event::LiveStudy { study, guide } => live::placed(app, study, guide),
        Event::LiveClosed { recorded, stored } => live::closed(app, recorded, stored),
        Event::LiveEnded { .. } => live::ended(app),
        Event::Rescued { list } => app.live.rescued.set(list),
        Event::Refused { file, words, preview, .. } => {
            app.opening.set(false);
            match preview {
                Some(preview) => app.dialog.set(Some(Dialog::Text(TextQuestion { file, preview }))),
                None => app.notice("abn", format!("{file} was not opened."), format!("{words}.")),
            }
        }
        Event::Tiles { study, tiles } => {
            if app.active.get_untracked() == Some(study) {
                app.tiles.with_value(|store| {
                    let mut store = store.borrow_mut();
                    for ((key, complete), buffer) in tiles.into_iter().zip(buffers) {
                        if let Buffer::F32(values) = buffer {
                            store.insert(key, values, complete);
                        }
                    }
                });
                next_frame(app);
            }
        }
        Event::Activity { study, view } => {
            if app.active.get_untracked() == Some(study) {
                activity::arrived(app, app.settled_activity(study, view));
            }
        }
        Event::Sweeps { study, test, sweeps } => {
            if app.sweeps.with_untracked(|view| view.compare == Some((study, test))) {
                let values = buffers.iter().map(|buffer| if let Buffer::F32(values) = buffer { values.clone() } else { Vec::new() });
                let behind = sweeps.iter().cloned().zip(values).collect();
                app.values.with_value(|store| store.borrow_mut().behind = behind);
                app.arrived.update(|count| *count += 1);
            }
            if app.active.get_untracked() == Some(study) && app.selection.get_untracked() == Selection::Test(test) {
                let values = buffers.into_iter().map(|buffer| match buffer {
                    Buffer::F32(values) => values,
                    Buffer::Bytes(_) => Vec::new(),
                });
                let list = sweeps.into_iter().zip(values).collect();
                app.values.with_value(|store| {
                    let mut store = store.borrow_mut();
                    store.test = Some(test);
                    store.sweeps = list;
                });
                super::sweeps::first_view(app);
                app.arrived.update(|count| *count += 1);
            }
        }
        Event::Muscles { typed, side, list } => app.muscles.found.set(Some((typed, side, list))),
        Event::Triggered { study, view } => {
            if let (true, Some(Buffer::F32(values))) = (app.active.get_untracked() == Some(study), buffers.into_iter().next()) {
                triggered::arrived(app, view, values);
            }
        }
        Event::Spectrogram { study, view } => {
            if let (true, Some(Buffer::F32(values))) = (app.active.get_untracked() == Some(study), buffers.into_iter().next()) {
                spectrogram::arrived(app, view, values);
            }
        }
        Event::Snapped { time_s, .. } => super::continuous::set_cursor(app, None, time_s),
        Event::Opening { done, total } => app.opening_part.set(Some(done as f64 / total.max(1) as f64)),
        Event::Progress { study, what, done, total } => {
            app.progress.set(Some(Progress { study, what, done: done as f64 / total.max(1) as f64 }));
            super::continuous::ask_again(app);
        }
        Event::Finished { study, .. } => {
            app.progress.update(|progress| {
                if progress.as_ref().is_some_and(|progress| progress.study == study) {
                    *progress = None;
                }
            });
            super::continuous::ask_again(app);
        }
        Event::Kept { store: Store::Edits, error, .. } => match error {
            None => app.saved.set(Saved::Stored(page::time_of_day())),
            Some(what) => {
                app.notice(
                    "abn",
                    "Not stored.",
                    format!("{what}. Your work is safe while this page is open: export it before you close the page."),
                );
                app.saved.set(Saved::Failed(what));
            }
        },
        Event::Limits { file, own, problems, text, .. } => super::limits::changed(app, &file, own, &problems, text.as_deref()),
        Event::Past { view } => app.past.set(Some(view)),
        Event::Letterhead { name, file, text } => super::letterhead::changed(app, &file, name, text.as_deref()),
        Event::Recent { list } => app.recent.set(list),
        Event::Material { material } => super::pdf::order(app, material, buffers),
        Event::Preview { study, wanted, html } => {
            if app.active.get_untracked() == Some(study) {
                app.preview.set(Some((wanted, html)));
            }
        }
        Event::Begun { name } => {
            if let Some(Buffer::Bytes(bytes)) = buffers.into_iter().next() {
                match page::file(&name, &bytes) {
                    Ok(file) => app.open(vec![file], TextOptions::default()),
                    Err(_) => app.notice("abn", "No study was begun.", "The browser refused to make its file."),
                }
            }
        }
        Event::Nerves { list } => app.nerves.set(list),
        Event::Leaving { study, view } => {
            if app.active.get_untracked() == Some(study) {
                app.leaving.set(Some(view));
            }
        }
        Event::Exported { names, warnings } => {
            if app.packing.get_untracked() {
                app.packing.set(false);
                app.dialog.set(None);
            }
            for (name, buffer) in names.iter().zip(buffers) {
                if let Buffer::Bytes(bytes) = buffer
                    && page::download(name, "application/octet-stream", &bytes).is_err()
                {
                    app.notice("abn", "Not saved.", format!("The browser refused to save {name}."));
                }
            }
            for warning in warnings {
                app.notice("doubt", names.join(", "), format!("{}.", warning.what));
            }
            app.say(format!("Saved {}", names.join(", ")));
        }
        Event::Json { info, measure, analyse } => {
            page::set_root_attribute("data-analyse-json", &analyse.unwrap_or_default());
            page::set_root_attribute("data-info-json", &info);
            page::set_root_attribute("data-measure-json", &measure);
        }
        Event::Failed { what } => {
            app.opening.set(false);
            app.pdf.busy.set(None);
            app.packing.set(false);
            app.notice("abn", "That did not work.", what);
        }
        Event::Kept { .. } | Event::Fetch { .. } | Event::Keep { .. } => {}
    }
}

fn opened(app: App, view: StudyView) {
    app.opening.set(false);
    let key = view.study;
    for warning in &view.warnings {
        let place = match (&warning.field, warning.offset) {
            (Some(field), Some(offset)) => format!(" (field '{field}', byte {offset})"),
            (None, Some(offset)) => format!(" (byte {offset})"),
            (Some(field), None) => format!(" (field '{field}')"),
            (None, None) => String::new(),
        };
        app.notice("doubt", view.title.clone(), format!("{}{place}.", warning.what.trim_end_matches('.')));
    }
    if view.restored {
        app.notice("live", view.title.clone(), "Your earlier edits of this recording were found in this browser and are applied.");
    }
    app.say(format!("{} opened", view.title));
    let view_text = view.text.clone();
    // A study without files that is recorded here, not one of a log.
    let recorded = app.live.view.with_untracked(Option::is_some) && view.files.is_empty() && view.key.starts_with("live-");
    app.ahead.update_value(|ahead| ahead.forget(key));
    app.studies.update(|studies| {
        studies.retain(|study| study.study != key);
        studies.push(view);
    });
    let unsure = view_text.filter(|preview| !preview.certain);
    app.activate(Some(key));
    if recorded {
        live::opened(app);
    }
    page::set_root_attribute("data-opened", &key.to_string());
    if let Some(preview) = unsure {
        let text = "The sampling rate, units or columns of this text had to be guessed: 'Read differently' in the inspector of the recording shows how it was read.";
        app.notice("doubt", preview.doubts.join("; "), text);
    }
}

/// What the traces of each test depend on: polarity, kind, filters, what its averages are made of.
fn drawn(view: &StudyView) -> Vec<(bool, TestKind, FilterChain, Vec<bool>)> {
    let left_out = |sweep: &SweepView| sweep.measurement.as_ref().is_some_and(|measured| measured.left_out.is_some());
    let of = |test: &TestView| {
        let averaged = test.sites.iter().filter(|site| site.average.is_some());
        (test.turned, test.kind, test.filter, averaged.flat_map(|site| &site.sweeps).map(left_out).collect())
    };
    view.tests.iter().map(of).collect()
}

fn changed(app: App, view: StudyView) {
    let view = app.settled(view);
    let key = view.study;
    let (mut redraw, mut sweeps, mut before) = (false, 0_usize, 0_usize);
    let shown = app.selection.get_untracked();
    let kind = |study: &StudyView| if let Selection::Test(test) = shown { study.tests.get(test).map(|test| test.kind) } else { None };
    let mut another = false;
    let typing = page::typing();
    app.studies.update(|studies| {
        if let Some(study) = studies.iter_mut().find(|study| study.study == key) {
            redraw = drawn(study) != drawn(&view);
            another = kind(study) != kind(&view);
            before = study.tests.len();
            sweeps = study.tests.iter().flat_map(|test| &test.sites).map(|site| site.sweeps.len()).sum();
            *study = view;
        }
    });
    if let Some(typing) = typing {
        page::go_on_typing(typing);
    }
    if app.active.get_untracked() != Some(key) {
        return;
    }
    let tests = app.study_now(|study| study.tests.len()).unwrap_or(0);
    let now: usize =
        app.study_now(|study| study.tests.iter().flat_map(|test| &test.sites).map(|site| site.sweeps.len()).sum()).unwrap_or(0);
    match shown {
        // An undone test is gone: what is shown must exist.
        Selection::Test(test) if test >= tests => app.select(Selection::Recording(0)),
        Selection::Test(test) if now > sweeps && live::running(app) => guide::arrived(app, key, test),
        _ if now > sweeps && live::running(app) => {}
        _ if now > sweeps && tests > before => {
            let last = tests.saturating_sub(1);
            app.select(Selection::Test(last));
            if app.study_now(|study| study.tests.get(last).is_some_and(|test| test.typed.is_some())).unwrap_or_default() {
                page::go_on_typing((super::typed_table::FIRST_CELL.to_owned(), String::new()));
            }
        }
        // Another kind has other markers and another time base.
        Selection::Test(_) if another => app.select(shown),
        Selection::Test(test) if redraw => app.send(Request::Sweeps { study: key, test }),
        _ => {}
    }
}
