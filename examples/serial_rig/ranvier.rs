//! An amplifier of the open protocol in software: 8 channels, 48 kHz, 24 bits, a frame a millisecond.
//! Encodes with the program's own encoder.

use myoscope::device::ranvier::frame::{Header, Numbering, encode};
use myoscope::device::ranvier::{
    Command, CommandReader, Encoding, Info, SamplesHead, WireChannel, ack, kind, write_ack, write_channels, write_status,
};
use myoscope::device::{Channel, Status};

use super::device::{Change, Kind, noise};
use super::packets::I24;

const RATE_HZ: f64 = 48_000.0;
const CHANNELS: u8 = 8;
/// Samples a frame.
const SAMPLES: u8 = 48;
/// Frames from one STATUS to the next.
const STATUS_EVERY: u32 = 500;
/// Sample clock when the host first asks: it runs since power-on.
const POWER_ON: u64 = 4800;
/// Microvolts a count.
pub const SCALE_UV: f64 = 0.02;

/// The amplifier.
#[derive(Default)]
pub struct Amplifier {
    commands: CommandReader,
    numbering: Numbering,
    epoch: u16,
    /// Samples before this start, and in it.
    before: u64,
    since: u64,
    frames: u32,
    streaming: bool,
    /// Number of the command that started it: written again, it is only answered again.
    started_by: Option<u16>,
}

impl Amplifier {
    fn tick(&self) -> u64 {
        POWER_ON + self.before + self.since
    }

    fn send(&mut self, kind: u8, payload: &[u8], out: &mut Vec<u8>) {
        let header = Header { kind, seq: self.numbering.take(), epoch: self.epoch, tick: self.tick() };
        encode(header, payload, out);
    }

    fn info() -> Info {
        Info {
            vendor: "rig".into(),
            model: "soft amplifier".into(),
            serial: "1".into(),
            firmware: "1.0".into(),
            clock_hz: Some(RATE_HZ),
            channels: Some(u16::from(CHANNELS)),
            ..Info::default()
        }
    }

    fn channel(id: u8) -> WireChannel {
        let channel = Channel::counts(format!("EMG {}", id + 1), 24, Some(RATE_HZ)).microvolts(SCALE_UV, 0.0);
        WireChannel { id, channel: channel.band(Some(2.0), Some(10_000.0)), e1: "active".into(), e2: "reference".into() }
    }
}

impl Kind for Amplifier {
    fn received(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Change {
        let (mut commands, mut change) = (Vec::new(), Change::None);
        self.commands.push(bytes, &mut commands);
        for (header, command) in commands {
            let (mut payload, mut detail, mut code) = (Vec::new(), Vec::new(), ack::OK);
            match command {
                Some(Command::Identify) => {
                    Self::info().write(&mut payload);
                    self.send(kind::INFO, &payload, out);
                    continue;
                }
                Some(Command::GetChannels) => {
                    let all: Vec<WireChannel> = (0..CHANNELS).map(Self::channel).collect();
                    write_channels(&all, &mut payload);
                    self.send(kind::CHANNELS, &payload, out);
                    continue;
                }
                Some(Command::Heartbeat { .. }) => continue,
                Some(Command::Start) => {
                    if self.started_by != Some(header.seq) || !self.streaming {
                        self.before += self.since;
                        (self.since, self.frames) = (0, 0);
                        self.epoch = self.epoch.wrapping_add(1);
                        self.numbering.restart();
                        (self.streaming, self.started_by) = (true, Some(header.seq));
                        change = Change::Start;
                    }
                    detail.push(("start", ((POWER_ON + self.before) as u32).into()));
                }
                Some(Command::Stop) => {
                    self.streaming = false;
                    change = Change::Stop;
                }
                Some(Command::Ping { .. }) => {}
                // No stimulator, no impedances: what it cannot do it says.
                _ => code = ack::BAD,
            }
            write_ack(header.seq, code, &detail, &mut payload);
            self.send(kind::ACK, &payload, out);
        }
        change
    }

    fn between(&mut self, out: &mut Vec<u8>) {
        self.frames += 1;
        if self.frames.is_multiple_of(STATUS_EVERY) {
            let mut payload = Vec::new();
            write_status(&Status { streaming: true, ..Status::default() }, &mut payload);
            self.send(kind::STATUS, &payload, out);
        }
    }

    fn frame(&mut self, _number: u64, first: u64, out: &mut Vec<u8>) {
        let head =
            SamplesHead { stream: 0, encoding: Encoding::S24, channels: CHANNELS, samples: SAMPLES, flags: 0, clip_mask: 0, dropped: 0 };
        let samples = first..first + u64::from(SAMPLES);
        let values: Vec<i32> = samples.flat_map(|k| (0..u16::from(CHANNELS)).map(move |c| noise(k, c, I24.0, I24.1))).collect();
        let mut payload = Vec::with_capacity(2048);
        head.write(&values, &mut payload);
        self.send(kind::SAMPLES, &payload, out);
        self.since = first + u64::from(SAMPLES);
    }

    fn rate_hz(&self) -> f64 {
        RATE_HZ
    }

    fn samples(&self) -> u64 {
        u64::from(SAMPLES)
    }

    fn channels(&self) -> u16 {
        u16::from(CHANNELS)
    }

    fn value(&self, sample: u64, channel: u16) -> f64 {
        f64::from(noise(sample, channel, I24.0, I24.1))
    }
}
