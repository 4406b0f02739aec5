//! F and A waves.

use serde_json::json;

use myoscope::analysis::nerve::f_wave;

use super::{Answer, Case};

pub fn fwave(case: &Case) -> Answer {
    let input = case.input()?;
    let fs_hz = input.sweeps.first().ok_or("no sweep")?.fs_hz;
    let sweeps: Vec<(&[f64], f64)> = input.sweeps.iter().map(|input| (input.uv.as_slice(), input.stimulus_s.unwrap_or(0.0))).collect();
    let found = f_wave::find(&sweeps, fs_hz).ok_or("nothing")?;
    Ok(json!({
        "sweeps": found.f.iter().map(|f| match f { Some(f) => json!({"f_present": true, "f_onset_ms": f.onset_ms, "pp": f.pp_uv, "sd": f.onset_sd_ms, "quick": f.quick_uv}), None => json!({"f_present": false}) }).collect::<Vec<_>>(),
        "a_wave": {"present": found.a.is_some(), "onset_ms": found.a.map(|a| a.onset_ms)},
    }))
}
