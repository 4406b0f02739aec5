//! Needle EMG taken apart: which motor unit discharged when, and what its potential is.
//!
//! Plain data. Times are seconds from the start of the signal; potentials are microvolts, negative
//! up. [`crate::model`] holds them so that the page can show them and edits can name them.

use serde::{Deserialize, Serialize};

/// One discharge of one unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Discharge {
    /// When the main extremum of the potential came, s.
    pub at_s: f64,
    /// How sure it is that this unit discharged here: 0 to 1, against the next best explanation.
    pub confidence: f64,
}

/// An averaged potential.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AveragedPotential {
    /// Values, uV.
    pub uv: Vec<f64>,
    /// Standard error of each value, uV.
    pub error_uv: Vec<f64>,
    /// Standard error of a mean over about a millisecond, uV: what slow noise leaves.
    pub slow_error_uv: f64,
    /// Rate, Hz.
    pub fs_hz: f64,
    /// Index of the discharge's time, the main extremum.
    pub at: usize,
    /// How many discharges were averaged.
    pub n: usize,
}

/// How a unit fires.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FiringPattern {
    /// Mean of the intervals that are neither too short nor multiples, s.
    pub mean_interval_s: f64,
    /// Coefficient of variation of those.
    pub cv: f64,
    /// How much better a unit's firing explains the intervals than chance does, nats an interval:
    /// above 1 for a complete regular train, about 0 for random times.
    pub regularity: f64,
}

/// One motor unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitTrain {
    /// Its discharges in order of time.
    pub discharges: Vec<Discharge>,
    /// How sure it is that this train is one unit and complete: 0 to 1.
    pub confidence: f64,
    /// How it fires; `None` with few discharges.
    pub firing: Option<FiringPattern>,
    /// Its potential in the raw signal, the other units taken away.
    pub potential: AveragedPotential,
    /// Peak of its high-passed potential over the rms of the high-passed signal. McGill and others
    /// (2004) call a unit visible from 2.5.
    pub prominence: f64,
}

impl UnitTrain {
    /// Times of the discharges, s.
    pub fn times_s(&self) -> Vec<f64> {
        self.discharges.iter().map(|d| d.at_s).collect()
    }
}

/// A peak that no train explains.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Unresolved {
    /// When, s.
    pub at_s: f64,
    /// What is left there in the high-passed signal, uV.
    pub amp_uv: f64,
}

/// Whether a signal could be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Trains account for nearly everything above the noise.
    Complete,
    /// The listed trains are there, smaller units or overlaps are not resolved.
    Partial,
    /// Nothing stands out of the noise.
    Quiet,
    /// Too dense: most of the activity belongs to no train.
    Dense,
    /// Activity that does not recur in shape: artefact, movement, or too few discharges.
    NothingRecurs,
    /// Too short, or no valid samples.
    TooShort,
}

impl Verdict {
    /// Whether trains may be relied on.
    pub fn decomposable(self) -> bool {
        matches!(self, Self::Complete | Self::Partial)
    }

    /// A sentence for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Complete => "The trains account for the activity.",
            Self::Partial => "Part of the activity is not resolved into trains.",
            Self::Quiet => "Nothing stands out of the noise.",
            Self::Dense => "Not decomposable: too many units overlap.",
            Self::NothingRecurs => "Not decomposable: no potential recurs often enough.",
            Self::TooShort => "Not decomposable: too short, or no valid samples.",
        }
    }
}

/// A signal taken apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decomposition {
    /// Units, the largest high-passed potential first.
    pub trains: Vec<UnitTrain>,
    /// What is left over, in order of time.
    pub unresolved: Vec<Unresolved>,
    /// How many peaks are left over; more than are listed when there are very many.
    pub unresolved_count: usize,
    /// Standard deviation of the high-passed noise, uV.
    pub noise_uv: f64,
    /// Part of the energy above the quietest stretches, in the high-passed signal, that belongs to
    /// these trains, each counted by its confidence.
    pub explained: f64,
    /// Whether it could be taken apart.
    pub verdict: Verdict,
}

/// How one unit comes in and fires.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnitRecruitment {
    /// Mean rate, 1/s; `None` with few discharges.
    pub rate_hz: Option<f64>,
    /// Coefficient of variation of the intervals.
    pub cv: Option<f64>,
    /// First discharge, s; `None` when it fires from the beginning.
    pub recruited_s: Option<f64>,
    /// Rate when it begins to fire, 1/s.
    pub onset_hz: Option<f64>,
}

/// Recruitment of the units of one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recruitment {
    /// One for each train, in their order.
    pub units: Vec<UnitRecruitment>,
    /// Trains in the order in which they come in; empty ones are left out.
    pub order: Vec<usize>,
    /// Rate of the fastest unit when the first further one comes in, 1/s.
    pub recruitment_hz: Option<f64>,
    /// Most units active at once.
    pub active: usize,
    /// Rate of the fastest over the number of active units where most are active, 1/s.
    pub ratio: Option<f64>,
}
