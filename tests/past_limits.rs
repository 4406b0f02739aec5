//! Limits that a laboratory computes from its own past studies.

#![cfg(not(target_arch = "wasm32"))] // native: files and the command line
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test may fail the test")]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{Buffer, Event, Output, PastDivision, PastRow, PastView, Request, Store};
use myoscope::formats::Files;
use myoscope::norms::past::{self, Division, PastValue};
use myoscope::simulate::Random;

fn value(person: usize, measure: &str, value: f64) -> PastValue {
    PastValue {
        study: "median_motor_apb".into(),
        measure: measure.into(),
        unit: if measure == "amplitude" { "mV" } else { "ms" }.into(),
        segment: None,
        amp_kind: None,
        value,
        person: person.to_string(),
        age_years: Some(if person.is_multiple_of(2) { 30.0 } else { 70.0 }),
        female: Some(person.is_multiple_of(3)),
    }
}

/// Latencies of people of whom a share is ill: those are later, and differ more.
fn latencies(random: &mut Random, people: usize, ill: f64, later_ms: f64) -> Vec<PastValue> {
    let one = |person| {
        let sick = random.unit() < ill;
        value(person, "onset_latency", if sick { random.normal(3.6 + later_ms, 0.7) } else { random.normal(3.6, 0.4) })
    };
    (0..people).map(one).collect()
}

fn limit(values: &[PastValue]) -> f64 {
    let computed = past::compute(values, &Division::default());
    computed[0].found.as_ref().unwrap().limit
}

/// Error of the limit in standard deviations of the healthy, over many laboratories: mean and spread.
fn errors(people: usize, ill: f64, later_ms: f64) -> (f64, f64) {
    let mut random = Random::new(7);
    let all: Vec<f64> = (0..60).map(|_| (limit(&latencies(&mut random, people, ill, later_ms)) - 4.4) / 0.4).collect();
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    (mean, (all.iter().map(|error| (error - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt())
}

#[test]
fn the_limit_of_the_healthy_is_found_among_the_ill() {
    // (people, share of the ill, how much later in ms, largest error and spread in deviations)
    for (people, ill, later, most, spread) in
        [(400, 0.0, 1.6, 0.12, 0.4), (400, 0.2, 1.6, 0.3, 0.4), (400, 0.35, 1.6, 0.4, 0.4), (1500, 0.2, 1.0, 0.4, 0.3)]
    {
        let (mean, sd) = errors(people, ill, later);
        println!("{people} people, {:.0} % ill by {later} ms: limit off by {mean:+.2} SD, spread {sd:.2}", 100.0 * ill);
        assert!(mean.abs() < most && sd < spread, "{people} {ill} {later}: {mean} {sd}");
    }
}

#[test]
fn what_everybody_together_gives_would_be_far_off() {
    // The plain mean and two deviations of all who come would call few abnormal: what the method is for.
    let values = latencies(&mut Random::new(3), 1000, 0.35, 1.6);
    let mean = values.iter().map(|v| v.value).sum::<f64>() / 1000.0;
    let sd = (values.iter().map(|v| (v.value - mean).powi(2)).sum::<f64>() / 1000.0).sqrt();
    assert!(mean + 2.0 * sd > 5.8 && limit(&values) < 4.7, "{} {}", mean + 2.0 * sd, limit(&values));
}

#[test]
fn amplitudes_have_a_lower_limit_by_their_logarithms() {
    let mut random = Random::new(5);
    let one = |person: usize| {
        let healthy = 9.0 * random.normal(0.0, 0.35).exp();
        value(person, "amplitude", if random.unit() < 0.2 { 0.25 * healthy } else { healthy })
    };
    let values: Vec<PastValue> = (0..600).map(one).collect();
    let found = limit(&values);
    assert!((found / (9.0 * (-0.7_f64).exp()) - 1.0).abs() < 0.12, "{found}");
}

#[test]
fn both_sides_of_a_person_count_once_and_people_are_divided() {
    let mut values = latencies(&mut Random::new(9), 300, 0.0, 0.0);
    values.extend(values.clone().into_iter().map(|of| PastValue { value: of.value + 0.1, ..of }));
    let all = past::compute(&values, &Division::default());
    assert_eq!((all.len(), all[0].n), (1, 300), "300 people with two sides");
    let divided = past::compute(&values, &Division { ages: vec![[18.0, 44.0], [45.0, 80.0]], sexes: true });
    let people: Vec<_> = divided.iter().map(|of| (of.row.people(), of.n)).collect();
    assert_eq!(people.len(), 4);
    assert!(people.contains(&("women, 18 to 44 years".into(), 50)) && people.contains(&("men, 45 to 80 years".into(), 100)), "{people:?}");
    let unknown: Vec<PastValue> = values.iter().map(|of| PastValue { age_years: None, ..of.clone() }).collect();
    assert!(past::compute(&unknown, &Division { ages: vec![[18.0, 44.0]], sexes: false }).is_empty(), "an unknown age is in no group");
}

/// A table of past values as a spreadsheet saves it.
fn table(people: usize) -> String {
    let mut random = Random::new(11);
    let mut text = String::from("study,measure,unit,value,person,age,sex\n");
    for person in 0..people {
        let sex = if person.is_multiple_of(2) { "F" } else { "M" };
        writeln!(text, "median motor APB,onset_latency,ms,{:.2},{person},{},{sex}", random.normal(3.6, 0.4), 20 + person % 60).unwrap();
    }
    text + "warp_motor,amplitude,mV,4,1,30,F\nmedian_motor_apb,onset_latency,ms,-3,1,30,F\n"
}

fn study_files() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/study");
    ["median.edf", "ulnar.edf"].map(|name| (name.to_owned(), std::fs::read(folder.join(name)).unwrap())).to_vec()
}

fn last(outputs: &[Output]) -> PastView {
    let mut views = outputs.iter().filter_map(|output| if let Event::Past { view } = &output.event { Some(view.clone()) } else { None });
    views.next_back().expect("told")
}

fn row<'a>(view: &'a PastView, study: &str, measure: &str) -> &'a PastRow {
    view.rows.iter().find(|row| row.study.contains(study) && row.measure.starts_with(measure)).expect("a row")
}

#[test]
fn a_folder_of_studies_and_tables_becomes_limits_in_use() {
    let mut desk = Desk::new(Kept::new());
    desk.send(Request::OpenDemo { demo: "motor".into() });
    let study = desk.study();
    desk.send(Request::Together { study });
    let mut files: Vec<_> = study_files().into_iter().map(|(name, bytes)| common::memory(&name, bytes)).collect();
    files.push(common::memory("old.csv", table(250).into_bytes()));
    files.push(common::memory("notes.bin", vec![1, 2, 3]));
    let mut outputs = desk.send_files(Request::GatherPast { division: PastDivision::default() }, &Files { all: files });
    // Each step asks for the edits of one study.
    for _ in 0..10 {
        outputs.extend(desk.work());
    }
    let view = last(&outputs);
    assert_eq!((view.done, view.total, view.studies), (3, 3, 3), "{view:?}");
    assert_eq!(view.refused.len(), 2, "{:?}", view.refused);
    assert!(view.refused.iter().any(|what| what.contains("old.csv: line 252") && what.contains("warp_motor")), "{:?}", view.refused);
    let latency = row(&view, "Median motor", "onset latency");
    assert_eq!(latency.n, 251, "250 people of the table and the one of the file");
    let found = latency.found.clone().unwrap();
    assert!((found.limit - 4.4).abs() < 0.2 && latency.upper && latency.published.is_some(), "{found:?}");
    assert!(row(&view, "Ulnar motor", "amplitude").problem.contains("too few"));

    let at = view.rows.iter().position(|of| of == latency).unwrap();
    let outputs = desk.send(Request::PastTable { name: "Ward 9".into(), accepted: vec![at], keep: false });
    let Event::Exported { names, .. } = &outputs[0].event else { panic!("{outputs:?}") };
    let Buffer::Bytes(text) = &outputs[0].buffers[0] else { panic!("bytes") };
    let text = String::from_utf8_lossy(text);
    assert!(names[0] == "limits.csv" && text.starts_with("# name: Ward 9\n") && text.contains("recall"), "{text}");
    desk.send(Request::PastTable { name: "Ward 9".into(), accepted: vec![at], keep: true });
    let judged = desk.view().tests.iter().flat_map(|test| &test.judged).find(|judged| judged.source.contains("Ward 9")).expect("in use");
    assert!((judged.limit - found.limit).abs() < 1e-9 && judged.doubt.contains("unverified"), "{judged:?}");

    let halves = PastDivision { ages: PastDivision::ages("20-49, 50-79").unwrap(), sexes: true };
    let view = last(&desk.send(Request::DividePast { division: halves }));
    assert_eq!(view.rows.iter().filter(|row| row.measure == "onset latency" && row.study.contains("Median")).count(), 4);
}

#[test]
fn the_edits_of_past_studies_count() {
    let mut outputs = Vec::new();
    let mut engine = myoscope::engine::Engine::default();
    let files = Files { all: study_files().into_iter().map(|(name, bytes)| common::memory(&name, bytes)).collect() };
    engine.handle(Request::GatherPast { division: PastDivision::default() }, &files, None, &mut |output| outputs.push(output));
    // Sweeps of the first file said to have no response: its values are gone.
    let none: Vec<usize> = (0..50).collect();
    let edits = serde_json::to_vec(&serde_json::json!({ "no_response": none })).unwrap();
    for _ in 0..4 {
        engine.step(&mut |output| outputs.push(output));
        let asked = outputs.iter().rev().find_map(|output| match output.event {
            Event::Fetch { study, store: Store::Edits, .. } => Some(study),
            _ => None,
        });
        let Some(study) = asked else { continue };
        engine.handle(Request::Fetched { study, store: Store::Edits }, &Files::default(), Some(&edits), &mut |o| outputs.push(o));
    }
    let view = last(&outputs);
    assert_eq!((view.done, view.studies), (2, 0), "{view:?}");
}

#[test]
fn nothing_usable_is_said() {
    let mut desk = Desk::new(Kept::new());
    let files = Files { all: vec![common::memory("a.bin", vec![0; 100])] };
    let outputs = desk.send_files(Request::GatherPast { division: PastDivision::default() }, &files);
    assert!(matches!(&outputs[0].event, Event::Failed { what } if what.contains("no recording")), "{outputs:?}");
    let outputs = desk.send(Request::PastTable { name: "x".into(), accepted: vec![0], keep: true });
    assert!(matches!(&outputs[0].event, Event::Failed { what } if what.contains("again")), "{outputs:?}");
    for (wrong, why) in [("20", "range"), ("60-20", "go up"), ("20-40, 40-60", "two ranges"), ("a-b", "range"), ("-5-20", "range")] {
        assert!(PastDivision::ages(wrong).unwrap_err().contains(why), "{wrong}");
    }
    assert!(PastDivision::ages("  ").unwrap().is_empty());
    assert!(past::read("study,measure,unit,value,person\n", "x").is_err());
    assert!(!past::is_table("study,measure,unit,bound,value,person\n") && past::is_table("Study;Measure;Unit;Value;Person\n"));
}

fn place(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("past-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_command_line_does_the_same() {
    let folder = place("cli");
    for (name, bytes) in study_files() {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    std::fs::write(folder.join("old.csv"), table(250)).unwrap();
    let to = folder.join("out").with_extension("csv");
    let run = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_myoscope")).args(arguments).output().unwrap();
    let done = run(&["norms", folder.to_str().unwrap(), "-o", to.to_str().unwrap(), "--name", "Ward 9"]);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && said.contains("Median motor") && said.contains("too few"), "{said} {done:?}");
    let written = std::fs::read_to_string(&to).unwrap();
    let (profile, problems) = myoscope::norms::own::read(&written, "x").unwrap();
    assert_eq!((profile.name.as_str(), profile.len(), problems.len()), ("Ward 9", 1, 0));
    // What was computed is used by a report.
    let text = folder.join("report.txt");
    let median = folder.join("median.edf");
    let done =
        run(&["report", median.to_str().unwrap(), "-o", text.to_str().unwrap(), "--depth", "full", "--limits", to.to_str().unwrap()]);
    assert!(done.status.success(), "{done:?}");
    assert!(std::fs::read_to_string(&text).unwrap().contains("Ward 9"));
    let json = run(&["norms", folder.join("old.csv").to_str().unwrap(), "--json", "--ages", "20-49,50-79"]);
    let parsed: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(parsed["rows"].as_array().unwrap().len(), 2, "{parsed}");
    let wrong = run(&["norms", folder.to_str().unwrap(), "--ages", "old"]);
    assert_eq!(wrong.status.code(), Some(64));
    assert_eq!(run(&["info", folder.to_str().unwrap(), "--ages", "20-30"]).status.code(), Some(64));
}
