//! From the form of Pacemaker 2 to that of Pacemaker 3.

use super::edit::{
    add_pair, all_elements, drop_attribute, drop_element, elements, free_id, note, pairs_in,
    rename_attribute, section_or_new,
};
use super::{Note, constraints, references};
use crate::value::{Role, leading_number};
use crate::xml::{Document, Node};

/// Attributes that name a role.
const ROLE_ATTRIBUTES: [&str; 3] = ["role", "rsc-role", "with-rsc-role"];
/// Cluster options by their old and new names.
const OPTIONS: [(&str, &str); 8] = [
    ("crmd-finalization-timeout", "join-finalization-timeout"),
    ("crmd-integration-timeout", "join-integration-timeout"),
    ("crmd-transition-delay", "transition-delay"),
    ("stonith-enabled", "fencing-enabled"),
    ("stonith-action", "fencing-action"),
    ("stonith-timeout", "fencing-timeout"),
    ("stop-orphan-resources", "stop-removed-resources"),
    ("stop-orphan-actions", "cancel-removed-actions"),
];
/// Meta-attributes by their old and new names.
const META: [(&str, &str); 2] =
    [("master-max", "promoted-max"), ("master-node-max", "promoted-node-max")];
/// Standards of agents that can no longer be run.
const GONE_CLASSES: [&str; 2] = ["nagios", "upstart"];
/// The highest index of a fencing level.
const MAX_LEVEL: i64 = 9;

pub(super) fn upgrade(document: &mut Document, notes: &mut Vec<Note>) {
    drop_gone_resources(document, notes);
    references::resolve(document);
    promotable(document);
    roles(document);
    options(document, notes);
    meta_attributes(document, notes);
    operations(document, notes);
    constraints::upgrade(document, notes);
    ping_nodes(document, notes);
    fencing_levels(document, notes);
}

/// Removes resources nothing can run any more, and collections that are empty without them.
fn drop_gone_resources(document: &mut Document, notes: &mut Vec<Note>) {
    for id in [elements(document, "primitive"), elements(document, "template")].concat() {
        let class = document.node(id).get("class").unwrap_or_default();
        if GONE_CLASSES.contains(&class) {
            let reason = format!("agents of class {class} cannot be run any more");
            drop_element(document, notes, id, &reason);
        }
    }
    for id in elements(document, "bundle") {
        if document.node(id).child("rkt").is_some() {
            drop_element(document, notes, id, "rkt containers cannot be run any more");
        }
    }
    // Groups first, then the clones of groups.
    for name in ["group", "clone", "master"] {
        for id in elements(document, name) {
            let is_resource = |node: Node<'_>| matches!(node.name(), "primitive" | "group");
            if !document.node(id).children().any(is_resource) {
                drop_element(document, notes, id, "nothing is left inside it");
            }
        }
    }
}

/// A `master` is a clone that can be promoted; bundles count theirs under a new name.
fn promotable(document: &mut Document) {
    for id in elements(document, "master") {
        document.rename(id, "clone");
        let wish = document.node(id).get("id").unwrap_or("clone").to_owned();
        let first = document.node(id).nodes().next().map(Node::id);
        let block_id = free_id(document, &format!("{wish}-promotable-meta"));
        let block = document.insert(id, first, "meta_attributes");
        document.set(block, "id", &block_id);
        add_pair(document, block, &format!("{wish}-promotable"), "promotable", "true");
    }
    for name in ["docker", "podman"] {
        for id in elements(document, name) {
            rename_attribute(document, id, "masters", "promoted-max");
        }
    }
}

fn roles(document: &mut Document) {
    for id in all_elements(document) {
        for name in ROLE_ATTRIBUTES {
            if let Some(role) = document.node(id).get(name).and_then(today) {
                document.set(id, name, role);
            }
        }
    }
    for id in pairs_in(document, "meta_attributes") {
        let node = document.node(id);
        if node.get("name") == Some("target-role")
            && let Some(role) = node.get("value").and_then(today)
        {
            document.set(id, "value", role);
        }
    }
}

/// Today's name of a role with an old one.
fn today(role: &str) -> Option<&'static str> {
    let is_old = role.eq_ignore_ascii_case("Master") || role.eq_ignore_ascii_case("Slave");
    is_old.then(|| Role::parse(role).map(Role::name)).flatten()
}

fn options(document: &mut Document, notes: &mut Vec<Note>) {
    for (old, new) in OPTIONS {
        rename_pairs(document, "cluster_property_set", old, new);
    }
    for id in pairs_in(document, "cluster_property_set") {
        let node = document.node(id);
        let is = |name, value| node.get("name") == Some(name) && node.get("value") == Some(value);
        if is("fencing-action", "poweroff") {
            document.set(id, "value", "off");
        } else if node.get("name") == Some("remove-after-stop") {
            drop_element(document, notes, id, "the option has no effect any more");
        }
    }
}

/// Gives pairs their new name; where the new name is used as well, it counts.
fn rename_pairs(document: &mut Document, block_name: &str, old: &str, new: &str) {
    for block in elements(document, block_name) {
        let pair = |name: &str| {
            let mut pairs = document.node(block).children_named("nvpair");
            pairs.find(|pair| pair.get("name") == Some(name)).map(Node::id)
        };
        let (Some(old_pair), new_pair) = (pair(old), pair(new)) else { continue };
        match new_pair {
            Some(_) => document.remove(old_pair),
            None => document.set(old_pair, "name", new),
        }
    }
}

fn meta_attributes(document: &mut Document, notes: &mut Vec<Note>) {
    for (old, new) in META {
        rename_pairs(document, "meta_attributes", old, new);
    }
    for id in pairs_in(document, "meta_attributes") {
        if matches!(document.node(id).get("name"), Some("restart-type" | "can_fail")) {
            drop_element(document, notes, id, "the meta-attribute has no effect any more");
        }
    }
}

fn operations(document: &mut Document, notes: &mut Vec<Note>) {
    for id in elements(document, "op") {
        for name in ["can_fail", "can-fail", "role_after_failure", "role-after-failure"] {
            drop_attribute(document, notes, id, name);
        }
    }
    for id in elements(document, "date_spec") {
        drop_attribute(document, notes, id, "moon");
    }
}

/// A node that was only pinged becomes a member on which nothing may run.
fn ping_nodes(document: &mut Document, notes: &mut Vec<Note>) {
    for id in elements(document, "node") {
        if document.node(id).get("type") != Some("ping") {
            continue;
        }
        document.set(id, "type", "member");
        note(document, notes, id, "ping nodes are members now: a ban keeps all resources off it");
        let Some(uname) = document.node(id).get("uname").map(str::to_owned) else { continue };
        let Some(constraints) = section_or_new(document, "constraints") else { continue };
        let ban = document.append(constraints, "rsc_location");
        let ban_id = free_id(document, &format!("ban-everything-{uname}"));
        for (name, value) in [
            ("id", ban_id.as_str()),
            ("rsc-pattern", ".*"),
            ("node", &uname),
            ("score", "-INFINITY"),
        ] {
            document.set(ban, name, value);
        }
    }
}

fn fencing_levels(document: &mut Document, notes: &mut Vec<Note>) {
    for id in elements(document, "fencing-level") {
        let index = document.node(id).get("index").and_then(leading_number);
        if index.is_some_and(|(index, _)| index > MAX_LEVEL) {
            drop_element(document, notes, id, "there are nine fencing levels");
        }
    }
}
