//! The engine's signals by its protocol: tiles, pyramids, filters, gaps, snapping, the view as CSV.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test may fail the test")]

mod common;

use std::rc::Rc;
use std::sync::Arc;

use common::desk::{Desk, Kept, demo_edf};
use myoscope::engine::protocol::{Buffer, Edit, Event, Request, Store};
use myoscope::model::{Channel, FilterChain, InMemory, LaneSettings, LineFilter, Recording, Samples, Span, Study, Timeline};
use myoscope::scene::tiles::{bucket_samples, tile_samples};
use myoscope::simulate::big_recording;

/// A study of one recording in memory, all channels of 1 kHz in microvolts.
fn memory(channels: Vec<Vec<f64>>, spans: Vec<Span>) -> (Study, Rc<dyn Samples>) {
    let channel = |(index, values): (usize, &Vec<f64>)| Channel {
        name: format!("ch {index}"),
        unit: "uV".into(),
        fs_hz: 1000.0,
        n: values.len() as u64,
        transducer: String::new(),
        prefilter: String::new(),
        scale: None,
        negative_up: false,
        skew_s: 0.0,
    };
    let recording = Recording {
        name: "memory".into(),
        channels: channels.iter().enumerate().map(channel).collect(),
        timeline: Timeline { spans },
        ..Recording::default()
    };
    let samples = InMemory { channels: channels.into_iter().map(Arc::from).collect() };
    (Study { recordings: vec![recording], ..Study::default() }, Rc::new(samples))
}

fn whole(n: usize) -> Vec<Span> {
    vec![Span { onset_s: 0.0, stored_s: 0.0, duration_s: n as f64 / 1000.0 }]
}

/// Something like a signal: slow and fast parts, mains, noise.
fn signal(n: usize) -> Vec<f64> {
    let mut state = 1u32;
    let noise = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(*state >> 8) / f64::from(1u32 << 24) - 0.5
    };
    let at = |k: usize| k as f64 / 1000.0 * std::f64::consts::TAU;
    (0..n)
        .map(|k| 200.0 * (at(k) * 0.7).sin() + 40.0 * (at(k) * 50.0).sin() + 15.0 * (at(k) * 181.0).sin() + 20.0 * noise(&mut state))
        .collect()
}

/// Shows one lane with these settings; returns its signal number.
fn show(desk: &mut Desk, lane: LaneSettings) -> u32 {
    desk.edit(Edit::Lanes { recording: 0, lanes: vec![lane], what: "filter".into() });
    desk.view().recordings[0].lanes[0].signal
}

/// Minimum and maximum of each bucket, NaN left out.
fn brute(values: &[f64], level: u8) -> Vec<f32> {
    let pairs = values.chunks(bucket_samples(level) as usize).flat_map(|bucket| {
        let valid = bucket.iter().map(|value| *value as f32).filter(|value| !value.is_nan());
        let [low, high] = valid.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], value| [low.min(value), high.max(value)]);
        if low > high { [f32::NAN; 2] } else { [low, high] }
    });
    pairs.collect()
}

fn same(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(found == expected || (found.is_nan() && expected.is_nan()), "{what}, value {k}: {found} for {expected}");
    }
}

#[test]
fn tiles_of_all_levels_agree_with_the_samples() {
    let mut values = signal(300_123);
    values[1000..1400].fill(f64::NAN);
    values[70_000] = f64::NAN;
    let (study, samples) = memory(vec![values.clone(), signal(300_123)], whole(300_123));
    let mut desk = Desk::adopt(study, samples, Kept::new());
    assert_eq!(desk.tile(0, 6, 0), (Vec::new(), false), "nothing is read yet");
    let outputs = desk.work();
    assert!(matches!(outputs.last().unwrap().event, Event::Finished { cancelled: false, .. }));
    let signal = desk.view().recordings[0].lanes[0].signal;
    for level in 0..=14 {
        let size = tile_samples(level) as usize;
        for index in 0..values.len().div_ceil(size) {
            let part = &values[index * size..values.len().min((index + 1) * size)];
            let (found, complete) = desk.tile(signal, level, index as u32);
            assert!(complete);
            let expected = if level == 0 { part.iter().map(|v| *v as f32).collect() } else { brute(part, level) };
            same(&found, &expected, &format!("level {level}, tile {index}"));
        }
        let (behind, complete) = desk.tile(signal, level, values.len().div_ceil(size) as u32);
        assert!(behind.is_empty() && complete);
    }
    let study = desk.study();
    let unknown = desk.send(Request::Tiles { study, keys: vec![myoscope::engine::protocol::TileKey { signal: 999, level: 0, index: 0 }] });
    assert!(matches!(unknown[0].event, Event::Failed { .. }));
}

#[test]
fn pyramids_grow_in_steps_and_stop_when_cancelled() {
    let (study, samples) = big_recording(2, 10_000.0, 400.0);
    let mut desk = Desk::adopt(study, Rc::new(samples.clone()), Kept::new());
    let mut outputs = Vec::new();
    assert!(desk.engine.step(&mut |output| outputs.push(output)));
    let [Event::Progress { done, total, .. }] = outputs.iter().map(|o| o.event.clone()).collect::<Vec<_>>()[..] else {
        panic!("{outputs:?}")
    };
    assert!(done > 0 && done < total && total == 8_000_000);
    // What is there can be drawn, and says that more will come.
    let (part, complete) = desk.tile(0, 13, 0);
    assert!(!complete && !part.is_empty() && (part.len() as u64 / 2) * bucket_samples(13) <= done);
    let study = desk.study();
    let answer = desk.send(Request::Cancel { study });
    assert!(matches!(answer[0].event, Event::Finished { cancelled: true, .. }));
    assert!(desk.work().is_empty());
    assert_eq!(desk.tile(0, 13, 0), (part, false), "what was read stays");
    assert!(desk.keeps.is_empty(), "half a pyramid is not kept");
    let (fine, complete) = desk.tile(1, 5, 20_000);
    let mut expected = vec![0.0; tile_samples(5) as usize];
    let start = 20_000 * tile_samples(5);
    assert!(start >= 4_000_000 && fine.is_empty() && complete);
    let last = 4_000_000 / tile_samples(5) - 1;
    samples.read(1, last * tile_samples(5), &mut expected).unwrap();
    same(&desk.tile(1, 5, last as u32).0, &brute(&expected, 5), "fine tiles need no pyramid");
}

#[test]
fn kept_pyramids_are_used_again_and_damaged_ones_are_not() {
    let make = |kept| {
        let (study, samples) = big_recording(2, 10_000.0, 250.0);
        Desk::adopt(study, Rc::new(samples), kept)
    };
    let mut first = make(Kept::new());
    first.work();
    let [(Store::Pyramid, key, bytes)] = &first.keeps.clone()[..] else { panic!("one pyramid") };
    let mut again = make(first.kept.clone());
    for level in [6, 10, 17] {
        let tile = again.tile(1, level, 0);
        assert!(tile.1 && tile == first.tile(1, level, 0));
    }
    assert!(again.work().is_empty(), "nothing is left to do");
    for broken in [&bytes[..bytes.len() - 9], b"MYOPYRS1", b"something else"] {
        let mut other = make(Kept::from([((Store::Pyramid, key.clone()), broken.to_vec())]));
        assert!(!other.tile(1, 10, 0).1);
        other.work();
        assert_eq!(other.tile(1, 10, 0), first.tile(1, 10, 0));
    }
}

#[test]
fn filters_never_alter_raw_tiles_and_do_not_depend_on_how_tiles_are_cut() {
    let values = signal(60_000);
    let (study, samples) = memory(vec![values.clone(), signal(60_000)], whole(60_000));
    let mut desk = Desk::adopt(study, samples, Kept::new());
    let raw = desk.view().recordings[0].lanes[0].signal;
    for filter in [
        FilterChain { high_pass_hz: Some(5.0), low_pass_hz: Some(200.0), ..FilterChain::default() },
        FilterChain { line: LineFilter::Notch(50.0), ..FilterChain::default() },
        FilterChain { line: LineFilter::Subtract(50.0), baseline: true, ..FilterChain::default() },
        FilterChain { high_pass_hz: Some(2.0), line: LineFilter::Notch(50.0), ..FilterChain::default() },
    ] {
        let filtered = show(&mut desk, LaneSettings { filter, ..LaneSettings::default() });
        assert_ne!(filtered, raw);
        assert!(!desk.view().recordings[0].lanes[0].filter.is_empty(), "the setting is shown");
        // The pyramid of a filtered signal is made when somebody asks for it.
        assert!(!desk.tile(filtered, 6, 0).1);
        desk.work();
        let mut joined = Vec::new();
        for index in 0..60_000_u32.div_ceil(8192) {
            let (tile, complete) = desk.tile(filtered, 0, index);
            assert!(complete);
            joined.extend(tile);
        }
        assert_eq!(joined.len(), 60_000);
        // Tiles of other levels see the same signal, although they are read in other pieces.
        let near =
            |found: f32, expected: f32, what: &str| assert!((found - expected).abs() < 2e-3, "{filter:?}, {what}: {found} for {expected}");
        let joined64: Vec<f64> = joined.iter().map(|value| f64::from(*value)).collect();
        for level in [1, 3, 5, 6, 8] {
            let expected = brute(&joined64, level);
            let mut found = Vec::new();
            for index in 0..60_000_u64.div_ceil(tile_samples(level)) {
                found.extend(desk.tile(filtered, level, index as u32).0);
            }
            assert_eq!(found.len(), expected.len(), "level {level}");
            found.iter().zip(&expected).enumerate().for_each(|(k, (f, e))| near(*f, *e, &format!("level {level}, {k}")));
        }
        // The raw signal is what it was.
        same(&desk.tile(raw, 0, 3).0, &values[3 * 8192..4 * 8192].iter().map(|v| *v as f32).collect::<Vec<_>>(), "raw");
        desk.undo();
        assert_eq!(desk.view().recordings[0].lanes[0].signal, raw);
    }
}

#[test]
fn filters_work_in_each_stretch_for_itself() {
    // A step at the gap: across it a filter would ring, within the stretches there is nothing.
    let mut values = vec![100.0; 5000];
    values.extend(vec![-300.0; 5000]);
    let spans = vec![Span { onset_s: 0.0, stored_s: 0.0, duration_s: 5.0 }, Span { onset_s: 60.0, stored_s: 5.0, duration_s: 5.0 }];
    let (study, samples) = memory(vec![values], spans);
    let mut desk = Desk::adopt(study, samples, Kept::new());
    assert_eq!(desk.view().recordings[0].duration_s, 65.0);
    let high = FilterChain { high_pass_hz: Some(10.0), ..FilterChain::default() };
    let filtered = show(&mut desk, LaneSettings { filter: high, ..LaneSettings::default() });
    let mut tile = desk.tile(filtered, 0, 0).0;
    tile.extend(desk.tile(filtered, 0, 1).0);
    assert_eq!(tile.len(), 10_000);
    assert!(tile.iter().all(|value| value.abs() < 1e-3), "{:?}", tile.iter().copied().fold(0.0_f32, |a, b| a.max(b.abs())));
}

#[test]
fn lanes_carry_montage_order_names_and_gains() {
    let (a, b) = (signal(20_000), signal(20_000).into_iter().rev().collect::<Vec<_>>());
    let (study, samples) = memory(vec![a.clone(), b.clone()], whole(20_000));
    let mut desk = Desk::adopt(study, samples, Kept::new());
    let lanes = vec![
        LaneSettings { channel: 1, name: Some("reversed".into()), gain_per_division: Some(50.0), ..LaneSettings::default() },
        LaneSettings { channel: 0, minus: Some(1), ..LaneSettings::default() },
        LaneSettings { channel: 0, hidden: true, ..LaneSettings::default() },
    ];
    desk.edit(Edit::Lanes { recording: 0, lanes: lanes.clone(), what: "montage".into() });
    assert_eq!(desk.view().undo.as_deref(), Some("montage"));
    let views = desk.view().recordings[0].lanes.clone();
    assert_eq!(views.iter().map(|view| view.settings.clone()).collect::<Vec<_>>(), lanes);
    assert_eq!([views[0].name.as_str(), views[1].name.as_str()], ["reversed", "ch 0 \u{2212} ch 1"]);
    let (difference, _) = desk.tile(views[1].signal, 0, 0);
    let expected: Vec<f32> = a.iter().zip(&b).take(8192).map(|(a, b)| (a - b) as f32).collect();
    same(&difference, &expected, "difference");
    assert!(views.iter().all(|view| view.suggested_gain > 0.0 && view.potential));
}

#[test]
fn the_cursor_snaps_to_the_farthest_value_near_it() {
    let mut values = vec![10.0; 20_000];
    values[7_321] = -90.0;
    values[7_400] = 60.0;
    values[15_000] = f64::NAN;
    let (study, samples) = memory(vec![values], whole(20_000));
    let mut desk = Desk::adopt(study, samples, Kept::new());
    let (study, signal) = (desk.study(), desk.view().recordings[0].lanes[0].signal);
    let mut snap = |time_s: f64, within_s: f64| {
        let outputs = desk.send(Request::Snap { study, signal, time_s, within_s });
        outputs
            .first()
            .map(|output| if let Event::Snapped { time_s, value } = output.event { (time_s, value) } else { panic!("{outputs:?}") })
    };
    assert_eq!(snap(7.35, 0.2), Some((7.321, -90.0)));
    assert_eq!(snap(7.4, 0.02), Some((7.4, 60.0)));
    assert_eq!(snap(7.4, 0.0), None);
    assert!(snap(15.0, 0.01).unwrap().1.is_finite());
    assert_eq!(snap(1e9, 1.0), None, "nothing lies there");
}

#[test]
fn the_view_is_exported_as_it_is_shown() {
    let mut desk = Desk::open(vec![("demo.edf", demo_edf())], Kept::new());
    let study = desk.study();
    let mut csv = |from_s: f64, to_s: f64| {
        let mut outputs = desk.send(Request::ExportView { study, recording: 0, from_s, to_s });
        let output = outputs.remove(0);
        match (output.event, output.buffers.into_iter().next()) {
            (Event::Exported { names, .. }, Some(Buffer::Bytes(bytes))) => Ok((names, String::from_utf8(bytes).unwrap())),
            (Event::Failed { what }, _) => Err(what),
            other => panic!("{other:?}"),
        }
    };
    let (names, text) = csv(0.0, 0.01).unwrap();
    assert_eq!(names, ["view.csv"]);
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[0].starts_with("time (s),") && rows[0].contains("uV") && rows.len() == 481, "{} rows", rows.len());
    assert!(rows[1].starts_with("0.000000,") && rows[480].starts_with("0.009979,"), "{}", rows[480]);
    assert!(csv(5.0, 5.1).unwrap_err().contains("samples"), "a gap holds nothing");
}
