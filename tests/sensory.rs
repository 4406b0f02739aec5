//! Sensory conduction: measurement against the simulator's truth, averages, markers, comparisons,
//! properties.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail the test")]

use std::rc::Rc;

use myoscope::analysis::nerve::comparison::{ComparisonKind, Comparisons, compare};
use myoscope::analysis::{Analyzed, Context, SweepInput, TestInput, analyzer_for, input};
use myoscope::model::{
    Edits, MarkerKind, MarkerOrigin, NerveTest, PlacedMarker, QualityKind, Response, Samples, SegmentMeasurement, Site, Summary,
    SweepMeasurement, TestKind, TestMeasurement, average_id,
};
use myoscope::simulate::{
    Disturbance, Random, SensoryNerve, SensorySetup, SimulatedSensory, demo_sensory_study, demo_sensory_truth, stimulate_sensory,
};
use proptest::prelude::*;

fn nerve() -> SensoryNerve {
    SensoryNerve { velocity_mps: (55.0, 3.5), depth_mm: 6.5, spacing_mm: 35.0, antidromic: true, amplitude_uv: 20.0 }
}

fn clinic() -> Disturbance {
    Disturbance {
        noise_uv: 1.5,
        slow_noise_uv: 0.5,
        mains_uv: 1.0,
        mains_hz: 50.0,
        drift_uv: 4.0,
        spike_uv: 120.0,
        tails: [(25.0, 0.3), (2.5, 2.5)],
        offset_uv: 12.0,
    }
}

fn simulated(seed: u64, nerve: &SensoryNerve, mm: f64, sweeps: usize, disturbance: &Disturbance) -> SimulatedSensory {
    stimulate_sensory(nerve, mm, sweeps, &SensorySetup::default(), disturbance, &mut Random::new(seed))
}

/// A test of sites, each with its sweeps and distance.
fn test_of(sites: &[(&[Vec<f64>], Option<f64>)], stimulus_s: Option<f64>) -> TestInput {
    let mut test = NerveTest { kind: TestKind::Sensory, nerve: "Median".into(), recorded_from: "Digit 2".into(), ..NerveTest::default() };
    let mut sweeps = Vec::new();
    for (site, (of_site, distance_mm)) in sites.iter().enumerate() {
        let first = sweeps.len();
        for uv in of_site.iter() {
            sweeps.push(SweepInput {
                sweep: sweeps.len(),
                site,
                uv: uv.clone(),
                fs_hz: SensorySetup::default().fs_hz,
                stimulus_s,
                ..SweepInput::default()
            });
        }
        test.sites.push(Site { name: format!("Site {site}"), distance_mm: *distance_mm, sweeps: (first..sweeps.len()).collect() });
    }
    TestInput { test, sweeps, ..TestInput::default() }
}

fn analyse(input: &TestInput) -> Box<dyn Analyzed + Send> {
    analyzer_for(TestKind::Sensory).analyze(input)
}

fn measured(input: &TestInput, placed: &[PlacedMarker]) -> TestMeasurement {
    analyse(input).measurement(&Context { test: &input.test, placed, no_response: &[], height_cm: None, age_years: None })
}

/// The measurement of the first site.
fn first(measured: &TestMeasurement) -> &SweepMeasurement {
    let Summary::Sensory(sensory) = &measured.summary else { panic!("no sensory summary") };
    measured.sweep(sensory.sites[0].sweep).unwrap()
}

fn response(sweeps: &[Vec<f64>], stimulus_s: f64) -> Option<Response> {
    first(&measured(&test_of(&[(sweeps, None)], Some(stimulus_s)), &[])).response
}

fn says(measured: &TestMeasurement, kind: QualityKind) -> bool {
    measured.quality.iter().chain(measured.sweeps.iter().flat_map(|s| &s.quality)).any(|flag| flag.kind == kind)
}

#[test]
fn responses_are_measured_as_they_are_under_everything_a_clinic_has() {
    let mut worst = (0.0_f64, 0.0_f64, 0.0_f64);
    for seed in 0..12 {
        let antidromic = seed % 2 == 0;
        let nerve =
            SensoryNerve { velocity_mps: (44.0 + 2.0 * seed as f64, 3.0), antidromic, amplitude_uv: 12.0 + 3.0 * seed as f64, ..nerve() };
        let s = simulated(seed, &nerve, 140.0, 10, &clinic());
        let (truth, found) = (s.truth.unwrap(), response(&s.sweeps_uv, s.stimulus_s).unwrap());
        worst.0 = worst.0.max((found.onset_ms - truth.onset_ms).abs());
        worst.1 = worst.1.max((found.peak_ms - truth.peak_ms).abs());
        worst.2 = worst.2.max((found.amp_uv / truth.amp_uv - 1.0).abs());
    }
    assert!(worst.0 < 0.12 && worst.1 < 0.06 && worst.2 < 0.1, "{worst:?}");
}

#[test]
fn nothing_is_found_in_noise_and_the_measurement_says_so() {
    let none = SensoryNerve { amplitude_uv: 0.0, ..nerve() };
    for seed in 0..20 {
        let s = simulated(seed, &none, 140.0, [1, 4, 10, 20][seed as usize % 4], &clinic());
        let m = measured(&test_of(&[(&s.sweeps_uv, Some(140.0))], Some(s.stimulus_s)), &[]);
        assert_eq!(first(&m).response, None, "seed {seed}");
        assert!(first(&m).quality.iter().any(|flag| flag.what.contains("No response")), "{:?}", m.quality);
    }
}

#[test]
fn a_sweep_that_spoils_the_average_is_left_out_with_its_reason() {
    let s = simulated(3, &nerve(), 140.0, 9, &clinic());
    let mut sweeps = s.sweeps_uv.clone();
    for (k, v) in sweeps[5].iter_mut().enumerate() {
        *v += if (150..420).contains(&k) { 80.0 * (k as f64 * 0.21).sin() } else { 0.0 };
    }
    let input = test_of(&[(&sweeps, Some(140.0))], Some(s.stimulus_s));
    let m = measured(&input, &[]);
    assert!(m.sweep(5).unwrap().left_out.as_deref().unwrap().contains("times the usual"));
    assert!(m.sweep(4).unwrap().left_out.is_none() && says(&m, QualityKind::LeftOut));
    let traces = analyse(&input).traces();
    assert_eq!(traces.len(), 1);
    assert_eq!((traces[0].id, &traces[0].of), (average_id(0), &vec![0, 1, 2, 3, 4, 6, 7, 8]));
    let truth = s.truth.unwrap();
    assert!((first(&m).response.unwrap().peak_ms - truth.peak_ms).abs() < 0.06);
    // A person overrules either way.
    let mut overruled = input.clone();
    (overruled.taken_in, overruled.left_out) = (vec![5], vec![2]);
    assert_eq!(analyse(&overruled).traces()[0].of, vec![0, 1, 3, 4, 5, 6, 7, 8]);
    assert_eq!(measured(&overruled, &[]).sweep(2).unwrap().left_out.as_deref(), Some("left out by a person"));
}

#[test]
fn velocities_from_the_stimulus_and_between_sites_and_doubts_about_distances() {
    let (near, far) = (simulated(1, &nerve(), 130.0, 10, &clinic()), simulated(2, &nerve(), 230.0, 10, &clinic()));
    let at = |d: [Option<f64>; 2]| {
        let input = test_of(&[(&near.sweeps_uv, d[0]), (&far.sweeps_uv, d[1])], Some(near.stimulus_s));
        let m = measured(&input, &[]);
        let segments: Vec<SegmentMeasurement> = m.summary.segments().to_vec();
        (m, segments)
    };
    let (m, segments) = at([Some(130.0), Some(100.0)]);
    let onset = first(&m).response.unwrap().onset_ms;
    assert_eq!((segments[0].from, segments[0].to, segments[1].from, segments[1].to), (None, 0, Some(0), 1));
    assert!((segments[0].velocity_mps.unwrap() - 130.0 / onset).abs() < 1e-9);
    let between = segments[1].velocity_mps.unwrap();
    assert!((50.0..64.0).contains(&between), "{between}");
    assert!(segments[1].finding.is_none(), "criteria for motor block do not hold for sensory nerves");
    let (_, doubled) = at([Some(260.0), Some(200.0)]);
    for (one, two) in segments.iter().zip(&doubled) {
        assert!((two.velocity_mps.unwrap() - 2.0 * one.velocity_mps.unwrap()).abs() < 1e-9);
    }
    let (_, slip) = at([Some(13.0), Some(100.0)]);
    assert!(slip[0].doubt.as_ref().unwrap().what.contains("measured in cm"), "{:?}", slip[0].doubt);
    let (m, missing) = at([None, None]);
    assert!(missing.iter().all(|s| s.velocity_mps.is_none()) && says(&m, QualityKind::MissingDistance));
}

#[test]
fn placed_markers_stay_and_carry_the_values() {
    let s = simulated(4, &SensoryNerve { antidromic: false, ..nerve() }, 140.0, 10, &clinic());
    let input = test_of(&[(&s.sweeps_uv, Some(140.0))], Some(s.stimulus_s));
    let analysed = analyse(&input);
    let sweep = average_id(0);
    let with = |kind, ms: f64| {
        let placed = [PlacedMarker { sweep, kind, at_s: s.stimulus_s + ms * 1e-3 }];
        let context = Context { test: &input.test, placed: &placed, no_response: &[], height_cm: None, age_years: None };
        analysed.measurement(&context)
    };
    let automatic = first(&measured(&input, &[])).response.unwrap();
    assert!(automatic.initial_positive_ms.is_some());
    let moved = with(MarkerKind::Onset, automatic.onset_ms - 0.2);
    let now = first(&moved).response.unwrap();
    assert!((now.onset_ms - (automatic.onset_ms - 0.2)).abs() < 1e-9 && (now.peak_ms - automatic.peak_ms).abs() < 1e-12);
    assert!((moved.summary.segments()[0].velocity_mps.unwrap() - 140.0 / now.onset_ms).abs() < 1e-9);
    assert_eq!(first(&moved).origin(MarkerKind::Onset), MarkerOrigin::Person);
    assert_eq!(first(&moved).automatic.unwrap().onset_ms, automatic.onset_ms);
    for kind in TestKind::Sensory.markers() {
        let target = automatic.marker_ms(*kind).unwrap() + 0.07;
        let now = first(&with(*kind, target)).response.unwrap();
        assert!((now.marker_ms(*kind).unwrap() - target).abs() < 1e-9, "{kind:?}");
    }
    let no_response = [sweep];
    let context = Context { test: &input.test, placed: &[], no_response: &no_response, height_cm: None, age_years: None };
    assert_eq!(first(&analysed.measurement(&context)).response, None);
}

#[test]
fn an_average_from_a_file_is_measured_as_it_is() {
    let s = simulated(6, &nerve(), 140.0, 16, &clinic());
    let n = s.sweeps_uv.len() as f64;
    let mean: Vec<f64> = (0..s.sweeps_uv[0].len()).map(|k| s.sweeps_uv.iter().map(|uv| uv[k]).sum::<f64>() / n).collect();
    let mut input = test_of(&[(&[mean], Some(140.0))], Some(s.stimulus_s));
    input.sweeps[0].averaged = Some(16);
    let m = measured(&input, &[]);
    assert!(analyse(&input).traces().is_empty());
    let (found, truth) = (m.sweep(0).unwrap().response.unwrap(), s.truth.unwrap());
    assert!((found.onset_ms - truth.onset_ms).abs() < 0.12, "{found:?} {truth:?}");
    let Summary::Sensory(sensory) = &m.summary else { panic!() };
    assert_eq!((sensory.sites[0].sweep, sensory.sites[0].responses), (0, 16));
}

#[test]
fn a_cold_hand_an_unknown_stimulus_and_a_short_sweep_are_named() {
    let s = simulated(7, &nerve(), 140.0, 6, &clinic());
    let mut input = test_of(&[(&s.sweeps_uv, Some(140.0))], None);
    input.test.temperature_c = Some(28.0);
    let m = measured(&input, &[]);
    assert!(says(&m, QualityKind::ColdLimb) && says(&m, QualityKind::StimulusUnknown));
    // Without a stated stimulus times count from the shock's artefact.
    let truth = s.truth.unwrap();
    assert!((first(&m).response.unwrap().peak_ms - truth.peak_ms).abs() < 0.15, "{:?} {truth:?}", first(&m));
    let cut = ((s.stimulus_s + (truth.peak_ms + 0.15) * 1e-3) * SensorySetup::default().fs_hz) as usize;
    let short: Vec<Vec<f64>> = s.sweeps_uv.iter().map(|uv| uv[..cut].to_vec()).collect();
    assert!(says(&measured(&test_of(&[(&short, None)], Some(s.stimulus_s)), &[]), QualityKind::TooShort));
}

// ---- the demo, and the index ----

fn demo() -> (Vec<NerveTest>, Vec<TestMeasurement>) {
    let (study, samples) = demo_sensory_study();
    let samples: Vec<Rc<dyn Samples>> = samples.into_iter().map(|s| Rc::new(s) as Rc<dyn Samples>).collect();
    let measure = |index: usize| {
        let input = input(&study.recordings, &study.examination, &samples, &Edits::default(), index).unwrap().unwrap();
        measured(&input, &[])
    };
    let all = (0..study.examination.tests.len()).map(measure).collect();
    (study.examination.tests, all)
}

#[test]
fn the_demo_hand_has_a_slow_median_nerve_and_an_abnormal_index() {
    let (tests, all) = demo();
    for ((m, truth), test) in all.iter().zip(demo_sensory_truth()).zip(&tests) {
        let (found, truth) = (first(m).response.unwrap(), truth.unwrap());
        let name = format!("{} {}", test.nerve, test.recorded_from);
        assert!((found.onset_ms - truth.onset_ms).abs() < 0.15, "{name}: {found:?} {truth:?}");
        assert!((found.peak_ms - truth.peak_ms).abs() < 0.08, "{name}: {found:?} {truth:?}");
    }
    assert!(all[0].sweeps.iter().any(|s| s.left_out.is_some()), "the spoiled sweep stays out");
    let pairs: Vec<(&NerveTest, &TestMeasurement)> = tests.iter().zip(&all).collect();
    let found = compare(&pairs);
    let truth = demo_sensory_truth();
    let peak = |k: usize| truth[k].unwrap().peak_ms;
    assert_eq!(found.differences.len(), 3);
    for (difference, (a, b)) in found.differences.iter().zip([(2, 3), (4, 5), (6, 7)]) {
        assert!((difference.difference_ms.unwrap() - (peak(a) - peak(b))).abs() < 0.1, "{difference:?}");
        assert!(difference.abnormal && difference.quality.is_empty(), "{difference:?}");
    }
    let index = &found.indices[0];
    assert!(index.abnormal && index.abnormal_of_three == 3);
    assert!((index.ms - found.differences.iter().map(|d| d.difference_ms.unwrap()).sum::<f64>()).abs() < 1e-12);
    let table = found.table().unwrap();
    assert_eq!(table.rows.len(), 4);
    assert!(table.note.contains("not re-read"));
}

/// Comparisons of pairs found by names alone, with these peak latencies and distances.
fn by_name(tests: &[(&str, &str, &str, f64, Option<f64>)]) -> Comparisons {
    let made: Vec<(NerveTest, TestMeasurement)> = tests
        .iter()
        .map(|(nerve, recorded_from, site, peak_ms, distance_mm)| {
            let motor = recorded_from.contains("lumbrical") || recorded_from.contains("inteross");
            let test = NerveTest {
                kind: if motor { TestKind::Motor } else { TestKind::Sensory },
                nerve: (*nerve).to_owned(),
                recorded_from: (*recorded_from).to_owned(),
                sites: vec![Site { name: (*site).to_owned(), distance_mm: *distance_mm, sweeps: vec![0] }],
                ..NerveTest::default()
            };
            let response = Some(Response { peak_ms: *peak_ms, onset_ms: *peak_ms, amp_uv: 10.0, ..Response::default() });
            let sweep = SweepMeasurement { response, ..SweepMeasurement::default() };
            (test, TestMeasurement { sweeps: vec![sweep], ..TestMeasurement::default() })
        })
        .collect();
    compare(&made.iter().map(|(t, m)| (t, m)).collect::<Vec<_>>())
}

#[test]
fn pairs_are_found_by_name_and_limits_hold_at_the_limit() {
    let found = by_name(&[
        ("Median", "Wrist", "Palm", 2.2, Some(80.0)),
        ("Ulnar nerve", "wrist", "mid-palm", 1.8, Some(80.0)),
        ("median", "Ring finger", "Wrist", 3.49, Some(140.0)),
        ("ulnar", "D4", "Wrist", 3.0, Some(140.0)),
        ("Median", "Thumb", "Wrist", 2.9, Some(100.0)),
        ("Superficial radial", "digit 1", "Forearm", 2.9, Some(80.0)),
        ("Median", "2nd lumbrical", "Wrist", 4.1, Some(90.0)),
        ("Ulnar", "2nd interosseous", "Wrist", 3.5, None),
    ]);
    let of = |kind| found.differences.iter().find(|d| d.kind == kind).unwrap();
    assert!(of(ComparisonKind::Palm).abnormal, "0.4 ms is already abnormal");
    assert!(!of(ComparisonKind::Ring).abnormal && of(ComparisonKind::Ring).difference_ms.unwrap() > 0.0);
    let thumb = of(ComparisonKind::Thumb);
    assert!(thumb.quality.iter().any(|f| f.what.contains("Distances differ")), "{thumb:?}");
    let motor = of(ComparisonKind::LumbricalInterosseous);
    assert!(motor.abnormal && motor.quality.iter().any(|f| f.kind == QualityKind::MissingDistance));
    assert!(found.differences.iter().all(|d| d.quality.iter().any(|f| f.what.contains("temperature"))));
    // 0.40 + 0.49 + 0.00: the index is abnormal above 0.9 only.
    assert!((found.indices[0].ms - 0.89).abs() < 1e-9 && !found.indices[0].abnormal);
    assert!(by_name(&[("Median", "Wrist", "Palm", 2.2, None)]).table().is_none());
}

// ---- properties ----

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn scaling_scales_amplitudes_alone(seed in 0_u64..1000, scale in 0.2_f64..5.0) {
        let s = simulated(seed, &nerve(), 140.0, 6, &clinic());
        let scaled: Vec<Vec<f64>> = s.sweeps_uv.iter().map(|uv| uv.iter().map(|v| v * scale).collect()).collect();
        let (a, b) = (response(&s.sweeps_uv, s.stimulus_s).unwrap(), response(&scaled, s.stimulus_s).unwrap());
        prop_assert!((b.amp_uv / (scale * a.amp_uv) - 1.0).abs() < 1e-9, "{a:?} {b:?}");
        prop_assert!((b.onset_ms - a.onset_ms).abs() < 1e-9 && (b.peak_ms - a.peak_ms).abs() < 1e-9, "{a:?} {b:?}");
    }

    // What counts as shock moves along with the stimulus, so noise weighs a little differently: over a
    // thousand seeds by 0.03 ms of the onset, 0.06 ms of the peak and 4 % of the amplitude at most.
    #[test]
    fn a_later_stimulus_shifts_latencies_alone(seed in 0_u64..1000, shift in 1_usize..12) {
        let s = simulated(seed, &nerve(), 140.0, 6, &Disturbance { spike_uv: 0.0, tails: [(0.0, 1.0); 2], ..clinic() });
        let by_ms = shift as f64 / SensorySetup::default().fs_hz * 1e3;
        let (a, b) = (response(&s.sweeps_uv, s.stimulus_s).unwrap(), response(&s.sweeps_uv, s.stimulus_s + by_ms * 1e-3).unwrap());
        prop_assert!((a.onset_ms - b.onset_ms - by_ms).abs() < 0.05, "{a:?} {b:?}");
        prop_assert!((a.peak_ms - b.peak_ms - by_ms).abs() < 0.1 && (a.amp_uv / b.amp_uv - 1.0).abs() < 0.1, "{a:?} {b:?}");
    }

    #[test]
    fn turned_over_it_is_another_wave(seed in 0_u64..1000) {
        let s = simulated(seed, &SensoryNerve { antidromic: false, ..nerve() }, 140.0, 8, &clinic());
        let turned: Vec<Vec<f64>> = s.sweeps_uv.iter().map(|uv| uv.iter().map(|v| -v).collect()).collect();
        let (a, b) = (response(&s.sweeps_uv, s.stimulus_s).unwrap(), response(&turned, s.stimulus_s));
        prop_assert!(b.is_none_or(|b| (b.peak_ms - a.peak_ms).abs() > 0.2), "{a:?} {b:?}");
    }

    #[test]
    fn nothing_makes_it_panic(
        uv in prop::collection::vec(prop::collection::vec(prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(0.0), -1e6_f64..1e6, -5.0_f64..5.0], 0..300), 0..4),
        fs_hz in prop_oneof![Just(0.0), Just(f64::NAN), Just(-5.0), 10.0_f64..1e5],
        stimulus_s in prop_oneof![Just(None), Just(Some(f64::NAN)), Just(Some(-1.0)), Just(Some(1e12)), (0.0_f64..0.02).prop_map(Some)],
        limits in prop_oneof![Just(None), Just(Some([-1.0, 1.0])), Just(Some([0.0, 0.0]))],
    ) {
        let mut input = test_of(&[(&uv, Some(0.0))], stimulus_s);
        for sweep in &mut input.sweeps {
            (sweep.fs_hz, sweep.limits_uv) = (fs_hz, limits);
        }
        let placed = [PlacedMarker { sweep: average_id(0), kind: MarkerKind::NegativePeak, at_s: 0.003 }];
        let _ = measured(&input, &placed);
        let _ = analyse(&input).traces();
    }
}
