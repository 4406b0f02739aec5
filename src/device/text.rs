//! Numbers in lines of text: Arduino Serial Plotter, MyoWare, BioAmp, Grove.
//!
//! A line ends with a newline; parts are separated by space, tab or comma; a part is `label:value`,
//! `value` or `label:`; a line of labels alone names the columns (arduino-serial-plotter-webapp
//! protocol.md). Other lines are text. Another number of columns is a new description. The first line
//! is never a sample: the program may have come in the middle of it.
//!
//! There is no clock and no counter. The rate is what a person states, or [`super::ClockFit`] over the
//! count of samples and the times of arrival, which the caller knows. Values are the device's numbers.

use super::event::{Place, add_floats};
use super::{
    Channel, Config, Decoder, Descriptor, DeviceEvent, Heard, Losses, Opening, Protocol, Reject, Step, Until, UsbFilter, descriptor_of,
};

/// Longest line.
const MAX_LINE: usize = 512;
const MAX_COLUMNS: usize = 32;

/// The protocol.
pub struct TextLines;

impl Protocol for TextLines {
    fn id(&self) -> &'static str {
        "text"
    }

    fn name(&self) -> &'static str {
        "lines of numbers"
    }

    fn maker(&self) -> &'static str {
        ""
    }

    fn bauds(&self) -> &'static [u32] {
        &[115_200, 9600, 57_600, 230_400]
    }

    fn usb(&self) -> &'static [UsbFilter] {
        const USB: &[UsbFilter] =
            &[UsbFilter::vendor(0x2341), UsbFilter::vendor(0x2a03), UsbFilter::vendor(0x1a86), UsbFilter::product(0x10c4, 0xea60)];
        USB
    }

    fn opening(&self) -> Opening {
        Opening { settle_ms: 2000, ..Opening::default() }
    }

    fn overheard(&self, heard: &[u8]) -> Heard {
        let text = String::from_utf8_lossy(heard);
        let mut lines = text.split('\n');
        // The first may be part of a line, the last is one that has not ended.
        lines.next();
        lines.next_back();
        let rows: Vec<usize> = lines.filter_map(|line| if let Line::Values(v) = parse(line) { Some(v.len()) } else { None }).collect();
        match rows[..] {
            [.., a, b] if a == b => Heard::Device(Config { channels: a as u16, ..Config::of(self.id()) }),
            _ => Heard::Nothing,
        }
    }

    fn start(&self, _config: &Config) -> Vec<Step> {
        vec![Step { write: Vec::new(), until: Until::Samples, timeout_ms: 5000, tries: 1, needed: true }]
    }

    fn stop(&self, _config: &Config) -> Vec<u8> {
        Vec::new()
    }

    fn describe(&self, config: &Config) -> Descriptor {
        let columns = usize::from(config.channels.clamp(1, MAX_COLUMNS as u16));
        describe(config, &vec![String::new(); columns])
    }

    fn decoder(&self, config: &Config) -> Box<dyn Decoder> {
        Box::new(TextDecoder {
            config: config.clone(),
            labels: Vec::new(),
            line: Vec::new(),
            first: true,
            overlong: false,
            next: 0,
            losses: Losses::default(),
        })
    }
}

fn describe(config: &Config, labels: &[String]) -> Descriptor {
    let one = |(n, label): (usize, &String)| {
        let label = if label.is_empty() { format!("column {}", n + 1) } else { label.clone() };
        let bits = if config.bits == 0 { 10 } else { config.bits.min(32) };
        let channel = Channel::counts(label, bits, config.rate());
        config.scale().map_or(channel.clone(), |scale| channel.microvolts(scale, 0.0))
    };
    descriptor_of(&TextLines, config, labels.iter().enumerate().map(one).collect(), config.rate())
}

/// What a line is.
enum Line {
    /// A sample: a label (or an empty one) and a value a column.
    Values(Vec<(String, f32)>),
    /// Labels of columns.
    Labels(Vec<String>),
    /// Numbers that are none: NaN, infinite, too many.
    Bad,
    /// Anything else.
    Words,
    /// Nothing.
    Empty,
}

fn parse(line: &str) -> Line {
    let parts: Vec<&str> = line.split([' ', '\t', ',', '\r']).filter(|p| !p.is_empty()).collect();
    if parts.is_empty() {
        return Line::Empty;
    }
    let (mut values, mut labels, mut bad) = (Vec::new(), Vec::new(), parts.len() > MAX_COLUMNS);
    for part in parts {
        let (label, number) = part.rsplit_once(':').unwrap_or(("", part));
        if number.is_empty() && !label.is_empty() {
            labels.push(label.to_owned());
            continue;
        }
        let Ok(value) = number.parse::<f32>() else { return Line::Words };
        bad |= !value.is_finite();
        values.push((label.to_owned(), value));
    }
    match (values.is_empty(), labels.is_empty()) {
        _ if bad => Line::Bad,
        (false, true) => Line::Values(values),
        (true, false) => Line::Labels(labels),
        _ => Line::Words,
    }
}

#[derive(Clone)]
struct TextDecoder {
    config: Config,
    labels: Vec<String>,
    line: Vec<u8>,
    first: bool,
    overlong: bool,
    next: u64,
    losses: Losses,
}

impl Decoder for TextDecoder {
    fn copy(&self) -> Box<dyn Decoder> {
        Box::new(self.clone())
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<DeviceEvent>) {
        for &byte in bytes {
            if byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                if std::mem::take(&mut self.first) || std::mem::take(&mut self.overlong) {
                    self.reject(line.len(), Reject::NoFrame, out);
                } else {
                    self.line(&line, out);
                }
                self.line = line;
                self.line.clear();
            } else if self.line.len() < MAX_LINE {
                self.line.push(byte);
            } else {
                let n = self.line.len();
                self.line.clear();
                self.overlong = true;
                self.reject(n, Reject::TooLong, out);
                self.line.push(byte);
            }
        }
    }

    fn losses(&self) -> Losses {
        self.losses
    }
}

impl TextDecoder {
    fn reject(&mut self, n: usize, why: Reject, out: &mut Vec<DeviceEvent>) {
        if n > 0 {
            self.losses.skipped_bytes += n as u64;
            out.push(DeviceEvent::Rejected { bytes: n as u32, why });
        }
    }

    fn line(&mut self, line: &[u8], out: &mut Vec<DeviceEvent>) {
        let Ok(text) = std::str::from_utf8(line) else { return self.reject(line.len(), Reject::NoFrame, out) };
        match parse(text) {
            Line::Empty => {}
            Line::Words => out.push(DeviceEvent::Text(text.trim().to_owned())),
            Line::Bad => {
                self.losses.malformed += 1;
                out.push(DeviceEvent::Rejected { bytes: line.len() as u32, why: Reject::Malformed });
            }
            Line::Labels(labels) => {
                if labels.len() <= MAX_COLUMNS && self.labels != labels {
                    self.labels = labels;
                    out.push(DeviceEvent::Described(Box::new(describe(&self.config, &self.labels))));
                }
            }
            Line::Values(values) => {
                let named = values.iter().any(|(label, _)| !label.is_empty());
                let renamed = named && !values.iter().map(|(label, _)| label).eq(&self.labels);
                if values.len() != self.labels.len() || renamed {
                    self.labels = values.iter().map(|(label, _)| label.clone()).collect();
                    out.push(DeviceEvent::Described(Box::new(describe(&self.config, &self.labels))));
                }
                let place = Place { stream: 0, first: self.next, channels: values.len() as u16, clip_mask: 0, flags: 0 };
                add_floats(out, &place, values.iter().map(|(_, value)| *value));
                self.next += 1;
            }
        }
    }
}
