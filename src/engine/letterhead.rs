//! The clinic's letterhead: taken from a file among others, or as the surroundings kept it.

use std::sync::Arc;

use super::protocol::{Event, Output};
use super::session::Session;
use super::{Buffer, Engine};
use crate::formats::{ByteSource, Files, NamedSource};
use crate::report::letterhead;

/// Text of a file that is a letterhead; files of another ending are not looked into.
fn text_of(name: &str, source: &dyn ByteSource) -> Option<String> {
    let known = name.to_ascii_lowercase().ends_with(".toml");
    if !known || source.len() > letterhead::MOST_BYTES as u64 {
        return None;
    }
    let mut all = vec![0; usize::try_from(source.len()).ok()?];
    source.read_at(0, &mut all).ok()?;
    String::from_utf8(all).ok().filter(|text| letterhead::is_letterhead(text))
}

impl Engine {
    /// Takes letterheads out of files; the others come back.
    pub(super) fn letterheads_among(&mut self, files: &Files, out: &mut dyn FnMut(Output)) -> (bool, Files) {
        let (mut rest, mut taken) = (Vec::new(), false);
        for file in &files.all {
            match text_of(&file.name, file.source.as_ref()) {
                Some(text) => {
                    taken = true;
                    self.use_letterhead(&file.name, Some(&text), out);
                }
                None => rest.push(NamedSource::clone(file)),
            }
        }
        (taken, Files { all: rest })
    }

    /// Puts a letterhead on every report from now on; `None`: none.
    pub(super) fn use_letterhead(&mut self, file: &str, text: Option<&str>, out: &mut dyn FnMut(Output)) {
        let new = match text.map(letterhead::read) {
            None => None,
            Some(Ok(new)) => Some(Arc::new(new)),
            Some(Err(what)) => return super::failed(out, format!("{file}: {what}. No letterhead was changed.")),
        };
        let name = new.as_ref().map(|new| if new.name.trim().is_empty() { file.to_owned() } else { new.name.clone() });
        out(Event::Letterhead { name, file: file.to_owned(), text: text.map(str::to_owned) }.into());
        self.letterhead = new;
        self.sessions.values_mut().for_each(|session| session.letterhead.clone_from(&self.letterhead));
    }

    /// A letterhead to begin with.
    pub(super) fn export_letterhead(out: &mut dyn FnMut(Output)) {
        let event = Event::Exported { names: vec!["letterhead.toml".into()], warnings: Vec::new() };
        out(Output { event, buffers: vec![Buffer::Bytes(letterhead::TEMPLATE.into())] });
    }
}

impl Session {
    /// The letterhead that reports get.
    pub(super) fn letterhead(&self) -> Option<letterhead::Letterhead> {
        self.letterhead.as_deref().cloned()
    }
}
