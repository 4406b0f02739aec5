//! Needle EMG: the signal taken apart into the discharges of single motor units, and what they
//! measure. Pure functions over microvolts (negative up, NaN = missing) and a rate in hertz.

pub mod decompose;
pub mod potential;
pub mod recruitment;
pub mod rest;
pub mod units;
