//! WFDB records: header, signal files, annotation files, of one or many segments.
//!
//! Specifications: header(5), signal(5), annot(5) of the WFDB Applications Guide (PhysioNet).
//! **NaN**: see `record.rs`. **Cost**: opening reads the headers and, for records of at most
//! [`VERIFY_BYTES`], all samples once to check the sums that the header promises; larger records
//! are checked on demand by [`verify`]. Samples are read by ranges.

mod annotations;
mod codec;
mod group;
mod header;
mod open;
mod record;
mod write;

pub use annotations::{MAX_ANNOTATION_BYTES, parse as parse_annotations};
pub use open::{VERIFY_BYTES, verify};
pub use write::WfdbWriter;

use super::{Files, OpenOptions, Opened, ReadError, Reader};

/// Reads WFDB records.
pub struct WfdbReader;

impl Reader for WfdbReader {
    fn name(&self) -> &'static str {
        "WFDB"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["hea", "dat", "atr", "qrs"]
    }

    fn score(&self, name: &str, head: &[u8]) -> u8 {
        let extension = name.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
        let text = String::from_utf8_lossy(head);
        let is_text = !head.is_empty() && !head.contains(&0);
        if is_text && extension == "hea" {
            return if header::looks_like_header(&text) { 90 } else { 15 };
        }
        if is_text && header::is_certainly_header(&text) {
            return 60;
        }
        // A signal or annotation file by itself: opened only to say which header is missing.
        let companion = matches!(extension.as_str(), "dat" | "atr" | "qrs" | "ecg");
        if companion && (!is_text || head.iter().any(|b| *b < 9)) { 5 } else { 0 }
    }

    fn open(&self, files: &Files, main: usize, _options: &OpenOptions) -> Result<Opened, ReadError> {
        open::open(files, main)
    }
}
