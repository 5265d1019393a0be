//! From the form of Heartbeat 2 (`crm.dtd`) to that of Pacemaker 1.

use super::Note;
use super::edit::{
    add_pair, all_elements, block_or_new, elements, free_id, note, pairs_in, rename_attribute,
};
use crate::value::{Score, boolean};
use crate::xml::{Document, Node, NodeId};

/// Blocks whose pairs lay one level deeper, in `attributes`.
const BLOCKS: [&str; 3] = ["instance_attributes", "meta_attributes", "cluster_property_set"];
/// Elements that are resources.
const RESOURCES: [&str; 4] = ["primitive", "group", "clone", "master"];
/// Attributes of resources that became meta-attributes.
const RESOURCE_META: [&str; 8] = [
    "is_managed",
    "restart_type",
    "multiple_active",
    "resource_stickiness",
    "notify",
    "globally_unique",
    "ordered",
    "interleave",
];
/// Instance attributes of resources that became meta-attributes.
const INSTANCE_META: [&str; 8] = [
    "resource_stickiness",
    "allow_migrate",
    "globally_unique",
    "target_role",
    "clone_max",
    "clone_node_max",
    "master_max",
    "master_node_max",
];
/// Attributes of operations by their old and new names.
const OPERATION: [(&str, &str); 3] =
    [("prereq", "requires"), ("on_fail", "on-fail"), ("start_delay", "start-delay")];
/// Attributes of the root by their old and new names.
const ROOT: [(&str, &str); 3] = [
    ("dc_uuid", "dc-uuid"),
    ("have_quorum", "have-quorum"),
    ("remote_access_port", "remote-tls-port"),
];
/// Attributes of the root that have no meaning any more.
const ROOT_GONE: [&str; 5] =
    ["ccm_transition", "num_peers", "generated", "ignore_dtd", "cib_feature_revision"];

/// Rewrites one element.
type ElementStep = fn(&mut Document, NodeId);

/// True if the root says something only Heartbeat 2 said.
pub(super) fn has_features(root: Node<'_>) -> bool {
    let is_old = |name| root.get(name).is_some();
    ["cib_feature_revision", "have_quorum", "ignore_dtd", "ccm_transition"].into_iter().any(is_old)
}

pub(super) fn upgrade(document: &mut Document, notes: &mut Vec<Note>) {
    root(document);
    blocks(document);
    ids(document, notes);
    options(document);
    for id in elements(document, "master_slave") {
        document.rename(id, "master");
    }
    for name in RESOURCES {
        for id in elements(document, name) {
            resource(document, id);
        }
    }
    let steps: [(&str, ElementStep); 4] =
        [("op", operation), ("rsc_order", order), ("rsc_colocation", colocation), ("rule", rule)];
    for (name, step) in steps {
        for id in elements(document, name) {
            step(document, id);
        }
    }
    scores(document);
}

fn root(document: &mut Document) {
    let root = document.root().id();
    for (old, new) in ROOT {
        rename_attribute(document, root, old, new);
    }
    for name in ROOT_GONE {
        document.unset(root, name);
    }
}

/// Takes the `attributes` element out of each block.
fn blocks(document: &mut Document) {
    for name in BLOCKS {
        for block in elements(document, name) {
            let Some(inner) = document.node(block).child("attributes").map(Node::id) else {
                continue;
            };
            for pair in document.node(inner).nodes().map(Node::id).collect::<Vec<_>>() {
                document.move_before(pair, block, Some(inner));
            }
            document.remove(inner);
        }
    }
}

/// Ids may not begin with a digit or contain a colon any more. Constraints follow their resources.
fn ids(document: &mut Document, notes: &mut Vec<Note>) {
    let sections = ["resources", "constraints", "crm_config"];
    for id in all_elements(document) {
        let node = document.node(id);
        let is_ours = node.ancestors().any(|above| sections.contains(&above.name()));
        let Some(old) = node.get("id").filter(|_| is_ours).map(str::to_owned) else { continue };
        let mut new = old.replace(':', "-");
        if new.starts_with(|c: char| c.is_ascii_digit()) {
            new.insert_str(0, "auto-");
        }
        if new == old {
            continue;
        }
        let new = free_id(document, &new);
        note(document, notes, id, &format!("its id is {new} now"));
        document.set(id, "id", &new);
        for constraint in all_elements(document) {
            for name in ["rsc", "from", "to"] {
                if document.node(constraint).get(name) == Some(&old) {
                    document.set(constraint, name, &new);
                }
            }
        }
    }
}

/// Options are written with hyphens, and fencing was off unless it was asked for.
fn options(document: &mut Document) {
    for id in pairs_in(document, "cluster_property_set") {
        let Some(name) = document.node(id).get("name").map(|name| name.replace('_', "-")) else {
            continue;
        };
        let name = if name == "transition-idle-timeout" { "cluster-delay" } else { &name };
        document.set(id, "name", name);
    }
    let pairs = pairs_in(document, "cluster_property_set");
    let is_said = |id: &NodeId| document.node(*id).get("name") == Some("stonith-enabled");
    if pairs.iter().any(is_said) {
        return;
    }
    if let Some(section) = super::edit::section_or_new(document, "crm_config") {
        let set = "cluster_property_set";
        let block = block_or_new(document, section, set, "cib-bootstrap-options");
        let id = "cib-bootstrap-options-stonith-enabled";
        add_pair(document, block, id, "stonith-enabled", "false");
    }
}

fn resource(document: &mut Document, id: NodeId) {
    let node = document.node(id);
    if node.get("class").is_some_and(|class| class != "ocf") {
        document.unset(id, "provider");
    }
    document.unset(id, "collocated");
    let mut meta = Vec::new();
    for name in RESOURCE_META {
        if let Some(value) = document.node(id).get(name).map(str::to_owned) {
            document.unset(id, name);
            meta.push((name, value));
        }
    }
    let blocks = document.node(id).children_named("instance_attributes");
    let pairs = blocks.flat_map(|block| block.children_named("nvpair")).map(Node::id);
    for pair in pairs.collect::<Vec<_>>() {
        let node = document.node(pair);
        let name = INSTANCE_META.into_iter().find(|name| node.get("name") == Some(name));
        if let (Some(name), Some(value)) = (name, node.get("value").map(str::to_owned)) {
            document.remove(pair);
            meta.push((name, value));
        }
    }
    // Clones told their instances apart unless they were told not to.
    let is_clone = matches!(document.node(id).name(), "clone" | "master");
    if is_clone && !meta.iter().any(|(name, _)| *name == "globally_unique") {
        meta.push(("globally_unique", "true".into()));
    }
    if !meta.is_empty() {
        let owner = document.node(id).get("id").unwrap_or("resource").to_owned();
        let wish = format!("{owner}-meta_attributes");
        let block = block_or_new(document, id, "meta_attributes", &wish);
        for (name, value) in meta {
            let name = name.replace('_', "-");
            add_pair(document, block, &format!("{owner}-{name}"), &name, &value);
        }
    }
}

fn operation(document: &mut Document, id: NodeId) {
    for (old, new) in OPERATION {
        rename_attribute(document, id, old, new);
    }
    if let Some(disabled) = document.node(id).get("disabled").and_then(boolean) {
        document.unset(id, "disabled");
        document.set(id, "enabled", if disabled { "false" } else { "true" });
    }
    if document.node(id).get("interval").is_none() {
        document.set(id, "interval", "0");
    }
}

/// `from` came after `to`, unless the type said before.
fn order(document: &mut Document, id: NodeId) {
    let take = |document: &mut Document, name: &str| {
        let value = document.node(id).get(name).map(str::to_owned);
        document.unset(id, name);
        value
    };
    let (from, to) = (take(document, "from"), take(document, "to"));
    let action = take(document, "action");
    let to_action = take(document, "to_action").or_else(|| action.clone());
    let is_before = take(document, "type").as_deref() == Some("before");
    let (first, then, first_action, then_action) =
        if is_before { (from, to, action, to_action) } else { (to, from, to_action, action) };
    for (name, value) in [
        ("first", first),
        ("then", then),
        ("first-action", first_action),
        ("then-action", then_action),
    ] {
        if let Some(value) = value {
            document.set(id, name, &value);
        }
    }
}

fn colocation(document: &mut Document, id: NodeId) {
    for (old, new) in [
        ("from", "rsc"),
        ("to", "with-rsc"),
        ("from_role", "rsc-role"),
        ("to_role", "with-rsc-role"),
    ] {
        rename_attribute(document, id, old, new);
    }
    document.unset(id, "symmetrical");
}

/// Every rule has a score and a condition.
fn rule(document: &mut Document, id: NodeId) {
    rename_attribute(document, id, "boolean_op", "boolean-op");
    rename_attribute(document, id, "score_attribute", "score-attribute");
    let node = document.node(id);
    if node.get("score").is_none() && node.get("score-attribute").is_none() {
        document.set(id, "score", "0");
    }
    if document.node(id).children().next().is_none() {
        let owner = document.node(id).get("id").unwrap_or("rule").to_owned();
        let expression = document.append(id, "expression");
        let expression_id = free_id(document, &format!("{owner}-always"));
        for (name, value) in
            [("id", expression_id.as_str()), ("attribute", "#uname"), ("operation", "defined")]
        {
            document.set(expression, name, value);
        }
    }
}

/// Scores are whole numbers, and infinity is written in capitals.
fn scores(document: &mut Document) {
    for id in all_elements(document) {
        let Some(score) = document.node(id).get("score").map(str::to_ascii_uppercase) else {
            continue;
        };
        let score = match Score::parse(&score) {
            Some(number) if !score.contains("INFINITY") => number.get().to_string(),
            _ => score,
        };
        document.set(id, "score", &score);
    }
}
