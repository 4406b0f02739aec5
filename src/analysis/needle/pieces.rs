//! What the analyses of patterns share: usable samples, their runs, flat tops.

use std::ops::Range;

use crate::model::{QualityFlag, QualityKind};

/// Beyond any amplifier, microvolts: taken for a missing sample, so that squares stay finite.
const ABSURD_UV: f64 = 1e9;
/// Sampling rates that are taken at their word, Hz.
const RATES_HZ: Range<f64> = 50.0..10_000_000.0;
/// Consecutive equal samples at an extreme that are a clipped signal; fewer may be chance.
const FLAT: usize = 8;

/// Whether a rate can be that of an EMG.
pub fn plausible_rate(fs_hz: f64) -> bool {
    RATES_HZ.contains(&fs_hz)
}

/// Whether a sample can be used.
pub fn usable(uv: f64) -> bool {
    uv.abs() < ABSURD_UV
}

/// Puts NaN where a sample cannot be used.
pub fn clean(uv: &mut [f64]) {
    for v in uv.iter_mut().filter(|v| !usable(**v)) {
        *v = f64::NAN;
    }
}

/// Samples of `seconds`, at least 1.
pub fn samples(seconds: f64, fs_hz: f64) -> usize {
    ((seconds * fs_hz).round() as usize).max(1)
}

/// A doubt.
pub fn flag(kind: QualityKind, what: impl Into<String>) -> QualityFlag {
    QualityFlag { kind, what: what.into() }
}

/// Says where a signal is cut off: runs of equal values at its highest or lowest value.
pub fn clipping(uv: &[f64]) -> Option<QualityFlag> {
    let (low, high) =
        uv.iter().filter(|v| usable(**v)).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    if low >= high {
        return None;
    }
    let (mut run, mut clipped) = (0usize, 0usize);
    let mut last = f64::NAN;
    for &v in uv {
        run = if (v == low || v == high) && v == last { run + 1 } else { 1 };
        last = v;
        if run == FLAT {
            clipped += 1;
        }
    }
    (clipped > 0).then(|| flag(QualityKind::Saturation, format!("The signal is cut off at {low:.0} or {high:.0} µV in {clipped} places.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_top_is_clipping_and_silence_is_not() {
        let wave: Vec<f64> = (0..1000).map(|k| (200.0 * (f64::from(k) * 0.05).sin()).clamp(-300.0, 150.0)).collect();
        assert_eq!(clipping(&wave).unwrap().kind, QualityKind::Saturation);
        assert!(clipping(&[0.0; 100]).is_none());
        assert!(clipping(&[f64::NAN; 100]).is_none());
    }
}
