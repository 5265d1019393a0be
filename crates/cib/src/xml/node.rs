//! Reading: a node together with its document.

use super::names::{CDATA, COMMENT, TEXT};
use super::{Document, NONE, Name, NodeId, Record, Style, write};

/// One node of a document. Elements, unless it came from [`Node::nodes`].
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document,
    id: NodeId,
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content<'d> {
    /// An element of this name.
    Element(&'d str),
    /// Character data, with all references resolved.
    Text(&'d str),
    /// The inside of a CDATA section.
    CData(&'d str),
    /// The inside of a comment.
    Comment(&'d str),
}

impl<'d> Node<'d> {
    pub(super) const fn new(document: &'d Document, id: NodeId) -> Self {
        Self { document, id }
    }

    fn record(self) -> &'d Record {
        self.document.record(self.id)
    }

    fn at(self, id: u32) -> Option<Self> {
        (id != NONE).then_some(Self { document: self.document, id: NodeId(id) })
    }

    /// The node's place in its document.
    pub const fn id(self) -> NodeId {
        self.id
    }

    /// The document the node belongs to.
    pub const fn document(self) -> &'d Document {
        self.document
    }

    /// The element's name; `#text`, `#cdata` or `#comment` of other nodes.
    pub fn name(self) -> &'d str {
        self.document.names.text(self.record().name)
    }

    /// The element's name as its document numbers it.
    pub fn name_id(self) -> Name {
        self.record().name
    }

    /// True if the element is called so.
    pub fn is(self, name: &str) -> bool {
        self.name() == name
    }

    /// True for elements, false for text and comments.
    pub fn is_element(self) -> bool {
        !matches!(self.record().name, TEXT | CDATA | COMMENT)
    }

    /// What the node is, with its name or text.
    pub fn content(self) -> Content<'d> {
        let record = self.record();
        let text = || {
            let attribute = self.document.attributes_of(record).first();
            attribute.map_or("", |attribute| self.document.text(attribute.value))
        };
        match record.name {
            TEXT => Content::Text(text()),
            CDATA => Content::CData(text()),
            COMMENT => Content::Comment(text()),
            name => Content::Element(self.document.names.text(name)),
        }
    }

    /// The value of an attribute.
    pub fn get(self, attribute: &str) -> Option<&'d str> {
        self.get_name(self.document.names.find(attribute)?)
    }

    /// The value of an attribute whose name was looked up before ([`Document::name`]).
    pub fn get_name(self, attribute: Name) -> Option<&'d str> {
        let attributes = self.document.attributes_of(self.record());
        let found = attributes.iter().find(|held| held.name == attribute)?;
        Some(self.document.text(found.value))
    }

    /// Names and values of the attributes, in written order. None for text and comments.
    pub fn attributes(self) -> impl Iterator<Item = (&'d str, &'d str)> + Clone {
        let attributes = self.document.attributes_of(self.record());
        let attributes = if self.is_element() { attributes } else { &[] };
        attributes.iter().map(move |attribute| {
            (self.document.names.text(attribute.name), self.document.text(attribute.value))
        })
    }

    /// All children: elements, text and comments, in order.
    pub fn nodes(self) -> impl Iterator<Item = Self> + Clone {
        std::iter::successors(self.at(self.record().first_child), |node| node.next())
    }

    /// The child elements, in order.
    pub fn children(self) -> impl Iterator<Item = Self> + Clone {
        self.nodes().filter(|node| node.is_element())
    }

    /// The child elements of one name, in order.
    pub fn children_named(self, name: &str) -> impl Iterator<Item = Self> + Clone + use<'d> {
        let name = self.document.names.find(name);
        self.nodes().filter(move |node| Some(node.record().name) == name && node.is_element())
    }

    /// The first child element of this name.
    pub fn child(self, name: &str) -> Option<Self> {
        self.children_named(name).next()
    }

    /// The element that holds this one; none for the root.
    pub fn parent(self) -> Option<Self> {
        self.at(self.record().parent)
    }

    /// The element itself, its parent, and so on up to the root.
    pub fn ancestors(self) -> impl Iterator<Item = Self> + Clone {
        std::iter::successors(Some(self), |node| node.parent())
    }

    /// All elements below this one, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Self> + Clone {
        self.all_nodes_below().filter(|node| node.is_element())
    }

    /// All nodes below this one, in document order.
    pub(super) fn all_nodes_below(self) -> impl Iterator<Item = Self> + Clone {
        let top = self.id;
        std::iter::successors(self.at(self.record().first_child), move |node| {
            node.after(top).map(|(_, next)| next)
        })
    }

    /// The node that follows among its siblings, of any kind.
    pub fn next(self) -> Option<Self> {
        self.at(self.record().next)
    }

    /// The node before it among its siblings, of any kind.
    pub fn previous(self) -> Option<Self> {
        self.at(self.record().previous)
    }

    /// True if both nodes and all that is below them are the same, order included.
    pub fn is_same_as(self, other: Self) -> bool {
        let (mut mine, mut theirs) = (self, other);
        loop {
            if mine.content() != theirs.content() || !mine.attributes().eq(theirs.attributes()) {
                return false;
            }
            match (mine.after(self.id), theirs.after(other.id)) {
                (None, None) => return true,
                (Some((down, next)), Some((also_down, same))) if down == also_down => {
                    (mine, theirs) = (next, same);
                }
                _ => return false,
            }
        }
    }

    /// The node as text.
    pub fn to_text(self, style: Style) -> String {
        let mut out = String::new();
        write(self, style, &mut out);
        out
    }

    /// The next node in document order that lies below `top`, and by how many levels it lies
    /// higher than this one; one level deeper counts as none.
    fn after(self, top: NodeId) -> Option<(usize, Self)> {
        if let Some(child) = self.at(self.record().first_child) {
            return Some((0, child));
        }
        let up = self.ancestors().take_while(|node| node.id != top).enumerate();
        up.into_iter().find_map(|(levels, node)| Some((levels + 1, node.next()?)))
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_text(Style::Compact))
    }
}
