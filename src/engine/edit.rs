//! What each edit does to [`Edits`](crate::model::Edits). Refusals are sentences for the reader.

use super::examination::MAX_DERIVED;
use super::protocol::Edit;
use super::session::Session;
use crate::analysis::polarity;
use crate::formats::stimulus::is_stimulus;
use crate::model::{AnnotationEdit, DerivedTest, MarkerKind, PlacedMarker, SiteEdits, SweepId, TestEdits, TestKind, averaged_site};
use crate::norms;

/// Longest conclusion, characters.
const LONGEST_TEXT: usize = 20_000;

/// Applies `change` to the session's edits.
///
/// # Errors
/// A sentence when the edit refers to something that is not there or makes no sense.
pub(super) fn apply(session: &mut Session, change: Edit) -> Result<(), String> {
    match change {
        Edit::MoveMarker { sweep, kind, at_s } => place(session, sweep, kind, at_s)?,
        Edit::ResetMarker { sweep, kind } => session.edits.markers.retain(|marker| marker.sweep != sweep || marker.kind != kind),
        Edit::CopyMarkers { from, to } => copy_markers(session, from, to)?,
        Edit::NoResponse { sweep, on } => {
            known_sweep(session, sweep)?;
            session.edits.no_response.retain(|&other| other != sweep);
            if on {
                session.edits.no_response.push(sweep);
            }
        }
        Edit::LeaveOut { sweep, out } => {
            known_sweep(session, sweep)?;
            let edits = &mut session.edits;
            edits.left_out.retain(|&other| other != sweep);
            edits.taken_in.retain(|&other| other != sweep);
            if out { edits.left_out.push(sweep) } else { edits.taken_in.push(sweep) }
        }
        Edit::Person { height_cm, age_years, sex, onset_weeks } => {
            if height_cm.is_some_and(|cm| !(30.0..=260.0).contains(&cm)) {
                return Err("A height lies between 30 and 260 cm.".into());
            }
            if age_years.is_some_and(|years| !(0.0..=125.0).contains(&years)) {
                return Err("An age lies between 0 and 125 years.".into());
            }
            if onset_weeks.is_some_and(|weeks| !(0.0..=6000.0).contains(&weeks)) {
                return Err("The first symptom lies between 0 and 6000 weeks back.".into());
            }
            session.edits.onset_weeks = onset_weeks;
            session.edits.height_cm = height_cm;
            session.edits.age_years = age_years;
            session.edits.sex = sex;
        }
        Edit::Context { context } => super::context::apply(session, *context)?,
        Edit::Sign { signer, role, at, why } => session.sign(&signer, &role, &at, &why)?,
        Edit::Impression { text } => {
            if text.chars().count() > LONGEST_TEXT {
                return Err(format!("A conclusion has at most {LONGEST_TEXT} characters."));
            }
            session.edits.impression = text;
        }
        Edit::Stimulus { sweep, at_s } => {
            let length_s = sweep_length_s(session, sweep)?;
            match at_s {
                Some(at_s) if at_s.is_finite() && (0.0..=length_s).contains(&at_s) => {
                    session.edits.stimulus_s.insert(sweep, at_s);
                }
                Some(_) => return Err("The stimulus must lie within the sweep.".into()),
                None => {
                    session.edits.stimulus_s.remove(&sweep);
                }
            }
        }
        Edit::Distance { test, site, distance_mm } => {
            if distance_mm.is_some_and(|mm| !mm.is_finite() || mm <= 0.0 || mm > 2000.0) {
                return Err("A distance is a number of millimetres between 1 and 2000.".into());
            }
            match session.typed_at(test) {
                Some(typed) => typed.sites.get_mut(site).ok_or("This site is no longer there.")?.distance_mm = distance_mm,
                None => site_edits(session, test, site)?.distance_mm = Some(distance_mm.unwrap_or(0.0)),
            }
        }
        Edit::SiteName { test, site, name } => match session.typed_at(test) {
            Some(typed) => typed.sites.get_mut(site).ok_or("This site is no longer there.")?.name = name.trim().to_owned(),
            None => site_edits(session, test, site)?.name = Some(name.trim().to_owned()),
        },
        Edit::Test { test, kind, side, nerve, recorded_from, temperature_c } => {
            if temperature_c.is_some_and(|c| !(5.0..=45.0).contains(&c)) {
                return Err("A skin temperature lies between 5 and 45 °C.".into());
            }
            known_test(session, test)?;
            if let Some(typed) = session.typed_at(test) {
                (typed.side, typed.nerve, typed.recorded_from, typed.temperature_c) = (side, nerve, recorded_from, temperature_c);
                return Ok(());
            }
            let study = session.edits.tests.get(&test).and_then(|edits| edits.study.clone());
            let edits = TestEdits { kind: Some(kind), side, nerve: Some(nerve), recorded_from: Some(recorded_from), temperature_c, study };
            session.edits.tests.insert(test, edits);
        }
        Edit::Assign { test, study, side } => assign(session, test, study, side)?,
        Edit::Polarity { test, turned } => {
            known_test(session, test)?;
            session.edits.turned.insert(test, turned);
        }
        Edit::DeriveTest { mut test } => {
            if let DerivedTest::Annotations { recording, text, moments_s, .. } = &mut test {
                let marks = session.annotations(*recording).into_iter().filter(|annotation| annotation.text.trim() == text.trim());
                *moments_s = marks.map(|annotation| annotation.onset_s).take(MAX_DERIVED).collect();
            }
            let sweeps_before = session.examination().sweeps.len();
            session.edits.derived_tests.push(test);
            if session.examination().sweeps.len() == sweeps_before {
                return Err("No sweep could be made of this: nothing lies around these moments.".into());
            }
            let examination = session.examination();
            let made = examination.tests.len() - 1;
            if polarity::is_turned(&session.acquired.recordings, &examination, &session.samples, made) {
                session.edits.turned.insert(made, true);
            }
        }
        Edit::AddAnnotation { recording, annotation } => {
            known_recording(session, recording)?;
            session.edits.annotations.push(AnnotationEdit { recording, replaces: None, now: Some(annotation) });
        }
        Edit::SetAnnotation { recording, id, annotation } => set_annotation(session, recording, id, annotation)?,
        Edit::Lanes { recording, lanes, .. } => {
            known_recording(session, recording)?;
            let channels = session.acquired.recordings[recording].channels.len();
            if lanes
                .iter()
                .any(|lane| lane.recording != recording || lane.channel >= channels || lane.minus.is_some_and(|minus| minus >= channels))
            {
                return Err("A lane names a channel that this recording does not have.".into());
            }
            for lane in &lanes {
                super::signal::check_filter(&lane.filter, session.acquired.recordings[recording].channels[lane.channel].fs_hz)?;
            }
            session.edits.lanes.retain(|lane| lane.recording != recording);
            session.edits.lanes.extend(lanes);
        }
        Edit::SweepFilter { filter } => {
            let examination = session.examination();
            let slowest = examination
                .sweeps
                .iter()
                .filter_map(|sweep| Some(session.acquired.recordings.get(sweep.recording)?.channels.get(sweep.channel)?.fs_hz));
            if let Some(filter) = &filter {
                super::signal::check_filter(filter, slowest.fold(f64::INFINITY, f64::min))?;
            }
            session.edits.sweep_filter = filter;
        }
        Edit::Trains { key, change } => session.change_trains(key, &change)?,
        Edit::Typed { change } => super::typed::apply(session, change)?,
        Edit::Muscles { change } => super::muscles::apply(session, change)?,
    }
    Ok(())
}

/// Makes a test the study that a person confirmed. Sites that are only numbered (`StimA`) get the
/// study's names; sites that have one keep it.
fn assign(session: &mut Session, index: usize, study: Option<String>, side: Option<crate::model::Side>) -> Result<(), String> {
    let examination = session.examination();
    let test = examination.tests.get(index).ok_or("This test is no longer there.")?;
    if let Some(typed) = session.typed_at(index) {
        // What it is was chosen when it was begun; its side may be told here.
        typed.side = side.or(typed.side);
        return Ok(());
    }
    let mut edits = TestEdits {
        kind: Some(test.kind),
        side: side.or(test.side),
        nerve: Some(test.nerve.clone()),
        recorded_from: Some(test.recorded_from.clone()),
        temperature_c: test.temperature_c,
        study: Some(study.clone().unwrap_or_default()),
    };
    let mut names = Vec::new();
    if let Some(study) = study {
        let known = norms::by_id(&study).ok_or("This study is not known.")?;
        // F waves, H reflexes and scans of a nerve stay what they are.
        if matches!(test.kind, TestKind::Unknown | TestKind::Motor | TestKind::Sensory) {
            edits.kind = Some(known.test_kind());
        }
        edits.nerve = Some(norms::pretty(&known.nerve));
        edits.recorded_from = Some(norms::short(known.recorded_from()));
        let bare = |name: &str| name.trim().is_empty() || is_stimulus(name.trim()) || name.starts_with("Site ");
        let known = known.sites.iter().map(|site| norms::pretty(&site.id));
        names =
            test.sites.iter().zip(known).enumerate().filter(|(_, (site, _))| bare(&site.name)).map(|(at, (_, name))| (at, name)).collect();
    }
    session.edits.tests.insert(index, edits);
    for (site, name) in names {
        site_edits(session, index, site)?.name = Some(name);
    }
    Ok(())
}

fn known_recording(session: &Session, recording: usize) -> Result<(), String> {
    if recording < session.acquired.recordings.len() { Ok(()) } else { Err("This recording is no longer there.".into()) }
}

fn known_test(session: &Session, test: usize) -> Result<(), String> {
    if test < session.examination().tests.len() { Ok(()) } else { Err("This test is no longer there.".into()) }
}

fn known_sweep(session: &Session, sweep: SweepId) -> Result<(), String> {
    sweep_length_s(session, sweep).map(|_| ())
}

fn sweep_length_s(session: &Session, sweep: SweepId) -> Result<f64, String> {
    if let Some(trace) = session.trace(sweep) {
        return Ok(trace.uv.len() as f64 / trace.fs_hz);
    }
    let sweep = averaged_site(sweep).unwrap_or(sweep);
    let examination = session.examination();
    let sweep = examination.sweeps.get(sweep).ok_or("This sweep is no longer there.")?;
    let channel = session.acquired.recordings.get(sweep.recording).and_then(|recording| recording.channels.get(sweep.channel));
    Ok(sweep.n as f64 / channel.ok_or("This channel is no longer there.")?.fs_hz)
}

fn place(session: &mut Session, sweep: SweepId, kind: MarkerKind, at_s: f64) -> Result<(), String> {
    let length_s = sweep_length_s(session, sweep)?;
    if !at_s.is_finite() {
        return Err("A marker needs a place.".into());
    }
    let at_s = at_s.clamp(0.0, length_s);
    session.edits.no_response.retain(|&other| other != sweep);
    session.edits.markers.retain(|marker| marker.sweep != sweep || marker.kind != kind);
    session.edits.markers.push(PlacedMarker { sweep, kind, at_s });
    Ok(())
}

/// Copies all markers by their latencies.
fn copy_markers(session: &mut Session, from: SweepId, to: SweepId) -> Result<(), String> {
    let examination = session.examination();
    for id in [from, to] {
        let first = averaged_site(id).unwrap_or(id);
        let test = examination.tests.iter().position(|test| test.sites.iter().any(|site| site.sweeps.contains(&first)));
        if let Some(test) = test.filter(|_| session.measured(id).is_none()) {
            session.remeasure(&examination, test);
        }
    }
    let zero_s = session.measured(to).map_or(0.0, |measured| measured.zero_s);
    let source = session.measured(from).filter(|measured| measured.response.is_some() || !measured.late.is_empty());
    let marks: Vec<(MarkerKind, f64)> = {
        let source = source.ok_or("There are no markers to copy.")?;
        MarkerKind::ALL.into_iter().filter_map(|kind| Some((kind, source.marker_ms(kind)?))).collect()
    };
    for (kind, ms) in marks {
        place(session, to, kind, zero_s + ms / 1e3)?;
    }
    Ok(())
}

fn site_edits(session: &mut Session, test: usize, site: usize) -> Result<&mut SiteEdits, String> {
    let there = session.examination().tests.get(test).is_some_and(|test| site < test.sites.len());
    if !there {
        return Err("This site is no longer there.".into());
    }
    let sites = &mut session.edits.sites;
    let at = sites.iter().position(|edits| edits.test == test && edits.site == site).unwrap_or_else(|| {
        sites.push(SiteEdits { test, site, ..SiteEdits::default() });
        sites.len() - 1
    });
    Ok(&mut sites[at])
}

fn set_annotation(session: &mut Session, recording: usize, id: usize, now: Option<crate::model::Annotation>) -> Result<(), String> {
    known_recording(session, recording)?;
    let of_file = session.acquired.recordings[recording].annotations.len();
    let edits = &mut session.edits.annotations;
    if id < of_file {
        edits.retain(|edit| edit.recording != recording || edit.replaces != Some(id));
        edits.push(AnnotationEdit { recording, replaces: Some(id), now });
        return Ok(());
    }
    let added = edits.iter_mut().filter(|edit| edit.recording == recording && edit.replaces.is_none()).nth(id - of_file);
    added.ok_or("This annotation is no longer there.")?.now = now;
    Ok(())
}
