//! From a known device to samples and back to silence, without a clock or a port.
//!
//! The caller hands over bytes and times, writes [`Turn::write`], takes [`Turn::events`] and calls
//! [`Driver::tick`] at [`Driver::deadline`]. Simple devices are started by the steps of their
//! [`Protocol`]; the open protocol by [`Link`], which also keeps time and asks again for what was lost.

use super::ranvier::{ID, Link};
use super::{ClockFit, Config, Decoder, DeviceEvent, Losses, Protocol, Step, Until};

/// What a call brings: reused from call to call, emptied by the caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turn {
    /// Bytes to write, all in one.
    pub write: Vec<u8>,
    /// What came.
    pub events: Vec<DeviceEvent>,
}

/// Where a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not started.
    Idle,
    /// Started, no sample yet.
    Starting,
    /// Samples come.
    Streaming,
    /// Told to stop.
    Stopped,
    /// It does not do what it was told; why and what to do, in a sentence.
    Failed(String),
}

enum Inner {
    Script { decoder: Box<dyn Decoder>, steps: Vec<Step>, at: usize, tries: u8, words: String },
    Link(Box<Link>),
}

impl Clone for Inner {
    fn clone(&self) -> Self {
        match self {
            Self::Script { decoder, steps, at, tries, words } => {
                Self::Script { decoder: decoder.copy(), steps: steps.clone(), at: *at, tries: *tries, words: words.clone() }
            }
            Self::Link(link) => Self::Link(link.clone()),
        }
    }
}

/// A device that is known.
#[derive(Clone)]
pub struct Driver {
    protocol: &'static dyn Protocol,
    config: Config,
    inner: Inner,
    phase: Phase,
    deadline_ms: Option<f64>,
    fit: ClockFit,
    samples: u64,
}

impl Driver {
    /// A driver of a device; none where the config names no protocol.
    pub fn new(config: Config) -> Option<Self> {
        let protocol = super::protocol(&config.protocol)?;
        let inner = if protocol.id() == ID {
            Inner::Link(Box::default())
        } else {
            Inner::Script { decoder: protocol.decoder(&config), steps: Vec::new(), at: 0, tries: 0, words: String::new() }
        };
        Some(Self { protocol, config, inner, phase: Phase::Idle, deadline_ms: None, fit: ClockFit::default(), samples: 0 })
    }

    /// Where the device is.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// What the device is.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What was lost.
    pub fn losses(&self) -> Losses {
        match &self.inner {
            Inner::Script { decoder, .. } => decoder.losses(),
            Inner::Link(link) => link.losses(),
        }
    }

    /// Samples of stream 0 against the time of arrival: rate and drift.
    pub fn clock(&self) -> &ClockFit {
        &self.fit
    }

    /// What only the open protocol can do: commands, time, stimulator.
    pub fn link(&mut self) -> Option<&mut Link> {
        match &mut self.inner {
            Inner::Link(link) => Some(link),
            Inner::Script { .. } => None,
        }
    }

    /// When `tick` is due; none when there is nothing to wait for.
    pub fn deadline(&self) -> Option<f64> {
        match &self.inner {
            Inner::Link(link) => link.deadline(),
            Inner::Script { .. } => self.deadline_ms,
        }
    }

    /// Starts the device.
    pub fn start(&mut self, now_ms: f64, turn: &mut Turn) {
        self.phase = Phase::Starting;
        self.fit = ClockFit::default();
        let all = self.protocol.start(&self.config);
        match &mut self.inner {
            Inner::Link(link) => link.start(now_ms, turn),
            Inner::Script { steps, at, tries, .. } => {
                (*steps, *at, *tries) = (all, 0, 0);
                self.write_step(now_ms, turn);
            }
        }
    }

    /// Stops the device.
    pub fn stop(&mut self, now_ms: f64, turn: &mut Turn) {
        self.phase = Phase::Stopped;
        self.deadline_ms = None;
        match &mut self.inner {
            Inner::Link(link) => link.stop(now_ms, turn),
            Inner::Script { steps, .. } => {
                steps.clear();
                turn.write.extend(self.protocol.stop(&self.config));
            }
        }
    }

    /// Bytes came.
    pub fn bytes(&mut self, now_ms: f64, bytes: &[u8], turn: &mut Turn) {
        let from = turn.events.len();
        match &mut self.inner {
            Inner::Link(link) => link.bytes(now_ms, bytes, turn),
            Inner::Script { decoder, words, .. } => {
                decoder.push(bytes, &mut turn.events);
                for event in turn.events.iter().skip(from) {
                    if let DeviceEvent::Text(text) = event {
                        words.push_str(text);
                        words.push('\n');
                    }
                }
                // Only the newest words can answer a step.
                if words.len() > 4096 {
                    words.clear();
                }
            }
        }
        let blocks =
            turn.events.get(from..).unwrap_or_default().iter().filter_map(|e| if let DeviceEvent::Block(b) = e { Some(b) } else { None });
        if let Some(end) = blocks.rev().find(|b| b.stream == 0).map(|b| b.end()) {
            self.samples = end;
            self.fit.push(now_ms, end as f64);
            if self.phase == Phase::Starting {
                self.phase = Phase::Streaming;
            }
        }
        self.advance(now_ms, turn);
    }

    /// Time has passed.
    pub fn tick(&mut self, now_ms: f64, turn: &mut Turn) {
        if let Inner::Link(link) = &mut self.inner {
            link.tick(now_ms, turn);
            if let Some(why) = link.failure().filter(|_| self.phase == Phase::Starting) {
                self.phase = Phase::Failed(why.to_owned());
            }
            return;
        }
        let Some(due) = self.deadline_ms.filter(|due| now_ms >= *due) else { return };
        self.advance(now_ms, turn);
        let Inner::Script { steps, at, tries, .. } = &mut self.inner else { return };
        if self.deadline_ms != Some(due) {
            return;
        }
        let Some(step) = steps.get(*at) else { return self.deadline_ms = None };
        if *tries < step.tries {
            self.write_step(now_ms, turn);
        } else if step.needed && step.until != Until::Time {
            self.deadline_ms = None;
            let name = self.protocol.name();
            self.phase =
                Phase::Failed(format!("{name} does not send: check its power and electrodes' cable, unplug it and plug it in again."));
        } else {
            (*at, *tries) = (*at + 1, 0);
            self.write_step(now_ms, turn);
        }
    }

    /// Goes on where what a step waits for has come.
    fn advance(&mut self, now_ms: f64, turn: &mut Turn) {
        let streaming = self.phase == Phase::Streaming;
        let Inner::Script { steps, at, tries, words, .. } = &mut self.inner else { return };
        let Some(step) = steps.get(*at) else { return };
        let done = match &step.until {
            Until::Time => false,
            Until::Text(text) => words.contains(text),
            Until::Samples => streaming,
        };
        if done {
            (*at, *tries) = (*at + 1, 0);
            self.write_step(now_ms, turn);
        }
    }

    fn write_step(&mut self, now_ms: f64, turn: &mut Turn) {
        let Inner::Script { steps, at, tries, words, .. } = &mut self.inner else { return };
        // Once samples come nothing more is asked for: some devices stop at any byte.
        while self.phase == Phase::Streaming && steps.get(*at).is_some_and(|s| s.until == Until::Samples) {
            *at += 1;
        }
        let Some(step) = steps.get(*at) else { return self.deadline_ms = None };
        words.clear();
        *tries = tries.saturating_add(1);
        turn.write.extend_from_slice(&step.write);
        self.deadline_ms = Some(now_ms + f64::from(step.timeout_ms));
    }
}
