//! Several nerves damaged one by one. The reference has no row of criteria for it: two or more nerves that
//! lost axons, of which at least one not at a place where nerves are commonly pressed, without a disease of
//! all nerves, is a convention of this program.

use std::collections::BTreeSet;

use super::reader::{Reader, conclusion};
use super::{Certainty, Conclusion, Reason, Severity};

/// Lesions at places where nerves are commonly pressed.
fn pressed(done: &Conclusion) -> bool {
    let focal = matches!(done.diagnosis.as_str(), "cts" | "ulnar_elbow" | "ulnar_wrist" | "tarsal_tunnel")
        || done.diagnosis == "fibular_neuropathy" && done.localisation.contains("head");
    // The needle alone does not tell the place.
    focal && done.pathophysiology != "axonal"
}

fn of_one_nerve(done: &Conclusion) -> bool {
    matches!(done.diagnosis.as_str(), "ulnar_elbow" | "ulnar_wrist" | "tarsal_tunnel")
        || (done.diagnosis.ends_with("_neuropathy") && done.diagnosis != "multifocal_motor_neuropathy")
}

impl Reader<'_> {
    /// Says of several single nerves that they may belong together.
    pub fn several_nerves(&mut self) {
        if self.diffuse.is_some() {
            return;
        }
        let lost = |done: &&Conclusion| of_one_nerve(done) && matches!(done.pathophysiology.as_str(), "axonal" | "mixed");
        let found: Vec<&Conclusion> = self.conclusions.iter().filter(lost).collect();
        let nerves: BTreeSet<(&str, &str)> = found.iter().map(|done| (done.diagnosis.as_str(), done.side.as_str())).collect();
        if nerves.len() < 2 || found.iter().all(|done| pressed(done)) {
            return;
        }
        let sides: BTreeSet<&str> = found.iter().map(|done| done.side.as_str()).collect();
        let side = if sides.len() == 2 { "bilateral".to_owned() } else { found[0].side.clone() };
        let places: BTreeSet<&str> = found.iter().map(|done| done.localisation.as_str()).collect();
        let places = places.into_iter().collect::<Vec<_>>().join("; ");
        let mut out = conclusion("mononeuropathy_multiplex", &side, places);
        out.pathophysiology = "axonal".into();
        out.severity = found.iter().map(|done| done.severity).max().unwrap_or(Severity::NotGraded);
        out.chronicity = "indeterminate".into();
        out.because = found.iter().map(|done| Reason::new("", format!("{} {}", done.title(), done.side))).collect();
        out.certainty = if nerves.len() >= 3 { Certainty::Probable } else { Certainty::Possible };
        out.against.push("single nerves may be damaged together by chance, or be the first of a polyneuropathy".into());
        self.conclusions.push(out);
    }
}
