//! The clinic's own sentences in a report: placeholders filled from what the study says.

use super::compose::{own, tested};
use super::words;
use crate::engine::protocol::ReportMaterial;
use crate::report::letterhead;

/// What stands where the study says nothing.
const NOTHING: &str = "not stated";

/// A text of the clinic with its placeholders filled, or nothing when it is empty.
pub fn filled(of: &ReportMaterial, text: &str) -> Option<String> {
    // It was checked when it was read; a text that is not taken any more is left as it is.
    let text = letterhead::fill(text, &|name| value(of, name)).unwrap_or_else(|_| text.to_owned());
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn value(of: &ReportMaterial, name: &str) -> Option<String> {
    let (view, nameless) = (of.view.as_ref(), of.wanted.nameless);
    let (subject, person) = (&view.subject, &view.person);
    let context = &person.context;
    let hidden = |text: &str, instead: &str| if nameless { instead.to_owned() } else { text.to_owned() };
    let said = match name {
        "patient" => hidden(&subject.name, "the person examined"),
        "number" => hidden(&subject.code, "left out"),
        "born" => hidden(&subject.birth_date, "left out"),
        "age" => person.age_years.map(|years| format!("{years:.0} years")).unwrap_or_default(),
        "sex" => match person.sex.as_str() {
            "F" => "female".into(),
            "M" => "male".into(),
            _ => String::new(),
        },
        "height" => person.height_cm.map(|cm| format!("{cm:.0} cm")).unwrap_or_default(),
        "weight" => context.weight_kg.map(|kg| format!("{kg:.0} kg")).unwrap_or_default(),
        "hand" => context.hand.map(|side| side.word().to_owned()).unwrap_or_default(),
        "affected" => context.affected.map(|side| side.word().to_owned()).unwrap_or_default(),
        "onset" => person.onset_weeks.map(|weeks| format!("{weeks} weeks before the test")).unwrap_or_default(),
        "tested" => tested(view, nameless).unwrap_or_default(),
        "question" => context.question.clone(),
        "answer" => match (own(view), view.answer.as_ref().and_then(|answer| answer.conclusions.first())) {
            (Some(own), _) => own.to_owned(),
            (None, Some(done)) => words::answer(done),
            (None, None) => String::new(),
        },
        _ => return None,
    };
    Some(if said.trim().is_empty() { NOTHING.into() } else { said.trim().to_owned() })
}
