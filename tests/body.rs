//! The body figure: which regions a study marks, how they are told apart, and where they are.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test may fail the test")]

mod common;

use common::desk::{Desk, Kept};
use myoscope::engine::protocol::{Edit, MuscleEdit, Request};
use myoscope::model::{MuscleColumn, Side, WhichMuscle};
use myoscope::norms::{anatomy::anatomy, muscles};
use myoscope::scene::body::{Body, Region, patch, segment};
use myoscope::scene::theme::{PAPER, SCOPE};
use myoscope::scene::{Shape, svg};

fn desk(demo: &str) -> Desk {
    let mut desk = Desk::new(Kept::new());
    desk.send(Request::OpenDemo { demo: demo.into() });
    let study = desk.study();
    desk.send(Request::Together { study });
    desk
}

fn muscle(desk: &mut Desk, id: &str, keys: &[(MuscleColumn, char)]) {
    let row = desk.view().needle.next;
    let muscle = WhichMuscle::Listed(id.into());
    desk.edit(Edit::Muscles { change: MuscleEdit::Add { muscle, side: Some(Side::Left) } });
    for (column, key) in keys {
        desk.edit(Edit::Muscles { change: MuscleEdit::Key { row, column: *column, key: *key } });
    }
    desk.edit(Edit::Muscles { change: MuscleEdit::AllNormal { row } });
}

fn body(desk: &Desk) -> &Body {
    desk.view().body.as_ref().expect("a body was asked for")
}

fn region<'a>(body: &'a Body, side: Side, id: &str) -> Option<&'a Region> {
    body.regions.iter().find(|region| region.side == side && region.id == id)
}

fn keep(name: &str, body: &Body) {
    if let Some(folder) = std::env::var_os("MYOSCOPE_PICTURES") {
        for (theme, width_px) in [(&PAPER, 700.0), (&SCOPE, 700.0), (&PAPER, 340.0)] {
            let path = std::path::Path::new(&folder).join(format!("body-{name}-{}-{width_px}.svg", theme.name));
            std::fs::write(path, svg::write(&body.picture(theme, width_px), theme)).unwrap();
        }
    }
}

#[test]
fn a_block_at_the_fibular_head_marks_what_lies_beyond_it() {
    let desk = desk("motor");
    let body = body(&desk);
    keep("fibular", body);
    let web = region(body, Side::Left, "first_web").expect("the deep fibular nerve's skin");
    assert_eq!((web.supplied, web.abnormal), (true, None), "it is beyond the lesion and was not tested");
    assert!(region(body, Side::Left, "dorsum_of_foot").is_some_and(|skin| skin.supplied));
    let foot = region(body, Side::Left, "foot").expect("the muscle that was recorded from");
    assert_eq!((foot.supplied, foot.abnormal), (true, Some(true)), "{foot:?}");
    assert!(region(body, Side::Left, "lateral_foot").is_none(), "the sural nerve leaves above");
    assert!(!body.regions.iter().any(|region| region.side == Side::Right && region.supplied), "nothing on the other side");
    let alt = body.picture(&PAPER, 700.0).alt;
    assert!(alt.contains("Deep fibular: first web space, left: not tested; beyond the proposed lesion"), "{alt}");
}

#[test]
fn a_root_marks_its_skin_and_muscles_and_tells_normal_from_not_tested() {
    let mut desk = desk("sensory");
    let lost = [(MuscleColumn::Fibrillation, '2'), (MuscleColumn::PositiveWaves, '2'), (MuscleColumn::Recruitment, 'r')];
    for id in ["tibialis_anterior", "fibularis_longus", "gluteus_medius"] {
        muscle(&mut desk, id, &lost);
    }
    muscle(&mut desk, "gastrocnemius_medial", &[]);
    muscle(&mut desk, "vastus_lateralis", &[]);
    let body = body(&desk);
    keep("l5", body);
    assert!(desk.view().answer.as_ref().unwrap().conclusions.iter().any(|done| done.title() == "L5 radiculopathy"));
    assert!(region(body, Side::Left, "first_web").is_some_and(|skin| skin.supplied), "L5: {:?}", body.regions);
    let leg = region(body, Side::Left, "leg").expect("muscles of the lower leg");
    assert_eq!((leg.abnormal, leg.name.as_str()), (Some(true), "Muscles of lower leg (2 of 3 abnormal)"));
    assert!(region(body, Side::Left, "medial_leg").is_none_or(|skin| !skin.supplied), "the saphenous skin is of L4");
    let normal = body.regions.iter().find(|region| !region.muscles && region.abnormal == Some(false)).expect("a normal response");
    assert!(body.picture(&PAPER, 700.0).alt.contains(&format!("{}: normal", normal.words().split(": normal").next().unwrap())));
}

/// Colour is never the only sign: without any, pictures of different findings still differ.
#[test]
fn findings_differ_without_colour() {
    let shapes = |abnormal: Option<bool>, supplied: bool, muscles: bool| {
        let id = if muscles { "leg" } else { "lateral_thigh" };
        let region = Region { id: id.into(), muscles, side: Side::Left, name: "one".into(), abnormal, supplied };
        let picture = Body { regions: vec![region] }.picture(&PAPER, 700.0);
        let bare = |shape: &Shape| match shape {
            Shape::Line { points, stroke } => format!("line {points:?} {:?}", stroke.dash),
            Shape::Area { points, .. } => format!("area {points:?}"),
            Shape::Circle { at, radius, .. } => format!("circle {at:?} {radius}"),
            _ => String::new(),
        };
        picture.traces.iter().chain(&picture.marks).map(bare).collect::<String>()
    };
    for muscles in [false, true] {
        let all = [(Some(true), false), (Some(false), true), (Some(false), false), (None, true), (Some(true), true)];
        let drawn: Vec<String> = all.iter().map(|(abnormal, supplied)| shapes(*abnormal, *supplied, muscles)).collect();
        for (k, one) in drawn.iter().enumerate() {
            let same = drawn[..k].iter().position(|other| other == one);
            // An abnormal patch is cross-hatched whether it is supplied or not; words tell which.
            assert!(same.is_none() || (!muscles && k == 4), "{:?} looks like {:?}", all[k], same.map(|at| all[at]));
        }
    }
}

#[test]
fn every_skin_and_muscle_of_the_reference_has_a_place_in_the_picture() {
    for node in anatomy().nodes.values().filter(|node| node.kind == "skin") {
        let answer = myoscope::findings::Answer {
            tested: vec![myoscope::findings::Tested { node: node.id.clone(), side: Side::Left, abnormal: true }],
            ..Default::default()
        };
        let region = myoscope::engine::body(&answer).expect(&node.id).regions.remove(0);
        assert!(patch(&region.id).is_some_and(|(_, points)| points.len() > 3), "{}: nowhere", node.id);
    }
    for muscle in muscles() {
        assert!(segment(&muscle.region).is_some(), "{}: '{}' is no part of the picture", muscle.id, muscle.region);
    }
}

#[test]
fn everything_is_within_the_picture_at_any_width() {
    let every = |side| ["median_hand", "ulnar_hand", "lateral_sole", "forehead", "foot", "hand"].map(|id| (side, id));
    let regions = [Side::Left, Side::Right].into_iter().flat_map(every).map(|(side, id)| Region {
        id: id.into(),
        muscles: segment(id).is_some(),
        side,
        name: "Lateral femoral cutaneous: anterolateral thigh".into(),
        abnormal: Some(true),
        supplied: true,
    });
    let body = Body { regions: regions.collect() };
    for width_px in [320.0, 390.0, 700.0, 1400.0] {
        let picture = body.picture(&PAPER, width_px);
        assert!(picture.width <= width_px + 0.5, "{width_px}: {} wide", picture.width);
        for shape in picture.traces.iter().chain(&picture.marks) {
            let points = match shape {
                Shape::Line { points, .. } | Shape::Area { points, .. } => points.clone(),
                Shape::Circle { at, .. } => vec![*at],
                _ => Vec::new(),
            };
            for [x, y] in points {
                assert!((0.0..=picture.width).contains(&x) && (0.0..=picture.height).contains(&y), "{width_px}: {shape:?}");
            }
        }
    }
}
