//! Needle EMG taken apart: against simulated truth, and properties that hold for any signal.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use myoscope::analysis::needle::decompose::{Decomposer, Options, decompose, discharges, rebuild};
use myoscope::analysis::needle::potential::{jiggle, markers, measure};
use myoscope::model::needle::{Decomposition, Verdict};
use myoscope::simulate::simulate_needle;

/// Discharges of `found` that lie within 0.5 ms of one of `truth`, up to one shift a train.
fn agreeing(truth: &[f64], found: &[f64]) -> usize {
    let near = |shift: f64| {
        truth
            .iter()
            .filter(|t| {
                let i = found.partition_point(|f| f + shift < **t - 0.0005);
                found.get(i).is_some_and(|f| f + shift <= **t + 0.0005)
            })
            .count()
    };
    (-10..=10).map(|i| near(f64::from(i) * 0.0003)).max().unwrap()
}

/// For each true train the best found one: part of the true discharges that it has, and of its own
/// that are right.
fn matches(truth: &[Vec<f64>], found: &Decomposition) -> Vec<(f64, f64)> {
    truth
        .iter()
        .map(|t| {
            found
                .trains
                .iter()
                .map(|f| {
                    let times = f.times_s();
                    let n = agreeing(t, &times) as f64;
                    (n / t.len() as f64, n / times.len() as f64)
                })
                .fold((0.0, 0.0), |best: (f64, f64), now| if now.0 * now.1 > best.0 * best.1 { now } else { best })
        })
        .collect()
}

fn times(found: &Decomposition) -> Vec<Vec<f64>> {
    found.trains.iter().map(|t| t.times_s()).collect()
}

#[test]
fn simulated_units_are_found_again() {
    for seed in [1, 2, 3] {
        let truth = simulate_needle(seed, 4, 10.0, 4.0);
        let found = decompose(&truth.uv, truth.fs_hz, Options::default());
        for (i, (right, clean)) in matches(&truth.trains, &found).iter().enumerate() {
            assert!(*right > 0.95 && *clean > 0.97, "seed {seed} unit {i}: {right:.3} {clean:.3}");
        }
        assert_eq!(found.trains.len(), 4, "seed {seed}");
        assert!(found.verdict.decomposable());
        assert!(found.trains.iter().all(|t| t.confidence > 0.6 && t.prominence > 1.0));
    }
}

#[test]
fn potentials_measure_what_was_put_in() {
    let truth = simulate_needle(5, 3, 10.0, 4.0);
    let found = decompose(&truth.uv, truth.fs_hz, Options::default());
    assert_eq!(found.trains.len(), 3);
    for train in &found.trains {
        let p = &train.potential;
        let m = measure(&p.uv, p.fs_hz, p.at, markers(p).unwrap()).unwrap();
        let best = truth
            .potentials
            .iter()
            .map(|t| {
                let (low, high) = t.iter().fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
                (m.amp_uv / (high - low) - 1.0).abs()
            })
            .fold(f64::INFINITY, f64::min);
        assert!(best < 0.04, "amplitude off by {best:.3}");
        assert!(m.duration_ms > 2.0 && m.duration_ms < 30.0 && m.phases >= 1);
    }
    for unit in 0..3 {
        let p = &found.trains[unit].potential;
        let single = discharges(&truth.uv, truth.fs_hz, &found, unit, 50);
        assert!(single.len() == 50 && single.iter().all(|d| d.len() == p.uv.len()));
        // The simulated units do not vary.
        let jiggle = jiggle(&single, markers(p).unwrap()).unwrap();
        assert!(jiggle.cad < 0.15 && jiggle.ccc > 0.9, "{jiggle:?}");
    }
    assert!(discharges(&truth.uv, truth.fs_hz, &found, 99, 50).is_empty());
}

#[test]
fn offset_sign_and_scale_leave_the_trains() {
    let truth = simulate_needle(7, 3, 8.0, 4.0);
    let plain = times(&decompose(&truth.uv, truth.fs_hz, Options::default()));
    assert!(!plain.is_empty());
    type Change = fn(f64) -> f64;
    let changes: [(&str, Change); 4] =
        [("offset", |v| v + 5000.0), ("inverted", |v| -v), ("larger", |v| v * 16.0), ("smaller", |v| v / 64.0)];
    for (name, change) in changes {
        let changed: Vec<f64> = truth.uv.iter().map(|v| change(*v)).collect();
        let other = times(&decompose(&changed, truth.fs_hz, Options::default()));
        assert_eq!(plain.len(), other.len(), "{name}");
        for (a, b) in plain.iter().zip(&other) {
            // Rounding may tip a discharge that hangs in the balance.
            assert!(agreeing(a, b) as f64 > 0.99 * a.len() as f64 && a.len().abs_diff(b.len()) <= 2, "{name}");
        }
    }
}

#[test]
fn halves_have_the_trains_of_the_whole() {
    let truth = simulate_needle(9, 3, 20.0, 4.0);
    let whole = decompose(&truth.uv, truth.fs_hz, Options::default());
    assert_eq!(whole.trains.len(), 3);
    let (first, second) = truth.uv.split_at(truth.uv.len() / 2);
    for (part, from_s) in [(first, 0.0), (second, 10.0)] {
        let found = decompose(part, truth.fs_hz, Options::default());
        for train in &whole.trains {
            let expected: Vec<f64> = train.times_s().iter().map(|t| t - from_s).filter(|t| *t > 0.02 && *t < 9.98).collect();
            let best = found.trains.iter().map(|f| agreeing(&expected, &f.times_s())).max().unwrap_or(0);
            assert!(best as f64 > 0.97 * expected.len() as f64, "{best} of {}", expected.len());
        }
    }
}

#[test]
fn a_few_milliseconds_less_leave_the_trains() {
    for (seed, seconds) in [(41, 12.7), (43, 31.0)] {
        let truth = simulate_needle(seed, 4, seconds, 6.0);
        let whole = decompose(&truth.uv, truth.fs_hz, Options::default());
        assert!(whole.trains.len() >= 4, "seed {seed}");
        for cut_ms in [0.1, 3.0, 15.0, 40.0] {
            let n = truth.uv.len() - (cut_ms * truth.fs_hz / 1000.0).ceil() as usize;
            let cut = decompose(&truth.uv[..n], truth.fs_hz, Options::default());
            assert_eq!((cut.trains.len(), cut.verdict), (whole.trains.len(), whole.verdict), "seed {seed}, {cut_ms} ms");
            for train in &whole.trains {
                let common: Vec<f64> = train.times_s().into_iter().filter(|t| *t < n as f64 / truth.fs_hz - 0.005).collect();
                let best = cut.trains.iter().map(|other| agreeing(&common, &other.times_s())).max().unwrap();
                assert!(best + 1 + common.len() / 100 >= common.len(), "seed {seed}, {cut_ms} ms: {best} of {}", common.len());
            }
        }
    }
}

#[test]
fn units_that_pause_join_late_and_drift_keep_their_numbers() {
    let model = simulate_needle(23, 3, 1.0, 0.0);
    let (fs, seconds) = (model.fs_hz, 100.0);
    let mut uv = simulate_needle(24, 0, seconds, 5.0).uv;
    let mut random = myoscope::simulate::Random::new(7);
    let active: [fn(f64) -> bool; 3] = [|_| true, |t| !(25.0..56.0).contains(&t), |t| t > 43.0];
    let trains: Vec<Vec<f64>> = model
        .potentials
        .iter()
        .zip(active)
        .zip([8.0, 10.5, 12.0])
        .map(|((shape, active), rate_hz)| {
            let peak = (0..shape.len()).max_by(|a, b| shape[*a].abs().total_cmp(&shape[*b].abs())).unwrap();
            let (mut train, mut t) = (Vec::new(), 0.1);
            while t < seconds - 0.1 {
                if active(t) {
                    // The needle moves away slowly.
                    for (v, add) in uv.iter_mut().skip((t * fs) as usize).zip(shape) {
                        *v += add * (1.0 - 0.35 * t / seconds);
                    }
                    train.push(((t * fs).floor() + peak as f64) / fs);
                }
                t += random.normal(1.0, 0.12).max(0.4) / rate_hz;
            }
            train
        })
        .collect();
    let found = decompose(&uv, fs, Options::default());
    assert_eq!(found.trains.len(), 3);
    for (i, (right, clean)) in matches(&trains, &found).iter().enumerate() {
        assert!(*right > 0.97 && *clean > 0.97, "unit {i}: {right:.3} {clean:.3}");
    }
}

#[test]
fn work_comes_in_pieces_and_has_a_result_at_any_time() {
    let truth = simulate_needle(11, 3, 6.0, 4.0);
    let mut decomposer = Decomposer::new(truth.uv.clone(), truth.fs_hz, Options::default());
    let (mut last, mut pieces, mut early) = (0.0, 0, 0);
    loop {
        let progress = decomposer.step();
        assert!(progress.part >= last - 1e-9 && progress.part <= 1.0);
        last = progress.part;
        pieces += 1;
        if pieces == 20 {
            early = decomposer.result().trains.len();
        }
        if progress.done {
            break;
        }
    }
    assert!(pieces > 30, "{pieces} pieces");
    assert!(early > 0, "no trains early");
    assert_eq!(times(&decomposer.result()), times(&decompose(&truth.uv, truth.fs_hz, Options::default())));
}

#[test]
fn edited_trains_are_taken_as_they_are() {
    let truth = simulate_needle(13, 3, 8.0, 4.0);
    let found = decompose(&truth.uv, truth.fs_hz, Options::default());
    let mut trains = times(&found);
    let gone = trains.remove(0);
    trains.push(Vec::new());
    trains.push(vec![f64::NAN, -1.0, 1e9]);
    let again = rebuild(&truth.uv, truth.fs_hz, &trains);
    assert_eq!(again.trains.len(), trains.len());
    for (given, kept) in trains.iter().zip(&again.trains).take(2) {
        assert_eq!(given.len(), kept.discharges.len());
        assert!(kept.potential.uv.len() > 100);
    }
    assert!(again.trains[2].discharges.is_empty() && again.trains[3].discharges.is_empty());
    // What was taken away is left over now.
    assert!(again.unresolved_count > found.unresolved_count + gone.len() / 2);
}

#[test]
fn senseless_signals_give_no_trains_and_no_panic() {
    let n = 100_000;
    let noise = simulate_needle(3, 0, 4.0, 10.0);
    let found = decompose(&noise.uv, noise.fs_hz, Options::default());
    assert_eq!((found.trains.len(), found.verdict), (0, Verdict::Quiet));
    for options in [Options::default(), Options::rest(), Options { voluntary: true, shortest_ms: Some(f64::NAN) }] {
        for (name, uv) in [
            ("silence", vec![0.0; n]),
            ("offset", vec![1e6; n]),
            ("missing", vec![f64::NAN; n]),
            ("infinite", vec![f64::INFINITY; n]),
            ("huge", (0..n).map(|i| if i % 2 == 0 { 1e300 } else { -1e300 }).collect()),
        ] {
            let found = decompose(&uv, 25_000.0, options);
            assert!(found.trains.is_empty(), "{name}");
            assert!(!found.verdict.decomposable(), "{name}");
        }
        let square: Vec<f64> = (0..n).map(|i| if i / 250 % 2 == 0 { 500.0 } else { -500.0 }).collect();
        let _ = decompose(&square, 25_000.0, options);
    }
    for fs_hz in [0.0, -1.0, f64::NAN, f64::INFINITY, 1.0, 500.0, 1e12] {
        assert!(decompose(&noise.uv, fs_hz, Options::default()).trains.is_empty());
    }
    assert_eq!(decompose(&[], 25_000.0, Options::default()).verdict, Verdict::TooShort);
    assert!(decompose(&noise.uv[..10], 25_000.0, Options::default()).trains.is_empty());
    assert!(rebuild(&[], 25_000.0, &[vec![1.0]]).trains[0].discharges.is_empty());
}

#[test]
fn ten_minutes_are_taken_window_by_window() {
    // Units in the first half minute only; then noise.
    let truth = simulate_needle(21, 2, 30.0, 4.0);
    let mut uv = truth.uv.clone();
    let mut random = myoscope::simulate::Random::new(1);
    let noise: Vec<f64> = (0..48_000).map(|_| random.normal(0.0, 4.0)).collect();
    uv.extend(noise.iter().cycle().take(48_000 * 570));
    let mut decomposer = Decomposer::new(uv, truth.fs_hz, Options::default());
    decomposer.run();
    let found = decomposer.result();
    assert_eq!(found.trains.len(), 2);
    // Beyond 30 s there is nothing but what noise may do.
    let late = found.trains.iter().flat_map(|t| t.times_s()).filter(|t| *t > 30.1).count();
    assert!(late < 20, "{late} discharges in noise");
}

#[test]
fn gaps_are_survived() {
    let truth = simulate_needle(15, 3, 8.0, 4.0);
    let mut uv = truth.uv.clone();
    for (i, v) in uv.iter_mut().enumerate() {
        if (50_000..60_000).contains(&i) || i % 10_007 == 0 {
            *v = f64::NAN;
        }
    }
    let found = decompose(&uv, truth.fs_hz, Options::default());
    let outside: Vec<Vec<f64>> = truth.trains.iter().map(|t| t.iter().copied().filter(|s| !(1.99..2.42).contains(s)).collect()).collect();
    for (right, _) in matches(&outside, &found) {
        assert!(right > 0.9, "{right:.3}");
    }
    for train in &found.trains {
        assert!(train.times_s().iter().all(|s| !(2.01..2.39).contains(s)), "a discharge in the gap");
        assert!(train.potential.uv.iter().all(|v| v.is_finite()));
    }
}

#[test]
fn regular_discharges_at_rest_are_found_at_any_rate() {
    // One shape at 2/s, as a fibrillation, and another in runs of 120/s.
    let model = simulate_needle(17, 2, 1.0, 0.0);
    let fs = model.fs_hz;
    let mut uv = simulate_needle(18, 0, 12.0, 4.0).uv;
    let slow: Vec<f64> = (0..22).map(|i| 0.5 + f64::from(i) * 0.5).collect();
    let fast: Vec<f64> = (0..240).map(|i| 2.03 + f64::from(i) / 120.0).collect();
    for (shape, train) in model.potentials.iter().zip([&slow, &fast]) {
        let peak = (0..shape.len()).max_by(|a, b| shape[*a].abs().total_cmp(&shape[*b].abs())).unwrap();
        for t in train {
            for (v, add) in uv.iter_mut().skip((t * fs) as usize - peak).zip(shape) {
                *v += add;
            }
        }
    }
    let found = decompose(&uv, fs, Options::rest());
    for (right, clean) in matches(&[slow, fast], &found) {
        assert!(right > 0.9 && clean > 0.9, "{right:.3} {clean:.3}");
    }
}
