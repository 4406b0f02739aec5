//! The decoder of what a device says: numbers of frames, ticks and events turned into losses and gaps.

use super::cbor::Value;
use super::describe::{Info, WireChannel, read_channels};
use super::frame::{FrameReader, Header};
use super::message::{Cursor, Encoding, Event, SamplesHead, What, kind, read_status};
use super::sweep::{PartHead, Sweeps};
use crate::device::event::{Place, add_samples};
use crate::device::scan::i24_le;
use crate::device::{
    Answer, Channel, Decoder, Descriptor, DeviceEvent, Fitness, GapCause, Impedance, Losses, Mark, Reject, SampleBlock, Stimulus, TickTime,
    Values,
};

/// Events that may wait for the first sample of their start.
const MAX_WAITING: usize = 64;

/// One stream's count.
#[derive(Clone)]
struct Stream {
    id: u8,
    next_tick: u64,
    dropped: u32,
}

/// Everything that outlives a frame.
#[derive(Clone, Default)]
struct State {
    info: Info,
    informed: bool,
    channels: Vec<WireChannel>,
    /// Something of the description changed since it was told.
    untold: bool,
    /// The description of the streams is known from CHANNELS, not guessed from SAMPLES.
    stated: bool,
    last: Option<(u16, u16)>,
    last_event: Option<u32>,
    origin: Option<u64>,
    streams: Vec<Stream>,
    waiting: Vec<(u64, Event)>,
    sweeps: Sweeps,
}

/// Decoder of the open protocol.
#[derive(Clone, Default)]
pub struct RanvierDecoder {
    frames: FrameReader,
    state: State,
    losses: Losses,
}

impl RanvierDecoder {
    /// A decoder that knows nothing yet.
    pub fn new() -> Self {
        Self { losses: Losses { countable: true, ..Losses::default() }, ..Self::default() }
    }

    /// What INFO said so far.
    pub fn info(&self) -> &Info {
        &self.state.info
    }

    /// Whether INFO came.
    pub fn has_info(&self) -> bool {
        self.state.informed
    }

    /// Whether all channels that INFO counts are described.
    pub fn has_channels(&self) -> bool {
        self.state.stated && self.state.info.channels.is_none_or(|n| self.state.channels.len() >= usize::from(n))
    }

    /// Tick, free-running, from which ticks since the start count.
    pub fn origin(&self) -> Option<u64> {
        self.state.origin
    }

    /// Whether any good frame came.
    pub fn heard_any(&self) -> bool {
        self.state.last.is_some()
    }

    /// Number of the start that frames belong to now; 0 before the first.
    pub fn epoch(&self) -> u16 {
        self.state.last.map_or(0, |(epoch, _)| epoch)
    }
}

impl Decoder for RanvierDecoder {
    fn copy(&self) -> Box<dyn Decoder> {
        Box::new(self.clone())
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<DeviceEvent>) {
        let Self { frames, state, losses } = self;
        frames.push(bytes, losses, out, |header, payload, losses, out| state.frame(header, payload, losses, out));
    }

    fn losses(&self) -> Losses {
        self.losses
    }

    fn missing_parts(&self, out: &mut Vec<(u32, u16)>) {
        self.state.sweeps.missing(out);
    }
}

impl State {
    fn frame(&mut self, header: Header, payload: &[u8], losses: &mut Losses, out: &mut Vec<DeviceEvent>) {
        if !self.number(header, losses, out) {
            out.push(DeviceEvent::Rejected { bytes: payload.len() as u32, why: Reject::Duplicate });
            return;
        }
        let read = match header.kind {
            kind::SAMPLES => self.samples(header, payload, losses, out),
            kind::EVENT => Event::read(payload).map(|event| self.event(header.tick, event, losses, out)),
            kind::ACK => self.ack(header, payload, out),
            kind::INFO => Info::read(payload).map(|info| {
                self.untold |= info != self.info;
                self.info = info;
                self.informed = true;
            }),
            kind::CHANNELS => self.described(payload, out),
            kind::IMPEDANCE => impedances(payload).map(|all| out.push(DeviceEvent::Impedance(all))),
            kind::STATUS => read_status(payload).map(|status| out.push(DeviceEvent::Status(status))),
            kind::SWEEP => self.sweep(payload, out),
            _ => {
                // A later version's frame: its number counts, its content does not.
                out.push(DeviceEvent::Rejected { bytes: payload.len() as u32, why: Reject::Unknown });
                Some(())
            }
        };
        if read.is_none() {
            losses.malformed += 1;
            out.push(DeviceEvent::Rejected { bytes: payload.len() as u32, why: Reject::Malformed });
        }
    }

    /// Counts frames that are missing; false for one that was there already.
    fn number(&mut self, header: Header, losses: &mut Losses, out: &mut Vec<DeviceEvent>) -> bool {
        let now = (header.epoch, header.seq);
        match self.last {
            Some(last) if last == now => {
                losses.duplicates += 1;
                return false;
            }
            Some((epoch, seq)) if epoch == header.epoch => {
                losses.link_frames += u64::from(header.seq.wrapping_sub(seq).wrapping_sub(1));
            }
            // Numbers begin at 0 with a start; a device that lets them run on has lost nothing either.
            Some((_, seq)) if header.seq != seq.wrapping_add(1) => losses.link_frames += u64::from(header.seq),
            _ => {}
        }
        if self.last.is_none_or(|(epoch, _)| epoch != header.epoch) && header.epoch != 0 {
            self.origin = None;
            self.last_event = None;
            self.streams.clear();
            self.waiting.clear();
            self.sweeps = Sweeps::default();
            out.push(DeviceEvent::Started { epoch: header.epoch });
        }
        self.last = Some(now);
        true
    }

    fn begin(&mut self, tick: u64, losses: &mut Losses, out: &mut Vec<DeviceEvent>) {
        self.origin = Some(tick);
        for (tick, event) in std::mem::take(&mut self.waiting) {
            self.event(tick, event, losses, out);
        }
    }

    fn samples(&mut self, header: Header, payload: &[u8], losses: &mut Losses, out: &mut Vec<DeviceEvent>) -> Option<()> {
        let (head, bytes) = SamplesHead::read(payload)?;
        let stated = self.channels.iter().filter(|c| c.channel.stream == head.stream).count();
        if !self.stated && stated == 0 {
            self.guess(head);
        } else if stated != usize::from(head.channels) {
            return None;
        }
        let origin = match self.origin {
            Some(origin) => origin,
            None => {
                self.begin(header.tick, losses, out);
                header.tick
            }
        };
        self.tell(out);
        let step =
            self.channels.iter().find(|c| c.channel.stream == head.stream).map_or(1, |c| u64::from(c.channel.ticks_per_sample.max(1)));
        let at = match self.streams.iter().position(|s| s.id == head.stream) {
            Some(at) => at,
            None => {
                // A slower stream's first sample need not fall on the first tick.
                let first = origin + header.tick.checked_sub(origin)? % step;
                self.streams.push(Stream { id: head.stream, next_tick: first, dropped: 0 });
                self.streams.len() - 1
            }
        };
        let stream = self.streams.get_mut(at)?;
        // Ticks never run backwards within a start.
        let ahead = header.tick.checked_sub(stream.next_tick)? / step;
        let first = header.tick.checked_sub(origin)? / step;
        let by_device = u64::from(head.dropped.saturating_sub(stream.dropped)).min(ahead);
        if ahead > 0 {
            let by_link = ahead - by_device;
            losses.device_samples += by_device;
            losses.link_samples += by_link;
            let cause = match (by_device, by_link) {
                (0, _) => GapCause::Link,
                (_, 0) => GapCause::Device,
                _ => GapCause::Both,
            };
            out.push(DeviceEvent::Gap { stream: head.stream, from: first - ahead, samples: ahead, cause });
        }
        stream.dropped = head.dropped;
        stream.next_tick = header.tick.checked_add(u64::from(head.samples) * step)?;
        let place = Place {
            stream: head.stream,
            first,
            channels: u16::from(head.channels),
            clip_mask: u32::from(head.clip_mask),
            flags: head.flags,
        };
        match head.encoding {
            Encoding::S24 => add_samples(out, &place, bytes.as_chunks::<3>().0.iter().map(|b| i24_le(*b))),
            Encoding::S16 => add_samples(out, &place, bytes.as_chunks::<2>().0.iter().map(|b| i32::from(i16::from_le_bytes(*b)))),
            Encoding::S32 => add_samples(out, &place, bytes.as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b))),
            Encoding::F32 => {
                let values = Values::Floats(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect());
                let Place { stream, first, channels, clip_mask, flags } = place;
                out.push(DeviceEvent::Block(SampleBlock { stream, first, channels, values, clip_mask, flags }));
            }
        }
        Some(())
    }

    fn event(&mut self, tick: u64, event: Event, losses: &mut Losses, out: &mut Vec<DeviceEvent>) {
        let Some(origin) = self.origin else {
            if self.waiting.len() < MAX_WAITING {
                self.waiting.push((tick, event));
            } else {
                losses.malformed += 1;
            }
            return;
        };
        if let Some(last) = self.last_event {
            // Numbers run backwards only where a device begins them anew.
            let missing = event.id.wrapping_sub(last).wrapping_sub(1);
            losses.link_events += u64::from(if missing < 1 << 31 { missing } else { 0 });
        }
        self.last_event = Some(event.id);
        let at = TickTime { tick: tick.wrapping_sub(origin) as i64, frac: event.frac };
        out.push(match event.what {
            What::Stimulus { set_ua, delivered_ua, width_us, flags, index, length, program } => DeviceEvent::Stimulus(Stimulus {
                id: event.id,
                source: event.source,
                at,
                set_ua,
                delivered_ua,
                width_us,
                compliance_reached: flags & 1 != 0,
                biphasic: flags & 2 != 0,
                reversed: flags & 4 != 0,
                train_index: index,
                train_length: length,
                program,
            }),
            What::Mark { kind, code, text } => DeviceEvent::Mark(Mark { kind, source: event.source, at, code, id: Some(event.id), text }),
        });
    }

    fn ack(&mut self, header: Header, payload: &[u8], out: &mut Vec<DeviceEvent>) -> Option<()> {
        let mut c = Cursor(payload);
        let (command, code) = (c.u16()?, c.u8()?);
        c.u8()?;
        // The answer to START names the tick of the first sample: what is lost before the first
        // sample that arrives is then known too.
        if self.origin.is_none() && self.streams.is_empty() && header.epoch != 0 {
            let tick = Value::read(c.0).and_then(|v| v.whole::<u64>("start"));
            self.origin = tick.filter(|t| t.abs_diff(header.tick) < 1 << 32);
        }
        out.push(DeviceEvent::Answer(Answer { command, code, tick: header.tick, detail: c.0.to_vec() }));
        Some(())
    }

    fn described(&mut self, payload: &[u8], out: &mut Vec<DeviceEvent>) -> Option<()> {
        let all = read_channels(payload, self.info.clock_hz)?;
        if !self.stated {
            self.channels.clear();
            self.stated = true;
        }
        for new in all {
            match self.channels.iter_mut().find(|c| c.id == new.id) {
                Some(old) if *old == new => continue,
                Some(old) => *old = new,
                None => self.channels.push(new),
            }
            self.untold = true;
        }
        self.channels.sort_by_key(|c| (c.channel.stream, c.id));
        if self.info.channels.is_none_or(|n| self.channels.len() >= usize::from(n)) {
            self.tell(out);
        }
        Some(())
    }

    /// Channels of a device that does not describe them: counts of unknown size.
    fn guess(&mut self, head: SamplesHead) {
        let bits = if head.encoding == Encoding::F32 { 24 } else { 8 * head.encoding.size() as u8 };
        for id in 0..head.channels {
            let channel =
                Channel { stream: head.stream, ..Channel::counts(format!("channel {}", u32::from(id) + 1), bits, self.info.clock_hz) };
            self.channels.push(WireChannel { id, channel, e1: String::new(), e2: String::new() });
        }
        self.untold = true;
    }

    fn tell(&mut self, out: &mut Vec<DeviceEvent>) {
        if !std::mem::take(&mut self.untold) {
            return;
        }
        let channels: Vec<Channel> = self.channels.iter().map(|c| c.channel.clone()).collect();
        let fitness = Fitness::of(&channels, true);
        out.push(DeviceEvent::Described(Box::new(Descriptor {
            protocol: super::ID.into(),
            maker: self.info.vendor.clone(),
            model: self.info.model.clone(),
            serial: self.info.serial.clone(),
            firmware: self.info.firmware.clone(),
            channels,
            tick_hz: self.info.clock_hz,
            fitness,
            stimulator: self.info.stimulator,
            abilities: self.info.abilities.clone(),
            electrodes: self.info.electrodes.clone(),
        })));
    }

    fn sweep(&mut self, payload: &[u8], out: &mut Vec<DeviceEvent>) -> Option<()> {
        let (head, bytes) = PartHead::read(payload)?;
        let origin = self.origin.unwrap_or(head.tick);
        if let Some(sweep) = self.sweeps.take(head, bytes, origin).ok()? {
            out.push(DeviceEvent::Sweep(sweep));
        }
        Some(())
    }
}

fn impedances(payload: &[u8]) -> Option<Vec<Impedance>> {
    let (all, rest) = payload.as_chunks::<8>();
    (rest.is_empty() && !all.is_empty()).then_some(())?;
    let one = |b: &[u8; 8]| {
        let ohm = u32::from_le_bytes([b[2], b[3], b[4], b[5]]);
        let valid = b[1] & 1 != 0;
        Impedance { electrode: b[0], lead_off: b[1] & 2 != 0, ohm: valid.then_some(ohm), hz: u16::from_le_bytes([b[6], b[7]]) }
    };
    Some(all.iter().map(one).collect())
}
