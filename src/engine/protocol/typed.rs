//! Typing values of nerve tests.

use serde::{Deserialize, Serialize};

use crate::model::{Side, TestKind, TypedColumn};

/// A change to what was typed. `test` is the number of a typed test ([`TestView::typed`](super::TestView::typed)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "typed", rename_all = "snake_case")]
pub enum TypedEdit {
    /// A test to type values of.
    Add {
        /// The study of the clinic, by the id of [`NerveChoice`]; `None`: one of one's own.
        study: Option<String>,
        /// Side.
        side: Option<Side>,
        /// Of one's own: kind, nerve and where it is recorded from.
        own: Option<(TestKind, String, String)>,
    },
    /// A value; `None` takes it away.
    Value {
        /// Which test.
        test: u32,
        /// Index of the site.
        site: usize,
        /// What.
        column: TypedColumn,
        /// In the column's unit.
        value: Option<f64>,
    },
    /// A site was stimulated without a response, or that is taken back.
    NoResponse {
        /// Which test.
        test: u32,
        /// Index of the site.
        site: usize,
        /// Without.
        on: bool,
    },
    /// Another site behind the last.
    AddSite {
        /// Which test.
        test: u32,
        /// Its name.
        name: String,
    },
    /// Takes a test away.
    Remove {
        /// Which.
        test: u32,
    },
}

/// A nerve test that may be typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NerveChoice {
    /// Its id.
    pub id: String,
    /// For people.
    pub name: String,
    /// Kind, in words.
    pub kind: String,
    /// Other words by which it is found.
    pub words: String,
}
