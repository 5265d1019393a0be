//! From 3.x.

use super::{becomes, upgraded};

const SCHEMA: &str = "pacemaker-3.9";

#[test]
fn masters_are_promotable_clones() {
    becomes(
        SCHEMA,
        "<resources><master id='m'><meta_attributes id='a'><nvpair id='b' name='master-max' value='2'/>\
         </meta_attributes><primitive id='p'/></master></resources>",
        "<resources><clone id='m'><meta_attributes id='m-promotable-meta'><nvpair id='m-promotable' \
         name='promotable' value='true'/></meta_attributes><meta_attributes id='a'>\
         <nvpair id='b' name='promoted-max' value='2'/></meta_attributes><primitive id='p'/></clone></resources>",
    );
    becomes(
        SCHEMA,
        "<resources><bundle id='b'><docker image='i' masters='1'/></bundle></resources>",
        "<resources><bundle id='b'><docker image='i' promoted-max='1'/></bundle></resources>",
    );
}

#[test]
fn roles_have_their_new_names_everywhere() {
    becomes(
        SCHEMA,
        "<resources><primitive id='p'><op role='Master'/><meta_attributes id='m'>\
         <nvpair id='n' name='target-role' value='slave'/></meta_attributes></primitive></resources>\
         <constraints><rsc_colocation rsc-role='Slave' with-rsc-role='Master'/></constraints>",
        "<resources><primitive id='p'><op role='Promoted'/><meta_attributes id='m'>\
         <nvpair id='n' name='target-role' value='Unpromoted'/></meta_attributes></primitive></resources>\
         <constraints><rsc_colocation rsc-role='Unpromoted' with-rsc-role='Promoted'/></constraints>",
    );
}

#[test]
fn options_have_their_new_names_unless_those_are_used_already() {
    let set = |pairs: &str| {
        format!(
            "<crm_config><cluster_property_set id='s'>{pairs}</cluster_property_set></crm_config>"
        )
    };
    becomes(
        SCHEMA,
        &set(
            "<nvpair id='1' name='stonith-enabled' value='x'/><nvpair id='2' name='crmd-transition-delay' value='y'/>\
              <nvpair id='3' name='remove-after-stop' value='z'/><nvpair id='4' name='stonith-action' value='poweroff'/>",
        ),
        &set(
            "<nvpair id='1' name='fencing-enabled' value='x'/><nvpair id='2' name='transition-delay' value='y'/>\
              <nvpair id='4' name='fencing-action' value='off'/>",
        ),
    );
    becomes(
        SCHEMA,
        &set(
            "<nvpair id='1' name='stonith-enabled' value='x'/><nvpair id='2' name='fencing-enabled' value='y'/>",
        ),
        &set("<nvpair id='2' name='fencing-enabled' value='y'/>"),
    );
}

#[test]
fn each_rule_of_a_location_becomes_a_location() {
    let (after, notes) = upgraded(
        SCHEMA,
        "<constraints><rsc_location id='l' rsc='p' resource-discovery='never'><rule id='1'/><rule id='2'/>\
         <rule id='3'/></rsc_location><rsc_location id='l-2'/></constraints>",
    );
    let expected = "<constraints><rsc_location id='l' rsc='p' resource-discovery='never'><rule id='1'/></rsc_location>\
         <rsc_location id='l-2-2' rsc='p' resource-discovery='never'><rule id='2'/></rsc_location>\
         <rsc_location id='l-3' rsc='p' resource-discovery='never'><rule id='3'/></rsc_location>\
         <rsc_location id='l-2'/></constraints>";
    assert_eq!(after, super::text(expected));
    assert_eq!(notes.len(), 1);
}

#[test]
fn a_lifetime_becomes_a_condition() {
    becomes(
        SCHEMA,
        "<constraints><rsc_location id='l' rsc='p' node='n1' score='5'><lifetime><rule id='t' score='0'>\
         <date_expression id='d'/></rule></lifetime></rsc_location><rsc_order id='o'><lifetime/></rsc_order></constraints>",
        "<constraints><rsc_location id='l' rsc='p'><rule id='l-rule-lifetime' boolean-op='and' score='5'>\
         <rule id='l-rule'><expression id='l-node' attribute='#uname' operation='eq' value='n1'/></rule>\
         <rule id='l-rule-any' boolean-op='or'><rule id='t'><date_expression id='d'/></rule></rule></rule>\
         </rsc_location><rsc_order id='o'/></constraints>",
    );
}

#[test]
fn references_become_copies_with_ids_of_their_own() {
    becomes(
        SCHEMA,
        "<resources><primitive id='p'><operations id='ops'><op id='o' name='monitor'/></operations></primitive>\
         <primitive id='q'><operations id-ref='ops'/></primitive><primitive id='r'><operations id-ref='none'/></primitive></resources>",
        "<resources><primitive id='p'><operations id='ops'><op id='o' name='monitor'/></operations></primitive>\
         <primitive id='q'><operations id='q-ops'><op id='q-o' name='monitor'/></operations></primitive><primitive id='r'/></resources>",
    );
    becomes(
        SCHEMA,
        "<constraints><rsc_location id='l'><rule id='1'><rule id-ref='1'/></rule></rsc_location></constraints>",
        "<constraints><rsc_location id='l'><rule id='1'/></rsc_location></constraints>",
    );
}

#[test]
fn nodes_that_were_pinged_are_members_with_a_ban() {
    becomes(
        SCHEMA,
        "<nodes><node id='1' uname='gw' type='ping'/></nodes>",
        "<nodes><node id='1' uname='gw' type='member'/></nodes><constraints><rsc_location \
         id='ban-everything-gw' rsc-pattern='.*' node='gw' score='-INFINITY'/></constraints>",
    );
}

#[test]
fn what_nothing_reads_any_more_goes_with_a_word() {
    let (after, notes) = upgraded(
        SCHEMA,
        "<resources><clone id='c'><group id='g'><primitive id='u' class='upstart'/></group></clone>\
         <bundle id='b'><rkt image='i'/></bundle><primitive id='p'><op id='o' can_fail='1'/></primitive></resources>\
         <fencing-topology><fencing-level id='f9' index='9'/><fencing-level id='f10' index='10'/></fencing-topology>",
    );
    let expected = "<resources><primitive id='p'><op id='o'/></primitive></resources>\
         <fencing-topology><fencing-level id='f9' index='9'/></fencing-topology>";
    assert_eq!(after, super::text(expected));
    let concerned: Vec<_> = notes.iter().map(|note| note.element.as_str()).collect();
    assert_eq!(concerned, ["u", "b", "g", "c", "o", "f10"]);
}

#[test]
fn the_newest_form_is_left_alone() {
    let newest = "<resources><master id='m'/></resources>";
    becomes("pacemaker-4.0", newest, newest);
}
