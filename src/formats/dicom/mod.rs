//! DICOM waveform objects: read from any waveform storage class, written as Electromyogram Waveform.
//!
//! Uncompressed little-endian transfer syntaxes, explicit and implicit. Samples stay in the file and
//! are read by ranges.

mod document;
mod element;
mod encode;
mod parts;
mod read;
mod samples;
mod units;
mod write;

pub use document::encapsulated_pdf;
pub use write::DicomWriter;

use serde::{Deserialize, Serialize};

use super::{Files, OpenOptions, Opened, ReadError, Reader};
use crate::model::{Edits, Examination, Recording};

/// Electromyogram Waveform Storage.
const SOP_CLASS: &str = "1.2.840.10008.5.1.4.1.1.9.7.2";
/// The date of recordings that state none.
const NO_DATE: &str = "19000101";
const WAVEFORMS: u32 = 0x5400_0100;
const CHANNELS: u32 = 0x003A_0200;
const SOURCE: u32 = 0x003A_0208;
const UNITS: u32 = 0x003A_0211;
const ANNOTATIONS: u32 = 0x0040_B020;
/// Coding scheme of channel numbers.
const SCHEME: &str = "99MYOSCOPE";
/// Private elements and who made them.
const PRIVATE_CREATOR: u32 = 0x5445_0010;
const PRIVATE_KEPT: u32 = 0x5445_1001;
const CREATOR: &str = "MYOSCOPE 1";

/// What the attributes of the standard cannot hold to the last digit, as JSON in a private element. Who was
/// examined is not in it: whoever takes names from the attributes has taken them from the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    recording: Recording,
    examination: Examination,
    /// Gain and offset by which each channel was stored.
    scales: Vec<[f64; 2]>,
    /// A person's work on the study.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edits: Option<Edits>,
    /// Which recording of its study it is; `None`: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

/// The place of a recording in a study of several; sweeps and edits refer to recordings by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// Names the study by its content.
    study: String,
    /// From 0 on.
    number: usize,
    of: usize,
}

/// Reads DICOM.
#[derive(Debug, Clone, Copy)]
pub struct Dicom;

impl Reader for Dicom {
    fn name(&self) -> &'static str {
        "DICOM"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["dcm"]
    }

    fn score(&self, _name: &str, head: &[u8]) -> u8 {
        if head.get(128..132) == Some(b"DICM") { 100 } else { 0 }
    }

    fn open(&self, files: &Files, main: usize, _options: &OpenOptions) -> Result<Opened, ReadError> {
        let file = files.all.get(main).ok_or_else(|| ReadError::NotThisFormat { what: "there is no such file".into() })?;
        parts::open(files, file)
    }
}
