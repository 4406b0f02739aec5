//! An earlier study of the same person beside a later one: values, needle findings and conclusions, then
//! and now.
//!
//! A difference is held against what values vary by from one test to the next ([`norms::retest`]) where
//! that is published; each value against the limit of normal of its own study.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::protocol::{Event, Output, StudyKey, StudyView};
use super::report::values::{ValueRow, rows};
use super::session::Session;
use super::{Engine, failed};
use crate::findings::Conclusion;
use crate::norms;

/// What is said of a difference that nothing is published of.
const NO_LIMIT: &str = "no limit known";
/// What is measured, but is no finding.
const ASIDE: [&str; 3] = ["baseline", "distance", "end of negative phase"];

/// Two studies side by side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// What makes it doubtful that both are of one person, or in this order; names nobody.
    pub doubts: Vec<String>,
    /// Numbers that are in both.
    pub values: Vec<ComparedValue>,
    /// Needle findings that are in either.
    pub needle: Vec<ComparedWords>,
    /// Conclusions that are in either.
    pub conclusions: Vec<ComparedWords>,
    /// Values of the earlier study that the later one lacks, and the other way round.
    pub unmatched: [usize; 2],
}

/// One number, then and now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedValue {
    /// The test.
    pub of: String,
    /// Stimulation site; may be empty.
    pub site: String,
    /// What is measured.
    pub measure: String,
    /// Unit of all three.
    pub unit: String,
    /// Earlier value.
    pub then: f64,
    /// Later value.
    pub now: f64,
    /// Later minus earlier.
    pub difference: f64,
    /// The limit that the difference is held against, in words.
    pub retest_limit: String,
    /// Whether it is beyond that; `None`: no limit is known.
    pub beyond_retest: Option<bool>,
    /// Whether each was beyond its limit of normal; `None` where it was held against none.
    pub beyond_normal: Option<[bool; 2]>,
}

impl ComparedValue {
    /// The limit of the difference, and whether it is beyond.
    pub fn retest(&self) -> String {
        match self.beyond_retest {
            Some(true) => format!("beyond {}", self.retest_limit.replace("\u{b1} ", "")),
            Some(false) => format!("within {}", self.retest_limit.replace("\u{b1} ", "")),
            None => self.retest_limit.clone(),
        }
    }

    /// Against normal, then and now.
    pub fn normal(&self) -> &'static str {
        match self.beyond_normal {
            Some([false, true]) => "normal then, beyond normal now",
            Some([true, false]) => "beyond normal then, normal now",
            Some([true, true]) => "beyond normal in both",
            Some([false, false]) => "normal in both",
            None => "",
        }
    }
}

/// Something in words, then and now; empty where it was not said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedWords {
    /// What it is about.
    pub of: String,
    /// Then.
    pub then: String,
    /// Now.
    pub now: String,
    /// They differ.
    pub changed: bool,
}

/// Compares two studies that are measured and concluded from.
pub fn compare(earlier: &StudyView, later: &StudyView) -> Compared {
    let (then, now) = (rows(earlier), rows(later));
    let (then_values, now_values) = (numbers(&then), numbers(&now));
    let mut values = Vec::new();
    for (key, row) in &then_values {
        let Some(other) = now_values.get(key) else { continue };
        let (Some(a), Some(b)) = (row.value, other.value) else { continue };
        let judged = row.part == "limit";
        let limit = norms::retest(&row.measure);
        let percent = 200.0 * (b - a).abs() / (a.abs() + b.abs());
        values.push(ComparedValue {
            of: row.of.clone(),
            site: row.site.clone(),
            measure: row.measure.clone(),
            unit: row.unit.clone(),
            then: a,
            now: b,
            difference: b - a,
            retest_limit: limit.map_or_else(|| NO_LIMIT.to_owned(), |limit| format!("\u{b1} {:.0} %", limit.percent())),
            beyond_retest: limit.map(|limit| percent > limit.percent()),
            beyond_normal: judged.then_some([row.beyond == "yes", other.beyond == "yes"]),
        });
    }
    let missing =
        |of: &BTreeMap<Key, &ValueRow>, other: &BTreeMap<Key, &ValueRow>| of.keys().filter(|key| !other.contains_key(*key)).count();
    Compared {
        doubts: doubts(earlier, later),
        unmatched: [missing(&then_values, &now_values), missing(&now_values, &then_values)],
        values,
        needle: words(&needle(&then), &needle(&now)),
        conclusions: words(&conclusions(earlier), &conclusions(later)),
    }
}

impl Engine {
    /// Holds a study against an earlier one as that is now.
    pub(super) fn against(&mut self, study: StudyKey, earlier: Option<StudyKey>, out: &mut dyn FnMut(Output)) {
        let of = |session: &mut Session| {
            session.measure_all();
            session.answers = true;
            Box::new(StudyView { earlier: None, ..session.view() })
        };
        let then = match earlier {
            Some(key) if key == study => return failed(out, "A study cannot be held against itself."),
            Some(key) => match self.sessions.get_mut(&key) {
                Some(session) => Some(of(session)),
                None => return failed(out, "The earlier study is no longer open. Open its file again."),
            },
            None => None,
        };
        self.with(study, out, |session, out| {
            session.measure_all();
            session.answers = true;
            session.earlier = then;
            out(Event::Changed { view: session.view() }.into());
        });
    }
}

/// What a value is of. Of a test that was done twice the second is the second.
type Key = (&'static str, [String; 7], usize);

fn numbers(rows: &[ValueRow]) -> BTreeMap<Key, &ValueRow> {
    let mut out: BTreeMap<Key, &ValueRow> = BTreeMap::new();
    // What was held against a limit is not said a second time in another unit.
    let held: Vec<[String; 3]> = rows.iter().filter(|row| row.part == "limit").map(plain).collect();
    let counts = |row: &&ValueRow| {
        let part = match row.part {
            "limit" => true,
            "segment" => !held.contains(&plain(row)),
            "response" => row.counts == "yes" && !held.contains(&plain(row)),
            _ => false,
        };
        part && row.value.is_some() && !ASIDE.contains(&row.measure.as_str())
    };
    for row in rows.iter().filter(counts) {
        let of = [&row.kind, &row.nerve, &row.recorded_from, &row.site, &row.measure, &row.unit].map(|text| text.to_lowercase());
        let [kind, nerve, from, site, measure, unit] = of;
        let mut key: Key = (row.part, [kind, row.side.to_owned(), nerve, from, site, measure, unit], 0);
        while out.contains_key(&key) {
            key.2 += 1;
        }
        out.insert(key, row);
    }
    out
}

/// Test, site and measure in the words of limits.
fn plain(row: &ValueRow) -> [String; 3] {
    [row.of.clone(), row.site.clone(), row.measure.replace("negative peak", "peak")]
}

fn needle(rows: &[ValueRow]) -> Vec<(String, String)> {
    let said = rows.iter().filter(|row| row.part == "needle" && row.measure != "roots" && !row.words.is_empty());
    said.map(|row| (format!("{}: {}", row.of, row.measure), row.words.clone())).collect()
}

fn conclusions(view: &StudyView) -> Vec<(String, String)> {
    let of = |done: &Conclusion| {
        let side = if done.side == "none" { "" } else { done.side.as_str() };
        (format!("{} {side}", done.title()).trim().to_owned(), format!("{}; {}", done.details(), done.certainty.word()))
    };
    let drafted = view.answer.iter().flat_map(|answer| answer.conclusions.iter().map(of));
    let own = Some(view.impression.trim()).filter(|own| !own.is_empty()).map(|own| ("Reader's own conclusion".to_owned(), own.to_owned()));
    own.into_iter().chain(drafted).collect()
}

fn words(then: &[(String, String)], now: &[(String, String)]) -> Vec<ComparedWords> {
    let find =
        |list: &[(String, String)], of: &str| list.iter().find(|(name, _)| name == of).map(|(_, words)| words.clone()).unwrap_or_default();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in then.iter().chain(now) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let row = |name: &str| {
        let (then, now) = (find(then, name), find(now, name));
        ComparedWords { of: name.to_owned(), changed: then != now, then, now }
    };
    names.into_iter().map(row).collect()
}

/// Fields in which the two differ; what stands in them is not said.
fn doubts(earlier: &StudyView, later: &StudyView) -> Vec<String> {
    let (a, b) = (&earlier.subject, &later.subject);
    let fields = [("number", &a.code, &b.code), ("name", &a.name, &b.name), ("birth date", &a.birth_date, &b.birth_date)];
    let differs =
        |then: &str, now: &str| !then.trim().is_empty() && !now.trim().is_empty() && !then.trim().eq_ignore_ascii_case(now.trim());
    let mut out: Vec<String> = Vec::new();
    let mut say = |field: &str, then: &str, now: &str| {
        if differs(then, now) {
            out.push(format!("The {field} is not the same in both studies: check that they are of one person."));
        }
    };
    fields.into_iter().for_each(|(field, then, now)| say(field, then, now));
    say("sex", &earlier.person.sex, &later.person.sex);
    let known = [a, b].iter().all(|subject| [&subject.code, &subject.name, &subject.birth_date].iter().any(|text| !text.trim().is_empty()));
    if !known {
        out.push("One of the studies does not say who was examined: check that both are of one person.".into());
    }
    match (tested(earlier), tested(later)) {
        (Some(then), Some(now)) if then > now => out.push("The study given as the earlier one was recorded after the other.".into()),
        (Some(_), Some(_)) => {}
        _ => out.push("One of the studies does not say when it was recorded.".into()),
    }
    if earlier.key == later.key && !earlier.key.is_empty() {
        out.push("Both are the same recording.".into());
    }
    out
}

fn tested(view: &StudyView) -> Option<&str> {
    view.recordings.iter().find_map(|recording| recording.start.as_deref())
}
