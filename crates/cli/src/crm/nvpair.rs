//! Name-value pairs of a document: finding, setting and deleting one (measured with
//! `crm_attribute` and `crm_resource` 2.1.5).

use cib::xml::{Document, Node, NodeId};

/// Which pair is meant, below one parent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// The element that holds blocks of pairs.
    pub(super) parent: NodeId,
    /// How such a block is called.
    pub(super) block: &'a str,
    /// The block's id, if only that one is meant.
    pub(super) set: Option<&'a str>,
    /// The pair's id, if only that one is meant.
    pub(super) id: Option<&'a str>,
    /// The pair's name, if only that one is meant.
    pub(super) name: Option<&'a str>,
}

impl Wanted<'_> {
    /// All pairs that match, in document order.
    pub(super) fn find(self, document: &Document) -> Vec<Node<'_>> {
        let parent = document.node(self.parent);
        let blocks = parent.children_named(self.block);
        let of_set = blocks.filter(|block| self.set.is_none_or(|set| block.get("id") == Some(set)));
        let pairs: Vec<Node<'_>> =
            of_set.flat_map(|block| block.children_named("nvpair")).collect();
        let meant = |pair: &Node<'_>| {
            self.id.is_none_or(|id| pair.get("id") == Some(id))
                && self.name.is_none_or(|name| pair.get("name") == Some(name))
        };
        pairs.into_iter().filter(meant).collect()
    }

    /// Adds a pair to the block of this id, which is made if it is not there.
    pub(super) fn add(
        self,
        document: &mut Document,
        block_id: &str,
        name: &str,
        value: &str,
    ) -> NodeId {
        let held = {
            let mut blocks = document.node(self.parent).children_named(self.block);
            blocks.find(|block| block.get("id") == Some(block_id)).map(Node::id)
        };
        let block = held.unwrap_or_else(|| {
            let block = document.append(self.parent, self.block);
            document.set(block, "id", block_id);
            block
        });
        let pair = document.append(block, "nvpair");
        let id = self.id.map_or_else(|| pair_id(block_id, name), str::to_owned);
        document.set(pair, "id", &id);
        document.set(pair, "name", name);
        document.set(pair, "value", value);
        pair
    }
}

/// The id of a new pair: block and name, what may not stand in an id as a dot (measured).
pub(super) fn pair_id(block: &str, name: &str) -> String {
    sanitized(&format!("{block}-{name}"))
}

/// An id without what may not stand in one.
pub(super) fn sanitized(id: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    id.chars().map(|letter| if allowed(letter) { letter } else { '.' }).collect()
}

/// The child of this name, which is made if it is not there.
pub(super) fn child_or_new(document: &mut Document, parent: NodeId, name: &str) -> NodeId {
    let held = document.node(parent).child(name).map(Node::id);
    held.unwrap_or_else(|| document.append(parent, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_found_by_name_within_its_block_and_added_where_there_is_none() {
        let text = "<p><b id=\"one\"><nvpair id=\"one-x\" name=\"x\" value=\"1\"/></b></p>";
        let mut document = Document::parse(text).expect("a document");
        let parent = document.root().id();
        let wanted = Wanted { parent, block: "b", set: None, id: None, name: Some("x") };
        assert_eq!(wanted.find(&document).len(), 1);
        let elsewhere = Wanted { set: Some("two"), ..wanted };
        assert!(elsewhere.find(&document).is_empty());
        let pair = elsewhere.add(&mut document, "two", "x#y:z", "2");
        assert_eq!(document.node(pair).get("id"), Some("two-x.y.z"));
        assert_eq!(wanted.find(&document).len(), 1);
    }
}
