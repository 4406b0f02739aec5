//! Samples of a recording that grows: appended by the take, read like those of any file.
//!
//! Values stay as the device gave them (32 bits a value) and become physical when they are read.
//! Pages of all channels lie in memory; when there are many, the oldest go to a [`Spill`] (a file of
//! the surroundings). Without one, or when it fails, everything stays in memory: nothing is dropped.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::device::Values;
use crate::model::{SampleError, Samples};

/// Samples of each channel in a page.
const PAGE: usize = 4096;
/// Values of all pages that stay in memory where there is a spill: 64 MB.
const KEEP_VALUES: usize = 16 << 20;

/// A file that pages go to, in order, and are read from again.
pub trait Spill {
    /// Appends bytes.
    ///
    /// # Errors
    /// A sentence: the disk is full, the file is gone.
    fn append(&mut self, bytes: &[u8]) -> Result<(), String>;
    /// Reads `buf` from `offset`.
    ///
    /// # Errors
    /// A sentence.
    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), String>;
}

/// How a stored value becomes a physical one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Physical {
    /// Units a count.
    pub scale: f64,
    /// Units.
    pub offset: f64,
}

/// The samples.
pub struct LiveSamples {
    channels: Vec<Physical>,
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Stored values, sample-major.
    pages: VecDeque<Vec<u32>>,
    /// Pages that went to the spill.
    spilled: u64,
    spill: Option<Box<dyn Spill>>,
    /// Whether values are counts (`i32`); else numbers (`f32`).
    counts: bool,
    /// Samples of each channel.
    n: u64,
    trouble: Option<String>,
}

impl LiveSamples {
    /// Samples of channels with these scales, counts or numbers; pages go to `spill` when there are many.
    pub fn new(channels: Vec<Physical>, counts: bool, spill: Option<Box<dyn Spill>>) -> Self {
        Self { channels, inner: RefCell::new(Inner { spill, counts, ..Inner::default() }) }
    }

    /// For samples of the same channels, without any, all in memory.
    pub fn emptied(&self) -> Self {
        Self::new(self.channels.clone(), self.inner.borrow().counts, None)
    }

    /// Copies samples as they are stored, little-endian and sample-major, from sample `start` on, as many as `out` has
    /// room for and memory holds; returns how many bytes.
    pub fn stored(&self, start: u64, out: &mut [u8]) -> usize {
        let width = self.channels.len().max(1);
        let inner = self.inner.borrow();
        let Some(first) = start.checked_sub(inner.spilled * PAGE as u64) else { return 0 };
        let (page, within) = ((first / PAGE as u64) as usize, (first % PAGE as u64) as usize);
        let values = inner.pages.iter().skip(page).flatten().skip(within * width);
        let mut copied = 0;
        for (room, value) in out.as_chunks_mut::<4>().0.iter_mut().zip(values) {
            *room = value.to_le_bytes();
            copied += 4;
        }
        copied
    }

    /// How many channels.
    pub fn channels(&self) -> usize {
        self.channels.len().max(1)
    }

    /// Samples of each channel.
    pub fn count(&self) -> u64 {
        self.inner.borrow().n
    }

    /// Why nothing goes to the spill any more.
    pub fn trouble(&self) -> Option<String> {
        self.inner.borrow().trouble.clone()
    }

    /// Appends sample-major values from sample `skip` on.
    pub fn push(&self, values: &Values, skip: u64) {
        let width = self.channels.len().max(1);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX).saturating_mul(width);
        let mut inner = self.inner.borrow_mut();
        let counts = inner.counts;
        match values {
            Values::Counts(all) if counts => inner.append(width, all.iter().skip(skip).map(|&count| count as u32)),
            Values::Floats(all) if !counts => inner.append(width, all.iter().skip(skip).map(|value| value.to_bits())),
            // A device that changes its mind: the number is kept, its kind is not.
            Values::Counts(all) => inner.append(width, all.iter().skip(skip).map(|&count| (count as f32).to_bits())),
            Values::Floats(all) => inner.append(width, all.iter().skip(skip).map(|&value| value as i32 as u32)),
        }
        inner.settle(width);
    }
}

impl Samples for LiveSamples {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let width = self.channels.len().max(1);
        let inner = self.inner.borrow();
        let end = start.saturating_add(out.len() as u64);
        let wrong = SampleError::OutOfRange { channel, start, end };
        let Some(physical) = self.channels.get(channel).filter(|_| end <= inner.n) else { return Err(wrong) };
        let (mut at, mut filled) = (start, 0);
        let mut bytes = Vec::new();
        while filled < out.len() {
            let (page, within) = (at / PAGE as u64, (at % PAGE as u64) as usize);
            let n = (PAGE - within).min(out.len() - filled);
            let target = &mut out[filled..filled + n];
            let value = |bits: u32| {
                let number = if inner.counts { f64::from(bits as i32) } else { f64::from(f32::from_bits(bits)) };
                number * physical.scale + physical.offset
            };
            if let Some(in_memory) = page.checked_sub(inner.spilled) {
                let values = inner.pages.get(in_memory as usize).map_or(&[][..], Vec::as_slice);
                let found = values.iter().skip(within * width + channel).step_by(width);
                target.iter_mut().zip(found).for_each(|(out, &bits)| *out = value(bits));
            } else {
                bytes.resize(n * width * 4, 0);
                let offset = (page * PAGE as u64 + within as u64) * width as u64 * 4;
                let spill = inner.spill.as_ref().ok_or(wrong.clone())?;
                spill.read(offset, &mut bytes).map_err(|what| SampleError::Source { what, offset })?;
                let found = bytes.as_chunks::<4>().0.iter().skip(channel).step_by(width);
                target.iter_mut().zip(found).for_each(|(out, bits)| *out = value(u32::from_le_bytes(*bits)));
            }
            at += n as u64;
            filled += n;
        }
        Ok(())
    }
}

impl Inner {
    fn append(&mut self, width: usize, mut values: impl Iterator<Item = u32>) {
        loop {
            if self.pages.back().is_none_or(|page| page.len() >= PAGE * width) {
                let Some(first) = values.next() else { return };
                let mut page = Vec::with_capacity(PAGE * width);
                page.push(first);
                self.pages.push_back(page);
            }
            let Some(page) = self.pages.back_mut() else { return };
            let room = PAGE * width - page.len();
            page.extend(values.by_ref().take(room));
            let full = page.len() == PAGE * width;
            let in_pages = (self.pages.len() as u64 - 1) * PAGE as u64;
            let last = self.pages.back().map_or(0, |page| page.len() / width) as u64;
            self.n = self.spilled * PAGE as u64 + in_pages + last;
            if !full {
                return;
            }
        }
    }

    fn settle(&mut self, width: usize) {
        while self.pages.len() > 1 && self.pages.len() * PAGE * width > KEEP_VALUES && self.trouble.is_none() {
            let (Some(spill), Some(page)) = (self.spill.as_mut(), self.pages.front()) else { return };
            let bytes: Vec<u8> = page.iter().flat_map(|value| value.to_le_bytes()).collect();
            match spill.append(&bytes) {
                Ok(()) => {
                    self.pages.pop_front();
                    self.spilled += 1;
                }
                Err(what) => self.trouble = Some(what),
            }
        }
    }
}
