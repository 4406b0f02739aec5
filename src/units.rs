//! Physical units as they are written in files, and what one of them is in volts.
//!
//! Values travel as `f64` in fields whose name carries the unit (`onset_ms`, `amplitude_uv`);
//! this module only translates the unit *text* of a channel.

use serde::{Deserialize, Serialize};

/// What a channel's unit text means.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Unit {
    /// A potential; one unit is this many microvolts.
    Potential {
        /// Microvolts in one unit.
        uv_per_unit: f64,
    },
    /// Anything else: a force, a temperature, ADC counts, or no unit at all.
    Other,
}

impl Unit {
    /// Reads the unit text of a channel, tolerant of the spellings found in real files
    /// (`uV`, `µV` with either micro sign, `mv`, `V`, `nV`, `microvolts`).
    pub fn parse(text: &str) -> Self {
        let plain = text.trim().trim_matches(['(', ')', '[', ']']).replace(['\u{b5}', '\u{3bc}'], "u");
        let uv_per_unit = match plain.to_ascii_lowercase().as_str() {
            "nv" | "nanovolt" | "nanovolts" => 1e-3,
            "uv" | "microvolt" | "microvolts" => 1.0,
            // Upper-case M would be mega by the book; no amplifier records megavolts.
            "mv" | "millivolt" | "millivolts" => 1e3,
            "v" | "volt" | "volts" => 1e6,
            _ => return Self::Other,
        };
        Self::Potential { uv_per_unit }
    }

    /// Microvolts in one unit, when the unit is a potential.
    pub fn uv_per_unit(self) -> Option<f64> {
        match self {
            Self::Potential { uv_per_unit } => Some(uv_per_unit),
            Self::Other => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn spellings_of_real_files() {
        for (text, uv) in [("uV", 1.0), ("\u{b5}V", 1.0), ("\u{3bc}V", 1.0), ("mv", 1e3), ("mV ", 1e3), ("V", 1e6), ("(mV)", 1e3)] {
            assert_eq!(Unit::parse(text).uv_per_unit(), Some(uv), "{text}");
        }
        for text in ["", "N", "degC", "ADC", "uS"] {
            assert_eq!(Unit::parse(text), Unit::Other, "{text}");
        }
    }
}
