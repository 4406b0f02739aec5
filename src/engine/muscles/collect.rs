//! Findings of several stretches of one muscle, none counted twice.
//!
//! A stretch that is analysed again takes the place of what was found there before. Of motor units
//! the newer one takes the place of one that is the same by the shape of its potential, in the same
//! lane: within one insertion the shape stays, at another one the same unit looks different and cannot be
//! known again. What a person left out stays out.

use crate::model::{FoundUnit, MuscleStretch, NeedleFindings, SHAPE_STEP_MS};

/// Stretches that share this much of their common length are the same one.
const SAME_STRETCH: f64 = 0.8;
/// A stretch of other findings that lies over this much of the shorter one takes its place.
const COVERED: f64 = 0.5;
/// Energy of the difference of two potentials, relative to the larger, up to which they are one unit's.
/// Averages of one unit from two stretches differ by their noise; two units of one insertion rarely
/// agree to a tenth.
const SAME_SHAPE: f64 = 0.1;
/// The main peak of an average may be another one of two that are equal, ms.
const SHIFT_MS: f64 = 1.0;

/// Takes a stretch in.
pub fn take_in(stretches: &mut Vec<MuscleStretch>, mut new: MuscleStretch) {
    let lane = |s: &MuscleStretch| (s.origin.recording, s.origin.channel, s.origin.minus, s.origin.task);
    let own = lane(&new);
    if let NeedleFindings::Units(found) = &mut new.findings {
        for old in stretches.iter_mut().filter(|old| lane(old) == own) {
            let whole = shared(old, new.origin.from_s, new.origin.to_s).1 >= SAME_STRETCH;
            let NeedleFindings::Units(before) = &mut old.findings else { continue };
            // One unit takes the place of at most one.
            let mut taken = vec![false; found.units.len()];
            before.units.retain(|unit| {
                let same = found.units.iter().zip(&taken).position(|(other, taken)| !taken && same_unit(unit, other));
                if let Some(at) = same {
                    taken[at] = true;
                    found.units[at].left_out |= unit.left_out;
                }
                same.is_none() && !whole
            });
        }
        stretches.retain(|old| lane(old) != own || !matches!(&old.findings, NeedleFindings::Units(units) if units.units.is_empty()));
    } else {
        stretches.retain(|old| lane(old) != own || shared(old, new.origin.from_s, new.origin.to_s).0 < COVERED);
    }
    stretches.push(new);
}

/// The time that a stretch shares with another, relative to the shorter and to both together.
fn shared(old: &MuscleStretch, from_s: f64, to_s: f64) -> (f64, f64) {
    let both = (old.origin.to_s.min(to_s) - old.origin.from_s.max(from_s)).max(0.0);
    let (a, b) = (old.origin.to_s - old.origin.from_s, to_s - from_s);
    (both / a.min(b).max(1e-9), both / (a + b - both).max(1e-9))
}

/// Whether two averages are of one unit.
fn same_unit(a: &FoundUnit, b: &FoundUnit) -> bool {
    let (a, b) = (&a.shape_uv, &b.shape_uv);
    let energy = |x: &[i16]| x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    let larger = energy(a).max(energy(b));
    if larger <= 0.0 || a.len() != b.len() {
        return false;
    }
    let most = (SHIFT_MS / SHAPE_STEP_MS).round() as isize;
    let apart = |shift: isize| {
        let at = |i: usize| b.get(i.wrapping_add_signed(shift)).map_or(0.0, |v| f64::from(*v));
        a.iter().enumerate().map(|(i, v)| (f64::from(*v) - at(i)).powi(2)).sum::<f64>()
    };
    (-most..=most).map(apart).fold(f64::INFINITY, f64::min) <= SAME_SHAPE * larger
}

#[cfg(test)]
mod tests {
    use super::take_in;
    use crate::model::{FoundUnit, MuscleStretch, NeedleFindings, PatternFound, SignalTask, StretchOrigin, UnitsFound};

    fn unit(name: &str, kind: usize, noise: i16) -> FoundUnit {
        let value = |i: usize| {
            let main = (300.0 * (-((i as f64 - 30.0) / 3.0).powi(2)).exp()) as i16;
            let side = (200.0 * (-((i as f64 - 20.0 - 12.0 * kind as f64) / 3.0).powi(2)).exp()) as i16;
            main - side + if i.is_multiple_of(2) { noise } else { -noise }
        };
        FoundUnit { name: name.into(), amp_uv: 500.0, duration_ms: 9.0, shape_uv: (0..91).map(value).collect(), ..FoundUnit::default() }
    }

    fn stretch(recording: usize, from_s: f64, to_s: f64, units: Vec<FoundUnit>) -> MuscleStretch {
        let origin = StretchOrigin { recording, channel: 0, minus: None, turned: false, task: SignalTask::Units, from_s, to_s };
        MuscleStretch { origin, method: "test".into(), findings: NeedleFindings::Units(UnitsFound { units, ..UnitsFound::default() }) }
    }

    fn names(stretches: &[MuscleStretch]) -> Vec<String> {
        let units = |s: &MuscleStretch| match &s.findings {
            NeedleFindings::Units(found) => found.units.iter().map(|unit| unit.name.clone()).collect(),
            _ => Vec::new(),
        };
        stretches.iter().flat_map(units).collect()
    }

    #[test]
    fn the_same_stretch_replaces_and_what_was_left_out_stays_out() {
        let mut all = Vec::new();
        take_in(&mut all, stretch(0, 0.0, 10.0, vec![unit("a", 0, 3), FoundUnit { left_out: true, ..unit("b", 2, 3) }, unit("c", 4, 3)]));
        take_in(&mut all, stretch(0, 0.2, 10.0, vec![unit("A", 0, -3), unit("B", 2, -3)]));
        assert_eq!(names(&all), ["A", "B"]);
        let NeedleFindings::Units(found) = &all[0].findings else { panic!() };
        assert!(found.units[1].left_out && !found.units[0].left_out);
    }

    #[test]
    fn a_unit_known_again_in_the_same_lane_counts_once_and_elsewhere_anew() {
        let mut all = Vec::new();
        take_in(&mut all, stretch(0, 0.0, 10.0, vec![unit("a", 0, 3), unit("b", 2, 3)]));
        take_in(&mut all, stretch(0, 10.0, 20.0, vec![unit("a again", 0, -4), unit("c", 4, 0)]));
        assert_eq!(names(&all), ["b", "a again", "c"]);
        take_in(&mut all, stretch(1, 0.0, 10.0, vec![unit("another insertion", 0, 3)]));
        assert_eq!(names(&all).len(), 4);
    }

    #[test]
    fn other_findings_of_the_same_place_replace() {
        let pattern = |from_s, to_s| MuscleStretch {
            origin: StretchOrigin { task: SignalTask::Interference, from_s, to_s, ..stretch(0, 0.0, 1.0, Vec::new()).origin },
            method: String::new(),
            findings: NeedleFindings::Pattern(PatternFound::default()),
        };
        let mut all = Vec::new();
        take_in(&mut all, pattern(0.0, 10.0));
        take_in(&mut all, pattern(2.0, 6.0));
        assert_eq!(all.len(), 1, "the smaller one lies within");
        take_in(&mut all, pattern(10.0, 20.0));
        assert_eq!(all.len(), 2);
        take_in(&mut all, stretch(0, 0.0, 10.0, vec![FoundUnit::default(), FoundUnit::default()]));
        assert_eq!(all.len(), 3, "potentials without a shape are nobody's again");
    }
}
