//! How a WAV states volts: a sentence in its `ICMT` comment.
//!
//! One entry for all channels, or one a channel, separated by semicolons; a name may stand in front,
//! the sampling rate may follow where it is not a whole number:
//!
//! ```text
//! 1.0 = 5000 uV
//! APB: 1.0 = 5000 uV; ADM: 1.0 = 20 mV; fs = 23437.5 Hz
//! ```
//!
//! `1.0` is full scale: 2^(bits-1) of integer samples, 1.0 of floating-point ones.

/// One channel's statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub name: Option<String>,
    /// Physical value of full scale.
    pub full_scale: f64,
    pub unit: String,
}

/// Everything the comment states.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Stated {
    pub entries: Vec<Entry>,
    pub fs_hz: Option<f64>,
}

impl Stated {
    /// The statement for a channel; a single one holds for all.
    pub fn entry(&self, channel: usize) -> Option<&Entry> {
        if let [only] = self.entries.as_slice() { Some(only) } else { self.entries.get(channel) }
    }
}

/// Finds the statements in a comment; other text is passed over.
pub(super) fn parse(comment: &str) -> Stated {
    let mut stated = Stated::default();
    for part in comment.split([';', '\n']) {
        if let Some((name, value)) = part.split_once("1.0 =") {
            let mut words = value.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<f64>().ok()).filter(|v| (1e-30..1e30).contains(&v.abs()));
            let unit = words.next().unwrap_or("");
            if let Some(full_scale) = number
                && unit.chars().count() <= 16
            {
                let name = name.trim().trim_end_matches(':').trim();
                let name = (!name.is_empty()).then(|| name.to_owned());
                stated.entries.push(Entry { name, full_scale, unit: unit.to_owned() });
            }
        } else if let Some(("fs", value)) = part.split_once('=').map(|(key, value)| (key.trim(), value)) {
            let number = value.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
            stated.fs_hz = number.filter(|fs| (1e-6..1e12).contains(fs));
        }
    }
    stated
}

/// Writes the comment.
pub(super) fn format(stated: &Stated) -> String {
    let entry = |entry: &Entry| {
        let name = entry.name.as_deref().unwrap_or("").replace([';', '\n', ':', '='], " ");
        let prefix = if name.trim().is_empty() { String::new() } else { format!("{}: ", name.trim()) };
        format!("{prefix}1.0 = {} {}", entry.full_scale, entry.unit.replace([';', '\n', ' '], "")).trim_end().to_owned()
    };
    let mut parts: Vec<String> = stated.entries.iter().map(entry).collect();
    parts.extend(stated.fs_hz.map(|fs| format!("fs = {fs} Hz")));
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_and_written() {
        let comment = "APB: 1.0 = 5000 uV; ADM: 1.0 = 20.5 mV; fs = 23437.5 Hz";
        let stated = parse(comment);
        assert_eq!(stated.entries[1], Entry { name: Some("ADM".into()), full_scale: 20.5, unit: "mV".into() });
        assert_eq!(stated.fs_hz, Some(23_437.5));
        assert_eq!(format(&stated), comment);
        assert_eq!(parse("1.0 = 5000 uV").entry(3).map(|e| e.full_scale), Some(5000.0));
        assert_eq!(parse("recorded at the clinic; gain = 3"), Stated::default());
    }
}
