//! Digests, against those of `cibadmin` 2.1.5.

use cib::digest::{is_digested, lists, of_content, of_file, of_parameters, of_versioned};
use cib::xml::Document;

#[test]
fn files_have_the_digest_the_real_tool_prints() {
    for (text, digest) in [
        ("<a id='1'/>", "c19c2458bccd78e56fa075be1d155e47"),
        ("<a id='x&apos;y'/>", "db078c8aaf8ccf6d4786bc861b8591dd"),
        ("<a id='x&gt;y'/>", "6ebda4af14b6d9d6d232d258c87f9755"),
        ("<a id='x&quot;y'/>", "4d7cded66b454614400540a75f172a9b"),
        ("<a id='x&#9;y'/>", "7c982daf4a0569f3648fc8c631f34fe5"),
        ("<a id='x&#10;y'/>", "d74e622a12fdb21281e44ce0b51c6f4f"),
        ("<a id='xéy'/>", "6d42d1405648c51b93d4ee9b26e79adc"),
        ("<a id='1'><!-- c --><b/></a>", "e9c873b16639cd0dcbb345300e03df56"),
        ("<a id='1'>text<b/></a>", "e4e53c2dd5e0cadcaeca52e87fb7bf7c"),
        ("<a id='1'><![CDATA[x<y]]></a>", "25b7b6252090d40736cb285e1fe827dd"),
        ("<a id='1'>\n  <b></b>\n</a>", "e4e53c2dd5e0cadcaeca52e87fb7bf7c"),
    ] {
        let document = Document::parse(text).expect("well-formed");
        assert_eq!(of_file(document.root()), digest, "{text}");
    }
}

#[test]
fn peers_compare_content_without_bookkeeping() {
    let text = "<cib crm_feature_set='3.16.1' validate-with='pacemaker-3.9' epoch='1' num_updates='0' \
        admin_epoch='0' cib-last-written='x' update-origin='n' update-client='c' update-user='u' \
        have-quorum='1' dc-uuid='1'><configuration><crm_config/><nodes/><resources><primitive id='a' \
        crm-debug-origin='z' class='ocf' type='D'><!-- c --></primitive></resources><constraints/>\
        </configuration><status/></cib>";
    let document = Document::parse(text).expect("well-formed");
    assert_eq!(of_content(document.root()), "ce7b31e98c8d2b97bd14d4f93782c0ed");
    assert_eq!(of_versioned(document.root()), "ce7b31e98c8d2b97bd14d4f93782c0ed");
    let early = Document::parse(text.replace("3.16.1", "3.0.1")).expect("well-formed");
    assert_eq!(of_versioned(early.root()), of_file(early.root()));
}

#[test]
fn parameters_are_sorted_by_name() {
    assert_eq!(of_parameters([]), "f2317cad3d54cec5d7d7aa7d0bf35cf8");
    let (a, b) = (("a", "1"), ("b", "<2>"));
    assert_eq!(of_parameters([a, b]), of_parameters([b, a, ("a", "later")]));
    assert_ne!(of_parameters([a]), of_parameters([b]));
}

#[test]
fn only_what_makes_the_resource_takes_part() {
    for (name, once, repeated) in [
        ("ip", true, true),
        ("CRM_meta_timeout", false, true),
        ("CRM_meta_interval", false, false),
        ("id", false, false),
        ("crm_feature_set", false, false),
        ("on_node_uuid", false, false),
        ("pcmk_external_ip", false, false),
        ("pcmk_host_list", true, true),
    ] {
        assert_eq!((is_digested(name, 0), is_digested(name, 10_000)), (once, repeated), "{name}");
    }
    assert!(lists("  hang state ", "state") && !lists(" hang ", "han") && !lists(" ", ""));
}
