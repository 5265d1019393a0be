//! Applying a patchset to a document.

use super::path;
use super::v1::apply_v1;
use crate::digest;
use crate::version::Version;
use crate::xml::{Content, Document, MAX_DEPTH, Node, NodeId};

/// Why a patchset was not applied. The document is as it was.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// The document is no patchset that is understood.
    #[error("this is no patchset: {0}")]
    NotAPatch(String),
    /// It leads from another version than the document has.
    #[error("the patchset leads from version {from}, the document is at {at}")]
    Version {
        /// The version the patchset starts from.
        from: Version,
        /// The version of the document.
        at: Version,
    },
    /// What it changes is not there.
    #[error("nothing is at {0}")]
    Path(String),
    /// The result would be nested too deeply.
    #[error("elements would lie more than {MAX_DEPTH} deep")]
    Depth,
    /// The result is not what whoever made the patchset had.
    #[error("the result has the digest {actual}, it should be {expected}")]
    Digest {
        /// The digest the patchset names.
        expected: String,
        /// The digest of what came out.
        actual: String,
    },
}

/// Applies a patchset of either format.
///
/// # Errors
/// Why not; the document is unchanged then.
pub fn apply(document: &mut Document, patch: &Document) -> Result<(), Refused> {
    let root = patch.root();
    match root.get("format") {
        Some("2") if root.is("diff") => apply_v2(document, patch),
        Some("1") | None if root.is("diff") => apply_v1(document, patch),
        format => {
            let words = format!("<{}> of format {}", root.name(), format.unwrap_or("1"));
            Err(Refused::NotAPatch(words))
        }
    }
}

/// Applies a list of changes: first what goes and what changes, in its order, then what comes and
/// moves, by position.
fn apply_v2(document: &mut Document, patch: &Document) -> Result<(), Refused> {
    let root = patch.root();
    let version = |name| root.child("version")?.child(name).map(Version::of);
    let at = Version::of(document.root());
    if let Some(from) = version("source").filter(|from| *from != at) {
        return Err(Refused::Version { from, at });
    }
    let mut result = document.clone();
    let mut placements = Vec::new();
    for change in root.children_named("change") {
        match change.get("operation") {
            Some("delete") => delete(&mut result, change)?,
            Some("modify") => modify(&mut result, change)?,
            Some("create" | "move") => placements.push(Placement::read(change)?),
            other => {
                let words = format!("a change called {}", other.unwrap_or("nothing"));
                return Err(Refused::NotAPatch(words));
            }
        }
    }
    place(&mut result, placements)?;
    if let Some(target) = version("target") {
        target.set(&mut result);
    }
    if let Some(expected) = root.get("digest") {
        check_digest(expected, digest::of_content(result.root()))?;
    }
    *document = result;
    Ok(())
}

pub(super) fn check_digest(expected: &str, actual: String) -> Result<(), Refused> {
    if actual == expected {
        return Ok(());
    }
    Err(Refused::Digest { expected: expected.into(), actual })
}

fn path_of(change: Node<'_>) -> &str {
    change.get("path").unwrap_or_default()
}

fn find(document: &Document, path: &str) -> Result<NodeId, Refused> {
    path::find(document, path).ok_or_else(|| Refused::Path(path.to_owned()))
}

fn position_of(change: Node<'_>) -> Option<usize> {
    change.get("position")?.parse().ok()
}

/// Comments are found by their position, elements by their path.
fn delete(document: &mut Document, change: Node<'_>) -> Result<(), Refused> {
    let path = path_of(change);
    let comment = path::parent_and_name(path).filter(|(_, name)| *name == "comment");
    let target = match (comment, position_of(change)) {
        (Some((parent, _)), Some(position)) => {
            let parent = document.node(find(document, parent)?);
            let is_comment = |node: &Node<'_>| matches!(node.content(), Content::Comment(_));
            let comment = parent.nodes().nth(position).filter(is_comment);
            comment.map(Node::id).ok_or_else(|| Refused::Path(path.to_owned()))?
        }
        _ => find(document, path)?,
    };
    if target == document.root().id() {
        return Err(Refused::Path(path.to_owned()));
    }
    document.remove(target);
    Ok(())
}

/// Gives the element exactly the attributes of the result that the change shows.
fn modify(document: &mut Document, change: Node<'_>) -> Result<(), Refused> {
    let target = find(document, path_of(change))?;
    let result = change.child("change-result").and_then(|result| result.children().next());
    let Some(result) = result else {
        return Err(Refused::NotAPatch("a modification without its result".into()));
    };
    let old: Vec<_> = document.node(target).attributes().map(|(name, _)| name.to_owned()).collect();
    for name in old {
        document.unset(target, &name);
    }
    for (name, value) in result.attributes() {
        document.set(target, name, value);
    }
    Ok(())
}

/// Something that comes or moves to a position.
struct Placement<'p> {
    position: usize,
    path: &'p str,
    /// What comes; none if it is there already and moves.
    created: Option<Node<'p>>,
}

impl<'p> Placement<'p> {
    fn read(change: Node<'p>) -> Result<Self, Refused> {
        let path = path_of(change);
        let created = match change.get("operation") {
            Some("create") => Some(
                change
                    .nodes()
                    .next()
                    .ok_or_else(|| Refused::NotAPatch(format!("nothing is created at {path}")))?,
            ),
            _ => None,
        };
        // Without a position it comes last.
        let position = position_of(change).unwrap_or(usize::MAX);
        Ok(Self { position, path, created })
    }
}

/// Takes out what moves, then puts everything in its place, lowest position first: so each finds
/// its final neighbours before it.
fn place(document: &mut Document, mut placements: Vec<Placement<'_>>) -> Result<(), Refused> {
    placements.sort_by_key(|placement| placement.position);
    let mut found = Vec::with_capacity(placements.len());
    for placement in &placements {
        let target = find(document, placement.path)?;
        if placement.created.is_some() {
            found.push((target, None));
            continue;
        }
        let parent = document.node(target).parent();
        let parent = parent.ok_or_else(|| Refused::Path(placement.path.to_owned()))?;
        found.push((parent.id(), Some(target)));
    }
    // What moves waits at the end, behind everything that stays.
    for (parent, moving) in &found {
        if let Some(moving) = moving {
            document.move_before(*moving, *parent, None);
        }
    }
    for (placement, (parent, moving)) in placements.iter().zip(found) {
        let before = document.node(parent).nodes().nth(placement.position).map(Node::id);
        match (moving, placement.created) {
            (Some(moving), _) => drop(document.move_before(moving, parent, before)),
            (None, Some(created)) => {
                check_depth(document, parent, created)?;
                document.import(parent, before, created);
            }
            (None, None) => {}
        }
    }
    Ok(())
}

/// A copy of the node inside the parent must not lie too deep.
pub(super) fn check_depth(
    document: &Document,
    parent: NodeId,
    created: Node<'_>,
) -> Result<(), Refused> {
    let above = document.node(parent).ancestors().count();
    let base = created.ancestors().count();
    let below = created.descendants().map(|node| node.ancestors().count() - base).max();
    if above + below.unwrap_or(0) >= MAX_DEPTH { Err(Refused::Depth) } else { Ok(()) }
}
