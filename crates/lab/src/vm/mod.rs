//! A virtual machine for what a container's kernel lacks: IPVS. [`run`] boots Debian's kernel under
//! qemu with this machine's files as its root and runs this program in there (`guest.rs`), which
//! makes hosts from namespaces (`site.rs`), gives configurations to ours and to the ancestor and
//! compares what they leave in the kernel (`alike.rs`), and has clients ask through directors of
//! ours (`traffic.rs`). Start reading at `machine.rs`, the boot, and `guest.rs`, the run.

mod alike;
mod cases;
mod client;
mod director;
mod guest;
mod machine;
mod packages;
mod report;
mod site;
mod traffic;
mod web;

pub use packages::missing;
pub use report::{Results, Row, Step};

pub(crate) use guest::run as inside;

use crate::world;
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::time::Duration;

/// How long a run may take in all, emulated on a busy machine.
const LIMIT: Duration = Duration::from_mins(45);

/// The file of the shared directory that holds the results.
const RESULTS: &str = "results.json";

/// Boots the machine and runs what `words` choose by a part of its name. Everything is two machines
/// side by side, for each of them waits most of the time.
///
/// # Errors
/// When there is no machine here ([`missing`] tells beforehand), or it ended without results.
pub fn run(words: &[String]) -> Result<Results> {
    let tree = packages::ensure()?;
    if !words.is_empty() {
        return boot(&tree, "chosen", words);
    }
    let parts = guest::PARTS.map(|part| vec![part.to_owned()]);
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| boot(&tree, "second", &parts[1]));
        (boot(&tree, "first", &parts[0]), second.join())
    });
    let mut results = first?;
    let second = second.map_err(|_| anyhow!("the second virtual machine's thread panicked"))??;
    results.rows.extend(second.rows);
    Ok(results)
}

/// Boots one machine, whose files are kept apart by its name.
fn boot(tree: &packages::Tree, name: &str, words: &[String]) -> Result<Results> {
    let program = world::handover_program()?;
    let chosen = words.join("' '");
    let line = format!("'{}' lab vm '{}' '{chosen}'", program.display(), tree.base.display());
    let ended = machine::run(tree, name, &line, LIMIT)?;
    let text = fs::read_to_string(ended.shared.join(RESULTS)).with_context(|| {
        format!("the virtual machine left no results; its program ended with {}", ended.code)
    })?;
    let results =
        serde_json::from_str(&text).context("results of another version of this program")?;
    if let Some(work) = ended.shared.parent() {
        fs::remove_dir_all(work).ok();
    }
    Ok(results)
}
