//! Markers on a sweep.

use serde::{Deserialize, Serialize};

/// The marks of a response, numbered as they are drawn.
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
    /// 5: positive peak in front of the negative phase (sensory responses).
    InitialPositive,
    /// 6: onset of a later response (F, H, R2), or of a silent period.
    LateOnset,
    /// 7: end of a later response or of a silent period.
    LateEnd,
}

impl MarkerKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Onset, Self::NegativePeak, Self::NegativeEnd, Self::PositivePeak, Self::InitialPositive, Self::LateOnset, Self::LateEnd];
    /// Those of a motor response.
    pub const MOTOR: [Self; 4] = [Self::Onset, Self::NegativePeak, Self::NegativeEnd, Self::PositivePeak];

    /// The number on the flag, 1 to 7.
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
            Self::InitialPositive => "Initial positive peak",
            Self::LateOnset => "Late onset",
            Self::LateEnd => "Late end",
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
