//! The document: elements with attributes, text and comments, in an arena.
//!
//! [`Document::parse`] keeps the source text and refers to it by position, so a node costs 32 bytes
//! and an attribute 12, and a clone copies three flat arrays. Nodes are named by [`NodeId`], which
//! stays valid through every change; [`Node`] is a node together with its document, for reading.
//! White space between elements is layout, not content: it is dropped on reading and made anew by
//! [`fn@write`]. Comments, text and CDATA sections inside the root element are kept where they stand.

mod edit;
mod index;
mod names;
mod node;
mod parse;
mod write;

pub use names::Name;
pub use node::{Content, Node};
pub use parse::{Error, MAX_ATTRIBUTES, MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, MAX_NAMES};
pub(crate) use write::write_without;
pub use write::{Style, escaped, write};

use index::IdIndex;
use names::Names;
use std::sync::{Arc, OnceLock};

/// The place of one node in its [`Document`]. Valid only there; a removed node's id is not used
/// again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(u32);

impl NodeId {
    /// The node's number: smaller than [`Document::node_limit`], for tables beside the document.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// No node: the end of a list of siblings, the parent of the root.
const NONE: u32 = u32::MAX;

/// A piece of text: in the source, or behind its length in what was appended to it.
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    length: u32,
}

/// One attribute. Of text, CDATA and comments the content is kept as a single attribute.
#[derive(Clone, Copy)]
struct Attribute {
    name: Name,
    value: Span,
}

/// One node and its neighbours.
#[derive(Clone, Copy)]
struct Record {
    /// The element's name, or one of the reserved names that mark other kinds of nodes.
    name: Name,
    first_attribute: u32,
    attributes: u32,
    parent: u32,
    first_child: u32,
    last_child: u32,
    previous: u32,
    next: u32,
}

/// An XML document: one root element and what is below it.
#[derive(Clone)]
pub struct Document {
    /// The text the document was read from; clones share it.
    source: Arc<String>,
    /// Values that are not in the source as they are: set later, or written with references.
    appended: String,
    names: Names,
    records: Vec<Record>,
    attributes: Vec<Attribute>,
    root: NodeId,
    ids: OnceLock<IdIndex>,
}

impl Document {
    /// A document of one empty element.
    pub fn new(root_name: &str) -> Self {
        let mut document = Self::empty(String::new());
        let name = document.names.intern(root_name);
        document.root = document.add_record(name);
        document
    }

    /// A document of the node and everything below it.
    pub fn copy_of(node: Node<'_>) -> Self {
        let mut document = Self::new(node.name());
        let root = document.root;
        document.copy_attributes(root, node);
        document.copy_children(root, node);
        document
    }

    /// The element that holds all others.
    pub fn root(&self) -> Node<'_> {
        self.node(self.root)
    }

    /// The node to read from.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node::new(self, id)
    }

    /// A number above those of all nodes: the length of a table with a row for each.
    pub fn node_limit(&self) -> usize {
        self.records.len()
    }

    /// The name in the document's own numbering, for comparing many nodes with it; none if no
    /// node or attribute was ever called so.
    pub fn name(&self, name: &str) -> Option<Name> {
        self.names.find(name)
    }

    /// The element whose attribute `id` is this. Of several the one with the smallest number,
    /// which is the first in the text of a document as read.
    ///
    /// The first call builds an index over the whole document, and changes keep it up to date.
    pub fn by_id(&self, id: &str) -> Option<NodeId> {
        self.ids.get_or_init(|| IdIndex::build(self)).find(self, id)
    }

    /// The line of the source in which the node's attributes begin, counted from 1; none for a
    /// node without attributes or one that was not read from the source as it is.
    pub fn line(&self, id: NodeId) -> Option<usize> {
        let record = self.record(id);
        let attributes = self.attributes_of(record);
        let start = attributes.first()?.value.start as usize;
        let before = self.source.get(..start)?;
        Some(1 + before.matches('\n').count())
    }

    fn empty(source: String) -> Self {
        Self {
            source: Arc::new(source),
            appended: String::new(),
            names: Names::default(),
            records: Vec::new(),
            attributes: Vec::new(),
            root: NodeId(0),
            ids: OnceLock::new(),
        }
    }

    fn record(&self, id: NodeId) -> &Record {
        &self.records[id.index()]
    }

    fn attributes_of(&self, record: &Record) -> &[Attribute] {
        let start = record.first_attribute as usize;
        &self.attributes[start..start + record.attributes as usize]
    }

    fn text(&self, span: Span) -> &str {
        let (start, length) = (span.start as usize, span.length as usize);
        match start.checked_sub(self.source.len()) {
            None => &self.source[start..start + length],
            Some(start) => &self.appended[start..start + length],
        }
    }

    /// Keeps a value that is not in the source.
    fn append_text(&mut self, text: &str) -> Span {
        let start = self.source.len() + self.appended.len();
        self.appended.push_str(text);
        let end = start + text.len();
        assert!(u32::try_from(end).is_ok(), "a document holds at most 4 GiB of text");
        Span { start: start as u32, length: text.len() as u32 }
    }

    /// A new node that is nobody's child yet.
    fn add_record(&mut self, name: Name) -> NodeId {
        let id = self.records.len();
        assert!(id < NONE as usize, "a document holds at most 2^32 - 1 nodes");
        self.records.push(Record {
            name,
            first_attribute: self.attributes.len() as u32,
            attributes: 0,
            parent: NONE,
            first_child: NONE,
            last_child: NONE,
            previous: NONE,
            next: NONE,
        });
        NodeId(id as u32)
    }
}

/// Documents are equal if they hold the same nodes with the same attributes in the same order.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.root().is_same_as(other.root())
    }
}

impl Eq for Document {}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.root().to_text(Style::Pretty))
    }
}
