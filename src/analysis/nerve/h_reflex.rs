//! H reflex: latency, recruitment of M and H with rising current, H/M ratio, pairs of stimuli.
//!
//! Each sweep is freed of level, mains, the shock's discharge and the M wave's tail by a robust
//! regression of what is neither M nor H (`flatten`). Where the H reflex is follows from the sweeps
//! in which it is large; its size is then read there in every sweep, so that the recruitment curve
//! is complete, and its latency is the shortest among clear ones (Buschbacher, Am J Phys Med Rehabil
//! 1999;78:S75; onset as in `wave`). Sweeps that come in pairs, the second of each smaller, are
//! compared pair by pair.
//!
//! Contract: one rate and a known stimulus; NaN counts as missing. Cost: about 1 ms a sweep beside
//! the M wave's 3 ms; markers cost microseconds.

use super::conditions;
use super::ensemble::flatten;
use super::late_marks::LateSweep;
use super::motor::{Analysis, AnalyzedSweep};
use super::train::Together;
use super::wave::{Flat, Wave, measure};
use crate::analysis::{Analyzed, Analyzer, Context, SweepInput, TestInput};
use crate::dsp::robust::{median, percentile};
use crate::model::{
    Axis, Cell, Chart, Column, HLevel, HReflexSummary, LateKind, LateResponse, QualityFlag, QualityKind, Series, SeriesLook, Summary,
    SweepId, SweepMeasurement, Table, TableRow, TestKind, TestMeasurement,
};

/// Name and version; goes into every measurement.
pub const METHOD: &str = "h-reflex/1";
const BEFORE_MS: f64 = 20.0;
const AFTER_MS: f64 = 120.0;
/// A clear H reflex: peak to peak, uV, and in rms of the noise.
const CLEAR_UV: f64 = 50.0;
const CLEAR_NOISE: f64 = 8.0;
/// The latency is read where the H reflex is at least this share of the largest.
const LATENCY_SHARE: f64 = 0.18;
/// And another one begins within this behind it, ms.
const CONFIRMS_MS: f64 = 0.4;
/// The M wave is over this long after its positive peak, ms.
const M_OVER_MS: f64 = 5.0;
/// No H reflex begins sooner after the stimulus, ms (flexor carpi radialis: about 16).
const SOONEST_MS: f64 = 11.0;
/// An H reflex lasts this long, ms.
const LASTS_MS: f64 = 16.0;
/// Limits of the latency, ms: soleus (Buschbacher 1999, 97th percentile, pooled) and flexor carpi
/// radialis (Buschbacher's manual, read in a secondary source).
const LIMITS_MS: [(&str, f64); 2] = [("tibial", 35.0), ("median", 18.9)];

/// The analyzer of H reflexes.
#[derive(Debug, Clone, Copy)]
pub struct HReflex;

impl Analyzer for HReflex {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::HReflex
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let inputs: Vec<&SweepInput> = input.sweeps.iter().collect();
        let fs_hz = inputs.first().map_or(0.0, |s| s.fs_hz);
        let traces: Vec<(&[f64], f64)> = inputs.iter().filter_map(|s| Some((s.uv.as_slice(), s.stimulus_s?))).collect();
        let together = traces.len() == inputs.len() && inputs.iter().all(|s| s.fs_hz == fs_hz);
        let found = if together { find(&traces, fs_hz) } else { None };
        let sweeps = inputs
            .iter()
            .enumerate()
            .map(|(q, input)| {
                let wave = found.as_ref().and_then(|f| f.h[q].clear);
                let late = wave.map(|w| LateResponse {
                    kind: LateKind::H,
                    onset_ms: w.onset_ms,
                    end_ms: Some(w.end_ms),
                    amp_uv: w.amp_uv,
                    pp_uv: w.pp_uv,
                });
                let mut sweep = LateSweep::plain(input, late.into_iter().collect());
                if let Some(found) = &found {
                    sweep.late_uv.clone_from(&found.late_uv[q]);
                    sweep.first_ms = found.all.first_ms;
                }
                // The M wave is the response in front of the H reflex, however small: it is looked for
                // in the sweep less everything from there on.
                let mut early = (*input).clone();
                if let (Some(found), Some(stimulus_s)) = (&found, input.stimulus_s) {
                    let lead = (stimulus_s * input.fs_hz).round() + found.all.first_ms * found.all.per_ms;
                    let from = found.all.index(found.from_ms - 1.5);
                    let rest = early.uv.get_mut(lead.max(0.0) as usize + from..).unwrap_or(&mut []);
                    for (v, late) in rest.iter_mut().zip(&found.late_uv[q][from..]) {
                        *v -= late;
                    }
                }
                sweep.direct = Some(AnalyzedSweep::new(&early));
                (sweep, input.current_ma, found.as_ref().map_or(f64::NAN, |f| f.h[q].pp_uv))
            })
            .collect();
        Box::new(AnalyzedH { sweeps, usable: found.is_some(), left_out: input.left_out.clone() })
    }
}

/// H reflexes of several sweeps.
#[derive(Debug, Clone)]
pub struct Found {
    /// Of every sweep.
    pub h: Vec<Level>,
    /// Sweeps less everything else, uV.
    pub late_uv: Vec<Vec<f64>>,
    /// Time axis.
    pub all: Together,
    /// Where the H reflex begins, about; without one, where the M wave is over, ms.
    pub from_ms: f64,
}

/// The H reflex of one sweep.
#[derive(Debug, Clone, Copy)]
pub struct Level {
    /// Size where the H reflex is, uV peak to peak; noise alone has some, too.
    pub pp_uv: f64,
    /// A clear one.
    pub clear: Option<Wave>,
}

/// Looks for the H reflex in sweeps of one channel: samples in uV, stimulus in seconds after the
/// first.
pub fn find(sweeps: &[(&[f64], f64)], fs_hz: f64) -> Option<Found> {
    let all = Together::new(sweeps, fs_hz, BEFORE_MS, AFTER_MS)?;
    let mut m: Vec<(f64, f64)> = Vec::new();
    for uv in &all.uv {
        if let Some(r) = Analysis::new(uv, fs_hz, Some(-all.first_ms * 1e-3), None).automatic().filter(|r| r.onset_ms < SOONEST_MS) {
            m.push((r.amp_uv, r.pos_peak_ms.unwrap_or(r.neg_end_ms + 2.0).min(r.neg_end_ms + 4.0)));
        }
    }
    // Where the M wave is over, from the largest ones.
    let largest = m.iter().map(|m| m.0).fold(0.0, f64::max);
    let ends: Vec<f64> = m.iter().filter(|m| m.0 > 0.3 * largest).map(|m| m.1).collect();
    let over = if ends.is_empty() { SOONEST_MS } else { (percentile(&ends, 90.0) + M_OVER_MS).clamp(SOONEST_MS, 30.0) };
    let last = all.time(all.len().checked_sub(1)?);
    if last < over + 10.0 {
        return None;
    }
    let free = |from: f64, to: f64| move |t: f64| t < -0.15 || (t >= over && !(from..to).contains(&t));
    let (mut late, mut noise) = flatten(&all, &free(f64::INFINITY, f64::INFINITY))?;
    let mut place: Option<f64> = None;
    for _ in 0..2 {
        let flat = |q: usize| Flat { uv: &late[q], per_ms: all.per_ms, first_ms: all.first_ms, noise_uv: noise, doubt_uv: 0.0 };
        let (from, to) = place.map_or((over, last), |p| ((p - 3.0).max(over), (p + LASTS_MS).min(last)));
        let waves: Vec<Option<Wave>> = (0..late.len()).map(|q| around(&flat(q), from, to, over)).collect();
        let size = |w: &Option<Wave>| w.map_or(0.0, |w| w.pp_uv);
        let top = waves.iter().map(size).fold(0.0, f64::max);
        let onsets: Vec<f64> = waves.iter().flatten().filter(|w| w.pp_uv >= (0.4 * top).max(CLEAR_UV)).map(|w| w.onset_ms).collect();
        if onsets.is_empty() {
            break;
        }
        let at = median(&onsets);
        place = Some(at);
        (late, noise) = flatten(&all, &free(at - 2.5, at + LASTS_MS + 4.0))?;
    }
    let least = CLEAR_UV.max(CLEAR_NOISE * noise);
    let level = |uv: &Vec<f64>| {
        let Some(at) = place else { return Level { pp_uv: 0.0, clear: None } };
        let flat = Flat { uv, per_ms: all.per_ms, first_ms: all.first_ms, noise_uv: noise, doubt_uv: 0.0 };
        let wave = around(&flat, (at - 3.0).max(over), (at + LASTS_MS).min(last), over);
        let clear = wave.filter(|w| w.pp_uv >= least && (w.onset_ms - at).abs() < 6.0);
        Level { pp_uv: wave.map_or(0.0, |w| w.pp_uv), clear }
    };
    Some(Found { h: late.iter().map(level).collect(), late_uv: late, all, from_ms: place.unwrap_or(over + 3.0) })
}

/// The wave between two times, from where it leaves the level.
fn around(flat: &Flat, from: f64, to: f64, earliest: f64) -> Option<Wave> {
    measure(flat, from, to, earliest)
}

struct AnalyzedH {
    sweeps: Vec<(LateSweep, Option<f64>, f64)>,
    usable: bool,
    left_out: Vec<SweepId>,
}

impl Analyzed for AnalyzedH {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut out = TestMeasurement { method: METHOD.to_owned(), ..TestMeasurement::default() };
        out.quality.extend(conditions::cold_limb(context.test));
        if !self.usable {
            let what = "No H reflex could be looked for: the sweeps need one sampling rate, a known stimulus and at least 10 ms behind the M wave.";
            out.quality.push(QualityFlag { kind: QualityKind::TooShort, what: what.into() });
        }
        let mut levels = Vec::new();
        for (sweep, current_ma, pp_uv) in &self.sweeps {
            let mut measured = sweep.measurement(METHOD, LateKind::H, context);
            if self.left_out.contains(&measured.sweep) {
                measured.left_out = Some("left out by a person".into());
            } else {
                let h = h_of(&measured);
                let declared = context.no_response.contains(&measured.sweep);
                let m_pp_uv = measured.response.map_or(0.0, |r| r.pp_uv.unwrap_or(r.amp_uv));
                let h_pp_uv = if declared { 0.0 } else { h.map_or(*pp_uv, |h| h.pp_uv) };
                levels.push(HLevel { sweep: measured.sweep, current_ma: *current_ma, m_pp_uv, h_pp_uv, h_onset_ms: h.map(|h| h.onset_ms) });
            }
            out.sweeps.push(measured);
        }
        let summary = summarise(levels);
        out.tables = vec![overview(&context.test.nerve, &summary), each(&summary)];
        out.charts = vec![chart(&summary)];
        out.summary = Summary::HReflex(summary);
        out
    }
}

fn h_of(sweep: &SweepMeasurement) -> Option<&LateResponse> {
    sweep.late.iter().find(|late| late.kind == LateKind::H)
}

/// Values of all levels together.
pub fn summarise(levels: Vec<HLevel>) -> HReflexSummary {
    let most = |value: fn(&HLevel) -> f64| levels.iter().map(value).filter(|v| *v > 0.0).max_by(f64::total_cmp);
    let (h_max_uv, m_max_uv) = (most(|l| l.h_pp_uv).filter(|_| levels.iter().any(|l| l.h_onset_ms.is_some())), most(|l| l.m_pp_uv));
    let least_ma = |has: &dyn Fn(&HLevel) -> bool| levels.iter().filter(|l| has(l)).filter_map(|l| l.current_ma).min_by(f64::total_cmp);
    HReflexSummary {
        latency_ms: shortest(&levels, h_max_uv.unwrap_or(0.0)),
        h_m_ratio: h_max_uv.zip(m_max_uv).map(|(h, m)| h / m),
        h_max_uv,
        m_max_uv,
        h_threshold_ma: least_ma(&|l| l.h_onset_ms.is_some()),
        m_threshold_ma: least_ma(&|l| l.m_pp_uv > 0.0),
        paired_pct: paired(&levels),
        levels,
    }
}

/// The shortest latency of large H reflexes that another one confirms.
fn shortest(levels: &[HLevel], h_max_uv: f64) -> Option<f64> {
    let large = levels.iter().filter(|l| l.h_pp_uv >= LATENCY_SHARE * h_max_uv);
    let mut onsets: Vec<f64> = large.filter_map(|l| l.h_onset_ms).collect();
    onsets.sort_by(f64::total_cmp);
    onsets.windows(2).find(|w| w[1] - w[0] < CONFIRMS_MS).map(|w| w[0]).or(onsets.first().copied())
}

/// Second over first H reflex where sweeps come in pairs of one current and the second is smaller in
/// nearly all of at least four.
fn paired(levels: &[HLevel]) -> Option<f64> {
    let pairs: Vec<&[HLevel]> = levels.chunks_exact(2).collect();
    let same = |p: &[HLevel]| match (p[0].current_ma, p[1].current_ma) {
        (Some(a), Some(b)) => (a - b).abs() < 0.02 * a.abs(),
        (a, b) => a.is_none() && b.is_none(),
    };
    let ratios: Vec<f64> =
        pairs.iter().filter(|p| same(p) && p[0].h_onset_ms.is_some()).map(|p| 100.0 * p[1].h_pp_uv / p[0].h_pp_uv).collect();
    let smaller = ratios.iter().filter(|r| **r < 95.0).count();
    (ratios.len() >= 4 && ratios.len() == pairs.len() && smaller * 10 >= ratios.len() * 8).then(|| median(&ratios))
}

fn overview(nerve: &str, summary: &HReflexSummary) -> Table {
    let nerve = nerve.to_lowercase();
    let limit = LIMITS_MS.iter().find(|(name, _)| nerve.contains(name)).map(|(_, ms)| *ms);
    let latency = match (summary.latency_ms, limit) {
        (Some(ms), Some(limit)) if ms > limit => Cell::Abnormal(ms),
        (ms, _) => Cell::maybe(ms),
    };
    let columns = vec![
        Column::new("H latency", "ms", 1),
        Column::new("H max", "mV", 2),
        Column::new("M max", "mV", 2),
        Column::new("H/M", "", 2),
        Column::new("H threshold", "mA", 1),
        Column::new("M threshold", "mA", 1),
        Column::new("Second of pairs", "%", 0),
        Column::new("Latency limit", "ms", 1),
    ];
    let cells = vec![
        latency,
        Cell::maybe(summary.h_max_uv.map(|v| 1e-3 * v)),
        Cell::maybe(summary.m_max_uv.map(|v| 1e-3 * v)),
        Cell::maybe(summary.h_m_ratio),
        Cell::maybe(summary.h_threshold_ma),
        Cell::maybe(summary.m_threshold_ma),
        Cell::maybe(summary.paired_pct),
        Cell::maybe(limit),
    ];
    let note = match limit {
        Some(_) => {
            "Limit: Buschbacher 1999 (soleus) and manual (flexor carpi radialis), 97th percentile, pooled over age and height.".into()
        }
        None => String::new(),
    };
    Table { title: "H reflex".into(), columns, rows: vec![TableRow::new("All", cells)], note }
}

fn each(summary: &HReflexSummary) -> Table {
    let columns =
        vec![Column::new("Current", "mA", 1), Column::new("M", "mV", 2), Column::new("H", "mV", 2), Column::new("H latency", "ms", 1)];
    let row = |(i, l): (usize, &HLevel)| {
        let cells =
            vec![Cell::maybe(l.current_ma), Cell::Number(1e-3 * l.m_pp_uv), Cell::maybe(Some(1e-3 * l.h_pp_uv)), Cell::maybe(l.h_onset_ms)];
        TableRow { sweep: Some(l.sweep), ..TableRow::new((i + 1).to_string(), cells) }
    };
    Table { title: "Stimuli".into(), columns, rows: summary.levels.iter().enumerate().map(row).collect(), note: String::new() }
}

fn chart(summary: &HReflexSummary) -> Chart {
    let known = summary.levels.iter().all(|l| l.current_ma.is_some()) && !summary.levels.is_empty();
    let x = |(i, l): (usize, &HLevel)| l.current_ma.filter(|_| known).unwrap_or(i as f64 + 1.0);
    let series = |name: &str, value: fn(&HLevel) -> f64| Series {
        name: name.into(),
        points: summary.levels.iter().enumerate().map(|(i, l)| [x((i, l)), 1e-3 * value(l)]).collect(),
        look: if known { SeriesLook::DotsAndLine } else { SeriesLook::Dots },
    };
    Chart {
        title: "Recruitment of M and H".into(),
        x: if known { Axis::new("Current", "mA") } else { Axis::new("Stimulus", "") },
        y: Axis::new("Peak to peak", "mV"),
        series: vec![series("M", |l| l.m_pp_uv), series("H", |l| l.h_pp_uv)],
        lines: Vec::new(),
    }
}
