//! Table and charts of a scan.

use super::chain::Fit;
use super::curve::Curve;
use crate::model::{Axis, Cell, Chart, ChartLine, Column, ScanSummary, Series, SeriesLook, Table, TableRow};

/// Names of the values that a Qtrac file states, in the order of the columns.
const STATED: [(&str, f64); 11] = [
    ("MSFNUnits", 1.0),
    ("", 1.0),
    ("", 1.0),
    ("MSFMeanUnitAmp", 1.0),
    ("MScPeak", 1.0),
    ("MScS5", 1.0),
    ("MScS50", 1.0),
    ("MScS95", 1.0),
    ("MScD50", 1.0),
    ("MScNSteps", 1.0),
    ("MScSteps", 1.0),
];

/// Values as a table: what was found and, below, what the file states.
pub(super) fn tables(summary: &ScanSummary, stated: &[(String, String, f64)]) -> Vec<Table> {
    let columns = vec![
        Column::new("Motor units", "", 0),
        Column::words("95 %"),
        Column::new("of 0.25 % or more", "", 0),
        Column::new("Mean size", "\u{b5}V", 0),
        Column::new("Maximum", "mV", 2),
        Column::new("S5", "mA", 2),
        Column::new("S50", "mA", 2),
        Column::new("S95", "mA", 2),
        Column::new("D50", "", 0),
        Column::new("Steps", "", 0),
        Column::new("Sum of steps", "%", 1),
    ];
    let units = summary.units.as_ref();
    let found = vec![
        Cell::maybe(units.map(|u| u.number)),
        units.map_or(Cell::Empty, |u| Cell::text(format!("{:.0}\u{2013}{:.0}", u.interval[0], u.interval[1]))),
        Cell::maybe(units.map(|u| u.large)),
        Cell::maybe(units.map(|u| u.mean_uv)),
        Cell::maybe(summary.max_uv.map(|uv| uv * 1e-3)),
        Cell::maybe(summary.s5_ma),
        Cell::maybe(summary.s50_ma),
        Cell::maybe(summary.s95_ma),
        Cell::maybe(summary.d50.map(|d50| d50 as f64)),
        Cell::maybe(summary.max_uv.map(|_| summary.steps_pct.len() as f64)),
        Cell::maybe(summary.max_uv.map(|_| summary.steps_pct.iter().sum())),
    ];
    let mut rows = vec![TableRow::new("Found", found)];
    let of_file = |(name, scale): &(&str, f64)| {
        let value = stated.iter().find(|(stated, ..)| !name.is_empty() && stated == name);
        Cell::maybe(value.map(|(.., value)| value * scale))
    };
    let cells: Vec<Cell> = STATED.iter().map(of_file).collect();
    if cells.iter().any(|cell| *cell != Cell::Empty) {
        rows.push(TableRow::new("Stated by the file", cells));
    }
    let note = "D50: how many of the largest gaps between responses in order of size make half of the maximum. Step: a gap of 2 % or more \
                between two levels of several responses. Motor units: model of Bostock (Muscle Nerve 2016;53:889), which counts units below \
                the noise by the distribution of sizes.";
    vec![Table { title: "CMAP scan".into(), columns, rows, note: note.into() }]
}

/// The scan with the fitted curve, and the units that were fitted.
pub(super) fn charts(curve: &Curve, fit: Option<&Fit>) -> Vec<Chart> {
    let scaled = |points: &[(f64, f64)]| points.iter().map(|(ma, uv)| [*ma, uv * 1e-3]).collect::<Vec<_>>();
    let mut series = vec![Series { name: "Responses".into(), points: scaled(&curve.points), look: SeriesLook::Dots }];
    if let Some(fit) = fit {
        series.push(Series { name: "Fitted".into(), points: scaled(&fit.curve), look: SeriesLook::Line });
    }
    let line = |name: &str, part| ChartLine { name: name.into(), at: curve.current_at(part), vertical: true };
    let scan = Chart {
        title: "CMAP scan".into(),
        x: Axis::new("Current", "mA"),
        y: Axis::new("CMAP", "mV"),
        series,
        lines: vec![line("S5", 0.05), line("S50", 0.5), line("S95", 0.95)],
    };
    let mut charts = vec![scan];
    if let Some(fit) = fit {
        let points = fit.model.iter().map(|(ma, uv)| [*ma, *uv]).collect();
        charts.push(Chart {
            title: "Motor units fitted".into(),
            x: Axis::new("Threshold", "mA"),
            y: Axis::new("Size", "\u{b5}V"),
            series: vec![Series { name: "Units".into(), points, look: SeriesLook::Bars }],
            lines: Vec::new(),
        });
    }
    charts
}
