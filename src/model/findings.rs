//! What an analysis of needle EMG adds to the table of muscles: values, without pictures.
//!
//! Plain data with times in seconds, potentials in microvolts, durations in milliseconds. Every
//! number is finite: what could not be measured is `None`.

use serde::{Deserialize, Serialize};

use super::ActivityClass;

/// Findings of one analysed stretch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum NeedleFindings {
    /// Of a muscle at rest: one site.
    Rest(RestSite),
    /// Motor units.
    Units(UnitsFound),
    /// An interference pattern.
    Pattern(PatternFound),
}

/// Trains of one kind seen at a site.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// How many trains.
    pub trains: usize,
    /// The longest of them, seconds.
    pub longest_s: f64,
    /// Discharges a second of all of them.
    pub discharges_hz: f64,
    /// Part of the time that their potentials take, 0 to 1.
    pub filled: f64,
}

/// What was seen at one site of a muscle at rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestSite {
    /// Seconds of usable signal.
    pub usable_s: f64,
    /// Fibrillation potentials.
    pub fibrillation: Seen,
    /// Positive sharp waves.
    pub positive_waves: Seen,
    /// Fasciculation potentials, one by one.
    pub fasciculations: usize,
    /// Other discharges of note.
    pub others: Vec<ActivityClass>,
    /// Insertional activity after each movement that ended, ms.
    pub insertions_ms: Vec<f64>,
    /// The muscle was at rest; else nothing is said of spontaneous activity.
    pub at_rest: bool,
    /// What must be thought of beside it (an end plate near by).
    pub warnings: Vec<String>,
}

/// Motor units of a stretch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UnitsFound {
    /// The units whose potential was measured.
    pub units: Vec<FoundUnit>,
    /// Most units active at once.
    pub active: usize,
    /// Rate of the fastest where most are active, Hz.
    pub fastest_hz: Option<f64>,
    /// Rate of the fastest when the first further one came in, Hz.
    pub recruitment_hz: Option<f64>,
    /// Whether the trains account for the activity.
    pub complete: bool,
}

/// One motor unit potential.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FoundUnit {
    /// Name in the raster of its stretch.
    pub name: String,
    /// Discharges averaged.
    pub discharges: usize,
    /// Mean rate, Hz.
    pub rate_hz: Option<f64>,
    /// Peak to peak, uV.
    pub amp_uv: f64,
    /// Onset to end, ms.
    pub duration_ms: f64,
    /// Of the rectified potential, uV ms.
    pub area_uvms: f64,
    /// Phases.
    pub phases: usize,
    /// Turns.
    pub turns: usize,
    /// Of the main negative spike, ms.
    pub rise_ms: Option<f64>,
    /// Size index.
    pub size_index: Option<f64>,
    /// Its averaged potential from 6 ms before to 12 ms behind the main peak, [`SHAPE_STEP_MS`] apart,
    /// uV; tells a unit that is found again from another one.
    pub shape_uv: Vec<i16>,
    /// A person left it out of the means.
    pub left_out: bool,
}

/// Distance of the values of [`FoundUnit::shape_uv`], ms.
pub const SHAPE_STEP_MS: f64 = 0.2;

/// The interference pattern of a stretch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PatternFound {
    /// How full, at the strongest effort.
    pub pattern: PatternWord,
    /// Turns a second there.
    pub turns_per_s: f64,
    /// Mean amplitude of a turn there, uV.
    pub amp_uv: f64,
    /// Active epochs.
    pub epochs: usize,
}

/// How full an interference pattern is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatternWord {
    /// No activity.
    #[default]
    None,
    /// One unit.
    SingleUnit,
    /// Each unit can be told apart.
    Discrete,
    /// Some can.
    Reduced,
    /// None can.
    Full,
}

impl PatternWord {
    /// In the field's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SingleUnit => "single unit",
            Self::Discrete => "discrete",
            Self::Reduced => "reduced",
            Self::Full => "full",
        }
    }
}
