//! Mains removed from a needle recording, as the app's mains filter does it.

use serde_json::json;

use myoscope::dsp::line::{LineOptions, subtract_line};

use super::{Answer, Case};

pub fn clean(case: &Case) -> Answer {
    let recording = case.opened.study.recordings.first().ok_or("no recording")?;
    let channel = recording.channels.first().ok_or("no channel")?;
    let mut uv = vec![0.0; usize::try_from(channel.n)?];
    case.opened.samples.first().ok_or("no samples")?.read(0, 0, &mut uv)?;
    // The app is told 50 or 60 Hz by the person; here the one that leaves less.
    let clean = [50.0, 60.0].map(|nominal_hz| subtract_line(&uv, channel.fs_hz, &LineOptions { nominal_hz, ..LineOptions::default() }));
    let power = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
    let [a, b] = clean;
    let best = if power(&a) <= power(&b) { a } else { b };
    let name = format!("{}.clean.f32", case.id);
    let bytes: Vec<u8> = best.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect();
    std::fs::write(case.got.join(&name), bytes)?;
    Ok(json!({"signal_f32": name}))
}
