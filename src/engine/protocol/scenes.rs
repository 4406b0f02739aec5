//! From what the engine says to what scenes draw: lanes, rows, first stretches and gains, for the
//! page and for `myoscope plot` alike.
//!
//! It stands behind the protocol because it reads nothing but the protocol's own views: a user
//! interface may use it without reaching further into the engine, and `scene` stays free of both.
//! Times are in seconds after the moment that a sweep's latencies count from.

use super::{Buffer, Event, LaneView, Output, RecordingView, SiteView, SweepData, SweepView, TestView};
use crate::model::{SweepId, TestKind};
use crate::scene::continuous::Lane;
use crate::scene::divisions::{nice_up, sweep_up};
use crate::scene::sweeps::{Arrangement, Behind, Row, Scene};
use crate::scene::{Picture, Theme, Viewport};

/// Divisions across a view of sweeps.
pub const DIVISIONS: f64 = 10.0;
/// Stretch of a recording that is shown first, seconds.
const FIRST_S: f64 = 10.0;
/// Stretch after the stimulus that belongs to its artefact, seconds.
const ARTEFACT_S: f64 = 0.0015;

/// Divisions of a row that a response may fill above and below its zero line.
const DIVISIONS_ABOVE: f64 = 3.6;
const DIVISIONS_BELOW: f64 = 2.2;
/// Customary gains at which a missing response is looked for, microvolts a division.
const SENSORY_GAIN_UV: f64 = 5.0;
const MOTOR_GAIN_UV: f64 = 200.0;

/// A sweep with its values.
pub type Values = (SweepData, Vec<f32>);

/// Visible lanes of a recording.
pub fn visible(recording: &RecordingView) -> impl Iterator<Item = &LaneView> {
    recording.lanes.iter().filter(|lane| !lane.settings.hidden)
}

/// A lane as the scene wants it.
pub fn lane(view: &LaneView, negative_up: bool) -> Lane {
    Lane {
        name: view.name.clone(),
        unit: view.unit.clone(),
        filter: view.filter.clone(),
        gain: view.settings.gain_per_division.unwrap_or(view.suggested_gain),
        turned: view.potential && negative_up != view.negative_up,
        signal: view.signal,
        fs_hz: view.fs_hz,
        n: view.n,
        offset: view.middle,
    }
}

/// Visible lanes as the scene wants them.
pub fn lanes(recording: &RecordingView, negative_up: bool) -> Vec<Lane> {
    visible(recording).map(|view| lane(view, negative_up)).collect()
}

/// Seconds in view when a recording is shown first.
pub fn first_span_s(duration_s: f64) -> f64 {
    duration_s.clamp(1e-4, FIRST_S)
}

/// Sites and sweeps of a test in the order of rows: (site index, sweep). A site with an average
/// shows it in place of its sweeps.
pub fn rows(test: &TestView) -> Vec<(usize, &SweepView)> {
    test.sites.iter().enumerate().flat_map(|(site, view)| shown(view).map(move |sweep| (site, sweep))).collect()
}

/// The sweeps of a site that are rows.
pub fn shown(site: &SiteView) -> impl Iterator<Item = &SweepView> {
    let sweeps: &[SweepView] = if site.average.is_some() { &[] } else { &site.sweeps };
    site.average.iter().chain(sweeps)
}

/// The moment that a sweep's times count from, seconds after its first sample: as its measurement
/// has it (a shock that was seen, where nobody states the stimulus), else the stimulus.
pub fn zero_s(sweep: &SweepView, data: &SweepData) -> f64 {
    sweep.measurement.as_ref().map_or(data.stimulus_s.unwrap_or(0.0), |measured| measured.zero_s)
}

/// Sweeps of a test that have values, in the order of rows.
fn with_values<'a>(test: &'a TestView, values: &'a [Values]) -> impl Iterator<Item = (&'a SiteView, &'a SweepView, &'a Values)> {
    let found = |sweep: &SweepView| values.iter().find(|(data, _)| data.id == sweep.id);
    rows(test).into_iter().filter_map(move |(site, sweep)| Some((&test.sites[site], sweep, found(sweep)?)))
}

/// Longest stretch before and after the zero of all sweeps, seconds; a little is always before it,
/// so that the mark of the stimulus is not cut off.
pub fn extent(test: &TestView, values: &[Values]) -> (f64, f64) {
    let (before_s, after_s) = with_values(test, values).fold((0.0_f64, 1e-3_f64), |(before, after), (_, sweep, (data, samples))| {
        let zero_s = zero_s(sweep, data);
        (before.max(zero_s), after.max(samples.len() as f64 / data.fs_hz - zero_s))
    });
    (before_s.max(after_s * 0.02), after_s)
}

/// The stretch shown first: its left edge and its length, seconds. Responses fill the picture; what
/// lies far behind the last marker can be scrolled to.
pub fn first_view(test: &TestView, values: &[Values]) -> (f64, f64) {
    let (before_s, after_s) = extent(test, values);
    let last_ms = |row: &SweepView| {
        let measured = row.measurement.as_ref()?;
        let late = measured.late.iter().map(|late| late.end_ms.unwrap_or(late.onset_ms + 8.0));
        late.chain(measured.response.map(|r| r.pos_peak_ms.unwrap_or(r.neg_end_ms))).reduce(f64::max)
    };
    if test.kind == TestKind::Munix || test.kind.is_slow() {
        return (-before_s, (before_s + after_s) * 1.02);
    }
    let last_s = rows(test).into_iter().filter_map(|(_, row)| last_ms(row)).fold(0.0, f64::max) / 1e3;
    let before_s = if last_s > 0.0 { before_s.min((last_s * 0.25).max(0.002)) } else { before_s };
    let wanted_s = if last_s > 0.0 { (before_s + last_s * 1.3).min(before_s + after_s) } else { before_s + after_s };
    let division_s = sweep_up(wanted_s / DIVISIONS * 0.999);
    (-before_s, (division_s * DIVISIONS).min((before_s + after_s) * 1.02).max(1e-4))
}

/// Milliseconds a division for a stretch of `span_s` seconds.
pub fn ms_per_division(span_s: f64) -> f64 {
    sweep_up(span_s * 1e3 / DIVISIONS * 0.999)
}

/// Gain at which the largest response fills its row, units a division.
pub fn common_gain(test: &TestView, values: &[Values]) -> f64 {
    gain_of(test, values, |_| true)
}

/// The same over some sites.
fn gain_of(test: &TestView, values: &[Values], wanted: impl Fn(&SiteView) -> bool) -> f64 {
    let reach = with_values(test, values).filter(|(site, _, _)| wanted(site)).map(|(_, sweep, (data, samples))| {
        // The artefact may be larger than the response: it is left out of the choice.
        let zero_s = zero_s(sweep, data);
        let skip = if zero_s > 0.0 || data.stimulus_s.is_some() { ((zero_s + ARTEFACT_S) * data.fs_hz) as usize } else { 0 };
        let finite = samples.iter().skip(skip).map(|value| f64::from(*value)).filter(|value| value.is_finite());
        // There is less room below the zero line than above it.
        finite.fold(0.0_f64, |reach, value| reach.max(if value < 0.0 { -value / DIVISIONS_BELOW } else { value / DIVISIONS_ABOVE }))
    });
    let gain = nice_up(reach.fold(0.0, f64::max).max(1e-6));
    // Where nothing answers, noise is not blown up beyond the customary gain.
    let answers = rows(test).iter().any(|(_, row)| row.measurement.as_ref().is_none_or(|m| m.response.is_some() || !m.late.is_empty()));
    match test.kind {
        TestKind::Sensory if !answers => gain.max(SENSORY_GAIN_UV),
        TestKind::Motor if !answers => gain.max(MOTOR_GAIN_UV),
        _ => gain,
    }
}

/// What a row is called: its site with its number; in a series of late responses at one site its current, by
/// which an H reflex is followed, or its number alone.
fn row_name(test: &TestView, site: &SiteView, sweep: &SweepView, place: usize) -> String {
    let current = sweep.stimulus.split(',').next().filter(|words| words.ends_with(" mA"));
    match (test.kind, test.sites.len(), current) {
        _ if site.average.is_some() || site.sweeps.len() < 2 => site.name.clone(),
        (TestKind::HReflex, 1, Some(current)) => current.to_owned(),
        (TestKind::FWave | TestKind::HReflex, 1, _) => place.to_string(),
        _ => format!("{} {place}", site.name),
    }
}

/// Rows as the scene wants them; `gain` says units a division for each sweep.
pub fn scene_rows<'a>(test: &'a TestView, values: &'a [Values], gain: impl Fn(SweepId) -> f64) -> Vec<Row<'a>> {
    let (split, common) = (split(test, values), common_gain(test, values));
    // Interference patterns are ten times smaller than the response beside them: sites of their own gain.
    let apart = |site: &SiteView| match test.kind {
        TestKind::Munix => gain_of(test, values, |of| std::ptr::eq(of, site)) / common.max(1e-12),
        _ => 1.0,
    };
    let row = |(site, sweep, (data, samples)): (&'a SiteView, &'a SweepView, &'a Values)| {
        let place = site.sweeps.iter().position(|other| other.id == sweep.id).unwrap_or(0) + 1;
        Row {
            id: sweep.id,
            name: row_name(test, site, sweep, place),
            note: [sweep.stimulus.as_str(), data.filter.as_str(), data.narrower.as_str()]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(" \u{b7} "),
            values: samples,
            fs_hz: data.fs_hz,
            zero_s: zero_s(sweep, data),
            stimulated: data.stimulus_s.is_some() || zero_s(sweep, data) > 0.0,
            unit: data.unit.clone(),
            // Where there is no marker, none is missed.
            measurement: sweep.measurement.as_ref().filter(|_| !test.kind.markers().is_empty()),
            gain: gain(sweep.id) * apart(site),
            split: split.map(|(from_s, late)| (from_s, late * gain(sweep.id) / common.max(1e-12))),
            behind: Vec::new(),
        }
    };
    with_values(test, values).map(row).collect()
}

/// The sweeps that an output brings.
pub fn values(output: Output) -> Vec<Values> {
    let Event::Sweeps { sweeps, .. } = output.event else { return Vec::new() };
    let values = output.buffers.into_iter().map(|buffer| if let Buffer::F32(values) = buffer { values } else { Vec::new() });
    sweeps.into_iter().zip(values).collect()
}

/// A test as it is drawn where nobody chooses: the stretch that is shown first, at the common gain.
/// `None` without sweeps.
pub fn on_paper(
    test: &TestView,
    values: &[Values],
    arrangement: Arrangement,
    width_px: f32,
    height_px: f32,
    theme: &Theme,
) -> Option<Picture> {
    let (from_s, span_s) = first_view(test, values);
    let view = Viewport { from_s, to_s: from_s + span_s, left_px: 0.0, width_px: f64::from(width_px) };
    let gain = common_gain(test, values);
    let mut rows = scene_rows(test, values, |_| gain);
    // Stimulus and filter stand in the text.
    rows.iter_mut().for_each(|row| row.note.clear());
    drawn(test, rows, arrangement, view, height_px, theme)
}

/// A test in a stretch, without anything selected. `None` without sweeps.
pub fn in_view(test: &TestView, values: &[Values], view: Viewport, height_px: f32, theme: &Theme) -> Option<Picture> {
    let gain = common_gain(test, values);
    drawn(test, scene_rows(test, values, |_| gain), Arrangement::Raster, view, height_px, theme)
}

fn drawn(test: &TestView, rows: Vec<Row>, arrangement: Arrangement, view: Viewport, height_px: f32, theme: &Theme) -> Option<Picture> {
    if rows.is_empty() {
        return None;
    }
    let scene = Scene {
        selected: rows.len(),
        rows,
        arrangement,
        ms_per_division: ms_per_division(view.span_s()),
        view,
        height: height_px,
        marker: None,
        close: false,
        raise_px: 0.0,
        cursors: [None; 2],
        theme,
    };
    let mut picture = scene.draw();
    picture.alt = format!("{}. {}", test.title, picture.alt);
    Some(picture)
}

/// Lays the sweeps of another test behind rows of the same site, by name, else by place.
pub fn lay_behind<'a>(rows: &mut [Row<'a>], test: &TestView, other: &'a TestView, values: &'a [Values], name: &str) {
    let theirs: Vec<_> = with_values(other, values).collect();
    let ours: Vec<(usize, SweepId)> = self::rows(test).into_iter().map(|(site, sweep)| (site, sweep.id)).collect();
    for row in rows {
        let Some(at) = ours.iter().position(|(_, id)| *id == row.id) else { continue };
        let site = &test.sites[ours[at].0];
        let k = shown(site).position(|sweep| sweep.id == row.id).unwrap_or(0);
        let named = |of: &SiteView| of.name.eq_ignore_ascii_case(&site.name);
        let of_site = theirs.iter().filter(|(of, _, _)| named(of)).nth(k);
        let found = of_site.or_else(|| if theirs.iter().any(|(of, _, _)| named(of)) { None } else { theirs.get(at) });
        row.behind.extend(found.map(|(_, sweep, (data, samples))| Behind {
            name: name.to_owned(),
            values: samples,
            fs_hz: data.fs_hz,
            zero_s: zero_s(sweep, data),
        }));
    }
}

/// Where late responses begin and the gain that shows them, for tests that have both a large direct
/// and a small late response; seconds after what latencies count from, units a division.
pub fn split(test: &TestView, values: &[Values]) -> Option<(f64, f64)> {
    if !matches!(test.kind, TestKind::FWave | TestKind::HReflex) {
        return None;
    }
    let measured: Vec<_> = rows(test).into_iter().filter_map(|(_, row)| row.measurement.as_ref()).collect();
    let end_ms = measured.iter().filter_map(|m| m.response).map(|r| r.pos_peak_ms.unwrap_or(r.neg_end_ms)).fold(0.0, f64::max);
    let first_ms = measured.iter().flat_map(|m| &m.late).map(|late| late.onset_ms).fold(f64::INFINITY, f64::min);
    // Just before the first late response; without any, well behind the direct one.
    let from_ms = if first_ms.is_finite() { (first_ms - 2.0).max((end_ms + first_ms) / 2.0).min(first_ms - 0.5) } else { end_ms * 1.6 };
    if from_ms <= 0.0 {
        return None;
    }
    let reach = with_values(test, values).map(|(_, sweep, (data, samples))| {
        let skip = ((zero_s(sweep, data) + from_ms / 1e3) * data.fs_hz).max(0.0) as usize;
        samples.iter().skip(skip).filter(|value| value.is_finite()).fold(0.0_f64, |reach, value| reach.max(f64::from(value.abs())))
    });
    let gain = nice_up(reach.fold(0.0, f64::max).max(1e-6) / 3.0);
    (gain < common_gain(test, values)).then_some((from_ms / 1e3, gain))
}
