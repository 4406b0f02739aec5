//! The one small door through which bytes come: length, and read at an offset, synchronously.

use std::sync::Arc;

/// Random access to bytes: a slice, a native file, a `File` in a worker, a ranged HTTP resource.
pub trait ByteSource {
    /// Total length in bytes.
    fn len(&self) -> u64;

    /// Whether there is nothing.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads at `offset` into `buf` until it is full or the end is reached; returns how many bytes
    /// were read.
    ///
    /// # Errors
    /// When the source itself fails (file removed, disk error).
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError>;

    /// Reads exactly `buf.len()` bytes or fails.
    ///
    /// # Errors
    /// When the source fails or ends before `buf` is full.
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), SourceError> {
        let got = self.read_at(offset, buf)?;
        if got == buf.len() {
            return Ok(());
        }
        Err(SourceError { what: format!("the file ends {} bytes early", buf.len() - got), offset: offset.saturating_add(got as u64) })
    }

    /// Up to `max` bytes from `offset` on, as a vector.
    ///
    /// # Errors
    /// When the source itself fails.
    fn read_vec(&self, offset: u64, max: usize) -> Result<Vec<u8>, SourceError> {
        let left = self.len().saturating_sub(offset);
        let mut buf = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(max)];
        let got = self.read_at(offset, &mut buf)?;
        buf.truncate(got);
        Ok(buf)
    }
}

/// A source that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} (byte {offset})")]
pub struct SourceError {
    /// What happened.
    pub what: String,
    /// Where.
    pub offset: u64,
}

/// Bytes in memory.
#[derive(Debug, Clone)]
pub struct SliceSource(pub Arc<[u8]>);

impl From<Vec<u8>> for SliceSource {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl ByteSource for SliceSource {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let n = buf.len().min(self.0.len() - from);
        buf[..n].copy_from_slice(&self.0[from..from + n]);
        Ok(n)
    }
}

/// A file on a native disk.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug)]
pub struct FileSource {
    file: std::sync::Mutex<std::fs::File>,
    len: u64,
}

#[cfg(not(target_arch = "wasm32"))]
impl FileSource {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn open(path: &std::path::Path) -> std::io::Result<Self> {
        let file = std::fs::File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { file: std::sync::Mutex::new(file), len })
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl ByteSource for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        use std::io::{Read, Seek, SeekFrom};
        let fail = |error: std::io::Error| SourceError { what: error.to_string(), offset };
        let mut file = self.file.lock().map_err(|_| SourceError { what: "the file is locked".into(), offset })?;
        file.seek(SeekFrom::Start(offset)).map_err(fail)?;
        let mut done = 0;
        while done < buf.len() {
            match file.read(&mut buf[done..]) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(fail(error)),
            }
        }
        Ok(done)
    }
}
