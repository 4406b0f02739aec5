//! The common fibular nerve at the head of the fibula (rules `fibular_head`, `foot_drop_split`).

use crate::model::Side;

use super::evidence::{MotorStudy, Muscle, letter};
use super::reader::{Reader, conclusion, seen, study_name};
use super::{Certainty, Reason, Severity, stage};

/// Studies.
const MOTOR: [&str; 2] = ["fibular_motor_edb", "fibular_motor_ta"];
/// Muscles below the knee.
const LEG: [&str; 7] = [
    "tibialis_anterior",
    "extensor_digitorum_longus",
    "extensor_hallucis_longus",
    "fibularis_tertius",
    "extensor_digitorum_brevis",
    "fibularis_longus",
    "fibularis_brevis",
];
/// Muscles that a lesion at the knee leaves alone, and what their loss would mean instead.
const BEYOND: [(&str, &str); 6] = [
    ("biceps_femoris_short", "the sciatic nerve or above"),
    ("tibialis_posterior", "L5, the sciatic nerve or the plexus"),
    ("flexor_digitorum_longus", "L5, the sciatic nerve or the plexus"),
    ("gluteus_medius", "a root or the plexus"),
    ("tensor_fasciae_latae", "a root or the plexus"),
    ("lumbosacral_paraspinal_low", "a root"),
];

impl Reader<'_> {
    /// Fibular neuropathy of one leg, where conduction shows it at the knee.
    pub fn fibular(&mut self, side: Side) {
        let evidence = self.evidence;
        let rule = "fibular_head";
        let motors: Vec<&MotorStudy> = MOTOR.iter().filter_map(|study| evidence.motor_of(study, side)).collect();
        let (mut reasons, mut lost) = (Vec::new(), 0.0_f64);
        for motor in &motors {
            let Some(knee) = motor.piece("below_fibular_head-popliteal") else { continue };
            let name = study_name(&motor.study);
            // The 97th centile of healthy people for the EDB; Katirji's figure for the tibialis anterior.
            let most =
                Self::limit(rule, if motor.study == "fibular_motor_ta" { "amp_drop_percent_katirji" } else { "amp_drop_percent_97th" });
            let mut say = |words: String| reasons.push(Reason::new(rule, words).about(&motor.study, side));
            if let Some(drop) = knee.drop_percent.filter(|drop| *drop > most) {
                lost = lost.max(drop / 100.0);
                say(format!("{name} {}: amplitude falls by {drop:.0} % across the head of the fibula (limit {most:.0} %)", letter(side)));
            }
            let leg = motor.piece("ankle-below_fibular_head").and_then(|piece| piece.velocity_m_per_s);
            let slower = leg.zip(knee.velocity_m_per_s).map(|(leg, knee)| leg - knee);
            if let Some(slower) = slower.filter(|slower| *slower > Self::limit(rule, "cv_drop_m_per_s")) {
                say(format!(
                    "{name} {}: {slower:.0} m/s slower across the head of the fibula than in the leg (limit {:.0} m/s)",
                    letter(side),
                    Self::limit(rule, "cv_drop_m_per_s")
                ));
            }
        }
        if reasons.is_empty() {
            return;
        }
        let ill: Vec<&Muscle> = LEG.iter().filter_map(|id| evidence.muscle_of(id, side)).filter(|muscle| muscle.row.neurogenic()).collect();
        let sensory = evidence.sensory_of("superficial_fibular", side);
        let left = motors.iter().map(|motor| motor.left()).fold(1.0, f64::min);
        let mut out = conclusion("fibular_neuropathy", letter(side), "common fibular nerve at fibular head/neck");
        out.place = Some("fibular_head".into());
        let axons = left < 1.0
            || sensory.is_some_and(|sensory| sensory.low())
            || ill.iter().any(|muscle| muscle.row.denervation() >= 2 || muscle.row.rebuilt());
        let block = 100.0 * lost >= Self::limit("cb_aaem_fibular_head", "probable_amp_percent");
        out.pathophysiology = match (block, axons) {
            (true, _) => "conduction_block",
            (false, true) => "mixed",
            (false, false) => "demyelinating",
        }
        .into();
        // No published grade: by the share of the response that does not pass, in thirds, or that is lost.
        let blocked = match lost {
            lost if lost > 2.0 / 3.0 => Severity::Severe,
            lost if lost > 1.0 / 3.0 => Severity::Moderate,
            _ => Severity::Mild,
        };
        out.severity = blocked.max(stage::of_share(left)).max(stage::of_muscles(ill.iter().copied()));
        out.chronicity = stage::of_denervation(ill.iter().copied(), self.case.onset_days).into();
        out.because = reasons;
        if let Some(sensory) = sensory {
            let words = if sensory.low() { "low or absent: loss of axons" } else { "normal" };
            out.because.push(
                Reason::new(rule, format!("{} {}: {words}", study_name(&sensory.study), letter(side))).about(&sensory.study, sensory.side),
            );
        }
        out.because.extend(ill.iter().map(|muscle| Reason::of_muscle("", muscle)));
        for (id, meaning) in BEYOND {
            let Some(muscle) = evidence.muscle_of(id, side) else { continue };
            if muscle.row.neurogenic() {
                out.against.push(format!("{}: {meaning}", seen(muscle)));
            } else {
                out.because.push(Reason::new("foot_drop_split", format!("{} {}: normal", muscle.def.name, letter(side))));
            }
        }
        if block {
            out.because.push(Reason::new(
                "prognosis_cmap",
                "the distal response is kept: fibres behind the block are in continuity, good prognosis for that part",
            ));
        }
        out.certainty =
            if out.because.iter().filter(|reason| reason.rule == rule).count() >= 2 { Certainty::Definite } else { Certainty::Probable };
        for id in MOTOR.iter().chain(&LEG).chain(&["superficial_fibular"]) {
            self.explain(side, id);
        }
        self.conclusions.push(out);
    }
}
