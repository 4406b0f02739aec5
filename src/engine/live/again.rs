//! Samples of a raw log that are not held in memory: decoded again from where they stand in it.
//!
//! While a log is replayed, what goes on (decoders, clocks, places in the recordings) is remembered every
//! [`APART`] bytes. From the nearest such moment a stretch is decoded as it was the first time. The last
//! stretches stay. **Cost**: some kilobytes a moment; a read decodes a stretch where it is not one of those
//! that stayed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::log::{Reader, What};
use super::{Intake, LiveSamples, Spill};
use crate::formats::{ByteSource, SourceError};
use crate::model::Warning;

/// Bytes of the log between two moments that are remembered: 7 s of 8 channels at 48 kHz.
const APART: u64 = 8 << 20;
/// Stretches that stay decoded.
const STAY: usize = 4;
/// More recordings than a log has.
const RECORDINGS: usize = 64;

/// A moment of a log.
struct Moment {
    /// First byte of the entry that comes next.
    offset: u64,
    /// What goes on.
    intake: Intake,
    /// Samples a channel that each recording has by then.
    counts: Vec<u64>,
}

/// A log whose samples are decoded again.
pub struct Again {
    source: Rc<dyn ByteSource>,
    moments: RefCell<Vec<Moment>>,
    /// Samples of every recording in the stretches behind moments, the one used last in front.
    decoded: RefCell<VecDeque<(usize, Vec<Rc<LiveSamples>>)>>,
}

impl Again {
    /// Replays a raw log from the beginning, with what is odd about it; memory is bounded. `told` hears how many bytes are done.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn replay(source: &Rc<dyn ByteSource>, told: &mut dyn FnMut(u64)) -> Result<(Intake, Vec<Warning>), SourceError> {
        let again = Rc::new(Self { source: source.clone(), moments: RefCell::default(), decoded: RefCell::default() });
        let mut intake = Intake::default();
        let pages = |recording| Box::new(Pages { log: again.clone(), recording }) as Box<dyn Spill>;
        intake.take.spills = (0..RECORDINGS).map(pages).collect();
        let warnings = intake.read(source.as_ref(), |intake, offset| {
            let mut moments = again.moments.borrow_mut();
            if moments.last().is_none_or(|last| offset >= last.offset + APART) {
                let counts = intake.take.samples.iter().map(|samples| samples.count()).collect();
                moments.push(Moment { offset, intake: intake.from_here(), counts });
                told(offset);
            }
        })?;
        Ok((intake, warnings))
    }

    /// Samples of the stretch behind a moment, of each recording.
    fn stretch(&self, number: usize) -> Result<Vec<Rc<LiveSamples>>, SourceError> {
        let mut decoded = self.decoded.borrow_mut();
        if let Some(at) = decoded.iter().position(|(known, _)| *known == number) {
            decoded.swap(0, at);
        } else {
            let moments = self.moments.borrow();
            let Some(moment) = moments.get(number) else { return Ok(Vec::new()) };
            let end = moments.get(number + 1).map_or(u64::MAX, |next| next.offset);
            let mut intake = moment.intake.from_here();
            let mut reader = Reader::at(self.source.as_ref(), moment.offset);
            while reader.offset() < end {
                let Some(entry) = reader.entry()? else { break };
                if matches!(entry.what, What::Known(_) | What::Bytes(_) | What::Lost) {
                    intake.apply(&entry);
                }
            }
            decoded.truncate(STAY - 1);
            decoded.push_front((number, intake.take.samples));
        }
        Ok(decoded.front().map(|(_, samples)| samples.clone()).unwrap_or_default())
    }
}

/// Stored samples of one recording of a log.
struct Pages {
    log: Rc<Again>,
    recording: usize,
}

impl Spill for Pages {
    /// The log has them.
    fn append(&mut self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), String> {
        let count = |moment: &Moment| moment.counts.get(self.recording).copied().unwrap_or(0);
        let mut filled = 0;
        let mut number: Option<usize> = None;
        while filled < buf.len() {
            let moments = self.log.moments.borrow();
            let Some(any) = moments.last() else { return Err("the log is empty".into()) };
            let width = any.intake.take.samples.get(self.recording).map(|samples| samples.channels());
            let next = number.map_or_else(
                || {
                    let first = width.map_or(0, |width| offset / (4 * width as u64));
                    moments.partition_point(|moment| count(moment) <= first).saturating_sub(1)
                },
                |number| number + 1,
            );
            let Some(before) = moments.get(next).map(count) else { return Err("the log has no such samples any more".into()) };
            drop(moments);
            number = Some(next);
            let stretch = self.log.stretch(next).map_err(|error| error.to_string())?;
            let Some(samples) = stretch.get(self.recording) else { continue };
            let width = 4 * samples.channels() as u64;
            if let Some(start) = ((offset + filled as u64) / width).checked_sub(before) {
                filled += samples.stored(start, &mut buf[filled..]);
            }
        }
        Ok(())
    }
}
