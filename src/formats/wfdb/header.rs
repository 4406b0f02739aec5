//! WFDB header files: record line, signal or segment lines, comments.
//!
//! Specification: header(5) of the WFDB Applications Guide (PhysioNet). Lines end with LF, CR LF or
//! (old Macintosh files) CR alone. Missing optional fields take the guide's defaults. Parsing is
//! linear in the text and holds one entry a line; limits stand below.

use crate::formats::ReadError;
use crate::model::Warning;

/// Longest header that is read, bytes.
pub const MAX_HEADER: u64 = 8 << 20;
/// Most signals or segments.
pub const MAX_LINES: u64 = 100_000;
/// Most samples a signal may have in one frame.
pub const MAX_PER_FRAME: u64 = 100_000;
/// Default sampling frequency, Hz (header(5), record line).
pub const DEFAULT_FS: f64 = 250.0;
/// Default gain in ADC units a physical unit (header(5), ADC gain).
pub const DEFAULT_GAIN: f64 = 200.0;

/// A parsed header.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Header {
    /// Record name.
    pub name: String,
    /// Frames a second, Hz.
    pub fs_hz: f64,
    /// Counter frequency, Hz, and its value at sample 0, when given.
    pub counter: Option<(f64, f64)>,
    /// Frames in the record, when given and not 0.
    pub frames: Option<u64>,
    /// Time of day as written.
    pub time: Option<String>,
    /// Date as written (DD/MM/YYYY).
    pub date: Option<String>,
    /// Signals; for a multi-segment record empty.
    pub signals: Vec<Signal>,
    /// Segments; `None` for a single-segment record.
    pub segments: Option<Vec<Segment>>,
    /// How many signals the record line promises.
    pub signal_count: usize,
    /// Comments without `#` and surrounding blanks.
    pub comments: Vec<String>,
}

/// One signal line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signal {
    /// File that holds it, `~` for none.
    pub file: String,
    /// Format code (16, 212, ...).
    pub format: u32,
    /// Samples in one frame.
    pub per_frame: usize,
    /// Skew in frames.
    pub skew: u64,
    /// Byte of the first sample.
    pub offset: u64,
    /// ADC units a physical unit; finite, not 0.
    pub gain: f64,
    /// ADC value of physical 0.
    pub baseline: i64,
    /// Unit.
    pub unit: String,
    /// ADC resolution in bits, when given.
    pub bits: Option<u32>,
    /// Value of the sample before the first (format 8 counts from it).
    pub initial: i64,
    /// Sum of all samples modulo 65536, when given and not 0.
    pub checksum: Option<u16>,
    /// Description; empty when not given.
    pub description: String,
    /// Byte at which the line begins.
    pub at: u64,
}

/// One segment line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Segment {
    /// Record name of the segment, `~` for a gap.
    pub name: String,
    /// Its length in frames.
    pub frames: u64,
}

/// Lines with the byte at which each begins.
fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let mut at = 0;
    text.split_inclusive(['\n', '\r']).map(move |line| {
        let begin = at;
        at += line.len() as u64;
        (begin, line.trim_end_matches(['\n', '\r']))
    })
}

/// Whether `text` begins like a header: a record line and, where the text goes on, a plausible line
/// behind it.
pub fn looks_like_header(text: &str) -> bool {
    let mut content = lines(text).map(|(_, line)| line.trim()).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(first) = content.next() else { return false };
    let mut fields = first.split_ascii_whitespace();
    let name = fields.next().unwrap_or("");
    let record_name = name.split('/').next().unwrap_or("");
    let named = !record_name.is_empty() && record_name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if !named || fields.next().and_then(|n| n.parse::<u32>().ok()).is_none() {
        return false;
    }
    if fields.next().is_some_and(|fs| fs.split(['/', '(']).next().and_then(|fs| fs.parse::<f64>().ok()).is_none()) {
        return false;
    }
    match content.next().map(|line| line.split_ascii_whitespace().nth(1).unwrap_or("").to_owned()) {
        None => true,
        Some(second) => second.bytes().next().is_some_and(|b| b.is_ascii_digit()),
    }
}

/// Whether `text` is a header beyond doubt, without a name that says so: rows of numbers look like
/// record lines, too, but name no record and no signal file.
pub fn is_certainly_header(text: &str) -> bool {
    let mut content = lines(text).map(|(_, line)| line.trim()).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut name = || content.next().and_then(|line| line.split_ascii_whitespace().next()).unwrap_or("");
    let (record, file) = (name(), name());
    let lettered = |s: &str| s.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) && s.parse::<f64>().is_err();
    looks_like_header(text) && lettered(record) && lettered(file) && file.contains('.')
}

/// Parses a header. What is odd goes to `warnings`.
///
/// # Errors
/// When the record line or a signal line cannot be understood, or a limit is passed.
pub fn parse(text: &str, warnings: &mut Vec<Warning>) -> Result<Header, ReadError> {
    let mut header = Header::default();
    let mut content = Vec::new();
    for (at, line) in lines(text) {
        let line = line.trim();
        match line.strip_prefix('#') {
            Some(comment) => header.comments.push(comment.trim().to_owned()),
            None if !line.is_empty() => content.push((at, line)),
            None => {}
        }
    }
    let mut content = content.into_iter();
    let (at, line) = content.next().ok_or_else(|| ReadError::malformed(0, "record line: the header is empty"))?;
    let promised = record_line(&mut header, at, line, warnings)?;
    let rest: Vec<(u64, &str)> = content.take(promised).collect();
    if rest.len() < promised {
        let kind = if header.segments.is_some() { "segment" } else { "signal" };
        let what = format!("record line: {promised} {kind} lines are promised, {} follow", rest.len());
        // Fewer lines still describe what they describe; none at all describe nothing.
        if rest.is_empty() || header.segments.is_some() {
            return Err(ReadError::malformed(at, what));
        }
        warnings.push(Warning::at("number of signals", at, what));
        header.signal_count = rest.len();
    }
    if let Some(segments) = &mut header.segments {
        for (at, line) in rest {
            let mut fields = line.split_ascii_whitespace();
            let name = fields.next().unwrap_or("").to_owned();
            let frames = fields.next().and_then(|n| n.parse().ok());
            let frames = frames.ok_or_else(|| ReadError::malformed(at, "segment line: the number of samples is not a number"))?;
            segments.push(Segment { name, frames });
        }
    } else {
        for (at, line) in rest {
            header.signals.push(signal_line(at, line, warnings)?);
        }
    }
    Ok(header)
}

/// Fills `header` from the record line; returns how many lines follow.
fn record_line(header: &mut Header, at: u64, line: &str, warnings: &mut Vec<Warning>) -> Result<usize, ReadError> {
    let mut fields = line.split_ascii_whitespace();
    let name = fields.next().unwrap_or("");
    let (name, segments) = name.split_once('/').map_or((name, None), |(name, n)| (name, Some(n)));
    name.clone_into(&mut header.name);
    let number = |text: &str, field: &str| -> Result<u64, ReadError> {
        let n = text.parse().map_err(|_| ReadError::malformed(at, format!("{field}: \"{text}\" is not a whole number")))?;
        if n > MAX_LINES { Err(ReadError::Limit { what: format!("{field} ({n})"), max: MAX_LINES }) } else { Ok(n) }
    };
    let segments = segments.map(|n| number(n, "number of segments")).transpose()?;
    let signals = fields.next().ok_or_else(|| ReadError::malformed(at, "record line: the number of signals is missing"))?;
    header.signal_count = number(signals, "number of signals")? as usize;
    header.fs_hz = DEFAULT_FS;
    if let Some(rate) = fields.next() {
        let (fs, counter) = rate.split_once('/').map_or((rate, None), |(fs, counter)| (fs, Some(counter)));
        let fs_hz: f64 = fs.parse().map_err(|_| ReadError::malformed(at, format!("sampling frequency: \"{fs}\" is not a number")))?;
        if !(1e-6..=1e9).contains(&fs_hz) {
            return Err(ReadError::malformed(at, format!("sampling frequency: {fs} Hz is not between 0.000001 and a billion")));
        }
        header.fs_hz = fs_hz;
        if let Some(counter) = counter {
            let (hz, base) = counter.split_once('(').unwrap_or((counter, "0"));
            let base = base.trim_end_matches(')');
            match hz.parse().ok().zip(base.parse().ok()) {
                Some(counter) => header.counter = Some(counter),
                None => warnings.push(Warning::at("counter frequency", at, format!("\"{counter}\" is not understood and was left out"))),
            }
        }
    }
    if let Some(frames) = fields.next() {
        let n: u64 =
            frames.parse().map_err(|_| ReadError::malformed(at, format!("samples per signal: \"{frames}\" is not a whole number")))?;
        header.frames = Some(n).filter(|n| *n > 0);
    }
    header.time = fields.next().map(str::to_owned);
    header.date = fields.next().map(str::to_owned);
    if let Some(n) = segments {
        header.segments = Some(Vec::new());
        return Ok(n as usize);
    }
    Ok(header.signal_count)
}

/// The number that `text` begins with, and the rest.
fn leading_number(text: &str) -> (Option<u64>, &str) {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

fn signal_line(at: u64, line: &str, warnings: &mut Vec<Warning>) -> Result<Signal, ReadError> {
    let wrong = |field: &str, text: &str| ReadError::malformed(at, format!("{field}: \"{text}\" is not understood"));
    let mut rest = line;
    let mut next = || -> Option<&str> {
        rest = rest.trim_start();
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (field, behind) = rest.split_at(end);
        rest = behind;
        (!field.is_empty()).then_some(field)
    };
    let file = next().unwrap_or("").to_owned();
    let format_text = next().ok_or_else(|| ReadError::malformed(at, "signal line: the format is missing"))?;
    let (format, mut tail) = leading_number(format_text);
    let format = format.and_then(|f| u32::try_from(f).ok()).ok_or_else(|| wrong("format", format_text))?;
    let mut signal = Signal { file, format, per_frame: 1, gain: DEFAULT_GAIN, unit: "mV".to_owned(), at, ..Signal::default() };
    while let Some(mark) = tail.chars().next() {
        let (value, behind) = leading_number(&tail[mark.len_utf8()..]);
        match (mark, value) {
            ('x', Some(n)) if n > MAX_PER_FRAME => {
                return Err(ReadError::Limit { what: format!("samples per frame ({n})"), max: MAX_PER_FRAME });
            }
            ('x', Some(n)) => signal.per_frame = (n as usize).max(1),
            (':', Some(n)) => signal.skew = n,
            ('+', Some(n)) => signal.offset = n,
            _ => return Err(wrong("format", format_text)),
        }
        tail = behind;
    }
    let mut baseline = None;
    if let Some(text) = next() {
        let (numbers, unit) = text.split_once('/').map_or((text, None), |(numbers, unit)| (numbers, Some(unit)));
        let (gain, base) = numbers.split_once('(').map_or((numbers, None), |(gain, base)| (gain, Some(base.trim_end_matches(')'))));
        signal.gain = gain.parse().ok().filter(|g: &f64| g.is_finite()).ok_or_else(|| wrong("ADC gain", text))?;
        baseline = base.map(|base| base.parse::<i64>().map_err(|_| wrong("baseline", text))).transpose()?;
        if let Some(unit) = unit.filter(|unit| !unit.is_empty()) {
            unit.clone_into(&mut signal.unit);
        }
        if signal.gain == 0.0 {
            signal.gain = DEFAULT_GAIN;
            let what = format!("a gain of 0 means \"not calibrated\": {DEFAULT_GAIN} units per {} were taken", signal.unit);
            warnings.push(Warning::at("ADC gain", at, what));
        }
    }
    let mut integer = |field: &str| -> Result<Option<i64>, ReadError> {
        let Some(text) = next() else { return Ok(None) };
        text.parse::<i64>().map(Some).map_err(|_| wrong(field, text))
    };
    signal.bits = integer("ADC resolution")?.and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=32).contains(n));
    let zero = integer("ADC zero")?.unwrap_or(0);
    signal.baseline = baseline.unwrap_or(zero);
    signal.initial = integer("initial value")?.unwrap_or(zero);
    // Written signed or unsigned; only 16 bits count. Writers that compute none put 0.
    signal.checksum = integer("checksum")?.map(|sum| sum as u16).filter(|sum| *sum != 0);
    integer("block size")?;
    rest.trim().clone_into(&mut signal.description);
    if signal.baseline.unsigned_abs() > u64::from(u32::MAX) {
        return Err(ReadError::malformed(at, format!("baseline: {} does not fit 32 bits", signal.baseline)));
    }
    Ok(signal)
}
