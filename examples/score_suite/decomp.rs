//! Motor unit trains of needle recordings.

use serde_json::json;

use myoscope::analysis::needle::decompose::{Options, decompose};

use super::{Answer, Case};

pub fn decomp(case: &Case) -> Answer {
    let recording = case.opened.study.recordings.first().ok_or("no recording")?;
    let channel = recording.channels.first().ok_or("no channel")?;
    let mut uv = vec![0.0; usize::try_from(channel.n)?];
    case.opened.samples.first().ok_or("no samples")?.read(0, 0, &mut uv)?;
    let found = decompose(&uv, channel.fs_hz, Options::default());
    let units: Vec<_> = found.trains.iter().map(|t| json!({"times": t.times_s()})).collect();
    Ok(json!({"units": units, "verdict": found.verdict, "explained": found.explained, "unresolved": found.unresolved_count}))
}
