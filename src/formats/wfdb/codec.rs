//! The binary sample formats of WFDB signal files.
//!
//! Specification: signal(5) of the WFDB Applications Guide. A format packs `samples` samples into a
//! block of `bytes` bytes; blocks follow each other without regard to frames. The smallest value of
//! a format stands for "no valid sample". Decoding is one pass without allocation.

/// A sample format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 8-bit first differences.
    F8,
    /// 16 bit, low byte first.
    F16,
    /// 24 bit, low byte first.
    F24,
    /// 32 bit, low byte first.
    F32,
    /// 16 bit, high byte first.
    F61,
    /// 8 bit, offset 128.
    F80,
    /// 16 bit, low byte first, offset 32768.
    F160,
    /// Two 12-bit samples in three bytes.
    F212,
    /// Three 10-bit samples in two 16-bit words; the third is made of both words' upper bits.
    F310,
    /// Three 10-bit samples in one 32-bit word, the first lowest.
    F311,
}

impl Format {
    /// The format of this code.
    pub fn from_code(code: u32) -> Option<Self> {
        Some(match code {
            8 => Self::F8,
            16 => Self::F16,
            24 => Self::F24,
            32 => Self::F32,
            61 => Self::F61,
            80 => Self::F80,
            160 => Self::F160,
            212 => Self::F212,
            310 => Self::F310,
            311 => Self::F311,
            _ => return None,
        })
    }

    /// (samples, bytes) of one block.
    pub fn block(self) -> (u64, u64) {
        match self {
            Self::F8 | Self::F80 => (1, 1),
            Self::F16 | Self::F61 | Self::F160 => (1, 2),
            Self::F24 => (1, 3),
            Self::F32 => (1, 4),
            Self::F212 => (2, 3),
            Self::F310 | Self::F311 => (3, 4),
        }
    }

    /// Width of a sample in bits.
    pub fn bits(self) -> u32 {
        match self {
            Self::F8 | Self::F16 | Self::F61 | Self::F160 => 16,
            Self::F80 => 8,
            Self::F24 => 24,
            Self::F32 => 32,
            Self::F212 => 12,
            Self::F310 | Self::F311 => 10,
        }
    }

    /// Smallest and largest value.
    pub fn range(self) -> (i64, i64) {
        let half = 1i64 << (self.bits() - 1);
        (-half, half - 1)
    }

    /// The value that stands for "no valid sample". Differences (format 8) have none.
    pub fn invalid(self) -> Option<i32> {
        if self == Self::F8 { None } else { i32::try_from(self.range().0).ok() }
    }

    /// How many whole samples `bytes` bytes hold; the last block may be cut short.
    pub fn samples_in(self, bytes: u64) -> u64 {
        let (samples, size) = self.block();
        let rest = bytes % size;
        let more = match self {
            Self::F212 => u64::from(rest == 2),
            Self::F310 => u64::from(rest >= 2),
            Self::F311 => rest.saturating_sub(1),
            _ => 0,
        };
        (bytes / size).saturating_mul(samples) + more
    }

    /// Decodes from the start of a block: fills `out`, with what lies beyond `bytes` taken as zero
    /// bytes. Format 8 yields the differences.
    pub fn decode(self, bytes: &[u8], out: &mut [i32]) {
        let (samples, size) = self.block();
        let (samples, size) = (samples as usize, size as usize);
        let whole = (bytes.len() / size).min(out.len() / samples);
        let (body, tail) = out.split_at_mut(whole * samples);
        self.decode_whole(&bytes[..whole * size], body);
        if !tail.is_empty() {
            let mut padded = [0; 4];
            let mut last = [0; 3];
            for (k, part) in tail.chunks_mut(samples).enumerate() {
                padded.fill(0);
                let left = bytes.get((whole + k) * size..).unwrap_or(&[]);
                let n = left.len().min(size);
                padded[..n].copy_from_slice(&left[..n]);
                self.decode_whole(&padded[..size], &mut last[..samples]);
                part.copy_from_slice(&last[..part.len()]);
            }
        }
    }

    fn decode_whole(self, bytes: &[u8], out: &mut [i32]) {
        match self {
            Self::F8 => each::<1, 1>(bytes, out, |b| [i32::from(b[0].cast_signed())]),
            Self::F16 => each::<2, 1>(bytes, out, |b| [i32::from(i16::from_le_bytes(*b))]),
            Self::F24 => each::<3, 1>(bytes, out, |b| [i32::from_le_bytes([0, b[0], b[1], b[2]]) >> 8]),
            Self::F32 => each::<4, 1>(bytes, out, |b| [i32::from_le_bytes(*b)]),
            Self::F61 => each::<2, 1>(bytes, out, |b| [i32::from(i16::from_be_bytes(*b))]),
            Self::F80 => each::<1, 1>(bytes, out, |b| [i32::from(b[0]) - 128]),
            Self::F160 => each::<2, 1>(bytes, out, |b| [i32::from(u16::from_le_bytes(*b)) - 32768]),
            Self::F212 => each::<3, 2>(bytes, out, |b| {
                let word = u32::from_le_bytes([b[0], b[1], b[2], 0]);
                // The middle byte carries the upper four bits of both.
                [signed(word & 0xfff, 12), signed((word >> 16) | ((word >> 4) & 0xf00), 12)]
            }),
            Self::F310 => each::<4, 3>(bytes, out, |b| {
                let (low, high) = (u32::from(u16::from_le_bytes([b[0], b[1]])), u32::from(u16::from_le_bytes([b[2], b[3]])));
                [signed(low >> 1, 10), signed(high >> 1, 10), signed((low >> 11) | ((high >> 11) << 5), 10)]
            }),
            Self::F311 => each::<4, 3>(bytes, out, |b| {
                let word = u32::from_le_bytes(*b);
                [signed(word, 10), signed(word >> 10, 10), signed(word >> 20, 10)]
            }),
        }
    }
}

/// The lowest `bits` bits as a signed number.
fn signed(word: u32, bits: u32) -> i32 {
    (word << (32 - bits)).cast_signed() >> (32 - bits)
}

fn each<const B: usize, const S: usize>(bytes: &[u8], out: &mut [i32], decode: impl Fn(&[u8; B]) -> [i32; S]) {
    let (blocks, _) = bytes.as_chunks::<B>();
    let (outs, _) = out.as_chunks_mut::<S>();
    for (out, block) in outs.iter_mut().zip(blocks) {
        *out = decode(block);
    }
}
