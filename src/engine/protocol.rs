//! The engine's only door: requests in, events out. Plain serde types, the same for the page, for
//! scripts and for tests; samples and files travel beside them as buffers.

mod edit;
mod event;
mod guide;
mod leaving;
mod live;
mod needle;
mod past;
mod ranges;
mod report;
mod request;
pub mod scenes;
mod triggered;
mod typed;
mod view;

pub use self::{
    edit::Edit, event::*, guide::*, leaving::*, live::*, needle::*, past::*, ranges::ranges, report::*, request::Request, triggered::*,
    typed::*, view::*,
};
pub use super::compare::{Compared, ComparedValue, ComparedWords};
pub use crate::findings::{Answer, Conclusion, Fit, Reason, Rule};
pub use crate::formats::OpenOptions as TextOptions;
pub use crate::formats::text::Preview as TextPreview;
pub use crate::norms::past::Division as PastDivision;
pub use crate::scene::tiles::TileKey;

/// Ending of the key under which kept edits are put aside that could not be read.
pub const UNREADABLE: &str = ".unreadable";

/// Handle of an open study.
pub type StudyKey = u32;

/// Simulated studies that can be opened: id and name.
pub fn demos() -> impl Iterator<Item = (&'static str, &'static str)> {
    crate::simulate::DEMOS.iter().copied()
}
