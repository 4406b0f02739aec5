//! A signal as a line: exact below a few samples a pixel, minimum and maximum of each pixel column
//! above. Cost is bounded by the width of the picture, never by the length of the recording.

use super::tiles::{TileSource, bucket_samples, covering, level_for, tile_samples};
use super::viewport::Viewport;
use crate::model::Span;

/// Lifts the pen. Not NaN, so that equal pictures compare equal and are not painted again.
const PEN_UP: [f32; 2] = [f32::INFINITY; 2];

/// What a lane draws.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Signal number.
    pub signal: u32,
    /// Sampling rate, Hz.
    pub fs_hz: f64,
    /// Stored samples.
    pub n: u64,
    /// Stretches of the recording.
    pub spans: &'a [Span],
}

/// Where values go.
#[derive(Debug, Clone, Copy)]
pub struct Vertical {
    /// y of value 0, px.
    pub zero_px: f32,
    /// Pixels a unit, positive values up; negative turns the signal over.
    pub px_per_unit: f32,
    /// Highest and lowest y that is drawn: larger signals are cut off there.
    pub band: [f32; 2],
}

impl Vertical {
    /// y of a value, wherever that is.
    pub fn px_of(&self, value: f32) -> f32 {
        self.zero_px - value * self.px_per_unit
    }

    /// y of a value as it is drawn: within the band; not finite for a missing value.
    pub fn px(&self, value: f32) -> f32 {
        let px = self.px_of(value);
        if px.is_nan() { f32::INFINITY } else { px.clamp(self.band[0], self.band[1].max(self.band[0])) }
    }
}

/// A lane's line and what is missing of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// Points; a pair that is not finite interrupts the line.
    pub points: Vec<[f32; 2]>,
    /// Stretches (x, width) that have not been read yet.
    pub pending: Vec<[f32; 2]>,
}

/// Stored samples of a span that lie in view, one more on each side.
fn in_view(source: &Source<'_>, span: &Span, view: &Viewport) -> Option<(u64, u64)> {
    let from_s = view.from_s.max(span.onset_s);
    let to_s = view.to_s.min(span.onset_s + span.duration_s);
    if to_s <= from_s && !(span.duration_s == 0.0) {
        return None;
    }
    let stored = |time_s: f64| (span.stored_s + time_s - span.onset_s) * source.fs_hz;
    let first = (span.stored_s * source.fs_hz).round() as u64;
    let end = (((span.stored_s + span.duration_s) * source.fs_hz).round() as u64).min(source.n);
    let from = (stored(from_s).floor().max(0.0) as u64).saturating_sub(1).max(first);
    let to = (stored(to_s).ceil().max(0.0) as u64 + 2).min(end);
    (to > from).then_some((from, to))
}

/// Level of detail of a view.
fn level(source: &Source<'_>, view: &Viewport) -> u8 {
    level_for(source.fs_hz * view.span_s() / view.width_px)
}

/// The tiles that a view needs.
pub fn needed<'a>(source: &'a Source<'a>, view: &'a Viewport) -> impl Iterator<Item = super::tiles::TileKey> + 'a {
    let level = level(source, view);
    let parts = source.spans.iter().filter_map(move |span| in_view(source, span, view));
    parts.flat_map(move |(from, to)| covering(source.signal, level, from, to))
}

/// The line of a signal in a view.
pub fn trace(source: &Source<'_>, view: &Viewport, vertical: Vertical, tiles: &dyn TileSource) -> Trace {
    let level = level(source, view);
    let mut out = Trace::default();
    for span in source.spans {
        let Some((from, to)) = in_view(source, span, view) else { continue };
        let x_of = |sample: f64| view.px_from_time(span.onset_s + sample / source.fs_hz - span.stored_s) as f32;
        for key in covering(source.signal, level, from, to) {
            let begin = u64::from(key.index) * tile_samples(level);
            let (first, last) = (from.max(begin), to.min(begin + tile_samples(level)));
            let Some((values, complete)) = tiles.tile(key) else { continue };
            if level == 0 {
                samples(values, first - begin, last - begin, |k| x_of((begin + k) as f64), source, view, vertical, &mut out.points);
            } else {
                let bucket = bucket_samples(level);
                let have = values.len() as u64 / 2;
                let (b0, b1) = ((first - begin) / bucket, ((last - begin).div_ceil(bucket)).min(have));
                columns(values, b0, b1, |k| x_of((begin + k * bucket) as f64 + (bucket as f64 - 1.0) / 2.0), vertical, &mut out.points);
                let reached = begin + have * bucket;
                if !complete && reached < last {
                    let (x0, x1) = (x_of(reached.max(first) as f64), x_of(last as f64));
                    out.pending.push([x0, x1 - x0]);
                }
            }
        }
        out.points.push(PEN_UP);
    }
    out
}

/// Samples one by one, or as pixel columns where more than four fall on a pixel.
#[allow(clippy::too_many_arguments)] // one call site; a struct would only rename the arguments
fn samples(
    values: &[f32],
    from: u64,
    to: u64,
    x: impl Fn(u64) -> f32,
    source: &Source<'_>,
    view: &Viewport,
    vertical: Vertical,
    out: &mut Vec<[f32; 2]>,
) {
    let to = to.min(values.len() as u64);
    let per_px = source.fs_hz * view.span_s() / view.width_px;
    if per_px <= 4.0 {
        out.extend((from..to).map(|k| [x(k), vertical.px(values[k as usize])]));
        return;
    }
    let mut column = Column::default();
    for k in from..to {
        let value = values[k as usize];
        column.add(x(k), value, value, vertical, out);
    }
    column.flush(vertical, out);
}

fn columns(values: &[f32], from: u64, to: u64, x: impl Fn(u64) -> f32, vertical: Vertical, out: &mut Vec<[f32; 2]>) {
    let mut column = Column::default();
    for k in from..to {
        let at = 2 * k as usize;
        column.add(x(k), values[at], values[at + 1], vertical, out);
    }
    column.flush(vertical, out);
}

/// Extremes of the pixel column that is being filled.
struct Column {
    px: f32,
    low: f32,
    high: f32,
    /// The last column ended at its high value: the next begins there, so that lines join.
    high_last: bool,
}

impl Default for Column {
    fn default() -> Self {
        Self { px: f32::NAN, low: f32::INFINITY, high: f32::NEG_INFINITY, high_last: false }
    }
}

impl Column {
    fn add(&mut self, x: f32, low: f32, high: f32, vertical: Vertical, out: &mut Vec<[f32; 2]>) {
        let px = x.floor();
        if px != self.px {
            self.flush(vertical, out);
            self.px = px;
        }
        if low < self.low {
            self.low = low;
        }
        if high > self.high {
            self.high = high;
        }
    }

    fn flush(&mut self, vertical: Vertical, out: &mut Vec<[f32; 2]>) {
        if self.px.is_finite() {
            let x = self.px + 0.5;
            if self.low > self.high {
                out.push(PEN_UP);
            } else {
                let (low, high) = ([x, vertical.px(self.low)], [x, vertical.px(self.high)]);
                out.extend(if self.high_last { [high, low] } else { [low, high] });
                self.high_last = !self.high_last;
            }
        }
        self.low = f32::INFINITY;
        self.high = f32::NEG_INFINITY;
    }
}

/// Points of a sweep that are drawn one by one; a longer stretch becomes pixel columns.
const EXACT_POINTS: u64 = 20_000;

/// A sweep that lies in memory, as a line. Sweeps are short, so theirs is exact at every usual zoom.
pub fn sweep_line(values: &[f32], fs_hz: f64, zero_s: f64, view: &Viewport, vertical: Vertical) -> Vec<[f32; 2]> {
    let first = (((view.from_s + zero_s) * fs_hz).floor() - 1.0).max(0.0) as u64;
    let last = (((view.to_s + zero_s) * fs_hz).ceil() + 2.0).clamp(0.0, values.len() as f64) as u64;
    let first = first.min(last);
    let x = |k: u64| view.px_from_time(k as f64 / fs_hz - zero_s) as f32;
    let mut points = Vec::new();
    if last - first <= EXACT_POINTS {
        points.extend((first..last).map(|k| [x(k), vertical.px(values[k as usize])]));
    } else {
        let source = Source { signal: 0, fs_hz, n: values.len() as u64, spans: &[] };
        samples(values, first, last, x, &source, view, vertical, &mut points);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::super::tiles::TileKey;
    use super::*;

    struct One(Vec<f32>);

    impl TileSource for One {
        fn tile(&self, key: TileKey) -> Option<(&[f32], bool)> {
            (key.level == 0 && key.index == 0).then_some((&self.0, true))
        }
    }

    #[test]
    fn a_spike_stands_at_the_pixel_of_its_time() {
        let mut values = vec![0.0; 5000];
        values[3210] = 100.0;
        let spans = [Span { onset_s: 0.0, stored_s: 0.0, duration_s: 0.5 }];
        let source = Source { signal: 0, fs_hz: 10_000.0, n: 5000, spans: &spans };
        let vertical = Vertical { zero_px: 200.0, px_per_unit: 1.0, band: [0.0, 400.0] };
        for width_px in [800.0, 4000.0] {
            let view = Viewport { from_s: 0.0, to_s: 0.5, left_px: 0.0, width_px };
            let drawn = trace(&source, &view, vertical, &One(values.clone()));
            let top = drawn.points.iter().filter(|p| p[1].is_finite()).min_by(|a, b| a[1].total_cmp(&b[1])).unwrap();
            assert!((f64::from(top[0]) - view.px_from_time(0.321)).abs() <= 1.0, "{top:?}");
            assert_eq!(top[1], 100.0);
        }
    }

    #[test]
    fn cost_is_bounded_by_the_width() {
        let values: Vec<f32> = (0..8192).map(|k| (k as f32 * 0.37).sin()).collect();
        let spans = [Span { onset_s: 0.0, stored_s: 0.0, duration_s: 0.8192 }];
        let source = Source { signal: 0, fs_hz: 10_000.0, n: 8192, spans: &spans };
        let view = Viewport { from_s: 0.0, to_s: 0.8192, left_px: 0.0, width_px: 1100.0 };
        let drawn = trace(&source, &view, Vertical { zero_px: 0.0, px_per_unit: 1.0, band: [-10.0, 10.0] }, &One(values));
        assert!(drawn.points.len() <= 2 * 1102 + 1, "{}", drawn.points.len());
    }
}
