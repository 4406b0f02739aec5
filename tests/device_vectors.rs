//! Test vectors of the open protocol: the encoder, `tests/golden/device/ranvier.toml` and
//! `docs/device-protocol.md` show the same bytes, and the decoder reads them.
//!
//! `MYOSCOPE_BLESS=1 cargo test --test device_vectors` writes the vectors; the document is then changed
//! by hand.

#![cfg(not(target_arch = "wasm32"))] // native: files
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use myoscope::device::ranvier::frame::{Header, Numbering, encode};
use myoscope::device::ranvier::{
    Command, CommandReader, Encoding, Event, Info, PartHead, Program, SamplesHead, What, WireChannel, encode_command, kind, write_ack,
    write_channels, write_status,
};
use myoscope::device::{Channel, DeviceEvent, Interlock, MarkKind, Status, StimulatorLimits, protocol};

fn frame(frame_kind: u8, seq: u16, epoch: u16, tick: u64, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(encode(Header { kind: frame_kind, seq, epoch, tick }, payload, &mut out));
    out
}

fn command(command: &Command, seq: u16, epoch: u16) -> Vec<u8> {
    let mut payload = Vec::new();
    command.write(&mut payload);
    frame(command.kind(), seq, epoch, 0, &payload)
}

fn made(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut payload = Vec::new();
    write(&mut payload);
    payload
}

/// Name, and the frame on the wire.
fn vectors() -> Vec<(&'static str, Vec<u8>)> {
    let program = Program { id: 1, current_ua: 12_500, width_us: 200, output: 0, flags: 0, count: 10, period_us: 1_000_000, delay_us: 0 };
    let info = Info {
        vendor: "Open EDX".into(),
        model: "amp2".into(),
        serial: "0001".into(),
        firmware: "1.0.0".into(),
        clock_hz: Some(48_000.0),
        clock_ppm: Some(20.0),
        channels: Some(2),
        max_frame: Some(2048),
        stimulator: Some(StimulatorLimits {
            outputs: 1,
            max_ua: 100_000,
            min_width_us: 50,
            max_width_us: 1000,
            max_charge_nc: 50_000,
            max_rate_hz: 50.0,
            max_step_ua: 5000,
            max_count: 100,
        }),
        abilities: vec!["impedance".into(), "sweep".into()],
        electrodes: Vec::new(),
    };
    let channel = Channel { group_delay_s: 62_500e-9, noise_uv_rms: Some(0.5), ..Channel::counts("EMG 1", 24, Some(48_000.0)) };
    let channel = WireChannel {
        id: 0,
        channel: channel.microvolts(0.0125, 0.0).band(Some(2.0), Some(10_000.0)),
        e1: "active".into(),
        e2: "reference".into(),
    };
    let head = SamplesHead { stream: 0, encoding: Encoding::S24, channels: 2, samples: 2, flags: 0, clip_mask: 0, dropped: 0 };
    let stimulus = What::Stimulus { set_ua: 12_500, delivered_ua: Some(12_480), width_us: 200, flags: 0, index: 0, length: 1, program: 1 };
    let trigger = What::Mark { kind: MarkKind::Trigger, code: 1, text: String::new() };
    let status = Status {
        fifo: 0.05,
        interlock: Interlock::Set,
        streaming: true,
        dead_man: true,
        temperature_c: Some(33.5),
        battery: Some(0.8),
        nonce: 0x1122_3344_5566_7788,
        program: 1,
        set_ua: 12_500,
        ..Status::default()
    };
    let part = PartHead {
        sweep: 1,
        part: 0,
        parts: 1,
        stream: 0,
        encoding: Encoding::S16,
        channels: 1,
        event: 5,
        total: 3,
        first: 0,
        samples: 3,
        tick: 479_952,
    };
    let impedance = [[0, 1, 0x88, 0x13, 0, 0, 0x1f, 0], [1, 2, 0, 0, 0, 0, 0x1f, 0]].concat();
    vec![
        ("identify", command(&Command::Identify, 1, 0)),
        ("info", frame(kind::INFO, 0, 0, 0, &made(|out| info.write(out)))),
        ("get_channels", command(&Command::GetChannels, 2, 0)),
        ("channels", frame(kind::CHANNELS, 1, 0, 0, &made(|out| write_channels(&[channel], out)))),
        ("start", command(&Command::Start, 3, 0)),
        ("ack_start", frame(kind::ACK, 0, 7, 479_950, &made(|out| write_ack(3, 0, &[("start", 480_000u32.into())], out)))),
        ("ack", frame(kind::ACK, 1, 0, 123_456, &made(|out| write_ack(1, 0, &[], out)))),
        ("samples", frame(kind::SAMPLES, 42, 7, 480_000, &made(|out| head.write(&[1, -1, 8_388_607, -8_388_608], out)))),
        (
            "event_stimulus",
            frame(kind::EVENT, 43, 7, 480_001, &made(|out| Event { source: 0, frac: 0x8000, id: 5, what: stimulus }.write(out))),
        ),
        ("event_trigger", frame(kind::EVENT, 44, 7, 480_010, &made(|out| Event { source: 0, frac: 0, id: 6, what: trigger }.write(out)))),
        ("impedance", frame(kind::IMPEDANCE, 45, 7, 480_100, &impedance)),
        ("status", frame(kind::STATUS, 46, 7, 480_200, &made(|out| write_status(&status, out)))),
        ("sweep", frame(kind::SWEEP, 47, 7, 480_300, &made(|out| part.write(&[100, -100, 0], out)))),
        ("ping", command(&Command::Ping { host_us: 1_234_567 }, 4, 7)),
        ("measure_impedance", command(&Command::Impedance { on: true, hz: 31 }, 5, 7)),
        ("test_signal", command(&Command::TestSignal { shape: 1, hz: 10, pp_uv: 1000 }, 6, 7)),
        ("rerequest", command(&Command::Rerequest { sweep: 1, part: 0, count: 1 }, 7, 7)),
        ("marker", command(&Command::Marker { code: 3, text: "rest".into() }, 8, 7)),
        ("stim_set", command(&Command::StimSet(program), 9, 7)),
        ("ack_stim_set", frame(kind::ACK, 48, 7, 480_400, &made(|out| write_ack(9, 0, &program.detail(), out)))),
        ("stim_arm", command(&Command::StimArm { program: 1, nonce: 0x1122_3344_5566_7788, current_ua: 12_500 }, 10, 7)),
        ("heartbeat", command(&Command::Heartbeat { within_ms: 250 }, 11, 7)),
        ("stim_fire", command(&Command::StimFire { program: 1, fire: 1 }, 12, 7)),
        ("stim_disarm", command(&Command::StimDisarm, 13, 7)),
        ("stop", command(&Command::Stop, 14, 7)),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn encoder_vectors_and_document_agree() {
    let text: String = vectors().iter().map(|(name, bytes)| format!("{name} = \"{}\"\n", hex(bytes))).collect();
    let text = format!("# Frames of the open protocol on the wire, written by the encoder (tests/device_vectors.rs).\n{text}");
    let path = root().join("tests/golden/device/ranvier.toml");
    if std::env::var_os("MYOSCOPE_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    let document = std::fs::read_to_string(root().join("docs/device-protocol.md")).unwrap();
    // Word by word: the document may break its lines anywhere.
    let words: String = document.split_whitespace().collect::<Vec<_>>().join(" ");
    for (name, bytes) in vectors() {
        assert!(words.contains(&format!("{name}: {}", hex(&bytes))), "{name} is not in the document as it is sent");
    }
}

#[test]
fn bytes_of_the_first_draft_still_stand() {
    let draft = [
        ("identify", "04 10 80 01 01 01 01 01 01 01 01 01 01 01 01 01 05 b0 4d 52 2a 00"),
        ("ack", "04 10 20 01 01 01 02 04 04 40 e2 01 01 01 01 01 02 01 01 01 05 17 f3 14 8a 00"),
        (
            "samples",
            "04 10 10 2a 02 07 02 18 01 03 53 07 01 01 01 01 01 01 03 02 02 01 01 01 01 01 01 01 02 01 01 07 ff ff ff ff ff 7f 01 06 80 b9 f2 09 5f 00",
        ),
        (
            "event_stimulus",
            "04 10 11 2b 02 07 02 1c 04 01 53 07 01 01 01 01 02 01 01 03 80 05 01 01 03 d4 30 01 03 c0 30 01 02 c8 01 01 01 01 02 01 02 01 01 01 05 4b ac f3 95 00",
        ),
    ];
    for (name, bytes) in draft {
        let (_, made) = vectors().into_iter().find(|(n, _)| *n == name).unwrap();
        assert_eq!(hex(&made), bytes, "{name}");
    }
}

#[test]
fn every_vector_is_read() {
    let mut seq = Numbering::default();
    seq.take();
    let mut first = Vec::new();
    encode_command(&Command::Identify, &mut seq, 0, &mut first);
    // The question of the identification is that frame behind a 00.
    let asked = protocol("ranvier").unwrap().question().unwrap().bytes;
    assert_eq!(asked, [&[0][..], &first].concat());
    for (name, bytes) in vectors() {
        let (mut commands, mut reader) = (Vec::new(), CommandReader::default());
        reader.push(&bytes, &mut commands);
        let to_device = commands.first().is_some_and(|(header, _)| header.kind >= 0x80);
        if to_device {
            let (header, read) = commands.remove(0);
            let mut again = Vec::new();
            read.clone().unwrap().write(&mut again);
            assert_eq!(frame(header.kind, header.seq, header.epoch, 0, &again), bytes, "{name}");
            continue;
        }
        let mut decoder = protocol("ranvier").unwrap().decoder(&myoscope::device::Config::of("ranvier"));
        let mut out = Vec::new();
        // An event waits for the start of the samples.
        decoder.push(&vectors().iter().find(|(n, _)| *n == "samples").unwrap().1, &mut out);
        out.clear();
        decoder.push(&bytes, &mut out);
        let losses = decoder.losses();
        assert_eq!((losses.malformed, losses.crc_failures, losses.skipped_bytes), (0, 0, 0), "{name}");
        let wanted = |e: &DeviceEvent| match name {
            "event_stimulus" => matches!(e, DeviceEvent::Stimulus(s) if s.at.ticks() == 1.5 && s.delivered_ua == Some(12_480)),
            "event_trigger" => matches!(e, DeviceEvent::Mark(m) if m.at.tick == 10 && m.code == 1),
            "impedance" => matches!(e, DeviceEvent::Impedance(all) if all[0].ohm == Some(5000) && all[1].lead_off && all[1].ohm.is_none()),
            "status" => matches!(e, DeviceEvent::Status(s) if s.nonce == 0x1122_3344_5566_7788 && s.temperature_c == Some(33.5)),
            "sweep" => matches!(e, DeviceEvent::Sweep(s) if s.first_tick == -48 && s.values.len() == 3),
            "ack" | "ack_start" | "ack_stim_set" => matches!(e, DeviceEvent::Answer(_)),
            _ => true,
        };
        let silent = matches!(name, "info" | "samples");
        assert!(silent || out.iter().any(wanted), "{name}: {out:?}");
    }
    let ack = vectors().into_iter().find(|(n, _)| *n == "ack_stim_set").unwrap().1;
    let (mut decoder, mut out) = (protocol("ranvier").unwrap().decoder(&myoscope::device::Config::of("ranvier")), Vec::new());
    decoder.push(&ack, &mut out);
    let detail = out.iter().find_map(|e| if let DeviceEvent::Answer(a) = e { Program::understood(&a.detail) } else { None });
    assert_eq!(detail.unwrap().current_ua, 12_500);
}
