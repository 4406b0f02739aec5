//! Analyses of continuous signals through the engine: in steps, within one span, in microvolts.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use std::rc::Rc;

use common::desk::{Desk, Kept};
use myoscope::analysis::signal::signal_analyzer;
use myoscope::engine::protocol::{ActivityKey, ActivityView, Event, Output, Request};
use myoscope::model::{SignalTask, Span};
use myoscope::simulate::demo_needle;

fn desk(seconds: f64, change: impl FnOnce(&mut myoscope::model::Recording)) -> Desk {
    let (mut study, samples) = demo_needle(seconds);
    change(&mut study.recordings[0]);
    let mut desk = Desk::adopt(study, Rc::new(samples), Kept::default());
    desk.work();
    desk
}

fn key(from_s: f64, to_s: f64) -> ActivityKey {
    ActivityKey { recording: 0, channel: 0, minus: None, turned: false, task: SignalTask::Units, from_s, to_s }
}

fn ask(desk: &mut Desk, key: ActivityKey) -> Vec<Output> {
    let study = desk.study();
    let mut outputs = desk.send(Request::Analyse { study, key });
    outputs.extend(desk.work());
    outputs
}

fn views(outputs: &[Output]) -> Vec<ActivityView> {
    let view = |output: &Output| if let Event::Activity { view, .. } = &output.event { Some(view.clone()) } else { None };
    outputs.iter().filter_map(view).collect()
}

#[test]
fn units_come_in_steps_and_are_complete_in_the_end() {
    assert!(SignalTask::ALL.into_iter().all(|task| signal_analyzer(task).is_some_and(|analyzer| analyzer.task() == task)));
    let mut desk = desk(20.0, |_| ());
    let outputs = ask(&mut desk, key(5.0, 20.0));
    assert!(outputs.iter().any(|output| matches!(&output.event, Event::Progress { what, .. } if what == "Motor units")));
    assert!(matches!(outputs.last().unwrap().event, Event::Finished { cancelled: false, .. }));
    let views = views(&outputs);
    assert!(views.len() > 1 && views[..views.len() - 1].iter().all(|view| !view.done));
    let last = views.last().unwrap();
    assert!(last.done);
    assert_eq!((last.key.from_s, last.key.to_s), (5.0, 20.0));
    assert!(last.measurement.trains.len() >= 4, "{}", last.measurement.verdict);
    // Times are those of the recording.
    let times = || last.measurement.trains.iter().flat_map(|train| &train.times_s);
    assert!(times().all(|time_s| (5.0..20.0).contains(time_s)) && times().any(|time_s| *time_s > 19.0));
}

#[test]
fn a_stretch_with_a_gap_is_cut_to_its_longest_part() {
    let mut desk = desk(20.0, |recording| {
        recording.timeline.spans =
            vec![Span { onset_s: 0.0, stored_s: 0.0, duration_s: 8.0 }, Span { onset_s: 30.0, stored_s: 8.0, duration_s: 12.0 }];
    });
    let views = views(&ask(&mut desk, key(0.0, 42.0)));
    let last = views.last().unwrap();
    assert_eq!((last.key.from_s, last.key.to_s), (30.0, 42.0));
    assert!(last.measurement.quality.iter().any(|flag| flag.what.contains("gaps")));
    assert!(last.measurement.trains.iter().flat_map(|train| &train.times_s).all(|time_s| (30.0..42.0).contains(time_s)));
}

#[test]
fn a_long_stretch_is_taken_apart_as_a_whole() {
    let mut desk = desk(100.0, |_| ());
    let outputs = ask(&mut desk, key(0.0, 100.0));
    let said = |words: &str| outputs.iter().any(|output| matches!(&output.event, Event::Progress { what, .. } if what.contains(words)));
    assert!(said("Motor units, ") && said(" of 100 s"));
    let views = views(&outputs);
    let last = views.last().unwrap();
    assert_eq!((last.key.from_s, last.key.to_s), (0.0, 100.0));
    assert!(last.measurement.quality.is_empty(), "{:?}", last.measurement.quality);
    assert!(last.measurement.trains.len() >= 4, "{}", last.measurement.verdict);
    // Trains go on to the end, and some are known long before it.
    let late = |view: &ActivityView| view.measurement.trains.iter().filter(|train| train.times_s.last().is_some_and(|t| *t > 98.0)).count();
    assert!(late(last) >= 4);
    assert!(views.iter().any(|view| !view.done && !view.measurement.trains.is_empty() && late(view) == 0));
}

#[test]
fn what_cannot_be_analysed_is_said() {
    let failed = |outputs: &[Output]| {
        outputs.iter().find_map(|output| if let Event::Failed { what } = &output.event { Some(what.clone()) } else { None })
    };
    let mut force = desk(4.0, |recording| recording.channels[0].unit = "N".into());
    assert!(failed(&ask(&mut force, key(0.0, 4.0))).unwrap().contains("no voltage"));
    let mut desk = desk(4.0, |_| ());
    for key in [key(9.0, 12.0), key(1.0, 1.001), key(f64::NAN, f64::NAN)] {
        assert!(failed(&ask(&mut desk, key)).unwrap().contains("no signal"), "{key:?}");
    }
    assert!(failed(&ask(&mut desk, ActivityKey { channel: 7, ..key(0.0, 4.0) })).unwrap().contains("no longer there"));
    // It goes on after all that.
    assert!(views(&ask(&mut desk, key(0.0, 4.0))).last().unwrap().done);
}

#[test]
fn cancelling_ends_it_without_an_answer() {
    let mut desk = desk(20.0, |_| ());
    let study = desk.study();
    desk.send(Request::Analyse { study, key: key(0.0, 20.0) });
    let outputs = desk.send(Request::Cancel { study });
    assert!(matches!(outputs.last().unwrap().event, Event::Finished { cancelled: true, .. }));
    assert!(views(&desk.work()).is_empty());
}
