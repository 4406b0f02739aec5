//! Writing a study file, from front to back: nothing is gone back to, so any sink will do.

use std::io::{self, Write};
use std::rc::Rc;

use rawzip::{CompressionMethod, ZipArchiveWriter};
use sha2::{Digest, Sha256};

use super::blocks::{Encoder, hex};
use super::{EDITS, FORMAT, Integers, Kept, Listed, MANIFEST, MEDIA_TYPE, MIMETYPE, Manifest, STUDY, SUBJECT, StudyPart, VERSION, Values};
use crate::formats::edf::{BdfWriter, integers};
use crate::formats::{Export, Sink, WriteError, Writer};
use crate::model::{Edits, Recording, Samples, Study, Warning};

/// Values written at once.
const STEP: usize = 1 << 16;

/// What goes into a study file.
pub struct Packing<'a> {
    /// What was acquired; its person goes into a part of its own.
    pub study: &'a Study,
    /// Samples of each recording.
    pub samples: &'a [Rc<dyn Samples>],
    /// A person's work on it.
    pub edits: &'a Edits,
    /// Further parts by their paths: conclusion and reports.
    pub extras: &'a [(String, Vec<u8>)],
}

/// How a recording is kept.
struct Plan {
    integers: Option<integers::Plan>,
    /// Bytes of a value where integers would lose something.
    width: Option<u64>,
    /// Some EDF program can read it.
    file: bool,
}

/// A sink as a writer, with the hash of everything that went through.
struct Out<'a> {
    sink: &'a mut dyn Sink,
    hash: Rc<std::cell::RefCell<Sha256>>,
}

impl Write for Out<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.sink.write(buf).map_err(io::Error::other)?;
        self.hash.borrow_mut().update(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> WriteError {
    WriteError::Sink { what: error.to_string() }
}

/// Writes a study as one file called `name`. Returns what other programs will not find in it; nothing is
/// lost to this one.
///
/// # Errors
/// When samples cannot be read, the sink fails, or the study holds what its description cannot.
pub fn pack(name: &str, of: &Packing<'_>, sink: &mut dyn Sink) -> Result<Vec<Warning>, WriteError> {
    let mut plans = Vec::new();
    for (recording, samples) in of.study.recordings.iter().zip(of.samples) {
        plans.push(plan(of.study, recording, samples.as_ref())?);
    }
    let study = json(STUDY, &description(of.study, &plans))?;
    // What does not come back from its description is not written: a study file that cannot be opened is none.
    let again: StudyPart = serde_json::from_slice(&study).map_err(failed)?;
    let same = again.examination == of.study.examination && again.recordings.iter().map(|kept| &kept.recording).eq(&of.study.recordings);
    if !same {
        return Err(WriteError::Unrepresentable {
            format: "a study file",
            what: "a study with numbers that are none (NaN, infinite)".into(),
        });
    }
    sink.begin(name)?;
    let hash = Rc::new(std::cell::RefCell::new(Sha256::new()));
    let mut zip = ZipArchiveWriter::new(Out { sink, hash: Rc::clone(&hash) });
    let (mut entry, config) = zip.new_file(MIMETYPE).start().map_err(failed)?;
    let mut plain = config.wrap(&mut entry);
    plain.write_all(MEDIA_TYPE.as_bytes()).map_err(failed)?;
    let (_, descriptor) = plain.finish().map_err(failed)?;
    entry.finish(descriptor).map_err(failed)?;

    let mut listed = Vec::new();
    let small = [(STUDY, study), (SUBJECT, json(SUBJECT, &of.study.subject)?), (EDITS, json(EDITS, of.edits)?)];
    let extras = of.extras.iter().map(|(path, bytes)| (path.as_str(), bytes));
    for (path, bytes) in small.iter().map(|(path, bytes)| (*path, bytes)).chain(extras) {
        add(&mut zip, &mut listed, path, |out| out.write(bytes))?;
    }
    let mut warnings = Vec::new();
    for (index, ((recording, samples), plan)) in of.study.recordings.iter().zip(of.samples).zip(&plans).enumerate() {
        let export = Export { study: of.study, recording, samples: samples.as_ref(), annotations: &recording.annotations, edits: None };
        if plan.file {
            let path = file(index, plan);
            let mut lost = Vec::new();
            add(&mut zip, &mut listed, &path, |out| {
                lost = match &plan.integers {
                    Some(integers) => integers::write(integers, "recording", &export, out)?,
                    None => BdfWriter.write("recording", &export, out)?,
                };
                Ok(())
            })?;
            warnings.extend(lost.into_iter().map(|lost| Warning::new(format!("{path}, for other programs: {}", lost.what))));
        } else {
            let what = format!("recording {} has no form that EDF programs read; its values are kept", index + 1);
            warnings.push(Warning::new(what));
        }
        if let Some(width) = plan.width {
            add(&mut zip, &mut listed, &values(index), |out| write_values(recording, samples.as_ref(), width, out))?;
        }
    }
    let manifest = json(MANIFEST, &Manifest { format: FORMAT.into(), version: VERSION, parts: listed })?;
    add(&mut zip, &mut Vec::new(), MANIFEST, |out| out.write(&manifest))?;
    // The end of the file says what everything before it comes to.
    let sum = hex(&hash.borrow().clone().finalize());
    zip.set_comment(format!("sha256 {sum}"));
    zip.finish().map_err(failed)?;
    Ok(warnings)
}

fn json(part: &str, value: &impl serde::Serialize) -> Result<Vec<u8>, WriteError> {
    serde_json::to_vec(value).map_err(|error| WriteError::Sink { what: format!("{part}: {error}") })
}

fn file(index: usize, plan: &Plan) -> String {
    format!("recordings/{:02}.{}", index + 1, plan.integers.as_ref().map_or("bdf", integers::Plan::extension))
}

fn values(index: usize) -> String {
    format!("recordings/{:02}.values", index + 1)
}

fn description(study: &Study, plans: &[Plan]) -> StudyPart {
    let kept = |(index, (recording, plan)): (usize, (&Recording, &Plan))| Kept {
        recording: recording.clone(),
        file: plan.file.then(|| file(index, plan)),
        integers: plan.integers.as_ref().map(|of| Integers { rules: of.rules.clone(), records: of.records.clone() }),
        values: plan.width.map(|width| Values { file: values(index), width }),
    };
    StudyPart {
        format: FORMAT.into(),
        version: VERSION,
        written_by: format!("Myoscope {}", env!("CARGO_PKG_VERSION")),
        recordings: study.recordings.iter().zip(plans).enumerate().map(kept).collect(),
        examination: study.examination.clone(),
    }
}

fn plan(study: &Study, recording: &Recording, samples: &dyn Samples) -> Result<Plan, WriteError> {
    if let Some(integers) = integers::plan(recording, samples)? {
        return Ok(Plan { integers: Some(integers), width: None, file: true });
    }
    // Whether the other form can be written shows before its first byte.
    let export = Export { study, recording, samples, annotations: &recording.annotations, edits: None };
    let file = !matches!(BdfWriter.write("recording", &export, &mut Nowhere), Err(WriteError::Unrepresentable { .. }));
    let mut width = 4;
    each(recording, samples, |_, values| {
        let narrow = values.iter().all(|value| f64::from(*value as f32).to_bits() == value.to_bits());
        width = if narrow { width } else { 8 };
        Ok(())
    })?;
    Ok(Plan { integers: None, width: Some(width), file })
}

/// Refuses the first byte.
struct Nowhere;

impl Sink for Nowhere {
    fn begin(&mut self, _name: &str) -> Result<(), WriteError> {
        Ok(())
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), WriteError> {
        Err(WriteError::Sink { what: "nothing is written here".into() })
    }
}

/// Every channel from its first sample to its last.
fn each(
    recording: &Recording,
    samples: &dyn Samples,
    mut take: impl FnMut(usize, &[f64]) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let mut buffer = vec![0.0; STEP];
    for (index, channel) in recording.channels.iter().enumerate() {
        let mut at = 0;
        while at < channel.n {
            let n = (channel.n - at).min(STEP as u64) as usize;
            samples.read(index, at, &mut buffer[..n])?;
            take(index, &buffer[..n])?;
            at += n as u64;
        }
    }
    Ok(())
}

fn write_values(recording: &Recording, samples: &dyn Samples, width: u64, out: &mut dyn Sink) -> Result<(), WriteError> {
    let mut bytes = Vec::new();
    each(recording, samples, |_, values| {
        bytes.clear();
        for value in values {
            match width {
                4 => bytes.extend_from_slice(&(*value as f32).to_le_bytes()),
                _ => bytes.extend_from_slice(&value.to_le_bytes()),
            }
        }
        out.write(&bytes)
    })
}

/// A part of an archive as a sink.
struct Part<W>(W);

impl<W: Write> Sink for Part<W> {
    fn begin(&mut self, _name: &str) -> Result<(), WriteError> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.0.write_all(bytes).map_err(failed)
    }
}

/// Adds a part that `fill` writes.
fn add<W: Write>(
    zip: &mut ZipArchiveWriter<W>,
    listed: &mut Vec<Listed>,
    path: &str,
    fill: impl FnOnce(&mut dyn Sink) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let start = zip.new_file(path).compression_method(CompressionMethod::DEFLATE).start();
    let (mut entry, config) = start.map_err(failed)?;
    let mut part = Part(config.wrap(Encoder::new(&mut entry)));
    fill(&mut part)?;
    let (encoder, descriptor) = part.0.finish().map_err(failed)?;
    let encoded = encoder.finish().map_err(failed)?;
    entry.finish(descriptor).map_err(failed)?;
    listed.push(Listed { path: path.to_owned(), bytes: encoded.bytes, sha256: encoded.sha256, blocks: encoded.blocks });
    Ok(())
}
