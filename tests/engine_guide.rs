//! Guided nerve conduction on a simulated patient, through the real path: bytes, decoder, sweeps,
//! analysis, with the stimulator behind its interlock.

#![cfg(all(not(target_arch = "wasm32"), feature = "stimulator"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::memory;
use common::room::Room;
use myoscope::engine::Engine;
use myoscope::engine::live::patient_site;
use myoscope::engine::protocol::{
    Edit, Event, GuideAsk, Output, Request, StimulatorAsk, StimulatorStage, StimulusView, Store, TestView, TextOptions,
};
use myoscope::formats::Files;
use myoscope::model::{Cell, DerivedTest, Response, TestKind};

/// The largest response of a site.
fn largest(test: &TestView, site: usize) -> Response {
    let all = test.sites[site].sweeps.iter().filter_map(|sweep| sweep.measurement.as_ref()?.response);
    all.max_by(|a, b| a.amp_uv.total_cmp(&b.amp_uv)).unwrap()
}

/// Onset in ms, amplitude and velocity of a site.
fn motor(test: &TestView, site: usize) -> (f64, f64, Option<f64>) {
    let response = largest(test, site);
    (response.onset_ms, response.amp_uv / 1000.0, test.sites[site].segment.as_ref().and_then(|segment| segment.velocity_mps))
}

/// Amplitude in microvolts and velocity of a sensory test; none without a response.
fn sensory(test: &TestView) -> Option<(f64, f64)> {
    let row = &test.tables[0].rows[0];
    assert_eq!(row.cells[0], Cell::Number(10.0), "ten responses are averaged");
    match (&row.cells[3], &row.cells[7]) {
        (Cell::Number(uv), Cell::Number(mps)) => Some((*uv, *mps)),
        _ => None,
    }
}

fn abnormal(test: &TestView) -> Vec<&str> {
    test.judged.iter().filter(|judged| judged.abnormal).map(|judged| judged.measure.as_str()).collect()
}

#[test]
fn a_healthy_person_is_normal_in_every_study() {
    let mut room = Room::new("healthy");
    for (id, sites) in [("median_motor_apb", 2), ("ulnar_motor_adm", 3), ("fibular_motor_edb", 3), ("tibial_motor_ah", 2)] {
        let test = room.motor(id, sites);
        assert!(abnormal(&test).is_empty() && !test.judged.is_empty(), "{id}: {:?}", test.judged);
        assert!(test.sites.iter().flat_map(|site| &site.sweeps).all(|sweep| sweep.stimulus.contains("mA, 0.2 ms")));
        // Every site's velocity, at the patient's own distances.
        assert!((1..sites).all(|site| (44.0..64.0).contains(&motor(&test, site).2.unwrap())), "{id}");
    }
    for id in ["median_sensory_d2", "ulnar_sensory_d5", "radial_sensory_snuffbox", "sural", "superficial_fibular"] {
        let test = room.sensory(id, 20_000);
        assert!(abnormal(&test).is_empty() && !test.judged.is_empty(), "{id}: {:?}", test.judged);
        let (_, mps) = sensory(&test).unwrap();
        assert!((46.0..60.0).contains(&mps), "{id}: {mps}");
    }
}

#[test]
fn carpal_tunnel_syndrome_is_the_median_nerve_at_the_wrist() {
    let mut room = Room::new("carpal_tunnel");
    let median = room.motor("median_motor_apb", 2);
    let (wrist_ms, _, _) = motor(&median, 0);
    assert!(wrist_ms > 4.5 && abnormal(&median).contains(&"onset_latency"), "{wrist_ms}");
    assert!(motor(&median, 1).2.unwrap() > 49.0, "the forearm is well");
    let digit = room.sensory("median_sensory_d2", 20_000);
    let (uv, mps) = sensory(&digit).unwrap();
    assert!(uv > 10.0 && mps < 44.0 && abnormal(&digit).contains(&"onset_latency"), "{uv} {mps}");
    for test in
        [room.motor("ulnar_motor_adm", 3), room.sensory("ulnar_sensory_d5", 20_000), room.sensory("radial_sensory_snuffbox", 20_000)]
    {
        assert!(abnormal(&test).is_empty(), "{}: {:?}", test.title, test.judged);
    }
}

#[test]
fn a_root_spares_sensory_potentials_and_a_nerve_does_not() {
    let mut root = Room::new("l5_radiculopathy");
    let (_, mv, _) = motor(&root.motor("fibular_motor_edb", 2), 0);
    let (_, tibial_mv, _) = motor(&root.motor("tibial_motor_ah", 1), 0);
    assert!(mv < 3.0 && tibial_mv > 8.0, "{mv} {tibial_mv}");
    let spared = root.sensory("superficial_fibular", 20_000);
    assert!(abnormal(&spared).is_empty() && sensory(&spared).unwrap().0 > 8.0, "{:?}", spared.judged);
    let mut nerve = Room::new("fibrillating");
    let lost = nerve.sensory("superficial_fibular", 20_000);
    assert!(sensory(&lost).unwrap().0 < 5.0 && sensory(&nerve.sensory("sural", 20_000)).unwrap().0 > 10.0);
}

#[test]
fn polyneuropathy_is_worst_where_fibres_are_longest() {
    let mut room = Room::new("polyneuropathy");
    let leg = room.motor("fibular_motor_edb", 2);
    assert!(motor(&leg, 1).2.unwrap() < 38.0 && !abnormal(&leg).is_empty(), "{:?}", leg.judged);
    let arm = room.motor("median_motor_apb", 2);
    assert!(motor(&arm, 1).2.unwrap() > 46.0 && motor(&arm, 0).1 > 5.0);
    assert_eq!(sensory(&room.sensory("superficial_fibular", 30_000)), None, "no response");
    let sural = room.sensory("sural", 30_000);
    assert!(sensory(&sural).unwrap().0 < 4.0 && abnormal(&sural).contains(&"amplitude"), "{:?}", sural.judged);
    let hand = sensory(&room.sensory("ulnar_sensory_d5", 20_000)).unwrap();
    assert!(hand.0 > 9.0 && hand.0 < 18.0, "{hand:?}");
}

#[test]
fn myopathy_has_small_muscle_responses_at_most() {
    let mut room = Room::new("myopathy");
    let median = room.motor("median_motor_apb", 2);
    assert!((4.0..7.0).contains(&motor(&median, 0).1) && motor(&median, 1).2.unwrap() > 49.0);
    for id in ["median_sensory_d2", "sural"] {
        assert!(abnormal(&room.sensory(id, 20_000)).is_empty(), "{id}");
    }
}

#[test]
fn a_test_of_a_run_is_like_any_other_and_survives() {
    let mut room = Room::new("carpal_tunnel");
    room.begin("median_motor_apb");
    room.supramaximal();
    let test = room.test(0);
    assert_eq!((test.title.as_str(), test.kind), ("R Median motor (APB)", TestKind::Motor));
    assert_eq!(test.sites.iter().map(|site| site.name.as_str()).take(2).collect::<Vec<_>>(), ["Wrist", "Antecubital"]);
    assert!(test.judged.iter().any(|judged| judged.measure == "onset_latency" && judged.abnormal), "{:?}", test.judged);
    // A marker moved, a trace left out, undone; more stimuli do not touch that.
    let sweeps: Vec<usize> = test.sites[0].sweeps.iter().map(|sweep| sweep.id).collect();
    let last = *sweeps.last().unwrap();
    room.edit(Edit::MoveMarker { sweep: last, kind: myoscope::model::MarkerKind::Onset, at_s: 0.0262 });
    room.edit(Edit::LeaveOut { sweep: sweeps[0], out: true });
    let current = room.stimulator_view().set.unwrap().current_ua;
    room.step(current + 2000);
    room.fire();
    assert_eq!(room.guided().left_out, 1);
    let study = room.study.unwrap();
    room.ask(Request::Undo { study });
    let test = room.test(0);
    assert_eq!(test.sites[0].sweeps.len(), sweeps.len() + 1);
    assert!(test.sites[0].sweeps[0].measurement.as_ref().unwrap().left_out.is_none());
    let moved = test.sites[0].sweeps[sweeps.len() - 1].measurement.clone().unwrap();
    assert!(moved.placed.contains(&myoscope::model::MarkerKind::Onset));
    // Sweeps cannot be made by hand meanwhile: their numbers would change.
    room.edit(Edit::DeriveTest { test: DerivedTest::Channels { recording: 0, stimulus_s: None } });
    assert!(room.failures.pop().unwrap().starts_with("End the recording first"));
    // Ended, and opened again from its raw log with the edits that were kept.
    room.end();
    let before = room.test(0);
    let mut engine = Engine::default();
    let mut views = Vec::new();
    let files = Files { all: vec![memory("live-test.myoraw", room.log.clone())] };
    let mut hear = |output: Output| {
        if let Event::Opened { view } | Event::Changed { view } = output.event {
            views.push(view);
        }
    };
    engine.handle(Request::Open { options: TextOptions::default() }, &files, None, &mut hear);
    engine.handle(Request::Fetched { study: 0, store: Store::Edits }, &files, Some(&room.kept), &mut hear);
    engine.handle(Request::Sweeps { study: 0, test: 0 }, &files, None, &mut hear);
    assert_eq!(views.last().unwrap().tests[0], before);
}

#[test]
fn the_stimulator_is_off_until_allowed_and_disarms() {
    let mut room = Room::new("healthy");
    let stimulus = StimulusView { current_ua: 8000, width_us: 200, count: 1, period_us: 1_000_000 };
    let off = room.stimulator(StimulatorAsk::Set { stimulus });
    assert_eq!((off.stage, off.set), (StimulatorStage::Off, None));
    room.begin("median_motor_apb");
    // Too great a step is refused, not made smaller.
    let refused = room.stimulator(StimulatorAsk::Set { stimulus: StimulusView { current_ua: 20_000, ..stimulus } });
    assert_eq!(refused.stage, StimulatorStage::Ready);
    assert!(refused.why.contains("at most 10 mA at once"), "{}", refused.why);
    // Nothing fires that is not armed.
    room.stimulator(StimulatorAsk::Set { stimulus });
    assert!(room.stimulator(StimulatorAsk::Fire).why.contains("not armed"));
    // Another repeated current disarms.
    room.stimulator(StimulatorAsk::Arm { current_ua: 9000 });
    room.pass(800.0);
    let view = room.stimulator_view();
    assert_eq!(view.stage, StimulatorStage::Ready);
    assert!(view.why.contains("repeated current"), "{}", view.why);
    // Armed; another site disarms, and so does a person.
    for moved in [true, false] {
        room.arm(8000);
        if moved {
            room.guide(GuideAsk::Site { site: 1 });
        } else {
            room.stimulator(StimulatorAsk::Disarm { why: "Escape".into() });
        }
        let view = room.stimulator_view();
        assert_eq!((view.stage, view.set), (StimulatorStage::Ready, None));
        assert!(view.why.contains(if moved { "another site" } else { "Escape" }), "{}", view.why);
    }
    assert_eq!(room.guided().sweeps, 0);
    // A nerve that the patient has not says what there is.
    assert!(patient_site(room.patient(), "facial_motor_nasalis", 0).unwrap_err().contains("Ulnar motor"));
}

#[test]
fn late_responses_and_trains_are_series() {
    let mut room = Room::new("healthy");
    room.begin("late:f_median");
    room.arm(30_000);
    room.fire();
    let test = room.test(0);
    assert_eq!((test.kind, test.sites[0].sweeps.len()), (TestKind::FWave, 10));
    let late: Vec<f64> =
        test.sites[0].sweeps.iter().filter_map(|sweep| sweep.measurement.as_ref()?.late.first()).map(|late| late.onset_ms).collect();
    assert!(late.len() >= 5 && late.iter().all(|ms| (22.0..34.0).contains(ms)), "{late:?}");
    // A train at rest and one behind exercise, over the same place, without arming anew.
    room.begin("trains:median_motor_apb");
    room.arm(30_000);
    room.fire();
    room.site(1);
    room.fire();
    let test = room.test(1);
    assert_eq!(test.kind, TestKind::Repetitive);
    assert_eq!(test.sites.iter().map(|site| site.sweeps.len()).collect::<Vec<_>>(), [10, 10, 0, 0, 0, 0]);
    assert!(!test.tables.is_empty());
}
