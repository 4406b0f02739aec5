//! Ports in, a raw log out, and everything that cannot wait: recognising and driving devices, the
//! stimulator's interlock, what is heard. It makes no study: the entries of its log go to an
//! [`Engine`](crate::engine::Engine), which takes them in as it takes in a log that is replayed.
//!
//! The surroundings own ports, clock and files. They hand over what comes ([`Desk::bytes`]), do what the
//! [`Wire`] says (log first, then the writes), and call [`Desk::tick`] every some milliseconds.

use std::collections::BTreeMap;

use super::ear::{Ear, Heard};
use super::log::{Begun, Entry, MAGIC, What};
use super::{Intake, Port, Spill, Stage, Wire};
use crate::device::driver::Phase;
use crate::device::{Config, Opening, UsbIds};
use crate::engine::protocol::{LiveStorage, LiveView, LostView, PortStage, PortView};
use crate::model::LaneSettings;

/// The state of ports is told this often, ms.
const TOLD_MS: f64 = 250.0;
/// A device that sends nothing for so long is silent, ms.
const SILENT_MS: f64 = 2000.0;
/// More streams than the devices of one recording have.
const STREAMS: usize = 64;

/// A recording that runs, where it is acquired.
pub struct Desk {
    pub(super) intake: Intake,
    /// Ports by number, and when bytes came last, ms.
    pub(super) ports: BTreeMap<u8, (Port, f64)>,
    key: String,
    bytes: u64,
    storage: LiveStorage,
    pub(super) told_ms: f64,
    ear: Option<Ear>,
    /// The choice that is under way.
    pub(super) guided: String,
    pub(super) measuring: super::impedance::Measuring,
    #[cfg(feature = "stimulator")]
    pub(super) stimulate: super::stimulate::Stimulate,
}

/// Where samples go that were heard long ago: the log and the engine have them.
struct Forgotten;

impl Spill for Forgotten {
    fn append(&mut self, _: &[u8]) -> Result<(), String> {
        Ok(())
    }

    fn read(&self, _: u64, _: &mut [u8]) -> Result<(), String> {
        Err("these samples are kept in the raw log alone".into())
    }
}

impl Desk {
    /// Begins a recording at time 0 of its log. The log's first bytes are in `wire`.
    pub fn begin(begun: Begun, wire: &mut Wire) -> Self {
        let mut intake = Intake::default();
        intake.take.spills = std::iter::repeat_with(|| Box::new(Forgotten) as Box<dyn Spill>).take(STREAMS).collect();
        wire.log.extend(MAGIC);
        let key = begun.key.clone();
        let entry = Entry { port: 0, at_ms: 0.0, what: What::Begun(begun) };
        entry.write(&mut wire.log);
        intake.apply(&entry);
        Self {
            intake,
            ports: BTreeMap::new(),
            key,
            bytes: 0,
            storage: LiveStorage::default(),
            told_ms: f64::NEG_INFINITY,
            ear: None,
            guided: String::new(),
            measuring: super::impedance::Measuring::default(),
            #[cfg(feature = "stimulator")]
            stimulate: super::stimulate::Stimulate::default(),
        }
    }

    /// Names the recording.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Adds a port; one of this number that could not be used goes.
    pub fn port(&mut self, port: u8, usb: UsbIds, chosen: Option<Config>) {
        self.ports.insert(port, (Port::new(port, usb, chosen), 0.0));
    }

    /// How a port is to be opened: baud and the rest.
    pub fn opening(&self, port: u8) -> Option<(u32, Opening)> {
        Some(self.ports.get(&port)?.0.opening())
    }

    /// Whether a port was given up, so that another try may take its place.
    pub fn given_up(&self, port: u8) -> bool {
        self.ports.get(&port).is_some_and(|(port, _)| matches!(port.stage(), Stage::Failed(_) | Stage::Unknown(..)))
    }

    /// A port is open.
    pub fn opened(&mut self, port: u8, now_ms: f64, wire: &mut Wire) {
        self.with(port, |port, intake, _| port.opened(now_ms, intake, wire));
    }

    /// A port could not be opened or failed; why and what to do, in a sentence.
    pub fn failed(&mut self, port: u8, what: &str) {
        self.with(port, |port, _, _| port.fail(what));
    }

    /// Bytes came.
    pub fn bytes(&mut self, port: u8, now_ms: f64, bytes: &[u8], wire: &mut Wire) {
        self.with(port, |port, intake, last_ms| {
            *last_ms = now_ms;
            port.bytes(now_ms, bytes, intake, wire);
        });
    }

    /// A port is gone; the recording goes on.
    pub fn lost(&mut self, port: u8, now_ms: f64, wire: &mut Wire) {
        self.with(port, |port, intake, _| port.lost(now_ms, intake, wire));
    }

    /// A person marks this moment.
    pub fn mark(&mut self, now_ms: f64, text: &str, wire: &mut Wire) {
        self.enter(now_ms, What::Marked(text.to_owned()), wire);
    }

    /// Where the log is kept, and how long it is.
    pub fn stored(&mut self, storage: LiveStorage, bytes: u64) {
        (self.storage, self.bytes) = (storage, bytes);
    }

    /// Whether any sample came.
    pub fn recorded(&self) -> bool {
        !self.intake.take.recordings.is_empty()
    }

    /// Ends the recording: devices are told to stop.
    pub fn end(&mut self, now_ms: f64, wire: &mut Wire) {
        for (port, _) in self.ports.values_mut() {
            port.stop(now_ms, &mut self.intake, wire);
        }
        self.enter(now_ms, What::Ended, wire);
    }

    /// Time has passed: deadlines of drivers; and how it stands, when the page is to know.
    pub fn tick(&mut self, now_ms: f64, wire: &mut Wire) -> Option<LiveView> {
        for (port, _) in self.ports.values_mut() {
            port.tick(now_ms, &mut self.intake, wire);
        }
        #[cfg(feature = "stimulator")]
        self.drive(now_ms, wire);
        if now_ms - self.told_ms < TOLD_MS {
            return None;
        }
        self.told_ms = now_ms;
        Some(self.view(now_ms))
    }

    /// A lane is heard from now on, or none.
    pub fn listen(&mut self, lane: Option<LaneSettings>) {
        self.ear = lane.map(Ear::new);
    }

    /// What has come for the ear since the last call.
    pub fn heard(&mut self) -> Option<Heard> {
        self.ear.as_mut()?.hear(&self.intake.take)
    }

    fn with(&mut self, port: u8, act: impl FnOnce(&mut Port, &mut Intake, &mut f64)) {
        if let Some((port, last_ms)) = self.ports.get_mut(&port) {
            act(port, &mut self.intake, last_ms);
        }
    }

    /// Logs what happened beside the ports, then lets it happen.
    pub(super) fn enter(&mut self, now_ms: f64, what: What, wire: &mut Wire) {
        let entry = Entry { port: 0, at_ms: now_ms, what };
        entry.write(&mut wire.log);
        self.intake.apply(&entry);
    }

    /// No build without the feature has one.
    #[cfg(not(feature = "stimulator"))]
    fn stimulator_view(&self) -> Option<crate::engine::protocol::StimulatorView> {
        None
    }

    fn view(&mut self, now_ms: f64) -> LiveView {
        let ports = self.ports.iter().map(|(&number, (port, last_ms))| {
            let descriptor = self.intake.take.descriptor(number).cloned();
            let driver = self.intake.driver(number);
            let stage = match port.stage() {
                Stage::Asking => PortStage::Asking,
                Stage::Lost => PortStage::Lost,
                Stage::Unknown(_, what) | Stage::Failed(what) => PortStage::Failed(what.clone()),
                Stage::Driven => match driver.as_ref().map(|driver| driver.phase()) {
                    Some(Phase::Streaming) if now_ms - last_ms > SILENT_MS => PortStage::Silent,
                    Some(Phase::Streaming) => PortStage::Streaming,
                    _ => PortStage::Starting,
                },
            };
            let losses = driver.as_ref().map(|driver| driver.losses());
            let rate_hz = descriptor
                .as_ref()
                .and_then(|descriptor| descriptor.channels.iter().filter_map(|channel| channel.rate_hz).reduce(f64::min));
            let drift_ppm = driver.and_then(|driver| match driver.link() {
                Some(link) => link.drift_ppm(),
                None => rate_hz.and_then(|rate_hz| driver.clock().drift_ppm(rate_hz)),
            });
            PortView {
                port: number,
                usb: port.usb(),
                skipped_bytes: losses.as_ref().map_or(0, |losses| losses.skipped_bytes),
                name: descriptor
                    .as_ref()
                    .map_or_else(|| usb_name(port.usb()), |descriptor| format!("{} {}", descriptor.maker, descriptor.model)),
                fitness: descriptor.map(|descriptor| descriptor.fitness.words.clone()).unwrap_or_default(),
                stage,
                lost: losses.filter(|losses| losses.countable).map(|losses| LostView {
                    device: losses.device_samples,
                    link: losses.link_samples,
                    damaged: losses.crc_failures,
                }),
                drift_ppm,
                rate_hz,
            }
        });
        LiveView {
            ports: ports.collect(),
            running_s: now_ms / 1000.0,
            bytes: self.bytes as f64,
            storage: self.storage.clone(),
            guided: self.guided.clone(),
            stimulator: self.stimulator_view(),
            impedance: self.impedance_view(),
        }
    }
}

fn usb_name(usb: UsbIds) -> String {
    match (usb.vendor, usb.product) {
        (Some(vendor), Some(product)) => format!("USB {vendor:04x}:{product:04x}"),
        _ => "Serial port".into(),
    }
}
