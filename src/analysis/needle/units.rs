//! Motor units of a stretch of needle EMG: trains, potentials, recruitment, as tables and charts.

use std::sync::Arc;

use super::decompose::{Decomposer, Options};
use super::findings;
use super::potential::{Markers, PotentialMeasures, markers, measure};
use super::recruitment::recruitment;
use crate::analysis::signal::{SignalAnalysis, SignalAnalyzer, SignalInput};
use crate::dsp::robust::median;
use crate::model::needle::{Decomposition, Recruitment, UnitTrain};
use crate::model::{
    ActivityClass, Axis, Cell, Chart, Column, EventTrain, Series, SeriesLook, SignalMeasurement, SignalTask, Table, TableRow,
};

/// Name and version; goes into every measurement.
pub const METHOD: &str = "motor-units/1";
/// Units drawn in the charts.
const DRAWN: usize = 8;
/// Discharges of a train that are overlaid, and the part of each, ms.
const OVERLAID: usize = 16;
const OVERLAID_MS: [f64; 2] = [6.0, 10.0];
/// Part of a potential drawn before and behind its main extremum, ms.
const DRAWN_MS: [f64; 2] = [12.0, 18.0];
/// A discharge below this confidence is one of doubt.
const DOUBTFUL: f64 = 0.7;
/// Intervals longer than this are pauses, and give no rate, s.
const PAUSE_S: f64 = 0.5;
/// More phases than these make a potential polyphasic (Stalberg and others 2019).
const MOST_PHASES: usize = 4;

/// The analyzer of motor units.
#[derive(Debug, Clone, Copy)]
pub struct Units;

impl SignalAnalyzer for Units {
    fn task(&self) -> SignalTask {
        SignalTask::Units
    }

    fn name(&self) -> &'static str {
        METHOD
    }

    fn begin(&self, input: SignalInput) -> Box<dyn SignalAnalysis> {
        let (uv, fs_hz): (Arc<[f64]>, f64) = (input.uv.into(), input.fs_hz);
        Box::new(TakingApart { decomposer: Decomposer::new(uv.clone(), fs_hz, Options::default()), uv, fs_hz })
    }
}

struct TakingApart {
    decomposer: Decomposer,
    uv: Arc<[f64]>,
    fs_hz: f64,
}

impl SignalAnalysis for TakingApart {
    fn step(&mut self) -> Option<f64> {
        let progress = self.decomposer.step();
        (!progress.done).then_some(progress.part)
    }

    fn measurement(&self) -> SignalMeasurement {
        let mut out = describe(&self.decomposer.result());
        if self.decomposer.progress().done {
            out.overlays = out.trains.iter().map(|train| overlaid(&self.uv, self.fs_hz, train)).collect();
        }
        out
    }
}

/// One unit with its name and what its potential measures.
struct Named<'a> {
    name: String,
    train: &'a UnitTrain,
    measures: Option<PotentialMeasures>,
}

/// `A` to `Z`, then `AA`.
fn letters(index: usize) -> String {
    let letter = |k: usize| char::from(b'A' + (k % 26) as u8);
    if index < 26 { letter(index).to_string() } else { format!("{}{}", letter(index / 26 - 1), letter(index)) }
}

/// Tables, charts and trains of a signal taken apart.
pub fn describe(decomposition: &Decomposition) -> SignalMeasurement {
    let of = |train: &UnitTrain| {
        let found: Option<Markers> = markers(&train.potential);
        found.and_then(|markers| measure(&train.potential.uv, train.potential.fs_hz, train.potential.at, markers))
    };
    let units: Vec<Named> = decomposition
        .trains
        .iter()
        .enumerate()
        .map(|(index, train)| Named { name: format!("MU {}", letters(index)), train, measures: of(train) })
        .collect();
    let times: Vec<Vec<f64>> = decomposition.trains.iter().map(UnitTrain::times_s).collect();
    let recruited = recruitment(&times);
    let trains = units.iter().zip(&times).map(|(unit, times)| EventTrain {
        class: ActivityClass::Voluntary,
        name: unit.name.clone(),
        times_s: times.clone(),
        span_s: None,
        confidence: unit.train.confidence,
        why: why(unit),
        warning: String::new(),
    });
    let count = match units.len() {
        0 => String::new(),
        1 => "1 motor unit. ".to_owned(),
        n => format!("{n} motor units. "),
    };
    let tables = if units.is_empty() { Vec::new() } else { vec![potentials(&units, &recruited), recruitment_table(&units, &recruited)] };
    let charts = if units.is_empty() { Vec::new() } else { vec![shapes(&units), rates(&units, &times)] };
    let found =
        findings::of_units(units.iter().map(|unit| (unit.name.as_str(), unit.train, unit.measures.as_ref())), &recruited, decomposition);
    SignalMeasurement {
        method: METHOD.to_owned(),
        verdict: format!("{count}{}", decomposition.verdict.words()),
        trains: trains.collect(),
        unresolved_s: decomposition.unresolved.iter().map(|left| left.at_s).collect(),
        tables,
        charts,
        overlays: Vec::new(),
        quality: Vec::new(),
        enters: found.is_some(),
        findings: found,
    }
}

/// Discharges of a train over each other, as recorded: what is steady is the unit's, what shimmers
/// is noise, other units, or the unit's own instability.
fn overlaid(uv: &[f64], fs_hz: f64, train: &EventTrain) -> Chart {
    let step = (train.times_s.len() / OVERLAID).max(1);
    let some = train.times_s.iter().step_by(step).take(OVERLAID);
    let series = some.filter_map(|at_s| {
        let at = (at_s * fs_hz).round();
        let (from, to) = (at - OVERLAID_MS[0] * 1e-3 * fs_hz, at + OVERLAID_MS[1] * 1e-3 * fs_hz);
        let part = uv.get(from.max(0.0) as usize..(to.max(0.0) as usize).min(uv.len()))?;
        let level = median(part);
        let ms = |i: usize| ((from.max(0.0).floor() + i as f64) / fs_hz - at_s) * 1e3;
        let points = part.iter().enumerate().map(|(i, uv)| [ms(i), uv - level]).filter(|[_, uv]| uv.is_finite());
        Some(Series { name: String::new(), points: points.collect(), look: SeriesLook::Line })
    });
    Chart {
        title: format!(
            "{}, {} of {} discharges overlaid",
            train.name,
            train.times_s.len().div_ceil(step).min(OVERLAID),
            train.times_s.len()
        ),
        x: Axis::new("From the main peak", "ms"),
        y: Axis::new("Negative up", "\u{b5}V"),
        series: series.collect(),
        lines: Vec::new(),
    }
}

fn why(unit: &Named) -> Vec<String> {
    let mut why = Vec::new();
    if let Some(firing) = unit.train.firing.filter(|firing| firing.mean_interval_s > 0.0) {
        why.push(format!("{:.1} Hz, intervals vary {:.0} %", 1.0 / firing.mean_interval_s, 100.0 * firing.cv));
    }
    if let Some(m) = &unit.measures {
        let phases = if m.phases == 1 { "phase" } else { "phases" };
        why.push(format!("{:.0} \u{b5}V, {:.1} ms, {} {phases}", m.amp_uv, m.duration_ms, m.phases));
    }
    let doubtful = unit.train.discharges.iter().filter(|discharge| discharge.confidence < DOUBTFUL).count();
    if doubtful > 0 {
        why.push(format!("{doubtful} of {} discharges are not sure", unit.train.discharges.len()));
    }
    why
}

fn potentials(units: &[Named], recruited: &Recruitment) -> Table {
    let columns = vec![
        Column::new("Discharges", "", 0),
        Column::new("Rate", "Hz", 1),
        Column::new("Interval CV", "%", 0),
        Column::new("Amplitude", "\u{b5}V", 0),
        Column::new("Duration", "ms", 1),
        Column::new("Area", "\u{b5}V\u{b7}ms", 0),
        Column::new("Phases", "", 0),
        Column::new("Turns", "", 0),
        Column::new("Rise time", "ms", 2),
        Column::new("Spike", "ms", 2),
        Column::new("Thickness", "ms", 2),
        Column::new("Size index", "", 2),
        Column::new("Satellites", "", 0),
        Column::new("Confidence", "%", 0),
    ];
    let row = |(unit, fires): (&Named, &crate::model::needle::UnitRecruitment)| {
        let of = |value: fn(&PotentialMeasures) -> f64| Cell::maybe(unit.measures.as_ref().map(value));
        let cells = vec![
            Cell::Number(unit.train.discharges.len() as f64),
            Cell::maybe(fires.rate_hz),
            Cell::maybe(fires.cv.map(|cv| 100.0 * cv)),
            of(|m| m.amp_uv),
            of(|m| m.duration_ms),
            of(|m| m.area_uvms),
            of(|m| m.phases as f64),
            of(|m| m.turns as f64),
            Cell::maybe(unit.measures.as_ref().and_then(|m| m.rise_ms)),
            Cell::maybe(unit.measures.as_ref().and_then(|m| m.spike_duration_ms)),
            of(|m| m.thickness_ms),
            of(|m| m.size_index),
            of(|m| m.satellites as f64),
            Cell::Number(100.0 * unit.train.confidence),
        ];
        TableRow::new(unit.name.clone(), cells)
    };
    let mut rows: Vec<TableRow> = units.iter().zip(&recruited.units).map(row).collect();
    let measured: Vec<&PotentialMeasures> = units.iter().filter_map(|unit| unit.measures.as_ref()).collect();
    if measured.len() > 1 {
        let n = measured.len() as f64;
        let mean = |value: fn(&PotentialMeasures) -> f64| Cell::Number(measured.iter().map(|m| value(m)).sum::<f64>() / n);
        let mut cells = vec![Cell::Empty; columns.len()];
        cells[3] = mean(|m| m.amp_uv);
        cells[4] = mean(|m| m.duration_ms);
        cells[5] = mean(|m| m.area_uvms);
        cells[10] = mean(|m| m.thickness_ms);
        cells[11] = mean(|m| m.size_index);
        rows.push(TableRow::new("Mean", cells));
    }
    let polyphasic = measured.iter().filter(|m| m.phases > MOST_PHASES).count();
    let note = format!(
        "Averages of each unit's discharges with the other units taken away. Polyphasic (more than {MOST_PHASES} phases): {polyphasic} of {}.",
        measured.len()
    );
    Table { title: "Motor unit potentials".into(), columns, rows, note }
}

fn recruitment_table(units: &[Named], recruited: &Recruitment) -> Table {
    let columns = vec![Column::new("Recruited at", "s", 2), Column::new("Onset frequency", "Hz", 1), Column::new("Mean rate", "Hz", 1)];
    let rows = recruited.order.iter().filter_map(|&index| {
        let (unit, fires) = (units.get(index)?, recruited.units.get(index)?);
        let from = fires.recruited_s.map_or_else(|| Cell::text("from the start"), Cell::Number);
        Some(TableRow::new(unit.name.clone(), vec![from, Cell::maybe(fires.onset_hz), Cell::maybe(fires.rate_hz)]))
    });
    let frequency = recruited.recruitment_hz.map(|hz| format!("Recruitment frequency {hz:.1} Hz. ")).unwrap_or_default();
    let ratio = recruited.ratio.map(|ratio| format!("Recruitment ratio {ratio:.1} with {} units active.", recruited.active));
    Table { title: "Recruitment".into(), columns, rows: rows.collect(), note: format!("{frequency}{}", ratio.unwrap_or_default()) }
}

fn shapes(units: &[Named]) -> Chart {
    let line = |unit: &Named| {
        let potential = &unit.train.potential;
        let ms = |i: usize| (i as f64 - potential.at as f64) * 1e3 / potential.fs_hz.max(1.0);
        let points = potential.uv.iter().enumerate().map(|(i, uv)| [ms(i), *uv]);
        let points = points.filter(|[ms, uv]| *ms >= -DRAWN_MS[0] && *ms <= DRAWN_MS[1] && uv.is_finite()).collect();
        Series { name: unit.name.clone(), points, look: SeriesLook::Line }
    };
    Chart {
        title: "Averaged potentials".into(),
        x: Axis::new("From the main peak", "ms"),
        y: Axis::new("Negative up", "\u{b5}V"),
        series: units.iter().take(DRAWN).map(line).collect(),
        lines: Vec::new(),
    }
}

fn rates(units: &[Named], times: &[Vec<f64>]) -> Chart {
    let dots = |(unit, times): (&Named, &Vec<f64>)| {
        let points = times.windows(2).filter(|pair| pair[1] - pair[0] < PAUSE_S && pair[1] > pair[0]);
        let points = points.map(|pair| [pair[1], 1.0 / (pair[1] - pair[0])]).collect();
        Series { name: unit.name.clone(), points, look: SeriesLook::Dots }
    };
    Chart {
        title: "Firing rate".into(),
        x: Axis::new("From the start of the stretch", "s"),
        y: Axis::new("Instantaneous rate", "Hz"),
        series: units.iter().zip(times).take(DRAWN).map(dots).collect(),
        lines: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{METHOD, Units, letters};
    use crate::analysis::signal::{SignalAnalyzer, SignalInput};
    use crate::simulate::demo;

    #[test]
    fn names_go_on_behind_z() {
        assert_eq!([letters(0), letters(25), letters(26), letters(701)], ["A", "Z", "AA", "ZZ"]);
    }

    #[test]
    fn the_demo_falls_into_units_and_silence_into_none() {
        let (study, samples) = demo("needle").unwrap();
        let channel = &study.recordings[0].channels[0];
        let uv: Vec<f64> = samples[0].channels[0][(5.0 * channel.fs_hz) as usize..(15.0 * channel.fs_hz) as usize].to_vec();
        let input = SignalInput { uv, fs_hz: channel.fs_hz, ..SignalInput::default() };
        let mut analysis = Units.begin(input.clone());
        while analysis.step().is_some() {}
        let found = analysis.measurement();
        assert_eq!(found.method, METHOD);
        assert!((2..=8).contains(&found.trains.len()), "{}", found.verdict);
        assert_eq!(found.tables[0].rows.len(), found.trains.len() + 1);
        assert_eq!(found.overlays.len(), found.trains.len());
        assert!(found.overlays.iter().all(|chart| chart.series.len() >= 8));
        assert!(found.trains.iter().all(|train| train.times_s.windows(2).all(|pair| pair[1] - pair[0] > 0.008)));
        let mut silence = Units.begin(SignalInput { uv: vec![0.0; input.uv.len()], ..input });
        while silence.step().is_some() {}
        assert!(silence.measurement().trains.is_empty());
        assert_eq!(silence.measurement().verdict, "Nothing stands out of the noise.");
    }
}
