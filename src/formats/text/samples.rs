//! Rows on demand: a block of rows is read and parsed when it is asked for, and the last one kept.

use std::cell::RefCell;
use std::rc::Rc;

use super::guess::Shape;
use super::index::{self, Block, Line};
use super::lines;
use crate::formats::ByteSource;
use crate::model::{SampleError, Samples};

/// A parsed block: its index, and the values of each channel.
#[derive(Default)]
struct Parsed {
    block: Option<usize>,
    values: Vec<Vec<f64>>,
}

pub(super) struct TextSamples {
    source: Rc<dyn ByteSource>,
    shape: Shape,
    /// Channel of each column.
    channel_of: Vec<Option<usize>>,
    channels: usize,
    blocks: Vec<Block>,
    rows: u64,
    parsed: RefCell<Parsed>,
}

impl TextSamples {
    pub fn new(source: Rc<dyn ByteSource>, shape: Shape, values: &[usize], blocks: Vec<Block>, rows: u64) -> Self {
        let mut channel_of = vec![None; shape.columns];
        for (channel, column) in values.iter().enumerate() {
            if let Some(slot) = channel_of.get_mut(*column) {
                *slot = Some(channel);
            }
        }
        Self { source, shape, channel_of, channels: values.len(), blocks, rows, parsed: RefCell::default() }
    }

    /// Rows of a block.
    fn range(&self, block: usize) -> (u64, u64) {
        let from = self.blocks.get(block).map_or(self.rows, |b| b.row);
        (from, self.blocks.get(block + 1).map_or(self.rows, |b| b.row))
    }

    fn parse(&self, block: usize, parsed: &mut Parsed) -> Result<(), SampleError> {
        if parsed.block == Some(block) {
            return Ok(());
        }
        let (from, to) = self.range(block);
        let n = (to - from) as usize;
        parsed.block = None;
        parsed.values.resize(self.channels, Vec::new());
        for values in &mut parsed.values {
            values.clear();
            values.resize(n, f64::NAN);
        }
        let start = self.blocks.get(block).map_or(0, |b| b.offset);
        let end = self.blocks.get(block + 1).map_or(self.source.len(), |b| b.offset);
        let mut row = 0;
        let values = &mut parsed.values;
        let result = lines::each(&*self.source, start, end, self.shape.terminator, &mut |_, line| {
            let read = index::read_line(line, &self.shape, &mut |column, value| {
                let channel = self.channel_of.get(column).copied().flatten();
                if let Some(slot) = channel.and_then(|c| values.get_mut(c)).and_then(|values| values.get_mut(row)) {
                    *slot = value;
                }
            });
            row += usize::from(matches!(read, Line::Row { .. }));
            row < n
        });
        result.map_err(|error| SampleError::Source { what: error.to_string(), offset: start })?;
        parsed.block = Some(block);
        Ok(())
    }

    fn check(&self, channel: usize, start: u64, len: usize) -> Result<u64, SampleError> {
        let end = start.saturating_add(len as u64);
        if channel < self.channels && end <= self.rows { Ok(end) } else { Err(SampleError::OutOfRange { channel, start, end }) }
    }

    fn block_of(&self, row: u64) -> usize {
        self.blocks.partition_point(|block| block.row <= row).saturating_sub(1)
    }
}

impl Samples for TextSamples {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let end = self.check(channel, start, out.len())?;
        let mut parsed = self.parsed.borrow_mut();
        let mut row = start;
        while row < end {
            let block = self.block_of(row);
            let (first, last) = self.range(block);
            self.parse(block, &mut parsed)?;
            let to = end.min(last);
            let part = parsed.values.get(channel).and_then(|v| v.get((row - first) as usize..(to - first) as usize));
            let part = part.ok_or(SampleError::OutOfRange { channel, start, end })?;
            out[(row - start) as usize..(to - start) as usize].copy_from_slice(part);
            row = to;
        }
        Ok(())
    }

    fn read_all(&self, start: &[u64], out: &mut [Vec<f64>]) -> Result<(), SampleError> {
        // Channels take turns block by block, so that each block is parsed once.
        let mut done = vec![0usize; out.len()];
        loop {
            let next = (0..out.len()).filter(|&c| done[c] < out[c].len()).map(|c| start.get(c).map_or(0, |s| s + done[c] as u64)).min();
            let Some(row) = next else { return Ok(()) };
            let (_, last) = self.range(self.block_of(row));
            for channel in 0..out.len() {
                let from = start.get(channel).map_or(0, |s| s + done[channel] as u64);
                let n = last.saturating_sub(from).min((out[channel].len() - done[channel]) as u64) as usize;
                // Beyond the last row `read` gives the error.
                let n = if from >= self.rows { out[channel].len() - done[channel] } else { n };
                let at = done[channel];
                self.read(channel, from, &mut out[channel][at..at + n])?;
                done[channel] += n;
            }
        }
    }
}
