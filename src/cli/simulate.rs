//! `simulate`: the simulated patient as a recording, or behind a pseudo-terminal.
//!
//! A recording is made as a live one is: the patient's bytes go through the port, the raw log and the
//! intake of the engine. So a `.myoraw` holds what a real device would have sent, and the other
//! formats what was decoded of it. The same options give the same file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::export::FileSink;
use super::{Failure, OK};
use crate::device::{Config, UsbIds};
use crate::engine::live::log::{Begun, Entry, MAGIC, What};
use crate::engine::live::{Intake, Port, Wire};
use crate::formats::{Export, writers};
use crate::model::Study;
use crate::simulate::patient::{Act, NeedleAct, Patient, conditions};

/// Port of the patient in the raw log.
const PORT: u8 = 1;
/// From one look at the port to the next, ms.
const STEP_MS: f64 = 10.0;
/// Longest recording, s.
const MAX_S: f64 = 4.0 * 3600.0;

/// What `simulate` takes.
#[derive(Debug, Default)]
pub struct SimulateOptions {
    /// Id of the condition.
    pub condition: Option<String>,
    /// Length of the recording, s (default 10).
    pub seconds: Option<f64>,
    /// What the muscle does.
    pub effort: Option<String>,
    /// Another patient with the same condition.
    pub seed: Option<u64>,
    /// Serve a pseudo-terminal instead of writing a file.
    pub pty: bool,
}

impl SimulateOptions {
    /// The patient, at work.
    fn patient(&self) -> Result<Patient, Failure> {
        let known = || conditions().map(|(id, _)| id).join(", ");
        let id = self.condition.as_deref().ok_or_else(|| Failure::Usage(format!("simulate wants --condition: {}", known())))?;
        let patient = Patient::new(id, self.seed.unwrap_or(1));
        let mut patient = patient.ok_or_else(|| Failure::Usage(format!("there is no condition '{id}'; known are {}", known())))?;
        let act = match self.effort.as_deref() {
            None | Some("rest") => NeedleAct::Rest,
            Some("insert") => NeedleAct::Insert,
            Some("slight") => NeedleAct::Slight,
            Some("moderate") => NeedleAct::Moderate,
            Some("strong") => NeedleAct::Strong,
            Some(_) => return Err(Failure::Usage("--effort wants rest, insert, slight, moderate or strong".into())),
        };
        patient.act(Act::Needle(act));
        Ok(patient)
    }
}

/// Serves a terminal, or writes `target`.
pub fn run(options: &SimulateOptions, target: Option<&Path>, out: &mut dyn Write) -> Result<u8, Failure> {
    let patient = options.patient()?;
    let Some(target) = target else {
        return if options.pty { serve(patient, out) } else { Err(Failure::Usage("simulate wants -o OUT or --pty".into())) };
    };
    if options.pty {
        return Err(Failure::Usage("simulate takes -o or --pty, not both".into()));
    }
    let seconds = options.seconds.unwrap_or(10.0);
    if !(seconds > 0.0 && seconds <= MAX_S) {
        return Err(Failure::Usage(format!("--seconds wants a number up to {MAX_S}")));
    }
    let of_file = |what: String| Failure::Write(format!("{}: {what}", target.display()));
    let extension = target.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    if extension == "myoraw" {
        let temporary = target.with_extension(format!("{}.partial", std::process::id()));
        let written = File::create(&temporary).and_then(|file| {
            let mut file = BufWriter::new(file);
            record(patient, seconds, &mut |log| file.write_all(log))?;
            file.flush()?;
            std::fs::rename(&temporary, target)
        });
        return written.map(|()| OK).map_err(|error| {
            // Left over from the failure that is reported.
            let _ = std::fs::remove_file(&temporary);
            of_file(error.to_string())
        });
    }
    let known: Vec<&str> = writers().iter().map(|w| w.extension()).collect();
    let writer = writers().iter().find(|w| w.extension() == extension);
    let writer =
        writer.ok_or_else(|| Failure::Usage(format!("'.{extension}' is not written here; known are myoraw, {}", known.join(", "))))?;
    let stem = target.file_stem().and_then(|s| s.to_str()).ok_or_else(|| Failure::Usage("the output has no readable name".into()))?;
    let intake = record(patient, seconds, &mut |_| Ok(())).map_err(|e| of_file(e.to_string()))?;
    let (Some(recording), Some(samples)) = (intake.take.recordings.first(), intake.take.samples.first()) else {
        return Err(of_file("nothing was recorded".into()));
    };
    let study = Study { recordings: vec![recording.clone()], ..Study::default() };
    let export = Export { study: &study, recording, samples: samples.as_ref(), annotations: &recording.annotations, edits: None };
    let mut sink = FileSink::new(target.parent().unwrap_or(Path::new("")));
    writer.write(stem, &export, &mut sink).map_err(|e| of_file(e.to_string()))?;
    sink.finish().map_err(|e| of_file(e.to_string()))?;
    Ok(OK)
}

/// Records so many seconds of samples; the raw log goes to `log` as it grows.
fn record(mut patient: Patient, seconds: f64, log: &mut dyn FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<Intake> {
    let (mut intake, mut wire) = (Intake::default(), Wire::default());
    let usb = UsbIds { vendor: Some(0x1209), product: None };
    let mut port = Port::new(PORT, usb, Some(Config::of("ranvier")));
    wire.log.extend(MAGIC);
    let title = format!("Simulated patient: {}", patient.condition().1);
    let begun = Entry { port: 0, at_ms: 0.0, what: What::Begun(Begun { key: format!("simulated-{title}"), start: String::new(), title }) };
    begun.write(&mut wire.log);
    intake.apply(&begun);
    port.opened(0.0, &mut intake, &mut wire);
    let (mut now_ms, mut bytes) = (0.0, Vec::new());
    let recorded = |intake: &Intake| intake.take.recordings.first().map_or(0.0, |r| r.timeline.duration_s());
    // Recognising and starting take less than ten seconds; then samples come as time goes.
    while recorded(&intake) < seconds && now_ms < seconds * 1e3 + 10_000.0 {
        log(&wire.log)?;
        wire.log.clear();
        for (_, written) in wire.writes.drain(..) {
            patient.receive(now_ms, &written);
        }
        if !std::mem::take(&mut wire.reopen).is_empty() {
            port.opened(now_ms, &mut intake, &mut wire);
        }
        now_ms += STEP_MS;
        bytes.clear();
        patient.advance(now_ms, &mut bytes);
        if !bytes.is_empty() {
            port.bytes(now_ms, &bytes, &mut intake, &mut wire);
        }
        port.tick(now_ms, &mut intake, &mut wire);
    }
    port.stop(now_ms, &mut intake, &mut wire);
    let ended = Entry { port: 0, at_ms: now_ms, what: What::Ended };
    ended.write(&mut wire.log);
    intake.apply(&ended);
    log(&wire.log)?;
    Ok(intake)
}

#[cfg(not(unix))]
fn serve(_patient: Patient, _out: &mut dyn Write) -> Result<u8, Failure> {
    Err(Failure::Usage("there are no pseudo-terminals on this system; use -o OUT".into()))
}

/// Serves a pseudo-terminal until the program is interrupted.
#[cfg(unix)]
fn serve(mut patient: Patient, out: &mut dyn Write) -> Result<u8, Failure> {
    use std::io::{ErrorKind, Read};
    use std::time::{Duration, Instant};

    /// Bytes that wait for a host that does not read; then the device itself holds back and drops.
    const WAITING: usize = 1 << 20;
    /// A host that is silent for so long is gone (section 1 of the protocol).
    const SILENT_MS: f64 = 5000.0;

    let (mut port, path, _held) = terminal()?;
    writeln!(out, "{path}")?;
    out.flush()?;
    let begun = Instant::now();
    let (mut waiting, mut piece, mut heard_ms, mut there) = (Vec::new(), vec![0; 1 << 16], 0.0, false);
    loop {
        let now_ms = begun.elapsed().as_secs_f64() * 1e3;
        match port.read(&mut piece) {
            Ok(n) if n > 0 => {
                (heard_ms, there) = (now_ms, true);
                patient.receive(now_ms, piece.get(..n).unwrap_or_default());
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error.into()),
        }
        if there && now_ms - heard_ms > SILENT_MS {
            there = false;
            patient.hang_up();
            // What nobody reads is thrown away, perhaps within a frame: 00 ends it.
            waiting.clear();
            waiting.push(0);
        }
        if waiting.len() < WAITING {
            patient.advance(now_ms, &mut waiting);
        }
        while !waiting.is_empty() {
            match port.write(&waiting) {
                Ok(n) if n > 0 => drop(waiting.drain(..n)),
                Ok(_) => break,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => break,
                Err(error) => return Err(error.into()),
            }
        }
        // Nobody has asked yet: nothing but STATUS is lost.
        if !there && waiting.len() > 4096 {
            waiting.clear();
            waiting.push(0);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Our end of a raw pseudo-terminal, the path of the other, and that end held open: it outlives hosts.
#[cfg(unix)]
fn terminal() -> Result<(File, String, File), Failure> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

    let failed = |what: &str, error: rustix::io::Errno| Failure::Write(format!("no pseudo-terminal: {what}: {error}"));
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).map_err(|e| failed("openpt", e))?;
    grantpt(&ours).map_err(|e| failed("grantpt", e))?;
    unlockpt(&ours).map_err(|e| failed("unlockpt", e))?;
    let path = ptsname(&ours, Vec::new()).map_err(|e| failed("ptsname", e))?.to_string_lossy().into_owned();
    let theirs = File::options().read(true).write(true).open(&path)?;
    let mut mode = tcgetattr(&theirs).map_err(|e| failed("tcgetattr", e))?;
    mode.make_raw();
    tcsetattr(&theirs, OptionalActions::Now, &mode).map_err(|e| failed("tcsetattr", e))?;
    let flags = fcntl_getfl(&ours).map_err(|e| failed("fcntl", e))?;
    fcntl_setfl(&ours, flags | OFlags::NONBLOCK).map_err(|e| failed("fcntl", e))?;
    Ok((File::from(ours), path, theirs))
}
