//! Pieces of a signal to draw: which exist, and which a view needs.
//!
//! Level 0 holds [`TILE_SAMPLES`] samples; level `k >= 1` holds [`TILE_BUCKETS`] pairs (minimum,
//! maximum) of `4 << k` samples each.

use serde::{Deserialize, Serialize};

/// A piece of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TileKey {
    /// Signal.
    pub signal: u32,
    /// Level.
    pub level: u8,
    /// Index of the tile within the level.
    pub index: u32,
}

/// Samples in a tile of level 0.
pub const TILE_SAMPLES: u64 = 8192;
/// Buckets in a tile of a higher level.
pub const TILE_BUCKETS: u64 = 1024;
/// The coarsest level.
pub const MAX_LEVEL: u8 = 40;

/// Samples in one bucket of a level (1 at level 0).
pub fn bucket_samples(level: u8) -> u64 {
    if level == 0 { 1 } else { 4 << level.min(MAX_LEVEL) }
}

/// Samples that a tile of a level covers.
pub fn tile_samples(level: u8) -> u64 {
    if level == 0 { TILE_SAMPLES } else { TILE_BUCKETS * bucket_samples(level) }
}

/// The level to draw from when `samples_per_px` samples fall on a pixel: buckets no wider than one
/// pixel, samples themselves below eight.
pub fn level_for(samples_per_px: f64) -> u8 {
    (1..=MAX_LEVEL).take_while(|&level| bucket_samples(level) as f64 <= samples_per_px).last().unwrap_or(0)
}

/// Where tiles that have arrived are found.
pub trait TileSource {
    /// The values of a tile, and whether it is complete; `None` while it has not come.
    fn tile(&self, key: TileKey) -> Option<(&[f32], bool)>;
}

/// The tiles that cover stored samples `from..to`.
pub fn covering(signal: u32, level: u8, from: u64, to: u64) -> impl Iterator<Item = TileKey> {
    let size = tile_samples(level);
    let last = to.saturating_sub(1) / size;
    (from / size..=last).filter(move |_| to > from).map(move |index| TileKey { signal, level, index: index as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_the_zoom() {
        assert_eq!([level_for(0.01), level_for(7.9), level_for(8.0), level_for(15.9), level_for(256.0)], [0, 0, 1, 1, 6]);
        let tiles: Vec<u32> = covering(0, 0, 8000, 8200).map(|key| key.index).collect();
        assert_eq!(tiles, [0, 1]);
        assert_eq!(covering(0, 0, 5, 5).count(), 0);
    }
}
