//! The tibial nerve behind the medial malleolus. No row of the reference has criteria for it: responses of
//! the sole or of its muscles late, low or absent while the sural nerve and the extensors' nerve of that
//! foot are not is a convention of this program.

use crate::model::Side;

use super::evidence::{MotorStudy, Muscle, SensoryStudy, letter};
use super::reader::{Reader, beyond, conclusion, study_name};
use super::{Certainty, Reason, Severity, stage};

/// Mixed responses of the sole.
const SOLE: [&str; 2] = ["medial_plantar_mixed", "lateral_plantar_mixed"];
/// Motor studies of its muscles.
const MOTOR: [&str; 2] = ["tibial_motor_ah", "tibial_motor_adqp"];
/// Muscles behind the tunnel.
const FOOT: [&str; 3] = ["abductor_hallucis", "abductor_digiti_minimi_foot", "flexor_hallucis_brevis"];
/// Muscles of the nerve before the tunnel.
const CALF: [&str; 5] = ["tibialis_posterior", "flexor_digitorum_longus", "flexor_hallucis_longus", "gastrocnemius_medial", "soleus"];

impl Reader<'_> {
    /// Tibial neuropathy at the ankle of one foot, where conduction shows it.
    pub fn tarsal_tunnel(&mut self, side: Side) {
        let evidence = self.evidence;
        if self.diffuse.is_some() {
            return;
        }
        let sole: Vec<&SensoryStudy> =
            SOLE.iter().filter_map(|study| evidence.sensory_of(study, side)).filter(|study| study.abnormal()).collect();
        let motors: Vec<&MotorStudy> = MOTOR.iter().filter_map(|study| evidence.motor_of(study, side)).collect();
        let late: Vec<&&MotorStudy> = motors.iter().filter(|motor| motor.late()).collect();
        let sural = evidence.sensory_of("sural", side);
        let fibular = evidence.motor_of("fibular_motor_edb", side);
        // All nerves of the foot ill: not this one alone.
        let beside = sural.is_some_and(|sural| sural.abnormal()) || fibular.is_some_and(|fibular| fibular.low() || fibular.late());
        let above = CALF.iter().filter_map(|id| evidence.muscle_of(id, side)).any(|muscle| muscle.row.neurogenic());
        if (sole.is_empty() && late.is_empty()) || beside || above {
            return;
        }
        let ill: Vec<&Muscle> =
            FOOT.iter().filter_map(|id| evidence.muscle_of(id, side)).filter(|muscle| muscle.row.neurogenic()).collect();
        let low = motors.iter().any(|motor| motor.low());
        // The sole's responses are often missing in healthy feet: alone they are no pattern.
        if late.is_empty() && !low && ill.is_empty() {
            self.loose.extend(sole.iter().map(|study| format!("{} {}: low, late or absent", study_name(&study.study), letter(side))));
            return;
        }
        let mut out = conclusion("tarsal_tunnel", letter(side), "tibial nerve at ankle");
        out.place = Some("tarsal_tunnel".into());
        let axons = low || !ill.is_empty() || sole.iter().any(|study| study.low());
        out.pathophysiology = match (late.is_empty(), axons) {
            (false, false) => "demyelinating",
            (false, true) => "mixed",
            _ => "axonal",
        }
        .into();
        let left = motors.iter().map(|motor| motor.left()).fold(1.0, f64::min);
        out.severity = stage::of_share(left).max(stage::of_muscles(ill.iter().copied())).max(Severity::Mild);
        out.chronicity = stage::of_denervation(ill.iter().copied(), self.case.onset_days).into();
        for motor in &motors {
            out.because.extend(
                motor.latency.iter().filter(|held| held.abnormal()).map(|held| beyond(&motor.study, side, "distal latency", "ms", held)),
            );
            out.because.extend(
                motor.amplitude.iter().filter(|held| held.abnormal()).map(|held| beyond(&motor.study, side, "amplitude", "mV", held)),
            );
        }
        out.because.extend(sole.iter().map(|study| {
            let words = if study.absent { "no response" } else { "low or late" };
            Reason::new("", format!("{} {}: {words}", study_name(&study.study), letter(side))).about(&study.study, side)
        }));
        out.because.extend(ill.iter().map(|muscle| Reason::of_muscle("", muscle)));
        for (tested, words) in [(sural.is_some(), "Sural"), (fibular.is_some(), "Fibular motor to EDB")] {
            if tested {
                out.because.push(Reason::new("", format!("{words} {}: normal, so not all nerves of the foot", letter(side))));
            }
        }
        out.certainty = match (sural.is_some(), sole.is_empty() || late.is_empty()) {
            (true, false) => Certainty::Probable,
            _ => Certainty::Possible,
        };
        if sural.is_none() {
            out.next = Some(format!("the sural response {}", letter(side)));
        } else if sole.is_empty() {
            out.next = Some(format!("the mixed plantar responses of both feet, {} against the other", letter(side)));
        }
        for id in MOTOR.iter().chain(&SOLE).chain(&FOOT) {
            self.explain(side, id);
        }
        self.conclusions.push(out);
    }
}
