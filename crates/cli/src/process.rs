//! The running daemon as a process: the pid file, whether it still means us, and ending it.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// The daemon's pid file, the ancestor's path and form (`docs/ancestors/heartbeat.md §5.5`).
pub(crate) const PID_FILE: &str = "/run/heartbeat.pid";

/// Names under which the daemon's program may lie on disk.
const PROGRAMS: [&str; 2] = ["handover", "heartbeat"];

/// What the pid file says.
#[derive(Debug)]
pub(crate) enum Running {
    /// There is none.
    No,
    /// It names a process that is gone, or is another program. The ancestor leaves its file
    /// behind after every stop.
    Stale,
    /// It runs.
    Yes(Daemon),
}

/// A running daemon, held by a descriptor, so that its number can't come to mean another process.
#[derive(Debug)]
pub(crate) struct Daemon {
    /// Its process id.
    pub pid: i32,
    fd: OwnedFd,
}

/// Reads the pid file and looks at the process it names.
pub(crate) fn find(pid_file: &Path) -> Running {
    let Ok(text) = fs::read_to_string(pid_file) else { return Running::No };
    let pid = text.trim().parse::<i32>().ok().and_then(Pid::from_raw);
    // The descriptor first: what we look at after it is the process we hold.
    let held = pid.and_then(|pid| Some((pid, pidfd_open(pid, PidfdFlags::empty()).ok()?)));
    match held {
        Some((pid, fd)) if is_ours(pid.as_raw_pid()) => {
            Running::Yes(Daemon { pid: pid.as_raw_pid(), fd })
        }
        _ => Running::Stale,
    }
}

/// Whether a process is a heartbeat daemon: the same file as ours, or a file of that name (after
/// an upgrade the running one is a deleted file); by its short name where we may not look.
fn is_ours(pid: i32) -> bool {
    let exe = format!("/proc/{pid}/exe");
    match fs::read_link(&exe) {
        Ok(path) => {
            let path = path.to_string_lossy();
            let path = path.strip_suffix(" (deleted)").unwrap_or(&path);
            let name = Path::new(path).file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| PROGRAMS.contains(&&*name))
                || matches!((inode(&exe), inode("/proc/self/exe")), (Some(a), Some(b)) if a == b)
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fs::read_to_string(format!("/proc/{pid}/comm"))
                .is_ok_and(|comm| PROGRAMS.contains(&comm.trim()))
        }
        Err(_) => false,
    }
}

fn inode(path: &str) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

impl Daemon {
    /// Asks it to stop, handing over first.
    ///
    /// # Errors
    /// When we may not; a process that has just gone is no error.
    pub(crate) fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Asks it to read its configuration again.
    ///
    /// # Errors
    /// When we may not.
    pub(crate) fn reload(&self) -> io::Result<()> {
        self.signal(Signal::HUP)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.fd, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until it is gone, for as long as its scripts need.
    ///
    /// # Errors
    /// When the kernel refuses to wait.
    pub(crate) fn wait(&self) -> io::Result<()> {
        loop {
            let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_of_another_program_is_stale_and_our_own_runs() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("pid");
        assert!(matches!(find(&file), Running::No));
        let own = std::process::id();
        fs::write(&file, format!("{own:10}\n")).expect("write");
        assert!(matches!(find(&file), Running::Yes(daemon) if daemon.pid.unsigned_abs() == own));
        fs::write(&file, "not a number\n").expect("write");
        assert!(matches!(find(&file), Running::Stale));
        fs::write(&file, format!("{:10}\n", i32::MAX)).expect("write");
        assert!(matches!(find(&file), Running::Stale));
    }

    #[test]
    fn a_terminated_process_is_waited_for() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a pid");
        let fd = pidfd_open(pid, PidfdFlags::empty()).expect("pidfd");
        let daemon = Daemon { pid: pid.as_raw_pid(), fd };
        daemon.terminate().expect("term");
        daemon.wait().expect("wait");
        assert!(!child.wait().expect("status").success());
    }
}
