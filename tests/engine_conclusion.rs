//! The answer of an open study: from its measurements and its table of muscles, followed at every edit.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test may fail the test")]

mod common;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{Answer, Edit, MuscleEdit, Request};
use myoscope::model::{MuscleColumn, Side, WhichMuscle};
use myoscope::scene::root_table::{Sign, Supply};
use myoscope::scene::theme::PAPER;
use myoscope::scene::{Shape, svg};

fn desk(demo: &str, kept: Kept) -> Desk {
    let mut desk = Desk::new(kept);
    desk.send(Request::OpenDemo { demo: demo.into() });
    let study = desk.study();
    desk.send(Request::Together { study });
    desk
}

fn answer(desk: &Desk) -> &Answer {
    desk.view().answer.as_ref().expect("an answer was asked for")
}

fn muscle(desk: &mut Desk, id: &str, keys: &[(MuscleColumn, char)]) {
    let row = desk.view().needle.next;
    let muscle = WhichMuscle::Listed(id.into());
    desk.edit(Edit::Muscles { change: MuscleEdit::Add { muscle, side: Some(Side::Left) } });
    for (column, key) in keys {
        desk.edit(Edit::Muscles { change: MuscleEdit::Key { row, column: *column, key: *key } });
    }
    // What was not said is normal.
    desk.edit(Edit::Muscles { change: MuscleEdit::AllNormal { row } });
}

fn onset(desk: &mut Desk, weeks: f64) {
    desk.edit(Edit::Person { height_cm: None, age_years: Some(50.0), sex: None, onset_weeks: Some(weeks) });
}

const LOST: &[(MuscleColumn, char)] =
    &[(MuscleColumn::Fibrillation, '2'), (MuscleColumn::PositiveWaves, '2'), (MuscleColumn::Recruitment, 'r')];

#[test]
fn the_demo_of_a_block_is_one_at_the_fibular_head_with_its_evidence() {
    let mut desk = desk("motor", Kept::new());
    let done = &answer(&desk).conclusions[0];
    assert_eq!(
        (done.diagnosis.as_str(), done.side.as_str(), done.pathophysiology.as_str()),
        ("fibular_neuropathy", "L", "conduction_block")
    );
    let about = done.because[0].about.as_ref().expect("the finding names its study");
    let test = desk.view().tests.iter().position(|test| test.study.as_ref().is_some_and(|study| study.id == about.id));
    let test = test.expect("which is open");
    assert_eq!(answer(&desk).conclusions.len(), 1, "the median nerve is normal: {:?}", answer(&desk).conclusions);
    // And on the map.
    let map = desk.view().maps.iter().find(|map| map.title == "Left leg").expect("a map of the leg");
    assert_eq!(map.lesions.iter().map(|lesion| lesion.name.as_str()).collect::<Vec<_>>(), ["Fibular head"]);
    let picture = map.picture(&PAPER, 900.0);
    assert!(picture.alt.contains("proposed lesion: Fibular head"), "{}", picture.alt);
    if let Some(folder) = std::env::var_os("MYOSCOPE_PICTURES") {
        for map in &desk.view().maps {
            let path = std::path::Path::new(&folder).join(format!("{}.svg", map.title));
            std::fs::write(path, svg::write(&map.picture(&PAPER, 900.0), &PAPER)).unwrap();
        }
    }
    // The response above the block taken away: a lesser fall becomes a complete one.
    let sweep = desk.view().tests[test].sites.last().unwrap().sweeps[0].id;
    desk.edit(Edit::NoResponse { sweep, on: true });
    assert_eq!(answer(&desk).conclusions[0].severity.word(), "severe");
    let study = desk.study();
    desk.send(Request::Undo { study });
    assert_eq!(answer(&desk).conclusions[0].severity.word(), "moderate");
}

#[test]
fn muscles_typed_by_keys_are_read_with_the_nerves() {
    let mut desk = desk("needle", Kept::new());
    onset(&mut desk, 8.0);
    for id in ["tibialis_anterior", "tibialis_posterior", "gluteus_medius", "lumbosacral_paraspinal_low"] {
        muscle(&mut desk, id, LOST);
    }
    for id in ["vastus_lateralis", "gastrocnemius_medial", "biceps_femoris_short"] {
        muscle(&mut desk, id, &[]);
    }
    let done = &answer(&desk).conclusions[0];
    assert_eq!((done.title().as_str(), done.side.as_str(), done.severity.word()), ("L5 radiculopathy", "L", "moderate"));
    assert_eq!(done.chronicity, "subacute");
    // Against their roots: the proposed one framed, what is ongoing beside what is normal.
    let [table] = &desk.view().root_tables[..] else { panic!("one leg: {:?}", desk.view().root_tables) };
    assert_eq!((table.title.as_str(), &table.proposed[..]), ("Left leg", &["L5".to_owned()][..]));
    let row = |name: &str| table.rows.iter().find(|row| row.name.starts_with(name)).unwrap_or_else(|| panic!("{name}: {:?}", table.rows));
    let column = |root: &str| table.roots.iter().position(|one| one == root).unwrap();
    assert_eq!((row("Tibialis anterior").sign, row("Vastus lateralis").sign), (Sign::Both, Sign::Normal));
    assert_eq!(row("Tibialis posterior").supply[column("L5")], Supply::Major);
    assert_eq!(row("Vastus lateralis").supply[column("L5")], Supply::None);
    let picture = table.picture(&PAPER, 700.0);
    assert!(picture.alt.contains("Tibialis posterior, L5") && picture.alt.contains("Proposed: L5."), "{}", picture.alt);
    for narrow in [200.0, 390.0, 1400.0] {
        let picture = table.picture(&PAPER, narrow);
        let texts = picture.marks.iter().filter_map(|shape| match shape {
            Shape::Text { at, text, .. } => Some((at, text)),
            _ => None,
        });
        for ([x, y], text) in texts {
            assert!((0.0..picture.width).contains(x) && (0.0..picture.height).contains(y), "{text} at {x}, {y}");
        }
    }
    if let Some(folder) = std::env::var_os("MYOSCOPE_PICTURES") {
        std::fs::write(std::path::Path::new(&folder).join("roots.svg"), svg::write(&picture, &PAPER)).unwrap();
    }
    // A muscle that is only named was not examined.
    let known = desk.view().root_tables[0].rows.len();
    let change = MuscleEdit::Add { muscle: WhichMuscle::Listed("rectus_femoris".into()), side: Some(Side::Left) };
    desk.edit(Edit::Muscles { change });
    assert_eq!(desk.view().root_tables[0].rows.len(), known);
    let said = "Rectus femoris: nothing is entered, so it counts as not examined";
    assert!(answer(&desk).caveats.iter().any(|caveat| caveat.contains(said)), "{:?}", answer(&desk).caveats);
    onset(&mut desk, 60.0);
    assert_eq!(answer(&desk).conclusions[0].chronicity, "chronic_ongoing");
    assert!(!answer(&desk).conclusions[0].details().contains("; chronic;"), "never 'chronic' alone");
    // One muscle fewer with a sign of it: the rule asks for two nerves.
    let first = desk.view().needle.rows[0].id;
    for row in [first, first + 1] {
        desk.edit(Edit::Muscles { change: MuscleEdit::Remove { row } });
    }
    let done = &answer(&desk).conclusions[0];
    assert!(done.certainty.word() == "possible" || done.diagnosis == "no_conclusion", "{done:?}");
}

#[test]
fn a_readers_own_words_stay() {
    let mut desk = desk("motor", Kept::new());
    desk.edit(Edit::Impression { text: "Block at the fibular head. Repeat in six weeks.".into() });
    let key = desk.view().tests[1].sites.last().unwrap().sweeps[0].id;
    desk.edit(Edit::NoResponse { sweep: key, on: true });
    assert!(desk.view().impression.starts_with("Block at"));
    let outputs = desk.edit(Edit::Impression { text: "x".repeat(30_000) });
    assert!(format!("{outputs:?}").contains("at most"), "a text without end is refused");
    assert!(desk.view().impression.starts_with("Block at"));
    let again = self::desk("motor", desk.kept.clone());
    assert!(again.view().impression.starts_with("Block at"), "kept for the next time");
}
