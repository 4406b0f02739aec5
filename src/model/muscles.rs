//! The table of the needle examination as a person and the analyses fill it: a row a muscle and side.
//!
//! A row keeps two things apart: values typed by a person, and the findings of analysed stretches
//! with where they come from. What a cell shows is computed from both; a typed value goes first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{NeedleFindings, Side, SignalTask};

/// The columns that hold findings, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MuscleColumn {
    /// Insertional activity.
    Insertional,
    /// Fibrillation potentials.
    Fibrillation,
    /// Positive sharp waves.
    PositiveWaves,
    /// Fasciculation potentials.
    Fasciculation,
    /// Other discharges.
    Other,
    /// Amplitude of motor unit potentials.
    Amplitude,
    /// Duration of motor unit potentials.
    Duration,
    /// Polyphasic motor unit potentials.
    Polyphasia,
    /// Recruitment.
    Recruitment,
    /// Interference pattern.
    Pattern,
    /// Free text.
    Comment,
}

impl MuscleColumn {
    /// All, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Insertional,
        Self::Fibrillation,
        Self::PositiveWaves,
        Self::Fasciculation,
        Self::Other,
        Self::Amplitude,
        Self::Duration,
        Self::Polyphasia,
        Self::Recruitment,
        Self::Pattern,
        Self::Comment,
    ];

    /// Short, for the head of the table.
    pub fn short(self) -> &'static str {
        match self {
            Self::Insertional => "Insert.",
            Self::Fibrillation => "Fib",
            Self::PositiveWaves => "PSW",
            Self::Fasciculation => "Fasc",
            Self::Other => "Other",
            Self::Amplitude => "Amp",
            Self::Duration => "Dur",
            Self::Polyphasia => "Poly",
            Self::Recruitment => "Recruit.",
            Self::Pattern => "Pattern",
            Self::Comment => "Comment",
        }
    }

    /// In the field's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Insertional => "Insertional activity",
            Self::Fibrillation => "Fibrillation",
            Self::PositiveWaves => "Positive sharp waves",
            Self::Fasciculation => "Fasciculation",
            Self::Other => "Other discharges",
            Self::Amplitude => "MUP amplitude",
            Self::Duration => "MUP duration",
            Self::Polyphasia => "Polyphasia",
            Self::Recruitment => "Recruitment",
            Self::Pattern => "Interference pattern",
            Self::Comment => "Comment",
        }
    }
}

/// A muscle that is not in the list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnMuscle {
    /// Name.
    pub name: String,
    /// Nerve.
    pub nerve: String,
    /// Roots (`C8 T1`).
    pub roots: String,
}

/// Which muscle a row is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhichMuscle {
    /// One of the list, by its id.
    Listed(String),
    /// One that a person defined.
    Own(OwnMuscle),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MuscleRow {
    /// Number; stays with the row.
    pub id: u32,
    /// Muscle.
    pub muscle: WhichMuscle,
    /// Side; `None` while it is not said.
    #[serde(default)]
    pub side: Option<Side>,
    /// Values typed by a person.
    #[serde(default)]
    pub typed: BTreeMap<MuscleColumn, String>,
    /// Stretches whose findings were entered, in the order of entering.
    #[serde(default)]
    pub stretches: Vec<MuscleStretch>,
}

/// A stretch of signal: where a finding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StretchOrigin {
    /// Index of the recording.
    pub recording: usize,
    /// Channel.
    pub channel: usize,
    /// Channel subtracted from it.
    pub minus: Option<usize>,
    /// Stored values were turned over.
    pub turned: bool,
    /// What was asked.
    pub task: SignalTask,
    /// First moment, seconds of recording time.
    pub from_s: f64,
    /// Last moment.
    pub to_s: f64,
}

/// An analysed stretch in the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MuscleStretch {
    /// Where.
    pub origin: StretchOrigin,
    /// Method and version.
    pub method: String,
    /// What was found.
    pub findings: NeedleFindings,
}
