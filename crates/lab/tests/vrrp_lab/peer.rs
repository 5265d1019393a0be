//! Whose daemon a host has, and where it comes from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Debian's packages of the real one and what it needs beyond a base system.
const PACKAGES: [&str; 8] = [
    "keepalived",
    "libnftnl11",
    "libnl-3-200",
    "libnl-genl-3-200",
    "libpci3",
    "libsnmp-base",
    "libsnmp40",
    "libwrap0",
];
/// Where its libraries are in the unpacked tree.
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

/// Whose daemon a host has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Maker {
    /// This product.
    Ours,
    /// Debian's keepalived.
    Real,
}

impl Maker {
    /// The program; or why there is none.
    pub(crate) fn program(self) -> Result<PathBuf, String> {
        match self {
            Self::Ours => lab::handover_program().map_err(|error| format!("{error:#}")),
            Self::Real => Ok(tree()?.join("usr/sbin/keepalived")),
        }
    }

    /// What puts it on a host's path.
    pub(crate) fn links(self) -> String {
        let program = self.program().expect("was asked before");
        format!("ln -s {} /run/bin/keepalived", program.display())
    }

    /// What it needs to run.
    pub(crate) fn environment(self, command: &mut Command) {
        if let (Self::Real, Ok(tree)) = (self, tree()) {
            let path = LIBRARIES.map(|dir| tree.join(dir).display().to_string()).join(":");
            command.env("LD_LIBRARY_PATH", path);
        }
    }
}

/// The unpacked packages, fetched on the first call.
fn tree() -> Result<PathBuf, String> {
    static TREE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    TREE.get_or_init(fetched).clone()
}

fn fetched() -> Result<PathBuf, String> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers-keepalived");
    let root = base.join("root");
    if root.join("usr/sbin/keepalived").exists() {
        return root.canonicalize().map_err(|error| error.to_string());
    }
    // Unpacked beside and moved, so that two tests that start at once don't meet.
    let work = base.join(format!("work-{}", std::process::id()));
    fs::create_dir_all(work.join("root")).map_err(|error| error.to_string())?;
    let mut download = Command::new("apt-get");
    download.args(["download", "-q"]).args(PACKAGES).current_dir(&work);
    run(&mut download)?;
    for entry in fs::read_dir(&work).map_err(|error| error.to_string())?.flatten() {
        if entry.path().extension().is_some_and(|end| end == "deb") {
            run(Command::new("dpkg").arg("-x").arg(entry.path()).arg(work.join("root")))?;
        }
    }
    if !root.exists() {
        fs::rename(work.join("root"), &root).map_err(|error| error.to_string())?;
    }
    fs::remove_dir_all(&work).ok();
    root.canonicalize().map_err(|error| error.to_string())
}

fn run(command: &mut Command) -> Result<Output, String> {
    let name = command.get_program().display().to_string();
    match command.output() {
        Ok(output) if output.status.success() => Ok(output),
        Ok(output) => {
            let words = String::from_utf8_lossy(&output.stderr);
            Err(format!("{name} can't get the real keepalived: {}", words.trim()))
        }
        Err(error) => {
            Err(format!("{name} can't be run, and the real keepalived not be got: {error}"))
        }
    }
}
