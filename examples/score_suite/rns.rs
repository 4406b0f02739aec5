//! Trains of repetitive stimulation.

use serde_json::json;

use myoscope::model::Summary;

use super::{Answer, Case};

pub fn rns(case: &Case) -> Answer {
    let Summary::Repetitive(summary) = case.measure()?.summary else { return Err("no trains".into()) };
    let train = summary.trains.first().ok_or("no train")?;
    Ok(json!({"amps_uv": train.amps_uv, "areas": train.areas_uvms}))
}
