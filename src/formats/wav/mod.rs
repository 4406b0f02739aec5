//! WAV and RF64: PCM of 8 to 32 bits, floating point of 32 and 64 bits.
//!
//! The samples of a WAV are relative to full scale and say nothing of volts. A calibrated file
//! states in its `LIST INFO` comment (`ICMT`) what full scale means: `1.0 = 5000 uV` for all channels
//! or `APB: 1.0 = 5000 uV; ADM: 1.0 = 20 mV` for each (grammar in `scale.rs`). Without that statement integers are shown as stored, without a unit, and a warning says so.
//!
//! Ranges are read and decoded here: the `hound` crate reads a stream from front to back, which a
//! file of gigabytes in a browser does not allow; it serves as the reference in the tests.
//!
//! A companion `NAME-events.txt` (Backyard Brains SpikeRecorder, and our own writer) gives the
//! annotations. NaN of floating-point files stays NaN; there are no gaps.

mod chunks;
mod events;
mod scale;
mod write;

use std::rc::Rc;

use super::interleaved::{Frames, Interleaved, Kind};
use super::{Files, OpenOptions, Opened, ReadError, Reader};
use crate::model::{Channel, Recording, Samples, Scale, StartTime, Study, Timeline, Warning};

pub use write::WavWriter;

/// Reader of WAV files.
#[derive(Debug, Clone, Copy)]
pub struct Wav;

impl Reader for Wav {
    fn name(&self) -> &'static str {
        "WAV"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["wav", "wave"]
    }

    fn score(&self, name: &str, head: &[u8]) -> u8 {
        let lower = name.to_ascii_lowercase();
        let by_name = self.extensions().iter().any(|e| lower.ends_with(&format!(".{e}")));
        match (head.get(..4), head.get(8..12)) {
            (Some(b"RIFF" | b"RF64"), Some(b"WAVE")) => 100,
            _ if by_name => 10,
            _ => 0,
        }
    }

    fn open(&self, files: &Files, main: usize, options: &OpenOptions) -> Result<Opened, ReadError> {
        let file = files.all.get(main).ok_or_else(|| ReadError::malformed(0, "there is no such file"))?;
        let mut warnings = Vec::new();
        let layout = chunks::read(&*file.source, &mut warnings)?;
        let stated = scale::parse(&layout.info.comment);
        let fs_hz = stated.fs_hz.unwrap_or(f64::from(layout.sample_rate));
        let mut channels = Vec::with_capacity(layout.channels);
        let mut gains = Vec::with_capacity(layout.channels);
        for index in 0..layout.channels {
            let entry = stated.entry(index);
            let full = layout.full_scale();
            let gain = entry.map_or(1.0, |entry| entry.full_scale / full);
            gains.push(gain);
            channels.push(Channel {
                negative_up: false,
                name: entry.and_then(|entry| entry.name.clone()).unwrap_or_else(|| format!("ch{index}")),
                unit: entry.map(|entry| entry.unit.clone()).or_else(|| options.unit.clone()).unwrap_or_default(),
                fs_hz,
                n: layout.frames,
                transducer: String::new(),
                prefilter: String::new(),
                scale: (layout.kind == Kind::Integer).then(|| Scale {
                    gain,
                    offset: 0.0,
                    digital_min: -(full as i64),
                    digital_max: full as i64 - 1,
                }),
                skew_s: 0.0,
            });
        }
        if channels.iter().any(|channel| channel.unit.is_empty()) {
            let what = "the file does not say what its samples mean in volts: amplitudes are uncalibrated";
            warnings.push(Warning { field: Some("ICMT".into()), ..Warning::new(what) });
        }
        let mut used = vec![file.name.clone()];
        let annotations = events::companion(files, &file.name, &mut used, &mut warnings);
        let recording = Recording {
            name: file.name.clone(),
            format: "WAV".into(),
            start: chunks::start(&layout.info.date).map(|iso| StartTime { iso }),
            description: layout.info.name.clone(),
            channels,
            timeline: Timeline::continuous(layout.frames as f64 / fs_hz),
            annotations,
        };
        let samples: Rc<dyn Samples> = Rc::new(Interleaved::new(
            Rc::clone(&file.source),
            Frames {
                kind: layout.kind,
                width: layout.width,
                channels: layout.channels,
                data_offset: layout.data_offset,
                frames: layout.frames,
                gains,
            },
        ));
        Ok(Opened {
            study: Study { recordings: vec![recording], ..Study::default() },
            samples: vec![samples],
            warnings,
            used,
            ..Opened::default()
        })
    }
}
