//! Golden directories of the analyses of continuous signals: a small recording as a user has it, what
//! the simulator knows of it, and what is said of it.
//!
//! `case.json` names the file and the task. `truth.json` is the simulator's: discharges of each train,
//! sizes, edges, jitter, each with how far off it may be. `expected.json` is what the analysis said when
//! the directory was written, as it is read (table cells with their decimals, moments to 0.1 ms): a
//! change of any number is seen, and written anew with its reason in the commit.

#![cfg(not(target_arch = "wasm32"))] // native: files
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking

mod common;

use std::path::{Path, PathBuf};

use common::open_path;
use myoscope::analysis::signal::{SignalInput, signal_analyzer};
use myoscope::formats::OpenOptions;
use myoscope::model::{SignalMeasurement, SignalTask};
use myoscope::simulate::{Random, simulate_needle};
use serde_json::{Value, json};

/// Microvolts a step of the stored recordings.
const STEP_UV: f64 = 0.25;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/needle")
}

/// A recording with what is known of it.
struct Case {
    task: SignalTask,
    note: &'static str,
    uv: Vec<f64>,
    fs_hz: f64,
    truth: Value,
}

/// Times to 0.1 ms.
fn tenths(times_s: &[f64]) -> Vec<f64> {
    times_s.iter().map(|t| (t * 1e4).round() / 1e4).collect()
}

fn span(values: &[f64]) -> f64 {
    let (low, high) = common::extremes(values);
    high - low
}

/// Every second sample: half of the rate.
fn half(uv: &[f64]) -> Vec<f64> {
    uv.iter().step_by(2).copied().collect()
}

fn units() -> Case {
    let made = simulate_needle(54, 3, 5.0, 4.0);
    let sizes: Vec<f64> = made.potentials.iter().map(|potential| span(potential).round()).collect();
    let trains: Vec<Value> =
        made.trains.iter().zip(sizes).map(|(times_s, amp_uv)| json!({"times_s": tenths(times_s), "amp_uv": amp_uv})).collect();
    let note = "Slight effort: three motor units.";
    Case { task: SignalTask::Units, note, uv: half(&made.uv), fs_hz: made.fs_hz / 2.0, truth: json!({"trains": trains}) }
}

fn rest() -> Case {
    let (seconds, mut random) = (5.0, Random::new(52));
    let shapes = simulate_needle(52, 2, 1.0, 0.0);
    let (mut uv, mut trains) = (simulate_needle(53, 0, seconds, 4.0).uv, Vec::new());
    for (shape, (rate_hz, size)) in shapes.potentials.iter().zip([(3.1, 0.4), (5.7, 0.5)]) {
        let peak = (0..shape.len()).max_by(|a, b| shape[*a].abs().total_cmp(&shape[*b].abs())).unwrap();
        let (mut t, mut times_s) = (0.15, Vec::new());
        while t < seconds - 0.15 {
            let first = (t * shapes.fs_hz) as usize;
            uv.iter_mut().skip(first).zip(shape).for_each(|(value, add)| *value += size * add);
            times_s.push((first + peak) as f64 / shapes.fs_hz);
            t += random.normal(1.0, 0.02) / rate_hz;
        }
        trains.push(json!({"times_s": tenths(&times_s), "class": "fibrillation"}));
    }
    let note = "At rest: two fibres that discharge regularly.";
    Case { task: SignalTask::Rest, note, uv: half(&uv), fs_hz: shapes.fs_hz / 2.0, truth: json!({"trains": trains}) }
}

fn interference() -> Case {
    let made = simulate_needle(55, 24, 5.0, 4.0);
    let discharges: usize = made.trains.iter().map(Vec::len).sum();
    let note = "Full effort: 24 motor units.";
    let truth = json!({"discharges_per_s": (discharges as f64 / 5.0).round()});
    Case { task: SignalTask::Interference, note, uv: half(&made.uv), fs_hz: made.fs_hz / 2.0, truth }
}

fn jitter() -> Case {
    let (fs_hz, mut random) = (25_000.0, Random::new(56));
    let mut uv: Vec<f64> = (0..67_500).map(|_| random.normal(0.0, 3.0)).collect();
    let mut intervals_us = Vec::new();
    for k in 0..52 {
        let first = 0.05 * (f64::from(k) + 1.0) + random.normal(0.0, 0.002);
        let interval = 1.3e-3 + random.normal(0.0, 30e-6);
        intervals_us.push(interval * 1e6);
        for (at, height) in [(first, 400.0), (first + interval, 350.0)] {
            for (i, value) in uv.iter_mut().enumerate().skip(((at - 0.002) * fs_hz) as usize).take(100) {
                let z = (i as f64 / fs_hz - at) / 0.00013;
                *value += height * (1.0 - z * z) * (-0.5 * z * z).exp();
            }
        }
    }
    let n = intervals_us.len() as f64;
    let mcd: f64 = intervals_us.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<f64>() / (n - 1.0);
    let truth = json!({"mcd_us": (mcd * 10.0).round() / 10.0, "interval_us": (intervals_us.iter().sum::<f64>() / n).round()});
    Case { task: SignalTask::Jitter, note: "Single fibre: one pair, no blocking.", uv, fs_hz, truth }
}

fn surface() -> Case {
    let (fs_hz, mut random, mut last) = (2000.0, Random::new(57), 0.0);
    let edges: Vec<[f64; 2]> = (0..4).map(f64::from).map(|k| [1.0 + 4.5 * k, 3.2 + 4.6 * k]).collect();
    let value = |k: u32| {
        let t = f64::from(k) / fs_hz;
        last = 0.7 * last + random.normal(0.0, 1.0);
        let active = edges.iter().any(|edge| (edge[0]..edge[1]).contains(&t));
        random.normal(0.0, 2.0) + if active { 50.0 * last } else { 0.0 }
    };
    let uv = (0..38_000).map(value).collect();
    let truth = json!({"contractions_s": edges});
    Case { task: SignalTask::Surface, note: "Four contractions.", uv, fs_hz, truth }
}

type Named = (&'static str, fn() -> Case);

const ALL: [Named; 5] = [("units", units), ("rest", rest), ("interference", interference), ("jitter", jitter), ("surface", surface)];

/// What the analysis says of the first channel of a file.
fn analyse(file: &Path, task: SignalTask) -> SignalMeasurement {
    let opened = open_path(file, &OpenOptions::default()).unwrap();
    assert!(opened.warnings.is_empty(), "{:?}", opened.warnings);
    let channel = &opened.study.recordings[0].channels[0];
    assert_eq!(channel.unit, "uV");
    let sign = if channel.negative_up { 1.0 } else { -1.0 };
    let uv = common::read_channel(&*opened.samples[0], 0, channel.n).into_iter().map(|value| sign * value).collect();
    let mut work = signal_analyzer(task).unwrap().begin(SignalInput { uv, fs_hz: channel.fs_hz, ..SignalInput::default() });
    while work.step().is_some() {}
    work.measurement()
}

/// A measurement as it is read.
fn said(measured: &SignalMeasurement) -> Value {
    let trains = measured.trains.iter().map(|train| {
        let span_s = train.span_s.map(|span| tenths(&span));
        json!({"name": train.name, "class": train.class, "times_s": tenths(&train.times_s), "span_s": span_s, "why": train.why, "warning": train.warning})
    });
    let tables = measured.tables.iter().map(|table| {
        let row = |row: &myoscope::model::TableRow| {
            let cells: Vec<String> = row.cells.iter().zip(&table.columns).map(|(cell, column)| cell.shown(column)).collect();
            json!([row.name, cells])
        };
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        json!({"title": table.title, "columns": columns, "rows": table.rows.iter().map(row).collect::<Vec<_>>(), "note": table.note})
    });
    json!({
        "method": measured.method,
        "verdict": measured.verdict,
        "trains": trains.collect::<Vec<_>>(),
        "unresolved": measured.unresolved_s.len(),
        "tables": tables.collect::<Vec<_>>(),
        "charts": measured.charts.iter().map(|chart| chart.title.as_str()).collect::<Vec<_>>(),
        "quality": measured.quality.iter().map(|flag| flag.what.as_str()).collect::<Vec<_>>(),
    })
}

/// Where two values differ.
fn differences(a: &Value, b: &Value, at: &str, out: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) if x.len() == y.len() => {
            x.iter().for_each(|(key, value)| differences(value, y.get(key).unwrap_or(&Value::Null), &format!("{at}/{key}"), out));
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            x.iter().zip(y).enumerate().for_each(|(i, (x, y))| differences(x, y, &format!("{at}/{i}"), out));
        }
        // The last digit may tip over between processors.
        (Value::Number(x), Value::Number(y)) if (x.as_f64().unwrap() - y.as_f64().unwrap()).abs() < 1.5e-4 => {}
        _ if a == b => {}
        _ => out.push(format!("{at}: {a}, expected {b}")),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// A number of a cell, by the names of row and column.
fn cell(said: &Value, row: usize, column: &str) -> f64 {
    let table = &said["tables"][0];
    let at = table["columns"].as_array().unwrap().iter().position(|name| name == column);
    let at = at.unwrap_or_else(|| panic!("no column {column} in {}", table["columns"]));
    table["rows"][row][1][at].as_str().unwrap().parse().unwrap_or(f64::NAN)
}

/// What is said against what the simulator knows.
fn hold(name: &str, said: &Value, truth: &Value) {
    let trains = said["trains"].as_array().unwrap();
    if let Some(known) = truth["trains"].as_array() {
        assert_eq!(trains.len(), known.len(), "{name}: {}", said["verdict"]);
        for known in known {
            let times = numbers(&known["times_s"]);
            let right = |train: &Value| {
                let found = numbers(&train["times_s"]);
                times.iter().filter(|t| found.iter().any(|f| (f - **t).abs() < 1e-3)).count()
            };
            let best = (0..trains.len()).max_by_key(|&index| right(&trains[index])).unwrap();
            let (right, found) = (right(&trains[best]), numbers(&trains[best]["times_s"]).len());
            assert!(right + 1 + times.len() / 25 >= times.len() && found <= right + 1, "{name}: {right} of {}, {found} found", times.len());
            if let Some(class) = known["class"].as_str() {
                assert_eq!(trains[best]["class"], class, "{name}");
            }
            if let Some(amp_uv) = known["amp_uv"].as_f64() {
                let measured = cell(said, best, "Amplitude");
                assert!((measured / amp_uv - 1.0).abs() < 0.08, "{name}: {measured} of {amp_uv} uV");
            }
        }
    }
    if let Some(mcd_us) = truth["mcd_us"].as_f64() {
        let (mcd, interval) = (cell(said, 0, "MCD"), cell(said, 0, "Interval"));
        assert!((mcd / mcd_us - 1.0).abs() < 0.06, "{name}: MCD {mcd} of {mcd_us} us");
        assert!((interval - truth["interval_us"].as_f64().unwrap()).abs() < 10.0, "{name}: {interval} us");
    }
    if let Some(edges) = truth["contractions_s"].as_array() {
        assert_eq!(trains.len() + said["tables"][0]["rows"].as_array().unwrap().len(), edges.len(), "{name}: {}", said["verdict"]);
        for (row, edge) in edges.iter().enumerate() {
            let (on, off) = (cell(said, row, "Onset"), cell(said, row, "End"));
            let known = numbers(edge);
            assert!((on - known[0]).abs() < 0.011 && (off - known[1]).abs() < 0.011, "{name}: {on} to {off} s, {known:?}");
        }
    }
    if let Some(per_s) = truth["discharges_per_s"].as_f64() {
        // Several units overlap in each turn, and a potential has several turns.
        let turns = said["verdict"].as_str().unwrap().split_whitespace().find_map(|word| word.parse::<f64>().ok()).unwrap();
        assert!(turns > per_s && turns < 8.0 * per_s, "{name}: {turns} turns/s of {per_s} discharges/s");
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn golden_signals_say_what_they_said_and_what_is_true() {
    let mut faults = Vec::new();
    for (name, _) in ALL {
        let dir = golden().join(name);
        let case = read(&dir.join("case.json"));
        let task = serde_json::from_value(case["task"].clone()).unwrap();
        let said = said(&analyse(&dir.join(case["file"].as_str().unwrap()), task));
        differences(&said, &read(&dir.join("expected.json")), name, &mut faults);
        hold(name, &said, &read(&dir.join("truth.json")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Writes the golden directories anew.
#[test]
#[ignore = "writes tests/golden/needle"]
fn write_golden_signals() {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap() + "\n";
    for (name, make) in ALL {
        let case = make();
        let dir = golden().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        // Positive is upward in files that do not say otherwise.
        let stored = |uv: &f64| ((-uv / STEP_UV).round().clamp(-32_767.0, 32_767.0) as i16).to_le_bytes();
        let bytes: Vec<u8> = case.uv.iter().flat_map(stored).collect();
        assert!(bytes.len() < 150_000, "{name}: {} bytes", bytes.len());
        std::fs::write(dir.join(format!("{name}.dat")), bytes).unwrap();
        let header = format!("{name} 1 {} {}\n{name}.dat 16 {}/uV 16 0 0 0 0 {name}\n", case.fs_hz, case.uv.len(), 1.0 / STEP_UV);
        let file = dir.join(format!("{name}.hea"));
        std::fs::write(&file, header).unwrap();
        let about = json!({"file": format!("{name}.hea"), "task": case.task, "note": case.note});
        std::fs::write(dir.join("case.json"), pretty(&about)).unwrap();
        std::fs::write(dir.join("truth.json"), pretty(&case.truth)).unwrap();
        std::fs::write(dir.join("expected.json"), pretty(&said(&analyse(&file, case.task)))).unwrap();
    }
}
