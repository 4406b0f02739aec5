//! Trains of discharges as a person leaves them, and the marks of a motor unit potential.
//!
//! An analysis finds trains; a person merges, splits and corrects them. What is kept is the list of
//! trains that results, with the stretch of signal that it belongs to: an analysis of the same
//! stretch then begins with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ActivityClass, SignalTask};

/// Marks of an averaged potential, numbered as they are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PotentialMark {
    /// 1: where it begins, ms from the main extremum.
    Onset,
    /// 2: its negative peak, ms from the main extremum.
    NegativePeak,
    /// 3: where it ends, ms from the main extremum.
    End,
    /// 4: its positive peak, ms from the main extremum.
    PositivePeak,
    /// 5: the level that it is measured from, uV.
    Baseline,
}

impl PotentialMark {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Onset, Self::NegativePeak, Self::End, Self::PositivePeak, Self::Baseline];

    /// The number on the flag, 1 to 5.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// Name in the field's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onset => "Onset",
            Self::NegativePeak => "Negative peak",
            Self::End => "End",
            Self::PositivePeak => "Positive peak",
            Self::Baseline => "Baseline",
        }
    }

    /// Unit of its place.
    pub fn unit(self) -> &'static str {
        if self == Self::Baseline { "\u{b5}V" } else { "ms" }
    }
}

/// A train as it stands after a person's changes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditedTrain {
    /// Name.
    pub name: String,
    /// Discharges in order of time, s.
    pub times_s: Vec<f64>,
    /// A person made it, or changed its discharges.
    pub by_person: bool,
    /// Class given by a person.
    pub class: Option<ActivityClass>,
    /// Marks placed by a person, in the units of [`PotentialMark`].
    pub marks: BTreeMap<PotentialMark, f64>,
}

impl EditedTrain {
    /// Moved in time.
    pub fn moved(mut self, by_s: f64) -> Self {
        self.times_s.iter_mut().for_each(|time_s| *time_s += by_s);
        self
    }
}

/// The trains of one stretch of one lane, seconds of recording time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainEdits {
    /// Index of the recording.
    pub recording: usize,
    /// Channel.
    pub channel: usize,
    /// Channel subtracted from it.
    pub minus: Option<usize>,
    /// What was asked.
    pub task: SignalTask,
    /// First moment of the stretch.
    pub from_s: f64,
    /// Last moment.
    pub to_s: f64,
    /// All its trains.
    pub trains: Vec<EditedTrain>,
}

/// A change to the trains of a stretch. Trains are named by their place in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum TrainChange {
    /// Several trains are one.
    Merge {
        /// Which; the first keeps its name and marks.
        trains: Vec<usize>,
    },
    /// A train is two: by the two shapes of its discharges that differ most.
    Split {
        /// Which.
        train: usize,
    },
    /// A train is none.
    Delete {
        /// Which.
        train: usize,
    },
    /// Take discharges away; a train without any goes.
    DeleteDischarges {
        /// Of which train.
        train: usize,
        /// Which, s.
        times_s: Vec<f64>,
    },
    /// Add a discharge where the train's potential fits best near by.
    AddDischarge {
        /// To which train.
        train: usize,
        /// About when, s.
        at_s: f64,
    },
    /// Give discharges to a train.
    Reassign {
        /// Whose they were; `None`: nobody's (not resolved).
        from: Option<usize>,
        /// Whose they are; `None`: a new train's.
        to: Option<usize>,
        /// Which, s.
        times_s: Vec<f64>,
    },
    /// What a train is.
    Class {
        /// Which train.
        train: usize,
        /// Its class; `None`: as the program says.
        class: Option<ActivityClass>,
    },
    /// Place a mark of a train's averaged potential.
    Mark {
        /// Of which train.
        train: usize,
        /// Which mark.
        mark: PotentialMark,
        /// Where, in the mark's unit; `None`: as the program says.
        at: Option<f64>,
    },
    /// All marks of a train as the program says.
    ResetMarks {
        /// Of which train.
        train: usize,
    },
    /// Forget all changes: the stretch is analysed anew.
    Anew,
}

impl TrainChange {
    /// In a few words, for undo and redo.
    pub fn label(&self) -> String {
        match self {
            Self::Merge { .. } => "merge trains".into(),
            Self::Split { .. } => "split train".into(),
            Self::Delete { .. } => "delete train".into(),
            Self::DeleteDischarges { times_s, .. } if times_s.len() == 1 => "delete discharge".into(),
            Self::DeleteDischarges { .. } => "delete discharges".into(),
            Self::AddDischarge { .. } => "add discharge".into(),
            Self::Reassign { to: None, .. } => "new train".into(),
            Self::Reassign { .. } => "reassign discharges".into(),
            Self::Class { .. } => "class of train".into(),
            Self::Mark { mark, at: Some(_), .. } => format!("move {}", mark.name().to_lowercase()),
            Self::Mark { mark, .. } => format!("reset {}", mark.name().to_lowercase()),
            Self::ResetMarks { .. } => "reset marks".into(),
            Self::Anew => "analyse anew".into(),
        }
    }

    /// With its moments moved in time.
    pub fn moved(mut self, by_s: f64) -> Self {
        match &mut self {
            Self::DeleteDischarges { times_s, .. } | Self::Reassign { times_s, .. } => {
                times_s.iter_mut().for_each(|time_s| *time_s += by_s);
            }
            Self::AddDischarge { at_s, .. } => *at_s += by_s,
            _ => {}
        }
        self
    }
}

/// One mark of a potential as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShownMark {
    /// Which.
    pub mark: PotentialMark,
    /// Where, in its unit.
    pub at: f64,
    /// Where the program has it.
    pub automatic: Option<f64>,
    /// A person placed it.
    pub by_person: bool,
}

/// The averaged potential of a train with its marks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShownPotential {
    /// Values, uV, negative up.
    pub uv: Vec<f64>,
    /// Rate, Hz.
    pub fs_hz: f64,
    /// First value, ms from the main extremum.
    pub from_ms: f64,
    /// Marks; none where nothing stands out.
    pub marks: Vec<ShownMark>,
}
