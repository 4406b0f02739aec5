//! Trains of repetitive stimulation.

use serde_json::json;

use myoscope::analysis::nerve::repetitive;

use super::{Answer, Case};

pub fn rns(case: &Case) -> Answer {
    let inputs = case.input()?.sweeps;
    let fs_hz = inputs.first().ok_or("no sweep")?.fs_hz;
    let sweeps: Vec<(&[f64], f64)> = inputs.iter().map(|input| (input.uv.as_slice(), input.stimulus_s.unwrap_or(0.0))).collect();
    let phases: Vec<_> = repetitive::train(&sweeps, fs_hz).into_iter().map(Option::unwrap_or_default).collect();
    Ok(json!({
        "amps_uv": phases.iter().map(|p| p.amp_uv).collect::<Vec<_>>(),
        "areas": phases.iter().map(|p| p.area_uvms).collect::<Vec<_>>(),
    }))
}
