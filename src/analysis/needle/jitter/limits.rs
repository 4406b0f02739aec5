//! Upper limits of jitter by muscle, age and electrode, for voluntary activation.
//!
//! Single fibre electrode: Gilchrist et al., Muscle Nerve 1992;15:151-161, as tabulated by Bromberg
//! and Scott, Muscle Nerve 1994;17:820-821. Concentric needle: Stålberg et al., Muscle Nerve
//! 2016;53:351-362. Rows that were not read again in the source say so.

/// The electrode that a limit is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Electrode {
    /// Single fibre needle.
    SingleFibre,
    /// Concentric needle.
    Concentric,
}
use Electrode::{Concentric, SingleFibre};

impl Electrode {
    /// In the field's words.
    pub fn name(self) -> &'static str {
        match self {
            SingleFibre => "single fibre needle",
            Concentric => "concentric needle",
        }
    }

    /// Where its limits are published.
    pub fn source(self) -> &'static str {
        match self {
            SingleFibre => "Gilchrist 1992, Bromberg 1994",
            Concentric => "Stålberg 2016",
        }
    }
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Muscle, lower case with `_`.
    pub muscle: &'static str,
    /// Electrode.
    pub electrode: Electrode,
    /// First and last age in years; both 0: any age.
    pub ages: [u8; 2],
    /// Upper limit of the mean of about 20 pairs, microseconds.
    pub mean_us: f64,
    /// Upper limit of single pairs, microseconds; 1 of 10 pairs may exceed it.
    pub single_us: f64,
    /// Whether the figures were read again in the source.
    pub verified: bool,
}

/// Limits for a muscle (as it is named in a recording) at an age, one an electrode at most. Limits by age need the age.
pub fn limits(muscle: &str, age_years: Option<f64>) -> Vec<Limit> {
    let name: String = muscle.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    let fits = |limit: &&Limit| {
        let words = |text: &str| text.split('_').filter(|word| !word.is_empty()).all(|word| name.split('_').any(|other| other == word));
        let short = limit.muscle == "extensor_digitorum_communis" && (words("edc") || words("extensor_digitorum"))
            || limit.muscle == "deltoid_middle" && words("deltoid")
            || limit.muscle == "abductor_digiti_minimi_hand" && words("adm");
        (words(limit.muscle) || short)
            && (limit.ages == [0, 0]
                || age_years.is_some_and(|age| age >= f64::from(limit.ages[0]) && age < f64::from(limit.ages[1]) + 1.0))
    };
    LIMITS.iter().filter(fits).copied().collect()
}

const fn row(muscle: &'static str, electrode: Electrode, from: u8, to: u8, mean_us: f64, single_us: f64, verified: bool) -> Limit {
    Limit { muscle, electrode, ages: [from, to], mean_us, single_us, verified }
}

static LIMITS: &[Limit] = &[
    row("frontalis", SingleFibre, 10, 19, 33.6, 49.7, true),
    row("frontalis", SingleFibre, 20, 29, 33.9, 50.1, true),
    row("frontalis", SingleFibre, 30, 39, 34.4, 51.3, true),
    row("frontalis", SingleFibre, 40, 49, 35.5, 53.5, true),
    row("frontalis", SingleFibre, 50, 59, 37.3, 57.5, true),
    row("frontalis", SingleFibre, 60, 69, 40.0, 63.9, true),
    row("frontalis", SingleFibre, 70, 79, 43.8, 74.1, true),
    row("orbicularis_oculi", SingleFibre, 10, 19, 39.8, 54.6, true),
    row("orbicularis_oculi", SingleFibre, 20, 29, 39.8, 54.7, true),
    row("orbicularis_oculi", SingleFibre, 30, 39, 40.0, 54.7, true),
    row("orbicularis_oculi", SingleFibre, 40, 49, 40.4, 54.8, true),
    row("orbicularis_oculi", SingleFibre, 50, 59, 40.9, 55.0, true),
    row("orbicularis_oculi", SingleFibre, 60, 69, 41.8, 55.3, true),
    row("orbicularis_oculi", SingleFibre, 70, 79, 43.0, 55.8, true),
    row("orbicularis_oris", SingleFibre, 10, 19, 34.7, 52.5, true),
    row("orbicularis_oris", SingleFibre, 20, 29, 34.7, 52.7, true),
    row("orbicularis_oris", SingleFibre, 30, 39, 34.9, 53.2, true),
    row("orbicularis_oris", SingleFibre, 40, 49, 35.3, 54.1, true),
    row("orbicularis_oris", SingleFibre, 50, 59, 36.0, 55.7, true),
    row("orbicularis_oris", SingleFibre, 60, 69, 37.0, 58.2, true),
    row("orbicularis_oris", SingleFibre, 70, 79, 38.3, 61.8, true),
    row("orbicularis_oris", SingleFibre, 80, 89, 40.2, 67.0, true),
    row("orbicularis_oris", SingleFibre, 90, 99, 42.5, 74.2, true),
    row("sternocleidomastoid", SingleFibre, 10, 19, 29.1, 45.4, false),
    row("sternocleidomastoid", SingleFibre, 20, 29, 29.3, 45.8, false),
    row("sternocleidomastoid", SingleFibre, 30, 39, 29.8, 46.8, false),
    row("sternocleidomastoid", SingleFibre, 40, 49, 30.8, 48.8, false),
    row("sternocleidomastoid", SingleFibre, 50, 59, 32.5, 52.4, false),
    row("sternocleidomastoid", SingleFibre, 60, 69, 34.9, 58.2, false),
    row("sternocleidomastoid", SingleFibre, 70, 79, 38.4, 62.3, false),
    row("deltoid_middle", SingleFibre, 10, 19, 32.9, 44.4, false),
    row("deltoid_middle", SingleFibre, 20, 29, 32.9, 44.5, false),
    row("deltoid_middle", SingleFibre, 30, 39, 32.9, 44.5, false),
    row("deltoid_middle", SingleFibre, 40, 49, 32.9, 44.6, false),
    row("deltoid_middle", SingleFibre, 50, 59, 33.0, 44.8, false),
    row("deltoid_middle", SingleFibre, 60, 69, 33.0, 45.1, false),
    row("deltoid_middle", SingleFibre, 70, 79, 33.1, 45.6, false),
    row("deltoid_middle", SingleFibre, 80, 89, 33.2, 46.1, false),
    row("deltoid_middle", SingleFibre, 90, 99, 33.3, 46.9, false),
    row("biceps_brachii", SingleFibre, 10, 19, 29.5, 45.2, false),
    row("biceps_brachii", SingleFibre, 20, 29, 29.6, 45.2, false),
    row("biceps_brachii", SingleFibre, 30, 39, 29.6, 45.4, false),
    row("biceps_brachii", SingleFibre, 40, 49, 29.8, 45.7, false),
    row("biceps_brachii", SingleFibre, 50, 59, 30.1, 46.2, false),
    row("biceps_brachii", SingleFibre, 60, 69, 30.5, 46.9, false),
    row("biceps_brachii", SingleFibre, 70, 79, 31.0, 48.0, false),
    row("extensor_digitorum_communis", SingleFibre, 10, 19, 34.9, 50.0, true),
    row("extensor_digitorum_communis", SingleFibre, 20, 29, 34.9, 50.1, true),
    row("extensor_digitorum_communis", SingleFibre, 30, 39, 35.1, 50.5, true),
    row("extensor_digitorum_communis", SingleFibre, 40, 49, 35.4, 51.3, true),
    row("extensor_digitorum_communis", SingleFibre, 50, 59, 35.9, 52.5, true),
    row("extensor_digitorum_communis", SingleFibre, 60, 69, 36.6, 54.4, true),
    row("extensor_digitorum_communis", SingleFibre, 70, 79, 37.7, 57.2, true),
    row("extensor_digitorum_communis", SingleFibre, 80, 89, 39.1, 61.1, true),
    row("extensor_digitorum_communis", SingleFibre, 90, 99, 40.9, 66.5, true),
    row("abductor_digiti_minimi_hand", SingleFibre, 10, 19, 44.4, 63.5, false),
    row("abductor_digiti_minimi_hand", SingleFibre, 20, 29, 44.7, 64.0, false),
    row("abductor_digiti_minimi_hand", SingleFibre, 30, 39, 45.2, 65.5, false),
    row("abductor_digiti_minimi_hand", SingleFibre, 40, 49, 46.4, 68.6, false),
    row("abductor_digiti_minimi_hand", SingleFibre, 50, 59, 48.2, 73.9, false),
    row("abductor_digiti_minimi_hand", SingleFibre, 60, 69, 51.0, 82.7, false),
    row("abductor_digiti_minimi_hand", SingleFibre, 70, 79, 54.8, 96.6, false),
    row("tibialis_anterior", SingleFibre, 10, 19, 49.4, 80.0, false),
    row("tibialis_anterior", SingleFibre, 20, 29, 49.3, 79.8, false),
    row("tibialis_anterior", SingleFibre, 30, 39, 49.2, 79.3, false),
    row("tibialis_anterior", SingleFibre, 40, 49, 48.9, 78.3, false),
    row("tibialis_anterior", SingleFibre, 50, 59, 48.5, 76.8, false),
    row("tibialis_anterior", SingleFibre, 60, 69, 47.9, 74.5, false),
    row("tibialis_anterior", SingleFibre, 70, 79, 47.0, 71.4, false),
    row("tibialis_anterior", SingleFibre, 80, 89, 45.8, 67.5, false),
    row("tibialis_anterior", SingleFibre, 90, 99, 44.3, 62.9, false),
    row("orbicularis_oculi", Concentric, 0, 0, 31.0, 45.0, true),
    row("frontalis", Concentric, 0, 0, 28.0, 38.0, true),
    row("extensor_digitorum_communis", Concentric, 0, 0, 30.0, 43.0, true),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_found_by_the_names_in_use_and_by_age() {
        let edc = limits("Right extensor digitorum communis", Some(35.0));
        assert_eq!(
            edc.iter().map(|limit| (limit.electrode, limit.single_us)).collect::<Vec<_>>(),
            [(SingleFibre, 50.5), (Concentric, 43.0)]
        );
        assert_eq!(limits("EDC", None).iter().map(|limit| limit.single_us).collect::<Vec<_>>(), [43.0]);
        assert_eq!(limits("Orbicularis oculi, left", Some(79.9)).len(), 2);
        assert!(limits("", Some(40.0)).is_empty() && limits("emg", Some(f64::NAN)).is_empty());
    }
}
