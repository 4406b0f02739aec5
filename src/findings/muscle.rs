//! The neuromuscular junction (rules `rns_low_rate`, `rns_lems`, `sfemg_abnormal`, `mg_vs_denervation`)
//! and the muscle itself (rules `myopathy`, `myotonia`, `myopathy_limits`).

use super::case::Train;
use super::evidence::Muscle;
use super::reader::{Reader, SIDES, conclusion, seen};
use super::{Certainty, Reason, Severity, stage};
use crate::norms::pretty;

/// Decrement in which a defect counts as moderate, and as severe, per cent. No published grade: a
/// convention of this program, as it says.
const DECREMENT: (f64, f64) = (20.0, 50.0);

impl Reader<'_> {
    fn decrement(train: &Train) -> Option<f64> {
        train
            .decrement_percent
            .into_iter()
            .chain(train.post_exercise_3min_decrement_percent)
            .max_by(f64::total_cmp)
            .filter(|percent| percent.is_finite() && *percent <= 100.0)
    }

    /// Muscles whose own disease or lost supply explains decrement and jitter.
    fn ill_already(&self, muscle: &str) -> bool {
        self.evidence.muscles.iter().any(|seen| seen.def.id == muscle && (seen.row.neurogenic() || seen.row.myopathic()))
    }

    /// Defects of neuromuscular transmission.
    pub fn junction(&mut self) {
        let least = Self::limit("rns_low_rate", "decrement_percent");
        let mut falls = Vec::new();
        for train in &self.case.rns {
            let Some(percent) = Self::decrement(train).filter(|percent| *percent >= least) else { continue };
            if self.ill_already(&train.muscle) {
                self.caveats
                    .push(format!("decrement in {} may follow from what the needle shows there and is not counted", pretty(&train.muscle)));
            } else {
                falls.push((train, percent));
            }
        }
        let growth = |train: &Train| {
            let measured =
                train.rest_amp_mv.zip(train.post_amp_mv).filter(|(rest, _)| *rest > 0.0).map(|(rest, post)| 100.0 * (post / rest - 1.0));
            train.increment_percent.or(measured).filter(|percent| *percent >= Self::limit("rns_lems", "increment_percent"))
        };
        let growing: Vec<(&Train, f64)> = self.case.rns.iter().filter_map(|train| Some((train, growth(train)?))).collect();
        let jitter = self.case.jitter.iter().filter(|jitter| !self.ill_already(&jitter.muscle)).find(|jitter| {
            jitter.blocking_fraction.is_some_and(|blocking| blocking > 0.0)
                || jitter.pairs_abnormal_fraction.is_some_and(|pairs| pairs > Self::limit("sfemg_abnormal", "outlier_fraction"))
        });
        let worst = falls.iter().map(|(_, percent)| *percent).fold(0.0, f64::max);
        let severity = if worst > DECREMENT.1 {
            Severity::Severe
        } else if worst > DECREMENT.0 {
            Severity::Moderate
        } else {
            Severity::Mild
        };
        let mut out = conclusion("nmj_postsynaptic", "bilateral", "neuromuscular junction");
        out.pathophysiology = "nmj".into();
        out.severity = severity;
        out.because = falls
            .iter()
            .map(|(train, percent)| {
                Reason::new("rns_low_rate", format!("{}: decrement {percent:.0} % (limit {least:.0} %)", pretty(&train.muscle)))
            })
            .collect();
        if let Some(jitter) = jitter {
            let blocking = jitter.blocking_fraction.map_or(String::new(), |share| format!(", blocking in {:.0} %", 100.0 * share));
            let pairs = jitter.pairs_abnormal_fraction.map_or(String::new(), |share| format!(" in {:.0} % of pairs", 100.0 * share));
            out.because.push(Reason::new("sfemg_abnormal", format!("{}: jitter abnormal{pairs}{blocking}", pretty(&jitter.muscle))));
        }
        if !growing.is_empty() {
            out.diagnosis = "nmj_presynaptic".into();
            out.severity = severity.max(Severity::Moderate);
            out.because.extend(growing.iter().map(|(train, percent)| {
                Reason::new("rns_lems", format!("{}: the response grows by {percent:.0} % after exercise", pretty(&train.muscle)))
            }));
            out.certainty = if falls.is_empty() { Certainty::Probable } else { Certainty::Definite };
            self.conclusions.push(out);
        } else if falls.len() >= 2 || (falls.len() == 1 && jitter.is_some()) {
            out.because.push(Reason::new("rns_lems", "no growth of the response after exercise"));
            self.conclusions.push(out);
        } else if falls.len() == 1 || jitter.is_some() {
            self.loose.extend(
                out.because.into_iter().map(|reason| format!("{}; one finding alone does not show a defect of transmission", reason.words)),
            );
        }
    }

    /// Myopathy and myotonia.
    pub fn muscle_disease(&mut self) {
        let muscles = &self.evidence.muscles;
        let myotonic: Vec<&Muscle> = muscles.iter().filter(|muscle| muscle.row.myotonic()).collect();
        let small: Vec<&Muscle> = muscles.iter().filter(|muscle| muscle.row.myopathic()).collect();
        let nascent: Vec<&Muscle> = muscles.iter().filter(|muscle| muscle.row.small() && muscle.row.fewer_units()).collect();
        if !nascent.is_empty() {
            let names: Vec<&str> = nascent.iter().map(|muscle| muscle.def.name.as_str()).collect();
            self.caveats.push(format!(
                "small potentials with reduced recruitment ({}) are not specific: early rebuilding, or muscle",
                names.join(", ")
            ));
        }
        if myotonic.len() >= 2 {
            let mut out = conclusion("myotonic", self.sides(&myotonic), "muscle membrane");
            out.pathophysiology = "myopathic".into();
            out.severity = Severity::NotGraded;
            out.chronicity = "indeterminate".into();
            out.because = myotonic.iter().map(|muscle| Reason::of_muscle("myotonia", muscle)).collect();
            self.conclusions.push(out);
        } else if let Some(muscle) = myotonic.first() {
            self.loose.push(seen(muscle));
        }
        if small.len() < 2 {
            self.loose.extend(small.iter().map(|muscle| seen(muscle)));
            return;
        }
        let mut out = conclusion("myopathic", "bilateral", Self::muscle_place(&small));
        out.pathophysiology = "myopathic".into();
        out.severity = stage::of_muscles(small.iter().copied()).max(Severity::Mild);
        out.chronicity = "indeterminate".into();
        out.because = small.iter().map(|muscle| Reason::of_muscle("myopathy", muscle)).collect();
        if small.iter().any(|muscle| muscle.row.denervation() > 0) {
            out.because
                .push(Reason::new("myopathy", "fibrillation potentials here mean an irritable muscle membrane, not a lost nerve supply"));
        }
        let early = small.iter().filter(|muscle| muscle.row.recruitment == "early").count();
        out.certainty = if early >= 2 { Certainty::Definite } else { Certainty::Probable };
        if self.evidence.sensory.iter().any(|sensory| sensory.low()) {
            out.against.push("sensory responses are low: not explained by muscle".into());
        }
        for muscle in small {
            self.explain(muscle.row.side, &muscle.def.id);
        }
        self.conclusions.push(out);
    }

    fn sides(&self, muscles: &[&Muscle]) -> &'static str {
        let on = |side| muscles.iter().any(|muscle| muscle.row.side == side);
        match (on(SIDES[0]), on(SIDES[1])) {
            (true, false) => "R",
            (false, true) => "L",
            _ => "bilateral",
        }
    }

    /// In which muscles, in words.
    fn muscle_place(muscles: &[&Muscle]) -> &'static str {
        let near = |muscle: &&&Muscle| matches!(muscle.def.region.as_str(), "shoulder" | "arm" | "hip" | "thigh" | "neck");
        let axial = |muscle: &&&Muscle| matches!(muscle.def.region.as_str(), "spine" | "trunk");
        let (near, axial) = (muscles.iter().filter(near).count(), muscles.iter().filter(axial).count());
        let far = muscles.len() - near - axial;
        match (near > 0, axial > 0, far > 0) {
            (true, true, false) => "proximal and axial muscle",
            (true, false, false) => "proximal muscle",
            (false, false, true) => "distal muscle",
            (false, true, false) => "axial muscle",
            _ => "proximal and distal muscle",
        }
    }
}
