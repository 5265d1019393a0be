//! Changes of the status section: what became of nodes, what actions did, what failed.
//!
//! As `crm_simulate` 2.1.5 makes them, by experiment: which elements and attributes appear, where
//! they stand, and how far `num_updates` counts.

mod history;

pub use history::Done;

use cib::xml::{Document, Node, NodeId};
use std::collections::BTreeMap;

/// A node as its state names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeName<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its id.
    pub id: &'a str,
}

/// The value of `crm-debug-origin`: who wrote the entry.
const ORIGIN: &str = "crm_simulate";

/// Where a node's history lies.
struct History {
    /// `lrm_resources`.
    list: NodeId,
    /// `lrm_resource` by its id.
    resources: BTreeMap<String, NodeId>,
}

/// The status section of a document while it is being changed.
///
/// Entries are found by an index that is built when a node is first touched: nobody else may
/// change the section meanwhile, which the borrow sees to.
pub struct Status<'d> {
    document: &'d mut Document,
    section: NodeId,
    /// `node_state` by the node's name in lower case.
    states: BTreeMap<String, NodeId>,
    histories: BTreeMap<NodeId, History>,
    updates: u64,
}

impl<'d> Status<'d> {
    /// Opens the section; a document without one gets it.
    pub fn open(document: &'d mut Document) -> Self {
        let root = document.root();
        let found = root.child("status").map(Node::id);
        let root = root.id();
        let section = found.unwrap_or_else(|| document.append(root, "status"));
        let mut states = BTreeMap::new();
        for state in document.node(section).children_named("node_state") {
            if let Some(name) = state.get("uname").or_else(|| state.get("id")) {
                // The first of equal names counts.
                states.entry(name.to_ascii_lowercase()).or_insert(state.id());
            }
        }
        Self { document, section, states, histories: BTreeMap::new(), updates: 0 }
    }

    /// The state of a node, a new one if it has none.
    pub fn state(&mut self, node: NodeName<'_>) -> NodeId {
        let key = node.name.to_ascii_lowercase();
        if let Some(state) = self.states.get(&key) {
            return *state;
        }
        let state = self.document.append(self.section, "node_state");
        self.document.set(state, "id", node.id);
        self.document.set(state, "uname", node.name);
        self.updates += 1;
        self.states.insert(key, state);
        state
    }

    /// Sets attributes of a node's state.
    pub fn set_state(&mut self, node: NodeName<'_>, attributes: &[(&str, &str)]) {
        let state = self.state(node);
        for (name, value) in attributes {
            self.document.set(state, name, value);
        }
        self.updates += 1;
    }

    /// The node was fenced: it is down, and nothing runs there any more.
    pub fn fenced(&mut self, node: NodeName<'_>) {
        self.set_state(
            node,
            &[
                ("in_ccm", "false"),
                ("crmd", "offline"),
                ("join", "down"),
                ("expected", "down"),
                ("crm-debug-origin", "simulate_fencing_action"),
            ],
        );
        self.forget(node);
    }

    /// What ran on the node, and its transient attributes, are forgotten.
    pub fn forget(&mut self, node: NodeName<'_>) {
        let state = self.state(node);
        self.histories.remove(&state);
        for name in ["lrm", "transient_attributes"] {
            if let Some(child) = self.document.node(state).child(name).map(Node::id) {
                self.document.remove(child);
                self.updates += 1;
            }
        }
    }

    /// A failure of the task more on this node, at this moment (epoch seconds); what is said of it.
    /// It goes into the CIB together with the action that failed: no update of its own.
    pub fn note_failure(&mut self, node: NodeName<'_>, task: &Task<'_>, now: i64) -> String {
        let Task { resource, operation, interval_ms } = *task;
        let count = format!("fail-count-{resource}#{operation}_{interval_ms}");
        let held = self.transient(node, &count);
        let held = held.and_then(|pair| self.document.node(pair).get("value"));
        let failures = match held.unwrap_or("0") {
            "INFINITY" | "+INFINITY" => INFINITY,
            text => text.parse().unwrap_or(0),
        };
        self.set_transient(node, &count, &failures.saturating_add(1).min(INFINITY).to_string());
        let last = format!("last-failure-{resource}#{operation}_{interval_ms}");
        self.set_transient(node, &last, &now.to_string());
        let place = format!("into /node_state '{}'", node.id);
        format!(
            "  * Injecting attribute {count}=value++ {place}\n  * Injecting attribute {last}={now} {place}\n"
        )
    }

    /// Sets a transient attribute of the node.
    fn set_transient(&mut self, node: NodeName<'_>, name: &str, value: &str) {
        if let Some(pair) = self.transient(node, name) {
            self.document.set(pair, "value", value);
            return;
        }
        let state = self.state(node);
        let list = self.child_or_new(state, "transient_attributes", node.id);
        let block = self.child_or_new(list, "instance_attributes", node.id);
        let prefix = self.document.node(block).get("id").unwrap_or(node.id);
        // Characters that may not stand in an XML id become dots.
        let id = format!("{prefix}-{}", name.replace(['#', ':'], "."));
        let pair = self.document.append(block, "nvpair");
        self.document.set(pair, "id", &id);
        self.document.set(pair, "name", name);
        self.document.set(pair, "value", value);
    }

    /// Changes an attribute of the whole document.
    pub fn set_root(&mut self, name: &str, value: &str) {
        let root = self.document.root().id();
        self.document.set(root, name, value);
        self.updates += 1;
    }

    /// Sets an attribute of a ticket's state.
    pub fn set_ticket(&mut self, ticket: &str, name: &str, value: &str) {
        let held = self.document.node(self.section).child("tickets").map(Node::id);
        let list = held.unwrap_or_else(|| self.document.append(self.section, "tickets"));
        let held = self
            .document
            .node(list)
            .children_named("ticket_state")
            .find(|state| state.get("id") == Some(ticket))
            .map(Node::id);
        let state = held.unwrap_or_else(|| {
            let state = self.document.append(list, "ticket_state");
            self.document.set(state, "id", ticket);
            state
        });
        self.document.set(state, name, value);
        self.updates += 1;
    }

    /// Writes how many changes there were into `num_updates`.
    pub fn close(self) {
        let root = self.document.root();
        let held = root.get("num_updates").and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        let root = root.id();
        if self.updates > 0 {
            let updates = held.saturating_add(self.updates).to_string();
            self.document.set(root, "num_updates", &updates);
        }
    }

    /// The pair that holds a transient attribute.
    fn transient(&self, node: NodeName<'_>, name: &str) -> Option<NodeId> {
        let state = *self.states.get(&node.name.to_ascii_lowercase())?;
        let list = self.document.node(state).child("transient_attributes")?;
        let mut pairs = list.children().flat_map(|block| block.children_named("nvpair"));
        pairs.find(|pair| pair.get("name") == Some(name)).map(Node::id)
    }

    /// The first child of this name; a new one gets this id.
    fn child_or_new(&mut self, parent: NodeId, name: &str, id: &str) -> NodeId {
        if let Some(child) = self.document.node(parent).child(name) {
            return child.id();
        }
        let child = self.document.append(parent, name);
        self.document.set(child, "id", id);
        child
    }
}

/// A fail count never exceeds this.
const INFINITY: i32 = 1_000_000;

/// What may be repeated and fail: a resource's operation at an interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Task<'a> {
    /// The resource's name in the history.
    pub resource: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// Its interval; 0 for operations that are not repeated.
    pub interval_ms: u64,
}
