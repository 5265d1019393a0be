//! The way of a datagram: signed, complete, from a node we know, new, and then what it says.

use super::refusals::{self, shown};
use super::sequence::Verdict;
use super::{Heard, Messaging, node};
use crate::step::Step;
use api::{EventKind, Level, NodeKind, NodeState, Subject};
use base::{Instant, LinkId};
use std::cmp::Ordering;
use wire::heartbeat::{Authenticated, Message, decode};

/// Echoes of so many pings count; older ones are late or replayed.
const PINGS_OUT: u64 = 8;

/// The common fields of a message that was let in.
struct Envelope {
    generation: u64,
    seq: u64,
    ts: u64,
    link: LinkId,
}

impl Messaging {
    /// Takes bytes that came in on `link`; `from` names their sender as the kernel does.
    pub fn datagram(
        &mut self,
        step: &mut Step<'_>,
        link: LinkId,
        from: &str,
        bytes: &[u8],
        up: &mut Vec<Heard>,
    ) {
        let Some(medium) = self.config.links.get(usize::from(link.0)).map(|l| &l.medium) else {
            return;
        };
        let message = match decode(bytes, &self.config.keys).and_then(Authenticated::expanded) {
            Ok(authenticated) => authenticated.into_message(),
            Err(refused) => {
                return self.refusals.count(step, refused.reason(), from, || refused);
            }
        };
        if medium.is_ping() {
            self.echo(step, link, from, &message, up);
        } else {
            let link = node::link_id(node::first_of_name(&self.config, usize::from(link.0)));
            self.member_packet(step, link, from, message, up);
        }
        self.consider_communication(step, up);
    }

    /// An echo of our ping is the beat of the ping node (docs/ancestors/heartbeat.md §4.3).
    fn echo(
        &mut self,
        step: &mut Step<'_>,
        link: LinkId,
        from: &str,
        message: &Message,
        up: &mut Vec<Heard>,
    ) {
        let ours = |node: &super::Node| {
            node.kind == NodeKind::Ping && node.links.iter().any(|l| l.id == link)
        };
        let Some(index) = self.nodes.iter().position(ours) else { return };
        let name = self.nodes[index].name.clone();
        let named = message.text("src").is_some_and(|src| node::same(&name, src));
        if message.message_type() != Some("NS_st") || !named {
            return self.refusals.count(step, refusals::WRONG_LINK, from, || {
                format!("a message on the ping link {name} that is no ping of ours")
            });
        }
        let lately =
            message.hex("seq").is_some_and(|seq| seq <= self.pings && self.pings - seq < PINGS_OUT);
        if !lately || message.hex("hg") != Some(self.generation.into()) {
            return self.refusals.count(step, refusals::OLD_PING, from, || {
                format!("an old echo of {name}, late or replayed")
            });
        }
        self.link_heard(step, index, link, step.now, up);
        let node = &mut self.nodes[index];
        (node.last_beat, node.grace_until) = (Some(step.now), None);
        self.change_state(step, index, NodeState::Ping, up);
    }

    fn member_packet(
        &mut self,
        step: &mut Step<'_>,
        link: LinkId,
        from: &str,
        message: Message,
        up: &mut Vec<Heard>,
    ) {
        let fields = (message.message_type(), message.text("src"), message.hex("ts"));
        let (Some(kind), Some(src), Some(ts @ 1..)) = fields else {
            return self.incomplete(step, from);
        };
        let Some(index) = self.known_sender(step, src, from) else { return };
        if self.nodes[index].kind == NodeKind::Ping {
            return self.refusals.count(step, refusals::WRONG_LINK, from, || {
                format!("{} is a ping node and does not speak here", shown(src))
            });
        }
        let generation = message.hex("hg").unwrap_or(0);
        if self.nodes[index].is_me {
            return self.own_packet(step, index, link, from, &message, generation);
        }
        if kind.starts_with("NS_") {
            return self.service(step, index, &message, generation, from);
        }
        match message.hex("seq") {
            Some(seq @ 1..) => {
                let envelope = Envelope { generation, seq, ts, link };
                self.numbered(step, index, &envelope, from, message, up);
            }
            _ => self.incomplete(step, from),
        }
    }

    fn incomplete(&mut self, step: &mut Step<'_>, from: &str) {
        self.refusals.count(
            step,
            refusals::INCOMPLETE,
            from,
            || "a signed message without type, sender, time or number",
        );
    }

    /// The sender's place among the nodes; with `autojoin` a stranger gets one.
    fn known_sender(&mut self, step: &mut Step<'_>, src: &str, from: &str) -> Option<usize> {
        if let Some(index) = self.find(src) {
            return Some(index);
        }
        if self.config.autojoin && self.add_member(step, src) {
            return self.find(src);
        }
        self.refusals.count(step, refusals::UNKNOWN_NODE, from, || {
            format!("node {} is not configured here", shown(src))
        });
        None
    }

    /// A packet with our own name: ours, come back through broadcast, or a forgery.
    fn own_packet(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        link: LinkId,
        from: &str,
        message: &Message,
        generation: u64,
    ) {
        let seq = message.hex("seq");
        let never_sent = seq.is_some_and(|seq| seq > self.history.highest());
        if generation != u64::from(self.generation) || never_sent {
            return self.refusals.count(step, refusals::OUR_NAME, from, || {
                "it has our name and is not ours: is another node of that name running, or is \
                 somebody replaying what we said in an earlier life?"
            });
        }
        let me = &mut self.nodes[index];
        let sent = seq.and_then(|seq| me.tracker.first_arrival(seq));
        if let (Some(sent), Some(life)) = (sent, me.link_mut(link)) {
            life.last_heard = life.last_heard.max(Some(sent));
            life.up = true;
        }
    }

    /// A numbered message: accounts for its generation and number, then takes it in.
    fn numbered(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        envelope: &Envelope,
        from: &str,
        message: Message,
        up: &mut Vec<Heard>,
    ) {
        let known = self.nodes[index].generation;
        match known.map_or(Ordering::Equal, |known| envelope.generation.cmp(&known)) {
            Ordering::Less => {
                let (name, new) = (self.nodes[index].name.clone(), known.unwrap_or_default());
                return self.refusals.count(step, refusals::OLD_GENERATION, from, || {
                    let old = envelope.generation;
                    format!(
                        "{name}: generation {old:x} was left behind, it has {new:x} now: replay"
                    )
                });
            }
            Ordering::Greater => self.new_generation(step, index, up),
            Ordering::Equal => {}
        }
        let highest = self.history.highest();
        let slowest = self.config.timing.max_rexmit_delay;
        let node = &mut self.nodes[index];
        node.generation = Some(envelope.generation);
        let silent = matches!(node.state, NodeState::Unknown | NodeState::Dead);
        if silent {
            node.acked_from = highest;
            if node.tracker.last().is_some_and(|last| envelope.seq > last) {
                node.tracker.resume_at(envelope.seq, step.now);
            }
        }
        let verdict = node.tracker.take(envelope.seq, step.now, &mut self.dice, slowest);
        let newest = match verdict {
            Verdict::Copy(first) => {
                return self.link_heard(step, index, envelope.link, first, up);
            }
            Verdict::Stale => {
                let name = node.name.clone();
                return self.refusals.count(step, refusals::OLD_SEQUENCE, from, || {
                    format!("an old message of {name}, late or replayed")
                });
            }
            Verdict::Late => false,
            Verdict::Fresh { lost } | Verdict::Leap { lost } => {
                self.tell_gap(step, index, envelope.seq, lost);
                true
            }
        };
        self.take_in(step, index, envelope, newest, message, up);
    }

    /// The node restarted. While it counted as alive, that is news: whatever it held is gone.
    fn new_generation(&mut self, step: &mut Step<'_>, index: usize, up: &mut Vec<Heard>) {
        let node = &mut self.nodes[index];
        node.tracker = super::sequence::Tracker::default();
        (node.last_status, node.said_at, node.acked) = (0, 0, 0);
        node.acked_from = self.history.highest();
        node.before_death = NodeState::Init;
        if !node.state.is_alive() {
            return;
        }
        let node = node.name.clone();
        let text = format!("{node}: restarted: it speaks with a new generation");
        let subject = Subject::Node(node.as_str().to_owned());
        let because = step.tell(Level::Warning, EventKind::NodeRestarted, subject, text);
        up.push(Heard::Restarted { node, because });
    }

    fn tell_gap(&self, step: &mut Step<'_>, index: usize, seq: u64, lost: u64) {
        if lost == 0 {
            return;
        }
        let name = self.nodes[index].name.as_str();
        let (first, last) = (seq - lost, seq - 1);
        let then = if lost > super::sequence::GAP_MAX {
            "too many to ask for"
        } else {
            "they will be asked for"
        };
        let text = format!("{name}: {lost} lost packet(s), {first} to {last}: {then}");
        let subject = Subject::Node(name.to_owned());
        step.tell(Level::Warning, EventKind::PacketsLost, subject, text);
    }

    /// Takes in a message that was not heard before.
    fn take_in(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        envelope: &Envelope,
        newest: bool,
        message: Message,
        up: &mut Vec<Heard>,
    ) {
        self.note_uuid(step, index, &message);
        let node = &mut self.nodes[index];
        node.last_link = Some(envelope.link);
        if newest {
            node.said_at = envelope.ts;
        }
        self.link_heard(step, index, envelope.link, step.now, up);
        if envelope.seq % super::services::ACK_EVERY == self.ack_trigger {
            self.nodes[index].tracker.owe_ack(envelope.seq);
        }
        self.settle_ack(step, index);
        if message.message_type() == Some("status") {
            if envelope.seq <= self.nodes[index].last_status {
                return;
            }
            self.nodes[index].last_status = envelope.seq;
            self.status(step, index, &message, up);
        } else if !self.nodes[index].state.is_alive() {
            self.revive(step, index, None, up);
        }
        if message.text("dest").is_none_or(|dest| node::same(&self.config.me, dest)) {
            self.addressed_to_us(step, index, message, up);
        }
    }

    fn addressed_to_us(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        message: Message,
        up: &mut Vec<Heard>,
    ) {
        match message.message_type() {
            Some("reqnodes") => self.answer_node_list(step, index, up),
            Some("repnodes") => self.learn_node_list(step, index, &message),
            _ => {
                let from = self.nodes[index].name.clone();
                self.administer(step, &from, &message);
                up.push(Heard::Message { from, message });
            }
        }
    }

    /// A known name with another UUID is accepted, as the ancestor does (docs/ancestors/
    /// heartbeat.md §1.5), and told.
    fn note_uuid(&mut self, step: &mut Step<'_>, index: usize, message: &Message) {
        let uuid = message.binary("srcuuid").and_then(|bytes| bytes.try_into().ok());
        let node = &mut self.nodes[index];
        let Some(uuid) = uuid.filter(|uuid| node.uuid != Some(*uuid)) else { return };
        if node.uuid.replace(uuid).is_some() {
            let name = node.name.as_str().to_owned();
            let text = format!("{name}: has another UUID than before");
            step.tell(Level::Warning, EventKind::Notice, Subject::Node(name), text);
        }
    }

    /// A beat: how late it is, what dead time it asks for, and the state it tells.
    fn status(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        message: &Message,
        up: &mut Vec<Heard>,
    ) {
        self.tell_late_beat(step, index);
        if let Some(millis) = message.hex("dt") {
            self.nodes[index].advertise(millis);
        }
        // `dead` comes with a farewell; the silence after it is what counts.
        let said = match message.text("st") {
            Some("init") => Some(NodeState::Init),
            Some("up") => Some(NodeState::Up),
            Some("active") => Some(NodeState::Active),
            _ => None,
        };
        self.revive(step, index, said, up);
    }

    fn tell_late_beat(&self, step: &mut Step<'_>, index: usize) {
        let node = &self.nodes[index];
        let timing = &self.config.timing;
        let Some(before) = node.last_beat.filter(|_| node.state.is_alive()) else { return };
        let interval = step.now.since(before);
        if interval <= timing.warntime {
            return;
        }
        let (level, limit) = if interval > timing.deadtime {
            (Level::Error, "deadtime")
        } else {
            (Level::Warning, "warntime")
        };
        let seconds = interval.as_secs_f64();
        let most = if limit == "deadtime" { timing.deadtime } else { timing.warntime };
        let text = format!(
            "{}: late beat: {seconds:.1} s after the one before ({limit} is {:.1} s)",
            node.name,
            most.as_secs_f64()
        );
        let subject = Subject::Node(node.name.as_str().to_owned());
        step.tell(level, EventKind::LateBeat, subject, text);
    }

    /// The node was heard by a new message. One that counted as dead with this same generation
    /// never died: the cut between us healed.
    fn revive(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        said: Option<NodeState>,
        up: &mut Vec<Heard>,
    ) {
        let node = &mut self.nodes[index];
        let was = node.state;
        (node.last_beat, node.grace_until) = (Some(step.now), None);
        let healed = was == NodeState::Dead && node.before_death != NodeState::Init;
        let state = said.unwrap_or(if was.is_alive() { was } else { node.before_death });
        let because = healed.then(|| {
            let name = node.name.as_str().to_owned();
            let text = format!(
                "{name}: it returned after a cut: it had never died, we did not hear each other"
            );
            step.tell(Level::Error, EventKind::PartitionHealed, Subject::Node(name), text)
        });
        let cause = step.cause;
        step.cause = because.or(cause);
        self.change_state(step, index, state, up);
        step.cause = cause;
        if let Some(because) = because {
            up.push(Heard::Healed { node: self.nodes[index].name.clone(), because });
        }
    }

    /// Sets a node's state and tells it, if it is another one.
    pub(super) fn change_state(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        now: NodeState,
        up: &mut Vec<Heard>,
    ) {
        let node = &mut self.nodes[index];
        let was = std::mem::replace(&mut node.state, now);
        if was == now {
            return;
        }
        let name = node.name.as_str().to_owned();
        let text = if was == NodeState::Unknown {
            format!("{name}: {}", now.word())
        } else {
            format!("{name}: {} (was {})", now.word(), was.word())
        };
        let node = node.name.clone();
        let because = step.tell(Level::Info, EventKind::NodeStatus, Subject::Node(name), text);
        up.push(Heard::Node { node, was, now, because });
    }

    /// The link carried something of that node that was new at the moment `first`. A copy that
    /// comes later is worth no more: a replay cannot keep a link up.
    fn link_heard(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        link: LinkId,
        first: Instant,
        up: &mut Vec<Heard>,
    ) {
        let comm_up = self.comm_up();
        let node = &mut self.nodes[index];
        let limit = node.limit(&self.config.timing, comm_up);
        let Some(life) = node.link_mut(link) else { return };
        life.last_heard = life.last_heard.max(Some(first));
        if life.up || step.now.since(first) >= limit {
            return;
        }
        life.up = true;
        let node = node.name.clone();
        let name = self.link_name(link);
        let text = format!("{node}: link {name} up");
        let subject = Subject::Link(node.as_str().to_owned(), name);
        let because = step.tell(Level::Info, EventKind::LinkUp, subject, text);
        up.push(Heard::Link { node, link, up: true, because });
    }

    pub(super) fn link_name(&self, link: LinkId) -> String {
        let link = self.config.links.get(usize::from(link.0));
        link.map_or_else(String::new, |link| link.name.as_str().to_owned())
    }
}
