//! The process family of a role: the parent, which only watches, and how the others are found
//! again.
//!
//! `heartbeat` (or `keepalived`) → parent → executor (first) and worker. The parent holds both ends of the socket
//! between the two, so either can be replaced; it starts a dead worker anew, which takes over what
//! is in place; with a dead executor it starts both anew. When the parent itself dies, its sockets
//! close and the worker stops in good order.

use crate::descriptors::{message_pair, silence_stderr, take_stdin};
use crate::executor::datagrams;
use crate::settings::Finding;
use crate::{executor, paths, settings, vrrp, worker};
use api::Held;
use serde::{Deserialize, Serialize};
use std::ffi::{CString, OsStr};
use std::fs;
use std::future::poll_fn;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::task::Poll;
use std::time::Duration;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until};

/// Exit code of a worker whose configuration is wrong; `heartbeat`'s own too, for one that the
/// ancestor would not start with either (docs/ancestors/heartbeat.md §5.6).
pub(crate) const EXIT_CONFIGURATION: u8 = 6;
/// The hidden first word of every role's executor.
const EXECUTOR: &str = "internal-executor";
/// The program to start again: this one, also when its file was replaced by an upgrade.
const SELF: &str = "/proc/self/exe";
/// A worker that lived this long was well; the next crash is answered at once again.
const WELL_AFTER: Duration = Duration::from_secs(10);
/// Between restarts of a worker that keeps crashing, at most.
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(5);

/// The commands that the parent gives to its worker, one byte each.
pub(crate) mod order {
    /// Stop, handing over.
    pub(crate) const STOP: u8 = b'T';
    /// Read the configuration again.
    pub(crate) const RELOAD: u8 = b'H';
    /// SIGUSR1: open the logs anew, one debug level more.
    pub(crate) const USER1: u8 = b'1';
    /// SIGUSR2: one debug level less.
    pub(crate) const USER2: u8 = b'2';
    /// keepalived's signal for its state as JSON.
    pub(crate) const JSON: u8 = b'J';
    /// keepalived's signal to begin its statistics anew.
    pub(crate) const CLEAR: u8 = b'C';
}

/// What one role's family is like.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// What its processes are called, in lists of processes and in complaints.
    pub(crate) name: &'static str,
    /// The hidden first word of its worker.
    pub(crate) worker: &'static str,
    /// The hidden first word of its parent.
    pub(crate) parent: &'static str,
    /// Where the parent's number stands.
    pub(crate) pid_file: PathBuf,
    /// How many places a number takes there at least.
    pub(crate) pid_width: usize,
    /// And the worker's, if it has a file.
    pub(crate) worker_pid_file: Option<PathBuf>,
    /// What its processes are told, as one word.
    pub(crate) options: String,
    /// Signals to the parent, and the order to the worker that each stands for; `None`: taken and
    /// disregarded.
    pub(crate) signals: Vec<(SignalKind, Option<u8>)>,
}

impl Role {
    fn heartbeat(options: &StartOptions) -> io::Result<Self> {
        Ok(Self {
            name: "heartbeat",
            worker: "internal-worker",
            parent: "internal-parent",
            pid_file: paths::PID_FILE.into(),
            pid_width: 10,
            worker_pid_file: None,
            options: serde_json::to_string(options).map_err(io::Error::other)?,
            signals: vec![
                (SignalKind::terminate(), Some(order::STOP)),
                (SignalKind::hangup(), Some(order::RELOAD)),
                (SignalKind::user_defined1(), Some(order::USER1)),
                (SignalKind::user_defined2(), Some(order::USER2)),
                // As the ancestor does.
                (SignalKind::interrupt(), None),
            ],
        })
    }

    fn note_pid(&self, file: &Path, pid: u32) -> io::Result<()> {
        let width = self.pid_width;
        linux::file::replace(file, format!("{pid:width$}\n").as_bytes(), 0o644)
    }
}

/// What the worker tells its parent, one byte: it beats.
pub(crate) const RUNNING: u8 = b'R';

/// What `heartbeat` was told on its command line (docs/ancestors/heartbeat.md §5.6).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StartOptions {
    /// `-f`: stay in the foreground, log to stderr too.
    pub foreground: bool,
    /// `-d`, counted: debug level beside that of ha.cf.
    pub debug: u8,
    /// `-v`: print notes on the configuration too.
    pub verbose: bool,
    /// False for `-M`: no resource management.
    pub manage_resources: bool,
    /// False for `-l`: no real-time scheduling and no locked memory.
    pub realtime: bool,
    /// `-C`: what this node holds already, left in place by whoever ran before.
    pub held: Option<Held>,
}

impl Default for StartOptions {
    fn default() -> Self {
        Self {
            foreground: false,
            debug: 0,
            verbose: false,
            manage_resources: true,
            realtime: true,
            held: None,
        }
    }
}

/// Starts the role, as `heartbeat` does: checks the configuration, and comes back when the daemon
/// beats (or, in the foreground, when it has stopped).
pub fn heartbeat_main(options: StartOptions) -> ExitCode {
    if let Some(pid) = running_pid(Path::new(paths::PID_FILE)) {
        println!("heartbeat: already running [pid {pid}].");
        return ExitCode::SUCCESS;
    }
    match settings::load(&options) {
        Ok((_, warnings)) => warnings.iter().for_each(Finding::print),
        Err(findings) => {
            findings.iter().for_each(Finding::print);
            eprintln!("heartbeat: Configuration error, heartbeat not started.");
            return ExitCode::from(EXIT_CONFIGURATION);
        }
    }
    match Role::heartbeat(&options) {
        Ok(role) => start(&role, options.foreground),
        Err(error) => not_started("heartbeat", &error),
    }
}

/// Starts a role whose configuration is good: comes back when it runs or, in the foreground, when
/// it has stopped.
pub(crate) fn start(role: &Role, foreground: bool) -> ExitCode {
    let result = if foreground { watch(role, None) } else { detach(role) };
    result.unwrap_or_else(|error| not_started(role.name, &error))
}

/// This process becomes the parent in the foreground, without what it took to check the
/// configuration.
pub(crate) fn become_parent(role: &Role) -> ExitCode {
    let error = command(role, role.parent).into_std().exec();
    not_started(role.name, &error)
}

fn not_started(name: &str, error: &io::Error) -> ExitCode {
    eprintln!("{name}: not started: {error}");
    ExitCode::FAILURE
}

/// The entries of the child processes, by a command line with the program's name first. `None`:
/// it is none of ours.
pub fn internal(args: &[String]) -> Option<ExitCode> {
    let word = args.get(1).filter(|word| word.starts_with("internal-"))?;
    let text = args.get(2);
    let options = || text.and_then(|text| serde_json::from_str(text).ok());
    let vrrp_options = || text.and_then(|text| serde_json::from_str(text).ok());
    // Started as /proc/self/exe, a process would be called `exe` in lists of processes.
    let called = args.first().and_then(|name| CString::new(name.as_str()).ok())?;
    let _ = rustix::thread::set_name(&called);
    Some(match word.as_str() {
        EXECUTOR => match vrrp_options() {
            Some(options) => vrrp::executor_main(&options),
            None => executor::main(),
        },
        "internal-worker" => worker::main(&options()?),
        "internal-parent" => parent(&Role::heartbeat(&options()?).ok()?),
        vrrp::WORKER => vrrp::worker_main(&vrrp_options()?),
        vrrp::PARENT => vrrp::parent_main(&vrrp_options()?),
        _ => return None,
    })
}

/// Entry of a parent that stays in the foreground.
pub(crate) fn parent_in_foreground(role: &Role) -> ExitCode {
    watch(role, None).unwrap_or_else(|error| not_started(role.name, &error))
}

/// Entry of a parent without a terminal; standard input is the socket of whoever waits for it.
pub(crate) fn parent(role: &Role) -> ExitCode {
    let run = || {
        let starter = take_stdin()?;
        rustix::process::setsid()?;
        watch(role, Some(starter))
    };
    run().unwrap_or_else(|error: io::Error| not_started(role.name, &error))
}

/// The process id of a running parent, if the pid file names one: a process of this program.
pub(crate) fn running_pid(pid_file: &Path) -> Option<u32> {
    let pid: u32 = fs::read_to_string(pid_file).ok()?.trim().parse().ok()?;
    if pid == std::process::id() {
        return None;
    }
    let exe = |pid: &str| fs::read_link(format!("/proc/{pid}/exe")).ok();
    (exe(&pid.to_string())? == exe("self")?).then_some(pid)
}

/// This program again as another member of the family. Who leads a process group can't begin a session,
/// as the parent does; so the others' groups are made where they are started.
fn command(role: &Role, member: &str) -> Command {
    let mut command = Command::new(SELF);
    command.arg0(OsStr::new(role.name)).arg(member).arg(&role.options).current_dir("/");
    command
}

/// Starts the parent without a terminal and waits until its worker beats.
fn detach(role: &Role) -> io::Result<ExitCode> {
    let (mine, theirs) = message_pair()?;
    let mut command = command(role, role.parent).into_std();
    let mut child = command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).spawn()?;
    drop(command);
    let mut word = [0];
    if rustix::io::retry_on_intr(|| rustix::io::read(&mine, &mut word))? == 1 {
        return Ok(ExitCode::SUCCESS);
    }
    let status = child.wait()?;
    eprintln!("{}: not started ({status}); see the log", role.name);
    Ok(ExitCode::FAILURE)
}

/// The parent: starts the others and watches until the worker has stopped in good order.
fn watch(role: &Role, starter: Option<OwnedFd>) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        role.note_pid(&role.pid_file, std::process::id())?;
        let code = Parent::new(role, starter)?.run().await;
        let _ = fs::remove_file(&role.pid_file);
        if let Some(file) = &role.worker_pid_file {
            let _ = fs::remove_file(file);
        }
        code
    })
}

struct Parent<'a> {
    role: &'a Role,
    starter: Option<OwnedFd>,
    signals: Signals,
    executor: Executor,
    /// What was asked of the worker and must be asked of its successor too.
    stopping: bool,
}

struct Executor {
    process: Child,
    /// The worker's end of its socket, for each worker anew.
    socket: OwnedFd,
}

struct Worker {
    process: Child,
    orders: UnixDatagram,
    since: Instant,
}

struct Signals(Vec<(Signal, Option<u8>)>);

impl Signals {
    fn new(role: &Role) -> io::Result<Self> {
        let listen = |&(kind, order): &(SignalKind, Option<u8>)| Ok((signal(kind)?, order));
        role.signals.iter().map(listen).collect::<io::Result<_>>().map(Self)
    }

    /// The next order for the worker.
    async fn next(&mut self) -> u8 {
        poll_fn(|context| {
            for (signal, order) in &mut self.0 {
                while signal.poll_recv(context).is_ready() {
                    if let Some(order) = order {
                        return Poll::Ready(*order);
                    }
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// How a worker's life ended.
enum Ended {
    /// It stopped in good order.
    Well,
    /// It refused the configuration.
    Refused,
    /// It crashed or was killed.
    Crashed,
    /// Its executor is gone.
    WithoutExecutor,
}

impl<'a> Parent<'a> {
    fn new(role: &'a Role, starter: Option<OwnedFd>) -> io::Result<Self> {
        Ok(Self {
            role,
            starter,
            signals: Signals::new(role)?,
            executor: start_executor(role)?,
            stopping: false,
        })
    }

    async fn run(mut self) -> io::Result<ExitCode> {
        let mut crashes = 0_u32;
        loop {
            let mut worker = self.start_worker()?;
            if self.stopping {
                let _ = worker.orders.send(&[order::STOP]).await;
            }
            let ended = self.accompany(&mut worker).await?;
            match ended {
                Ended::Well => return self.finish().await,
                Ended::Refused => return Ok(ExitCode::from(EXIT_CONFIGURATION)),
                Ended::Crashed => {}
                Ended::WithoutExecutor => {
                    let _ = worker.process.kill().await;
                    self.executor = start_executor(self.role)?;
                }
            }
            crashes = if worker.since.elapsed() > WELL_AFTER { 0 } else { crashes + 1 };
            self.pause(crashes).await;
        }
    }

    /// Waits before the next try: not at all after the first crash, then longer and longer.
    async fn pause(&mut self, crashes: u32) {
        let pause = Duration::from_millis(100) * crashes.saturating_sub(1).pow(2).min(100);
        let until = Instant::now() + pause.min(RESTART_PAUSE_MAX);
        loop {
            tokio::select! {
                () = sleep_until(until) => return,
                asked = self.signals.next() => self.stopping |= asked == order::STOP,
            }
        }
    }

    /// Stands by one worker to its end.
    async fn accompany(&mut self, worker: &mut Worker) -> io::Result<Ended> {
        let mut word = [0];
        loop {
            tokio::select! {
                status = worker.process.wait() => {
                    return Ok(match status?.code() {
                        Some(0) => Ended::Well,
                        Some(code) if code == i32::from(EXIT_CONFIGURATION) => Ended::Refused,
                        _ => Ended::Crashed,
                    });
                }
                _ = self.executor.process.wait() => return Ok(Ended::WithoutExecutor),
                told = worker.orders.recv(&mut word) => match told {
                    Ok(1) if word == [RUNNING] => self.say_running(),
                    Ok(1..) => {}
                    // It closed its end: it is about to end, and the wait above will say how.
                    Ok(0) | Err(_) => {
                        let ended = worker.process.wait().await?;
                        return Ok(if ended.success() { Ended::Well } else { Ended::Crashed });
                    }
                },
                asked = self.signals.next() => {
                    if asked == order::STOP {
                        self.stopping = true;
                        let _ = linux::system::sd_notify("STOPPING=1");
                    }
                    // A worker that is gone is noticed above.
                    let _ = worker.orders.send(&[asked]).await;
                }
            }
        }
    }

    /// Tells whoever started us. What it took to start is not needed to wait and let go of.
    fn say_running(&mut self) {
        let _ = linux::system::sd_notify("READY=1\nSTATUS=running");
        if let Some(starter) = self.starter.take() {
            let _ = rustix::io::write(&starter, &[RUNNING]);
            // From here on there is the log; a terminal must not be held open.
            let _ = silence_stderr();
        }
        let _ = linux::memory::release_at_rest();
    }

    fn start_worker(&self) -> io::Result<Worker> {
        let (mine, theirs) = message_pair()?;
        let process = command(self.role, self.role.worker)
            .process_group(0)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::from(self.executor.socket.try_clone()?))
            .spawn()?;
        if let (Some(file), Some(pid)) = (&self.role.worker_pid_file, process.id()) {
            self.role.note_pid(file, pid)?;
        }
        Ok(Worker { process, orders: datagrams(mine)?, since: Instant::now() })
    }

    /// The worker is done: the executor ends when its socket closes.
    async fn finish(self) -> io::Result<ExitCode> {
        /// It has nothing left to do.
        const EXECUTOR_END: Duration = Duration::from_secs(5);
        let Executor { mut process, socket } = self.executor;
        drop(socket);
        tokio::select! {
            _ = process.wait() => {}
            () = sleep(EXECUTOR_END) => {
                let _ = process.kill().await;
            }
        }
        let _ = io::stdout().flush();
        Ok(ExitCode::SUCCESS)
    }
}

fn start_executor(role: &Role) -> io::Result<Executor> {
    let (mine, theirs) = message_pair()?;
    let process = command(role, EXECUTOR)
        .process_group(0)
        .env_clear()
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .spawn()?;
    Ok(Executor { process, socket: mine })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_not_ours_are_left_alone() {
        assert!(internal(&[]).is_none());
        assert!(internal(&["handover".into(), "status".into()]).is_none());
        let broken = ["heartbeat", "internal-worker", "no json"].map(String::from);
        assert!(internal(&broken).is_none());
    }

    #[test]
    fn options_reach_the_child_processes_unchanged() {
        let options = StartOptions { debug: 3, realtime: false, ..StartOptions::default() };
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<StartOptions>(&text).unwrap(), options);
    }
}
