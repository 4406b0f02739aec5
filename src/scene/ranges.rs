//! Each value as a dot against its limit. Latencies have an upper limit, amplitudes and velocities a lower
//! one: here every line reads the same way, by how many times a value is on the abnormal side of its limit.
//! Right of the line is beyond it, whichever way the value itself goes. Shape tells normal from abnormal.

use serde::{Deserialize, Serialize};

use super::divisions::number;
use super::theme::Theme;
use super::{Anchor, Color, Picture, Shape, Stroke};

/// Values against their limits, in groups.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranges {
    /// Groups, one a test.
    pub groups: Vec<RangeGroup>,
}

/// The values of one test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RangeGroup {
    /// Title of the test.
    pub title: String,
    /// Its values.
    pub rows: Vec<RangeRow>,
}

/// One value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RangeRow {
    /// What is measured, and where.
    pub name: String,
    /// The value; `None`: there was no response.
    pub value: Option<f64>,
    /// Its limit; 0 where there was no response.
    pub limit: f64,
    /// Unit of both.
    pub unit: String,
    /// Values above the limit are abnormal (else below).
    pub upper: bool,
    /// Beyond the limit.
    pub beyond: bool,
    /// The limit is to be taken with care.
    pub doubt: bool,
}

const HEAD: f32 = 40.0;
const GROUP: f32 = 24.0;
const ROW: f32 = 20.0;
const TEXT: f32 = 12.0;
const MARGIN: f32 = 12.0;
/// Width of the names and of the values, px, at the least and at the most.
const NAMES: [f32; 2] = [116.0, 240.0];
const VALUES: f32 = 142.0;
/// Narrower pictures put dots below words, px.
const NARROW: f32 = 560.0;
/// How far the axis goes: a quarter of the limit to four times it, on a logarithmic scale.
const MOST: f64 = 4.0;
/// Places on the axis that are named.
const TICKS: [(f64, &str); 5] = [(0.25, "\u{bc}"), (0.5, "\u{bd}"), (1.0, "limit"), (2.0, "2\u{d7}"), (4.0, "4\u{d7}")];

impl RangeRow {
    /// How many times the value is on the abnormal side of its limit: below 1 it is normal.
    pub fn times(&self) -> Option<f64> {
        let value = self.value.filter(|value| value.is_finite() && *value > 0.0 && self.limit > 0.0)?;
        Some(if self.upper { value / self.limit } else { self.limit / value })
    }

    fn words(&self) -> String {
        let doubt = if self.doubt { " ?" } else { "" };
        match self.value {
            None => "no response".into(),
            Some(value) => {
                let sign = if self.upper { '\u{2264}' } else { '\u{2265}' };
                format!("{} {} ({sign} {}{doubt})", number(value, 3), self.unit, number(self.limit, 4))
            }
        }
    }
}

fn text(at: [f32; 2], words: impl Into<String>, strong: bool, anchor: Anchor, color: Color) -> Shape {
    Shape::Text { at, text: words.into(), size: TEXT, strong, anchor, color, halo: None }
}

impl Ranges {
    /// The picture, as wide as fits a width, px.
    pub fn picture(&self, theme: &Theme, width_px: f32) -> Picture {
        // Where names and values leave no room between them, dots lie below their words.
        let narrow = width_px < NARROW;
        let names = if narrow { 8.0 } else { (0.3 * width_px).clamp(NAMES[0], NAMES[1]) };
        let values = if narrow { 8.0 } else { VALUES };
        let row_px = if narrow { 2.0 * ROW } else { ROW };
        let (from, to) = (MARGIN + names, (width_px - MARGIN - values).max(MARGIN + names + 160.0));
        let x = |times: f64| {
            let share = (times.clamp(1.0 / MOST, MOST).ln() / MOST.ln() + 1.0) / 2.0;
            from + (to - from) * share as f32
        };
        let rows: usize = self.groups.iter().map(|group| group.rows.len()).sum();
        let bottom = HEAD + GROUP * self.groups.len() as f32 + row_px * rows as f32;
        let mut out = Picture { width: to + values + MARGIN, height: bottom + 54.0, alt: self.words(), ..Picture::default() };
        // The normal side is a band with an edge: the edge alone would do without colour.
        out.traces.push(Shape::Rect {
            rect: [from, HEAD - 8.0, x(1.0) - from, bottom - HEAD + 12.0],
            radius: 0.0,
            fill: Some(theme.grid_minor),
            stroke: None,
        });
        for (times, name) in TICKS {
            let limit = name == "limit";
            let stroke = if limit { Stroke::solid(theme.ink, 1.6) } else { Stroke::solid(theme.grid_major, 1.0) };
            out.traces.push(Shape::Line { points: vec![[x(times), HEAD - 8.0], [x(times), bottom + 4.0]], stroke });
            out.marks.push(text([x(times), HEAD - 14.0], name, limit, Anchor::Middle, if limit { theme.ink } else { theme.ink_3 }));
        }
        let mut y = HEAD;
        for group in &self.groups {
            y += GROUP;
            out.marks.push(text([MARGIN, y - 7.0], group.title.clone(), true, Anchor::Start, theme.ink));
            for row in &group.rows {
                y += row_px;
                let middle = y - ROW / 2.0;
                let color = if row.beyond { theme.abnormal } else { theme.ink };
                if narrow {
                    let words = format!("{}: {}", row.name, row.words());
                    out.marks.push(text([MARGIN, middle - ROW + 6.0], words, row.beyond, Anchor::Start, color));
                } else {
                    out.marks.push(text([MARGIN + 8.0, middle + 4.0], row.name.clone(), row.beyond, Anchor::Start, color));
                    out.marks.push(text([to + 14.0, middle + 4.0], row.words(), row.beyond, Anchor::Start, color));
                }
                sign([x(row.times().unwrap_or(MOST)), middle], row, theme, &mut out.marks);
            }
        }
        self.key(&mut out, theme, bottom);
        out
    }

    fn key(&self, out: &mut Picture, theme: &Theme, bottom: f32) {
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        let mut entries = vec![(RangeRow { value: Some(0.9), limit: 1.0, upper: true, ..RangeRow::default() }, "normal")];
        let beyond = RangeRow { value: Some(2.0), limit: 1.0, upper: true, beyond: true, ..RangeRow::default() };
        if rows().any(|row| row.beyond) {
            entries.push((beyond.clone(), "beyond its limit"));
        }
        if rows().any(|row| row.times().is_some_and(|times| !(1.0 / MOST..=MOST).contains(&times))) {
            entries.push((RangeRow { value: Some(9.0), ..beyond.clone() }, "further than the axis"));
        }
        if rows().any(|row| row.value.is_none()) {
            entries.push((RangeRow { value: None, ..beyond }, "no response"));
        }
        let mut x = MARGIN;
        for (row, words) in entries {
            sign([x + 7.0, bottom + 20.0], &row, theme, &mut out.marks);
            out.marks.push(text([x + 18.0, bottom + 24.0], words, false, Anchor::Start, theme.ink_3));
            x += 32.0 + 6.3 * words.len() as f32;
        }
        let unverified = rows().any(|row| row.doubt).then_some("? limit not verified, or made for another distance");
        for (line, words) in ["Right of the limit is abnormal, by that many times."].into_iter().chain(unverified).enumerate() {
            let y = bottom + 42.0 + 17.0 * line as f32;
            out.marks.push(text([MARGIN, y], words, false, Anchor::Start, theme.ink_3));
            out.height = y + 12.0;
        }
    }

    fn words(&self) -> String {
        let row = |row: &RangeRow| {
            let side = if row.value.is_none() || !row.beyond { "" } else { ", beyond its limit" };
            format!("{} {}{side}", row.name, row.words())
        };
        let group = |group: &RangeGroup| format!("{}: {}", group.title, group.rows.iter().map(row).collect::<Vec<_>>().join("; "));
        format!("Values against their limits. {}.", self.groups.iter().map(group).collect::<Vec<_>>().join(". "))
    }
}

/// Normal: an open circle; beyond: a filled diamond; further than the axis: an arrow head; no response: a cross.
fn sign([x, y]: [f32; 2], row: &RangeRow, theme: &Theme, marks: &mut Vec<Shape>) {
    let r = 5.0;
    let color = if row.beyond { theme.abnormal } else { theme.ink };
    let Some(times) = row.times() else {
        let lines = [[[x - r, y - r], [x + r, y + r]], [[x - r, y + r], [x + r, y - r]]];
        marks.extend(lines.map(|points| Shape::Line { points: points.to_vec(), stroke: Stroke::solid(color, 2.2) }));
        return;
    };
    match times {
        times if times > MOST => marks.push(Shape::Area { points: vec![[x - r, y - r], [x + r, y], [x - r, y + r]], fill: color }),
        times if times < 1.0 / MOST => marks.push(Shape::Area { points: vec![[x + r, y - r], [x - r, y], [x + r, y + r]], fill: color }),
        _ if row.beyond => {
            let r = r * 1.2;
            marks.push(Shape::Area { points: vec![[x, y - r], [x + r, y], [x, y + r], [x - r, y]], fill: color });
        }
        _ => marks.push(Shape::Circle { at: [x, y], radius: r - 0.6, fill: theme.scope, stroke: Stroke::solid(color, 1.8) }),
    }
}

#[cfg(test)]
mod tests {
    use super::{RangeGroup, RangeRow, Ranges};
    use crate::scene::Shape;
    use crate::scene::theme::PAPER;

    fn row(value: f64, limit: f64, upper: bool) -> RangeRow {
        let beyond = if upper { value > limit } else { value < limit };
        RangeRow { name: "x".into(), value: Some(value), limit, upper, beyond, unit: "ms".into(), ..RangeRow::default() }
    }

    #[test]
    fn right_is_abnormal_for_upper_and_lower_limits() {
        let rows = vec![row(3.0, 4.5, true), row(9.0, 4.5, true), row(2.0, 4.0, false), row(0.1, 4.0, false)];
        let times: Vec<f64> = rows.iter().filter_map(RangeRow::times).collect();
        assert!(times[0] < 1.0 && (times[1] - 2.0).abs() < 1e-9 && (times[2] - 2.0).abs() < 1e-9 && times[3] > 4.0);
        let ranges = Ranges { groups: vec![RangeGroup { title: "Median".into(), rows }] };
        let picture = ranges.picture(&PAPER, 700.0);
        assert!(picture.width <= 701.0 && picture.alt.contains("x 0.1 ms (\u{2265} 4), beyond its limit"), "{}", picture.alt);
        let inside =
            |points: &[[f32; 2]]| points.iter().all(|[x, y]| (0.0..=picture.width).contains(x) && (0.0..=picture.height).contains(y));
        let shapes = picture.traces.iter().chain(&picture.marks);
        assert!(
            shapes
                .filter_map(|shape| if let Shape::Area { points, .. } = shape { Some(points) } else { None })
                .all(|points| inside(points))
        );
    }

    #[test]
    fn no_response_and_nonsense_have_a_sign_and_words() {
        let none = RangeRow { name: "Sural".into(), beyond: true, ..RangeRow::default() };
        let nonsense = [f64::NAN, f64::INFINITY, 0.0, -1.0].map(|value| row(value, 4.0, true));
        assert!(nonsense.iter().all(|row| row.times().is_none()));
        let rows = nonsense.into_iter().chain([none]).collect();
        let picture = Ranges { groups: vec![RangeGroup { title: "Sural".into(), rows }] }.picture(&PAPER, 200.0);
        assert!(picture.alt.contains("no response") && picture.width.is_finite());
    }
}
