//! Bytes to a study, and a study to bytes. One file (or folder) a format, one registry line each.
//!
//! A format is chosen by content; the file name is only a hint. Readers are written once against
//! [`ByteSource`], ask for ranges and never for the whole, never panic, allocate only within stated
//! limits, and return what could be read together with warnings.

pub mod brainvision;
mod companion;
pub mod dicom;
pub mod edf;
mod error;
pub mod fhir;
#[allow(clippy::panic, reason = "the fuzz entry asserts what readers promise")]
pub mod fuzz_entry;
mod interleaved;
pub mod myo;
mod probe;
pub mod qtrac;
pub mod sidecar;
mod source;
pub mod stimulus;
pub mod text;
pub mod wav;
pub mod wfdb;
mod write;

pub use error::ReadError;
pub use probe::{Files, NamedSource, OpenOptions, Opened, Reader, open, readers};
#[cfg(not(target_arch = "wasm32"))]
pub use source::FileSource;
pub use source::{ByteSource, SliceSource, SourceError};
pub use write::{Export, MemorySink, Sink, WriteError, Writer, writers};
