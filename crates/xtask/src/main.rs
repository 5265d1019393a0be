//! The repository's tools: `cargo xtask tidy|ci|gen|scenarios|vm|bench|corpus|differential|sim`.
//!
//! `ci` is the one gate, the same on a developer's machine and in CI; it only reads. `gen` writes
//! what is generated.
#![forbid(unsafe_code)]

mod ci;
mod commands;
mod crates;
mod documents;
mod generated;
mod tidy;
mod vm;

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask tidy         the rules of ARCHITECTURE.md, and documents that must agree with the code
cargo xtask ci           fmt, clippy, tidy, tests, documentation; changes nothing
cargo xtask gen          write the generated documents
cargo xtask scenarios    every scenario on every pair of daemons, into docs/reference;
                         `scenarios keepalived`: those of virtual routers only
cargo xtask vm [WORDS]   IPVS in a virtual machine, into docs/reference; words choose by name,
                         --real has keepalived in our place, as a control
cargo xtask bench heartbeat [OPTIONS]
                         how long clients wait, on pairs of Heartbeat and of ours, in turn
cargo xtask bench vrrp [OPTIONS]
                         the same for virtual routers, on pairs of keepalived and of ours
cargo xtask corpus [DIR] [OPTIONS]
                         how many of Pacemaker's own cases the scheduler passes; --help tells more
cargo xtask differential [OPTIONS]
                         our plans for random CIBs against those of Debian's crm_simulate; --seeds N,
                         --from SEED, --shrink
cargo xtask sim [vrrp] ARGS
                         the simulator's random search, in release build";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let root = root()?;
    match args.split_first() {
        Some((first, [])) if first == "tidy" => tidy::run(&root),
        Some((first, [])) if first == "ci" => ci::run(&root),
        Some((first, [])) if first == "gen" => generated::write(&root),
        Some((first, [])) if first == "scenarios" => scenarios(&root, &lab::Table::ALL),
        Some((first, [which])) if first == "scenarios" && which == "keepalived" => {
            scenarios(&root, &[lab::Table::Keepalived])
        }
        Some((first, words)) if first == "vm" => vm::run(&root, words),
        Some((first, _)) if first == "corpus" || first == "differential" => yardstick(&root, args),
        Some((first, rest)) if first == "sim" => program(&root, &["sim"], rest),
        Some((first, [what, rest @ ..])) if first == "bench" && what == "heartbeat" => {
            program(&root, &["lab", "--bench"], rest)
        }
        Some((first, [what, rest @ ..])) if first == "bench" && what == "vrrp" => {
            program(&root, &["lab", "--bench", "vrrp"], rest)
        }
        Some((first, _)) if first == "--help" || first == "help" => {
            println!("{HELP}");
            Ok(())
        }
        _ => bail!("{HELP}"),
    }
}

/// The repository's root: two levels above this crate.
fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).map(Path::to_owned).context("this crate lies in crates/xtask")
}

fn scenarios(root: &Path, tables: &[lab::Table]) -> Result<()> {
    cargo(root, &["build", "--release", "--package", "handover"])?;
    for table in tables {
        std::fs::write(root.join(table.path()), table.make()?).context(table.path())?;
    }
    Ok(())
}

/// Runs the program itself, as its users have it built.
fn program(root: &Path, command: &[&str], args: &[String]) -> Result<()> {
    let mut words = vec!["run", "--release", "--package", "handover", "--"];
    words.extend(command);
    words.extend(args.iter().map(String::as_str));
    cargo(root, &words)
}

/// Runs the scheduler's yardstick, built as tests are: its checks are on.
fn yardstick(root: &Path, args: &[String]) -> Result<()> {
    let mut words = vec!["run", "--quiet", "--package", "handover-yardstick", "--"];
    words.extend(args.iter().map(String::as_str));
    cargo(root, &words)
}

/// Runs cargo in the repository; its output is the user's.
fn cargo(root: &Path, args: &[&str]) -> Result<()> {
    let line = format!("cargo {}", args.join(" "));
    eprintln!("→ {line}");
    let status = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(root)
        .status()
        .with_context(|| format!("cannot run {line}"))?;
    if !status.success() {
        bail!("failed: {line}");
    }
    Ok(())
}
