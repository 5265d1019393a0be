//! The process family: the parent, which only watches, and how the others are found again.
//!
//! `heartbeat` → parent → executor (first) and worker. The parent holds both ends of the socket
//! between the two, so either can be replaced; it starts a dead worker anew, which takes over what
//! is in place; with a dead executor it starts both anew. When the parent itself dies, its sockets
//! close and the worker stops in good order.

use crate::descriptors::{message_pair, silence_stderr, take_stdin};
use crate::executor::datagrams;
use crate::settings::Finding;
use crate::{executor, paths, settings, worker};
use api::Held;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::Duration;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until};

/// Exit code for a configuration that the ancestor would not start with either
/// (docs/ancestors/heartbeat.md §5.6).
const EXIT_CONFIGURATION: u8 = 6;
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
    if let Some(pid) = running_pid() {
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
    let result = if options.foreground { watch(&options, None) } else { detach(&options) };
    result.unwrap_or_else(|error| {
        eprintln!("heartbeat: not started: {error}");
        ExitCode::FAILURE
    })
}

/// The entries of the child processes, by a command line with the program's name first. `None`:
/// it is none of ours.
pub fn internal(args: &[String]) -> Option<ExitCode> {
    let options = || args.get(2).and_then(|text| serde_json::from_str(text).ok());
    let role = args.get(1).filter(|role| role.starts_with("internal-"))?;
    // Started as /proc/self/exe, a process would be called `exe` in lists of processes.
    let _ = rustix::thread::set_name(c"heartbeat");
    Some(match role.as_str() {
        "internal-executor" => executor::main(),
        "internal-worker" => worker::main(&options()?),
        "internal-parent" => {
            let options = options()?;
            let run = || {
                let starter = take_stdin()?;
                rustix::process::setsid()?;
                watch(&options, Some(starter))
            };
            run().unwrap_or_else(|error: io::Error| {
                eprintln!("heartbeat: not started: {error}");
                ExitCode::FAILURE
            })
        }
        _ => return None,
    })
}

/// The process id of a running parent, if the pid file names one: a process of this program.
fn running_pid() -> Option<u32> {
    let pid: u32 = fs::read_to_string(paths::PID_FILE).ok()?.trim().parse().ok()?;
    if pid == std::process::id() {
        return None;
    }
    let exe = |pid: &str| fs::read_link(format!("/proc/{pid}/exe")).ok();
    (exe(&pid.to_string())? == exe("self")?).then_some(pid)
}

/// This program again in one of its other roles. Who leads a process group can't begin a session,
/// as the parent does; so the others' groups are made where they are started.
fn command(role: &str, options: &StartOptions) -> io::Result<Command> {
    let mut command = Command::new(SELF);
    command
        .arg0(OsStr::new("heartbeat"))
        .arg(role)
        .arg(serde_json::to_string(options).map_err(io::Error::other)?)
        .current_dir("/");
    Ok(command)
}

/// Starts the parent without a terminal and waits until its worker beats.
fn detach(options: &StartOptions) -> io::Result<ExitCode> {
    let (mine, theirs) = message_pair()?;
    let mut command = command("internal-parent", options)?.into_std();
    let mut child = command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).spawn()?;
    drop(command);
    let mut word = [0];
    if rustix::io::retry_on_intr(|| rustix::io::read(&mine, &mut word))? == 1 {
        return Ok(ExitCode::SUCCESS);
    }
    let status = child.wait()?;
    eprintln!("heartbeat: not started ({status}); see the log");
    Ok(ExitCode::FAILURE)
}

/// The parent: starts the others and watches until the worker has stopped in good order.
fn watch(options: &StartOptions, starter: Option<OwnedFd>) -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        linux::file::replace(
            Path::new(paths::PID_FILE),
            format!("{:10}\n", std::process::id()).as_bytes(),
            0o644,
        )?;
        let code = Parent::new(options, starter)?.run().await;
        let _ = fs::remove_file(paths::PID_FILE);
        code
    })
}

struct Parent<'a> {
    options: &'a StartOptions,
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

struct Signals {
    term: Signal,
    hup: Signal,
    user1: Signal,
    user2: Signal,
    /// Taken and disregarded, as the ancestor does.
    int: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
            int: signal(SignalKind::interrupt())?,
        })
    }

    /// The next order for the worker.
    async fn next(&mut self) -> u8 {
        loop {
            tokio::select! {
                _ = self.term.recv() => return order::STOP,
                _ = self.hup.recv() => return order::RELOAD,
                _ = self.user1.recv() => return order::USER1,
                _ = self.user2.recv() => return order::USER2,
                _ = self.int.recv() => {}
            }
        }
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
    fn new(options: &'a StartOptions, starter: Option<OwnedFd>) -> io::Result<Self> {
        Ok(Self {
            options,
            starter,
            signals: Signals::new()?,
            executor: start_executor(options)?,
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
                    self.executor = start_executor(self.options)?;
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
        let _ = linux::memory::release_file_pages();
    }

    fn start_worker(&self) -> io::Result<Worker> {
        let (mine, theirs) = message_pair()?;
        let process = command("internal-worker", self.options)?
            .process_group(0)
            .stdin(Stdio::from(theirs))
            .stdout(Stdio::from(self.executor.socket.try_clone()?))
            .spawn()?;
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

fn start_executor(options: &StartOptions) -> io::Result<Executor> {
    let (mine, theirs) = message_pair()?;
    let process = command("internal-executor", options)?
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
