//! A trigger at an amplifier's input while a recording runs: from the frame of its event to a sweep of the test
//! under way, and to the ear, which is silent about it.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::live::LiveDesk;
use myoscope::device::ranvier::frame::{Header, Numbering, encode};
use myoscope::device::ranvier::{
    Command, CommandReader, Encoding, Event, Info, SamplesHead, What, WireChannel, kind, write_ack, write_channels,
};
use myoscope::device::{Channel, MarkKind};
use myoscope::engine::live::Intake;
use myoscope::engine::protocol::GuideAsk;
use myoscope::formats::SliceSource;
use myoscope::model::{LaneSettings, Samples, Side};

/// Sample clock at the start, and samples of a frame, of 1 ms.
const START: u64 = 96_000;
const SAMPLES: u64 = 48;

/// An amplifier of one channel whose values count up: sample `k` is `k` counts.
struct Amplifier {
    desk: LiveDesk,
    commands: CommandReader,
    numbering: Numbering,
    epoch: u16,
    sent: u64,
}

impl Amplifier {
    fn streaming() -> Self {
        let mut amplifier = Self {
            desk: LiveDesk::begun(Vec::new()),
            commands: CommandReader::default(),
            numbering: Numbering::default(),
            epoch: 0,
            sent: 0,
        };
        amplifier.desk.plug("ranvier");
        for _ in 0..250 {
            amplifier.answer();
            amplifier.desk.pass(20.0);
        }
        assert_eq!(amplifier.epoch, 1, "it was started");
        amplifier
    }

    fn send(&mut self, frame_kind: u8, tick: u64, write: impl FnOnce(&mut Vec<u8>)) {
        let (mut payload, mut bytes) = (Vec::new(), Vec::new());
        write(&mut payload);
        assert!(encode(Header { kind: frame_kind, seq: self.numbering.take(), epoch: self.epoch, tick }, &payload, &mut bytes));
        self.desk.bytes(&bytes);
    }

    fn answer(&mut self) {
        let mut commands = Vec::new();
        self.commands.push(&std::mem::take(&mut self.desk.written), &mut commands);
        for (header, command) in commands {
            let channel = Channel::counts("EMG 1", 24, Some(48_000.0)).microvolts(1.0, 0.0).band(Some(2.0), Some(10_000.0));
            let wire = WireChannel { id: 0, channel, e1: "active".into(), e2: "reference".into() };
            let info = Info { model: "one".into(), clock_hz: Some(48_000.0), channels: Some(1), ..Info::default() };
            match command {
                Some(Command::Identify) => self.send(kind::INFO, 0, |out| info.write(out)),
                Some(Command::GetChannels) => self.send(kind::CHANNELS, 0, |out| write_channels(&[wire], out)),
                Some(Command::Start) if self.epoch == 0 => {
                    self.numbering.restart();
                    self.epoch = 1;
                    self.send(kind::ACK, START, |out| write_ack(header.seq, 0, &[("start", (START as u32).into())], out));
                }
                _ => self.send(kind::ACK, START, |out| write_ack(header.seq, 0, &[], out)),
            }
        }
    }

    fn stream(&mut self, frames: u64) {
        for _ in 0..frames {
            let head = SamplesHead { stream: 0, encoding: Encoding::S24, channels: 1, samples: 48, flags: 0, clip_mask: 0, dropped: 0 };
            let values: Vec<i32> = (self.sent..self.sent + SAMPLES).map(|k| k as i32).collect();
            self.send(kind::SAMPLES, START + self.sent, |out| head.write(&values, out));
            self.sent += SAMPLES;
            self.desk.pass(1.0);
            self.answer();
        }
    }

    /// A trigger half a sample behind sample `at`.
    fn trigger(&mut self, at: u64, id: u32) {
        let what = What::Mark { kind: MarkKind::Trigger, code: 1, text: String::new() };
        self.send(kind::EVENT, START + at, |out| Event { source: 0, frac: 0x8000, id, what }.write(out));
    }
}

#[test]
fn a_trigger_becomes_a_sweep_at_once_and_in_the_replay() {
    let mut amplifier = Amplifier::streaming();
    amplifier.stream(500);
    let begin = GuideAsk::Begin { id: "median_motor_apb".into(), side: Side::Right, recording: 0, channel: 0 };
    amplifier.desk.with(|desk, now_ms, wire| desk.guide(begin, now_ms, wire)).unwrap();
    let mut moments = Vec::new();
    for id in 0..3 {
        amplifier.stream(300);
        let at = amplifier.sent - 20;
        amplifier.trigger(at, id);
        moments.push((at as f64 + 0.5) / 48_000.0);
    }
    // Known already, but its last sample is not there.
    let sweeps = |amplifier: &LiveDesk| amplifier.views.last().unwrap().tests[0].sites[0].sweeps.len();
    amplifier.stream(4);
    amplifier.desk.pass(300.0);
    assert_eq!(sweeps(&amplifier.desk), 2);
    amplifier.stream(400);
    amplifier.desk.pass(300.0);
    assert_eq!(sweeps(&amplifier.desk), 3);
    amplifier.desk.end();
    let (intake, _) = Intake::replay(&SliceSource::from(amplifier.desk.log.clone())).unwrap();
    let found = &intake.take.runs.examination.sweeps;
    assert_eq!(found.len(), 3);
    for (sweep, moment_s) in found.iter().zip(&moments) {
        let onset_s = sweep.start as f64 / 48_000.0 + sweep.stimulus_s.unwrap_or(f64::NAN);
        assert!((onset_s - moment_s).abs() < 0.1 / 48_000.0, "{onset_s} for {moment_s}");
    }
    let words: Vec<&str> = intake.take.recordings[0].annotations.iter().map(|annotation| annotation.text.as_str()).collect();
    assert_eq!(words, ["Trigger"; 3]);
    let mut values = [0.0; 3];
    intake.take.samples[0].read(0, 1000, &mut values).unwrap();
    assert_eq!(values, [1000.0, 1001.0, 1002.0]);
}

#[test]
fn the_ear_is_told_of_triggers_and_gaps() {
    let mut amplifier = Amplifier::streaming();
    amplifier.stream(100);
    amplifier.desk.with(|desk, _, _| desk.listen(Some(LaneSettings::default())));
    amplifier.stream(10);
    assert!(amplifier.desk.heard().is_none_or(|heard| heard.stimuli.is_empty()));
    amplifier.stream(10);
    let at = amplifier.sent - 30;
    amplifier.trigger(at, 0);
    let heard = amplifier.desk.heard().unwrap();
    assert_eq!(heard.values.len(), 480);
    assert!(heard.stimuli.iter().all(|told| told.abs_diff(at) <= 1) && heard.stimuli.len() == 1, "{:?} for {at}", heard.stimuli);
    assert!(amplifier.desk.heard().is_none(), "told once");
    // Ten frames never come: what is heard goes on behind them, and says where.
    let seam = amplifier.sent;
    amplifier.sent += 10 * SAMPLES;
    amplifier.stream(10);
    let heard = amplifier.desk.heard().unwrap();
    assert_eq!((heard.first, heard.seams.as_slice(), heard.values.len()), (seam, &[seam][..], 480));
    assert_eq!(heard.values[0], (seam + 10 * SAMPLES) as f32);
}
