//! Repetitive stimulation: decrement and increment of trains, and how exercise changes them.
//!
//! Every site of the test is one train (rest, after 10 s of exercise, after 1 min ...). Its
//! responses are taken apart together (`train`), so that they share onset and baseline, and the
//! amplitude (baseline to negative peak) and area of every negative phase are compared with the
//! first: decrement to the fourth and fifth and to the smallest response, increment to the largest
//! (AAEM practice parameter, Chiou-Tan and Gilchrist, Muscle Nerve 2001;24:1269: a fall of 10 % and
//! more at 2 to 5 Hz is abnormal; Oh et al., Muscle Nerve 2005;32:515: a rise of 60 % and more).
//! Against the first train: facilitation of the first response, and repair (positive) or exhaustion
//! (negative) of the decrement. A fall that is no physiology is named: a response whose shape, not
//! only its size, changes, and sizes that jump up and down.
//!
//! Contract: sweeps of a train need one rate and a known stimulus; else the train has no numbers and
//! the measurement says so. Cost: about 50 ms a train of 10; markers cost microseconds.

use super::background::Trace;
use super::conditions;
use super::motor::Analysis;
use super::stimulus::spike_end;
use super::train::{Phase, Shape, Together, separate};
use crate::analysis::{Analyzed, Analyzer, Context, SweepInput, TestInput};
use crate::dsp::robust::median;
use crate::model::{
    Axis, Cell, Chart, Column, MarkerKind, NerveTest, QualityFlag, QualityKind, RepetitiveSummary, Response, Series, SeriesLook, Summary,
    SweepId, SweepMeasurement, Table, TableRow, TestKind, TestMeasurement, TrainSummary,
};

/// Name and version; goes into every measurement.
pub const METHOD: &str = "repetitive/2";
/// Stretch looked at, ms before and after the stimulus.
const BEFORE_MS: f64 = 20.0;
const AFTER_MS: f64 = 60.0;
/// Published limits, percent; the decrement's holds for slow trains.
const DECREMENT_PCT: f64 = 10.0;
const SLOW_HZ: f64 = 5.0;
const INCREMENT_PCT: f64 = 60.0;
/// What of a response may differ from the scaled mean (rms over rms) before movement is named;
/// block of single units changes shapes by one or two percent.
const SHAPE: f64 = 0.07;
/// Neighbouring responses that differ by this, percent of the first, and in turn up and down, jump.
const JUMP_PCT: f64 = 6.0;
/// Amplitudes of the train and of its single sweeps differ by less than this, as a share.
const TAKEN: f64 = 0.05;

/// A train, measured.
struct AnalyzedTrain {
    site: usize,
    sweeps: Vec<AnalyzedResponse>,
    quality: Vec<QualityFlag>,
}

struct AnalyzedResponse {
    sweep: SweepId,
    zero_s: f64,
    stimulus_known: bool,
    shape: Option<Shape>,
    automatic: Option<Response>,
    misfit: f64,
}

/// Curve, negative phase, misfit (rms over rms) and onset (ms) of a response.
type Measured = (Shape, Phase, f64, f64);

/// The smooth curve and the negative phase of every sweep of a train, and how far its shape differs
/// from the others; `None` where there is no response. `sweeps`: samples in uV and stimulus in
/// seconds after the first.
pub fn responses(sweeps: &[(&[f64], f64)], fs_hz: f64) -> Vec<Option<Measured>> {
    let none = || sweeps.iter().map(|_| None).collect();
    let Some(all) = Together::new(sweeps, fs_hz, BEFORE_MS, AFTER_MS) else { return none() };
    let (mut onsets, mut peaks, mut amps) = (Vec::new(), Vec::new(), Vec::new());
    let mut after_ms = 0.0_f64;
    for uv in &all.uv {
        let analysis = Analysis::new(uv, fs_hz, Some(-all.first_ms * 1e-3), None);
        let single = analysis.automatic();
        if let Some(m) = &single {
            onsets.push(m.onset_ms);
            peaks.push(m.peak_ms);
        }
        amps.push(single.map(|m| m.amp_uv).filter(|amp| *amp > 0.0));
        after_ms = after_ms.max(spike_end(&Trace { uv, per_ms: all.per_ms, first_ms: all.first_ms }, None));
    }
    if onsets.is_empty() || onsets.len() * 2 < sweeps.len() {
        return none();
    }
    let (onset, peak) = (median(&onsets), median(&peaks));
    let found = |by_average: bool| -> Option<Vec<Option<Measured>>> {
        let train = separate(&all, after_ms, onset - 0.3, by_average)?;
        let measured = |k: usize| {
            let shape = Shape::new(&all, &train, k, onset)?;
            let phase = shape.phase(onset - 0.2, peak - 1.5, peak + 1.5)?;
            Some((shape, phase, train.misfit[k], onset))
        };
        Some((0..sweeps.len()).map(measured).collect())
    };
    // A background fitted wrongly to the average takes a part of the response; single sweeps tell.
    let off = |found: &[Option<Measured>]| {
        let ratios: Vec<f64> = found.iter().zip(&amps).filter_map(|(f, amp)| Some(f.as_ref()?.1.amp_uv / amp.as_ref()?)).collect();
        let off = (median(&ratios) - 1.0).abs();
        if off.is_finite() { off } else { f64::INFINITY }
    };
    let Some(first) = found(true) else { return none() };
    if off(&first) < TAKEN {
        return first;
    }
    match found(false) {
        Some(second) if off(&second) < off(&first) => second,
        _ => first,
    }
}

/// The analyzer of repetitive stimulation.
#[derive(Debug, Clone, Copy)]
pub struct Repetitive;

impl Analyzer for Repetitive {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::Repetitive
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let trains = (0..input.test.sites.len()).map(|site| AnalyzedTrain::new(input, site)).filter(|t| !t.sweeps.is_empty()).collect();
        Box::new(AnalyzedTrains { trains, left_out: input.left_out.clone() })
    }
}

impl AnalyzedTrain {
    fn new(input: &TestInput, site: usize) -> Self {
        let of_site: Vec<&SweepInput> = input.sweeps.iter().filter(|s| s.site == site).collect();
        let fs_hz = of_site.first().map_or(0.0, |s| s.fs_hz);
        let traces: Vec<(&[f64], f64)> = of_site.iter().filter_map(|s| Some((s.uv.as_slice(), s.stimulus_s?))).collect();
        let mut quality = Vec::new();
        let together = traces.len() == of_site.len() && of_site.iter().all(|s| s.fs_hz == fs_hz);
        let found = if together { responses(&traces, fs_hz) } else { of_site.iter().map(|_| None).collect() };
        if !together && !of_site.is_empty() {
            let what = "The responses of a train need one sampling rate and a known stimulus: nothing was measured.".into();
            quality.push(QualityFlag { kind: QualityKind::StimulusUnknown, what });
        }
        let sweeps = of_site.iter().zip(found).map(|(input, found)| AnalyzedResponse::new(input, found)).collect();
        Self { site, sweeps, quality }
    }
}

fn response(onset_ms: f64, phase: &Phase) -> Response {
    Response {
        onset_ms,
        peak_ms: phase.peak_ms,
        neg_end_ms: phase.end_ms,
        amp_uv: phase.amp_uv,
        duration_ms: phase.end_ms - onset_ms,
        area_uvms: phase.area_uvms,
        ..Response::default()
    }
}

impl AnalyzedResponse {
    fn new(input: &SweepInput, found: Option<Measured>) -> Self {
        Self {
            sweep: input.sweep,
            zero_s: input.stimulus_s.unwrap_or(0.0),
            stimulus_known: input.stimulus_s.is_some(),
            automatic: found.as_ref().map(|(_, phase, _, onset)| response(*onset, phase)),
            misfit: found.as_ref().map_or(f64::NAN, |f| f.2),
            shape: found.map(|f| f.0),
        }
    }

    fn measurement(&self, context: &Context) -> SweepMeasurement {
        let own = context.placed_on(self.sweep);
        let placed = |kind: MarkerKind| own.iter().rev().find(|m| m.kind == kind).map(|m| (m.at_s - self.zero_s) * 1e3);
        let mut now = self.automatic;
        if let (Some(automatic), Some(shape)) = (&self.automatic, &self.shape) {
            let times = MarkerKind::MOTOR.map(placed);
            if times.iter().any(Option::is_some) {
                let onset = times[0].unwrap_or(automatic.onset_ms);
                let peak = times[1].unwrap_or(automatic.peak_ms);
                now = Some(response(onset, &shape.between(onset, peak, Some(times[2].unwrap_or(automatic.neg_end_ms)))));
            }
        }
        SweepMeasurement {
            sweep: self.sweep,
            method: METHOD.to_owned(),
            stimulus_known: self.stimulus_known,
            zero_s: self.zero_s,
            response: now.filter(|_| !context.no_response.contains(&self.sweep)),
            automatic: self.automatic,
            placed: MarkerKind::MOTOR.into_iter().filter(|k| placed(*k).is_some()).collect(),
            ..SweepMeasurement::default()
        }
    }
}

struct AnalyzedTrains {
    trains: Vec<AnalyzedTrain>,
    left_out: Vec<SweepId>,
}

impl Analyzed for AnalyzedTrains {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut out = TestMeasurement { method: METHOD.to_owned(), ..TestMeasurement::default() };
        out.quality.extend(conditions::cold_limb(context.test));
        let mut summary = RepetitiveSummary::default();
        for train in &self.trains {
            let mut sweeps: Vec<SweepMeasurement> = train.sweeps.iter().map(|s| s.measurement(context)).collect();
            for sweep in sweeps.iter_mut().filter(|s| self.left_out.contains(&s.sweep)) {
                sweep.left_out = Some("left out by a person".into());
            }
            let of = |value: fn(&Response) -> f64| {
                sweeps.iter().map(|s| s.response.as_ref().filter(|_| s.left_out.is_none()).map_or(f64::NAN, value)).collect::<Vec<_>>()
            };
            let measured = summarise(train.site, of(|r| r.amp_uv), of(|r| r.area_uvms), summary.trains.first());
            out.quality.extend(train.quality.iter().cloned());
            out.quality.extend(doubts(context.test, train, &measured));
            summary.trains.push(measured);
            out.sweeps.extend(sweeps);
        }
        out.tables = std::iter::once(overview(context.test, &summary)).chain(self.each(context.test, &summary)).collect();
        out.charts = vec![chart(context.test, &summary)];
        out.summary = Summary::Repetitive(summary);
        out
    }
}

impl AnalyzedTrains {
    /// One table a train, response by response.
    fn each<'a>(&'a self, test: &'a NerveTest, summary: &'a RepetitiveSummary) -> impl Iterator<Item = Table> + 'a {
        self.trains.iter().zip(&summary.trains).map(|(train, measured)| {
            let columns = vec![
                Column::new("Amplitude", "mV", 2),
                Column::new("Change", "%", 1),
                Column::new("Area", "mV ms", 2),
                Column::new("Area change", "%", 1),
            ];
            let change =
                |values: &[f64], k: usize| Cell::maybe(Some(100.0 * (values[k] / values.first().copied().unwrap_or(f64::NAN) - 1.0)));
            let row = |k: usize| {
                let (amps, areas) = (&measured.amps_uv, &measured.areas_uvms);
                let cells = vec![Cell::maybe(Some(1e-3 * amps[k])), change(amps, k), Cell::maybe(Some(1e-3 * areas[k])), change(areas, k)];
                TableRow { sweep: train.sweeps.get(k).map(|s| s.sweep), ..TableRow::new((k + 1).to_string(), cells) }
            };
            Table { title: name(test, train.site), columns, rows: (0..measured.amps_uv.len()).map(row).collect(), note: String::new() }
        })
    }
}

fn name(test: &NerveTest, site: usize) -> String {
    test.sites.get(site).map(|s| s.name.clone()).filter(|n| !n.is_empty()).unwrap_or_else(|| format!("Train {}", site + 1))
}

/// Values of one train; `rest`: the first train of the protocol.
pub fn summarise(site: usize, amps_uv: Vec<f64>, areas_uvms: Vec<f64>, rest: Option<&TrainSummary>) -> TrainSummary {
    let fall = |values: &[f64], k: usize| {
        let (first, other) = (*values.first()?, *values.get(k)?);
        Some(100.0 * (1.0 - other / first)).filter(|v| v.is_finite() && first > 0.0)
    };
    let falls: Vec<(usize, f64)> = (1..amps_uv.len()).filter_map(|k| Some((k, fall(&amps_uv, k)?))).collect();
    let largest = falls.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
    let rise = falls.iter().map(|(_, f)| -f).fold(f64::NEG_INFINITY, f64::max);
    let decrement4_pct = fall(&amps_uv, 3);
    let facilitation = rest.and_then(|rest| Some(100.0 * (amps_uv.first()? / rest.amps_uv.first()? - 1.0))).filter(|v| v.is_finite());
    TrainSummary {
        site,
        decrement5_pct: fall(&amps_uv, 4),
        decrement_largest_pct: largest.map(|l| l.1.max(0.0)),
        smallest: largest.filter(|l| l.1 > 0.0).map(|l| l.0 + 1),
        area_decrement4_pct: fall(&areas_uvms, 3),
        increment_pct: rise.is_finite().then_some(rise.max(0.0)),
        facilitation_pct: facilitation,
        repair_points: rest.and_then(|rest| Some(rest.decrement4_pct? - decrement4_pct?)),
        decrement4_pct,
        amps_uv,
        areas_uvms,
    }
}

/// What makes a fall or rise doubtful.
fn doubts(test: &NerveTest, train: &AnalyzedTrain, measured: &TrainSummary) -> Vec<QualityFlag> {
    let mut out = Vec::new();
    let mut say = |kind, what: String| out.push(QualityFlag { kind, what: format!("{}: {what}", name(test, train.site)) });
    let worst = train.sweeps.iter().enumerate().filter(|(_, s)| s.misfit > SHAPE).max_by(|a, b| a.1.misfit.total_cmp(&b.1.misfit));
    if let Some((k, sweep)) = worst {
        let what = format!(
            "response {} differs in shape from the others ({:.0} % of it is not explained by scaling them): movement or a slipped electrode makes false decrements.",
            k + 1,
            100.0 * sweep.misfit
        );
        say(QualityKind::Movement, what);
    }
    let first = measured.amps_uv.first().copied().unwrap_or(f64::NAN);
    let steps: Vec<f64> = measured.amps_uv.windows(2).map(|w| 100.0 * (w[1] - w[0]) / first).collect();
    let jumps = steps.windows(2).filter(|w| w[0] * w[1] < 0.0 && w[0].abs() > JUMP_PCT && w[1].abs() > JUMP_PCT).count();
    if jumps >= 2 {
        say(QualityKind::Movement, "sizes jump up and down from response to response; a true decrement is smooth.".into());
    }
    if measured.amps_uv.len() < 5 {
        say(QualityKind::TooFew, format!("{} responses are few; trains have 5 to 10.", measured.amps_uv.len()));
    }
    let missing = measured.amps_uv.iter().filter(|a| a.is_nan()).count();
    if missing > 0 && missing < measured.amps_uv.len() {
        say(QualityKind::LeftOut, format!("{missing} of {} responses are missing.", measured.amps_uv.len()));
    }
    out
}

fn overview(test: &NerveTest, summary: &RepetitiveSummary) -> Table {
    let columns = vec![
        Column::new("First amplitude", "mV", 2),
        Column::new("Decrement 1-4", "%", 1),
        Column::new("Decrement 1-5", "%", 1),
        Column::new("Largest decrement", "%", 1),
        Column::new("Area decrement 1-4", "%", 1),
        Column::new("Increment", "%", 0),
        Column::new("Facilitation", "%", 0),
        Column::new("Repair", "points", 1),
    ];
    let slow = test.rate_hz.is_none_or(|hz| hz <= SLOW_HZ);
    let fall = |v: Option<f64>| match v {
        Some(v) if slow && v >= DECREMENT_PCT => Cell::Abnormal(v),
        v => Cell::maybe(v),
    };
    let rise = |v: Option<f64>| match v {
        Some(v) if v >= INCREMENT_PCT => Cell::Abnormal(v),
        v => Cell::maybe(v),
    };
    let row = |t: &TrainSummary| {
        let cells = vec![
            Cell::maybe(t.amps_uv.first().map(|v| 1e-3 * v)),
            fall(t.decrement4_pct),
            fall(t.decrement5_pct),
            fall(t.decrement_largest_pct),
            fall(t.area_decrement4_pct),
            rise(t.increment_pct),
            rise(t.facilitation_pct),
            Cell::maybe(t.repair_points),
        ];
        TableRow::new(name(test, t.site), cells)
    };
    let note = "Abnormal: a fall of 10 % or more at 2 to 5 Hz (Chiou-Tan 2001), a rise of 60 % or more (Oh 2005).".into();
    Table { title: "Trains".into(), columns, rows: summary.trains.iter().map(row).collect(), note }
}

fn chart(test: &NerveTest, summary: &RepetitiveSummary) -> Chart {
    let one = summary.trains.len() == 1;
    let series = summary.trains.iter().map(|t| Series {
        name: name(test, t.site),
        points: t.amps_uv.iter().enumerate().map(|(k, a)| [k as f64 + 1.0, 1e-3 * a]).collect(),
        look: if one { SeriesLook::Bars } else { SeriesLook::DotsAndLine },
    });
    Chart {
        title: "Amplitude by response".into(),
        x: Axis::new("Response", ""),
        y: Axis::new("Amplitude", "mV"),
        series: series.collect(),
        lines: Vec::new(),
    }
}
