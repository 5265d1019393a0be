//! The first format of patchsets: a tree of what went and a tree of what came.
//!
//! Documents other than `<cib>` and peers before 1.1.12 use it. Elements that went or came whole are
//! marked; of others the trees show which attributes had another value before, and all they have now.
//! The order of children is not told: what comes stands last.

use super::apply::{Refused, check_depth, check_digest};
use super::create::{Options, keep_version};
use crate::digest;
use crate::version::Version;
use crate::xml::{Content, Document, Node, NodeId};

/// The attribute that marks what went or came whole.
const MARKER: &str = "__crm_diff_marker__";
/// The value of the marker in the tree of what went.
const GONE: &str = "removed:top";
/// The value of the marker in the tree of what came.
const NEW: &str = "added:top";
/// The attributes that hold a version, as this format lists them.
const VERSION: [&str; 3] = ["admin_epoch", "epoch", "num_updates"];

/// The patchset of the first format that leads from the old document to the new; none if nothing
/// but the order differs.
pub fn create_v1(old: &Document, new: &Document, options: Options) -> Option<Document> {
    let mut new = new.clone();
    if !options.versions {
        keep_version(old, &mut new);
    }
    let mut patch = Document::new("diff");
    let root = patch.root().id();
    patch.set(root, "format", "1");
    patch.set(root, "digest", &digest::of_file(new.root()));
    let is_cib = old.root().is("cib") && new.root().is("cib");
    let gone = patch.append(root, "diff-removed");
    let came = patch.append(root, "diff-added");
    if is_cib && options.versions {
        copy_version(&mut patch, gone, old.root());
        copy_version(&mut patch, came, new.root());
    }
    let went = removed(&mut patch, gone, old.root(), new.root());
    let arrived = added(&mut patch, came, old.root(), new.root());
    if went.is_none() && arrived.is_none() {
        return None;
    }
    if is_cib {
        let went = went.unwrap_or_else(|| patch.append(gone, "cib"));
        show_old_version(&mut patch, went, old.root(), new.root());
        if arrived.is_none() {
            let arrived = patch.append(came, "cib");
            copy_attributes(&mut patch, arrived, new.root());
        }
    } else {
        // The real tool adds these whatever the document is.
        patch.append(gone, "cib");
        let cib = patch.append(came, "cib");
        copy_attributes(&mut patch, cib, new.root());
    }
    Some(patch)
}

fn copy_version(patch: &mut Document, to: NodeId, from: Node<'_>) {
    for name in VERSION {
        patch.set(to, name, from.get(name).unwrap_or("0"));
    }
}

/// With another epoch the whole old version is shown, else its last part.
fn show_old_version(patch: &mut Document, to: NodeId, old: Node<'_>, new: Node<'_>) {
    let (before, after) = (Version::of(old), Version::of(new));
    let is_same_epoch = (before.admin_epoch, before.epoch) == (after.admin_epoch, after.epoch);
    let shown = if is_same_epoch { &VERSION[2..] } else { &VERSION[..] };
    for name in shown {
        if patch.node(to).get(name).is_none() {
            patch.set(to, name, old.get(name).unwrap_or("0"));
        }
    }
}

fn copy_attributes(patch: &mut Document, to: NodeId, from: Node<'_>) {
    for (name, value) in from.attributes() {
        patch.set(to, name, value);
    }
}

/// The child of an element that is the same as this node: an element of its name and id, or a
/// comment of its text.
fn same<'d>(parent: Node<'d>, node: Node<'_>) -> Option<Node<'d>> {
    parent.nodes().find(|child| match (child.content(), node.content()) {
        (Content::Element(a), Content::Element(b)) => a == b && child.get("id") == node.get("id"),
        (Content::Comment(a), Content::Comment(b)) => a == b,
        _ => false,
    })
}

fn is_text(node: Node<'_>) -> bool {
    matches!(node.content(), Content::Text(_) | Content::CData(_))
}

/// Adds the element with the old values of attributes that went or changed, and the children that
/// went or in which something did. Nothing is added if nothing went.
fn removed(patch: &mut Document, to: NodeId, old: Node<'_>, new: Node<'_>) -> Option<NodeId> {
    let element = patch.append(to, old.name());
    let mut is_empty = true;
    for (name, value) in old.attributes() {
        let is_gone = new.get(name) != Some(value);
        if is_gone || name == "id" {
            patch.set(element, name, value);
        }
        is_empty &= !is_gone;
    }
    for child in old.nodes().filter(|child| !is_text(*child)) {
        match same(new, child) {
            None => {
                mark(patch, element, child, GONE);
                is_empty = false;
            }
            Some(after) if child.is_element() => {
                is_empty &= removed(patch, element, child, after).is_none();
            }
            Some(_) => {}
        }
    }
    keep_unless(patch, element, is_empty)
}

/// Adds the element as it is now if an attribute or child came or changed, and the children for
/// which this holds.
fn added(patch: &mut Document, to: NodeId, old: Node<'_>, new: Node<'_>) -> Option<NodeId> {
    let element = patch.append(to, new.name());
    copy_attributes(patch, element, new);
    let mut is_empty = new.attributes().all(|(name, value)| old.get(name) == Some(value));
    for child in new.nodes().filter(|child| !is_text(*child)) {
        match same(old, child) {
            None => {
                mark(patch, element, child, NEW);
                is_empty = false;
            }
            Some(before) if child.is_element() => {
                is_empty &= added(patch, element, before, child).is_none();
            }
            Some(_) => {}
        }
    }
    keep_unless(patch, element, is_empty)
}

fn mark(patch: &mut Document, to: NodeId, child: Node<'_>, marker: &str) {
    let copy = patch.import(to, None, child);
    if child.is_element() {
        patch.set(copy, MARKER, marker);
    }
}

fn keep_unless(patch: &mut Document, element: NodeId, is_empty: bool) -> Option<NodeId> {
    if is_empty {
        patch.remove(element);
        return None;
    }
    Some(element)
}

/// Applies a patchset of the first format.
///
/// # Errors
/// Why not; the document is unchanged then.
pub(super) fn apply_v1(document: &mut Document, patch: &Document) -> Result<(), Refused> {
    let root = patch.root();
    let part = |name: &str| {
        let missing = || Refused::NotAPatch(format!("there is no {name}"));
        root.child(name).ok_or_else(missing)
    };
    let (gone, came) = (part("diff-removed")?, part("diff-added")?);
    let at = Version::of(document.root());
    let from = Version::of(gone);
    if gone.get("epoch").is_some() && from != at {
        return Err(Refused::Version { from, at });
    }
    let name = document.root().name();
    let mut result = document.clone();
    let target = result.root().id();
    if let Some(gone) = gone.child(name) {
        take_away(&mut result, target, gone, came.child(name));
    }
    if let Some(came) = came.child(name) {
        put_in(&mut result, target, came)?;
    }
    if let Some(expected) = root.get("digest") {
        check_digest(expected, digest::of_file(result.root()))?;
    }
    *document = result;
    Ok(())
}

/// Removes what is marked, and attributes that do not come again.
fn take_away(document: &mut Document, target: NodeId, gone: Node<'_>, came: Option<Node<'_>>) {
    for (name, _) in gone.attributes() {
        let stays = name == "id" || came.is_some_and(|came| came.get(name).is_some());
        if !stays {
            document.unset(target, name);
        }
    }
    for child in gone.nodes() {
        let Some(found) = same(document.node(target), child).map(Node::id) else { continue };
        if child.get(MARKER) == Some(GONE) || !child.is_element() {
            document.remove(found);
        } else {
            take_away(document, found, child, came.and_then(|came| same(came, child)));
        }
    }
}

/// Adds what is marked or not there, and gives the others the attributes they have now.
fn put_in(document: &mut Document, target: NodeId, came: Node<'_>) -> Result<(), Refused> {
    for (name, value) in came.attributes().filter(|(name, _)| *name != MARKER) {
        document.set(target, name, value);
    }
    for child in came.nodes() {
        match same(document.node(target), child).map(Node::id) {
            Some(found) if child.is_element() => put_in(document, found, child)?,
            Some(_) => {}
            None => {
                check_depth(document, target, child)?;
                let copy = document.import(target, None, child);
                if child.is_element() {
                    document.unset(copy, MARKER);
                }
            }
        }
    }
    Ok(())
}
