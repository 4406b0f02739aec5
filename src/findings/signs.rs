//! What the findings of one muscle come to.

use super::case::Needle;

impl Needle {
    /// The higher grade of fibrillation potentials and positive sharp waves.
    pub fn denervation(&self) -> u8 {
        self.fib.unwrap_or(0).max(self.psw.unwrap_or(0))
    }

    /// Large or long potentials: supply that was rebuilt.
    pub fn rebuilt(&self) -> bool {
        self.mup_amp == "high" || self.mup_dur == "long"
    }

    /// Small or short potentials.
    pub fn small(&self) -> bool {
        self.mup_amp == "low" || self.mup_dur == "short"
    }

    /// Too few units for the force.
    pub fn fewer_units(&self) -> bool {
        matches!(self.recruitment.as_str(), "reduced" | "none")
    }

    /// Small potentials of which many fire early: the muscle's own.
    pub fn myopathic(&self) -> bool {
        self.small() && !self.fewer_units()
    }

    /// Anything that a lost nerve supply shows.
    pub fn neurogenic(&self) -> bool {
        !self.myopathic() && (self.denervation() > 0 || self.rebuilt() || self.fewer_units())
    }

    /// Anything that is not normal.
    pub fn abnormal(&self) -> bool {
        self.neurogenic() || self.myopathic() || self.fasciculates() || self.myotonic() || self.recruitment == "early"
    }

    /// Fasciculation potentials.
    pub fn fasciculates(&self) -> bool {
        !matches!(self.fasciculations.as_str(), "" | "none" | "0")
    }

    /// Myotonic discharges.
    pub fn myotonic(&self) -> bool {
        self.other.contains("myotoni")
    }
}
