//! Classes that a person gave to trains at rest.
//!
//! A kept train is found again by its discharges, so that a name does not go to another train when
//! the program finds trains in another order.

use super::{NamedTrain, RestAnalysis, Stage};
use crate::model::{EditedTrain, TrainChange};

/// Discharges nearer than this are one, s.
const SAME_S: f64 = 0.002;
/// Part of the discharges that must agree.
const AGREEING: f64 = 0.5;

/// Part of the discharges of the longer train that both have.
fn agreement(a: &[f64], b: &[f64]) -> f64 {
    let has = |time_s: &&f64| {
        let at = b.partition_point(|other| *other < **time_s - SAME_S);
        b.get(at).is_some_and(|other| *other <= **time_s + SAME_S)
    };
    a.iter().filter(has).count() as f64 / a.len().max(b.len()).max(1) as f64
}

/// Gives trains the classes that a person gave them; the others have the program's.
pub(super) fn apply(analysis: &mut RestAnalysis) {
    let given = analysis.given.as_deref().unwrap_or_default();
    for train in &mut analysis.found {
        let best = given
            .iter()
            .map(|given| (agreement(&train.train.times_s, &given.times_s), given))
            .filter(|(part, _)| *part > AGREEING)
            .max_by(|a, b| a.0.total_cmp(&b.0));
        train.by_hand = best.and_then(|(_, given)| given.class);
    }
}

/// The trains after a change: their class alone.
pub(super) fn changed(analysis: &RestAnalysis, change: &TrainChange) -> Result<Vec<EditedTrain>, String> {
    if analysis.stage != Stage::Done {
        return Err("The trains are still being sought: wait until they are there.".into());
    }
    let as_is = |train: &NamedTrain| EditedTrain {
        name: String::new(),
        times_s: train.train.times_s.clone(),
        class: train.by_hand,
        ..EditedTrain::default()
    };
    let mut trains: Vec<EditedTrain> = analysis.shown().map(as_is).collect();
    match change {
        TrainChange::Class { train, class } => {
            trains.get_mut(*train).ok_or("This train is no longer there.")?.class = *class;
        }
        TrainChange::Anew => {}
        _ => return Err("Trains at rest can be given another class; their discharges are those that were found.".into()),
    }
    Ok(trains)
}
