//! The 1-2-5 steps of gain and sweep, and values in words.

/// The smallest of 1, 2, 5 times a power of ten that is not below `value` (> 0).
pub fn nice_up(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 1.0;
    }
    let decade = 10f64.powf(value.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * decade >= value * (1.0 - 1e-9)).unwrap_or(10.0);
    clean(step * decade)
}

/// The smallest sweep step (1, 2, 3, 5 times a power of ten) that is not below `value` (> 0).
pub fn sweep_up(value: f64) -> f64 {
    let above = nice_up(value);
    // 3 is customary for the upper limb and lies between 2 and 5.
    if clean(above / 5.0 * 3.0) >= value * (1.0 - 1e-9) && (above / 5.0).log10().fract().abs() < 1e-9 {
        clean(above / 5.0 * 3.0)
    } else {
        above
    }
}

/// The smallest customary step of a time axis that is not below `seconds`: 1-2-5 below a minute,
/// then parts and multiples of minutes and hours.
pub fn time_up(seconds: f64) -> f64 {
    const LONG: [f64; 12] = [10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 21_600.0];
    if seconds <= 5.0 {
        nice_up(seconds)
    } else {
        LONG.into_iter().find(|step| *step >= seconds).unwrap_or_else(|| (seconds / 86_400.0).ceil() * 86_400.0)
    }
}

/// `steps` further along 1, 2, 5, 10, 20, ... from `value`; negative steps go down.
pub fn nice_step(value: f64, steps: i32) -> f64 {
    let mut value = nice_up(value);
    for _ in 0..steps.abs() {
        value = if steps > 0 { nice_up(value * 1.01) } else { nice_up(value / 2.6) };
    }
    value
}

/// Removes the rounding noise of powers of ten.
fn clean(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

/// A number without trailing zeros and with at most `digits` significant ones.
pub fn number(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return "\u{2013}".into();
    }
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let decimals = usize::try_from(digits as i32 - 1 - magnitude).unwrap_or(0).min(9);
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A potential in its handiest unit (`1.5 mV`, `30 µV`); any other unit as it is.
pub fn quantity(value: f64, unit: &str) -> String {
    match crate::units::Unit::parse(unit).uv_per_unit() {
        Some(uv) => {
            let uv = value * uv;
            let (scale, name) = match uv.abs() {
                v if v >= 1e6 => (1e6, "V"),
                v if v >= 1e3 => (1e3, "mV"),
                v if v >= 0.01 || v == 0.0 => (1.0, "\u{b5}V"),
                _ => (1e-3, "nV"),
            };
            format!("{} {name}", number(uv / scale, 3))
        }
        None if unit.is_empty() => number(value, 4),
        None => format!("{} {unit}", number(value, 4)),
    }
}

/// A duration in its handiest unit.
pub fn duration(seconds: f64) -> String {
    match seconds.abs() {
        s if s >= 120.0 => {
            let minutes = (s / 60.0).floor();
            let rest = s - minutes * 60.0;
            let sign = if seconds < 0.0 { "\u{2212}" } else { "" };
            if minutes >= 60.0 {
                format!("{sign}{} h {} min", (minutes / 60.0).floor(), minutes % 60.0)
            } else {
                format!("{sign}{minutes} min {} s", number(rest, 3))
            }
        }
        s if s >= 1.0 => format!("{} s", number(seconds, 4)),
        s if s >= 1e-3 || s == 0.0 => format!("{} ms", number(seconds * 1e3, 4)),
        _ => format!("{} \u{b5}s", number(seconds * 1e6, 3)),
    }
}

/// A moment on an axis whose ticks are `step_s` apart: `0:01:02.5` from a minute on, else seconds
/// or milliseconds.
pub fn clock(time_s: f64, step_s: f64) -> String {
    let decimals = usize::try_from((-step_s.log10()).ceil() as i64).unwrap_or(0).min(6);
    if time_s.abs() < 60.0 {
        return format!("{time_s:.decimals$} s");
    }
    let scale = 10f64.powi(decimals as i32);
    let total = (time_s.abs() * scale).round() / scale;
    let (hours, minutes) = ((total / 3600.0).floor(), (total / 60.0).floor() % 60.0);
    let seconds = total - (total / 60.0).floor() * 60.0;
    let width = if decimals > 0 { decimals + 3 } else { 2 };
    let sign = if time_s < 0.0 { "\u{2212}" } else { "" };
    if hours > 0.0 {
        format!("{sign}{hours}:{minutes:02}:{seconds:0width$.decimals$}")
    } else {
        format!("{sign}{minutes}:{seconds:0width$.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_one_two_five() {
        assert_eq!([nice_up(0.7), nice_up(1.0), nice_up(1.2), nice_up(30.0), nice_up(0.0004)], [1.0, 1.0, 2.0, 50.0, 0.0005]);
        assert_eq!(
            [sweep_up(0.9), sweep_up(2.1), sweep_up(3.0), sweep_up(3.1), sweep_up(12.0), sweep_up(0.25)],
            [1.0, 3.0, 3.0, 5.0, 20.0, 0.3]
        );
        let mut value = 1.0;
        let mut seen = Vec::new();
        for _ in 0..6 {
            value = nice_step(value, 1);
            seen.push(value);
        }
        assert_eq!(seen, [2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        for &value in seen.iter().rev() {
            assert_eq!(nice_step(nice_step(value, -1), 1), value);
        }
    }

    #[test]
    fn values_in_words() {
        assert_eq!(quantity(1.5, "mV"), "1.5 mV");
        assert_eq!(quantity(0.03, "mV"), "30 \u{b5}V");
        assert_eq!(quantity(-1234.0, "uV"), "-1.23 mV");
        assert_eq!(quantity(3.25, "N"), "3.25 N");
        assert_eq!(duration(0.0117), "11.7 ms");
        assert_eq!(clock(3723.5, 0.5), "1:02:03.5");
        assert_eq!(clock(12.0, 1.0), "12 s");
        assert_eq!(clock(62.0, 1.0), "1:02");
    }
}
