//! Motor unit trains of needle recordings.

use serde_json::json;

use myoscope::analysis::needle::decompose::{Options, decompose};
use myoscope::analysis::needle::potential::{markers, measure};

use super::{Answer, Case};

pub fn decomp(case: &Case) -> Answer {
    let recording = case.opened.study.recordings.first().ok_or("no recording")?;
    let channel = recording.channels.first().ok_or("no channel")?;
    let mut uv = vec![0.0; usize::try_from(channel.n)?];
    case.opened.samples.first().ok_or("no samples")?.read(0, 0, &mut uv)?;
    let found = decompose(&uv, channel.fs_hz, Options::default());
    let units: Vec<_> = found
        .trains
        .iter()
        .map(|train| {
            let p = &train.potential;
            let mut unit = json!({"times": train.times_s()});
            if let Some(m) = markers(p).and_then(|m| measure(&p.uv, p.fs_hz, p.at, m)) {
                unit["amp_uv"] = json!(m.amp_uv);
                unit["duration_ms"] = json!(m.duration_ms);
                unit["area_uvms"] = json!(m.area_uvms);
                unit["phases"] = json!(m.phases);
                unit["turns"] = json!(m.turns);
                unit["onset_ms"] = json!(m.onset_ms);
                unit["end_ms"] = json!(m.end_ms);
            }
            unit
        })
        .collect();
    Ok(json!({"units": units, "verdict": found.verdict, "explained": found.explained, "unresolved": found.unresolved_count}))
}
