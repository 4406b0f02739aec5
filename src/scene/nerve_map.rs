//! The nerve map: from roots on the left to muscles and skin on the right, what was tested normal or
//! abnormal, and where the lesion is. Shape tells the findings apart, colour only repeats it.

use serde::{Deserialize, Serialize};

use super::theme::Theme;
use super::{Anchor, Color, Picture, Shape, Stroke};

/// A piece of the map: what was tested on one side, and the ways to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Map {
    /// `Left leg`.
    pub title: String,
    /// Nodes; places in pixels of the whole sheet.
    pub nodes: Vec<MapNode>,
    /// Ways between them.
    pub edges: Vec<MapEdge>,
    /// Proposed places of lesions, with their names.
    pub lesions: Vec<MapLesion>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapNode {
    /// Centre, px.
    pub at: [f32; 2],
    /// `root`, `trunk`, `muscle`, `skin`, ...
    pub kind: String,
    /// Name; `|` breaks the line.
    pub label: String,
    /// Where it stands (`left`, `above`); empty: nowhere, but behind muscles and skin.
    pub label_at: String,
    /// What was found: `None` not tested, else whether it was abnormal.
    pub abnormal: Option<bool>,
}

/// A way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapEdge {
    /// Corners, px.
    pub points: Vec<[f32; 2]>,
    /// Kind of its distal end, which its weight follows.
    pub kind: String,
}

/// A place of a lesion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapLesion {
    /// Centre, px.
    pub at: [f32; 2],
    /// Its name.
    pub name: String,
}

/// Room for names on the right, and around everything, px.
const RIGHT: f32 = 168.0;
const MARGIN: f32 = 34.0;
/// Least share of its own width that the map is pushed to.
const NARROWEST: f32 = 0.6;
const HEAD: f32 = 30.0;
/// Longest way down without anything beside it, px.
const MOST_GAP: f32 = 34.0;
const KEY: f32 = 30.0;
/// Size of names, px.
const TEXT: f32 = 12.0;

const fn stroke(color: Color, width: f32) -> Stroke {
    Stroke::solid(color, width)
}

/// Where a name stands beside a point.
fn place([x, y]: [f32; 2], at: &str, gap: f32) -> ([f32; 2], Anchor) {
    match at {
        "above" => ([x, y - gap - 1.0], Anchor::Middle),
        "below" => ([x, y + gap + 9.0], Anchor::Middle),
        "left" => ([x - gap, y + 4.0], Anchor::End),
        "above_left" => ([x - 5.0, y - gap], Anchor::End),
        "below_left" => ([x - 3.0, y + gap + 9.0], Anchor::End),
        _ => ([x + gap, y + 4.0], Anchor::Start),
    }
}

impl Map {
    /// Left, top, right and bottom of what is on it, px of the sheet.
    fn bounds(&self) -> [f32; 4] {
        let points = self.nodes.iter().map(|node| node.at).chain(self.lesions.iter().map(|lesion| lesion.at));
        let points = points.chain(self.edges.iter().flat_map(|edge| edge.points.iter().copied()));
        points.fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |[l, t, r, b], [x, y]| [l.min(x), t.min(y), r.max(x), b.max(y)])
    }

    /// Heights on the sheet and what they become: where nothing lies between two of them, the way from one to
    /// the other is shortened.
    fn squeezed(&self) -> Vec<[f32; 2]> {
        let points = self.nodes.iter().map(|node| node.at).chain(self.lesions.iter().map(|lesion| lesion.at));
        let mut heights: Vec<f32> = points.map(|[_, y]| y).filter(|y| y.is_finite()).collect();
        heights.sort_by(f32::total_cmp);
        let (mut out, mut down): (Vec<[f32; 2]>, f32) = (Vec::new(), 0.0);
        for y in heights {
            down += out.last().map_or(0.0, |[last, _]| (y - last).min(MOST_GAP));
            out.push([y, down]);
        }
        out
    }

    /// The map, cropped to what is on it and pushed together to fit a width, px, as far as names allow.
    pub fn picture(&self, theme: &Theme, width_px: f32) -> Picture {
        let [left, _, right, bottom] = self.bounds();
        if right < left {
            return Picture::default();
        }
        let narrow = ((width_px - MARGIN - RIGHT) / (right - left).max(1.0)).clamp(NARROWEST, 1.0);
        let squeezed = self.squeezed();
        let shift = |[x, y]: [f32; 2]| [(x - left) * narrow + MARGIN, at_height(&squeezed, y) + MARGIN + HEAD];
        let mut out = Picture {
            width: (right - left) * narrow + MARGIN + RIGHT,
            height: at_height(&squeezed, bottom) + 2.0 * MARGIN + HEAD + KEY,
            alt: self.words(),
            ..Picture::default()
        };
        for edge in &self.edges {
            let (color, width) = match edge.kind.as_str() {
                "muscle" | "skin" | "ganglion" => (theme.ink_3, 1.2),
                "trunk" | "cord" => (theme.ink, 3.2),
                "branch" => (theme.ink, 1.8),
                _ => (theme.ink, 2.2),
            };
            out.traces.push(Shape::Line { points: edge.points.iter().copied().map(shift).collect(), stroke: stroke(color, width) });
        }
        for node in &self.nodes {
            self.node(node, shift(node.at), theme, &mut out.marks);
        }
        for lesion in &self.lesions {
            let at = shift(lesion.at);
            out.marks.push(Shape::Circle { at, radius: 13.0, fill: clear(theme.scope), stroke: stroke(theme.abnormal, 3.0) });
            diamond(at, 6.0, theme.abnormal, &mut out.marks);
            let text = format!("lesion: {}", lesion.name);
            // At a root the way goes on to the right: the name stands below.
            let ([x, y], anchor) = match at[0] {
                x if x < 2.0 * MARGIN => ([x - 13.0, at[1] + 28.0], Anchor::Start),
                x if x > out.width - 220.0 => ([x - 18.0, at[1] + 4.0], Anchor::End),
                x => ([x + 22.0, at[1] + 4.0], Anchor::Start),
            };
            out.marks.push(words([x, y], text, true, anchor, theme.abnormal, Some(theme.scope)));
        }
        out.marks.push(Shape::Text {
            at: [12.0, 22.0],
            text: self.title.clone(),
            size: 15.0,
            strong: true,
            anchor: Anchor::Start,
            color: theme.ink,
            halo: None,
        });
        key(&mut out, theme);
        out
    }

    fn node(&self, node: &MapNode, at: [f32; 2], theme: &Theme, marks: &mut Vec<Shape>) {
        let ends = matches!(node.kind.as_str(), "muscle" | "skin");
        match node.kind.as_str() {
            "root" => {
                marks.push(Shape::Circle { at, radius: 12.5, fill: theme.scope, stroke: stroke(theme.ink, 2.0) });
                marks.push(words([at[0], at[1] + 4.0], node.label.clone(), true, Anchor::Middle, theme.ink, None));
                return;
            }
            "trunk" | "cord" => {
                marks.push(Shape::Rect { rect: [at[0] - 3.4, at[1] - 9.0, 6.8, 18.0], radius: 2.0, fill: Some(theme.ink), stroke: None });
            }
            "muscle" | "skin" => finding(at, node.kind == "skin", node.abnormal, theme, marks),
            "ganglion" => marks.push(Shape::Circle { at, radius: 3.6, fill: theme.ink_3, stroke: stroke(theme.ink, 1.0) }),
            _ => marks.push(Shape::Circle { at, radius: 2.4, fill: theme.scope, stroke: stroke(theme.ink, 1.3) }),
        }
        let (label_at, gap) = if ends { ("right", 11.0) } else { (node.label_at.as_str(), 9.0) };
        if label_at.is_empty() || node.label.is_empty() {
            return;
        }
        let ([x, y], anchor) = place(at, label_at, gap);
        let strong = node.abnormal == Some(true) || !ends;
        let color = if node.abnormal == Some(true) { theme.abnormal } else { theme.ink };
        let lines: Vec<&str> = node.label.split('|').collect();
        for (k, line) in lines.iter().enumerate() {
            let up = TEXT * 1.15 * (lines.len() as f32 - 1.0) / 2.0;
            marks.push(words([x, y - up + k as f32 * TEXT * 1.15], (*line).to_owned(), strong, anchor, color, Some(theme.scope)));
        }
    }

    fn words(&self) -> String {
        let of = |abnormal: bool| {
            let names: Vec<String> =
                self.nodes.iter().filter(|node| node.abnormal == Some(abnormal)).map(|node| node.label.replace('|', " ")).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let lesions: Vec<&str> = self.lesions.iter().map(|lesion| lesion.name.as_str()).collect();
        let lesions = if lesions.is_empty() {
            "no place of a lesion proposed".to_owned()
        } else {
            format!("proposed lesion: {}", lesions.join(", "))
        };
        format!("Nerve map, {}: abnormal {}; normal {}; {lesions}.", self.title.to_lowercase(), of(true), of(false))
    }
}

/// Where a height of the sheet comes to lie, px below the first.
fn at_height(squeezed: &[[f32; 2]], y: f32) -> f32 {
    let behind = squeezed.partition_point(|[from, _]| *from <= y);
    match (behind.checked_sub(1).and_then(|at| squeezed.get(at)), squeezed.get(behind)) {
        (Some([y0, a]), Some([y1, b])) => a + (b - a) * (y - y0) / (y1 - y0).max(1e-3),
        (Some([y0, a]), None) => a + y - y0,
        (None, Some([y1, b])) => b + y - y1,
        (None, None) => y,
    }
}

fn clear(color: Color) -> Color {
    Color { alpha: 0.0, ..color }
}

fn words(at: [f32; 2], text: String, strong: bool, anchor: Anchor, color: Color, halo: Option<Color>) -> Shape {
    Shape::Text { at, text, size: TEXT, strong, anchor, color, halo }
}

fn diamond([x, y]: [f32; 2], r: f32, fill: Color, marks: &mut Vec<Shape>) {
    marks.push(Shape::Area { points: vec![[x, y - r], [x + r, y], [x, y + r], [x - r, y]], fill });
}

/// Abnormal: filled, with a cross; normal: open; muscles round, skin square.
fn finding(at: [f32; 2], skin: bool, abnormal: Option<bool>, theme: &Theme, marks: &mut Vec<Shape>) {
    let [x, y] = at;
    let (r, fill, line) = match abnormal {
        Some(true) => (6.5, theme.abnormal, stroke(theme.abnormal, 2.0)),
        Some(false) => (5.0, theme.scope, stroke(theme.ink, 2.0)),
        None => (3.0, theme.scope, stroke(theme.ink_3, 1.0)),
    };
    marks.push(if skin {
        Shape::Rect { rect: [x - r, y - r, 2.0 * r, 2.0 * r], radius: 0.0, fill: Some(fill), stroke: Some(line) }
    } else {
        Shape::Circle { at, radius: r, fill, stroke: line }
    });
    if abnormal == Some(true) {
        let d = r * 0.5;
        for points in [vec![[x - d, y - d], [x + d, y + d]], vec![[x - d, y + d], [x + d, y - d]]] {
            marks.push(Shape::Line { points, stroke: stroke(theme.scope, 1.6) });
        }
    }
}

fn key(out: &mut Picture, theme: &Theme) {
    let y = out.height - 16.0;
    let mut x = 20.0;
    let mut entries: Vec<(Option<bool>, bool, &str)> = vec![(Some(true), false, "abnormal"), (Some(false), false, "normal")];
    entries.push((Some(false), true, "sensory response"));
    for (state, skin, text) in entries {
        finding([x, y - 4.0], skin, state, theme, &mut out.marks);
        out.marks.push(words([x + 12.0, y], text.to_owned(), false, Anchor::Start, theme.ink_3, None));
        x += 30.0 + 7.0 * text.len() as f32;
    }
    diamond([x, y - 4.0], 5.0, theme.abnormal, &mut out.marks);
    out.marks.push(words([x + 12.0, y], "proposed lesion".to_owned(), false, Anchor::Start, theme.ink_3, None));
    out.width = out.width.max(x + 120.0);
}
