//! Any bytes as a `study` file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| myoscope::formats::fuzz_entry::drive("study", bytes));
