//! Ports, clock and files of a live recording, in memory, with a simulated patient at a port if wanted; an
//! engine that is told of each entry at once, or late where it is `busy`.

use myoscope::device::{Config, UsbIds};
use myoscope::engine::Engine;
use myoscope::engine::live::log::Begun;
use myoscope::engine::live::{Desk, Heard, Patient, Spill, Wire};
use myoscope::engine::protocol::{Buffer, Event, GuideView, LiveView, Output, PortStage, Request, Store, StudyKey, StudyView};
use myoscope::formats::Files;

/// One live recording.
#[derive(Default)]
pub struct LiveDesk {
    pub desk: Option<Desk>,
    pub engine: Engine,
    /// Entries that the engine was not told of yet.
    pub unsent: Vec<u8>,
    pub busy: bool,
    /// Answers what is written, and is asked for its bytes as time passes.
    pub patient: Option<Patient>,
    pub now_ms: f64,
    pub log: Vec<u8>,
    /// What was written to ports, but for those of the patient.
    pub written: Vec<u8>,
    pub study: Option<StudyKey>,
    pub views: Vec<StudyView>,
    pub grown: Vec<f64>,
    pub live: Option<LiveView>,
    pub guide: Option<GuideView>,
    pub ended: bool,
    pub tiles: Vec<(Vec<f32>, bool)>,
    /// What the page would be told that failed.
    pub failures: Vec<String>,
    /// Edits as they were kept last.
    pub kept: Vec<u8>,
}

impl LiveDesk {
    /// A recording that has begun.
    pub fn begun(spills: Vec<Box<dyn Spill>>) -> Self {
        let mut desk = Self::default();
        let mut wire = Wire::default();
        let begun = Begun { key: "live-test".into(), start: "2026-01-02T03:04:05".into(), title: "A recording".into() };
        desk.desk = Some(Desk::begin(begun, &mut wire));
        desk.engine.live_begin(spills);
        desk.take(wire);
        desk
    }

    /// Does something at the desk, and what it wants written.
    pub fn with<T>(&mut self, act: impl FnOnce(&mut Desk, f64, &mut Wire) -> T) -> T {
        let mut wire = Wire::default();
        let done = act(self.desk.as_mut().unwrap(), self.now_ms, &mut wire);
        self.take(wire);
        done
    }

    /// A device whose protocol was chosen.
    pub fn plug(&mut self, protocol: &str) {
        self.with(|desk, _, _| desk.port(1, UsbIds::default(), Some(Config::of(protocol))));
        self.opened();
    }

    pub fn opened(&mut self) {
        self.with(|desk, now_ms, wire| desk.opened(1, now_ms, wire));
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.with(|desk, now_ms, wire| desk.bytes(1, now_ms, bytes, wire));
    }

    pub fn heard(&mut self) -> Option<Heard> {
        self.with(|desk, _, _| desk.heard())
    }

    /// Time passes in steps of 8 ms.
    pub fn pass(&mut self, ms: f64) {
        let until = self.now_ms + ms;
        while self.now_ms < until {
            self.now_ms = (self.now_ms + 8.0).min(until);
            if let Some(patient) = &mut self.patient {
                let mut bytes = Vec::new();
                patient.advance(self.now_ms, &mut bytes);
                self.bytes(&bytes);
            }
            let view = self.with(Desk::tick);
            self.live = view.or(self.live.take());
            if !self.busy {
                self.tell();
            }
        }
    }

    /// The engine takes in what was logged.
    pub fn tell(&mut self) {
        let mut out = Vec::new();
        self.engine.live_entries(std::mem::take(&mut self.unsent), self.now_ms, &mut |output| out.push(output));
        self.hear(out);
    }

    pub fn end(&mut self) {
        self.with(|desk, now_ms, wire| desk.end(now_ms, wire));
        self.tell();
    }

    pub fn ask(&mut self, request: Request) {
        let mut out = Vec::new();
        self.engine.handle(request, &Files::default(), None, &mut |output| out.push(output));
        self.hear(out);
    }

    /// Carries out what the engine wants written.
    pub fn take(&mut self, wire: Wire) {
        self.log.extend(&wire.log);
        self.unsent.extend(wire.log);
        for (_, bytes) in wire.writes {
            match &mut self.patient {
                Some(patient) => patient.receive(self.now_ms, &bytes),
                None => self.written.extend(bytes),
            }
        }
    }

    pub fn hear(&mut self, out: Vec<Output>) {
        for output in out {
            match output.event {
                Event::Fetch { study, store: Store::Edits, .. } => self.ask(Request::Fetched { study, store: Store::Edits }),
                Event::Opened { view } | Event::Changed { view } => {
                    self.study = Some(view.study);
                    self.views.push(view);
                }
                Event::Grown { recordings, .. } => self.grown.push(recordings[0].duration_s),
                Event::LiveStudy { guide, .. } => self.guide = guide,
                Event::LiveEnded { study } => {
                    assert_eq!(study, self.study);
                    self.ended = true;
                }
                Event::Keep { store: Store::Edits, .. } => match output.buffers.into_iter().next() {
                    Some(Buffer::Bytes(bytes)) => self.kept = bytes,
                    other => panic!("{other:?}"),
                },
                Event::Tiles { tiles, .. } => {
                    let values = output.buffers.into_iter().map(|buffer| match buffer {
                        Buffer::F32(values) => values,
                        other => panic!("{other:?}"),
                    });
                    self.tiles.extend(values.zip(tiles.iter().map(|tile| tile.1)));
                }
                Event::Failed { what } => self.failures.push(what),
                _ => {}
            }
        }
    }

    pub fn stage(&self) -> PortStage {
        self.live.as_ref().unwrap().ports[0].stage.clone()
    }
}

impl Drop for LiveDesk {
    /// A failure that no test took is one.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.failures, [""; 0]);
        }
    }
}
