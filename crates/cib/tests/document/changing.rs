//! Changes: attributes, children, whole subtrees, and the index over ids.

use cib::xml::{Document, NodeId, Style};

fn read(text: &str) -> Document {
    Document::parse(text).expect("well-formed")
}

fn text(document: &Document) -> String {
    document.root().to_text(Style::Compact)
}

fn child(document: &Document, name: &str) -> NodeId {
    document.root().child(name).expect("a child of that name").id()
}

#[test]
fn attributes_change_in_place_and_new_ones_come_last() {
    let mut document = read("<r><a x=\"1\" y=\"2\"/><b z=\"3\"/></r>");
    let a = child(&document, "a");
    document.set(a, "x", "10");
    document.set(a, "w", "<");
    document.unset(a, "y");
    document.unset(a, "never-seen");
    assert_eq!(text(&document), "<r><a x=\"10\" w=\"&lt;\"/><b z=\"3\"/></r>");
}

#[test]
fn children_are_inserted_moved_renamed_and_removed() {
    let mut document = read("<r><a/><b><c/></b></r>");
    let (a, b) = (child(&document, "a"), child(&document, "b"));
    let first = document.insert(document.root().id(), Some(a), "first");
    document.append(first, "inside");
    assert!(document.move_before(a, b, None));
    document.rename(b, "bb");
    assert_eq!(text(&document), "<r><first><inside/></first><bb><c/><a/></bb></r>");
    assert!(!document.move_before(b, a, None), "not into itself");
    document.remove(first);
    document.remove(document.root().id());
    assert_eq!(text(&document), "<r><bb><c/><a/></bb></r>");
    assert!(!document.is_attached(first));
    document.insert_comment(b, Some(a), " a--b---");
    assert_eq!(read(&text(&document)), document, "such a comment can be read again");
}

#[test]
fn subtrees_are_copied_within_a_document_and_from_another() {
    let other = read("<o><p q=\"1\"><!--s--><t>u</t></p><v/></o>");
    let mut document = read("<r><a/></r>");
    let (root, a) = (document.root().id(), child(&document, "a"));
    let p = document.import(root, Some(a), other.root().child("p").expect("an element"));
    document.copy(a, None, p);
    let p = "<p q=\"1\"><!--s--><t>u</t></p>";
    assert_eq!(text(&document), format!("<r>{p}<a>{p}</a></r>"));
}

#[test]
fn elements_are_found_by_id_through_all_changes() {
    let mut document = read("<r><a id=\"1\"/><b id=\"2\"><c id=\"3\"/></b><d id=\"1\"/></r>");
    let (a, b) = (child(&document, "a"), child(&document, "b"));
    assert_eq!(document.by_id("1"), Some(a), "of two the first");
    let d = child(&document, "d");
    document.remove(a);
    assert_eq!(document.by_id("1"), Some(d));
    document.set(b, "id", "4");
    assert_eq!((document.by_id("2"), document.by_id("4")), (None, Some(b)));
    document.unset(d, "id");
    assert_eq!(document.by_id("1"), None);
    document.remove(b);
    assert_eq!(document.by_id("3"), None, "gone with its parent");
    for number in 100..400 {
        let node = document.append(document.root().id(), "n");
        document.set(node, "id", &number.to_string());
        assert_eq!(document.by_id(&number.to_string()), Some(node));
    }
}

#[test]
fn a_clone_is_not_changed_with_its_original() {
    let mut document = read("<r a=\"1\"/>");
    let snapshot = document.clone();
    document.set(document.root().id(), "a", "2");
    assert_eq!(text(&snapshot), "<r a=\"1\"/>");
    assert_ne!(document, snapshot);
}
