//! Backyard Brains SpikerBox and SpikerShield (the SpikeRecorder protocol).
//!
//! A sample is two bytes a channel, `1mmmmmmm 0lllllll` for the first and `0mmmmmmm 0lllllll` for the
//! others; only a frame's first byte has bit 7. Messages stand at any place, even within a frame:
//! `FF FF 01 01 80 FF` text `FF FF 01 01 81 FF` (Spike-Recorder ArduinoSerial.cpp, SpikerBox USB
//! communication guide). `EVNT:n;` belongs to the next sample.
//!
//! There is neither counter nor checksum: a broken frame is seen and counts as one lost sample, a lost
//! frame is not ([`Losses::countable`] is false). How many channels come is read off the bytes: when
//! sixteen frames in a row have another length, the device has changed its channels. Values are never
//! calibrated by the device.

use super::event::{Place, add_samples};
use super::scan::clipped;
use super::{
    Channel, Config, Decoder, Descriptor, DeviceEvent, GapCause, Heard, Losses, Mark, MarkKind, Opening, Protocol, Question, Reject, Step,
    TickTime, Until, UsbFilter, descriptor_of, flag,
};

const OPEN: [u8; 6] = [0xff, 0xff, 0x01, 0x01, 0x80, 0xff];
const CLOSE: [u8; 6] = [0xff, 0xff, 0x01, 0x01, 0x81, 0xff];
/// Longest message.
const MAX_MESSAGE: usize = 512;
const MAX_CHANNELS: usize = 8;
/// Frames of another length in a row that change the number of channels.
const SURE: u8 = 16;

/// Hardware name, channels, bits, rate of each channel.
const BOARDS: &[(&str, u16, u8, f64)] = &[
    ("MUSCLESS", 1, 10, 10_000.0),
    ("HEARTSS", 1, 10, 10_000.0),
    ("PLANTSS", 1, 10, 10_000.0),
    ("NEURONSS", 1, 10, 10_000.0),
    ("MUSCUSB1", 1, 10, 10_000.0),
    ("HBLEOSB", 1, 10, 10_000.0),
    ("HBSBPRO", 2, 10, 10_000.0),
    ("MSBPCDC", 2, 10, 10_000.0),
    ("NSBPCDC", 2, 10, 10_000.0),
    ("NEURONSB", 2, 10, 10_000.0),
    ("NRNSBPRO", 2, 14, 20_000.0),
    ("HUMANSB", 2, 14, 5_000.0),
    ("HHIBOX", 2, 14, 5_000.0),
    ("UNIBOX", 2, 14, 42_661.0),
];

/// The protocol.
pub(super) struct SpikerBox;

fn board(model: &str) -> Option<&'static (&'static str, u16, u8, f64)> {
    BOARDS.iter().find(|b| b.0 == model)
}

fn shape(config: &Config) -> (u16, u8, f64) {
    let &(_, channels, bits, rate) = board(&config.model).unwrap_or(&("", 1, 10, 10_000.0));
    let wanted = if config.channels == 0 { channels } else { config.channels.min(MAX_CHANNELS as u16) };
    // One converter goes round: a shield of 10 kHz has 10 kHz / n a channel, a box of two keeps its rate
    // and halves it for more.
    let rate = match (channels, wanted) {
        (1, n) => rate / f64::from(n),
        (2, 3..) if rate == 10_000.0 => rate / 2.0,
        _ => rate,
    };
    let bits = if config.bits == 0 { bits } else { config.bits.clamp(8, 14) };
    (wanted, bits, config.rate().unwrap_or(rate))
}

impl Protocol for SpikerBox {
    fn id(&self) -> &'static str {
        "spikerbox"
    }

    fn name(&self) -> &'static str {
        "SpikerBox"
    }

    fn maker(&self) -> &'static str {
        "Backyard Brains"
    }

    fn bauds(&self) -> &'static [u32] {
        &[222_222, 230_400, 500_000]
    }

    fn usb(&self) -> &'static [UsbFilter] {
        const USB: &[UsbFilter] = &[
            UsbFilter::product(0x2e73, 0x0004),
            UsbFilter::product(0x2e73, 0x0006),
            UsbFilter::product(0x2e73, 0x0007),
            UsbFilter::product(0x0403, 0x6015),
            UsbFilter::vendor(0x2341),
            UsbFilter::vendor(0x2a03),
        ];
        USB
    }

    fn opening(&self) -> Opening {
        Opening { settle_ms: 2000, ..Opening::default() }
    }

    fn question(&self) -> Option<Question> {
        Some(Question { bytes: b"b:;\n", answer_ms: 600 })
    }

    fn answer(&self, heard: &[u8]) -> Heard {
        let at = heard.windows(4).position(|w| w == b"HWT:");
        let Some(rest) = at.and_then(|at| heard.get(at + 4..)) else { return Heard::Nothing };
        let Some(end) = rest.iter().take(16).position(|b| *b == b';') else { return Heard::Nothing };
        let model = String::from_utf8_lossy(&rest[..end]).into_owned();
        if !model.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Heard::Nothing;
        }
        let config = Config { model, ..Config::of(self.id()) };
        let (channels, bits, rate) = shape(&config);
        Heard::Device(Config { channels, bits, rate_hz: Some(rate), ..config })
    }

    fn overheard(&self, heard: &[u8]) -> Heard {
        if let Heard::Device(config) = self.answer(heard) {
            return Heard::Device(config);
        }
        // 64 frames of one length in a row, and values that a converter of 10 or 14 bits can give.
        let starts: Vec<usize> = (0..heard.len()).filter(|at| heard[*at] & 0x80 != 0).collect();
        let lengths: Vec<usize> = starts.windows(2).map(|w| w[1] - w[0]).collect();
        let same = lengths.windows(64).find(|w| w.iter().all(|n| *n == w[0] && n % 2 == 0 && *n <= 2 * MAX_CHANNELS));
        let narrow = starts.iter().all(|at| heard[*at] & 0x78 == 0);
        same.map_or(Heard::Nothing, |w| {
            let channels = (w[0] / 2) as u16;
            Heard::Partly(Config { channels, bits: if narrow { 10 } else { 14 }, ..Config::of(self.id()) })
        })
    }

    fn start(&self, config: &Config) -> Vec<Step> {
        let step = |write: Vec<u8>, until, timeout_ms, needed| Step { write, until, timeout_ms, tries: 1, needed };
        let mut steps = Vec::new();
        // A shield sends from its reset on; only more than one channel must be asked for.
        let own = board(&config.model).map_or(1, |b| b.1);
        if own == 1 && config.channels > 1 {
            let conf = format!("conf s:10000;c:{};\n", config.channels.min(6));
            steps.push(step(conf.into_bytes(), Until::Time, 200, false));
        }
        steps.push(step(Vec::new(), Until::Samples, 700, false));
        steps.push(step(b"start:;\n".to_vec(), Until::Samples, 2000, true));
        steps
    }

    fn stop(&self, config: &Config) -> Vec<u8> {
        // Shields know no stop; boxes do.
        if board(&config.model).is_some_and(|b| b.1 > 1) { b"h:;\n".to_vec() } else { Vec::new() }
    }

    fn describe(&self, config: &Config) -> Descriptor {
        let (channels, bits, rate) = shape(config);
        let middle = 2f64.powi(i32::from(bits) - 1);
        let one = |n: u16| {
            let channel = Channel::counts(format!("channel {}", n + 1), bits, Some(rate));
            config.scale().map_or(channel.clone(), |scale| channel.microvolts(scale, -scale * middle))
        };
        descriptor_of(self, config, (0..channels).map(one).collect(), Some(rate))
    }

    fn decoder(&self, config: &Config) -> Box<dyn Decoder> {
        let (channels, bits, _) = shape(config);
        Box::new(SpikerBoxDecoder {
            config: config.clone(),
            channels: usize::from(channels.max(1)),
            top: (1 << bits) - 1,
            untold: true,
            held: Vec::with_capacity(16),
            message: None,
            frame: [0; 2 * MAX_CHANNELS],
            have: 0,
            since_start: 0,
            other: (0, 0),
            broken: 0,
            in_step: false,
            next: 0,
            losses: Losses::default(),
        })
    }
}

#[derive(Clone)]
struct SpikerBoxDecoder {
    config: Config,
    channels: usize,
    top: i32,
    untold: bool,
    /// Bytes that may be the beginning of a message's mark.
    held: Vec<u8>,
    /// Text of the message on its way.
    message: Option<Vec<u8>>,
    frame: [u8; 2 * MAX_CHANNELS],
    have: usize,
    /// Bytes since a byte with bit 7, and another length that was seen how often in a row.
    since_start: usize,
    other: (usize, u8),
    /// Bytes that belong to no frame since the last good one.
    broken: u32,
    in_step: bool,
    next: u64,
    losses: Losses,
}

impl Decoder for SpikerBoxDecoder {
    fn copy(&self) -> Box<dyn Decoder> {
        Box::new(self.clone())
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<DeviceEvent>) {
        self.tell(out);
        for &byte in bytes {
            if self.held.is_empty() && byte != 0xff {
                self.plain(byte, out);
                continue;
            }
            self.held.push(byte);
            self.held(out);
        }
    }

    fn losses(&self) -> Losses {
        self.losses
    }
}

impl SpikerBoxDecoder {
    /// Bytes that may be a mark: as long as they are the beginning of one they wait.
    fn held(&mut self, out: &mut Vec<DeviceEvent>) {
        while !self.held.is_empty() {
            let mark = if self.message.is_some() { CLOSE } else { OPEN };
            if self.held == mark {
                self.held.clear();
                match self.message.take() {
                    None => self.message = Some(Vec::new()),
                    Some(text) => self.said(&text, out),
                }
            } else if mark.starts_with(&self.held) {
                return;
            } else {
                let byte = self.held.remove(0);
                self.plain(byte, out);
            }
        }
    }

    fn plain(&mut self, byte: u8, out: &mut Vec<DeviceEvent>) {
        match &mut self.message {
            Some(text) if text.len() < MAX_MESSAGE && (byte.is_ascii_graphic() || b" \r\n\t".contains(&byte)) => text.push(byte),
            Some(text) => {
                // Not a message after all, or its end was lost.
                let n = text.len() as u32 + 1;
                self.message = None;
                self.losses.skipped_bytes += u64::from(n);
                out.push(DeviceEvent::Rejected { bytes: n, why: Reject::TooLong });
            }
            None => self.data(byte, out),
        }
    }

    fn data(&mut self, byte: u8, out: &mut Vec<DeviceEvent>) {
        if byte & 0x80 != 0 {
            self.length(out);
            self.since_start = 1;
            if self.have != 0 {
                self.broken += self.have as u32;
            }
            if self.broken > 0 {
                self.losses.skipped_bytes += u64::from(self.broken);
                out.push(DeviceEvent::Rejected { bytes: self.broken, why: Reject::NoFrame });
                self.broken = 0;
                if self.in_step {
                    out.push(DeviceEvent::Gap { stream: 0, from: self.next, samples: 1, cause: GapCause::Link });
                    self.losses.link_frames += 1;
                    self.losses.link_samples += 1;
                    self.next += 1;
                }
            }
            self.frame[0] = byte & 0x7f;
            self.have = 1;
        } else {
            self.since_start = (self.since_start + 1).min(1000);
            if self.have == 0 {
                self.broken += 1;
                if self.broken >= 1024 {
                    self.losses.skipped_bytes += u64::from(self.broken);
                    out.push(DeviceEvent::Rejected { bytes: self.broken, why: Reject::NoFrame });
                    (self.broken, self.in_step) = (0, false);
                }
                return;
            }
            if let Some(to) = self.frame.get_mut(self.have) {
                *to = byte;
            }
            self.have += 1;
        }
        if self.have == 2 * self.channels {
            self.have = 0;
            self.in_step = true;
            let values = self.frame[..2 * self.channels].as_chunks::<2>().0.iter().map(|b| i32::from(b[0]) << 7 | i32::from(b[1]));
            let clip_mask = clipped(values.clone(), 0, self.top);
            let flags = if clip_mask == 0 { 0 } else { flag::CLIPPED };
            add_samples(out, &Place { stream: 0, first: self.next, channels: self.channels as u16, clip_mask, flags }, values);
            self.next += 1;
        }
    }

    /// A frame has ended by the beginning of the next: does its length say another number of channels?
    fn length(&mut self, out: &mut Vec<DeviceEvent>) {
        let length = self.since_start;
        if length == 2 * self.channels || length == 0 || length % 2 == 1 || length > 2 * MAX_CHANNELS {
            self.other = (0, 0);
            return;
        }
        self.other = if self.other.0 == length { (length, self.other.1 + 1) } else { (length, 1) };
        if self.other.1 >= SURE {
            self.other = (0, 0);
            self.channels = length / 2;
            (self.have, self.in_step) = (0, false);
            (self.config.channels, self.config.rate_hz) = (self.channels as u16, None);
            self.untold = true;
            self.tell(out);
        }
    }

    fn tell(&mut self, out: &mut Vec<DeviceEvent>) {
        if std::mem::take(&mut self.untold) {
            out.push(DeviceEvent::Described(Box::new(SpikerBox.describe(&self.config))));
        }
    }

    fn said(&mut self, text: &[u8], out: &mut Vec<DeviceEvent>) {
        let text = String::from_utf8_lossy(text).into_owned();
        for (key, value) in text.split(';').filter_map(|part| part.trim().split_once(':')) {
            match key {
                "EVNT" => {
                    let at = TickTime { tick: self.next as i64, frac: 0 };
                    let code = value.trim().parse().unwrap_or(0);
                    out.push(DeviceEvent::Mark(Mark { kind: MarkKind::Marker, source: 0, at, code, id: None, text: String::new() }));
                }
                "HWT" if self.config.model != value && board(value).is_some() => {
                    self.config.model = value.to_owned();
                    let (_, bits, _) = shape(&Config { bits: 0, ..self.config.clone() });
                    (self.config.bits, self.top) = (bits, (1 << bits) - 1);
                    self.config.channels = self.channels as u16;
                    self.untold = true;
                    self.tell(out);
                }
                "FWV" if self.config.firmware != value => {
                    self.config.firmware = value.to_owned();
                    self.untold = true;
                    self.tell(out);
                }
                _ => {}
            }
        }
        out.push(DeviceEvent::Text(text));
    }
}
