//! The messaging layer: who is there, what they said, and in which order it was meant.
//!
//! Takes datagrams and ticks; authenticates, orders, retransmits, acknowledges; tells the layer
//! above what was [`Heard`]. It never decides about resources. Follows docs/ancestors/heartbeat.md
//! §1.4-1.8 and §3.1-3.4 wherever a peer can notice.
//!
//! A datagram walks `incoming` (is it signed, complete, new?), `sequence` (in which order?), then
//! back to `incoming`, `services` or `admin` by its type. A tick walks `liveness`, `join` and
//! `outgoing`. `node` is what is known of one node, `history` what we sent, `refusals` what was
//! not let in, `view` the answers to questions. Start reading at [`Messaging`].

mod admin;
mod history;
mod incoming;
mod join;
mod liveness;
mod node;
mod outgoing;
mod refusals;
mod sequence;
mod services;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use self::history::History;
use self::node::Node;
use self::refusals::Refusals;
use crate::config::Config;
use crate::step::Step;
use api::{EventId, NodeState};
use base::{Dice, Instant, LinkId, NodeName};
use std::sync::Arc;
use std::time::Duration;
use wire::heartbeat::Message;

/// Members and ping nodes together (docs/ancestors/heartbeat.md §1.6).
const NODES_MAX: usize = 100;

/// Bytes of a node's name (docs/ancestors/heartbeat.md §1.6).
const NAME_MAX: usize = 99;

/// What the messaging layer tells the layer above.
#[derive(Clone, PartialEq, Debug)]
pub enum Heard {
    /// An authenticated message for this node or for all, once each; also our own messages to
    /// all (`from` is then our own name), and every status message after it was accounted for.
    Message {
        /// The originator.
        from: NodeName,
        /// The message with all its fields.
        message: Message,
    },
    /// A node's state changed.
    Node {
        /// Which (also ping nodes).
        node: NodeName,
        /// Before.
        was: NodeState,
        /// Now.
        now: NodeState,
        /// The event that told it.
        because: EventId,
    },
    /// A link to a node changed.
    Link {
        /// Which node.
        node: NodeName,
        /// Which link.
        link: LinkId,
        /// True: heard again.
        up: bool,
        /// The event that told it.
        because: EventId,
    },
    /// Every configured node was heard or given up, and the node list agreed: resources may be
    /// handled. Told once.
    CommunicationUp,
    /// A node that counted as alive speaks with a higher generation: it restarted in between.
    Restarted {
        /// Which.
        node: NodeName,
        /// The event that told it.
        because: EventId,
    },
    /// A node that counted as dead speaks with the generation it had: it never died, we were cut
    /// off from each other. It counts as alive again; we don't restart as the ancestor does.
    Healed {
        /// Which.
        node: NodeName,
        /// The event that told it.
        because: EventId,
    },
}

/// What the messaging layer brings along from disk and from its maker.
#[derive(Clone, Debug)]
pub struct Boot {
    /// This node's generation, greater than in any earlier life.
    pub generation: u32,
    /// This node's UUID.
    pub uuid: [u8; 16],
    /// Randomness, for the moments of requests and acknowledgements.
    pub dice: Dice,
}

/// The messaging layer of one node.
#[derive(Clone, Debug)]
pub struct Messaging {
    config: Arc<Config>,
    generation: u32,
    uuid: [u8; 16],
    dice: Dice,
    /// Members in file order, those added later, then ping nodes.
    nodes: Vec<Node>,
    /// Our own state, as our status says it; `Dead` after [`leave`](Self::leave).
    state: NodeState,
    history: History,
    refusals: Refusals,
    /// The text of `ld`.
    load: String,
    /// Our own fields of each status.
    status_fields: Vec<(String, String)>,
    /// What the advertised dead time is longer by, and until when.
    extra: Option<(Duration, Instant)>,
    started_at: Instant,
    beat_at: Option<Instant>,
    /// Until then silence may be our own fault: we did not run for a while.
    shaky_until: Instant,
    /// When silence was judged last.
    judged_at: Instant,
    /// A number below ten: messages with this last digit are acknowledged.
    ack_trigger: u64,
    /// Pings sent so far.
    pings: u64,
    /// More than one key is configured: a change of keys may be under way.
    many_keys: bool,
    join: join::Join,
    window: outgoing::Window,
    /// Names given up by `delnode`, for `repnodes`.
    deleted: Vec<NodeName>,
}

impl Messaging {
    /// A layer that has neither spoken nor heard yet.
    pub fn new(config: Arc<Config>, boot: Boot) -> Self {
        let mut dice = boot.dice;
        Self {
            generation: boot.generation,
            uuid: boot.uuid,
            ack_trigger: dice.below(services::ACK_EVERY),
            dice,
            nodes: admin::configured_nodes(&config),
            state: NodeState::Init,
            history: History::default(),
            refusals: Refusals::default(),
            load: String::from("0.00 0.00 0.00 1/1 1"),
            status_fields: Vec::new(),
            extra: None,
            started_at: Instant::ZERO,
            beat_at: None,
            shaky_until: Instant::ZERO,
            judged_at: Instant::ZERO,
            pings: 0,
            many_keys: outgoing::many_keys(&config.keys),
            join: join::Join::default(),
            window: outgoing::Window::default(),
            deleted: Vec::new(),
            config,
        }
    }

    /// Says the first words, `init` and `up`, and begins to beat.
    pub fn start(&mut self, step: &mut Step<'_>, up: &mut Vec<Heard>) {
        self.started_at = step.now;
        self.nodes.iter_mut().for_each(|node| node.waiting_since = Some(step.now));
        self.beat(step, up);
        self.state = NodeState::Up;
        self.beat(step, up);
        self.beat(step, up);
        self.beat_at = Some(step.now + self.config.timing.keepalive);
        self.consider_communication(step, up);
    }

    /// Stops beating. What is asked of us is still answered.
    pub fn leave(&mut self) {
        self.state = NodeState::Dead;
        self.beat_at = None;
    }

    /// Takes the text of `/proc/loadavg`, for `ld`.
    pub fn ambient(&mut self, load: String) {
        /// Bytes of it that are sent; five short numbers fit twice.
        const LOAD_MAX: usize = 64;
        self.load = load.chars().filter(|c| !c.is_control()).take(LOAD_MAX).collect();
    }

    /// Lets time pass: judges silence, asks for what is missing, beats.
    pub fn tick(&mut self, step: &mut Step<'_>, up: &mut Vec<Heard>) {
        self.notice_own_delay(step);
        self.judge_silence(step, up);
        self.request_missing(step);
        self.consider_communication(step, up);
        self.beat_if_due(step, up);
    }

    /// No later than this [`tick`](Self::tick) has something to do.
    pub fn next_deadline(&self) -> Option<Instant> {
        let nodes = self.nodes.iter().filter_map(|node| self.node_deadline(node));
        let joining = self.state == NodeState::Up;
        let ask = if joining { self.join.ask_at() } else { None };
        nodes.chain(self.beat_at).chain(ask).min()
    }

    fn comm_up(&self) -> bool {
        self.join.is_done()
    }

    /// Where that node stands in `nodes`.
    fn find(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node::same(&node.name, name))
    }
}
