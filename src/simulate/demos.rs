//! The simulated studies that anyone may open.

use super::{demo_late_study, demo_motor_study, demo_munix_study, demo_needle, demo_scan_study, demo_sensory_study};
use crate::model::{InMemory, Study};

/// Id in addresses (`?demo=sensory`) and name, in the order in which they are offered. Names stand
/// apart from what makes the studies, so that the page can list them without holding a simulator.
pub const DEMOS: &[(&str, &str)] = &[
    ("motor", "Motor nerve conduction"),
    ("sensory", "Sensory conduction"),
    ("late", "F waves, H reflex, repetitive stimulation, blink"),
    ("scan", "CMAP scan"),
    ("munix", "MUNIX"),
    ("needle", "Needle EMG"),
];

/// Makes a simulated study; `None` when there is none of this id.
pub fn demo(id: &str) -> Option<(Study, Vec<InMemory>)> {
    Some(match id {
        "motor" => demo_motor_study(),
        "sensory" => demo_sensory_study(),
        "late" => demo_late_study(),
        "scan" => (demo_scan_study(), Vec::new()),
        "munix" => demo_munix_study(),
        "needle" => {
            let (study, samples) = demo_needle(20.0);
            (study, vec![samples])
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{DEMOS, demo};

    #[test]
    fn every_name_in_the_list_is_made_with_its_samples() {
        for (id, _) in DEMOS {
            let (study, samples) = demo(id).unwrap();
            assert_eq!(study.recordings.len(), samples.len(), "{id}");
            assert!(*id == "needle" || !study.examination.tests.is_empty(), "{id}");
        }
        assert!(demo("nothing").is_none());
    }
}
