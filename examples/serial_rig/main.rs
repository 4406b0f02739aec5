//! Amplifiers in software behind pseudo-terminals that a browser takes for USB serial ports.
//!
//!     cargo run --release --example serial_rig -- SOCKET
//!
//! One half of the rig that tests real Web Serial; the other is the library `tests/rig/udev.c`, which
//! is loaded into the browser with `MYOSCOPE_RIG=SOCKET` and asks this program which ports there are.
//! Tests speak in lines of JSON: an object with `do` and what [`wire`] says, answered by an object
//! with `ok` or `error`, in order. The program ends with its input.
//!
//! A device knows what it sent: every value is a function of its place ([`device::noise`]), so that
//! what a browser recorded is compared number by number, without a decoder in between.

#![cfg_attr(target_os = "linux", allow(clippy::print_stdout, reason = "answers go to standard output"))]

#[cfg(target_os = "linux")]
mod boards;
#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod device;
#[cfg(target_os = "linux")]
mod packets;
#[cfg(target_os = "linux")]
mod port;
#[cfg(target_os = "linux")]
mod ranvier;
#[cfg(target_os = "linux")]
mod wire;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let Some(socket) = std::env::args_os().nth(1) else {
        println!("usage: serial_rig SOCKET");
        return 64.into();
    };
    match wire::serve(std::path::Path::new(&socket)) {
        Ok(()) => 0.into(),
        Err(why) => {
            println!("{}", serde_json::json!({ "error": why.to_string() }));
            1.into()
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
