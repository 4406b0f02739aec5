//! Needle and surface EMG, over microvolts (negative up, NaN = missing) and a rate in hertz: the
//! signal taken apart into the discharges of single motor units and what they measure; the
//! interference pattern; jitter; contractions of surface EMG.

pub mod decompose;
pub mod edit;
pub mod findings;
pub mod interference;
pub mod jitter;
mod pieces;
pub mod potential;
pub mod recruitment;
pub mod rest;
pub mod surface;
pub mod turns;
pub mod units;
