//! Opening a study file, and rescuing what a damaged one still holds.
//!
//! The list of parts tells what each must come to. A part that comes to something else is used as far as
//! it can be understood, and that is said; where the study's own description is lost, the recordings
//! speak for themselves as EDF.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::archive::{self, Entry};
use super::blocks::{Inflated, hex};
use super::{EDITS, FORMAT, Listed, MANIFEST, MAX_TEXT, Manifest, STUDY, SUBJECT, StudyPart, VERSION, recordings};
use crate::formats::edf::Edf;
use crate::formats::{ByteSource, Files, NamedSource, OpenOptions, Opened, ReadError, Reader, SliceSource};
use crate::model::{Study, Warning};

/// Recordings of up to this many compressed bytes are checked when the file is opened.
const CHECKED: u64 = 64 << 20;
/// Inflated bytes a byte of the file at most: what deflate can do at its best, with room.
const MAX_RATIO: u64 = 1100;

/// The parts of a file, however they were found.
pub(super) struct Parts {
    source: Rc<dyn ByteSource>,
    pub entries: Vec<Entry>,
    /// What was found without a directory.
    found: BTreeMap<String, Rc<SliceSource>>,
    listed: Vec<Listed>,
    pub warnings: RefCell<Vec<Warning>>,
}

impl Parts {
    /// Finds the parts of a file.
    ///
    /// # Errors
    /// When there is none, or the file is of a newer version.
    pub fn of(file: &NamedSource) -> Result<Self, ReadError> {
        let mut parts = Self {
            source: Rc::clone(&file.source),
            entries: Vec::new(),
            found: BTreeMap::new(),
            listed: Vec::new(),
            warnings: RefCell::default(),
        };
        match archive::directory(&file.source) {
            Ok(entries) => parts.entries = entries,
            Err(what) => parts.search(&what)?,
        }
        match parts.json::<Manifest>(MANIFEST) {
            Some(manifest) if manifest.version > VERSION => return Err(newer(manifest.version)),
            Some(manifest) => parts.listed = manifest.parts,
            None if parts.found.is_empty() => {
                parts.search("the list of its parts cannot be read")?;
                parts.entries.clear();
            }
            None => {}
        }
        Ok(parts)
    }

    fn search(&mut self, what: &str) -> Result<(), ReadError> {
        let words = format!("The study file is damaged ({what}): it was searched for what is left of it.");
        self.warn(words);
        for part in archive::rescue(self.source.as_ref())? {
            if !part.whole {
                self.warn(format!("{} was cut off or damaged: {} bytes of it are left", part.path, part.bytes.len()));
            }
            self.found.insert(part.path, Rc::new(SliceSource::from(part.bytes)));
        }
        if self.found.is_empty() {
            return Err(ReadError::malformed(0, format!("the study file is damaged beyond rescue: {what}, and no part was found in it")));
        }
        Ok(())
    }

    pub fn warn(&self, what: impl Into<String>) {
        self.warnings.borrow_mut().push(Warning::new(what));
    }

    fn listed(&self, path: &str) -> Option<&Listed> {
        self.listed.iter().find(|listed| listed.path == path)
    }

    /// A small part; a warning when it is not what was written.
    pub fn small(&self, path: &str) -> Option<Vec<u8>> {
        let bytes = match (self.found.get(path), self.entries.iter().find(|entry| entry.path == path)) {
            (Some(found), _) => found.0.to_vec(),
            (None, None) => return None,
            (None, Some(entry)) => match archive::part(self.source.as_ref(), entry, MAX_TEXT) {
                Ok(bytes) => bytes,
                Err(error) => {
                    self.warn(format!("A part of the study file is lost: {error}."));
                    return None;
                }
            },
        };
        if self.listed(path).is_some_and(|listed| listed.sha256 != hex(&Sha256::digest(&bytes))) {
            self.warn(format!("{path} is not what was written: the file was damaged or changed. It is shown as it is now."));
        }
        Some(bytes)
    }

    fn json<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        let parsed = serde_json::from_slice(&self.small(path)?);
        parsed.map_err(|error| self.warn(format!("{path} cannot be understood and is left out: {error}"))).ok()
    }

    /// A large part, inflated where it is read.
    pub fn large(&self, path: &str) -> Option<Rc<dyn ByteSource>> {
        if let Some(found) = self.found.get(path) {
            return Some(Rc::clone(found) as Rc<dyn ByteSource>);
        }
        let entry = self.entries.iter().find(|entry| entry.path == path && entry.deflated)?;
        let listed = self.listed(path)?;
        if listed.bytes / MAX_RATIO > entry.compressed {
            self.warn(format!("{path} states {} bytes in {}: no file has that, so it is left out", listed.bytes, entry.compressed));
            return None;
        }
        Some(Rc::new(self.inflated(entry, listed)))
    }

    fn inflated(&self, entry: &Entry, listed: &Listed) -> Inflated {
        Inflated {
            source: Rc::clone(&self.source),
            at: entry.at,
            compressed: entry.compressed,
            bytes: listed.bytes,
            blocks: listed.blocks.clone(),
            kept: RefCell::default(),
        }
    }

    /// Looks for damage in a part: `None` when it is whole, else how many of how many blocks are lost.
    pub fn damage(&self, path: &str) -> Option<(usize, usize)> {
        let (listed, entry) = (self.listed(path)?, self.entries.iter().find(|entry| entry.path == path)?);
        let blocks = self.inflated(entry, listed);
        let lost = (0..listed.blocks.len()).filter(|index| blocks.block(*index).is_err()).count();
        (lost > 0).then_some((lost, listed.blocks.len()))
    }

    /// Parts that are listed, and not there.
    pub fn absent(&self) -> Vec<String> {
        let there = |path: &str| self.found.contains_key(path) || self.entries.iter().any(|entry| entry.path == path);
        self.listed.iter().map(|listed| listed.path.clone()).filter(|path| !there(path)).collect()
    }

    /// Parts that are there, and not listed.
    pub fn added(&self) -> Vec<String> {
        let known = |path: &str| path == super::MIMETYPE || path == MANIFEST || self.listed(path).is_some();
        self.entries.iter().map(|entry| entry.path.clone()).filter(|path| !known(path)).collect()
    }

    /// All parts that there are.
    pub fn paths(&self) -> Vec<String> {
        self.found.keys().cloned().chain(self.entries.iter().map(|entry| entry.path.clone())).collect()
    }

    /// A part of any size.
    pub fn any(&self, path: &str) -> Option<Rc<dyn ByteSource>> {
        let small = || self.small(path).map(|bytes| Rc::new(SliceSource::from(bytes)) as Rc<dyn ByteSource>);
        if path.starts_with("recordings/") { self.large(path).or_else(small) } else { small() }
    }

    /// Compressed bytes of a part.
    fn compressed(&self, path: &str) -> u64 {
        self.entries.iter().find(|entry| entry.path == path).map_or(0, |entry| entry.compressed)
    }
}

fn newer(version: u32) -> ReadError {
    let feature =
        format!("version {version} of study files, which a newer Myoscope wrote (this one reads up to {VERSION}): update it. That");
    ReadError::Unsupported { feature }
}

/// Opens a study file.
///
/// # Errors
/// When nothing of it can be read, or it is of a newer version.
pub(super) fn open(file: &NamedSource) -> Result<Opened, ReadError> {
    let parts = Parts::of(file)?;
    let description = parts.json::<StudyPart>(STUDY);
    if let Some(description) = &description
        && (description.version > VERSION || description.format != FORMAT)
    {
        return Err(newer(description.version));
    }
    for path in parts.absent() {
        parts.warn(format!("{path} is missing from the study file."));
    }
    for path in parts.added() {
        parts.warn(format!("{path} was added to the study file afterwards and is not read."));
    }
    let mut opened = match description {
        Some(description) => described(description, &parts),
        None => by_themselves(&parts)?,
    };
    opened.study.subject = parts.json(SUBJECT).unwrap_or(opened.study.subject);
    opened.edits = parts.json(EDITS);
    if opened.edits.is_none() {
        parts.warn("The work that was done on the study is lost: it is shown as it was acquired.");
    }
    if let Err(what) = opened.study.coherent() {
        return Err(ReadError::malformed(0, format!("{STUDY}: {what}")));
    }
    opened.warnings.splice(0..0, parts.warnings.into_inner());
    opened.used = vec![file.name.clone()];
    Ok(opened)
}

fn described(description: StudyPart, parts: &Parts) -> Opened {
    let mut opened = Opened::default();
    for (index, kept) in description.recordings.iter().enumerate() {
        let path = kept.values.as_ref().map(|values| &values.file).filter(|_| kept.integers.is_none()).or(kept.file.as_ref());
        if let Some(path) = path.filter(|path| parts.compressed(path) <= CHECKED)
            && let Some((lost, all)) = parts.damage(path)
        {
            parts.warn(format!(
                "Recording {} is damaged: {lost} of {all} pieces are lost. Their samples are missing; the others are shown.",
                index + 1
            ));
        }
        let samples = recordings::samples(kept, &|path| parts.large(path)).unwrap_or_else(|error| {
            parts.warn(format!("The samples of recording {} are lost: {error}.", index + 1));
            recordings::lost(&kept.recording)
        });
        opened.samples.push(samples);
    }
    let recordings = description.recordings.into_iter().map(|kept| kept.recording).collect();
    opened.study = Study { recordings, examination: description.examination, ..Study::default() };
    opened
}

/// The recordings as any EDF program would read them.
fn by_themselves(parts: &Parts) -> Result<Opened, ReadError> {
    let names = parts.found.keys().chain(parts.entries.iter().map(|entry| &entry.path));
    let mut paths: Vec<&String> = names.filter(|path| path.ends_with(".edf") || path.ends_with(".bdf")).collect();
    paths.sort();
    let mut opened = Opened::default();
    for path in paths {
        let Some(source) = parts.large(path) else { continue };
        let files = Files { all: vec![NamedSource { name: path.clone(), source }] };
        match Edf.open(&files, 0, &OpenOptions::default()) {
            Ok(own) => {
                opened.study.recordings.extend(own.study.recordings);
                opened.samples.extend(own.samples);
                opened.warnings.extend(own.warnings);
            }
            Err(error) => parts.warn(format!("{path} cannot be read: {error}.")),
        }
    }
    if opened.study.recordings.is_empty() {
        return Err(ReadError::malformed(0, "the study's description is lost, and no recording is left that speaks for itself"));
    }
    parts.warn("What was examined is lost with the study's description: only the recordings are shown.");
    Ok(opened)
}
