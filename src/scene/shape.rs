//! The display list: what a picture is made of, in CSS pixels.

use std::rc::Rc;

/// An opaque or translucent colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Color {
    /// `0xRRGGBB`.
    pub rgb: u32,
    /// 0 to 1.
    pub alpha: f32,
}

impl Color {
    /// An opaque colour.
    pub const fn new(rgb: u32) -> Self {
        Self { rgb, alpha: 1.0 }
    }

    /// The same colour, translucent.
    pub const fn with_alpha(self, alpha: f32) -> Self {
        Self { rgb: self.rgb, alpha }
    }

    /// As CSS and SVG write it.
    pub fn css(self) -> String {
        let [_, r, g, b] = self.rgb.to_be_bytes();
        if self.alpha >= 1.0 { format!("#{r:02X}{g:02X}{b:02X}") } else { format!("rgba({r},{g},{b},{})", self.alpha) }
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Colour.
    pub color: Color,
    /// Width, px.
    pub width: f32,
    /// On and off lengths, px; empty for a solid line.
    pub dash: &'static [f32],
}

impl Stroke {
    /// A solid line.
    pub const fn solid(color: Color, width: f32) -> Self {
        Self { color, width, dash: &[] }
    }
}

/// Where a text hangs on its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// To the right of it.
    Start,
    /// Centred on it.
    Middle,
    /// To the left of it.
    End,
}

/// One element of a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A polyline through `points` (x, y); a point that is not finite interrupts it.
    Line {
        /// Corners.
        points: Vec<[f32; 2]>,
        /// Stroke.
        stroke: Stroke,
    },
    /// A filled polygon.
    Area {
        /// Corners.
        points: Vec<[f32; 2]>,
        /// Fill.
        fill: Color,
    },
    /// A rectangle.
    Rect {
        /// Left, top, width, height.
        rect: [f32; 4],
        /// Corner radius.
        radius: f32,
        /// Fill.
        fill: Option<Color>,
        /// Outline.
        stroke: Option<Stroke>,
    },
    /// A rectangle filled with diagonal lines: a gap, or what has not been read yet.
    Hatch {
        /// Left, top, width, height.
        rect: [f32; 4],
        /// Ground.
        fill: Color,
        /// Lines.
        color: Color,
    },
    /// A picture of coloured cells, row after row from the top left.
    Image {
        /// Left, top, width, height.
        rect: [f32; 4],
        /// Cells of a row.
        columns: usize,
        /// Colour of each cell, by its number in the palette.
        cells: Rc<[u8]>,
        /// Colours; the first is the ground and may be left out.
        palette: Rc<[Color]>,
    },
    /// A circle.
    Circle {
        /// Centre.
        at: [f32; 2],
        /// Radius.
        radius: f32,
        /// Fill.
        fill: Color,
        /// Outline.
        stroke: Stroke,
    },
    /// A text on one line; `at` is on its baseline.
    Text {
        /// Anchor point.
        at: [f32; 2],
        /// The text.
        text: String,
        /// Size, px.
        size: f32,
        /// Bold.
        strong: bool,
        /// Where it hangs.
        anchor: Anchor,
        /// Colour.
        color: Color,
        /// A rim in the ground's colour that keeps it readable over traces.
        halo: Option<Color>,
    },
}

/// Width of a text, estimated without a font (measuring text forces a browser to lay out): mean
/// advance of the interface fonts, 0.55 of the size.
pub fn text_width(text: &str, size: f32) -> f32 {
    text.chars().count() as f32 * size * 0.55
}
