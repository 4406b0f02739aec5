//! State of the open studies: requests in, events out; natively testable.
//!
//! [`protocol`] is the only door for a user interface. The engine reads no clock and no network:
//! what must be kept between sessions it asks its surroundings to [keep](protocol::Event::Keep) and
//! to [fetch](protocol::Event::Fetch). Long work is cut into [steps](Engine::step), so that the
//! surroundings can answer other requests and cancel between them.

mod activity;
pub mod analysed;
mod answer;
mod band;
mod body;
mod combine;
pub mod compare;
mod context;
mod edit;
mod examination;
mod export;
pub mod info;
mod lanes;
mod leaving;
mod letterhead;
mod limits;
pub mod live;
pub mod measure;
pub mod muscles;
mod nerve_map;
mod open;
mod pack;
pub mod past;
pub mod protocol;
mod pyramids;
pub mod report;
mod root_table;
mod session;
mod settling;
mod signal;
pub mod stream;
mod studies;
mod tiles;
mod together;
mod trains;
mod triggered;
mod typed;
mod view;

pub use body::body;
pub use leaving::without_names;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::formats::Files;
use crate::norms::Profile;
use crate::report::letterhead::Letterhead;
use protocol::{Buffer, Event, Output, Request, Store, StudyKey};
use session::Session;

/// The engine. One lives in the browser's worker, one in each run of the command line or a test.
#[derive(Default)]
pub struct Engine {
    sessions: BTreeMap<StudyKey, Session>,
    next: StudyKey,
    /// The laboratory's own limits.
    own: Option<Arc<Profile>>,
    /// Past studies that limits are computed from.
    gathering: Option<past::Gathering>,
    /// The clinic's letterhead.
    letterhead: Option<Arc<Letterhead>>,
    /// The recording that runs.
    live: Option<live::Live>,
}

impl Engine {
    /// Answers one request. `files` and `bytes` are what came beside it.
    pub fn handle(&mut self, request: Request, files: &Files, bytes: Option<&[u8]>, out: &mut dyn FnMut(Output)) {
        match request {
            Request::Open { options } => self.open(files, &options, out),
            Request::OpenDemo { demo } => self.open_demo(&demo, out),
            Request::Close { study } => {
                self.sessions.remove(&study);
            }
            Request::GatherPast { division } => self.gather(files, division, out),
            Request::DividePast { division } => self.divide_past(division, out),
            Request::ForgetPast => self.gathering = None,
            Request::PastTable { name, accepted, keep } => self.past_table(&name, &accepted, keep, out),
            Request::Fetched { study, store: Store::Edits } if self.gathered(study, bytes, out) => {}
            Request::Fetched { study, store, .. } => self.with(study, out, |session, out| session.fetched(store, bytes, out)),
            Request::Edit { study, edit, gesture } => self.with(study, out, |session, out| session.edit(edit, gesture, out)),
            Request::Undo { study } => self.with(study, out, Session::undo),
            Request::Redo { study } => self.with(study, out, Session::redo),
            Request::Tiles { study, keys } => self.with(study, out, |session, out| session.tiles(&keys, out)),
            Request::Sweeps { study, test } => self.with(study, out, |session, out| session.sweeps(test, out)),
            Request::Analyse { study, key } => self.with(study, out, |session, out| session.analyse(key, out)),
            Request::Muscles { study, typed, at } => self.with(study, out, |session, out| session.muscles(typed, at, out)),
            Request::ExportNeedle { study } => self.with(study, out, |session, out| session.export_needle(out)),
            Request::Triggered { study, key } => self.with(study, out, |session, out| session.triggered(key, out)),
            Request::Spectrogram { study, key } => self.with(study, out, |session, out| session.spectrogram(key, out)),
            Request::Snap { study, signal, time_s, within_s } => {
                self.with(study, out, |session, out| session.snap(signal, time_s, within_s, out));
            }
            Request::Export { study, recording, extension, leaving } => {
                self.with(study, out, |session, out| session.left(&leaving).export(recording, &extension, out));
            }
            Request::Begin { subject, at } => pack::begin(subject, &at, out),
            Request::Leaving { study, leaving } => self.with(study, out, |session, out| session.leaving(leaving, out)),
            Request::Pack { study, leaving } => self.with(study, out, |session, out| session.pack(&leaving, out)),
            Request::ExportView { study, recording, from_s, to_s } => {
                self.with(study, out, |session, out| session.export_view(recording, from_s, to_s, out));
            }
            Request::Together { study } => self.with(study, out, |session, out| {
                session.measure_all();
                session.answers = true;
                out(Event::Changed { view: session.view() }.into());
            }),
            Request::Against { study, earlier } => self.against(study, earlier, out),
            Request::Report { study, wanted, form } => self.with(study, out, |session, out| session.report(wanted, form, out)),
            Request::Material { study, wanted } => self.with(study, out, |session, out| session.material(wanted, out)),
            Request::Preview { study, wanted } => self.with(study, out, |session, out| session.preview(wanted, out)),
            Request::Json { study } => self.with(study, out, |session, out| session.json(out)),
            Request::UseLimits { name, text } => self.use_limits(&name, text.as_deref(), out),
            Request::ExportLimits => Self::export_limits(out),
            Request::UseLetterhead { name, text } => self.use_letterhead(&name, text.as_deref(), out),
            Request::ExportLetterhead => Self::export_letterhead(out),
            Request::Devices => out(Event::Devices { list: live::devices() }.into()),
            Request::Nerves => out(Event::Nerves { list: typed::choices() }.into()),
            Request::Runs => out(Event::Runs { list: live::run_choices() }.into()),
            // What is kept between sessions is the surroundings' business.
            Request::Recent | Request::Reopen { .. } | Request::Forget { .. } | Request::Record => {}
            Request::CutOff => self.live_cut(out),
            Request::Cancel { study } => self.with(study, out, Session::cancel),
        }
    }

    /// Does one bounded piece of the work that is waiting; `false` when there is none.
    pub fn step(&mut self, out: &mut dyn FnMut(Output)) -> bool {
        self.sessions.values_mut().any(|session| session.step(out)) || self.gather_step(out)
    }

    fn with(&mut self, study: StudyKey, out: &mut dyn FnMut(Output), act: impl FnOnce(&mut Session, &mut dyn FnMut(Output))) {
        match self.sessions.get_mut(&study) {
            Some(session) => act(session, out),
            None => failed(out, "This study is no longer open. Open its file again."),
        }
    }
}

fn failed(out: &mut dyn FnMut(Output), what: impl Into<String>) {
    out(Event::Failed { what: what.into() }.into());
}

fn with_bytes(event: Event, bytes: Vec<u8>) -> Output {
    Output { event, buffers: vec![Buffer::Bytes(bytes)] }
}
