//! Limits computed from past studies: what is asked, and what came of it.

use serde::{Deserialize, Serialize};

use super::PastDivision;
use crate::model::{Axis, Chart, ChartLine, Series, SeriesLook};

/// Where gathering stands, and what is known so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PastView {
    /// Files read.
    pub done: usize,
    /// Files given.
    pub total: usize,
    /// Studies and tables that held at least one value.
    pub studies: usize,
    /// Values found, and of them those left out because of a distance or a cold limb.
    pub values: [usize; 2],
    /// Files that could not be used, and why.
    pub refused: Vec<String>,
    /// How people are divided.
    pub division: PastDivision,
    /// What each measure comes to; empty until all files are read.
    pub rows: Vec<PastRow>,
}

/// What the values of one measure come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastRow {
    /// Study, for people.
    pub study: String,
    /// Measure with its segment, for people.
    pub measure: String,
    /// Ages and sex, for people; empty: all.
    pub people: String,
    /// Unit.
    pub unit: String,
    /// Values above the limit are abnormal (else below).
    pub upper: bool,
    /// People.
    pub n: usize,
    /// The limit that was found, and how.
    pub found: Option<PastLimit>,
    /// Why none was.
    pub problem: String,
    /// The published limit for all people.
    pub published: Option<f64>,
    /// Values by size, thinned.
    pub curve: Vec<f64>,
}

/// A limit that was computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PastLimit {
    /// The limit, as it would stand in the table.
    pub limit: f64,
    /// Mean of the healthy (of logarithms where amplitudes are concerned, and back).
    pub middle: f64,
    /// Smallest and largest value of the plateau.
    pub from_to: [f64; 2],
    /// People on the plateau.
    pub on_plateau: usize,
    /// Mean and two deviations of the plateau itself: stricter.
    pub uncorrected: f64,
    /// There are fewer people than such a method asks for.
    pub uncertain: bool,
}

impl PastRow {
    /// The values by size: the curve whose flat middle is looked for, with that middle and the limits.
    pub fn chart(&self) -> Chart {
        let last = self.curve.len().saturating_sub(1).max(1) as f64;
        let points: Vec<[f64; 2]> = self.curve.iter().enumerate().map(|(at, value)| [100.0 * at as f64 / last, *value]).collect();
        let on = |point: &&[f64; 2]| self.found.as_ref().is_some_and(|found| (found.from_to[0]..=found.from_to[1]).contains(&point[1]));
        let plateau: Vec<[f64; 2]> = points.iter().filter(on).copied().collect();
        let line = |name: &str, at: f64| ChartLine { name: name.to_owned(), at, ..ChartLine::default() };
        let mut series = vec![Series { name: "people by size of their value".into(), points, look: SeriesLook::Line }];
        if !plateau.is_empty() {
            series.push(Series { name: "plateau".into(), points: plateau, look: SeriesLook::Dots });
        }
        let found = self.found.iter().map(|found| line("computed", found.limit));
        let lines = found.chain(self.published.map(|limit| line("published", limit))).collect();
        Chart {
            title: format!("{}: {}", self.study, self.measure),
            x: Axis::new("people", "%"),
            y: Axis::new(self.measure.clone(), self.unit.clone()),
            series,
            lines,
        }
    }
}
