//! A pseudo-terminal with a device behind it, and the thread that lives on it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::device::Device;

/// Bytes that may wait for the host before the device waits as well.
const QUEUE: usize = 1 << 18;
/// Bytes that are written at once.
const PIECE: usize = 1 << 16;

/// What thread and commands share.
pub struct Shared {
    /// The device.
    pub device: Device,
    /// Still plugged in.
    pub plugged: bool,
    /// The host has the port open.
    pub open: bool,
    /// Frames are made as fast as the host takes them, not at the device's rate.
    pub flat_out: bool,
    /// The device says nothing until then.
    pub stalled_until: Option<Instant>,
    /// Bytes that the host took.
    pub taken: u64,
    /// Bytes that wait for the host.
    pub queued: usize,
    /// Longest that bytes waited because the host took none.
    pub longest_wait: Duration,
    /// Modem lines (`TIOCM_` bits).
    pub lines: u32,
}

/// A port that was plugged in.
pub struct Port {
    /// Path of its node.
    pub node: String,
    shared: Arc<Mutex<Shared>>,
}

impl Port {
    /// Makes a pseudo-terminal and puts the device behind it.
    pub fn plug(device: Device) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let node = ptsname(&master, Vec::new())?.into_string().map_err(io::Error::other)?;
        // Raw, or answers to bytes that the host never wrote would come back. Closing the only
        // descriptor lets the master see when the host opens it.
        let slave = rustix::fs::open(node.as_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let mut settings = tcgetattr(&slave)?;
        settings.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &settings)?;
        drop(slave);
        rustix::io::ioctl_fionbio(&master, true)?;
        let shared = Shared {
            device,
            plugged: true,
            open: false,
            flat_out: false,
            stalled_until: None,
            taken: 0,
            queued: 0,
            longest_wait: Duration::ZERO,
            // Clear to send, carrier and data set ready: a host that looks finds a device.
            lines: 0x20 | 0x40 | 0x100,
        };
        let shared = Arc::new(Mutex::new(shared));
        let own = Arc::clone(&shared);
        std::thread::spawn(move || live(&master, &own));
        Ok(Self { node, shared })
    }

    /// What thread and commands share.
    pub fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When frames are due.
struct Pace {
    starts: usize,
    since: Instant,
    frames: u64,
}

/// Serves a port until it is unplugged: the master is closed with that, and the host's end hangs up.
fn live(master: &OwnedFd, shared: &Mutex<Shared>) {
    let (mut queue, mut at) = (Vec::new(), 0);
    let mut pace = Pace { starts: 0, since: Instant::now(), frames: 0 };
    let mut blocked_since: Option<Instant> = None;
    let mut buffer = [0u8; 4096];
    loop {
        let wants = if at < queue.len() { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let mut fds = [PollFd::new(master, wants)];
        // A closed port is readable for ever: its answer is not waited for.
        let closed = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok() && fds[0].revents().contains(PollFlags::HUP);
        let mut port = lock(shared);
        if !port.plugged {
            return;
        }
        if port.open == closed {
            port.open = !closed;
            (at, blocked_since) = (0, None);
            queue.clear();
            if port.open {
                port.device.opened();
            }
        }
        if port.open {
            while let Ok(n @ 1..) = rustix::io::read(master, &mut buffer) {
                port.device.received(&buffer[..n], &mut queue);
            }
        }
        due(&mut port, &mut pace, &mut queue, at);
        let mut took = 0;
        while at < queue.len() && port.open {
            let Ok(n @ 1..) = rustix::io::write(master, &queue[at..queue.len().min(at + PIECE)]) else { break };
            at += n;
            took += n;
        }
        port.taken += took as u64;
        port.queued = queue.len() - at;
        if at == queue.len() {
            queue.clear();
            (at, blocked_since) = (0, None);
        } else if took > 0 {
            queue.drain(..at);
            (at, blocked_since) = (0, Some(Instant::now()));
        } else {
            let since = *blocked_since.get_or_insert_with(Instant::now);
            port.longest_wait = port.longest_wait.max(since.elapsed());
        }
        let streaming = port.open && port.device.streaming();
        let busy = streaming && port.flat_out && took > 0;
        drop(port);
        if !busy {
            std::thread::sleep(Duration::from_millis(if streaming { 1 } else { 3 }));
        }
    }
}

/// Makes the frames that are due.
fn due(port: &mut Shared, pace: &mut Pace, queue: &mut Vec<u8>, at: usize) {
    if pace.starts != port.device.starts() {
        *pace = Pace { starts: port.device.starts(), since: Instant::now(), frames: 0 };
    }
    if !port.device.streaming() || port.stalled_until.is_some_and(|until| Instant::now() < until) {
        return;
    }
    let frames_hz = port.device.kind().rate_hz() / port.device.kind().samples() as f64;
    let total = if port.flat_out { u64::MAX } else { (pace.since.elapsed().as_secs_f64() * frames_hz) as u64 };
    while pace.frames < total {
        if !port.open {
            port.device.frame_unheard();
        } else if queue.len() - at < QUEUE {
            port.device.frame(queue);
        } else {
            break;
        }
        pace.frames += 1;
        if port.flat_out && !port.open {
            break;
        }
    }
}
