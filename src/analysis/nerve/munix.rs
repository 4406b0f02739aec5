//! Motor unit number index (MUNIX) and size index (MUSIX).
//!
//! Nandedkar, Nandedkar, Barkhaus, Stalberg: IEEE Trans Biomed Eng 2004;51:2209, in the form of
//! Muscle Nerve 2010;42:798. Area and power of the negative phase of the supramaximal CMAP, and of
//! each epoch of surface interference pattern (SIP) at rising force, give the ideal-case motor unit
//! count `ICMUC = CMAP power * SIP area / (CMAP area * SIP power)`. A power law `ICMUC = A * (SIP
//! area)^alpha` is fitted to the accepted epochs; MUNIX is its value at a SIP area of 20 mV ms, MUSIX
//! the CMAP amplitude over MUNIX. Areas of epochs are those of 300 ms.
//!
//! Input: the first sweep with a stimulus is the CMAP; sweeps of other sites are epochs; longer ones
//! are cut into epochs of 0.5 s. A person's onset and end of the negative phase bound it, else its
//! passages through zero; the artefact (up to 1.5 ms) is left out. Samples that are no numbers count
//! as zero. Fewer than three accepted epochs give no index. Cost: one pass through the samples.

use super::motor::AnalyzedSweep;
use crate::analysis::{Analyzed, Analyzer, Context, SweepInput, TestInput};
use crate::model::{
    Axis, Cell, Chart, ChartLine, Column, MarkerKind, MunixSummary, QualityFlag, QualityKind, Series, SeriesLook, Summary, SweepId,
    SweepMeasurement, Table, TableRow, TestKind, TestMeasurement,
};

/// Name and version.
pub const METHOD: &str = "munix/1";
/// SIP area at which the index is read, mV ms.
const AT_AREA: f64 = 20.0;
/// Length that areas of epochs refer to, s.
const EPOCH_S: f64 = 0.3;
/// Longer sweeps are cut into epochs of this length, s.
const CUT_S: (f64, f64) = (1.0, 0.5);
/// Behind the stimulus, ms: artefact.
const ARTEFACT_MS: f64 = 1.5;
/// Accepted epochs: least SIP area (mV ms), ICMUC below, SIP area over CMAP area above.
const ACCEPTED: (f64, f64, f64) = (20.0, 100.0, 1.0);
const FEWEST: usize = 3;

/// The analyzer of MUNIX.
#[derive(Debug, Clone, Copy)]
pub struct Munix;

impl Analyzer for Munix {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::Munix
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let kept = |sweep: &&SweepInput| !input.left_out.contains(&sweep.sweep);
        let cmap = input.sweeps.iter().filter(kept).find(|sweep| sweep.stimulus_s.is_some());
        let epochs = input.sweeps.iter().filter(kept).filter(|sweep| cmap.is_some_and(|cmap| cmap.site != sweep.site) || cmap.is_none());
        Box::new(AnalyzedMunix { cmap: cmap.map(Cmap::new), epochs: epochs.flat_map(cut).collect() })
    }
}

/// The supramaximal response, baseline and artefact removed.
struct Cmap {
    sweep: AnalyzedSweep,
    id: SweepId,
    mv: Vec<f64>,
    fs_hz: f64,
    stimulus: f64,
}

impl Cmap {
    fn new(input: &SweepInput) -> Self {
        let stimulus = input.stimulus_s.unwrap_or(0.0) * input.fs_hz;
        let i0 = (stimulus.round().max(0.0) as usize).min(input.uv.len());
        let before: Vec<f64> = input.uv[..i0].iter().copied().filter(|uv| uv.is_finite()).collect();
        let baseline = if before.is_empty() { 0.0 } else { before.iter().sum::<f64>() / before.len() as f64 };
        let mut mv: Vec<f64> = input.uv.iter().map(|uv| if uv.is_finite() { (uv - baseline) * 1e-3 } else { 0.0 }).collect();
        let clean = ((stimulus + ARTEFACT_MS * 1e-3 * input.fs_hz).max(0.0) as usize).min(mv.len());
        mv[..clean].fill(0.0);
        Self { sweep: AnalyzedSweep::new(input), id: input.sweep, mv, fs_hz: input.fs_hz, stimulus }
    }

    /// Amplitude (uV), area (mV ms) and power (mV^2 ms) of the negative phase; a person's markers
    /// bound it.
    fn negative_phase(&self, measured: &SweepMeasurement) -> Option<[f64; 3]> {
        let peak = (0..self.mv.len()).max_by(|a, b| self.mv[*a].total_cmp(&self.mv[*b]))?;
        let mut end = self.mv[peak..].iter().position(|mv| *mv <= 0.0).map_or(self.mv.len(), |n| peak + n);
        let mut start = self.mv[..=peak].iter().rposition(|mv| *mv <= 0.0).unwrap_or(0);
        let placed = |kind: MarkerKind| {
            let ms = measured.response.as_ref()?.marker_ms(kind).filter(|_| measured.placed.contains(&kind))?;
            Some(((self.stimulus + ms * 1e-3 * self.fs_hz).round().max(0.0) as usize).min(self.mv.len()))
        };
        start = placed(MarkerKind::Onset).unwrap_or(start);
        end = placed(MarkerKind::NegativeEnd).unwrap_or(end);
        let phase = self.mv.get(start..end)?;
        let per_ms = self.fs_hz * 1e-3;
        let area = phase.iter().sum::<f64>() / per_ms;
        let power = phase.iter().map(|mv| mv * mv).sum::<f64>() / per_ms;
        let amp = phase.iter().copied().fold(0.0, f64::max) * 1e3;
        (area > 0.0 && power > 0.0 && area.is_finite()).then_some([amp, area, power])
    }
}

/// One epoch of interference pattern: its sweep, area (mV ms) and power (mV^2 ms) of 300 ms.
struct Epoch {
    sweep: SweepId,
    area: f64,
    power: f64,
}

/// Epochs of a sweep.
fn cut(input: &SweepInput) -> Vec<Epoch> {
    if !input.fs_hz.is_finite() || input.fs_hz <= 0.0 || input.uv.is_empty() {
        return Vec::new();
    }
    let length = if input.uv.len() as f64 > CUT_S.0 * input.fs_hz { (CUT_S.1 * input.fs_hz) as usize } else { input.uv.len() };
    let epoch = |part: &[f64]| {
        let valid: Vec<f64> = part.iter().copied().filter(|uv| uv.is_finite()).collect();
        let mean = valid.iter().sum::<f64>() / valid.len().max(1) as f64;
        let scale = EPOCH_S * input.fs_hz / part.len() as f64 / (input.fs_hz * 1e-3);
        let area = valid.iter().map(|uv| (uv - mean).abs() * 1e-3).sum::<f64>() * scale;
        let power = valid.iter().map(|uv| (uv - mean) * (uv - mean) * 1e-6).sum::<f64>() * scale;
        Epoch { sweep: input.sweep, area, power }
    };
    input.uv.chunks_exact(length.max(1)).map(epoch).collect()
}

struct AnalyzedMunix {
    cmap: Option<Cmap>,
    epochs: Vec<Epoch>,
}

/// An epoch against the CMAP.
struct Point<'a> {
    epoch: &'a Epoch,
    icmuc: f64,
    /// Why it is left out; empty: it counts.
    why: String,
}

/// `factor * area^exponent` through points of positive coordinates, by least squares of logarithms.
fn power_law(points: &[[f64; 2]]) -> Option<[f64; 2]> {
    let n = points.len() as f64;
    let logs: Vec<[f64; 2]> = points.iter().map(|p| [p[0].ln(), p[1].ln()]).collect();
    let (mx, my) = (logs.iter().map(|p| p[0]).sum::<f64>() / n, logs.iter().map(|p| p[1]).sum::<f64>() / n);
    let sxx = logs.iter().map(|p| (p[0] - mx) * (p[0] - mx)).sum::<f64>();
    let sxy = logs.iter().map(|p| (p[0] - mx) * (p[1] - my)).sum::<f64>();
    (points.len() >= FEWEST && sxx > 1e-9).then(|| [(my - sxy / sxx * mx).exp(), sxy / sxx])
}

impl AnalyzedMunix {
    fn points(&self, area: f64, power: f64) -> Vec<Point<'_>> {
        self.epochs.iter().map(|epoch| Point::new(epoch, area, power)).collect()
    }
}

impl<'a> Point<'a> {
    /// An epoch against a CMAP of this area and power.
    fn new(epoch: &'a Epoch, area: f64, power: f64) -> Self {
        let icmuc = power * epoch.area / (area * epoch.power);
        // A value that is no number meets no condition.
        let large = epoch.area > ACCEPTED.0;
        let plausible = icmuc < ACCEPTED.1;
        let above = epoch.area / area > ACCEPTED.2;
        let why = match (large, plausible, above) {
            (false, ..) => format!("area not above {:.0} mV ms", ACCEPTED.0),
            (_, false, _) => format!("ICMUC of {:.0} or more", ACCEPTED.1),
            (.., false) => "area not above that of the CMAP".to_owned(),
            _ => String::new(),
        };
        Self { epoch, icmuc, why }
    }
}

impl Analyzed for AnalyzedMunix {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let flag = |kind, what: &str| QualityFlag { kind, what: what.to_owned() };
        let mut out = TestMeasurement { method: METHOD.into(), ..TestMeasurement::default() };
        let Some(cmap) = &self.cmap else {
            out.quality.push(flag(QualityKind::StimulusUnknown, "No sweep with a stimulus: MUNIX needs a supramaximal CMAP."));
            out.summary = Summary::Munix(MunixSummary::default());
            return out;
        };
        let measured = cmap.sweep.measurement(METHOD, context);
        let mut summary = MunixSummary { epochs: [0, self.epochs.len()], ..MunixSummary::default() };
        let phase = if context.no_response.contains(&cmap.id) { None } else { cmap.negative_phase(&measured) };
        out.sweeps.push(measured);
        if let Some([amp_uv, area, power]) = phase {
            let points = self.points(area, power);
            let accepted: Vec<[f64; 2]> = points.iter().filter(|p| p.why.is_empty()).map(|p| [p.epoch.area, p.icmuc]).collect();
            let law = power_law(&accepted);
            let munix = law.map(|[factor, exponent]| factor * AT_AREA.powf(exponent)).filter(|munix| munix.is_finite() && *munix > 0.0);
            summary = MunixSummary {
                munix,
                musix_uv: munix.map(|munix| amp_uv / munix),
                cmap_uv: Some(amp_uv),
                cmap_area_mvms: Some(area),
                cmap_power: Some(power),
                factor: law.map(|law| law[0]),
                exponent: law.map(|law| law[1]),
                epochs: [accepted.len(), points.len()],
            };
            if munix.is_none() {
                let what = format!("{} of {} epochs can be used; it takes 3 of different force.", accepted.len(), points.len());
                out.quality.push(flag(QualityKind::TooFew, &what));
            }
            if amp_uv < 500.0 {
                out.quality.push(flag(QualityKind::Noise, "The CMAP is below 0.5 mV: MUNIX is not to be relied on."));
            }
            out.charts.push(chart(&points, law));
            out.tables = tables(&summary, &points);
        }
        out.summary = Summary::Munix(summary);
        out
    }
}

fn tables(summary: &MunixSummary, points: &[Point]) -> Vec<Table> {
    let columns = vec![
        Column::new("MUNIX", "", 0),
        Column::new("MUSIX", "\u{b5}V", 0),
        Column::new("CMAP", "mV", 2),
        Column::new("Area", "mV ms", 1),
        Column::new("Power", "mV\u{b2} ms", 1),
        Column::new("Factor", "", 1),
        Column::new("Exponent", "", 2),
        Column::words("Epochs used"),
    ];
    let cells = vec![
        Cell::maybe(summary.munix),
        Cell::maybe(summary.musix_uv),
        Cell::maybe(summary.cmap_uv.map(|uv| uv * 1e-3)),
        Cell::maybe(summary.cmap_area_mvms),
        Cell::maybe(summary.cmap_power),
        Cell::maybe(summary.factor),
        Cell::maybe(summary.exponent),
        Cell::text(format!("{} of {}", summary.epochs[0], summary.epochs[1])),
    ];
    let note = "Nandedkar et al., IEEE Trans Biomed Eng 2004;51:2209; Muscle Nerve 2010;42:798. An index, no count of motor units.";
    let index = Table { title: "MUNIX".into(), columns, rows: vec![TableRow::new("MUNIX", cells)], note: note.into() };
    let row = |(number, point): (usize, &Point)| {
        let used = if point.why.is_empty() { "used".to_owned() } else { format!("left out: {}", point.why) };
        let cells = vec![
            Cell::maybe(Some(point.epoch.area)),
            Cell::maybe(Some(point.epoch.power)),
            Cell::maybe(Some(point.icmuc)),
            Cell::text(used),
        ];
        TableRow { sweep: Some(point.epoch.sweep), ..TableRow::new((number + 1).to_string(), cells) }
    };
    let columns =
        vec![Column::new("Area", "mV ms", 1), Column::new("Power", "mV\u{b2} ms", 1), Column::new("ICMUC", "", 1), Column::words("")];
    let rows = points.iter().enumerate().map(row).collect();
    vec![index, Table { title: "Epochs".into(), columns, rows, note: "Area and power of 300 ms.".into() }]
}

fn chart(points: &[Point], law: Option<[f64; 2]>) -> Chart {
    let series = |name: &str, used: bool| Series {
        name: name.into(),
        points: points.iter().filter(|p| p.why.is_empty() == used).map(|p| [p.epoch.area, p.icmuc]).collect(),
        look: SeriesLook::Dots,
    };
    let mut all = vec![series("Epochs", true), series("Left out", false)];
    all.retain(|series| !series.points.is_empty());
    if let Some([factor, exponent]) = law {
        let most = points.iter().map(|p| p.epoch.area).fold(AT_AREA * 2.0, f64::max);
        let curve = (0..=60).map(|k| AT_AREA * 0.9 * (most / (AT_AREA * 0.9)).powf(f64::from(k) / 60.0));
        let points = curve.map(|area| [area, factor * area.powf(exponent)]).collect();
        all.push(Series { name: format!("{factor:.0} \u{d7} area^{exponent:.2}"), points, look: SeriesLook::Line });
    }
    Chart {
        title: "Ideal-case motor unit count".into(),
        x: Axis::new("SIP area", "mV ms"),
        y: Axis::new("ICMUC", ""),
        series: all,
        lines: vec![ChartLine { name: "20 mV ms".into(), at: AT_AREA, vertical: true }],
    }
}
