//! What counts as a document, and what is said of a text that is none.

use cib::xml::{Content, Document, MAX_DEPTH, Node, Style};

fn read(text: &str) -> Document {
    Document::parse(text).expect("well-formed")
}

/// Line, column and words of the refusal.
fn refusal(text: &str) -> (usize, usize, String) {
    let error = Document::parse(text).expect_err("must be refused");
    (error.line, error.column, error.what)
}

#[test]
fn attributes_are_given_in_written_order() {
    let document = read(r#"<a z="1" b="2" m="3"/>"#);
    let names: Vec<_> = document.root().attributes().collect();
    assert_eq!(names, [("z", "1"), ("b", "2"), ("m", "3")]);
}

#[test]
fn references_and_white_space_in_values_are_resolved_as_xml_says() {
    let document =
        read("<a b=\"&lt;&amp;&gt;&quot;&apos;&#x41;&#10;\" c=\"1\n2\t3\r\n4\" d='\"'/>");
    let root = document.root();
    assert_eq!(root.get("b"), Some("<&>\"'A\n"));
    assert_eq!(root.get("c"), Some("1 2 3 4"), "line ends and tabs in a value are blanks");
    assert_eq!(root.get("d"), Some("\""));
    assert_eq!(root.get("e"), None);
}

#[test]
fn comments_text_and_cdata_are_kept_and_layout_is_not() {
    let document = read("<a>\n  <!-- why --> <b>one &amp; <![CDATA[<two>]]></b>\r\n</a>");
    let root = document.root();
    let inside: Vec<_> = root.nodes().map(Node::content).collect();
    assert_eq!(inside, [Content::Comment(" why "), Content::Element("b")]);
    let b = root.child("b").expect("an element");
    let inside: Vec<_> = b.nodes().map(Node::content).collect();
    assert_eq!(inside, [Content::Text("one & "), Content::CData("<two>")]);
    assert_eq!(root.children().count(), 1, "children are elements only");
}

#[test]
fn declarations_and_instructions_are_passed_over() {
    let document = read(
        "\u{feff}<?xml version=\"1.0\"?><!DOCTYPE cib SYSTEM \"crm.dtd\">\n<!-- x --><?p i?>\n<a/>\n<!-- y -->\n",
    );
    assert_eq!(document.root().name(), "a");
}

#[test]
fn a_mistake_is_named_with_its_line_and_column() {
    let (line, column, what) = refusal("<a>\n  <b c=\"1\" c=\"2\"/>\n</a>");
    assert_eq!((line, column), (2, 3));
    assert_eq!(what, "the attribute c is given twice");
}

#[test]
fn texts_that_are_no_documents_are_refused() {
    for (text, part) in [
        ("", "no element"),
        ("  ", "no element"),
        ("words", "outside the root"),
        ("<a/>words", "outside the root"),
        ("&amp;<a/>", "outside the root"),
        ("<a/><b/>", "a second element"),
        ("<a>", "ends before </a>"),
        ("<a></b>", "</b>"),
        ("<a b=1/>", "must be in quotes"),
        ("<a b/>", "must follow"),
        ("<a b=\"<\"/>", "must be written"),
        ("<a b=\"&nbsp;\"/>", "nbsp"),
        ("<a>&nbsp;</a>", "nbsp"),
        ("<a b=\"&#1;\"/>", "does not allow"),
        ("<a b=\"\u{1}\"/>", "control character"),
        ("<1a/>", "no name"),
        ("<a 1b=\"\"/>", "no name"),
        ("<a><!-- x -- y --></a>", "--"),
        ("<a><!-- x ---></a>", "--"),
        ("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "declarations of its own"),
        ("<![CDATA[x]]><a/>", "outside the root"),
    ] {
        let (.., what) = refusal(text);
        assert!(what.contains(part), "{text}: {what}");
    }
}

#[test]
fn elements_may_lie_deep_but_not_without_end() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert_eq!(read(&nested(MAX_DEPTH)).root().descendants().count(), MAX_DEPTH - 1);
    let (.., what) = refusal(&nested(MAX_DEPTH + 1));
    assert_eq!(what, "elements lie more than 256 deep");
    refusal(&"<a>".repeat(1_000_000));
}

#[test]
fn pretty_text_stands_two_blanks_deeper_per_element() {
    let document = read("<a><b c=\"&#9;&lt;&amp;'\"><d/></b><!--e--><f>x<g/></f></a>");
    let expected = "<a>\n  <b c=\"&#9;&lt;&amp;&apos;\">\n    <d/>\n  </b>\n  <!--e-->\n  <f>x<g/></f>\n</a>\n";
    assert_eq!(document.root().to_text(Style::Pretty), expected);
    let compact = "<a><b c=\"&#9;&lt;&amp;'\"><d/></b><!--e--><f>x<g/></f></a>";
    assert_eq!(document.root().to_text(Style::Compact), compact);
    let b = document.root().child("b").expect("an element");
    assert_eq!(b.to_text(Style::Pretty), "<b c=\"&#9;&lt;&amp;&apos;\">\n  <d/>\n</b>\n");
}

#[test]
fn lines_of_elements_are_known() {
    let document = read("<a>\n<b/>\n  <c d=\"1\"/></a>");
    let root = document.root();
    let line = |name| document.line(root.child(name).expect("an element").id());
    assert_eq!((line("b"), line("c")), (None, Some(3)));
}
