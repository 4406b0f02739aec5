//! The simulated studies that anyone may open: one line each.

use super::{demo_motor_study, demo_munix_study, demo_needle, demo_scan_study, demo_sensory_study};
use crate::model::{InMemory, Study};

/// A simulated study.
#[derive(Debug, Clone, Copy)]
pub struct Demo {
    /// Its id in addresses (`?demo=sensory`).
    pub id: &'static str,
    /// What it shows.
    pub name: &'static str,
    /// Makes it.
    pub make: fn() -> (Study, Vec<InMemory>),
}

/// All of them, in the order in which they are offered.
pub static DEMOS: &[Demo] = &[
    Demo { id: "motor", name: "Motor nerve conduction", make: demo_motor_study },
    Demo { id: "sensory", name: "Sensory conduction", make: demo_sensory_study },
    Demo { id: "scan", name: "CMAP scan", make: || (demo_scan_study(), Vec::new()) },
    Demo { id: "munix", name: "MUNIX", make: demo_munix_study },
    Demo {
        id: "needle",
        name: "Needle EMG",
        make: || {
            let (study, samples) = demo_needle(20.0);
            (study, vec![samples])
        },
    },
];
