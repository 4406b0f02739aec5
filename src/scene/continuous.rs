//! The continuous view: stacked lanes over one time axis, with annotations and cursors.

use super::divisions::{clock, quantity, time_up};
use super::grid::{Grid, time_divisions};
use super::marks;
use super::shape::{Anchor, Shape, Stroke, text_width};
use super::spectrogram::Spectrogram;
use super::theme::Theme;
use super::tiles::TileSource;
use super::traces::{Source, Vertical, trace};
use super::viewport::Viewport;
use super::{Hit, Picture, Target};
use crate::model::{Annotation, Span};

/// Divisions that fit into a lane from top to bottom.
const LANE_DIVISIONS: f32 = 5.0;
/// Room below the lanes for the axis, px.
pub const AXIS_PX: f32 = 24.0;
/// Discharges of the selected row that are marked in the trace as well.
const MARKED: usize = 400;
/// Share of the spectrogram of the height above the rows of discharges.
const SPECTROGRAM: f32 = 0.3;
/// Height of a row of discharges, px.
const ROW_PX: f32 = 19.0;

/// One lane.
#[derive(Debug, Clone)]
pub struct Lane {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Filters in words.
    pub filter: String,
    /// Units a division.
    pub gain: f64,
    /// Draw stored negative values upwards.
    pub turned: bool,
    /// Signal number.
    pub signal: u32,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Stored samples.
    pub n: u64,
    /// Value that lies on the lane's middle, in its unit.
    pub offset: f64,
}

/// A row of discharges below the lanes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainRow {
    /// Name (`Fib 1`).
    pub name: String,
    /// Beside it (`8.1 Hz`).
    pub note: String,
    /// Moments of the discharges, seconds.
    pub times_s: Vec<f64>,
    /// Continuous activity: from and to, seconds.
    pub span_s: Option<[f64; 2]>,
    /// Not seen in a healthy muscle at rest.
    pub abnormal: bool,
    /// Not resolved.
    pub doubtful: bool,
    /// Selected: its discharges are marked in the trace as well.
    pub selected: bool,
    /// A person made or changed it.
    pub by_person: bool,
    /// Discharges that a person has chosen, seconds.
    pub chosen_s: Vec<f64>,
}

/// What the continuous view shows.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Visible lanes, top to bottom.
    pub lanes: &'a [Lane],
    /// Stretches of the recording.
    pub spans: &'a [Span],
    /// Annotations with their numbers.
    pub annotations: &'a [(usize, &'a Annotation)],
    /// Stretch in view, over the width of the picture.
    pub view: Viewport,
    /// Picture height, px.
    pub height: f32,
    /// Selected lane.
    pub selected: Option<usize>,
    /// Selected annotation.
    pub annotation: Option<usize>,
    /// The two cursors, seconds.
    pub cursors: [Option<f64>; 2],
    /// Rows of discharges.
    pub trains: &'a [TrainRow],
    /// Spectrogram of the selected lane, below the lanes.
    pub spectrogram: Option<&'a Spectrogram>,
    /// Hatch what has not come yet; the newest samples of a recording that runs are left blank.
    pub pending: bool,
    /// Moment that is heard, seconds.
    pub playhead: Option<f64>,
    /// Theme.
    pub theme: &'a Theme,
}

impl Scene<'_> {
    /// Height of one lane, px.
    pub fn lane_px(&self) -> f32 {
        (self.lanes_bottom() / self.lanes.len().max(1) as f32).max(1.0)
    }

    /// Height of one row of discharges: lower when there are many, so that half is left to the lanes.
    fn row_px(&self) -> f32 {
        let most = (self.height - AXIS_PX) * 0.5 / self.trains.len().max(1) as f32;
        ROW_PX.min(most.max(3.0))
    }

    /// Where the rows of discharges begin.
    fn trains_top(&self) -> f32 {
        (self.height - AXIS_PX - self.row_px() * self.trains.len() as f32).max(1.0)
    }

    /// The moment of the row's discharge nearest to `x`, within `reach_px`.
    pub fn discharge_at(&self, row: usize, x: f64, reach_px: f64) -> Option<f64> {
        let away = |time_s: &f64| (self.view.px_from_time(*time_s) - x).abs();
        let near = self.trains.get(row)?.times_s.iter().copied().filter(|time_s| away(time_s) <= reach_px);
        near.min_by(|a, b| away(a).total_cmp(&away(b)))
    }

    /// Where the lanes end.
    fn lanes_bottom(&self) -> f32 {
        let share = if self.spectrogram.is_some() { 1.0 - SPECTROGRAM } else { 1.0 };
        (self.trains_top() * share).max(1.0)
    }

    /// The row of discharges at a height.
    pub fn train_at(&self, y: f32) -> Option<usize> {
        let row = ((y - self.trains_top()) / self.row_px()).floor();
        (row >= 0.0 && (row as usize) < self.trains.len()).then_some(row as usize)
    }

    /// The lane at a height.
    pub fn lane_at(&self, y: f32) -> Option<usize> {
        let lane = (y / self.lane_px()).floor();
        (lane >= 0.0 && (lane as usize) < self.lanes.len()).then_some(lane as usize)
    }

    /// Where values of a lane go.
    pub fn vertical(&self, lane: usize) -> Vertical {
        let height = self.lane_px();
        let Some(settings) = self.lanes.get(lane) else { return Vertical { zero_px: 0.0, px_per_unit: 0.0, band: [0.0; 2] } };
        let sign = if settings.turned { -1.0 } else { 1.0 };
        let px_per_unit = sign * (f64::from(height / LANE_DIVISIONS) / settings.gain) as f32;
        let middle = height * (lane as f32 + 0.5);
        // A large signal may reach half a lane into its neighbours, as on paper, never into the axis.
        let band = [(middle - height).max(0.0), (middle + height).min(self.lanes_bottom())];
        Vertical { zero_px: middle + settings.offset as f32 * px_per_unit, px_per_unit, band }
    }

    fn source<'a>(&'a self, lane: &Lane) -> Source<'a> {
        Source { signal: lane.signal, fs_hz: lane.fs_hz, n: lane.n, spans: self.spans }
    }

    /// Tiles that this view needs, and, when `around` is set, those of a screen to both sides.
    pub fn needed(&self, around: bool) -> Vec<super::tiles::TileKey> {
        let margin = if around { self.view.span_s() } else { 0.0 };
        let wide = Viewport {
            from_s: self.view.from_s - margin,
            to_s: self.view.to_s + margin,
            left_px: 0.0,
            width_px: self.view.width_px * if around { 3.0 } else { 1.0 },
        };
        let mut keys = Vec::new();
        for lane in self.lanes {
            let source = self.source(lane);
            keys.extend(super::traces::needed(&source, &wide));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Seconds a division: about eleven in view.
    pub fn division_s(&self) -> f64 {
        time_up(self.view.span_s() / (self.view.width_px / 90.0).clamp(5.0, 20.0))
    }

    /// The picture.
    pub fn draw(&self, tiles: &dyn TileSource) -> Picture {
        let theme = self.theme;
        let (width, bottom) = (self.view.width_px as f32, self.height - AXIS_PX);
        let mut picture = Picture { width, height: self.height, ..Picture::default() };
        self.grid(&mut picture.grid, width, bottom);
        self.gaps(&mut picture.traces, bottom);
        for (index, lane) in self.lanes.iter().enumerate() {
            let drawn = trace(&self.source(lane), &self.view, self.vertical(index), tiles);
            let (top, height) = (self.lane_px() * index as f32, self.lane_px());
            for [x, w] in drawn.pending.into_iter().filter(|_| self.pending) {
                picture.traces.push(Shape::Hatch {
                    rect: [x, top + height * 0.25, w, height * 0.5],
                    fill: theme.gap,
                    color: theme.gap_hatch.with_alpha(0.45),
                });
            }
            let selected = self.selected == Some(index);
            let stroke = if selected {
                Stroke::solid(theme.trace_selected, theme.stroke_trace)
            } else {
                Stroke::solid(theme.trace, theme.stroke_trace * 0.75)
            };
            picture.traces.push(Shape::Line { points: drawn.points, stroke });
            self.lane_labels(&mut picture.marks, index, lane, width);
        }
        if let Some(spectrogram) = self.spectrogram {
            let gain = self.lanes.get(self.selected.unwrap_or(0)).map_or(1.0, |lane| lane.gain);
            let band = [self.lanes_bottom(), self.trains_top()];
            spectrogram.draw(&self.view, band, gain, theme, &mut picture.traces, &mut picture.marks);
        }
        self.trains(&mut picture, width, bottom);
        self.annotations(&mut picture, self.lanes_bottom());
        for (cursor, name) in self.cursors.iter().zip(["A", "B"]) {
            if let Some(time_s) = cursor.filter(|&time_s| time_s >= self.view.from_s && time_s <= self.view.to_s) {
                marks::cursor(self.view.px_from_time(time_s) as f32, 0.0, bottom, name, theme, &mut picture.marks);
            }
        }
        if let Some(time_s) = self.playhead.filter(|&time_s| time_s >= self.view.from_s && time_s <= self.view.to_s) {
            marks::playhead(self.view.px_from_time(time_s) as f32, bottom, theme, &mut picture.marks);
        }
        picture.alt = self.words();
        picture
    }

    fn grid(&self, grid: &mut Grid, width: f32, bottom: f32) {
        let division_s = self.division_s();
        let (verticals, ticks) = time_divisions(&self.view, division_s, 64.0, |time_s| clock(time_s, division_s));
        grid.area = [0.0, 0.0, width, bottom];
        grid.verticals = verticals;
        grid.ticks = ticks;
        let step = self.lane_px() / LANE_DIVISIONS;
        for lane in 0..self.lanes.len() {
            let middle = self.lane_px() * (lane as f32 + 0.5);
            if step >= 6.0 {
                grid.horizontals.extend([-2.0f32, -1.0, 1.0, 2.0].map(|k| middle + k * step));
            }
            let zero = self.vertical(lane).zero_px;
            let inside = (zero - middle).abs() < self.lane_px() / 2.0;
            grid.zeros.extend(inside.then_some(zero));
        }
    }

    fn gaps(&self, out: &mut Vec<Shape>, bottom: f32) {
        for pair in self.spans.windows(2) {
            let (from_s, to_s) = (pair[0].onset_s + pair[0].duration_s, pair[1].onset_s);
            let missing_s = to_s - from_s;
            if missing_s <= 1e-9 || to_s < self.view.from_s || from_s > self.view.to_s {
                continue;
            }
            let x0 = self.view.px_from_time(from_s.max(self.view.from_s)) as f32;
            let x1 = self.view.px_from_time(to_s.min(self.view.to_s)) as f32;
            let rect = [x0, 0.0, (x1 - x0).max(1.0), bottom];
            out.push(Shape::Hatch { rect, fill: self.theme.gap, color: self.theme.gap_hatch });
            if x1 - x0 > 70.0 {
                let text = format!("gap of {}", super::divisions::duration(missing_s));
                out.push(marks::label([(x0 + x1) / 2.0, bottom / 2.0], text, 12.0, true, Anchor::Middle, self.theme.ink, self.theme));
            }
        }
    }

    fn lane_labels(&self, out: &mut Vec<Shape>, index: usize, lane: &Lane, width: f32) {
        let theme = self.theme;
        let top = self.lane_px() * index as f32;
        // Below this height labels would cover the traces of their neighbours.
        let size = if self.lane_px() < 26.0 { 10.0 } else { 12.0 };
        let first = top + size + 3.0;
        let color = if self.selected == Some(index) { theme.marker_human } else { theme.ink };
        out.push(marks::label([10.0, first], &lane.name, size, true, Anchor::Start, color, theme));
        let gain = format!("{}  {}", quantity(lane.gain, &lane.unit), super::divisions::duration(self.division_s()));
        out.push(marks::label([width - 8.0, first], gain, 11.0, false, Anchor::End, theme.axis_text, theme));
        if self.lane_px() > 54.0 && !lane.filter.is_empty() {
            out.push(marks::label([10.0, first + 15.0], &lane.filter, 11.0, false, Anchor::Start, theme.ink_3, theme));
        }
    }

    fn annotations(&self, picture: &mut Picture, bottom: f32) {
        let theme = self.theme;
        let mut free_from = f32::NEG_INFINITY;
        for &(id, annotation) in self.annotations {
            let end_s = annotation.onset_s + annotation.duration_s.unwrap_or(0.0);
            if end_s < self.view.from_s || annotation.onset_s > self.view.to_s {
                continue;
            }
            let x = self.view.px_from_time(annotation.onset_s) as f32;
            let selected = self.annotation == Some(id);
            if annotation.duration_s.is_some_and(|s| s > 0.0) {
                let x1 = self.view.px_from_time(end_s) as f32;
                let rect = [x.max(0.0), bottom - 20.0, x1.min(picture.width) - x.max(0.0), 20.0];
                picture.marks.push(Shape::Rect { rect, radius: 0.0, fill: Some(theme.window), stroke: None });
            }
            if x < -1.0 {
                continue;
            }
            let (color, width) = if selected { (theme.marker_human, 2.0) } else { (theme.marker_auto, 1.0) };
            picture.marks.push(Shape::Line { points: vec![[x, 0.0], [x, bottom]], stroke: Stroke { color, width, dash: &[2.0, 3.0] } });
            picture.hits.push(Hit { x: x + 6.0, y: bottom - 10.0, target: Target::Annotation(id) });
            // Texts that would run over each other are left out; the list beside has them all.
            if x >= free_from || selected {
                let text: String = annotation.text.chars().take(40).collect();
                let width = text_width(&text, 11.0);
                free_from = x + width + 14.0;
                // At the right edge it hangs to the left of its line.
                let fits = x + 4.0 + width <= picture.width || x - 4.0 < width;
                let (at, anchor) = if fits { (x + 4.0, Anchor::Start) } else { (x - 4.0, Anchor::End) };
                picture.marks.push(marks::label([at, bottom - 6.0], text, 11.0, selected, anchor, color, theme));
            }
        }
    }

    /// Rows of discharges: a tick each, as dense as they can be told apart.
    fn trains(&self, picture: &mut Picture, width: f32, bottom: f32) {
        let theme = self.theme;
        for (index, row) in self.trains.iter().enumerate() {
            let top = self.trains_top() + self.row_px() * index as f32;
            let (high, low) = (top + 0.18 * self.row_px(), top + 0.82 * self.row_px());
            let color = match (row.selected, row.doubtful, row.abnormal) {
                (true, ..) => theme.marker_human,
                (_, true, _) => theme.marker_doubt,
                (_, _, true) => theme.abnormal,
                _ => theme.ink,
            };
            picture.marks.push(Shape::Line { points: vec![[0.0, top], [width, top]], stroke: Stroke::solid(theme.grid_major, 1.0) });
            if let Some([from_s, to_s]) = row.span_s {
                let (x0, x1) = (self.view.px_from_time(from_s.max(self.view.from_s)), self.view.px_from_time(to_s.min(self.view.to_s)));
                if x1 > x0 {
                    let rect = [x0 as f32, high, ((x1 - x0) as f32).max(1.0), low - high];
                    picture.marks.push(Shape::Rect { rect, radius: 0.0, fill: Some(color.with_alpha(0.35)), stroke: None });
                }
            }
            let first = row.times_s.partition_point(|time_s| *time_s < self.view.from_s);
            let mut points = Vec::new();
            let mut last = f32::NEG_INFINITY;
            for time_s in row.times_s[first..].iter().take_while(|time_s| **time_s <= self.view.to_s) {
                let x = self.view.px_from_time(*time_s) as f32;
                if x - last >= 1.0 {
                    points.extend([[x, high], [x, low], [f32::NAN, f32::NAN]]);
                    if row.selected && points.len() < 3 * MARKED {
                        let stroke = Stroke { color: theme.marker_human.with_alpha(0.45), width: 1.0, dash: &[2.0, 3.0] };
                        picture.marks.push(Shape::Line { points: vec![[x, 0.0], [x, self.lanes_bottom()]], stroke });
                    }
                    last = x;
                }
            }
            let stroke = Stroke::solid(color, if row.abnormal || row.selected { 2.0 } else { 1.25 });
            picture.marks.push(Shape::Line { points, stroke });
            for time_s in row.chosen_s.iter().filter(|time_s| (self.view.from_s..=self.view.to_s).contains(*time_s)) {
                let x = self.view.px_from_time(*time_s) as f32;
                let stroke = Stroke::solid(theme.focus, 2.0);
                let rect = [x - 4.0, high - 1.0, 8.0, low - high + 2.0];
                picture.marks.push(Shape::Rect { rect, radius: 2.0, fill: None, stroke: Some(stroke) });
                picture.marks.push(Shape::Line { points: vec![[x, 0.0], [x, high]], stroke: Stroke::solid(theme.focus, 1.0) });
            }
            if self.row_px() >= 11.0 {
                let size = 11.0_f32.min(self.row_px() * 0.62);
                // On ground of their own: ticks must not run through the words.
                let (name, note) = (text_width(&row.name, size), text_width(&row.note, size));
                let left = if row.by_person { 20.0 } else { 10.0 };
                let rect = [4.0, top + 1.0, left + name + note + 12.0, self.row_px() - 2.0];
                picture.marks.push(Shape::Rect { rect, radius: 2.0, fill: Some(theme.scope), stroke: None });
                if row.by_person {
                    let rect = [10.0, (high + low) / 2.0 - 3.0, 6.0, 6.0];
                    picture.marks.push(Shape::Rect { rect, radius: 0.0, fill: Some(theme.marker_human), stroke: None });
                }
                picture.marks.push(marks::label([left, low], &row.name, size, true, Anchor::Start, color, theme));
                picture.marks.push(marks::label([left + name + 8.0, low], &row.note, size, false, Anchor::Start, theme.axis_text, theme));
            }
        }
        if !self.trains.is_empty() {
            picture.marks.push(Shape::Line { points: vec![[0.0, bottom], [width, bottom]], stroke: Stroke::solid(theme.grid_major, 1.0) });
        }
    }

    fn words(&self) -> String {
        let lanes: Vec<String> =
            self.lanes.iter().map(|lane| format!("{} at {} a division", lane.name, quantity(lane.gain, &lane.unit))).collect();
        let span = super::divisions::duration(self.view.span_s());
        let spectrogram = self.spectrogram.map(|of| format!(" Spectrogram of {} below.", of.name)).unwrap_or_default();
        format!("{} from {}, {} lanes: {}.{spectrogram}", span, clock(self.view.from_s, 0.01), lanes.len(), lanes.join(", "))
    }
}
