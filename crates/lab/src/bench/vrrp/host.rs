//! A daemon on a host: started in a process, mount and host-name space of its own, killed with
//! everything in it, stopped in good order, and looked at.

use super::net::{Net, Seat};
use super::peer;
use crate::world;
use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use sim::scenario::Maker;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where a host sees its directory of the lab.
const SEEN_AT: &str = "/mnt";
/// Longest that a daemon may take to be there, or to be gone.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether it is.
const LOOK: Duration = Duration::from_millis(2);

/// One run of a daemon.
pub(super) struct Host {
    /// `unshare`, whose only child is the first process of the host's spaces.
    shell: Child,
    /// That first process.
    first: u32,
}

/// What the processes of a daemon have used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Usage {
    /// Time on a CPU.
    pub(super) cpu: Duration,
    /// Resident memory, in KiB, summed over the processes.
    pub(super) resident: u64,
}

/// The directory of a host, as this world sees it.
pub(super) fn directory(seat: Seat) -> PathBuf {
    Path::new(world::WORK).join(seat.letter().to_string())
}

/// Writes a host's configuration.
pub(super) fn configure(seat: Seat, text: &str) -> Result<()> {
    let directory = directory(seat);
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("keepalived.conf"), text).context("cannot write a configuration")
}

/// A path in a host's directory, as its scripts see it.
pub(super) fn seen(name: &str) -> String {
    format!("{SEEN_AT}/{name}")
}

impl Host {
    /// Starts a daemon with the host's configuration and waits until its processes are there.
    pub(super) fn start(net: &Net, seat: Seat, maker: Maker) -> Result<Self> {
        let (program, libraries) = peer::program(maker)?;
        let directory = directory(seat);
        // Without syslog, which no host here has (docs/ancestors/keepalived.md, fact 25).
        let script = format!(
            "set -e\nmount --make-rprivate /\nmount --bind {} {SEEN_AT}\n\
             mount -t tmpfs run /run\nmount -t tmpfs var /var/lib\n\
             mkdir /run/tmp /run/work\n\
             mount -t overlay tmp -o lowerdir=/tmp,upperdir=/run/tmp,workdir=/run/work /tmp\n\
             mount -t sysfs sys /sys || :\nhostname {}\ncd /\n\
             {libraries} keepalived -n -G -f {SEEN_AT}/keepalived.conf >{SEEN_AT}/log 2>&1 &\n\
             wait",
            directory.display(),
            seat.letter(),
        );
        // On a path of its own, because the host's mounts cover most others.
        let path = directory.join("bin");
        fs::create_dir_all(&path)?;
        let link = path.join("keepalived");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&program, link)?;
        let net_of = format!("--net=/proc/{}/ns/net", net.place(seat).pid());
        let shell = Command::new("nsenter")
            .args([net_of.as_str(), "--", "unshare", "--mount", "--pid", "--uts", "--ipc"])
            .args(["--fork", "--kill-child", "--mount-proc", "--", "sh", "-c", &script])
            .env_clear()
            .env("PATH", format!("{SEEN_AT}/bin:/usr/sbin:/usr/bin:/sbin:/bin"))
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start a host")?;
        let mut host = Self { shell, first: 0 };
        let until = Instant::now() + PATIENCE;
        while host.processes().is_empty() {
            ensure!(Instant::now() < until, "the daemon did not start: {}", log(seat));
            sleep(LOOK);
            if let Some(first) = children(host.shell.id()).first() {
                host.first = *first;
            }
        }
        Ok(host)
    }

    /// All processes of the daemon, its parent first.
    pub(super) fn processes(&self) -> Vec<u32> {
        let mut all = Vec::new();
        let mut waiting = if self.first == 0 { Vec::new() } else { children(self.first) };
        while let Some(pid) = waiting.pop() {
            waiting.extend(children(pid));
            // Before it becomes the daemon it is the host's shell.
            if fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name == b"keepalived\n") {
                all.push(pid);
            }
        }
        all.sort_unstable();
        all
    }

    /// Sends the daemon's parent a signal.
    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        let parent = *self.processes().first().context("the daemon is gone")?;
        kill_process(pid(parent)?, signal).context("the daemon can't be signalled")
    }

    /// Ends everything at once, as a power cut does.
    pub(super) fn kill(mut self) -> Result<()> {
        kill_process(pid(self.first)?, Signal::KILL).context("the host can't be killed")?;
        self.shell.wait()?;
        Ok(())
    }

    /// Waits until the daemon has ended.
    pub(super) fn ended(mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.shell.try_wait()?.is_none() {
            if Instant::now() >= until {
                bail!("the daemon does not end");
            }
            sleep(LOOK);
        }
        Ok(())
    }

    /// What it has used so far.
    pub(super) fn usage(&self) -> Result<Usage> {
        let mut usage = Usage { cpu: Duration::ZERO, resident: 0 };
        for pid in self.processes() {
            usage.cpu += crate::footprint::cpu(pid)?;
            usage.resident += crate::footprint::resident(pid)?;
        }
        Ok(usage)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // What was killed or has ended is only buried.
        self.shell.kill().ok();
        self.shell.wait().ok();
    }
}

/// The end of what a daemon wrote.
pub(super) fn log(seat: Seat) -> String {
    /// As much as fits an error message.
    const TAIL: usize = 2000;
    let text = fs::read(directory(seat).join("log")).unwrap_or_default();
    String::from_utf8_lossy(&text[text.len().saturating_sub(TAIL)..]).into_owned()
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

fn pid(number: u32) -> Result<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw).context("no such process")
}
