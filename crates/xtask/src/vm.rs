//! `cargo xtask vm`: what only a kernel with IPVS can show, in a virtual machine.

use crate::cargo;
use anyhow::{Context as _, Result, bail, ensure};
use std::path::Path;

/// Where the results of a whole run are written.
const PAGE: &str = "docs/reference/ipvs-in-a-vm.md";

/// Shows what the words choose by a part of a name; all of it, which writes the page, without words.
pub(crate) fn run(root: &Path, words: &[String]) -> Result<()> {
    if let Some(sentence) = lab::vm::missing() {
        bail!(sentence);
    }
    let results = shown(root, words)?;
    if words.is_empty() {
        std::fs::write(root.join(PAGE), results.page()).context(PAGE)?;
    }
    Ok(())
}

/// Shows all of it and changes nothing.
pub(crate) fn check(root: &Path) -> Result<()> {
    shown(root, &[]).map(drop)
}

fn shown(root: &Path, words: &[String]) -> Result<lab::vm::Results> {
    cargo(root, &["build", "--package", "handover"])?;
    let results = lab::vm::run(words)?;
    println!("{}", results.table());
    ensure!(results.passed(), "not all is as it must be in the virtual machine");
    Ok(results)
}
