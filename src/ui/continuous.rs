//! The continuous view: from the page's state to a scene, and what keys and pointers do to it.

use leptos::prelude::*;

use super::ahead::Expected;
use super::state::{App, Continuous};
pub use crate::engine::protocol::scenes::visible;
use crate::engine::protocol::scenes::{lane as scene_lane, lanes};
use crate::engine::protocol::{AnnotationView, Edit, LaneView, RecordingView, Request};
use crate::model::LaneSettings;
use crate::scene::continuous::Scene;
use crate::scene::divisions::nice_step;
use crate::scene::tiles::{TileKey, TileSource};
use crate::scene::{Extent, Picture, Viewport};

/// Shortest stretch in view, seconds.
const MIN_SPAN_S: f64 = 0.0005;

/// The scene of the recording in view at a size, given to `with`.
fn with_scene<T>(app: App, width: f32, height: f32, with: impl FnOnce(&Scene<'_>, &RecordingView) -> T) -> Option<T> {
    app.with_recording(|recording| {
        let view = app.continuous.get();
        let lanes = lanes(recording, view.negative_up);
        let trains = super::activity::rows(app);
        let spectrogram = super::spectrogram::shown(app);
        let annotations: Vec<_> = recording.annotations.iter().map(|entry: &AnnotationView| (entry.id, &entry.annotation)).collect();
        let scene = Scene {
            lanes: &lanes,
            spans: &recording.spans,
            annotations: &annotations,
            view: viewport(&view, width),
            height,
            selected: view.lane.filter(|_| lanes.len() > 1),
            annotation: view.annotation,
            cursors: view.cursors,
            spectrogram: spectrogram.as_deref(),
            pending: !super::live::running(app),
            playhead: app.sound.playhead.get(),
            trains: &trains,
            theme: app.theme_now(),
        };
        with(&scene, recording)
    })
}

/// The stretch in view over a width.
pub fn viewport(view: &Continuous, width: f32) -> Viewport {
    Viewport { from_s: view.from_s, to_s: view.from_s + view.span_s, left_px: 0.0, width_px: f64::from(width.max(1.0)) }
}

/// The picture at a size; asks for what is missing to draw it.
pub fn picture(app: App, width: f32, height: f32) -> Option<Picture> {
    app.arrived.track();
    let tiles = app.tiles.get_value();
    with_scene(app, width, height, |scene, _| {
        let now = scene.needed(false);
        let mut missing = tiles.borrow_mut().missing(&now);
        if super::live::running(app) {
            missing.extend(tiles.borrow_mut().incomplete(&now));
        }
        request(app, missing);
        // What lies beside the view is asked for after it, so that panning finds it there.
        let around = tiles.borrow_mut().missing(&scene.needed(true));
        request(app, around);
        scene.draw(&*tiles.borrow())
    })
}

fn request(app: App, keys: Vec<TileKey>) {
    if let Some(study) = app.active.get_untracked().filter(|_| !keys.is_empty()) {
        app.send(Request::Tiles { study, keys });
    }
}

/// Asks again for tiles in view that were not complete.
pub fn ask_again(app: App) {
    let keys = untrack(|| with_scene(app, 1600.0, 100.0, |scene, _| scene.needed(false))).unwrap_or_default();
    let overview = untrack(|| overview_keys(app)).unwrap_or_default();
    let open = app.tiles.with_value(|tiles| {
        let mut tiles = tiles.borrow_mut();
        let mut open = tiles.incomplete(&keys);
        open.extend(tiles.incomplete(&overview));
        open
    });
    // The width is not known here; a level that is not in memory is simply not incomplete.
    request(app, open);
}

/// The lane at a height.
pub fn lane_at(app: App, width: f32, height: f32, y: f32) -> Option<usize> {
    untrack(|| with_scene(app, width, height, |scene, _| scene.lane_at(y))).flatten()
}

/// The row of discharges at a place, with its discharge within `reach_px`.
pub fn train_at(app: App, [width, height]: [f32; 2], [x, y]: [f64; 2], reach_px: f64) -> Option<(usize, Option<f64>)> {
    let at = |scene: &Scene<'_>, _: &RecordingView| {
        let row = scene.train_at(y as f32)?;
        Some((row, scene.discharge_at(row, x, reach_px)))
    };
    untrack(|| with_scene(app, width, height, at)).flatten()
}

/// Where the recording in view lies in time.
pub fn extent(app: App) -> Extent {
    let index = untrack(|| app.recording_index()).unwrap_or(0);
    let of_recording =
        app.study_now(|study| study.recordings.get(index).map(|r| Extent { start_s: r.start_s, duration_s: r.duration_s })).flatten();
    of_recording.unwrap_or(Extent { start_s: 0.0, duration_s: 1.0 })
}

/// Moves the view by pixels.
pub fn pan(app: App, by_px: f64, width: f32) {
    super::live::look_back(app);
    let within = extent(app);
    app.continuous.update(|view| {
        let moved = viewport(view, width).panned(by_px, within);
        view.from_s = moved.from_s;
    });
}

/// Zooms with the moment at `x` fixed.
pub fn zoom(app: App, factor: f64, x: f64, width: f32) {
    let within = extent(app);
    app.continuous.update(|view| {
        let zoomed = viewport(view, width).zoomed(factor, x, within);
        view.span_s = zoomed.span_s().max(MIN_SPAN_S);
        view.from_s = zoomed.from_s;
    });
}

/// Moves by a share of what is in view.
pub fn scroll(app: App, share: f64) {
    super::live::look_back(app);
    let within = extent(app);
    app.continuous.update(|view| {
        let moved = viewport(view, 1000.0).at(view.from_s + share * view.span_s, view.span_s, within);
        view.from_s = moved.from_s;
    });
}

/// Sets the stretch in view.
pub fn show(app: App, from_s: f64, span_s: Option<f64>) {
    super::live::look_back(app);
    let within = extent(app);
    app.continuous.update(|view| {
        let span_s = span_s.unwrap_or(view.span_s).clamp(MIN_SPAN_S, within.duration_s.max(MIN_SPAN_S));
        let moved = viewport(view, 1000.0).at(from_s, span_s, within);
        view.from_s = moved.from_s;
        view.span_s = span_s;
    });
}

/// Puts the active cursor (or cursor `which`) at a moment.
pub fn set_cursor(app: App, which: Option<usize>, time_s: f64) {
    super::trains::cursor_moved(app);
    let within = extent(app);
    app.continuous.update(|view| {
        let which = which.unwrap_or(view.cursor);
        view.cursor = which;
        view.cursors[which] = Some(time_s.clamp(within.start_s, within.start_s + within.duration_s));
    });
}

/// Moves the active cursor by samples of the selected lane; makes one in the middle when there is none.
pub fn step_cursor(app: App, samples: f64) {
    let Some(lane) = selected_lane(app) else { return };
    let view = app.continuous.get_untracked();
    let now = view.cursors[view.cursor].unwrap_or(view.from_s + view.span_s / 2.0);
    set_cursor(app, None, now + samples / lane.fs_hz);
    let after = app.continuous.get_untracked();
    if let Some(time_s) = after.cursors[after.cursor].filter(|time_s| *time_s < after.from_s || *time_s > after.from_s + after.span_s) {
        show(app, time_s - after.span_s / 2.0, None);
    }
}

/// Takes the active cursor to the nearest peak, within a hundredth of the view to both sides.
pub fn snap(app: App) {
    let view = app.continuous.get_untracked();
    let (Some(study), Some(lane), Some(time_s)) = (app.active.get_untracked(), selected_lane(app), view.cursors[view.cursor]) else {
        app.say("Place a cursor first: click into the trace.");
        return;
    };
    app.send(Request::Snap { study, signal: lane.signal, time_s, within_s: view.span_s / 50.0 });
}

/// The selected lane, or the first.
pub fn selected_lane(app: App) -> Option<LaneView> {
    let (_, recording) = untrack(|| app.recording())?;
    let at = app.continuous.with_untracked(|view| view.lane).unwrap_or(0);
    visible(&recording).nth(at).or_else(|| visible(&recording).next()).cloned()
}

/// Selects the lane `by` further down.
pub fn select_lane(app: App, by: i32) {
    let count = untrack(|| app.recording()).map_or(0, |(_, recording)| visible(&recording).count());
    if count > 0 {
        app.continuous.update(|view| {
            let at = view.lane.map_or(0, |lane| (lane as i32 + by).clamp(0, count as i32 - 1));
            view.lane = Some(at as usize);
        });
        if let Some(lane) = selected_lane(app) {
            app.say(format!("{} selected", lane.name));
        }
    }
}

/// Changes lanes of the recording in view as one edit.
pub fn edit_lanes(app: App, what: &str, change: impl FnOnce(&mut Vec<LaneSettings>)) {
    let Some((recording, view)) = untrack(|| app.recording()) else { return };
    let mut lanes: Vec<LaneSettings> = view.lanes.iter().map(|lane| lane.settings.clone()).collect();
    change(&mut lanes);
    send_lanes(app, recording, what, lanes);
}

/// Sends the lanes of a recording.
pub fn send_lanes(app: App, recording: usize, what: &str, lanes: Vec<LaneSettings>) {
    app.edit_ahead(Edit::Lanes { recording, lanes: lanes.clone(), what: what.into() }, None, Expected::Lanes { recording, lanes });
}

/// Changes the gain of the selected lane, or of all, by steps of 1-2-5; negative steps magnify.
pub fn gain(app: App, steps: i32, all: bool) {
    let Some((_, recording)) = untrack(|| app.recording()) else { return };
    let selected = selected_lane(app).map(|lane| lane.settings);
    edit_lanes(app, "gain", |lanes| {
        for (settings, lane) in lanes.iter_mut().zip(&recording.lanes) {
            if all || selected.as_ref() == Some(&lane.settings) {
                settings.gain_per_division = Some(nice_step(settings.gain_per_division.unwrap_or(lane.suggested_gain), steps));
            }
        }
    });
}

/// Value of a lane at a moment, from samples that are here; asks for them when they are not.
pub fn value_at(app: App, recording: &RecordingView, lane: &LaneView, time_s: f64) -> Option<f64> {
    app.arrived.track();
    let span = recording.spans.iter().find(|span| time_s >= span.onset_s && time_s <= span.onset_s + span.duration_s)?;
    let sample = ((span.stored_s + time_s - span.onset_s) * lane.fs_hz).round().max(0.0) as u64;
    let sample = sample.min(lane.n.checked_sub(1)?);
    let key = TileKey { signal: lane.signal, level: 0, index: (sample / crate::scene::tiles::TILE_SAMPLES) as u32 };
    let tiles = app.tiles.get_value();
    let found = tiles
        .borrow()
        .tile(key)
        .map(|(values, _)| values.get((sample % crate::scene::tiles::TILE_SAMPLES) as usize).map(|value| f64::from(*value)));
    if found.is_none() {
        let missing = tiles.borrow_mut().missing(&[key]);
        request(app, missing);
    }
    found.flatten()
}

/// Tiles of the overview strip: the selected lane's whole length.
fn overview_keys(app: App) -> Option<Vec<TileKey>> {
    overview_scene(app, 1200.0, 40.0, |scene| scene.needed(false))
}

fn overview_scene<T>(app: App, width: f32, height: f32, with: impl FnOnce(&Scene<'_>) -> T) -> Option<T> {
    app.with_recording(|recording| {
        let view = app.continuous.get();
        let at = view.lane.unwrap_or(0);
        let lane = visible(recording).nth(at).or_else(|| visible(recording).next())?;
        let mut lane = scene_lane(lane, view.negative_up);
        lane.name = String::new();
        lane.filter = String::new();
        let lanes = [lane];
        let scene = Scene {
            lanes: &lanes,
            spans: &recording.spans,
            annotations: &[],
            view: Viewport {
                from_s: recording.start_s,
                to_s: recording.start_s + recording.duration_s.max(1e-6),
                left_px: 0.0,
                width_px: f64::from(width.max(1.0)),
            },
            height: height + crate::scene::continuous::AXIS_PX,
            selected: None,
            annotation: None,
            cursors: [None; 2],
            spectrogram: None,
            pending: !super::live::running(app),
            playhead: None,
            trains: &[],
            theme: app.theme_now(),
        };
        Some(with(&scene))
    })
    .flatten()
}

/// The overview strip: the whole recording with the stretch in view marked.
pub fn overview(app: App, width: f32, height: f32) -> Option<Picture> {
    app.arrived.track();
    let tiles = app.tiles.get_value();
    let theme = app.theme_now();
    let view = app.continuous.get();
    overview_scene(app, width, height, |scene| {
        let needed = scene.needed(false);
        let mut missing = tiles.borrow_mut().missing(&needed);
        if super::live::running(app) {
            missing.extend(tiles.borrow_mut().incomplete(&needed));
        }
        request(app, missing);
        let mut picture = scene.draw(&*tiles.borrow());
        picture.marks.clear();
        picture.grid.ticks.clear();
        picture.grid.horizontals.clear();
        picture.height = height;
        let (x0, x1) = (scene.view.px_from_time(view.from_s) as f32, scene.view.px_from_time(view.from_s + view.span_s) as f32);
        let rect = [x0, 0.5, (x1 - x0).max(3.0), height - 1.0];
        let stroke = Some(crate::scene::Stroke::solid(theme.marker_human, 1.0));
        picture.marks.push(crate::scene::Shape::Rect { rect, radius: 0.0, fill: Some(theme.window), stroke });
        picture.alt = "Overview of the whole recording; the marked stretch is in view above.".into();
        picture
    })
}
