//! From what devices say to recordings that grow: one recording for each stream of each device.
//!
//! Pure: the same events at the same times always give the same recordings, so a replay of the raw
//! log is the study. Samples that are missing are gaps of the timeline, never made up. A device that
//! was lost and comes back goes on in its recording, as far behind as the clock of the log says.

use std::rc::Rc;

use super::runs::{Runs, Step};
use super::store::{LiveSamples, Physical, Spill};
use crate::device::{self, ChannelKind, DeviceEvent, Mark, MarkKind, SampleBlock, Values};
use crate::formats::stimulus::is_stimulus;
use crate::model::{Annotation, Channel, Recording, Scale, Span, StartTime, Stimulus, Timeline};

/// Gaps that are told apart; behind so many a recording is too broken to be of use.
const MAX_SPANS: usize = 100_000;
/// Rate taken for a device that does not tell its own until arrival shows it, Hz.
const UNKNOWN_HZ: f64 = 100.0;

/// A new estimate of an untold rate is taken from this relative change on.
const RATE_CHANGE: f64 = 0.002;

/// What a pulse at a trigger input is called, before what the device says of it.
const TRIGGER: &str = "Trigger";

/// Whether an annotation of a recording that runs is a stimulus: of the device, or one at its trigger input.
pub(super) fn is_shot(text: &str) -> bool {
    text.strip_prefix(TRIGGER).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')) || is_stimulus(text)
}

impl Stream {
    /// Recording time of a tick of the device's clock since the run began, seconds.
    fn time_s(&self, ticks: f64) -> f64 {
        (self.base as f64 + ticks / self.ticks_per_sample) / self.fs_hz
    }
}

/// Recordings under way.
#[derive(Default)]
pub struct Take {
    /// The recordings, in the order in which their first samples came.
    pub recordings: Vec<Recording>,
    /// Their samples.
    pub samples: Vec<Rc<LiveSamples>>,
    /// Files that samples may go to when memory is short, one a recording.
    pub spills: Vec<Box<dyn Spill>>,
    /// Guided nerve conduction.
    pub runs: Runs,
    /// The last stimulus of a device's own stimulator.
    pub stimulus: Option<device::Stimulus>,
    /// Impedances as they were measured last, with the port.
    pub impedances: Option<(u8, Vec<device::Impedance>)>,
    /// Counts up whenever more than the length of a recording changed.
    pub changes: u64,
    start: Option<StartTime>,
    title: String,
    streams: Vec<Stream>,
    devices: Vec<Device>,
}

#[derive(Clone)]
struct Device {
    port: u8,
    descriptor: device::Descriptor,
    /// Seconds of the log at which this run's first samples came.
    run_s: Option<f64>,
}

#[derive(Clone)]
struct Stream {
    port: u8,
    stream: u8,
    recording: usize,
    fs_hz: f64,
    /// The device does not tell its rate.
    guessed: bool,
    ticks_per_sample: f64,
    /// Seconds of the log at which the recording begins.
    begun_s: f64,
    /// Recording time of the run's sample 0, in samples.
    base: u64,
    /// The next sample of the run that is expected.
    next: u64,
    /// A run has ended; the next block begins another.
    broken: bool,
}

impl Take {
    /// Says when and as what the recording began.
    pub fn begin(&mut self, start: &str, title: &str) {
        self.start = (!start.is_empty()).then(|| StartTime { iso: start.to_owned() });
        self.title = title.to_owned();
    }

    /// Takes in what a device said at `at_s` seconds of the log.
    pub fn event(&mut self, port: u8, at_s: f64, event: &DeviceEvent) {
        match event {
            DeviceEvent::Described(descriptor) => self.described(port, descriptor),
            DeviceEvent::Started { .. } => self.lost(port),
            DeviceEvent::Block(block) => self.block(port, at_s, block),
            // The word that readers of files find sweeps by, and what they read behind it.
            DeviceEvent::Stimulus(stimulus) => {
                let delivered = delivered(stimulus);
                self.shot(port, stimulus.at.ticks(), delivered);
                self.annotate(port, stimulus.at.ticks(), &format!("Stim {}", delivered.words()));
                self.stimulus = Some(stimulus.clone());
            }
            DeviceEvent::Mark(mark) => {
                if mark.kind == MarkKind::Trigger {
                    self.shot(port, mark.at.ticks(), Stimulus::default());
                }
                self.annotate(port, mark.at.ticks(), &mark_words(mark));
            }
            DeviceEvent::Impedance(all) => self.impedances = Some((port, all.clone())),
            _ => {}
        }
    }

    /// One that goes on from here as this one does, with the same recordings, of which it has nothing yet.
    pub fn from_here(&self) -> Self {
        let recordings = self.recordings.iter().map(|known| Recording {
            timeline: Timeline { spans: known.timeline.spans.last().copied().into_iter().collect() },
            channels: known.channels.clone(),
            ..Recording::default()
        });
        Self {
            recordings: recordings.collect(),
            samples: self.samples.iter().map(|samples| Rc::new(samples.emptied())).collect(),
            streams: self.streams.clone(),
            devices: self.devices.clone(),
            ..Self::default()
        }
    }

    /// What the device of a port is.
    pub fn descriptor(&self, port: u8) -> Option<&device::Descriptor> {
        self.devices.iter().find(|device| device.port == port).map(|device| &device.descriptor)
    }

    /// The port was lost, or the device began anew: what comes next is another run.
    pub fn lost(&mut self, port: u8) {
        self.devices.iter_mut().filter(|device| device.port == port).for_each(|device| device.run_s = None);
        self.streams.iter_mut().filter(|stream| stream.port == port).for_each(|stream| stream.broken = true);
    }

    /// A person marked a moment, at `at_s` seconds of the log.
    pub fn mark(&mut self, at_s: f64, text: &str) {
        for stream in &self.streams {
            let onset_s = (at_s - stream.begun_s).max(0.0);
            let annotation = Annotation { onset_s, duration_s: None, text: text.to_owned(), channel: None };
            self.recordings[stream.recording].annotations.push(annotation);
        }
        self.changes += 1;
    }

    /// The examiner takes a step of guided nerve conduction.
    pub fn guided(&mut self, step: &Step) {
        self.runs.step(step);
        self.changes += 1;
    }

    /// A stimulus at ticks of a device's clock since the run began, for the test under way.
    fn shot(&mut self, port: u8, ticks: f64, stimulus: Stimulus) {
        for stream in self.streams.iter().filter(|stream| stream.port == port && !stream.broken) {
            let onset_s = stream.time_s(ticks);
            if onset_s.is_finite() {
                self.runs.shot(stream.recording, onset_s, stimulus);
            }
        }
    }

    fn described(&mut self, port: u8, descriptor: &device::Descriptor) {
        let known = self.devices.iter().position(|device| device.port == port);
        match known {
            Some(at) => {
                if self.devices[at].descriptor.channels != descriptor.channels {
                    // Other channels are another recording.
                    self.streams.retain(|stream| stream.port != port);
                }
                self.devices[at].descriptor = descriptor.clone();
            }
            None => self.devices.push(Device { port, descriptor: descriptor.clone(), run_s: None }),
        }
        self.changes += 1;
    }

    fn block(&mut self, port: u8, at_s: f64, block: &SampleBlock) {
        let Some(device) = self.devices.iter_mut().find(|device| device.port == port) else { return };
        let run_s = *device.run_s.get_or_insert(at_s);
        let found = self.streams.iter().position(|stream| (stream.port, stream.stream) == (port, block.stream));
        let Some(at) = found.or_else(|| self.begin_stream(port, block, run_s)) else { return };
        let stream = &mut self.streams[at];
        let (recording, samples) = (&mut self.recordings[stream.recording], &self.samples[stream.recording]);
        if usize::from(block.channels) != recording.channels.len() {
            return;
        }
        if std::mem::replace(&mut stream.broken, false) {
            // By the clock of the log; never before what is there already.
            let end = stream.base + stream.next;
            let by_clock = ((run_s - stream.begun_s).max(0.0) * stream.fs_hz).round() as u64;
            stream.base = by_clock.max(end + 1);
            stream.next = 0;
        }
        let skip = stream.next.saturating_sub(block.first);
        if skip >= block.samples() {
            return;
        }
        let first = stream.base.saturating_add(block.first + skip);
        let stored = samples.count();
        let new_span = match recording.timeline.spans.last() {
            Some(span) => ((span.onset_s + span.duration_s) * stream.fs_hz).round() as u64 != first,
            None => true,
        };
        if new_span && recording.timeline.spans.len() < MAX_SPANS {
            let onset_s = first as f64 / stream.fs_hz;
            recording.timeline.spans.push(Span { onset_s, stored_s: stored as f64 / stream.fs_hz, duration_s: 0.0 });
            self.changes += 1;
        }
        samples.push(&block.values, skip);
        stream.next = block.end();
        let n = samples.count();
        recording.channels.iter_mut().for_each(|channel| channel.n = n);
        if let Some(span) = recording.timeline.spans.last_mut() {
            span.duration_s = n as f64 / stream.fs_hz - span.stored_s;
        }
        if self.runs.settle(&self.recordings) {
            self.changes += 1;
        }
    }

    fn begin_stream(&mut self, port: u8, block: &SampleBlock, run_s: f64) -> Option<usize> {
        let device = self.devices.iter().find(|device| device.port == port)?;
        let descriptor = &device.descriptor;
        let described: Vec<&device::Channel> = descriptor.stream(block.stream).collect();
        if described.len() != usize::from(block.channels) {
            return None;
        }
        let told = described.first()?.rate_hz.filter(|rate| rate.is_finite() && *rate > 0.0);
        let fs_hz = told.unwrap_or(UNKNOWN_HZ);
        let counts = matches!(block.values, Values::Counts(_));
        let channels: Vec<Channel> = described.iter().map(|channel| channel_of(channel, fs_hz, counts)).collect();
        let physical = described.iter().map(|channel| Physical { scale: channel.scale, offset: channel.offset }).collect();
        let spill = (!self.spills.is_empty()).then(|| self.spills.remove(0));
        let kind = match described.first()?.kind {
            ChannelKind::Emg => "",
            ChannelKind::Temperature => ", temperature",
            ChannelKind::Aux => ", auxiliary",
        };
        let name = format!("{}{kind}", if descriptor.model.is_empty() { &self.title } else { &descriptor.model });
        self.recordings.push(Recording {
            name,
            format: "Live".into(),
            start: self.start.clone(),
            description: words(&[&descriptor.maker, &descriptor.model, &descriptor.firmware, &descriptor.fitness.words]),
            channels,
            timeline: Timeline::default(),
            annotations: Vec::new(),
        });
        self.samples.push(Rc::new(LiveSamples::new(physical, counts, spill)));
        self.changes += 1;
        self.streams.push(Stream {
            port,
            stream: block.stream,
            recording: self.recordings.len() - 1,
            fs_hz,
            guessed: told.is_none(),
            ticks_per_sample: f64::from(described.first()?.ticks_per_sample.max(1)),
            begun_s: run_s,
            base: 0,
            next: 0,
            broken: false,
        });
        Some(self.streams.len() - 1)
    }

    /// The rate at which samples of a device arrive: what recordings of one that does not tell its own
    /// go by. Small changes of the estimate are not followed.
    pub fn arrival_rate(&mut self, port: u8, rate_hz: f64) {
        for stream in self.streams.iter_mut().filter(|stream| stream.port == port && stream.guessed) {
            let factor = stream.fs_hz / rate_hz;
            if (factor - 1.0).abs() < RATE_CHANGE || !factor.is_finite() {
                continue;
            }
            stream.fs_hz = rate_hz;
            let recording = &mut self.recordings[stream.recording];
            recording.channels.iter_mut().for_each(|channel| channel.fs_hz = rate_hz);
            for span in &mut recording.timeline.spans {
                (span.onset_s, span.stored_s, span.duration_s) = (span.onset_s * factor, span.stored_s * factor, span.duration_s * factor);
            }
            recording.annotations.iter_mut().for_each(|annotation| annotation.onset_s *= factor);
            self.changes += 1;
        }
    }

    /// Annotates the recordings of a device at ticks of its clock since the run began.
    fn annotate(&mut self, port: u8, ticks: f64, text: &str) {
        for stream in self.streams.iter().filter(|stream| stream.port == port && !stream.broken) {
            let onset_s = stream.time_s(ticks);
            if onset_s.is_finite() {
                let annotation = Annotation { onset_s, duration_s: None, text: text.to_owned(), channel: None };
                let all = &mut self.recordings[stream.recording].annotations;
                // In order of onset: an event may come late, but never much.
                let at = all.iter().rposition(|other| other.onset_s <= onset_s).map_or(0, |at| at + 1);
                all.insert(at, annotation);
                self.changes += 1;
            }
        }
    }
}

fn channel_of(channel: &device::Channel, fs_hz: f64, counts: bool) -> Channel {
    let corner = |hz: Option<f64>, word: &str| hz.filter(|hz| *hz > 0.0).map(|hz| format!("{word}:{hz:.0}Hz"));
    let corners: Vec<String> = corner(channel.low_hz, "HP").into_iter().chain(corner(channel.high_hz, "LP")).collect();
    let bits = channel.bits.clamp(1, 32);
    let reach = 1_i64 << (bits - 1);
    Channel {
        name: channel.label.clone(),
        unit: channel.unit.clone(),
        fs_hz,
        n: 0,
        transducer: String::new(),
        prefilter: corners.join(" "),
        scale: counts.then_some(Scale { gain: channel.scale, offset: channel.offset, digital_min: -reach, digital_max: reach - 1 }),
        negative_up: false,
        skew_s: if channel.group_delay_s.is_finite() { channel.group_delay_s } else { 0.0 },
    }
}

fn words(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
}

fn mark_words(mark: &Mark) -> String {
    let kind = match mark.kind {
        MarkKind::Trigger => TRIGGER,
        MarkKind::FootSwitch => "Foot switch",
        MarkKind::Marker => "Marker",
        MarkKind::SyncOut => "Sync",
    };
    if mark.text.is_empty() { kind.into() } else { format!("{kind}: {}", mark.text) }
}

/// What was delivered, as far as the device measured it, and what was set.
fn delivered(stimulus: &device::Stimulus) -> Stimulus {
    let ma = |ua: u32| f64::from(ua) / 1000.0;
    Stimulus {
        current_ma: Some(ma(stimulus.delivered_ua.unwrap_or(stimulus.set_ua))),
        pulse_ms: Some(f64::from(stimulus.width_us) / 1000.0),
        set_ma: Some(ma(stimulus.set_ua)),
    }
}
