//! What a device is and what its signals are good for.
//!
//! The yardstick of [`Fitness`]: needle EMG wants 10 kHz of bandwidth, at least 24 000 samples a second,
//! at most 1 uV of input noise and 16 bits; nerve conduction at least 2 kHz of bandwidth with a stimulus
//! time; surface EMG 20 to 500 Hz at 1000 samples a second (IFCN standards of instrumentation, Clin
//! Neurophysiol 2020;131:243-258, as the project's notes give them).

use serde::{Deserialize, Serialize};

/// Unit of signals that nobody calibrated.
pub const ADC_UNITS: &str = "ADC units";

/// What a channel carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelKind {
    /// A biopotential.
    #[default]
    Emg,
    /// Anything else: acceleration, a pin.
    Aux,
    /// Temperature.
    Temperature,
}

/// One channel of a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Stream that it belongs to; its place is its order among the channels of that stream.
    pub stream: u8,
    /// Name.
    pub label: String,
    /// What it carries.
    pub kind: ChannelKind,
    /// `uV` only where the scale is known; else [`ADC_UNITS`] or a unit of its own.
    pub unit: String,
    /// Unit per count: value = count * scale + offset.
    pub scale: f64,
    /// In the unit.
    pub offset: f64,
    /// Bits of the converter.
    pub bits: u8,
    /// Samples a second; none where only their arrival tells (then it is to be estimated).
    pub rate_hz: Option<f64>,
    /// Ticks of the sample clock a sample.
    pub ticks_per_sample: u32,
    /// Lower -3 dB corner; none where unknown, 0 for direct current.
    pub low_hz: Option<f64>,
    /// Upper -3 dB corner; none where unknown.
    pub high_hz: Option<f64>,
    /// Delay of the device's filters, to be taken off latencies.
    pub group_delay_s: f64,
    /// Input noise; none where unknown.
    pub noise_uv_rms: Option<f64>,
}

impl Channel {
    /// A channel of counts: nothing known but rate and bits.
    pub fn counts(label: impl Into<String>, bits: u8, rate_hz: Option<f64>) -> Self {
        Self {
            stream: 0,
            label: label.into(),
            kind: ChannelKind::Emg,
            unit: ADC_UNITS.into(),
            scale: 1.0,
            offset: 0.0,
            bits,
            rate_hz,
            ticks_per_sample: 1,
            low_hz: None,
            high_hz: None,
            group_delay_s: 0.0,
            noise_uv_rms: None,
        }
    }

    /// With a scale that makes microvolts of counts.
    pub fn microvolts(mut self, scale: f64, offset: f64) -> Self {
        if scale.is_finite() && scale != 0.0 && offset.is_finite() {
            (self.unit, self.scale, self.offset) = ("uV".into(), scale, offset);
        }
        self
    }

    /// With its -3 dB corners.
    pub fn band(mut self, low_hz: Option<f64>, high_hz: Option<f64>) -> Self {
        (self.low_hz, self.high_hz) = (low_hz, high_hz);
        self
    }

    /// Upper end of the band: the corner, or half the sampling rate.
    pub fn top_hz(&self) -> Option<f64> {
        let half = self.rate_hz.map(|rate| rate / 2.0);
        match (self.high_hz, half) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// How well a device serves one purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// Not at all.
    #[default]
    No,
    /// To learn and to show.
    Teaching,
    /// With limits that the words name.
    Limited,
    /// Yes.
    Good,
}

/// What a device's signals are good for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fitness {
    /// Needle EMG.
    pub needle: Grade,
    /// Nerve conduction.
    pub nerve_conduction: Grade,
    /// Surface EMG.
    pub surface: Grade,
    /// Whether values are microvolts.
    pub calibrated: bool,
    /// What stands at the trace; empty where there is nothing to warn of.
    pub words: String,
}

impl Fitness {
    /// By the numbers of the biopotential channels; the weakest counts. `stimulus` says whether the
    /// device gives stimulus times on its sample clock.
    pub fn of(channels: &[Channel], stimulus: bool) -> Self {
        let emg: Vec<&Channel> = channels.iter().filter(|c| c.kind == ChannelKind::Emg).collect();
        let least = |value: fn(&Channel) -> Option<f64>| {
            let all = emg.iter().map(|c| value(c).filter(|v| v.is_finite()));
            all.reduce(|a, b| Some(a?.min(b?))).flatten()
        };
        let (top, rate) = (least(Channel::top_hz), least(|c| c.rate_hz));
        let noise = emg.iter().filter_map(|c| c.noise_uv_rms).fold(0.0, f64::max);
        let bits = emg.iter().map(|c| c.bits).min().unwrap_or(0);
        let calibrated = !emg.is_empty() && emg.iter().all(|c| c.unit == "uV");
        // A stated 10 kHz corner may lie a little below it.
        let (top_hz, rate_hz) = (top.unwrap_or(0.0), rate.unwrap_or(0.0));
        let needle = if !calibrated || bits < 16 || top_hz < 5000.0 {
            Grade::No
        } else if top_hz >= 9500.0 && rate_hz >= 24_000.0 && noise <= 1.0 {
            Grade::Good
        } else {
            Grade::Limited
        };
        let nerve_conduction = if !calibrated || top_hz < 1900.0 || bits < 12 {
            Grade::No
        } else if stimulus && top_hz >= 9500.0 && bits >= 16 {
            Grade::Good
        } else {
            Grade::Limited
        };
        let surface = match rate_hz {
            r if r < 450.0 => Grade::No,
            r if r < 950.0 || top_hz < 400.0 || bits < 12 => Grade::Limited,
            _ => Grade::Good,
        };
        let words = Self::warning(top, calibrated, needle.max(nerve_conduction), noise);
        Self { needle, nerve_conduction, surface, calibrated, words }
    }

    fn warning(top_hz: Option<f64>, calibrated: bool, best: Grade, noise_uv: f64) -> String {
        let mut parts = Vec::new();
        match (best, top_hz) {
            (Grade::No | Grade::Teaching, Some(hz)) => parts.push(format!("{hz:.0} Hz bandwidth: not for diagnosis")),
            (Grade::No | Grade::Teaching, None) => parts.push("bandwidth unknown: not for diagnosis".into()),
            (Grade::Limited, Some(hz)) => parts.push(format!("{hz:.0} Hz bandwidth: limited")),
            _ => {}
        }
        if !calibrated {
            parts.push("not calibrated".into());
        }
        if noise_uv > 1.0 {
            parts.push(format!("{noise_uv:.1} uV noise"));
        }
        parts.join("; ")
    }
}

/// Limits of a stimulator, as the device states them. A setting beyond any of them is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StimulatorLimits {
    /// Outputs.
    pub outputs: u8,
    /// Greatest current.
    pub max_ua: u32,
    /// Shortest width of a phase.
    pub min_width_us: u16,
    /// Longest width of a phase.
    pub max_width_us: u16,
    /// Greatest charge of a phase.
    pub max_charge_nc: u32,
    /// Highest rate of repetition.
    pub max_rate_hz: f64,
    /// Greatest rise of current from one setting to the next.
    pub max_step_ua: u32,
    /// Most stimuli of a train.
    pub max_count: u16,
}

/// What a device is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    /// Protocol: [`super::Protocol::id`].
    pub protocol: String,
    /// Maker.
    pub maker: String,
    /// Model.
    pub model: String,
    /// Serial number; empty where it has none to tell.
    pub serial: String,
    /// Firmware; empty where it does not tell.
    pub firmware: String,
    /// Channels of all streams.
    pub channels: Vec<Channel>,
    /// Ticks of the sample clock a second; none where only arrival tells.
    pub tick_hz: Option<f64>,
    /// What it is good for.
    pub fitness: Fitness,
    /// Its stimulator; none where there is none or its limits are not stated.
    #[serde(default)]
    pub stimulator: Option<StimulatorLimits>,
    /// What else it can do: `impedance`, `test_signal`, `sweep`, `configure`, `marker`.
    #[serde(default)]
    pub abilities: Vec<String>,
    /// Names of its electrodes, by their numbers in [`super::Impedance`].
    #[serde(default)]
    pub electrodes: Vec<String>,
}

impl Descriptor {
    /// Channels of one stream, in their order in a block.
    pub fn stream(&self, stream: u8) -> impl Iterator<Item = &Channel> {
        self.channels.iter().filter(move |c| c.stream == stream)
    }
}
