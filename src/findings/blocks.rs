//! Motor conduction blocks outside of places where nerves are pressed (rules `cb_aaem_*`, `cb_mmn_2010`,
//! `cb_als_control`, `temporal_dispersion`).

use std::collections::BTreeSet;

use crate::model::Side;
use crate::norms::criteria::param;

use super::evidence::{MotorStudy, Piece, letter};
use super::reader::{Reader, SIDES, conclusion, study_name};
use super::{Certainty, Conclusion, Reason, Severity, stage};

/// Pieces at places where nerves are pressed: slow or blocked there does not mean so elsewhere.
pub const NARROW: [&str; 2] = ["below_elbow-above_elbow", "below_fibular_head-popliteal"];

/// Rows of the AAEM table by study and segment.
const AAEM: [(&str, &str, &str); 6] = [
    ("median_motor_apb", "wrist-antecubital", "cb_aaem_median_forearm"),
    ("ulnar_motor_adm", "wrist-below_elbow", "cb_aaem_ulnar_forearm"),
    ("ulnar_motor_fdi", "wrist-below_elbow", "cb_aaem_ulnar_forearm"),
    ("fibular_motor_edb", "ankle-below_fibular_head", "cb_aaem_fibular_leg"),
    ("tibial_motor_ah", "ankle-popliteal", "cb_aaem_tibial_leg"),
    ("tibial_motor_adqp", "ankle-popliteal", "cb_aaem_tibial_leg"),
];

/// A response that falls on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Definite by its rule, else probable.
    pub definite: bool,
    /// What was measured, by which rule.
    pub reason: Reason,
}

/// The sensory responses of a motor study's nerve in the same stretch of limb.
fn sensory_of(nerve: &str) -> &'static [&'static str] {
    match nerve {
        "median" => &["median_sensory_d2", "median_sensory_d3", "median_sensory_d1"],
        "ulnar" => &["ulnar_sensory_d5", "dorsal_ulnar_cutaneous"],
        "radial" => &["radial_sensory_snuffbox"],
        "tibial" => &["sural", "medial_plantar_mixed"],
        _ => &["superficial_fibular"],
    }
}

/// What the rules say of a piece of nerve; `None`: no block, or nothing can be said.
///
/// Without the area only the amplitude speaks, and that makes a block probable at most.
pub fn block(motor: &MotorStudy, piece: &Piece) -> Option<Block> {
    let mmn = |name: &str| param("cb_mmn_2010", name);
    if motor.absent || motor.left() < mmn("min_amp_fraction_lln") {
        return None;
    }
    let amp = piece.drop_percent?;
    let area = piece.area_drop_percent;
    let row = AAEM.iter().find(|(study, segment, _)| *study == motor.study && *segment == piece.segment.id).map(|(.., rule)| *rule);
    let (rule, definite) = match row {
        Some(rule) => (rule, aaem(rule, amp, area, piece.dispersion_percent)?),
        // Where the table says nothing the area alone counts, and not in the tibial nerve.
        None if motor.nerve == "tibial" || motor.amplitude.is_none_or(|held| held.value <= mmn("min_amp_mV")) => return None,
        None => {
            let (area, rise) = (area?, piece.dispersion_percent.unwrap_or(0.0));
            let large = area >= mmn("definite_area_percent");
            let narrow = rise <= mmn("dur_percent");
            if !(large || (narrow && area >= mmn("probable_area_percent"))) {
                return None;
            }
            ("cb_mmn_2010", large && narrow)
        }
    };
    let mut seen = vec![format!("amplitude falls by {amp:.0} %")];
    seen.extend(area.map(|area| format!("area by {area:.0} %")));
    seen.extend(piece.dispersion_percent.map(|rise| format!("duration {rise:+.0} %")));
    let words = format!(
        "{} {}, {}: {}, {} block",
        study_name(&motor.study),
        letter(motor.side),
        piece.segment.id.replace('-', " to ").replace('_', " "),
        seen.join(", "),
        if definite { "definite" } else { "probable" }
    );
    Some(Block { definite, reason: Reason::new(rule, words).about(&motor.study, motor.side) })
}

/// Whether a fall is a definite block by a row of the AAEM table, or a probable one.
fn aaem(rule: &str, amp: f64, area: Option<f64>, rise: Option<f64>) -> Option<bool> {
    let most = |name: &str| param(rule, name);
    let rise = rise.unwrap_or(0.0);
    let large = amp > most("definite_amp_percent") && area.is_none_or(|area| area > most("definite_area_percent"));
    let some = amp >= most("probable_amp_percent") || area.is_some_and(|area| area >= most("probable_area_percent"));
    if large && area.is_some() && rise <= most("dur_max_definite_percent") {
        Some(true)
    } else {
        // Of amplitude alone only a fall of definite size counts.
        let enough = if area.is_some() { some && rise <= most("dur_max_definite_percent") } else { large };
        (enough || large && rise <= most("dur_max_probable_percent")).then_some(false)
    }
}

impl Reader<'_> {
    /// Blocks of a nerve outside of narrow places; fibres that cross are none.
    pub fn blocks_of(&self, motor: &MotorStudy) -> Vec<Block> {
        let crossed = matches!(motor.nerve, "ulnar" | "median") && self.crossed.contains(&motor.side);
        let open = |piece: &&Piece| !crossed && !NARROW.contains(&piece.segment.id.as_str());
        motor.pieces.iter().filter(open).filter_map(|piece| block(motor, piece)).collect()
    }

    /// Blocks with the sensory responses spared: in several nerves a pattern of its own, in one a lesion of that nerve.
    pub fn motor_blocks(&mut self) {
        if self.diffuse.is_some() {
            return;
        }
        let evidence = self.evidence;
        let mut found: Vec<(&MotorStudy, Vec<Block>)> = Vec::new();
        for motor in &evidence.motor {
            let known = found.iter().any(|(other, _)| (other.nerve, other.side) == (motor.nerve, motor.side));
            let blocks = self.blocks_of(motor);
            if !known && !blocks.is_empty() && !self.is_explained(motor.side, &motor.study) {
                found.push((motor, blocks));
            }
        }
        let spared = !evidence.sensory.is_empty() && evidence.sensory.iter().all(|sensory| !sensory.low());
        let nerves: BTreeSet<(&str, &str)> = found.iter().map(|(motor, _)| (motor.nerve, letter(motor.side))).collect();
        if nerves.len() >= 2 && spared {
            let out = self.multifocal(&found);
            self.conclusions.push(out);
        } else {
            for (motor, blocks) in &found {
                let out = self.one_block(motor, blocks);
                self.conclusions.push(out);
            }
        }
        for (motor, _) in &found {
            self.explain(motor.side, &motor.study);
        }
    }

    fn multifocal(&mut self, found: &[(&MotorStudy, Vec<Block>)]) -> Conclusion {
        let sides: BTreeSet<&str> = found.iter().map(|(motor, _)| letter(motor.side)).collect();
        let side = if sides.len() == 2 { "bilateral" } else { sides.first().copied().unwrap_or("bilateral") };
        let names: BTreeSet<&str> = found.iter().map(|(motor, _)| motor.nerve).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let mut out = conclusion("multifocal_motor_neuropathy", side, format!("motor nerves: {names}"));
        self.fill(&mut out, found);
        let blocks = || found.iter().flat_map(|(_, blocks)| blocks);
        out.certainty = if blocks().any(|block| block.definite) { Certainty::Definite } else { Certainty::Probable };
        out.because.push(Reason::new("cb_mmn_2010", "sensory responses normal"));
        if out.certainty == Certainty::Definite && !self.spared_beside(found) {
            out.certainty = Certainty::Probable;
            out.next = Some("the sensory response of each blocked nerve".into());
        }
        out
    }

    /// Whether the sensory response of every blocked nerve was tested.
    fn spared_beside(&self, found: &[(&MotorStudy, Vec<Block>)]) -> bool {
        let tested = |motor: &MotorStudy| sensory_of(motor.nerve).iter().any(|study| self.evidence.sensory_of(study, motor.side).is_some());
        found.iter().all(|(motor, _)| tested(motor))
    }

    fn one_block(&mut self, motor: &MotorStudy, blocks: &[Block]) -> Conclusion {
        let nerve = motor.nerve.split('_').next().unwrap_or(motor.nerve);
        let place = motor.pieces.iter().find(|piece| block(motor, piece).is_some());
        let between = place.map_or_else(String::new, |piece| {
            let (from, to) = piece.segment.id.split_once('-').unwrap_or((&piece.segment.id, ""));
            format!(" between {} and {}", from.replace('_', " "), to.replace('_', " "))
        });
        let mut out = conclusion(&format!("{nerve}_neuropathy"), letter(motor.side), format!("{nerve} nerve{between}"));
        self.fill(&mut out, &[(motor, blocks.to_vec())]);
        out.certainty = if blocks.iter().any(|block| block.definite) { Certainty::Probable } else { Certainty::Possible };
        // Fibres that cross from the median nerve make the ulnar response fall in the forearm.
        let forearm = motor.nerve == "ulnar" && place.is_some_and(|piece| piece.segment.id == "wrist-below_elbow");
        let excluded = self.case.extra.iter().any(|row| row.side == motor.side && row.study.starts_with("median_stim_record"));
        if forearm && !excluded {
            out.certainty = Certainty::Possible;
            out.next =
                Some(format!("the median nerve at the elbow {}, recording the ulnar muscle (against Martin-Gruber)", letter(motor.side)));
        } else {
            out.next = Some("other motor nerves above and below: one block may be one of several".into());
        }
        out
    }

    fn fill(&mut self, out: &mut Conclusion, found: &[(&MotorStudy, Vec<Block>)]) {
        out.pathophysiology = "conduction_block".into();
        let worst = found.iter().flat_map(|(motor, _)| &motor.pieces).filter_map(|piece| piece.drop_percent).fold(0.0, f64::max);
        // No published grade: by the share of the response that does not pass, in thirds.
        out.severity = match worst {
            worst if worst > 200.0 / 3.0 => Severity::Severe,
            worst if worst > 100.0 / 3.0 => Severity::Moderate,
            _ => Severity::Mild,
        };
        out.because = found.iter().flat_map(|(_, blocks)| blocks.iter().map(|block| block.reason.clone())).collect();
        let ill: Vec<_> = SIDES
            .iter()
            .flat_map(|side| self.neurogenic(*side))
            .filter(|muscle| found.iter().any(|(motor, _)| motor.side == muscle.row.side && muscle.def.nerve.contains(motor.nerve)))
            .collect();
        out.chronicity = stage::of_denervation(ill.iter().copied(), self.case.onset_days).into();
        out.because.extend(ill.iter().map(|muscle| Reason::of_muscle("", muscle)));
        // Long loss of units makes smaller falls common without any block.
        let least = 100.0 * (1.0 - param("cb_als_control", "ratio_amp_gt1mV"));
        if ill.iter().any(|muscle| muscle.row.rebuilt()) && worst < least {
            out.against
                .push(format!("units were lost long ago: falls of less than {least:.0} % are no proof of a block there (cb_als_control)"));
        }
        for (side, id) in ill.iter().map(|muscle| (muscle.row.side, muscle.def.id.clone())).collect::<Vec<(Side, String)>>() {
            self.explain(side, &id);
        }
    }
}
