//! Signal processing against scipy.signal (tests/golden/dsp, made by scripts/dsp_goldens.py).

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use myoscope::dsp::{baseline, fft::RealFft, iir, peaks, resample, robust, spectrum};
use serde_json::Value;

fn golden(name: &str) -> Value {
    let path = format!("{}/tests/golden/dsp/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn close(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    let scale = want.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for (k, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance * scale.max(1e-300), "{what}[{k}]: {g} instead of {w}");
    }
}

fn design(case: &Value) -> Vec<iir::Section> {
    let (wn, fs) = (numbers(&case["wn"]), case["fs"].as_f64().unwrap());
    let order = case["order"].as_u64().unwrap() as usize;
    let band = match case["kind"].as_str().unwrap() {
        "lowpass" => iir::Band::Lowpass(wn[0]),
        "highpass" => iir::Band::Highpass(wn[0]),
        "bandpass" => iir::Band::Bandpass(wn[0], wn[1]),
        "bandstop" => iir::Band::Bandstop(wn[0], wn[1]),
        _ => return iir::iirnotch(wn[0], wn[1], fs).unwrap(),
    };
    iir::butter(order, band, fs).unwrap()
}

#[test]
fn filters_are_those_of_scipy() {
    let golden = golden("filters");
    let x = numbers(&golden["x"]);
    for case in golden["cases"].as_array().unwrap() {
        let what = format!("{} {} {}", case["kind"], case["order"], case["wn"]);
        let sections = design(case);
        if case.get("hz").is_some() {
            let fs = case["fs"].as_f64().unwrap();
            for (hz, (re, im)) in numbers(&case["hz"]).iter().zip(numbers(&case["gain_re"]).iter().zip(numbers(&case["gain_im"]))) {
                let h = iir::response(&sections, rustfft::num_complex::Complex64::from_polar(1.0, 2.0 * std::f64::consts::PI * hz / fs));
                assert!((h.re - re).hypot(h.im - im) < 1e-8, "{what} at {hz} Hz: {h} instead of {re} + {im}i");
            }
        }
        let mut y = x.clone();
        iir::sosfilt(&sections, &mut y);
        close(&y, &numbers(&case["sosfilt"]), 1e-9, &format!("sosfilt {what}"));
        if let Some(want) = case.get("sosfiltfilt") {
            // High orders with corners near zero are ill-conditioned in scipy's grouping and in ours.
            let tolerance = if case["order"].as_u64().unwrap() >= 8 { 1e-5 } else { 1e-8 };
            close(&iir::sosfiltfilt(&sections, &x), &numbers(want), tolerance, &format!("sosfiltfilt {what}"));
        }
    }
}

#[test]
fn impossible_filters_are_refused() {
    for band in [iir::Band::Lowpass(0.0), iir::Band::Highpass(2500.0), iir::Band::Bandpass(100.0, 50.0), iir::Band::Lowpass(f64::NAN)] {
        assert!(iir::butter(2, band, 5000.0).is_err(), "{band:?}");
    }
    assert!(iir::butter(0, iir::Band::Lowpass(10.0), 5000.0).is_err());
    assert!(iir::butter(99, iir::Band::Lowpass(10.0), 5000.0).is_err());
    assert!(iir::iirnotch(50.0, 0.0, 5000.0).is_err());
}

#[test]
fn a_stream_does_not_depend_on_its_blocks_and_gaps_do_not_leak() {
    let mut x = numbers(&golden("filters")["x"]);
    x[70] = f64::NAN;
    x[71] = f64::NAN;
    let sections = iir::butter(5, iir::Band::Bandpass(20.0, 1500.0), 5000.0).unwrap();
    for settled in [false, true] {
        let mut whole = x.clone();
        iir::Stream::new(sections.clone(), settled).process(&mut whole);
        for size in [1, 3, 7, 50] {
            let mut stream = iir::Stream::new(sections.clone(), settled);
            let mut parts = x.clone();
            parts.chunks_mut(size).for_each(|part| stream.process(part));
            let same = parts.iter().zip(&whole).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "blocks of {size}");
        }
    }
    let both = iir::sosfiltfilt(&sections, &x);
    close(&both[72..], &iir::sosfiltfilt(&sections, &x[72..]), 0.0, "after the gap");
    assert!(both[70].is_nan() && both[71].is_nan() && both.iter().filter(|v| v.is_nan()).count() == 2);
    // Settled on a constant, nothing happens at the start.
    let mut constant = vec![7.0; 30];
    iir::Stream::new(iir::butter(3, iir::Band::Lowpass(100.0), 5000.0).unwrap(), true).process(&mut constant);
    close(&constant, &[7.0; 30], 1e-12, "settled");
}

#[test]
fn welch_is_that_of_scipy() {
    let golden = golden("welch");
    let x = numbers(&golden["x"]);
    for case in golden["cases"].as_array().unwrap() {
        let (n, overlap) = (case["nperseg"].as_u64().unwrap() as usize, case["noverlap"].as_u64().unwrap() as usize);
        let got = spectrum::welch(&mut RealFft::new(), &x, golden["fs"].as_f64().unwrap(), n, overlap);
        close(&got.hz, &numbers(&case["hz"]), 1e-12, "frequencies");
        close(&got.power, &numbers(&case["power"]), 1e-10, "power");
    }
    assert!(spectrum::welch(&mut RealFft::new(), &[f64::NAN; 8], 1.0, 4, 2).power.iter().all(|p| p.is_nan()));
    assert_eq!(spectrum::welch(&mut RealFft::new(), &[], 1.0, 4, 2), spectrum::Density::default());
}

#[test]
fn fourier_there_and_back() {
    let x = numbers(&golden("welch")["x"]);
    let mut fft = RealFft::new();
    for n in [1, 2, 3, 64, 700] {
        let bins = fft.forward(&x[..n]).to_vec();
        assert_eq!(bins.len(), n / 2 + 1);
        close(&fft.inverse(&bins, n), &x[..n], 1e-12, "round trip");
    }
}

#[test]
fn resampling_is_that_of_scipy() {
    let golden = golden("resample");
    let x = numbers(&golden["x"]);
    for case in golden["cases"].as_array().unwrap() {
        let (up, down) = (case["up"].as_u64().unwrap() as usize, case["down"].as_u64().unwrap() as usize);
        close(&resample::resample_poly(&x, up, down).unwrap(), &numbers(&case["y"]), 1e-10, &format!("{up}/{down}"));
    }
    assert_eq!(resample::resample_poly(&x, 0, 1), None);
    assert_eq!(resample::resample_poly(&x, 1, 1_000_001), None);
    assert_eq!(resample::resample_poly(&[], 3, 2), Some(vec![]));
}

#[test]
fn between_samples() {
    let cubic: Vec<f64> = (0..9).map(|k| f64::from(k).powi(3) - 5.0 * f64::from(k)).collect();
    for at in [0.0, 0.3, 3.5, 7.9, 8.0] {
        assert!((resample::cubic_at(&cubic, at) - (at.powi(3) - 5.0 * at)).abs() < 1e-9, "{at}");
    }
    assert!(resample::cubic_at(&cubic, 8.1).is_nan() && resample::cubic_at(&[], 0.0).is_nan());
    assert!((resample::cubic_at(&[1.0, 3.0], 0.25) - 1.5).abs() < 1e-12);
    let sine: Vec<f64> = (0..200).map(|k| (0.8 * f64::from(k)).sin()).collect();
    for at in [90.25, 100.5, 110.125] {
        assert!((resample::sinc_at(&sine, at, 16) - (0.8 * at).sin()).abs() < 1e-4, "{at}");
    }
    assert!((resample::sinc_at(&[4.0; 20], 0.5, 8) - 4.0).abs() < 1e-12);
}

#[test]
fn baselines_are_those_of_scipy() {
    let golden = golden("baseline");
    let mut x = numbers(&golden["x"]);
    let mut quad = numbers(&golden["quad"]);
    let mut holed = quad.clone();
    baseline::detrend(&mut x);
    close(&x, &numbers(&golden["detrend"]), 1e-10, "line");
    baseline::detrend_polynomial(&mut quad, 2);
    close(&quad, &numbers(&golden["quad_detrended"]), 1e-9, "parabola");
    holed[100] = f64::NAN;
    baseline::detrend_polynomial(&mut holed, 2);
    assert!(holed[100].is_nan() && holed.iter().filter(|v| v.is_nan()).count() == 1);
    let mut offset = [5.0, f64::NAN, 7.0, 6.0];
    assert_eq!(baseline::subtract_median(&mut offset), 6.0);
    assert_eq!(offset[0], -1.0);
    let mut none = [f64::NAN; 3];
    assert!(baseline::subtract_median(&mut none).is_nan());
    baseline::detrend(&mut none);
}

#[test]
fn robust_statistics_are_those_of_scipy() {
    let golden = golden("robust");
    let x = numbers(&golden["x"]);
    for case in golden["running_median"].as_array().unwrap() {
        close(&robust::running_median(&x, case["window"].as_u64().unwrap() as usize), &numbers(&case["y"]), 0.0, "running median");
    }
    for case in golden["percentiles"].as_array().unwrap() {
        let (p, v) = (case["p"].as_f64().unwrap(), case["v"].as_f64().unwrap());
        assert!((robust::percentile(&x, p) - v).abs() < 1e-9, "{p}");
    }
    assert!((robust::mad(&x) - golden["mad"].as_f64().unwrap()).abs() < 1e-12);
    assert!(robust::median(&[]).is_nan() && robust::median(&[f64::NAN]).is_nan());
    assert!(robust::running_median(&[f64::NAN, f64::NAN], 3).iter().all(|v| v.is_nan()));
    assert_eq!(robust::running_median(&[], 3), Vec::<f64>::new());
}

#[test]
fn peaks_are_those_of_scipy() {
    let golden = golden("peaks");
    for case in golden["cases"].as_array().unwrap() {
        let x = numbers(&golden[case["signal"].as_str().unwrap()]);
        let option = |name: &str| case["options"][name].as_f64();
        let options = peaks::PeakOptions {
            height: option("height"),
            distance: option("distance").map(|d| d as usize),
            prominence: option("prominence"),
        };
        let got = peaks::find_peaks(&x, &options);
        let index: Vec<f64> = got.iter().map(|p| p.index as f64).collect();
        close(&index, &numbers(&case["index"]), 0.0, &format!("{case:.80}"));
        let prominence: Vec<f64> = got.iter().map(|p| p.prominence).collect();
        close(&prominence, &numbers(&case["prominence"]), 1e-12, "prominence");
    }
    assert_eq!(peaks::parabolic_vertex(&[1.0, 4.0, 3.0], 1), (1.25, 4.125));
    assert_eq!(peaks::parabolic_vertex(&[1.0, 4.0], 1), (1.0, 4.0));
}

#[test]
fn the_trimmed_mean_leaves_the_extremes_out() {
    let mut x = [9.0, 1.0, -100.0, 3.0, 2.0, 100.0, 4.0, 5.0, 6.0, 7.0];
    // Two at each end go: 2 to 7 stay.
    assert!((robust::trimmed_mean_mut(&mut x, 0.2) - 4.5).abs() < 1e-12);
    assert!((robust::trimmed_mean_mut(&mut [3.0, 1.0], 0.0) - 2.0).abs() < 1e-12);
    assert_eq!(robust::trimmed_mean_mut(&mut [3.0], 0.5), 3.0);
    assert!(robust::trimmed_mean_mut(&mut [], 0.2).is_nan());
}
