//! Raw logs as files: opened like any other recording, by the page and on the command line.

use std::rc::Rc;

use super::again::Again;
use super::log::{self, Begun};
use crate::formats::stimulus::sweeps_from_annotations;
use crate::formats::{self, Files, NamedSource, OpenOptions, Opened, ReadError};
use crate::model::{Samples, Study};

/// Raw logs among files, and the others.
pub fn divide(files: &Files) -> (Vec<NamedSource>, Files) {
    let (logs, all) = files.all.iter().cloned().partition(|file: &NamedSource| log::is_log(file.source.as_ref()));
    (logs, Files { all })
}

/// Opens files, raw logs among them; one result for each recording.
pub fn open(files: &Files, options: &OpenOptions) -> Vec<(String, Result<Opened, ReadError>)> {
    let (logs, others) = divide(files);
    let mut results = formats::open(&others, options);
    results.extend(logs.iter().map(|log| (log.name.clone(), replay(log, &mut |_| {}).map(|(_, opened)| opened))));
    results
}

/// The study of a raw log, and what it says about itself. Of long ones the samples are read from the log
/// when they are wanted. `told` hears how many bytes are done.
///
/// # Errors
/// When it cannot be read, its beginning is damaged, or no device was recognised while it was written.
pub fn replay(log: &NamedSource, told: &mut dyn FnMut(u64)) -> Result<(Begun, Opened), ReadError> {
    let source = log.source.as_ref();
    let begun = log::begun(source).ok_or_else(|| ReadError::malformed(0, "the beginning of the raw log is damaged"))?;
    let (intake, warnings) = Again::replay(&log.source, told).map_err(|error| ReadError::Source { what: error.to_string(), offset: 0 })?;
    if intake.take.recordings.is_empty() {
        let what = "the raw log holds no samples: no device was recognised while it was written";
        return Err(ReadError::NotThisFormat { what: what.into() });
    }
    let samples = intake.take.samples.iter().map(|samples| samples.clone() as Rc<dyn Samples>).collect();
    let (recordings, mut examination) = (intake.take.recordings, intake.take.runs.examination);
    if examination.tests.is_empty() {
        examination = recordings.first().map(sweeps_from_annotations).unwrap_or_default();
    }
    let study = Study { recordings, examination, ..Study::default() };
    Ok((begun, Opened { study, samples, warnings, used: vec![log.name.clone()], ..Opened::default() }))
}
