//! What was placed, painted: text, rules, and pictures shape by shape.

use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::num::NormalizedF32;
use krilla::paint::{Fill, FillRule, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::text::TextDirection;

use super::fonts::Fonts;
use super::layout::{Look, PAGE, Placed, SMALL, What};
use super::moved;
use crate::scene::{self, Anchor, Color, Picture, Shape, theme::PAPER};

/// Size of the labels of an axis, px, as on screen.
const TICK_PX: f32 = 11.0;

fn paint(color: Color) -> rgb::Color {
    let [_, r, g, b] = color.rgb.to_be_bytes();
    rgb::Color::new(r, g, b)
}

fn alpha(color: Color) -> NormalizedF32 {
    NormalizedF32::new(color.alpha.clamp(0.0, 1.0)).unwrap_or(NormalizedF32::ONE)
}

fn fill(color: Color) -> Fill {
    Fill { paint: paint(color).into(), opacity: alpha(color), rule: FillRule::NonZero }
}

fn stroke(of: &scene::Stroke) -> Stroke {
    let dash = (!of.dash.is_empty()).then(|| StrokeDash { array: of.dash.to_vec(), offset: 0.0 });
    Stroke {
        paint: paint(of.color).into(),
        opacity: alpha(of.color),
        width: of.width,
        line_join: LineJoin::Round,
        dash,
        ..Stroke::default()
    }
}

/// Paints one thing.
pub fn place(surface: &mut Surface, placed: &Placed, fonts: &Fonts) {
    match &placed.what {
        What::Text { text, look } => words(surface, placed.at, text, *look, fonts),
        What::Rule { length, width, color } => {
            let [x, y] = placed.at;
            let end = moved(placed, [*length, 0.0]);
            outlined(surface, polyline(&[[x, y], end], false), None, Some(&scene::Stroke::solid(*color, *width)));
        }
        What::Logo(logo) => {
            let ([x, y], (image, [width, height])) = (placed.at, logo.as_ref());
            if let Some(size) = Size::from_wh(*width, *height) {
                surface.push_transform(&Transform::from_translate(x, y));
                surface.draw_image(image.clone(), size);
                surface.pop();
            }
        }
        What::Figure { figure, scale } => {
            let [x, y] = placed.at;
            surface.push_transform(&Transform::from_row(*scale, 0.0, 0.0, *scale, x, y));
            let clip = rectangle([0.0, 0.0, figure.picture.width, figure.picture.height]);
            if let Some(clip) = &clip {
                surface.push_clip_path(clip, &FillRule::NonZero);
            }
            picture(surface, &figure.picture, fonts);
            if clip.is_some() {
                surface.pop();
            }
            surface.pop();
        }
    }
}

/// The line at the foot of a page.
pub fn foot(surface: &mut Surface, text: &str, fonts: &Fonts) {
    let text = fonts.printable(text);
    let x = (PAGE[0] - fonts.width(&text, SMALL.size, false)) / 2.0;
    words(surface, [x, PAGE[1] - 44.0], &text, SMALL, fonts);
}

fn words(surface: &mut Surface, [x, y]: [f32; 2], text: &str, look: Look, fonts: &Fonts) {
    surface.set_stroke(None);
    surface.set_fill(Some(fill(look.color)));
    surface.draw_text(Point::from_xy(x, y), fonts.font(look.strong), look.size, text, false, TextDirection::LeftToRight);
}

fn picture(surface: &mut Surface, picture: &Picture, fonts: &Fonts) {
    grid(surface, &picture.grid, fonts);
    for shape in picture.traces.iter().chain(&picture.marks) {
        self::shape(surface, shape, fonts);
    }
}

/// Divisions, zero lines and the labels of the axis, as the grid of the screen has them.
fn grid(surface: &mut Surface, grid: &scene::Grid, fonts: &Fonts) {
    let [left, top, width, height] = grid.area;
    let thin = |color| scene::Stroke::solid(color, 0.8);
    let upright = |x: f32| polyline(&[[x, top], [x, top + height]], false);
    let level = |y: f32| polyline(&[[left, y], [left + width, y]], false);
    for major in [false, true] {
        let color = if major { PAPER.grid_major } else { PAPER.grid_minor };
        for (x, _) in grid.verticals.iter().filter(|(_, of)| *of == major) {
            outlined(surface, upright(*x), None, Some(&thin(color)));
        }
        let rows = if major { &grid.zeros } else { &grid.horizontals };
        for y in rows {
            outlined(surface, level(*y), None, Some(&thin(if major { PAPER.zero } else { color })));
        }
    }
    for (x, text) in &grid.ticks {
        let look = Look { size: TICK_PX, strong: false, color: PAPER.axis_text };
        let text = fonts.printable(text);
        let x = x - fonts.width(&text, TICK_PX, false) / 2.0;
        words(surface, [x, top + height + 5.0 + TICK_PX * 0.8], &text, look, fonts);
    }
}

fn shape(surface: &mut Surface, shape: &Shape, fonts: &Fonts) {
    match shape {
        Shape::Line { points, stroke } => outlined(surface, polyline(points, false), None, Some(stroke)),
        Shape::Area { points, fill } => outlined(surface, polyline(points, true), Some(*fill), None),
        Shape::Rect { rect, fill, stroke, .. } => outlined(surface, rectangle(*rect), *fill, stroke.as_ref()),
        Shape::Hatch { rect, fill, color } => {
            outlined(surface, rectangle(*rect), Some(*fill), Some(&scene::Stroke::solid(*color, 0.7)));
        }
        Shape::Image { rect, columns, cells, palette } => image(surface, *rect, *columns, cells, palette),
        Shape::Circle { at, radius, fill, stroke } => outlined(surface, circle(*at, *radius), Some(*fill), Some(stroke)),
        Shape::Text { at: [x, y], text, size, strong, anchor, color, halo } => {
            let text = fonts.printable(text);
            let wide = fonts.width(&text, *size, *strong);
            let x = match anchor {
                Anchor::Start => *x,
                Anchor::Middle => x - wide / 2.0,
                Anchor::End => x - wide,
            };
            if let Some(halo) = halo.filter(|_| !text.trim().is_empty()) {
                surface.set_fill(Some(fill(halo)));
                surface.set_stroke(Some(stroke(&scene::Stroke::solid(halo, 3.0))));
                // Outlines, not letters: the words are in the file once.
                surface.draw_text(Point::from_xy(x, *y), fonts.font(*strong), *size, &text, true, TextDirection::LeftToRight);
            }
            words(surface, [x, *y], &text, Look { size: *size, strong: *strong, color: *color }, fonts);
        }
    }
}

/// Cells of one colour in a column as one rectangle; the first colour is the ground.
fn image(surface: &mut Surface, [x, y, w, h]: [f32; 4], columns: usize, cells: &[u8], palette: &[Color]) {
    let rows = cells.len() / columns.max(1);
    let (cell_w, cell_h) = (w / columns.max(1) as f32, h / rows.max(1) as f32);
    for column in 0..columns {
        let at = |row: usize| cells.get(row * columns + column).copied().unwrap_or(0);
        let mut row = 0;
        while row < rows {
            let color = at(row);
            let end = (row..rows).find(|row| at(*row) != color).unwrap_or(rows);
            if let Some(fill) = palette.get(usize::from(color)).filter(|_| color > 0) {
                let rect = [x + column as f32 * cell_w, y + row as f32 * cell_h, cell_w, (end - row) as f32 * cell_h];
                outlined(surface, rectangle(rect), Some(*fill), None);
            }
            row = end;
        }
    }
}

fn outlined(surface: &mut Surface, path: Option<Path>, inside: Option<Color>, line: Option<&scene::Stroke>) {
    let inside = inside.filter(|color| color.alpha > 0.0);
    let line = line.filter(|line| line.width > 0.0 && line.color.alpha > 0.0);
    let Some(path) = path.filter(|_| inside.is_some() || line.is_some()) else { return };
    surface.set_fill(inside.map(fill));
    surface.set_stroke(line.map(stroke));
    surface.draw_path(&path);
}

/// Through all points; one that is not finite lifts the pen.
fn polyline(points: &[[f32; 2]], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    let mut down = false;
    for [x, y] in points {
        match (x.is_finite() && y.is_finite(), down) {
            (false, _) => down = false,
            (true, true) => path.line_to(*x, *y),
            (true, false) => {
                path.move_to(*x, *y);
                down = true;
            }
        }
    }
    if closed && down {
        path.close();
    }
    path.finish()
}

fn rectangle([x, y, w, h]: [f32; 4]) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(x, y, w, h)?);
    path.finish()
}

/// Four curves; the handles' length is that of the usual approximation of a circle.
fn circle([x, y]: [f32; 2], r: f32) -> Option<Path> {
    if !(x.is_finite() && y.is_finite() && r > 0.0) {
        return None;
    }
    let c = 0.552_285 * r;
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + c, x + c, y + r, x, y + r);
    path.cubic_to(x - c, y + r, x - r, y + c, x - r, y);
    path.cubic_to(x - r, y - c, x - c, y - r, x, y - r);
    path.cubic_to(x + c, y - r, x + r, y - c, x + r, y);
    path.close();
    path.finish()
}
