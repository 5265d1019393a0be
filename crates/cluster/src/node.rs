//! The node: one entrance, one exit, one clock; its parts share one story.
//!
//! [`Node::handle`] takes an input to the part it is for, then lets what was heard and what was
//! finished travel upward until nothing is left to say. The decisions stand in `takeover`.

use crate::checks::Checks;
use crate::config::Config;
use crate::fencing::{Fence, Fencing};
use crate::groups::{Batch, Groups};
use crate::io::{Action, Input, Outcome, Output};
use crate::ipfail::Ipfail;
use crate::messaging::{self, Heard, Messaging};
use crate::step::{self, Step};
use crate::takeover::{Failback, Legacy, Peer, Phase, Purpose, Shutdown, Standby, Waiting};
use api::Journal;
use api::{EventKind, Held, Level, NodeState, Subject};
use base::{Dice, GroupKey, Instant, LinkId, Machine, NodeName};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use wire::heartbeat::Message;

/// Message types that the ancestor's `rc.d` scripts act on. Their work is built in; running those
/// scripts as well would do it twice.
const BUILT_IN_HOOKS: [&str; 7] = [
    "status",
    "ip-request",
    "ip-request-resp",
    "hb_takeover",
    "ask_resources",
    "repnodes",
    "reqnodes",
];

/// What a node brings along from its disk and its predecessor.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Greater than in any earlier life (`hb_generation`).
    pub generation: u32,
    /// `hb_uuid`.
    pub uuid: [u8; 16],
    /// Randomness, seeded by the shell.
    pub dice: Dice,
    /// What a predecessor of this process left running on this machine, if one did.
    pub predecessor: Option<Predecessor>,
}

/// What an earlier process of this machine left in place for this one to take over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Predecessor {
    /// The halves it held.
    pub held: Held,
    /// The groups that ran.
    pub groups: Vec<GroupKey>,
}

/// One node of a haresources cluster.
#[derive(Clone)]
pub struct Node {
    pub(crate) config: Arc<Config>,
    pub(crate) journal: Journal,
    pub(crate) messaging: Messaging,
    pub(crate) heard: Vec<Heard>,
    pub(crate) groups: Groups,
    pub(crate) purposes: BTreeMap<Batch, Purpose>,
    pub(crate) fencing: Fencing,
    pub(crate) phase: Phase,
    pub(crate) held: Held,
    pub(crate) peer: Option<Peer>,
    /// Groups this node ran when it last lost sight of its peer.
    pub(crate) before: BTreeSet<GroupKey>,
    /// Groups offered to the peer after a failure here; each once until somebody intervenes.
    pub(crate) offered: BTreeSet<GroupKey>,
    pub(crate) standby: Standby,
    /// A request to move groups that waits for stable resources.
    pub(crate) waiting: Option<Waiting>,
    pub(crate) failback: Failback,
    pub(crate) legacy: Legacy,
    pub(crate) shutdown: Option<Shutdown>,
    pub(crate) ipfail: Option<Ipfail>,
    pub(crate) checks: Checks,
    pub(crate) probed: bool,
    /// The peer was told that we adopt groups nobody runs; told again then, if it doesn't answer.
    pub(crate) adopting: Option<Instant>,
    pub(crate) last_load: String,
}

impl Node {
    /// A node that has not spoken yet; [`start`](Self::start) makes it speak.
    pub fn new(config: Arc<Config>, boot: Boot) -> Self {
        let (config, peer) = partnership(config);
        let mut groups = Groups::new(&config.groups);
        let mut held = Held::NONE;
        if let Some(left) = &boot.predecessor {
            held = left.held;
            left.groups.iter().for_each(|key| groups.adopt(key));
        }
        let ipfail = (config.ipfail && config.auto_failback != crate::config::AutoFailback::Legacy)
            .then(Ipfail::default);
        let checks = Checks::new(&config.checks);
        let link =
            messaging::Boot { generation: boot.generation, uuid: boot.uuid, dice: boot.dice };
        Self {
            messaging: Messaging::new(Arc::clone(&config), link),
            journal: Journal::default(),
            heard: Vec::new(),
            groups,
            purposes: BTreeMap::new(),
            fencing: Fencing::default(),
            phase: Phase::Down,
            held,
            peer,
            before: BTreeSet::new(),
            offered: BTreeSet::new(),
            standby: Standby::None,
            waiting: None,
            failback: Failback::default(),
            legacy: Legacy::default(),
            shutdown: None,
            ipfail,
            checks,
            probed: false,
            adopting: None,
            last_load: String::new(),
            config,
        }
    }

    /// Begins to beat. Give an [`Input::Ambient`] first, so that messages carry the time.
    pub fn start(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.step(now, out, |node, step| {
            let text = format!("{}: heartbeat starts", node.config.me);
            step.cause = Some(step.tell(Level::Info, EventKind::Started, Subject::Cluster, text));
            node.refresh_status_fields();
            let mut heard = std::mem::take(&mut node.heard);
            node.messaging.start(step, &mut heard);
            node.heard = heard;
        });
    }

    /// Runs one step: `act`, then everything that follows from it.
    fn step(
        &mut self,
        now: Instant,
        out: &mut Vec<Output>,
        act: impl FnOnce(&mut Self, &mut Step<'_>),
    ) {
        let mut journal = std::mem::take(&mut self.journal);
        let mut step = Step { now, out, journal: &mut journal, cause: None };
        act(self, &mut step);
        self.settle(&mut step);
        self.journal = journal;
    }

    /// Lets what was heard and finished travel upward until nothing is left.
    fn settle(&mut self, step: &mut Step<'_>) {
        loop {
            let heard: VecDeque<_> = std::mem::take(&mut self.heard).into();
            let quiet = heard.is_empty();
            if self.is_gone() {
                return;
            }
            for news in heard {
                step.cause = None;
                self.heard_of(step, news);
            }
            self.groups.wait_for_peer(step, self.peers_groups());
            match self.groups.take_finished() {
                Some(finished) => {
                    step.cause = finished.cause;
                    self.batch_finished(step, &finished);
                }
                None if quiet => {
                    self.reconsider_waiting(step);
                    if self.heard.is_empty() {
                        return;
                    }
                }
                None => {}
            }
        }
    }

    fn heard_of(&mut self, step: &mut Step<'_>, news: Heard) {
        match news {
            Heard::Message { from, message } => self.message(step, &from, &message),
            Heard::Node { node, was, now, because } => {
                step.cause = Some(because);
                self.node_changed(step, &node, was, now);
            }
            Heard::Link { node, link, up, because } => {
                step.cause = Some(because);
                self.deliver_link(step, &node, link, up);
                if !up {
                    self.ipfail_link_lost(step);
                }
            }
            Heard::CommunicationUp => self.communication_up(step),
            Heard::Restarted { node, because } => {
                step.cause = Some(because);
                self.peer_restarted(step, &node);
            }
            Heard::Healed { node, because } => {
                step.cause = Some(because);
                self.healed(step, &node);
            }
        }
    }

    fn node_changed(
        &mut self,
        step: &mut Step<'_>,
        node: &NodeName,
        was: NodeState,
        now: NodeState,
    ) {
        step.out.push(Output::Deliver(
            Message::of_type("status").with("st", now.word()).with("src", node.as_str()),
        ));
        if now == NodeState::Ping && was != NodeState::Ping {
            self.ipfail_ask(step);
        }
        if !self.is_peer(node) {
            return;
        }
        if now.is_alive()
            && !was.is_alive()
            && let Some(peer) = &mut self.peer
        {
            (peer.left, peer.inherited) = (false, false);
        }
        if now == NodeState::Dead {
            self.peer_dead(step);
        } else if was == NodeState::Dead && now == NodeState::Active {
            // It was there all the time: it will not ask what we hold as a starting node does.
            self.healed(step, &node.clone());
        }
    }

    /// Takes an authenticated message to the part it is for, and to local clients. Messages of
    /// nodes that are not our partner in haresources are only passed on.
    pub(crate) fn message(&mut self, step: &mut Step<'_>, from: &NodeName, message: &Message) {
        let mine = from.folded() == self.config.me.folded();
        let Some(kind) = message.message_type() else { return };
        // Of beats clients hear only what changed: `node_changed` tells them.
        if kind != "status" {
            step.out.push(Output::Deliver(message.clone()));
        }
        if mine {
            match kind {
                "status" => step.out.push(Output::Alive),
                // Only local scripts and clients send these with our name: hb_standby through
                // the FIFO, or an ipfail process.
                "ask_resources" if message.text("info") == Some("me") => {
                    self.injected_standby(step, message);
                }
                _ => {}
            }
            return;
        }
        if !self.is_peer(from) {
            return;
        }
        let latest = self.is_latest(kind, message);
        match kind {
            "status" => self.peer_status(step, message),
            // What it says is over, but what it asks for is not.
            "resource" if !latest => {
                self.peer_healed(step, message);
                self.peer_intends(step, message);
            }
            "starting" if !latest => self.tell_late_starter(step),
            "starting" => self.peer_starting(step, message),
            "resource" => self.peer_resource(step, message),
            "ask_resources" => self.peer_asks(step, message, latest),
            "hb_takeover" => self.peer_wants_takeover(step, message),
            "shutdone" => self.peer_left(step),
            "ip-request" => self.peer_requests_group(step, message),
            "ip-request-resp" => self.peer_granted_group(step, message),
            "ho-group" => self.peer_offers_group(step, message),
            "hbapi-clstat" | "num_ping_nodes" | "you_are_dead" | "abort_giveup"
                if self.ipfail.is_some() =>
            {
                self.ipfail_message(step, kind, message);
            }
            _ => {}
        }
        run_hook(step, message);
    }

    /// Tells local clients about a link.
    fn deliver_link(&self, step: &mut Step<'_>, node: &NodeName, link: LinkId, up: bool) {
        let name = self.config.links.get(usize::from(link.0)).map_or("", |link| link.name.as_str());
        let message = Message::of_type("ifstat")
            .with("node", node.as_str())
            .with("ifname", name)
            .with("st", if up { "up" } else { "dead" });
        step.out.push(Output::Deliver(message));
    }

    /// False while so much is not acknowledged by other nodes that local clients have to wait.
    pub fn clients_may_send(&self) -> bool {
        self.messaging.clients_may_send()
    }

    /// Sends what a local script or client wants to be sent. A hook for it runs here too, not on
    /// the other nodes only.
    fn inject(&mut self, step: &mut Step<'_>, message: Message) {
        let mut ours = message.clone();
        ours.set("src", self.config.me.as_str());
        run_hook(step, &ours);
        self.send(step, message);
    }

    /// Sends a message to the cluster, or to the node its `dest` names.
    pub(crate) fn send(&mut self, step: &mut Step<'_>, message: Message) {
        let mut heard = std::mem::take(&mut self.heard);
        self.messaging.send(step, message, &mut heard);
        self.heard = heard;
    }

    pub(crate) fn is_peer(&self, node: &NodeName) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.name.folded() == node.folded())
    }

    /// The peer speaks: up or active.
    pub(crate) fn peer_alive(&self) -> bool {
        self.peer.as_ref().is_some_and(|p| self.messaging.node_state(&p.name).is_alive())
    }

    fn operation_done(&mut self, step: &mut Step<'_>, op: base::OpId, outcome: &Outcome) {
        let config = Arc::clone(&self.config);
        if self.groups.done(step, op, outcome) {
            return;
        }
        match self.fencing.done(step, &config, op, outcome) {
            Some(Fence::Proved(inheritance)) => {
                self.announce_stonith(step, inheritance.node().as_str(), "OK");
                self.inherit(step, inheritance);
            }
            Some(Fence::Failed(node)) => self.announce_stonith(step, node.as_str(), "bad"),
            None => self.check_done(step, op, outcome),
        }
    }

    /// Said everything, also goodbye.
    fn is_gone(&self) -> bool {
        self.shutdown == Some(Shutdown::Gone)
    }

    fn tick(&mut self, step: &mut Step<'_>) {
        let mut heard = std::mem::take(&mut self.heard);
        self.messaging.tick(step, &mut heard);
        self.heard = heard;
        let config = Arc::clone(&self.config);
        step.cause = None;
        self.groups.tick(step);
        step.cause = None;
        if let Some(inheritance) = self.fencing.tick(step, &config) {
            self.inherit(step, inheritance);
        }
        step.cause = None;
        self.takeover_tick(step);
        if self.is_gone() {
            return;
        }
        self.ipfail_tick(step);
        self.checks_tick(step);
    }

    fn reload(&mut self, step: &mut Step<'_>, config: Config) {
        let (config, _) = partnership(Arc::new(config));
        step.cause = Some(step.tell(
            Level::Info,
            EventKind::Reloaded,
            Subject::Cluster,
            "configuration read again; unchanged groups stay as they are",
        ));
        self.messaging.reconfigure(Arc::clone(&config));
        self.checks = Checks::new(&config.checks);
        let ipfail = config.ipfail && config.auto_failback != crate::config::AutoFailback::Legacy;
        self.ipfail = ipfail.then(|| self.ipfail.take().unwrap_or_default());
        let obsolete = self.groups.obsolete(&config.groups);
        self.config = config;
        self.refresh_status_fields();
        let batch = self.groups.release(step, &obsolete);
        self.purposes.insert(batch, Purpose::Replace);
    }
}

/// How many nodes share out resources: the first ones of ha.cf. Between more, `local` and `foreign`
/// have no meaning (docs/ancestors/heartbeat.md, fact 12); they only listen.
const PARTNERS: usize = 2;

/// Who our partner is. A node that is not one of the two handles no resources.
fn partnership(config: Arc<Config>) -> (Arc<Config>, Option<Peer>) {
    let me = config.me.folded();
    let (mine, others): (Vec<_>, Vec<_>) =
        config.nodes.iter().take(PARTNERS).partition(|name| name.folded() == me);
    if mine.is_empty() && others.len() == PARTNERS {
        return (Arc::new(Config { manage_resources: false, ..Config::clone(&config) }), None);
    }
    let peer = others.first().map(|name| Peer::new((*name).clone()));
    (config, peer)
}

/// Runs the hook of a message's type, unless its work is built in.
fn run_hook(step: &mut Step<'_>, message: &Message) {
    let Some(kind) = message.message_type() else { return };
    if !BUILT_IN_HOOKS.contains(&kind) && !kind.starts_with("NS_") {
        step::run(step, Action::Hook { name: kind.to_owned() }, hook_environment(message));
    }
}

/// Every string field of a message as `HA_name`, as the ancestor hands them to `rc.d` scripts.
/// Names that are no identifiers and values with control characters stay out: an authenticated
/// peer must not be able to change what a script's shell reads.
fn hook_environment(message: &Message) -> BTreeMap<String, String> {
    let plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    message
        .fields()
        .iter()
        .filter_map(|field| {
            let name = std::str::from_utf8(&field.name).ok().filter(|name| plain(name))?;
            let value = message.text(name)?;
            let clean = !value.chars().any(char::is_control);
            clean.then(|| (format!("HA_{name}"), value.to_owned()))
        })
        .collect()
}

impl Machine for Node {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        if self.is_gone() {
            return;
        }
        self.step(now, out, |node, step| match input {
            Input::Tick => node.tick(step),
            Input::Ambient { wall, load } => {
                step.journal.set_wall(now, wall);
                if node.last_load != load {
                    node.last_load.clone_from(&load);
                    node.messaging.ambient(load);
                }
            }
            Input::Datagram { link, from, bytes } => {
                let mut heard = std::mem::take(&mut node.heard);
                node.messaging.datagram(step, link, &from, &bytes, &mut heard);
                node.heard = heard;
            }
            Input::Done { op, outcome } => node.operation_done(step, op, &outcome),
            Input::Standby { set, request } => node.standby_command(step, set, request),
            Input::Takeover { set, request } => node.takeover_command(step, set, request),
            Input::Inject { message } => node.inject(step, message),
            Input::Reload(config) => node.reload(step, *config),
            Input::Stop { keep } => node.stop_command(step, keep),
            Input::AddressLost { group, address } => {
                node.address_lost(step, &group, &address);
            }
        });
    }

    fn next_deadline(&self) -> Option<Instant> {
        if self.is_gone() {
            return None;
        }
        [
            self.messaging.next_deadline(),
            self.groups.next_deadline(),
            self.fencing.next_deadline(),
            self.takeover_deadline(),
            self.ipfail_deadline(),
            self.checks_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
