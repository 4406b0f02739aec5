//! An engine with surroundings that keep things: what the browser's worker is, without a browser.

use std::collections::HashMap;
use std::rc::Rc;

use myoscope::engine::Engine;
use myoscope::engine::protocol::{Buffer, Edit, Event, Output, Request, Store, StudyKey, StudyView, TileKey};
use myoscope::formats::{Export, Files, MemorySink, OpenOptions, Opened, writers};
use myoscope::model::{Annotation, Samples, Study};
use myoscope::simulate;

/// What is kept between sessions.
pub type Kept = HashMap<(Store, String), Vec<u8>>;

/// An engine with one open study.
pub struct Desk {
    pub engine: Engine,
    pub kept: Kept,
    /// Everything that was kept, in order.
    pub keeps: Vec<(Store, String, Vec<u8>)>,
    pub view: Option<StudyView>,
}

impl Desk {
    /// A desk whose surroundings keep this already.
    pub fn new(kept: Kept) -> Self {
        Self { engine: Engine::default(), kept, keeps: Vec::new(), view: None }
    }

    /// Opens files by the engine.
    pub fn open(files: Vec<(&str, Vec<u8>)>, kept: Kept) -> Self {
        let mut desk = Self::new(kept);
        let files = Files { all: files.into_iter().map(|(name, bytes)| super::memory(name, bytes)).collect() };
        desk.send_files(Request::Open { options: OpenOptions::default() }, &files);
        desk
    }

    /// Takes in a study that lies in memory.
    pub fn adopt(study: Study, samples: Rc<dyn Samples>, kept: Kept) -> Self {
        let mut desk = Self::new(kept);
        let opened = Opened { study, samples: vec![samples], warnings: Vec::new(), used: Vec::new(), ..Opened::default() };
        let mut outputs = Vec::new();
        desk.engine.adopt(opened, "memory".into(), "print".into(), &mut |output| outputs.push(output));
        desk.answer(outputs);
        desk
    }

    pub fn study(&self) -> StudyKey {
        self.view().study
    }

    pub fn view(&self) -> &StudyView {
        self.view.as_ref().expect("a study is open")
    }

    /// Sends a request; what it asks for is fetched, what it keeps is kept, the rest comes back.
    pub fn send(&mut self, request: Request) -> Vec<Output> {
        self.send_files(request, &Files::default())
    }

    pub fn send_files(&mut self, request: Request, files: &Files) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.engine.handle(request, files, None, &mut |output| outputs.push(output));
        self.answer(outputs)
    }

    fn answer(&mut self, outputs: Vec<Output>) -> Vec<Output> {
        let mut rest = Vec::new();
        for output in outputs {
            match &output.event {
                Event::Fetch { study, store, key } => {
                    let bytes = self.kept.get(&(*store, key.clone())).cloned();
                    let mut more = Vec::new();
                    let request = Request::Fetched { study: *study, store: *store };
                    self.engine.handle(request, &Files::default(), bytes.as_deref(), &mut |output| more.push(output));
                    rest.extend(self.answer(more));
                }
                Event::Keep { store, key, .. } => {
                    let [Buffer::Bytes(bytes)] = &output.buffers[..] else { panic!("one buffer") };
                    self.kept.insert((*store, key.clone()), bytes.clone());
                    self.keeps.push((*store, key.clone(), bytes.clone()));
                }
                Event::Opened { view } | Event::Changed { view } => {
                    self.view = Some(view.clone());
                    rest.push(output);
                }
                _ => rest.push(output),
            }
        }
        rest
    }

    /// Does long work to its end.
    pub fn work(&mut self) -> Vec<Output> {
        let mut outputs = Vec::new();
        while self.engine.step(&mut |output| outputs.push(output)) {}
        self.answer(outputs)
    }

    pub fn edit(&mut self, edit: Edit) -> Vec<Output> {
        self.edit_in(edit, None)
    }

    pub fn edit_in(&mut self, edit: Edit, gesture: Option<u32>) -> Vec<Output> {
        let study = self.study();
        self.send(Request::Edit { study, edit, gesture })
    }

    /// An edit that must be refused: why it was.
    pub fn refused(&mut self, edit: &Edit) -> String {
        // It counts among the edits that were asked for.
        let mut before = self.view().clone();
        before.edits += 1;
        let outputs = self.edit(edit.clone());
        // Why, and what still stands; nothing is kept.
        let [Output { event: Event::Failed { what }, .. }, Output { event: Event::Changed { view }, .. }] = &outputs[..] else {
            panic!("{edit:?} was taken: {outputs:?}")
        };
        assert_eq!((view, self.view()), (&before, &before));
        what.clone()
    }

    pub fn undo(&mut self) {
        let study = self.study();
        self.send(Request::Undo { study });
    }

    pub fn redo(&mut self) {
        let study = self.study();
        self.send(Request::Redo { study });
    }

    /// The values of a test's sweeps; measures them.
    pub fn sweeps(&mut self, test: usize) -> Vec<Vec<f32>> {
        let study = self.study();
        let outputs = self.send(Request::Sweeps { study, test });
        let found = outputs.into_iter().find(|o| matches!(o.event, Event::Sweeps { .. })).expect("sweeps");
        found.buffers.into_iter().map(values).collect()
    }

    /// One tile: its values and whether it is complete.
    pub fn tile(&mut self, signal: u32, level: u8, index: u32) -> (Vec<f32>, bool) {
        let study = self.study();
        let key = TileKey { signal, level, index };
        let mut outputs = self.send(Request::Tiles { study, keys: vec![key] });
        let output = outputs.pop().expect("an answer");
        let Event::Tiles { tiles, .. } = &output.event else { panic!("{:?}", output.event) };
        assert_eq!(tiles[0].0, key);
        (values(output.buffers.into_iter().next().unwrap()), tiles[0].1)
    }
}

/// The values of a buffer.
pub fn values(buffer: Buffer) -> Vec<f32> {
    let Buffer::F32(values) = buffer else { panic!("values") };
    values
}

/// The first recording of the simulated study as EDF+ bytes, its stimuli coded as in the
/// specification's section 3.4.
pub fn demo_edf() -> Vec<u8> {
    let (study, samples) = simulate::demo_motor_study();
    let annotations: Vec<Annotation> = (study.recordings[0].annotations.iter().zip(["StimA", "StimB"]))
        .map(|(annotation, text)| Annotation { text: text.into(), ..annotation.clone() })
        .collect();
    let export = Export { study: &study, recording: &study.recordings[0], samples: &samples[0], annotations: &annotations, edits: None };
    let mut sink = MemorySink::default();
    let writer = writers().iter().find(|writer| writer.extension() == "edf").unwrap();
    writer.write("demo", &export, &mut sink).unwrap();
    sink.files.remove(0).1
}
