//! Digital signal processing: slices in, slices out, scipy's names. Knows no medicine.
//!
//! Everything is `f64` in, `f64` out, in the unit of the input. NaN marks a missing sample; every
//! module head says what it does with it. Results are held against scipy.signal by the goldens in
//! `tests/golden/dsp` (made by `scripts/dsp_goldens.py`).

pub mod baseline;
pub mod fft;
pub mod iir;
mod iir_design;
pub mod line;
pub mod peaks;
pub mod pyramid;
pub mod random;
pub mod resample;
pub mod robust;
pub mod spectrogram;
pub mod spectrum;
