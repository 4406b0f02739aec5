//! A potential measured at marks that a person placed, the others where the program has them.
//!
//! Onset and end bound what is measured, whichever comes first. The peaks give the amplitude, and the
//! negative one the rise time and the spike duration. A baseline is taken away before all else. Marks
//! outside of the average stand at its ends. **NaN** in the potential, or no room between the marks,
//! gives `None`.

use std::collections::BTreeMap;

use super::measure::{Peaks, measure_at};
use super::{Markers, PotentialMeasures, markers};
use crate::model::needle::AveragedPotential;
use crate::model::{PotentialMark, ShownMark};

/// A potential with its marks.
#[derive(Debug, Clone, PartialEq)]
pub struct Marked {
    /// What is measured between them.
    pub measures: PotentialMeasures,
    /// Onset and end, samples of the average.
    pub markers: Markers,
    /// All marks.
    pub marks: Vec<ShownMark>,
}

/// Measures a potential at the marks `by_hand` (ms from the main extremum, uV) and its own.
pub fn marked(potential: &AveragedPotential, by_hand: &BTreeMap<PotentialMark, f64>) -> Option<Marked> {
    let (n, fs_hz, at) = (potential.uv.len(), potential.fs_hz, potential.at);
    if n < 5 || !(fs_hz.is_finite() && fs_hz > 0.0) {
        return None;
    }
    let hand = |mark: PotentialMark| by_hand.get(&mark).copied().filter(|at| at.is_finite());
    let sample = |ms: f64| (at as f64 + ms * fs_hz / 1e3).round().clamp(0.0, (n - 1) as f64) as usize;
    let ms = |i: usize| (i as f64 - at as f64) * 1e3 / fs_hz;
    let found = markers(potential);
    let placed = |mark: PotentialMark, own: Option<usize>| hand(mark).map(sample).or(own);
    let onset = placed(PotentialMark::Onset, found.map(|m| m.onset))?;
    let end = placed(PotentialMark::End, found.map(|m| m.end))?;
    let bounds = Markers { onset: onset.min(end), end: onset.max(end) };
    let baseline_uv = hand(PotentialMark::Baseline).unwrap_or(0.0);
    let uv: Vec<f64> = potential.uv.iter().map(|v| v - baseline_uv).collect();
    let part = uv.get(bounds.onset..=bounds.end)?;
    let largest = (0..part.len()).max_by(|a, b| part[*a].total_cmp(&part[*b]).then(b.cmp(a)))? + bounds.onset;
    let smallest = (0..part.len()).min_by(|a, b| part[*a].total_cmp(&part[*b]).then(a.cmp(b)))? + bounds.onset;
    let negative = placed(PotentialMark::NegativePeak, Some(largest))?;
    let positive = placed(PotentialMark::PositivePeak, Some(smallest))?;
    let by_person = |mark| hand(mark).is_some();
    let moved = by_person(PotentialMark::NegativePeak) || by_person(PotentialMark::PositivePeak);
    let measures = measure_at(&uv, fs_hz, at, bounds, moved.then_some(Peaks { negative, positive }))?;
    let shown = |mark: PotentialMark, at: f64, automatic: Option<f64>| ShownMark { mark, at, automatic, by_person: by_person(mark) };
    let marks = vec![
        shown(PotentialMark::Onset, ms(onset), found.map(|m| ms(m.onset))),
        shown(PotentialMark::NegativePeak, ms(negative), Some(ms(largest))),
        shown(PotentialMark::End, ms(end), found.map(|m| ms(m.end))),
        shown(PotentialMark::PositivePeak, ms(positive), Some(ms(smallest))),
        shown(PotentialMark::Baseline, baseline_uv, Some(0.0)),
    ];
    Some(Marked { measures, markers: bounds, marks })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::marked;
    use crate::analysis::needle::potential::{markers, measure};
    use crate::model::PotentialMark;
    use crate::model::needle::AveragedPotential;

    fn potential() -> AveragedPotential {
        let bump = |t: f64, at: f64, width: f64, uv: f64| uv * (-((t - at) / width).powi(2)).exp();
        let uv: Vec<f64> = (0..900)
            .map(|i| {
                let t = f64::from(i - 300) / 25.0;
                bump(t, -1.0, 0.25, -100.0) + bump(t, 0.0, 0.25, 400.0) + bump(t, 1.5, 0.5, -200.0)
            })
            .collect();
        AveragedPotential { error_uv: vec![0.5; uv.len()], uv, slow_error_uv: 0.2, fs_hz: 25_000.0, at: 300, n: 100 }
    }

    #[test]
    fn without_a_hand_it_is_the_programs_own() {
        let p = potential();
        let own = markers(&p).unwrap();
        let found = marked(&p, &BTreeMap::new()).unwrap();
        assert_eq!((found.measures, found.markers), (measure(&p.uv, p.fs_hz, p.at, own).unwrap(), own));
        assert_eq!(found.marks.len(), 5);
        assert!(found.marks.iter().all(|mark| !mark.by_person && mark.automatic == Some(mark.at)));
    }

    #[test]
    fn each_mark_changes_what_it_stands_for() {
        let p = potential();
        let own = marked(&p, &BTreeMap::new()).unwrap().measures;
        let with = |mark, at| marked(&p, &BTreeMap::from([(mark, at)])).unwrap();
        let wide = with(PotentialMark::Onset, own.onset_ms - 2.0).measures;
        assert!((wide.duration_ms - own.duration_ms - 2.0).abs() < 1e-9 && wide.amp_uv == own.amp_uv, "{wide:?}");
        let lower = with(PotentialMark::NegativePeak, 0.2);
        assert!(lower.measures.amp_uv < own.amp_uv - 50.0 && lower.measures.duration_ms == own.duration_ms);
        let mark = lower.marks[1];
        assert!(mark.by_person && (mark.at - 0.2).abs() < 0.021 && mark.automatic == Some(0.0), "{mark:?}");
        let first = with(PotentialMark::PositivePeak, -1.0).measures;
        assert!((first.amp_uv - 500.0).abs() < 5.0, "{first:?}");
        let raised = with(PotentialMark::Baseline, 20.0).measures;
        assert!((raised.amp_uv - own.amp_uv).abs() < 1e-9 && raised.area_uvms != own.area_uvms);
    }

    #[test]
    fn crossed_marks_and_nonsense_are_survived() {
        let p = potential();
        let own = marked(&p, &BTreeMap::new()).unwrap();
        let crossed = BTreeMap::from([(PotentialMark::Onset, own.measures.end_ms), (PotentialMark::End, own.measures.onset_ms)]);
        assert_eq!(marked(&p, &crossed).unwrap().measures.duration_ms, own.measures.duration_ms);
        for at in [f64::NAN, f64::INFINITY, -1e300, 1e300] {
            for mark in PotentialMark::ALL {
                let _ = marked(&p, &BTreeMap::from([(mark, at)]));
            }
        }
        let same = BTreeMap::from([(PotentialMark::Onset, 1.0), (PotentialMark::End, 1.0)]);
        assert!(marked(&p, &same).is_none());
        assert!(marked(&AveragedPotential::default(), &BTreeMap::new()).is_none());
        let missing = AveragedPotential { uv: vec![f64::NAN; 900], ..potential() };
        assert!(marked(&missing, &crossed).is_none());
    }
}
