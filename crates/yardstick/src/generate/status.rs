//! What is known of nodes, and what was done on them.

use super::resources::{Primitive, Resource};
use super::{Builder, NOW};
use cib::xml::{Node, NodeId};

/// Digest of no parameters; of none but a timeout of 20 s, which recurring operations have.
const NO_PARAMETERS: &str = "f2317cad3d54cec5d7d7aa7d0bf35cf8";
const TIMEOUT_ONLY: &str = "4811cef7f7f94e3a35a70be7916cb2fd";

/// Adds the status section.
pub(super) fn add(builder: &mut Builder, resources: &[Resource]) {
    let part = builder.part("status");
    let mut nodes = Vec::new();
    for (number, name) in builder.nodes.clone().iter().enumerate() {
        let id = (number + 1).to_string();
        if let Some(node) = state(builder, part, name, &id) {
            nodes.push(node);
        }
    }
    for name in builder.remotes.clone() {
        if builder.dice.percent(70) {
            let attributes = [("id", name.as_str()), ("uname", &name), ("remote_node", "true")];
            let state = builder.element(part, "node_state", &attributes);
            builder.document.set(state, "in_ccm", "true");
            let lrm = builder.element(state, "lrm", &[("id", &name)]);
            let list = builder.element(lrm, "lrm_resources", &[]);
            nodes.push(Place { state, list, id: name.clone(), name, remote: true });
        }
    }
    if nodes.is_empty() {
        return;
    }
    for resource in resources {
        history(builder, &nodes, resource);
    }
    if builder.theme.tickets && builder.dice.percent(70) {
        let tickets = builder.element(part, "tickets", &[]);
        let granted = builder.pick(&["true", "false"]);
        let ticket =
            builder.element(tickets, "ticket_state", &[("id", "ticketA"), ("granted", granted)]);
        if builder.dice.percent(20) {
            builder.document.set(ticket, "standby", "true");
        }
    }
}

/// A node with a history.
#[derive(Clone)]
struct Place {
    state: NodeId,
    list: NodeId,
    id: String,
    name: String,
    remote: bool,
}

/// A node's state: mostly online, at times gone, in between, or never seen.
fn state(builder: &mut Builder, part: NodeId, name: &str, id: &str) -> Option<Place> {
    let chance = builder.dice.below(100);
    let [member, controller, join, expected] = match chance {
        0..82 => ["true", "online", "member", "member"],
        82..88 => ["false", "offline", "down", "member"],
        88..93 => ["false", "offline", "down", "down"],
        93..96 => ["true", "offline", "member", "member"],
        96..98 => ["true", "online", "down", "member"],
        _ => return None,
    };
    let attributes = [
        ("id", id),
        ("uname", name),
        ("in_ccm", member),
        ("crmd", controller),
        ("join", join),
        ("expected", expected),
    ];
    let state = builder.element(part, "node_state", &attributes);
    if builder.theme.disorder && builder.dice.percent(8) {
        transient(builder, state, id, "shutdown", &NOW.to_string());
    }
    let lrm = builder.element(state, "lrm", &[("id", id)]);
    let list = builder.element(lrm, "lrm_resources", &[]);
    Some(Place { state, list, id: id.to_owned(), name: name.to_owned(), remote: false })
}

fn transient(builder: &mut Builder, state: NodeId, node: &str, name: &str, value: &str) {
    let held = builder.document.node(state).child("transient_attributes").map(Node::id);
    let list =
        held.unwrap_or_else(|| builder.element(state, "transient_attributes", &[("id", node)]));
    builder.pair(list, "instance_attributes", name, value);
}

/// What became of a resource on all nodes: active where one would expect it, probed elsewhere.
fn history(builder: &mut Builder, nodes: &[Place], resource: &Resource) {
    let cluster: Vec<&Place> = nodes.iter().filter(|node| !node.remote).collect();
    // Connections run on cluster nodes only.
    let nodes: Vec<&Place> = if resource.primitives.iter().any(|one| one.agent == "remote") {
        cluster
    } else {
        nodes.iter().collect()
    };
    if nodes.is_empty() || builder.dice.percent(12) {
        // Never seen: everything is still to be probed.
        return;
    }
    let home = builder.dice.below(nodes.len() as u64) as usize;
    let running = builder.dice.percent(80);
    let twice = builder.theme.disorder && builder.dice.percent(8);
    for (at, node) in nodes.iter().enumerate() {
        let active = if resource.cloned {
            running && builder.dice.percent(80)
        } else {
            running && (at == home || (twice && at == (home + 1) % nodes.len()))
        };
        let promoted = resource.promotable && active && at == home;
        if resource.promotable && builder.dice.percent(80) {
            let score = if promoted { "10" } else { "5" };
            let name = format!("master-{}", resource.primitives.first().map_or("", |p| &p.id));
            transient(builder, node.state, &node.id, &name, score);
        }
        let depth = if builder.dice.percent(90) {
            resource.primitives.len()
        } else {
            builder.dice.below(resource.primitives.len() as u64 + 1) as usize
        };
        for (member, primitive) in resource.primitives.iter().enumerate() {
            let name = if resource.unique {
                format!("{}:{at}", primitive.id)
            } else {
                primitive.id.clone()
            };
            let what = if !(active && member < depth) {
                State::Probed
            } else if promoted {
                State::Promoted
            } else {
                State::Started
            };
            entry(builder, node, primitive, &name, what);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Probed,
    Started,
    Promoted,
}

/// The history of one primitive on one node.
fn entry(builder: &mut Builder, node: &Place, primitive: &Primitive, name: &str, what: State) {
    if what == State::Probed && builder.dice.percent(8) {
        return;
    }
    let mut attributes = vec![("id", name), ("class", primitive.class), ("type", primitive.agent)];
    attributes.extend(primitive.provider.map(|provider| ("provider", provider)));
    let entry = builder.element(node.list, "lrm_resource", &attributes);
    let mut journal = Journal { entry, node, name, call: builder.dice.below(20) as u32 };
    let failing = builder.theme.failures && builder.dice.percent(25);
    match what {
        State::Probed => {
            let result =
                if failing && builder.dice.percent(30) { builder.dice.below(6) as i32 } else { 7 };
            journal.write(builder, "monitor", 0, 7, result);
        }
        State::Started | State::Promoted => {
            active(builder, &mut journal, primitive, what == State::Promoted, failing);
        }
    }
}

fn active(
    builder: &mut Builder,
    journal: &mut Journal<'_>,
    primitive: &Primitive,
    promoted: bool,
    failing: bool,
) {
    if builder.theme.migration && builder.dice.percent(6) {
        let migration = builder.pick(&["migrate_to", "migrate_from"]);
        let other = builder.nodes.iter().find(|name| **name != journal.node.name).cloned();
        journal.write(builder, "start", 0, 0, 0);
        let operation = journal.write(builder, migration, 0, 0, 0);
        let other = other.unwrap_or_default();
        let (source, target) = match migration {
            "migrate_to" => (journal.node.name.as_str(), other.as_str()),
            _ => (other.as_str(), journal.node.name.as_str()),
        };
        builder.document.set(operation, "migrate_source", source);
        builder.document.set(operation, "migrate_target", target);
        return;
    }
    if failing {
        match builder.dice.below(4) {
            0 => {
                journal.write(builder, "start", 0, 0, 1);
                journal.fail_count(builder, "start", 0);
                return;
            }
            1 => {
                journal.write(builder, "stop", 0, 0, 1);
                journal.fail_count(builder, "stop", 0);
                return;
            }
            2 => {
                let operation = builder.pick(&["start", "stop"]);
                journal.pending(builder, operation);
                return;
            }
            _ => {}
        }
    }
    let begin = if builder.dice.percent(85) { "start" } else { "monitor" };
    if promoted {
        journal.write(builder, "promote", 0, 0, 0);
    } else {
        journal.write(builder, begin, 0, if begin == "monitor" { 7 } else { 0 }, 0);
    }
    for (interval, role) in &primitive.monitors {
        let wanted = match role {
            Some("Promoted") if promoted => 8,
            Some("Unpromoted") if !promoted => 0,
            None => 0,
            Some(_) => continue,
        };
        let result = if failing {
            *[1, 7, 5].get(builder.dice.below(3) as usize).unwrap_or(&1)
        } else {
            wanted
        };
        journal.write(builder, "monitor", *interval, wanted, result);
        if failing {
            journal.fail_count(builder, "monitor", *interval);
        }
    }
}

/// What is written about one primitive on one node.
struct Journal<'n> {
    entry: NodeId,
    node: &'n Place,
    name: &'n str,
    call: u32,
}

/// Seconds between two operations, and between the last one and now.
const STEP: i64 = 100;

/// The result of an operation that has not ended.
const PENDING: i32 = 193;

impl Journal<'_> {
    fn write(
        &mut self,
        builder: &mut Builder,
        operation: &str,
        interval: u32,
        wanted: i32,
        result: i32,
    ) -> NodeId {
        self.call += 1;
        let suffix = if interval == 0 && !operation.starts_with("migrate") {
            "last_0".to_owned()
        } else {
            format!("{operation}_{interval}")
        };
        let (name, call) = (self.name, self.call);
        let [id, key, transition, when] = [
            format!("{name}_{suffix}"),
            format!("{name}_{operation}_{interval}"),
            format!("{call}:1:{wanted}:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
            (NOW - 20 * STEP + STEP * i64::from(call)).min(NOW - STEP).to_string(),
        ];
        let status = match result {
            PENDING => -1,
            result if result == wanted => 0,
            _ if builder.dice.percent(50) => 0,
            _ => 4,
        };
        let digest = if interval > 0 { TIMEOUT_ONLY } else { NO_PARAMETERS };
        let digest = if builder.dice.percent(2) { "0" } else { digest };
        let attributes = [
            ("id", id.as_str()),
            ("operation_key", &key),
            ("operation", operation),
            ("crm-debug-origin", "generated"),
            ("crm_feature_set", "3.16.1"),
            ("transition-key", &transition),
            ("transition-magic", &format!("{status}:{result};{transition}")),
            ("call-id", &if result == PENDING { "-1".to_owned() } else { call.to_string() }),
            ("rc-code", &result.to_string()),
            ("op-status", &status.to_string()),
            ("interval", &interval.to_string()),
            ("last-rc-change", &when),
            ("exec-time", "0"),
            ("queue-time", "0"),
            ("op-digest", digest),
        ];
        builder.element(self.entry, "lrm_rsc_op", &attributes)
    }

    fn pending(&mut self, builder: &mut Builder, operation: &str) {
        self.write(builder, operation, 0, 0, PENDING);
    }

    fn fail_count(&self, builder: &mut Builder, operation: &str, interval: u32) {
        let count = builder.pick(&["1", "2", "INFINITY"]);
        let task = format!("{}#{operation}_{interval}", self.name);
        let (state, id) = (self.node.state, self.node.id.clone());
        transient(builder, state, &id, &format!("fail-count-{task}"), count);
        let when = builder.pick(&["1699999990", "1699990000"]);
        transient(builder, state, &id, &format!("last-failure-{task}"), when);
    }
}
