//! Frames of boards as they stand on the wire.

/// Range of a value of 24 bits.
pub const I24: (i32, i32) = (-(1 << 23), (1 << 23) - 1);

fn i24_be(value: i32) -> [u8; 3] {
    let [_, a, b, c] = value.to_be_bytes();
    [a, b, c]
}

/// OpenBCI: `A0`, counter, eight values, six bytes of acceleration, `C0`.
pub fn cyton(counter: u64, value: impl Fn(u16) -> i32, out: &mut Vec<u8>) {
    out.extend([0xa0, counter as u8]);
    (0..8).for_each(|c| out.extend(i24_be(value(c))));
    out.extend([0, 0, 0, 0, 0, 0, 0xc0]);
}

/// Header, counter of one byte, 16-bit values with the high byte first, footer.
pub fn counted(head: &[u8], counter: u64, channels: u16, value: impl Fn(u16) -> i32, foot: &[u8], out: &mut Vec<u8>) {
    out.extend(head);
    out.push(counter as u8);
    (0..channels).for_each(|c| out.extend((value(c) as u16).to_be_bytes()));
    out.extend(foot);
}

/// A message of Backyard Brains within the stream.
pub fn message(text: &[u8], out: &mut Vec<u8>) {
    out.extend([0xff, 0xff, 0x01, 0x01, 0x80, 0xff]);
    out.extend(text);
    out.extend([0xff, 0xff, 0x01, 0x01, 0x81, 0xff]);
}

/// HackEEG's MessagePack: a map of status and of time, number, the converter's status, values.
pub fn hackeeg(number: u64, channels: u16, value: impl Fn(u16) -> i32, out: &mut Vec<u8>) {
    out.extend([0x82, 0xa1, 0x43, 0xcc, 0xc8, 0xa1, 0x44, 0xc4, 11 + 3 * channels as u8]);
    out.extend(((number * 125 / 2) as u32).to_le_bytes());
    out.extend((number as u32).to_le_bytes());
    out.extend([0xc0, 0, 0]);
    (0..channels).for_each(|c| out.extend(i24_be(value(c))));
}

/// BITalino's frame, from its last byte to its first: counter and CRC-4, then as one row of bits four
/// digital lines, four values of 10 bits, two of 6.
pub fn bitalino(number: u64, channels: u16, value: impl Fn(u16) -> i32, out: &mut Vec<u8>) {
    let mut bits = vec![true, true, false, false];
    for (channel, width) in (0..channels).zip([10, 10, 10, 10, 6, 6]) {
        let value = value(channel);
        bits.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
    }
    // With five channels the place of the sixth stays empty.
    let length = if channels > 4 { 8 } else { 1 + bits.len().div_ceil(8) };
    let mut frame = [0u8; 8];
    for (at, bit) in bits.into_iter().enumerate() {
        frame[6 - at / 8] |= u8::from(bit) << (7 - at % 8);
    }
    frame[7] = (number as u8) << 4;
    frame[7] |= crc4(&frame[8 - length..]);
    out.extend(&frame[8 - length..]);
}

/// CRC-4 with polynomial x^4 + x + 1, high bits first; the low half of the last byte counts as 0.
fn crc4(frame: &[u8]) -> u8 {
    let bits = frame.iter().flat_map(|byte| (0..8).rev().map(move |b| byte >> b & 1));
    bits.fold(0, |sum, bit| {
        let shifted = sum << 1 | bit;
        if sum & 8 != 0 { shifted ^ 0x13 } else { shifted }
    }) & 15
}

/// A stream of bytes in which every place within 64 kB is another.
pub fn running(at: u64) -> u8 {
    (at ^ at >> 8).wrapping_mul(167) as u8
}
