//! `<EDF_XMLnote>` annotations of electrodiagnostic EDF+ files (section 3.7, last example).
//!
//! The specification fixes no vocabulary beyond its examples, so elements are understood by name
//! wherever they stand: `temperature`, `recording`, `distance`, `position`, `intensity`, `duration`,
//! and counts of averaged sweeps. Size and number of elements are bounded before parsing.

/// Longest note that is parsed, bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Most tags that are parsed; bounds the nesting too.
const MAX_TAGS: usize = 1000;

/// What a note says about its record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Note {
    pub temperature_c: Option<f64>,
    pub recorded_from: Option<String>,
    pub position: Option<String>,
    /// Distance from the stimulus to the recording electrode.
    pub to_recording_mm: Option<f64>,
    /// Distance from the stimulus to the next more distal one.
    pub to_site_mm: Option<f64>,
    pub current_ma: Option<f64>,
    pub pulse_ms: Option<f64>,
    pub averaged: Option<u32>,
}

impl Note {
    /// This note, completed by another.
    pub fn or(self, other: Self) -> Self {
        Self {
            temperature_c: self.temperature_c.or(other.temperature_c),
            recorded_from: self.recorded_from.or(other.recorded_from),
            position: self.position.or(other.position),
            to_recording_mm: self.to_recording_mm.or(other.to_recording_mm),
            to_site_mm: self.to_site_mm.or(other.to_site_mm),
            current_ma: self.current_ma.or(other.current_ma),
            pulse_ms: self.pulse_ms.or(other.pulse_ms),
            averaged: self.averaged.or(other.averaged),
        }
    }
}

/// Whether an annotation is such a note.
pub(super) fn is_note(text: &str) -> bool {
    text.trim_start().get(..12).is_some_and(|start| start.eq_ignore_ascii_case("<EDF_XMLnote"))
}

/// Parses a note; `Err` when it is not well-formed or too large.
pub(super) fn parse(text: &str) -> Result<Note, ()> {
    if text.len() > MAX_BYTES || text.bytes().filter(|&b| b == b'<').count() > MAX_TAGS {
        return Err(());
    }
    let document = roxmltree::Document::parse(text.trim()).map_err(|_| ())?;
    let mut note = Note::default();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let text = node.text().unwrap_or("").trim();
        let number = leading_number(text);
        let unit = node.attribute("unit").unwrap_or_else(|| text.trim_start_matches(|c: char| !c.is_alphabetic())).trim();
        let name = node.tag_name().name().to_ascii_lowercase();
        match name.as_str() {
            "temperature" => note.temperature_c = note.temperature_c.or(number.and_then(|t| celsius(t, unit))),
            "recording" | "recording_site" | "muscle" if !text.is_empty() => {
                note.recorded_from.get_or_insert_with(|| text.to_owned());
            }
            "position" | "site" if !text.is_empty() => {
                note.position.get_or_insert_with(|| text.to_owned());
            }
            "distance" => {
                let mm = number.and_then(|d| millimetres(d, unit));
                let mode = node.attribute("mode").unwrap_or("").to_ascii_lowercase();
                let between = mode.contains("segment") || mode.contains("between") || mode.matches("stimul").count() > 1;
                let place = if between { &mut note.to_site_mm } else { &mut note.to_recording_mm };
                *place = place.or(mm);
            }
            "intensity" | "current" if unit.eq_ignore_ascii_case("mA") => note.current_ma = note.current_ma.or(number),
            // Inside `measurements` a duration is that of the response.
            "duration" if !under(node, "measurement") => {
                let scale = match unit {
                    "us" | "\u{b5}s" | "\u{3bc}s" => 1e-3,
                    _ => 1.0,
                };
                note.pulse_ms = note.pulse_ms.or(number.map(|d| d * scale));
            }
            name if name == "accepted" || name.contains("sweep") || name.contains("averag") => {
                let count = number.filter(|n| *n >= 1.0 && *n < 1e6 && n.fract() == 0.0).map(|n| n as u32);
                note.averaged = note.averaged.or(count);
            }
            _ => {}
        }
    }
    Ok(note)
}

fn under(node: roxmltree::Node<'_, '_>, prefix: &str) -> bool {
    node.ancestors().any(|ancestor| ancestor.tag_name().name().to_ascii_lowercase().starts_with(prefix))
}

fn leading_number(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+'))).unwrap_or(text.len());
    text[..end].replace(',', ".").parse().ok().filter(|n: &f64| n.is_finite())
}

fn celsius(value: f64, unit: &str) -> Option<f64> {
    let unit = unit.to_ascii_lowercase();
    let value = if unit.ends_with('f') || unit.contains("fahrenheit") { (value - 32.0) / 1.8 } else { value };
    (0.0..50.0).contains(&value).then_some(value)
}

/// A positive length in millimetres.
pub(super) fn millimetres(value: f64, unit: &str) -> Option<f64> {
    let scale = match unit {
        "mm" => 1.0,
        "cm" => 10.0,
        "m" => 1000.0,
        _ => return None,
    };
    // 6.5 cm is 65 mm, not 65.00000000000001.
    Some((value * scale * 1e6).round() / 1e6).filter(|mm| *mm > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_in_the_manner_of_the_specification_are_read() {
        let text = "<EDF_XMLnote><Stimulus_elbow><duration unit=\"ms\">0.2</duration>\
            <intensity mode=\"current\" unit=\"mA\">15.3</intensity><position>right elbow</position>\
            <distance mode=\"stimulus to recording\" unit=\"cm\">28.5</distance></Stimulus_elbow></EDF_XMLnote>";
        let note = parse(text).unwrap_or_default();
        assert_eq!(note.position.as_deref(), Some("right elbow"));
        assert_eq!((note.to_recording_mm, note.current_ma, note.pulse_ms), (Some(285.0), Some(15.3), Some(0.2)));
        let text = "<EDF_XMLnote><!-- example --><temperature unit=\"degree C\" position=\"left hand\">33.2</temperature>\
            <recording>Second finger</recording><sweeps><accepted>14</accepted></sweeps></EDF_XMLnote>";
        let note = parse(text).unwrap_or_default();
        assert_eq!((note.temperature_c, note.recorded_from.as_deref(), note.averaged), (Some(33.2), Some("Second finger"), Some(14)));
    }

    #[test]
    fn broken_or_hostile_notes_are_refused() {
        assert!(parse("<EDF_XMLnote><temperature>33").is_err());
        assert!(parse(&"<a>".repeat(5000)).is_err());
        assert!(parse("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>").is_err());
        assert!(is_note(" <EDF_XMLnote>") && !is_note("StimA"));
    }
}
