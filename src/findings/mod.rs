//! From numbers to an answer: where a nerve or muscle is damaged, how badly, since when; with what
//! speaks for it, and what the test cannot say.
//!
//! Every rule is a row of the reference (`norms::criteria`) and is named with what it says. Causes
//! are never concluded. The order is that of an experienced reader: what cannot be judged, anomalies,
//! junction and muscle, disease of many nerves, single nerves, then roots and plexus with what is left.

mod blocks;
mod case;
mod demyelination;
mod diffuse;
mod evidence;
mod fibular;
mod grades;
mod levels;
mod localise;
mod median;
mod multiplex;
mod muscle;
mod pitfalls;
mod reader;
mod seen;
mod signs;
mod stage;
mod tibial;
mod ulnar;
mod words;

use serde::{Deserialize, Serialize};

pub use case::{Case, Comparison, Jitter, Late, Motor, Needle, Response, Sensory, Step, Train};
pub use demyelination::Fit;
pub use evidence::{Evidence, is_late_of_leg, is_leg};
pub use localise::{Element, Found, Place, Ranked, rank};
pub use seen::Seen;
pub use stage::Severity;

use crate::model::Side;
use crate::norms::citation;
use crate::norms::criteria::criterion;
use reader::Reader;

/// Why something is concluded, and by which rule of the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The finding, with value and limit.
    pub words: String,
    /// Row of the criteria; empty: a value beyond its limit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// The rule's figures were not verified at their source.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unverified: bool,
    /// What it is a finding of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
}

/// A study or muscle of a side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Study or muscle of the reference.
    pub id: String,
    /// Side.
    pub side: Side,
}

impl Reason {
    fn new(rule: &str, words: impl Into<String>) -> Self {
        Self { words: words.into(), rule: rule.into(), unverified: criterion(rule).is_some_and(|row| row.unverified()), about: None }
    }

    /// What a muscle showed.
    fn of_muscle(rule: &str, muscle: &evidence::Muscle) -> Self {
        Self::new(rule, reader::seen(muscle)).about(&muscle.def.id, muscle.row.side)
    }

    /// Names the study or muscle that it is a finding of.
    fn about(mut self, id: &str, side: Side) -> Self {
        self.about = Some(About { id: id.to_owned(), side });
        self
    }
}

/// One conclusion, in the vocabulary of the case schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conclusion {
    /// `cts`, `cervical_radic`, `normal`; nerves that the vocabulary lacks are `<nerve>_neuropathy`.
    pub diagnosis: String,
    /// `R`, `L`, `bilateral`, `bilateral_distal`, `none`.
    pub side: String,
    /// Where, in words.
    pub localisation: String,
    /// `axonal`, `demyelinating`, `conduction_block`, `mixed`, ...
    pub pathophysiology: String,
    /// How bad.
    pub severity: Severity,
    /// `acute`, `subacute`, `chronic_ongoing`, `chronic_inactive`, `indeterminate`, `not_applicable`.
    pub chronicity: String,
    /// Published grades (`bland=4; padua=severe`), or `none`.
    pub scale: String,
    /// `definite`, `probable`, `possible`.
    pub certainty: Certainty,
    /// What speaks for it.
    pub because: Vec<Reason>,
    /// What speaks against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<String>,
    /// Where on the anatomical graph (a node, an edge or a known site), where it is at one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// How the values fit published sets of criteria.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fits: Vec<Fit>,
    /// What would settle it and was not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How sure a conclusion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// One of several explanations.
    Possible,
    /// The likeliest one, with a piece missing.
    Probable,
    /// What the rule asks for is there.
    Definite,
}

impl Certainty {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Probable => "probable",
            Self::Definite => "definite",
        }
    }
}

/// What is concluded from an examination.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// At least one.
    pub conclusions: Vec<Conclusion>,
    /// What weakens them, and what the test cannot say.
    pub caveats: Vec<String>,
    /// What was examined, by its place on the anatomical graph.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tested: Vec<Tested>,
    /// What the needle saw, muscle by muscle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub muscles: Vec<Seen>,
    /// The rules that are named, by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// A rule that something was concluded by, as the reference has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Row of the criteria.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Its conditions and what follows.
    pub words: Vec<String>,
    /// Its sources, cited.
    pub sources: Vec<String>,
    /// `read in the source`, `read in another text`, `recalled, not read again`.
    pub verified: String,
}

impl Rule {
    fn of(id: &str) -> Option<Self> {
        let row = criterion(id)?;
        let title = [&row.title, &row.name, &row.id].into_iter().find(|text| !text.is_empty())?;
        let mut words: Vec<String> = row.when.clone();
        words.extend([&row.recognise, &row.report, &row.statement].into_iter().filter(|text| !text.is_empty()).cloned());
        if !row.then.is_empty() {
            words.push(format!("Then: {}", row.then));
        }
        let verified = match row.verified.as_str() {
            "primary" => "read in the source",
            "secondary" => "read in another text",
            _ => "recalled, not read again in the source",
        };
        Some(Self {
            id: row.id.clone(),
            title: title.clone(),
            words,
            sources: row.source.iter().map(|key| citation(key).to_owned()).collect(),
            verified: format!("{verified}; confidence {}", row.confidence),
        })
    }
}

/// A muscle or a patch of skin that was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// Node of the anatomical graph.
    pub node: String,
    /// Side.
    pub side: Side,
    /// Something there was abnormal.
    pub abnormal: bool,
}

/// Concludes from a case; `ignored` is what could not be read of it.
pub fn conclude(case: &Case, ignored: Vec<String>) -> Answer {
    let evidence = Evidence::of(case);
    let mut reader = Reader::new(case, &evidence, ignored);
    reader.anomalies();
    reader.junction();
    reader.muscle_disease();
    reader.many_nerves();
    for side in reader::SIDES {
        reader.carpal_tunnel(side);
        reader.ulnar(side);
        reader.fibular(side);
        reader.tarsal_tunnel(side);
    }
    reader.motor_blocks();
    reader.levels();
    reader.several_nerves();
    reader.pitfalls();
    reader.finish()
}
