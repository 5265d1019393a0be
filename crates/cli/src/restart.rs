//! `handover restart [ROLE] [--keep]`: stops a role and starts it again, from the program on disk.

use crate::Next;
use crate::args::Role;
use crate::client::Ask;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::heartbeat::Start;
use crate::process::{PID_FILE, Running, find};
use api::{Reply, Request};
use std::path::Path;
use std::process::Command;

/// What a role needs to be started: its pid file, and the unit that `handover install` puts in
/// place.
const fn facts(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Heartbeat => (PID_FILE, "handover-heartbeat.service"),
        Role::Keepalived => ("/run/keepalived.pid", "handover-keepalived.service"),
    }
}

/// Stops (with `keep`: leaving groups or addresses in place for the successor), waits, starts.
///
/// # Errors
/// When the daemon refuses, or the unit can't be started.
pub(crate) fn run(
    role: Role,
    keep: bool,
    ask: &mut dyn Ask,
    console: &mut Console<'_>,
) -> Result<Next, Stop> {
    let (pid_file, unit) = facts(role);
    let running = find(Path::new(pid_file));
    match ask.ask(&Request::Stop { keep })? {
        Reply::Done { text } => writeln!(console.err, "{text}")?,
        Reply::Refused { text } => return Err(Stop::failed(text)),
        other => return Err(Stop::failed(format!("unexpected answer: {other:?}"))),
    }
    if let Running::Yes(daemon) = running {
        let pid = daemon.pid;
        daemon.wait().map_err(|e| Stop::failed(format!("cannot wait for {pid}: {e}")))?;
    }
    if !under_systemd(unit) {
        return Ok(match role {
            Role::Heartbeat => Next::Start(Start::default()),
            Role::Keepalived => Next::Keepalived(Box::default()),
        });
    }
    let status = Command::new("systemctl")
        .args(["start", unit])
        .status()
        .map_err(|error| Stop::failed(format!("systemctl: {error}")))?;
    if status.success() {
        return Ok(Next::Exit(Exit::Done));
    }
    Err(Stop::failed(format!("systemctl start {unit} failed; see: journalctl -u {unit}")))
}

/// systemd is in charge here and knows our unit.
fn under_systemd(unit: &str) -> bool {
    Path::new("/run/systemd/system").is_dir()
        && Command::new("systemctl")
            .args(["cat", "--quiet", unit])
            .output()
            .is_ok_and(|output| output.status.success())
}
