//! From `crm.dtd`, the form of Heartbeat 2.

use super::{becomes, upgraded};
use cib::upgrade::{Generation, generation};
use cib::xml::Document;

const SCHEMA: &str = "transitional-0.6";
const FENCING_OFF: &str = "<crm_config><cluster_property_set id='cib-bootstrap-options'>\
    <nvpair id='o' name='fencing-enabled' value='false'/></cluster_property_set></crm_config>";

#[test]
fn the_features_of_heartbeat_2_are_recognized_without_a_schema() {
    let age = |text: &str| generation(&Document::parse(text).expect("well-formed"));
    assert_eq!(age("<cib have_quorum='true'/>"), Generation::V0);
    assert_eq!(age("<cib validate-with='pacemaker-0.6'/>"), Generation::V0);
    assert_eq!(age("<cib have-quorum='1'/>"), Generation::V1);
    assert_eq!(age("<cib validate-with='pacemaker-1.3'/>"), Generation::V1);
    assert_eq!(age("<cib validate-with='pacemaker-2.10'/>"), Generation::V2);
}

#[test]
fn fencing_is_off_unless_it_was_asked_for() {
    let (after, _) = upgraded(SCHEMA, "<crm_config/>");
    assert!(after.contains("name=\"fencing-enabled\" value=\"false\""), "{after}");
    becomes(
        SCHEMA,
        "<crm_config><cluster_property_set id='s'><attributes><nvpair id='o' name='stonith_enabled' value='yes'/>\
         <nvpair id='p' name='transition_idle_timeout' value='60'/></attributes></cluster_property_set></crm_config>",
        "<crm_config><cluster_property_set id='s'><nvpair id='o' name='fencing-enabled' value='yes'/>\
         <nvpair id='p' name='cluster-delay' value='60'/></cluster_property_set></crm_config>",
    );
}

#[test]
fn settings_of_resources_become_meta_attributes() {
    let before = "<resources><primitive id='p' class='lsb' provider='heartbeat' type='x' is_managed='false'>\
         <instance_attributes id='i'><attributes><nvpair id='n1' name='target_role' value='stopped'/>\
         <nvpair id='n2' name='ip' value='y'/></attributes></instance_attributes>\
         <operations><op id='n3' name='start' prereq='quorum' on_fail='block' disabled='1'/></operations></primitive></resources>";
    let after = "<resources><primitive id='p' class='lsb' type='x'>\
         <instance_attributes id='i'><nvpair id='n2' name='ip' value='y'/></instance_attributes>\
         <operations><op id='n3' name='start' on-fail='block' enabled='false' interval='0'/></operations>\
         <meta_attributes id='p-meta_attributes'><nvpair id='p-is-managed' name='is-managed' value='false'/>\
         <nvpair id='p-target-role' name='target-role' value='stopped'/></meta_attributes>\
         <meta_attributes id='p-requires-meta'><nvpair id='p-requires' name='requires' value='quorum'/></meta_attributes>\
         </primitive></resources>";
    becomes(SCHEMA, &format!("{FENCING_OFF}{before}"), &format!("{FENCING_OFF}{after}"));
}

#[test]
fn clones_tell_their_instances_apart_unless_told_otherwise() {
    let (after, _) = upgraded(
        SCHEMA,
        "<resources><master_slave id='m'><primitive id='p'/></master_slave></resources>",
    );
    assert!(after.contains("<clone id=\"m\">"), "{after}");
    assert!(after.contains("name=\"globally-unique\" value=\"true\""), "{after}");
    assert!(after.contains("name=\"promotable\" value=\"true\""), "{after}");
    let (after, _) = upgraded(
        SCHEMA,
        "<resources><clone id='c' globally_unique='false'><primitive id='p'/></clone></resources>",
    );
    assert!(!after.contains("value=\"true\""), "{after}");
}

#[test]
fn constraints_name_first_and_then() {
    let before = "<constraints><rsc_order id='1' from='a' to='b'/><rsc_order id='2' from='a' type='before' action='stop' to='b'/>\
         <rsc_colocation id='3' from='a' to='b' to_role='master' score='-infinity' symmetrical='true'/>\
         <rsc_location id='4' rsc='a'><rule id='r' score='10.5'/></rsc_location></constraints>";
    let after = "<constraints><rsc_order id='auto-1' first='b' then='a'/>\
         <rsc_order id='auto-2' first='a' then='b' first-action='stop' then-action='stop'/>\
         <rsc_colocation id='auto-3' score='-INFINITY' rsc='a' with-rsc='b' with-rsc-role='Promoted'/>\
         <rsc_location id='auto-4' rsc='a'><rule id='r' score='10'><expression id='r-always' attribute='#uname' operation='defined'/>\
         </rule></rsc_location></constraints>";
    becomes(SCHEMA, &format!("{FENCING_OFF}{before}"), &format!("{FENCING_OFF}{after}"));
}

#[test]
fn ids_no_longer_allowed_change_with_all_that_name_them() {
    let before = "<resources><primitive id='1p'/></resources><constraints><rsc_location id='a:b' rsc='1p'/></constraints>";
    let after = "<resources><primitive id='auto-1p'/></resources><constraints><rsc_location id='a-b' rsc='auto-1p'/></constraints>";
    becomes(SCHEMA, &format!("{FENCING_OFF}{before}"), &format!("{FENCING_OFF}{after}"));
}
