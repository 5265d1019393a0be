//! XPath 1.0 on documents, by the library `uppsala`.
//!
//! It works on a tree of its own, made of the document for each question and thrown away again:
//! fine for a command that asks once. Answers come back as elements of ours, in document order.

use crate::xml::{Content, Document, Node, NodeId};
use std::borrow::Cow;
use uppsala::{NodeKind, QName, XPathEvaluator, XPathValue};

/// How many nodes one question may look at: ten times over all of the largest known document.
const MAX_VISITS: usize = 1 << 28;

/// The elements an expression finds in a document. Of attributes, text and comments the elements
/// that have them count. An expression that is wrong, or yields no nodes, finds nothing, as with
/// Pacemaker's tools.
pub fn elements(root: Node<'_>, expression: &str) -> Vec<NodeId> {
    let tree = Tree::of(root);
    let evaluator = XPathEvaluator::new().with_max_node_visits(MAX_VISITS);
    let context = tree.document.root();
    let Ok(XPathValue::NodeSet(found)) = evaluator.evaluate(&tree.document, context, expression)
    else {
        return Vec::new();
    };
    let mut elements: Vec<(usize, NodeId)> =
        found.into_iter().filter_map(|node| tree.element_of(node)).collect();
    elements.sort_unstable();
    elements.dedup();
    elements.into_iter().map(|(_, node)| node).collect()
}

/// The library's tree of a document.
struct Tree<'d> {
    document: uppsala::Document<'d>,
    /// By the library's number of an element: its place in document order and our number.
    elements: Vec<Option<(usize, NodeId)>>,
}

impl<'d> Tree<'d> {
    fn of(root: Node<'d>) -> Self {
        let mut tree = Self { document: uppsala::Document::new(), elements: Vec::new() };
        let top = tree.document.root();
        let mut open = vec![(root, top)];
        let mut order = 0;
        while let Some((node, parent)) = open.pop() {
            let Some(made) = tree.add(node) else { continue };
            tree.document.append_child(parent, made);
            if node.is_element() {
                if tree.elements.len() <= made.index() {
                    tree.elements.resize(made.index() + 1, None);
                }
                tree.elements[made.index()] = Some((order, node.id()));
                order += 1;
                let children: Vec<_> = node.nodes().map(|child| (child, made)).collect();
                open.extend(children.into_iter().rev());
            }
        }
        tree.document.prepare_xpath();
        tree
    }

    fn add(&mut self, node: Node<'d>) -> Option<uppsala::NodeId> {
        Some(match node.content() {
            Content::Element(name) => {
                let made = self.document.create_element(QName::local(name));
                let element = self.document.element_mut(made)?;
                for (name, value) in node.attributes() {
                    element.set_attribute(QName::local(name), Cow::Borrowed(value));
                }
                made
            }
            Content::Text(text) | Content::CData(text) => self.document.create_text(text),
            Content::Comment(text) => self.document.create_comment(text),
        })
    }

    /// The element a found node is or belongs to; none for comments and the document itself.
    fn element_of(&self, node: uppsala::NodeId) -> Option<(usize, NodeId)> {
        let element = match self.document.node_kind(node)? {
            NodeKind::Element(_) => node,
            NodeKind::Attribute(..) | NodeKind::Text(_) => self.document.parent(node)?,
            _ => return None,
        };
        self.elements.get(element.index()).copied().flatten()
    }
}

/// The path by which Pacemaker's tools name an element: `/cib/status/node_state[@id='1']`.
pub fn path(document: &Document, node: NodeId) -> String {
    crate::patch::path_of(document.node(node))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<cib><nodes><node id=\"1\" uname=\"a\"/><!-- c --><node id=\"2\" uname=\"b\">\
        <x id=\"q\" v=\"1\">text</x></node></nodes></cib>";

    fn found(expression: &str) -> Vec<String> {
        let document = Document::parse(TEXT).expect("a document");
        let found = elements(document.root(), expression);
        found.into_iter().map(|node| path(&document, node)).collect()
    }

    #[test]
    fn elements_come_in_document_order_whatever_the_expression_says() {
        let nodes = ["/cib/nodes/node[@id='1']", "/cib/nodes/node[@id='2']"];
        assert_eq!(found("//node"), nodes);
        assert_eq!(found("//node[@id='2'] | //node[@id='1']"), nodes);
        assert_eq!(found("/cib/nodes/*"), nodes);
        assert_eq!(found("//node[2]"), nodes[1..]);
        assert_eq!(found("//node[@uname='b' and x/@v='1']"), nodes[1..]);
        assert_eq!(found("//x/.."), nodes[1..]);
        assert_eq!(found("/cib"), ["/cib"]);
    }

    #[test]
    fn of_an_attribute_or_text_its_element_is_found() {
        assert_eq!(found("//node/@uname").len(), 2);
        assert_eq!(found("//x/text()"), ["/cib/nodes/node[@id='2']/x[@id='q']"]);
    }

    #[test]
    fn what_yields_no_nodes_finds_nothing() {
        for expression in ["bad[[", "count(//node)", "//none", "//comment()", ""] {
            assert!(found(expression).is_empty(), "{expression}");
        }
    }
}
