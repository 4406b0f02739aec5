//! A study of several recordings in as many files. Each file says which of how many it is, so given
//! together they are the study again, with what a person did to it.

use super::Place;
use super::read::{One, one};
use crate::formats::{Files, NamedSource, Opened, ReadError};
use crate::model::{Edits, Examination, Warning};

/// Opens `files.all[main]`, with the others of its study when they were given.
///
/// # Errors
/// When the main file cannot be read.
pub(super) fn open(files: &Files, main: &NamedSource) -> Result<Opened, ReadError> {
    let One { opened, place } = one(main)?;
    let Some(place) = place else { return Ok(opened) };
    let mut found: Vec<Option<Opened>> = std::iter::repeat_with(|| None).take(place.of.min(files.all.len().max(1))).collect();
    if place.of > found.len() {
        return Ok(alone(opened, &place));
    }
    for file in files.all.iter().filter(|file| file.name != main.name && is_dicom(file)) {
        // One that cannot be read is said when its own turn comes.
        let Ok(One { opened: part, place: Some(other) }) = one(file) else { continue };
        let fits = other.study == place.study && other.of == place.of && part.study.subject == opened.study.subject;
        if let Some(free) = found.get_mut(other.number).filter(|slot| fits && slot.is_none()) {
            *free = Some(part);
        }
    }
    if found.iter().enumerate().any(|(at, one)| at != place.number && one.is_none()) {
        return Ok(alone(opened, &place));
    }
    let (subject, examination, edits): (_, Examination, Option<Edits>) =
        (opened.study.subject.clone(), opened.study.examination.clone(), opened.edits.clone());
    let used = opened.used.clone();
    if let Some(own) = found.get_mut(place.number) {
        *own = Some(opened);
    }
    let mut whole = Opened { edits, used, ..Opened::default() };
    whole.study.subject = subject;
    whole.study.examination = examination;
    for one in found.into_iter().flatten() {
        whole.study.recordings.extend(one.study.recordings);
        whole.samples.extend(one.samples);
        whole.warnings.extend(one.warnings);
        whole.used.extend(one.used.into_iter().filter(|name| *name != main.name));
    }
    whole.study.coherent().map_err(|what| ReadError::malformed(0, format!("the files of the study do not fit together: {what}")))?;
    Ok(whole)
}

fn is_dicom(file: &NamedSource) -> bool {
    file.source.read_vec(128, 4).is_ok_and(|bytes| bytes == b"DICM")
}

/// A recording without the others: tests and edits would refer to what is not there.
fn alone(mut opened: Opened, place: &Place) -> Opened {
    opened.study.examination = Examination::default();
    opened.edits = None;
    opened.warnings.push(Warning::new(format!(
        "This is recording {} of {} of a study: open all its files together to have its tests and what was done to them",
        place.number + 1,
        place.of
    )));
    opened
}
