//! HackEEG: ADS1299 behind an Arduino Due, samples as MessagePack or as JSON lines.
//!
//! MessagePack sample: `82 A1 43 CC C8 A1 44 C4 len` and then microseconds u32 LE, number u32 LE, three
//! status bytes `1100...`, n x int24 BE; a JSON line `{"C":200,"D":"base64"}` holds the same bytes
//! (hackeeg-driver-arduino). Every sample has a number of 32 bits, so losses are exact.

use serde_json::Value;

use super::event::{Place, add_samples};
use super::scan::{Scanner, clipped, i24_be, missing};
use super::{
    Channel, Config, Decoder, Descriptor, DeviceEvent, GapCause, Heard, Losses, Protocol, Question, Reject, Step, Until, UsbFilter,
    descriptor_of, flag,
};

const HEAD: [u8; 8] = [0x82, 0xa1, 0x43, 0xcc, 0xc8, 0xa1, 0x44, 0xc4];
/// Time, number and status before the values.
const FIXED: usize = 11;
/// Longest JSON line.
const MAX_LINE: usize = 512;
const REFERENCE_UV: f64 = 4.5e6;
/// Gains of the ADS1299 in the order of their codes (data sheet, CHnSET).
const GAINS: [f64; 7] = [1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 24.0];

/// The protocol.
pub(super) struct HackEeg;

fn gain(config: &Config) -> (usize, f64) {
    let wanted = config.gain.unwrap_or(24.0);
    GAINS.iter().copied().enumerate().find(|(_, gain)| *gain == wanted).unwrap_or((6, 24.0))
}

/// The nearest rate of the converter, 16 000 / 2^code.
fn rate(config: &Config) -> (u32, f64) {
    let wanted = config.rate().unwrap_or(16_000.0);
    let of = |code: u32| 16_000.0 / f64::from(1u32 << code);
    let code = (0..=6).find(|code| wanted > of(*code) * 0.75).unwrap_or(6);
    (code, of(code))
}

fn channels(config: &Config) -> u16 {
    if config.channels == 0 { 8 } else { config.channels.min(64) }
}

impl Protocol for HackEeg {
    fn id(&self) -> &'static str {
        "hackeeg"
    }

    fn name(&self) -> &'static str {
        "HackEEG"
    }

    fn maker(&self) -> &'static str {
        "Starcat"
    }

    fn bauds(&self) -> &'static [u32] {
        &[]
    }

    fn usb(&self) -> &'static [UsbFilter] {
        const USB: &[UsbFilter] = &[UsbFilter::product(0x2341, 0x003e)];
        USB
    }

    fn question(&self) -> Option<Question> {
        // What other devices were asked before may stand in its line: the first newline ends that.
        Some(Question { bytes: b"\nstatus\n", answer_ms: 500 })
    }

    fn hush(&self) -> &'static [u8] {
        b"{\"COMMAND\":\"sdatac\"}\n{\"COMMAND\":\"text\"}\n"
    }

    fn answer(&self, heard: &[u8]) -> Heard {
        let text = String::from_utf8_lossy(heard);
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        if !whole.contains("HackEEG") {
            return Heard::Nothing;
        }
        let firmware = whole.split("river version: ").nth(1).and_then(|t| t.lines().next()).unwrap_or("");
        let config =
            Config { firmware: firmware.trim().into(), channels: 8, rate_hz: Some(16_000.0), gain: Some(24.0), ..Config::of(self.id()) };
        Heard::Device(config)
    }

    fn overheard(&self, heard: &[u8]) -> Heard {
        let frame = |at: usize| {
            let rest = heard.get(at..).filter(|r| r.starts_with(&HEAD))?;
            let length = usize::from(*rest.get(8)?);
            let body = rest.get(9..9 + length).filter(|b| b.len() > FIXED && b[8] >> 4 == 12)?;
            Some((at + 9 + length, u32::from_le_bytes([body[4], body[5], body[6], body[7]]), (length - FIXED) / 3))
        };
        let row = |at: usize| {
            let (next, a, n) = frame(at)?;
            let (_, b, m) = frame(next)?;
            (b == a.wrapping_add(1) && n == m).then_some(n as u16)
        };
        match (0..heard.len()).find_map(row) {
            Some(channels) => Heard::Partly(Config { channels, gain: Some(24.0), ..Config::of(self.id()) }),
            None => Heard::Nothing,
        }
    }

    fn start(&self, config: &Config) -> Vec<Step> {
        let step = |write: String, until| Step { write: write.into_bytes(), until, timeout_ms: 500, tries: 2, needed: false };
        let json = |command: &str| step(format!("{{\"COMMAND\":\"{command}\"}}\n"), Until::Text("200"));
        let register = |at: u32, value: u32| step(format!("{{\"COMMAND\":\"wreg\",\"PARAMETERS\":[{at},{value}]}}\n"), Until::Text("200"));
        let mut steps = vec![step("messagepack\n".into(), Until::Text("200")), json("sdatac"), json("reset")];
        // CONFIG1: the rate; CONFIG3: internal reference; CHnSET: gain, normal input (data sheet, registers).
        steps.extend([register(1, 0x90 + rate(config).0), register(3, 0xe0)]);
        steps.extend((5..13).map(|at| register(at, (gain(config).0 << 4) as u32)));
        steps.push(json("start"));
        steps.push(Step { until: Until::Samples, timeout_ms: 2000, needed: true, ..json("rdatac") });
        steps
    }

    fn stop(&self, _config: &Config) -> Vec<u8> {
        b"{\"COMMAND\":\"sdatac\"}\n{\"COMMAND\":\"stop\"}\n".to_vec()
    }

    fn describe(&self, config: &Config) -> Descriptor {
        let (_, rate) = rate(config);
        let scale = REFERENCE_UV / gain(config).1 / 8_388_607.0;
        let one = |n| {
            // -3 dB of the sinc filter at 0.262 of the rate (data sheet).
            Channel::counts(format!("channel {n}"), 24, Some(rate)).microvolts(scale, 0.0).band(Some(0.0), Some(0.262 * rate))
        };
        descriptor_of(self, config, (1..=channels(config)).map(one).collect(), Some(rate))
    }

    fn decoder(&self, config: &Config) -> Box<dyn Decoder> {
        Box::new(HackEegDecoder {
            descriptor: Some(self.describe(config)),
            scanner: Scanner::with_words(b"\n"),
            channels: usize::from(channels(config)),
            last: None,
            next: 0,
            losses: Losses { countable: true, ..Losses::default() },
        })
    }
}

#[derive(Clone)]
struct HackEegDecoder {
    descriptor: Option<Descriptor>,
    scanner: Scanner,
    channels: usize,
    last: Option<u32>,
    next: u64,
    losses: Losses,
}

impl Decoder for HackEegDecoder {
    fn copy(&self) -> Box<dyn Decoder> {
        Box::new(self.clone())
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<DeviceEvent>) {
        out.extend(self.descriptor.take().map(|d| DeviceEvent::Described(Box::new(d))));
        self.scanner.push(bytes);
        let length = FIXED + 3 * self.channels;
        loop {
            let rest = self.scanner.rest();
            let Some(&first) = rest.first() else { break };
            if first == HEAD[0] {
                if rest.len() < 9 + length {
                    if HEAD.starts_with(&rest[..rest.len().min(8)]) {
                        break;
                    }
                } else if rest.starts_with(&HEAD) && usize::from(rest[8]) == length && rest[17] >> 4 == 12 {
                    let body = rest[9..9 + length].to_vec();
                    self.scanner.report(&mut self.losses, out);
                    self.scanner.take(9 + length);
                    self.sample(&body, out);
                    continue;
                }
            } else if first == b'{' {
                let end = rest.iter().take(MAX_LINE).position(|b| *b == b'\n');
                if end.is_none() && rest.len() < MAX_LINE {
                    break;
                }
                if let Some(body) = end.and_then(|end| json_sample(&rest[..end])) {
                    self.scanner.report(&mut self.losses, out);
                    self.scanner.take(end.unwrap_or(0) + 1);
                    if body.len() == length && body[8] >> 4 == 12 {
                        self.sample(&body, out);
                    } else {
                        self.losses.malformed += 1;
                        out.push(DeviceEvent::Rejected { bytes: body.len() as u32, why: Reject::Malformed });
                    }
                    continue;
                }
            }
            self.scanner.skip(1, &mut self.losses, out);
        }
    }

    fn losses(&self) -> Losses {
        self.losses
    }
}

impl HackEegDecoder {
    /// A sample's bytes: time, number, status, values. The length was checked.
    fn sample(&mut self, body: &[u8], out: &mut Vec<DeviceEvent>) {
        let Some((fixed, values)) = body.split_first_chunk::<FIXED>() else { return };
        let number = u32::from_le_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
        let lost = self.last.map_or(0, |last| missing(u64::from(last), u64::from(number), 1 << 32));
        // Running backwards is a new start of the board.
        if lost > 0 && lost < 1 << 31 {
            out.push(DeviceEvent::Gap { stream: 0, from: self.next, samples: lost, cause: GapCause::Link });
            self.losses.link_frames += lost;
            self.losses.link_samples += lost;
            self.next += lost;
        }
        self.last = Some(number);
        let values = values.as_chunks::<3>().0.iter().map(|b| i24_be(*b));
        let clip_mask = clipped(values.clone(), -(1 << 23), (1 << 23) - 1);
        let flags = if clip_mask == 0 { 0 } else { flag::CLIPPED };
        add_samples(out, &Place { stream: 0, first: self.next, channels: self.channels as u16, clip_mask, flags }, values);
        self.next += 1;
    }
}

/// The bytes of a JSON sample; none for any other line.
fn json_sample(line: &[u8]) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_slice(line).ok()?;
    (value.get("C")?.as_u64()? == 200).then_some(())?;
    base64(value.get("D")?.as_str()?)
}

/// Base64 of RFC 4648, with or without padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut n) = (Vec::with_capacity(text.len()), 0u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let digit = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        n += 6;
        if n >= 8 {
            n -= 8;
            out.push((bits >> n) as u8);
        }
    }
    Some(out)
}
