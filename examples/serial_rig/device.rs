//! What every device in software has in common: it is asked, started, sends numbered frames of known
//! values, and loses or damages some of them on request.

/// A kind of device: how it answers, and how its frames look.
pub trait Kind: Send {
    /// Takes bytes of the host; adds answers to `out`.
    fn received(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Change;
    /// Adds frame `number` (from 0 at each start), whose first sample is `first`.
    fn frame(&mut self, number: u64, first: u64, out: &mut Vec<u8>);
    /// Adds what the device says between two frames (states); nothing for most.
    fn between(&mut self, _out: &mut Vec<u8>) {}
    /// Samples of each channel a second.
    fn rate_hz(&self) -> f64;
    /// Samples a frame.
    fn samples(&self) -> u64 {
        1
    }
    /// Channels.
    fn channels(&self) -> u16;
    /// Value of a channel at a sample: what the frames hold.
    fn value(&self, sample: u64, channel: u16) -> f64;
    /// Opening its port resets it, and it sends from then on without being asked (Arduino boards).
    fn sends_when_opened(&self) -> bool {
        false
    }
}

/// What the host's bytes make of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It goes on as it is.
    None,
    /// It begins anew, with frame 0.
    Start,
    /// It stops.
    Stop,
}

/// A whole number in `lo..=hi` that is known from its place and like no other (splitmix64, Steele et
/// al., OOPSLA 2014): a value in the wrong place is seen at once.
pub fn noise(sample: u64, channel: u16, lo: i32, hi: i32) -> i32 {
    let mut z = (sample << 8 | u64::from(channel)).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    let span = (i64::from(hi) - i64::from(lo) + 1) as u64;
    (i64::from(lo) + (z % span) as i64) as i32
}

/// From a start to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Frames that were made, lost ones among them.
    pub frames: u64,
    /// Numbers of frames that were not sent.
    pub dropped: Vec<u64>,
    /// Numbers of frames that were sent with a wrong bit.
    pub corrupted: Vec<u64>,
    /// Frames at its end that nobody could hear, because the port was closed.
    pub unheard: u64,
}

/// Frames that are to be lost or damaged: how many are left, and each how many frames.
#[derive(Clone, Copy, Debug, Default)]
struct Fault {
    left: u64,
    every: u64,
}

impl Fault {
    fn strikes(&mut self, number: u64) -> bool {
        let strikes = self.left > 0 && number.is_multiple_of(self.every.max(1));
        self.left -= u64::from(strikes);
        strikes
    }
}

/// A device that is plugged in.
pub struct Device {
    kind: Box<dyn Kind>,
    streaming: bool,
    runs: Vec<Run>,
    drop: Fault,
    corrupt: Fault,
}

impl Device {
    /// A device of a kind.
    pub fn new(kind: Box<dyn Kind>) -> Self {
        Self { kind, streaming: false, runs: Vec::new(), drop: Fault::default(), corrupt: Fault::default() }
    }

    /// The host has opened the port.
    pub fn opened(&mut self) {
        if self.kind.sends_when_opened() {
            self.start();
        }
    }

    fn start(&mut self) {
        self.streaming = true;
        self.runs.push(Run::default());
    }

    /// Whether frames are due.
    pub fn streaming(&self) -> bool {
        self.streaming
    }

    /// Starts so far.
    pub fn starts(&self) -> usize {
        self.runs.len()
    }

    /// What was sent, a run a start.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// What the device is.
    pub fn kind(&self) -> &dyn Kind {
        self.kind.as_ref()
    }

    /// Takes bytes of the host.
    pub fn received(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        match self.kind.received(bytes, out) {
            Change::None => {}
            Change::Start => self.start(),
            Change::Stop => self.streaming = false,
        }
    }

    /// Makes the next frame; a dropped one adds nothing.
    pub fn frame(&mut self, out: &mut Vec<u8>) {
        let Some(run) = self.runs.last_mut() else { return };
        let number = run.frames;
        run.frames += 1;
        self.kind.between(out);
        let at = out.len();
        self.kind.frame(number, number * self.kind.samples(), out);
        // Both may be asked for at once; a frame suffers one of them.
        if self.drop.strikes(number) {
            out.truncate(at);
            run.dropped.push(number);
        } else if self.corrupt.strikes(number) {
            damage(&mut out[at..]);
            run.corrupted.push(number);
        }
    }

    /// Makes the next frame with nobody listening.
    pub fn frame_unheard(&mut self) {
        let faults = (std::mem::take(&mut self.drop), std::mem::take(&mut self.corrupt));
        self.frame(&mut Vec::new());
        (self.drop, self.corrupt) = faults;
        if let Some(run) = self.runs.last_mut() {
            run.unheard += 1;
        }
    }

    /// The next `n` frames whose number is a multiple of `every` are not sent.
    pub fn drop_frames(&mut self, n: u64, every: u64) {
        self.drop = Fault { left: n, every };
    }

    /// The next `n` frames whose number is a multiple of `every` are sent with a wrong bit.
    pub fn corrupt_frames(&mut self, n: u64, every: u64) {
        self.corrupt = Fault { left: n, every };
    }

    /// Whether dropping and corrupting that was asked for is done.
    pub fn faults_left(&self) -> u64 {
        self.drop.left + self.corrupt.left
    }
}

/// Turns one bit around in the middle of a frame, where no byte becomes 00: that would end the frame.
fn damage(frame: &mut [u8]) {
    let middle = frame.len() / 2;
    if let Some(byte) = frame.iter_mut().skip(middle).find(|byte| !matches!(**byte, 0 | 0x10)) {
        *byte ^= 0x10;
    }
}
