//! A flood: the client's machine sends both nodes thousands of hostile datagrams a second, and
//! nothing may come of it but counts.
//!
//! `flood/datagrams.rs` makes them, `flood/sender.rs` sends them from a process on that machine,
//! `flood/effect.rs` compares what a node says before and after. Here both nodes are watched
//! while it lasts. Virtual routers get adverts instead: `flood/adverts.rs` makes them,
//! `flood/advert_sender.rs` sends them, `flood/routers.rs` judges.

mod advert_sender;
mod adverts;
mod datagrams;
mod effect;
mod routers;
mod sender;

pub(crate) use advert_sender::run as run_adverts;
pub(crate) use sender::run;

use crate::client::now;
use crate::stage::Stage;
use crate::world::{is_root, own_program};
use anyhow::{Context, Result, ensure};
use effect::State;
use sender::{Plan, Sent};
use sim::scenario::{Role, Seat};
use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Child, Stdio};
use std::time::Duration;

/// How often the nodes are asked what they see: rarely, for each question starts processes on the
/// machine that the flood keeps busy. What happens between is in the nodes' events.
const LOOK: Duration = Duration::from_secs(1);

/// After the last datagram: until the nodes have read what waits, and one more beat has come by
/// which a lost one would be missed.
const SETTLE: Duration = Duration::from_secs(3);

/// The part of the wanted rate that must be reached, in percent: less is another test.
const RATE_MIN: u64 = 90;

/// The sender comes before the machine's other work, the nodes' real-time threads included: these
/// are as little able to hold up a stranger's machine, and they read what has come in one go.
const FIRST: [&str; 3] = ["chrt", "--rr", "2"];

/// Floods the nodes and waits for the end. `Some` is what came of it, or why it was none.
///
/// # Errors
/// When a node can't be asked, or the sender failed.
pub(crate) fn send(stage: &mut Stage, rate: u32, during: Duration) -> Result<Option<String>> {
    if stage.cluster.role == Role::Keepalived {
        return routers::send(stage, rate, during);
    }
    let mut before = Vec::new();
    for seat in Seat::BOTH {
        before.push(State::of(stage.node(seat))?);
    }
    let holders = stage.holders();
    let begin = now();
    let mut child = start(stage, rate, during)?;
    let mut seen = watch(stage, &mut child, &holders)?;
    let sent = result(child)?;
    std::thread::sleep(SETTLE);
    seen.extend(look(stage, &holders)?);
    eprintln!("flood: {sent}");
    let took = now().since(begin);
    for (seat, before) in Seat::BOTH.into_iter().zip(&before) {
        let host = stage.node(seat);
        let after = State::of(host)?;
        eprintln!("flood: {seat}: {}", after.sentence(before));
        seen.extend(after.faults(before, sent.to[seat.0], took, host)?);
    }
    if sent.per_second() * 100 < u64::from(rate) * RATE_MIN {
        return Ok(Some(format!("this machine is too slow for that flood: {sent}")));
    }
    Ok((!seen.is_empty()).then(|| seen.join("; ")))
}

fn start(stage: &Stage, rate: u32, during: Duration) -> Result<Child> {
    let interface = |machine: &sim::scenario::Machine| machine.interfaces[0];
    let nodes = &stage.cluster.nodes;
    let plan = Plan {
        nodes: [interface(&nodes[0]).address, interface(&nodes[1]).address],
        broadcast: crate::network::broadcast(&interface(&stage.cluster.client)),
        rate,
        during,
    };
    let program = own_program()?.to_string_lossy().into_owned();
    let plan = serde_json::to_string(&plan)?;
    let words = [&program, "lab", "flood", &plan];
    // Who may not do that sends as fast as the machine's other work lets it.
    let first: &[&str] = if is_root() { &FIRST } else { &[] };
    let mut command = stage.client().command(&[first, &words].concat())?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("no flood")
}

/// Looks at the nodes until the sender has ended; every difference is kept once.
fn watch(stage: &mut Stage, child: &mut Child, holders: &BTreeSet<Seat>) -> Result<Vec<String>> {
    let mut seen = Vec::new();
    while child.try_wait()?.is_none() {
        for difference in look(stage, holders)? {
            if !seen.contains(&difference) {
                seen.push(difference);
            }
        }
        std::thread::sleep(LOOK);
    }
    Ok(seen)
}

/// What is not as it was: who has the address, and that each node sees the other one active.
fn look(stage: &mut Stage, holders: &BTreeSet<Seat>) -> Result<Vec<String>> {
    let mut seen = Vec::new();
    let held = stage.holders();
    if held != *holders {
        seen.push(format!("the address moved from {holders:?} to {held:?}"));
    }
    for seat in Seat::BOTH {
        let other = stage.cluster.nodes[seat.other().0].name;
        let said = stage.cl_status(seat, &["nodestatus", other])?.output;
        if said.lines().all(|line| line.trim() != "active") {
            seen.push(format!("{seat} says of {}: `{said}`", seat.other()));
        }
    }
    Ok(seen)
}

fn result(mut child: Child) -> Result<Sent> {
    let mut text = String::new();
    child.stdout.take().context("the flood has no output")?.read_to_string(&mut text)?;
    let status = child.wait()?;
    ensure!(status.success(), "the flood failed: {status}");
    serde_json::from_str(&text).context("cannot understand what the flood said")
}
