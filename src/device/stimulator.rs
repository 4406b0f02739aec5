//! The host's side of a stimulator's interlock. The device is the safety layer; this side adds that a
//! mistake of the program or of the line ends in "disarmed", never in a stimulus.
//!
//! ```text
//! Idle -> set -> Setting -> (ACK repeats every value) -> Set
//! Set -> arm (the current typed again, nonce of a fresh STATUS) -> Arming -> (ACK) -> Armed
//! Armed: HEARTBEAT every 150 ms; fire; anything unexpected -> DISARM -> Idle
//! ```
//!
//! Unexpected is: an ACK that refuses, repeats other values, or does not come in 300 ms; a STATUS that
//! is not armed, or none for 1.2 s; lead-off; a new start of the device; a stimulus that was not fired
//! or is another than was set; a heartbeat that is late because the program stood still. Settings beyond
//! the device's stated limits, or too great a step, are refused before anything is written. Settings
//! that are absurd (zero width, zero current) are refused too.

use std::collections::VecDeque;

use super::ranvier::{Command, Program, ack};
use super::{Answer, DeviceEvent, Interlock, Status, StimulatorLimits};

/// From one heartbeat to the next; the device disarms after 500 ms without.
const HEARTBEAT_MS: f64 = 150.0;
/// A heartbeat that comes later than this is not sent any more.
const LATE_MS: f64 = 250.0;
const ANSWER_MS: f64 = 300.0;
/// STATUS comes twice a second.
const STATUS_MS: f64 = 1200.0;
/// A biphasic pulse; reversed polarity.
const KNOWN_FLAGS: u8 = 2 | 4;

/// Where the interlock is, as this side sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is set.
    Idle,
    /// A program was sent.
    Setting,
    /// The device understood the program.
    Set,
    /// Arming was asked for.
    Arming,
    /// Stimuli may be given.
    Armed,
}

/// The interlock.
#[derive(Clone, Default)]
pub struct Stimulator {
    limits: Option<StimulatorLimits>,
    stage: Option<Stage>,
    program: Program,
    next_id: u32,
    next_fire: u32,
    /// Current of the last program that the device took since it was last disarmed.
    reached_ua: u32,
    status: Option<(Status, f64)>,
    awaited: Option<(u16, f64)>,
    /// When it was disarmed last.
    disarmed_ms: Option<f64>,
    heartbeat_ms: f64,
    /// Stimuli that firing has permitted and that have not come yet.
    permitted: u32,
    out: VecDeque<Command>,
    why: String,
}

impl Stimulator {
    /// Where the interlock is.
    pub fn stage(&self) -> Stage {
        self.stage.unwrap_or(Stage::Idle)
    }

    /// Why it was last disarmed; empty before.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// The device's limits; none where it has no stimulator or does not state them all.
    pub fn limits(&self) -> Option<StimulatorLimits> {
        self.limits
    }

    /// The program that is set, being set or armed.
    pub fn program(&self) -> Option<Program> {
        (self.stage() != Stage::Idle).then_some(self.program)
    }

    /// Sets a program (its number is given here). Refused, with the reason in a sentence and nothing
    /// written, where it is beyond a limit. What was armed is not armed any more.
    pub fn set(&mut self, mut program: Program) -> Result<(), String> {
        let limits = self.limits.ok_or("The device states no limits of a stimulator: it is not driven.")?;
        self.ready()?;
        check(&program, &limits)?;
        let allowed = self.reached_ua.saturating_add(limits.max_step_ua);
        if program.current_ua > allowed {
            return Err(format!(
                "From {} mA the current rises by at most {} mA at once.",
                f64::from(self.reached_ua) / 1000.0,
                f64::from(limits.max_step_ua) / 1000.0
            ));
        }
        self.next_id = self.next_id.wrapping_add(1).max(1);
        program.id = self.next_id;
        self.program = program;
        self.stage = Some(Stage::Setting);
        self.permitted = 0;
        self.out.push_back(Command::StimSet(program));
        Ok(())
    }

    /// Arms the program that is set. The current is repeated by who arms, not read from here.
    pub fn arm(&mut self, now_ms: f64, repeated_ua: u32) -> Result<(), String> {
        self.ready()?;
        if self.stage() != Stage::Set {
            return Err("Set a current first.".into());
        }
        if repeated_ua != self.program.current_ua {
            self.disarm(now_ms, "the repeated current is another than the set one");
            return Err("The repeated current is another than the set one.".into());
        }
        let status = self.fresh_status(now_ms).ok_or("The device does not report its state: it cannot be armed.")?;
        if status.interlock != Interlock::Set || status.program != self.program.id || status.set_ua != self.program.current_ua {
            return Err("The device does not report this program as set yet.".into());
        }
        self.stage = Some(Stage::Arming);
        self.out.push_back(Command::StimArm { program: self.program.id, nonce: status.nonce, current_ua: repeated_ua });
        Ok(())
    }

    /// Gives the program's stimuli once.
    pub fn fire(&mut self, now_ms: f64) -> Result<(), String> {
        if self.stage() != Stage::Armed {
            return Err("The stimulator is not armed.".into());
        }
        let status = self.fresh_status(now_ms).ok_or("The device does not report its state.")?;
        if !status.dead_man {
            return Err("Hold the switch of the stimulator.".into());
        }
        if self.awaited.is_some() || self.permitted > 0 {
            return Err("The last stimulus is still under way.".into());
        }
        self.next_fire = self.next_fire.wrapping_add(1).max(1);
        self.permitted = u32::from(self.program.count);
        self.out.push_back(Command::StimFire { program: self.program.id, fire: self.next_fire });
        Ok(())
    }

    /// Disarms, whatever the state. What waits to be written is dropped.
    pub fn disarm(&mut self, now_ms: f64, why: &str) {
        self.out.clear();
        if self.stage() != Stage::Idle {
            self.why = why.to_owned();
            self.disarmed_ms = Some(now_ms);
            self.out.push_back(Command::StimDisarm);
        }
        self.stage = None;
        self.awaited = None;
        self.permitted = 0;
        // The device begins at 0 again, and so must the steps.
        self.reached_ua = 0;
    }

    /// What the device says. `limits` are those of its INFO.
    pub fn event(&mut self, now_ms: f64, event: &DeviceEvent, limits: Option<StimulatorLimits>) {
        self.limits = limits;
        match event {
            DeviceEvent::Status(status) => self.reported(now_ms, *status),
            DeviceEvent::Answer(answer) => self.answered(now_ms, answer),
            DeviceEvent::Started { .. } => self.disarm(now_ms, "the device started anew"),
            DeviceEvent::Stimulus(s) => {
                let ours = self.stage() == Stage::Armed && s.program == self.program.id && s.set_ua == self.program.current_ua;
                match self.permitted.checked_sub(1).filter(|_| ours) {
                    Some(left) => self.permitted = left,
                    None => {
                        // Said even where this side believes that nothing is armed.
                        self.stage = Some(Stage::Armed);
                        self.disarm(now_ms, "a stimulus came that was not asked for");
                    }
                }
            }
            _ => {}
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now_ms: f64) {
        if self.stage() == Stage::Idle {
            return;
        }
        if now_ms.is_nan() || self.awaited.is_some_and(|(_, due)| now_ms >= due) {
            return self.disarm(now_ms, "the device did not answer in time");
        }
        if matches!(self.stage(), Stage::Armed | Stage::Arming) {
            if self.fresh_status(now_ms).is_none() {
                return self.disarm(now_ms, "the device stopped reporting its state");
            }
            if self.stage() == Stage::Armed && now_ms - self.heartbeat_ms >= LATE_MS {
                return self.disarm(now_ms, "the program stood still");
            }
            if self.stage() == Stage::Armed && now_ms - self.heartbeat_ms >= HEARTBEAT_MS {
                self.beat(now_ms);
            }
        }
    }

    /// When `tick` is due; none while nothing is set.
    pub fn deadline(&self) -> Option<f64> {
        let answer = self.awaited.map(|(_, due)| due);
        let beat = (self.stage() == Stage::Armed).then_some(self.heartbeat_ms + HEARTBEAT_MS);
        match (answer, beat) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// The next command to write.
    pub(super) fn next_command(&mut self) -> Option<Command> {
        self.out.pop_front()
    }

    /// A command was written with this number.
    pub(super) fn sent(&mut self, now_ms: f64, seq: u16, command: &Command) {
        if matches!(command, Command::StimSet(_) | Command::StimArm { .. } | Command::StimFire { .. }) {
            self.awaited = Some((seq, now_ms + ANSWER_MS));
        }
    }

    fn beat(&mut self, now_ms: f64) {
        self.heartbeat_ms = now_ms;
        self.out.push_back(Command::Heartbeat { within_ms: LATE_MS as u32 });
    }

    fn fresh_status(&self, now_ms: f64) -> Option<Status> {
        self.status.filter(|(_, at)| now_ms - at < STATUS_MS).map(|(status, _)| status)
    }

    fn ready(&self) -> Result<(), String> {
        let Some((status, _)) = self.status else { return Err("The device has not reported its state yet.".into()) };
        match status.interlock {
            Interlock::Off => Err("Switch the stimulator on at the device.".into()),
            Interlock::Fault => Err("The stimulator reports a fault: it must be looked at.".into()),
            _ if status.lead_off => Err("A stimulating electrode has no contact.".into()),
            _ => Ok(()),
        }
    }

    fn reported(&mut self, now_ms: f64, status: Status) {
        self.status = Some((status, now_ms));
        let armed = matches!(status.interlock, Interlock::Armed | Interlock::Firing);
        let why = match self.stage() {
            // Sent before it had the command: told once more, and the reason stands.
            Stage::Idle if armed && self.disarmed_ms.is_some_and(|at_ms| now_ms - at_ms < ANSWER_MS) => {
                self.out.push_back(Command::StimDisarm);
                return;
            }
            Stage::Idle if armed => "the device is armed without having been asked",
            Stage::Idle => return,
            _ if status.interlock == Interlock::Fault => "the stimulator reports a fault",
            _ if status.interlock == Interlock::Off => "the stimulator was switched off",
            _ if status.lead_off => "an electrode lost contact",
            Stage::Armed if !armed => "the device disarmed",
            Stage::Armed if status.program != self.program.id || status.set_ua != self.program.current_ua => {
                "the device has another program"
            }
            _ => return,
        };
        self.stage = Some(self.stage.unwrap_or(Stage::Armed));
        self.disarm(now_ms, why);
    }

    fn answered(&mut self, now_ms: f64, answer: &Answer) {
        if self.awaited.take_if(|(seq, _)| *seq == answer.command).is_none() {
            return;
        }
        let refused = match answer.code {
            ack::OK => "",
            ack::INTERLOCK => "the interlock refused",
            ack::LIMITS => "the device refused: beyond its limits",
            ack::BUSY => "the device was busy",
            _ => "the device did not understand",
        };
        if !refused.is_empty() {
            return self.disarm(now_ms, refused);
        }
        match self.stage() {
            Stage::Setting if Program::understood(&answer.detail) == Some(self.program) => {
                self.stage = Some(Stage::Set);
                self.reached_ua = self.program.current_ua;
            }
            Stage::Setting => self.disarm(now_ms, "the device understood other values than were set"),
            Stage::Arming => {
                self.stage = Some(Stage::Armed);
                self.beat(now_ms);
            }
            _ => {}
        }
    }
}

/// Holds a program against the device's limits.
fn check(p: &Program, limits: &StimulatorLimits) -> Result<(), String> {
    if p.current_ua == 0 || p.count == 0 || p.flags & !KNOWN_FLAGS != 0 || p.output >= limits.outputs {
        return Err("This is no stimulus: current, count, kind and output must be given.".into());
    }
    if p.current_ua > limits.max_ua {
        return Err(format!("The device gives at most {} mA.", f64::from(limits.max_ua) / 1000.0));
    }
    if !(limits.min_width_us.max(1)..=limits.max_width_us).contains(&p.width_us) {
        return Err(format!("The device gives pulses of {} to {} us.", limits.min_width_us, limits.max_width_us));
    }
    // uA times us is pC.
    if u64::from(p.current_ua) * u64::from(p.width_us) > u64::from(limits.max_charge_nc) * 1000 {
        return Err(format!("A phase carries at most {} uC.", f64::from(limits.max_charge_nc) / 1000.0));
    }
    if p.count > limits.max_count {
        return Err(format!("A train has at most {} stimuli.", limits.max_count));
    }
    let phases = if p.flags & 2 == 0 { 1 } else { 2 };
    let too_fast = p.period_us <= phases * u32::from(p.width_us) || 1e6 / f64::from(p.period_us) > limits.max_rate_hz;
    if p.count > 1 && too_fast {
        return Err(format!("The device gives at most {} stimuli a second.", limits.max_rate_hz));
    }
    Ok(())
}
