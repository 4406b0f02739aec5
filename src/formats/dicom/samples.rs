//! Samples of multiplex groups: interleaved integers in stretches of the file, read by ranges.

use std::cell::RefCell;
use std::rc::Rc;

use crate::formats::ByteSource;
use crate::model::{SampleError, Samples};

const BLOCK: usize = 1 << 20;

/// How a sample is stored, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
}

impl Kind {
    /// By the terms of the standard.
    pub fn of(term: &str, bits: u32) -> Option<Self> {
        match (term, bits) {
            ("SB", 8) => Some(Self::I8),
            ("UB", 8) => Some(Self::U8),
            ("SS", 16) => Some(Self::I16),
            ("US", 16) => Some(Self::U16),
            ("SL", 32) => Some(Self::I32),
            ("UL", 32) => Some(Self::U32),
            _ => None,
        }
    }

    pub fn width(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 => 4,
        }
    }

    pub fn limits(self) -> (i64, i64) {
        match self {
            Self::I8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::I16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::I32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
        }
    }

    pub fn decode(self, bytes: &[u8]) -> Option<i64> {
        Some(match self {
            Self::I8 => i64::from(bytes.first()?.cast_signed()),
            Self::U8 => i64::from(*bytes.first()?),
            Self::I16 => i64::from(i16::from_le_bytes(*bytes.first_chunk()?)),
            Self::U16 => i64::from(u16::from_le_bytes(*bytes.first_chunk()?)),
            Self::I32 => i64::from(i32::from_le_bytes(*bytes.first_chunk()?)),
            Self::U32 => i64::from(u32::from_le_bytes(*bytes.first_chunk()?)),
        })
    }
}

/// A stretch of one channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// First stored sample of it.
    pub start: u64,
    pub n: u64,
    pub data_offset: u64,
    pub kind: Kind,
    /// Channels of its group, and which of them.
    pub channels: usize,
    pub at: usize,
    /// Stored number of a missing sample.
    pub padding: Option<i64>,
}

/// One channel.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub gain: f64,
    pub offset: f64,
    pub n: u64,
    pub pieces: Vec<Piece>,
}

pub(super) struct Waveforms {
    pub source: Rc<dyn ByteSource>,
    pub lines: Vec<Line>,
    pub scratch: RefCell<Vec<u8>>,
}

impl Samples for Waveforms {
    fn read(&self, channel: usize, start: u64, out: &mut [f64]) -> Result<(), SampleError> {
        let end = start.saturating_add(out.len() as u64);
        let line = self.lines.get(channel).filter(|line| end <= line.n).ok_or(SampleError::OutOfRange { channel, start, end })?;
        let mut scratch = self.scratch.borrow_mut();
        for piece in &line.pieces {
            let (from, to) = (start.max(piece.start), end.min(piece.start + piece.n));
            let (width, mut at) = (piece.kind.width(), from);
            let frame = width * piece.channels;
            while at < to {
                let n = (to - at).min((BLOCK / frame).max(1) as u64) as usize;
                scratch.resize(n * frame, 0);
                let offset = piece.data_offset + (at - piece.start) * frame as u64;
                self.source.read_exact_at(offset, &mut scratch).map_err(|e| SampleError::Source { what: e.what, offset: e.offset })?;
                let out = &mut out[(at - start) as usize..][..n];
                for (out, bytes) in out.iter_mut().zip(scratch.chunks_exact(frame)) {
                    let digital = piece.kind.decode(&bytes[piece.at * width..]);
                    let there = digital.filter(|digital| Some(*digital) != piece.padding);
                    *out = there.map_or(f64::NAN, |digital| digital as f64 * line.gain + line.offset);
                }
                at += n as u64;
            }
        }
        Ok(())
    }
}
