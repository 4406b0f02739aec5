//! An earlier study of the same person beside a later one: values, needle findings and conclusions, then
//! and now.
//!
//! A difference is stated, not judged: the reference holds no test-retest limit (it cites a study of one,
//! `lew_2000`, without its figures), so every row says that none is known. What is judged is each value
//! against the limit of normal of its own study.

use std::collections::BTreeMap;

use serde::Serialize;

use super::protocol::StudyView;
use super::report::values::{ValueRow, rows};
use crate::findings::Conclusion;

/// What is said of every difference as long as the reference holds no limit of it.
const NO_LIMIT: &str = "no limit known";

/// Two studies side by side.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    pub retest_limit: &'static str,
    /// Whether each was beyond its limit of normal; `None` where it was held against none.
    pub beyond_normal: Option<[bool; 2]>,
}

/// Something in words, then and now; empty where it was not said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
        values.push(ComparedValue {
            of: row.of.clone(),
            site: row.site.clone(),
            measure: row.measure.clone(),
            unit: row.unit.clone(),
            then: a,
            now: b,
            difference: b - a,
            retest_limit: NO_LIMIT,
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

/// What a value is of. Of a test that was done twice the second is the second.
type Key = (&'static str, [String; 7], usize);

fn numbers(rows: &[ValueRow]) -> BTreeMap<Key, &ValueRow> {
    let mut out: BTreeMap<Key, &ValueRow> = BTreeMap::new();
    let counts =
        |row: &&ValueRow| row.value.is_some() && (matches!(row.part, "segment" | "limit") || row.part == "response" && row.counts == "yes");
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
