//! Discharges of several trains that look alike, told apart by their rhythm.
//!
//! Fibrillating fibres give potentials that differ by little but fire each with its own slowly
//! changing interval. The chain of discharges that is longest, with intervals that agree from one to
//! the next, shapes that agree, and few that are missing, is taken out; then the next one. (The
//! sequence search that radar uses on interleaved pulses, after Mardia, IEE Proc F 1989;136:149, with
//! slowly changing intervals, solved by dynamic programming.)

/// One discharge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beat {
    /// Moment, s.
    pub time_s: f64,
    /// Size, microvolts.
    pub size_uv: f64,
    /// Its unit.
    pub unit: usize,
}

/// Intervals that are looked at, s: up to that of 0.6 Hz.
const LONGEST_S: f64 = 1.7;
/// And from that of 35 Hz.
const SHORTEST_S: f64 = 0.028;
/// Usual change of an interval to the next (standard deviation of the logarithm).
const CHANGE: f64 = 0.06;
/// Largest change.
const MOST_CHANGE: f64 = 0.30;
/// What a missing discharge costs, in discharges.
const MISSING: f64 = 0.8;
/// At most so many may be missing in a row.
const MOST_MISSING: usize = 2;
/// Usual difference of shape, as part of the energy.
const SHAPE: f64 = 0.06;
/// At most so many discharges are searched together.
pub const MOST: usize = 700;

#[derive(Clone, Copy)]
struct Link {
    to: usize,
    interval_s: f64,
    score: f64,
    before: usize,
}

/// The best chain, as indices in order of time; `beats` in order of time, `differ` the part of the
/// energy by which two of them differ (at least 1: cannot be one).
pub fn best(beats: &[Beat], differ: &dyn Fn(&Beat, &Beat) -> f64) -> Vec<usize> {
    let n = beats.len();
    if !(2..=MOST).contains(&n) {
        return Vec::new();
    }
    // Links by their later end; each knows the best link before it.
    let mut links: Vec<Link> = Vec::new();
    let mut ending: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut top: Option<usize> = None;
    for j in 0..n {
        for i in (0..j).rev() {
            let gap = beats[j].time_s - beats[i].time_s;
            if gap > LONGEST_S {
                break;
            }
            let unlike = differ(&beats[i], &beats[j]);
            if gap < SHORTEST_S || unlike >= 0.35 {
                continue;
            }
            let shape = 0.5 * (unlike / SHAPE).powi(2).min(4.0) * 0.5;
            let mut link = Link { to: j, interval_s: gap, score: 2.0 - shape, before: usize::MAX };
            for &b in &ending[i] {
                let before: &Link = &links[b];
                for missing in 0..=MOST_MISSING {
                    let interval_s = gap / (missing + 1) as f64;
                    let change = (interval_s / before.interval_s).ln();
                    if change.abs() > MOST_CHANGE || interval_s < SHORTEST_S {
                        continue;
                    }
                    let score = before.score + 1.0 - shape - 0.5 * (change / CHANGE).powi(2).min(6.0) * 0.3 - MISSING * missing as f64;
                    if score > link.score {
                        link = Link { to: j, interval_s, score, before: b };
                    }
                }
            }
            ending[j].push(links.len());
            if top.is_none_or(|t: usize| link.score > links[t].score) {
                top = Some(links.len());
            }
            links.push(link);
        }
    }
    let mut chain = Vec::new();
    let Some(mut at) = top else { return chain };
    loop {
        chain.push(links[at].to);
        if links[at].before == usize::MAX {
            break;
        }
        at = links[at].before;
    }
    // The earlier end of the first link.
    let (first, gap) = (links[at].to, links[at].interval_s);
    if let Some(i) = (0..first).rev().find(|i| (beats[first].time_s - beats[*i].time_s - gap).abs() < 1e-9) {
        chain.push(i);
    }
    chain.reverse();
    chain
}
