//! Analyses of continuous signals: a stretch of one lane, read once and analysed in steps.
//!
//! One analysis a study is kept; a new one takes its place. Stored samples are analysed, whatever
//! filters the picture has. When it is done it answers to trains that a person changes
//! ([`super::trains`]).

use super::protocol::{ActivityKey, ActivityView, Event, Output};
use super::session::Session;
use super::signal::Signal;
use crate::analysis::signal::{SignalAnalysis, SignalInput, signal_analyzer};
use crate::model::{EditedTrain, FilterChain, QualityFlag, QualityKind, SignalMeasurement, SignalTask, TrainChange};
use crate::units::Unit;

/// Longest stretch, samples: two minutes at 50 kHz.
const LONGEST: u64 = 6_000_000;
/// Longest stretch that is taken apart into motor units, samples: ten minutes at 50 kHz. It takes some
/// 25 bytes a sample, and is worked on window by window.
const LONGEST_UNITS: u64 = 30_000_000;
/// From here on progress is said in seconds of the stretch, too, s.
const LONG_S: f64 = 30.0;
/// Shortest stretch, seconds.
const SHORTEST_S: f64 = 0.05;
/// Findings are told each time that so much more was done.
const TOLD: f64 = 0.1;

/// An analysis that is under way, or done.
pub(super) struct Activity {
    key: ActivityKey,
    analysis: Box<dyn SignalAnalysis>,
    /// What the stretch itself weakens.
    quality: Vec<QualityFlag>,
    /// A person's trains that it was given, seconds from the start of the stretch.
    given: Option<Vec<EditedTrain>>,
    told: f64,
    done: bool,
}

impl Session {
    /// Begins an analysis; the stretch lies within one span of the recording, and `key` then says
    /// which it is.
    pub fn analyse(&mut self, key: ActivityKey, out: &mut dyn FnMut(Output)) {
        match self.begin(key) {
            Ok(activity) => {
                self.activity = Some(activity);
                self.step_activity(out);
            }
            Err(what) => super::failed(out, what),
        }
    }

    fn begin(&self, mut key: ActivityKey) -> Result<Activity, String> {
        let (Some(recording), Some(samples)) = (self.acquired.recordings.get(key.recording), self.samples.get(key.recording)) else {
            return Err("This recording is no longer there.".into());
        };
        let channel = recording.channels.get(key.channel).ok_or("This channel is no longer there.")?;
        let analyzer = signal_analyzer(key.task).ok_or_else(|| format!("{} cannot be analysed yet.", key.task.name()))?;
        let scale = Unit::parse(&channel.unit).uv_per_unit();
        if scale.is_none() {
            return Err(format!("{} is measured in {}, which is no voltage: EMG is analysed in microvolts.", channel.name, channel.unit));
        }
        let mut quality = Vec::new();
        let doubt = |what: String| QualityFlag { kind: QualityKind::TooShort, what };
        let overlap = |span: &&crate::model::Span| (key.to_s.min(span.onset_s + span.duration_s) - key.from_s.max(span.onset_s)).max(0.0);
        let spans = &recording.timeline.spans;
        let span = spans.iter().max_by(|a, b| overlap(a).total_cmp(&overlap(b))).ok_or("The recording is empty.")?;
        if spans.iter().filter(|span| overlap(span) > 0.0).count() > 1 {
            quality.push(doubt("The stretch has gaps: its longest uninterrupted part was analysed.".into()));
        }
        let (from_s, to_s) = (key.from_s.max(span.onset_s), key.to_s.min(span.onset_s + span.duration_s));
        if key.from_s.is_nan() || key.to_s.is_nan() || to_s - from_s < SHORTEST_S {
            return Err("There is no signal in this stretch, or less than 50 ms of it.".into());
        }
        let start = ((span.stored_s + from_s - span.onset_s) * channel.fs_hz).round().max(0.0) as u64;
        let wanted = ((to_s - from_s) * channel.fs_hz).round().max(0.0) as u64;
        let longest = match key.task {
            SignalTask::Units => LONGEST_UNITS,
            _ => LONGEST,
        };
        let n = wanted.min(channel.n.saturating_sub(start)).min(longest);
        if wanted > longest {
            let seconds = n as f64 / channel.fs_hz;
            quality.push(doubt(format!("Only the first {seconds:.0} s were analysed: put the cursors around another stretch.")));
        }
        let stored =
            Signal { recording: key.recording, channel: key.channel, minus: key.minus, filter: FilterChain::default(), baseline: 0.0 };
        let uv = stored.read(samples.as_ref(), channel, &recording.timeline, start, usize::try_from(n).unwrap_or(0));
        let mut uv = uv.map_err(|error| error.to_string())?;
        let scale = scale.unwrap_or(1.0) * if key.turned { -1.0 } else { 1.0 };
        uv.iter_mut().for_each(|value| *value *= scale);
        (key.from_s, key.to_s) = (from_s, from_s + n as f64 / channel.fs_hz);
        let input = SignalInput { uv, fs_hz: channel.fs_hz, muscle: channel.name.clone(), age_years: self.person().age_years };
        let mut analysis = analyzer.begin(input);
        let given = self.kept_trains(&key);
        if given.is_some() {
            analysis.revise(given.clone());
        }
        Ok(Activity { key, analysis, quality, given, told: 0.0, done: false })
    }

    /// One piece of the analysis; `false` when none is under way.
    pub fn step_activity(&mut self, out: &mut dyn FnMut(Output)) -> bool {
        let Some(activity) = self.activity.as_mut().filter(|activity| !activity.done) else { return false };
        match activity.analysis.step() {
            Some(done) => {
                let total = 1000;
                let (name, done) = (activity.key.task.name(), done.clamp(0.0, 1.0));
                let seconds = activity.key.to_s - activity.key.from_s;
                let what = if seconds > LONG_S { format!("{name}, {:.0} of {seconds:.0} s", done * seconds) } else { name.to_owned() };
                out(Event::Progress { study: self.key, what, done: (done * 1000.0) as u64, total }.into());
                // Of trains that are given nothing is known until all is.
                if done - activity.told >= TOLD && activity.given.is_none() {
                    activity.told = done;
                    self.tell_activity(out);
                }
            }
            None => {
                activity.done = true;
                self.tell_activity(out);
                out(Event::Finished { study: self.key, cancelled: false }.into());
            }
        }
        true
    }
}

impl Session {
    /// Tells what is known of the stretch; what is complete may be entered in the table of muscles.
    pub(super) fn tell_activity(&mut self, out: &mut dyn FnMut(Output)) {
        let Some(view) = self.activity.as_ref().map(Activity::view) else { return };
        if view.done {
            self.remember(&view);
        }
        out(Event::Activity { study: self.key, view }.into());
    }
}

impl Session {
    /// The analysis that was done last; `None` while one is under way, or before there is any.
    pub(super) fn whole_activity(&self) -> Option<ActivityView> {
        self.activity.as_ref().filter(|activity| activity.done).map(Activity::view)
    }
}

impl Activity {
    /// Whether work is left.
    pub fn goes_on(&self) -> bool {
        !self.done
    }

    /// The stretch.
    pub fn key(&self) -> ActivityKey {
        self.key
    }

    /// Whether it is the analysis of a stretch, whichever way up.
    pub fn answers(&self, key: &ActivityKey) -> bool {
        ActivityKey { turned: self.key.turned, ..*key } == self.key
    }

    /// The trains after a change, seconds from the start of the stretch.
    ///
    /// # Errors
    /// A sentence when it cannot be made.
    pub fn changed(&self, change: &TrainChange) -> Result<Vec<EditedTrain>, String> {
        self.analysis.changed(change)
    }

    /// Takes a person's trains, or `None`: those found. `true` when they are others than before and
    /// nothing remains to be computed.
    pub fn follow(&mut self, trains: Option<Vec<EditedTrain>>) -> bool {
        if trains == self.given {
            return false;
        }
        self.given.clone_from(&trains);
        self.done = !self.analysis.revise(trains);
        self.told = 0.0;
        self.done
    }

    fn view(&self) -> ActivityView {
        let mut measurement: SignalMeasurement = self.analysis.measurement();
        let from_s = self.key.from_s;
        for train in &mut measurement.trains {
            train.times_s.iter_mut().for_each(|time_s| *time_s += from_s);
            train.span_s = train.span_s.map(|span| span.map(|time_s| time_s + from_s));
        }
        measurement.unresolved_s.iter_mut().for_each(|time_s| *time_s += from_s);
        measurement.quality.extend(self.quality.iter().cloned());
        ActivityView { key: self.key, done: self.done, by_person: self.given.is_some(), measurement }
    }
}
