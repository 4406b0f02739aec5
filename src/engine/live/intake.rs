//! From entries of the raw log to recordings. A live recording and the replay of its log go through
//! here alike, so they cannot differ.

use std::collections::BTreeMap;

use super::log::{Entry, Reader, What};
use super::take::Take;
use crate::device::driver::{Driver, Turn};
use crate::device::ranvier::Command;
#[cfg(feature = "stimulator")]
use crate::device::stimulator::Stimulator;
use crate::formats::{ByteSource, SourceError};
use crate::model::Warning;

/// What comes out of entries.
#[derive(Default)]
pub struct Intake {
    /// The recordings.
    pub take: Take,
    /// A person ended it; else it was cut off.
    pub ended: bool,
    drivers: BTreeMap<u8, Driver>,
    turn: Turn,
}

impl Intake {
    /// Takes in an entry; returns what is to be written to its port (a replay writes nothing).
    pub fn apply(&mut self, entry: &Entry) -> Vec<u8> {
        match &entry.what {
            What::Begun(begun) => self.take.begin(&begun.start, &begun.title),
            What::Known(known) => {
                self.take.lost(entry.port);
                if let Some(mut driver) = Driver::new(known.config.clone()) {
                    driver.start(entry.at_ms, &mut self.turn);
                    self.drivers.insert(entry.port, driver);
                }
            }
            What::Bytes(bytes) => {
                if let Some(driver) = self.drivers.get_mut(&entry.port) {
                    driver.bytes(entry.at_ms, bytes, &mut self.turn);
                }
            }
            What::Lost => {
                self.drivers.remove(&entry.port);
                self.take.lost(entry.port);
            }
            What::Marked(text) => self.take.mark(entry.at_ms / 1000.0, text),
            What::Guided(step) => self.take.guided(step),
            What::Written(_) | What::Heard(_) => {}
            What::Ended => self.ended = true,
        }
        self.turned(entry.port, entry.at_ms)
    }

    /// Time has passed; returns what is to be written.
    pub fn tick(&mut self, port: u8, now_ms: f64) -> Vec<u8> {
        if let Some(driver) = self.drivers.get_mut(&port).filter(|driver| driver.deadline().is_some_and(|due| now_ms >= due)) {
            driver.tick(now_ms, &mut self.turn);
        }
        self.turned(port, now_ms)
    }

    /// Stops a device; returns what is to be written.
    pub fn stop(&mut self, port: u8, now_ms: f64) -> Vec<u8> {
        if let Some(driver) = self.drivers.get_mut(&port) {
            driver.stop(now_ms, &mut self.turn);
        }
        self.turned(port, now_ms)
    }

    /// The driver of a port.
    pub fn driver(&mut self, port: u8) -> Option<&mut Driver> {
        self.drivers.get_mut(&port)
    }

    /// Uses the stimulator of a port; returns what `act` does and what is to be written.
    #[cfg(feature = "stimulator")]
    pub fn stimulator<T>(&mut self, port: u8, now_ms: f64, act: impl FnOnce(&mut Stimulator) -> T) -> Option<(T, Vec<u8>)> {
        let link = self.drivers.get_mut(&port)?.link()?;
        let done = act(link.stimulator());
        link.flush_stimulator(now_ms, &mut self.turn);
        Some((done, self.turned(port, now_ms)))
    }

    /// Sends a command to the device of a port; what is to be written, or none where it takes no such.
    pub fn command(&mut self, port: u8, now_ms: f64, command: Command) -> Option<Vec<u8>> {
        self.drivers.get_mut(&port)?.link()?.command(now_ms, command, &mut self.turn);
        Some(self.turned(port, now_ms))
    }

    fn turned(&mut self, port: u8, now_ms: f64) -> Vec<u8> {
        for event in self.turn.events.drain(..) {
            self.take.event(port, now_ms / 1000.0, &event);
        }
        if let Some(rate_hz) = self.drivers.get(&port).and_then(|driver| driver.clock().rate_hz()) {
            self.take.arrival_rate(port, rate_hz);
        }
        std::mem::take(&mut self.turn.write)
    }

    /// One that goes on from here as this one does; of the recordings it has nothing yet.
    pub fn from_here(&self) -> Self {
        Self { take: self.take.from_here(), drivers: self.drivers.clone(), ..Self::default() }
    }

    /// Replays a raw log from the beginning, with what is odd about it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn replay(source: &dyn ByteSource) -> Result<(Self, Vec<Warning>), SourceError> {
        let mut intake = Self::default();
        let warnings = intake.read(source, |_, _| {})?;
        Ok((intake, warnings))
    }

    /// Takes in a whole raw log; `before` is called with the offset of each entry. Returns what is odd about it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self, source: &dyn ByteSource, mut before: impl FnMut(&Self, u64)) -> Result<Vec<Warning>, SourceError> {
        let mut reader = Reader::new(source);
        loop {
            let offset = reader.offset();
            let Some(entry) = reader.entry()? else { break };
            before(self, offset);
            self.apply(&entry);
        }
        let mut warnings = Vec::new();
        let left = reader.left();
        if left > 0 {
            let what = format!("The end of the recording was cut off: the last {left} bytes are not complete and were left out");
            warnings.push(Warning::at("entry", source.len() - left, what));
        } else if !self.ended {
            warnings.push(Warning::new("The recording was not ended: the program or the computer stopped while it ran"));
        }
        for driver in self.drivers.values() {
            let losses = driver.losses();
            if losses.samples() > 0 {
                let what = format!(
                    "{} samples were lost ({} in the device, {} on the way); they are gaps",
                    losses.samples(),
                    losses.device_samples,
                    losses.link_samples
                );
                warnings.push(Warning::new(what));
            }
        }
        Ok(warnings)
    }
}
