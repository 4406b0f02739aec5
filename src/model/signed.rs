//! Reports that were signed, each as it was then. They are part of a person's work on a study, but no
//! step of it: undo does not reach them, and a version that was signed is never changed.
//!
//! What is frozen is what was read: the HTML file and the text of each depth. The SHA-256 is that of
//! the HTML file, so that anyone who has the file can check it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Edits;

/// One signed version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignedVersion {
    /// Who signed.
    pub signer: String,
    /// Title or role; may be empty.
    pub role: String,
    /// When: ISO 8601 with the offset from UTC, as the surroundings' clock said.
    pub at: String,
    /// What was changed since the version before and why; empty for the first.
    pub why: String,
    /// The work that was signed, without signed versions.
    pub work: Arc<Edits>,
    /// What the limits were called.
    pub limits: String,
    /// The report in each depth.
    pub reports: Arc<Vec<SignedReport>>,
}

/// A report in one depth, frozen. Its debug form shows nothing of what it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedReport {
    /// Name of the depth.
    pub depth: String,
    /// SHA-256 of `html`, hexadecimal.
    pub sha256: String,
    /// The file.
    pub html: String,
    /// The same as text.
    pub text: String,
    /// How the file differs without names.
    pub html_nameless: Nameless,
    /// The text without names.
    pub text_nameless: String,
}

/// How a file without names differs from the one with them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nameless {
    /// In these lines, by number from 0 on.
    Lines(Vec<(usize, String)>),
    /// It has other lines.
    Whole(String),
}

impl Nameless {
    /// How `without` differs from `named`.
    pub fn of(named: &str, without: &str) -> Self {
        if named.lines().count() != without.lines().count() || !named.ends_with('\n') || !without.ends_with('\n') {
            return Self::Whole(without.to_owned());
        }
        let lines = named.lines().zip(without.lines()).enumerate();
        Self::Lines(lines.filter(|(_, (a, b))| a != b).map(|(at, (_, line))| (at, line.to_owned())).collect())
    }

    /// The file without names.
    pub fn apply(&self, named: &str) -> String {
        let changed = match self {
            Self::Whole(whole) => return whole.clone(),
            Self::Lines(changed) => changed,
        };
        let mut out = String::with_capacity(named.len());
        for (at, line) in named.lines().enumerate() {
            out.push_str(changed.iter().find(|(of, _)| *of == at).map_or(line, |(_, line)| line));
            out.push('\n');
        }
        out
    }
}

impl fmt::Debug for SignedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedReport").field("depth", &self.depth).field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_names_comes_back_from_what_differs() {
        for (named, without) in [("a\nb\nc\n", "a\nx\nc\n"), ("a\nb\n", "a\n"), ("a", "b"), ("", "")] {
            assert_eq!(Nameless::of(named, without).apply(named), without);
        }
    }

    #[test]
    fn nothing_of_a_report_stands_in_what_a_log_would_show() {
        let report = SignedReport {
            depth: "full".into(),
            sha256: "00".into(),
            html: "Jane Doe".into(),
            text: "Jane Doe".into(),
            html_nameless: Nameless::Whole(String::new()),
            text_nameless: String::new(),
        };
        assert!(!format!("{report:?}").contains("Jane"));
    }
}
