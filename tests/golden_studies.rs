//! Golden directories of nerve studies beyond motor conduction: small files as a user has them, and
//! what the simulated nerves behind them are known to do.
//!
//! `case.json` names the file to open, and for every expected value where the measurement has it (a
//! JSON pointer) and how far off it may be (`within`, or `within_pct` of the expected value).
//! `expected.json` holds the simulator's truth, read off noise-free waves five times finer than the
//! recording (onset: 1 % of the negative peak;
//! of F waves, H reflexes and R2, which stand in more noise, 2 % of their size), and never a measurement of ours.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

mod studies;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use myoscope::analysis::{Context, analyzer_for, input};
use myoscope::formats::{Files, NamedSource, OpenOptions, SliceSource, open};
use myoscope::model::Edits;
use serde_json::Value;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/nerve")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The measurement of the only test in a directory, its files opened together.
fn measure(dir: &Path, main: &str) -> Value {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let named = |path: &PathBuf| NamedSource {
        name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        source: Rc::new(SliceSource::from(std::fs::read(path).unwrap())),
    };
    let ours = |file: &NamedSource| !["case.json", "expected.json"].contains(&file.name.as_str());
    let files = Files { all: paths.iter().map(named).filter(ours).collect() };
    let opened = open(&files, &OpenOptions::default()).into_iter().find(|(name, _)| name == main).unwrap().1.unwrap();
    assert!(opened.warnings.is_empty(), "{dir:?}: {:?}", opened.warnings);
    let (study, edits) = (&opened.study, Edits::default());
    assert_eq!(study.examination.tests.len(), 1, "{dir:?}");
    let input = input(&study.recordings, &study.examination, &opened.samples, &edits, 0).unwrap().unwrap();
    let test = &study.examination.tests[0];
    let context = Context { test, placed: &[], no_response: &[], height_cm: None, age_years: None };
    serde_json::to_value(analyzer_for(test.kind).analyze(&input).measurement(&context)).unwrap()
}

/// The number that a JSON pointer leads to, or the value of this name.
fn value(measured: &Value, at: &str) -> Option<f64> {
    if at.starts_with('/') {
        return measured.pointer(at)?.as_f64();
    }
    measured["summary"]["values"].as_array()?.iter().find(|value| value["name"] == at)?["value"].as_f64()
}

#[test]
fn golden_studies_measure_the_truth_of_their_simulator() {
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_dir()).collect();
    dirs.sort();
    assert_eq!(dirs.len(), studies::ALL.len(), "golden directories are missing");
    let mut faults = Vec::new();
    for dir in dirs {
        let (case, expected) = (read(&dir.join("case.json")), read(&dir.join("expected.json")));
        let measured = measure(&dir, case["file"].as_str().unwrap());
        let name = dir.file_name().unwrap().to_string_lossy().into_owned();
        if std::env::var("MYOSCOPE_SHOW").is_ok_and(|show| show == name) {
            println!("{}", serde_json::to_string_pretty(&measured["summary"]).unwrap());
        }
        let values = case["values"].as_object().unwrap();
        assert_eq!(values.len(), expected.as_object().unwrap().len(), "{name}");
        for (key, rule) in values {
            let want = expected[key].as_f64().unwrap();
            let Some(got) = value(&measured, rule["at"].as_str().unwrap()) else {
                faults.push(format!("{name} {key}: nothing for {want:.3}"));
                continue;
            };
            let within = rule["within"].as_f64().unwrap_or_else(|| rule["within_pct"].as_f64().unwrap() * 1e-2 * want.abs());
            println!("{name} {key}: {got:.3} for {want:.3}, may be off by {within:.3}");
            if (got - want).abs() > within {
                faults.push(format!("{name} {key}: {got:.3} for {want:.3}, off by more than {within:.3}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Writes the golden directories anew.
#[test]
#[ignore = "writes tests/golden/nerve"]
fn write_golden_studies() {
    for (name, make) in studies::ALL {
        let case = make();
        let dir = golden().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let mut bytes = 0;
        for (file, content) in case.files() {
            bytes += content.len();
            std::fs::write(dir.join(file), content).unwrap();
        }
        assert!(bytes < 150_000, "{name}: {bytes} bytes");
    }
}
