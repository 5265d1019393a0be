//! Sections of the information base, by the names requests use.

use super::Request;
use crate::xml::{Document, Node, NodeId};

/// The sections requests may be about.
pub const SECTIONS: [&str; 13] = [
    "cib",
    "status",
    "configuration",
    "crm_config",
    "nodes",
    "resources",
    "constraints",
    "rsc_defaults",
    "op_defaults",
    "acls",
    "tags",
    "alerts",
    "fencing-topology",
];

/// The section of this name; the whole document for names that are none; nothing if the document
/// lacks it.
pub fn section<'d>(document: &'d Document, name: Option<&str>) -> Option<Node<'d>> {
    let root = document.root();
    match name.filter(|name| SECTIONS.contains(name)) {
        None | Some("cib") => Some(root),
        Some(name @ ("status" | "configuration")) => root.child(name),
        Some(name) => root.child("configuration")?.child(name),
    }
}

/// The object of a request: of a whole `<cib>` the part that is the section.
pub(super) fn object<'r>(request: &Request<'r>) -> Option<Node<'r>> {
    let data = request.data?;
    match request.section.filter(|_| data.is("cib") && data.parent().is_none()) {
        Some(name) => section(data.document(), Some(name)),
        None => Some(data),
    }
}

/// The first element of this name and id, at `top` or below it. One without an id is found only
/// by a search without one.
pub(super) fn find(top: Node<'_>, name: &str, id: Option<&str>) -> Option<NodeId> {
    let mut all = std::iter::once(top).chain(top.descendants());
    all.find(|node| node.is(name) && node.get("id") == id).map(Node::id)
}
