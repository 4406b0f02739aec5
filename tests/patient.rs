//! The simulated patient as a device: recognised, described, streaming; its physiology through samples
//! and events; its interlock.

#![cfg(all(not(target_arch = "wasm32"), feature = "stimulator"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use myoscope::device::driver::{Driver, Phase, Turn};
use myoscope::device::identify::{Action, Identify};
use myoscope::device::ranvier::frame::Numbering;
use myoscope::device::ranvier::{Command, Program, ack, disarm, encode_command};
use myoscope::device::stimulator::Stage;
use myoscope::device::{Config, DeviceEvent, Grade, Interlock, MarkKind, Status, UsbIds, Values, protocol};
use myoscope::engine::live::Intake;
use myoscope::formats::SliceSource;
use myoscope::simulate::patient::{Act, NeedleAct, NerveSite, Over, Patient, conditions};

const PER_MS: f64 = 48.0;

/// A patient on a driver, time by milliseconds.
struct Room {
    patient: Patient,
    driver: Driver,
    now_ms: f64,
    /// Channel by channel, uV.
    uv: [Vec<f64>; 2],
    events: Vec<DeviceEvent>,
    status: Status,
}

impl Room {
    fn new(condition: &str, seed: u64) -> Self {
        let driver = Driver::new(Config::of("ranvier")).unwrap();
        let patient = Patient::new(condition, seed).unwrap();
        let mut room =
            Self { patient, driver, now_ms: 1000.0, uv: [Vec::new(), Vec::new()], events: Vec::new(), status: Status::default() };
        let mut turn = Turn::default();
        room.driver.start(room.now_ms, &mut turn);
        room.pass(turn);
        room.run(20.0);
        assert_eq!(*room.driver.phase(), Phase::Streaming);
        room
    }

    fn pass(&mut self, mut turn: Turn) {
        loop {
            if !turn.write.is_empty() {
                self.patient.receive(self.now_ms, &std::mem::take(&mut turn.write));
            }
            let mut bytes = Vec::new();
            self.patient.advance(self.now_ms, &mut bytes);
            self.driver.bytes(self.now_ms, &bytes, &mut turn);
            for event in turn.events.drain(..) {
                match event {
                    DeviceEvent::Block(b) => {
                        assert_eq!(b.first, self.uv[0].len() as u64);
                        let Values::Counts(counts) = b.values else { panic!() };
                        for pair in counts.chunks(2) {
                            (0..2).for_each(|c| self.uv[c].push(f64::from(pair[c]) * 0.02));
                        }
                    }
                    DeviceEvent::Status(s) => self.status = s,
                    other => self.events.push(other),
                }
            }
            if turn.write.is_empty() {
                break;
            }
        }
    }

    fn run(&mut self, ms: f64) {
        let end = self.now_ms + ms;
        while self.now_ms < end {
            self.now_ms += 1.0;
            let mut turn = Turn::default();
            if self.driver.deadline().is_some_and(|due| due <= self.now_ms) {
                self.driver.tick(self.now_ms, &mut turn);
            }
            self.pass(turn);
        }
    }

    fn flush(&mut self) {
        let (mut turn, now_ms) = (Turn::default(), self.now_ms);
        self.driver.link().unwrap().flush_stimulator(now_ms, &mut turn);
        self.pass(turn);
    }

    /// One stimulus through every step; its time in samples.
    fn stimulate(&mut self, current_ua: u32) -> f64 {
        let mut at = self.status.set_ua;
        while at < current_ua {
            at = (at + 10_000).min(current_ua);
            let program = Program { current_ua: at, width_us: 200, count: 1, ..Program::default() };
            self.driver.link().unwrap().stimulator().set(program).unwrap();
            self.flush();
        }
        if self.driver.link().unwrap().stimulator().stage() != Stage::Armed {
            let now_ms = self.now_ms;
            self.driver.link().unwrap().stimulator().arm(now_ms, current_ua).unwrap();
            self.flush();
        }
        self.run(30.0);
        let now_ms = self.now_ms;
        self.driver.link().unwrap().stimulator().fire(now_ms).unwrap();
        self.flush();
        self.run(120.0);
        assert_eq!(self.driver.link().unwrap().stimulator().stage(), Stage::Armed);
        let last = self.events.iter().rev().find_map(|e| if let DeviceEvent::Stimulus(s) = e { Some(s.clone()) } else { None }).unwrap();
        assert_eq!(last.set_ua, current_ua);
        assert!(last.delivered_ua.unwrap().abs_diff(current_ua) < current_ua / 100 + 10);
        last.at.ticks()
    }

    /// Onset and height of the CMAP after a stimulus, ms and uV.
    fn cmap(&self, stimulus: f64) -> (f64, f64) {
        let after = |ms: f64| (stimulus + ms * PER_MS) as usize;
        let uv = &self.uv[1];
        let base = uv[after(-5.0)..after(-0.5)].iter().sum::<f64>() / (4.5 * PER_MS);
        let window = &uv[after(2.0)..after(28.0)];
        let high = window.iter().copied().fold(f64::MIN, f64::max) - base;
        let at = window.iter().position(|v| v - base > 0.05 * high).unwrap();
        ((after(2.0) + at) as f64 / PER_MS - stimulus / PER_MS, high)
    }
}

fn rms(uv: &[f64]) -> f64 {
    (uv.iter().map(|v| v * v).sum::<f64>() / uv.len() as f64).sqrt()
}

#[test]
fn every_condition_is_recognised_and_streams_a_minute_without_loss() {
    for (id, name) in conditions() {
        let mut patient = Patient::new(id, 3).unwrap();
        let (mut search, mut actions, mut now_ms) = (Identify::new(UsbIds::default(), None), Vec::new(), 0.0);
        search.opened(now_ms, &mut actions);
        let found = 'found: loop {
            for action in std::mem::take(&mut actions) {
                match action {
                    Action::Write(bytes) => patient.receive(now_ms, &bytes),
                    Action::SetBaud(_) => search.opened(now_ms, &mut actions),
                    Action::Found { config, .. } => break 'found config,
                    Action::WaitUntil(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            now_ms += 5.0;
            let mut bytes = Vec::new();
            patient.advance(now_ms, &mut bytes);
            search.bytes(now_ms, &bytes, &mut actions);
            search.tick(now_ms, &mut actions);
            assert!(now_ms < 60_000.0);
        };
        assert_eq!(found.protocol, "ranvier");
        let mut room = Room::new(id, 3);
        room.patient.act(Act::Needle(NeedleAct::Moderate));
        room.run(60_000.0);
        let losses = room.driver.losses();
        assert_eq!((losses.samples(), losses.link_frames, losses.crc_failures, losses.skipped_bytes), (0, 0, 0, 0));
        assert!(room.uv[0].len() >= 60_000 * 48);
        let described = room.events.iter().find_map(|e| if let DeviceEvent::Described(d) = e { Some(d.clone()) } else { None }).unwrap();
        assert_eq!((described.channels.len(), described.fitness.needle), (2, Grade::Good), "{:?}", described.fitness);
        assert_eq!(described.model, format!("Simulated patient: {name}"));
        assert!(described.stimulator.is_some() && described.channels[0].label.starts_with("Needle "));
    }
    assert!(Patient::new("none", 1).is_none());
}

#[test]
fn the_same_bytes_however_time_is_divided() {
    let script = |step_ms: f64| {
        let mut patient = Patient::new("l5_radiculopathy", 11).unwrap();
        let (mut seq, mut bytes, mut out) = (Numbering::default(), Vec::new(), Vec::new());
        for command in [Command::Identify, Command::GetChannels, Command::Start] {
            encode_command(&command, &mut seq, 0, &mut bytes);
        }
        patient.advance(0.0, &mut out);
        patient.receive(0.0, &bytes);
        let mut now_ms = 0.0;
        let mut until = |patient: &mut Patient, end_ms: f64| {
            while now_ms < end_ms {
                now_ms = f64::min(now_ms + step_ms, end_ms);
                patient.advance(now_ms, &mut out);
            }
        };
        until(&mut patient, 700.0);
        patient.act(Act::Needle(NeedleAct::Strong));
        until(&mut patient, 1900.3);
        patient.act(Act::MoveNeedle);
        patient.act(Act::Relax);
        until(&mut patient, 3000.0);
        out
    };
    let whole = script(1e9);
    assert_eq!(script(0.37), whole);
    assert_eq!(script(13.0), whole);
    assert!(whole.len() > 800_000);
}

#[test]
fn a_long_pause_drops_samples_and_says_so() {
    let mut room = Room::new("healthy", 5);
    let mut bytes = Vec::new();
    room.patient.advance(room.now_ms + 10_000.0, &mut bytes);
    assert!(bytes.len() < 900_000);
    let mut turn = Turn::default();
    room.driver.bytes(room.now_ms + 10_000.0, &bytes, &mut turn);
    bytes.clear();
    room.patient.advance(room.now_ms + 10_010.0, &mut bytes);
    room.driver.bytes(room.now_ms + 10_010.0, &bytes, &mut turn);
    let losses = room.driver.losses();
    assert_eq!((losses.link_samples, losses.link_frames), (0, 0));
    assert!((losses.device_samples as f64 - 8000.0 * PER_MS).abs() < 100.0, "{}", losses.device_samples);
    // Absurd times are survived.
    for now_ms in [f64::NAN, f64::INFINITY, -1e300, 1e300, 0.0] {
        room.patient.advance(now_ms, &mut bytes);
        room.patient.receive(now_ms, &[0, 1, 2, 3, 0]);
    }
}

#[test]
fn motor_responses_show_the_condition() {
    let measure = |condition: &str, seed: u64, over: Over, at: usize| {
        let mut room = Room::new(condition, seed);
        room.run(600.0);
        assert!(room.patient.act(Act::Site(NerveSite { over, at })));
        let stimulus = room.stimulate(42_000);
        room.cmap(stimulus)
    };
    for seed in 1..4 {
        let healthy = measure("healthy", seed, Over::Apb, 0);
        let sick = measure("carpal_tunnel", seed, Over::Apb, 0);
        println!("wrist: healthy {healthy:?}, carpal tunnel {sick:?}");
        assert!((2.5..4.2).contains(&healthy.0) && healthy.1 > 5000.0, "{healthy:?}");
        assert!(sick.0 > 4.6 && sick.0 > healthy.0 + 1.2, "{sick:?}");
        let velocity = |condition: &str, near: f64| {
            let far = measure(condition, seed, Over::Apb, 1).0;
            Over::Apb.sites()[1].mm / (far - near)
        };
        let forearm = [velocity("healthy", healthy.0), velocity("carpal_tunnel", sick.0)];
        println!("forearm m/s: {forearm:?}");
        assert!(forearm.iter().all(|v| (48.0..68.0).contains(v)), "{forearm:?}");
        let far = |condition: &str| {
            let (a, b) = (measure(condition, seed, Over::Edb, 0), measure(condition, seed, Over::Edb, 1));
            (a.0, Over::Edb.sites()[1].mm / (b.0 - a.0), a.1)
        };
        let (slow, l5) = (far("polyneuropathy"), far("l5_radiculopathy"));
        println!("foot: polyneuropathy {slow:?}, L5 {l5:?}");
        assert!(slow.1 < 38.0 && l5.1 > 40.0 && l5.2 < 4000.0);
    }
    // A site that the nerve does not have, and that changes nothing.
    let mut patient = Patient::new("healthy", 1).unwrap();
    assert!(!patient.act(Act::Site(NerveSite { over: Over::Malleolus, at: 1 })));
    assert_eq!(patient.site(), NerveSite { over: Over::Apb, at: 0 });
}

#[test]
fn the_response_grows_up_to_the_supramaximal_one() {
    let mut room = Room::new("healthy", 8);
    room.run(600.0);
    let heights: Vec<f64> = [3000, 8000, 10_000, 13_000, 25_000, 32_000, 40_000]
        .map(|ua| {
            let at = room.stimulate(ua);
            room.cmap(at).1
        })
        .to_vec();
    println!("{heights:?}");
    assert!(heights[0] < 100.0 && heights.windows(2).all(|w| w[1] > 0.98 * w[0]));
    assert!(heights[3] > 2.0 * heights[1] && heights[2] < 0.8 * heights[6]);
    assert!((heights[6] / heights[5] - 1.0).abs() < 0.01);
    // The artefact begins at the stimulus, once the delay of the filters is taken off.
    let (stimulus, uv) = (room.stimulate(40_000), &room.uv[1]);
    let at = stimulus as usize;
    let base = uv[at - 100..at - 4].iter().sum::<f64>() / 96.0;
    let top = uv[at..at + 10].iter().copied().fold(0.0, |m: f64, v| m.max((v - base).abs()));
    let first = (at - 4..at + 10).find(|&i| (uv[i] - base).abs() > 0.5 * top).unwrap();
    assert!((first as f64 - stimulus).abs() < 2.5, "{first} {stimulus}");
}

#[test]
fn f_waves_follow_most_supramaximal_stimuli_with_changing_latency() {
    let mut room = Room::new("healthy", 21);
    room.run(600.0);
    let mut seen = Vec::new();
    for _ in 0..12 {
        let stimulus = room.stimulate(35_000);
        let window = |from: f64, to: f64| &room.uv[1][(stimulus + from * PER_MS) as usize..(stimulus + to * PER_MS) as usize];
        let size = |uv: &[f64]| uv.iter().copied().fold(f64::MIN, f64::max) - uv.iter().copied().fold(f64::MAX, f64::min);
        if size(window(24.0, 45.0)) > 60.0 {
            let base = window(22.0, 24.0).iter().sum::<f64>() / 96.0;
            let at = window(24.0, 45.0).iter().position(|v| (v - base).abs() > 30.0).unwrap();
            seen.push(24.0 + at as f64 / PER_MS);
        }
    }
    println!("{seen:?}");
    assert!(seen.len() >= 7);
    assert!(seen.iter().all(|ms| (24.5..36.0).contains(ms)));
}

/// Peaks beyond a level on either side, at least 4 ms apart.
fn spikes(uv: &[f64], level_uv: f64) -> usize {
    let (mut count, mut free) = (0, 0);
    for (i, v) in uv.iter().enumerate() {
        if v.abs() > level_uv && i >= free {
            count += 1;
            free = i + (4.0 * PER_MS) as usize;
        }
    }
    count
}

#[test]
fn fibrillations_are_there_where_they_belong_at_their_rates() {
    for seed in 0..3 {
        for (id, _) in conditions() {
            let mut room = Room::new(id, seed);
            let rates = room.patient.fibrillation_hz();
            let denervated = matches!(id, "l5_radiculopathy" | "fibrillating");
            assert_eq!(!rates.is_empty(), denervated, "{id}");
            assert!(rates.iter().all(|hz| (0.5..=13.0).contains(hz)));
            room.run(500.0);
            let from = room.uv[0].len();
            room.run(10_000.0);
            let rest = &room.uv[0][from..];
            let count = spikes(rest, 18.0) as f64 / 10.0;
            let expected: f64 = rates.iter().sum();
            println!("{id} {seed}: {count} of {expected} a second, rms {:.1}", rms(rest));
            if denervated {
                assert!(count > 0.4 * expected && count < 1.7 * expected);
            } else {
                assert_eq!(count, 0.0, "{id}");
            }
        }
    }
}

#[test]
fn effort_recruits_and_the_needle_bursts() {
    let mut early = Vec::new();
    for (id, _) in conditions() {
        let mut room = Room::new(id, 2);
        room.run(1500.0);
        let mut levels = Vec::new();
        for act in [NeedleAct::Slight, NeedleAct::Moderate, NeedleAct::Strong] {
            room.patient.act(Act::Needle(act));
            room.run(1500.0);
            let from = room.uv[0].len() - 48_000;
            let part = &room.uv[0][from..];
            let highest = part.iter().copied().fold(0.0, |m: f64, v| m.max(v.abs()));
            levels.push((room.patient.recruited(), rms(part).round(), highest.round(), rms(&room.uv[1][from..]).round()));
        }
        println!("{id}: {levels:?}");
        assert!(levels[0].0 >= 1 && levels[0].0 < levels[1].0 && levels[1].0 <= levels[2].0);
        assert!(levels[2].1 > 1.3 * levels[0].1, "{id}: {levels:?}");
        early.push((id, levels[0].0, levels[2].0));
        room.patient.act(Act::Relax);
        room.run(2500.0);
        assert_eq!(room.patient.recruited(), 0);
        let before = room.uv[0].len();
        room.patient.act(Act::MoveNeedle);
        room.run(3000.0);
        let (burst, later) = (spikes(&room.uv[0][before..before + 9600], 60.0), spikes(&room.uv[0][before + 120_000..], 60.0));
        println!("{id}: burst {burst} in 200 ms, {later} half a second later");
        assert!(burst >= 8);
    }
    let of = |id: &str| early.iter().find(|e| e.0 == id).unwrap();
    // Myopathy calls many early, L5 has few at all.
    assert!(of("myopathy").1 > of("healthy").1);
    assert!(of("l5_radiculopathy").2 < of("healthy").2 / 2);
}

/// Commands by hand, with the device's own answers.
struct Bare {
    patient: Patient,
    seq: Numbering,
    epoch: u16,
    now_ms: f64,
    status: Status,
    stimuli: usize,
    code: u8,
}

impl Bare {
    fn new() -> Self {
        let patient = Patient::new("healthy", 4).unwrap();
        let status = Status::default();
        let mut bare = Self { patient, seq: Numbering::default(), epoch: 0, now_ms: 0.0, status, stimuli: 0, code: 9 };
        bare.say(&Command::Start);
        bare.wait(600.0);
        bare
    }

    fn wait(&mut self, ms: f64) {
        self.now_ms += ms;
        let mut bytes = Vec::new();
        self.patient.advance(self.now_ms, &mut bytes);
        let (mut decoder, mut out) = (protocol("ranvier").unwrap().decoder(&Config::of("ranvier")), Vec::new());
        decoder.push(&bytes, &mut out);
        for event in out {
            match event {
                DeviceEvent::Status(s) => self.status = s,
                DeviceEvent::Stimulus(_) => self.stimuli += 1,
                DeviceEvent::Answer(a) => self.code = a.code,
                DeviceEvent::Started { epoch } => self.epoch = epoch,
                _ => {}
            }
        }
    }

    fn say(&mut self, command: &Command) -> u8 {
        let mut bytes = Vec::new();
        encode_command(command, &mut self.seq, self.epoch, &mut bytes);
        self.send(&bytes)
    }

    fn send(&mut self, bytes: &[u8]) -> u8 {
        self.code = 99;
        self.patient.receive(self.now_ms, bytes);
        self.wait(1.0);
        self.code
    }

    fn arm(&mut self) -> u8 {
        let s = self.status;
        self.say(&Command::StimArm { program: s.program, nonce: s.nonce, current_ua: s.set_ua })
    }

    fn ready(&mut self) -> Program {
        let program = Program { id: 7, current_ua: 5000, width_us: 200, count: 1, ..Program::default() };
        self.say(&Command::StimDisarm);
        assert_eq!((self.say(&Command::StimSet(program)), self.status.interlock), (ack::OK, Interlock::Set));
        assert_eq!((self.arm(), self.status.interlock), (ack::OK, Interlock::Armed));
        program
    }
}

#[test]
fn the_interlock_refuses_what_it_must() {
    let mut bare = Bare::new();
    let fine = Program { id: 1, current_ua: 10_000, width_us: 200, count: 1, ..Program::default() };
    let beyond = [
        Program { current_ua: 10_001, ..fine },
        Program { current_ua: 0, ..fine },
        Program { width_us: 49, ..fine },
        Program { width_us: 1001, ..fine },
        Program { output: 1, ..fine },
        Program { count: 0, ..fine },
        Program { count: 101, period_us: 20_000, ..fine },
        Program { count: 2, period_us: 19_999, ..fine },
        Program { flags: 1, ..fine },
    ];
    for program in beyond {
        assert_eq!((bare.say(&Command::StimSet(program)), bare.status.interlock), (ack::LIMITS, Interlock::Ready), "{program:?}");
    }
    // Up by steps to the greatest; not beyond it, nor beyond the charge of a phase.
    for k in 1..=8 {
        assert_eq!(bare.say(&Command::StimSet(Program { id: k, current_ua: k * 10_000, ..fine })), ack::OK);
    }
    assert_eq!(bare.say(&Command::StimSet(Program { current_ua: 80_001, ..fine })), ack::LIMITS);
    assert_eq!(bare.say(&Command::StimSet(Program { current_ua: 80_000, width_us: 501, ..fine })), ack::LIMITS);
    assert_eq!((bare.status.interlock, bare.status.set_ua), (Interlock::Set, 80_000));
    // Any one of what arms changed.
    for k in 0..3 {
        bare.say(&Command::StimSet(fine));
        let s = bare.status;
        let (program, nonce, current_ua) = (s.program + u32::from(k == 0), s.nonce ^ u64::from(k == 1), s.set_ua + u32::from(k == 2));
        let code = bare.say(&Command::StimArm { program, nonce, current_ua });
        assert_eq!((code, bare.status.interlock, bare.status.disarm_reason), (ack::INTERLOCK, Interlock::Ready, disarm::MISMATCH));
        assert_ne!(bare.status.nonce, s.nonce);
    }
    // Firing without being armed; the same firing twice.
    assert_eq!(bare.say(&Command::StimFire { program: 1, fire: 1 }), ack::INTERLOCK);
    bare.ready();
    assert_eq!(bare.say(&Command::StimFire { program: 7, fire: 1 }), ack::OK);
    bare.wait(100.0);
    assert_eq!(bare.say(&Command::StimFire { program: 7, fire: 1 }), ack::OK);
    bare.wait(100.0);
    assert_eq!(bare.stimuli, 1);
    // One frame twice is done once and answered twice.
    let mut frame = Vec::new();
    encode_command(&Command::StimFire { program: 7, fire: 2 }, &mut bare.seq, bare.epoch, &mut frame);
    assert_eq!(bare.send(&frame), ack::OK);
    bare.wait(50.0);
    assert_eq!(bare.send(&frame), ack::OK);
    bare.wait(50.0);
    assert_eq!((bare.stimuli, bare.status.interlock), (2, Interlock::Armed));
    assert_eq!(bare.say(&Command::Rerequest { sweep: 0, part: 0, count: 1 }), ack::BAD);
}

#[test]
fn every_line_of_what_disarms_disarms() {
    let check = |reason: u8, act: &dyn Fn(&mut Bare)| {
        let mut bare = Bare::new();
        bare.ready();
        bare.wait(100.0);
        act(&mut bare);
        let s = bare.status;
        assert_eq!((s.interlock, s.disarm_reason, s.set_ua), (Interlock::Ready, reason, 0), "{reason}");
        // Steps begin at 0 again.
        bare.patient.act(Act::Contact(true));
        let far = Program { id: 9, current_ua: 12_000, width_us: 200, count: 1, ..Program::default() };
        assert_eq!(bare.say(&Command::StimSet(far)), ack::LIMITS);
        assert_eq!(bare.stimuli, 0);
    };
    check(disarm::HOST, &|b| assert_eq!(b.say(&Command::StimDisarm), ack::OK));
    check(disarm::STOP, &|b| assert_eq!(b.say(&Command::Stop), ack::OK));
    check(disarm::HOST, &|b| assert_eq!(b.say(&Command::Start), ack::OK));
    check(disarm::DTR, &|b| {
        b.patient.hang_up();
        b.wait(1.0);
    });
    check(disarm::HEARTBEAT, &|b| {
        b.wait(380.0);
        assert_eq!(b.status.interlock, Interlock::Armed);
        b.wait(30.0);
    });
    check(disarm::CRC, &|b| {
        b.send(&[0, 3, 16, 147, 5, 0]);
        let mut frame = Vec::new();
        encode_command(&Command::Ping { host_us: 1 }, &mut b.seq, b.epoch, &mut frame);
        let end = frame.len() - 3;
        frame[end] ^= 8;
        b.send(&frame);
    });
    check(disarm::EPOCH, &|b| {
        b.epoch += 1;
        // The answer puts the epoch right again.
        b.say(&Command::StimFire { program: 7, fire: 1 });
    });
    check(disarm::MISMATCH, &|b| assert_eq!(b.say(&Command::StimFire { program: 8, fire: 1 }), ack::INTERLOCK));
    check(disarm::LEAD_OFF, &|b| {
        b.patient.act(Act::Contact(false));
        b.wait(1.0);
    });
    check(disarm::SWITCH, &|b| {
        b.patient.act(Act::Switch(false));
        assert_eq!(b.say(&Command::StimFire { program: 7, fire: 1 }), ack::INTERLOCK);
        for _ in 0..26 {
            b.wait(200.0);
            b.say(&Command::Heartbeat { within_ms: 250 });
        }
    });
    // With heartbeats it stays armed.
    let mut bare = Bare::new();
    bare.ready();
    for _ in 0..20 {
        bare.wait(200.0);
        bare.say(&Command::Heartbeat { within_ms: 250 });
    }
    assert_eq!(bare.status.interlock, Interlock::Armed);
    bare.patient.act(Act::Key(false));
    bare.wait(1.0);
    assert_eq!(bare.status.interlock, Interlock::Off);
    let program = Program { id: 3, current_ua: 100, width_us: 200, count: 1, ..Program::default() };
    assert_eq!(bare.say(&Command::StimSet(program)), ack::INTERLOCK);
}

#[test]
fn a_train_has_its_number_and_times_and_a_marker_comes_back() {
    let mut room = Room::new("healthy", 6);
    room.run(600.0);
    let train = Program { current_ua: 9000, width_us: 100, count: 10, period_us: 333_333, delay_us: 1500, ..Program::default() };
    room.driver.link().unwrap().stimulator().set(train).unwrap();
    room.flush();
    let now_ms = room.now_ms;
    room.driver.link().unwrap().stimulator().arm(now_ms, 9000).unwrap();
    room.flush();
    room.run(20.0);
    let now_ms = room.now_ms;
    room.driver.link().unwrap().stimulator().fire(now_ms).unwrap();
    room.flush();
    room.run(3500.0);
    let stimuli: Vec<_> =
        room.events.iter().filter_map(|e| if let DeviceEvent::Stimulus(s) = e { Some(s.clone()) } else { None }).collect();
    assert_eq!(stimuli.iter().map(|s| (s.train_index, s.train_length)).collect::<Vec<_>>(), (0..10).map(|k| (k, 10)).collect::<Vec<_>>());
    assert!(stimuli.windows(2).all(|w| (w[1].at.ticks() - w[0].at.ticks() - 333.333 * PER_MS).abs() < 0.001));
    assert_eq!(room.driver.link().unwrap().stimulator().stage(), Stage::Armed);
    let mut bytes = Vec::new();
    let mut seq = Numbering::default();
    for command in [
        Command::Marker { code: 5, text: "here".into() },
        Command::Impedance { on: true, hz: 0 },
        Command::TestSignal { shape: 2, hz: 1000, pp_uv: 500 },
    ] {
        encode_command(&command, &mut seq, 1, &mut bytes);
    }
    room.patient.receive(room.now_ms, &bytes);
    room.run(1100.0);
    assert!(room.events.iter().any(|e| matches!(e, DeviceEvent::Mark(m) if m.kind == MarkKind::Marker && m.code == 5 && m.text == "here")));
    assert!(room.events.iter().any(|e| matches!(e, DeviceEvent::Impedance(all) if all.len() == 6)));
    let sine = rms(&room.uv[0][room.uv[0].len() - 9600..]);
    assert!((sine - 250.0 / 2.0_f64.sqrt()).abs() < 3.0, "{sine}");
}

#[test]
fn the_command_line_writes_the_same_recording_twice_and_its_log_replays() {
    let folder = std::env::temp_dir().join(format!("myoscope-patient-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let simulate = |name: &str, more: &[&str]| {
        let path = folder.join(name);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_myoscope"));
        command.args(["simulate", "--seconds", "2", "--out"]).arg(&path).args(more);
        (command.output().unwrap().status.code(), std::fs::read(&path).unwrap_or_default())
    };
    let healthy = ["--condition", "healthy", "--effort", "slight"];
    let (code, log) = simulate("a.myoraw", &healthy);
    assert_eq!((code, &log[..8]), (Some(0), &b"MYORAW1\n"[..]));
    assert_eq!(simulate("b.myoraw", &healthy).1, log);
    assert_ne!(simulate("c.myoraw", &["--condition", "healthy", "--effort", "slight", "--seed", "2"]).1, log);
    let (intake, warnings) = Intake::replay(&SliceSource::from(log.clone())).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let recording = &intake.take.recordings[0];
    assert!((recording.timeline.duration_s() - 2.0).abs() < 0.05 && recording.channels.len() == 2);
    let (code, edf) = simulate("a.edf", &healthy);
    assert!(code == Some(0) && edf.len() > 2 * 48_000 * 2 * 2);
    assert_eq!(simulate("d.edf", &["--condition", "none"]).0, Some(64));
    assert_eq!(simulate("d.xyz", &healthy).0, Some(64));
    assert_eq!(simulate("d.edf", &["--condition", "healthy", "--effort", "much"]).0, Some(64));
    std::fs::remove_dir_all(folder).unwrap();
}

/// `cargo test --release --test patient -- --ignored --nocapture speed`
#[test]
#[ignore = "prints how fast the patient is"]
fn speed() {
    for (id, _) in conditions() {
        let mut patient = Patient::new(id, 1).unwrap();
        let (mut bytes, mut out) = (Vec::new(), Vec::new());
        encode_command(&Command::Start, &mut Numbering::default(), 0, &mut bytes);
        patient.receive(0.0, &bytes);
        patient.act(Act::Needle(NeedleAct::Strong));
        let begun = std::time::Instant::now();
        for k in 1..=2000 {
            out.clear();
            patient.advance(f64::from(k) * 10.0, &mut out);
        }
        let strong_s = begun.elapsed().as_secs_f64();
        let begun = std::time::Instant::now();
        for _ in 0..10 {
            patient.act(Act::MoveNeedle);
        }
        println!("{id}: {:.0} x real time, a new place {:.1} ms", 20.0 / strong_s, begun.elapsed().as_secs_f64() * 100.0);
    }
}
