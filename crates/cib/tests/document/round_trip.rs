//! Whatever a document holds, its text reads as the same document.

use cib::xml::{Document, NodeId, Style};
use proptest::prelude::*;

/// A tree to build a document from.
#[derive(Clone, Debug)]
enum Tree {
    Element(String, Vec<(String, String)>, Vec<Tree>),
    Comment(String),
}

fn trees() -> impl Strategy<Value = Tree> {
    let name = "[a-z_][a-z0-9-]{0,3}";
    let value = "[ -~\n\t\ré€<&\"']{0,6}";
    let attributes = prop::collection::vec((name, value), 0..4);
    let leaf = prop_oneof![
        4 => (name, attributes.clone()).prop_map(|(name, a)| Tree::Element(name, a, Vec::new())),
        1 => "[ -~]{0,5}".prop_map(Tree::Comment),
    ];
    let nested = leaf.prop_recursive(4, 40, 5, move |inner| {
        (name, attributes.clone(), prop::collection::vec(inner, 0..5))
            .prop_map(|(name, attributes, inside)| Tree::Element(name, attributes, inside))
    });
    (name, prop::collection::vec(nested, 0..4))
        .prop_map(|(name, inside)| Tree::Element(name, Vec::new(), inside))
}

fn build(document: &mut Document, parent: NodeId, tree: &Tree) {
    match tree {
        Tree::Comment(text) => drop(document.insert_comment(parent, None, text)),
        Tree::Element(name, attributes, inside) => {
            let node = document.append(parent, name);
            for (name, value) in attributes {
                document.set(node, name, value);
            }
            for tree in inside {
                build(document, node, tree);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_written_document_reads_as_itself(tree in trees()) {
        let mut document = Document::new("root");
        let root = document.root().id();
        build(&mut document, root, &tree);
        for style in [Style::Pretty, Style::Compact] {
            let text = document.root().to_text(style);
            let again = Document::parse(text.clone()).expect("our own text is well-formed");
            prop_assert_eq!(&again, &document);
            prop_assert_eq!(again.root().to_text(style), text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[<>/a=\" \n&;#x1!\\-\\[\\]?é]{0,40}") {
        if let Ok(document) = Document::parse(text) {
            let again = Document::parse(document.root().to_text(Style::Compact));
            prop_assert_eq!(again.expect("our own text is well-formed"), document);
        }
    }
}
