//! Which study of the clinic each test is: guessed from its labels once, and again only when they
//! change, since a view is made at every move of a marker.

use super::session::Session;
use crate::model::{Examination, NerveTest, SweepId, TestKind};
use crate::norms::{self, Guess, Hints};

/// Annotations of a recording that are read for hints.
const ANNOTATIONS: usize = 50;

/// What was guessed of a test.
pub(super) struct Guessed {
    labels: Labels,
    guesses: Vec<Guess>,
}

/// What a guess rests on, besides the files.
#[derive(PartialEq, Eq)]
struct Labels {
    kind: TestKind,
    names: Vec<String>,
    first: Option<SweepId>,
}

impl Labels {
    fn new(test: &NerveTest) -> Self {
        let sites = test.sites.iter().map(|site| &site.name);
        let names = [&test.nerve, &test.recorded_from].into_iter().chain(sites).cloned().collect();
        Self { kind: test.kind, names, first: test.sites.iter().find_map(|site| site.sweeps.first().copied()) }
    }
}

impl Session {
    /// Guesses what is not guessed yet, or was by other labels.
    pub fn guess_studies(&mut self, examination: &Examination) {
        self.guessed.truncate(examination.tests.len());
        for (index, test) in examination.tests.iter().enumerate() {
            let labels = Labels::new(test);
            if self.guessed.get(index).is_some_and(|guessed| guessed.labels == labels) {
                continue;
            }
            let guessed = Guessed { guesses: self.guess(examination, test), labels };
            match self.guessed.get_mut(index) {
                Some(old) => *old = guessed,
                None => self.guessed.push(guessed),
            }
        }
    }

    /// Studies that a test may be, likeliest first.
    pub fn guesses(&self, index: usize) -> &[Guess] {
        self.guessed.get(index).map_or(&[], |guessed| &guessed.guesses)
    }

    /// The study that a test is: confirmed by a person (`true`; an empty id is none of those
    /// known), or clear from its labels.
    pub fn study_of<'a>(&self, index: usize, test: &'a NerveTest) -> Option<(&'a str, bool)> {
        let confirmed = test.study.as_deref().map(|id| (id, true));
        confirmed.or_else(|| Guess::clear(self.guesses(index)).map(|id| (id, false)))
    }

    fn guess(&self, examination: &Examination, test: &NerveTest) -> Vec<Guess> {
        let first = test.sites.iter().find_map(|site| examination.sweeps.get(*site.sweeps.first()?));
        let recording = first.and_then(|sweep| self.acquired.recordings.get(sweep.recording));
        let channel = first.zip(recording).and_then(|(sweep, recording)| recording.channels.get(sweep.channel));
        let annotations = recording.into_iter().flat_map(|recording| &recording.annotations).take(ANNOTATIONS);
        let texts: Vec<String> = annotations.map(|annotation| annotation.text.clone()).collect();
        let words = recording.map(|recording| format!("{} {}", recording.name, recording.description)).unwrap_or_default();
        norms::guess(test, Hints { recording: &words, channel: channel.map_or("", |channel| &channel.name), annotations: &texts })
    }
}
