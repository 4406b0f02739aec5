//! An engine with one open study, driven through its protocol as the page drives it.

use super::Failure;
use super::args::Options;
use crate::engine::Engine;
use crate::engine::protocol::{Edit, Event, Leaving, Output, Request, Store, StudyKey, StudyView};
use crate::formats::{Files, Opened, Sink};
use crate::model::{DerivedTest, Edits, Warning};

/// An engine with one open study.
pub struct Desk {
    engine: Engine,
    /// The study as it stands.
    pub view: StudyView,
}

impl Desk {
    /// Takes in what was opened from `file`, nothing kept from earlier.
    pub fn open(mut opened: Opened, file: &str, options: &Options) -> Result<Self, Failure> {
        for sweep in &mut opened.study.examination.sweeps {
            sweep.stimulus_s = sweep.stimulus_s.or(options.stim_ms.map(|ms| ms / 1e3));
        }
        let none = opened.study.examination.sweeps.is_empty();
        let carried = opened.edits.clone();
        let mut engine = Engine::default();
        let mut outputs = Vec::new();
        engine.adopt(opened, file.to_owned(), String::new(), &mut |output| outputs.push(output));
        let Some(study) = std::mem::take(&mut outputs)
            .into_iter()
            .find_map(|o| if let Event::Fetch { study, .. } = o.event { Some(study) } else { None })
        else {
            return Err(Failure::Write(format!("{file} was not taken in")));
        };
        // Nothing is kept between two runs but what the files carry and the command names.
        let kept = match &options.needle {
            None => None,
            Some(_) => {
                let edits = Edits { muscles: super::edits_of(options)?.muscles, ..carried.unwrap_or_default() };
                Some(serde_json::to_vec(&edits).map_err(|error| Failure::Write(error.to_string()))?)
            }
        };
        let fetched = Request::Fetched { study, store: Store::Edits };
        engine.handle(fetched, &Files::default(), kept.as_deref(), &mut |output| outputs.push(output));
        check(&outputs)?;
        ask(&mut engine, Request::Fetched { study, store: Store::Pyramid })?;
        let mut desk = Self { engine, view: newest(outputs, None)? };
        if let Some(ms) = options.stim_ms.filter(|_| none) {
            let test = DerivedTest::Channels { recording: 0, stimulus_s: Some(ms / 1e3) };
            desk.ask(Request::Edit { study, edit: Edit::DeriveTest { test }, gesture: None })?;
        }
        Ok(desk)
    }

    /// The study as one file into `sink`.
    pub fn pack_into(&mut self, name: &str, wanted: &Leaving, sink: &mut dyn Sink) -> Result<Vec<Warning>, Failure> {
        self.engine.pack_into(self.view.study, name, wanted, sink).map_err(Failure::Write)
    }

    /// Sends a request and takes in a changed view.
    pub fn ask(&mut self, request: Request) -> Result<Vec<Output>, Failure> {
        let mut outputs = ask(&mut self.engine, request)?;
        let changed = outputs.extract_if(.., |o| matches!(o.event, Event::Changed { .. })).collect();
        self.view = newest(changed, Some(self.view.clone()))?;
        Ok(outputs)
    }

    /// One piece of the work that is waiting, as [`Engine::step`]; nothing when there is none.
    pub fn step(&mut self) -> Result<Option<Vec<Output>>, Failure> {
        let mut outputs = Vec::new();
        let worked = self.engine.step(&mut |output| outputs.push(output));
        check(&outputs)?;
        Ok(worked.then_some(outputs))
    }

    /// Key of the study.
    pub fn study(&self) -> StudyKey {
        self.view.study
    }
}

fn ask(engine: &mut Engine, request: Request) -> Result<Vec<Output>, Failure> {
    let mut outputs = Vec::new();
    engine.handle(request, &Files::default(), None, &mut |output| outputs.push(output));
    check(&outputs)?;
    Ok(outputs)
}

/// A failure that the engine reports ends the command.
fn check(outputs: &[Output]) -> Result<(), Failure> {
    let failed = outputs.iter().find_map(|o| if let Event::Failed { what } = &o.event { Some(what.clone()) } else { None });
    failed.map_or(Ok(()), |what| Err(Failure::Write(what)))
}

/// The last view among outputs, else `before`.
fn newest(outputs: Vec<Output>, before: Option<StudyView>) -> Result<StudyView, Failure> {
    let mut views =
        outputs.into_iter().filter_map(|o| if let Event::Opened { view } | Event::Changed { view } = o.event { Some(view) } else { None });
    views.next_back().or(before).ok_or_else(|| Failure::Write("the recording could not be shown".into()))
}
