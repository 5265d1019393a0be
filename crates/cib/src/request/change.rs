//! Changing objects where they are, and taking them away.

use super::section::{find, object};
use super::{Fault, FaultKind, Request, section};
use crate::xml::{Document, Node, NodeId};
use crate::xpath;

/// The last word of a counting value: `OPTION++`.
const INCREMENT: &str = "++";
/// Before the number of a counting value: `OPTION+=5`.
const ADD: &str = "+=";

/// Sets what the object says. True if it had to be added.
pub(super) fn modify(
    result: &mut Document,
    request: &Request<'_>,
    allow_create: bool,
) -> Result<bool, Fault> {
    let data = object(request).ok_or(FaultKind::Invalid)?;
    let top = section(result, request.section);
    let found = top.and_then(|top| find(top, data.name(), data.get("id")));
    if let Some(found) = found {
        update(result, found, data);
        return Ok(false);
    }
    if !allow_create {
        return Err(FaultKind::NotFound.into());
    }
    let parent = top.map(Node::id).ok_or(FaultKind::NotFound)?;
    result.import(parent, None, data);
    Ok(true)
}

/// Sets what the object says, in the first element the path finds.
pub(super) fn modify_path(result: &mut Document, request: &Request<'_>) -> Result<bool, Fault> {
    let data = request.data.ok_or(FaultKind::Invalid)?;
    let top = xpath::elements(result.root(), request.section.unwrap_or_default());
    let top = top.first().map(|top| result.node(*top)).ok_or(FaultKind::NotFound)?;
    let found = find(top, data.name(), data.get("id")).ok_or(FaultKind::NotFound)?;
    update(result, found, data);
    Ok(false)
}

/// Gives an element the attributes of another, and its children those of the other's of the same
/// name and id; others are added.
pub(super) fn update(result: &mut Document, target: NodeId, from: Node<'_>) {
    let mut open = vec![(target, from)];
    while let Some((target, from)) = open.pop() {
        for (name, value) in from.attributes() {
            let counted = count(result.node(target).get(name), name, value);
            result.set(target, name, counted.as_deref().unwrap_or(value));
        }
        for child in from.children() {
            let id = child.get("id");
            let same = |held: &Node<'_>| held.is(child.name()) && held.get("id") == id;
            let held = result.node(target).children().find(same).map(Node::id);
            match held {
                Some(held) => open.push((held, child)),
                None => drop(result.import(target, None, child)),
            }
        }
    }
}

/// The value that `NAME++` and `NAME+=N` ask for, where the attribute has one that is a number.
fn count(held: Option<&str>, name: &str, asked: &str) -> Option<String> {
    let rest = asked.strip_prefix(name)?;
    let step: i64 = match rest.strip_prefix(ADD) {
        Some(number) => number.parse().ok()?,
        None if rest == INCREMENT => 1,
        None => return None,
    };
    let held: i64 = held?.parse().unwrap_or(0);
    Some(held.saturating_add(step).to_string())
}

/// Takes the first object away that has the name and all attributes; finding none is no fault.
pub(super) fn delete(result: &mut Document, request: &Request<'_>) -> Result<bool, Fault> {
    let data = object(request).ok_or(FaultKind::Invalid)?;
    let Some(top) = section(result, request.section) else { return Ok(false) };
    let is_meant = |node: &Node<'_>| {
        node.is(data.name()) && data.attributes().all(|(name, value)| node.get(name) == Some(value))
    };
    let found = top.descendants().find(is_meant).map(Node::id);
    if let Some(found) = found {
        result.remove(found);
    }
    Ok(false)
}

/// Takes the first element away that the path finds, or all; finding none is no fault.
pub(super) fn delete_path(result: &mut Document, request: &Request<'_>, all: bool) -> bool {
    let mut found = xpath::elements(result.root(), request.section.unwrap_or_default());
    if !all {
        found.truncate(1);
    }
    for node in found {
        result.remove(node);
    }
    false
}
