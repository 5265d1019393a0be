//! Two or three messaging layers, a virtual clock, and a network that does what a test wants.

mod joining;
mod liveness;
mod losses;
mod strangers;

use super::{Boot, Heard, Messaging};
use crate::config::{AutoFailback, Config, DuplicateAddress, Link, Medium, Timing};
use crate::io::Output;
use crate::step::Step;
use api::Journal;
use api::{Event, EventKind, NodeState};
use base::{Dice, Instant, LinkId, NodeName, WallTime};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wire::heartbeat::{Compression, Format, Key, Keys, Message, Method, decode};

const ETH0: LinkId = LinkId(0);
const ETH1: LinkId = LinkId(1);
const PING: LinkId = LinkId(2);

/// How long a packet travels.
const LATENCY: Duration = Duration::from_millis(1);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn one_key(secret: &str) -> Keys {
    keys(1, &[(1, secret)])
}

fn keys(active: u8, secrets: &[(u8, &str)]) -> Keys {
    let keys = secrets.iter().map(|(index, secret)| (*index, Key::new(Method::Sha1, secret)));
    Keys::new(active, keys.collect()).expect("the active key is among them")
}

/// node1 and node2 on two broadcast links and a ping node: keepalive 1 s, deadtime 5 s.
pub(crate) fn pair(me: &str) -> Config {
    let link = |name: &str, medium| Link { name: name.into(), medium };
    Config {
        me: me.into(),
        nodes: vec!["node1".into(), "node2".into()],
        links: vec![
            link("eth0", Medium::Bcast { port: 694 }),
            link("eth1", Medium::Bcast { port: 694 }),
            link(
                "gateway",
                Medium::Ping { hosts: vec!["gateway".into()], group: false, v6: false },
            ),
        ],
        timing: Timing {
            keepalive: secs(1),
            deadtime: secs(5),
            warntime: ms(2500),
            initdead: secs(12),
            deadping: secs(5),
            max_rexmit_delay: ms(250),
        },
        auto_failback: AutoFailback::On,
        keys: one_key("secret"),
        format: Format::Classic,
        compression: Compression::Zlib,
        compression_threshold: 2048,
        traditional_compression: false,
        hopfudge: 1,
        groups: vec![],
        stonith: vec![],
        ipfail: false,
        clients: vec![],
        apiauth: BTreeMap::new(),
        checks: vec![],
        duplicate_address: DuplicateAddress::default(),
        autojoin: false,
        manage_resources: true,
        parameters: BTreeMap::new(),
        environment: BTreeMap::new(),
        digest: String::new(),
    }
}

/// A packet under way.
#[derive(Clone)]
struct Packet {
    from: usize,
    to: usize,
    link: LinkId,
    bytes: Arc<[u8]>,
    /// What it says, as the sender signed it.
    message: Message,
}

impl Packet {
    fn is(&self, kind: &str) -> bool {
        self.message.message_type() == Some(kind)
    }
}

/// One machine.
struct Host {
    config: Config,
    layer: Option<Messaging>,
    journal: Journal,
    heard: Vec<Heard>,
    events: Vec<Event>,
    sent: Vec<(LinkId, Message)>,
}

impl Host {
    fn layer(&self) -> &Messaging {
        self.layer.as_ref().expect("it runs")
    }

    fn state_of(&self, node: &str) -> NodeState {
        self.layer().node_state(&node.into())
    }

    fn told(&self, kind: EventKind) -> Vec<&str> {
        self.events.iter().filter(|e| e.kind == kind).map(|e| e.text.as_str()).collect()
    }

    fn count(&self, kind: &str) -> usize {
        self.heard_types().iter().filter(|t| **t == kind).count()
    }

    fn heard_types(&self) -> Vec<&str> {
        self.heard
            .iter()
            .filter_map(|heard| match heard {
                Heard::Message { from, message } if *from != self.config.me => {
                    message.message_type()
                }
                _ => None,
            })
            .collect()
    }

    fn sent_on(&self, link: LinkId, kind: &str) -> Vec<&Message> {
        let on_link =
            self.sent.iter().filter(|(l, m)| *l == link && m.message_type() == Some(kind));
        on_link.map(|(_, message)| message).collect()
    }

    fn refused(&self, reason: &str) -> u64 {
        self.layer().refused().find(|(r, _)| *r == reason).map_or(0, |(_, count)| count)
    }

    fn heard_once(&self, wanted: impl Fn(&Heard) -> bool) -> bool {
        self.heard.iter().filter(|heard| wanted(heard)).count() == 1
    }

    fn forget(&mut self) {
        self.heard.clear();
        self.events.clear();
        self.sent.clear();
    }
}

/// The hosts and the network between them.
struct Lab {
    now: Instant,
    hosts: Vec<Host>,
    air: BTreeMap<(Instant, u64), Packet>,
    packets: u64,
    /// True for packets that get lost.
    lose: Box<dyn FnMut(&Packet) -> bool>,
    /// Everything that was delivered to somebody else, for replays.
    captured: Vec<Packet>,
}

impl Lab {
    fn new(configs: Vec<Config>) -> Self {
        let hosts = configs.into_iter().map(|config| Host {
            config,
            layer: None,
            journal: Journal::default(),
            heard: vec![],
            events: vec![],
            sent: vec![],
        });
        let mut lab = Self {
            now: Instant::ZERO + secs(1000),
            hosts: hosts.collect(),
            air: BTreeMap::new(),
            packets: 0,
            lose: Box::new(|_| false),
            captured: vec![],
        };
        for host in &mut lab.hosts {
            host.journal.set_wall(lab.now, WallTime::from_millis(1_700_000_000_000));
        }
        lab
    }

    fn two() -> Self {
        Self::new(vec![pair("node1"), pair("node2")])
    }

    /// All started, and heard each other.
    fn joined() -> Self {
        Self::joined_with(vec![pair("node1"), pair("node2")])
    }

    fn joined_with(configs: Vec<Config>) -> Self {
        let mut lab = Self::new(configs);
        (0..lab.hosts.len()).for_each(|at| lab.start(at, 1));
        // Ends between two beats, when nothing is under way.
        lab.run(ms(10_500));
        assert!(lab.hosts.iter().all(|host| host.layer().is_comm_up()));
        lab.hosts.iter_mut().for_each(Host::forget);
        lab
    }

    fn start(&mut self, at: usize, generation: u32) {
        let config = Arc::new(self.hosts[at].config.clone());
        let dice = Dice::new(at as u64 + u64::from(generation));
        let boot = Boot { generation, uuid: [at as u8 + 1; 16], dice };
        self.hosts[at].layer = Some(Messaging::new(config, boot));
        self.act(at, Messaging::start);
    }

    fn kill(&mut self, at: usize) {
        self.hosts[at].layer = None;
    }

    fn act(
        &mut self,
        at: usize,
        what: impl FnOnce(&mut Messaging, &mut Step<'_>, &mut Vec<Heard>),
    ) {
        let host = &mut self.hosts[at];
        let Some(layer) = &mut host.layer else { return };
        let mut out = vec![];
        let mut step =
            Step { now: self.now, out: &mut out, journal: &mut host.journal, cause: None };
        what(layer, &mut step, &mut host.heard);
        for output in out {
            match output {
                Output::Event(event) => self.hosts[at].events.push(event),
                Output::Send { link, bytes } => self.put_on_air(at, link, &bytes),
                other => panic!("the messaging layer never asks for {other:?}"),
            }
        }
    }

    fn put_on_air(&mut self, from: usize, link: LinkId, bytes: &Arc<[u8]>) {
        let signed = decode(bytes, &self.hosts[from].config.keys);
        let message = signed.expect("signed").into_message();
        self.hosts[from].sent.push((link, message.clone()));
        for to in 0..self.hosts.len() {
            // Broadcast comes back to its sender; an echo comes back to nobody else.
            let packet =
                Packet { from, to, link, bytes: Arc::clone(bytes), message: message.clone() };
            if (link != PING || to == from) && !(self.lose)(&packet) {
                self.packets += 1;
                self.air.insert((self.now + LATENCY, self.packets), packet);
            }
        }
    }

    fn deliver(&mut self, packet: &Packet) {
        let (link, bytes) = (packet.link, Arc::clone(&packet.bytes));
        self.act(packet.to, |layer, step, up| {
            layer.datagram(step, link, "192.0.2.1:694", &bytes, up);
        });
    }

    fn deliver_again(&mut self, packets: &[Packet]) {
        for packet in packets {
            self.deliver(packet);
        }
    }

    fn inject(&mut self, to: usize, bytes: &[u8]) {
        self.act(to, |layer, step, up| layer.datagram(step, ETH0, "192.0.2.66:1", bytes, up));
    }

    fn send(&mut self, at: usize, message: Message) {
        self.act(at, |layer, step, up| layer.send(step, message, up));
    }

    /// Lets so much time pass.
    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let packet = self.air.first_key_value().map(|((at, _), _)| *at);
            let timers = self
                .hosts
                .iter()
                .enumerate()
                .filter_map(|(at, host)| Some((host.layer.as_ref()?.next_deadline()?, at)));
            let timer = timers.min();
            match (packet, timer) {
                (Some(at), timer) if at <= end && timer.is_none_or(|(t, _)| at <= t) => {
                    self.now = self.now.max(at);
                    let (_, packet) = self.air.pop_first().expect("peeked");
                    if packet.from != packet.to {
                        self.captured.push(packet.clone());
                    }
                    self.deliver(&packet);
                }
                (_, Some((at, host))) if at <= end => {
                    self.now = self.now.max(at);
                    self.act(host, Messaging::tick);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    fn cut(&mut self) {
        self.lose = Box::new(|packet| packet.link != PING && packet.from != packet.to);
    }

    fn heal(&mut self) {
        self.lose = Box::new(|_| false);
    }
}

fn node(name: &str) -> NodeName {
    name.into()
}
