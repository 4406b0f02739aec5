//! Real recordings against what independent readers say of them (`oracle.json`).
//!
//! The recordings are not part of the repository: `MYOSCOPE_DATA` names their folder. The oracle
//! prints nine significant digits, so values are compared to 1e-8 of the channel's range.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // a test fails by panicking

mod common;

use std::path::{Path, PathBuf};

use common::{close, extremes, open_path, read_everything};
use myoscope::formats::{Export, MemorySink, OpenOptions, Opened, readers, writers};
use myoscope::model::Recording;
use serde_json::Value;

/// The oracle prints nine digits.
const DIGITS: f64 = 2e-8;

/// The folder of recordings; `None` when none is named.
fn data() -> Option<PathBuf> {
    let Ok(named) = std::env::var("MYOSCOPE_DATA") else {
        println!("skipped: MYOSCOPE_DATA is not set");
        return None;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(named);
    assert!(folder.join("oracle.json").is_file(), "MYOSCOPE_DATA is set but {} does not exist", folder.join("oracle.json").display());
    Some(folder)
}

fn oracle(folder: &Path) -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(folder.join("oracle.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap().as_object().unwrap().clone()
}

fn extension(file: &str) -> &str {
    file.rsplit_once('.').map_or("", |(_, e)| e)
}

/// One micro sign for all.
fn micro(unit: &str) -> String {
    unit.replace(['\u{b5}', '\u{3bc}'], "u")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Collects what disagrees, so that one run shows everything.
#[derive(Default)]
struct Report {
    faults: Vec<String>,
    checked: usize,
}

impl Report {
    fn check(&mut self, ok: bool, what: impl FnOnce() -> String) {
        self.checked += 1;
        if !ok {
            self.faults.push(what());
        }
    }

    fn finish(self, at_least: usize) {
        assert!(self.faults.is_empty(), "{} of {} checks failed:\n{}", self.faults.len(), self.checked, self.faults.join("\n"));
        assert!(self.checked >= at_least, "only {} checks were made", self.checked);
    }

    /// First five values and extremes of a channel.
    fn values(&mut self, what: &str, values: &[f64], expected: &Value) {
        let (low, high) = extremes(values);
        let range = (high - low).max(low.abs()).max(high.abs());
        let first: Vec<f64> = expected["first5"].as_array().unwrap().iter().map(number).collect();
        let same = first.iter().zip(values).all(|(a, b)| close(*a, *b, DIGITS, range) || (a.is_nan() && b.is_nan()));
        self.check(same, || format!("{what}: first values {:?}, expected {first:?}", &values[..values.len().min(5)]));
        for (name, value) in [("min", low), ("max", high)] {
            let expected = number(&expected[name]);
            self.check(close(value, expected, DIGITS, range), || format!("{what}: {name} {value}, expected {expected}"));
        }
    }

    fn channels(&mut self, file: &str, opened: &Opened, expected: &[Value]) {
        let recording = &opened.study.recordings[0];
        let values = read_everything(recording, &*opened.samples[0]);
        self.check(recording.channels.len() == expected.len(), || {
            format!("{file}: {} channels, expected {}", recording.channels.len(), expected.len())
        });
        for ((channel, values), expected) in recording.channels.iter().zip(&values).zip(expected) {
            let what = format!("{file}: {}", channel.name);
            // The WFDB library calls a signal without description `col N`; soundfile names none.
            if let Some(name) = expected["name"].as_str().filter(|name| *name != "None") {
                self.check(channel.name == name, || format!("{what}: name, expected {name}"));
            }
            let unit = expected["units"].as_str().unwrap_or("");
            let unit = if unit == "int16" { "" } else { unit };
            self.check(micro(&channel.unit) == micro(unit), || format!("{what}: unit {:?}, expected {unit:?}", channel.unit));
            self.check(close(channel.fs_hz, number(&expected["fs"]), 1e-9, 0.0), || {
                format!("{what}: {} Hz, expected {}", channel.fs_hz, expected["fs"])
            });
            self.check(Some(channel.n) == expected["n"].as_u64(), || format!("{what}: n {}, expected {}", channel.n, expected["n"]));
            self.values(&what, values, expected);
            let missing = values.iter().filter(|v| v.is_nan()).count() as u64;
            self.check(Some(missing) == expected["nan"].as_u64(), || format!("{what}: {missing} missing, expected {}", expected["nan"]));
        }
    }

    fn annotations(&mut self, file: &str, recording: &Recording, expected: &Value) {
        let Some(count) = expected["count"].as_u64() else { return };
        self.check(recording.annotations.len() as u64 == count, || {
            format!("{file}: {} annotations, expected {count}", recording.annotations.len())
        });
        for (found, expected) in recording.annotations.iter().zip(expected["first"].as_array().unwrap()) {
            let duration = number(&expected[1]).max(0.0);
            let same = close(found.onset_s, number(&expected[0]), 1e-6, 1.0)
                && close(found.duration_s.unwrap_or(0.0), duration, 1e-6, 1.0)
                && Some(found.text.as_str()) == expected[2].as_str();
            self.check(same, || format!("{file}: annotation {found:?}, expected {expected}"));
        }
    }
}

fn open(folder: &Path, file: &str, options: &OpenOptions, report: &mut Report) -> Option<Opened> {
    match open_path(&folder.join(file), options) {
        Ok(opened) => Some(opened),
        Err(error) => {
            report.check(false, || format!("{file}: refused: {error}"));
            None
        }
    }
}

#[test]
fn edf_and_bdf_agree() {
    let Some(folder) = data() else { return };
    let mut report = Report::default();
    for (file, expected) in oracle(&folder).iter().filter(|(file, _)| matches!(extension(file), "edf" | "bdf")) {
        let Some(opened) = open(&folder, file, &OpenOptions::default(), &mut report) else { continue };
        let recording = &opened.study.recordings[0];
        // Where pyedflib refused, the direct parse holds the file's own units and rates (mne resamples).
        let own = &expected["struct_parse"]["signals"];
        let channels: Vec<Value> = match own.as_array() {
            Some(signals) => signals.iter().filter(|s| s["name"].is_string()).cloned().collect(),
            None => expected["channels"].as_array().cloned().unwrap_or_default(),
        };
        report.channels(file, &opened, &channels);
        if file == "stagpoint-edf/Discontinuous2.edf" {
            // mne cuts annotations at the gaps and drops three of the four lists in the first record.
            let texts: Vec<(f64, Option<f64>, &str)> =
                recording.annotations.iter().map(|a| (a.onset_s, a.duration_s, a.text.as_str())).collect();
            let stored = [
                (5631.0, Some(6084.0), "APPEND: 5631"),
                (13_656.0, Some(2184.0), "APPEND: 13656"),
                (15_128.0, Some(24.0), "Desaturation"),
                (15_136.0, Some(16.0), "Hypoxemia"),
            ];
            report.check(texts == stored, || format!("{file}: annotations {texts:?}"));
        } else {
            report.annotations(file, recording, &expected["annotations"]);
        }
        if file == "pyedflib-tests/test_subsecond.edf" {
            // The first list of the file says +0.3945312; pyedflib prints that fraction as .039453.
            let start = recording.start.as_ref().map(|s| s.iso.as_str());
            report.check(start == Some("2020-01-24T04:05:56.3945312"), || format!("{file}: start {start:?}"));
        } else if let Some(start) = expected["start"].as_str() {
            let ours = recording.start.as_ref().map(|s| s.iso.replace('T', " ")).unwrap_or_default();
            let same = ours.len() >= 19 && ours[..19] == start[..19] && ours[19..].get(..6) == start[19..].get(..6);
            report.check(same, || format!("{file}: start {ours}, expected {start}"));
        }
        let stated = expected["record_onsets"].as_object();
        if let Some(onsets) = stated {
            check_onsets(file, recording, onsets, &mut report, number(&expected["struct_parse"]["record_s"]));
        } else if let Some(duration) = expected["duration_s"].as_f64() {
            report.check(recording.timeline.duration_s() == duration, || format!("{file}: {} s", recording.timeline.duration_s()));
        }
    }
    report.finish(300);
}

fn check_onsets(file: &str, recording: &Recording, expected: &serde_json::Map<String, Value>, report: &mut Report, record_s: f64) {
    let timeline = &recording.timeline;
    let onset = |record: f64| timeline.time_of_stored(record * record_s);
    for (k, first) in expected["first"].as_array().unwrap().iter().enumerate() {
        report.check((onset(k as f64) - number(first)).abs() < 1e-6, || {
            format!("{file}: record {k} at {}, expected {first}", onset(k as f64))
        });
    }
    let last = number(&expected["n"]) - 1.0;
    report.check((onset(last) - number(&expected["last"])).abs() < 1e-6, || format!("{file}: last record at {}", onset(last)));
    let gaps = timeline.spans.len() as u64 - 1;
    report.check(Some(gaps) == expected["gaps"].as_u64(), || format!("{file}: {gaps} gaps, expected {}", expected["gaps"]));
}

#[test]
fn wfdb_agrees() {
    let Some(folder) = data() else { return };
    if !readers().iter().any(|reader| reader.name() == "WFDB") {
        println!("skipped: no WFDB reader is registered");
        return;
    }
    let mut report = Report::default();
    for (file, expected) in oracle(&folder).iter().filter(|(file, _)| extension(file) == "hea") {
        let Some(channels) = expected["channels"].as_array() else { continue };
        let Some(opened) = open(&folder, file, &OpenOptions::default(), &mut report) else { continue };
        // Several samples a frame: the expanded signals are what the file holds.
        let channels = expected["expanded"].as_array().unwrap_or(channels);
        report.channels(file, &opened, channels);
    }
    report.finish(100);
}

#[test]
fn wav_agrees() {
    let Some(folder) = data() else { return };
    let mut report = Report::default();
    for (file, expected) in oracle(&folder).iter().filter(|(file, _)| extension(file) == "wav") {
        let Some(opened) = open(&folder, file, &OpenOptions::default(), &mut report) else { continue };
        report.channels(file, &opened, expected["channels"].as_array().unwrap());
        let markers: Vec<f64> =
            opened.study.recordings[0].annotations.iter().filter(|a| !a.text.starts_with('_')).map(|a| a.onset_s).collect();
        report.check(markers.len() == 12 && markers[0] == 6.409, || format!("{file}: markers {markers:?}"));
    }
    report.finish(6);
}

/// Tables: each value column must be a column of the oracle, by position.
#[test]
fn text_agrees() {
    let Some(folder) = data() else { return };
    let mut report = Report::default();
    let rates = [
        ("biosignalsnotebooks/signal_sample_single_hub_cACC_2017_1_20.txt", None),
        ("biosppy/emg.txt", Some(1000.0)),
        ("emgflow/sample_data_01.csv", Some(2000.0)),
        ("physionet-emgdb-txt/emg_healthy.txt", Some(4000.0)),
        ("physionet-emgdb-txt/emg_neuropathy.txt", Some(4000.0)),
        ("pyomeca-c3d/analogs.csv", Some(2000.0)),
        ("spike2py/derived/hreflex_soleus_sweeps_01-10.csv", Some(2000.0)),
    ];
    let oracle = oracle(&folder);
    for (file, rate) in rates {
        let expected = &oracle[file];
        let Some(opened) = open(&folder, file, &OpenOptions::default(), &mut report) else { continue };
        let recording = &opened.study.recordings[0];
        let values = read_everything(recording, &*opened.samples[0]);
        let columns = expected["columns"].as_array().unwrap();
        let n = expected["n_rows"].as_u64().unwrap();
        report.check(!recording.channels.is_empty(), || format!("{file}: no channels"));
        // The first columns may be a time or a row number; the values are the columns behind them.
        let total = expected["n_cols"].as_u64().unwrap() as usize;
        let skipped = total - recording.channels.len();
        for (channel, (described, values)) in recording.channels.iter().zip(&values).enumerate() {
            let what = format!("{file}: {}", described.name);
            if let Some(rate) = rate {
                report.check(described.fs_hz == rate, || format!("{what}: {} Hz, expected {rate}", described.fs_hz));
            }
            let valid = values.iter().filter(|v| !v.is_nan()).count() as u64;
            report.check(valid == n, || format!("{what}: {valid} values, expected {n}"));
            if let Some(expected) = columns.get(channel + skipped) {
                report.values(&what, values, expected);
            }
        }
    }
    report.finish(50);
}

#[test]
fn exports_of_acquisition_programs_open() {
    let Some(folder) = data() else { return };
    let mut report = Report::default();
    let oracle = oracle(&folder);
    for (file, first) in [("openbci-gui/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt", 0), ("labchart-txt/labchart_file.example.txt", 0)] {
        let expected = oracle[file]["channels"].as_array().unwrap();
        let Some(opened) = open(&folder, file, &OpenOptions::default(), &mut report) else { continue };
        let recording = &opened.study.recordings[0];
        let values = read_everything(recording, &*opened.samples[0]);
        for (k, expected) in expected.iter().enumerate() {
            let channel = &recording.channels[first + k];
            let what = format!("{file}: {}", channel.name);
            report.check(channel.fs_hz == number(&expected["fs"]), || format!("{what}: {} Hz", channel.fs_hz));
            report.check(Some(channel.n) == expected["n"].as_u64(), || format!("{what}: n {}", channel.n));
            report.values(&what, &values[first + k], expected);
        }
    }
    report.finish(50);
}

#[test]
fn tables_that_are_no_recordings_are_refused() {
    let Some(folder) = data() else { return };
    for file in [
        "byb-spikertools/BYB_Recording_2022-01-13_13.18.29-events.txt",
        "spike2py/derived/motor_units_spikes.csv",
        "emgio-trigno/otb_emg_channels.tsv",
    ] {
        let result = open_path(&folder.join(file), &OpenOptions::default());
        assert!(result.is_err(), "{file} was opened");
    }
}

/// Gaps; blocks that follow each other at once count as one.
fn gaps(recording: &Recording) -> usize {
    recording.timeline.spans.windows(2).filter(|w| w[1].onset_s - w[0].onset_s - w[0].duration_s > 1e-6).count()
}

/// What is read from a real file, written and read again, is the same to the last bit of the container.
#[test]
fn real_recordings_survive_their_own_container() {
    let Some(folder) = data() else { return };
    let mut report = Report::default();
    for (file, _) in oracle(&folder).iter().filter(|(file, _)| matches!(extension(file), "edf" | "bdf" | "wav" | "csv" | "txt")) {
        let Ok(opened) = open_path(&folder.join(file), &OpenOptions::default()) else { continue };
        let recording = &opened.study.recordings[0];
        let wanted = if extension(file) == "txt" { "csv" } else { extension(file) };
        let writer = writers().iter().find(|writer| writer.extension() == wanted).unwrap();
        let export =
            Export { study: &opened.study, recording, samples: &*opened.samples[0], annotations: &recording.annotations, edits: None };
        let mut sink = MemorySink::default();
        if recording.channels.is_empty() && wanted == "csv" {
            continue;
        }
        let warnings = writer.write("again", &export, &mut sink).unwrap();
        let again = common::open_files(&sink.files, &OpenOptions::default()).unwrap();
        let written = &again.study.recordings[0];
        report.check(written.start == recording.start || wanted == "csv", || format!("{file}: start {:?}", written.start));
        if wanted != "csv" {
            let key = |r: &Recording| r.annotations.iter().map(|a| (a.text.clone(), (a.onset_s * 1e6).round() as i64)).collect::<Vec<_>>();
            report.check(key(recording) == key(written), || format!("{file}: annotations differ"));
        }
        let (before, after) = (read_everything(recording, &*opened.samples[0]), read_everything(written, &*again.samples[0]));
        report.check(before.len() == after.len(), || format!("{file}: {} channels, {warnings:?}", after.len()));
        report.check(gaps(recording) == gaps(written), || format!("{file}: {} gaps", gaps(written)));
        for (k, (before, after)) in before.iter().zip(&after).enumerate() {
            let (low, high) = extremes(before);
            let fs = (recording.channels[k].fs_hz, written.channels[k].fs_hz);
            report.check(before.len() == after.len() && close(fs.0, fs.1, 1e-9, 0.0), || {
                format!("{file}: {} {} {fs:?} {warnings:?}", before.len(), after.len())
            });
            let alike = |a: f64, b: f64| close(a, b, 1e-9, high - low) || (a.is_nan() && b.is_nan());
            let differs = before.iter().zip(after).position(|(a, b)| !alike(*a, *b));
            report.check(differs.is_none(), || format!("{file}: channel {k} differs at {differs:?}, {warnings:?}"));
        }
    }
    report.finish(100);
}
