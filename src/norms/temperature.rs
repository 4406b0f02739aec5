//! What values of a cold limb might be in a warm one: an estimate beside the raw value, never in its
//! place (policy of the reference: warm and measure again; a correction is flagged, and never speaks for
//! demyelination, since a demyelinated nerve answers less to warmth, Wu 1993).

use std::sync::OnceLock;

use serde::Deserialize;

use super::measures::conduction_values;
use super::studies::{StudyDef, citation};
use crate::model::{NerveTest, TestKind, TestMeasurement};

/// Lowest skin temperature that latencies and velocities of an arm are taken at, degrees Celsius (AMA
/// Guides 6th edition, Chen 2016).
pub const WARM_HAND_C: f64 = 32.0;
/// The same of a leg (Preston and Shapiro; not read again).
pub const WARM_FOOT_C: f64 = 30.0;
/// Degrees over which nothing is estimated: the change is not linear (Todnem 1989); a choice of the reference.
const MOST_C: f64 = 4.0;

/// What a degree changes.
#[derive(Debug, Clone, Deserialize)]
struct Factor {
    measure: String,
    kind: String,
    nerve: Option<String>,
    per_c: f64,
    reference_c: f64,
    source: Vec<String>,
    confidence: String,
    verified: String,
}

/// A value of a cold limb and what it might be in a warm one.
#[derive(Debug, Clone, PartialEq)]
pub struct Warmed {
    /// Index of the site, or of the proximal site of a segment.
    pub site: usize,
    /// Measure (`onset_latency`).
    pub measure: &'static str,
    /// As measured.
    pub value: f64,
    /// What it might be at `to_c`.
    pub estimate: f64,
    /// Unit of both (`ms`, `m/s`).
    pub unit: &'static str,
    /// Skin temperature, degrees Celsius.
    pub from_c: f64,
    /// Temperature that the factor is made for.
    pub to_c: f64,
    /// Change a degree, in the unit of the value.
    pub per_c: f64,
    /// Where the factor is published.
    pub source: String,
    /// It was not read again there, or is doubtful.
    pub unverified: bool,
}

fn factors() -> &'static [Factor] {
    static ALL: OnceLock<Vec<Factor>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(include_str!("data/temperature.json")).unwrap_or_default())
}

/// Whether skin of this temperature is too cold for an arm, or a leg.
pub fn is_cold(leg: bool, celsius: f64) -> bool {
    celsius < if leg { WARM_FOOT_C } else { WARM_HAND_C }
}

/// Estimates for the values of a test whose limb was cold; empty where it was warm, too cold to say, or
/// no published factor names the temperature that it is made for.
pub fn warmed(study: &StudyDef, leg: bool, test: &NerveTest, measured: &TestMeasurement) -> Vec<Warmed> {
    let Some(from_c) = test.temperature_c.filter(|c| is_cold(leg, *c)) else { return Vec::new() };
    let kind = if test.kind == TestKind::Motor { "motor" } else { "sensory" };
    let values = conduction_values(study, test, measured);
    let estimate = |value: &super::measures::Value| {
        let fits = |factor: &&Factor| {
            factor.measure == value.measure && factor.kind == kind && factor.nerve.as_ref().is_none_or(|nerve| *nerve == study.nerve)
        };
        let factor = factors().iter().find(fits).filter(|factor| factor.reference_c - from_c <= MOST_C)?;
        let change = factor.per_c * (factor.reference_c - from_c);
        Some(Warmed {
            site: value.site,
            measure: value.measure,
            value: value.value,
            estimate: value.value + change,
            unit: if value.unit == "m_per_s" { "m/s" } else { "ms" },
            from_c,
            to_c: factor.reference_c,
            per_c: factor.per_c,
            source: factor.source.iter().map(|key| citation(key)).collect::<Vec<_>>().join("; "),
            unverified: factor.verified == "recall" || factor.confidence == "low",
        })
    };
    values.iter().filter(|value| value.measure != "amplitude").filter_map(estimate).filter(|warmed| warmed.estimate > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::{factors, warmed};
    use crate::model::{NerveTest, Response, Site, SweepMeasurement, TestMeasurement};
    use crate::norms::by_id;

    fn at(celsius: Option<f64>) -> Vec<super::Warmed> {
        let site = Site { name: "Wrist".into(), distance_mm: Some(80.0), sweeps: vec![0] };
        let test = NerveTest { sites: vec![site], temperature_c: celsius, ..NerveTest::default() };
        let response = Some(Response { onset_ms: 4.6, amp_uv: 8000.0, ..Response::default() });
        let sweeps = vec![SweepMeasurement { sweep: 0, response, ..SweepMeasurement::default() }];
        warmed(by_id("median_motor_apb").unwrap(), false, &test, &TestMeasurement { sweeps, ..TestMeasurement::default() })
    }

    #[test]
    fn a_cold_hand_gets_an_estimate_beside_its_value() {
        let all = at(Some(30.0));
        let latency = all.iter().find(|warmed| warmed.measure == "onset_latency").unwrap();
        assert!((latency.value - 4.6).abs() < 1e-12 && (latency.estimate - 4.0).abs() < 1e-9, "{latency:?}");
        assert!(latency.source.contains("Denys") && !latency.unverified && latency.unit == "ms");
        assert!(all.iter().all(|warmed| warmed.measure != "amplitude"));
    }

    #[test]
    fn a_warm_or_a_very_cold_hand_gets_none() {
        assert!(at(Some(32.5)).is_empty() && at(None).is_empty());
        assert!(at(Some(28.0)).is_empty(), "five degrees are too many");
        assert_eq!(factors().len(), 7, "every row is read");
    }
}
