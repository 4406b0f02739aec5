//! The body, front and back: which patches of skin and which muscles a proposed lesion supplies, and what
//! was found in them. Pattern and number tell the findings apart, colour only repeats it.

use serde::{Deserialize, Serialize};

use super::shape::text_width;
use super::theme::Theme;
use super::{Anchor, Color, Picture, Shape, Stroke};
use crate::model::Side;

mod outline;

pub use outline::{patch, segment};

/// What is known of the regions of a body.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Patches of skin and parts with muscles that were examined, or that a proposed lesion supplies.
    pub regions: Vec<Region>,
}

/// A patch of skin, or the muscles of a part of the body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Patch ([`patch`]) or part ([`segment`]).
    pub id: String,
    /// Muscles, not skin.
    pub muscles: bool,
    /// Side of the body.
    pub side: Side,
    /// For people (`Superficial fibular: dorsum of foot`).
    pub name: String,
    /// What was found: `None` not tested, else whether it was abnormal.
    pub abnormal: Option<bool>,
    /// A proposed lesion supplies it.
    pub supplied: bool,
}

impl Region {
    fn side_word(&self) -> &'static str {
        if self.side == Side::Left { "left" } else { "right" }
    }

    /// What is said of it.
    pub fn words(&self) -> String {
        let found = match self.abnormal {
            Some(true) => "abnormal",
            Some(false) => "normal",
            None => "not tested",
        };
        let supplied = if self.supplied { "; beyond the proposed lesion" } else { "" };
        format!("{}, {}: {found}{supplied}", self.name, self.side_word())
    }

    /// It is numbered and named on its own.
    fn stands_out(&self) -> bool {
        self.abnormal == Some(true) || self.supplied
    }
}

/// Half the width of a figure with its numbers, in hundredths of its height.
const HALF: f32 = 31.0;
/// Room for a column of numbers, px; head above the figures; line of text.
const NUMBERS: f32 = 20.0;
const HEAD: f32 = 44.0;
const LINE: f32 = 16.0;
const TEXT: f32 = 12.0;
const MARGIN: f32 = 12.0;
/// Height of a figure, hundredths of it, px.
const SCALE: [f32; 2] = [1.6, 3.4];
/// Between hatching lines, px.
const PITCH: f32 = 4.5;

/// Where one of the two figures stands.
struct View {
    middle: f32,
    scale: f32,
    back: bool,
}

impl View {
    /// Of a point of the right half of the body, x outwards: seen from the front, right is on the left.
    fn at(&self, side: Side, [x, y]: [f32; 2]) -> [f32; 2] {
        let out = if (side == Side::Right) == self.back { 1.0 } else { -1.0 };
        [self.middle + out * x * self.scale, HEAD + y * self.scale]
    }

    fn all(&self, side: Side, points: &[[f32; 2]]) -> Vec<[f32; 2]> {
        points.iter().map(|point| self.at(side, *point)).collect()
    }
}

fn text(at: [f32; 2], words: impl Into<String>, strong: bool, anchor: Anchor, color: Color) -> Shape {
    Shape::Text { at, text: words.into(), size: TEXT, strong, anchor, color, halo: None }
}

fn closed(mut points: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    points.extend(points.first().copied());
    points
}

/// Slanting lines within a polygon; `down` those that fall to the right.
fn hatch(polygon: &[[f32; 2]], down: bool, color: Color, out: &mut Vec<Shape>) {
    let turned = |[x, y]: [f32; 2]| if down { y - x } else { y + x };
    let (low, high) = polygon.iter().fold((f32::MAX, f32::MIN), |(low, high), point| (low.min(turned(*point)), high.max(turned(*point))));
    let step = PITCH * std::f32::consts::SQRT_2;
    // On one lattice, so that patches side by side do not shift against each other.
    let first = (low / step).ceil() as i32;
    let last = (high / step).floor() as i32;
    for at in (first..=last).map(|k| k as f32 * step) {
        let mut cuts: Vec<[f32; 2]> = Vec::new();
        for (k, from) in polygon.iter().enumerate() {
            let to = polygon[(k + 1) % polygon.len()];
            let (a, b) = (turned(*from) - at, turned(to) - at);
            if (a < 0.0) != (b < 0.0) {
                let share = a / (a - b);
                cuts.push([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
            }
        }
        cuts.sort_by(|a, b| a[0].total_cmp(&b[0]));
        for pair in cuts.chunks_exact(2) {
            out.push(Shape::Line { points: pair.to_vec(), stroke: Stroke::solid(color, 1.3) });
        }
    }
}

/// A patch as it is seen.
fn fill(points: Vec<[f32; 2]>, abnormal: Option<bool>, supplied: bool, theme: &Theme, out: &mut Vec<Shape>) {
    let color = if abnormal == Some(true) || supplied { theme.abnormal } else { theme.ink };
    if supplied || abnormal == Some(true) {
        hatch(&points, false, color, out);
    }
    if abnormal == Some(true) {
        hatch(&points, true, color, out);
    }
    let stroke = match abnormal {
        None => Stroke { color, width: 1.0, dash: &[3.0, 2.0] },
        Some(_) => Stroke::solid(color, 1.6),
    };
    out.push(Shape::Line { points: closed(points), stroke });
}

/// Abnormal: filled; normal: open; not tested: a dash; supplied by the lesion: with a ring.
fn muscles([x, y]: [f32; 2], abnormal: Option<bool>, supplied: bool, theme: &Theme, out: &mut Vec<Shape>) {
    let color = if abnormal == Some(true) || supplied { theme.abnormal } else { theme.ink };
    if supplied {
        out.push(Shape::Circle { at: [x, y], radius: 8.5, fill: theme.scope, stroke: Stroke::solid(color, 1.5) });
    }
    let r = 5.5;
    let points = vec![[x, y - r], [x + r, y], [x, y + r], [x - r, y]];
    match abnormal {
        Some(true) => out.push(Shape::Area { points, fill: color }),
        Some(false) => {
            out.push(Shape::Area { points: points.clone(), fill: theme.scope });
            out.push(Shape::Line { points: closed(points), stroke: Stroke::solid(color, 1.6) });
        }
        None => out.push(Shape::Line { points: vec![[x - 4.0, y], [x + 4.0, y]], stroke: Stroke::solid(color, 1.6) }),
    }
}

/// Words on as many lines as they need.
fn wrapped(words: &str, width_px: f32) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in words.split(' ') {
        match out.last_mut() {
            Some(line) if text_width(line, TEXT) + text_width(word, TEXT) + 7.0 <= width_px => {
                line.push(' ');
                line.push_str(word);
            }
            _ => out.push(word.to_owned()),
        }
    }
    out
}

impl Body {
    /// What was found, without what a proposed lesion supplies.
    #[must_use]
    pub fn without_lesion(mut self) -> Self {
        self.regions.retain(|region| region.abnormal.is_some());
        self.regions.iter_mut().for_each(|region| region.supplied = false);
        self
    }

    /// The two figures and what stands out in words, as wide as fits a width, px.
    pub fn picture(&self, theme: &Theme, width_px: f32) -> Picture {
        let half = width_px / 4.0;
        let scale = ((half - NUMBERS) / HALF).clamp(SCALE[0], SCALE[1]);
        let half = half.min(HALF * scale + NUMBERS + 40.0);
        let mut out = Picture { width: width_px.max(4.0 * half), alt: self.alt(), ..Picture::default() };
        let left = (out.width - 4.0 * half) / 2.0;
        let views = [View { middle: left + half, scale, back: false }, View { middle: left + 3.0 * half, scale, back: true }];
        for (view, name) in views.iter().zip(["Front", "Back"]) {
            out.marks.push(text([view.middle, 16.0], name, true, Anchor::Middle, theme.ink));
            let edge = HALF * scale;
            let ends = if view.back { ["L", "R"] } else { ["R", "L"] };
            out.marks.push(text([view.middle - edge + 6.0, 16.0], ends[0], true, Anchor::Middle, theme.ink_3));
            out.marks.push(text([view.middle + edge - 6.0, 16.0], ends[1], true, Anchor::Middle, theme.ink_3));
            let line = Stroke::solid(theme.ink_3, 1.2);
            out.traces
                .push(Shape::Line { points: closed(outline::head().map(|point| view.at(Side::Right, point)).collect()), stroke: line });
            for side in [Side::Right, Side::Left] {
                for points in outline::half(view.back) {
                    out.traces.push(Shape::Line { points: view.all(side, &points), stroke: line });
                }
            }
        }
        let mut numbered: Vec<&Region> = self.regions.iter().filter(|region| region.stands_out()).collect();
        numbered.sort_by_key(|region| region.abnormal != Some(true));
        // Skin below, signs of muscles upon it.
        for region in self.regions.iter().filter(|region| !region.muscles) {
            let Some((back, points)) = patch(&region.id) else { continue };
            let points = views[usize::from(back)].all(region.side, &points);
            fill(points, region.abnormal, region.supplied, theme, &mut out.traces);
        }
        for region in self.regions.iter().filter(|region| region.muscles) {
            let Some((back, at)) = segment(&region.id) else { continue };
            muscles(views[usize::from(back)].at(region.side, at), region.abnormal, region.supplied, theme, &mut out.marks);
        }
        for view in &views {
            numbers(view, &numbered, theme, &mut out);
        }
        let bottom = self.list(&mut out, &numbered, theme, HEAD + 100.0 * scale + 26.0);
        self.key(&mut out, theme, bottom);
        out
    }

    /// What stands out by number, then the others; returns where it ends.
    fn list(&self, out: &mut Picture, numbered: &[&Region], theme: &Theme, top: f32) -> f32 {
        let mut y = top;
        let room = out.width - 2.0 * MARGIN;
        let normal: Vec<String> = self
            .regions
            .iter()
            .filter(|region| !region.stands_out())
            .map(|region| format!("{}, {}", region.name, region.side_word()))
            .collect();
        let entries =
            numbered.iter().enumerate().map(|(k, region)| (format!("{}  {}", k + 1, region.words()), region.abnormal == Some(true)));
        let rest = (!normal.is_empty()).then(|| (format!("Normal: {}", normal.join("; ")), false));
        for (words, strong) in entries.chain(rest) {
            for line in wrapped(&words, room) {
                out.marks.push(text([MARGIN, y], line, strong, Anchor::Start, theme.ink));
                y += LINE;
            }
        }
        y
    }

    fn alt(&self) -> String {
        let words: Vec<String> = self.regions.iter().map(Region::words).collect();
        format!("Body from front and back. {}. What is not named was not tested.", words.join(". "))
    }
}

/// Numbers beside a figure, at the height of what they name, with a line to it.
fn numbers(view: &View, numbered: &[&Region], theme: &Theme, out: &mut Picture) {
    for side in [Side::Right, Side::Left] {
        let place = |region: &Region| {
            let (back, at) =
                if region.muscles { segment(&region.id) } else { patch(&region.id).map(|(back, all)| (back, outline::middle(&all))) }?;
            (back == view.back).then(|| view.at(side, at))
        };
        let of_side = numbered.iter().enumerate().filter(|(_, region)| region.side == side);
        let mut here: Vec<(usize, [f32; 2])> = of_side.filter_map(|(k, region)| Some((k + 1, place(region)?))).collect();
        here.sort_by(|a, b| a.1[1].total_cmp(&b.1[1]));
        let lowest = HEAD + 100.0 * view.scale + 8.0;
        let count = here.len();
        let mut next = 0.0_f32;
        let x = view.at(side, [HALF, 0.0])[0];
        for (k, (number, at)) in here.into_iter().enumerate() {
            // Never below the figure, never upon the one before.
            let y = at[1].min(lowest - 17.0 * (count - 1 - k) as f32).max(next);
            next = y + 17.0;
            out.traces.push(Shape::Line { points: vec![[x, y], at], stroke: Stroke::solid(theme.ink_3, 0.9) });
            out.marks.push(Shape::Circle { at: [x, y], radius: 8.0, fill: theme.scope, stroke: Stroke::solid(theme.ink, 1.2) });
            out.marks.push(Shape::Text {
                at: [x, y + 3.8],
                text: number.to_string(),
                size: 10.5,
                strong: true,
                anchor: Anchor::Middle,
                color: theme.ink,
                halo: None,
            });
        }
    }
}

impl Body {
    /// Patterns and what they mean.
    fn key(&self, out: &mut Picture, theme: &Theme, top: f32) {
        let signs = [
            (false, Some(true), false, "skin: abnormal response"),
            (false, None, true, "skin, not tested, beyond the proposed lesion"),
            (false, Some(false), true, "skin, normal, beyond the proposed lesion"),
            (false, Some(false), false, "skin: normal response"),
            (true, Some(true), false, "muscles: abnormal"),
            (true, Some(false), false, "muscles: normal"),
            (true, None, true, "muscles, ringed: beyond the proposed lesion"),
        ];
        let (mut x, mut y) = (MARGIN, top + 12.0);
        for (muscle, abnormal, supplied, words) in signs {
            // Of what is not in the picture nothing is explained; a ring is, whatever is within it.
            let used = |region: &Region| {
                let same = region.abnormal == abnormal && (supplied == region.supplied || abnormal == Some(true) || muscle);
                region.muscles == muscle && if muscle && supplied { region.supplied } else { same }
            };
            if !self.regions.iter().any(used) {
                continue;
            }
            let width = text_width(words, TEXT) + 40.0;
            if x > MARGIN && x + width > out.width {
                (x, y) = (MARGIN, y + 18.0);
            }
            if muscle {
                muscles([x + 10.0, y - 4.0], abnormal, supplied, theme, &mut out.marks);
            } else {
                let points = vec![[x, y - 10.0], [x + 20.0, y - 10.0], [x + 20.0, y + 2.0], [x, y + 2.0]];
                fill(points, abnormal, supplied, theme, &mut out.marks);
            }
            out.marks.push(text([x + 26.0, y], words, false, Anchor::Start, theme.ink_3));
            x += width;
        }
        out.height = y + 12.0;
    }
}
