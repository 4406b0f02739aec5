//! Muscles of the needle examination with nerve and roots: found by name, other names, nerve, root,
//! and guessed from labels.
//!
//! Roots are majority teaching (the rows name their sources); charts disagree by a segment, so a
//! minor root is a possible one. Which roots are major was not read again in a source for any row.

use std::sync::OnceLock;

use serde::Deserialize;

use super::muscle_words::{SAME, WORDS};
use super::words::{holds, normal, pretty};

/// One muscle.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MuscleDef {
    /// Name in other tables.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Nerve (`deep_fibular`).
    pub nerve: String,
    /// The way from the root, proximal first.
    pub nerve_path: Vec<String>,
    /// `limb`, `paraspinal`, `trunk` or `cranial`.
    pub compartment: String,
    /// Part of the body (`forearm`, `hip`, `bulbar`).
    pub region: String,
    /// Place of its branch along the nerve, 1 the most proximal.
    pub branch_order: u32,
    /// Roots that supply most of it.
    pub roots_major: Vec<String>,
    /// Other roots that may.
    pub roots_minor: Vec<String>,
    /// Keys of its sources.
    pub source: Vec<String>,
    /// `high`, `medium` or `low`.
    pub confidence: String,
    /// `primary`, `secondary` or `recall`: of the roots.
    pub verified: String,
    /// The level is only about that (paraspinal muscles).
    #[serde(default)]
    pub level_is_approximate: bool,
    /// A remark.
    #[serde(default)]
    pub note: String,
}

impl MuscleDef {
    /// Nerve for people (`Deep fibular`).
    pub fn nerve_name(&self) -> String {
        pretty(&self.nerve)
    }

    /// Roots for people, the minor ones in brackets (`L5 (L4)`).
    pub fn roots(&self) -> String {
        let major = self.roots_major.join(" ");
        if self.roots_minor.is_empty() { major } else { format!("{major} ({})", self.roots_minor.join(" ")) }
    }

    /// Why nerve and roots are to be taken with care; empty: they were read again.
    pub fn doubt(&self) -> &'static str {
        match (self.verified.as_str(), self.confidence.as_str(), self.level_is_approximate) {
            (_, _, true) => "the level is approximate",
            ("recall", _, _) => "roots not verified at their source",
            (_, "low", _) => "sources disagree on the roots",
            _ => "",
        }
    }

    /// Short form as clinics write it (`TA`); the name where there is none.
    pub fn short(&self) -> String {
        let short = words_of(&self.id).first().filter(|word| word.len() <= 4 && !word.contains(' '));
        short.map_or_else(|| self.name.clone(), |word| word.to_uppercase())
    }
}

fn words_of(id: &str) -> &'static [&'static str] {
    WORDS.iter().find(|(of, _)| *of == id).map_or(&[], |(_, words)| words)
}

/// All muscles, in the order of an examination from the neck down.
pub fn muscles() -> &'static [MuscleDef] {
    static ALL: OnceLock<Vec<MuscleDef>> = OnceLock::new();
    ALL.get_or_init(|| serde_json::from_str(include_str!("data/muscles.json")).unwrap_or_default())
}

/// A muscle by its id.
pub fn muscle_by_id(id: &str) -> Option<&'static MuscleDef> {
    muscles().iter().find(|muscle| muscle.id == id)
}

/// How well a typed word fits a text: as a whole word 3, as the beginning of one 2, not 0.
fn fits(word: &str, text: &str) -> u32 {
    if text.split(' ').any(|own| own == word) {
        3
    } else if text.split(' ').any(|own| own.starts_with(word)) {
        2
    } else {
        0
    }
}

/// The text and its words in their other names.
fn with_same(text: &str) -> String {
    let mut all = normal(text);
    for (a, b) in SAME {
        if holds(&all, a) {
            all.push_str(&format!("{b} "));
        } else if holds(&all, b) {
            all.push_str(&format!("{a} "));
        }
    }
    all
}

/// What the typed words say of a muscle; `None` when one of them does not fit. A short form counts
/// most, then the name, other names, the nerve, a major root, a minor one.
fn rank(muscle: &MuscleDef, words: &[&str]) -> Option<u32> {
    let name = with_same(&muscle.name);
    let nerve = with_same(&muscle.nerve);
    let path = with_same(&muscle.nerve_path.join(" "));
    let others = words_of(&muscle.id);
    let all = words.join(" ");
    let mut total = if others.first().is_some_and(|short| *short == all) {
        2000
    } else if others.contains(&all.as_str()) {
        1000
    } else if name.trim_start().starts_with(&all) {
        500
    } else {
        0
    };
    for word in words {
        let root = |roots: &[String]| roots.iter().any(|root| root.eq_ignore_ascii_case(word));
        let part = [
            60 * fits(word, &name),
            50 * others.iter().map(|other| fits(word, other)).max().unwrap_or(0),
            30 * fits(word, &nerve),
            15 * fits(word, &path),
            if root(&muscle.roots_major) { 400 } else { 0 },
            if root(&muscle.roots_minor) { 200 } else { 0 },
        ];
        let best = part.into_iter().max().filter(|best| *best > 0)?;
        total += best;
    }
    Some(total)
}

/// Muscles that fit what was typed, the best first; all in their order when nothing was.
pub fn find_muscles(typed: &str) -> Vec<&'static MuscleDef> {
    let typed = normal(typed);
    let words: Vec<&str> = typed.split_whitespace().take(8).collect();
    if words.is_empty() {
        return muscles().iter().collect();
    }
    let mut found: Vec<(u32, usize)> = muscles().iter().enumerate().filter_map(|(at, muscle)| Some((rank(muscle, &words)?, at))).collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    found.into_iter().filter_map(|(_, at)| muscles().get(at)).collect()
}

/// Short forms of two letters that mean nothing else in a label.
const CLEAR: [&str; 6] = ["ta", "tp", "vl", "vm", "mg", "lg"];

/// Muscles that labels name (channel, recording, annotations), the likeliest first, at most nine.
/// Labels are in the order of how much they count.
pub fn guess_muscles(labels: &[&str]) -> Vec<&'static MuscleDef> {
    let mut found: Vec<(usize, usize, usize)> = Vec::new();
    for (order, label) in labels.iter().enumerate() {
        let label = with_same(label);
        for (at, muscle) in muscles().iter().enumerate() {
            let name = normal(&muscle.name);
            let own = normal(&muscle.id);
            let names = [name.trim(), own.trim()].into_iter().chain(words_of(&muscle.id).iter().copied());
            // The longest name that stands there says most: `biceps femoris` before `biceps`.
            let told = |name: &&str| name.len() > 2 || CLEAR.contains(name);
            let longest = names.filter(told).filter(|name| holds(&label, name)).map(str::len).max();
            if let Some(length) = longest.filter(|_| !found.iter().any(|(_, _, known)| *known == at)) {
                found.push((order, length, at));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
    found.truncate(9);
    found.into_iter().filter_map(|(_, _, at)| muscles().get(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::{find_muscles, guess_muscles, muscle_by_id, muscles};
    use crate::norms::citation;

    fn first(typed: &str) -> &'static str {
        find_muscles(typed).first().map_or("", |muscle| &muscle.id)
    }

    #[test]
    fn all_rows_are_read_with_sources_and_other_words() {
        assert_eq!(muscles().len(), 101);
        assert!(muscles().iter().all(|muscle| muscle.source.iter().all(|key| citation(key) != key)));
        for (id, _) in super::WORDS {
            assert!(muscle_by_id(id).is_some(), "{id}");
        }
        assert_eq!(muscle_by_id("tibialis_anterior").unwrap().roots(), "L5 (L4)");
        assert_eq!(muscle_by_id("tibialis_anterior").unwrap().short(), "TA");
        assert!(!muscle_by_id("lumbosacral_paraspinal_low").unwrap().doubt().is_empty());
    }

    #[test]
    fn short_forms_names_old_and_new_words_lead_there() {
        for (typed, id) in [
            ("TA", "tibialis_anterior"),
            ("tib ant", "tibialis_anterior"),
            ("apb", "abductor_pollicis_brevis"),
            ("peroneus longus", "fibularis_longus"),
            ("fibularis longus", "fibularis_longus"),
            ("per long", "fibularis_longus"),
            ("delt", "deltoid_middle"),
            ("biceps", "biceps_brachii"),
            ("biceps fem sh", "biceps_femoris_short"),
            ("fdi", "first_dorsal_interosseous"),
            ("vastus med", "vastus_medialis"),
            ("tongue", "genioglossus"),
        ] {
            assert_eq!(first(typed), id, "{typed}");
        }
        assert!(find_muscles("no such muscle").is_empty());
        assert_eq!(find_muscles("").len(), 101);
        assert_eq!(find_muscles("\u{0}\u{ffff} \u{301}").len(), 101, "signs alone say nothing");
    }

    #[test]
    fn a_root_lists_its_muscles_the_major_ones_first() {
        let found = find_muscles("L5");
        let major = found.iter().take_while(|muscle| muscle.roots_major.iter().any(|root| root == "L5")).count();
        assert!(major >= 14, "{major}");
        assert!(found[major..].iter().all(|muscle| muscle.roots_minor.iter().any(|root| root == "L5")));
        assert!(found.len() > major);
        let ulnar = find_muscles("ulnar C8");
        assert!(
            ulnar.len() >= 6 && ulnar.iter().all(|muscle| muscle.nerve_path.join(" ").contains("ulnar") || muscle.name.contains("ulnar"))
        );
        assert!(find_muscles("deep peroneal").iter().all(|muscle| muscle.nerve == "deep_fibular"));
        assert!(find_muscles("deep peroneal").len() >= 5);
    }

    #[test]
    fn labels_name_their_muscle() {
        let first = |labels: &[&str]| guess_muscles(labels).first().map_or("", |muscle| &muscle.id);
        assert_eq!(first(&["EMG", "Left tibialis anterior"]), "tibialis_anterior");
        assert_eq!(first(&["EMG R_Biceps femoris (short head)"]), "biceps_femoris_short");
        assert_eq!(first(&["L Biceps"]), "biceps_brachii");
        assert_eq!(first(&["needle TA", "Right deltoid"]), "tibialis_anterior");
        assert_eq!(first(&["EMG 1", "Untitled"]), "");
    }
}
