//! Trains that a person changes, through the engine: kept, undone, found again.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use std::rc::Rc;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{ActivityKey, ActivityView, Edit, Event, Output, Request};
use myoscope::model::{ActivityClass, PotentialMark, SignalTask, TrainChange};
use myoscope::simulate::demo_needle;

const KEY: ActivityKey =
    ActivityKey { recording: 0, channel: 0, minus: None, turned: false, task: SignalTask::Units, from_s: 6.0, to_s: 14.0 };

fn desk(kept: Kept) -> Desk {
    let (study, samples) = demo_needle(16.0);
    let mut desk = Desk::adopt(study, Rc::new(samples), kept);
    desk.work();
    desk
}

fn last(outputs: &[Output]) -> Option<ActivityView> {
    outputs.iter().rev().find_map(|output| if let Event::Activity { view, .. } = &output.event { Some(view.clone()) } else { None })
}

fn ask(desk: &mut Desk, key: ActivityKey) -> ActivityView {
    let study = desk.study();
    let mut outputs = desk.send(Request::Analyse { study, key });
    outputs.extend(desk.work());
    last(&outputs).unwrap()
}

fn change(desk: &mut Desk, change: TrainChange) -> ActivityView {
    let mut outputs = desk.edit(Edit::Trains { key: KEY, change });
    assert!(!outputs.iter().any(|output| matches!(output.event, Event::Failed { .. })), "{outputs:?}");
    outputs.extend(desk.work());
    let view = last(&outputs).unwrap();
    assert!(view.done);
    view
}

fn times(view: &ActivityView) -> Vec<Vec<f64>> {
    view.measurement.trains.iter().map(|train| train.times_s.clone()).collect()
}

fn step_back(desk: &mut Desk, redo: bool) -> ActivityView {
    let study = desk.study();
    let mut outputs = desk.send(if redo { Request::Redo { study } } else { Request::Undo { study } });
    outputs.extend(desk.work());
    last(&outputs).unwrap()
}

#[test]
fn an_edit_is_undone_redone_and_found_again() {
    let mut desk = desk(Kept::default());
    let found = ask(&mut desk, KEY);
    assert!(!found.by_person && found.measurement.trains.len() >= 4);
    let merged = change(&mut desk, TrainChange::Merge { trains: vec![0, 1] });
    assert!(merged.by_person);
    assert_eq!(merged.measurement.trains.len() + 1, found.measurement.trains.len());
    assert!(merged.measurement.trains[0].by_person && !merged.measurement.trains[1].by_person);
    for (kept, found) in times(&merged)[1..].iter().zip(&times(&found)[2..]) {
        assert!(kept.len() == found.len() && kept.iter().zip(found).all(|(a, b)| (a - b).abs() < 2e-6));
    }
    // Everything follows the trains.
    assert_eq!(merged.measurement.tables[0].rows.len(), merged.measurement.trains.len() + 1);
    assert_eq!(merged.measurement.overlays.len(), merged.measurement.trains.len());
    assert_eq!(merged.measurement.potentials.len(), merged.measurement.trains.len());
    assert_eq!(desk.view().undo.as_deref(), Some("merge trains"));
    assert_eq!(desk.view().stretches.iter().map(|stretch| stretch.key).collect::<Vec<_>>(), [KEY]);
    let back = step_back(&mut desk, false);
    assert!(back.measurement == found.measurement);
    assert!(!back.by_person);
    let again = step_back(&mut desk, true);
    assert!(again.measurement == merged.measurement);

    // Another session, another analysis between: the stretch has its trains, another has none.
    let mut other = self::desk(desk.kept.clone());
    assert!(other.view().restored);
    assert!(!ask(&mut other, ActivityKey { to_s: 13.0, ..KEY }).by_person);
    let kept = ask(&mut other, KEY);
    assert!(kept.measurement == merged.measurement);
    let up = ask(&mut other, ActivityKey { turned: true, ..KEY });
    assert!(up.by_person && times(&up) == times(&merged));
    // 'Anew' forgets them, and can be undone.
    let study = other.study();
    other.send(Request::Analyse { study, key: KEY });
    other.work();
    let anew = change(&mut other, TrainChange::Anew);
    assert!(anew.measurement == found.measurement);
    assert!(step_back(&mut other, false).by_person);
}

#[test]
fn marks_and_single_discharges_are_kept_with_their_train() {
    let mut desk = desk(Kept::default());
    let found = ask(&mut desk, KEY);
    let second = found.measurement.trains[0].times_s[1];
    let fewer = change(&mut desk, TrainChange::DeleteDischarges { train: 0, times_s: vec![second] });
    assert!(times(&fewer)[0].iter().all(|time_s| (time_s - second).abs() > 0.01));
    let added = change(&mut desk, TrainChange::AddDischarge { train: 0, at_s: second + 0.0011 });
    assert_eq!(times(&added)[0].len(), times(&found)[0].len());
    assert!((times(&added)[0][1] - second).abs() < 2e-4, "{} {second}", times(&added)[0][1]);
    let end_ms = 15.0;
    let marked = change(&mut desk, TrainChange::Mark { train: 0, mark: PotentialMark::End, at: Some(end_ms) });
    let mark = marked.measurement.potentials[0].marks.iter().find(|mark| mark.mark == PotentialMark::End).copied().unwrap();
    assert!(mark.by_person && (mark.at - end_ms).abs() < 0.05 && mark.automatic.is_some_and(|at| at != mark.at), "{mark:?}");
    let kept = desk.kept.clone();
    let mut other = self::desk(kept);
    assert!(ask(&mut other, KEY).measurement == marked.measurement);
    let reset = change(&mut other, TrainChange::ResetMarks { train: 0 });
    assert!(reset.measurement.potentials[0].marks.iter().all(|mark| !mark.by_person));
}

#[test]
fn a_drag_of_a_mark_is_one_step_to_undo() {
    let mut desk = desk(Kept::default());
    let found = ask(&mut desk, KEY);
    for at in [10.0, 11.0, 12.0] {
        let change = TrainChange::Mark { train: 1, mark: PotentialMark::End, at: Some(at) };
        desk.edit_in(Edit::Trains { key: KEY, change }, Some(7));
    }
    assert!(step_back(&mut desk, false).measurement == found.measurement);
    assert_eq!(desk.view().undo, None);
}

#[test]
fn what_makes_no_sense_is_refused_in_a_sentence() {
    let mut desk = desk(Kept::default());
    let edit = |change: TrainChange| Edit::Trains { key: KEY, change };
    assert!(desk.refused(&edit(TrainChange::Delete { train: 0 })).contains("Analyse this stretch first"));
    ask(&mut desk, KEY);
    let many = usize::MAX;
    for (change, words) in [
        (TrainChange::Delete { train: many }, "no longer there"),
        (TrainChange::Merge { trains: vec![] }, "two trains"),
        (TrainChange::Merge { trains: vec![1, 1] }, "two trains"),
        (TrainChange::Merge { trains: vec![0, many] }, "no longer there"),
        (TrainChange::DeleteDischarges { train: 0, times_s: vec![] }, "Choose"),
        (TrainChange::DeleteDischarges { train: 0, times_s: vec![f64::NAN] }, "no longer there"),
        (TrainChange::AddDischarge { train: 0, at_s: f64::NAN }, "within the stretch"),
        (TrainChange::AddDischarge { train: 0, at_s: 1.0 }, "within the stretch"),
        (TrainChange::Reassign { from: Some(0), to: Some(0), times_s: vec![7.0] }, "already"),
        (TrainChange::Reassign { from: None, to: Some(0), times_s: vec![99.0] }, "within the stretch"),
        (TrainChange::Mark { train: 0, mark: PotentialMark::Onset, at: Some(f64::INFINITY) }, "lies within"),
        (TrainChange::Anew, "Nothing was changed"),
    ] {
        let why = desk.refused(&edit(change.clone()));
        assert!(why.contains(words) && why.ends_with('.'), "{change:?}: {why}");
    }
    let other = Edit::Trains { key: ActivityKey { channel: 5, ..KEY }, change: TrainChange::Anew };
    assert!(desk.refused(&other).contains("Analyse this stretch first"));
}

#[test]
fn a_class_given_by_hand_stays_with_its_train_at_rest() {
    let key = ActivityKey { task: SignalTask::Rest, ..KEY };
    let mut desk = desk(Kept::default());
    let found = ask(&mut desk, key);
    assert!(!found.measurement.trains.is_empty(), "{}", found.measurement.verdict);
    let change = TrainChange::Class { train: 0, class: Some(ActivityClass::Cramp) };
    let outputs = desk.edit(Edit::Trains { key, change });
    let named = last(&outputs).unwrap();
    assert!(named.done && named.by_person);
    let train = &named.measurement.trains[0];
    assert!(train.class == ActivityClass::Cramp && train.by_person && train.name.starts_with("Cramp"), "{train:?}");
    assert!(train.why[0].contains("by a person"));
    let mut other = self::desk(desk.kept.clone());
    assert!(ask(&mut other, key).measurement == named.measurement);
    let study = other.study();
    let back = last(&other.send(Request::Undo { study }));
    assert!(back.is_none(), "nothing was done in this session");
    let split = Edit::Trains { key, change: TrainChange::Split { train: 0 } };
    assert!(other.refused(&split).contains("another class"));
}
