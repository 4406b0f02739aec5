//! How fast the open protocol is decoded: `cargo run --release --example device_speed`.
//!
//! Eight channels of 48 kHz and 24 bits, the frames of a minute, in pieces as a port hands them over.
#![allow(clippy::print_stdout, reason = "a measuring program prints")]

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    use myoscope::device::ranvier::frame::{Header, encode};
    use myoscope::device::ranvier::{Encoding, SamplesHead, kind};
    use myoscope::device::{Config, DeviceEvent, protocol};

    const SECONDS: u64 = 60;
    let mut wire = Vec::new();
    let mut state = 1u64;
    for frame in 0..SECONDS * 1000 {
        let mut values = [0i32; 48 * 8];
        for value in &mut values {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *value = (state >> 44) as i32 - (1 << 19);
        }
        let mut payload = Vec::new();
        let head = SamplesHead { stream: 0, encoding: Encoding::S24, channels: 8, samples: 48, flags: 0, clip_mask: 0, dropped: 0 };
        head.write(&values, &mut payload);
        encode(Header { kind: kind::SAMPLES, seq: frame as u16, epoch: 1, tick: frame * 48 }, &payload, &mut wire);
    }
    let Some(ranvier) = protocol("ranvier") else { return };
    for piece in [64, 512, 4096, 65_536] {
        let mut decoder = ranvier.decoder(&Config::of("ranvier"));
        let (mut out, mut samples) = (Vec::new(), 0);
        let begin = std::time::Instant::now();
        for bytes in wire.chunks(piece) {
            decoder.push(bytes, &mut out);
            samples += out.drain(..).map(|e| if let DeviceEvent::Block(b) = e { b.samples() } else { 0 }).sum::<u64>();
        }
        let seconds = begin.elapsed().as_secs_f64();
        let share = seconds / SECONDS as f64 * 100.0;
        println!(
            "pieces of {piece} bytes: {:.0} MB/s, {share:.3} % of a core, {samples} samples, {:?}",
            wire.len() as f64 / seconds / 1e6,
            decoder.losses()
        );
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {}
