//! A study as a FHIR R4 bundle: a DiagnosticReport with an Observation for every value.
//!
//! Codes are those of a code system of our own, with their words; no code of another terminology is
//! used that was not verified. Nothing is dated that has no date with a time zone: files carry none.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::values::{ValueRow, rows};
use crate::engine::protocol::{ReportMaterial, StudyView};
use crate::formats::myo::MEDIA_TYPE;

/// Code system of measures.
const SYSTEM: &str = "urn:myoscope:measure";
const UCUM: &str = "http://unitsofmeasure.org";
const INTERPRETATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";

/// A bundle; what it is comes first, so that a reader by its first bytes knows it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    resource_type: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    entry: Vec<Value>,
}

/// The bundle; `html` is the report that it presents, `study` the study file that it carries.
///
/// # Errors
/// When it cannot be written, in a sentence.
pub fn write(of: &ReportMaterial, html: &str, study: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let (view, nameless) = (of.view.as_ref(), of.wanted.nameless);
    // A person signs what is final.
    let status = match &of.signature {
        None => "preliminary",
        Some(signature) if signature.before.is_none() => "final",
        Some(_) => "amended",
    };
    let rows: Vec<ValueRow> = rows(view).into_iter().filter(|row| row.part != "person" && row.part != "conclusion").collect();
    let address = |name: &str| format!("urn:uuid:{}", uuid(&format!("{} {nameless} {name}", view.key)));
    let (patient, device) = (address("patient"), address("device"));
    let mut entries = vec![entry(&patient, &patient_of(view, nameless)), entry(&device, &device_of())];
    let mut results = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let at = address(&format!("observation {at}"));
        results.push(json!({ "reference": at }));
        entries.push(entry(&at, &observation(row, &patient, &device, status)));
    }
    let mut report = json!({
        "resourceType": "DiagnosticReport",
        "status": status,
        "code": { "text": "Electrodiagnostic report" },
        "subject": { "reference": patient },
        "presentedForm": [{ "contentType": "text/html", "language": "en", "data": STANDARD.encode(html), "title": "Electrodiagnostic report" }],
    });
    if !results.is_empty() {
        report["result"] = Value::Array(results);
    }
    if !view.impression.trim().is_empty() {
        report["conclusion"] = view.impression.clone().into();
    }
    let about = address("report");
    entries.insert(0, entry(&about, &report));
    if let Some(study) = study {
        entries.push(entry(&address("study"), &study_file(study, &patient, &about)));
    }
    serde_json::to_vec_pretty(&Bundle { resource_type: "Bundle", kind: "collection", entry: entries }).map_err(|e| e.to_string())
}

/// The study file that brings everything back: waveforms, edits, conclusion.
fn study_file(bytes: &[u8], patient: &str, report: &str) -> Value {
    json!({
        "resourceType": "DocumentReference",
        "status": "current",
        "type": { "text": "Electrodiagnostic study with its waveforms" },
        "subject": { "reference": patient },
        "context": { "related": [{ "reference": report }] },
        "content": [{ "attachment": {
            "contentType": MEDIA_TYPE,
            "title": "study.myo",
            "size": bytes.len(),
            "data": STANDARD.encode(bytes),
        } }],
    })
}

fn entry(address: &str, resource: &Value) -> Value {
    json!({ "fullUrl": address, "resource": resource })
}

fn device_of() -> Value {
    json!({
        "resourceType": "Device",
        "deviceName": [{ "name": "Myoscope", "type": "manufacturer-name" }],
        "version": [{ "value": env!("CARGO_PKG_VERSION") }],
    })
}

fn patient_of(view: &StudyView, nameless: bool) -> Value {
    let mut patient = json!({ "resourceType": "Patient" });
    let gender = match view.person.sex.as_str() {
        "F" => "female",
        "M" => "male",
        "X" => "other",
        _ => "unknown",
    };
    patient["gender"] = gender.into();
    let subject = &view.subject;
    if !nameless {
        if !subject.name.trim().is_empty() {
            patient["name"] = json!([{ "text": subject.name }]);
        }
        if !subject.code.trim().is_empty() {
            patient["identifier"] = json!([{ "value": subject.code }]);
        }
        let date = subject.birth_date.as_bytes();
        let dashes = date.len() == 10
            && date.iter().enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
        if dashes {
            patient["birthDate"] = subject.birth_date.clone().into();
        }
    }
    patient
}

/// The name of a measure as a code.
fn slug(words: &str) -> String {
    let mut out = String::new();
    for c in words.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    let out = out.trim_end_matches('-');
    if out.is_empty() { "value".into() } else { out.to_owned() }
}

fn quantity(value: f64, unit: &str) -> Value {
    let code = match unit {
        "\u{b5}V" => "uV",
        "\u{b0}C" => "Cel",
        "uV.ms" => "uV.ms",
        other => other,
    };
    let known = ["ms", "s", "uV", "mV", "m/s", "mm", "cm", "%", "Hz", "/s", "mA", "uV.ms", "mV.ms", "Cel", "a", "wk"];
    match (code.is_empty(), known.contains(&code)) {
        (true, _) => json!({ "value": value }),
        (_, true) => json!({ "value": value, "unit": unit, "system": UCUM, "code": code }),
        _ => json!({ "value": value, "unit": unit }),
    }
}

fn observation(row: &ValueRow, patient: &str, device: &str, status: &str) -> Value {
    let measure = if row.measure.is_empty() { "value" } else { &row.measure };
    let place = [&row.of, &row.site, &row.sweep].into_iter().filter(|words| !words.trim().is_empty()).cloned().collect::<Vec<_>>();
    let mut out = json!({
        "resourceType": "Observation",
        "status": status,
        "code": { "coding": [{ "system": SYSTEM, "code": slug(measure), "display": measure }], "text": format!("{}: {measure}", place.join(", ")) },
        "subject": { "reference": patient },
        "device": { "reference": device },
    });
    match row.value {
        Some(value) => out["valueQuantity"] = quantity(value, &row.unit),
        None if !row.words.trim().is_empty() => out["valueString"] = row.words.clone().into(),
        None => out["dataAbsentReason"] = json!({ "text": "no value" }),
    }
    if !row.recorded_from.trim().is_empty() || !row.nerve.trim().is_empty() {
        let side = match row.side {
            "L" => "left ",
            "R" => "right ",
            _ => "",
        };
        let place = if row.recorded_from.trim().is_empty() { &row.nerve } else { &row.recorded_from };
        out["bodySite"] = json!({ "text": format!("{side}{place}") });
    }
    let method = [row.method.as_str(), if row.set_by == "hand" { "set by hand" } else { "" }];
    let method = method.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ");
    if !method.is_empty() {
        out["method"] = json!({ "text": method });
    }
    if let Some(limit) = row.limit {
        let mut range = json!({ "text": row.source });
        if row.source.trim().is_empty() {
            range["text"] = "limit without a source".into();
        }
        range[if row.bound == "upper" { "high" } else { "low" }] = quantity(limit, &row.unit);
        out["referenceRange"] = json!([range]);
    }
    let code = match (row.beyond, row.bound) {
        ("yes", "upper") => Some(("H", "High")),
        ("yes", "lower") => Some(("L", "Low")),
        ("yes", _) => Some(("A", "Abnormal")),
        ("no", _) => Some(("N", "Normal")),
        _ => None,
    };
    if let Some((code, display)) = code.filter(|(code, _)| *code != "N" || row.limit.is_some()) {
        out["interpretation"] = json!([{ "coding": [{ "system": INTERPRETATION, "code": code, "display": display }] }]);
    }
    let mut notes = Vec::new();
    if let Some(own) = row.automatic.filter(|own| row.set_by == "hand" && Some(*own) != row.value) {
        notes.push(json!({ "text": format!("Found by the analysis: {own} {}", row.unit) }));
    }
    if !row.care.trim().is_empty() {
        notes.push(json!({ "text": row.care }));
    }
    if !notes.is_empty() {
        out["note"] = Value::Array(notes);
    }
    out
}

/// A UUID of a rule of one's own (version 8), made of a name.
fn uuid(name: &str) -> String {
    let hash = Sha256::digest(name.as_bytes());
    let mut bytes: Vec<u8> = hash.iter().take(16).copied().collect();
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
