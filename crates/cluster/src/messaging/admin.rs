//! Which nodes there are: as configured, added, removed, weighed; and configurations that change.

use super::refusals::shown;
use super::{Heard, Messaging, NAME_MAX, NODES_MAX, Node, node, outgoing, refusals};
use crate::config::Config;
use crate::step::Step;
use api::{EventKind, Level, NodeKind, NodeState, Subject};
use base::NodeName;
use std::sync::Arc;
use wire::heartbeat::Message;

/// Bytes of a site's name that are kept.
const SITE_MAX: usize = 100;

/// Members in file order, ourselves among them, then the ping nodes.
pub(super) fn configured_nodes(config: &Config) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for name in config.nodes.iter().chain([&config.me]) {
        if !nodes.iter().any(|known| node::same(&known.name, name.as_str())) {
            nodes.push(Node::member(name.clone(), config));
        }
    }
    let pings = config.links.iter().enumerate().filter(|(_, link)| link.medium.is_ping());
    nodes.extend(pings.map(|(at, link)| Node::ping(link.name.as_str(), node::link_id(at))));
    nodes
}

impl Messaging {
    /// Works with another configuration from now on. Sequence, generation and what is known of
    /// nodes and links that stay are kept; nodes added by command stay as well.
    pub fn reconfigure(&mut self, config: Arc<Config>) {
        let before = std::mem::replace(&mut self.config, config);
        let config = Arc::clone(&self.config);
        let mut old = std::mem::take(&mut self.nodes);
        let was_configured = configured_nodes(&before);
        let configured =
            |node: &Node| was_configured.iter().any(|c| node::same(&c.name, node.name.as_str()));
        let mut new = configured_nodes(&config);
        for node in old.iter().filter(|node| node.is_peer() && !configured(node)) {
            if !new.iter().any(|known| node::same(&known.name, node.name.as_str())) {
                insert_member(&mut new, Node::member(node.name.clone(), &config));
            }
        }
        for node in &mut new {
            let same = |o: &Node| o.kind == node.kind && node::same(&o.name, node.name.as_str());
            if let Some(at) = old.iter().position(same) {
                node.inherit(old.swap_remove(at), &config, &before);
            }
        }
        self.nodes = new;
        self.many_keys = outgoing::many_keys(&config.keys);
    }

    /// Adds nodes to the cluster, as `hb_addnode` does: every node is told.
    ///
    /// # Errors
    /// One sentence, if there would be more nodes than a cluster may have or a name is none.
    pub fn add_nodes(
        &mut self,
        step: &mut Step<'_>,
        names: &[NodeName],
        up: &mut Vec<Heard>,
    ) -> Result<(), String> {
        if let Some(bad) = names.iter().find(|name| !is_name(name.as_str())) {
            return Err(format!("`{}` cannot be a node's name", shown(bad.as_str())));
        }
        if self.nodes.len() + names.len() > NODES_MAX {
            return Err(format!("a cluster has at most {NODES_MAX} nodes"));
        }
        self.send(step, Message::of_type("addnode").with("nodelist", list(names.iter())), up);
        Ok(())
    }

    /// Removes dead nodes from the cluster, as `hb_delnode` does: every node is told.
    ///
    /// # Errors
    /// One sentence, if a node is not known, alive, or this one.
    pub fn delete_nodes(
        &mut self,
        step: &mut Step<'_>,
        names: &[NodeName],
        up: &mut Vec<Heard>,
    ) -> Result<(), String> {
        for name in names {
            let Some(index) = self.find(name.as_str()) else {
                return Err(format!("{} is no node of this cluster", shown(name.as_str())));
            };
            if !is_removable(&self.nodes[index]) {
                return Err(format!("{name} is not dead: stop it first"));
            }
        }
        self.send(step, Message::of_type("delnode").with("nodelist", list(names.iter())), up);
        Ok(())
    }

    /// Does what a message says about the list of nodes, whoever sent it
    /// (docs/ancestors/heartbeat.md §6.7).
    pub(super) fn administer(&mut self, step: &mut Step<'_>, from: &NodeName, message: &Message) {
        match message.message_type() {
            Some("addnode") => {
                for name in named(message) {
                    if self.find(name).is_none() {
                        self.add_member(step, name);
                    }
                }
            }
            Some("delnode") => {
                for name in named(message) {
                    if let Some(index) = self.find(name).filter(|i| is_removable(&self.nodes[*i])) {
                        self.remove_member(step, index, &format!("{from} says so"));
                    }
                }
            }
            Some("setweight") => {
                let weight = message.decimal("weight").and_then(|w| u32::try_from(w).ok());
                if let (Some(node), Some(weight)) = (self.subject_of(message), weight) {
                    node.weight = weight;
                }
            }
            Some("setsite") => {
                let site = message.text("site").filter(|site| site.len() <= SITE_MAX);
                if let (Some(node), Some(site)) = (self.subject_of(message), site) {
                    site.clone_into(&mut node.site);
                }
            }
            _ => {}
        }
    }

    fn subject_of(&mut self, message: &Message) -> Option<&mut Node> {
        let index = self.find(message.text("node")?)?;
        self.nodes.get_mut(index)
    }

    /// Adds a member that is not known yet; false if there are too many.
    pub(super) fn add_member(&mut self, step: &mut Step<'_>, name: &str) -> bool {
        if !is_name(name) || self.nodes.len() >= NODES_MAX {
            self.refusals.count(step, refusals::TOO_MANY_NODES, "the cluster", || {
                format!("node {} cannot be added: {NODES_MAX} is the most", shown(name))
            });
            return false;
        }
        let mut member = Node::member(name.into(), &self.config);
        member.waiting_since = Some(step.now);
        insert_member(&mut self.nodes, member);
        self.deleted.retain(|gone| !node::same(gone, name));
        let text = format!("{name}: added to the list of nodes");
        step.tell(Level::Info, EventKind::Notice, Subject::Node(name.to_owned()), text);
        true
    }

    pub(super) fn remove_member(&mut self, step: &mut Step<'_>, index: usize, why: &str) {
        let gone = self.nodes.remove(index);
        let name = gone.name.as_str().to_owned();
        let text = format!("{name}: removed from the list of nodes: {why}");
        step.tell(Level::Warning, EventKind::Notice, Subject::Node(name), text);
        if self.deleted.len() < NODES_MAX {
            self.deleted.push(gone.name);
        }
    }
}

/// Members stand before ping nodes.
fn insert_member(nodes: &mut Vec<Node>, member: Node) {
    let pings = nodes.iter().position(|node| node.kind == NodeKind::Ping);
    nodes.insert(pings.unwrap_or(nodes.len()), member);
}

fn is_removable(node: &Node) -> bool {
    node.is_peer() && node.state == NodeState::Dead
}

/// A name that fits every place where names stand.
fn is_name(text: &str) -> bool {
    let fits = !text.is_empty() && text.len() <= NAME_MAX;
    fits && text.bytes().all(|b| b.is_ascii_graphic() && b != b'=' && b != b',')
}

fn named(message: &Message) -> impl Iterator<Item = &str> {
    message.text("nodelist").unwrap_or_default().split_whitespace().take(NODES_MAX)
}

/// Names as the wire has them: a blank after each.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a NodeName>) -> String {
    names.flat_map(|name| [name.as_str(), " "]).collect()
}
