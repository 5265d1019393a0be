//! Patchsets of the first format, against `crm_diff` of Pacemaker 2.1.5.

use super::{PLAIN, cib, read, text};
use cib::patch::{Options, Refused, apply, create_v1, takes_second_format};
use cib::xml::Document;

fn patch(old: &Document, new: &Document) -> Document {
    create_v1(old, new, PLAIN).expect("a difference")
}

#[test]
fn the_feature_set_decides_which_format_is_written() {
    for (document, second) in [
        ("<cib crm_feature_set='3.16.1'/>", true),
        ("<cib crm_feature_set='3.0.9'/>", true),
        ("<cib crm_feature_set='3.0.8'/>", false),
        ("<cib/>", false),
        ("<resources crm_feature_set='3.16.1'/>", false),
    ] {
        assert_eq!(takes_second_format(&read(document)), second, "{document}");
    }
}

#[test]
fn two_trees_show_what_went_and_what_came() {
    let old = cib(5, "<x><n id='n1' v='1'/><n id='n2' b='2'/><n id='n3' c='3' d='4'/></x><y/>");
    let new = cib(6, "<x><n id='n2' b='22'/><n id='n4'><z/></n><n id='n3' d='4'/></x><y/>");
    let expected = r#"<diff format="1" digest="DIGEST">
  <diff-removed admin_epoch="0" epoch="5" num_updates="0">
    <cib epoch="5" admin_epoch="0" num_updates="0">
      <x>
        <n id="n1" v="1" __crm_diff_marker__="removed:top"/>
        <n id="n2" b="2"/>
        <n id="n3" c="3"/>
      </x>
    </cib>
  </diff-removed>
  <diff-added admin_epoch="0" epoch="6" num_updates="0">
    <cib admin_epoch="0" epoch="6" num_updates="0">
      <x>
        <n id="n2" b="22"/>
        <n id="n4" __crm_diff_marker__="added:top">
          <z/>
        </n>
      </x>
    </cib>
  </diff-added>
</diff>
"#;
    let patch = patch(&old, &new);
    let digest = patch.root().get("digest").expect("a digest");
    assert_eq!(text(&patch), expected.replace("DIGEST", digest));
}

#[test]
fn documents_that_are_no_cib_are_compared_too() {
    let expected = "<diff format=\"1\" digest=\"dfab8a56ca40c5ceedb0135e5c69ac72\">\n  <diff-removed>\n    \
        <cib/>\n  </diff-removed>\n  <diff-added>\n    <x a=\"1\" b=\"2\"/>\n    <cib a=\"1\" b=\"2\"/>\n  \
        </diff-added>\n</diff>\n";
    assert_eq!(text(&patch(&read("<x a='1'/>"), &read("<x a='1' b='2'/>"))), expected);
    let same_but_for_order =
        (read("<x><b id='1'/><b id='2'/></x>"), read("<x><b id='2'/><b id='1'/></x>"));
    assert_eq!(create_v1(&same_but_for_order.0, &same_but_for_order.1, PLAIN), None);
}

#[test]
fn the_first_format_leads_there_too_where_order_allows() {
    for (old, new) in [
        (
            "<x><n id='1' v='1' w='2'/><n id='2'/><!--c--></x>",
            "<x><n id='1' v='3'/><n id='3'><c id='9'/></n></x>",
        ),
        ("<x/><y/>", "<x/>"),
        ("<x a='1'/>", "<x/>"),
        ("", "<x><y/></x>"),
    ] {
        let (mut old, new) = (cib(1, old), cib(2, new));
        let patch = patch(&old, &new);
        apply(&mut old, &patch).unwrap_or_else(|refused| panic!("{refused} {patch:?}"));
        assert_eq!(old, new);
    }
}

#[test]
fn the_real_tools_patchset_is_taken() {
    let patch = r#"<diff crm_feature_set="3.16.1" format="1">
        <diff-removed admin_epoch="0" epoch="1" num_updates="0"><cib num_updates="0"><x>
        <b id="2" __crm_diff_marker__="removed:top"/><!--c--></x></cib></diff-removed>
        <diff-added admin_epoch="0" epoch="1" num_updates="1"><cib epoch="1" num_updates="1" admin_epoch="0"><x>
        <b id="3" __crm_diff_marker__="added:top"><c id="9"/></b></x></cib></diff-added></diff>"#;
    let mut document = cib(1, "<x><b id='1'/><b id='2'/><!--c--></x>");
    apply(&mut document, &read(patch)).expect("fits");
    let expected = "<cib admin_epoch='0' epoch='1' num_updates='1'><x><b id='1'/><b id='3'><c id='9'/></b></x></cib>";
    assert_eq!(document, read(expected));
    let refused = apply(&mut document, &read(patch)).expect_err("the version is another now");
    assert!(matches!(refused, Refused::Version { .. }));
}

#[test]
fn without_versions_only_the_rest_differs() {
    let options = Options { versions: false, digest: false };
    assert_eq!(create_v1(&cib(1, "<a/>"), &cib(2, "<a/>"), options), None);
}
