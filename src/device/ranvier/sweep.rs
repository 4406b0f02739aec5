//! SWEEP: a triggered sweep that the device kept, put together from numbered parts.
//!
//! Memory is bounded: a few sweeps at once, each of limited length; what does not fit is refused.

use super::message::{Cursor, Encoding, put_values};
use crate::device::{Sweep, Values};

/// Values of a sweep, all channels, at most.
const MAX_VALUES: u32 = 1 << 20;
/// Sweeps that are incomplete at the same time; the oldest gives way.
const MAX_OPEN: usize = 4;
/// Completed sweeps that are remembered, so that a part that comes twice begins none anew.
const REMEMBERED: usize = 16;

/// Head of a part, 36 bytes; the values follow, sample-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartHead {
    /// Number of the sweep.
    pub sweep: u32,
    /// Number of the part, from 0.
    pub part: u16,
    /// Parts of the sweep.
    pub parts: u16,
    /// Stream that the channels belong to.
    pub stream: u8,
    /// Encoding.
    pub encoding: Encoding,
    /// Channels.
    pub channels: u8,
    /// Event that triggered the sweep.
    pub event: u32,
    /// Samples of the whole sweep.
    pub total: u32,
    /// First sample of the part within the sweep.
    pub first: u32,
    /// Samples of the part.
    pub samples: u16,
    /// Tick of the sweep's first sample, as in headers.
    pub tick: u64,
}

impl PartHead {
    /// Takes the head off; the values are what is left.
    pub fn read(payload: &[u8]) -> Option<(Self, &[u8])> {
        let mut c = Cursor(payload);
        let (sweep, part, parts, stream) = (c.u32()?, c.u16()?, c.u16()?, c.u8()?);
        let (encoding, channels) = (Encoding::of(c.u8()?)?, c.u8()?);
        c.u8()?;
        let (event, total, first, samples) = (c.u32()?, c.u32()?, c.u32()?, c.u16()?);
        c.u16()?;
        let tick = c.u64()?;
        let head = Self { sweep, part, parts, stream, encoding, channels, event, total, first, samples, tick };
        let end = first.checked_add(u32::from(samples))?;
        let sensible = part < parts && channels > 0 && samples > 0 && end <= total;
        (sensible && total.checked_mul(u32::from(channels))? <= MAX_VALUES).then_some(())?;
        let n = usize::from(samples) * usize::from(channels) * encoding.size();
        Some((head, c.0.get(..n)?))
    }

    /// Adds the payload with whole numbers in its encoding.
    pub fn write(&self, values: &[i32], out: &mut Vec<u8>) {
        out.extend(self.sweep.to_le_bytes());
        out.extend(self.part.to_le_bytes());
        out.extend(self.parts.to_le_bytes());
        out.extend([self.stream, self.encoding.code(), self.channels, 0]);
        out.extend(self.event.to_le_bytes());
        out.extend(self.total.to_le_bytes());
        out.extend(self.first.to_le_bytes());
        out.extend(self.samples.to_le_bytes());
        out.extend([0, 0]);
        out.extend(self.tick.to_le_bytes());
        put_values(self.encoding, values, out);
    }
}

#[derive(Clone)]
struct Open {
    head: PartHead,
    have: Vec<bool>,
    values: Values,
}

/// Sweeps that are on their way.
#[derive(Clone, Default)]
pub(super) struct Sweeps {
    open: Vec<Open>,
    done: Vec<u32>,
}

impl Sweeps {
    /// Takes a part; a sweep that is complete by it comes back. `Err` for a part that contradicts.
    pub fn take(&mut self, head: PartHead, bytes: &[u8], origin_tick: u64) -> Result<Option<Sweep>, ()> {
        if self.done.contains(&head.sweep) {
            return Ok(None);
        }
        let at = match self.open.iter().position(|o| o.head.sweep == head.sweep) {
            Some(at) => at,
            None => {
                if self.open.len() >= MAX_OPEN {
                    self.open.remove(0);
                }
                let n = head.total as usize * usize::from(head.channels);
                let values = if head.encoding == Encoding::F32 { Values::Floats(vec![0.0; n]) } else { Values::Counts(vec![0; n]) };
                self.open.push(Open { head, have: vec![false; usize::from(head.parts)], values });
                self.open.len() - 1
            }
        };
        let Some(open) = self.open.get_mut(at) else { return Err(()) };
        let shape = |h: &PartHead| (h.parts, h.stream, h.encoding, h.channels, h.event, h.total, h.tick);
        let have = open.have.get_mut(usize::from(head.part)).filter(|_| shape(&open.head) == shape(&head)).ok_or(())?;
        let from = head.first as usize * usize::from(head.channels);
        match &mut open.values {
            Values::Counts(all) => {
                let read: fn(&[u8]) -> i32 = match head.encoding {
                    Encoding::S24 => |b| crate::device::scan::i24_le([b[0], b[1], b[2]]),
                    Encoding::S16 => |b| i32::from(i16::from_le_bytes([b[0], b[1]])),
                    _ => |b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]),
                };
                let values = bytes.chunks_exact(head.encoding.size()).map(read);
                all.iter_mut().skip(from).zip(values).for_each(|(to, v)| *to = v);
            }
            Values::Floats(all) => {
                let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                all.iter_mut().skip(from).zip(values).for_each(|(to, v)| *to = v);
            }
        }
        *have = true;
        if open.have.iter().any(|have| !have) {
            return Ok(None);
        }
        let Open { head, values, .. } = self.open.remove(at);
        if self.done.len() >= REMEMBERED {
            self.done.remove(0);
        }
        self.done.push(head.sweep);
        let first_tick = head.tick.wrapping_sub(origin_tick) as i64;
        let channels = u16::from(head.channels);
        Ok(Some(Sweep { id: head.sweep, event: head.event, stream: head.stream, first_tick, channels, values }))
    }

    /// Parts that are missing of sweeps of which some part came.
    pub fn missing(&self, out: &mut Vec<(u32, u16)>) {
        for open in &self.open {
            let parts = open.have.iter().enumerate().filter(|(_, have)| !**have);
            out.extend(parts.map(|(part, _)| (open.head.sweep, part as u16)));
        }
    }
}
