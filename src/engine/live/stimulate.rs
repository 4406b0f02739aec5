//! The stimulator of a device that is recorded from: what the page asks for, the interlock's words back.
//!
//! The interlock is [`crate::device::stimulator`]'s; here is only who may ask (nobody until a person has
//! allowed it), and that arming waits for the device's own report of what it has set.

use std::collections::VecDeque;

use super::{Desk, Wire};
use crate::device::ranvier::Program;
use crate::device::stimulator::{Stage, Stimulator};
use crate::engine::protocol::{StimulatorAsk, StimulatorStage, StimulatorView, StimulusView};

/// The device reports what it has set within this time; STATUS comes twice a second.
const REPORT_MS: f64 = 1500.0;

/// Steps that may wait: keys that are held down are not counted without end.
const MAX_STEPS: usize = 8;

/// Milliamperes.
fn ma(ua: u32) -> f64 {
    f64::from(ua) / 1000.0
}

/// What the page asked for.
#[derive(Default)]
pub(super) struct Stimulate {
    allowed: bool,
    /// The current to arm with once it is reported as set, and until when.
    arming: Option<(u32, f64)>,
    /// Steps of the current that wait for the device to confirm the last one, uA.
    steps: VecDeque<i32>,
    /// Why the last wish was not done.
    refused: String,
}

impl Desk {
    /// Does what is asked of the stimulator; what is refused stands in the view.
    pub(super) fn stimulator(&mut self, ask: StimulatorAsk, now_ms: f64, wire: &mut Wire) {
        self.stimulate.refused.clear();
        match ask {
            StimulatorAsk::Allow { on } => {
                self.stimulate.allowed = on;
                if !on {
                    self.disarm("it was switched off", now_ms, wire);
                }
            }
            StimulatorAsk::Disarm { why } => self.disarm(&why, now_ms, wire),
            _ if !self.stimulate.allowed => self.stimulate.refused = "The stimulator is switched off in this program.".into(),
            StimulatorAsk::Set { stimulus } => self.set(stimulus, now_ms, wire),
            StimulatorAsk::Arm { current_ua } => self.stimulate.arming = Some((current_ua, now_ms + REPORT_MS)),
            StimulatorAsk::Step { by_ua } => {
                if self.stimulate.steps.len() < MAX_STEPS {
                    self.stimulate.steps.push_back(by_ua);
                }
                self.step(now_ms, wire);
            }
            StimulatorAsk::Fire => self.refusable(now_ms, wire, |stimulator| stimulator.fire(now_ms)),
        }
    }

    /// The next step that waits, from what the device has confirmed: nothing is guessed of one that is not
    /// answered yet.
    fn step(&mut self, now_ms: f64, wire: &mut Wire) {
        let Some(&by_ua) = self.stimulate.steps.front() else { return };
        let armed = self.stimulate.arming.is_some();
        let now = self.with_stimulator(now_ms, wire, |stimulator| (stimulator.stage(), stimulator.program()));
        let (program, armed) = match now {
            Some((Stage::Setting | Stage::Arming, _)) => return,
            Some((stage, Some(program))) => (program, armed || stage == Stage::Armed),
            _ => {
                self.stimulate.steps.clear();
                self.stimulate.refused = "Set a current first.".into();
                return;
            }
        };
        self.stimulate.steps.pop_front();
        let Some(current_ua) = program.current_ua.checked_add_signed(by_ua).filter(|ua| *ua > 0) else {
            self.stimulate.refused = format!("{} mA cannot be made {} mA less.", ma(program.current_ua), ma(by_ua.unsigned_abs()));
            return;
        };
        self.refusable(now_ms, wire, |stimulator| stimulator.set(Program { current_ua, ..program }));
        if self.stimulate.refused.is_empty() && armed {
            self.stimulate.arming = Some((current_ua, now_ms + REPORT_MS));
        }
    }

    /// Disarms.
    pub(super) fn disarm(&mut self, why: &str, now_ms: f64, wire: &mut Wire) {
        self.stimulate.arming = None;
        self.stimulate.steps.clear();
        self.with_stimulator(now_ms, wire, |stimulator| stimulator.disarm(now_ms, why));
    }

    fn set(&mut self, stimulus: StimulusView, now_ms: f64, wire: &mut Wire) {
        self.stimulate.arming = None;
        self.stimulate.steps.clear();
        let StimulusView { current_ua, width_us, count, period_us } = stimulus;
        let program = Program { current_ua, width_us, count, period_us, ..Program::default() };
        self.refusable(now_ms, wire, |stimulator| stimulator.set(program));
    }

    /// Time has passed: takes the next step, and arms once the device reports what was set.
    pub(super) fn drive(&mut self, now_ms: f64, wire: &mut Wire) {
        self.step(now_ms, wire);
        let Some((current_ua, until_ms)) = self.stimulate.arming else { return };
        let tried = self.with_stimulator(now_ms, wire, |stimulator| match stimulator.stage() {
            // Why it was disarmed stands in the view by itself.
            Stage::Idle if stimulator.why().is_empty() => Some(Err("Set a current first.".into())),
            Stage::Idle => Some(Err(String::new())),
            Stage::Setting => None,
            // Another current than was set is refused at once; a report that is not there yet is waited for.
            Stage::Set => match stimulator.arm(now_ms, current_ua) {
                Err(_) if stimulator.stage() == Stage::Set && now_ms < until_ms => None,
                done => Some(done),
            },
            Stage::Arming | Stage::Armed => Some(Ok(())),
        });
        if let Some(done) = tried.flatten() {
            self.stimulate.arming = None;
            self.stimulate.refused = done.err().unwrap_or_default();
            self.told_ms = f64::NEG_INFINITY;
        } else if now_ms >= until_ms {
            self.stimulate.arming = None;
            self.stimulate.refused = "The device did not report the current as set.".into();
        }
    }

    fn refusable(&mut self, now_ms: f64, wire: &mut Wire, act: impl FnOnce(&mut Stimulator) -> Result<(), String>) {
        let done = self.with_stimulator(now_ms, wire, act).unwrap_or_else(|| Err("No device with a stimulator is connected.".into()));
        self.stimulate.refused = done.err().unwrap_or_default();
    }

    /// Uses the first stimulator that states its limits.
    fn with_stimulator<T>(&mut self, now_ms: f64, wire: &mut Wire, act: impl FnOnce(&mut Stimulator) -> T) -> Option<T> {
        let intake = &mut self.intake;
        let states = |number: &u8| intake.driver(*number).and_then(|driver| driver.link()?.stimulator().limits()).is_some();
        let number = self.ports.keys().copied().find(states)?;
        let (done, written) = intake.stimulator(number, now_ms, act)?;
        if let Some((port, _)) = self.ports.get(&number) {
            port.write(now_ms, written, wire);
        }
        Some(done)
    }

    /// How it stands.
    pub(super) fn stimulator_view(&mut self) -> Option<StimulatorView> {
        let intake = &mut self.intake;
        let last = intake.take.stimulus.clone();
        let stimulator = self.ports.keys().find_map(|number| {
            let stimulator = intake.driver(*number)?.link()?.stimulator();
            let limits = stimulator.limits()?;
            Some((limits, stimulator.stage(), stimulator.program(), stimulator.why().to_owned()))
        });
        let (limits, stage, program, why) = stimulator?;
        let stage = match stage {
            _ if !self.stimulate.allowed => StimulatorStage::Off,
            Stage::Idle => StimulatorStage::Ready,
            Stage::Setting | Stage::Set if self.stimulate.arming.is_some() => StimulatorStage::Arming,
            Stage::Setting | Stage::Set => StimulatorStage::Set,
            Stage::Arming => StimulatorStage::Arming,
            Stage::Armed => StimulatorStage::Armed,
        };
        let disarmed = if why.is_empty() || stage != StimulatorStage::Ready { String::new() } else { format!("Disarmed: {why}.") };
        Some(StimulatorView {
            stage,
            set: program.map(|p| StimulusView { current_ua: p.current_ua, width_us: p.width_us, count: p.count, period_us: p.period_us }),
            delivered_ua: last.as_ref().and_then(|stimulus| stimulus.delivered_ua),
            compliance_reached: last.is_some_and(|stimulus| stimulus.compliance_reached),
            why: if self.stimulate.refused.is_empty() { disarmed } else { self.stimulate.refused.clone() },
            max_ua: limits.max_ua,
            max_step_ua: limits.max_step_ua,
        })
    }
}
