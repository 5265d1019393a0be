//! One virtual router on two hosts: A ends in some way while a client asks, and comes back.

use super::client::Client;
use super::ear::Ear;
use super::host::{self, Host};
use super::net::{Net, Seat, virtual_address};
use super::rows::{Case, End};
use crate::bench::sample::Sample;
use anyhow::{Context, Result, ensure};
use linux::rt::now;
use rustix::process::Signal;
use sim::scenario::Maker;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The number of the virtual router, and of its address.
const VRID: u8 = 51;
/// Longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(15);
/// A client that got an answer this lately is served.
const LATELY: Duration = Duration::from_millis(50);
/// A pair that has come to rest stays at rest for so long before the next act.
const REST: Duration = Duration::from_millis(300);
/// How often it is looked whether something has happened.
const LOOK: Duration = Duration::from_millis(5);

/// The configuration of a router.
pub(super) fn configuration(case: Case, end: End, priority: u8) -> String {
    let interval = case.interval().as_secs_f64();
    let (version, auth) = match case {
        Case::V2 => (2, "authentication {\n auth_type PASS\n auth_pass bench\n }\n"),
        Case::Second | Case::Tenth | Case::Hundredth => (3, ""),
    };
    let (script, track) = match end {
        End::Script => (
            format!(
                "vrrp_script check {{\n script \"/usr/bin/test ! -e {}\"\n interval 1\n fall 1\n \
                 rise 1\n}}\n",
                host::seen("broken")
            ),
            "track_script {\n check\n }\n",
        ),
        End::Killed | End::Stopped => (String::new(), ""),
    };
    format!(
        "global_defs {{\n vrrp_version {version}\n script_user root\n enable_script_security\n}}\n\
         {script}vrrp_instance VI_1 {{\n state BACKUP\n interface eth0\n virtual_router_id {VRID}\n \
         priority {priority}\n advert_int {interval}\n {auth}{track}virtual_ipaddress {{\n {}\n \
         }}\n}}\n",
        virtual_address(0, VRID)
    )
}

/// Measures so many times.
///
/// # Errors
/// When the pair does not do in time what it is to be measured at.
pub(super) fn run(maker: Maker, case: Case, end: End, times: usize) -> Result<()> {
    let net = Net::new(1)?;
    for (seat, priority) in [(Seat::A, 100), (Seat::B, 90)] {
        host::configure(seat, &configuration(case, end, priority))?;
    }
    let client = Client::start(&net, virtual_address(0, VRID))?;
    let ear = Ear::open(&net)?;
    let _b = Host::start(&net, Seat::B, maker)?;
    let mut a = Host::start(&net, Seat::A, maker)?;
    for number in 0..times {
        let context = || format!("{maker:?}: repetition {number}: {}", host::log(Seat::A));
        settle(&client, Seat::A).with_context(context)?;
        ear.heard().clear();
        client.forget();
        sleep(REST);
        ear.next_of(Seat::A, PATIENCE).with_context(context)?;
        // The same moments between two adverts for everybody, spread over the interval.
        sleep(case.interval().mul_f64((number as f64 + 0.5) / times as f64));
        let act = now();
        a = match end {
            End::Killed => {
                net.unplug(Seat::A)?;
                a.kill()?;
                report(&client, act, end).with_context(context)?;
                net.plug(Seat::A)?;
                Host::start(&net, Seat::A, maker)?
            }
            End::Stopped => {
                a.signal(Signal::TERM)?;
                report(&client, act, end).with_context(context)?;
                a.ended()?;
                Host::start(&net, Seat::A, maker)?
            }
            End::Script => {
                let broken = host::directory(Seat::A).join("broken");
                fs::write(&broken, "")?;
                report(&client, act, end).with_context(context)?;
                fs::remove_file(broken)?;
                a
            }
        };
    }
    Ok(())
}

/// Waits until a host has served the client for a while.
fn settle(client: &Client, seat: Seat) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while client.served_by(LATELY) != Some(seat) {
        ensure!(Instant::now() < until, "the client is not served by {seat:?}");
        sleep(LOOK);
    }
    Ok(())
}

/// Waits for B to serve, and prints how long that took.
fn report(client: &Client, act: base::Instant, end: End) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    let (outage, served) = loop {
        if let Some(found) = client.outage(act) {
            break found;
        }
        ensure!(Instant::now() < until, "B does not take over");
        sleep(LOOK);
    };
    if end == End::Script {
        Sample::print("script", served.since(act).as_secs_f64());
        Sample::print("script-gap", outage.as_secs_f64());
    } else {
        Sample::print("", outage.as_secs_f64());
    }
    Ok(())
}
