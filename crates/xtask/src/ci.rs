//! The gate: everything that must hold before a change is taken. It changes nothing.

use crate::{cargo, tidy, vm, yardstick};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// The pure crates are built for this target where it is installed: a second proof that they
/// need no operating system.
const BARE_TARGET: &str = "wasm32-unknown-unknown";

/// How many random fault schedules must keep every promise, from seed 1 on.
const SCHEDULES: &str = "12000";

/// The same of groups of virtual routers: about half a minute on one core.
const ROUTER_SCHEDULES: &str = "16000";

/// So many random CIBs, from seed 0 on, are planned by us and by Debian's `crm_simulate`: a minute
/// on two cores.
const PLANS: &str = "1000";

/// Runs all steps, the quick ones first, and stops at the first that fails.
pub(crate) fn run(root: &Path) -> Result<()> {
    if component("rustfmt") {
        cargo(root, &["fmt", "--all", "--check"])?;
    } else {
        eprintln!("skipped: rustfmt is not installed (rustup component add rustfmt)");
    }
    tidy::run(root)?;
    if component("clippy") {
        cargo(root, &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"])?;
    } else {
        eprintln!("skipped: clippy is not installed (rustup component add clippy)");
    }
    // The lab's tests run the program itself.
    cargo(root, &["build", "--package", "handover"])?;
    cargo(root, &["test", "--workspace"])?;
    balance(root)?;
    search(root)?;
    differential(root)?;
    document(root)?;
    bare(root)?;
    deny(root)
}

/// What only a kernel with IPVS can show, in a virtual machine. Where nobody relies on the gate, a
/// machine without an emulator may go without it.
fn balance(root: &Path) -> Result<()> {
    match lab::vm::missing() {
        Some(sentence) if std::env::var_os("CI").is_none_or(|value| value != "true") => {
            eprintln!("skipped: {sentence}");
            Ok(())
        }
        Some(sentence) => anyhow::bail!(sentence),
        None => vm::check(root),
    }
}

/// The simulator's searches, as fast as they are for users: random fault schedules, more than a
/// minute's worth is not asked of a busy machine, and every order of a pair's first events.
fn search(root: &Path) -> Result<()> {
    let simulator = ["run", "--release", "--package", "handover-sim", "--example", "sim", "--"];
    cargo(root, &[&simulator[..], &["--seeds", SCHEDULES]].concat())?;
    cargo(root, &[&simulator[..], &["vrrp", "--seeds", ROUTER_SCHEDULES]].concat())?;
    cargo(root, &[&simulator[..], &["--exhaustive"]].concat())
}

/// Our plans against those of Debian's `crm_simulate`, which is fetched by `apt-get download`. Where
/// nobody relies on the gate, a machine that is no Debian may go without it.
fn differential(root: &Path) -> Result<()> {
    let fetches = succeeds(Command::new("apt-get").arg("--version"));
    if !fetches && std::env::var_os("CI").is_none_or(|value| value != "true") {
        eprintln!("skipped: no apt-get to fetch Debian's crm_simulate with");
        return Ok(());
    }
    let words = ["differential", "--seeds", PLANS, "--count-only"].map(str::to_owned);
    yardstick(root, &words)
}

/// Whether cargo has a subcommand of that component.
fn component(name: &str) -> bool {
    let subcommand = if name == "rustfmt" { "fmt" } else { name };
    succeeds(Command::new(env!("CARGO")).args([subcommand, "--version"]))
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn document(root: &Path) -> Result<()> {
    let args = ["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"];
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(root).env("RUSTDOCFLAGS", "--deny warnings");
    eprintln!("→ cargo {}", args.join(" "));
    anyhow::ensure!(command.status()?.success(), "failed: cargo doc");
    Ok(())
}

fn bare(root: &Path) -> Result<()> {
    let mut installed = Command::new("rustc");
    installed.args(["--print", "target-libdir", "--target", BARE_TARGET]);
    let there = installed.output().is_ok_and(|output| {
        let directory = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(directory.trim()).is_dir()
    });
    if !there {
        eprintln!("skipped: no {BARE_TARGET} (rustup target add {BARE_TARGET})");
        return Ok(());
    }
    let mut args = vec!["check", "--lib", "--target", BARE_TARGET];
    let packages: Vec<String> =
        crate::crates::PURE.iter().map(|name| format!("--package=handover-{name}")).collect();
    args.extend(packages.iter().map(String::as_str));
    cargo(root, &args)
}

fn deny(root: &Path) -> Result<()> {
    if !succeeds(Command::new(env!("CARGO")).args(["deny", "--version"])) {
        eprintln!("skipped: cargo-deny is not installed (cargo install cargo-deny)");
        return Ok(());
    }
    cargo(root, &["deny", "check"])
}
