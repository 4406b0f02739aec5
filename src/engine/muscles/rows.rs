//! What each edit does to the rows. Refusals are sentences for the reader.

use super::{cells, collect, listed};
use crate::engine::protocol::MuscleEdit;
use crate::model::{MuscleColumn, MuscleRow, MuscleStretch, NeedleFindings, OwnMuscle, Side, WhichMuscle};
use crate::norms::Person;

/// Rows of a table; more are a mistake.
const MAX_ROWS: usize = 300;
/// Stretches of a muscle.
const MAX_STRETCHES: usize = 200;
/// Longest name, characters.
const MAX_NAME: usize = 80;

/// The number of the next row.
pub fn next(rows: &[MuscleRow]) -> u32 {
    rows.iter().map(|row| row.id).max().map_or(1, |last| last.saturating_add(1))
}

/// A name without control characters, cut.
pub fn cleaned(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.trim().chars().take(MAX_NAME).collect()
}

fn row_of(rows: &mut [MuscleRow], id: u32) -> Result<&mut MuscleRow, String> {
    rows.iter_mut().find(|row| row.id == id).ok_or_else(|| "This muscle is no longer in the table.".to_owned())
}

/// A muscle as it may be stored.
fn checked(muscle: WhichMuscle) -> Result<WhichMuscle, String> {
    match &muscle {
        WhichMuscle::Listed(_) if listed(&muscle).is_none() => Err("This muscle is not in the list.".into()),
        WhichMuscle::Own(own) if cleaned(&own.name).is_empty() => Err("A muscle needs a name.".into()),
        WhichMuscle::Own(own) => {
            Ok(WhichMuscle::Own(OwnMuscle { name: cleaned(&own.name), nerve: cleaned(&own.nerve), roots: cleaned(&own.roots) }))
        }
        WhichMuscle::Listed(_) => Ok(muscle),
    }
}

fn add(rows: &mut Vec<MuscleRow>, at: Option<usize>, muscle: WhichMuscle, side: Option<Side>) -> Result<usize, String> {
    let muscle = checked(muscle)?;
    if rows.iter().any(|row| row.muscle == muscle && row.side == side) {
        return Err("This muscle is in the table already.".into());
    }
    if rows.len() >= MAX_ROWS {
        return Err(format!("The table has {MAX_ROWS} muscles; that is all it takes."));
    }
    let row = MuscleRow { id: next(rows), muscle, side, typed: std::collections::BTreeMap::new(), stretches: Vec::new() };
    let at = at.unwrap_or(rows.len()).min(rows.len());
    rows.insert(at, row);
    Ok(at)
}

/// Does one edit.
///
/// # Errors
/// A sentence when it refers to something that is not there or makes no sense; `rows` may then be
/// changed in part.
pub fn apply(rows: &mut Vec<MuscleRow>, change: MuscleEdit, analysed: Option<&MuscleStretch>, person: &Person) -> Result<(), String> {
    match change {
        MuscleEdit::Add { muscle, side } => {
            add(rows, None, muscle, side)?;
        }
        MuscleEdit::Set { row, muscle, side } => {
            let muscle = checked(muscle)?;
            if rows.iter().any(|other| other.id != row && other.muscle == muscle && other.side == side) {
                return Err("This muscle is in the table already.".into());
            }
            let row = row_of(rows, row)?;
            (row.muscle, row.side) = (muscle, side);
        }
        MuscleEdit::Remove { row } => {
            row_of(rows, row)?;
            rows.retain(|other| other.id != row);
        }
        MuscleEdit::Key { row, column, key } => {
            let row = row_of(rows, row)?;
            let found = cells::derive(row, column, listed(&row.muscle), person).value;
            let now = row.typed.get(&column).cloned().unwrap_or(found);
            let Some(value) = column.typed(&now, key) else { return Err(format!("{} has no value for the key {key}.", column.name())) };
            row.typed.insert(column, value);
        }
        MuscleEdit::Write { row, column, text } => {
            let row = row_of(rows, row)?;
            match text.map(|text| column.written(&text)).filter(|text| !text.is_empty()) {
                Some(text) => row.typed.insert(column, text),
                None => row.typed.remove(&column),
            };
        }
        MuscleEdit::AllNormal { row } => {
            let row = row_of(rows, row)?;
            let unsaid: Vec<MuscleColumn> = MuscleColumn::ALL
                .into_iter()
                .filter(|column| column.normal().is_some() && !row.typed.contains_key(column))
                .filter(|column| cells::derive(row, *column, listed(&row.muscle), person).value.is_empty())
                .collect();
            // Nothing is left unsaid: the key means it.
            let columns = if unsaid.is_empty() { MuscleColumn::ALL.to_vec() } else { unsaid };
            for column in columns {
                if let Some(normal) = column.normal() {
                    row.typed.insert(column, normal.to_owned());
                }
            }
        }
        MuscleEdit::Mirror { row } => {
            let at = rows.iter().position(|other| other.id == row).ok_or("This muscle is no longer in the table.")?;
            let side = match rows[at].side {
                Some(Side::Left) => Side::Right,
                Some(Side::Right) => Side::Left,
                None => return Err("Say the side of this muscle first (L or R in its first cell).".into()),
            };
            let muscle = rows[at].muscle.clone();
            add(rows, Some(at + 1), muscle, Some(side))?;
        }
        MuscleEdit::Enter { muscle, side } => enter(rows, muscle, side, analysed)?,
        MuscleEdit::LeaveOut { row, stretch, unit, out } => {
            let stretch = row_of(rows, row)?.stretches.get_mut(stretch).ok_or("This stretch is no longer in the table.")?;
            let NeedleFindings::Units(found) = &mut stretch.findings else { return Err("This stretch has no motor units.".into()) };
            found.units.get_mut(unit).ok_or("This motor unit is no longer in the table.")?.left_out = out;
        }
        MuscleEdit::Forget { row, stretch } => {
            let row = row_of(rows, row)?;
            if stretch >= row.stretches.len() {
                return Err("This stretch is no longer in the table.".into());
            }
            row.stretches.remove(stretch);
        }
    }
    Ok(())
}

fn enter(rows: &mut Vec<MuscleRow>, muscle: WhichMuscle, side: Option<Side>, analysed: Option<&MuscleStretch>) -> Result<(), String> {
    let new = analysed.ok_or("There is nothing to enter: analyse a stretch at rest, for motor units, or for its pattern first.")?;
    if let NeedleFindings::Rest(site) = &new.findings
        && !site.at_rest
    {
        return Err("The muscle was not at rest there: nothing can be said of spontaneous activity.".into());
    }
    let muscle = checked(muscle)?;
    // Taken back from a muscle that it was entered for by mistake.
    for other in rows.iter_mut().filter(|row| row.muscle != muscle || row.side != side) {
        other.stretches.retain(|stretch| stretch.origin != new.origin);
    }
    let at = match rows.iter().position(|row| row.muscle == muscle && row.side == side) {
        Some(at) => at,
        // A row that has no side yet is that row.
        None => match rows.iter().position(|row| row.muscle == muscle && row.side.is_none()) {
            Some(at) => {
                rows[at].side = side;
                at
            }
            None => add(rows, None, muscle, side)?,
        },
    };
    let row = &mut rows[at];
    collect::take_in(&mut row.stretches, new.clone());
    if row.stretches.len() > MAX_STRETCHES {
        return Err(format!("A muscle takes {MAX_STRETCHES} stretches; forget some of them first."));
    }
    Ok(())
}
