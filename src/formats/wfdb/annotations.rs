//! Annotation files in MIT format, read and written.
//!
//! Specification: annot(5) of the WFDB Applications Guide; codes and symbols as in its table of
//! annotation codes. Pairs of bytes: six bits of code, ten bits of interval. Times count samples of
//! the record, or of the file's own resolution (`## time resolution: 1000`). Read whole, up to
//! [`MAX_ANNOTATION_BYTES`].

use crate::formats::{Files, ReadError};
use crate::model::{Annotation, Recording, Warning};

/// Largest annotation file that is read.
pub const MAX_ANNOTATION_BYTES: u64 = 64 << 20;

const NOTE: u8 = 22;
const SKIP: u8 = 59;
const NUM: u8 = 60;
const SUB: u8 = 61;
const CHN: u8 = 62;
const AUX: u8 = 63;
const LAST_CODE: u8 = 49;
/// Longest text that older readers take.
const MAX_AUX: usize = 255;
const RESOLUTION: &str = "## time resolution:";

/// Symbols of the codes 0 to 41; user-defined codes have none.
const SYMBOLS: [&str; 42] = [
    " ", "N", "L", "R", "a", "V", "F", "J", "A", "S", "E", "j", "/", "Q", "~", "", "|", "", "s", "T", "*", "D", "\"", "=", "p", "B", "^",
    "t", "+", "u", "?", "!", "[", "]", "e", "n", "@", "x", "f", "(", ")", "r",
];

/// Adds what every annotation file of the record says to `recording`.
pub(super) fn collect(
    files: &Files,
    stem: &str,
    fs_hz: f64,
    recording: &mut Recording,
    used: &mut Vec<String>,
    warnings: &mut Vec<Warning>,
) -> Result<(), ReadError> {
    // Companions of the same stem that are other things.
    const OTHERS: [&str; 12] = ["hea", "dat", "json", "txt", "csv", "tsv", "eaf", "npy", "edf", "bdf", "wav", "mat"];
    for file in &files.all {
        let Some((file_stem, extension)) = file.name.rsplit_once('.') else { continue };
        let extension = extension.to_ascii_lowercase();
        if !file_stem.eq_ignore_ascii_case(stem) || OTHERS.contains(&extension.as_str()) || used.contains(&file.name) {
            continue;
        }
        let known = matches!(extension.as_str(), "atr" | "qrs" | "ecg" | "ann" | "ari" | "man");
        if file.source.len() > MAX_ANNOTATION_BYTES {
            warnings.push(Warning::new(format!("{} is larger than {MAX_ANNOTATION_BYTES} bytes and was left out", file.name)));
            continue;
        }
        let bytes = file.source.read_vec(0, MAX_ANNOTATION_BYTES as usize)?;
        let mut odd = Vec::new();
        let found = parse(&bytes, fs_hz, recording.channels.len(), &mut odd);
        // An unknown extension counts only when every byte makes sense.
        if !known && (found.is_empty() || !odd.is_empty()) {
            continue;
        }
        used.push(file.name.clone());
        warnings.extend(odd);
        recording.annotations.extend(found);
    }
    recording.annotations.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    Ok(())
}

/// Reads an annotation file. Stops with a warning where the bytes stop making sense.
pub fn parse(bytes: &[u8], fs_hz: f64, channels: usize, warnings: &mut Vec<Warning>) -> Vec<Annotation> {
    struct Open {
        code: u8,
        time: i64,
        channel: Option<usize>,
        aux: String,
    }
    let mut resolution = fs_hz;
    let mut symbols: Vec<(u8, String)> = Vec::new();
    let mut found: Vec<Open> = Vec::new();
    let mut definitions = false;
    let (mut at, mut time, mut channel) = (0usize, 0i64, None);
    loop {
        let Some(pair) = bytes.get(at..at + 2) else {
            if at < bytes.len() || !bytes.is_empty() {
                warnings.push(Warning::at("annotation file", at as u64, "the annotations end without an end mark"));
            }
            break;
        };
        let word = u16::from_le_bytes([pair[0], pair[1]]);
        let (code, low) = ((word >> 10) as u8, word & 0x3ff);
        at += 2;
        match code {
            0 if low == 0 => break,
            SKIP => {
                let Some(b) = bytes.get(at..at + 4) else { continue };
                // PDP-11 order: the high half first.
                let jump = i32::from_le_bytes([b[2], b[3], b[0], b[1]]);
                time = time.saturating_add(i64::from(jump));
                at += 4;
            }
            NUM | SUB => {}
            CHN => {
                channel = Some(usize::from(low)).filter(|c| *c < channels);
                if let Some(last) = found.last_mut() {
                    last.channel = channel;
                }
            }
            AUX => {
                let n = usize::from(low);
                let Some(text) = bytes.get(at..at + n) else {
                    warnings.push(Warning::at("aux", at as u64, "the text of an annotation runs past the end of the file"));
                    break;
                };
                at += n + n % 2;
                let text = String::from_utf8_lossy(text).trim_matches(['\0', ' ']).to_owned();
                if let Some(last) = found.last_mut() {
                    last.aux = text;
                }
            }
            _ if code <= LAST_CODE => {
                time = time.saturating_add(i64::from(low));
                found.push(Open { code, time, channel, aux: String::new() });
            }
            _ => {
                warnings.push(Warning::at("annotation code", at as u64 - 2, format!("code {code} does not exist; reading stopped there")));
                break;
            }
        }
    }
    let mut out = Vec::with_capacity(found.len());
    for open in found {
        // Notes at the very beginning that start with ## describe the file itself.
        if open.code == NOTE && open.time == 0 && (definitions || open.aux.starts_with("## ")) {
            if let Some(hz) = open.aux.strip_prefix(RESOLUTION) {
                match hz.trim().parse::<f64>().ok().filter(|hz| hz.is_finite() && *hz > 0.0) {
                    Some(hz) => resolution = hz,
                    None => warnings.push(Warning::at("time resolution", 0, "the time resolution is not a positive number")),
                }
            } else if open.aux.starts_with("## annotation type definitions") {
                definitions = true;
            } else if open.aux.starts_with("## end of definitions") {
                definitions = false;
            } else if definitions {
                let mut fields = open.aux.split_ascii_whitespace();
                if let Some((code, symbol)) = fields.next().and_then(|c| c.parse().ok()).zip(fields.next()) {
                    symbols.push((code, symbol.to_owned()));
                }
            }
            continue;
        }
        let own = symbols.iter().find(|(code, _)| *code == open.code).map(|(_, s)| s.as_str());
        let symbol = own.or_else(|| SYMBOLS.get(usize::from(open.code)).copied().filter(|s| !s.is_empty()));
        let symbol = symbol.map_or_else(|| format!("[{}]", open.code), str::to_owned);
        let text = match (open.code == NOTE, open.aux.is_empty()) {
            (true, false) => open.aux,
            (_, true) => symbol,
            (false, false) => format!("{symbol} {}", open.aux),
        };
        out.push(Annotation { onset_s: open.time as f64 / resolution, duration_s: None, text, channel: open.channel });
    }
    out
}

/// Resolution in Hz at which every onset is a whole number, preferring the record's own.
fn resolution(annotations: &[Annotation], fs_hz: f64) -> f64 {
    let latest = annotations.iter().map(|a| a.onset_s.abs()).fold(0.0, f64::max);
    let exact = |hz: f64| {
        let whole = |a: &Annotation| (a.onset_s * hz - (a.onset_s * hz).round()).abs() < 1e-6 * (a.onset_s * hz).abs().clamp(1.0, 1e3);
        latest * hz < f64::from(i32::MAX) && annotations.iter().all(whole)
    };
    [fs_hz, 1e3, 1e4, 1e5, 1e6].into_iter().find(|hz| exact(*hz)).unwrap_or(fs_hz)
}

/// The bytes of an annotation file. What cannot be kept is said in `warnings`.
pub(super) fn write(annotations: &[Annotation], fs_hz: f64, warnings: &mut Vec<Warning>) -> Vec<u8> {
    let hz = resolution(annotations, fs_hz);
    let mut sorted: Vec<&Annotation> = annotations.iter().filter(|a| a.onset_s.is_finite()).collect();
    sorted.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    let mut out = Vec::new();
    let (mut now, mut channel) = (0i64, None);
    if hz != fs_hz {
        out.extend((u16::from(NOTE) << 10).to_le_bytes());
        aux(&mut out, &format!("{RESOLUTION} {hz}"));
    }
    if sorted.iter().any(|a| a.duration_s.is_some_and(|d| d > 0.0)) {
        warnings.push(Warning::new("WFDB annotations are moments: durations were left out"));
    }
    for annotation in sorted {
        let time = (annotation.onset_s * hz).round() as i64;
        let mut step = time.saturating_sub(now);
        if !(0..=1023).contains(&step) {
            let Ok(jump) = i32::try_from(step) else {
                warnings.push(Warning::new(format!("an annotation at {} s is too far from the one before it", annotation.onset_s)));
                continue;
            };
            let b = jump.to_le_bytes();
            out.extend([0, SKIP << 2, b[2], b[3], b[0], b[1]]);
            step = 0;
        }
        now = time;
        let known = SYMBOLS.iter().skip(1).position(|s| !s.is_empty() && *s == annotation.text).map(|at| at as u8 + 1);
        let code = known.filter(|code| *code != NOTE).unwrap_or(NOTE);
        out.extend((step as u16 | (u16::from(code) << 10)).to_le_bytes());
        if annotation.channel != channel {
            // A channel that does not exist stands for "all" again; 0 is what other readers assume.
            let number = annotation.channel.filter(|c| *c < 255).unwrap_or(255) as u16;
            out.extend((number | (u16::from(CHN) << 10)).to_le_bytes());
            channel = annotation.channel;
        }
        if code == NOTE {
            let mut end = annotation.text.len().min(MAX_AUX);
            while !annotation.text.is_char_boundary(end) {
                end -= 1;
            }
            if end < annotation.text.len() {
                warnings.push(Warning::new(format!("an annotation text was cut after {end} bytes")));
            }
            aux(&mut out, &annotation.text[..end]);
        }
    }
    out.extend([0, 0]);
    out
}

fn aux(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u16 | (u16::from(AUX) << 10)).to_le_bytes());
    out.extend(text.as_bytes());
    out.extend(std::iter::repeat_n(0, text.len() % 2));
}
