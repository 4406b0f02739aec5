//! Tiles that have come from the worker: kept while there is room, the least used go first.

use std::collections::{HashMap, HashSet};

use crate::scene::tiles::{TileKey, TileSource};

/// Tile memory, values (4 bytes each).
const MAX_TILE_VALUES: usize = 24_000_000;

/// Tiles that have come, and which were asked for.
#[derive(Default)]
pub struct Tiles {
    have: HashMap<TileKey, (Vec<f32>, bool, u64)>,
    asked: HashSet<TileKey>,
    values: usize,
    clock: u64,
}

impl Tiles {
    /// Those of `keys` that have to be asked for; marks them as asked.
    pub fn missing(&mut self, keys: &[TileKey]) -> Vec<TileKey> {
        self.clock += 1;
        let clock = self.clock;
        let mut missing = Vec::new();
        for &key in keys {
            match self.have.get_mut(&key) {
                Some(entry) => entry.2 = clock,
                None if self.asked.insert(key) => missing.push(key),
                None => {}
            }
        }
        missing
    }

    /// Takes a tile in; the least used go when memory is full.
    pub fn insert(&mut self, key: TileKey, values: Vec<f32>, complete: bool) {
        self.asked.remove(&key);
        self.values += values.len();
        let clock = self.clock;
        if let Some((old, ..)) = self.have.insert(key, (values, complete, clock)) {
            self.values -= old.len();
        }
        if self.values > MAX_TILE_VALUES {
            let mut uses: Vec<u64> = self.have.values().map(|entry| entry.2).collect();
            uses.sort_unstable();
            let median = uses[uses.len() / 2];
            self.have.retain(|_, entry| entry.2 > median || entry.2 == clock);
            self.values = self.have.values().map(|entry| entry.0.len()).sum();
        }
    }

    /// Lets the incomplete ones among `keys` be asked for again.
    pub fn incomplete(&mut self, keys: &[TileKey]) -> Vec<TileKey> {
        let open = |key: &&TileKey| self.have.get(key).is_some_and(|entry| !entry.1) && !self.asked.contains(key);
        let keys: Vec<TileKey> = keys.iter().filter(open).copied().collect();
        self.asked.extend(keys.iter().copied());
        keys
    }

    /// Forgets everything (another study).
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

impl TileSource for Tiles {
    fn tile(&self, key: TileKey) -> Option<(&[f32], bool)> {
        self.have.get(&key).map(|(values, complete, _)| (values.as_slice(), *complete))
    }
}
