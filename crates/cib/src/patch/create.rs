//! Making a patchset of two documents.

use super::path;
use super::siblings::Siblings;
use crate::digest;
use crate::version::{ATTRIBUTES, Version};
use crate::xml::{Content, Document, Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// What a patchset says besides the changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// From which version to which it leads. Without, the versions take no part in the difference.
    pub versions: bool,
    /// The digest of the result, so that whoever applies it can tell that all is well.
    pub digest: bool,
}

/// The patchset that leads from the old document to the new; none if they are the same.
pub fn create(old: &Document, new: &Document, options: Options) -> Option<Document> {
    let mut unversioned;
    let mut new = new;
    if !options.versions {
        unversioned = new.clone();
        keep_version(old, &mut unversioned);
        new = &unversioned;
    }
    let mut patch = Document::new("diff");
    let root = patch.root().id();
    patch.set(root, "format", "2");
    if options.digest {
        patch.set(root, "digest", &digest::of_content(new.root()));
    }
    if options.versions {
        let versions = patch.append(root, "version");
        version(&mut patch, versions, "source", Version::of(old.root()));
        version(&mut patch, versions, "target", Version::of(new.root()));
    }
    let mut changes = Changes {
        patch,
        root,
        kept: BTreeMap::new(),
        moved: BTreeSet::new(),
        unchanged: BTreeSet::new(),
    };
    changes.compare(old.root(), new.root());
    let kept_before: BTreeSet<_> = changes.kept.values().map(|old| old.id()).collect();
    changes.deletions(old.root(), &kept_before);
    changes.additions(new.root());
    changes.patch.root().child("change").is_some().then_some(changes.patch)
}

/// Gives the new document the old one's version.
pub(super) fn keep_version(old: &Document, new: &mut Document) {
    let root = new.root().id();
    for name in ATTRIBUTES {
        match old.root().get(name) {
            Some(value) => new.set(root, name, value),
            None => new.unset(root, name),
        }
    }
}

fn version(patch: &mut Document, parent: NodeId, name: &str, version: Version) {
    let element = patch.append(parent, name);
    let parts = [version.admin_epoch, version.epoch, version.num_updates];
    for (name, number) in ATTRIBUTES.into_iter().zip(parts) {
        patch.set(element, name, &number.to_string());
    }
}

struct Changes<'d> {
    patch: Document,
    /// The root of the patch.
    root: NodeId,
    /// Nodes that stayed, by their new ids, with their old selves.
    kept: BTreeMap<NodeId, Node<'d>>,
    /// Nodes that stand elsewhere among their siblings now, by their new ids.
    moved: BTreeSet<NodeId>,
    /// Elements in which nothing changed, by their old ids: nothing below them is in `kept`.
    unchanged: BTreeSet<NodeId>,
}

impl<'d> Changes<'d> {
    /// Compares two elements that are the same, and all that is below them.
    fn compare(&mut self, old: Node<'d>, new: Node<'d>) {
        let mut open = vec![(old, new)];
        while let Some((old, new)) = open.pop() {
            self.kept.insert(new.id(), old);
            let siblings = Siblings::compare(old, new);
            self.moved.extend(siblings.moved);
            for (before, after) in siblings.kept {
                let (before, after) = (old.document().node(before), new.document().node(after));
                if before.is_same_as(after) {
                    self.kept.insert(after.id(), before);
                    self.unchanged.insert(before.id());
                } else if text(before).eq(text(after)) {
                    // No path leads to text: an element with other text goes and comes anew.
                    open.push((before, after));
                }
            }
        }
    }

    fn change(&mut self, operation: &str, path: &str) -> NodeId {
        let change = self.patch.append(self.root, "change");
        self.patch.set(change, "operation", operation);
        self.patch.set(change, "path", path);
        change
    }

    /// Notes what went, in the old order.
    fn deletions(&mut self, parent: Node<'d>, kept: &BTreeSet<NodeId>) {
        let mut position = 0;
        for node in parent.nodes() {
            match node.content() {
                _ if kept.contains(&node.id()) => {
                    position += 1;
                    if !self.unchanged.contains(&node.id()) {
                        self.deletions(node, kept);
                    }
                }
                Content::Element(_) => drop(self.change("delete", &path::of(node))),
                Content::Comment(_) => {
                    let change = self.change("delete", &format!("{}/comment", path::of(parent)));
                    self.patch.set(change, "position", &position.to_string());
                }
                Content::Text(_) | Content::CData(_) => position += 1,
            }
        }
    }

    /// Notes changed attributes, what came and what moved, in the new order.
    fn additions(&mut self, node: Node<'d>) {
        if let Some(old) = self.kept.get(&node.id()).copied() {
            if self.unchanged.contains(&old.id()) {
                return;
            }
            self.attributes(old, node);
        }
        for (position, child) in node.nodes().enumerate() {
            if self.kept.contains_key(&child.id()) {
                self.additions(child);
                if self.moved.contains(&child.id()) {
                    let change = self.change("move", &path::of(child));
                    self.patch.set(change, "position", &position.to_string());
                }
            } else if !is_text(&child.content()) {
                let change = self.change("create", &path::of(node));
                self.patch.set(change, "position", &position.to_string());
                self.patch.import(change, None, child);
            }
        }
    }

    fn attributes(&mut self, old: Node<'_>, new: Node<'_>) {
        if old.attributes().eq(new.attributes()) {
            return;
        }
        let set: Vec<_> =
            new.attributes().filter(|(name, value)| old.get(name) != Some(value)).collect();
        let unset: Vec<_> = old.attributes().filter(|(name, _)| new.get(name).is_none()).collect();
        if set.is_empty() && unset.is_empty() {
            return;
        }
        let change = self.change("modify", &path::of(new));
        let list = self.patch.append(change, "change-list");
        for (name, value) in set {
            let attribute = self.change_attribute(list, name, "set");
            self.patch.set(attribute, "value", value);
        }
        for (name, _) in unset {
            self.change_attribute(list, name, "unset");
        }
        let result = self.patch.append(change, "change-result");
        let element = self.patch.append(result, new.name());
        for (name, value) in new.attributes() {
            self.patch.set(element, name, value);
        }
    }

    fn change_attribute(&mut self, list: NodeId, name: &str, operation: &str) -> NodeId {
        let attribute = self.patch.append(list, "change-attr");
        self.patch.set(attribute, "name", name);
        self.patch.set(attribute, "operation", operation);
        attribute
    }
}

/// The text directly inside an element.
fn text(node: Node<'_>) -> impl Iterator<Item = Content<'_>> {
    node.nodes().map(Node::content).filter(is_text)
}

fn is_text(content: &Content<'_>) -> bool {
    matches!(content, Content::Text(_) | Content::CData(_))
}
