//! The device's side of the stimulator's interlock: `docs/device-protocol.md`, section 8. Limits are
//! refused, never clamped; anything of 8.5 sets the current to 0. Times are ticks with parts.

use super::front_end::FS_HZ;
use crate::device::ranvier::{Program, ack, disarm};
use crate::device::{Interlock as State, StimulatorLimits};
use crate::simulate::random::Random;

/// What the stimulator can do.
pub(super) const LIMITS: StimulatorLimits = StimulatorLimits {
    outputs: 1,
    max_ua: 80_000,
    min_width_us: 50,
    max_width_us: 1000,
    max_charge_nc: 40_000,
    max_rate_hz: 50.0,
    max_step_ua: 10_000,
    max_count: 100,
};
/// Without a heartbeat for so long it disarms, ticks.
const HEARTBEAT: f64 = 0.5 * FS_HZ;
/// So long may the switch be let go, ticks.
const SWITCH: f64 = 5.0 * FS_HZ;
/// Biphasic, reversed.
const KNOWN_FLAGS: u8 = 2 | 4;
/// From FIRE to the pulse at the least, ticks.
const RESPONSE: f64 = 9.6;

/// A stimulus that is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pulse {
    pub at: f64,
    pub index: u16,
    pub program: Program,
}

/// The state machine.
pub(super) struct Interlock {
    pub state: State,
    pub reason: u8,
    pub nonce: u64,
    pub program: Program,
    pub held: bool,
    pub contact: bool,
    /// The state changed since it was last reported.
    pub changed: bool,
    reached_ua: u32,
    beat: f64,
    let_go: f64,
    fired: Option<u32>,
    /// First stimulus of the train, and how many were given.
    train: (f64, u16),
    /// The last stimulus: the next one may come only after the shortest period.
    last: f64,
    random: Random,
}

impl Interlock {
    pub(super) fn new(random: Random) -> Self {
        let mut interlock = Self {
            state: State::Ready,
            reason: disarm::NONE,
            nonce: 0,
            program: Program::default(),
            held: true,
            contact: true,
            changed: false,
            reached_ua: 0,
            beat: 0.0,
            let_go: 0.0,
            fired: None,
            train: (0.0, 0),
            last: f64::NEG_INFINITY,
            random,
        };
        interlock.renew();
        interlock
    }

    fn renew(&mut self) {
        let mut half = || (self.random.unit() * (1_u64 << 32) as f64) as u64;
        self.nonce = (half() << 32) | half();
    }

    fn live(&self) -> bool {
        matches!(self.state, State::Armed | State::Firing)
    }

    /// Current to 0, steps from 0 again.
    pub(super) fn disarm(&mut self, reason: u8) {
        if matches!(self.state, State::Off | State::Fault) {
            return;
        }
        (self.state, self.reason, self.program) = (State::Ready, reason, Program::default());
        (self.reached_ua, self.fired, self.changed) = (0, None, true);
        self.renew();
    }

    /// A frame from the host was damaged.
    pub(super) fn damaged(&mut self) {
        if self.live() {
            self.disarm(disarm::CRC);
        }
    }

    /// The key on the device.
    pub(super) fn key(&mut self, on: bool) {
        self.disarm(disarm::SWITCH);
        self.state = if on { State::Ready } else { State::Off };
        self.changed = true;
    }

    /// The dead-man switch.
    pub(super) fn hold(&mut self, now: f64, held: bool) {
        if self.held && !held {
            self.let_go = now;
            // It is in series with the current: the train is over.
            if self.state == State::Firing {
                (self.state, self.changed) = (State::Armed, true);
            }
        }
        self.held = held;
    }

    /// The stimulating electrodes.
    pub(super) fn touch(&mut self, contact: bool) {
        self.contact = contact;
        if !contact && self.state != State::Ready {
            self.disarm(disarm::LEAD_OFF);
        }
    }

    /// A heartbeat.
    pub(super) fn heartbeat(&mut self, now: f64) {
        self.beat = now;
    }

    /// A command of another epoch than the current one: what is set is not any more.
    pub(super) fn stale(&mut self) -> u8 {
        if matches!(self.state, State::Set | State::Armed | State::Firing) {
            self.disarm(disarm::EPOCH);
        }
        ack::INTERLOCK
    }

    pub(super) fn set(&mut self, program: Program) -> u8 {
        if !matches!(self.state, State::Ready | State::Set | State::Armed | State::Firing) || !self.contact {
            return ack::INTERLOCK;
        }
        if !fits(&program) || program.current_ua > self.reached_ua.saturating_add(LIMITS.max_step_ua) {
            return ack::LIMITS;
        }
        (self.state, self.program, self.reached_ua) = (State::Set, program, program.current_ua);
        (self.fired, self.changed) = (None, true);
        self.renew();
        ack::OK
    }

    pub(super) fn arm(&mut self, now: f64, program: u32, nonce: u64, current_ua: u32) -> u8 {
        if self.state == State::Ready || self.state == State::Off || self.state == State::Fault {
            return ack::INTERLOCK;
        }
        if (program, nonce, current_ua) != (self.program.id, self.nonce, self.program.current_ua) {
            self.disarm(disarm::MISMATCH);
            return ack::INTERLOCK;
        }
        if self.state != State::Set {
            return ack::INTERLOCK;
        }
        (self.state, self.beat, self.changed) = (State::Armed, now, true);
        self.let_go = now;
        ack::OK
    }

    pub(super) fn fire(&mut self, now: f64, program: u32, fire: u32) -> u8 {
        if !self.live() {
            if self.state == State::Set && program != self.program.id {
                self.disarm(disarm::MISMATCH);
            }
            return ack::INTERLOCK;
        }
        if program != self.program.id {
            self.disarm(disarm::MISMATCH);
            return ack::INTERLOCK;
        }
        if self.fired == Some(fire) {
            return ack::OK;
        }
        if self.state == State::Firing || !self.held {
            return ack::INTERLOCK;
        }
        let first = now + RESPONSE + f64::from(self.program.delay_us) * FS_HZ * 1e-6;
        if first < self.last + FS_HZ / LIMITS.max_rate_hz {
            return ack::LIMITS;
        }
        (self.state, self.fired, self.changed) = (State::Firing, Some(fire), true);
        self.train = (first, 0);
        ack::OK
    }

    /// When something happens by itself.
    pub(super) fn due(&self) -> Option<f64> {
        if !self.live() {
            return None;
        }
        let mut due = self.beat + HEARTBEAT;
        if !self.held {
            due = due.min(self.let_go + SWITCH);
        }
        if self.state == State::Firing {
            due = due.min(self.next_pulse());
        }
        Some(due)
    }

    fn next_pulse(&self) -> f64 {
        self.train.0 + f64::from(self.train.1) * f64::from(self.program.period_us) * FS_HZ * 1e-6
    }

    /// Does what is due at a time; a stimulus where one is given.
    pub(super) fn happen(&mut self, now: f64) -> Option<Pulse> {
        if !self.live() {
            return None;
        }
        if now >= self.beat + HEARTBEAT {
            self.disarm(disarm::HEARTBEAT);
        } else if !self.held && now >= self.let_go + SWITCH {
            self.disarm(disarm::SWITCH);
        } else if self.state == State::Firing && now >= self.next_pulse() {
            let pulse = Pulse { at: self.next_pulse(), index: self.train.1, program: self.program };
            self.train.1 += 1;
            self.last = pulse.at;
            if self.train.1 >= self.program.count {
                (self.state, self.changed) = (State::Armed, true);
            }
            return Some(pulse);
        }
        None
    }
}

/// Whether a program is a stimulus within every limit.
fn fits(p: &Program) -> bool {
    let phases: u32 = if p.flags & 2 == 0 { 1 } else { 2 };
    let charge = u64::from(p.current_ua) * u64::from(p.width_us) <= u64::from(LIMITS.max_charge_nc) * 1000;
    let train = p.count == 1 || (f64::from(p.period_us) * LIMITS.max_rate_hz >= 1e6 && p.period_us > phases * u32::from(p.width_us));
    (1..=LIMITS.max_ua).contains(&p.current_ua)
        && (LIMITS.min_width_us..=LIMITS.max_width_us).contains(&p.width_us)
        && charge
        && p.output < LIMITS.outputs
        && p.flags & !KNOWN_FLAGS == 0
        && (1..=LIMITS.max_count).contains(&p.count)
        && train
}
