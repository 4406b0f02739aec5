//! The spectrogram of a lane, as a strip under the lanes on their time axis.

use std::rc::Rc;

use super::divisions::{nice_step, number};
use super::marks;
use super::shape::{Anchor, Color, Shape, Stroke};
use super::theme::Theme;
use super::viewport::Viewport;

/// EMG has next to nothing above it, Hz.
const TOP_HZ: f64 = 5000.0;
/// From the faintest to the strongest, dB.
const RANGE_DB: f64 = 50.0;
/// Steps of the colours.
const LEVELS: u8 = 32;

/// Power densities over time and frequency.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrogram {
    /// First moment, seconds.
    pub from_s: f64,
    /// Last moment, seconds.
    pub to_s: f64,
    /// Columns.
    pub columns: usize,
    /// Densities of a column, from zero Hz upwards.
    pub rows: usize,
    /// From one to the next, Hz.
    pub row_hz: f64,
    /// Densities, dB of 1 unit² / Hz, column after column; NaN where there is no signal.
    pub db: Vec<f32>,
    /// Name of the lane.
    pub name: String,
}

impl Spectrogram {
    /// Rows that are shown.
    fn shown(&self) -> usize {
        ((TOP_HZ / self.row_hz).floor() as usize + 1).clamp(1, self.rows.max(1))
    }

    /// Highest frequency shown, Hz.
    pub fn top_hz(&self) -> f64 {
        self.shown() as f64 * self.row_hz
    }

    /// Draws it into `band` (top and bottom, px). A sine a third as high as `gain`, one division of the
    /// lane, has the strongest colour, so that the lane's gain sets both.
    pub fn draw(&self, view: &Viewport, band: [f32; 2], gain: f64, theme: &Theme, traces: &mut Vec<Shape>, marks: &mut Vec<Shape>) {
        let [top, bottom] = band;
        let (shown, width) = (self.shown(), view.width_px as f32);
        // Peak density of a sine under a Hann window: half its square over 1.5 bins.
        let strongest = 10.0 * (gain * gain / (27.0 * self.row_hz)).max(1e-30).log10();
        let level = |db: f32| {
            let share = (f64::from(db) - strongest) / RANGE_DB + 1.0;
            if share.is_nan() { 0 } else { (share.clamp(0.0, 1.0) * f64::from(LEVELS - 1)).round() as u8 }
        };
        let (x0, x1) = (view.px_from_time(self.from_s) as f32, view.px_from_time(self.to_s) as f32);
        if self.rows > 0 && self.columns > 0 && self.db.len() == self.columns * self.rows {
            let at = |row: usize| self.db.iter().skip(row).step_by(self.rows).map(|db| level(*db));
            let cells = (0..shown).rev().flat_map(at).collect::<Rc<[u8]>>();
            let palette = (0..LEVELS).map(|step| mix(theme.scope, theme.trace, f32::from(step) / f32::from(LEVELS - 1))).collect();
            traces.push(Shape::Image { rect: [x0, top, x1 - x0, bottom - top], columns: self.columns, cells, palette });
        }
        marks.push(Shape::Line { points: vec![[0.0, top], [width, top]], stroke: Stroke::solid(theme.grid_major, 1.0) });
        let top_hz = self.top_hz();
        let step_hz = nice_step(top_hz / 4.0, 0);
        let mut hz = step_hz;
        while hz < top_hz * 0.97 {
            let y = bottom - (hz / top_hz) as f32 * (bottom - top);
            let stroke = Stroke { color: theme.grid_major, width: 1.0, dash: &[2.0, 4.0] };
            marks.push(Shape::Line { points: vec![[0.0, y], [width, y]], stroke });
            let text = if hz >= 1000.0 { format!("{} kHz", number(hz / 1000.0, 2)) } else { format!("{} Hz", number(hz, 3)) };
            marks.push(marks::label([width - 8.0, y + 4.0], text, 11.0, false, Anchor::End, theme.axis_text, theme));
            hz += step_hz;
        }
        let words = format!("Spectrogram of {}", self.name);
        marks.push(marks::label([10.0, top + 14.0], words, 11.0, false, Anchor::Start, theme.axis_text, theme));
    }
}

fn mix(from: Color, to: Color, share: f32) -> Color {
    let part = |shift: u32| {
        let (a, b) = (((from.rgb >> shift) & 0xFF) as f32, ((to.rgb >> shift) & 0xFF) as f32);
        ((a + (b - a) * share).round() as u32) << shift
    };
    Color::new(part(16) | part(8) | part(0))
}
