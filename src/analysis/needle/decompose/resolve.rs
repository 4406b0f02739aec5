//! Superimposed discharges resolved together.
//!
//! Taking the best discharge first, then the next, fails where potentials overlap: the first may
//! be an image of two others. Here the discharges of a stretch are lifted and sought again along
//! several paths at once (a beam), each addition followed by new alignment of the others, and the
//! set that explains most, its firing considered, stays (McGill 2002 and Florestal 2007 search the
//! same objective by other means). Everything happens on the correlations, whose change by a
//! discharge is known from [`Cross`](super::template::Cross). **Cost**: `BEAM * BRANCH` copies of the
//! stretch's correlations a depth.

use super::placement::{Placement, refine};
use super::template::{PHASES, split};

/// Sets followed at once.
const BEAM: usize = 6;
/// Continuations of each.
const BRANCH: usize = 4;
/// Most discharges resolved together.
pub const TOGETHER: usize = 6;
/// A stretch reaches so far beyond its discharges, s.
const MARGIN_S: f64 = 0.0009;
/// Discharges closer than this belong to one stretch, s.
const CLOSE_S: f64 = 0.0022;

/// In place of a unit: something is left here.
const NO_UNIT: usize = usize::MAX;
/// What is left stands out from so many standard deviations.
const LEFT_SIGMAS: f64 = 6.0;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Member {
    row: usize,
    tick: i64,
    gain: f64,
}

#[derive(Clone)]
struct Node {
    worth: f64,
    members: Vec<Member>,
    /// Correlations over the stretch, one unit after the other.
    rows: Vec<f64>,
}

/// One stretch of the signal with everything lifted.
struct Stretch<'p> {
    placement: &'p Placement,
    units: Vec<usize>,
    variances: Vec<f64>,
    first: i64,
    len: usize,
}

/// Value of a sampled maximum between samples, by the parabola through three points.
fn value_at(row: &[f64], at: i64, phase: usize) -> Option<f64> {
    // The nearer sample is the middle one.
    let (middle, t) =
        if phase as i64 * 2 > PHASES { (at + 1, phase as f64 / PHASES as f64 - 1.0) } else { (at, phase as f64 / PHASES as f64) };
    let i = usize::try_from(middle).ok()?;
    let (l, c, r) = (*row.get(i.checked_sub(1)?)?, *row.get(i)?, *row.get(i + 1)?);
    Some(c + 0.5 * t * (r - l) + 0.5 * t * t * (l - 2.0 * c + r))
}

impl Stretch<'_> {
    fn row<'r>(&self, rows: &'r [f64], row: usize) -> &'r [f64] {
        rows.get(row * self.len..(row + 1) * self.len).unwrap_or_default()
    }

    fn add(&self, rows: &mut [f64], member: Member, sign: f64) {
        for (row, &unit) in rows.chunks_exact_mut(self.len).zip(&self.units) {
            self.add_to(row, unit, member, sign);
        }
    }

    /// As [`Self::add`] in the correlations of one unit.
    fn add_to(&self, row: &mut [f64], unit: usize, member: Member, sign: f64) {
        let (at, phase) = split(member.tick);
        let local = at - self.first;
        let len = self.placement.layout.len as i64;
        let cross = self.placement.cross.row(unit, self.units[member.row], phase);
        // Lag d = s - local stands at d + len - 1.
        let (from, to) = ((local - len + 1).max(0), (local + len).min(row.len() as i64));
        if from < to
            && let Some(cross) = cross.get((from - local + len - 1) as usize..)
        {
            for (c, x) in row[from as usize..to as usize].iter_mut().zip(cross) {
                *c -= sign * member.gain * x;
            }
        }
    }

    /// The correlations of a member's own unit without that member: all that its worth depends on.
    fn without(&self, rows: &[f64], member: Member, own: &mut Vec<f64>) {
        own.clear();
        own.extend_from_slice(self.row(rows, member.row));
        self.add_to(own, self.units[member.row], member, -1.0);
    }

    /// What a discharge explains given the correlations of its unit, less its improbability.
    fn worth(&self, own: &[f64], member: Member) -> Option<f64> {
        let (at, phase) = split(member.tick);
        let value = value_at(own, at - self.first, phase)?;
        let unit = self.units[member.row];
        let energy = self.placement.templates[unit].energy;
        Some(
            2.0 * member.gain * value - member.gain * member.gain * energy
                + 2.0 * self.variances[member.row] * self.placement.log_odds(unit, member.tick),
        )
    }

    fn free(&self, node: &Node, row: usize, tick: i64) -> bool {
        self.placement.free(self.units[row], tick)
            && node.members.iter().all(|m| m.row != row || (m.tick - tick).abs() >= self.placement.shortest)
    }

    fn candidates(&self, node: &Node) -> Vec<(f64, Member)> {
        let mut found = Vec::new();
        for (row, &unit) in self.units.iter().enumerate() {
            let values = self.row(&node.rows, row);
            let template = &self.placement.templates[unit];
            let limit = 0.35 * template.energy;
            for (i, w) in values.windows(3).enumerate().skip(1).take(values.len().saturating_sub(4)) {
                if w[1] < limit || w[1] < w[0] || w[1] <= w[2] {
                    continue;
                }
                let i = i + 1;
                let (tick, _) = refine(values, i);
                let tick = tick + self.first * PHASES;
                let member = Member { row, tick, gain: template.gain(tick) };
                if let Some(worth) = self.worth(values, member)
                    && worth > -0.1 * template.energy
                    && self.free(node, row, tick)
                {
                    found.push((worth, member));
                }
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.row.cmp(&b.1.row)).then(a.1.tick.cmp(&b.1.tick)));
        found.truncate(BRANCH);
        found
    }

    /// Moves each discharge to where it fits best beside the others.
    fn align(&self, node: &mut Node) {
        let reach = 2 * PHASES;
        let mut own = Vec::with_capacity(self.len);
        for i in 0..node.members.len() {
            let member = node.members[i];
            self.without(&node.rows, member, &mut own);
            let old = self.worth(&own, member).unwrap_or(f64::NEG_INFINITY);
            let mut best = (old, member);
            for tick in member.tick - reach..=member.tick + reach {
                let moved = Member { tick, ..member };
                if let Some(worth) = self.worth(&own, moved)
                    && worth > best.0 + 1e-9
                {
                    best = (worth, moved);
                }
            }
            if best.1 != member {
                self.add(&mut node.rows, member, -1.0);
                self.add(&mut node.rows, best.1, 1.0);
                node.worth += best.0 - old;
                node.members[i] = best.1;
            }
        }
    }

    /// Takes out discharges that cost more than they explain.
    fn prune(&self, node: &mut Node) {
        let (mut i, mut own) = (0, Vec::with_capacity(self.len));
        while i < node.members.len() {
            let member = node.members[i];
            self.without(&node.rows, member, &mut own);
            let energy = self.placement.templates[self.units[member.row]].energy;
            let (at, phase) = split(member.tick);
            let correlation = value_at(&own, at - self.first, phase).unwrap_or(0.0);
            let fits = self.placement.size_fits(self.units[member.row], correlation, member.gain, self.variances[member.row]);
            match self.worth(&own, member) {
                Some(worth) if worth > 0.0 && fits && energy > 0.0 => i += 1,
                worth => {
                    self.add(&mut node.rows, member, -1.0);
                    node.worth -= worth.unwrap_or(0.0);
                    node.members.remove(i);
                }
            }
        }
    }
}

fn key(node: &Node) -> Vec<(usize, i64)> {
    let mut key: Vec<(usize, i64)> = node.members.iter().map(|m| (m.row, m.tick.div_euclid(2 * PHASES))).collect();
    key.sort_unstable();
    key
}

/// Resolves one group of placed discharges again: (unit, tick). True when something changed.
pub fn resolve(placement: &mut Placement, group: &[(usize, i64)], fs_hz: f64) -> bool {
    let (Some(low), Some(high)) = (group.iter().map(|g| g.1).min(), group.iter().map(|g| g.1).max()) else { return false };
    let margin = (MARGIN_S * fs_hz).round().max(4.0) as i64;
    let n = placement.residual.len() as i64;
    let first = (low.div_euclid(PHASES) - margin).max(0);
    let last = (high.div_euclid(PHASES) + margin + 1).min(n);
    if last - first < 6 {
        return false;
    }
    let old: Vec<(usize, i64, f64)> =
        group.iter().filter_map(|&(k, tick)| placement.trains.get(k)?.get(&tick).map(|gain| (k, tick, *gain))).collect();
    for &(k, tick, _) in &old {
        placement.lift(k, tick);
    }
    let centre = (first + last) / 2;
    let (from, to) = (first as usize, last as usize);
    let units: Vec<usize> = (0..placement.templates.len())
        .filter(|&k| {
            let most = placement.correlations[k][from..to].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            most > 0.4 * placement.templates[k].energy || old.iter().any(|o| o.0 == k)
        })
        .collect();
    let variances = units.iter().map(|&k| placement.variance_for(k, centre)).collect();
    let rows: Vec<f64> = units.iter().flat_map(|&k| placement.correlations[k][from..to].iter().copied()).collect();
    let stretch = Stretch { placement, units, variances, first, len: to - from };
    let alone = group.len() == 1 && old.len() == 1 && stretch.units.len() == 1;
    // What stands now, as a set like the others.
    let mut standing = Node { worth: 0.0, members: Vec::new(), rows: rows.clone() };
    for &(k, tick, gain) in &old {
        if let Some(row) = stretch.units.iter().position(|u| *u == k) {
            let member = Member { row, tick, gain };
            standing.worth += stretch.worth(stretch.row(&standing.rows, row), member).unwrap_or(0.0);
            stretch.add(&mut standing.rows, member, 1.0);
            standing.members.push(member);
        }
    }
    let mut best = standing.clone();
    stretch.align(&mut best);
    stretch.prune(&mut best);
    let mut beam = vec![Node { worth: 0.0, members: Vec::new(), rows }];
    // One discharge that nothing else resembles is only aligned.
    let depth = if alone { 0 } else { (old.len() + 2).min(TOGETHER + 2) };
    for _ in 0..depth {
        let mut next: Vec<(Vec<(usize, i64)>, Node)> = Vec::new();
        for node in &beam {
            for (worth, member) in stretch.candidates(node) {
                let mut child = node.clone();
                child.worth += worth;
                stretch.add(&mut child.rows, member, 1.0);
                child.members.push(member);
                if child.members.len() > 1 {
                    stretch.align(&mut child);
                }
                let key = key(&child);
                match next.iter_mut().find(|(k, _)| *k == key) {
                    Some(same) if same.1.worth < child.worth => same.1 = child,
                    Some(_) => {}
                    None => next.push((key, child)),
                }
            }
        }
        next.sort_by(|a, b| b.1.worth.total_cmp(&a.1.worth).then_with(|| a.0.cmp(&b.0)));
        next.truncate(BEAM);
        if next.is_empty() {
            break;
        }
        for (_, node) in &next {
            if node.worth > best.worth {
                let mut pruned = node.clone();
                stretch.prune(&mut pruned);
                if pruned.worth > best.worth {
                    best = pruned;
                }
            }
        }
        beam = next.into_iter().map(|(_, node)| node).collect();
    }
    let chosen: Vec<(usize, i64, f64)> = best.members.iter().map(|m| (stretch.units[m.row], m.tick, m.gain)).collect();
    for &(k, tick, gain) in &chosen {
        placement.place(k, tick, gain);
    }
    chosen != old
}

/// Groups of placed discharges that overlap, in order of time, none longer than [`TOGETHER`].
/// Peaks that stand out of what is left are members without a unit ([`NO_UNIT`]): where potentials
/// coincide, none of them may have fitted alone.
pub fn groups(placement: &Placement, fs_hz: f64) -> Vec<Vec<(usize, i64)>> {
    let mut all: Vec<(i64, usize)> = placement.trains.iter().enumerate().flat_map(|(k, t)| t.keys().map(move |tick| (*tick, k))).collect();
    let sigma = placement.noise.sqrt();
    for at in super::signal::peaks(&placement.residual, LEFT_SIGMAS * sigma, fs_hz) {
        if placement.residual[at].abs() > LEFT_SIGMAS * (placement.noise + placement.variance[at].max(0.0)).sqrt() {
            all.push((at as i64 * PHASES, NO_UNIT));
        }
    }
    all.sort_unstable();
    let close = (CLOSE_S * fs_hz) as i64 * PHASES;
    let mut groups: Vec<Vec<(usize, i64)>> = Vec::new();
    let mut last = i64::MIN / 2;
    for (tick, k) in all {
        match groups.last_mut() {
            Some(group) if tick - last < close && group.len() < TOGETHER => group.push((k, tick)),
            _ => groups.push(vec![(k, tick)]),
        }
        last = tick;
    }
    groups
}
