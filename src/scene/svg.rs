//! A picture as an SVG file: grid by plotters, shapes as they are.

use std::fmt::Write as _;

use plotters::prelude::{IntoDrawingArea, SVGBackend};

use super::shape::{Anchor, Shape, Stroke};
use super::theme::Theme;
use super::{Picture, grid};

const FONT: &str = "Liberation Sans, Helvetica Neue, Segoe UI, Arial, sans-serif";

/// Writes a picture as a self-contained SVG document.
pub fn write(picture: &Picture, theme: &Theme) -> String {
    let (width, height) = (picture.width.max(1.0) as u32, picture.height.max(1.0) as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        // A string takes everything; there is nothing to fail.
        let _ = grid::draw(&area, &picture.grid, theme, 1.0);
        let _ = area.present();
    }
    let end = svg.rfind("</svg>").unwrap_or(svg.len());
    svg.truncate(end);
    let mut svg = with_tick_size(&svg);
    if let Some(first) = svg.find('>') {
        let title = format!(
            "<title>{}</title><defs><clipPath id=\"all-{width}-{height}\"><rect width=\"{width}\" height=\"{height}\"/></clipPath></defs>",
            escape(&picture.alt)
        );
        svg.insert_str(first + 1, &title);
    }
    // Several pictures in one document have different sizes.
    let _ = writeln!(svg, "<g clip-path=\"url(#all-{width}-{height})\" stroke-linejoin=\"round\">");
    for shape in picture.traces.iter().chain(&picture.marks) {
        element(shape, &mut svg);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// plotters writes fonts smaller than asked for into SVG (by 1.24); the axis gets the size that it
/// has on the canvas.
fn with_tick_size(grid: &str) -> String {
    let mut parts = grid.split("font-size=\"");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let _ = write!(out, "font-size=\"{}", grid::TICK_PX);
        out.push_str(part.find('"').map_or(part, |end| &part[end..]));
    }
    out
}

fn stroke_attributes(stroke: &Stroke) -> String {
    let mut text = format!("stroke=\"{}\" stroke-width=\"{}\"", stroke.color.css(), stroke.width);
    if !stroke.dash.is_empty() {
        let dash: Vec<String> = stroke.dash.iter().map(f32::to_string).collect();
        let _ = write!(text, " stroke-dasharray=\"{}\"", dash.join(" "));
    }
    text
}

/// Path data; a NaN lifts the pen.
fn path(points: &[[f32; 2]]) -> String {
    let mut data = String::new();
    let mut down = false;
    for [x, y] in points {
        if !(x.is_finite() && y.is_finite()) {
            down = false;
            continue;
        }
        let _ = write!(data, "{}{:.2} {:.2}", if down { "L" } else { "M" }, x, y);
        down = true;
    }
    data
}

fn element(shape: &Shape, out: &mut String) {
    let _ = match shape {
        Shape::Line { points, stroke } => writeln!(out, "<path d=\"{}\" fill=\"none\" {}/>", path(points), stroke_attributes(stroke)),
        Shape::Area { points, fill } => writeln!(out, "<path d=\"{}Z\" fill=\"{}\"/>", path(points), fill.css()),
        Shape::Rect { rect: [x, y, w, h], radius, fill, stroke } => {
            let fill = fill.map_or("none".to_owned(), super::Color::css);
            let stroke = stroke.as_ref().map(stroke_attributes).unwrap_or_default();
            writeln!(out, "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{w:.2}\" height=\"{h:.2}\" rx=\"{radius}\" fill=\"{fill}\" {stroke}/>")
        }
        Shape::Hatch { rect: [x, y, w, h], fill, color } => {
            let mut lines = String::new();
            let mut at = -h;
            while at < *w && w.is_finite() {
                // Clipped by hand to the rectangle: from its bottom edge up and right.
                let (x0, x1) = (at.max(0.0), (at + h).min(*w));
                if x1 > x0 {
                    let _ = write!(lines, "M{:.1} {:.1}L{:.1} {:.1}", x + x0, y + h - (x0 - at), x + x1, y + h - (x1 - at));
                }
                at += 8.0;
            }
            writeln!(
                out,
                "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{:.2}\" height=\"{h:.2}\" fill=\"{}\"/><path d=\"{lines}\" stroke=\"{}\" stroke-width=\"0.7\"/>",
                w.max(0.0),
                fill.css(),
                color.css()
            )
        }
        Shape::Image { rect, columns, cells, palette } => image(*rect, *columns, cells, palette, out),
        Shape::Circle { at: [x, y], radius, fill, stroke } => {
            writeln!(out, "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius}\" fill=\"{}\" {}/>", fill.css(), stroke_attributes(stroke))
        }
        Shape::Text { at: [x, y], text, size, strong, anchor, color, halo } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            let halo = halo.map(|halo| format!(" paint-order=\"stroke\" stroke=\"{}\" stroke-width=\"4\"", halo.css())).unwrap_or_default();
            let weight = if *strong { 600 } else { 400 };
            writeln!(
                out,
                "<text x=\"{x:.2}\" y=\"{y:.2}\" font-family=\"{FONT}\" font-size=\"{size}\" font-weight=\"{weight}\" text-anchor=\"{anchor}\" fill=\"{}\"{halo}>{}</text>",
                color.css(),
                escape(text)
            )
        }
    };
}

/// Most columns and rows of a picture of cells in a file: finer ones are thinned.
const CELLS: [usize; 2] = [320, 64];

/// A picture of cells as one path a colour, cells of one colour in a column joined: every reader of SVG
/// draws it, and it can be scaled.
fn image([x, y, w, h]: [f32; 4], columns: usize, cells: &[u8], palette: &[super::Color], out: &mut String) -> std::fmt::Result {
    let rows = cells.len() / columns.max(1);
    if rows == 0 {
        return Ok(());
    }
    let (across, down) = (columns.min(CELLS[0]), rows.min(CELLS[1]));
    let (cell_w, cell_h) = (w / across as f32, h / down as f32);
    let at = |column: usize, row: usize| cells.get(row * rows / down * columns + column * columns / across).copied().unwrap_or(0);
    let mut paths = vec![String::new(); palette.len()];
    for column in 0..across {
        let mut row = 0;
        while row < down {
            let color = at(column, row);
            let end = (row..down).find(|row| at(column, *row) != color).unwrap_or(down);
            if let Some(path) = paths.get_mut(usize::from(color)).filter(|_| color > 0) {
                let (left, top) = (x + column as f32 * cell_w, y + row as f32 * cell_h);
                // A little wider than a cell: no ground shows between neighbours.
                write!(path, "M{left:.1} {top:.1}h{:.1}v{:.1}h-{0:.1}z", cell_w + 0.2, (end - row) as f32 * cell_h + 0.2)?;
            }
            row = end;
        }
    }
    for (path, color) in paths.iter().zip(palette).filter(|(path, _)| !path.is_empty()) {
        writeln!(out, "<path d=\"{path}\" fill=\"{}\"/>", color.css())?;
    }
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
