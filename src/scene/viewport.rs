//! Time against pixels.

/// The stretch of time that is in view, over a width in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// Left edge, seconds.
    pub from_s: f64,
    /// Right edge, seconds; greater than `from_s`.
    pub to_s: f64,
    /// x of the left edge, px.
    pub left_px: f64,
    /// Width, px; positive.
    pub width_px: f64,
}

impl Viewport {
    /// Seconds in view.
    pub fn span_s(&self) -> f64 {
        self.to_s - self.from_s
    }

    /// x of a moment.
    pub fn px_from_time(&self, time_s: f64) -> f64 {
        self.left_px + (time_s - self.from_s) / self.span_s() * self.width_px
    }

    /// Moment at x.
    pub fn time_from_px(&self, x: f64) -> f64 {
        self.from_s + (x - self.left_px) / self.width_px * self.span_s()
    }

    /// Shifted by pixels: what was at `x` comes to `x + by_px`. Stays within `within` as far as the
    /// span allows.
    pub fn panned(&self, by_px: f64, within: Extent) -> Self {
        self.at(self.from_s - by_px / self.width_px * self.span_s(), self.span_s(), within)
    }

    /// Zoomed by `factor` (above 1: closer) with the moment at `x` staying where it is.
    pub fn zoomed(&self, factor: f64, x: f64, within: Extent) -> Self {
        let fixed_s = self.time_from_px(x);
        let span_s = (self.span_s() / factor).clamp(1e-5, (within.duration_s * 1.05).max(1e-3));
        let share = (x - self.left_px) / self.width_px;
        self.at(fixed_s - share * span_s, span_s, within)
    }

    /// The same picture at another time.
    pub fn at(&self, from_s: f64, span_s: f64, within: Extent) -> Self {
        let last = within.start_s + (within.duration_s - span_s).max(0.0);
        let from_s = if span_s >= within.duration_s { within.start_s } else { from_s.clamp(within.start_s, last) };
        Self { from_s, to_s: from_s + span_s, ..*self }
    }
}

/// Where a recording lies in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Its beginning, seconds.
    pub start_s: f64,
    /// Its length, seconds.
    pub duration_s: f64,
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::{Extent, Viewport};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn px_and_time_are_inverse(from in -1e4..1e4f64, span in 1e-4..1e5f64, left in 0.0..500.0f64, width in 10.0..4000.0f64, x in -500.0..5000.0f64) {
            let view = Viewport { from_s: from, to_s: from + span, left_px: left, width_px: width };
            prop_assert!((view.px_from_time(view.time_from_px(x)) - x).abs() < 1e-3);
        }

        #[test]
        fn zoom_keeps_the_moment_under_the_pointer(span in 0.01..10.0f64, from in 20.0..50.0f64, x in 0.0..1000.0f64, factor in 0.7..1.5f64) {
            let view = Viewport { from_s: from, to_s: from + span, left_px: 0.0, width_px: 1000.0 };
            let zoomed = view.zoomed(factor, x, Extent { start_s: 0.0, duration_s: 3600.0 });
            prop_assert!((zoomed.time_from_px(x) - view.time_from_px(x)).abs() < 1e-9 * from.max(1.0) + 1e-9);
        }

        #[test]
        fn pan_stays_inside(from in 0.0..50.0f64, by in -1e5..1e5f64) {
            let view = Viewport { from_s: from, to_s: from + 10.0, left_px: 0.0, width_px: 800.0 }.panned(by, Extent { start_s: 0.0, duration_s: 60.0 });
            prop_assert!(view.from_s >= 0.0 && view.to_s <= 60.0 + 1e-9);
        }
    }
}
