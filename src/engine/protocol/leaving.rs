//! What leaves the machine when a study is handed on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What is wanted of a study that is handed on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Leaving {
    /// Without name, number, birth date, file names, descriptions and signed versions.
    pub nameless: bool,
    /// Without names: dates later by this many days; `None`: of each only the year.
    pub shift_days: Option<i32>,
    /// Free texts that are left out, by their ids in [`LeavingView::texts`].
    pub hidden: BTreeSet<String>,
}

/// A free text, which no program frees of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreeText {
    /// Names it in [`Leaving::hidden`].
    pub id: String,
    /// Where it stands.
    pub place: String,
    /// What it says.
    pub text: String,
    /// It is left out.
    pub hidden: bool,
}

/// Something that tells who was examined, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeavingFact {
    /// What it is.
    pub name: String,
    /// What it says now.
    pub now: String,
    /// What it says in the file; empty: nothing.
    pub then: String,
}

/// What a study file will hold, to be looked at before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeavingView {
    /// What was asked for.
    pub wanted: Leaving,
    /// What tells who was examined.
    pub facts: Vec<LeavingFact>,
    /// Free texts.
    pub texts: Vec<FreeText>,
    /// What else there is, in words.
    pub contents: Vec<String>,
}
