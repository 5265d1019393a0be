//! Whatever two documents hold, the patchset of the two leads from one to the other.

use super::{PLAIN, cib};
use cib::patch::{Options, apply, create};
use cib::xml::Document;
use proptest::prelude::*;

#[path = "../support/corpus.rs"]
mod corpus;

/// Children as text: elements with few names and ids, so that many are the same in two documents.
fn children() -> impl Strategy<Value = String> {
    let attributes = ("[12]?", "[12]?").prop_map(|(a, b)| format!("a='{a}' b='{b}'"));
    let id =
        prop_oneof![9 => "[a-h]".prop_map(|id| format!("id='{id}'")), 1 => Just(String::new())];
    let leaf = prop_oneof![
        8 => ("[xy]", id.clone(), attributes.clone())
            .prop_map(|(name, id, attributes)| format!("<{name} {id} {attributes}/>")),
        1 => "[12]".prop_map(|text| format!("<!--{text}-->")),
        1 => "[12]".prop_map(|text| format!("<t>{text}</t>")),
    ];
    let list = |inner| prop::collection::vec(inner, 0..8).prop_map(|list| list.concat());
    let nested = leaf.prop_recursive(3, 40, 8, move |inner| {
        ("[xy]", id.clone(), attributes.clone(), list(inner)).prop_map(
            |(name, id, attributes, inside)| format!("<{name} {id} {attributes}>{inside}</{name}>"),
        )
    });
    prop::collection::vec(nested, 0..8).prop_map(|list| list.concat())
}

fn leads_there(old: &Document, new: &Document) {
    let options = Options { versions: true, digest: true };
    let patch = create(old, new, options).expect("another version at least");
    let mut document = old.clone();
    apply(&mut document, &patch).unwrap_or_else(|refused| panic!("{refused}\n{patch:?}"));
    assert_eq!(&document, new, "{patch:?}");
}

proptest! {
    #[test]
    fn a_patchset_leads_from_the_old_document_to_the_new(old in children(), new in children()) {
        leads_there(&cib(1, &old), &cib(2, &new));
    }

    #[test]
    fn hostile_patchsets_are_applied_or_refused(path in "(/cib|/x|/\\[@id='[a-c]'\\]|/comment|\\[|')*", at in "[0-9]{0,2}") {
        for operation in ["delete", "move", "create", "modify"] {
            let text = format!(
                "<diff format='2'><change operation='{operation}' path=\"{path}\" position='{at}'><x/></change></diff>"
            );
            let patch = Document::parse(text).expect("well-formed");
            let mut document = cib(1, "<x id='a'><!--1--><x id='b'/></x><x/>");
            let _ = apply(&mut document, &patch);
            let again = Document::parse(document.root().to_text(cib::xml::Style::Compact));
            prop_assert_eq!(again.expect("well-formed"), document);
        }
    }
}

#[test]
fn patchsets_lead_from_each_corpus_input_to_the_next() {
    let Some(inputs) = corpus::inputs() else { return };
    let documents: Vec<_> = inputs
        .iter()
        .filter(|(_, text)| text.len() < 20_000)
        .map(|(_, text)| {
            let mut document = Document::parse(text.as_str()).expect("well-formed");
            // Attributes in one order: a patchset does not say in which they stand.
            for name in ["admin_epoch", "epoch", "num_updates"] {
                let root = document.root();
                let (id, value) = (root.id(), root.get(name).unwrap_or("0").to_owned());
                document.unset(id, name);
                document.set(id, name, &value);
            }
            document
        })
        .collect();
    for pair in documents.windows(2) {
        assert_eq!(create(&pair[0], &pair[0], PLAIN), None, "the same needs no patchset");
        let Some(patch) = create(&pair[0], &pair[1], PLAIN) else { continue };
        let mut document = pair[0].clone();
        apply(&mut document, &patch).unwrap_or_else(|refused| panic!("{refused}"));
        assert_eq!(create(&document, &pair[1], PLAIN), None);
    }
}
