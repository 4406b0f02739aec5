//! Boards in software, after the same documents as their decoders in `src/device/`: what they answer.
//! Their frames are in [`super::packets`].

use std::time::{Duration, Instant};

use super::device::{Change, Kind, noise};
use super::packets;

/// How long an Arduino waits for the end of a line.
const LINE_TIMEOUT: Duration = Duration::from_secs(1);

/// The kind with this name.
pub fn kind(name: &str) -> Option<Box<dyn Kind>> {
    Some(match name {
        "cyton" => Box::new(Cyton { daisy: false, asked: Vec::new() }),
        "cyton-daisy" => Box::new(Cyton { daisy: true, asked: Vec::new() }),
        "chords" => Box::new(Chords { line: Vec::new(), heard: Instant::now() }),
        "spikerbox" => Box::new(SpikerBox { line: Vec::new() }),
        "bitalino" => Box::new(Bitalino { channels: 6, rate_hz: 1000.0 }),
        "hackeeg" => Box::new(HackEeg { line: Vec::new() }),
        "text" => Box::new(Lines),
        "generic" => Box::new(Frames),
        "ranvier" => Box::<super::ranvier::Amplifier>::default(),
        "echo" => Box::new(Echo { sends: false }),
        "bytes" => Box::new(Echo { sends: true }),
        _ => return None,
    })
}

/// OpenBCI's board with its dongle: single letters.
struct Cyton {
    daisy: bool,
    asked: Vec<u8>,
}

impl Kind for Cyton {
    fn received(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Change {
        let mut change = Change::None;
        for &byte in bytes {
            // A dongle's command is F0 and a number; the number is no letter of the board.
            if self.asked.pop() == Some(0xf0) {
                out.extend(b"Success: System is Up$$$");
                continue;
            }
            match byte {
                0xf0 => self.asked.push(byte),
                b'v' => {
                    change = Change::Stop;
                    out.extend(b"OpenBCI V3 8-16 channel\nOn Board ADS1299 Device ID: 0x3E\n");
                    out.extend(if self.daisy { &b"On Daisy ADS1299 Device ID: 0x3E\n"[..] } else { b"" });
                    out.extend(b"LIS3DH Device ID: 0x33\nFirmware: v3.1.2\n$$$");
                }
                b'd' => out.extend(b"updating channel settings to default$$$"),
                b'b' => change = Change::Start,
                b's' => change = Change::Stop,
                _ => {}
            }
        }
        change
    }

    fn frame(&mut self, number: u64, first: u64, out: &mut Vec<u8>) {
        if !self.daisy {
            return packets::cyton(number, |c| noise(first, c, packets::I24.0, packets::I24.1), out);
        }
        // Packet 0 belongs to no pair; a pair is the board's packet and then the Daisy's.
        if number == 0 {
            packets::cyton(0, |_| 0, out);
        }
        packets::cyton(2 * number + 1, |c| noise(first, c, packets::I24.0, packets::I24.1), out);
        packets::cyton(2 * number + 2, |c| noise(first, c + 8, packets::I24.0, packets::I24.1), out);
    }

    fn rate_hz(&self) -> f64 {
        if self.daisy { 125.0 } else { 250.0 }
    }

    fn channels(&self) -> u16 {
        if self.daisy { 16 } else { 8 }
    }

    fn value(&self, sample: u64, channel: u16) -> f64 {
        f64::from(noise(sample, channel, packets::I24.0, packets::I24.1))
    }
}

/// Takes whole lines out of what came; bytes that cannot be printed are none of a line.
fn lines(line: &mut Vec<u8>, bytes: &[u8], end: u8, mut each: impl FnMut(&str)) {
    for &byte in bytes {
        if byte == end {
            each(String::from_utf8_lossy(line).trim());
            line.clear();
        } else if line.len() < 512 && (0x20..0x7f).contains(&byte) {
            line.push(byte);
        }
    }
}

/// An Arduino UNO R4 with the Chords firmware: six channels of 14 bits, 500 Hz.
struct Chords {
    line: Vec<u8>,
    heard: Instant,
}

impl Kind for Chords {
    fn received(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Change {
        let mut change = Change::None;
        // Arduino's readStringUntil gives up after a second; what came so far is a line then.
        if self.heard.elapsed() >= LINE_TIMEOUT {
            self.line.clear();
        }
        self.heard = Instant::now();
        lines(&mut self.line, bytes, b'\n', |line| match line {
            "WHORU" => out.extend(b"UNO-R4\r\n"),
            "START" => change = Change::Start,
            "STOP" => change = Change::Stop,
            _ => {}
        });
        change
    }

    fn frame(&mut self, number: u64, first: u64, out: &mut Vec<u8>) {
        packets::counted(&[0xc7, 0x7c], number, 6, |c| noise(first, c, 0, 16_383), &[1], out);
    }

    fn rate_hz(&self) -> f64 {
        500.0
    }

    fn channels(&self) -> u16 {
        6
    }

    fn value(&self, sample: u64, channel: u16) -> f64 {
        f64::from(noise(sample, channel, 0, 16_383))
    }
}

/// A SpikerShield: one channel of 10 bits, 10 kHz; sends once its port is open.
struct SpikerBox {
    line: Vec<u8>,
}

impl Kind for SpikerBox {
    fn received(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Change {
        lines(&mut self.line, bytes, b';', |line| {
            if line.ends_with("b:") {
                packets::message(b"HWT:MUSCLESS;", out);
            }
        });
        Change::None
    }

    fn frame(&mut self, _number: u64, first: u64, out: &mut Vec<u8>) {
        let value = noise(first, 0, 0, 1023);
        out.extend([0x80 | (value >> 7) as u8, (value & 127) as u8]);
    }

    fn rate_hz(&self) -> f64 {
        10_000.0
    }

    fn channels(&self) -> u16 {
        1
    }

    fn value(&self, sample: u64, channel: u16) -> f64 {
        f64::from(noise(sample, channel, 0, 1023))
    }

    fn sends_when_opened(&self) -> bool {
        true
    }
}

/// BITalino: single bytes as commands.
struct Bitalino {
    channels: u16,
    rate_hz: f64,
}

impl Bitalino {
    fn top(channel: u16) -> i32 {
        if channel < 4 { 1023 } else { 63 }
    }
}

impl Kind for Bitalino {
    fn received(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Change {
        let mut change = Change::None;
        for &byte in bytes {
            match byte {
                0x07 => out.extend(b"BITalino_v5.2\n"),
                0x03 | 0x43 | 0x83 | 0xc3 => self.rate_hz = [1.0, 10.0, 100.0, 1000.0][usize::from(byte >> 6)],
                0x00 => change = Change::Stop,
                _ if matches!(byte & 3, 1 | 2) => {
                    self.channels = (byte >> 2).count_ones() as u16;
                    change = Change::Start;
                }
                _ => {}
            }
        }
        change
    }

    fn frame(&mut self, number: u64, first: u64, out: &mut Vec<u8>) {
        packets::bitalino(number, self.channels, |c| noise(first, c, 0, Self::top(c)), out);
    }

    fn rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn channels(&self) -> u16 {
        self.channels
    }

    fn value(&self, sample: u64, channel: u16) -> f64 {
        f64::from(noise(sample, channel, 0, Self::top(channel)))
    }
}

/// HackEEG: JSON commands, samples as MessagePack; eight channels, 16 kHz.
struct HackEeg {
    line: Vec<u8>,
}

impl Kind for HackEeg {
    fn received(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Change {
        let mut change = Change::None;
        lines(&mut self.line, bytes, b'\n', |line| {
            if line == "status" {
                out.extend(b"200 Ok\nHackEEG driver\nDriver version: v0.3.0\n");
                return;
            }
            if line.contains("\"rdatac\"") {
                change = Change::Start;
            } else if line.contains("\"sdatac\"") || line.contains("\"stop\"") {
                change = Change::Stop;
            }
            if line == "messagepack" || line.starts_with('{') {
                out.extend(b"{\"STATUS_CODE\":200,\"STATUS_TEXT\":\"Ok\"}\n");
            }
        });
        change
    }

    fn frame(&mut self, number: u64, first: u64, out: &mut Vec<u8>) {
        packets::hackeeg(number, 8, |c| noise(first, c, packets::I24.0, packets::I24.1), out);
    }

    fn rate_hz(&self) -> f64 {
        16_000.0
    }

    fn channels(&self) -> u16 {
        8
    }

    fn value(&self, sample: u64, channel: u16) -> f64 {
        f64::from(noise(sample, channel, packets::I24.0, packets::I24.1))
    }
}

/// An Arduino sketch that prints two numbers a line, 500 a second.
struct Lines;

impl Kind for Lines {
    fn received(&mut self, _bytes: &[u8], _out: &mut Vec<u8>) -> Change {
        Change::None
    }

    fn frame(&mut self, _number: u64, first: u64, out: &mut Vec<u8>) {
        out.extend(format!("{},{}\r\n", noise(first, 0, 0, 1023), noise(first, 1, -99, 99)).bytes());
    }

    fn rate_hz(&self) -> f64 {
        500.0
    }

    fn channels(&self) -> u16 {
        2
    }

    fn value(&self, sample: u64, channel: u16) -> f64 {
        f64::from(if channel == 0 { noise(sample, 0, 0, 1023) } else { noise(sample, 1, -99, 99) })
    }

    fn sends_when_opened(&self) -> bool {
        true
    }
}

/// A board with frames of its own: `A5 5A`, counter, four int16 with the high byte first, `0A`; 1 kHz.
struct Frames;

impl Kind for Frames {
    fn received(&mut self, _bytes: &[u8], _out: &mut Vec<u8>) -> Change {
        Change::None
    }

    fn frame(&mut self, number: u64, first: u64, out: &mut Vec<u8>) {
        packets::counted(&[0xa5, 0x5a], number, 4, |c| noise(first, c, -32_768, 32_767), &[0x0a], out);
    }

    fn rate_hz(&self) -> f64 {
        1000.0
    }

    fn channels(&self) -> u16 {
        4
    }

    fn value(&self, sample: u64, channel: u16) -> f64 {
        f64::from(noise(sample, channel, -32_768, 32_767))
    }

    fn sends_when_opened(&self) -> bool {
        true
    }
}

/// No amplifier: gives back what it gets, or, from a byte `g` to a byte `s`, sends 1.2 MB a second.
struct Echo {
    sends: bool,
}

impl Kind for Echo {
    fn received(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Change {
        if !self.sends {
            out.extend(bytes);
            return Change::None;
        }
        match bytes.last() {
            Some(b'g') => Change::Start,
            Some(b's') => Change::Stop,
            _ => Change::None,
        }
    }

    fn frame(&mut self, _number: u64, first: u64, out: &mut Vec<u8>) {
        out.extend((first..first + 1200).map(packets::running));
    }

    fn rate_hz(&self) -> f64 {
        1_200_000.0
    }

    fn samples(&self) -> u64 {
        1200
    }

    fn channels(&self) -> u16 {
        1
    }

    fn value(&self, sample: u64, _channel: u16) -> f64 {
        f64::from(packets::running(sample))
    }
}
