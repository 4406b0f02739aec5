//! Conduction block and temporal dispersion by published criteria.
//!
//! AAEM 1999 (Olney): amplitude and area fall by segment, with the rise of duration; figures of the
//! forearm, the leg, the fibular head and the elbow, recalled and not yet re-read in the paper, so
//! they are marked unverified. Other segments: the area rule of EFNS/PNS 2010 for multifocal motor
//! neuropathy, re-read in a secondary source. Temporal dispersion: duration rise above 30 %.
//! Nothing is interpolated for segments that the tables leave out.

use super::conditions::{Limb, limb};
use crate::model::Finding;

/// Fall and rise between a distal and a proximal response, percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Fall of the negative-peak amplitude.
    pub amp_drop_pct: f64,
    /// Fall of the negative-phase area.
    pub area_drop_pct: f64,
    /// Rise of the negative-phase duration.
    pub duration_increase_pct: f64,
    /// Amplitude of the distal response, microvolts.
    pub distal_uv: f64,
}

struct Limits {
    segment: &'static str,
    definite: [f64; 2],
    probable: [f64; 2],
}

/// Duration rises that the AAEM table allows for definite and probable block, percent.
const DURATION: [f64; 2] = [30.0, 60.0];
/// Duration rise of temporal dispersion, percent.
const DISPERSION: f64 = 30.0;
/// EFNS/PNS 2010: area falls of definite and probable block, percent, and least distal amplitude, uV.
const MMN: ([f64; 2], f64) = ([50.0, 30.0], 1000.0);

const ARM: Limits = Limits { segment: "forearm", definite: [50.0, 40.0], probable: [40.0, 30.0] };
const LEG: Limits = Limits { segment: "lower leg", definite: [60.0, 50.0], probable: [50.0, 40.0] };
const FIBULAR_HEAD: Limits = Limits { segment: "fibular head", definite: [50.0, 40.0], probable: [40.0, 30.0] };
const ELBOW: Limits = Limits { segment: "elbow", definite: [50.0, 40.0], probable: [40.0, 30.0] };

/// The row of the AAEM table for a segment, by the names of nerve and sites.
fn aaem(nerve: &str, distal: &str, proximal: &str) -> Option<&'static Limits> {
    let [nerve, distal, proximal] = [nerve, distal, proximal].map(str::to_lowercase);
    let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    let wrist = has(&distal, &["wrist", "hand"]);
    let below = |text: &str| has(text, &["below", "b.elbow", "be", "bfh"]) && !has(text, &["above"]);
    let above = |text: &str| has(text, &["above", "a.elbow", "ae", "pop", "knee", "afh"]);
    match () {
        () if nerve.contains("median") && wrist && has(&proximal, &["elbow", "antecub", "cubital"]) => Some(&ARM),
        () if nerve.contains("ulnar") && wrist && below(&proximal) => Some(&ARM),
        () if nerve.contains("ulnar") && below(&distal) && above(&proximal) => Some(&ELBOW),
        () if has(&nerve, &["fibular", "peron"]) && distal.contains("ankle") && has(&proximal, &["fib", "below", "knee"]) => Some(&LEG),
        () if has(&nerve, &["fibular", "peron"]) && has(&distal, &["fib", "below"]) && above(&proximal) => Some(&FIBULAR_HEAD),
        () if nerve.contains("tibial") && distal.contains("ankle") && has(&proximal, &["pop", "knee"]) => Some(&LEG),
        () => None,
    }
}

/// What the criteria say of a segment; `None`: nothing beyond the usual.
pub fn finding(nerve: &str, distal: &str, proximal: &str, change: Change) -> Option<Finding> {
    let Change { amp_drop_pct: amp, area_drop_pct: area, duration_increase_pct: duration, distal_uv } = change;
    if !(amp.is_finite() && area.is_finite() && duration.is_finite()) {
        return None;
    }
    let seen = format!("amplitude \u{2212}{amp:.0} %, area \u{2212}{area:.0} %, duration {duration:+.0} %");
    if let Some(limits) = aaem(nerve, distal, proximal) {
        let above = |[a, b]: [f64; 2]| amp > a && area > b;
        let either = |[a, b]: [f64; 2]| amp >= a || area >= b;
        let what = if above(limits.definite) && duration <= DURATION[0] {
            Some("Definite partial conduction block")
        } else if (either(limits.probable) && duration <= DURATION[0]) || (above(limits.definite) && duration <= DURATION[1]) {
            Some("Probable partial conduction block")
        } else {
            None
        };
        if let Some(what) = what {
            return Some(Finding {
                what: what.into(),
                why: format!(
                    "{seen}. AAEM 1999, {}: definite above {:.0} % amplitude and {:.0} % area with duration up to +{:.0} %; probable from {:.0} % or {:.0} %, or definite size with duration up to +{:.0} %. Supramaximal stimulation at both sites and a distal response of at least 20 % of the lower limit are required.",
                    limits.segment,
                    limits.definite[0],
                    limits.definite[1],
                    DURATION[0],
                    limits.probable[0],
                    limits.probable[1],
                    DURATION[1],
                ),
                source: "Olney 1999 (AAEM)".into(),
                verified: "recall".into(),
            });
        }
    } else if limb(nerve).is_some_and(|limb| limb == Limb::Upper || !nerve.to_lowercase().contains("tibial")) && distal_uv > MMN.1 {
        let what = match () {
            () if area >= MMN.0[0] && duration <= DISPERSION => Some("Definite motor conduction block"),
            () if area >= MMN.0[0] => Some("Probable motor conduction block"),
            () => None,
        };
        if let Some(what) = what {
            return Some(Finding {
                what: what.into(),
                why: format!(
                    "{seen}. EFNS/PNS 2010: area fall of at least {:.0} % (definite with duration up to +{DISPERSION:.0} %), distal response above 1 mV and 20 % of the lower limit.",
                    MMN.0[0]
                ),
                source: "EFNS/PNS 2010 (multifocal motor neuropathy)".into(),
                verified: "secondary".into(),
            });
        }
    }
    (duration > DISPERSION).then(|| Finding {
        what: "Temporal dispersion".into(),
        why: format!(
            "{seen}. Duration rises by more than {DISPERSION:.0} %; a fall of amplitude is then no proof of block (phase cancellation)."
        ),
        source: "EAN/PNS 2021, EFNS/PNS 2010".into(),
        verified: "secondary".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Change, finding};

    fn change(amp: f64, area: f64, duration: f64) -> Change {
        Change { amp_drop_pct: amp, area_drop_pct: area, duration_increase_pct: duration, distal_uv: 8000.0 }
    }

    #[test]
    fn the_table_of_the_forearm() {
        let of = |c| finding("Median", "Wrist", "Elbow", c).map(|f| f.what);
        assert_eq!(of(change(60.0, 55.0, 10.0)).unwrap(), "Definite partial conduction block");
        assert_eq!(of(change(45.0, 20.0, 10.0)).unwrap(), "Probable partial conduction block");
        assert_eq!(of(change(60.0, 55.0, 50.0)).unwrap(), "Probable partial conduction block");
        assert_eq!(of(change(60.0, 55.0, 90.0)).unwrap(), "Temporal dispersion");
        assert_eq!(of(change(20.0, 15.0, 5.0)), None);
        assert_eq!(of(change(f64::NAN, 15.0, 5.0)), None);
    }

    #[test]
    fn segments_have_their_own_limits() {
        let of = |nerve, a, b| finding(nerve, a, b, change(55.0, 45.0, 5.0)).map(|f| f.what);
        assert_eq!(of("Ulnar", "Below elbow", "Above elbow").unwrap(), "Definite partial conduction block");
        assert_eq!(of("Tibial", "Ankle", "Popliteal fossa").unwrap(), "Probable partial conduction block");
        assert_eq!(of("Fibular", "Ankle", "Below fibular head").unwrap(), "Probable partial conduction block");
        assert_eq!(of("Median", "Elbow", "Axilla"), None, "the table leaves the upper arm out: 45 % of area is no block there");
        assert_eq!(of("", "A", "B"), None);
    }
}
