//! Sends them at a steady rate, and listens to what the routers themselves say meanwhile.

use super::adverts::{GROUP, IP_HEADER, Kind, Target, VRRP, make};
use anyhow::{Context, Result};
use base::Dice;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{self, AddressFamily, Protocol, RecvFlags, SendFlags, SocketType};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Packets are sent in bundles, so many a second: what comes at once has to fit the queues between
/// hosts, or the routers' own adverts would be lost on the way.
const BUNDLES_PER_SECOND: u64 = 500;

/// A sender that was kept from running makes up for at most this.
const CATCH_UP_MAX: Duration = Duration::from_millis(20);

/// How often the listener looks whether all is sent.
const LISTEN: Duration = Duration::from_millis(200);

/// The packets are the same in every run.
const SEED: u64 = 112;

/// What is to be sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Against whom.
    pub(super) target: Target,
    /// Our own address on their network.
    pub(super) own: Ipv4Addr,
    /// Packets a second.
    pub(super) rate: u32,
    /// For so long.
    pub(super) during: Duration,
}

/// What one router said meanwhile.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Heard {
    /// How many adverts.
    pub(super) adverts: u64,
    /// Longest time between two, or from the last one to the end.
    pub(super) gap: Duration,
}

/// What was sent and heard.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sent {
    /// How many.
    pub(super) packets: u64,
    /// Refused by the kernel, and not counted above.
    failed: u64,
    /// From the first to the last.
    pub(super) took: Duration,
    /// What each router said.
    pub(super) heard: [Heard; 2],
}

impl Sent {
    /// How many a second, on average.
    pub(super) fn per_second(&self) -> u64 {
        let millis = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX).max(1);
        self.packets * 1000 / millis
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, two] = self.heard;
        write!(
            f,
            "{} packets in {:.1} s, {} a second, {} not sent; node1 sent {} adverts, longest gap \
             {:.2} s, node2 {}",
            self.packets,
            self.took.as_secs_f64(),
            self.per_second(),
            self.failed,
            one.adverts,
            one.gap.as_secs_f64(),
            two.adverts
        )
    }
}

/// `lab flood-routers PLAN`: sends, listens, and prints what was sent and heard.
///
/// # Errors
/// When the sockets can't be made.
pub(crate) fn run(plan: &str) -> Result<()> {
    let plan: Plan = serde_json::from_str(plan).context("not a plan")?;
    let ear = socket(VRRP)?;
    sockopt::set_ip_add_membership(&ear, &GROUP, &plan.own)?;
    sockopt::set_socket_timeout(&ear, Timeout::Recv, Some(LISTEN))?;
    let over = Arc::new(AtomicBool::new(false));
    let (told, routers) = (Arc::clone(&over), plan.target.routers);
    let listener = std::thread::spawn(move || listen(&ear, routers, &told));
    let mut sent = send(&plan)?;
    over.store(true, Ordering::Relaxed);
    sent.heard = listener.join().ok().context("the listener failed")?;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &sent)?;
    out.flush()?;
    Ok(())
}

/// A socket that brings its own IP headers, where the protocol is [`net::ipproto::RAW`].
fn socket(protocol: u8) -> Result<OwnedFd> {
    let protocol = Protocol::from_raw(u32::from(protocol).try_into()?);
    net::socket(AddressFamily::INET, SocketType::RAW, Some(protocol)).context("no raw socket")
}

fn send(plan: &Plan) -> Result<Sent> {
    let protocol = u8::try_from(net::ipproto::RAW.as_raw().get())?;
    let mouth = socket(protocol)?;
    sockopt::set_ip_multicast_if(&mouth, &plan.own)?;
    // So that the listener hears the routers alone.
    sockopt::set_ip_multicast_loop(&mouth, false)?;
    let (to, mut dice, mut sent) = (SocketAddrV4::new(GROUP, 0), Dice::new(SEED), Sent::default());
    let rate = u64::from(plan.rate);
    let total = rate * u64::try_from(plan.during.as_millis()).unwrap_or(0) / 1000;
    let bundle = (rate / BUNDLES_PER_SECOND).max(1);
    let begin = Instant::now();
    let mut shift = Duration::ZERO;
    for number in 0..total {
        if number % bundle == 0 {
            let due = Duration::from_nanos(number * 1_000_000_000 / rate) + shift;
            shift += begin.elapsed().saturating_sub(due).saturating_sub(CATCH_UP_MAX);
            std::thread::sleep(due.saturating_sub(begin.elapsed()));
        }
        let packet = make(&plan.target, Kind::of(number), &mut dice);
        match net::sendto(&mouth, &packet, SendFlags::empty(), &to) {
            Ok(_) => sent.packets += 1,
            Err(_) => sent.failed += 1,
        }
    }
    sent.took = begin.elapsed();
    Ok(sent)
}

/// Hears the routers until all is sent.
fn listen(ear: &OwnedFd, routers: [Ipv4Addr; 2], over: &AtomicBool) -> [Heard; 2] {
    let mut heard = [Heard::default(); 2];
    let mut last = [Instant::now(); 2];
    let mut packet = [0_u8; 256];
    while !over.load(Ordering::Relaxed) {
        let length = net::recv(ear, &mut packet[..], RecvFlags::empty()).map_or(0, |(got, _)| got);
        let Some(source) = packet[..length].get(12..IP_HEADER - 4) else { continue };
        let said = routers.iter().position(|router| router.octets() == *source);
        if let Some(router) = said {
            let now = Instant::now();
            heard[router].adverts += 1;
            heard[router].gap = heard[router].gap.max(now - last[router]);
            last[router] = now;
        }
    }
    for (heard, last) in heard.iter_mut().zip(last) {
        heard.gap = heard.gap.max(last.elapsed());
    }
    heard
}
