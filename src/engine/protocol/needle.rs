//! The table of the needle examination as it is shown, and its edits.

use serde::{Deserialize, Serialize};

use crate::model::{Cell, Column, MuscleColumn, Side, StretchOrigin, Table, TableRow, WhichMuscle};

/// A change to the table of muscles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum MuscleEdit {
    /// A new row; its number is [`NeedleView::next`].
    Add {
        /// Muscle.
        muscle: WhichMuscle,
        /// Side.
        side: Option<Side>,
    },
    /// Another muscle or side for a row.
    Set {
        /// Row.
        row: u32,
        /// Muscle.
        muscle: WhichMuscle,
        /// Side.
        side: Option<Side>,
    },
    /// Take a row away.
    Remove {
        /// Row.
        row: u32,
    },
    /// A key typed on a cell ([`MuscleColumn::typed`]).
    Key {
        /// Row.
        row: u32,
        /// Column.
        column: MuscleColumn,
        /// Key.
        key: char,
    },
    /// A text typed into a cell; `None` gives the cell back to the analyses.
    Write {
        /// Row.
        row: u32,
        /// Column.
        column: MuscleColumn,
        /// Text.
        text: Option<String>,
    },
    /// What is not said yet is normal; when all is said, everything is.
    AllNormal {
        /// Row.
        row: u32,
    },
    /// A row for the same muscle of the other side; its number is [`NeedleView::next`].
    Mirror {
        /// Row.
        row: u32,
    },
    /// The findings of the analysis that was done last, to the row of a muscle and side, which is made
    /// when there is none.
    Enter {
        /// Muscle.
        muscle: WhichMuscle,
        /// Side.
        side: Option<Side>,
    },
    /// Leave a motor unit out of the means, or take it in.
    LeaveOut {
        /// Row.
        row: u32,
        /// Index of the stretch.
        stretch: usize,
        /// Index of the unit.
        unit: usize,
        /// Left out.
        out: bool,
    },
    /// Take the findings of a stretch away.
    Forget {
        /// Row.
        row: u32,
        /// Index of the stretch.
        stretch: usize,
    },
}

impl MuscleEdit {
    /// The edit in a few words, for undo and redo.
    pub fn label(&self) -> String {
        match self {
            Self::Add { .. } => "add muscle".into(),
            Self::Set { .. } => "change muscle".into(),
            Self::Remove { .. } => "remove muscle".into(),
            Self::Key { column, .. } | Self::Write { column, .. } => column.name().to_lowercase(),
            Self::AllNormal { .. } => "muscle normal".into(),
            Self::Mirror { .. } => "other side".into(),
            Self::Enter { .. } => "enter in table".into(),
            Self::LeaveOut { out: true, .. } => "leave motor unit out".into(),
            Self::LeaveOut { .. } => "take motor unit in".into(),
            Self::Forget { .. } => "forget stretch".into(),
        }
    }
}

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NeedleView {
    /// Rows in the order of the examination.
    pub rows: Vec<MuscleRowView>,
    /// Number that the next row will have.
    pub next: u32,
}

/// One muscle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MuscleRowView {
    /// Number.
    pub id: u32,
    /// As it is stored.
    pub muscle: WhichMuscle,
    /// Side.
    pub side: Option<Side>,
    /// Name.
    pub name: String,
    /// Nerve.
    pub nerve: String,
    /// Roots, the minor ones in brackets.
    pub roots: String,
    /// Why nerve and roots are to be taken with care; empty: they were read again in their source.
    pub doubt: String,
    /// One a column, in the order of [`MuscleColumn::ALL`].
    pub cells: Vec<MuscleCellView>,
    /// Its stretches, as they were entered.
    pub stretches: Vec<OriginView>,
    /// The motor unit potentials of all stretches; the first rows are `units`, then their summary.
    pub potentials: Table,
    /// Where each unit of the table is kept.
    pub units: Vec<UnitPlace>,
}

/// Who says what a cell shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellBy {
    /// Nobody: the cell is empty.
    #[default]
    Nobody,
    /// A person.
    Hand,
    /// The analyses of stretches.
    Analysis,
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MuscleCellView {
    /// What it says (`2+`, `increased`); may be empty while numbers are there.
    pub value: String,
    /// The numbers behind it, from the analyses (`13.9 ms`).
    pub numbers: String,
    /// What they are held against (`9.5 to 13.2 ms`); empty: no limit.
    pub limit: String,
    /// Who says it.
    pub by: CellBy,
    /// Beyond normal.
    pub abnormal: bool,
    /// How the analyses came to it, one sentence each.
    pub why: Vec<String>,
    /// What is to be taken with care; empty: nothing.
    pub doubt: String,
    /// Where the limit is published.
    pub source: String,
    /// What the analyses say where a person says something else; empty: nothing or the same.
    pub offered: String,
    /// Stretches that it rests on (indices).
    pub from: Vec<usize>,
}

/// A stretch that findings come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OriginView {
    /// Where.
    pub origin: StretchOrigin,
    /// In words (`Motor units, EMG 2.0 to 12.0 s`).
    pub words: String,
    /// Method and version.
    pub method: String,
}

/// Where a unit is kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnitPlace {
    /// Index of the stretch.
    pub stretch: usize,
    /// Index within it.
    pub unit: usize,
    /// Left out of the means by a person.
    pub left_out: bool,
}

/// A muscle to choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MuscleChoice {
    /// What to put into an edit.
    pub muscle: WhichMuscle,
    /// Name.
    pub name: String,
    /// Nerve.
    pub nerve: String,
    /// Roots.
    pub roots: String,
}

impl MuscleRowView {
    /// `L Tibialis anterior`.
    pub fn title(&self) -> String {
        let side = match self.side {
            Some(Side::Left) => "L ",
            Some(Side::Right) => "R ",
            None => "",
        };
        format!("{side}{}", self.name)
    }
}

impl MuscleCellView {
    /// As one reads it: the word, else the numbers.
    pub fn shown(&self) -> &str {
        if self.value.is_empty() { &self.numbers } else { &self.value }
    }
}

impl NeedleView {
    /// The table as it is printed and exported: words, with who says each.
    pub fn table(&self) -> Table {
        let mut columns: Vec<Column> = ["Side", "Nerve", "Roots"].map(Column::words).to_vec();
        for column in MuscleColumn::ALL {
            columns.push(Column::words(column.name()));
        }
        columns.push(Column::words("By hand"));
        let rows = self.rows.iter().map(|row| {
            let side = match row.side {
                Some(Side::Left) => "L",
                Some(Side::Right) => "R",
                None => "",
            };
            let mut cells = vec![Cell::text(side), Cell::text(row.nerve.clone()), Cell::text(row.roots.clone())];
            cells.extend(row.cells.iter().map(|cell| {
                let star = if cell.abnormal { "*" } else { "" };
                let care = if cell.doubt.is_empty() { "" } else { " ?" };
                let numbers = if cell.value.is_empty() || cell.numbers.is_empty() || cell.by == CellBy::Hand {
                    String::new()
                } else {
                    format!(" ({})", cell.numbers)
                };
                if cell.shown().is_empty() { Cell::Empty } else { Cell::text(format!("{}{star}{numbers}{care}", cell.shown())) }
            }));
            let by_hand = MuscleColumn::ALL.iter().zip(&row.cells).filter(|(_, cell)| cell.by == CellBy::Hand);
            cells.push(Cell::text(by_hand.map(|(column, _)| column.short()).collect::<Vec<_>>().join(" ")));
            TableRow::new(row.name.clone(), cells)
        });
        Table {
            title: "Needle EMG".into(),
            columns,
            rows: rows.collect(),
            note: "* beyond normal. ? to be taken with care: a limit not verified at its source, or few data.".into(),
        }
    }

    /// The table and the motor unit potentials of each muscle.
    pub fn tables(&self) -> Vec<Table> {
        let potentials = self.rows.iter().filter(|row| !row.units.is_empty()).map(|row| row.potentials.clone());
        std::iter::once(self.table()).chain(potentials).filter(|table| !table.rows.is_empty()).collect()
    }
}
