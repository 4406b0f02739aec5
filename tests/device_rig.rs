//! The devices of the serial rig, without a browser: recognised by asking, started, and decoded to
//! exactly what they sent. Time is counted, not waited for.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "a test fails by panicking; it needs a part of the rig")]

#[path = "../examples/serial_rig/boards.rs"]
mod boards;
mod common;
#[path = "../examples/serial_rig/device.rs"]
mod device;
#[path = "../examples/serial_rig/packets.rs"]
mod packets;
#[path = "../examples/serial_rig/ranvier.rs"]
mod ranvier;

use common::live::LiveDesk;
use device::Device;
use myoscope::device::driver::{Driver, Phase, Turn};
use myoscope::device::generic::{FrameFormat, Number};
use myoscope::device::identify::{Action, Identify};
use myoscope::device::{Config, DeviceEvent, UsbIds, Values};
use myoscope::engine::live::Intake;
use myoscope::engine::protocol::{Request, TileKey};
use myoscope::formats::SliceSource;
use myoscope::model::Samples;
use proptest::prelude::*;

/// A device on a line without a port: time goes by milliseconds.
struct Line {
    device: Device,
    now_ms: f64,
    due: f64,
}

impl Line {
    fn new(name: &str) -> Self {
        let mut device = Device::new(boards::kind(name).unwrap());
        device.opened();
        Self { device, now_ms: 0.0, due: 0.0 }
    }

    /// What the device says in the next millisecond.
    fn pass(&mut self, written: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if !written.is_empty() {
            let starts = self.device.starts();
            self.device.received(written, &mut out);
            if self.device.starts() != starts {
                self.due = 0.0;
            }
        }
        self.now_ms += 1.0;
        if self.device.streaming() {
            self.due += self.device.kind().rate_hz() / self.device.kind().samples() as f64 / 1000.0;
            while self.due >= 1.0 {
                self.device.frame(&mut out);
                self.due -= 1.0;
            }
        }
        out
    }

    /// Recognises the device behind a port with these USB numbers.
    fn identify(&mut self, vendor: u16, product: u16) -> (Config, Vec<u8>) {
        let (mut search, mut out) = (Identify::new(UsbIds { vendor: Some(vendor), product: Some(product) }, None), Vec::new());
        search.opened(self.now_ms, &mut out);
        for _ in 0..60_000 {
            let mut write = Vec::new();
            for action in std::mem::take(&mut out) {
                match action {
                    Action::Write(bytes) => write.extend(bytes),
                    Action::WaitUntil(_) => {}
                    Action::SetBaud(_) => search.opened(self.now_ms, &mut out),
                    Action::Found { config, leftover } => return (config, leftover),
                    nothing @ Action::Nothing { .. } => panic!("{nothing:?}"),
                }
            }
            let answer = self.pass(&write);
            search.bytes(self.now_ms, &answer, &mut out);
            search.tick(self.now_ms, &mut out);
        }
        panic!("no end");
    }

    /// Drives it for so long; values of stream 0 with the numbers of their samples, and samples lost.
    fn drive(&mut self, config: Config, leftover: &[u8], ms: u32) -> (Vec<(u64, Vec<f64>)>, u64) {
        let (mut driver, mut turn, mut rows) = (Driver::new(config).unwrap(), Turn::default(), Vec::new());
        driver.start(self.now_ms, &mut turn);
        driver.bytes(self.now_ms, leftover, &mut turn);
        for _ in 0..ms {
            for event in turn.events.drain(..) {
                let DeviceEvent::Block(block) = event else { continue };
                if block.stream != 0 {
                    continue;
                }
                let values: Vec<f64> = match block.values {
                    Values::Counts(all) => all.into_iter().map(f64::from).collect(),
                    Values::Floats(all) => all.into_iter().map(f64::from).collect(),
                };
                let channels = usize::from(block.channels);
                rows.extend(values.chunks(channels).zip(block.first..).map(|(row, first)| (first, row.to_vec())));
            }
            let answer = self.pass(&std::mem::take(&mut turn.write));
            driver.bytes(self.now_ms, &answer, &mut turn);
            driver.tick(self.now_ms, &mut turn);
        }
        assert_eq!(*driver.phase(), Phase::Streaming);
        let losses = driver.losses();
        (rows, losses.link_samples + losses.device_samples)
    }

    /// Number in the run of the first sample that was decoded; all that follow must be what was sent.
    fn compare(&self, rows: &[(u64, Vec<f64>)]) -> u64 {
        let sent = |k: u64| (0..self.device.kind().channels()).map(|c| self.device.kind().value(k, c)).collect::<Vec<_>>();
        let (first, row) = &rows[0];
        let offset = (0..200_000).find(|k| sent(*k) == *row && rows.get(3).is_none_or(|(n, row)| sent(k + n - first) == *row)).unwrap();
        for (n, row) in rows {
            assert_eq!(*row, sent(offset + n - first), "sample {n}");
        }
        offset
    }
}

#[test]
fn every_device_is_recognised_and_decoded_exactly() {
    let all = [
        ("cyton", 0x0403, 0x6015, 8, true),
        ("cyton-daisy", 0x0403, 0x6015, 16, true),
        ("bitalino", 0x0403, 0x6001, 6, true),
        ("hackeeg", 0x2341, 0x003e, 8, true),
        ("ranvier", 0x1209, 0x0001, 8, true),
        ("spikerbox", 0x2341, 0x0043, 1, false),
        ("text", 0x2341, 0x0043, 2, false),
    ];
    for (name, vendor, product, channels, from_start) in all {
        let mut line = Line::new(name);
        let (config, leftover) = line.identify(vendor, product);
        assert!(name.starts_with(&config.protocol), "{name} was taken for {}", config.protocol);
        let (rows, lost) = line.drive(config, &leftover, 5000);
        assert!(rows.len() > 400 && rows[0].1.len() == channels, "{name}: {} rows", rows.len());
        let offset = line.compare(&rows);
        assert!(lost == 0 && (offset == 0 || !from_start), "{name}: {lost} lost, begins at {offset}");
    }
}

/// Frames of the rig's board that no protocol knows.
fn frames() -> FrameFormat {
    FrameFormat {
        header: vec![0xa5, 0x5a],
        counter_bytes: 1,
        channels: 4,
        number: Number::I16,
        big_endian: true,
        footer: vec![0x0a],
        rate_hz: 1000.0,
        ..FrameFormat::default()
    }
}

#[test]
fn described_frames_are_decoded_exactly() {
    let mut line = Line::new("generic");
    line.device.drop_frames(3, 100);
    let (rows, lost) = line.drive(Config { frame: Some(frames()), ..Config::of("generic") }, &[], 1000);
    // Frame 0 was dropped before there was a counter to miss it by.
    assert_eq!((lost, line.compare(&rows)), (2, 1));
}

#[test]
fn dropped_and_corrupted_frames_are_counted_exactly() {
    for (name, vendor, product) in [("ranvier", 0x1209, 1), ("bitalino", 0x0403, 0x6001)] {
        let mut line = Line::new(name);
        let (config, leftover) = line.identify(vendor, product);
        line.device.corrupt_frames(5, 70);
        line.device.drop_frames(8, 101);
        let (rows, lost) = line.drive(config, &leftover, 3000);
        let run = line.device.runs().last().unwrap();
        // Frame 0 is missed only where the answer to the start says what comes first.
        let seen = |all: &[u64]| all.iter().filter(|n| **n > 0 || name == "ranvier").count() as u64;
        let expected = (seen(&run.dropped) + seen(&run.corrupted)) * line.device.kind().samples();
        assert_eq!((line.device.faults_left(), lost), (0, expected), "{name}");
        line.compare(&rows);
    }
}

/// A recording of a device with bytes damaged and divided as they are: the live study, and that of its raw log.
fn live_is_replay(name: &str, vendor: u16, product: u16, pieces: &[usize], damage: &[(usize, u8)]) -> Result<(), TestCaseError> {
    let mut line = Line::new(name);
    let config = match name {
        "generic" => Config { frame: Some(frames()), ..Config::of("generic") },
        _ => line.identify(vendor, product).0,
    };
    let mut desk = LiveDesk::begun(Vec::new());
    desk.with(|desk, _, _| desk.port(1, UsbIds { vendor: Some(vendor), product: Some(product) }, Some(config)));
    desk.opened();
    let (mut waiting, mut came, mut pieces) = (Vec::new(), 0, pieces.iter().cycle());
    for ms in 0..5000 {
        let written = std::mem::take(&mut desk.written);
        let from = waiting.len();
        waiting.extend(line.pass(&written));
        for byte in waiting.iter_mut().skip(from) {
            // The answers of the start are left whole: without them nothing begins.
            if let Some((_, value)) = damage.iter().find(|(at, _)| ms > 3000 && came % 4099 == *at) {
                *byte = *value;
            }
            came += 1;
        }
        let piece = *pieces.next().unwrap();
        let now: Vec<u8> = if ms % 7 == 6 { std::mem::take(&mut waiting) } else { waiting.drain(..piece.min(waiting.len())).collect() };
        if !now.is_empty() {
            desk.bytes(&now);
        }
        desk.pass(1.0);
    }
    desk.end();
    let (intake, _) = Intake::replay(&SliceSource::from(desk.log.clone())).unwrap();
    let live = desk.views.last().map(|view| view.recordings.clone());
    prop_assert!(live.is_some(), "{name}: {:?}", desk.live);
    let live = live.unwrap();
    prop_assert_eq!(live.len(), intake.take.recordings.len());
    for (at, (live, replayed)) in live.iter().zip(&intake.take.recordings).enumerate() {
        prop_assert_eq!(&live.spans, &replayed.timeline.spans, "{}", name);
        let annotations: Vec<_> = live.annotations.iter().map(|view| view.annotation.clone()).collect();
        prop_assert_eq!(&annotations, &replayed.annotations, "{}", name);
        desk.tiles.clear();
        let study = desk.study.unwrap();
        let keys = live.lanes.iter().map(|lane| TileKey { signal: lane.signal, level: 0, index: 0 }).collect();
        desk.ask(Request::Tiles { study, keys });
        for (channel, (values, complete)) in desk.tiles.iter().enumerate() {
            let mut expected = vec![0.0; values.len()];
            intake.take.samples[at].read(channel, 0, &mut expected).unwrap();
            let expected: Vec<f32> = expected.into_iter().map(|value| value as f32).collect();
            // A damaged line may begin a recording of its own, which is short.
            prop_assert!(*complete && (at > 0 || values.len() > 100), "{name} {at}, channel {channel}: {} values", values.len());
            prop_assert_eq!(values, &expected, "{} channel {}", name, channel);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// However bytes are divided, whatever is damaged: of every device live and replay are the same study.
    #[test]
    fn every_device_is_the_same_live_and_replayed(
        pieces in prop::collection::vec(1_usize..60, 1..30),
        damage in prop::collection::vec((0_usize..4099, any::<u8>()), 0..6),
    ) {
        let all = [
            ("cyton", 0x0403, 0x6015), ("cyton-daisy", 0x0403, 0x6015), ("bitalino", 0x0403, 0x6001), ("hackeeg", 0x2341, 0x003e),
            ("ranvier", 0x1209, 1), ("spikerbox", 0x2341, 0x0043), ("text", 0x2341, 0x0043), ("generic", 0x2e8a, 0x00c0),
        ];
        for (name, vendor, product) in all {
            live_is_replay(name, vendor, product, &pieces, &damage)?;
        }
    }
}
