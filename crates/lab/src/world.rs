//! The lab's own world: this program, started again as the first process of fresh namespaces.
//!
//! Everything the lab makes (hosts, networks, mounts, daemons) lives in there. When the first
//! process ends, for whatever reason, the kernel ends all of it; nothing has to be cleaned up. The
//! outer process holds a pipe to the inner one, which leaves when that pipe closes, so that even
//! `kill -9` of the lab takes its world along.

use crate::peers::tool_exists;
use anyhow::{Context, Result, bail};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where the lab keeps its hosts' files: on a file system in memory, seen in this world only.
pub(crate) const WORK: &str = "/run/lab";

/// Tells whether the world's user is root outside as well.
const ROOT_FLAG: &str = "HANDOVER_LAB_ROOT";

/// What the lab needs from the system beside the kernel, and Debian's name for it.
const TOOLS: [(&str, &str); 5] = [
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("mount", "mount"),
    ("ip", "iproute2"),
    ("bridge", "iproute2"),
];

/// Why no lab can be built here, in one sentence that says how to change that.
pub fn missing() -> Option<String> {
    for (tool, package) in TOOLS {
        if !tool_exists(tool) {
            return Some(format!(
                "the lab needs `{tool}`, which is not installed here: `apt-get install {package}`"
            ));
        }
    }
    if !Command::new("unshare")
        .args(namespaces())
        .arg("true")
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
    {
        return Some(if is_root() {
            "the lab builds its hosts from namespaces, and this system does not let even root \
             create them: run it outside of this container, or start the container with \
             --privileged"
                .into()
        } else {
            "the lab builds its hosts from namespaces, and this system does not let ordinary users \
             create them: run it as root, or allow it with \
             `sysctl kernel.unprivileged_userns_clone=1`"
                .into()
        });
    }
    None
}

/// True when this process is root outside of the lab, which daemons that change their user need.
pub fn is_root() -> bool {
    match std::env::var(ROOT_FLAG) {
        Ok(flag) => flag == "1",
        Err(_) => rustix::process::geteuid().is_root(),
    }
}

fn namespaces() -> Vec<&'static str> {
    let mut flags = vec!["--fork", "--kill-child", "--pid", "--mount", "--net", "--mount-proc"];
    if !is_root() {
        flags.extend(["--user", "--map-root-user"]);
    }
    flags
}

/// A command that runs `lab WORDS` as the first process of a new world.
///
/// # Errors
/// When this program's own file can't be found, or [`missing`] has something to say.
pub(crate) fn command(words: &[&str]) -> Result<Command> {
    if let Some(sentence) = missing() {
        bail!(sentence);
    }
    let mut command = Command::new("unshare");
    command.args(namespaces()).arg("--").arg(own_program()?).args(["lab", "inside"]).args(words);
    command.env(ROOT_FLAG, if is_root() { "1" } else { "0" });
    command.stdin(Stdio::piped());
    Ok(command)
}

/// Runs `lab WORDS` in a new world, its output on ours, and returns its exit code.
///
/// # Errors
/// When no world can be made here.
pub(crate) fn run(words: &[&str]) -> Result<i32> {
    let mut child = command(words)?.spawn().context("cannot start unshare")?;
    // Held open until the world ends: its closing is what tells the world that we are gone.
    let _lifeline = child.stdin.take();
    let status = child.wait().context("cannot wait for the lab's world")?;
    Ok(status.code().unwrap_or(1))
}

/// Called first inside: leaves when the lifeline closes, and gives the world its file system.
///
/// # Errors
/// When the file system can't be mounted.
pub(crate) fn settle() -> Result<()> {
    std::thread::spawn(|| {
        let mut rest = [0_u8; 64];
        while std::io::stdin().read(&mut rest).is_ok_and(|n| n > 0) {}
        std::process::exit(1);
    });
    crate::peers::output(
        Command::new("mount").args(["-t", "tmpfs", "-o", "mode=755", "lab", "/run"]),
    )?;
    std::fs::create_dir_all(WORK).with_context(|| format!("cannot create {WORK}"))?;
    crate::peers::output(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    Ok(())
}

/// A program that hands the words `lab …` to [`crate::main`], which the lab starts as the first
/// process of its world and its hosts: this one, if it is `handover` or this crate's own test; for
/// others, such as the repository's tools, `handover`.
///
/// # Errors
/// When `/proc` doesn't tell our own name, or `handover` can't be found.
pub(crate) fn own_program() -> Result<PathBuf> {
    let own = this_program()?;
    let name = own.file_name().unwrap_or_default().to_string_lossy();
    if name == "handover" || name.starts_with("scenarios-") {
        return Ok(own);
    }
    handover_program()
}

fn this_program() -> Result<PathBuf> {
    std::env::current_exe().context("cannot find this program's own file")
}

/// The `handover` program that "ours" means: `HANDOVER_BIN`, this program if it is one, or the one
/// that was built beside it.
///
/// # Errors
/// One sentence that says how to get it.
pub fn handover_program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("HANDOVER_BIN") {
        let path = PathBuf::from(path);
        return path.canonicalize().with_context(|| {
            format!("HANDOVER_BIN names {}, which can't be used", path.display())
        });
    }
    let own = this_program()?;
    if own.file_name().is_some_and(|name| name == "handover") {
        return Ok(own);
    }
    let beside = own.ancestors().skip(1).take(2).map(|dir| dir.join("handover"));
    beside.into_iter().find(|path| path.is_file()).context(
        "there is no `handover` program beside the tests: `cargo build -p handover`, or name one \
         in HANDOVER_BIN",
    )
}
