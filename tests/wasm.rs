//! The core as WebAssembly: reading, measuring, transforming and filtering give what they give
//! natively. The same tests run on both sides, against the same golden files:
//!
//! ```text
//! cargo test --test wasm
//! cargo test --test wasm --target wasm32-unknown-unknown     (wasm-bindgen-test-runner, Node)
//! ```

#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use std::rc::Rc;

use myoscope::dsp::{fft::RealFft, iir};
use myoscope::engine::info::info;
use myoscope::engine::measure::measure;
use myoscope::formats::{Files, NamedSource, OpenOptions, Opened, SliceSource, open};
use rustfft::num_complex::Complex64;
use serde_json::Value;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A file of a golden directory: name and bytes, taken in when the test is compiled.
macro_rules! golden {
    ($folder:literal, $name:literal) => {
        ($name, include_bytes!(concat!("golden/", $folder, "/", $name)).as_slice())
    };
}

fn opened(files: &[(&str, &'static [u8])]) -> Opened {
    let all =
        files.iter().map(|(name, bytes)| NamedSource { name: (*name).to_owned(), source: Rc::new(SliceSource::from(bytes.to_vec())) });
    open(&Files { all: all.collect() }, &OpenOptions::default()).remove(0).1.unwrap()
}

fn parsed(file: (&str, &[u8])) -> Value {
    serde_json::from_slice(file.1).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn assert_close(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    let scale = want.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for (k, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance * scale, "{what}[{k}]: {got} instead of {want}");
    }
}

#[test]
fn an_edf_recording_reads_to_the_last_bit() {
    for (file, expected) in [
        (golden!("edf/plus_annotations", "input.edf"), golden!("edf/plus_annotations", "expected.json")),
        (golden!("edf/discontinuous", "input.edf"), golden!("edf/discontinuous", "expected.json")),
        (golden!("bdf/plain", "input.bdf"), golden!("bdf/plain", "expected.json")),
        (golden!("wav/pcm24_extensible", "input.wav"), golden!("wav/pcm24_extensible", "expected.json")),
        (golden!("csv/semicolon_decimal_comma", "input.csv"), golden!("csv/semicolon_decimal_comma", "expected.json")),
    ] {
        let found = serde_json::to_value(info(&opened(&[file]), 0, file.0).unwrap().unwrap()).unwrap();
        let expected = parsed(expected);
        for key in ["format", "start", "duration_s", "channels", "annotations"] {
            assert_eq!(found[key], expected[key], "{key} of {}", file.0);
        }
        assert_eq!(found["warnings"].as_array().unwrap().len(), expected["warnings"].as_array().unwrap().len(), "{}", file.0);
    }
}

#[test]
fn a_simulated_motor_study_measures_what_its_truth_says() {
    let files = [golden!("motor/clinic", "input.hea"), golden!("motor/clinic", "input.dat"), golden!("motor/clinic", "input.meta.json")];
    let (case, expected) = (parsed(golden!("motor/clinic", "case.json")), parsed(golden!("motor/clinic", "expected.json")));
    let found = serde_json::to_value(measure(&opened(&files), "input.hea").unwrap()).unwrap();
    let (found, expected) = (found["sweeps"].as_array().unwrap(), expected["sweeps"].as_array().unwrap());
    assert_eq!((found.len(), expected.len()), (2, 2));
    for (found, expected) in found.iter().zip(expected) {
        for (key, tolerance) in case["tolerance"].as_object().unwrap() {
            let (key, relative) = key.strip_suffix("_pct").map_or((key.as_str(), false), |key| (key, true));
            let (found, expected) = (found[key].as_f64().unwrap(), expected[key].as_f64().unwrap());
            let off = if relative { 100.0 * (found / expected - 1.0) } else { found - expected };
            assert!(off.abs() <= tolerance.as_f64().unwrap(), "{key}: {found} instead of {expected}");
        }
    }
}

#[test]
fn filters_are_those_of_scipy() {
    let golden = parsed(golden!("dsp", "filters.json"));
    let x = numbers(&golden["x"]);
    let mut tried = 0;
    for case in golden["cases"].as_array().unwrap().iter().filter(|case| case["kind"] == "bandpass") {
        let (wn, fs, order) = (numbers(&case["wn"]), case["fs"].as_f64().unwrap(), case["order"].as_u64().unwrap() as usize);
        let sections = iir::butter(order, iir::Band::Bandpass(wn[0], wn[1]), fs).unwrap();
        let mut y = x.clone();
        iir::sosfilt(&sections, &mut y);
        assert_close(&y, &numbers(&case["sosfilt"]), 1e-9, "sosfilt");
        let tolerance = if order >= 8 { 1e-5 } else { 1e-8 };
        assert_close(&iir::sosfiltfilt(&sections, &x), &numbers(&case["sosfiltfilt"]), tolerance, "sosfiltfilt");
        tried += 1;
    }
    assert!(tried >= 5);
}

#[test]
fn the_fft_is_the_sum_that_defines_it() {
    // Powers of two, products of small primes, a prime: rustfft takes another way for each.
    for n in [64_usize, 96, 120, 251] {
        let x: Vec<f64> = (0..n).map(|k| (k as f64 * 0.37).sin() * 40.0 + ((k * 7919) % 31) as f64).collect();
        let mut fft = RealFft::new();
        let bins = fft.forward(&x).to_vec();
        assert_eq!(bins.len(), n / 2 + 1);
        for (k, bin) in bins.iter().enumerate() {
            let turn = |j: usize| -2.0 * std::f64::consts::PI * ((j * k) % n) as f64 / n as f64;
            let sum: Complex64 = x.iter().enumerate().map(|(j, x)| Complex64::from_polar(*x, turn(j))).sum();
            assert!((bin - sum).norm() < 1e-9 * n as f64, "bin {k} of {n}: {bin} instead of {sum}");
        }
        assert_close(&fft.inverse(&bins, n), &x, 1e-12, "back again");
    }
}

/// `wasm_simd` of rustfft without the target feature is slower than no SIMD at all, and an
/// environment RUSTFLAGS drops the feature without a word.
#[cfg(target_arch = "wasm32")]
#[test]
fn vector_instructions_are_switched_on() {
    const { assert!(cfg!(target_feature = "simd128"), "RUSTFLAGS of the environment replaced those of .cargo/config.toml") };
}
