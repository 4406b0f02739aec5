//! The view of sweeps: from the page's state to a scene, and what keys and pointers do to it.

use leptos::prelude::*;

use super::ahead::Expected;
use super::dialogs::compare;
use super::state::{App, Dialog};
pub use crate::engine::protocol::scenes::rows;
use crate::engine::protocol::{Edit, Request, StudyKey, SweepView, TestView, scenes};
use crate::model::{MarkerKind, SweepId, TestKind, averaged_site};
use crate::scene::divisions::{nice_step, nice_up, number, quantity};
use crate::scene::sweeps::{Arrangement, Scene};
use crate::scene::{Anchor, Picture, Viewport, marks};

/// Chooses the stretch in view once sweeps are there.
pub fn first_view(app: App) {
    if app.sweeps.with_untracked(|view| view.span_s > 0.0) {
        return;
    }
    if let Some((from_s, span_s)) = with_values(app, scenes::first_view) {
        app.sweeps.update(|view| (view.from_s, view.span_s) = (from_s, span_s));
    }
}

/// The test in view with the values of its sweeps, given to `with`; not tracked.
fn with_values<T>(app: App, with: impl FnOnce(&TestView, &[scenes::Values]) -> T) -> Option<T> {
    let (_, test) = untrack(|| app.test())?;
    Some(app.values.with_value(|values| with(&test, &values.borrow().sweeps)))
}

/// Longest stretch before and after the stimulus of all sweeps, seconds.
fn extent(app: App) -> (f64, f64) {
    with_values(app, scenes::extent).unwrap_or((0.0, 1e-3))
}

/// Gain that shows the largest response over about four divisions.
fn common_gain(app: App) -> f64 {
    with_values(app, scenes::common_gain).unwrap_or(1.0)
}

fn with_scene<T>(app: App, width: f32, height: f32, with: impl FnOnce(&Scene<'_>, &TestView) -> T) -> Option<T> {
    app.arrived.track();
    let (index, test) = app.test()?;
    let view = app.sweeps.get();
    let store = app.values.get_value();
    let store = store.borrow();
    if store.test != Some(index) || view.span_s <= 0.0 {
        return None;
    }
    let gain = view.gain.unwrap_or_else(|| common_gain(app));
    let row_gain = |sweep: SweepId| nice_step(gain, view.row_gain.get(&sweep).copied().unwrap_or(0));
    let mut rows = scenes::scene_rows(&test, &store.sweeps, row_gain);
    let other = view.compare.and_then(|(study, index)| Some((behind_test(app, study, index)?, compare::name(app, study, index))));
    if let Some((other, name)) = &other {
        scenes::lay_behind(&mut rows, &test, other, &store.behind, name);
    }
    let scene = Scene {
        rows,
        arrangement: view.arrangement,
        ms_per_division: scenes::ms_per_division(view.span_s),
        view: Viewport { from_s: view.from_s, to_s: view.from_s + view.span_s, left_px: 0.0, width_px: f64::from(width.max(1.0)) },
        height,
        selected: view.row,
        marker: view.marker,
        close: false,
        raise_px: 0.0,
        cursors: view.cursors,
        theme: app.theme_now(),
    };
    Some(with(&scene, &test))
}

/// The test that is compared with, as it is shown.
fn behind_test(app: App, study: StudyKey, index: usize) -> Option<TestView> {
    app.studies.with(|studies| studies.iter().find(|of| of.study == study)?.tests.get(index).cloned())
}

/// Lays another test behind the one in view, or takes it away.
pub fn compare(app: App, with: Option<(StudyKey, usize)>) {
    app.values.with_value(|store| store.borrow_mut().behind.clear());
    app.sweeps.update(|view| view.compare = with);
    if let Some((study, test)) = with {
        app.send(Request::Sweeps { study, test });
        app.say(format!("Compared with {}", compare::name(app, study, test)));
    }
}

/// Compares with the likeliest other test, or ends the comparison; asks when there are several.
pub fn toggle_compare(app: App) {
    if app.sweeps.with_untracked(|view| view.compare.is_some()) {
        compare(app, None);
    } else {
        app.dialog.set(Some(Dialog::Compare));
    }
}

/// Single sweeps in place of averages, or back.
pub fn toggle_singles(app: App) {
    let averaged = untrack(|| app.test()).is_some_and(|(index, _)| {
        app.study_now(|study| study.tests.get(index).is_some_and(|test| test.sites.iter().any(|site| site.average.is_some())))
            .unwrap_or(false)
    });
    if !averaged {
        app.say("There is no average here: each row is a sweep as it is.");
        return;
    }
    app.sweeps.update(|view| {
        view.singles = !view.singles;
        view.row = 0;
        view.gain = None;
    });
}

/// Leaves the selected sweep out of averages and summaries, or takes it in again.
pub fn toggle_left_out(app: App) {
    let Some(chosen) = selected(app) else { return };
    if averaged_site(chosen.sweep.id).is_some() {
        app.say("This is an average. A shows its single sweeps.");
        return;
    }
    let out = chosen.sweep.measurement.as_ref().is_none_or(|measured| measured.left_out.is_none());
    app.edit(Edit::LeaveOut { sweep: chosen.sweep.id, out });
}

/// The picture at a size.
pub fn picture(app: App, width: f32, height: f32) -> Option<Picture> {
    with_scene(app, width, height, |scene, _| scene.draw())
}

/// The loupe: the selected marker's surroundings at five times the gain and a sixth of the sweep.
pub fn loupe(app: App, width: f32, height: f32) -> Option<Picture> {
    let view = app.sweeps.get();
    let kind = view.marker?;
    with_scene(app, width, height, |scene, _| {
        let row = scene.rows.get(view.row)?.clone();
        let at_s = row.measurement?.marker_ms(kind)? / 1e3;
        let value = f64::from(scene.value_at(view.row, at_s).unwrap_or(0.0));
        let span_s = scene.ms_per_division / 1e3 * 1.5;
        let mut row = row;
        row.gain /= 5.0;
        let (gain, unit) = (row.gain, row.unit.clone());
        let mut close = scene.clone();
        close.close = true;
        close.ms_per_division = nice_up(span_s * 1e3 / 5.0);
        close.view = Viewport { from_s: at_s - span_s / 2.0, to_s: at_s + span_s / 2.0, left_px: 0.0, width_px: f64::from(width.max(1.0)) };
        close.selected = 0;
        close.arrangement = Arrangement::Raster;
        // At this gain the marker may lie far outside: everything is drawn relative to its height.
        close.rows = vec![row];
        close.height = height;
        close.raise_px = 0.0;
        close.raise_px = height * 0.55 - close.vertical(0).px_of(value as f32);
        let mut picture = close.draw();
        let label = format!("{}  {} ms a division", quantity(gain, &unit), number(close.ms_per_division, 3));
        picture.marks.push(marks::label([8.0, 14.0], label, 11.0, false, Anchor::Start, close.theme.axis_text, close.theme));
        Some(picture)
    })
    .flatten()
}

/// Value of the selected sweep at a moment (seconds after what latencies count from), with its unit.
pub fn value_at(app: App, time_s: f64) -> Option<(f64, String)> {
    with_scene(app, 1000.0, 100.0, |scene, _| {
        let row = scene.rows.get(scene.selected)?;
        scene.value_at(scene.selected, time_s).map(|value| (f64::from(value), row.unit.clone()))
    })
    .flatten()
}

/// The row at a height.
pub fn row_at(app: App, width: f32, height: f32, y: f32) -> Option<usize> {
    untrack(|| with_scene(app, width, height, |scene, _| scene.row_at(y))).flatten()
}

/// Moment at x, seconds after the stimulus.
pub fn time_at(app: App, width: f32, x: f64) -> f64 {
    app.sweeps.with_untracked(|view| view.from_s + x / f64::from(width.max(1.0)) * view.span_s)
}

/// The selected sweep: its id, site index, zero and rate.
pub fn selected(app: App) -> Option<Chosen> {
    let (_, test) = untrack(|| app.test())?;
    let row = app.sweeps.with_untracked(|view| view.row);
    let rows = rows(&test);
    let (site, sweep) = rows.get(row)?;
    let (fs_hz, zero_s) = app.values.with_value(|values| {
        let values = values.borrow();
        values.sweeps.iter().find(|(data, _)| data.id == sweep.id).map(|(data, _)| (data.fs_hz, scenes::zero_s(sweep, data)))
    })?;
    Some(Chosen { site: *site, sweep: (*sweep).clone(), rows: rows.len(), fs_hz, zero_s })
}

/// Whether the selected marker stands on the selected sweep (tracked).
pub fn has_marker(app: App) -> bool {
    let view = app.sweeps.get();
    let Some((_, test)) = app.test() else { return false };
    let measured = rows(&test).get(view.row).and_then(|(_, sweep)| sweep.measurement.clone());
    measured.zip(view.marker).is_some_and(|(measured, kind)| measured.marker_ms(kind).is_some())
}

/// What is selected.
pub struct Chosen {
    pub site: usize,
    pub sweep: SweepView,
    pub rows: usize,
    pub fs_hz: f64,
    /// What its times count from, seconds after its first sample.
    pub zero_s: f64,
}

impl Chosen {
    /// Latency of the selected marker, ms.
    pub fn marker_ms(&self, kind: MarkerKind) -> Option<f64> {
        self.sweep.measurement.as_ref()?.marker_ms(kind)
    }
}

/// Puts a marker at a moment (seconds after what latencies count from).
pub fn place(app: App, sweep: SweepId, kind: MarkerKind, time_s: f64, gesture: Option<u32>) {
    let zero_s = with_values(app, |test, values| {
        let (_, view) = rows(test).into_iter().find(|(_, view)| view.id == sweep)?;
        let (data, _) = values.iter().find(|(data, _)| data.id == sweep)?;
        Some(scenes::zero_s(view, data))
    });
    let edit = Edit::MoveMarker { sweep, kind, at_s: time_s + zero_s.flatten().unwrap_or(0.0) };
    app.edit_ahead(edit, gesture, Expected::Marker { sweep, kind, ms: time_s * 1e3 });
}

/// Moves the selected marker by samples.
pub fn step_marker(app: App, samples: f64, gesture: Option<u32>) {
    let (Some(chosen), Some(kind)) = (selected(app), app.sweeps.with_untracked(|view| view.marker)) else { return };
    let Some(ms) = chosen.marker_ms(kind) else {
        app.say("There is no response here. Press the number of a marker to place it.");
        return;
    };
    // From sample to sample: an automatic marker may lie between two.
    let at = ((ms / 1e3 + chosen.zero_s) * chosen.fs_hz).round() + samples;
    let time_s = at / chosen.fs_hz - chosen.zero_s;
    place(app, chosen.sweep.id, kind, time_s, gesture);
    app.say(format!("{} {:.2} ms", kind.name(), time_s * 1e3));
}

/// Selects marker `kind`; places one at the cursor or the middle of the view where there is none.
pub fn choose_marker(app: App, kind: MarkerKind) {
    if untrack(|| app.test()).is_some_and(|(_, test)| !test.kind.markers().contains(&kind)) {
        app.say(format!("This kind of test has no marker '{}'.", kind.name()));
        return;
    }
    app.sweeps.update(|view| view.marker = Some(kind));
    let Some(chosen) = selected(app) else { return };
    match chosen.marker_ms(kind) {
        Some(ms) => app.say(format!("{} {ms:.2} ms", kind.name())),
        None => {
            let view = app.sweeps.get_untracked();
            let time_s = view.cursors[0].unwrap_or(view.from_s + view.span_s / 2.0);
            place(app, chosen.sweep.id, kind, time_s, None);
        }
    }
}

/// Next or previous marker; `false` past the ends, so that focus can go on.
pub fn next_marker(app: App, by: i32) -> bool {
    let kinds = untrack(|| app.test()).map_or(TestKind::Motor, |(_, test)| test.kind).markers();
    let now = app.sweeps.with_untracked(|view| view.marker).and_then(|kind| kinds.iter().position(|other| *other == kind));
    let to = now.map_or(-1, |at| at as i32) + by;
    match usize::try_from(to).ok().and_then(|to| kinds.get(to)) {
        Some(&kind) => {
            app.sweeps.update(|view| view.marker = Some(kind));
            if let Some(ms) = selected(app).and_then(|chosen| chosen.marker_ms(kind)) {
                app.say(format!("{} {ms:.2} ms", kind.name()));
            }
            true
        }
        None => false,
    }
}

/// Next or previous row.
pub fn next_row(app: App, by: i32) {
    let Some(chosen) = selected(app) else { return };
    let first = untrack(|| app.test()).and_then(|(_, test)| test.kind.first_marker());
    app.sweeps.update(|view| {
        let to = (view.row as i32 + by).clamp(0, chosen.rows as i32 - 1);
        view.row = to as usize;
        view.marker = view.marker.or(first);
    });
    let name = untrack(|| app.test()).and_then(|(_, test)| test.sites.get(selected(app)?.site).map(|site| site.name.clone()));
    app.say(name.unwrap_or_default());
}

/// Copies the selected sweep's markers to the next row and goes there.
pub fn copy_to_next(app: App) {
    let Some(from) = selected(app) else { return };
    let row = app.sweeps.with_untracked(|view| view.row);
    if row + 1 >= from.rows {
        app.say("There is no further site to copy to.");
        return;
    }
    next_row(app, 1);
    if let Some(to) = selected(app) {
        app.edit(Edit::CopyMarkers { from: from.sweep.id, to: to.sweep.id });
    }
}

/// Changes the gain of all rows, or of the selected one, by steps of 1-2-5.
pub fn gain(app: App, steps: i32, only_selected: bool) {
    if only_selected {
        if let Some(chosen) = selected(app) {
            app.sweeps.update(|view| *view.row_gain.entry(chosen.sweep.id).or_default() += steps);
        }
        return;
    }
    let now = app.sweeps.with_untracked(|view| view.gain).unwrap_or_else(|| common_gain(app));
    app.sweeps.update(|view| view.gain = Some(nice_step(now, steps)));
}

/// Moves the view by pixels.
pub fn pan(app: App, by_px: f64, width: f32) {
    let (before_s, after_s) = extent(app);
    app.sweeps.update(|view| {
        let by_s = by_px / f64::from(width.max(1.0)) * view.span_s;
        let last = (after_s - view.span_s).max(-before_s);
        view.from_s = (view.from_s - by_s).clamp(-before_s, last);
    });
}

/// Zooms with the moment at `x` fixed.
pub fn zoom(app: App, factor: f64, x: f64, width: f32) {
    let (before_s, after_s) = extent(app);
    app.sweeps.update(|view| {
        let share = x / f64::from(width.max(1.0));
        let fixed_s = view.from_s + share * view.span_s;
        view.span_s = (view.span_s / factor).clamp(2e-4, (before_s + after_s) * 1.05);
        let last = (after_s - view.span_s).max(-before_s);
        view.from_s = (fixed_s - share * view.span_s).clamp(-before_s, last);
    });
}
