//! `NAME-events.txt` beside a WAV: `marker,<tab>seconds` lines, `#` for comments.

use crate::formats::Files;
use crate::model::{Annotation, Warning};

/// No event list is longer, bytes.
const MAX_BYTES: usize = 16 << 20;

/// Name of the event file of a WAV.
pub(super) fn name_for(wav: &str) -> String {
    let stem = wav.rsplit_once('.').map_or(wav, |(stem, _)| stem);
    format!("{stem}-events.txt")
}

/// Annotations of the companion, when it was given too.
pub(super) fn companion(files: &Files, wav: &str, used: &mut Vec<String>, warnings: &mut Vec<Warning>) -> Vec<Annotation> {
    let Some(file) = files.named(&name_for(wav)) else { return Vec::new() };
    let bytes = match file.source.read_vec(0, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            warnings.push(Warning::new(format!("{} could not be read: {error}", file.name)));
            return Vec::new();
        }
    };
    used.push(file.name.clone());
    let (annotations, odd) = parse(&String::from_utf8_lossy(&bytes));
    if odd > 0 {
        warnings.push(Warning::new(format!("lines of {} that are no events, left out: {odd}", file.name)));
    }
    annotations
}

fn parse(text: &str) -> (Vec<Annotation>, usize) {
    let mut annotations = Vec::new();
    let mut odd = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let event = line.rsplit_once(',').and_then(|(id, time)| Some((id.trim(), time.trim().parse::<f64>().ok()?)));
        match event {
            // SpikeRecorder notes the thresholds of its spike sorter as events at 0 s.
            Some((id, _)) if id.contains("thresh") => {}
            Some((id, onset_s)) if onset_s.is_finite() => {
                annotations.push(Annotation { onset_s, duration_s: None, text: id.to_owned(), channel: None });
            }
            _ => odd += 1,
        }
    }
    annotations.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    (annotations, odd)
}

/// Writes an event file. Durations have no place in it.
pub(super) fn format(annotations: &[Annotation]) -> String {
    let mut text = String::from("# Marker IDs can be arbitrary strings.\n# Marker ID,\tTime (in s)\n");
    for annotation in annotations {
        let id = annotation.text.replace(['\n', '\r'], " ");
        text.push_str(&format!("{},\t{}\n", id.trim_start_matches('#'), annotation.onset_s));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_and_written() {
        let (events, odd) = parse("# comment\n2,\t7.5\n1,\t6.409\n_neuron0threshhig-2,\t0.0\nrubbish\n");
        assert_eq!(odd, 1);
        assert_eq!(events.iter().map(|e| (e.text.as_str(), e.onset_s)).collect::<Vec<_>>(), [("1", 6.409), ("2", 7.5)]);
        assert_eq!(parse(&format(&events)).0, events);
    }
}
