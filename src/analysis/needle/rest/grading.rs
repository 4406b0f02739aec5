//! Fibrillation and positive sharp waves graded over the sites of a muscle.
//!
//! The usual scale (Preston and Shapiro; Daube and Rubin, Muscle Nerve 2009; as recalled, medium
//! trust): 0 none; +/- a run that does not last, or one area only; 1+ single trains that last 2 to
//! 3 s in at least two areas; 2+ moderate numbers in three or more areas; 3+ many in all areas; 4+
//! they fill the baseline in all areas. The words "moderate", "many" and "fill" have no published
//! numbers; those below are ours (low trust).

/// A train lasts when it goes on so long, s.
pub const LASTING_S: f64 = 2.0;
/// Discharges a second that are a moderate number.
pub const MODERATE_HZ: f64 = 5.0;
/// Discharges a second that are many.
pub const MANY_HZ: f64 = 20.0;
/// Part of the time taken by potentials that fills the baseline.
pub const FILLED: f64 = 0.5;

/// What was seen at one site.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Site {
    /// Trains of fibrillations or positive sharp waves.
    pub trains: usize,
    /// The longest of them, seconds.
    pub longest_s: f64,
    /// Discharges a second of all of them.
    pub discharges_hz: f64,
    /// Part of the time that their potentials take, 0 to 1.
    pub filled: f64,
}

/// Grade of a muscle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// None.
    None,
    /// Equivocal.
    Equivocal,
    /// 1+.
    One,
    /// 2+.
    Two,
    /// 3+.
    Three,
    /// 4+.
    Four,
}

impl Grade {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "0",
            Self::Equivocal => "+/-",
            Self::One => "1+",
            Self::Two => "2+",
            Self::Three => "3+",
            Self::Four => "4+",
        }
    }
}

/// The grade over sites; `None` without a site. Fewer than two sites cannot give more than +/-.
pub fn grade(sites: &[Site]) -> Option<Grade> {
    if sites.is_empty() {
        return None;
    }
    let count = |test: &dyn Fn(&Site) -> bool| sites.iter().filter(|s| test(s)).count();
    let lasting = |s: &Site| s.trains > 0 && s.longest_s >= LASTING_S;
    let seen = count(&|s| s.trains > 0);
    let all = |test: &dyn Fn(&Site) -> bool| sites.len() >= 2 && count(test) == sites.len();
    Some(if seen == 0 {
        Grade::None
    } else if all(&|s| lasting(s) && s.filled >= FILLED) {
        Grade::Four
    } else if all(&|s| lasting(s) && s.discharges_hz >= MANY_HZ) {
        Grade::Three
    } else if count(&|s| lasting(s) && s.discharges_hz >= MODERATE_HZ) >= 3 {
        Grade::Two
    } else if count(&lasting) >= 2 {
        Grade::One
    } else {
        Grade::Equivocal
    })
}
