//! What did not arrive, counted exactly and apart by where it was lost.
//!
//! Nothing here is an estimate: a protocol without a counter leaves `link_*` at zero and says so by
//! [`Losses::countable`], so that a screen never shows "nothing lost" where nobody can know.

use serde::{Deserialize, Serialize};

/// Losses since the decoder was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// Whether the protocol numbers its frames or samples, so that lost ones can be counted.
    pub countable: bool,
    /// Samples (of one channel, all streams together) that the device says it dropped itself.
    pub device_samples: u64,
    /// Frames missing between frames that arrived, by their numbers. A damaged frame is one of them.
    pub link_frames: u64,
    /// Samples (of one channel, all streams together) that were sent and did not arrive.
    pub link_samples: u64,
    /// Events (stimuli, triggers) missing between events that arrived, by their numbers.
    pub link_events: u64,
    /// Frames that came twice and were ignored.
    pub duplicates: u64,
    /// Bytes that belong to no frame.
    pub skipped_bytes: u64,
    /// Frames whose checksum is wrong.
    pub crc_failures: u64,
    /// Frames with a right checksum (or none) whose content makes no sense.
    pub malformed: u64,
}

impl Losses {
    /// Samples lost in device and link together.
    pub fn samples(&self) -> u64 {
        self.device_samples.saturating_add(self.link_samples)
    }
}
