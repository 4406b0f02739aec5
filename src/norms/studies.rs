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
    /// Customary filters, Hz.
    #[serde(default, rename = "filters_Hz")]
    pub filters_hz: Vec<f64>,
    /// Customary gain, mV a division.
    #[serde(rename = "gain_mV_per_div")]
    pub gain_mv: Option<f64>,
    /// Customary gain of a small potential, uV a division.
    #[serde(rename = "gain_uV_per_div")]
    pub gain_uv: Option<f64>,
    /// Customary sweep, ms a division.
    #[serde(rename = "sweep_ms_per_div")]
    pub sweep_ms: Option<f64>,
    /// Customary width of the stimulus, ms.
    #[serde(rename = "stim_duration_ms")]
    pub width_ms: Option<f64>,
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
        self.distance_cm.or_else(|| self.sites.first()?.distance_cm).map(|cm| 10.0 * cm)
    }
}

/// How a late response is looked for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LateDef {
    /// Its id.
    pub id: String,
    /// `f_wave`, `h_reflex`, `blink_reflex`.
    pub kind: String,
    /// The motor study whose electrodes it shares.
    pub parent: Option<String>,
    /// Nerve.
    pub nerve: Option<String>,
    /// Muscle recorded from.
    pub record_muscle: Option<String>,
    /// Where and how it is stimulated.
    pub stim: Option<String>,
    /// Stimuli of a series.
    pub n_stimuli: Option<u16>,
    /// Stimuli a second.
    #[serde(rename = "rate_Hz")]
    pub rate_hz: Option<f64>,
    /// Customary gain, mV a division.
    #[serde(rename = "gain_mV_per_div")]
    pub gain_mv: Option<f64>,
    /// Customary sweep, ms a division.
    #[serde(rename = "sweep_ms_per_div")]
    pub sweep_ms: Option<f64>,
    /// Customary width of the stimulus, ms.
    #[serde(rename = "stim_duration_ms")]
    pub width_ms: Option<f64>,
}

/// All late responses.
pub fn late_responses() -> &'static [LateDef] {
    static ALL: OnceLock<Vec<LateDef>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(include_str!("data/late_responses.json")).unwrap_or_default())
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
        assert_eq!(by_id("sural").unwrap().distal_mm(), Some(140.0), "a sensory study has one site and no list");
        assert!(citation("chen_2016").contains("Muscle Nerve"));
        assert_eq!(super::late_responses().iter().filter(|late| late.kind == "f_wave" && late.parent.is_some()).count(), 4);
        assert!(studies().iter().all(|study| study.source.iter().all(|key| citation(key) != key)), "every source is known");
    }
}
