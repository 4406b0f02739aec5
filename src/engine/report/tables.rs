//! Values of a study as tables of a report: each with its limit beside it.

use crate::engine::protocol::{
    CellBy, Compared, ComparedValue, ComparedWords, JudgedValue, NeedleView, SiteView, SweepView, TestView, WarmedValue,
};
use crate::model::{self, MarkerKind, MuscleColumn, Response, TestKind};
use crate::report::{Cell, Column, Flag, Table};

/// The sweep that a site counts with: its average, the one that the analysis counts, else the largest.
pub fn counted(site: &SiteView) -> Option<&SweepView> {
    let by_id = || site.sweeps.iter().find(|sweep| Some(sweep.id) == site.counts);
    let of = |sweep: &SweepView| sweep.measurement.as_ref().filter(|measured| measured.left_out.is_none())?.response.map(|r| r.amp_uv);
    let largest =
        || site.sweeps.iter().filter(|sweep| of(sweep).is_some()).max_by(|a, b| of(a).unwrap_or(0.0).total_cmp(&of(b).unwrap_or(0.0)));
    site.average.as_ref().or_else(by_id).or_else(largest)
}

/// One value of a site with its limit: two cells.
struct Beside<'a> {
    test: &'a TestView,
    site: usize,
}

impl Beside<'_> {
    fn limit(&self, measure: &str) -> Option<&JudgedValue> {
        self.test.judged.iter().find(|judged| judged.measure == measure && judged.site == Some(self.site))
    }

    fn cells(&self, measure: &str, value: Option<f64>, decimals: usize, by_person: bool) -> [Cell; 2] {
        let limit = self.limit(measure);
        let flag = limit.filter(|limit| limit.abnormal).map(|limit| if limit.upper { Flag::High } else { Flag::Low });
        [Cell { flag, by_person, ..Cell::number(value, decimals) }, limit.map(limit_cell).unwrap_or_default()]
    }
}

fn limit_cell(limit: &JudgedValue) -> Cell {
    let sign = if limit.upper { '\u{2264}' } else { '\u{2265}' };
    Cell { doubt: !limit.doubt.is_empty(), ..Cell::text(format!("{sign}\u{a0}{}", limit.limit)) }
}

/// `R Median (APB), wrist`.
fn row_name(test: &TestView, site: &SiteView) -> String {
    let title = test.title.replace(" motor", "").replace(" sensory", "");
    if site.name.is_empty() { title } else { format!("{title}, {}", site.name) }
}

/// Motor and sensory conduction.
pub fn conduction(tests: &[TestView]) -> Vec<Table> {
    [TestKind::Motor, TestKind::Sensory].into_iter().filter_map(|kind| of_kind(tests, kind)).collect()
}

fn of_kind(tests: &[TestView], kind: TestKind) -> Option<Table> {
    let motor = kind == TestKind::Motor;
    let mut rows = Vec::new();
    for test in tests.iter().filter(|test| test.kind == kind && test.measured) {
        for (at, site) in test.sites.iter().enumerate() {
            // Of a typed test only what was said.
            if test.typed.is_none() || site.sweeps.iter().any(|sweep| sweep.measurement.is_some()) {
                rows.push(row(test, at, site, motor));
            }
        }
    }
    let (caption, unit) = if motor { ("Motor conduction", "mV") } else { ("Sensory conduction", "\u{b5}V") };
    let limit = || Column::words("limit");
    let mut columns =
        vec![Column::words("Nerve, recorded from, stimulated at"), Column::number(if motor { "Latency" } else { "Onset" }, "ms"), limit()];
    if !motor {
        columns.extend([Column::number("Peak", "ms"), limit()]);
    }
    columns.extend([Column::number("Amplitude", unit), limit(), Column::number("Duration", "ms"), Column::number("Distance", "mm")]);
    columns.extend([Column::number("Velocity", "m/s"), limit(), Column::number("Skin", "\u{b0}C")]);
    let note = "H* above, L* below the limit. ? the limit was not verified at its source, or was made for another distance.";
    (!rows.is_empty()).then(|| Table { caption: caption.into(), columns, rows, note: note.into() }.without_empty_columns())
}

fn row(test: &TestView, at: usize, site: &SiteView, motor: bool) -> Vec<Cell> {
    let beside = Beside { test, site: at };
    let measured = counted(site).and_then(|sweep| sweep.measurement.as_ref());
    let response: Option<Response> = measured.and_then(|measured| measured.response);
    let by_person = |kind: MarkerKind| measured.is_some_and(|measured| measured.placed.contains(&kind));
    let mut cells = vec![Cell::text(row_name(test, site))];
    let looked_at = site.sweeps.iter().any(|sweep| sweep.measurement.as_ref().is_some_and(|measured| measured.left_out.is_none()));
    cells.extend(beside.cells("onset_latency", response.map(|r| r.onset_ms), 1, by_person(MarkerKind::Onset)));
    if !motor {
        cells.extend(beside.cells("peak_latency", response.map(|r| r.peak_ms), 1, by_person(MarkerKind::NegativePeak)));
    }
    // The limit says which amplitude it is one of.
    let judged = beside.limit("amplitude").map(|limit| limit.value);
    let own = response.map(|r| if motor { r.amp_uv / 1e3 } else { r.amp_uv });
    cells.extend(beside.cells("amplitude", judged.or(own), if motor { 1 } else { 0 }, by_person(MarkerKind::NegativePeak)));
    cells.push(Cell::number(response.map(|r| r.duration_ms), 1));
    cells.push(Cell { by_person: site.distance_by_person, ..Cell::number(site.distance_mm, 0) });
    let velocity = site.segment.as_ref().and_then(|segment| segment.velocity_mps);
    cells.extend(beside.cells("conduction_velocity", velocity, 0, false));
    cells.push(if at == 0 { Cell::number(test.temperature_c, 1) } else { Cell::default() });
    if response.is_none()
        && let Some(first) = cells.get_mut(1)
    {
        *first = Cell::text(if looked_at { "no response" } else { "not measured" });
    }
    cells
}

/// Estimates of what a cold limb's values might be in a warm one.
pub fn warmed(tests: &[TestView]) -> Option<Table> {
    let row = |(test, warmed): (&TestView, &WarmedValue)| {
        let decimals = if warmed.unit == "ms" { 1 } else { 0 };
        vec![
            Cell::text(if warmed.site.is_empty() { test.title.clone() } else { format!("{}, {}", test.title, warmed.site) }),
            Cell::text(format!("{} ({})", super::words::capital(&warmed.measure.replace('_', " ")), warmed.unit)),
            Cell::number(Some(warmed.value), decimals),
            Cell::number(Some(warmed.from_c), 1),
            Cell { doubt: warmed.unverified, ..Cell::number(Some(warmed.estimate), decimals) },
            Cell::number(Some(warmed.to_c), 0),
            Cell::text(warmed.source.clone()),
        ]
    };
    let rows: Vec<Vec<Cell>> = tests.iter().flat_map(|test| test.warmed.iter().map(move |warmed| (test, warmed))).map(row).collect();
    let columns = vec![
        Column::words("Test, site"),
        Column::words("Value"),
        Column::number("Measured", ""),
        Column::number("at", "\u{b0}C"),
        Column::number("Estimate", ""),
        Column::number("at", "\u{b0}C"),
        Column::words("Factor from"),
    ];
    let note = "No value is judged by an estimate: warm and measure again. A demyelinated nerve answers less to warmth (Wu 1993). ? the factor was not verified at its source.";
    (!rows.is_empty()).then(|| Table { caption: "Cold limb: what values might be in a warm one".into(), columns, rows, note: note.into() })
}

/// An earlier study beside this one: values, needle findings, conclusions.
pub fn earlier(compared: &Compared) -> Vec<Table> {
    let value = |row: &ComparedValue| {
        let name = if row.site.is_empty() { row.of.clone() } else { format!("{}, {}", row.of, row.site) };
        let decimals = if row.unit == "ms" { 2 } else { 1 };
        vec![
            Cell::text(format!("{name}: {} ({})", row.measure, row.unit)),
            Cell::number(Some(row.then), decimals),
            Cell::number(Some(row.now), decimals),
            Cell {
                flag: row.beyond_retest.filter(|beyond| *beyond).map(|_| Flag::Abnormal),
                ..Cell::number(Some(row.difference), decimals)
            },
            Cell::text(row.retest()),
            Cell::text(row.normal()),
        ]
    };
    let columns = vec![
        Column::words("Value"),
        Column::number("Then", ""),
        Column::number("Now", ""),
        Column::number("Change", ""),
        Column::words("against chance"),
        Column::words("against normal"),
    ];
    let note =
        "* beyond what two tests of one person differ by when nothing has changed (Kong 2009: the largest of its nerves; 95 in 100).";
    let rows: Vec<Vec<Cell>> = compared.values.iter().map(value).collect();
    let values = (!rows.is_empty()).then(|| Table { caption: "Values then and now".into(), columns, rows, note: note.into() });
    let words = |caption: &str, rows: &[ComparedWords]| {
        let rows: Vec<Vec<Cell>> = rows
            .iter()
            .filter(|row| row.changed)
            .map(|row| {
                let shown = |text: &str| Cell::text(if text.is_empty() { "not there" } else { text });
                vec![Cell::text(row.of.clone()), shown(&row.then), shown(&row.now)]
            })
            .collect();
        let columns = vec![Column::words(""), Column::words("Then"), Column::words("Now")];
        (!rows.is_empty()).then(|| Table { caption: caption.into(), columns, rows, note: String::new() })
    };
    let needle = words("Needle findings that changed", &compared.needle);
    let conclusions = words("Conclusions that changed", &compared.conclusions);
    values.into_iter().chain(needle).chain(conclusions).collect()
}

/// Values of other tests: their own tables, with limits where there are any.
pub fn other(tests: &[TestView]) -> Vec<Table> {
    let mut out = Vec::new();
    for test in tests.iter().filter(|test| !matches!(test.kind, TestKind::Motor | TestKind::Sensory)) {
        // What each stimulus gave is in the figure, and in the export of all values.
        for table in test.tables.iter().filter(|table| table.rows.iter().any(|row| row.sweep.is_none())) {
            let caption = if table.title.is_empty() { test.title.clone() } else { format!("{}: {}", test.title, table.title) };
            out.push(Table { caption, ..of_model(table) });
        }
        out.extend(judged(test));
    }
    out
}

/// Values of a test as a whole against their limits.
fn judged(test: &TestView) -> Option<Table> {
    let rows: Vec<Vec<Cell>> = test
        .judged
        .iter()
        .map(|judged| {
            let flag = judged.abnormal.then_some(if judged.upper { Flag::High } else { Flag::Low });
            let name = super::words::capital(&judged.measure.replace('_', " "));
            vec![
                Cell::text(name),
                Cell { flag, ..Cell::number(Some(judged.value), 1) },
                limit_cell(judged),
                Cell::text(judged.unit.clone()),
                Cell::text(judged.source.clone()),
            ]
        })
        .collect();
    let columns = vec![
        Column::words("Value"),
        Column::number("Measured", ""),
        Column::words("limit"),
        Column::words("Unit"),
        Column::words("Source"),
    ];
    (!rows.is_empty()).then(|| Table { caption: format!("{}: against limits", test.title), columns, rows, note: String::new() })
}

/// A table of an analysis.
pub fn of_model(table: &model::Table) -> Table {
    let numeric = |at: usize| {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(at));
        cells.clone().any(|cell| matches!(cell, model::Cell::Number(_) | model::Cell::Abnormal(_)))
            && !cells.clone().any(|cell| matches!(cell, model::Cell::Text(_)))
    };
    let column =
        |(at, column): (usize, &model::Column)| Column { name: column.name.clone(), unit: column.unit.clone(), numeric: numeric(at) };
    let rows = table.rows.iter().map(|row| {
        let cells = row.cells.iter().zip(&table.columns).map(|(cell, column)| Cell {
            flag: matches!(cell, model::Cell::Abnormal(_)).then_some(Flag::Abnormal),
            ..Cell::text(cell.shown(column))
        });
        std::iter::once(Cell { doubt: !row.doubt.is_empty(), ..Cell::text(row.name.clone()) }).chain(cells).collect()
    });
    Table {
        caption: table.title.clone(),
        columns: std::iter::once(Column::default()).chain(table.columns.iter().enumerate().map(column)).collect(),
        rows: rows.collect(),
        note: table.note.clone(),
    }
    .without_empty_columns()
}

/// The needle examination; comments stand below it.
pub fn needle(needle: &NeedleView) -> Option<Table> {
    let columns = MuscleColumn::ALL.iter().filter(|column| **column != MuscleColumn::Comment);
    let mut heads = vec![Column::words("Muscle"), Column::words("Nerve"), Column::words("Roots")];
    heads.extend(columns.clone().map(|column| Column::words(column.short())));
    let mut comments = Vec::new();
    let rows: Vec<Vec<Cell>> = needle
        .rows
        .iter()
        .map(|row| {
            let mut cells = vec![Cell::text(row.title()), Cell::text(row.nerve.clone()), Cell::text(row.roots.clone())];
            for (column, cell) in MuscleColumn::ALL.iter().zip(&row.cells) {
                if *column == MuscleColumn::Comment {
                    comments.extend(Some(cell.shown()).filter(|text| !text.is_empty()).map(|text| format!("{}: {text}", row.title())));
                } else {
                    let flag = cell.abnormal.then_some(Flag::Abnormal);
                    cells.push(Cell {
                        flag,
                        doubt: !cell.doubt.is_empty(),
                        by_person: cell.by == CellBy::Hand,
                        ..Cell::text(cell.shown())
                    });
                }
            }
            cells
        })
        .collect();
    let mut note =
        "* not normal. ? to be taken with care. Roots in brackets are minor ones; charts of roots disagree by a segment.".to_owned();
    if !comments.is_empty() {
        note = format!("{note} {}.", comments.join(". "));
    }
    (!rows.is_empty()).then(|| Table { caption: "Needle EMG".into(), columns: heads, rows, note }.without_empty_columns())
}
