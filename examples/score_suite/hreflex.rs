//! H reflex.

use serde_json::json;

use myoscope::model::Summary;

use super::{Answer, Case};

pub fn hreflex(case: &Case) -> Answer {
    let Summary::HReflex(summary) = case.measure()?.summary else { return Err("no H reflex".into()) };
    let levels: Vec<_> =
        summary.levels.iter().map(|l| json!({"m_pp_uv": l.m_pp_uv, "h_pp_uv": l.h_pp_uv, "h_onset_ms": l.h_onset_ms})).collect();
    Ok(json!({"levels": levels, "h_latency_ms": summary.latency_ms}))
}
