//! CMAP scans and nerve excitability.

use std::fmt::Write;

use myoscope::simulate::{Random, ScanSetup, SimulatedScan, simulate_scan};
use serde_json::json;

use super::{Case, Off, Truth, mean, most, sweeps, truth};

fn scan_truth(scan: &SimulatedScan, setup: &ScanSetup, counted_pct: f64) -> Vec<Truth> {
    let sum: f64 = scan.sizes_uv.iter().sum();
    vec![
        truth("units", "/summary/units/number", scan.sizes_uv.len() as f64, Off::Pct(counted_pct)),
        truth("mean_uv", "/summary/units/mean_uv", mean(&scan.sizes_uv), Off::Pct(counted_pct)),
        truth("relative_spread", "/summary/units/relative_spread", setup.relative_spread, Off::Pct(25.0)),
        truth("max_uv", "/summary/max_uv", sum, Off::Pct(2.0)),
        truth("noise_uv", "/summary/noise_uv/0", setup.noise_uv, Off::Pct(35.0)),
    ]
}

const HEAD: &str = "File:              \tX.QZD\r\nName:              \tsimulated\r\nAge:               \t43\r\nSex:               \tF\r\n\
    Temperature:       \t33.5\r\nS/R sites:         \tMedian Wr-APB\r\n";

/// A healthy muscle, as the program for threshold tracking writes it.
pub fn scan() -> Case {
    let setup = ScanSetup { units: 85, ..ScanSetup::default() };
    let scan = simulate_scan(&setup, &mut Random::new(311));
    let mut text = format!("{HEAD}Protocol:          \tMSCAN-R2\r\nM-SCAN DATA (7.1-2m)\r\nStim. (mA)     \tAmp. (mV)\r\n");
    for (k, point) in scan.points.iter().enumerate() {
        write!(text, "MS.{}           \t{:.3}             \t{:.4}\r\n", k + 1, point.current_ma, point.amp_uv * 1e-3).unwrap();
    }
    Case {
        note: "CMAP scan of 85 units.",
        main: "input.mem",
        inputs: vec![("input.mem".into(), text.into_bytes())],
        truth: scan_truth(&scan, &setup, 20.0),
    }
}

/// Few large units, as sizes of responses in a record with the currents beside it.
pub fn scan_units_lost() -> Case {
    let setup = ScanSetup { units: 22, size_uv: (15.0, 125.0), ..ScanSetup::default() };
    let scan = simulate_scan(&setup, &mut Random::new(312));
    let currents: Vec<f64> = scan.points.iter().map(|p| (p.current_ma * 1e4).round() * 1e-4).collect();
    let sizes = scan.points.iter().map(|p| p.amp_uv).collect();
    let sidecar = json!({"kind": "scan", "nerve": "Median", "recorded_from": "APB", "sites": ["Wrist"], "intensity_mA": currents});
    Case {
        note: "CMAP scan of 22 large units.",
        main: "input.hea",
        inputs: sweeps(1.0, &[("CMAP".into(), sizes)], &sidecar),
        truth: scan_truth(&scan, &setup, 20.0),
    }
}

/// A nerve whose thresholds follow given laws, tracked with half a percent of noise: Weiss' law for
/// pulses, a logistic stimulus-response curve, two exponentials of recovery, fast and slow parts of
/// electrotonus that both follow the current exponentially.
pub fn excitability() -> Case {
    let mut random = Random::new(313);
    let mut off = |sd: f64| random.normal(0.0, sd);
    let (rheobase_ma, constant_ms, s50_ma) = (3.1, 0.46, 4.7);
    let mut text = format!("{HEAD}Protocol:          \tTRONDNF\r\n STIMULUS-RESPONSE DATA (2.4m)\r\n Max CMAP  1 ms =  7.25 mV\r\n");
    for k in 1..=49 {
        let part = 2.0 * f64::from(k);
        let ma = s50_ma * (1.0 + 0.05 * (part / (100.0 - part)).ln());
        write!(text, "SR.{k}\t {part}\t {:.4}\r\n", ma).unwrap();
    }
    text += "  CHARGE DURATION DATA (2.4m)\r\n\t Duration (ms)\t Threshold (mA)\r\n";
    for k in 1..=5 {
        let ms = 0.2 * f64::from(k);
        let ma = rheobase_ma * (1.0 + constant_ms / ms) * (1.0 + off(0.002));
        write!(text, "QT.{k}\t {ms:.1}\t {ma:.4}\t {:.4}\r\n", ms * ma).unwrap();
    }
    // Passive spread, an inward drift, and what comes after the current, percent of threshold.
    let slow = |current: f64, ms: f64| {
        let build = |ms: f64, tau: f64| if ms <= 0.0 { 0.0 } else { 1.0 - (-ms / tau).exp() };
        let step = |tau: f64| build(ms, tau) - build(ms - 100.0, tau);
        let passive = if (0.0..100.0).contains(&ms) { 1.0 } else { 0.0 };
        current * (passive + 0.75 * step(9.0) - if current > 0.0 { 0.62 * step(45.0) } else { -0.55 * step(60.0) })
    };
    text += "  THRESHOLD ELECTROTONUS DATA (9.2m)\r\n";
    for (table, current) in [(1, 40.0), (2, -40.0)] {
        for k in 0..=210 {
            let ms = f64::from(k);
            let (now, reduction) = (if (0.0..100.0).contains(&ms) { current } else { 0.0 }, slow(current, ms) + off(0.2));
            write!(text, "TE{table}.{}\t {:.1}\t{now}\t{reduction:.3}\r\n", k + 1, ms + 10.0).unwrap();
        }
    }
    let recovery = |ms: f64| 320.0 * (-ms / 1.15).exp() - 46.0 * (-ms / 9.0).exp() + 17.0 * (1.0 - (-ms / 14.0).exp()) * (-ms / 70.0).exp();
    text += "  RECOVERY CYCLE DATA (23.4m)\r\n";
    for k in 0..=17 {
        let ms = 2.0 * 100.0_f64.powf(f64::from(k) / 17.0);
        write!(text, "RC1.{}\t {ms:.3}\t{:.3}\r\n", k + 1, recovery(ms) + off(0.25)).unwrap();
    }
    let fine: Vec<f64> = (2000..100_000).map(|k| recovery(f64::from(k) * 1e-3)).collect();
    let refractory = 2.0 + 1e-3 * fine.iter().position(|v| *v <= 0.0).unwrap() as f64;
    let over = |current: f64, from: i32, to: i32| {
        let all: Vec<f64> = (from * 10..=to * 10).map(|k| slow(current, 0.1 * f64::from(k))).collect();
        mean(&all)
    };
    let superexcitability = -most(&fine.iter().map(|v| -v).collect::<Vec<_>>());
    let subexcitability = most(&fine[13_000..]);
    let listed = [
        ("peak_mv", "Peak response", 7.25, Off::By(1e-6)),
        ("s50_ma", "Stimulus for 50 % of the response", s50_ma, Off::Pct(0.1)),
        ("rheobase_ma", "Rheobase", rheobase_ma, Off::Pct(1.0)),
        ("strength_duration_constant_ms", "Strength-duration time constant", constant_ms, Off::Pct(4.0)),
        ("ted_10_20_pct", "TEd (10\u{2013}20 ms)", over(40.0, 10, 20), Off::By(0.5)),
        ("ted_90_100_pct", "TEd (90\u{2013}100 ms)", over(40.0, 90, 99), Off::By(0.5)),
        ("teh_10_20_pct", "TEh (10\u{2013}20 ms)", over(-40.0, 10, 20), Off::By(0.5)),
        ("teh_90_100_pct", "TEh (90\u{2013}100 ms)", over(-40.0, 90, 99), Off::By(0.5)),
        ("refractory_ms", "Relative refractory period", refractory, Off::By(0.1)),
        ("superexcitability_pct", "Superexcitability", superexcitability, Off::By(2.0)),
        ("subexcitability_pct", "Subexcitability", subexcitability, Off::By(1.5)),
    ];
    let expected = listed.into_iter().map(|(name, value, wanted, off)| (name.to_owned(), value.to_owned(), wanted, off)).collect();
    Case {
        note: "Threshold tracking of a nerve that follows Weiss' law and exponentials.",
        main: "input.mem",
        inputs: vec![("input.mem".into(), text.into_bytes())],
        truth: expected,
    }
}
