//! Putting one object, a section or the whole document in the place of another.

use super::section::object;
use super::{Fault, FaultKind, Request, section};
use crate::upgrade::{self, Generation};
use crate::version::Version;
use crate::xml::{Document, Node, NodeId};
use crate::xpath;

/// Replaces what has the object's name, and its id if it has one.
pub(super) fn replace(result: &mut Document, request: &Request<'_>) -> Result<bool, Fault> {
    let data = object(request).ok_or(FaultKind::Invalid)?;
    if data.is("cib") {
        if Version::of(data) < Version::of(result.root()) {
            return Err(FaultKind::Old.into());
        }
        *result = Document::copy_of(data);
        return Ok(false);
    }
    let top = section(result, request.section).ok_or(FaultKind::NotFound)?;
    let id = data.get("id");
    let is_meant = |node: &Node<'_>| node.is(data.name()) && (id.is_none() || node.get("id") == id);
    let found = std::iter::once(top).chain(top.descendants()).find(is_meant);
    let old = found.ok_or(FaultKind::NotFound)?;
    let parent = old.parent().map(Node::id).ok_or(FaultKind::Invalid)?;
    let old = old.id();
    put(result, parent, old, data);
    Ok(false)
}

/// Puts an object where the one of the same name and id stood; another comes last.
fn put(result: &mut Document, parent: NodeId, old: NodeId, new: Node<'_>) {
    let held = result.node(old);
    let is_same = held.is(new.name()) && held.get("id") == new.get("id");
    result.import(parent, is_same.then_some(old), new);
    result.remove(old);
}

/// Replaces the first element the path finds.
pub(super) fn replace_path(result: &mut Document, request: &Request<'_>) -> Result<bool, Fault> {
    let data = request.data.ok_or(FaultKind::Invalid)?;
    let found = xpath::elements(result.root(), request.section.unwrap_or_default());
    let old = *found.first().ok_or(FaultKind::NotFound)?;
    let Some(parent) = result.node(old).parent().map(Node::id) else {
        *result = Document::copy_of(data);
        return Ok(false);
    };
    put(result, parent, old, data);
    Ok(false)
}

/// The newest schema that tools of [`super::FEATURE_SET`] know.
const NEWEST: &str = "pacemaker-3.9";

/// Brings the document into the form of the newest schema; if it says another, a new
/// administrator's epoch begins. One that asks for no validation stays as it is.
pub(super) fn upgrade(result: &mut Document) {
    let schema = result.root().get("validate-with").unwrap_or_default().to_owned();
    if schema == "none" || schema == NEWEST || upgrade::generation(result) > Generation::V3 {
        return;
    }
    let version = Version::of(result.root());
    upgrade::to_generation_3(result);
    let root = result.root().id();
    result.set(root, "validate-with", NEWEST);
    let raised =
        Version { admin_epoch: version.admin_epoch.saturating_add(1), epoch: 1, num_updates: 1 };
    raised.set(result);
}

/// Empties the configuration and the status, and begins a new administrator's epoch.
pub(super) fn erase(result: &mut Document) {
    let root = result.root().id();
    let parts: Vec<NodeId> = result.root().nodes().map(Node::id).collect();
    for part in parts {
        result.remove(part);
    }
    let configuration = result.append(root, "configuration");
    for name in ["crm_config", "nodes", "resources", "constraints"] {
        result.append(configuration, name);
    }
    result.append(root, "status");
    let raised = Version::of(result.root()).admin_epoch.saturating_add(1);
    result.set(root, "admin_epoch", &raised.to_string());
}
