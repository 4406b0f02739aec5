//! From a study as the engine knows it to a report: the same words, values and pictures as on the page.

mod compose;
mod fhir;
mod figures;
mod letter;
mod signing;
mod tables;
pub(super) mod values;
mod words;

use sha2::{Digest, Sha256};

use super::protocol::{Buffer, Event, Leaving, Output, PdfOrder, ReportDepth, ReportForm, ReportMaterial, ReportWanted, scenes};
use super::session::Session;
use super::stream;
use crate::formats::dicom;
use crate::model::{Subject, Warning};
use crate::report::{Document, html, text};
use compose::compose;

/// Stored samples that a report's check sum is made of; a longer recording is named by its files alone.
const MAX_HASHED: u64 = 100_000_000;
/// Largest study file that a bundle carries.
const MAX_CARRIED: usize = 64 << 20;

impl Session {
    /// A report as a file.
    pub fn report(&mut self, wanted: ReportWanted, form: ReportForm, out: &mut dyn FnMut(Output)) {
        let frozen = wanted.version.and_then(|_| self.frozen_file(wanted, form));
        let again = if frozen.is_none() && form == ReportForm::Fhir { self.same_as_signed(wanted, out) } else { Ok(()) };
        let (material, sweeps) = self.gathered(wanted, out);
        let mut warnings = Vec::new();
        let bytes = match form {
            _ if again.is_err() => again.map(|()| Vec::new()),
            _ if frozen.is_some() => frozen.unwrap_or_else(|| Ok(Vec::new())),
            ReportForm::Html => Ok(html::write(&compose(&material, &sweeps)).into_bytes()),
            ReportForm::Text => Ok(text::write(&compose(&material, &sweeps)).into_bytes()),
            ReportForm::Values => values::csv(&material.view),
            ReportForm::Fhir => {
                let study = self.carried_study(wanted.nameless, &mut warnings);
                fhir::write(&material, &html::write(&compose(&material, &sweeps)), study.as_deref())
            }
        };
        let version = wanted.version.map(|at| format!("-signed-{}", at + 1)).unwrap_or_default();
        let name = match form {
            ReportForm::Html | ReportForm::Text => format!("report-{}{version}.{}", wanted.depth.id(), form.extension()),
            ReportForm::Values => "values.csv".into(),
            ReportForm::Fhir => format!("report-{}{version}.fhir.json", wanted.depth.id()),
        };
        match bytes {
            Ok(bytes) => out(super::with_bytes(Event::Exported { names: vec![name], warnings }, bytes)),
            Err(what) => super::failed(out, format!("{name} was not written: {what}")),
        }
    }

    /// The study file that a bundle carries; a warning where it carries none.
    fn carried_study(&self, nameless: bool, warnings: &mut Vec<Warning>) -> Option<Vec<u8>> {
        let packed = self.whole().and_then(|()| self.left(&Leaving { nameless, ..Leaving::default() }).packed(nameless));
        let packed = packed.map(|(bytes, _)| bytes).and_then(|bytes| match bytes.len() {
            len if len > MAX_CARRIED => Err(format!("its file has {} MB.", len >> 20)),
            _ => Ok(bytes),
        });
        let without =
            |what| warnings.push(Warning::new(format!("The bundle holds the values, and not the study with its waveforms: {what}")));
        packed.map_err(without).ok()
    }

    /// A report to be looked at in the page.
    pub fn preview(&mut self, wanted: ReportWanted, out: &mut dyn FnMut(Output)) {
        let html = match wanted.version {
            None => html::fragment(&self.document(wanted, out)),
            Some(_) => match self.frozen_fragment(wanted) {
                Ok(html) => html,
                Err(what) => return super::failed(out, what),
            },
        };
        out(Event::Preview { study: self.key, wanted, html }.into());
    }

    /// What a PDF is made of, for whoever makes it: that is too large for the page.
    pub fn material(&mut self, wanted: ReportWanted, out: &mut dyn FnMut(Output)) {
        if let Err(what) = self.same_as_signed(wanted, out) {
            return super::failed(out, what);
        }
        let (material, values) = self.gathered(wanted, out);
        let buffers = values.into_iter().flatten().map(|(_, values)| Buffer::F32(values)).collect();
        out(Output { event: Event::Material { material }, buffers });
    }

    /// A report of the study as it stands, as an HTML file.
    pub(super) fn html(&mut self, depth: ReportDepth, nameless: bool) -> String {
        html::write(&self.document(ReportWanted { depth, nameless, version: None }, &mut |_| {}))
    }

    fn document(&mut self, wanted: ReportWanted, out: &mut dyn FnMut(Output)) -> Document {
        let (material, values) = self.gathered(wanted, out);
        compose(&material, &values)
    }

    fn gathered(&mut self, wanted: ReportWanted, out: &mut dyn FnMut(Output)) -> (ReportMaterial, Vec<Vec<scenes::Values>>) {
        self.measure_all();
        self.answers = true;
        let view = self.view();
        let mut values = Vec::new();
        if wanted.depth == ReportDepth::Full {
            for test in 0..view.tests.len() {
                let mut of_test = Vec::new();
                self.sweeps(test, &mut |output| of_test.extend(scenes::values(output)));
                values.push(of_test);
            }
        }
        let sweeps = values.iter().map(|of_test: &Vec<scenes::Values>| of_test.iter().map(|(data, _)| data.clone()).collect()).collect();
        out(Event::Changed { view: view.clone() }.into());
        let signature = self.signature(wanted.version);
        (ReportMaterial { wanted, view: Box::new(view), sweeps, sha256: self.sha256(), signature, letterhead: self.letterhead() }, values)
    }

    /// SHA-256 over the samples of every channel of every recording, as 64-bit little-endian floats.
    fn sha256(&self) -> Option<String> {
        let channels = self.acquired.recordings.iter().flat_map(|recording| &recording.channels);
        if channels.map(|channel| channel.n).fold(0, u64::saturating_add) > MAX_HASHED {
            return None;
        }
        let mut all = Sha256::new();
        for (recording, samples) in self.acquired.recordings.iter().zip(&self.samples) {
            // One a channel, so that it does not matter in which pieces they are read.
            let mut hashes = vec![Sha256::new(); recording.channels.len()];
            let read = stream::stream(recording, samples.as_ref(), stream::TARGET, |_, buffers| {
                for (hash, values) in hashes.iter_mut().zip(buffers) {
                    values.iter().for_each(|value| hash.update(value.to_le_bytes()));
                }
                std::ops::ControlFlow::Continue(())
            });
            read.ok()?;
            hashes.into_iter().for_each(|hash| all.update(hash.finalize()));
        }
        Some(hex(&all.finalize()))
    }
}

/// The file that an order wants; `buffers` are the values of its sweeps.
///
/// # Errors
/// When there is no PDF, in a sentence.
pub fn file(order: &PdfOrder, buffers: Vec<Buffer>) -> Result<Vec<u8>, String> {
    let ReportMaterial { wanted, view, .. } = &order.material;
    let pdf = pdf(&order.material, buffers)?;
    if !order.dicom {
        return Ok(pdf);
    }
    // Without names it has no day either.
    let nobody = Subject { sex: view.subject.sex.clone(), ..Subject::default() };
    let start = view.recordings.iter().find_map(|recording| recording.start.as_deref());
    let (subject, start) = if wanted.nameless { (&nobody, None) } else { (&view.subject, start) };
    Ok(dicom::encapsulated_pdf(&pdf, &format!("Electrodiagnostic report, {}", wanted.depth.id()), subject, start))
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A report as PDF; `buffers` are the values of the material's sweeps.
///
/// # Errors
/// When there is no PDF, in a sentence.
fn pdf(material: &ReportMaterial, buffers: Vec<Buffer>) -> Result<Vec<u8>, String> {
    let mut buffers = buffers.into_iter().map(|buffer| if let Buffer::F32(values) = buffer { values } else { Vec::new() });
    let of_test =
        |sweeps: &Vec<super::protocol::SweepData>| sweeps.iter().map(|data| (data.clone(), buffers.next().unwrap_or_default())).collect();
    let values: Vec<Vec<scenes::Values>> = material.sweeps.iter().map(of_test).collect();
    crate::report::pdf::write(&compose(material, &values)).map_err(|error| error.to_string())
}
