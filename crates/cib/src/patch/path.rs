//! Paths in patchsets: `/cib/configuration/resources/primitive[@id='p']`.

use crate::xml::{Document, Node, NodeId};

/// The path of an element from the root.
pub(crate) fn of(node: Node<'_>) -> String {
    let mut steps: Vec<_> = node.ancestors().map(step).collect();
    steps.reverse();
    steps.concat()
}

fn step(node: Node<'_>) -> String {
    let name = node.name();
    match node.get("id") {
        None => format!("/{name}"),
        Some(id) if id.contains('\'') => format!("/{name}[@id=\"{id}\"]"),
        Some(id) => format!("/{name}[@id='{id}']"),
    }
}

/// The first element at the path.
pub(crate) fn find(document: &Document, path: &str) -> Option<NodeId> {
    let mut rest = path;
    let mut place: Option<Node<'_>> = None;
    while !rest.is_empty() {
        let (name, id, after) = split(rest)?;
        let is_meant = |node: &Node<'_>| node.is(name) && (id.is_none() || node.get("id") == id);
        place = match place {
            None => Some(document.root()).filter(is_meant),
            Some(parent) => parent.children().find(is_meant),
        };
        place?;
        rest = after;
    }
    place.map(Node::id)
}

/// The path of the parent and the name of the last step, if that has no id.
pub(super) fn parent_and_name(path: &str) -> Option<(&str, &str)> {
    let (parent, name) = path.rsplit_once('/')?;
    (!name.contains(['\'', '"', ']'])).then_some((parent, name))
}

/// Takes the first step off a path: its name, the id it asks for, and the rest.
fn split(path: &str) -> Option<(&str, Option<&str>, &str)> {
    let path = path.strip_prefix('/')?;
    let end = path.find(['/', '[']).unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    let Some(condition) = rest.strip_prefix("[@id=") else {
        return (!name.is_empty() && !rest.starts_with('[')).then_some((name, None, rest));
    };
    let quote = if condition.starts_with('"') { '"' } else { '\'' };
    let condition = condition.strip_prefix(quote)?;
    // The condition ends where the path does or goes on; quotes inside an id do not end it.
    let closing = format!("{quote}]");
    let ends = condition.match_indices(&closing).map(|(at, _)| (at, &condition[at + 2..]));
    let mut ends = ends.filter(|(_, rest)| rest.is_empty() || rest.starts_with('/'));
    let (end, rest) = ends.next()?;
    Some((name, Some(&condition[..end]), rest))
}
