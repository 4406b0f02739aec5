//! Frames of the open protocol: `COBS(header | payload | CRC-32C) 00`, both directions.
//!
//! COBS: Cheshire and Baker, IEEE/ACM Trans Networking 1999;7:159. CRC-32C: Castagnoli's polynomial
//! as in iSCSI (RFC 3720 B.4; check value of "123456789" is E3069283).

use crc::{CRC_32_ISCSI, Crc, Table};

use crate::device::{DeviceEvent, Losses, Reject};

/// Version that is spoken, major and minor in a nibble each.
pub const PROTO: u8 = 0x10;
/// Bytes of a header.
pub const HEADER: usize = 16;
/// Longest frame before COBS, header and checksum included.
pub const MAX_FRAME: usize = 2048;
/// Longest payload.
pub const MAX_PAYLOAD: usize = MAX_FRAME - HEADER - 4;
/// Longest frame on the wire, without its 00.
const MAX_WIRE: usize = MAX_FRAME + MAX_FRAME / 254 + 1;

const CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// Header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Type: [`super::kind`].
    pub kind: u8,
    /// Number of the frame in its direction.
    pub seq: u16,
    /// Number of the start; 0 before the first.
    pub epoch: u16,
    /// Tick of the sample clock, free-running since power-on; 0 from the host.
    pub tick: u64,
}

/// Adds a frame as it stands on the wire to `out`. A payload longer than [`MAX_PAYLOAD`] is refused:
/// nothing is added and `false` comes back.
pub fn encode(header: Header, payload: &[u8], out: &mut Vec<u8>) -> bool {
    if payload.len() > MAX_PAYLOAD {
        return false;
    }
    let mut plain = [0u8; MAX_FRAME];
    let end = HEADER + payload.len();
    plain[0] = PROTO;
    plain[1] = header.kind;
    plain[2..4].copy_from_slice(&header.seq.to_le_bytes());
    plain[4..6].copy_from_slice(&header.epoch.to_le_bytes());
    plain[6..8].copy_from_slice(&(payload.len() as u16).to_le_bytes());
    plain[8..16].copy_from_slice(&header.tick.to_le_bytes());
    plain[HEADER..end].copy_from_slice(payload);
    let crc = CRC.checksum(&plain[..end]);
    plain[end..end + 4].copy_from_slice(&crc.to_le_bytes());
    encode_cobs(&plain[..end + 4], out);
    out.push(0);
    true
}

/// Adds bytes with their zeros taken out: runs of at most 254 bytes, each behind its length plus one.
fn encode_cobs(plain: &[u8], out: &mut Vec<u8>) {
    let mut code_at = out.len();
    out.push(1);
    for (at, &byte) in plain.iter().enumerate() {
        if byte != 0 {
            out.push(byte);
            out[code_at] += 1;
        }
        // A full run implies no zero; at the very end nothing follows it.
        if byte == 0 || (out[code_at] == 255 && at + 1 < plain.len()) {
            code_at = out.len();
            out.push(1);
        }
    }
}

/// Numbers the frames of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbering {
    next: u16,
}

impl Numbering {
    /// The next number.
    pub fn take(&mut self) -> u16 {
        let seq = self.next;
        self.next = self.next.wrapping_add(1);
        seq
    }

    /// Begins anew at 0, as a device does at each start.
    pub fn restart(&mut self) {
        self.next = 0;
    }
}

/// Cuts a stream into frames. Keeps at most one frame.
#[derive(Clone)]
pub struct FrameReader {
    wire: Vec<u8>,
    plain: Box<[u8; MAX_WIRE]>,
    /// The frame on its way is too long and is skipped up to the next 00.
    overlong: bool,
}

impl Default for FrameReader {
    fn default() -> Self {
        Self { wire: Vec::with_capacity(MAX_WIRE), plain: Box::new([0; MAX_WIRE]), overlong: false }
    }
}

impl FrameReader {
    /// Takes bytes, hands every good frame to `found`, and counts what is none.
    pub fn push(
        &mut self,
        bytes: &[u8],
        losses: &mut Losses,
        out: &mut Vec<DeviceEvent>,
        mut found: impl FnMut(Header, &[u8], &mut Losses, &mut Vec<DeviceEvent>),
    ) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = rest.iter().position(|b| *b == 0);
            let piece = &rest[..end.unwrap_or(rest.len())];
            rest = &rest[end.map_or(rest.len(), |end| end + 1)..];
            if self.overlong {
                losses.skipped_bytes += piece.len() as u64;
            } else if self.wire.len() + piece.len() > MAX_WIRE {
                losses.skipped_bytes += (self.wire.len() + piece.len()) as u64;
                self.overlong = true;
                self.wire.clear();
            } else if end.is_some() && self.wire.is_empty() {
                // A whole frame in these bytes: no copy.
                Self::whole(piece, &mut self.plain, losses, out, &mut found);
            } else {
                self.wire.extend_from_slice(piece);
                if end.is_some() {
                    Self::whole(&self.wire, &mut self.plain, losses, out, &mut found);
                    self.wire.clear();
                }
            }
            if end.is_some() && self.overlong {
                self.overlong = false;
                out.push(DeviceEvent::Rejected { bytes: MAX_WIRE as u32, why: Reject::TooLong });
            }
        }
    }

    fn whole(
        wire: &[u8],
        plain: &mut [u8; MAX_WIRE],
        losses: &mut Losses,
        out: &mut Vec<DeviceEvent>,
        found: &mut impl FnMut(Header, &[u8], &mut Losses, &mut Vec<DeviceEvent>),
    ) {
        if wire.is_empty() {
            // A 00 more than needed: allowed, it clears the line.
            return;
        }
        match check(wire, plain) {
            Ok((header, payload)) => found(header, payload, losses, out),
            Err(why) => {
                match why {
                    Reject::Checksum => losses.crc_failures += 1,
                    Reject::Unknown => {}
                    _ => losses.skipped_bytes += wire.len() as u64,
                }
                out.push(DeviceEvent::Rejected { bytes: wire.len() as u32, why });
            }
        }
    }
}

/// Undoes COBS and checks length, checksum and version of one frame without its 00.
fn check<'a>(wire: &[u8], plain: &'a mut [u8; MAX_WIRE]) -> Result<(Header, &'a [u8]), Reject> {
    let n = decode_cobs(wire, plain).ok_or(Reject::NoFrame)?;
    if n < HEADER + 4 {
        return Err(Reject::NoFrame);
    }
    let (body, crc) = plain[..n].split_at(n - 4);
    if CRC.checksum(body) != u32::from_le_bytes([crc[0], crc[1], crc[2], crc[3]]) {
        return Err(Reject::Checksum);
    }
    let (h, payload) = body.split_at(HEADER);
    // The major version must be ours; a greater minor one only adds.
    if h[0] >> 4 != PROTO >> 4 {
        return Err(Reject::Unknown);
    }
    if usize::from(u16::from_le_bytes([h[6], h[7]])) != payload.len() {
        return Err(Reject::Malformed);
    }
    let header = Header {
        kind: h[1],
        seq: u16::from_le_bytes([h[2], h[3]]),
        epoch: u16::from_le_bytes([h[4], h[5]]),
        tick: u64::from_le_bytes([h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15]]),
    };
    Ok((header, payload))
}

/// COBS back to plain bytes; none where a code points beyond the end.
fn decode_cobs(wire: &[u8], plain: &mut [u8; MAX_WIRE]) -> Option<usize> {
    let (mut at, mut n) = (0, 0);
    while at < wire.len() {
        let code = usize::from(wire[at]);
        let run = wire.get(at + 1..at + code)?;
        plain.get_mut(n..n + run.len())?.copy_from_slice(run);
        n += run.len();
        at += code;
        if code < 255 && at < wire.len() {
            *plain.get_mut(n)? = 0;
            n += 1;
        }
    }
    Some(n)
}
