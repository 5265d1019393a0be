//! Configurations of every age in the newest form.

#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

mod corpus;
mod heartbeat_2;
mod pacemaker_1;
mod pacemaker_2;

use cib::upgrade::{Note, to_newest};
use cib::xml::{Document, Style};

/// The configuration's sections after an upgrade from this schema, and what was said of it.
fn upgraded(schema: &str, sections: &str) -> (String, Vec<Note>) {
    let text = format!(
        "<cib validate-with='{schema}'><configuration>{sections}</configuration><status/></cib>"
    );
    let mut document = Document::parse(text).expect("well-formed");
    let notes = to_newest(&mut document);
    let root = document.root();
    assert_eq!(root.get("validate-with"), Some("pacemaker-4.0"));
    let configuration = root.child("configuration").expect("a configuration");
    let sections = configuration.children().map(|section| section.to_text(Style::Compact));
    (sections.collect(), notes)
}

/// The same text as the document writer puts it.
fn text(written: &str) -> String {
    written.replace('\'', "\"")
}

/// Asserts that one configuration becomes the other.
fn becomes(schema: &str, before: &str, after: &str) {
    assert_eq!(upgraded(schema, before).0, text(after));
}
