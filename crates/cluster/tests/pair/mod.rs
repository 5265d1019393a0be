//! Two nodes, one clock, a cable and obedient scripts: the smallest world a node can live in.

use api::{Event, StandbySet};
use base::{Dice, Instant, LinkId, Machine, WallTime};
use cluster::config::{
    AutoFailback, Check, Config, DuplicateAddress, Group, Link, Medium, Resource, Timing,
};
use cluster::{Action, Boot, Input, Node, Outcome, Output};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use wire::heartbeat::{Compression, Format, Key, Keys, Method};

pub(crate) const NODES: [&str; 2] = ["alpha", "beta"];
const LATENCY: Duration = Duration::from_micros(200);
const SCRIPT: Duration = Duration::from_millis(20);

pub(crate) fn resource(name: &str) -> Resource {
    Resource { written: name.into(), name: name.into(), args: Vec::new() }
}

/// A pair with one group per entry: `(home, resources)`.
pub(crate) fn config(me: &str, groups: &[(&str, &[&str])]) -> Config {
    let secs = Duration::from_secs;
    let keys = BTreeMap::from([(1, Key::new(Method::Crc, b""))]);
    Config {
        me: me.into(),
        nodes: NODES.map(Into::into).to_vec(),
        links: vec![Link { name: "eth0".into(), medium: Medium::Bcast { port: 694 } }],
        timing: Timing {
            keepalive: secs(1),
            deadtime: secs(5),
            warntime: secs(3),
            initdead: secs(10),
            deadping: secs(5),
            max_rexmit_delay: Duration::from_millis(250),
        },
        auto_failback: AutoFailback::On,
        keys: Keys::new(1, keys).expect("key 1 is there"),
        format: Format::Classic,
        compression: Compression::Zlib,
        compression_threshold: 2048,
        traditional_compression: false,
        hopfudge: 1,
        groups: groups
            .iter()
            .map(|(home, names)| Group {
                key: names[0].into(),
                home: (*home).into(),
                resources: names.iter().map(|name| resource(name)).collect(),
            })
            .collect(),
        stonith: Vec::new(),
        ipfail: false,
        clients: Vec::new(),
        apiauth: BTreeMap::new(),
        checks: Vec::<Check>::new(),
        duplicate_address: DuplicateAddress::Take,
        autojoin: false,
        manage_resources: true,
        parameters: BTreeMap::new(),
        environment: BTreeMap::new(),
        digest: "same".into(),
    }
}

enum Due {
    Packet { to: usize, bytes: Arc<[u8]> },
    Result { to: usize, life: u32, op: base::OpId, outcome: Outcome },
}

pub(crate) struct Host {
    pub(crate) node: Option<Node>,
    config: Arc<Config>,
    life: u32,
    /// What runs on this machine.
    pub(crate) running: BTreeSet<String>,
    /// Resources whose start fails here.
    pub(crate) broken: BTreeSet<String>,
    /// Whether service checks pass here.
    pub(crate) healthy: bool,
    pub(crate) fence_works: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) answers: Vec<Result<String, String>>,
    pub(crate) announced: usize,
    pub(crate) exited: bool,
}

pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) hosts: [Host; 2],
    queue: BTreeMap<(Instant, u64), Due>,
    tick: u64,
    /// `cut[from][to]`
    pub(crate) cut: [[bool; 2]; 2],
    /// The most nodes that ever ran one resource at the same time while both could hear.
    pub(crate) double: BTreeSet<String>,
}

impl Pair {
    pub(crate) fn new(groups: &[(&str, &[&str])], change: impl Fn(&mut Config)) -> Self {
        let host = |me: &str| {
            let mut config = config(me, groups);
            change(&mut config);
            Host {
                node: None,
                config: Arc::new(config),
                life: 0,
                running: BTreeSet::new(),
                broken: BTreeSet::new(),
                healthy: true,
                fence_works: true,
                events: Vec::new(),
                answers: Vec::new(),
                announced: 0,
                exited: false,
            }
        };
        Self {
            now: Instant::ZERO + Duration::from_secs(1),
            hosts: NODES.map(host),
            queue: BTreeMap::new(),
            tick: 0,
            cut: [[false; 2]; 2],
            double: BTreeSet::new(),
        }
    }

    pub(crate) fn boot(&mut self, at: usize) {
        let host = &mut self.hosts[at];
        host.life += 1;
        host.exited = false;
        let boot = Boot {
            generation: 1000 + host.life,
            uuid: [at as u8 + 1; 16],
            dice: Dice::new(u64::from(host.life) * 2 + at as u64),
            predecessor: None,
        };
        host.node = Some(Node::new(Arc::clone(&host.config), boot));
        let wall = WallTime::from_millis(1_700_000_000_000) + self.now.since(Instant::ZERO);
        self.give(at, Input::Ambient { wall, load: "0 0 0".into() });
        let mut out = Vec::new();
        if let Some(node) = &mut self.hosts[at].node {
            node.start(self.now, &mut out);
        }
        self.perform(at, out);
    }

    /// Power off: nothing runs there any more.
    pub(crate) fn kill(&mut self, at: usize) {
        self.hosts[at].node = None;
        self.hosts[at].running.clear();
    }

    pub(crate) fn cut_both(&mut self, cut: bool) {
        self.cut = [[cut; 2]; 2];
    }

    pub(crate) fn give(&mut self, at: usize, input: Input) {
        let mut out = Vec::new();
        if let Some(node) = &mut self.hosts[at].node {
            node.handle(self.now, input, &mut out);
        }
        self.perform(at, out);
    }

    fn perform(&mut self, at: usize, out: Vec<Output>) {
        for output in out {
            self.tick += 1;
            match output {
                Output::Send { bytes, .. } => {
                    for to in 0..2 {
                        if !self.cut[at][to] {
                            let due = (self.now + LATENCY, self.tick * 2 + to as u64);
                            self.queue.insert(due, Due::Packet { to, bytes: Arc::clone(&bytes) });
                        }
                    }
                }
                Output::Run { op, action, .. } => {
                    let outcome = self.act(at, action);
                    let life = self.hosts[at].life;
                    let due = (self.now + SCRIPT, self.tick * 2);
                    self.queue.insert(due, Due::Result { to: at, life, op, outcome });
                }
                Output::Event(event) => self.hosts[at].events.push(event),
                Output::Answer { result, .. } => self.hosts[at].answers.push(result),
                Output::Exit => {
                    self.hosts[at].exited = true;
                    self.hosts[at].node = None;
                }
                Output::Alive | Output::Deliver(_) | Output::Reboot { .. } => {}
            }
        }
        self.watch();
    }

    fn act(&mut self, at: usize, action: Action) -> Outcome {
        let host = &mut self.hosts[at];
        match action {
            Action::Status { resource, .. } => {
                if host.running.contains(&resource.name) {
                    Outcome::Yes
                } else {
                    Outcome::No
                }
            }
            Action::Start { resource, .. } if host.broken.contains(&resource.name) => {
                Outcome::Failed { reason: "exit 1: no such disk".into() }
            }
            Action::Start { resource, .. } => {
                host.running.insert(resource.name);
                Outcome::Yes
            }
            Action::Stop { resource, .. } => {
                host.running.remove(&resource.name);
                Outcome::Yes
            }
            Action::Announce { .. } => {
                host.announced += 1;
                Outcome::Yes
            }
            Action::Check { .. } if !host.healthy => {
                Outcome::Failed { reason: "connection refused".into() }
            }
            Action::Fence { .. } if !host.fence_works => {
                Outcome::Failed { reason: "no answer".into() }
            }
            Action::Hook { .. } => Outcome::No,
            Action::Probe { .. } | Action::Check { .. } | Action::Fence { .. } => Outcome::Yes,
        }
    }

    fn watch(&mut self) {
        if self.cut == [[false; 2]; 2] && self.hosts.iter().all(|host| host.node.is_some()) {
            let [a, b] = &self.hosts;
            self.double.extend(a.running.intersection(&b.running).cloned());
        }
    }

    /// Lets `span` pass.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let timer = (0..2)
                .filter_map(|at| Some((self.hosts[at].node.as_ref()?.next_deadline()?, at)))
                .min();
            let packet = self.queue.first_key_value().map(|((at, _), _)| *at);
            let next = [timer.map(|(at, _)| at), packet].into_iter().flatten().min();
            let Some(next) = next.filter(|at| *at <= end) else { break };
            self.now = self.now.max(next);
            if packet == Some(next) {
                let (_, due) = self.queue.pop_first().expect("peeked");
                self.deliver(due);
            } else if let Some((_, at)) = timer {
                self.give(at, Input::Tick);
            }
        }
        self.now = end;
    }

    fn deliver(&mut self, due: Due) {
        match due {
            Due::Packet { to, bytes } => {
                let input = Input::Datagram {
                    link: LinkId(0),
                    from: "192.0.2.1:694".into(),
                    bytes: bytes.to_vec(),
                };
                self.give(to, input);
            }
            Due::Result { to, life, op, outcome } if self.hosts[to].life == life => {
                self.give(to, Input::Done { op, outcome });
            }
            Due::Result { .. } => {}
        }
    }

    pub(crate) fn run_secs(&mut self, secs: u64) {
        self.run(Duration::from_secs(secs));
    }

    pub(crate) fn standby(&mut self, at: usize, set: StandbySet) {
        self.give(at, Input::Standby { set, request: 1 });
    }

    /// Where a resource runs: "alpha", "beta", "alpha beta" or "".
    pub(crate) fn holders(&self, name: &str) -> String {
        let on = |at: &usize| self.hosts[*at].running.contains(name);
        (0..2).filter(on).map(|at| NODES[at]).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn story(&self, at: usize) -> String {
        let line = |event: &Event| format!("{} {}", event.at, event.text);
        self.hosts[at].events.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
