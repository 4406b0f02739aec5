//! F and A waves.

use serde_json::json;

use myoscope::model::{LateKind, Summary};

use super::{Answer, Case};

pub fn fwave(case: &Case) -> Answer {
    let measured = case.measure()?;
    let Summary::FWave(summary) = &measured.summary else { return Err("no F waves".into()) };
    let sweeps: Vec<_> = measured
        .sweeps
        .iter()
        .map(|sweep| match sweep.late.iter().find(|late| late.kind == LateKind::F) {
            Some(f) => json!({"f_present": true, "f_onset_ms": f.onset_ms, "pp_uv": f.pp_uv}),
            None => json!({"f_present": false}),
        })
        .collect();
    let a = summary.sites.first().and_then(|site| site.a_wave.as_ref());
    Ok(json!({"sweeps": sweeps, "a_wave": {"present": a.is_some(), "onset_ms": a.map(|a| a.onset_ms)}}))
}
