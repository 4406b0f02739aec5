//! One stimulation site of a sensory study: average, fit, decision, markers.
//!
//! A response counts as present when the log odds of the fit against background alone reach
//! [`PRESENT`]. The level was set on sites of our own simulator: of 600 without a response (1 to 40
//! sweeps with noise, mains, drift and shock artefact) one in a hundred is wrongly given one. Responses
//! from 10 dB over the noise of the average on are found; at the level, a filter matched to the known
//! shape at the known place would see 3 to 4 standard deviations.

use super::average::{Average, average, band_variance};
use super::curve::Curve;
use super::fit::{Fitted, fit};
use super::model::Points;
use crate::analysis::SweepInput;
use crate::analysis::nerve::background::Trace;
use crate::analysis::nerve::motor::Zero;
use crate::analysis::nerve::stimulus::{find_shock, spike_end};
use crate::dsp::fft::RealFft;
use crate::dsp::robust::percentile;
use crate::model::{Response, SweepId};

/// Log odds from which on a response counts as present.
pub const PRESENT: f64 = 1.5;
/// Least rate that averages are fitted at, Hz: more samples cost time and say nothing new.
const ENOUGH_HZ: f64 = 20_000.0;
/// Turns in which a single sweep's noise is settled.
const TURNS: usize = 3;

/// One site, analysed.
#[derive(Debug, Clone)]
pub struct SiteAnalysis {
    /// Index of the site.
    pub site: usize,
    /// First sweep of the site: names the average.
    pub first: SweepId,
    /// The average.
    pub average: Average,
    /// Where times count from, in the first sweep.
    pub zero: Zero,
    /// End of the shock, ms.
    pub after_ms: f64,
    /// The fit, with or without a response.
    pub fitted: Option<Fitted>,
    /// The curve that markers are read off.
    pub curve: Curve,
    /// What was found; `None`: no response.
    pub automatic: Option<Response>,
}

/// Analyses the sweeps of site `site`. `None` without a usable sweep.
pub fn analyze(site: usize, sweeps: &[&SweepInput], left_out: &[SweepId], taken_in: &[SweepId]) -> Option<SiteAnalysis> {
    let first = sweeps.first()?.sweep;
    let zeros: Vec<Zero> = sweeps.iter().map(|input| zero(input)).collect();
    let timed: Vec<(&SweepInput, f64)> = sweeps.iter().copied().zip(zeros.iter().map(|z| z.seconds())).collect();
    let average = average(&timed, left_out, taken_in)?;
    let zero = sweeps.iter().zip(&zeros).find(|(input, _)| average.of.contains(&input.sweep)).map(|(_, zero)| *zero)?;
    let shock = zero != Zero::SweepStart;
    let trace = Trace { uv: &average.uv, per_ms: average.per_ms, first_ms: average.first_ms };
    let after_ms = if shock { spike_end(&trace, average.limits_uv) } else { 0.0 };
    let last_ms = trace.last_ms();
    let fitted = settle(&average, after_ms, shock);
    let automatic = fitted.as_ref().filter(|f| f.evidence > PRESENT).and_then(|f| Curve::of_fit(f, last_ms).response());
    let curve = match (&fitted, &automatic) {
        (Some(f), Some(_)) => Curve::of_fit(f, last_ms),
        _ => {
            let rest: Vec<f64> = (0..average.uv.len())
                .map(|k| {
                    let t = trace.time(k);
                    if t < after_ms { 0.0 } else { average.uv[k] - fitted.as_ref().map_or(0.0, |f| f.background.at(t)) }
                })
                .collect();
            Curve::of_samples(&rest, average.per_ms, average.first_ms)
        }
    };
    Some(SiteAnalysis { site, first, zero, after_ms, fitted, curve, automatic, average })
}

/// Where the times of one sweep count from.
fn zero(input: &SweepInput) -> Zero {
    let inside = |s: &f64| s.is_finite() && *s >= 0.0 && *s * input.fs_hz < input.uv.len() as f64;
    match input.stimulus_s.filter(inside) {
        Some(s) => Zero::Stated(s),
        None if input.fs_hz > 0.0 => find_shock(&input.uv).map_or(Zero::SweepStart, |i| Zero::Artefact(i as f64 / input.fs_hz)),
        None => Zero::SweepStart,
    }
}

/// Points outside the shock, thinned by averaging neighbours.
fn points(average: &Average, after_ms: f64, shock: bool) -> (Points, usize) {
    let per = ((average.per_ms * 1e3 / ENOUGH_HZ) as usize).max(1);
    let mut points = Points::default();
    for (k, chunk) in average.uv.chunks_exact(per).enumerate() {
        let t = average.first_ms + ((k * per) as f64 + 0.5 * (per - 1) as f64) / average.per_ms;
        let half = 0.5 * per as f64 / average.per_ms;
        let in_shock = shock && t + half > -0.05 && t - half < after_ms.max(0.3) + 0.05;
        let y = chunk.iter().sum::<f64>() / per as f64;
        if y.is_finite() && !in_shock {
            points.t.push(t);
            points.y.push(y);
        }
    }
    (points, per)
}

/// Fits, with the noise from the sweeps' scatter or, for one or two sweeps, from what is left over.
fn settle(average: &Average, after_ms: f64, shock: bool) -> Option<Fitted> {
    let (points, per) = points(average, after_ms, shock);
    if points.t.len() < 60 {
        return None;
    }
    let late: Vec<f64> = points.t.iter().zip(&points.y).filter(|(t, _)| **t > 2.0).map(|(_, y)| *y).collect();
    let range = percentile(&late, 99.8) - percentile(&late, 0.2);
    if !(range > 0.0 && range.is_finite()) {
        return None;
    }
    let per_ms = average.per_ms / per as f64;
    // Never quite zero: everything divides by it.
    let least = 1e-4 * range;
    if let Some(sigma) = average.sigma_uv {
        return fit(&points, (sigma / (per as f64).sqrt()).max(least), range, shock, None);
    }
    let mut fft = RealFft::new();
    let before: Vec<f64> = points.t.iter().zip(&points.y).filter(|(t, _)| **t < -0.05).map(|(_, y)| *y).collect();
    let tail: Vec<f64> = late.iter().rev().take(late.len() / 3).copied().collect();
    // Each stretch counts with its length; a response or an artefact in one shall not decide.
    let parts: Vec<(f64, f64)> =
        [before, tail].iter().filter_map(|part| Some((part.len() as f64, band_variance(&mut fft, part, per_ms)?))).collect();
    let length: f64 = parts.iter().map(|(n, _)| n).sum();
    let least_seen = parts.iter().map(|(_, v)| *v).fold(f64::INFINITY, f64::min);
    let seen = parts.iter().map(|(n, v)| n * v.min(4.0 * least_seen)).sum::<f64>() / length;
    let mut sigma = if seen.is_finite() { seen.sqrt() } else { 0.05 * range }.max(least);
    let mut fitted: Option<Fitted> = None;
    for turn in 0..TURNS {
        // The evidence of the last turn counts: between first and last the place is known.
        let near = if turn + 1 < TURNS { fitted.as_ref() } else { None };
        let now = fit(&points, sigma, range, shock, near)?;
        let rest: Vec<f64> =
            points.t.iter().zip(&points.y).filter(|(t, _)| **t > 1.0).map(|(t, y)| y - now.at(*t) - now.background.at(*t)).collect();
        // Independent values within the band of noise, of which the fit has spent some.
        let free = (4.0 * rest.len() as f64 / per_ms).max(1.0);
        let left = (1.0 - now.spent / free).clamp(0.5, 1.0);
        let all = band_variance(&mut fft, &rest, per_ms).unwrap_or(sigma * sigma) / left;
        fitted = Some(now);
        if turn + 1 < TURNS {
            // What a fit leaves over is small where it followed the noise: half a word for the
            // stretches without a response.
            let quiet = if seen.is_finite() { seen.min(2.0 * all) } else { all };
            sigma = (0.6 * all + 0.4 * quiet).sqrt().max(least);
        }
    }
    fitted
}
