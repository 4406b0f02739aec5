//! What has been concluded so far, and what is explained by it.

use std::collections::BTreeSet;

use crate::model::Side;
use crate::norms::criteria::{criterion, param};
use crate::norms::{by_id, pretty};

use super::case::Case;
use super::evidence::{Evidence, Held, Muscle, letter};
use super::{Answer, Certainty, Conclusion, Reason, Rule, Severity};

/// Both sides, in the order of conclusions.
pub const SIDES: [Side; 2] = [Side::Right, Side::Left];

/// The state of a reading.
pub struct Reader<'a> {
    pub case: &'a Case,
    pub evidence: &'a Evidence,
    pub conclusions: Vec<Conclusion>,
    pub caveats: Vec<String>,
    /// Muscles and studies of a side that a conclusion accounts for.
    pub explained: BTreeSet<(&'static str, String)>,
    /// Abnormal findings that no conclusion may rest on alone, in words.
    pub loose: Vec<String>,
    /// Whether a disease of many nerves was concluded, and whether it demyelinates.
    pub diffuse: Option<bool>,
    /// A conduction block of the ulnar nerve in the forearm is a crossing of fibres on these sides.
    pub crossed: Vec<Side>,
}

/// Beginnings of a conclusion.
pub fn conclusion(diagnosis: &str, side: &str, localisation: impl Into<String>) -> Conclusion {
    Conclusion {
        diagnosis: diagnosis.into(),
        side: side.into(),
        localisation: localisation.into(),
        pathophysiology: "none".into(),
        severity: Severity::None,
        chronicity: "not_applicable".into(),
        scale: "none".into(),
        certainty: Certainty::Definite,
        because: Vec::new(),
        against: Vec::new(),
        next: None,
        place: None,
        fits: Vec::new(),
    }
}

/// A study for people.
pub fn study_name(study: &str) -> String {
    by_id(study).map_or_else(|| pretty(study), |def| def.name.clone())
}

/// `Median motor to APB R: distal latency 6.1 ms (limit 4.5 ms)`.
pub fn beyond(study: &str, side: Side, what: &str, unit: &str, held: &Held) -> Reason {
    let doubt = if held.unverified { ", unverified" } else { "" };
    let words = format!("{} {}: {what} {:.1} {unit} (limit {:.1} {unit}{doubt})", study_name(study), letter(side), held.value, held.limit);
    Reason { unverified: held.unverified, ..Reason::new("", words) }.about(study, side)
}

/// `Biceps brachii R: fibrillation 2, fewer units`.
pub fn seen(muscle: &Muscle) -> String {
    let row = &muscle.row;
    let mut parts = Vec::new();
    if row.denervation() > 0 {
        parts.push(format!("fibrillation or positive waves {}+", row.denervation()));
    }
    if row.rebuilt() {
        parts.push("large or long potentials".into());
    }
    if row.small() {
        parts.push("small or short potentials".into());
    }
    match row.recruitment.as_str() {
        "reduced" => parts.push("recruitment reduced".into()),
        "none" => parts.push("no unit under voluntary control".into()),
        "early" => parts.push("early recruitment".into()),
        _ => {}
    }
    if row.fasciculates() {
        parts.push("fasciculation".into());
    }
    if row.myotonic() {
        parts.push("myotonic discharges".into());
    }
    format!("{} {}: {}", muscle.def.name, letter(row.side), if parts.is_empty() { "normal".into() } else { parts.join(", ") })
}

impl<'a> Reader<'a> {
    pub fn new(case: &'a Case, evidence: &'a Evidence, caveats: Vec<String>) -> Self {
        Self {
            case,
            evidence,
            conclusions: Vec::new(),
            caveats,
            explained: BTreeSet::new(),
            loose: Vec::new(),
            diffuse: None,
            crossed: Vec::new(),
        }
    }

    pub fn explain(&mut self, side: Side, what: &str) {
        self.explained.insert((letter(side), what.to_owned()));
    }

    pub fn is_explained(&self, side: Side, what: &str) -> bool {
        self.explained.contains(&(letter(side), what.to_owned()))
    }

    /// Muscles of a side with signs of lost nerve supply.
    pub fn neurogenic(&self, side: Side) -> impl Iterator<Item = &'a Muscle> {
        self.evidence.muscles.iter().filter(move |muscle| muscle.row.side == side && muscle.row.neurogenic())
    }

    /// Fibres that cross from the median to the ulnar nerve in the forearm (pitfall `pit_martin_gruber`):
    /// the median nerve stimulated at the elbow, not at the wrist, moves an ulnar muscle.
    pub fn anomalies(&mut self) {
        for side in SIDES {
            let at = |site: &str| {
                let rows = self.case.extra.iter().filter(|row| row.side == side && row.site == site);
                rows.filter(|row| row.study.starts_with("median_stim_record"))
                    .filter_map(|row| row.amp_mv)
                    .fold(None, |best: Option<f64>, mv| Some(best.map_or(mv, |best| best.max(mv))))
            };
            let crossing = at("antecubital").filter(|elbow| *elbow > 0.5 && *elbow > 2.0 * at("wrist").unwrap_or(0.0));
            let Some(crossing) = crossing else {
                self.suspect_crossing(side);
                continue;
            };
            self.crossed.push(side);
            let mut out = conclusion("anomaly_martin_gruber", letter(side), "median-to-ulnar anastomosis in forearm");
            out.because.push(Reason::new(
                "pit_martin_gruber",
                format!(
                    "median nerve at the elbow moves an ulnar muscle of the hand {} ({crossing:.1} mV), at the wrist not",
                    letter(side)
                ),
            ));
            if let Some(drop) = self.forearm_drop(side) {
                out.because.push(Reason::new(
                    "pit_martin_gruber",
                    format!("the ulnar response falls by {drop:.0} % from wrist to below the elbow: not a conduction block"),
                ));
            }
            self.conclusions.push(out);
        }
        // Fibres of the fibular nerve that run behind the lateral malleolus make the ankle's response the smaller one.
        for motor in self.evidence.motor.iter().filter(|motor| motor.study == "fibular_motor_edb") {
            if motor.pieces.iter().filter_map(|piece| piece.drop_percent).any(|drop| drop < -20.0) {
                let words = "fibular motor to EDB: larger from the knee than from the ankle; an accessory fibular nerve? Stimulate behind the lateral malleolus";
                self.caveats.push(format!("{words} ({})", letter(motor.side)));
            }
        }
    }

    fn forearm_drop(&self, side: Side) -> Option<f64> {
        let drop = |study| self.evidence.motor_of(study, side)?.piece("wrist-below_elbow")?.drop_percent;
        drop("ulnar_motor_adm").or_else(|| drop("ulnar_motor_fdi")).filter(|drop| *drop > 10.0)
    }

    fn suspect_crossing(&mut self, side: Side) {
        let Some(drop) = self.forearm_drop(side).filter(|drop| *drop > 20.0) else { return };
        let larger = self
            .evidence
            .motor_of("median_motor_apb", side)
            .and_then(|median| median.piece("wrist-antecubital")?.drop_percent)
            .is_some_and(|drop| drop < -10.0);
        let words = format!(
            "ulnar response {} falls by {drop:.0} % from wrist to below the elbow: stimulate the median nerve at the elbow while recording the ulnar muscle (Martin-Gruber)",
            letter(side)
        );
        if larger {
            self.crossed.push(side);
            let mut out = conclusion("anomaly_martin_gruber", letter(side), "median-to-ulnar anastomosis in forearm");
            out.certainty = Certainty::Probable;
            out.because.push(Reason::new(
                "pit_martin_gruber",
                format!("{words}; the median response is larger from the elbow than from the wrist"),
            ));
            self.conclusions.push(out);
        } else {
            self.caveats.push(words);
        }
    }

    /// The answer, with what always has to be said.
    pub fn finish(mut self) -> Answer {
        let evidence = self.evidence;
        if !evidence.cold.is_empty() {
            let all = evidence.cold.join("; ");
            self.caveats.push(format!("limb below target temperature: slowing is not judged, warm and repeat ({all})"));
        }
        if !evidence.submaximal.is_empty() {
            let all = evidence.submaximal.join("; ");
            self.caveats.push(format!("supramaximal stimulation was not documented: low amplitudes and falls are not judged ({all})"));
        }
        let anomalies_alone = self.conclusions.iter().all(|done| done.diagnosis == "anomaly_martin_gruber");
        if self.conclusions.is_empty() || (anomalies_alone && !self.loose.is_empty()) {
            self.nothing_found();
        }
        self.timing();
        self.say("lim_cause");
        if self.conclusions.iter().any(|done| done.diagnosis.ends_with("_radic")) {
            self.say("lim_level");
        }
        if self.evidence.muscles.iter().any(|muscle| muscle.row.fib.is_none() && muscle.row.psw.is_none()) {
            self.caveats.push("rest activity was not recorded in every muscle: ongoing denervation may have been missed there".into());
        }
        let rules = self.named();
        Answer {
            conclusions: self.conclusions,
            caveats: self.caveats,
            tested: evidence.tested(),
            muscles: super::seen::seen(evidence),
            rules,
        }
    }

    /// The rules that reasons name.
    fn named(&self) -> Vec<Rule> {
        let reasons = self.conclusions.iter().flat_map(|done| done.because.iter().chain(done.fits.iter().flat_map(|fit| &fit.items)));
        let ids: BTreeSet<&str> = reasons.map(|reason| reason.rule.as_str()).collect();
        ids.into_iter().filter_map(Rule::of).collect()
    }

    fn say(&mut self, limitation: &str) {
        if let Some(row) = criterion(limitation) {
            self.caveats.push(row.statement.clone());
        }
    }

    /// Nothing that a rule would name: technical, a loose finding, or normal.
    fn nothing_found(&mut self) {
        let technical = !self.evidence.cold.is_empty() || !self.evidence.submaximal.is_empty();
        let mut out = if !self.loose.is_empty() {
            let mut out = conclusion("no_conclusion", "none", "none");
            out.chronicity = "indeterminate".into();
            out.severity = Severity::NotGraded;
            out.certainty = Certainty::Possible;
            out.because = self.loose.iter().map(|words| Reason::new("lim_single", words.clone())).collect();
            self.caveats.push("abnormal findings without a pattern that a rule names".into());
            out
        } else if self.evidence.is_empty() {
            self.caveats.push("nothing was examined that could be judged".into());
            let mut out = conclusion("no_conclusion", "none", "none");
            out.severity = Severity::NotGraded;
            out.certainty = Certainty::Possible;
            out
        } else if technical {
            let mut out = conclusion("technical", "none", "none");
            out.pathophysiology = "technical".into();
            let rule = if self.evidence.cold.is_empty() { "inadequate_supramax" } else { "inadequate_temp" };
            out.because =
                self.evidence.cold.iter().chain(&self.evidence.submaximal).map(|words| Reason::new(rule, words.clone())).collect();
            out
        } else {
            let mut out = conclusion("normal", "none", "none");
            out.because
                .push(Reason::new("", "no electrodiagnostic evidence of neuropathy, radiculopathy or muscle disease in what was examined"));
            out.certainty = if self.evidence.muscles.is_empty() || self.evidence.sensory.is_empty() {
                Certainty::Probable
            } else {
                Certainty::Definite
            };
            out
        };
        if out.diagnosis == "normal" {
            self.say("lim_pain");
            if let Some(row) = criterion("radic_not_excluded") {
                out.because.push(Reason::new(&row.id, "a sensory, demyelinating, very recent or mild radiculopathy is not excluded"));
            }
        }
        self.conclusions.push(out);
    }

    /// What is too early to be seen (time course of the reference).
    fn timing(&mut self) {
        let Some(days) = self.case.onset_days else {
            self.caveats.push("time since onset not given: whether signs had time to come is not judged".into());
            return;
        };
        let active = self.evidence.muscles.iter().any(|muscle| muscle.row.denervation() > 0);
        if days < 21.0 && !active {
            self.caveats.push(format!("{days:.0} days since onset: fibrillation may not have come yet (up to 3 weeks, in distal muscles up to 6); repeat at 3 to 4 weeks"));
        } else if days < 56.0 && self.conclusions.iter().any(|done| done.diagnosis == "normal") {
            self.caveats.push(format!(
                "{:.0} weeks since onset: before six to eight weeks a normal needle study does not exclude loss of axons",
                days / 7.0
            ));
        }
        if days < 9.0 {
            self.caveats.push("in the first days a complete loss of axons looks like a conduction block; a distal response can be judged from day 9 to 11".into());
        }
        let early = self.evidence.muscles.iter().any(|muscle| muscle.row.rebuilt()) && days < 42.0;
        if early {
            self.caveats.push("large or long potentials take longer than the stated time since onset: part of the lesion is older".into());
        }
    }

    /// A number of a rule.
    pub fn limit(rule: &str, name: &str) -> f64 {
        param(rule, name)
    }
}
