//! Motor evoked potentials by magnetic stimulation: onset, size, silent period.
//!
//! The response is the first burst between 5 and 80 ms (`reflex`) of at least 50 microvolts peak to
//! peak, the usual threshold at rest (Rossini et al., Clin Neurophysiol 2015;126:1071), and of at
//! least three times what a stretch of background activity of the same length shows; mains is taken
//! out of a sweep first (`hum`). When the muscle
//! was contracting before the stimulus, the silent period is looked for: from the end of the
//! response to where the averaged activity is back at its level before the stimulus less one
//! standard deviation, counted from the stimulus.
//!
//! Contract: a known stimulus; NaN counts as quiet. Cost: linear in samples.

use super::hum::without_hum;
use super::late_marks::LateSweep;
use super::reflex::{Burst, Rectified, row_name, rows};
use crate::analysis::{Analyzed, Analyzer, Context, SweepInput, TestInput};
use crate::dsp::robust::median;
use crate::model::{
    Cell, Chart, Column, LateKind, LateResponse, MarkerKind, MepSide, MepSummary, NerveTest, Response, Series, SeriesLook, Summary,
    SweepId, SweepMeasurement, Table, TableRow, TestKind, TestMeasurement,
};

/// Name and version; goes into every measurement.
pub const METHOD: &str = "mep/2";
/// Where a response may begin, ms: coil artefacts and the shortest cortical latencies lie before.
const WITHIN_MS: [f64; 2] = [8.0, 80.0];
/// Least size, uV peak to peak, and against the background's.
const LEAST_UV: f64 = 50.0;
const LEAST_BACKGROUND: f64 = 3.0;
/// Mean rectified activity before the stimulus from which on the muscle contracts, uV; surface noise
/// is a few microvolts.
const CONTRACTS_UV: f64 = 15.0;
/// Part of the extreme that the first phase of a potential reaches, and that its onset leaves.
const FIRST_PHASE: f64 = 0.25;
const LEAVES: f64 = 0.03;
/// The level that a potential leaves is that of as long before it, ms.
const LEVEL_MS: f64 = 8.0;
/// A silent period is at least this long behind the response, ms.
const SHORTEST_SILENCE_MS: f64 = 10.0;

/// The analyzer of motor evoked potentials.
#[derive(Debug, Clone, Copy)]
pub struct Mep;

impl Analyzer for Mep {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::Mep
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let rows = rows(input);
        let row = |s: &SweepInput| rows.iter().position(|r| r.0 == s.site && r.1 == s.channel).unwrap_or(0);
        let sweeps = input.sweeps.iter().map(|s| AnalyzedMep::new(s, row(s))).collect();
        Box::new(AnalyzedMeps { rows, sweeps, left_out: input.left_out.clone() })
    }
}

/// One sweep: the response and the end of the silent period (ms), and whether the muscle contracted.
pub fn measure(uv: &[f64], fs_hz: f64, stimulus_s: f64) -> Option<(Option<Burst>, Option<f64>, bool)> {
    let (calm, _) = without_hum(uv, fs_hz);
    let rectified = Rectified::new(&calm, fs_hz, stimulus_s)?;
    let contracting = rectified.before && rectified.quiet_uv > CONTRACTS_UV;
    let background_pp = 6.0 * rectified.noise_uv;
    let least = LEAST_UV.max(if contracting { LEAST_BACKGROUND / 2.0 * background_pp } else { background_pp });
    let burst =
        rectified.bursts(WITHIN_MS[0], WITHIN_MS[1] + 40.0, 3.0, 5.0).into_iter().find(|b| b.onset_ms < WITHIN_MS[1] && b.pp_uv >= least);
    let burst = burst.map(|burst| begin(&calm, fs_hz, stimulus_s, rectified.noise_uv, burst));
    let silent_end = burst.filter(|_| contracting).and_then(|b| {
        let back = rectified.quiet_uv - rectified.quiet_sd_uv;
        let silent = rectified.mean(b.end_ms + 2.0, b.end_ms + 2.0 + SHORTEST_SILENCE_MS)? < 0.5 * rectified.quiet_uv;
        rectified.returns(b.end_ms + 2.0, back, 10.0).filter(|t| silent && *t > b.end_ms + SHORTEST_SILENCE_MS)
    });
    Some((burst, silent_end, contracting))
}

/// The burst with its onset followed back from its first large phase ([`FIRST_PHASE`] of its
/// extreme) to where the signal leaves the noise and [`LEAVES`] of that extreme.
fn begin(uv: &[f64], fs_hz: f64, stimulus_s: f64, noise_uv: f64, burst: Burst) -> Burst {
    let index = |ms: f64| (((stimulus_s + ms * 1e-3) * fs_hz).round().max(0.0) as usize).min(uv.len().saturating_sub(1));
    let ahead = index(burst.onset_ms - LEVEL_MS)..index(burst.onset_ms);
    let level = uv.get(ahead).filter(|part| !part.is_empty()).map_or(0.0, median);
    let size = |i: usize| uv.get(i).map_or(0.0, |v| if v.is_finite() { (v - level).abs() } else { 0.0 });
    let (from, to) = (index(burst.onset_ms), index(burst.end_ms));
    let extreme = (from..=to).map(size).fold(0.0, f64::max);
    let Some(large) = (from..=to).find(|&i| size(i) >= FIRST_PHASE * extreme) else { return burst };
    let limit = (3.0 * noise_uv).max(LEAVES * extreme);
    let onset = (from..large).rev().find(|&i| size(i) <= limit).map_or(from, |i| i + 1);
    Burst { onset_ms: (onset as f64 / fs_hz - stimulus_s) * 1e3, ..burst }
}

struct AnalyzedMep {
    row: usize,
    sweep: LateSweep,
    response: Option<Response>,
    contracting: bool,
}

impl AnalyzedMep {
    fn new(input: &SweepInput, row: usize) -> Self {
        let (burst, silent, contracting) = measure(&input.uv, input.fs_hz, input.stimulus_s.unwrap_or(0.0)).unwrap_or((None, None, false));
        let late = burst.zip(silent).map(|(b, end)| LateResponse {
            kind: LateKind::SilentPeriod,
            onset_ms: b.end_ms,
            end_ms: Some(end),
            amp_uv: 0.0,
            pp_uv: 0.0,
        });
        let response = burst.map(|b| Response {
            onset_ms: b.onset_ms,
            neg_end_ms: b.end_ms,
            amp_uv: b.amp_uv,
            pp_uv: Some(b.pp_uv),
            duration_ms: b.end_ms - b.onset_ms,
            ..peaks(input, &b)
        });
        Self { row, sweep: LateSweep::plain(input, late.into_iter().collect()), response, contracting }
    }

    fn measurement(&self, context: &Context) -> SweepMeasurement {
        let mut out = self.sweep.measurement(METHOD, LateKind::SilentPeriod, context);
        out.automatic = self.response;
        let own = context.placed_on(self.sweep.sweep);
        let placed = |kind: MarkerKind| own.iter().rev().find(|m| m.kind == kind).map(|m| (m.at_s - self.sweep.zero_s) * 1e3);
        let times = MarkerKind::MOTOR.map(placed);
        out.placed.extend(MarkerKind::MOTOR.into_iter().filter(|k| placed(*k).is_some()));
        let mut now = self.response;
        if times.iter().any(Option::is_some) {
            let mut response = now.unwrap_or_default();
            response.onset_ms = times[0].unwrap_or(response.onset_ms);
            response.peak_ms = times[1].unwrap_or(response.peak_ms);
            response.neg_end_ms = times[2].unwrap_or(response.neg_end_ms);
            response.pos_peak_ms = times[3].or(response.pos_peak_ms);
            response.duration_ms = response.neg_end_ms - response.onset_ms;
            let at = |t: f64| {
                let i = ((t - self.sweep.first_ms) * self.sweep.per_ms).round();
                if i >= 0.0 { self.sweep.late_uv.get(i as usize).copied().filter(|v| v.is_finite()) } else { None }
            };
            if let (Some(high), Some(level)) = (at(response.peak_ms), at(response.onset_ms)) {
                response.amp_uv = high - level;
                response.pp_uv = response.pos_peak_ms.and_then(at).map(|low| high - low).or(response.pp_uv);
            }
            now = Some(response);
        }
        out.response = now.filter(|_| !context.no_response.contains(&out.sweep));
        out
    }
}

/// Where the highest and the lowest value of a burst are.
fn peaks(input: &SweepInput, burst: &Burst) -> Response {
    let zero = input.stimulus_s.unwrap_or(0.0);
    let index = |ms: f64| (((zero + ms * 1e-3) * input.fs_hz).round().max(0.0) as usize).min(input.uv.len());
    let (from, to) = (index(burst.onset_ms), index(burst.end_ms) + 1);
    let ms = |i: usize| (i as f64 / input.fs_hz - zero) * 1e3;
    let part = || (from..to.min(input.uv.len())).filter(|i| input.uv[*i].is_finite());
    let high = part().max_by(|a, b| input.uv[*a].total_cmp(&input.uv[*b]));
    let low = part().min_by(|a, b| input.uv[*a].total_cmp(&input.uv[*b]));
    Response { peak_ms: high.map_or(burst.onset_ms, ms), pos_peak_ms: low.map(ms), ..Response::default() }
}

struct AnalyzedMeps {
    rows: Vec<(usize, String)>,
    sweeps: Vec<AnalyzedMep>,
    left_out: Vec<SweepId>,
}

impl Analyzed for AnalyzedMeps {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut out = TestMeasurement { method: METHOD.to_owned(), ..TestMeasurement::default() };
        for sweep in &self.sweeps {
            let mut measured = sweep.measurement(context);
            if self.left_out.contains(&measured.sweep) {
                measured.left_out = Some("left out by a person".into());
            }
            out.sweeps.push(measured);
        }
        let side = |(row, (site, channel)): (usize, &(usize, String))| {
            let of: Vec<(&AnalyzedMep, &SweepMeasurement)> =
                self.sweeps.iter().zip(&out.sweeps).filter(|(s, m)| s.row == row && m.left_out.is_none()).collect();
            let sizes: Vec<f64> = of.iter().filter_map(|(_, m)| m.response?.pp_uv).collect();
            let silent = of.iter().filter_map(|(_, m)| m.late.iter().find(|l| l.kind == LateKind::SilentPeriod)?.end_ms);
            MepSide {
                site: *site,
                channel: channel.clone(),
                stimuli: of.len(),
                present: of.iter().filter(|(_, m)| m.response.is_some()).count(),
                onset_ms: of.iter().filter_map(|(_, m)| Some(m.response?.onset_ms)).min_by(f64::total_cmp),
                largest_pp_uv: sizes.iter().copied().max_by(f64::total_cmp),
                median_pp_uv: (!sizes.is_empty()).then(|| median(&sizes)),
                silent_end_ms: silent.max_by(f64::total_cmp),
                contracting: of.iter().filter(|(s, _)| s.contracting).count() * 2 > of.len(),
            }
        };
        let summary = MepSummary { sides: self.rows.iter().enumerate().map(side).collect() };
        out.tables = vec![table(context.test, &summary)];
        out.charts = vec![self.chart(context.test, &out.sweeps)];
        out.summary = Summary::Mep(summary);
        out
    }
}

impl AnalyzedMeps {
    fn chart(&self, test: &NerveTest, sweeps: &[SweepMeasurement]) -> Chart {
        let series = |(row, (site, channel)): (usize, &(usize, String))| {
            let of = self.sweeps.iter().zip(sweeps).filter(|(s, m)| s.row == row && m.left_out.is_none());
            let point = |(i, (_, m)): (usize, (&AnalyzedMep, &SweepMeasurement))| {
                [i as f64 + 1.0, m.response.and_then(|r| r.pp_uv).map_or(0.0, |v| 1e-3 * v)]
            };
            Series { name: row_name(test, *site, channel), points: of.enumerate().map(point).collect(), look: SeriesLook::Dots }
        };
        Chart {
            title: "Size by stimulus".into(),
            x: crate::model::Axis::new("Stimulus", ""),
            y: crate::model::Axis::new("Peak to peak", "mV"),
            series: self.rows.iter().enumerate().map(series).collect(),
            lines: Vec::new(),
        }
    }
}

fn table(test: &NerveTest, summary: &MepSummary) -> Table {
    let columns = vec![
        Column::new("Shortest onset", "ms", 1),
        Column::new("Largest", "mV", 2),
        Column::new("Median", "mV", 2),
        Column::new("Silent period", "ms", 0),
        Column::new("Present", "", 0),
        Column::new("Stimuli", "", 0),
        Column::words("Muscle"),
    ];
    let row = |s: &MepSide| {
        let cells = vec![
            Cell::maybe(s.onset_ms),
            Cell::maybe(s.largest_pp_uv.map(|v| 1e-3 * v)),
            Cell::maybe(s.median_pp_uv.map(|v| 1e-3 * v)),
            Cell::maybe(s.silent_end_ms),
            Cell::Number(s.present as f64),
            Cell::Number(s.stimuli as f64),
            Cell::text(if s.contracting { "contracting" } else { "at rest" }),
        ];
        TableRow::new(row_name(test, s.site, &s.channel), cells)
    };
    let note = "A response counts from 50 \u{b5}V peak to peak (Rossini 2015).".into();
    Table { title: "Motor evoked potentials".into(), columns, rows: summary.sides.iter().map(row).collect(), note }
}
