//! What tests say together: comparison studies of a hand, and left against right.

use super::session::Session;
use super::view::title;
use crate::analysis::nerve::comparison;
use crate::model::{Cell, Column, NerveTest, Side, Table, TableRow, TestMeasurement};
use crate::norms::{self, Person};

impl Session {
    /// Measures every test that was not measured yet.
    pub fn measure_all(&mut self) {
        let examination = self.examination();
        for index in 0..examination.tests.len() {
            if !self.tested.contains_key(&index) {
                self.remeasure(&examination, index);
            }
        }
    }

    /// Tables over the tests that were measured.
    pub fn together(&self, tests: &[NerveTest], person: &Person) -> Vec<Table> {
        let measured = tests.iter().enumerate().filter_map(|(index, test)| Some((index, test, &self.tested.get(&index)?.measurement)));
        let measured: Vec<(usize, &NerveTest, &TestMeasurement)> = measured.collect();
        let pairs: Vec<(&NerveTest, &TestMeasurement)> = measured.iter().map(|&(_, test, measurement)| (test, measurement)).collect();
        let comparisons = comparison::compare(&pairs).table();
        comparisons.into_iter().chain(self.side_to_side(&measured, person)).collect()
    }
}

impl Session {
    /// The same test on both sides, value by value, with the limits of the difference.
    fn side_to_side(&self, tests: &[(usize, &NerveTest, &TestMeasurement)], person: &Person) -> Option<Table> {
        let mut rows = Vec::new();
        for (index, left, left_measured) in tests.iter().filter(|(_, test, _)| test.side == Some(Side::Left)) {
            let same = |other: &NerveTest| {
                other.side == Some(Side::Right)
                    && (other.kind, &other.nerve, &other.recorded_from) == (left.kind, &left.nerve, &left.recorded_from)
            };
            let Some((_, right, right_measured)) = tests.iter().find(|(_, test, _)| same(test)) else { continue };
            let name = title(&NerveTest { side: None, ..(*left).clone() }, 0);
            let study = norms::late_study(left).or_else(|| self.study_of(*index, left).map(|(id, _)| id.to_owned())).unwrap_or_default();
            let limits = norms::side_to_side(&study, person);
            let theirs = norms::compared(right, right_measured);
            for (measure, value, unit) in norms::compared(left, left_measured) {
                let Some((_, other, _)) = theirs.iter().find(|(of, ..)| *of == measure) else { continue };
                let limit = limits.iter().find(|limit| limit.measure == measure);
                let percent = limit.is_some_and(|limit| limit.unit.starts_with("percent_drop"));
                let difference = if percent { 100.0 * (1.0 - value.min(*other) / value.max(*other)) } else { (value - other).abs() };
                let beyond = limit.is_some_and(|limit| difference > limit.limit);
                let unit_of = if percent { "%" } else { unit };
                let words = limit.map(|limit| {
                    let care = if limit.unverified() { " (not verified)" } else { "" };
                    format!("\u{2264} {} {unit_of}{care}", limit.limit)
                });
                rows.push(TableRow::new(
                    format!("{name}: {}", measure.replace('_', " ")),
                    vec![
                        Cell::Number(value),
                        Cell::Number(*other),
                        if beyond { Cell::Abnormal(difference) } else { Cell::Number(difference) },
                        Cell::text(unit_of),
                        words.map_or(Cell::Empty, Cell::Text),
                    ],
                ));
            }
        }
        (!rows.is_empty()).then(|| Table {
        title: "Left against right".into(),
        columns: vec![
            Column::new("Left", "", 2),
            Column::new("Right", "", 2),
            Column::new("Difference", "", 2),
            Column::words("Unit"),
            Column::words("Limit of the difference"),
        ],
        rows,
        note: "Amplitudes are compared by the fall of the smaller side, where the limit is one of that fall. Limits: Buschbacher's manual and others, 97th percentile.".into(),
    })
    }
}
