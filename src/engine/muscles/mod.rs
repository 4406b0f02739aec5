//! The table of the needle examination: what a person types, and the findings of analysed stretches.
//!
//! [`rows`] changes it, [`collect`] takes in findings so that none is counted twice, [`cells`] and
//! [`units`] say what cells show, here it becomes what the page sees.

mod cells;
mod collect;
mod rows;
mod units;

use serde::{Deserialize, Serialize};

use super::protocol::{
    ActivityView, Buffer, CellBy, Event, MuscleCellView, MuscleChoice, MuscleEdit, MuscleRowView, NeedleView, OriginView, Output,
};
use super::session::Session;
use crate::model::{Edits, MuscleColumn, MuscleRow, MuscleStretch, OwnMuscle, Recording, Side, StretchOrigin, Study, WhichMuscle};
use crate::norms::{self, MuscleDef, Person, find_muscles, guess_muscles, muscle_by_id, side_of};
pub(super) use cells::Derived;

/// Muscles sent at most in answer to what is typed.
const LISTED: usize = 30;
/// Annotations of a recording that are read for hints.
const ANNOTATIONS: usize = 50;

/// Does one edit.
///
/// # Errors
/// A sentence when it makes no sense.
pub(super) fn apply(session: &mut Session, change: MuscleEdit) -> Result<(), String> {
    let person = session.person();
    rows::apply(&mut session.edits.muscles, change, session.analysed.as_ref(), &person)
}

/// The listed muscle of a row.
fn listed(muscle: &WhichMuscle) -> Option<&'static MuscleDef> {
    match muscle {
        WhichMuscle::Listed(id) => muscle_by_id(id),
        WhichMuscle::Own(_) => None,
    }
}

/// The table as it is shown.
pub(super) fn view(rows: &[MuscleRow], recordings: &[Recording], person: &Person) -> NeedleView {
    let next = rows::next(rows);
    NeedleView { rows: rows.iter().map(|row| row_view(row, recordings, person)).collect(), next }
}

fn row_view(row: &MuscleRow, recordings: &[Recording], person: &Person) -> MuscleRowView {
    let muscle = listed(&row.muscle);
    let (name, nerve, roots, doubt) = match (&row.muscle, muscle) {
        (WhichMuscle::Listed(_), Some(muscle)) => (muscle.name.clone(), muscle.nerve_name(), muscle.roots(), muscle.doubt().to_owned()),
        (WhichMuscle::Listed(id), None) => (norms::pretty(id), String::new(), String::new(), "not in the list of muscles".to_owned()),
        (WhichMuscle::Own(own), _) => (own.name.clone(), own.nerve.clone(), own.roots.clone(), String::new()),
    };
    let cells = MuscleColumn::ALL.into_iter().map(|column| cell_view(row, column, cells::derive(row, column, muscle, person)));
    let stretches = row.stretches.iter().map(|stretch| OriginView {
        origin: stretch.origin,
        words: stretch_words(&stretch.origin, recordings),
        method: stretch.method.clone(),
    });
    let (potentials, units) = units::table(row, muscle, person);
    MuscleRowView {
        id: row.id,
        muscle: row.muscle.clone(),
        side: row.side,
        name,
        nerve,
        roots,
        doubt,
        cells: cells.collect(),
        stretches: stretches.collect(),
        potentials,
        units,
    }
}

/// A cell: what a person typed, else what the analyses say.
fn cell_view(row: &MuscleRow, column: MuscleColumn, derived: Derived) -> MuscleCellView {
    let Derived { value, numbers, limit, abnormal, why, doubt, source, from } = derived;
    let nothing = value.is_empty() && numbers.is_empty();
    let found = MuscleCellView {
        by: if nothing { CellBy::Nobody } else { CellBy::Analysis },
        value,
        numbers,
        limit,
        abnormal,
        why,
        doubt,
        source,
        offered: String::new(),
        from,
    };
    match row.typed.get(&column) {
        Some(typed) => MuscleCellView {
            by: CellBy::Hand,
            abnormal: column.is_abnormal(typed),
            offered: if found.value == *typed { String::new() } else { found.value },
            value: typed.clone(),
            doubt: String::new(),
            ..found
        },
        None => found,
    }
}

fn stretch_words(origin: &StretchOrigin, recordings: &[Recording]) -> String {
    let recording = recordings.get(origin.recording);
    let channel = recording.and_then(|recording| recording.channels.get(origin.channel)).map_or("", |channel| &channel.name);
    let file = recording.filter(|_| recordings.len() > 1).map(|recording| format!("{}, ", recording.name)).unwrap_or_default();
    format!("{}: {file}{channel} {:.1} to {:.1} s", origin.task.name(), origin.from_s, origin.to_s)
}

/// The table of a person's edits; `None` while there is none.
pub fn of_edits(edits: &Edits, study: &Study) -> Option<NeedleView> {
    let person = super::view::person(edits, &study.subject);
    (!edits.muscles.is_empty()).then(|| view(&edits.muscles, &study.recordings, &person))
}

/// The exported file: the table as it is shown, and the edits that it is made of.
#[derive(Serialize)]
struct NeedleFile<'a> {
    needle: NeedleView,
    edits: NeedleEdits<'a>,
}

/// Of the edits what the table depends on.
#[derive(Serialize)]
struct NeedleEdits<'a> {
    height_cm: Option<f64>,
    age_years: Option<f64>,
    sex: &'a Option<String>,
    muscles: &'a [MuscleRow],
}

/// Edits out of an exported file.
///
/// # Errors
/// A sentence when the bytes are no such file.
pub fn read_edits(bytes: &[u8]) -> Result<Edits, String> {
    #[derive(Deserialize)]
    struct File {
        edits: Edits,
    }
    serde_json::from_slice::<File>(bytes).map(|file| file.edits).map_err(|error| format!("no table of muscles: {error}"))
}

impl Session {
    pub fn needle_view(&self) -> NeedleView {
        view(&self.edits.muscles, &self.acquired.recordings, &self.person())
    }

    /// Keeps what an analysis that is done adds to the table; an analysis that adds nothing leaves
    /// nothing to enter.
    pub fn remember(&mut self, view: &ActivityView) {
        let key = view.key;
        let origin = StretchOrigin {
            recording: key.recording,
            channel: key.channel,
            minus: key.minus,
            turned: key.turned,
            task: key.task,
            from_s: key.from_s,
            to_s: key.to_s,
        };
        let findings = view.measurement.findings.clone();
        self.analysed = findings.map(|findings| MuscleStretch { origin, method: view.measurement.method.clone(), findings });
    }

    /// Answers what is typed into the search for a muscle.
    pub fn muscles(&self, typed: String, at: Option<(usize, usize)>, out: &mut dyn FnMut(Output)) {
        let (words, mut side) = sided(&typed);
        let mut list: Vec<MuscleChoice> = Vec::new();
        if words.trim().is_empty() {
            let (guessed, labelled) = at.map(|at| self.guessed_muscles(at)).unwrap_or_default();
            side = side.or(labelled);
            list.extend(guessed);
        }
        if list.is_empty() {
            let plain = words.split('/').next().unwrap_or_default();
            list.extend(find_muscles(plain).into_iter().take(LISTED).map(choice));
        }
        list.extend(own(&words).map(own_choice));
        out(Event::Muscles { typed, side, list }.into());
    }

    /// Muscles of a lane: that of rows which have findings of it already, then those that labels name.
    fn guessed_muscles(&self, (recording, channel): (usize, usize)) -> (Vec<MuscleChoice>, Option<Side>) {
        let of_lane = |row: &&MuscleRow| {
            row.stretches.iter().any(|stretch| (stretch.origin.recording, stretch.origin.channel) == (recording, channel))
        };
        let known = self.edits.muscles.iter().rev().find(of_lane);
        let mut list: Vec<MuscleChoice> = known.map(|row| of_which(&row.muscle)).into_iter().collect();
        let Some(source) = self.acquired.recordings.get(recording) else { return (list, None) };
        let annotations = source.annotations.iter().take(ANNOTATIONS).map(|annotation| annotation.text.as_str());
        let name = source.channels.get(channel).map_or("", |channel| &channel.name);
        let labels: Vec<&str> = [name, &source.name, &source.description].into_iter().chain(annotations).collect();
        for muscle in guess_muscles(&labels).into_iter().map(choice) {
            if !list.contains(&muscle) {
                list.push(muscle);
            }
        }
        let side = known.and_then(|row| row.side).or_else(|| labels.iter().take(3).find_map(|label| side_of(label)));
        (list, side)
    }

    /// The table as a JSON file.
    pub fn export_needle(&self, out: &mut dyn FnMut(Output)) {
        let (edits, person) = (&self.edits, self.person_view());
        // Who was examined is part of the limits, whoever said it.
        let sex = Some(person.sex).filter(|sex| !sex.is_empty());
        let edits = NeedleEdits { height_cm: person.height_cm, age_years: person.age_years, sex: &sex, muscles: &edits.muscles };
        let file = NeedleFile { needle: self.needle_view(), edits };
        match serde_json::to_vec_pretty(&file) {
            Ok(json) => {
                let names = vec!["myoscope-needle.json".to_owned()];
                out(Output { event: Event::Exported { names, warnings: Vec::new() }, buffers: vec![Buffer::Bytes(json)] });
            }
            Err(error) => super::failed(out, format!("The table was not exported: {error}.")),
        }
    }
}

fn choice(muscle: &'static MuscleDef) -> MuscleChoice {
    MuscleChoice {
        muscle: WhichMuscle::Listed(muscle.id.clone()),
        name: muscle.name.clone(),
        nerve: muscle.nerve_name(),
        roots: muscle.roots(),
    }
}

fn own_choice(own: OwnMuscle) -> MuscleChoice {
    MuscleChoice { name: own.name.clone(), nerve: own.nerve.clone(), roots: own.roots.clone(), muscle: WhichMuscle::Own(own) }
}

fn of_which(muscle: &WhichMuscle) -> MuscleChoice {
    match (muscle, listed(muscle)) {
        (_, Some(muscle)) => choice(muscle),
        (WhichMuscle::Own(own), None) => own_choice(own.clone()),
        (WhichMuscle::Listed(id), None) => own_choice(OwnMuscle { name: norms::pretty(id), ..OwnMuscle::default() }),
    }
}

/// The words without the side, and the side: a single L or R at the beginning or end, beside words.
fn sided(typed: &str) -> (String, Option<Side>) {
    let mut words: Vec<&str> = typed.split_whitespace().collect();
    let side = |word: &str| match word.to_lowercase().as_str() {
        "l" | "left" => Some(Side::Left),
        "r" | "right" => Some(Side::Right),
        _ => None,
    };
    if words.len() < 2 {
        return (typed.to_owned(), None);
    }
    if let Some(found) = words.first().and_then(|word| side(word)) {
        words.remove(0);
        return (words.join(" "), Some(found));
    }
    match words.last().and_then(|word| side(word)) {
        Some(found) => {
            words.pop();
            (words.join(" "), Some(found))
        }
        None => (typed.to_owned(), None),
    }
}

/// `name / nerve / roots` as a muscle of one's own.
fn own(typed: &str) -> Option<OwnMuscle> {
    let mut parts = typed.split('/').map(rows::cleaned);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let (nerve, roots) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    Some(OwnMuscle { name, nerve, roots })
}

#[cfg(test)]
mod tests {
    use super::{own, sided};
    use crate::model::Side;

    #[test]
    fn a_side_is_a_single_letter_beside_words() {
        assert_eq!(sided("l ta"), ("ta".to_owned(), Some(Side::Left)));
        assert_eq!(sided("tib ant R"), ("tib ant".to_owned(), Some(Side::Right)));
        assert_eq!(sided("L5"), ("L5".to_owned(), None));
        assert_eq!(sided("l"), ("l".to_owned(), None));
        assert_eq!(sided("  "), ("  ".to_owned(), None));
    }

    #[test]
    fn a_muscle_of_ones_own_has_nerve_and_roots_behind_slashes() {
        let muscle = own("Sternalis / pectoral / C8 T1").unwrap();
        assert_eq!((muscle.name.as_str(), muscle.nerve.as_str(), muscle.roots.as_str()), ("Sternalis", "pectoral", "C8 T1"));
        assert_eq!(own(" / x"), None);
        assert_eq!(own("Sternalis").unwrap().nerve, "");
    }
}
