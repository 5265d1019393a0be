//! Joining: who is in the cluster, and when communication is up (docs/ancestors/heartbeat.md
//! §3.2, §3.4).

use super::admin::list;
use super::{Heard, Messaging, NAME_MAX, NODES_MAX, node};
use crate::step::Step;
use api::{EventKind, Level, NodeKind, NodeState, Subject};
use base::Instant;
use std::time::Duration;
use wire::heartbeat::Message;

/// Between two requests for the node list; each goes to the next live node in turn
/// (docs/ancestors/heartbeat.md §3.1).
const ASK_INTERVAL: Duration = Duration::from_secs(1);

/// After so many requests without an answer it is told. We go on asking: a node that does not
/// answer may not hear us, and then it will take our resources for its own.
const ASKED_IN_VAIN: u32 = 10;

/// How far we are.
#[derive(Clone, Debug, Default)]
pub(super) struct Join {
    done: bool,
    list_known: bool,
    asked: u32,
    ask_at: Option<Instant>,
}

impl Join {
    /// True once communication was up.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// When to ask again.
    pub(super) fn ask_at(&self) -> Option<Instant> {
        self.ask_at
    }
}

impl Messaging {
    /// Communication is up when every node was heard or given up, and one that lives, if one
    /// does, has told us the list of nodes.
    pub(super) fn consider_communication(&mut self, step: &mut Step<'_>, up: &mut Vec<Heard>) {
        if self.join.done || self.state != NodeState::Up {
            return;
        }
        let alive = self.nodes.iter().any(super::Node::is_live_peer);
        if !alive {
            self.join.ask_at = None;
        } else if !self.join.list_known && self.join.ask_at.is_none_or(|at| at <= step.now) {
            self.ask_node_list(step, up);
        }
        let settled = |node: &super::Node| node.is_me || node.state != NodeState::Unknown;
        if self.nodes.iter().all(settled) && (self.join.list_known || !alive) {
            self.communication_up(step, up);
        }
    }

    fn communication_up(&mut self, step: &mut Step<'_>, up: &mut Vec<Heard>) {
        self.join.done = true;
        self.join.ask_at = None;
        self.state = NodeState::Active;
        let heard: Vec<_> = self
            .nodes
            .iter()
            .filter(|node| node.is_live_peer())
            .map(|node| node.name.as_str())
            .collect();
        let with = if heard.is_empty() { "nobody else".to_owned() } else { heard.join(", ") };
        let text = format!("communication is up, with {with}");
        let because = step.tell(Level::Info, EventKind::CommunicationUp, Subject::Cluster, text);
        let cause = step.cause.replace(because);
        self.beat(step, up);
        up.push(Heard::CommunicationUp);
        step.cause = cause;
    }

    fn ask_node_list(&mut self, step: &mut Step<'_>, up: &mut Vec<Heard>) {
        let live: Vec<_> = self.nodes.iter().filter(|node| node.is_live_peer()).collect();
        let Some(node) = live.get(self.join.asked as usize % live.len().max(1)) else { return };
        let name = node.name.clone();
        self.join.asked = self.join.asked.saturating_add(1);
        self.join.ask_at = Some(step.now + ASK_INTERVAL);
        if self.join.asked == ASKED_IN_VAIN {
            let text = format!(
                "{name} is heard but does not tell us its list of nodes; nothing is started \
                 before. Does it hear this node?"
            );
            let subject = Subject::Node(name.as_str().to_owned());
            step.tell(Level::Warning, EventKind::Notice, subject, text);
        }
        self.send(step, Message::of_type("reqnodes").with("dest", name.as_str()), up);
    }

    /// Tells a node that asks which nodes there are.
    pub(super) fn answer_node_list(
        &mut self,
        step: &mut Step<'_>,
        index: usize,
        up: &mut Vec<Heard>,
    ) {
        // Whoever asks is starting. A real node that has our list but not our status takes us for
        // absent, and starts in legacy mode what we run (measured).
        if self.beat_at.is_some() {
            self.beat(step, up);
        }
        let members = self.nodes.iter().filter(|node| node.kind == NodeKind::Normal);
        let deleted = list(self.deleted.iter());
        let answer = Message::of_type("repnodes")
            .with("dest", self.nodes[index].name.as_str())
            .with("nodelist", list(members.map(|node| &node.name)))
            .with("delnodelist", if deleted.is_empty() { " " } else { &deleted });
        self.send(step, answer, up);
    }

    /// Takes the list of a node that we asked: it replaces ours
    /// (docs/ancestors/heartbeat.md §2). Neither ourselves nor who tells us is removed by it.
    pub(super) fn learn_node_list(&mut self, step: &mut Step<'_>, index: usize, message: &Message) {
        if self.join.asked == 0 || self.join.list_known {
            return;
        }
        let Some(listed) = message.text("nodelist") else { return };
        let names: Vec<_> =
            listed.split_whitespace().filter(|n| n.len() <= NAME_MAX).take(NODES_MAX).collect();
        let from = self.nodes[index].name.clone();
        self.join.list_known = true;
        self.join.ask_at = None;
        if !names.iter().any(|name| node::same(&self.config.me, name)) {
            let text = format!("{from} does not know this node: its list of nodes is not used");
            let subject = Subject::Node(from.as_str().to_owned());
            step.tell(Level::Warning, EventKind::Notice, subject, text);
            return;
        }
        for name in &names {
            if self.find(name).is_none() {
                self.add_member(step, name);
            }
        }
        let stranger = |node: &super::Node| {
            node.is_peer()
                && node.name != from
                && !names.iter().any(|name| node::same(&node.name, name))
        };
        while let Some(gone) = self.nodes.iter().position(stranger) {
            self.remove_member(step, gone, &format!("{from} does not list it"));
        }
    }
}
