//! Any bytes as a `myo` file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| myoscope::formats::fuzz_entry::drive("myo", bytes));
