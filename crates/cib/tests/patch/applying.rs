//! What happens to patchsets that do not fit.

use super::{PLAIN, cib, read};
use cib::patch::{Options, Refused, apply, create};
use cib::xml::{Document, MAX_DEPTH};

fn refusal(document: &Document, patch: &str) -> String {
    let mut changed = document.clone();
    let refused = apply(&mut changed, &read(patch)).expect_err("must be refused");
    assert_eq!(&changed, document, "a refused patchset changes nothing");
    refused.to_string()
}

#[test]
fn a_patchset_starts_from_one_version_only() {
    let (one, two, three) = (cib(1, "<a/>"), cib(2, "<b/>"), cib(3, "<c/>"));
    let patch = create(&two, &three, PLAIN).expect("a difference");
    let mut document = one.clone();
    let refused = apply(&mut document, &patch).expect_err("must be refused");
    assert!(matches!(refused, Refused::Version { .. }), "{refused}");
    assert_eq!(
        refused.to_string(),
        "the patchset leads from version 0.2.0, the document is at 0.1.0"
    );
    assert_eq!(document, one);
}

#[test]
fn a_patchset_whose_result_differs_is_refused_by_its_digest() {
    let with_digest = Options { versions: true, digest: true };
    let patch = create(&cib(1, "<a x='1'/>"), &cib(2, "<a x='2'/>"), with_digest);
    let patch = patch.expect("a difference");
    let mut same = cib(1, "<a x='1'/>");
    apply(&mut same, &patch).expect("fits");
    let mut other = cib(1, "<a x='1'/><b/>");
    let refused = apply(&mut other, &patch).expect_err("must be refused");
    assert!(matches!(refused, Refused::Digest { .. }), "{refused}");
}

#[test]
fn what_is_not_there_cannot_be_changed() {
    let document = cib(1, "<a><b id='1'/><!--c--></a>");
    for (change, words) in [
        (
            "<change operation='delete' path='/cib/a/b[@id=&apos;2&apos;]'/>",
            "nothing is at /cib/a/b[@id='2']",
        ),
        (
            "<change operation='delete' path='/cib/a/comment' position='0'/>",
            "nothing is at /cib/a/comment",
        ),
        (
            "<change operation='delete' path='/cib/a/comment' position='x'/>",
            "nothing is at /cib/a/comment",
        ),
        ("<change operation='delete' path='/cib'/>", "nothing is at /cib"),
        ("<change operation='move' path='/cib' position='1'/>", "nothing is at /cib"),
        ("<change operation='move' path='' position='1'/>", "nothing is at "),
        ("<change operation='delete' path='/cib/a[1]'/>", "nothing is at /cib/a[1]"),
        (
            "<change operation='delete' path='/cib/a/b[@id=&apos;1'/>",
            "nothing is at /cib/a/b[@id='1",
        ),
        ("<change operation='modify' path='/cib/a'/>", "a modification without its result"),
        ("<change operation='create' path='/cib/a'/>", "nothing is created at /cib/a"),
        ("<change operation='burn' path='/cib/a'/>", "a change called burn"),
        ("<change/>", "a change called nothing"),
    ] {
        let answer = refusal(&document, &format!("<diff format='2'>{change}</diff>"));
        assert!(answer.ends_with(words), "{answer}");
    }
    assert!(refusal(&document, "<diff format='1'/>").contains("there is no diff-removed"));
    assert!(refusal(&document, "<diff format='3'/>").contains("<diff> of format 3"));
    assert!(refusal(&document, "<cib format='2'/>").contains("<cib>"));
}

#[test]
fn ids_with_quotes_are_found() {
    for id in ["it's", "a\"b", "a']b"] {
        let escaped = id.replace('"', "&quot;");
        let (old, new) = (cib(1, &format!("<a><b id=\"{escaped}\"/></a>")), cib(2, "<a/>"));
        let patch = create(&old, &new, PLAIN).expect("a difference");
        let mut document = old;
        apply(&mut document, &patch).unwrap_or_else(|refused| panic!("{id}: {refused}"));
        assert_eq!(document, new);
    }
}

#[test]
fn a_patchset_cannot_nest_without_end() {
    let deep = "<a>".repeat(MAX_DEPTH - 4) + &"</a>".repeat(MAX_DEPTH - 4);
    let patch = format!(
        "<diff format='2'><change operation='create' path='/cib/a/b'>{deep}</change></diff>"
    );
    let mut document = cib(1, "<a><b/></a>");
    apply(&mut document, &read(&patch)).expect("just deep enough");
    let deeper = patch.replace("/cib/a/b", "/cib/a/b/c/d");
    assert!(refusal(&cib(1, "<a><b><c><d/></c></b></a>"), &deeper).contains("256 deep"));
}

#[test]
fn changes_may_come_in_any_order_of_positions() {
    let create = |id: &str, position: u32| {
        format!(
            "<change operation='create' path='/cib' position='{position}'><p id='{id}'/></change>"
        )
    };
    let patch = format!(
        "<diff format='2'>{}<change operation='move' path='/cib/p[@id=&apos;a&apos;]' position='3'/>{}</diff>",
        create("y", 2),
        create("x", 0)
    );
    let mut document = cib(1, "<p id='a'/><p id='b'/>");
    apply(&mut document, &read(&patch)).expect("fits");
    assert_eq!(document, cib(1, "<p id='x'/><p id='b'/><p id='y'/><p id='a'/>"));
}
