//! What the page shows of a recording that runs.

use serde::{Deserialize, Serialize};

use super::{GuideAsk, ImpedanceView, StimulatorView};
pub use crate::device::generic::{FrameFormat, Number as FrameNumber};
pub use crate::device::{Config as DeviceConfig, UsbFilter, UsbIds};
use crate::model::{LaneSettings, Span};
pub use crate::simulate::patient::{Act as PatientAct, NeedleAct};

/// Conditions of the simulated patient: id and name.
pub fn conditions() -> impl Iterator<Item = (&'static str, &'static str)> {
    crate::simulate::patient::conditions().into_iter()
}

/// A kind of device that can be recorded from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceKind {
    /// Id of its protocol.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Ports that it may be behind.
    pub usb: Vec<UsbFilter>,
}

/// What can be asked of the one who acquires a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum LiveAsk {
    /// Send the entries of raw logs by the port beside this.
    Tell,
    /// Record from a port that the page was granted, with these USB numbers.
    Connect {
        /// Vendor.
        vendor: Option<u16>,
        /// Product.
        product: Option<u16>,
        /// Protocol that a person chose, with what they state about the device.
        chosen: Option<Box<DeviceConfig>>,
    },
    /// Record from a simulated patient in this condition.
    Simulate {
        /// Its id.
        condition: String,
    },
    /// Something is done to the simulated patient, or asked of it.
    Patient {
        /// What.
        act: PatientAct,
    },
    /// Hear a lane; a port to the loudspeaker comes with the first one.
    Listen {
        /// Which, with its filters; `None` for none.
        lane: Option<Box<LaneSettings>>,
    },
    /// Mark this moment.
    Mark {
        /// Words.
        text: String,
    },
    /// Guided nerve conduction.
    Guide {
        /// What.
        step: GuideAsk,
    },
    /// End the recording.
    End,
}

/// A recording that runs, as the one who acquires it sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveView {
    /// Its ports.
    pub ports: Vec<PortView>,
    /// Seconds since it began.
    pub running_s: f64,
    /// Bytes in the raw log.
    pub bytes: f64,
    /// Where the raw log is: on the disk, or why not.
    pub storage: LiveStorage,
    /// [`RunChoice::id`](super::RunChoice::id) of the last run of guided nerve conduction; empty before.
    pub guided: String,
    /// The stimulator, where a device has one and this program may drive it.
    pub stimulator: Option<StimulatorView>,
    /// Impedances, while they are measured.
    pub impedance: Option<ImpedanceView>,
}

/// Where what is recorded is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveStorage {
    /// In a file of this browser, as it arrives.
    #[default]
    Disk,
    /// In memory only, and why.
    Memory(String),
}

/// A port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortView {
    /// Number.
    pub port: u8,
    /// USB numbers.
    pub usb: UsbIds,
    /// Bytes that belong to no frame.
    pub skipped_bytes: u64,
    /// The device, or what the port is called while it is not known.
    pub name: String,
    /// What its signals are fit for, in words; empty when nothing limits them.
    pub fitness: String,
    /// What it does now.
    pub stage: PortStage,
    /// Lost samples, where the protocol numbers them.
    pub lost: Option<LostView>,
    /// How much faster than stated the device's clock runs against this computer's, in millionths.
    pub drift_ppm: Option<f64>,
    /// Lowest sampling rate of its channels, Hz.
    pub rate_hz: Option<f64>,
}

/// Lost samples of one channel, by who lost them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostView {
    /// In the device, by its own count.
    pub device: u64,
    /// On the way.
    pub link: u64,
    /// Frames whose checksum was wrong.
    pub damaged: u64,
}

/// What a port does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortStage {
    /// It is being opened, or the device recognised.
    Asking,
    /// Known, no samples yet.
    Starting,
    /// Samples come.
    Streaming,
    /// Samples came and have stopped for some seconds.
    Silent,
    /// Unplugged; it goes on when it is plugged in again.
    Lost,
    /// It cannot be used: why, and what to do.
    Failed(String),
}

/// How far a recording of a growing study has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grown {
    /// Length, seconds, gaps included.
    pub duration_s: f64,
    /// Stored samples of each channel, in the order of the file.
    pub n: Vec<u64>,
    /// The last uninterrupted stretch.
    pub span: Option<Span>,
}
