//! The core's half of `make bench` (`scripts/bench.mjs` drives it and sets it against others).
//!
//! - `bench make DIR NAME...` generates files: see [`native::MAKE`].
//! - `bench read FILE...` reads one recording whole, to physical values in memory, several times.
//! - `bench sweeps` times the marking of 1,000 motor sweeps of 1,000 points, which is one of them.
//! - `bench kernels` times the kernels below; the same program built for wasm32 does that in Node
//!   and in the browser, and leaves its answer in `globalThis.myoscopeBench`.
//!
//! Every answer is one JSON object of times in seconds, one for each repetition.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for developers")]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::rc::Rc;

use myoscope::analysis::needle::decompose::{Options, decompose};
use myoscope::analysis::nerve::motor;
use myoscope::dsp::{fft::RealFft, iir, pyramid::Pyramid};
use myoscope::engine::{measure::measure, stream};
use myoscope::formats::{Export, Files, MemorySink, NamedSource, OpenOptions, Opened, SliceSource, open, writers};
use myoscope::model::Samples;
use myoscope::simulate::{
    Disturbance, Muscle, Pool, Random, Setup, SimulatedSweep, Stretch, big_recording, demo_motor_study, simulate_needle, stimulate,
};

/// Repetitions of each kernel, after one that is not counted.
const REPEAT: usize = 7;

/// Seconds of each repetition of `work`.
fn times(clock: fn() -> f64, repeat: usize, mut work: impl FnMut()) -> Vec<f64> {
    work();
    (0..repeat)
        .map(|_| {
            let begun = clock();
            work();
            clock() - begun
        })
        .collect()
}

fn open_one(files: &Files) -> Opened {
    open(files, &OpenOptions::default()).remove(0).1.unwrap()
}

/// A signal without a period that a predictor could learn.
fn signal(n: u32) -> Vec<f64> {
    (0..n).map(|k| (f64::from(k) * 0.01).sin() * 100.0 + f64::from(k.wrapping_mul(2_654_435_761) >> 16) * 1e-3).collect()
}

/// Motor sweeps of 1,000 points (20 kHz, 50 ms): 20 responses of nerves stimulated 60 to 440 mm
/// away, each recorded 50 times under noise, mains, drift and shocks of every size.
fn motor_sweeps() -> Vec<SimulatedSweep> {
    let mut random = Random::new(1);
    let setup = Setup { fs_hz: 20_000.0, ..Setup::default() };
    let pool = Pool::new(&Muscle::default(), &mut random);
    let mut sweeps = Vec::new();
    for response in 0..20 {
        let path = [Stretch::healthy(60.0 + 20.0 * f64::from(response))];
        let clean = stimulate(&pool, &path, &setup, &Disturbance::default(), &mut random);
        for take in 0..50 {
            let mut sweep = clean.clone();
            let shock = random.unit();
            let disturbance = Disturbance {
                noise_uv: random.between(2.0, 10.0),
                slow_noise_uv: 2.0,
                mains_uv: if take % 3 == 0 { random.between(2.0, 40.0) } else { 0.0 },
                mains_hz: if take % 2 == 0 { 50.0 } else { 60.0 },
                drift_uv: random.between(-60.0, 60.0),
                spike_uv: -4000.0 * shock,
                tails: [(1500.0 * shock, random.between(0.2, 0.5)), (150.0 * shock, random.between(1.5, 4.0))],
                offset_uv: 0.0,
            };
            disturbance.add(&mut sweep.uv, -1e3 * sweep.stimulus_s, sweep.fs_hz * 1e-3, &mut random);
            sweep.uv.resize(1000, 0.0);
            sweeps.push(sweep);
        }
    }
    sweeps
}

/// Seconds of each repetition of marking all of [`motor_sweeps`].
fn marking(clock: fn() -> f64) -> Vec<f64> {
    let sweeps = motor_sweeps();
    times(clock, REPEAT, || {
        for sweep in &sweeps {
            black_box(motor::measure(&sweep.uv, sweep.fs_hz, Some(sweep.stimulus_s), None));
        }
    })
}

/// Ten seconds of needle EMG with so many units (25 kHz) taken apart.
fn units(clock: fn() -> f64, count: usize) -> Vec<f64> {
    let needle = simulate_needle(31, count, 10.0, 5.0);
    times(clock, 3, || drop(black_box(decompose(&needle.uv, needle.fs_hz, Options::default()))))
}

/// The kernels of which wasm is compared with native code: name and seconds of each repetition.
fn kernels(clock: fn() -> f64) -> serde_json::Value {
    let (study, samples) = big_recording(8, 10_000.0, 150.0);
    let recording = &study.recordings[0];
    let mut sink = MemorySink::default();
    let writer = writers().iter().find(|writer| writer.extension() == "edf").unwrap();
    writer.write("bench", &Export { study: &study, recording, samples: &samples, annotations: &[], edits: None }, &mut sink).unwrap();
    let (name, bytes) = sink.files.remove(0);
    let size = bytes.len();
    let files = Files { all: vec![NamedSource { name, source: Rc::new(SliceSource::from(bytes)) }] };
    let opened = open_one(&files);
    let x = signal(1_000_000);
    let sections = iir::butter(2, iir::Band::Bandpass(20.0, 3000.0), 10_000.0).unwrap();
    let mut fft = RealFft::new();
    let (motor, motor_samples) = demo_motor_study();
    let motor = Opened {
        study: motor,
        samples: motor_samples.into_iter().map(|s| Rc::new(s) as Rc<dyn Samples>).collect(),
        warnings: Vec::new(),
        used: Vec::new(),
        ..Opened::default()
    };
    serde_json::json!({
        "edf_bytes": size,
        "edf": times(clock, REPEAT, || {
            stream::stream(&opened.study.recordings[0], opened.samples[0].as_ref(), stream::TARGET, |_, buffers| {
                black_box(buffers);
                ControlFlow::Continue(())
            }).unwrap();
        }),
        "pyramid": times(clock, REPEAT, || {
            let mut pyramid = Pyramid::new();
            for _ in 0..8 { pyramid.push(&x); }
            pyramid.finish();
            black_box(&pyramid);
        }),
        // 200 transforms of 4096 points.
        "fft": times(clock, REPEAT, || for k in 0..200 { black_box(fft.forward(&x[k * 4096..(k + 1) * 4096])); }),
        "sosfiltfilt": times(clock, REPEAT, || drop(black_box(iir::sosfiltfilt(&sections, &x)))),
        "sweeps": marking(clock),
        // Ten seconds of needle EMG at slight, moderate and strong effort.
        "units_slight": units(clock, 4),
        "units_moderate": units(clock, 12),
        "units_strong": units(clock, 30),
        "motor": times(clock, REPEAT, || drop(black_box(measure(&motor, "demo")))),
    })
}

#[cfg(target_arch = "wasm32")]
fn main() {
    use wasm_bindgen::JsCast;
    fn clock() -> f64 {
        let performance = js_sys::Reflect::get(&js_sys::global(), &"performance".into());
        performance.map_or(0.0, |performance| performance.unchecked_into::<web_sys::Performance>().now() / 1e3)
    }
    console_error_panic_hook::set_once();
    let _ = js_sys::Reflect::set(&js_sys::global(), &"myoscopeBench".into(), &kernels(clock).to_string().into());
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    native::main();
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::io::Write;
    use std::path::{Path, PathBuf};
    use std::sync::OnceLock;
    use std::time::Instant;

    use super::*;
    use myoscope::formats::{FileSource, Sink, WriteError};
    use myoscope::model::Annotation;

    /// What `bench make` can make: name, channels, rate, seconds, annotations.
    /// `.plain.edf` is EDF of 1992 without an annotation signal.
    pub const MAKE: [(&str, usize, f64, f64, usize); 6] = [
        ("decode.edf", 8, 10_000.0, 600.0, 600),
        ("decode.plain.edf", 8, 10_000.0, 600.0, 0),
        ("decode.hea", 8, 10_000.0, 600.0, 0),
        ("two.plain.edf", 16, 20_000.0, 3355.0, 0),
        ("two.edf", 16, 20_000.0, 3355.0, 20_000),
        ("hour.plain.edf", 16, 10_000.0, 3600.0, 0),
    ];

    /// Samples in a column: what the app draws from at ten seconds over some thousand pixels.
    const COLUMN: usize = 32;

    fn clock() -> f64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_secs_f64()
    }

    /// Files in a folder; with `plain`, the annotation signal of an EDF+ is taken out again.
    struct Folder {
        path: PathBuf,
        file: Option<std::io::BufWriter<std::fs::File>>,
        plain: bool,
        /// Bytes of a record: kept, dropped. 0 before the header came.
        record: [usize; 2],
        at: usize,
    }

    fn fail(error: impl std::fmt::Display) -> WriteError {
        WriteError::Sink { what: error.to_string() }
    }

    /// The header without its last signal, which holds the annotations, and the bytes of a record
    /// that stay and that go.
    fn plain_header(header: &[u8]) -> (Vec<u8>, [usize; 2]) {
        let signals = (header.len() - 256) / 256;
        let number = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().parse::<usize>().unwrap();
        let mut out = header[..256].to_vec();
        out[184..192].copy_from_slice(format!("{:<8}", 256 * signals).as_bytes());
        out[192..236].fill(b' ');
        out[252..256].copy_from_slice(format!("{:<4}", signals - 1).as_bytes());
        let (mut at, mut samples) = (256, Vec::new());
        for width in [16, 80, 8, 8, 8, 8, 8, 80, 8, 32] {
            let field = &header[at..at + width * signals];
            out.extend(&field[..width * (signals - 1)]);
            if at == 256 + 216 * signals {
                samples = field.chunks(width).map(number).collect();
            }
            at += width * signals;
        }
        let dropped = samples.pop().unwrap_or(0);
        (out, [2 * samples.iter().sum::<usize>(), 2 * dropped])
    }

    impl Sink for Folder {
        fn begin(&mut self, name: &str) -> Result<(), WriteError> {
            let file = std::fs::File::create(self.path.join(name)).map_err(fail)?;
            self.file = Some(std::io::BufWriter::with_capacity(1 << 20, file));
            Ok(())
        }

        fn write(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
            let file = self.file.as_mut().ok_or_else(|| fail("no file was begun"))?;
            if !self.plain {
                return file.write_all(bytes).map_err(fail);
            }
            let [kept, dropped] = self.record;
            if kept == 0 {
                let (header, record) = plain_header(bytes);
                self.record = record;
                return file.write_all(&header).map_err(fail);
            }
            while !bytes.is_empty() {
                let end = if self.at < kept { kept } else { kept + dropped };
                let (now, later) = bytes.split_at((end - self.at).min(bytes.len()));
                if self.at < kept {
                    file.write_all(now).map_err(fail)?;
                }
                self.at = (self.at + now.len()) % (kept + dropped);
                bytes = later;
            }
            Ok(())
        }
    }

    fn make(folder: &Path, name: &str) {
        let &(_, channels, fs_hz, seconds, count) = MAKE.iter().find(|entry| entry.0 == name).unwrap();
        let (study, samples) = big_recording(channels, fs_hz, seconds);
        let annotation = |k: usize| Annotation {
            onset_s: k as f64 * seconds / count as f64,
            duration_s: None,
            text: format!("mark {k}"),
            channel: None,
        };
        let annotations: Vec<Annotation> = (0..count).map(annotation).collect();
        let (stem, extension) = name.rsplit_once('.').unwrap();
        let writer = writers().iter().find(|writer| writer.extension() == extension).unwrap();
        let plain = stem.ends_with(".plain");
        let mut sink = Folder { path: folder.to_owned(), file: None, plain, record: [0; 2], at: 0 };
        let export = Export { study: &study, recording: &study.recordings[0], samples: &samples, annotations: &annotations, edits: None };
        let warnings = writer.write(stem, &export, &mut sink).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        sink.file.unwrap().flush().unwrap();
    }

    fn source(path: &str) -> NamedSource {
        NamedSource { name: path.rsplit('/').next().unwrap().to_owned(), source: Rc::new(FileSource::open(path.as_ref()).unwrap()) }
    }

    /// Minima and maxima of every [`COLUMN`] samples of the first seconds, channel after channel,
    /// as f32 to standard output: what a chart that does not decimate is given.
    fn columns(path: &str, seconds: f64) {
        let opened = open_one(&Files { all: vec![source(path)] });
        let mut out = std::io::BufWriter::new(std::io::stdout());
        for (index, channel) in opened.study.recordings[0].channels.iter().enumerate() {
            let mut values = vec![0.0; (channel.fs_hz * seconds) as usize];
            opened.samples[0].read(index, 0, &mut values).unwrap();
            for column in values.chunks_exact(COLUMN) {
                let (low, high) = column.iter().fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
                out.write_all(&(low as f32).to_le_bytes()).unwrap();
                out.write_all(&(high as f32).to_le_bytes()).unwrap();
            }
        }
        out.flush().unwrap();
    }

    /// Goes through a recording in bounded memory, as the app and the command line do.
    fn stream_all(files: &Files) {
        let opened = open_one(files);
        stream::stream(&opened.study.recordings[0], opened.samples[0].as_ref(), stream::TARGET, |_, buffers| {
            black_box(buffers);
            ControlFlow::Continue(())
        })
        .unwrap();
    }

    /// Opens a recording and reads all of it into one array a channel.
    fn read(files: &Files) -> Vec<Vec<f64>> {
        let opened = open_one(files);
        let channels = &opened.study.recordings[0].channels;
        let mut out: Vec<Vec<f64>> = channels.iter().map(|channel| vec![0.0; channel.n as usize]).collect();
        opened.samples[0].read_all(&vec![0; out.len()], &mut out).unwrap();
        out
    }

    pub fn main() {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["make", folder, ref names @ ..] => names.iter().for_each(|name| make(folder.as_ref(), name)),
            ["read", ref paths @ ..] => {
                let files = || Files { all: paths.iter().map(|path| source(path)).collect() };
                // For the comparison of results: the sum of everything.
                let sum: f64 = read(&files()).iter().flatten().sum();
                let seconds = times(clock, 3, || drop(black_box(read(&files()))));
                let stream = times(clock, 3, || stream_all(&files()));
                println!("{}", serde_json::json!({ "seconds": seconds, "stream": stream, "sum": sum }));
            }
            ["columns", path, seconds] => columns(path, seconds.parse().unwrap()),
            ["sweeps"] => println!("{}", serde_json::json!({ "sweeps": marking(clock) })),
            ["kernels"] => println!("{}", kernels(clock)),
            _ => println!("bench make DIR NAME... | bench read FILE... | bench kernels | bench sweeps"),
        }
    }
}
