//! BFD sessions (RFC 5880, asynchronous mode): whether a neighbour is reached, known within
//! milliseconds. Pure: packets and time come in, packets and changes go out.
//!
//! Each [`Session`] sends at the pace both ends agreed on and is down when nothing was heard for
//! the detection time. Virtual routers and checkers follow it by its name. Start reading at
//! [`Sessions`]; one session's rules are in `session`. Neither echoes nor demand mode nor
//! authentication is spoken; keepalived has none of them either.

mod session;

use base::{Dice, Instant, Machine};
use session::Live;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use wire::bfd::{Control, LENGTH, PORT, PORT_MULTIHOP, TTL};

/// What one session is configured to be (`bfd_instance`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// The other end.
    pub neighbor: IpAddr,
    /// The address we speak from; `None`: the kernel's choice.
    pub source: Option<IpAddr>,
    /// We can receive so often.
    pub min_rx: Duration,
    /// We want to send so often.
    pub min_tx: Duration,
    /// How often we send while it is not up; at least a second (RFC 5880 §6.8.3).
    pub idle_tx: Duration,
    /// After so many of our packets missing the other end takes it for down; not 0.
    pub multiplier: u8,
    /// Says nothing before the other end does.
    pub passive: bool,
    /// TTL or hop limit of our packets.
    pub ttl: u8,
    /// The other end's packets may have crossed so many routers (RFC 5082); `None`: any number.
    pub max_hops: Option<u8>,
    /// Over several hops: the port of RFC 5883.
    pub multihop: bool,
}

impl Session {
    /// The UDP port packets are sent to, and heard on.
    pub const fn port(&self) -> u16 {
        if self.multihop { PORT_MULTIHOP } else { PORT }
    }

    /// Packets that one session's neighbour sends can't be another's.
    fn is_same_path(&self, other: &Self) -> bool {
        (self.neighbor, self.source, self.multihop)
            == (other.neighbor, other.source, other.multihop)
    }
}

/// What the sessions are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// These are the sessions from now on. One that stays (by name and path) keeps its state.
    Sessions(Vec<Session>),
    /// A datagram came in. Nothing in it is believed before it is checked.
    Packet(Received),
    /// The other ends are told that we stop; nothing follows.
    Stop,
}

/// A datagram as it came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// Who sent it.
    pub source: IpAddr,
    /// To which address of ours.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// It came in on the port for several hops.
    pub multihop: bool,
    /// Its payload.
    pub bytes: Vec<u8>,
}

/// What the sessions ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Send this payload in the session's name.
    Send(Packet),
    /// A session is there, or changed.
    Changed {
        /// Its name.
        name: String,
        /// It is up.
        up: bool,
        /// Why, as a sentence.
        why: String,
    },
}

/// A packet on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// The session's name: each has a source port of its own (RFC 5881 §4).
    pub session: String,
    /// The address it leaves from; `None`: the kernel's choice.
    pub source: Option<IpAddr>,
    /// To whom.
    pub destination: IpAddr,
    /// To which UDP port.
    pub port: u16,
    /// TTL or hop limit.
    pub ttl: u8,
    /// The payload.
    pub bytes: [u8; LENGTH],
}

/// All BFD sessions of a machine.
#[derive(Clone, Debug)]
pub struct Sessions {
    dice: Dice,
    live: Vec<Live>,
    /// Datagrams that are no session's, or that no session may believe.
    dropped: u64,
}

impl Sessions {
    /// None yet. The dice make discriminators and jitter; they must not be guessable by others.
    pub const fn new(dice: Dice) -> Self {
        Self { dice, live: Vec::new(), dropped: 0 }
    }

    /// Each session's name, and whether it is up.
    pub fn states(&self) -> BTreeMap<String, bool> {
        self.live.iter().map(|live| (live.config.name.clone(), live.is_up())).collect()
    }

    /// How many datagrams were dropped.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Puts sessions in place.
    fn install(&mut self, now: Instant, wanted: Vec<Session>, out: &mut Vec<Output>) {
        let mut old = std::mem::take(&mut self.live);
        for config in wanted {
            let kept = old.iter().position(|live| {
                live.config.name == config.name && live.config.is_same_path(&config)
            });
            let live = if let Some(place) = kept {
                let mut live = old.swap_remove(place);
                live.reconfigure(now, config, &mut self.dice, out);
                live
            } else {
                let number = self.number(&old);
                Live::new(now, config, number, out)
            };
            self.live.push(live);
        }
        for live in &mut old {
            live.end(out);
        }
    }

    /// A discriminator that no session of ours has: it isn't 0 (RFC 5880 §6.3).
    fn number(&mut self, old: &[Live]) -> u32 {
        loop {
            let number = self.dice.next_u64() as u32;
            let known = self.live.iter().chain(old).any(|live| live.number == number);
            if number != 0 && !known {
                return number;
            }
        }
    }

    fn packet(&mut self, now: Instant, packet: &Received, out: &mut Vec<Output>) {
        let Some((place, control)) = self.find(packet) else {
            self.dropped += 1;
            return;
        };
        if let Some(live) = self.live.get_mut(place) {
            live.hear(now, &control, &mut self.dice, out);
        }
    }

    /// Whose packet it is: of the session it names, or of the one with that neighbour
    /// (RFC 5880 §6.8.6), if it may have come from there.
    fn find(&self, packet: &Received) -> Option<(usize, Control)> {
        let control = Control::decode(&packet.bytes).ok()?;
        let fits = |live: &Live| {
            let config = &live.config;
            config.neighbor == packet.source
                && config.multihop == packet.multihop
                && config.source.is_none_or(|ours| ours == packet.destination)
                && (control.yours == 0 || control.yours == live.number)
        };
        let place = self.live.iter().position(fits)?;
        let hops = self.live.get(place)?.config.max_hops;
        let near = hops.is_none_or(|hops| packet.ttl >= TTL - hops);
        near.then_some((place, control))
    }
}

impl Machine for Sessions {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Tick => {
                for live in &mut self.live {
                    live.tick(now, &mut self.dice, out);
                }
            }
            Input::Sessions(wanted) => self.install(now, wanted, out),
            Input::Packet(packet) => self.packet(now, &packet, out),
            Input::Stop => self.live.drain(..).for_each(|mut live| live.end(out)),
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.live.iter().filter_map(Live::deadline).min()
    }
}
