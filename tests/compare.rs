//! An earlier study beside a later one: what is said of values, of who was examined, and on the command line.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test may fail the test")]

mod common;

use std::process::Command;

use common::desk::{Desk, Kept};
use myoscope::engine::compare::compare;
use myoscope::engine::protocol::{Buffer, Edit, Event, ReportDepth, ReportForm, ReportWanted, Request, StudyView};

#[test]
fn a_study_is_held_against_another_open_one_in_view_and_report() {
    let mut desk = Desk::new(Kept::new());
    desk.send(Request::OpenDemo { demo: "motor".into() });
    let earlier = desk.study();
    desk.send(Request::OpenDemo { demo: "late".into() });
    let study = desk.study();
    assert_ne!(study, earlier);
    desk.send(Request::Against { study, earlier: Some(earlier) });
    let (title, compared) = desk.view().earlier.clone().expect("in the view");
    assert!(title.contains("motor") && compared.conclusions.iter().any(|row| row.changed && row.now.is_empty()), "{compared:?}");
    // It stays through an edit, and is in the full report.
    desk.edit(Edit::Impression { text: "Nothing new.".into() });
    let (_, compared) = desk.view().earlier.clone().expect("still");
    assert!(compared.conclusions.iter().any(|row| row.now == "Nothing new."));
    let wanted = ReportWanted { depth: ReportDepth::Full, nameless: true, ..ReportWanted::default() };
    let outputs = desk.send(Request::Report { study, wanted, form: ReportForm::Text });
    let text = outputs.iter().find_map(|output| match output.buffers.first() {
        Some(Buffer::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    });
    let text = text.expect("a report");
    assert!(text.to_lowercase().contains("against an earlier study") && text.contains("Conclusions that changed"), "{text}");
    assert!(!text.contains(&title), "without names no titles of files");
    desk.send(Request::Against { study, earlier: None });
    assert!(desk.view().earlier.is_none());
    for wrong in [study, 9999] {
        let outputs = desk.send(Request::Against { study, earlier: Some(wrong) });
        assert!(matches!(outputs[0].event, Event::Failed { .. }));
    }
}

#[test]
fn a_change_beyond_chance_is_marked() {
    let then = demo("motor", |_| ());
    let mut now = then.clone();
    let test = now.tests.iter_mut().find(|test| !test.judged.is_empty()).unwrap();
    for judged in &mut test.judged {
        judged.value *= 1.5;
    }
    let done = compare(&then, &now);
    let of = |measure: &str| done.values.iter().find(|row| row.measure == measure && row.difference != 0.0).expect("changed");
    assert_eq!(of("onset latency").beyond_retest, Some(true), "50 % more is beyond 27 %");
    assert_eq!(of("amplitude").beyond_retest, Some(false), "and within 55 %");
}

fn demo(id: &str, edits: impl FnOnce(&mut Desk)) -> StudyView {
    let mut desk = Desk::new(Kept::new());
    desk.send(Request::OpenDemo { demo: id.into() });
    let study = desk.study();
    desk.send(Request::Together { study });
    edits(&mut desk);
    desk.view().clone()
}

#[test]
fn the_same_study_has_no_difference_and_is_called_the_same() {
    let view = demo("motor", |_| ());
    let done = compare(&view, &view);
    assert!(done.values.len() > 10, "{:?}", done.values);
    assert!(done.values.iter().all(|row| row.difference == 0.0 && row.beyond_retest != Some(true)));
    assert!(
        done.values.iter().any(|row| row.retest().starts_with("within 27 %"))
            && done.values.iter().any(|row| row.retest() == "no limit known")
    );
    assert!(!done.values.iter().any(|row| row.measure == "baseline"));
    assert!(done.values.iter().any(|row| row.beyond_normal.is_some()), "no value was held against a limit of normal");
    assert!(done.conclusions.iter().all(|row| !row.changed) && !done.conclusions.is_empty());
    assert_eq!(done.unmatched, [0, 0]);
    assert!(done.doubts.iter().any(|doubt| doubt.contains("same recording")), "{:?}", done.doubts);
}

#[test]
fn a_response_that_is_gone_changes_the_conclusion_and_is_counted() {
    let then = demo("motor", |_| ());
    let now = demo("motor", |desk| {
        let fibular = desk.view().tests.iter().find(|test| test.nerve.to_lowercase().contains("fibular")).expect("the fibular nerve");
        let sweep = fibular.sites.last().unwrap().sweeps[0].id;
        desk.edit(Edit::NoResponse { sweep, on: true });
    });
    let done = compare(&then, &now);
    let fibular = done.conclusions.iter().find(|row| row.of.contains("Fibular")).expect("its conclusion");
    assert!(fibular.changed && fibular.then.contains("moderate") && fibular.now.contains("severe"), "{fibular:?}");
    assert!(done.unmatched[0] > 0, "values of the response are in the earlier study only");
}

#[test]
fn another_person_is_doubted_without_a_name() {
    let mut then = demo("motor", |_| ());
    then.subject.name = "Nobody Known".into();
    then.subject.birth_date = "1900-01-01".into();
    let mut now = then.clone();
    now.subject.name = "Somebody Else".into();
    now.subject.birth_date = "1901-01-01".into();
    now.person.sex = if then.person.sex == "F" { "M".into() } else { "F".into() };
    let done = compare(&then, &now);
    for field in ["name", "birth date"] {
        assert!(done.doubts.iter().any(|doubt| doubt.contains(&format!("The {field} is not the same"))), "{field}: {:?}", done.doubts);
    }
    let all = serde_json::to_string(&done).unwrap();
    for secret in ["Somebody", "1901-01-01", then.subject.name.as_str()] {
        assert!(secret.is_empty() || !all.contains(secret), "{secret}");
    }
}

#[test]
fn the_command_compares_two_files_and_refuses_one() {
    let run = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_myoscope")).args(arguments).output().unwrap();
    let file = format!("{}/tests/golden/motor/clean/input.dat", env!("CARGO_MANIFEST_DIR"));
    let json = run(&["compare", &file, &file, "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).expect("one JSON object");
    assert!(value["values"].as_array().is_some_and(|rows| !rows.is_empty()), "{value}");
    let text = String::from_utf8(run(&["compare", &file, &file]).stdout).unwrap();
    assert!(text.contains("no limit known") && text.contains("Conclusions"), "{text}");
    assert_eq!(run(&["compare", &file]).status.code(), Some(64));
    assert_eq!(run(&["compare", &file, "nowhere.edf"]).status.code(), Some(2));
}
