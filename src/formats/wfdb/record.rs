//! The samples of a record: segments one after the other, each made of groups.
//!
//! **NaN**: invalid-sample codes, null segments, signals that a segment does not have, and what
//! skew takes off the end. Skewed signals are aligned here, so channels come with no lag of their
//! own (as rdsamp(1) and other readers of the format do).

use super::group::Group;
use crate::model::{SampleError, Samples};

/// One segment.
pub struct SegmentData {
    /// First frame in the record.
    pub start: u64,
    /// Frames.
    pub frames: u64,
    /// Its signal files; none for a gap.
    pub groups: Vec<Group>,
    /// For each channel of the record: group and member.
    pub map: Vec<Option<(usize, usize)>>,
}

/// The samples of a whole record.
pub struct Record {
    /// Segments in order, without holes between them.
    pub segments: Vec<SegmentData>,
    /// Samples of each channel in a frame.
    pub per_frame: Vec<u64>,
    /// Frames a second.
    pub fs_hz: f64,
    /// Frames in all.
    pub frames: u64,
}

impl Record {
    fn check(&self, channel: usize, start: u64, n: usize) -> Result<u64, SampleError> {
        let end = start.saturating_add(n as u64);
        let error = SampleError::OutOfRange { channel, start, end };
        let per_frame = *self.per_frame.get(channel).ok_or_else(|| error.clone())?;
        if end > self.frames.saturating_mul(per_frame) { Err(error) } else { Ok(per_frame) }
    }

    /// Whole frames asked of every channel, (first, how many), when the request has that shape.
    fn aligned(&self, start: &[u64], out: &[Vec<f64>]) -> Option<(u64, u64)> {
        let first = start.first()?.checked_div(*self.per_frame.first()?)?;
        let frames = (out.first()?.len() as u64).checked_div(*self.per_frame.first()?)?;
        let all = self.per_frame.len() == start.len() && start.len() == out.len();
        let each = |((start, out), per): ((&u64, &Vec<f64>), &u64)| *start == first * per && out.len() as u64 == frames * per;
        (all && start.iter().zip(out).zip(&self.per_frame).all(each)).then_some((first, frames))
    }
}

impl Samples for Record {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let per_frame = self.check(channel, start, out.len())?;
        let mut done = 0;
        let first = self.segments.partition_point(|s| (s.start + s.frames) * per_frame <= start);
        for segment in &self.segments[first.min(self.segments.len())..] {
            if done == out.len() {
                break;
            }
            let inside = start + done as u64 - segment.start * per_frame;
            let n = ((segment.frames * per_frame - inside) as usize).min(out.len() - done);
            let part = &mut out[done..done + n];
            match segment.map.get(channel).copied().flatten() {
                Some((group, member)) => segment.groups[group].read(member, inside, part)?,
                None => part.fill(f64::NAN),
            }
            done += n;
        }
        out[done..].fill(f64::NAN);
        Ok(())
    }

    fn read_all(&self, start: &[u64], out: &mut [Vec<f64>]) -> Result<(), SampleError> {
        let skewed = self.segments.iter().any(|s| s.groups.iter().any(|g| g.members.iter().any(|m| m.skew > 0)));
        let Some((first, frames)) = self.aligned(start, out).filter(|_| !skewed) else {
            for (channel, (&start, out)) in start.iter().zip(out.iter_mut()).enumerate() {
                self.read(channel, start, out)?;
            }
            return Ok(());
        };
        for (channel, (start, out)) in start.iter().zip(out.iter_mut()).enumerate() {
            self.check(channel, *start, out.len())?;
        }
        let end = first + frames;
        for segment in self.segments.iter().filter(|s| s.start < end && s.start + s.frames > first) {
            let (from, to) = (first.max(segment.start), end.min(segment.start + segment.frames));
            for (k, group) in segment.groups.iter().enumerate() {
                let wanted: Vec<(usize, usize)> = (0..out.len())
                    .filter_map(|channel| segment.map.get(channel).copied().flatten().filter(|m| m.0 == k).map(|m| (channel, m.1)))
                    .collect();
                group.each_chunk(from - segment.start, to - from, |at, samples| {
                    let count = samples.len() / group.width;
                    for (channel, index) in &wanted {
                        let member = &group.members[*index];
                        let begin = (at + segment.start - first) as usize * member.per_frame;
                        group.convert(member, samples, &mut out[*channel][begin..begin + count * member.per_frame]);
                    }
                })?;
            }
            for (channel, out) in out.iter_mut().enumerate() {
                let held = segment.map.get(channel).copied().flatten().map_or(0, |m| segment.groups[m.0].frames);
                let per_frame = self.per_frame[channel];
                let valid = (segment.start + held).clamp(from, to);
                out[((valid - first) * per_frame) as usize..((to - first) * per_frame) as usize].fill(f64::NAN);
            }
        }
        Ok(())
    }

    fn block_s(&self) -> Option<f64> {
        // A chunk of the widest group; readers of the whole file ask for multiples.
        let width = self.segments.iter().flat_map(|s| &s.groups).map(|g| g.width).max()?;
        Some((super::group::CHUNK / width).max(1) as f64 / self.fs_hz)
    }
}
