//! Serial bytes of amplifiers to samples, stimuli and gaps: pure decoders, and drivers without a port.
//!
//! Nothing here opens a port or reads a clock. Bytes and times (`now_ms`, any steady clock) come in as
//! arguments, bytes to write and events come out; the same code runs in a worker, on the command line
//! and in tests. From plugging in to samples:
//!
//! 1. [`identify::Identify`] recognises the device by listening and asking, and gives a [`Config`];
//! 2. [`driver::Driver`] starts it, feeds its [`Decoder`] and stops it;
//! 3. the decoder turns bytes into [`DeviceEvent`]s, whatever the division into chunks, resynchronises
//!    byte by byte, never panics, keeps at most one frame, and counts what is lost ([`Losses`]).
//!
//! A device is one file and one line of [`PROTOCOLS`].

use serde::{Deserialize, Serialize};

mod bitalino;
mod chords;
mod clock;
mod cyton;
mod descriptor;
pub mod driver;
mod event;
pub mod fuzz_entry;
pub mod generic;
mod hackeeg;
pub mod identify;
mod losses;
pub mod ranvier;
mod scan;
mod spikerbox;
#[cfg(feature = "stimulator")]
pub mod stimulator;
pub mod text;

pub use clock::ClockFit;
pub use descriptor::{ADC_UNITS, Channel, ChannelKind, Descriptor, Fitness, Grade, StimulatorLimits};
pub use event::{
    Answer, DeviceEvent, GapCause, Impedance, Interlock, Mark, MarkKind, Reject, SampleBlock, Status, Stimulus, Sweep, TickTime, Values,
    flag, joined,
};
pub use losses::Losses;

/// Every protocol, in the order in which devices are asked.
pub const PROTOCOLS: &[&dyn Protocol] = &[
    &cyton::Cyton,
    &chords::Chords,
    &spikerbox::SpikerBox,
    &ranvier::Ranvier,
    &bitalino::Bitalino,
    &hackeeg::HackEeg,
    &text::TextLines,
    &generic::Generic,
];

/// The protocol with this [`Protocol::id`].
pub fn protocol(id: &str) -> Option<&'static dyn Protocol> {
    PROTOCOLS.iter().copied().find(|p| p.id() == id)
}

/// USB numbers of a port; none for a port that is not USB or does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsbIds {
    /// Vendor.
    pub vendor: Option<u16>,
    /// Product.
    pub product: Option<u16>,
}

/// What a port must be to be offered: a vendor, and a product where it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsbFilter {
    /// Vendor.
    pub vendor: u16,
    /// Product; none for all of them.
    pub product: Option<u16>,
}

impl UsbFilter {
    /// All products of a vendor.
    pub const fn vendor(vendor: u16) -> Self {
        Self { vendor, product: None }
    }

    /// One product.
    pub const fn product(vendor: u16, product: u16) -> Self {
        Self { vendor, product: Some(product) }
    }

    /// Whether a port passes.
    pub fn fits(&self, ids: UsbIds) -> bool {
        ids.vendor == Some(self.vendor) && (self.product.is_none() || self.product == ids.product)
    }
}

/// How the port is opened. Always 8 data bits, no parity, one stop bit, no flow control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Opening {
    /// Buffer to ask the browser for; its default of 255 bytes loses data.
    pub buffer_bytes: u32,
    /// To wait after opening where opening resets the board (AVR bootloader).
    pub settle_ms: u32,
}

impl Default for Opening {
    fn default() -> Self {
        Self { buffer_bytes: 4 << 20, settle_ms: 0 }
    }
}

/// A question to a device that is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Bytes to write.
    pub bytes: &'static [u8],
    /// How long the answer may take.
    pub answer_ms: u32,
}

/// What a protocol makes of bytes that were heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Not of this device.
    Nothing,
    /// This device; all that is to be known of it.
    Device(Config),
    /// This device is sending, but what it sends does not tell everything (rate, model): it may be
    /// asked its own question; if it does not answer, this is what it is taken for.
    Partly(Config),
    /// This device answers that it cannot work, and what to do about it.
    Trouble(&'static str),
}

/// What is written to start or stop, and what ends each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes to write, all in one.
    pub write: Vec<u8>,
    /// What ends the step.
    pub until: Until,
    /// When the step is written again, or gives up.
    pub timeout_ms: u32,
    /// How often it is written.
    pub tries: u8,
    /// Whether giving up is a failure; else the next step follows.
    pub needed: bool,
}

/// What ends a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// Its time has passed.
    Time,
    /// The device says this.
    Text(&'static str),
    /// Samples come.
    Samples,
}

/// What is known of a device, enough to decode it: what identification finds and a person may correct.
///
/// Fields that make no sense for a protocol are ignored, absurd ones replaced by its defaults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// [`Protocol::id`].
    pub protocol: String,
    /// Baud that it answered at; 0 before that is known.
    pub baud: u32,
    /// Model.
    pub model: String,
    /// Firmware.
    pub firmware: String,
    /// Channels of the main stream; 0 for the protocol's own number.
    pub channels: u16,
    /// Bits of the converter; 0 for the protocol's own.
    pub bits: u8,
    /// Samples a second; none where it is not known yet.
    pub rate_hz: Option<f64>,
    /// Gain of the amplifier, where the stream does not tell it.
    pub gain: Option<f64>,
    /// Microvolts a count, where a person states them for a device without calibration.
    pub scale_uv: Option<f64>,
    /// Frame of the generic protocol.
    pub frame: Option<generic::FrameFormat>,
}

impl Config {
    /// A config of a protocol with nothing known.
    pub fn of(protocol: &str) -> Self {
        Self { protocol: protocol.into(), ..Self::default() }
    }

    /// The stated rate where it is one.
    fn rate(&self) -> Option<f64> {
        self.rate_hz.filter(|rate| rate.is_finite() && *rate > 0.0 && *rate <= 1e7)
    }

    /// The stated scale where it is one.
    fn scale(&self) -> Option<f64> {
        self.scale_uv.filter(|scale| scale.is_finite() && *scale != 0.0)
    }
}

/// A kind of device.
pub trait Protocol: Sync {
    /// Short name that never changes: `cyton`.
    fn id(&self) -> &'static str;
    /// Name for people.
    fn name(&self) -> &'static str;
    /// Maker.
    fn maker(&self) -> &'static str;
    /// Bauds to try, likeliest first; empty where the baud does not matter.
    fn bauds(&self) -> &'static [u32];
    /// Ports that it may be behind.
    fn usb(&self) -> &'static [UsbFilter];
    /// How to open it.
    fn opening(&self) -> Opening {
        Opening::default()
    }
    /// What an unknown port is asked; none for a device that cannot be asked.
    fn question(&self) -> Option<Question> {
        None
    }
    /// What to write before the question to a device that is known to be sending.
    fn hush(&self) -> &'static [u8] {
        &[]
    }
    /// What the bytes after the question say. Called again with all of them at each byte that comes.
    fn answer(&self, _heard: &[u8]) -> Heard {
        Heard::Nothing
    }
    /// What bytes say that came without a question. Must be sure: several frames in a row.
    fn overheard(&self, _heard: &[u8]) -> Heard {
        Heard::Nothing
    }
    /// Steps from an idle device to samples.
    fn start(&self, config: &Config) -> Vec<Step>;
    /// Bytes that stop it; empty where nothing does.
    fn stop(&self, config: &Config) -> Vec<u8>;
    /// What the device is, by its config.
    fn describe(&self, config: &Config) -> Descriptor;
    /// A decoder of its bytes from now on.
    fn decoder(&self, config: &Config) -> Box<dyn Decoder>;
}

/// Bytes to events.
pub trait Decoder: Send {
    /// Takes the next bytes and adds what they say to `out`.
    ///
    /// [`joined`] events are the same for every division of the same bytes. Never panics, and keeps
    /// no more than the longest frame.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<DeviceEvent>);
    /// Another in the same state.
    fn copy(&self) -> Box<dyn Decoder>;
    /// What was lost since the decoder was made.
    fn losses(&self) -> Losses;
    /// Parts of sweeps that are missing and can be asked for again, as (sweep, part).
    fn missing_parts(&self, _out: &mut Vec<(u32, u16)>) {}
}

fn descriptor_of(protocol: &dyn Protocol, config: &Config, channels: Vec<Channel>, tick_hz: Option<f64>) -> Descriptor {
    let fitness = Fitness::of(&channels, false);
    Descriptor {
        protocol: protocol.id().into(),
        maker: protocol.maker().into(),
        model: if config.model.is_empty() { protocol.name().into() } else { config.model.clone() },
        serial: String::new(),
        firmware: config.firmware.clone(),
        channels,
        tick_hz,
        fitness,
        stimulator: None,
        abilities: Vec::new(),
        electrodes: Vec::new(),
    }
}
