//! Hosts and networks under one clock that jumps to whatever is due next.

use super::Subject;
use super::host::{AMBIENT, Due, Host, Spoken};
use super::promises::{Promises, TICK, place};
use super::schedule::fair;
use super::setup::{NAMES, Setup, WIRES};
use super::sin::{Sin, Violation};
use super::text::{self, TRACKED};
use super::watch::{GOODBYE, Phase};
use crate::network::{Fate, Network, Wire};
use ::vrrp::config::Tracked;
use ::vrrp::{Advert, Boot, Condition, Input, Output, Received, Subject as Of, What};
use api::vrrp::VrrpStatus;
use base::{Dice, Instant};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// So many ticks at one moment: a deadline that doesn't move.
const TICKS_MAX: u32 = 1000;

/// A script runs for this part of its interval.
const SCRIPT_PART: u32 = 10;

/// All of it.
pub struct World<S> {
    pub(crate) setup: Arc<Setup>,
    pub(crate) now: Instant,
    pub(crate) hosts: Vec<Host<S>>,
    pub(crate) network: Network,
    /// Nothing is lost or late.
    pub(crate) is_fair: bool,
    pub(crate) promises: Promises,
    pub(crate) dice: Dice,
    queue: BTreeMap<(Instant, u64), Due>,
    order: u64,
    out: Vec<Output>,
    log: Option<Vec<String>>,
}

impl<S: Subject> World<S> {
    /// Hosts of a setup, all off, under fair weather.
    pub(crate) fn new(setup: Arc<Setup>, mut dice: Dice) -> Self {
        let mut network = Network::new(setup.hosts, WIRES.len(), dice.split());
        network.set_weather(fair(&setup));
        Self {
            now: Instant::ZERO,
            hosts: (0..setup.hosts).map(|_| Host::new(&setup)).collect(),
            network,
            is_fair: true,
            promises: Promises::new(setup.clone()),
            dice,
            queue: BTreeMap::new(),
            order: 0,
            out: Vec::new(),
            log: None,
            setup,
        }
    }

    /// Keeps a story of what happens from now on.
    pub(crate) fn keep_log(&mut self) {
        self.log = Some(Vec::new());
    }

    /// The story so far, if one is kept.
    pub fn log(&self) -> &[String] {
        self.log.as_deref().unwrap_or_default()
    }

    /// The first promise that was broken.
    pub const fn violation(&self) -> Option<&Violation> {
        self.promises.violation()
    }

    /// The moment.
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// What a host's daemon says of itself, if one runs.
    pub(crate) fn status(&self, host: usize) -> Option<VrrpStatus> {
        self.hosts[host].role.as_ref().map(Subject::status)
    }

    /// Adds a line to the story.
    pub(crate) fn note(&mut self, host: Option<usize>, text: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            let who = host.map_or(String::new(), |host| format!("node{} ", host + 1));
            log.push(format!("{:>10} {who}{}", self.now.to_string(), text()));
        }
    }

    /// Lets something happen later.
    pub(crate) fn push(&mut self, after: Duration, due: Due) {
        self.order += 1;
        self.queue.insert((self.now + after, self.order), due);
    }

    /// Lets time pass until then, or until a promise is broken.
    pub(crate) fn run_until(&mut self, end: Instant) {
        while self.violation().is_none() {
            let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
            let timer = (0..self.hosts.len())
                .filter(|host| self.hosts[*host].is_awake())
                .filter_map(|host| Some((self.hosts[host].wake?, host)))
                .min();
            match (queued, timer) {
                (Some(at), timer) if at <= end && timer.is_none_or(|(t, _)| at <= t) => {
                    self.now = self.now.max(at);
                    if let Some((_, due)) = self.queue.pop_first() {
                        self.happen(due);
                    }
                }
                (_, Some((at, host))) if at <= end => {
                    self.now = self.now.max(at);
                    self.tick(host);
                }
                _ => break,
            }
            self.look();
        }
        self.now = self.now.max(end);
        self.look();
    }

    fn look(&mut self) {
        self.promises.look(self.now, &self.hosts, (&self.network, self.is_fair));
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Packet { to, spoken, received } => {
                let wire = self.setup.wire_of(spoken.router);
                if self.hosts[to].links[wire] {
                    self.give(to, Some(spoken), Input::Packet(received));
                }
            }
            Due::Script { host, life, name } if self.hosts[host].life == life => {
                let success = self.hosts[host].tracked_good;
                let how = format!("exit code {}", u8::from(!success));
                self.give(host, None, Input::ScriptDone { name, success, how });
            }
            Due::Ambient { host, life } if self.hosts[host].life == life => {
                let wall = self.hosts[host].wall(self.now);
                if !self.hosts[host].frozen {
                    self.give(host, None, Input::Ambient { wall });
                }
                self.push(AMBIENT, Due::Ambient { host, life });
            }
            Due::Respawn { host, life } if self.hosts[host].life == life => {
                self.start(host);
            }
            Due::Script { .. } | Due::Ambient { .. } | Due::Respawn { .. } => {}
        }
    }

    fn tick(&mut self, host: usize) {
        let of = &mut self.hosts[host];
        if of.ticks_now.0 == self.now {
            of.ticks_now.1 += 1;
        } else {
            of.ticks_now = (self.now, 1);
        }
        if of.ticks_now.1 > TICKS_MAX {
            return self.promises.blame(self.now, Sin::Spins { host });
        }
        self.give(host, None, Input::Tick);
    }

    /// Starts a host's daemon, with what its last one left.
    pub(crate) fn start(&mut self, host: usize) {
        let of = &mut self.hosts[host];
        let text = text::keepalived_conf(&self.setup, host, &of.priorities);
        let Some(config) = text::read(&text) else {
            return self.promises.blame(self.now, Sin::Misread { host });
        };
        let inherited = std::mem::take(&mut of.left);
        of.role = Some(S::born(config, Boot { inherited, ..Boot::default() }));
        (of.powered, of.failures) = (true, 0);
        let life = of.life;
        self.promises.turn(host, Phase::Init);
        self.note(Some(host), || "starts".into());
        let wall = self.hosts[host].wall(self.now);
        self.give_quietly(host, Input::Ambient { wall });
        for wire in 0..WIRES.len() {
            for input in self.interface(host, wire) {
                self.give_quietly(host, input);
            }
        }
        let good = self.hosts[host].tracked_good;
        self.give_quietly(host, tracked(good));
        self.give(host, None, Input::Tick);
        self.push(AMBIENT, Due::Ambient { host, life });
    }

    /// What the kernel says of an interface and its address.
    pub(crate) fn interface(&self, host: usize, wire: usize) -> Vec<Input> {
        let of = &self.hosts[host];
        let ip = text::source(&self.setup, host, wire);
        let present = of.addressed[wire];
        let only = |wanted: bool| (present && wanted).then_some(ip);
        let mut all = vec![Input::Link {
            interface: WIRES[wire].to_owned(),
            up: of.links[wire],
            ipv4: only(ip.is_ipv4()),
            ipv6: only(ip.is_ipv6()),
        }];
        all.extend(self.setup.track_source.then_some(Input::Source { ip, present }));
        all
    }

    /// Gives a daemon an input, or keeps it for when it wakes up.
    pub(crate) fn give(&mut self, host: usize, spoken: Option<Spoken>, input: Input) {
        let of = &mut self.hosts[host];
        if of.role.is_none() {
            return;
        }
        if of.frozen {
            return of.queue(spoken, input);
        }
        self.feed(host, spoken, input);
        self.promises.look_at(self.now, host, &self.hosts[host]);
    }

    /// The same before anything is asked of it.
    fn give_quietly(&mut self, host: usize, input: Input) {
        self.feed(host, None, input);
    }

    /// Gives a daemon an input and does what it asks for.
    pub(crate) fn feed(&mut self, host: usize, spoken: Option<Spoken>, input: Input) {
        let now = self.now;
        if let Some(spoken) = spoken {
            let own = &self.hosts[host].priorities;
            let own = self.setup.priority_of(host, spoken.router, own);
            self.promises.hears(now, host, spoken, own);
        }
        let says_goodbye = matches!(input, Input::Stop { keep: false });
        let of = &mut self.hosts[host];
        if let Input::ScriptDone { success, .. } = &input {
            of.failures = if *success { 0 } else { of.failures + 1 };
        }
        let Some(role) = &mut of.role else { return };
        let mut out = std::mem::take(&mut self.out);
        role.handle(now, input, &mut out);
        let deadline = role.next_deadline();
        if deadline != of.deadline {
            of.deadline = deadline;
            of.wake = deadline.map(|at| at + self.dice.between(Duration::ZERO, TICK));
        }
        let masters = if says_goodbye { self.promises.masters_on(host) } else { Vec::new() };
        self.promises.take(now, host, &out);
        // Who is told to have slept leaves without a word.
        let mut goodbyes = Vec::new();
        for output in out.drain(..) {
            if let Output::Notify(told) = &output
                && let (What::Backup, Of::Instance(name)) = (told.what, &told.of)
            {
                goodbyes.extend(place(name));
            }
            if let Some(said) = self.perform(host, output) {
                goodbyes.extend((said.priority == GOODBYE).then_some(said.router));
            }
        }
        self.out = out;
        if let Some(&router) = masters.iter().find(|router| !goodbyes.contains(router)) {
            self.promises.blame(now, Sin::NoGoodbye { host, router });
        }
    }

    /// Does what a daemon asks for; what it said, if it was an advert.
    fn perform(&mut self, host: usize, output: Output) -> Option<Spoken> {
        match output {
            Output::Send(advert) => return self.send(host, &advert),
            Output::Take { instance, addresses, .. } => {
                if let Some(router) = place(&instance) {
                    let taken = addresses.iter().map(|address| address.ip);
                    self.hosts[host].held[router].extend(taken);
                }
            }
            Output::Release { instance, addresses, .. } => {
                if let Some(router) = place(&instance) {
                    let held = &mut self.hosts[host].held[router];
                    for address in &addresses {
                        held.remove(&address.ip);
                    }
                }
            }
            Output::Run { name } => {
                let life = self.hosts[host].life;
                let takes = self.setup.intervals[host] / SCRIPT_PART;
                self.push(takes, Due::Script { host, life, name });
            }
            Output::Event(event) => self.note(Some(host), || event.text),
            Output::Exit => {
                self.hosts[host].end_daemon();
                self.promises.turn(host, Phase::Off);
            }
            Output::Announce { .. } | Output::Notify(_) => {}
        }
        None
    }

    fn send(&mut self, from: usize, advert: &Advert) -> Option<Spoken> {
        let router = place(&advert.instance)?;
        let decoded = match (advert.source, advert.destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                wire::vrrp::decode_v6(&advert.bytes, source, destination)
            }
            _ => wire::vrrp::decode_v4(&advert.bytes),
        };
        let spoken = Spoken { from, router, priority: decoded.ok()?.advert.priority };
        let wire = self.setup.wire_of(router);
        if !self.hosts[from].links[wire] {
            return Some(spoken);
        }
        let multicast = advert.destination.is_multicast();
        for to in (0..self.hosts.len()).filter(|to| *to != from) {
            if !multicast && text::source(&self.setup, to, wire) != advert.destination {
                continue;
            }
            let ways = match self.network.fate(Wire(wire), from, to) {
                Fate::Lost | Fate::Waits => continue,
                Fate::Arrives(after) => [Some(after), None],
                Fate::Twice(first, second) => [Some(first), Some(second)],
            };
            for after in ways.into_iter().flatten() {
                let received = Received {
                    interface: WIRES[wire].to_owned(),
                    source: advert.source,
                    destination: advert.destination,
                    ttl: advert.ttl,
                    bytes: advert.bytes.to_vec(),
                };
                self.push(after, Due::Packet { to, spoken, received });
            }
        }
        Some(spoken)
    }
}

/// What the shell says of the tracked process.
pub(crate) fn tracked(good: bool) -> Input {
    let condition = if good { Condition::Good } else { Condition::Bad };
    Input::Tracker { what: Tracked::Process(TRACKED.to_owned()), condition }
}

/// The name of a virtual router.
pub(crate) const fn name(router: usize) -> &'static str {
    NAMES[router]
}
