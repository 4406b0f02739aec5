//! Any bytes as a `txt` file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| myoscope::formats::fuzz_entry::drive("txt", bytes));
