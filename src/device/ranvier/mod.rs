//! Ranvier: the open protocol of a clinical amplifier with stimulator, specified in
//! `docs/device-protocol.md`. Named after the nodes that restore a signal along its way.
//!
//! Encoder and decoder of both directions: a device in software speaks through the same code.

pub mod cbor;
mod command;
mod decode;
mod describe;
pub mod frame;
mod link;
mod message;
mod sweep;

pub use command::{Command, Program};
pub use decode::RanvierDecoder;
pub use describe::{Info, WireChannel, read_channels, write_channels};
pub use link::{Link, TimeMap};
pub use message::{Encoding, Event, SamplesHead, What, ack, disarm, kind, put_values, read_status, write_ack, write_status};
pub use sweep::PartHead;

use super::{Config, Decoder, Descriptor, DeviceEvent, Heard, Losses, Opening, Protocol, Question, Step, Until, UsbFilter};
use frame::{Header, Numbering};

/// Id of the protocol.
pub(crate) const ID: &str = "ranvier";

/// IDENTIFY as the first frame of a host. Written out, so that it can be a constant; a test compares.
const ASK: &[u8] = &[
    0x00, 0x04, 0x10, 0x80, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x05, 0xb0, 0x4d, 0x52, 0x2a,
    0x00,
];

/// The protocol.
pub struct Ranvier;

impl Protocol for Ranvier {
    fn id(&self) -> &'static str {
        ID
    }

    fn name(&self) -> &'static str {
        "Ranvier amplifier"
    }

    fn maker(&self) -> &'static str {
        "open protocol"
    }

    fn bauds(&self) -> &'static [u32] {
        &[]
    }

    fn usb(&self) -> &'static [UsbFilter] {
        const USB: &[UsbFilter] = &[UsbFilter::vendor(0x1209)];
        USB
    }

    fn opening(&self) -> Opening {
        Opening::default()
    }

    fn question(&self) -> Option<Question> {
        Some(Question { bytes: ASK, answer_ms: 400 })
    }

    fn answer(&self, heard: &[u8]) -> Heard {
        // Samples of a device that runs already are not the answer: INFO is.
        match self.overheard(heard) {
            Heard::Partly(_) => Heard::Nothing,
            told => told,
        }
    }

    fn overheard(&self, heard: &[u8]) -> Heard {
        let (mut decoder, mut out) = (RanvierDecoder::new(), Vec::new());
        decoder.push(heard, &mut out);
        let info = decoder.info();
        if decoder.has_info() {
            Heard::Device(Config { model: info.model.clone(), firmware: info.firmware.clone(), rate_hz: info.clock_hz, ..Config::of(ID) })
        } else if decoder.heard_any() {
            // A frame with a right CRC-32C is no accident, but only INFO names the model.
            Heard::Partly(Config::of(ID))
        } else {
            Heard::Nothing
        }
    }

    fn start(&self, _config: &Config) -> Vec<Step> {
        // The driver speaks this protocol itself (`Link`); these steps are for a plain port.
        let mut seq = Numbering::default();
        let mut write = Vec::new();
        for command in [Command::Identify, Command::GetChannels, Command::Start] {
            encode_command(&command, &mut seq, 0, &mut write);
        }
        vec![Step { write, until: Until::Samples, timeout_ms: 1000, tries: 3, needed: true }]
    }

    fn stop(&self, _config: &Config) -> Vec<u8> {
        let mut write = Vec::new();
        encode_command(&Command::Stop, &mut Numbering::default(), 0, &mut write);
        write
    }

    fn describe(&self, config: &Config) -> Descriptor {
        super::descriptor_of(self, config, Vec::new(), config.rate())
    }

    fn decoder(&self, _config: &Config) -> Box<dyn Decoder> {
        Box::new(RanvierDecoder::new())
    }
}

/// Adds a command's frame and returns its number.
pub fn encode_command(command: &Command, numbering: &mut Numbering, epoch: u16, out: &mut Vec<u8>) -> u16 {
    let mut payload = Vec::new();
    command.write(&mut payload);
    let seq = numbering.take();
    // Only a CONFIGURE of more than two kilobytes does not fit; a device cannot take it either.
    frame::encode(Header { kind: command.kind(), seq, epoch, tick: 0 }, &payload, out);
    seq
}

/// Reads commands as a device does: what a simulator puts behind its port.
#[derive(Default)]
pub struct CommandReader {
    frames: frame::FrameReader,
    losses: Losses,
    ignored: Vec<DeviceEvent>,
}

impl CommandReader {
    /// Takes bytes; adds each frame as its header and its command, or none for a bad payload.
    /// Damaged frames count in [`CommandReader::losses`].
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<(Header, Option<Command>)>) {
        let Self { frames, losses, ignored } = self;
        frames.push(bytes, losses, ignored, |header, payload, _, _| out.push((header, Command::read(header.kind, payload))));
        ignored.clear();
    }

    /// Damaged frames and bytes that are none.
    pub fn losses(&self) -> Losses {
        self.losses
    }
}
