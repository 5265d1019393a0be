//! Versions: what counts as a change, and counting it.

use super::Change;
use crate::version::Version;
use crate::xml::{Document, Node};

/// What the result changes.
pub(super) fn changed(old: &Document, new: &Document, untracked: bool) -> Change {
    let configuration = |document: &Document| document.root().child("configuration").map(Node::id);
    let differs = match (configuration(old), configuration(new)) {
        (Some(before), Some(after)) => !old.node(before).is_same_as(new.node(after)),
        (before, after) => before.is_some() != after.is_some(),
    };
    if differs && !untracked {
        return Change::Configuration;
    }
    if old.root().is_same_as(new.root()) { Change::Nothing } else { Change::Update }
}

/// Counts the version up.
pub(super) fn count(document: &mut Document, change: Change) {
    let mut version = Version::of(document.root());
    match change {
        Change::Nothing => return,
        Change::Update => version.num_updates += 1,
        Change::Configuration => {
            version.epoch += 1;
            version.num_updates = 0;
        }
    }
    let root = document.root().id();
    document.set(root, "epoch", &version.epoch.to_string());
    document.set(root, "num_updates", &version.num_updates.to_string());
}

/// Begins a new epoch and goes on counting updates.
pub(super) fn raise(document: &mut Document) {
    let version = Version::of(document.root());
    let root = document.root().id();
    document.set(root, "epoch", &version.epoch.saturating_add(1).to_string());
}
