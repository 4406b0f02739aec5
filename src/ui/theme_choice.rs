//! Light, dark, high contrast: as the system asks, or as a person chose.

use crate::web::page;

/// Theme as the person chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThemeChoice {
    /// As the system asks.
    System,
    /// Light.
    Paper,
    /// Dark.
    Scope,
    /// High contrast.
    Contrast,
}

impl ThemeChoice {
    /// Value of `data-theme`.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Paper => Some("paper"),
            Self::Scope => Some("scope"),
            Self::Contrast => Some("contrast"),
        }
    }

    /// The next one of the cycle.
    pub fn next(self) -> Self {
        match self {
            Self::System => {
                if page::prefers_dark() {
                    Self::Paper
                } else {
                    Self::Scope
                }
            }
            Self::Paper => Self::Scope,
            Self::Scope => Self::Contrast,
            Self::Contrast => Self::Paper,
        }
    }

    /// As it was chosen last time in this browser.
    pub fn kept() -> Self {
        match page::setting("theme").as_deref() {
            Some("paper") => Self::Paper,
            Some("scope") => Self::Scope,
            Some("contrast") => Self::Contrast,
            _ => Self::System,
        }
    }
}
