//! What weakens a sensory measurement: shock artefact under the onset, noise, mains, drift,
//! clipping, a sweep too short, an unknown stimulus, too few sweeps.
//!
//! Limits here say from which size on a disturbance shows in the number beside it; they are no
//! limits of health.

use super::motor::Zero;
use super::snap::average::Average;
use super::snap::site::SiteAnalysis;
use crate::analysis::quality::microvolts;
use crate::model::{QualityFlag, QualityKind};

/// Share of the amplitude from which on the shock's discharge at the onset is named: half the
/// level of the onset is well subtracted, twice that level is worth knowing.
const AT_ONSET: f64 = 0.04;
/// Share of the amplitude from which on mains and drift are named.
const IN_SWEEP: f64 = 0.2;
/// Height over the noise of the fit, below which onsets scatter. Against simulated truth the onset's
/// standard deviation is 0.09 ms below the first, 0.05 ms below the second.
const HEIGHT: [(f64, f64); 2] = [(4.5, 0.09), (14.0, 0.05)];
/// Averages of fewer responses than this are named when the noise is.
const FEW: u32 = 10;
/// Uncertainty named: two standard deviations.
const ABOUT: f64 = 2.0;

/// All doubts about the measurement of one site, the graver first.
pub fn flags(site: &SiteAnalysis) -> Vec<QualityFlag> {
    let mut out = Vec::new();
    let mut say = |kind, what: String| out.push(QualityFlag { kind, what });
    match site.zero {
        Zero::Stated(_) => {}
        Zero::Artefact(s) => {
            let at = s * 1e3;
            say(
                QualityKind::StimulusUnknown,
                format!("The stimulus time is not stated: latencies count from the artefact at {at:.2} ms of the sweep."),
            );
        }
        Zero::SweepStart => {
            say(QualityKind::StimulusUnknown, "The stimulus time is not known: latencies count from the start of the sweep.".to_owned());
        }
    }
    if let (Some([low, high]), Some(from_ms)) = (site.average.limits_uv, clipped(site)) {
        say(
            QualityKind::Saturation,
            format!("The amplifier is at its limit ({} to {}) at {from_ms:.1} ms.", microvolts(low), microvolts(high)),
        );
    }
    let last_ms = site.average.first_ms + site.average.uv.len().saturating_sub(1) as f64 / site.average.per_ms;
    let Some(fitted) = &site.fitted else {
        say(QualityKind::TooShort, "Too few samples to look for a response.".to_owned());
        return out;
    };
    let Some(response) = &site.automatic else {
        let noise = microvolts(rms(site, fitted.sigma_uv));
        let responses = site.average.responses;
        say(QualityKind::Noise, format!("No response: nothing stands out of the noise of {noise} rms after {responses} sweeps."));
        if last_ms < 8.0 {
            say(QualityKind::TooShort, format!("The sweep ends {last_ms:.1} ms after the stimulus: a slow response would come later."));
        }
        return out;
    };
    let amp = response.amp_uv;
    let discharge = fitted.background.discharge_at(response.onset_ms).abs();
    if discharge > AT_ONSET * amp || site.after_ms > response.onset_ms - 0.3 {
        let share = 100.0 * discharge / amp;
        let size = microvolts(discharge);
        say(
            QualityKind::Artefact,
            format!("Stimulus artefact still {size} at the onset ({share:.0} % of the response): it was fitted and subtracted."),
        );
    }
    let height = amp / fitted.sigma_uv;
    if let Some((_, sd_ms)) = HEIGHT.iter().find(|(below, _)| height < *below) {
        let noise = microvolts(rms(site, fitted.sigma_uv));
        let about = ABOUT * sd_ms;
        say(
            QualityKind::Noise,
            format!("Noise {noise} rms against a response of {}: the onset is uncertain by about {about:.1} ms.", microvolts(amp)),
        );
        if site.average.responses < FEW {
            say(QualityKind::TooFew, format!("{} responses averaged: more would lower the noise.", site.average.responses));
        }
    }
    let mains = fitted.background.mains_uv();
    if let Some(hz) = fitted.background.mains_hz
        && mains > IN_SWEEP * amp
    {
        say(QualityKind::Mains, format!("Mains interference of {} at {hz:.0} Hz was fitted and subtracted.", microvolts(mains)));
    }
    let drift = fitted.background.drift_uv();
    if drift > IN_SWEEP.max(0.5) * amp && drift > 5.0 * fitted.sigma_uv {
        say(QualityKind::Drift, format!("The baseline wanders by {} over the average.", microvolts(drift)));
    }
    if response.neg_end_ms >= last_ms - 0.05 {
        say(
            QualityKind::TooShort,
            format!("The sweep ends at {last_ms:.1} ms, within the negative phase: duration and area are too small."),
        );
    } else if response.pos_peak_ms.is_some_and(|t| t > last_ms - 0.3) {
        say(QualityKind::TooShort, format!("The sweep ends at {last_ms:.1} ms, before the positive peak."));
    }
    out
}

/// What is to be said of the sweeps behind an average.
pub fn sweeps(name: &str, average: &Average) -> Vec<QualityFlag> {
    let place = if name.is_empty() { String::new() } else { format!("{name}: ") };
    let refused: Vec<_> = average.left_out.iter().filter(|left| !left.by_person).collect();
    let mut out = Vec::new();
    if let Some(first) = refused.first() {
        let (n, all) = (refused.len(), average.of.len() + average.left_out.len());
        out.push(QualityFlag {
            kind: QualityKind::LeftOut,
            what: format!("{place}{n} of {all} sweeps left out of the average; the first: {}.", first.why),
        });
    }
    if average.of.len() < 3 && !refused.is_empty() {
        out.push(QualityFlag {
            kind: QualityKind::TooFew,
            what: format!("{place}only {} sweeps are left for the average.", average.of.len()),
        });
    }
    out
}

/// Noise of the average within the whole band, uV rms, from its size a sample within the lower band.
fn rms(site: &SiteAnalysis, sigma_uv: f64) -> f64 {
    // The noise of sensory amplifiers ends at about 2 kHz; the points of the fit reach further.
    let nyquist_khz = 0.5 * site.average.per_ms / (site.average.per_ms / 20.0).floor().max(1.0);
    sigma_uv * (2.0 / nyquist_khz).min(1.0).sqrt()
}

/// Where the average is at the converter's end behind the shock, ms.
fn clipped(site: &SiteAnalysis) -> Option<f64> {
    let [low, high] = site.average.limits_uv?;
    let slack = 1e-3 * (high - low);
    let at = |k: usize| site.average.first_ms + k as f64 / site.average.per_ms;
    let mut run = 0;
    for (k, v) in site.average.uv.iter().enumerate() {
        run = if at(k) > 1.5 && (*v <= low + slack || *v >= high - slack) { run + 1 } else { 0 };
        if run == 3 {
            return Some(at(k - 2));
        }
    }
    None
}
