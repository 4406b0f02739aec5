//! Published grades of carpal tunnel syndrome (Bland 2000, Padua 1997, Stevens 1997; rows `bland_*`,
//! `padua_*`, `stevens_*` of the reference).

use super::Severity;

/// What the grades ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Graded {
    /// No median sensory response in any finger tested.
    pub sensory_absent: bool,
    /// Any median sensory latency or amplitude beyond its limit.
    pub sensory_abnormal: bool,
    /// Whether a finger was tested.
    pub sensory_tested: bool,
    /// No response of the thenar muscles.
    pub motor_absent: bool,
    /// Distal motor latency, ms.
    pub motor_ms: Option<f64>,
    /// Whether that is too long.
    pub motor_late: bool,
    /// Amplitude of the thenar response, mV.
    pub motor_mv: Option<f64>,
    /// Whether that is low.
    pub motor_low: bool,
    /// Only comparisons of nerves are abnormal.
    pub comparison_alone: bool,
    /// The abductor pollicis brevis was examined with the needle, and lost supply.
    pub needle: bool,
}

/// Bland's grade; `None` where it does not apply.
pub fn bland(of: &Graded) -> Option<u8> {
    // 0.2 mV: 'effectively unrecordable'; 6.5 ms: grades 3 and 4 end there.
    let unrecordable = of.motor_absent || of.motor_mv.is_some_and(|mv| mv < 0.2);
    if unrecordable && of.sensory_absent {
        Some(6)
    } else if unrecordable || of.motor_ms.is_some_and(|ms| ms > 6.5) {
        Some(5)
    } else if of.sensory_absent {
        Some(4)
    } else if of.motor_late {
        Some(3)
    } else if of.sensory_abnormal {
        Some(2)
    } else if of.comparison_alone {
        Some(1)
    } else {
        None
    }
}

/// Padua's grade.
pub fn padua(of: &Graded) -> Option<&'static str> {
    let late = of.motor_late || of.motor_absent;
    if of.motor_absent {
        Some("extreme")
    } else if of.sensory_absent && late {
        Some("severe")
    } else if of.sensory_abnormal && late {
        Some("moderate")
    } else if of.sensory_abnormal || of.sensory_absent {
        Some("mild")
    } else if of.comparison_alone {
        Some("minimal")
    } else {
        None
    }
}

/// Stevens' grade, which counts the needle: given where that was used and told something.
pub fn stevens(of: &Graded) -> Option<&'static str> {
    let late = of.motor_late || of.motor_absent;
    if !of.needle {
        None
    } else if late && (of.sensory_absent || of.motor_low || of.motor_absent) {
        Some("severe")
    } else if late && of.sensory_abnormal {
        Some("moderate")
    } else if of.sensory_abnormal {
        Some("mild")
    } else {
        None
    }
}

/// All grades that apply, in words, and the worst severity they say.
pub fn graded(of: &Graded) -> (String, Severity) {
    let word = |grade: &str| match grade {
        "minimal" => Severity::Minimal,
        "mild" => Severity::Mild,
        "moderate" => Severity::Moderate,
        "severe" => Severity::Severe,
        _ => Severity::Extreme,
    };
    let number = |grade: u8| match grade {
        1 => Severity::Minimal,
        2 => Severity::Mild,
        3 => Severity::Moderate,
        4 | 5 => Severity::Severe,
        _ => Severity::Extreme,
    };
    let (bland, padua, stevens) = (bland(of), padua(of), stevens(of));
    let worst = bland.map(number).into_iter().chain(padua.map(word)).chain(stevens.map(word)).max();
    let bland = bland.map(|grade| format!("bland={grade}"));
    let padua = padua.map(|grade| format!("padua={grade}"));
    let all: Vec<String> = match stevens {
        Some(stevens) => bland.into_iter().chain(padua).chain([format!("stevens={stevens}")]).collect(),
        None => padua.into_iter().chain(bland).collect(),
    };
    (if all.is_empty() { "none".into() } else { all.join("; ") }, worst.unwrap_or(Severity::NotGraded))
}

#[cfg(test)]
mod tests {
    use super::{Graded, Severity, graded};

    #[test]
    fn grades_run_from_minimal_to_extreme() {
        let base = Graded { sensory_tested: true, motor_ms: Some(3.5), motor_mv: Some(9.0), ..Graded::default() };
        let of = |change: fn(&mut Graded)| {
            let mut graded_of = base;
            change(&mut graded_of);
            graded(&graded_of)
        };
        assert_eq!(of(|g| g.comparison_alone = true), ("padua=minimal; bland=1".into(), Severity::Minimal));
        assert_eq!(of(|g| g.sensory_abnormal = true), ("padua=mild; bland=2".into(), Severity::Mild));
        let moderate = of(|g| (g.sensory_abnormal, g.motor_late, g.motor_ms) = (true, true, Some(5.0)));
        assert_eq!(moderate, ("padua=moderate; bland=3".into(), Severity::Moderate));
        let severe = of(|g| (g.sensory_abnormal, g.sensory_absent, g.motor_late, g.needle, g.motor_low) = (true, true, true, true, true));
        assert_eq!(severe, ("bland=4; padua=severe; stevens=severe".into(), Severity::Severe));
        let extreme = of(|g| (g.sensory_abnormal, g.sensory_absent, g.motor_absent, g.motor_ms) = (true, true, true, None));
        assert_eq!(extreme, ("padua=extreme; bland=6".into(), Severity::Extreme));
    }
}
