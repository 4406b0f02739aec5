//! Numbers of all channels one after the other, frame by frame (WAV, BrainVision): decoded from
//! ranges, about a megabyte at once. Little-endian; integers of 8 bits are unsigned, as in WAV.

use std::cell::RefCell;
use std::rc::Rc;

use super::ByteSource;
use crate::model::{SampleError, Samples};

const BLOCK: usize = 1 << 20;

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Float,
}

/// Where the numbers lie.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    pub kind: Kind,
    /// Bytes of a number.
    pub width: usize,
    pub channels: usize,
    /// Byte of the first frame.
    pub data_offset: u64,
    pub frames: u64,
    /// Physical value of the stored number 1, by channel.
    pub gains: Vec<f64>,
}

pub(super) struct Interleaved {
    source: Rc<dyn ByteSource>,
    layout: Frames,
    scratch: RefCell<Vec<u8>>,
}

impl Interleaved {
    pub fn new(source: Rc<dyn ByteSource>, layout: Frames) -> Self {
        Self { source, layout, scratch: RefCell::default() }
    }

    fn check(&self, channel: usize, start: u64, len: usize) -> Result<(), SampleError> {
        let end = start.saturating_add(len as u64);
        let ok = channel < self.layout.channels && end <= self.layout.frames;
        ok.then_some(()).ok_or(SampleError::OutOfRange { channel, start, end })
    }

    /// Calls `take` with the frames from `start` on, block by block, and the index of each block's first frame.
    fn blocks(&self, start: u64, n: usize, take: &mut dyn FnMut(usize, &[u8])) -> Result<(), SampleError> {
        let frame = self.layout.channels * self.layout.width;
        let step = (BLOCK / frame).max(1);
        let mut scratch = self.scratch.borrow_mut();
        let mut done = 0;
        while done < n {
            let count = step.min(n - done);
            scratch.resize(count * frame, 0);
            let offset = self.layout.data_offset + (start + done as u64) * frame as u64;
            self.source.read_exact_at(offset, &mut scratch).map_err(|e| SampleError::Source { what: e.what, offset: e.offset })?;
            take(done, &scratch);
            done += count;
        }
        Ok(())
    }

    fn decode(&self, channel: usize, frames: &[u8], out: &mut [f64]) {
        let frame = self.layout.channels * self.layout.width;
        let at = channel * self.layout.width;
        let gain = self.layout.gains.get(channel).copied().unwrap_or(1.0);
        match (self.layout.kind, self.layout.width) {
            (Kind::Integer, 1) => each(frames, frame, at, out, |[a]| (f64::from(a) - 128.0) * gain),
            (Kind::Integer, 2) => each(frames, frame, at, out, |b| f64::from(i16::from_le_bytes(b)) * gain),
            (Kind::Integer, 3) => each(frames, frame, at, out, |[a, b, c]| f64::from(i32::from_le_bytes([0, a, b, c]) >> 8) * gain),
            (Kind::Integer, _) => each(frames, frame, at, out, |b| f64::from(i32::from_le_bytes(b)) * gain),
            (Kind::Float, 4) => each(frames, frame, at, out, |b| f64::from(f32::from_le_bytes(b)) * gain),
            (Kind::Float, _) => each(frames, frame, at, out, |b| f64::from_le_bytes(b) * gain),
        }
    }
}

fn each<const N: usize>(frames: &[u8], frame: usize, at: usize, out: &mut [f64], decode: impl Fn([u8; N]) -> f64) {
    for (out, frame) in out.iter_mut().zip(frames.chunks_exact(frame)) {
        if let Some(bytes) = frame.get(at..).and_then(|rest| rest.first_chunk::<N>()) {
            *out = decode(*bytes);
        }
    }
}

impl Samples for Interleaved {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        self.check(channel, start, out.len())?;
        let frame = self.layout.channels * self.layout.width;
        self.blocks(start, out.len(), &mut |done, frames| {
            let n = frames.len() / frame;
            self.decode(channel, frames, &mut out[done..done + n]);
        })
    }

    fn read_all(&self, start: &[u64], out: &mut [Vec<f64>]) -> Result<(), SampleError> {
        let first = start.first().copied().unwrap_or(0);
        let n = out.first().map_or(0, Vec::len);
        let together = start.iter().all(|s| *s == first) && out.iter().all(|o| o.len() == n);
        if !together {
            for (channel, (&start, out)) in start.iter().zip(out.iter_mut()).enumerate() {
                self.read(channel, start, out)?;
            }
            return Ok(());
        }
        for channel in 0..out.len() {
            self.check(channel, first, n)?;
        }
        let frame = self.layout.channels * self.layout.width;
        self.blocks(first, n, &mut |done, frames| {
            let n = frames.len() / frame;
            for (channel, out) in out.iter_mut().enumerate() {
                self.decode(channel, frames, &mut out[done..done + n]);
            }
        })
    }
}
