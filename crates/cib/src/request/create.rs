//! Adding objects.

use super::change::update;
use super::section::object;
use super::{Fault, FaultKind, Request, section};
use crate::xml::{Document, Node, NodeId};

/// Adds the object, or the children of an object that is the section itself.
pub(super) fn create(result: &mut Document, request: &Request<'_>) -> Result<bool, Fault> {
    let data = object(request).ok_or(FaultKind::Invalid)?;
    let own_section = super::SECTIONS.contains(&data.name()).then(|| data.name());
    let name = request.section.or(own_section).ok_or(FaultKind::NotFound)?;
    let Some(parent) = section(result, Some(name)).map(Node::id) else {
        return Err(failed(data, FaultKind::Invalid, None));
    };
    if data.is(name) {
        return whole_section(result, parent, data);
    }
    one(result, parent, data)?;
    Ok(false)
}

/// Each object of a section; those that cannot be added are told together.
fn whole_section(result: &mut Document, parent: NodeId, data: Node<'_>) -> Result<bool, Fault> {
    for (name, value) in data.attributes() {
        if result.node(parent).get(name).is_none() {
            result.set(parent, name, value);
        }
    }
    let mut fault: Option<Fault> = None;
    for child in data.children() {
        let same = |held: &Node<'_>| held.is(child.name()) && held.get("id").is_none();
        let part = result.node(parent).children().find(same).map(Node::id);
        // A part without an id is there already and takes what the new one holds.
        if let Some(part) = part.filter(|_| child.get("id").is_none()) {
            update(result, part, child);
        } else if let Err(refused) = one(result, parent, child) {
            fault = Some(failed(child, refused.kind, fault.and_then(|fault| fault.failed)));
        }
    }
    fault.map_or(Ok(false), Err)
}

/// One object, which must not be there already.
fn one(result: &mut Document, parent: NodeId, object: Node<'_>) -> Result<(), Fault> {
    let same = |child: &Node<'_>| child.is(object.name()) && child.get("id") == object.get("id");
    if result.node(parent).children().any(|child| same(&child)) {
        return Err(failed(object, FaultKind::Exists, None));
    }
    result.import(parent, None, object);
    Ok(())
}

/// What could not be added, behind what could not be before.
fn failed(object: Node<'_>, kind: FaultKind, before: Option<Box<Document>>) -> Fault {
    let mut document = before.unwrap_or_else(|| Box::new(Document::new("failed")));
    let root = document.root().id();
    let update = document.append(root, "failed_update");
    if let Some(id) = object.get("id") {
        document.set(update, "id", id);
    }
    document.set(update, "object_type", object.name());
    document.set(update, "operation", "cib_create");
    document.set(update, "reason", kind.sentence());
    document.import(update, None, object);
    Fault { failed: Some(document), ..kind.into() }
}
