//! The executor: a small process, forked before anything real-time exists, that runs scripts.
//!
//! It has ordinary scheduling, no locked memory and a clean environment, and so has what it
//! starts. One thread does everything: scripts run beside each other, each in its own process
//! group, and their ends are told over a socket that keeps message boundaries. It outlives a
//! worker; the next worker says hello and is answered when nothing of its predecessor runs.

mod client;

pub(crate) use client::{Client, Wanted};

use crate::descriptors::readable;
use linux::process::{Exit, Program, Running, User, group_id};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixDatagram as StdDatagram;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixDatagram;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Longest frame in bytes: an operation's whole environment fits, and so does the socket's buffer.
pub(crate) const FRAME_MAX: usize = 128 << 10;
/// Scripts that may run beside each other; one group's operation, its checks and the clients are
/// far fewer. More are refused, so that a loop can't fill the machine.
const RUNNING_MAX: usize = 64;
/// From TERM to KILL for a script whose time is over.
const GRACE: Duration = Duration::from_secs(5);
/// How long scripts of a dead worker may go on before its successor is answered.
const LEFTOVERS_MAX: Duration = Duration::from_secs(20);
/// Without a timeout of its own an operation may take this long: a year.
const FOR_EVER: Duration = Duration::from_hours(365 * 24);

/// What a worker asks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// A new worker begins; answered by [`Tell::Ready`].
    Hello {
        /// Tells this worker from others.
        epoch: u64,
    },
    /// Run a program; its end is told by [`Tell::Ended`].
    Run(Job),
    /// Ask a running program to end.
    Terminate {
        /// Which.
        id: u64,
    },
}

/// A program to run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Numbers it; never used twice, not by another worker either.
    pub id: u64,
    /// Absolute path and arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Its working directory.
    pub directory: String,
    /// Who it runs as; `None`: root.
    pub user: Option<String>,
    /// Its first group; `None`: the user's.
    pub group: Option<String>,
    /// It is in the user's other groups too.
    pub further_groups: bool,
    /// When it is made to end, in milliseconds; `None`: never.
    pub timeout_ms: Option<u64>,
    /// A client of `respawn`: ended when a new worker says hello.
    pub is_client: bool,
}

/// What the executor tells.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Tell {
    /// Nothing of an earlier worker runs any more.
    Ready {
        /// Which worker asked.
        epoch: u64,
    },
    /// A program ended, or could not be started.
    Ended {
        /// Which.
        id: u64,
        /// How.
        end: End,
    },
}

/// How a program ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct End {
    /// Its exit code; `None` when a signal ended it or it never ran.
    pub code: Option<i32>,
    /// The signal that ended it, or that was to end it when its time was over; `None` for one
    /// that ended by itself or never ran.
    pub signal: Option<i32>,
    /// In words: "exit code 3", "killed by signal 9", "could not be started: …".
    pub how: String,
    /// The last of what it wrote.
    pub output: String,
}

/// Entry of the executor process; standard input is its socket.
pub(crate) fn main() -> ExitCode {
    let run = || -> io::Result<()> {
        let socket = crate::descriptors::take_stdin()?;
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(async { tokio::task::LocalSet::new().run_until(serve(socket)).await })
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("handover: the executor ended: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A descriptor of a message-boundary socket as tokio knows it.
///
/// # Errors
/// When the descriptor can't be watched.
pub(crate) fn datagrams(socket: OwnedFd) -> io::Result<UnixDatagram> {
    let socket = StdDatagram::from(socket);
    socket.set_nonblocking(true)?;
    UnixDatagram::from_std(socket)
}

/// What a program whose time is over is asked with (signal(7)).
const SIGTERM: i32 = 15;

struct Executor {
    socket: UnixDatagram,
    running: RefCell<BTreeMap<u64, Script>>,
    changed: Notify,
}

#[derive(Clone)]
struct Script {
    end_it: Rc<Notify>,
    is_client: bool,
}

/// Serves one socket until the other side is gone.
async fn serve(socket: OwnedFd) -> io::Result<()> {
    // A handler of ours, unlike an ignored signal, is not inherited by scripts.
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::task::spawn_local(async move { while term.recv().await.is_some() {} });
    let executor = Rc::new(Executor {
        socket: datagrams(socket)?,
        running: RefCell::default(),
        changed: Notify::new(),
    });
    let mut buffer = vec![0; FRAME_MAX];
    loop {
        let length = executor.socket.recv(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        // Only our own worker writes here; what can't be read is a bug there, not an attack.
        let ask: Ask = serde_json::from_slice(&buffer[..length]).map_err(io::Error::other)?;
        match ask {
            Ask::Hello { epoch } => {
                tokio::task::spawn_local(Rc::clone(&executor).greet(epoch));
            }
            Ask::Run(job) => executor.start(job),
            Ask::Terminate { id } => {
                if let Some(script) = executor.running.borrow().get(&id) {
                    script.end_it.notify_one();
                }
            }
        }
    }
}

impl Executor {
    async fn greet(self: Rc<Self>, epoch: u64) {
        let leftovers: Vec<u64> = self.running.borrow().keys().copied().collect();
        let is_over = || !leftovers.iter().any(|id| self.running.borrow().contains_key(id));
        let end = |clients_only: bool| {
            for (id, script) in &*self.running.borrow() {
                if leftovers.contains(id) && (script.is_client || !clients_only) {
                    script.end_it.notify_one();
                }
            }
        };
        end(true);
        let give_up = Instant::now() + LEFTOVERS_MAX;
        let mut ended_all = false;
        while !is_over() {
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(give_up), if !ended_all => {
                    ended_all = true;
                    end(false);
                }
            }
        }
        self.tell(&Tell::Ready { epoch }).await;
        // What it took to start is not needed to wait. It is only a saving: failure costs nothing.
        let _ = linux::memory::release_at_rest();
    }

    fn start(self: &Rc<Self>, job: Job) {
        let id = job.id;
        let end_it = Rc::new(Notify::new());
        let started = if self.running.borrow().len() >= RUNNING_MAX {
            Err(format!("{RUNNING_MAX} scripts run already"))
        } else {
            spawn(&job)
        };
        if started.is_ok() {
            let script = Script { end_it: Rc::clone(&end_it), is_client: job.is_client };
            self.running.borrow_mut().insert(id, script);
        }
        let executor = Rc::clone(self);
        tokio::task::spawn_local(async move {
            let end = match started {
                Ok(running) => {
                    let timeout = job.timeout_ms.map_or(FOR_EVER, Duration::from_millis);
                    supervise(running, timeout, &end_it).await
                }
                Err(why) => Ok(End {
                    code: None,
                    signal: None,
                    how: format!("could not be started: {why}"),
                    output: String::new(),
                }),
            };
            let end = end.unwrap_or_else(|error| End {
                code: None,
                signal: None,
                how: format!("could not be watched: {error}"),
                output: String::new(),
            });
            executor.running.borrow_mut().remove(&id);
            executor.tell(&Tell::Ended { id, end }).await;
            executor.changed.notify_waiters();
        });
    }

    async fn tell(&self, tell: &Tell) {
        // Fails when the worker is gone; its successor asks anew.
        if let Ok(frame) = serde_json::to_vec(tell) {
            let _ = self.socket.send(&frame).await;
        }
    }
}

fn spawn(job: &Job) -> Result<Running, String> {
    let path = job.argv.first().ok_or("no program is named")?;
    let user = match (&job.user, &job.group) {
        (None, None) => None,
        (name, group) => {
            let name = name.as_deref().unwrap_or("root");
            let user = User::by_name(name)
                .map_err(|error| format!("user {name} can't be looked up: {error}"))?
                .ok_or_else(|| format!("there is no user {name}"))?;
            Some(in_group(user, group.as_deref(), job.further_groups)?)
        }
    };
    let mut program = Program::new(path);
    program.arguments = job.argv.iter().skip(1).map(Into::into).collect();
    program.environment =
        job.environment.iter().map(|(name, value)| (name.into(), value.into())).collect();
    program.directory = job.directory.clone().into();
    program.user = user;
    program.spawn().map_err(|error| error.to_string())
}

/// The user with that group as its first one, if a group is named, and with its others if they are
/// wanted.
fn in_group(mut user: User, group: Option<&str>, further: bool) -> Result<User, String> {
    if let Some(name) = group {
        let gid = group_id(name)
            .map_err(|error| format!("group {name} can't be looked up: {error}"))?
            .ok_or_else(|| format!("there is no group {name}"))?;
        user.gid = gid;
        user.groups.insert(0, gid);
    }
    if !further {
        user.groups = vec![user.gid];
    }
    Ok(user)
}

/// Waits for the end of a script, not of daemons it leaves behind; those keep a reader for what
/// they write, for a closed pipe would kill them.
async fn supervise(mut running: Running, timeout: Duration, end_it: &Notify) -> io::Result<End> {
    let ended = readable(running.as_fd().try_clone_to_owned()?)?;
    let output = readable(running.output_fd().try_clone_to_owned()?)?;
    let mut deadline = Instant::now() + timeout;
    let (mut listening, mut terminated, mut timed_out) = (true, false, false);
    loop {
        tokio::select! {
            gone = ended.readable() => {
                gone?.retain_ready();
                break;
            }
            wrote = output.readable(), if listening => {
                let mut guard = wrote?;
                listening = running.read_output()?;
                guard.clear_ready();
            }
            () = end_it.notified(), if !terminated => {
                terminated = true;
                running.terminate();
                deadline = Instant::now() + GRACE;
            }
            () = sleep_until(deadline) => {
                timed_out |= !terminated;
                if terminated {
                    running.kill();
                } else {
                    running.terminate();
                }
                terminated = true;
                deadline = Instant::now() + GRACE;
            }
        }
    }
    listening = listening && running.read_output()?;
    let exit = running.try_wait()?;
    if listening {
        tokio::task::spawn_local(swallow(output));
    }
    let how = match exit {
        Some(exit) if timed_out => format!("took longer than {} s ({exit})", timeout.as_secs()),
        Some(exit) => exit.to_string(),
        None => "vanished".to_owned(),
    };
    let code = match exit {
        Some(Exit::Code(code)) if !timed_out => Some(code),
        _ => None,
    };
    let signal = match exit {
        Some(Exit::Signal(signal)) => Some(signal),
        _ => timed_out.then_some(SIGTERM),
    };
    Ok(End { code, signal, how, output: running.output() })
}

/// Reads until everyone who may write is gone.
async fn swallow(output: AsyncFd<OwnedFd>) {
    let mut buffer = [0; 1024];
    while let Ok(mut guard) = output.readable().await {
        match rustix::io::read(output.get_ref().as_fd(), &mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(rustix::io::Errno::AGAIN) => guard.clear_ready(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An executor task and a client, in one thread.
    async fn with_executor<F: Future<Output = ()>>(test: impl FnOnce(Rc<Client>) -> F) {
        tokio::task::LocalSet::new()
            .run_until(async {
                let (here, there) = crate::descriptors::message_pair().unwrap();
                let serving = tokio::task::spawn_local(serve(there));
                let client = Client::new(here, 1).unwrap();
                let listening = tokio::task::spawn_local(Rc::clone(&client).listen());
                test(client).await;
                listening.abort();
                serving.abort();
            })
            .await;
    }

    fn shell(script: &str) -> Wanted {
        Wanted {
            argv: vec!["/bin/sh".into(), "-c".into(), script.into()],
            environment: BTreeMap::from([("HA_x".into(), "y z".into())]),
            timeout: Duration::from_secs(20),
        }
    }

    #[tokio::test]
    async fn a_script_gets_its_environment_and_its_end_and_last_words_come_back() {
        with_executor(|client| async move {
            let end = client.run(shell("echo \"$HA_x\"; exit 3")).await;
            assert_eq!((end.code, end.output.trim()), (Some(3), "y z"));
        })
        .await;
    }

    #[tokio::test]
    async fn scripts_run_beside_each_other() {
        with_executor(|client| async move {
            let dir = tempfile::tempdir().unwrap();
            let gate = dir.path().join("gate");
            let gate = gate.display();
            let (waits, opens) = tokio::join!(
                client.run(shell(&format!("until [ -e {gate} ]; do sleep 0.01; done"))),
                client.run(shell(&format!("touch {gate}"))),
            );
            assert_eq!((waits.code, opens.code), (Some(0), Some(0)));
        })
        .await;
    }

    #[tokio::test]
    async fn a_missing_program_is_an_end_that_says_so() {
        with_executor(|client| async move {
            let mut wanted = shell("");
            wanted.argv = vec!["/nonexistent/script".into(), "start".into()];
            let end = client.run(wanted).await;
            assert_eq!((end.code, end.signal), (None, None));
            assert!(end.how.contains("could not be started"), "{}", end.how);
        })
        .await;
    }

    #[tokio::test]
    async fn a_script_whose_time_is_over_is_ended_and_has_no_exit_code() {
        with_executor(|client| async move {
            let mut wanted = shell("sleep 1000");
            wanted.timeout = Duration::from_millis(50);
            let end = client.run(wanted).await;
            assert_eq!((end.code, end.signal), (None, Some(SIGTERM)));
            assert!(end.how.contains("took longer"), "{}", end.how);
        })
        .await;
    }

    #[tokio::test]
    async fn a_daemon_left_behind_does_not_hold_its_script_up() {
        with_executor(|client| async move {
            let end = client.run(shell("(sleep 5; echo late) & echo started")).await;
            assert_eq!((end.code, end.output.trim()), (Some(0), "started"));
        })
        .await;
    }

    #[tokio::test]
    async fn the_next_worker_is_answered_when_the_clients_of_the_last_are_gone() {
        tokio::task::LocalSet::new()
            .run_until(async {
                let (here, there) = crate::descriptors::message_pair().unwrap();
                let again = here.try_clone().unwrap();
                tokio::task::spawn_local(serve(there));
                let first = Client::new(here, 1).unwrap();
                let listening = tokio::task::spawn_local(Rc::clone(&first).listen());
                let mut job = Job {
                    id: 0,
                    argv: vec!["/bin/sleep".into(), "1000".into()],
                    environment: BTreeMap::new(),
                    directory: "/".into(),
                    user: None,
                    group: None,
                    further_groups: true,
                    timeout_ms: None,
                    is_client: true,
                };
                let _ = first.begin(job.clone()).await;
                listening.abort();
                let _ = listening.await;
                let second = Client::new(again, 1000).unwrap();
                tokio::task::spawn_local(Rc::clone(&second).listen());
                job.argv = vec!["/bin/true".into()];
                let (id, end) = second.begin(job).await;
                assert!(id > 1000);
                assert_eq!(end.await.code, Some(0));
            })
            .await;
    }
}
