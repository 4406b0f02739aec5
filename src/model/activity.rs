//! What is said of a stretch of continuous EMG: trains of discharges with their class, tables,
//! charts, doubts.

use serde::{Deserialize, Serialize};

use super::{Chart, NeedleFindings, QualityFlag, ShownPotential, Table};

/// What may be asked of a continuous signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalTask {
    /// Motor units: trains, potentials, recruitment.
    Units,
    /// Spontaneous and insertional activity.
    Rest,
    /// The interference pattern of fuller effort.
    Interference,
    /// Jitter of single-fibre or concentric needle recordings.
    Jitter,
    /// Bursts and spectrum of surface EMG.
    Surface,
}

impl SignalTask {
    /// All, in the order of the examination.
    pub const ALL: [Self; 5] = [Self::Rest, Self::Units, Self::Interference, Self::Jitter, Self::Surface];

    /// In one word, for a button.
    pub fn short(self) -> &'static str {
        match self {
            Self::Units => "Units",
            Self::Rest => "Rest",
            Self::Interference => "Pattern",
            Self::Jitter => "Jitter",
            Self::Surface => "Surface",
        }
    }

    /// In the field's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Units => "Motor units",
            Self::Rest => "Activity at rest",
            Self::Interference => "Interference pattern",
            Self::Jitter => "Jitter",
            Self::Surface => "Surface EMG",
        }
    }
}

/// Classes of activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityClass {
    /// Fibrillation potentials.
    Fibrillation,
    /// Positive sharp waves.
    PositiveSharpWave,
    /// Fasciculation potentials.
    Fasciculation,
    /// Complex repetitive discharge.
    ComplexRepetitive,
    /// Myotonic discharge.
    Myotonic,
    /// Myokymic discharge.
    Myokymic,
    /// Neuromyotonic discharge.
    Neuromyotonic,
    /// End-plate noise.
    EndPlateNoise,
    /// End-plate spikes.
    EndPlateSpike,
    /// Cramp.
    Cramp,
    /// Motor units under voluntary drive.
    Voluntary,
    /// Insertional activity.
    Insertional,
    /// Not from the muscle.
    Artefact,
    /// Nothing speaks clearly enough for one class.
    NotSure,
}

impl ActivityClass {
    /// All, those of a muscle at rest first.
    pub const ALL: [Self; 14] = [
        Self::Fibrillation,
        Self::PositiveSharpWave,
        Self::Fasciculation,
        Self::ComplexRepetitive,
        Self::Myotonic,
        Self::Myokymic,
        Self::Neuromyotonic,
        Self::EndPlateNoise,
        Self::EndPlateSpike,
        Self::Cramp,
        Self::Voluntary,
        Self::Insertional,
        Self::Artefact,
        Self::NotSure,
    ];

    /// In the field's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fibrillation => "Fibrillation",
            Self::PositiveSharpWave => "Positive sharp waves",
            Self::Fasciculation => "Fasciculation",
            Self::ComplexRepetitive => "Complex repetitive discharge",
            Self::Myotonic => "Myotonic discharge",
            Self::Myokymic => "Myokymic discharge",
            Self::Neuromyotonic => "Neuromyotonic discharge",
            Self::EndPlateNoise => "End-plate noise",
            Self::EndPlateSpike => "End-plate spikes",
            Self::Cramp => "Cramp",
            Self::Voluntary => "Voluntary motor unit",
            Self::Insertional => "Insertional activity",
            Self::Artefact => "Artefact",
            Self::NotSure => "Not sure",
        }
    }

    /// Short, for the row of a raster.
    pub fn short(self) -> &'static str {
        match self {
            Self::Fibrillation => "Fib",
            Self::PositiveSharpWave => "PSW",
            Self::Fasciculation => "Fasc",
            Self::ComplexRepetitive => "CRD",
            Self::Myotonic => "Myotonic",
            Self::Myokymic => "Myokymic",
            Self::Neuromyotonic => "Neuromyotonic",
            Self::EndPlateNoise => "EP noise",
            Self::EndPlateSpike => "EP spike",
            Self::Cramp => "Cramp",
            Self::Voluntary => "MU",
            Self::Insertional => "Insertion",
            Self::Artefact => "Artefact",
            Self::NotSure => "?",
        }
    }

    /// Whether a muscle at rest that shows it is not healthy. Fasciculations and cramps may be benign
    /// and are not among them.
    pub fn abnormal(self) -> bool {
        matches!(
            self,
            Self::Fibrillation | Self::PositiveSharpWave | Self::ComplexRepetitive | Self::Myotonic | Self::Myokymic | Self::Neuromyotonic
        )
    }
}

/// What a person may change of the trains of an analysis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Editable {
    /// Nothing.
    #[default]
    No,
    /// Their class.
    Class,
    /// Discharges, class, marks.
    All,
}

/// Discharges that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventTrain {
    /// Class.
    pub class: ActivityClass,
    /// Name in the raster (`Fib 1`, `MU A`).
    pub name: String,
    /// Times of the discharges, seconds from the start of the signal.
    pub times_s: Vec<f64>,
    /// For continuous activity (end-plate noise, insertion): from and to, seconds.
    pub span_s: Option<[f64; 2]>,
    /// How sure the class is, 0 to 1.
    pub confidence: f64,
    /// What speaks for it, one sentence each, with numbers and units.
    pub why: Vec<String>,
    /// What must be thought of beside it (an end plate near by); empty: nothing.
    pub warning: String,
    /// A person made it, or changed its discharges, marks or class.
    pub by_person: bool,
}

/// What an analysis says of a stretch of signal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SignalMeasurement {
    /// Method and version.
    pub method: String,
    /// In one sentence (`Not decomposable: too many units overlap.`); empty: the tables say it.
    pub verdict: String,
    /// Trains of discharges.
    pub trains: Vec<EventTrain>,
    /// Moments of discharges that belong to no train, seconds.
    pub unresolved_s: Vec<f64>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Charts.
    pub charts: Vec<Chart>,
    /// A chart of each train, shown when it is selected (its discharges overlaid); empty while it is not
    /// known.
    pub overlays: Vec<Chart>,
    /// The averaged potential of each train with its marks; empty where there are none to move.
    pub potentials: Vec<ShownPotential>,
    /// What a person may change of the trains.
    pub editable: Editable,
    /// What weakens it.
    pub quality: Vec<QualityFlag>,
    /// Whether it adds something to the table of muscles.
    #[serde(default)]
    pub enters: bool,
    /// What it adds to the table of muscles; stays with the engine.
    #[serde(skip)]
    pub findings: Option<NeedleFindings>,
}
