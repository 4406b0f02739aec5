//! The studies of the clinic: nerve, recording, sites, distances.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::model::TestKind;

/// One study, as its source describes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct StudyDef {
    /// Name in the rows of limits.
    pub id: String,
    /// `motor`, `sensory`, `mixed`.
    pub kind: String,
    /// Name for people.
    pub name: String,
    /// Nerve (`superficial_fibular`).
    pub nerve: String,
    /// Muscle recorded from.
    pub record_muscle: Option<String>,
    /// Skin site recorded from.
    pub record_site: Option<String>,
    /// Where a sensory nerve is stimulated.
    pub stim_site: Option<String>,
    /// Distance of a sensory study, cm.
    pub distance_cm: Option<f64>,
    /// Stimulation sites of a motor study, distal first.
    #[serde(default, rename = "site")]
    pub sites: Vec<SiteDef>,
    /// What goes wrong with it.
    #[serde(default)]
    pub pitfalls: Vec<String>,
    /// Keys of its sources.
    pub source: Vec<String>,
    /// `primary`, `secondary` or `recall`.
    pub verified: String,
    /// A remark.
    #[serde(default)]
    pub note: String,
}

/// One stimulation site.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SiteDef {
    /// Name in segments (`below_elbow`).
    pub id: String,
    /// Name for people.
    pub label: String,
    /// Distance to the recording electrode, cm, where it is fixed.
    pub distance_cm: Option<f64>,
}

impl StudyDef {
    /// Kind of test.
    pub fn test_kind(&self) -> TestKind {
        if self.kind == "motor" { TestKind::Motor } else { TestKind::Sensory }
    }

    /// What it is recorded from: the muscle, else the skin site.
    pub fn recorded_from(&self) -> &str {
        self.record_muscle.as_deref().or(self.record_site.as_deref()).unwrap_or_default()
    }

    /// Distance between the recording electrode and the distal stimulation site, mm.
    pub fn distal_mm(&self) -> Option<f64> {
        self.distance_cm.or(self.sites.first()?.distance_cm).map(|cm| 10.0 * cm)
    }
}

#[derive(Deserialize)]
struct Source {
    id: String,
    cite: String,
}

/// All studies.
pub fn studies() -> &'static [StudyDef] {
    static ALL: OnceLock<Vec<StudyDef>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(include_str!("data/studies.json")).unwrap_or_default())
}

/// A study by its id.
pub fn by_id(id: &str) -> Option<&'static StudyDef> {
    studies().iter().find(|study| study.id == id)
}

/// Where a key of a source is published; the key itself when it is not known.
pub fn citation(key: &str) -> &str {
    static ALL: OnceLock<Vec<Source>> = OnceLock::new();
    let all = ALL.get_or_init(|| serde_json::from_str(include_str!("data/sources.json")).unwrap_or_default());
    all.iter().find(|source| source.id == key).map_or(key, |source| &source.cite)
}

#[cfg(test)]
mod tests {
    use super::{by_id, citation, studies};

    #[test]
    fn all_rows_are_read() {
        assert!(studies().len() >= 39, "{}", studies().len());
        let ulnar = by_id("ulnar_motor_adm").unwrap();
        assert_eq!(ulnar.sites[2].id, "above_elbow");
        assert_eq!(ulnar.distal_mm(), Some(80.0));
        assert!(citation("chen_2016").contains("Muscle Nerve"));
        assert!(studies().iter().all(|study| study.source.iter().all(|key| citation(key) != key)), "every source is known");
    }
}
