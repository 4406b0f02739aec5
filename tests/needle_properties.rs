//! What holds of every analysis of a continuous signal, whatever the signal: constants, sign and scale
//! change no discharge, halves have the trains of the whole, steps may be asked anything in between,
//! and nothing senseless makes it panic or work without end.

#![cfg(not(target_arch = "wasm32"))] // native: an engine with files beside it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use std::rc::Rc;

use common::desk::{Desk, Kept};
use myoscope::analysis::signal::{SignalAnalysis, SignalInput, signal_analyzer};
use myoscope::engine::protocol::{ActivityKey, Event, Request};
use myoscope::model::{EventTrain, SignalMeasurement, SignalTask};
use myoscope::simulate::{Random, demo_needle, simulate_needle};
use serde_json::Value;

/// More steps than any stretch takes.
const MOST_STEPS: usize = 20_000;
/// How far one discharge may be from itself, s.
const NEAR_S: f64 = 0.0005;

fn begin(task: SignalTask, uv: &[f64], fs_hz: f64) -> Box<dyn SignalAnalysis> {
    signal_analyzer(task).unwrap().begin(SignalInput { uv: uv.to_vec(), fs_hz, age_years: Some(50.0), ..SignalInput::default() })
}

fn finish(analysis: &mut dyn SignalAnalysis, most: usize) -> SignalMeasurement {
    let mut steps = 0;
    while let Some(part) = analysis.step() {
        assert!((0.0..=1.0).contains(&part), "{part} of the work");
        steps += 1;
        assert!(steps <= most, "more than {most} steps");
    }
    analysis.measurement()
}

fn analyse(task: SignalTask, uv: &[f64], fs_hz: f64) -> SignalMeasurement {
    finish(&mut *begin(task, uv, fs_hz), MOST_STEPS)
}

/// As it is handed on: what is not a number is `null` and equals itself.
fn said(measured: &SignalMeasurement) -> Value {
    serde_json::to_value(measured).unwrap()
}

/// Discharges of `these` that are in `others` as well.
fn agreeing(these: &[f64], others: &[f64]) -> usize {
    let near = |t: &&f64| {
        let i = others.partition_point(|other| *other < **t - NEAR_S);
        others.get(i).is_some_and(|other| *other <= **t + NEAR_S)
    };
    these.iter().filter(near).count()
}

/// All discharges in order.
fn moments(measured: &SignalMeasurement) -> Vec<f64> {
    let mut all: Vec<f64> = measured.trains.iter().flat_map(|train| &train.times_s).copied().collect();
    all.sort_by(f64::total_cmp);
    all
}

/// The train with the most discharges of `these`, and how many.
fn same<'a>(these: &[f64], others: &'a [EventTrain]) -> (usize, Option<&'a EventTrain>) {
    let best = others.iter().max_by_key(|other| agreeing(these, &other.times_s));
    (best.map_or(0, |best| agreeing(these, &best.times_s)), best)
}

/// Whether every train of some size is among `others`, nearly whole and with little else.
fn assert_trains(what: &str, these: &[EventTrain], others: &[EventTrain]) {
    let sized = |trains: &[EventTrain]| trains.iter().filter(|train| train.times_s.len() >= 10).count();
    assert!(sized(these) > 0, "{what}: no trains");
    assert_eq!(sized(these), sized(others), "{what}: {} and {} trains", these.len(), others.len());
    for train in these.iter().filter(|train| train.times_s.len() >= 10) {
        let (n, best) = same(&train.times_s, others);
        let most = train.times_s.len().max(best.map_or(0, |best| best.times_s.len()));
        assert!(n * 100 >= most * 97, "{what}: {n} of {most} discharges of {}", train.name);
    }
}

/// A pair of single fibre potentials at 50 kHz, every 0.1 s.
fn pair(seed: u64, discharges: u32) -> Vec<f64> {
    let mut random = Random::new(seed);
    let mut uv: Vec<f64> = (0..discharges * 5000 + 10_000).map(|_| random.normal(0.0, 3.0)).collect();
    for k in 0..discharges {
        let first = 0.1 * (f64::from(k) + 1.0) + random.normal(0.0, 0.004);
        let second = first + 1.3e-3 + random.normal(0.0, 30e-6);
        for (at, height) in [(first, 400.0), (second, 350.0)] {
            for (i, value) in uv.iter_mut().enumerate().skip(((at - 0.002) * 5e4) as usize).take(200) {
                let z = (i as f64 / 5e4 - at) / 0.00013;
                *value += height * (1.0 - z * z) * (-0.5 * z * z).exp();
            }
        }
    }
    uv
}

/// A muscle at rest: two shapes, each regularly, in noise.
fn rest(seed: u64, seconds: f64) -> (Vec<f64>, f64) {
    let shapes = simulate_needle(seed, 2, 1.0, 0.0);
    let (mut random, fs_hz) = (Random::new(seed), shapes.fs_hz);
    let mut uv = simulate_needle(seed, 0, seconds, 4.0).uv;
    for (shape, rate_hz) in shapes.potentials.iter().zip([2.6, 4.1]) {
        let mut t = 0.2;
        while t < seconds - 0.2 {
            for (value, add) in uv.iter_mut().skip((t * fs_hz) as usize).zip(shape) {
                *value += 0.3 * add;
            }
            t += random.normal(1.0, 0.02) / rate_hz;
        }
    }
    (uv, fs_hz)
}

type Change = fn(f64) -> f64;

#[test]
fn constant_sign_and_scale_change_no_discharge() {
    let effort = simulate_needle(31, 3, 8.0, 4.0);
    let (single, (still, rest_hz)) = (pair(32, 80), rest(38, 10.0));
    let changes: [(&str, Change); 4] =
        [("constant", |v| v + 3000.0), ("inverted", |v| -v), ("doubled", |v| 2.0 * v), ("halved", |v| 0.5 * v)];
    for (task, uv, fs_hz) in
        [(SignalTask::Units, &effort.uv, effort.fs_hz), (SignalTask::Rest, &still, rest_hz), (SignalTask::Jitter, &single, 5e4)]
    {
        let plain = analyse(task, uv, fs_hz);
        for (name, change) in changes {
            let changed: Vec<f64> = uv.iter().map(|value| change(*value)).collect();
            let other = analyse(task, &changed, fs_hz);
            if (task, name) == (SignalTask::Rest, "inverted") {
                // Its polarity is what a potential at rest is named by, and trains are told apart by
                // what they may be: the discharges as a whole stay.
                let (these, others) = (moments(&plain), moments(&other));
                let most = these.len().max(others.len());
                assert!(agreeing(&these, &others) * 100 >= most * 97, "{} of {most}", agreeing(&these, &others));
                continue;
            }
            assert_trains(&format!("{task:?} {name}"), &plain.trains, &other.trains);
        }
    }
}

#[test]
fn halves_have_the_trains_of_the_whole() {
    let effort = simulate_needle(33, 3, 20.0, 4.0);
    let (single, (still, rest_hz)) = (pair(34, 120), rest(39, 20.0));
    for (task, uv, fs_hz) in
        [(SignalTask::Units, &effort.uv, effort.fs_hz), (SignalTask::Rest, &still, rest_hz), (SignalTask::Jitter, &single, 5e4)]
    {
        let whole = analyse(task, uv, fs_hz);
        assert!(!whole.trains.is_empty());
        let (first, second) = uv.split_at(uv.len() / 2);
        for (part, from_s) in [(first, 0.0), (second, first.len() as f64 / fs_hz)] {
            let found = analyse(task, part, fs_hz);
            let to_s = from_s + part.len() as f64 / fs_hz;
            for train in whole.trains.iter().filter(|train| train.times_s.len() >= 20) {
                // What the cut goes through belongs to neither half.
                let inside = train.times_s.iter().filter(|t| (from_s + 0.02..to_s - 0.02).contains(*t));
                let expected: Vec<f64> = inside.map(|t| t - from_s).collect();
                let (n, _) = same(&expected, &found.trains);
                assert!(n + 2 + expected.len() / 50 >= expected.len(), "{task:?} {}: {n} of {}", train.name, expected.len());
            }
        }
    }
}

#[test]
fn steps_may_be_asked_anything_and_others_may_work_between() {
    let effort = simulate_needle(35, 2, 5.0, 4.0);
    for task in SignalTask::ALL {
        let whole = said(&analyse(task, &effort.uv, effort.fs_hz));
        let (mut asked, mut beside) = (begin(task, &effort.uv, effort.fs_hz), begin(task, &effort.uv[..60_000], effort.fs_hz));
        for step in 0..MOST_STEPS {
            let more = asked.step().is_some();
            if step % 7 == 0 {
                let _ = asked.measurement();
            }
            beside.step();
            if !more {
                break;
            }
        }
        assert_eq!(said(&asked.measurement()), whole, "{task:?}");
        // What is done stays done.
        assert!(asked.step().is_none());
        assert_eq!(said(&asked.measurement()), whole, "{task:?} after its end");
    }
}

#[test]
fn a_stretch_of_a_recording_says_what_its_samples_say() {
    let (study, samples) = demo_needle(16.0);
    let (from_s, to_s, fs_hz) = (6.0, 14.0, study.recordings[0].channels[0].fs_hz);
    let uv = samples.channels[0][(from_s * fs_hz) as usize..(to_s * fs_hz) as usize].to_vec();
    let mut desk = Desk::adopt(study, Rc::new(samples), Kept::default());
    desk.work();
    for task in SignalTask::ALL {
        let study = desk.study();
        let key = ActivityKey { recording: 0, channel: 0, minus: None, turned: false, task, from_s, to_s };
        let mut outputs = desk.send(Request::Analyse { study, key });
        outputs.extend(desk.work());
        let view = outputs.iter().rev().find_map(|output| if let Event::Activity { view, .. } = &output.event { Some(view) } else { None });
        let view = view.expect("an answer");
        assert!(view.done);
        let alone = analyse(task, &uv, fs_hz);
        assert_eq!((&view.measurement.method, view.measurement.trains.len()), (&alone.method, alone.trains.len()), "{task:?}");
        for (of_stretch, of_samples) in view.measurement.trains.iter().zip(&alone.trains) {
            let shifted: Vec<f64> = of_samples.times_s.iter().map(|t| t + from_s).collect();
            assert_eq!((&of_stretch.times_s, of_stretch.class), (&shifted, of_samples.class), "{task:?} {}", of_samples.name);
        }
    }
}

#[test]
fn senseless_signals_are_survived_in_bounded_work() {
    let n = 50_000_u32;
    let mut random = Random::new(36);
    let noise: Vec<f64> = (0..n).map(|_| random.normal(0.0, 20.0)).collect();
    let made = |value: &dyn Fn(u32) -> f64| (0..n).map(value).collect::<Vec<f64>>();
    let mut signals = vec![
        ("nothing", Vec::new()),
        ("one sample", vec![7.0]),
        ("silence", vec![0.0; n as usize]),
        ("constant", vec![-2e5; n as usize]),
        ("square", made(&|k| if k / 250 % 2 == 0 { 500.0 } else { -500.0 })),
        ("fast square", made(&|k| if k % 2 == 0 { 1e5 } else { -1e5 })),
        ("ramp", made(&|k| 0.3 * f64::from(k))),
        ("sine", made(&|k| 400.0 * (0.02 * f64::from(k)).sin())),
        ("NaN", vec![f64::NAN; n as usize]),
        ("infinite", vec![f64::INFINITY; n as usize]),
        ("huge", made(&|k| if k % 3 == 0 { f64::MAX } else { f64::MIN })),
        ("one spike", made(&|k| if k == n / 2 { 1e4 } else { 0.0 })),
    ];
    let mut holes = noise.clone();
    holes.iter_mut().step_by(3).for_each(|value| *value = f64::NAN);
    holes[1000] = f64::NEG_INFINITY;
    signals.extend([("noise", noise), ("holes", holes)]);
    for (name, uv) in &signals {
        for fs_hz in [f64::NAN, f64::INFINITY, -25_000.0, 0.0, 1e-300, 1.0, 900.0, 25_000.0, 1e15] {
            for task in SignalTask::ALL {
                let measured = analyse(task, uv, fs_hz);
                assert!(!measured.method.is_empty(), "{name} at {fs_hz} Hz: {task:?} names no method");
                let times = || measured.trains.iter().flat_map(|train| &train.times_s);
                assert!(times().all(|t| t.is_finite()), "{name} at {fs_hz} Hz: {task:?} has moments that are none");
                if ["nothing", "one sample", "silence", "constant", "NaN", "infinite"].contains(name) {
                    assert_eq!(times().count(), 0, "{name} at {fs_hz} Hz: {task:?} has discharges");
                }
            }
        }
    }
}

/// Work is counted in steps, of some ten milliseconds each: it does not depend on the machine.
#[test]
fn ten_minutes_at_48_khz_take_few_steps() {
    let (fs_hz, n) = (48_000.0, 600 * 48_000);
    let mut random = Random::new(37);
    // Three seconds over and over, each time otherwise mixed, so that nothing recurs.
    let some: Vec<f64> = (0..144_000).map(|_| random.normal(0.0, 3.5)).collect();
    let mut noise: Vec<f64> = Vec::with_capacity(n);
    while noise.len() < n {
        let shift = (random.unit() * some.len() as f64) as usize;
        noise.extend(some.iter().zip(some.iter().cycle().skip(shift)).map(|(a, b)| a + b));
    }
    noise.truncate(n);
    for (name, uv) in [("silence", vec![0.0; n]), ("noise", noise)] {
        for task in SignalTask::ALL {
            let measured = finish(&mut *begin(task, &uv, fs_hz), 1000);
            let discharges: usize = measured.trains.iter().map(|train| train.times_s.len()).sum();
            assert!(!measured.trains.iter().any(|train| train.class.abnormal()), "{name} {task:?}: {}", measured.verdict);
            assert!(discharges < 600, "{name} {task:?}: {discharges} discharges in {}", measured.verdict);
            let points: usize = measured.charts.iter().flat_map(|chart| &chart.series).map(|series| series.points.len()).sum();
            assert!(points < 50_000, "{name} {task:?}: {points} points");
        }
    }
}
