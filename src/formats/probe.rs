//! Which reader takes a set of files.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::{ByteSource, ReadError};
use crate::model::{Edits, Samples, Study, Warning};

/// How much of each file a reader may look at to decide.
pub const PROBE_BYTES: usize = 4096;

/// A file with its name. The name is a hint and the way in which companions find each other.
#[derive(Clone)]
pub struct NamedSource {
    /// File name without folder.
    pub name: String,
    /// Its bytes.
    pub source: Rc<dyn ByteSource>,
}

/// Files that were given together. A reader takes one as its main file and may use the others.
#[derive(Clone, Default)]
pub struct Files {
    /// All of them, in the order given.
    pub all: Vec<NamedSource>,
}

impl Files {
    /// The file of this name, compared without regard to case.
    pub fn named(&self, name: &str) -> Option<&NamedSource> {
        self.all.iter().find(|file| file.name.eq_ignore_ascii_case(name))
    }
}

/// What a person may have to say before a file can be read (text files without a time column).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenOptions {
    /// Sampling rate in Hz for formats that do not state one.
    pub fs_hz: Option<f64>,
    /// Unit of all value columns for formats that do not state one.
    pub unit: Option<String>,
    /// Field separator of a text file.
    pub separator: Option<char>,
    /// Whether numbers use a decimal comma.
    pub decimal_comma: Option<bool>,
    /// Whether the first column is time in seconds.
    pub time_column: Option<bool>,
    /// Open large files at once: annotations that take a pass through the whole file may come
    /// later, through [`Samples::pending_annotations`].
    pub quick: bool,
}

/// A recording that was opened.
#[derive(Default)]
pub struct Opened {
    /// What the files hold.
    pub study: Study,
    /// The samples of each recording of the study.
    pub samples: Vec<Rc<dyn Samples>>,
    /// What was odd.
    pub warnings: Vec<Warning>,
    /// Names of the files that this took, the main file first.
    pub used: Vec<String>,
    /// A person's work on it, where the files carry that too.
    pub edits: Option<Edits>,
}

/// One format.
pub trait Reader {
    /// Short name (`EDF`, `WFDB`).
    fn name(&self) -> &'static str;

    /// File name extensions, lower case, without the dot.
    fn extensions(&self) -> &'static [&'static str];

    /// How sure the reader is that `head` (up to [`PROBE_BYTES`] from the start of a file called
    /// `name`) is its main file: 0 not at all, 100 by an unmistakable signature. The name alone
    /// gives at most 20.
    fn score(&self, name: &str, head: &[u8]) -> u8;

    /// Opens `files.all[main]`.
    ///
    /// # Errors
    /// When nothing of the recording can be read.
    fn open(&self, files: &Files, main: usize, options: &OpenOptions) -> Result<Opened, ReadError>;
}

/// Every format that is read: one line each.
pub fn readers() -> &'static [&'static dyn Reader] {
    &[
        &super::edf::Edf,
        &super::wfdb::WfdbReader,
        &super::wav::Wav,
        &super::brainvision::BrainVision,
        &super::qtrac::Qtrac,
        &super::dicom::Dicom,
        &super::myo::Myo,
        &super::fhir::Fhir,
        &super::text::Text,
    ]
}

/// Opens everything in `files`: each file that a reader recognises becomes an [`Opened`], files
/// used by another (the `.dat` of a `.hea`) do not count again. Results keep the order of the files.
pub fn open(files: &Files, options: &OpenOptions) -> Vec<(String, Result<Opened, ReadError>)> {
    let mut ranked = Vec::new();
    for (index, file) in files.all.iter().enumerate() {
        let best = file.source.read_vec(0, PROBE_BYTES).map_err(ReadError::from).map(|head| {
            let scored = readers().iter().map(|reader| (reader.score(&file.name, &head), *reader));
            scored.max_by_key(|(score, _)| *score).filter(|(score, _)| *score > 0)
        });
        ranked.push((index, best));
    }
    // Signatures first, so that a header claims its data file before a text reader guesses at it.
    ranked.sort_by_key(|(_, best)| std::cmp::Reverse(best.as_ref().ok().and_then(|b| b.map(|(score, _)| score)).unwrap_or(0)));
    let mut used: Vec<String> = Vec::new();
    let mut results = Vec::new();
    for (index, best) in ranked {
        let name = files.all[index].name.clone();
        if used.contains(&name) {
            continue;
        }
        let result = match best {
            Ok(Some((_, reader))) => reader.open(files, index, options).map(|mut opened| {
                super::sidecar::apply_beside(files, &mut opened);
                // What states no examination may still be locked to stimuli.
                if let (true, [recording]) = (opened.study.examination.tests.is_empty(), opened.study.recordings.as_slice()) {
                    opened.study.examination = super::stimulus::sweeps_of(recording);
                }
                opened
            }),
            Ok(None) => Err(ReadError::NotThisFormat { what: format!("{name} is none of the formats read here") }),
            Err(error) => Err(error),
        };
        if let Ok(opened) = &result {
            used.extend(opened.used.iter().cloned());
        }
        results.push((index, name, result));
    }
    // What another recording took in, before or behind, is none of its own.
    let taken: Vec<(usize, Vec<String>)> =
        results.iter().filter_map(|(index, _, result)| Some((*index, result.as_ref().ok()?.used.clone()))).collect();
    results.retain(|(index, name, _)| !taken.iter().any(|(by, names)| by != index && names.contains(name)));
    results.sort_by_key(|(index, ..)| *index);
    results.into_iter().map(|(_, name, result)| (name, result)).collect()
}
