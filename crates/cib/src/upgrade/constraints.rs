//! Constraints with lifetimes, and locations with several rules.

use super::Note;
use super::edit::{drop_element, elements, free_id, note};
use crate::xml::{Document, Node, NodeId};

pub(super) fn upgrade(document: &mut Document, notes: &mut Vec<Note>) {
    for name in ["rsc_colocation", "rsc_order", "rsc_ticket"] {
        for id in elements(document, name) {
            let lifetime = document.node(id).child("lifetime").map(Node::id);
            if let Some(lifetime) = lifetime {
                drop_element(document, notes, lifetime, "a lifetime counts only in a location");
            }
        }
    }
    for id in elements(document, "rsc_location") {
        lifetime(document, id);
        several_rules(document, notes, id);
    }
}

/// Makes the lifetime a condition of each of the location's rules; a location without rules gets
/// one that names its node.
fn lifetime(document: &mut Document, location: NodeId) {
    let Some(lifetime) = document.node(location).child("lifetime").map(Node::id) else { return };
    if document.node(lifetime).child("rule").is_none() {
        document.remove(lifetime);
        return;
    }
    if document.node(location).child("rule").is_none() {
        rule_of_node(document, location);
    }
    let rules: Vec<_> = document.node(location).children_named("rule").map(Node::id).collect();
    for rule in rules {
        add_condition(document, location, rule, lifetime);
    }
    document.remove(lifetime);
}

/// Turns node and score of a plain location into a rule.
fn rule_of_node(document: &mut Document, location: NodeId) {
    let attribute = |name: &str| document.node(location).get(name).map(str::to_owned);
    let (id, node, score) = (attribute("id"), attribute("node"), attribute("score"));
    let id = id.unwrap_or_else(|| "location".into());
    let rule = document.append(location, "rule");
    let rule_id = free_id(document, &format!("{id}-rule"));
    document.set(rule, "id", &rule_id);
    document.set(rule, "score", score.as_deref().unwrap_or("0"));
    if let Some(node) = node {
        let expression = document.append(rule, "expression");
        let expression_id = free_id(document, &format!("{id}-node"));
        for (name, value) in [
            ("id", expression_id.as_str()),
            ("attribute", "#uname"),
            ("operation", "eq"),
            ("value", &node),
        ] {
            document.set(expression, name, value);
        }
    }
    document.unset(location, "node");
    document.unset(location, "score");
}

/// Wraps a rule so that one of the lifetime's rules must hold as well.
fn add_condition(document: &mut Document, location: NodeId, rule: NodeId, lifetime: NodeId) {
    let both = document.insert(location, Some(rule), "rule");
    let id = document.node(rule).get("id").unwrap_or("rule").to_owned();
    let both_id = free_id(document, &format!("{id}-lifetime"));
    document.set(both, "id", &both_id);
    document.set(both, "boolean-op", "and");
    for name in ["score", "score-attribute", "role"] {
        if let Some(value) = document.node(rule).get(name).map(str::to_owned) {
            document.set(both, name, &value);
            document.unset(rule, name);
        }
    }
    document.move_before(rule, both, None);
    let any = document.append(both, "rule");
    let any_id = free_id(document, &format!("{id}-any"));
    document.set(any, "id", &any_id);
    document.set(any, "boolean-op", "or");
    let conditions: Vec<_> = document.node(lifetime).children_named("rule").map(Node::id).collect();
    for condition in conditions {
        let copy = document.copy(any, None, condition);
        document.unset(copy, "score");
    }
}

/// One location for each rule; the first rule stays where it is.
fn several_rules(document: &mut Document, notes: &mut Vec<Note>, location: NodeId) {
    let node = document.node(location);
    let rules: Vec<_> = node.children_named("rule").skip(1).map(Node::id).collect();
    if rules.is_empty() {
        return;
    }
    note(document, notes, location, "each of its rules is a constraint of its own now");
    let Some(parent) = document.node(location).parent().map(Node::id) else { return };
    let id = document.node(location).get("id").unwrap_or("location").to_owned();
    let before = document.node(location).next().map(Node::id);
    for (index, rule) in rules.into_iter().enumerate() {
        let copy = copy_without_rules(document, location, parent, before);
        let copy_id = free_id(document, &format!("{id}-{}", index + 2));
        document.set(copy, "id", &copy_id);
        document.move_before(rule, copy, None);
    }
}

fn copy_without_rules(
    document: &mut Document,
    location: NodeId,
    parent: NodeId,
    before: Option<NodeId>,
) -> NodeId {
    let copy = document.insert(parent, before, "rsc_location");
    let attributes = document.node(location).attributes();
    let attributes: Vec<_> =
        attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for (name, value) in attributes {
        document.set(copy, &name, &value);
    }
    let children = document.node(location).children().filter(|child| !child.is("rule"));
    for child in children.map(Node::id).collect::<Vec<_>>() {
        document.copy(copy, None, child);
    }
    copy
}
