//! Signals that share one signal file, read by ranges of frames.
//!
//! A frame holds `per_frame` samples of each signal in turn. Reading takes bounded buffers: at most
//! [`CHUNK`] samples are decoded at once. Format 8 stores differences, so its sums are kept at
//! regular frames as reading proceeds (4 bytes a signal every [`CHECKPOINT`] frames).

use std::cell::RefCell;
use std::rc::Rc;

use super::codec::Format;
use crate::formats::ByteSource;
use crate::model::SampleError;

/// Samples decoded at once: 64 kB of integers stay in the processor's cache.
pub const CHUNK: usize = 16_384;
const CHECKPOINT: u64 = 65_536;

/// One signal of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// First sample of the signal within a frame.
    pub at: usize,
    /// Samples in a frame.
    pub per_frame: usize,
    /// Frames by which the signal is stored late.
    pub skew: u64,
    /// ADC units a physical unit.
    pub gain: f64,
    /// ADC value of physical 0.
    pub baseline: f64,
    /// Value before the first sample (format 8).
    pub initial: i32,
    /// Sum that the header promises.
    pub checksum: Option<u16>,
}

/// Signals in one file.
pub struct Group {
    /// The file.
    pub source: Rc<dyn ByteSource>,
    /// Its format.
    pub format: Format,
    /// Byte of the first sample.
    pub offset: u64,
    /// Samples in one frame.
    pub width: usize,
    /// Frames that the file holds.
    pub frames: u64,
    /// The signals.
    pub members: Vec<Member>,
    /// Format 8: value of each signal before frame `k * CHECKPOINT`.
    sums: RefCell<Vec<Vec<i32>>>,
}

impl Group {
    /// A group whose `members` have their gains and frame layout.
    pub fn new(source: Rc<dyn ByteSource>, format: Format, offset: u64, members: Vec<Member>) -> Self {
        let width = members.iter().map(|m| m.per_frame).sum::<usize>().max(1);
        let frames = format.samples_in(source.len().saturating_sub(offset)) / width as u64;
        let initial = members.iter().map(|m| m.initial).collect();
        Self { source, format, offset, width, frames, members, sums: RefCell::new(vec![initial]) }
    }

    /// Frames that are decoded at once.
    fn frames_per_chunk(&self) -> u64 {
        (CHUNK / self.width).max(1) as u64
    }

    /// Decodes frames `from..from + frames` and hands them over in chunks: (first frame, samples of
    /// whole frames). The range must lie within the file.
    pub fn each_chunk(&self, from: u64, frames: u64, mut each: impl FnMut(u64, &[i32])) -> Result<(), SampleError> {
        let end = from.saturating_add(frames).min(self.frames);
        let mut at = from;
        let mut sums = Vec::new();
        if self.format == Format::F8 {
            // Go back to the last known sums and decode from there.
            let known = self.sums.borrow();
            let k = ((from / CHECKPOINT) as usize).min(known.len() - 1);
            sums.clone_from(&known[k]);
            at = k as u64 * CHECKPOINT;
        }
        let (block_samples, block_bytes) = self.format.block();
        let (mut bytes, mut samples) = (Vec::new(), Vec::new());
        while at < end {
            let mut count = self.frames_per_chunk().min(end - at);
            if self.format == Format::F8 {
                count = count.min(CHECKPOINT - at % CHECKPOINT);
                count = if at < from { count.min(from - at) } else { count };
            }
            let first = at * self.width as u64;
            let n = (count * self.width as u64) as usize;
            let (block, skip) = (first / block_samples, (first % block_samples) as usize);
            let size = ((skip + n) as u64).div_ceil(block_samples) * block_bytes;
            let offset = self.offset + block * block_bytes;
            bytes.resize(size as usize, 0);
            let got = self.source.read_at(offset, &mut bytes).map_err(|e| SampleError::Source { what: e.what, offset: e.offset })?;
            samples.resize(skip + n, 0);
            self.format.decode(&bytes[..got], &mut samples);
            if self.format == Format::F8 {
                self.accumulate(&mut samples, &mut sums);
                let mut known = self.sums.borrow_mut();
                if (at + count).is_multiple_of(CHECKPOINT) && (at + count) / CHECKPOINT == known.len() as u64 {
                    known.push(sums.clone());
                }
            }
            if at >= from {
                each(at, &samples[skip..]);
            }
            at += count;
        }
        Ok(())
    }

    /// Differences to values, in whole frames.
    fn accumulate(&self, samples: &mut [i32], sums: &mut [i32]) {
        for frame in samples.chunks_mut(self.width) {
            for (member, sum) in self.members.iter().zip(sums.iter_mut()) {
                for v in frame.iter_mut().skip(member.at).take(member.per_frame) {
                    *sum = sum.wrapping_add(*v);
                    *v = *sum;
                }
            }
        }
    }

    /// Physical values of `member` from decoded frames.
    pub fn convert(&self, member: &Member, frames: &[i32], out: &mut [f64]) {
        let invalid = self.format.invalid();
        // Division, not multiplication by the inverse: -333 / 10000 is -0.0333 and prints as such.
        let value = |d: i32| if Some(d) == invalid { f64::NAN } else { (f64::from(d) - member.baseline) / member.gain };
        if self.width == 1 {
            out.iter_mut().zip(frames).for_each(|(out, d)| *out = value(*d));
        } else if member.per_frame == 1 {
            out.iter_mut().zip(frames.iter().skip(member.at).step_by(self.width)).for_each(|(out, d)| *out = value(*d));
        } else {
            for (out, frame) in out.chunks_mut(member.per_frame).zip(frames.chunks(self.width)) {
                out.iter_mut().zip(&frame[member.at..]).for_each(|(out, d)| *out = value(*d));
            }
        }
    }

    /// Physical values of member `index` from its own sample `start` on; NaN past the file's end.
    pub fn read(&self, index: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let Some(member) = self.members.get(index) else {
            out.fill(f64::NAN);
            return Ok(());
        };
        let per_frame = member.per_frame as u64;
        let first = (start / per_frame).saturating_add(member.skew);
        let lead = (start % per_frame) as usize;
        let frames = ((lead + out.len()) as u64).div_ceil(per_frame);
        let mut done = 0;
        let mut whole = Vec::new();
        if first < self.frames {
            self.each_chunk(first, frames.min(self.frames - first), |at, samples| {
                let skip = if at == first { lead } else { 0 };
                let n = samples.len() / self.width * member.per_frame;
                let take = n.saturating_sub(skip).min(out.len() - done);
                if skip == 0 && take == n {
                    self.convert(member, samples, &mut out[done..done + n]);
                } else {
                    whole.resize(n, 0.0);
                    self.convert(member, samples, &mut whole);
                    out[done..done + take].copy_from_slice(&whole[skip..skip + take]);
                }
                done += take;
            })?;
        }
        out[done..].fill(f64::NAN);
        Ok(())
    }

    /// Sum of each signal's samples modulo 65536 over the first `frames` frames.
    pub fn checksums(&self, frames: u64) -> Result<Vec<u16>, SampleError> {
        let mut sums = vec![0u16; self.members.len()];
        self.each_chunk(0, frames, |_, samples| {
            for frame in samples.chunks_exact(self.width) {
                for (member, sum) in self.members.iter().zip(&mut sums) {
                    for v in &frame[member.at..member.at + member.per_frame] {
                        *sum = sum.wrapping_add(*v as u16);
                    }
                }
            }
        })?;
        Ok(sums)
    }
}
