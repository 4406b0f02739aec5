//! The F wave study of a nerve: latencies, persistence, chronodispersion, A waves.
//!
//! Definitions after Kimura (Electrodiagnosis in Diseases of Nerve and Muscle): persistence is the
//! share of stimuli with an F wave, chronodispersion the longest less the shortest latency, the F
//! ratio `(F - M - 1) / 2 M`. Repeaters are F waves that come again in the same place and shape.
//! Limits of the shortest latency: Buschbacher (Manual of Nerve Conduction Studies), 97th
//! percentile, pooled over height (read in a secondary source).
//!
//! Contract: sweeps of different rates at one site, or without a stimulus, give no F waves and say
//! so. Cost: about 60 ms a site of 30 sweeps, three times that
//! beside an A wave; markers cost microseconds.

use super::conditions;
use super::f_wave::{self, Found};
use super::late_marks::LateSweep;
use super::motor::AnalyzedSweep;
use crate::analysis::{Analyzed, Analyzer, Context, SweepInput, TestInput};
use crate::dsp::robust::median;
use crate::model::{
    AWaveSummary, Axis, Cell, Chart, ChartLine, Column, FWaveSite, FWaveSummary, LateKind, LateResponse, NerveTest, QualityFlag,
    QualityKind, Series, SeriesLook, Summary, SweepId, SweepMeasurement, Table, TableRow, TestKind, TestMeasurement,
};

/// Name and version; goes into every measurement.
pub const METHOD: &str = "f-wave/3";
/// Fewer stimuli say little about persistence (ten are the least in use, twenty recommended).
const ENOUGH: usize = 10;
/// What the table says of the F ratio (Kimura, *Electrodiagnosis in diseases of nerve and muscle*).
const F_RATIO: &str = "F ratio: (F min \u{2212} M \u{2212} 1 ms) / 2 M.";
/// And of stimulation at a distal site (terminology after Attarian and others, Clin Neurophysiol
/// 2001;112:457, recalled).
const MODIFIED_F_RATIO: &str = "the modified F ratio, with the distal latency as M; it falls where the distal segment is slowed (Attarian and others 2001, recalled, not re-read).";
/// Upper limits of the shortest latency, ms: nerve, limit (Buschbacher's manual, 97th percentile).
const LIMITS_MS: [(&str, f64); 5] = [("median", 31.6), ("ulnar", 31.5), ("fibular", 61.2), ("peron", 61.2), ("tibial", 61.4)];
const LIMIT_SOURCE: &str = "Limits of the shortest latency: Buschbacher, Manual of Nerve Conduction Studies, 97th percentile, pooled over height (read in a secondary source).";

/// The upper limit of the shortest F latency for a nerve, ms.
pub fn limit_ms(nerve: &str) -> Option<f64> {
    let nerve = nerve.to_lowercase();
    LIMITS_MS.iter().find(|(name, _)| nerve.contains(name)).map(|(_, ms)| *ms)
}

/// The analyzer of F waves.
#[derive(Debug, Clone, Copy)]
pub struct FWaves;

impl Analyzer for FWaves {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::FWave
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let sites = (0..input.test.sites.len()).map(|site| AnalyzedSite::new(input, site)).collect();
        Box::new(AnalyzedF { sites, left_out: input.left_out.clone() })
    }
}

struct AnalyzedSite {
    site: usize,
    sweeps: Vec<LateSweep>,
    a_wave: Option<AWaveSummary>,
    repeaters: Vec<Option<usize>>,
    doubt: Option<QualityFlag>,
}

impl AnalyzedSite {
    fn new(input: &TestInput, site: usize) -> Self {
        let of_site: Vec<&SweepInput> = input.sweeps.iter().filter(|s| s.site == site).collect();
        let kept: Vec<&SweepInput> = of_site.iter().copied().filter(|s| !input.left_out.contains(&s.sweep)).collect();
        let fs_hz = kept.first().map_or(0.0, |s| s.fs_hz);
        let traces: Vec<(&[f64], f64)> = kept.iter().filter_map(|s| Some((s.uv.as_slice(), s.stimulus_s?))).collect();
        let together = traces.len() == kept.len() && kept.iter().all(|s| s.fs_hz == fs_hz);
        let found = if together { f_wave::find(&traces, fs_hz) } else { None };
        let doubt = found.is_none().then(|| QualityFlag {
            kind: QualityKind::TooShort,
            what: "No F waves could be looked for: the sweeps of a site need one sampling rate, a known stimulus and at least 20 ms behind the M wave.".into(),
        });
        let repeaters = found.as_ref().map(repeaters).unwrap_or_default();
        let a_wave = found.as_ref().and_then(|f| f.a.as_ref()).map(|a| AWaveSummary {
            onset_ms: a.onset_ms,
            pp_uv: a.pp_uv,
            sweeps: a.holds.iter().filter(|h| **h).count(),
        });
        let sweeps = of_site
            .iter()
            .map(|input| {
                let at = kept.iter().position(|k| k.sweep == input.sweep);
                let late = found.as_ref().zip(at).map(|(found, q)| late(found, q)).unwrap_or_default();
                let mut sweep = LateSweep::plain(input, late);
                if let (Some(found), Some(q)) = (&found, at) {
                    sweep.late_uv.clone_from(&found.ensemble.late_uv[q]);
                    sweep.first_ms = found.all.first_ms;
                }
                sweep.direct = Some(AnalyzedSweep::new(input));
                sweep
            })
            .collect();
        Self { site, sweeps, a_wave, repeaters, doubt }
    }
}

/// What a sweep holds behind its M wave.
fn late(found: &Found, q: usize) -> Vec<LateResponse> {
    let mut out = Vec::new();
    if let Some(f) = &found.f[q] {
        out.push(LateResponse { kind: LateKind::F, onset_ms: f.onset_ms, end_ms: Some(f.end_ms), amp_uv: f.amp_uv, pp_uv: f.pp_uv });
    }
    if let Some(a) = found.a.as_ref().filter(|a| a.holds[q]) {
        out.push(LateResponse { kind: LateKind::A, onset_ms: a.onset_ms, end_ms: None, amp_uv: a.amp_uv, pp_uv: a.pp_uv });
    }
    out.sort_by(|a, b| a.onset_ms.total_cmp(&b.onset_ms));
    out
}

/// For every sweep the group of equal F waves that its own belongs to: within 0.3 ms of latency and
/// a quarter of the larger one's power of difference.
fn repeaters(found: &Found) -> Vec<Option<usize>> {
    let n = found.f.len();
    let shape = |q: usize| {
        let f = found.f[q].as_ref()?;
        let from = found.all.index(f.onset_ms - 1.0);
        found.ensemble.late_uv[q].get(from..found.all.index(f.onset_ms + 10.0))
    };
    let mut groups: Vec<Option<usize>> = vec![None; n];
    for q in 0..n {
        let (Some(f), Some(own)) = (&found.f[q], shape(q)) else { continue };
        for p in 0..q {
            let (Some(g), Some(other)) = (&found.f[p], shape(p)) else { continue };
            let power = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
            let apart: f64 = own.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
            if (f.onset_ms - g.onset_ms).abs() < 0.3 && apart < 0.25 * power(own).max(power(other)) {
                groups[q] = groups[p].or(Some(p));
                groups[p] = groups[q];
                break;
            }
        }
    }
    groups
}

struct AnalyzedF {
    sites: Vec<AnalyzedSite>,
    left_out: Vec<SweepId>,
}

impl Analyzed for AnalyzedF {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut out = TestMeasurement { method: METHOD.to_owned(), ..TestMeasurement::default() };
        out.quality.extend(conditions::cold_limb(context.test));
        let mut summary = FWaveSummary::default();
        for site in &self.sites {
            let mut sweeps: Vec<SweepMeasurement> = site.sweeps.iter().map(|s| s.measurement(METHOD, LateKind::F, context)).collect();
            for sweep in sweeps.iter_mut().filter(|s| self.left_out.contains(&s.sweep)) {
                sweep.left_out = Some("left out by a person".into());
            }
            if !sweeps.is_empty() {
                out.quality.extend(site.doubt.clone());
                summary.sites.push(summarise(site, &sweeps));
            }
            out.sweeps.extend(sweeps);
        }
        for site in summary.sites.iter().filter(|s| s.stimuli < ENOUGH) {
            out.quality.push(QualityFlag {
                kind: QualityKind::TooFew,
                what: format!("{}: {} stimuli are few for F waves; 10 to 20 are usual.", name(context.test, site.site), site.stimuli),
            });
        }
        out.tables = vec![overview(context.test, &summary), each(&out.sweeps)];
        out.charts = vec![chart(context.test, &out.sweeps)];
        out.summary = Summary::FWave(summary);
        out
    }
}

fn name(test: &NerveTest, site: usize) -> String {
    test.sites.get(site).map(|s| s.name.clone()).filter(|n| !n.is_empty()).unwrap_or_else(|| format!("Site {}", site + 1))
}

fn f_of(sweep: &SweepMeasurement) -> Option<&LateResponse> {
    sweep.late.iter().find(|late| late.kind == LateKind::F)
}

fn summarise(site: &AnalyzedSite, sweeps: &[SweepMeasurement]) -> FWaveSite {
    let counted: Vec<&SweepMeasurement> = sweeps.iter().filter(|s| s.left_out.is_none()).collect();
    let waves: Vec<&LateResponse> = counted.iter().filter_map(|s| f_of(s)).collect();
    let known = |values: Vec<f64>| (!values.is_empty()).then(|| median(&values));
    let m_latency_ms = known(counted.iter().filter_map(|s| Some(s.response?.onset_ms)).collect());
    let m_amp_uv = known(counted.iter().filter_map(|s| Some(s.response?.amp_uv)).collect());
    let n = waves.len() as f64;
    let mean = |value: &dyn Fn(&LateResponse) -> f64| (n > 0.0).then(|| waves.iter().map(|w| value(w)).sum::<f64>() / n);
    let onsets = || waves.iter().map(|w| w.onset_ms);
    let (min, max) = (onsets().fold(f64::INFINITY, f64::min), onsets().fold(f64::NEG_INFINITY, f64::max));
    let some = |v: f64| v.is_finite().then_some(v);
    let f_minus_m_ms = some(min).zip(m_latency_ms).map(|(f, m)| f - m);
    let repeating = site.repeaters.iter().filter(|g| g.is_some()).count() as f64;
    FWaveSite {
        site: site.site,
        m_latency_ms,
        m_amp_uv,
        stimuli: counted.len(),
        present: waves.len(),
        persistence_pct: 100.0 * n / counted.len().max(1) as f64,
        min_ms: some(min),
        mean_ms: mean(&|w| w.onset_ms),
        max_ms: some(max),
        chronodispersion_ms: some(max - min),
        f_minus_m_ms,
        f_ratio: f_minus_m_ms.zip(m_latency_ms).filter(|(_, m)| *m > 0.0).map(|(d, m)| (d - 1.0) / (2.0 * m)),
        mean_pp_uv: mean(&|w| w.pp_uv),
        f_m_amp_pct: mean(&|w| w.amp_uv).zip(m_amp_uv).filter(|(_, m)| *m > 0.0).map(|(f, m)| 100.0 * f / m),
        repeaters_pct: (n > 0.0).then(|| 100.0 * (repeating / n).min(1.0)),
        a_wave: site.a_wave.clone(),
    }
}

/// Whether a site is one that the F ratio was not made for: it compares the halves of a nerve that is
/// stimulated at the elbow or the knee.
fn is_distal(site: &str) -> bool {
    let site = site.to_lowercase();
    ["wrist", "ankle", "palm", "hand", "foot"].iter().any(|word| site.contains(word))
}

fn overview(test: &NerveTest, summary: &FWaveSummary) -> Table {
    let limit = limit_ms(&test.nerve);
    let columns = vec![
        Column::new("M latency", "ms", 1),
        Column::new("F min", "ms", 1),
        Column::new("F mean", "ms", 1),
        Column::new("F max", "ms", 1),
        Column::new("Chronodispersion", "ms", 1),
        Column::new("F-M", "ms", 1),
        Column::new("F ratio", "", 2),
        Column::new("Persistence", "%", 0),
        Column::new("F/M amplitude", "%", 1),
        Column::new("Repeaters", "%", 0),
        Column::words("A wave"),
        Column::new("F min limit", "ms", 1),
    ];
    let row = |site: &FWaveSite| {
        let min = match (site.min_ms, limit) {
            (Some(ms), Some(limit)) if ms > limit => Cell::Abnormal(ms),
            (ms, _) => Cell::maybe(ms),
        };
        let a =
            site.a_wave.as_ref().map_or(Cell::Empty, |a| Cell::text(format!("{:.1} ms in {} of {}", a.onset_ms, a.sweeps, site.stimuli)));
        let cells = vec![
            Cell::maybe(site.m_latency_ms),
            min,
            Cell::maybe(site.mean_ms),
            Cell::maybe(site.max_ms),
            Cell::maybe(site.chronodispersion_ms),
            Cell::maybe(site.f_minus_m_ms),
            Cell::maybe(site.f_ratio),
            Cell::Number(site.persistence_pct),
            Cell::maybe(site.f_m_amp_pct),
            Cell::maybe(site.repeaters_pct),
            a,
            Cell::maybe(limit),
        ];
        TableRow::new(name(test, site.site), cells)
    };
    let mut note = vec![F_RATIO.to_owned()];
    let distal: Vec<String> = summary.sites.iter().map(|site| name(test, site.site)).filter(|name| is_distal(name)).collect();
    if !distal.is_empty() {
        note.push(format!("{}: {MODIFIED_F_RATIO}", distal.join(", ")));
    }
    if limit.is_some() {
        note.push(LIMIT_SOURCE.to_owned());
    }
    let note = note.join(" ");
    Table { title: "F waves".into(), columns, rows: summary.sites.iter().map(row).collect(), note }
}

fn each(sweeps: &[SweepMeasurement]) -> Table {
    let columns = vec![
        Column::new("M latency", "ms", 1),
        Column::new("F latency", "ms", 1),
        Column::new("F size", "\u{b5}V", 0),
        Column::new("A wave", "ms", 1),
    ];
    let row = |(i, sweep): (usize, &SweepMeasurement)| {
        let f = f_of(sweep);
        let a = sweep.late.iter().find(|late| late.kind == LateKind::A);
        let cells = vec![
            Cell::maybe(sweep.response.map(|r| r.onset_ms)),
            Cell::maybe(f.map(|f| f.onset_ms)),
            Cell::maybe(f.map(|f| f.pp_uv)),
            Cell::maybe(a.map(|a| a.onset_ms)),
        ];
        TableRow {
            sweep: Some(sweep.sweep),
            doubt: sweep.left_out.clone().unwrap_or_default(),
            ..TableRow::new((i + 1).to_string(), cells)
        }
    };
    Table { title: "Sweeps".into(), columns, rows: sweeps.iter().enumerate().map(row).collect(), note: String::new() }
}

fn chart(test: &NerveTest, sweeps: &[SweepMeasurement]) -> Chart {
    let points = |kind: LateKind| {
        let at = |(i, s): (usize, &SweepMeasurement)| Some([i as f64 + 1.0, s.late.iter().find(|l| l.kind == kind)?.onset_ms]);
        sweeps.iter().enumerate().filter(|(_, s)| s.left_out.is_none()).filter_map(at).collect::<Vec<_>>()
    };
    let series = [("F", LateKind::F), ("A", LateKind::A)].map(|(name, kind)| Series {
        name: name.into(),
        points: points(kind),
        look: SeriesLook::Dots,
    });
    Chart {
        title: "Late latencies".into(),
        x: Axis::new("Stimulus", ""),
        y: Axis::new("Latency", "ms"),
        series: series.into_iter().filter(|s| !s.points.is_empty()).collect(),
        lines: limit_ms(&test.nerve).map(|at| ChartLine { name: "Limit of F min".into(), at, vertical: false }).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::overview;
    use crate::model::{Cell, FWaveSite, FWaveSummary, NerveTest, Site};

    #[test]
    fn from_the_wrist_the_ratio_is_the_modified_one() {
        let site = |name: &str| Site { name: name.into(), ..Site::default() };
        let test = NerveTest { nerve: "Ulnar".into(), sites: vec![site("Wrist"), site("Elbow")], ..NerveTest::default() };
        let ratio = |site: usize| FWaveSite { site, f_ratio: Some(1.25), ..FWaveSite::default() };
        let table = overview(&test, &FWaveSummary { sites: vec![ratio(0), ratio(1)] });
        assert!(table.note.contains("/ 2 M. Wrist: the modified F ratio") && !table.note.contains("Elbow"), "{}", table.note);
        let elbow = overview(&test, &FWaveSummary { sites: vec![ratio(1)] });
        assert!(elbow.note.contains("F ratio") && !elbow.note.contains("modified"));
        assert!(matches!(table.rows[0].cells[6], Cell::Number(value) if value == 1.25));
    }
}
