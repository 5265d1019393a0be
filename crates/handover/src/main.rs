//! The one program: it acts by the name it is called by, or by its first word.
//!
//! The command line is [`cli`]'s; what it hands back, [`daemon`], [`lab`] and [`sim`] do. The
//! daemon finds itself again in its child processes by hidden first words (`internal-…`).
#![forbid(unsafe_code)]

use cli::{Check, KeepalivedStart, Next, Start};
use sim::Shell;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let args: Vec<String> =
        std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
    if let Some(code) = daemon::internal(&args) {
        return code;
    }
    let machine = cli::console::Machine {
        heartbeat: daemon::with_this_host,
        keepalived: daemon::with_keepalived_host,
    };
    match cli::main(std::env::args_os(), machine) {
        Next::Exit(exit) => exit.into(),
        Next::Start(start) => daemon::heartbeat_main(options(&start)),
        Next::Keepalived(start) => keepalived(*start),
        Next::Lab(args) => code(lab::main(&args)),
        Next::Sim(args) => code(sim::main(&args, &mut Terminal(Instant::now()))),
    }
}

fn options(start: &Start) -> daemon::StartOptions {
    daemon::StartOptions {
        debug: start.debug,
        foreground: start.foreground,
        verbose: start.verbose,
        manage_resources: !start.without_resources,
        realtime: !start.without_realtime,
        held: start.held,
    }
}

fn keepalived(start: KeepalivedStart) -> ExitCode {
    let defaults = daemon::KeepalivedOptions::default();
    // The daemon works in the root directory.
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let options = daemon::KeepalivedOptions {
        foreground: start.foreground,
        log_console: start.log_console,
        without_syslog: start.without_syslog,
        facility: start.facility.unwrap_or(defaults.facility),
        detail: start.detail,
        file: start.file.map_or(defaults.file, absolute),
        config_id: start.config_id,
        pid_file: start.pid_file.map(absolute),
        worker_pid_file: start.worker_pid_file.map(absolute),
        namespace: start.namespace,
        umask: start.umask,
        keep: start.keep,
        keep_servers: start.keep_servers,
        checkers_pid_file: start.checkers_pid_file.map(absolute),
        process_name: None,
        part: match (start.routers, start.servers) {
            (true, false) => daemon::Part::Routers,
            (false, true) => daemon::Part::Servers,
            _ => daemon::Part::All,
        },
    };
    match start.check {
        None => daemon::keepalived_main(options),
        Some(Check::Terminal) => daemon::keepalived_check(&options, None),
        Some(Check::File(log)) => daemon::keepalived_check(&options, Some(&log)),
    }
}

/// An exit code of the tools; what does not fit is a failure.
fn code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

/// The simulator's clock, files and terminal.
struct Terminal(Instant);

impl Shell for Terminal {
    fn elapsed(&mut self) -> Duration {
        self.0.elapsed()
    }

    fn read(&mut self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))
    }

    fn say(&mut self, text: &str) {
        // A reader that has gone is no reason to stop the search.
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}
