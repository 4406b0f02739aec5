//! A `File` as a [`ByteSource`]: read by ranges, synchronously, which only a worker may do.

use std::cell::RefCell;

use js_sys::Uint8Array;
use wasm_bindgen::JsCast;

use crate::formats::{ByteSource, SourceError};

/// Reads shorter than this come from a block that is kept, because each call into the browser
/// costs more than copying it.
const BLOCK: usize = 256 * 1024;

/// A file that a person chose or dropped.
pub struct BlobSource {
    file: web_sys::File,
    reader: web_sys::FileReaderSync,
    len: u64,
    block: RefCell<(u64, Vec<u8>)>,
}

impl BlobSource {
    /// Wraps a file.
    ///
    /// # Errors
    /// Outside a worker.
    pub fn new(file: web_sys::File) -> Result<Self, wasm_bindgen::JsValue> {
        let len = file.size() as u64;
        Ok(Self { file, reader: web_sys::FileReaderSync::new()?, len, block: RefCell::default() })
    }

    fn fetch(&self, offset: u64, n: usize) -> Result<Uint8Array, SourceError> {
        let fail = |_| SourceError {
            what: "the browser could not read the file; it may have been moved, changed or deleted since it was opened".into(),
            offset,
        };
        let end = (offset + n as u64).min(self.len);
        let part = self.file.slice_with_f64_and_f64(offset as f64, end as f64).map_err(fail)?;
        let buffer = self.reader.read_as_array_buffer(&part).map_err(fail)?;
        Ok(Uint8Array::new(buffer.unchecked_ref()))
    }
}

impl ByteSource for BlobSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        if offset >= self.len || buf.is_empty() {
            return Ok(0);
        }
        let n = buf.len().min((self.len - offset) as usize);
        if n >= BLOCK {
            self.fetch(offset, n)?.copy_to(&mut buf[..n]);
            return Ok(n);
        }
        let mut block = self.block.borrow_mut();
        let held = offset >= block.0 && offset + n as u64 <= block.0 + block.1.len() as u64;
        if !held {
            *block = (offset, self.fetch(offset, BLOCK)?.to_vec());
        }
        let from = (offset - block.0) as usize;
        let n = n.min(block.1.len().saturating_sub(from));
        buf[..n].copy_from_slice(&block.1[from..from + n]);
        Ok(n)
    }
}
