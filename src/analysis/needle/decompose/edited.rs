//! Trains that a person changed, computed from those found: what an edit does not touch stays as it was.
//!
//! A train whose discharges are all where a found one has them (to a microsecond) is that one, with its
//! potential, confidences and firing. Only the others are computed, beside those that stay: their
//! confidences by [`Fixed`], their potentials by [`super::wide`]. Found discharges that no train has any more
//! become unresolved; unresolved peaks at discharges that were added are resolved. The result
//! depends on what was found and on the trains, not on the way there. **Cost**: none without a changed
//! train; else that of [`Fixed`] where changed trains discharge, in pieces of [`Edited::step`].

use std::sync::Arc;

use crate::model::needle::{AveragedPotential, Decomposition, UnitTrain, Unresolved};

use super::wide::Averages;
use super::{Fixed, finish, signal};

/// Times that differ by less are the same, s: they are stored in whole microseconds.
const SAME_S: f64 = 1.1e-6;
/// A peak so near a discharge is that discharge, s.
const NEAR_S: f64 = 1.5e-3;

enum Stage {
    Place(Box<Fixed>),
    Average(Box<Fixed>, Box<Averages>),
    Done,
}

/// Changed trains being computed. Drop it to cancel.
pub struct Edited {
    uv: Arc<[f64]>,
    fs_hz: f64,
    found: Decomposition,
    times_s: Vec<Vec<f64>>,
    /// Which found train each is.
    same: Vec<Option<usize>>,
    /// Those that are none, once computed, with their first discharges one by one.
    made: Vec<Option<(UnitTrain, Vec<Vec<f64>>)>>,
    most: usize,
    stage: Stage,
}

fn is(train: &UnitTrain, times_s: &[f64]) -> bool {
    train.discharges.len() == times_s.len() && train.discharges.iter().zip(times_s).all(|(a, b)| (a.at_s - b).abs() < SAME_S)
}

/// Peak, uV, and energy, uV^2, of a potential in the working signal.
fn seen(potential: &AveragedPotential) -> (f64, f64) {
    let working = signal::working(&potential.uv, potential.fs_hz).uv;
    (working.iter().fold(0.0, |most, v| f64::max(most, v.abs())), working.iter().map(|v| v * v).sum())
}

/// Times in order.
fn sorted(times: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut times: Vec<f64> = times.filter(|t| t.is_finite()).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn near(times_s: &[f64], at_s: f64) -> bool {
    times_s.get(times_s.partition_point(|t| *t < at_s - NEAR_S)).is_some_and(|t| *t <= at_s + NEAR_S)
}

/// What trains explain, uV^2, each counted by its confidence.
fn own(trains: &[UnitTrain]) -> f64 {
    trains.iter().map(|train| train.confidence * train.discharges.len() as f64 * seen(&train.potential).1).sum()
}

impl Edited {
    /// `trains`: times in seconds from the start of the signal `uv` (microvolts), which gave `found`.
    /// `most` single discharges are kept of each changed train.
    pub fn new(uv: Arc<[f64]>, fs_hz: f64, found: &Decomposition, trains: Vec<Vec<f64>>, most: usize) -> Self {
        let mut same: Vec<Option<usize>> = Vec::new();
        for times_s in &trains {
            let one = (0..found.trains.len()).find(|k| !same.contains(&Some(*k)) && is(&found.trains[*k], times_s));
            same.push(one);
        }
        let changed: Vec<usize> = (0..trains.len()).filter(|k| same[*k].is_none()).collect();
        let stage = if changed.is_empty() {
            Stage::Done
        } else {
            Stage::Place(Box::new(Fixed::begin(uv.clone(), fs_hz, trains.clone(), Some(changed))))
        };
        Self { uv, fs_hz, found: found.clone(), made: vec![None; trains.len()], times_s: trains, same, most, stage }
    }

    /// Whether nothing is left to do.
    pub fn done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// Which found train each is; `None` for those that an edit made or changed.
    pub fn same(&self) -> &[Option<usize>] {
        &self.same
    }

    /// Does a piece of the work; the part done, `None` when all is.
    pub fn step(&mut self) -> Option<f64> {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Done => None,
            Stage::Place(mut fixed) => {
                let part = 0.7 * fixed.progress();
                self.stage = if fixed.step() {
                    Stage::Place(fixed)
                } else {
                    let times: Vec<&[f64]> = self.times_s.iter().map(Vec::as_slice).collect();
                    let known: Vec<Option<&AveragedPotential>> =
                        self.same.iter().map(|same| same.and_then(|k| self.found.trains.get(k)).map(|train| &train.potential)).collect();
                    if self.fs_hz.is_finite() && self.fs_hz >= 1000.0 {
                        Stage::Average(fixed, Box::new(Averages::new(&self.uv, self.fs_hz, &times, &known)))
                    } else {
                        Stage::Done
                    }
                };
                Some(part)
            }
            Stage::Average(fixed, mut averages) => {
                if averages.step() {
                    self.stage = Stage::Average(fixed, averages);
                    return Some(0.8);
                }
                let rms = finish::rms(fixed.settled());
                for k in (0..self.same.len()).filter(|k| self.same[*k].is_none()) {
                    let train = finish::train(&fixed.whole(k), averages.potential(k), rms);
                    self.made[k] = Some((train, averages.discharges(k, self.most)));
                }
                Some(1.0)
            }
        }
    }

    /// Trains in the order given with what is left over, and single discharges of the changed ones.
    pub fn decomposition(self) -> (Decomposition, Vec<Vec<Vec<f64>>>) {
        let found = &self.found;
        let kept = |k: usize| self.same[k].and_then(|same| found.trains.get(same)).cloned();
        let none = || UnitTrain {
            discharges: Vec::new(),
            confidence: 0.0,
            firing: None,
            potential: AveragedPotential::default(),
            prominence: 0.0,
        };
        let trains: Vec<UnitTrain> = self
            .made
            .iter()
            .enumerate()
            .map(|(k, made)| kept(k).or_else(|| made.as_ref().map(|made| made.0.clone())).unwrap_or_else(none))
            .collect();
        let single = self.made.into_iter().map(|made| made.map_or_else(Vec::new, |made| made.1)).collect();
        let times = |trains: &[UnitTrain]| sorted(trains.iter().flat_map(|train| train.discharges.iter().map(|d| d.at_s)));
        let (before, now) = (times(&found.trains), times(&trains));
        let gone = found.trains.iter().enumerate().filter(|(k, _)| !self.same.contains(&Some(*k)));
        let mut unresolved: Vec<Unresolved> = Vec::new();
        for (_, train) in gone {
            let amp_uv = seen(&train.potential).0;
            if amp_uv > finish::UNRESOLVED_SIGMAS * found.noise_uv {
                let left = train.discharges.iter().filter(|d| !near(&now, d.at_s));
                unresolved.extend(left.map(|d| Unresolved { at_s: d.at_s, amp_uv }));
            }
        }
        let freed = unresolved.len();
        // A peak that was left beside a discharge before is left beside it now.
        let still = |left: &&Unresolved| !near(&now, left.at_s) || near(&before, left.at_s);
        unresolved.extend(found.unresolved.iter().filter(still));
        let resolved = found.unresolved.len() + freed - unresolved.len();
        unresolved.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        unresolved.truncate(finish::LISTED);
        let count = (found.unresolved_count + freed).saturating_sub(resolved);
        let whole = self.same.iter().filter(|same| same.is_some()).count();
        if whole == found.trains.len() && whole == trains.len() {
            return (Decomposition { trains, ..self.found }, single);
        }
        let (was, is) = (own(&found.trains), own(&trains));
        let explained = if was > 0.0 { (found.explained * is / was).clamp(0.0, 1.0) } else { found.explained };
        let shown = trains.iter().filter(|train| !train.discharges.is_empty()).count();
        let sure = trains.iter().map(|train| train.confidence).fold(0.0, f64::max);
        let seconds = self.uv.len() as f64 / self.fs_hz;
        let verdict = finish::verdict(shown, sure, seconds, now.len() + count, count, explained);
        let noise_uv = found.noise_uv;
        (Decomposition { trains, unresolved, unresolved_count: count, noise_uv, explained, verdict }, single)
    }
}
