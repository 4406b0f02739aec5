//! Nerve excitability by threshold tracking: charts of the points, and the usual measures computed
//! from them beside those that the file states.
//!
//! What each measure is stands with it in `measures`. Charts follow the layout of Kiernan, Burke,
//! Andersen, Bostock (Muscle Nerve 2000;23:399): stimulus-response, charge-duration, threshold
//! electrotonus, recovery cycle, current-threshold. Parts that were not recorded are left out. Cost:
//! microseconds.

mod measures;

use super::conditions;
use crate::analysis::{Analyzed, Analyzer, Context, TestInput};
use crate::model::{
    Axis, Cell, Chart, ChartLine, Column, Excitability, ExcitabilitySummary, ExcitabilityValue, QualityFlag, QualityKind, Series,
    SeriesLook, Summary, Table, TableRow, TestKind, TestMeasurement,
};

/// Name and version.
pub const METHOD: &str = "excitability/1";

/// The analyzer of threshold tracking.
#[derive(Debug, Clone, Copy)]
pub struct ThresholdTracking;

impl Analyzer for ThresholdTracking {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::Excitability
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let recorded = input.test.excitability.clone().unwrap_or_default();
        let values = values(&recorded);
        Box::new(Tracked { charts: charts(&recorded), tables: tables(&values), values, empty: recorded.is_empty() })
    }
}

struct Tracked {
    values: Vec<ExcitabilityValue>,
    tables: Vec<Table>,
    charts: Vec<Chart>,
    empty: bool,
}

impl Analyzed for Tracked {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut quality: Vec<QualityFlag> = conditions::cold_limb(context.test).into_iter().collect();
        if self.empty {
            quality.push(QualityFlag { kind: QualityKind::TooFew, what: "There are no points of a threshold-tracking test.".into() });
        }
        TestMeasurement {
            method: METHOD.into(),
            summary: Summary::Excitability(ExcitabilitySummary { values: self.values.clone() }),
            tables: self.tables.clone(),
            charts: self.charts.clone(),
            quality,
            ..TestMeasurement::default()
        }
    }
}

/// Measures from the points with the stated ones of the same name beside them; then what is stated
/// and not computed here.
fn values(recorded: &Excitability) -> Vec<ExcitabilityValue> {
    let stated = |name: &str| recorded.stated.iter().find(|(of, ..)| of == name).map(|(.., value)| *value);
    let mut values: Vec<ExcitabilityValue> = measures::ALL
        .iter()
        .map(|measure| ExcitabilityValue {
            name: measure.name.into(),
            unit: measure.unit.into(),
            value: (measure.of)(recorded).filter(|value| value.is_finite()),
            stated: stated(measure.stated),
        })
        .filter(|value| value.value.is_some() || value.stated.is_some())
        .collect();
    let known = |name: &str| {
        measures::ALL.iter().any(|measure| measure.stated == name) || ["Age", "Sex", "Sex (M=1, F=2)", "Temperature"].contains(&name)
    };
    for (name, unit, value) in recorded.stated.iter().filter(|(name, ..)| !known(name)) {
        values.push(ExcitabilityValue { name: name.clone(), unit: unit.clone(), value: None, stated: Some(*value) });
    }
    values
}

fn tables(values: &[ExcitabilityValue]) -> Vec<Table> {
    let columns = vec![Column::new("From the points", "", 2), Column::new("Stated by the file", "", 2), Column::words("Unit")];
    let row = |value: &ExcitabilityValue| {
        TableRow::new(value.name.clone(), vec![Cell::maybe(value.value), Cell::maybe(value.stated), Cell::text(value.unit.clone())])
    };
    if values.is_empty() {
        return Vec::new();
    }
    let note = "Definitions: Kiernan et al., Muscle Nerve 2000;23:399; Bostock et al., Muscle Nerve 1998;21:137.";
    vec![Table { title: "Nerve excitability".into(), columns, rows: values.iter().map(row).collect(), note: note.into() }]
}

fn chart(title: &str, x: Axis, y: Axis, series: Vec<Series>, zero: bool) -> Option<Chart> {
    let lines = if zero { vec![ChartLine { name: String::new(), at: 0.0, vertical: false }] } else { Vec::new() };
    let series: Vec<Series> = series.into_iter().filter(|series| !series.points.is_empty()).collect();
    (!series.is_empty()).then(|| Chart { title: title.into(), x, y, series, lines })
}

fn series(name: &str, points: impl IntoIterator<Item = [f64; 2]>, look: SeriesLook) -> Series {
    Series { name: name.into(), points: points.into_iter().collect(), look }
}

fn charts(recorded: &Excitability) -> Vec<Chart> {
    use SeriesLook::{Dots, DotsAndLine, Line};
    let log_x = |name: &str, unit: &str| Axis { log: true, ..Axis::new(name, unit) };
    let response = recorded.stimulus_response.iter().map(|[part, ma]| [*ma, *part]);
    let charge = recorded.charge_duration.iter().map(|[ms, ma]| [*ms, ms * ma]);
    // The line of Weiss' law from minus the time constant on.
    let law = measures::weiss(recorded).map(|(rheobase_ma, constant_ms)| {
        let last = recorded.charge_duration.iter().map(|p| p[0]).fold(0.0, f64::max);
        vec![[-constant_ms, 0.0], [last, rheobase_ma * (last + constant_ms)]]
    });
    let electrotonus = recorded.threshold_electrotonus.iter().map(|te| {
        let points = te.points.iter().map(|[ms, _, reduction]| [ms - measures::POLARIZED_MS, *reduction]);
        series(&format!("{:+.0} %", te.current_pct()), points, DotsAndLine)
    });
    let iv = recorded.current_threshold.iter().map(|[current, reduction]| [*reduction, *current]);
    let charts = [
        chart(
            "Stimulus-response",
            log_x("Current", "mA"),
            Axis::new("Response", "% of maximum"),
            vec![series("Response", response, DotsAndLine)],
            false,
        ),
        chart(
            "Charge-duration",
            Axis::new("Pulse duration", "ms"),
            Axis::new("Threshold charge", "mA ms"),
            vec![series("Charge", charge, Dots), series("Weiss", law.unwrap_or_default(), Line)],
            true,
        ),
        chart("Threshold electrotonus", Axis::new("Delay", "ms"), Axis::new("Threshold reduction", "%"), electrotonus.collect(), true),
        chart(
            "Recovery cycle",
            log_x("Interval", "ms"),
            Axis::new("Threshold change", "%"),
            vec![series("Threshold", recorded.recovery_cycle.iter().copied(), DotsAndLine)],
            true,
        ),
        chart(
            "Current-threshold",
            Axis::new("Threshold reduction", "%"),
            Axis::new("Current", "% of threshold"),
            vec![series("I/V", iv, DotsAndLine)],
            true,
        ),
    ];
    charts.into_iter().flatten().collect()
}
