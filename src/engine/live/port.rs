//! One port of a live recording, without the port: recognising the device, then driving it.
//!
//! Bytes and times come in; what is to be written, the baud to open at, and entries of the raw log
//! come out. What entries mean is the [`Intake`]'s business, the same for a log that is replayed.

use super::intake::Intake;
use super::log::{Entry, Known, What};
use crate::device::driver::{Driver, Phase};
use crate::device::identify::{Action, Identify, Reason};
use crate::device::{Config, Opening, UsbIds, protocol};

/// What the surroundings are to do with ports, and what is to be appended to the raw log.
#[derive(Debug, Default, PartialEq)]
pub struct Wire {
    /// Bytes to write, by port, each in one piece.
    pub writes: Vec<(u8, Vec<u8>)>,
    /// Ports to close and open again at a baud.
    pub reopen: Vec<(u8, u32)>,
    /// Bytes for the raw log.
    pub log: Vec<u8>,
}

/// Where a port is.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// The device is being recognised.
    Asking,
    /// Known and driven.
    Driven,
    /// No known device: why, and what to do.
    Unknown(Reason, String),
    /// Unplugged; waits to come back.
    Lost,
    /// It could not be opened, or does not do what it is told: why, and what to do.
    Failed(String),
}

/// The port.
pub struct Port {
    number: u8,
    usb: UsbIds,
    chosen: Option<Config>,
    identify: Identify,
    stage: Stage,
}

impl Port {
    /// A port with these USB numbers; `chosen` is the protocol that a person named, with what they
    /// state about the device.
    pub fn new(number: u8, usb: UsbIds, chosen: Option<Config>) -> Self {
        let identify = search(usb, chosen.as_ref());
        Self { number, usb, chosen, identify, stage: Stage::Asking }
    }

    /// How it is to be opened: baud and buffer.
    pub fn opening(&self) -> (u32, Opening) {
        let of = |chosen: &Config| protocol(&chosen.protocol).map(|protocol| protocol.opening());
        (self.identify.baud(), self.chosen.as_ref().and_then(of).unwrap_or_default())
    }

    /// Where it is.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// USB numbers.
    pub fn usb(&self) -> UsbIds {
        self.usb
    }

    /// Says why it cannot be used.
    pub fn fail(&mut self, what: &str) {
        self.stage = Stage::Failed(what.to_owned());
    }

    /// The port is open.
    pub fn opened(&mut self, now_ms: f64, intake: &mut Intake, wire: &mut Wire) {
        if matches!(self.stage, Stage::Lost | Stage::Failed(_) | Stage::Unknown(..)) {
            // Another object, another try: what is plugged in may be another device.
            self.identify = search(self.usb, self.chosen.as_ref());
            self.stage = Stage::Asking;
        }
        let mut actions = Vec::new();
        self.identify.opened(now_ms, &mut actions);
        self.act(now_ms, actions, intake, wire);
    }

    /// Bytes came.
    pub fn bytes(&mut self, now_ms: f64, bytes: &[u8], intake: &mut Intake, wire: &mut Wire) {
        match self.stage {
            Stage::Driven => self.enter(now_ms, What::Bytes(bytes.to_vec()), intake, wire),
            Stage::Asking => {
                let mut actions = Vec::new();
                Entry { port: self.number, at_ms: now_ms, what: What::Heard(bytes.to_vec()) }.write(&mut wire.log);
                self.identify.bytes(now_ms, bytes, &mut actions);
                self.act(now_ms, actions, intake, wire);
            }
            _ => {}
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now_ms: f64, intake: &mut Intake, wire: &mut Wire) {
        match self.stage {
            Stage::Driven => {
                let written = intake.tick(self.number, now_ms);
                self.write(now_ms, written, wire);
                if let Some(driver) = intake.driver(self.number)
                    && let Phase::Failed(why) = driver.phase()
                {
                    self.stage = Stage::Failed(unmatched(driver).unwrap_or_else(|| why.clone()));
                }
            }
            Stage::Asking if self.identify.deadline().is_some_and(|due| now_ms >= due) => {
                let mut actions = Vec::new();
                self.identify.tick(now_ms, &mut actions);
                self.act(now_ms, actions, intake, wire);
            }
            _ => {}
        }
    }

    /// The port is gone.
    pub fn lost(&mut self, now_ms: f64, intake: &mut Intake, wire: &mut Wire) {
        if self.stage == Stage::Driven {
            self.enter(now_ms, What::Lost, intake, wire);
        }
        self.stage = Stage::Lost;
    }

    /// The recording ends: the device is told to stop.
    pub fn stop(&mut self, now_ms: f64, intake: &mut Intake, wire: &mut Wire) {
        if self.stage == Stage::Driven {
            let written = intake.stop(self.number, now_ms);
            self.write(now_ms, written, wire);
        }
    }

    fn act(&mut self, now_ms: f64, actions: Vec<Action>, intake: &mut Intake, wire: &mut Wire) {
        for action in actions {
            match action {
                Action::Write(bytes) => self.write(now_ms, bytes, wire),
                Action::WaitUntil(_) => {}
                Action::SetBaud(baud) => wire.reopen.push((self.number, baud)),
                Action::Found { mut config, leftover } => {
                    if let Some(chosen) = &self.chosen {
                        config.rate_hz = chosen.rate_hz.or(config.rate_hz);
                        config.scale_uv = chosen.scale_uv.or(config.scale_uv);
                        config.frame = chosen.frame.clone();
                    }
                    self.stage = Stage::Driven;
                    self.enter(now_ms, What::Known(Box::new(Known { config, usb: self.usb })), intake, wire);
                    if !leftover.is_empty() {
                        self.enter(now_ms, What::Bytes(leftover), intake, wire);
                    }
                }
                Action::Nothing { reason, tried, advice } => {
                    let tried = if tried.is_empty() { String::new() } else { format!(" Tried: {}.", tried.join(", ")) };
                    self.stage = Stage::Unknown(reason, format!("{advice}{tried}"));
                }
            }
        }
    }

    /// Logs what happened, then lets it happen: what is drawn is on the disk before.
    fn enter(&mut self, now_ms: f64, what: What, intake: &mut Intake, wire: &mut Wire) {
        let entry = Entry { port: self.number, at_ms: now_ms, what };
        entry.write(&mut wire.log);
        let written = intake.apply(&entry);
        self.write(now_ms, written, wire);
    }

    /// Logs what is written, and has it written.
    pub fn write(&self, now_ms: f64, bytes: Vec<u8>, wire: &mut Wire) {
        if !bytes.is_empty() {
            Entry { port: self.number, at_ms: now_ms, what: What::Written(bytes.clone()) }.write(&mut wire.log);
            wire.writes.push((self.number, bytes));
        }
    }
}

fn search(usb: UsbIds, chosen: Option<&Config>) -> Identify {
    Identify::at(usb, chosen.map(|chosen| chosen.protocol.as_str()), chosen.map_or(0, |chosen| chosen.baud))
}

/// Why frames that a person described were not found in what came.
fn unmatched(driver: &Driver) -> Option<String> {
    let config = driver.config();
    let frame = config.frame.as_ref()?;
    Some(match driver.losses().skipped_bytes {
        0 => format!("Nothing came at {} baud: check the device's power, its cable and the baud.", config.baud),
        skipped => format!(
            "No frame of {} bytes was found; {skipped} bytes were skipped. Check header, footer, the number of values and the baud ({}).",
            frame.bytes(),
            config.baud
        ),
    })
}
