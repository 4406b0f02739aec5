//! Insertional activity: how long activity lasts after the needle moved.
//!
//! A movement shows as an artefact. Activity goes on from its start until the signal has been within
//! twice the noise for 50 ms. Normal is up to 300 ms, increased above (Preston and Shapiro: "more
//! than 300 to 500 ms"; as recalled, high trust); below 50 ms it is called decreased (our own bound,
//! low trust: sources name none).

use super::signal::{BLOCK_S, Working};

/// Above this it is increased, ms.
pub const NORMAL_MS: f64 = 300.0;
/// Below this it is decreased, ms.
pub const DECREASED_MS: f64 = 50.0;
/// Activity is what exceeds the noise so many times.
const ACTIVE: f64 = 2.0;
/// Quiet for so many blocks is the end: 50 ms.
const QUIET_BLOCKS: usize = 10;

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Below 50 ms.
    Decreased,
    /// 50 to 300 ms.
    Normal,
    /// Above 300 ms.
    Increased,
}

impl Amount {
    /// In the field's words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decreased => "decreased",
            Self::Normal => "normal",
            Self::Increased => "increased",
        }
    }
}

/// Activity after one movement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Insertion {
    /// Start of the movement, seconds.
    pub from_s: f64,
    /// From then until quiet, ms; `None` when the record ends before.
    pub duration_ms: Option<f64>,
}

impl Insertion {
    /// How much.
    pub fn amount(&self) -> Option<Amount> {
        let ms = self.duration_ms?;
        Some(if ms < DECREASED_MS {
            Amount::Decreased
        } else if ms <= NORMAL_MS {
            Amount::Normal
        } else {
            Amount::Increased
        })
    }
}

/// Activity after each movement of a working signal.
pub fn measure(working: &Working) -> Vec<Insertion> {
    let block = ((BLOCK_S * working.fs_hz) as usize).max(1);
    let active: Vec<bool> = working
        .uv
        .chunks(block)
        .enumerate()
        .map(|(k, x)| {
            let rms = (x.iter().map(|v| v * v).sum::<f64>() / x.len().max(1) as f64).sqrt();
            rms > ACTIVE * working.sigma(k * block)
        })
        .collect();
    durations(&active, &working.bad, block as f64 / working.fs_hz)
}

/// Durations from blocks of `block_s` seconds that are active and that belong to a movement.
pub fn durations(active: &[bool], moved: &[bool], block_s: f64) -> Vec<Insertion> {
    let mut out = Vec::new();
    let (mut k, n) = (0, active.len().min(moved.len()));
    while k < n {
        if !moved[k] {
            k += 1;
            continue;
        }
        let (from, mut last, mut quiet) = (k, k, 0);
        while k < n && quiet < QUIET_BLOCKS {
            if active[k] || moved[k] {
                (last, quiet) = (k, 0);
            } else {
                quiet += 1;
            }
            k += 1;
        }
        let ended = quiet >= QUIET_BLOCKS;
        out.push(Insertion { from_s: from as f64 * block_s, duration_ms: ended.then(|| (last + 1 - from) as f64 * block_s * 1e3) });
    }
    out
}
