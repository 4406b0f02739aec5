//! Points of a scan whose responses are stored as sweeps.

use crate::analysis::nerve::motor::Analysis;
use crate::analysis::{SweepInput, TestInput};

/// Current (mA) and size (uV) of each sweep with a known current: the highest value above the
/// baseline before the stimulus, within the time that the largest response takes. Small responses
/// are measured where the large one is, so that noise elsewhere is not taken for them.
pub(super) fn points(input: &TestInput) -> Vec<(f64, f64)> {
    let usable = |sweep: &&SweepInput| sweep.current_ma.is_some() && !input.left_out.contains(&sweep.sweep);
    let sweeps: Vec<&SweepInput> = input.sweeps.iter().filter(usable).collect();
    let strongest = sweeps.iter().max_by(|a, b| a.current_ma.unwrap_or(0.0).total_cmp(&b.current_ma.unwrap_or(0.0)));
    let Some(window) = strongest.and_then(|sweep| {
        let analysis = Analysis::new(&sweep.uv, sweep.fs_hz, sweep.stimulus_s, sweep.limits_uv);
        analysis.automatic().map(|response| (response.onset_ms, response.neg_end_ms))
    }) else {
        return Vec::new();
    };
    sweeps.iter().filter_map(|sweep| Some((sweep.current_ma?, size(sweep, window)?))).collect()
}

fn size(sweep: &SweepInput, window_ms: (f64, f64)) -> Option<f64> {
    let stimulus = sweep.stimulus_s? * sweep.fs_hz;
    let at = |ms: f64| ((stimulus + ms * 1e-3 * sweep.fs_hz).max(0.0) as usize).min(sweep.uv.len());
    let response = sweep.uv.get(at(window_ms.0)..at(window_ms.1))?;
    let before = sweep.uv.get(..at(0.0)).filter(|part| part.len() >= 4).unwrap_or(&sweep.uv[..sweep.uv.len().min(4)]);
    let valid: Vec<f64> = before.iter().copied().filter(|uv| uv.is_finite()).collect();
    let baseline = valid.iter().sum::<f64>() / valid.len().max(1) as f64;
    response.iter().copied().filter(|uv| uv.is_finite()).reduce(f64::max).map(|peak| peak - baseline)
}
