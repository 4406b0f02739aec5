//! Commands of the tests: a line of JSON each, answered by a line.
//!
//! | do | with | |
//! |---|---|---|
//! | `plug` | `port`, `device`, `vendor`, `product`, `serial` | plugs a device in under a name; `node` |
//! | `unplug` | `port` | pulls it out; what it sent can still be asked |
//! | `stall` | `port`, `ms` | it says nothing for so long, and then all that is due |
//! | `drop`, `corrupt` | `port`, `frames`, `every` | loses or damages each such frame |
//! | `inject` | `port`, `fault` | `break`, `parity`, `eio`, `enxio` on the line |
//! | `pace` | `port`, `flat` | frames as fast as the host takes them, or at the device's rate |
//! | `lines` | `port`, `set` | modem lines as the host sees them (`TIOCM_` bits) |
//! | `stats` | `port` | what was sent and taken |
//! | `values` | `port`, `from`, `count` | what the samples of a run are, a row a sample |

use std::io::{self, BufRead as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};

use super::boards;
use super::bus::{Bus, Usb};
use super::device::Device;
use super::port::{Port, Shared};

/// Most values that one answer holds.
const MAX_VALUES: u64 = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Command {
    #[serde(rename = "do")]
    what: String,
    port: String,
    device: String,
    vendor: Option<u16>,
    product: Option<u16>,
    serial: String,
    ms: u64,
    frames: u64,
    every: u64,
    fault: String,
    flat: bool,
    set: Option<u32>,
    from: u64,
    count: u64,
}

/// Serves commands until the input ends.
pub fn serve(socket: &Path) -> io::Result<()> {
    let mut bus = Bus::new(socket)?;
    println!("{}", json!({ "ok": true }));
    for line in io::stdin().lock().lines() {
        let line = line?;
        let done = serde_json::from_str(&line).map_err(|e| e.to_string()).and_then(|command| run(&mut bus, &command));
        let said = match done {
            Ok(mut value) => {
                value["ok"] = true.into();
                value
            }
            Err(why) => json!({ "error": why }),
        };
        println!("{said}");
    }
    Ok(())
}

fn run(bus: &mut Bus, command: &Command) -> Result<Value, String> {
    let nothing = || json!({});
    match command.what.as_str() {
        "plug" => {
            let kind = boards::kind(&command.device).ok_or("no such device")?;
            let there = bus.state().ports.get(&command.port).is_some_and(|p| p.port.shared().plugged);
            if there {
                return Err("the port is plugged in already".into());
            }
            let port = Port::plug(Device::new(kind)).map_err(|e| e.to_string())?;
            let usb = Usb {
                ids: command.vendor.map(|vendor| (vendor, command.product.unwrap_or(0))),
                product: format!("Rig {}", command.device),
                serial: command.serial.clone(),
            };
            Ok(json!({ "node": bus.plug(&command.port, port, &usb) }))
        }
        "unplug" => bus.unplug(&command.port).map(|()| nothing()),
        "inject" => bus.inject(&command.port, &command.fault).map(|()| nothing()),
        what => {
            let state = bus.state();
            let mut port = state.ports.get(&command.port).ok_or("no such port")?.port.shared();
            match what {
                "stall" => port.stalled_until = Some(Instant::now() + Duration::from_millis(command.ms)),
                "drop" => port.device.drop_frames(command.frames, command.every),
                "corrupt" => port.device.corrupt_frames(command.frames, command.every),
                "pace" => port.flat_out = command.flat,
                "lines" => {
                    port.lines = command.set.unwrap_or(port.lines);
                    return Ok(json!({ "lines": port.lines }));
                }
                "stats" => return Ok(stats(&port)),
                "values" => return values(&port, command),
                _ => return Err(format!("'{what}' is not known")),
            }
            Ok(nothing())
        }
    }
}

fn stats(port: &Shared) -> Value {
    let kind = port.device.kind();
    let run = |run: &super::device::Run| {
        json!({
            "frames": run.frames,
            "samples": run.frames * kind.samples(),
            "unheard": run.unheard,
            "dropped": run.dropped,
            "corrupted": run.corrupted,
        })
    };
    json!({
        "open": port.open,
        "streaming": port.device.streaming(),
        "taken": port.taken,
        "queued": port.queued,
        "longest_wait_ms": port.longest_wait.as_secs_f64() * 1000.0,
        "faults_left": port.device.faults_left(),
        "lines": port.lines,
        "rate_hz": kind.rate_hz(),
        "channels": kind.channels(),
        "samples_a_frame": kind.samples(),
        "runs": port.device.runs().iter().map(run).collect::<Vec<_>>(),
    })
}

fn values(port: &Shared, command: &Command) -> Result<Value, String> {
    let kind = port.device.kind();
    if command.count.saturating_mul(u64::from(kind.channels())) > MAX_VALUES {
        return Err(format!("at most {MAX_VALUES} values at once"));
    }
    let row = |sample: u64| (0..kind.channels()).map(|c| kind.value(sample, c)).collect::<Vec<_>>();
    let rows = (command.from..command.from.saturating_add(command.count)).map(row).collect::<Vec<_>>();
    Ok(json!({ "rows": rows }))
}
