//! Commands of the open protocol: what the host writes and a device reads.

use super::cbor::{Value, map};
use super::message::{Cursor, kind};

/// What one stimulus, or each of a train, is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Number of the program; every command of the stimulator repeats it.
    pub id: u32,
    /// Current.
    pub current_ua: u32,
    /// Width of a phase.
    pub width_us: u16,
    /// Stimulator output.
    pub output: u8,
    /// 2 biphasic, 4 reversed polarity.
    pub flags: u8,
    /// Stimuli of the train, at least 1.
    pub count: u16,
    /// From one stimulus to the next; ignored for one stimulus.
    pub period_us: u32,
    /// From FIRE to the first stimulus.
    pub delay_us: u32,
}

impl Program {
    /// What the device understood, from the detail of its ACK.
    pub fn understood(detail: &[u8]) -> Option<Self> {
        let v = Value::read(detail)?;
        Some(Self {
            id: v.whole("program")?,
            current_ua: v.whole("uA")?,
            width_us: v.whole("us")?,
            output: v.whole("out").unwrap_or(0),
            flags: v.whole("flags").unwrap_or(0),
            count: v.whole("count")?,
            period_us: v.whole("period_us")?,
            delay_us: v.whole("delay_us").unwrap_or(0),
        })
    }

    /// The detail of an ACK that states what was understood.
    pub fn detail(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("program", self.id.into()),
            ("uA", self.current_ua.into()),
            ("us", u32::from(self.width_us).into()),
            ("out", u32::from(self.output).into()),
            ("flags", u32::from(self.flags).into()),
            ("count", u32::from(self.count).into()),
            ("period_us", self.period_us.into()),
            ("delay_us", self.delay_us.into()),
        ]
    }
}

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Who are you: answered by INFO.
    Identify,
    /// Answered by CHANNELS.
    GetChannels,
    /// Settings of channels: a CBOR map.
    Configure(Value),
    /// Begin to send samples.
    Start,
    /// Stop sending samples; disarms.
    Stop,
    /// Answered at once by an ACK whose header has the tick.
    Ping {
        /// Host's time.
        host_us: u64,
    },
    /// Measure impedances, or stop it.
    Impedance {
        /// Measure.
        on: bool,
        /// Frequency of the current; 0 for the device's own.
        hz: u16,
    },
    /// Put a signal of the device's own on all channels.
    TestSignal {
        /// 0 none, 1 square, 2 sine, 3 inputs shorted.
        shape: u8,
        /// Frequency.
        hz: u16,
        /// Peak to peak.
        pp_uv: u32,
    },
    /// Send parts of a sweep again.
    Rerequest {
        /// Sweep.
        sweep: u32,
        /// First part.
        part: u16,
        /// How many.
        count: u16,
    },
    /// Put a marker among the events.
    Marker {
        /// Number.
        code: u32,
        /// Words, at most 64 bytes.
        text: String,
    },
    /// Set a program.
    StimSet(Program),
    /// Permit the program to be fired.
    StimArm {
        /// Program.
        program: u32,
        /// From the last STATUS.
        nonce: u64,
        /// The program's current again.
        current_ua: u32,
    },
    /// Give the program's stimuli once.
    StimFire {
        /// Program.
        program: u32,
        /// Number of this firing: the same one fires once.
        fire: u32,
    },
    /// Permit nothing any more.
    StimDisarm,
    /// The host is there.
    Heartbeat {
        /// When the next one will come at the latest.
        within_ms: u32,
    },
}

impl Command {
    /// Type of its frame.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Identify => kind::IDENTIFY,
            Self::GetChannels => kind::GET_CHANNELS,
            Self::Configure(_) => kind::CONFIGURE,
            Self::Start => kind::START,
            Self::Stop => kind::STOP,
            Self::Ping { .. } => kind::PING,
            Self::Impedance { .. } => kind::MEASURE_IMPEDANCE,
            Self::TestSignal { .. } => kind::TEST_SIGNAL,
            Self::Rerequest { .. } => kind::REREQUEST,
            Self::Marker { .. } => kind::MARKER,
            Self::StimSet(_) => kind::STIM_SET,
            Self::StimArm { .. } => kind::STIM_ARM,
            Self::StimFire { .. } => kind::STIM_FIRE,
            Self::StimDisarm => kind::STIM_DISARM,
            Self::Heartbeat { .. } => kind::HEARTBEAT,
        }
    }

    /// Adds its payload.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Identify | Self::GetChannels | Self::Start | Self::Stop | Self::StimDisarm => {}
            Self::Configure(value) => value.write(out),
            Self::Ping { host_us } => out.extend(host_us.to_le_bytes()),
            Self::Impedance { on, hz } => {
                out.extend([u8::from(*on), 0]);
                out.extend(hz.to_le_bytes());
            }
            Self::TestSignal { shape, hz, pp_uv } => {
                out.extend([*shape, 0]);
                out.extend(hz.to_le_bytes());
                out.extend(pp_uv.to_le_bytes());
            }
            Self::Rerequest { sweep, part, count } => {
                out.extend(sweep.to_le_bytes());
                out.extend(part.to_le_bytes());
                out.extend(count.to_le_bytes());
            }
            Self::Marker { code, text } => {
                out.extend(code.to_le_bytes());
                let end = (0..=text.len().min(64)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
                out.extend(text.as_bytes().get(..end).unwrap_or_default());
            }
            Self::StimSet(p) => {
                out.extend(p.id.to_le_bytes());
                out.extend(p.current_ua.to_le_bytes());
                out.extend(p.width_us.to_le_bytes());
                out.extend([p.output, p.flags]);
                out.extend(p.count.to_le_bytes());
                out.extend([0, 0]);
                out.extend(p.period_us.to_le_bytes());
                out.extend(p.delay_us.to_le_bytes());
            }
            Self::StimArm { program, nonce, current_ua } => {
                out.extend(program.to_le_bytes());
                out.extend(nonce.to_le_bytes());
                out.extend(current_ua.to_le_bytes());
            }
            Self::StimFire { program, fire } => {
                out.extend(program.to_le_bytes());
                out.extend(fire.to_le_bytes());
            }
            Self::Heartbeat { within_ms } => out.extend(within_ms.to_le_bytes()),
        }
    }

    /// Reads a command as a device does; none for one that is malformed or not known.
    pub fn read(frame_kind: u8, payload: &[u8]) -> Option<Self> {
        let mut c = Cursor(payload);
        Some(match frame_kind {
            kind::IDENTIFY => Self::Identify,
            kind::GET_CHANNELS => Self::GetChannels,
            kind::CONFIGURE => Self::Configure(if payload.is_empty() { map([]) } else { Value::read(payload)? }),
            kind::START => Self::Start,
            kind::STOP => Self::Stop,
            kind::PING => Self::Ping { host_us: c.u64()? },
            kind::MEASURE_IMPEDANCE => {
                let [on, _] = c.bytes()?;
                Self::Impedance { on: on != 0, hz: c.u16()? }
            }
            kind::TEST_SIGNAL => {
                let [shape, _] = c.bytes()?;
                Self::TestSignal { shape, hz: c.u16()?, pp_uv: c.u32()? }
            }
            kind::REREQUEST => Self::Rerequest { sweep: c.u32()?, part: c.u16()?, count: c.u16()? },
            kind::MARKER => Self::Marker { code: c.u32()?, text: std::str::from_utf8(c.0).ok()?.to_owned() },
            kind::STIM_SET => {
                let (id, current_ua, width_us) = (c.u32()?, c.u32()?, c.u16()?);
                let [output, flags] = c.bytes()?;
                let count = c.u16()?;
                c.u16()?;
                Self::StimSet(Program { id, current_ua, width_us, output, flags, count, period_us: c.u32()?, delay_us: c.u32()? })
            }
            kind::STIM_ARM => Self::StimArm { program: c.u32()?, nonce: c.u64()?, current_ua: c.u32()? },
            kind::STIM_FIRE => Self::StimFire { program: c.u32()?, fire: c.u32()? },
            kind::STIM_DISARM => Self::StimDisarm,
            kind::HEARTBEAT => Self::Heartbeat { within_ms: c.u32()? },
            _ => return None,
        })
    }
}
