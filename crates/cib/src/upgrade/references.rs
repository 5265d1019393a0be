//! References to rules, operations and resource sets become copies of what they name.
//!
//! References of name-value blocks and of single pairs stay: `crate::nvpairs` follows them.

use super::edit::{elements, free_id};
use crate::xml::{Document, Node, NodeId};

/// Elements that may stand for another of the same name.
const REFERRING: [&str; 4] = ["rule", "operations", "op", "resource_set"];

pub(super) fn resolve(document: &mut Document) {
    for name in REFERRING {
        for id in elements(document, name) {
            if let Some(target) = target(document, id) {
                replace(document, id, target);
            } else if document.node(id).get("id-ref").is_some() {
                // It stands for nothing, or for itself.
                document.remove(id);
            }
        }
    }
}

/// What the element refers to. A reference to a reference, or to an element around the reference,
/// is none.
fn target(document: &Document, id: NodeId) -> Option<NodeId> {
    let node = document.node(id);
    let target = document.node(document.by_id(node.get("id-ref")?)?);
    let is_around = node.ancestors().any(|ancestor| ancestor.id() == target.id());
    let is_usable = target.is(node.name()) && target.get("id-ref").is_none() && !is_around;
    is_usable.then(|| target.id())
}

/// Puts a copy in the place of the reference, its ids made new from those of the original and of
/// the element around it.
fn replace(document: &mut Document, reference: NodeId, target: NodeId) {
    let Some(parent) = document.node(reference).parent() else { return };
    let owner = parent.get("id").unwrap_or(parent.name()).to_owned();
    let copy = document.copy(parent.id(), Some(reference), target);
    let copied = std::iter::once(document.node(copy)).chain(document.node(copy).descendants());
    for id in copied.map(Node::id).collect::<Vec<_>>() {
        if let Some(old) = document.node(id).get("id").map(str::to_owned) {
            let new = free_id(document, &format!("{owner}-{old}"));
            document.set(id, "id", &new);
        }
    }
    document.remove(reference);
}
