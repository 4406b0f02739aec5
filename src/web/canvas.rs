//! Replays pictures on canvases: the grid through plotters, shapes through the 2D context.

use plotters::prelude::IntoDrawingArea;
use plotters_canvas::CanvasBackend;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use crate::scene::{Anchor, Color, Grid, Shape, Stroke, Theme, grid};

const FONT: &str =
    "\"SF Pro Text\", -apple-system, \"Segoe UI\", Roboto, \"Helvetica Neue\", \"Noto Sans\", \"Liberation Sans\", Arial, sans-serif";

/// Points of one layer from which on its lines are drawn as [`dense_line`]: many lanes in full view.
const DENSE: usize = 10_000;

/// Gives a canvas as many device pixels as it covers; setting a size clears it, so only on change.
pub fn fit(canvas: &HtmlCanvasElement, width: f32, height: f32, ratio: f32) {
    let (w, h) = ((width * ratio).round().max(1.0) as u32, (height * ratio).round().max(1.0) as u32);
    if canvas.width() != w || canvas.height() != h {
        canvas.set_width(w);
        canvas.set_height(h);
    }
}

/// Draws the grid layer.
pub fn paint_grid(canvas: &HtmlCanvasElement, picture: &Grid, theme: &Theme, ratio: f32) {
    if let Some(backend) = CanvasBackend::with_canvas_object(canvas.clone()) {
        let area = backend.into_drawing_area();
        let _ = grid::draw(&area, picture, theme, ratio);
        let _ = area.present();
    }
}

/// Clears a layer and draws shapes on it.
pub fn paint(canvas: &HtmlCanvasElement, shapes: &[Shape], ratio: f32) {
    let Some(context) = context(canvas) else { return };
    let _ = context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, f64::from(canvas.width()), f64::from(canvas.height()));
    let ratio = f64::from(ratio);
    let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    context.set_line_join("round");
    let points = |shape: &Shape| if let Shape::Line { points, .. } = shape { points.len() } else { 0 };
    let dense = shapes.iter().map(points).sum::<usize>() >= DENSE;
    for shape in shapes {
        paint_shape(&context, shape, ratio, dense);
    }
}

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

fn set_stroke(context: &CanvasRenderingContext2d, stroke: &Stroke) {
    context.set_stroke_style_str(&stroke.color.css());
    context.set_line_width(f64::from(stroke.width));
    let dash: js_sys::Array = stroke.dash.iter().map(|&length| JsValue::from_f64(f64::from(length))).collect();
    let _ = context.set_line_dash(&dash);
}

fn trace_path(context: &CanvasRenderingContext2d, points: &[[f32; 2]], aside: f32) {
    context.begin_path();
    let mut down = false;
    for &[x, y] in points {
        let (x, y) = (x + aside, y + aside);
        if !(x.is_finite() && y.is_finite()) {
            down = false;
        } else if down {
            context.line_to(f64::from(x), f64::from(y));
        } else {
            context.move_to(f64::from(x), f64::from(y));
            down = true;
        }
    }
}

/// A long line in strokes of one device pixel, side by side where it is wider. Browsers without a
/// graphics card outline a wider stroke before they fill it: measured for 16 lanes of 2,000 points,
/// that took 62 ms a frame, this takes 4.
fn dense_line(context: &CanvasRenderingContext2d, points: &[[f32; 2]], stroke: &Stroke, ratio: f64) {
    let wide = f64::from(stroke.width) * ratio;
    let strokes = if wide < 1.2 { 1.0 } else { wide.ceil().min(4.0) };
    set_stroke(context, stroke);
    context.set_line_width(1.0 / ratio);
    for k in 0..strokes as u32 {
        let aside = if strokes > 1.0 { (wide - 1.0) * (f64::from(k) / (strokes - 1.0) - 0.5) / ratio } else { 0.0 } as f32;
        trace_path(context, points, aside);
        context.stroke();
    }
}

fn paint_shape(context: &CanvasRenderingContext2d, shape: &Shape, ratio: f64, dense: bool) {
    match shape {
        Shape::Line { points, stroke } if dense => dense_line(context, points, stroke, ratio),
        Shape::Line { points, stroke } => {
            set_stroke(context, stroke);
            trace_path(context, points, 0.0);
            context.stroke();
        }
        Shape::Area { points, fill } => {
            context.set_fill_style_str(&fill.css());
            trace_path(context, points, 0.0);
            context.fill();
        }
        Shape::Rect { rect, radius, fill, stroke } => {
            let [x, y, w, h] = rect.map(f64::from);
            context.begin_path();
            let _ = context.round_rect_with_f64(x, y, w, h, f64::from(*radius));
            if let Some(fill) = fill {
                context.set_fill_style_str(&fill.css());
                context.fill();
            }
            if let Some(stroke) = stroke {
                set_stroke(context, stroke);
                context.stroke();
            }
        }
        Shape::Hatch { rect, fill, color } => hatch(context, rect.map(f64::from), *fill, *color),
        Shape::Image { rect, columns, cells, palette } => {
            let _ = image(context, rect.map(f64::from), *columns, cells, palette);
        }
        Shape::Circle { at, radius, fill, stroke } => {
            context.begin_path();
            let _ = context.arc(f64::from(at[0]), f64::from(at[1]), f64::from(*radius), 0.0, std::f64::consts::TAU);
            context.set_fill_style_str(&fill.css());
            context.fill();
            set_stroke(context, stroke);
            context.stroke();
        }
        Shape::Text { at, text, size, strong, anchor, color, halo } => {
            context.set_font(&format!("{} {size}px {FONT}", if *strong { 600 } else { 400 }));
            context.set_text_align(match anchor {
                Anchor::Start => "left",
                Anchor::Middle => "center",
                Anchor::End => "right",
            });
            let (x, y) = (f64::from(at[0]), f64::from(at[1]));
            if let Some(halo) = halo {
                set_stroke(context, &Stroke::solid(*halo, 4.0));
                let _ = context.stroke_text(text, x, y);
            }
            context.set_fill_style_str(&color.css());
            let _ = context.fill_text(text, x, y);
        }
    }
}

/// Cells become pixels of a canvas of their own, which is then drawn at its size.
fn image(
    context: &CanvasRenderingContext2d,
    [x, y, w, h]: [f64; 4],
    columns: usize,
    cells: &[u8],
    palette: &[Color],
) -> Result<(), JsValue> {
    let rows = cells.len() / columns.max(1);
    if rows == 0 || !(w > 0.0 && h > 0.0) {
        return Ok(());
    }
    let colors = cells.iter().map(|cell| {
        palette.get(usize::from(*cell)).map_or([0; 4], |color| {
            let [_, r, g, b] = color.rgb.to_be_bytes();
            [r, g, b, 255]
        })
    });
    let pixels: Vec<u8> = colors.flatten().collect();
    let small: HtmlCanvasElement = super::page::document().ok_or(JsValue::NULL)?.create_element("canvas")?.dyn_into()?;
    fit(&small, columns as f32, rows as f32, 1.0);
    let data = ImageData::new_with_u8_clamped_array_and_sh(wasm_bindgen::Clamped(&pixels), columns as u32, rows as u32)?;
    self::context(&small).ok_or(JsValue::NULL)?.put_image_data(&data, 0, 0)?;
    context.draw_image_with_html_canvas_element_and_dw_and_dh(&small, x, y, w, h)
}

fn hatch(context: &CanvasRenderingContext2d, [x, y, w, h]: [f64; 4], fill: Color, color: Color) {
    if !(w > 0.0 && h > 0.0) {
        return;
    }
    context.set_fill_style_str(&fill.css());
    context.fill_rect(x, y, w, h);
    context.save();
    context.begin_path();
    context.rect(x, y, w, h);
    context.clip();
    set_stroke(context, &Stroke::solid(color, 0.7));
    context.begin_path();
    let mut at = -h;
    while at < w {
        context.move_to(x + at, y + h);
        context.line_to(x + at + h, y);
        at += 8.0;
    }
    context.stroke();
    context.restore();
}
