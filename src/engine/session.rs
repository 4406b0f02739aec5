//! One open study: what was acquired, what a person did to it, and the undo log.
//!
//! Undo keeps snapshots of [`Edits`]: they are small, and a snapshot can not be applied wrongly.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::activity::Activity;
use super::examination::Tested;
use super::protocol::{Edit, Event, Output, Store, StudyKey, StudyView, UNREADABLE};
use super::pyramids::Pyramids;
use super::signal::Signals;
use super::studies::Guessed;
use super::tiles::Ends;
use super::{edit, live, with_bytes};
use crate::formats::text::Preview;
use crate::model::{Edits, MuscleStretch, Samples, Study, Warning};
use crate::norms::Profile;
use crate::report::letterhead::Letterhead;

/// Undo steps kept.
const UNDO_DEPTH: usize = 500;

pub(super) struct Session {
    pub key: StudyKey,
    pub title: String,
    /// Names of the files that it was opened from.
    pub files: Vec<String>,
    /// How a text file was understood.
    pub text: Option<Preview>,
    /// As the files have it.
    pub acquired: Study,
    pub samples: Vec<Rc<dyn Samples>>,
    pub warnings: Vec<Warning>,
    /// Names the content, so that edits and pyramids find it again.
    pub fingerprint: String,
    pub edits: Edits,
    /// How many edits were asked for, the refused ones too.
    pub asked: u64,
    pub restored: bool,
    /// A person's work that came with the file; what is kept in the browser is later.
    pub carried: Option<Edits>,
    pub undo: Vec<(String, Edits)>,
    pub redo: Vec<(String, Edits)>,
    gesture: Option<u32>,
    /// Tests that were analysed; they answer to moved markers without reading again.
    pub tested: BTreeMap<usize, Tested>,
    /// What each test may be.
    pub guessed: Vec<Guessed>,
    /// The last analysis of a continuous signal; it answers to changed trains without beginning again.
    pub activity: Option<Activity>,
    /// What the analysis that was done last adds to the table of muscles.
    pub analysed: Option<MuscleStretch>,
    /// It is being recorded: recordings grow.
    pub growing: bool,
    /// The page wants to know what the study says in one answer.
    pub answers: bool,
    /// An earlier study of the same person, measured and concluded from.
    pub earlier: Option<Box<StudyView>>,
    /// The laboratory's own limits.
    pub own: Option<Arc<Profile>>,
    /// The clinic's letterhead.
    pub letterhead: Option<Arc<Letterhead>>,
    pub signals: Signals,
    pub pyramids: Pyramids,
    pub ends: Ends,
    /// Gain and middle of each signal looked at.
    pub suited: HashMap<u32, (f64, f64)>,
    /// Kept edits that could not be read, until they are put aside.
    unreadable: Option<Vec<u8>>,
    /// The page has been told of the study.
    announced: bool,
}

impl Session {
    pub fn new(
        key: StudyKey,
        title: String,
        study: Study,
        samples: Vec<Rc<dyn Samples>>,
        warnings: Vec<Warning>,
        fingerprint: String,
    ) -> Self {
        Self {
            key,
            title,
            files: Vec::new(),
            text: None,
            acquired: study,
            samples,
            warnings,
            fingerprint,
            edits: Edits::default(),
            asked: 0,
            restored: false,
            carried: None,
            undo: Vec::new(),
            redo: Vec::new(),
            gesture: None,
            tested: BTreeMap::new(),
            guessed: Vec::new(),
            activity: None,
            analysed: None,
            growing: false,
            answers: false,
            earlier: None,
            own: None,
            letterhead: None,
            signals: Signals::default(),
            pyramids: Pyramids::default(),
            ends: Ends::default(),
            suited: HashMap::new(),
            unreadable: None,
            announced: false,
        }
    }

    /// What the surroundings had kept. The study is announced once its edits are known, so that a
    /// person never sees it without them.
    pub fn fetched(&mut self, store: Store, bytes: Option<&[u8]>, out: &mut dyn FnMut(Output)) {
        match store {
            Store::Edits => {
                self.edits = self.carried.take().unwrap_or_default();
                match bytes.map(serde_json::from_slice::<Edits>) {
                    Some(Ok(edits)) => {
                        self.restored = edits != Edits::default() && edits != self.edits;
                        self.edits = edits;
                    }
                    Some(Err(error)) => {
                        let what = format!("Edits kept in this browser could not be read ({error}); they were left out and stay kept");
                        self.warnings.push(Warning::new(what));
                        self.unreadable = bytes.map(<[u8]>::to_vec);
                    }
                    None => {}
                }
                if !std::mem::replace(&mut self.announced, true) {
                    let view = self.view();
                    out(Event::Opened { view }.into());
                    out(Event::Fetch { study: self.key, store: Store::Pyramid, key: self.fingerprint.clone() }.into());
                }
            }
            Store::Pyramid => self.pyramids_fetched(bytes, out),
        }
    }

    pub fn edit(&mut self, change: Edit, gesture: Option<u32>, out: &mut dyn FnMut(Output)) {
        self.asked += 1;
        let label = change.label();
        let before = self.edits.clone();
        let not_now = if self.growing { live::not_while_recording(&change) } else { None };
        if let Err(what) = not_now.map_or_else(|| edit::apply(self, change), |what| Err(what.into())) {
            self.edits = before;
            super::failed(out, what);
            // Whoever showed the edit before it was made sees what really stands.
            let view = self.view();
            out(Event::Changed { view }.into());
            return;
        }
        if self.edits == before {
            return;
        }
        let signs = self.edits.signed.len() != before.signed.len();
        let continues = gesture.is_some() && gesture == self.gesture && !self.undo.is_empty();
        if signs {
            // A signature is no step: undo goes on to what was done before it.
            self.changed(out);
            return;
        }
        if !continues {
            self.undo.push((label, before));
            if self.undo.len() > UNDO_DEPTH {
                self.undo.remove(0);
            }
        }
        self.gesture = gesture;
        self.redo.clear();
        self.changed(out);
    }

    pub fn undo(&mut self, out: &mut dyn FnMut(Output)) {
        if let Some((label, edits)) = self.undo.pop() {
            let signed = std::mem::take(&mut self.edits.signed);
            let now = std::mem::replace(&mut self.edits, Edits { signed, ..edits });
            self.redo.push((label, now));
            self.gesture = None;
            self.changed(out);
        }
    }

    pub fn redo(&mut self, out: &mut dyn FnMut(Output)) {
        if let Some((label, edits)) = self.redo.pop() {
            let signed = std::mem::take(&mut self.edits.signed);
            let now = std::mem::replace(&mut self.edits, Edits { signed, ..edits });
            self.undo.push((label, now));
            self.gesture = None;
            self.changed(out);
        }
    }

    /// Keeps the edits, measures again what they touch, and tells the page.
    fn changed(&mut self, out: &mut dyn FnMut(Output)) {
        let mut touched: Vec<usize> = self.tested.keys().copied().collect();
        let examination = self.examination();
        // What is typed is shown at once.
        let typed = examination.tests.len().saturating_sub(self.edits.typed.len())..examination.tests.len();
        touched.extend(typed.filter(|index| !self.tested.contains_key(index)));
        for test in touched {
            self.remeasure(&examination, test);
        }
        // What could not be read is put aside before the first edit takes its place.
        if let Some(bytes) = self.unreadable.take() {
            let key = format!("{}{UNREADABLE}", self.fingerprint);
            out(with_bytes(Event::Keep { study: self.key, store: Store::Edits, key }, bytes));
        }
        if let Ok(json) = serde_json::to_vec(&self.edits) {
            out(with_bytes(Event::Keep { study: self.key, store: Store::Edits, key: self.fingerprint.clone() }, json));
        }
        let view = self.view();
        out(Event::Changed { view }.into());
        self.follow_trains(out);
    }
}
