//! Nerve conduction at one site, and motor conduction at two.

use serde_json::{Value, json};

use myoscope::model::{Response, Summary, TestMeasurement};

use super::{Answer, Case};

/// What the scorer asks of one response.
fn marks(response: Option<&Response>) -> Value {
    match response {
        Some(m) => {
            json!({"present": true, "onset_ms": m.onset_ms, "peak_ms": m.peak_ms, "neg_end_ms": m.neg_end_ms, "amp_uv": m.amp_uv, "area_uvms": m.area_uvms})
        }
        None => json!({"present": false}),
    }
}

fn responses(measured: &TestMeasurement) -> Vec<Value> {
    measured.sweeps.iter().map(|sweep| marks(sweep.response.as_ref())).collect()
}

pub fn ncs(case: &Case) -> Answer {
    let measured = case.measure()?;
    if let Summary::Sensory(sensory) = &measured.summary {
        // The average of the first site.
        let sweep = sensory.sites.first().and_then(|site| measured.sweep(site.sweep));
        return Ok(marks(sweep.and_then(|sweep| sweep.response.as_ref())));
    }
    Ok(responses(&measured).into_iter().next().ok_or("no sweep")?)
}

pub fn pair(case: &Case) -> Answer {
    let measured = case.measure()?;
    let velocity = measured.summary.segments().first().and_then(|segment| segment.velocity_mps);
    Ok(json!({"markers": responses(&measured), "cv_mps": velocity}))
}
