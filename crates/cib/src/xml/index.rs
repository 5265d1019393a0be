//! Finding elements by their attribute `id`.

use super::names::ID;
use super::{Document, NodeId};

/// A table of the elements that have an `id`, open addressing by hash of the id.
///
/// Entries of removed or renamed elements stay and are passed over, since every entry is compared
/// with the document; only where an id occurs twice the index must be built anew after a removal.
#[derive(Clone)]
pub(super) struct IdIndex {
    /// 0 is free, else the node's number plus one.
    slots: Vec<u32>,
    entries: usize,
    has_duplicates: bool,
}

impl IdIndex {
    pub(super) fn build(document: &Document) -> Self {
        let root = document.root();
        let elements = || std::iter::once(root).chain(root.descendants());
        let count = elements().filter(|node| node.get_name(ID).is_some()).count();
        let slots = vec![0; (count * 2).next_power_of_two().max(16)];
        let mut index = Self { slots, entries: 0, has_duplicates: false };
        for node in elements() {
            if let Some(id) = node.get_name(ID) {
                index.enter(document, node.id(), id);
            }
        }
        index
    }

    /// True if an id occurred twice.
    pub(super) const fn has_duplicates(&self) -> bool {
        self.has_duplicates
    }

    /// True if another entry would make searching slow.
    pub(super) const fn is_full(&self) -> bool {
        self.entries * 4 > self.slots.len() * 3
    }

    /// Notes that the element has this id now.
    pub(super) fn enter(&mut self, document: &Document, node: NodeId, id: &str) {
        let mask = self.slots.len() - 1;
        let mut slot = hash(id) as usize & mask;
        while self.slots[slot] != 0 {
            let other = NodeId(self.slots[slot] - 1);
            if other == node {
                return;
            }
            if is_at(document, other, id) {
                self.has_duplicates = true;
                if other < node {
                    return;
                }
                break;
            }
            slot = (slot + 1) & mask;
        }
        if self.slots[slot] == 0 {
            self.entries += 1;
        }
        self.slots[slot] = node.0 + 1;
    }

    pub(super) fn find(&self, document: &Document, id: &str) -> Option<NodeId> {
        let mask = self.slots.len() - 1;
        let mut slot = hash(id) as usize & mask;
        while self.slots[slot] != 0 {
            let node = NodeId(self.slots[slot] - 1);
            if is_at(document, node, id) {
                return Some(node);
            }
            slot = (slot + 1) & mask;
        }
        None
    }
}

/// True if the node is part of the document and has this id.
fn is_at(document: &Document, node: NodeId, id: &str) -> bool {
    document.node(node).get_name(ID) == Some(id) && document.is_attached(node)
}

/// A 64-bit hash, the same in every run. Each eight bytes are folded in by one wide
/// multiplication, which mixes every bit into the low ones that choose a slot.
pub(super) fn hash(text: &str) -> u64 {
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    const FACTOR: u64 = 0xa076_1d64_78bd_642f;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(FACTOR);
        product as u64 ^ (product >> 64) as u64
    };
    let mut words = text.as_bytes().chunks_exact(8);
    let mut state = SEED ^ text.len() as u64;
    for word in words.by_ref() {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(word);
        state = fold(state, u64::from_le_bytes(bytes));
    }
    let mut rest = [0; 8];
    rest[..words.remainder().len()].copy_from_slice(words.remainder());
    fold(state, u64::from_le_bytes(rest))
}
