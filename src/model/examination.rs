//! Which nerve, which site, which sweep: the structure of a nerve conduction examination.

use serde::{Deserialize, Serialize};

use super::{Excitability, MarkerKind, ScanPoint};

/// Index of a sweep in [`Examination::sweeps`]; stable for the same files.
pub type SweepId = usize;

/// All nerve tests of a study.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    /// Tests in the order in which they were done.
    pub tests: Vec<NerveTest>,
    /// Every stimulus-locked sweep; sites refer to them by index.
    pub sweeps: Vec<Sweep>,
}

/// What kind of nerve test it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestKind {
    /// Motor nerve conduction.
    #[default]
    Motor,
    /// Sensory or mixed nerve conduction.
    Sensory,
    /// F response.
    FWave,
    /// H reflex.
    HReflex,
    /// Repetitive stimulation.
    Repetitive,
    /// Blink reflex.
    Blink,
    /// Another late response (masseter reflex, long-loop responses).
    LateResponse,
    /// Sympathetic skin response.
    Sympathetic,
    /// Variation of the interval between heart beats.
    RrInterval,
    /// Motor evoked potential.
    Mep,
    /// Somatosensory evoked potential.
    Sep,
    /// CMAP scan: the response against the current.
    Scan,
    /// Motor unit number index: a CMAP and interference patterns.
    Munix,
    /// Nerve excitability by threshold tracking.
    Excitability,
    /// Stimulus-locked sweeps of a kind that is not known.
    Unknown,
}

impl TestKind {
    /// All kinds in the order in which they are listed.
    pub const ALL: [Self; 15] = [
        Self::Motor,
        Self::Sensory,
        Self::FWave,
        Self::HReflex,
        Self::Repetitive,
        Self::Blink,
        Self::LateResponse,
        Self::Sympathetic,
        Self::RrInterval,
        Self::Mep,
        Self::Sep,
        Self::Scan,
        Self::Munix,
        Self::Excitability,
        Self::Unknown,
    ];

    /// Heading of a list of such tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Motor => "Motor",
            Self::Sensory => "Sensory and mixed",
            Self::FWave => "F waves",
            Self::HReflex => "H reflex",
            Self::Repetitive => "Repetitive stimulation",
            Self::Blink => "Blink reflex",
            Self::LateResponse => "Late responses",
            Self::Sympathetic => "Sympathetic skin response",
            Self::RrInterval => "R-R variation",
            Self::Mep => "Motor evoked potentials",
            Self::Sep => "Evoked potentials",
            Self::Scan => "CMAP scan",
            Self::Munix => "MUNIX",
            Self::Excitability => "Nerve excitability",
            Self::Unknown => "Sweeps",
        }
    }

    /// In the title of a test, behind the nerve (`L Median motor (APB)`).
    pub fn word(self) -> &'static str {
        match self {
            Self::Motor => "motor",
            Self::Sensory => "sensory",
            Self::Repetitive => "repetitive",
            Self::Blink => "blink reflex",
            Self::LateResponse => "late response",
            Self::Sympathetic => "SSR",
            Self::Mep => "MEP",
            Self::Sep => "SEP",
            Self::Excitability => "excitability",
            Self::Unknown => "sweeps",
            other => other.name(),
        }
    }

    /// Whether its responses take seconds rather than milliseconds.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::Sympathetic | Self::RrInterval)
    }

    /// The marker that matters most, chosen first; `None` where sweeps have no markers.
    pub fn first_marker(self) -> Option<MarkerKind> {
        match self {
            Self::FWave | Self::HReflex | Self::Blink => Some(MarkerKind::LateOnset),
            other => other.markers().first().copied(),
        }
    }

    /// The markers that a person may place on its sweeps, in the order of the keys.
    pub fn markers(self) -> &'static [MarkerKind] {
        use MarkerKind::{InitialPositive, LateEnd, LateOnset, NegativeEnd, NegativePeak, Onset, PositivePeak};
        match self {
            Self::Sensory => &[Onset, InitialPositive, NegativePeak, NegativeEnd, PositivePeak],
            Self::FWave | Self::HReflex => &[Onset, NegativePeak, NegativeEnd, PositivePeak, LateOnset],
            Self::Blink | Self::Mep => &[Onset, NegativePeak, NegativeEnd, PositivePeak, LateOnset, LateEnd],
            Self::LateResponse | Self::Sympathetic => &[LateOnset, LateEnd],
            Self::RrInterval => &[],
            _ => &MarkerKind::MOTOR,
        }
    }
}

/// Side of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Left.
    Left,
    /// Right.
    Right,
}

/// One nerve tested with one pair of recording electrodes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NerveTest {
    /// What was done.
    pub kind: TestKind,
    /// Side, when known.
    pub side: Option<Side>,
    /// Nerve, in the field's words (`Median`); empty when unknown.
    pub nerve: String,
    /// Where the response was recorded: muscle or skin site (`APB`).
    pub recorded_from: String,
    /// Skin temperature in degrees Celsius, and where it was measured.
    pub temperature_c: Option<f64>,
    /// Stimulation sites, distal first; in a protocol of trains, the trains.
    pub sites: Vec<Site>,
    /// The study of the clinic that it is (`median_motor_apb`), once known; limits belong to it.
    #[serde(default)]
    pub study: Option<String>,
    /// Stimuli a second, of a train.
    #[serde(default)]
    pub rate_hz: Option<f64>,
    /// Filters that are customary for the study, Hz: what it is seen through unless a person says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_hz: Option<[f64; 2]>,
    /// Stimuli of a CMAP scan, in the order of delivery.
    #[serde(default)]
    pub points: Vec<ScanPoint>,
    /// A threshold-tracking recording.
    #[serde(default)]
    pub excitability: Option<Excitability>,
}

/// One stimulation site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Name (`Wrist`, `StimA`).
    pub name: String,
    /// Distance to the next more distal site (to the recording electrode for the first), mm.
    pub distance_mm: Option<f64>,
    /// Sweeps recorded from this site.
    pub sweeps: Vec<SweepId>,
}

/// What was delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Stimulus {
    /// Current in mA: what flowed, where that was measured.
    pub current_ma: Option<f64>,
    /// Pulse duration in ms.
    pub pulse_ms: Option<f64>,
    /// Current in mA that was set, where it is known beside what flowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_ma: Option<f64>,
}

impl Stimulus {
    /// In words: `24.0 mA, 0.2 ms`, with what flowed where that is another tenth of a milliampere.
    pub fn words(&self) -> String {
        let current = match (self.set_ma, self.current_ma) {
            (Some(set), Some(flowed)) if (set - flowed).abs() >= 0.05 => Some(format!("{set:.1} mA, delivered {flowed:.1} mA")),
            (Some(ma), _) => Some(format!("{ma:.1} mA")),
            (None, ma) => ma.map(|ma| format!("{ma} mA")),
        };
        let pulse = self.pulse_ms.map(|ms| format!("{ms} ms"));
        current.into_iter().chain(pulse).collect::<Vec<_>>().join(", ")
    }

    /// What words like these state behind a name (`Stim 24.0 mA, delivered 23.8 mA, 0.2 ms`): the name, and the
    /// stimulus. Words of another kind are a name alone.
    pub fn named(text: &str) -> (&str, Self) {
        let text = text.trim();
        let mut stimulus = Self::default();
        let mut name = text;
        for (at, part) in text.split(',').enumerate() {
            let part = part.trim();
            let Some((words, unit)) = part.rsplit_once(' ') else { return (text, Self::default()) };
            let (before, digits) = words.rsplit_once(' ').unwrap_or(("", words));
            let value = digits.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
            match (at, before, unit, value) {
                (0, before, "mA", Some(ma)) => (name, stimulus.current_ma) = (before.trim(), Some(ma)),
                (_, "delivered", "mA", Some(ma)) => (stimulus.set_ma, stimulus.current_ma) = (stimulus.current_ma, Some(ma)),
                (1.., "", "ms", Some(ms)) => stimulus.pulse_ms = Some(ms),
                _ => return (text, Self::default()),
            }
        }
        (name, stimulus)
    }
}

/// A stretch of one channel around one stimulus.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// Index of the recording in the study.
    pub recording: usize,
    /// Channel index.
    pub channel: usize,
    /// First stored sample.
    pub start: u64,
    /// Number of samples.
    pub n: u64,
    /// Stimulus, in seconds after the first sample of the sweep; `None` when unknown.
    pub stimulus_s: Option<f64>,
    /// Stored values are turned over: positive means that E1 is positive.
    pub turned: bool,
    /// What was delivered, when known.
    pub stimulus: Stimulus,
    /// How many single responses were averaged, when known.
    pub averaged: Option<u32>,
}
