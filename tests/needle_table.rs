//! The table of the needle examination: keys on the grid, findings of analyses, limits, undo, reload.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test may fail the test")]

mod common;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{ActivityKey, CellBy, Edit, Event, MuscleCellView, MuscleChoice, MuscleEdit, MuscleRowView, Request};
use myoscope::model::muscle_grid::{LONGEST, moved};
use myoscope::model::{Cell, Edits, MuscleColumn, OwnMuscle, Side, SignalTask, WhichMuscle};
use proptest::prelude::*;

fn desk(kept: Kept) -> Desk {
    let mut desk = Desk::new(kept);
    desk.send(Request::OpenDemo { demo: "needle".into() });
    desk
}

fn analyse(desk: &mut Desk, task: SignalTask, from_s: f64, to_s: f64) {
    let key = ActivityKey { recording: 0, channel: 0, minus: None, turned: false, task, from_s, to_s };
    let study = desk.study();
    desk.send(Request::Analyse { study, key });
    desk.work();
}

fn listed(id: &str) -> WhichMuscle {
    WhichMuscle::Listed(id.to_owned())
}

fn change(desk: &mut Desk, change: MuscleEdit) {
    let outputs = desk.edit(Edit::Muscles { change });
    assert!(!outputs.iter().any(|output| matches!(output.event, Event::Failed { .. })), "{outputs:?}");
}

fn enter(desk: &mut Desk) {
    change(desk, MuscleEdit::Enter { muscle: listed("tibialis_anterior"), side: Some(Side::Left) });
}

fn key(desk: &mut Desk, row: u32, column: MuscleColumn, keys: &str) {
    for key in keys.chars() {
        change(desk, MuscleEdit::Key { row, column, key });
    }
}

fn row(desk: &Desk, at: usize) -> MuscleRowView {
    desk.view().needle.rows[at].clone()
}

fn cell(desk: &Desk, at: usize, column: MuscleColumn) -> MuscleCellView {
    let place = MuscleColumn::ALL.iter().position(|of| *of == column).unwrap();
    row(desk, at).cells[place].clone()
}

fn search(desk: &mut Desk, typed: &str, at: Option<(usize, usize)>) -> (Option<Side>, Vec<MuscleChoice>) {
    let study = desk.study();
    let outputs = desk.send(Request::Muscles { study, typed: typed.into(), at });
    let found = outputs.into_iter().find_map(|output| match output.event {
        Event::Muscles { side, list, .. } => Some((side, list)),
        _ => None,
    });
    found.expect("an answer")
}

fn age(desk: &mut Desk, age_years: f64) {
    desk.edit(Edit::Person { height_cm: None, age_years: Some(age_years), sex: None, onset_weeks: None });
}

#[test]
fn the_labels_of_a_lane_name_its_muscle_and_typing_finds_others() {
    let mut desk = desk(Kept::new());
    let (side, list) = search(&mut desk, "", Some((0, 0)));
    assert_eq!((side, list[0].name.as_str()), (Some(Side::Left), "Tibialis anterior"));
    let (side, list) = search(&mut desk, "r apb", None);
    assert_eq!((side, list[0].name.as_str(), list[0].nerve.as_str()), (Some(Side::Right), "Abductor pollicis brevis", "Median"));
    let (_, list) = search(&mut desk, "L5", None);
    assert!(list.len() > 10 && list[..10].iter().all(|choice| choice.roots.starts_with("L5") || choice.roots.contains("L5")));
    let (_, list) = search(&mut desk, "Sternalis / pectoral / C8", None);
    let own = OwnMuscle { name: "Sternalis".into(), nerve: "pectoral".into(), roots: "C8".into() };
    assert_eq!(list.last().unwrap().muscle, WhichMuscle::Own(own));
}

#[test]
fn findings_fill_the_table_and_say_where_they_come_from() {
    let mut desk = desk(Kept::new());
    age(&mut desk, 45.0);
    let none = desk.refused(&Edit::Muscles { change: MuscleEdit::Enter { muscle: listed("tibialis_anterior"), side: None } });
    assert!(none.contains("analyse"), "{none}");
    analyse(&mut desk, SignalTask::Rest, 0.0, 4.0);
    enter(&mut desk);
    let fib = cell(&desk, 0, MuscleColumn::Fibrillation);
    assert_eq!((fib.value.as_str(), fib.by, fib.from.len()), ("0", CellBy::Analysis, 1), "{fib:?}");
    assert!(fib.doubt.contains("one site"), "{fib:?}");
    analyse(&mut desk, SignalTask::Units, 5.0, 20.0);
    enter(&mut desk);
    assert_eq!(desk.view().needle.rows.len(), 1, "the row is found again");
    let found = row(&desk, 0);
    let duration = cell(&desk, 0, MuscleColumn::Duration);
    assert_eq!(duration.by, CellBy::Analysis);
    assert!(duration.numbers.ends_with("ms") && duration.limit.contains(" to ") && duration.doubt.contains("unverified"), "{duration:?}");
    assert!(duration.source.contains("Buchthal") && !duration.why.is_empty());
    assert_eq!(found.stretches[duration.from[0]].origin.task, SignalTask::Units);
    assert_eq!(found.potentials.rows.len(), found.units.len() + 4);
    assert!(found.units.len() >= 4);
    analyse(&mut desk, SignalTask::Interference, 5.0, 20.0);
    enter(&mut desk);
    assert!(!cell(&desk, 0, MuscleColumn::Pattern).value.is_empty());
    assert!(!cell(&desk, 0, MuscleColumn::Recruitment).why.is_empty());
}

#[test]
fn a_value_by_hand_is_never_overwritten_and_comes_back_with_its_offer() {
    let mut desk = desk(Kept::new());
    change(&mut desk, MuscleEdit::Add { muscle: listed("tibialis_anterior"), side: Some(Side::Left) });
    let id = row(&desk, 0).id;
    key(&mut desk, id, MuscleColumn::Fibrillation, "2");
    analyse(&mut desk, SignalTask::Rest, 0.0, 4.0);
    enter(&mut desk);
    let fib = cell(&desk, 0, MuscleColumn::Fibrillation);
    assert_eq!((fib.value.as_str(), fib.by, fib.offered.as_str(), fib.abnormal), ("2+", CellBy::Hand, "0", true));
    change(&mut desk, MuscleEdit::Write { row: id, column: MuscleColumn::Fibrillation, text: None });
    assert_eq!(
        (cell(&desk, 0, MuscleColumn::Fibrillation).value.as_str(), cell(&desk, 0, MuscleColumn::Fibrillation).by),
        ("0", CellBy::Analysis)
    );
    desk.undo();
    let kept = desk.kept.clone();
    let again = self::desk(kept);
    assert_eq!(again.view().needle, desk.view().needle, "a reload changes nothing");
    assert!(again.view().restored);
}

#[test]
fn one_key_sets_a_muscle_normal_another_mirrors_it_and_all_is_undone() {
    let mut desk = desk(Kept::new());
    change(&mut desk, MuscleEdit::Add { muscle: listed("vastus_medialis"), side: Some(Side::Right) });
    let id = row(&desk, 0).id;
    key(&mut desk, id, MuscleColumn::Fibrillation, "3");
    change(&mut desk, MuscleEdit::AllNormal { row: id });
    let values: Vec<String> = row(&desk, 0).cells.iter().map(|cell| cell.value.clone()).collect();
    assert_eq!(values, ["normal", "3+", "0", "0", "none", "normal", "normal", "normal", "normal", "full", ""]);
    change(&mut desk, MuscleEdit::AllNormal { row: id });
    assert_eq!(cell(&desk, 0, MuscleColumn::Fibrillation).value, "0", "a second time it means all");
    let next = desk.view().needle.next;
    change(&mut desk, MuscleEdit::Mirror { row: id });
    assert_eq!((row(&desk, 1).id, row(&desk, 1).side, row(&desk, 1).name.as_str()), (next, Some(Side::Left), "Vastus medialis"));
    assert!(row(&desk, 1).cells.iter().all(|cell| cell.by == CellBy::Nobody), "findings of one side say nothing of the other");
    assert!(desk.refused(&Edit::Muscles { change: MuscleEdit::Mirror { row: id } }).contains("already"));
    change(&mut desk, MuscleEdit::Remove { row: id });
    assert_eq!(desk.view().needle.rows.len(), 1);
    assert_eq!(desk.view().undo.as_deref(), Some("remove muscle"));
    for _ in 0..6 {
        desk.undo();
    }
    assert!(desk.view().needle.rows.is_empty());
    for _ in 0..5 {
        desk.redo();
    }
    assert_eq!(desk.view().needle.rows.len(), 2);
}

#[test]
fn units_of_a_stretch_analysed_again_count_once_and_may_be_left_out() {
    let mut desk = desk(Kept::new());
    age(&mut desk, 45.0);
    analyse(&mut desk, SignalTask::Units, 5.0, 20.0);
    enter(&mut desk);
    let first = row(&desk, 0);
    enter(&mut desk);
    assert_eq!(row(&desk, 0).units.len(), first.units.len(), "the same again");
    analyse(&mut desk, SignalTask::Units, 5.0, 12.0);
    enter(&mut desk);
    let now = row(&desk, 0);
    assert!(
        now.units.len() <= first.units.len() + 1,
        "{} of {}: units of one insertion are known again",
        now.units.len(),
        first.units.len()
    );
    let place = now.units[0];
    change(&mut desk, MuscleEdit::LeaveOut { row: now.id, stretch: place.stretch, unit: place.unit, out: true });
    let mean = |row: &MuscleRowView| row.potentials.rows[row.units.len()].cells[3].clone();
    assert_ne!(mean(&row(&desk, 0)), mean(&now));
    assert!(row(&desk, 0).units[0].left_out);
    assert!(matches!(mean(&now), Cell::Number(_)));
    desk.undo();
    assert_eq!(mean(&row(&desk, 0)), mean(&now));
    let absurd = MuscleEdit::LeaveOut { row: now.id, stretch: 99, unit: 0, out: true };
    assert!(!desk.refused(&Edit::Muscles { change: absurd }).is_empty());
    change(&mut desk, MuscleEdit::Forget { row: now.id, stretch: 0 });
}

#[test]
fn without_age_or_row_there_is_no_limit_and_the_reason_is_said() {
    let mut desk = desk(Kept::new());
    analyse(&mut desk, SignalTask::Units, 5.0, 20.0);
    enter(&mut desk);
    let of = |desk: &Desk| cell(desk, 0, MuscleColumn::Duration);
    let known = desk.view().person.age_years.is_some();
    if !known {
        assert!(of(&desk).value.is_empty() && of(&desk).why.iter().any(|why| why.contains("age")), "{:?}", of(&desk));
    }
    age(&mut desk, 90.0);
    assert!(of(&desk).value.is_empty() && of(&desk).limit.is_empty());
    age(&mut desk, 45.0);
    assert!(!of(&desk).limit.is_empty());
    let id = row(&desk, 0).id;
    change(&mut desk, MuscleEdit::Set { row: id, muscle: listed("soleus"), side: Some(Side::Left) });
    assert!(of(&desk).why.iter().any(|why| why.contains("no row for Soleus")), "{:?}", of(&desk));
}

#[test]
fn senseless_edits_are_refused_in_a_sentence() {
    let mut desk = desk(Kept::new());
    let edits = [
        MuscleEdit::Add { muscle: listed("no_such_muscle"), side: None },
        MuscleEdit::Add { muscle: WhichMuscle::Own(OwnMuscle::default()), side: None },
        MuscleEdit::Remove { row: 7 },
        MuscleEdit::Key { row: 7, column: MuscleColumn::Fibrillation, key: '1' },
        MuscleEdit::Forget { row: 1, stretch: 0 },
    ];
    for change in edits {
        assert!(desk.refused(&Edit::Muscles { change }).ends_with('.'));
    }
    change(&mut desk, MuscleEdit::Add { muscle: listed("soleus"), side: None });
    assert!(desk.refused(&Edit::Muscles { change: MuscleEdit::Add { muscle: listed("soleus"), side: None } }).contains("already"));
    assert!(desk.refused(&Edit::Muscles { change: MuscleEdit::Mirror { row: 1 } }).contains("side"));
    assert!(desk.refused(&Edit::Muscles { change: MuscleEdit::Key { row: 1, column: MuscleColumn::Comment, key: '1' } }).contains('1'));
}

#[test]
fn the_export_is_what_the_command_line_reads() {
    let mut desk = desk(Kept::new());
    age(&mut desk, 45.0);
    analyse(&mut desk, SignalTask::Units, 5.0, 20.0);
    enter(&mut desk);
    let study = desk.study();
    let outputs = desk.send(Request::ExportNeedle { study });
    let [output] = &outputs[..] else { panic!("one file") };
    let myoscope::engine::protocol::Buffer::Bytes(bytes) = &output.buffers[0] else { panic!("bytes") };
    let edits: Edits = myoscope::engine::muscles::read_edits(bytes).unwrap();
    assert_eq!(edits.age_years, Some(45.0));
    let file: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(file["needle"]["rows"][0]["name"], "Tibialis anterior");
    let outputs = desk.send(Request::Json { study });
    if std::env::var_os("SHOW").is_some() {
        println!("{}", String::from_utf8_lossy(bytes));
    }
    let Event::Json { measure, .. } = &outputs[0].event else { panic!("json") };
    let measured: serde_json::Value = serde_json::from_str(measure).unwrap();
    assert_eq!(measured["needle"], file["needle"]);
    assert!(myoscope::engine::muscles::read_edits(b"{}").is_err());
    // Edits of before there was a table still read.
    assert_eq!(serde_json::from_str::<Edits>("{}").unwrap().muscles, Vec::new());
}

fn column() -> impl Strategy<Value = MuscleColumn> {
    proptest::sample::select(MuscleColumn::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_give_words_of_the_column_and_never_grow(column in column(), keys in "[ -~\u{2212}]{0,40}") {
        let mut now = String::new();
        for key in keys.chars() {
            if let Some(next) = column.typed(&now, key) {
                if column != MuscleColumn::Other {
                    prop_assert!(column.choices().iter().any(|(_, word)| *word == next) , "{next}");
                }
                prop_assert!(next.len() < 60);
                now = next;
            }
        }
    }

    #[test]
    fn a_digit_or_letter_means_the_same_whatever_stood_there(column in column(), now in ".{0,12}") {
        for (key, word) in column.choices() {
            if column != MuscleColumn::Other && !"+-".contains(*key) {
                prop_assert_eq!(column.typed(&now, *key), Some((*word).to_owned()));
            }
        }
    }

    #[test]
    fn an_added_discharge_typed_again_is_taken_away(keys in "[cykup]{0,8}", key in "[cykup]") {
        let column = MuscleColumn::Other;
        let key = key.chars().next().unwrap();
        let now = keys.chars().fold("none".to_owned(), |now, key| column.typed(&now, key).unwrap());
        let twice = column.typed(&column.typed(&now, key).unwrap(), key).unwrap();
        let sorted = |text: &str| { let mut list: Vec<String> = text.split(", ").map(str::to_owned).collect(); list.sort(); list };
        prop_assert_eq!(sorted(&twice), sorted(&now));
    }

    #[test]
    fn plus_and_minus_step_to_an_end_and_back(column in column()) {
        if let Some(mut up) = column.typed("", '+') {
            for _ in 0..9 { up = column.typed(&up, '+').unwrap(); }
            prop_assert_eq!(column.typed(&up, '+'), Some(up.clone()));
            let mut down = up;
            for _ in 0..9 { down = column.typed(&down, '-').unwrap(); }
            prop_assert_eq!(column.typed(&down, '-'), Some(down));
        }
    }

    #[test]
    fn written_text_is_bounded_and_stays_itself(column in column(), text in ".{0,600}") {
        let once = column.written(&text);
        prop_assert!(once.chars().count() <= LONGEST && !once.chars().any(char::is_control));
        prop_assert_eq!(column.written(&once), once);
    }

    #[test]
    fn keys_never_lead_out_of_the_grid(row in 0usize..50, column in 0usize..50, rows in 0usize..20, columns in 0usize..20, shift: bool, ctrl: bool,
        key in proptest::sample::select(vec!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", "Tab", "Home", "End", "PageUp", "PageDown", "x"])) {
        if let Some((r, c)) = moved((row, column), rows, columns, key, shift, ctrl) {
            prop_assert!(r < rows && c < columns);
        } else {
            prop_assert!(rows == 0 || columns == 0 || key == "x" || key == "Tab");
        }
    }

    #[test]
    fn tab_visits_every_cell_once_and_back(rows in 1usize..8, columns in 1usize..8) {
        let mut seen = vec![(0, 0)];
        while let Some(next) = moved(*seen.last().unwrap(), rows, columns, "Tab", false, false) { seen.push(next); }
        prop_assert_eq!(seen.len(), rows * columns);
        while let Some(back) = moved(*seen.last().unwrap(), rows, columns, "Tab", true, false) {
            seen.pop();
            prop_assert_eq!(*seen.last().unwrap(), back);
        }
        prop_assert_eq!(seen.len(), 1);
    }
}
