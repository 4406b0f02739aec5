//! What of a study can be in view, in the order of the list.

use crate::engine::protocol::StudyView;
use crate::model::TestKind;

/// What is shown of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// A recording, continuously.
    Recording(usize),
    /// The sweeps of a test.
    Test(usize),
    /// What all tests say together.
    Together,
    /// What all of it says in one answer.
    Conclusion,
    /// The table of muscles.
    Needle,
}

impl Selection {
    /// Everything that can be chosen, under its headings. What a study gains while it is worked on
    /// comes last, so that it moves nothing under the pointer.
    pub fn groups(study: &StudyView) -> Vec<(&'static str, Vec<Self>)> {
        let of_kind = |kind: TestKind| {
            let tests = study.tests.iter().enumerate().filter(move |(_, test)| test.kind == kind);
            (kind.name(), tests.map(|(index, _)| Self::Test(index)).collect::<Vec<_>>())
        };
        let muscles = !study.recordings.is_empty() || !study.needle.rows.is_empty() || study.tests.iter().all(|test| test.typed.is_some());
        let concluded = !study.tests.is_empty() || !study.needle.rows.is_empty();
        let together = (study.tests.len() > 1).then_some(Self::Together).into_iter().chain(concluded.then_some(Self::Conclusion));
        let mut out: Vec<_> = TestKind::ALL.into_iter().map(of_kind).collect();
        out.push(("Needle EMG", muscles.then_some(Self::Needle).into_iter().collect()));
        out.push(("Recordings", (0..study.recordings.len()).map(Self::Recording).collect()));
        out.push(("Together", together.collect()));
        out.retain(|(_, items)| !items.is_empty());
        out
    }

    /// A page of its own instead of traces.
    pub fn is_page(self) -> bool {
        matches!(self, Self::Together | Self::Conclusion | Self::Needle)
    }
}
