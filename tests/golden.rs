//! Small files of every format with what must be read from them: `tests/golden/<format>/<case>/`
//! holds the input and `expected.json`, the object that `info --json` prints.
//!
//! The inputs are made here, byte by byte; `MYOSCOPE_BLESS=1 cargo test --test golden` writes both
//! sides anew, to be read before they are committed.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // a test fails by panicking

mod common;

use std::path::{Path, PathBuf};

use common::edf::{File, annotations, signal, wave};
use common::{info, open_files};
use myoscope::formats::OpenOptions;
use serde_json::{Value, json};

struct Case {
    folder: &'static str,
    /// Name and bytes; the first is the main file.
    files: Vec<(String, Vec<u8>)>,
}

fn case(folder: &'static str, name: &str, bytes: impl Into<Vec<u8>>) -> Case {
    Case { folder, files: vec![(name.to_owned(), bytes.into())] }
}

/// Overwrites bytes of a file.
fn patch(mut bytes: Vec<u8>, at: usize, text: &[u8]) -> Vec<u8> {
    bytes[at..at + text.len()].copy_from_slice(text);
    bytes
}

fn edf_cases() -> Vec<Case> {
    let limits = ["-100", "100", "-2048", "2047"];
    let emg = wave(40, 4, 25, 1500.0);
    let plain = File {
        patient: "somebody".into(),
        recording: "somewhere".into(),
        ..File::new(
            "",
            "1",
            vec![signal("EMG APB", "uV", limits, 20, &emg), signal("Force", "N", ["0", "50", "0", "1000"], 2, &[1, 2, 500, 1000])],
        )
    };
    let plus = File {
        patient: "MCH-0234567 F 02-MAY-1951 Haagse_Harry".into(),
        recording: "Startdate 02-MAR-2002 EMG561 BK/JOP Sony".into(),
        date: "02.03.02".into(),
        ..File::new(
            "EDF+C",
            "0.5",
            vec![
                signal("EMG APB", "uV", limits, 20, &emg),
                annotations(
                    "EDF Annotations",
                    80,
                    &["+0.25[20][20][0]+0.5[21]0.125[20]Contraction[20]B\u{fc}rste[20][0]", "+0.75[20][20][0]-1.5[20]before[20][0]"],
                ),
                annotations("EDF Annotations", 40, &["+0.3[20]second signal[20][0]", ""]),
            ],
        )
    };
    let gaps = File::new(
        "EDF+D",
        "0.02",
        vec![
            signal("EMG", "mV", limits, 10, &emg),
            annotations(
                "EDF Annotations",
                40,
                &["+0[20][20][0]", "+0.02[20][20]note[20][0]", "+5.5[20][20]late[20][0]", "+5.52[20][20][0]"],
            ),
        ],
    );
    let mut motor = File::new(
        "EDF+D",
        "0.05",
        vec![
            signal("NC L_APB", "mV", ["-25", "25", "-8985", "10265"], 50, &[wave(50, 4, 12, 3000.0), wave(50, 8, 12, 2800.0)].concat()),
            annotations(
                "EDF Annotations",
                240,
                &[
                    "+0[20][20]StimA[20]<EDF_XMLnote><temperature unit=\"degree C\">32.6</temperature><distance unit=\"cm\">6.5</distance></EDF_XMLnote>[20][0]",
                    "+10[20][20]StimB[20]<EDF_XMLnote><distance unit=\"cm\">28.5</distance></EDF_XMLnote>[20][0]",
                ],
            ),
        ],
    );
    motor.recording = "Startdate 01-JAN-2002 emg1 jop N1 MNC_L_Median_Nerve".into();
    let mut broken = plain.clone();
    broken.date = "31-02-99".into();
    broken.records = "-1".into();
    broken.signals[0].limits = ["-100,5", " 100 uV", "-2048", "2047"].map(str::to_owned);
    broken.signals[1].limits = ["5", "5", "0", "1000"].map(str::to_owned);
    let broken = patch(patch(broken.bytes(), 184, b"999     "), 256, b"EMG \xb5");
    let mut cut = plain.bytes();
    cut.truncate(cut.len() - 30);
    let latin = patch(plus.bytes(), 0, b"0");
    let mut bdf = File::new(
        "",
        "1",
        vec![
            signal("A1", "uV", ["-262144", "262143", "-8388608", "8388607"], 20, &wave(40, 4, 25, 5e6)),
            signal("Status", "Boolean", ["-8388608", "8388607", "-8388608", "8388607"], 20, &[0x10; 40]),
        ],
    );
    bdf.bdf = true;
    let mut bdf_plus = plus.clone();
    bdf_plus.bdf = true;
    bdf_plus.reserved = "BDF+C".into();
    bdf_plus.signals.truncate(2);
    bdf_plus.signals[1].label = "BDF Annotations".into();
    bdf_plus.signals[1].per_record = 81;
    vec![
        case("edf/plain", "input.edf", plain.bytes()),
        case("edf/plus_annotations", "input.edf", latin),
        case("edf/discontinuous", "input.edf", gaps.bytes()),
        case("edf/motor_conduction", "input.edf", motor.bytes()),
        case("edf/broken_fields", "input.edf", broken),
        case("edf/cut_off", "input.edf", cut),
        case("edf/refused_header_cut", "input.edf", &plain.bytes()[..400]),
        case("edf/refused_no_signals", "input.edf", patch(plain.bytes(), 252, b"0   ")),
        case("bdf/plain", "input.bdf", bdf.bytes()),
        case("bdf/plus", "input.bdf", bdf_plus.bytes()),
    ]
}

/// A WAV from its chunks.
fn riff(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WAVE".to_vec();
    for (id, bytes) in chunks {
        body.extend_from_slice(*id);
        body.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        body.extend_from_slice(bytes);
        if bytes.len() % 2 == 1 {
            body.push(0);
        }
    }
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

fn fmt(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let frame = channels * bits / 8;
    let mut out = Vec::new();
    for part in [tag, channels] {
        out.extend_from_slice(&part.to_le_bytes());
    }
    out.extend_from_slice(&rate.to_le_bytes());
    out.extend_from_slice(&(rate * u32::from(frame)).to_le_bytes());
    for part in [frame, bits] {
        out.extend_from_slice(&part.to_le_bytes());
    }
    out
}

fn info_chunk(comment: &str) -> Vec<u8> {
    let mut out = b"INFOICMT".to_vec();
    out.extend_from_slice(&(comment.len() as u32).to_le_bytes());
    out.extend_from_slice(comment.as_bytes());
    out
}

fn wav_cases() -> Vec<Case> {
    let samples = wave(24, 3, 15, 20_000.0);
    let pcm16: Vec<u8> = samples.iter().flat_map(|v| (*v as i16).to_le_bytes()).collect();
    let pcm24: Vec<u8> = samples.iter().flat_map(|v| v.to_le_bytes()[..3].to_vec()).collect();
    let float: Vec<u8> = samples.iter().flat_map(|v| (*v as f32 / 32_768.0).to_le_bytes()).collect();
    let pcm8: Vec<u8> = samples.iter().map(|v| (v / 256 + 128) as u8).collect();
    let mut extensible = fmt(0xFFFE, 2, 10_000, 24);
    extensible.extend_from_slice(&[22, 0, 24, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113]);
    let mut cut = riff(&[(b"fmt ", fmt(1, 2, 10_000, 16)), (b"data", pcm16.clone())]);
    cut.truncate(cut.len() - 11);
    let mut events = case("wav/events", "input.wav", riff(&[(b"fmt ", fmt(1, 1, 10_000, 16)), (b"data", pcm16.clone())]));
    events.files.push(("input-events.txt".into(), b"# Marker ID,\tTime (in s)\n1,\t0.0005\nreflex, left,\t0.0011\n".to_vec()));
    let rf64 = {
        let mut ds64 = vec![0; 28];
        ds64[8..16].copy_from_slice(&(pcm16.len() as u64).to_le_bytes());
        let mut bytes = riff(&[(b"ds64", ds64), (b"fmt ", fmt(1, 1, 10_000, 16)), (b"data", pcm16.clone())]);
        let size_at = bytes.len() - pcm16.len() - 4;
        bytes[..8].copy_from_slice(b"RF64\xff\xff\xff\xff");
        bytes[size_at..size_at + 4].fill(0xff);
        bytes
    };
    vec![
        case("wav/rf64", "input.wav", rf64),
        case(
            "wav/pcm16_scaled",
            "input.wav",
            riff(&[(b"fmt ", fmt(1, 1, 10_000, 16)), (b"LIST", info_chunk("1.0 = 5000 uV")), (b"data", pcm16)]),
        ),
        case(
            "wav/float32_two_scales",
            "input.wav",
            riff(&[
                (b"fmt ", fmt(3, 2, 23_438, 32)),
                (b"LIST", info_chunk("APB: 1.0 = 5000 uV; ADM: 1.0 = 20 mV; fs = 23437.5 Hz")),
                (b"data", float),
            ]),
        ),
        case("wav/pcm24_extensible", "input.wav", riff(&[(b"fmt ", extensible), (b"data", pcm24)])),
        case("wav/pcm8", "input.wav", riff(&[(b"fmt ", fmt(1, 1, 8000, 8)), (b"data", pcm8)])),
        case("wav/cut_off", "input.wav", cut),
        case("wav/refused_compressed", "input.wav", riff(&[(b"fmt ", fmt(6, 1, 8000, 8)), (b"data", vec![0; 8])])),
        events,
    ]
}

fn csv_cases() -> Vec<Case> {
    let rows = |line: &dyn Fn(usize) -> String| (0..40).map(line).collect::<String>();
    let emg = wave(40, 4, 25, 1000.0);
    let value = |k: usize| f64::from(emg[k]) / 1000.0;
    vec![
        case(
            "csv/units_in_header",
            "input.csv",
            format!("\u{feff}time_ms,EMG (uV),Force [N]\n{}", rows(&|k| format!("{},{},{k}\n", k as f64 * 0.5, value(k)))),
        ),
        case(
            "csv/semicolon_decimal_comma",
            "input.csv",
            format!("Zeit (s);EMG (mV)\r\n{}", rows(&|k| format!("{};{}\r\n", k as f64 / 2000.0, value(k)).replace('.', ","))),
        ),
        case(
            "csv/tabs_and_cr",
            "input.tsv",
            format!("# sampling rate: 2 kHz\rAPB\tADM\r{}", rows(&|k| format!("{}\t{}\r", value(k), -value(k)))),
        ),
        case("csv/blanks_without_header", "input.txt", rows(&|k| format!("  {:.5}   {:.4}\n", k as f64 / 4000.0, value(k)))),
        case(
            "csv/corrupt_rows",
            "input.csv",
            format!(
                "time (s),a,b\n{}",
                rows(&|k| match k {
                    7 => format!("{},0.0183/,1\n", k as f64 / 1000.0),
                    9 => format!("{},,2\n", k as f64 / 1000.0),
                    11 => format!("{}\n", k as f64 / 1000.0),
                    _ => format!("{},{},1\n", k as f64 / 1000.0, value(k)),
                })
            ),
        ),
        case(
            "csv/gap",
            "input.csv",
            format!("time (s),EMG (mV)\n{}", rows(&|k| format!("{},{}\n", (k + if k >= 20 { 2000 } else { 0 }) as f64 / 1000.0, value(k)))),
        ),
        case("csv/needs_rate", "input.csv", format!("APB,ADM\n{}", rows(&|k| format!("{},{}\n", value(k), -value(k))))),
        case("csv/refused_prose", "input.txt", "Dear colleague,\nplease find enclosed 2 recordings.\nKind regards\n"),
    ]
}

/// Numbers may differ in the last bit between platforms.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

fn found(case: &Case) -> Value {
    let name = &case.files[0].0;
    match open_files(&case.files, &OpenOptions::default()) {
        // What holds no samples is its tests.
        Ok(opened) if opened.study.recordings.is_empty() => {
            let warnings: Vec<&str> = opened.warnings.iter().map(|w| w.what.as_str()).collect();
            json!({"file": name, "tests": opened.study.examination.tests, "warnings": warnings})
        }
        Ok(opened) => info(name, &opened),
        Err(error) => json!({"file": name, "error": {"kind": error.kind(), "what": error.to_string(), "offset": error.offset()}}),
    }
}

fn check(cases: &[Case]) {
    let root: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let bless = std::env::var_os("MYOSCOPE_BLESS").is_some();
    let mut faults = Vec::new();
    for case in cases {
        let folder = root.join(case.folder);
        let expected_path = folder.join("expected.json");
        if bless {
            std::fs::create_dir_all(&folder).unwrap();
            for (name, bytes) in &case.files {
                std::fs::write(folder.join(name), bytes).unwrap();
            }
            std::fs::write(&expected_path, serde_json::to_string_pretty(&found(case)).unwrap() + "\n").unwrap();
            continue;
        }
        for (name, bytes) in &case.files {
            assert_eq!(&std::fs::read(folder.join(name)).unwrap(), bytes, "{}: {name} is not what is made here", case.folder);
        }
        let expected: Value = serde_json::from_str(&std::fs::read_to_string(&expected_path).unwrap()).unwrap();
        let found = found(case);
        if !same(&found, &expected) {
            faults.push(format!("{}:\n{}", case.folder, serde_json::to_string_pretty(&found).unwrap()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn edf_and_bdf() {
    check(&edf_cases());
}

#[test]
fn wav() {
    check(&wav_cases());
}

fn qtrac_cases() -> Vec<Case> {
    let head = "File:              \tX.QZD\r\nName:              \tsomeone\r\nProtocol:          \tMSCAN-R2\r\nAge:               \t43\r\n\
                Sex:               \tF\r\nTemperature:       \t33.5\r\nS/R sites:         \tMedian Wr-APB\r\n";
    let scan: String = (0..60)
        .map(|k| format!("MS.{}           \t{:.2}             \t{:.3}\r\n", k + 1, 12.0 - 0.1 * f64::from(k), 6.0 - 0.1 * f64::from(k)))
        .collect();
    let scan = format!(
        "{head}M-SCAN DATA (7.1-2m)\r\nScanpts: 1, 2, 58, 59\r\nStim. (mA)     \tAmp. (mV)\r\n{scan}EXTRA VARIABLES\r\n\r\nMScD50 = 43\r\n"
    );
    let tables = "  CHARGE DURATION DATA (2.4m)\r\n\t Duration (ms)\t Threshold (mA)\r\nQT.1\t .2\t 9.79\t 1.958\r\nQT.2\t 1\t 5.1875\t 5.1875\r\n\
                  RC1.1\t 3.2\t4.99\r\nRC1.2\t 4\t-12.75\r\nRC1.3\t five\t-22\r\n  DERIVED EXCITABILITY VARIABLES\r\n\r\n 4.\t4.026\tRheobase (mA)\r\n";
    vec![
        case("qtrac/scan", "input.mem", scan.clone()),
        case("qtrac/excitability", "input.mem", format!("{head}{tables}")),
        case("qtrac/cut_off", "input.mem", &scan.as_bytes()[..scan.len() * 2 / 3]),
        case("qtrac/refused_empty", "input.mem", head),
        case("qtrac/refused_group", "input.mef", "MSCC00128B_OM2\r\nMSCC00201B_OM2\r\n"),
    ]
}

#[test]
fn qtrac() {
    check(&qtrac_cases());
}

#[test]
fn csv() {
    check(&csv_cases());
}
