//! A flood of adverts against a pair of virtual routers, and what came of it.

use super::advert_sender::{Plan, Sent};
use super::adverts::Target;
use super::{FIRST, LOOK, RATE_MIN, SETTLE};
use crate::events;
use crate::footprint::usage;
use crate::host::Host;
use crate::stage::Stage;
use crate::world::{is_root, own_program};
use anyhow::{Context, Result, ensure};
use api::vrrp::{Counters, RouterStatus};
use sim::scenario::{FileName, Seat};
use std::collections::BTreeSet;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

/// The routers of the pair have this number.
const NUMBER: u8 = 51;

/// The master's adverts come once a second; on a busy machine a thread may be late by so much.
const GAP_MAX: Duration = Duration::from_millis(1200);

/// A router's memory may grow by less than this, in KiB: by what allocators keep.
const GROWTH_MAX: u64 = 2048;

/// Most lines a router may write: one for each reason, and again after a minute.
const LOG_LINES_MAX: usize = 40;

/// The part of what was sent that a router must have counted, in percent: what claims to come from
/// its own address doesn't get past its kernel.
const COUNTED_MIN: u64 = 80;

/// What a router of ours says and uses.
struct State {
    router: RouterStatus,
    resident: u64,
    log_lines: usize,
}

impl State {
    fn of(host: &Host) -> Result<Self> {
        let mut report = events::router(host)?;
        ensure!(report.status.routers.len() == 1, "the flood is for one virtual router");
        Ok(Self {
            router: report.status.routers.remove(0),
            resident: usage(host)?.resident,
            log_lines: host.log().lines().count(),
        })
    }

    fn refused(&self) -> u64 {
        self.router.refused.iter().map(|refused| refused.count).sum()
    }

    /// What should not be, after all that was sent.
    fn faults(&self, before: &Self, sent: &Sent, name: &str) -> Vec<String> {
        let mut faults = Vec::new();
        if self.router.state != before.router.state {
            faults.push(format!("{name} is {} now", self.router.state.word()));
        }
        let (now, then) = (&self.router.counters, &before.router.counters);
        if (now.become_master, now.release_master) != (then.become_master, then.release_master) {
            faults.push(format!("{name} changed its state"));
        }
        let still: Vec<_> =
            KINDS.iter().filter(|(_, count)| count(now) == count(then)).map(|(n, _)| *n).collect();
        if !still.is_empty() {
            faults.push(format!("{name} did not count {}", still.join(", ")));
        }
        let counted = self.refused().saturating_sub(before.refused());
        if counted * 100 < sent.packets * COUNTED_MIN || counted > sent.packets {
            faults.push(format!("{name} counted {counted} refusals of {}", sent.packets));
        }
        let lines = self.log_lines.saturating_sub(before.log_lines);
        if lines > LOG_LINES_MAX {
            faults.push(format!("{name} wrote {lines} lines"));
        }
        let grown = self.resident.saturating_sub(before.resident);
        if grown >= GROWTH_MAX {
            faults.push(format!("{name} grew by {grown} KiB"));
        }
        faults
    }
}

/// A counter and its name.
type Named = (&'static str, fn(&Counters) -> u64);

/// The counters that each of which must have moved.
const KINDS: [Named; 6] = [
    ("auth_failure", |counters| counters.auth_failure),
    ("packet_len_err", |counters| counters.packet_len_err),
    ("ip_ttl_err", |counters| counters.ip_ttl_err),
    ("addr_list_err", |counters| counters.addr_list_err),
    ("advert_interval_err", |counters| counters.advert_interval_err),
    ("invalid_authtype", |counters| counters.invalid_authtype),
];

/// Floods the routers and waits for the end. `Some` is what came of it on routers of ours, or why
/// it was no flood.
///
/// # Errors
/// When a node can't be asked, or the sender failed.
pub(super) fn send(stage: &mut Stage, rate: u32, during: Duration) -> Result<Option<String>> {
    let mut before = Vec::new();
    for seat in Seat::BOTH {
        let host = stage.node(seat);
        before.push(if host.is_ours() { Some(State::of(host)?) } else { None });
    }
    let holders = stage.holders();
    let (sent, mut seen) = flood(stage, rate, during, &holders)?;
    eprintln!("flood: {sent}");
    if sent.per_second() * 100 < u64::from(rate) * RATE_MIN {
        return Ok(Some(format!("this machine is too slow for that flood: {sent}")));
    }
    if before.iter().all(Option::is_none) {
        return Ok(None);
    }
    std::thread::sleep(SETTLE);
    for (seat, before) in Seat::BOTH.into_iter().zip(before) {
        let Some(before) = before else { continue };
        let after = State::of(stage.node(seat))?;
        let name = seat.to_string();
        eprintln!(
            "flood: {seat}: refused {}, {} KiB resident after {} KiB",
            after.refused() - before.refused(),
            after.resident,
            before.resident
        );
        seen.extend(after.faults(&before, &sent, &name));
        let heard = sent.heard[seat.0];
        if holders.contains(&seat) && heard.gap > GAP_MAX {
            seen.push(format!("{name}'s adverts had a gap of {:.2} s", heard.gap.as_secs_f64()));
        }
        if !holders.contains(&seat) && heard.adverts > 0 {
            seen.push(format!("{name} sent {} adverts", heard.adverts));
        }
    }
    Ok((!seen.is_empty()).then(|| seen.join("; ")))
}

/// Has the client's machine send, and looks at who has the address meanwhile.
fn flood(
    stage: &Stage,
    rate: u32,
    during: Duration,
    holders: &BTreeSet<Seat>,
) -> Result<(Sent, Vec<String>)> {
    let address = |machine: &sim::scenario::Machine| machine.interfaces[0].address;
    let target = Target {
        number: NUMBER,
        address: stage.cluster.address,
        password: password(stage.text(Seat(0), FileName::KeepalivedConf))?,
        routers: [address(&stage.cluster.nodes[0]), address(&stage.cluster.nodes[1])],
    };
    let plan = Plan { target, own: address(&stage.cluster.client), rate, during };
    let program = own_program()?.to_string_lossy().into_owned();
    let plan = serde_json::to_string(&plan)?;
    let words = [&program, "lab", "flood-routers", &plan];
    // Who may not do that sends as fast as the machine's other work lets it.
    let first: &[&str] = if is_root() { &FIRST } else { &[] };
    let mut command = stage.client().command(&[first, &words].concat())?;
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("no flood")?;
    let mut seen = Vec::new();
    while child.try_wait()?.is_none() {
        let held = stage.holders();
        if held != *holders && seen.is_empty() {
            seen.push(format!("the address moved from {holders:?} to {held:?}"));
        }
        std::thread::sleep(LOOK);
    }
    let mut text = String::new();
    child.stdout.take().context("the flood has no output")?.read_to_string(&mut text)?;
    ensure!(child.wait()?.success(), "the flood failed");
    Ok((serde_json::from_str(&text).context("cannot understand what the flood said")?, seen))
}

/// The password of a configuration, as adverts carry it.
fn password(text: &str) -> Result<[u8; 8]> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("auth_pass "));
    let word = line.context("the flood is for routers with a password")?.trim().as_bytes();
    let mut password = [0; 8];
    let length = word.len().min(password.len());
    password[..length].copy_from_slice(&word[..length]);
    Ok(password)
}
