//! Motor responses, and motor responses at two sites.

use serde_json::{Value, json};

use myoscope::analysis::analyzer_for;
use myoscope::model::TestKind;

use super::{Answer, Case};

fn markers(case: &Case) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let answer = |input: myoscope::analysis::SweepInput| match analyzer_for(TestKind::Motor).analyze(&input).measurement(&[], false).motor {
        Some(m) => {
            json!({"present": true, "onset_ms": m.onset_ms, "peak_ms": m.peak_ms, "neg_end_ms": m.neg_end_ms, "amp_uv": m.amp_uv, "area_uvms": m.area_uvms})
        }
        None => json!({"present": false}),
    };
    Ok(case.sweeps()?.into_iter().map(answer).collect())
}

pub fn ncs(case: &Case) -> Answer {
    Ok(markers(case)?.into_iter().next().ok_or("no sweep")?)
}

pub fn pair(case: &Case) -> Answer {
    let markers = markers(case)?;
    let onset = |k: usize| markers.get(k).and_then(|m| m["onset_ms"].as_f64());
    let cv = onset(0).zip(onset(1)).and_then(|(distal, proximal)| Some(case.meta["distance_mm"].as_f64()? / (proximal - distal)));
    Ok(json!({"markers": markers, "cv_mps": cv}))
}
