//! An examiner at a simulated patient: guided nerve conduction through the real path.

use std::ops::{Deref, DerefMut};

use myoscope::engine::live::{Patient, patient_site};
use myoscope::engine::protocol::{
    Edit, Growth, GuideAsk, GuideView, Request, StimulatorAsk, StimulatorStage, StimulatorView, StimulusView, TestView,
};
use myoscope::model::Side;
use myoscope::simulate::patient::Act;

use super::live::LiveDesk;

/// The room.
pub struct Room {
    desk: LiveDesk,
    id: String,
    /// Width, number and period of the stimuli that are customary.
    stimulus: StimulusView,
}

impl Deref for Room {
    type Target = LiveDesk;

    fn deref(&self) -> &LiveDesk {
        &self.desk
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut LiveDesk {
        &mut self.desk
    }
}

impl Room {
    pub fn new(condition: &str) -> Self {
        let mut desk = LiveDesk::begun(Vec::new());
        desk.patient = Patient::new(condition, 7);
        desk.plug("ranvier");
        desk.pass(2000.0);
        Self { desk, id: String::new(), stimulus: StimulusView { current_ua: 0, width_us: 200, count: 1, period_us: 1_000_000 } }
    }

    pub fn guide(&mut self, ask: GuideAsk) {
        let failed = self.with(|desk, now_ms, wire| desk.guide(ask, now_ms, wire)).err();
        self.failures.extend(failed);
        self.pass(300.0);
    }

    pub fn stimulator(&mut self, ask: StimulatorAsk) -> StimulatorView {
        self.guide(GuideAsk::Stimulator { ask });
        self.stimulator_view()
    }

    pub fn stimulator_view(&self) -> StimulatorView {
        self.live.as_ref().unwrap().stimulator.clone().unwrap()
    }

    pub fn patient(&mut self) -> &mut Patient {
        self.patient.as_mut().unwrap()
    }

    pub fn edit(&mut self, edit: Edit) {
        let study = self.study.unwrap();
        self.ask(Request::Edit { study, edit, gesture: None });
    }

    /// Begins a run at its first site, with the stimuli that are customary.
    pub fn begin(&mut self, id: &str) {
        self.id = id.into();
        let choice = myoscope::engine::live::run_choices().into_iter().find(|choice| choice.id == id).unwrap();
        self.stimulus = StimulusView { current_ua: 0, width_us: choice.width_us, count: choice.count, period_us: choice.period_us };
        self.guide(GuideAsk::Begin { id: id.into(), side: Side::Right, recording: 0, channel: 1 });
        assert_eq!(self.failures, [""; 0]);
        self.site(0);
        self.stimulator(StimulatorAsk::Allow { on: true });
    }

    /// Another site or train, in the program and over the nerve.
    pub fn site(&mut self, site: usize) {
        self.guide(GuideAsk::Site { site });
        let place = patient_site(self.desk.patient.as_ref().unwrap(), &self.id, site).unwrap();
        assert!(self.patient().act(Act::Site(place)));
    }

    pub fn stimulus(&self, current_ua: u32) -> StimulusView {
        StimulusView { current_ua, ..self.stimulus }
    }

    /// Sets and arms a current, in steps that the device allows.
    pub fn arm(&mut self, current_ua: u32) {
        let mut at_ua = 0;
        while at_ua < current_ua {
            at_ua = (at_ua + 10_000).min(current_ua);
            let stimulus = self.stimulus(at_ua);
            self.stimulator(StimulatorAsk::Set { stimulus });
        }
        self.stimulator(StimulatorAsk::Arm { current_ua });
        self.pass(800.0);
        let view = self.stimulator_view();
        assert_eq!(view.stage, StimulatorStage::Armed, "{}", view.why);
    }

    /// Stimulates, and waits until the train is over.
    pub fn fire(&mut self) {
        let view = self.stimulator(StimulatorAsk::Fire);
        assert_eq!(view.why, "");
        let train_ms = f64::from(self.stimulus.count - 1) * f64::from(self.stimulus.period_us) * 1e-3;
        self.pass(200.0 + train_ms);
    }

    /// Another current, armed anew.
    pub fn step(&mut self, current_ua: u32) {
        let set_ua = self.stimulator_view().set.unwrap().current_ua;
        self.stimulator(StimulatorAsk::Step { by_ua: current_ua as i32 - set_ua as i32 });
        self.pass(800.0);
        assert_eq!(self.stimulator_view().stage, StimulatorStage::Armed);
    }

    /// Stimuli that grow until the response does not: as an examiner does.
    pub fn supramaximal(&mut self) {
        self.arm(10_000);
        self.fire();
        for current_ua in [15_000, 20_000, 25_000, 30_000, 36_000, 43_000, 52_000, 60_000, 70_000, 78_000] {
            self.step(current_ua);
            self.fire();
            if matches!(self.guided().growth, Growth::Supramaximal { .. }) {
                return;
            }
        }
        panic!("{:?}", self.guided());
    }

    pub fn guided(&self) -> GuideView {
        self.guide.clone().unwrap()
    }

    pub fn test(&mut self, index: usize) -> TestView {
        let study = self.study.unwrap();
        self.ask(Request::Sweeps { study, test: index });
        self.views.last().unwrap().tests[index].clone()
    }

    /// A whole motor study: supramaximal at as many sites, with the patient's own distances; its test.
    pub fn motor(&mut self, id: &str, sites: usize) -> TestView {
        self.begin(id);
        let test = self.guided().test;
        for site in 0..sites {
            if site > 0 {
                self.site(site);
            }
            self.supramaximal();
            let mm = self.patient().site().over.sites()[site].mm;
            self.edit(Edit::Distance { test, site, distance_mm: Some(mm) });
        }
        self.test(test)
    }

    /// A sensory series at a current; its test.
    pub fn sensory(&mut self, id: &str, current_ua: u32) -> TestView {
        self.begin(id);
        self.arm(current_ua);
        self.fire();
        let test = self.guided().test;
        self.test(test)
    }
}
