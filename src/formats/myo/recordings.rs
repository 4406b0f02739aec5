//! Samples of a study file: from the integers of its EDF part, or from its values. What is damaged is
//! missing (NaN), as narrowly as blocks are; everything else is read.

use std::rc::Rc;

use super::Kept;
use crate::formats::edf::integers::Integers;
use crate::formats::{ByteSource, ReadError};
use crate::model::{Recording, SampleError, Samples};

/// Samples below which damage is not looked at more closely.
const NARROW: usize = 256;

/// The samples of a recording; `part` finds parts by their paths.
///
/// # Errors
/// When nothing of them can be read, with the reason.
pub(super) fn samples(kept: &Kept, part: &dyn Fn(&str) -> Option<Rc<dyn ByteSource>>) -> Result<Rc<dyn Samples>, ReadError> {
    let missing = |path: &str| ReadError::malformed(0, format!("{path} is missing"));
    let inner: Rc<dyn Samples> = match (&kept.integers, &kept.values, &kept.file) {
        (Some(integers), _, Some(file)) => {
            let source = part(file).ok_or_else(|| missing(file))?;
            Rc::new(Integers::open(source, &kept.recording, &integers.rules, &integers.records)?)
        }
        (_, Some(values), _) => {
            let source = part(&values.file).ok_or_else(|| missing(&values.file))?;
            Rc::new(Values::open(source, values.width, &kept.recording)?)
        }
        _ => return Err(missing("a part with its samples")),
    };
    Ok(Rc::new(Mended { inner, lengths: lengths(&kept.recording) }))
}

/// Samples that are lost, all of them.
pub(super) fn lost(recording: &Recording) -> Rc<dyn Samples> {
    Rc::new(Mended { inner: Rc::new(Nothing), lengths: lengths(recording) })
}

fn lengths(recording: &Recording) -> Vec<u64> {
    recording.channels.iter().map(|channel| channel.n).collect()
}

struct Nothing;

impl Samples for Nothing {
    fn read(&self, _channel: usize, start: u64, _out: &mut [f64]) -> Result<(), SampleError> {
        Err(SampleError::Source { what: "these samples are lost".into(), offset: start })
    }
}

/// Numbers channel behind channel.
struct Values {
    source: Rc<dyn ByteSource>,
    width: u64,
    /// First number of each channel, and their number.
    lanes: Vec<(u64, u64)>,
}

impl Values {
    fn open(source: Rc<dyn ByteSource>, width: u64, recording: &Recording) -> Result<Self, ReadError> {
        let mut at = 0u64;
        let mut lanes = Vec::new();
        for channel in &recording.channels {
            lanes.push((at, channel.n));
            at = at.saturating_add(channel.n);
        }
        if !matches!(width, 4 | 8) || at.checked_mul(width).is_none() {
            return Err(ReadError::malformed(0, "the values of a recording have a width or a number that none has"));
        }
        Ok(Self { source, width, lanes })
    }
}

impl Samples for Values {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let end = start.saturating_add(out.len() as u64);
        let (first, _) = *self.lanes.get(channel).filter(|(_, n)| end <= *n).ok_or(SampleError::OutOfRange { channel, start, end })?;
        let mut bytes = vec![0; out.len() * self.width as usize];
        let fail = |error: crate::formats::SourceError| SampleError::Source { what: error.what, offset: error.offset };
        self.source.read_exact_at((first + start) * self.width, &mut bytes).map_err(fail)?;
        match self.width {
            4 => bytes.as_chunks::<4>().0.iter().zip(out).for_each(|(bytes, out)| *out = f64::from(f32::from_le_bytes(*bytes))),
            _ => bytes.as_chunks::<8>().0.iter().zip(out).for_each(|(bytes, out)| *out = f64::from_le_bytes(*bytes)),
        }
        Ok(())
    }
}

/// Fills what cannot be read with NaN.
struct Mended {
    inner: Rc<dyn Samples>,
    lengths: Vec<u64>,
}

impl Mended {
    fn fill(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        match self.inner.read(channel, start, out) {
            Err(SampleError::Source { .. }) if out.len() <= NARROW => out.fill(f64::NAN),
            Err(SampleError::Source { .. }) => {
                let (left, right) = out.split_at_mut(out.len() / 2);
                self.fill(channel, start, left)?;
                self.fill(channel, start + left.len() as u64, right)?;
            }
            other => return other,
        }
        Ok(())
    }
}

impl Samples for Mended {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let end = start.saturating_add(out.len() as u64);
        if self.lengths.get(channel).is_none_or(|n| end > *n) {
            return Err(SampleError::OutOfRange { channel, start, end });
        }
        self.fill(channel, start, out)
    }

    fn read_all(&self, start: &[u64], out: &mut [Vec<f64>]) -> Result<(), SampleError> {
        match self.inner.read_all(start, out) {
            Err(SampleError::Source { .. }) => {
                start.iter().zip(out.iter_mut()).enumerate().try_for_each(|(channel, (start, out))| self.read(channel, *start, out))
            }
            other => other,
        }
    }

    fn block_s(&self) -> Option<f64> {
        self.inner.block_s()
    }
}
