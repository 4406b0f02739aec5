//! Reports: what is asked for.

use serde::{Deserialize, Serialize};

use super::{StudyView, SweepData};
use crate::report::letterhead::Letterhead;

/// How much a report says, and to whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportDepth {
    /// The answer on one page, for the referring doctor.
    #[default]
    Summary,
    /// Everything.
    Full,
    /// In plain words, for the person examined.
    Patient,
}

impl ReportDepth {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Summary, Self::Full, Self::Patient];

    /// Its name in commands and file names.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Summary => "summary",
            Self::Full => "full",
            Self::Patient => "patient",
        }
    }

    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Summary => "Summary",
            Self::Full => "Full report",
            Self::Patient => "For the patient",
        }
    }
}

/// The form that a report is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportForm {
    /// One HTML file.
    #[default]
    Html,
    /// Plain text of 78 characters a line.
    Text,
    /// Every value, one a row, as CSV, whatever the depth.
    Values,
    /// FHIR R4: a report that presents itself as HTML, and every value as an observation.
    Fhir,
}

impl ReportForm {
    /// All.
    pub const ALL: [Self; 4] = [Self::Html, Self::Text, Self::Values, Self::Fhir];

    /// Its name in commands.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "text",
            Self::Values => "values",
            Self::Fhir => "fhir",
        }
    }

    /// Ending of its files.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "txt",
            Self::Values => "csv",
            Self::Fhir => "json",
        }
    }
}

/// Everything that a report is made of; the sweeps' values travel beside it as buffers, test by test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportMaterial {
    /// Which report.
    pub wanted: ReportWanted,
    /// The study, with its answer.
    pub view: Box<StudyView>,
    /// Sweeps of each test, in the order of the tests; none where the report shows none.
    pub sweeps: Vec<Vec<SweepData>>,
    /// SHA-256 of all stored samples, hexadecimal; `None`: too many of them.
    pub sha256: Option<String>,
    /// Under what it stands; `None`: a draft.
    pub signature: Option<Signature>,
    /// The clinic's letterhead and texts.
    pub letterhead: Option<Letterhead>,
}

/// A signed version as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedView {
    /// Who signed.
    pub signer: String,
    /// Title or role.
    pub role: String,
    /// When, in words.
    pub at: String,
    /// What was changed since the version before and why.
    pub why: String,
    /// SHA-256 of the HTML file of each depth, hexadecimal.
    pub sha256: Vec<(String, String)>,
}

/// What stands in a signed report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Number of the version, from 1 on.
    pub number: usize,
    /// Name and title.
    pub signer: String,
    /// When, in words.
    pub at: String,
    /// What was changed since the version before and why.
    pub why: String,
    /// Who signed the version before, and when.
    pub before: Option<(String, String)>,
}

/// A PDF that is wanted; the buffers of the material travel beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PdfOrder {
    /// What it is made of.
    pub material: ReportMaterial,
    /// Within a DICOM object.
    pub dicom: bool,
}

impl PdfOrder {
    /// Name of the file.
    pub fn name(&self) -> String {
        format!("report-{}.{}", self.material.wanted.depth.id(), if self.dicom { "dcm" } else { "pdf" })
    }
}

/// Which report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportWanted {
    /// How much it says.
    pub depth: ReportDepth,
    /// Without what tells who was examined: name, number, birth date, day of the test, file names.
    pub nameless: bool,
    /// A signed version, from 0 on; `None`: the study as it stands.
    #[serde(default)]
    pub version: Option<usize>,
}
