//! The device: frames when they are due, commands, answers. Time is ticks of its sample clock since
//! the first call.

use std::collections::VecDeque;

use super::condition::Condition;
use super::front_end::{BAND_HZ, FS_HZ, PER_MS, SCALE_UV, TestSignal, group_delay_s};
use super::interlock::{Interlock, LIMITS, Pulse};
use super::nerve::Shock;
use super::{Act, Body};
use crate::device::ranvier::cbor::Value;
use crate::device::ranvier::frame::{Header, MAX_FRAME, Numbering, encode};
use crate::device::ranvier::{
    Command, CommandReader, Encoding, Event, Info, SamplesHead, What, WireChannel, ack, disarm, kind, write_ack, write_channels,
    write_status,
};
use crate::device::{Channel, Interlock as State, MarkKind, Status, flag};
use crate::simulate::random::Random;

/// What the device keeps for a host that does not read, ms; later samples are dropped and counted.
pub const BACKLOG_MS: f64 = 2000.0;
/// The same in bytes, for a host that writes and never reads.
const BACKLOG_BYTES: usize = 1 << 20;
/// Samples of a frame: a millisecond.
const FRAME: usize = 48;
/// STATUS twice a second, impedances once.
const STATUS: f64 = FS_HZ / 2.0;
const IMPEDANCE: f64 = FS_HZ;
/// Latest tick: beyond it time stands still.
const END: f64 = 1e15;
/// Answers that are kept, and for how long a command may be repeated.
const ANSWERS: usize = 4;
const REPEAT: f64 = 2.0 * FS_HZ;
/// Electrodes by number, and their impedances, ohm.
const ELECTRODES: [&str; 6] = ["Needle core", "Needle shaft", "E1", "E2", "Ground", "Stimulator"];
const OHMS: [f64; 6] = [82_000.0, 6_200.0, 4_100.0, 3_800.0, 2_900.0, 3_200.0];
/// Voltage of the stimulator's output at the most.
const COMPLIANCE_V: f64 = 300.0;

struct Answered {
    at: f64,
    header: Header,
    command: Option<Command>,
    payload: Vec<u8>,
}

/// The device.
pub(super) struct Amplifier {
    info: Info,
    channels: Vec<WireChannel>,
    commands: CommandReader,
    numbering: Numbering,
    answers: VecDeque<Answered>,
    interlock: Interlock,
    random: Random,
    origin_ms: Option<f64>,
    now: f64,
    epoch: u16,
    /// Tick of the next sample; none while it is not sending.
    sending: Option<u64>,
    dropped: u32,
    /// Samples were dropped before the next frame.
    overrun: bool,
    status_at: f64,
    impedance: Option<(f64, u16)>,
    test: TestSignal,
    events: u32,
    queue: Vec<u8>,
    payload: Vec<u8>,
}

impl Amplifier {
    pub(super) fn new(condition: &Condition, seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x5af3_107a_4000);
        let channel = |id: u8, label: String, e1: &str, e2: &str| {
            let mut channel = Channel::counts(label, 24, Some(FS_HZ)).microvolts(SCALE_UV, 0.0).band(Some(BAND_HZ.0), Some(BAND_HZ.1));
            channel.noise_uv_rms = Some(0.6);
            channel.group_delay_s = group_delay_s();
            WireChannel { id, channel, e1: e1.into(), e2: e2.into() }
        };
        let channels =
            vec![channel(0, format!("Needle {}", condition.limb.muscle()), "core", "shaft"), channel(1, "Surface".into(), "E1", "E2")];
        let info = Info {
            vendor: "Myoscope".into(),
            model: format!("Simulated patient: {}", condition.name),
            serial: format!("{}-{seed}", condition.id),
            firmware: env!("CARGO_PKG_VERSION").into(),
            clock_hz: Some(FS_HZ),
            clock_ppm: Some(0.0),
            channels: Some(2),
            max_frame: Some(MAX_FRAME as u16),
            stimulator: Some(LIMITS),
            abilities: ["impedance", "test_signal", "marker"].map(str::to_owned).to_vec(),
            electrodes: ELECTRODES.map(str::to_owned).to_vec(),
        };
        let interlock = Interlock::new(Random::new((random.unit() * 9e15) as u64));
        Self {
            info,
            channels,
            commands: CommandReader::default(),
            numbering: Numbering::default(),
            answers: VecDeque::new(),
            interlock,
            random,
            origin_ms: None,
            now: 0.0,
            epoch: 0,
            sending: None,
            dropped: 0,
            overrun: false,
            status_at: STATUS,
            impedance: None,
            test: TestSignal::default(),
            events: 0,
            queue: Vec::new(),
            payload: Vec::new(),
        }
    }

    pub(super) fn drain(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.queue);
    }

    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Key(on) => self.interlock.key(on),
            Act::Switch(held) => self.interlock.hold(self.now, held),
            Act::Contact(contact) => self.interlock.touch(contact),
            _ => {}
        }
        self.report();
    }

    pub(super) fn hang_up(&mut self) {
        self.sending = None;
        self.interlock.disarm(disarm::DTR);
        self.report();
    }

    /// Makes everything that is due.
    pub(super) fn advance(&mut self, now_ms: f64, body: &mut Body) {
        if !now_ms.is_finite() {
            return;
        }
        let origin_ms = *self.origin_ms.get_or_insert(now_ms);
        let target = ((now_ms - origin_ms) * PER_MS).min(END);
        if target <= self.now {
            return;
        }
        let kept = (self.now + BACKLOG_MS * PER_MS).min(target);
        self.run(kept, body);
        if kept < target {
            // The rest of a long pause; armed is nothing by now, without heartbeats.
            if let Some(next) = self.sending {
                let frames = (target as u64).saturating_sub(next) / FRAME as u64;
                self.sending = Some(next + frames * FRAME as u64);
                self.drop_samples(frames * FRAME as u64);
                body.restart();
            }
            let passed = |at: f64, every: f64| at + ((target - at) / every).floor().max(0.0) * every;
            self.status_at = passed(self.status_at, STATUS);
            self.impedance = self.impedance.map(|(at, hz)| (passed(at, IMPEDANCE), hz));
            self.run(target, body);
        }
    }

    fn run(&mut self, target: f64, body: &mut Body) {
        loop {
            let frame = self.sending.map_or(f64::INFINITY, |next| (next + FRAME as u64) as f64);
            let interlock = self.interlock.due().unwrap_or(f64::INFINITY);
            let impedance = self.impedance.map_or(f64::INFINITY, |(at, _)| at);
            let next = interlock.min(frame).min(self.status_at).min(impedance);
            if next > target {
                break;
            }
            self.now = self.now.max(next);
            if interlock == next {
                if let Some(pulse) = self.interlock.happen(next) {
                    self.pulse(&pulse, body);
                }
                self.report();
            } else if frame == next {
                self.frame(body);
            } else if self.status_at == next {
                self.status();
                self.status_at += STATUS;
            } else {
                self.impedances();
            }
        }
        self.now = target;
    }

    fn drop_samples(&mut self, samples: u64) {
        self.dropped = self.dropped.saturating_add(u32::try_from(samples).unwrap_or(u32::MAX));
        self.overrun |= samples > 0;
    }

    /// The next frame of samples.
    fn frame(&mut self, body: &mut Body) {
        let Some(tick) = self.sending else { return };
        self.sending = Some(tick + FRAME as u64);
        let mut values = [0; 2 * FRAME];
        let mut clip_mask = 0;
        body.run(FRAME);
        for (k, sample) in values.chunks_exact_mut(2).enumerate() {
            for (channel, (value, end)) in sample.iter_mut().zip(&mut body.channels).enumerate() {
                let (count, clipped) = end.sample(tick + k as u64, &self.test);
                *value = count;
                clip_mask |= u16::from(clipped) << channel;
            }
        }
        if self.queue.len() > BACKLOG_BYTES {
            return self.drop_samples(FRAME as u64);
        }
        let flags = if std::mem::take(&mut self.overrun) { flag::OVERRUN } else { 0 } | if clip_mask != 0 { flag::CLIPPED } else { 0 };
        let head =
            SamplesHead { stream: 0, encoding: Encoding::S24, channels: 2, samples: FRAME as u8, flags, clip_mask, dropped: self.dropped };
        self.payload.clear();
        head.write(&values, &mut self.payload);
        self.send(kind::SAMPLES, tick);
    }

    fn pulse(&mut self, pulse: &Pulse, body: &mut Body) {
        let Pulse { at, index, program } = *pulse;
        let set_ma = f64::from(program.current_ua) * 1e-3;
        let most_ma = COMPLIANCE_V / OHMS[5] * 1e3;
        // The current source is exact to a few thousandths.
        let delivered_ma = (set_ma * (1.0 + self.random.normal(0.0, 0.0015))).min(most_ma).max(0.0);
        let shock = Shock {
            current_ma: delivered_ma,
            width_ms: f64::from(program.width_us) * 1e-3,
            biphasic: program.flags & 2 != 0,
            reversed: program.flags & 4 != 0,
        };
        // The event says the time in 1/65536 tick, so that is when it happens.
        let at = (at * 65536.0).round() / 65536.0;
        if let Some(next) = self.sending {
            body.shock(at - next as f64, &shock);
        }
        let compliance = u8::from(set_ma > most_ma);
        let train = if program.count > 1 { 8 } else { 0 };
        let what = What::Stimulus {
            set_ua: program.current_ua,
            delivered_ua: Some((delivered_ma * 1e3).round() as u32),
            width_us: program.width_us,
            flags: compliance | (program.flags & 6) | train,
            index,
            length: program.count,
            program: program.id,
        };
        self.event(program.output, at, what);
    }

    fn event(&mut self, source: u8, at: f64, what: What) {
        let id = self.events;
        self.events = self.events.wrapping_add(1);
        let event = Event { source, frac: (at.fract() * 65536.0) as u16, id, what };
        self.payload.clear();
        event.write(&mut self.payload);
        self.send(kind::EVENT, at as u64);
    }

    /// Tells the state where it has changed.
    fn report(&mut self) {
        if std::mem::take(&mut self.interlock.changed) {
            self.status();
        }
    }

    fn status(&mut self) {
        let losses = self.commands.losses();
        let i = &self.interlock;
        let status = Status {
            fifo: 0.0,
            dropped: self.dropped,
            usb_errors: 0,
            host_crc_errors: u16::try_from(losses.crc_failures).unwrap_or(u16::MAX),
            interlock: i.state,
            disarm_reason: i.reason,
            streaming: self.sending.is_some(),
            dead_man: i.held,
            lead_off: !i.contact,
            temperature_c: Some(32.8),
            battery: None,
            nonce: i.nonce,
            program: i.program.id,
            set_ua: i.program.current_ua,
        };
        self.payload.clear();
        write_status(&status, &mut self.payload);
        self.send(kind::STATUS, self.now as u64);
    }

    fn impedances(&mut self) {
        let Some((at, hz)) = self.impedance else { return };
        self.impedance = Some((at + IMPEDANCE, hz));
        self.payload.clear();
        for (electrode, ohm) in OHMS.iter().enumerate() {
            let off = electrode == 5 && !self.interlock.contact;
            let ohm = if off { 0 } else { (ohm * self.random.normal(1.0, 0.01)).clamp(1.0, 1e9) as u32 };
            self.payload.extend([electrode as u8, if off { 2 } else { 1 }]);
            self.payload.extend(ohm.to_le_bytes());
            self.payload.extend(hz.to_le_bytes());
        }
        self.send(kind::IMPEDANCE, self.now as u64);
    }

    /// Sends the payload that was made.
    fn send(&mut self, frame_kind: u8, tick: u64) {
        if self.queue.len() < 2 * BACKLOG_BYTES {
            let header = Header { kind: frame_kind, seq: self.numbering.take(), epoch: self.epoch, tick };
            encode(header, &self.payload, &mut self.queue);
        }
    }

    pub(super) fn receive(&mut self, now_ms: f64, bytes: &[u8], body: &mut Body) {
        self.advance(now_ms, body);
        let bad = |reader: &CommandReader| reader.losses().crc_failures + reader.losses().skipped_bytes;
        let before = bad(&self.commands);
        let mut commands = Vec::new();
        self.commands.push(bytes, &mut commands);
        let damaged = bad(&self.commands) != before;
        if damaged {
            self.interlock.damaged();
        }
        for (header, command) in commands {
            self.command(header, command, body);
        }
        // Among these bytes, before or behind what armed it: not asked which.
        if damaged {
            self.interlock.damaged();
        }
        self.report();
    }

    fn command(&mut self, header: Header, command: Option<Command>, body: &mut Body) {
        let tick = self.now as u64;
        self.payload.clear();
        match command {
            Some(Command::Identify) => {
                self.info.write(&mut self.payload);
                return self.send(kind::INFO, tick);
            }
            Some(Command::GetChannels) => {
                write_channels(&self.channels, &mut self.payload);
                return self.send(kind::CHANNELS, tick);
            }
            Some(Command::Heartbeat { .. }) => {
                if header.epoch == self.epoch {
                    self.interlock.heartbeat(self.now);
                } else {
                    self.interlock.stale();
                    self.report();
                }
                return;
            }
            _ => {}
        }
        let same = |a: &&Answered| a.header == header && a.command == command && self.now - a.at < REPEAT;
        if let Some(known) = self.answers.iter().find(same) {
            self.payload.clone_from(&known.payload);
            return self.send(kind::ACK, tick);
        }
        let (code, detail) = match &command {
            Some(command) => self.perform(header, command, body),
            None => (ack::BAD, Vec::new()),
        };
        self.payload.clear();
        write_ack(header.seq, code, &detail, &mut self.payload);
        if self.answers.len() >= ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back(Answered { at: self.now, header, command, payload: self.payload.clone() });
        self.send(kind::ACK, tick);
        self.report();
    }

    /// Does a command; its code and what else the answer says.
    fn perform(&mut self, header: Header, command: &Command, body: &mut Body) -> (u8, Vec<(&'static str, Value)>) {
        let now = self.now;
        let stale = (kind::STIM_SET..=kind::STIM_FIRE).contains(&header.kind) && header.epoch != self.epoch;
        if stale {
            return (self.interlock.stale(), vec![("why", "another epoch".into())]);
        }
        let plain = |code: u8| (code, Vec::new());
        match command {
            Command::Start => {
                self.interlock.disarm(disarm::HOST);
                self.numbering.restart();
                self.epoch = self.epoch.checked_add(1).unwrap_or(1);
                let start = now.ceil() as u64;
                self.sending = Some(start);
                (self.dropped, self.overrun, self.events) = (0, false, 0);
                body.restart();
                (ack::OK, vec![("start", Value::Int(start as i64))])
            }
            Command::Stop => {
                self.sending = None;
                self.interlock.disarm(disarm::STOP);
                plain(ack::OK)
            }
            Command::Ping { .. } => plain(ack::OK),
            Command::Marker { code, text } => {
                self.event(0, now, What::Mark { kind: MarkKind::Marker, code: *code, text: text.clone() });
                plain(ack::OK)
            }
            Command::Impedance { on, hz } => {
                // From the next tick on, then once a second.
                self.impedance = on.then_some((now.floor() + 1.0, if *hz == 0 { 1000 } else { *hz }));
                plain(ack::OK)
            }
            Command::TestSignal { shape, hz, pp_uv } => {
                let wave = matches!(shape, 1 | 2);
                if *shape > 3 {
                    return plain(ack::BAD);
                }
                if wave && (*hz == 0 || f64::from(*hz) > BAND_HZ.1 || *pp_uv > 300_000) {
                    return plain(ack::LIMITS);
                }
                self.test = TestSignal { shape: *shape, hz: f64::from(*hz), pp_uv: f64::from(*pp_uv) };
                plain(ack::OK)
            }
            Command::Configure(_) if self.sending.is_some() => plain(ack::BUSY),
            Command::Configure(_) => (ack::BAD, vec![("why", "the channels are fixed".into())]),
            Command::StimSet(program) => match self.interlock.set(*program) {
                ack::OK => (ack::OK, program.detail()),
                code => plain(code),
            },
            Command::StimArm { program, nonce, current_ua } => plain(self.interlock.arm(now, *program, *nonce, *current_ua)),
            Command::StimFire { program, fire } => plain(self.interlock.fire(now, *program, *fire)),
            Command::StimDisarm => {
                if self.interlock.state == State::Off || self.interlock.state == State::Fault {
                    return plain(ack::INTERLOCK);
                }
                self.interlock.disarm(disarm::HOST);
                plain(ack::OK)
            }
            _ => (ack::BAD, vec![("why", "no such ability".into())]),
        }
    }
}
