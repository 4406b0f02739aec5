//! Disease of many nerves: polyneuropathy, inflammatory demyelination, motor neurons (rules `dsp_confirm`,
//! `pn_*`, `cidp21_*`, `gbs_hadden_*`, `als_*`).

use std::collections::BTreeSet;

use crate::model::Side;

use super::blocks::NARROW;
use super::demyelination::Fit;
use super::evidence::{MotorStudy, Muscle, SensoryStudy, is_leg, letter};
use super::reader::{Reader, SIDES, beyond, conclusion, study_name};
use super::{Certainty, Conclusion, Reason, Severity, stage};

/// Motor studies that the criteria for demyelination were made for.
pub const COUNTED: [&str; 6] =
    ["median_motor_apb", "ulnar_motor_adm", "ulnar_motor_fdi", "fibular_motor_edb", "tibial_motor_ah", "tibial_motor_adqp"];
/// A disease that begins within four weeks is acute; the criteria of Hadden were made for it.
const ACUTE_DAYS: f64 = 28.0;

/// How much slower than the limits counts.
struct Cut {
    rule: &'static str,
    velocity: f64,
    latency: f64,
    late: f64,
}

/// What a nerve shows of demyelination.
struct Slow<'a> {
    motor: &'a MotorStudy,
    reasons: Vec<Reason>,
    /// All that it shows are falls of amplitude.
    blocks_alone: bool,
}

impl Reader<'_> {
    /// The F wave of a motor study's nerve.
    pub fn late_of(&self, motor: &MotorStudy) -> Option<&super::evidence::LateStudy> {
        let study = format!("f_{}", motor.nerve.split('_').next_back().unwrap_or_default());
        let other = format!("f_{}", motor.nerve);
        self.evidence.late.iter().find(|late| late.side == motor.side && (late.study == study || late.study == other))
    }

    /// What one nerve shows of demyelination, and whether any of it lies outside of a narrow place.
    fn slow<'a>(&self, motor: &'a MotorStudy, cut: &Cut) -> Option<Slow<'a>> {
        // Below a fifth of its limit a response says nothing of slowing: the fast fibres are gone.
        if motor.absent || motor.left() < 0.2 {
            return None;
        }
        let (mut out, mut blocks) = (Vec::new(), 0_usize);
        let (side, name) = (letter(motor.side), study_name(&motor.study));
        let narrow_wrist = motor.nerve == "median" && self.median_alone_late(motor);
        if let Some(held) = motor.latency.filter(|held| held.ratio() > cut.latency && !narrow_wrist) {
            out.push(Reason::new(
                cut.rule,
                format!("{name} {side}: distal latency {:.1} ms, {:.0} % of its limit", held.value, 100.0 * held.ratio()),
            ));
        }
        for piece in &motor.pieces {
            let narrow = NARROW.contains(&piece.segment.id.as_str());
            if let Some(held) = piece.velocity.filter(|held| held.ratio() < cut.velocity && !narrow) {
                out.push(Reason::new(
                    cut.rule,
                    format!("{name} {side}: {:.1} m/s, {:.0} % of its limit", held.value, 100.0 * held.ratio()),
                ));
            }
            let crossed = motor.nerve == "ulnar" && self.crossed.contains(&motor.side);
            if piece.drop_percent.is_some_and(|drop| drop > 50.0) && !narrow && !crossed && motor.nerve != "tibial" {
                blocks += 1;
                out.push(Reason::new(
                    cut.rule,
                    format!(
                        "{name} {side}: amplitude falls by {:.0} % outside of places where nerves are pressed",
                        piece.drop_percent.unwrap_or_default()
                    ),
                ));
            }
        }
        let late = self.late_of(motor).and_then(|late| late.latency).filter(|held| held.ratio() > cut.late);
        if let Some(held) = late {
            out.push(Reason::new(
                cut.rule,
                format!("F wave of the {} nerve {side}: {:.1} ms, {:.0} % of its limit", motor.nerve, held.value, 100.0 * held.ratio()),
            ));
        }
        let blocks_alone = out.len() == blocks;
        let reasons: Vec<Reason> = out.into_iter().map(|reason| reason.about(&motor.study, motor.side)).collect();
        (!reasons.is_empty()).then_some(Slow { motor, reasons, blocks_alone })
    }

    /// The median nerve late at the wrist while the ulnar nerve of that hand is not: its tunnel.
    pub fn median_alone_late(&self, motor: &MotorStudy) -> bool {
        self.evidence.motor_of("ulnar_motor_adm", motor.side).is_some_and(|ulnar| !ulnar.late() && !ulnar.absent)
    }

    /// Nerves that show demyelination outside of narrow places, one entry a nerve and side.
    fn demyelinated(&self, cut: &Cut) -> Vec<Slow<'_>> {
        let motors = self.evidence.motor.iter().filter(|motor| COUNTED.contains(&motor.study.as_str()));
        let mut out: Vec<Slow> = Vec::new();
        for slow in motors.filter_map(|motor| self.slow(motor, cut)) {
            if !out.iter().any(|other| (other.motor.nerve, other.motor.side) == (slow.motor.nerve, slow.motor.side)) {
                out.push(slow);
            }
        }
        out
    }

    /// Disease of motor neurons, then of many nerves.
    pub fn many_nerves(&mut self) {
        if self.motor_neurons() {
            return;
        }
        let acute = self.case.onset_days.is_some_and(|days| days <= ACUTE_DAYS);
        let hadden = Cut {
            rule: "gbs_hadden_aidp",
            velocity: Self::limit("gbs_hadden_aidp", "mcv"),
            latency: Self::limit("gbs_hadden_aidp", "dml"),
            late: Self::limit("gbs_hadden_aidp", "f"),
        };
        let teaching = Cut {
            rule: "pn_demyelinating_ps",
            velocity: Self::limit("pn_demyelinating_ps", "cv_ratio"),
            latency: Self::limit("pn_demyelinating_ps", "dml_ratio"),
            late: Self::limit("pn_demyelinating_ps", "f_ratio"),
        };
        let cut = if acute { &hadden } else { &teaching };
        let nerves = self.demyelinated(cut);
        let reasons: Vec<Reason> = nerves.iter().flat_map(|slow| slow.reasons.clone()).collect();
        let names: Vec<(&'static str, Side)> = nerves.iter().map(|slow| (slow.motor.nerve, slow.motor.side)).collect();
        // Blocks of motor fibres alone are another disease than slowing of all fibres.
        let motor_alone = !acute && !self.sensory_low() && nerves.iter().all(|slow| slow.blocks_alone);
        let fits = self.fits(acute);
        let first = fits.first().map_or("", |fit| fit.verdict.as_str()).to_owned();
        if names.len() >= 2 && !motor_alone && !self.one_lesion_of_a_limb(&names) {
            self.demyelinating(acute, reasons, acute || first.starts_with("strongly"), fits);
        } else if acute && (first.starts_with("primary axonal") || first == "inexcitable") && self.arms_and_legs_low() {
            self.acute_axonal(&first, fits);
        } else if names.is_empty() || !motor_alone {
            self.axonal();
        }
    }

    /// Low motor responses in an arm and a leg: not one root, plexus or nerve, and not by length alone.
    fn arms_and_legs_low(&self) -> bool {
        let low = |leg: bool| {
            let here =
                self.evidence.motor.iter().filter(move |motor| COUNTED.contains(&motor.study.as_str()) && is_leg(&motor.study) == leg);
            here.filter(|motor| motor.low()).count()
        };
        low(true) > 0 && low(false) > 0
    }

    /// Loss of motor responses within weeks without slowing (rules `gbs_hadden_axonal`, `gbs_hadden_inexcitable`).
    fn acute_axonal(&mut self, verdict: &str, fits: Vec<Fit>) {
        let evidence = self.evidence;
        let (rule, words) = match verdict {
            "inexcitable" => ("gbs_hadden_inexcitable", "acute, nerves do not answer"),
            _ if self.sensory_low() => ("gbs_hadden_axonal", "acute, motor and sensory, not length-dependent"),
            _ => ("gbs_hadden_axonal", "acute, motor, not length-dependent"),
        };
        let mut out = conclusion("polyneuropathy_axonal", "bilateral", words);
        // Of nerves that do not answer, damage to axons and to myelin look alike.
        out.pathophysiology = if verdict == "inexcitable" { "mixed" } else { "axonal" }.into();
        for motor in evidence.motor.iter().filter(|motor| motor.low()) {
            match motor.amplitude.filter(|_| !motor.absent) {
                Some(held) => out.because.push(Reason { rule: rule.into(), ..beyond(&motor.study, motor.side, "amplitude", "mV", &held) }),
                None => out.because.push(
                    Reason::new(rule, format!("{} {}: no response", study_name(&motor.study), letter(motor.side)))
                        .about(&motor.study, motor.side),
                ),
            }
        }
        out.because.extend(evidence.sensory.iter().filter(|sensory| sensory.low()).map(sensory_reason));
        out.certainty = Certainty::Probable;
        out.fits = fits;
        self.caveats.push("acute course: repeat the study in 2 to 3 weeks; blocks that resolve look like loss of axons".into());
        let muscles: Vec<&Muscle> = evidence.muscles.iter().filter(|muscle| muscle.row.neurogenic()).collect();
        out.chronicity = stage::of_denervation(muscles.iter().copied(), self.case.onset_days).into();
        self.diffuse = Some(true);
        self.spread(out, &muscles);
    }

    /// Two nerves of one limb below one plexus lesion: not a disease of many nerves, unless both are slow
    /// far from it. Velocities are: two nerves of two kinds suffice.
    fn one_lesion_of_a_limb(&self, names: &[(&'static str, Side)]) -> bool {
        let nerves: BTreeSet<&str> = names.iter().map(|(nerve, _)| *nerve).collect();
        nerves.len() < 2 && names.len() < 3
    }

    fn demyelinating(&mut self, acute: bool, reasons: Vec<Reason>, firm: bool, mut fits: Vec<Fit>) {
        let place = if acute { "polyradiculoneuropathy" } else { "diffuse" };
        let mut out = conclusion(if acute { "gbs_demyelinating" } else { "polyneuropathy_demyelinating" }, "bilateral", place);
        out.pathophysiology = "demyelinating".into();
        out.because = reasons;
        let sural = SIDES.iter().filter_map(|side| self.evidence.sensory_of("sural", *side)).any(|sural| !sural.abnormal());
        let arm = self.evidence.sensory.iter().any(|sensory| !is_leg(&sensory.study) && sensory.low());
        if acute && sural && arm {
            out.because
                .push(Reason::new("gbs_early", "sural sparing: sensory responses of the hand are low or absent, the sural one is normal"));
        }
        for late in self.evidence.late.iter().filter(|late| late.absent && late.study.starts_with("f_")) {
            out.because.push(Reason::new(
                if acute { "gbs_early" } else { "cidp21_motor_d" },
                format!("{} {}: absent", late.study.replace("f_", "F wave ").replace('_', " "), letter(late.side)),
            ));
        }
        if !acute {
            out.because.extend(self.evenness());
            fits.push(self.sensory_fit());
        }
        out.fits = fits;
        out.certainty = if firm { Certainty::Definite } else { Certainty::Probable };
        let muscles: Vec<&Muscle> = self.evidence.muscles.iter().filter(|muscle| muscle.row.neurogenic()).collect();
        out.chronicity = stage::of_denervation(muscles.iter().copied(), self.case.onset_days).into();
        if acute {
            self.caveats.push("acute course: repeat the study in 2 to 3 weeks; the pattern may change".into());
        }
        self.diffuse = Some(true);
        self.spread(out, &muscles);
    }

    /// Whether all nerves are slow alike (rule `pn_uniform_vs_multifocal`): a pattern, no cause.
    fn evenness(&self) -> Option<Reason> {
        let rule = "pn_uniform_vs_multifocal";
        let counted = || self.evidence.motor.iter().filter(|motor| COUNTED.contains(&motor.study.as_str()));
        let wide = || counted().flat_map(|motor| &motor.pieces).filter(|piece| !NARROW.contains(&piece.segment.id.as_str()));
        let broken = counted().any(|motor| !self.blocks_of(motor).is_empty())
            || wide()
                .any(|piece| piece.dispersion_percent.is_some_and(|rise| rise > Self::limit("temporal_dispersion", "duration_percent")));
        if broken {
            return Some(Reason::new(rule, "not uniform: block or dispersion outside of places where nerves are pressed"));
        }
        let median = self.evidence.motor.iter().filter(|motor| motor.study == "median_motor_apb");
        let slowest = median.filter_map(|motor| motor.piece("wrist-antecubital")?.velocity_m_per_s).min_by(f64::total_cmp)?;
        let least = Self::limit(rule, "cmt1_median_mcv_m_per_s");
        let all = wide().filter_map(|piece| piece.velocity).all(|held| held.abnormal());
        (slowest < least && all).then(|| {
            Reason::new(
                rule,
                format!("uniform slowing, no block or dispersion; median nerve in the forearm {slowest:.0} m/s (below {least:.0} m/s)"),
            )
        })
    }

    /// Length-dependent loss of axons (rule `dsp_confirm`).
    fn axonal(&mut self) {
        let evidence = self.evidence;
        let leg: Vec<&SensoryStudy> = evidence.sensory.iter().filter(|sensory| is_leg(&sensory.study)).collect();
        let sural: Vec<&&SensoryStudy> = leg.iter().filter(|sensory| sensory.study == "sural").collect();
        let spared = sural.iter().any(|sural| !sural.abnormal());
        let other = leg.iter().any(|sensory| sensory.abnormal());
        if spared || !other {
            return;
        }
        let mut nerves: BTreeSet<&str> =
            leg.iter().filter(|sensory| sensory.abnormal() && sensory.study != "sural").map(|sensory| root_nerve(sensory.nerve)).collect();
        for motor in evidence.motor.iter().filter(|motor| is_leg(&motor.study)) {
            let slow = motor.pieces.iter().any(|piece| piece.velocity.is_some_and(|held| held.abnormal()));
            if motor.low() || motor.late() || slow {
                nerves.insert(root_nerve(motor.nerve));
            }
        }
        // Hip and back muscles that lost their supply in one leg: the plexus or the roots, not the length.
        let near = |muscle: &&Muscle| muscle.row.neurogenic() && matches!(muscle.def.region.as_str(), "hip" | "thigh");
        let both = SIDES.iter().all(|side| sural.iter().any(|sural| sural.side == *side));
        let proximal: Vec<&Muscle> = evidence.muscles.iter().filter(near).collect();
        // Without the sural response both divisions below the knee have to be ill.
        let without = sural.is_empty() && !(nerves.contains("fibular") && nerves.contains("tibial"));
        if nerves.is_empty() || without || (!both && !proximal.is_empty()) {
            return;
        }
        let mut out = conclusion("polyneuropathy_axonal", "bilateral_distal", "length-dependent");
        out.pathophysiology = "axonal".into();
        for sensory in leg.iter().filter(|sensory| sensory.abnormal()) {
            out.because.push(sensory_reason(sensory));
        }
        for motor in evidence.motor.iter().filter(|motor| is_leg(&motor.study) && motor.low()) {
            out.because.extend(
                motor.amplitude.iter().filter(|held| held.abnormal()).map(|held| beyond(&motor.study, motor.side, "amplitude", "mV", held)),
            );
        }
        if !sural.is_empty() {
            out.because.push(Reason::new("dsp_confirm", "the sural and a second nerve are abnormal"));
        }
        out.because.push(Reason::new("pn_axonal", "latencies and velocities are not in the range of demyelination; no block"));
        for side in SIDES {
            let amplitude = |study| evidence.sensory_of(study, side).and_then(|sensory| sensory.amplitude_uv);
            let ratio = amplitude("sural")
                .zip(amplitude("radial_sensory_snuffbox"))
                .filter(|(_, radial)| *radial > 0.0)
                .map(|(sural, radial)| sural / radial);
            if let Some(ratio) = ratio.filter(|ratio| *ratio < Self::limit("pn_srar", "limit")) {
                out.because.push(Reason::new(
                    "pn_srar",
                    format!("sural to radial amplitude {} {ratio:.2} (limit {:.1})", letter(side), Self::limit("pn_srar", "limit")),
                ));
            }
        }
        if sural.is_empty() {
            out.certainty = Certainty::Possible;
            out.next = Some("the sural response".into());
        } else if !both {
            out.certainty = Certainty::Probable;
            out.next = Some("the sural response of the other leg".into());
        } else if !evidence.motor.iter().any(|motor| !is_leg(&motor.study))
            && !evidence.sensory.iter().any(|sensory| !is_leg(&sensory.study))
        {
            // Rule `dsp_protocol`, second step.
            out.next = Some("ulnar and median sensory and ulnar motor responses of one arm: how far it reaches".into());
        }
        let muscles: Vec<&Muscle> = evidence.muscles.iter().filter(|muscle| muscle.row.neurogenic() && distal(muscle)).collect();
        out.chronicity = stage::of_denervation(muscles.iter().copied(), self.case.onset_days).into();
        self.diffuse = Some(false);
        self.spread(out, &muscles);
    }

    /// Severity by how far it reaches (a convention of this program: sensory in the legs mild, motor in the
    /// legs moderate, the arms too, or responses gone, severe), and what is accounted for.
    fn spread(&mut self, mut out: Conclusion, muscles: &[&Muscle]) {
        let evidence = self.evidence;
        let ill = |motor: &&MotorStudy| {
            motor.low()
                || (self.diffuse == Some(true)
                    && (motor.late() || motor.pieces.iter().any(|piece| piece.velocity.is_some_and(|held| held.abnormal()))))
        };
        let (legs, arms): (Vec<&MotorStudy>, Vec<&MotorStudy>) = evidence.motor.iter().filter(ill).partition(|motor| is_leg(&motor.study));
        let gone = legs.iter().filter(|motor| motor.absent).count();
        let arms_ill = arms.iter().any(|motor| !(motor.nerve == "median" && self.median_alone_late(motor)));
        out.severity = if arms_ill || gone >= 2 {
            Severity::Severe
        } else if !legs.is_empty() || !arms.is_empty() {
            Severity::Moderate
        } else {
            Severity::Mild
        };
        out.because.extend(muscles.iter().map(|muscle| Reason::of_muscle("", muscle)));
        let (explained_muscles, studies): (Vec<&Muscle>, Vec<(Side, String)>) = (
            muscles.iter().copied().filter(|muscle| self.diffuse == Some(true) || distal(muscle)).collect(),
            evidence
                .sensory
                .iter()
                .map(|sensory| (sensory.side, sensory.study.clone()))
                .chain(evidence.motor.iter().map(|motor| (motor.side, motor.study.clone())))
                .filter(|(_, study)| self.diffuse == Some(true) || is_leg(study))
                .collect(),
        );
        for muscle in explained_muscles {
            self.explain(muscle.row.side, &muscle.def.id);
        }
        for (side, study) in studies {
            self.explain(side, &study);
        }
        self.conclusions.push(out);
    }

    /// Loss of motor neurons in several regions with sensory responses spared (rules `als_gc_emg`, `als_gc_region`, `als_ncs`).
    fn motor_neurons(&mut self) -> bool {
        let evidence = self.evidence;
        let responses = !evidence.sensory.is_empty() && evidence.sensory.iter().all(|sensory| !sensory.low());
        let blocks = evidence
            .motor
            .iter()
            .flat_map(|motor| &motor.pieces)
            .any(|piece| !NARROW.contains(&piece.segment.id.as_str()) && piece.drop_percent.is_some_and(|drop| drop > 50.0));
        let counts = |muscle: &&Muscle| {
            muscle.row.rebuilt() && !muscle.row.myopathic() && (muscle.row.denervation() > 0 || muscle.row.fasciculates())
        };
        let muscles: Vec<&Muscle> = evidence.muscles.iter().filter(counts).collect();
        let of = |region: &str| muscles.iter().copied().filter(|muscle| body_region(muscle) == region).collect::<Vec<&Muscle>>();
        let limb = |region: &str| {
            let all = of(region);
            let nerves: BTreeSet<&str> = all.iter().map(|muscle| muscle.def.nerve.as_str()).collect();
            // One root's muscles are that root's, however many.
            let common =
                all.first().is_some_and(|first| roots(first).iter().any(|root| all.iter().all(|muscle| roots(muscle).contains(root))));
            all.len() >= 2 && nerves.len() >= 2 && !common
        };
        let mut regions = Vec::new();
        if !of("bulbar").is_empty() {
            regions.push("bulbar");
        }
        if limb("cervical") {
            regions.push("cervical");
        }
        if !of("thoracic").is_empty() {
            regions.push("thoracic");
        }
        if limb("lumbosacral") {
            regions.push("lumbosacral");
        }
        if regions.len() < 2 || !responses || blocks {
            return false;
        }
        let mut out = conclusion("motor_neuron", "bilateral", format!("anterior horn cells/motor axons in {} regions", regions.join(", ")));
        out.pathophysiology = "neurogenic_motor_neuron".into();
        out.severity = if regions.len() >= 3 { Severity::Severe } else { Severity::Moderate };
        out.chronicity = stage::of_denervation(muscles.iter().copied(), self.case.onset_days).into();
        out.because = muscles.iter().map(|muscle| Reason::of_muscle("als_gc_emg", muscle)).collect();
        out.because.push(Reason::new(
            "als_gc_region",
            format!("{} regions with loss of lower motor neurons: {}", regions.len(), regions.join(", ")),
        ));
        if muscles.iter().any(|muscle| muscle.row.denervation() == 0) {
            let words = "fasciculations count as denervation in muscles with large or long potentials";
            out.because.push(Reason::new("als_awaji", words));
        }
        out.because.push(Reason::new("als_ncs", "sensory responses normal, no conduction block"));
        out.certainty = if regions.len() >= 3 { Certainty::Definite } else { Certainty::Probable };
        self.caveats.push(
            "signs of upper motor neurons are clinical; without them and a progressive course the needle alone makes no diagnosis".into(),
        );
        let all: Vec<(Side, String)> = evidence.muscles.iter().map(|muscle| (muscle.row.side, muscle.def.id.clone())).collect();
        let motors: Vec<(Side, String)> = evidence.motor.iter().map(|motor| (motor.side, motor.study.clone())).collect();
        for (side, what) in all.into_iter().chain(motors) {
            self.explain(side, &what);
        }
        self.conclusions.push(out);
        true
    }
}

/// `fibular` of `superficial_fibular`; the sural nerve is its own.
fn root_nerve(nerve: &str) -> &str {
    ["fibular", "tibial", "femoral", "median", "ulnar", "radial"].into_iter().find(|of| nerve.contains(of)).unwrap_or(nerve)
}

fn roots(muscle: &Muscle) -> Vec<&str> {
    muscle.def.roots_major.iter().chain(&muscle.def.roots_minor).map(String::as_str).collect()
}

/// Below the knee, or in the hand.
fn distal(muscle: &Muscle) -> bool {
    matches!(muscle.def.region.as_str(), "leg" | "foot" | "hand")
}

/// Region of the body in the sense of the criteria for motor neuron disease.
fn body_region(muscle: &Muscle) -> &'static str {
    match (muscle.def.region.as_str(), muscle.def.id.as_str()) {
        ("face" | "bulbar", _) => "bulbar",
        ("trunk", _) => "thoracic",
        ("spine", id) if id.starts_with("thoracic") => "thoracic",
        ("hip" | "thigh" | "leg" | "foot", _) => "lumbosacral",
        ("shoulder" | "arm" | "forearm" | "hand", _) => "cervical",
        _ => "axial",
    }
}

fn sensory_reason(sensory: &SensoryStudy) -> Reason {
    match sensory.amplitude {
        _ if sensory.absent => Reason::new("", format!("{} {}: no response", study_name(&sensory.study), letter(sensory.side)))
            .about(&sensory.study, sensory.side),
        Some(held) if held.abnormal() => beyond(&sensory.study, sensory.side, "amplitude", "uV", &held),
        _ => Reason::new("", format!("{} {}: abnormal", study_name(&sensory.study), letter(sensory.side)))
            .about(&sensory.study, sensory.side),
    }
}
