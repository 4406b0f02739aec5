//! Any bytes as what devices send.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| myoscope::device::fuzz_entry::drive("", bytes));
