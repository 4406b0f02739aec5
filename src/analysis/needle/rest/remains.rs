//! What is left of large potentials after they were taken out, told from small trains.
//!
//! What is left of a motor unit whose fibres jitter looks like a potential of its own that comes near
//! the large one. A small train may be mixed with it: what keeps a rhythm of its own where no large
//! one is near is taken out of it and stays.

use super::chain::{self, Beat};
use super::features::firing;
use super::trains::{IRREGULAR, Train};

/// Of a train that is always near another, so much smaller a part of that one is what was left of it.
const HIDDEN: f64 = 0.12;

/// Remains lie so far before and behind a large discharge, s.
const NEAR_S: [f64; 2] = [0.004, 0.012];
/// Fewest discharges of a rhythm among remains, most that its intervals vary, and what part of it must
/// be there.
const LEAST: usize = 6;
const STEADY: f64 = 0.10;
const FILLED: f64 = 0.7;
/// The same before those beside large ones are added.
const FILLED_APART: f64 = 0.5;

/// Whether a discharge of `large` is so near that one at `time_s` may be what is left of it.
fn beside(large: &Train, time_s: f64) -> bool {
    let at = large.times_s.partition_point(|s| *s < time_s - NEAR_S[1]);
    large.times_s.get(at).is_some_and(|s| *s < time_s + NEAR_S[0])
}

/// Rhythms that go on in a train where none of `large` is near; discharges beside those are added
/// where the rhythm has them.
pub fn rhythms(train: &Train, large: &[&Train]) -> Vec<Train> {
    let all = || train.times_s.iter().zip(&train.sizes_uv);
    let mut beats: Vec<Beat> = all()
        .filter(|(t, _)| !large.iter().any(|l| beside(l, **t)))
        .map(|(time_s, size_uv)| Beat { time_s: *time_s, size_uv: *size_uv, unit: train.unit })
        .collect();
    let hidden: Vec<(f64, f64)> = all().filter(|(t, _)| large.iter().any(|l| beside(l, **t))).map(|(t, s)| (*t, *s)).collect();
    let differ = |a: &Beat, b: &Beat| {
        let (x, y) = (a.size_uv, b.size_uv);
        (x - y) * (x - y) / f64::max(x * x, y * y).max(1e-12)
    };
    let mut found = Vec::new();
    while beats.len() >= LEAST {
        let indices = chain::best(&beats, &differ);
        if indices.len() < LEAST {
            break;
        }
        let mut rhythm = Train { parts: 1, unit: train.unit, ..Train::default() };
        indices.iter().for_each(|i| rhythm.push(beats[*i].time_s, beats[*i].size_uv));
        let mut k = 0;
        let mut next = indices.iter().peekable();
        beats.retain(|_| {
            let taken = next.next_if(|i| **i == k).is_some();
            k += 1;
            !taken
        });
        let part = |t: &Train| {
            let f = firing(&t.times_s, &t.sizes_uv);
            if f.cv < STEADY { f.n as f64 / (f.span_s * f.rate_hz + 1.0) } else { 0.0 }
        };
        if part(&rhythm) < FILLED_APART {
            continue;
        }
        complete(&mut rhythm, &hidden);
        if part(&rhythm) > FILLED {
            found.push(rhythm);
        }
    }
    found
}

/// Adds those of `hidden` (moments and sizes) that a rhythm misses.
fn complete(rhythm: &mut Train, hidden: &[(f64, f64)]) {
    let usual = firing(&rhythm.times_s, &rhythm.sizes_uv).rate_hz.recip();
    let mut added = Vec::new();
    for w in rhythm.times_s.windows(2) {
        let steps = ((w[1] - w[0]) / usual).round();
        if (2.0..=4.0).contains(&steps) {
            let step = (w[1] - w[0]) / steps;
            for k in 1..steps as usize {
                let expected = w[0] + step * k as f64;
                let near = hidden.iter().filter(|h| (h.0 - expected).abs() < 0.12 * step);
                added.extend(near.min_by(|a, b| (a.0 - expected).abs().total_cmp(&(b.0 - expected).abs())));
            }
        }
    }
    added.iter().for_each(|(t, s)| rhythm.push(*t, *s));
    rhythm.tidy();
}

/// Leaves out trains that are what is left of larger ones: at no fixed lag, but near them far more
/// often than by chance. Rhythms among them stay.
pub fn drop_remains(mut trains: Vec<Train>) -> Vec<Train> {
    trains.sort_by(|a, b| b.size_uv().total_cmp(&a.size_uv()));
    let (mut kept, mut own): (Vec<Train>, Vec<Train>) = (Vec::new(), Vec::new());
    for train in trains {
        let regular = firing(&train.times_s, &train.sizes_uv).cv < IRREGULAR;
        let remains = !regular
            && kept.iter().any(|large| {
                if large.size_uv() < 1.6 * train.size_uv() || large.times_s.len() < 3 {
                    return false;
                }
                let n = train.times_s.len() as f64;
                let count = train.times_s.iter().filter(|t| beside(large, **t)).count() as f64;
                let span = (large.times_s[large.times_s.len() - 1] - large.times_s[0]).max(1.0);
                let chance = n * (large.times_s.len() as f64 / span * (NEAR_S[0] + NEAR_S[1])).min(1.0);
                // Behind a fast large one everything small is hidden but what is left of it.
                let hidden = count > 0.8 * n && train.size_uv() < HIDDEN * large.size_uv();
                hidden || (count > 0.4 * n && count > 1.8 * chance + 1.0)
            });
        if remains {
            let large: Vec<&Train> = kept.iter().filter(|large| large.size_uv() >= 1.6 * train.size_uv()).collect();
            own.extend(rhythms(&train, &large));
        } else {
            kept.push(train);
        }
    }
    kept.extend(own);
    kept
}

/// Whether most discharges of a train fall where other trains miss one: they are overlaps that did
/// not come apart.
pub fn overlaps<'a>(train: &Train, others: impl Iterator<Item = &'a Train>) -> bool {
    let mut missing: Vec<[f64; 2]> = Vec::new();
    for other in others {
        let f = firing(&other.times_s, &other.sizes_uv);
        if f.n < 6 || !(f.cv < 0.35 && f.rate_hz > 0.5) {
            continue;
        }
        let intervals: Vec<f64> = other.times_s.windows(2).map(|w| w[1] - w[0]).collect();
        let local = crate::dsp::robust::running_median(&intervals, 7);
        for ((t, d), m) in other.times_s.iter().zip(&intervals).zip(&local) {
            let parts = (d / m).round();
            if (2.0..=4.0).contains(&parts) {
                let slack = (f.cv.max(0.03) * m).min(0.3 * m) + 0.006;
                missing.extend((1..parts as usize).map(|k| t + d * k as f64 / parts).map(|t| [t - slack, t + slack]));
            }
        }
    }
    let hit = train.times_s.iter().filter(|t| missing.iter().any(|m| (m[0]..=m[1]).contains(*t))).count();
    hit > 0 && hit * 2 >= train.times_s.len()
}
