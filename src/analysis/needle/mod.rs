//! Needle and surface EMG: analyses of continuous signals.

pub mod interference;
pub mod jitter;
mod pieces;
pub mod surface;
pub mod turns;
