//! Which trains are one unit, two, or none.
//!
//! Two trains are one unit when their potentials differ by no more than discharges of one unit do,
//! or when they resemble each other and never fire close together although chance would have them
//! do so (a motoneuron's refractoriness; Parsaei and Stashuk 2011 merge by shape and firing in this
//! way). A train is dropped when it only sees what larger units' templates leave.

use super::template::{PHASES, Template};

/// Energy of the difference, as part of the smaller, below which two potentials are one unit's.
const SAME: f64 = 0.07;
/// The same when the firing supports it.
const SAME_WITH_FIRING: f64 = 0.35;

/// Energy of the difference of two potentials at their best lag, as part of the smaller one's;
/// and the lag of `b` against `a`.
pub fn difference(a: &Template, b: &Template, reach: i64) -> (f64, i64) {
    let (mut best, mut at) = (f64::INFINITY, 0);
    for lag in -reach..=reach {
        for (phase, later) in b.later.iter().enumerate() {
            let product = super::template::overlap(&a.wave, later, lag);
            let d = a.energy + b.energy - 2.0 * product;
            if d < best {
                (best, at) = (d, lag * PHASES + phase as i64);
            }
        }
    }
    (best / a.energy.min(b.energy).max(1e-12), at)
}

/// Discharges of `b` within a third of the mean interval of one of `a`, and how many chance would
/// bring.
fn close_pairs(a: &[i64], b: &[i64], window: i64, duration: i64) -> (usize, f64) {
    let near = b
        .iter()
        .filter(|&&t| {
            let i = a.partition_point(|v| *v < t);
            a.get(i).is_some_and(|v| v - t < window) || i.checked_sub(1).is_some_and(|i| t - a[i] < window)
        })
        .count();
    (near, a.len() as f64 * b.len() as f64 * 2.0 * window as f64 / duration.max(1) as f64)
}

/// Whether two trains are of one unit.
pub fn same(a: &Template, b: &Template, trains: (&[i64], &[i64]), fs_hz: f64, duration: i64, noise: f64) -> bool {
    let reach = (0.0015 * fs_hz) as i64;
    let (d, lag) = difference(a, b, reach);
    // What the averages' own noise brings.
    let n = a.wave.len() as f64;
    let error = n * noise * (1.0 / trains.0.len().max(1) as f64 + 1.0 / trains.1.len().max(1) as f64) / a.energy.min(b.energy).max(1e-12);
    let d = d - error;
    if d > SAME_WITH_FIRING {
        return false;
    }
    let moved: Vec<i64> = trains.1.iter().map(|t| t - lag).collect();
    let window = (0.02 * fs_hz) as i64 * PHASES;
    let (near, chance) = close_pairs(trains.0, &moved, window, duration);
    // Independent units meet at the rate of chance: many meetings speak for two even when alike.
    let apart = chance > 4.0 && near as f64 > 0.6 * chance;
    let exclusive = chance > 5.0 && (near as f64) < 0.2 * chance;
    (d < SAME && !apart) || exclusive || d < 0.02
}

/// Part of the discharges of a train that fall on those of larger units beyond what chance brings:
/// 1 for a train that only sees what others' templates leave.
pub fn shadow(train: &[i64], larger: &[&[i64]], window: i64, duration: i64) -> f64 {
    if train.is_empty() {
        return 0.0;
    }
    let covered = |t: i64| {
        larger.iter().any(|other| {
            let i = other.partition_point(|v| *v < t - window);
            other.get(i).is_some_and(|v| *v <= t + window)
        })
    };
    let hit = train.iter().filter(|t| covered(**t)).count() as f64 / train.len() as f64;
    let occupied: f64 = larger.iter().map(|o| o.len() as f64 * 2.0 * window as f64 / duration.max(1) as f64).sum();
    let chance = 1.0 - (-occupied).exp();
    if chance > 0.95 { 0.0 } else { ((hit - chance) / (1.0 - chance)).max(0.0) }
}

/// Whether half of a train or more follows another at a fixed delay of up to 20 ms: a satellite or
/// a late part of the other's potential, not a unit of its own.
pub fn locked(train: &[i64], other: &[i64], fs_hz: f64) -> bool {
    let per_ms = fs_hz * PHASES as f64 / 1000.0;
    let (reach, width) = (20.0, 0.5);
    let mut bins = vec![0_usize; (2.0 * reach / width) as usize + 1];
    for &t in train {
        let from = other.partition_point(|v| ((t - v) as f64) > reach * per_ms);
        for &o in other[from..].iter().take_while(|o| ((**o - t) as f64) < reach * per_ms) {
            let bin = (((t - o) as f64 / per_ms + reach) / width) as usize;
            if let Some(count) = bins.get_mut(bin) {
                *count += 1;
            }
        }
    }
    bins.windows(2).map(|w| w[0] + w[1]).max().unwrap_or(0) * 2 > train.len()
}
