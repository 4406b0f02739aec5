//! Variation of the interval between heart beats: at rest, with deep breathing, standing, Valsalva.
//!
//! Beats are found in the band of 5 to 20 Hz by the energy of its slope over 120 ms against a running
//! threshold, with a second look where one seems to be missing (Pan and Tompkins, IEEE TBME
//! 1985;32:230); a beat's time is the R wave's extremum, between samples. Intervals that differ from
//! the median of their neighbours by more than 20 % (extrasystoles, missed beats) are left out of the
//! statistics. Ratios after Ewing et al. (Diabetes Care 1985;8:491): E:I from the longest and
//! shortest interval of each 10 s (six breaths a minute), 30:15 from the beats after standing up (the
//! stimulus, or the sweep's start), longest over shortest for the Valsalva manoeuvre.
//!
//! Contract: any number of seconds from 5 on; NaN counts as zero. Cost: linear in samples.

use crate::analysis::{Analyzed, Analyzer, Context, SweepInput, TestInput};
use crate::dsp::iir::{Band, butter, sosfiltfilt};
use crate::dsp::peaks::parabolic_vertex;
use crate::dsp::robust::{median, percentile};
use crate::model::{
    Axis, Cell, Chart, Column, NerveTest, QualityFlag, QualityKind, RrPart, RrSummary, Series, SeriesLook, Summary, SweepId,
    SweepMeasurement, Table, TableRow, TestKind, TestMeasurement,
};

/// Name and version; goes into every measurement.
pub const METHOD: &str = "rr-interval/1";
/// Two beats are at least this apart, s.
const REFRACTORY_S: f64 = 0.28;
/// Intervals that differ by more from the median of their neighbours are no sinus rhythm.
const IRREGULAR: f64 = 0.2;
/// A breath when six are taken a minute, s.
const BREATH_S: f64 = 10.0;

/// Times of heart beats, seconds after the first sample.
pub fn beats(uv: &[f64], fs_hz: f64) -> Vec<f64> {
    if !(fs_hz.is_finite() && fs_hz >= 60.0) || (uv.len() as f64) < 3.0 * fs_hz {
        return Vec::new();
    }
    let filled: Vec<f64> = uv.iter().map(|v| if v.is_finite() { *v } else { 0.0 }).collect();
    let Ok(band) = butter(2, Band::Bandpass(5.0, 20.0), fs_hz) else { return Vec::new() };
    let ecg = sosfiltfilt(&band, &filled);
    let slope: Vec<f64> = (0..ecg.len()).map(|i| if i == 0 { 0.0 } else { (ecg[i] - ecg[i - 1]).powi(2) }).collect();
    let energy = super::ensemble::smoothed(&slope, ((0.12 * fs_hz) as usize).max(1));
    let whole = percentile(&energy, 98.0);
    if !(whole > 0.0 && whole.is_finite()) {
        return Vec::new();
    }
    // The threshold follows the size of the beats over some seconds.
    let block = (3.0 * fs_hz) as usize;
    let local: Vec<f64> = energy.chunks(block).map(|c| percentile(c, 95.0).clamp(0.1 * whole, 3.0 * whole)).collect();
    let level = |i: usize| local[(i / block).min(local.len() - 1)];
    let mut found = pick(&energy, 0, energy.len(), &|i| 0.3 * level(i), fs_hz);
    let usual = median(&found.windows(2).map(|w| (w[1] - w[0]) as f64).collect::<Vec<_>>());
    let mut more = Vec::new();
    for w in found.windows(2) {
        if (w[1] - w[0]) as f64 > 1.66 * usual {
            let guard = (REFRACTORY_S * fs_hz) as usize;
            more.extend(pick(&energy, w[0] + guard, w[1].saturating_sub(guard), &|i| 0.12 * level(i), fs_hz));
        }
    }
    found.extend(more);
    found.sort_unstable();
    let reach = (0.08 * fs_hz) as usize;
    // One sign for all beats, or times would jump between R and S.
    let end = ecg.len();
    let around = |i: usize| i.saturating_sub(reach)..(i + reach).min(end);
    let tops: Vec<f64> = found.iter().map(|i| ecg[around(*i)].iter().copied().fold(f64::NEG_INFINITY, f64::max)).collect();
    let bottoms: Vec<f64> = found.iter().map(|i| -ecg[around(*i)].iter().copied().fold(f64::INFINITY, f64::min)).collect();
    let up = median(&tops) >= median(&bottoms);
    let signed: Vec<f64> = if up { ecg } else { ecg.iter().map(|v| -v).collect() };
    let time = |i: &usize| {
        let top = around(*i).max_by(|a, b| signed[*a].total_cmp(&signed[*b]))?;
        Some(parabolic_vertex(&signed, top).0 / fs_hz)
    };
    let mut times: Vec<f64> = found.iter().filter_map(time).collect();
    times.dedup_by(|a, b| (*a - *b).abs() < 0.5 * REFRACTORY_S);
    times
}

/// Highest points above a level, a refractory time apart.
fn pick(energy: &[f64], from: usize, to: usize, level: &dyn Fn(usize) -> f64, fs_hz: f64) -> Vec<usize> {
    let guard = (REFRACTORY_S * fs_hz) as usize;
    let mut out: Vec<usize> = Vec::new();
    let mut i = from;
    while i < to.min(energy.len()) {
        if energy[i] > level(i) {
            let end = (i + guard).min(to).min(energy.len());
            let Some(top) = (i..end).max_by(|a, b| energy[*a].total_cmp(&energy[*b])) else { break };
            out.push(top);
            i = (top + guard).max(i + 1);
        } else {
            i += 1;
        }
    }
    out
}

/// Statistics of a stretch: times of beats in seconds, and from when the standing counts.
pub fn part(sweep: SweepId, times: &[f64], stood_s: f64) -> RrPart {
    let intervals: Vec<(f64, f64)> = times.windows(2).map(|w| (w[1], 1e3 * (w[1] - w[0]))).collect();
    let regular: Vec<(f64, f64)> = (0..intervals.len())
        .filter(|&i| {
            let near: Vec<f64> = intervals[i.saturating_sub(4)..(i + 5).min(intervals.len())].iter().map(|p| p.1).collect();
            (intervals[i].1 / median(&near) - 1.0).abs() <= IRREGULAR
        })
        .map(|i| intervals[i])
        .collect();
    let n = regular.len() as f64;
    let mut out = RrPart { sweep, beats: times.len(), ..RrPart::default() };
    if regular.len() < 3 {
        return out;
    }
    let mean = regular.iter().map(|p| p.1).sum::<f64>() / n;
    let sd = (regular.iter().map(|p| (p.1 - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let steps: Vec<f64> = regular.windows(2).filter(|w| w[1].0 - w[0].0 < 2.5e-3 * w[1].1).map(|w| (w[1].1 - w[0].1).powi(2)).collect();
    out.mean_ms = Some(mean);
    out.sd_ms = Some(sd);
    out.cv_pct = Some(100.0 * sd / mean);
    out.rmssd_ms = (!steps.is_empty()).then(|| (steps.iter().sum::<f64>() / steps.len() as f64).sqrt());
    let longest = |part: &mut dyn Iterator<Item = f64>| part.fold(f64::NEG_INFINITY, f64::max);
    let shortest = |part: &mut dyn Iterator<Item = f64>| part.fold(f64::INFINITY, f64::min);
    let all = || regular.iter().map(|p| p.1);
    out.longest_shortest = Some(longest(&mut all()) / shortest(&mut all()));
    let (start, end) = (regular[0].0, regular[regular.len() - 1].0);
    let breaths = ((end - start) / BREATH_S).floor() as usize;
    if breaths >= 2 {
        let of = |k: usize| {
            let from = start + k as f64 * BREATH_S;
            regular.iter().filter(move |p| (from..from + BREATH_S).contains(&p.0)).map(|p| p.1)
        };
        let usable: Vec<usize> = (0..breaths.min(6)).filter(|k| of(*k).count() >= 4).collect();
        let sum = |value: &dyn Fn(usize) -> f64| usable.iter().map(|k| value(*k)).sum::<f64>();
        if !usable.is_empty() {
            out.ei_ratio = Some(sum(&|k| longest(&mut of(k))) / sum(&|k| shortest(&mut of(k))));
        }
    }
    let after: Vec<f64> = intervals.iter().filter(|p| p.0 > stood_s).map(|p| p.1).collect();
    if after.len() >= 35 {
        out.ratio_30_15 = Some(longest(&mut after[24..35].iter().copied()) / shortest(&mut after[9..20].iter().copied()));
    }
    out
}

/// The analyzer of R-R intervals.
#[derive(Debug, Clone, Copy)]
pub struct RrInterval;

impl Analyzer for RrInterval {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::RrInterval
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let one = |s: &SweepInput| {
            let times = beats(&s.uv, s.fs_hz);
            let stood_s = s.stimulus_s.unwrap_or(0.0);
            (s.site, part(s.sweep, &times, stood_s), times, s.stimulus_s)
        };
        Box::new(AnalyzedRr { sweeps: input.sweeps.iter().map(one).collect(), left_out: input.left_out.clone() })
    }
}

struct AnalyzedRr {
    sweeps: Vec<(usize, RrPart, Vec<f64>, Option<f64>)>,
    left_out: Vec<SweepId>,
}

impl Analyzed for AnalyzedRr {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut out = TestMeasurement { method: METHOD.to_owned(), ..TestMeasurement::default() };
        let mut series = Vec::new();
        let mut rows = Vec::new();
        let mut summary = RrSummary::default();
        for (site, part, times, stimulus_s) in &self.sweeps {
            let left_out = self.left_out.contains(&part.sweep) || context.no_response.contains(&part.sweep);
            out.sweeps.push(SweepMeasurement {
                sweep: part.sweep,
                method: METHOD.to_owned(),
                stimulus_known: stimulus_s.is_some(),
                zero_s: stimulus_s.unwrap_or(0.0),
                left_out: left_out.then(|| "left out by a person".into()),
                ..SweepMeasurement::default()
            });
            if left_out {
                continue;
            }
            let name = name(context.test, *site);
            if part.mean_ms.is_none() {
                let what = format!("{name}: too few heart beats were found for statistics.");
                out.quality.push(QualityFlag { kind: QualityKind::TooFew, what });
            }
            rows.push(row(&name, part));
            let points = times.windows(2).map(|w| [w[1], 1e3 * (w[1] - w[0])]).collect();
            series.push(Series { name, points, look: SeriesLook::DotsAndLine });
            summary.parts.push(part.clone());
        }
        let columns = vec![
            Column::new("Beats", "", 0),
            Column::new("Mean", "ms", 0),
            Column::new("SD", "ms", 0),
            Column::new("Coefficient of variation", "%", 1),
            Column::new("RMSSD", "ms", 0),
            Column::new("E:I", "", 2),
            Column::new("30:15", "", 2),
            Column::new("Longest:shortest", "", 2),
        ];
        out.tables = vec![Table { title: "R-R intervals".into(), columns, rows, note: String::new() }];
        out.charts = vec![Chart {
            title: "Intervals".into(),
            x: Axis::new("Time", "s"),
            y: Axis::new("R-R interval", "ms"),
            series,
            lines: Vec::new(),
        }];
        out.summary = Summary::RrInterval(summary);
        out
    }
}

fn name(test: &NerveTest, site: usize) -> String {
    test.sites.get(site).map(|s| s.name.clone()).filter(|n| !n.is_empty()).unwrap_or_else(|| format!("Part {}", site + 1))
}

/// A part's row. What a manoeuvre is for shows when the name tells the manoeuvre, all else without.
fn row(name: &str, part: &RrPart) -> TableRow {
    let lower = name.to_lowercase();
    let told = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    let (breath, stand, valsalva) = (told(&["breath", "e:i"]), told(&["stand", "30:15"]), told(&["valsalva"]));
    let any = breath || stand || valsalva;
    let when = |show: bool, v: Option<f64>| if show || !any { Cell::maybe(v) } else { Cell::Empty };
    let cells = vec![
        Cell::Number(part.beats as f64),
        Cell::maybe(part.mean_ms),
        Cell::maybe(part.sd_ms),
        Cell::maybe(part.cv_pct),
        Cell::maybe(part.rmssd_ms),
        when(breath, part.ei_ratio),
        when(stand, part.ratio_30_15),
        when(valsalva, part.longest_shortest),
    ];
    TableRow { sweep: Some(part.sweep), ..TableRow::new(name, cells) }
}

#[cfg(test)]
mod tests {
    use super::{beats, part};
    use crate::simulate::Random;

    /// An electrocardiogram with P, R, S and T, breathing at six a minute.
    fn ecg(seconds: f64, fs_hz: f64, depth: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let mut random = Random::new(seed);
        let (mut t, mut truth) = (0.6, Vec::new());
        while t < seconds - 0.5 {
            truth.push(t);
            t += 0.85 + depth * (t * std::f64::consts::TAU / 10.0).sin() + random.normal(0.0, 0.004);
        }
        let bell = |x: f64, w: f64| (-(x / w).powi(2)).exp();
        let uv = (0..(seconds * fs_hz) as usize)
            .map(|i| {
                let now = i as f64 / fs_hz;
                let wave: f64 = truth
                    .iter()
                    .filter(|b| (now - **b).abs() < 0.5)
                    .map(|b| {
                        120.0 * bell(now - b + 0.17, 0.03) + 1000.0 * bell(now - b, 0.012) - 250.0 * bell(now - b - 0.03, 0.012)
                            + 300.0 * bell(now - b - 0.26, 0.06)
                    })
                    .sum();
                wave + 150.0 * (now * 1.4).sin() + random.normal(0.0, 15.0)
            })
            .collect();
        (uv, truth)
    }

    #[test]
    fn every_beat_is_found_to_the_millisecond() {
        for (fs, sign) in [(250.0, 1.0), (1000.0, -1.0)] {
            let (uv, truth) = ecg(60.0, fs, 0.08, 4);
            let uv: Vec<f64> = uv.iter().map(|v| sign * v).collect();
            let found = beats(&uv, fs);
            assert_eq!(found.len(), truth.len());
            let off: Vec<f64> = found.iter().zip(&truth).map(|(a, b)| a - b).collect();
            let shift = crate::dsp::robust::median(&off);
            assert!(off.iter().all(|o| (o - shift).abs() < 0.003) && shift.abs() < 0.01, "{shift}");
        }
    }

    #[test]
    fn breathing_shows_in_the_ratio() {
        let (uv, truth) = ecg(62.0, 500.0, 0.1, 9);
        let got = part(0, &beats(&uv, 500.0), 0.0);
        let want = part(0, &truth, 0.0);
        assert!((got.ei_ratio.unwrap() - want.ei_ratio.unwrap()).abs() < 0.01);
        assert!(got.ei_ratio.unwrap() > 1.2);
        assert!((got.cv_pct.unwrap() - want.cv_pct.unwrap()).abs() < 0.1);
        assert!(got.ratio_30_15.is_some());
    }

    #[test]
    fn an_extrasystole_does_not_count_and_noise_has_no_statistics() {
        let mut times: Vec<f64> = (0..40).map(|i| 0.8 * f64::from(i)).collect();
        times[20] -= 0.35;
        let got = part(0, &times, 0.0);
        assert!(got.cv_pct.unwrap() < 1e-6 && got.beats == 40);
        assert!(part(0, &[1.0], 0.0).mean_ms.is_none());
        assert!(beats(&[f64::NAN; 5000], 500.0).is_empty());
        assert!(beats(&[0.0; 20], 500.0).is_empty());
        assert!(beats(&[0.0; 5000], f64::INFINITY).is_empty());
    }
}
