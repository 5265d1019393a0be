//! Answers: what is known of the nodes, for status and for the layer above.

use super::{Messaging, Node};
use api::{LinkState, LinkStatus, NodeState, NodeStatus};
use base::{Instant, LinkId, NodeName};

impl Messaging {
    /// The state of that node; `Unknown` too if there is no such node. For ourselves, what our
    /// status says.
    pub fn node_state(&self, name: &NodeName) -> NodeState {
        self.named(name).map_or(NodeState::Unknown, |node| self.state_of(node))
    }

    fn named(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.get(self.find(name.as_str())?)
    }

    fn state_of(&self, node: &Node) -> NodeState {
        if node.is_me { self.state } else { node.state }
    }

    /// Members first, in file order, then ping nodes. What a node holds and whether it is one of
    /// ours is for the layer above to fill in.
    pub fn nodes(&self) -> impl Iterator<Item = NodeStatus> {
        self.nodes.iter().map(|node| NodeStatus {
            name: node.name.as_str().to_owned(),
            kind: node.kind,
            state: self.state_of(node),
            is_me: node.is_me,
            links: self.link_statuses(node),
            last_beat: node.last_beat,
            holds: None,
            is_handover: false,
            config_differs: false,
            weight: node.weight,
            site: node.site.clone(),
            uuid: if node.is_me { Some(self.uuid) } else { node.uuid },
        })
    }

    /// One line for each name: several `ucast` lines on one interface are one link to the reader.
    fn link_statuses(&self, node: &Node) -> Vec<LinkStatus> {
        let mut shown: Vec<LinkStatus> = Vec::new();
        for link in &node.links {
            let name = self.link_name(link.id);
            let state = if link.up { LinkState::Up } else { LinkState::Dead };
            match shown.iter_mut().find(|other| other.name == name) {
                Some(other) => {
                    other.last_heard = other.last_heard.max(link.last_heard);
                    if link.up {
                        other.state = LinkState::Up;
                    }
                }
                None => shown.push(LinkStatus { name, state, last_heard: link.last_heard }),
            }
        }
        shown
    }

    /// The links on which that node is heard now.
    pub fn links_up(&self, name: &NodeName) -> Vec<LinkId> {
        let links = self.named(name).map_or(&[][..], |node| &node.links);
        links.iter().filter(|link| link.up).map(|link| link.id).collect()
    }

    /// When the latest status of that node came; our own: when we sent it.
    pub fn last_beat(&self, name: &NodeName) -> Option<Instant> {
        self.named(name)?.last_beat
    }

    /// The other members, in file order.
    pub fn peers(&self) -> impl Iterator<Item = &NodeName> {
        self.nodes.iter().filter(|node| node.is_peer()).map(|node| &node.name)
    }

    /// True once communication was up.
    pub fn is_comm_up(&self) -> bool {
        self.comm_up()
    }

    /// Packets refused since start, by reason.
    pub fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.refusals.counts()
    }
}
