//! Nerve tests whose values a person typed: from paper, or from a machine whose recordings are not here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{NerveTest, Side, Site, SweepId, TestKind};

/// Numbers of typed responses begin here: above averages and what they are of.
const TYPED: SweepId = 1 << 28;
/// Sites of a typed test at most.
pub const MOST_TYPED_SITES: usize = 32;
/// Typed tests of a study at most.
pub const MOST_TYPED_TESTS: u32 = 1000;

/// What may be typed of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypedColumn {
    /// Onset latency; of F waves the shortest, ms.
    Latency,
    /// Latency of the negative peak, ms.
    Peak,
    /// Amplitude, baseline to negative peak, uV.
    Amplitude,
    /// Duration of the negative phase, ms.
    Duration,
    /// Velocity towards the next more distal site, m/s, where it is not to follow from the distance.
    Velocity,
    /// Share of stimuli with an F wave, percent.
    Persistence,
}

impl TypedColumn {
    /// The columns of a kind of test.
    pub fn of(kind: TestKind) -> &'static [Self] {
        match kind {
            TestKind::Motor => &[Self::Latency, Self::Amplitude, Self::Duration, Self::Velocity],
            TestKind::Sensory => &[Self::Latency, Self::Peak, Self::Amplitude, Self::Velocity],
            TestKind::FWave => &[Self::Latency, Self::Persistence],
            TestKind::HReflex => &[Self::Latency],
            _ => &[],
        }
    }

    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Latency => "Latency",
            Self::Peak => "Peak latency",
            Self::Amplitude => "Amplitude",
            Self::Duration => "Duration",
            Self::Velocity => "Velocity",
            Self::Persistence => "Persistence",
        }
    }

    /// What values can be, in their unit.
    pub fn range(self) -> std::ops::RangeInclusive<f64> {
        match self {
            Self::Latency | Self::Peak => 0.1..=500.0,
            Self::Amplitude => 0.05..=100_000.0,
            Self::Duration => 0.1..=500.0,
            Self::Velocity => 1.0..=150.0,
            Self::Persistence => 0.0..=100.0,
        }
    }
}

/// A test whose values were typed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedTest {
    /// Number; stays with the test.
    pub id: u32,
    /// Kind.
    pub kind: TestKind,
    /// The study of the clinic; `None`: one of a person's own.
    pub study: Option<String>,
    /// Side.
    pub side: Option<Side>,
    /// Nerve.
    pub nerve: String,
    /// Where the response was recorded.
    pub recorded_from: String,
    /// Skin temperature, degrees Celsius.
    pub temperature_c: Option<f64>,
    /// Stimulation sites, distal first.
    pub sites: Vec<TypedSite>,
}

/// One site of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TypedSite {
    /// Name.
    pub name: String,
    /// To the next more distal site, of the first to the recording electrode, mm.
    pub distance_mm: Option<f64>,
    /// Stimulated, without a response.
    pub no_response: bool,
    /// What was typed.
    pub values: BTreeMap<TypedColumn, f64>,
}

impl TypedTest {
    /// The same as a test among the others.
    pub fn test(&self) -> NerveTest {
        let site = |(at, site): (usize, &TypedSite)| Site {
            name: site.name.clone(),
            distance_mm: site.distance_mm,
            sweeps: vec![typed_sweep(self.id, at)],
        };
        NerveTest {
            kind: self.kind,
            side: self.side,
            nerve: self.nerve.clone(),
            recorded_from: self.recorded_from.clone(),
            temperature_c: self.temperature_c,
            sites: self.sites.iter().take(MOST_TYPED_SITES).enumerate().map(site).collect(),
            study: self.study.clone(),
            ..NerveTest::default()
        }
    }
}

/// The number that stands for a typed response.
pub fn typed_sweep(test: u32, site: usize) -> SweepId {
    TYPED + (test % MOST_TYPED_TESTS) as usize * MOST_TYPED_SITES + site % MOST_TYPED_SITES
}

/// Whose values a test's are, by the numbers of its responses; `None`: no typed ones.
pub fn typed_test(test: &NerveTest) -> Option<u32> {
    let first = test.sites.first()?.sweeps.first()?;
    first.checked_sub(TYPED).map(|at| (at / MOST_TYPED_SITES) as u32)
}
