//! Bursts of surface EMG.

use serde_json::json;

use myoscope::analysis::needle::surface::measure;

use super::{Answer, Case};

pub fn semg(case: &Case) -> Answer {
    let measured = measure(case.signal()?);
    let bursts: Vec<_> = measured
        .bursts
        .iter()
        .map(|burst| json!({"on_s": burst.on_s, "off_s": burst.off_s, "mnf_hz": burst.mean_hz, "mdf_hz": burst.median_hz}))
        .collect();
    Ok(json!({"bursts": bursts}))
}
