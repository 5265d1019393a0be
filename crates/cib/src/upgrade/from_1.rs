//! From the form of early Pacemaker 1: access control lists got new words.

use super::Note;
use super::edit::{elements, free_id, rename_attribute};
use crate::xml::{Document, Node, NodeId};

/// The elements that were permissions.
const KINDS: [&str; 3] = ["read", "write", "deny"];

pub(super) fn upgrade(document: &mut Document, _: &mut Vec<Note>) {
    for user in elements(document, "acl_user") {
        document.rename(user, "acl_target");
        let children: Vec<_> = document.node(user).children().map(Node::id).collect();
        let is_permission = |id: &NodeId| KINDS.contains(&document.node(*id).name());
        if children.iter().any(is_permission) {
            own_role(document, user);
        }
        for child in children {
            if document.node(child).is("role_ref") {
                document.rename(child, "role");
            }
        }
    }
    for role in elements(document, "acl_role") {
        let children: Vec<_> = document.node(role).children().map(Node::id).collect();
        for child in children {
            permission(document, child);
        }
    }
}

/// A user's own permissions become those of a role only this user has.
fn own_role(document: &mut Document, user: NodeId) {
    let Some(parent) = document.node(user).parent().map(Node::id) else { return };
    let name = document.node(user).get("id").unwrap_or("user").to_owned();
    let id = free_id(document, &format!("auto-{name}"));
    let before = document.node(user).next().map(Node::id);
    let role = document.insert(parent, before, "acl_role");
    document.set(role, "id", &id);
    for child in document.node(user).children().map(Node::id).collect::<Vec<_>>() {
        if KINDS.contains(&document.node(child).name()) {
            document.move_before(child, role, None);
        }
    }
    let reference = document.append(user, "role");
    document.set(reference, "id", &id);
}

fn permission(document: &mut Document, id: NodeId) {
    let kind = document.node(id).name().to_owned();
    if !KINDS.contains(&kind.as_str()) {
        return;
    }
    document.rename(id, "acl_permission");
    document.set(id, "kind", &kind);
    rename_attribute(document, id, "ref", "reference");
    rename_attribute(document, id, "tag", "object-type");
}
