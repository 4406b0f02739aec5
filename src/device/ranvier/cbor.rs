//! The part of CBOR (RFC 8949) that descriptions are written in: maps with text keys, lists, numbers,
//! text, true, false, null. Depth, nodes and text are limited by the frame that holds them.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Null or undefined.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A map with text keys, in order.
    Map(Vec<(String, Value)>),
}

/// Deepest nesting.
const MAX_DEPTH: u8 = 8;

impl Value {
    /// Reads one value that fills `bytes`; none where it is not CBOR of this kind. Maps drop keys that
    /// are not text.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        let value = Self::next(&mut decoder, MAX_DEPTH)?;
        (decoder.position() == bytes.len()).then_some(value)
    }

    fn next(d: &mut Decoder<'_>, depth: u8) -> Option<Self> {
        let deeper = depth.checked_sub(1)?;
        Some(match d.datatype().ok()? {
            Type::Bool => Self::Bool(d.bool().ok()?),
            Type::Null => d.null().map(|()| Self::Null).ok()?,
            Type::Undefined => d.undefined().map(|()| Self::Null).ok()?,
            Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
                let at = d.position();
                match d.i64() {
                    Ok(v) => Self::Int(v),
                    // Beyond i64: as a float.
                    Err(_) => {
                        d.set_position(at);
                        Self::Float(d.u64().ok()? as f64)
                    }
                }
            }
            Type::F16 => Self::Float(half(d)?),
            Type::F32 => Self::Float(f64::from(d.f32().ok()?)),
            Type::F64 => Self::Float(d.f64().ok()?),
            Type::String => Self::Text(d.str().ok()?.to_owned()),
            Type::Bytes => Self::Bytes(d.bytes().ok()?.to_vec()),
            Type::Array | Type::ArrayIndef => {
                let n = d.array().ok()?;
                let mut all = Vec::new();
                while Self::more(d, n, all.len())? {
                    all.push(Self::next(d, deeper)?);
                }
                Self::List(all)
            }
            Type::Map | Type::MapIndef => {
                let n = d.map().ok()?;
                let (mut all, mut seen) = (Vec::new(), 0);
                while Self::more(d, n, seen)? {
                    seen += 1;
                    let key = Self::next(d, deeper)?;
                    let value = Self::next(d, deeper)?;
                    if let Self::Text(key) = key {
                        all.push((key, value));
                    }
                }
                Self::Map(all)
            }
            Type::Tag => {
                d.tag().ok()?;
                Self::next(d, deeper)?
            }
            _ => return None,
        })
    }

    /// Whether a list or map of length `n` (none: up to a break) goes on.
    fn more(d: &mut Decoder<'_>, n: Option<u64>, seen: usize) -> Option<bool> {
        if let Some(n) = n {
            return Some((seen as u64) < n);
        }
        let end = d.datatype().ok()? == Type::Break;
        if end {
            d.set_position(d.position() + 1);
        }
        Some(!end)
    }

    /// Adds its bytes to `out`: the shortest form of each head, floats as 64 bits.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut encoder = Encoder::new(Vec::new());
        // Writing to memory cannot fail.
        if self.put(&mut encoder).is_some() {
            out.extend(encoder.into_writer());
        }
    }

    fn put(&self, e: &mut Encoder<Vec<u8>>) -> Option<()> {
        match self {
            Self::Null => drop(e.null().ok()?),
            Self::Bool(v) => drop(e.bool(*v).ok()?),
            Self::Int(v) => drop(e.i64(*v).ok()?),
            Self::Float(v) => drop(e.f64(*v).ok()?),
            Self::Text(v) => drop(e.str(v).ok()?),
            Self::Bytes(v) => drop(e.bytes(v).ok()?),
            Self::List(all) => {
                e.array(all.len() as u64).ok()?;
                all.iter().try_for_each(|v| v.put(e))?;
            }
            Self::Map(all) => {
                e.map(all.len() as u64).ok()?;
                all.iter().try_for_each(|(key, v)| {
                    e.str(key).ok()?;
                    v.put(e)
                })?;
            }
        }
        Some(())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(all) = self else { return None };
        all.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// Text of a key; empty where there is none.
    pub fn text(&self, key: &str) -> String {
        match self.get(key) {
            Some(Self::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    /// A finite number of a key.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Self::Int(v) => Some(*v as f64),
            Self::Float(v) => v.is_finite().then_some(*v),
            _ => None,
        }
    }

    /// A whole number of a key that fits.
    pub fn whole<T: TryFrom<i64>>(&self, key: &str) -> Option<T> {
        match self.get(key)? {
            Self::Int(v) => T::try_from(*v).ok(),
            _ => None,
        }
    }

    /// Whether a key says true.
    pub fn is_true(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Self::Bool(true)))
    }
}

/// A half-precision float (RFC 8949 appendix D): two bytes behind the head.
fn half(d: &mut Decoder<'_>) -> Option<f64> {
    let at = d.position();
    let bytes = d.input().get(at + 1..at + 3)?;
    d.set_position(at + 3);
    let bits = u16::from_be_bytes([bytes[0], bytes[1]]);
    let (exponent, mantissa) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let magnitude = match exponent {
        0 => mantissa * 2f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2f64.powi(exponent - 25),
    };
    Some(if bits & 0x8000 == 0 { magnitude } else { -magnitude })
}

/// A map of what is there.
pub fn map<'a>(all: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Map(all.into_iter().filter(|(_, v)| *v != Value::Null).map(|(k, v)| (k.to_owned(), v)).collect())
}

impl From<&str> for Value {
    fn from(v: &str) -> Self {
        if v.is_empty() { Self::Null } else { Self::Text(v.to_owned()) }
    }
}

impl From<u32> for Value {
    fn from(v: u32) -> Self {
        Self::Int(i64::from(v))
    }
}

impl From<f64> for Value {
    /// Whole numbers become integers, as they are shorter.
    fn from(v: f64) -> Self {
        if v.fract() == 0.0 && v.abs() < 9e15 { Self::Int(v as i64) } else { Self::Float(v) }
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::Null, Into::into)
    }
}
