//! Activity at rest, named.

use serde_json::json;

use myoscope::analysis::signal::{SignalInput, signal_analyzer};
use myoscope::model::{ActivityClass, SignalTask};

use super::{Answer, Case};

/// The scorer's word.
fn word(class: ActivityClass) -> &'static str {
    match class {
        ActivityClass::Fibrillation => "fib",
        ActivityClass::PositiveSharpWave => "psw",
        ActivityClass::Fasciculation => "fasc",
        ActivityClass::ComplexRepetitive => "crd",
        ActivityClass::Myotonic => "myotonia",
        ActivityClass::Myokymic => "myokymia",
        ActivityClass::Neuromyotonic => "neuromyotonia",
        ActivityClass::EndPlateSpike => "epspike",
        ActivityClass::Voluntary => "mup",
        _ => "artefact",
    }
}

pub fn spont(case: &Case) -> Answer {
    let recording = case.opened.study.recordings.first().ok_or("no recording")?;
    let channel = recording.channels.first().ok_or("no channel")?;
    let mut uv = vec![0.0; usize::try_from(channel.n)?];
    case.opened.samples.first().ok_or("no samples")?.read(0, 0, &mut uv)?;
    let gain = myoscope::units::Unit::parse(&channel.unit).uv_per_unit().unwrap_or(1.0);
    uv.iter_mut().for_each(|v| *v *= gain);
    let analyzer = signal_analyzer(SignalTask::Rest).ok_or("no analyzer")?;
    let mut analysis = analyzer.begin(SignalInput { uv, fs_hz: channel.fs_hz, ..SignalInput::default() });
    while analysis.step().is_some() {}
    let found = analysis.measurement();
    let trains: Vec<_> = found
        .trains
        .iter()
        .map(|t| json!({"class": word(t.class), "times": t.times_s, "name": t.name, "confidence": t.confidence, "why": t.why, "warning": t.warning}))
        .collect();
    Ok(json!({"trains": trains, "verdict": found.verdict, "quality": found.quality}))
}
