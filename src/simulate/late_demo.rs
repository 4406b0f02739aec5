//! Demo studies of late responses: F waves of the ulnar nerve, the soleus H reflex, trains of
//! repetitive stimulation at rest and after exercise in a failing junction, a blink reflex.

use std::sync::Arc;

use super::late::{Recorded, blink, f_waves, h_reflexes, trains};
use crate::model::{
    Annotation, Channel, Examination, InMemory, NerveTest, Recording, Scale, Side, Site, Span, Stimulus, Study, Subject, Sweep, TestKind,
    Timeline,
};

/// Converter of the demo: 16 bits over +-16 mV.
const SCALE: Scale = Scale { gain: 0.5, offset: 0.0, digital_min: -32_768, digital_max: 32_767 };

struct Part {
    kind: TestKind,
    nerve: &'static str,
    muscle: &'static str,
    temperature_c: Option<f64>,
    rate_hz: Option<f64>,
    every_s: f64,
    /// Name of the site, name of the channel, sweeps.
    sites: Vec<(&'static str, &'static str, Recorded)>,
}

fn parts() -> Vec<Part> {
    let [rest, exercised, later]: [Recorded; 3] = match <[Recorded; 3]>::try_from(trains(91, &[0.24, 0.09, 0.3])) {
        Ok(three) => three,
        Err(_) => return Vec::new(),
    };
    let [stimulated, other] = blink(17, 6);
    vec![
        Part {
            kind: TestKind::FWave,
            nerve: "Ulnar",
            muscle: "ADM",
            temperature_c: Some(33.1),
            rate_hz: None,
            every_s: 1.0,
            sites: vec![("Wrist", "ADM", f_waves(5, 20, 2.2, true))],
        },
        Part {
            kind: TestKind::HReflex,
            nerve: "Tibial",
            muscle: "Soleus",
            temperature_c: Some(31.4),
            rate_hz: None,
            every_s: 3.0,
            sites: vec![("Popliteal fossa", "Soleus", h_reflexes(8, 20))],
        },
        Part {
            kind: TestKind::Repetitive,
            nerve: "Accessory",
            muscle: "Trapezius",
            temperature_c: Some(33.5),
            rate_hz: Some(3.0),
            every_s: 1.0 / 3.0,
            sites: vec![
                ("Rest", "Trapezius", rest),
                ("10 s exercise", "Trapezius", exercised),
                ("3 min after exercise", "Trapezius", later),
            ],
        },
        Part {
            kind: TestKind::Blink,
            nerve: "Facial",
            muscle: "Orbicularis oculi",
            temperature_c: None,
            rate_hz: None,
            every_s: 15.0,
            sites: vec![("Supraorbital left", "L orbicularis oculi", stimulated), ("Supraorbital left", "R orbicularis oculi", other)],
        },
    ]
}

/// The demo study and the samples of its recordings, one recording a site and channel, fully
/// labelled. Sweeps of the blink reflex's two channels belong to one site.
pub fn demo_late_study() -> (Study, Vec<InMemory>) {
    let mut study = Study { subject: Subject { code: "DEMO".to_owned(), ..Subject::default() }, ..Study::default() };
    let mut samples = Vec::new();
    let mut examination = Examination::default();
    for part in parts() {
        let mut sites: Vec<Site> = Vec::new();
        for (name, channel, recorded) in &part.sites {
            let (recording, stored, ids) = record(&part, name, channel, recorded, study.recordings.len(), &mut examination);
            study.recordings.push(recording);
            samples.push(InMemory { channels: vec![Arc::from(stored)] });
            match sites.iter_mut().find(|site| site.name == *name) {
                Some(site) => site.sweeps.extend(ids),
                None => sites.push(Site { name: (*name).to_owned(), distance_mm: None, sweeps: ids }),
            }
        }
        examination.tests.push(NerveTest {
            kind: part.kind,
            side: Some(Side::Left),
            nerve: part.nerve.to_owned(),
            recorded_from: part.muscle.to_owned(),
            temperature_c: part.temperature_c,
            rate_hz: part.rate_hz,
            sites,
            ..NerveTest::default()
        });
    }
    study.examination = examination;
    (study, samples)
}

fn record(
    part: &Part,
    site: &str,
    channel: &str,
    recorded: &Recorded,
    index: usize,
    examination: &mut Examination,
) -> (Recording, Vec<f64>, Vec<usize>) {
    let (mut stored, mut spans, mut annotations, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (k, (uv, ma)) in recorded.uv.iter().zip(&recorded.current_ma).enumerate() {
        let (onset_s, start) = (part.every_s * k as f64, stored.len() as u64);
        spans.push(Span { onset_s, stored_s: start as f64 / recorded.fs_hz, duration_s: uv.len() as f64 / recorded.fs_hz });
        annotations.push(Annotation {
            onset_s: onset_s + recorded.stimulus_s,
            duration_s: None,
            text: format!("{site} {ma} mA 0.2 ms"),
            channel: Some(0),
        });
        ids.push(examination.sweeps.len());
        examination.sweeps.push(Sweep {
            turned: false,
            recording: index,
            channel: 0,
            start,
            n: uv.len() as u64,
            stimulus_s: Some(recorded.stimulus_s),
            stimulus: Stimulus { current_ma: Some(*ma), pulse_ms: Some(0.2), ..Stimulus::default() },
            averaged: Some(1),
        });
        let store = |v: &f64| (v / SCALE.gain).round().clamp(SCALE.digital_min as f64, SCALE.digital_max as f64) * SCALE.gain;
        stored.extend(uv.iter().map(store));
    }
    let recording = Recording {
        name: format!("Left {} {} ({channel}, {site})", part.nerve.to_lowercase(), part.kind.word()),
        format: "simulated".to_owned(),
        description: format!("Simulated {}", part.kind.name().to_lowercase()),
        channels: vec![Channel {
            negative_up: true,
            name: channel.to_owned(),
            unit: "uV".to_owned(),
            fs_hz: recorded.fs_hz,
            n: stored.len() as u64,
            transducer: "simulated surface electrodes".to_owned(),
            prefilter: String::new(),
            scale: Some(SCALE),
            skew_s: 0.0,
        }],
        timeline: Timeline { spans },
        annotations,
        ..Recording::default()
    };
    (recording, stored, ids)
}
