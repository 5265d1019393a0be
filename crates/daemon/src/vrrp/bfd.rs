//! BFD sessions on the real-time thread: their machine and its sockets.

use base::{Dice, Instant, Machine};
use config::keepalived::settings::BfdSession;
use linux::bfd::{Receiver, Room, Sender};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use vrrp::bfd::{Input, Output, Packet, Received, Session, Sessions};
use wire::bfd::{PORT, PORT_MULTIHOP};

/// Tokens of the poller from here on are those of BFD: there are fewer sockets of other kinds.
const TOKENS: u64 = 1 << 32;

/// What receivers may hear: IPv6 or not, and a port.
const EARS: [(bool, u16); 4] =
    [(false, PORT), (true, PORT), (false, PORT_MULTIHOP), (true, PORT_MULTIHOP)];

/// What there is to tell.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum News {
    /// A session is up, or it isn't.
    Changed {
        /// Its name.
        name: String,
        /// It is up.
        up: bool,
        /// For people.
        text: String,
    },
    /// Something doesn't work.
    Trouble(String),
}

/// The sessions, their sockets, and what was told of them.
pub(crate) struct Bfd {
    sessions: Sessions,
    /// In the order of [`EARS`]: whether it is needed, and if it is open.
    ears: [(bool, Option<Receiver>); EARS.len()],
    mouths: BTreeMap<String, Mouth>,
    dice: Dice,
    told: BTreeMap<String, bool>,
    /// Sessions that can't speak; told once.
    mute: BTreeSet<String>,
    outputs: Vec<Output>,
}

/// A session's sender, and what it was opened for.
struct Mouth {
    way: (IpAddr, Option<IpAddr>, u8),
    sender: Sender,
}

/// The token of a receiver.
pub(crate) const fn token_of(ear: usize) -> u64 {
    TOKENS + ear as u64
}

/// The receiver a token stands for; `None` for the token of something else.
pub(crate) fn ear_of(token: u64) -> Option<usize> {
    usize::try_from(token.checked_sub(TOKENS)?).ok()
}

/// A session as its machine wants it.
pub(crate) fn session(configured: &BfdSession) -> Session {
    Session {
        name: configured.name.clone(),
        neighbor: configured.neighbor,
        source: configured.source,
        min_rx: configured.min_rx,
        min_tx: configured.min_tx,
        idle_tx: configured.idle_tx,
        multiplier: configured.multiplier,
        passive: configured.passive,
        ttl: configured.ttl,
        max_hops: configured.max_hops,
        multihop: configured.multihop,
    }
}

impl Bfd {
    /// Without sessions; others must not be able to guess the seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        Self {
            sessions: Sessions::new(dice.split()),
            ears: Default::default(),
            mouths: BTreeMap::new(),
            dice,
            told: BTreeMap::new(),
            mute: BTreeSet::new(),
            outputs: Vec::new(),
        }
    }

    /// Call [`give`](Self::give) with a tick no later than this.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.sessions.next_deadline()
    }

    /// Notes which receivers these sessions need; the others are closed.
    pub(crate) fn want(&mut self, sessions: &[Session]) {
        for ((v6, port), (needed, open)) in EARS.into_iter().zip(&mut self.ears) {
            *needed = sessions.iter().any(|s| (s.neighbor.is_ipv6(), s.port()) == (v6, port));
            if !*needed {
                *open = None;
            }
        }
    }

    /// Opens the receivers that are needed and not open yet; which, or why not.
    pub(crate) fn open(&mut self) -> Vec<(usize, Result<&Receiver, String>)> {
        let ears = EARS.into_iter().zip(&mut self.ears).enumerate();
        let missing = ears.filter(|(_, (_, (needed, open)))| *needed && open.is_none());
        missing
            .map(|(ear, ((v6, port), (_, place)))| {
                let opened = linux::bfd::receiver(v6, port);
                let text = |error| format!("BFD can't be heard on UDP port {port}: {error}");
                (ear, opened.map(|receiver| &*place.insert(receiver)).map_err(text))
            })
            .collect()
    }

    /// What has come to a receiver.
    pub(crate) fn receive(&self, ear: usize, room: &mut Room) -> Vec<Received> {
        let (Some((_, port)), Some((_, Some(receiver)))) = (EARS.get(ear), self.ears.get(ear))
        else {
            return Vec::new();
        };
        let mut heard = Vec::new();
        // An error was the network's, and is told by reading it.
        let _ = receiver.receive(room, |one| {
            heard.push(Received {
                source: one.source,
                destination: one.destination,
                ttl: one.ttl,
                multihop: *port == PORT_MULTIHOP,
                bytes: one.bytes.to_vec(),
            });
        });
        heard
    }

    /// Gives the machine an input, sends what it wants sent, and returns what there is to tell.
    pub(crate) fn give(&mut self, now: Instant, input: Input) -> Vec<News> {
        let renewed = matches!(input, Input::Sessions(_));
        let mut outputs = std::mem::take(&mut self.outputs);
        self.sessions.handle(now, input, &mut outputs);
        let mut news = Vec::new();
        for output in outputs.drain(..) {
            match output {
                Output::Send(packet) => news.extend(self.send(&packet).map(News::Trouble)),
                Output::Changed { name, up, why } => {
                    if self.told.insert(name.clone(), up) != Some(up) {
                        let how = if up { "up" } else { "down" };
                        let text = format!("BFD session {name} is {how}: {why}");
                        news.push(News::Changed { name, up, text });
                    }
                }
            }
        }
        self.outputs = outputs;
        if renewed {
            let known = self.sessions.states();
            self.mouths.retain(|name, _| known.contains_key(name));
            self.told.retain(|name, _| known.contains_key(name));
            self.mute.clear();
        }
        news
    }

    /// Sends a packet; why it can't be, the first time that is so.
    fn send(&mut self, packet: &Packet) -> Option<String> {
        let Err(error) = self.speak(packet) else {
            self.mute.remove(&packet.session);
            return None;
        };
        // The next packet finds the address or the route that is missing now.
        self.mouths.remove(&packet.session);
        let first = self.mute.insert(packet.session.clone());
        first.then(|| format!("BFD session {} can't speak: {error}", packet.session))
    }

    fn speak(&mut self, packet: &Packet) -> io::Result<()> {
        let way = (packet.destination, packet.source, packet.ttl);
        let known = self.mouths.get(&packet.session).filter(|mouth| mouth.way == way);
        if let Some(mouth) = known {
            return mouth.sender.send(&packet.bytes, packet.destination, packet.port);
        }
        let first = self.dice.next_u64() as u16;
        let sender = Sender::open(packet.destination, packet.source, packet.ttl, first)?;
        sender.send(&packet.bytes, packet.destination, packet.port)?;
        self.mouths.insert(packet.session.clone(), Mouth { way, sender });
        Ok(())
    }
}
