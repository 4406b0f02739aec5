//! What is the matter with a simulated patient: each condition as numbers of nerve, motor units and
//! single fibres. Sizes are those of adults (Preston and Shapiro, Electromyography and Neuromuscular
//! Disorders, ch. 10 and 15): lost axons leave fewer and larger units, sick fibres many small ones. What
//! nerves show follows the constructed cases of the reference tables.

use super::places::Over;

/// The muscle that the needle is in, and the skin electrode over at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limb {
    /// Abductor pollicis brevis under needle and skin electrode.
    Hand,
    /// The needle is in the tibialis anterior, the skin electrode over the extensor digitorum brevis.
    Foot,
}

impl Limb {
    /// Where the skin electrode is at first.
    pub(super) fn over(self) -> Over {
        match self {
            Self::Hand => Over::Apb,
            Self::Foot => Over::Edb,
        }
    }

    /// Muscle of the needle.
    pub(super) fn muscle(self) -> &'static str {
        match self {
            Self::Hand => "APB",
            Self::Foot => "TA",
        }
    }

    /// How much of a unit's own surface potential a skin electrode sees of the needle's muscle: all of it
    /// over that muscle, little beside it, nothing at the other end of the body.
    pub(super) fn shared(self, over: Over) -> f64 {
        match self {
            Self::Hand if over == Over::Apb => 1.0,
            Self::Hand if over.in_arm() => 0.1,
            Self::Foot if !over.in_arm() => 0.02,
            _ => 0.0,
        }
    }
}

/// What a condition does to a nerve; shares and factors of health.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Harm {
    /// Motor units that are left.
    pub units: f64,
    /// Size of the muscle's largest response.
    pub cmap: f64,
    /// Velocity of the last stretch of motor axons relative to the axon's own, its spread, length in mm,
    /// and blocked share.
    pub distal: (f64, f64, f64, f64),
    /// Velocity above it, its spread, and blocked share.
    pub proximal: (f64, f64, f64),
    /// Current that the nerve needs.
    pub threshold: f64,
    /// Size of the sensory potential (also the share of afferents left), and velocity of its fibres.
    pub sensory: (f64, f64),
    /// A slow stretch of sensory fibres: length in mm, relative velocity.
    pub sensory_slow: (f64, f64),
}

const NONE: Harm = Harm {
    units: 1.0,
    cmap: 1.0,
    distal: (1.0, 0.0, 0.0, 0.0),
    proximal: (1.0, 0.0, 0.0),
    threshold: 1.0,
    sensory: (1.0, 1.0),
    sensory_slow: (0.0, 1.0),
};

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Condition {
    pub id: &'static str,
    pub name: &'static str,
    pub limb: Limb,
    /// What is harmed; the first entry that has the place counts.
    pub harms: &'static [(&'static [Over], Harm)],
    /// Motor units of the needle's muscle.
    pub units: usize,
    /// Fibres of a unit in a square millimetre of its territory.
    pub fibres_mm2: f64,
    /// Scatter of end plates, mm, and of fibre velocities, m/s.
    pub scatter: (f64, f64),
    /// Drive that the same effort takes, relative to health.
    pub drive: f64,
    /// Greatest rate of a unit, Hz.
    pub top_rate_hz: f64,
    /// Fibrillating fibres near the needle, mean.
    pub fibrillating: f64,
    /// Activity after a movement of the needle, ms.
    pub insertional_ms: f64,
}

impl Condition {
    /// What is done to the nerve under these electrodes.
    pub(super) fn harm(&self, over: Over) -> &'static Harm {
        self.harms.iter().find(|(places, _)| places.contains(&over)).map_or(&NONE, |(_, harm)| harm)
    }
}

const HEALTHY: Condition = Condition {
    id: "healthy",
    name: "Healthy",
    limb: Limb::Hand,
    harms: &[],
    units: 120,
    fibres_mm2: 4.5,
    scatter: (1.2, 0.16),
    drive: 1.0,
    top_rate_hz: 28.0,
    fibrillating: 0.0,
    insertional_ms: 250.0,
};

/// All of them.
pub(super) const CONDITIONS: [Condition; 6] = [
    HEALTHY,
    // Demyelination under the ligament: 30 mm at a fifth of the velocity, some fibres blocked. The other
    // nerves of the hand are well.
    Condition {
        id: "carpal_tunnel",
        name: "Carpal tunnel syndrome",
        harms: &[
            (&[Over::Apb], Harm { units: 0.83, cmap: 0.88, distal: (0.21, 0.015, 30.0, 0.1), threshold: 1.2, ..NONE }),
            (&[Over::Digit2], Harm { sensory: (0.5, 1.0), sensory_slow: (30.0, 0.35), ..NONE }),
        ],
        units: 100,
        fibres_mm2: 5.5,
        ..HEALTHY
    },
    // A third of the axons is left; they conduct as before and have taken over fibres. The lesion lies
    // above the ganglion: sensory potentials are whole.
    Condition {
        id: "l5_radiculopathy",
        name: "L5 radiculopathy",
        limb: Limb::Foot,
        harms: &[(&[Over::Edb], Harm { units: 0.36, cmap: 0.45, ..NONE })],
        units: 36,
        fibres_mm2: 13.0,
        scatter: (3.2, 0.3),
        drive: 2.0,
        top_rate_hz: 38.0,
        fibrillating: 4.0,
        insertional_ms: 900.0,
    },
    // Slow, dispersed and in part blocked in the legs, the arms far less: by the length of the fibres.
    Condition {
        id: "polyneuropathy",
        name: "Polyneuropathy",
        limb: Limb::Foot,
        harms: &[
            (&[Over::LateralAnkle], Harm { sensory: (0.0, 1.0), ..NONE }),
            (&[Over::Malleolus], Harm { sensory: (0.14, 0.83), threshold: 1.3, ..NONE }),
            (&[Over::Snuffbox], Harm { sensory: (0.64, 0.95), ..NONE }),
            (&[Over::Digit2, Over::Digit5], Harm { sensory: (0.59, 0.93), ..NONE }),
            (
                &[Over::Apb, Over::Adm],
                Harm { cmap: 0.9, distal: (0.92, 0.03, 80.0, 0.0), proximal: (0.9, 0.02, 0.0), threshold: 1.2, ..NONE },
            ),
            (
                &[Over::Edb, Over::Ah, Over::Soleus],
                Harm {
                    units: 0.64,
                    cmap: 0.65,
                    distal: (0.62, 0.09, 80.0, 0.1),
                    proximal: (0.62, 0.05, 0.1),
                    threshold: 1.7,
                    sensory: (0.2, 0.8),
                    ..NONE
                },
            ),
        ],
        units: 60,
        fibres_mm2: 8.0,
        scatter: (2.2, 0.24),
        drive: 1.4,
        top_rate_hz: 32.0,
        insertional_ms: 350.0,
        ..HEALTHY
    },
    // Units have lost two thirds of their fibres, the others differ in width; weak units need company.
    Condition {
        id: "myopathy",
        name: "Myopathy",
        harms: &[(&[Over::Apb], Harm { cmap: 0.58, ..NONE }), (&[Over::Adm, Over::Edb, Over::Ah], Harm { cmap: 0.75, ..NONE })],
        fibres_mm2: 1.5,
        scatter: (1.3, 0.35),
        drive: 3.0,
        top_rate_hz: 34.0,
        insertional_ms: 350.0,
        ..HEALTHY
    },
    // Weeks after a partial lesion of the fibular nerve: denervated fibres, nothing grown back yet, and
    // sensory fibres lost with the others.
    Condition {
        id: "fibrillating",
        name: "Fibrillating muscle",
        limb: Limb::Foot,
        harms: &[(&[Over::Edb], Harm { units: 0.41, cmap: 0.33, ..NONE }), (&[Over::LateralAnkle], Harm { sensory: (0.35, 1.0), ..NONE })],
        units: 50,
        drive: 1.6,
        top_rate_hz: 36.0,
        fibrillating: 8.0,
        insertional_ms: 1800.0,
        ..HEALTHY
    },
];
