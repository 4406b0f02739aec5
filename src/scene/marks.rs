//! Flags, cursors and labels: the front layer.
//!
//! Automatic: hollow flag, thin dashed stem. Placed by a person: filled flag, solid stem, the
//! automatic position kept as a grey tick joined by a dotted line. Doubtful: amber, dotted, with ?.

use super::shape::{Anchor, Color, Shape, Stroke, text_width};
use super::theme::Theme;

/// How sure a marker is and who placed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// By the program.
    Automatic,
    /// By a person.
    Person,
    /// By the program, weakened by the quality of the sweep.
    Doubtful,
}

/// One marker to draw.
#[derive(Debug, Clone)]
pub struct Flag {
    /// x, px.
    pub x: f32,
    /// y of the trace there.
    pub y: f32,
    /// Number on the flag.
    pub number: u8,
    /// Value beside it; empty for none.
    pub label: String,
    /// Flag above the trace (a negative peak) or below (a positive one).
    pub above: bool,
    /// Look.
    pub look: Look,
    /// x of the automatic position, when a person moved it.
    pub automatic_x: Option<f32>,
    /// Under the keyboard.
    pub selected: bool,
    /// Label to the left of the flag.
    pub label_left: bool,
    /// Length of the stem, px.
    pub stem: f32,
}

/// Height of a flag with its rim, px.
const FLAG_PX: f32 = 15.0;
const DASH: &[f32] = &[2.0, 2.0];
const DOTS: &[f32] = &[1.0, 2.5];

/// Draws a marker; returns the centre of its flag.
pub fn flag(flag: &Flag, theme: &Theme, bounds: [f32; 2], out: &mut Vec<Shape>) -> [f32; 2] {
    let Flag { x, y, .. } = *flag;
    let (color, width, dash): (Color, f32, &'static [f32]) = match flag.look {
        Look::Automatic => (theme.marker_auto, 1.0, DASH),
        Look::Person => (theme.marker_human, 2.0, &[]),
        Look::Doubtful => (theme.marker_doubt, 1.5, DOTS),
    };
    // Without room on its side the flag goes to the other one: it must not cover its point.
    let room = if flag.above { y - bounds[0] } else { bounds[1] - y };
    let above = if room < FLAG_PX + 6.0 { !flag.above } else { flag.above };
    let side = if above { -1.0 } else { 1.0 };
    let stem_end = (y + side * flag.stem).clamp(bounds[0] + FLAG_PX, (bounds[1] - FLAG_PX).max(bounds[0] + FLAG_PX));
    let centre = [x, stem_end + side * 6.5];
    out.push(Shape::Line { points: vec![[x, y], [x, stem_end]], stroke: Stroke { color, width, dash } });
    if let Some(auto_x) = flag.automatic_x {
        let gray = Stroke { color: theme.marker_auto, width: 1.2, dash: &[] };
        out.push(Shape::Line { points: vec![[auto_x, y - 9.0], [auto_x, y + 9.0]], stroke: gray });
        out.push(Shape::Line { points: vec![[auto_x, y - 9.0], [x, y - 9.0]], stroke: Stroke { dash: DASH, ..gray } });
    }
    if flag.selected {
        let rect = [centre[0] - 9.5, centre[1] - 9.5, 19.0, 19.0];
        out.push(Shape::Rect { rect, radius: 3.0, fill: None, stroke: Some(Stroke::solid(theme.focus, 2.0)) });
    }
    let (fill, ink) = if flag.look == Look::Person { (theme.marker_human, theme.marker_ink_on_human) } else { (theme.scope, color) };
    let rect = [centre[0] - 6.5, centre[1] - 6.5, 13.0, 13.0];
    out.push(Shape::Rect {
        rect,
        radius: 2.0,
        fill: Some(fill),
        stroke: Some(Stroke { color, width: 1.2, dash: if flag.look == Look::Doubtful { DASH } else { &[] } }),
    });
    let digit = if flag.look == Look::Doubtful { "?".to_owned() } else { flag.number.to_string() };
    out.push(Shape::Text {
        at: [centre[0], centre[1] + 3.6],
        text: digit,
        size: 10.0,
        strong: true,
        anchor: Anchor::Middle,
        color: ink,
        halo: None,
    });
    if !flag.label.is_empty() {
        let anchor = if flag.label_left { Anchor::End } else { Anchor::Start };
        let at = [centre[0] + if flag.label_left { -11.5 } else { 11.5 }, centre[1] + 4.2];
        let color = if flag.look == Look::Automatic { theme.ink } else { color };
        out.push(Shape::Text { at, text: flag.label.clone(), size: 12.0, strong: true, anchor, color, halo: Some(theme.scope) });
    }
    out.push(Shape::Circle {
        at: [x, y],
        radius: 2.4,
        fill: fill_of_point(flag.look, theme),
        stroke: Stroke::solid(if flag.look == Look::Person { theme.scope } else { color }, 1.3),
    });
    centre
}

fn fill_of_point(look: Look, theme: &Theme) -> Color {
    if look == Look::Person { theme.marker_human } else { theme.scope }
}

/// The stimulus: a stroke through the baseline and a triangle under it.
pub fn stimulus(x: f32, y: f32, theme: &Theme, out: &mut Vec<Shape>) {
    out.push(Shape::Line { points: vec![[x, y - 12.0], [x, y + 8.0]], stroke: Stroke::solid(theme.stim_mark, 1.6) });
    out.push(Shape::Area { points: vec![[x - 4.0, y + 14.0], [x, y + 7.0], [x + 4.0, y + 14.0]], fill: theme.stim_mark });
}

/// A text in the corner of a lane.
pub fn label(at: [f32; 2], text: impl Into<String>, size: f32, strong: bool, anchor: Anchor, color: Color, theme: &Theme) -> Shape {
    Shape::Text { at, text: text.into(), size, strong, anchor, color, halo: Some(theme.scope) }
}

/// Where the sound is: a line with a pointer at the top.
pub fn playhead(x: f32, bottom: f32, theme: &Theme, out: &mut Vec<Shape>) {
    out.push(Shape::Line { points: vec![[x, 0.0], [x, bottom]], stroke: Stroke::solid(theme.ink, 1.0) });
    out.push(Shape::Area { points: vec![[x - 5.0, 0.0], [x + 5.0, 0.0], [x, 7.0]], fill: theme.ink });
}

/// A vertical cursor with its name on top.
pub fn cursor(x: f32, top: f32, bottom: f32, name: &str, theme: &Theme, out: &mut Vec<Shape>) {
    out.push(Shape::Line { points: vec![[x, top], [x, bottom]], stroke: Stroke::solid(theme.cursor, 1.0) });
    let width = text_width(name, 11.0) + 8.0;
    out.push(Shape::Rect { rect: [x - width / 2.0, top, width, 15.0], radius: 2.0, fill: Some(theme.cursor), stroke: None });
    out.push(Shape::Text {
        at: [x, top + 11.5],
        text: name.to_owned(),
        size: 11.0,
        strong: true,
        anchor: Anchor::Middle,
        color: theme.scope,
        halo: None,
    });
}
