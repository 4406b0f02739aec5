//! What the analyses add to the table of muscles: their values without tables and charts.
//!
//! **Contract**: every number handed on is finite; a unit without measures adds nothing.

use super::potential::PotentialMeasures;
use super::rest::NamedTrain;
use super::rest::insertion::Insertion;
use crate::model::needle::{Decomposition, Recruitment, UnitTrain};
use crate::model::{ActivityClass, FoundUnit, NeedleFindings, RestSite, SHAPE_STEP_MS, Seen, UnitsFound};

/// Part of a potential kept before and behind its main extremum, ms.
const KEPT_MS: [f64; 2] = [6.0, 12.0];

/// A unit: its name, its train, what its potential measures.
pub type Measured<'a> = (&'a str, &'a UnitTrain, Option<&'a PotentialMeasures>);

/// Findings of a signal taken apart.
pub fn of_units<'a>(units: impl Iterator<Item = Measured<'a>>, recruited: &Recruitment, of: &Decomposition) -> Option<NeedleFindings> {
    let units: Vec<FoundUnit> = units
        .enumerate()
        .filter_map(|(index, (name, train, measures))| {
            let m = measures.filter(|m| [m.amp_uv, m.duration_ms, m.area_uvms].iter().all(|v| v.is_finite() && *v > 0.0))?;
            Some(FoundUnit {
                name: name.to_owned(),
                discharges: train.discharges.len(),
                rate_hz: finite(recruited.units.get(index).and_then(|unit| unit.rate_hz)),
                amp_uv: m.amp_uv,
                duration_ms: m.duration_ms,
                area_uvms: m.area_uvms,
                phases: m.phases,
                turns: m.turns,
                rise_ms: finite(m.rise_ms),
                size_index: finite(Some(m.size_index)),
                shape_uv: shape(train),
                left_out: false,
            })
        })
        .collect();
    let fastest_hz = finite(recruited.ratio.map(|ratio| ratio * recruited.active as f64));
    let found = UnitsFound {
        units,
        active: recruited.active,
        fastest_hz,
        recruitment_hz: finite(recruited.recruitment_hz),
        complete: of.verdict == crate::model::needle::Verdict::Complete,
    };
    (of.verdict.decomposable() && !found.units.is_empty()).then_some(NeedleFindings::Units(found))
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// The averaged potential at steps of [`SHAPE_STEP_MS`], each the mean of the samples around it.
fn shape(train: &UnitTrain) -> Vec<i16> {
    let potential = &train.potential;
    let per_ms = potential.fs_hz / 1e3;
    if !per_ms.is_finite() || per_ms <= 0.0 || potential.uv.is_empty() {
        return Vec::new();
    }
    let half = (SHAPE_STEP_MS * per_ms / 2.0).max(0.5);
    let steps = ((KEPT_MS[0] + KEPT_MS[1]) / SHAPE_STEP_MS).round() as usize;
    (0..=steps)
        .map(|k| {
            let at = potential.at as f64 + (k as f64 * SHAPE_STEP_MS - KEPT_MS[0]) * per_ms;
            let (from, to) = ((at - half).round().max(0.0) as usize, ((at + half).round().max(0.0) as usize).min(potential.uv.len()));
            let part = potential.uv.get(from..to.max(from)).unwrap_or_default();
            let mean = part.iter().sum::<f64>() / part.len().max(1) as f64;
            mean.round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
        })
        .collect()
}

/// Findings of a muscle at rest.
pub fn of_rest(shown: &[&NamedTrain], insertions: &[Insertion], usable_s: f64, at_rest: bool, warnings: Vec<String>) -> NeedleFindings {
    let seen = |class: ActivityClass| {
        let mut seen = Seen::default();
        for t in shown.iter().filter(|t| t.class() == class && at_rest) {
            let times = &t.train.times_s;
            seen.trains += 1;
            let long_s = times.last().zip(times.first()).map_or(0.0, |(last, first)| last - first);
            seen.longest_s = seen.longest_s.max(long_s);
            seen.discharges_hz += times.len() as f64 / usable_s.max(0.1);
            let ms = Some(t.shape.duration_ms).filter(|ms| ms.is_finite()).unwrap_or(0.0);
            seen.filled += times.len() as f64 * ms / 1e3 / usable_s.max(0.1);
        }
        Seen { filled: seen.filled.min(1.0), ..seen }
    };
    let count = |class: ActivityClass| shown.iter().filter(|t| t.class() == class && at_rest).map(|t| t.train.times_s.len()).sum();
    let mut others: Vec<ActivityClass> = shown.iter().map(|t| t.class()).filter(|class| at_rest && !class.code().is_empty()).collect();
    others.sort_unstable();
    others.dedup();
    NeedleFindings::Rest(RestSite {
        usable_s: if usable_s.is_finite() { usable_s } else { 0.0 },
        fibrillation: seen(ActivityClass::Fibrillation),
        positive_waves: seen(ActivityClass::PositiveSharpWave),
        fasciculations: count(ActivityClass::Fasciculation),
        others,
        insertions_ms: insertions.iter().filter(|_| at_rest).filter_map(|insertion| finite(insertion.duration_ms)).collect(),
        at_rest,
        warnings,
    })
}
