//! The lab: the scenarios of `scenarios/` on real daemons in namespaces, ours and the ancestor's
//! in every pairing, with a client that measures what its users would notice.
//!
//! [`run`] runs one scenario on one pair in a world of its own (see `world.rs`), [`Table`] all of
//! them on all pairs, [`main`] is the command `handover lab`, which also shows the demonstration.
//! Only loopback, private networks and this lab's own processes are touched. Start reading at
//! `stage.rs`, the set-up of one run, and `runner.rs`, which plays a scenario on it.
#![forbid(unsafe_code)]

pub mod bench;
mod client;
mod daemon;
mod demo;
mod demo_vrrp;
mod events;
mod flood;
mod footprint;
mod host;
mod httpd;
mod init;
mod library;
mod network;
pub mod peers;
mod report;
mod runner;
mod serial;
mod stage;
mod table;
pub mod vm;
mod words;
mod world;

pub use client::{Answer, INTERVAL};
pub use library::{router_scenarios, scenario, scenarios};
pub use report::{Outcome, Report, StepReport};
pub use table::{SIDE_BY_SIDE, Table, run_all};
pub use words::main;
pub use world::{handover_program, is_root, missing};

use anyhow::{Context, Result};
use daemon::Daemon;
use sim::scenario::{Command, Maker, Pair, Role, Seat};
use std::io::Read;
use std::process::Stdio;

/// Why this pair can't be run here, in one sentence that says how to change that.
pub fn impossible(role: Role, pair: Pair) -> Option<String> {
    if let Some(sentence) = missing() {
        return Some(sentence);
    }
    let makers = [pair.0, pair.1];
    if makers.contains(&Maker::Ours)
        && let Err(error) = handover_program()
    {
        return Some(format!("{error:#}"));
    }
    let peers = Seat::BOTH.map(|seat| Daemon { role, maker: pair.maker(seat) }.peer());
    for peer in peers.into_iter().flatten() {
        if !is_root() {
            return Some("real daemons change to users of their own, which takes root".into());
        }
        if let Err(error) = peer.ensure() {
            return Some(format!("{error:#}"));
        }
    }
    None
}

/// Runs a scenario (by name, or by its file) on a pair, in a world of its own, and waits for it.
///
/// # Errors
/// When the scenario can't be read or its world ended without a report.
pub fn run(name: &str, pair: Pair) -> Result<Report> {
    let scenario = scenario(name)?;
    if let Some(why) = impossible(scenario.cluster.role, pair) {
        return Ok(Report::skipped(&scenario, pair, why));
    }
    let names_ancestor = scenario.steps.iter().any(
        |step| matches!(&step.command, Command::Script(script) if peers::are_named_in(script)),
    );
    let real = Pair(Maker::Real, Maker::Real);
    if names_ancestor && let Some(why) = impossible(Role::Heartbeat, real) {
        return Ok(Report::skipped(&scenario, pair, why));
    }
    let file = library::path(name);
    let file = file.canonicalize().with_context(|| format!("cannot find {}", file.display()))?;
    let words = ["scenario", &file.to_string_lossy(), &pair.to_string()];
    let mut command = world::command(&words)?;
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start unshare")?;
    let _lifeline = child.stdin.take();
    let mut text = String::new();
    child.stdout.take().context("the lab has no output")?.read_to_string(&mut text)?;
    let status = child.wait()?;
    serde_json::from_str(text.trim())
        .with_context(|| format!("the lab's world ended without a report ({status}): {text}"))
}
