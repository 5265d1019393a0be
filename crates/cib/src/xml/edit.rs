//! Changing a document: attributes, children, whole subtrees.

use super::names::{CDATA, COMMENT, ID, TEXT};
use super::{Attribute, Content, Document, NONE, Name, Node, NodeId, Record};

impl Document {
    /// Gives the attribute this value. A new attribute comes last.
    pub fn set(&mut self, id: NodeId, name: &str, value: &str) {
        let name = self.names.intern(name);
        let value = self.append_text(value);
        if name == ID {
            self.forget_id(id);
        }
        self.put_attribute(id, Attribute { name, value });
        if name == ID {
            self.enter_id(id);
        }
    }

    /// Takes the attribute away.
    pub fn unset(&mut self, id: NodeId, name: &str) {
        let Some(name) = self.names.find(name) else { return };
        let record = *self.record(id);
        let held = self.attributes_of(&record).iter().position(|held| held.name == name);
        let Some(position) = held else { return };
        if name == ID {
            self.forget_id(id);
        }
        let start = record.first_attribute as usize;
        self.attributes.copy_within(
            start + position + 1..start + record.attributes as usize,
            start + position,
        );
        self.record_mut(id).attributes -= 1;
    }

    /// Adds an empty element as the last child.
    pub fn append(&mut self, parent: NodeId, name: &str) -> NodeId {
        self.insert(parent, None, name)
    }

    /// Adds an empty element before one of the parent's children, or as the last.
    pub fn insert(&mut self, parent: NodeId, before: Option<NodeId>, name: &str) -> NodeId {
        let name = self.names.intern(name);
        let node = self.add_record(name);
        self.link(node, parent, before);
        node
    }

    /// Adds a comment before one of the parent's children, or as the last. Two hyphens in a row
    /// cannot stand in a comment; a blank is put between them.
    pub fn insert_comment(&mut self, parent: NodeId, before: Option<NodeId>, text: &str) -> NodeId {
        let mut text = text.replace("--", "- -").replace("--", "- -");
        if text.ends_with('-') {
            text.push(' ');
        }
        self.insert_content(parent, before, COMMENT, &text)
    }

    /// Adds text as the last thing inside an element.
    pub fn append_text_to(&mut self, parent: NodeId, text: &str) -> NodeId {
        self.insert_content(parent, None, TEXT, text)
    }

    /// Copies a node of another document with all below it, before one of the parent's children
    /// or as the last.
    pub fn import(&mut self, parent: NodeId, before: Option<NodeId>, from: Node<'_>) -> NodeId {
        let node = self.copy_one(parent, before, from);
        self.copy_children(node, from);
        node
    }

    /// Copies a node of this document with all below it.
    pub fn copy(&mut self, parent: NodeId, before: Option<NodeId>, from: NodeId) -> NodeId {
        let copy = Self::copy_of(self.node(from));
        self.import(parent, before, copy.root())
    }

    /// Takes the node and all below it out of the document. The root stays.
    pub fn remove(&mut self, id: NodeId) {
        if id != self.root {
            self.forget_id(id);
            self.unlink(id);
        }
    }

    /// Calls the element otherwise.
    pub fn rename(&mut self, id: NodeId, name: &str) {
        self.record_mut(id).name = self.names.intern(name);
    }

    /// Moves the node and all below it before one of the parent's children, or to their end.
    /// Returns false, and nothing is changed, if the new parent lies inside the node.
    pub fn move_before(&mut self, id: NodeId, parent: NodeId, before: Option<NodeId>) -> bool {
        if self.node(parent).ancestors().any(|ancestor| ancestor.id() == id) {
            return false;
        }
        if before != Some(id) {
            self.unlink(id);
            self.link(id, parent, before);
        }
        true
    }

    /// True if the node is the root or below it.
    pub fn is_attached(&self, id: NodeId) -> bool {
        self.node(id).ancestors().last().is_some_and(|top| top.id() == self.root)
    }

    pub(super) fn insert_content(
        &mut self,
        parent: NodeId,
        before: Option<NodeId>,
        kind: Name,
        text: &str,
    ) -> NodeId {
        let node = self.add_record(kind);
        let value = self.append_text(text);
        self.put_attribute(node, Attribute { name: kind, value });
        self.link(node, parent, before);
        node
    }

    pub(super) fn copy_attributes(&mut self, to: NodeId, from: Node<'_>) {
        for (name, value) in from.attributes() {
            self.set(to, name, value);
        }
    }

    /// Copies what is below `from`, level by level of the walk, without recursion.
    pub(super) fn copy_children(&mut self, to: NodeId, from: Node<'_>) {
        let mut open = vec![(from.id(), to)];
        for node in from.all_nodes_below() {
            let parent = node.parent().map(Node::id);
            while open.len() > 1 && open.last().map(|(original, _)| *original) != parent {
                open.pop();
            }
            let copy = self.copy_one(open.last().map_or(to, |(_, copy)| *copy), None, node);
            open.push((node.id(), copy));
        }
    }

    fn copy_one(&mut self, parent: NodeId, before: Option<NodeId>, from: Node<'_>) -> NodeId {
        match from.content() {
            Content::Element(name) => {
                let node = self.insert(parent, before, name);
                self.copy_attributes(node, from);
                node
            }
            Content::Text(text) => self.insert_content(parent, before, TEXT, text),
            Content::CData(text) => self.insert_content(parent, before, CDATA, text),
            Content::Comment(text) => self.insert_content(parent, before, COMMENT, text),
        }
    }

    /// Replaces the attribute of this name or adds it last, moving the node's attributes to the
    /// end of the array if others follow them there.
    pub(super) fn put_attribute(&mut self, id: NodeId, attribute: Attribute) {
        let record = *self.record(id);
        let range = record.first_attribute as usize
            ..record.first_attribute as usize + record.attributes as usize;
        let held = self.attributes[range.clone()].iter_mut().find(|a| a.name == attribute.name);
        if let Some(held) = held {
            held.value = attribute.value;
            return;
        }
        if range.end != self.attributes.len() {
            self.record_mut(id).first_attribute = self.attributes.len() as u32;
            self.attributes.extend_from_within(range);
        }
        self.attributes.push(attribute);
        self.record_mut(id).attributes += 1;
    }

    pub(super) fn record_mut(&mut self, id: NodeId) -> &mut Record {
        &mut self.records[id.index()]
    }

    pub(super) fn link(&mut self, id: NodeId, parent: NodeId, before: Option<NodeId>) {
        let before = before.filter(|sibling| self.record(*sibling).parent == parent.0);
        let next = before.map_or(NONE, |sibling| sibling.0);
        let previous = match before {
            Some(sibling) => self.record(sibling).previous,
            None => self.record(parent).last_child,
        };
        let record = self.record_mut(id);
        record.parent = parent.0;
        record.previous = previous;
        record.next = next;
        match previous {
            NONE => self.record_mut(parent).first_child = id.0,
            _ => self.record_mut(NodeId(previous)).next = id.0,
        }
        match next {
            NONE => self.record_mut(parent).last_child = id.0,
            _ => self.record_mut(NodeId(next)).previous = id.0,
        }
    }

    fn unlink(&mut self, id: NodeId) {
        let Record { parent, previous, next, .. } = *self.record(id);
        if parent == NONE {
            return;
        }
        match previous {
            NONE => self.record_mut(NodeId(parent)).first_child = next,
            _ => self.record_mut(NodeId(previous)).next = next,
        }
        match next {
            NONE => self.record_mut(NodeId(parent)).last_child = previous,
            _ => self.record_mut(NodeId(next)).previous = previous,
        }
        let record = self.record_mut(id);
        (record.parent, record.previous, record.next) = (NONE, NONE, NONE);
    }

    /// Tells the index, if there is one, that an element has a new id.
    fn enter_id(&mut self, node: NodeId) {
        let Some(mut index) = self.ids.take() else { return };
        if let Some(id) = self.node(node).get_name(ID)
            && !index.is_full()
        {
            index.enter(self, node, id);
            self.ids = index.into();
        }
    }

    /// Tells the index, if there is one, that the element's id, and those below it, go away. Only
    /// a second bearer of the same id would not be found then.
    fn forget_id(&mut self, node: NodeId) {
        let bears_ids =
            self.node(node).get_name(ID).is_some() || self.record(node).first_child != NONE;
        if bears_ids && self.ids.get().is_some_and(super::IdIndex::has_duplicates) {
            self.ids.take();
        }
    }
}
