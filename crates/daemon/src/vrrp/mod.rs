//! The running VRRP role, known as `keepalived`: a process family of its own beside heartbeat's.
//!
//! [`keepalived_main`] is what `keepalived` starts. An advert's way: `sockets` → `real_time`
//! (clock, machine) → `worker` → `addresses`, `notify`, `trackers` (and the executor) → back.

mod addresses;
mod apart;
mod attention;
mod barrier;
mod base_settings;
mod bfd;
mod buffers;
pub(crate) mod dump;
pub(crate) mod fifo;
mod file_watch;
mod heard;
pub(crate) mod hub;
mod left;
pub(crate) mod mail;
pub(crate) mod notify;
pub(crate) mod process;
mod processes;
mod real_time;
mod reload;
mod reload_time;
mod routes;
mod running;
mod saved;
mod serial;
mod server;
mod settings;
mod sockets;
mod trackers;
mod vmac;
mod watch;
mod worker;

pub use settings::with_keepalived_host;
pub(crate) use worker::main as worker_main;

use crate::family::{self, Role, order};
use crate::paths;
use linux::namespace::Kind;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::SignalKind;

/// The hidden first word of the worker.
pub(crate) const WORKER: &str = "internal-vrrp-worker";
/// And of the parent.
pub(crate) const PARENT: &str = "internal-vrrp-parent";
/// The signal for the state as JSON (docs/ancestors/keepalived.md §2.6).
const SIGNAL_JSON: i32 = 36;
/// The signal that begins the statistics anew.
const SIGNAL_CLEAR: i32 = 63;
/// Where network namespaces have names (ip-netns(8)).
pub(crate) const NAMED_NAMESPACES: &str = "/run/netns";

/// What `keepalived` was told on its command line (docs/ancestors/keepalived.md §2.6).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeepalivedOptions {
    /// `-n`: stay in the foreground.
    pub foreground: bool,
    /// `-l`: log to the terminal too.
    pub log_console: bool,
    /// `-G`: not to syslog.
    pub without_syslog: bool,
    /// `-S`: syslog's facility, as its number.
    pub facility: u8,
    /// `-D`: debug lines too.
    pub detail: bool,
    /// `-f`: the configuration; as an absolute path.
    pub file: PathBuf,
    /// `-i`: whose lines of the configuration count.
    pub config_id: Option<String>,
    /// `-p`: where the parent's number stands.
    pub pid_file: Option<PathBuf>,
    /// `-r`: where the worker's number stands.
    pub worker_pid_file: Option<PathBuf>,
    /// `-s`, or `net_namespace`: the network namespace that worker and executor run in. The parent
    /// stays in the one it was started in.
    pub namespace: Option<String>,
    /// `-u`: the mode bits that files we create do not have.
    pub umask: Option<u32>,
    /// `-V`: addresses stay at the end, and nobody is told.
    pub keep: bool,
    /// `-I`: IPVS stays as it is at the end.
    pub keep_servers: bool,
    /// `-c`: where the number of the process with the checks stands.
    pub checkers_pid_file: Option<PathBuf>,
    /// `process_name`: what the parent is called.
    pub process_name: Option<String>,
    /// `-P`, `-C`: what is run.
    pub part: Part,
}

/// What of a configuration is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Part {
    /// Everything.
    #[default]
    All,
    /// Virtual routers alone (`-P`).
    Routers,
    /// Virtual servers alone (`-C`).
    Servers,
}

impl Default for KeepalivedOptions {
    fn default() -> Self {
        /// syslog's "daemon" (RFC 5424 table 1).
        const DAEMON: u8 = 3;
        Self {
            foreground: false,
            log_console: false,
            without_syslog: false,
            facility: DAEMON,
            detail: false,
            file: paths::VRRP_CONFIG.into(),
            config_id: None,
            pid_file: None,
            worker_pid_file: None,
            namespace: None,
            umask: None,
            keep: false,
            keep_servers: false,
            checkers_pid_file: None,
            process_name: None,
            part: Part::All,
        }
    }
}

/// Checks the configuration as `keepalived -t` does: findings go to standard error, or into the
/// file `log`. The exit code is keepalived's.
pub fn keepalived_check(options: &KeepalivedOptions, log: Option<&Path>) -> ExitCode {
    let checked = settings::check(options);
    let texts: Vec<&str> = checked.findings.iter().map(|found| found.text.as_str()).collect();
    let text = texts.join("\n") + if texts.is_empty() { "" } else { "\n" };
    match log {
        None => eprint!("{text}"),
        Some(path) => {
            if let Err(error) = std::fs::write(path, text) {
                eprintln!("keepalived: cannot write {}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::from(checked.exit_code)
}

/// Starts the role, as `keepalived` does: comes back when the daemon runs or, in the foreground,
/// when it has stopped.
pub fn keepalived_main(options: KeepalivedOptions) -> ExitCode {
    let loaded = match settings::load(&options) {
        Ok(loaded) => loaded,
        Err(refused) => {
            refused.print();
            return ExitCode::from(refused.exit_code);
        }
    };
    let role = match role_with(&options, &loaded.settings) {
        Ok(role) => role,
        Err(error) => {
            eprintln!("keepalived: not started: {error}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(pid) = family::running_pid(&role.pid_file) {
        eprintln!("keepalived: already running [pid {pid}]");
        return ExitCode::FAILURE;
    }
    prepare(&options, &loaded.settings);
    left::begin();
    running::forget();
    if options.foreground { family::become_parent(&role) } else { family::start(&role, false) }
}

/// Entry of the parent.
pub(crate) fn parent_main(options: &KeepalivedOptions) -> ExitCode {
    if let Some(name) = &options.process_name {
        process::call(name);
    }
    match role(options) {
        Ok(role) if options.foreground => family::parent_in_foreground(&role),
        Ok(role) => family::parent(&role),
        Err(error) => {
            eprintln!("keepalived: not started: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the whole family has in common: its umask.
fn prepare(options: &KeepalivedOptions, settings: &settings::Settings) {
    if let Some(umask) = options.umask.or(settings.whole.umask) {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
    }
}

/// The calling thread goes into the network namespace of the options. Other threads stay.
///
/// # Errors
/// When there is no such namespace, or no permission.
fn enter_network(options: &KeepalivedOptions) -> io::Result<()> {
    let Some(name) = &options.namespace else { return Ok(()) };
    let entered = File::open(Path::new(NAMED_NAMESPACES).join(name))
        .and_then(|namespace| linux::namespace::enter(namespace, Kind::Network));
    entered.map_err(|error| io::Error::new(error.kind(), format!("namespace {name}: {error}")))
}

/// Entry of the role's executor: scripts run in the network of the virtual routers.
pub(crate) fn executor_main(options: &KeepalivedOptions) -> ExitCode {
    match enter_network(options) {
        Ok(()) => crate::executor::main(),
        Err(error) => {
            eprintln!("keepalived: the executor ended: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The family, for a process of it.
///
/// # Errors
/// When the options can't be written down.
pub(crate) fn role(options: &KeepalivedOptions) -> io::Result<Role> {
    Ok(Role {
        name: "keepalived",
        worker: WORKER,
        parent: PARENT,
        pid_file: options.pid_file.clone().unwrap_or_else(|| paths::VRRP_PID_FILE.into()),
        pid_width: 0,
        worker_pid_file: Some(
            options.worker_pid_file.clone().unwrap_or_else(|| paths::VRRP_WORKER_PID_FILE.into()),
        ),
        options: serde_json::to_string(options).map_err(io::Error::other)?,
        signals: vec![
            (SignalKind::terminate(), Some(order::STOP)),
            (SignalKind::interrupt(), Some(order::STOP)),
            (SignalKind::hangup(), Some(order::RELOAD)),
            (SignalKind::user_defined1(), Some(order::USER1)),
            (SignalKind::user_defined2(), Some(order::USER2)),
            (SignalKind::from_raw(SIGNAL_JSON), Some(order::JSON)),
            (SignalKind::from_raw(SIGNAL_CLEAR), Some(order::CLEAR)),
        ],
    })
}

/// The family as this configuration wants it: with pid files of its own.
fn role_with(options: &KeepalivedOptions, settings: &settings::Settings) -> io::Result<Role> {
    let mut options = options.clone();
    let whole = &settings.whole;
    options.process_name.clone_from(&whole.process_name);
    options.namespace = options.namespace.or_else(|| whole.net_namespace.clone());
    if let Some(name) = &options.namespace {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("namespace {name}: {error}"));
        File::open(Path::new(NAMED_NAMESPACES).join(name)).map_err(named)?;
    }
    if whole.use_pid_dir || whole.instance.is_some() {
        let directory = Path::new(if whole.use_pid_dir { "/run/keepalived" } else { "/run" });
        std::fs::create_dir_all(directory)?;
        let suffix = whole.instance.as_ref().map(|name| format!("_{name}")).unwrap_or_default();
        let file = |name: &str| directory.join(format!("{name}{suffix}.pid"));
        options.pid_file.get_or_insert_with(|| file("keepalived"));
        options.worker_pid_file.get_or_insert_with(|| file("vrrp"));
        options.checkers_pid_file.get_or_insert_with(|| file("checkers"));
    }
    role(&options)
}
