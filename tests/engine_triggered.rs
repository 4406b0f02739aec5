//! Sweeps around triggers and spectrograms, through the engine.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test fails by panicking

mod common;

use std::rc::Rc;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{Buffer, Event, Output, Request, SpectrogramKey, SpectrogramView, Trigger, TriggeredKey, TriggeredView};
use myoscope::model::{Channel, InMemory, Recording, Span, Study, Timeline};

const FS: f64 = 10_000.0;

/// A recording whose sample k has the value that `of` gives it.
fn desk(n: usize, spans: Option<Vec<Span>>, of: impl Fn(usize) -> f64) -> Desk {
    let values: Vec<f64> = (0..n).map(of).collect();
    let channel = Channel {
        name: "Needle".into(),
        unit: "uV".into(),
        fs_hz: FS,
        n: n as u64,
        transducer: String::new(),
        prefilter: String::new(),
        scale: None,
        negative_up: true,
        skew_s: 0.0,
    };
    let timeline = spans.map_or_else(|| Timeline::continuous(n as f64 / FS), |spans| Timeline { spans });
    let recording = Recording { name: "Test".into(), channels: vec![channel], timeline, ..Recording::default() };
    let study = Study { recordings: vec![recording], ..Study::default() };
    Desk::adopt(study, Rc::new(InMemory { channels: vec![values.into()] }), Kept::default())
}

fn key(trigger: Trigger) -> TriggeredKey {
    TriggeredKey {
        signal: 0,
        turned: false,
        from_s: 0.0,
        to_s: 10.0,
        trigger,
        before_s: 0.005,
        after_s: 0.015,
        skip: 0,
        most: 50,
        newest: false,
    }
}

fn cut(desk: &mut Desk, key: TriggeredKey) -> Result<(TriggeredView, Vec<f32>), String> {
    let study = desk.study();
    for Output { event, buffers } in desk.send(Request::Triggered { study, key }) {
        match (event, buffers.into_iter().next()) {
            (Event::Triggered { view, .. }, Some(Buffer::F32(values))) => return Ok((view, values)),
            (Event::Failed { what }, _) => return Err(what),
            _ => {}
        }
    }
    panic!("no answer")
}

fn spectrogram(desk: &mut Desk, key: SpectrogramKey) -> Result<(SpectrogramView, Vec<f32>), String> {
    let study = desk.study();
    for Output { event, buffers } in desk.send(Request::Spectrogram { study, key }) {
        match (event, buffers.into_iter().next()) {
            (Event::Spectrogram { view, .. }, Some(Buffer::F32(values))) => return Ok((view, values)),
            (Event::Failed { what }, _) => return Err(what),
            _ => {}
        }
    }
    panic!("no answer")
}

/// Triangles of 100 uV, 2 ms long, one every 50 ms, the first with its top at 20 ms.
fn triangles(at: usize) -> f64 {
    let from_top = (at % 500).abs_diff(200) as f64;
    (100.0 - from_top * 10.0).max(0.0)
}

#[test]
fn a_level_triggers_once_a_wave_between_the_samples() {
    let mut desk = desk(10_000, None, triangles);
    let (view, values) = cut(&mut desk, key(Trigger::Level(45.0))).unwrap();
    assert_eq!((view.found, view.sweeps.len(), view.n), (20, 20, 201));
    for (at, (time_s, zero_s)) in view.sweeps.iter().enumerate() {
        // 45 uV lie half a sample behind sample 194 of each 500.
        assert!((time_s - (at as f64 * 500.0 + 194.5) / FS).abs() < 1e-9, "{time_s}");
        let top = values[at * view.n..][..view.n].iter().position(|value| *value == 100.0).unwrap();
        assert!((top as f64 / FS - zero_s - 0.000_55).abs() < 1e-9);
    }
    // Away from zero downwards, of the signal turned over.
    let turned = TriggeredKey { turned: true, ..key(Trigger::Level(-45.0)) };
    assert_eq!(cut(&mut desk, turned).unwrap().0.sweeps, view.sweeps);
    assert_eq!(cut(&mut desk, key(Trigger::Level(-45.0))).unwrap().0.found, 0);
    // As long as a sweep lasts there is no other.
    let long = TriggeredKey { after_s: 0.12, ..key(Trigger::Level(45.0)) };
    assert_eq!(cut(&mut desk, long).unwrap().0.found, 7);
    // Pages.
    let (page, _) = cut(&mut desk, TriggeredKey { skip: 18, most: 5, ..key(Trigger::Level(45.0)) }).unwrap();
    assert_eq!((page.found, &page.sweeps[..]), (20, &view.sweeps[18..]));
}

#[test]
fn moments_of_a_train_are_cut_and_edges_are_empty() {
    let mut desk = desk(1000, None, |at| at as f64);
    let (view, values) = cut(&mut desk, key(Trigger::Moments(vec![0.001, 0.05, 0.0995, 11.0]))).unwrap();
    assert_eq!((view.found, view.n), (3, 201));
    let sweep = |at: usize| &values[at * 201..(at + 1) * 201];
    assert!(sweep(0)[..40].iter().all(|value| value.is_nan()) && sweep(0)[40] == 0.0);
    assert_eq!((sweep(1)[0], sweep(1)[50], sweep(1)[200]), (450.0, 500.0, 650.0));
    assert_eq!(sweep(2)[54], 999.0);
    assert!(sweep(2)[55..].iter().all(|value| value.is_nan()));
}

#[test]
fn a_spectrogram_has_a_tone_where_and_when_it_is() {
    let tone = |at: usize| if at >= 5000 { 80.0 * (2.0 * std::f64::consts::PI * 1000.0 * at as f64 / FS).sin() } else { 0.0 };
    let mut desk = desk(10_000, None, tone);
    let (view, db) = spectrogram(&mut desk, SpectrogramKey { signal: 0, from_s: 0.0, to_s: 1.0, columns: 100 }).unwrap();
    assert_eq!(db.len(), 100 * view.rows);
    let column = |at: usize| &db[at * view.rows..(at + 1) * view.rows];
    assert!(column(20).iter().all(|db| *db < -100.0));
    let strongest = column(80).iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
    assert!((strongest.0 as f64 * view.row_hz - 1000.0).abs() < view.row_hz, "{strongest:?} of {}", view.row_hz);
    // A sine of 80 uV under a Hann window: half its square over one and a half bins.
    let expected = 10.0 * (80.0_f64 * 80.0 / (3.0 * view.row_hz)).log10();
    assert!((f64::from(*strongest.1) - expected).abs() < 1.5, "{} {expected}", strongest.1);
}

#[test]
fn gaps_have_no_density() {
    let span = |onset_s: f64, stored_s: f64| Span { onset_s, duration_s: 0.5, stored_s };
    let mut desk = desk(10_000, Some(vec![span(0.0, 0.0), span(2.0, 0.5)]), |at| (at as f64).sin());
    let (view, db) = spectrogram(&mut desk, SpectrogramKey { signal: 0, from_s: 0.0, to_s: 2.5, columns: 50 }).unwrap();
    let nan = |at: usize| db[at * view.rows..(at + 1) * view.rows].iter().all(|db| db.is_nan());
    assert!(nan(20) && nan(35) && !nan(5) && !nan(45));
}

#[test]
fn absurd_requests_are_refused_or_survived() {
    let odd = |at: usize| [f64::NAN, f64::INFINITY, 1e300, 5.0, -5.0][at % 5];
    let mut desk = desk(1000, None, odd);
    for level in [0.0, f64::NAN, f64::INFINITY] {
        assert!(cut(&mut desk, key(Trigger::Level(level))).unwrap_err().contains("level"));
    }
    assert!(cut(&mut desk, TriggeredKey { signal: 99, ..key(Trigger::Level(1.0)) }).is_err());
    for [a, b] in [[f64::NAN, 1.0], [-1e300, 1e300], [0.0, f64::INFINITY], [5.0, 1.0]] {
        let key = TriggeredKey { from_s: a, to_s: b, before_s: b, after_s: a, most: usize::MAX, ..key(Trigger::Level(4.0)) };
        let _ = cut(&mut desk, key.clone());
        let _ = cut(&mut desk, TriggeredKey { trigger: Trigger::Moments(vec![f64::NAN, a, b, 1e300, -1e300]), ..key });
        let _ = spectrogram(&mut desk, SpectrogramKey { signal: 0, from_s: a, to_s: b, columns: usize::MAX });
    }
    assert!(spectrogram(&mut desk, SpectrogramKey { signal: 0, from_s: 1.0, to_s: 1.0, columns: 10 }).is_err());
}

/// Spikes of 1 ms with a smooth shape, `heights` high, at moments between samples.
fn spikes(heights: &[f64], at_s: impl Fn(usize) -> f64) -> impl Fn(usize) -> f64 {
    let tops: Vec<(f64, f64)> = heights.iter().enumerate().map(|(k, &height)| (at_s(k), height)).collect();
    move |sample| {
        let time_s = sample as f64 / FS;
        tops.iter().map(|(top_s, height)| height * (-((time_s - top_s) / 0.0003).powi(2)).exp()).sum()
    }
}

#[test]
fn sweeps_stand_still_between_samples() {
    // Moments at all parts of a sample.
    let top_s = |k: usize| 0.05 + 0.1 * k as f64 + (k as f64 * 0.618_034).fract() / FS;
    let mut desk = desk(52_000, None, spikes(&[200.0; 50], top_s));
    let (view, _) = cut(&mut desk, key(Trigger::Level(100.0))).unwrap();
    assert_eq!(view.sweeps.len(), 50);
    // The level is passed where the shape has half its height.
    let half_s = 0.0003 * 2.0_f64.ln().sqrt();
    for (k, (time_s, zero_s)) in view.sweeps.iter().enumerate() {
        assert!((time_s - (top_s(k) - half_s)).abs() < 0.02 / FS, "{k}: {} of a sample", (time_s - (top_s(k) - half_s)) * FS);
        assert!((zero_s - 0.005).abs() <= 0.5 / FS + 1e-9);
    }
}

#[test]
fn a_window_takes_potentials_of_one_height() {
    let heights: Vec<f64> = (0..40).map(|k| [80.0, 150.0, 300.0, 150.0][k % 4]).collect();
    let mut desk = desk(42_000, None, spikes(&heights, |k| 0.05 + 0.1 * k as f64));
    let all = cut(&mut desk, key(Trigger::Level(100.0))).unwrap().0;
    assert_eq!(all.found, 30);
    let (view, _) = cut(&mut desk, key(Trigger::Window(100.0, 200.0))).unwrap();
    assert_eq!(view.found, 20);
    assert!(view.sweeps.iter().all(|(time_s, _)| ((time_s * 10.0) as usize) % 2 == 1), "{:?}", view.sweeps);
    assert!(cut(&mut desk, key(Trigger::Window(100.0, 50.0))).is_err());
    assert!(cut(&mut desk, key(Trigger::Window(100.0, -200.0))).is_err());
}

#[test]
fn the_newest_sweeps_come_first_and_whole() {
    let mut desk = desk(41_500, None, triangles);
    let newest = |skip: usize| TriggeredKey { skip, most: 5, newest: true, ..key(Trigger::Level(50.0)) };
    let (all, _) = cut(&mut desk, TriggeredKey { most: 400, ..key(Trigger::Level(50.0)) }).unwrap();
    let whole: Vec<(f64, f64)> = all.sweeps.iter().copied().filter(|(time_s, _)| time_s + 0.015 < 4.15).collect();
    let (view, values) = cut(&mut desk, newest(0)).unwrap();
    assert_eq!(view.sweeps, whole[whole.len() - 5..]);
    assert!(values.iter().all(|value| value.is_finite()));
    assert_eq!(view.found, whole.len());
    let (earlier, _) = cut(&mut desk, newest(5)).unwrap();
    assert_eq!(earlier.sweeps, whole[whole.len() - 10..whole.len() - 5]);
    assert_eq!(earlier.found, whole.len());
}

#[test]
fn free_sweeps_follow_each_other_and_stay_where_they_are() {
    let mut desk = desk(41_500, None, triangles);
    let free = TriggeredKey { before_s: 0.0, after_s: 0.1, newest: true, most: 4, ..key(Trigger::Free) };
    let (view, values) = cut(&mut desk, free.clone()).unwrap();
    assert_eq!((view.sweeps.len(), view.n), (4, 1001));
    assert!(view.sweeps.windows(2).all(|pair| (pair[1].0 - pair[0].0 - 0.1001).abs() < 1e-9));
    assert_eq!(values[0], triangles((view.sweeps[0].0 * FS).round() as usize) as f32);
    let (shorter, _) = cut(&mut desk, TriggeredKey { to_s: view.sweeps[3].0, ..free }).unwrap();
    assert_eq!(shorter.sweeps[3], view.sweeps[2]);
}
