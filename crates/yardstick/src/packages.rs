//! Debian's packages of programs we are compared with: fetched by `apt-get download` and unpacked
//! under `target/peers-NAME`; nothing is installed.

use anyhow::{Context as _, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Written last, when everything is unpacked: the packages.
const STAMP: &str = "unpacked";

/// Where packages of a name are unpacked.
///
/// # Errors
/// This program's own file cannot be found.
pub fn place(name: &str) -> Result<PathBuf> {
    Ok(target_dir()?.join(format!("peers-{name}")))
}

/// The root of the unpacked packages. They are fetched once: others that want them meanwhile wait.
///
/// # Errors
/// What is missing on this machine, and how to get it.
pub fn unpacked(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let base = place(name)?;
    let root = base.join("root");
    fs::create_dir_all(&base)?;
    let lock = fs::File::create(base.join("lock"))?;
    lock.lock()?;
    let wanted = packages.join("\n");
    if fs::read_to_string(base.join(STAMP)).is_ok_and(|have| have == wanted) {
        return Ok(root);
    }
    let debs = base.join("debs");
    fs::remove_dir_all(&debs).ok();
    fs::create_dir_all(&debs)?;
    let mut download = Command::new("apt-get");
    download.args(["download", "-q"]).args(packages).current_dir(&debs);
    run(&mut download).context(
        "the real programs come from Debian 12's archive; with a network connection, `apt-get \
         update` refreshes the list of packages",
    )?;
    for deb in fs::read_dir(&debs)? {
        run(Command::new("dpkg").arg("-x").arg(deb?.path()).arg(&root))?;
    }
    fs::remove_dir_all(&debs)?;
    fs::write(base.join(STAMP), wanted)?;
    Ok(root)
}

/// The build's `target` directory: above this program, or the current directory's.
fn target_dir() -> Result<PathBuf> {
    let exe = std::env::current_exe().context("cannot find this program's own file")?;
    let above = exe.ancestors().find(|dir| dir.file_name().is_some_and(|name| name == "target"));
    Ok(above.map_or_else(|| PathBuf::from("target"), Path::to_path_buf))
}

fn run(command: &mut Command) -> Result<()> {
    let shown = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("cannot run {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
