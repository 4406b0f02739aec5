//! Any bytes as a `hea` file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| myoscope::formats::fuzz_entry::drive("hea", bytes));
