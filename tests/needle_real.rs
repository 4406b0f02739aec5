//! Needle EMG of people, where `MYOSCOPE_DATA` names the folder of recordings: taken apart into trains
//! that motor units can have, and larger potentials where nerves were lost.

#![cfg(not(target_arch = "wasm32"))] // native: files
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // a test fails by panicking

mod common;

use std::path::{Path, PathBuf};

use common::open_path;
use myoscope::analysis::signal::{SignalInput, signal_analyzer};
use myoscope::formats::OpenOptions;
use myoscope::model::{Cell, SignalMeasurement, SignalTask};
use myoscope::norms::needle::rise_ms;
use myoscope::units::Unit;

/// Part of each recording that is analysed, s.
const SECONDS: f64 = 25.0;
/// Rates at which motor units fire in sustained effort, Hz.
const RATES_HZ: std::ops::RangeInclusive<f64> = 3.0..=40.0;
/// No motor neuron discharges twice within this, s; doublets are apart by more.
const SHORTEST_S: f64 = 0.005;

/// The folder of recordings; `None` when none is named.
fn data() -> Option<PathBuf> {
    let Ok(named) = std::env::var("MYOSCOPE_DATA") else {
        println!("skipped: MYOSCOPE_DATA is not set");
        return None;
    };
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(named))
}

/// The first channel of a recording, its first seconds in microvolts.
fn read(folder: &Path, file: &str) -> SignalInput {
    let path = folder.join(file);
    assert!(path.is_file(), "MYOSCOPE_DATA is set but {} does not exist", path.display());
    let opened = open_path(&path, &OpenOptions::default()).unwrap();
    let channel = &opened.study.recordings[0].channels[0];
    let per_unit = Unit::parse(&channel.unit).uv_per_unit().unwrap();
    let n = channel.n.min((SECONDS * channel.fs_hz) as u64);
    let uv = common::read_channel(&*opened.samples[0], 0, n).into_iter().map(|value| value * per_unit).collect();
    SignalInput { uv, fs_hz: channel.fs_hz, ..SignalInput::default() }
}

fn analyse(input: SignalInput) -> SignalMeasurement {
    let mut work = signal_analyzer(SignalTask::Units).unwrap().begin(input);
    while work.step().is_some() {}
    work.measurement()
}

/// The finite numbers of a column of the potentials, the summary's rows left out.
fn column(measured: &SignalMeasurement, name: &str) -> Vec<f64> {
    let has = |table: &&myoscope::model::Table| table.columns.iter().any(|column| column.name == name);
    let table = measured.tables.iter().find(has).unwrap_or_else(|| panic!("no column {name}"));
    let at = table.columns.iter().position(|column| column.name == name).unwrap();
    let rows = table.rows.iter().filter(|row| row.name.starts_with("MU "));
    let number = |cell: &Cell| if let Cell::Number(value) | Cell::Abnormal(value) = cell { Some(*value) } else { None };
    rows.filter_map(|row| number(&row.cells[at])).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty());
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { values[half] } else { 0.5 * (values[half - 1] + values[half]) }
}

fn show(file: &str, measured: &SignalMeasurement) {
    println!("{file}: {}", measured.verdict);
    for train in &measured.trains {
        let intervals: Vec<f64> = train.times_s.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let least = intervals.iter().copied().fold(f64::INFINITY, f64::min);
        let rate = if intervals.is_empty() { f64::NAN } else { 1.0 / median(intervals) };
        println!("  {} {} discharges, {rate:.1}/s, shortest {:.1} ms", train.name, train.times_s.len(), least * 1e3);
    }
    for table in &measured.tables {
        println!("  {}: {:?}", table.title, table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>());
        for row in &table.rows {
            let cells: Vec<String> = row.cells.iter().zip(&table.columns).map(|(cell, column)| cell.shown(column)).collect();
            println!("    {} {}", row.name, cells.join(" | "));
        }
    }
}

/// What is impossible in the trains of a recording: discharges too close, or a rate that no motor unit has.
fn impossible(file: &str, measured: &SignalMeasurement) -> [Vec<String>; 2] {
    let (mut close, mut fast) = (Vec::new(), Vec::new());
    for train in &measured.trains {
        let intervals: Vec<f64> = train.times_s.windows(2).map(|pair| pair[1] - pair[0]).collect();
        if let Some(short) = intervals.iter().find(|s| **s < SHORTEST_S || !s.is_finite()) {
            close.push(format!("{file}: {} discharges twice within {:.2} ms", train.name, short * 1e3));
        }
        // The median interval: pauses do not count.
        if intervals.is_empty() || !RATES_HZ.contains(&(1.0 / median(intervals))) {
            fast.push(format!("{file}: {} discharges {} times at an impossible rate", train.name, train.times_s.len()));
        }
    }
    [close, fast]
}

/// The least number of trains of each, none of them impossible. At 10 kHz (R00108) as at 25 kHz.
#[test]
fn trains_are_such_as_motor_units_have() {
    let Some(folder) = data() else { return };
    let files = [
        ("physionet-emgdb/emg_healthy.hea", 1),
        ("physionet-emgdb/emg_neuropathy.hea", 1),
        ("emglab-n2001/N2001A01BB01/derived/N2001A01BB01.hea", 2),
        ("emglab-n2001/N2001C01BB51/derived/N2001C01BB51.hea", 2),
        ("emglab-r00108/R00108.hea", 5),
    ];
    let mut faults = Vec::new();
    for (file, least) in files {
        let measured = analyse(read(&folder, file));
        show(file, &measured);
        if measured.trains.len() < least {
            faults.push(format!("{file}: {} trains: {}", measured.trains.len(), measured.verdict));
        }
        faults.extend(impossible(file, &measured).concat());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Fine wires in a breathing diaphragm: units come and go with each breath among many small ones. The
/// two that the authors sorted are found: most of the large one, half of the other, which joins late and
/// lies among larger potentials. The smallest train may be several units in one, too fast
/// for one, which the verdict must not call complete.
#[test]
fn a_diaphragm_has_the_units_that_its_authors_sorted() {
    let Some(folder) = data() else { return };
    let file = "spike2py/derived/motor_units.hea";
    let measured = analyse(read(&folder, file));
    show(file, &measured);
    let sorted = folder.join("spike2py/derived/motor_units_spikes.csv");
    assert!(sorted.is_file(), "MYOSCOPE_DATA is set but {} does not exist", sorted.display());
    let sorted = std::fs::read_to_string(sorted).unwrap();
    for (unit, least_pct) in [("MU1", 40), ("MU2", 70)] {
        let lines = sorted.lines().filter_map(|line| line.split_once(',')).filter(|(name, _)| *name == unit);
        let theirs: Vec<f64> = lines.map(|(_, time)| time.parse().unwrap()).collect();
        // Their moments are where a window of the potential begins: one shift a unit.
        let agreeing = |ours: &[f64], shift_s: f64| {
            theirs.iter().filter(|theirs| ours.iter().any(|ours| (ours - **theirs - shift_s).abs() < 0.0005)).count()
        };
        let shifts = || (-20..=20).map(|step| f64::from(step) * 0.00025);
        let of = |ours: &Vec<f64>| shifts().map(|shift_s| agreeing(ours, shift_s)).max().unwrap();
        let best = measured.trains.iter().max_by_key(|train| of(&train.times_s)).unwrap();
        let found = of(&best.times_s);
        println!("{unit}: {found} of {} in {} with {} discharges", theirs.len(), best.name, best.times_s.len());
        assert!(found * 100 >= theirs.len() * least_pct, "{unit}: {found} of {}", theirs.len());
    }
    let [close, fast] = impossible(file, &measured);
    assert!(close.is_empty() && fast.len() <= 1, "{close:?} {fast:?}");
    let last = measured.trains.last().unwrap();
    assert!(fast.iter().all(|what| what.contains(&last.name)), "{fast:?}");
    assert!(fast.is_empty() || measured.verdict.contains("not resolved"), "{}", measured.verdict);
}

/// Amplitude and area. Durations cannot be compared in these two recordings: their amplifier
/// passes from 20 Hz on (first order, 8 ms), so that a potential that is mostly negative ends in a slow
/// positive wave of the amplifier's. One of the two healthy units is such (0.3 mV, 21 ms by its automatic
/// end; with the amplifier's effect taken away two thirds of its last wave vanish).
#[test]
fn potentials_are_larger_and_longer_in_neuropathy() {
    let Some(folder) = data() else { return };
    // A unit is near when its spike rises quickly; what a distant one measures is the muscle's as well.
    let near_ms = rise_ms().unwrap();
    let of = |file: &str| {
        let measured = analyse(read(&folder, file));
        let rise = column(&measured, "Rise time");
        let near = |name| column(&measured, name).into_iter().zip(&rise).filter(|(_, rise)| **rise <= near_ms).map(|(value, _)| value);
        ["Amplitude", "Area", "Duration"].map(|name| median(near(name).collect()))
    };
    let healthy = of("physionet-emgdb/emg_healthy.hea");
    let neuropathy = of("physionet-emgdb/emg_neuropathy.hea");
    println!("amplitude uV, area uV ms, duration ms: healthy {healthy:.1?}, neuropathy {neuropathy:.1?}");
    let larger = neuropathy[0] > 3.0 * healthy[0] && neuropathy[1] > 2.0 * healthy[1];
    assert!(larger && neuropathy[2] > 1.2 * healthy[2], "healthy {healthy:?}, neuropathy {neuropathy:?}");
    for duration_ms in [healthy[2], neuropathy[2]] {
        assert!((5.0..30.0).contains(&duration_ms), "{duration_ms} ms");
    }
}
