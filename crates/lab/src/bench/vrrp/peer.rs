//! Whose daemon runs: ours as it is built, or Debian's keepalived, unpacked below `target/`.

use crate::peers::Peer;
use crate::world;
use anyhow::{Result, bail};
use sim::scenario::Maker;
use std::path::PathBuf;

/// Where its libraries are in the unpacked tree.
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];

/// The program, and what a shell writes before its name so that it finds its libraries.
pub(super) fn program(maker: Maker) -> Result<(PathBuf, String)> {
    match maker {
        Maker::Ours => Ok((world::handover_program()?, String::new())),
        Maker::Frr => bail!("FRR's daemon is not measured"),
        Maker::Real => {
            let tree = Peer::Keepalived.ensure()?;
            let path = LIBRARIES.map(|dir| tree.join(dir).display().to_string()).join(":");
            Ok((tree.join("usr/sbin/keepalived"), format!("LD_LIBRARY_PATH={path}")))
        }
    }
}
