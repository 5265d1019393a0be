//! The ancestors' programs, and FRR's: Debian's packages, fetched by the system's own
//! `apt-get download` and unpacked under `target/peers…`. Nothing is installed, no maintainer script runs.

use anyhow::{Context, Result, bail, ensure};
use sim::scenario::Script;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Someone else's daemon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// Heartbeat 3.0.6.
    Heartbeat,
    /// keepalived 2.2.7.
    Keepalived,
    /// FRR's zebra and vrrpd.
    Frr,
}

/// Packages Heartbeat's closure names and the lab has no use for: they configure or convert an
/// installed system, or are one of two alternatives.
const NOT_NEEDED: [&str; 3] = ["cdebconf", "usrmerge", "inetutils-ping"];

/// keepalived and what it needs beyond a base system: its closure has half a desktop in it.
const KEEPALIVED_PACKAGES: [&str; 10] = [
    "keepalived",
    "libglib2.0-0",
    "libkmod2",
    "libnftnl11",
    "libnl-3-200",
    "libnl-genl-3-200",
    "libpci3",
    "libsnmp-base",
    "libsnmp40",
    "libwrap0",
];

/// FRR and what it needs beyond a base system.
const FRR_PACKAGES: [&str; 9] = [
    "frr",
    "libyang2",
    "libc-ares2",
    "libcap2",
    "libelf1",
    "libjson-c5",
    "libpcre2-8-0",
    "libprotobuf-c1",
    "libreadline8",
];

/// Where scripts of a scenario find the ancestor's programs, whosever daemon runs there.
pub(crate) const SHOWN_AT: &str = "/usr/local/lib/ancestor";

/// True if this script of a scenario starts programs of the ancestor.
pub(crate) fn are_named_in(script: &Script) -> bool {
    script.lines.iter().any(|line| line.contains(SHOWN_AT))
}

/// Written last; its content is the list of unpacked packages.
const STAMP: &str = "unpacked";

/// Where Heartbeat's files are, fetching them on the first call.
///
/// # Errors
/// One sentence that says what is missing and how to get it.
pub fn ensure() -> Result<PathBuf> {
    Peer::Heartbeat.ensure()
}

impl Peer {
    /// What people call it.
    const fn name(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::Keepalived => "keepalived",
            Self::Frr => "frr",
        }
    }

    /// Its directory below `target`.
    const fn folder(self) -> &'static str {
        match self {
            Self::Heartbeat => "peers",
            Self::Keepalived => "peers-keepalived",
            Self::Frr => "peers-frr",
        }
    }

    /// Where its files are, fetching them on the first call.
    ///
    /// # Errors
    /// One sentence that says what is missing and how to get it.
    pub fn ensure(self) -> Result<PathBuf> {
        let base = target_dir()?.join(self.folder());
        let root = base.join("root");
        if base.join(STAMP).exists() {
            return Ok(root);
        }
        for tool in ["apt-get", "apt-cache", "dpkg"] {
            if !tool_exists(tool) {
                bail!(
                    "the real {} comes from Debian's archive, and `{tool}` is not here: run the \
                     pairs with real nodes on Debian 12",
                    self.name()
                );
            }
        }
        // Unpacked beside and moved, so that two labs that start at once don't meet.
        let work = base.join(format!("work-{}", std::process::id()));
        fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
        let fetched = self.fetch(&work);
        let done = fetched.and_then(|packages| {
            if root.exists() && !base.join(STAMP).exists() {
                // Left by whoever was interrupted.
                fs::rename(&root, work.join("old")).context("cannot move what is there")?;
            }
            if !root.exists() {
                fs::rename(work.join("root"), &root)
                    .context("cannot move the unpacked packages")?;
            }
            fs::write(base.join(STAMP), packages.join("\n")).context("cannot write the stamp")
        });
        fs::remove_dir_all(&work).ok();
        done.map(|()| root)
    }

    /// What is unpacked: what this machine has already is left out.
    fn packages(self) -> Result<Vec<String>> {
        let all: &[&str] = match self {
            Self::Heartbeat => return closure(self.name()),
            Self::Keepalived => &KEEPALIVED_PACKAGES,
            Self::Frr => &FRR_PACKAGES,
        };
        let missing = all.iter().filter(|name| **name == self.name() || !installed(name));
        Ok(missing.map(|&name| name.to_owned()).collect())
    }

    fn fetch(self, work: &Path) -> Result<Vec<String>> {
        let packages = self.packages()?;
        let debs = work.join("debs");
        let root = work.join("root");
        fs::create_dir_all(&debs)?;
        fs::create_dir_all(&root)?;
        let mut download = Command::new("apt-get");
        download.args(["download", "-q"]).args(&packages).current_dir(&debs);
        output(&mut download).with_context(|| {
            format!(
                "cannot download Debian's {} and what it needs; with a network connection, \
                 `apt-get update` refreshes the list of packages",
                self.name()
            )
        })?;
        for entry in fs::read_dir(&debs)? {
            let deb = entry?.path();
            output(Command::new("dpkg").arg("-x").arg(&deb).arg(&root))?;
        }
        join_usr(&root)?;
        Ok(packages)
    }
}

/// The build's `target` directory: above this program, or the current directory's.
pub(crate) fn target_dir() -> Result<PathBuf> {
    if let Some(dir) = std::env::var_os("HANDOVER_PEERS_TARGET") {
        return Ok(dir.into());
    }
    let exe = std::env::current_exe().context("cannot find this program's own file")?;
    let above = exe.ancestors().find(|dir| dir.file_name().is_some_and(|name| name == "target"));
    Ok(above.map_or_else(|| PathBuf::from("target"), Path::to_path_buf))
}

/// A package and those of its dependencies that this host does not have already.
fn closure(package: &str) -> Result<Vec<String>> {
    let mut depends = Command::new("apt-cache");
    depends.args(["depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts"]);
    depends.args(["--no-breaks", "--no-replaces", "--no-enhances", package]);
    let listed = output(&mut depends)?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let named: BTreeSet<&str> =
        text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())).collect();
    ensure!(
        named.contains(package),
        "apt knows no package `{package}`: run `apt-get update` on Debian 12"
    );
    let wanted = named.into_iter().filter(|name| !NOT_NEEDED.contains(name));
    Ok(wanted.filter(|name| !installed(name)).map(str::to_owned).collect())
}

fn installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["-W", "-f", "${db:Status-Abbrev}", package]);
    query.output().is_ok_and(|output| output.stdout.starts_with(b"ii"))
}

/// Some packages still name `/bin`, `/sbin` and `/lib`, which are links into `/usr` on the host.
fn join_usr(root: &Path) -> Result<()> {
    for old in ["bin", "sbin", "lib"] {
        let from = root.join(old);
        if from.is_dir() {
            let to = root.join("usr").join(old);
            fs::create_dir_all(&to)?;
            output(Command::new("cp").arg("-a").arg(from.join(".")).arg(&to))?;
            fs::remove_dir_all(&from)?;
        }
    }
    Ok(())
}

/// True when a program of this name is on the path.
pub(crate) fn tool_exists(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|dir| dir.join(name).is_file())
}

/// Runs a program to its end; its own last words are the error.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    let shown = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("cannot run {shown}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("{shown} failed ({}): {}", output.status, words.trim());
    }
    Ok(output)
}
