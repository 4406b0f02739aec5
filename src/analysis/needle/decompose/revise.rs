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
/// and how many ticks the potential `b` lies later in its template than `a` does in its own: what is to
/// be added to times of `b` for them to mean the same moment as those of `a`.
pub fn difference(a: &Template, b: &Template, reach: i64) -> (f64, i64) {
    let (mut best, mut at) = (f64::INFINITY, 0);
    for lag in -reach..=reach {
        for (phase, later) in b.later.iter().enumerate() {
            let product = super::template::overlap(&a.wave, later, lag);
            let d = a.energy + b.energy - 2.0 * product;
            if d < best {
                // `later[i]` is `b` at `i - phase / PHASES`, so `a[i]` meets `b` at `i + lag - phase / PHASES`.
                (best, at) = (d, lag * PHASES - phase as i64);
            }
        }
    }
    (best / a.energy.min(b.energy).max(1e-12), at)
}

/// Discharges of `b` within `window` of one of `a`, and how many chance would bring, while both are
/// active: units of which one begins when the other ends do not avoid each other.
fn close_pairs(a: &[i64], b: &[i64], window: i64) -> (usize, f64) {
    let ends = |train: &[i64]| train.first().copied().zip(train.last().copied());
    let (Some(of_a), Some(of_b)) = (ends(a), ends(b)) else { return (0, 0.0) };
    let (from, to) = (of_a.0.max(of_b.0), of_a.1.min(of_b.1));
    let inside = |train: &[i64]| train.iter().filter(|t| (from..=to).contains(t)).count();
    let within = |t: i64| a.partition_point(|v| *v < t + window) > a.partition_point(|v| *v <= t - window);
    let near = b.iter().filter(|t| within(**t)).count();
    (near, inside(a) as f64 * inside(b) as f64 * 2.0 * window as f64 / (to - from).max(1) as f64)
}

/// Whether two trains are of one unit.
pub fn same(a: &Template, b: &Template, trains: (&[i64], &[i64]), fs_hz: f64, noise: f64) -> bool {
    let reach = (0.0015 * fs_hz) as i64;
    // What the averages' own noise brings.
    let n = a.wave.len() as f64;
    let smaller = a.energy.min(b.energy).max(1e-12);
    let error = n * noise * (1.0 / trains.0.len().max(1) as f64 + 1.0 / trains.1.len().max(1) as f64) / smaller;
    // Sizes alone may differ too much for any lag (Cauchy and Schwarz; shifting adds a little energy).
    if (a.energy.sqrt() - b.energy.sqrt()).powi(2) > 1.5 * (SAME_WITH_FIRING + error) * smaller {
        return false;
    }
    let (d, lag) = difference(a, b, reach);
    let d = d - error;
    if d > SAME_WITH_FIRING {
        return false;
    }
    let moved: Vec<i64> = trains.1.iter().map(|t| t + lag).collect();
    let (near, chance) = close_pairs(trains.0, &moved, (0.02 * fs_hz) as i64 * PHASES);
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

/// Longest delay of a part of a potential, ms, and how much a delay varies.
const LATE_MS: f64 = 20.0;
const VARIES_MS: f64 = 0.5;

/// The delay at which most discharges of a train follow those of another (negative: precede them), ms:
/// from, to, and how many do.
fn delay(train: &[i64], other: &[i64], per_ms: f64) -> (f64, f64, usize) {
    let mut bins = vec![0_usize; (2.0 * LATE_MS / VARIES_MS) as usize + 1];
    for &t in train {
        let from = other.partition_point(|v| ((t - v) as f64) > LATE_MS * per_ms);
        for &o in other[from..].iter().take_while(|o| ((**o - t) as f64) < LATE_MS * per_ms) {
            let bin = (((t - o) as f64 / per_ms + LATE_MS) / VARIES_MS) as usize;
            if let Some(count) = bins.get_mut(bin) {
                *count += 1;
            }
        }
    }
    let (at, most) = bins.windows(2).map(|w| w[0] + w[1]).enumerate().fold((0, 0), |best, now| if now.1 > best.1 { now } else { best });
    let from = at as f64 * VARIES_MS - LATE_MS;
    (from, from + 2.0 * VARIES_MS, most)
}

/// Whether half of a train or more follows another at a fixed delay of up to 20 ms: a satellite or
/// a late part of the other's potential, not a unit of its own.
pub fn locked(train: &[i64], other: &[i64], fs_hz: f64) -> bool {
    delay(train, other, fs_hz * PHASES as f64 / 1000.0).2 * 2 > train.len()
}

/// Discharges of `other` (ticks, in order) that go with `train`'s at one delay, and how many ticks
/// those of `train` lie later: the median.
pub fn together(train: &[i64], other: &[i64], fs_hz: f64) -> (Vec<i64>, i64) {
    let per_ms = fs_hz * PHASES as f64 / 1000.0;
    let (from, to, _) = delay(train, other, per_ms);
    let [from, to] = [from, to].map(|ms| (ms * per_ms) as i64);
    let mut delays = Vec::new();
    let with = other.iter().copied().filter(|o| {
        let near = train.get(train.partition_point(|t| *t < o + from)).map(|t| t - o).filter(|delay| *delay < to);
        delays.extend(near);
        near.is_some()
    });
    let with: Vec<i64> = with.collect();
    delays.sort_unstable();
    (with, delays.get(delays.len() / 2).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::difference;
    use crate::analysis::needle::decompose::template::{PHASES, Template};

    /// A potential whose spike lies at `at` samples.
    fn template(at: f64) -> Template {
        let wave = (0..90).map(|i| {
            let z = (f64::from(i) - at) / 3.0;
            300.0 * (1.0 - z * z - 0.4 * z) * (-0.5 * z * z).exp()
        });
        Template::new(wave.collect())
    }

    #[test]
    fn a_shifted_potential_is_the_same_at_its_shift() {
        for ticks in [-26_i64, -9, -3, -1, 0, 1, 2, 3, 5, 21] {
            let (a, b) = (template(40.0), template(40.0 + ticks as f64 / PHASES as f64));
            let (d, lag) = difference(&a, &b, 15);
            assert!(d.abs() < 0.01, "{ticks}: {d}");
            assert_eq!(lag, ticks);
            assert_eq!(difference(&b, &a, 15).1, -ticks);
        }
    }
}
