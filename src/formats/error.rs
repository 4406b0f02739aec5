//! Why a file cannot be read.

use serde::{Deserialize, Serialize};

use super::SourceError;

/// A refusal, with what, where and (in the words) what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReadError {
    /// The bytes contradict the format.
    #[error("{what} (byte {offset})")]
    Malformed {
        /// What is wrong, naming the field.
        what: String,
        /// Byte offset in the file concerned.
        offset: u64,
    },
    /// A legal file that uses something which is not read here.
    #[error("{feature} is not supported")]
    Unsupported {
        /// The feature.
        feature: String,
    },
    /// A size beyond what a reader is willing to take in.
    #[error("{what} exceeds the limit of {max}")]
    Limit {
        /// What is too large.
        what: String,
        /// The limit.
        max: u64,
    },
    /// No reader knows the content.
    #[error("{what}")]
    NotThisFormat {
        /// What was seen instead.
        what: String,
    },
    /// A file that belongs to the recording was not given.
    #[error("{file} belongs to this recording and is missing: open it together with the others")]
    Missing {
        /// Name of the missing file.
        file: String,
    },
    /// Something only a person knows is needed; opening again with it in the options succeeds.
    #[error("{what}")]
    NeedsInput {
        /// What is needed, and why.
        what: String,
        /// The field of `OpenOptions` that answers it (`fs_hz`).
        option: String,
    },
    /// The bytes could not be obtained at all.
    #[error("reading failed at byte {offset}: {what}")]
    Source {
        /// What the source said.
        what: String,
        /// Byte offset.
        offset: u64,
    },
}

impl ReadError {
    /// Shorthand for [`ReadError::Malformed`].
    pub fn malformed(offset: u64, what: impl Into<String>) -> Self {
        Self::Malformed { what: what.into(), offset }
    }

    /// Short name of the kind, as printed by `info --json`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Unsupported { .. } => "unsupported",
            Self::Limit { .. } => "limit",
            Self::NotThisFormat { .. } => "not_this_format",
            Self::Missing { .. } => "missing",
            Self::NeedsInput { .. } => "needs_input",
            Self::Source { .. } => "source",
        }
    }

    /// Byte offset, when there is one.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Malformed { offset, .. } | Self::Source { offset, .. } => Some(*offset),
            _ => None,
        }
    }
}

impl From<SourceError> for ReadError {
    fn from(error: SourceError) -> Self {
        Self::Source { what: error.what, offset: error.offset }
    }
}
