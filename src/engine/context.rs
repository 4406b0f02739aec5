//! Why a person was sent: what is refused, and weeks from the day of the first symptom.

use jiff::civil::Date;

use super::session::Session;
use crate::model::{Context, LONGEST_CONTEXT};

/// Takes in what was said of the person.
///
/// # Errors
/// A sentence when a value cannot be.
pub(super) fn apply(session: &mut Session, context: Context) -> Result<(), String> {
    if context.weight_kg.is_some_and(|kg| !(0.3..=400.0).contains(&kg)) {
        return Err("A weight lies between 0.3 and 400 kg.".into());
    }
    if context.leg_length_cm.is_some_and(|cm| !(5.0..=80.0).contains(&cm)) {
        return Err("A leg, from the crease of the knee to the medial malleolus, has 5 to 80 cm.".into());
    }
    if let Some((name, _)) = context.texts().into_iter().find(|(_, text)| text.chars().count() > LONGEST_CONTEXT) {
        return Err(format!("{name}: at most {LONGEST_CONTEXT} characters."));
    }
    if let Some(day) = &context.onset {
        let first: Date =
            day.parse().map_err(|_| "The day of the first symptom is written as year, month and day (2026-03-31).".to_owned())?;
        if let Some(tested) = tested(session) {
            let days = f64::from((tested - first).get_days());
            if days < 0.0 {
                return Err(format!("The first symptom lies behind the day of the test, {tested}."));
            }
            session.edits.onset_weeks = Some((days / 7.0 * 10.0).round() / 10.0);
        }
    }
    session.edits.context = context;
    Ok(())
}

/// The day of the test, when the files state it.
fn tested(session: &Session) -> Option<Date> {
    let starts = session.acquired.recordings.iter().filter_map(|recording| recording.start.as_ref());
    starts.filter_map(|start| start.iso.get(..10)).find_map(|day| day.parse().ok())
}
