//! A chart of results: axes with units, dots, lines, bars, and lines that mark a value.

use super::divisions::{nice_up, number};
use super::grid::Grid;
use super::shape::{Anchor, Color, Shape, Stroke, text_width};
use super::theme::Theme;
use super::{Picture, marks};
use crate::model::{Axis, Chart, Series, SeriesLook};

/// Rooms around the axes, px: left, top, right, bottom.
const LEFT: f32 = 56.0;
const TOP: f32 = 40.0;
const RIGHT: f32 = 14.0;
const BELOW: f32 = 40.0;
/// Dashes that tell series apart; colours carry meaning and are not spent on that.
const DASHES: [&[f32]; 4] = [&[], &[6.0, 3.0], &[2.0, 3.0], &[8.0, 3.0, 2.0, 3.0]];

/// From values to pixels along one axis.
#[derive(Debug, Clone, Copy)]
pub struct Along {
    from: f64,
    to: f64,
    start_px: f32,
    end_px: f32,
    log: bool,
}

impl Along {
    fn new(axis: &Axis, values: impl Iterator<Item = f64>, with_zero: bool, start_px: f32, end_px: f32) -> Self {
        let usable = values.filter(|value| value.is_finite() && (!axis.log || *value > 0.0));
        let (mut from, mut to) = usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if from > to {
            (from, to) = if axis.log { (1.0, 10.0) } else { (0.0, 1.0) };
        }
        if axis.log {
            // From one of 1, 2, 5 to another, a factor of two at least.
            (from, to) = (nice_down(from), nice_up(to));
            to = to.max(from * 2.0);
        } else {
            // An axis that is nearly at zero anyway begins there.
            if with_zero || (from > 0.0 && from < 0.35 * to) {
                from = from.min(0.0);
                to = to.max(0.0);
            }
            if to - from <= 1e-9 * to.abs().max(1e-9) {
                // A single value lies in the middle of an axis that can be read.
                let half = if to == 0.0 { 0.5 } else { 0.05 * to.abs() };
                (from, to) = (from - half, to + half);
            }
            let step = nice_up((to - from).max(1e-12 * to.abs()).max(1e-12) / 8.0);
            (from, to) = ((from / step + 1e-9).floor() * step, (to / step - 1e-9).ceil() * step);
            to = to.max(from + step);
        }
        Self { from, to, start_px, end_px, log: axis.log }
    }

    /// Where a value lies, px.
    pub fn px(&self, value: f64) -> f32 {
        let share = if self.log {
            (value.max(1e-300).log10() - self.from.log10()) / (self.to.log10() - self.from.log10())
        } else {
            (value - self.from) / (self.to - self.from)
        };
        self.start_px + (share.clamp(-4.0, 5.0) as f32) * (self.end_px - self.start_px)
    }

    /// The value at a place on a linear axis.
    pub fn value(&self, px: f32) -> f64 {
        let length = self.end_px - self.start_px;
        let share = if length == 0.0 { 0.0 } else { f64::from((px - self.start_px) / length) };
        self.from + share * (self.to - self.from)
    }

    /// Its ends, px: the lower value first.
    pub fn ends_px(&self) -> [f32; 2] {
        [self.start_px, self.end_px]
    }

    fn ticks(&self, least_px: f32) -> Vec<f64> {
        let px = (self.end_px - self.start_px).abs();
        if self.log {
            let (low, high) = (self.from.log10().floor() as i32, self.to.log10().ceil() as i32);
            let wide = high - low > 2;
            let within = |value: &f64| *value >= self.from * (1.0 - 1e-9) && *value <= self.to * (1.0 + 1e-9);
            let steps: &[f64] = if wide { &[1.0] } else { &[1.0, 2.0, 5.0] };
            return (low..=high).flat_map(|power| steps.iter().map(move |step| step * 10f64.powi(power))).filter(within).collect();
        }
        let most = (px / least_px).floor().max(1.0);
        let step = nice_up((self.to - self.from) / f64::from(most));
        let mut ticks = Vec::new();
        let mut at = (self.from / step - 1e-9).ceil();
        while at * step <= self.to + step * 1e-9 && ticks.len() < 100 {
            ticks.push(if at == 0.0 { 0.0 } else { at * step });
            at += 1.0;
        }
        ticks
    }
}

/// The largest of 1, 2, 5 times a power of ten that is not above `value` (> 0).
fn nice_down(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|step| step * decade).find(|step| *step <= value * (1.0 + 1e-9)).unwrap_or(decade)
}

fn title(axis: &Axis) -> String {
    if axis.unit.is_empty() { axis.name.clone() } else { format!("{}, {}", axis.name, axis.unit) }
}

/// Draws a chart of this size.
pub fn draw(chart: &Chart, width: f32, height: f32, theme: &Theme) -> Picture {
    draw_on_axes(chart, width, height, theme).0
}

/// As [`draw`], with the axes x and y, for what is drawn upon it.
pub fn draw_on_axes(chart: &Chart, width: f32, height: f32, theme: &Theme) -> (Picture, [Along; 2]) {
    let mut picture = Picture { width, height, alt: words(chart), ..Picture::default() };
    let (right, bottom) = ((width - RIGHT).max(LEFT + 20.0), (height - BELOW).max(TOP + 20.0));
    let points = || chart.series.iter().flat_map(|series| &series.points).filter(|[x, y]| x.is_finite() && y.is_finite());
    let bars = chart.series.iter().any(|series| series.look == SeriesLook::Bars);
    let marked = |vertical: bool| chart.lines.iter().filter(move |line| line.vertical == vertical).map(|line| line.at);
    let mut x = Along::new(&chart.x, points().map(|point| point[0]).chain(marked(true)), false, LEFT, right);
    if bars {
        // Room for half a bar on both sides; bars stand on numbers, not on decades.
        x.log = false;
        let room = 0.7 * spacing(chart);
        (x.from, x.to) =
            (points().map(|p| p[0]).fold(f64::INFINITY, f64::min) - room, points().map(|p| p[0]).fold(f64::NEG_INFINITY, f64::max) + room);
        if x.from > x.to {
            (x.from, x.to) = (0.0, 1.0);
        }
    }
    let y = Along::new(&chart.y, points().map(|point| point[1]).chain(marked(false)), bars, bottom, TOP);
    axes(chart, &x, &y, theme, &mut picture);
    for (index, series) in chart.series.iter().enumerate() {
        shapes(series, index, [&x, &y], (chart.series.len(), spacing(chart)), theme, &mut picture.traces);
    }
    for line in &chart.lines {
        let stroke = Stroke { color: theme.marker_doubt, width: 1.0, dash: &[3.0, 3.0] };
        let (ends, at, anchor) = if line.vertical {
            let px = x.px(line.at);
            ([[px, TOP], [px, bottom]], [px + 4.0, TOP + 12.0], Anchor::Start)
        } else {
            let px = y.px(line.at);
            ([[LEFT, px], [right, px]], [right - 4.0, px - 4.0], Anchor::End)
        };
        picture.marks.push(Shape::Line { points: ends.to_vec(), stroke });
        picture.marks.push(marks::label(at, &line.name, 11.0, false, anchor, theme.ink, theme));
    }
    (picture, [x, y])
}

fn axes(chart: &Chart, x: &Along, y: &Along, theme: &Theme, picture: &mut Picture) {
    let (width, right) = (picture.width, x.end_px);
    let bottom = y.start_px;
    let mut grid = Grid { area: [LEFT, TOP, right - LEFT, bottom - TOP], ..Grid::default() };
    for tick in x.ticks(64.0) {
        grid.verticals.push((x.px(tick), true));
        grid.ticks.push((x.px(tick), number(tick, 4)));
    }
    for tick in y.ticks(34.0) {
        let px = y.px(tick);
        grid.horizontals.push(px);
        picture.marks.push(marks::label([LEFT - 6.0, px + 4.0], number(tick, 4), 11.0, false, Anchor::End, theme.axis_text, theme));
    }
    if !y.log && y.from <= 0.0 && y.to >= 0.0 {
        grid.zeros.push(y.px(0.0));
    }
    picture.grid = grid;
    let label = |at, text: String, anchor, color| marks::label(at, text, 11.0, false, anchor, color, theme);
    picture.marks.push(marks::label([10.0, 16.0], &chart.title, 12.0, true, Anchor::Start, theme.ink, theme));
    picture.marks.push(label([10.0, 31.0], title(&chart.y), Anchor::Start, theme.axis_text));
    picture.marks.push(label([right, bottom + 32.0], title(&chart.x), Anchor::End, theme.axis_text));
    // The legend, at the right: the first series as far as there is room.
    let mut at = width - RIGHT;
    let room = at - LEFT - text_width(&title(&chart.y), 11.0) - 20.0;
    let named = chart.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty());
    if named.clone().count() < 2 {
        return;
    }
    let mut taken = 0.0;
    let fitting: Vec<(usize, &Series)> = named
        .take_while(|(_, series)| {
            taken += text_width(&series.name, 11.0) + 36.0;
            taken <= room
        })
        .collect();
    for (index, series) in fitting.into_iter().rev() {
        at -= text_width(&series.name, 11.0);
        picture.marks.push(label([at, 31.0], series.name.clone(), Anchor::Start, theme.axis_text));
        at -= 22.0;
        let stroke = stroke(index, theme);
        if matches!(series.look, SeriesLook::Line | SeriesLook::DotsAndLine) {
            picture.marks.push(Shape::Line { points: vec![[at, 27.0], [at + 18.0, 27.0]], stroke });
        }
        if matches!(series.look, SeriesLook::Dots | SeriesLook::DotsAndLine | SeriesLook::Bars) {
            picture.marks.push(dot([at + 9.0, 27.0], index, 3.0, theme));
        }
        at -= 14.0;
    }
}

fn stroke(index: usize, theme: &Theme) -> Stroke {
    Stroke { color: color(index, theme), width: 1.4, dash: DASHES[index % DASHES.len()] }
}

fn color(index: usize, theme: &Theme) -> Color {
    if index == 0 { theme.trace } else { theme.ghost }
}

/// Dots of the first series are full, of the second hollow, of the third full and smaller.
fn dot(at: [f32; 2], index: usize, radius: f32, theme: &Theme) -> Shape {
    let fill = if index.is_multiple_of(2) { color(index, theme) } else { theme.scope };
    Shape::Circle { at, radius: if index > 1 { radius * 0.8 } else { radius }, fill, stroke: Stroke::solid(color(index, theme), 1.2) }
}

/// Least distance between the bars of a chart; 1 when there is only one.
fn spacing(chart: &Chart) -> f64 {
    let least = |series: &Series| {
        let mut at: Vec<f64> = series.points.iter().map(|point| point[0]).filter(|x| x.is_finite()).collect();
        at.sort_by(f64::total_cmp);
        at.windows(2).map(|pair| pair[1] - pair[0]).filter(|apart| *apart > 1e-9).fold(f64::INFINITY, f64::min)
    };
    let least = chart.series.iter().filter(|series| series.look == SeriesLook::Bars).map(least).fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 1.0 }
}

fn shapes(series: &Series, index: usize, [x, y]: [&Along; 2], (of, apart): (usize, f64), theme: &Theme, out: &mut Vec<Shape>) {
    let px: Vec<[f32; 2]> =
        series.points.iter().map(|[a, b]| if a.is_finite() && b.is_finite() { [x.px(*a), y.px(*b)] } else { [f32::NAN; 2] }).collect();
    if matches!(series.look, SeriesLook::Line | SeriesLook::DotsAndLine) {
        // Lines without a name are many of one kind: they shall not be told apart.
        let many = Stroke::solid(theme.trace.with_alpha(0.45), 1.0);
        out.push(Shape::Line { points: px.clone(), stroke: if series.name.is_empty() && of > 1 { many } else { stroke(index, theme) } });
    }
    let finite = px.iter().filter(|at| at[0].is_finite());
    match series.look {
        SeriesLook::Line => {}
        SeriesLook::Dots | SeriesLook::DotsAndLine => {
            let radius = if px.len() > 200 { 1.6 } else { 2.6 };
            out.extend(finite.map(|at| dot(*at, index, radius, theme)));
        }
        SeriesLook::Bars => {
            let unit = (x.px(x.from + apart) - x.px(x.from)).abs();
            let bar = (unit * 0.7 / of.max(1) as f32).clamp(1.5, 48.0);
            let zero = y.px(0.0);
            for at in finite {
                let left = at[0] - bar * of as f32 / 2.0 + bar * index as f32;
                let rect = [left, at[1].min(zero), bar, (at[1] - zero).abs()];
                let fill = if index == 0 { theme.trace.with_alpha(0.75) } else { theme.ghost.with_alpha(0.6) };
                out.push(Shape::Rect { rect, radius: 0.0, fill: Some(fill), stroke: None });
            }
        }
    }
}

fn words(chart: &Chart) -> String {
    let series: Vec<String> = chart
        .series
        .iter()
        .map(|series| {
            let last = series.points.iter().rev().find(|point| point[1].is_finite());
            let last = last.map(|[a, b]| format!(", last {} at {}", number(*b, 4), number(*a, 4))).unwrap_or_default();
            format!("{}: {} points{last}", if series.name.is_empty() { "values" } else { &series.name }, series.points.len())
        })
        .collect();
    format!("{}. {} against {}. {}.", chart.title, title(&chart.y), title(&chart.x), series.join("; "))
}

#[cfg(test)]
mod tests {
    use super::draw;
    use crate::model::{Axis, Chart, ChartLine, Series, SeriesLook};
    use crate::scene::{Shape, theme};

    fn chart(points: Vec<[f64; 2]>, look: SeriesLook) -> Chart {
        Chart {
            title: "Recruitment".into(),
            x: Axis::new("Current", "mA"),
            y: Axis::new("Amplitude", "mV"),
            series: vec![Series { name: "M".into(), points, look }],
            lines: vec![ChartLine { name: "limit".into(), at: 5.0, vertical: false }],
        }
    }

    #[test]
    fn dots_lie_within_the_axes_and_higher_values_higher() {
        let picture = draw(&chart(vec![[1.0, 2.0], [2.0, 9.0], [f64::NAN, 1.0]], SeriesLook::Dots), 400.0, 300.0, &theme::PAPER);
        let dots: Vec<[f32; 2]> =
            picture.traces.iter().filter_map(|s| if let Shape::Circle { at, .. } = s { Some(*at) } else { None }).collect();
        assert_eq!(dots.len(), 2);
        assert!(dots[1][1] < dots[0][1] && dots[1][0] > dots[0][0]);
        assert!(dots.iter().all(|[x, y]| (50.0..=400.0).contains(x) && (30.0..=270.0).contains(y)));
        assert!(picture.alt.contains("Amplitude, mV") && picture.alt.contains("3 points"));
    }

    #[test]
    fn a_single_point_has_axes_that_can_be_read() {
        for at in [4.0, 0.0, -32.3] {
            let picture = draw(&chart(vec![[at, 7.0]], SeriesLook::Dots), 400.0, 300.0, &theme::PAPER);
            let mut labels: Vec<String> = picture.grid.ticks.iter().map(|(_, label)| label.clone()).collect();
            let n = labels.len();
            labels.sort();
            labels.dedup();
            assert!(n > 1 && labels.len() == n, "{at}: {labels:?}");
        }
    }

    #[test]
    fn nothing_and_nonsense_are_drawn_as_empty_axes() {
        for points in [vec![], vec![[f64::NAN; 2]], vec![[f64::INFINITY, 1.0]], vec![[0.0, 0.0]]] {
            for look in [SeriesLook::Dots, SeriesLook::Line, SeriesLook::Bars, SeriesLook::DotsAndLine] {
                let mut log = chart(points.clone(), look);
                log.x.log = true;
                for chart in [chart(points.clone(), look), log] {
                    let picture = draw(&chart, 200.0, 120.0, &theme::PAPER);
                    assert!(picture.grid.verticals.iter().all(|(x, _)| x.is_finite()));
                }
            }
        }
    }
}
