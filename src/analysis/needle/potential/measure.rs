//! Amplitude, area, phases and the rest between two markers.
//!
//! Definitions: amplitude peak to peak; duration from onset to end; area of the rectified
//! potential between them; phases, one more than the changes of sign between parts of at least
//! 20 uV; turns, reversals of at least 50 uV (Stalberg and others 1986); rise time, from the last
//! positive peak before the main negative peak to it; spike duration, from that positive peak to the
//! next one after it; thickness, area over amplitude (Nandedkar and others 1988); size index,
//! `2 log10(amplitude in mV) + thickness` (Sonoo and Stalberg 1993); satellites, parts set off from
//! the rest by at least 2 ms below 20 uV. **NaN** in the potential gives `None`.

use serde::{Deserialize, Serialize};

use super::Markers;

/// Smallest amplitude of a phase, uV.
const PHASE_UV: f64 = 20.0;
/// Smallest reversal of a turn, uV.
const TURN_UV: f64 = 50.0;
/// A satellite is set off by so much quiet, ms.
const SATELLITE_MS: f64 = 2.0;

/// Values of one potential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PotentialMeasures {
    /// Peak to peak, uV.
    pub amp_uv: f64,
    /// Onset to end, ms.
    pub duration_ms: f64,
    /// Of the rectified potential, uV ms.
    pub area_uvms: f64,
    /// Number of phases.
    pub phases: usize,
    /// Number of turns.
    pub turns: usize,
    /// Of the main negative spike, ms; `None` without a positive peak before it.
    pub rise_ms: Option<f64>,
    /// Between the positive peaks on both sides of the main negative peak, ms.
    pub spike_duration_ms: Option<f64>,
    /// Area over amplitude, ms.
    pub thickness_ms: f64,
    /// Size index.
    pub size_index: f64,
    /// Number of satellites.
    pub satellites: usize,
    /// Onset, ms before the main extremum (negative: before).
    pub onset_ms: f64,
    /// End, ms after the main extremum.
    pub end_ms: f64,
}

/// Phases of a potential: stretches of one sign that reach 20 uV.
pub fn phases(uv: &[f64]) -> usize {
    let (mut count, mut last) = (0, 0.0);
    for v in uv.iter().filter(|v| v.abs() > PHASE_UV) {
        if v.signum() != last {
            count += 1;
            last = v.signum();
        }
    }
    count
}

/// Turns of a potential: changes of direction confirmed by 50 uV.
pub fn turns(uv: &[f64]) -> usize {
    let Some(&first) = uv.first() else { return 0 };
    // The extremes since the last confirmed change of direction.
    let (mut count, mut direction, mut low, mut high) = (0, 0, first, first);
    for &v in uv {
        if direction >= 0 && high - v >= TURN_UV {
            count += usize::from(direction > 0);
            (direction, low, high) = (-1, v, v);
        } else if direction <= 0 && v - low >= TURN_UV {
            count += usize::from(direction < 0);
            (direction, low, high) = (1, v, v);
        }
        low = low.min(v);
        high = high.max(v);
    }
    count
}

/// Parts of at least 20 uV that two milliseconds of quiet set off from the part with the peak.
fn satellites(uv: &[f64], fs_hz: f64) -> usize {
    let quiet = (SATELLITE_MS / 1000.0 * fs_hz).round() as usize;
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for (i, _) in uv.iter().enumerate().filter(|(_, v)| v.abs() > PHASE_UV) {
        match parts.last_mut() {
            Some(part) if i - part.1 <= quiet => part.1 = i,
            _ => parts.push((i, i)),
        }
    }
    parts.len().saturating_sub(1)
}

/// Values of a potential (uV, negative up, at `fs_hz`, main extremum at sample `at`) between two
/// markers. `None` when the markers lie outside, in the wrong order, or a value is missing.
pub fn measure(uv: &[f64], fs_hz: f64, at: usize, markers: Markers) -> Option<PotentialMeasures> {
    measure_at(uv, fs_hz, at, markers, None)
}

/// Peaks of a potential, samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peaks {
    /// The negative one.
    pub negative: usize,
    /// The positive one.
    pub positive: usize,
}

/// As [`measure`], the amplitude between given peaks, which may lie outside of the markers; `None`
/// takes the largest and the smallest value between the markers.
pub fn measure_at(uv: &[f64], fs_hz: f64, at: usize, markers: Markers, peaks: Option<Peaks>) -> Option<PotentialMeasures> {
    let part = uv.get(markers.onset..=markers.end).filter(|p| p.len() >= 3)?;
    if !(fs_hz.is_finite() && fs_hz > 0.0) || part.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let ms = 1000.0 / fs_hz;
    let (low, high) = part.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let amp_uv = match peaks {
        Some(peaks) => Some((uv.get(peaks.negative)? - uv.get(peaks.positive)?).abs()).filter(|v| v.is_finite())?,
        None => high - low,
    };
    let area_uvms = part.iter().map(|v| v.abs()).sum::<f64>() * ms;
    let thickness_ms = if amp_uv > 0.0 { area_uvms / amp_uv } else { 0.0 };
    let own = || (0..part.len()).max_by(|a, b| part[*a].total_cmp(&part[*b])).unwrap_or(0);
    let given = peaks.map(|peaks| peaks.negative.saturating_sub(markers.onset).min(part.len() - 1));
    let peak = given.unwrap_or_else(own);
    let (before, after) = positive_peaks(part, peak);
    Some(PotentialMeasures {
        amp_uv,
        duration_ms: (markers.end - markers.onset) as f64 * ms,
        area_uvms,
        phases: phases(part),
        turns: turns(part),
        rise_ms: before.map(|b| (peak - b) as f64 * ms),
        spike_duration_ms: before.zip(after).map(|(b, a)| (a - b) as f64 * ms),
        thickness_ms,
        size_index: if amp_uv > 0.0 { 2.0 * (amp_uv / 1000.0).log10() + thickness_ms } else { 0.0 },
        satellites: satellites(part, fs_hz),
        onset_ms: (markers.onset as f64 - at as f64) * ms,
        end_ms: (markers.end as f64 - at as f64) * ms,
    })
}

/// The lowest points on both sides of a negative peak, each before the potential has risen again by
/// a turn's amplitude.
fn positive_peaks(uv: &[f64], peak: usize) -> (Option<usize>, Option<usize>) {
    let walk = |indices: &mut dyn Iterator<Item = usize>| -> Option<usize> {
        let mut lowest = (peak, uv[peak]);
        for i in indices {
            if uv[i] < lowest.1 {
                lowest = (i, uv[i]);
            } else if uv[i] - lowest.1 >= TURN_UV.min(0.2 * uv[peak].abs()) && uv[peak] - lowest.1 >= TURN_UV {
                break;
            }
        }
        (lowest.0 != peak).then_some(lowest.0)
    };
    (walk(&mut (0..peak).rev()), walk(&mut (peak + 1..uv.len())))
}

#[cfg(test)]
mod tests {
    use super::{measure, phases, turns};
    use crate::analysis::needle::potential::{Markers, markers};
    use crate::model::needle::AveragedPotential;

    const FS: f64 = 25_000.0;

    /// Triphasic: -100, 400, -200 uV at 1, 2, 3.5 ms around sample 250.
    fn potential() -> AveragedPotential {
        let bump = |t: f64, at: f64, width: f64, uv: f64| uv * (-((t - at) / width).powi(2)).exp();
        let uv: Vec<f64> = (0..900)
            .map(|i| {
                let t = f64::from(i - 300) / FS * 1e3;
                bump(t, -1.0, 0.25, -100.0) + bump(t, 0.0, 0.25, 400.0) + bump(t, 1.5, 0.5, -200.0)
            })
            .collect();
        AveragedPotential { error_uv: vec![0.5; uv.len()], uv, slow_error_uv: 0.2, fs_hz: FS, at: 300, n: 100 }
    }

    #[test]
    fn a_known_potential_is_measured() {
        let p = potential();
        let found = markers(&p).unwrap();
        let m = measure(&p.uv, FS, p.at, found).unwrap();
        assert!((m.amp_uv - 600.0).abs() < 5.0, "{m:?}");
        assert_eq!((m.phases, m.turns, m.satellites), (3, 3, 0));
        assert!((m.rise_ms.unwrap() - 1.0).abs() < 0.1);
        assert!((m.spike_duration_ms.unwrap() - 2.5).abs() < 0.1);
        // Gaussians cross 10 uV at width sqrt(ln(a / 10)).
        let expected = (-1.0 - 0.25 * 10.0_f64.ln().sqrt(), 1.5 + 0.5 * 20.0_f64.ln().sqrt());
        assert!((m.onset_ms - expected.0).abs() < 0.15 && (m.end_ms - expected.1).abs() < 0.15, "{m:?}");
        assert!((m.thickness_ms - m.area_uvms / m.amp_uv).abs() < 1e-12);
        assert!((m.size_index - (2.0 * (m.amp_uv / 1000.0).log10() + m.thickness_ms)).abs() < 1e-12);
    }

    #[test]
    fn moved_markers_change_what_lies_between_alone() {
        let p = potential();
        let found = markers(&p).unwrap();
        let wide = measure(&p.uv, FS, p.at, Markers { onset: found.onset - 50, end: found.end }).unwrap();
        let own = measure(&p.uv, FS, p.at, found).unwrap();
        assert!((wide.duration_ms - own.duration_ms - 2.0).abs() < 1e-9);
        assert_eq!((wide.amp_uv, wide.phases, wide.turns), (own.amp_uv, own.phases, own.turns));
    }

    #[test]
    fn senseless_markers_and_values_give_nothing() {
        let mut p = potential();
        for (onset, end) in [(10, 5), (0, 5000), (7, 8), (usize::MAX, 0)] {
            assert!(measure(&p.uv, FS, 300, Markers { onset, end }).is_none());
        }
        assert!(measure(&p.uv, f64::NAN, 300, Markers { onset: 0, end: 500 }).is_none());
        p.uv[300] = f64::NAN;
        assert!(markers(&p).is_none() && measure(&p.uv, FS, 300, Markers { onset: 0, end: 500 }).is_none());
        assert!(markers(&AveragedPotential::default()).is_none());
        assert_eq!((phases(&[]), turns(&[])), (0, 0));
    }

    #[test]
    fn turns_need_fifty_microvolts() {
        assert_eq!(turns(&[0.0, 60.0, 20.0, 60.0, 0.0]), 1);
        assert_eq!(turns(&[0.0, 60.0, 5.0, 60.0, 0.0]), 3);
        assert_eq!(phases(&[0.0, 30.0, -10.0, 30.0, -30.0]), 2);
    }
}
