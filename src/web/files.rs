//! A `File` as a [`ByteSource`]: read by ranges, synchronously, which only a worker may do.

use std::cell::RefCell;

use js_sys::Uint8Array;
use wasm_bindgen::JsCast;

use crate::formats::{ByteSource, SourceError};

/// Fetched at least: a call into the browser costs as much as moving about a megabyte.
const BLOCK: usize = 256 * 1024;
/// Fetched at most ahead of someone who reads from front to back.
const MOST_AHEAD: usize = 8 << 20;

/// A file that a person chose or dropped.
pub struct BlobSource {
    file: web_sys::File,
    reader: web_sys::FileReaderSync,
    len: u64,
    held: RefCell<Held>,
}

/// What has been fetched and is kept.
#[derive(Default)]
struct Held {
    /// Around the last short read.
    near: Option<Block>,
    /// What the last long pass through the file has in front of it.
    ahead: Option<Block>,
    /// Where the last long read ended that belongs to no pass: one that goes on there makes it one.
    end: u64,
}

/// Bytes on the browser's side.
struct Block {
    offset: u64,
    bytes: Uint8Array,
}

impl Block {
    fn end(&self) -> u64 {
        self.offset + u64::from(self.bytes.length())
    }

    /// Copies what this block has from `offset` on; returns how much.
    fn copy(&self, offset: u64, buf: &mut [u8]) -> usize {
        if offset < self.offset || offset >= self.end() {
            return 0;
        }
        let n = buf.len().min((self.end() - offset) as usize);
        let from = (offset - self.offset) as u32;
        self.bytes.subarray(from, from + n as u32).copy_to(&mut buf[..n]);
        n
    }
}

impl BlobSource {
    /// Wraps a file.
    ///
    /// # Errors
    /// Outside a worker.
    pub fn new(file: web_sys::File) -> Result<Self, wasm_bindgen::JsValue> {
        let len = file.size() as u64;
        Ok(Self { file, reader: web_sys::FileReaderSync::new()?, len, held: RefCell::default() })
    }

    fn fetch(&self, offset: u64, n: usize) -> Result<Block, SourceError> {
        let fail = |_| SourceError {
            what: "the browser could not read the file; it may have been moved, changed or deleted since it was opened".into(),
            offset,
        };
        let end = (offset + n as u64).min(self.len);
        let part = self.file.slice_with_f64_and_f64(offset as f64, end as f64).map_err(fail)?;
        let buffer = self.reader.read_as_array_buffer(&part).map_err(fail)?;
        let bytes = Uint8Array::new(buffer.unchecked_ref());
        if u64::from(bytes.length()) < end - offset {
            return Err(fail(wasm_bindgen::JsValue::NULL));
        }
        Ok(Block { offset, bytes })
    }

    /// Fills a part of `buf` (at least one byte) from `offset` on.
    fn read_some(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        let mut held = self.held.borrow_mut();
        for block in [&held.ahead, &held.near].into_iter().flatten() {
            let n = block.copy(offset, buf);
            if n > 0 {
                return Ok(n);
            }
        }
        let before = held.ahead.as_ref().filter(|block| block.end() == offset).map(|block| block.bytes.length() as usize);
        if let Some(before) = before.or((held.end == offset && offset > 0).then_some(BLOCK)) {
            // Front to back: the further it goes, the more is fetched at once.
            held.ahead = None;
            let block = self.fetch(offset, (before * 2).max(buf.len()).min(MOST_AHEAD))?;
            let n = block.copy(offset, buf);
            held.ahead = Some(block);
            return Ok(n);
        }
        let block = self.fetch(offset, buf.len().max(BLOCK))?;
        let n = block.copy(offset, buf);
        if buf.len() >= BLOCK {
            held.end = offset + n as u64;
        } else {
            held.near = Some(block);
        }
        Ok(n)
    }
}

impl ByteSource for BlobSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        let n = buf.len().min(self.len.saturating_sub(offset) as usize);
        let mut done = 0;
        while done < n {
            done += self.read_some(offset + done as u64, &mut buf[done..n])?;
        }
        Ok(n)
    }
}
