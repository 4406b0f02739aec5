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
    TriggeredKey { signal: 0, turned: false, from_s: 0.0, to_s: 10.0, trigger, before_s: 0.005, after_s: 0.015, skip: 0, most: 50 }
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
