//! What weakens a number, said beside it: saturation, artefact, noise, mains, drift, an initial
//! positive deflection, a sweep too short, an unknown stimulus.
//!
//! Every analyzer reads this first. A flag is a sentence with numbers and units. Limits here are
//! about the reading of a curve, not about health: they say from which size on a disturbance
//! shows in the number beside it.
//!
//! Contract: samples that are not finite are left out. Cost: one pass over the sweep.

use super::nerve::background::Trace;
use super::nerve::curve::{Curve, ONSET_LEVEL};
use super::nerve::motor::Zero;
use crate::model::{QualityFlag, QualityKind, Response};

/// Consecutive samples at the converter's end that make saturation.
const AT_LIMIT: usize = 3;
/// Consecutive equal samples at the extreme of a sweep that make it when the ends are not known.
const FLAT: usize = 6;
/// Share of the amplitude from which on a disturbance at the onset is named: the onset level
/// itself is 1 %.
const AT_ONSET: f64 = 0.03;
/// Share of the amplitude from which on mains, and drift over the whole sweep, are named.
const IN_SWEEP: f64 = 0.05;
/// Standard deviation of the onset, ms, from which on noise is named.
const ONSET_SD_MS: f64 = 0.035;
/// What is said of it: against simulated truth the errors of noisy sweeps are 1.8 times the fit's
/// own standard deviation, and four of five shall lie within.
const ONSET_ABOUT: f64 = 3.0;
/// Share of the amplitude from which on a positive deflection before the negative one is named.
const POSITIVE: f64 = 0.02;

/// What the flags are read from.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The sweep.
    pub trace: &'a Trace<'a>,
    /// Where times count from.
    pub zero: Zero,
    /// Ends of the converter, uV.
    pub limits_uv: Option<[f64; 2]>,
    /// The smooth curve, when there is one.
    pub curve: Option<&'a Curve>,
    /// The measurement, when there is a response.
    pub automatic: Option<&'a Response>,
    /// Standard deviation of the onset, ms; NaN when not known.
    pub onset_sd_ms: f64,
}

/// All doubts about one sweep, the graver first.
pub fn flags(evidence: &Evidence) -> Vec<QualityFlag> {
    let mut out = Vec::new();
    let mut say = |kind, what: String| out.push(QualityFlag { kind, what });
    match evidence.zero {
        Zero::Stated(_) => {}
        Zero::Artefact(s) => {
            say(
                QualityKind::StimulusUnknown,
                format!("The stimulus time is not stated: latencies count from the artefact at {:.2} ms of the sweep.", s * 1e3),
            );
        }
        Zero::SweepStart => {
            say(QualityKind::StimulusUnknown, "The stimulus time is not known: latencies count from the start of the sweep.".to_owned());
        }
    }
    for (from, to) in saturated(evidence.trace, evidence.limits_uv) {
        say(QualityKind::Saturation, format!("The signal is at the amplifier's limit from {from:.2} to {to:.2} ms."));
    }
    let Some(curve) = evidence.curve else {
        say(QualityKind::TooShort, "Too few samples to look for a response.".to_owned());
        return out;
    };
    let located = curve.located();
    let background = &located.background;
    let Some(m) = evidence.automatic else {
        let floor = background.sigma_uv;
        say(QualityKind::Noise, format!("No response: nothing stands out of the noise of {} rms.", microvolts(floor)));
        return out;
    };
    let amp = m.amp_uv;
    let artefact = background.artefact_at(m.onset_ms);
    if artefact.abs() > AT_ONSET * amp || located.after_ms > m.onset_ms - 0.3 {
        say(
            QualityKind::Artefact,
            format!(
                "Stimulus artefact still {} at the onset ({:.0} % of the response): it was fitted and subtracted.",
                microvolts(artefact.abs()),
                100.0 * artefact.abs() / amp
            ),
        );
    }
    if evidence.onset_sd_ms > ONSET_SD_MS {
        say(
            QualityKind::Noise,
            format!(
                "Noise {} rms against a response of {}: the onset is uncertain by about {:.2} ms.",
                microvolts(background.sigma_uv),
                microvolts(amp),
                ONSET_ABOUT * evidence.onset_sd_ms
            ),
        );
    } else if evidence.onset_sd_ms.is_nan() {
        say(QualityKind::Noise, "No clear rising phase: the onset is where the smoothed curve leaves the baseline.".to_owned());
    }
    let mains = background.mains_uv();
    if let Some(hz) = background.mains_hz
        && mains > IN_SWEEP * amp
    {
        say(QualityKind::Mains, format!("Mains interference of {} at {hz:.0} Hz was fitted and subtracted.", microvolts(mains)));
    }
    let drift = background.drift_uv(m.onset_ms);
    if drift > IN_SWEEP * amp && drift > 5.0 * background.sigma_uv {
        say(QualityKind::Drift, format!("The baseline wanders by {} over the sweep.", microvolts(drift)));
    }
    positivity(curve, m, &mut say);
    let last = curve.last_ms();
    if m.neg_end_ms >= last - 0.05 {
        say(QualityKind::TooShort, format!("The sweep ends at {last:.1} ms, within the negative phase: duration and area are too small."));
    } else if m.pos_peak_ms.is_some_and(|t| t > last - 0.5) {
        say(QualityKind::TooShort, format!("The sweep ends at {last:.1} ms, before the positive peak."));
    }
    out
}

fn positivity(curve: &Curve, m: &Response, say: &mut impl FnMut(QualityKind, String)) {
    if curve.located().response.is_none_or(|r| r.dip_ms.is_none()) {
        return;
    }
    let (mut low, mut rise, mut t) = (0.0_f64, m.onset_ms, m.onset_ms);
    while t < m.peak_ms {
        let value = curve.at(t);
        low = low.min(value);
        if value < ONSET_LEVEL * m.amp_uv {
            rise = t;
        }
        t += 0.01;
    }
    if -low > POSITIVE * m.amp_uv {
        say(
            QualityKind::InitialPositivity,
            format!(
                "Positive deflection of {} before the negative phase, which rises {:.2} ms after the onset: check that E1 is over the end-plate zone.",
                microvolts(-low),
                rise - m.onset_ms
            ),
        );
    }
}

/// Stretches at the converter's end, ms. Without known ends, a long run of equal samples at the
/// sweep's own extreme counts.
fn saturated(trace: &Trace, limits_uv: Option<[f64; 2]>) -> Vec<(f64, f64)> {
    let finite = || trace.uv.iter().copied().filter(|v| v.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    if high.partial_cmp(&low) != Some(std::cmp::Ordering::Greater) {
        return Vec::new();
    }
    let ([low, high], run) = match limits_uv {
        Some(limits) => (limits, AT_LIMIT),
        None => ([low, high], FLAT),
    };
    let slack = 1e-6 * (high - low);
    let mut out = Vec::new();
    let mut start = 0;
    let mut side = 0;
    for i in 0..=trace.uv.len() {
        let now = match trace.uv.get(i) {
            Some(v) if *v >= high - slack => 1,
            Some(v) if *v <= low + slack => -1,
            _ => 0,
        };
        if now != side {
            if side != 0 && i - start >= run {
                out.push((trace.time(start), trace.time(i - 1)));
            }
            (start, side) = (i, now);
        }
    }
    out.truncate(4);
    out
}

/// A sweep that no analysis can read.
pub fn unusable(samples: usize, fs_hz: f64) -> QualityFlag {
    QualityFlag { kind: QualityKind::TooShort, what: format!("{samples} samples at {fs_hz} Hz are too few to look for a response.") }
}

/// A potential in the unit that reads best.
pub fn microvolts(uv: f64) -> String {
    match uv.abs() {
        v if v >= 1000.0 => format!("{:.1} mV", uv / 1000.0),
        v if v >= 10.0 => format!("{uv:.0} \u{b5}V"),
        _ => format!("{uv:.1} \u{b5}V"),
    }
}
