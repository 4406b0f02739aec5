//! Sympathetic skin response: latency, size, habituation.
//!
//! A slow potential of 0.1 to several mV that begins one to three seconds after an electric shock, a
//! sound or a breath (Shahani et al., J Neurol Neurosurg Psychiatry 1984;47:536), and wanes when
//! the stimulus is repeated. The sweep is averaged over 50 ms; the line through its quiet part (before
//! the stimulus and up to 0.8 s behind it) is its baseline. The onset is where it leaves that line by
//! four times the quiet part's deviation or 5 % of the response, whichever is more.
//!
//! Contract: sweeps of at least 3 s; NaN counts as missing. Cost: linear in samples.

use super::late_marks::LateSweep;
use crate::analysis::{Analyzed, Analyzer, Context, TestInput};
use crate::dsp::robust::{SIGMA_PER_MAD, mad};
use crate::model::{
    Axis, Cell, Chart, Column, LateKind, LateResponse, QualityFlag, QualityKind, Series, SeriesLook, Summary, SweepId, SweepMeasurement,
    SympatheticSummary, Table, TableRow, TestKind, TestMeasurement,
};

/// Name and version; goes into every measurement.
pub const METHOD: &str = "sympathetic/1";
/// The response begins within this, s.
const WITHIN_S: [f64; 2] = [0.8, 5.0];
/// It is over by this, s.
const OVER_S: f64 = 10.0;
const AVERAGE_S: f64 = 0.05;
/// Onset: times the quiet part's deviation, and share of the response.
const LEAVES: f64 = 4.0;
const SHARE: f64 = 0.05;
/// A response is at least this, uV and times the quiet part's deviation.
const LEAST_UV: f64 = 50.0;
const LEAST_QUIET: f64 = 10.0;

/// The analyzer of sympathetic skin responses.
#[derive(Debug, Clone, Copy)]
pub struct Sympathetic;

/// The response of a sweep; latencies in the result are in ms after the stimulus, as everywhere.
pub fn measure(uv: &[f64], fs_hz: f64, stimulus_s: f64) -> Option<LateResponse> {
    if !(fs_hz.is_finite() && fs_hz > 5.0 && stimulus_s.is_finite()) {
        return None;
    }
    let per = ((AVERAGE_S * fs_hz).round() as usize).max(1);
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (k, chunk) in uv.chunks_exact(per).enumerate() {
        let finite: Vec<f64> = chunk.iter().copied().filter(|v| v.is_finite()).collect();
        if finite.len() * 2 > per {
            let t = (k as f64 + 0.5) * per as f64 / fs_hz - stimulus_s;
            points.push((t, finite.iter().sum::<f64>() / finite.len() as f64));
        }
    }
    // The shock itself is left out of the baseline.
    let quiet: Vec<(f64, f64)> = points.iter().copied().filter(|(t, _)| *t < WITHIN_S[0] && !(-0.05..0.1).contains(t)).collect();
    if quiet.len() < 8 || points.last().is_none_or(|p| p.0 < 2.5) {
        return None;
    }
    let n = quiet.len() as f64;
    let (mt, mv) = (quiet.iter().map(|p| p.0).sum::<f64>() / n, quiet.iter().map(|p| p.1).sum::<f64>() / n);
    let span = quiet.iter().map(|p| (p.0 - mt).powi(2)).sum::<f64>();
    // A short quiet part cannot tell a slope.
    let lever = quiet.last()?.0 - quiet.first()?.0;
    let slope = if lever > 1.5 { quiet.iter().map(|p| (p.0 - mt) * (p.1 - mv)).sum::<f64>() / span } else { 0.0 };
    let line = |t: f64| mv + slope * (t - mt);
    let off: Vec<f64> = quiet.iter().map(|p| p.1 - line(p.0)).collect();
    let noise = (SIGMA_PER_MAD * mad(&off)).max(1e-6);
    let late: Vec<(f64, f64)> = points.iter().filter(|p| (WITHIN_S[0]..OVER_S).contains(&p.0)).map(|p| (p.0, p.1 - line(p.0))).collect();
    let high = late.iter().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
    let low = late.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let pp_uv = high - low;
    if !(pp_uv >= LEAST_UV && pp_uv >= LEAST_QUIET * noise) {
        return None;
    }
    let level = (LEAVES * noise).max(SHARE * pp_uv);
    let onset = late.iter().position(|p| p.1.abs() > level).map(|i| late[i].0)?;
    let end = late.iter().rev().find(|p| p.1.abs() > level).map(|p| 1e3 * p.0);
    (onset < WITHIN_S[1]).then(|| LateResponse { kind: LateKind::Other, onset_ms: 1e3 * onset, end_ms: end, amp_uv: high.max(0.0), pp_uv })
}

impl Analyzer for Sympathetic {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::Sympathetic
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let sweeps = input
            .sweeps
            .iter()
            .map(|s| LateSweep::plain(s, measure(&s.uv, s.fs_hz, s.stimulus_s.unwrap_or(0.0)).into_iter().collect()))
            .collect();
        Box::new(AnalyzedSkin { sweeps, left_out: input.left_out.clone() })
    }
}

struct AnalyzedSkin {
    sweeps: Vec<LateSweep>,
    left_out: Vec<SweepId>,
}

impl Analyzed for AnalyzedSkin {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut out = TestMeasurement { method: METHOD.to_owned(), ..TestMeasurement::default() };
        for sweep in &self.sweeps {
            let mut measured = sweep.measurement(METHOD, LateKind::Other, context);
            if self.left_out.contains(&measured.sweep) {
                measured.left_out = Some("left out by a person".into());
            }
            out.sweeps.push(measured);
        }
        let counted: Vec<&SweepMeasurement> = out.sweeps.iter().filter(|s| s.left_out.is_none()).collect();
        let found: Vec<&LateResponse> = counted.iter().filter_map(|s| s.main_late()).collect();
        let summary = SympatheticSummary {
            latency_s: found.iter().map(|l| 1e-3 * l.onset_ms).min_by(f64::total_cmp),
            largest_uv: found.iter().map(|l| l.pp_uv).max_by(f64::total_cmp),
            stimuli: counted.len(),
            present: found.len(),
            last_of_first_pct: match (counted.first().and_then(|s| s.main_late()), counted.last()) {
                (Some(first), Some(last)) if counted.len() > 1 => Some(100.0 * last.main_late().map_or(0.0, |l| l.pp_uv) / first.pp_uv),
                _ => None,
            },
        };
        if !counted.is_empty() && found.is_empty() {
            let what = "No skin response in any trial: it habituates and fails in cold or dry skin; an absent one counts only after several, unexpected stimuli.";
            out.quality.push(QualityFlag { kind: QualityKind::TooFew, what: what.into() });
        }
        let points = counted.iter().enumerate().map(|(i, s)| [i as f64 + 1.0, s.main_late().map_or(0.0, |l| l.pp_uv)]).collect();
        out.charts = vec![Chart {
            title: "Size by stimulus".into(),
            x: Axis::new("Stimulus", ""),
            y: Axis::new("Peak to peak", "\u{b5}V"),
            series: vec![Series { name: "Skin response".into(), points, look: SeriesLook::Bars }],
            lines: Vec::new(),
        }];
        out.tables = vec![table(&summary)];
        out.summary = Summary::Sympathetic(summary);
        out
    }
}

fn table(summary: &SympatheticSummary) -> Table {
    let columns = vec![
        Column::new("Latency", "s", 2),
        Column::new("Largest", "\u{b5}V", 0),
        Column::new("Present", "", 0),
        Column::new("Stimuli", "", 0),
        Column::new("Last of first", "%", 0),
    ];
    let cells = vec![
        Cell::maybe(summary.latency_s),
        Cell::maybe(summary.largest_uv),
        Cell::Number(summary.present as f64),
        Cell::Number(summary.stimuli as f64),
        Cell::maybe(summary.last_of_first_pct),
    ];
    Table { title: "Sympathetic skin response".into(), columns, rows: vec![TableRow::new("All", cells)], note: String::new() }
}

#[cfg(test)]
mod tests {
    use super::measure;
    use crate::simulate::Random;

    fn skin(latency_s: f64, uv: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..10_000)
            .map(|i| {
                let t = f64::from(i) / 1000.0 - 1.0;
                let u = (t - latency_s).max(0.0);
                uv * (u / 0.5) * (1.0 - u / 1.2) * (-u / 0.6).exp() + 3.0 * t + random.normal(0.0, 8.0)
            })
            .collect()
    }

    #[test]
    fn the_latency_of_a_skin_response_is_found_and_noise_has_none() {
        for seed in 0..10 {
            let found = measure(&skin(1.5, 900.0, seed), 1000.0, 1.0).unwrap();
            assert!((found.onset_ms - 1500.0).abs() < 120.0, "{found:?}");
            assert!(measure(&skin(1.5, 0.0, seed), 1000.0, 1.0).is_none());
        }
        assert!(measure(&[f64::NAN; 9000], 1000.0, 1.0).is_none());
        assert!(measure(&[], 1000.0, 1.0).is_none());
        assert!(measure(&[1.0; 9000], f64::NAN, 1.0).is_none());
    }
}
