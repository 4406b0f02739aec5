//! A simulated patient: feeds the demo studies, the tests and the benchmarks.
//!
//! Everything is deterministic: a seed gives the same signals on every machine, and nothing is
//! asked of the host. Signals are uV with positive numbers upward, negative at E1.

mod big;
mod demo;
mod demo_sensory;
mod demos;
mod disturb;
mod fibre;
mod late;
mod late_demo;
mod munix;
mod muscle;
mod needle;
pub mod patient;
mod random;
mod scan;
mod sensory;
mod sweep;

pub use big::{Procedural, big_recording};
pub use demo::{demo_motor_study, demo_motor_truth};
pub use demo_sensory::{demo_sensory_study, demo_sensory_truth};
pub use demos::{DEMOS, demo};
pub use disturb::{Disturbance, couple};
pub use fibre::{Contact, Potential};
pub use late::{LateTruth, Recorded, blink, f_waves, h_reflexes, trains};
pub use late_demo::demo_late_study;
pub use munix::demo_munix_study;
pub use muscle::{Muscle, Pool, Stretch};
pub use needle::{SimulatedNeedle, demo_needle, simulate_needle};
pub use random::Random;
pub use scan::{ScanSetup, SimulatedScan, demo_scan_study, simulate_scan};
pub use sensory::{SensoryNerve, SensorySetup, SimulatedSensory, stimulate_sensory};
pub use sweep::{Setup, SimulatedSweep, stimulate};
