//! From 2.x and 1.x, as `cibadmin --upgrade` of Pacemaker 2.1.5 does it (ids of new elements aside).

use super::{becomes, text, upgraded};
use cib::upgrade::to_generation_3;
use cib::xml::{Document, Style};

/// The configuration after the steps to the form of Pacemaker 2.
fn third(schema: &str, sections: &str) -> String {
    let text =
        format!("<cib validate-with='{schema}'><configuration>{sections}</configuration></cib>");
    let mut document = Document::parse(text).expect("well-formed");
    to_generation_3(&mut document);
    assert_eq!(document.root().get("validate-with"), Some("pacemaker-3.9"));
    let configuration = document.root().child("configuration").expect("a configuration");
    configuration.children().map(|section| section.to_text(Style::Compact)).collect()
}

#[test]
fn options_are_respelled_moved_to_defaults_or_dropped() {
    let before = "<crm_config><cluster_property_set id='s'>\
        <nvpair id='1' name='no_quorum_policy' value='a'/><nvpair id='2' name='maintenance_mode' value='b'/>\
        <nvpair id='3' name='default_resource_stickiness' value='c'/><nvpair id='4' name='default-action-timeout' value='d'/>\
        <nvpair id='5' name='expected-quorum-votes' value='e'/><nvpair id='6' name='transition_idle_timeout' value='f'/>\
        </cluster_property_set></crm_config>\
        <op_defaults><meta_attributes id='od'><nvpair id='7' name='requires' value='g'/></meta_attributes></op_defaults>";
    let after = "<crm_config><cluster_property_set id='s'>\
        <nvpair id='1' name='no-quorum-policy' value='a'/><nvpair id='2' name='maintenance_mode' value='b'/>\
        <nvpair id='6' name='cluster-delay' value='f'/></cluster_property_set></crm_config>\
        <op_defaults><meta_attributes id='od'><nvpair id='7' name='requires' value='g'/>\
        <nvpair id='4' name='timeout' value='d'/></meta_attributes></op_defaults>\
        <rsc_defaults><meta_attributes id='rsc-defaults'><nvpair id='3' name='resource-stickiness' value='c'/>\
        </meta_attributes></rsc_defaults>";
    assert_eq!(third("pacemaker-2.10", before), text(after));
}

#[test]
fn what_a_start_requires_is_a_matter_of_the_resource() {
    let before = "<resources><primitive id='b'><operations>\
        <op id='b1' name='monitor' requires='quorum'/><op id='b2' name='start' requires='nothing'/>\
        <op id='c2' name='monitor'><instance_attributes id='c2m'><nvpair id='c21' name='requires' value='x'/>\
        <nvpair id='c22' name='timeout' value='9'/></instance_attributes></op></operations></primitive></resources>";
    let after = "<resources><primitive id='b'><operations>\
        <op id='b1' name='monitor'/><op id='b2' name='start'/>\
        <op id='c2' name='monitor'><meta_attributes id='c2-meta'><nvpair id='c22' name='timeout' value='9'/>\
        </meta_attributes></op></operations><meta_attributes id='b-requires-meta'>\
        <nvpair id='b-requires' name='requires' value='nothing'/></meta_attributes></primitive></resources>";
    assert_eq!(third("pacemaker-2.10", before), text(after));
}

#[test]
fn fence_devices_nodes_and_isolation_follow() {
    let before = "<nodes><node id='1' type='normal'/></nodes><resources><primitive id='f'>\
        <instance_attributes id='i'><nvpair id='1a' name='pcmk_off_cmd' value='x'/><nvpair id='1b' name='pcmk_foo_cmd' value='y'/>\
        <nvpair id='1c' name='pcmk_arg_map' value='z'/></instance_attributes>\
        <meta_attributes id='m'><nvpair id='2a' name='isolation' value='x'/><nvpair id='2b' name='isolation-host' value='y'/>\
        </meta_attributes></primitive></resources>";
    let after = "<nodes><node id='1' type='member'/></nodes><resources><primitive id='f'>\
        <instance_attributes id='i'><nvpair id='1a' name='pcmk_off_action' value='x'/><nvpair id='1b' name='pcmk_foo_cmd' value='y'/>\
        </instance_attributes><meta_attributes id='m'><nvpair id='2b' name='target-role' value='Stopped'/>\
        </meta_attributes></primitive></resources>";
    assert_eq!(third("pacemaker-2.10", before), text(after));
}

#[test]
fn access_control_lists_of_early_versions_get_todays_words() {
    becomes(
        "pacemaker-1.2",
        "<acls><acl_role id='r'><read id='1' ref='a'/><write id='2' tag='primitive' attribute='x'/><deny id='3' xpath='/cib'/></acl_role>\
         <acl_user id='bob'><role_ref id='r'/></acl_user><acl_user id='eve'><read id='4' xpath='/cib'/></acl_user></acls>",
        "<acls><acl_role id='r'><acl_permission id='1' kind='read' reference='a'/>\
         <acl_permission id='2' attribute='x' kind='write' object-type='primitive'/><acl_permission id='3' xpath='/cib' kind='deny'/></acl_role>\
         <acl_target id='bob'><role id='r'/></acl_target><acl_target id='eve'><role id='auto-eve'/></acl_target>\
         <acl_role id='auto-eve'><acl_permission id='4' xpath='/cib' kind='read'/></acl_role></acls>",
    );
}

#[test]
fn a_configuration_without_schema_is_taken_for_an_early_one() {
    let (after, _) = upgraded("none", "<nodes><node id='1' type='normal'/></nodes>");
    assert_eq!(after, text("<nodes><node id='1' type='member'/></nodes>"));
}
