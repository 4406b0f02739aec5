//! Any bytes as a `vhdr` file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| myoscope::formats::fuzz_entry::drive("vhdr", bytes));
