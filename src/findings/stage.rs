//! How bad and since when.

use serde::{Deserialize, Serialize};

use crate::norms::criteria::criterion;

use super::evidence::Muscle;

/// Severity in the words of the case schema, from none to extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Not graded.
    NotGraded,
    /// Nothing wrong.
    None,
    /// Only the most sensitive tests.
    Minimal,
    /// Mild.
    Mild,
    /// Moderate.
    Moderate,
    /// Severe.
    Severe,
    /// Nothing left to measure.
    Extreme,
}

impl Severity {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotGraded => "not graded",
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Mild => "mild",
            Self::Moderate => "moderate",
            Self::Severe => "severe",
            Self::Extreme => "extreme",
        }
    }
}

/// Needle severity of muscles (rule `recruit_severity`, a convention of the reference): grade 1 mild,
/// 2 moderate, 3 and more or no unit at all severe; fewer units alone, or rebuilt ones, mild.
pub fn of_muscles<'a>(muscles: impl IntoIterator<Item = &'a Muscle>) -> Severity {
    let of = |muscle: &Muscle| match (muscle.row.denervation(), muscle.row.recruitment.as_str()) {
        (3.., _) | (_, "none") => Severity::Severe,
        (2, _) => Severity::Moderate,
        (1, _) => Severity::Mild,
        _ if muscle.row.abnormal() => Severity::Mild,
        _ => Severity::None,
    };
    muscles.into_iter().map(of).max().unwrap_or(Severity::None)
}

/// Severity by the share of a response that is left (rule `axon_loss_severity`, a convention of the
/// reference): above half mild, above a fifth moderate, below severe.
pub fn of_share(left: f64) -> Severity {
    let bound = |name: &str| crate::norms::criteria::param("axon_loss_severity", name);
    if left >= 1.0 {
        Severity::None
    } else if left >= bound("mild_min") {
        Severity::Mild
    } else if left >= bound("moderate_min") {
        Severity::Moderate
    } else {
        Severity::Severe
    }
}

/// Last day of a stage of the reference.
fn until(stage: &str) -> f64 {
    criterion(stage).map_or(f64::NAN, |row| row.days_max)
}

/// Stage of what the needle shows in muscles that lost nerve supply, with the time since onset.
pub fn of_denervation<'a>(muscles: impl IntoIterator<Item = &'a Muscle>, onset_days: Option<f64>) -> &'static str {
    let muscles: Vec<&Muscle> = muscles.into_iter().collect();
    let ongoing = muscles.iter().any(|muscle| muscle.row.denervation() > 0);
    let rebuilt = muscles.iter().any(|muscle| muscle.row.rebuilt());
    match (ongoing, rebuilt, onset_days) {
        // Large potentials take months: what is older than it is said to be is old.
        (true, true, _) => "chronic_ongoing",
        (false, true, _) => "chronic_inactive",
        (_, false, Some(days)) if days <= until("stage_acute") => "acute",
        (true, false, Some(days)) if days <= until("stage_subacute") => "subacute",
        (true, false, Some(_)) => "chronic_ongoing",
        _ => "indeterminate",
    }
}
