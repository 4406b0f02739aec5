//! A person at an amplifier that is not there: speaks the open protocol through bytes alone.
//!
//! [`Patient`] is a device with two channels and a stimulator, and behind its electrodes a person: a needle
//! in a muscle, skin electrodes wherever the examiner puts them, a nerve under the stimulator. What the
//! examiner does with hands and words ([`Act`]) is not part of the protocol. No clock, no port: times
//! and bytes come in, bytes go out. The same seed, acts and times of bytes give the same bytes,
//! however time is divided between them (pauses beyond [`BACKLOG_MS`] excepted: there the device
//! drops samples, as it says).

mod amplifier;
mod condition;
mod front_end;
mod interlock;
mod needle;
mod nerve;
mod places;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use amplifier::BACKLOG_MS;
pub use needle::NeedleAct;
pub use places::{NerveSite, Over, Way};

use super::random::Random;
use amplifier::Amplifier;
use condition::{CONDITIONS, Condition};
use front_end::FrontEnd;
use needle::Needle;
use nerve::{Nerve, Shock};

/// What the examiner does with the patient, or asks of the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// The skin electrodes are put there, and the stimulator is held over their nerve.
    Site(NerveSite),
    /// An effort, or the needle inserted anew.
    Needle(NeedleAct),
    /// The needle is moved to another place; effort stays.
    MoveNeedle,
    /// Let go.
    Relax,
    /// The stimulator's key on the device; on from the beginning.
    Key(bool),
    /// The dead-man switch is held; it is from the beginning.
    Switch(bool),
    /// The stimulating electrodes touch the skin; they do from the beginning.
    Contact(bool),
}

/// Conditions, each as its id and its name for people.
pub fn conditions() -> [(&'static str, &'static str); 6] {
    CONDITIONS.map(|c| (c.id, c.name))
}

/// What is at the electrodes.
struct Body {
    condition: &'static Condition,
    needle: Needle,
    /// Nerves as they were first looked at: the same one comes back.
    nerves: BTreeMap<Over, Nerve>,
    site: NerveSite,
    /// Needle, skin.
    channels: [FrontEnd; 2],
    seed: u64,
}

impl Body {
    fn new(condition: &'static Condition, seed: u64) -> Self {
        let stream = |k| stream(seed, k);
        let mut body = Self {
            condition,
            needle: Needle::new(condition, stream(1)),
            nerves: BTreeMap::new(),
            site: NerveSite { over: condition.limb.over(), at: 0 },
            channels: [FrontEnd::new(stream(3), (2.6, 0.6), 0.4), FrontEnd::new(stream(4), (2.0, 0.6), 1.2)],
            seed,
        };
        body.place(body.site);
        body
    }

    /// Puts electrodes and stimulator; `false`, and nothing changed, where there is no such site.
    fn place(&mut self, site: NerveSite) -> bool {
        if site.at >= site.over.sites().len() {
            return false;
        }
        let (condition, random) = (self.condition, stream(self.seed, 16 + site.over as u64));
        self.nerves.entry(site.over).or_insert_with(|| Nerve::new(site.over, condition, random));
        if site.over != self.site.over {
            self.channels[1].overlay.clear();
        }
        self.site = site;
        true
    }

    /// A stimulus `ahead` samples after the next one.
    fn shock(&mut self, ahead: f64, shock: &Shock) {
        let [needle, surface] = &mut self.channels;
        if let Some(nerve) = self.nerves.get_mut(&self.site.over) {
            nerve.shock(self.site.at, ahead, shock, &mut needle.overlay, &mut surface.overlay);
        }
    }

    /// Adds what begins within the next `n` samples.
    fn run(&mut self, n: usize) {
        let [needle, surface] = &mut self.channels;
        let limb = self.condition.limb;
        let seen = self.nerves.get(&limb.over()).map(|nerve| (nerve, limb.shared(self.site.over)));
        self.needle.run(n, &mut needle.overlay, &mut surface.overlay, seen);
    }

    /// Nothing is under way any more: samples begin anew.
    fn restart(&mut self) {
        self.needle.restart();
        self.channels.iter_mut().for_each(FrontEnd::restart);
    }
}

/// One of the independent streams of chance of a patient.
fn stream(seed: u64, k: u64) -> Random {
    Random::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(k))
}

/// The device with its patient.
pub struct Patient {
    condition: &'static Condition,
    amplifier: Amplifier,
    body: Body,
}

impl Patient {
    /// A patient with a condition by its id ([`conditions`]); none where there is no such one.
    /// The needle is in the muscle, which rests; skin electrodes and stimulator are where that limb's motor
    /// study begins.
    pub fn new(condition: &str, seed: u64) -> Option<Self> {
        let condition = CONDITIONS.iter().find(|c| c.id == condition)?;
        Some(Self { condition, amplifier: Amplifier::new(condition, seed), body: Body::new(condition, seed) })
    }

    /// Bytes from the host came at a time, ms of any steady clock that began anywhere. A time that is
    /// not a number or runs backwards counts as the last one. Answers come with the next
    /// [`Patient::advance`].
    pub fn receive(&mut self, now_ms: f64, bytes: &[u8]) {
        self.amplifier.receive(now_ms, bytes, &mut self.body);
    }

    /// Adds every byte that the device has sent up to now.
    pub fn advance(&mut self, now_ms: f64, out: &mut Vec<u8>) {
        self.amplifier.advance(now_ms, &mut self.body);
        self.amplifier.drain(out);
    }

    /// Does something with the patient, from the next sample on. `false`, and nothing changed, for a
    /// site that is none.
    pub fn act(&mut self, act: Act) -> bool {
        match act {
            Act::Site(site) => return self.body.place(site),
            Act::Needle(act) => self.body.needle.act(act),
            Act::MoveNeedle => self.body.needle.move_on(),
            Act::Relax => self.body.needle.act(NeedleAct::Rest),
            Act::Key(_) | Act::Switch(_) | Act::Contact(_) => self.amplifier.act(act),
        }
        true
    }

    /// The host has gone (DTR low): samples end and the stimulator is disarmed.
    pub fn hang_up(&mut self) {
        self.amplifier.hang_up();
    }

    /// Id and name of the condition.
    pub fn condition(&self) -> (&'static str, &'static str) {
        (self.condition.id, self.condition.name)
    }

    /// Where the skin electrodes and the stimulator are.
    pub fn site(&self) -> NerveSite {
        self.body.site
    }

    /// Truth for tests: rates of the fibrillating fibres where the needle is, Hz.
    pub fn fibrillation_hz(&self) -> Vec<f64> {
        self.body.needle.fibrillation_hz()
    }

    /// Truth for tests: motor units that are recruited now.
    pub fn recruited(&self) -> usize {
        self.body.needle.recruited()
    }
}
