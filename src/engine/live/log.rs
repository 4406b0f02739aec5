//! The raw log of a live recording: every byte of every port as it arrived, and what happened beside
//! it. Written before anything is drawn; what was recorded can always be made again from it.
//!
//! File: magic `MYORAW1\n`, then entries: length of the payload u32, kind u8, port u8, two zero bytes,
//! time f64 (ms since the log began), payload, CRC-32C of all that u32; little-endian. The end may be
//! missing: a reader stops at the first entry that is not complete and says how many bytes it left.

use serde::{Deserialize, Serialize};

use super::runs::Step;
use crate::device::{Config, UsbIds};
use crate::formats::{ByteSource, SourceError};

/// First bytes of a raw log.
pub const MAGIC: &[u8; 8] = b"MYORAW1\n";
/// Bytes of an entry before its payload.
const HEAD: usize = 16;
/// Longest payload that is read or written.
const MAX_PAYLOAD: usize = 16 << 20;
/// Bytes of the file that are read at once.
const READ_BYTES: usize = 1 << 20;

const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

/// What a log begins with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// Names the recording: edits are kept under it.
    pub key: String,
    /// Local date and time, ISO 8601.
    pub start: String,
    /// Title of the recording.
    pub title: String,
}

/// A device that was recognised: its bytes are decoded with this from here on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// What it is.
    pub config: Config,
    /// USB numbers of its port.
    pub usb: UsbIds,
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Port that it is about; 0 for none.
    pub port: u8,
    /// When, ms since the log began.
    pub at_ms: f64,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The recording began.
    Begun(Begun),
    /// A device was recognised.
    Known(Box<Known>),
    /// Bytes came.
    Bytes(Vec<u8>),
    /// Bytes were written to the device; kept for the record.
    Written(Vec<u8>),
    /// The port was lost.
    Lost,
    /// A person marked this moment.
    Marked(String),
    /// The recording was ended by a person.
    Ended,
    /// Bytes came while the device was being recognised: kept for the record. Those that belong to its
    /// samples come again as [`What::Bytes`].
    Heard(Vec<u8>),
    /// A step of guided nerve conduction.
    Guided(Box<Step>),
}

impl Entry {
    /// Appends the entry as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        let json = |value: Result<Vec<u8>, serde_json::Error>| value.unwrap_or_default();
        let (kind, payload) = match &self.what {
            What::Begun(begun) => (1, json(serde_json::to_vec(begun))),
            What::Known(known) => (2, json(serde_json::to_vec(known))),
            What::Bytes(bytes) => (3, bytes.clone()),
            What::Written(bytes) => (4, bytes.clone()),
            What::Lost => (5, Vec::new()),
            What::Marked(text) => (6, text.clone().into_bytes()),
            What::Ended => (7, Vec::new()),
            What::Heard(bytes) => (8, bytes.clone()),
            What::Guided(step) => (9, json(serde_json::to_vec(step))),
        };
        for piece in Pieces::of(&payload) {
            let from = out.len();
            out.extend((piece.len() as u32).to_le_bytes());
            out.extend([kind, self.port, 0, 0]);
            out.extend(self.at_ms.to_le_bytes());
            out.extend(piece);
            let sum = CRC.checksum(&out[from..]);
            out.extend(sum.to_le_bytes());
        }
    }

    fn read(head: &[u8; HEAD], payload: &[u8]) -> Option<Self> {
        let at_ms = f64::from_le_bytes(head[8..16].try_into().ok()?);
        let what = match head[4] {
            1 => What::Begun(serde_json::from_slice(payload).ok()?),
            2 => What::Known(serde_json::from_slice(payload).ok()?),
            3 => What::Bytes(payload.to_vec()),
            4 => What::Written(payload.to_vec()),
            5 => What::Lost,
            6 => What::Marked(String::from_utf8_lossy(payload).into_owned()),
            7 => What::Ended,
            8 => What::Heard(payload.to_vec()),
            9 => What::Guided(serde_json::from_slice(payload).ok()?),
            _ => return None,
        };
        at_ms.is_finite().then_some(Self { port: head[5], at_ms, what })
    }
}

/// Payloads longer than an entry may be are divided; an empty one is one piece.
struct Pieces;

impl Pieces {
    fn of(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
        let empty = payload.is_empty().then_some(payload);
        empty.into_iter().chain(payload.chunks(MAX_PAYLOAD))
    }
}

/// Whether a file is a raw log.
pub fn is_log(source: &dyn ByteSource) -> bool {
    source.read_vec(0, MAGIC.len()).is_ok_and(|head| head == MAGIC)
}

/// What a raw log says about itself at its beginning.
pub fn begun(source: &dyn ByteSource) -> Option<Begun> {
    match Reader::new(source).entry().ok()??.what {
        What::Begun(begun) => Some(begun),
        _ => None,
    }
}

/// Entries of a raw log in their order; memory for one piece of the file.
pub struct Reader<'a> {
    source: &'a dyn ByteSource,
    /// Offset of the first byte of `piece`.
    offset: u64,
    piece: Vec<u8>,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Begins behind the magic.
    pub fn new(source: &'a dyn ByteSource) -> Self {
        Self::at(source, MAGIC.len() as u64)
    }

    /// Begins at the first byte of an entry.
    pub fn at(source: &'a dyn ByteSource, offset: u64) -> Self {
        Self { source, offset, piece: Vec::new(), at: 0 }
    }

    /// The next entry; `None` at the end, or where the rest is not complete.
    ///
    /// # Errors
    /// When the source fails.
    pub fn entry(&mut self) -> Result<Option<Entry>, SourceError> {
        loop {
            let rest = &self.piece[self.at..];
            let length = rest.first_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length) as usize);
            if length > MAX_PAYLOAD {
                return Ok(None);
            }
            let whole = HEAD + length + 4;
            if rest.len() < whole.max(HEAD) {
                if !self.more(whole)? {
                    return Ok(None);
                }
                continue;
            }
            let (body, sum) = rest[..whole].split_at(whole - 4);
            let Some((head, payload)) = body.split_first_chunk::<HEAD>() else { return Ok(None) };
            if CRC.checksum(body).to_le_bytes() != sum {
                return Ok(None);
            }
            let entry = Entry::read(head, payload);
            self.at += whole;
            // An entry of a later version is passed over.
            if entry.is_some() {
                return Ok(entry);
            }
        }
    }

    /// Offset of the entry that comes next.
    pub fn offset(&self) -> u64 {
        self.offset + self.at as u64
    }

    /// Bytes from the place that was reached to the end of the file.
    pub fn left(&self) -> u64 {
        self.source.len().saturating_sub(self.offset())
    }

    /// Reads on until `wanted` bytes are there; `false` when the file ends before.
    fn more(&mut self, wanted: usize) -> Result<bool, SourceError> {
        self.piece.drain(..self.at);
        self.offset += self.at as u64;
        self.at = 0;
        let have = self.piece.len();
        let got = self.source.read_vec(self.offset + have as u64, READ_BYTES.max(wanted.saturating_sub(have)))?;
        self.piece.extend(got);
        Ok(self.piece.len() > have && self.piece.len() >= wanted.max(HEAD))
    }
}
