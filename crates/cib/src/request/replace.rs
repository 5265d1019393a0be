//! Putting one object, a section or the whole document in the place of another.

use super::section::object;
use super::{Fault, FaultKind, Request, section};
use crate::version::Version;
use crate::xml::{Document, Node, NodeId};

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
    result.import(parent, Some(old), data);
    result.remove(old);
    Ok(false)
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
