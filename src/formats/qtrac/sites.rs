//! `S/R sites:` of a Qtrac file: nerve, stimulus site and muscle in one short text.

use crate::model::{Side, Site};

/// What the text says, in the field's words.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) side: Option<Side>,
    pub(super) nerve: String,
    pub(super) stimulated: String,
    pub(super) muscle: String,
}

impl Place {
    /// The stimulus site as a list of one.
    pub(super) fn site(&self) -> Vec<Site> {
        vec![Site { name: self.stimulated.clone(), ..Site::default() }]
    }
}

/// `Median Wr-APB`, `CP Kn-TA`, `L Ulnar Wr-ADM`, `APB`. What is not known is taken as it stands.
pub(super) fn parse(text: &str) -> Place {
    let mut place = Place::default();
    for word in text.split_whitespace() {
        match (word.to_ascii_lowercase().as_str(), word.split_once('-')) {
            ("l" | "left", _) => place.side = Some(Side::Left),
            ("r" | "right", _) => place.side = Some(Side::Right),
            ("cp" | "peroneal", _) => place.nerve = "Peroneal".into(),
            (_, Some((site, muscle))) if !muscle.is_empty() => {
                place.stimulated = match site.to_ascii_lowercase().as_str() {
                    "wr" => "Wrist".into(),
                    "kn" => "Knee".into(),
                    "an" | "ank" => "Ankle".into(),
                    "el" | "elb" => "Elbow".into(),
                    _ => site.into(),
                };
                place.muscle = muscle.into();
            }
            _ => {
                // A muscle alone is written in capitals.
                let to = if word.len() <= 4 && word.chars().all(|c| c.is_ascii_uppercase()) { &mut place.muscle } else { &mut place.nerve };
                if !to.is_empty() {
                    to.push(' ');
                }
                to.push_str(word);
            }
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_real_files() {
        let place = |text| {
            let p = parse(text);
            [p.nerve, p.stimulated, p.muscle]
        };
        assert_eq!(place("Median Wr-APB"), ["Median", "Wrist", "APB"]);
        assert_eq!(place("CP Kn-TA"), ["Peroneal", "Knee", "TA"]);
        assert_eq!(place("APB"), ["", "", "APB"]);
        assert_eq!(place(""), ["", "", ""]);
        assert_eq!(place("caudal"), ["caudal", "", ""]);
        assert_eq!(parse("L Ulnar Wr-ADM").side, Some(Side::Left));
    }
}
