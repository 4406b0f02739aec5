//! Filtered lanes while a recording runs: what a page was told is complete never changes, whatever was
//! asked for meanwhile, and is what the whole recording gives when it is read at once.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use common::live::LiveDesk;
use myoscope::engine::protocol::{Edit, Request, TileKey};
use myoscope::model::{FilterChain, LaneSettings, LineFilter};
use myoscope::scene::tiles::{covering, tile_samples};

/// A frame of a Chords board: a slow wave with noise in channel 1.
fn frame(counter: usize) -> Vec<u8> {
    let noise = (counter as u32).wrapping_mul(2_654_435_761) >> 26;
    let value = (512.0 + 300.0 * (counter as f64 / 70.0).sin()) as u16 + noise as u16;
    let mut frame = vec![0xc7, 0x7c, counter as u8];
    frame.extend(value.to_be_bytes());
    (1..6_u16).for_each(|channel| frame.extend((100 * channel).to_be_bytes()));
    frame.push(1);
    frame
}

struct Page {
    desk: LiveDesk,
    signal: u32,
    n: u64,
    complete: BTreeMap<TileKey, Vec<f32>>,
    /// The newest tiles that were not.
    open: BTreeMap<TileKey, Vec<f32>>,
}

impl Page {
    fn begin(filter: FilterChain) -> Self {
        let mut desk = LiveDesk::begun(Vec::new());
        desk.plug("chords");
        desk.pass(3000.0);
        desk.bytes(b"UNO-R4\r\n");
        desk.pass(500.0);
        let mut page = Self { desk, signal: 0, n: 0, complete: BTreeMap::new(), open: BTreeMap::new() };
        page.send(0..300, |_| false);
        let lanes = vec![LaneSettings { filter, ..LaneSettings::default() }];
        let study = page.desk.study.unwrap();
        page.desk.ask(Request::Edit { study, edit: Edit::Lanes { recording: 0, lanes, what: "filter".into() }, gesture: None });
        page.signal = page.desk.views.last().unwrap().recordings[0].lanes[0].signal;
        page
    }

    fn send(&mut self, frames: std::ops::Range<usize>, drop: impl Fn(usize) -> bool) {
        for k in frames {
            if !drop(k) {
                self.desk.bytes(&frame(k));
                self.n += 1;
            }
            self.desk.pass(2.0);
        }
    }

    /// Asks for the tiles of levels that are not complete, as the page does at a frame.
    fn draw(&mut self, levels: &[u8]) {
        while self.desk.engine.step(&mut |_| {}) {}
        let study = self.desk.study.unwrap();
        for &level in levels {
            for key in covering(self.signal, level, 0, self.n).filter(|key| !self.complete.contains_key(key)).collect::<Vec<_>>() {
                self.desk.ask(Request::Tiles { study, keys: vec![key] });
                let (values, complete) = self.desk.tiles.pop().unwrap();
                self.open.remove(&key);
                if complete { &mut self.complete } else { &mut self.open }.insert(key, values);
            }
        }
    }
}

fn near(found: &[f32], expected: &[f32], within: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= within, "{what}, value {k}: {found} for {expected}");
    }
}

#[test]
fn complete_tiles_of_filtered_lanes_stay_what_they_are() {
    for filter in [
        FilterChain { high_pass_hz: Some(5.0), low_pass_hz: Some(100.0), ..FilterChain::default() },
        FilterChain { high_pass_hz: Some(2.0), line: LineFilter::Notch(50.0), baseline: true, ..FilterChain::default() },
        FilterChain { low_pass_hz: Some(30.0), line: LineFilter::Subtract(50.0), ..FilterChain::default() },
    ] {
        let mut page = Page::begin(filter);
        let lost = |k: usize| (12_000..12_100).contains(&k) || k == 21_003;
        for piece in 0..64 {
            page.send(300 + 400 * piece..700 + 400 * piece, lost);
            // Sometimes at another zoom, sometimes not at all.
            match piece % 16 {
                3..5 => {}
                7 => page.draw(&[1, 2]),
                _ => page.draw(&[0, 6]),
            }
        }
        page.draw(&[0, 1, 2, 6]);
        let levels = page.complete.keys().fold([0; 7], |mut levels, key| {
            levels[usize::from(key.level)] += 1;
            levels
        });
        // 25,800 samples; those of a level 6 tile are 262,144.
        assert!(levels[0] >= 2 && levels[1] >= 2 && levels[2] >= 1, "{levels:?}");
        let study = page.desk.study.unwrap();
        page.desk.end();
        let told: Vec<_> = page.complete.iter().chain(&page.open).map(|(key, values)| (*key, values.clone())).collect();
        for (key, values) in told {
            // The overview of a filtered signal is made when it is asked for.
            page.desk.ask(Request::Tiles { study, keys: vec![key] });
            while page.desk.engine.step(&mut |_| {}) {}
            page.desk.ask(Request::Tiles { study, keys: vec![key] });
            let (whole, complete) = page.desk.tiles.pop().unwrap();
            assert!(complete, "{key:?}");
            let what = format!("{filter:?}, {key:?} of {} samples", tile_samples(key.level));
            if page.complete.contains_key(&key) {
                near(&values, &whole, 2e-3, &what);
            } else if filter.line == LineFilter::Off {
                // Up to the end all was drawn, off by less than a hundredth of the signal.
                near(&values, &whole, 3.0, &what);
            }
        }
    }
}
