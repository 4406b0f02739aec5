//! A whole arm as a machine writes it: one EDF+ file a nerve, dropped together.

#![cfg(not(target_arch = "wasm32"))] // native: files
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail the test")]

mod common;

use std::path::{Path, PathBuf};

use common::edf;
use myoscope::engine::protocol::{Event, Request, Store, StudyView, TextOptions};
use myoscope::engine::{Engine, protocol::Output};
use myoscope::formats::{Files, NamedSource};
use myoscope::model::{Side, TestKind};
use myoscope::simulate::{Disturbance, Muscle, Pool, Random, Setup, Stretch, stimulate};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/study")
}

/// One nerve: file name, what the recording field says, label, sites.
struct Nerve {
    file: &'static str,
    said: &'static str,
    label: &'static str,
    muscle: Muscle,
    sites: &'static [(&'static str, f64, f64)],
    elbow: f64,
    seed: u64,
}

const FS_HZ: f64 = 20_000.0;
const N: usize = 1000;

fn nerves() -> [Nerve; 2] {
    [
        Nerve {
            file: "median.edf",
            said: "MNC_R_Median_Nerve",
            label: "NC R_APB",
            muscle: Muscle { units: 100, velocity_mps: (55.0, 2.5), residual_ms: 2.9, off_endplate_mm: 0.0, amplitude_uv: 7000.0 },
            sites: &[("right wrist", 80.0, 18.0), ("right elbow", 230.0, 24.0)],
            elbow: 1.0,
            seed: 41,
        },
        Nerve {
            file: "ulnar.edf",
            said: "MNC_R_Ulnar_Nerve",
            label: "NC R_ADM",
            muscle: Muscle { units: 100, velocity_mps: (58.0, 2.5), residual_ms: 1.4, off_endplate_mm: 0.0, amplitude_uv: 9000.0 },
            sites: &[("right wrist", 80.0, 20.0), ("right below elbow", 220.0, 25.0), ("right above elbow", 100.0, 31.0)],
            elbow: 0.62,
            seed: 43,
        },
    ]
}

/// The file of a nerve: a record a site, the stimulus at the record's start plus 5 ms. The ulnar
/// nerve is slowed across the elbow. Distances are left to be typed.
fn file(nerve: &Nerve) -> edf::File {
    let mut random = Random::new(nerve.seed);
    let pool = Pool::new(&nerve.muscle, &mut random);
    let (mut path, mut samples, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (k, (site, mm, ma)) in nerve.sites.iter().enumerate() {
        let slowed = site.contains("above");
        path.push(Stretch { mm: *mm, relative: (if slowed { nerve.elbow } else { 1.0 }, if slowed { 0.03 } else { 0.0 }), blocked: 0.0 });
        let disturbance = Disturbance {
            noise_uv: 4.0,
            slow_noise_uv: 2.0,
            mains_uv: 5.0,
            mains_hz: 50.0,
            drift_uv: 20.0,
            spike_uv: -2000.0,
            tails: [(300.0, 0.3), (30.0, 2.0)],
            offset_uv: 0.0,
        };
        let sweep = stimulate(&pool, &path, &Setup { fs_hz: FS_HZ, ..Setup::default() }, &disturbance, &mut random);
        let before = (sweep.stimulus_s * FS_HZ).round() as usize;
        // Stored with E1-positive upwards, as many machines do, in steps of 0.5 uV.
        samples.extend((0..N).map(|i| -(sweep.uv.get(i).copied().unwrap_or(0.0) / 0.5).round() as i32));
        let onset = before as f64 / FS_HZ;
        texts.push(format!(
            "+{0}[20][20][0]+{1}[20]Stim{2}[20]<EDF_XMLnote><recording>{3}</recording><position>{site}</position><intensity mode=\"current\" unit=\"mA\">{ma}</intensity></EDF_XMLnote>[20][0]",
            10 * k,
            10.0 * k as f64 + onset,
            char::from(b'A' + k as u8),
            nerve.label.rsplit('_').next().unwrap(),
        ));
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let signal = edf::signal(nerve.label, "uV", ["-16000", "16000", "-32000", "32000"], N, &samples);
    let mut file = edf::File::new("EDF+D", "0.05", vec![signal, edf::annotations("EDF Annotations", 600, &texts)]);
    file.recording = format!("Startdate 01-JAN-2002 X X {}", nerve.said);
    file.patient = "DEMO-3 M X Simulated".into();
    file
}

fn open_together(names: &[&str]) -> StudyView {
    let source = |name: &&str| NamedSource {
        source: common::memory(name, std::fs::read(folder().join(name)).unwrap()).source,
        name: (*name).into(),
    };
    let files = Files { all: names.iter().map(source).collect() };
    let (mut engine, mut outputs) = (Engine::default(), Vec::<Output>::new());
    engine.handle(Request::Open { options: TextOptions::default() }, &files, None, &mut |output| outputs.push(output));
    let studies: Vec<u32> =
        outputs.iter().filter_map(|o| if let Event::Fetch { study, .. } = &o.event { Some(*study) } else { None }).collect();
    assert_eq!(studies.len(), 1, "one study of {names:?}");
    let mut ask = |request| {
        let mut outputs = Vec::new();
        engine.handle(request, &Files::default(), None, &mut |output| outputs.push(output));
        outputs
    };
    ask(Request::Fetched { study: studies[0], store: Store::Edits });
    for test in 0..2 {
        outputs.extend(ask(Request::Sweeps { study: studies[0], test }));
    }
    let mut views = outputs.into_iter().filter_map(|o| if let Event::Changed { view } = o.event { Some(view) } else { None });
    views.next_back().unwrap()
}

#[test]
fn the_golden_files_are_those_of_the_simulator() {
    for nerve in nerves() {
        assert_eq!(std::fs::read(folder().join(nerve.file)).unwrap(), file(&nerve).bytes(), "{}: run write_study_files", nerve.file);
    }
}

#[test]
#[ignore = "writes tests/golden/study"]
fn write_study_files() {
    std::fs::create_dir_all(folder()).unwrap();
    for nerve in nerves() {
        std::fs::write(folder().join(nerve.file), file(&nerve).bytes()).unwrap();
    }
}

#[test]
fn an_arm_dropped_as_two_files_is_one_study_that_knows_its_tests() {
    let view = open_together(&["median.edf", "ulnar.edf"]);
    let tests: Vec<_> = view.tests.iter().map(|t| (t.title.as_str(), t.kind, t.side, t.turned)).collect();
    assert_eq!(
        tests,
        [
            ("R Median motor (APB)", TestKind::Motor, Some(Side::Right), true),
            ("R Ulnar motor (ADM)", TestKind::Motor, Some(Side::Right), true)
        ]
    );
    let study = |test: usize| view.tests[test].study.as_ref().map(|study| (study.id.as_str(), study.confirmed));
    assert_eq!(study(0), Some(("median_motor_apb", false)));
    assert_eq!(study(1), Some(("ulnar_motor_adm", false)));
    let sites: Vec<&str> = view.tests[1].sites.iter().map(|site| site.name.as_str()).collect();
    assert_eq!(sites, ["Wrist", "Below elbow", "Above elbow"]);
    let judged = |test: usize, measure: &str| view.tests[test].judged.iter().find(|judged| judged.measure == measure).unwrap().abnormal;
    assert!(judged(0, "onset_latency") && !judged(0, "amplitude"), "{:?}", view.tests[0].judged);
    assert!(!judged(1, "onset_latency"));
    assert!(view.tests[1].quality.iter().any(|flag| flag.what.contains("No distance")), "{:?}", view.tests[1].quality);
}
