//! Limits computed from past studies: files are opened one after another, measured as they would be if
//! they were looked at, and only their values are kept.

use std::collections::VecDeque;

use super::live::replay;
use super::open::fingerprint;
use super::protocol::{Event, Output, PastDivision, PastLimit, PastRow, PastView, Store, StudyKey};
use super::session::Session;
use super::{Buffer, Engine, failed};
use crate::analysis::polarity;
use crate::findings;
use crate::formats::{Files, NamedSource, OpenOptions, Opened, ReadError, open};
use crate::model::{Edits, Subject};
use crate::norms::past::{self, Computed, PastValue};
use crate::norms::{self, temperature};

/// Bytes of a file that tell whether it is a table of past values.
const HEAD_BYTES: usize = 8192;
/// Largest table, bytes.
const MOST_BYTES: u64 = 64 << 20;

/// Values of past studies, and what is still to be read.
#[derive(Default)]
pub(super) struct Gathering {
    waiting: VecDeque<(String, Opened, String)>,
    /// Its edits are being fetched.
    current: Option<(StudyKey, Session, String)>,
    values: Vec<PastValue>,
    view: PastView,
    computed: Vec<Computed>,
}

/// Values of a study with the edits of a person: each with whether it counts.
pub fn values_of(opened: Opened, file: &str, edits: Option<Edits>) -> Vec<(PastValue, bool)> {
    let mut session = session(opened, file, String::new());
    session.edits = edits.unwrap_or_default();
    values(&mut session, file)
}

fn session(opened: Opened, file: &str, print: String) -> Session {
    let Opened { mut study, samples, warnings, .. } = opened;
    polarity::settle(&study.recordings, &mut study.examination, &samples);
    Session::new(0, file.to_owned(), study, samples, warnings, print)
}

/// Whoever was examined: studies of one person count as one. A file that does not say is one person.
fn who(subject: &Subject, file: &str) -> String {
    let said = [&subject.code, &subject.name, &subject.birth_date].map(String::as_str);
    if said.iter().all(|word| word.is_empty()) { format!("file {file}") } else { said.join("|") }
}

fn values(session: &mut Session, file: &str) -> Vec<(PastValue, bool)> {
    let examination = session.examination();
    session.guess_studies(&examination);
    session.measure_all();
    let (who, person) = (who(&session.acquired.subject, file), session.person());
    let mut out = Vec::new();
    for (index, test) in examination.tests.iter().enumerate() {
        let Some(measured) = session.tested.get(&index).map(|tested| &tested.measurement) else { continue };
        let study = session.study_of(index, test).and_then(|(id, _)| norms::by_id(id));
        let leg = match study {
            Some(study) => findings::is_leg(&study.id),
            None => norms::late_study(test).is_some_and(|id| findings::is_late_of_leg(&id)),
        };
        let cold = test.temperature_c.is_some_and(|c| temperature::is_cold(leg, c));
        out.extend(past::of_test(study, test, measured, cold, &person, &who));
    }
    out
}

impl Engine {
    /// Begins to gather values of the files; what was gathered before is forgotten.
    pub(super) fn gather(&mut self, files: &Files, division: PastDivision, out: &mut dyn FnMut(Output)) {
        let mut gathering = Gathering { view: PastView { division, ..PastView::default() }, ..Gathering::default() };
        let mut recordings = Files::default();
        for file in &files.all {
            match table(file) {
                None => recordings.all.push(NamedSource::clone(file)),
                Some(text) => {
                    gathering.view.total += 1;
                    gathering.view.done += 1;
                    gathering.take_table(&file.name, &text);
                }
            }
        }
        let (logs, recordings) = replay::divide(&recordings);
        for log in &logs {
            gathering.view.total += 1;
            match replay::replay(log, &mut |_| {}) {
                Ok((begun, opened)) => gathering.waiting.push_back((log.name.clone(), opened, begun.key)),
                Err(error) => {
                    gathering.view.done += 1;
                    gathering.view.refused.push(format!("{}: {error}", log.name));
                }
            }
        }
        for (file, result) in open(&recordings, &OpenOptions { quick: true, ..OpenOptions::default() }) {
            match result {
                Ok(opened) => {
                    let print = fingerprint(&recordings, &opened, &OpenOptions::default());
                    gathering.view.total += 1;
                    gathering.waiting.push_back((file, opened, print));
                }
                // A folder holds other things as well.
                Err(ReadError::NotThisFormat { .. }) => {}
                Err(error) => {
                    gathering.view.total += 1;
                    gathering.view.done += 1;
                    gathering.view.refused.push(format!("{file}: {error}"));
                }
            }
        }
        if gathering.view.total == 0 {
            failed(out, "There is no recording and no table of values in what was given.");
            return;
        }
        let finished = gathering.waiting.is_empty();
        if finished {
            gathering.compute();
        }
        out(Event::Past { view: gathering.view.clone() }.into());
        self.gathering = Some(gathering);
    }

    /// One file more; `false` when none waits, or the edits of one do.
    pub(super) fn gather_step(&mut self, out: &mut dyn FnMut(Output)) -> bool {
        let Some(gathering) = self.gathering.as_mut().filter(|gathering| gathering.current.is_none()) else { return false };
        let Some((file, opened, print)) = gathering.waiting.pop_front() else { return false };
        let key = self.next;
        self.next += 1;
        gathering.current = Some((key, session(opened, &file, print.clone()), file));
        out(Event::Fetch { study: key, store: Store::Edits, key: print }.into());
        false
    }

    /// What a person did to a past study; `true` when it is one of those.
    pub(super) fn gathered(&mut self, study: StudyKey, bytes: Option<&[u8]>, out: &mut dyn FnMut(Output)) -> bool {
        let Some(gathering) = self.gathering.as_mut().filter(|of| of.current.as_ref().is_some_and(|(key, ..)| *key == study)) else {
            return false;
        };
        let Some((_, mut session, file)) = gathering.current.take() else { return false };
        match bytes.map(serde_json::from_slice::<Edits>) {
            Some(Ok(edits)) => session.edits = edits,
            Some(Err(error)) => gathering.view.refused.push(format!("{file}: read without its edits, which cannot be read ({error})")),
            None => {}
        }
        let found = values(&mut session, &file);
        gathering.take(found);
        gathering.view.done += 1;
        if gathering.waiting.is_empty() {
            gathering.compute();
        }
        out(Event::Past { view: gathering.view.clone() }.into());
        true
    }

    /// The same people divided otherwise.
    pub(super) fn divide_past(&mut self, division: PastDivision, out: &mut dyn FnMut(Output)) {
        let Some(gathering) = self.gathering.as_mut() else {
            failed(out, "The past studies are no longer at hand. Choose the folder again.");
            return;
        };
        gathering.view.division = division;
        if gathering.waiting.is_empty() && gathering.current.is_none() {
            gathering.compute();
        }
        out(Event::Past { view: gathering.view.clone() }.into());
    }

    /// The accepted limits as a table: used from now on, or as a file.
    pub(super) fn past_table(&mut self, name: &str, accepted: &[usize], keep: bool, out: &mut dyn FnMut(Output)) {
        let table = self.gathering.as_ref().map(|gathering| {
            let rows: Vec<&Computed> = accepted.iter().filter_map(|at| gathering.computed.get(*at)).collect();
            past::table(name, gathering.view.studies, &rows)
        });
        match table {
            Some(text) if keep => self.use_limits(name, Some(&text), out),
            Some(text) => {
                let event = Event::Exported { names: vec!["limits.csv".into()], warnings: Vec::new() };
                out(Output { event, buffers: vec![Buffer::Bytes(text.into_bytes())] });
            }
            None => failed(out, "The past studies are no longer at hand. Choose the folder again."),
        }
    }
}

/// The text of a table of past values.
fn table(file: &NamedSource) -> Option<String> {
    let source = file.source.as_ref();
    let head = source.read_vec(0, HEAD_BYTES.min(usize::try_from(source.len()).ok()?)).ok()?;
    if !past::is_table(&String::from_utf8_lossy(&head)) || source.len() > MOST_BYTES {
        return None;
    }
    let all = source.read_vec(0, usize::try_from(source.len()).ok()?).ok()?;
    Some(String::from_utf8_lossy(&all).into_owned())
}

impl Gathering {
    fn take(&mut self, found: Vec<(PastValue, bool)>) {
        self.view.studies += usize::from(found.iter().any(|(_, counts)| *counts));
        self.view.values[0] += found.len();
        self.view.values[1] += found.iter().filter(|(_, counts)| !counts).count();
        self.values.extend(found.into_iter().filter_map(|(value, counts)| counts.then_some(value)));
    }

    fn take_table(&mut self, name: &str, text: &str) {
        match past::read(text, name) {
            Ok((found, problems)) => {
                self.take(found.into_iter().map(|value| (value, true)).collect());
                self.view.refused.extend(problems.into_iter().map(|what| format!("{name}: {what}")));
            }
            Err(what) => self.view.refused.push(format!("{name}: {what}")),
        }
    }

    fn compute(&mut self) {
        self.computed = past::compute(&self.values, &self.view.division);
        self.view.rows = self.computed.iter().map(row).collect();
    }
}

/// A measure as people read it.
pub fn row(computed: &Computed) -> PastRow {
    let limit = &computed.row;
    let measure = limit.measure.replace('_', " ");
    let segment = limit.segment.as_deref().map(|of| format!(", {}", of.replace('_', " ").replace('-', " to "))).unwrap_or_default();
    let kind = match limit.amp_kind.as_deref() {
        Some("peak_peak") => ", peak to peak",
        Some("onset_peak") => ", from the onset",
        _ => "",
    };
    let unit = match limit.unit.as_str() {
        "uV" => "\u{b5}V",
        "m_per_s" => "m/s",
        other => other,
    };
    PastRow {
        study: norms::by_id(&limit.study).map_or_else(|| limit.study.replace('_', " "), |study| study.name.clone()),
        measure: format!("{measure}{segment}{kind}"),
        people: limit.people(),
        unit: unit.to_owned(),
        upper: limit.bound == norms::Bound::Upper,
        n: computed.n,
        found: computed.found.as_ref().ok().map(|found| PastLimit {
            limit: limit.value,
            middle: found.middle,
            from_to: found.from_to,
            on_plateau: found.on_plateau,
            uncorrected: found.uncorrected,
            uncertain: found.n < past::ENOUGH,
        }),
        problem: computed.found.as_ref().err().cloned().unwrap_or_default(),
        published: computed.published,
        curve: computed.curve.clone(),
    }
}
