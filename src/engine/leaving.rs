//! A study as it leaves: with names, or without what tells who was examined.
//!
//! Identity stands in few places of the model ([`Subject`](crate::model::Subject), names and days of
//! recordings); free text may hold anything, so it is listed for a person to look at, and left out by
//! name. Everything that leaves without names is made of the study that this makes.

use jiff::Span;
use jiff::civil::{Date, DateTime};

use super::protocol::{Event, FreeText, Leaving, LeavingFact, LeavingView, Output};
use super::session::Session;
use crate::model::{DerivedTest, Edits, MuscleColumn, StartTime, Study, WhichMuscle};

/// Stands for an annotation that was left out, so that others keep their numbers.
const LEFT_OUT: &str = "(left out)";

/// One free text: its id, where it stands, and the text itself.
type Visit<'a> = dyn FnMut(&str, &str, &mut String) + 'a;

/// Every free text of a study and of a person's work on it; what was written for this person comes first.
fn each_text(study: &mut Study, edits: &mut Edits, visit: &mut Visit<'_>) {
    visit("impression", "Reader's conclusion", &mut edits.impression);
    let context = &mut edits.context;
    let parts = [
        ("question", "Question", &mut context.question),
        ("history", "History and findings", &mut context.history),
        ("medication", "Medication that matters", &mut context.medication),
        ("implants", "Implanted devices", &mut context.implants),
    ];
    for (id, place, text) in parts {
        visit(id, place, text);
    }
    for row in &mut edits.muscles {
        for (column, text) in &mut row.typed {
            let of = if *column == MuscleColumn::Comment { "Comment on a muscle" } else { "Table of muscles" };
            visit(&format!("muscle {text}"), of, text);
        }
        if let WhichMuscle::Own(own) = &mut row.muscle {
            for text in [&mut own.name, &mut own.nerve, &mut own.roots] {
                visit(&format!("muscle {text}"), "A muscle of one's own", text);
            }
        }
    }
    let stored = study.recordings.iter_mut().flat_map(|recording| &mut recording.annotations);
    let edited = edits.annotations.iter_mut().filter_map(|edit| edit.now.as_mut());
    let cut = edits.derived_tests.iter_mut().filter_map(|test| match test {
        DerivedTest::Annotations { text, .. } => Some(text),
        DerivedTest::Channels { .. } => None,
    });
    for text in stored.chain(edited).map(|annotation| &mut annotation.text).chain(cut) {
        visit(&format!("annotation {text}"), "Annotation", text);
    }
    let tests = study.examination.tests.iter_mut().flat_map(|test| [&mut test.nerve, &mut test.recorded_from]);
    let tests = tests.chain(edits.typed.iter_mut().flat_map(|test| [&mut test.nerve, &mut test.recorded_from]));
    let named = edits.tests.values_mut().flat_map(|test| [&mut test.nerve, &mut test.recorded_from]).flatten();
    for text in tests.chain(named) {
        visit(&format!("test {text}"), "Name of a test", text);
    }
    let sites = study.examination.tests.iter_mut().flat_map(|test| &mut test.sites).map(|site| &mut site.name);
    for text in sites.chain(edits.sites.iter_mut().filter_map(|site| site.name.as_mut())) {
        visit(&format!("site {text}"), "Name of a site", text);
    }
    let channels = study.recordings.iter_mut().flat_map(|recording| &mut recording.channels);
    let described = channels.flat_map(|channel| [&mut channel.name, &mut channel.transducer, &mut channel.prefilter]);
    for text in described.chain(edits.lanes.iter_mut().filter_map(|lane| lane.name.as_mut())) {
        visit(&format!("channel {text}"), "Channel", text);
    }
}

/// A day or moment without names: later by some days, or its year alone.
fn moved(iso: &str, shift_days: Option<i32>) -> Option<String> {
    let year = || iso.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
    match shift_days {
        None => year().map(|year| format!("{year}-01-01T00:00:00")),
        Some(days) => {
            let at: DateTime = iso.parse().or_else(|_| iso.parse::<Date>().map(|day| day.to_datetime(Default::default()))).ok()?;
            Some(at.checked_add(Span::new().try_days(days).ok()?).ok()?.to_string())
        }
    }
}

/// The study and the work on it, as wanted.
pub(super) fn leave(study: &Study, edits: &Edits, wanted: &Leaving) -> (Study, Edits) {
    let (mut study, mut edits) = (study.clone(), edits.clone());
    each_text(&mut study, &mut edits, &mut |id, _, text| {
        if wanted.hidden.contains(id) {
            *text = if id.starts_with("annotation ") { LEFT_OUT.into() } else { String::new() };
        }
    });
    if wanted.nameless {
        let subject = &mut study.subject;
        (subject.name, subject.code, subject.birth_date) = Default::default();
        for (at, recording) in study.recordings.iter_mut().enumerate() {
            let start = recording.start.take().and_then(|start| moved(&start.iso, wanted.shift_days));
            recording.start = start.map(|iso| StartTime { iso });
            recording.description.clear();
            recording.name = format!("Recording {}", at + 1);
        }
        let context = &mut edits.context;
        context.onset = context.onset.take().filter(|_| wanted.shift_days.is_some()).and_then(|day| moved(&day, wanted.shift_days));
        context.onset = context.onset.take().map(|moment| moment.chars().take(10).collect());
    }
    // A signed report shows what it was signed with.
    if wanted.nameless || !wanted.hidden.is_empty() {
        edits.signed.clear();
    }
    (study, edits)
}

/// A study, and the work on it, without what tells who was examined; of days the year stays.
pub fn without_names(study: &Study, edits: Option<Edits>) -> (Study, Option<Edits>) {
    let some = edits.is_some();
    let (study, edits) = leave(study, &edits.unwrap_or_default(), &Leaving { nameless: true, ..Leaving::default() });
    (study, some.then_some(edits))
}

/// What tells who was examined: its name, and what it says.
fn facts(study: &Study, edits: &Edits) -> Vec<(String, String)> {
    let subject = &study.subject;
    let mut out = vec![
        ("Name".to_owned(), subject.name.clone()),
        ("Number".to_owned(), subject.code.clone()),
        ("Born".to_owned(), subject.birth_date.clone()),
        ("First symptom".to_owned(), edits.context.onset.clone().unwrap_or_default()),
    ];
    for (at, recording) in study.recordings.iter().enumerate() {
        let of = |what: &str| if study.recordings.len() == 1 { what.to_owned() } else { format!("{what} {}", at + 1) };
        out.push((of("Recorded"), recording.start.as_ref().map(|start| start.iso.replace('T', " ")).unwrap_or_default()));
        out.push((of("File name"), recording.name.clone()));
        out.push((of("Description"), recording.description.clone()));
    }
    let signed = edits.signed.len();
    out.push(("Signed reports".into(), if signed == 0 { String::new() } else { signed.to_string() }));
    out
}

impl Session {
    /// The study as it leaves, in a session of its own.
    pub(super) fn left(&self, wanted: &Leaving) -> Self {
        let (study, edits) = leave(&self.acquired, &self.edits, wanted);
        let title = if wanted.nameless { "Study without names".into() } else { self.title.clone() };
        let mut left = Self::new(self.key, title, study, self.samples.clone(), Vec::new(), self.fingerprint.clone());
        left.edits = edits;
        left.own.clone_from(&self.own);
        left.letterhead.clone_from(&self.letterhead);
        left
    }

    /// Shows what a study file will hold.
    pub(super) fn leaving(&self, wanted: Leaving, out: &mut dyn FnMut(Output)) {
        let (left, kept) = leave(&self.acquired, &self.edits, &wanted);
        let then = facts(&left, &kept);
        let pairs = facts(&self.acquired, &self.edits).into_iter().zip(then);
        let facts = pairs
            .filter(|((_, now), (_, then))| !now.is_empty() || !then.is_empty())
            .map(|((name, now), (_, then))| LeavingFact { name, now, then })
            .collect();
        let mut texts: Vec<FreeText> = Vec::new();
        let (mut study, mut edits) = (self.acquired.clone(), self.edits.clone());
        each_text(&mut study, &mut edits, &mut |id, place, text| {
            if !text.trim().is_empty() && !texts.iter().any(|known| known.id == id) {
                let hidden = wanted.hidden.contains(id);
                texts.push(FreeText { id: id.to_owned(), place: place.to_owned(), text: text.clone(), hidden });
            }
        });
        let view = LeavingView { facts, texts, contents: contents(&left, &kept), wanted };
        out(Event::Leaving { study: self.key, view }.into());
    }
}

/// What else a study file holds.
fn contents(study: &Study, edits: &Edits) -> Vec<String> {
    let count = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
    let mut out = Vec::new();
    let (recordings, tests, rows) = (study.recordings.len(), study.examination.tests.len(), edits.muscles.len());
    let samples: u64 = study.recordings.iter().flat_map(|recording| &recording.channels).map(|channel| channel.n).sum();
    if recordings > 0 {
        out.push(format!("{} with {samples} samples, as EDF+ or BDF+", count(recordings, "recording", "recordings")));
    }
    if tests > 0 {
        out.push(count(tests, "nerve test", "nerve tests"));
    }
    if rows > 0 {
        out.push(format!("{} of the needle examination", count(rows, "muscle", "muscles")));
    }
    out.push("age, sex, height and what else limits need; markers, filters and every other edit".into());
    out.push("the conclusion as proposed, and the reports: summary, full, for the patient".into());
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::model::{Annotation, Context, Recording, Subject};

    fn study() -> (Study, Edits) {
        let subject =
            Subject { name: "Jane Doe".into(), code: "77".into(), birth_date: "1951-05-02".into(), sex: "F".into(), ..Subject::default() };
        let said = |text: &str| Annotation { onset_s: 1.0, duration_s: None, text: text.into(), channel: None };
        let recording = Recording {
            name: "doe.edf".into(),
            description: "ward Doe".into(),
            start: Some(StartTime { iso: "2026-02-27T10:00:00".into() }),
            annotations: vec![said("Mrs Doe moved"), said("rest")],
            ..Recording::default()
        };
        let context = Context { onset: Some("2026-01-30".into()), question: "Doe: L5?".into(), ..Context::default() };
        (Study { subject, recordings: vec![recording], ..Study::default() }, Edits { context, ..Edits::default() })
    }

    #[test]
    fn nothing_that_tells_who_was_examined_stays() {
        let (study, edits) = study();
        for shift_days in [None, Some(-400), Some(3)] {
            let hidden = ["annotation Mrs Doe moved", "question"].map(str::to_owned).into();
            let wanted = Leaving { nameless: true, shift_days, hidden };
            let (left, kept) = leave(&study, &edits, &wanted);
            let all = serde_json::to_string(&(&left, &kept)).unwrap();
            for told in ["Doe", "\"77\"", "1951", "2026-02-27", "2026-01-30"] {
                assert!(!all.contains(told), "{told} stays in {all}");
            }
            assert_eq!((left.subject.sex.as_str(), left.recordings[0].annotations.len()), ("F", 2));
            assert!(all.contains("rest"));
        }
    }

    #[test]
    fn days_keep_their_distance_when_they_are_moved() {
        let (study, edits) = study();
        let (left, kept) = leave(&study, &edits, &Leaving { nameless: true, shift_days: Some(3), ..Leaving::default() });
        assert_eq!(left.recordings[0].start.as_ref().unwrap().iso, "2026-03-02T10:00:00");
        assert_eq!(kept.context.onset.as_deref(), Some("2026-02-02"));
        assert_eq!(moved("2026-02-27T10:00:00", None).as_deref(), Some("2026-01-01T00:00:00"));
        assert_eq!(moved("nonsense", Some(3)), None);
    }

    #[test]
    fn with_names_all_stays_as_it_is() {
        let (study, edits) = study();
        assert_eq!(leave(&study, &edits, &Leaving::default()), (study, edits));
    }
}
