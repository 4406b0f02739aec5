//! A recording to bytes: what every writer takes and where it puts them.

use crate::model::{Annotation, Edits, Recording, SampleError, Samples, Study, Warning};

/// What is to be written.
pub struct Export<'a> {
    /// The study (subject, examination).
    pub study: &'a Study,
    /// The recording of it that is written.
    pub recording: &'a Recording,
    /// Its samples.
    pub samples: &'a dyn Samples,
    /// Annotations as they stand after a person's edits.
    pub annotations: &'a [Annotation],
    /// A person's work on the study, for formats that have room for it.
    pub edits: Option<&'a Edits>,
}

/// Where bytes go. A format that consists of several files begins each of them.
pub trait Sink {
    /// Begins a file of this name; what follows belongs to it.
    ///
    /// # Errors
    /// When the file cannot be made.
    fn begin(&mut self, name: &str) -> Result<(), WriteError>;

    /// Appends bytes to the file begun last.
    ///
    /// # Errors
    /// When they cannot be stored (disk full).
    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError>;
}

/// One format that can be written.
pub trait Writer {
    /// Short name (`EDF+`).
    fn name(&self) -> &'static str;

    /// The file name extension that selects it, lower case, without the dot.
    fn extension(&self) -> &'static str;

    /// Writes `export` as `stem` with this format's extension(s). Returns what could not be kept.
    ///
    /// # Errors
    /// When the format cannot hold the recording at all, or the sink fails. Fails before the first
    /// byte wherever that can be known.
    fn write(&self, stem: &str, export: &Export<'_>, sink: &mut dyn Sink) -> Result<Vec<Warning>, WriteError>;
}

/// Why a recording could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The format has no place for this.
    #[error("{format} cannot hold {what}")]
    Unrepresentable {
        /// Format name.
        format: &'static str,
        /// What does not fit, and what to do.
        what: String,
    },
    /// The destination failed.
    #[error("writing failed: {what}")]
    Sink {
        /// What it said.
        what: String,
    },
    /// The samples could not be read.
    #[error(transparent)]
    Samples(#[from] SampleError),
}

/// Files kept in memory, in the order in which they were begun.
#[derive(Debug, Clone, Default)]
pub struct MemorySink {
    /// Name and bytes of each file.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Sink for MemorySink {
    fn begin(&mut self, name: &str) -> Result<(), WriteError> {
        self.files.push((name.to_owned(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let (_, file) = self.files.last_mut().ok_or_else(|| WriteError::Sink { what: "no file was begun".into() })?;
        file.extend_from_slice(bytes);
        Ok(())
    }
}

/// Every format that is written: one line each.
pub fn writers() -> &'static [&'static dyn Writer] {
    &[
        &super::edf::EdfWriter,
        &super::edf::BdfWriter,
        &super::wfdb::WfdbWriter,
        &super::wav::WavWriter,
        &super::text::CsvWriter,
        &super::dicom::DicomWriter,
    ]
}
