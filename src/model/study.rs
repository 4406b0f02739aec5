//! The root of the model.

use serde::{Deserialize, Serialize};

use super::{Examination, Recording};

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
