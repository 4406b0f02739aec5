//! The bus: which ports there are, for the library in the browser (`tests/rig/udev.c`).

use std::collections::BTreeMap;
use std::io;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, accept, bind, listen, recv, send, socket_with,
};

use super::port::Port;

/// A port and what USB says of it.
pub struct Plugged {
    /// The port.
    pub port: Port,
    /// How the library is told of it.
    line: String,
}

/// What the socket's thread and commands share.
#[derive(Default)]
pub struct State {
    /// Ports by the tests' names; unplugged ones stay until their name is plugged in again.
    pub ports: BTreeMap<String, Plugged>,
    watchers: Vec<OwnedFd>,
}

impl State {
    fn tell(&mut self, change: &str) {
        self.watchers.retain(|fd| send(fd, change.as_bytes(), SendFlags::NOSIGNAL | SendFlags::DONTWAIT).is_ok());
    }
}

/// What USB says of a device.
#[derive(Clone, Debug, Default)]
pub struct Usb {
    /// Vendor and product; none for a port that is not USB.
    pub ids: Option<(u16, u16)>,
    /// Product in words.
    pub product: String,
    /// Serial number.
    pub serial: String,
}

/// The bus.
pub struct Bus {
    state: Arc<Mutex<State>>,
    fault: PathBuf,
    device_number: (u32, u32),
    plugged: u32,
}

impl Bus {
    /// Listens at a socket; the file of faults is made beside it.
    pub fn new(socket: &Path) -> io::Result<Self> {
        let drivers = std::fs::read_to_string("/proc/tty/drivers")?;
        let device_number = serial_driver(&drivers).ok_or_else(|| io::Error::other("no line of /proc/tty/drivers is serial"))?;
        let fault = PathBuf::from(format!("{}.fault", socket.display()));
        std::fs::write(&fault, [0u8; 4096])?;
        let listener = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        bind(&listener, &SocketAddrUnix::new(socket)?)?;
        listen(&listener, 64)?;
        let state = Arc::new(Mutex::new(State::default()));
        let own = Arc::clone(&state);
        std::thread::spawn(move || {
            while let Ok(connection) = accept(&listener) {
                // One that asks nothing, or nonsense, is closed.
                let _ = answer(connection, &own);
            }
        });
        Ok(Self { state, fault, device_number, plugged: 0 })
    }

    /// The ports.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Shows a port to the browser; its node comes back.
    pub fn plug(&mut self, name: &str, port: Port, usb: &Usb) -> String {
        let (major, minor) = self.device_number;
        let mut line = format!("SYSPATH=/sys/devices/rig/tty/ttyRIG{}\tDEVNAME={}\tMAJOR={major}\tMINOR={minor}", self.plugged, port.node);
        self.plugged += 1;
        if let Some((vendor, product)) = usb.ids {
            line += &format!("\tID_BUS=usb\tID_VENDOR_ID={vendor:04x}\tID_MODEL_ID={product:04x}");
            line += &format!("\tID_MODEL_ENC={}\tID_SERIAL_SHORT={}", usb.product, usb.serial);
        }
        let node = port.node.clone();
        let mut state = self.state();
        let change = format!("add\t{line}");
        state.ports.insert(name.to_owned(), Plugged { port, line });
        state.tell(&change);
        node
    }

    /// Pulls a port out: its line hangs up, and the browser is told.
    pub fn unplug(&self, name: &str) -> Result<(), String> {
        let mut state = self.state();
        let plugged = state.ports.get(name).ok_or("no such port")?;
        plugged.port.shared().plugged = false;
        let change = format!("remove\t{}", plugged.line);
        state.tell(&change);
        Ok(())
    }

    /// Asks for an error on a port's line: `break`, `parity`, `eio` or `enxio`, at the next bytes.
    pub fn inject(&self, name: &str, fault: &str) -> Result<(), String> {
        let what = ["break", "parity", "eio", "enxio"].iter().position(|known| *known == fault).ok_or("no such fault")?;
        let state = self.state();
        let node = &state.ports.get(name).ok_or("no such port")?.port.node;
        let number: u32 = node.rsplit('/').next().and_then(|n| n.parse().ok()).ok_or("the port has no number")?;
        let mut words = number.to_ne_bytes().to_vec();
        // The number first: the library looks at the other word.
        let write = |from: u64, bytes: &[u8]| {
            let mut file = std::fs::OpenOptions::new().write(true).open(&self.fault)?;
            io::Seek::seek(&mut file, io::SeekFrom::Start(from))?;
            file.write_all(bytes)
        };
        write(4, &words).map_err(|e| e.to_string())?;
        words = (what as u32 + 1).to_ne_bytes().to_vec();
        write(0, &words).map_err(|e| e.to_string())
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Major and first minor number of a driver of serial ports: the browser believes no other device.
fn serial_driver(drivers: &str) -> Option<(u32, u32)> {
    drivers.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [.., major, minors, "serial"] = columns[..] else { return None };
        Some((major.parse().ok()?, minors.split('-').next()?.parse().ok()?))
    })
}

/// Answers one question.
fn answer(connection: OwnedFd, state: &Mutex<State>) -> Option<()> {
    let mut buffer = [0u8; 512];
    let (n, _) = recv(&connection, &mut buffer, RecvFlags::empty()).ok()?;
    let question = std::str::from_utf8(buffer.get(..n)?).ok()?;
    let mut words = question.split(' ');
    let mut state = lock(state);
    let said = match words.next()? {
        "watch" => {
            state.watchers.push(connection);
            return Some(());
        }
        "ports" => {
            let there: Vec<&str> = state.ports.values().filter(|p| p.port.shared().plugged).map(|p| p.line.as_str()).collect();
            // An empty packet would mean that the bus is gone.
            if there.is_empty() { "\n".to_owned() } else { there.join("\n") }
        }
        change => {
            let (node, bits) = (words.next()?, words.next()?.parse::<u32>().ok()?);
            let port = &state.ports.values().find(|p| p.port.node == node && p.port.shared().plugged)?.port;
            let mut shared = port.shared();
            match change {
                "raise" => shared.lines |= bits,
                "lower" => shared.lines &= !bits,
                _ => {}
            }
            shared.lines.to_string()
        }
    };
    send(&connection, said.as_bytes(), SendFlags::NOSIGNAL).ok()?;
    Some(())
}
