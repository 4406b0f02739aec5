//! Motor units of a stretch of needle EMG: trains, potentials, recruitment, as tables and charts.
//!
//! Trains are found by [`super::decompose`]. Of those that a person left only what differs from what was
//! found is computed anew, in steps; the others stay as they are. Both are kept, so that a class, a mark and
//! going back to what was found cost nothing.

mod show;

use std::sync::Arc;

use super::decompose::{Decomposer, Edited, Options, aligned_discharges};
use super::edit;
use crate::analysis::signal::{SignalAnalysis, SignalAnalyzer, SignalInput};
use crate::model::needle::Decomposition;
use crate::model::{EditedTrain, SignalMeasurement, SignalTask, TrainChange};

pub use show::{METHOD, describe};

/// Discharges of each train that its jiggle is measured from.
const JIGGLED: usize = 60;

/// The analyzer of motor units.
#[derive(Debug, Clone, Copy)]
pub struct Units;

impl SignalAnalyzer for Units {
    fn task(&self) -> SignalTask {
        SignalTask::Units
    }

    fn name(&self) -> &'static str {
        METHOD
    }

    fn begin(&self, input: SignalInput) -> Box<dyn SignalAnalysis> {
        let (uv, fs_hz): (Arc<[f64]>, f64) = (input.uv.into(), input.fs_hz);
        Box::new(TakingApart {
            decomposer: Decomposer::new(uv.clone(), fs_hz, Options::default()),
            found: None,
            given: None,
            edited: None,
            known: None,
            uv,
            fs_hz,
        })
    }
}

/// Trains with all that is computed of them but what marks decide.
struct Known {
    decomposition: Decomposition,
    /// Single discharges of each train, as long as its potential.
    single: Vec<Vec<Vec<f64>>>,
}

struct TakingApart {
    uv: Arc<[f64]>,
    fs_hz: f64,
    decomposer: Decomposer,
    /// What was found, once it is.
    found: Option<Known>,
    /// A person's trains.
    given: Option<Vec<EditedTrain>>,
    /// Those being computed.
    edited: Option<Edited>,
    /// What is computed of those, and the discharges that it was computed of.
    known: Option<(Known, Vec<Vec<f64>>)>,
}

impl TakingApart {
    fn known_of(&self, decomposition: Decomposition) -> Known {
        let single = aligned_discharges(&self.uv, self.fs_hz, &decomposition, JIGGLED);
        Known { decomposition, single }
    }

    /// Begins to compute a person's trains, which needs those that were found.
    fn follow(&mut self) {
        let (Some(given), Some(found)) = (&self.given, &self.found) else { return };
        let times: Vec<Vec<f64>> = given.iter().map(|train| train.times_s.clone()).collect();
        if self.known.as_ref().is_some_and(|(_, of)| *of == times) {
            return;
        }
        self.known = None;
        self.edited = Some(Edited::new(self.uv.clone(), self.fs_hz, &found.decomposition, times, JIGGLED));
        self.close();
    }

    /// Takes over a person's trains once they are computed.
    fn close(&mut self) {
        let (Some(given), Some(found)) = (&self.given, &self.found) else { return };
        let Some(edited) = self.edited.take_if(|edited| edited.done()) else { return };
        let same = edited.same().to_vec();
        let (decomposition, made) = edited.decomposition();
        let of = |(same, made): (Option<usize>, Vec<Vec<f64>>)| same.and_then(|k| found.single.get(k)).cloned().unwrap_or(made);
        let single = same.into_iter().zip(made).map(of).collect();
        let times = given.iter().map(|train| train.times_s.clone()).collect();
        self.known = Some((Known { decomposition, single }, times));
    }

    /// The trains as they stand; `None` while they are sought.
    fn trains(&self) -> Option<Vec<EditedTrain>> {
        let found = || Some(show::unedited(&self.found.as_ref()?.decomposition));
        self.given.clone().or_else(found)
    }
}

impl SignalAnalysis for TakingApart {
    fn step(&mut self) -> Option<f64> {
        if let Some(edited) = &mut self.edited {
            let part = edited.step().unwrap_or(1.0);
            self.close();
            return Some(part);
        }
        if self.found.is_some() {
            return None;
        }
        let progress = self.decomposer.step();
        if progress.done {
            self.found = Some(self.known_of(self.decomposer.result()));
            self.follow();
        }
        Some(progress.part)
    }

    fn measurement(&self) -> SignalMeasurement {
        match (&self.given, &self.known, &self.found) {
            (Some(given), Some((known, _)), _) => show::measurement(&self.uv, self.fs_hz, &known.decomposition, given, &known.single),
            (Some(_), None, _) => SignalMeasurement { method: METHOD.to_owned(), ..SignalMeasurement::default() },
            (None, _, Some(found)) => {
                show::measurement(&self.uv, self.fs_hz, &found.decomposition, &show::unedited(&found.decomposition), &found.single)
            }
            (None, _, None) => describe(&self.decomposer.result()),
        }
    }

    fn revise(&mut self, trains: Option<Vec<EditedTrain>>) -> bool {
        let Some(trains) = trains else {
            (self.given, self.edited, self.known) = (None, None, None);
            return self.found.is_none();
        };
        self.given = Some(trains);
        self.follow();
        self.known.is_none()
    }

    fn changed(&self, change: &TrainChange) -> Result<Vec<EditedTrain>, String> {
        let trains = self.trains().ok_or("The trains are still being sought: wait until they are there.")?;
        edit::apply(&self.uv, self.fs_hz, &trains, change)
    }
}

#[cfg(test)]
mod tests {
    use super::{METHOD, Units};
    use crate::analysis::signal::{SignalAnalyzer, SignalInput};
    use crate::model::{PotentialMark, SignalMeasurement, TrainChange};
    use crate::simulate::demo;

    fn input() -> SignalInput {
        let (study, samples) = demo("needle").unwrap();
        let channel = &study.recordings[0].channels[0];
        let uv: Vec<f64> = samples[0].channels[0][(5.0 * channel.fs_hz) as usize..(15.0 * channel.fs_hz) as usize].to_vec();
        SignalInput { uv, fs_hz: channel.fs_hz, ..SignalInput::default() }
    }

    #[test]
    fn the_demo_falls_into_units_and_silence_into_none() {
        let input = input();
        let mut analysis = Units.begin(input.clone());
        while analysis.step().is_some() {}
        let found = analysis.measurement();
        assert_eq!(found.method, METHOD);
        assert!((2..=8).contains(&found.trains.len()), "{}", found.verdict);
        assert_eq!(found.tables[0].rows.len(), found.trains.len() + 1);
        assert_eq!(found.overlays.len(), found.trains.len());
        assert!(found.overlays.iter().all(|chart| chart.series.len() >= 8));
        assert!(found.trains.iter().all(|train| train.times_s.windows(2).all(|pair| pair[1] - pair[0] > 0.008)));
        let mut silence = Units.begin(SignalInput { uv: vec![0.0; input.uv.len()], ..input });
        while silence.step().is_some() {}
        assert!(silence.measurement().trains.is_empty());
        assert_eq!(silence.measurement().verdict, "Nothing stands out of the noise.");
    }

    #[test]
    fn a_persons_trains_take_the_place_of_those_found_and_go_again() {
        let mut analysis = Units.begin(input());
        assert!(analysis.changed(&TrainChange::Delete { train: 0 }).unwrap_err().contains("still"));
        while analysis.step().is_some() {}
        let found = analysis.measurement();
        let column = |of: &SignalMeasurement, name: &str| {
            let at = of.tables[0].columns.iter().position(|column| column.name == name).unwrap();
            of.tables[0].rows.iter().map(|row| row.cells[at].clone()).collect::<Vec<_>>()
        };
        for name in ["Jiggle", "Amplitude", "Duration", "Area", "Phases", "Turns", "Satellites"] {
            assert_eq!(column(&found, name).len(), found.trains.len() + 1, "{name}");
        }
        // A mark needs no further step.
        let mark = |at: f64| TrainChange::Mark { train: 1, mark: PotentialMark::End, at: Some(at) };
        let marked = analysis.changed(&mark(10.0)).unwrap();
        assert!(!analysis.revise(Some(marked)));
        let marked = analysis.changed(&mark(20.0)).unwrap();
        assert!(!analysis.revise(Some(marked)));
        let now = analysis.measurement();
        assert!(now.trains[1].by_person && !now.trains[0].by_person);
        assert!(now.tables[0].note.contains("Changed by hand: MU B.") && now.verdict.contains("One train was changed by hand"));
        assert_ne!(column(&now, "Duration")[1], column(&found, "Duration")[1]);
        assert_eq!(column(&now, "Duration")[0], column(&found, "Duration")[0]);
        // A train less leaves the others as they were.
        assert!(!analysis.revise(Some(analysis.changed(&TrainChange::Delete { train: 0 }).unwrap())));
        while analysis.step().is_some() {}
        let fewer = analysis.measurement();
        assert_eq!(fewer.trains.len() + 1, found.trains.len());
        assert_eq!(fewer.trains[0].times_s, found.trains[1].times_s);
        assert!(fewer.unresolved_s.len() > found.unresolved_s.len());
        // And back.
        assert!(!analysis.revise(None));
        assert_eq!(analysis.measurement(), found);
    }
}
