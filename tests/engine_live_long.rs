//! Long raw logs: samples that are not held in memory are decoded again as they were the first time, and
//! overviews that went to a file draw the same.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use common::live::LiveDesk;
use myoscope::device::Config;
use myoscope::engine::live::log::{Begun, Entry, Known, MAGIC, What};
use myoscope::engine::live::{Intake, Spill, replay};
use myoscope::engine::protocol::{FrameFormat, FrameNumber, Request, TileKey};
use myoscope::formats::{ByteSource, NamedSource, SliceSource, SourceError};
use myoscope::model::Samples;

/// A device that sends so many numbers of 24 bits in a frame.
fn config(channels: usize) -> Config {
    let format = FrameFormat {
        header: vec![0xa5, 0x5a],
        counter_bytes: 2,
        channels: channels as u16,
        number: FrameNumber::I24,
        rate_hz: 10_000.0,
        ..FrameFormat::default()
    };
    Config { frame: Some(format), ..Config::of("generic") }
}

fn value(frame: usize, channel: usize) -> i32 {
    ((frame * 37 + channel * 100_003) % 8_000_000) as i32 - 4_000_000
}

/// A log of frames, some of them lost, with the port lost in between; frames break across entries.
fn log(channels: usize, frames: usize) -> Vec<u8> {
    let mut log = MAGIC.to_vec();
    let mut at_ms = 0.0;
    let mut enter = |port: u8, what: What| {
        at_ms += 100.0;
        Entry { port, at_ms, what }.write(&mut log);
    };
    enter(0, What::Begun(Begun { key: "long".into(), start: String::new(), title: "Long".into() }));
    let known = || What::Known(Box::new(Known { config: config(channels), usb: Default::default() }));
    enter(1, known());
    let mut bytes = Vec::new();
    for frame in 0..frames {
        if frame % 12_505 != 12_504 {
            bytes.extend([0xa5, 0x5a]);
            bytes.extend((frame as u16).to_le_bytes());
            (0..channels).for_each(|channel| bytes.extend(&value(frame, channel).to_le_bytes()[..3]));
        }
        if bytes.len() > 100_003 {
            let later = bytes.split_off(100_003);
            enter(1, What::Bytes(std::mem::replace(&mut bytes, later)));
        }
        if frame == frames / 2 {
            enter(1, What::Bytes(std::mem::take(&mut bytes)));
            enter(1, What::Lost);
            enter(1, known());
        }
    }
    enter(1, What::Bytes(bytes));
    enter(0, What::Ended);
    log
}

/// A file that counts what is read of it.
struct Counting {
    inner: SliceSource,
    read: Rc<Cell<u64>>,
}

impl ByteSource for Counting {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SourceError> {
        self.read.set(self.read.get() + buf.len() as u64);
        self.inner.read_at(offset, buf)
    }
}

#[test]
fn a_long_log_is_read_by_ranges_and_gives_the_same() {
    let bytes = log(128, 200_000);
    let (whole, _) = Intake::replay(&SliceSource::from(bytes.clone())).unwrap();
    let read = Rc::new(Cell::new(0));
    let source = Rc::new(Counting { inner: SliceSource::from(bytes.clone()), read: read.clone() });
    let mut told = Vec::new();
    let (_, opened) = replay::replay(&NamedSource { name: "long.myoraw".into(), source }, &mut |done| told.push(done)).unwrap();
    assert!(told.len() > 5 && told.is_sorted(), "how far it is: {told:?}");
    assert!(told.last().is_some_and(|last| (bytes.len() as u64 * 8 / 10..bytes.len() as u64).contains(last)), "{told:?}");
    assert_eq!(opened.study.recordings, whole.take.recordings);
    let spans = &opened.study.recordings[0].timeline.spans;
    assert_eq!(spans.len(), 17, "15 frames lost one by one, the port once");
    let n = opened.study.recordings[0].channels[0].n;
    assert_eq!(n, 200_000 - 15);
    assert!(read.get() < bytes.len() as u64 * 11 / 10, "opening passes it once");
    // Anywhere, also across stretches, gaps and the end of what memory holds.
    for (start, length) in [(0, 1250), (20_500, 1000), (12_500, 30), (15_000, 40_000), (99_900, 300), (67_000, 8000), (n - 3000, 3000)] {
        read.set(0);
        for channel in [0, 7, 127] {
            let (mut found, mut expected) = (vec![0.0; length as usize], vec![0.0; length as usize]);
            opened.samples[0].read(channel, start, &mut found).unwrap();
            whole.take.samples[0].read(channel, start, &mut expected).unwrap();
            assert!(found == expected, "channel {channel}, {length} from {start}");
        }
        // Channels after another come from the stretches that were decoded for the first.
        assert!(read.get() <= 3 * (10 << 20), "{start}: {} bytes", read.get());
        assert!(start > 0 || read.get() > 0, "the beginning is not held in memory");
    }
    let mut first = [0.0];
    opened.samples[0].read(3, 1000, &mut first).unwrap();
    assert_eq!(first[0], f64::from(value(1000, 3)));
    assert!(opened.samples[0].read(0, n - 1, &mut [0.0; 2]).is_err());
}

/// A file in memory that says how long it is.
#[derive(Clone, Default)]
struct Paper(Rc<RefCell<Vec<u8>>>);

impl Spill for Paper {
    fn append(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), String> {
        let paper = self.0.borrow();
        buf.copy_from_slice(paper.get(offset as usize..offset as usize + buf.len()).ok_or("beyond the end")?);
        Ok(())
    }
}

#[test]
fn overviews_in_a_file_draw_the_same() {
    let bytes = log(2, 1_200_000);
    let paper = Paper::default();
    let spills: [Vec<Box<dyn Spill>>; 2] = [Vec::new(), vec![Box::new(Paper::default()), Box::new(paper.clone())]];
    let [memory, file] = spills.map(|spills| {
        let mut desk = LiveDesk::default();
        desk.engine.live_begin(spills);
        for (k, piece) in bytes[MAGIC.len()..].chunks(bytes.len()).enumerate() {
            // Whole entries, some at a time.
            let source = SliceSource::from(piece.to_vec());
            let mut reader = myoscope::engine::live::log::Reader::at(&source, 0);
            let mut entries = Vec::new();
            while let Some(entry) = reader.entry().unwrap() {
                entry.write(&mut entries);
                if entries.len() > 3_000_000 || entry.what == What::Ended {
                    desk.now_ms += 1000.0;
                    desk.unsent = std::mem::take(&mut entries);
                    desk.tell();
                }
            }
            assert_eq!(k, 0);
        }
        assert!(desk.ended);
        desk
    });
    assert!(paper.0.borrow().len() >= 2 * 4 * 8192, "four pages a channel: {}", paper.0.borrow().len());
    let tiles = [memory, file].map(|mut desk| {
        let study = desk.study.unwrap();
        for signal in [0, 1] {
            for level in 6..14 {
                let keys = (0..4).map(|index| TileKey { signal, level, index }).collect();
                desk.ask(Request::Tiles { study, keys });
            }
        }
        assert!(desk.tiles.iter().all(|tile| tile.1) && !desk.tiles[0].0.is_empty());
        std::mem::take(&mut desk.tiles)
    });
    assert_eq!(tiles[0], tiles[1]);
}
