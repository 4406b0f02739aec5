//! Typed values as a measurement, so that everything behind it (limits, conclusions, reports) reads them as it
//! reads measured ones. What was not typed is missing (NaN), and nothing is made up for it.

use super::segment;
use crate::analysis::{Analyzed, Context};
use crate::model::{
    FWaveSite, FWaveSummary, HReflexSummary, LateKind, LateResponse, MarkerKind, MotorSummary, Response, SegmentMeasurement,
    SensorySummary, Summary, SweepMeasurement, TestKind, TestMeasurement, TypedColumn, TypedSite, TypedTest, typed_sweep,
};

/// Goes into every measurement.
const METHOD: &str = "typed/1";

/// A typed test, measured.
pub struct Typed(pub TypedTest);

fn value(site: &TypedSite, column: TypedColumn) -> f64 {
    site.values.get(&column).copied().unwrap_or(f64::NAN)
}

fn response(site: &TypedSite) -> Option<Response> {
    (!site.no_response).then(|| Response {
        onset_ms: value(site, TypedColumn::Latency),
        peak_ms: value(site, TypedColumn::Peak),
        neg_end_ms: f64::NAN,
        amp_uv: value(site, TypedColumn::Amplitude),
        duration_ms: value(site, TypedColumn::Duration),
        area_uvms: f64::NAN,
        ..Response::default()
    })
}

/// Whether anything was said of a site.
fn said(site: &TypedSite) -> bool {
    site.no_response || !site.values.is_empty()
}

impl Analyzed for Typed {
    fn measurement(&self, _context: &Context) -> TestMeasurement {
        let test = &self.0;
        let late = matches!(test.kind, TestKind::FWave | TestKind::HReflex);
        let sweeps = test.sites.iter().enumerate().filter(|(_, site)| said(site)).map(|(at, site)| {
            let kind = if test.kind == TestKind::FWave { LateKind::F } else { LateKind::H };
            let onset_ms = value(site, TypedColumn::Latency);
            let seen = late && !site.no_response && onset_ms.is_finite();
            SweepMeasurement {
                sweep: typed_sweep(test.id, at),
                method: METHOD.into(),
                stimulus_known: true,
                response: if late { None } else { response(site) },
                late: seen
                    .then_some(LateResponse { kind, onset_ms, end_ms: None, amp_uv: f64::NAN, pp_uv: f64::NAN })
                    .into_iter()
                    .collect(),
                placed: MarkerKind::ALL.to_vec(),
                ..SweepMeasurement::default()
            }
        });
        let first = test.sites.first();
        let latency_ms = first.filter(|site| !site.no_response).and_then(|site| site.values.get(&TypedColumn::Latency).copied());
        let summary = match test.kind {
            TestKind::Motor => Summary::Motor(MotorSummary { segments: self.segments(), ..MotorSummary::default() }),
            TestKind::Sensory => Summary::Sensory(SensorySummary { sites: Vec::new(), segments: self.segments() }),
            TestKind::FWave if first.is_some_and(said) => Summary::FWave(FWaveSummary {
                sites: vec![FWaveSite {
                    // A typist says that there was none, not how often it was looked for.
                    stimuli: if first.is_some_and(|site| site.no_response) { 10 } else { 0 },
                    persistence_pct: first
                        .map_or(f64::NAN, |site| if site.no_response { 0.0 } else { value(site, TypedColumn::Persistence) }),
                    min_ms: latency_ms,
                    ..FWaveSite::default()
                }],
            }),
            TestKind::HReflex if first.is_some_and(said) => Summary::HReflex(HReflexSummary { latency_ms, ..HReflexSummary::default() }),
            _ => Summary::None,
        };
        TestMeasurement { method: METHOD.into(), sweeps: sweeps.collect(), summary, ..TestMeasurement::default() }
    }
}

impl Typed {
    /// Between neighbouring sites, of sensory nerves from the electrode on: by the distance, or as typed.
    fn segments(&self) -> Vec<SegmentMeasurement> {
        let test = &self.0;
        let responses: Vec<Option<Response>> = test.sites.iter().map(|site| if said(site) { response(site) } else { None }).collect();
        let mut out = Vec::new();
        for (to, (site, own)) in test.sites.iter().zip(&responses).enumerate() {
            let Some(own) = own else { continue };
            let typed = site.values.get(&TypedColumn::Velocity).copied();
            let before = to.checked_sub(1).and_then(|from| Some((from, responses.get(from)?.as_ref()?)));
            let mut made = match before {
                Some((from, distal)) if distal.onset_ms.is_finite() && own.onset_ms.is_finite() => {
                    let names = [(from, test.sites[from].name.as_str()), (to, site.name.as_str())];
                    let mut made = segment(&test.nerve, names, distal, own, site.distance_mm);
                    if test.kind == TestKind::Sensory {
                        // The criteria for block are those of motor nerves.
                        made.finding = None;
                    }
                    made
                }
                None if test.kind == TestKind::Sensory && to == 0 => {
                    let mm = site.distance_mm.filter(|mm| *mm > 0.0);
                    let velocity_mps = mm.filter(|_| own.onset_ms > 0.0).map(|mm| mm / own.onset_ms);
                    let mut made = SegmentMeasurement {
                        distance_mm: mm,
                        latency_difference_ms: own.onset_ms,
                        velocity_mps,
                        relative_amplitude_pct: f64::NAN,
                        ..SegmentMeasurement::default()
                    };
                    made.doubt = velocity_mps.and_then(|_| segment::plausibility(&made));
                    made
                }
                _ if typed.is_some() => SegmentMeasurement {
                    from: to.checked_sub(1),
                    to,
                    distance_mm: site.distance_mm,
                    latency_difference_ms: f64::NAN,
                    relative_amplitude_pct: f64::NAN,
                    ..SegmentMeasurement::default()
                },
                _ => continue,
            };
            if let Some(velocity) = typed {
                (made.velocity_mps, made.doubt) = (Some(velocity), None);
            }
            out.push(made);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(name: &str, distance_mm: Option<f64>, values: &[(TypedColumn, f64)]) -> TypedSite {
        TypedSite { name: name.into(), distance_mm, values: values.iter().copied().collect(), ..TypedSite::default() }
    }

    fn measured(test: TypedTest) -> TestMeasurement {
        let nerve = test.test();
        let context = Context { test: &nerve, placed: &[], no_response: &[], height_cm: None, age_years: None };
        Typed(test).measurement(&context)
    }

    #[test]
    fn velocities_follow_from_distances_and_typed_ones_go_first() {
        use TypedColumn::{Amplitude, Latency, Velocity};
        let wrist = site("Wrist", Some(80.0), &[(Latency, 3.5), (Amplitude, 9000.0)]);
        let elbow = site("Elbow", Some(220.0), &[(Latency, 7.5), (Amplitude, 8500.0)]);
        let of = |elbow: TypedSite| TypedTest { nerve: "Median".into(), sites: vec![wrist.clone(), elbow], ..TypedTest::default() };
        let by_distance = measured(of(elbow.clone()));
        assert_eq!(by_distance.summary.segments()[0].velocity_mps, Some(55.0));
        let mut typed = elbow.clone();
        typed.values.insert(Velocity, 51.0);
        assert_eq!(measured(of(typed)).summary.segments()[0].velocity_mps, Some(51.0));
        // A velocity alone is enough, and nothing else is made up.
        let alone = measured(of(site("Elbow", None, &[(Velocity, 48.0)])));
        let segment = &alone.summary.segments()[0];
        assert!(segment.velocity_mps == Some(48.0) && segment.latency_difference_ms.is_nan() && segment.doubt.is_none());
    }

    #[test]
    fn what_was_not_typed_is_missing_and_what_was_not_examined_is_not_there() {
        let one = site("Wrist", None, &[(TypedColumn::Amplitude, 12.0)]);
        let of = measured(TypedTest { kind: TestKind::Sensory, sites: vec![one, TypedSite::default()], ..TypedTest::default() });
        assert_eq!(of.sweeps.len(), 1, "the second site was not examined");
        let response = of.sweeps[0].response.unwrap_or_default();
        assert!(response.onset_ms.is_nan() && response.amp_uv == 12.0);
        let none = TypedSite { no_response: true, ..TypedSite::default() };
        let of = measured(TypedTest { kind: TestKind::Sensory, sites: vec![none], ..TypedTest::default() });
        assert!(of.sweeps.len() == 1 && of.sweeps[0].response.is_none());
    }
}
