//! Rules, grades and times of the reference: the numbers that turn values into conclusions, each
//! row with its source and how far it is verified.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// One row of the criteria: a rule, a grade, a stage, a pitfall.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Criterion {
    /// Its table: `rule`, `grade`, `stage`, `timecourse`, `pitfall`, `inadequate`, `limitation`.
    pub table: String,
    /// Its name in other tables.
    pub id: String,
    /// What it is about, for people.
    #[serde(default)]
    pub title: String,
    /// Its conditions, in words: all of them, or any of those that begin with `ANY:`.
    #[serde(default)]
    pub when: Vec<String>,
    /// What follows from them.
    #[serde(default)]
    pub then: String,
    /// How a pitfall is known.
    #[serde(default)]
    pub recognise: String,
    /// Name of a pitfall.
    #[serde(default)]
    pub name: String,
    /// Its numbers; units are in their names.
    #[serde(default)]
    params: BTreeMap<String, serde_json::Value>,
    /// A statement to be made as it stands (limitations).
    #[serde(default)]
    pub statement: String,
    /// What is to be reported (inadequate studies).
    #[serde(default)]
    pub report: String,
    /// First and last day of a stage since onset.
    #[serde(default)]
    pub days_min: f64,
    /// See `days_min`.
    #[serde(default)]
    pub days_max: f64,
    /// Keys of its sources.
    pub source: Vec<String>,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// `primary`, `secondary` or `recall`.
    pub verified: String,
}

impl Criterion {
    /// Whether its figures were not read again in their source, or are doubtful.
    pub fn unverified(&self) -> bool {
        self.verified == "recall" || self.confidence == "low"
    }
}

/// All rows.
pub fn criteria() -> &'static [Criterion] {
    static ALL: OnceLock<Vec<Criterion>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(include_str!("data/criteria.json")).unwrap_or_default())
}

/// A row by its id.
pub fn criterion(id: &str) -> Option<&'static Criterion> {
    criteria().iter().find(|row| row.id == id)
}

/// A number of a rule, in the unit that its name ends with; NaN, which no value exceeds, where the
/// reference has none.
pub fn param(rule: &str, name: &str) -> f64 {
    criterion(rule).and_then(|row| row.params.get(name)).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::{criteria, criterion, param};

    #[test]
    fn rules_are_read_with_their_numbers_and_trust() {
        assert!(criteria().len() > 100);
        assert!((param("une_aaem_1999", "cv_abs_m_per_s") - 50.0).abs() < 1e-9);
        assert!(param("une_aaem_1999", "nothing").is_nan());
        assert!(criterion("une_aaem_1999").unwrap().unverified());
        assert!(!criterion("bland_4").unwrap().unverified());
        assert!((criterion("stage_subacute").unwrap().days_max - 90.0).abs() < 1e-9);
    }
}
