//! Limits of normal and the studies that they belong to, each row with its source and how far it
//! is verified.
//!
//! The rows lie under `data/`, one a line, and are read once. Nothing is interpolated: a measure
//! without a row has no limit. Profiles (one laboratory's technique and population) are never
//! mixed. Rows marked `recall` were not re-read in their source: whoever shows them says so.

mod guess;
mod judge;
mod limits;
mod measures;
mod muscle_words;
mod muscles;
pub mod needle;
mod studies;
mod words;

pub use guess::{Guess, Hints, guess, side_of};
pub use judge::{Judged, judge, judge_late};
pub use limits::{Bound, Limit, PROFILE, Person, SideToSide, limits, side_to_side};
pub use measures::{compared, late_study};
pub use muscles::{MuscleDef, find_muscles, guess_muscles, muscle_by_id, muscles};
pub use studies::{SiteDef, StudyDef, by_id, citation, studies};
pub use words::{pretty, short};
