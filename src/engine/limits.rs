//! The laboratory's own limits: taken from a table among files, or as the surroundings kept it.

use std::sync::Arc;

use super::protocol::{Event, LimitsView, Output};
use super::session::Session;
use super::{Buffer, Engine};
use crate::formats::{ByteSource, Files, NamedSource};
use crate::norms::{self, own};

/// Bytes of a file that tell whether it is a table of limits.
const HEAD_BYTES: usize = 8192;
/// Largest table, bytes.
const MOST_BYTES: u64 = 4 << 20;

fn text_of(source: &dyn ByteSource) -> Option<String> {
    let mut head = vec![0; HEAD_BYTES.min(usize::try_from(source.len()).ok()?)];
    source.read_at(0, &mut head).ok()?;
    if !own::is_table(&String::from_utf8_lossy(&head)) || source.len() > MOST_BYTES {
        return None;
    }
    let mut all = vec![0; usize::try_from(source.len()).ok()?];
    source.read_at(0, &mut all).ok()?;
    Some(String::from_utf8_lossy(&all).into_owned())
}

impl Session {
    /// What the limits in use are called.
    pub fn limits_name(&self) -> String {
        let published = &norms::published().name;
        self.own.as_deref().map_or_else(|| published.clone(), |own| format!("{}; for studies that it does not name {published}", own.name))
    }
}

impl Engine {
    /// Takes tables of limits out of files; the others come back.
    pub(super) fn limits_among(&mut self, files: &Files, out: &mut dyn FnMut(Output)) -> (bool, Files) {
        let (mut rest, mut taken) = (Vec::new(), false);
        for file in &files.all {
            match text_of(file.source.as_ref()) {
                Some(text) => {
                    taken = true;
                    self.use_limits(&file.name, Some(&text), out);
                }
                None => rest.push(NamedSource::clone(file)),
            }
        }
        (taken, Files { all: rest })
    }

    /// Uses a table of limits from now on, for every open study; `None`: the published ones again.
    pub(super) fn use_limits(&mut self, name: &str, text: Option<&str>, out: &mut dyn FnMut(Output)) {
        let (own, problems) = match text.map(|text| own::read(text, name)) {
            None => (None, Vec::new()),
            Some(Ok((profile, problems))) => (Some(Arc::new(profile)), problems),
            Some(Err(what)) => {
                super::failed(out, format!("{name}: {what}"));
                return;
            }
        };
        let published = norms::published();
        let view = own.as_deref().map(|own| LimitsView { name: own.name.clone(), rows: own.len() });
        out(Event::Limits { file: name.to_owned(), own: view, published: published.name.clone(), problems, text: text.map(str::to_owned) }
            .into());
        self.own = own;
        for session in self.sessions.values_mut() {
            session.own.clone_from(&self.own);
            let view = session.view();
            out(Event::Changed { view }.into());
        }
    }

    /// The published limits as a table to begin one's own with.
    pub(super) fn export_limits(out: &mut dyn FnMut(Output)) {
        let event = Event::Exported { names: vec!["limits.csv".into()], warnings: Vec::new() };
        out(Output { event, buffers: vec![Buffer::Bytes(own::template().into_bytes())] });
    }
}
