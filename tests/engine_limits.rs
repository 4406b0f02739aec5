//! A laboratory's own limits: taken from a table among files, used for every open study, given back.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test may fail the test")]

mod common;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{Buffer, Edit, Event, Output, Request};
use myoscope::formats::{Files, OpenOptions};
use myoscope::model::Context;

const TABLE: &str = "# name: Ward 7\nstudy,measure,unit,bound,value,segment\n\
    median_motor_apb,onset_latency,ms,upper,1.5,\nmedian_motor_apb,amplitude,mV,lower,4,\nwarp_motor,amplitude,mV,lower,4,\n";

fn demo() -> Desk {
    let mut desk = Desk::new(Kept::new());
    desk.send(Request::OpenDemo { demo: "motor".into() });
    let study = desk.study();
    desk.send(Request::Together { study });
    desk
}

fn drop_table(desk: &mut Desk, name: &str, text: &str) -> Vec<Output> {
    let files = Files { all: vec![common::memory(name, text.as_bytes().to_vec())] };
    desk.send_files(Request::Open { options: OpenOptions::default() }, &files)
}

/// Latency of the median nerve: its limit, whether it is beyond it, and where that is from.
fn latency(desk: &Desk) -> (f64, bool, String) {
    let test = desk.view().tests.iter().find(|test| test.study.as_ref().is_some_and(|study| study.id == "median_motor_apb"));
    let judged = test.unwrap().judged.iter().find(|judged| judged.measure == "onset_latency").unwrap();
    (judged.limit, judged.abnormal, judged.source.clone())
}

fn told(outputs: &[Output]) -> Option<(String, usize, Vec<String>, Option<String>)> {
    outputs.iter().find_map(|output| match &output.event {
        Event::Limits { own, problems, text, .. } => {
            let (name, rows) = own.as_ref().map_or((String::new(), 0), |own| (own.name.clone(), own.rows));
            Some((name, rows, problems.clone(), text.clone()))
        }
        _ => None,
    })
}

#[test]
fn a_table_judges_open_studies_and_concludes_and_is_given_back() {
    let mut desk = demo();
    let (published, abnormal, _) = latency(&desk);
    assert!(published > 4.0 && !abnormal);
    let concluded = desk.view().answer.clone().unwrap().conclusions.len();

    let outputs = drop_table(&mut desk, "ward.csv", TABLE);
    let (name, rows, problems, kept) = told(&outputs).expect("told");
    assert_eq!((name.as_str(), rows), ("Ward 7", 2));
    assert!(problems.len() == 1 && problems[0].starts_with("line 5"), "{problems:?}");
    assert_eq!(kept.as_deref(), Some(TABLE), "to be kept for the next session");
    assert!(!outputs.iter().any(|output| matches!(output.event, Event::Failed { .. } | Event::Refused { .. })), "it is no recording");
    let (limit, abnormal, source) = latency(&desk);
    assert!((limit - 1.5).abs() < 1e-9 && abnormal && source == "Ward 7");
    assert!(desk.view().answer.clone().unwrap().conclusions.len() > concluded, "the conclusion follows");

    // A study that is opened later has them too, another engine when it is told.
    let mut later = Desk::new(Kept::new());
    later.send(Request::UseLimits { name: "ward.csv".into(), text: kept });
    later.send(Request::OpenDemo { demo: "motor".into() });
    let study = later.study();
    later.send(Request::Together { study });
    assert!(latency(&later).1);

    let outputs = desk.send(Request::UseLimits { name: String::new(), text: None });
    assert_eq!(told(&outputs).expect("told").1, 0);
    assert!((latency(&desk).0 - published).abs() < 1e-9 && !latency(&desk).1);
}

#[test]
fn a_table_of_which_nothing_can_be_used_changes_nothing_and_is_named() {
    let mut desk = demo();
    let before = latency(&desk);
    let outputs = drop_table(&mut desk, "bad.csv", "study,measure,unit,bound,value\nsural,amplitude,uV,lower,many\n");
    let why = outputs.iter().find_map(|output| if let Event::Failed { what } = &output.event { Some(what.clone()) } else { None });
    assert!(why.as_deref().is_some_and(|why| why.starts_with("bad.csv: No row") && why.contains("'many' is no number")), "{why:?}");
    assert_eq!(latency(&desk), before);
}

#[test]
fn the_published_limits_are_a_table_that_changes_nothing() {
    let mut desk = demo();
    let before = latency(&desk);
    let outputs = desk.send(Request::ExportLimits);
    let table = outputs.into_iter().find_map(|output| match (output.event, output.buffers.into_iter().next()) {
        (Event::Exported { .. }, Some(Buffer::Bytes(bytes))) => String::from_utf8(bytes).ok(),
        _ => None,
    });
    drop_table(&mut desk, "limits.csv", &table.expect("exported"));
    let after = latency(&desk);
    assert_eq!((after.0.to_bits(), after.1), (before.0.to_bits(), before.1));
}

#[test]
fn an_h_reflex_is_held_against_what_leg_length_and_age_make_expected() {
    let mut desk = Desk::new(Kept::new());
    desk.send(Request::OpenDemo { demo: "late".into() });
    let study = desk.study();
    let judged = |desk: &Desk| {
        let all = desk.view().tests.iter().flat_map(|test| &test.judged);
        all.filter(|judged| judged.measure == "h_latency_by_leg_length").cloned().collect::<Vec<_>>()
    };
    desk.send(Request::Together { study });
    assert_eq!(judged(&desk), [], "nothing is known of the leg");
    let leg = |cm| Edit::Context { context: Box::new(Context { leg_length_cm: Some(cm), ..Context::default() }) };
    let person = |years| Edit::Person { height_cm: None, age_years: Some(years), sex: None, onset_weeks: None };
    desk.edit(person(50.0));
    desk.edit(leg(40.0));
    let [one] = &judged(&desk)[..] else { panic!("one H reflex") };
    assert!((one.limit - 34.04).abs() < 1e-9 && one.source.contains("Braddom"), "{one:?}");
    assert_eq!(one.abnormal, one.value > one.limit);
    desk.edit(leg(20.0));
    assert!(judged(&desk)[0].abnormal && (judged(&desk)[0].limit - 24.84).abs() < 1e-9);
    let refused = desk.send(Request::Edit { study, edit: leg(400.0), gesture: None });
    assert!(refused.iter().any(|output| matches!(&output.event, Event::Failed { what } if what.contains("5 to 80 cm"))));
    assert_eq!(desk.view().person.context.leg_length_cm, Some(20.0));
}
