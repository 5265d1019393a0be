//! Which children of an element are the same before and after a change, and which have moved.

use crate::xml::{Content, Node, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// How the children of one element became those of its later self.
pub(super) struct Siblings {
    /// Old and new ids of those that stayed, in their old order.
    pub(super) kept: Vec<(NodeId, NodeId)>,
    /// Those that stand elsewhere now, by their new ids.
    pub(super) moved: BTreeSet<NodeId>,
}

impl Siblings {
    /// Compares the children of two elements.
    pub(super) fn compare(old: Node<'_>, new: Node<'_>) -> Self {
        let mut kept = elements(old, new);
        comments(old, new, &mut kept);
        let place: BTreeMap<_, _> = old.nodes().map(Node::id).zip(0..).collect();
        kept.sort_by_key(|(old, _)| place.get(old).copied().unwrap_or(0_usize));
        let moved = moved(&kept, new);
        Self { kept, moved }
    }
}

/// Elements are the same if they have the same name and id, or the same name and no id; those a
/// path could not tell apart are not kept, unless nothing below the two changed.
fn elements(old: Node<'_>, new: Node<'_>) -> Vec<(NodeId, NodeId)> {
    let (keyed_old, keyed_new) = (by_key(old), by_key(new));
    let is_unclear = keyed_old.values().any(Option::is_none);
    if is_unclear && have_same_children(old, new) {
        let pairs = old.children().zip(new.children());
        return pairs.map(|(before, after)| (before.id(), after.id())).collect();
    }
    let (old, new) = (keyed_old, keyed_new);
    let pairs = old.into_iter().filter_map(|(key, before)| Some((before, *new.get(&key)?)));
    pairs.filter_map(|(before, after)| Some((before?, after?))).collect()
}

fn have_same_children(old: Node<'_>, new: Node<'_>) -> bool {
    old.nodes().count() == new.nodes().count()
        && old.nodes().zip(new.nodes()).all(|(before, after)| before.is_same_as(after))
}

type Key<'d> = (&'d str, Option<&'d str>);

/// The child elements by name and id; none where a path could mean several.
fn by_key(parent: Node<'_>) -> BTreeMap<Key<'_>, Option<NodeId>> {
    let mut counts: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    for child in parent.children() {
        let (count, lacks_id) = counts.entry(child.name()).or_default();
        *count += 1;
        *lacks_id |= child.get("id").is_none();
    }
    let mut children = BTreeMap::new();
    for child in parent.children() {
        let key = (child.name(), child.get("id"));
        // A path without an id finds any element of that name.
        let is_clear = counts.get(child.name()).is_none_or(|(count, lacks)| *count == 1 || !lacks);
        let id = is_clear.then(|| child.id());
        children.entry(key).and_modify(|held| *held = None).or_insert(id);
    }
    children
}

/// Comments are the same if they say the same behind as many kept elements.
fn comments(old: Node<'_>, new: Node<'_>, kept: &mut Vec<(NodeId, NodeId)>) {
    let before: BTreeSet<_> = kept.iter().map(|(old, _)| *old).collect();
    let after: BTreeSet<_> = kept.iter().map(|(_, new)| *new).collect();
    let mut candidates: BTreeMap<(usize, &str), Vec<NodeId>> = BTreeMap::new();
    for (key, id) in placed_comments(new, &after).into_iter().rev() {
        candidates.entry(key).or_default().push(id);
    }
    for (key, id) in placed_comments(old, &before) {
        if let Some(same) = candidates.get_mut(&key).and_then(Vec::pop) {
            kept.push((id, same));
        }
    }
}

/// Each comment with its text and the number of kept elements before it.
fn placed_comments<'d>(
    parent: Node<'d>,
    kept: &BTreeSet<NodeId>,
) -> Vec<((usize, &'d str), NodeId)> {
    let mut count = 0;
    let mut comments = Vec::new();
    for node in parent.nodes() {
        if let Content::Comment(text) = node.content() {
            comments.push(((count, text), node.id()));
        } else if kept.contains(&node.id()) {
            count += 1;
        }
    }
    comments
}

/// Those whose place among the kept has changed: walking in the old order, a child that went down
/// is left out of the new order from then on, one that went up out of the old.
fn moved(kept: &[(NodeId, NodeId)], new: Node<'_>) -> BTreeSet<NodeId> {
    let stays: BTreeSet<_> = kept.iter().map(|(_, new)| *new).collect();
    let order: Vec<_> = new.nodes().map(Node::id).filter(|id| stays.contains(id)).collect();
    let place: BTreeMap<_, _> = order.iter().copied().zip(0..).collect();
    if kept.iter().map(|(_, new)| place.get(new)).is_sorted() {
        return BTreeSet::new();
    }
    let mut moved = BTreeSet::new();
    let mut left_out_of_new = Counter::new(order.len());
    let mut left_out_of_old = 0;
    for (index, (_, id)) in kept.iter().enumerate() {
        let place = place.get(id).copied().unwrap_or(0);
        let before = index - left_out_of_old;
        let after = place - left_out_of_new.below(place);
        if before == after {
            continue;
        }
        moved.insert(*id);
        if before > after {
            left_out_of_old += 1;
        } else {
            left_out_of_new.add(place);
        }
    }
    straighten(kept, &place, &mut moved);
    moved
}

/// Those that did not move must have kept their order; whoever has not has moved after all.
fn straighten(
    kept: &[(NodeId, NodeId)],
    place: &BTreeMap<NodeId, usize>,
    moved: &mut BTreeSet<NodeId>,
) {
    let mut last = None;
    for (_, id) in kept {
        if moved.contains(id) {
            continue;
        }
        if place.get(id).copied() < last {
            moved.insert(*id);
        } else {
            last = place.get(id).copied();
        }
    }
}

/// Counts marks below a position, in logarithmic time (a Fenwick tree).
struct Counter {
    sums: Vec<usize>,
}

impl Counter {
    fn new(length: usize) -> Self {
        Self { sums: vec![0; length + 1] }
    }

    fn add(&mut self, position: usize) {
        let mut index = position + 1;
        while let Some(sum) = self.sums.get_mut(index) {
            *sum += 1;
            index += index & index.wrapping_neg();
        }
    }

    fn below(&self, position: usize) -> usize {
        let mut index = position;
        let mut count = 0;
        while index > 0 {
            count += self.sums.get(index).copied().unwrap_or(0);
            index &= index - 1;
        }
        count
    }
}
