//! The median nerve at the wrist (rules `cts_confirm`, `cts_csi`, `cts_one_of_three`).

use crate::model::Side;

use super::evidence::{Held, Muscle, SensoryStudy, letter};
use super::grades::{Graded, graded};
use super::reader::{Reader, beyond, conclusion, seen, study_name};
use super::{Certainty, Reason, stage};

/// Median responses of the fingers and the palm.
const MEDIAN: [&str; 5] = ["median_sensory_d2", "median_sensory_d3", "median_sensory_d1", "median_sensory_d4", "median_palmar_mixed"];
/// Responses of the same hand that carpal tunnel syndrome leaves alone.
const BESIDE: [&str; 5] = ["ulnar_sensory_d5", "radial_sensory_snuffbox", "radial_sensory_d1", "ulnar_sensory_d4", "ulnar_palmar_mixed"];
/// Muscles behind the wrist.
const THENAR: [&str; 3] = ["abductor_pollicis_brevis", "opponens_pollicis", "flexor_pollicis_brevis"];

impl Reader<'_> {
    fn tested(&self, studies: &[&str], side: Side) -> Vec<&'_ SensoryStudy> {
        studies.iter().filter_map(|study| self.evidence.sensory_of(study, side)).collect()
    }

    /// Rule `cts_one_of_three`: what so many abnormal comparisons are worth, where all three were made.
    fn of_three(&self, side: Side) -> Option<Reason> {
        let made = |study: &&str| self.evidence.comparison.iter().find(|(of, at, _)| of == *study && *at == side);
        let all: Vec<bool> = ["palmdiff", "ringdiff", "thumbdiff"].iter().filter_map(made).map(|(.., held)| held.abnormal()).collect();
        let (count, key) = match (all.len(), all.iter().filter(|abnormal| **abnormal).count()) {
            (3, 1) => (1, "any_1"),
            (3, 2) => (2, "any_2"),
            (3, 3) => (3, "all_3"),
            _ => return None,
        };
        let per_cent = |what: &str| 100.0 * Self::limit("cts_one_of_three", &format!("{key}_{what}"));
        let words = format!(
            "{count} of 3 comparisons {} abnormal: sensitivity {:.0} %, specificity {:.1} %",
            letter(side),
            per_cent("sens"),
            per_cent("spec")
        );
        Some(Reason::new("cts_one_of_three", words))
    }

    /// Carpal tunnel syndrome of one hand.
    pub fn carpal_tunnel(&mut self, side: Side) {
        let evidence = self.evidence;
        let fingers: Vec<&SensoryStudy> = MEDIAN.iter().filter_map(|study| evidence.sensory_of(study, side)).collect();
        let beside = self.tested(&BESIDE, side);
        let motor = evidence.motor_of("median_motor_apb", side);
        let comparisons: Vec<&(String, Side, Held)> =
            evidence.comparison.iter().filter(|(_, of, held)| *of == side && held.abnormal()).collect();
        let index = comparisons.iter().any(|(study, ..)| study == "csi");
        let pairs = comparisons.iter().filter(|(study, ..)| study != "csi").count();

        let slow = fingers.iter().any(|finger| finger.slow());
        let absent = !fingers.is_empty() && fingers.iter().all(|finger| finger.absent);
        let low = fingers.iter().any(|finger| finger.low());
        let late = motor.is_some_and(|motor| motor.late());
        let compared = index || pairs >= 2;
        // The hand's other nerves tell a lesion at the wrist from one of all nerves.
        let spared = beside.iter().any(|study| !study.abnormal());
        let all_ill = !beside.is_empty() && !spared;
        let demyelinating = self.diffuse == Some(true);
        let at_wrist =
            if demyelinating || all_ill { compared } else { slow || compared || late || (absent && (spared || beside.is_empty())) };
        if !at_wrist {
            if !low && pairs == 1 && !compared && self.diffuse.is_none() {
                self.loose
                    .push(format!("one comparison of the median nerve {} is abnormal; one alone does not make a diagnosis", letter(side)));
            }
            return;
        }
        if self.diffuse.is_some() && !compared && !spared {
            return;
        }

        let thenar: Vec<&Muscle> = THENAR.iter().filter_map(|id| evidence.muscle_of(id, side)).collect();
        let ill: Vec<&Muscle> = thenar.iter().copied().filter(|muscle| muscle.row.neurogenic()).collect();
        let motor_low = motor.is_some_and(|motor| motor.low());
        let axons = motor_low || !ill.is_empty() || low || absent;
        let slowing = slow || late || compared;

        let grades = Graded {
            sensory_absent: absent,
            sensory_abnormal: slow || low || absent,
            sensory_tested: !fingers.is_empty(),
            motor_absent: motor.is_some_and(|motor| motor.absent),
            motor_ms: motor.and_then(|motor| motor.latency).map(|held| held.value),
            motor_late: late,
            motor_mv: motor.and_then(|motor| motor.amplitude).map(|held| held.value),
            motor_low,
            comparison_alone: compared && !slow && !low && !late,
            needle: !ill.is_empty(),
        };
        let mut out = conclusion("cts", letter(side), "median nerve at wrist");
        out.place = Some("carpal_tunnel".into());
        (out.scale, out.severity) = graded(&grades);
        out.pathophysiology = match (slowing, axons) {
            (true, true) => "mixed",
            (_, false) => "demyelinating",
            (false, true) => "axonal",
        }
        .into();
        out.chronicity = stage::of_denervation(thenar.iter().copied(), self.case.onset_days).into();
        if ill.is_empty() && out.chronicity != "acute" {
            out.chronicity = "indeterminate".into();
        }
        for finger in &fingers {
            if finger.absent {
                out.because.push(
                    Reason::new("cts_confirm", format!("{} {}: no response", study_name(&finger.study), letter(side)))
                        .about(&finger.study, finger.side),
                );
            }
            out.because.extend(
                finger.peak.iter().filter(|held| held.abnormal()).map(|held| beyond(&finger.study, side, "peak latency", "ms", held)),
            );
            out.because.extend(
                finger.onset.iter().filter(|held| held.abnormal()).map(|held| beyond(&finger.study, side, "onset latency", "ms", held)),
            );
            out.because.extend(
                finger.amplitude.iter().filter(|held| held.abnormal()).map(|held| beyond(&finger.study, side, "amplitude", "uV", held)),
            );
        }
        for (study, _, held) in &comparisons {
            let rule = if study == "csi" { "cts_csi" } else { "cts_confirm" };
            let what = if study == "csi" { "Combined Sensory Index".into() } else { study.replace('_', " ") };
            out.because.push(Reason::new(rule, format!("{what} {}: {:.1} ms (limit {:.1} ms)", letter(side), held.value, held.limit)));
        }
        out.because.extend(self.of_three(side));
        if let Some(motor) = motor {
            if motor.absent {
                out.because.push(
                    Reason::new("cts_confirm", format!("{} {}: no response", study_name(&motor.study), letter(side)))
                        .about(&motor.study, motor.side),
                );
            }
            out.because.extend(
                motor.latency.iter().filter(|held| held.abnormal()).map(|held| beyond(&motor.study, side, "distal latency", "ms", held)),
            );
            out.because.extend(
                motor.amplitude.iter().filter(|held| held.abnormal()).map(|held| beyond(&motor.study, side, "amplitude", "mV", held)),
            );
            if !late && !motor.low() {
                out.because.push(
                    Reason::new("", format!("{} {}: motor normal, no axonal loss seen", study_name(&motor.study), letter(side)))
                        .about(&motor.study, motor.side),
                );
            }
        }
        out.because.extend(ill.iter().map(|muscle| Reason::of_muscle("", muscle)));
        out.because.extend(beside.iter().filter(|study| !study.abnormal()).map(|study| {
            Reason::new("cts_confirm", format!("{} {}: normal", study_name(&study.study), letter(side))).about(&study.study, study.side)
        }));

        let proximal = ["pronator_teres", "flexor_carpi_radialis", "flexor_digitorum_superficialis", "flexor_pollicis_longus"];
        for muscle in self.neurogenic(side).filter(|muscle| proximal.contains(&muscle.def.id.as_str())) {
            out.against.push(format!("{}; not explained by a lesion at the wrist", seen(muscle)));
        }
        out.certainty = if !spared || fingers.is_empty() {
            out.next = Some("a sensory response of the ulnar or radial nerve of the same hand".into());
            Certainty::Possible
        } else if slow || compared || (absent && late) {
            Certainty::Definite
        } else {
            Certainty::Probable
        };
        for study in MEDIAN.iter().chain(&["median_motor_apb"]).chain(&THENAR) {
            self.explain(side, study);
        }
        self.conclusions.push(out);
    }
}
