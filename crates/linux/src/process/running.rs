//! A program that runs, and how it ended.

use super::Tail;
use base::Instant;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};
use rustix::time::Timespec;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::Duration;

/// A started program. Dropped while it runs, the program is killed with its whole group.
#[derive(Debug)]
pub struct Running {
    child: Child,
    pid: Pid,
    pidfd: OwnedFd,
    output: OwnedFd,
    tail: Tail,
    reaped: bool,
}

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// What is left of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// How it ended.
    pub exit: Exit,
    /// The last of what it wrote to standard output and standard error.
    pub output: String,
    /// It was stopped because its time was over.
    pub timed_out: bool,
}

impl Running {
    pub(super) fn new(child: Child, output: OwnedFd) -> io::Result<Self> {
        let pid = Pid::from_child(&child);
        rustix::io::ioctl_fionbio(&output, true)?;
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        Ok(Self { child, pid, pidfd, output, tail: Tail::default(), reaped: false })
    }

    /// Its process id, which is also that of its group.
    pub const fn pid(&self) -> Pid {
        self.pid
    }

    /// Readable when the program wrote something: then call [`read_output`](Self::read_output).
    pub fn output_fd(&self) -> BorrowedFd<'_> {
        self.output.as_fd()
    }

    /// Takes in what the program wrote so far, without waiting. False when it has closed its
    /// output and no more can come.
    ///
    /// # Errors
    /// Only what would be a bug here.
    pub fn read_output(&mut self) -> io::Result<bool> {
        // A program that writes faster than this reads doesn't keep us here for ever.
        const ROUNDS: usize = 64;
        let mut buffer = [0; 4096];
        for _ in 0..ROUNDS {
            match rustix::io::read(&self.output, &mut buffer) {
                Ok(0) => return Ok(false),
                Ok(length) => self.tail.push(&buffer[..length]),
                Err(Errno::AGAIN) => return Ok(true),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// How it ended, if it has, without waiting.
    ///
    /// # Errors
    /// Only what would be a bug here.
    pub fn try_wait(&mut self) -> io::Result<Option<Exit>> {
        let status = self.child.try_wait()?;
        self.reaped |= status.is_some();
        Ok(status.map(Exit::read))
    }

    /// Asks the program and its group to end.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Ends the program and its group.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // Until the leader is reaped its number can't belong to anyone else.
        if !self.reaped {
            // Fails only when nobody is left in the group.
            let _ = rustix::process::kill_process_group(self.pid, signal);
        }
    }

    /// Waits for the end of the program, not of daemons it leaves behind. If it isn't over at
    /// `deadline`, its group is asked to end (TERM), and `grace` later made to (KILL).
    ///
    /// # Errors
    /// Only what would be a bug here; the program is killed then.
    pub fn finish(mut self, deadline: Instant, grace: Duration) -> io::Result<Ended> {
        let mut timed_out = !self.wait_until(deadline)?;
        if timed_out {
            self.terminate();
            if !self.wait_until(crate::rt::now() + grace)? {
                self.kill();
                self.wait_until(Instant::from_nanos(u64::MAX))?;
            }
            // The leader may have gone and left children that ignore TERM.
            self.kill();
        }
        let status = self.child.wait()?;
        self.reaped = true;
        self.read_output()?;
        // Ended by itself in the very moment its time was over: it did not time out.
        timed_out &= !status.success();
        Ok(Ended { exit: Exit::read(status), output: self.tail.text(), timed_out })
    }

    /// Takes output in until the program ends (true) or the deadline is reached (false). It is
    /// not reaped yet.
    fn wait_until(&mut self, deadline: Instant) -> io::Result<bool> {
        let mut open = true;
        loop {
            let left = deadline.since(crate::rt::now());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            };
            let mut watched =
                [PollFd::new(&self.pidfd, PollFlags::IN), PollFd::new(&self.output, PollFlags::IN)];
            let count = if open { 2 } else { 1 };
            match poll(&mut watched[..count], Some(&timeout)) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let (ended, wrote) =
                (!watched[0].revents().is_empty(), !watched[1].revents().is_empty());
            if wrote && open {
                open = self.read_output()?;
            }
            if ended {
                return Ok(true);
            }
        }
    }
}

impl AsFd for Running {
    /// Readable when the program has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.reaped && !matches!(self.try_wait(), Ok(Some(_))) {
            self.kill();
            // It was killed, so this doesn't take long; it leaves no zombie.
            let _ = self.child.wait();
        }
    }
}

impl Running {
    /// The last of what it wrote so far.
    pub fn output(&self) -> String {
        self.tail.text()
    }
}

impl Exit {
    fn read(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or(0)),
        }
    }

    /// True for exit code 0.
    pub const fn success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}
