//! What is said and shown of motor units: tables, charts, marks.

use crate::analysis::needle::edit::letters;
use crate::analysis::needle::findings;
use crate::analysis::needle::potential::{Jiggle, Marked, PotentialMeasures, jiggle, marked};
use crate::analysis::needle::recruitment::recruitment;
use crate::dsp::robust::median;
use crate::model::needle::{Decomposition, Recruitment, UnitTrain};
use crate::model::{
    ActivityClass, Axis, Cell, Chart, Column, Editable, EditedTrain, EventTrain, Series, SeriesLook, ShownPotential, SignalMeasurement,
    Table, TableRow,
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
/// A train that is faster is hardly one unit, 1/s.
const FASTEST_HZ: f64 = 40.0;
/// More phases than these make a potential polyphasic (Stalberg and others 2019).
const MOST_PHASES: usize = 4;

/// One unit with what its potential measures.
struct Named<'a> {
    edited: &'a EditedTrain,
    train: &'a UnitTrain,
    marked: Option<Marked>,
    jiggle: Option<Jiggle>,
}

impl Named<'_> {
    fn by_person(&self) -> bool {
        self.edited.by_person || self.edited.class.is_some() || !self.edited.marks.is_empty()
    }

    fn measures(&self) -> Option<&PotentialMeasures> {
        self.marked.as_ref().map(|marked| &marked.measures)
    }

    fn shown(&self) -> ShownPotential {
        let potential = &self.train.potential;
        ShownPotential {
            uv: potential.uv.clone(),
            fs_hz: potential.fs_hz,
            from_ms: -(potential.at as f64) * 1e3 / potential.fs_hz.max(1.0),
            marks: self.marked.as_ref().map_or_else(Vec::new, |marked| marked.marks.clone()),
        }
    }
}

/// The trains of a signal taken apart as they are found.
pub fn unedited(decomposition: &Decomposition) -> Vec<EditedTrain> {
    let train = |(index, train): (usize, &UnitTrain)| EditedTrain {
        name: format!("MU {}", letters(index)),
        times_s: train.times_s(),
        ..EditedTrain::default()
    };
    decomposition.trains.iter().enumerate().map(train).collect()
}

/// All that is shown of trains in their signal: `edited` and `single` (discharges aligned with the
/// potential) are those of the decomposition, in its order.
pub fn measurement(
    uv: &[f64],
    fs_hz: f64,
    decomposition: &Decomposition,
    edited: &[EditedTrain],
    single: &[Vec<Vec<f64>>],
) -> SignalMeasurement {
    let mut out = described(decomposition, edited, single);
    out.overlays = out.trains.iter().map(|train| overlaid(uv, fs_hz, train)).collect();
    out.editable = Editable::All;
    out
}

/// Tables, charts and trains of a signal taken apart.
pub fn describe(decomposition: &Decomposition) -> SignalMeasurement {
    described(decomposition, &unedited(decomposition), &[])
}

fn described(decomposition: &Decomposition, edited: &[EditedTrain], single: &[Vec<Vec<f64>>]) -> SignalMeasurement {
    let unit = |(index, (train, edited)): (usize, (&'_ UnitTrain, &'_ EditedTrain))| {
        let marked = marked(&train.potential, &edited.marks);
        let markers = marked.as_ref().map(|marked| marked.markers);
        let jiggle = single.get(index).zip(markers).and_then(|(single, markers)| jiggle(single, markers));
        (marked, jiggle)
    };
    let pairs = || decomposition.trains.iter().zip(edited);
    let units: Vec<Named> = pairs()
        .zip(pairs().enumerate().map(unit))
        .map(|((train, edited), (marked, jiggle))| Named { edited, train, marked, jiggle })
        .collect();
    let times: Vec<Vec<f64>> = decomposition.trains.iter().map(UnitTrain::times_s).collect();
    let recruited = recruitment(&times);
    let trains = units.iter().zip(&times).map(|(unit, times)| EventTrain {
        class: unit.edited.class.unwrap_or(ActivityClass::Voluntary),
        name: unit.edited.name.clone(),
        times_s: times.clone(),
        span_s: None,
        confidence: unit.train.confidence,
        why: why(unit),
        warning: String::new(),
        by_person: unit.by_person(),
    });
    let count = match units.len() {
        0 => String::new(),
        1 => "1 motor unit. ".to_owned(),
        n => format!("{n} motor units. "),
    };
    let by_hand = match units.iter().filter(|unit| unit.by_person()).count() {
        0 => String::new(),
        1 => " One train was changed by hand.".to_owned(),
        n => format!(" {n} trains were changed by hand."),
    };
    let tables = if units.is_empty() { Vec::new() } else { vec![potentials(&units, &recruited), recruitment_table(&units, &recruited)] };
    let charts = if units.is_empty() { Vec::new() } else { vec![shapes(&units), rates(&units, &times)] };
    let found =
        findings::of_units(units.iter().map(|unit| (unit.edited.name.as_str(), unit.train, unit.measures())), &recruited, decomposition);
    SignalMeasurement {
        method: METHOD.to_owned(),
        verdict: format!("{count}{}{by_hand}", decomposition.verdict.words()),
        trains: trains.collect(),
        unresolved_s: decomposition.unresolved.iter().map(|left| left.at_s).collect(),
        tables,
        charts,
        potentials: units.iter().map(Named::shown).collect(),
        enters: found.is_some(),
        findings: found,
        ..SignalMeasurement::default()
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
    if unit.train.firing.is_some_and(|firing| firing.mean_interval_s > 0.0 && firing.mean_interval_s < 1.0 / FASTEST_HZ) {
        why.push("faster than one unit fires under voluntary drive: probably several small ones".to_owned());
    }
    if let Some(m) = unit.measures() {
        let phases = if m.phases == 1 { "phase" } else { "phases" };
        why.push(format!("{:.0} \u{b5}V, {:.1} ms, {} {phases}", m.amp_uv, m.duration_ms, m.phases));
    }
    let doubtful = unit.train.discharges.iter().filter(|discharge| discharge.confidence < DOUBTFUL).count();
    if let Some(class) = unit.edited.class {
        why.push(format!("{}: named by a person", class.name()));
    }
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
        Column::new("Jiggle", "%", 0),
        Column::new("Confidence", "%", 0),
    ];
    let row = |(unit, fires): (&Named, &crate::model::needle::UnitRecruitment)| {
        let of = |value: fn(&PotentialMeasures) -> f64| Cell::maybe(unit.measures().map(value));
        let cells = vec![
            Cell::Number(unit.train.discharges.len() as f64),
            Cell::maybe(fires.rate_hz),
            Cell::maybe(fires.cv.map(|cv| 100.0 * cv)),
            of(|m| m.amp_uv),
            of(|m| m.duration_ms),
            of(|m| m.area_uvms),
            of(|m| m.phases as f64),
            of(|m| m.turns as f64),
            Cell::maybe(unit.measures().and_then(|m| m.rise_ms)),
            Cell::maybe(unit.measures().and_then(|m| m.spike_duration_ms)),
            of(|m| m.thickness_ms),
            of(|m| m.size_index),
            of(|m| m.satellites as f64),
            Cell::maybe(unit.jiggle.map(|jiggle| 100.0 * jiggle.cad)),
            Cell::Number(100.0 * unit.train.confidence),
        ];
        TableRow::new(unit.edited.name.clone(), cells)
    };
    let mut rows: Vec<TableRow> = units.iter().zip(&recruited.units).map(row).collect();
    let measured: Vec<&PotentialMeasures> = units.iter().filter_map(Named::measures).collect();
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
        "Averages of each unit's discharges with the other units taken away. Jiggle: change from discharge to discharge (Stalberg and Sonoo 1994). Polyphasic (more than {MOST_PHASES} phases): {polyphasic} of {}.",
        measured.len()
    );
    let changed: Vec<&str> = units.iter().filter(|unit| unit.by_person()).map(|unit| unit.edited.name.as_str()).collect();
    let note = if changed.is_empty() { note } else { format!("{note} Changed by hand: {}.", changed.join(", ")) };
    Table { title: "Motor unit potentials".into(), columns, rows, note }
}

fn recruitment_table(units: &[Named], recruited: &Recruitment) -> Table {
    let columns = vec![Column::new("Recruited at", "s", 2), Column::new("Onset frequency", "Hz", 1), Column::new("Mean rate", "Hz", 1)];
    let rows = recruited.order.iter().filter_map(|&index| {
        let (unit, fires) = (units.get(index)?, recruited.units.get(index)?);
        let from = fires.recruited_s.map_or_else(|| Cell::text("from the start"), Cell::Number);
        Some(TableRow::new(unit.edited.name.clone(), vec![from, Cell::maybe(fires.onset_hz), Cell::maybe(fires.rate_hz)]))
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
        Series { name: unit.edited.name.clone(), points, look: SeriesLook::Line }
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
        Series { name: unit.edited.name.clone(), points, look: SeriesLook::Dots }
    };
    Chart {
        title: "Firing rate".into(),
        x: Axis::new("From the start of the stretch", "s"),
        y: Axis::new("Instantaneous rate", "Hz"),
        series: units.iter().zip(times).take(DRAWN).map(dots).collect(),
        lines: Vec::new(),
    }
}
