//! Which study a test is, guessed from labels and annotations; a person confirms it.

use super::studies::{StudyDef, by_id, studies};
use super::words::{holds, names_nerve, names_recording, normal, site_of};
use crate::model::{NerveTest, Side, TestKind};

/// Weights of what speaks for a study.
const NERVE: i32 = 6;
const RECORDING: i32 = 5;
const KIND: i32 = 3;
const SITE: i32 = 1;
/// Guesses with less are not worth a key.
const LEAST: i32 = 5;

/// A study that a test may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guess {
    /// The study.
    pub study: &'static str,
    /// What speaks for it.
    pub score: i32,
    /// The same in words (`nerve, recording`).
    pub why: String,
}

impl Guess {
    /// The study that nerve and recording name beyond doubt: more than nerve and kind speak for
    /// it, and clearly more than for the next.
    pub fn clear(guesses: &[Self]) -> Option<&'static str> {
        let [first, rest @ ..] = guesses else { return None };
        // Of two studies of one nerve and one muscle the sites decide.
        let like = |guess: &Self| {
            let of = |id: &str| by_id(id).map(|study| (&study.nerve, study.recorded_from()));
            of(guess.study) == of(first.study)
        };
        let apart = rest.first().is_none_or(|next| first.score >= next.score + if like(next) { 1 } else { RECORDING });
        (first.score >= NERVE + RECORDING && apart).then_some(first.study)
    }
}

/// Texts beside the test's own that may tell what it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// Name or description of the recording.
    pub recording: &'a str,
    /// Name of the channel.
    pub channel: &'a str,
    /// Texts of annotations near the sweeps.
    pub annotations: &'a [String],
}

/// Studies that a test may be, the likeliest first, at most nine (one a digit key).
pub fn guess(test: &NerveTest, hints: Hints) -> Vec<Guess> {
    let sites: Vec<&str> = test.sites.iter().map(|site| site.name.as_str()).collect();
    let all = [test.nerve.as_str(), &test.recorded_from, hints.recording, hints.channel, &sites.join(" "), &hints.annotations.join(" ")];
    let text = normal(&all.join(" "));
    let mut found: Vec<Guess> = studies().iter().filter_map(|study| score(study, test, &text)).collect();
    found.sort_by(|a, b| b.score.cmp(&a.score).then(a.study.cmp(b.study)));
    found.truncate(9);
    found
}

fn score(study: &'static StudyDef, test: &NerveTest, text: &str) -> Option<Guess> {
    let (mut score, mut why) = (0, Vec::new());
    if names_nerve(&study.nerve, text) {
        score += NERVE;
        why.push("nerve");
    }
    if names_recording(study.recorded_from(), text) {
        score += RECORDING;
        why.push("recording");
    }
    let ids: Vec<&str> = study.sites.iter().map(|site| site.id.as_str()).collect();
    let named = test.sites.iter().filter(|site| site_of(&site.name, &ids).is_some()).count();
    if named > 0 {
        score += SITE * named as i32;
        why.push("sites");
    }
    let motor_like = !matches!(test.kind, TestKind::Sensory | TestKind::Sep);
    match test.kind {
        TestKind::Unknown => {}
        _ if (study.test_kind() == TestKind::Motor) == motor_like => score += KIND,
        _ => return None,
    }
    if study.kind == "mixed" && (holds(text, "mixed") || holds(text, "palmar") || holds(text, "plantar")) {
        score += KIND;
        why.push("mixed");
    }
    let told = why.iter().any(|why| matches!(*why, "nerve" | "recording"));
    (score >= LEAST && told).then(|| Guess { study: &study.id, score, why: why.join(", ") })
}

/// The side that a label names.
pub fn side_of(text: &str) -> Option<Side> {
    let text = normal(text);
    let any = |words: &[&str]| words.iter().any(|word| holds(&text, word));
    match (any(&["l", "left", "lt", "links", "li"]), any(&["r", "right", "rt", "rechts", "re"])) {
        (true, false) => Some(Side::Left),
        (false, true) => Some(Side::Right),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Hints, guess, side_of};
    use crate::model::{NerveTest, Side, Site, TestKind};

    fn test(kind: TestKind, nerve: &str, from: &str, sites: &[&str]) -> NerveTest {
        let sites = sites.iter().map(|name| Site { name: (*name).into(), ..Site::default() }).collect();
        NerveTest { kind, nerve: nerve.into(), recorded_from: from.into(), sites, ..NerveTest::default() }
    }

    fn first(test: &NerveTest, hints: Hints) -> &'static str {
        guess(test, hints).first().map_or("", |guess| guess.study)
    }

    #[test]
    fn labels_lead_to_their_study() {
        let none = Hints::default();
        assert_eq!(first(&test(TestKind::Motor, "Median", "APB", &["Wrist", "Elbow"]), none), "median_motor_apb");
        assert_eq!(first(&test(TestKind::Motor, "Ulnar", "", &["Wrist", "B.Elbow", "A.Elbow"]), none), "ulnar_motor_adm");
        assert_eq!(first(&test(TestKind::Sensory, "", "Second Finger", &["StimA"]), none), "median_sensory_d2");
        assert_eq!(first(&test(TestKind::Unknown, "", "EDB", &[]), none), "fibular_motor_edb");
        assert_eq!(first(&test(TestKind::Sensory, "Sural", "Ankle", &[]), none), "sural");
        let hints = Hints { recording: "MNC_L_Median_Nerve", channel: "NC L_APB", annotations: &[] };
        assert_eq!(first(&test(TestKind::Unknown, "", "", &["StimA", "StimB"]), hints), "median_motor_apb");
        assert_eq!(first(&test(TestKind::Unknown, "", "Ch 1", &[]), none), "");
    }

    #[test]
    fn sides() {
        assert_eq!(side_of("NC L_APB"), Some(Side::Left));
        assert_eq!(side_of("right median"), Some(Side::Right));
        assert_eq!(side_of("L and R"), None);
        assert_eq!(side_of("APB"), None);
    }
}
