//! Resource sets, as orderings, colocations and tickets use them.

use cib::value::{self, Role, Score};
use cib::xml::Node;

use super::names::Names;
use crate::world::{RscIx, Task, World};

/// A resource set.
#[derive(Clone, Debug)]
pub(crate) struct Set<'d> {
    pub(crate) id: &'d str,
    pub(crate) members: Vec<RscIx>,
    pub(crate) sequential: Option<bool>,
    pub(crate) require_all: bool,
    pub(crate) action: Option<Task>,
    /// As written: in a set's colocations Started does not mean any role.
    pub(crate) role: Role,
    pub(crate) score: Option<Score>,
    pub(crate) kind: Option<&'d str>,
    pub(crate) symmetrical: Option<bool>,
    /// Colocations in the reverse order.
    pub(crate) listed: bool,
}

/// Reads a set; members after an unknown one are left out, as is a set without members.
pub(crate) fn unpack<'d>(w: &World<'d>, names: &Names<'d>, xml: Node<'d>) -> Option<Set<'d>> {
    let xml = match xml.get("id-ref") {
        Some(id) => w.doc.by_id(id).map(|id| w.doc.node(id))?,
        None => xml,
    };
    let mut members = Vec::new();
    for reference in xml.children_named("resource_ref") {
        match reference.get("id").and_then(|id| names.resources(w, id)) {
            Some(found) => members.extend(found),
            None => break,
        }
    }
    let yes = |name: &str| xml.get(name).and_then(value::boolean);
    (!members.is_empty()).then(|| Set {
        id: xml.get("id").unwrap_or_default(),
        members,
        sequential: yes("sequential"),
        require_all: yes("require-all").unwrap_or(true),
        action: xml.get("action").and_then(action),
        role: xml.get("role").and_then(Role::parse).unwrap_or(Role::Unknown),
        score: xml.get("score").and_then(Score::parse),
        kind: xml.get("kind"),
        symmetrical: yes("symmetrical"),
        listed: xml.get("ordering") == Some("listed"),
    })
}

/// A set of what one name means: of a template or tag, or of one resource beside such a set.
pub(crate) fn of_members(id: &str, members: Vec<RscIx>) -> Set<'_> {
    Set {
        id,
        members,
        sequential: Some(false),
        require_all: true,
        action: None,
        role: Role::Unknown,
        score: None,
        kind: None,
        symmetrical: None,
        listed: false,
    }
}

/// An action an ordering may name.
pub(crate) fn action(text: &str) -> Option<Task> {
    match text {
        "start" | "stop" | "promote" | "demote" => Task::parse(text),
        _ => None,
    }
}

/// A role in a constraint: Started means any.
pub(crate) fn role(text: Option<&str>) -> Role {
    match text.and_then(Role::parse) {
        Some(Role::Started) | None => Role::Unknown,
        Some(role) => role,
    }
}
