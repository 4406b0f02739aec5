//! Limits by study and person.

use std::sync::{Arc, OnceLock};

use serde::Deserialize;

/// The published profile in use: the AANEM Normative Data Task Force with Buschbacher's manual.
const PUBLISHED: &str = "ndtf_busch";

/// One laboratory's technique and population.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// What it is called.
    pub name: String,
    pub(super) rows: Vec<Limit>,
}

impl Profile {
    /// How many limits it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Which side of a limit is abnormal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Values above it.
    Upper,
    /// Values below it.
    Lower,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Limit {
    /// Name of the row.
    pub id: String,
    /// Laboratory's technique and population.
    pub profile: String,
    /// Study.
    pub study: String,
    /// `onset_latency`, `amplitude`, `conduction_velocity`, ...
    pub measure: String,
    /// Unit (`ms`, `mV`, `uV`, `m_per_s`, `percent`, `ratio`).
    pub unit: String,
    /// Which side is abnormal.
    pub bound: Bound,
    /// The limit.
    pub value: f64,
    /// Segment (`wrist-antecubital`) of a velocity.
    pub segment: Option<String>,
    /// Sensory amplitudes: `onset_peak` or `peak_peak`.
    pub amp_kind: Option<String>,
    pub(super) sex: Option<String>,
    pub(super) age_min: Option<f64>,
    pub(super) age_max: Option<f64>,
    pub(super) height_min_cm: Option<f64>,
    pub(super) height_max_cm: Option<f64>,
    /// Keys of its sources.
    pub source: Vec<String>,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// `primary`, `secondary` or `recall`.
    pub verified: String,
    /// A remark.
    #[serde(default)]
    pub note: String,
}

/// What limits depend on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// Age, years.
    pub age_years: Option<f64>,
    /// Height, cm.
    pub height_cm: Option<f64>,
    /// From the crease of the knee to the medial malleolus, cm.
    pub leg_length_cm: Option<f64>,
    /// Female; `None` when not known.
    pub female: Option<bool>,
    /// The laboratory's own limits, which go before the published ones.
    pub own: Option<Arc<Profile>>,
}

impl Limit {
    fn is_stratum(&self) -> bool {
        self.sex.is_some() || self.age_min.is_some() || self.height_min_cm.is_some() || self.height_max_cm.is_some()
    }

    /// Whether the row is made for this person; a stratum of what is not known is not.
    fn applies(&self, person: &Person) -> bool {
        let sex = self.sex.as_deref().is_none_or(|sex| person.female == Some(sex == "female"));
        let age =
            self.age_min.is_none_or(|min| person.age_years.is_some_and(|age| age >= min && age < self.age_max.unwrap_or(f64::MAX) + 1.0));
        let low = self.height_min_cm.is_none_or(|min| person.height_cm.is_some_and(|cm| cm >= min));
        let high = self.height_max_cm.is_none_or(|max| person.height_cm.is_some_and(|cm| cm < max));
        sex && age && low && high
    }

    /// Whom it is made for (`women, 20 to 44 years`); empty: everybody.
    pub fn people(&self) -> String {
        let sex = self.sex.as_deref().map(|sex| if sex == "female" { "women" } else { "men" }.to_owned());
        let ages = match (self.age_min, self.age_max) {
            (Some(from), Some(to)) => Some(format!("{from} to {to} years")),
            (Some(from), None) => Some(format!("from {from} years on")),
            (None, Some(to)) => Some(format!("up to {to} years")),
            (None, None) => None,
        };
        sex.into_iter().chain(ages).collect::<Vec<_>>().join(", ")
    }

    /// Whether its figure was not read again in its source, or is doubtful.
    pub fn unverified(&self) -> bool {
        unverified(&self.verified, &self.confidence)
    }
}

fn unverified(verified: &str, confidence: &str) -> bool {
    verified == "recall" || confidence == "low"
}

/// The published limits in use.
pub fn published() -> &'static Profile {
    static ALL: OnceLock<Profile> = OnceLock::new();
    ALL.get_or_init(|| {
        let all: Vec<Limit> = serde_json::from_str(include_str!("data/limits.json")).unwrap_or_default();
        Profile {
            name: "AANEM Normative Data Task Force, Buschbacher".into(),
            rows: all.into_iter().filter(|row| row.profile == PUBLISHED).collect(),
        }
    })
}

/// The limits of a study for a person: of rows for the same measure a stratum that fits goes before
/// the pooled one. All are of one profile: the laboratory's own where it has the study, else the
/// published one.
pub fn limits<'a>(study: &str, person: &'a Person) -> Vec<&'a Limit> {
    let own = person.own.as_deref().filter(|own| own.rows.iter().any(|row| row.study == study));
    let profile = own.unwrap_or(published());
    let rows: Vec<&Limit> = profile.rows.iter().filter(|row| row.study == study && row.applies(person)).collect();
    let same = |a: &Limit, b: &Limit| (&a.measure, &a.segment, &a.amp_kind) == (&b.measure, &b.segment, &b.amp_kind);
    let superseded = |row: &Limit| !row.is_stratum() && rows.iter().any(|other| other.is_stratum() && same(row, other));
    rows.iter().copied().filter(|row| !superseded(row)).collect()
}

/// A limit of the difference between the sides.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SideToSide {
    /// Study.
    pub study: String,
    /// Measure.
    pub measure: String,
    /// Unit; `percent_drop`: of the larger side.
    pub unit: String,
    /// The limit.
    pub limit: f64,
    age_min: Option<f64>,
    age_max: Option<f64>,
    /// Keys of its sources.
    pub source: Vec<String>,
    /// `primary`, `secondary` or `recall`.
    pub verified: String,
    /// `high`, `medium` or `low`.
    pub confidence: String,
}

impl SideToSide {
    /// Whether its figure was not read again in its source, or is doubtful.
    pub fn unverified(&self) -> bool {
        unverified(&self.verified, &self.confidence)
    }
}

/// Side-to-side limits of a study for a person; a row for an age goes before one for all.
pub fn side_to_side(study: &str, person: &Person) -> Vec<&'static SideToSide> {
    static ALL: OnceLock<Vec<SideToSide>> = OnceLock::new();
    let all = ALL.get_or_init(|| serde_json::from_str(include_str!("data/side_to_side.json")).unwrap_or_default());
    let fits = |row: &SideToSide| {
        row.age_min.is_none_or(|min| person.age_years.is_some_and(|age| age >= min && age < row.age_max.unwrap_or(f64::MAX) + 1.0))
    };
    let mut out: Vec<&SideToSide> = Vec::new();
    for row in all.iter().filter(|row| row.study == study && fits(row)) {
        match out.iter_mut().find(|other| other.measure == row.measure && other.unit == row.unit) {
            Some(other) if row.age_min.is_some() => *other = row,
            Some(_) => {}
            None => out.push(row),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Bound, Person, limits, published, side_to_side};

    fn latency(person: &Person) -> f64 {
        let rows = limits("median_motor_apb", person);
        let found: Vec<_> = rows.iter().filter(|row| row.measure == "onset_latency").collect();
        assert_eq!(found.len(), 1, "one row a measure");
        found[0].value
    }

    #[test]
    fn strata_go_before_the_pooled_row_and_only_when_they_fit() {
        assert!(published().len() >= 140, "{}", published().len());
        assert!(latency(&Person::default()) > 4.49 && latency(&Person::default()) < 4.51);
        let person = |age: f64, female: bool| Person { age_years: Some(age), female: Some(female), ..Person::default() };
        assert!((latency(&person(30.0, false)) - 4.6).abs() < 1e-9);
        assert!((latency(&person(49.5, false)) - 4.6).abs() < 1e-9, "49 years until the birthday");
        assert!((latency(&person(60.0, true)) - 4.4).abs() < 1e-9);
        assert!((latency(&person(85.0, true)) - 4.5).abs() < 1e-9, "no stratum above 79: the pooled row");
    }

    #[test]
    fn bounds_and_sides() {
        let nobody = Person::default();
        let rows = limits("median_motor_apb", &nobody);
        let velocity = rows.iter().find(|row| row.measure == "conduction_velocity").unwrap();
        assert_eq!((velocity.bound, velocity.segment.as_deref()), (Bound::Lower, Some("wrist-antecubital")));
        assert!(side_to_side("median_motor_apb", &Person::default()).iter().any(|row| row.measure == "onset_latency"));
        let old = Person { age_years: Some(70.0), ..Person::default() };
        let h = |person| side_to_side("h_soleus", person).iter().find(|row| row.measure == "h_latency").unwrap().limit;
        assert!(h(&old) < 1.81 && h(&Person::default()) > 1.99, "the pooled row comes first, a row for an age goes before it");
    }
}
