//! The shock in a sweep: where its spike ends, and where it is when nobody says.
//!
//! A shock's edges are the only things in a sweep that change within a sample or two; second
//! differences show them. Contract: differences with a sample that is not finite are left out.

use super::background::Trace;
use super::locate::percentile;

/// The shortest stretch after the stimulus that is left out, ms: pulses last 0.05 to 1 ms, and
/// the amplifier needs a moment.
const SHORTEST_MS: f64 = 0.25;
/// Spikes are looked for up to here, ms; the quickest muscle response begins at about 2 ms.
const LATEST_MS: f64 = 1.2;
/// An edge stands this many times above the usual second difference.
const EDGE: f64 = 20.0;

/// End of the shock's spike, ms after the stimulus. `limits_uv`: the converter's ends; a
/// saturated amplifier counts as shock, for up to 5 ms.
pub fn spike_end(trace: &Trace, limits_uv: Option<[f64; 2]>) -> f64 {
    let mut end = SHORTEST_MS;
    let usual = usual_edge(trace.uv);
    let (from, to) = (trace.index(-0.1).max(1), trace.index(LATEST_MS).min(trace.uv.len().saturating_sub(1)));
    let mut largest = 0.0_f64;
    for i in from..to {
        largest = largest.max(edge(trace.uv, i));
    }
    if largest > EDGE * usual {
        for i in from..to {
            if edge(trace.uv, i) > 0.2 * largest {
                end = end.max(trace.time(i + 1) + 0.04);
            }
        }
    }
    if let Some([low, high]) = limits_uv {
        let slack = 1e-3 * (high - low);
        for i in trace.index(0.0)..trace.index(5.0) {
            if trace.uv[i] <= low + slack || trace.uv[i] >= high - slack {
                end = end.max(trace.time(i) + 0.15);
            }
        }
    }
    end
}

/// Index of the sample just before a shock, when one edge stands out of the whole sweep and lies
/// in its first half.
pub fn find_shock(uv: &[f64]) -> Option<usize> {
    let usual = usual_edge(uv);
    let half = uv.len() / 2;
    let mut largest = 0.0_f64;
    for i in 1..half {
        largest = largest.max(edge(uv, i));
    }
    if !(usual > 0.0 && largest > 2.0 * EDGE * usual) {
        return None;
    }
    (1..half).find(|&i| edge(uv, i) > 0.3 * largest)
}

fn edge(uv: &[f64], i: usize) -> f64 {
    let d = uv[i + 1] - 2.0 * uv[i] + uv[i - 1];
    if d.is_finite() { d.abs() } else { 0.0 }
}

fn usual_edge(uv: &[f64]) -> f64 {
    let mut all: Vec<f64> = (1..uv.len().saturating_sub(1)).map(|i| edge(uv, i)).collect();
    let usual = percentile(&mut all, 0.5);
    if usual.is_finite() { usual } else { 0.0 }
}
