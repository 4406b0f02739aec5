//! Sensory and mixed nerve conduction: the average of each site, its nerve action potential, and
//! velocities from the stimulus to the recording electrode and between sites.
//!
//! Each site's sweeps are averaged without those that would spoil them (`snap::average`), the
//! average is taken apart into shock, mains, drift and a response from a family of physiological
//! shapes (`snap::fit`), and markers are read off the fitted curve (`snap::curve`). A site of one
//! sweep, which may be an average already, is measured as it is. Velocity of the first site is its
//! distance over the onset latency (no neuromuscular junction lies between: Buschbacher, Manual of
//! Nerve Conduction Studies), of the others their distance over the difference of onsets.
//!
//! Contract: samples that are not finite count as missing; too few of them, no stimulus or senseless
//! rates give no measurement and say so, never a panic. Positive numbers are upward, negative at E1.
//! Cost: about 90 ms a site, once 0.2 s a program; moved markers cost microseconds.

use super::motor::Zero;
use super::snap::site::{SiteAnalysis, analyze};
use super::{conditions, segment, sensory_quality};
use crate::analysis::{Analyzed, Analyzer, Context, DerivedTrace, SweepInput, TestInput, quality};
use crate::model::{
    Cell, Column, MarkerKind, NerveTest, QualityFlag, QualityKind, Response, SegmentMeasurement, SensorySite, SensorySummary, Summary,
    SweepId, SweepMeasurement, Table, TableRow, TestKind, TestMeasurement, average_id,
};

/// Name and version; goes into every measurement.
pub const METHOD: &str = "sensory/2";

/// The analyzer of sensory and mixed conduction.
#[derive(Debug, Clone, Copy)]
pub struct Sensory;

/// A sweep that went into an average, or did not.
#[derive(Debug, Clone)]
struct Raw {
    sweep: SweepId,
    site: usize,
    samples: usize,
    fs_hz: f64,
    stimulus_s: Option<f64>,
}

struct AnalyzedSensory {
    raw: Vec<Raw>,
    sites: Vec<SiteAnalysis>,
}

impl Analyzer for Sensory {
    fn name(&self) -> &'static str {
        METHOD
    }

    fn handles(&self, kind: TestKind) -> bool {
        kind == TestKind::Sensory
    }

    fn analyze(&self, input: &TestInput) -> Box<dyn Analyzed + Send> {
        let of_site = |site: usize| -> Vec<&SweepInput> { input.sweeps.iter().filter(|sweep| sweep.site == site).collect() };
        let mut indices: Vec<usize> = input.sweeps.iter().map(|sweep| sweep.site).collect();
        indices.sort_unstable();
        indices.dedup();
        let sites = indices.into_iter().filter_map(|site| analyze(site, &of_site(site), &input.left_out, &input.taken_in)).collect();
        let raw = |sweep: &SweepInput| Raw {
            sweep: sweep.sweep,
            site: sweep.site,
            samples: sweep.uv.len(),
            fs_hz: sweep.fs_hz,
            stimulus_s: sweep.stimulus_s,
        };
        Box::new(AnalyzedSensory { raw: input.sweeps.iter().map(raw).collect(), sites })
    }
}

impl Analyzed for AnalyzedSensory {
    fn measurement(&self, context: &Context) -> TestMeasurement {
        let test = context.test;
        let mut sweeps = Vec::new();
        let mut summary = SensorySummary::default();
        let mut responses: Vec<Option<Response>> = vec![None; test.sites.len()];
        for site in &self.sites {
            let measured = self.measured(site, context);
            if let Some(slot) = responses.get_mut(site.site) {
                *slot = measured.response;
            }
            summary.sites.push(SensorySite {
                site: site.site,
                sweep: measured.sweep,
                sweeps: site.average.of.len(),
                left_out: site.average.left_out.len(),
                responses: site.average.responses,
            });
            sweeps.push(measured);
        }
        sweeps.extend(self.raw.iter().filter(|raw| !self.stands_alone(raw)).map(|raw| self.listed(raw)));
        summary.segments = segments(test, &responses);
        let mut quality: Vec<QualityFlag> = conditions::cold_limb(test).into_iter().collect();
        quality.extend(conditions::missing_distance(test, true));
        for site in self.sites.iter().filter(|site| self.alone(site).is_none()) {
            let name = test.sites.get(site.site).map_or("", |site| site.name.as_str());
            quality.extend(sensory_quality::sweeps(name, &site.average));
        }
        let tables = table(test, &summary, &responses).into_iter().collect();
        TestMeasurement {
            method: METHOD.to_owned(),
            sweeps,
            summary: Summary::Sensory(summary),
            tables,
            quality,
            ..TestMeasurement::default()
        }
    }

    fn traces(&self) -> Vec<DerivedTrace> {
        let trace = |site: &SiteAnalysis| {
            let average = &site.average;
            let value = |(k, v): (usize, &f64)| {
                let t = average.first_ms + k as f64 / average.per_ms;
                (v - site.fitted.as_ref().map_or(0.0, |fitted| fitted.background.slow_at(t))) as f32
            };
            DerivedTrace {
                id: average_id(site.first),
                site: site.site,
                uv: average.uv.iter().enumerate().map(value).collect(),
                fs_hz: average.per_ms * 1e3,
                stimulus_s: Some(-average.first_ms * 1e-3),
                of: average.of.clone(),
            }
        };
        self.sites.iter().filter(|site| self.alone(site).is_none()).map(trace).collect()
    }
}

impl AnalyzedSensory {
    /// The only sweep of a site, which is measured as it is.
    fn alone(&self, site: &SiteAnalysis) -> Option<&Raw> {
        let mut of_site = self.raw.iter().filter(|raw| raw.site == site.site);
        let only = of_site.next()?;
        of_site.next().is_none().then_some(only)
    }

    fn stands_alone(&self, raw: &Raw) -> bool {
        self.sites.iter().any(|site| self.alone(site).is_some_and(|only| only.sweep == raw.sweep))
    }

    /// The measurement of a site: of its average, or of its only sweep.
    fn measured(&self, site: &SiteAnalysis, context: &Context) -> SweepMeasurement {
        let alone = self.alone(site);
        let (sweep, zero_s) = match alone {
            Some(raw) => (raw.sweep, site.zero.seconds()),
            None => (average_id(site.first), -site.average.first_ms * 1e-3),
        };
        let level =
            |t: f64| site.fitted.as_ref().map_or(0.0, |f| if alone.is_some() { f.background.at(t) } else { f.background.discharge_at(t) });
        let based = |response: Response| Response { baseline_uv: level(response.onset_ms), ..response };
        let automatic = site.automatic.map(based);
        let own = context.placed_on(sweep);
        let response = match (context.no_response.contains(&sweep), own.is_empty()) {
            (true, _) => None,
            (false, true) => automatic,
            (false, false) => Some(based(site.curve.placed(automatic.as_ref(), &own, zero_s))),
        };
        let kinds = TestKind::Sensory.markers();
        SweepMeasurement {
            sweep,
            method: METHOD.to_owned(),
            stimulus_known: matches!(site.zero, Zero::Stated(_)),
            zero_s,
            response,
            automatic,
            placed: kinds.iter().copied().filter(|kind| own.iter().any(|m| m.kind == *kind)).collect(),
            quality: sensory_quality::flags(site),
            ..SweepMeasurement::default()
        }
    }

    /// A sweep of an average: no values of its own, but whether it is in.
    fn listed(&self, raw: &Raw) -> SweepMeasurement {
        let site = self.sites.iter().find(|site| site.site == raw.site);
        let left = site.and_then(|site| site.average.left_out.iter().find(|left| left.sweep == raw.sweep));
        let mut quality = Vec::new();
        if let Some(left) = left.filter(|left| !left.by_person) {
            quality.push(QualityFlag { kind: QualityKind::LeftOut, what: format!("Not in the average: {}.", left.why) });
        }
        if site.is_none() {
            quality.push(quality::unusable(raw.samples, raw.fs_hz));
        }
        SweepMeasurement {
            sweep: raw.sweep,
            method: METHOD.to_owned(),
            stimulus_known: raw.stimulus_s.is_some(),
            zero_s: raw.stimulus_s.filter(|s| s.is_finite()).unwrap_or(0.0),
            left_out: left.map(|left| left.why.clone()),
            quality,
            ..SweepMeasurement::default()
        }
    }
}

/// From the recording electrode to the first site, and between neighbouring sites with responses.
fn segments(test: &NerveTest, responses: &[Option<Response>]) -> Vec<SegmentMeasurement> {
    let mut out = Vec::new();
    if let (Some(site), Some(Some(response))) = (test.sites.first(), responses.first()) {
        out.push(from_electrode(response, site.distance_mm));
    }
    for to in 1..test.sites.len().min(responses.len()) {
        if let (Some(distal), Some(proximal)) = (&responses[to - 1], &responses[to]) {
            let names = [(to - 1, test.sites[to - 1].name.as_str()), (to, test.sites[to].name.as_str())];
            let mut segment = segment(&test.nerve, names, distal, proximal, test.sites[to].distance_mm);
            // The criteria for block are those of motor nerves; sensory potentials cancel by phase.
            segment.finding = None;
            out.push(segment);
        }
    }
    out
}

/// The first segment: the whole latency belongs to the nerve.
fn from_electrode(response: &Response, distance_mm: Option<f64>) -> SegmentMeasurement {
    let distance_mm = distance_mm.filter(|d| d.is_finite() && *d > 0.0);
    let latency = response.onset_ms;
    let mut segment = SegmentMeasurement {
        from: None,
        to: 0,
        distance_mm,
        latency_difference_ms: latency,
        velocity_mps: distance_mm.filter(|_| latency > 0.0).map(|d| d / latency),
        relative_amplitude_pct: f64::NAN,
        ..SegmentMeasurement::default()
    };
    segment.doubt = segment::plausibility(&segment);
    segment
}

fn table(test: &NerveTest, summary: &SensorySummary, responses: &[Option<Response>]) -> Option<Table> {
    let columns = vec![
        Column::new("Sweeps", "", 0),
        Column::new("Onset", "ms", 2),
        Column::new("Peak", "ms", 2),
        Column::new("Amp", "\u{b5}V", 1),
        Column::new("P-P", "\u{b5}V", 1),
        Column::new("Dur", "ms", 2),
        Column::new("Distance", "mm", 0),
        Column::new("CV", "m/s", 1),
    ];
    let row = |site: &SensorySite| {
        let response = responses.get(site.site).copied().flatten();
        let value = |of: &dyn Fn(&Response) -> Option<f64>| Cell::maybe(response.as_ref().and_then(of));
        let segment = summary.segments.iter().find(|segment| segment.to == site.site);
        let place = test.sites.get(site.site);
        TableRow {
            name: place.map_or_else(String::new, |place| place.name.clone()),
            cells: vec![
                Cell::Number(f64::from(site.responses)),
                value(&|r| Some(r.onset_ms)),
                value(&|r| Some(r.peak_ms)),
                if response.is_none() { Cell::text("no response") } else { value(&|r| Some(r.amp_uv)) },
                value(&|r| r.pp_uv),
                value(&|r| Some(r.duration_ms)),
                Cell::maybe(place.and_then(|place| place.distance_mm)),
                Cell::maybe(segment.and_then(|segment| segment.velocity_mps)),
            ],
            sweep: Some(site.sweep),
            doubt: segment.and_then(|segment| segment.doubt.as_ref()).map_or_else(String::new, |doubt| doubt.what.clone()),
        }
    };
    let rows: Vec<TableRow> = summary.sites.iter().map(row).collect();
    (!rows.is_empty()).then(|| Table {
        title: "Sensory conduction".to_owned(),
        columns,
        rows,
        note: MarkerKind::InitialPositive.name().to_owned()
            + " of 8 % and more carries the onset; velocity of the first site is distance over onset latency.",
    })
}
