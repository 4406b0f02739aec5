//! From physical values to the integers of the container.
//!
//! Where the channel already has a scale that fits, digital values are kept as they are: the scale
//! is written with eight-character limits and accepted when no digital value moves by more than a
//! hundredth of a step. Otherwise the range of the data is spread over the container.

use super::field::format_number;
use crate::model::Scale;

/// What may be held: 16 or 24 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Container {
    pub min: i64,
    pub max: i64,
}

/// A channel's scale as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quantizer {
    pub physical_min: String,
    pub physical_max: String,
    pub digital_min: i64,
    pub digital_max: i64,
    gain: f64,
    offset: f64,
    /// Digital values that are let through. Sources do exceed their stated limits, and what the
    /// container holds is kept.
    allowed: (i64, i64),
}

impl Quantizer {
    fn new(
        physical_min: String,
        physical_max: String,
        digital_min: i64,
        digital_max: i64,
        kept: Option<(Scale, Container)>,
    ) -> Option<Self> {
        let (low, high): (f64, f64) = (physical_min.parse().ok()?, physical_max.parse().ok()?);
        if low == high || digital_min >= digital_max {
            return None;
        }
        let gain = (high - low) / (digital_max - digital_min) as f64;
        let offset = low - gain * digital_min as f64;
        // Source values are exact multiples of the source's own gain, which the written one may miss by dust.
        let (gain, offset) = kept.map_or((gain, offset), |(scale, _)| (scale.gain, scale.offset));
        let allowed = kept.map_or((digital_min, digital_max), |(_, container)| (container.min, container.max));
        Some(Self { physical_min, physical_max, digital_min, digital_max, gain, offset, allowed })
    }

    /// The integer for `value`; `None` when it lies outside what the limits cover.
    pub fn digital(&self, value: f64) -> Option<i64> {
        let digital = ((value - self.offset) / self.gain).round();
        (digital >= self.allowed.0 as f64 && digital <= self.allowed.1 as f64).then_some(digital as i64)
    }

    /// The integer at the limit nearest to `value`, and for NaN the one nearest to zero.
    pub fn clamped(&self, value: f64) -> i64 {
        let value = if value.is_nan() { 0.0 } else { value };
        let digital = ((value - self.offset) / self.gain).round();
        // The cast saturates infinities.
        (digital as i64).clamp(self.allowed.0, self.allowed.1)
    }
}

/// Keeps a source's own scale; `range` is the least and largest digital value that occurs, when known.
pub(super) fn keep(scale: &Scale, container: Container, range: Option<(i64, i64)>) -> Option<Quantizer> {
    if !(scale.gain.is_finite() && scale.gain != 0.0 && scale.offset.is_finite()) {
        return None;
    }
    let fits = |low: i64, high: i64| low >= container.min && high <= container.max && low < high;
    let stated = (scale.digital_min, scale.digital_max);
    if fits(stated.0, stated.1)
        && let Some(quantizer) = keep_limits(scale, stated.0, stated.1, container)
    {
        return Some(quantizer);
    }
    let (low, high) = range.unwrap_or(stated);
    if low < container.min || high > container.max {
        return None;
    }
    // Wider limits whose physical values have eight characters.
    let below = (container.min..=low).rev().take(200_000).find(|&d| exact_text(physical(scale, d)))?;
    let above = (high.max(below + 1)..=container.max).take(200_000).find(|&d| exact_text(physical(scale, d)))?;
    keep_limits(scale, below, above, container)
}

fn physical(scale: &Scale, digital: i64) -> f64 {
    let value = digital as f64 * scale.gain + scale.offset;
    // Fifteen digits: the sixteenth is dust of the multiplication and would never fit the field.
    if value == 0.0 {
        return 0.0;
    }
    let digits = (14 - value.abs().log10().floor() as i32).clamp(-300, 300);
    let power = 10f64.powi(digits);
    if power.is_finite() && power > 0.0 { (value * power).round() / power } else { value }
}

fn keep_limits(scale: &Scale, low: i64, high: i64, container: Container) -> Option<Quantizer> {
    let texts = (format_number(physical(scale, low), 8)?, format_number(physical(scale, high), 8)?);
    let quantizer = Quantizer::new(texts.0, texts.1, low, high, Some((*scale, container)))?;
    let error = |text: &str, digital: i64| {
        let written: f64 = text.parse().unwrap_or(f64::NAN);
        ((written - (digital as f64 * scale.gain + scale.offset)) / scale.gain).abs()
    };
    let moved = error(&quantizer.physical_min, low).max(error(&quantizer.physical_max, high));
    (moved <= 0.01).then_some(quantizer)
}

/// Keeps a source's own integers where no limits of eight characters state its steps: the limits are then
/// near, and whoever reads them alone is off by a millionth.
pub(super) fn near(scale: &Scale, container: Container) -> Option<Quantizer> {
    let text = |digital: i64| format_number(digital as f64 * scale.gain + scale.offset, 8);
    Quantizer::new(text(container.min)?, text(container.max)?, container.min, container.max, Some((*scale, container)))
}

/// Whether eight characters hold `value` without loss.
fn exact_text(value: f64) -> bool {
    let magnitude = value.abs();
    let whole = if magnitude < 10.0 { 1 } else { magnitude.log10().floor() as i32 + 1 };
    let decimals = 7 - whole - i32::from(value < 0.0);
    if decimals < 0 {
        return false;
    }
    let scaled = value * 10f64.powi(decimals);
    (scaled - scaled.round()).abs() < 1e-6
}

/// Spreads `low..=high` over the container.
pub(super) fn spread(low: f64, high: f64, container: Container) -> Option<Quantizer> {
    let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
    let (low, high) = if high > low { (low, high) } else { (low - 1.0_f64.max(low.abs() * 1e-3), high + 1.0_f64.max(high.abs() * 1e-3)) };
    let enclose = |value: f64, sign: f64| {
        let mut slack = 0.0;
        for step in 0..40 {
            let text = format_number(value + sign * slack, 8);
            if let Some(text) = text
                && text.parse::<f64>().is_ok_and(|written| (written - value) * sign >= 0.0)
            {
                return Some(text);
            }
            slack = (high - low) * 1e-8 * 2f64.powi(step);
        }
        None
    };
    Quantizer::new(enclose(low, -1.0)?, enclose(high, 1.0)?, container.min, container.max, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDF: Container = Container { min: -32_768, max: 32_767 };

    #[test]
    fn scales_that_fit_are_kept() {
        let scale = Scale { gain: 0.005, offset: 0.0, digital_min: -32_768, digital_max: 32_767 };
        let quantizer = keep(&scale, EDF, None).unwrap();
        assert_eq!((quantizer.physical_min.as_str(), quantizer.physical_max.as_str()), ("-163.84", "163.835"));
        assert_eq!(quantizer.digital(-0.17), Some(-34));
        let odd = Scale { gain: 1.0 / 13.107, offset: 0.0, digital_min: -32_768, digital_max: 32_767 };
        let quantizer = keep(&odd, EDF, Some((-6000, 12_000))).unwrap();
        for digital in [-6000, -1, 0, 1890, 12_000] {
            assert_eq!(quantizer.digital(digital as f64 / 13.107), Some(digital));
        }
        let wide = Scale { gain: 1.0, offset: 0.0, digital_min: i64::from(i32::MIN), digital_max: i64::from(i32::MAX) };
        assert!(keep(&wide, EDF, None).is_none());
        assert!(keep(&wide, EDF, Some((-100, 4000))).is_some());
    }

    #[test]
    fn other_data_are_spread_over_the_container() {
        let quantizer = spread(-0.000_123_4, 0.015_678_9, EDF).unwrap();
        assert!(quantizer.digital(-0.000_123_4).is_some() && quantizer.digital(0.015_678_9).is_some());
        assert!(spread(5.0, 5.0, EDF).is_some_and(|q| q.digital(5.0).is_some()));
        assert!(spread(f64::INFINITY, f64::NEG_INFINITY, EDF).is_some());
        assert_eq!(spread(0.0, 1e12, EDF), None);
    }
}
