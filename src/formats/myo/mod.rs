//! Study files (`.myo`): one zip with everything of a study, described in docs/study-format.md.
//!
//! Inside are JSON parts for what is known (study, person apart, a person's work, conclusion), reports
//! that any browser opens, and recordings as EDF+ or BDF+ that any EDF program reads. The small parts
//! come first: a reader by ranges has them before the recordings, and so has one of a file that was cut.

mod archive;
mod blocks;
mod read;
mod recordings;
mod verify;
mod write;

use serde::{Deserialize, Serialize};

use super::edf::integers::Rule;
use super::{Files, OpenOptions, Opened, ReadError, Reader};
use crate::model::{Examination, Recording};
use blocks::Block;

pub use verify::{Checked, PartState, parts, verify};
pub use write::{Packing, pack};

/// Media type, and the first bytes of the first part.
pub const MEDIA_TYPE: &str = "application/vnd.myoscope.study+zip";
/// Ending of the name.
pub const EXTENSION: &str = "myo";
/// The newest version that is written and read.
pub const VERSION: u32 = 1;

const MIMETYPE: &str = "mimetype";
const STUDY: &str = "study.json";
const SUBJECT: &str = "subject.json";
const EDITS: &str = "edits.json";
const MANIFEST: &str = "manifest.json";
/// Largest part of JSON or text.
const MAX_TEXT: usize = 256 << 20;

/// `study.json`: what was acquired, without the person and without samples.
#[derive(Debug, Serialize, Deserialize)]
struct StudyPart {
    format: String,
    version: u32,
    written_by: String,
    recordings: Vec<Kept>,
    examination: Examination,
}

/// A recording and where its samples are.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    recording: Recording,
    /// The part that EDF programs read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// How values are made of that part's integers, where that loses nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    integers: Option<Integers>,
    /// The values themselves, where it would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Values>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Integers {
    /// Of each channel.
    rules: Vec<Rule>,
    /// Data records of each span of the timeline.
    records: Vec<u64>,
}

/// Little-endian floating-point numbers, channel behind channel.
#[derive(Debug, Serialize, Deserialize)]
struct Values {
    file: String,
    /// Bytes of a number, 4 or 8.
    width: u64,
}

/// `manifest.json`, the last part: all others and their hashes.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: String,
    version: u32,
    parts: Vec<Listed>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Listed {
    path: String,
    bytes: u64,
    /// Of the inflated part, hexadecimal.
    sha256: String,
    blocks: Vec<Block>,
}

const FORMAT: &str = "myoscope study";

/// Reads study files.
#[derive(Debug, Clone, Copy)]
pub struct Myo;

impl Reader for Myo {
    fn name(&self) -> &'static str {
        "Myoscope study"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[EXTENSION]
    }

    fn score(&self, name: &str, head: &[u8]) -> u8 {
        let zip = head.starts_with(b"PK\x03\x04");
        let told = head
            .get(30..)
            .is_some_and(|rest| rest.starts_with(MIMETYPE.as_bytes()) && rest[MIMETYPE.len()..].starts_with(MEDIA_TYPE.as_bytes()));
        let by_name = name.to_ascii_lowercase().ends_with(".myo");
        match (zip, told, by_name) {
            (true, true, _) => 100,
            (true, false, true) => 60,
            // The first bytes may be what is damaged.
            (false, _, true) => 15,
            _ => 0,
        }
    }

    fn open(&self, files: &Files, main: usize, _options: &OpenOptions) -> Result<Opened, ReadError> {
        let file = files.all.get(main).ok_or_else(|| ReadError::malformed(0, "there is no such file"))?;
        read::open(file)
    }
}
