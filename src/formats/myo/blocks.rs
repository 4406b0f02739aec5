//! A compressed part in blocks that can be read each by itself.
//!
//! A part is one ordinary deflate stream (RFC 1951), as any zip program reads it. After every
//! [`BLOCK`] bytes the compressor forgets what it saw (a full flush), so that a stream can be taken up
//! there again: long recordings are read by ranges, and damage stays within its block.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::rc::Rc;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::formats::{ByteSource, SourceError};

/// Bytes of a block before compression; the last of a part is shorter.
pub(super) const BLOCK: usize = 1 << 18;
/// Blocks kept as they were read last: more than a reader asks for at once.
const KEPT: usize = 12;
/// Output of the compressor that is handed on at once.
const CHUNK: usize = 1 << 16;

/// Where a block begins in the part's compressed bytes, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Block {
    pub at: u64,
    /// SHA-256 of the block, hexadecimal.
    pub sha256: String,
}

/// Compresses a part.
pub(super) struct Encoder<W> {
    inner: W,
    compress: Compress,
    out: Vec<u8>,
    /// Compressed bytes so far.
    written: u64,
    filled: usize,
    begun: u64,
    block: Sha256,
    whole: Sha256,
    blocks: Vec<Block>,
    bytes: u64,
}

/// What became of a part.
pub(super) struct Encoded {
    pub bytes: u64,
    pub sha256: String,
    pub blocks: Vec<Block>,
}

impl<W: Write> Encoder<W> {
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            compress: Compress::new(Compression::default(), false),
            out: Vec::with_capacity(CHUNK),
            written: 0,
            filled: 0,
            begun: 0,
            block: Sha256::new(),
            whole: Sha256::new(),
            blocks: Vec::new(),
            bytes: 0,
        }
    }

    fn push(&mut self, mut input: &[u8], flush: FlushCompress) -> io::Result<()> {
        loop {
            self.out.clear();
            let before = self.compress.total_in();
            let status = self.compress.compress_vec(input, &mut self.out, flush).map_err(io::Error::other)?;
            input = &input[(self.compress.total_in() - before) as usize..];
            self.inner.write_all(&self.out)?;
            self.written += self.out.len() as u64;
            let full = self.out.len() == self.out.capacity();
            let done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => input.is_empty() && !full,
            };
            if done {
                return Ok(());
            }
        }
    }

    fn end_block(&mut self) {
        let sha256 = hex(&std::mem::take(&mut self.block).finalize());
        self.blocks.push(Block { at: self.begun, sha256 });
        self.filled = 0;
    }

    /// Ends the stream; what it is made of.
    pub fn finish(mut self) -> io::Result<Encoded> {
        if self.filled > 0 {
            self.end_block();
        }
        self.push(&[], FlushCompress::Finish)?;
        Ok(Encoded { bytes: self.bytes, sha256: hex(&self.whole.finalize()), blocks: self.blocks })
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let part = &buf[..buf.len().min(BLOCK - self.filled)];
        if part.is_empty() {
            return Ok(0);
        }
        if self.filled == 0 {
            self.begun = self.written;
        }
        self.block.update(part);
        self.whole.update(part);
        self.push(part, FlushCompress::None)?;
        self.filled += part.len();
        self.bytes += part.len() as u64;
        if self.filled == BLOCK {
            self.push(&[], FlushCompress::Full)?;
            self.end_block();
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// At most `most` bytes of the deflate stream `compressed`; whether it ended properly, and how many bytes
/// it took.
pub(super) fn inflate(compressed: &[u8], most: usize) -> (Vec<u8>, bool, usize) {
    let mut stream = Decompress::new(false);
    let mut out = Vec::new();
    loop {
        if out.len() == out.capacity() {
            out.reserve((out.len() / 2).clamp(CHUNK, 1 << 26).min(most + 1 - out.len().min(most)));
        }
        let (taken, made) = (stream.total_in() as usize, out.len());
        let status = stream.decompress_vec(compressed.get(taken..).unwrap_or_default(), &mut out, FlushDecompress::None);
        let ended = matches!(status, Ok(Status::StreamEnd));
        if out.len() > most {
            out.truncate(most);
            return (out, false, stream.total_in() as usize);
        }
        let stuck = stream.total_in() as usize == taken && out.len() == made;
        if ended || status.is_err() || (stuck && out.len() < out.capacity()) {
            return (out, ended, stream.total_in() as usize);
        }
    }
}

/// A part, inflated where it is read.
pub(super) struct Inflated {
    pub source: Rc<dyn ByteSource>,
    /// First compressed byte in the file, and their number.
    pub at: u64,
    pub compressed: u64,
    /// Bytes of the part.
    pub bytes: u64,
    pub blocks: Vec<Block>,
    pub kept: RefCell<VecDeque<(usize, Rc<[u8]>)>>,
}

impl Inflated {
    /// A block, checked.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written.
    pub fn block(&self, index: usize) -> Result<Rc<[u8]>, SourceError> {
        if let Some((_, bytes)) = self.kept.borrow().iter().find(|(of, _)| *of == index) {
            return Ok(Rc::clone(bytes));
        }
        let fail = |what: &str, offset: u64| SourceError { what: what.into(), offset };
        let from = index as u64 * BLOCK as u64;
        let expected = self.bytes.saturating_sub(from).min(BLOCK as u64) as usize;
        let (Some(block), true) = (self.blocks.get(index), expected > 0) else { return Err(fail("the part ends before", from)) };
        let end = self.blocks.get(index + 1).map_or(self.compressed, |next| next.at);
        // Deflate never makes more of a block than this.
        let len = end.checked_sub(block.at).filter(|len| end <= self.compressed && *len <= 2 * BLOCK as u64 + 1024);
        let Some(len) = len else { return Err(fail("the list of blocks is damaged", self.at)) };
        let offset = self.at.saturating_add(block.at);
        let mut compressed = vec![0; len as usize];
        self.source.read_exact_at(offset, &mut compressed)?;
        let (bytes, ..) = inflate(&compressed, expected);
        if bytes.len() != expected || hex(&Sha256::digest(&bytes)) != block.sha256 {
            return Err(fail("a part of the study file is damaged here", offset));
        }
        let bytes: Rc<[u8]> = bytes.into();
        let mut kept = self.kept.borrow_mut();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((index, Rc::clone(&bytes)));
        Ok(bytes)
    }
}

impl ByteSource for Inflated {
    fn len(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        let n = usize::try_from(self.bytes.saturating_sub(offset)).unwrap_or(usize::MAX).min(buf.len());
        let mut done = 0;
        while done < n {
            let at = offset + done as u64;
            let block = self.block((at / BLOCK as u64) as usize)?;
            let within = (at % BLOCK as u64) as usize;
            let part = block.get(within..).unwrap_or_default();
            let len = part.len().min(n - done);
            if len == 0 {
                break;
            }
            buf[done..done + len].copy_from_slice(&part[..len]);
            done += len;
        }
        Ok(done)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::formats::SliceSource;

    fn encoded(bytes: &[u8]) -> (Vec<u8>, Encoded) {
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out);
        bytes.chunks(10_007).for_each(|chunk| encoder.write_all(chunk).unwrap());
        let encoded = encoder.finish().unwrap();
        (out, encoded)
    }

    #[test]
    fn blocks_are_read_each_by_itself_and_all_as_one_stream() {
        for n in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 77] {
            // Half noise, half repetition.
            let mut state = 7u32;
            let bytes: Vec<u8> = (0..n)
                .map(|k| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if k % 5000 < 2500 { (state >> 24) as u8 } else { (k % 7) as u8 }
                })
                .collect();
            let (compressed, parts) = encoded(&bytes);
            assert_eq!((parts.bytes, parts.blocks.len()), (n as u64, n.div_ceil(BLOCK)));
            let (back, ended, taken) = inflate(&compressed, n);
            assert!(ended && back == bytes && taken == compressed.len(), "{n} bytes as one stream");
            let mut padded = b"prefix".to_vec();
            padded.extend(&compressed);
            let inflated = Inflated {
                source: Rc::new(SliceSource::from(padded)),
                at: 6,
                compressed: compressed.len() as u64,
                bytes: parts.bytes,
                blocks: parts.blocks,
                kept: RefCell::default(),
            };
            for (from, len) in [(0, n), (n / 2, n / 3), (n.saturating_sub(3), 3)] {
                let mut buf = vec![0; len];
                let got = inflated.read_at(from as u64, &mut buf).unwrap();
                assert_eq!(buf[..got], bytes[from..(from + len).min(n)]);
            }
        }
    }

    #[test]
    fn what_inflates_to_more_than_is_wanted_is_cut() {
        let (compressed, _) = encoded(&vec![0; 5 * BLOCK]);
        assert!(compressed.len() < 10_000);
        let (back, ended, _) = inflate(&compressed, 1000);
        assert_eq!((back.len(), ended), (1000, false));
        assert!(!inflate(&[0xFF; 40], 1000).1);
    }
}
