//! What of a measurement the tables of limits speak of, by their names.

use super::studies::StudyDef;
use super::words::{names_nerve, names_recording, normal, site_of};
use crate::model::{MarkerKind, NerveTest, Response, Summary, TestKind, TestMeasurement, average_id};

/// Nerves whose F waves have rows.
const F_NERVES: [&str; 4] = ["median", "ulnar", "tibial", "fibular"];
/// Muscles whose H reflexes have rows.
const H_MUSCLES: [(&str, &str); 2] = [("soleus", "h_soleus"), ("flexor_carpi_radialis", "h_fcr")];

/// The study of a late response in the tables (`f_median`, `h_soleus`, `blink`).
pub fn late_study(test: &NerveTest) -> Option<String> {
    let nerve = normal(&test.nerve);
    let from = normal(&test.recorded_from);
    match test.kind {
        TestKind::FWave => F_NERVES.iter().find(|id| names_nerve(id, &nerve)).map(|id| format!("f_{id}")),
        TestKind::HReflex => H_MUSCLES.iter().find(|(id, _)| names_recording(id, &from)).map(|(_, study)| (*study).to_owned()),
        TestKind::Blink => Some("blink".into()),
        _ => None,
    }
}

/// Values of a late response by the names of their measures.
pub fn late_values(measured: &TestMeasurement) -> Vec<(&'static str, f64)> {
    let mut out = Vec::new();
    let mut say = |name, value: Option<f64>| out.extend(value.filter(|value| value.is_finite()).map(|value| (name, value)));
    match &measured.summary {
        Summary::FWave(f) => {
            let site = f.sites.first();
            say("f_min_latency", site.and_then(|site| site.min_ms));
            say("chronodispersion", site.and_then(|site| site.chronodispersion_ms));
            say("persistence", site.map(|site| site.persistence_pct));
        }
        Summary::HReflex(h) => say("h_latency", h.latency_ms),
        Summary::Blink(blink) => {
            let side = |ipsilateral| blink.sides.iter().find(move |side| side.ipsilateral == Some(ipsilateral));
            say("r1_latency", side(true).and_then(|side| side.r1_ms));
            say("r2_ipsi_latency", side(true).and_then(|side| side.r2_ms));
            say("r2_contra_latency", side(false).and_then(|side| side.r2_ms));
        }
        _ => {}
    }
    out
}

/// The largest response of the distal site, the average where there is one.
pub fn distal(test: &NerveTest, measured: &TestMeasurement) -> Option<Response> {
    at_site(test, measured, 0)
}

/// The largest response of a site, the average where there is one.
pub fn at_site(test: &NerveTest, measured: &TestMeasurement, site: usize) -> Option<Response> {
    let site = test.sites.get(site)?;
    let average = site.sweeps.first().and_then(|first| measured.sweep(average_id(*first)));
    let own = measured.sweeps.iter().filter(|sweep| site.sweeps.contains(&sweep.sweep) && sweep.left_out.is_none());
    match average {
        Some(average) => average.response,
        None => own.filter_map(|sweep| sweep.response).max_by(|a, b| a.amp_uv.total_cmp(&b.amp_uv)),
    }
}

/// One value of nerve conduction in the words of the tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Index of the site, or of the proximal site of a segment.
    pub site: usize,
    /// `onset_latency`, `peak_latency`, `amplitude` or `conduction_velocity`.
    pub measure: &'static str,
    /// `ms`, `mV`, `uV` or `m_per_s`.
    pub unit: &'static str,
    /// Of amplitudes: `onset_peak` or `peak_peak`.
    pub amp_kind: Option<&'static str>,
    /// Of a velocity between two sites: `wrist-below_elbow`.
    pub segment: Option<String>,
    /// The value.
    pub value: f64,
}

/// Values of a motor or sensory test that is this study: of the distal response and of the segments whose
/// sites the tables know.
pub fn conduction_values(study: &StudyDef, test: &NerveTest, measured: &TestMeasurement) -> Vec<Value> {
    let mut out = Vec::new();
    let mut say = |site, measure, unit, amp_kind, segment, value: Option<f64>| {
        out.extend(value.filter(|value| value.is_finite()).map(|value| Value { site, measure, unit, amp_kind, segment, value }));
    };
    if let Some(response) = distal(test, measured) {
        let (unit, scale) = if study.kind == "motor" { ("mV", 1e-3) } else { ("uV", 1.0) };
        say(0, "onset_latency", "ms", None, None, Some(response.onset_ms));
        say(0, "peak_latency", "ms", None, None, response.marker_ms(MarkerKind::NegativePeak));
        say(0, "amplitude", unit, Some("onset_peak"), None, Some(scale * response.amp_uv));
        say(0, "amplitude", unit, Some("peak_peak"), None, response.pp_uv.map(|uv| scale * uv));
    }
    let site = |index: usize| site_id(study, &test.sites.get(index)?.name);
    for segment in measured.summary.segments() {
        let name = match segment.from {
            Some(from) => match site(from).zip(site(segment.to)) {
                Some((distal, proximal)) => Some(format!("{distal}-{proximal}")),
                None => continue,
            },
            None => None,
        };
        say(segment.to, "conduction_velocity", "m_per_s", None, name, segment.velocity_mps);
    }
    out
}

/// The stimulation site of a study that a site of a test is.
pub fn site_id<'a>(study: &'a StudyDef, name: &str) -> Option<&'a str> {
    let ids: Vec<&str> = study.sites.iter().map(|site| site.id.as_str()).collect();
    site_of(name, &ids)
}

/// Values of a test that are compared between the sides: name in the tables, value, unit.
pub fn compared(test: &NerveTest, measured: &TestMeasurement) -> Vec<(&'static str, f64, &'static str)> {
    let mut out = Vec::new();
    match test.kind {
        TestKind::Motor | TestKind::Sensory => {
            if let Some(response) = distal(test, measured) {
                out.push(("onset_latency", response.onset_ms, "ms"));
                out.push(("peak_latency", response.peak_ms, "ms"));
                out.push(("amplitude", response.amp_uv, "\u{b5}V"));
            }
            let velocity = measured.summary.segments().iter().find_map(|segment| segment.velocity_mps);
            out.extend(velocity.map(|velocity| ("conduction_velocity", velocity, "m/s")));
        }
        _ => {
            let unit = |name: &str| if name == "persistence" { "%" } else { "ms" };
            out.extend(late_values(measured).into_iter().map(|(name, value)| (name, value, unit(name))));
        }
    }
    out
}
