//! crmsh's language gives the CIB that crmsh makes of it.
//!
//! The vectors lie beside the workspace (`../shared`) or where `HANDOVER_SHARED` says. Without them
//! these tests say so and pass, except in CI.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use cib::crmsh::load;
use cib::xml::{Document, Node, Style};
use std::path::PathBuf;

/// Vectors made with the real crmsh; none without the corpus, which is an error in CI.
fn vectors() -> Vec<PathBuf> {
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned();
    let shared = std::env::var("HANDOVER_SHARED").unwrap_or_else(|_| beside());
    let place = PathBuf::from(shared).join("vectors/crmsh");
    let Ok(entries) = std::fs::read_dir(&place) else {
        let place = place.display();
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {place}");
        println!("skipped: no corpus");
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "crm"));
    found.sort();
    found
}

fn text(path: &std::path::Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn loaded(base: &str, input: &str) -> Document {
    let mut doc = Document::parse(base).expect("the base is a document");
    load(&mut doc, input).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{input}"));
    doc
}

fn configuration(doc: &Document) -> Node<'_> {
    doc.root().child("configuration").expect("a configuration")
}

/// The elements, without regard to the order of those that have ids.
fn unordered(node: Node<'_>, depth: usize, out: &mut Vec<String>) {
    let attributes: Vec<String> =
        node.attributes().map(|(name, value)| format!("{name}={value}")).collect();
    let mut inside: Vec<Vec<String>> = Vec::new();
    for child in node.children() {
        let mut lines = Vec::new();
        unordered(child, depth + 1, &mut lines);
        inside.push(lines);
    }
    inside.sort();
    out.push(format!("{depth} {} {}", node.name(), attributes.join(" ")));
    out.extend(inside.into_iter().flatten());
}

#[test]
fn every_input_gives_the_document_crmsh_makes() {
    for path in vectors() {
        let base = text(&path.with_file_name("base.xml"));
        let found = loaded(&base, &text(&path));
        let wanted = Document::parse(text(&path.with_extension("xml"))).expect("a document");
        assert_eq!(
            configuration(&found).to_text(Style::Pretty),
            wanted.root().to_text(Style::Pretty),
            "{}",
            path.display()
        );
    }
}

#[test]
fn what_crmsh_shows_is_read_back_to_the_same_configuration() {
    for path in vectors() {
        let shown = text(&path.with_extension("show"));
        if shown.contains("******") {
            continue; // crmsh masks passwords; what is masked is lost.
        }
        let base = text(&path.with_file_name("base.xml"));
        let (mut found, mut wanted) = (Vec::new(), Vec::new());
        unordered(configuration(&loaded(&base, &shown)), 0, &mut found);
        let document = Document::parse(text(&path.with_extension("xml"))).expect("a document");
        unordered(document.root(), 0, &mut wanted);
        assert_eq!(found, wanted, "{}", path.display());
    }
}

#[test]
fn mistakes_name_their_line_and_leave_the_other_objects() {
    let mut doc = Document::new("cib");
    let text = "primitive a Dummy\n\ncolocation c a b\ngroup g \\\n   nobody\nwhat is this\n";
    let mistakes = load(&mut doc, text).expect_err("three mistakes");
    let lines: Vec<usize> = mistakes.iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines, [3, 4, 6]);
    assert_eq!(
        mistakes[1].to_string(),
        "line 4: there is no resource nobody; it must stand before this line"
    );
    assert!(doc.by_id("a").is_some());
}

#[test]
fn an_id_that_is_of_another_kind_is_refused() {
    let mut doc = Document::new("cib");
    let mistakes = load(&mut doc, "primitive a Dummy\ntag a: a\n").expect_err("two of one name");
    assert_eq!(mistakes[0].line, 2);
}
