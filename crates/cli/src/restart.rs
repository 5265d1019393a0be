//! `handover restart [--keep]`: stops the daemon and starts it again, from the program on disk.

use crate::Next;
use crate::client::Ask;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::heartbeat::Start;
use crate::process::{PID_FILE, Running, find};
use api::{Reply, Request};
use std::path::Path;
use std::process::Command;

/// The unit that `handover install` puts in place.
const UNIT: &str = "handover-heartbeat.service";

/// Stops (with `keep`: leaving groups in place for the successor), waits, starts.
///
/// # Errors
/// When the daemon refuses, or the unit can't be started.
pub(crate) fn run(keep: bool, ask: &mut dyn Ask, console: &mut Console<'_>) -> Result<Next, Stop> {
    let running = find(Path::new(PID_FILE));
    match ask.ask(&Request::Stop { keep })? {
        Reply::Done { text } => writeln!(console.err, "{text}")?,
        Reply::Refused { text } => return Err(Stop::failed(text)),
        other => return Err(Stop::failed(format!("unexpected answer: {other:?}"))),
    }
    if let Running::Yes(daemon) = running {
        let pid = daemon.pid;
        daemon.wait().map_err(|e| Stop::failed(format!("cannot wait for {pid}: {e}")))?;
    }
    if !under_systemd() {
        return Ok(Next::Start(Start::default()));
    }
    let status = Command::new("systemctl")
        .args(["start", UNIT])
        .status()
        .map_err(|error| Stop::failed(format!("systemctl: {error}")))?;
    if status.success() {
        return Ok(Next::Exit(Exit::Done));
    }
    Err(Stop::failed(format!("systemctl start {UNIT} failed; see: journalctl -u {UNIT}")))
}

/// systemd is in charge here and knows our unit.
fn under_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
        && Command::new("systemctl")
            .args(["cat", "--quiet", UNIT])
            .output()
            .is_ok_and(|output| output.status.success())
}
