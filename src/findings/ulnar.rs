//! The ulnar nerve at the elbow and at the wrist (rules `une_aaem_1999`, `une_inching`,
//! `une_control_limits`, `ulnar_wrist`, `une_severity`).

use crate::model::Side;
use crate::norms::temperature::is_cold;

use super::evidence::{MotorStudy, Muscle, Piece, letter};
use super::reader::{Reader, beyond, conclusion, study_name};
use super::{Certainty, Conclusion, Reason, Severity, stage};

/// Muscles of the hand.
const HAND: [&str; 4] = ["first_dorsal_interosseous", "abductor_digiti_minimi_hand", "adductor_pollicis", "palmar_interosseous"];
/// Muscles of the forearm.
const FOREARM: [&str; 2] = ["flexor_carpi_ulnaris", "flexor_digitorum_profundus_ulnar"];
/// Studies.
const MOTOR: [&str; 2] = ["ulnar_motor_adm", "ulnar_motor_fdi"];
/// Responses.
const SENSORY: [&str; 4] = ["ulnar_sensory_d5", "dorsal_ulnar_cutaneous", "ulnar_sensory_d4", "ulnar_palmar_mixed"];
/// Fall of amplitude across the elbow that is a block and not only an item of the rule, per cent
/// (rule `cb_aaem_ulnar_elbow`: probable from 40 %).
const BLOCK: (&str, &str) = ("cb_aaem_ulnar_elbow", "probable_amp_percent");

/// What the rule counts in one study.
#[derive(Default)]
struct Items {
    reasons: Vec<Reason>,
    /// Items that compare the elbow with the forearm, not with a limit.
    focal: usize,
    drop_percent: f64,
    /// What other limits say of the same values: no items of their own.
    besides: Vec<Reason>,
}

/// Age from which the control-based limit is another, years.
const OLDER_YEARS: f64 = 60.0;

impl Reader<'_> {
    fn items(&self, motor: &MotorStudy) -> Items {
        let mut out = Items::default();
        self.steps(motor, &mut out);
        let Some(elbow) = motor.piece("below_elbow-above_elbow") else { return out };
        self.controls(motor, elbow, &mut out);
        let forearm = motor.piece("wrist-below_elbow");
        let rule = "une_aaem_1999";
        let (name, side) = (study_name(&motor.study), letter(motor.side));
        if let Some(across) = elbow.velocity_m_per_s {
            let least = Self::limit(rule, "cv_abs_m_per_s");
            if across < least {
                out.reasons.push(Reason::new(rule, format!("{name} {side}: {across:.1} m/s across the elbow (limit {least:.0} m/s)")));
            }
            let slower = forearm.and_then(|piece| piece.velocity_m_per_s).map(|forearm| forearm - across);
            if let Some(slower) = slower.filter(|slower| *slower > Self::limit(rule, "cv_drop_m_per_s")) {
                out.focal += 1;
                out.reasons.push(Reason::new(
                    rule,
                    format!(
                        "{name} {side}: {slower:.0} m/s slower across the elbow than in the forearm (limit {:.0} m/s)",
                        Self::limit(rule, "cv_drop_m_per_s")
                    ),
                ));
            }
        }
        if let Some(drop) = elbow.drop_percent.filter(|drop| *drop > Self::limit(rule, "amp_drop_percent")) {
            out.focal += 1;
            out.drop_percent = drop;
            out.reasons.push(Reason::new(
                rule,
                format!(
                    "{name} {side}: amplitude falls by {drop:.0} % across the elbow (limit {:.0} %)",
                    Self::limit(rule, "amp_drop_percent")
                ),
            ));
        }
        out.reasons = out.reasons.into_iter().map(|reason| reason.about(&motor.study, motor.side)).collect();
        out
    }

    /// Rule `une_inching`: a step that takes longer than its length allows.
    fn steps(&self, motor: &MotorStudy, out: &mut Items) {
        let rule = "une_inching";
        for step in self.case.steps.iter().filter(|step| step.study == motor.study && step.side == motor.side) {
            // Between the two lengths that limits are given for there is none.
            let least = match step.step_cm {
                cm if (0.8..=1.2).contains(&cm) => Self::limit(rule, "step_1cm_ms"),
                cm if (1.7..=2.3).contains(&cm) => Self::limit(rule, "step_2cm_ms"),
                _ => continue,
            };
            let warm = self.case.hand_c.is_none_or(|c| !is_cold(false, c));
            if step.step_ms > least && warm {
                out.focal += 1;
                let place = if step.place.is_empty() { String::new() } else { format!(", {}", step.place) };
                let words = format!(
                    "{} {}: {:.2} ms over {:.0} cm{place} (limit {least:.1} ms)",
                    study_name(&motor.study),
                    letter(motor.side),
                    step.step_ms,
                    step.step_cm
                );
                out.reasons.push(Reason::new(rule, words).about(&motor.study, motor.side));
            }
        }
    }

    /// Rule `une_control_limits`: other limits for what `une_aaem_1999` counts, so they add certainty and no item.
    fn controls(&self, motor: &MotorStudy, elbow: &Piece, out: &mut Items) {
        let rule = "une_control_limits";
        let (name, side) = (study_name(&motor.study), letter(motor.side));
        let mut say = |words: String| out.besides.push(Reason::new(rule, words).about(&motor.study, motor.side));
        if let Some((across, age)) = elbow.velocity_m_per_s.zip(self.case.person.age_years) {
            let least = Self::limit(rule, if age < OLDER_YEARS { "mcv_lt60y_m_per_s" } else { "mcv_ge60y_m_per_s" });
            if across < least {
                say(format!("{name} {side}: {across:.1} m/s across the elbow (limit by controls of this age {least:.0} m/s)"));
            }
        }
        let least = Self::limit(rule, "amp_ratio");
        if let Some(ratio) = elbow.drop_percent.map(|drop| 1.0 - drop / 100.0).filter(|ratio| *ratio < least) {
            say(format!("{name} {side}: amplitude above the elbow {ratio:.2} of that below (limit by controls {least})"));
        }
    }

    /// Ulnar neuropathy of one arm, where conduction says where.
    pub fn ulnar(&mut self, side: Side) {
        let evidence = self.evidence;
        let motors: Vec<&MotorStudy> = MOTOR.iter().filter_map(|study| evidence.motor_of(study, side)).collect();
        let items: Vec<Items> = motors.iter().map(|motor| self.items(motor)).collect();
        let best = items.into_iter().max_by_key(|items| items.reasons.len());
        let hand: Vec<&Muscle> =
            HAND.iter().filter_map(|id| evidence.muscle_of(id, side)).filter(|muscle| muscle.row.neurogenic()).collect();
        let forearm: Vec<&Muscle> =
            FOREARM.iter().filter_map(|id| evidence.muscle_of(id, side)).filter(|muscle| muscle.row.neurogenic()).collect();
        let sensory_low = SENSORY.iter().filter_map(|study| evidence.sensory_of(study, side)).any(|study| study.abnormal());
        let supported = sensory_low || !hand.is_empty() || !forearm.is_empty();
        let firm = best.as_ref().is_some_and(|best| best.reasons.len() >= 2 || (best.reasons.len() == 1 && supported));
        // Where all nerves are slow only what the elbow adds counts.
        let focal = best.as_ref().is_some_and(|best| self.diffuse.is_none() || best.focal > 0);
        if firm && focal {
            let best = best.unwrap_or_default();
            self.at_elbow(side, best, &motors, &hand, &forearm);
        } else if best.as_ref().is_some_and(|best| best.reasons.len() == 1) && self.diffuse.is_none() {
            self.loose.extend(best.into_iter().flat_map(|best| best.reasons).map(|reason| reason.words));
        } else if self.diffuse.is_none() {
            // Normal by the rule that concludes: said, and no more.
            let besides = best.into_iter().flat_map(|best| best.besides);
            self.caveats.extend(besides.map(|reason| format!("{}; within the limits of AAEM 1999", reason.words)));
            self.at_wrist(side, &motors, &hand, !forearm.is_empty());
        }
    }

    fn at_elbow(&mut self, side: Side, items: Items, motors: &[&MotorStudy], hand: &[&Muscle], forearm: &[&Muscle]) {
        let mut out = conclusion("ulnar_elbow", letter(side), "ulnar nerve at elbow");
        out.place = Some("retroepicondylar_groove".into());
        out.certainty = if items.reasons.len() >= 2 { Certainty::Definite } else { Certainty::Probable };
        let axons = self.axons(side, motors, hand, forearm);
        let block = items.drop_percent >= Self::limit(BLOCK.0, BLOCK.1);
        out.pathophysiology = match (block, axons) {
            (true, _) => "conduction_block",
            (false, true) => "mixed",
            (false, false) => "demyelinating",
        }
        .into();
        out.severity = self.ulnar_severity(side, motors, hand, block);
        out.because = items.reasons;
        out.because.extend(items.besides);
        self.ulnar_rest(out, side, motors, hand, forearm);
    }

    /// Rule `une_severity`.
    fn ulnar_severity(&self, side: Side, motors: &[&MotorStudy], hand: &[&Muscle], block: bool) -> Severity {
        let left = motors.iter().map(|motor| motor.left()).fold(1.0, f64::min);
        let sensory: Vec<_> = SENSORY.iter().filter_map(|study| self.evidence.sensory_of(study, side)).collect();
        let silent = sensory.iter().any(|study| study.absent);
        let lost =
            hand.iter().any(|muscle| muscle.row.denervation() > 0 && muscle.row.recruitment == "none" || muscle.row.denervation() >= 3);
        if (silent && left < 0.5) || left <= 0.0 || lost {
            Severity::Severe
        } else if silent
            || left < 1.0
            || block
            || sensory.iter().any(|study| study.low())
            || hand.iter().any(|muscle| muscle.row.denervation() >= 2)
        {
            Severity::Moderate
        } else {
            Severity::Mild
        }
    }

    fn axons(&self, side: Side, motors: &[&MotorStudy], hand: &[&Muscle], forearm: &[&Muscle]) -> bool {
        let lost = |muscle: &&Muscle| muscle.row.denervation() > 0 || muscle.row.rebuilt();
        let sensory = SENSORY.iter().filter_map(|study| self.evidence.sensory_of(study, side)).any(|study| study.low());
        sensory || motors.iter().any(|motor| motor.low()) || hand.iter().chain(forearm).any(lost)
    }

    fn at_wrist(&mut self, side: Side, motors: &[&MotorStudy], hand: &[&Muscle], forearm: bool) {
        let fdi = motors.iter().find(|motor| motor.study == "ulnar_motor_fdi").and_then(|motor| motor.latency);
        let adm = motors.iter().find(|motor| motor.study == "ulnar_motor_adm").and_then(|motor| motor.latency);
        let rule = "ulnar_wrist";
        let mut reasons = Vec::new();
        for motor in motors {
            reasons.extend(
                motor.latency.iter().filter(|held| held.abnormal()).map(|held| beyond(&motor.study, side, "distal latency", "ms", held)),
            );
        }
        let apart = fdi.zip(adm).map(|(fdi, adm)| fdi.value - adm.value).filter(|apart| *apart > Self::limit(rule, "fdi_minus_adm_uln_ms"));
        if let Some(apart) = apart {
            reasons.push(Reason::new(
                rule,
                format!(
                    "latency to the first dorsal interosseous {} exceeds that to the hypothenar by {apart:.1} ms (limit {:.1} ms)",
                    letter(side),
                    Self::limit(rule, "fdi_minus_adm_uln_ms")
                ),
            ));
        }
        let dorsal = self.evidence.sensory_of("dorsal_ulnar_cutaneous", side);
        if reasons.is_empty() || forearm || dorsal.is_some_and(|dorsal| dorsal.abnormal()) {
            return;
        }
        let mut out = conclusion("ulnar_wrist", letter(side), "ulnar nerve at wrist");
        out.place = Some("guyon_zone1".into());
        let axons = self.axons(side, motors, hand, &[]);
        out.pathophysiology = if axons { "mixed" } else { "demyelinating" }.into();
        out.severity = self.ulnar_severity(side, motors, hand, false);
        out.because = reasons;
        match dorsal {
            Some(_) => out.because.push(Reason::new(rule, format!("Dorsal ulnar cutaneous {}: normal", letter(side)))),
            None => {
                out.certainty = Certainty::Probable;
                out.next = Some("the dorsal ulnar cutaneous response".into());
            }
        }
        self.ulnar_rest(out, side, motors, hand, &[]);
    }

    fn ulnar_rest(&mut self, mut out: Conclusion, side: Side, motors: &[&MotorStudy], hand: &[&Muscle], forearm: &[&Muscle]) {
        let ill: Vec<&Muscle> = hand.iter().chain(forearm).copied().collect();
        out.chronicity = stage::of_denervation(ill.iter().copied(), self.case.onset_days).into();
        for motor in motors {
            out.because.extend(
                motor.amplitude.iter().filter(|held| held.abnormal()).map(|held| beyond(&motor.study, side, "amplitude", "mV", held)),
            );
        }
        for study in SENSORY.iter().filter_map(|study| self.evidence.sensory_of(study, side)).filter(|study| study.low()) {
            out.because.push(
                Reason::new("", format!("{} {}: low or absent", study_name(&study.study), letter(side))).about(&study.study, study.side),
            );
        }
        out.because.extend(ill.iter().map(|muscle| Reason::of_muscle("", muscle)));
        if self.crossed.contains(&side) {
            out.against.push("fibres cross from the median nerve: falls of amplitude in the forearm are no block".into());
        } else if motors
            .iter()
            .any(|motor| motor.piece("wrist-below_elbow").and_then(|piece: &Piece| piece.drop_percent).is_some_and(|drop| drop < 20.0))
        {
            out.because.push(Reason::new("pit_martin_gruber", "Martin-Gruber considered: the amplitude does not fall in the forearm"));
        }
        for id in MOTOR.iter().chain(&SENSORY).chain(&HAND).chain(&FOREARM) {
            self.explain(side, id);
        }
        self.conclusions.push(out);
    }
}
