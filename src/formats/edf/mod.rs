//! EDF, EDF+C, EDF+D, BDF and BDF+: reading and writing.
//!
//! Specifications: EDF (Kemp et al. 1992), EDF+ (Kemp and Olivan 2003), BioSemi BDF (the same with
//! 24-bit samples). Gaps of discontinuous files stay gaps: they are spans of the timeline, never
//! filled. The format has no invalid samples, so reading gives no NaN.
//!
//! Cost of opening: the header (256 bytes a signal); for the plus formats also the annotation bytes
//! of every record, which [`OpenOptions::quick`] puts off for large continuous files.

mod electrodiagnostic;
mod field;
mod header;
mod identification;
pub mod integers;
mod layout;
mod packing;
mod quantize;
mod samples;
mod scan;
mod tal;
mod write;
mod xml_note;

use std::rc::Rc;

use super::{Files, OpenOptions, Opened, ReadError, Reader};
use crate::model::{Channel, Recording, Samples, Scale, StartTime, Study, Timeline, Warning};
use header::{Header, Plus};
use samples::EdfSamples;
use scan::AnnotationScan;

pub use write::{BdfWriter, EdfWriter};

/// A scan that moves more than this is put off when a quick opening is asked for.
const QUICK_COST: u64 = 32 << 20;

/// Reader of the whole family.
#[derive(Debug, Clone, Copy)]
pub struct Edf;

impl Reader for Edf {
    fn name(&self) -> &'static str {
        "EDF"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["edf", "bdf", "rec"]
    }

    fn score(&self, name: &str, head: &[u8]) -> u8 {
        let by_name = self.extensions().iter().any(|e| name.to_ascii_lowercase().ends_with(&format!(".{e}")));
        match header::signature(head) {
            Some(3) => 100,
            Some(_) => 95,
            None if by_name => 15,
            None => 0,
        }
    }

    fn open(&self, files: &Files, main: usize, options: &OpenOptions) -> Result<Opened, ReadError> {
        let file = files.all.get(main).ok_or_else(|| ReadError::malformed(0, "there is no such file"))?;
        let mut warnings = Vec::new();
        let header = header::read(&*file.source, &mut warnings)?;
        let mut scan = AnnotationScan::new(Rc::clone(&file.source), &header);
        let put_off = options.quick && header.plus == Plus::Continuous && scan.cost() > QUICK_COST;
        // The first records tell the sub-second start, so a little of the scan is always done.
        scan.advance(if put_off { 1 << 20 } else { u64::MAX })?;
        if !put_off {
            warnings.extend(scan.warnings());
        }
        let recording = describe(&file.name, &header, &scan, put_off, &mut warnings);
        let mut study = Study { subject: identification::subject(&header.patient), ..Study::default() };
        if !put_off {
            study.examination = electrodiagnostic::examination(&header, &recording, &scan, &mut warnings);
        }
        study.recordings.push(recording);
        let samples: Rc<dyn Samples> = Rc::new(EdfSamples::new(Rc::clone(&file.source), &header, put_off.then_some(scan)));
        Ok(Opened { study, samples: vec![samples], warnings, used: vec![file.name.clone()], ..Opened::default() })
    }
}

fn describe(name: &str, header: &Header, scan: &AnnotationScan, put_off: bool, warnings: &mut Vec<Warning>) -> Recording {
    let channels: Vec<Channel> = (header.ordinary().filter(|signal| signal.per_record > 0))
        .map(|signal| Channel {
            negative_up: false,
            name: signal.label.clone(),
            unit: signal.unit.clone(),
            fs_hz: header.fs_hz(signal),
            n: signal.per_record * header.records,
            transducer: signal.transducer.clone(),
            prefilter: signal.prefilter.clone(),
            scale: Some(Scale {
                gain: signal.gain,
                offset: signal.offset,
                digital_min: signal.digital_min,
                digital_max: signal.digital_max,
            }),
            skew_s: 0.0,
        })
        .collect();
    let timeline = if header.plus == Plus::Discontinuous && !channels.is_empty() {
        Timeline { spans: scan.spans.clone() }
    } else {
        Timeline::continuous(header.records as f64 * header.record_s)
    };
    let start = header.start.and_then(|start| {
        let nanos = (scan.first_onset_s * 1e9).round();
        // An `i64` of nanoseconds reaches 292 years; anything beyond is no offset of a record.
        let shift = if nanos.abs() < 9e18 { jiff::SignedDuration::from_nanos(nanos as i64) } else { jiff::SignedDuration::ZERO };
        start.checked_add(shift).ok()
    });
    if scan.first_onset_s.abs() >= 1.0 {
        let what = format!("the first record is stated to begin {} s after the start time; the start is moved there", scan.first_onset_s);
        warnings.push(Warning::at("EDF Annotations", header.data_offset, what));
    }
    Recording {
        name: name.to_owned(),
        format: header.format().to_owned(),
        start: start.map(|start| StartTime { iso: start.to_string() }),
        description: header.recording.clone(),
        channels,
        timeline,
        annotations: if put_off { Vec::new() } else { scan.annotations() },
    }
}
