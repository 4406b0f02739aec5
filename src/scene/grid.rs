//! Divisions, zero lines and the time axis: the back layer, drawn by plotters on whatever backend.
//!
//! plotters works in whole device pixels, so positions are scaled here and lines come out crisp.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::Color as _;
use plotters::style::FontTransform;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::shape::Color;
use super::theme::Theme;

/// The back layer of a picture, in CSS pixels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    /// Left, top, width, height of the part that has divisions.
    pub area: [f32; 4],
    /// x of the vertical lines, and whether each is a major one.
    pub verticals: Lines,
    /// y of the horizontal lines.
    pub horizontals: Vec<f32>,
    /// y of the zero lines.
    pub zeros: Vec<f32>,
    /// x and text of the axis labels; drawn below the area.
    pub ticks: Ticks,
}

/// Size of the axis labels, px.
pub(super) const TICK_PX: f32 = 11.0;
/// Same stack as the page, as far as a canvas font string may name it.
const FONT: &str = "Liberation Sans, Helvetica Neue, Segoe UI, Arial, sans-serif";

fn rgb(color: Color) -> RGBAColor {
    let [_, r, g, b] = color.rgb.to_be_bytes();
    RGBAColor(r, g, b, f64::from(color.alpha))
}

/// Draws the grid; `scale` is device pixels in a CSS pixel.
///
/// # Errors
/// When the backend cannot draw.
pub fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    grid: &Grid,
    theme: &Theme,
    scale: f32,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let px = |v: f32| (v * scale).floor() as i32;
    let [left, top, width, height] = grid.area;
    let (x0, y0, x1, y1) = (px(left), px(top), px(left + width), px(top + height));
    area.fill(&rgb(theme.scope))?;
    let stroke = scale.max(1.0).floor() as u32;
    let line = |from: (i32, i32), to: (i32, i32), color: Color| area.draw(&PathElement::new([from, to], rgb(color).stroke_width(stroke)));
    for &(x, major) in grid.verticals.iter().filter(|(_, major)| !major) {
        let _ = major;
        line((px(x), y0), (px(x), y1), theme.grid_minor)?;
    }
    for &y in &grid.horizontals {
        line((x0, px(y)), (x1, px(y)), theme.grid_minor)?;
    }
    for &(x, _) in grid.verticals.iter().filter(|(_, major)| *major) {
        line((px(x), y0), (px(x), y1), theme.grid_major)?;
    }
    for &y in &grid.zeros {
        line((x0, px(y)), (x1, px(y)), theme.zero)?;
    }
    let font = FontDesc::new(FontFamily::Name(FONT), f64::from(TICK_PX * scale), FontStyle::Normal).transform(FontTransform::None);
    let ink = rgb(theme.axis_text);
    let style = TextStyle::from(font).color(&ink).pos(Pos::new(HPos::Center, VPos::Top));
    for (x, text) in &grid.ticks {
        area.draw(&Text::new(text.as_str(), (px(*x), y1 + px(5.0)), style.clone()))?;
    }
    Ok(())
}

/// x of lines, and whether each is a major one.
pub type Lines = Vec<(f32, bool)>;
/// x and text of labels.
pub type Ticks = Vec<(f32, String)>;

/// Division lines of a time axis: positions of all, majors and labels every few divisions so that
/// labels keep at least `label_px` between them. Times are in seconds.
pub fn time_divisions(view: &super::Viewport, division_s: f64, label_px: f64, label: impl Fn(f64) -> String) -> (Lines, Ticks) {
    let px_per_division = division_s / view.span_s() * view.width_px;
    if px_per_division.is_nan() || px_per_division <= 3.0 {
        return (Vec::new(), Vec::new());
    }
    let every = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0].into_iter().find(|every| every * px_per_division >= label_px).unwrap_or(100.0);
    let (mut lines, mut ticks) = (Vec::new(), Vec::new());
    let mut index = (view.from_s / division_s - 1e-9).ceil();
    while index * division_s <= view.to_s + division_s * 1e-9 {
        let time_s = index * division_s;
        let x = view.px_from_time(time_s) as f32;
        let major = (index / every).fract().abs() < 1e-9;
        lines.push((x, major));
        let inside = f64::from(x) > view.left_px + 12.0 && f64::from(x) < view.left_px + view.width_px - 12.0;
        if major && inside {
            ticks.push((x, label(time_s)));
        }
        index += 1.0;
    }
    (lines, ticks)
}
