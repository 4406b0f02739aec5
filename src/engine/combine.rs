//! Recordings of one examination that were given together become one study: machines write a file
//! for each nerve, the reader wants the arm.

use crate::formats::{Opened, ReadError};
use crate::model::Subject;

/// What came of each file.
type Results = Vec<(String, Result<Opened, ReadError>)>;
/// A study with the number of files that were joined to its first.
type Combined = Vec<(String, Result<Opened, ReadError>, usize)>;

/// Joins recordings that hold nerve tests of one person into the first of them; everything else
/// stays as it is. Persons are told apart by what identifies them; a file that says nothing of the
/// person belongs to the others.
pub(super) fn combine(results: Results) -> Combined {
    let mut out: Combined = Vec::new();
    for (name, result) in results {
        let fits = |opened: &Opened, into: &Opened| has_tests(into) && same(&into.study.subject, &opened.study.subject);
        match result {
            Ok(opened) if has_tests(&opened) => {
                let place = out.iter().position(|(_, into, _)| into.as_ref().is_ok_and(|into| fits(&opened, into)));
                match place.and_then(|at| out.get_mut(at)) {
                    Some((_, Ok(into), joined)) => {
                        append(into, opened);
                        *joined += 1;
                    }
                    _ => out.push((name, Ok(opened), 0)),
                }
            }
            other => out.push((name, other, 0)),
        }
    }
    out
}

fn has_tests(opened: &Opened) -> bool {
    !opened.study.examination.tests.is_empty()
}

fn same(a: &Subject, b: &Subject) -> bool {
    let agree = |a: &str, b: &str| a.is_empty() || b.is_empty() || a == b;
    agree(&a.code, &b.code) && agree(&a.name, &b.name) && agree(&a.birth_date, &b.birth_date) && agree(&a.sex, &b.sex)
}

/// Puts everything of `from` behind what is in `into`.
fn append(into: &mut Opened, from: Opened) {
    let (recordings, sweeps) = (into.study.recordings.len(), into.study.examination.sweeps.len());
    let fill = |own: &mut String, other: String| {
        if own.is_empty() {
            *own = other;
        }
    };
    let subject = from.study.subject;
    let own = &mut into.study.subject;
    fill(&mut own.code, subject.code);
    fill(&mut own.name, subject.name);
    fill(&mut own.sex, subject.sex);
    fill(&mut own.birth_date, subject.birth_date);
    own.height_cm = own.height_cm.or(subject.height_cm);
    own.age_years = own.age_years.or(subject.age_years);
    into.study.recordings.extend(from.study.recordings);
    into.samples.extend(from.samples);
    into.study.examination.sweeps.extend(from.study.examination.sweeps.into_iter().map(|mut sweep| {
        sweep.recording += recordings;
        sweep
    }));
    into.study.examination.tests.extend(from.study.examination.tests.into_iter().map(|mut test| {
        for id in test.sites.iter_mut().flat_map(|site| &mut site.sweeps) {
            *id += sweeps;
        }
        test
    }));
    let name = from.used.first().cloned().unwrap_or_default();
    into.warnings.extend(from.warnings.into_iter().map(|mut warning| {
        warning.what = format!("{name}: {}", warning.what);
        warning
    }));
    into.used.extend(from.used);
}

#[cfg(test)]
mod tests {
    use super::combine;
    use crate::formats::{Opened, ReadError};
    use crate::model::{Examination, NerveTest, Recording, Site, Study, Subject, Sweep, Warning};

    fn nerve(name: &str, code: &str) -> (String, Result<Opened, ReadError>) {
        let site = Site { sweeps: vec![0], ..Site::default() };
        let tests = vec![NerveTest { nerve: name.into(), sites: vec![site], ..NerveTest::default() }];
        let study = Study {
            subject: Subject { code: code.into(), ..Subject::default() },
            recordings: vec![Recording { name: name.into(), ..Recording::default() }],
            examination: Examination { tests, sweeps: vec![Sweep::default()] },
        };
        (
            name.to_owned(),
            Ok(Opened {
                study,
                used: vec![name.to_owned()],
                warnings: vec![Warning::new("odd")],
                samples: Vec::new(),
                ..Opened::default()
            }),
        )
    }

    #[test]
    fn files_of_one_person_become_one_study() {
        let got = combine(vec![nerve("median", "7"), nerve("ulnar", ""), nerve("sural", "8"), nerve("radial", "7")]);
        assert_eq!(got.len(), 2, "another person stays apart");
        let study = &got[0].1.as_ref().unwrap().study;
        let tests: Vec<_> = study.examination.tests.iter().map(|test| (test.nerve.as_str(), test.sites[0].sweeps[0])).collect();
        assert_eq!(tests, [("median", 0), ("ulnar", 1), ("radial", 2)]);
        assert_eq!(study.examination.sweeps.iter().map(|sweep| sweep.recording).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(got[0].1.as_ref().unwrap().warnings[1].what, "ulnar: odd");
    }

    #[test]
    fn recordings_without_tests_and_refused_files_stay_as_they_are() {
        let none = || Opened { study: Study::default(), used: Vec::new(), warnings: Vec::new(), samples: Vec::new(), ..Opened::default() };
        let plain = |name: &str| (name.to_owned(), Ok(none()));
        let got =
            combine(vec![plain("a"), nerve("median", ""), plain("b"), ("c".into(), Err(ReadError::NotThisFormat { what: "x".into() }))]);
        assert_eq!(got.len(), 4);
    }
}
