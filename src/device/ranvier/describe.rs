//! INFO and CHANNELS: what a device says of itself, read and written.
//!
//! Keys that are not known are ignored, keys of another type count as absent, numbers that make no
//! sense are dropped. A channel is in microvolts only if it says so and states a scale.

use super::cbor::{Value, map};
use crate::device::{ADC_UNITS, Channel, ChannelKind, StimulatorLimits};

/// What INFO says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Info {
    /// Maker.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Serial number.
    pub serial: String,
    /// Firmware.
    pub firmware: String,
    /// Ticks of the sample clock a second.
    pub clock_hz: Option<f64>,
    /// How exact that is.
    pub clock_ppm: Option<f64>,
    /// Channels that CHANNELS will describe; none where it does not tell.
    pub channels: Option<u16>,
    /// Longest frame that it takes.
    pub max_frame: Option<u16>,
    /// Limits of its stimulator.
    pub stimulator: Option<StimulatorLimits>,
    /// Abilities by name.
    pub abilities: Vec<String>,
    /// Names of electrodes, by their numbers in IMPEDANCE.
    pub electrodes: Vec<String>,
}

impl Info {
    /// Reads a payload.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let v = Value::read(payload)?;
        matches!(v, Value::Map(_)).then_some(())?;
        let texts = |key: &str| match v.get(key) {
            Some(Value::List(all)) => all.iter().map(|c| if let Value::Text(t) = c { Some(t.clone()) } else { None }).collect(),
            _ => Vec::new(),
        };
        let abilities = texts("caps").into_iter().flatten().collect();
        // What is no text keeps its number.
        let electrodes = texts("electrodes").into_iter().map(Option::unwrap_or_default).collect();
        Some(Self {
            vendor: v.text("vendor"),
            model: v.text("model"),
            serial: v.text("serial"),
            firmware: v.text("fw"),
            clock_hz: v.number("clock_hz").filter(|hz| *hz > 0.0 && *hz <= 1e9),
            clock_ppm: v.number("clock_ppm").filter(|ppm| *ppm >= 0.0),
            channels: v.whole("channels").filter(|n| *n <= 256),
            max_frame: v.whole("max_frame"),
            stimulator: v.get("stim").and_then(limits),
            abilities,
            electrodes,
        })
    }

    /// Adds the payload.
    pub fn write(&self, out: &mut Vec<u8>) {
        let stim = self.stimulator.map_or(Value::Null, |s| {
            map([
                ("outputs", u32::from(s.outputs).into()),
                ("max_mA", (f64::from(s.max_ua) / 1000.0).into()),
                ("min_us", u32::from(s.min_width_us).into()),
                ("max_us", u32::from(s.max_width_us).into()),
                ("max_uC", (f64::from(s.max_charge_nc) / 1000.0).into()),
                ("max_Hz", s.max_rate_hz.into()),
                ("step_mA", (f64::from(s.max_step_ua) / 1000.0).into()),
                ("max_count", u32::from(s.max_count).into()),
            ])
        });
        let list = |all: &[String]| match all {
            [] => Value::Null,
            all => Value::List(all.iter().map(|text| Value::Text(text.clone())).collect()),
        };
        map([
            ("vendor", self.vendor.as_str().into()),
            ("model", self.model.as_str().into()),
            ("serial", self.serial.as_str().into()),
            ("fw", self.firmware.as_str().into()),
            ("clock_hz", self.clock_hz.into()),
            ("clock_ppm", self.clock_ppm.into()),
            ("channels", self.channels.map(u32::from).into()),
            ("max_frame", self.max_frame.map(u32::from).into()),
            ("stim", stim),
            ("caps", list(&self.abilities)),
            ("electrodes", list(&self.electrodes)),
        ])
        .write(out);
    }
}

/// Limits are all stated or the stimulator is not driven.
fn limits(v: &Value) -> Option<StimulatorLimits> {
    let thousand = |key: &str| v.number(key).map(|x| (x * 1000.0).round()).filter(|x| (0.0..=1e9).contains(x)).map(|x| x as u32);
    Some(StimulatorLimits {
        outputs: v.whole("outputs").unwrap_or(1),
        max_ua: thousand("max_mA")?,
        min_width_us: v.whole("min_us").unwrap_or(1),
        max_width_us: v.whole("max_us")?,
        max_charge_nc: thousand("max_uC")?,
        max_rate_hz: v.number("max_Hz").filter(|hz| *hz > 0.0)?,
        max_step_ua: thousand("step_mA")?,
        max_count: v.whole("max_count").unwrap_or(1),
    })
}

/// One entry of CHANNELS.
#[derive(Clone, Debug, PartialEq)]
pub struct WireChannel {
    /// Number; its order within its stream.
    pub id: u8,
    /// The channel.
    pub channel: Channel,
    /// Label of the active electrode.
    pub e1: String,
    /// Label of the reference.
    pub e2: String,
}

/// Reads a payload of CHANNELS, with the ticks a second of INFO. Entries without a number are dropped.
pub fn read_channels(payload: &[u8], clock_hz: Option<f64>) -> Option<Vec<WireChannel>> {
    let Value::List(all) = Value::read(payload)? else { return None };
    Some(all.iter().filter_map(|v| read_channel(v, clock_hz)).collect())
}

fn read_channel(v: &Value, clock_hz: Option<f64>) -> Option<WireChannel> {
    let id = v.whole("id")?;
    let divider = v.whole("div").filter(|d| (1..=1 << 24).contains(d)).unwrap_or(1u32);
    let scale = v.number("scale").filter(|s| *s != 0.0);
    let unit = v.text("unit");
    let (unit, scale_or_one) = match scale {
        Some(scale) if !unit.is_empty() => (unit, scale),
        _ => (ADC_UNITS.to_owned(), 1.0),
    };
    let calibrated = unit != ADC_UNITS;
    let corner = |key: &str, pick: fn(f64, f64) -> f64| {
        let of = |v: &Value| v.number("hz").filter(|hz| *hz >= 0.0);
        match v.get(key)? {
            Value::List(all) => all.iter().filter_map(of).reduce(pick),
            one => of(one),
        }
    };
    let name = v.text("name");
    let channel = Channel {
        stream: v.whole("stream").unwrap_or(0),
        label: if name.is_empty() { format!("channel {}", u32::from(id) + 1) } else { name },
        kind: match v.text("kind").as_str() {
            "aux" => ChannelKind::Aux,
            "temp" => ChannelKind::Temperature,
            _ => ChannelKind::Emg,
        },
        unit,
        scale: scale_or_one,
        offset: if calibrated { v.number("offset").unwrap_or(0.0) } else { 0.0 },
        bits: v.whole("bits").filter(|b| (1..=32).contains(b)).unwrap_or(24),
        rate_hz: clock_hz.map(|hz| hz / f64::from(divider)),
        ticks_per_sample: divider,
        low_hz: corner("hp", f64::max),
        high_hz: corner("lp", f64::min),
        group_delay_s: v.number("group_delay_ns").filter(|ns| (0.0..=1e9).contains(ns)).unwrap_or(0.0) * 1e-9,
        noise_uv_rms: v.number("noise_uVrms").filter(|n| *n >= 0.0),
    };
    Some(WireChannel { id, channel, e1: v.text("e1"), e2: v.text("e2") })
}

/// Adds a payload of CHANNELS; more than a frame holds must be sent in several.
pub fn write_channels(all: &[WireChannel], out: &mut Vec<u8>) {
    let corner = |hz: Option<f64>| hz.map_or(Value::Null, |hz| map([("hz", hz.into())]));
    let one = |w: &WireChannel| {
        let c = &w.channel;
        let kind = match c.kind {
            ChannelKind::Emg => "emg",
            ChannelKind::Aux => "aux",
            ChannelKind::Temperature => "temp",
        };
        let calibrated = c.unit != ADC_UNITS;
        map([
            ("id", u32::from(w.id).into()),
            ("name", c.label.as_str().into()),
            ("kind", kind.into()),
            ("stream", if c.stream == 0 { Value::Null } else { u32::from(c.stream).into() }),
            ("div", if c.ticks_per_sample == 1 { Value::Null } else { c.ticks_per_sample.into() }),
            ("unit", if calibrated { c.unit.as_str().into() } else { Value::Null }),
            ("scale", if calibrated { c.scale.into() } else { Value::Null }),
            ("offset", if c.offset == 0.0 { Value::Null } else { c.offset.into() }),
            ("bits", u32::from(c.bits).into()),
            ("hp", corner(c.low_hz)),
            ("lp", corner(c.high_hz)),
            ("group_delay_ns", (c.group_delay_s * 1e9).round().into()),
            ("noise_uVrms", c.noise_uv_rms.into()),
            ("e1", w.e1.as_str().into()),
            ("e2", w.e2.as_str().into()),
        ])
    };
    Value::List(all.iter().map(one).collect()).write(out);
}
