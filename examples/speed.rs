//! How fast the core is on this machine: `cargo run --release --example speed`. One JSON object.
//!
//! `speed wfdb FILE.hea FILE.dat` times reading that record instead (for comparisons on one file).

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for developers")]

use myoscope::dsp::{fft::RealFft, iir, line, pyramid::Pyramid};
use myoscope::engine::{info::info, stream};
use myoscope::formats::{FileSource, Files, NamedSource, OpenOptions, SliceSource, open};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Instant;

/// Best of five, in seconds.
fn best(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let begun = Instant::now();
        work();
        best = best.min(begun.elapsed().as_secs_f64());
    }
    best
}

fn read_all(files: &Files) {
    for (_, result) in open(files, &OpenOptions::default()) {
        let opened = result.unwrap();
        let recording = &opened.study.recordings[0];
        stream::stream(recording, opened.samples[0].as_ref(), stream::TARGET, |_, buffers| {
            black_box(buffers);
            ControlFlow::Continue(())
        })
        .unwrap();
    }
}

/// Megabytes a second of a record of `channels` channels in `format`, from memory.
fn wfdb(format: u32, bits: usize, channels: usize) -> f64 {
    let frames = 24_000_000 / channels;
    let mut header = format!("r {channels} 10000 {frames}\n");
    for k in 0..channels {
        header += &format!("r.dat {format} 200/uV 16 0 0 0 0 channel {k}\n");
    }
    let size = (frames * channels * bits).div_ceil(8);
    let bytes: Vec<u8> = (0..size).map(|k| (k * 37 % 251) as u8).collect();
    let source = |name: &str, bytes: Vec<u8>| NamedSource { name: name.into(), source: Rc::new(SliceSource::from(bytes)) };
    let files = Files { all: vec![source("r.hea", header.into_bytes()), source("r.dat", bytes)] };
    size as f64 / 1e6 / best(|| read_all(&files))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|a| a == "wfdb") {
        let sources = arguments[1..].iter().map(|path| {
            let source = Rc::new(FileSource::open(path.as_ref()).unwrap());
            NamedSource { name: path.rsplit('/').next().unwrap().to_owned(), source }
        });
        let files = Files { all: sources.collect() };
        let bytes: u64 = files.all.iter().map(|f| f.source.len()).sum();
        println!("{}", bytes as f64 / 1e6 / best(|| read_all(&files)));
        return;
    }
    let n = 8 << 20;
    let x: Vec<f64> = (0..n).map(|k| (f64::from(k) * 0.01).sin() * 100.0 + f64::from(k * 7919 % 1000) * 0.01).collect();
    let x32: Vec<f32> = x.iter().map(|v| *v as f32).collect();
    let count = f64::from(n);
    let pyramid = |push: &dyn Fn(&mut Pyramid)| {
        count
            / 1e9
            / best(|| {
                let mut p = Pyramid::new();
                push(&mut p);
                black_box(&p);
            })
    };
    let sections = iir::butter(2, iir::Band::Bandpass(20.0, 3000.0), 10_000.0).unwrap();
    let part = &x[..1 << 20];
    let mut fft = RealFft::new();
    let opened_info = {
        let header = format!("r 1 10000 {n}\nr.dat 16 200/uV\n");
        let source = |name: &str, bytes: Vec<u8>| NamedSource { name: name.into(), source: Rc::new(SliceSource::from(bytes)) };
        let files = Files { all: vec![source("r.hea", header.into_bytes()), source("r.dat", vec![7; 2 * n as usize])] };
        let opened = open(&files, &OpenOptions::default()).remove(0).1.unwrap();
        2.0 * count / 1e6 / best(|| drop(black_box(info(&opened, 0, "r.hea"))))
    };
    println!(
        "{}",
        serde_json::json!({
            "wfdb16_1ch_mb_s": wfdb(16, 16, 1),
            "wfdb16_8ch_mb_s": wfdb(16, 16, 8),
            "wfdb212_2ch_mb_s": wfdb(212, 12, 2),
            "wfdb24_8ch_mb_s": wfdb(24, 24, 8),
            "wfdb310_2ch_mb_s": wfdb(310, 11, 2),
            "wfdb8_2ch_mb_s": wfdb(8, 8, 2),
            "info16_mb_s": opened_info,
            "pyramid_f64_gsample_s": pyramid(&|p| p.push(&x)),
            "pyramid_f32_gsample_s": pyramid(&|p| p.push(&x32)),
            "sosfiltfilt_msample_s": part.len() as f64 / 1e6 / best(|| drop(black_box(iir::sosfiltfilt(&sections, part)))),
            "fft_4096_us": 1e6 * best(|| for _ in 0..100 { black_box(fft.forward(&part[..4096])); }) / 100.0,
            "line_msample_s": part.len() as f64 / 1e6 / best(|| drop(black_box(line::subtract_line(part, 25_000.0, &line::LineOptions::default())))),
        })
    );
}
