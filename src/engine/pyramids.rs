//! Minimum and maximum of whole signals, built in steps behind everything else.
//!
//! All raw channels of a recording come from one pass over it; a filtered signal is built for
//! itself when something asks for it. Raw pyramids are kept between sessions.

use std::collections::{HashMap, HashSet};

use super::live::{Spill, Take};
use super::protocol::{Event, Output, Store};
use super::session::Session;
use super::tiles::Ends;
use super::with_bytes;
use crate::analysis::polarity;
use crate::dsp::pyramid::{BUCKET, PAGE, Pages, Pyramid};
use crate::formats::stimulus::sweeps_from_annotations;
use crate::model::{PendingAnnotations, Recording, Samples, ScanProgress};

/// Samples of all channels together that one step reads.
const STEP_SAMPLES: f64 = 2_000_000.0;
/// Recordings smaller than this are built again faster than they are fetched, samples.
const KEEP_FROM: u64 = 4_000_000;
/// Pyramid memory for filtered signals; the oldest go first, signals.
const MAX_DERIVED: usize = 48;
const MAGIC: &[u8; 8] = b"MYOPYRS1";
/// Gain and middle of a lane whose recording has just begun, units a division.
const LIVE_GAIN: (f64, f64) = (100.0, 0.0);

#[derive(Default)]
pub(super) struct Pyramids {
    done: HashMap<u32, Pyramid>,
    queue: Vec<Job>,
    /// Recordings whose annotations were not read to their end.
    unread: usize,
    wanted: HashSet<u32>,
    order: Vec<u32>,
    /// Where overviews of a recording that runs go as they grow.
    pub shelf: Shelf,
    /// The surroundings have answered whether they keep pyramids of this study.
    pub fetched: bool,
    pub cancelled: bool,
}

/// Pages of pyramids in a file of the surroundings; without one they stay in memory.
#[derive(Default)]
pub(super) struct Shelf {
    file: Option<Box<dyn Spill>>,
    pages: u32,
}

impl Shelf {
    /// Pages go to this file from now on.
    pub fn new(file: Option<Box<dyn Spill>>) -> Self {
        Self { file, pages: 0 }
    }
}

impl Pages for Shelf {
    fn keep(&mut self, page: &[f32]) -> Option<u32> {
        let bytes: Vec<u8> = page.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.file.as_mut()?.append(&bytes).ok()?;
        self.pages += 1;
        Some(self.pages - 1)
    }

    fn page(&self, number: u32) -> Option<Vec<f32>> {
        let mut bytes = vec![0; PAGE * 8];
        self.file.as_ref()?.read(u64::from(number) * bytes.len() as u64, &mut bytes).ok()?;
        Some(bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect())
    }
}

enum Job {
    /// All channels of a recording; the signals are its channels' raw signals.
    Raw { recording: usize, signals: Vec<u32>, at: Vec<u64> },
    /// One derived signal.
    Derived { signal: u32, at: u64 },
    /// Annotations that were left for later when a large file was opened.
    Annotations { recording: usize, scan: Box<dyn PendingAnnotations> },
}

impl Pyramids {
    /// The pyramid of a signal, as far as it is.
    pub fn of(&self, signal: u32) -> Option<&Pyramid> {
        self.done.get(&signal)
    }

    /// A tile of this signal was asked for.
    pub fn want(&mut self, signal: u32) {
        self.wanted.insert(signal);
    }

    /// Whether annotations of a file are still to be read, or were not read to their end.
    pub fn annotations_wait(&self) -> bool {
        self.unread > 0
    }

    /// Whether work on a derived signal is queued.
    fn builds(&self, derived: u32) -> bool {
        self.queue.iter().any(|job| matches!(job, Job::Derived { signal, .. } if *signal == derived))
    }

    fn start(&mut self, signal: u32, samples: u64) {
        self.done.insert(signal, Pyramid::with_capacity(samples));
    }
}

impl Session {
    /// Queues the raw channels of every recording. `bytes`: what was kept of an earlier session.
    pub fn pyramids_fetched(&mut self, bytes: Option<&[u8]>, out: &mut dyn FnMut(Output)) {
        if std::mem::replace(&mut self.pyramids.fetched, true) {
            return;
        }
        let kept = bytes.and_then(unpack).unwrap_or_default();
        let mut kept = kept.into_iter();
        for recording in 0..self.acquired.recordings.len() {
            let signals = self.raw_signals(recording);
            let from_store: Vec<Pyramid> = kept.by_ref().take(signals.len()).collect();
            let channels = &self.acquired.recordings[recording].channels;
            let fits =
                from_store.len() == signals.len() && from_store.iter().zip(channels).all(|(p, c)| p.is_finished() && p.samples() == c.n);
            if fits {
                self.pyramids.done.extend(signals.into_iter().zip(from_store));
            } else {
                for (&signal, channel) in signals.iter().zip(channels) {
                    self.pyramids.start(signal, channel.n);
                }
                let at = vec![0; signals.len()];
                self.pyramids.queue.push(Job::Raw { recording, signals, at });
            }
        }
        // Last in, first done: a person misses annotations sooner than the overview.
        for (recording, samples) in self.samples.iter().enumerate() {
            let waiting = samples.pending_annotations().map(|scan| Job::Annotations { recording, scan });
            self.pyramids.unread += usize::from(waiting.is_some());
            self.pyramids.queue.extend(waiting);
        }
        if self.pyramids.queue.is_empty() {
            out(Event::Finished { study: self.key, cancelled: false }.into());
        }
    }

    /// Stops building; what is there stays usable.
    pub fn cancel(&mut self, out: &mut dyn FnMut(Output)) {
        // What was asked for last is what a person wants to stop.
        if self.activity.take_if(|activity| activity.goes_on()).is_none() {
            self.pyramids.queue.clear();
            self.pyramids.cancelled = true;
        }
        out(Event::Finished { study: self.key, cancelled: true }.into());
    }

    /// One bounded piece of work; `false` when there is none.
    pub fn step(&mut self, out: &mut dyn FnMut(Output)) -> bool {
        // Someone waits for an analysis; the overview can wait.
        if self.step_activity(out) {
            return true;
        }
        self.queue_wanted();
        let Some(mut job) = self.pyramids.queue.pop() else { return false };
        match self.advance(&mut job) {
            Ok(Some((what, done, total))) => {
                out(Event::Progress { study: self.key, what, done, total }.into());
                self.pyramids.queue.push(job);
            }
            Ok(None) => {
                if matches!(job, Job::Annotations { .. }) {
                    self.pyramids.unread -= 1;
                    let view = self.view();
                    out(Event::Changed { view }.into());
                }
                let raw = matches!(job, Job::Raw { .. });
                if raw && !self.pyramids.queue.iter().any(|job| matches!(job, Job::Raw { .. })) {
                    self.keep_pyramids(out);
                }
                if self.pyramids.queue.is_empty() {
                    out(Event::Finished { study: self.key, cancelled: false }.into());
                }
            }
            Err(what) => {
                super::failed(out, format!("The overview could not be completed: {what}"));
                out(Event::Finished { study: self.key, cancelled: true }.into());
            }
        }
        true
    }

    /// Derived signals that a tile asked for; they are built first, someone looks at them.
    fn queue_wanted(&mut self) {
        let wanted: Vec<u32> = self.pyramids.wanted.drain().collect();
        for signal in wanted {
            let derived = self.signals.list.get(signal as usize).is_some_and(|signal| !signal.is_raw());
            let begun = self.pyramids.done.get(&signal).filter(|_| derived);
            if let Some(pyramid) = begun.filter(|pyramid| !pyramid.is_finished() && !self.pyramids.builds(signal)) {
                // Its recording has grown since.
                let at = pyramid.samples();
                self.pyramids.queue.push(Job::Derived { signal, at });
            }
            if !derived || self.pyramids.done.contains_key(&signal) {
                continue;
            }
            self.pyramids.start(signal, 0);
            self.pyramids.order.push(signal);
            if self.pyramids.order.len() > MAX_DERIVED {
                let oldest = self.pyramids.order.remove(0);
                self.pyramids.done.remove(&oldest);
                self.pyramids.queue.retain(|job| !matches!(job, Job::Derived { signal, .. } if *signal == oldest));
            }
            self.pyramids.queue.push(Job::Derived { signal, at: 0 });
        }
    }

    /// Advances a job by one step: what is done in words, how far, of how much; `None` at its end.
    fn advance(&mut self, job: &mut Job) -> Result<Option<(String, u64, u64)>, String> {
        match job {
            Job::Raw { recording, signals, at } => {
                let source = &self.acquired.recordings[*recording];
                let samples = self.samples[*recording].as_ref();
                let mut buffers = next_block(source, samples, at);
                samples.read_all(at, &mut buffers).map_err(|error| error.to_string())?;
                let mut open = false;
                for (((signal, at), buffer), channel) in signals.iter().zip(at.iter_mut()).zip(&buffers).zip(&source.channels) {
                    let Some(pyramid) = self.pyramids.done.get_mut(signal) else { continue };
                    pyramid.push(buffer);
                    *at += buffer.len() as u64;
                    if *at >= channel.n { pyramid.finish() } else { open = true }
                }
                let total = source.channels.iter().map(|channel| channel.n).sum();
                Ok(open.then(|| (format!("Reading {}", source.name), at.iter().sum(), total)))
            }
            Job::Annotations { recording, scan } => match scan.step().map_err(|error| error.to_string())? {
                ScanProgress::Working { fraction } => Ok(Some(("Reading annotations".into(), (fraction * 1000.0) as u64, 1000))),
                ScanProgress::Done { annotations, warnings } => {
                    self.acquired.recordings[*recording].annotations = annotations;
                    if *recording == 0 && self.acquired.examination.sweeps.is_empty() {
                        self.acquired.examination = sweeps_from_annotations(&self.acquired.recordings[0]);
                        polarity::settle(&self.acquired.recordings, &mut self.acquired.examination, &self.samples);
                        // Numbers of derived sweeps come behind these: what was measured has others now.
                        self.tested.clear();
                    }
                    self.warnings.extend(warnings);
                    Ok(None)
                }
            },
            Job::Derived { signal, at } => {
                self.follow(*signal);
                let Some(derived) = self.signals.list.get(*signal as usize) else { return Ok(None) };
                let channel = &self.acquired.recordings[derived.recording].channels[derived.channel];
                let (name, total) = (channel.name.clone(), channel.n);
                // The end of a recording that grows is taken once it has settled.
                let until = self.settled_to(*signal).max(*at);
                let n = (until - *at).min(STEP_SAMPLES as u64 / 4);
                if n == 0 && self.growing {
                    return Ok(None);
                }
                let values = self.values(*signal, *at, *at + n).map_err(|error| error.to_string())?;
                let Some(pyramid) = self.pyramids.done.get_mut(signal) else { return Ok(None) };
                pyramid.push(&values);
                pyramid.shelve(&mut self.pyramids.shelf);
                *at += n;
                if *at >= until {
                    if !self.growing {
                        pyramid.finish();
                    }
                    return Ok(None);
                }
                Ok(Some((format!("Filtering {name}"), *at, total)))
            }
        }
    }

    /// Numbers of the raw signals of a recording's channels.
    pub fn raw_signals(&mut self, recording: usize) -> Vec<u32> {
        let channels = self.acquired.recordings.get(recording).map_or(0, |recording| recording.channels.len());
        (0..channels).map(|channel| self.signals.number(recording, channel, None, Default::default(), || 0.0)).collect()
    }

    /// Brings recordings, their samples and overviews up to those of a recording that runs.
    pub fn grow(&mut self, take: &Take) {
        for (index, (recording, samples)) in take.recordings.iter().zip(&take.samples).enumerate() {
            match self.acquired.recordings.get_mut(index) {
                Some(known) => known.clone_from(recording),
                None => self.acquired.recordings.push(recording.clone()),
            }
            if self.samples.len() == index {
                self.samples.push(samples.clone());
            }
            for (channel, signal) in self.raw_signals(index).into_iter().enumerate() {
                // Until something was recorded there is nothing to find a gain from.
                self.suited.entry(signal).or_insert(LIVE_GAIN);
                let pyramid = self.pyramids.done.entry(signal).or_default();
                let n = samples.count().saturating_sub(pyramid.samples()).min(STEP_SAMPLES as u64) as usize;
                let mut values = vec![0.0; n];
                if n > 0 && samples.read(channel, pyramid.samples(), &mut values).is_ok() {
                    pyramid.push(&values);
                    pyramid.shelve(&mut self.pyramids.shelf);
                }
            }
        }
        self.growing = true;
        self.pyramids.fetched = true;
    }

    /// A recording has ended: its overviews are complete.
    pub fn finish_growing(&mut self) {
        self.growing = false;
        self.ends = Ends::default();
        for recording in 0..self.acquired.recordings.len() {
            for signal in self.raw_signals(recording) {
                self.pyramids.done.get_mut(&signal).into_iter().for_each(Pyramid::finish);
            }
        }
    }

    fn keep_pyramids(&mut self, out: &mut dyn FnMut(Output)) {
        let total: u64 = self.acquired.recordings.iter().flat_map(|recording| &recording.channels).map(|channel| channel.n).sum();
        if total < KEEP_FROM {
            return;
        }
        // Eight bytes a bucket: doubling as it grows would take the memory twice.
        let mut bytes = Vec::with_capacity((total / BUCKET as u64 * 8) as usize + 4096);
        bytes.extend(MAGIC);
        for recording in 0..self.acquired.recordings.len() {
            for signal in self.raw_signals(recording) {
                let Some(pyramid) = self.pyramids.done.get(&signal) else { return };
                let one = pyramid.to_bytes(&self.pyramids.shelf);
                bytes.reserve(one.len() + 8);
                bytes.extend((one.len() as u64).to_le_bytes());
                bytes.extend(one);
            }
        }
        out(with_bytes(Event::Keep { study: self.key, store: Store::Pyramid, key: self.fingerprint.clone() }, bytes));
    }
}

/// Empty buffers of the lengths that the next block of each channel has: the same stretch of stored
/// time for all, a whole number of the container's own blocks.
fn next_block(recording: &Recording, samples: &dyn Samples, at: &[u64]) -> Vec<Vec<f64>> {
    let rate: f64 = recording.channels.iter().map(|channel| channel.fs_hz).sum();
    let mut seconds = STEP_SAMPLES / rate.max(1e-9);
    if let Some(block_s) = samples.block_s().filter(|block_s| *block_s > 0.0) {
        seconds = (seconds / block_s).floor().max(1.0) * block_s;
    }
    let lengths = recording.channels.iter().zip(at).map(|(channel, &at)| {
        let begun_s = at as f64 / channel.fs_hz;
        let end = ((begun_s + seconds) * channel.fs_hz).round() as u64;
        (end.max(at + 1).min(channel.n)).saturating_sub(at).min(STEP_SAMPLES as u64 * 2) as usize
    });
    lengths.map(|n| vec![0.0; n]).collect()
}

fn unpack(bytes: &[u8]) -> Option<Vec<Pyramid>> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut pyramids = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<8>() {
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        pyramids.push(Pyramid::from_bytes(tail.get(..length)?)?);
        rest = &tail[length..];
    }
    rest.is_empty().then_some(pyramids)
}
