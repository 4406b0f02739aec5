//! Fixed payloads of the open protocol, both directions. `docs/device-protocol.md` is their
//! specification; numbers are little-endian. A payload may be longer than what is known of it
//! (a later minor version adds at the end); a shorter one is malformed.

use super::cbor::{Value, map};
use crate::device::{Interlock, MarkKind, Status};

/// Types of frames.
pub mod kind {
    #![allow(missing_docs, reason = "the names are those of the specification")]
    pub const INFO: u8 = 0x02;
    pub const CHANNELS: u8 = 0x03;
    pub const SAMPLES: u8 = 0x10;
    pub const EVENT: u8 = 0x11;
    pub const IMPEDANCE: u8 = 0x12;
    pub const STATUS: u8 = 0x13;
    pub const SWEEP: u8 = 0x15;
    pub const ACK: u8 = 0x20;
    pub const IDENTIFY: u8 = 0x80;
    pub const GET_CHANNELS: u8 = 0x81;
    pub const CONFIGURE: u8 = 0x82;
    pub const START: u8 = 0x83;
    pub const STOP: u8 = 0x84;
    pub const PING: u8 = 0x85;
    pub const MEASURE_IMPEDANCE: u8 = 0x86;
    pub const TEST_SIGNAL: u8 = 0x87;
    pub const REREQUEST: u8 = 0x88;
    pub const STIM_SET: u8 = 0x90;
    pub const STIM_ARM: u8 = 0x91;
    pub const STIM_FIRE: u8 = 0x92;
    pub const STIM_DISARM: u8 = 0x93;
    pub const HEARTBEAT: u8 = 0x94;
    pub const MARKER: u8 = 0x95;
}

/// Codes of an ACK.
pub mod ack {
    #![allow(missing_docs, reason = "the names are those of the specification")]
    pub const OK: u8 = 0;
    pub const BAD: u8 = 1;
    pub const INTERLOCK: u8 = 2;
    pub const LIMITS: u8 = 3;
    pub const BUSY: u8 = 4;
}

/// Why a device disarmed its stimulator: `disarm_reason` of STATUS.
pub mod disarm {
    #![allow(missing_docs, reason = "the names are those of the specification")]
    pub const NONE: u8 = 0;
    pub const HOST: u8 = 1;
    pub const HEARTBEAT: u8 = 2;
    pub const DTR: u8 = 3;
    pub const CRC: u8 = 4;
    pub const EPOCH: u8 = 5;
    pub const LEAD_OFF: u8 = 6;
    pub const STOP: u8 = 7;
    pub const SWITCH: u8 = 8;
    pub const MISMATCH: u8 = 9;
    pub const FAULT: u8 = 10;
}

/// Encodings of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 24-bit signed.
    S24,
    /// 16-bit signed.
    S16,
    /// 32-bit signed.
    S32,
    /// 32-bit float.
    F32,
}

impl Encoding {
    /// From its number on the wire.
    pub fn of(code: u8) -> Option<Self> {
        [Self::S24, Self::S16, Self::S32, Self::F32].get(usize::from(code)).copied()
    }

    /// Its number on the wire.
    pub fn code(self) -> u8 {
        match self {
            Self::S24 => 0,
            Self::S16 => 1,
            Self::S32 => 2,
            Self::F32 => 3,
        }
    }

    /// Bytes of a value.
    pub fn size(self) -> usize {
        match self {
            Self::S24 => 3,
            Self::S16 => 2,
            Self::S32 | Self::F32 => 4,
        }
    }
}

/// Reads numbers off the front of a payload.
pub struct Cursor<'a>(pub &'a [u8]);

impl Cursor<'_> {
    /// The next N bytes.
    pub fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.bytes::<1>().map(|b| b[0])
    }

    /// 16 bits.
    pub fn u16(&mut self) -> Option<u16> {
        self.bytes().map(u16::from_le_bytes)
    }

    /// 32 bits.
    pub fn u32(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    /// 64 bits.
    pub fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_le_bytes)
    }
}

/// Head of SAMPLES, 12 bytes; the values follow, sample-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SamplesHead {
    /// Stream.
    pub stream: u8,
    /// Encoding.
    pub encoding: Encoding,
    /// Channels.
    pub channels: u8,
    /// Samples of each channel.
    pub samples: u8,
    /// Flags: [`crate::device::flag`].
    pub flags: u16,
    /// Bit n: channel n clipped.
    pub clip_mask: u16,
    /// Samples that the device dropped since the start.
    pub dropped: u32,
}

impl SamplesHead {
    /// Takes the head off; the values are what is left.
    pub fn read(payload: &[u8]) -> Option<(Self, &[u8])> {
        let mut c = Cursor(payload);
        let stream = c.u8()?;
        let encoding = Encoding::of(c.u8()?)?;
        let head = Self { stream, encoding, channels: c.u8()?, samples: c.u8()?, flags: c.u16()?, clip_mask: c.u16()?, dropped: c.u32()? };
        let n = usize::from(head.channels) * usize::from(head.samples) * encoding.size();
        (n > 0).then_some(())?;
        Some((head, c.0.get(..n)?))
    }

    /// Adds the payload with whole numbers in its encoding; a float encoding gets them as floats.
    pub fn write(&self, values: &[i32], out: &mut Vec<u8>) {
        out.extend([self.stream, self.encoding.code(), self.channels, self.samples]);
        out.extend(self.flags.to_le_bytes());
        out.extend(self.clip_mask.to_le_bytes());
        out.extend(self.dropped.to_le_bytes());
        put_values(self.encoding, values, out);
    }
}

/// Adds whole numbers in an encoding; what does not fit is cut to the range.
pub fn put_values(encoding: Encoding, values: &[i32], out: &mut Vec<u8>) {
    for &v in values {
        match encoding {
            Encoding::S24 => out.extend(&v.clamp(-(1 << 23), (1 << 23) - 1).to_le_bytes()[..3]),
            Encoding::S16 => out.extend((v.clamp(-(1 << 15), (1 << 15) - 1) as i16).to_le_bytes()),
            Encoding::S32 => out.extend(v.to_le_bytes()),
            Encoding::F32 => out.extend((v as f32).to_le_bytes()),
        }
    }
}

/// An EVENT.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Input or output that it belongs to.
    pub source: u8,
    /// Parts of a tick after the header's tick, in 1/65536.
    pub frac: u16,
    /// Number of the event, without gaps.
    pub id: u32,
    /// What happened.
    pub what: What,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A stimulus: 28 bytes in all.
    Stimulus {
        /// Set current.
        set_ua: u32,
        /// Measured current.
        delivered_ua: Option<u32>,
        /// Width of a phase.
        width_us: u16,
        /// 1 compliance reached, 2 biphasic, 4 reversed, 8 in a train.
        flags: u8,
        /// Number within the train.
        index: u16,
        /// Stimuli of the train.
        length: u16,
        /// Program.
        program: u32,
    },
    /// Anything else.
    Mark {
        /// What.
        kind: MarkKind,
        /// Level or number; 0 where it is left out.
        code: u32,
        /// Words.
        text: String,
    },
}

impl Event {
    /// Reads a payload.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let mut c = Cursor(payload);
        let (kind, source, frac, id) = (c.u8()?, c.u8()?, c.u16()?, c.u32()?);
        let mark = |kind, mut c: Cursor<'_>| {
            let code = c.u32().unwrap_or(0);
            What::Mark { kind, code, text: String::from_utf8_lossy(c.0).into_owned() }
        };
        let what = match kind {
            1 => {
                let (set_ua, delivered, width_us) = (c.u32()?, c.u32()?, c.u16()?);
                let [flags, _] = c.bytes()?;
                let (index, length, program) = (c.u16()?, c.u16()?, c.u32()?);
                What::Stimulus {
                    set_ua,
                    delivered_ua: (delivered != u32::MAX).then_some(delivered),
                    width_us,
                    flags,
                    index,
                    length,
                    program,
                }
            }
            2 => mark(MarkKind::Trigger, c),
            3 => mark(MarkKind::FootSwitch, c),
            4 => mark(MarkKind::Marker, c),
            5 => mark(MarkKind::SyncOut, c),
            _ => return None,
        };
        Some(Self { source, frac, id, what })
    }

    /// Adds the payload.
    pub fn write(&self, out: &mut Vec<u8>) {
        let number = match &self.what {
            What::Stimulus { .. } => 1,
            What::Mark { kind: MarkKind::Trigger, .. } => 2,
            What::Mark { kind: MarkKind::FootSwitch, .. } => 3,
            What::Mark { kind: MarkKind::Marker, .. } => 4,
            What::Mark { kind: MarkKind::SyncOut, .. } => 5,
        };
        out.extend([number, self.source]);
        out.extend(self.frac.to_le_bytes());
        out.extend(self.id.to_le_bytes());
        match &self.what {
            What::Stimulus { set_ua, delivered_ua, width_us, flags, index, length, program } => {
                out.extend(set_ua.to_le_bytes());
                out.extend(delivered_ua.unwrap_or(u32::MAX).to_le_bytes());
                out.extend(width_us.to_le_bytes());
                out.extend([*flags, 0]);
                out.extend(index.to_le_bytes());
                out.extend(length.to_le_bytes());
                out.extend(program.to_le_bytes());
            }
            What::Mark { code, text, .. } => {
                out.extend(code.to_le_bytes());
                out.extend(text.as_bytes());
            }
        }
    }
}

/// Bytes of a STATUS.
const STATUS_BYTES: usize = 32;
/// No temperature.
const NO_TEMPERATURE: i16 = i16::MIN;

/// Reads a STATUS.
pub fn read_status(payload: &[u8]) -> Option<Status> {
    let mut c = Cursor(payload);
    let fifo = f32::from(c.u16()?.min(1000)) / 1000.0;
    let interlock = match c.u8()? {
        0 => Interlock::Off,
        1 => Interlock::Ready,
        2 => Interlock::Set,
        3 => Interlock::Armed,
        4 => Interlock::Firing,
        _ => Interlock::Fault,
    };
    let flags = c.u8()?;
    let (dropped, usb_errors, host_crc_errors) = (c.u32()?, c.u16()?, c.u16()?);
    let temperature = i16::from_le_bytes(c.bytes()?);
    let (battery, disarm_reason) = (c.u8()?, c.u8()?);
    Some(Status {
        fifo,
        dropped,
        usb_errors,
        host_crc_errors,
        interlock,
        disarm_reason,
        streaming: flags & 1 != 0,
        dead_man: flags & 2 != 0,
        lead_off: flags & 4 != 0,
        temperature_c: (temperature != NO_TEMPERATURE).then_some(f32::from(temperature) / 10.0),
        battery: (battery <= 100).then_some(f32::from(battery) / 100.0),
        nonce: c.u64()?,
        program: c.u32()?,
        set_ua: c.u32()?,
    })
}

/// Adds a STATUS.
pub fn write_status(status: &Status, out: &mut Vec<u8>) {
    let interlock = match status.interlock {
        Interlock::Off => 0,
        Interlock::Ready => 1,
        Interlock::Set => 2,
        Interlock::Armed => 3,
        Interlock::Firing => 4,
        Interlock::Fault => 5u8,
    };
    let flags = u8::from(status.streaming) | u8::from(status.dead_man) << 1 | u8::from(status.lead_off) << 2;
    out.reserve(STATUS_BYTES);
    out.extend(((status.fifo.clamp(0.0, 1.0) * 1000.0) as u16).to_le_bytes());
    out.extend([interlock, flags]);
    out.extend(status.dropped.to_le_bytes());
    out.extend(status.usb_errors.to_le_bytes());
    out.extend(status.host_crc_errors.to_le_bytes());
    let temperature = status.temperature_c.map_or(NO_TEMPERATURE, |c| (c * 10.0).round().clamp(-1000.0, 2000.0) as i16);
    out.extend(temperature.to_le_bytes());
    out.extend([status.battery.map_or(255, |b| (b.clamp(0.0, 1.0) * 100.0).round() as u8), status.disarm_reason]);
    out.extend(status.nonce.to_le_bytes());
    out.extend(status.program.to_le_bytes());
    out.extend(status.set_ua.to_le_bytes());
}

/// Adds an ACK; an empty detail is left out.
pub fn write_ack(command: u16, code: u8, detail: &[(&str, Value)], out: &mut Vec<u8>) {
    out.extend(command.to_le_bytes());
    out.extend([code, 0]);
    if !detail.is_empty() {
        map(detail.iter().cloned()).write(out);
    }
}
