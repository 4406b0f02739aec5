//! Discharges of 100 to 300 Hz, whose potentials run into each other: found by the signal's likeness
//! to itself one interval later, not by single shapes.
//!
//! Windows of 60 ms whose autocorrelation at a lag of 3.3 to 10 ms is high, with lags that agree from
//! window to window, are an episode. Its discharges are then followed one after the other: each is
//! where the signal is most like the discharges before it. **Cost**: 60 lags a sample of the loud
//! part of the record; nothing for quiet records.

use super::signal::Working;

/// Lags that are looked at, s.
const LAGS_S: [f64; 2] = [0.0033, 0.0102];
/// Window and step, s.
const WINDOW_S: f64 = 0.060;
const STEP_S: f64 = 0.015;
/// Least autocorrelation.
const ALIKE: f64 = 0.72;
/// Least loudness against the noise.
const LOUD: f64 = 4.0;
/// Lags of neighbouring windows agree within this part.
const STEADY: f64 = 0.06;
/// Shortest episode, s.
const SHORTEST_S: f64 = 0.09;

/// One episode.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Episode {
    /// Samples of the working signal.
    pub from: usize,
    /// One past its last sample.
    pub to: usize,
    /// Moments of discharges, samples of the working signal.
    pub moments: Vec<f64>,
    /// Their sizes, microvolts.
    pub sizes_uv: Vec<f64>,
}

/// Episodes of a working signal.
pub fn episodes(working: &Working) -> Vec<Episode> {
    let x = &working.uv;
    let fs = working.fs_hz;
    let (window, step) = ((WINDOW_S * fs) as usize, ((STEP_S * fs) as usize).max(1));
    let [low, high] = LAGS_S.map(|s| (s * fs).round() as usize);
    let mut runs: Vec<(usize, usize, f64)> = Vec::new();
    let mut at = 0;
    while at + window + high < x.len() {
        if let Some(lag) = period(x, at, window, [low, high], LOUD * working.sigma(at)) {
            match runs.last_mut() {
                Some(run) if at <= run.1 && (lag / run.2 - 1.0).abs() < STEADY => *run = (run.0, at + window, lag),
                _ => runs.push((at, at + window, lag)),
            }
        }
        at += step;
    }
    let mut out: Vec<Episode> = Vec::new();
    for (from, to, lag) in runs {
        let from = out.last().map_or(from, |last| from.max(last.to));
        if to.saturating_sub(from) as f64 >= SHORTEST_S * fs {
            let found = follow(x, from, (to + high).min(x.len()), lag, LOUD * working.sigma(from));
            if found.moments.len() >= 8 {
                out.push(found);
            }
        }
    }
    out
}

/// Interval at which a loud window repeats itself, samples.
fn period(x: &[f64], at: usize, window: usize, lags: [usize; 2], loud_uv: f64) -> Option<f64> {
    let piece = &x[at..at + window];
    let energy: f64 = piece.iter().map(|v| v * v).sum();
    if energy < loud_uv * loud_uv * window as f64 {
        return None;
    }
    let r: Vec<f64> = (lags[0]..=lags[1])
        .map(|lag| {
            let later = &x[at + lag..at + lag + window];
            let product: f64 = piece.iter().zip(later).map(|(a, b)| a * b).sum();
            let other: f64 = later.iter().map(|v| v * v).sum();
            product / (energy * other).sqrt().max(1e-12)
        })
        .collect();
    let most = r.iter().copied().fold(0.0, f64::max);
    if most < ALIKE {
        return None;
    }
    // The shortest of the lags that do: twice the interval is as good.
    let k =
        (0..r.len()).find(|k| r[*k] > 0.9 * most && (*k == 0 || r[*k] >= r[k - 1]) && r.get(k + 1).is_none_or(|next| r[*k] >= *next))?;
    // A maximum at the edge belongs to something faster.
    (k > 0).then_some((lags[0] + k) as f64)
}

/// Discharges one interval after the other, both ways from the loudest.
fn follow(x: &[f64], from: usize, to: usize, lag: f64, loud_uv: f64) -> Episode {
    let Some(best) = (from..to).max_by(|a, b| x[*a].abs().total_cmp(&x[*b].abs())) else { return Episode::default() };
    let half = (lag / 2.0) as usize;
    let sign = x[best].signum();
    let mut moments = vec![best as f64];
    for direction in [-1.0, 1.0] {
        let (mut at, mut interval) = (best as f64, lag);
        let mut shape = cut(x, at, half);
        loop {
            let expected = at + direction * interval;
            if expected < from.saturating_sub(half) as f64 || expected > (to + half) as f64 {
                break;
            }
            let reach = (interval * 0.12).ceil() as isize;
            let energy: f64 = shape.iter().map(|v| v * v).sum();
            let found = (-reach..=reach)
                .map(|d| {
                    let piece = cut(x, expected + d as f64, half);
                    let product: f64 = piece.iter().zip(&shape).map(|(a, b)| a * b).sum();
                    let other: f64 = piece.iter().map(|v| v * v).sum();
                    (product / (energy * other).sqrt().max(1e-12), expected + d as f64, other, piece)
                })
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let Some((r, next, other, piece)) = found else { break };
            if r < 0.5 || other < 0.25 * loud_uv * loud_uv * piece.len() as f64 {
                break;
            }
            interval += 0.2 * ((next - at).abs() - interval);
            at = next;
            shape.iter_mut().zip(&piece).for_each(|(s, p)| *s += 0.3 * (p - *s));
            moments.push(at);
        }
    }
    moments.sort_unstable_by(f64::total_cmp);
    let sizes_uv = moments.iter().map(|m| cut(x, *m, 3).iter().fold(0.0_f64, |s, v| s.max(v * sign))).collect();
    let (Some(first), Some(last)) = (moments.first().copied(), moments.last().copied()) else { return Episode::default() };
    let (from, to) = ((first - lag).max(0.0) as usize, ((last + 1.5 * lag) as usize).min(x.len()));
    Episode { from, to, moments, sizes_uv }
}

/// So many samples to both sides; zero beyond the ends.
fn cut(x: &[f64], at: f64, half: usize) -> Vec<f64> {
    let centre = at.round() as isize;
    (-(half as isize)..=half as isize).map(|d| usize::try_from(centre + d).ok().and_then(|i| x.get(i)).copied().unwrap_or(0.0)).collect()
}
