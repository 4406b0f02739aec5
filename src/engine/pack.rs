//! The whole study as one file: what was acquired, the work on it, conclusion and reports.

use super::Engine;
use super::export::{MAX_EXPORT, stem};
use super::protocol::{Buffer, Event, Leaving, Output, ReportDepth, StudyKey};
use super::session::Session;
use crate::formats::myo::{self, Packing};
use crate::formats::{MemorySink, Sink};
use crate::model::{Edits, Study, Subject, Warning};

/// A study file with what other programs will not find in it.
pub(super) type Packed = (Vec<u8>, Vec<Warning>);

/// The file of a study without a recording. Its moment is in it, so that no two are the same.
pub(super) fn begin(subject: Subject, at: &str, out: &mut dyn FnMut(Output)) {
    let study = Study { subject, ..Study::default() };
    let extras = [("begun.txt".to_owned(), at.as_bytes().to_vec())];
    let mut sink = MemorySink::default();
    let made = myo::pack("study.myo", &Packing { study: &study, samples: &[], edits: &Edits::default(), extras: &extras }, &mut sink);
    match (made, sink.files.pop()) {
        (Ok(_), Some((_, bytes))) => {
            let day: String = at.chars().take(10).filter(|c| c.is_ascii_digit() || *c == '-').collect();
            out(super::with_bytes(Event::Begun { name: format!("study-{day}.{}", myo::EXTENSION) }, bytes));
        }
        (Err(error), _) => super::failed(out, format!("No study was begun: {error}.")),
        (Ok(_), None) => {}
    }
}

impl Engine {
    /// A study as a file into `sink`, however large it is. Returns what other programs will not find in it.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub fn pack_into(&mut self, study: StudyKey, name: &str, wanted: &Leaving, sink: &mut dyn Sink) -> Result<Vec<Warning>, String> {
        let session = self.sessions.get(&study).ok_or("this study is no longer open")?;
        session.complete()?;
        session.left(wanted).pack_into(name, wanted.nameless, sink)
    }
}

impl Session {
    /// The study as it leaves, as a file.
    pub(super) fn pack(&mut self, wanted: &Leaving, out: &mut dyn FnMut(Output)) {
        match self.whole().and_then(|()| self.left(wanted).packed(wanted.nameless)) {
            Ok((bytes, warnings)) => {
                let event = Event::Exported { names: vec![format!("{}.{}", self.file_stem(wanted), myo::EXTENSION)], warnings };
                out(Output { event, buffers: vec![Buffer::Bytes(bytes)] });
            }
            Err(what) => super::failed(out, format!("The study file was not made: {what}")),
        }
    }

    /// Whether everything of the study is there, and fits into memory.
    pub(super) fn whole(&self) -> Result<(), String> {
        self.complete()?;
        let samples: u64 = self.acquired.recordings.iter().flat_map(|recording| &recording.channels).map(|channel| channel.n).sum();
        if samples > MAX_EXPORT {
            return Err(format!(
                "it has {samples} samples; up to {MAX_EXPORT} go into a file here, because that is made in memory. The command line has no such limit: myoscope pack."
            ));
        }
        Ok(())
    }

    fn complete(&self) -> Result<(), String> {
        if self.growing {
            return Err("it is being recorded. Stop the recording first.".into());
        }
        if self.pyramids.annotations_wait() {
            return Err("its annotations are not read yet. Wait until they are; if that was stopped, open the file again.".into());
        }
        Ok(())
    }

    /// A name for its files.
    fn file_stem(&self, wanted: &Leaving) -> String {
        let stem = stem(self.acquired.recordings.first().map_or(&self.title, |recording| &recording.name));
        if wanted.nameless || stem.trim_matches('_').is_empty() { "study".into() } else { stem }
    }

    /// The session's study as a file.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub(super) fn packed(&mut self, nameless: bool) -> Result<Packed, String> {
        let mut sink = MemorySink::default();
        let warnings = self.pack_into("study.myo", nameless, &mut sink)?;
        let bytes = sink.files.pop().map(|(_, bytes)| bytes).unwrap_or_default();
        Ok((bytes, warnings))
    }

    fn pack_into(&mut self, name: &str, nameless: bool, sink: &mut dyn Sink) -> Result<Vec<Warning>, String> {
        let extras = self.extras(nameless)?;
        let packing = Packing { study: &self.acquired, samples: &self.samples, edits: &self.edits, extras: &extras };
        myo::pack(name, &packing, sink).map_err(|error| format!("{error}."))
    }

    /// Conclusion and reports, for those who have no Myoscope.
    pub(super) fn extras(&mut self, nameless: bool) -> Result<Vec<(String, Vec<u8>)>, String> {
        let mut extras = Vec::new();
        for depth in ReportDepth::ALL {
            let html = self.html(depth, nameless);
            extras.push((format!("report/{}.html", depth.id()), html.into_bytes()));
        }
        if let Some(answer) = self.view().answer {
            let json = serde_json::to_vec(&answer).map_err(|error| error.to_string())?;
            extras.insert(0, ("conclusion.json".into(), json));
        }
        Ok(extras)
    }
}
