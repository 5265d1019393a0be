//! Whose daemon a host has, and where it comes from.

use lab::peers::Peer;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Where its libraries are in the unpacked tree.
const LIBRARIES: [&str; 1] = ["usr/lib/x86_64-linux-gnu"];

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
    TREE.get_or_init(|| Peer::Keepalived.ensure().map_err(|error| format!("{error:#}"))).clone()
}
