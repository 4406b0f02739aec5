//! Activity at rest, named: records made here, with known classes.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use myoscope::analysis::needle::rest::grading::{Grade, Site, grade};
use myoscope::analysis::needle::rest::insertion::{Amount, durations};
use myoscope::analysis::signal::{SignalInput, signal_analyzer};
use myoscope::dsp::random::Xoshiro;
use myoscope::model::{ActivityClass, SignalMeasurement, SignalTask};
use myoscope::simulate::simulate_needle;

const FS_HZ: f64 = 25_000.0;
const SECONDS: f64 = 8.0;

fn normal(random: &mut Xoshiro) -> f64 {
    (0..12).map(|_| random.unit()).sum::<f64>() - 6.0
}

fn quiet(seed: u64) -> Vec<f64> {
    let mut random = Xoshiro::new(seed);
    (0..(SECONDS * FS_HZ) as usize).map(|_| 3.0 * normal(&mut random)).collect()
}

/// A bump of unit height, `width_ms` at half height.
fn bump(t_ms: f64, at_ms: f64, width_ms: f64) -> f64 {
    (-2.77 * ((t_ms - at_ms) / width_ms).powi(2)).exp()
}

fn fibrillation(t_ms: f64) -> f64 {
    -0.8 * bump(t_ms, 0.0, 0.6) + bump(t_ms, 0.75, 0.6) - 0.15 * bump(t_ms, 1.7, 0.9)
}

fn sharp_wave(t_ms: f64) -> f64 {
    let late = if t_ms > 0.6 { (t_ms - 0.6) / 2.5 * (1.0 - (t_ms - 0.6) / 2.5).exp() } else { 0.0 };
    -bump(t_ms, 0.0, 0.7) + 0.45 * late
}

fn end_plate(t_ms: f64) -> f64 {
    bump(t_ms, 0.0, 0.6) - 0.5 * bump(t_ms, 1.1, 1.0)
}

fn motor_unit(t_ms: f64) -> f64 {
    -0.35 * bump(t_ms, -2.5, 1.8) + bump(t_ms, 0.0, 0.9) - 0.5 * bump(t_ms, 1.3, 1.1) + 0.4 * bump(t_ms, 3.0, 1.2)
        - 0.25 * bump(t_ms, 5.5, 2.5)
}

fn add(x: &mut [f64], times_s: &[f64], size_uv: f64, shape: fn(f64) -> f64) {
    for t in times_s {
        let (from, to) = (((t - 0.012) * FS_HZ).max(0.0) as usize, (((t + 0.03) * FS_HZ) as usize).min(x.len()));
        for (i, v) in x.iter_mut().enumerate().take(to).skip(from) {
            *v += size_uv * shape((i as f64 / FS_HZ - t) * 1e3);
        }
    }
}

/// Normal intervals.
fn times(seed: u64, rate_hz: f64, cv: f64) -> Vec<f64> {
    let mut random = Xoshiro::new(seed);
    let (mut t, mut out) = (0.3, Vec::new());
    while t < SECONDS - 0.3 {
        out.push(t);
        t += (1.0 + cv * normal(&mut random)).max(0.2) / rate_hz;
    }
    out
}

fn measure(uv: Vec<f64>, fs_hz: f64) -> SignalMeasurement {
    let mut analysis = signal_analyzer(SignalTask::Rest).unwrap().begin(SignalInput { uv, fs_hz, ..SignalInput::default() });
    let mut steps = 0;
    while let Some(part) = analysis.step() {
        assert!((0.0..=1.0).contains(&part));
        steps += 1;
        assert!(steps < 100_000);
    }
    analysis.measurement()
}

fn classes(m: &SignalMeasurement) -> Vec<ActivityClass> {
    m.trains.iter().map(|t| t.class).collect()
}

fn one(uv: Vec<f64>, class: ActivityClass, truth_s: &[f64]) -> SignalMeasurement {
    let m = measure(uv, FS_HZ);
    assert_eq!(classes(&m), [class], "{:?}", m.trains);
    let train = &m.trains[0];
    let near = |t: &&f64| train.times_s.iter().any(|s| (s - **t).abs() < 0.003);
    let found = truth_s.iter().filter(near).count();
    assert!(found * 100 >= truth_s.len() * 95, "{found} of {}", truth_s.len());
    assert!(train.times_s.len() * 100 <= truth_s.len() * 105);
    assert!(train.why.len() >= 3 && train.confidence > 0.3, "{train:?}");
    m
}

#[test]
fn fibrillation_is_named_with_its_reasons() {
    let t = times(1, 6.0, 0.02);
    let mut x = quiet(2);
    add(&mut x, &t, 90.0, fibrillation);
    let m = one(x, ActivityClass::Fibrillation, &t);
    let why = m.trains[0].why.join("; ");
    assert!(why.contains("regular: 6.0 Hz") && why.contains("starts positive") && why.contains("µV"), "{why}");
    assert!(m.verdict.starts_with("Fibrillation, 1 train"), "{}", m.verdict);
    assert_eq!(m.tables[0].rows.len(), 1);
    assert_eq!(m.charts[0].series.len(), 1);
}

#[test]
fn positive_sharp_waves_are_named() {
    let t = times(3, 4.0, 0.03);
    let mut x = quiet(4);
    add(&mut x, &t, 120.0, sharp_wave);
    one(x, ActivityClass::PositiveSharpWave, &t);
}

#[test]
fn a_voluntary_unit_is_no_spontaneous_activity() {
    let t = times(5, 8.0, 0.15);
    let mut x = quiet(6);
    add(&mut x, &t, 400.0, motor_unit);
    one(x, ActivityClass::Voluntary, &t);
}

/// Moments from `from_s` to `to_s`, at the rate that `rate_hz` gives for the part of that time gone by,
/// each interval by the part `cv` uncertain.
fn run(seed: u64, from_s: f64, to_s: f64, cv: f64, rate_hz: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut random = Xoshiro::new(seed);
    let (mut t, mut out) = (from_s, Vec::new());
    while t < to_s {
        out.push(t);
        t += (1.0 + cv * normal(&mut random)).max(0.2) / rate_hz((t - from_s) / (to_s - from_s));
    }
    out
}

/// Fibres of several motor units that set each other off, one after the other.
fn circuit(t_ms: f64) -> f64 {
    [(0.0, 1.0), (2.1, 0.6), (4.4, 0.8), (6.3, 0.5), (9.0, 0.7)].iter().map(|(at, size)| size * fibrillation(t_ms - at)).sum()
}

#[test]
fn fasciculations_are_named() {
    let t = [0.7, 1.4, 3.9, 4.6, 5.1, 7.3];
    let mut x = quiet(21);
    add(&mut x, &t, 500.0, motor_unit);
    one(x, ActivityClass::Fasciculation, &t);
}

#[test]
fn weak_sharp_waves_beside_fasciculations_are_not_taken_for_a_part_of_them() {
    let (large, small) = ([0.7, 1.4, 3.9, 5.1, 7.3], times(22, 2.0, 0.03));
    let mut x = quiet(23);
    add(&mut x, &large, 700.0, motor_unit);
    add(&mut x, &small, 60.0, sharp_wave);
    let m = measure(x, FS_HZ);
    assert!(classes(&m).contains(&ActivityClass::Fasciculation), "{:?}", m.trains);
    let waves = m.trains.iter().find(|train| train.class == ActivityClass::PositiveSharpWave).unwrap();
    assert!(waves.times_s.len() + 2 >= small.len(), "{} of {}", waves.times_s.len(), small.len());
}

#[test]
fn two_fibres_of_one_shape_are_two_trains() {
    let (a, b) = (times(24, 5.0, 0.02), run(25, 1.0, 6.0, 0.02, |_| 3.1));
    let mut x = quiet(26);
    add(&mut x, &a, 100.0, fibrillation);
    add(&mut x, &b, 112.0, fibrillation);
    let m = measure(x, FS_HZ);
    assert_eq!(classes(&m), [ActivityClass::Fibrillation; 2], "{:?}", m.trains);
}

#[test]
fn complex_repetitive_discharges_are_one_train() {
    let t = run(27, 2.0, 6.0, 0.0005, |_| 22.0);
    let mut x = quiet(28);
    add(&mut x, &t, 200.0, circuit);
    one(x, ActivityClass::ComplexRepetitive, &t);
}

#[test]
fn myotonic_discharges_wax_and_wane() {
    let t = run(29, 1.5, 6.5, 0.01, |part| 30.0 + 50.0 * (3.0 * part).sin().max(0.0));
    let mut x = quiet(30);
    for at in &t {
        add(&mut x, &[*at], 80.0 + 160.0 * (0.6 * (at - 1.5)).sin().abs(), fibrillation);
    }
    one(x, ActivityClass::Myotonic, &t);
}

#[test]
fn myokymic_discharges_are_bursts() {
    let bursts = run(31, 0.5, 7.5, 0.05, |_| 1.4);
    let t: Vec<f64> = bursts.iter().flat_map(|at| (0..5).map(move |k| at + f64::from(k) / 38.0)).collect();
    let mut x = quiet(32);
    add(&mut x, &t, 350.0, motor_unit);
    one(x, ActivityClass::Myokymic, &t);
}

#[test]
fn neuromyotonic_discharges_are_fast_and_fade() {
    let t = run(33, 2.0, 3.2, 0.01, |_| 180.0);
    let mut x = quiet(34);
    for at in &t {
        add(&mut x, &[*at], 260.0 - 120.0 * (at - 2.0), end_plate);
    }
    one(x, ActivityClass::Neuromyotonic, &t);
}

#[test]
fn cramps_are_motor_units_at_rates_beyond_effort() {
    let t = run(35, 1.0, 6.0, 0.12, |part| 40.0 + 20.0 * part);
    let mut x = quiet(36);
    add(&mut x, &t, 500.0, motor_unit);
    let m = measure(x, FS_HZ);
    // Pieces of potentials that run into each other get no name.
    let named: Vec<_> = m.trains.iter().filter(|train| train.class != ActivityClass::NotSure).collect();
    assert_eq!(named.iter().map(|train| train.class).collect::<Vec<_>>(), [ActivityClass::Cramp], "{:?}", m.trains);
    assert!(named[0].times_s.len() * 10 >= t.len() * 6, "{} of {}", named[0].times_s.len(), t.len());
    assert!(m.verdict.contains("Cramp"), "{}", m.verdict);
}

#[test]
fn a_unit_under_drive_is_no_fibrillation_however_short_it_is() {
    for seed in 1000..1015 {
        let effort = simulate_needle(seed, 1, 10.0, 4.0);
        let m = measure(effort.uv, effort.fs_hz);
        assert!(m.trains.iter().all(|train| !train.class.abnormal()), "{seed}: {:?}", m.trains);
    }
}

#[test]
fn end_plate_spikes_warn_beside_fibrillation() {
    let mut random = Xoshiro::new(7);
    let (mut t, mut spikes) = (0.2, Vec::new());
    while t < SECONDS - 0.2 {
        spikes.push(t);
        t += 0.008 - 0.06 * (1.0 - random.unit()).ln();
    }
    let mut x = quiet(8);
    add(&mut x, &spikes, 140.0, end_plate);
    one(x.clone(), ActivityClass::EndPlateSpike, &spikes);
    add(&mut x, &times(9, 3.0, 0.02), 60.0, fibrillation);
    let m = measure(x, FS_HZ);
    let fibs: Vec<_> = m.trains.iter().filter(|t| t.class == ActivityClass::Fibrillation).collect();
    assert!(!fibs.is_empty() && fibs.iter().all(|t| t.warning.contains("end-plate")), "{:?}", classes(&m));
}

#[test]
fn end_plate_noise_warns_as_well() {
    let mut uv = quiet(31);
    add(&mut uv, &times(32, 5.0, 0.03), 220.0, fibrillation);
    add(&mut uv, &times(33, 28.0, 0.6), 20.0, end_plate);
    let m = measure(uv, FS_HZ);
    let fibs: Vec<_> = m.trains.iter().filter(|t| t.class == ActivityClass::Fibrillation).collect();
    assert!(m.trains.iter().any(|t| t.class == ActivityClass::EndPlateNoise), "{:?}", classes(&m));
    assert!(!fibs.is_empty() && fibs.iter().all(|t| t.warning.contains("end-plate")), "{:?}", classes(&m));
}

#[test]
fn quiet_and_artefacts_raise_no_alarm() {
    let m = measure(quiet(10), FS_HZ);
    assert!(m.trains.is_empty());
    assert_eq!(m.verdict, "Nothing abnormal at rest in 8 s.");
    let mut x = quiet(11);
    let mut random = Xoshiro::new(12);
    for start in [30_000, 90_000, 140_000] {
        let mut walk = 0.0;
        for (k, v) in x[start..start + 5000].iter_mut().enumerate() {
            walk += 20.0 * normal(&mut random);
            *v += (walk + 40.0 * normal(&mut random)) * (-(k as f64) / 1500.0).exp();
        }
    }
    let m = measure(x, FS_HZ);
    assert!(!m.trains.iter().any(|t| t.class.abnormal()), "{:?}", m.trains);
    assert!(!m.quality.is_empty() && m.tables.len() == 2, "the artefacts are mentioned");
}

#[test]
fn a_constant_changes_nothing_and_scale_only_sizes() {
    let t = times(13, 7.0, 0.02);
    let mut x = quiet(14);
    add(&mut x, &t, 100.0, fibrillation);
    let plain = measure(x.clone(), FS_HZ);
    let moved = measure(x.iter().map(|v| v + 700.0).collect(), FS_HZ);
    let large = measure(x.iter().map(|v| v * 3.0).collect(), FS_HZ);
    assert_eq!(classes(&plain), [ActivityClass::Fibrillation]);
    assert_eq!(plain, measure(x, FS_HZ), "the same every time");
    for other in [&moved, &large] {
        assert_eq!(classes(&plain), classes(other));
        assert_eq!(plain.trains[0].times_s.len(), other.trains[0].times_s.len());
        for (a, b) in plain.trains[0].times_s.iter().zip(&other.trains[0].times_s) {
            assert!((a - b).abs() < 1e-4);
        }
    }
}

#[test]
fn upside_down_it_is_not_called_fibrillation_but_questioned() {
    let mut x = quiet(15);
    add(&mut x, &times(16, 6.0, 0.02), -100.0, fibrillation);
    let m = measure(x, FS_HZ);
    assert!(!classes(&m).contains(&ActivityClass::Fibrillation), "{:?}", m.trains);
    assert!(m.trains.iter().all(|t| t.why.iter().any(|w| w.contains("starts negative"))));
    assert!(m.quality.iter().any(|q| q.what.contains("upside down")), "{:?}", m.quality);
}

#[test]
fn two_fibres_upside_down_stay_two_and_polarity_is_questioned() {
    let (first, second) = (times(18, 6.3, 0.02), times(19, 3.7, 0.03));
    let recording = |sign: f64| {
        let mut x = quiet(18);
        add(&mut x, &first, 110.0 * sign, fibrillation);
        add(&mut x, &second, 70.0 * sign, fibrillation);
        measure(x, FS_HZ)
    };
    let (upright, turned) = (recording(1.0), recording(-1.0));
    assert_eq!(upright.trains.len(), 2, "{:?}", upright.trains);
    assert_eq!(turned.trains.len(), 2, "{:?}", turned.trains);
    assert!(classes(&upright).iter().all(|class| *class == ActivityClass::Fibrillation));
    for train in &turned.trains {
        assert!(!train.class.abnormal() && train.why.iter().any(|why| why.contains("polarity may be turned")), "{train:?}");
    }
}

#[test]
fn ten_minutes_of_white_noise_have_no_trains() {
    for seed in [41, 42] {
        let mut random = Xoshiro::new(seed);
        let x = (0..600 * 12_000).map(|_| 5.0 * normal(&mut random)).collect();
        let m = measure(x, 12_000.0);
        assert!(m.trains.is_empty(), "{:?}", m.trains.iter().map(|t| (&t.name, t.times_s.len(), &t.why)).collect::<Vec<_>>());
    }
}

#[test]
fn absurd_input_is_survived() {
    let n = 60_000;
    let square: Vec<f64> = (0..n).map(|i| if i / 250 % 2 == 0 { 5e3 } else { -5e3 }).collect();
    let mut holes = quiet(17);
    holes.iter_mut().step_by(97).for_each(|v| *v = f64::NAN);
    holes[500] = f64::INFINITY;
    for uv in [vec![], vec![0.0; n], vec![f64::NAN; n], square, holes, vec![1e300; n], (0..n).map(|i| (i % 2) as f64 * 1e12).collect()] {
        for fs_hz in [0.0, f64::NAN, -1.0, 1000.0, 4000.0, 25_000.0, 1e9] {
            let m = measure(uv.clone(), fs_hz);
            assert!(!m.verdict.is_empty());
        }
    }
    assert_eq!(measure(vec![0.0; 100], FS_HZ).verdict, "The record is too short.");
}

#[test]
fn grades_follow_the_scale() {
    let site = |trains, longest_s, discharges_hz, filled| Site { trains, longest_s, discharges_hz, filled };
    let none = site(0, 0.0, 0.0, 0.0);
    let single = site(1, 3.0, 2.0, 0.01);
    let moderate = site(2, 5.0, 8.0, 0.05);
    let many = site(5, 8.0, 40.0, 0.2);
    let full = site(9, 9.0, 150.0, 0.7);
    assert_eq!(grade(&[]), None);
    assert_eq!(grade(&[none; 4]), Some(Grade::None));
    assert_eq!(grade(&[single, none, none, none]), Some(Grade::Equivocal));
    assert_eq!(grade(&[site(1, 0.5, 2.0, 0.01); 4]), Some(Grade::Equivocal));
    assert_eq!(grade(&[single, single, none, none]), Some(Grade::One));
    assert_eq!(grade(&[moderate, moderate, moderate, none]), Some(Grade::Two));
    assert_eq!(grade(&[many; 4]), Some(Grade::Three));
    assert_eq!(grade(&[full; 4]), Some(Grade::Four));
    assert_eq!(grade(&[site(1, f64::NAN, f64::NAN, f64::NAN)]), Some(Grade::Equivocal));
}

#[test]
fn insertional_activity_ends_when_it_is_quiet() {
    let mut active = vec![false; 400];
    let mut moved = vec![false; 400];
    moved[10..16].fill(true);
    active[10..40].fill(true);
    moved[100..104].fill(true);
    active[100..200].fill(true);
    moved[395..].fill(true);
    let found = durations(&active, &moved, 0.005);
    let ms: Vec<Option<f64>> = found.iter().map(|i| i.duration_ms.map(f64::round)).collect();
    assert_eq!(ms, [Some(150.0), Some(500.0), None]);
    assert_eq!(found[0].amount(), Some(Amount::Normal));
    assert_eq!(found[1].amount(), Some(Amount::Increased));
    assert_eq!(found[2].amount(), None);
}
