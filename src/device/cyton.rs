//! OpenBCI Cyton, with or without Daisy, behind its USB dongle.
//!
//! Packet of 33 bytes: `A0 | counter | 8 x int24 BE | 6 bytes aux | C0..C6` (OpenBCI Cyton data format;
//! OpenBCI_Cyton_Library, OpenBCI_Radios: the dongle sets the A0). With Daisy odd counters are the
//! board's channels 1 to 8, even ones the Daisy's 9 to 16; a pair is one sample of 125 Hz, packet 0
//! belongs to none. `A0` occurs within data, so a packet out of step needs another A0 behind it. The
//! counter has 8 bits: a loss of 256 packets at once cannot be seen.
//!
//! Stream 0 holds the channels, stream 1 the three aux words raw, with `256 + type` as flags (type 0 is
//! acceleration in 0.002/16 g, zero except for a new reading).

use super::event::{Place, add_samples};
use super::scan::{Scanner, clipped, i24_be, missing};
use super::{
    Channel, ChannelKind, Config, Decoder, Descriptor, DeviceEvent, GapCause, Heard, Losses, Protocol, Question, Step, Until, UsbFilter,
    descriptor_of, flag,
};

const PACKET: usize = 33;
const HEAD: u8 = 0xa0;
/// Gain after a reset, and the reference of the ADS1299.
const GAIN: f64 = 24.0;
const REFERENCE_UV: f64 = 4.5e6;

/// The protocol.
pub(super) struct Cyton;

fn with_daisy(config: &Config) -> bool {
    config.channels > 8
}

fn is_tail(byte: u8) -> bool {
    (0xc0..=0xc6).contains(&byte)
}

impl Protocol for Cyton {
    fn id(&self) -> &'static str {
        "cyton"
    }

    fn name(&self) -> &'static str {
        "Cyton"
    }

    fn maker(&self) -> &'static str {
        "OpenBCI"
    }

    fn bauds(&self) -> &'static [u32] {
        &[115_200, 230_400, 921_600]
    }

    fn usb(&self) -> &'static [UsbFilter] {
        const USB: &[UsbFilter] = &[UsbFilter::product(0x0403, 0x6015)];
        USB
    }

    fn question(&self) -> Option<Question> {
        // A soft reset of the board; its answer begins within a second.
        Some(Question { bytes: b"v", answer_ms: 1500 })
    }

    fn hush(&self) -> &'static [u8] {
        b"s"
    }

    fn answer(&self, heard: &[u8]) -> Heard {
        let text = String::from_utf8_lossy(heard);
        if !text.contains("$$$") {
            return Heard::Nothing;
        }
        if text.contains("failed to poll") {
            return Heard::Trouble("The OpenBCI dongle answers, the board does not: switch the board on, to PC, and connect again.");
        }
        if !text.contains("OpenBCI") {
            return Heard::Nothing;
        }
        let daisy = text.contains("On Daisy");
        let firmware = text.split("Firmware: ").nth(1).and_then(|t| t.split(['\n', '\r', '$']).next()).unwrap_or("");
        Heard::Device(Config {
            model: if daisy { "Cyton + Daisy" } else { "Cyton" }.into(),
            firmware: firmware.trim().into(),
            channels: if daisy { 16 } else { 8 },
            rate_hz: Some(if daisy { 125.0 } else { 250.0 }),
            gain: Some(GAIN),
            ..Config::of(self.id())
        })
    }

    fn overheard(&self, heard: &[u8]) -> Heard {
        let packet = |at: usize| heard.get(at..at + PACKET).filter(|p| p[0] == HEAD && is_tail(p[32]));
        let row = |at: usize| {
            (1..4).all(|k| matches!((packet(at), packet(at + k * PACKET)), (Some(a), Some(b)) if b[1] == a[1].wrapping_add(k as u8)))
        };
        if (0..heard.len()).any(row) {
            // Gain and Daisy are not in the stream: the board is asked.
            let config = Config { channels: 8, rate_hz: Some(250.0), gain: Some(GAIN), model: "Cyton".into(), ..Config::of(self.id()) };
            return Heard::Partly(config);
        }
        Heard::Nothing
    }

    fn start(&self, _config: &Config) -> Vec<Step> {
        let step = |bytes: &[u8], until, needed| Step { write: bytes.to_vec(), until, timeout_ms: 1500, tries: 2, needed };
        vec![step(b"d", Until::Text("default"), false), step(b"b", Until::Samples, true)]
    }

    fn stop(&self, _config: &Config) -> Vec<u8> {
        b"s".to_vec()
    }

    fn describe(&self, config: &Config) -> Descriptor {
        let daisy = with_daisy(config);
        let rate = if daisy { 125.0 } else { 250.0 };
        let gain = config.gain.filter(|g| g.is_finite() && *g > 0.0).unwrap_or(GAIN);
        let scale = REFERENCE_UV / gain / 8_388_607.0;
        // The sinc filter's -3 dB at 0.262 of the rate; pairs are averaged, which ends at Nyquist.
        let top = if daisy { 62.0 } else { 65.0 };
        let one = |n: u16| Channel::counts(format!("channel {n}"), 24, Some(rate)).microvolts(scale, 0.0).band(Some(0.0), Some(top));
        let mut channels: Vec<Channel> = (1..=if daisy { 16 } else { 8 }).map(one).collect();
        let aux = |n| Channel { stream: 1, kind: ChannelKind::Aux, ..Channel::counts(format!("aux {n}"), 16, Some(rate)) };
        channels.extend((1..=3).map(aux));
        descriptor_of(self, config, channels, Some(rate))
    }

    fn decoder(&self, config: &Config) -> Box<dyn Decoder> {
        Box::new(CytonDecoder {
            descriptor: Some(self.describe(config)),
            daisy: with_daisy(config),
            scanner: Scanner::with_words(b"$$$"),
            in_step: false,
            last: None,
            packet: 0,
            next: None,
            first: 0,
            half: None,
            losses: Losses { countable: true, ..Losses::default() },
        })
    }
}

#[derive(Clone)]
struct CytonDecoder {
    descriptor: Option<Descriptor>,
    daisy: bool,
    scanner: Scanner,
    in_step: bool,
    last: Option<u8>,
    /// Number of the packet, the counter unrolled.
    packet: u64,
    /// Number of the next sample (pair) by packets, and of the first.
    next: Option<u64>,
    first: u64,
    /// The board's half of a pair: its packet and channels.
    half: Option<(u64, [i32; 8])>,
    losses: Losses,
}

impl Decoder for CytonDecoder {
    fn copy(&self) -> Box<dyn Decoder> {
        Box::new(self.clone())
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<DeviceEvent>) {
        out.extend(self.descriptor.take().map(|d| DeviceEvent::Described(Box::new(d))));
        self.scanner.push(bytes);
        loop {
            let rest = self.scanner.rest();
            let Some(&head) = rest.first() else { break };
            if head == HEAD {
                let needed = if self.in_step { PACKET } else { PACKET + 1 };
                if rest.len() < needed {
                    break;
                }
                let followed = self.in_step || rest[PACKET] == HEAD;
                if let Some(packet) = rest.first_chunk::<PACKET>().filter(|p| followed && is_tail(p[32])) {
                    let packet = *packet;
                    self.scanner.report(&mut self.losses, out);
                    self.scanner.take(PACKET);
                    self.in_step = true;
                    self.packet(&packet, out);
                    continue;
                }
            }
            self.in_step = false;
            self.scanner.skip(1, &mut self.losses, out);
        }
    }

    fn losses(&self) -> Losses {
        self.losses
    }
}

impl CytonDecoder {
    fn packet(&mut self, p: &[u8; PACKET], out: &mut Vec<DeviceEvent>) {
        let lost = self.last.map_or(0, |last| missing(u64::from(last), u64::from(p[1]), 256));
        self.packet = if self.last.is_none() { u64::from(p[1]) } else { self.packet + 1 + lost };
        self.last = Some(p[1]);
        self.losses.link_frames += lost;
        let mut values = [0i32; 8];
        for (value, bytes) in values.iter_mut().zip(p[2..26].as_chunks::<3>().0) {
            *value = i24_be(*bytes);
        }
        if !self.daisy {
            let first = self.sample(self.packet, out);
            add(first, &values, out);
            self.aux(first, p, out);
            return;
        }
        if self.packet % 2 == 1 {
            self.half = Some((self.packet, values));
        } else if let Some((_, board)) = self.half.take().filter(|(packet, _)| packet + 1 == self.packet) {
            let first = self.sample(self.packet / 2 - 1, out);
            let mut both = [0i32; 16];
            both[..8].copy_from_slice(&board);
            both[8..].copy_from_slice(&values);
            add(first, &both, out);
            self.aux(first, p, out);
        }
    }

    /// Number of a sample since the first, a gap reported where some are missing before it.
    fn sample(&mut self, number: u64, out: &mut Vec<DeviceEvent>) -> u64 {
        let expected = *self.next.get_or_insert_with(|| {
            self.first = number;
            number
        });
        if number > expected {
            let samples = number - expected;
            for stream in [0, 1] {
                out.push(DeviceEvent::Gap { stream, from: expected - self.first, samples, cause: GapCause::Link });
            }
            self.losses.link_samples += samples;
        }
        self.next = Some(number + 1);
        number - self.first
    }

    fn aux(&mut self, first: u64, p: &[u8; PACKET], out: &mut Vec<DeviceEvent>) {
        let values = p[26..32].as_chunks::<2>().0.iter().map(|b| i32::from(i16::from_be_bytes(*b)));
        let flags = 256 + u16::from(p[32] & 15);
        add_samples(out, &Place { stream: 1, first, channels: 3, clip_mask: 0, flags }, values);
    }
}

fn add(first: u64, values: &[i32], out: &mut Vec<DeviceEvent>) {
    let clip_mask = clipped(values.iter().copied(), -(1 << 23), (1 << 23) - 1);
    let flags = if clip_mask == 0 { 0 } else { flag::CLIPPED };
    add_samples(out, &Place { stream: 0, first, channels: values.len() as u16, clip_mask, flags }, values.iter().copied());
}
