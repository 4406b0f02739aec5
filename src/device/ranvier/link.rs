//! The host's end of the open protocol: commands with answers, the device's clock, sweeps asked for
//! again, and the stimulator's heartbeat. No clock and no port: times come in, bytes go out.
//!
//! One command is under way at a time; without an answer the same frame is written again (the device
//! answers a number that it knows with the answer that it gave). PING and HEARTBEAT expect none.
//!
//! Time: an answered PING says that the device's tick lay between question and answer. The one with
//! the shortest way of the last sixteen is the best; half its way is its error (Cristian, Distributed
//! Computing 1989;3:146; the same choice as in NTP's clock filter, RFC 5905 section 10).

use std::collections::VecDeque;

use super::cbor::Value;
use super::message::ack;
use super::{Command, RanvierDecoder, encode_command, frame::Numbering};
use crate::device::driver::Turn;
use crate::device::{Answer, ClockFit, Decoder, DeviceEvent, Losses};

#[cfg(feature = "stimulator")]
use crate::device::stimulator::Stimulator;

const ANSWER_MS: f64 = 300.0;
const TRIES: u8 = 4;
const PING_MS: f64 = 1000.0;
const PINGS: usize = 16;
const MISSING_MS: f64 = 250.0;
/// Commands that may wait.
const MAX_WAITING: usize = 64;

/// A tick and when it was, by the caller's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeMap {
    /// Tick, free-running as in headers.
    pub tick: u64,
    /// When that was.
    pub at_ms: f64,
    /// At most this far off.
    pub error_ms: f64,
}

#[derive(Clone)]
struct Pending {
    seq: u16,
    bytes: Vec<u8>,
    tries: u8,
    due_ms: f64,
    command: Command,
}

/// What the start waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Info,
    Channels,
    Start,
    Running,
}

/// The host's end of one device.
#[derive(Clone)]
pub struct Link {
    decoder: RanvierDecoder,
    numbering: Numbering,
    stage: Stage,
    pending: Option<Pending>,
    waiting: VecDeque<Command>,
    pings: VecDeque<TimeMap>,
    ping: Option<(u16, f64)>,
    next_ping_ms: f64,
    clock: ClockFit,
    missing: Vec<(u32, u16)>,
    next_missing_ms: f64,
    failure: Option<String>,
    #[cfg(feature = "stimulator")]
    stimulator: Stimulator,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            decoder: RanvierDecoder::new(),
            numbering: Numbering::default(),
            stage: Stage::Idle,
            pending: None,
            waiting: VecDeque::new(),
            pings: VecDeque::new(),
            ping: None,
            next_ping_ms: f64::INFINITY,
            clock: ClockFit::default(),
            missing: Vec::new(),
            next_missing_ms: f64::INFINITY,
            failure: None,
            #[cfg(feature = "stimulator")]
            stimulator: Stimulator::default(),
        }
    }
}

impl Link {
    /// What was lost.
    pub fn losses(&self) -> Losses {
        self.decoder.losses()
    }

    /// The last command that was not answered, in a sentence.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The best known pair of tick and time.
    pub fn time(&self) -> Option<TimeMap> {
        self.pings.iter().copied().min_by(|a, b| a.error_ms.total_cmp(&b.error_ms))
    }

    /// When a tick since the start was or will be, by the caller's clock. For sound and pictures only:
    /// latencies are differences of ticks.
    pub fn ms_of(&self, ticks_since_start: f64) -> Option<f64> {
        let (map, origin) = (self.time()?, self.decoder.origin()?);
        let nominal = self.decoder.info().clock_hz?;
        // The measured rate where the clock was watched long enough to be better than the crystal.
        let hz = self.clock.rate_hz().filter(|hz| (hz / nominal - 1.0).abs() < 1e-3).unwrap_or(nominal);
        let since = origin.wrapping_sub(map.tick) as i64 as f64 + ticks_since_start;
        Some(map.at_ms + since / hz * 1000.0)
    }

    /// How much faster than stated the device's clock runs against the caller's, in millionths.
    pub fn drift_ppm(&self) -> Option<f64> {
        self.clock.drift_ppm(self.decoder.info().clock_hz?)
    }

    /// The host's side of the interlock.
    #[cfg(feature = "stimulator")]
    pub fn stimulator(&mut self) -> &mut Stimulator {
        &mut self.stimulator
    }

    /// When `tick` is due.
    pub fn deadline(&self) -> Option<f64> {
        let mut due = self.next_ping_ms.min(self.next_missing_ms);
        due = self.pending.as_ref().map_or(due, |p| p.due_ms.min(due));
        #[cfg(feature = "stimulator")]
        let due = self.stimulator.deadline().map_or(due, |d| d.min(due));
        due.is_finite().then_some(due)
    }

    /// Asks the device who it is, then starts it.
    pub fn start(&mut self, now_ms: f64, turn: &mut Turn) {
        self.stage = Stage::Info;
        self.failure = None;
        // A 00 ends whatever an earlier program left half written.
        turn.write.push(0);
        self.command(now_ms, Command::Identify, turn);
    }

    /// Stops it; a stimulator is disarmed first.
    pub fn stop(&mut self, now_ms: f64, turn: &mut Turn) {
        self.stage = Stage::Idle;
        (self.next_ping_ms, self.next_missing_ms) = (f64::INFINITY, f64::INFINITY);
        #[cfg(feature = "stimulator")]
        {
            self.stimulator.disarm(now_ms, "the recording was stopped");
            self.serve_stimulator(now_ms, turn);
        }
        self.waiting.clear();
        self.pending = None;
        self.command(now_ms, Command::Stop, turn);
    }

    /// Sends a command, now or when those before it are answered. Its [`DeviceEvent::Answer`] comes
    /// among the events; one that does not come at all stands in [`Link::failure`]. Commands of the
    /// stimulator are not taken: they go through `stimulator`.
    pub fn command(&mut self, now_ms: f64, command: Command, turn: &mut Turn) {
        if command.kind() & 0xf0 == 0x90 && !matches!(command, Command::Marker { .. }) {
            return;
        }
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(command);
        }
        self.send_next(now_ms, turn);
    }

    fn send_next(&mut self, now_ms: f64, turn: &mut Turn) {
        if self.pending.is_some() {
            return;
        }
        let Some(command) = self.waiting.pop_front() else { return };
        let mut bytes = Vec::new();
        let seq = encode_command(&command, &mut self.numbering, self.decoder.epoch(), &mut bytes);
        turn.write.extend_from_slice(&bytes);
        self.pending = Some(Pending { seq, bytes, tries: 1, due_ms: now_ms + ANSWER_MS, command });
    }

    /// Bytes came.
    pub fn bytes(&mut self, now_ms: f64, bytes: &[u8], turn: &mut Turn) {
        let from = turn.events.len();
        self.decoder.push(bytes, &mut turn.events);
        for at in from..turn.events.len() {
            let Some(event) = turn.events.get(at) else { break };
            #[cfg(feature = "stimulator")]
            self.stimulator.event(now_ms, event, self.decoder.info().stimulator);
            if let DeviceEvent::Answer(answer) = event {
                let answer = answer.clone();
                self.answered(now_ms, &answer, turn);
            }
        }
        self.progress(now_ms, turn);
        #[cfg(feature = "stimulator")]
        self.serve_stimulator(now_ms, turn);
    }

    fn answered(&mut self, now_ms: f64, answer: &Answer, turn: &mut Turn) {
        if let Some((_, sent_ms)) = self.ping.take_if(|(seq, _)| *seq == answer.command) {
            let way_ms = (now_ms - sent_ms).max(0.0);
            let map = TimeMap { tick: answer.tick, at_ms: sent_ms + way_ms / 2.0, error_ms: way_ms / 2.0 };
            if self.pings.len() >= PINGS {
                self.pings.pop_front();
            }
            self.pings.push_back(map);
            self.clock.push(map.at_ms, map.tick as f64);
        }
        if self.pending.as_ref().is_some_and(|p| p.seq == answer.command) {
            let starting = self.pending.take().is_some_and(|p| p.command == Command::Start);
            if starting && answer.code == ack::OK && self.stage == Stage::Start {
                self.run(now_ms);
            } else if starting && answer.code != ack::OK {
                let detail = Value::read(&answer.detail).map(|v| v.text("why")).unwrap_or_default();
                self.failure = Some(format!("The device refused to start (code {}). {detail}", answer.code));
            }
            self.send_next(now_ms, turn);
        }
    }

    fn run(&mut self, now_ms: f64) {
        self.stage = Stage::Running;
        self.next_ping_ms = now_ms;
        self.next_missing_ms = now_ms + MISSING_MS;
    }

    /// INFO and CHANNELS are answers themselves; samples answer START.
    fn progress(&mut self, now_ms: f64, turn: &mut Turn) {
        let is_pending = |link: &Self, command: &Command| link.pending.as_ref().is_some_and(|p| p.command == *command);
        if self.stage == Stage::Info && self.decoder.has_info() {
            if is_pending(self, &Command::Identify) {
                self.pending = None;
            }
            self.stage = Stage::Channels;
            self.command(now_ms, Command::GetChannels, turn);
        }
        if self.stage == Stage::Channels && self.decoder.has_channels() {
            if is_pending(self, &Command::GetChannels) {
                self.pending = None;
            }
            self.stage = Stage::Start;
            self.command(now_ms, Command::Start, turn);
        }
        if self.stage == Stage::Start && self.decoder.origin().is_some() && turn.events.iter().any(|e| matches!(e, DeviceEvent::Block(_))) {
            if is_pending(self, &Command::Start) {
                self.pending = None;
            }
            self.run(now_ms);
            self.send_next(now_ms, turn);
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now_ms: f64, turn: &mut Turn) {
        if let Some(pending) = self.pending.as_mut().filter(|p| now_ms >= p.due_ms) {
            if pending.tries < TRIES {
                pending.tries += 1;
                pending.due_ms = now_ms + ANSWER_MS;
                turn.write.extend_from_slice(&pending.bytes);
            } else {
                self.unanswered(now_ms, turn);
            }
        }
        if now_ms >= self.next_ping_ms {
            self.next_ping_ms = now_ms + PING_MS;
            let host_us = if now_ms > 0.0 { (now_ms * 1000.0) as u64 } else { 0 };
            let seq = encode_command(&Command::Ping { host_us }, &mut self.numbering, self.decoder.epoch(), &mut turn.write);
            self.ping = Some((seq, now_ms));
        }
        if now_ms >= self.next_missing_ms {
            self.next_missing_ms = now_ms + MISSING_MS;
            self.ask_again(now_ms, turn);
        }
        #[cfg(feature = "stimulator")]
        {
            self.stimulator.tick(now_ms);
            self.serve_stimulator(now_ms, turn);
        }
    }

    fn unanswered(&mut self, now_ms: f64, turn: &mut Turn) {
        let command = self.pending.take().map(|p| p.command);
        match command {
            // A device that does not describe its channels still sends: they are counts then.
            Some(Command::GetChannels) if self.stage == Stage::Channels => {
                self.stage = Stage::Start;
                self.command(now_ms, Command::Start, turn);
            }
            Some(command) => {
                self.failure =
                    Some(format!("The device did not answer ({:02x}): check its cable, unplug it and plug it in again.", command.kind()));
            }
            None => {}
        }
        self.send_next(now_ms, turn);
    }

    /// Asks for parts that are missing now and were a moment ago: those on their way are left to come.
    fn ask_again(&mut self, now_ms: f64, turn: &mut Turn) {
        let mut missing = Vec::new();
        self.decoder.missing_parts(&mut missing);
        let still: Vec<(u32, u16)> = missing.iter().copied().filter(|m| self.missing.contains(m)).collect();
        self.missing = missing;
        let mut at = 0;
        while let Some(&(sweep, part)) = still.get(at) {
            let run = still[at..].iter().zip(0u16..).take_while(|(m, k)| m.0 == sweep && Some(m.1) == part.checked_add(*k)).count();
            self.command(now_ms, Command::Rerequest { sweep, part, count: run as u16 }, turn);
            at += run.max(1);
        }
    }

    /// Commands of the stimulator go out at once, past those that wait, and are not repeated: what is
    /// not answered in time disarms.
    #[cfg(feature = "stimulator")]
    fn serve_stimulator(&mut self, now_ms: f64, turn: &mut Turn) {
        while let Some(command) = self.stimulator.next_command() {
            let seq = encode_command(&command, &mut self.numbering, self.decoder.epoch(), &mut turn.write);
            self.stimulator.sent(now_ms, seq, &command);
        }
    }

    /// Writes what the stimulator wants now: to be called after each use of `stimulator`.
    #[cfg(feature = "stimulator")]
    pub fn flush_stimulator(&mut self, now_ms: f64, turn: &mut Turn) {
        self.serve_stimulator(now_ms, turn);
    }
}
