//! Needle EMG. Pure functions over microvolts (negative up, NaN = missing) and a rate in hertz.

pub mod rest;
