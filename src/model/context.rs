//! What a doctor who refers a person says of them, and what the examiner has to know of them: why the
//! test was asked for, what else matters to it. Plain data; nothing is concluded from free text.

use serde::{Deserialize, Serialize};

use super::Side;

/// Longest of the free texts, characters.
pub const LONGEST_CONTEXT: usize = 2_000;

/// Who was sent, and why. An empty value says nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// Weight, kg.
    pub weight_kg: Option<f64>,
    /// From the crease of the knee to the medial malleolus, cm: what an H reflex is expected by.
    pub leg_length_cm: Option<f64>,
    /// The hand that the person prefers.
    pub hand: Option<Sided>,
    /// The side that the complaints are on.
    pub affected: Option<Sided>,
    /// Day of the first symptom, ISO 8601.
    pub onset: Option<String>,
    /// The question that the test is to answer.
    pub question: String,
    /// What happened so far, and what the examination found.
    pub history: String,
    /// Medication that matters to the test.
    pub medication: String,
    /// Implanted devices.
    pub implants: String,
}

/// A side, or both of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sided {
    /// Both alike.
    Both,
    /// One of them.
    #[serde(untagged)]
    One(Side),
}

impl Sided {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::One(Side::Left), Self::One(Side::Right), Self::Both];

    /// In words, and its name in forms.
    pub const fn word(self) -> &'static str {
        match self {
            Self::One(Side::Left) => "left",
            Self::One(Side::Right) => "right",
            Self::Both => "both",
        }
    }
}

impl Context {
    /// The free texts by their names, those that say something: each may tell who was examined.
    pub fn texts(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("Question", &self.question),
            ("History and findings", &self.history),
            ("Medication that matters", &self.medication),
            ("Implanted devices", &self.implants),
        ];
        all.into_iter().map(|(name, text)| (name, text.trim())).filter(|(_, text)| !text.is_empty()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_plainly_and_read_from_anything_older() {
        let context = Context { hand: Some(Sided::One(Side::Left)), affected: Some(Sided::Both), ..Context::default() };
        let json = serde_json::to_string(&context).unwrap();
        assert!(json.contains("\"hand\":\"left\"") && json.contains("\"affected\":\"both\""), "{json}");
        assert_eq!(serde_json::from_str::<Context>(&json).unwrap(), context);
        assert_eq!(serde_json::from_str::<Context>("{}").unwrap(), Context::default());
    }

    #[test]
    fn texts_that_say_nothing_are_not_listed() {
        let context = Context { question: " CTS? ".into(), history: "  \n".into(), ..Context::default() };
        assert_eq!(context.texts(), [("Question", "CTS?")]);
    }
}
