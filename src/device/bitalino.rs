//! BITalino (r)evolution, over Bluetooth SPP or cable.
//!
//! Frame of n channels, 3 to 8 bytes, read backwards: last byte `seq | CRC`, then digital lines and
//! channels of 10 bits (the fifth and sixth of 6), CRC-4 of x^4 + x + 1 (firmware-bitalino-revolution
//! live.c; revolution-python-api). Number and checksum are four bits each: out of step three frames in
//! a row must be right, and a loss of 16 frames at once cannot be seen.
//!
//! What sensor is at which input the device cannot tell: values are ADC units until a person states
//! the gain (1009 for its EMG sensor, which passes 25 to 480 Hz).

use super::event::{Place, add_samples};
use super::scan::{Scanner, clipped, missing};
use super::{
    Channel, Config, Decoder, Descriptor, DeviceEvent, GapCause, Heard, Losses, Mark, MarkKind, Protocol, Question, Reject, Step, TickTime,
    Until, UsbFilter, descriptor_of, flag,
};

const REFERENCE_UV: f64 = 3.3e6;

/// The protocol.
pub(super) struct Bitalino;

fn channels(config: &Config) -> u16 {
    if config.channels == 0 { 6 } else { config.channels.min(6) }
}

/// The nearest of the device's four rates, and the byte that sets it.
fn rate(config: &Config) -> (f64, u8) {
    let wanted = config.rate().unwrap_or(1000.0);
    match wanted {
        r if r < 5.0 => (1.0, 0x03),
        r if r < 50.0 => (10.0, 0x43),
        r if r < 500.0 => (100.0, 0x83),
        _ => (1000.0, 0xc3),
    }
}

fn frame_bytes(channels: u16) -> usize {
    match channels {
        0..=4 => (12 + 10 * usize::from(channels)).div_ceil(8),
        _ => 8,
    }
}

/// CRC-4 of a frame with its own four bits taken as 0.
fn crc4(frame: &[u8]) -> u8 {
    let mut x = 0u8;
    for (at, &byte) in frame.iter().enumerate() {
        let byte = if at + 1 == frame.len() { byte & 0xf0 } else { byte };
        for bit in (0..8).rev() {
            x <<= 1;
            if x & 0x10 != 0 {
                x ^= 3;
            }
            x ^= byte >> bit & 1;
        }
    }
    x & 15
}

/// Number of a frame whose checksum is right.
fn number(frame: &[u8]) -> Option<u8> {
    let last = *frame.last()?;
    (crc4(frame) == last & 15).then_some(last >> 4)
}

/// The six values of a frame; those that it does not hold are 0.
fn values(frame: &[u8]) -> [i32; 6] {
    let mut f = [0i32; 8];
    for (to, from) in f.iter_mut().rev().zip(frame.iter().rev()) {
        *to = i32::from(*from);
    }
    [
        (f[6] & 15) << 6 | f[5] >> 2,
        (f[5] & 3) << 8 | f[4],
        f[3] << 2 | f[2] >> 6,
        (f[2] & 63) << 4 | f[1] >> 4,
        (f[1] & 15) << 2 | f[0] >> 6,
        f[0] & 63,
    ]
}

impl Protocol for Bitalino {
    fn id(&self) -> &'static str {
        "bitalino"
    }

    fn name(&self) -> &'static str {
        "BITalino"
    }

    fn maker(&self) -> &'static str {
        "PLUX"
    }

    fn bauds(&self) -> &'static [u32] {
        &[115_200]
    }

    fn usb(&self) -> &'static [UsbFilter] {
        const USB: &[UsbFilter] = &[UsbFilter::product(0x0403, 0x6001)];
        USB
    }

    fn question(&self) -> Option<Question> {
        Some(Question { bytes: &[0x07], answer_ms: 400 })
    }

    fn hush(&self) -> &'static [u8] {
        &[0x00]
    }

    fn answer(&self, heard: &[u8]) -> Heard {
        let text = String::from_utf8_lossy(heard);
        let Some(version) = text.split("BITalino_v").nth(1).and_then(|t| t.split_once('\n')) else { return Heard::Nothing };
        Heard::Device(Config { firmware: version.0.trim().into(), channels: 6, bits: 10, rate_hz: Some(1000.0), ..Config::of(self.id()) })
    }

    fn overheard(&self, heard: &[u8]) -> Heard {
        for (channels, length) in [(6u16, 8), (4, 7), (3, 6), (2, 4), (1, 3)] {
            let at = |at: usize| heard.get(at..at + length).and_then(number);
            let row = |from: usize| {
                at(from).is_some_and(|first| (1..16).all(|k| at(from + k * length) == Some(first.wrapping_add(k as u8) & 15)))
            };
            if (0..length.min(heard.len())).any(row) {
                return Heard::Partly(Config { channels, bits: 10, rate_hz: Some(1000.0), ..Config::of(self.id()) });
            }
        }
        Heard::Nothing
    }

    fn start(&self, config: &Config) -> Vec<Step> {
        let mask = ((1u16 << channels(config)) - 1) as u8;
        // Commands must be 100 ms apart.
        let wait = |byte: u8| Step { write: vec![byte], until: Until::Time, timeout_ms: 150, tries: 1, needed: false };
        let live = Step { write: vec![mask << 2 | 1], until: Until::Samples, timeout_ms: 1500, tries: 2, needed: true };
        vec![wait(rate(config).1), live]
    }

    fn stop(&self, _config: &Config) -> Vec<u8> {
        vec![0x00]
    }

    fn describe(&self, config: &Config) -> Descriptor {
        let rate = rate(config).0;
        let one = |n: u16| {
            let bits = if n < 4 { 10 } else { 6 };
            let channel = Channel::counts(format!("A{}", n + 1), bits, Some(rate)).band(Some(25.0), Some(480.0));
            let Some(gain) = config.gain.filter(|g| g.is_finite() && *g > 0.0) else { return channel };
            let whole = REFERENCE_UV / gain;
            channel.microvolts(whole / 2f64.powi(i32::from(bits)), -whole / 2.0)
        };
        descriptor_of(self, config, (0..channels(config)).map(one).collect(), Some(rate))
    }

    fn decoder(&self, config: &Config) -> Box<dyn Decoder> {
        Box::new(BitalinoDecoder {
            descriptor: Some(self.describe(config)),
            channels: channels(config),
            scanner: Scanner::with_words(b"\n"),
            last: None,
            in_step: false,
            next: 0,
            digital: None,
            losses: Losses { countable: true, ..Losses::default() },
        })
    }
}

#[derive(Clone)]
struct BitalinoDecoder {
    descriptor: Option<Descriptor>,
    channels: u16,
    scanner: Scanner,
    last: Option<u8>,
    in_step: bool,
    next: u64,
    digital: Option<u8>,
    losses: Losses,
}

impl Decoder for BitalinoDecoder {
    fn copy(&self) -> Box<dyn Decoder> {
        Box::new(self.clone())
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<DeviceEvent>) {
        out.extend(self.descriptor.take().map(|d| DeviceEvent::Described(Box::new(d))));
        self.scanner.push(bytes);
        let length = frame_bytes(self.channels);
        loop {
            let rest = self.scanner.rest();
            let Some(now) = rest.get(..length) else { break };
            let now = number(now);
            let follows = self.last.map(|last| last.wrapping_add(1) & 15);
            if let Some(seq) = now.filter(|seq| self.in_step && Some(*seq) == follows) {
                self.take(seq, length, out);
                continue;
            }
            // Anything unexpected waits for two more frames to tell what it is.
            if rest.len() < 3 * length {
                break;
            }
            let then = |k: usize| rest.get(k * length..(k + 1) * length).and_then(number);
            let in_row = |seq: u8| then(1) == Some(seq.wrapping_add(1) & 15) && then(2) == Some(seq.wrapping_add(2) & 15);
            if let Some(seq) = now.filter(|seq| in_row(*seq)) {
                self.take(seq, length, out);
            } else if self.in_step && follows.is_some_and(in_row) {
                // A damaged frame in its place; its number is missed by the next.
                self.losses.crc_failures += 1;
                self.scanner.report(&mut self.losses, out);
                out.push(DeviceEvent::Rejected { bytes: length as u32, why: Reject::Checksum });
                self.scanner.take(length);
            } else {
                self.in_step = false;
                self.scanner.skip(1, &mut self.losses, out);
                continue;
            }
            self.in_step = true;
        }
    }

    fn losses(&self) -> Losses {
        self.losses
    }
}

impl BitalinoDecoder {
    fn take(&mut self, seq: u8, length: usize, out: &mut Vec<DeviceEvent>) {
        self.scanner.report(&mut self.losses, out);
        let lost = self.last.map_or(0, |last| missing(u64::from(last), u64::from(seq), 16));
        if lost > 0 {
            out.push(DeviceEvent::Gap { stream: 0, from: self.next, samples: lost, cause: GapCause::Link });
            self.losses.link_frames += lost;
            self.losses.link_samples += lost;
            self.next += lost;
        }
        self.last = Some(seq);
        let frame = &self.scanner.rest()[..length];
        let all = values(frame);
        let lines = frame[length - 2] >> 6 & 3;
        self.scanner.take(length);
        if self.digital != Some(lines) {
            for (source, bit) in [(0u8, 2u8), (1, 1)] {
                // The lines' first state is no event.
                if self.digital.is_some_and(|before| (before ^ lines) & bit != 0) {
                    let at = TickTime { tick: self.next as i64, frac: 0 };
                    let code = u32::from(lines & bit != 0);
                    out.push(DeviceEvent::Mark(Mark { kind: MarkKind::Trigger, source, at, code, id: None, text: String::new() }));
                }
            }
            self.digital = Some(lines);
        }
        let used = &all[..usize::from(self.channels)];
        let clip = |v: &[i32], top| clipped(v.iter().copied(), 0, top);
        let clip_mask = clip(&used[..used.len().min(4)], 1023) | used.get(4..).map_or(0, |v| clip(v, 63) << 4);
        let flags = if clip_mask == 0 { 0 } else { flag::CLIPPED };
        add_samples(out, &Place { stream: 0, first: self.next, channels: self.channels, clip_mask, flags }, used.iter().copied());
        self.next += 1;
    }
}
