//! The engine by its protocol, with surroundings that keep things: what a person does to a study.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test may fail the test")]

mod common;

use common::desk::{Desk, Kept, demo_edf};
use myoscope::engine::protocol::{Buffer, Edit, Event, Leaving, Request, Store, SweepView, UNREADABLE};
use myoscope::formats::OpenOptions;
use myoscope::model::{
    Annotation, DerivedTest, Edits, FilterChain, LaneSettings, LineFilter, MarkerKind, MarkerOrigin, Response, TestKind,
};

/// The simulated study with both tests measured.
fn demo(kept: Kept) -> Desk {
    let mut desk = Desk::new(kept);
    desk.send(Request::OpenDemo { demo: "motor".into() });
    desk.sweeps(0);
    desk.sweeps(1);
    desk
}

fn sweep(desk: &Desk, id: usize) -> SweepView {
    let sweeps = desk.view().tests.iter().flat_map(|test| &test.sites).flat_map(|site| &site.sweeps);
    sweeps.into_iter().find(|sweep| sweep.id == id).unwrap().clone()
}

fn motor(desk: &Desk, id: usize) -> Response {
    sweep(desk, id).measurement.unwrap().response.unwrap()
}

fn origin(desk: &Desk, id: usize, kind: MarkerKind) -> MarkerOrigin {
    sweep(desk, id).measurement.unwrap().origin(kind)
}

/// Moves a marker of sweep `id` by `by_ms`; returns where it is then, ms.
fn nudge(desk: &mut Desk, id: usize, kind: MarkerKind, by_ms: f64, gesture: Option<u32>) -> f64 {
    let zero_s = sweep(desk, id).measurement.unwrap().zero_s;
    let ms = motor(desk, id).marker_ms(kind).unwrap() + by_ms;
    desk.edit_in(Edit::MoveMarker { sweep: id, kind, at_s: zero_s + ms / 1e3 }, gesture);
    ms
}

fn note(onset_s: f64, text: &str) -> Annotation {
    Annotation { onset_s, duration_s: None, text: text.into(), channel: None }
}

fn texts(desk: &Desk) -> Vec<(usize, String)> {
    desk.view().recordings[0].annotations.iter().map(|view| (view.id, view.annotation.text.clone())).collect()
}

#[test]
fn a_file_is_opened_measured_and_edited() {
    let mut desk = Desk::open(vec![("demo.edf", demo_edf())], Kept::new());
    let view = desk.view().clone();
    assert_eq!((view.title.as_str(), view.recordings.len(), view.tests.len(), view.restored), ("demo.edf", 1, 1, false));
    assert!(!view.tests[0].measured && view.undo.is_none() && desk.keeps.is_empty());
    let sweeps = desk.sweeps(0);
    assert_eq!(sweeps.len(), 2);
    assert!(desk.view().tests[0].measured);
    let truth = myoscope::simulate::demo_motor_truth();
    for (id, truth) in truth.iter().take(2).enumerate() {
        let (found, truth) = (motor(&desk, id), truth.unwrap());
        assert!((found.onset_ms - truth.onset_ms).abs() < 0.3, "{} for {}", found.onset_ms, truth.onset_ms);
        assert!((found.amp_uv / truth.amp_uv - 1.0).abs() < 0.05);
    }
    let before = motor(&desk, 0);
    let moved = nudge(&mut desk, 0, MarkerKind::Onset, 0.5, None);
    let after = motor(&desk, 0);
    assert!((after.onset_ms - moved).abs() < 1e-9 && after.duration_ms < before.duration_ms);
    assert_eq!(sweep(&desk, 0).measurement.unwrap().automatic, Some(before), "kept for comparison");
    assert_eq!((origin(&desk, 0, MarkerKind::Onset), origin(&desk, 1, MarkerKind::Onset)), (MarkerOrigin::Person, MarkerOrigin::Automatic));
    assert_eq!(desk.view().undo.as_deref(), Some("move onset"));
    let [(Store::Edits, _, json)] = &desk.keeps[..] else { panic!("one keep: {:?}", desk.keeps.len()) };
    let edits: Edits = serde_json::from_slice(json).unwrap();
    assert_eq!((edits.markers.len(), edits.markers[0].kind), (1, MarkerKind::Onset));
}

#[test]
fn undo_and_redo_go_through_everything_and_gestures_are_one_step() {
    let mut desk = demo(Kept::new());
    let start = desk.view().clone();
    for k in 0..5 {
        nudge(&mut desk, 0, MarkerKind::Onset, 0.1, Some(7));
        assert_eq!(desk.keeps.len(), k + 1, "every step of a drag is kept");
    }
    nudge(&mut desk, 0, MarkerKind::NegativePeak, 0.1, Some(8));
    desk.edit(Edit::Distance { test: 0, site: 1, distance_mm: Some(250.0) });
    let end = desk.view().clone();
    assert_eq!(end.tests[0].sites[1].distance_mm, Some(250.0));
    desk.undo();
    assert_eq!((desk.view().undo.as_deref(), desk.view().redo.as_deref()), (Some("move negative peak"), Some("distance")));
    desk.undo();
    desk.undo();
    assert_eq!(desk.view().tests, start.tests, "three steps back");
    assert!(desk.view().undo.is_none());
    desk.undo();
    for _ in 0..3 {
        desk.redo();
    }
    assert_eq!(desk.view().tests, end.tests);
    desk.undo();
    desk.undo();
    // The gesture that was undone ended there: going on with it is a new step.
    nudge(&mut desk, 0, MarkerKind::NegativePeak, 0.2, Some(8));
    assert!(desk.view().redo.is_none());
    desk.undo();
    assert_eq!(origin(&desk, 0, MarkerKind::NegativePeak), MarkerOrigin::Automatic);
    assert_eq!(origin(&desk, 0, MarkerKind::Onset), MarkerOrigin::Person);
    // What changes nothing is no step.
    let undo = desk.view().undo.clone();
    assert!(desk.edit(Edit::NoResponse { sweep: 0, on: false }).is_empty());
    assert_eq!(desk.view().undo, undo);
}

#[test]
fn a_marker_that_a_person_placed_stays_through_re_analysis() {
    let mut desk = demo(Kept::new());
    let zero_s = sweep(&desk, 0).measurement.unwrap().zero_s;
    let ms = nudge(&mut desk, 0, MarkerKind::NegativePeak, 0.7, None);
    let at_s = zero_s + ms / 1e3;
    let stands = |desk: &Desk| {
        let measured = sweep(desk, 0).measurement.unwrap();
        let now = measured.zero_s + measured.response.unwrap().peak_ms / 1e3;
        assert!((now - at_s).abs() < 1e-9, "{now} for {at_s}");
        assert_eq!(measured.origin(MarkerKind::NegativePeak), MarkerOrigin::Person);
    };
    desk.edit(Edit::Stimulus { sweep: 0, at_s: Some(zero_s + 0.001) });
    stands(&desk);
    assert!((motor(&desk, 0).peak_ms - (ms - 1.0)).abs() < 1e-6, "latencies count from the new stimulus");
    desk.edit(Edit::Polarity { test: 0, turned: true });
    stands(&desk);
    assert!(desk.view().tests[0].turned);
    desk.edit(Edit::SweepFilter { filter: Some(FilterChain { low_pass_hz: Some(500.0), ..FilterChain::default() }) });
    desk.sweeps(0);
    stands(&desk);
    let test = &desk.view().tests[0];
    let (side, nerve, from) = (test.side, test.nerve.clone(), test.recorded_from.clone());
    desk.edit(Edit::Test { test: 0, kind: TestKind::Sensory, side, nerve, recorded_from: from, temperature_c: None });
    stands(&desk);
    assert!(sweep(&desk, 0).measurement.unwrap().method.contains("sensory"));
    desk.edit(Edit::Polarity { test: 0, turned: false });
    desk.edit(Edit::Stimulus { sweep: 0, at_s: None });
    stands(&desk);
    desk.edit(Edit::ResetMarker { sweep: 0, kind: MarkerKind::NegativePeak });
    assert_eq!(origin(&desk, 0, MarkerKind::NegativePeak), MarkerOrigin::Automatic);
}

#[test]
fn markers_are_copied_and_responses_declared_absent() {
    let mut desk = demo(Kept::new());
    desk.edit(Edit::CopyMarkers { from: 0, to: 1 });
    assert!((motor(&desk, 1).onset_ms - motor(&desk, 0).onset_ms).abs() < 1e-6);
    assert_eq!(origin(&desk, 1, MarkerKind::PositivePeak), MarkerOrigin::Person);
    desk.edit(Edit::NoResponse { sweep: 0, on: true });
    let declared = sweep(&desk, 0);
    assert!(declared.no_response && declared.measurement.as_ref().unwrap().response.is_none());
    assert!(declared.measurement.unwrap().automatic.is_some());
    assert!(desk.refused(&Edit::CopyMarkers { from: 0, to: 1 }).contains("no markers"));
    // A marker set on it takes the declaration back.
    desk.edit(Edit::MoveMarker { sweep: 0, kind: MarkerKind::Onset, at_s: 0.01 });
    assert!(!sweep(&desk, 0).no_response && sweep(&desk, 0).measurement.unwrap().response.is_some());
}

#[test]
fn kept_edits_come_back_with_the_same_content() {
    let mut desk = Desk::open(vec![("demo.edf", demo_edf())], Kept::new());
    desk.sweeps(0);
    nudge(&mut desk, 1, MarkerKind::Onset, -0.4, None);
    desk.edit(Edit::AddAnnotation { recording: 0, annotation: note(3.0, "cramp") });
    let (before, kept) = (desk.view().clone(), desk.kept);
    // The name does not matter, what was said about the file does.
    let mut again = Desk::open(vec![("renamed.edf", demo_edf())], kept.clone());
    assert!(again.view().restored && again.view().undo.is_none());
    again.sweeps(0);
    assert_eq!(again.view().tests, before.tests);
    assert_eq!(again.view().recordings[0].annotations, before.recordings[0].annotations);
    let mut bytes = demo_edf();
    *bytes.last_mut().unwrap() ^= 1;
    assert!(!Desk::open(vec![("demo.edf", bytes)], kept.clone()).view().restored, "another content");
    // Fields of a later version are passed over, missing ones are empty.
    let some: Kept = kept.into_keys().map(|key| (key, br#"{"no_response":[1],"of_a_later_version":{"x":1}}"#.to_vec())).collect();
    let mut later = Desk::open(vec![("demo.edf", demo_edf())], some);
    later.sweeps(0);
    assert!(later.view().restored && sweep(&later, 1).no_response && later.view().warnings.is_empty());
}

#[test]
fn unreadable_kept_edits_are_told_and_put_aside() {
    let mut desk = Desk::open(vec![("demo.edf", demo_edf())], Kept::new());
    desk.edit(Edit::AddAnnotation { recording: 0, annotation: note(3.0, "cramp") });
    let (_, key, _) = desk.keeps[0].clone();
    let torn = br#"{"markers":[{"sweep":0,"ki"#.to_vec();
    let mut desk = Desk::open(vec![("demo.edf", demo_edf())], Kept::from([((Store::Edits, key.clone()), torn.clone())]));
    assert!(!desk.view().restored);
    assert!(desk.view().warnings.iter().any(|warning| warning.what.contains("could not be read")), "{:?}", desk.view().warnings);
    assert!(desk.keeps.is_empty(), "nothing is lost by looking");
    for text in ["one", "two"] {
        desk.edit(Edit::AddAnnotation { recording: 0, annotation: note(1.0, text) });
    }
    let names: Vec<&str> = desk.keeps.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, [format!("{key}{UNREADABLE}").as_str(), &key, &key], "aside before the first edit, once");
    assert_eq!(desk.keeps[0].2, torn);
}

#[test]
fn annotations_keep_their_numbers() {
    let mut desk = Desk::open(vec![("demo.edf", demo_edf())], Kept::new());
    assert_eq!(texts(&desk), [(0, "StimA".into()), (1, "StimB".into())]);
    desk.edit(Edit::AddAnnotation { recording: 0, annotation: note(0.0, "first") });
    desk.edit(Edit::AddAnnotation { recording: 0, annotation: note(99.0, "last") });
    assert_eq!(
        texts(&desk),
        [(2, "first".into()), (0, "StimA".into()), (1, "StimB".into()), (3, "last".into())],
        "in time, with their own numbers"
    );
    desk.edit(Edit::SetAnnotation { recording: 0, id: 0, annotation: None });
    desk.edit(Edit::SetAnnotation { recording: 0, id: 2, annotation: None });
    desk.edit(Edit::SetAnnotation { recording: 0, id: 3, annotation: Some(note(5.0, "moved")) });
    desk.edit(Edit::SetAnnotation { recording: 0, id: 1, annotation: Some(note(6.0, "elbow")) });
    assert_eq!(texts(&desk), [(3, "moved".into()), (1, "elbow".into())]);
    assert!(desk.view().recordings[0].annotations.iter().all(|view| view.by_person));
    assert!(desk.refused(&Edit::SetAnnotation { recording: 0, id: 9, annotation: None }).contains("no longer"));
    for _ in 0..6 {
        desk.undo();
    }
    assert_eq!(texts(&desk), [(0, "StimA".into()), (1, "StimB".into())]);
}

#[test]
fn an_export_holds_the_edited_annotations_and_the_same_samples() {
    let mut desk = Desk::open(vec![("demo.edf", demo_edf())], Kept::new());
    desk.edit(Edit::AddAnnotation { recording: 0, annotation: Annotation { duration_s: Some(0.01), ..note(0.02, "burst") } });
    desk.edit(Edit::SetAnnotation { recording: 0, id: 1, annotation: None });
    let study = desk.study();
    for extension in ["edf", "bdf"] {
        let outputs = desk.send(Request::Export { study, recording: 0, extension: extension.into(), leaving: Leaving::default() });
        let [output] = &outputs[..] else { panic!("{outputs:?}") };
        let Event::Exported { names, .. } = &output.event else { panic!("{:?}", output.event) };
        let [Buffer::Bytes(bytes)] = &output.buffers[..] else { panic!("one file") };
        assert_eq!(names[..], [format!("demo.{extension}")]);
        let back = common::open_bytes(&names[0], bytes.clone(), &OpenOptions::default()).unwrap();
        let first = common::open_bytes("demo.edf", demo_edf(), &OpenOptions::default()).unwrap();
        assert_eq!(
            common::read_everything(&back.study.recordings[0], &*back.samples[0]),
            common::read_everything(&first.study.recordings[0], &*first.samples[0])
        );
        let found: Vec<_> = back.study.recordings[0].annotations.iter().map(|a| (a.onset_s, a.duration_s, a.text.as_str())).collect();
        let stimulus_s = first.study.recordings[0].annotations[0].onset_s;
        assert_eq!(found, [(stimulus_s, None, "StimA"), (0.02, Some(0.01), "burst")]);
    }
    let failed = desk.send(Request::Export { study, recording: 0, extension: "xyz".into(), leaving: Leaving::default() });
    assert!(matches!(failed[0].event, Event::Failed { .. }));
}

#[test]
fn derived_sweeps_keep_their_numbers_and_markers() {
    let (study, samples) = myoscope::simulate::demo_needle(6.0);
    let mut desk = Desk::adopt(study, std::rc::Rc::new(samples), Kept::new());
    for at in 1..5 {
        desk.edit(Edit::AddAnnotation { recording: 0, annotation: note(f64::from(at), "twitch") });
    }
    let tests = desk.view().tests.len();
    let around = |text: &str| DerivedTest::Annotations {
        recording: 0,
        channel: 0,
        text: text.into(),
        moments_s: Vec::new(),
        before_s: 0.01,
        after_s: 0.05,
    };
    assert!(desk.refused(&Edit::DeriveTest { test: around("nothing of this name") }).contains("No sweep"));
    desk.edit(Edit::DeriveTest { test: around("twitch") });
    assert_eq!((desk.view().tests.len(), desk.view().tests[tests].sites[0].sweeps.len()), (tests + 1, 4));
    let values = desk.sweeps(tests);
    let third = desk.view().tests[tests].sites[0].sweeps[2].id;
    desk.edit(Edit::MoveMarker { sweep: third, kind: MarkerKind::Onset, at_s: 0.02 });
    // Without its first annotation the third sweep must still be the third.
    let first = desk.view().recordings[0].annotations.iter().find(|view| view.annotation.text == "twitch").unwrap().id;
    desk.edit(Edit::SetAnnotation { recording: 0, id: first, annotation: None });
    assert_eq!(desk.sweeps(tests), values);
    assert_eq!(origin(&desk, third, MarkerKind::Onset), MarkerOrigin::Person);
    desk.undo();
    desk.undo();
    desk.undo();
    assert_eq!(desk.view().tests.len(), tests);
    desk.edit(Edit::DeriveTest { test: DerivedTest::Channels { recording: 0, stimulus_s: Some(0.01) } });
    assert_eq!(desk.view().tests.len(), tests + 1);
}

#[test]
fn senseless_edits_are_refused_in_words() {
    let mut desk = demo(Kept::new());
    let kind = MarkerKind::Onset;
    let lane = |lane: LaneSettings| Edit::Lanes { recording: 0, lanes: vec![lane], what: "filter".into() };
    let filtered = |filter: FilterChain| lane(LaneSettings { filter, ..LaneSettings::default() });
    for edit in [
        Edit::MoveMarker { sweep: 99, kind, at_s: 0.0 },
        Edit::MoveMarker { sweep: 0, kind, at_s: f64::NAN },
        Edit::NoResponse { sweep: 99, on: true },
        Edit::CopyMarkers { from: 99, to: 0 },
        Edit::CopyMarkers { from: 0, to: 99 },
        Edit::Stimulus { sweep: 0, at_s: Some(-0.1) },
        Edit::Stimulus { sweep: 0, at_s: Some(5.0) },
        Edit::Distance { test: 0, site: 9, distance_mm: Some(100.0) },
        Edit::Distance { test: 0, site: 1, distance_mm: Some(-5.0) },
        Edit::Distance { test: 0, site: 1, distance_mm: Some(f64::INFINITY) },
        Edit::SiteName { test: 9, site: 0, name: "x".into() },
        Edit::Polarity { test: 9, turned: true },
        Edit::Test { test: 9, kind: TestKind::Motor, side: None, nerve: String::new(), recorded_from: String::new(), temperature_c: None },
        Edit::Test {
            test: 0,
            kind: TestKind::Motor,
            side: None,
            nerve: String::new(),
            recorded_from: String::new(),
            temperature_c: Some(90.0),
        },
        Edit::DeriveTest { test: DerivedTest::Channels { recording: 9, stimulus_s: None } },
        Edit::AddAnnotation { recording: 9, annotation: note(0.0, "x") },
        lane(LaneSettings { channel: 9, ..LaneSettings::default() }),
        lane(LaneSettings { minus: Some(9), ..LaneSettings::default() }),
        filtered(FilterChain { high_pass_hz: Some(1e9), ..FilterChain::default() }),
        filtered(FilterChain { high_pass_hz: Some(500.0), low_pass_hz: Some(20.0), ..FilterChain::default() }),
        filtered(FilterChain { line: LineFilter::Notch(0.0), ..FilterChain::default() }),
        Edit::SweepFilter { filter: Some(FilterChain { low_pass_hz: Some(-1.0), ..FilterChain::default() }) },
    ] {
        let what = desk.refused(&edit);
        assert!(what.len() > 20 && what.ends_with('.'), "{edit:?}: {what}");
    }
    assert!(desk.keeps.is_empty() && desk.view().undo.is_none());
    let gone = desk.send(Request::Undo { study: 77 });
    assert!(matches!(&gone[0].event, Event::Failed { what } if what.contains("no longer open")));
}

#[test]
fn refused_files_say_why_and_the_others_open() {
    let mut desk = Desk::new(Kept::new());
    let all = [("a.edf", vec![b'0'; 300]), ("demo.edf", demo_edf())].map(|(name, bytes)| common::memory(name, bytes));
    let outputs = desk.send_files(Request::Open { options: OpenOptions::default() }, &myoscope::formats::Files { all: all.into() });
    let refused = outputs.iter().find_map(|o| if let Event::Refused { file, words, .. } = &o.event { Some((file, words)) } else { None });
    assert_eq!(refused.unwrap().0, "a.edf");
    assert_eq!(desk.view().title, "demo.edf");
    let study = desk.study();
    desk.send(Request::Close { study });
    let gone = desk.send(Request::Json { study });
    assert!(matches!(gone[0].event, Event::Failed { .. }));
    let nothing = desk.send(Request::Open { options: OpenOptions::default() });
    assert!(matches!(nothing[0].event, Event::Failed { .. }));
}
