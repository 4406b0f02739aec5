//! FHIR R4 bundles that carry a study file: the study comes back as it was, waveforms and edits included.
//!
//! The observations of a bundle are the study's own values once more, so nothing is read of them. A bundle
//! of another system holds no waveforms; it is refused with that said.

use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::myo::{MEDIA_TYPE, Myo};
use super::{Files, NamedSource, OpenOptions, Opened, ReadError, Reader, SliceSource};

/// Largest bundle: one with the largest study file that is carried, and room for its values.
const MAX_BYTES: u64 = 256 << 20;

/// Reads FHIR.
#[derive(Debug, Clone, Copy)]
pub struct Fhir;

impl Reader for Fhir {
    fn name(&self) -> &'static str {
        "FHIR"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn score(&self, name: &str, head: &[u8]) -> u8 {
        let text = String::from_utf8_lossy(head);
        let object = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
        let says = text.contains("\"resourceType\"") || text.contains("\"fullUrl\"");
        match (object && says, name.to_ascii_lowercase().ends_with(".fhir.json")) {
            (true, _) => 90,
            (false, true) => 20,
            _ => 0,
        }
    }

    fn open(&self, files: &Files, main: usize, options: &OpenOptions) -> Result<Opened, ReadError> {
        let file = files.all.get(main).ok_or_else(|| ReadError::malformed(0, "there is no such file"))?;
        if file.source.len() > MAX_BYTES {
            return Err(ReadError::Limit { what: "the size of a FHIR bundle, in bytes,".into(), max: MAX_BYTES });
        }
        let bytes = file.source.read_vec(0, MAX_BYTES as usize)?;
        let bundle: Value =
            serde_json::from_slice(&bytes).map_err(|error| ReadError::malformed(0, format!("the FHIR bundle is no JSON: {error}")))?;
        let kind = bundle.get("resourceType").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(data) = attachment(&bundle) else {
            let feature = format!("a FHIR {} without the waveforms of a study", if kind == "Bundle" { "bundle" } else { "resource" });
            return Err(ReadError::Unsupported { feature });
        };
        let study = STANDARD
            .decode(data.trim())
            .map_err(|error| ReadError::malformed(0, format!("the study file in the bundle is no base64: {error}")))?;
        let inner = Files { all: vec![NamedSource { name: file.name.clone(), source: Rc::new(SliceSource::from(study)) }] };
        let mut opened = Myo.open(&inner, 0, options)?;
        opened.used = vec![file.name.clone()];
        Ok(opened)
    }
}

/// The first attachment of a document that is a study file, as base64.
fn attachment(bundle: &Value) -> Option<&str> {
    let entries = bundle.get("entry").and_then(Value::as_array)?;
    let resources = entries.iter().filter_map(|entry| entry.get("resource"));
    let documents = resources.filter(|resource| resource.get("resourceType").and_then(Value::as_str) == Some("DocumentReference"));
    let contents = documents.filter_map(|document| document.get("content").and_then(Value::as_array)).flatten();
    let attachments = contents.filter_map(|content| content.get("attachment"));
    let ours = attachments.filter(|attachment| attachment.get("contentType").and_then(Value::as_str) == Some(MEDIA_TYPE));
    ours.filter_map(|attachment| attachment.get("data").and_then(Value::as_str)).next()
}
