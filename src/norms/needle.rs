//! Limits and rules of the needle examination: motor unit potentials, recruitment, insertional
//! activity, each with source and trust.
//!
//! Mean durations are those of Buchthal by muscle and age, as Preston and Shapiro give them; other
//! rules are theirs and those that their rows name. One row a measure is used, none is interpolated,
//! and no other table is mixed in. Without an age, above the last age, or for a muscle without a
//! row there is no limit, and the reason is said.

use std::sync::OnceLock;

use serde::Deserialize;

use super::muscles::MuscleDef;
use super::studies::citation;

/// A limit, or two.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NeedleLimit {
    /// Below is decreased.
    pub low: Option<f64>,
    /// Above is increased.
    pub high: Option<f64>,
    /// Unit for people.
    pub unit: &'static str,
    /// Why it is to be taken with care; empty: verified.
    pub doubt: String,
    /// Where it is published.
    pub source: String,
}

/// What a value is by its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Within.
    Normal,
    /// Above.
    Increased,
    /// Below.
    Decreased,
}

impl Verdict {
    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Increased => "increased",
            Self::Decreased => "decreased",
        }
    }
}

impl NeedleLimit {
    /// What a value is; `None` for one that is no number.
    pub fn judge(&self, value: f64) -> Option<Verdict> {
        match value {
            value if value.is_nan() => None,
            value if self.high.is_some_and(|high| value > high) => Some(Verdict::Increased),
            value if self.low.is_some_and(|low| value < low) => Some(Verdict::Decreased),
            _ => Some(Verdict::Normal),
        }
    }

    /// `9.5 to 13.2 ms`, `up to 12 %`.
    pub fn words(&self) -> String {
        match (self.low, self.high) {
            (Some(low), Some(high)) => format!("{low} to {high} {}", self.unit),
            (None, Some(high)) => format!("up to {high} {}", self.unit),
            (Some(low), None) => format!("from {low} {}", self.unit),
            (None, None) => String::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct DurationRow {
    muscle_group: String,
    age_min: f64,
    age_max: f64,
    mean_duration_low_ms: f64,
    mean_duration_high_ms: f64,
    source: Vec<String>,
    confidence: String,
    verified: String,
}

/// A rule; which figures it has depends on what it is about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Rule {
    id: String,
    #[serde(rename = "low_uV")]
    low_uv: Option<f64>,
    #[serde(rename = "high_uV")]
    high_uv: Option<f64>,
    low_ms: Option<f64>,
    high_ms: Option<f64>,
    max_ms: Option<f64>,
    duration_max_ms: Option<f64>,
    max_phases: Option<usize>,
    normal_max_percent: Option<f64>,
    deltoid_normal_max_percent: Option<f64>,
    n_mups: Option<usize>,
    abnormal_if_outliers_gt: Option<usize>,
    #[serde(rename = "at_first_unit_Hz")]
    at_first_unit_hz: Option<f64>,
    normal: Option<f64>,
    reduced_if_ge: Option<f64>,
    definite_if_ge: Option<f64>,
    #[serde(rename = "first_unit_Hz_if_only_one")]
    only_one_hz: Option<f64>,
    source: Vec<String>,
    confidence: String,
    verified: String,
}

fn durations() -> &'static [DurationRow] {
    static ALL: OnceLock<Vec<DurationRow>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(include_str!("data/mup_duration.json")).unwrap_or_default())
}

fn rules() -> &'static [Rule] {
    static ALL: OnceLock<Vec<Rule>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(include_str!("data/needle_rules.json")).unwrap_or_default())
}

fn rule(id: &str) -> Rule {
    rules().iter().find(|rule| rule.id == id).cloned().unwrap_or_default()
}

fn doubt(verified: &str, confidence: &str) -> String {
    if verified == "recall" || confidence == "low" { "unverified limit".to_owned() } else { String::new() }
}

fn cited(source: &[String]) -> String {
    source.iter().map(|key| citation(key)).collect::<Vec<_>>().join("; ")
}

impl Rule {
    fn limit(&self, low: Option<f64>, high: Option<f64>, unit: &'static str) -> NeedleLimit {
        NeedleLimit { low, high, unit, doubt: doubt(&self.verified, &self.confidence), source: cited(&self.source) }
    }
}

/// The group of the duration table that a muscle belongs to by the group's own name.
fn group(id: &str) -> Option<&'static str> {
    Some(match id {
        "deltoid_middle" | "deltoid_anterior" | "deltoid_posterior" => "deltoid",
        "biceps_brachii" => "biceps",
        "triceps_long" | "triceps_lateral" => "triceps",
        "abductor_pollicis_brevis" | "opponens_pollicis" | "flexor_pollicis_brevis" => "thenar",
        "abductor_digiti_minimi_hand" => "adm",
        "rectus_femoris" | "vastus_lateralis" | "vastus_medialis" | "biceps_femoris_long" | "biceps_femoris_short" => {
            "quadriceps_biceps_femoris"
        }
        "gastrocnemius_medial" | "gastrocnemius_lateral" => "gastrocnemius",
        "tibialis_anterior" => "tibialis_anterior",
        "extensor_digitorum_brevis" => "edb",
        "orbicularis_oculi" | "orbicularis_oris" | "frontalis" | "nasalis" | "mentalis" => "facial",
        _ => return None,
    })
}

/// Limits of the mean duration of some 20 potentials.
///
/// # Errors
/// A sentence when there is no limit: the muscle has no row, the age is not known or beyond the
/// table.
pub fn duration(muscle: Option<&MuscleDef>, age_years: Option<f64>) -> Result<NeedleLimit, String> {
    let muscle = muscle.ok_or("No limit: the muscle is not in the list.")?;
    let group = group(&muscle.id).ok_or_else(|| format!("No limit: the table of durations has no row for {}.", muscle.name))?;
    let age = age_years.ok_or("No limit: durations depend on age, which is not known (I enters it).")?;
    let fits = |row: &&DurationRow| row.muscle_group == group && age >= row.age_min && age < row.age_max + 1.0;
    let row = durations().iter().find(fits).ok_or_else(|| format!("No limit: the table of durations ends before {age:.0} years."))?;
    Ok(NeedleLimit {
        low: Some(row.mean_duration_low_ms),
        high: Some(row.mean_duration_high_ms),
        unit: "ms",
        doubt: doubt(&row.verified, &row.confidence),
        source: cited(&row.source),
    })
}

/// Limits of the amplitude of potentials near the needle (see [`rise_ms`]), whatever the muscle.
pub fn amplitude() -> NeedleLimit {
    let rule = rule("mup_amplitude_normal");
    rule.limit(rule.low_uv, rule.high_uv, "\u{b5}V")
}

/// Longest rise time of a potential that is near enough for its amplitude to count, ms.
pub fn rise_ms() -> Option<f64> {
    rule("mup_rise_time").max_ms
}

/// A crude range of the duration of single potentials of adult limbs.
pub fn single_duration() -> NeedleLimit {
    let rule = rule("mup_duration_typical");
    rule.limit(rule.low_ms, rule.high_ms, "ms")
}

/// Most phases of a potential that is not polyphasic, and the share of polyphasic ones.
pub fn polyphasia(muscle: Option<&MuscleDef>) -> (usize, NeedleLimit) {
    let fraction = rule("mup_polyphasic_fraction");
    let deltoid = muscle.is_some_and(|muscle| group(&muscle.id) == Some("deltoid"));
    let high = if deltoid { fraction.deltoid_normal_max_percent } else { fraction.normal_max_percent };
    (rule("mup_phases_normal").max_phases.unwrap_or(4), fraction.limit(None, high, "%"))
}

/// How many potentials a mean wants, and how many of them may lie outside.
pub fn outliers() -> (usize, usize, NeedleLimit) {
    let rule = rule("mup_outlier_rule");
    (rule.n_mups.unwrap_or(20), rule.abnormal_if_outliers_gt.unwrap_or(2), rule.limit(None, None, ""))
}

/// Insertional activity, ms.
pub fn insertional() -> NeedleLimit {
    let rule = rule("insertional_normal");
    rule.limit(None, rule.duration_max_ms, "ms")
}

/// What tells normal from reduced recruitment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecruitmentRule {
    /// The second unit comes in when the first fires at this rate, Hz.
    pub second_hz: f64,
    /// Usual ratio of the fastest rate to the number of units.
    pub normal_ratio: f64,
    /// From this ratio on recruitment is reduced.
    pub reduced_ratio: f64,
    /// From this one on beyond doubt.
    pub definite_ratio: f64,
    /// One unit alone that fires faster is markedly reduced recruitment, Hz.
    pub alone_hz: f64,
    /// Trust and source, without figures.
    pub of: NeedleLimit,
}

/// The rule of recruitment.
pub fn recruitment() -> RecruitmentRule {
    let ratio = rule("recruitment_ratio");
    RecruitmentRule {
        second_hz: rule("recruit_second_unit").at_first_unit_hz.unwrap_or(10.0),
        normal_ratio: ratio.normal.unwrap_or(5.0),
        reduced_ratio: ratio.reduced_if_ge.unwrap_or(8.0),
        definite_ratio: ratio.definite_if_ge.unwrap_or(10.0),
        alone_hz: rule("recruit_reduced_rule").only_one_hz.unwrap_or(20.0),
        of: ratio.limit(None, None, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        DurationRow, Verdict, amplitude, duration, durations, group, insertional, outliers, polyphasia, recruitment, rise_ms, rules,
        single_duration,
    };
    use crate::norms::{citation, muscle_by_id, muscles};

    #[test]
    fn all_rows_are_read_and_every_group_has_a_muscle() {
        assert_eq!(durations().len(), 100);
        assert!(rules().len() >= 19);
        let known = |row: &DurationRow| muscles().iter().any(|muscle| group(&muscle.id) == Some(row.muscle_group.as_str()));
        assert!(durations().iter().all(known));
        assert!(durations().iter().all(|row| row.mean_duration_low_ms < row.mean_duration_high_ms));
        assert!(rules().iter().all(|rule| rule.source.iter().all(|key| citation(key) != key)));
    }

    #[test]
    fn durations_depend_on_muscle_and_age_and_are_missing_where_there_is_no_row() {
        let ta = muscle_by_id("tibialis_anterior");
        let of = |age: f64| duration(ta, Some(age)).unwrap();
        assert!(of(75.0).low > of(25.0).low && of(3.0).high < of(25.0).high);
        assert_eq!(of(29.9), of(20.0), "29 years until the birthday");
        assert!(!of(40.0).doubt.is_empty(), "not read again: said");
        assert!(of(40.0).source.contains("Buchthal"));
        assert!(duration(ta, None).unwrap_err().contains("age"));
        assert!(duration(ta, Some(85.0)).unwrap_err().contains("85"));
        assert!(duration(ta, Some(f64::NAN)).is_err());
        assert!(duration(None, Some(40.0)).is_err());
        assert!(duration(muscle_by_id("soleus"), Some(40.0)).is_err(), "no row for it, none is borrowed");
    }

    #[test]
    fn rules_have_their_figures() {
        assert_eq!(amplitude().judge(2500.0), Some(Verdict::Increased));
        assert_eq!(amplitude().judge(90.0), Some(Verdict::Decreased));
        assert_eq!(amplitude().judge(f64::NAN), None);
        assert_eq!(amplitude().words(), "100 to 2000 \u{b5}V");
        assert_eq!(insertional().words(), "up to 300 ms");
        assert_eq!((outliers().0, outliers().1, rise_ms()), (20, 2, Some(0.5)));
        assert_eq!((single_duration().low, single_duration().high), (Some(5.0), Some(15.0)));
        let (phases, of) = polyphasia(muscle_by_id("biceps_brachii"));
        assert_eq!((phases, of.high), (4, Some(12.0)));
        assert_eq!(polyphasia(muscle_by_id("deltoid_middle")).1.high, Some(25.0));
        let rule = recruitment();
        assert_eq!((rule.second_hz, rule.reduced_ratio, rule.definite_ratio, rule.alone_hz), (10.0, 8.0, 10.0, 20.0));
    }
}
