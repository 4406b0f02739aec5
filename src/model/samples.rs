//! Access to immutable samples, whether they lie in memory or in a file that is read by ranges.

use std::sync::Arc;

use super::{Annotation, Warning};

/// Physical samples of a recording, by channel. Implementations never change what they return.
pub trait Samples {
    /// Fills `out` with the physical values of `channel` from stored sample `start` on.
    ///
    /// Values are in the channel's own unit; an invalid or missing sample is NaN.
    ///
    /// # Errors
    /// When the channel does not exist, the range passes its end, or the bytes cannot be read.
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError>;

    /// Fills `out[c]` (one buffer a channel, channel `c` from stored sample `start[c]` on) in one
    /// pass where the format interleaves its channels. The default reads channel by channel.
    ///
    /// # Errors
    /// As [`Samples::read`].
    fn read_all(&self, start: &[u64], out: &mut [Vec<f64>]) -> Result<(), SampleError> {
        for (channel, (&start, out)) in start.iter().zip(out.iter_mut()).enumerate() {
            self.read(channel, start, out)?;
        }
        Ok(())
    }

    /// How many seconds of stored time one read handles best (a data record); readers that go
    /// through the whole file ask for multiples of it. `None`: any length is as good.
    fn block_s(&self) -> Option<f64> {
        None
    }

    /// Annotations that were not read when the file was opened, because finding them takes a pass
    /// through a large file. `None`: the recording has them all already.
    fn pending_annotations(&self) -> Option<Box<dyn PendingAnnotations>> {
        None
    }
}

/// A search for annotations that runs in steps.
pub trait PendingAnnotations {
    /// Goes on for a fraction of a second.
    ///
    /// # Errors
    /// When the bytes cannot be read.
    fn step(&mut self) -> Result<ScanProgress, SampleError>;
}

/// How far a search for annotations has come.
#[derive(Debug, Clone, PartialEq)]
pub enum ScanProgress {
    /// More steps are needed.
    Working {
        /// Part of the file that was searched, 0 to 1.
        fraction: f64,
    },
    /// Everything was found.
    Done {
        /// All annotations, in order of onset.
        annotations: Vec<Annotation>,
        /// What was odd about them.
        warnings: Vec<Warning>,
    },
}

/// Why samples could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// A range outside the channel.
    #[error("samples {start}..{end} of channel {channel} do not exist")]
    OutOfRange {
        /// Channel index.
        channel: usize,
        /// First sample asked for.
        start: u64,
        /// One past the last.
        end: u64,
    },
    /// The bytes behind the samples could not be read.
    #[error("the file could not be read at byte {offset}: {what}")]
    Source {
        /// What the source said.
        what: String,
        /// Byte offset.
        offset: u64,
    },
}

/// Samples that lie in memory.
#[derive(Debug, Clone, Default)]
pub struct InMemory {
    /// One shared slice a channel.
    pub channels: Vec<Arc<[f64]>>,
}

impl Samples for InMemory {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let end = start.saturating_add(out.len() as u64);
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let values = range.and_then(|(from, to)| self.channels.get(channel)?.get(from..to));
        out.copy_from_slice(values.ok_or(SampleError::OutOfRange { channel, start, end })?);
        Ok(())
    }
}
