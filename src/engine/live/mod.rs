//! Live recordings: a [`Desk`] acquires, an engine makes the study that grows.
//!
//! What goes from one to the other are the entries of the raw log as they are written, in their order
//! ([`Engine::live_entries`]), wherever they break into pieces and however late they come. So a recording
//! that runs and one that is opened from its log are the same. One recording runs at a time in an engine.

mod again;
mod choices;
mod desk;
mod ear;
mod guide;
mod impedance;
mod intake;
pub mod log;
mod port;
pub mod replay;
pub mod runs;
#[cfg(feature = "stimulator")]
mod stimulate;
mod store;
mod take;

use std::rc::Rc;

pub use choices::choices as run_choices;
pub use desk::Desk;
pub use ear::Heard;
pub(super) use guide::not_while_recording;
pub use guide::patient_site;
pub use intake::Intake;
pub use port::{Port, Stage, Wire};
pub use store::{LiveSamples, Physical, Spill};
pub use take::Take;

pub use crate::simulate::patient::Patient;

use super::Engine;
use super::protocol::{DeviceKind, Event, Grown, Output, StudyKey};
use super::pyramids::Shelf;
use super::session::Session;
use crate::device::{PROTOCOLS, Protocol};
use crate::formats::SliceSource;
use crate::model::{Samples, Study};
use log::{MAGIC, Reader, What};
use runs::Step;

/// The study's whole view is told no more often than this while it grows, ms.
const CHANGED_MS: f64 = 250.0;
/// How guided nerve conduction stands is told this often, ms.
const TOLD_MS: f64 = 250.0;

/// A recording that runs, as it becomes a study.
pub(super) struct Live {
    intake: Intake,
    /// Where overviews go, until there is a study that has some.
    shelf: Option<Box<dyn Spill>>,
    key: String,
    title: String,
    study: Option<StudyKey>,
    /// Changes of the take that the page knows.
    told: u64,
    changed_ms: f64,
    told_ms: f64,
    /// When the exercise of a run of repetitive stimulation ends, ms of the log.
    exercised_ms: Option<f64>,
}

impl Engine {
    /// A recording begins: its entries follow. Samples go to `spills` as memory gets short, those of a stream to
    /// one; where there are several, overviews go to the last.
    pub fn live_begin(&mut self, mut spills: Vec<Box<dyn Spill>>) {
        let mut intake = Intake::default();
        let shelf = if spills.len() > 1 { spills.pop() } else { None };
        intake.take.spills = spills;
        self.live = Some(Live {
            intake,
            shelf,
            key: String::new(),
            title: String::new(),
            study: None,
            told: 0,
            changed_ms: f64::NEG_INFINITY,
            told_ms: f64::NEG_INFINITY,
            exercised_ms: None,
        });
    }

    /// Takes in what was appended to the raw log up to `now_ms`: whole entries, the magic before the first.
    pub fn live_entries(&mut self, log: Vec<u8>, now_ms: f64, out: &mut dyn FnMut(Output)) {
        let Some(mut live) = self.live.take() else { return };
        let behind = if log.starts_with(MAGIC) { MAGIC.len() } else { 0 };
        let source = SliceSource::from(log);
        let mut reader = Reader::at(&source, behind as u64);
        // A slice does not fail, and its end is that of an entry.
        while let Ok(Some(entry)) = reader.entry() {
            live.intake.apply(&entry);
            match entry.what {
                What::Begun(begun) => (live.key, live.title) = (begun.key, begun.title),
                What::Guided(step) => {
                    (live.changed_ms, live.told_ms) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
                    match *step {
                        Step::Exercise { seconds } => live.exercised_ms = Some(entry.at_ms + 1000.0 * seconds),
                        Step::Begin { .. } => live.exercised_ms = None,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let ended = live.intake.ended;
        self.grow(&mut live, if ended { f64::INFINITY } else { now_ms }, out);
        if ended {
            return self.finish(&live, out);
        }
        if let Some(study) = live.study.filter(|_| now_ms - live.told_ms >= TOLD_MS) {
            live.told_ms = now_ms;
            out(Event::LiveStudy { study, guide: self.guide_view(&live, now_ms) }.into());
        }
        self.live = Some(live);
    }

    /// No more entries come though the recording was not ended: the study stays as far as it came.
    pub fn live_cut(&mut self, out: &mut dyn FnMut(Output)) {
        if let Some(live) = self.live.take() {
            self.finish(&live, out);
        }
    }

    fn finish(&mut self, live: &Live, out: &mut dyn FnMut(Output)) {
        if let Some(session) = live.study.and_then(|study| self.sessions.get_mut(&study)) {
            session.finish_growing();
            let view = session.view();
            out(Event::Changed { view }.into());
        }
        out(Event::LiveEnded { study: live.study }.into());
    }

    /// Brings the study up to what was recorded, and tells the page.
    fn grow(&mut self, live: &mut Live, now_ms: f64, out: &mut dyn FnMut(Output)) {
        let take = &live.intake.take;
        if take.recordings.is_empty() {
            return;
        }
        let Some(study) = live.study else {
            let study = Study { recordings: take.recordings.clone(), ..Study::default() };
            let samples = take.samples.iter().map(|samples| samples.clone() as Rc<dyn Samples>).collect();
            let mut session = Session::new(0, live.title.clone(), study, samples, Vec::new(), live.key.clone());
            session.pyramids.shelf = Shelf::new(live.shelf.take());
            session.grow(take);
            session.examine(&take.runs.examination);
            live.told = take.changes;
            live.changed_ms = now_ms;
            live.study = Some(self.begin(session, out));
            return;
        };
        let Some(session) = self.sessions.get_mut(&study) else { return };
        session.grow(take);
        if take.changes != live.told && now_ms - live.changed_ms >= CHANGED_MS {
            live.told = take.changes;
            live.changed_ms = now_ms;
            session.examine(&take.runs.examination);
            let view = session.view();
            out(Event::Changed { view }.into());
        } else {
            let recordings = take.recordings.iter().map(|recording| Grown {
                duration_s: recording.timeline.duration_s(),
                n: recording.channels.iter().map(|channel| channel.n).collect(),
                span: recording.timeline.spans.last().copied(),
            });
            out(Event::Grown { study, recordings: recordings.collect() }.into());
        }
    }
}

/// Kinds of devices, as the page lists them.
pub(super) fn devices() -> Vec<DeviceKind> {
    let kind =
        |protocol: &&dyn Protocol| DeviceKind { id: protocol.id().into(), name: protocol.name().into(), usb: protocol.usb().to_vec() };
    PROTOCOLS.iter().map(kind).collect()
}
