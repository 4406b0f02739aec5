//! Guided nerve conduction in a study that is being recorded: runs, sites, what the page is to know.

use super::choices;
use super::log::What;
use super::runs::Step;
use super::{Desk, Live, Patient, Wire};
use crate::analysis::polarity;
use crate::engine::Engine;
use crate::engine::protocol::{Edit, Growth, GuideAsk, GuideView};
use crate::engine::session::Session;
use crate::model::{Examination, SweepMeasurement, TestKind};
use crate::simulate::patient::{NerveSite, Over};

/// A response that is not this much larger has not grown.
const GROWN: f64 = 1.05;
/// A reflex that is so much smaller than the largest one is behind it: a part.
const PAST: f64 = 0.7;
/// A current clearly above the one that is needed: a fifth (Preston and Shapiro, Electromyography and
/// Neuromuscular Disorders, ch. 3: 20 to 25 per cent).
const ABOVE: f64 = 1.2;

impl Desk {
    /// Does what is asked during guided nerve conduction.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub fn guide(&mut self, ask: GuideAsk, now_ms: f64, wire: &mut Wire) -> Result<(), String> {
        self.told_ms = f64::NEG_INFINITY;
        let step = match ask {
            GuideAsk::Begin { id, side, recording, channel } => {
                let channels = self.intake.take.recordings.get(recording).map_or(0, |recording| recording.channels.len());
                let run = choices::run(&id, side, (recording, channel)).filter(|_| channel < channels);
                let run = run.ok_or("This cannot be examined with the channels that are there.")?;
                self.guided = id;
                Step::Begin { run }
            }
            GuideAsk::Site { site } => Step::Site { site },
            GuideAsk::End => Step::End,
            GuideAsk::Impedances { on } => {
                self.measure_impedances(on, now_ms, wire);
                return Ok(());
            }
            GuideAsk::Exercise { seconds } => {
                let trains = self.intake.take.runs.under().filter(|_| self.in_trains());
                let site = trains.filter(|_| seconds > 0.0 && seconds <= 600.0).map(|under| under.site);
                let Some(site) = site else { return Ok(()) };
                self.mark(now_ms, &format!("Exercise {seconds} s"), wire);
                self.enter(now_ms, What::Guided(Box::new(Step::Exercise { seconds })), wire);
                // The train at rest is behind: the next one is that right after exercise.
                if site > 0 {
                    return Ok(());
                }
                Step::Site { site: 1 }
            }
            GuideAsk::Stimulator { ask } => {
                #[cfg(feature = "stimulator")]
                self.stimulator(ask, now_ms, wire);
                #[cfg(not(feature = "stimulator"))]
                let _ = ask;
                return Ok(());
            }
        };
        // Nothing stays armed over another place: its current was not meant for it. A train of
        // repetitive stimulation stays where it is.
        #[cfg(feature = "stimulator")]
        if !(matches!(step, Step::Site { .. }) && self.in_trains()) {
            self.disarm("another site", now_ms, wire);
        }
        self.enter(now_ms, What::Guided(Box::new(step)), wire);
        Ok(())
    }

    /// [`RunChoice::id`](crate::engine::protocol::RunChoice::id) of the last run; empty before.
    pub fn guided(&self) -> &str {
        &self.guided
    }

    /// Repetitive stimulation is under way: its sites are trains at one place.
    fn in_trains(&self) -> bool {
        let runs = &self.intake.take.runs;
        let test = runs.under().and_then(|under| runs.examination.tests.get(under.test));
        test.is_some_and(|test| test.kind == TestKind::Repetitive)
    }
}

impl Engine {
    /// Where the run under way stands.
    pub(super) fn guide_view(&self, live: &Live, now_ms: f64) -> Option<GuideView> {
        let runs = &live.intake.take.runs;
        let under = runs.under()?;
        let session = self.sessions.get(&live.study?)?;
        let examination = session.examination();
        let test = examination.tests.get(under.test)?;
        let ids = test.sites.get(under.site).map_or(&[][..], |site| site.sweeps.as_slice());
        let left_out = |id: usize| session.measured(id).is_some_and(|measured| measured.left_out.is_some());
        // What a sweep gives, by the current that was set: what flows differs a little from stimulus to stimulus.
        let of = |size: fn(&SweepMeasurement) -> f64| -> Vec<(f64, f64)> {
            let counted = ids.iter().filter(|id| !left_out(**id));
            let pairs = counted.filter_map(|&id| {
                let stimulus = examination.sweeps.get(id)?.stimulus;
                Some((stimulus.set_ma.or(stimulus.current_ma)?, size(session.measured(id)?)))
            });
            pairs.collect()
        };
        let m_uv = |measured: &SweepMeasurement| measured.response.map_or(0.0, |response| response.amp_uv);
        let h_uv = |measured: &SweepMeasurement| measured.late.first().map_or(0.0, |late| late.pp_uv);
        let by_current = matches!(test.kind, TestKind::Motor | TestKind::HReflex);
        let exercised_s = live.exercised_ms.map(|ended_ms| (now_ms - ended_ms) / 1000.0);
        let end_s = session.acquired.recordings.get(under.recording).map(|recording| recording.timeline.duration_s());
        Some(GuideView {
            test: under.test,
            site: under.site,
            sweeps: ids.len(),
            left_out: ids.iter().filter(|id| left_out(**id)).count(),
            gaps: runs.gaps(),
            growth: if by_current { growth(of(m_uv)) } else { Growth::Unknown },
            since_s: runs.last_s().zip(end_s).map(|(last_s, end_s)| (end_s - last_s).max(0.0)),
            exercised_s,
            due_s: exercised_s.zip(choices::due_s(under.site)).map(|(passed_s, due_s)| due_s - passed_s),
            reflex_ma: (test.kind == TestKind::HReflex).then(|| past_largest(&of(h_uv))).flatten(),
        })
    }
}

impl Session {
    /// Brings the tests up to those of a recording that runs, and measures what was looked at anew.
    pub(super) fn examine(&mut self, examination: &Examination) {
        let known = &self.acquired.examination;
        let counts = |of: &Examination| (of.tests.len(), of.sweeps.len());
        if counts(known) == counts(examination) {
            return;
        }
        self.acquired.examination = examination.clone();
        polarity::settle(&self.acquired.recordings, &mut self.acquired.examination, &self.samples);
        // The tests that were looked at, and the newest.
        let examination = self.examination();
        let touched: Vec<usize> = self.tested.keys().copied().chain(examination.tests.len().checked_sub(1)).collect();
        for test in touched {
            self.remeasure(&examination, test);
        }
    }
}

/// Why an edit cannot be made while the study is recorded; none for the others.
pub(in crate::engine) fn not_while_recording(edit: &Edit) -> Option<&'static str> {
    // Its tests come behind those of the recording, whose number is not known yet.
    match edit {
        Edit::DeriveTest { .. } => Some("End the recording first: sweeps are made of one that has ended."),
        Edit::Sign { .. } => Some("End the recording first: a report is signed of one that has ended."),
        _ => None,
    }
}

/// Where electrodes and stimulator are put on a simulated patient for a site of a choice; what can be
/// examined instead where the patient has no such nerve.
///
/// # Errors
/// In a sentence for people.
pub fn patient_site(_: &Patient, id: &str, site: usize) -> Result<NerveSite, String> {
    let place = choices::place(id, site).and_then(|(study, site)| NerveSite::of(&study, &site));
    place.ok_or_else(|| {
        let of =
            |motor: bool| Over::ALL.into_iter().filter_map(move |over| choices::named(over.study(), motor)).collect::<Vec<_>>().join(", ");
        format!(
            "The simulated patient has no such nerve or site. There are, motor: {}; sensory: {}; and the soleus H reflex.",
            of(true),
            of(false)
        )
    })
}

/// The current of the largest response, once a greater current gave clearly less.
fn past_largest(series: &[(f64, f64)]) -> Option<f64> {
    let (at_ma, largest_uv) = series.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (last_ma, last_uv) = series.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0))?;
    (largest_uv > 0.0 && last_ma > at_ma && last_uv < PAST * largest_uv).then_some(at_ma)
}

/// Whether a response grows with the current: (current in mA, amplitude in microvolts) of one site.
fn growth(mut series: Vec<(f64, f64)>) -> Growth {
    series.retain(|(ma, uv)| ma.is_finite() && uv.is_finite() && *ma > 0.0);
    series.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Of several at one current the largest counts.
    series.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.max(next.1);
        }
        same
    });
    let [.., (_, before_uv), (last_ma, last_uv)] = series.as_slice() else { return Growth::Unknown };
    let largest_uv = series.iter().map(|(_, uv)| *uv).fold(0.0, f64::max);
    let Some((from_ma, _)) = series.iter().find(|(_, uv)| largest_uv > 0.0 && uv * GROWN >= largest_uv) else { return Growth::Unknown };
    if *last_ma >= ABOVE * from_ma - 1e-9 {
        return Growth::Supramaximal { from_ma: *from_ma };
    }
    if *before_uv > 0.0 && last_uv / before_uv > GROWN {
        return Growth::Grows { percent: 100.0 * (last_uv / before_uv - 1.0) };
    }
    if last_ma == from_ma { Growth::Unknown } else { Growth::Maximal { needed_ma: ABOVE * from_ma } }
}

#[cfg(test)]
mod tests {
    use super::{Growth, growth};

    #[test]
    fn a_response_is_supramaximal_where_a_fifth_more_adds_nothing() {
        assert_eq!(growth(vec![(10.0, 900.0)]), Growth::Unknown);
        assert_eq!(growth(vec![(10.0, 0.0), (20.0, 0.0)]), Growth::Unknown);
        assert_eq!(growth(vec![(10.0, 1000.0), (12.0, 2000.0)]), Growth::Grows { percent: 100.0 });
        let Growth::Maximal { needed_ma } = growth(vec![(10.0, 1000.0), (20.0, 8000.0), (22.0, 8100.0)]) else { panic!() };
        assert!((needed_ma - 24.0).abs() < 1e-9);
        assert_eq!(growth(vec![(24.0, 8150.0), (10.0, 1000.0), (20.0, 8000.0), (22.0, 8100.0)]), Growth::Supramaximal { from_ma: 20.0 });
        // Grown by a quarter at last: not maximal, however much lies between.
        assert!(matches!(growth(vec![(20.0, 8000.0), (30.0, 10_000.0)]), Growth::Grows { .. }));
        // A response that appears from nothing says no more than that.
        assert_eq!(growth(vec![(5.0, 0.0), (10.0, 900.0)]), Growth::Unknown);
    }
}
