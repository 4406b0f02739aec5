//! How the table of muscles answers to keys: what a key makes of a cell, and where arrows lead.
//!
//! Pure functions of words and places, the same for the page, the engine and tests. A value is a
//! word or a grade (`normal`, `2+`); an empty one says nothing.

use super::{ActivityClass, MuscleColumn};

/// Grades of fibrillations and positive sharp waves.
pub const GRADES: [&str; 6] = ["0", "+/-", "1+", "2+", "3+", "4+"];
/// Words between which + and - step.
const AMOUNTS: [&str; 3] = ["decreased", "normal", "increased"];
const POLYPHASIA: [&str; 2] = ["normal", "increased"];
const RECRUITMENT: [&str; 5] = ["none", "poor activation", "reduced", "normal", "early"];
const PATTERNS: [&str; 5] = ["none", "single unit", "discrete", "reduced", "full"];
const OTHERS: [(char, &str); 6] = [
    ('0', "none"),
    ('c', ActivityClass::ComplexRepetitive.code()),
    ('y', ActivityClass::Myotonic.code()),
    ('k', ActivityClass::Myokymic.code()),
    ('u', ActivityClass::Neuromyotonic.code()),
    ('p', ActivityClass::Cramp.code()),
];
/// Longest text of a cell, characters.
pub const LONGEST: usize = 400;

impl ActivityClass {
    /// As the column of other discharges writes it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ComplexRepetitive => "CRD",
            Self::Myotonic => "myotonic",
            Self::Myokymic => "myokymic",
            Self::Neuromyotonic => "neuromyotonic",
            Self::Cramp => "cramp",
            _ => "",
        }
    }
}

impl MuscleColumn {
    /// Values of the column with the key of each, in their order; empty for free text.
    pub fn choices(self) -> &'static [(char, &'static str)] {
        match self {
            Self::Insertional | Self::Amplitude | Self::Duration => &[('n', "normal"), ('+', "increased"), ('-', "decreased")],
            Self::Fibrillation | Self::PositiveWaves => &[('0', "0"), ('/', "+/-"), ('1', "1+"), ('2', "2+"), ('3', "3+"), ('4', "4+")],
            Self::Fasciculation => &[('0', "0"), ('+', "present"), ('1', "1+"), ('2', "2+"), ('3', "3+"), ('4', "4+")],
            Self::Other => &OTHERS,
            Self::Polyphasia => &[('n', "normal"), ('+', "increased")],
            Self::Recruitment => &[('n', "normal"), ('r', "reduced"), ('e', "early"), ('b', "poor activation"), ('0', "none")],
            Self::Pattern => &[('f', "full"), ('r', "reduced"), ('d', "discrete"), ('s', "single unit"), ('0', "none")],
            Self::Comment => &[],
        }
    }

    /// What a healthy muscle has here; `None` for a comment.
    pub fn normal(self) -> Option<&'static str> {
        match self {
            Self::Fibrillation | Self::PositiveWaves | Self::Fasciculation => Some("0"),
            Self::Other => Some("none"),
            Self::Pattern => Some("full"),
            Self::Comment => None,
            _ => Some("normal"),
        }
    }

    /// Whether a value is beyond normal. Words that are not known are; an equivocal grade, and
    /// fasciculations or cramps as such, which healthy people have, are not.
    pub fn is_abnormal(self, value: &str) -> bool {
        !matches!(value, "" | "+/-" | "present" | "cramp") && self.normal().is_some_and(|normal| normal != value)
    }

    /// The value that a key makes of `now`; `None` when the column has no such key. + and - step
    /// through an order, letters and digits name a value, in the column of other discharges they add
    /// one or take it away.
    pub fn typed(self, now: &str, key: char) -> Option<String> {
        let key = key.to_ascii_lowercase();
        let by = match key {
            '+' | '=' => 1,
            '-' | '\u{2212}' => -1,
            _ => 0,
        };
        let step = |order: &[&str], from: usize| {
            let at = order.iter().position(|word| *word == now).unwrap_or(from);
            order.get(at.saturating_add_signed(by).min(order.len() - 1)).map(|word| (*word).to_owned())
        };
        if by != 0 {
            return match self {
                Self::Insertional | Self::Amplitude | Self::Duration => step(&AMOUNTS, 1),
                Self::Fibrillation | Self::PositiveWaves => step(&GRADES, 0),
                Self::Fasciculation => step(&["0", "present", "1+", "2+", "3+", "4+"], 0),
                Self::Polyphasia => step(&POLYPHASIA, 0),
                Self::Recruitment => step(&RECRUITMENT, 3),
                Self::Pattern => step(&PATTERNS, 4),
                Self::Other | Self::Comment => None,
            };
        }
        if key == 'n' {
            return self.normal().map(str::to_owned);
        }
        let (_, word) = self.choices().iter().find(|(of, _)| *of == key)?;
        if self != Self::Other || key == '0' {
            return Some((*word).to_owned());
        }
        let mut list: Vec<&str> = now.split(", ").filter(|known| !known.is_empty() && *known != "none").collect();
        match list.iter().position(|known| known == word) {
            Some(at) => {
                list.remove(at);
            }
            None => list.push(word),
        }
        Some(if list.is_empty() { "none".to_owned() } else { list.join(", ") })
    }

    /// A text as a person typed it, made one of the column's words where it is one; without control
    /// characters, cut at [`LONGEST`].
    pub fn written(self, text: &str) -> String {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        let text: String = text.trim().chars().take(LONGEST).collect();
        let text = text.trim_end().to_owned();
        let known = self.choices().iter().find(|(_, word)| word.eq_ignore_ascii_case(&text));
        let graded = |plain: &str| GRADES.iter().find(|grade| grade.trim_end_matches('+') == plain).copied();
        match (known, self) {
            (Some((_, word)), _) => (*word).to_owned(),
            (None, Self::Fibrillation | Self::PositiveWaves) => graded(&text).map_or(text, str::to_owned),
            _ => text,
        }
    }
}

/// A place in the grid: row and column, both from 0.
pub type Place = (usize, usize);

/// Where a key leads from a place in a grid of `rows` by `columns`; `None` where it leaves the grid
/// or is no key of direction. Tab goes through all cells, row by row.
pub fn moved(at: Place, rows: usize, columns: usize, key: &str, shift: bool, ctrl: bool) -> Option<Place> {
    if rows == 0 || columns == 0 {
        return None;
    }
    let (row, column) = (at.0.min(rows - 1), at.1.min(columns - 1));
    let all = |place: usize| (place / columns, place % columns);
    let place = row * columns + column;
    let to = match key {
        "ArrowLeft" => (row, column.saturating_sub(1)),
        "ArrowRight" => (row, (column + 1).min(columns - 1)),
        "ArrowUp" => (row.saturating_sub(1), column),
        "ArrowDown" | "Enter" if !shift => ((row + 1).min(rows - 1), column),
        "Enter" => (row.saturating_sub(1), column),
        "ArrowDown" => (rows - 1, column),
        "PageUp" => (row.saturating_sub(10), column),
        "PageDown" => ((row + 10).min(rows - 1), column),
        "Home" if ctrl => (0, 0),
        "End" if ctrl => (rows - 1, columns - 1),
        "Home" => (row, 0),
        "End" => (row, columns - 1),
        "Tab" if shift => all(place.checked_sub(1)?),
        "Tab" if place + 1 < rows * columns => all(place + 1),
        _ => return None,
    };
    Some(to)
}
