//! Conclusions in the words of a report: for a referring doctor, and for the patient. Never a cause.

use crate::findings::{Certainty, Conclusion, Severity};
use crate::model::MuscleColumn;
use crate::report::Fact;

use crate::engine::protocol::{MuscleRowView, NeedleView};

/// The first letter as a capital.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Words as a sentence: a capital in front, one full stop behind.
pub fn sentence(words: &str) -> String {
    let words = words.trim();
    if words.is_empty() || words.ends_with(['.', '!', '?']) { capital(words) } else { format!("{}.", capital(words)) }
}

/// A conclusion that speaks of a lesion.
pub fn of_lesion(done: &Conclusion) -> bool {
    !matches!(done.diagnosis.as_str(), "normal" | "no_conclusion" | "technical")
}

/// The conclusion in one sentence.
pub fn answer(done: &Conclusion) -> String {
    match done.diagnosis.as_str() {
        "normal" => "Nothing abnormal was found in what was tested.".into(),
        "no_conclusion" if done.because.is_empty() => "Nothing was examined from which something could be concluded.".into(),
        "no_conclusion" => "Single values are abnormal, but they fit no pattern from which something could be concluded.".into(),
        "technical" => "The study is technically limited: it cannot be judged.".into(),
        diagnosis if diagnosis.starts_with("anomaly") => sentence(&done.title()),
        _ => {
            let side = match done.side_word() {
                "" => String::new(),
                word => format!(", {word}"),
            };
            let degree = match done.severity {
                Severity::None | Severity::NotGraded => String::new(),
                severity => format!(", {}", severity.word()),
            };
            let sure = match done.certainty {
                Certainty::Definite => "",
                Certainty::Probable => "Probably: ",
                Certainty::Possible => "Possibly: ",
            };
            sentence(&format!("{sure}{}{side}{degree}", done.title()))
        }
    }
}

/// What stands below it, in one sentence; empty where there is nothing to add.
pub fn behind(done: &Conclusion) -> String {
    let kind = done.kind_words();
    let time = match done.time_words() {
        "age not determined" | "" => "",
        words => words,
    };
    match (kind, time) {
        ("", "") => String::new(),
        ("", words) | (words, "") => sentence(words),
        (kind, time) => sentence(&format!("{kind}; {time}")),
    }
}

/// Facts of one conclusion.
pub fn facts(done: &Conclusion, needle: &NeedleView) -> Vec<Fact> {
    let mut out = Vec::new();
    let side = done.side_word();
    let place = match (done.localisation.as_str(), side) {
        ("none" | "", side) => side.to_owned(),
        (place, "") => place.to_owned(),
        (place, side) => format!("{place}, {side}"),
    };
    if !place.is_empty() {
        out.push(Fact::new("Where", &place, ""));
    }
    let grades = if done.scale == "none" { String::new() } else { done.scale.replace('=', " ").replace(';', ",") };
    match done.severity {
        Severity::None => {}
        severity => out.push(Fact::new("How severe", severity.word(), grades)),
    }
    if !done.kind_words().is_empty() {
        out.push(Fact::new("Kind", done.kind_words(), ""));
    }
    out.push(ongoing(needle));
    let age = match done.time_words() {
        "" | "age not determined" => "age of the lesion: cannot be told",
        words => words,
    };
    let reinnervated = reinnervation(needle);
    out.push(Fact {
        note: if reinnervated.note.is_empty() { age.to_owned() } else { format!("{}; {age}", reinnervated.note) },
        ..reinnervated
    });
    out.push(Fact::new("How certain", done.certainty.word(), format!("{}: {}", done.certainty.phrase(), count(done))));
    out
}

fn count(done: &Conclusion) -> String {
    let plural = |n: usize| if n == 1 { "finding" } else { "findings" };
    let (pro, contra) = (done.because.len(), done.against.len());
    let against = if contra == 0 { "none against".to_owned() } else { format!("{contra} against") };
    format!("{pro} {} for, {against}", plural(pro))
}

/// A cell of a row.
fn says(row: &MuscleRowView, column: MuscleColumn) -> &str {
    let at = MuscleColumn::ALL.iter().position(|other| *other == column);
    at.and_then(|at| row.cells.get(at)).map_or("", |cell| cell.value.as_str())
}

fn muscles_with(needle: &NeedleView, shows: impl Fn(&MuscleRowView) -> bool) -> Vec<String> {
    needle.rows.iter().filter(|row| shows(row)).map(MuscleRowView::title).collect()
}

/// Present in these muscles, absent, or not tested.
fn presence(name: &str, found: &[String], examined: usize, all: usize) -> Fact {
    let some = |list: &[String]| match list {
        [first, second, third, rest @ ..] if !rest.is_empty() => format!("{first}, {second}, {third} and {} more", rest.len()),
        list => list.join(", "),
    };
    match (found.is_empty(), examined) {
        (false, _) => Fact::new(name, "present", some(found)),
        (true, 0) => Fact::new(name, "not tested", if all == 0 { "no muscle was examined" } else { "not noted in any muscle" }),
        (true, n) => Fact::new(name, "absent", format!("in {n} of {all} muscles examined")),
    }
}

fn ongoing(needle: &NeedleView) -> Fact {
    use MuscleColumn::{Fibrillation, PositiveWaves};
    let columns = [Fibrillation, PositiveWaves];
    let found = muscles_with(needle, |row| columns.iter().any(|column| column.is_abnormal(says(row, *column))));
    let looked = muscles_with(needle, |row| columns.iter().any(|column| !says(row, *column).is_empty()));
    presence("Ongoing denervation", &found, looked.len(), needle.rows.len())
}

fn reinnervation(needle: &NeedleView) -> Fact {
    use MuscleColumn::{Amplitude, Duration, Polyphasia};
    let columns = [Amplitude, Duration, Polyphasia];
    let found = muscles_with(needle, |row| columns.iter().any(|column| says(row, *column) == "increased"));
    let looked = muscles_with(needle, |row| columns.iter().any(|column| !says(row, *column).is_empty()));
    presence("Signs of reinnervation", &found, looked.len(), needle.rows.len())
}

/// The conclusion for the person examined.
pub fn plain(done: &Conclusion) -> String {
    let side = match done.side.as_str() {
        "R" => " on the right side",
        "L" => " on the left side",
        "bilateral" | "bilateral_distal" => " on both sides",
        _ => "",
    };
    let what = match done.diagnosis.as_str() {
        "normal" => return "What was tested works as it should. No sign of damage to the nerves and muscles tested was found.".into(),
        "no_conclusion" if done.because.is_empty() => return "Too little was tested to say something.".into(),
        "no_conclusion" => return "Some values were unusual, but together they do not point to one place or one kind of trouble.".into(),
        "technical" => {
            return "The test could not be judged, for technical reasons. That says nothing about your nerves. It may have to be repeated."
                .into();
        }
        "cts" => {
            "The nerve that runs through the wrist to the thumb and the next fingers (the median nerve) does not work fully at the wrist"
                .to_owned()
        }
        "ulnar_elbow" => {
            "The nerve that runs behind the elbow to the little finger (the ulnar nerve) does not work fully at the elbow".into()
        }
        "ulnar_wrist" => "The nerve to the little finger (the ulnar nerve) does not work fully at the wrist".into(),
        "fibular_neuropathy" => "The nerve that lifts the foot (the fibular nerve) does not work fully just below the knee".into(),
        "tarsal_tunnel" => "The nerve to the sole of the foot (the tibial nerve) does not work fully at the ankle".into(),
        "multifocal_motor_neuropathy" => "Several nerves do not pass on the signal to the muscles fully at some places".into(),
        "mononeuropathy_multiplex" => "More than one single nerve does not work fully".into(),
        "cervical_radic" => format!("The findings fit a nerve root in the neck that does not work fully ({})", done.localisation),
        "lumbosacral_radic" => format!("The findings fit a nerve root in the lower back that does not work fully ({})", done.localisation),
        "plexopathy" => "The findings fit the network of nerves between spine and limb (the plexus) not working fully".into(),
        "polyneuropathy_axonal" | "polyneuropathy_demyelinating" | "gbs_demyelinating" => "Several nerves do not work fully".into(),
        "motor_neuron" => "The nerve cells or fibres that move the muscles do not work fully in more than one region".into(),
        "myopathic" | "myotonic" => "The muscles themselves show changes".into(),
        "nmj_postsynaptic" | "nmj_presynaptic" => "The signal from nerve to muscle is not passed on fully".into(),
        diagnosis if diagnosis.starts_with("anomaly") => {
            return "Your nerves run in a way that some healthy people have. It is not a disease.".into();
        }
        _ => format!("A nerve does not work fully ({})", done.localisation),
    };
    let degree = match done.severity {
        Severity::Minimal => " The change is very small.",
        Severity::Mild => " The change is mild.",
        Severity::Moderate => " The change is moderate.",
        Severity::Severe => " The change is marked.",
        Severity::Extreme => " No response could be measured there any more.",
        Severity::None | Severity::NotGraded => "",
    };
    let sure = match done.certainty {
        Certainty::Definite => "",
        Certainty::Probable => " This is likely, but not certain.",
        Certainty::Possible => " This is one of several possibilities.",
    };
    format!("{what}{side}.{degree}{sure}")
}
