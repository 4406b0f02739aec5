//! The table of muscles against roots: who supplies what was examined, and what was seen there. A
//! column of signs is a root; signs that lie in one column and on several nerves are a root's lesion.
//! Shape tells the findings apart, colour only repeats it.

use serde::{Deserialize, Serialize};

use super::theme::Theme;
use super::{Anchor, Color, Picture, Shape, Stroke};

/// Muscles of one side and limb.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RootTable {
    /// `Left leg`.
    pub title: String,
    /// Columns, the uppermost first (`L2`).
    pub roots: Vec<String>,
    /// Roots that are proposed as the site of a lesion.
    pub proposed: Vec<String>,
    /// Rows.
    pub rows: Vec<RootRow>,
}

/// One muscle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RootRow {
    /// Muscle.
    pub name: String,
    /// Its nerve.
    pub nerve: String,
    /// Its supply: of each column `None`, a minor share or the main one.
    pub supply: Vec<Supply>,
    /// What was seen.
    pub sign: Sign,
    /// The same in words.
    pub words: String,
    /// Why nerve and roots are to be taken with care; may be empty.
    pub doubt: String,
}

/// A root's share in a muscle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// None that is taught.
    #[default]
    None,
    /// A possible one.
    Minor,
    /// The most of it.
    Major,
}

/// What was seen in a muscle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// Nothing abnormal.
    #[default]
    Normal,
    /// Ongoing denervation.
    Ongoing,
    /// Ongoing denervation beside fewer or rebuilt units.
    Both,
    /// Fewer or rebuilt units.
    Rebuilt,
    /// Anything else abnormal (small potentials, myotonic discharges).
    Other,
}

impl Sign {
    /// All, with their words, in the order of the key.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Ongoing, "ongoing denervation"),
        (Self::Both, "ongoing, with fewer or rebuilt units"),
        (Self::Rebuilt, "fewer or rebuilt units"),
        (Self::Other, "other abnormality"),
        (Self::Normal, "normal"),
    ];
}

const HEAD: f32 = 58.0;
const ROW: f32 = 26.0;
const TEXT: f32 = 12.0;
const MARGIN: f32 = 12.0;
/// Width of the names and of a column, at the least and at the most, px.
const NAMES: [f32; 2] = [162.0, 212.0];
const COLUMN: [f32; 2] = [28.0, 64.0];
/// Height of a line of the key.
const KEY: f32 = 22.0;

fn text(at: [f32; 2], text: impl Into<String>, strong: bool, anchor: Anchor, color: Color) -> Shape {
    Shape::Text { at, text: text.into(), size: TEXT, strong, anchor, color, halo: None }
}

impl RootTable {
    /// The table, as wide as fits a width, px.
    pub fn picture(&self, theme: &Theme, width_px: f32) -> Picture {
        let n = self.roots.len().max(1) as f32;
        let names = (width_px - 2.0 * MARGIN - n * COLUMN[0]).clamp(NAMES[0], NAMES[1]);
        let column = ((width_px - names - 2.0 * MARGIN) / n).clamp(COLUMN[0], COLUMN[1]);
        let right = MARGIN + names + n * column;
        let bottom = HEAD + ROW * self.rows.len() as f32;
        let mut out = Picture { width: right + MARGIN, alt: self.words(), ..Picture::default() };
        let middle = |k: usize| MARGIN + names + (k as f32 + 0.5) * column;
        out.marks.push(Shape::Text {
            at: [MARGIN, 22.0],
            text: self.title.clone(),
            size: 15.0,
            strong: true,
            anchor: Anchor::Start,
            color: theme.ink,
            halo: None,
        });
        for (k, root) in self.roots.iter().enumerate() {
            let here = self.proposed.contains(root);
            if here {
                // A frame, and an arrow head above it: a band of colour alone would say it to few.
                let rect = [middle(k) - column / 2.0 + 2.0, HEAD - 24.0, column - 4.0, bottom - HEAD + 26.0];
                out.traces.push(Shape::Rect { rect, radius: 3.0, fill: None, stroke: Some(Stroke::solid(theme.abnormal, 2.0)) });
                let [x, y] = [middle(k), HEAD - 26.0];
                out.marks.push(Shape::Area { points: vec![[x - 5.0, y - 8.0], [x + 5.0, y - 8.0], [x, y]], fill: theme.abnormal });
            }
            out.marks.push(text(
                [middle(k), HEAD - 8.0],
                root.clone(),
                true,
                Anchor::Middle,
                if here { theme.abnormal } else { theme.ink },
            ));
        }
        for (k, row) in self.rows.iter().enumerate() {
            let y = HEAD + ROW * (k as f32 + 0.5);
            let line = vec![[MARGIN, y - ROW / 2.0], [right, y - ROW / 2.0]];
            out.traces.push(Shape::Line { points: line, stroke: Stroke::solid(theme.grid_major, 1.0) });
            let abnormal = row.sign != Sign::Normal;
            let color = if abnormal { theme.abnormal } else { theme.ink };
            let doubt = if row.doubt.is_empty() { "" } else { " ?" };
            out.marks.push(text([MARGIN, y - 1.0], row.name.clone(), abnormal, Anchor::Start, color));
            out.marks.push(Shape::Text {
                at: [MARGIN, y + 10.0],
                text: format!("{}{doubt}", row.nerve),
                size: 10.0,
                strong: false,
                anchor: Anchor::Start,
                color: theme.ink_3,
                halo: None,
            });
            for (column, supply) in row.supply.iter().enumerate() {
                match supply {
                    Supply::None => {}
                    Supply::Minor => sign([middle(column), y], 4.0, row.sign, theme, &mut out.marks),
                    Supply::Major => sign([middle(column), y], 7.5, row.sign, theme, &mut out.marks),
                }
            }
        }
        self.key(&mut out, theme, bottom);
        out
    }

    /// Signs and what they mean, in as many lines as they need.
    fn key(&self, out: &mut Picture, theme: &Theme, bottom: f32) {
        let mut entries: Vec<(Option<Sign>, f32, &str)> = Vec::new();
        for (kind, words) in Sign::ALL {
            if kind == Sign::Normal || self.rows.iter().any(|row| row.sign == kind) {
                entries.push((Some(kind), 6.0, words));
            }
        }
        entries.push((Some(Sign::Normal), 3.5, "small: a minor root"));
        if self.rows.iter().any(|row| !row.doubt.is_empty()) {
            entries.push((None, 0.0, "? roots or level not certain"));
        }
        if !self.proposed.is_empty() {
            entries.push((None, 0.0, "framed: proposed root"));
        }
        let (mut x, mut y) = (MARGIN, bottom + KEY);
        for (kind, radius, words) in entries {
            let width = 6.3 * words.len() as f32 + if kind.is_some() { 30.0 } else { 14.0 };
            if x > MARGIN && x + width > out.width {
                (x, y) = (MARGIN, y + KEY - 4.0);
            }
            let indent = if let Some(kind) = kind {
                sign([x + 7.0, y - 4.0], radius, kind, theme, &mut out.marks);
                18.0
            } else {
                0.0
            };
            out.marks.push(text([x + indent, y], words, false, Anchor::Start, theme.ink_3));
            x += width;
        }
        out.height = y + 12.0;
    }

    fn words(&self) -> String {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let of = |wanted: Supply| {
                    let roots = self.roots.iter().zip(&row.supply).filter(|(_, supply)| **supply == wanted);
                    roots.map(|(root, _)| root.as_str()).collect::<Vec<_>>().join(" ")
                };
                let minor = of(Supply::Minor);
                let minor = if minor.is_empty() { String::new() } else { format!(" ({minor})") };
                format!("{}, {}{minor}: {}", row.name, of(Supply::Major), row.words)
            })
            .collect();
        let proposed = if self.proposed.is_empty() { String::new() } else { format!(" Proposed: {}.", self.proposed.join(", ")) };
        format!("Muscles and their roots, {}. {}.{proposed}", self.title.to_lowercase(), rows.join("; "))
    }
}

/// Normal: open; ongoing: filled with a cross; rebuilt: a bar across an open one; both: filled with a bar; other: a diamond.
fn sign([x, y]: [f32; 2], r: f32, kind: Sign, theme: &Theme, marks: &mut Vec<Shape>) {
    if kind == Sign::Other {
        let r = r * 1.15;
        marks.push(Shape::Area { points: vec![[x, y - r], [x + r, y], [x, y + r], [x - r, y]], fill: theme.abnormal });
        return;
    }
    let (fill, edge, ink) = match kind {
        Sign::Normal => (theme.scope, theme.ink, theme.ink),
        Sign::Rebuilt => (theme.scope, theme.abnormal, theme.abnormal),
        _ => (theme.abnormal, theme.abnormal, theme.scope),
    };
    marks.push(Shape::Circle { at: [x, y], radius: r, fill, stroke: Stroke::solid(edge, 1.8) });
    let d = r * 0.5;
    let lines = match kind {
        Sign::Ongoing => vec![vec![[x - d, y - d], [x + d, y + d]], vec![[x - d, y + d], [x + d, y - d]]],
        Sign::Both | Sign::Rebuilt => vec![vec![[x - r * 0.62, y], [x + r * 0.62, y]]],
        _ => Vec::new(),
    };
    marks.extend(lines.into_iter().map(|points| Shape::Line { points, stroke: Stroke::solid(ink, 2.0) }));
}
