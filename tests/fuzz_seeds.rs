//! The fuzz entry over every golden fixture and over damaged copies of it, for about ten seconds.
//!
//! Mutations are deterministic, so a failure comes back with the seed and number that it prints.

#![cfg(not(target_arch = "wasm32"))] // native: files, or crates that wasm does not have
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use myoscope::formats::fuzz_entry::{KINDS, SEPARATOR, drive};
use std::path::Path;
use std::time::{Duration, Instant};

/// Time for all mutations together; fewer are made on a slow machine, at least [`LEAST`] a seed.
const BUDGET: Duration = Duration::from_secs(10);
const LEAST: u32 = 20;
const MOST: u32 = 2000;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Every fixture of a format that some reader takes, as (kind, name, bytes).
fn seeds() -> Vec<(String, String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
            let ending =
                [(".meta.json", "meta"), (".fhir.json", "fhir"), (".study.json", "study")].into_iter().find(|(of, _)| name.ends_with(of));
            let kind = ending.map_or(extension.as_str(), |(_, kind)| kind);
            let kind = if kind == "qrs" { "atr" } else { kind };
            if !KINDS.contains(&kind) && !matches!(kind, "tsv" | "rec") {
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            if kind == "hea" {
                // The set in one input; the name within the header is made to fit.
                let stem = path.file_stem().unwrap().to_str().unwrap();
                bytes = String::from_utf8_lossy(&bytes).replace(&format!("{stem}.dat"), "r.dat").into_bytes();
                for companion in ["dat", "atr"] {
                    if let Ok(more) = std::fs::read(path.with_extension(companion)) {
                        bytes.extend_from_slice(SEPARATOR);
                        bytes.extend(more);
                    }
                }
            }
            if kind == "vhdr" {
                for companion in ["eeg", "vmrk"] {
                    bytes.extend_from_slice(SEPARATOR);
                    bytes.extend(std::fs::read(path.with_extension(companion)).unwrap());
                }
            }
            if bytes.len() < 4 << 20 {
                found.push((kind.to_owned(), name, bytes));
            }
        }
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    const NUMBERS: [&str; 16] = [
        "-1",
        "0",
        "99999999",
        "-99999999",
        "NaN",
        "inf",
        "1e308",
        "1e-308",
        "18446744073709551616",
        "2147483648",
        "-2147483649",
        "65536",
        " ",
        "+",
        "0x7f",
        "1,5",
    ];
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        // Headers are where the trouble is: half of all damage goes to the front.
        let reach = if random.next().is_multiple_of(2) { bytes.len().min(512) } else { bytes.len() };
        let at = random.below(reach);
        match random.below(6) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.next() as u8,
            2 => bytes.truncate(at),
            3 => {
                // A number becomes another one, in place or with the rest shifted.
                let start = (at..reach).find(|k| bytes[*k].is_ascii_digit()).unwrap_or(at);
                let end = (start..bytes.len()).find(|k| !bytes[*k].is_ascii_digit()).unwrap_or(bytes.len());
                let number = NUMBERS[random.below(NUMBERS.len())];
                if random.next().is_multiple_of(2) {
                    bytes.splice(start..end, number.bytes());
                } else {
                    let width = (end - start).max(1).min(bytes.len() - start);
                    let padded = format!("{number:<width$}");
                    bytes.splice(start..start + width, padded.bytes().take(width));
                }
            }
            4 => {
                let from = random.below(other.len());
                let n = random.below(64).min(other.len() - from);
                bytes.splice(at..at, other[from..from + n].iter().copied());
            }
            _ => {
                let n = random.below(300).min(bytes.len() - at);
                bytes.drain(at..at + n);
            }
        }
    }
}

#[test]
fn every_fixture_and_damaged_copies_of_it() {
    let seeds = seeds();
    assert!(seeds.len() >= 20, "only {} fixtures were found", seeds.len());
    for (kind, _, bytes) in &seeds {
        drive(kind, bytes);
        drive(kind, &[]);
    }
    let begun = Instant::now();
    let mut made = 0;
    for round in 0..MOST {
        if round >= LEAST && begun.elapsed() > BUDGET {
            break;
        }
        for (number, (kind, name, bytes)) in seeds.iter().enumerate() {
            if round >= LEAST && bytes.len() > 200_000 && round % 8 != 0 {
                continue;
            }
            let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ ((u64::from(round) << 32) | (number as u64 + 1)));
            let other = &seeds[random.below(seeds.len())].2;
            let mut damaged = bytes.clone();
            mutate(&mut random, &mut damaged, other);
            let outcome = std::panic::catch_unwind(|| drive(kind, &damaged));
            assert!(outcome.is_ok(), "{name} as {kind}, round {round}");
            made += 1;
        }
    }
    println!("{made} damaged copies of {} fixtures", seeds.len());
}

/// Frames of the open protocol and what other devices send, damaged, through every decoder.
#[test]
fn damaged_streams_of_devices() {
    let vectors = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/device/ranvier.toml")).unwrap();
    let hex = |text: &str| text.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect::<Vec<u8>>();
    let mut all: Vec<Vec<u8>> = vectors.lines().filter_map(|line| line.split('"').nth(1)).map(hex).collect();
    assert!(all.len() >= 20);
    all.push(all.concat());
    all.push([&[0xa0, 1][..], &[0; 24], &[1; 6], &[0xc0]].concat().repeat(4));
    all.push([0xc7, 0x7c, 1, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 1].repeat(4));
    all.push([&[0xff, 0xff, 1, 1, 0x80, 0xff][..], b"HWT:HUMANSB;BRD:1;", &[0xff, 0xff, 1, 1, 0x81, 0xff], &[0x84, 0].repeat(20)].concat());
    all.push(b"a:1,b:2\na:3,b:4\n1e400\n{\"C\":200,\"D\":\"AAAA\"}\n".to_vec());
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for round in 0..40 {
        for at in 0..all.len() {
            let mut bytes = all[at].clone();
            let other = &all[random.below(all.len())];
            if round > 0 {
                mutate(&mut random, &mut bytes, other);
            }
            myoscope::device::fuzz_entry::drive("", &bytes);
        }
    }
}
