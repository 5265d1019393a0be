//! Sends the datagrams, bundle by bundle at a steady rate, from one thread.

use super::datagrams::{Datagrams, KINDS, Kind};
use anyhow::{Context, Result, ensure};
use base::Dice;
use rustix::net::{self, AddressFamily, SocketType};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

/// The port on which the nodes of every cluster here beat.
pub(super) const PORT: u16 = 694;

/// Datagrams are sent in bundles, so many a second: what comes at once is several times what a
/// socket of the usual size holds.
const BUNDLES_PER_SECOND: u64 = 20;

/// A sender that was kept from running makes up for at most this; a longer gap stays one, for all
/// of it at once would be a flood of another rate.
const CATCH_UP_MAX: Duration = Duration::from_millis(100);

/// Of so many datagrams, one goes to each node alone and the others to both, as beats do.
const ALONE: u64 = 10;

/// Until so many messages of each node were heard, nothing is sent: there would be nothing to
/// replay.
const HEARD_MIN: u64 = 3;

/// How long those are waited for: many times `keepalive`.
const LISTEN_MAX: Duration = Duration::from_secs(30);

/// The datagrams are the same in every run, apart from what the nodes themselves say.
const SEED: u64 = 694;

/// What is to be sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The nodes' addresses.
    pub(super) nodes: [Ipv4Addr; 2],
    /// Where they beat.
    pub(super) broadcast: Ipv4Addr,
    /// Datagrams a second.
    pub(super) rate: u32,
    /// For so long.
    pub(super) during: Duration,
}

/// What went to one node.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Reached {
    /// Datagrams that no node ever said.
    pub(super) false_ones: u64,
    /// Real ones, once more.
    pub(super) replayed: u64,
}

/// What was sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sent {
    /// How many of each kind.
    kinds: [u64; KINDS],
    /// What went to each node; what goes to both counts for both.
    pub(super) to: [Reached; 2],
    /// Refused by the kernel, and not counted above.
    failed: u64,
    /// From the first to the last.
    took: Duration,
}

impl Sent {
    /// How many a second, on average.
    pub(super) fn per_second(&self) -> u64 {
        let millis = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX).max(1);
        self.kinds.iter().sum::<u64>() * 1000 / millis
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [malformed, forged, replayed, oversized] = self.kinds;
        let (total, rate) = (self.kinds.iter().sum::<u64>(), self.per_second());
        let took = self.took.as_secs_f64();
        write!(
            f,
            "{total} datagrams in {took:.1} s, {rate} a second: {malformed} malformed, {forged} \
             unsigned, {replayed} replayed, {oversized} oversized; {} not sent",
            self.failed
        )
    }
}

/// `lab flood PLAN`: listens until there is something to replay, sends, and prints what was sent.
///
/// # Errors
/// When the sockets can't be made, or the nodes are silent.
pub(crate) fn run(plan: &str) -> Result<()> {
    let plan: Plan = serde_json::from_str(plan).context("not a plan")?;
    let mouth = UdpSocket::bind(("0.0.0.0", 0)).context("cannot open the sender's socket")?;
    mouth.set_broadcast(true)?;
    let mut flood = Flood {
        plan,
        ears: vec![ear()?],
        mouth,
        datagrams: Datagrams::new(SEED),
        dice: Dice::new(SEED),
        heard: [0; 2],
        speakers: [None; 2],
        ear: vec![0; usize::from(u16::MAX)],
        sent: Sent::default(),
    };
    flood.wait_for_both()?;
    flood.send_all();
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &flood.sent)?;
    out.flush()?;
    Ok(())
}

/// A socket that hears what is sent to the nodes, beside others of its kind.
fn ear() -> Result<UdpSocket> {
    let socket = net::socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    net::sockopt::set_socket_reuseaddr(&socket, true)?;
    net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT))
        .context("cannot listen to the nodes")?;
    let socket = UdpSocket::from(socket);
    socket.set_nonblocking(true)?;
    Ok(socket)
}

struct Flood {
    plan: Plan,
    ears: Vec<UdpSocket>,
    mouth: UdpSocket,
    datagrams: Datagrams,
    dice: Dice,
    /// How many messages of each node were heard.
    heard: [u64; 2],
    /// Where those came from.
    speakers: [Option<SocketAddr>; 2],
    ear: Vec<u8>,
    sent: Sent,
}

impl Flood {
    fn wait_for_both(&mut self) -> Result<()> {
        let begin = Instant::now();
        while self.heard.iter().any(|&heard| heard < HEARD_MIN) {
            ensure!(begin.elapsed() < LISTEN_MAX, "the nodes are silent: heard {:?}", self.heard);
            std::thread::sleep(Duration::from_millis(10));
            self.listen();
        }
        // From now on an ear for each node, so that the kernel keeps our own broadcasts away.
        self.ears.clear();
        for speaker in self.speakers.iter().flatten() {
            let ear = ear()?;
            ear.connect(speaker)?;
            self.ears.push(ear);
        }
        Ok(())
    }

    /// Keeps what the nodes say; what they said last is the best to replay.
    fn listen(&mut self) {
        for ear in &self.ears {
            // An error means that nothing is left.
            while let Ok((length, from)) = ear.recv_from(&mut self.ear) {
                let Some(node) = self.plan.nodes.iter().position(|node| *node == from.ip()) else {
                    continue;
                };
                self.heard[node] += 1;
                self.speakers[node] = Some(from);
                self.datagrams.heard(&self.ear[..length]);
            }
        }
    }

    fn send_all(&mut self) {
        let rate = u64::from(self.plan.rate);
        let total = rate * u64::try_from(self.plan.during.as_millis()).unwrap_or(0) / 1000;
        let bundle = (rate / BUNDLES_PER_SECOND).max(1);
        let begin = Instant::now();
        let mut shift = Duration::ZERO;
        for number in 0..total {
            if number % bundle == 0 {
                let due = Duration::from_nanos(number * 1_000_000_000 / rate) + shift;
                let late = begin.elapsed().saturating_sub(due);
                shift += late.saturating_sub(CATCH_UP_MAX);
                std::thread::sleep(due.saturating_sub(begin.elapsed()));
                self.listen();
            }
            self.send(number);
        }
        self.sent.took = begin.elapsed();
    }

    fn send(&mut self, number: u64) {
        let kind = Kind::of(number);
        let datagram = self.datagrams.make(kind);
        let ([one, two], both) = (self.plan.nodes, self.plan.broadcast);
        let (to, reached): (_, &[usize]) = match self.dice.below(ALONE) {
            0 => (one, &[0]),
            1 => (two, &[1]),
            _ => (both, &[0, 1]),
        };
        if self.mouth.send_to(datagram, (to, PORT)).is_err() {
            self.sent.failed += 1;
            return;
        }
        self.sent.kinds[kind as usize] += 1;
        for &node in reached {
            let to = &mut self.sent.to[node];
            let count = if kind == Kind::Replayed { &mut to.replayed } else { &mut to.false_ones };
            *count += 1;
        }
    }
}
