//! What looks like disease and is none, or hides it (rows `pit_*`, `inadequate_*`, `radic_screen_*` of the
//! reference), said as caveats.

use super::evidence::{MotorStudy, Muscle, letter};
use super::reader::{Reader, SIDES, study_name};

/// A proximal response larger than the distal one by more than this, per cent, was not made by the nerve alone.
const LARGER: f64 = -20.0;
/// Age from which the sural response may be absent in healthy people, years (row `pit_age_snap`).
const OLD_YEARS: f64 = 60.0;

impl Reader<'_> {
    /// Adds what has to be thought of with these values.
    pub fn pitfalls(&mut self) {
        self.larger_from_above();
        self.shoes();
        self.age();
        self.all_ulnar_hand();
        self.screened();
    }

    /// Rows `pit_costimulation`, `pit_submaximal`; fibular and crossing fibres have words of their own.
    fn larger_from_above(&mut self) {
        for motor in self.evidence.motor.iter().filter(|motor| motor.study != "fibular_motor_edb" && !self.crossed.contains(&motor.side)) {
            let Some(piece) = motor.pieces.iter().find(|piece| piece.drop_percent.is_some_and(|drop| drop < LARGER)) else { continue };
            let words = format!(
                "{} {}: larger by {:.0} % from {}: a neighbouring nerve stimulated too, or the distal stimulus not supramaximal",
                study_name(&motor.study),
                letter(motor.side),
                -piece.drop_percent.unwrap_or_default(),
                piece.segment.proximal.replace('_', " ")
            );
            let crossing = if motor.nerve == "median" { "; or fibres that cross to the ulnar nerve (Martin-Gruber)" } else { "" };
            self.caveats.push(format!("{words}{crossing}"));
        }
    }

    /// Row `pit_edb_atrophy`.
    fn shoes(&mut self) {
        for side in SIDES {
            let low = self.evidence.motor_of("fibular_motor_edb", side).is_some_and(MotorStudy::low);
            let sural = self.evidence.sensory_of("sural", side).is_some_and(|sural| !sural.abnormal());
            let shin = self.evidence.motor_of("fibular_motor_ta", side);
            let rest = self.evidence.muscle_of("tibialis_anterior", side).is_some_and(|muscle| muscle.row.neurogenic());
            if low && sural && !rest && shin.is_none_or(|shin| !shin.low()) {
                let next = if shin.is_none() { "; record the tibialis anterior" } else { "" };
                self.caveats.push(format!("EDB {} low, sural normal: wasting by footwear gives the same{next}", letter(side)));
            }
        }
    }

    /// Row `pit_age_snap`.
    fn age(&mut self) {
        let old = self.case.person.age_years.is_some_and(|age| age > OLD_YEARS);
        let foot =
            self.evidence.sensory.iter().any(|sensory| sensory.absent && matches!(sensory.study.as_str(), "sural" | "superficial_fibular"));
        if old && foot {
            self.caveats.push("above 60 to 75 years the sural and superficial fibular responses may be absent without disease".into());
        }
    }

    /// Row `pit_riche_cannieu`: the thenar muscles live though the median nerve's fibres of the fingers are gone.
    fn all_ulnar_hand(&mut self) {
        for side in SIDES {
            let gone = self.evidence.sensory_of("median_sensory_d2", side).is_some_and(|sensory| sensory.absent);
            let kept = self.evidence.motor_of("median_motor_apb", side).is_some_and(|motor| !motor.low() && !motor.late());
            if gone && kept {
                self.caveats.push(format!(
                    "median sensory response {} absent with a normal thenar response: fibres from the ulnar nerve (Riche-Cannieu)? Stimulate both nerves at the wrist",
                    letter(side)
                ));
            }
        }
    }

    /// Whether enough muscles were seen to leave a root out (rows `radic_screen_ls`, `radic_screen_cx`).
    fn screened(&mut self) {
        if self.conclusions.iter().any(|done| done.diagnosis.ends_with("_radic")) || self.evidence.muscles.is_empty() {
            return;
        }
        for (leg, rule, part) in [(false, "radic_screen_cx", "arm"), (true, "radic_screen_ls", "leg")] {
            for side in SIDES {
                let of_part = |muscle: &&Muscle| muscle.row.side == side && in_limb(muscle, leg);
                let seen = self.evidence.muscles.iter().filter(of_part).count();
                let back = self.evidence.muscles.iter().filter(of_part).any(|muscle| muscle.def.compartment == "paraspinal");
                let least = Self::limit(rule, if back { "n_muscles" } else { "without_paraspinal_n" });
                let ill = self.evidence.muscles.iter().filter(of_part).any(|muscle| muscle.row.neurogenic());
                if seen > 0 && !ill && (seen as f64) < least {
                    self.caveats.push(format!(
                        "{seen} muscle{} of the {part} {} examined: a root is left out with {least:.0} {} paraspinal muscles",
                        if seen == 1 { "" } else { "s" },
                        letter(side),
                        if back { "including" } else { "if without" }
                    ));
                }
            }
        }
    }
}

fn in_limb(muscle: &Muscle, leg: bool) -> bool {
    let region = muscle.def.region.as_str();
    let low = muscle.def.id.starts_with("lumb") || muscle.def.id.starts_with("sacral");
    match region {
        "spine" => low == leg && !muscle.def.id.starts_with("thoracic"),
        _ => {
            if leg {
                matches!(region, "hip" | "thigh" | "leg" | "foot")
            } else {
                matches!(region, "shoulder" | "arm" | "forearm" | "hand")
            }
        }
    }
}
