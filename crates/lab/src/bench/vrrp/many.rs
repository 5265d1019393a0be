//! Thousands of virtual routers: what they cost, how soon they speak, what a reload does to them.

use super::ear::{Ear, GROUP, Heard};
use super::host::{self, Host, Usage};
use super::net::{Net, Seat, interface, virtual_address};
use crate::bench::sample::Sample;
use anyhow::{Context, Result, ensure};
use base::Instant;
use linux::rt::now;
use linux::vrrp::{Outgoing, Sender};
use rustix::process::Signal;
use sim::scenario::Maker;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::thread::sleep;
use std::time::Duration;
use wire::vrrp::{Advert, Auth, ChecksumForm, Dialect, Path4, Seal, encode_v4};

/// Virtual routers on each bridge; their numbers begin at 1.
const EACH: u8 = 250;
/// Bridges of the large measurement: 4000 virtual routers.
const LARGE: usize = 16;
/// Bridges of the reload: 1000 virtual routers.
const MEDIUM: usize = 4;
/// Longest that anything is waited for.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(50);
/// After everybody is master a pair announces its addresses once more, 5 s later; at rest is what
/// comes after that.
const REST: Duration = Duration::from_secs(9);
/// How long CPU time is counted.
const WATCHED: Duration = Duration::from_secs(20);
/// Around a reload adverts are heard for so long: more than two intervals after, and one before.
const AROUND: Duration = Duration::from_millis(2500);
/// The advert interval of all.
const INTERVAL: Duration = Duration::from_secs(1);

fn configuration(bridges: usize, priority: u8) -> String {
    let mut text = String::new();
    let state = if priority == 255 { "MASTER" } else { "BACKUP" };
    for bridge in 0..bridges {
        for vrid in 1..=EACH {
            let _ = writeln!(
                text,
                "vrrp_instance VI_{bridge}_{vrid} {{\n    state {state}\n    interface {}\n    \
                 virtual_router_id {vrid}\n    priority {priority}\n    advert_int 1\n    \
                 virtual_ipaddress {{\n        {}\n    }}\n}}",
                interface(bridge),
                virtual_address(bridge, vrid)
            );
        }
    }
    text
}

fn all(bridges: usize) -> usize {
    bridges * usize::from(EACH)
}

/// Waits until A has the addresses of all virtual routers.
fn settle(net: &Net, seat: Seat) -> Result<()> {
    let (until, wanted) = (now() + PATIENCE, all(net.bridges()) + net.bridges());
    while net.addresses(seat)? < wanted {
        ensure!(now() < until, "not everything is master in time: {}", host::log(seat));
        sleep(LOOK);
    }
    Ok(())
}

/// What a pair of 4000 costs when nothing happens.
///
/// # Errors
/// When the pair does not come to rest in time.
pub(super) fn scale(maker: Maker) -> Result<()> {
    let net = Net::new(LARGE)?;
    host::configure(Seat::A, &configuration(LARGE, 100))?;
    host::configure(Seat::B, &configuration(LARGE, 90))?;
    let a = Host::start(&net, Seat::A, maker)?;
    let b = Host::start(&net, Seat::B, maker)?;
    settle(&net, Seat::A)?;
    sleep(REST);
    let before = (now(), a.usage()?, b.usage()?);
    sleep(WATCHED);
    let after = (now(), a.usage()?, b.usage()?);
    let watched = after.0.since(before.0);
    let percent = |before: Usage, after: Usage| {
        100.0 * after.cpu.saturating_sub(before.cpu).as_secs_f64() / watched.as_secs_f64()
    };
    let mebibytes = |usage: Usage| usage.resident as f64 / 1024.0;
    Sample::print("cpu-master", percent(before.1, after.1));
    Sample::print("cpu-backup", percent(before.2, after.2));
    Sample::print("memory", mebibytes(after.1));
    Sample::print("memory-backup", mebibytes(after.2));
    // The floor is the same for all; it is printed beside ours.
    if maker == Maker::Ours {
        b.kill()?;
        a.kill()?;
        Sample::print("floor", floor(&net)?);
    }
    Ok(())
}

/// The CPU time that only sending takes: all packets of a bridge with as few calls as may be, each
/// bridge once a second.
fn floor(net: &Net) -> Result<f64> {
    let senders = net.inside(Seat::A, || {
        let open = |bridge| Sender::open(Some(&interface(bridge)), false);
        (0..LARGE).map(open).collect::<std::io::Result<Vec<_>>>().context("no sender")
    })?;
    let packets: Vec<Vec<Vec<u8>>> = (0..LARGE).map(packets).collect();
    let cpu = || crate::footprint::cpu(std::process::id());
    let (began, cpu_before) = (now(), cpu()?);
    while now().since(began) < WATCHED {
        for (bridge, (sender, packets)) in senders.iter().zip(&packets).enumerate() {
            let source = IpAddr::from(Seat::A.address(bridge));
            let outgoing: Vec<Outgoing<'_>> = packets
                .iter()
                .map(|bytes| Outgoing { destination: GROUP, ttl: 255, source, bytes })
                .collect();
            let mut refused = None;
            sender.send(&outgoing, |_, error| refused = Some(error));
            refused.map_or(Ok(()), Err).context("a packet was refused")?;
            sleep(INTERVAL / 16);
        }
    }
    Ok(100.0 * cpu()?.saturating_sub(cpu_before).as_secs_f64() / now().since(began).as_secs_f64())
}

fn packets(bridge: usize) -> Vec<Vec<u8>> {
    let IpAddr::V4(destination) = GROUP else { return Vec::new() };
    let packet = |vrid| {
        let advert = Advert {
            vrid,
            priority: 100,
            dialect: Dialect::V2 { seconds: 1, auth: Auth::None },
            addresses: vec![virtual_address(bridge, vrid).into()],
        };
        let path = Path4 { source: Seat::A.address(bridge), destination, ttl: 255, id: 1 };
        encode_v4(&advert, path, ChecksumForm::Plain, Seal::None)
    };
    (1..=EACH).map(packet).collect()
}

/// How soon 4000 owners have spoken, so many times.
///
/// # Errors
/// When they don't.
pub(super) fn start(maker: Maker, times: usize) -> Result<()> {
    let net = Net::new(LARGE)?;
    host::configure(Seat::A, &configuration(LARGE, 255))?;
    for _ in 0..times {
        let ear = Ear::open(&net)?;
        let began = now();
        let a = Host::start(&net, Seat::A, maker)?;
        let first = |heard: &[Heard]| {
            let mut first: BTreeMap<(usize, u8), Instant> = BTreeMap::new();
            for one in heard {
                first.entry((one.bridge, one.vrid)).or_insert(one.at);
            }
            first
        };
        let last = loop {
            sleep(LOOK);
            let first = first(&ear.heard());
            if first.len() == all(LARGE) {
                break first.values().max().copied().unwrap_or(began);
            }
            ensure!(now().since(began) < PATIENCE, "{} of them spoke", first.len());
        };
        Sample::print("start", last.since(began).as_secs_f64());
        a.kill()?;
        drop(ear);
        net.unplug(Seat::A)?;
        net.plug(Seat::A)?;
    }
    Ok(())
}

/// What clients of 1000 would see of a reload that changes every priority, so many times.
///
/// # Errors
/// When the pair does not do in time what it is to be measured at.
pub(super) fn reload(maker: Maker, times: usize) -> Result<()> {
    let net = Net::new(MEDIUM)?;
    let mut priority = 100;
    host::configure(Seat::A, &configuration(MEDIUM, priority))?;
    host::configure(Seat::B, &configuration(MEDIUM, 90))?;
    let a = Host::start(&net, Seat::A, maker)?;
    let _b = Host::start(&net, Seat::B, maker)?;
    settle(&net, Seat::A)?;
    sleep(REST);
    let ear = Ear::open(&net)?;
    for number in 0..times {
        priority = if priority == 100 { 110 } else { 100 };
        host::configure(Seat::A, &configuration(MEDIUM, priority))?;
        ear.heard().clear();
        // Moments spread over the interval.
        sleep(AROUND + INTERVAL.mul_f64(number as f64 / times as f64));
        let signalled = now();
        a.signal(Signal::HUP)?;
        sleep(AROUND);
        let heard = ear.heard().clone();
        let judged = Reload::of(&heard, signalled, priority);
        ensure!(judged.changed == all(MEDIUM), "{} of them changed", judged.changed);
        Sample::print("reload-gap", judged.gap.as_secs_f64());
        Sample::print("reload-new", judged.last.since(signalled).as_secs_f64());
    }
    Ok(())
}

/// What was heard around a reload.
#[derive(PartialEq, Debug)]
struct Reload {
    /// The longest time between two adverts of one virtual router of A.
    gap: Duration,
    /// How many have spoken with the new priority.
    changed: usize,
    /// When the last of them first did.
    last: Instant,
}

impl Reload {
    fn of(heard: &[Heard], signalled: Instant, priority: u8) -> Self {
        let mut before: BTreeMap<(usize, u8), Instant> = BTreeMap::new();
        let mut changed: BTreeMap<(usize, u8), Instant> = BTreeMap::new();
        let mut gap = Duration::ZERO;
        for one in heard.iter().filter(|one| one.from == Seat::A) {
            let key = (one.bridge, one.vrid);
            if let Some(last) = before.insert(key, one.at) {
                gap = gap.max(one.at.since(last));
            }
            if one.priority == priority && one.at >= signalled {
                changed.entry(key).or_insert(one.at);
            }
        }
        let last = changed.values().max().copied().unwrap_or(signalled);
        Self { gap, changed: changed.len(), last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_is_judged_by_each_routers_own_adverts() {
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        let heard = |millis, vrid, priority| Heard {
            at: at(millis),
            from: Seat::A,
            bridge: 0,
            vrid,
            priority,
        };
        let all = [heard(0, 1, 100), heard(500, 2, 100), heard(1000, 1, 110), heard(1600, 2, 110)];
        let expected = Reload { gap: Duration::from_millis(1100), changed: 2, last: at(1600) };
        assert_eq!(Reload::of(&all, at(900), 110), expected);
    }
}
