//! Repetitive stimulation: decrement and increment of the responses of a train.

use super::background::Trace;
use super::motor::Analysis;
use super::stimulus::spike_end;
use super::train::{Phase, Together, phase, separate};
use crate::dsp::robust::median;

/// Stretch looked at, ms before and after the stimulus.
const BEFORE_MS: f64 = 20.0;
const AFTER_MS: f64 = 60.0;

/// Response of every sweep of a train, `None` where there is none.
pub fn train(sweeps: &[(&[f64], f64)], fs_hz: f64) -> Vec<Option<Phase>> {
    let none = || vec![None; sweeps.len()];
    let Some(all) = Together::new(sweeps, fs_hz, BEFORE_MS, AFTER_MS) else { return none() };
    let (mut onsets, mut peaks) = (Vec::new(), Vec::new());
    let mut after_ms = 0.0_f64;
    for uv in &all.uv {
        let analysis = Analysis::new(uv, fs_hz, Some(-all.first_ms * 1e-3), None);
        if let Some(m) = analysis.automatic() {
            onsets.push(m.onset_ms);
            peaks.push(m.peak_ms);
        }
        after_ms = after_ms.max(spike_end(&Trace { uv, per_ms: all.per_ms, first_ms: all.first_ms }, None));
    }
    if onsets.len() * 2 < sweeps.len() {
        return none();
    }
    let (onset, peak) = (median(&onsets), median(&peaks));
    let Some(train) = separate(&all, after_ms, onset - 0.3) else { return none() };
    (0..sweeps.len()).map(|k| phase(&all, &train, k, onset - 0.2, peak - 1.5, peak + 1.5)).collect()
}
