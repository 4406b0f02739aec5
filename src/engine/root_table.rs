//! Examined muscles against their roots: one table a side and limb.

use crate::findings::{Answer, Seen};
use crate::model::Side;
use crate::norms::{MuscleDef, muscle_by_id, muscles};
use crate::scene::root_table::{RootRow, RootTable, Sign, Supply};

/// Limbs: name, and the roots that are columns.
const LIMBS: [(&str, &[&str]); 2] = [("arm", &["C5", "C6", "C7", "C8", "T1"]), ("leg", &["L2", "L3", "L4", "L5", "S1", "S2"])];
/// Fewer muscles are said in words.
const FEWEST: usize = 2;

/// Tables of what was examined.
pub fn tables(answer: &Answer) -> Vec<RootTable> {
    let mut out = Vec::new();
    for (side, side_name) in [(Side::Right, "Right"), (Side::Left, "Left")] {
        for (limb, roots) in LIMBS {
            let place = |seen: &&Seen| muscles().iter().position(|def| def.id == seen.muscle);
            let mut here: Vec<&Seen> = answer.muscles.iter().filter(|seen| seen.side == side).collect();
            // From the neck down, as the muscles are listed everywhere.
            here.sort_by_key(place);
            let rows: Vec<RootRow> = here.into_iter().filter_map(|seen| row(muscle_by_id(&seen.muscle)?, seen, roots)).collect();
            if rows.len() >= FEWEST {
                let letter = if side == Side::Right { "R" } else { "L" };
                let proposed = answer.conclusions.iter().filter(|done| done.side == letter || done.side == "bilateral");
                let places: Vec<&str> = proposed
                    .filter(|done| done.diagnosis.ends_with("_radic"))
                    .flat_map(|done| done.localisation.split(|c: char| !c.is_alphanumeric()))
                    .collect();
                let named = |root: &&&str| places.contains(*root);
                out.push(RootTable {
                    title: format!("{side_name} {limb}"),
                    proposed: roots.iter().filter(named).map(|root| (*root).to_owned()).collect(),
                    roots: roots.iter().map(|root| (*root).to_owned()).collect(),
                    rows,
                });
            }
        }
    }
    out
}

/// A row, where any of the columns supplies the muscle.
fn row(def: &MuscleDef, seen: &Seen, roots: &[&str]) -> Option<RootRow> {
    let has = |list: &[String], root: &str| list.iter().any(|one| one == root);
    let supply: Vec<Supply> = roots
        .iter()
        .map(|root| match (has(&def.roots_major, root), has(&def.roots_minor, root)) {
            (true, _) => Supply::Major,
            (_, true) => Supply::Minor,
            _ => Supply::None,
        })
        .collect();
    if supply.iter().all(|supply| *supply == Supply::None) {
        return None;
    }
    let ongoing = seen.denervation.is_some_and(|grade| grade > 0);
    let sign = match (ongoing, seen.rebuilt) {
        _ if seen.myopathic => Sign::Other,
        (true, true) => Sign::Both,
        (true, false) => Sign::Ongoing,
        (false, true) => Sign::Rebuilt,
        (false, false) if seen.abnormal => Sign::Other,
        (false, false) => Sign::Normal,
    };
    let mut words = Sign::ALL.iter().find(|(kind, _)| *kind == sign).map_or("", |(_, words)| *words).to_owned();
    if seen.denervation.is_none() {
        words.push_str(", rest not looked at");
    }
    Some(RootRow { name: def.name.clone(), nerve: def.nerve_name(), supply, sign, words, doubt: def.doubt().to_owned() })
}
