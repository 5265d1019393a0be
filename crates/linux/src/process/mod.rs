//! Running other people's programs: scripts, agents, mail.
//!
//! A program starts with exactly the environment it is given, in a process group of its own, with
//! ordinary scheduling and default signals, and dies with the thread that started it: start
//! programs from a thread that lives. Its output is kept as a [`Tail`]: the last words matter.

mod running;
mod tail;
mod user;

pub use running::{Ended, Exit, Running};
pub use tail::{TAIL_LIMIT, Tail};
pub use user::{Credentials, User, group_id, peer_credentials};

use crate::namespace::{self, Kind};
use rustix::fd::OwnedFd;
use rustix::process::Signal;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// A program to be run.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file. It is not searched for in `PATH`.
    pub path: PathBuf,
    /// Its arguments, without its name.
    pub arguments: Vec<OsString>,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Its working directory.
    pub directory: PathBuf,
    /// Who it runs as; `None`: as we do.
    pub user: Option<User>,
    /// Namespaces to enter first, in this order (a user namespace goes first).
    pub namespaces: Vec<(Kind, Arc<OwnedFd>)>,
}

impl Program {
    /// A program without arguments and environment, in `/`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: "/".into(),
            user: None,
            namespaces: Vec::new(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds a variable.
    #[must_use]
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts the program; standard input is empty, output and errors go into one tail.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied` when the file can't be run or the user not be changed,
    /// `ENOEXEC` for what is no program, out of processes or descriptors.
    pub fn spawn(&self) -> io::Result<Running> {
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0);
        let (user, namespaces) = (self.user.clone(), self.namespaces.clone());
        let parent = rustix::process::getpid();
        let prepare = move || {
            for (kind, namespace) in &namespaces {
                namespace::enter(namespace, *kind)?;
            }
            start_fresh();
            if let Some(user) = &user {
                user.become_it()?;
            }
            // After the change of user, which would take it back (prctl(2)).
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            // The parent may have died before that took effect. From inside a new PID namespace
            // it can't be seen at all.
            match rustix::process::getppid() {
                Some(now) if now != parent => Err(io::ErrorKind::Interrupted.into()),
                _ => Ok(()),
            }
        };
        // SAFETY: runs between fork and exec, makes system calls only, and neither allocates
        // (what it needs was cloned before) nor takes a lock.
        unsafe { command.pre_exec(prepare) };
        let child = command.spawn()?;
        Running::new(child, reader.into())
    }
}

/// Takes back what a child inherits although it shouldn't: signal handling, real-time scheduling
/// and niceness.
fn start_fresh() {
    /// The highest signal number of Linux.
    const LAST_SIGNAL: libc::c_int = 64;
    for signal in 1..=LAST_SIGNAL {
        // SAFETY: only default handling is set. KILL, STOP and the two signals of the C library
        // refuse, which is as well.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    let ordinary = libc::sched_param { sched_priority: 0 };
    // SAFETY: `ordinary` lives through the call; pid 0 is the calling thread. Going back to
    // ordinary scheduling is always allowed.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_OTHER, &raw const ordinary) };
    // Raising a value below 0 is always allowed; a value above 0 was the administrator's wish.
    if rustix::process::getpriority_process(None).is_ok_and(|nice| nice < 0) {
        let _ = rustix::process::setpriority_process(None, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::now;
    use std::time::Duration;

    /// Generous: nothing here takes longer than some milliseconds on a quiet machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Program {
        Program::new("/bin/sh").argument("-c").argument(script)
    }

    fn run(program: &Program) -> Ended {
        program.spawn().expect("starts").finish(now() + PATIENCE, PATIENCE).expect("waits")
    }

    #[test]
    fn a_program_has_the_given_environment_and_nothing_else() {
        let program = Program::new("/usr/bin/env").variable("HA_CURHOST", "node1");
        let ended = run(&program);
        assert_eq!((ended.exit, ended.timed_out), (Exit::Code(0), false));
        assert_eq!(ended.output, "HA_CURHOST=node1\n");
    }

    #[test]
    fn output_and_errors_are_kept_together_and_the_exit_code_told() {
        let ended = run(&shell("echo out; echo err >&2; exit 3"));
        assert_eq!(ended.exit, Exit::Code(3));
        assert_eq!(ended.output, "out\nerr\n");
    }

    #[test]
    fn of_much_output_the_last_is_kept() {
        let ended = run(&shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"));
        assert!(ended.output.len() <= TAIL_LIMIT);
        assert!(ended.output.ends_with("line 19999\n"));
    }

    #[test]
    fn a_program_that_ignores_term_is_killed_with_its_children() {
        let script = "trap '' TERM; (trap '' TERM; echo $$; sleep 1000) & echo ready; wait; wait";
        let running = shell(script).spawn().expect("starts");
        let group = running.pid();
        let started = now();
        let ended = running
            .finish(started + Duration::from_millis(300), Duration::from_millis(100))
            .expect("waits");
        assert!(ended.timed_out);
        assert_eq!(ended.exit, Exit::Signal(libc::SIGKILL));
        assert!(ended.output.contains("ready"), "{}", ended.output);
        // The grandchild was killed too; it is gone as soon as init has reaped it.
        let deadline = now() + PATIENCE;
        let alive = || {
            let list = std::fs::read_dir("/proc").expect("proc");
            list.flatten().any(|entry| {
                let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
                let mut words = stat.rsplit(") ").next().unwrap_or_default().split(' ');
                let (state, pgrp) = (words.next(), words.nth(1));
                state != Some("Z") && pgrp == Some(&group.as_raw_nonzero().to_string())
            })
        };
        while alive() {
            assert!(now() < deadline, "the grandchild lives on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_daemon_left_behind_by_a_script_does_not_hold_it_up() {
        let started = now();
        let ended = run(&shell("sleep 5 & echo $!"));
        assert!(now().since(started) < Duration::from_secs(4), "the pipe's end was waited for");
        assert_eq!(ended.exit, Exit::Code(0));
        let pid: i32 = ended.output.trim().parse().expect("pid");
        let pid = rustix::process::Pid::from_raw(pid).expect("pid");
        rustix::process::kill_process(pid, Signal::KILL).expect("it lives on");
    }

    #[test]
    fn a_child_leads_its_own_group_and_has_ordinary_scheduling() {
        let running = shell("read -r line < /proc/self/stat; echo $line; exec sleep 1000")
            .spawn()
            .expect("starts");
        let pid = running.pid();
        assert_eq!(rustix::process::getpgid(Some(pid)), Ok(pid));
        // SAFETY: a plain query.
        let policy = unsafe { libc::sched_getscheduler(pid.as_raw_nonzero().get()) };
        assert_eq!(policy, libc::SCHED_OTHER);
        running.kill();
        let ended = running.finish(now() + PATIENCE, PATIENCE).expect("waits");
        assert_eq!(ended.exit, Exit::Signal(libc::SIGKILL));
    }

    #[test]
    fn a_program_runs_as_another_user() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: changing the user needs root");
            return;
        }
        let nobody = User::by_name("nobody").expect("asks").expect("exists");
        let mut program = shell("id -u; id -G; : > /handover-test-must-not-exist");
        program.environment.push(("PATH".into(), "/usr/bin:/bin".into()));
        program.user = Some(nobody.clone());
        let ended = run(&program);
        let mut lines = ended.output.lines();
        assert_eq!(lines.next(), Some(nobody.uid.to_string().as_str()));
        assert_eq!(lines.next(), Some(nobody.gid.to_string().as_str()));
        assert_ne!(ended.exit, Exit::Code(0));
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let error = Program::new("/nonexistent/script").spawn().expect_err("missing");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_program_enters_a_network_namespace() {
        crate::testing::in_new_network(|_| {
            let here = namespace::of(None, Kind::Network).expect("own");
            let network = namespace::new_network().expect("unshares");
            drop(here);
            let mut program = shell("wc -l < /proc/net/dev");
            program.environment.push(("PATH".into(), "/usr/bin:/bin".into()));
            program.namespaces.push((Kind::Network, Arc::new(network)));
            let ended = run(&program);
            assert_eq!(ended.exit, Exit::Code(0), "{}", ended.output);
        });
    }
}
