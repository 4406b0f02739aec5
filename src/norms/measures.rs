//! What of a measurement the tables of limits speak of, by their names.

use super::studies::StudyDef;
use super::words::{names_nerve, names_recording, normal, site_of};
use crate::model::{NerveTest, Response, Summary, TestKind, TestMeasurement, average_id};

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
