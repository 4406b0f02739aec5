//! What each change of a person does to trains of discharges.
//!
//! A change takes trains and the signal and gives trains; what it cannot do it refuses in a
//! sentence. Discharges that are not named stay where they are to the last bit. Times are seconds
//! from the start of the signal. **NaN** and moments outside of the signal are refused. **Cost**: that
//! of [`Fixed`] where the signal is looked at, else nothing.

use crate::model::{EditedTrain, TrainChange};

use super::decompose::Fixed;
use super::decompose::shapes::halves;

/// A discharge is sought so far from where a person points, s.
const NEAR_S: f64 = 0.003;
/// Discharges of one unit are never nearer than this, s.
const APART_S: f64 = 0.003;
/// Discharges of two trains nearer than this are one discharge seen twice, s.
const SAME_S: f64 = 0.0015;
/// A named moment is that of a discharge when it is so near, s.
const NAMED_S: f64 = 2e-4;
/// Least size of an added discharge against the train's potential.
const LEAST_SIZE: f64 = 0.25;
/// Trains are moved onto each other from so much, s, and when their potentials differ less by so
/// much of their energy.
const SHIFTED_S: f64 = 3e-4;
const SHIFTED_GAIN: f64 = 0.15;
/// Part of a potential by which shapes are told apart, ms before and behind its extremum.
const CORE_MS: [f64; 2] = [1.2, 2.5];
/// Most trains.
const MOST: usize = 48;
/// Farthest place of a mark, ms, and highest baseline, uV.
const MARK_MS: f64 = 40.0;
const BASELINE_UV: f64 = 1e5;

/// `A` to `Z`, then `AA`.
pub fn letters(index: usize) -> String {
    let letter = |k: usize| char::from(b'A' + (k % 26) as u8);
    if index < 26 { letter(index).to_string() } else { format!("{}{}", letter(index / 26 - 1), letter(index)) }
}

/// The first name (`MU A`, ...) that no train has.
fn free_name(trains: &[EditedTrain]) -> String {
    let names = (0..).map(|index| format!("MU {}", letters(index)));
    names.take(26 * 27).find(|name| trains.iter().all(|train| train.name != *name)).unwrap_or_else(|| "MU".into())
}

/// The trains after a change.
///
/// # Errors
/// A sentence when a train or discharge is not there, or the signal does not bear the change out.
pub fn apply(uv: &[f64], fs_hz: f64, trains: &[EditedTrain], change: &TrainChange) -> Result<Vec<EditedTrain>, String> {
    let mut trains = trains.to_vec();
    let length_s = if fs_hz.is_finite() && fs_hz > 0.0 { uv.len() as f64 / fs_hz } else { 0.0 };
    match change {
        TrainChange::Merge { trains: which } => merge(uv, fs_hz, &mut trains, which)?,
        TrainChange::Split { train } => split(uv, fs_hz, &mut trains, *train)?,
        TrainChange::Delete { train } => {
            known(&mut trains, *train)?;
            trains.remove(*train);
        }
        TrainChange::DeleteDischarges { train, times_s } => {
            take(known(&mut trains, *train)?, times_s)?;
            drop_empty(&mut trains, *train);
        }
        TrainChange::AddDischarge { train, at_s } => {
            known(&mut trains, *train)?;
            if !(at_s.is_finite() && (0.0..length_s).contains(at_s)) {
                return Err("A discharge lies within the stretch that was analysed.".into());
            }
            add(uv, fs_hz, &mut trains, *train, *at_s)?;
        }
        TrainChange::Reassign { from, to, times_s } => reassign(uv, fs_hz, &mut trains, *from, *to, times_s)?,
        TrainChange::Class { train, class } => known(&mut trains, *train)?.class = *class,
        TrainChange::Mark { train, mark, at } => {
            let train = known(&mut trains, *train)?;
            match at {
                Some(at) => {
                    let most = if mark.unit() == "ms" { MARK_MS } else { BASELINE_UV };
                    if !at.is_finite() || at.abs() > most {
                        return Err(format!("A mark lies within {most:.0} {} of the main peak.", mark.unit()));
                    }
                    train.marks.insert(*mark, *at);
                }
                None => {
                    train.marks.remove(mark);
                }
            }
        }
        TrainChange::ResetMarks { train } => known(&mut trains, *train)?.marks.clear(),
        TrainChange::Anew => {}
    }
    Ok(trains)
}

fn known(trains: &mut [EditedTrain], train: usize) -> Result<&mut EditedTrain, String> {
    trains.get_mut(train).ok_or_else(|| "This train is no longer there.".into())
}

fn times(trains: &[EditedTrain]) -> Vec<Vec<f64>> {
    trains.iter().map(|train| train.times_s.clone()).collect()
}

/// Whether a train discharges within `within_s` of a moment.
fn near(times_s: &[f64], at_s: f64, within_s: f64) -> bool {
    let from = times_s.partition_point(|time_s| *time_s <= at_s - within_s);
    times_s.get(from).is_some_and(|time_s| *time_s < at_s + within_s)
}

fn insert(train: &mut EditedTrain, at_s: f64) {
    let at = train.times_s.partition_point(|time_s| *time_s < at_s);
    train.times_s.insert(at, at_s);
    train.by_person = true;
}

/// Takes discharges out of a train; their moments as the train has them.
fn take(train: &mut EditedTrain, times_s: &[f64]) -> Result<Vec<f64>, String> {
    let mut taken = Vec::new();
    for wanted in times_s {
        let away = |at: &usize| (train.times_s[*at] - wanted).abs();
        let nearest = (0..train.times_s.len()).min_by(|a, b| away(a).total_cmp(&away(b)));
        let at = nearest.filter(|at| away(at) <= NAMED_S).ok_or("This discharge is no longer there.")?;
        taken.push(train.times_s.remove(at));
    }
    if taken.is_empty() {
        return Err("Choose a discharge first.".into());
    }
    train.by_person = true;
    Ok(taken)
}

fn drop_empty(trains: &mut Vec<EditedTrain>, train: usize) {
    if trains.get(train).is_some_and(|train| train.times_s.is_empty()) {
        trains.remove(train);
    }
}

fn room(trains: &[EditedTrain]) -> Result<(), String> {
    if trains.len() < MOST { Ok(()) } else { Err(format!("There are {MOST} trains already: merge or delete some first.")) }
}

/// All into the first of `which`. Potentials may be named after different peaks: a train is moved
/// when that makes them fit, and what both have is one discharge.
fn merge(uv: &[f64], fs_hz: f64, trains: &mut Vec<EditedTrain>, which: &[usize]) -> Result<(), String> {
    let mut others: Vec<usize> = which.iter().copied().skip(1).collect();
    others.sort_unstable();
    others.dedup();
    let Some(&first) = which.first().filter(|first| !others.is_empty() && !others.contains(first)) else {
        return Err("Choose two trains to merge.".into());
    };
    for train in which {
        known(trains, *train)?;
    }
    let fixed = Fixed::new(uv, fs_hz, &times(trains));
    let mut all = trains[first].times_s.clone();
    for other in &others {
        let shift = fixed.shift_s(first, *other).filter(|(s, gain)| s.abs() > SHIFTED_S && *gain > SHIFTED_GAIN);
        let by_s = shift.map_or(0.0, |(s, _)| s);
        let moved: Vec<f64> = trains[*other].times_s.iter().map(|time_s| time_s + by_s).filter(|at_s| !near(&all, *at_s, SAME_S)).collect();
        all.extend(moved);
        all.sort_by(f64::total_cmp);
    }
    trains[first].times_s = all;
    trains[first].by_person = true;
    for other in others.into_iter().rev() {
        trains.remove(other);
    }
    Ok(())
}

/// The discharges of the rarer shape become a train of their own, behind the old one.
fn split(uv: &[f64], fs_hz: f64, trains: &mut Vec<EditedTrain>, train: usize) -> Result<(), String> {
    known(trains, train)?;
    room(trains)?;
    let fixed = Fixed::new(uv, fs_hz, &times(trains));
    let (times_s, waves) = fixed.aligned(train);
    if times_s.len() < 4 {
        return Err("A train of fewer than four discharges is not divided by shape: move single discharges instead.".into());
    }
    let len = waves.first().map_or(0, Vec::len);
    // Seven milliseconds, the extremum at 2.5 of them.
    let per_ms = len as f64 / 7.0;
    let at = 2.5 * per_ms;
    let from = (at - CORE_MS[0] * per_ms).max(0.0) as usize;
    let to = ((at + CORE_MS[1] * per_ms) as usize).min(len);
    let core: Vec<Vec<f64>> = waves.iter().map(|wave| wave.get(from..to).unwrap_or_default().to_vec()).collect();
    let other = halves(&core).ok_or("All discharges of this train have the same shape.")?;
    let of = |wanted: bool| times_s.iter().zip(&other).filter(move |(_, other)| **other == wanted).map(|(time_s, _)| *time_s);
    let made = EditedTrain { name: free_name(trains), times_s: of(true).collect(), by_person: true, ..EditedTrain::default() };
    let kept = &mut trains[train];
    // What the signal has no place for stays with the old one.
    kept.times_s.retain(|time_s| made.times_s.iter().all(|gone| gone != time_s));
    kept.by_person = true;
    trains.insert(train + 1, made);
    Ok(())
}

fn add(uv: &[f64], fs_hz: f64, trains: &mut [EditedTrain], train: usize, at_s: f64) -> Result<(), String> {
    let fixed = Fixed::new(uv, fs_hz, &times(trains));
    let placed = fixed.nearest(train, at_s, NEAR_S, APART_S);
    let train = known(trains, train)?;
    match placed {
        Some((at_s, size)) if size >= LEAST_SIZE => insert(train, at_s),
        _ if near(&train.times_s, at_s, NEAR_S + APART_S) => return Err(format!("{} discharges here already.", train.name)),
        _ => return Err(format!("Nothing within {:.0} ms looks like a discharge of {}.", 1e3 * NEAR_S, train.name)),
    }
    Ok(())
}

/// Discharges go from one train, or none, to another, or a new one. In another train each is
/// aligned with its potential.
fn reassign(
    uv: &[f64],
    fs_hz: f64,
    trains: &mut Vec<EditedTrain>,
    from: Option<usize>,
    to: Option<usize>,
    times_s: &[f64],
) -> Result<(), String> {
    if from.is_some() && from == to {
        return Err("These discharges are in this train already.".into());
    }
    let length_s = uv.len() as f64 / fs_hz.max(1.0);
    if times_s.iter().any(|time_s| !(time_s.is_finite() && (0.0..length_s).contains(time_s))) {
        return Err("A discharge lies within the stretch that was analysed.".into());
    }
    let mut moved = match from {
        Some(from) => take(known(trains, from)?, times_s)?,
        None if times_s.is_empty() => return Err("Choose a discharge first.".into()),
        None => times_s.to_vec(),
    };
    moved.sort_by(f64::total_cmp);
    moved.dedup();
    match to {
        Some(to) => {
            known(trains, to)?;
            let fixed = Fixed::new(uv, fs_hz, &times(trains));
            for at_s in moved {
                // Whoever names a discharge is believed, however little it looks like one.
                let best = fixed.nearest(to, at_s, NEAR_S, APART_S).filter(|(_, size)| *size > 0.0).map_or(at_s, |(at_s, _)| at_s);
                let train = known(trains, to)?;
                if near(&train.times_s, best, SAME_S) {
                    return Err(format!("{} discharges at {at_s:.3} s already.", train.name));
                }
                insert(train, best);
            }
        }
        None => {
            room(trains)?;
            let name = free_name(trains);
            trains.push(EditedTrain { name, times_s: moved, by_person: true, ..EditedTrain::default() });
        }
    }
    if let Some(from) = from {
        drop_empty(trains, from);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn names_go_on_behind_z() {
        assert_eq!([letters(0), letters(25), letters(26), letters(701)], ["A", "Z", "AA", "ZZ"]);
    }
}
