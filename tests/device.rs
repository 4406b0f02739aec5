//! Decoders of any division of the bytes, identification, drivers and the interlock, against devices
//! in software.

#![cfg(all(not(target_arch = "wasm32"), feature = "stimulator"))] // native: proptest
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use myoscope::device::driver::{Driver, Phase, Turn};
use myoscope::device::identify::{Action, Identify, Reason};
use myoscope::device::ranvier::frame::{Header, Numbering, encode};
use myoscope::device::ranvier::{
    Command, CommandReader, Encoding, Info, PartHead, Program, SamplesHead, WireChannel, ack, kind, write_ack, write_channels, write_status,
};
use myoscope::device::stimulator::Stage;
use myoscope::device::{
    Channel, Config, DeviceEvent, Grade, Interlock, PROTOCOLS, Status, StimulatorLimits, UsbIds, Values, fuzz_entry, joined, protocol,
};
use proptest::prelude::*;

fn cyton(counter: u8, first: i32) -> Vec<u8> {
    let mut packet = vec![0xa0, counter];
    (0..8).for_each(|c| packet.extend(&(first + c).to_be_bytes()[1..]));
    packet.extend([0, 0, 0, 0, 0, 0, 0xc0]);
    packet
}

fn chords(counter: u8) -> Vec<u8> {
    [&[0xc7, 0x7c, counter][..], &[0x20, 0, 0x20, 1, 0x20, 2, 0x20, 3, 0x20, 4, 0x20, 5], &[1]].concat()
}

fn samples(seq: u16, tick: u64, dropped: u32) -> Vec<u8> {
    let mut payload = Vec::new();
    let head = SamplesHead { stream: 0, encoding: Encoding::S24, channels: 2, samples: 4, flags: 0, clip_mask: 0, dropped };
    head.write(&[1, -1, 2, -2, 3, -3, 4, -4], &mut payload);
    let mut out = Vec::new();
    assert!(encode(Header { kind: kind::SAMPLES, seq, epoch: 1, tick }, &payload, &mut out));
    out
}

fn decode(config: &Config, bytes: &[u8]) -> (Vec<DeviceEvent>, myoscope::device::Losses) {
    let mut decoder = protocol(&config.protocol).unwrap().decoder(config);
    let mut out = Vec::new();
    decoder.push(bytes, &mut out);
    (joined(out), decoder.losses())
}

fn gaps(events: &[DeviceEvent]) -> Vec<(u64, u64)> {
    events
        .iter()
        .filter_map(|e| if let DeviceEvent::Gap { from, samples, stream: 0, .. } = e { Some((*from, *samples)) } else { None })
        .collect()
}

#[test]
fn losses_of_the_link_and_of_the_device_are_told_apart() {
    // Frames 2 and 3 are lost on the way; the device dropped eight samples before frame 5.
    let frames = [samples(0, 100, 0), samples(1, 104, 0), samples(4, 116, 0), samples(5, 128, 8)];
    let (events, losses) = decode(&Config::of("ranvier"), &frames.concat());
    assert_eq!((losses.link_frames, losses.link_samples, losses.device_samples), (2, 8, 8));
    assert_eq!(gaps(&events), [(8, 8), (20, 8)]);
    // The same frame twice is one.
    let (_, losses) = decode(&Config::of("ranvier"), &[samples(0, 100, 0), samples(0, 100, 0)].concat());
    assert_eq!(losses.duplicates, 1);
}

#[test]
fn lost_packets_and_bytes_are_counted() {
    let all: Vec<Vec<u8>> = (0..300).map(|k| cyton(k as u8, k)).collect();
    let kept: Vec<u8> = all.iter().enumerate().filter(|(k, _)| !matches!(k, 10 | 11 | 299)).flat_map(|(_, p)| p.clone()).collect();
    let (events, losses) = decode(&Config { channels: 8, ..Config::of("cyton") }, &kept);
    assert_eq!((losses.link_frames, losses.link_samples, losses.skipped_bytes), (2, 2, 0));
    assert_eq!(gaps(&events), [(10, 2)]);
    // A byte missing within a packet costs that packet.
    let mut broken = all.concat();
    broken.remove(40 * 33 + 7);
    let (events, losses) = decode(&Config { channels: 8, ..Config::of("cyton") }, &broken);
    assert_eq!((losses.link_samples, losses.skipped_bytes, gaps(&events)), (1, 32, vec![(40, 1)]));
}

#[test]
fn daisy_packets_are_paired() {
    let config = Config { channels: 16, ..Config::of("cyton") };
    let bytes: Vec<u8> = (0..21).filter(|k| *k != 8).flat_map(|k| cyton(k as u8, 100 * k)).collect();
    let (events, losses) = decode(&config, &bytes);
    let blocks: Vec<(u64, i32, i32)> = events
        .iter()
        .filter_map(|e| match e {
            DeviceEvent::Block(b) if b.stream == 0 => match &b.values {
                Values::Counts(v) => Some((b.first, v[0], v[8])),
                Values::Floats(_) => None,
            },
            _ => None,
        })
        .collect();
    // Pairs (1, 2), (3, 4), (5, 6); (7, 8) lost; then (9, 10).
    assert_eq!(blocks, [(0, 100, 200), (4, 900, 1000)]);
    assert_eq!((losses.link_frames, losses.link_samples), (1, 1));
    assert_eq!(protocol("cyton").unwrap().describe(&config).stream(0).count(), 16);
}

#[test]
fn spikerbox_finds_its_channels_by_itself() {
    let frame = |k: u16| [0x80 | (k >> 7) as u8, (k & 127) as u8, (k >> 7) as u8, (k & 127) as u8];
    let mut bytes: Vec<u8> = (0..400).flat_map(|k| frame(512 + k)).collect();
    // A message within a frame takes nothing from it.
    let message = [&[0xff, 0xff, 1, 1, 0x80, 0xff][..], b"EVNT:7;", &[0xff, 0xff, 1, 1, 0x81, 0xff]].concat();
    bytes.splice(1202..1202, message);
    let (events, _) = decode(&Config::of("spikerbox"), &bytes);
    let two: u64 = events.iter().map(|e| if let DeviceEvent::Block(b) = e { u64::from(b.channels == 2) * b.samples() } else { 0 }).sum();
    assert!(two >= 380, "{two}");
    assert!(events.iter().any(|e| matches!(e, DeviceEvent::Mark(m) if m.code == 7)));
    let broken: u64 =
        events.iter().skip_while(|e| !matches!(e, DeviceEvent::Mark(_))).map(|e| u64::from(matches!(e, DeviceEvent::Gap { .. }))).sum();
    assert_eq!(broken, 0);
}

#[test]
fn hackeeg_both_ways() {
    let body = |k: u32| [&(k * 62).to_le_bytes()[..], &k.to_le_bytes(), &[0xc0, 0, 0], &[0, 0, 1, 0xff, 0xff, 0xff].repeat(4)].concat();
    let packed = |k: u32| [&[0x82, 0xa1, 0x43, 0xcc, 0xc8, 0xa1, 0x44, 0xc4, 35][..], &body(k)].concat();
    let config = Config::of("hackeeg");
    let bytes = [b"{\"STATUS_CODE\":200}\n".to_vec(), packed(5), packed(6), packed(9)].concat();
    let (events, losses) = decode(&config, &bytes);
    assert_eq!((losses.link_samples, losses.skipped_bytes, gaps(&events)), (2, 0, vec![(2, 2)]));
    let line = "{\"C\":200,\"D\":\"AAAAAAUAAADAAAAAAAH///8AAAH///8AAAH///8AAAH///8=\"}\n";
    let (events, _) = decode(&config, line.as_bytes());
    let values = events.iter().find_map(|e| if let DeviceEvent::Block(b) = e { Some(b.values.clone()) } else { None });
    assert_eq!(values, Some(Values::Counts([1, -1].repeat(4))));
}

#[test]
fn a_device_says_what_it_is_fit_for() {
    let describe = |config: &Config| protocol(&config.protocol).unwrap().describe(config).fitness;
    assert_eq!(describe(&Config { channels: 8, ..Config::of("cyton") }).words, "65 Hz bandwidth: not for diagnosis");
    let chords = describe(&Config { model: "UNO-R4".into(), ..Config::of("chords") });
    assert!(!chords.calibrated && chords.needle == Grade::No && chords.words.contains("not calibrated"));
    assert_eq!(describe(&Config::of("hackeeg")).needle, Grade::No);
    let good = Channel { noise_uv_rms: Some(0.8), bits: 24, ..Channel::counts("1", 24, Some(48_000.0)) }
        .microvolts(0.01, 0.0)
        .band(Some(2.0), Some(10_000.0));
    let fit = myoscope::device::Fitness::of(&[good], true);
    assert_eq!((fit.needle, fit.nerve_conduction, fit.surface, fit.words.as_str()), (Grade::Good, Grade::Good, Grade::Good, ""));
}

fn streams() -> impl Strategy<Value = (usize, Vec<u8>)> {
    let text = b"\nemg:1,b:2\n1,2\n3,4\nx\n5,6\n".to_vec();
    let spikes = [
        [0x84u8, 0].repeat(5),
        vec![0xff, 0xff, 1, 1, 0x80, 0xff],
        b"EVNT:1;".to_vec(),
        vec![0xff, 0xff, 1, 1, 0x81, 0xff],
        [0x83, 0x7f].repeat(5),
    ]
    .concat();
    let ours: Vec<Vec<u8>> = vec![
        (0..9).flat_map(|k| cyton(k, 5)).collect(),
        (0..9).flat_map(chords).collect(),
        spikes,
        (0..9u16).flat_map(|k| samples(k, u64::from(k) * 4, 0)).collect(),
        vec![0x28, 0xc5, 0x12, 0x32, 0x64, 0x00, 0xc8, 0x00],
        b"{\"C\":200,\"D\":\"AAAA\"}\n".to_vec(),
        text,
        [0xa0, 1, 2, 3, 4, 0xc0].repeat(5),
    ];
    (0..PROTOCOLS.len(), any::<Vec<u8>>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(
        move |(which, noise, at, cut)| {
            let mut bytes = ours[which].repeat(2);
            let at = at.index(bytes.len());
            bytes.splice(at..at, noise);
            let cut = cut.index(bytes.len());
            bytes.remove(cut);
            (which, bytes)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_division_gives_the_same_events((which, bytes) in streams(), sizes in prop::collection::vec(1usize..40, 1..20)) {
        let id = PROTOCOLS[which].id();
        fuzz_entry::drive(id, &bytes);
        let config = Config::of(id);
        let (whole, losses) = decode(&config, &bytes);
        let mut decoder = PROTOCOLS[which].decoder(&config);
        let (mut out, mut rest, mut k) = (Vec::new(), &bytes[..], 0);
        while !rest.is_empty() {
            let n = sizes[k % sizes.len()].min(rest.len());
            decoder.push(&rest[..n], &mut out);
            (rest, k) = (&rest[n..], k + 1);
        }
        prop_assert_eq!(format!("{:?}", joined(out)), format!("{whole:?}"));
        prop_assert_eq!(decoder.losses(), losses);
    }

    #[test]
    fn nothing_breaks_on_noise(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        fuzz_entry::drive("", &bytes);
    }
}

/// Runs an identification against a device in software: bytes written, baud, bytes answered.
fn identify(ids: UsbIds, chosen: Option<&str>, mut device: impl FnMut(&[u8], u32) -> Vec<u8>) -> (Action, Vec<u8>) {
    let (mut search, mut out, mut now, mut written) = (Identify::new(ids, chosen), Vec::new(), 0.0, Vec::new());
    search.opened(now, &mut out);
    for _ in 0..500 {
        for action in std::mem::take(&mut out) {
            match action {
                Action::Write(bytes) => {
                    written.extend_from_slice(&bytes);
                    let answer = device(&bytes, search.baud());
                    search.bytes(now, &answer, &mut out);
                }
                Action::SetBaud(_) => search.opened(now, &mut out),
                Action::WaitUntil(_) => {
                    let answer = device(&[], search.baud());
                    search.bytes(now, &answer, &mut out);
                }
                end => return (end, written),
            }
        }
        // What is to be done comes before time passes.
        if let Some(due) = search.deadline().filter(|_| out.is_empty()) {
            now = due;
            search.tick(now, &mut out);
        }
    }
    panic!("no end");
}

fn found(action: &Action) -> &Config {
    let Action::Found { config, .. } = action else { panic!("{action:?}") };
    config
}

#[test]
fn devices_are_recognised_by_asking() {
    let said = |text: &'static str| text.as_bytes().to_vec();
    let (end, _) = identify(UsbIds { vendor: Some(0x403), product: Some(0x6015) }, None, |bytes, baud| match bytes {
        b"v" if baud == 115_200 => said(
            "OpenBCI V3 8-16 channel\nOn Board ADS1299 Device ID: 0x3E\nOn Daisy ADS1299 Device ID: 0x3E\nLIS3DH Device ID: 0x33\nFirmware: v3.1.2\n$$$",
        ),
        _ => Vec::new(),
    });
    assert_eq!((found(&end).channels, found(&end).firmware.as_str()), (16, "v3.1.2"));
    let (end, _) = identify(UsbIds { vendor: Some(0x2341), product: Some(0x69) }, None, |bytes, _| match bytes {
        b"WHORU\n" => said("UNO-R4\r\n"),
        _ => Vec::new(),
    });
    assert_eq!((found(&end).protocol.as_str(), found(&end).bits), ("chords", 14));
    let (end, _) = identify(UsbIds::default(), None, |bytes, baud| match bytes {
        b"b:;\n" if baud == 222_222 => [&[0xff, 0xff, 1, 1, 0x80, 0xff][..], b"HWT:HUMANSB;", &[0xff, 0xff, 1, 1, 0x81, 0xff]].concat(),
        _ => Vec::new(),
    });
    assert_eq!((found(&end).model.as_str(), found(&end).baud), ("HUMANSB", 222_222));
    let (end, _) = identify(UsbIds::default(), None, |bytes, _| if bytes == [7] { said("BITalino_v5.2\n") } else { Vec::new() });
    assert_eq!(found(&end).protocol, "bitalino");
    let mut amplifier = Amplifier::default();
    let (end, _) = identify(UsbIds { vendor: Some(0x1209), product: None }, None, |bytes, _| amplifier.answer(bytes));
    assert_eq!((found(&end).protocol.as_str(), found(&end).model.as_str()), ("ranvier", "soft"));
    // One that runs already is asked between its samples; one that does not answer is known by them.
    for (answers, model) in [(true, "soft"), (false, "")] {
        let mut amplifier = Amplifier { epoch: 1, ..Amplifier::default() };
        let (end, written) = identify(UsbIds { vendor: Some(0x1209), product: None }, None, |bytes, _| {
            let seq = amplifier.numbering.take();
            let sent = samples(seq, 4 * u64::from(seq), 0);
            let told = if answers && !bytes.is_empty() { amplifier.answer(bytes) } else { Vec::new() };
            [sent, told].concat()
        });
        assert_eq!((found(&end).protocol.as_str(), found(&end).model.as_str()), ("ranvier", model));
        assert_eq!(written, protocol("ranvier").unwrap().question().unwrap().bytes);
    }
    // A board that is sending is recognised from its frames, silenced and asked.
    let mut k = 0;
    let (end, written) = identify(UsbIds::default(), None, |bytes, _| match bytes {
        b"STOP\n" => Vec::new(),
        b"WHORU\n" => said("UNO-R4\r\n"),
        _ => {
            k += 1;
            (0..20).flat_map(chords).collect()
        }
    });
    assert_eq!((found(&end).model.as_str(), written), ("UNO-R4", b"STOP\nWHORU\n".to_vec()));
    let (end, written) = identify(UsbIds::default(), None, |_, _| said("12\n512,3\n513,4\n514,5\n"));
    assert_eq!((found(&end).protocol.as_str(), found(&end).channels, written.len()), ("text", 2, 0));
}

#[test]
fn stimulators_are_never_asked() {
    let (end, written) = identify(UsbIds { vendor: Some(0x16c0), product: Some(0x483) }, None, |_, _| Vec::new());
    assert!(matches!(end, Action::Nothing { reason: Reason::Stimulator, .. }), "{end:?}");
    assert!(written.is_empty());
    let (end, written) = identify(UsbIds::default(), None, |_, _| b"StimJim ready\n".to_vec());
    assert!(matches!(end, Action::Nothing { reason: Reason::Stimulator, .. }), "{end:?}");
    assert!(written.is_empty());
    let (end, written) = identify(UsbIds { vendor: Some(0x2e73), product: Some(5) }, None, |_, _| Vec::new());
    assert!(matches!(end, Action::Nothing { reason: Reason::Bootloader, .. }) && written.is_empty());
    // A person's choice asks only that.
    let (_, written) = identify(UsbIds { vendor: Some(0x16c0), product: Some(0x483) }, Some("bitalino"), |_, _| Vec::new());
    assert_eq!(written, [7]);
}

#[test]
fn nothing_found_says_what_to_do() {
    let reason = |byte: Option<u8>| match identify(UsbIds::default(), None, |_, _| byte.map_or(Vec::new(), |b| vec![b; 8])).0 {
        Action::Nothing { reason, tried, advice } => {
            assert!(tried.len() >= 6 && advice.ends_with('.'));
            reason
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(None), Reason::NoData);
    assert_eq!(reason(Some(0xf8)), Reason::WrongBaud);
    assert_eq!(reason(Some(b'q')), Reason::UnknownBytes);
}

/// An amplifier in software: two channels, a stimulator with limits, and faults on demand.
#[derive(Default)]
struct Amplifier {
    commands: CommandReader,
    numbering: Numbering,
    epoch: u16,
    tick: u64,
    status: Status,
    program: Program,
    fired: Vec<(u32, u32)>,
    heartbeats: u32,
    disarmed: u32,
    rerequested: Vec<(u32, u16, u16)>,
    /// Understands another current than was set.
    mishears: bool,
    /// Does not answer this many commands.
    deaf: u32,
}

const LIMITS: StimulatorLimits = StimulatorLimits {
    outputs: 1,
    max_ua: 50_000,
    min_width_us: 50,
    max_width_us: 1000,
    max_charge_nc: 20_000,
    max_rate_hz: 30.0,
    max_step_ua: 5000,
    max_count: 20,
};

impl Amplifier {
    fn send(&mut self, frame_kind: u8, payload: &[u8], out: &mut Vec<u8>) {
        let header = Header { kind: frame_kind, seq: self.numbering.take(), epoch: self.epoch, tick: self.tick };
        assert!(encode(header, payload, out));
    }

    fn report(&mut self, out: &mut Vec<u8>) {
        let mut payload = Vec::new();
        write_status(&self.status, &mut payload);
        self.send(kind::STATUS, &payload, out);
    }

    fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (mut commands, mut out) = (Vec::new(), Vec::new());
        self.commands.push(bytes, &mut commands);
        for (header, command) in commands {
            if self.deaf > 0 {
                self.deaf -= 1;
                continue;
            }
            let mut payload = Vec::new();
            let mut detail = Vec::new();
            match command.unwrap() {
                Command::Identify => {
                    let info = Info {
                        vendor: "test".into(),
                        model: "soft".into(),
                        clock_hz: Some(48_000.0),
                        channels: Some(2),
                        stimulator: Some(LIMITS),
                        abilities: vec!["sweep".into()],
                        electrodes: Vec::new(),
                        ..Info::default()
                    };
                    info.write(&mut payload);
                    self.send(kind::INFO, &payload, &mut out);
                    continue;
                }
                Command::GetChannels => {
                    let one = |id: u8| WireChannel {
                        id,
                        channel: Channel::counts(format!("E{id}"), 24, Some(48_000.0))
                            .microvolts(0.02, 0.0)
                            .band(Some(2.0), Some(10_000.0)),
                        e1: "a".into(),
                        e2: "b".into(),
                    };
                    write_channels(&[one(0), one(1)], &mut payload);
                    self.send(kind::CHANNELS, &payload, &mut out);
                    continue;
                }
                Command::Start => {
                    self.epoch += 1;
                    self.numbering.restart();
                    detail.push(("start", (self.tick as u32).into()));
                }
                Command::StimSet(mut program) => {
                    program.current_ua += u32::from(self.mishears);
                    self.program = program;
                    (self.status.interlock, self.status.program, self.status.set_ua) = (Interlock::Set, program.id, program.current_ua);
                    detail = program.detail();
                }
                Command::StimArm { program, nonce, current_ua } => {
                    assert_eq!((program, nonce, current_ua), (self.program.id, self.status.nonce, self.program.current_ua));
                    self.status.interlock = Interlock::Armed;
                }
                Command::StimFire { program, fire } => self.fired.push((program, fire)),
                Command::StimDisarm => {
                    self.disarmed += 1;
                    self.status.interlock = Interlock::Ready;
                }
                Command::Heartbeat { within_ms } => {
                    assert!(within_ms <= 250);
                    self.heartbeats += 1;
                    continue;
                }
                Command::Rerequest { sweep, part, count } => self.rerequested.push((sweep, part, count)),
                _ => {}
            }
            write_ack(header.seq, ack::OK, &detail, &mut payload);
            self.send(kind::ACK, &payload, &mut out);
        }
        out
    }

    fn stream(&mut self, out: &mut Vec<u8>) {
        let mut payload = Vec::new();
        let head = SamplesHead { stream: 0, encoding: Encoding::S24, channels: 2, samples: 48, flags: 0, clip_mask: 0, dropped: 0 };
        head.write(&[7; 96], &mut payload);
        self.send(kind::SAMPLES, &payload, out);
        self.tick += 48;
    }
}

/// A driver on an amplifier; time goes by milliseconds.
struct Bench {
    driver: Driver,
    amplifier: Amplifier,
    now_ms: f64,
    events: Vec<DeviceEvent>,
}

impl Bench {
    fn new(amplifier: Amplifier) -> Self {
        let mut bench = Self { driver: Driver::new(Config::of("ranvier")).unwrap(), amplifier, now_ms: 1000.0, events: Vec::new() };
        let mut turn = Turn::default();
        bench.driver.start(bench.now_ms, &mut turn);
        bench.pass(turn);
        bench
    }

    fn pass(&mut self, mut turn: Turn) {
        while !turn.write.is_empty() {
            let answer = self.amplifier.answer(&std::mem::take(&mut turn.write));
            self.driver.bytes(self.now_ms, &answer, &mut turn);
        }
        self.events.append(&mut turn.events);
    }

    fn run(&mut self, ms: u32) {
        for _ in 0..ms {
            self.now_ms += 1.0;
            let (mut turn, mut bytes) = (Turn::default(), Vec::new());
            if *self.driver.phase() == Phase::Streaming || self.amplifier.epoch > 0 {
                self.amplifier.stream(&mut bytes);
            }
            if self.now_ms % 500.0 == 0.0 {
                self.amplifier.report(&mut bytes);
            }
            self.driver.bytes(self.now_ms, &bytes, &mut turn);
            if self.driver.deadline().is_some_and(|due| due <= self.now_ms) {
                self.driver.tick(self.now_ms, &mut turn);
            }
            self.pass(turn);
        }
    }

    fn set(&mut self, current_ua: u32) -> Result<(), String> {
        let program = Program { current_ua, width_us: 200, count: 1, ..Program::default() };
        let result = self.driver.link().unwrap().stimulator().set(program);
        self.flush();
        result
    }

    fn flush(&mut self) {
        let mut turn = Turn::default();
        let now_ms = self.now_ms;
        self.driver.link().unwrap().flush_stimulator(now_ms, &mut turn);
        self.pass(turn);
    }

    fn arm(&mut self, current_ua: u32) -> Result<(), String> {
        let now_ms = self.now_ms;
        let result = self.driver.link().unwrap().stimulator().arm(now_ms, current_ua);
        self.flush();
        result
    }

    fn stage(&mut self) -> Stage {
        self.driver.link().unwrap().stimulator().stage()
    }
}

#[test]
fn the_open_protocol_starts_through_lost_commands() {
    let mut bench = Bench::new(Amplifier { deaf: 2, ..Amplifier::default() });
    bench.run(3000);
    assert_eq!(*bench.driver.phase(), Phase::Streaming);
    let losses = bench.driver.losses();
    assert_eq!((losses.link_frames, losses.link_samples, losses.crc_failures), (0, 0, 0));
    let described = bench.events.iter().find_map(|e| if let DeviceEvent::Described(d) = e { Some(d.clone()) } else { None }).unwrap();
    assert_eq!((described.stream(0).count(), described.stimulator, described.fitness.needle), (2, Some(LIMITS), Grade::Good));
    // The device's clock against ours.
    let link = bench.driver.link().unwrap();
    assert!(link.drift_ppm().is_none_or(|ppm| ppm.abs() < 1000.0));
    let ms = link.ms_of(48_000.0).unwrap() - link.ms_of(0.0).unwrap();
    assert!((ms - 1000.0).abs() < 1.0, "{ms}");
    let now_ms = bench.now_ms;
    let mut turn = Turn::default();
    bench.driver.stop(now_ms, &mut turn);
    assert!(!turn.write.is_empty());
}

#[test]
fn missing_parts_of_a_sweep_are_asked_for() {
    let mut bench = Bench::new(Amplifier::default());
    bench.run(100);
    let part = |part: u16| PartHead {
        sweep: 3,
        part,
        parts: 4,
        stream: 0,
        encoding: Encoding::S24,
        channels: 2,
        event: 9,
        total: 40,
        first: u32::from(part) * 10,
        samples: 10,
        tick: 960,
    };
    let send = |bench: &mut Bench, parts: &[u16]| {
        let mut bytes = Vec::new();
        for &p in parts {
            let mut payload = Vec::new();
            part(p).write(&[i32::from(p); 20], &mut payload);
            bench.amplifier.send(kind::SWEEP, &payload, &mut bytes);
        }
        let (now_ms, mut turn) = (bench.now_ms, Turn::default());
        bench.driver.bytes(now_ms, &bytes, &mut turn);
        bench.pass(turn);
    };
    send(&mut bench, &[0, 3]);
    bench.run(700);
    assert_eq!(bench.amplifier.rerequested.first(), Some(&(3, 1, 2)));
    send(&mut bench, &[2, 1, 1]);
    let sweep = bench.events.iter().find_map(|e| if let DeviceEvent::Sweep(s) = e { Some(s.clone()) } else { None }).unwrap();
    let values: Vec<i32> = (0..4).flat_map(|p| [p; 20]).collect();
    assert_eq!((sweep.id, sweep.event, sweep.values), (3, 9, Values::Counts(values)));
}

fn armed_bench() -> Bench {
    let status = Status { interlock: Interlock::Ready, dead_man: true, nonce: 0x1122_3344_5566_7788, ..Status::default() };
    let mut bench = Bench::new(Amplifier { status, ..Amplifier::default() });
    bench.run(600);
    bench.set(4000).unwrap();
    assert_eq!(bench.stage(), Stage::Set);
    bench.run(600);
    bench.arm(4000).unwrap();
    assert_eq!(bench.stage(), Stage::Armed);
    bench
}

#[test]
fn a_stimulus_goes_through_every_step() {
    let mut bench = armed_bench();
    bench.run(1000);
    assert_eq!(bench.stage(), Stage::Armed);
    assert!(bench.amplifier.heartbeats >= 6, "{}", bench.amplifier.heartbeats);
    let now_ms = bench.now_ms;
    bench.driver.link().unwrap().stimulator().fire(now_ms).unwrap();
    bench.flush();
    assert_eq!(bench.amplifier.fired.len(), 1);
    // Stepwise up, never beyond a step or a limit.
    assert!(bench.set(9500).unwrap_err().contains("rises"));
    bench.set(9000).unwrap();
    assert_eq!(bench.stage(), Stage::Set);
    let limit = |p: Program| bench.driver.link().unwrap().stimulator().set(p).is_err();
    let fine = Program { current_ua: 5000, width_us: 200, count: 1, ..Program::default() };
    let refused = [
        Program { current_ua: 60_000, ..fine },
        Program { current_ua: 0, ..fine },
        Program { width_us: 10, ..fine },
        Program { width_us: 1001, ..fine },
        Program { output: 1, ..fine },
        Program { count: 21, period_us: 100_000, ..fine },
        Program { count: 2, period_us: 10_000, ..fine },
        Program { count: 0, ..fine },
    ];
    assert!(refused.into_iter().all(limit));
}

#[test]
fn a_report_from_before_it_was_disarmed_does_not_hide_why() {
    let mut bench = armed_bench();
    let armed = DeviceEvent::Status(Status { interlock: Interlock::Armed, ..bench.amplifier.status });
    let now_ms = bench.now_ms;
    let stimulator = bench.driver.link().unwrap().stimulator();
    let limits = stimulator.limits();
    stimulator.disarm(now_ms, "Escape");
    stimulator.event(now_ms + 20.0, &armed, limits);
    assert_eq!((stimulator.stage(), stimulator.why()), (Stage::Idle, "Escape"));
    // A device that does not obey is another matter, and is told once more.
    stimulator.event(now_ms + 600.0, &armed, limits);
    assert_eq!((stimulator.stage(), stimulator.why()), (Stage::Idle, "the device is armed without having been asked"));
    let disarmed = bench.amplifier.disarmed;
    bench.flush();
    assert!(bench.amplifier.disarmed > disarmed);
}

#[test]
fn anything_unexpected_disarms() {
    // Another current repeated.
    let mut bench = armed_bench();
    bench.set(5000).unwrap();
    bench.run(600);
    assert!(bench.arm(5001).is_err());
    assert_eq!((bench.stage(), bench.amplifier.disarmed), (Stage::Idle, 1));
    // Other values understood.
    let mut bench = armed_bench();
    bench.amplifier.mishears = true;
    bench.set(4500).unwrap();
    assert_eq!(bench.stage(), Stage::Idle);
    // The device disarms, or says so.
    let mut bench = armed_bench();
    bench.amplifier.status.interlock = Interlock::Ready;
    bench.run(600);
    assert_eq!(bench.stage(), Stage::Idle);
    // An electrode falls off.
    let mut bench = armed_bench();
    bench.amplifier.status.lead_off = true;
    bench.run(600);
    assert_eq!(bench.stage(), Stage::Idle);
    // The program stands still.
    let mut bench = armed_bench();
    bench.now_ms += 400.0;
    bench.run(1);
    assert_eq!((bench.stage(), bench.amplifier.disarmed), (Stage::Idle, 1));
    // No answer to FIRE.
    let mut bench = armed_bench();
    bench.amplifier.deaf = 1;
    let now_ms = bench.now_ms;
    bench.driver.link().unwrap().stimulator().fire(now_ms).unwrap();
    bench.flush();
    bench.run(400);
    assert_eq!((bench.stage(), bench.amplifier.fired.len()), (Stage::Idle, 0));
    // Without the switch held nothing is fired; stopping disarms.
    let mut bench = armed_bench();
    bench.amplifier.status.dead_man = false;
    bench.run(500);
    let now_ms = bench.now_ms;
    assert!(bench.driver.link().unwrap().stimulator().fire(now_ms).is_err());
    let mut turn = Turn::default();
    bench.driver.stop(now_ms, &mut turn);
    bench.pass(turn);
    assert_eq!(bench.amplifier.disarmed, 1);
}

#[test]
fn simple_devices_are_started_by_steps() {
    let mut driver = Driver::new(Config { channels: 8, ..Config::of("cyton") }).unwrap();
    let mut turn = Turn::default();
    driver.start(0.0, &mut turn);
    assert_eq!(std::mem::take(&mut turn.write), b"d");
    driver.bytes(10.0, b"updating channel settings to default$$$", &mut turn);
    assert_eq!(std::mem::take(&mut turn.write), b"b");
    driver.bytes(20.0, &[cyton(0, 1), cyton(1, 1)].concat(), &mut turn);
    assert_eq!((driver.phase(), driver.deadline()), (&Phase::Streaming, None));
    driver.stop(30.0, &mut turn);
    assert_eq!(turn.write, b"s");
    // One that never sends fails in words.
    let mut driver = Driver::new(Config { model: "UNO-R4".into(), ..Config::of("chords") }).unwrap();
    let (mut turn, mut now) = (Turn::default(), 0.0);
    driver.start(now, &mut turn);
    while let Some(due) = driver.deadline() {
        now = due;
        driver.tick(now, &mut turn);
    }
    assert_eq!(turn.write, b"START\nSTART\nSTART\n");
    assert!(matches!(driver.phase(), Phase::Failed(why) if why.ends_with('.')));
    assert!(Driver::new(Config::of("none")).is_none());
}
