//! Motor evoked potentials of a person, where `MYOSCOPE_DATA` names the folder of recordings.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // a test fails by panicking

mod common;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{Edit, Request};
use myoscope::model::{Response, TestKind};

const FILES: [&str; 3] = ["Example Data 1.vhdr", "Example Data 1.vmrk", "Example Data 1.eeg"];

/// Magnetic stimulation of the left motor cortex, 20 times: the right first dorsal interosseous
/// answers each time, the muscles of the left arm never (nothing there exceeds what it does before
/// the stimulus).
#[test]
fn real_potentials_are_found_where_they_are_and_nowhere_else() {
    let Ok(named) = std::env::var("MYOSCOPE_DATA") else {
        println!("skipped: MYOSCOPE_DATA is not set");
        return;
    };
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(named).join("tms-emg-kit/brainvision");
    let files = FILES.map(|name| (name, std::fs::read(folder.join(name)).unwrap()));
    let stored = files[2].1.clone();
    let mut desk = Desk::open(files.into(), Kept::default());
    let study = desk.study();
    let tests: Vec<String> = desk.view().tests.iter().map(|test| test.recorded_from.clone()).collect();
    assert_eq!(tests, ["LECR", "LFDI", "RECR", "RFDI"]);
    for (test, name) in tests.iter().enumerate() {
        let (nerve, recorded_from) = (String::new(), name.clone());
        desk.edit(Edit::Test { test, kind: TestKind::Mep, side: None, nerve, recorded_from, temperature_c: None });
        desk.send(Request::Sweeps { study, test });
    }
    let found = |test: usize| -> Vec<Option<Response>> {
        let sites = &desk.view().tests[test].sites;
        assert_eq!(sites.len(), 1, "the ends of trigger pulses are no stimuli");
        sites[0].sweeps.iter().map(|sweep| sweep.measurement.as_ref().and_then(|m| m.response)).collect()
    };
    for left in [0, 1] {
        assert_eq!(found(left), vec![None; 20], "{}", tests[left]);
    }
    let right = found(3);
    assert_eq!(right.len(), 20);
    let onsets: Vec<f64> = right.iter().map(|response| response.expect("a response").onset_ms).collect();
    assert!(onsets.iter().filter(|ms| (26.0..30.0).contains(*ms)).count() >= 19, "{onsets:?}");
    // Sizes against the stored values: 16 bits, 0.1 uV, four channels, 5 kHz.
    let marks = desk.view().recordings[0].annotations.iter().filter(|a| a.annotation.text == "Stimulus/S255");
    for (response, mark) in right.iter().zip(marks) {
        let first = ((mark.annotation.onset_s + 0.013) * 5000.0).round() as usize;
        let value = |k: usize| f64::from(i16::from_le_bytes([stored[8 * k + 6], stored[8 * k + 7]])) * 0.1;
        let values: Vec<f64> = (first..first + 235).map(value).collect();
        let pp = values.iter().copied().fold(f64::MIN, f64::max) - values.iter().copied().fold(f64::MAX, f64::min);
        let ours = response.and_then(|response| response.pp_uv).unwrap();
        // The stored ones hold mains of about 100 uV peak to peak as well.
        assert!((ours - pp).abs() < 120.0, "{ours:.0} of {pp:.0} uV");
    }
}
