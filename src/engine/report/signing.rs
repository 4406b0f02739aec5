//! Signing a report, and giving back what was signed.
//!
//! A version keeps the HTML file and the text of each depth. They are given back as they are, after
//! their check sum was compared. What is made anew for a version (PDF, FHIR) is only made when the
//! program still writes the very file that was signed.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{compose, hex, html, text};
use crate::engine::protocol::{Output, ReportDepth, ReportForm, ReportMaterial, ReportWanted, Signature, SignedView};
use crate::engine::session::Session;
use crate::model::{Nameless, SignedReport, SignedVersion};

/// Longest name or title, and longest reason of an amendment, characters.
const LONGEST_NAME: usize = 200;
const LONGEST_REASON: usize = 2_000;

/// A moment as a person reads it: `2026-11-23 14:40 (UTC+01:00)`.
pub fn moment(at: &str) -> String {
    let (day, rest) = at.split_once('T').unwrap_or((at, ""));
    let zone = rest.find(['+', '-', 'Z']).map_or("", |from| &rest[from..]);
    let zone = if zone == "Z" { "UTC".to_owned() } else { format!("UTC{zone}") };
    format!("{day} {} ({zone})", rest.get(..5).unwrap_or(rest))
}

impl Session {
    /// Freezes the report in every depth under a name.
    ///
    /// # Errors
    /// A sentence when something is missing.
    pub(in crate::engine) fn sign(&mut self, signer: &str, role: &str, at: &str, why: &str) -> Result<(), String> {
        let [signer, role, why] = [signer, role, why].map(str::trim);
        let amends = !self.edits.signed.is_empty();
        if signer.is_empty() {
            return Err("A report is signed with a name.".into());
        }
        if signer.chars().count() > LONGEST_NAME || role.chars().count() > LONGEST_NAME {
            return Err(format!("Name and title have at most {LONGEST_NAME} characters each."));
        }
        if amends && why.is_empty() {
            return Err("An amendment says what was changed and why.".into());
        }
        if why.chars().count() > LONGEST_REASON {
            return Err(format!("What was changed and why: at most {LONGEST_REASON} characters."));
        }
        if at.parse::<jiff::Timestamp>().is_err() {
            return Err("The moment of signing has to be a date and time with its offset from UTC.".into());
        }
        let work = Arc::new(crate::model::Edits { signed: Vec::new(), ..self.edits.clone() });
        let why = if amends { why } else { "" };
        self.edits.signed.push(SignedVersion {
            signer: signer.to_owned(),
            role: role.to_owned(),
            at: at.to_owned(),
            why: why.to_owned(),
            work,
            limits: self.limits_name(),
            reports: Arc::default(),
        });
        let version = Some(self.edits.signed.len() - 1);
        let reports = ReportDepth::ALL.into_iter().map(|depth| {
            let mut written = |nameless| {
                let (material, sweeps) = self.gathered(ReportWanted { depth, nameless, version }, &mut |_| {});
                let document = compose(&material, &sweeps);
                (html::write(&document), text::write(&document))
            };
            let (named, without) = (written(false), written(true));
            SignedReport {
                depth: depth.id().to_owned(),
                sha256: hex(&Sha256::digest(named.0.as_bytes())),
                html_nameless: Nameless::of(&named.0, &without.0),
                html: named.0,
                text: named.1,
                text_nameless: without.1,
            }
        });
        let reports = Arc::new(reports.collect());
        if let Some(last) = self.edits.signed.last_mut() {
            last.reports = reports;
        }
        Ok(())
    }

    /// The versions as the page shows them.
    pub(in crate::engine) fn signed_views(&self) -> Vec<SignedView> {
        let view = |version: &SignedVersion| SignedView {
            signer: version.signer.clone(),
            role: version.role.clone(),
            at: moment(&version.at),
            why: version.why.clone(),
            sha256: version.reports.iter().map(|report| (report.depth.clone(), report.sha256.clone())).collect(),
        };
        self.edits.signed.iter().map(view).collect()
    }

    /// Whether the study as it stands is another than the one signed last.
    pub(in crate::engine) fn changed_since_signed(&self) -> bool {
        let Some(last) = self.edits.signed.last() else { return false };
        last.limits != self.limits_name() || crate::model::Edits { signed: Vec::new(), ..self.edits.clone() } != *last.work
    }

    /// What stands below a signed version; `None` for the study as it stands.
    pub(super) fn signature(&self, version: Option<usize>) -> Option<Signature> {
        let at = version?;
        let by = |version: &SignedVersion| {
            let role = if version.role.is_empty() { String::new() } else { format!(", {}", version.role) };
            (format!("{}{role}", version.signer), moment(&version.at))
        };
        let (signer, when) = by(self.edits.signed.get(at)?);
        let before = at.checked_sub(1).and_then(|before| self.edits.signed.get(before)).map(by);
        Some(Signature { number: at + 1, signer, at: when, why: self.edits.signed.get(at)?.why.clone(), before })
    }

    /// A signed version in a depth.
    fn frozen(&self, wanted: ReportWanted) -> Result<&SignedReport, String> {
        let number = wanted.version.map_or(0, |at| at + 1);
        let all = self.edits.signed.len();
        let version = wanted.version.and_then(|at| self.edits.signed.get(at)).ok_or_else(|| match all {
            0 => "No report of this study was signed.".to_owned(),
            1 => format!("There is no version {number}: one was signed."),
            _ => format!("There is no version {number}: {all} were signed."),
        })?;
        let report = version.reports.iter().find(|report| report.depth == wanted.depth.id());
        let report = report.ok_or_else(|| format!("Version {number} has no {}.", wanted.depth.name().to_lowercase()))?;
        if hex(&Sha256::digest(report.html.as_bytes())) != report.sha256 {
            return Err(format!("Version {number} is not as it was signed: its check sum is another. It is not shown."));
        }
        Ok(report)
    }

    /// The file of a signed version, in the forms that were frozen; `None`: another form.
    pub(super) fn frozen_file(&self, wanted: ReportWanted, form: ReportForm) -> Option<Result<Vec<u8>, String>> {
        if !matches!(form, ReportForm::Html | ReportForm::Text) {
            return None;
        }
        Some(self.frozen(wanted).map(|report| {
            let file = match (form, wanted.nameless) {
                (ReportForm::Html, false) => report.html.clone(),
                (ReportForm::Html, true) => report.html_nameless.apply(&report.html),
                (_, false) => report.text.clone(),
                (_, true) => report.text_nameless.clone(),
            };
            file.into_bytes()
        }))
    }

    /// The same for the page, which has the style sheet.
    pub(super) fn frozen_fragment(&self, wanted: ReportWanted) -> Result<String, String> {
        let bytes = self.frozen_file(wanted, ReportForm::Html).unwrap_or_else(|| Err(String::new()))?;
        let file = String::from_utf8_lossy(&bytes);
        let body = file.split_once("<body>\n").and_then(|(_, rest)| rest.rsplit_once("</body>")).map(|(body, _)| body.to_owned());
        body.ok_or_else(|| "This version has no page.".to_owned())
    }

    /// Refuses to make a version anew when it would not be what was signed.
    pub(super) fn same_as_signed(&mut self, wanted: ReportWanted, out: &mut dyn FnMut(Output)) -> Result<(), String> {
        let Some(at) = wanted.version else { return Ok(()) };
        let signed = self.frozen(wanted)?.sha256.clone();
        let (material, sweeps) = self.gathered(ReportWanted { nameless: false, ..wanted }, out);
        if hex(&Sha256::digest(html::write(&compose(&material, &sweeps)).as_bytes())) == signed {
            return Ok(());
        }
        Err(format!(
            "Version {} cannot be made in this form: the study, its limits, the letterhead or the program changed since it was signed. Take it as HTML and print that.",
            at + 1
        ))
    }
}

/// Whether a report is a draft, in a sentence.
pub fn state(of: &ReportMaterial) -> String {
    let patient = of.wanted.depth == ReportDepth::Patient;
    match (&of.signature, of.view.signed.last()) {
        (Some(signature), _) => match &signature.before {
            None => format!("Signed by {} on {}.", signature.signer, signature.at),
            Some((before, at)) => format!(
                "Amended report, version {}, signed by {} on {}. It replaces version {}, signed by {before} on {at}. What was changed and why: {}",
                signature.number,
                signature.signer,
                signature.at,
                signature.number - 1,
                super::words::sentence(&signature.why)
            ),
        },
        (None, Some(last)) => format!(
            "Draft of the study as it stands. Version {} was signed by {} on {} and counts until an amendment is signed.",
            of.view.signed.len(),
            last.signer,
            last.at
        ),
        (None, None) if patient => "Draft. Your doctor has to read the test and to sign before this counts.".into(),
        (None, None) => "Draft. Not a diagnosis until an electromyographer has read the traces and signed.".into(),
    }
}
