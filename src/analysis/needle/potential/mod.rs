//! What a motor unit potential measures: from an averaged potential and its two markers.
//!
//! [`markers`] places onset and end; a person may move them, and [`measure`] computes everything
//! else from the potential and the two. [`jiggle`] is the variability from discharge to discharge.
//! Amplitudes are microvolts with negative up, times milliseconds.

mod hand;
mod jiggle;
mod markers;
mod measure;

pub use hand::{Marked, marked};
pub use jiggle::{Jiggle, jiggle};
pub use markers::{Markers, markers};
pub use measure::{PotentialMeasures, measure, phases, turns};
