//! A frame that a person describes: header bytes, counter, n values, footer. For boards without a
//! protocol of their own (NeuroPawn Knight, FreeEEG32, Olimex, hobby ADS129x).
//!
//! In step, a frame is taken if header, footer and counter fit; out of step only if another header
//! follows it, so that header bytes within data do not mislead.

use serde::{Deserialize, Serialize};

use super::event::{Place, add_samples};
use super::scan::{Scanner, clipped, missing};
use super::{Channel, Config, Decoder, Descriptor, DeviceEvent, GapCause, Losses, Protocol, Step, Until, UsbFilter, descriptor_of, flag};

/// Longest frame.
pub const MAX_BYTES: usize = 2048;

/// How values are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Number {
    /// 16 bits, signed.
    #[default]
    I16,
    /// 16 bits, unsigned.
    U16,
    /// 24 bits, signed.
    I24,
    /// 32 bits, signed.
    I32,
}

impl Number {
    fn size(self) -> usize {
        match self {
            Self::I16 | Self::U16 => 2,
            Self::I24 => 3,
            Self::I32 => 4,
        }
    }

    fn range(self) -> (i32, i32) {
        match self {
            Self::I16 => (i32::from(i16::MIN), i32::from(i16::MAX)),
            Self::U16 => (0, i32::from(u16::MAX)),
            Self::I24 => (-(1 << 23), (1 << 23) - 1),
            Self::I32 => (i32::MIN, i32::MAX),
        }
    }

    fn read(self, bytes: &[u8], big_endian: bool) -> i32 {
        let mut wide = [0u8; 4];
        // The value's bytes to the high end, big-endian; shifting right extends the sign.
        for (to, from) in wide.iter_mut().zip(0..bytes.len()) {
            *to = bytes[if big_endian { from } else { bytes.len() - 1 - from }];
        }
        let value = i32::from_be_bytes(wide);
        match self {
            Self::I16 => value >> 16,
            Self::U16 => (value as u32 >> 16) as i32,
            Self::I24 => value >> 8,
            Self::I32 => value,
        }
    }
}

/// A frame: `header | counter | skipped bytes | values | skipped bytes | footer`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrameFormat {
    /// First bytes of every frame; at least one.
    pub header: Vec<u8>,
    /// Bytes of the counter behind the header, 0, 1, 2 or 4, in the byte order of the values.
    pub counter_bytes: u8,
    /// Bytes between counter and values that are ignored.
    pub skip_before: u16,
    /// Values of a frame: one sample of each channel.
    pub channels: u16,
    /// How they are written.
    pub number: Number,
    /// Most significant byte first.
    pub big_endian: bool,
    /// Bytes between values and footer that are ignored.
    pub skip_after: u16,
    /// Last bytes of every frame.
    pub footer: Vec<u8>,
    /// Microvolts a count; none for uncalibrated.
    pub scale_uv: Option<f64>,
    /// Frames a second.
    pub rate_hz: f64,
}

impl FrameFormat {
    /// Bytes of a frame.
    pub fn bytes(&self) -> usize {
        let fixed = self.header.len() + usize::from(self.counter_bytes) + self.footer.len();
        fixed + usize::from(self.skip_before) + usize::from(self.skip_after) + usize::from(self.channels) * self.number.size()
    }

    /// Whether it can be decoded; else what to change, in a sentence.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.header.is_empty() {
            return Err("Give at least one header byte: frames are found by it.");
        }
        if !matches!(self.counter_bytes, 0 | 1 | 2 | 4) {
            return Err("A counter has 0, 1, 2 or 4 bytes.");
        }
        if self.channels == 0 || self.channels > 256 {
            return Err("Give 1 to 256 channels.");
        }
        if self.bytes() > MAX_BYTES {
            return Err("The frame is longer than 2048 bytes: take off skipped bytes or channels.");
        }
        if !(self.rate_hz.is_finite() && self.rate_hz > 0.0 && self.rate_hz <= 1e7) {
            return Err("Give the rate in frames a second.");
        }
        if self.scale_uv.is_some_and(|s| !s.is_finite() || s == 0.0) {
            return Err("The scale is microvolts a count, or left empty.");
        }
        Ok(())
    }
}

/// The protocol.
pub struct Generic;

impl Generic {
    /// The format of a config, or one that finds nothing where it makes no sense.
    fn format(config: &Config) -> Option<FrameFormat> {
        config.frame.clone().filter(|f| f.check().is_ok())
    }
}

impl Protocol for Generic {
    fn id(&self) -> &'static str {
        "generic"
    }

    fn name(&self) -> &'static str {
        "frames as described"
    }

    fn maker(&self) -> &'static str {
        ""
    }

    fn bauds(&self) -> &'static [u32] {
        &[115_200, 57_600, 921_600, 230_400]
    }

    fn usb(&self) -> &'static [UsbFilter] {
        const USB: &[UsbFilter] = &[
            UsbFilter::product(0x10c4, 0xea60),
            UsbFilter::vendor(0x1a86),
            UsbFilter::product(0x0403, 0x6001),
            UsbFilter::product(0x0483, 0x5740),
        ];
        USB
    }

    fn start(&self, _config: &Config) -> Vec<Step> {
        vec![Step { write: Vec::new(), until: Until::Samples, timeout_ms: 3000, tries: 1, needed: true }]
    }

    fn stop(&self, _config: &Config) -> Vec<u8> {
        Vec::new()
    }

    fn describe(&self, config: &Config) -> Descriptor {
        let format = Self::format(config).unwrap_or_default();
        let rate = config.rate().or((format.rate_hz > 0.0).then_some(format.rate_hz));
        let bits = 8 * format.number.size() as u8;
        let scale = config.scale().or(format.scale_uv);
        let channel = |n: u16| {
            let channel = Channel::counts(format!("channel {}", u32::from(n) + 1), bits, rate);
            scale.map_or(channel.clone(), |scale| channel.microvolts(scale, 0.0))
        };
        descriptor_of(self, config, (0..format.channels).map(channel).collect(), rate)
    }

    fn decoder(&self, config: &Config) -> Box<dyn Decoder> {
        let format = Self::format(config);
        let range = format.as_ref().map_or((0, 0), |f| f.number.range());
        Box::new(decoder(format, self.describe(config), range, b""))
    }
}

/// A decoder of a format; one that finds nothing without it. Values at the ends of `range` are
/// clipped, printable bytes between frames that `end` follows are text.
pub(super) fn decoder(format: Option<FrameFormat>, descriptor: Descriptor, range: (i32, i32), end: &'static [u8]) -> GenericDecoder {
    let losses = Losses { countable: format.as_ref().is_some_and(|f| f.counter_bytes > 0), ..Losses::default() };
    let scanner = Scanner::with_words(end);
    GenericDecoder { format, descriptor: Some(descriptor), range, scanner, in_step: false, last: None, next: 0, losses }
}

/// Decoder of frames that a [`FrameFormat`] describes.
#[derive(Clone)]
pub(super) struct GenericDecoder {
    format: Option<FrameFormat>,
    descriptor: Option<Descriptor>,
    range: (i32, i32),
    scanner: Scanner,
    in_step: bool,
    last: Option<u64>,
    next: u64,
    losses: Losses,
}

impl Decoder for GenericDecoder {
    fn copy(&self) -> Box<dyn Decoder> {
        Box::new(self.clone())
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<DeviceEvent>) {
        out.extend(self.descriptor.take().map(|d| DeviceEvent::Described(Box::new(d))));
        self.scanner.push(bytes);
        let Some(format) = self.format.take() else {
            let n = self.scanner.rest().len();
            self.scanner.skip(n, &mut self.losses, out);
            return;
        };
        let length = format.bytes();
        loop {
            let rest = self.scanner.rest();
            if rest.len() < length {
                break;
            }
            let frame = &rest[..length];
            let fits = frame.starts_with(&format.header) && frame.ends_with(&format.footer);
            let counter = counter(frame, &format);
            let modulus = 1u64 << (8 * u32::from(format.counter_bytes));
            let follows = format.counter_bytes == 0 || self.last.is_none_or(|last| missing(last, counter, modulus) == 0);
            if fits && !(self.in_step && follows) {
                // Out of step, or a loss: the next frame must be there as well.
                let next = &rest[length..];
                if next.len() < format.header.len() {
                    break;
                }
                if !next.starts_with(&format.header) {
                    self.in_step = false;
                    self.scanner.skip(1, &mut self.losses, out);
                    continue;
                }
            }
            if !fits {
                self.in_step = false;
                self.scanner.skip(1, &mut self.losses, out);
                continue;
            }
            self.scanner.report(&mut self.losses, out);
            if let (Some(last), true) = (self.last, format.counter_bytes > 0) {
                let lost = missing(last, counter, modulus);
                if lost > 0 {
                    out.push(DeviceEvent::Gap { stream: 0, from: self.next, samples: lost, cause: GapCause::Link });
                    self.losses.link_frames += lost;
                    self.losses.link_samples += lost;
                    self.next += lost;
                }
            }
            self.last = Some(counter);
            self.in_step = true;
            self.take(&format, length, out);
        }
        self.format = Some(format);
    }

    fn losses(&self) -> Losses {
        self.losses
    }
}

impl GenericDecoder {
    fn take(&mut self, format: &FrameFormat, length: usize, out: &mut Vec<DeviceEvent>) {
        let from = format.header.len() + usize::from(format.counter_bytes) + usize::from(format.skip_before);
        let bytes = &self.scanner.rest()[from..length];
        let size = format.number.size();
        let values = bytes.chunks_exact(size).take(usize::from(format.channels)).map(|b| format.number.read(b, format.big_endian));
        let clip_mask = clipped(values.clone(), self.range.0, self.range.1);
        let flags = if clip_mask == 0 { 0 } else { flag::CLIPPED };
        add_samples(out, &Place { stream: 0, first: self.next, channels: format.channels, clip_mask, flags }, values);
        self.scanner.take(length);
        self.next += 1;
    }
}

fn counter(frame: &[u8], format: &FrameFormat) -> u64 {
    let n = usize::from(format.counter_bytes);
    let bytes = frame.get(format.header.len()..format.header.len() + n).unwrap_or_default();
    let push = |sum: u64, b: &u8| sum << 8 | u64::from(*b);
    if format.big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
}
