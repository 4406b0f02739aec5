//! Tests whose values a person types: they stand behind all others, and everything reads them as measured.

use super::protocol::{NerveChoice, TypedEdit};
use super::session::Session;
use crate::model::{MOST_TYPED_SITES, MOST_TYPED_TESTS, NerveTest, TestKind, TypedSite, TypedTest, typed_test};
use crate::norms;

/// Longest name that is typed, characters.
const LONGEST_NAME: usize = 80;

impl Session {
    /// What was typed of a test.
    pub(super) fn typed_of(&self, test: &NerveTest) -> Option<&TypedTest> {
        let id = typed_test(test)?;
        self.edits.typed.iter().find(|typed| typed.id == id)
    }

    /// The same by the index of the test, to be changed.
    pub(super) fn typed_at(&mut self, index: usize) -> Option<&mut TypedTest> {
        let id = self.examination().tests.get(index).and_then(typed_test)?;
        self.edits.typed.iter_mut().find(|typed| typed.id == id)
    }
}

/// The tests that may be typed, those of the limits.
pub(super) fn choices() -> Vec<NerveChoice> {
    let plain = norms::studies().iter().map(|study| NerveChoice {
        id: study.id.clone(),
        name: study.name.clone(),
        kind: if study.kind == "motor" { "motor" } else { "sensory" }.into(),
        words: format!("{} {} {}", norms::pretty(&study.nerve), norms::short(study.recorded_from()), other_name(&study.nerve)),
    });
    let late = norms::late_responses().iter().filter_map(|late| {
        let (kind, name) = match late.kind.as_str() {
            "f_wave" => ("F wave", norms::pretty(late.nerve.as_deref().or(late.id.strip_prefix("f_"))?)),
            "h_reflex" => ("H reflex", norms::pretty(late.record_muscle.as_deref()?)),
            _ => return None,
        };
        Some(NerveChoice {
            id: late.id.clone(),
            name: format!("{name} {kind}"),
            kind: kind.into(),
            words: other_name(&name.to_lowercase()).into(),
        })
    });
    plain.chain(late).collect()
}

/// The other name of a nerve that has two.
fn other_name(nerve: &str) -> &'static str {
    if nerve.contains("fibular") { "peroneal" } else { "" }
}

/// Applies a change.
///
/// # Errors
/// A sentence when it refers to what is not there, or a value cannot be.
pub(super) fn apply(session: &mut Session, change: TypedEdit) -> Result<(), String> {
    match change {
        TypedEdit::Add { study, side, own } => {
            let id = session.edits.typed.iter().map(|typed| typed.id + 1).max().unwrap_or(0);
            if id >= MOST_TYPED_TESTS {
                return Err(format!("A study has at most {MOST_TYPED_TESTS} typed tests."));
            }
            let made = match (study, own) {
                (Some(study), _) => of_study(&study).ok_or("This study is not known.")?,
                (None, Some((kind, nerve, recorded_from))) => of_own(kind, &nerve, &recorded_from)?,
                (None, None) => return Err("Say which nerve.".into()),
            };
            session.edits.typed.push(TypedTest { id, side, ..made });
        }
        TypedEdit::Value { test, site, column, value } => {
            if let Some(value) = value.filter(|value| !column.range().contains(value)) {
                let range = column.range();
                return Err(format!("{}: {value} does not lie between {} and {}.", column.name(), range.start(), range.end()));
            }
            let site = typed_site(session, test, site)?;
            match value {
                Some(value) => {
                    site.values.insert(column, value);
                    site.no_response = false;
                }
                None => {
                    site.values.remove(&column);
                }
            }
        }
        TypedEdit::NoResponse { test, site, on } => typed_site(session, test, site)?.no_response = on,
        TypedEdit::AddSite { test, name } => {
            let name = named(&name)?;
            let typed = typed(session, test)?;
            if typed.sites.len() >= MOST_TYPED_SITES {
                return Err(format!("A test has at most {MOST_TYPED_SITES} sites."));
            }
            typed.sites.push(TypedSite { name, ..TypedSite::default() });
        }
        TypedEdit::Remove { test } => {
            typed(session, test)?;
            session.edits.typed.retain(|typed| typed.id != test);
        }
    }
    Ok(())
}

fn typed(session: &mut Session, id: u32) -> Result<&mut TypedTest, String> {
    session.edits.typed.iter_mut().find(|typed| typed.id == id).ok_or_else(|| "This test is no longer there.".into())
}

fn typed_site(session: &mut Session, id: u32, site: usize) -> Result<&mut TypedSite, String> {
    typed(session, id)?.sites.get_mut(site).ok_or_else(|| "This site is no longer there.".into())
}

fn named(name: &str) -> Result<String, String> {
    let name = name.trim();
    match name.chars().count() {
        0 => Err("A name is missing.".into()),
        1..=LONGEST_NAME => Ok(name.to_owned()),
        _ => Err(format!("A name has at most {LONGEST_NAME} characters.")),
    }
}

fn of_own(kind: TestKind, nerve: &str, recorded_from: &str) -> Result<TypedTest, String> {
    if !matches!(kind, TestKind::Motor | TestKind::Sensory | TestKind::FWave | TestKind::HReflex) {
        return Err("Values of this kind of test cannot be typed.".into());
    }
    let sites = vec![TypedSite { name: "Distal".into(), ..TypedSite::default() }];
    let recorded_from = recorded_from.trim().chars().take(LONGEST_NAME).collect();
    // No study of the clinic: no limits are guessed for it.
    Ok(TypedTest { kind, nerve: named(nerve)?, recorded_from, sites, study: Some(String::new()), ..TypedTest::default() })
}

fn of_study(id: &str) -> Option<TypedTest> {
    if let Some(study) = norms::by_id(id) {
        let mm = |cm: Option<f64>| cm.map(|cm| 10.0 * cm);
        let site = |name: String, distance_mm| TypedSite { name, distance_mm, ..TypedSite::default() };
        let mut sites: Vec<TypedSite> = study.sites.iter().map(|of| site(norms::pretty(&of.id), mm(of.distance_cm))).collect();
        if sites.is_empty() {
            sites.push(site(norms::pretty(study.stim_site.as_deref().unwrap_or("distal")), mm(study.distance_cm)));
        }
        return Some(TypedTest {
            kind: study.test_kind(),
            study: Some(study.id.clone()),
            nerve: norms::pretty(&study.nerve),
            recorded_from: norms::short(study.recorded_from()),
            sites,
            ..TypedTest::default()
        });
    }
    let late = norms::late_responses().iter().find(|late| late.id == id)?;
    let kind = if late.kind == "f_wave" { TestKind::FWave } else { TestKind::HReflex };
    let nerve = late.nerve.as_deref().or(late.id.strip_prefix("f_")).unwrap_or_default();
    Some(TypedTest {
        kind,
        nerve: norms::pretty(nerve),
        recorded_from: late.record_muscle.as_deref().map(norms::pretty).unwrap_or_default(),
        sites: vec![TypedSite { name: "Distal".into(), ..TypedSite::default() }],
        ..TypedTest::default()
    })
}
