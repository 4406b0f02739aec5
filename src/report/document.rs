//! What a report is made of.

use crate::scene::Picture;

/// A report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Above everything: the clinic.
    pub letterhead: Option<Head>,
    /// Heading of the page.
    pub title: String,
    /// For whom, in words (`summary for the referring doctor`).
    pub subtitle: String,
    /// Who was examined and when, label and value.
    pub identity: Vec<Item>,
    /// Whether it is a draft, in a sentence.
    pub state: String,
    /// What it says.
    pub blocks: Vec<Block>,
    /// How it was made, a sentence each.
    pub foot: Vec<String>,
    /// Year, month and day of what it reports on, as far as known: formats for archives want one.
    pub dated: Vec<u16>,
}

/// A clinic's letterhead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// Name.
    pub name: String,
    /// Address and the like.
    pub lines: Vec<String>,
    /// Logo as a data address, shown in HTML alone; empty: none.
    pub logo: String,
}

/// A label and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Label.
    pub name: String,
    /// Value, with its unit.
    pub value: String,
}

impl Item {
    /// An item.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// One part of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// The answer, in large letters.
    Answer(String),
    /// The heading of a section; deeper ones belong to the last less deep one.
    Heading {
        /// 1 or 2.
        level: u8,
        /// Words.
        text: String,
    },
    /// Running text.
    Paragraph(String),
    /// What the answer comes down to, side by side.
    Facts(Vec<Fact>),
    /// Points, one sentence each.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// A picture.
    Figure(Box<Figure>),
    /// A remark in small letters.
    Note(String),
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What is said (`How severe`).
    pub name: String,
    /// It.
    pub value: String,
    /// What stands behind it; may be empty.
    pub note: String,
}

impl Fact {
    /// A fact; its value begins with a capital.
    pub fn new(name: &str, value: &str, note: impl Into<String>) -> Self {
        let mut letters = value.chars();
        let value = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
        Self { name: name.into(), value, note: note.into() }
    }
}

/// A picture with its caption; its words are [`Picture::alt`].
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Caption.
    pub caption: String,
    /// The picture.
    pub picture: Picture,
}

/// A table; the first cell of each row names the row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Caption.
    pub caption: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, one cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// A sentence below; may be empty.
    pub note: String,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Unit; empty for words and plain numbers.
    pub unit: String,
    /// Its cells are numbers, which stand to the right.
    pub numeric: bool,
}

impl Column {
    /// A column of words.
    pub fn words(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A column of numbers.
    pub fn number(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { name: name.into(), unit: unit.into(), numeric: true }
    }
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// What it shows.
    pub text: String,
    /// Beyond a limit.
    pub flag: Option<Flag>,
    /// To be taken with care (an unverified limit); shown with a `?`.
    pub doubt: bool,
    /// Placed or typed by a person.
    pub by_person: bool,
}

/// How a value lies beyond its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Above.
    High,
    /// Below.
    Low,
    /// Not normal, without a side.
    Abnormal,
}

impl Flag {
    /// Its sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::High => "H*",
            Self::Low => "L*",
            Self::Abnormal => "*",
        }
    }
}

impl Cell {
    /// A cell that shows a text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A number, or an empty cell where there is none.
    pub fn number(value: Option<f64>, decimals: usize) -> Self {
        Self::text(value.filter(|value| value.is_finite()).map(|value| format!("{value:.decimals$}")).unwrap_or_default())
    }

    /// With everything that is shown of it: sign and mark of doubt.
    pub fn shown(&self) -> String {
        let flag = self.flag.map(|flag| format!(" {}", flag.sign())).unwrap_or_default();
        let doubt = if self.doubt { " ?" } else { "" };
        format!("{}{flag}{doubt}", self.text)
    }
}

impl Table {
    /// The same without columns in which no cell shows anything.
    #[must_use]
    pub fn without_empty_columns(mut self) -> Self {
        let used: Vec<bool> = (0..self.columns.len())
            .map(|at| at == 0 || self.rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.text.is_empty())))
            .collect();
        let keep = |at: usize| used.get(at).copied().unwrap_or(false);
        self.columns = self.columns.into_iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, column)| column).collect();
        for row in &mut self.rows {
            *row = std::mem::take(row).into_iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, cell)| cell).collect();
        }
        self
    }
}
