//! What patchsets say, against `crm_diff` of Pacemaker 2.1.5.

use super::{cib, read, text, words};
use cib::digest::of_content;
use cib::patch::{Options, create};

/// Elements with these letters as ids.
fn letters(letters: &str) -> String {
    letters.chars().flat_map(|id| ["<p id='".into(), id.to_string(), "'/>".into()]).collect()
}

#[test]
fn moves_are_those_the_real_tool_finds() {
    for (old, new, expected) in [
        ("abc", "acb", "mc1 mb2"),
        ("abc", "bac", "mb0 ma1"),
        ("abc", "bca", "mb0 ma2"),
        ("abc", "cab", "mc0 ma1"),
        ("abc", "cba", "mc0 ma2"),
        ("abcd", "abdc", "md2 mc3"),
        ("abcd", "acbd", "mc1 mb2"),
        ("abcd", "acdb", "mc1 mb3"),
        ("abcd", "adbc", "md1 mb2"),
        ("abcd", "adcb", "md1 mb3"),
        ("abcd", "bacd", "mb0 ma1"),
        ("abcd", "badc", "mb0 ma1 md2 mc3"),
        ("abcd", "bcad", "mb0 ma2"),
        ("abcd", "bcda", "mb0 ma3"),
        ("abcd", "bdac", "mb0 md1 ma2 mc3"),
        ("abcd", "bdca", "mb0 md1 mc2 ma3"),
        ("abcd", "cabd", "mc0 ma1"),
        ("abcd", "cadb", "mc0 ma1 md2 mb3"),
        ("abcd", "cbad", "mc0 ma2"),
        ("abcd", "cbda", "mc0 ma3"),
        ("abcd", "cdab", "mc0 md1 ma2 mb3"),
        ("abcd", "cdba", "mc0 md1 mb2 ma3"),
        ("abcd", "dabc", "md0 ma1"),
        ("abcd", "dacb", "md0 ma1 mc2 mb3"),
        ("abcd", "dbac", "md0 ma2"),
        ("abcd", "dbca", "md0 ma3"),
        ("abcd", "dcab", "md0 mc1 ma2 mb3"),
        ("abcd", "dcba", "md0 mc1 mb2 ma3"),
        ("abcd", "acd", "db"),
        ("abcd", "dacb", "md0 ma1 mc2 mb3"),
        ("abcd", "xabcd", "cx0"),
        ("abcd", "axbcd", "cx1"),
        ("abcd", "bdx", "da dc cx2"),
        ("abc", "cxa", "db mc0 cx1 ma2"),
        ("abcd", "xdcba", "cx0 md1 mc2 mb3 ma4"),
        ("ab", "xba", "cx0 mb1 ma2"),
        ("abc", "bxac", "mb0 cx1 ma2"),
        ("abcde", "edcba", "me0 md1 mb3 ma4"),
        ("abcde", "bcdea", "mb0 ma4"),
        ("abcde", "eabcd", "me0 ma1"),
    ] {
        assert_eq!(words(&letters(old), &letters(new)), expected, "{old} {new}");
    }
}

#[test]
fn elements_a_path_cannot_tell_apart_go_and_come_anew() {
    assert_eq!(
        words("<x><b v='1'/><b v='2'/></x>", "<x><b v='2'/><b v='1'/></x>"),
        "db db cb0 cb1"
    );
    assert_eq!(words("<x><b v='1'/><b v='2'/></x>", "<x><b v='1'/></x>"), "db db cb0");
    assert_eq!(words("<x><b id='1'/></x>", "<x><b/><b id='1'/></x>"), "d1 cb0 c11");
    assert_eq!(words("<x><b i='1'/><c/></x>", "<x><c/><b i='2'/></x>"), "mc0 sb mb1");
    assert_eq!(words("<x><b id='1'>t</b></x>", "<x><b id='1'>u</b></x>"), "d1 c10");
}

#[test]
fn comments_are_told_apart_by_text_and_place() {
    assert_eq!(
        words("<x><!--1--><b id='a'/><!--2--></x>", "<x><!--2--><b id='a'/><!--1--></x>"),
        "dcomment0 dcomment1 c#comment0 c#comment2"
    );
    assert_eq!(
        words("<x><!--1--><b id='a'/><!--2--></x>", "<x><b id='a'/><!--2--></x>"),
        "dcomment0"
    );
}

/// A configuration before a change, the same after it, and what the real tool printed of the two.
const BEFORE: &str = r#"<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="5" num_updates="2" admin_epoch="0">
<configuration>
<crm_config>
<cluster_property_set id="s">
<nvpair id="n1" name="a" value="1"/>
<nvpair id="n2" name="b" value="2"/>
<nvpair id="n3" name="c" value="3"/>
</cluster_property_set>
</crm_config>
<nodes>
<node id="1" uname="n1"/>
</nodes>
<resources>
<primitive id="p" class="ocf" type="D">
<!-- one -->
<meta_attributes id="m">
<nvpair id="m1" name="x" value="y"/>
</meta_attributes>
</primitive>
<primitive id="q" class="ocf" type="D"/>
<primitive id="r" class="ocf" type="D"/>
</resources>
<constraints/>
</configuration>
<status/>
</cib>"#;
const AFTER: &str = r#"<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="6" num_updates="0" admin_epoch="0" have-quorum="1">
<configuration>
<crm_config>
<cluster_property_set id="s">
<nvpair id="n2" name="b" value="22" x="1"/>
<nvpair id="n4" name="d" value="4"/>
<nvpair id="n3" value="3"/>
</cluster_property_set>
</crm_config>
<nodes/>
<resources>
<primitive id="r" class="ocf" type="D"/>
<primitive id="p" class="ocf" type="D">
<!-- two -->
<meta_attributes id="m">
<nvpair id="m1" name="x" value="y"/>
</meta_attributes>
</primitive>
<primitive id="q" class="ocf" type="D"/>
</resources>
<constraints>
<rsc_location id="l" rsc="p">
<rule id="u"/>
</rsc_location>
</constraints>
</configuration>
<status/>
</cib>"#;
const PRINTED: &str = r#"<diff format="2" digest="251f362f73e7730df9b1649b6ec1d7a3">
  <version>
    <source admin_epoch="0" epoch="5" num_updates="2"/>
    <target admin_epoch="0" epoch="6" num_updates="0"/>
  </version>
  <change operation="delete" path="/cib/configuration/crm_config/cluster_property_set[@id=&apos;s&apos;]/nvpair[@id=&apos;n1&apos;]"/>
  <change operation="delete" path="/cib/configuration/nodes/node[@id=&apos;1&apos;]"/>
  <change operation="delete" path="/cib/configuration/resources/primitive[@id=&apos;p&apos;]/comment" position="0"/>
  <change operation="modify" path="/cib">
    <change-list>
      <change-attr name="epoch" operation="set" value="6"/>
      <change-attr name="num_updates" operation="set" value="0"/>
      <change-attr name="have-quorum" operation="set" value="1"/>
    </change-list>
    <change-result>
      <cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="6" num_updates="0" admin_epoch="0" have-quorum="1"/>
    </change-result>
  </change>
  <change operation="modify" path="/cib/configuration/crm_config/cluster_property_set[@id=&apos;s&apos;]/nvpair[@id=&apos;n2&apos;]">
    <change-list>
      <change-attr name="value" operation="set" value="22"/>
      <change-attr name="x" operation="set" value="1"/>
    </change-list>
    <change-result>
      <nvpair id="n2" name="b" value="22" x="1"/>
    </change-result>
  </change>
  <change operation="create" path="/cib/configuration/crm_config/cluster_property_set[@id=&apos;s&apos;]" position="1">
    <nvpair id="n4" name="d" value="4"/>
  </change>
  <change operation="modify" path="/cib/configuration/crm_config/cluster_property_set[@id=&apos;s&apos;]/nvpair[@id=&apos;n3&apos;]">
    <change-list>
      <change-attr name="name" operation="unset"/>
    </change-list>
    <change-result>
      <nvpair id="n3" value="3"/>
    </change-result>
  </change>
  <change operation="move" path="/cib/configuration/resources/primitive[@id=&apos;r&apos;]" position="0"/>
  <change operation="create" path="/cib/configuration/resources/primitive[@id=&apos;p&apos;]" position="0">
    <!-- two -->
  </change>
  <change operation="move" path="/cib/configuration/resources/primitive[@id=&apos;p&apos;]" position="1"/>
  <change operation="create" path="/cib/configuration/constraints" position="0">
    <rsc_location id="l" rsc="p">
      <rule id="u"/>
    </rsc_location>
  </change>
</diff>
"#;

#[test]
fn a_patchset_is_printed_as_the_real_tool_prints_it() {
    let (before, after) = (read(BEFORE), read(AFTER));
    let options = Options { versions: true, digest: true };
    let patch = create(&before, &after, options).expect("a difference");
    assert_eq!(text(&patch), PRINTED);
    assert_eq!(patch.root().get("digest"), Some(of_content(after.root()).as_str()));
}

#[test]
fn without_versions_they_take_no_part() {
    let options = Options { versions: false, digest: false };
    assert_eq!(create(&cib(1, "<a/>"), &cib(2, "<a/>"), options), None);
    let patch = create(&cib(1, "<a/>"), &cib(2, ""), options).expect("a difference");
    assert_eq!(
        text(&patch),
        "<diff format=\"2\">\n  <change operation=\"delete\" path=\"/cib/a\"/>\n</diff>\n"
    );
}
