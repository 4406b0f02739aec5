//! What a decoder makes of bytes: blocks of samples, gaps, stimuli, marks, answers, and what it rejected.
//!
//! Two rules make streams comparable. Times are ticks of the device's sample clock since the start,
//! never times of arrival. And a decoder may join neighbouring blocks: [`joined`] gives the form in
//! which the events of any two divisions of the same bytes are equal.

use serde::{Deserialize, Serialize};

use super::Descriptor;

/// Values of a block, sample-major: all channels of the first sample, then of the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Values {
    /// Counts of the converter; a channel's scale makes its unit of them.
    Counts(Vec<i32>),
    /// Numbers in the channel's unit (scale and offset are applied alike, mostly 1 and 0).
    Floats(Vec<f32>),
}

impl Values {
    /// Values, all channels together.
    pub fn len(&self) -> usize {
        match self {
            Self::Counts(v) => v.len(),
            Self::Floats(v) => v.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Flags of a block: bits of [`SampleBlock::flags`].
pub mod flag {
    /// The device lost samples right before this block.
    pub const OVERRUN: u16 = 1;
    /// Some value stands at the end of the range.
    pub const CLIPPED: u16 = 2;
    /// The device watches its electrodes, and `clip_mask` is about this block.
    pub const LEAD_OFF_VALID: u16 = 4;
    /// The amplifier's input was shut off for a stimulus.
    pub const BLANKED: u16 = 8;
}

/// Samples that follow each other without a gap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleBlock {
    /// Stream within the device; its channels are those of the descriptor with this stream.
    pub stream: u8,
    /// Number of the first sample since the start, lost ones counted.
    pub first: u64,
    /// Values a sample.
    pub channels: u16,
    /// Sample-major values; a multiple of `channels`.
    pub values: Values,
    /// Bit n: channel n stood at the end of its range somewhere in the block.
    pub clip_mask: u32,
    /// Bits of [`flag`] (a protocol's own bits begin at 256).
    pub flags: u16,
}

impl SampleBlock {
    /// Samples of each channel.
    pub fn samples(&self) -> u64 {
        self.values.len() as u64 / u64::from(self.channels.max(1))
    }

    /// Number of the sample after the last.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.samples())
    }

    fn fits(&self, next: &Self) -> bool {
        (self.stream, self.channels, self.clip_mask, self.flags) == (next.stream, next.channels, next.clip_mask, next.flags)
            && self.end() == next.first
    }
}

/// Who lost samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GapCause {
    /// The device itself, by its own count.
    Device,
    /// The way between device and program.
    Link,
    /// Some of both; [`super::Losses`] tells how many of each.
    Both,
}

/// A time: ticks of the sample clock since the start and parts of a tick. Negative before the first sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TickTime {
    /// Whole ticks.
    pub tick: i64,
    /// Parts of a tick in 1/65536.
    pub frac: u16,
}

impl TickTime {
    /// In ticks.
    pub fn ticks(self) -> f64 {
        self.tick as f64 + f64::from(self.frac) / 65536.0
    }
}

/// A stimulus as the device gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stimulus {
    /// Number of the event in the device, without gaps.
    pub id: u32,
    /// Stimulator output.
    pub source: u8,
    /// When, to a part of a sample.
    pub at: TickTime,
    /// Current that was asked for.
    pub set_ua: u32,
    /// Current that flowed; none where it was not measured.
    pub delivered_ua: Option<u32>,
    /// Width of a pulse (of each phase of a biphasic one).
    pub width_us: u16,
    /// The stimulator could not drive the current through the electrodes.
    pub compliance_reached: bool,
    /// Two phases.
    pub biphasic: bool,
    /// Anode and cathode exchanged.
    pub reversed: bool,
    /// Number within its train, from 0.
    pub train_index: u16,
    /// Stimuli of the train; 1 for a single one.
    pub train_length: u16,
    /// Program that the host set.
    pub program: u32,
}

/// Kinds of other events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarkKind {
    /// A trigger from outside.
    Trigger,
    /// A foot switch.
    FootSwitch,
    /// A marker: a key on the device, a message, or what the host asked to mark.
    Marker,
    /// A pulse that the device gave to others.
    SyncOut,
}

/// Something at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// What.
    pub kind: MarkKind,
    /// Input that it came from.
    pub source: u8,
    /// When.
    pub at: TickTime,
    /// Level or number that belongs to it.
    pub code: u32,
    /// Number of the event in the device, where it counts them.
    pub id: Option<u32>,
    /// Words that belong to it.
    pub text: String,
}

/// Impedance of an electrode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impedance {
    /// Electrode.
    pub electrode: u8,
    /// No contact.
    pub lead_off: bool,
    /// Magnitude; none where it could not be measured.
    pub ohm: Option<u32>,
    /// Frequency of the measuring current; 0 is direct current.
    pub hz: u16,
}

/// States of a stimulator's interlock, as the device reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interlock {
    /// Switched off at the device, or there is none.
    #[default]
    Off,
    /// Switched on at the device; nothing set.
    Ready,
    /// A program is set.
    Set,
    /// A permitted program waits for FIRE.
    Armed,
    /// Stimuli are being given.
    Firing,
    /// The device found a fault and must be looked at.
    Fault,
}

/// How the device is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Fill of its buffer, 0 to 1.
    pub fifo: f32,
    /// Samples dropped since the start.
    pub dropped: u32,
    /// USB errors that it saw.
    pub usb_errors: u16,
    /// Damaged frames that it got.
    pub host_crc_errors: u16,
    /// The interlock.
    pub interlock: Interlock,
    /// Why it last disarmed: [`super::ranvier::disarm`].
    pub disarm_reason: u8,
    /// It is sending samples.
    pub streaming: bool,
    /// The dead-man switch is held.
    pub dead_man: bool,
    /// An electrode that is in use has no contact.
    pub lead_off: bool,
    /// Skin temperature.
    pub temperature_c: Option<f32>,
    /// Charge of the battery, 0 to 1.
    pub battery: Option<f32>,
    /// Number that an arming must repeat.
    pub nonce: u64,
    /// Program that is set.
    pub program: u32,
    /// Its current.
    pub set_ua: u32,
}

/// A sweep that the device kept and sent whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// Number of the sweep.
    pub id: u32,
    /// Event that triggered it.
    pub event: u32,
    /// Stream that its channels belong to.
    pub stream: u8,
    /// Tick of the first sample since the start.
    pub first_tick: i64,
    /// Values a sample.
    pub channels: u16,
    /// Sample-major values, complete.
    pub values: Values,
}

/// The device's answer to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Number of the command's frame.
    pub command: u16,
    /// 0 done, 1 bad, 2 refused by the interlock, 3 out of limits, 4 busy.
    pub code: u8,
    /// Device's tick (free-running, as in the frame's header) when it answered.
    pub tick: u64,
    /// What else it says (CBOR).
    pub detail: Vec<u8>,
}

/// Why bytes were rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reject {
    /// They belong to no frame.
    NoFrame,
    /// The checksum is wrong.
    Checksum,
    /// A frame of a kind or version that is not known; ignored.
    Unknown,
    /// A frame that contradicts itself.
    Malformed,
    /// More than a frame can hold without an end.
    TooLong,
    /// The frame was there already.
    Duplicate,
}

/// What a decoder found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DeviceEvent {
    /// What the device is, before its first block and whenever that changes.
    Described(Box<Descriptor>),
    /// A new start: numbers of samples begin anew.
    Started {
        /// Number of the start.
        epoch: u16,
    },
    /// Samples.
    Block(SampleBlock),
    /// Samples that are missing, `from..from + samples`.
    Gap {
        /// Stream that misses them.
        stream: u8,
        /// Number of the first missing one.
        from: u64,
        /// How many.
        samples: u64,
        /// Who lost them.
        cause: GapCause,
    },
    /// A stimulus.
    Stimulus(Stimulus),
    /// A trigger, a switch, a marker.
    Mark(Mark),
    /// Impedances that were measured.
    Impedance(Vec<Impedance>),
    /// How the device is.
    Status(Status),
    /// A sweep that is complete.
    Sweep(Sweep),
    /// Words of the device.
    Text(String),
    /// An answer to a command.
    Answer(Answer),
    /// Bytes that could not be used.
    Rejected {
        /// How many.
        bytes: u32,
        /// Why.
        why: Reject,
    },
}

/// Most values that a decoder puts into one block.
const MAX_VALUES: usize = 1 << 16;

/// Adds counts, to the last block of their stream where they continue it: no allocation a frame.
pub(crate) fn add_samples(out: &mut Vec<DeviceEvent>, place: &Place, values: impl Iterator<Item = i32>) {
    if let Some(Values::Counts(all)) = continued(out, place) {
        all.extend(values);
    } else {
        add_block(out, place, Values::Counts(values.collect()));
    }
}

/// The same for numbers.
pub(crate) fn add_floats(out: &mut Vec<DeviceEvent>, place: &Place, values: impl Iterator<Item = f32>) {
    if let Some(Values::Floats(all)) = continued(out, place) {
        all.extend(values);
    } else {
        add_block(out, place, Values::Floats(values.collect()));
    }
}

fn add_block(out: &mut Vec<DeviceEvent>, place: &Place, values: Values) {
    let &Place { stream, first, channels, clip_mask, flags } = place;
    out.push(DeviceEvent::Block(SampleBlock { stream, first, channels, values, clip_mask, flags }));
}

/// Values of the block that samples at a place continue; other streams' blocks may stand behind it.
fn continued<'a>(out: &'a mut [DeviceEvent], place: &Place) -> Option<&'a mut Values> {
    let blocks = out.iter_mut().rev().map_while(|e| if let DeviceEvent::Block(b) = e { Some(b) } else { None });
    let last = blocks.take(4).find(|b| b.stream == place.stream)?;
    let same = (last.channels, last.clip_mask, last.flags) == (place.channels, place.clip_mask, place.flags);
    (same && last.end() == place.first && last.values.len() < MAX_VALUES).then_some(&mut last.values)
}

/// Where samples belong.
pub(crate) struct Place {
    pub stream: u8,
    pub first: u64,
    pub channels: u16,
    pub clip_mask: u32,
    pub flags: u16,
}

/// The same events with neighbouring blocks joined: equal for every division of the same bytes.
pub fn joined(events: Vec<DeviceEvent>) -> Vec<DeviceEvent> {
    let mut out: Vec<DeviceEvent> = Vec::new();
    for event in events {
        let DeviceEvent::Block(next) = event else {
            out.push(event);
            continue;
        };
        let last = out.iter_mut().rev().map_while(|e| if let DeviceEvent::Block(b) = e { Some(b) } else { None });
        let last = last.take(4).find(|b| b.stream == next.stream).filter(|b| b.fits(&next));
        match (last, next) {
            (Some(SampleBlock { values: Values::Counts(all), .. }), SampleBlock { values: Values::Counts(more), .. }) => all.extend(more),
            (Some(SampleBlock { values: Values::Floats(all), .. }), SampleBlock { values: Values::Floats(more), .. }) => all.extend(more),
            (_, next) => out.push(DeviceEvent::Block(next)),
        }
    }
    out
}
