//! `handover restart [ROLE] [--keep]`: stops a role and starts it again, from the program on disk.

use crate::Next;
use crate::args::Role;
use crate::client::Ask;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::heartbeat::Start;
use crate::keepalived::KeepalivedStart;
use crate::process::{PID_FILE, Running, find};
use api::{Reply, Request};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
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
    let before = match &running {
        Running::Yes(daemon) => started_with(daemon.pid),
        Running::No | Running::Stale => None,
    };
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
            Role::Keepalived => Next::Keepalived(Box::new(before.unwrap_or_default())),
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

/// What a running parent of the role keepalived was told, as it stands in its command line.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Told {
    without_syslog: bool,
    facility: Option<u8>,
    detail: bool,
    file: Option<PathBuf>,
    config_id: Option<String>,
    pid_file: Option<PathBuf>,
    worker_pid_file: Option<PathBuf>,
    namespace: Option<String>,
    umask: Option<u32>,
    keep: bool,
    keep_servers: bool,
    checkers_pid_file: Option<PathBuf>,
    part: String,
}

/// The options that the daemon of this number was started with, for its successor. Whether it held
/// a terminal is not among them: that terminal is not ours. `None`: it doesn't say.
fn started_with(pid: i32) -> Option<KeepalivedStart> {
    let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    // Its name, which member of the family it is, the options.
    options_of(words.split(|byte| *byte == 0).nth(2)?)
}

fn options_of(text: &[u8]) -> Option<KeepalivedStart> {
    let told: Told = serde_json::from_slice(text).ok()?;
    Some(KeepalivedStart {
        without_syslog: told.without_syslog,
        facility: told.facility,
        detail: told.detail,
        file: told.file,
        config_id: told.config_id,
        pid_file: told.pid_file,
        worker_pid_file: told.worker_pid_file,
        namespace: told.namespace,
        umask: told.umask,
        keep: told.keep,
        keep_servers: told.keep_servers,
        checkers_pid_file: told.checkers_pid_file,
        routers: told.part == "Routers",
        servers: told.part == "Servers",
        ..KeepalivedStart::default()
    })
}

/// systemd is in charge here and knows our unit.
fn under_systemd(unit: &str) -> bool {
    Path::new("/run/systemd/system").is_dir()
        && Command::new("systemctl")
            .args(["cat", "--quiet", unit])
            .output()
            .is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_gets_the_options_of_the_daemon_before_it() {
        let text = r#"{"foreground":true,"log_console":true,"without_syslog":true,"facility":16,
            "detail":true,"file":"/x.conf","config_id":"me","pid_file":null,"umask":18,
            "worker_pid_file":"/run/w","keep":true,"keep_servers":false,"part":"Routers"}"#;
        let start = options_of(text.as_bytes()).unwrap();
        let expected = KeepalivedStart {
            without_syslog: true,
            facility: Some(16),
            detail: true,
            file: Some("/x.conf".into()),
            config_id: Some("me".into()),
            worker_pid_file: Some("/run/w".into()),
            umask: Some(18),
            keep: true,
            routers: true,
            ..KeepalivedStart::default()
        };
        assert_eq!(start, expected);
        assert_eq!(options_of(b"-D"), None);
        // Whatever runs under our own number was not started as a member of a family.
        assert_eq!(started_with(std::process::id().cast_signed()), None);
    }
}
