//! Changes of a person to trains of discharges, on signals with known truth.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use myoscope::analysis::needle::decompose::{Options, decompose, rebuild};
use myoscope::analysis::needle::edit::apply;
use myoscope::analysis::needle::rest::RestAnalyzer;
use myoscope::analysis::needle::units::Units;
use myoscope::analysis::signal::{SignalAnalysis, SignalAnalyzer, SignalInput};
use myoscope::model::{ActivityClass, EditedTrain, PotentialMark, SignalMeasurement, TrainChange};
use myoscope::simulate::{SimulatedNeedle, simulate_needle};

fn trains(times: &[Vec<f64>]) -> Vec<EditedTrain> {
    let train = |(k, times): (usize, &Vec<f64>)| EditedTrain { name: format!("MU {k}"), times_s: times.clone(), ..EditedTrain::default() };
    times.iter().enumerate().map(train).collect()
}

fn found(truth: &SimulatedNeedle) -> Vec<EditedTrain> {
    trains(&decompose(&truth.uv, truth.fs_hz, Options::default()).trains.iter().map(|t| t.times_s()).collect::<Vec<_>>())
}

/// Part of `a` that `b` has within half a millisecond, up to one shift: merging moves trains onto each other.
fn part(a: &[f64], b: &[f64]) -> f64 {
    let at = |shift: f64| a.iter().filter(|t| b.iter().any(|o| (o - *t - shift).abs() < 5e-4)).count() as f64 / a.len().max(1) as f64;
    (-8..=8).map(|k| at(f64::from(k) * 2e-4)).fold(0.0, f64::max)
}

#[test]
fn a_split_train_merged_is_the_train_again() {
    for seed in [3, 5, 8, 13] {
        let truth = simulate_needle(seed, 4, 8.0, 4.0);
        let before = found(&truth);
        for train in 0..before.len() {
            let split = apply(&truth.uv, truth.fs_hz, &before, &TrainChange::Split { train }).unwrap();
            assert_eq!(split.len(), before.len() + 1);
            let (kept, made) = (&split[train], &split[train + 1]);
            assert!(kept.by_person && made.by_person && made.name != kept.name && made.times_s.len() <= kept.times_s.len());
            let merged = apply(&truth.uv, truth.fs_hz, &split, &TrainChange::Merge { trains: vec![train, train + 1] }).unwrap();
            assert_eq!(merged[train].times_s, before[train].times_s, "seed {seed} train {train}");
            assert_eq!(merged[train].name, before[train].name);
            for other in (0..before.len()).filter(|other| *other != train) {
                assert_eq!(merged[other], before[other]);
            }
        }
    }
}

#[test]
fn two_units_in_one_train_are_told_apart_by_shape() {
    for seed in [2, 4, 6] {
        let truth = simulate_needle(seed, 3, 10.0, 4.0);
        let before = found(&truth);
        assert_eq!(before.len(), 3, "seed {seed}");
        let merged = apply(&truth.uv, truth.fs_hz, &before, &TrainChange::Merge { trains: vec![0, 1] }).unwrap();
        assert_eq!(merged.len(), 2);
        let split = apply(&truth.uv, truth.fs_hz, &merged, &TrainChange::Split { train: 0 }).unwrap();
        for old in &before[..2] {
            let best = split[..2].iter().map(|new| part(&old.times_s, &new.times_s).min(part(&new.times_s, &old.times_s)));
            let best = best.fold(0.0, f64::max);
            assert!(best > 0.93, "seed {seed}: {best:.3}");
        }
    }
}

#[test]
fn trains_named_after_different_peaks_are_moved_onto_each_other() {
    let truth = simulate_needle(7, 2, 10.0, 4.0);
    let mut before = found(&truth);
    let whole = before[0].times_s.clone();
    // Half of the first train, named 0.8 ms too late, as a train of its own.
    let half = |odd: usize| whole.iter().copied().skip(odd).step_by(2);
    let late: Vec<f64> = half(1).map(|t| t + 8e-4).collect();
    before[0].times_s = half(0).collect();
    before.push(EditedTrain { name: "late".into(), times_s: late, ..EditedTrain::default() });
    let last = before.len() - 1;
    let merged = apply(&truth.uv, truth.fs_hz, &before, &TrainChange::Merge { trains: vec![0, last] }).unwrap();
    assert_eq!(merged[0].times_s.len(), whole.len());
    let worst = merged[0].times_s.iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn a_discharge_taken_away_is_found_again_from_near_by() {
    let truth = simulate_needle(11, 3, 8.0, 4.0);
    let before = found(&truth);
    for train in 0..before.len() {
        for place in [5, 20, 31] {
            let at_s = before[train].times_s[place];
            let gone = TrainChange::DeleteDischarges { train, times_s: vec![at_s] };
            let fewer = apply(&truth.uv, truth.fs_hz, &before, &gone).unwrap();
            assert_eq!(fewer[train].times_s.len() + 1, before[train].times_s.len());
            for off in [-0.0015, 0.0, 0.002] {
                let more = apply(&truth.uv, truth.fs_hz, &fewer, &TrainChange::AddDischarge { train, at_s: at_s + off }).unwrap();
                let now = more[train].times_s[place];
                assert!((now - at_s).abs() < 1.5e-4, "train {train} discharge {place}: {now} for {at_s}");
            }
            let twice = apply(&truth.uv, truth.fs_hz, &before, &TrainChange::AddDischarge { train, at_s });
            assert!(twice.unwrap_err().contains("already"));
        }
    }
    // Between discharges there is nothing to add.
    let mut quiet = before[0].times_s.windows(2).map(|w| 0.5 * (w[0] + w[1]));
    let free = quiet.find(|t| before.iter().all(|train| train.times_s.iter().all(|o| (o - t).abs() > 0.02))).unwrap();
    let why = apply(&truth.uv, truth.fs_hz, &before, &TrainChange::AddDischarge { train: 0, at_s: free }).unwrap_err();
    assert!(why.contains("looks like a discharge"), "{why}");
}

#[test]
fn discharges_go_to_another_train_and_to_a_new_one() {
    let truth = simulate_needle(12, 3, 8.0, 4.0);
    let before = found(&truth);
    let some: Vec<f64> = before[1].times_s[3..6].to_vec();
    let change = TrainChange::Reassign { from: Some(1), to: None, times_s: some.clone() };
    let new = apply(&truth.uv, truth.fs_hz, &before, &change).unwrap();
    assert_eq!((new.len(), &new[before.len()].times_s), (before.len() + 1, &some));
    assert_eq!(new[1].times_s.len() + 3, before[1].times_s.len());
    let back = TrainChange::Reassign { from: Some(before.len()), to: Some(1), times_s: some.clone() };
    let back = apply(&truth.uv, truth.fs_hz, &new, &back).unwrap();
    // The emptied train is gone, and the discharges are where they were.
    assert_eq!(back.len(), before.len());
    assert_eq!(back[1].times_s.len(), before[1].times_s.len());
    assert!(back[1].times_s.iter().zip(&before[1].times_s).all(|(a, b)| (a - b).abs() < 1.5e-4));
    // One that nobody had.
    let fewer = apply(&truth.uv, truth.fs_hz, &before, &TrainChange::Delete { train: 2 }).unwrap();
    let at_s = before[2].times_s[4];
    let lone = TrainChange::Reassign { from: None, to: None, times_s: vec![at_s] };
    let lone = apply(&truth.uv, truth.fs_hz, &fewer, &lone).unwrap();
    assert_eq!(lone[2].times_s, [at_s]);
    let shown = rebuild(&truth.uv, truth.fs_hz, &lone.iter().map(|t| t.times_s.clone()).collect::<Vec<_>>());
    assert_eq!(shown.trains[2].discharges.len(), 1);
    assert!(shown.trains[2].potential.uv.iter().all(|v| v.is_finite()));
}

#[test]
fn class_and_marks_belong_to_the_train() {
    let uv = vec![0.0; 30_000];
    let before = trains(&[vec![0.1, 0.2], vec![0.3]]);
    let class = TrainChange::Class { train: 1, class: Some(ActivityClass::Fibrillation) };
    let now = apply(&uv, 30_000.0, &before, &class).unwrap();
    assert_eq!((now[0].clone(), now[1].class), (before[0].clone(), Some(ActivityClass::Fibrillation)));
    let mark = |at| TrainChange::Mark { train: 0, mark: PotentialMark::Onset, at };
    let now = apply(&uv, 30_000.0, &now, &mark(Some(-3.0))).unwrap();
    assert_eq!(now[0].marks.get(&PotentialMark::Onset), Some(&-3.0));
    assert!(apply(&uv, 30_000.0, &now, &mark(None)).unwrap()[0].marks.is_empty());
    // The last discharge takes its train along.
    let gone = apply(&uv, 30_000.0, &now, &TrainChange::DeleteDischarges { train: 1, times_s: vec![0.3] }).unwrap();
    assert_eq!(gone.len(), 1);
}

#[test]
fn hostile_changes_and_signals_are_refused_or_survived() {
    let truth = simulate_needle(3, 2, 3.0, 4.0);
    let n = truth.uv.len();
    let odd = [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300, 2.9999];
    let index = [0, 1, 2, usize::MAX];
    let mut changes = vec![TrainChange::Anew];
    for &a in &index {
        changes.extend([TrainChange::Split { train: a }, TrainChange::Delete { train: a }, TrainChange::ResetMarks { train: a }]);
        for &b in &index {
            changes.push(TrainChange::Merge { trains: vec![a, b] });
        }
        for &at_s in &odd {
            changes.push(TrainChange::AddDischarge { train: a, at_s });
            changes.push(TrainChange::DeleteDischarges { train: a, times_s: vec![at_s, at_s] });
            changes.push(TrainChange::Reassign { from: Some(a), to: None, times_s: vec![at_s] });
            changes.push(TrainChange::Reassign { from: None, to: Some(a), times_s: vec![at_s, 0.5] });
            changes.push(TrainChange::Mark { train: a, mark: PotentialMark::Baseline, at: Some(at_s) });
        }
    }
    let signals = [(truth.uv.clone(), truth.fs_hz), (vec![0.0; n], 25_000.0), (vec![f64::NAN; n], 25_000.0), (Vec::new(), 25_000.0)];
    let signals = signals.into_iter().chain([(truth.uv.clone(), f64::NAN), (truth.uv.clone(), 0.0), (truth.uv[..40].to_vec(), 25_000.0)]);
    for (uv, fs_hz) in signals {
        let given = trains(&[vec![0.01, 0.5, 0.6, 0.7, 2.5], vec![0.2, 0.50001]]);
        for change in &changes {
            match apply(&uv, fs_hz, &given, change) {
                Ok(now) => {
                    let sound = |t: &EditedTrain| !t.times_s.is_empty() && t.times_s.iter().all(|s| s.is_finite()) && t.times_s.is_sorted();
                    assert!(now.iter().all(sound), "{change:?}: {now:?}");
                }
                Err(why) => assert!(why.ends_with('.') && why.len() > 10, "{change:?}: {why}"),
            }
        }
        assert!(apply(&uv, fs_hz, &[], &TrainChange::Split { train: 0 }).is_err());
    }
}

/// The analysis of a signal, all of it.
fn analysed(uv: &[f64], fs_hz: f64) -> Box<dyn SignalAnalysis> {
    let mut analysis = Units.begin(SignalInput { uv: uv.to_vec(), fs_hz, ..SignalInput::default() });
    while analysis.step().is_some() {}
    analysis
}

/// As an edit stores trains: in whole microseconds.
fn stored(mut trains: Vec<EditedTrain>) -> Vec<EditedTrain> {
    trains.iter_mut().flat_map(|train| &mut train.times_s).for_each(|time_s| *time_s = (*time_s * 1e6).round() / 1e6);
    trains
}

fn edited(analysis: &mut dyn SignalAnalysis, change: &TrainChange) -> SignalMeasurement {
    let trains = stored(analysis.changed(change).unwrap());
    analysis.revise(Some(trains));
    while analysis.step().is_some() {}
    analysis.measurement()
}

#[test]
fn an_edit_leaves_every_train_that_it_does_not_touch() {
    for seed in 1..=10_u64 {
        let truth = simulate_needle(seed, 3 + seed as usize % 6, 6.0, 5.0);
        let mut analysis = analysed(&truth.uv, truth.fs_hz);
        let found = analysis.measurement();
        // A class changes what is said of its train, and nothing else.
        let class = edited(analysis.as_mut(), &TrainChange::Class { train: 0, class: Some(ActivityClass::Myokymic) });
        assert_eq!(class.trains[0].class, ActivityClass::Myokymic);
        assert_eq!(class.unresolved_s, found.unresolved_s, "seed {seed}");
        assert_eq!(class.trains[1..], found.trains[1..], "seed {seed}");
        assert_eq!((&class.trains[0].times_s, class.trains[0].confidence), (&found.trains[0].times_s, found.trains[0].confidence));
        assert_eq!(class.potentials, found.potentials);
        assert_eq!(class.overlays, found.overlays);
        assert_eq!(class.tables[0].rows, found.tables[0].rows);
        // A train that is deleted leaves its discharges.
        analysis.revise(None);
        let fewer = edited(analysis.as_mut(), &TrainChange::Delete { train: 0 });
        assert!(fewer.trains.iter().zip(&found.trains[1..]).all(|(a, b)| a.times_s == b.times_s && a.confidence == b.confidence));
        assert_eq!(fewer.potentials, found.potentials[1..]);
        let left = |at_s: f64| fewer.trains.iter().any(|train| train.times_s.iter().any(|t| (t - at_s).abs() < 2e-3));
        for at_s in &found.trains[0].times_s {
            assert!(left(*at_s) || fewer.unresolved_s.contains(at_s), "seed {seed} {at_s}");
        }
        assert!(found.unresolved_s.iter().all(|at_s| fewer.unresolved_s.contains(at_s)));
        assert!(fewer.unresolved_s.len() <= found.unresolved_s.len() + found.trains[0].times_s.len());
        // A discharge less changes its train alone, and the way to an edit does not matter.
        analysis.revise(None);
        let which = TrainChange::DeleteDischarges { train: 1, times_s: vec![found.trains[1].times_s[3]] };
        let without = edited(analysis.as_mut(), &which);
        let others = |of: &SignalMeasurement| {
            let beside = of.trains.iter().zip(&of.potentials).enumerate().filter(|(k, _)| *k != 1);
            beside.map(|(_, (train, potential))| (train.clone(), potential.clone())).collect::<Vec<_>>()
        };
        assert!(others(&without) == others(&found), "seed {seed}");
        assert_eq!(without.trains[1].times_s.len() + 1, found.trains[1].times_s.len());
        assert!(without.trains[1].confidence > 0.5 * found.trains[1].confidence);
        let trains = stored(analysis.changed(&TrainChange::ResetMarks { train: 0 }).unwrap());
        let mut anew = Units.begin(SignalInput { uv: truth.uv.clone(), fs_hz: truth.fs_hz, ..SignalInput::default() });
        anew.revise(Some(trains));
        while anew.step().is_some() {}
        assert!(anew.measurement() == without, "seed {seed}");
    }
}

#[test]
fn a_class_at_rest_changes_its_train_alone() {
    for seed in 1..=10_u64 {
        let truth = simulate_needle(seed, 1 + seed as usize % 3, 6.0, 5.0);
        let mut analysis = RestAnalyzer.begin(SignalInput { uv: truth.uv.clone(), fs_hz: truth.fs_hz, ..SignalInput::default() });
        while analysis.step().is_some() {}
        let found = analysis.measurement();
        let Some(first) = found.trains.first().cloned() else { continue };
        let class = edited(analysis.as_mut(), &TrainChange::Class { train: 0, class: Some(ActivityClass::Myokymic) });
        let at = class.trains.iter().position(|train| train.by_person).unwrap();
        assert_eq!(class.trains[at].class, ActivityClass::Myokymic);
        let mut others = class.trains.clone();
        others.remove(at);
        assert_eq!(class.trains[at].times_s.len(), first.times_s.len());
        for other in &others {
            assert!(found.trains.iter().any(|train| train.times_s == other.times_s && train.class == other.class), "seed {seed}");
        }
        assert_eq!(others.len() + 1, found.trains.len());
        assert_eq!(class.unresolved_s, found.unresolved_s);
    }
}
