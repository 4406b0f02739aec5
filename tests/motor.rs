//! Motor conduction: golden sweeps, measurement against the simulator's truth, properties.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use std::path::{Path, PathBuf};
use std::rc::Rc;

use myoscope::analysis::nerve::motor::{Analysis, Zero, measure, remeasure};
use myoscope::analysis::{Context, analyzer_for, input};
use myoscope::formats::{Files, NamedSource, OpenOptions, SliceSource, open};
use myoscope::model::{
    Edits, MarkerKind, MarkerOrigin, NerveTest, PlacedMarker, QualityFlag, QualityKind, Response, Samples, SegmentMeasurement, Study,
    SweepMeasurement, TestKind, TestMeasurement,
};
use myoscope::simulate::{
    Disturbance, Muscle, Pool, Random, Setup, SimulatedSweep, Stretch, demo_motor_study, demo_motor_truth, demo_needle, stimulate,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Measures test `index` of a study with a person's markers.
fn measure_test(study: &Study, edits: &Edits, samples: &[Rc<dyn Samples>], index: usize) -> Option<TestMeasurement> {
    let input = input(&study.recordings, &study.examination, samples, edits, index).unwrap()?;
    let test = &study.examination.tests[index];
    let context = Context { test, placed: &edits.markers, no_response: &edits.no_response, height_cm: None, age_years: None };
    Some(analyzer_for(test.kind).analyze(&input).measurement(&context))
}

/// Measures sweep `id` of a study with a person's markers.
fn measure_sweep(study: &Study, edits: &Edits, samples: &[Rc<dyn Samples>], id: usize) -> Option<SweepMeasurement> {
    let of = |test: &NerveTest| test.sites.iter().any(|site| site.sweeps.contains(&id));
    measure_test(study, edits, samples, study.examination.tests.iter().position(of)?)?.sweep(id).cloned()
}

/// The demo study with its samples as the engine holds them.
fn demo() -> (Study, Vec<Rc<dyn Samples>>) {
    let (study, samples) = demo_motor_study();
    (study, samples.into_iter().map(|samples| Rc::new(samples) as Rc<dyn Samples>).collect())
}

/// A sweep of a healthy nerve under these disturbances.
fn simulated(seed: u64, muscle: &Muscle, mm: f64, setup: &Setup, disturbance: &Disturbance) -> SimulatedSweep {
    let mut random = Random::new(seed);
    let pool = Pool::new(muscle, &mut random);
    let path = if mm > 0.0 { vec![Stretch::healthy(mm)] } else { Vec::new() };
    stimulate(&pool, &path, setup, disturbance, &mut random)
}

fn clinic() -> Disturbance {
    Disturbance {
        noise_uv: 4.0,
        slow_noise_uv: 2.0,
        mains_uv: 8.0,
        mains_hz: 50.0,
        drift_uv: 40.0,
        spike_uv: -3000.0,
        tails: [(500.0, 0.3), (50.0, 2.5)],
        offset_uv: 0.0,
    }
}

fn measured(sweep: &SimulatedSweep) -> (Option<Response>, Vec<QualityFlag>) {
    measure(&sweep.uv, sweep.fs_hz, Some(sweep.stimulus_s), None)
}

fn has(flags: &[QualityFlag], kind: QualityKind) -> bool {
    flags.iter().any(|f| f.kind == kind)
}

// ---- golden directories: input.hea, input.dat, input.meta.json, case.json, expected.json ----

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/motor")
}

fn open_case(dir: &Path) -> Vec<SweepMeasurement> {
    let named = |entry: std::fs::DirEntry| NamedSource {
        name: entry.file_name().into_string().unwrap(),
        source: Rc::new(SliceSource::from(std::fs::read(entry.path()).unwrap())),
    };
    let files = Files { all: std::fs::read_dir(dir).unwrap().map(|e| named(e.unwrap())).collect() };
    let opened = open(&files, &OpenOptions::default()).into_iter().find(|(name, _)| name == "input.hea").unwrap().1.unwrap();
    let study = &opened.study;
    let test = |index| measure_test(study, &Edits::default(), &opened.samples, index).unwrap().sweeps;
    (0..study.examination.tests.len()).flat_map(test).collect()
}

#[test]
fn golden_sweeps_measure_what_their_noise_free_wave_does() {
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(golden()).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    dirs.sort();
    assert!(dirs.len() >= 6, "golden directories are missing");
    for dir in dirs {
        let read = |name: &str| -> Value { serde_json::from_str(&std::fs::read_to_string(dir.join(name)).unwrap()).unwrap() };
        let (case, expected) = (read("case.json"), read("expected.json"));
        let got = open_case(&dir);
        let want = expected["sweeps"].as_array().unwrap();
        assert_eq!(got.len(), want.len(), "{dir:?}");
        for (got, want) in got.iter().zip(want) {
            assert_eq!(got.response.is_some(), want["present"].as_bool().unwrap(), "{dir:?}");
            let Some(motor) = got.response else { continue };
            let motor = serde_json::to_value(motor).unwrap();
            for (key, tolerance) in case["tolerance"].as_object().unwrap() {
                let (key, relative) = key.strip_suffix("_pct").map_or((key.as_str(), false), |k| (k, true));
                let (a, b) = (motor[key].as_f64().unwrap(), want[key].as_f64().unwrap());
                let off = if relative { 100.0 * (a / b - 1.0) } else { a - b };
                assert!(off.abs() <= tolerance.as_f64().unwrap(), "{dir:?} {key}: {a} for {b}");
            }
        }
    }
}

/// Writes the golden directories anew from the simulator; their truth, not our measurement, is
/// what is expected.
#[test]
#[ignore = "writes tests/golden/motor"]
fn write_golden_sweeps() {
    let base = Muscle::default();
    let setup = Setup { fs_hz: 20_000.0, ..Setup::default() };
    let severe = Disturbance { spike_uv: 9000.0, tails: [(2600.0, 0.45), (300.0, 4.0)], ..clinic() };
    let tight = json!({"onset_ms": 0.06, "peak_ms": 0.04, "neg_end_ms": 0.06, "amp_uv_pct": 1.0, "area_uvms_pct": 1.5});
    let wide = json!({"onset_ms": 0.3, "peak_ms": 0.15, "neg_end_ms": 0.2, "amp_uv_pct": 4.0, "area_uvms_pct": 5.0});
    let weak = Muscle { units: 12, amplitude_uv: 320.0, ..base };
    type Case<'a> = (&'a str, &'a str, Muscle, Vec<f64>, Setup, Disturbance, &'a Value);
    let cases: [Case; 7] = [
        (
            "clean",
            "no disturbance but 1 uV of noise",
            base,
            vec![70.0],
            setup,
            Disturbance { noise_uv: 1.0, ..Disturbance::default() },
            &tight,
        ),
        ("clinic", "two sites, usual noise, mains, drift and artefact", base, vec![70.0, 290.0], setup, clinic(), &tight),
        ("severe_artefact", "short latency under a long discharge", base, vec![55.0], setup, severe, &tight),
        ("small_noisy", "320 uV in 6 uV of noise", weak, vec![180.0], setup, Disturbance { noise_uv: 6.0, ..clinic() }, &wide),
        (
            "mains",
            "60 uV of 60 Hz",
            base,
            vec![220.0],
            Setup { fs_hz: 48_000.0, ..setup },
            Disturbance { mains_uv: 60.0, mains_hz: 60.0, ..clinic() },
            &tight,
        ),
        ("off_end_plate", "initial positive deflection", Muscle { off_endplate_mm: 18.0, ..base }, vec![200.0], setup, clinic(), &tight),
        ("no_response", "shock and noise alone", base, vec![0.0], setup, severe, &tight),
    ];
    for (seed, (name, note, muscle, sites, setup, disturbance, tolerance)) in cases.into_iter().enumerate() {
        let sweeps: Vec<SimulatedSweep> = sites.iter().map(|mm| simulated(100 + seed as u64, &muscle, *mm, &setup, &disturbance)).collect();
        let dir = golden().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let largest = sweeps.iter().flat_map(|s| &s.uv).fold(0.0_f64, |m, v| m.max(v.abs()));
        let per_uv = (30_000.0 / largest).floor().max(1.0);
        let n = sweeps[0].uv.len();
        let digital: Vec<Vec<i16>> = sweeps.iter().map(|s| s.uv.iter().map(|v| (v * per_uv).round() as i16).collect()).collect();
        let mut header = format!("input {} {} {n}\n", sweeps.len(), setup.fs_hz);
        for (i, d) in digital.iter().enumerate() {
            let sum = d.iter().fold(0_u16, |s, v| s.wrapping_add(*v as u16));
            header += &format!("input.dat 16 {per_uv}(0)/uV 16 0 {} {sum} 0 sweep{}\n", d[0], i + 1);
        }
        let bytes: Vec<u8> = (0..n).flat_map(|i| digital.iter().flat_map(move |d| d[i].to_le_bytes())).collect();
        let wanted: Vec<Value> = sweeps
            .iter()
            .map(|s| {
                let mut value = serde_json::to_value(s.truth.unwrap_or_default()).unwrap();
                value["present"] = json!(s.truth.is_some());
                value
            })
            .collect();
        let meta = json!({"stim_ms": sweeps[0].stimulus_s * 1e3, "kind": "motor"});
        std::fs::write(dir.join("input.hea"), header).unwrap();
        std::fs::write(dir.join("input.dat"), bytes).unwrap();
        for (file, value) in [
            ("input.meta.json", meta),
            ("case.json", json!({"note": note, "tolerance": tolerance})),
            ("expected.json", json!({"sweeps": wanted})),
        ] {
            std::fs::write(dir.join(file), serde_json::to_string_pretty(&value).unwrap() + "\n").unwrap();
        }
    }
}

// ---- against truth ----

#[test]
fn the_demo_study_measures_its_truth_and_finds_the_lesion() {
    let (study, samples) = demo();
    let truth = demo_motor_truth();
    let edits = Edits::default();
    let all: Vec<SweepMeasurement> =
        study.examination.sweeps.iter().enumerate().map(|(id, _)| measure_sweep(&study, &edits, &samples, id).unwrap()).collect();
    assert_eq!(all.len(), 5);
    for (got, truth) in all.iter().zip(&truth) {
        let (got, truth) = (got.response.unwrap(), truth.unwrap());
        assert!((got.onset_ms - truth.onset_ms).abs() < 0.05, "{got:?} {truth:?}");
        assert!((got.peak_ms - truth.peak_ms).abs() < 0.04);
        assert!((got.amp_uv / truth.amp_uv - 1.0).abs() < 0.01);
        assert!((got.area_uvms / truth.area_uvms - 1.0).abs() < 0.02);
    }
    let segments = |study: &Study| -> Vec<SegmentMeasurement> {
        let of = |test| measure_test(study, &edits, &samples, test).unwrap().summary.segments().to_vec();
        (0..study.examination.tests.len()).flat_map(of).collect()
    };
    let between = segments(&study);
    let velocities: Vec<f64> = between.iter().map(|b| b.velocity_mps.unwrap()).collect();
    assert_eq!(velocities.len(), 3);
    assert!(velocities[0] > 50.0 && velocities[1] > 42.0 && velocities[2] < 38.0, "{velocities:?}");
    assert!(between[2].relative_amplitude_pct < 60.0);
    assert!(between.iter().all(|b| b.doubt.is_none()));
    // A distance typed in centimetres is named.
    let mut typed = study.clone();
    typed.examination.tests[1].sites[2].distance_mm = Some(10.0);
    assert!(segments(&typed)[2].doubt.as_ref().unwrap().what.contains("cm"));
}

#[test]
fn fifty_ordinary_sweeps_are_within_the_stated_errors() {
    let (mut onset, mut amp) = (Vec::new(), Vec::new());
    for seed in 0..50 {
        let mut random = Random::new(900 + seed);
        let muscle = Muscle { units: 60, amplitude_uv: random.between(800.0, 12_000.0), ..Muscle::default() };
        let setup = Setup { fs_hz: [20_000.0, 48_000.0, 24_000.0][seed as usize % 3], ..Setup::default() };
        let size = random.between(0.3, 2.0);
        let disturbance = Disturbance {
            noise_uv: random.between(2.0, 15.0),
            spike_uv: 2500.0 * size,
            tails: [(-600.0 * size, random.between(0.15, 0.5)), (-60.0 * size, random.between(1.5, 5.0))],
            ..clinic()
        };
        let sweep = simulated(seed, &muscle, random.between(50.0, 400.0), &setup, &disturbance);
        let (got, truth) = (measured(&sweep).0.unwrap(), sweep.truth.unwrap());
        onset.push((got.onset_ms - truth.onset_ms).abs());
        amp.push((got.amp_uv / truth.amp_uv - 1.0).abs());
    }
    onset.sort_by(f64::total_cmp);
    amp.sort_by(f64::total_cmp);
    assert!(onset[25] < 0.03 && onset[45] < 0.12 && onset[49] < 0.5, "{onset:?}");
    assert!(amp[45] < 0.015, "{amp:?}");
}

#[test]
fn where_nothing_answers_nothing_is_found() {
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let size = random.between(0.0, 3.0);
        let disturbance = Disturbance {
            noise_uv: random.between(1.0, 25.0),
            slow_noise_uv: random.between(0.0, 6.0),
            mains_uv: random.between(0.0, 60.0),
            spike_uv: 4000.0 * size,
            tails: [(900.0 * size, random.between(0.15, 0.5)), (120.0 * size, random.between(1.5, 5.0))],
            drift_uv: random.between(-250.0, 250.0),
            ..clinic()
        };
        let sweep = simulated(seed, &Muscle { units: 4, ..Muscle::default() }, 0.0, &Setup::default(), &disturbance);
        let (found, flags) = measured(&sweep);
        assert!(found.is_none(), "seed {seed}: {found:?}");
        assert!(flags.iter().any(|f| f.what.starts_with("No response")), "{flags:?}");
    }
}

#[test]
fn an_initial_positive_deflection_is_named_and_the_onset_is_its_beginning() {
    for seed in 0..6 {
        let muscle = Muscle { off_endplate_mm: 18.0, ..Muscle::default() };
        let sweep = simulated(seed, &muscle, 200.0, &Setup::default(), &clinic());
        let (got, flags) = measured(&sweep);
        let (got, truth) = (got.unwrap(), sweep.truth.unwrap());
        assert!(has(&flags, QualityKind::InitialPositivity), "seed {seed}: {flags:?}");
        assert!((got.onset_ms - truth.onset_ms).abs() < 0.15, "seed {seed}: {} for {}", got.onset_ms, truth.onset_ms);
    }
    let plain = simulated(1, &Muscle::default(), 200.0, &Setup::default(), &clinic());
    assert!(!has(&measured(&plain).1, QualityKind::InitialPositivity));
}

#[test]
fn disturbances_are_named_with_numbers() {
    let flags = |muscle: Muscle, disturbance: Disturbance| {
        let sweep = simulated(5, &muscle, 70.0, &Setup::default(), &disturbance);
        measured(&sweep).1
    };
    let small = Muscle { amplitude_uv: 500.0, ..Muscle::default() };
    assert!(has(&flags(small, Disturbance { noise_uv: 40.0, ..clinic() }), QualityKind::Noise));
    let mains = flags(small, Disturbance { mains_uv: 80.0, ..clinic() });
    assert!(mains.iter().any(|f| f.kind == QualityKind::Mains && f.what.contains("50 Hz")), "{mains:?}");
    assert!(has(&flags(small, Disturbance { drift_uv: 400.0, ..clinic() }), QualityKind::Drift));
    let long = Disturbance { tails: [(800.0, 0.5), (400.0, 5.0)], ..clinic() };
    assert!(has(&flags(small, long), QualityKind::Artefact));
    assert!(flags(Muscle::default(), Disturbance { noise_uv: 2.0, drift_uv: 5.0, mains_uv: 0.0, ..clinic() }).is_empty());
}

#[test]
fn a_clipped_or_cut_sweep_says_so() {
    let sweep = simulated(5, &Muscle::default(), 70.0, &Setup::default(), &clinic());
    let clipped: Vec<f64> = sweep.uv.iter().map(|v| v.clamp(-5000.0, 5000.0)).collect();
    let flags = measure(&clipped, sweep.fs_hz, Some(sweep.stimulus_s), Some([-5000.0, 5000.0])).1;
    assert!(has(&flags, QualityKind::Saturation), "{flags:?}");
    assert!(has(&measure(&clipped, sweep.fs_hz, Some(sweep.stimulus_s), None).1, QualityKind::Saturation));
    // Cut half a ms behind the peak.
    let peak = sweep.truth.unwrap().peak_ms;
    let n = ((5.0 + peak + 0.5) * 48.0) as usize;
    let (found, flags) = measure(&sweep.uv[..n], sweep.fs_hz, Some(sweep.stimulus_s), None);
    assert!(found.is_some() && has(&flags, QualityKind::TooShort), "{flags:?}");
}

#[test]
fn an_unstated_stimulus_is_found_by_its_artefact_or_said_to_be_unknown() {
    let sweep = simulated(5, &Muscle::default(), 150.0, &Setup::default(), &clinic());
    let known = measured(&sweep).0.unwrap();
    let analysis = Analysis::new(&sweep.uv, sweep.fs_hz, None, None);
    assert!(matches!(analysis.zero(), Zero::Artefact(s) if (s - sweep.stimulus_s).abs() < 1e-4));
    assert!((analysis.automatic().unwrap().onset_ms - known.onset_ms).abs() < 0.1);
    assert!(has(analysis.quality(), QualityKind::StimulusUnknown));
    let silent = simulated(5, &Muscle::default(), 150.0, &Setup::default(), &Disturbance { noise_uv: 3.0, ..Disturbance::default() });
    let analysis = Analysis::new(&silent.uv, silent.fs_hz, None, None);
    assert_eq!(analysis.zero(), Zero::SweepStart);
    assert!((analysis.automatic().unwrap().onset_ms - 5.0 - known.onset_ms).abs() < 0.1);
}

#[test]
fn a_test_of_unknown_kind_gets_the_motor_method_and_says_so() {
    let (mut study, samples) = demo();
    study.examination.tests[0].kind = TestKind::Unknown;
    let measurement = measure_sweep(&study, &Edits::default(), &samples, 0).unwrap();
    assert_eq!(measurement.method, "motor/3 for sweeps");
    assert_eq!(analyzer_for(TestKind::Motor).name(), "motor/3");
    assert!(measure_sweep(&study, &Edits::default(), &samples, 99).is_none());
}

#[test]
fn a_placed_marker_stays_and_its_neighbours_follow_only_when_they_must() {
    let (study, samples) = demo();
    let stimulus = study.examination.sweeps[0].stimulus_s.unwrap();
    let place = |kind, at_ms: f64| PlacedMarker { sweep: 0, kind, at_s: stimulus + at_ms * 1e-3 };
    let with = |markers: Vec<PlacedMarker>| {
        let edits = Edits { markers, ..Edits::default() };
        measure_sweep(&study, &edits, &samples, 0).unwrap()
    };
    let free = with(Vec::new());
    let automatic = free.automatic.unwrap();
    let moved = with(vec![place(MarkerKind::Onset, automatic.onset_ms + 0.4)]);
    let values = moved.response.unwrap();
    assert!((values.onset_ms - automatic.onset_ms - 0.4).abs() < 1e-9);
    assert!((values.duration_ms - automatic.duration_ms + 0.4).abs() < 1e-9);
    assert!(values.area_uvms < automatic.area_uvms && values.peak_ms == automatic.peak_ms);
    assert_eq!(moved.automatic, free.automatic);
    assert_eq!(moved.origin(MarkerKind::Onset), MarkerOrigin::Person);
    assert_eq!(moved.origin(MarkerKind::NegativePeak), MarkerOrigin::Automatic);
    // The peak placed before the automatic onset: the onset gives way, the peak does not.
    let early = with(vec![place(MarkerKind::NegativePeak, automatic.onset_ms - 0.5)]).response.unwrap();
    assert!((early.peak_ms - automatic.onset_ms + 0.5).abs() < 1e-9 && early.onset_ms <= early.peak_ms);
    // Markers of another sweep change nothing; a sweep declared empty measures nothing.
    assert_eq!(with(vec![PlacedMarker { sweep: 1, ..place(MarkerKind::Onset, 1.0) }]).response, free.response);
    let empty = Edits { no_response: vec![0], ..Edits::default() };
    assert_eq!(measure_sweep(&study, &empty, &samples, 0).unwrap().response, None);
}

#[test]
fn the_needle_demo_rests_and_then_discharges() {
    let (study, samples) = demo_needle(10.0);
    let recording = &study.recordings[0];
    assert_eq!((recording.channels.len(), recording.annotations.len()), (2, 2));
    let needle = &samples.channels[0];
    let effort = (recording.annotations[1].onset_s * 25_000.0) as usize;
    let largest = |x: &[f64]| x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    assert!(largest(&needle[..effort]) < 40.0);
    assert!(largest(&needle[effort..]) > 300.0);
}

// ---- properties ----

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn scaling_scales_amplitude_alone(seed in 0_u64..1000, scale in 0.2_f64..5.0) {
        let sweep = simulated(seed, &Muscle { units: 30, ..Muscle::default() }, 150.0, &Setup { fs_hz: 20_000.0, ..Setup::default() }, &clinic());
        let plain = measured(&sweep).0.unwrap();
        let scaled: Vec<f64> = sweep.uv.iter().map(|v| v * scale).collect();
        let scaled = measure(&scaled, sweep.fs_hz, Some(sweep.stimulus_s), None).0.unwrap();
        prop_assert!((scaled.onset_ms - plain.onset_ms).abs() < 2e-3, "{} {}", scaled.onset_ms, plain.onset_ms);
        prop_assert!((scaled.amp_uv / (scale * plain.amp_uv) - 1.0).abs() < 1e-3);
        prop_assert!((scaled.area_uvms / (scale * plain.area_uvms) - 1.0).abs() < 2e-3);
    }

    #[test]
    fn shifting_shifts_latency_alone_and_a_constant_changes_nothing(seed in 0_u64..1000, late in 0_usize..40, level in -3000.0_f64..3000.0) {
        let sweep = simulated(seed, &Muscle { units: 30, ..Muscle::default() }, 150.0, &Setup { fs_hz: 20_000.0, ..Setup::default() }, &clinic());
        let plain = measured(&sweep).0.unwrap();
        // The stimulus declared earlier than it was, by whole samples, within the quiet stretch.
        let raised: Vec<f64> = sweep.uv.iter().map(|v| v + level).collect();
        let same = measure(&raised, sweep.fs_hz, Some(sweep.stimulus_s), None).0.unwrap();
        prop_assert!((same.onset_ms - plain.onset_ms).abs() < 1e-3 && (same.amp_uv / plain.amp_uv - 1.0).abs() < 1e-4);
        // Samples in front: everything stays where it was after the stimulus.
        let mut longer = vec![sweep.uv[0]; late];
        longer.extend(&sweep.uv);
        let zero = sweep.stimulus_s + late as f64 / sweep.fs_hz;
        let later = measure(&longer, sweep.fs_hz, Some(zero), None).0.unwrap();
        prop_assert!((later.onset_ms - plain.onset_ms).abs() < 0.03 && (later.peak_ms - plain.peak_ms).abs() < 0.02);
    }

    #[test]
    fn nothing_panics(
        values in prop::collection::vec(prop_oneof![Just(f64::NAN), Just(0.0), Just(f64::INFINITY), Just(1e300), -1e4_f64..1e4, -1.0_f64..1.0], 0..400),
        fs in prop_oneof![Just(f64::NAN), Just(0.0), Just(1e9), 50.0_f64..1e5],
        stimulus in prop_oneof![Just(None), Just(Some(f64::NAN)), (-1.0_f64..1.0).prop_map(Some)],
        at in prop_oneof![Just(f64::NAN), Just(1e300), Just(-1e300), -1.0_f64..1.0],
        repeat in 1_usize..20,
    ) {
        let sweep = values.repeat(repeat);
        let _ = measure(&sweep, fs, stimulus, None);
        for kind in MarkerKind::ALL {
            let _ = remeasure(&sweep, fs, stimulus, None, &[PlacedMarker { sweep: 0, kind, at_s: at }]);
        }
    }
}

#[test]
fn a_sweep_with_holes_is_measured_around_them() {
    let mut sweep = simulated(5, &Muscle::default(), 150.0, &Setup::default(), &clinic());
    let whole = measured(&sweep).0.unwrap();
    for i in (0..sweep.uv.len()).step_by(17) {
        sweep.uv[i] = f64::NAN;
    }
    let got = measured(&sweep).0.unwrap();
    assert!((got.onset_ms - whole.onset_ms).abs() < 0.05 && (got.amp_uv / whole.amp_uv - 1.0).abs() < 0.01);
}

#[test]
fn an_hour_of_samples_costs_no_more_than_its_first_moment() {
    let sweep = simulated(5, &Muscle::default(), 150.0, &Setup::default(), &clinic());
    let mut long = sweep.uv.clone();
    long.resize(20_000_000, 0.0);
    let started = std::time::Instant::now();
    assert!(measure(&long, sweep.fs_hz, Some(sweep.stimulus_s), None).0.is_some());
    assert!(started.elapsed().as_secs_f64() < 2.0);
}
