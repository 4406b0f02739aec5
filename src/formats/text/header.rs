//! Names, units and the sampling rate in the lines before the numbers.

/// Units that are recognised behind a name or in a row of their own.
const UNITS: [&str; 48] = [
    "V",
    "mV",
    "mv",
    "uV",
    "uv",
    "\u{b5}V",
    "\u{3bc}V",
    "nV",
    "A",
    "mA",
    "uA",
    "\u{b5}A",
    "s",
    "sec",
    "ms",
    "us",
    "\u{b5}s",
    "min",
    "Hz",
    "kHz",
    "g",
    "m/s^2",
    "m/s\u{b2}",
    "N",
    "Nm",
    "N.m",
    "kg",
    "deg",
    "\u{b0}",
    "\u{b0}/s",
    "deg/s",
    "rad",
    "rad/s",
    "mmHg",
    "cmH2O",
    "%",
    "bpm",
    "uS",
    "\u{b5}S",
    "L",
    "L/s",
    "L/min",
    "\u{b0}C",
    "degC",
    "a.u.",
    "mm",
    "cm",
    "m",
];

pub(super) fn is_unit(text: &str) -> bool {
    UNITS.contains(&text)
}

/// Splits `EMG (uV)`, `EMG [mV]`, `time_s`; without a unit the name stays whole.
pub(super) fn split_unit(text: &str) -> (String, String) {
    let text = text.trim();
    for (open, close) in [('(', ')'), ('[', ']')] {
        if let Some((name, unit)) = text.strip_suffix(close).and_then(|rest| rest.rsplit_once(open)) {
            let unit = unit.trim();
            if is_unit(unit) || (open == '[' && !unit.is_empty() && unit.len() <= 12 && !unit.contains(' ')) {
                return (name.trim().to_owned(), unit.to_owned());
            }
        }
    }
    match text.rsplit_once('_') {
        Some((name, unit)) if is_unit(unit) && !name.is_empty() => (name.to_owned(), unit.to_owned()),
        _ => (text.to_owned(), String::new()),
    }
}

/// Whether a column of this name holds the time of the row.
pub(super) fn is_time(name: &str, unit: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let word = name.split([' ', '_', '.']).next().unwrap_or("");
    matches!(word, "time" | "t" | "zeit" | "temps" | "tiempo" | "tempo" | "tid" | "seconds" | "sec" | "secs" | "elapsed")
        || (word == "x" && time_unit(unit).is_some())
        || (name.is_empty() && time_unit(unit).is_some())
}

/// Whether a column of this name only counts or tells the time of day.
pub(super) fn is_counter(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    matches!(
        name.as_str(),
        "frame"
            | "frames"
            | "sub frame"
            | "subframe"
            | "sample"
            | "samples"
            | "sample index"
            | "index"
            | "nseq"
            | "nr"
            | "no"
            | "no."
            | "#"
            | "n"
            | "i"
            | "id"
    ) || name.starts_with("timestamp")
}

/// Seconds in a unit of time.
pub(super) fn time_unit(unit: &str) -> Option<f64> {
    match unit.trim() {
        "s" | "sec" | "secs" | "seconds" | "S" => Some(1.0),
        "ms" | "msec" => Some(1e-3),
        "us" | "\u{b5}s" | "\u{3bc}s" | "usec" => Some(1e-6),
        "min" => Some(60.0),
        _ => None,
    }
}

/// A sampling rate stated in a line (`Sampling Rate (Hz):= 1000`, `fs=2000 Hz`, `Interval= 0.01 s`).
pub(super) fn stated_rate(line: &str) -> Option<f64> {
    let lower = line.to_ascii_lowercase().replace('_', " ");
    for key in ["sampling rate", "sample rate", "samplingrate", "samplerate", "sampling frequency", "sample frequency", "sampling freq"] {
        if let Some(at) = lower.find(key) {
            return number_after(&lower[at + key.len()..]).map(|(value, rest)| if rest.starts_with("khz") { value * 1e3 } else { value });
        }
    }
    if let Some(rest) = lower.strip_prefix("interval")
        && let Some((value, unit)) = number_after(rest)
    {
        let scale = time_unit(unit.split_whitespace().next().unwrap_or("s")).unwrap_or(1.0);
        return (value > 0.0).then(|| 1.0 / (value * scale)).filter(|fs| fs.is_finite());
    }
    let (at, _) = lower.match_indices("fs").find(|(at, _)| {
        let before = lower[..*at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        before && lower[at + 2..].trim_start().starts_with(['=', ':'])
    })?;
    number_after(&lower[at + 2..]).map(|(value, rest)| if rest.starts_with("khz") { value * 1e3 } else { value })
}

/// The first number within a few characters, and what follows it.
fn number_after(text: &str) -> Option<(f64, &str)> {
    let start = text.find(|c: char| c.is_ascii_digit()).filter(|at| *at <= 16)?;
    let rest = &text[start..];
    // Digits and a dot, then perhaps an exponent.
    let mut end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    if let Some(tail) = rest[end..].strip_prefix('e') {
        let digits = tail.trim_start_matches(['+', '-']);
        let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if length > 0 {
            end += 1 + (tail.len() - digits.len()) + length;
        }
    }
    let value = rest[..end].trim_end_matches('.').parse::<f64>().ok().filter(|v| v.is_finite() && *v > 0.0)?;
    Some((value, rest[end..].trim_start()))
}

/// Names listed in a comment: `Labels:= EMG`, or a `column` list in JSON.
pub(super) fn listed_names(line: &str, count: usize) -> Option<Vec<String>> {
    if let Some(at) = line.find('{')
        && let Ok(serde_json::Value::Object(devices)) = serde_json::from_str(line[at..].trim())
    {
        let lists = devices.values().filter_map(|device| device.get("column")?.as_array());
        let mut names = lists.map(|list| list.iter().map(|name| name.as_str().unwrap_or("").to_owned()).collect::<Vec<_>>());
        return names.find(|names| names.len() == count);
    }
    let (key, value) = line.split_once(":=").or_else(|| line.split_once(':'))?;
    if !key.trim().eq_ignore_ascii_case("labels") {
        return None;
    }
    let names: Vec<String> = value.split([',', '\t', ';']).map(|name| name.trim().to_owned()).collect();
    (names.len() == count).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_split_from_names() {
        let split = |text| split_unit(text);
        assert_eq!(split("EMG (uV)"), ("EMG".into(), "uV".into()));
        assert_eq!(split("EMG [mV]"), ("EMG".into(), "mV".into()));
        assert_eq!(split("time_s"), ("time".into(), "s".into()));
        assert_eq!(split("EMG_zyg"), ("EMG_zyg".into(), String::new()));
        assert_eq!(split("Digital Channel 0 (D11)"), ("Digital Channel 0 (D11)".into(), String::new()));
    }

    #[test]
    fn rates_are_found_in_words() {
        assert_eq!(stated_rate("Sampling Rate (Hz):= 1000.00"), Some(1000.0));
        assert_eq!(stated_rate("%Sample Rate = 250 Hz"), Some(250.0));
        assert_eq!(stated_rate("# channel soleus (mV); fs=2000 Hz; time 0"), Some(2000.0));
        assert_eq!(stated_rate("Label: EMG Sampling frequency: 1.259259e+003 Number"), Some(1259.259));
        assert_eq!(stated_rate("Interval=\t0.01 s"), Some(100.0));
        assert_eq!(stated_rate("# {\"a\": {\"sampling rate\": 1000, \"x\": 1}}"), Some(1000.0));
        assert_eq!(stated_rate("offsets=3"), None);
    }
}
