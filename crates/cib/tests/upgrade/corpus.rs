//! Every input of the scheduler corpus in the newest form.

use cib::upgrade::to_newest;
use cib::xml::Document;
use std::collections::BTreeSet;

#[path = "../support/corpus.rs"]
mod files;

/// Ids of elements of the configuration that more than one has.
fn doubled(document: &Document) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    let configuration = document.root().child("configuration").expect("a configuration");
    let ids = configuration.descendants().filter_map(|node| {
        let is_reference = matches!(node.name(), "resource_ref" | "obj_ref" | "role");
        if is_reference { None } else { node.get("id") }
    });
    ids.filter(|id| !seen.insert(*id)).collect()
}

#[test]
fn every_corpus_input_comes_into_the_newest_form_and_stays_there() {
    let Some(inputs) = files::inputs() else { return };
    for (name, text) in inputs {
        let mut document = Document::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let before = document.clone();
        to_newest(&mut document);
        assert!(
            doubled(&document).is_subset(&doubled(&before)),
            "{name}: {:?}",
            doubled(&document)
        );
        assert!(document.root().child("status").is_some(), "{name}");
        let once = document.clone();
        to_newest(&mut document);
        assert!(document == once, "{name} changes again");
        document.set(document.root().id(), "validate-with", "pacemaker-3.9");
        to_newest(&mut document);
        assert!(document == once, "{name} has something left to upgrade");
    }
}
