//! Small changes many upgrade steps make.

use super::Note;
use crate::xml::{Document, Node, NodeId};

/// The sections of a configuration in which options, resources and the like stand.
pub(super) fn section(document: &Document, name: &str) -> Option<NodeId> {
    let configuration = document.root().child("configuration")?;
    configuration.child(name).map(Node::id)
}

/// All elements of one name in the configuration, in document order.
pub(super) fn elements(document: &Document, name: &str) -> Vec<NodeId> {
    // Most names of older generations never occur: then there is nothing to walk.
    let (Some(name), Some(configuration)) =
        (document.name(name), document.root().child("configuration"))
    else {
        return Vec::new();
    };
    configuration.descendants().filter(|node| node.name_id() == name).map(Node::id).collect()
}

/// All elements in the configuration.
pub(super) fn all_elements(document: &Document) -> Vec<NodeId> {
    let Some(configuration) = document.root().child("configuration") else { return Vec::new() };
    configuration.descendants().map(Node::id).collect()
}

/// What people call an element: its id, or its name if it has none.
pub(super) fn label(document: &Document, id: NodeId) -> String {
    let node = document.node(id);
    node.get("id").unwrap_or_else(|| node.name()).to_owned()
}

pub(super) fn note(document: &Document, notes: &mut Vec<Note>, id: NodeId, what: &str) {
    notes.push(Note { element: label(document, id), what: what.into() });
}

/// Removes an element and says so.
pub(super) fn drop_element(
    document: &mut Document,
    notes: &mut Vec<Note>,
    id: NodeId,
    reason: &str,
) {
    note(document, notes, id, &format!("removed: {reason}"));
    document.remove(id);
}

/// Removes an attribute, if it is there, and says so.
pub(super) fn drop_attribute(
    document: &mut Document,
    notes: &mut Vec<Note>,
    id: NodeId,
    name: &str,
) {
    if document.node(id).get(name).is_some() {
        note(document, notes, id, &format!("{name} is dropped: it has no effect any more"));
        document.unset(id, name);
    }
}

/// Calls an attribute otherwise, unless there is one of the new name already.
pub(super) fn rename_attribute(document: &mut Document, id: NodeId, from: &str, to: &str) {
    let Some(value) = document.node(id).get(from).map(str::to_owned) else { return };
    document.unset(id, from);
    if document.node(id).get(to).is_none() {
        document.set(id, to, &value);
    }
}

/// An id like this that nothing in the document has.
pub(super) fn free_id(document: &Document, wish: &str) -> String {
    let mut id = wish.to_owned();
    let mut number = 1;
    while document.by_id(&id).is_some() {
        number += 1;
        id = format!("{wish}-{number}");
    }
    id
}

/// The nvpairs inside the blocks of one kind in the whole configuration.
pub(super) fn pairs_in(document: &Document, block_name: &str) -> Vec<NodeId> {
    let blocks = elements(document, block_name);
    let pairs = blocks.iter().flat_map(|block| document.node(*block).children_named("nvpair"));
    pairs.map(Node::id).collect()
}

/// The section of the configuration, a new last one if there was none.
pub(super) fn section_or_new(document: &mut Document, name: &str) -> Option<NodeId> {
    if let Some(section) = section(document, name) {
        return Some(section);
    }
    let configuration = document.root().child("configuration").map(Node::id)?;
    Some(document.append(configuration, name))
}

/// The first block of this kind under an element, a new one with this id if there was none.
pub(super) fn block_or_new(
    document: &mut Document,
    parent: NodeId,
    name: &str,
    id: &str,
) -> NodeId {
    if let Some(block) = document.node(parent).child(name) {
        return block.id();
    }
    let id = free_id(document, id);
    let block = document.append(parent, name);
    document.set(block, "id", &id);
    block
}

/// Adds a pair to a block.
pub(super) fn add_pair(
    document: &mut Document,
    block: NodeId,
    id: &str,
    name: &str,
    value: &str,
) -> NodeId {
    let id = free_id(document, id);
    let pair = document.append(block, "nvpair");
    document.set(pair, "id", &id);
    document.set(pair, "name", name);
    document.set(pair, "value", value);
    pair
}
