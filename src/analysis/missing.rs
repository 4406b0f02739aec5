//! Sweeps whose samples are missing (a damaged file, a gap, an electrode that was off): what they held is not
//! known, and that is not the same as no response.

use super::{Analyzed, Context, DerivedTrace, TestInput, analyzer_for};
use crate::model::{MISSING_SAMPLES, QualityFlag, QualityKind, Summary, SweepId, TestMeasurement};

/// A test, analysed; sweeps of which most samples are missing say so instead of saying that there was no response.
pub fn analyze(input: &TestInput) -> Box<dyn Analyzed + Send> {
    let inner = analyzer_for(input.test.kind).analyze(input);
    let most_missing = |uv: &[f64]| 2 * uv.iter().filter(|value| !value.is_finite()).count() > uv.len();
    let lost: Vec<SweepId> = input.sweeps.iter().filter(|sweep| most_missing(&sweep.uv)).map(|sweep| sweep.sweep).collect();
    if lost.is_empty() {
        return inner;
    }
    Box::new(Missing { inner, of: input.sweeps.len(), lost })
}

struct Missing {
    inner: Box<dyn Analyzed + Send>,
    lost: Vec<SweepId>,
    of: usize,
}

impl Analyzed for Missing {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let mut out = self.inner.measurement(context);
        for sweep in out.sweeps.iter_mut().filter(|sweep| self.lost.contains(&sweep.sweep)) {
            let said = context.no_response.contains(&sweep.sweep);
            if !said && sweep.response.is_none() && sweep.late.is_empty() {
                sweep.left_out = Some(MISSING_SAMPLES.into());
            }
        }
        let (lost, of) = (self.lost.len(), self.of);
        let what = if lost == of {
            // What follows from all of them follows from nothing.
            (out.summary, out.tables, out.charts) = (Summary::None, Vec::new(), Vec::new());
            "The samples of this test are missing: nothing is known of it.".to_owned()
        } else {
            format!("The samples of {lost} of {of} sweeps are missing: they count as not measured.")
        };
        out.quality.push(QualityFlag { kind: QualityKind::TooFew, what });
        out
    }

    fn traces(&self) -> Vec<DerivedTrace> {
        self.inner.traces()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::SweepInput;
    use crate::model::{NerveTest, Site};

    fn measured(lost: &[bool]) -> TestMeasurement {
        let (study, samples) = crate::simulate::demo_motor_study();
        let examination = &study.examination;
        let test = NerveTest { sites: vec![Site { sweeps: (0..lost.len()).collect(), ..Site::default() }], ..examination.tests[0].clone() };
        let sweeps: Vec<SweepInput> = (0..lost.len())
            .filter_map(|id| {
                let mut input = crate::analysis::sweep_input(&study.recordings, examination, &samples[0], id).ok()??;
                if lost[id] {
                    input.uv.iter_mut().for_each(|value| *value = f64::NAN);
                }
                Some(SweepInput { site: 0, ..input })
            })
            .collect();
        assert_eq!(sweeps.len(), lost.len());
        let input = TestInput { test: test.clone(), sweeps, left_out: Vec::new(), taken_in: Vec::new() };
        let context = Context { test: &test, placed: &[], no_response: &[], height_cm: None, age_years: None };
        analyze(&input).measurement(&context)
    }

    #[test]
    fn what_is_missing_is_not_absent() {
        let whole = measured(&[false, false]);
        assert!(whole.sweeps.iter().all(|sweep| sweep.response.is_some() && sweep.left_out.is_none()));
        let half = measured(&[true, false]);
        assert_eq!(half.sweeps[0].left_out.as_deref(), Some(MISSING_SAMPLES));
        assert!(half.sweeps[1].response.is_some() && half.quality.iter().any(|flag| flag.what.contains("1 of 2 sweeps")));
        let none = measured(&[true, true]);
        assert!(none.sweeps.iter().all(|sweep| sweep.left_out.is_some()) && none.summary == Summary::None);
    }
}
