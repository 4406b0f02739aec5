//! A live recording through the engine: from a port's bytes to a study that grows, and back from its
//! raw log to the same study.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::live::LiveDesk;
use common::memory;
use myoscope::device::{Config, UsbIds};
use myoscope::engine::live::log::{self, MAGIC};
use myoscope::engine::live::{Intake, Spill};
use myoscope::engine::protocol::{FrameFormat, FrameNumber, PortStage, Request, TextOptions};
use myoscope::formats::{Files, SliceSource};
use myoscope::model::{LaneSettings, Recording, Samples};
use proptest::prelude::*;

/// A frame of a Chords board with six channels: channel 1 counts up, the others are their number.
fn chords(counter: usize) -> Vec<u8> {
    let mut frame = vec![0xc7, 0x7c, counter as u8];
    frame.extend((8192 + counter % 1000).to_be_bytes().iter().skip(6).copied());
    (1..6_u16).for_each(|channel| frame.extend(channel.to_be_bytes()));
    frame.push(1);
    frame
}

/// A Chords board is connected and sends `n` frames at its 500 Hz, but those that `drop` names.
fn recorded(n: usize, drop: impl Fn(usize) -> bool) -> LiveDesk {
    let mut desk = LiveDesk::begun(Vec::new());
    desk.plug("chords");
    recognise(&mut desk);
    send(&mut desk, 0..n, drop);
    desk
}

fn recognise(desk: &mut LiveDesk) {
    desk.written.clear();
    desk.pass(3000.0);
    assert!(String::from_utf8_lossy(&desk.written).contains("WHORU"), "it is asked: {:?}", desk.written);
    desk.bytes(b"UNO-R4\r\n");
    desk.pass(500.0);
    assert!(String::from_utf8_lossy(&desk.written).contains("START"), "it is started");
}

fn send(desk: &mut LiveDesk, frames: std::ops::Range<usize>, drop: impl Fn(usize) -> bool) {
    for k in frames {
        if !drop(k) {
            desk.bytes(&chords(k));
        }
        desk.pass(2.0);
    }
}

fn samples_of(samples: &dyn Samples, recording: &Recording) -> Vec<Vec<f64>> {
    let all = recording.channels.iter().enumerate().map(|(channel, described)| {
        let mut values = vec![0.0; described.n as usize];
        samples.read(channel, 0, &mut values).unwrap();
        values
    });
    all.collect()
}

#[test]
fn a_device_is_recognised_recorded_and_shown_while_it_sends() {
    let mut desk = recorded(1500, |_| false);
    assert_eq!(desk.stage(), PortStage::Streaming);
    let view = desk.views[0].recordings[0].clone();
    assert_eq!((view.lanes.len(), view.lanes[0].fs_hz, view.start.as_deref()), (6, 500.0, Some("2026-01-02T03:04:05")));
    assert!(desk.grown.windows(2).all(|pair| pair[1] >= pair[0]));
    assert!((desk.grown.last().unwrap() - 3.0).abs() < 0.01, "{:?}", desk.grown.last());
    // A tile at the end grows, the same tile is whole once the recording has ended.
    let key = myoscope::engine::protocol::TileKey { signal: view.lanes[0].signal, level: 0, index: 0 };
    let study = desk.study.unwrap();
    desk.ask(Request::Tiles { study, keys: vec![key] });
    let (values, complete) = desk.tiles.pop().unwrap();
    assert!(!complete && values.len() >= 1490, "{complete} {}", values.len());
    assert_eq!(values[700] - values[600], 100.0 * (values[1] - values[0]));
    desk.end();
    assert!(desk.ended);
    desk.ask(Request::Tiles { study, keys: vec![key] });
    assert!(desk.tiles.pop().unwrap().1);
    let fitness = &desk.live.as_ref().unwrap().ports[0].fitness;
    assert!(fitness.contains("not for diagnosis") && fitness.contains("not calibrated"), "{fitness}");
    assert!(desk.views.last().unwrap().recordings[0].lanes[0].unit.contains("ADC"));
}

#[test]
fn lost_frames_are_counted_and_are_gaps() {
    let mut desk = recorded(1000, |k| (300..310).contains(&k) || k == 700);
    desk.pass(600.0);
    let lost = desk.live.as_ref().unwrap().ports[0].lost.unwrap();
    assert_eq!((lost.device, lost.link), (0, 11));
    let spans = &desk.views.last().unwrap().recordings[0].spans;
    let gaps: Vec<f64> = spans.windows(2).map(|pair| (pair[1].onset_s - pair[0].onset_s - pair[0].duration_s) * 500.0).collect();
    assert_eq!(gaps.iter().map(|gap| gap.round() as i64).collect::<Vec<_>>(), [10, 1]);
}

#[test]
fn an_unplugged_device_goes_on_in_its_recording_behind_a_gap() {
    let mut desk = recorded(500, |_| false);
    desk.with(|desk, now_ms, wire| desk.lost(1, now_ms, wire));
    desk.pass(5000.0);
    assert_eq!(desk.stage(), PortStage::Lost);
    desk.opened();
    recognise(&mut desk);
    send(&mut desk, 0..500, |_| false);
    desk.pass(600.0);
    let recordings = &desk.views.last().unwrap().recordings;
    assert_eq!((recordings.len(), recordings[0].spans.len()), (1, 2));
    let gap_s = recordings[0].spans[1].onset_s - recordings[0].spans[0].onset_s - recordings[0].spans[0].duration_s;
    // Five seconds away, and 3.5 until it was recognised and started again.
    assert!((gap_s - 8.5).abs() < 0.2, "{gap_s}");
}

#[test]
fn a_person_marks_a_moment() {
    let mut desk = recorded(500, |_| false);
    desk.with(|desk, now_ms, wire| desk.mark(now_ms, "needle in", wire));
    desk.pass(500.0);
    let annotations = &desk.views.last().unwrap().recordings[0].annotations;
    assert_eq!((annotations.len(), annotations[0].annotation.text.as_str()), (1, "needle in"));
    assert!((annotations[0].annotation.onset_s - 1.0).abs() < 0.02, "{}", annotations[0].annotation.onset_s);
}

#[test]
fn no_known_device_is_said_with_what_to_do() {
    let mut desk = LiveDesk::begun(Vec::new());
    desk.with(|desk, _, _| desk.port(1, UsbIds { vendor: Some(0x2e8a), product: Some(0x00c0) }, None));
    desk.opened();
    desk.pass(30_000.0);
    let PortStage::Failed(what) = desk.stage() else { panic!("{:?}", desk.stage()) };
    assert!(what.contains("switched on") && what.contains("Tried"), "{what}");
    desk.end();
    assert!(desk.ended && desk.study.is_none());
}

/// An engine that is busy for seconds gets everything late, and has the same study then.
#[test]
fn a_busy_engine_loses_nothing() {
    let drop = |k: usize| k % 331 == 330;
    let at_once = recorded(4000, drop);
    let mut late = recorded(1000, drop);
    late.busy = true;
    send(&mut late, 1000..3500, drop);
    let n = |desk: &LiveDesk| desk.views.last().unwrap().recordings[0].lanes[0].n;
    assert!(n(&late) <= 1000 && late.unsent.len() > 2000 * 16, "{} {}", n(&late), late.unsent.len());
    assert_eq!(late.stage(), PortStage::Streaming, "what acquires is not held up");
    late.busy = false;
    send(&mut late, 3500..4000, drop);
    for mut desk in [at_once, late] {
        desk.end();
        let (intake, _) = Intake::replay(&SliceSource::from(desk.log.clone())).unwrap();
        let recording = &intake.take.recordings[0];
        let live = &desk.views.last().unwrap().recordings[0];
        assert_eq!((live.lanes[0].n, live.lanes[0].n), (4000 - 12, recording.channels[0].n));
        assert_eq!(live.spans, recording.timeline.spans);
    }
}

/// Whoever acquired is gone without a word: what came is a study like any other.
#[test]
fn a_recording_that_is_cut_off_stays() {
    let mut desk = recorded(1000, |_| false);
    desk.ask(Request::CutOff);
    assert!(desk.ended);
    let view = desk.views.last().unwrap().recordings[0].clone();
    assert!(view.lanes[0].n > 990, "{}", view.lanes[0].n);
    let key = myoscope::engine::protocol::TileKey { signal: view.lanes[0].signal, level: 0, index: 0 };
    desk.ask(Request::Tiles { study: desk.study.unwrap(), keys: vec![key] });
    assert!(desk.tiles.pop().unwrap().1, "its tiles are whole");
    // What comes late belongs to no recording.
    desk.ended = false;
    desk.tell();
    assert!(!desk.ended);
}

#[test]
fn the_raw_log_gives_the_same_study() {
    let mut desk = recorded(2000, |k| k % 331 == 330);
    desk.pass(300.0);
    desk.end();
    let live = desk.views.last().unwrap().clone();
    let mut again = LiveDesk::default();
    let files = Files { all: vec![memory("live-test.myoraw", desk.log.clone())] };
    let mut out = Vec::new();
    again.engine.handle(Request::Open { options: TextOptions::default() }, &files, None, &mut |output| out.push(output));
    again.hear(out);
    let replayed = again.views.last().unwrap();
    assert_eq!(replayed.key, live.key, "edits find it again");
    assert_eq!(replayed.recordings[0].spans, live.recordings[0].spans);
    assert_eq!(replayed.recordings[0].lanes[0].n, live.recordings[0].lanes[0].n);
    assert_eq!(replayed.warnings.len(), 1, "only the losses: {:?}", replayed.warnings);
}

#[test]
fn a_log_that_was_cut_off_is_read_up_to_there() {
    let mut desk = recorded(1000, |_| false);
    desk.pass(100.0);
    let whole = Intake::replay(&SliceSource::from(desk.log.clone())).unwrap().0;
    let n = whole.take.recordings[0].channels[0].n;
    for cut in [1, 7, 100, 3000] {
        let bytes = desk.log[..desk.log.len() - cut].to_vec();
        let (intake, warnings) = Intake::replay(&SliceSource::from(bytes)).unwrap();
        let left = intake.take.recordings[0].channels[0].n;
        assert!(left < n && n - left <= cut as u64 / 16 + 2, "{cut}: {left} of {n}");
        assert!(!warnings.is_empty());
    }
}

/// A disk that is full after some bytes.
struct Small {
    bytes: Vec<u8>,
    room: usize,
}

impl Spill for Small {
    fn append(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.bytes.len() + bytes.len() > self.room {
            return Err("the disk is full".into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn read(&self, offset: u64, buf: &mut [u8]) -> Result<(), String> {
        let from = offset as usize;
        buf.copy_from_slice(self.bytes.get(from..from + buf.len()).ok_or("beyond the end")?);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// However bytes are divided, whatever is lost or damaged, live and replay are the same study.
    #[test]
    fn live_and_replay_are_equal(
        pieces in prop::collection::vec(1_usize..200, 1..40),
        damage in prop::collection::vec((0_usize..16_000, any::<u8>()), 0..12),
    ) {
        let mut desk = LiveDesk::begun(Vec::new());
        desk.plug("chords");
        recognise(&mut desk);
        let mut bytes: Vec<u8> = (0..1000).flat_map(chords).collect();
        for (at, value) in damage {
            bytes[at % 16_000] = value;
        }
        let mut rest = bytes.as_slice();
        for piece in pieces.iter().cycle() {
            let (now, later) = rest.split_at((*piece).min(rest.len()));
            desk.bytes(now);
            desk.pass(3.0);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        desk.end();
        let (intake, _) = Intake::replay(&SliceSource::from(desk.log.clone())).unwrap();
        let live = &desk.views.last().unwrap().recordings[0];
        prop_assert_eq!(&live.spans, &intake.take.recordings[0].timeline.spans);
        let study = desk.study.unwrap();
        let keys: Vec<_> = live.lanes.iter().map(|lane| myoscope::engine::protocol::TileKey { signal: lane.signal, level: 0, index: 0 }).collect();
        desk.ask(Request::Tiles { study, keys });
        let replayed = samples_of(intake.take.samples[0].as_ref(), &intake.take.recordings[0]);
        for ((values, complete), expected) in desk.tiles.iter().zip(&replayed) {
            prop_assert!(complete);
            let expected: Vec<f32> = expected.iter().map(|&value| value as f32).collect();
            prop_assert_eq!(values, &expected);
        }
        prop_assert!(desk.log.starts_with(MAGIC));
    }

    /// No bytes make a replay panic.
    #[test]
    fn damaged_logs_are_survived(damage in prop::collection::vec((any::<usize>(), any::<u8>()), 1..30)) {
        let mut log = recorded(60, |_| false).log.clone();
        for (at, value) in damage {
            let at = at % log.len();
            log[at] = value;
        }
        let _ = Intake::replay(&SliceSource::from(log));
    }
}

#[test]
fn a_full_disk_keeps_everything_in_memory() {
    use myoscope::device::Values;
    use myoscope::engine::live::{LiveSamples, Physical};
    for room in [0, 4 << 20, usize::MAX] {
        let physical = vec![Physical { scale: 0.5, offset: 1.0 }; 8];
        let samples = LiveSamples::new(physical, true, Some(Box::new(Small { bytes: Vec::new(), room })));
        let n = 3_000_000_i32;
        for from in (0..n).step_by(10_000) {
            let values = (from..from + 10_000).flat_map(|k| (0..8).map(move |channel| k * 8 + channel)).collect();
            samples.push(&Values::Counts(values), 0);
        }
        assert_eq!(samples.count(), n as u64);
        assert_eq!(samples.trouble().is_some(), room != usize::MAX);
        for start in [0_u64, 4090, 500_000, 2_999_000] {
            let mut out = vec![0.0; 1000];
            samples.read(3, start, &mut out).unwrap();
            let expected: Vec<f64> = (start..start + 1000).map(|k| (k * 8 + 3) as f64 * 0.5 + 1.0).collect();
            assert_eq!(out, expected);
        }
        assert!(samples.read(3, n as u64 - 10, &mut [0.0; 11]).is_err());
        assert!(samples.read(8, 0, &mut [0.0; 1]).is_err());
    }
}

#[test]
fn the_rate_of_lines_of_text_is_that_of_their_arrival() {
    let mut desk = LiveDesk::begun(Vec::new());
    desk.plug("text");
    for k in 0..2500 {
        desk.bytes(format!("emg:{},env:{}\r\n", k % 700, k % 5).as_bytes());
        desk.pass(4.0);
    }
    desk.pass(300.0);
    let recording = &desk.views.last().unwrap().recordings[0];
    assert_eq!(recording.lanes.len(), 2);
    assert!((recording.lanes[0].fs_hz - 250.0).abs() < 2.5, "{}", recording.lanes[0].fs_hz);
    assert!((desk.grown.last().unwrap() - 10.0).abs() < 1.0, "{:?}", desk.grown.last());
    let fitness = &desk.live.as_ref().unwrap().ports[0].fitness;
    assert!(fitness.contains("not calibrated"), "{fitness}");
}

#[test]
fn what_comes_is_heard_once_and_seams_are_told() {
    let mut desk = recorded(500, |_| false);
    desk.pass(8.0);
    assert_eq!(desk.heard(), None);
    desk.with(|desk, _, _| desk.listen(Some(LaneSettings::default())));
    // From the next sample on.
    assert_eq!(desk.heard(), None);
    let (mut values, mut seams, mut first) = (Vec::new(), Vec::new(), None);
    let mut hear = |desk: &mut LiveDesk| {
        let Some(heard) = desk.heard() else { return };
        assert_eq!(heard.fs_hz, 500.0);
        assert_eq!(*first.get_or_insert(heard.first) + values.len() as u64, heard.first);
        values.extend(heard.values);
        seams.extend(heard.seams);
    };
    for piece in (500..900).step_by(16) {
        send(&mut desk, piece..piece + 16, |k| (700..720).contains(&k));
        hear(&mut desk);
    }
    let counters: Vec<usize> = (500..900).filter(|k| !(700..720).contains(k)).collect();
    let lane = |k: &usize| (8192 + k % 1000) as f32;
    let [first_value, ..] = values[..] else { panic!("nothing was heard") };
    let scale = (values[1] - first_value) / (lane(&counters[1]) - lane(&counters[0]));
    for (value, k) in values.iter().zip(&counters) {
        assert!((value - first_value - scale * (lane(k) - lane(&counters[0]))).abs() < 1e-3, "{k}: {value}");
    }
    assert_eq!(values.len(), counters.len());
    // Where it began, and where frames are missing.
    assert_eq!(seams, [500, 700]);
    // None any more.
    desk.with(|desk, _, _| desk.listen(None));
    send(&mut desk, 900..916, |_| false);
    assert_eq!(desk.heard(), None);
    // A page that was away for long hears what is new.
    desk.with(|desk, _, _| desk.listen(Some(LaneSettings::default())));
    assert_eq!(desk.heard(), None);
    send(&mut desk, 916..1416, |_| false);
    let heard = desk.heard().unwrap();
    assert_eq!((heard.values.len(), heard.seams), (25, vec![heard.first]));
}

#[test]
fn the_simulated_patient_is_heard_without_a_gap() {
    use myoscope::engine::live::Patient;
    let mut desk = LiveDesk::begun(Vec::new());
    let mut patient = Patient::new("healthy", 1).unwrap();
    desk.plug("ranvier");
    let mut heard = Vec::new();
    let mut run = |desk: &mut LiveDesk, patient: &mut Patient, ms: f64| {
        let until_ms = desk.now_ms + ms;
        while desk.now_ms < until_ms {
            let mut bytes = Vec::new();
            patient.advance(desk.now_ms, &mut bytes);
            if !bytes.is_empty() {
                desk.bytes(&bytes);
            }
            desk.pass(8.0);
            let asked = std::mem::take(&mut desk.written);
            patient.receive(desk.now_ms, &asked);
            heard.extend(desk.heard());
        }
    };
    run(&mut desk, &mut patient, 1500.0);
    desk.with(|desk, _, _| desk.listen(Some(LaneSettings::default())));
    run(&mut desk, &mut patient, 500.0);
    assert!(heard.len() > 30, "{}", heard.len());
    assert!(heard.windows(2).all(|pair| pair[0].first + pair[0].values.len() as u64 == pair[1].first));
    assert!(heard.iter().all(|heard| heard.stimuli.is_empty() && heard.values.iter().all(|value| value.is_finite())));
}

/// Frames of a board that nobody knows: `A5 5A`, counter, two values of 16 bits, `0A`.
fn described(footer: u8) -> Config {
    let frame = FrameFormat {
        header: vec![0xa5, 0x5a],
        counter_bytes: 1,
        channels: 2,
        number: FrameNumber::I16,
        big_endian: true,
        footer: vec![footer],
        rate_hz: 500.0,
        scale_uv: Some(0.5),
        ..FrameFormat::default()
    };
    Config { baud: 57_600, frame: Some(frame), ..Config::of("generic") }
}

fn board(k: usize) -> Vec<u8> {
    let mut frame = vec![0xa5, 0x5a, k as u8];
    frame.extend((k as i16).to_be_bytes());
    frame.extend((-(k as i16)).to_be_bytes());
    frame.push(0x0a);
    frame
}

fn plug_described(footer: u8) -> LiveDesk {
    let mut desk = LiveDesk::begun(Vec::new());
    let opening = desk.with(|desk, _, _| {
        desk.port(1, UsbIds::default(), Some(described(footer)));
        desk.opening(1)
    });
    assert_eq!(opening.unwrap().0, 57_600);
    desk.opened();
    for k in 0..3000 {
        desk.bytes(&board(k));
        desk.pass(2.0);
    }
    desk.pass(4000.0);
    desk
}

#[test]
fn a_described_device_is_recorded_and_replayed() {
    let mut desk = plug_described(0x0a);
    let recording = desk.views.last().unwrap().recordings[0].clone();
    assert_eq!((recording.lanes.len(), recording.lanes[0].fs_hz, recording.lanes[0].unit.as_str()), (2, 500.0, "uV"));
    assert_eq!(desk.live.as_ref().unwrap().ports[0].lost.unwrap().link, 0);
    desk.end();
    let (intake, warnings) = Intake::replay(&SliceSource::from(desk.log.clone())).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let values = samples_of(intake.take.samples[0].as_ref(), &intake.take.recordings[0]);
    assert!(values[0].len() > 1500);
    assert!(values[0].windows(2).all(|pair| (pair[1] - pair[0] - 0.5).abs() < 1e-9));
    assert!(values[0].iter().zip(&values[1]).all(|(a, b)| (a + b).abs() < 1e-9));
}

#[test]
fn wrong_frames_say_what_was_found() {
    let desk = plug_described(0x0b);
    let PortStage::Failed(what) = desk.stage() else { panic!("{:?}", desk.stage()) };
    assert!(what.contains("No frame of 8 bytes") && what.contains("bytes were skipped") && what.contains("57600"), "{what}");
}

#[test]
fn what_came_while_a_device_was_recognised_is_in_the_log() {
    let desk = recorded(100, |_| false);
    let source = SliceSource::from(desk.log.clone());
    let mut reader = log::Reader::new(&source);
    let (mut heard, mut written) = (Vec::new(), Vec::new());
    while let Some(entry) = reader.entry().unwrap() {
        match entry.what {
            log::What::Heard(bytes) => heard.extend(bytes),
            log::What::Written(bytes) => written.extend(bytes),
            _ => {}
        }
    }
    assert_eq!(heard, b"UNO-R4\r\n");
    assert!(String::from_utf8_lossy(&written).contains("WHORU"));
}

#[test]
fn the_command_line_opens_a_raw_log() {
    let mut desk = recorded(1000, |_| false);
    desk.end();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("live-log");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("live-test.myoraw"), &desk.log).unwrap();
    let run = |words: &[&str]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_myoscope")).args(words).current_dir(&folder).output().unwrap();
        assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let info = run(&["info", "--json", "live-test.myoraw"]);
    assert!(info.contains("\"Live\"") && info.contains("2026-01-02T03:04:05"), "{info}");
    run(&["export", "live-test.myoraw", "-o", "live-test.csv"]);
    let rows = std::fs::read_to_string(folder.join("live-test.csv")).unwrap();
    let n = desk.views.last().unwrap().recordings[0].lanes[0].n as usize;
    assert_eq!(rows.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count(), n);
}
