//! Which device is behind a port: by listening, then by asking, without a clock or a port.
//!
//! The caller opens the port at [`Identify::baud`], says [`Identify::opened`], hands over bytes and
//! calls [`Identify::tick`] at [`Identify::deadline`]; it writes and reopens as the [`Action`]s say.
//!
//! The order protects stimulators, to which any byte is a command: first only listening; then the
//! questions of [`super::PROTOCOLS`] in their order, a letter first that nothing but an OpenBCI board
//! obeys. A port with a stimulator's USB number is never asked, and a port whose words name a
//! stimulator is left alone. A person may choose the device: then only its own question is written.

use super::{Config, Heard, PROTOCOLS, Protocol, UsbFilter, UsbIds};

/// Listening before the first byte is written.
const LISTEN_MS: f64 = 300.0;
/// A board that opening resets says nothing for so long (AVR bootloader).
const SETTLE_MS: f64 = 2000.0;
/// From silencing a device to its question.
const HUSH_MS: f64 = 250.0;
/// Bytes that are kept.
const MAX_HEARD: usize = 1 << 14;
/// New bytes after which they are looked at again.
const LOOK_EVERY: usize = 512;

/// Never asked: Teensy (StimJim, Pulse Pal 2), Maple (Pulse Pal).
const STIMULATORS: &[UsbFilter] = &[UsbFilter::product(0x16c0, 0x0483), UsbFilter::vendor(0x1eaf)];
/// Bootloaders of Backyard Brains: a byte may begin an update.
const BOOTLOADERS: &[UsbFilter] =
    &[UsbFilter::product(0x2e73, 0x0005), UsbFilter::product(0x2e73, 0x000a), UsbFilter::product(0x2e73, 0x000b)];
/// Ports that are USB themselves: the baud does not matter, opening does not reset.
const NATIVE: &[UsbFilter] = &[
    UsbFilter::vendor(0x2e8a),
    UsbFilter::vendor(0x303a),
    UsbFilter::vendor(0x1209),
    UsbFilter::vendor(0x2e73),
    UsbFilter::vendor(0x16c0),
    UsbFilter::product(0x0483, 0x5740),
    UsbFilter::product(0x2341, 0x003e),
    UsbFilter::product(0x2341, 0x0069),
    UsbFilter::product(0x2341, 0x1002),
    UsbFilter::product(0x2341, 0x0266),
];
/// The OpenBCI dongle's chip: opening does not reset the board behind the radio.
const NO_RESET: &[UsbFilter] = &[UsbFilter::product(0x0403, 0x6015)];
/// Words of devices that give current.
const WORDS: &[&str] = &["stim", "pulsepal", "pulse pal", "tens", "rehamove"];
/// Bauds in the order in which they are tried; at the last two nothing is asked.
const BAUDS: &[u32] = &[115_200, 230_400, 222_222, 500_000, 9600, 57_600];

/// What the caller is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Write these bytes, all in one.
    Write(Vec<u8>),
    /// Call `tick` at this time.
    WaitUntil(f64),
    /// Close the port, open it at this baud, say `opened`.
    SetBaud(u32),
    /// The device is known.
    Found {
        /// What it is; [`super::driver::Driver::new`] takes it.
        config: Config,
        /// Bytes that came already and belong to the decoder.
        leftover: Vec<u8>,
    },
    /// No known device.
    Nothing {
        /// Why.
        reason: Reason,
        /// What was tried: protocol and baud.
        tried: Vec<String>,
        /// What a person can do, in a sentence.
        advice: String,
    },
}

/// Why no device was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Not one byte came.
    NoData,
    /// Bytes came that look like another baud.
    WrongBaud,
    /// Bytes came that nobody knows.
    UnknownBytes,
    /// It is, or seems to be, a stimulator: nothing was written.
    Stimulator,
    /// It waits for new firmware: nothing was written.
    Bootloader,
    /// A known device that says it cannot work.
    Trouble,
}

enum Phase {
    Closed,
    /// Only listening, up to the deadline.
    Listening,
    /// Asked the question of the attempt at this place.
    Asking(usize),
    /// A device that is sending was told to stop, and is asked then.
    Hushing(&'static dyn Protocol, Config),
    /// And was asked.
    Confirming(&'static dyn Protocol, Config),
    Done,
}

/// The search on one port.
pub struct Identify {
    ids: UsbIds,
    chosen: Option<&'static dyn Protocol>,
    bauds: Vec<u32>,
    baud: usize,
    questions: Vec<&'static dyn Protocol>,
    phase: Phase,
    deadline_ms: f64,
    heard: Vec<u8>,
    looked: usize,
    /// Bytes of all bauds, and those among them that a wrong baud makes.
    bytes: u64,
    broken: u64,
    tried: Vec<String>,
}

fn any(filters: &[UsbFilter], ids: UsbIds) -> bool {
    filters.iter().any(|f| f.fits(ids))
}

impl Identify {
    /// A search on a port with these USB numbers. `chosen` is the id of a protocol that a person
    /// chose; an unknown one counts as none.
    pub fn new(ids: UsbIds, chosen: Option<&str>) -> Self {
        Self::at(ids, chosen, 0)
    }

    /// The same at one baud that a person states; 0 for those of the protocol.
    pub fn at(ids: UsbIds, chosen: Option<&str>, stated_baud: u32) -> Self {
        let chosen = chosen.and_then(super::protocol);
        let mut bauds: Vec<u32> = match chosen {
            Some(protocol) if !protocol.bauds().is_empty() => protocol.bauds().to_vec(),
            _ => BAUDS.to_vec(),
        };
        if stated_baud > 0 {
            bauds = vec![stated_baud];
        } else if any(NATIVE, ids) {
            bauds.truncate(1);
        }
        Self {
            ids,
            chosen,
            bauds,
            baud: 0,
            questions: Vec::new(),
            phase: Phase::Closed,
            deadline_ms: f64::INFINITY,
            heard: Vec::new(),
            looked: 0,
            bytes: 0,
            broken: 0,
            tried: Vec::new(),
        }
    }

    /// Baud to open the port at.
    pub fn baud(&self) -> u32 {
        self.bauds.get(self.baud).copied().unwrap_or(115_200)
    }

    /// When `tick` is due; none when there is nothing to wait for.
    pub fn deadline(&self) -> Option<f64> {
        (!matches!(self.phase, Phase::Closed | Phase::Done)).then_some(self.deadline_ms)
    }

    /// The port is open.
    pub fn opened(&mut self, now_ms: f64, out: &mut Vec<Action>) {
        if matches!(self.phase, Phase::Done) {
            return;
        }
        if any(BOOTLOADERS, self.ids) {
            return self.nothing(Reason::Bootloader, "The device is in its bootloader: unplug it, wait a moment, plug it in again.", out);
        }
        let baud = self.baud();
        let first = self.baud == 0;
        let fits =
            |p: &&'static dyn Protocol| p.question().is_some() && if p.bauds().is_empty() { first } else { p.bauds().contains(&baud) };
        self.questions = match self.chosen {
            Some(chosen) => vec![chosen],
            None if any(STIMULATORS, self.ids) => Vec::new(),
            // Native ports ignore the baud: everything is asked at once.
            None if any(NATIVE, self.ids) => PROTOCOLS.iter().copied().filter(|p| p.question().is_some()).collect(),
            None => PROTOCOLS.iter().copied().filter(fits).collect(),
        };
        // One who owns a vendor number alone is asked alone.
        if self.ids.vendor == Some(0x2e73) && self.chosen.is_none() {
            self.questions.retain(|p| p.id() == "spikerbox");
        }
        let resets = !any(NATIVE, self.ids) && !any(NO_RESET, self.ids);
        self.heard.clear();
        self.looked = 0;
        self.phase = Phase::Listening;
        self.wait(now_ms + LISTEN_MS + if resets { SETTLE_MS } else { 0.0 }, out);
    }

    /// Bytes came.
    pub fn bytes(&mut self, now_ms: f64, bytes: &[u8], out: &mut Vec<Action>) {
        if matches!(self.phase, Phase::Closed | Phase::Done) {
            return;
        }
        self.bytes += bytes.len() as u64;
        // One edge within a byte is what a slower or faster line is sampled as.
        self.broken += bytes.iter().filter(|b| matches!(b, 0 | 0x80 | 0xc0 | 0xe0 | 0xf0 | 0xf8 | 0xfc | 0xfe | 0xff)).count() as u64;
        self.heard.extend_from_slice(bytes);
        if self.heard.len() > MAX_HEARD {
            self.heard.drain(..self.heard.len() - MAX_HEARD);
            self.looked = self.looked.min(MAX_HEARD - LOOK_EVERY);
        }
        let small = self.heard.len() < LOOK_EVERY;
        if small || self.heard.len() >= self.looked + LOOK_EVERY {
            self.looked = self.heard.len();
            self.look(now_ms, false, out);
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now_ms: f64, out: &mut Vec<Action>) {
        let due = now_ms >= self.deadline_ms || now_ms.is_nan();
        if !due || matches!(self.phase, Phase::Closed | Phase::Done) {
            return;
        }
        if self.look(now_ms, true, out) {
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Done) {
            Phase::Listening => self.ask(now_ms, 0, out),
            Phase::Asking(at) => self.ask(now_ms, at + 1, out),
            Phase::Hushing(protocol, config) => self.confirm(now_ms, protocol, config, out),
            Phase::Confirming(_, config) => self.found(config, out),
            Phase::Closed | Phase::Done => {}
        }
    }

    fn wait(&mut self, until_ms: f64, out: &mut Vec<Action>) {
        self.deadline_ms = until_ms;
        out.push(Action::WaitUntil(until_ms));
    }

    /// Looks at what was heard; whether that decided anything.
    fn look(&mut self, now_ms: f64, last: bool, out: &mut Vec<Action>) -> bool {
        let asked = match &self.phase {
            Phase::Asking(at) => self.questions.get(*at).copied(),
            Phase::Confirming(protocol, _) => Some(*protocol),
            Phase::Hushing(..) => return false,
            _ => None,
        };
        match asked.map_or(Heard::Nothing, |p| p.answer(&self.heard)) {
            Heard::Device(config) => {
                self.found(config, out);
                return true;
            }
            Heard::Trouble(advice) => {
                self.nothing(Reason::Trouble, advice, out);
                return true;
            }
            // It sends, but has not said what it is yet.
            Heard::Partly(_) | Heard::Nothing => {}
        }
        if matches!(self.phase, Phase::Confirming(..)) {
            return false;
        }
        for &protocol in PROTOCOLS.iter().filter(|p| self.chosen.is_none_or(|c| c.id() == p.id())) {
            // Lines of numbers are the last guess: only at the end of a stretch.
            if protocol.id() == "text" && !last {
                continue;
            }
            match protocol.overheard(&self.heard) {
                Heard::Device(config) => {
                    self.found(config, out);
                    return true;
                }
                Heard::Partly(config) => {
                    let hush = protocol.hush();
                    if hush.is_empty() {
                        self.confirm(now_ms, protocol, config, out);
                    } else {
                        out.push(Action::Write(hush.to_vec()));
                        self.phase = Phase::Hushing(protocol, config);
                        self.wait(now_ms + HUSH_MS, out);
                    }
                    return true;
                }
                Heard::Trouble(advice) => {
                    self.nothing(Reason::Trouble, advice, out);
                    return true;
                }
                Heard::Nothing => {}
            }
        }
        if self.chosen.is_none() && self.names_stimulator() {
            let advice =
                "This seems to be a stimulator. Nothing more was written to it. Choose the amplifier's port, or the device by hand.";
            self.nothing(Reason::Stimulator, advice, out);
            return true;
        }
        false
    }

    fn names_stimulator(&self) -> bool {
        let text = String::from_utf8_lossy(&self.heard).to_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    }

    fn confirm(&mut self, now_ms: f64, protocol: &'static dyn Protocol, config: Config, out: &mut Vec<Action>) {
        let Some(question) = protocol.question() else { return self.found(config, out) };
        out.push(Action::Write(question.bytes.to_vec()));
        self.phase = Phase::Confirming(protocol, config);
        // What comes from here on belongs to the decoder.
        self.heard.clear();
        self.looked = 0;
        self.wait(now_ms + f64::from(question.answer_ms), out);
    }

    fn ask(&mut self, now_ms: f64, at: usize, out: &mut Vec<Action>) {
        let question = self.questions.get(at).map(|p| (*p, p.question()));
        let Some((protocol, question)) = question else { return self.next_baud(out) };
        self.tried.push(format!("{} at {}", protocol.name(), self.baud()));
        let Some(question) = question else {
            // A device that a person chose and that cannot be asked is believed.
            let generic = protocol.id() == "generic" || !self.heard.is_empty();
            return if self.chosen.is_some() && generic { self.found(Config::of(protocol.id()), out) } else { self.next_baud(out) };
        };
        out.push(Action::Write(question.bytes.to_vec()));
        self.heard.clear();
        self.looked = 0;
        self.phase = Phase::Asking(at);
        self.wait(now_ms + f64::from(question.answer_ms), out);
    }

    fn next_baud(&mut self, out: &mut Vec<Action>) {
        self.baud += 1;
        if self.baud < self.bauds.len() {
            self.phase = Phase::Closed;
            out.push(Action::SetBaud(self.baud()));
            return;
        }
        self.baud = self.bauds.len().saturating_sub(1);
        if any(STIMULATORS, self.ids) && self.chosen.is_none() {
            let advice = "Stimulators have this USB number, so nothing was written. If it is an amplifier, choose it by hand.";
            return self.nothing(Reason::Stimulator, advice, out);
        }
        let (reason, advice) = match self.bytes {
            0 => (Reason::NoData, "No data: check that the device is switched on, and its cable; then that this is its port."),
            n if self.broken * 2 > n => {
                (Reason::WrongBaud, "Bytes come, but as if at another baud: choose the device and its baud by hand.")
            }
            _ => (Reason::UnknownBytes, "Bytes come that no known device sends: choose the device by hand, or describe its frames."),
        };
        self.nothing(reason, advice, out);
    }

    fn found(&mut self, mut config: Config, out: &mut Vec<Action>) {
        config.baud = self.baud();
        self.phase = Phase::Done;
        out.push(Action::Found { config, leftover: std::mem::take(&mut self.heard) });
    }

    fn nothing(&mut self, reason: Reason, advice: &str, out: &mut Vec<Action>) {
        self.phase = Phase::Done;
        out.push(Action::Nothing { reason, tried: std::mem::take(&mut self.tried), advice: advice.into() });
    }
}
