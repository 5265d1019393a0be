//! From the form of late Pacemaker 1 to that of Pacemaker 2, as `cibadmin --upgrade` of 2.1.5 does it
//! (measured).

use super::Note;
use super::edit::{
    add_pair, block_or_new, drop_element, elements, free_id, note, pairs_in, section_or_new,
};
use crate::xml::{Document, Node, NodeId};

/// Cluster options whose old spelling with underscores is still understood, by their new one.
const OPTIONS: [&str; 12] = [
    "dc-deadtime",
    "cluster-recheck-interval",
    "election-timeout",
    "shutdown-escalation",
    "no-quorum-policy",
    "symmetric-cluster",
    "stonith-enabled",
    "stonith-action",
    "startup-fencing",
    "stop-orphan-resources",
    "stop-orphan-actions",
    "remove-after-stop",
];
/// Cluster options that became defaults of resources or operations, or another option.
const MOVED: [(&str, &str, &str); 3] = [
    ("default-resource-stickiness", "rsc_defaults", "resource-stickiness"),
    ("is-managed-default", "rsc_defaults", "is-managed"),
    ("default-action-timeout", "op_defaults", "timeout"),
];
/// Cluster options nothing reads any more.
const GONE: [&str; 5] = [
    "default-resource-failure-stickiness",
    "default-migration-threshold",
    "notification-agent",
    "notification-recipient",
    "expected-quorum-votes",
];
/// Parameters of fence devices that name the command for an action.
const FENCE_ACTIONS: [&str; 6] = ["on", "off", "reboot", "list", "status", "monitor"];
/// Settings of an operation that were also taken from its instance attributes.
const OPERATION_META: [&str; 6] =
    ["timeout", "on-fail", "enabled", "start-delay", "interval-origin", "role"];

pub(super) fn upgrade(document: &mut Document, notes: &mut Vec<Note>) {
    options(document, notes);
    for id in elements(document, "node") {
        if document.node(id).get("type") == Some("normal") {
            document.set(id, "type", "member");
        }
    }
    for name in ["primitive", "template"] {
        for id in elements(document, name) {
            requirements(document, notes, id);
            isolation(document, notes, id);
        }
    }
    fence_parameters(document, notes);
}

fn options(document: &mut Document, notes: &mut Vec<Note>) {
    for id in pairs_in(document, "cluster_property_set") {
        let Some(written) = document.node(id).get("name") else { continue };
        let name = written.replace('_', "-");
        if GONE.contains(&name.as_str()) {
            drop_element(document, notes, id, "the option has no effect any more");
        } else if name == "transition-idle-timeout" {
            document.set(id, "name", "cluster-delay");
        } else if let Some((_, section, new)) = MOVED.iter().find(|(old, ..)| *old == name) {
            move_to_defaults(document, id, section, new);
        } else if OPTIONS.contains(&name.as_str()) {
            document.set(id, "name", &name);
        }
    }
}

fn move_to_defaults(document: &mut Document, pair: NodeId, section: &str, name: &str) {
    let Some(section_id) = section_or_new(document, section) else { return };
    let wish = section.replace('_', "-");
    let block = block_or_new(document, section_id, "meta_attributes", &wish);
    document.set(pair, "name", name);
    document.move_before(pair, block, None);
}

/// What an operation requires became a matter of the resource, and only what its start required
/// counted. Other settings among an operation's instance attributes become meta-attributes.
fn requirements(document: &mut Document, notes: &mut Vec<Note>, resource: NodeId) {
    let operations = document.node(resource).descendants().filter(|node| node.is("op"));
    for op in operations.map(Node::id).collect::<Vec<_>>() {
        if let Some(value) = document.node(op).get("requires").map(str::to_owned) {
            document.unset(op, "requires");
            keep_requirement(document, notes, resource, op, &value);
        }
        for pair in pairs_below(document, op) {
            let node = document.node(pair);
            let in_instance = node.parent().is_some_and(|block| block.is("instance_attributes"));
            match node.get("name").map(str::to_owned).as_deref() {
                Some("requires") => {
                    let value = node.get("value").unwrap_or_default().to_owned();
                    document.remove(pair);
                    keep_requirement(document, notes, resource, op, &value);
                }
                Some(name) if in_instance && OPERATION_META.contains(&name) => {
                    let wish = format!("{}-meta", document.node(op).get("id").unwrap_or("op"));
                    let block = block_or_new(document, op, "meta_attributes", &wish);
                    document.move_before(pair, block, None);
                }
                _ => {}
            }
        }
        drop_empty_blocks(document, op);
    }
}

fn pairs_below(document: &Document, id: NodeId) -> Vec<NodeId> {
    let below = document.node(id).descendants();
    below.filter(|node| node.is("nvpair")).map(Node::id).collect()
}

fn keep_requirement(
    document: &mut Document,
    notes: &mut Vec<Note>,
    resource: NodeId,
    op: NodeId,
    value: &str,
) {
    if document.node(op).get("name") != Some("start") {
        note(document, notes, op, "requires is dropped: only what a start requires counts");
        return;
    }
    let owner = document.node(resource).get("id").unwrap_or("resource").to_owned();
    let block = document.append(resource, "meta_attributes");
    let block_id = free_id(document, &format!("{owner}-requires-meta"));
    document.set(block, "id", &block_id);
    add_pair(document, block, &format!("{owner}-requires"), "requires", value);
}

fn drop_empty_blocks(document: &mut Document, op: NodeId) {
    let blocks: Vec<_> = document.node(op).children().map(Node::id).collect();
    for block in blocks {
        if document.node(block).children().next().is_none()
            && document.node(block).get("id-ref").is_none()
        {
            document.remove(block);
        }
    }
}

/// Resources inside containers of their own became bundles, which nothing can make of them: one
/// that was to run in another host's container is stopped.
fn isolation(document: &mut Document, notes: &mut Vec<Note>, resource: NodeId) {
    let blocks = document.node(resource).children_named("meta_attributes");
    let pairs = blocks.flat_map(|block| block.children_named("nvpair")).map(Node::id);
    for pair in pairs.collect::<Vec<_>>() {
        match document.node(pair).get("name") {
            Some("isolation" | "isolation-instance" | "isolation-wrapper") => {
                drop_element(document, notes, pair, "resources are isolated by bundles now");
            }
            Some("isolation-host") => {
                document.set(pair, "name", "target-role");
                document.set(pair, "value", "Stopped");
                note(
                    document,
                    notes,
                    resource,
                    "stopped: its isolation is a matter of bundles now",
                );
            }
            _ => {}
        }
    }
}

fn fence_parameters(document: &mut Document, notes: &mut Vec<Note>) {
    for id in pairs_in(document, "instance_attributes") {
        let Some(name) = document.node(id).get("name") else { continue };
        let action = name.strip_prefix("pcmk_").and_then(|name| name.strip_suffix("_cmd"));
        if let Some(action) = action.filter(|action| FENCE_ACTIONS.contains(action)) {
            let name = format!("pcmk_{action}_action");
            document.set(id, "name", &name);
        } else if name == "pcmk_arg_map" {
            drop_element(document, notes, id, "set pcmk_host_argument instead");
        }
    }
}
