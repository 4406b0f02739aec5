//! The nerves that can be examined: what the recording electrodes lie over, where the stimulator is held,
//! and what is there in health.
//!
//! Ways along the nerve are those of the constructed cases of the reference tables (a person of 165 cm);
//! velocities and sizes give their normal values, which lie near the means of Buschbacher's studies
//! (Chen et al., Muscle Nerve 2016;54:371): motor latencies 3.7 (APB), 3.0 (ADM), 4.8 (EDB) and 4.5 ms
//! (AH), amplitudes 10, 11.6, 5.1 and 12.9 mV, H reflex 30 ms.

use serde::{Deserialize, Serialize};

use crate::simulate::muscle::Muscle;

/// What the skin electrodes lie over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Abductor pollicis brevis, median nerve.
    Apb,
    /// Abductor digiti minimi, ulnar nerve.
    Adm,
    /// Extensor digitorum brevis, fibular nerve.
    Edb,
    /// Abductor hallucis, tibial nerve.
    Ah,
    /// Soleus, tibial nerve with its reflex.
    Soleus,
    /// Index finger, median nerve.
    Digit2,
    /// Little finger, ulnar nerve.
    Digit5,
    /// Snuffbox, superficial radial nerve.
    Snuffbox,
    /// Behind the lateral malleolus, sural nerve.
    Malleolus,
    /// In front of the lateral ankle, superficial fibular nerve.
    LateralAnkle,
}

impl Over {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Apb,
        Self::Adm,
        Self::Edb,
        Self::Ah,
        Self::Soleus,
        Self::Digit2,
        Self::Digit5,
        Self::Snuffbox,
        Self::Malleolus,
        Self::LateralAnkle,
    ];

    /// In the arm, not the leg.
    pub fn in_arm(self) -> bool {
        matches!(self, Self::Apb | Self::Adm | Self::Digit2 | Self::Digit5 | Self::Snuffbox)
    }

    /// The study of the clinic, or late response, whose electrodes these are.
    pub fn study(self) -> &'static str {
        match self {
            Self::Apb => "median_motor_apb",
            Self::Adm => "ulnar_motor_adm",
            Self::Edb => "fibular_motor_edb",
            Self::Ah => "tibial_motor_ah",
            Self::Soleus => "h_soleus",
            Self::Digit2 => "median_sensory_d2",
            Self::Digit5 => "ulnar_sensory_d5",
            Self::Snuffbox => "radial_sensory_snuffbox",
            Self::Malleolus => "sural",
            Self::LateralAnkle => "superficial_fibular",
        }
    }

    /// Sites of stimulation from the electrodes on.
    pub fn sites(self) -> &'static [Way] {
        const fn way(id: &'static str, mm: f64, deeper: f64) -> Way {
            Way { id, mm, deeper }
        }
        const MEDIAN: &[Way] = &[way("wrist", 80.0, 1.0), way("antecubital", 220.0, 1.25)];
        const ULNAR: &[Way] = &[way("wrist", 80.0, 1.0), way("below_elbow", 210.0, 1.3), way("above_elbow", 100.0, 1.3)];
        const FIBULAR: &[Way] = &[way("ankle", 80.0, 1.1), way("below_fibular_head", 320.0, 1.2), way("popliteal", 100.0, 1.5)];
        const TIBIAL: &[Way] = &[way("ankle", 80.0, 1.2), way("popliteal", 400.0, 1.9)];
        const KNEE: &[Way] = &[way("popliteal", 180.0, 1.0)];
        const SENSORY: &[Way] = &[way("", 140.0, 1.0)];
        const RADIAL: &[Way] = &[way("", 100.0, 1.0)];
        match self {
            Self::Apb => MEDIAN,
            Self::Adm => ULNAR,
            Self::Edb => FIBULAR,
            Self::Ah => TIBIAL,
            Self::Soleus => KNEE,
            Self::Digit2 | Self::Digit5 | Self::Malleolus | Self::LateralAnkle => SENSORY,
            Self::Snuffbox => RADIAL,
        }
    }

    /// What answers.
    pub(super) fn tissue(self) -> Tissue {
        let muscle = |units, velocity_mps, residual_ms, amplitude_uv| Muscle {
            units,
            velocity_mps,
            residual_ms,
            off_endplate_mm: 0.0,
            amplitude_uv,
        };
        let motor = |muscle, to_cord_mm| Tissue::Motor { muscle, to_cord_mm, threshold_ma: 10.0 };
        let sensory = |velocity_mps, amplitude_uv| Tissue::Sensory { velocity_mps, amplitude_uv };
        match self {
            Self::Apb => motor(muscle(120, (54.0, 2.5), 1.7, 9500.0), 460.0),
            Self::Adm => motor(muscle(110, (53.5, 2.4), 1.15, 11_000.0), 370.0),
            Self::Edb => motor(muscle(110, (43.5, 2.2), 2.5, 5500.0), 590.0),
            Self::Ah => motor(muscle(120, (44.0, 2.2), 2.3, 12_500.0), 590.0),
            // Pulses of 1 ms are customary: thresholds for 0.2 ms are nearly double.
            Self::Soleus => Tissue::Motor { muscle: muscle(140, (50.0, 2.5), 1.6, 11_000.0), to_cord_mm: 620.0, threshold_ma: 25.0 },
            Self::Digit2 => sensory(49.5, 28.0),
            Self::Digit5 => sensory(51.0, 22.0),
            Self::Snuffbox => sensory(50.5, 28.0),
            Self::Malleolus => sensory(44.5, 14.0),
            Self::LateralAnkle => sensory(46.0, 11.0),
        }
    }
}

/// A site of stimulation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// Name in the tables of studies; empty where a study has one only.
    pub id: &'static str,
    /// Way from the site before it, or the electrode, mm.
    pub mm: f64,
    /// How much more current it needs than a nerve under the skin.
    pub(super) deeper: f64,
}

/// What answers under the electrodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tissue {
    /// A muscle; from the uppermost site to the cord, mm; current for half of the axons at 0.2 ms, mA.
    Motor { muscle: Muscle, to_cord_mm: f64, threshold_ma: f64 },
    /// A sensory nerve: mean velocity of its fibres, m/s, and size of its potential, uV.
    Sensory { velocity_mps: f64, amplitude_uv: f64 },
}

/// Where the electrodes are and the stimulator is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NerveSite {
    /// Recording electrodes.
    pub over: Over,
    /// Index of the stimulation site among [`Over::sites`].
    pub at: usize,
}

impl NerveSite {
    /// Electrodes and site of a study by their names in the tables; none where a patient has none.
    pub fn of(study: &str, site: &str) -> Option<Self> {
        let over = Over::ALL.into_iter().find(|over| over.study() == study)?;
        let at = over.sites().iter().position(|way| way.id == site || way.id.is_empty())?;
        Some(Self { over, at })
    }
}
