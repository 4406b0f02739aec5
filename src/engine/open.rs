//! From files, or from the simulator, to sessions.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::Engine;
use super::combine::combine;
use super::live;
use super::protocol::{Event, Output, Store, StudyKey};
use super::session::Session;
use crate::analysis::polarity;
use crate::formats::{ByteSource, Files, NamedSource, OpenOptions, Opened, ReadError, open, text};
use crate::model::Samples;
use crate::simulate;

/// Bytes of the head, the middle and the tail of a file that its fingerprint covers.
const PRINT_BYTES: usize = 65_536;

impl Engine {
    pub(super) fn open(&mut self, files: &Files, options: &OpenOptions, out: &mut dyn FnMut(Output)) {
        // Someone waits for the first picture: what takes a pass through a large file comes later.
        let (limits, files) = self.limits_among(files, out);
        let (letterheads, files) = self.letterheads_among(&files, out);
        let (logs, files) = live::replay::divide(&files);
        for log in &logs {
            let total = log.source.len();
            match replay(log, &mut |done| out(Event::Opening { done, total }.into())) {
                Ok(session) => {
                    self.begin(session, out);
                }
                Err(what) => super::failed(out, format!("{} could not be read: {what}", log.name)),
            }
        }
        let files = &files;
        let results = open(files, &OpenOptions { quick: true, ..options.clone() });
        if results.is_empty() && logs.is_empty() && !limits && !letterheads {
            super::failed(out, "There was no file in what was given.");
        }
        for (file, result, joined) in combine(results) {
            match result {
                Ok(opened) => {
                    let print = fingerprint(files, &opened, options);
                    let is_text =
                        opened.study.recordings.first().is_some_and(|recording| matches!(recording.format.as_str(), "CSV" | "TSV"));
                    let main = opened.used.first().and_then(|name| files.named(name)).filter(|_| is_text);
                    let understood = main.and_then(|file| text::preview(file.source.as_ref(), options).ok());
                    self.adopt_understood(opened, file, print, (joined, understood), out);
                }
                Err(error) => {
                    let source = files.named(&file).map(|file| file.source.clone());
                    let preview = source
                        .filter(|_| matches!(error, ReadError::NeedsInput { .. }))
                        .and_then(|source| text::preview(source.as_ref(), options).ok());
                    let words = error.to_string();
                    out(Event::Refused { file, error, words, preview }.into());
                }
            }
        }
    }

    /// Takes in what the surroundings opened themselves (the command line, which finds the files
    /// that belong together by their folder). `print` names the content, `file` what was asked for.
    pub fn adopt(&mut self, opened: Opened, file: String, print: String, out: &mut dyn FnMut(Output)) {
        self.adopt_understood(opened, file, print, (0, None), out);
    }

    /// As [`Engine::adopt`], with the number of files that were joined and how a text file was
    /// understood.
    fn adopt_understood(
        &mut self,
        opened: Opened,
        file: String,
        print: String,
        (joined, understood): (usize, Option<text::Preview>),
        out: &mut dyn FnMut(Output),
    ) {
        let Opened { mut study, samples, warnings, used, edits } = opened;
        polarity::settle(&study.recordings, &mut study.examination, &samples);
        let title = used.first().cloned().unwrap_or(file);
        let title = if joined == 0 { title } else { format!("{title} and {joined} more") };
        let mut session = Session::new(0, title, study, samples, warnings, print);
        session.files = used;
        session.text = understood;
        session.carried = edits;
        self.begin(session, out);
    }

    pub(super) fn open_demo(&mut self, id: &str, out: &mut dyn FnMut(Output)) {
        let Some((study, samples)) = simulate::demo(id) else {
            super::failed(out, format!("There is no simulated study called {id}."));
            return;
        };
        let name = simulate::DEMOS.iter().find(|(of, _)| *of == id).map_or(id, |(_, name)| *name);
        let samples = samples.into_iter().map(|samples| Rc::new(samples) as Rc<dyn Samples>).collect();
        let print = format!("demo-{id}-1");
        let title = format!("Demo: {} (simulated)", in_sentence(name));
        self.begin(Session::new(0, title, study, samples, Vec::new(), print), out);
    }

    /// Takes in a session; its key, or that of the same study which is open already.
    pub(super) fn begin(&mut self, mut session: Session, out: &mut dyn FnMut(Output)) -> StudyKey {
        // The same content once more is the same study: two of them would store over each other.
        if let Some(open) = self.sessions.values_mut().find(|open| open.fingerprint == session.fingerprint) {
            let view = open.view();
            out(Event::Opened { view }.into());
            return open.key;
        }
        let key: StudyKey = self.next;
        self.next += 1;
        session.key = key;
        session.own.clone_from(&self.own);
        session.letterhead.clone_from(&self.letterhead);
        let print = session.fingerprint.clone();
        self.sessions.insert(key, session);
        out(Event::Fetch { study: key, store: Store::Edits, key: print }.into());
        key
    }
}

/// The study of a raw log, under the name that it had while it was recorded: edits made then come back.
fn replay(log: &NamedSource, told: &mut dyn FnMut(u64)) -> Result<Session, String> {
    let (begun, opened) = live::replay::replay(log, told).map_err(|error| error.to_string())?;
    let Opened { mut study, samples, warnings, used, .. } = opened;
    polarity::settle(&study.recordings, &mut study.examination, &samples);
    let mut session = Session::new(0, begun.title, study, samples, warnings, begun.key);
    session.files = used;
    Ok(session)
}

/// A name within a sentence: abbreviations keep their capitals.
fn in_sentence(name: &str) -> String {
    let mut chars = name.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(std::iter::once(second)).chain(chars).collect(),
        _ => name.to_owned(),
    }
}

/// Names what was opened by content, so that a renamed or moved file finds its edits again. What a
/// person said about the file counts too: another sampling rate makes another recording.
pub(super) fn fingerprint(files: &Files, opened: &Opened, options: &OpenOptions) -> String {
    let mut hash = Sha256::new();
    for file in opened.used.iter().filter_map(|name| files.named(name)) {
        let source: &dyn ByteSource = file.source.as_ref();
        let len = source.len();
        hash.update(len.to_le_bytes());
        for offset in [0, len / 2, len.saturating_sub(PRINT_BYTES as u64)] {
            hash.update(source.read_vec(offset, PRINT_BYTES).unwrap_or_default());
        }
    }
    if *options != OpenOptions::default() {
        hash.update(serde_json::to_vec(options).unwrap_or_default());
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
