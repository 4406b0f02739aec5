//! Values expected of a person by a published line, where limits of groups do not go far enough.
//!
//! A value is shown against what the line expects; no rule concludes from it, since the source itself holds
//! the other side to be the better measure.

use std::sync::OnceLock;

use serde::Deserialize;

use super::judge::Judged;
use super::limits::Person;
use super::studies::citation;

/// A line: an intercept and a slope for each variable.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Regression {
    /// Name of the row.
    pub id: String,
    /// Study; absent where the row is of none.
    #[serde(default)]
    pub study: String,
    /// Measure.
    pub measure: String,
    /// As published.
    pub formula: String,
    /// Value where all variables are nought; absent where the formula is no line of known variables.
    intercept: Option<f64>,
    #[serde(default)]
    slopes: Vec<(String, f64)>,
    /// Above what is expected by more is abnormal.
    margin: Option<f64>,
    /// A remark.
    #[serde(default)]
    pub note: String,
    source: Vec<String>,
    verified: String,
    confidence: String,
}

impl Regression {
    /// What the line expects of a person, in the measure's unit; `None` when something of them is not known.
    pub fn expected(&self, person: &Person) -> Option<f64> {
        let value = |name: &str| match name {
            "leg_length_cm" => person.leg_length_cm,
            "age_years" => person.age_years,
            _ => None,
        };
        let terms = self.slopes.iter().map(|(name, slope)| Some(slope * value(name)?));
        Some(self.intercept? + terms.sum::<Option<f64>>()?)
    }
}

/// All rows, those included that nothing is held against.
pub fn regressions() -> &'static [Regression] {
    static ALL: OnceLock<Vec<Regression>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(include_str!("data/regressions.json")).unwrap_or_default())
}

/// A value against what is expected of this person.
pub(super) fn judge(study: &str, measure: &str, value: f64, person: &Person) -> Option<Judged> {
    let row = regressions().iter().find(|row| row.study == study && row.measure == measure)?;
    let limit = ((row.expected(person)? + row.margin?) * 100.0).round() / 100.0;
    let mut doubt = "expected from leg length and age; the other side is the better measure, and no rule concludes from this".to_owned();
    if row.verified == "recall" || row.confidence == "low" {
        doubt.insert_str(0, "unverified limit; ");
    }
    let source = row.source.iter().map(|key| citation(key)).collect::<Vec<_>>().join("; ");
    // Not to be taken for the limit of a group.
    let measure = format!("{measure}_by_leg_length");
    Some(Judged { site: None, measure, value, limit, unit: "ms", upper: true, abnormal: value > limit, doubt, source })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn person(leg_length_cm: Option<f64>, age_years: Option<f64>) -> Person {
        Person { leg_length_cm, age_years, ..Person::default() }
    }

    #[test]
    fn the_line_of_the_h_reflex_is_that_of_its_formula() {
        let row = regressions().iter().find(|row| row.study == "h_soleus").unwrap();
        assert_eq!(row.formula, "9.14 + 0.46*leg_length_cm + 0.10*age_years");
        let expected = row.expected(&person(Some(40.0), Some(50.0))).unwrap();
        assert!((expected - (9.14 + 0.46 * 40.0 + 5.0)).abs() < 1e-9);
        let judged = |value| judge("h_soleus", "h_latency", value, &person(Some(40.0), Some(50.0))).unwrap();
        assert!((judged(30.0).limit - 34.04).abs() < 1e-9, "{:?}", judged(30.0));
        assert!(!judged(34.0).abnormal && judged(34.1).abnormal && judged(34.1).source.contains("Braddom"));
    }

    #[test]
    fn nothing_is_expected_of_whom_too_little_is_known() {
        for of in [person(None, Some(50.0)), person(Some(40.0), None), Person::default()] {
            assert_eq!(judge("h_soleus", "h_latency", 30.0, &of), None);
        }
        // The row that its own source warns of is kept, and used nowhere.
        let unused = regressions().iter().find(|row| row.id == "srar_expected_mean").unwrap();
        assert!(unused.expected(&person(Some(40.0), Some(50.0))).is_none() && unused.note.contains("do not use"));
    }
}
