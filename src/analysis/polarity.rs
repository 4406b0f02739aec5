//! Which way round a response was stored.
//!
//! Some files store E1-negative upwards as positive numbers, some as negative ones, and most do not
//! say. A compound action potential recorded over the end-plate begins with its negative phase,
//! which is also its larger one; so a test whose responses begin with a clearly larger downward
//! phase was stored the other way round. A small downward phase in front (volume conduction) does
//! not count. Channels that declare their polarity are believed.
//!
//! NaN are left out. Cost: one pass over up to [`LOOK_AT`] sweeps a test.

use std::rc::Rc;

use super::study::sweep_input;
use crate::dsp::robust::median;
use crate::model::{Examination, Recording, Samples};

/// Sweeps of a test that are looked at.
const LOOK_AT: usize = 8;
/// The downward phase must be larger than the upward one by this factor.
const CLEARLY: f64 = 1.2;
/// Stretch after the stimulus that belongs to the shock, seconds.
const SHOCK_S: f64 = 0.0015;

/// Turns the sweeps of every test that was stored the other way round; returns the indices of
/// those tests.
pub fn settle(recordings: &[Recording], examination: &mut Examination, samples: &[Rc<dyn Samples>]) -> Vec<usize> {
    let turned: Vec<usize> = (0..examination.tests.len()).filter(|&test| is_turned(recordings, examination, samples, test)).collect();
    for &test in &turned {
        turn(examination, test, true);
    }
    turned
}

/// Sets the polarity of a test's sweeps.
pub fn turn(examination: &mut Examination, test: usize, turned: bool) {
    let Some(test) = examination.tests.get(test) else { return };
    for &id in test.sites.iter().flat_map(|site| &site.sweeps) {
        if let Some(sweep) = examination.sweeps.get_mut(id) {
            sweep.turned = turned;
        }
    }
}

/// Whether the sweeps of a test, as they stand, point downwards.
pub fn is_turned(recordings: &[Recording], examination: &Examination, samples: &[Rc<dyn Samples>], test: usize) -> bool {
    let Some(test) = examination.tests.get(test) else { return false };
    let votes = test.sites.iter().flat_map(|site| &site.sweeps).take(LOOK_AT).filter_map(|&id| {
        let sweep = examination.sweeps.get(id)?;
        let channel = recordings.get(sweep.recording)?.channels.get(sweep.channel)?;
        if channel.negative_up {
            return Some(-1);
        }
        let input = sweep_input(recordings, examination, samples.get(sweep.recording)?.as_ref(), id).ok()??;
        Some(vote(&input.uv, input.fs_hz, input.stimulus_s))
    });
    votes.sum::<i32>() > 0
}

/// 1 for a response that points down first, -1 for one that points up, 0 for neither.
fn vote(uv: &[f64], fs_hz: f64, stimulus_s: Option<f64>) -> i32 {
    let begin = stimulus_s.map_or(0, |at_s| ((at_s + SHOCK_S) * fs_hz) as usize).min(uv.len());
    let quiet = if begin > uv.len() / 20 && stimulus_s.is_some() {
        &uv[..((stimulus_s.unwrap_or(0.0) * fs_hz) as usize).clamp(1, begin)]
    } else {
        uv
    };
    let level = median(quiet);
    let (mut high, mut low) = ((0, 0.0), (0, 0.0));
    for (at, value) in uv[begin..].iter().map(|value| value - level).enumerate() {
        if value > high.1 {
            high = (at, value);
        }
        if value < low.1 {
            low = (at, value);
        }
    }
    if -low.1 > CLEARLY * high.1 && low.0 < high.0 {
        1
    } else if high.1 > -low.1 * 0.5 {
        -1
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::vote;

    fn response(sign: f64) -> Vec<f64> {
        (0..500)
            .map(|k| f64::from(k) / 10.0 - 10.0)
            .map(
                |ms| {
                    if (0.0..8.0).contains(&ms) { sign * 1000.0 * (ms / 4.0 * std::f64::consts::PI).sin() * (-ms / 8.0).exp() } else { 0.0 }
                },
            )
            .collect()
    }

    #[test]
    fn the_first_large_phase_decides() {
        assert_eq!(vote(&response(1.0), 10_000.0, Some(0.005)), -1);
        assert_eq!(vote(&response(-1.0), 10_000.0, Some(0.005)), 1);
        assert_eq!(vote(&[0.0; 400], 10_000.0, Some(0.005)), 0);
        assert_eq!(vote(&[], 10_000.0, None), 0);
        assert_eq!(vote(&[f64::NAN; 400], 10_000.0, Some(0.005)), 0);
    }
}
