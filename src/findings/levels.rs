//! What is left: a root, the plexus, or a nerve that conduction did not point at, by the graph and the
//! needle (rules `radic_needle`, `plexopathy`, `pre_post_ganglionic`).

use std::collections::BTreeSet;

use crate::model::Side;
use crate::norms::anatomy::anatomy;

use super::evidence::{MotorStudy, Muscle, SensoryStudy, is_leg, letter};
use super::localise::{Element, Found, Place, Ranked, expects, rank, separates};
use super::reader::{Reader, SIDES, conclusion, seen, study_name};
use super::{Certainty, Conclusion, Reason, Severity, stage};

/// A limb and its part of the spine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limb {
    Arm,
    Leg,
}

/// What kind of place a lesion is at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Level {
    /// A root, with its name (`C7`).
    Root(String),
    /// Trunk, cord or plexus, with its name.
    Plexus(String),
    /// A nerve, with its name and where.
    Nerve(String, String),
}

fn level(place: &Place) -> Option<Level> {
    let graph = anatomy();
    // Of an edge the distal end names it: a lesion on the way to it.
    let node = graph.nodes.get(&place.cut).or_else(|| graph.nodes.get(&graph.edges.get(&place.cut)?.from));
    let end = graph.edges.get(&place.cut).and_then(|edge| graph.nodes.get(&edge.to));
    let node = node?;
    let root = |id: &str| id.rsplit('_').next().unwrap_or_default().to_uppercase();
    Some(match node.kind.as_str() {
        "root" | "ganglion" => Level::Root(root(&node.id)),
        "ramus" if end.is_none_or(|end| end.kind == "ramus" || end.kind == "muscle") => Level::Root(root(&node.id)),
        "trunk" | "division" | "cord" | "ramus" => match end {
            Some(end) if matches!(end.kind.as_str(), "nerve" | "branch") => Level::Nerve(end.name.clone(), place.name()),
            Some(end) if node.kind == "ramus" => Level::Plexus(end.name.to_lowercase()),
            _ => Level::Plexus(node.name.to_lowercase()),
        },
        "cranial" => return None,
        _ => Level::Nerve(node.name.clone(), place.name()),
    })
}

impl Reader<'_> {
    fn limb_of(muscle: &Muscle) -> Option<Limb> {
        match anatomy().nodes.get(&muscle.def.id)?.region.as_str() {
            "arm" => Some(Limb::Arm),
            "leg" => Some(Limb::Leg),
            _ => None,
        }
    }

    /// Findings of one limb that no conclusion accounts for.
    fn found(&self, side: Side, limb: Limb) -> Vec<Found> {
        let evidence = self.evidence;
        let mut out: Vec<Found> = Vec::new();
        let mut note = |element: Element, abnormal: bool| match out.iter_mut().find(|found| found.element == element) {
            Some(found) => found.abnormal |= abnormal,
            None => out.push(Found { element, abnormal }),
        };
        for muscle in evidence.muscles.iter().filter(|muscle| muscle.row.side == side && Self::limb_of(muscle) == Some(limb)) {
            let explained = self.is_explained(side, &muscle.def.id);
            let other = muscle.row.myopathic() || explained && muscle.row.abnormal();
            if !other {
                note(Element::Muscle(muscle.def.id.clone()), muscle.row.neurogenic());
            }
        }
        let here = |study: &str| is_leg(study) == (limb == Limb::Leg);
        for motor in evidence.motor.iter().filter(|motor| motor.side == side && here(&motor.study)) {
            if !self.is_explained(side, &motor.study) {
                self.motor_elements(motor, &mut note);
            }
        }
        for sensory in evidence.sensory.iter().filter(|sensory| sensory.side == side && here(&sensory.study)) {
            if !(self.is_explained(side, &sensory.study) && sensory.abnormal()) {
                note(Element::Response(sensory.study.clone()), sensory.low());
            }
        }
        out
    }

    fn motor_elements(&self, motor: &MotorStudy, note: &mut impl FnMut(Element, bool)) {
        let muscle = crate::norms::by_id(&motor.study).and_then(|def| def.record_muscle.clone());
        if let Some(muscle) = muscle.filter(|_| motor.low()) {
            note(Element::Muscle(muscle), true);
        }
        for piece in &motor.pieces {
            let name = format!("{} {}", motor.study, piece.segment.id);
            let crossed = motor.nerve == "ulnar" && self.crossed.contains(&motor.side);
            if let Some(drop) = piece.drop_percent.filter(|_| !crossed) {
                let least = if motor.nerve == "tibial" { 71.0 } else { 50.0 };
                note(Element::Block(name, piece.segment.edges.clone()), drop > least);
            }
        }
    }

    /// Roots, plexus and nerves of each limb.
    pub fn levels(&mut self) {
        for limb in [Limb::Arm, Limb::Leg] {
            for side in SIDES {
                self.limb(side, limb);
            }
        }
        self.reflexes();
        self.single_values();
    }

    fn limb(&mut self, side: Side, limb: Limb) {
        let found = self.found(side, limb);
        let ill: Vec<&Muscle> = self
            .evidence
            .muscles
            .iter()
            .filter(|muscle| {
                let open = muscle.row.side == side && Self::limb_of(muscle) == Some(limb) && muscle.row.neurogenic();
                open && !self.is_explained(side, &muscle.def.id)
            })
            .collect();
        let silent: Vec<&SensoryStudy> = self
            .evidence
            .sensory
            .iter()
            .filter(|sensory| {
                let open = sensory.side == side && is_leg(&sensory.study) == (limb == Limb::Leg) && sensory.low();
                open && !self.is_explained(side, &sensory.study)
            })
            .collect();
        if ill.is_empty() && silent.is_empty() {
            return;
        }
        let postganglionic = !silent.is_empty();
        let ranked = rank(&found);
        let fits = |place: &Place| match level(place) {
            // A plexus lesion shows in a sensory response; without one the plexus is not concluded.
            Some(Level::Plexus(_)) => postganglionic,
            Some(Level::Nerve(..)) => true,
            Some(Level::Root(_)) => true,
            None => false,
        };
        let Some(best) = ranked.iter().find(|ranked| ranked.places.iter().all(fits)) else { return };
        let mut concluded = Vec::new();
        let mut places: Vec<&Place> = best.places.iter().collect();
        places.sort();
        for place in places {
            let Some(level) = level(place) else { continue };
            if concluded.contains(&level) {
                continue;
            }
            let own: Vec<&Muscle> =
                ill.iter().copied().filter(|muscle| expects(place, &Element::Muscle(muscle.def.id.clone())) > 0.1).collect();
            let done = match &level {
                Level::Root(root) => self.root(side, limb, root, &own),
                Level::Plexus(name) => self.plexus(side, name, &own, &silent),
                Level::Nerve(name, at) => self.nerve(side, place, name, at, &own, &silent),
            };
            let Some(mut out) = done else { continue };
            out.place = Some(place.id.clone());
            self.weigh(&mut out, place, &ranked, &found, side, limb);
            self.conclusions.push(out);
            concluded.push(level);
        }
        if concluded.is_empty() {
            self.loose.extend(ill.iter().map(|muscle| seen(muscle)));
            self.loose.extend(silent.iter().map(|sensory| format!("{} {}: low or absent", study_name(&sensory.study), letter(side))));
            if ill.len() == 1 {
                self.caveats.push("one muscle alone does not localise: examine a second one of the same root and another nerve, and one of the same nerve".into());
            }
        }
    }

    /// What speaks against it, and the test that would settle it against the next best explanation.
    fn weigh(&self, out: &mut Conclusion, place: &Place, ranked: &[Ranked], found: &[Found], side: Side, limb: Limb) {
        for found in found.iter().filter(|found| !found.abnormal) {
            let likely = expects(place, &found.element);
            if likely > 0.7 {
                let name = element_name(&found.element);
                out.against.push(format!("{name} {} is normal", letter(side)));
            }
        }
        let own = level(place);
        let rival = ranked.iter().filter(|ranked| ranked.places.len() == 1).map(|ranked| &ranked.places[0]).find(|rival| {
            let other = level(rival);
            other.is_some() && other != own
        });
        let untested = candidates(limb);
        let untested: Vec<&Element> = untested.iter().filter(|element| !found.iter().any(|found| found.element == **element)).collect();
        if let Some(rival) = rival
            && let Some(next) = separates(place, rival, untested)
        {
            out.next = Some(format!("{} {} (against {})", element_name(next), letter(side), rival.name()));
        }
    }

    /// Rule `radic_needle`.
    fn root(&mut self, side: Side, limb: Limb, root: &str, own: &[&Muscle]) -> Option<Conclusion> {
        let of_root = |muscle: &&&Muscle| muscle.def.roots_major.iter().chain(&muscle.def.roots_minor).any(|of| of == root);
        let limbs: Vec<&Muscle> = own.iter().filter(of_root).copied().filter(|muscle| muscle.def.compartment == "limb").collect();
        let back: Vec<&Muscle> = own.iter().copied().filter(|muscle| muscle.def.compartment == "paraspinal").collect();
        let nerves: BTreeSet<&str> = limbs.iter().map(|muscle| muscle.def.nerve.as_str()).collect();
        let (least_muscles, least_nerves) = (Self::limit("radic_needle", "min_muscles"), Self::limit("radic_needle", "min_nerves"));
        let strict = limbs.len() as f64 >= least_muscles && nerves.len() as f64 >= least_nerves;
        if !strict && (limbs.is_empty() || back.is_empty()) {
            if limbs.is_empty() && !back.is_empty() {
                self.caveats.push(
                    "fibrillation in paraspinal muscles alone is only suggestive: an early lesion, an operation, diabetes, age".into(),
                );
            }
            return None;
        }
        let diagnosis = if limb == Limb::Arm { "cervical_radic" } else { "lumbosacral_radic" };
        let mut out = conclusion(diagnosis, letter(side), format!("{root} root"));
        out.pathophysiology = "axonal".into();
        let all: Vec<&Muscle> = limbs.iter().chain(&back).copied().collect();
        out.severity = stage::of_muscles(all.iter().copied()).max(self.lowest(side, limb, root));
        out.chronicity = stage::of_denervation(all.iter().copied(), self.case.onset_days).into();
        out.because = all.iter().map(|muscle| Reason::of_muscle("radic_needle", muscle)).collect();
        out.because.push(Reason::new(
            "radic_needle",
            format!("{} muscles of one root, {} nerves", all.len(), nerves.len() + usize::from(!back.is_empty())),
        ));
        let spared = self.dermatome(side, root);
        for sensory in &spared {
            out.because.push(Reason::new(
                "pre_post_ganglionic",
                format!("{} {}: normal, the lesion lies before the ganglion", study_name(&sensory.study), letter(side)),
            ));
        }
        for motor in self.evidence.motor.iter().filter(|motor| motor.side == side && motor.low_of_other.is_some()) {
            let share = 100.0 * motor.low_of_other.unwrap_or_default();
            out.because.push(Reason::new(
                "axon_loss_severity",
                format!("{} {}: {share:.0} % of the other side's amplitude", study_name(&motor.study), letter(side)),
            ));
        }
        out.certainty = match (strict, back.is_empty(), spared.is_empty()) {
            (true, false, false) => Certainty::Definite,
            (true, ..) => Certainty::Probable,
            _ => Certainty::Possible,
        };
        if spared.is_empty() {
            self.caveats.push(format!("no sensory response of the {root} dermatome was tested: root and plexus are not told apart by it"));
        }
        Some(out)
    }

    /// Severity of what is left of motor responses from muscles of a root.
    fn lowest(&self, side: Side, limb: Limb, root: &str) -> Severity {
        let of = |motor: &&MotorStudy| {
            let muscle =
                crate::norms::by_id(&motor.study).and_then(|def| def.record_muscle.as_deref()).and_then(crate::norms::muscle_by_id);
            motor.side == side
                && is_leg(&motor.study) == (limb == Limb::Leg)
                && muscle.is_some_and(|muscle| muscle.roots_major.iter().any(|of| of == root))
        };
        let open = self.evidence.motor.iter().filter(of).filter(|motor| !self.is_explained(side, &motor.study));
        open.map(|motor| stage::of_share(motor.left())).max().unwrap_or(Severity::None)
    }

    /// Normal sensory responses with fibres of a root.
    fn dermatome(&self, side: Side, root: &str) -> Vec<&SensoryStudy> {
        let of_root =
            |study: &str| anatomy().sensory.get(study).is_some_and(|routes| routes.iter().any(|route| route.root == root && route.major));
        self.evidence.sensory.iter().filter(|sensory| sensory.side == side && !sensory.low() && of_root(&sensory.study)).collect()
    }

    fn plexus(&mut self, side: Side, name: &str, own: &[&Muscle], silent: &[&SensoryStudy]) -> Option<Conclusion> {
        let nerves: BTreeSet<&str> =
            own.iter().map(|muscle| muscle.def.nerve.as_str()).chain(silent.iter().map(|sensory| sensory.nerve)).collect();
        if nerves.len() < 2 {
            return None;
        }
        let mut out = conclusion("plexopathy", letter(side), name);
        out.pathophysiology = "axonal".into();
        let gone = if silent.iter().filter(|sensory| sensory.absent).count() >= 2 { Severity::Moderate } else { Severity::Mild };
        out.severity = stage::of_muscles(own.iter().copied()).max(gone);
        out.chronicity = stage::of_denervation(own.iter().copied(), self.case.onset_days).into();
        out.because = silent
            .iter()
            .map(|sensory| {
                Reason::new(
                    "plexopathy",
                    format!("{} {}: low or absent, the lesion lies behind the ganglion", study_name(&sensory.study), letter(side)),
                )
            })
            .collect();
        out.because.extend(own.iter().map(|muscle| Reason::of_muscle("plexopathy", muscle)));
        out.because.extend(self.outlet(side, name));
        let normal = |id: &str| self.evidence.muscle_of(id, side).filter(|muscle| !muscle.row.neurogenic());
        let before = [
            "rhomboid_major",
            "serratus_anterior",
            "cervical_paraspinal_mid",
            "cervical_paraspinal_low",
            "lumbosacral_paraspinal_low",
            "lumbosacral_paraspinal_mid",
        ];
        let spared: Vec<&Muscle> = before.into_iter().filter_map(normal).collect();
        out.because.extend(spared.iter().map(|muscle| Reason::new("plexopathy", format!("{} {}: normal", muscle.def.name, letter(side)))));
        out.certainty = if own.len() >= 2 && !spared.is_empty() { Certainty::Definite } else { Certainty::Probable };
        Some(out)
    }

    /// Rule `tos_pattern`: fibres of T1 more than of C8, without a word on what presses them.
    fn outlet(&self, side: Side, name: &str) -> Option<Reason> {
        let low = |study: &str| self.evidence.sensory_of(study, side).is_some_and(|sensory| sensory.low());
        let thenar = self.evidence.motor_of("median_motor_apb", side).is_some_and(MotorStudy::low);
        let index = self.evidence.sensory_of("median_sensory_d2", side).is_some_and(|sensory| !sensory.low());
        (name.contains("lower trunk") && thenar && index && low("mac")).then(|| {
            let words = format!("{}: thenar response and medial forearm low, index finger normal: T1 more than C8", letter(side));
            Reason::new("tos_pattern", words)
        })
    }

    fn nerve(&mut self, side: Side, place: &Place, name: &str, at: &str, own: &[&Muscle], silent: &[&SensoryStudy]) -> Option<Conclusion> {
        let responses: Vec<&SensoryStudy> =
            silent.iter().copied().filter(|sensory| expects(place, &Element::Response(sensory.study.clone())) > 0.1).collect();
        // One finding is no pattern.
        if own.len() + responses.len() < 2 {
            return None;
        }
        let word = [
            "median",
            "ulnar",
            "radial",
            "axillary",
            "musculocutaneous",
            "suprascapular",
            "femoral",
            "obturator",
            "tibial",
            "sciatic",
            "fibular",
            "long thoracic",
            "gluteal",
            "accessory",
            "facial",
        ]
        .into_iter()
        .find(|word| name.to_lowercase().contains(word))
        .or_else(|| (name.contains("interosseous")).then_some(if name.contains("Posterior") { "radial" } else { "median" }))?;
        let diagnosis = match word {
            "fibular" if !name.contains("Sciatic") => "fibular_neuropathy".to_owned(),
            _ if name.contains("Sciatic") => "sciatic_neuropathy".to_owned(),
            // Without slowing at a place the needle alone does not say that it is the elbow.
            "ulnar" if own.iter().any(|muscle| muscle.def.region == "forearm") => "ulnar_elbow".to_owned(),
            word => format!("{}_neuropathy", word.replace(' ', "_")),
        };
        let localisation = match diagnosis.as_str() {
            "fibular_neuropathy" => "common fibular nerve at fibular head/neck".to_owned(),
            "ulnar_elbow" => "ulnar nerve at elbow".to_owned(),
            _ => format!("{} ({})", name.to_lowercase(), at),
        };
        let mut out = conclusion(&diagnosis, letter(side), localisation);
        out.pathophysiology = "axonal".into();
        out.severity = stage::of_muscles(own.iter().copied()).max(Severity::Mild);
        out.chronicity = stage::of_denervation(own.iter().copied(), self.case.onset_days).into();
        out.because = own.iter().map(|muscle| Reason::of_muscle("", muscle)).collect();
        out.because.extend(responses.iter().map(|sensory| {
            Reason::new("pre_post_ganglionic", format!("{} {}: low or absent", study_name(&sensory.study), letter(side)))
                .about(&sensory.study, sensory.side)
        }));
        out.certainty = Certainty::Probable;
        Some(out)
    }

    /// An H reflex that is late or gone on one side supports S1, and makes no diagnosis (rule `radic_h`).
    fn reflexes(&mut self) {
        for late in self.evidence.late.iter().filter(|late| late.study == "h_soleus" && late.abnormal()) {
            let side = late.side;
            let words = format!("H reflex of the soleus {}: {}", letter(side), if late.absent { "absent" } else { "late" });
            let s1 = self.conclusions.iter_mut().find(|done| done.side == letter(side) && done.localisation == "S1 root");
            if let Some(done) = s1 {
                done.because.push(Reason::new("radic_h", words));
            } else if self.diffuse.is_none() {
                self.loose.push(format!("{words}; supports S1, cannot tell root from plexus or nerve"));
            }
        }
    }

    /// Values beyond a limit that no conclusion accounts for.
    fn single_values(&mut self) {
        for motor in &self.evidence.motor {
            let slow = motor.pieces.iter().any(|piece| piece.velocity.is_some_and(|held| held.abnormal()));
            let open = motor.low() || motor.late() || slow;
            let rooted = self
                .conclusions
                .iter()
                .any(|done| done.side == letter(motor.side) && (done.diagnosis.ends_with("_radic") || done.diagnosis == "plexopathy"));
            if open && !rooted && !self.is_explained(motor.side, &motor.study) {
                self.loose.push(format!("{} {}: beyond its limit", study_name(&motor.study), letter(motor.side)));
            }
        }
        for sensory in self.evidence.sensory.iter().filter(|sensory| sensory.abnormal()) {
            let accounted = self.conclusions.iter().any(|done| done.side == letter(sensory.side) && done.diagnosis == "plexopathy");
            if !accounted && !self.is_explained(sensory.side, &sensory.study) {
                self.loose.push(format!("{} {}: beyond its limit", study_name(&sensory.study), letter(sensory.side)));
            }
        }
        let late: Vec<_> = self.evidence.late.iter().filter(|late| late.study.starts_with("f_") && late.abnormal()).collect();
        if self.conclusions.is_empty() {
            self.loose.extend(
                late.iter().map(|late| {
                    format!("{} {}: late or absent", late.study.replace("f_", "F wave, ").replace('_', " "), letter(late.side))
                }),
            );
        }
        for muscle in &self.evidence.muscles {
            let limb = Self::limb_of(muscle);
            if limb.is_none() && muscle.row.neurogenic() && !self.is_explained(muscle.row.side, &muscle.def.id) {
                self.loose.push(seen(muscle));
            }
        }
        self.loose.sort();
        self.loose.dedup();
    }
}

/// What is usually tested in a limb.
fn candidates(limb: Limb) -> Vec<Element> {
    let region = if limb == Limb::Arm { "arm" } else { "leg" };
    let graph = anatomy();
    let here = |id: &str| graph.nodes.get(id).is_some_and(|node| node.region == region);
    let muscles = graph.motor.keys().filter(|id| here(id)).map(|id| Element::Muscle(id.clone()));
    let responses = graph.sensory.keys().filter(|study| is_leg(study) == (limb == Limb::Leg)).map(|study| Element::Response(study.clone()));
    muscles.chain(responses).collect()
}

fn element_name(element: &Element) -> String {
    match element {
        Element::Muscle(id) => crate::norms::muscle_by_id(id).map_or_else(|| id.clone(), |muscle| muscle.name.clone()),
        Element::Response(id) => study_name(id),
        Element::Slow(name, _) | Element::Block(name, _) => name.replace('_', " "),
    }
}
