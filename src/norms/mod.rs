//! Limits of normal and the studies that they belong to, each row with its source and how far it
//! is verified.
//!
//! The rows lie under `data/`, one a line, and are read once. Nothing is interpolated: a measure
//! without a row has no limit. Profiles (one laboratory's technique and population) are never
//! mixed. Rows marked `recall` were not re-read in their source: whoever shows them says so.

pub mod anatomy;
pub mod criteria;
mod guess;
mod judge;
mod limits;
mod measures;
mod muscle_words;
mod muscles;
pub mod needle;
pub mod own;
pub mod past;
mod plateau;
mod regressions;
mod retest;
mod rows;
mod studies;
pub mod temperature;
mod words;

pub use guess::{Guess, Hints, guess, side_of};
pub use judge::{Judged, judge, judge_late};
pub use limits::{Bound, Limit, Person, Profile, SideToSide, limits, published, side_to_side};
pub use measures::{at_site, compared, late_study, site_id};
pub use muscles::{MuscleDef, find_muscles, guess_muscles, muscle_by_id, muscles};
pub use retest::{Retest, retest};
pub use studies::{LateDef, SiteDef, StudyDef, by_id, citation, late_responses, studies};
pub use words::{pretty, short};
