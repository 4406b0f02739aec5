//! Stimulus-locked sweeps: raster (distal on top), superimposed or cascade, with markers.

use super::divisions::{duration, number, quantity};
use super::grid::{Grid, time_divisions};
use super::marks::{self, Flag, Look};
use super::shape::{Anchor, Shape, Stroke};
use super::theme::Theme;
use super::traces::{Vertical, sweep_line};
use super::viewport::Viewport;
use super::{Hit, Picture, Target};
use crate::model::{MarkerKind, MarkerOrigin, SweepId, SweepMeasurement};

/// Room below for the axis, px.
pub const AXIS_PX: f32 = 24.0;
/// Divisions from top to bottom of a sweep in the raster.
const ROW_DIVISIONS: f32 = 6.0;
/// Rows lower than this, px, show less.
const LOW_PX: f32 = 60.0;
/// Share of a row above the zero line: the negative phase points up and is the larger one.
const ABOVE: f32 = 0.62;

/// How sweeps are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrangement {
    /// One below the other.
    #[default]
    Raster,
    /// On one zero line.
    Superimposed,
    /// Shifted up and right a little, one behind the other.
    Cascade,
}

/// One sweep.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// Number.
    pub id: SweepId,
    /// Site.
    pub name: String,
    /// Line below the name (`42 mA, 0.2 ms`).
    pub note: String,
    /// Values in `unit`, E1 negative upwards.
    pub values: &'a [f32],
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// What latencies count from, seconds after the first sample.
    pub zero_s: f64,
    /// Whether that is a stimulus, known or found.
    pub stimulated: bool,
    /// Unit.
    pub unit: String,
    /// Measurement.
    pub measurement: Option<&'a SweepMeasurement>,
    /// Units a division.
    pub gain: f64,
    /// From this moment on (seconds after what latencies count from) another gain: late responses
    /// are smaller than the direct one.
    pub split: Option<(f64, f64)>,
    /// Drawn behind for comparison, at the same gain.
    pub behind: Vec<Behind<'a>>,
}

/// A sweep drawn for comparison.
#[derive(Debug, Clone)]
pub struct Behind<'a> {
    /// What it is (`R Median, Wrist`).
    pub name: String,
    /// Values in the row's unit.
    pub values: &'a [f32],
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// What latencies count from, seconds after the first sample.
    pub zero_s: f64,
}

/// Dashes of comparison traces.
const GHOST: &[f32] = &[4.0, 3.0];

/// What the view of sweeps shows.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// Sweeps, distal first.
    pub rows: Vec<Row<'a>>,
    /// Arrangement.
    pub arrangement: Arrangement,
    /// Milliseconds a division.
    pub ms_per_division: f64,
    /// Seconds after the stimulus in view, over the width of the picture.
    pub view: Viewport,
    /// Height, px.
    pub height: f32,
    /// Selected row.
    pub selected: usize,
    /// Selected marker.
    pub marker: Option<MarkerKind>,
    /// Draw the selected marker alone, without labels: the loupe.
    pub close: bool,
    /// All zero lines lower by this, px: brings a far value into the loupe.
    pub raise_px: f32,
    /// Cursors, seconds after the stimulus.
    pub cursors: [Option<f64>; 2],
    /// Theme.
    pub theme: &'a Theme,
}

impl Scene<'_> {
    /// Where the axis begins, px.
    fn bottom(&self) -> f32 {
        (self.height - AXIS_PX).max(1.0)
    }

    /// Height of a row, px.
    pub fn row_px(&self) -> f32 {
        let rows = match self.arrangement {
            Arrangement::Raster => self.rows.len().max(1),
            Arrangement::Superimposed | Arrangement::Cascade => 1,
        };
        // A view may be squeezed to nothing by the page for a moment.
        self.bottom() / rows as f32
    }

    /// Shift of a row in the cascade, px to the right and up.
    fn shift(&self, row: usize) -> [f32; 2] {
        match self.arrangement {
            Arrangement::Cascade => {
                let last = self.rows.len().max(2) - 1;
                let step = [(self.view.width_px as f32 * 0.25 / last as f32).min(26.0), (self.bottom() * 0.5 / last as f32).min(40.0)];
                let behind = (last - row.min(last)) as f32;
                [step[0] * behind, -step[1] * behind]
            }
            Arrangement::Raster | Arrangement::Superimposed => [0.0, 0.0],
        }
    }

    /// Where values of a row go.
    pub fn vertical(&self, row: usize) -> Vertical {
        let height = self.row_px();
        let Some(settings) = self.rows.get(row) else { return Vertical { zero_px: 0.0, px_per_unit: 0.0, band: [0.0; 2] } };
        let (top, share) = match self.arrangement {
            Arrangement::Raster => (height * row as f32, ABOVE),
            Arrangement::Superimposed => (0.0, ABOVE),
            Arrangement::Cascade => (0.0, 0.8),
        };
        let divisions = if self.arrangement == Arrangement::Raster { ROW_DIVISIONS } else { 10.0 };
        let px_per_unit = (f64::from(height / divisions) / settings.gain) as f32;
        let zero_px = top + height * share + self.shift(row)[1] + self.raise_px;
        let band = match self.arrangement {
            Arrangement::Raster => [(top - height * 0.5).max(0.0), (top + height * 1.5).min(self.bottom()).max(0.0)],
            Arrangement::Superimposed | Arrangement::Cascade => [0.0, self.bottom()],
        };
        Vertical { zero_px, px_per_unit, band }
    }

    /// Where values of a row go at a moment, the split of its gain included.
    fn vertical_at(&self, row: usize, time_s: f64) -> Vertical {
        let vertical = self.vertical(row);
        match self.rows.get(row).and_then(|settings| settings.split.map(|split| (settings.gain, split))) {
            Some((gain, (from_s, late))) if time_s >= from_s => {
                Vertical { px_per_unit: vertical.px_per_unit * (gain / late) as f32, ..vertical }
            }
            _ => vertical,
        }
    }

    /// The row at a point; in superimposed views the selected one.
    pub fn row_at(&self, y: f32) -> Option<usize> {
        if self.arrangement != Arrangement::Raster {
            return (self.selected < self.rows.len()).then_some(self.selected);
        }
        let row = (y / self.row_px()).floor();
        (row >= 0.0 && (row as usize) < self.rows.len()).then_some(row as usize)
    }

    /// Value of a row at a moment (seconds after the stimulus), in its unit.
    pub fn value_at(&self, row: usize, time_s: f64) -> Option<f32> {
        let row = self.rows.get(row)?;
        let at = ((time_s + row.zero_s) * row.fs_hz).round();
        (at >= 0.0).then(|| row.values.get(at as usize).copied()).flatten()
    }

    /// The picture.
    pub fn draw(&self) -> Picture {
        let theme = self.theme;
        let (width, bottom) = (self.view.width_px as f32, self.bottom());
        let mut picture = Picture { width, height: self.height, ..Picture::default() };
        self.grid(&mut picture.grid, width, bottom);
        for (index, row) in self.rows.iter().enumerate() {
            let view = Viewport { left_px: self.view.left_px + f64::from(self.shift(index)[0]), ..self.view };
            let vertical = self.vertical(index);
            let selected = index == self.selected;
            let stroke = if selected {
                Stroke::solid(theme.trace_selected, theme.stroke_trace_selected)
            } else {
                Stroke::solid(theme.trace, theme.stroke_trace)
            };
            let faint = self.arrangement != Arrangement::Raster && !selected;
            let stroke = if faint { Stroke { width: 1.0, ..stroke } } else { stroke };
            for ghost in &row.behind {
                let points = sweep_line(ghost.values, ghost.fs_hz, ghost.zero_s, &view, vertical);
                picture.traces.push(Shape::Line { points, stroke: Stroke { color: theme.ghost, width: 1.0, dash: GHOST } });
            }
            let (early, late) = match row.split {
                Some((from_s, _)) => row.values.split_at((((from_s + row.zero_s) * row.fs_hz).max(0.0) as usize).min(row.values.len())),
                None => (row.values, &row.values[..0]),
            };
            picture.traces.push(Shape::Line { points: sweep_line(early, row.fs_hz, row.zero_s, &view, vertical), stroke });
            if let Some((from_s, _)) = row.split.filter(|_| !late.is_empty()) {
                let zero_s = row.zero_s - early.len() as f64 / row.fs_hz;
                let points = sweep_line(late, row.fs_hz, zero_s, &view, self.vertical_at(index, from_s));
                picture.traces.push(Shape::Line { points, stroke });
            }
            if row.stimulated && (self.arrangement == Arrangement::Raster || selected) {
                marks::stimulus(view.px_from_time(0.0) as f32, vertical.zero_px, theme, &mut picture.marks);
            }
            if !self.close {
                self.row_labels(&mut picture.marks, index, row, width);
            }
            if self.arrangement == Arrangement::Raster || selected {
                self.markers(&mut picture, index, row, &view, vertical);
            }
        }
        if let Some((from_s, _)) = self.rows.iter().find_map(|row| row.split).filter(|_| !self.close) {
            let x = self.view.px_from_time(from_s) as f32;
            let stroke = Stroke { color: theme.axis_text, width: 1.0, dash: &[2.0, 4.0] };
            picture.marks.push(Shape::Line { points: vec![[x, 0.0], [x, bottom]], stroke });
        }
        for (cursor, name) in self.cursors.iter().zip(["A", "B"]) {
            if let Some(time_s) = *cursor {
                marks::cursor(self.view.px_from_time(time_s) as f32, 0.0, bottom, name, theme, &mut picture.marks);
            }
        }
        picture.alt = self.words();
        picture
    }

    fn grid(&self, grid: &mut Grid, width: f32, bottom: f32) {
        let division_s = self.ms_per_division / 1e3;
        let (verticals, ticks) = time_divisions(&self.view, division_s, 44.0, |time_s| {
            // Heart beats and skin responses take seconds.
            let (scale, unit) = if division_s >= 1.0 { (1.0, "s") } else { (1e3, "ms") };
            if time_s.abs() < 1e-9 { format!("0 {unit}") } else { number(time_s * scale, 5) }
        });
        grid.area = [0.0, 0.0, width, bottom];
        grid.verticals = verticals;
        grid.ticks = ticks;
        let rows = if self.arrangement == Arrangement::Raster { self.rows.len() } else { self.rows.len().min(1) };
        let divisions = if self.arrangement == Arrangement::Raster { ROW_DIVISIONS } else { 10.0 };
        let step = self.row_px() / divisions;
        for row in 0..rows {
            let top = self.row_px() * row as f32;
            let zero = if self.arrangement == Arrangement::Raster {
                self.vertical(row).zero_px
            } else {
                self.row_px() * if self.arrangement == Arrangement::Cascade { 0.8 } else { ABOVE }
            };
            grid.zeros.push(zero);
            if step >= 6.0 {
                let lines = (-10..=10).map(|k| zero + k as f32 * step);
                grid.horizontals.extend(lines.filter(|y| *y > top && *y < top + self.row_px() && (*y - zero).abs() > 0.5));
            }
        }
    }

    fn row_labels(&self, out: &mut Vec<Shape>, index: usize, row: &Row<'_>, width: f32) {
        let theme = self.theme;
        let size = if self.row_px() < 30.0 { 10.0 } else { 12.0 };
        let (line, left) = match self.arrangement {
            Arrangement::Raster => (self.row_px() * index as f32 + size + 6.0, 10.0),
            Arrangement::Superimposed | Arrangement::Cascade => (size + 6.0 + 16.0 * index as f32, 10.0),
        };
        if self.arrangement != Arrangement::Raster && index > 12 {
            return;
        }
        let color = if index == self.selected && self.rows.len() > 1 { theme.marker_human } else { theme.ink };
        out.push(marks::label([left, line], &row.name, size, true, Anchor::Start, color, theme));
        let late = row.split.map(|(_, late)| format!(" | {}", quantity(late, &row.unit))).unwrap_or_default();
        let gain = format!("{}{late}  {}", quantity(row.gain, &row.unit), duration(self.ms_per_division / 1e3));
        let low = self.row_px() < LOW_PX && index > 0;
        if (self.arrangement == Arrangement::Raster && !low) || index == self.selected {
            let y = if self.arrangement == Arrangement::Raster { line } else { size + 6.0 };
            out.push(marks::label([width - 8.0, y], gain, 11.0, false, Anchor::End, theme.axis_text, theme));
        }
        if self.arrangement == Arrangement::Raster && self.row_px() > 80.0 && !row.note.is_empty() {
            out.push(marks::label([left, line + 15.0], &row.note, 11.0, false, Anchor::Start, theme.ink_3, theme));
        }
        if let Some(ghost) = row.behind.first().filter(|_| self.arrangement == Arrangement::Raster || index == self.selected) {
            let y = if self.arrangement == Arrangement::Raster { line + 15.0 } else { size + 22.0 };
            out.push(marks::label([width - 8.0, y], &ghost.name, 11.0, false, Anchor::End, theme.ghost, theme));
        }
    }

    fn markers(&self, picture: &mut Picture, index: usize, row: &Row<'_>, view: &Viewport, vertical: Vertical) {
        let Some(measurement) = row.measurement else { return };
        if measurement.response.is_none() && measurement.late.is_empty() {
            // Words of one row must not lie over the next.
            if self.arrangement == Arrangement::Raster && self.row_px() < 20.0 && index != self.selected {
                return;
            }
            let text = match measurement.automatic {
                _ if measurement.is_missing() => "samples missing",
                Some(_) => "no response (declared)",
                None => "no response",
            };
            let at = [view.px_from_time(0.0) as f32 + 40.0, vertical.zero_px - 10.0];
            picture.marks.push(marks::label(at, text, 12.0, true, Anchor::Start, self.theme.ink_3, self.theme));
            return;
        }
        let (top, bottom) = match self.arrangement {
            Arrangement::Raster => (self.row_px() * index as f32, self.row_px() * (index + 1) as f32),
            Arrangement::Superimposed | Arrangement::Cascade => (0.0, self.bottom()),
        };
        let doubtful = measurement.quality.iter().any(|flag| flag.kind.weakens_onset());
        // Low rows get short stems, so that flags stay in their row.
        let stem = (self.row_px() * 0.13).clamp(6.0, 26.0);
        for kind in MarkerKind::ALL {
            if self.close && self.marker != Some(kind) {
                continue;
            }
            let Some(ms) = measurement.marker_ms(kind) else { continue };
            // Many rows: the marks that latencies are read at; the selected row has all.
            let crowded = self.arrangement == Arrangement::Raster && self.row_px() < LOW_PX;
            let low = crowded && index != self.selected;
            if low && !matches!(kind, MarkerKind::Onset | MarkerKind::LateOnset) {
                continue;
            }
            let person = measurement.origin(kind) == MarkerOrigin::Person;
            let look = match kind {
                _ if person => Look::Person,
                MarkerKind::Onset if doubtful => Look::Doubtful,
                _ => Look::Automatic,
            };
            let x = view.px_from_time(ms / 1e3) as f32;
            let y = self
                .value_at(index, ms / 1e3)
                .map_or(vertical.zero_px, |value| self.vertical_at(index, ms / 1e3).px(value))
                .clamp(top, bottom);
            let automatic = measurement.automatic_ms(kind).filter(|_| person);
            let label = match kind {
                MarkerKind::Onset | MarkerKind::NegativePeak if crowded && (low || self.marker != Some(kind)) => String::new(),
                MarkerKind::Onset => format!("{} ms", number(ms, 3)),
                MarkerKind::NegativePeak => measurement.response.map(|r| quantity(r.amp_uv, &row.unit)).unwrap_or_default(),
                MarkerKind::LateOnset => {
                    measurement.main_late().map(|late| format!("{} {} ms", late.kind.name(), number(ms, 3))).unwrap_or_default()
                }
                MarkerKind::NegativeEnd | MarkerKind::PositivePeak | MarkerKind::InitialPositive | MarkerKind::LateEnd => String::new(),
            };
            let flag = Flag {
                x,
                y,
                number: kind.number(),
                label,
                above: !matches!(kind, MarkerKind::PositivePeak | MarkerKind::InitialPositive),
                look,
                automatic_x: automatic.map(|ms| view.px_from_time(ms / 1e3) as f32),
                selected: index == self.selected && self.marker == Some(kind),
                label_left: matches!(kind, MarkerKind::Onset | MarkerKind::LateOnset),
                stem: if kind == MarkerKind::NegativePeak { stem * 0.55 } else { stem },
            };
            let [hx, hy] = marks::flag(&flag, self.theme, [top, bottom], &mut picture.marks);
            picture.hits.push(Hit { x: hx, y: hy, target: Target::Marker(row.id, kind) });
        }
    }

    fn words(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let value = match row.measurement.map(|measurement| &measurement.response) {
                Some(Some(motor)) => format!("onset {} ms, amplitude {}", number(motor.onset_ms, 3), quantity(motor.amp_uv, &row.unit)),
                Some(None) if row.measurement.is_some_and(|measured| !measured.late.is_empty()) => "late response".into(),
                Some(None) if row.measurement.is_some_and(SweepMeasurement::is_missing) => "samples missing".into(),
                Some(None) => "no response".into(),
                None => "not measured".into(),
            };
            format!("{}: {value}", row.name)
        });
        format!("{} sweeps, negative up. {}.", self.rows.len(), rows.take(20).collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrangement, Row, Scene};
    use crate::model::{MarkerKind, Response, SweepMeasurement};
    use crate::scene::{Viewport, theme};

    #[test]
    fn a_view_of_any_size_is_drawn() {
        let response = Some(Response { onset_ms: 3.0, peak_ms: 5.0, neg_end_ms: 8.0, amp_uv: 5000.0, ..Response::default() });
        let measured = SweepMeasurement { response, ..SweepMeasurement::default() };
        let values: Vec<f32> = (0..1000).map(|k| (k as f32 / 50.0).sin() * 5000.0).collect();
        let row = Row {
            id: 0,
            name: "Wrist".into(),
            note: String::new(),
            values: &values,
            fs_hz: 20_000.0,
            zero_s: 0.005,
            stimulated: true,
            unit: "uV".into(),
            measurement: Some(&measured),
            gain: 1000.0,
            split: Some((0.02, 200.0)),
            behind: Vec::new(),
        };
        for arrangement in [Arrangement::Raster, Arrangement::Superimposed, Arrangement::Cascade] {
            for (width, height) in [(1.0, 1.0), (2.0, 13.0), (500.0, 3.0), (3.0, 500.0), (900.0, 600.0)] {
                let scene = Scene {
                    rows: vec![row.clone(), row.clone()],
                    arrangement,
                    ms_per_division: 5.0,
                    view: Viewport { from_s: -0.005, to_s: 0.045, left_px: 0.0, width_px: width },
                    height,
                    selected: 0,
                    marker: Some(MarkerKind::Onset),
                    close: false,
                    raise_px: 0.0,
                    cursors: [Some(0.01), None],
                    theme: &theme::PAPER,
                };
                assert!(!scene.draw().traces.is_empty());
            }
        }
    }
}
