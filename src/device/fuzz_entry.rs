//! The one door through which fuzzers and damaged captures enter the decoders.
//!
//! [`drive`] hands any bytes to a protocol's decoder whole, byte by byte and in pieces, and to the
//! identification. Nothing may panic; the events must be the same, and be in order.

use super::identify::Identify;
use super::{Config, DeviceEvent, PROTOCOLS, UsbIds, generic, joined};

/// Feeds `bytes` to the decoder of the protocol with this id; an unknown id feeds all of them.
pub fn drive(id: &str, bytes: &[u8]) {
    let known = PROTOCOLS.iter().any(|p| p.id() == id);
    for protocol in PROTOCOLS.iter().filter(|p| !known || p.id() == id) {
        // The first byte chooses among shapes of the device as well.
        let shape = u16::from(bytes.first().copied().unwrap_or(0));
        let frame = generic::FrameFormat {
            header: vec![0xa0],
            counter_bytes: [0, 1, 2, 4][usize::from(shape % 4)],
            channels: shape % 9 + 1,
            big_endian: shape % 2 == 0,
            footer: vec![0xc0],
            rate_hz: 250.0,
            ..generic::FrameFormat::default()
        };
        for channels in [0, shape % 17, u16::MAX] {
            let config = Config { channels, rate_hz: Some(f64::NAN), frame: Some(frame.clone()), ..Config::of(protocol.id()) };
            let run = |size: usize| {
                let mut decoder = protocol.decoder(&config);
                let mut out = Vec::new();
                bytes.chunks(size).for_each(|chunk| decoder.push(chunk, &mut out));
                (joined(out), decoder.losses())
            };
            let whole = run(bytes.len().max(1));
            in_order(&whole.0);
            for size in [1, 7, 64] {
                let pieces = run(size);
                // Floats may be NaN, which equals nothing: their texts do.
                let same = pieces == whole || format!("{pieces:?}") == format!("{whole:?}");
                assert!(same, "{}: pieces of {size} bytes give other events", protocol.id());
            }
        }
    }
    let mut out = Vec::new();
    let mut search = Identify::new(UsbIds::default(), None);
    search.opened(0.0, &mut out);
    bytes.chunks(61).enumerate().for_each(|(k, chunk)| search.bytes(k as f64, chunk, &mut out));
    for _ in 0..64 {
        let Some(due) = search.deadline() else { break };
        search.tick(due, &mut out);
        search.bytes(due, bytes.get(..61).unwrap_or(bytes), &mut out);
    }
}

/// Samples of a stream go on from where they were, a start apart.
fn in_order(events: &[DeviceEvent]) {
    let mut next = [0u64; 256];
    for event in events {
        match event {
            DeviceEvent::Started { .. } => next = [0; 256],
            DeviceEvent::Block(b) => {
                assert!(b.channels > 0 && b.values.len() % usize::from(b.channels) == 0, "whole samples");
                assert!(b.first >= next[usize::from(b.stream)], "samples are in order");
                next[usize::from(b.stream)] = b.end();
            }
            _ => {}
        }
    }
}
