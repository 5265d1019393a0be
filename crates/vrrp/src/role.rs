//! The role: all virtual routers of a machine as one value that is fed.
//!
//! [`Role::handle`](Machine::handle) takes an input to the part it is for. One clockwork holds
//! the deadlines of all routers, so that neither a packet nor a tick costs more with their number
//! than its logarithm.

use crate::announce::Pacers;
use crate::config::{Config, Instance, Tracked};
use crate::credentials::{Credentials, Heard, Replay};
use crate::groups::Group;
use crate::index::{Index, Names};
use crate::io::{Condition, Input, Output, Received};
use crate::links::Links;
use crate::refusals::{self, Refusals};
use crate::router::{Id, Router, State};
use crate::scripts::Scripts;
use crate::step::Step;
use crate::tracking::Trackers;
use crate::{receive, timing};
use api::Journal;
use api::{EventKind, Level, Subject};
use base::{Deadlines, Instant, Machine};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

/// What a role brings along from its predecessor.
#[derive(Clone, Debug, Default)]
pub struct Boot {
    /// The routers that an earlier process of this machine left as masters, addresses in place.
    /// They go on as masters at once.
    pub inherited: Vec<Inherited>,
    /// What an earlier process heard of signed adverts.
    pub heard: Vec<Heard>,
}

/// A master that was left in place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inherited {
    /// Its instance's name.
    pub instance: String,
    /// The last AH sequence number it sent; peers refuse smaller ones.
    pub ah_sequence: u32,
}

/// What a deadline is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Key {
    /// The startup delay is over.
    Startup,
    /// An interface has been otherwise for long enough.
    Link(String),
    /// A script is to run again.
    Script(String),
    /// A router's own timer.
    Router(Id),
    /// A router announces its addresses again.
    Announce(Id),
    /// Another paced announcement may leave on an interface.
    Pace(String),
}

/// How far the role is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Before the first tick: inputs are only noted.
    Fresh,
    /// In the startup delay: trackers run, nobody is backup or master yet.
    Delayed,
    /// At work.
    Running,
    /// Stopped: nothing follows from anything.
    Gone,
}

/// Deadlines handled in one step; the next one is due at once while there are more. Thousands of
/// routers that become masters at one moment would else have all their outputs in memory at once,
/// and the first advert would wait for the last.
const DUE_PER_STEP: usize = 64;

/// All virtual routers of a machine, their sync groups and trackers.
#[derive(Clone, Debug)]
pub struct Role {
    pub(crate) config: Config,
    journal: Journal,
    phase: Phase,
    pub(crate) routers: Vec<Router>,
    pub(crate) groups: Vec<Group>,
    pub(crate) names: Names,
    pub(crate) index: Index,
    pub(crate) trackers: Trackers,
    pub(crate) scripts: Scripts,
    pub(crate) links: Links,
    /// Watched source addresses: whether they are on this host.
    pub(crate) sources: BTreeMap<IpAddr, bool>,
    pub(crate) deadlines: Deadlines<Key>,
    pub(crate) pacers: Pacers,
    /// Groups whose members changed in this step.
    pub(crate) unsettled: BTreeSet<usize>,
    pub(crate) inherited: BTreeMap<String, Inherited>,
    /// Packets that are no router's of ours.
    pub(crate) strangers: Refusals,
}

impl Role {
    /// A role that has not spoken yet. Give it [`Input::Ambient`] and what there is to say of
    /// interfaces, source addresses and trackers; the first [`Input::Tick`] starts it.
    pub fn new(config: Config, boot: Boot) -> Self {
        let inherited =
            boot.inherited.into_iter().map(|left| (left.instance.clone(), left)).collect();
        let mut role = Self {
            journal: Journal::default(),
            phase: Phase::Fresh,
            routers: Vec::new(),
            groups: Vec::new(),
            names: Names::default(),
            index: Index::default(),
            trackers: Trackers::new(&config, None),
            scripts: Scripts::new(&config, Scripts::default()),
            links: Links::new(&config, Links::default()),
            sources: BTreeMap::new(),
            deadlines: Deadlines::default(),
            pacers: Pacers::default(),
            unsettled: BTreeSet::new(),
            inherited,
            strangers: Refusals::default(),
            config: Config::default(),
        };
        let heard: BTreeMap<&str, &Heard> =
            boot.heard.iter().map(|heard| (heard.instance.as_str(), heard)).collect();
        role.install(config, |instance| {
            let mut router = Router::new(Arc::clone(instance));
            if let Some(heard) = heard.get(instance.name.as_str()) {
                router.ah_sequence = heard.ah_sequence;
                router.replay = Replay::after(heard);
            }
            router
        });
        role
    }

    /// Puts a configuration in place, with a router for each of its instances.
    pub(crate) fn install(&mut self, config: Config, router: impl FnMut(&Arc<Instance>) -> Router) {
        self.routers = config.instances.iter().map(router).collect();
        self.names = Names::new(&config);
        self.index = Index::new(&config);
        self.groups = config
            .groups
            .iter()
            .map(|g| Group::new(g, |name| self.names.find(&config, name)))
            .collect();
        self.routers.iter_mut().for_each(|router| router.group = None);
        for (place, group) in self.groups.iter().enumerate() {
            for &member in &group.members {
                self.routers[member].group = Some(place);
            }
        }
        self.config = config;
    }

    /// The first tick has come; what is told now has consequences.
    pub(crate) fn has_begun(&self) -> bool {
        self.phase != Phase::Fresh
    }

    /// Routers may be backup and master.
    pub(crate) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Nothing follows from anything any more.
    pub(crate) fn end(&mut self) {
        self.phase = Phase::Gone;
        self.deadlines = Deadlines::default();
    }

    fn begin(&mut self, step: &mut Step<'_>) {
        let number = self.routers.len();
        let routers = if number == 1 { "router" } else { "routers" };
        let text = format!("VRRP starts with {number} virtual {routers}");
        step.cause = Some(step.tell(Level::Info, EventKind::Started, Subject::Cluster, text));
        let delay = self.config.startup_delay;
        self.phase = if delay.is_zero() { Phase::Running } else { Phase::Delayed };
        if self.phase == Phase::Delayed {
            self.deadlines.set(Key::Startup, Some(step.now + delay));
        }
        (0..self.routers.len()).for_each(|id| self.clear_leftovers(step, id));
        self.learn_tracked_links();
        self.start_scripts(step);
        self.assess_all(step);
    }

    fn tick(&mut self, step: &mut Step<'_>) {
        if self.phase == Phase::Fresh {
            self.begin(step);
        }
        for _ in 0..DUE_PER_STEP {
            let Some(key) = self.deadlines.pop_due(step.now) else { return };
            step.cause = None;
            match key {
                Key::Startup => {
                    self.phase = Phase::Running;
                    self.assess_all(step);
                }
                Key::Link(name) => self.link_delay_over(step, &name),
                Key::Script(name) => self.run_script(step, &name),
                Key::Router(id) => self.router_due(step, id),
                Key::Announce(id) => self.announce_due(step, id),
                Key::Pace(device) => self.pace(step, &device),
            }
            self.settle_groups(step);
        }
    }

    fn router_due(&mut self, step: &mut Step<'_>, id: Id) {
        match self.routers[id].state {
            State::Backup { .. } => self.master_missed(step, id),
            State::Master { advert_at } => self.advert_due(step, id, advert_at),
            State::Init | State::Fault => {}
        }
    }

    fn packet(&mut self, step: &mut Step<'_>, packet: &Received) {
        let Some(id) =
            receive::vrid(packet).and_then(|vrid| self.index.find(&self.config, packet, vrid))
        else {
            self.stranger(step, packet);
            return;
        };
        let router = &mut self.routers[id];
        // In fault it listens to nobody (docs/ancestors/keepalived.md §2.3).
        if router.state.deadline().is_none() {
            return;
        }
        match router.receive(packet, step.wall()) {
            Ok(heard) => self.hear(step, id, heard),
            Err(refused) => {
                let reason = refused.reason();
                if let Some(number) = router.refusals.count(step.now, reason, packet.source) {
                    router.refusals.note(reason, refused);
                    let subject = Subject::Router(router.config.name.clone());
                    refusals::tell(step, subject, number, packet.source, refused);
                }
            }
        }
    }

    fn stranger(&mut self, step: &mut Step<'_>, packet: &Received) {
        let reason = "unknown_router";
        let Some(number) = self.strangers.count(step.now, reason, packet.source) else { return };
        let on = &packet.interface;
        let why = match receive::vrid(packet) {
            Some(vrid) => format!("no virtual router {vrid} is configured on {on}"),
            None => format!("it came in on {on} and names no virtual router"),
        };
        self.strangers.note(reason, &why);
        if self.config.log_unknown_vrids {
            refusals::tell(step, Subject::Cluster, number, packet.source, why);
        }
    }

    fn take_in(&mut self, step: &mut Step<'_>, input: Input) {
        // Timers that were due before it come first: a master that slept is none to be reloaded.
        // Packets alone end the silence that a timer is for.
        let in_turn = !matches!(input, Input::Tick | Input::Ambient { .. } | Input::Packet(_));
        if in_turn && self.has_begun() {
            self.tick(step);
            step.cause = None;
        }
        match input {
            Input::Tick => self.tick(step),
            Input::Ambient { wall } => step.journal.set_wall(step.now, wall),
            Input::Packet(packet) => self.packet(step, &packet),
            Input::Link { interface, up, ipv4, ipv6 } => {
                self.link_told(step, interface, up, (ipv4, ipv6));
            }
            Input::Source { ip, present } => self.source_told(step, ip, present),
            Input::ScriptDone { name, success, how } => {
                self.script_done(step, &name, success, how);
            }
            Input::Tracker { what, condition } => self.tracker_changed(step, &what, condition),
            Input::AddressLost { instance, ip } => self.address_lost(step, &instance, ip),
            Input::RoutingLost { instance, what } => self.routing_lost(step, &instance, &what),
            Input::Reloading => self.speak_once_more(step),
            Input::Reload(config) => self.reload(step, *config),
            Input::Stop { keep } => self.stop(step, keep),
        }
        self.settle_groups(step);
    }

    fn source_told(&mut self, step: &mut Step<'_>, ip: IpAddr, present: bool) {
        if self.sources.insert(ip, present) == Some(present) || !self.has_begun() {
            return;
        }
        for id in self.index.speaking_from(ip) {
            self.assess(step, id);
        }
    }

    /// Something tracked changed.
    pub(crate) fn tracker_changed(
        &mut self,
        step: &mut Step<'_>,
        what: &Tracked,
        condition: Condition,
    ) {
        let Some(watch) = self.trackers.set(what, condition) else { return };
        if !self.has_begun() {
            return;
        }
        // Interfaces were told of where their delays are.
        if !matches!(what, Tracked::Interface(_)) {
            let (level, how) = match condition {
                Condition::Good => (Level::Info, "is well".to_owned()),
                Condition::Bad => (Level::Warning, self.trouble(what)),
                Condition::Value(number) => (Level::Info, format!("says {number}")),
            };
            let subject = Subject::Tracker(what.words().1.to_owned());
            let text = format!("{what} {how}");
            step.cause = Some(step.tell(level, EventKind::Tracker, subject, text));
        }
        for place in watch.groups {
            self.assess_group(step, place);
        }
        for id in watch.routers {
            self.assess(step, id);
        }
    }

    /// What is wrong with something that is not well, as the end of a sentence.
    fn trouble(&self, what: &Tracked) -> String {
        let script = match what {
            Tracked::Script(name) => self.scripts.get(name),
            _ => None,
        };
        match script.map(|script| script.said.as_str()) {
            None | Some("") => "is not well".to_owned(),
            Some(said) => format!("is not well: {said}"),
        }
    }

    /// The masters of this moment, for a successor to go on with.
    pub fn inheritance(&self) -> Vec<Inherited> {
        let masters = self.routers.iter().filter(|router| router.is_master());
        masters
            .map(|router| Inherited {
                instance: router.config.name.clone(),
                ah_sequence: router.ah_sequence,
            })
            .collect()
    }

    /// What a successor must remember of signed adverts, of each router that signs them.
    pub fn heard(&self) -> Vec<Heard> {
        let signing = self.routers.iter().filter(|router| {
            matches!(router.credentials, Credentials::Ah(_) | Credentials::Hmac(_))
        });
        signing.map(|router| router.replay.heard(&router.config.name, router.ah_sequence)).collect()
    }

    /// What changed in [`inheritance`](Self::inheritance) since this was last asked: an instance
    /// with its sequence number, or with `None` when it is no longer master.
    pub fn changed_inheritance(&mut self) -> Vec<(String, Option<u32>)> {
        let mut changed = Vec::new();
        for router in &mut self.routers {
            let left = router.is_master().then_some(router.ah_sequence);
            if router.left != left {
                router.left = left;
                changed.push((router.config.name.clone(), left));
            }
        }
        changed
    }

    /// Another owner was heard: both count 254 from now on (docs/ancestors/keepalived.md §2.3).
    pub(crate) fn effective(&self, id: Id, weights: i64) -> u8 {
        let router = &self.routers[id];
        let effective = timing::effective(router.config.priority, weights);
        if router.contested { effective.min(timing::OWNER - 1) } else { effective }
    }
}

impl Machine for Role {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        if self.phase == Phase::Gone {
            return;
        }
        let mut journal = std::mem::take(&mut self.journal);
        let mut step = Step { now, out, journal: &mut journal, cause: None };
        self.take_in(&mut step, input);
        self.journal = journal;
    }

    fn next_deadline(&self) -> Option<Instant> {
        if self.phase == Phase::Fresh { Some(Instant::ZERO) } else { self.deadlines.first() }
    }
}
