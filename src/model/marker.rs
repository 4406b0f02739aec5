//! Markers on a sweep.

use serde::{Deserialize, Serialize};

/// The four marks of a compound muscle action potential, numbered as they are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkerKind {
    /// 1: onset (take-off) of the negative deflection.
    Onset,
    /// 2: negative peak.
    NegativePeak,
    /// 3: end of the negative phase, the return through the baseline.
    NegativeEnd,
    /// 4: positive peak behind it.
    PositivePeak,
}

impl MarkerKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Onset, Self::NegativePeak, Self::NegativeEnd, Self::PositivePeak];

    /// The number on the flag, 1 to 4.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    /// Name in the field's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onset => "Onset",
            Self::NegativePeak => "Negative peak",
            Self::NegativeEnd => "End of negative phase",
            Self::PositivePeak => "Positive peak",
        }
    }
}

/// Who placed a marker. A marker that a person placed is never moved by re-analysis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkerOrigin {
    /// Placed by an analysis.
    #[default]
    Automatic,
    /// Placed or moved by a person.
    Person,
}
