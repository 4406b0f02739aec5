//! The root of the model.

use serde::{Deserialize, Serialize};

use super::{Examination, Recording, Span};

/// One examination of one person: what was recorded and what it was recorded from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Study {
    /// Who was examined, as far as the files say.
    pub subject: Subject,
    /// The recordings in the order in which they were opened.
    pub recordings: Vec<Recording>,
    /// Nerve tests found in the recordings' own annotations, or assigned by a person.
    pub examination: Examination,
}

impl Study {
    /// Whether its parts fit together: rates are positive, spans and annotations in time, and what refers to
    /// sweeps, channels and samples refers to some that exist.
    ///
    /// # Errors
    /// The first thing that does not fit, in words.
    pub fn coherent(&self) -> Result<(), String> {
        for (at, recording) in self.recordings.iter().enumerate() {
            let number = at + 1;
            if !recording.channels.iter().all(|channel| channel.fs_hz.is_finite() && channel.fs_hz > 0.0) {
                return Err(format!("a channel of recording {number} has no sampling rate"));
            }
            let spans = &recording.timeline.spans;
            let finite = |span: &Span| span.onset_s.is_finite() && span.stored_s.is_finite() && span.duration_s.is_finite();
            if !spans.iter().all(finite) || spans.windows(2).any(|pair| pair[0].onset_s > pair[1].onset_s) {
                return Err(format!("the stretches of recording {number} are not in order"));
            }
            if !recording.annotations.iter().all(|annotation| annotation.onset_s.is_finite()) {
                return Err(format!("an annotation of recording {number} has no time"));
            }
        }
        let Examination { tests, sweeps } = &self.examination;
        for sweep in sweeps {
            let channel = self.recordings.get(sweep.recording).and_then(|recording| recording.channels.get(sweep.channel));
            if channel.is_none_or(|channel| sweep.start.checked_add(sweep.n).is_none_or(|end| end > channel.n)) {
                return Err("a sweep lies beyond its recording".into());
            }
        }
        if tests.iter().flat_map(|test| &test.sites).flat_map(|site| &site.sweeps).any(|id| *id >= sweeps.len()) {
            return Err("a test refers to a sweep that does not exist".into());
        }
        Ok(())
    }
}

/// The person examined. Identifying fields stay here and nowhere else, so that they can be
/// dropped in one place; they never enter a log, an error or an address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Local code or number.
    pub code: String,
    /// Name, as written in the file.
    pub name: String,
    /// `F`, `M`, `X` or empty.
    pub sex: String,
    /// Birth date as written in the file (EDF+: `02-MAY-1951`).
    pub birth_date: String,
    /// Height, cm, when the file states it.
    #[serde(default)]
    pub height_cm: Option<f64>,
    /// Age at the examination, years, when the file states it.
    #[serde(default)]
    pub age_years: Option<f64>,
}

/// Something in the file that was odd but could be read around.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What is wrong and what was done about it, in plain words.
    pub what: String,
    /// The field concerned, by its name in the format's specification.
    pub field: Option<String>,
    /// Byte offset in the file, when there is one.
    pub offset: Option<u64>,
}

impl Warning {
    /// A warning about the whole file.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), field: None, offset: None }
    }

    /// A warning about a named field at a byte offset.
    pub fn at(field: impl Into<String>, offset: u64, what: impl Into<String>) -> Self {
        Self { what: what.into(), field: Some(field.into()), offset: Some(offset) }
    }
}
