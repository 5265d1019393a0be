//! `heartbeat`: the old daemon's command line (`docs/ancestors/heartbeat.md §5.6`).
//!
//! Status, stop and reload are done here; starting is handed back to the caller, because this
//! crate knows no daemon.

use crate::check::DIRECTORY;
use crate::console::{Console, Stop};
use crate::exit::Exit;
use crate::old::{Voice, host_name, parse};
use crate::process::{PID_FILE, Running, find};
use crate::{Next, settings};
use api::Held;
use std::path::Path;

/// How the daemon is to be started.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Start {
    /// `-d`, once per letter.
    pub debug: u8,
    /// `-f`: stay in the foreground.
    pub foreground: bool,
    /// `-v`: say more.
    pub verbose: bool,
    /// `-M`: no resource management.
    pub without_resources: bool,
    /// `-l`: no real-time priority and no locked memory.
    pub without_realtime: bool,
    /// `-R -C SET`: this start follows a stop that left these groups in place.
    pub held: Option<Held>,
}

/// The letters of the old command; `C` has a value.
const LETTERS: &str = "dDkMrRsvWlVfC:";

/// The version the old command prints: scripts compare it. What we are is in `handover --version`.
const VERSION: &str = "3.0.6 (node: 958e11be8686759f1b99204c17812f2c2633b169)";

/// What the old init scripts show when nothing runs.
const STOPPED: &str = "heartbeat is stopped. No process";

/// Runs `heartbeat ARGS`.
///
/// # Errors
/// A sentence and a code, as everywhere.
pub(crate) fn run(args: &[String], console: &mut Console<'_>) -> Result<Next, Stop> {
    let parsed = match parse(LETTERS, args) {
        Ok(parsed) => parsed,
        Err(bad) => {
            writeln!(console.err, "heartbeat: {bad}\n")?;
            return usage(console);
        }
    };
    if args.iter().any(|arg| arg == "--help") || !parsed.words.is_empty() {
        return usage(console);
    }
    let held = match parsed.value('C').map(Held::parse) {
        Some(None) => return usage(console),
        held => held.flatten(),
    };
    if (held.is_some() && !parsed.has('R')) || (parsed.has('R') && parsed.has('r')) {
        return usage(console);
    }
    if parsed.has('V') {
        writeln!(console.out, "{VERSION}")?;
        return Ok(Next::Exit(Exit::Done));
    }
    if parsed.has('D') || parsed.has('W') {
        write!(console.out, "{}", settings::defaults(parsed.has('W')))?;
        return Ok(Next::Exit(Exit::Done));
    }
    let pid_file = Path::new(PID_FILE);
    if parsed.has('s') {
        return status(pid_file, console).map(Next::Exit);
    }
    if parsed.has('k') {
        return stop(pid_file, console).map(Next::Exit);
    }
    let voice = Voice::new("heartbeat");
    if let Running::Yes(daemon) = find(pid_file) {
        let pid = daemon.pid;
        if parsed.has('r') {
            return reload(&daemon, &voice, console).map(Next::Exit);
        }
        if !parsed.has('R') {
            voice.say(console, "info", &format!("heartbeat: already running [pid {pid}]."))?;
            return Ok(Next::Exit(Exit::Done));
        }
    }
    // Stopped: `-r` starts, as the old one does (measured).
    Ok(Next::Start(Start {
        debug: u8::try_from(parsed.options.iter().filter(|(letter, _)| *letter == 'd').count())
            .unwrap_or(u8::MAX),
        foreground: parsed.has('f'),
        verbose: parsed.has('v'),
        without_resources: parsed.has('M'),
        without_realtime: parsed.has('l'),
        held,
    }))
}

fn usage(console: &mut Console<'_>) -> Result<Next, Stop> {
    writeln!(console.err, "Usage: heartbeat [-dDkMrRsvWlVf] [-C Current-resource-state]")?;
    writeln!(console.err, "\t-C only valid with -R\n\t-r is mutually exclusive with -R")?;
    Ok(Next::Exit(Exit::Usage))
}

/// `-s`: 0 running, 3 no pid file, 1 a stale one.
fn status(pid_file: &Path, console: &mut Console<'_>) -> Result<Exit, Stop> {
    match find(pid_file) {
        Running::Yes(daemon) => {
            let (pid, host) = (daemon.pid, host_name());
            let node = host.to_lowercase();
            writeln!(
                console.out,
                "heartbeat OK [pid {pid} et al] is running on {host} [{node}]..."
            )?;
            Ok(Exit::Done)
        }
        Running::Stale => {
            writeln!(console.out, "{STOPPED}")?;
            Ok(Exit::Failed)
        }
        Running::No => {
            writeln!(console.out, "{STOPPED}")?;
            Ok(Exit::NotRunning)
        }
    }
}

/// `-k`: ends it and waits until it has handed over and is gone.
fn stop(pid_file: &Path, console: &mut Console<'_>) -> Result<Exit, Stop> {
    let Running::Yes(daemon) = find(pid_file) else {
        writeln!(console.err, "INFO: Heartbeat already stopped.")?;
        return Ok(Exit::Done);
    };
    let refused = |error| Stop::failed(format!("cannot stop process {}: {error}", daemon.pid));
    daemon.terminate().map_err(refused)?;
    daemon.wait().map_err(refused)?;
    Ok(Exit::Done)
}

/// `-r`: checks the files first; with an error in them the daemon is left alone.
fn reload(
    daemon: &crate::process::Daemon,
    voice: &Voice,
    console: &mut Console<'_>,
) -> Result<Exit, Stop> {
    let pid = daemon.pid;
    if settings::have_errors(Path::new(DIRECTORY), console)? {
        let sentence = format!("Config errors: Heartbeat pid {pid} NOT restarted");
        voice.say(console, "info", &sentence)?;
        return Ok(Exit::Failed);
    }
    let sentence = format!("Signalling heartbeat pid {pid} to reread config files");
    voice.say(console, "info", &sentence)?;
    daemon.reload().map_err(|e| Stop::failed(format!("cannot signal process {pid}: {e}")))?;
    Ok(Exit::Done)
}
