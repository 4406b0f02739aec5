//! Limits that a laboratory computes from its own past values ([`plateau`](super::plateau)).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::judge::far;
use super::limits::{Bound, Limit, Person, published};
use super::measures::{conduction_values, late_study, late_values};
use super::own;
use super::plateau::{self, Plateau};
use super::rows::{Table, first, heading};
use super::studies::StudyDef;
use crate::model::{NerveTest, TestMeasurement};

pub use super::plateau::ENOUGH;

/// Largest table of past values, bytes, and most rows of it.
const MOST_BYTES: usize = 64 << 20;
const MOST_ROWS: usize = 1_000_000;
/// Points that a sorted curve is drawn with.
const POINTS: usize = 120;

/// One value of a past study.
#[derive(Debug, Clone, PartialEq)]
pub struct PastValue {
    /// Study (`median_motor_apb`).
    pub study: String,
    /// Measure (`onset_latency`).
    pub measure: String,
    /// Unit of the tables of limits (`m_per_s`).
    pub unit: String,
    /// Of a motor velocity.
    pub segment: Option<String>,
    /// Of an amplitude.
    pub amp_kind: Option<String>,
    /// The value.
    pub value: f64,
    /// Whoever it is of: values of one person count as one. Never shown.
    pub person: String,
    /// Age, years.
    pub age_years: Option<f64>,
    /// Female; `None` when not known.
    pub female: Option<bool>,
}

/// How people are divided.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Division {
    /// Ages, both ends included, years; empty: all together.
    pub ages: Vec<[f64; 2]>,
    /// Women and men apart.
    pub sexes: bool,
}

impl Division {
    /// Reads `20-44, 45-64`: ages with both ends; nothing: no division.
    ///
    /// # Errors
    /// What is wrong, with an example.
    pub fn ages(text: &str) -> Result<Vec<[f64; 2]>, String> {
        let mut out: Vec<[f64; 2]> = Vec::new();
        for part in text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
            let ends = part.split_once(['-', '\u{2013}']).map(|(from, to)| (from.trim().parse(), to.trim().parse()));
            let Some((Ok(from), Ok(to))) = ends else {
                return Err(format!("'{part}' is no range of ages; they are written so: 20-44, 45-64"));
            };
            if !(0.0_f64..=120.0).contains(&from) || !(from..=120.0).contains(&to) {
                return Err(format!("ages {part}: they go up, from 0 to 120"));
            }
            if out.iter().any(|[a, b]| from <= *b && to >= *a) {
                return Err(format!("ages {part} are in two ranges"));
            }
            out.push([from, to]);
        }
        Ok(out)
    }
}

/// What the values of one measure come to, in one division.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// Study, measure, unit, segment, kind of amplitude, bound, ages and sex: the limit, as a row of a
    /// laboratory's table. Its value is 0 where nothing was found.
    pub row: Limit,
    /// People.
    pub n: usize,
    /// What was found, or why not.
    pub found: Result<Plateau, String>,
    /// The published limit for all people, where there is one.
    pub published: Option<f64>,
    /// The values, sorted, thinned for drawing.
    pub curve: Vec<f64>,
}

/// Values of one test for the limits of its study, left out (`false` beside it) where a distance
/// or a cold limb makes them another measure.
pub fn of_test(
    study: Option<&StudyDef>,
    test: &NerveTest,
    measured: &TestMeasurement,
    cold: bool,
    person: &Person,
    who: &str,
) -> Vec<(PastValue, bool)> {
    let past = |study: &str, measure: &str, unit: &str, value: f64| PastValue {
        study: study.to_owned(),
        measure: measure.to_owned(),
        unit: unit.to_owned(),
        segment: None,
        amp_kind: None,
        value,
        person: who.to_owned(),
        age_years: person.age_years,
        female: person.female,
    };
    let has_limits = |study: &str, measure: &str| published().rows.iter().any(|row| row.study == study && row.measure == measure);
    let mut out = Vec::new();
    if let Some(study) = study {
        let far = far(study, test).is_some();
        for value in conduction_values(study, test, measured) {
            // What nobody publishes limits of is of no use as one.
            if !has_limits(&study.id, value.measure) || (value.amp_kind == Some("peak_peak") && study.kind == "motor") {
                continue;
            }
            if value.measure == "conduction_velocity" && value.segment.is_none() && study.kind == "motor" {
                continue;
            }
            let late = value.measure.ends_with("latency");
            let one = PastValue {
                segment: value.segment,
                amp_kind: value.amp_kind.filter(|_| study.kind != "motor").map(str::to_owned),
                ..past(&study.id, value.measure, value.unit, value.value)
            };
            out.push((one, !(cold || late && far)));
        }
    } else if let Some(study) = late_study(test) {
        let values = late_values(measured).into_iter().filter(|(measure, _)| has_limits(&study, measure));
        out.extend(values.map(|(measure, value)| (past(&study, measure, "ms", value), !cold)));
    }
    out
}

/// Whether a text begins like a table of past values: one value a row, and no bound.
pub fn is_table(text: &str) -> bool {
    let head = heading(text).to_lowercase();
    let columns: Vec<&str> = head.split([',', ';', '\t']).map(str::trim).collect();
    ["study", "measure", "unit", "value", "person"].iter().all(|column| columns.contains(column)) && !columns.contains(&"bound")
}

/// Reads a table of past values ([docs/limits.md]); what is wrong with a row is said in the second value.
///
/// # Errors
/// A sentence where nothing of it can be used.
pub fn read(text: &str, source: &str) -> Result<(Vec<PastValue>, Vec<String>), String> {
    if text.len() > MOST_BYTES {
        return Err(format!("{} MB are too many; the most is {} MB: divide the table", text.len() >> 20, MOST_BYTES >> 20));
    }
    let table = Table::open(text).map_err(|error| format!("the heading cannot be read: {error}"))?;
    let comma = table.comma;
    let (values, problems) = table.rows(MOST_ROWS, |of| value(&|column: &str| of.cell(column), comma, source));
    if values.is_empty() {
        return Err(format!("no row of it can be used.{}", first(&problems)));
    }
    Ok((values, problems))
}

fn value<'a>(cell: &impl Fn(&str) -> &'a str, comma: bool, source: &str) -> Result<PastValue, String> {
    let own::Subject { study, measure, unit, segment, amp_kind } = own::subject(cell)?;
    let number = |of: &str| own::number(cell(of), of, comma);
    let value = number("value")?.filter(|value| *value > 0.0).ok_or("there is no value above 0")?;
    let person = Some(cell("person")).filter(|person| !person.is_empty()).ok_or("nothing says whose value it is (column 'person')")?;
    let age_years = number("age")?.filter(|age| (0.0..=120.0).contains(age));
    let female = own::sex(cell("sex"))?.map(|sex| sex == "female");
    Ok(PastValue {
        study,
        measure,
        unit: unit.to_owned(),
        segment,
        amp_kind,
        value,
        person: format!("{source}: {person}"),
        age_years,
        female,
    })
}

/// What all values together come to: for every measure, in every division, in the order of the names.
pub fn compute(values: &[PastValue], division: &Division) -> Vec<Computed> {
    type Key<'a> = (&'a str, &'a str, Option<&'a str>, Option<&'a str>, usize, Option<bool>);
    let mut groups: BTreeMap<Key, (&PastValue, BTreeMap<&str, Vec<f64>>)> = BTreeMap::new();
    for value in values.iter().filter(|value| value.value.is_finite()) {
        let ages = if division.ages.is_empty() {
            0
        } else {
            // Years until the birthday belong to the age before it.
            let fits = |[from, to]: &[f64; 2]| value.age_years.is_some_and(|age| age >= *from && age < to + 1.0);
            let Some(at) = division.ages.iter().position(fits) else { continue };
            at
        };
        let female = if division.sexes {
            let Some(female) = value.female else { continue };
            Some(female)
        } else {
            None
        };
        let key = (value.study.as_str(), value.measure.as_str(), value.segment.as_deref(), value.amp_kind.as_deref(), ages, female);
        let group = groups.entry(key).or_insert_with(|| (value, BTreeMap::new()));
        group.1.entry(&value.person).or_default().push(value.value);
    }
    groups.into_iter().filter_map(|((.., ages, female), (of, people))| one(of, &people, division.ages.get(ages), female)).collect()
}

fn one(of: &PastValue, people: &BTreeMap<&str, Vec<f64>>, ages: Option<&[f64; 2]>, female: Option<bool>) -> Option<Computed> {
    let bound = published().rows.iter().find(|row| row.measure == of.measure)?.bound;
    // Both sides of a person are one value: they resemble each other.
    let mut sorted: Vec<f64> = people.values().map(|values| values.iter().sum::<f64>() / values.len().max(1) as f64).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let found = plateau::plateau(&sorted, bound == Bound::Upper, of.measure == "amplitude");
    let same = |row: &&Limit| {
        row.study == of.study
            && row.measure == of.measure
            && row.segment == of.segment
            && row.amp_kind == of.amp_kind
            && row.unit == of.unit
    };
    let everybody = |row: &&Limit| row.sex.is_none() && row.age_min.is_none() && row.height_min_cm.is_none() && row.height_max_cm.is_none();
    let note = match &found {
        Ok(found) if found.n < ENOUGH => format!("{} people: fewer than {ENOUGH}, uncertain", found.n),
        Ok(found) => format!("{} people", found.n),
        Err(_) => String::new(),
    };
    let row = Limit {
        id: format!("own_{}_{}", of.study, of.measure),
        profile: String::new(),
        study: of.study.clone(),
        measure: of.measure.clone(),
        unit: of.unit.clone(),
        bound,
        value: found.as_ref().map_or(0.0, |found| rounded(found.limit, &of.unit)),
        segment: of.segment.clone(),
        amp_kind: of.amp_kind.clone(),
        sex: female.map(|female| if female { "female" } else { "male" }.to_owned()),
        age_min: ages.map(|ages| ages[0]),
        age_max: ages.map(|ages| ages[1]),
        height_min_cm: None,
        height_max_cm: None,
        source: vec!["computed from past studies (extrapolated norms)".into()],
        confidence: "medium".into(),
        // Nobody has held it against healthy people.
        verified: "recall".into(),
        note,
    };
    let step = (sorted.len() / POINTS).max(1);
    let published = published().rows.iter().filter(same).find(everybody).map(|row| row.value);
    Some(Computed { row, n: sorted.len(), found, published, curve: sorted.into_iter().step_by(step).collect() })
}

/// As limits are written: latencies to 0.05, velocities to 1, amplitudes to two digits.
fn rounded(value: f64, unit: &str) -> f64 {
    let to = |step: f64| (value / step).round() * step;
    let clean = |value: f64| (value * 1e6).round() / 1e6;
    clean(match unit {
        "ms" => to(0.05),
        "mV" | "uV" if value < 10.0 => to(0.1),
        _ => to(1.0),
    })
}

/// Limits that were found as a laboratory's table.
pub fn table(name: &str, studies: usize, computed: &[&Computed]) -> String {
    let rows: Vec<&Limit> = computed.iter().filter(|computed| computed.found.is_ok()).map(|computed| &computed.row).collect();
    let remark = format!("Computed from {studies} past studies by extrapolated norms; not verified on healthy people. See docs/limits.md");
    own::write(name, &[&remark], &rows)
}
