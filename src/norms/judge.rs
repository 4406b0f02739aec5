//! Measured values against their limits.

use super::limits::{Bound, Limit, Person, limits};
use super::measures::{conduction_values, late_study, late_values};
use super::regressions;
use super::studies::{StudyDef, by_id, citation};
use crate::model::{NerveTest, TestKind, TestMeasurement};

/// How far a distance may lie from that of the limit, mm.
const SAME_DISTANCE_MM: f64 = 10.0;

/// One value beside its limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Index of the site, or of the proximal site of a segment; `None`: of the whole test.
    pub site: Option<usize>,
    /// What was measured, in the words of the limits (`onset_latency`).
    pub measure: String,
    /// The value, in the limit's unit.
    pub value: f64,
    /// The limit.
    pub limit: f64,
    /// Unit for people (`m/s`).
    pub unit: &'static str,
    /// Values above are abnormal (else below).
    pub upper: bool,
    /// Beyond the limit.
    pub abnormal: bool,
    /// Why the limit is to be taken with care: not verified, another distance.
    pub doubt: String,
    /// Where it is published.
    pub source: String,
}

/// Judges what was measured of a test that is the study `study`. Measures without a limit are not
/// in the list.
pub fn judge(study: &str, test: &NerveTest, measured: &TestMeasurement, person: &Person) -> Vec<Judged> {
    match (test.kind, by_id(study)) {
        (TestKind::Motor | TestKind::Sensory, Some(definition)) => conduction(definition, test, measured, person),
        _ => Vec::new(),
    }
}

fn conduction(study: &StudyDef, test: &NerveTest, measured: &TestMeasurement, person: &Person) -> Vec<Judged> {
    let rows = limits(&study.id, person);
    let far = far(study, test).unwrap_or_default();
    let values = conduction_values(study, test, measured);
    let mut out = Vec::new();
    for row in rows.iter().filter(|row| row.segment.is_none() && row.measure != "conduction_velocity") {
        let kind = row.amp_kind.as_deref().or(Some("onset_peak")).filter(|_| row.measure == "amplitude");
        let doubt = if row.measure.contains("latency") { far.as_str() } else { "" };
        let value = values.iter().find(|value| value.measure == row.measure && value.amp_kind == kind);
        out.extend(value.map(|value| judged(row, Some(0), value.value, doubt)));
    }
    for value in values.iter().filter(|value| value.measure == "conduction_velocity") {
        let row = rows.iter().find(|row| row.measure == "conduction_velocity" && row.segment == value.segment);
        out.extend(row.map(|row| judged(row, Some(value.site), value.value, "")));
    }
    out
}

/// Says that the distance is not that of the study's limits.
pub(super) fn far(study: &StudyDef, test: &NerveTest) -> Option<String> {
    let (mm, of) = test.sites.first().and_then(|site| site.distance_mm).zip(study.distal_mm())?;
    ((mm - of).abs() > SAME_DISTANCE_MM).then(|| format!("the limit is for {of:.0} mm, measured at {mm:.0} mm"))
}

fn judged(row: &Limit, site: Option<usize>, value: f64, doubt: &str) -> Judged {
    let upper = row.bound == Bound::Upper;
    let mut doubts: Vec<&str> = Vec::new();
    if row.unverified() {
        doubts.push("unverified limit");
    }
    doubts.extend(Some(doubt).filter(|doubt| !doubt.is_empty()));
    Judged {
        site,
        measure: row.measure.clone(),
        value,
        limit: row.value,
        unit: match row.unit.as_str() {
            "ms" => "ms",
            "mV" => "mV",
            "uV" => "\u{b5}V",
            "m_per_s" => "m/s",
            "percent" => "%",
            _ => "",
        },
        upper,
        abnormal: if upper { value > row.value } else { value < row.value },
        doubt: doubts.join("; "),
        source: row.source.iter().map(|key| citation(key)).collect::<Vec<_>>().join("; "),
    }
}

/// Judges a late response (F wave, H reflex, blink reflex), whose rows belong to nerve and muscle.
pub fn judge_late(test: &NerveTest, measured: &TestMeasurement, person: &Person) -> Vec<Judged> {
    let Some(study) = late_study(test) else { return Vec::new() };
    let rows = limits(&study, person);
    let of = |(measure, value): (&str, f64)| rows.iter().find(|row| row.measure == measure).map(|row| judged(row, None, value, ""));
    let values = late_values(measured);
    let expected = |(measure, value): &(&str, f64)| regressions::judge(&study, measure, *value, person);
    values.iter().copied().filter_map(of).chain(values.iter().filter_map(expected)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Person, judge};
    use crate::model::{MotorSummary, NerveTest, Response, SegmentMeasurement, Site, Summary, SweepMeasurement, TestMeasurement};

    fn measured(onset_ms: f64, amp_uv: f64, velocity: f64) -> (NerveTest, TestMeasurement) {
        let site = |name: &str, id, mm| Site { name: name.into(), distance_mm: Some(mm), sweeps: vec![id] };
        let test = NerveTest { sites: vec![site("Wrist", 0, 80.0), site("Elbow", 1, 220.0)], ..NerveTest::default() };
        let response = Some(Response { onset_ms, amp_uv, ..Response::default() });
        let segment = SegmentMeasurement { from: Some(0), to: 1, velocity_mps: Some(velocity), ..SegmentMeasurement::default() };
        let summary = Summary::Motor(MotorSummary { segments: vec![segment], ..MotorSummary::default() });
        let sweeps = vec![SweepMeasurement { sweep: 0, response, ..SweepMeasurement::default() }];
        (test, TestMeasurement { sweeps, summary, ..TestMeasurement::default() })
    }

    #[test]
    fn latency_amplitude_and_velocity_are_judged_with_their_unit() {
        let (test, of) = measured(5.1, 3000.0, 45.0);
        let all = judge("median_motor_apb", &test, &of, &Person::default());
        let by = |measure: &str| all.iter().find(|judged| judged.measure == measure).unwrap();
        assert!(by("onset_latency").abnormal && by("onset_latency").upper && by("onset_latency").doubt.is_empty());
        assert!(by("amplitude").abnormal && (by("amplitude").value - 3.0).abs() < 1e-9 && by("amplitude").unit == "mV");
        assert!(by("conduction_velocity").abnormal && by("conduction_velocity").site == Some(1));
        let (test, of) = measured(3.5, 9000.0, 58.0);
        assert!(judge("median_motor_apb", &test, &of, &Person::default()).iter().all(|judged| !judged.abnormal));
    }

    #[test]
    fn another_distance_is_said() {
        let (mut test, of) = measured(3.5, 9000.0, 58.0);
        test.sites[0].distance_mm = Some(60.0);
        let all = judge("median_motor_apb", &test, &of, &Person::default());
        assert!(all.iter().find(|judged| judged.measure == "onset_latency").unwrap().doubt.contains("80 mm"));
        assert!(judge("no such study", &test, &of, &Person::default()).is_empty());
    }
}
