//! The first process of a lab host: names it, gives it its own files, buries its dead, answers
//! datagrams on port 7, and ends the host when the lab lets go of it.

use anyhow::{Context, Result};
use rustix::mount::{MountFlags, mount};
use rustix::process::{WaitOptions, wait};
use serde::{Deserialize, Serialize};
use std::ffi::CString;
use std::fs;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The port each host echoes on, with its name as the answer.
pub(crate) const ECHO_PORT: u16 = 7;

/// How often the first process of a host without children looks for some.
const IDLE: Duration = Duration::from_millis(20);

/// What a host is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// What `uname -n` prints.
    pub(crate) name: String,
    /// Its writable layers: `etc`, `usr`, `var` and `tmp`. They survive a power cut.
    pub(crate) layers: PathBuf,
    /// A tree of foreign programs laid over the file system, if the host has one.
    pub(crate) programs: Option<PathBuf>,
    /// The kernel's way to keep overlay marks where we are not root outside.
    pub(crate) user_xattr: bool,
}

/// The directories a host has to itself; the rest is the machine's own.
pub(crate) const LAYERED: [&str; 4] = ["etc", "usr", "var", "tmp"];

/// `lab init SPEC`: never returns while the host lives.
///
/// # Errors
/// When the host can't be set up; the message goes to the lab through standard error.
pub(crate) fn run(spec_file: &Path) -> Result<()> {
    let text = fs::read(spec_file).context("cannot read the host's description")?;
    let spec: Spec = serde_json::from_slice(&text).context("cannot read the host's description")?;
    rustix::system::sethostname(spec.name.as_bytes()).context("cannot set the host's name")?;
    for dir in LAYERED {
        overlay(&spec, dir).with_context(|| format!("cannot lay the host's own /{dir}"))?;
    }
    mount("run", "/run", "tmpfs", MountFlags::empty(), Some(c"mode=755"))
        .context("cannot give the host its own /run")?;
    for dir in ["heartbeat", "heartbeat/ccm", "heartbeat/crm", "resource-agents", "lock"] {
        fs::create_dir_all(Path::new("/run").join(dir))?;
    }
    let echo = UdpSocket::bind(("0.0.0.0", ECHO_PORT)).context("cannot listen on the echo port")?;
    std::thread::spawn(move || answer(&echo, spec.name.as_bytes()));
    std::thread::spawn(bury);
    println!("ready");
    std::io::stdout().flush()?;
    let mut rest = [0_u8; 64];
    while std::io::stdin().read(&mut rest).is_ok_and(|n| n > 0) {}
    Ok(())
}

fn overlay(spec: &Spec, dir: &str) -> Result<()> {
    let upper = spec.layers.join(dir);
    let work = spec.layers.join(format!("{dir}.work"));
    fs::create_dir_all(&upper)?;
    fs::create_dir_all(&work)?;
    let target = format!("/{dir}");
    let foreign = spec.programs.as_ref().map(|tree| tree.join(dir)).filter(|tree| tree.is_dir());
    let mut lower = foreign.map_or_else(String::new, |tree| format!("{}:", tree.display()));
    lower.push_str(&target);
    let mut options =
        format!("lowerdir={lower},upperdir={},workdir={}", upper.display(), work.display());
    if spec.user_xattr {
        options.push_str(",userxattr");
    }
    let options = CString::new(options).context("a path with a NUL in it")?;
    mount("overlay", target.as_str(), "overlay", MountFlags::empty(), Some(options.as_c_str()))?;
    Ok(())
}

fn answer(echo: &UdpSocket, name: &[u8]) {
    let mut datagram = [0_u8; 64];
    loop {
        if let Ok((_, from)) = echo.recv_from(&mut datagram) {
            // A client that is gone again is its own affair.
            echo.send_to(name, from).ok();
        }
    }
}

/// Processes whose parents ended become ours; without this they would stay as zombies, and
/// whoever waits for a daemon to be gone would wait for ever.
fn bury() {
    loop {
        if wait(WaitOptions::empty()).is_err() {
            std::thread::sleep(IDLE);
        }
    }
}
