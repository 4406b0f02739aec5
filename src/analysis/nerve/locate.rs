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
    let tail = |from: f64| if from + SHORTEST_TAIL_MS > last { last + 1.0 } else { from };
    let before_ms = if artefact { -0.05 } else { trace.first_ms };
    let mut quiet = Quiet { before_ms, after_ms, onset_ms: (after_ms + 1.45).max(1.7), tail_ms: tail((last * 0.62).max(20.0)), artefact };
    let soonest = (after_ms + 0.6).max(SOONEST_MS);
    let width = ((0.3 * trace.per_ms).round() as usize).max(1);
    let wide = (trace.per_ms.round() as usize).max(1);
    let mut background: Option<Background> = None;
    let mut found = None;
    let (mut residual, mut highest) = (Vec::new(), f64::NEG_INFINITY);
    let mut fitted: Option<Quiet> = None;
    for pass in 0..4 {
        let sigma = match &background {
            Some(background) if fitted.is_some_and(|fitted| alike(&fitted, &quiet)) => background.sigma_uv,
            _ => {
                let (now, rest) = Background::fit(trace, &quiet, range, background.as_ref())?;
                residual = rest;
                fitted = Some(quiet);
                background.insert(now).sigma_uv
            }
        };
        let smooth = moving_average(&residual, width);
        let from = trace.index(soonest);
        let to = trace.index(quiet.tail_ms.max(last * 0.7)).max(from);
        highest = largest(&moving_average(&residual, wide), from, to).map_or(f64::NEG_INFINITY, |(_, v)| v);
        let Some((peak, height)) = largest(&smooth, from, to) else { break };
        let noise = sigma / (width as f64).sqrt();
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
        quiet.onset_ms = (response.rough_ms - if pass == 0 { 0.5 } else { 0.3 }).max(soonest);
        let end = (peak..to).find(|&i| smooth[i] <= 0.0).map_or(response.peak_ms, |i| trace.time(i));
        let longer = (end - response.rough_ms - USUAL_PHASE_MS).max(0.0);
        quiet.tail_ms = tail((response.peak_ms + AFTER_PEAK_MS).max(end + AFTER_END_MS + longer));
    }
    let background = background?;
    let standing = highest / (background.sigma_uv / (wide as f64).sqrt());
    if standing < PRESENT || (artefact && standing < DOUBTFUL && explained(trace, after_ms, range, &background, wide)) {
        found = None;
    }
    Some(Located { background, residual_uv: residual, after_ms, response: found, highest_uv: highest })
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
