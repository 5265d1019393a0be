//! Hosts of the guest: a network namespace each, joined by one bridge. Everything that needs no
//! process of its own (servers, clients, looking) is a thread of this program that steps into a
//! host, for a process costs an emulated processor dearly.

use crate::peers::output;
use anyhow::{Context, Result, anyhow, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often something that is waited for is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A host: its name, and what is said to `ip` about its interface `eth0`.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    name: String,
}

impl Host {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Does something in the host's network.
    ///
    /// # Errors
    /// What the work says, or that the host is gone.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        let stepped = || {
            self.step_in()?;
            work()
        };
        std::thread::scope(|scope| scope.spawn(stepped).join())
            .map_err(|_| anyhow!("a thread on {} panicked", self.name))?
    }

    /// Moves the calling thread into the host's network, for good.
    ///
    /// # Errors
    /// When there is no such host.
    pub(crate) fn step_in(&self) -> Result<()> {
        let path = format!("/run/netns/{}", self.name);
        let space = File::open(&path).with_context(|| format!("there is no host {}", self.name))?;
        move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network))
            .with_context(|| format!("cannot step into {}", self.name))
    }

    /// What a command on the host writes.
    ///
    /// # Errors
    /// When it can't be started or fails.
    pub(crate) fn run(&self, words: &[&str]) -> Result<String> {
        self.inside(|| {
            let (first, rest) = words.split_first().context("no command")?;
            let output = output(Command::new(first).args(rest))?;
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        })
    }

    /// Has `ip` run a script on the host.
    ///
    /// # Errors
    /// What `ip` says.
    pub(crate) fn ip(&self, script: &str) -> Result<()> {
        self.inside(|| ip(script)).with_context(|| format!("on {}", self.name))
    }

    /// The same for IPv6, where the words alone don't tell.
    ///
    /// # Errors
    /// What `ip` says.
    pub(crate) fn ip6(&self, script: &str) -> Result<()> {
        self.inside(|| batch(&["-6", "-batch", "-"], script))
            .with_context(|| format!("on {}", self.name))
    }

    /// Sets kernel parameters of the host: `net/ipv4/ip_forward` and the like.
    ///
    /// # Errors
    /// When there is no such parameter.
    pub(crate) fn sysctl(&self, settings: &[(&str, &str)]) -> Result<()> {
        self.inside(|| {
            for (name, value) in settings {
                let path = format!("/proc/thread-self/root/proc/sys/{name}");
                std::fs::write(&path, value).with_context(|| format!("cannot set {name}"))?;
            }
            Ok(())
        })
    }

    /// The kernel's virtual servers, as it shows them itself; nothing before its module is loaded.
    ///
    /// # Errors
    /// When the host is gone.
    pub(crate) fn table(&self) -> Result<String> {
        self.inside(|| {
            Ok(std::fs::read_to_string("/proc/thread-self/net/ip_vs").unwrap_or_default())
        })
    }
}

/// The bridge.
pub(crate) const BRIDGE: &str = "lab0";

/// Makes the bridge.
///
/// # Errors
/// What `ip` says.
pub(crate) fn bridge() -> Result<()> {
    ip(&format!("link add {BRIDGE} type bridge mcast_snooping 0\nlink set {BRIDGE} up\n"))
}

/// Switches hosts on: each with `lo`, and `eth0` in the bridge with these addresses.
///
/// # Errors
/// What `ip` says.
pub(crate) fn hosts(wanted: &[(&str, Vec<String>)]) -> Result<Vec<Host>> {
    let mut outside = String::new();
    for (name, _) in wanted {
        let _ = writeln!(outside, "netns add {name}");
        let _ = writeln!(outside, "link add name {name} type veth peer name eth0 netns {name}");
        let _ = writeln!(outside, "link set dev {name} master {BRIDGE} up");
    }
    ip(&outside)?;
    let mut made = Vec::new();
    for (name, addresses) in wanted {
        let host = Host { name: (*name).to_owned() };
        // Nobody else uses the addresses of IPv6, and nobody waits for that to be found out.
        host.sysctl(&[
            ("net/ipv6/conf/default/accept_dad", "0"),
            ("net/ipv6/conf/eth0/accept_dad", "0"),
        ])?;
        let mut inside = String::from("link set lo up\nlink set eth0 up\n");
        for address in addresses {
            let _ = writeln!(inside, "addr add {address} dev eth0");
        }
        host.ip(&inside)?;
        made.push(host);
    }
    Ok(made)
}

/// Switches hosts off that were switched on by [`hosts`].
pub(crate) fn remove(hosts: &[Host]) -> Result<()> {
    let mut script = String::new();
    for host in hosts {
        let _ = writeln!(script, "link del dev {}", host.name);
        let _ = writeln!(script, "netns del {}", host.name);
    }
    ip(&script)
}

/// Pulls a host's cable, or plugs it in again.
///
/// # Errors
/// What `ip` says.
pub(crate) fn cable(host: &Host, plugged: bool) -> Result<()> {
    ip(&format!("link set dev {} {}\n", host.name, if plugged { "up" } else { "down" }))
}

/// Has `ip` run a script in this thread's network.
pub(crate) fn ip(script: &str) -> Result<()> {
    batch(&["-batch", "-"], script)
}

fn batch(words: &[&str], script: &str) -> Result<()> {
    let mut child = Command::new("ip")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run `ip`: `apt-get install iproute2`")?;
    child.stdin.take().context("ip has no input")?.write_all(script.as_bytes())?;
    let done = child.wait_with_output()?;
    let words = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "ip refused: {}", words.trim());
    Ok(())
}

/// Waits until something is so, for at most `limit`.
pub(crate) fn wait_for(limit: Duration, mut so: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + limit;
    loop {
        if so() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(LOOK);
    }
}
