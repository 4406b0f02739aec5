//! Sub-sample times of a potential in each discharge.
//!
//! Around each spike a short piece of the signal, 2 to 9 kHz, is fitted by the median of all pieces:
//! its time and its height, by least squares, with the median renewed in between. At these
//! frequencies a single fibre's potential is hardly longer than its spike, so that a neighbour's
//! tail, which a peak or a threshold would follow, weighs little.

use crate::analysis::linear::dot;
use crate::analysis::needle::pieces::samples;
use crate::dsp::iir::{Band, butter, sosfiltfilt};
use crate::dsp::resample::sinc_at;
use crate::dsp::robust;

use super::find::Found;

/// Band in which times are compared, Hz.
const LOW_HZ: f64 = 2000.0;
const HIGH_HZ: f64 = 9000.0;
/// Half the length of the piece, seconds.
const HALF_S: f64 = 0.0003;
/// Samples of the interpolating kernel on each side.
const KERNEL: usize = 10;
const PASSES: usize = 6;
/// Farthest step of a pass, samples.
const STEP: f64 = 2.0;
/// A spike that agrees less with the median is not the potential alone.
const AGREES: f64 = 0.8;
/// Least height, relative to the median, of a potential that is there.
const THERE: f64 = 0.4;

/// One potential in one discharge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Time, samples.
    pub at: f64,
    /// Correlation of its shape with the median's.
    pub agreement: f64,
    /// Whether the shape is the potential's own; else something lies over it and its time is not used.
    pub alone: bool,
}

/// Where the potentials are: `[potential][discharge]`, `None` where one is blocked.
pub fn align(found: &Found, fs_hz: f64) -> Vec<Vec<Option<Seen>>> {
    let high = HIGH_HZ.min(0.45 * fs_hz);
    let low = LOW_HZ.min(0.4 * high);
    let Ok(sections) = butter(2, Band::Bandpass(low, high), fs_hz) else { return Vec::new() };
    let band = sosfiltfilt(&sections, &found.uv);
    (0..found.places.len())
        .map(|potential| {
            let spikes: Vec<Option<usize>> = found.spikes.iter().map(|spikes| spikes[potential]).collect();
            follow(&band, &spikes, samples(HALF_S, fs_hz))
        })
        .collect()
}

/// Value between samples; 0 outside.
fn value(x: &[f64], at: f64) -> f64 {
    let from = (at.max(0.0) as usize).saturating_sub(2 * KERNEL);
    let part = x.get(from..(from + 4 * KERNEL).min(x.len())).unwrap_or_default();
    let v = sinc_at(part, at - from as f64, KERNEL);
    if v.is_finite() { v } else { 0.0 }
}

fn follow(band: &[f64], spikes: &[Option<usize>], half: usize) -> Vec<Option<Seen>> {
    let mut at: Vec<(usize, f64)> = spikes.iter().enumerate().filter_map(|(k, spike)| Some((k, (*spike)? as f64))).collect();
    let width = 2 * half + 1;
    let mut fits = vec![(0.0, 0.0); at.len()];
    for _ in 0..PASSES {
        let pieces: Vec<Vec<f64>> =
            at.iter().map(|(_, time)| (0..width).map(|k| value(band, time + k as f64 - half as f64)).collect()).collect();
        let template: Vec<f64> = (0..width).map(|k| robust::median(&pieces.iter().map(|piece| piece[k]).collect::<Vec<_>>())).collect();
        let slope: Vec<f64> = (0..width)
            .map(|k| {
                let (a, b) = (k.saturating_sub(1), (k + 1).min(width - 1));
                (template[b] - template[a]) / (b - a) as f64
            })
            .collect();
        let (tt, ss, ts) = (dot(&template, &template), dot(&slope, &slope), dot(&template, &slope));
        let determinant = tt * ss - ts * ts;
        if determinant.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
            break;
        }
        let mut moves = Vec::with_capacity(at.len());
        for (piece, fit) in pieces.iter().zip(&mut fits) {
            let (pt, ps) = (dot(piece, &template), dot(piece, &slope));
            let height = (pt * ss - ps * ts) / determinant;
            let along = (ps * tt - pt * ts) / determinant;
            moves.push((-along / height.max(0.3)).clamp(-STEP, STEP));
            *fit = (height, pt / (dot(piece, piece) * tt).sqrt());
        }
        // The median stays where it is; only differences are of interest.
        let middle = robust::median(&moves);
        at.iter_mut().zip(&moves).for_each(|((_, time), step)| *time += step - middle);
    }
    let mut out = vec![None; spikes.len()];
    for ((k, at), (height, agreement)) in at.into_iter().zip(fits) {
        if height >= THERE {
            out[k] = Some(Seen { at, agreement, alone: agreement >= AGREES });
        }
    }
    out
}
