//! Interference patterns, jitter and surface EMG: equal to their published formulas, against
//! simulated truth, and properties that hold for any signal.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use myoscope::analysis::needle::interference::{Epoch, Fullness};
use myoscope::analysis::needle::turns::{TURN_UV, segments, turns_amplitude};
use myoscope::analysis::needle::{jitter, surface};
use myoscope::analysis::signal::{SignalInput, signal_analyzer};
use myoscope::dsp::fft::RealFft;
use myoscope::dsp::random::Xoshiro;
use myoscope::dsp::spectrum::welch;
use myoscope::model::{Cell, SignalMeasurement, SignalTask};

const TASKS: [SignalTask; 3] = [SignalTask::Interference, SignalTask::Jitter, SignalTask::Surface];

fn input(uv: Vec<f64>, fs_hz: f64) -> SignalInput {
    SignalInput { uv, fs_hz, muscle: "Right frontalis".to_owned(), age_years: Some(40.0) }
}

/// The answer to a task, and how many steps it took.
fn answer(task: SignalTask, input: SignalInput) -> (SignalMeasurement, usize) {
    let mut work = signal_analyzer(task).unwrap().begin(input);
    let mut steps = 1;
    while let Some(part) = work.step() {
        assert!((0.0..=1.0).contains(&part), "{task:?}: {part}");
        steps += 1;
    }
    (work.measurement(), steps)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

/// Three sines, 0.5 s at 10 kHz, microvolts.
fn sines() -> Vec<f64> {
    (0..5000)
        .map(|k| {
            let i = f64::from(k);
            300.0 * (0.07 * i).sin() * (0.0013 * i).sin() + 120.0 * (0.31 * i + 1.0).sin() + 60.0 * (1.7 * i).sin()
        })
        .collect()
}

fn noise(random: &mut Xoshiro) -> f64 {
    ((0..12).map(|_| random.unit()).sum::<f64>()) - 6.0
}

/// A pair of spikes at 50 kHz with known intervals: signal, MCD and blocking percent.
fn pair(seed: u64, discharges: usize, jitter_us: f64, blocked: usize) -> (Vec<f64>, f64, f64) {
    let fs = 50_000.0;
    let random = &mut Xoshiro::new(seed);
    let mut uv: Vec<f64> = (0..(discharges as f64 * 0.1 * fs) as usize + 10_000).map(|_| 3.0 * noise(random)).collect();
    let mut add = |at_s: f64, height: f64| {
        let first = ((at_s - 0.002) * fs) as usize;
        for (k, v) in uv.iter_mut().enumerate().skip(first).take(200) {
            let z = (k as f64 / fs - at_s) / 0.00013;
            *v += height * (1.0 - z * z) * (-0.5 * z * z).exp();
        }
    };
    let mut ipis = Vec::new();
    for k in 0..discharges {
        let at = 0.1 * (k as f64 + 1.0) + 0.004 * noise(random);
        let ipi = 1.3e-3 + jitter_us * 1e-6 * noise(random);
        add(at, 400.0);
        if blocked > 0 && k % blocked == 2 {
            ipis.push(f64::NAN);
        } else {
            add(at + ipi, 350.0);
            ipis.push(ipi * 1e6);
        }
    }
    let missing = ipis.iter().filter(|ipi| ipi.is_nan()).count();
    (uv, jitter::mcd(&ipis), 100.0 * missing as f64 / discharges as f64)
}

/// Bursts of noise at 2 kHz: signal and their edges in seconds.
fn bursts(seed: u64) -> (Vec<f64>, Vec<[f64; 2]>) {
    let random = &mut Xoshiro::new(seed);
    let edges: Vec<[f64; 2]> = (0..6).map(|k| [1.0 + 3.0 * f64::from(k), 2.4 + 3.1 * f64::from(k)]).collect();
    let (mut last, mut uv) = (0.0, Vec::new());
    for k in 0..40_000 {
        let t = f64::from(k) / 2000.0;
        last = 0.7 * last + noise(random);
        let active = edges.iter().any(|edge| t >= edge[0] && t < edge[1]);
        uv.push(if active { 50.0 * last } else { 0.0 } + 2.0 * noise(random));
    }
    (uv, edges)
}

/// Figures of an independent program for the same sines (numpy 2, scipy 1; `turns_amplitude`,
/// `ip_measures` and `mnf_mdf` with `i = np.arange(5000)`, fs 10000).
#[test]
fn formulas_agree_with_an_independent_program() {
    let x = sines();
    let at_100 = turns_amplitude(&x, 10_000.0, TURN_UV);
    assert_eq!(at_100.turns_per_s, 984.0);
    assert!(near(at_100.mean_amp_uv, 344.002_211_118_063_37) && near(at_100.amp_uv_per_s, 337_810.171_317_938_25));
    let at_50 = turns_amplitude(&x, 10_000.0, 50.0);
    assert_eq!(at_50.turns_per_s, 4098.0);
    assert!(near(at_50.mean_amp_uv, 134.412_598_457_989_2) && near(at_50.amp_uv_per_s, 550_554.003_283_923_7));
    let parts = segments(&x, 10_000.0);
    assert_eq!(parts.small_per_s, 4756.0);
    assert!(near(parts.activity_pct, 91.16) && near(parts.envelope_uv, 761.955_743_928_392_4));
    let [mean, median] = welch(&mut RealFft::new(), &x, 10_000.0, 5000, 2500).mean_median_hz().unwrap();
    assert!(near(mean, 373.196_922_695_109_9) && near(median, 114.0));
}

/// `mcd` and `msd` of the same program: `k = np.arange(60)`, d = 900 + 25 sin 1.3k + 9 cos 7.1k²,
/// intervals 0.1 + 0.02 sin 2.9k.
#[test]
fn mean_differences_agree_with_an_independent_program() {
    let k = || (0..60).map(f64::from);
    let d: Vec<f64> = k().map(|k| 900.0 + 25.0 * (1.3 * k).sin() + 9.0 * (7.1 * k * k).cos()).collect();
    let interval: Vec<f64> = k().map(|k| 0.1 + 0.02 * (2.9 * k).sin()).collect();
    assert!(near(jitter::mcd(&d), 20.771_051_254_243_26));
    assert!(near(jitter::msd(&d, &interval), 26.391_986_780_701_61));
}

#[test]
fn turns_follow_scale_offset_inversion_and_cutting() {
    let x = sines();
    let whole = turns_amplitude(&x, 10_000.0, 100.0);
    let map = |f: &dyn Fn(f64) -> f64| x.iter().map(|&v| f(v)).collect::<Vec<_>>();
    let scaled = turns_amplitude(&map(&|v| 4.0 * v), 10_000.0, 400.0);
    assert_eq!(scaled.turns, whole.turns);
    assert!(near(scaled.mean_amp_uv, 4.0 * whole.mean_amp_uv));
    for other in [map(&|v| v + 1024.0), map(&|v| -v)] {
        let other_turns = turns_amplitude(&other, 10_000.0, 100.0);
        assert_eq!(other_turns.turns, whole.turns);
        assert!(near(other_turns.mean_amp_uv, whole.mean_amp_uv));
        let (a, b) = (segments(&other, 10_000.0), segments(&x, 10_000.0));
        assert!((a.activity_pct - b.activity_pct).abs() < 0.2 && (a.envelope_uv - b.envelope_uv).abs() < 1e-6);
    }
    // A cut costs at most the turns at its two sides.
    let halves: usize = x.chunks(2500).map(|half| turns_amplitude(half, 10_000.0, 100.0).turns).sum();
    assert!(halves.abs_diff(whole.turns) <= 2, "{halves} {}", whole.turns);
    // NaN are no time.
    let mut gap = x.clone();
    gap.extend([f64::NAN; 5000]);
    assert_eq!(turns_amplitude(&gap, 10_000.0, 100.0), whole);
}

#[test]
fn patterns_are_full_discrete_or_of_one_unit() {
    let fs = 20_000.0;
    let spike = |phase_s: f64| 600.0 * (2.0 * std::f64::consts::PI * phase_s / 0.004).sin() * (-((phase_s - 0.004) / 0.003).powi(2)).exp();
    let train = |periods: &[f64]| -> Vec<f64> {
        (0..10_000)
            .map(|k| {
                let t = f64::from(k) / fs;
                periods.iter().enumerate().map(|(i, period)| (i as f64 + 2.0) * 0.4 * spike(t % period)).sum()
            })
            .collect()
    };
    assert_eq!(Epoch::of(&train(&[0.05]), fs, 0.0).fullness, Fullness::SingleUnit);
    assert_eq!(Epoch::of(&train(&[0.081, 0.097]), fs, 0.0).fullness, Fullness::Discrete);
    let random = &mut Xoshiro::new(5);
    let dense: Vec<f64> = (0..10_000).map(|_| 300.0 * noise(random)).collect();
    assert_eq!(Epoch::of(&dense, fs, 0.0).fullness, Fullness::Full);
    assert_eq!(Epoch::of(&[0.0; 10_000], fs, 0.0).fullness, Fullness::None);
}

#[test]
fn jitter_and_blocking_of_simulated_pairs() {
    for (seed, jitter_us, blocked) in [(1, 15.0, 0), (2, 40.0, 8), (3, 70.0, 5), (4, 8.0, 0)] {
        let (uv, truth_us, blocking) = pair(seed, 80, jitter_us, blocked);
        let measured = jitter::measure(&uv, 50_000.0).unwrap();
        assert_eq!((measured.pairs.len(), measured.discharges), (1, 80), "seed {seed}");
        let found = &measured.pairs[0];
        assert!((found.mcd_us / truth_us - 1.0).abs() < 0.04, "seed {seed}: {} {truth_us}", found.mcd_us);
        assert!((found.blocking_pct - blocking).abs() < 0.01, "seed {seed}: {} {blocking}", found.blocking_pct);
    }
}

#[test]
fn jitter_does_not_depend_on_scale_offset_or_polarity() {
    let (uv, ..) = pair(9, 60, 30.0, 0);
    let base = jitter::measure(&uv, 50_000.0).unwrap().pairs[0].clone();
    for change in [|v: f64| 8.0 * v, |v: f64| v + 512.0, |v: f64| -v] {
        let changed: Vec<f64> = uv.iter().map(|&v| change(v)).collect();
        let other = &jitter::measure(&changed, 50_000.0).unwrap().pairs[0];
        assert!((other.mcd_us - base.mcd_us).abs() < 1e-3, "{} {}", other.mcd_us, base.mcd_us);
        assert!((other.ipi_us - base.ipi_us).abs() < 1e-3);
    }
    // Half of the recording has half of the discharges and the same pair.
    let half = jitter::measure(&uv[..uv.len() / 2], 50_000.0).unwrap();
    assert!(half.discharges.abs_diff(30) <= 2);
    assert!((half.pairs[0].ipi_us - base.ipi_us).abs() < 15.0);
}

#[test]
fn jitter_is_held_against_limits_and_few_discharges_are_said() {
    let (uv, ..) = pair(11, 40, 70.0, 5);
    let (answered, _) = answer(SignalTask::Jitter, input(uv, 50_000.0));
    assert!(matches!(answered.tables[0].rows[0].cells[4], Cell::Abnormal(_)), "{:?}", answered.tables[0].rows);
    assert_eq!(answered.tables[1].rows.len(), 2, "single fibre and concentric");
    assert!(answered.quality.iter().any(|flag| flag.what.starts_with("40 discharges")), "{:?}", answered.quality);
    assert_eq!(answered.charts[0].series[0].points.len(), 40);
}

#[test]
fn bursts_have_their_edges_whatever_the_scale_and_offset() {
    let (uv, edges) = bursts(3);
    for change in [|v: f64| v, |v: f64| 0.1 * v, |v: f64| v - 3000.0, |v: f64| -v] {
        let measured = surface::measure(input(uv.iter().map(|&v| change(v)).collect(), 2000.0));
        assert_eq!(measured.bursts.len(), edges.len());
        for (burst, edge) in measured.bursts.iter().zip(&edges) {
            assert!((burst.on_s - edge[0]).abs() < 0.004 && (burst.off_s - edge[1]).abs() < 0.004, "{burst:?} {edge:?}");
        }
        assert!(measured.trend.is_some() && !measured.sustained);
    }
    // A gap in a pause and another in a burst: no panic, no new burst beside them.
    let mut holed = uv.clone();
    holed[5500..5600].fill(f64::NAN);
    holed[3000..3010].fill(f64::INFINITY);
    assert_eq!(surface::measure(input(holed, 2000.0)).bursts.len(), edges.len());
}

#[test]
fn a_contraction_without_rest_is_followed_through() {
    let random = &mut Xoshiro::new(8);
    let mut last = 0.0;
    let uv: Vec<f64> = (0..60_000)
        .map(|k| {
            // The filter's corner falls: a tiring muscle.
            let keep = 0.6 + 0.3 * f64::from(k) / 60_000.0;
            last = keep * last + noise(random);
            60.0 * last * (1.0 - keep * keep).sqrt()
        })
        .collect();
    let measured = surface::measure(input(uv, 2000.0));
    assert!(measured.sustained && measured.bursts.len() == 1);
    assert_eq!(measured.medians.len(), 15);
    let trend = measured.trend.unwrap();
    assert!(trend.slope_hz_per_s < -2.0 * trend.error_hz_per_s, "{trend:?}");
}

#[test]
fn odd_signals_are_survived_and_nothing_is_found_in_silence() {
    let random = &mut Xoshiro::new(1);
    let n = 20_000;
    let odd: Vec<(&str, Vec<f64>)> = vec![
        ("empty", Vec::new()),
        ("one", vec![5.0]),
        ("silence", vec![0.0; n]),
        ("constant", vec![1e8; n]),
        ("noise", (0..n).map(|_| 20.0 * noise(random)).collect()),
        ("square", (0..n).map(|k| if (k / 50) % 2 == 0 { 500.0 } else { -500.0 }).collect()),
        ("alternating", (0..n).map(|k| if k % 2 == 0 { 1e5 } else { -1e5 }).collect()),
        ("NaN", vec![f64::NAN; n]),
        ("half NaN", (0..n).map(|k| if k % 2 == 0 { f64::NAN } else { 100.0 * noise(random) }).collect()),
        ("huge", (0..n).map(|k| if k % 3 == 0 { f64::MAX } else { -f64::MAX }).collect()),
        ("infinite", (0..n).map(|k| if k % 7 == 0 { f64::NEG_INFINITY } else { noise(random) }).collect()),
        ("tiny", (0..n).map(|_| 1e-300 * noise(random)).collect()),
    ];
    for (name, uv) in odd {
        for fs_hz in [0.0, -1.0, f64::NAN, f64::INFINITY, 60.0, 1000.0, 10_000.0, 25_000.0, 1e6] {
            for task in TASKS {
                let (answered, _) = answer(task, input(uv.clone(), fs_hz));
                assert!(answered.method.contains('/'), "{name} {fs_hz} {task:?}");
                if matches!(name, "empty" | "silence" | "constant" | "NaN") {
                    assert!(!answered.verdict.is_empty() && answered.trains.is_empty(), "{name} {fs_hz} {task:?}: {answered:?}");
                }
            }
        }
    }
}

#[test]
fn ten_minutes_at_48_khz_take_bounded_time_in_steps() {
    let random = &mut Xoshiro::new(2);
    let fast: Vec<f64> = (0..48_000).map(|_| 40.0 * noise(random)).collect();
    let n = 600 * 48_000;
    // Ten-second stretches of stronger and weaker noise with a square wave in it.
    let uv: Vec<f64> = (0..n)
        .map(|k| fast[k % fast.len()] * if (k / 480_000) % 2 == 0 { 1.0 } else { 8.0 } + if (k / 700) % 2 == 0 { 100.0 } else { -100.0 })
        .collect();
    for task in TASKS {
        let started = Instant::now();
        let (answered, steps) = answer(task, input(uv.clone(), 48_000.0));
        assert!(started.elapsed() < Duration::from_secs(120), "{task:?}: {:?}", started.elapsed());
        assert!(steps > 20 || task == SignalTask::Jitter, "{task:?}: {steps}");
        let points: usize = answered.charts.iter().flat_map(|chart| &chart.series).map(|series| series.points.len()).sum();
        assert!(points < 20_000, "{task:?}: {points} points");
        assert!(answered.tables.iter().all(|table| table.rows.len() <= 500));
    }
}

/// Real recordings; skipped without `MYOSCOPE_DATA`, the folder they lie in.
#[test]
#[allow(clippy::print_stdout, reason = "figures of real recordings are worth reading")]
fn real_recordings_give_plausible_patterns_and_bursts() {
    let Ok(named) = std::env::var("MYOSCOPE_DATA") else { return };
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(named);
    // PhysioNet emgdb: 16 bit, 10000 a millivolt, 4 kHz, tibialis anterior.
    let needle = |name: &str| -> SignalMeasurement {
        let bytes = std::fs::read(folder.join("physionet-emgdb").join(name)).unwrap();
        let uv = bytes.chunks_exact(2).map(|two| f64::from(i16::from_le_bytes([two[0], two[1]])) / 10.0).collect();
        answer(SignalTask::Interference, input(uv, 4000.0)).0
    };
    let amplitude = |measured: &SignalMeasurement| match measured.tables[0].rows[1].cells[0] {
        Cell::Number(uv) => uv,
        _ => f64::NAN,
    };
    let (healthy, neuropathy) = (needle("emg_healthy.dat"), needle("emg_neuropathy.dat"));
    println!("{}\n{}\n{} {}", healthy.verdict, neuropathy.verdict, amplitude(&healthy), amplitude(&neuropathy));
    assert!(amplitude(&neuropathy) > 1.5 * amplitude(&healthy));
    // BioSPPy: surface EMG at 1 kHz whose contractions hardly exceed the converter's steps: nothing is made up.
    let text = std::fs::read_to_string(folder.join("biosppy/emg.txt")).unwrap();
    let counts: Vec<f64> = text.lines().filter_map(|line| line.trim().parse().ok()).collect();
    let weak = answer(SignalTask::Surface, input(counts, 1000.0)).0;
    assert_eq!(weak.verdict, "No contraction stands out.");
}
