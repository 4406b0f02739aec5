//! The averaged potential of a train with its marks, which a person moves.
//!
//! The stretch shown depends on where the program has the marks, so that it does not run away under a
//! mark that is dragged; only one placed outside of it widens it.

use super::chart::{Along, draw_on_axes};
use super::divisions::number;
use super::marks::{self, Flag, Look};
use super::shape::{Shape, Stroke};
use super::theme::Theme;
use super::{Hit, Picture, Target};
use crate::model::{Axis, Chart, PotentialMark, Series, SeriesLook, ShownMark, ShownPotential};

/// Shown before the first and behind the last automatic mark, ms.
const ROOM_MS: [f64; 2] = [5.0, 7.0];
/// Length of a flag's stem, px.
const STEM_PX: f32 = 22.0;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Name of the train.
    pub name: &'a str,
    /// Its potential.
    pub potential: &'a ShownPotential,
    /// Mark under the keyboard.
    pub selected: Option<PotentialMark>,
    /// Theme.
    pub theme: &'a Theme,
}

impl Scene<'_> {
    /// Value at a moment, uV; NaN outside.
    pub fn value_at(&self, ms: f64) -> f64 {
        let at = (ms - self.potential.from_ms) * self.potential.fs_hz / 1e3;
        if at.is_finite() && at > -0.5 { self.potential.uv.get(at.round() as usize).copied().unwrap_or(f64::NAN) } else { f64::NAN }
    }

    /// The stretch shown, ms.
    fn window_ms(&self) -> [f64; 2] {
        let potential = self.potential;
        let end_ms = potential.from_ms + potential.uv.len() as f64 * 1e3 / potential.fs_hz.max(1.0);
        let timed = || potential.marks.iter().filter(|mark| mark.mark != PotentialMark::Baseline);
        let bounds = |value: fn(&ShownMark) -> f64| {
            timed().map(value).filter(|at| at.is_finite()).fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], at| [a.min(at), b.max(at)])
        };
        let (own, now) = (bounds(|mark| mark.automatic.unwrap_or(mark.at)), bounds(|mark| mark.at));
        let [from, to] = if own[0] <= own[1] { own } else { [-5.0, 5.0] };
        let from = (from - ROOM_MS[0]).min(now[0] - 1.0).max(potential.from_ms);
        [from, (to + ROOM_MS[1]).max(now[1] + 1.0).min(end_ms)]
    }

    fn chart(&self) -> Chart {
        let [from, to] = self.window_ms();
        let potential = self.potential;
        let ms = |i: usize| potential.from_ms + i as f64 * 1e3 / potential.fs_hz.max(1.0);
        let points = potential.uv.iter().enumerate().map(|(i, uv)| [ms(i), *uv]).filter(|[ms, _]| (from..=to).contains(ms)).collect();
        Chart {
            title: format!("{}, averaged potential", self.name),
            x: Axis::new("From the main peak", "ms"),
            y: Axis::new("Negative up", "\u{b5}V"),
            series: vec![Series { name: self.name.to_owned(), points, look: SeriesLook::Line }],
            lines: Vec::new(),
        }
    }

    /// The picture at a size; its hits are the flags.
    pub fn draw(&self, width: f32, height: f32) -> Picture {
        let (mut picture, axes) = draw_on_axes(&self.chart(), width, height, self.theme);
        for mark in &self.potential.marks {
            self.mark(mark, axes, &mut picture);
        }
        let words = self.potential.marks.iter().map(|mark| {
            let who = if mark.by_person { " (by a person)" } else { "" };
            format!("{} {} {}{who}", mark.mark.name(), number(mark.at, 3), mark.mark.unit())
        });
        picture.alt = format!("{} {}.", picture.alt, words.collect::<Vec<_>>().join(", "));
        picture
    }

    fn mark(&self, mark: &ShownMark, [x, y]: [Along; 2], picture: &mut Picture) {
        let theme = self.theme;
        let [bottom, top] = y.ends_px();
        let look = if mark.by_person { Look::Person } else { Look::Automatic };
        let moved = mark.automatic.filter(|at| mark.by_person && *at != mark.at);
        let selected = self.selected == Some(mark.mark);
        let mut flag = Flag {
            x: x.px(mark.at),
            y: y.px(self.value_at(mark.at)),
            number: mark.mark.number(),
            label: format!("{:.1}", mark.at),
            above: mark.mark != PotentialMark::PositivePeak,
            look,
            automatic_x: moved.map(|at| x.px(at)),
            selected,
            label_left: mark.mark == PotentialMark::Onset,
            stem: STEM_PX,
        };
        if mark.mark == PotentialMark::Baseline {
            let color = if mark.by_person { theme.marker_human } else { theme.marker_auto };
            let [left, right] = x.ends_px();
            let level = y.px(mark.at);
            let dash: &[f32] = if mark.by_person { &[] } else { &[2.0, 4.0] };
            picture.marks.push(Shape::Line { points: vec![[left, level], [right, level]], stroke: Stroke { color, width: 1.0, dash } });
            (flag.x, flag.y, flag.automatic_x, flag.above, flag.label_left) = (right - 14.0, level, None, false, true);
            flag.label = if mark.by_person { format!("{:.0} \u{b5}V", mark.at) } else { String::new() };
        }
        if flag.x.is_finite() && flag.y.is_finite() {
            let [hx, hy] = marks::flag(&flag, theme, [top, bottom], &mut picture.marks);
            picture.hits.push(Hit { x: hx, y: hy, target: Target::Mark(mark.mark) });
        }
    }

    /// Where a mark lies that is dragged to a place, in its unit; moments are those of samples.
    pub fn dragged(&self, mark: PotentialMark, [x_px, y_px]: [f32; 2], width: f32, height: f32) -> f64 {
        let (_, [x, y]) = draw_on_axes(&self.chart(), width, height, self.theme);
        if mark == PotentialMark::Baseline { y.value(y_px).round() } else { self.on_sample(x.value(x_px)) }
    }

    /// How far a place on a mark's flag lies from what the mark says, px: a drag keeps that.
    pub fn grip(&self, at: f64, mark: PotentialMark, [x_px, y_px]: [f32; 2], (width, height): (f32, f32)) -> [f32; 2] {
        let (_, [x, y]) = draw_on_axes(&self.chart(), width, height, self.theme);
        if mark == PotentialMark::Baseline { [0.0, y_px - y.px(at)] } else { [x_px - x.px(at), 0.0] }
    }

    /// The moment of the nearest sample, ms, within the average.
    pub fn on_sample(&self, ms: f64) -> f64 {
        let potential = self.potential;
        let step_ms = 1e3 / potential.fs_hz.max(1.0);
        let last = potential.uv.len().saturating_sub(1) as f64;
        potential.from_ms + ((ms - potential.from_ms) / step_ms).round().clamp(0.0, last) * step_ms
    }
}

#[cfg(test)]
mod tests {
    use super::Scene;
    use crate::model::{PotentialMark, ShownMark, ShownPotential};
    use crate::scene::{Target, theme};

    fn potential(end: f64) -> ShownPotential {
        let mark = |mark, at, automatic: f64| ShownMark { mark, at, automatic: Some(automatic), by_person: at != automatic };
        ShownPotential {
            uv: (0..900).map(|i| 300.0 * (-((f64::from(i) - 300.0) / 20.0).powi(2)).exp()).collect(),
            fs_hz: 25_000.0,
            from_ms: -12.0,
            marks: vec![
                mark(PotentialMark::Onset, -2.0, -2.0),
                mark(PotentialMark::End, end, 3.0),
                mark(PotentialMark::Baseline, 0.0, 0.0),
            ],
        }
    }

    #[test]
    fn a_flag_dragged_to_its_own_place_stays() {
        let potential = potential(3.0);
        let scene = Scene { name: "MU A", potential: &potential, selected: None, theme: &theme::PAPER };
        let picture = scene.draw(500.0, 260.0);
        assert_eq!(picture.hits.len(), 3);
        for hit in &picture.hits {
            let Target::Mark(mark) = hit.target else { panic!() };
            let now = potential.marks.iter().find(|shown| shown.mark == mark).unwrap();
            if mark != PotentialMark::Baseline {
                assert!((scene.dragged(mark, [hit.x, hit.y], 500.0, 260.0) - now.at).abs() < 0.03, "{mark:?}");
            }
        }
        assert!(picture.alt.contains("End 3 ms"));
    }

    #[test]
    fn the_stretch_does_not_run_away_under_a_mark() {
        let (a, b) = (potential(3.0), potential(6.0));
        let window = |potential| Scene { name: "", potential, selected: None, theme: &theme::PAPER }.window_ms();
        assert_eq!(window(&a), window(&b));
        let outside = Scene { name: "", potential: &a, selected: None, theme: &theme::PAPER };
        assert_eq!(outside.on_sample(1e9), outside.on_sample(1e8));
        assert!(outside.value_at(f64::NAN).is_nan() && outside.value_at(-1e9).is_nan());
    }

    #[test]
    fn nothing_and_nonsense_are_drawn() {
        for potential in [ShownPotential::default(), ShownPotential { uv: vec![f64::NAN; 100], ..potential(f64::NAN) }] {
            let scene = Scene { name: "", potential: &potential, selected: Some(PotentialMark::End), theme: &theme::PAPER };
            let _ = scene.draw(300.0, 200.0);
            let _ = scene.dragged(PotentialMark::End, [1.0, 2.0], 0.0, 0.0);
        }
    }
}
