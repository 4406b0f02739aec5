//! Recruitment: how units come in and how fast they fire.
//!
//! Onset frequency: the rate of a unit when it begins to fire (its first five intervals).
//! Recruitment frequency: the rate of the fastest active unit at the moment the next one comes in
//! (its intervals of the second before). Recruitment ratio: the rate of the fastest unit over the
//! number of active units (Petajan 1974; Daube and Rubin 2009 describe all three). A unit that fires
//! from the beginning has no onset. **NaN** times are left out; pure functions of the trains.

use crate::dsp::robust::median;
use crate::model::needle::{Recruitment, UnitRecruitment};

use super::decompose::firing::firing;

/// A unit that discharges within this of the start was active before, s.
const ALREADY_S: f64 = 0.4;
/// Intervals that the onset frequency is taken from.
const FIRST: usize = 5;
/// A rate is taken over so long, s.
const RECENT_S: f64 = 1.0;
/// Longer than this a unit is not firing, s.
const PAUSE_S: f64 = 0.5;

fn rate(intervals: &[f64]) -> Option<f64> {
    let m = median(intervals);
    (intervals.len() >= 2 && m > 0.0).then(|| 1.0 / m)
}

/// Intervals of a train that end within the second before `at_s`; empty when the unit has paused.
fn recent(times: &[f64], at_s: f64) -> Vec<f64> {
    let end = times.partition_point(|t| *t <= at_s);
    if end == 0 || at_s - times[end - 1] > PAUSE_S {
        return Vec::new();
    }
    let from = times.partition_point(|t| *t < at_s - RECENT_S).min(end);
    times[from..end].windows(2).map(|w| w[1] - w[0]).filter(|i| *i < PAUSE_S).collect()
}

/// Recruitment of units from their discharge times in seconds (any order).
pub fn recruitment(trains: &[Vec<f64>]) -> Recruitment {
    let trains: Vec<Vec<f64>> = trains
        .iter()
        .map(|t| {
            let mut t: Vec<f64> = t.iter().copied().filter(|v| v.is_finite()).collect();
            t.sort_by(f64::total_cmp);
            t
        })
        .collect();
    let units: Vec<UnitRecruitment> = trains
        .iter()
        .map(|t| {
            let pattern = firing(t);
            let onset = t.first().copied().filter(|s| *s > ALREADY_S);
            let first: Vec<f64> = t.windows(2).take(FIRST).map(|w| w[1] - w[0]).filter(|i| *i < PAUSE_S).collect();
            UnitRecruitment {
                rate_hz: pattern.map(|p| 1.0 / p.mean_s),
                cv: pattern.map(|p| p.cv),
                recruited_s: onset,
                onset_hz: onset.and_then(|_| rate(&first)),
            }
        })
        .collect();
    let mut order: Vec<usize> = (0..trains.len()).filter(|i| !trains[*i].is_empty()).collect();
    order.sort_by(|a, b| trains[*a][0].total_cmp(&trains[*b][0]).then(a.cmp(b)));
    let mut recruitment_hz = None;
    for (place, &next) in order.iter().enumerate().skip(1) {
        let Some(at_s) = units[next].recruited_s else { continue };
        let fastest = order[..place].iter().filter_map(|&i| rate(&recent(&trains[i], at_s))).fold(0.0, f64::max);
        if recruitment_hz.is_none() && fastest > 0.0 {
            recruitment_hz = Some(fastest);
        }
    }
    // The ratio where most units are active: at the discharge with the most trains firing around it.
    let active = |at_s: f64| -> Vec<f64> { trains.iter().filter_map(|t| rate(&recent(t, at_s))).collect() };
    let last = trains.iter().filter_map(|t| t.last()).copied().fold(0.0, f64::max);
    let moments = (1..).map(|i| f64::from(i) * 0.5).take_while(|s| *s <= last).take(100_000);
    let most = moments.map(active).max_by(|a, b| {
        let fastest = |v: &[f64]| v.iter().copied().fold(0.0, f64::max);
        a.len().cmp(&b.len()).then(fastest(a).total_cmp(&fastest(b)))
    });
    let most = most.filter(|m| !m.is_empty());
    Recruitment {
        units,
        order,
        recruitment_hz,
        active: most.as_ref().map_or(0, Vec::len),
        ratio: most.map(|m| m.iter().copied().fold(0.0, f64::max) / m.len() as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::recruitment;

    fn train(from: f64, to: f64, hz: f64) -> Vec<f64> {
        let n = ((to - from) * hz) as usize;
        (0..n).map(|i| from + i as f64 / hz).collect()
    }

    #[test]
    fn units_come_in_one_after_another() {
        let r = recruitment(&[train(2.0, 10.0, 6.0), train(0.05, 10.0, 10.0), vec![]]);
        assert_eq!(r.order, [1, 0]);
        assert_eq!(r.units[1].recruited_s, None);
        assert!((r.units[0].onset_hz.unwrap() - 6.0).abs() < 0.01);
        assert!((r.recruitment_hz.unwrap() - 10.0).abs() < 0.01);
        assert_eq!(r.active, 2);
        assert!((r.ratio.unwrap() - 5.0).abs() < 0.01);
        assert!((r.units[1].rate_hz.unwrap() - 10.0).abs() < 0.01);
    }

    #[test]
    fn nothing_and_absurd_times_give_nothing() {
        assert_eq!(recruitment(&[]).ratio, None);
        let r = recruitment(&[vec![f64::NAN, f64::INFINITY], vec![1.0]]);
        assert_eq!((r.order.len(), r.ratio), (1, None));
    }
}
