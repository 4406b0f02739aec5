//! Series under guidance on a simulated patient: what is rejected, late responses, exercise, filters,
//! steps of the current, impedances.

#![cfg(all(not(target_arch = "wasm32"), feature = "stimulator"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::room::Room;
use myoscope::engine::Engine;
use myoscope::engine::protocol::{Edit, Event, Growth, GuideAsk, Output, Request, StimulatorAsk, StimulatorStage, SweepData};
use myoscope::formats::Files;
use myoscope::model::{Cell, FilterChain, TestKind};
use myoscope::simulate::patient::{Act, NeedleAct};

/// What sweeps of a test are drawn from.
fn drawn(room: &mut Room, test: usize) -> Vec<SweepData> {
    let study = room.study.unwrap();
    let mut found = Vec::new();
    let engine: &mut Engine = &mut room.engine;
    engine.handle(Request::Sweeps { study, test }, &Files::default(), None, &mut |output: Output| {
        if let Event::Sweeps { sweeps, .. } = output.event {
            found = sweeps;
        }
    });
    found
}

#[test]
fn an_average_leaves_out_what_movement_spoiled() {
    let mut room = Room::new("healthy");
    // Over the muscle of the needle, whose effort is seen.
    room.begin("median_sensory_d2");
    room.arm(20_000);
    room.fire();
    assert_eq!((room.guided().sweeps, room.guided().left_out), (10, 0));
    // The patient makes a fist: some of the next ten are spoiled, and said to be.
    room.patient().act(Act::Needle(NeedleAct::Strong));
    room.pass(1500.0);
    room.fire();
    room.patient().act(Act::Relax);
    room.pass(1500.0);
    room.fire();
    let guided = room.guided();
    assert_eq!(guided.sweeps, 30);
    assert!(guided.left_out > 0 && guided.left_out <= 10, "{guided:?}");
    let test = room.test(0);
    let Cell::Number(averaged) = test.tables[0].rows[0].cells[0] else { panic!("{:?}", test.tables) };
    assert_eq!(averaged as usize, 30 - guided.left_out);
    let why: Vec<String> = test.sites[0].sweeps.iter().filter_map(|sweep| sweep.measurement.as_ref()?.left_out.clone()).collect();
    assert!(why.len() == guided.left_out && why.iter().all(|why| !why.is_empty()), "{why:?}");
    // What is averaged is still that of rest.
    let Cell::Number(uv) = test.tables[0].rows[0].cells[3] else { panic!() };
    assert!((24.0..33.0).contains(&uv), "{uv}");
}

#[test]
fn an_h_reflex_grows_falls_and_gives_way_to_the_m_wave() {
    let mut room = Room::new("healthy");
    room.begin("late:h_soleus");
    room.arm(8_000);
    room.fire();
    let mut seen = Vec::new();
    for current_ua in (9_000..36_000).step_by(1500) {
        room.step(current_ua);
        room.fire();
        // A reflex wants its pause.
        room.pass(1000.0);
        seen.push((current_ua, room.guided().reflex_ma, room.guided().growth));
    }
    let test = room.test(0);
    assert_eq!((test.kind, test.sites[0].sweeps.len()), (TestKind::HReflex, 19));
    let late = |k: usize| test.sites[0].sweeps[k].measurement.as_ref().and_then(|m| m.late.first().map(|late| (late.onset_ms, late.pp_uv)));
    let (best, (onset_ms, largest_uv)) = (0..19).filter_map(|k| Some((k, late(k)?))).max_by(|a, b| a.1.1.total_cmp(&b.1.1)).unwrap();
    assert!((27.0..34.0).contains(&onset_ms) && largest_uv > 1000.0, "{onset_ms} {largest_uv}");
    assert!(best > 1 && best < 17, "rises and falls: {best}");
    let (_, at_ma, growth) = seen.last().unwrap();
    assert!(at_ma.is_some_and(|ma| (8.0..25.0).contains(&ma)), "{seen:?}");
    assert!(matches!(growth, Growth::Maximal { .. } | Growth::Supramaximal { .. }), "{seen:?}");
    assert!(seen[0].1.is_none(), "nothing is past before it was seen to fall");
    // In the long nerves of a polyneuropathy it is late, or not there.
    let mut sick = Room::new("polyneuropathy");
    sick.begin("late:h_soleus");
    sick.arm(20_000);
    sick.fire();
    for current_ua in [24_000, 28_000, 32_000, 36_000, 42_000] {
        sick.step(current_ua);
        sick.fire();
    }
    let test = sick.test(0);
    let onsets = test.sites[0].sweeps.iter().filter_map(|sweep| sweep.measurement.as_ref()?.late.first()).map(|late| late.onset_ms);
    assert!(onsets.clone().all(|ms| ms > 34.0), "{:?}", onsets.collect::<Vec<_>>());
}

#[test]
fn f_waves_of_every_limb() {
    for (id, range) in
        [("late:f_median", 22.0..32.0), ("late:f_ulnar", 22.0..32.0), ("late:f_fibular", 38.0..56.0), ("late:f_tibial", 38.0..56.0)]
    {
        let mut room = Room::new("healthy");
        room.begin(id);
        room.arm(40_000);
        room.fire();
        let test = room.test(0);
        assert_eq!((test.kind, test.sites[0].sweeps.len()), (TestKind::FWave, 10), "{id}");
        let onsets: Vec<f64> =
            test.sites[0].sweeps.iter().filter_map(|s| s.measurement.as_ref()?.late.first()).map(|late| late.onset_ms).collect();
        let least = onsets.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(onsets.len() >= 5 && range.contains(&least), "{id}: {onsets:?}");
    }
}

#[test]
fn exercise_is_counted_down_and_each_train_has_its_time() {
    let mut room = Room::new("healthy");
    room.begin("trains:median_motor_apb");
    room.arm(30_000);
    room.fire();
    assert_eq!((room.guided().exercised_s, room.guided().due_s), (None, None));
    room.guide(GuideAsk::Exercise { seconds: 10.0 });
    room.pass(300.0);
    let guided = room.guided();
    assert_eq!(guided.site, 1, "the train right after exercise is next");
    assert!(guided.exercised_s.is_some_and(|s| (-10.0..-9.0).contains(&s)) && guided.due_s.is_some_and(|s| s > 9.0), "{guided:?}");
    room.pass(10_000.0);
    let guided = room.guided();
    assert!(guided.exercised_s.is_some_and(|s| (0.0..1.0).contains(&s)), "{guided:?}");
    // Still armed: it is the same place.
    room.fire();
    room.guide(GuideAsk::Site { site: 2 });
    room.pass(300.0);
    let due_s = room.guided().due_s.unwrap();
    assert!((50.0..59.0).contains(&due_s), "{due_s}");
    room.pass(1000.0 * due_s);
    assert!(room.guided().due_s.unwrap() <= 0.5);
    room.fire();
    let test = room.test(0);
    assert_eq!(test.sites.iter().map(|site| site.sweeps.len()).collect::<Vec<_>>(), [10, 10, 10, 0, 0, 0]);
    // It stands in the recording, and in no other run.
    let marks = &room.views.last().unwrap().recordings[0].annotations;
    assert_eq!(marks.iter().filter(|mark| mark.annotation.text == "Exercise 10 s").count(), 1);
    room.begin("median_motor_apb");
    room.guide(GuideAsk::Exercise { seconds: 10.0 });
    assert_eq!(room.guided().exercised_s, None);
}

#[test]
fn a_run_is_seen_through_its_filters_and_says_what_was_set() {
    let mut room = Room::new("healthy");
    let test = room.sensory("median_sensory_d2", 20_000);
    assert_eq!((test.filter.high_pass_hz, test.filter.low_pass_hz, test.customary_hz), (Some(20.0), Some(2000.0), Some([20.0, 2000.0])));
    let sweeps = drawn(&mut room, 0);
    assert!(sweeps.iter().any(|sweep| sweep.filter == "2 Hz to 10 kHz, HP 20 Hz, LP 2 kHz"), "{:?}", sweeps[0].filter);
    assert!(sweeps.iter().all(|sweep| sweep.narrower.is_empty()));
    let before = test.tables[0].clone();
    // A person sees it as it came, and values are the same: filters are of the view.
    room.edit(Edit::SweepFilter { filter: Some(FilterChain::default()) });
    let test = room.test(0);
    assert_eq!((test.filter, &test.tables[0]), (FilterChain::default(), &before));
    room.edit(Edit::SweepFilter { filter: None });
    assert_eq!(room.test(0).filter.low_pass_hz, Some(2000.0));
    // A motor study wants what the amplifier has: nothing is added.
    room.begin("median_motor_apb");
    room.arm(12_500);
    room.fire();
    let test = room.test(1);
    assert_eq!(test.filter, FilterChain::default());
    assert_eq!(test.sites[0].sweeps[0].stimulus, "12.5 mA, 0.2 ms");
    let annotations = &room.views.last().unwrap().recordings[0].annotations;
    assert!(annotations.iter().any(|mark| mark.annotation.text == "Stim 12.5 mA, 0.2 ms"), "{annotations:?}");
    // A current that the electrodes do not take stands beside the one that was set.
    room.begin("tibial_motor_ah");
    room.arm(78_000);
    room.fire();
    let stimulus = room.test(2).sites[0].sweeps[0].stimulus.clone();
    assert!(stimulus.starts_with("78.0 mA"), "{stimulus}");
}

#[test]
fn steps_go_from_what_the_device_confirmed_and_none_is_lost() {
    let mut room = Room::new("healthy");
    room.begin("median_motor_apb");
    // Nothing is set: there is nothing to step from.
    assert!(room.stimulator(StimulatorAsk::Step { by_ua: 1000 }).why.contains("Set a current first"));
    room.arm(10_000);
    // Three presses before the device has answered the first.
    for _ in 0..3 {
        let step = GuideAsk::Stimulator { ask: StimulatorAsk::Step { by_ua: 5000 } };
        room.with(|desk, now_ms, wire| desk.guide(step, now_ms, wire)).unwrap();
    }
    room.pass(1500.0);
    let view = room.stimulator_view();
    assert_eq!((view.stage, view.set.unwrap().current_ua), (StimulatorStage::Armed, 25_000), "{}", view.why);
    // Below nothing, and beyond the limit, is refused; what is set stays.
    for by_ua in [-30_000, 11_000] {
        let view = room.stimulator(StimulatorAsk::Step { by_ua });
        assert!(!view.why.is_empty() && view.set.unwrap().current_ua == 25_000, "{view:?}");
    }
}

#[test]
fn impedances_are_asked_for_and_said_with_their_limit() {
    let mut room = Room::new("healthy");
    assert!(room.live.as_ref().unwrap().impedance.is_none());
    room.guide(GuideAsk::Impedances { on: true });
    room.pass(1500.0);
    let view = room.live.clone().unwrap().impedance.unwrap();
    assert_eq!((view.why.as_str(), view.hz, view.max_ohm), ("", 1000, 5000));
    let by_name = |name: &str| view.electrodes.iter().find(|electrode| electrode.name == name).cloned().unwrap();
    assert_eq!(view.electrodes.len(), 6);
    let e1 = by_name("E1");
    assert!(e1.contact && e1.high == Some(false) && e1.ohm.is_some_and(|ohm| (3500..4700).contains(&ohm)), "{e1:?}");
    // No limit is published for needles and stimulators: the number alone.
    assert_eq!((by_name("Needle core").high, by_name("Stimulator").high), (None, None));
    room.patient().act(Act::Contact(false));
    room.pass(1500.0);
    let view = room.live.clone().unwrap().impedance.unwrap();
    assert!(view.electrodes.iter().any(|electrode| electrode.name == "Stimulator" && !electrode.contact));
    room.guide(GuideAsk::Impedances { on: false });
    room.pass(1500.0);
    assert!(room.live.as_ref().unwrap().impedance.is_none());
}
