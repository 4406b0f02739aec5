//! Where in a sweep the response is, and the sweep less everything else.
//!
//! The background model needs to know which parts hold no response, and finding the response
//! needs the background: the two take turns, up to four times, each time with other quiet stretches.
//! A response counts as present when its average over 1 ms stands out of the noise, and when
//! shock, mains and drift alone do not explain the sweep.
//!
//! Contract: samples that are not finite are left out. Times are ms after the stimulus.

use super::background::{Background, Quiet, Trace};

/// Height of the 1 ms average over its noise that makes a response. Sweeps of the simulator
/// without any response reach 6 to 7, responses of 30 dB and less reach 40 and more.
const PRESENT: f64 = 9.0;
/// Below this height it is asked whether shock, mains and drift alone explain the sweep.
const DOUBTFUL: f64 = 250.0;
/// What a moving average of this many ms still follows is drift.
const SLOW_MS: usize = 10;
/// No muscle answers sooner than this; the shock's discharge is steepest here.
const SOONEST_MS: f64 = 1.2;
/// When the sweep counts as quiet again: this long after the negative peak, and after the end of
/// the negative phase, ms. A dispersed response has a longer positive phase, too: by as much as
/// its negative phase is longer than the usual one.
const AFTER_PEAK_MS: f64 = 16.0;
const AFTER_END_MS: f64 = 13.0;
const USUAL_PHASE_MS: f64 = 5.0;
/// A positive deflection before the negative phase lasts no longer than this, ms; what sinks more
/// slowly is a background not yet fitted.
const LONGEST_DIP_MS: f64 = 3.0;
/// A response that begins this close behind the shock (less than the time constants of its discharge),
/// and rises for this long, ms, is doubted; a second search begins this long before the half of its rise.
const AT_THE_SHOCK_MS: f64 = 1.5;
const LONG_RISE_MS: f64 = 3.0;
const BEFORE_HALF_MS: f64 = 1.0;
/// What is left over before the response may be this many times the noise of its averages.
const EXPLAINED: f64 = 2.0;
/// The shortest late stretch worth having, ms.
const SHORTEST_TAIL_MS: f64 = 4.0;

/// A sweep taken apart.
#[derive(Debug, Clone)]
pub struct Located {
    /// Shock, mains and drift.
    pub background: Background,
    /// Samples less the background, uV.
    pub residual_uv: Vec<f64>,
    /// End of the shock itself, ms.
    pub after_ms: f64,
    /// The response, when there is one.
    pub response: Option<Response>,
    /// Highest 1 ms average after the shock, uV.
    pub highest_uv: f64,
}

/// Roughly where the response is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    /// Just before it leaves the baseline, ms (a positive deflection before it included).
    pub rough_ms: f64,
    /// Near its negative peak, ms.
    pub peak_ms: f64,
    /// Bottom of the positive deflection before the negative phase, when there is one, ms.
    pub dip_ms: Option<f64>,
}

/// Takes the sweep apart. `None` when too little of it is finite.
pub fn locate(trace: &Trace, after_ms: f64, artefact: bool) -> Option<Located> {
    let last = trace.last_ms();
    let mut settled: Vec<f64> = trace.uv[trace.index(2.0)..].iter().copied().filter(|v| v.is_finite()).collect();
    if settled.len() < 40 {
        return None;
    }
    let range = percentile(&mut settled, 0.998) - percentile(&mut settled, 0.002);
    if !(range > 0.0 && range.is_finite()) {
        return None;
    }
    let before_ms = if artefact { -0.05 } else { trace.first_ms };
    let quiet = Quiet { before_ms, after_ms, onset_ms: (after_ms + 1.45).max(1.7), tail_ms: tail((last * 0.62).max(20.0), last), artefact };
    let soonest = (after_ms + 0.6).max(SOONEST_MS);
    let width = ((0.3 * trace.per_ms).round() as usize).max(1);
    let wide = (trace.per_ms.round() as usize).max(1);
    let search = Search { trace, range, soonest, width, wide };
    let mut settled = search.turns(quiet)?;
    if artefact && let Some(later) = search.later_start(&settled) {
        let again = search.turns(Quiet { onset_ms: later, ..quiet })?;
        if search.is_better(&again, &settled) {
            settled = again;
        }
    }
    let Turns { background, residual, highest, mut found, .. } = settled;
    let standing = highest / (background.sigma_uv / (wide as f64).sqrt());
    if standing < PRESENT || (artefact && standing < DOUBTFUL && explained(trace, after_ms, range, &background, wide)) {
        found = None;
    }
    Some(Located { background, residual_uv: residual, after_ms, response: found, highest_uv: highest })
}

/// What the turns between background and response have in common.
struct Search<'a> {
    trace: &'a Trace<'a>,
    range: f64,
    /// No response begins before, ms.
    soonest: f64,
    /// Samples of 0.3 and of 1 ms.
    width: usize,
    wide: usize,
}

/// Where the turns ended.
struct Turns {
    background: Background,
    residual: Vec<f64>,
    highest: f64,
    found: Option<Response>,
    quiet: Quiet,
}

/// The late stretch, when it is worth having.
fn tail(from: f64, last: f64) -> f64 {
    if from + SHORTEST_TAIL_MS > last { last + 1.0 } else { from }
}

impl Search<'_> {
    /// Background and response in turns, from quiet stretches to begin with.
    fn turns(&self, mut quiet: Quiet) -> Option<Turns> {
        let trace = self.trace;
        let last = trace.last_ms();
        let mut background: Option<Background> = None;
        let mut found = None;
        let (mut residual, mut highest) = (Vec::new(), f64::NEG_INFINITY);
        let mut fitted: Option<Quiet> = None;
        for pass in 0..4 {
            let sigma = match &background {
                Some(background) if fitted.is_some_and(|fitted| alike(&fitted, &quiet)) => background.sigma_uv,
                _ => {
                    let (now, rest) = Background::fit(trace, &quiet, self.range, background.as_ref())?;
                    residual = rest;
                    fitted = Some(quiet);
                    background.insert(now).sigma_uv
                }
            };
            let smooth = moving_average(&residual, self.width);
            let from = trace.index(self.soonest);
            let to = trace.index(quiet.tail_ms.max(last * 0.7)).max(from);
            highest = largest(&moving_average(&residual, self.wide), from, to).map_or(f64::NEG_INFINITY, |(_, v)| v);
            let Some((peak, height)) = largest(&smooth, from, to) else { break };
            let noise = sigma / (self.width as f64).sqrt();
            let level = (0.04 * height).max(4.0 * noise);
            if height < level {
                found = None;
                break;
            }
            let rise = (from..peak).rev().find(|&i| smooth[i] < level).unwrap_or(from);
            // The first turns settle the background: there only a deep deflection is believed, which
            // would otherwise be taken for background itself.
            let share = if pass < 2 { 0.08 } else { 0.03 };
            let dip = dip_before(&smooth, from, rise, trace, (share * height).max(6.0 * usual(&smooth, trace, &quiet)));
            let start = dip.map_or(rise, |(start, _)| start);
            let response = Response { rough_ms: trace.time(start), peak_ms: trace.time(peak), dip_ms: dip.map(|(_, at)| trace.time(at)) };
            found = Some(response);
            quiet.onset_ms = (response.rough_ms - if pass == 0 { 0.5 } else { 0.3 }).max(self.soonest);
            let end = (peak..to).find(|&i| smooth[i] <= 0.0).map_or(response.peak_ms, |i| trace.time(i));
            let longer = (end - response.rough_ms - USUAL_PHASE_MS).max(0.0);
            quiet.tail_ms = tail((response.peak_ms + AFTER_PEAK_MS).max(end + AFTER_END_MS + longer), last);
        }
        Some(Turns { background: background?, residual, highest, found, quiet })
    }

    /// A response that begins where the shock ends and takes long to rise may be the shock's
    /// discharge, of which too little was quiet: where to begin then, ms, before the half of its rise.
    fn later_start(&self, turns: &Turns) -> Option<f64> {
        let found = turns.found?;
        if found.rough_ms > self.soonest + AT_THE_SHOCK_MS || found.peak_ms - found.rough_ms < LONG_RISE_MS {
            return None;
        }
        let smooth = moving_average(&turns.residual, self.width);
        let peak = self.trace.index(found.peak_ms);
        let height = *smooth.get(peak)?;
        let half = (0..peak).rev().find(|&i| smooth[i] < 0.5 * height)?;
        let later = self.trace.time(half) - BEFORE_HALF_MS;
        (later > turns.quiet.onset_ms + BEFORE_HALF_MS).then_some(later)
    }

    /// Whether the later start ended with a later response of the same peak, and with a background that
    /// explains all that lies before it.
    fn is_better(&self, again: &Turns, first: &Turns) -> bool {
        let (Some(now), Some(then)) = (again.found, first.found) else { return false };
        let smooth = moving_average(&again.residual, self.width);
        let (from, to) = (self.trace.index(again.quiet.after_ms + 0.5), self.trace.index(again.quiet.onset_ms));
        let left: Vec<f64> = smooth.get(from..to.max(from)).unwrap_or(&[]).iter().copied().filter(|v| v.is_finite()).collect();
        let rms = (left.iter().map(|v| v * v).sum::<f64>() / left.len().max(1) as f64).sqrt();
        let noise = again.background.sigma_uv.min(first.background.sigma_uv) / (self.width as f64).sqrt();
        now.rough_ms > then.rough_ms + BEFORE_HALF_MS && (now.peak_ms - then.peak_ms).abs() < 1.0 && rms < EXPLAINED * noise
    }
}

/// Whether the quiet stretches are so much alike that a fit to one is a fit to the other.
fn alike(a: &Quiet, b: &Quiet) -> bool {
    (a.onset_ms - b.onset_ms).abs() < 0.06 && (a.tail_ms - b.tail_ms).abs() < 0.15
}

/// Whether shock, mains and drift alone account for the whole sweep.
fn explained(trace: &Trace, after_ms: f64, range: f64, background: &Background, wide: usize) -> bool {
    let last = trace.last_ms();
    let all = Quiet { before_ms: -0.05, after_ms, onset_ms: last + 1.0, tail_ms: last + 1.0, artefact: true };
    let Some((_, mut residual)) = Background::fit(trace, &all, range, None) else { return false };
    // The shock itself is not explained by anything.
    let shock = trace.index(-0.1)..trace.index(after_ms + 0.05);
    residual[shock].fill(f64::NAN);
    // Slower than any phase of a response is drift that no cubic follows. Either direction: what
    // remains of a response has two phases.
    let slow = moving_average(&residual, SLOW_MS * wide);
    let smooth: Vec<f64> = moving_average(&residual, wide).iter().zip(&slow).map(|(v, s)| (v - s).abs()).collect();
    let noise = background.sigma_uv / (wide as f64).sqrt();
    let from = trace.index(after_ms + 0.6);
    largest(&smooth, from, smooth.len()).is_none_or(|(_, v)| v < PRESENT * noise)
}

/// Usual size of the smoothed residual in the quiet stretches before the response (the tail has
/// its own level), as a standard deviation. By the
/// median, so that a deflection taken for quiet does not count.
fn usual(smooth: &[f64], trace: &Trace, quiet: &Quiet) -> f64 {
    let stretches = [(trace.first_ms, quiet.before_ms), (quiet.after_ms + 0.5, quiet.onset_ms)];
    let mut sizes: Vec<f64> = Vec::new();
    for (from, to) in stretches {
        let (from, to) = (trace.index(from), trace.index(to));
        sizes.extend(smooth.get(from..to.max(from)).unwrap_or(&[]).iter().filter(|v| v.is_finite()).map(|v| v.abs()));
    }
    percentile(&mut sizes, 0.5) / 0.6745
}

/// A positive deflection that ends at `rise`: its start and its lowest sample.
fn dip_before(smooth: &[f64], from: usize, rise: usize, trace: &Trace, depth: f64) -> Option<(usize, usize)> {
    let reach = (1.5 * trace.per_ms) as usize;
    let edge = (rise.saturating_sub(reach).max(from)..=rise).rev().find(|&i| smooth[i] < -depth)?;
    let longest = (LONGEST_DIP_MS * trace.per_ms) as usize;
    let start = (rise.saturating_sub(longest).max(from)..edge).rev().find(|&i| smooth[i] > -0.3 * depth)?;
    let low = (start..=edge).min_by(|&a, &b| smooth[a].total_cmp(&smooth[b]))?;
    Some((start, low))
}

fn largest(values: &[f64], from: usize, to: usize) -> Option<(usize, f64)> {
    let range = values.get(from..to.min(values.len()))?;
    range.iter().enumerate().filter(|(_, v)| v.is_finite()).max_by(|a, b| a.1.total_cmp(b.1)).map(|(i, v)| (from + i, *v))
}

/// Centred average over `width` samples, shorter at the ends; NaN where nothing is finite.
pub fn moving_average(x: &[f64], width: usize) -> Vec<f64> {
    let half = width / 2;
    let mut sums = Vec::with_capacity(x.len() + 1);
    sums.push((0.0, 0.0));
    let (mut sum, mut n) = (0.0, 0.0);
    for v in x {
        if v.is_finite() {
            sum += v;
            n += 1.0;
        }
        sums.push((sum, n));
    }
    (0..x.len())
        .map(|i| {
            let (a, b) = (sums[i.saturating_sub(half)], sums[(i + width - half).min(x.len())]);
            if b.1 > a.1 { (b.0 - a.0) / (b.1 - a.1) } else { f64::NAN }
        })
        .collect()
}

/// The value below which a share `q` of the values lies; NaN for none. Reorders them.
pub fn percentile(values: &mut [f64], q: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let k = ((values.len() - 1) as f64 * q.clamp(0.0, 1.0)).round() as usize;
    *values.select_nth_unstable_by(k, f64::total_cmp).1
}
