//! Decoding of WAV frames from ranges, about a megabyte at once.

use std::cell::RefCell;
use std::rc::Rc;

use super::chunks::{Kind, Layout};
use crate::formats::ByteSource;
use crate::model::{SampleError, Samples};

const BLOCK: usize = 1 << 20;

pub(super) struct WavSamples {
    source: Rc<dyn ByteSource>,
    kind: Kind,
    width: usize,
    channels: usize,
    data_offset: u64,
    frames: u64,
    /// Physical value of the stored number 1, by channel.
    gains: Vec<f64>,
    scratch: RefCell<Vec<u8>>,
}

impl WavSamples {
    pub fn new(source: Rc<dyn ByteSource>, layout: &Layout, gains: Vec<f64>) -> Self {
        Self {
            source,
            kind: layout.kind,
            width: layout.width,
            channels: layout.channels,
            data_offset: layout.data_offset,
            frames: layout.frames,
            gains,
            scratch: RefCell::default(),
        }
    }

    fn check(&self, channel: usize, start: u64, len: usize) -> Result<(), SampleError> {
        let end = start.saturating_add(len as u64);
        let ok = channel < self.channels && end <= self.frames;
        ok.then_some(()).ok_or(SampleError::OutOfRange { channel, start, end })
    }

    /// Calls `take` with the frames from `start` on, block by block, and the index of each block's first frame.
    fn blocks(&self, start: u64, n: usize, take: &mut dyn FnMut(usize, &[u8])) -> Result<(), SampleError> {
        let frame = self.channels * self.width;
        let step = (BLOCK / frame).max(1);
        let mut scratch = self.scratch.borrow_mut();
        let mut done = 0;
        while done < n {
            let count = step.min(n - done);
            scratch.resize(count * frame, 0);
            let offset = self.data_offset + (start + done as u64) * frame as u64;
            self.source.read_exact_at(offset, &mut scratch).map_err(|e| SampleError::Source { what: e.what, offset: e.offset })?;
            take(done, &scratch);
            done += count;
        }
        Ok(())
    }

    fn decode(&self, channel: usize, frames: &[u8], out: &mut [f64]) {
        let frame = self.channels * self.width;
        let at = channel * self.width;
        let gain = self.gains.get(channel).copied().unwrap_or(1.0);
        match (self.kind, self.width) {
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

impl Samples for WavSamples {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        self.check(channel, start, out.len())?;
        let frame = self.channels * self.width;
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
        let frame = self.channels * self.width;
        self.blocks(first, n, &mut |done, frames| {
            let n = frames.len() / frame;
            for (channel, out) in out.iter_mut().enumerate() {
                self.decode(channel, frames, &mut out[done..done + n]);
            }
        })
    }
}
