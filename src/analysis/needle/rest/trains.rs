//! Placed discharges to trains: parts of one potential joined by their fixed lag, pieces of one
//! train joined by shape and firing.

use super::chain::{self, Beat};
use super::features::firing;
use super::resolve::{Placed, Unit};

/// Discharges that belong together, before they have a name.
#[derive(Debug, Clone, Default)]
pub struct Train {
    /// Moments, seconds.
    pub times_s: Vec<f64>,
    /// Size of each discharge in the working signal, microvolts.
    pub sizes_uv: Vec<f64>,
    /// Units whose discharges are parts of the same potential.
    pub parts: usize,
    /// The unit that gave the times.
    pub unit: usize,
}

/// Lag within which parts of one potential lie, s.
const LOCK_S: f64 = 0.014;
/// Parts of a complex repetitive discharge, which are steadier than anything else, may lie farther
/// apart, s.
const LOCK_CIRCUIT_S: f64 = 0.1;
const MACHINE: f64 = 0.009;
/// A train of which a smaller part than this is locked to another is one of its own.
const OWN_LIFE: f64 = 0.45;
/// A discharge that was missed lies within so many intervals of one that was not.
const MISSED: f64 = 3.2;
/// Spread of such a lag, s.
const LOCK_SPREAD_S: f64 = 0.0007;

impl Train {
    pub(super) fn push(&mut self, time_s: f64, size_uv: f64) {
        self.times_s.push(time_s);
        self.sizes_uv.push(size_uv);
    }

    /// In order of time; of discharges within 1.2 ms the larger stays.
    pub(super) fn tidy(&mut self) {
        let mut all: Vec<(f64, f64)> = self.times_s.iter().copied().zip(self.sizes_uv.iter().copied()).collect();
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        self.times_s.clear();
        self.sizes_uv.clear();
        for (t, s) in all {
            if let (Some(last), Some(size)) = (self.times_s.last_mut(), self.sizes_uv.last_mut())
                && t - *last < 0.0012
            {
                if s > *size {
                    (*last, *size) = (t, s);
                }
                continue;
            }
            self.push(t, s);
        }
    }

    /// The train without discharges that come a lag behind one of `times_s`, `count` of them, when it is
    /// regular and those are the smaller part.
    fn apart_from(&self, times_s: &[f64], lag_s: f64, count: usize) -> Option<Self> {
        if count as f64 >= OWN_LIFE * self.times_s.len() as f64 {
            return None;
        }
        let mut rest = Self { parts: self.parts, unit: self.unit, ..Self::default() };
        for (time_s, size_uv) in self.times_s.iter().zip(&self.sizes_uv) {
            if !near(times_s, time_s - lag_s, LOCK_SPREAD_S) {
                rest.push(*time_s, *size_uv);
            }
        }
        let regular = |rest: &Self| firing(&rest.times_s, &rest.sizes_uv).cv < IRREGULAR || !super::remains::rhythms(rest, &[]).is_empty();
        Some(rest).filter(|rest| rest.times_s.len() >= CHAIN && regular(rest))
    }

    /// Whether a discharge may have been missed at `time_s`: in a regular train only near others.
    fn expects(&self, time_s: f64) -> bool {
        if firing(&self.times_s, &self.sizes_uv).cv >= IRREGULAR {
            return true;
        }
        near(&self.times_s, time_s, MISSED * usual_interval(&self.times_s))
    }

    /// Whether it fires regularly, as fibres do by themselves.
    pub fn is_regular(&self) -> bool {
        self.times_s.len() >= CHAIN && firing(&self.times_s, &self.sizes_uv).cv < IRREGULAR
    }

    /// Median size, microvolts.
    pub fn size_uv(&self) -> f64 {
        crate::dsp::robust::median(&self.sizes_uv)
    }
}

/// One train a unit, in order of time.
pub fn gather(placed: &[Placed], units: &[Unit], fs_hz: f64) -> Vec<Train> {
    let mut trains: Vec<Train> = (0..units.len()).map(|unit| Train { parts: 1, unit, ..Train::default() }).collect();
    for p in placed {
        if let (Some(train), Some(unit)) = (trains.get_mut(p.unit), units.get(p.unit)) {
            train.push(p.at / fs_hz, p.gain * unit.peak_uv);
        }
    }
    for train in &mut trains {
        train.tidy();
    }
    trains.retain(|t| t.times_s.len() >= 2);
    trains
}

/// Lags of each discharge of `b` to the discharges of `a` within reach.
fn lags(a: &[f64], b: &[f64], reach_s: f64) -> Vec<f64> {
    let mut found = Vec::new();
    let mut first = 0;
    for t in b {
        while first < a.len() && a[first] < t - reach_s {
            first += 1;
        }
        found.extend(a[first..].iter().take_while(|s| **s <= t + reach_s).map(|s| t - s));
    }
    found.sort_unstable_by(f64::total_cmp);
    found
}

/// Most common lag of `b` behind `a` and how many of `b` have it.
fn lock(a: &[f64], b: &[f64], reach_s: f64) -> (f64, usize) {
    let lags = lags(a, b, reach_s);
    let mut best = (0.0, 0);
    let mut j = 0;
    for i in 0..lags.len() {
        while lags[i] - lags[j] > 2.0 * LOCK_SPREAD_S {
            j += 1;
        }
        if i - j + 1 > best.1 {
            best = (lags[(i + j) / 2], i - j + 1);
        }
    }
    best
}

/// Whether one of `times_s` (in order) lies within `reach_s` of `time_s`.
pub(super) fn near(times_s: &[f64], time_s: f64, reach_s: f64) -> bool {
    let at = times_s.partition_point(|t| *t < time_s - reach_s);
    times_s.get(at).is_some_and(|t| *t <= time_s + reach_s)
}

/// Joins trains that keep a fixed lag: parts of one potential (fibres of a motor unit, of a complex
/// repetitive discharge), or what is left of it after subtraction.
pub fn join_locked(mut trains: Vec<Train>) -> Vec<Train> {
    trains.sort_by(|a, b| (b.size_uv() * (b.times_s.len() as f64).sqrt()).total_cmp(&(a.size_uv() * (a.times_s.len() as f64).sqrt())));
    let mut kept: Vec<Train> = Vec::new();
    let mut apart: Vec<Train> = Vec::new();
    'next: for mut train in trains {
        for other in &mut kept {
            let (na, nb) = (other.times_s.len(), train.times_s.len());
            // In a fast train only lags below half its interval mean one potential.
            let machine = |t: &Train| firing(&t.times_s, &t.sizes_uv).cv < MACHINE;
            let most = if machine(other) && machine(&train) { LOCK_CIRCUIT_S } else { LOCK_S };
            let reach = most.min(0.5 * usual_interval(&other.times_s)).min(0.5 * usual_interval(&train.times_s)).max(0.002);
            let (lag, count) = lock(&other.times_s, &train.times_s, reach);
            let span = (other.times_s[na - 1] - other.times_s[0]).max(1.0);
            let chance = (na as f64 / span * 2.0 * LOCK_SPREAD_S).min(1.0) * nb as f64;
            let least = na.min(nb) as f64;
            if count as f64 >= 0.55 * least && count as f64 > 3.0 * chance + 1.5 {
                // A regular train most of which lies elsewhere has a life of its own: only what is left of
                // the other's discharges was taken for it.
                if let Some(rest) = train.apart_from(&other.times_s, lag, count) {
                    train = rest;
                    continue;
                }
                if train.size_uv() > other.size_uv()
                    && let Some(rest) = other.apart_from(&train.times_s, -lag, count)
                {
                    *other = rest;
                    continue;
                }
                // Where the larger part was missed the smaller one tells when it was; what comes at another
                // time than the larger one's rhythm has it is something else.
                let mut extra = Train { parts: other.parts, unit: other.unit, ..Train::default() };
                let mut strange = Train { parts: 1, unit: train.unit, ..Train::default() };
                for (t, s) in train.times_s.iter().zip(&train.sizes_uv) {
                    let at = t - lag;
                    if near(&other.times_s, at, 0.004) {
                    } else if other.expects(at) {
                        extra.push(at, *s);
                    } else {
                        strange.push(*t, *s);
                    }
                }
                // Only if the smaller one is really a part of each: otherwise extras are other things.
                if count as f64 >= 0.8 * nb as f64 {
                    let size = other.size_uv();
                    for t in extra.times_s {
                        other.push(t, size);
                    }
                    other.tidy();
                }
                if count >= 3 && train.size_uv() > 0.2 * other.size_uv() {
                    other.parts += train.parts;
                }
                if strange.times_s.len() >= CHAIN {
                    apart.push(strange);
                }
                continue 'next;
            }
        }
        train.tidy();
        kept.push(train);
    }
    kept.extend(apart);
    kept
}

/// The interval that a quarter of the intervals stay below, s.
pub fn usual_interval(times_s: &[f64]) -> f64 {
    let intervals: Vec<f64> = times_s.windows(2).map(|w| w[1] - w[0]).collect();
    let usual = crate::dsp::robust::percentile(&intervals, 25.0);
    if usual.is_finite() { usual } else { 1.0 }
}

/// Joins trains of like form that take turns: a discharge that changes its size, or a motor unit
/// whose fibres jitter, was found as several shapes.
pub fn join_turns(mut trains: Vec<Train>, units: &[Unit], fs_hz: f64) -> Vec<Train> {
    trains.sort_by_key(|t| std::cmp::Reverse(t.times_s.len()));
    loop {
        let mut joined = None;
        'search: for i in 0..trains.len() {
            for j in i + 1..trains.len() {
                let (Some(a), Some(b)) = (units.get(trains[i].unit), units.get(trains[j].unit)) else { continue };
                let (likeness, lag, ratio) = a.likeness(b, fs_hz);
                let lag_s = lag as f64 / fs_hz;
                if same_train(&trains[i], &trains[j], likeness, lag_s, ratio) {
                    joined = Some((i, j, lag_s));
                    break 'search;
                }
            }
        }
        let Some((i, j, lag_s)) = joined else { return trains };
        let gone = trains.remove(j);
        for (t, s) in gone.times_s.iter().zip(&gone.sizes_uv) {
            trains[i].push(t - lag_s, *s);
        }
        trains[i].parts = trains[i].parts.max(gone.parts);
        trains[i].tidy();
    }
}

fn same_train(a: &Train, b: &Train, likeness: f64, lag_s: f64, ratio: f64) -> bool {
    if likeness < 0.75 {
        return false;
    }
    let mut all: Vec<(f64, bool)> = a.times_s.iter().map(|t| (*t, true)).chain(b.times_s.iter().map(|t| (t - lag_s, false))).collect();
    all.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
    all.dedup_by(|later, earlier| later.0 - earlier.0 < 0.0012);
    // Fast runs: the interval between the two is that of its neighbours.
    let (mut junctions, mut smooth) = (0, 0);
    for w in all.windows(3) {
        let (d0, d1) = (w[1].0 - w[0].0, w[2].0 - w[1].0);
        if (w[0].1 != w[1].1 || w[1].1 != w[2].1) && d0 < 0.09 && d1 < 0.09 {
            junctions += 1;
            smooth += usize::from((d1 / d0).ln().abs() < 0.2);
        }
    }
    if likeness > 0.85 && junctions >= 5 && smooth * 10 >= junctions * 7 {
        return true;
    }
    // Slower trains: independent ones would come near each other now and then, one unit never does.
    if likeness < 0.88 || !(0.55..1.8).contains(&ratio) {
        return false;
    }
    let shortest = 0.5 * usual_interval(&a.times_s).min(usual_interval(&b.times_s)).min(0.2);
    let (first, last) = (a.times_s[0].max(b.times_s[0]), a.times_s[a.times_s.len() - 1].min(b.times_s[b.times_s.len() - 1]));
    let within = |t: &Train| t.times_s.iter().filter(|t| (first..=last).contains(*t)).count() as f64;
    let expected = if last > first { within(a) * within(b) * 2.0 * shortest / (last - first) } else { 0.0 };
    let met = all.windows(2).filter(|w| w[0].1 != w[1].1 && w[1].0 - w[0].0 < shortest).count() as f64;
    expected >= 4.0 && met <= 0.25 * expected
}

/// Local irregularity from which a train may be several.
pub(super) const IRREGULAR: f64 = 0.12;
/// Trains slower than this have one rhythm, or are several; faster ones may wax and wane.
const SLOW_HZ: f64 = 15.0;
/// Part of such intervals.
const DOUBLED: f64 = 0.06;
/// Discharges nearer than this come together, s.
const TOGETHER_S: f64 = 0.05;
/// Shortest chain that makes a train.
pub(super) const CHAIN: usize = 5;

/// Takes trains that fire irregularly apart into regular ones of like shape, as long as that explains
/// most of them. `may` says which trains may be looked at.
pub fn take_apart(trains: Vec<Train>, units: &[Unit], fs_hz: f64, may: &dyn Fn(&Train) -> bool) -> Vec<Train> {
    let (pool, mut out): (Vec<Train>, Vec<Train>) = trains.into_iter().partition(|t| {
        let f = firing(&t.times_s, &t.sizes_uv);
        (f.cv.is_nan() || f.cv >= IRREGULAR || (f.rate_hz < SLOW_HZ && crowded(&t.times_s))) && t.times_s.len() >= 3 && may(t)
    });
    let mut beats: Vec<Beat> = pool
        .iter()
        .flat_map(|t| t.times_s.iter().zip(&t.sizes_uv).map(|(time_s, size_uv)| Beat { time_s: *time_s, size_uv: *size_uv, unit: t.unit }))
        .collect();
    beats.sort_unstable_by(|a, b| a.time_s.total_cmp(&b.time_s));
    if beats.len() > chain::MOST {
        out.extend(pool);
        return out;
    }
    // Likeness and lag of every pair of units.
    let n = units.len();
    let mut like = vec![(1.0, 0, 1.0); n * n];
    for a in pool.iter().map(|t| t.unit) {
        for b in pool.iter().map(|t| t.unit).filter(|b| *b != a) {
            if let (Some(x), Some(y), Some(slot)) = (units.get(a), units.get(b), like.get_mut(a * n + b)) {
                *slot = x.likeness(y, fs_hz);
            }
        }
    }
    let differ = |a: &Beat, b: &Beat| {
        let l = like.get(a.unit * n + b.unit).map_or(0.0, |l| l.0);
        let (x, y) = (a.size_uv, b.size_uv);
        (x * x + y * y - 2.0 * l * x * y) / f64::max(x * x, y * y).max(1e-12)
    };
    let mut found: Vec<Train> = Vec::new();
    let mut used: Vec<Beat> = Vec::new();
    while beats.len() >= CHAIN {
        let indices = chain::best(&beats, &differ);
        if indices.len() < CHAIN {
            break;
        }
        // Times at the peak of the unit that gave most of them.
        let mut count = vec![0_usize; n];
        for i in &indices {
            if let Some(c) = count.get_mut(beats[*i].unit) {
                *c += 1;
            }
        }
        let unit = (0..n).max_by_key(|k| (count[*k], std::cmp::Reverse(*k))).unwrap_or(0);
        let mut train = Train { parts: 1, unit, ..Train::default() };
        for i in &indices {
            let lag = like.get(unit * n + beats[*i].unit).map_or(0, |l| l.1);
            train.push(beats[*i].time_s - lag as f64 / fs_hz, beats[*i].size_uv);
        }
        train.tidy();
        let f = firing(&train.times_s, &train.sizes_uv);
        // A chain by chance misses every third, or is ragged.
        let filled = f.n as f64 / (f.span_s * f.rate_hz + 1.0);
        used.extend(indices.iter().map(|i| beats[*i]));
        let mut k = 0;
        let mut next = indices.iter().peekable();
        beats.retain(|_| {
            let taken = next.next_if(|i| **i == k).is_some();
            k += 1;
            !taken
        });
        if f.cv < IRREGULAR && filled > 0.7 {
            found.push(train);
        }
    }
    let mut found = join_sequels(found, &differ);
    // Each irregular train stays unless chains explain most of it.
    for train in pool {
        let explained = |t: f64| found.iter().any(|c| c.times_s.iter().any(|s| (s - t).abs() < 0.003));
        let hit = train.times_s.iter().filter(|t| explained(**t)).count();
        if hit * 10 < train.times_s.len() * 6 {
            // Chains that took few of it were chance.
            let within = |c: &Train| c.times_s.iter().filter(|s| train.times_s.iter().any(|t| (*s - t).abs() < 0.003)).count();
            found.retain(|c| within(c) * 2 < c.times_s.len() || certain(c, &train));
            if !found.iter().any(|c| certain(c, &train)) {
                out.push(train);
            }
        }
    }
    out.extend(found);
    out
}

/// Whether more than a tenth of the intervals are far shorter than the usual one: two rhythms.
fn crowded(times_s: &[f64]) -> bool {
    let intervals: Vec<f64> = times_s.windows(2).map(|w| w[1] - w[0]).collect();
    let usual = crate::dsp::robust::median(&intervals);
    intervals.iter().filter(|s| **s < 0.6 * usual).count() * 10 > intervals.len()
}

/// Whether intervals are far shorter than the usual one more often than in a unit under drive, whose
/// double discharges are rare: two rhythms.
pub fn doubled(times_s: &[f64]) -> bool {
    let intervals: Vec<f64> = times_s.windows(2).map(|w| w[1] - w[0]).collect();
    let usual = crate::dsp::robust::median(&intervals);
    intervals.iter().filter(|s| **s < 0.45 * usual).count() as f64 > DOUBLED * intervals.len() as f64
}

/// Whether a chain is long and complete, in a time with few other discharges of the train it came from.
fn certain(chain: &Train, from: &Train) -> bool {
    let f = firing(&chain.times_s, &chain.sizes_uv);
    let (Some(first), Some(last)) = (chain.times_s.first(), chain.times_s.last()) else { return false };
    let within = |t: &&f64| (*first..=*last).contains(*t);
    // Others that come together count once.
    let mut others: Vec<f64> = from.times_s.iter().filter(within).filter(|t| !near(&chain.times_s, **t, 0.003)).copied().collect();
    others.dedup_by(|later, earlier| *later - *earlier < TOGETHER_S);
    // Discharges by chance where the next one is expected; a long chain of them is unlikely.
    let chance = others.len() as f64 / f.span_s.max(1e-3) * 0.25 / f.rate_hz;
    let seldom = (f.n as f64 - 2.0) * (1.0 / chance.max(1e-9)).ln() > (100.0 * (from.times_s.len() as f64).powi(2)).ln();
    f.n >= 7 && f.cv < 0.09 && f.n as f64 / (f.span_s * f.rate_hz + 1.0) > 0.75 && (chance < 0.35 || seldom)
}

/// Joins chains that follow each other in time, of like shape, size and rate: too many discharges in
/// between were hidden by others.
fn join_sequels(mut chains: Vec<Train>, differ: &dyn Fn(&Beat, &Beat) -> f64) -> Vec<Train> {
    chains.sort_by(|a, b| a.times_s[0].total_cmp(&b.times_s[0]));
    let mut out: Vec<Train> = Vec::new();
    for next in chains {
        let beat = |t: &Train| Beat { time_s: 0.0, size_uv: t.size_uv(), unit: t.unit };
        let rate = |t: &Train| firing(&t.times_s, &t.sizes_uv).rate_hz;
        let fits = |t: &Train| {
            let gap = next.times_s[0] - t.times_s[t.times_s.len() - 1];
            gap > 0.0 && gap < 4.0 && (rate(t) / rate(&next)).ln().abs() < 0.3 && differ(&beat(t), &beat(&next)) < 0.1
        };
        match out.iter().position(fits) {
            Some(i) => {
                out[i].times_s.extend(next.times_s);
                out[i].sizes_uv.extend(next.sizes_uv);
            }
            None => out.push(next),
        }
    }
    out
}
