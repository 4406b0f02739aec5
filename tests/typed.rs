//! Values of nerve tests that are typed: judged, concluded from and reported as measured ones are, and marked
//! as a person's.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{Buffer, Edit, Event, Leaving, Output, ReportDepth, ReportForm, ReportWanted, Request, TypedEdit};
use myoscope::model::{DerivedTest, Side, Subject, TestKind, TypedColumn};

fn typed(desk: &mut Desk, change: TypedEdit) {
    desk.edit(Edit::Typed { change });
}

fn add(desk: &mut Desk, study: &str, side: Side) -> u32 {
    typed(desk, TypedEdit::Add { study: Some(study.into()), side: Some(side), own: None });
    desk.view().tests.last().unwrap().typed.as_ref().unwrap().id
}

fn set(desk: &mut Desk, test: u32, site: usize, values: &[(TypedColumn, f64)]) {
    for (column, value) in values {
        typed(desk, TypedEdit::Value { test, site, column: *column, value: Some(*value) });
    }
}

fn demo(id: &str) -> Desk {
    let mut desk = Desk::new(Kept::new());
    desk.send(Request::OpenDemo { demo: id.into() });
    desk
}

fn saved(outputs: Vec<Output>) -> Vec<u8> {
    let found = outputs.into_iter().find_map(|output| match (output.event, output.buffers.into_iter().next()) {
        (Event::Exported { .. }, Some(Buffer::Bytes(bytes))) => Some(bytes),
        _ => None,
    });
    found.unwrap()
}

/// Carpal tunnel syndrome as a typist has it from paper.
fn carpal_tunnel(desk: &mut Desk) {
    use TypedColumn::{Amplitude, Latency, Peak, Velocity};
    let motor = add(desk, "median_motor_apb", Side::Right);
    set(desk, motor, 0, &[(Latency, 5.6), (Amplitude, 6100.0)]);
    set(desk, motor, 1, &[(Latency, 9.7), (Amplitude, 5900.0), (Velocity, 54.0)]);
    let sensory = add(desk, "median_sensory_d2", Side::Right);
    set(desk, sensory, 0, &[(Latency, 3.9), (Peak, 4.6), (Amplitude, 9.0)]);
    let ulnar = add(desk, "ulnar_sensory_d5", Side::Right);
    set(desk, ulnar, 0, &[(Latency, 2.5), (Peak, 3.2), (Amplitude, 22.0)]);
    let ulnar = add(desk, "ulnar_motor_adm", Side::Right);
    set(desk, ulnar, 0, &[(Latency, 2.7), (Amplitude, 9800.0)]);
}

#[test]
fn typed_values_are_judged_and_concluded_from_and_marked_as_a_persons() {
    // A study that has no nerve test of its own.
    let mut desk = demo("needle");
    assert!(desk.view().tests.is_empty());
    carpal_tunnel(&mut desk);
    let study = desk.study();
    desk.send(Request::Together { study });
    let view = desk.view().clone();
    let titles: Vec<&str> = view.tests.iter().map(|test| test.title.as_str()).collect();
    assert_eq!(titles.len(), 4, "{titles:?}");
    let late = view.tests[0].judged.iter().find(|judged| judged.measure == "onset_latency").unwrap();
    assert!(late.abnormal && (late.value - 5.6).abs() < 1e-9 && late.limit > 4.0, "{late:?}");
    assert!(view.tests[0].judged.iter().all(|judged| judged.value.is_finite()));
    let velocity = view.tests[0].sites[1].segment.as_ref().unwrap().velocity_mps;
    assert_eq!(velocity, Some(54.0));
    let answer = view.answer.unwrap();
    let found =
        answer.conclusions.iter().find(|conclusion| format!("{conclusion:?}").contains("carpal")).unwrap_or_else(|| panic!("{answer:?}"));
    assert_eq!(found.side, "R");
    let values = String::from_utf8(saved(desk.send(Request::Report {
        study,
        wanted: ReportWanted { depth: ReportDepth::Full, ..ReportWanted::default() },
        form: ReportForm::Values,
    })))
    .unwrap();
    let row = values.lines().find(|line| line.contains("5.6") && line.contains("Median")).unwrap_or_else(|| panic!("{values}"));
    assert!(row.contains("hand") && row.contains("typed/1") && !values.contains("NaN"), "{row}");
    let mut report = |depth| {
        let wanted = ReportWanted { depth, ..ReportWanted::default() };
        String::from_utf8(saved(desk.send(Request::Report { study, wanted, form: ReportForm::Html }))).unwrap()
    };
    let full = report(ReportDepth::Full);
    assert!(full.contains("R Median (APB), Wrist") && full.contains("5.6") && !full.contains("NaN"), "the report holds them");
    assert!(!full.contains("not measured"), "a site of which nothing was said is no row");
    assert!(report(ReportDepth::Summary).contains("carpal tunnel"));
}

#[test]
fn a_value_is_changed_taken_back_undone_and_refused_where_it_cannot_be() {
    let mut desk = demo("motor");
    let before = desk.view().tests.len();
    let id = add(&mut desk, "ulnar_motor_adm", Side::Left);
    set(&mut desk, id, 0, &[(TypedColumn::Latency, 2.9), (TypedColumn::Amplitude, 8000.0)]);
    let index = before;
    let latency =
        |desk: &Desk| desk.view().tests[index].sites[0].sweeps[0].measurement.as_ref().and_then(|m| m.response).map(|r| r.onset_ms);
    assert_eq!(latency(&desk), Some(2.9));
    typed(&mut desk, TypedEdit::NoResponse { test: id, site: 0, on: true });
    assert_eq!(latency(&desk), None);
    desk.undo();
    assert_eq!(latency(&desk), Some(2.9));
    let study = desk.study();
    for value in [f64::NAN, -1.0, 0.0, 1e9, f64::INFINITY] {
        let change = TypedEdit::Value { test: id, site: 0, column: TypedColumn::Latency, value: Some(value) };
        let outputs = desk.send(Request::Edit { study, edit: Edit::Typed { change }, gesture: None });
        assert!(outputs.iter().any(|output| matches!(&output.event, Event::Failed { what } if what.contains("between 0.1 and 500"))));
    }
    assert_eq!(latency(&desk), Some(2.9));
    // Distances, side and temperature are typed where those of other tests are.
    desk.edit(Edit::Distance { test: index, site: 1, distance_mm: Some(220.0) });
    set(&mut desk, id, 1, &[(TypedColumn::Latency, 6.9)]);
    assert_eq!(desk.view().tests[index].sites[1].segment.as_ref().unwrap().velocity_mps, Some(55.0));
    // Another test in between does not take its place.
    let count = desk.view().recordings[0].channels.len();
    assert!(count > 0);
    desk.edit(Edit::DeriveTest { test: DerivedTest::Channels { recording: 0, stimulus_s: None } });
    let last = desk.view().tests.last().unwrap();
    assert_eq!((last.typed.as_ref().map(|typed| typed.id), last.sites[1].distance_mm), (Some(id), Some(220.0)));
    typed(&mut desk, TypedEdit::Remove { test: id });
    assert!(desk.view().tests.iter().all(|test| test.typed.is_none()));
}

#[test]
fn a_nerve_of_ones_own_has_sites_and_no_limits_and_late_responses_have_theirs() {
    let mut desk = demo("needle");
    let own = Some((TestKind::Motor, "Suprascapular".to_owned(), "Infraspinatus".to_owned()));
    typed(&mut desk, TypedEdit::Add { study: None, side: Some(Side::Left), own });
    let id = desk.view().tests[0].typed.as_ref().unwrap().id;
    typed(&mut desk, TypedEdit::AddSite { test: id, name: "Erb".into() });
    set(&mut desk, id, 1, &[(TypedColumn::Latency, 3.1), (TypedColumn::Amplitude, 4000.0)]);
    assert_eq!((desk.view().tests[0].sites.len(), desk.view().tests[0].judged.len()), (2, 0));
    let h = add(&mut desk, "h_soleus", Side::Left);
    set(&mut desk, h, 0, &[(TypedColumn::Latency, 36.0)]);
    let f = add(&mut desk, "f_tibial", Side::Left);
    typed(&mut desk, TypedEdit::NoResponse { test: f, site: 0, on: true });
    let study = desk.study();
    desk.send(Request::Together { study });
    let h = desk.view().tests[1].judged.iter().find(|judged| judged.measure == "h_latency").unwrap();
    assert!(h.abnormal && h.limit == 35.0, "{h:?}");
    // With a study file they go elsewhere.
    let bytes = saved(desk.send(Request::Pack { study, leaving: Leaving::default() }));
    let other = Desk::open(vec![("s.myo", bytes)], Kept::new());
    let tests = |desk: &Desk| desk.view().tests.iter().map(|test| test.typed.clone()).collect::<Vec<_>>();
    assert_eq!(tests(&other), tests(&desk));
    assert!(tests(&other).iter().all(Option::is_some) && tests(&other).len() == 3);
}

#[test]
fn every_choice_can_be_typed() {
    let mut desk = demo("needle");
    let outputs = desk.send(Request::Nerves);
    let Some(Event::Nerves { list }) = outputs.into_iter().map(|output| output.event).next() else { panic!("a list") };
    assert!(list.len() >= 45, "{}", list.len());
    assert!(list.iter().any(|choice| choice.words.contains("peroneal")));
    for choice in &list {
        let id = add(&mut desk, &choice.id, Side::Right);
        set(&mut desk, id, 0, &[(TypedColumn::Latency, 3.0)]);
    }
    let study = desk.study();
    desk.send(Request::Together { study });
    assert_eq!(desk.view().tests.len(), list.len());
    let blank: Vec<&str> = desk.view().tests.iter().filter(|test| test.nerve.is_empty()).map(|test| test.title.as_str()).collect();
    assert!(blank.is_empty(), "{blank:?}");
}

#[test]
fn a_study_is_begun_without_a_recording() {
    let subject = Subject { name: "Doe Jane".into(), code: "9".into(), ..Subject::default() };
    let begin = |at: &str| {
        let mut desk = Desk::new(Kept::new());
        let outputs = desk.send(Request::Begin { subject: subject.clone(), at: at.into() });
        let output = outputs.into_iter().next().unwrap();
        let (Event::Begun { name }, Some(Buffer::Bytes(bytes))) = (output.event, output.buffers.into_iter().next()) else {
            panic!("no file")
        };
        (name, bytes)
    };
    let (name, bytes) = begin("2026-11-23T10:00:00+01:00");
    assert_eq!(name, "study-2026-11-23.myo");
    assert_ne!(bytes, begin("2026-11-23T10:00:01+01:00").1, "another study");
    let mut desk = Desk::open(vec![(&name, bytes.clone())], Kept::new());
    assert_eq!((desk.view().warnings.len(), desk.view().subject.name.as_str()), (0, "Doe Jane"));
    carpal_tunnel(&mut desk);
    let study = desk.study();
    desk.send(Request::Together { study });
    assert!(format!("{:?}", desk.view().answer).contains("carpal"));
    // It is kept as any other: opened again, the values are there.
    let again = Desk::open(vec![(&name, bytes)], desk.kept.clone());
    assert_eq!(again.view().tests.len(), 4);
    let report = desk.send(Request::Report { study, wanted: ReportWanted::default(), form: ReportForm::Html });
    assert!(String::from_utf8(saved(report)).unwrap().contains("Doe Jane"));
}
