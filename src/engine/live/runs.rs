//! Guided nerve conduction while recording: from stimuli that come to the sweeps of a test.
//!
//! A run says which nerve is stimulated where; it stands in the raw log, so that a replay has the same
//! tests with the same numbers. A sweep is cut once its last sample is there, always whole: one with a
//! gap is left out and counted. Sweeps are numbered in the order of their stimuli, and none goes away,
//! so that a person's markers keep their sweeps.

use serde::{Deserialize, Serialize};

use crate::model::{Examination, NerveTest, Recording, Side, Site, Stimulus, Sweep, TestKind};

/// Stimuli that wait for the end of their sweeps; more come only from a line that floats.
const MAX_WAITING: usize = 1000;
/// More sweeps than any examination has.
const MAX_SWEEPS: usize = 20_000;

/// What an examiner decides during a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// A run begins; one that was under way has ended.
    Begin {
        /// What is done.
        run: Run,
    },
    /// Another site, or train, of the run.
    Site {
        /// Its index.
        site: usize,
    },
    /// The patient exercises for so long, before the next trains.
    Exercise {
        /// Seconds.
        seconds: f64,
    },
    /// The run has ended: stimuli that come belong to nothing.
    End,
}

/// One nerve with one pair of recording electrodes, as it is to be examined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What is done.
    pub kind: TestKind,
    /// Side.
    pub side: Side,
    /// Nerve, in the field's words.
    pub nerve: String,
    /// Muscle or skin site.
    pub recorded_from: String,
    /// The study of the clinic that it is; empty: none of those with limits.
    pub study: String,
    /// Stimulation sites, distal first, with the distance that the protocol fixes, mm; or trains.
    pub sites: Vec<(String, Option<f64>)>,
    /// Stimuli a second, of a train.
    pub rate_hz: Option<f64>,
    /// Filters that are customary, Hz.
    #[serde(default)]
    pub filter_hz: Option<[f64; 2]>,
    /// Index of the recording.
    pub recording: usize,
    /// Channel that the response is recorded in.
    pub channel: usize,
    /// Part of a sweep before the stimulus, seconds.
    pub before_s: f64,
    /// Part behind it, seconds.
    pub after_s: f64,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Under {
    /// Index of its test.
    pub test: usize,
    /// Site stimulated now.
    pub site: usize,
    /// Recording that its sweeps are cut from.
    pub recording: usize,
    channel: usize,
    before_s: f64,
    after_s: f64,
}

struct Shot {
    under: Under,
    onset_s: f64,
    stimulus: Stimulus,
}

/// The runs of a recording.
#[derive(Default)]
pub struct Runs {
    /// Their tests and sweeps.
    pub examination: Examination,
    under: Option<Under>,
    waiting: Vec<Shot>,
    gaps: u32,
    last_s: Option<f64>,
}

impl Runs {
    /// The run under way.
    pub fn under(&self) -> Option<Under> {
        self.under
    }

    /// Sweeps of the run under way that were left out because samples were lost within them.
    pub fn gaps(&self) -> u32 {
        self.gaps
    }

    /// When the last stimulus of the run came, seconds of recording time.
    pub fn last_s(&self) -> Option<f64> {
        self.last_s
    }

    /// The examiner decides.
    pub fn step(&mut self, step: &Step) {
        match step {
            Step::Begin { run } => {
                let site = |(name, distance_mm): &(String, Option<f64>)| Site {
                    name: name.clone(),
                    distance_mm: *distance_mm,
                    sweeps: Vec::new(),
                };
                self.examination.tests.push(NerveTest {
                    kind: run.kind,
                    side: Some(run.side),
                    nerve: run.nerve.clone(),
                    recorded_from: run.recorded_from.clone(),
                    sites: run.sites.iter().map(site).collect(),
                    study: Some(run.study.clone()).filter(|study| !study.is_empty()),
                    rate_hz: run.rate_hz,
                    filter_hz: run.filter_hz,
                    ..NerveTest::default()
                });
                (self.gaps, self.last_s) = (0, None);
                self.under = Some(Under {
                    test: self.examination.tests.len() - 1,
                    site: 0,
                    recording: run.recording,
                    channel: run.channel,
                    before_s: run.before_s.clamp(0.0, 1.0),
                    after_s: run.after_s.clamp(1e-3, 5.0),
                });
            }
            Step::Site { site } => {
                let sites = self.under.and_then(|under| self.examination.tests.get(under.test)).map_or(0, |test| test.sites.len());
                if let Some(under) = self.under.as_mut().filter(|_| *site < sites) {
                    under.site = *site;
                }
            }
            Step::Exercise { .. } => {}
            Step::End => self.under = None,
        }
    }

    /// A stimulus was given at a moment of a recording, seconds of recording time.
    pub fn shot(&mut self, recording: usize, onset_s: f64, stimulus: Stimulus) {
        if let Some(under) = self.under.filter(|under| under.recording == recording && self.waiting.len() < MAX_WAITING) {
            self.last_s = Some(onset_s);
            self.waiting.push(Shot { under, onset_s, stimulus });
        }
    }

    /// Cuts the sweeps whose last sample has come; whether there were any, or one was left out.
    pub fn settle(&mut self, recordings: &[Recording]) -> bool {
        let end_s = |recording: &Recording| recording.timeline.spans.last().map_or(0.0, |span| span.onset_s + span.duration_s);
        let mut settled = false;
        while let Some(shot) = self.waiting.first() {
            let Some(recording) = recordings.get(shot.under.recording) else { return settled };
            if end_s(recording) < shot.onset_s + shot.under.after_s {
                return settled;
            }
            let shot = self.waiting.remove(0);
            settled = true;
            let id = self.examination.sweeps.len();
            let site = self.examination.tests.get_mut(shot.under.test).and_then(|test| test.sites.get_mut(shot.under.site));
            match (cut(recording, &shot), site) {
                (Some(sweep), Some(site)) if id < MAX_SWEEPS => {
                    self.examination.sweeps.push(sweep);
                    site.sweeps.push(id);
                }
                _ => self.gaps += 1,
            }
        }
        settled
    }
}

/// The sweep of a stimulus; none where it does not lie within one uninterrupted stretch.
fn cut(recording: &Recording, shot: &Shot) -> Option<Sweep> {
    let channel = recording.channels.get(shot.under.channel)?;
    let (from_s, to_s) = (shot.onset_s - shot.under.before_s, shot.onset_s + shot.under.after_s);
    let span = recording.timeline.spans.iter().find(|span| span.onset_s <= from_s && to_s <= span.onset_s + span.duration_s + 1e-9)?;
    // The part of a microsample keeps a moment that falls on a sample from being rounded behind it.
    let start = ((span.stored_s + from_s - span.onset_s) * channel.fs_hz - 1e-6).ceil().max(0.0) as u64;
    let n = ((to_s - from_s) * channel.fs_hz).floor() as u64;
    let first_s = span.onset_s + start as f64 / channel.fs_hz - span.stored_s;
    (n > 0 && start + n <= channel.n).then_some(Sweep {
        recording: shot.under.recording,
        channel: shot.under.channel,
        start,
        n,
        // The amplifier's filters show everything later by their delay.
        stimulus_s: Some(shot.onset_s - first_s + channel.skew_s),
        stimulus: shot.stimulus,
        ..Sweep::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Channel, Span, Timeline};

    fn recording(spans: &[(f64, f64)]) -> Recording {
        let mut stored_s = 0.0;
        let spans = spans.iter().map(|&(onset_s, duration_s)| {
            let span = Span { onset_s, stored_s, duration_s };
            stored_s += duration_s;
            span
        });
        let timeline = Timeline { spans: spans.collect() };
        let channel = Channel {
            name: "APB".into(),
            unit: "uV".into(),
            fs_hz: 1000.0,
            n: (stored_s * 1000.0) as u64,
            transducer: String::new(),
            prefilter: String::new(),
            scale: None,
            negative_up: false,
            skew_s: 0.0,
        };
        Recording { channels: vec![channel], timeline, ..Recording::default() }
    }

    fn run() -> Run {
        Run {
            kind: TestKind::Motor,
            side: Side::Right,
            nerve: "Median".into(),
            recorded_from: "APB".into(),
            study: "median_motor_apb".into(),
            sites: vec![("Wrist".into(), Some(80.0)), ("Elbow".into(), None)],
            rate_hz: None,
            filter_hz: None,
            recording: 0,
            channel: 0,
            before_s: 0.02,
            after_s: 0.1,
        }
    }

    #[test]
    fn sweeps_are_whole_and_keep_their_site() {
        let mut runs = Runs::default();
        runs.shot(0, 0.1, Stimulus::default());
        assert!(!runs.settle(&[recording(&[(0.0, 9.0)])]), "a stimulus before any run belongs to nothing");
        runs.step(&Step::Begin { run: run() });
        runs.shot(0, 0.5, Stimulus::default());
        // The examiner goes on before the sweep is complete: it stays with its own site.
        runs.step(&Step::Site { site: 1 });
        assert!(!runs.settle(&[recording(&[(0.0, 0.59)])]));
        assert!(runs.settle(&[recording(&[(0.0, 0.6)])]));
        runs.shot(0, 1.0, Stimulus { current_ma: Some(12.0), pulse_ms: Some(0.2), ..Stimulus::default() });
        runs.shot(0, 2.0, Stimulus::default());
        // Samples are missing from 1.95 to 1.99 s: within the second sweep, not within the first.
        assert!(runs.settle(&[recording(&[(0.0, 1.95), (1.99, 1.0)])]));
        let test = &runs.examination.tests[0];
        assert_eq!((test.sites[0].sweeps.as_slice(), test.sites[1].sweeps.as_slice(), runs.gaps()), ([0].as_slice(), [1].as_slice(), 1));
        let sweep = &runs.examination.sweeps[1];
        assert_eq!((sweep.start, sweep.n, sweep.stimulus.current_ma), (980, 120, Some(12.0)));
        assert!((sweep.stimulus_s.unwrap() - 0.02).abs() < 1e-9);
        // A site that the run does not have is none; behind its end nothing is cut.
        runs.step(&Step::Site { site: 2 });
        assert_eq!(runs.under().unwrap().site, 1);
        runs.step(&Step::End);
        runs.shot(0, 3.0, Stimulus::default());
        assert!(!runs.settle(&[recording(&[(0.0, 9.0)])]));
    }
}
