//! `analyse`: a stretch of one channel, by the analysis that the page does of a lane.
//!
//! Driven through the engine's protocol, so the answer is the page's, to the last digit: the same
//! stretch, the same polarity as the lane is shown with first. **Cost**: the samples of the stretch.

use std::io::Write;

use super::args::{AnalyseOptions, Options};
use super::desk::Desk;
use super::{Failure, Stop, json_line, text};
use crate::engine::analysed::analysed;
use crate::engine::protocol::{ActivityKey, ActivityView, Event, LaneView, RecordingView, Request, scenes};
use crate::formats::Opened;
use crate::model::SignalTask;

/// Analyses every file of `options`.
pub fn run(options: &Options, wanted: &AnalyseOptions, out: &mut dyn Write) -> Result<u8, Failure> {
    let task = wanted.task.ok_or_else(|| Failure::Usage("analyse wants --task rest, units, pattern, jitter or surface".into()))?;
    if let (Some(from_s), Some(to_s)) = (wanted.from_s, wanted.to_s)
        && to_s <= from_s
    {
        return Err(Failure::Usage("--to must lie behind --from".into()));
    }
    super::each_file(options, out, |opened, file, out| {
        let opened = Opened {
            study: std::mem::take(&mut opened.study),
            samples: std::mem::take(&mut opened.samples),
            warnings: std::mem::take(&mut opened.warnings),
            used: std::mem::take(&mut opened.used),
            ..Opened::default()
        };
        let warnings = opened.warnings.clone();
        let (view, channel) = one(opened, file, task, wanted, options)?;
        if options.json {
            json_line(out, &analysed(&view, file, &channel))?;
        } else {
            text::analysed(out, file, &channel, &view, &warnings)?;
        }
        Ok(())
    })
}

/// The analysis and the name of its channel.
fn one(opened: Opened, file: &str, task: SignalTask, wanted: &AnalyseOptions, options: &Options) -> Result<(ActivityView, String), Stop> {
    let of_file = |what: String| Stop::All(Failure::Usage(format!("{file}: {what}")));
    let mut desk = Desk::open(opened, file, options)?;
    let (recording, lane) = choose(&desk.view.recordings, wanted.channel.as_deref()).map_err(of_file)?;
    let of = &desk.view.recordings[recording];
    let key = ActivityKey {
        recording,
        channel: lane.settings.channel,
        minus: lane.settings.minus,
        turned: scenes::lane(lane, true).turned,
        task,
        from_s: wanted.from_s.unwrap_or(of.start_s),
        to_s: wanted.to_s.unwrap_or(of.start_s + of.duration_s),
    };
    let (name, study) = (of.channels.get(key.channel).cloned().unwrap_or_default(), desk.study());
    // What the engine refuses is about the channel or the stretch that was named.
    let refused = |failure| match failure {
        Failure::Write(what) => of_file(what),
        other => Stop::All(other),
    };
    let mut last = None;
    let mut outputs = desk.ask(Request::Analyse { study, key }).map_err(refused)?;
    loop {
        for output in outputs {
            if let Event::Activity { view, .. } = output.event {
                last = Some(view).filter(|view| view.done);
            }
        }
        match desk.step().map_err(refused)? {
            Some(more) => outputs = more,
            None => break,
        }
    }
    last.map(|view| (view, name)).ok_or_else(|| of_file("the analysis came to no end".into()))
}

/// The lane of a channel by name or number (from 1 on, in the first recording); without one the first
/// that shows a potential.
fn choose<'a>(recordings: &'a [RecordingView], channel: Option<&str>) -> Result<(usize, &'a LaneView), String> {
    let lanes = || recordings.iter().enumerate().flat_map(|(index, recording)| recording.lanes.iter().map(move |lane| (index, lane)));
    let Some(wanted) = channel else {
        return lanes().find(|(_, lane)| lane.potential).or_else(|| lanes().next()).ok_or_else(|| "there is no channel".to_owned());
    };
    let named = lanes().find(|(_, lane)| lane.name == wanted);
    let numbered = || {
        let number = wanted.parse::<usize>().ok()?.checked_sub(1)?;
        lanes().find(|(recording, lane)| (*recording, lane.settings.channel) == (0, number))
    };
    let names = || lanes().map(|(_, lane)| lane.name.as_str()).collect::<Vec<_>>().join(", ");
    named.or_else(numbered).ok_or_else(|| format!("there is no channel '{wanted}', but {}", names()))
}
