//! Guided nerve conduction, as the page asks for it and shows it.

use serde::{Deserialize, Serialize};

use crate::model::{Side, TestKind};

/// Whether this build can drive a stimulator at all.
pub const CAN_STIMULATE: bool = cfg!(feature = "stimulator");

/// Something that can be examined: one nerve, one recording site, one kind of test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunChoice {
    /// Its id.
    pub id: String,
    /// What is done.
    pub kind: TestKind,
    /// Name for people.
    pub name: String,
    /// Stimulation sites, or trains, in their order.
    pub sites: Vec<String>,
    /// Customary filters, Hz.
    pub filter_hz: Option<[f64; 2]>,
    /// Customary gain, uV a division.
    pub gain_uv: f64,
    /// Customary sweep, ms a division.
    pub sweep_ms: f64,
    /// Customary width of the stimulus, us.
    pub width_us: u16,
    /// Stimuli that are given at once.
    pub count: u16,
    /// From one to the next, us.
    pub period_us: u32,
}

/// What can be asked during guided nerve conduction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "guide", rename_all = "snake_case")]
pub enum GuideAsk {
    /// Begin a run.
    Begin {
        /// [`RunChoice::id`].
        id: String,
        /// Side.
        side: Side,
        /// Index of the recording.
        recording: usize,
        /// Channel of the response.
        channel: usize,
    },
    /// Stimulate at another site, or give another train.
    Site {
        /// Its index.
        site: usize,
    },
    /// End the run.
    End,
    /// The patient exercises for so long, before the next trains of repetitive stimulation.
    Exercise {
        /// Seconds.
        seconds: f64,
    },
    /// Measure the impedances of the electrodes, or end that.
    Impedances {
        /// Measure.
        on: bool,
    },
    /// About the stimulator.
    Stimulator {
        /// What.
        ask: StimulatorAsk,
    },
}

/// What can be asked of the stimulator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stimulator", rename_all = "snake_case")]
pub enum StimulatorAsk {
    /// A person allows that it is driven, or no longer does.
    Allow {
        /// Allowed.
        on: bool,
    },
    /// Set a stimulus.
    Set {
        /// What.
        stimulus: StimulusView,
    },
    /// Arm what is set.
    Arm {
        /// The current, repeated, uA.
        current_ua: u32,
    },
    /// A step of the current from the one that the device confirmed; one that was armed is armed again.
    Step {
        /// Up or down, uA.
        by_ua: i32,
    },
    /// Stimulate once, or give one train.
    Fire,
    /// Disarm.
    Disarm {
        /// Why, for people.
        why: String,
    },
}

/// A stimulus that can be set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StimulusView {
    /// Current, uA.
    pub current_ua: u32,
    /// Width, us.
    pub width_us: u16,
    /// Stimuli that are given at once.
    pub count: u16,
    /// From one to the next, us.
    pub period_us: u32,
}

/// A run under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuideView {
    /// Index of its test.
    pub test: usize,
    /// Site stimulated now.
    pub site: usize,
    /// Sweeps that the site has.
    pub sweeps: usize,
    /// Of these, left out by the analysis or a person.
    pub left_out: usize,
    /// Sweeps that samples were lost in.
    pub gaps: u32,
    /// Whether the response still grows with the current.
    pub growth: Growth,
    /// Seconds since the last stimulus.
    pub since_s: Option<f64>,
    /// Seconds since the end of the exercise; negative: still to come.
    pub exercised_s: Option<f64>,
    /// Seconds until the train that is chosen is due after the exercise; negative: it was.
    pub due_s: Option<f64>,
    /// Current of the largest H reflex, mA, once a greater one gave clearly less.
    pub reflex_ma: Option<f64>,
}

/// Impedances as they are measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImpedanceView {
    /// The electrodes; none before the first answer.
    pub electrodes: Vec<ElectrodeView>,
    /// Limit of skin electrodes, ohm.
    pub max_ohm: u32,
    /// Frequency of the measuring current, Hz; 0 where it is not known, or direct.
    pub hz: u16,
    /// Why nothing is measured; empty while it is.
    pub why: String,
}

/// An electrode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElectrodeView {
    /// Its name.
    pub name: String,
    /// Its impedance, ohm.
    pub ohm: Option<u32>,
    /// It touches the skin.
    pub contact: bool,
    /// Whether that is above the limit; none where there is no limit for such an electrode.
    pub high: Option<bool>,
}

/// Whether a response grows with the current.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// Too little is known.
    #[default]
    Unknown,
    /// It grew with the last step.
    Grows {
        /// By so much, in per cent.
        percent: f64,
    },
    /// It is maximal, but the current is not clearly above what that needs.
    Maximal {
        /// Current that would be, mA.
        needed_ma: f64,
    },
    /// It is maximal from this current on, and stayed so at one that is a fifth above it.
    Supramaximal {
        /// mA.
        from_ma: f64,
    },
}

/// Where a stimulator is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StimulatorStage {
    /// A person has not allowed it.
    Off,
    /// Nothing is set.
    Ready,
    /// A current is set or being set.
    Set,
    /// It is being armed.
    Arming,
    /// Stimuli may be given.
    Armed,
}

/// A device's stimulator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StimulatorView {
    /// Where it is.
    pub stage: StimulatorStage,
    /// What is set.
    pub set: Option<StimulusView>,
    /// What flowed last, uA: none where it was not measured.
    pub delivered_ua: Option<u32>,
    /// It could not drive the current through the electrodes.
    pub compliance_reached: bool,
    /// Why it was disarmed or refused last; empty: it was not.
    pub why: String,
    /// Greatest current, uA.
    pub max_ua: u32,
    /// Greatest rise from one setting to the next, uA.
    pub max_step_ua: u32,
}
