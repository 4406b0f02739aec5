//! Upside Down Labs Chords: Arduino-like boards with a BioAmp in front.
//!
//! Frame `C7 7C | counter | n x uint16 BE | 01` (Chords-Arduino-Firmware). Any byte to the board stops
//! its stream, so nothing is written while it runs. The amplifier's gain is not in the stream: values
//! are ADC units until a person states it.

use super::generic::{FrameFormat, Number, decoder};
use super::{Channel, Config, Decoder, Descriptor, Heard, Opening, Protocol, Question, Step, Until, UsbFilter, descriptor_of};

/// Name, channels, bits, rate, reference of the converter (Chords-Web boards.ts; 2026 table of the
/// project's notes).
const BOARDS: &[(&str, u16, u8, f64, f64)] = &[
    ("UNO-R3", 6, 10, 250.0, 5.0),
    ("GENUINO-UNO", 6, 10, 250.0, 5.0),
    ("UNO-CLONE", 6, 10, 250.0, 5.0),
    ("UNO-R4", 6, 14, 500.0, 5.0),
    ("NANO-CLASSIC", 8, 10, 250.0, 5.0),
    ("NANO-CLONE", 8, 10, 250.0, 5.0),
    ("MEGA-2560-R3", 16, 10, 250.0, 5.0),
    ("MEGA-2560-CLONE", 16, 10, 250.0, 5.0),
    ("RPI-PICO-RP2040", 3, 12, 500.0, 3.3),
    ("GIGA-R1", 6, 16, 500.0, 3.3),
    ("STM32F4-BLACK-PILL", 8, 12, 500.0, 3.3),
    ("STM32G4-CORE-BOARD", 16, 12, 500.0, 3.3),
    ("NPG-LITE", 3, 12, 500.0, 3.3),
    ("ESP32-S3", 16, 12, 250.0, 3.3),
];

/// The protocol.
pub(super) struct Chords;

fn board(name: &str) -> Option<&'static (&'static str, u16, u8, f64, f64)> {
    BOARDS.iter().find(|b| b.0 == name)
}

fn shape(config: &Config) -> (u16, u8) {
    let known = board(&config.model);
    let channels = if config.channels == 0 { known.map_or(6, |b| b.1) } else { config.channels.min(64) };
    let bits = if config.bits == 0 { known.map_or(10, |b| b.2) } else { config.bits.min(16) };
    (channels, bits)
}

impl Protocol for Chords {
    fn id(&self) -> &'static str {
        "chords"
    }

    fn name(&self) -> &'static str {
        "Chords"
    }

    fn maker(&self) -> &'static str {
        "Upside Down Labs"
    }

    fn bauds(&self) -> &'static [u32] {
        &[230_400, 115_200]
    }

    fn usb(&self) -> &'static [UsbFilter] {
        const USB: &[UsbFilter] = &[
            UsbFilter::vendor(0x2341),
            UsbFilter::vendor(0x2a03),
            UsbFilter::product(0x0403, 0x6001),
            UsbFilter::vendor(0x1a86),
            UsbFilter::product(0x2e8a, 0x00c0),
            UsbFilter::product(0x303a, 0x1001),
            UsbFilter::product(0x0483, 0x5740),
        ];
        USB
    }

    fn opening(&self) -> Opening {
        Opening { settle_ms: 2000, ..Opening::default() }
    }

    fn question(&self) -> Option<Question> {
        // The firmware waits a second for the rest of a line.
        Some(Question { bytes: b"WHORU\n", answer_ms: 1500 })
    }

    fn hush(&self) -> &'static [u8] {
        b"STOP\n"
    }

    fn answer(&self, heard: &[u8]) -> Heard {
        let text = String::from_utf8_lossy(heard);
        // Only whole lines: a name may be the beginning of a longer one.
        let Some((whole, _)) = text.rsplit_once('\n') else { return Heard::Nothing };
        // Frames that were on their way may stand before it.
        let found = whole.lines().rev().find_map(|line| BOARDS.iter().find(|b| line.trim_end().ends_with(b.0)));
        found.map_or(Heard::Nothing, |&(name, channels, bits, rate_hz, _)| {
            Heard::Device(Config { model: name.into(), channels, bits, rate_hz: Some(rate_hz), ..Config::of(self.id()) })
        })
    }

    fn overheard(&self, heard: &[u8]) -> Heard {
        for channels in [3u16, 6, 8, 16] {
            let length = 2 * usize::from(channels) + 4;
            let frame = |at: usize| heard.get(at..at + length).filter(|f| f.starts_with(&[0xc7, 0x7c]) && f.ends_with(&[1]));
            let row = |at: usize| {
                (1..4).all(|k| matches!((frame(at), frame(at + k * length)), (Some(a), Some(b)) if b[2] == a[2].wrapping_add(k as u8)))
            };
            if (0..heard.len()).any(row) {
                return Heard::Partly(Config { channels, ..Config::of(self.id()) });
            }
        }
        Heard::Nothing
    }

    fn start(&self, _config: &Config) -> Vec<Step> {
        vec![Step { write: b"START\n".to_vec(), until: Until::Samples, timeout_ms: 2500, tries: 3, needed: true }]
    }

    fn stop(&self, _config: &Config) -> Vec<u8> {
        b"STOP\n".to_vec()
    }

    fn describe(&self, config: &Config) -> Descriptor {
        let (channels, bits) = shape(config);
        let known = board(&config.model);
        let rate = config.rate().or(known.map(|b| b.3));
        let volts = known.map_or(5.0, |b| b.4);
        let counts = 2f64.powi(i32::from(bits));
        let stated = config.gain.filter(|g| g.is_finite() && *g > 0.0).map(|gain| volts / gain / counts * 1e6).or(config.scale());
        let one = |n: u16| {
            let channel = Channel::counts(format!("A{n}"), bits, rate);
            stated.map_or(channel.clone(), |scale| channel.microvolts(scale, -scale * counts / 2.0))
        };
        descriptor_of(self, config, (0..channels).map(one).collect(), rate)
    }

    fn decoder(&self, config: &Config) -> Box<dyn Decoder> {
        let (channels, bits) = shape(config);
        let format = FrameFormat {
            header: vec![0xc7, 0x7c],
            counter_bytes: 1,
            channels,
            number: Number::U16,
            big_endian: true,
            footer: vec![1],
            rate_hz: config.rate().unwrap_or(250.0),
            ..FrameFormat::default()
        };
        Box::new(decoder(Some(format), self.describe(config), (0, ((1u32 << bits) - 1) as i32), b"\n"))
    }
}
