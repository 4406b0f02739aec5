//! The motor unit potentials of a muscle over all its insertions, as a table with means and limits.

use crate::engine::protocol::UnitPlace;
use crate::model::{Cell, Column, FoundUnit, MuscleRow, NeedleFindings, Table, TableRow};
use crate::norms::needle::{self, NeedleLimit, Verdict};
use crate::norms::{MuscleDef, Person};

/// Youngest age whose single durations are held against the range of adults, years.
const ADULT: f64 = 20.0;

/// Units of a muscle that count.
pub struct Collected<'a> {
    /// The units.
    pub units: Vec<&'a FoundUnit>,
    /// The stretches that they come from.
    pub from: Vec<usize>,
}

/// All units that were not left out.
pub fn collected(row: &MuscleRow) -> Collected<'_> {
    let mut out = Collected { units: Vec::new(), from: Vec::new() };
    for (at, stretch) in row.stretches.iter().enumerate() {
        let NeedleFindings::Units(found) = &stretch.findings else { continue };
        let before = out.units.len();
        out.units.extend(found.units.iter().filter(|unit| !unit.left_out));
        if out.units.len() > before {
            out.from.push(at);
        }
    }
    out
}

/// Whether a potential is near enough to the needle for its amplitude to count.
pub fn near(unit: &FoundUnit) -> bool {
    unit.rise_ms.zip(needle::rise_ms()).is_some_and(|(rise, most)| rise <= most)
}

/// Mean of finite values; `None` without any.
pub fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation of finite values; `None` with fewer than two.
fn deviation(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    let m = mean(values.iter().copied()).filter(|_| values.len() > 1)?;
    Some((values.iter().map(|value| (value - m).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt())
}

/// To three decimals, as the table says them.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// A value; abnormal when it lies beyond its range.
fn held(value: f64, limit: Option<&NeedleLimit>) -> Cell {
    match limit.and_then(|limit| limit.judge(value)) {
        Some(Verdict::Increased | Verdict::Decreased) => Cell::Abnormal(rounded(value)),
        _ => Cell::maybe(Some(rounded(value))),
    }
}

/// Columns of the table.
fn columns() -> Vec<Column> {
    vec![
        Column::new("Discharges", "", 0),
        Column::new("Rate", "Hz", 1),
        Column::new("Amplitude", "\u{b5}V", 0),
        Column::new("Duration", "ms", 1),
        Column::new("Area", "\u{b5}V\u{b7}ms", 0),
        Column::new("Phases", "", 0),
        Column::new("Turns", "", 0),
        Column::new("Rise time", "ms", 2),
        Column::new("Size index", "", 2),
        Column::words("Counts"),
    ]
}

/// The ranges that single potentials are held against.
struct Ranges {
    amplitude: NeedleLimit,
    duration: Option<NeedleLimit>,
    phases: NeedleLimit,
}

fn unit_row(insertion: usize, unit: &FoundUnit, ranges: &Ranges) -> TableRow {
    let number = |value: Option<f64>| Cell::maybe(value.map(rounded));
    let counts = match (unit.left_out, near(unit)) {
        (true, _) => "left out",
        (false, false) => "no amplitude",
        (false, true) => "yes",
    };
    let cells = vec![
        Cell::Number(unit.discharges as f64),
        number(unit.rate_hz),
        held(unit.amp_uv, Some(&ranges.amplitude).filter(|_| near(unit))),
        held(unit.duration_ms, ranges.duration.as_ref()),
        number(Some(unit.area_uvms)),
        held(unit.phases as f64, Some(&ranges.phases)),
        Cell::Number(unit.turns as f64),
        number(unit.rise_ms),
        number(unit.size_index),
        Cell::text(counts),
    ];
    TableRow::new(format!("{insertion}: {}", unit.name), cells)
}

/// The table, units first, and where each of them is kept; empty without units.
pub fn table(row: &MuscleRow, muscle: Option<&MuscleDef>, person: &Person) -> (Table, Vec<UnitPlace>) {
    let (most, polyphasic) = needle::polyphasia(muscle);
    let ranges = Ranges {
        amplitude: needle::amplitude(),
        duration: person.age_years.filter(|age| *age >= ADULT).map(|_| needle::single_duration()),
        phases: NeedleLimit { high: Some(most as f64), ..NeedleLimit::default() },
    };
    let (mut places, mut rows) = (Vec::new(), Vec::new());
    let mut insertions = 0;
    for (stretch, of) in row.stretches.iter().enumerate() {
        let NeedleFindings::Units(found) = &of.findings else { continue };
        insertions += 1;
        for (unit, of) in found.units.iter().enumerate() {
            places.push(UnitPlace { stretch, unit, left_out: of.left_out });
            rows.push(unit_row(insertions, of, &ranges));
        }
    }
    if rows.is_empty() {
        return (Table::default(), places);
    }
    let units = collected(row).units;
    let of = |read: fn(&FoundUnit) -> Option<f64>| units.iter().filter_map(move |unit| read(unit));
    let amplitudes = || units.iter().filter(|unit| near(unit)).map(|unit| unit.amp_uv);
    let line = |name: &str, summary: fn(&mut dyn Iterator<Item = f64>) -> Option<f64>| {
        let cell = |values: &mut dyn Iterator<Item = f64>| Cell::maybe(summary(values).map(rounded));
        let cells = vec![
            Cell::Empty,
            cell(&mut of(|unit| unit.rate_hz)),
            cell(&mut amplitudes()),
            cell(&mut of(|unit| Some(unit.duration_ms))),
            cell(&mut of(|unit| Some(unit.area_uvms))),
            cell(&mut of(|unit| Some(unit.phases as f64))),
            cell(&mut of(|unit| Some(unit.turns as f64))),
            cell(&mut of(|unit| unit.rise_ms)),
            cell(&mut of(|unit| unit.size_index)),
            Cell::Empty,
        ];
        TableRow::new(name, cells)
    };
    rows.push(line("Mean", |values| mean(values)));
    rows.push(line("SD", |values| deviation(values)));
    let own = needle::duration(muscle, person.age_years);
    let mut limits = vec![Cell::Empty; columns().len()];
    limits[2] = Cell::text(ranges.amplitude.words());
    limits[3] = own.as_ref().map_or(Cell::Empty, |limit| Cell::text(limit.words()));
    limits[5] = Cell::text(format!("above {most}: {}", polyphasic.words()));
    let doubt = [&ranges.amplitude.doubt, &polyphasic.doubt].into_iter().find(|doubt| !doubt.is_empty()).cloned().unwrap_or_default();
    rows.push(TableRow { doubt, ..TableRow::new("Limits", limits) });
    let outside = |limit: Option<&NeedleLimit>, values: &mut dyn Iterator<Item = f64>| {
        limit.map_or(Cell::Empty, |limit| {
            let beyond = |value: &f64| matches!(limit.judge(*value), Some(Verdict::Increased | Verdict::Decreased));
            Cell::text(values.filter(beyond).count().to_string())
        })
    };
    let mut beyond = vec![Cell::Empty; columns().len()];
    beyond[2] = outside(Some(&ranges.amplitude), &mut amplitudes());
    beyond[3] = outside(ranges.duration.as_ref(), &mut of(|unit| Some(unit.duration_ms)));
    beyond[5] = outside(Some(&ranges.phases), &mut of(|unit| Some(unit.phases as f64)));
    rows.push(TableRow::new("Outside", beyond));
    let (wanted, allowed, rule) = needle::outliers();
    let mut note = format!(
        "{} of {wanted} potentials from {insertions} stretch{}. Amplitudes are those of potentials near the needle (rise time up to {} ms). Single values beyond {} and {} count as outside; \
         more than {allowed} of {wanted} on one side are abnormal ({}). Single durations are held against a crude range of adults; limits of single potentials by muscle are not at hand.",
        units.len(),
        if insertions == 1 { "" } else { "es" },
        needle::rise_ms().unwrap_or(0.5),
        ranges.amplitude.words(),
        needle::single_duration().words(),
        rule.source,
    );
    if let Err(why) = own {
        note.push_str(&format!(" Mean duration: {why}"));
    }
    (Table { title: format!("Motor unit potentials, {} of {wanted}", units.len()), columns: columns(), rows, note }, places)
}
