//! What a running recording costs: `cargo run --release --example live_speed`.
//!
//! An amplifier of eight channels, 48 kHz and 24 bits is recorded through the engine for a minute of its
//! time, as the two workers do it: decoding, raw log, samples and their overview, the tiles of one second in view
//! sixty times a second, and the samples that are heard; without filters and with a band-pass in every lane.
//!
//! With a number of minutes (`-- 120`), so many are recorded as fast as it goes, with a band-pass in every lane, files
//! behind samples and overviews (1.5 MB a second of the recording, in the folder for temporary files), six frames a
//! second and once a minute the whole in view; the memory in use is printed every ten minutes.
#![allow(clippy::print_stdout, dead_code, reason = "a measuring program prints; it needs a part of the rig")]

#[cfg(target_os = "linux")]
#[path = "serial_rig/boards.rs"]
mod boards;
#[cfg(target_os = "linux")]
#[path = "serial_rig/device.rs"]
mod device;
#[cfg(target_os = "linux")]
#[path = "serial_rig/packets.rs"]
mod packets;
#[cfg(target_os = "linux")]
#[path = "serial_rig/ranvier.rs"]
mod ranvier;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::fs::File;
    use std::io::Write;
    use std::os::unix::fs::FileExt;
    use std::time::{Duration, Instant};

    use super::{boards, device::Device};
    use myoscope::device::UsbIds;
    use myoscope::engine::Engine;
    use myoscope::engine::live::log::Begun;
    use myoscope::engine::live::{Desk, Spill, Wire};
    use myoscope::engine::protocol::{Edit, Event, Output, Request, StudyView, TileKey};
    use myoscope::formats::Files;
    use myoscope::model::FilterChain;
    use myoscope::scene::tiles::{covering, level_for};

    /// What the worker waits for between looks at its ports, ms.
    const TICK_MS: u32 = 8;
    /// Seconds in view, and pixels for them.
    const SPAN_S: f64 = 1.0;
    const WIDTH_PX: f64 = 1400.0;

    /// A file that has no name any more: it is gone with the program.
    struct Nameless(File);

    impl Nameless {
        fn new(number: usize) -> std::io::Result<Self> {
            let path = std::env::temp_dir().join(format!("myoscope-live-speed-{}-{number}", std::process::id()));
            let file = File::options().read(true).write(true).create_new(true).open(&path)?;
            std::fs::remove_file(path)?;
            Ok(Self(file))
        }
    }

    impl Spill for Nameless {
        fn append(&mut self, bytes: &[u8]) -> Result<(), String> {
            self.0.write_all(bytes).map_err(|error| error.to_string())
        }

        fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), String> {
            self.0.read_exact_at(buf, offset).map_err(|error| error.to_string())
        }
    }

    /// Memory in use, MB: what is the program's own, without files that the system holds for it.
    fn memory_mb() -> Option<f64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|kb| kb / 1024.0)
    }

    #[derive(Default)]
    struct Bench {
        engine: Engine,
        view: Option<StudyView>,
        complete: HashSet<TileKey>,
        tiles: usize,
    }

    impl Bench {
        fn ask(&mut self, request: Request) {
            let mut out = Vec::new();
            self.engine.handle(request, &Files::default(), None, &mut |output| out.push(output));
            while self.engine.step(&mut |output| out.push(output)) {}
            self.hear(out);
        }

        fn hear(&mut self, out: Vec<Output>) {
            for output in out {
                match output.event {
                    Event::Fetch { study, store, .. } => self.ask(Request::Fetched { study, store }),
                    Event::Opened { view } | Event::Changed { view } => self.view = Some(view),
                    Event::Tiles { tiles, .. } => {
                        self.tiles += tiles.len();
                        self.complete.extend(tiles.iter().filter(|tile| tile.1).map(|tile| tile.0));
                    }
                    Event::Failed { what } => println!("{what}"),
                    _ => {}
                }
            }
        }

        /// What the page asks for at each frame: the tiles in view that it does not have whole.
        fn draw(&mut self, n: u64, span_s: f64) {
            let Some((study, lanes)) = self.view.as_ref().and_then(|view| Some((view.study, &view.recordings.first()?.lanes))) else {
                return;
            };
            let mut keys = Vec::new();
            for lane in lanes {
                let from = n.saturating_sub((span_s * lane.fs_hz) as u64);
                keys.extend(covering(lane.signal, level_for(span_s * lane.fs_hz / WIDTH_PX), from, n));
            }
            // As the page forgets tiles that were not seen for long.
            if self.complete.len() > 4096 {
                self.complete.clear();
            }
            keys.retain(|key| !self.complete.contains(key));
            self.ask(Request::Tiles { study, keys });
        }

        fn filter(&mut self) {
            let Some(view) = self.view.clone() else { return };
            let Some(recording) = view.recordings.first() else { return };
            let filter = FilterChain { high_pass_hz: Some(20.0), low_pass_hz: Some(10_000.0), ..FilterChain::default() };
            let lanes = recording.lanes.iter().map(|lane| {
                let mut settings = lane.settings.clone();
                settings.filter = filter;
                settings
            });
            let edit = Edit::Lanes { recording: 0, lanes: lanes.collect(), what: "filter".into() };
            self.ask(Request::Edit { study: view.study, edit, gesture: None });
        }
    }

    /// Records so many seconds; for so long that memory counts where `long`.
    pub fn run(filtered: bool, seconds: u32, long: bool) {
        let Some(kind) = boards::kind("ranvier") else { return };
        let mut device = Device::new(kind);
        device.opened();
        let (mut bench, mut wire) = (Bench::default(), Wire::default());
        let mut desk = Desk::begin(Begun { key: "bench".into(), start: String::new(), title: String::new() }, &mut wire);
        let files: Vec<_> = (0..4 * usize::from(long)).map_while(|number| Nameless::new(number).ok()).collect();
        bench.engine.live_begin(files.into_iter().map(|file| Box::new(file) as Box<dyn Spill>).collect());
        desk.port(1, UsbIds::default(), Some(myoscope::device::Config::of("ranvier")));
        desk.opened(1, 0.0, &mut wire);
        let (mut acquired, mut taken, mut drawn) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let mut longest = [Duration::ZERO; 2];
        let (mut sent, mut sounds, mut prepared) = (0u64, 0usize, false);
        for tick in 1..=seconds * 1000 / TICK_MS {
            let now_ms = f64::from(tick * TICK_MS);
            let mut bytes = Vec::new();
            let Wire { writes, mut log, .. } = std::mem::take(&mut wire);
            for (_, written) in writes {
                device.received(&written, &mut bytes);
            }
            if device.streaming() {
                (0..TICK_MS).for_each(|_| device.frame(&mut bytes));
                sent += 48 * u64::from(TICK_MS);
            }
            let begun = Instant::now();
            desk.bytes(1, now_ms, &bytes, &mut wire);
            desk.tick(now_ms, &mut wire);
            sounds += desk.heard().map_or(0, |heard| heard.values.len());
            log.append(&mut wire.log);
            acquired += begun.elapsed();
            longest[0] = longest[0].max(begun.elapsed());
            // What follows is the other worker's.
            let begun = Instant::now();
            let mut out = Vec::new();
            bench.engine.live_entries(log, now_ms, &mut |output| out.push(output));
            bench.hear(out);
            let in_between = begun.elapsed();
            taken += in_between;
            if tick.is_multiple_of(if long { 20 } else { 2 }) {
                bench.draw(sent, SPAN_S);
            }
            let minutes = f64::from(tick * TICK_MS) / 60_000.0;
            if long && minutes.fract() == 0.0 {
                bench.draw(sent, 60.0 * minutes);
            }
            if long && (minutes / 10.0).fract() == 0.0 {
                println!("{minutes} minutes: {:.0} MB", memory_mb().unwrap_or(f64::NAN));
            }
            drawn += begun.elapsed() - in_between;
            longest[1] = longest[1].max(begun.elapsed());
            if !prepared && bench.view.is_some() {
                prepared = true;
                if filtered {
                    bench.filter();
                }
                let lane = bench.view.as_ref().and_then(|view| Some(view.recordings.first()?.lanes.first()?.settings.clone()));
                desk.listen(lane);
            }
        }
        let share = |time: Duration| 100.0 * time.as_secs_f64() / f64::from(seconds);
        println!(
            "{}: acquiring {:.2} % of a core, longest step {:.1} ms; taking in {:.2} %, tiles {:.2} %, longest step {:.1} ms; {sent} samples a channel, {} tiles, {sounds} samples heard",
            if filtered { "band-pass in 8 lanes" } else { "no filters" },
            share(acquired),
            longest[0].as_secs_f64() * 1e3,
            share(taken),
            share(drawn),
            longest[1].as_secs_f64() * 1e3,
            bench.tiles
        );
    }
}

fn main() {
    #[cfg(target_os = "linux")]
    match std::env::args().nth(1).and_then(|minutes| minutes.parse::<u32>().ok()) {
        Some(minutes) => linux::run(true, 60 * minutes, true),
        None => [false, true].into_iter().for_each(|filtered| linux::run(filtered, 60, false)),
    }
}
