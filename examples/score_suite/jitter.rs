//! Jitter of needle recordings.

use serde_json::json;

use myoscope::analysis::needle::jitter::measure;

use super::{Answer, Case};

pub fn jitter(case: &Case) -> Answer {
    let input = case.signal()?;
    let pairs = measure(&input.uv, input.fs_hz).map(|measured| measured.pairs).unwrap_or_default();
    let pairs: Vec<_> =
        pairs.iter().map(|pair| json!({"ipi_us": pair.ipi_us, "mcd_us": pair.mcd_us, "blocking_pct": pair.blocking_pct})).collect();
    Ok(json!({"pairs": pairs}))
}
