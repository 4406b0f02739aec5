//! Streams of real and simulated devices against what they hold.
//!
//! The captures are not part of the repository: they lie in `serial/captures` beside the folder that
//! `MYOSCOPE_DATA` names. Without the variable the tests are skipped; with it a missing file fails.

#![cfg(not(target_arch = "wasm32"))] // native: files
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

use std::f64::consts::TAU;
use std::path::Path;

use myoscope::device::{Config, Descriptor, DeviceEvent, Losses, Mark, MarkKind, SampleBlock, Stimulus, Values, joined, protocol};

/// Bytes of a capture; `None` where no data is named.
fn capture(name: &str) -> Option<Vec<u8>> {
    let Ok(named) = std::env::var("MYOSCOPE_DATA") else {
        println!("skipped: MYOSCOPE_DATA is not set");
        return None;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(named);
    let path = folder.parent().unwrap().join("serial/captures").join(name);
    assert!(path.is_file(), "MYOSCOPE_DATA is set but {} does not exist", path.display());
    Some(std::fs::read(path).unwrap())
}

fn text(name: &str) -> Option<String> {
    capture(name).map(|bytes| String::from_utf8(bytes).unwrap())
}

/// Events of bytes, checked to be the same byte by byte and in pieces of a USB packet.
fn decode(config: &Config, bytes: &[u8]) -> (Vec<DeviceEvent>, Losses) {
    let run = |size: usize| {
        let mut decoder = protocol(&config.protocol).unwrap().decoder(config);
        let mut out = Vec::new();
        bytes.chunks(size).for_each(|chunk| decoder.push(chunk, &mut out));
        (joined(out), decoder.losses())
    };
    let whole = run(bytes.len());
    for size in [1, 62, 4096] {
        assert!(run(size) == whole, "{}: pieces of {size} bytes give other events", config.protocol);
    }
    whole
}

fn described(events: &[DeviceEvent]) -> &Descriptor {
    events.iter().rev().find_map(|e| if let DeviceEvent::Described(d) = e { Some(&**d) } else { None }).unwrap()
}

fn blocks(events: &[DeviceEvent], stream: u8) -> Vec<&SampleBlock> {
    events.iter().filter_map(|e| if let DeviceEvent::Block(b) = e { Some(b) } else { None }).filter(|b| b.stream == stream).collect()
}

/// Rows of a stream without gaps.
fn rows(events: &[DeviceEvent], stream: u8) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for block in blocks(events, stream) {
        assert_eq!(block.first, rows.len() as u64, "blocks follow each other");
        let values: Vec<f64> = match &block.values {
            Values::Counts(v) => v.iter().map(|v| f64::from(*v)).collect(),
            Values::Floats(v) => v.iter().map(|v| f64::from(*v)).collect(),
        };
        rows.extend(values.chunks(usize::from(block.channels)).map(<[f64]>::to_vec));
    }
    rows
}

fn scaled(events: &[DeviceEvent]) -> Vec<Vec<f64>> {
    let channels: Vec<_> = described(events).stream(0).collect();
    let row = |row: Vec<f64>| row.iter().zip(&channels).map(|(v, c)| v * c.scale + c.offset).collect();
    rows(events, 0).into_iter().map(row).collect()
}

fn marks(events: &[DeviceEvent]) -> Vec<&Mark> {
    events.iter().filter_map(|e| if let DeviceEvent::Mark(m) = e { Some(m) } else { None }).collect()
}

#[test]
fn cyton_recording_of_a_person() {
    let (Some(bytes), Some(expected)) = (capture("cyton_real_eeg_reframed_20s.bin"), text("cyton_real_eeg_reframed_20s.expected_uV.csv"))
    else {
        return;
    };
    let (events, losses) = decode(&Config { channels: 8, ..Config::of("cyton") }, &bytes);
    assert_eq!(losses, Losses { countable: true, ..Losses::default() });
    let found = scaled(&events);
    let lines: Vec<&str> = expected.lines().collect();
    // The last packet waits for nothing: in step it is taken at once.
    assert_eq!(found.len(), lines.len());
    for (at, (row, line)) in found.iter().zip(lines).enumerate() {
        let numbers: Vec<f64> = line.split(',').map(|v| v.parse().unwrap()).collect();
        assert_eq!(numbers[0] as usize % 256, at % 256);
        for (value, wanted) in row.iter().zip(&numbers[1..]) {
            assert!((value - wanted).abs() < 1e-3, "sample {at}: {value} {wanted}");
        }
    }
    let descriptor = described(&events);
    assert_eq!(descriptor.fitness.words, "65 Hz bandwidth: not for diagnosis");
    assert!(descriptor.fitness.calibrated);
}

#[test]
fn cyton_test_packets() {
    let Some(bytes) = capture("cyton_openbci_python_testpackets.bin") else { return };
    let (events, losses) = decode(&Config { channels: 8, ..Config::of("cyton") }, &bytes);
    let all = blocks(&events, 0);
    let total: u64 = all.iter().map(|b| b.samples()).sum();
    assert_eq!(total, 7);
    let Values::Counts(first) = &all[0].values else { panic!() };
    assert_eq!(first[..8], [1, 2, 3, 4, 5, 6, 7, 8]);
    // Bytes 8f f2 40, 8f df f4, 90 2b b6: signed, big-endian.
    let Values::Counts(second) = &all[1].values else { panic!() };
    assert_eq!(second[..3], [0x8ff240 - (1 << 24), 0x8fdff4 - (1 << 24), 0x902bb6 - (1 << 24)]);
    // All have the same counter, which is a whole turn each.
    assert_eq!(losses.link_frames, 6 * 255);
    let types: Vec<u16> = blocks(&events, 1).iter().map(|b| b.flags - 256).collect();
    assert_eq!(types, [0, 0, 1, 3, 4, 5, 6]);
}

#[test]
fn cyton_simulated() {
    let Some(bytes) = capture("cyton_synthetic_10s.bin") else { return };
    let (events, losses) = decode(&Config { channels: 8, ..Config::of("cyton") }, &bytes);
    let found = scaled(&events);
    assert_eq!((found.len(), losses.link_frames, losses.skipped_bytes), (2500, 0, 0));
    for (at, row) in found.iter().enumerate() {
        assert!((row[0] - 100.0 * (TAU * 10.0 * at as f64 / 250.0).sin()).abs() < 0.012);
        (1..8).for_each(|c| assert!((row[c] - 10.0 * c as f64).abs() < 0.012));
    }
    // One g on the third axis, every tenth packet.
    let aux = rows(&events, 1);
    assert!(aux.iter().enumerate().all(|(at, row)| row[..] == if at % 10 == 0 { [0.0, 0.0, 8000.0] } else { [0.0; 3] }));
}

#[test]
fn bitalino_recording_of_a_person() {
    let (Some(bytes), Some(expected)) = (capture("bitalino_real_emg_reframed.bin"), text("bitalino_real_emg_reframed.expected.csv")) else {
        return;
    };
    let config = Config { channels: 1, gain: Some(1009.0), ..Config::of("bitalino") };
    let (events, losses) = decode(&config, &bytes);
    assert_eq!(losses, Losses { countable: true, ..Losses::default() });
    let (counts, values) = (rows(&events, 0), scaled(&events));
    let lines: Vec<&str> = expected.lines().collect();
    assert_eq!(counts.len(), lines.len());
    for (at, line) in lines.iter().enumerate() {
        let numbers: Vec<f64> = line.split(',').map(|v| v.parse().unwrap()).collect();
        assert_eq!(counts[at][0], numbers[1], "sample {at}");
        assert!((values[at][0] - numbers[2]).abs() < 1e-2, "sample {at}");
    }
    // Without the gain nobody knows what a count is.
    let (events, _) = decode(&Config { channels: 1, ..Config::of("bitalino") }, &bytes);
    assert_eq!(described(&events).channels[0].unit, "ADC units");
}

#[test]
fn bitalino_simulated() {
    let Some(bytes) = capture("bitalino_6ch_synthetic_5s.bin") else { return };
    let (events, losses) = decode(&Config { channels: 6, ..Config::of("bitalino") }, &bytes);
    let found = rows(&events, 0);
    assert_eq!((found.len(), losses.link_frames, losses.crc_failures, losses.skipped_bytes), (5000, 0, 0, 0));
    for (at, row) in found.iter().enumerate() {
        let wave = 512.0 + (300.0 * (TAU * 10.0 * at as f64 / 1000.0).sin()).round();
        assert_eq!(row[..], [wave, 100.0, 200.0, 300.0, 20.0, 40.0], "sample {at}");
    }
}

#[test]
fn spikerbox_simulated() {
    let Some(bytes) = capture("byb_muscle_10kHz_synthetic_5s.bin") else { return };
    let (events, losses) = decode(&Config::of("spikerbox"), &bytes);
    let found = rows(&events, 0);
    assert_eq!(found.len(), 50_000);
    assert_eq!(losses, Losses::default());
    for (at, row) in found.iter().enumerate() {
        assert_eq!(row[0], 512.0 + (300.0 * (TAU * 100.0 * at as f64 / 10_000.0).sin()).round(), "sample {at}");
    }
    let seen: Vec<(i64, u32)> = marks(&events).iter().map(|m| (m.at.tick, m.code)).collect();
    assert_eq!(seen, [(10_000, 2), (20_000, 3), (30_000, 4), (40_000, 5)]);
    let descriptor = described(&events);
    assert_eq!((descriptor.model.as_str(), descriptor.channels[0].rate_hz), ("MUSCLESS", Some(10_000.0)));
    assert!(!descriptor.fitness.calibrated && descriptor.channels[0].unit == "ADC units");
}

#[test]
fn chords_simulated() {
    let Some(bytes) = capture("chords_uno_r4_synthetic_10s.bin") else { return };
    let (events, losses) = decode(&Config { model: "UNO-R4".into(), ..Config::of("chords") }, &bytes);
    let found = rows(&events, 0);
    assert_eq!((found.len(), losses), (5000, Losses { countable: true, ..Losses::default() }));
    for (at, row) in found.iter().enumerate() {
        let wave = 8192.0 + (4000.0 * (TAU * 10.0 * at as f64 / 500.0).sin()).round();
        assert_eq!(row[..], [wave, 8193.0, 8194.0, 8195.0, 8196.0, 8197.0], "sample {at}");
    }
    assert_eq!(described(&events).channels[0].bits, 14);
}

#[test]
fn olimex_by_a_described_frame() {
    let Some(bytes) = capture("olimex_p2_example.bin") else { return };
    let frame = myoscope::device::generic::FrameFormat {
        header: vec![0xa5, 0x5a, 2],
        counter_bytes: 1,
        channels: 6,
        number: myoscope::device::generic::Number::U16,
        big_endian: true,
        skip_after: 1,
        rate_hz: 256.0,
        ..Default::default()
    };
    // Out of step a frame needs the next one's head.
    let twice = [&bytes[..], &bytes[..]].concat();
    let (events, _) = decode(&Config { frame: Some(frame), ..Config::of("generic") }, &twice);
    assert_eq!(rows(&events, 0)[0], [0x0233, 0x01eb, 0x0222, 0x01b3, 0x0200, 0x0200].map(f64::from));
}

#[test]
fn text_lines() {
    let Some(bytes) = capture("arduino_plotter_lines.txt") else { return };
    let (events, losses) = decode(&Config::of("text"), &bytes);
    let values: Vec<Vec<f32>> =
        blocks(&events, 0).iter().map(|b| if let Values::Floats(v) = &b.values { v.clone() } else { panic!() }).collect();
    // The first line may be part of one, the last has not ended. Names of columns and other numbers of
    // columns begin a new description, and so a new block.
    assert_eq!(values, [vec![530.0, 4.0, 0.51, -0.02], vec![512.0, 513.0, 514.0], vec![1.0, 2.0, 3.0], vec![-1.5e-3]]);
    let firsts: Vec<u64> = blocks(&events, 0).iter().map(|b| b.first).collect();
    assert_eq!(firsts, [0, 2, 3, 4]);
    assert!(events.contains(&DeviceEvent::Text("StartUp!".into())));
    // NaN and infinity are no samples.
    assert_eq!(losses.malformed, 1);
}

#[test]
fn open_protocol() {
    let Some(bytes) = capture("oenp_8ch_48kHz_1s.bin") else { return };
    let (events, losses) = decode(&Config::of("ranvier"), &bytes);
    assert_eq!(losses, Losses { countable: true, ..Losses::default() });
    let found = rows(&events, 0);
    assert_eq!((found.len(), found[0].len()), (48_000, 8));
    let stimuli: Vec<&Stimulus> = events.iter().filter_map(|e| if let DeviceEvent::Stimulus(s) = e { Some(s) } else { None }).collect();
    assert_eq!(stimuli.len(), 10);
    for (k, s) in stimuli.iter().enumerate() {
        assert_eq!((s.at.tick, s.at.frac, s.id), (2407 + 4800 * k as i64, 0x4000, k as u32));
        assert_eq!((s.set_ua, s.delivered_ua, s.width_us, s.train_length), (12_500, Some(12_480), 200, 1));
    }
    let descriptor = described(&events);
    assert_eq!((descriptor.maker.as_str(), descriptor.model.as_str(), descriptor.tick_hz), ("Open EDX", "amp8", Some(48_000.0)));
    assert_eq!(descriptor.channels[0].rate_hz, Some(48_000.0));
    assert_eq!(marks(&events).iter().filter(|m| m.kind == MarkKind::Trigger).count(), 0);

    // Frames taken away and damaged are counted exactly: eight dropped, five damaged, 48 samples each.
    let frames: Vec<&[u8]> = bytes.split_inclusive(|b| *b == 0).collect();
    let mut worse = Vec::new();
    let (mut dropped, mut damaged) = (0, 0);
    for (k, frame) in frames.iter().enumerate() {
        let samples = frame.get(2).is_some_and(|kind| *kind == 0x10);
        if samples && k % 120 == 60 && dropped < 8 {
            dropped += 1;
            continue;
        }
        worse.extend_from_slice(frame);
        if samples && k % 190 == 95 && damaged < 5 {
            damaged += 1;
            let at = worse.len() - 300;
            worse[at] ^= if worse[at] == 0x40 { 0x41 } else { 0x40 };
        }
    }
    assert_eq!((dropped, damaged), (8, 5));
    let (events, losses) = decode(&Config::of("ranvier"), &worse);
    assert_eq!((losses.link_frames, losses.link_samples), (13, 624));
    let gaps: u64 = events.iter().map(|e| if let DeviceEvent::Gap { samples, .. } = e { *samples } else { 0 }).sum();
    let left: u64 = blocks(&events, 0).iter().map(|b| b.samples()).sum();
    assert_eq!((gaps, left), (624, 48_000 - 624));
}
