//! Conditions of a whole test that weaken its numbers: a cold limb, stimulation that was not
//! supramaximal, a distance that is missing or was typed in another unit.

use crate::model::{NerveTest, QualityFlag, QualityKind};

/// A limb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limb {
    /// Arm and hand.
    Upper,
    /// Leg and foot.
    Lower,
}

/// Lowest skin temperature that limits of normal assume, degrees Celsius, and where it is written.
/// Hand: AMA Guides 6th edition, Chen 2016 (re-read in a secondary source). Foot: Preston and
/// Shapiro (not re-read; laboratories use 30 to 32).
const WARM_C: [(Limb, f64, &str); 2] = [
    (Limb::Upper, 32.0, "hand at least 32 \u{b0}C (Chen 2016)"),
    (Limb::Lower, 30.0, "foot at least 30 \u{b0}C (Preston and Shapiro; unverified)"),
];
/// Growth between the two strongest stimuli from which on a response is not maximal: published
/// practice raises the current by 10 to 20 % beyond the maximum and sees no growth; below this
/// share growth is repeatability.
const STILL_GROWS: f64 = 0.05;

/// The limb of a nerve by its name; `None` for names that are not known.
pub fn limb(nerve: &str) -> Option<Limb> {
    let nerve = nerve.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| nerve.contains(word));
    if has(&["median", "ulnar", "radial", "musculocut", "axillary", "suprascap", "antebrach", "interosseous", "palmar"]) {
        Some(Limb::Upper)
    } else if has(&["tibial", "fibular", "peron", "sural", "saphen", "femoral", "plantar", "sciatic", "calcaneal"]) {
        Some(Limb::Lower)
    } else {
        None
    }
}

/// Says that the limb was cold.
pub fn cold_limb(test: &NerveTest) -> Option<QualityFlag> {
    let (celsius, limb) = (test.temperature_c?, limb(&test.nerve)?);
    let (_, least, words) = WARM_C.iter().find(|(of, _, _)| *of == limb)?;
    (celsius < *least).then(|| QualityFlag {
        kind: QualityKind::ColdLimb,
        what: format!(
            "Skin {celsius:.1} \u{b0}C is cold; limits assume {words}: latencies are longer, velocities lower and amplitudes larger than in a warm limb. Warm and repeat."
        ),
    })
}

/// Says that a response still grew with the strongest stimuli: `series` are (current in mA,
/// amplitude in microvolts) of one site, in any order.
pub fn submaximal(site: &str, series: &[(f64, f64)]) -> Option<QualityFlag> {
    let mut series: Vec<(f64, f64)> = series.iter().copied().filter(|(ma, uv)| ma.is_finite() && uv.is_finite()).collect();
    series.sort_by(|a, b| a.0.total_cmp(&b.0));
    let [.., (before_ma, before_uv), (last_ma, last_uv)] = series.as_slice() else { return None };
    let growth = last_uv / before_uv - 1.0;
    (last_ma > before_ma && *before_uv > 0.0 && growth > STILL_GROWS).then(|| QualityFlag {
        kind: QualityKind::Submaximal,
        what: format!(
            "{site}: the response still grew by {:.0} % from {before_ma:.1} to {last_ma:.1} mA: it may not be maximal.",
            100.0 * growth
        ),
    })
}

/// Says that distances are missing, where velocities would be expected.
pub fn missing_distance(test: &NerveTest, from_first: bool) -> Option<QualityFlag> {
    let missing: Vec<&str> = test
        .sites
        .iter()
        .skip(usize::from(!from_first))
        .filter(|site| site.distance_mm.is_none() && !site.sweeps.is_empty())
        .map(|site| site.name.as_str())
        .collect();
    (!missing.is_empty()).then(|| QualityFlag {
        kind: QualityKind::MissingDistance,
        what: format!("No distance for {}: there is no velocity without one.", missing.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::{cold_limb, submaximal};
    use crate::model::NerveTest;

    #[test]
    fn cold_limbs_are_named_with_their_limit() {
        let test = |nerve: &str, c: f64| NerveTest { nerve: nerve.into(), temperature_c: Some(c), ..NerveTest::default() };
        assert!(cold_limb(&test("Median", 29.0)).unwrap().what.contains("32"));
        assert!(cold_limb(&test("Median", 32.5)).is_none());
        assert!(cold_limb(&test("Common fibular", 31.0)).is_none());
        assert!(cold_limb(&test("Sural", 28.0)).is_some());
        assert!(cold_limb(&test("Facial", 28.0)).is_none(), "no limit is known for the face");
    }

    #[test]
    fn growth_at_the_end_of_a_series_is_submaximal() {
        assert!(submaximal("Wrist", &[(10.0, 2000.0), (30.0, 8000.0), (20.0, 6000.0)]).is_some());
        assert!(submaximal("Wrist", &[(20.0, 7900.0), (30.0, 8000.0)]).is_none());
        assert!(submaximal("Wrist", &[(20.0, 7900.0)]).is_none());
        assert!(submaximal("Wrist", &[(20.0, 7000.0), (20.0, 8000.0)]).is_none(), "one current twice is no series");
    }
}
