//! The interference pattern of fuller effort: turns and amplitude by epoch, segments, envelope,
//! spectrum, and how full it is.
//!
//! Epochs of 500 ms (Stålberg et al. 1983 use 100 to 500 ms); the formulas are in
//! [`turns`](super::turns). The spectrum is Welch's over all active epochs, segments of half a
//! second.
//!
//! **How full**: the words are those of the AAEM glossary (Muscle Nerve 2001, suppl. 10): in a full
//! pattern no motor unit can be told apart and no baseline is seen, in a reduced one some are seen,
//! in a discrete one each, and a single unit pattern has one. The measure is this program's own: the
//! baseline is seen where turns of 50 µV are more than 10 ms apart; less than 10 % of the time is
//! full, less than 50 % reduced. It says so in the table. A discrete pattern whose discharges
//! have one height at regular intervals is a single unit.
//!
//! Limits: the boundary of the normal cloud depends on the muscle and on the laboratory; no
//! boundary with a source that could be read again is at hand, so none is drawn and nothing is
//! called abnormal. The rule for a boundary is named in the note.
//!
//! **NaN**: an epoch with more than a tenth of its samples missing is left out. **Cost**: a pass
//! over each epoch, a step covers a million samples; memory does not grow with the signal but by
//! a row an epoch.

use super::pieces::{clean, clipping, flag, plausible_rate, samples, usable};
use super::turns::{Segments, TURN_UV, TurnsAmplitude, segments, turns, turns_amplitude};
use crate::analysis::signal::{SignalAnalysis, SignalAnalyzer, SignalInput};
use crate::dsp::fft::RealFft;
use crate::dsp::robust;
use crate::dsp::spectrum::{Density, welch};
use crate::model::{
    Axis, Cell, Chart, ChartLine, Column, NeedleFindings, PatternFound, PatternWord, QualityKind, Series, SeriesLook, SignalMeasurement,
    SignalTask, Table, TableRow,
};

/// Length of an epoch, seconds.
pub const EPOCH_S: f64 = 0.5;
/// Epochs below this rate are rest and stay out of the summary.
const ACTIVE_TURNS_PER_S: f64 = 10.0;
/// Smallest reversal that hides the baseline, microvolts.
const VISIBLE_UV: f64 = 50.0;
/// Without a reversal for so long the baseline is seen, seconds.
const BASELINE_S: f64 = 0.010;
/// Share of visible baseline, percent, up to which a pattern is full, and up to which reduced.
const FULL_PCT: f64 = 10.0;
const REDUCED_PCT: f64 = 50.0;
/// Spread of heights, and of intervals, relative to their medians, up to which discharges are those of one unit.
const ONE_HEIGHT: f64 = 0.15;
const ONE_RHYTHM: f64 = 0.3;
/// Epochs that the table lists one by one.
const LISTED: usize = 120;
/// Epochs that the cloud shows.
const DRAWN: usize = 2000;
/// Samples that a step covers.
const STEP: usize = 1_000_000;
/// Epochs that a complete examination has (Stålberg et al. 1983).
const COMPLETE: usize = 20;

/// How full a pattern is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fullness {
    /// Nothing above the level of turns.
    None,
    /// One motor unit.
    SingleUnit,
    /// Each unit can be told apart.
    Discrete,
    /// Some can.
    Reduced,
    /// None can.
    Full,
}

impl Fullness {
    /// In the field's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "No activity",
            Self::SingleUnit => "Single unit pattern",
            Self::Discrete => "Discrete pattern",
            Self::Reduced => "Reduced pattern",
            Self::Full => "Full pattern",
        }
    }

    /// As the table of muscles holds it.
    fn word(self) -> PatternWord {
        match self {
            Self::None => PatternWord::None,
            Self::SingleUnit => PatternWord::SingleUnit,
            Self::Discrete => PatternWord::Discrete,
            Self::Reduced => PatternWord::Reduced,
            Self::Full => PatternWord::Full,
        }
    }
}

/// One epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// Start, seconds.
    pub start_s: f64,
    /// Turns and amplitude.
    pub turns: TurnsAmplitude,
    /// Segments and envelope.
    pub segments: Segments,
    /// Share of time in which the baseline is seen, percent.
    pub baseline_pct: f64,
    /// How full.
    pub fullness: Fullness,
}

impl Epoch {
    /// Measures a stretch that starts at `start_s`.
    pub fn of(uv: &[f64], fs_hz: f64, start_s: f64) -> Self {
        let turns = turns_amplitude(uv, fs_hz, TURN_UV);
        let (baseline_pct, fullness) = fullness(uv, fs_hz);
        Self { start_s, turns, segments: segments(uv, fs_hz), baseline_pct, fullness }
    }

    fn active(&self) -> bool {
        self.turns.turns_per_s >= ACTIVE_TURNS_PER_S
    }
}

/// Share of time in percent in which the baseline is seen, and what that makes the pattern.
fn fullness(uv: &[f64], fs_hz: f64) -> (f64, Fullness) {
    let found = turns(uv, VISIBLE_UV);
    let long = BASELINE_S * fs_hz;
    let mut edges: Vec<usize> = vec![0];
    edges.extend(found.iter().map(|turn| turn.at));
    edges.push(uv.len());
    let seen: usize = edges.windows(2).map(|pair| pair[1] - pair[0]).filter(|&gap| gap as f64 > long).sum();
    let pct = 100.0 * seen as f64 / uv.len().max(1) as f64;
    let name = match pct {
        _ if found.len() < 2 => Fullness::None,
        pct if pct <= FULL_PCT => Fullness::Full,
        pct if pct <= REDUCED_PCT => Fullness::Reduced,
        _ if one_unit(&found, long) => Fullness::SingleUnit,
        _ => Fullness::Discrete,
    };
    (pct, name)
}

/// Whether discharges (turns without a visible baseline between them) have one height and a rhythm.
fn one_unit(found: &[super::turns::Turn], long: f64) -> bool {
    let discharges: Vec<(f64, f64)> = found
        .chunk_by(|a, b| (b.at - a.at) as f64 <= long)
        .map(|burst| {
            let (low, high) =
                burst.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), turn| (low.min(turn.uv), high.max(turn.uv)));
            (burst[0].at as f64, high - low)
        })
        .collect();
    let heights: Vec<f64> = discharges.iter().map(|d| d.1).collect();
    let intervals: Vec<f64> = discharges.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    let even = |values: &[f64], most: f64| robust::SIGMA_PER_MAD * robust::mad(values) <= most * robust::median(values);
    discharges.len() >= 4 && even(&heights, ONE_HEIGHT) && even(&intervals, ONE_RHYTHM)
}

/// The analyzer.
pub struct Interference;

impl SignalAnalyzer for Interference {
    fn task(&self) -> SignalTask {
        SignalTask::Interference
    }

    fn name(&self) -> &'static str {
        "interference/1"
    }

    fn begin(&self, input: SignalInput) -> Box<dyn SignalAnalysis> {
        Box::new(Pattern::new(input))
    }
}

/// The analysis of one stretch of signal.
pub struct Pattern {
    input: SignalInput,
    at: usize,
    epochs: Vec<Epoch>,
    left_out: usize,
    fft: RealFft,
    density: Density,
}

impl Pattern {
    /// Of a stretch; nothing is done yet.
    pub fn new(input: SignalInput) -> Self {
        Self { input, at: 0, epochs: Vec::new(), left_out: 0, fft: RealFft::new(), density: Density::default() }
    }

    /// Epochs measured so far.
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    fn epoch(&mut self, length: usize) {
        let end = (self.at + length).min(self.input.uv.len());
        let mut uv = self.input.uv[self.at..end].to_vec();
        let start_s = self.at as f64 / self.input.fs_hz;
        self.at = end;
        clean(&mut uv);
        // The rest at the end of the signal is no epoch.
        if uv.len() < length {
            return;
        }
        if uv.iter().filter(|v| usable(**v)).count() * 10 < uv.len() * 9 {
            self.left_out += 1;
            return;
        }
        let epoch = Epoch::of(&uv, self.input.fs_hz, start_s);
        if epoch.active() {
            let one = welch(&mut self.fft, &uv, self.input.fs_hz, length, 0);
            if one.segments > 0 {
                self.density.power.resize(one.power.len(), 0.0);
                self.density.power.iter_mut().zip(&one.power).for_each(|(sum, power)| *sum += power);
                self.density.hz = one.hz;
                self.density.segments += 1;
            }
        }
        self.epochs.push(epoch);
    }

    fn active(&self) -> Vec<&Epoch> {
        self.epochs.iter().filter(|epoch| epoch.active()).collect()
    }

    fn summary(&self, active: &[&Epoch]) -> Table {
        let row = |name: &str, read: &dyn Fn(&Epoch) -> f64| {
            let values: Vec<f64> = active.iter().map(|epoch| read(epoch)).collect();
            let cells = [50.0, 10.0, 90.0].map(|p| Cell::maybe(Some(robust::percentile(&values, p))));
            TableRow::new(name, cells.to_vec())
        };
        let spectrum = self.density.mean_median_hz();
        let mut rows = vec![
            row("Turns (1/s)", &|epoch| epoch.turns.turns_per_s),
            row("Mean amplitude of turns (µV)", &|epoch| epoch.turns.mean_amp_uv),
            row("Small segments (1/s)", &|epoch| epoch.segments.small_per_s),
            row("Activity (%)", &|epoch| epoch.segments.activity_pct),
            row("Envelope (µV)", &|epoch| epoch.segments.envelope_uv),
            row("Baseline seen (%)", &|epoch| epoch.baseline_pct),
        ];
        for (name, hz) in ["Mean frequency (Hz)", "Median frequency (Hz)"].into_iter().zip(spectrum.into_iter().flatten()) {
            rows.push(TableRow::new(name, vec![Cell::Number(hz), Cell::Empty, Cell::Empty]));
        }
        Table {
            title: "Interference pattern".to_owned(),
            columns: ["Median", "10th percentile", "90th percentile"].map(|name| Column::new(name, "", 0)).to_vec(),
            rows,
            note: format!(
                "{} epochs of {:.0} ms with at least {ACTIVE_TURNS_PER_S:.0} turns/s. Turns of at least {TURN_UV:.0} µV (Stålberg et al. 1983); \
                 segments of 50 to 2000 µV below 3 ms, activity, envelope of 98 % of samples (Nandedkar et al. 1986). \
                 Full: baseline (no reversal of {VISIBLE_UV:.0} µV for 10 ms) seen in at most {FULL_PCT:.0} % of the time, reduced: at most {REDUCED_PCT:.0} % \
                 (words of the AAEM glossary 2001, figures of this program).",
                active.len(),
                EPOCH_S * 1e3
            ),
        }
    }

    fn list(&self) -> Table {
        let columns =
            [("Turns", "1/s", 0), ("Amplitude/turn", "µV", 0), ("Small segments", "1/s", 0), ("Activity", "%", 1), ("Envelope", "µV", 0)];
        let mut columns: Vec<Column> = columns.into_iter().map(|(name, unit, decimals)| Column::new(name, unit, decimals)).collect();
        columns.push(Column::words("Pattern"));
        let rows = self.epochs.iter().take(LISTED).map(|epoch| {
            let numbers = [
                epoch.turns.turns_per_s,
                epoch.turns.mean_amp_uv,
                epoch.segments.small_per_s,
                epoch.segments.activity_pct,
                epoch.segments.envelope_uv,
            ];
            let mut cells: Vec<Cell> = numbers.into_iter().map(|value| Cell::maybe(Some(value))).collect();
            cells.push(Cell::text(epoch.fullness.name()));
            TableRow::new(format!("{:.1} s", epoch.start_s), cells)
        });
        let rest = self.epochs.len().saturating_sub(LISTED);
        Table {
            title: "Epochs".to_owned(),
            columns,
            rows: rows.collect(),
            note: if rest > 0 { format!("{rest} more epochs are in the summary and the cloud.") } else { String::new() },
        }
    }

    fn cloud(&self, active: &[&Epoch]) -> Chart {
        let every = active.len().div_ceil(DRAWN).max(1);
        let points = active.iter().step_by(every).map(|epoch| [epoch.turns.turns_per_s, epoch.turns.mean_amp_uv]).collect();
        Chart {
            title: "Turns and amplitude".to_owned(),
            x: Axis::new("Turns", "1/s"),
            y: Axis { log: true, ..Axis::new("Mean amplitude of turns", "µV") },
            series: vec![Series { name: "Epochs".to_owned(), points, look: SeriesLook::Dots }],
            lines: Vec::new(),
        }
    }

    fn spectrum(&self) -> Chart {
        let top = self.density.power.iter().copied().fold(0.0, f64::max);
        let inside = self.density.hz.iter().zip(&self.density.power).filter(|(hz, _)| **hz <= 2000.0);
        let points = inside.map(|(&hz, &power)| [hz, 100.0 * power / top]).collect();
        let marks = self.density.mean_median_hz().into_iter().flatten().zip(["Mean", "Median"]);
        Chart {
            title: "Power spectrum".to_owned(),
            x: Axis::new("Frequency", "Hz"),
            y: Axis::new("Power", "% of the highest"),
            series: vec![Series { name: "Active epochs".to_owned(), points, look: SeriesLook::Line }],
            lines: marks.map(|(at, name)| ChartLine { name: name.to_owned(), at, vertical: true }).collect(),
        }
    }
}

impl SignalAnalysis for Pattern {
    fn step(&mut self) -> Option<f64> {
        if !plausible_rate(self.input.fs_hz) {
            return None;
        }
        let length = samples(EPOCH_S, self.input.fs_hz);
        let until = self.at.saturating_add(STEP);
        while self.at < self.input.uv.len() && self.at < until {
            self.epoch(length);
        }
        (self.at < self.input.uv.len()).then(|| self.at as f64 / self.input.uv.len() as f64)
    }

    fn measurement(&self) -> SignalMeasurement {
        let mut out = SignalMeasurement { method: Interference.name().to_owned(), ..SignalMeasurement::default() };
        if self.epochs.is_empty() {
            out.verdict = format!("No epoch of {:.0} ms can be measured.", EPOCH_S * 1e3);
            return out;
        }
        let active = self.active();
        if active.is_empty() {
            out.verdict = format!("No interference pattern: fewer than {ACTIVE_TURNS_PER_S:.0} turns/s of {TURN_UV:.0} µV in each epoch.");
            out.tables.push(self.list());
            return out;
        }
        // The fullest effort decides: weaker effort is expected to show less.
        let mut by_turns = active.clone();
        by_turns.sort_by(|a, b| b.turns.turns_per_s.total_cmp(&a.turns.turns_per_s));
        by_turns.truncate((active.len() / 4).max(1));
        let kinds = [Fullness::Full, Fullness::Reduced, Fullness::Discrete, Fullness::SingleUnit, Fullness::None];
        let count = |kind: Fullness| by_turns.iter().filter(|epoch| epoch.fullness == kind).count();
        let most = kinds.into_iter().rev().max_by_key(|&kind| count(kind)).unwrap_or(Fullness::None);
        let median = |read: fn(&Epoch) -> f64| robust::median(&by_turns.iter().map(|epoch| read(epoch)).collect::<Vec<_>>());
        out.verdict = format!(
            "{} at the strongest effort recorded: {:.0} turns/s of {:.0} µV. Whether that is normal depends on the muscle's own cloud (more than 2 of 20 epochs outside: \
             abnormal; Stålberg et al. 1983, unverified); no boundary with a source is at hand.",
            most.name(),
            median(|epoch| epoch.turns.turns_per_s),
            median(|epoch| epoch.turns.mean_amp_uv),
        );
        out.enters = true;
        out.findings = Some(NeedleFindings::Pattern(PatternFound {
            pattern: most.word(),
            turns_per_s: median(|epoch| epoch.turns.turns_per_s),
            amp_uv: median(|epoch| epoch.turns.mean_amp_uv),
            epochs: active.len(),
        }));
        out.tables = vec![self.summary(&active), self.list()];
        out.charts = vec![self.cloud(&active), self.spectrum()];
        if active.len() < COMPLETE {
            out.quality.push(flag(
                QualityKind::TooFew,
                format!("{} active epochs; a cloud is judged by about {COMPLETE} from several sites and efforts.", active.len()),
            ));
        }
        if self.left_out > 0 {
            out.quality.push(flag(
                QualityKind::LeftOut,
                format!("Left out for missing samples: {} of {} epochs.", self.left_out, self.left_out + self.epochs.len()),
            ));
        }
        if self.input.fs_hz < 10_000.0 {
            out.quality.push(flag(
                QualityKind::TooShort,
                format!("Sampled at {:.0} Hz: turns between samples are missed; 10 kHz or more is usual.", self.input.fs_hz),
            ));
        }
        out.quality.extend(clipping(&self.input.uv));
        out
    }
}
