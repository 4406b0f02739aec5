//! Results as they are shown: tables and charts, the same for the page, the command line, print
//! and export. Analyses make them; nothing that shows them knows what they mean.

use serde::{Deserialize, Serialize};

/// A table of results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Heading.
    pub title: String,
    /// Columns behind the name of the row.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<TableRow>,
    /// A sentence below, where one is needed (a source, a definition).
    pub note: String,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Unit; empty for plain numbers and words.
    pub unit: String,
    /// Decimals of its numbers.
    pub decimals: u8,
}

impl Column {
    /// A column of numbers.
    pub fn new(name: impl Into<String>, unit: impl Into<String>, decimals: u8) -> Self {
        Self { name: name.into(), unit: unit.into(), decimals }
    }

    /// A column of words.
    pub fn words(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// Name.
    pub name: String,
    /// One cell a column.
    pub cells: Vec<Cell>,
    /// The sweep that the row stands for, to go to.
    pub sweep: Option<super::SweepId>,
    /// What weakens it; empty: nothing.
    pub doubt: String,
}

impl TableRow {
    /// A row of its cells.
    pub fn new(name: impl Into<String>, cells: Vec<Cell>) -> Self {
        Self { name: name.into(), cells, ..Self::default() }
    }
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Does not apply.
    #[default]
    Empty,
    /// A number in the column's unit.
    Number(f64),
    /// A number beyond a limit.
    Abnormal(f64),
    /// Words.
    Text(String),
}

impl Cell {
    /// A number, or an empty cell.
    pub fn maybe(value: Option<f64>) -> Self {
        value.filter(|value| value.is_finite()).map_or(Self::Empty, Self::Number)
    }

    /// Words.
    pub fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }

    /// As it is read, with the column's decimals.
    pub fn shown(&self, column: &Column) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Number(value) | Self::Abnormal(value) => format!("{value:.*}", usize::from(column.decimals)),
            Self::Text(words) => words.clone(),
        }
    }
}

/// A chart of results.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Chart {
    /// Heading.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn.
    pub series: Vec<Series>,
    /// Straight lines that mark a value.
    pub lines: Vec<ChartLine>,
}

/// One axis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Logarithmic.
    pub log: bool,
}

impl Axis {
    /// A linear axis.
    pub fn new(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { name: name.into(), unit: unit.into(), log: false }
    }
}

/// Points that belong together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name.
    pub name: String,
    /// Points in the axes' units; those that are not finite are left out.
    pub points: Vec<[f64; 2]>,
    /// How they are drawn.
    pub look: SeriesLook,
}

/// How points are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesLook {
    /// Dots.
    #[default]
    Dots,
    /// A line.
    Line,
    /// Dots joined by a line.
    DotsAndLine,
    /// Bars from zero.
    Bars,
}

/// A straight line that marks a value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChartLine {
    /// What it marks.
    pub name: String,
    /// Value on the axis.
    pub at: f64,
    /// Stands on the x axis (else it lies on the y axis).
    pub vertical: bool,
}
