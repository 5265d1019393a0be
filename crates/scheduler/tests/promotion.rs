//! Promotable clones: who is promoted, and what colocations and failures mean to that.

use std::fmt::Write as _;

use cib::xml::Document;
use scheduler::{Request, Simulation, simulate};

/// When it all happens (epoch seconds); nothing here depends on it.
const NOW: i64 = 1_700_000_000;

/// A member, what it remembers, and the promotion score of `s` on it.
struct Member<'t> {
    name: &'t str,
    up: bool,
    score: Option<u32>,
    history: String,
}

/// A cluster of these members that does or does not fence.
fn cluster(fencing: bool, members: &[Member<'_>], resources: &str, constraints: &str) -> Document {
    let mut nodes = String::new();
    let mut states = String::new();
    for Member { name, up, score, history } in members {
        let _ = write!(
            nodes,
            "<node id=\"{name}\" uname=\"{name}\"><instance_attributes id=\"{name}-a\">\
             <nvpair id=\"{name}-site\" name=\"site\" value=\"one\"/></instance_attributes></node>"
        );
        let how = if *up {
            "in_ccm=\"true\" crmd=\"online\" join=\"member\" expected=\"member\""
        } else {
            "in_ccm=\"false\" crmd=\"offline\" join=\"down\" expected=\"down\""
        };
        let score = score.map_or_else(String::new, |score| {
            format!(
                "<transient_attributes id=\"{name}\"><instance_attributes id=\"{name}-t\">\
                 <nvpair id=\"{name}-m\" name=\"master-s\" value=\"{score}\"/>\
                 </instance_attributes></transient_attributes>"
            )
        });
        let _ = write!(
            states,
            "<node_state id=\"{name}\" uname=\"{name}\" {how}>{score}<lrm id=\"{name}\">\
             <lrm_resources>{history}</lrm_resources></lrm></node_state>"
        );
    }
    let text = format!(
        "<cib have-quorum=\"1\" validate-with=\"pacemaker-3.10\"><configuration>\
         <crm_config><cluster_property_set id=\"o\">\
         <nvpair id=\"o1\" name=\"fencing-enabled\" value=\"{fencing}\"/></cluster_property_set>\
         </crm_config><nodes>{nodes}</nodes><resources>{resources}</resources>\
         <constraints>{constraints}</constraints></configuration><status>{states}</status></cib>"
    );
    Document::parse(text).expect("the test's document is well formed")
}

fn did(id: &str, operation: &str) -> String {
    format!(
        "<lrm_resource id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"Stateful\">\
         <lrm_rsc_op id=\"{id}_last_0\" operation=\"{operation}\" interval=\"0\" call-id=\"2\" \
         rc-code=\"0\" op-status=\"0\" transition-key=\"1:1:0:x\" \
         op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"/></lrm_resource>"
    )
}

fn up(name: &str, score: Option<u32>, history: String) -> Member<'_> {
    Member { name, up: true, score, history }
}

fn promotable(clone: &str, id: &str, promoted_max: u32) -> String {
    format!(
        "<clone id=\"{clone}\"><meta_attributes id=\"{clone}-m\">\
         <nvpair id=\"{clone}-p\" name=\"promotable\" value=\"true\"/>\
         <nvpair id=\"{clone}-x\" name=\"promoted-max\" value=\"{promoted_max}\"/></meta_attributes>\
         <primitive id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"Stateful\"/></clone>"
    )
}

fn planned(document: &Document) -> Simulation {
    simulate(document.clone(), &Request { wall: NOW, carry_out: true, ..Request::default() })
}

/// The scores in which a line of the score output ends, in their order.
fn scores(found: &Simulation, resource: &str, emitter: Option<&str>) -> Vec<String> {
    let lines = found.plan.scores.iter();
    lines
        .filter(|line| line.resource == resource && line.emitter == emitter)
        .map(|line| line.score.to_string())
        .collect()
}

#[test]
fn who_must_be_promoted_with_what_runs_nowhere_is_not_promoted() {
    let stopped = "<primitive id=\"a\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">\
                   <meta_attributes id=\"a-m\"><nvpair id=\"a-t\" name=\"target-role\" \
                   value=\"Stopped\"/></meta_attributes></primitive>";
    let together = "<rsc_colocation id=\"c\" rsc=\"ms\" rsc-role=\"Promoted\" with-rsc=\"a\" \
                    score=\"INFINITY\"/>";
    let members = [up("node1", Some(10), did("s", "start")), up("node2", None, did("s", "start"))];
    let resources = promotable("ms", "s", 1) + stopped;
    let found = planned(&cluster(false, &members, &resources, together));
    assert_eq!(scores(&found, "s:0", None), ["-INFINITY"]);
    assert!(!found.text().contains("Promoted: ["), "{}", found.text());
}

#[test]
fn a_promoted_role_follows_another_by_a_node_attribute() {
    let together = "<rsc_colocation id=\"c\" rsc=\"mt\" rsc-role=\"Promoted\" with-rsc=\"ms\" \
                    with-rsc-role=\"Promoted\" score=\"INFINITY\" node-attribute=\"site\"/>";
    let both = || did("s", "start") + &did("t", "start");
    let members = [up("node1", Some(10), both()), up("node2", None, both())];
    let resources = promotable("ms", "s", 1) + &promotable("mt", "t", 2);
    let found = planned(&cluster(false, &members, &resources, together));
    assert_eq!(scores(&found, "t:0", None), ["INFINITY"]);
    assert_eq!(scores(&found, "t:1", None), ["INFINITY"]);
}

#[test]
fn histories_are_read_in_the_order_of_the_status_section_where_there_is_fencing() {
    // The stop on the node that is gone is of the instance that then turns out to run on node3;
    // so node1's promotion score is one of the third instance too, of which nothing is known.
    let gone = Member { name: "node2", up: false, score: None, history: did("s", "stop") };
    let fence = "<primitive id=\"f\" class=\"stonith\" type=\"fence_x\"/>";
    let history = || did("s", "start");
    let members = [up("node1", Some(10), history()), gone, up("node3", Some(5), history())];
    let resources = promotable("ms", "s", 1) + fence;
    let found = planned(&cluster(true, &members, &resources, ""));
    let third = scores(&found, "s:2", Some("pcmk__clone_assign"));
    assert_eq!(third, ["10", "0", "5"]);
}

#[test]
fn a_unique_instance_that_failed_for_good_takes_no_other_with_it() {
    let failed = "<lrm_resource id=\"s:0\" class=\"ocf\" provider=\"pacemaker\" type=\"Stateful\">\
                  <lrm_rsc_op id=\"f\" operation=\"monitor\" interval=\"10000\" call-id=\"2\" \
                  rc-code=\"1\" op-status=\"4\" transition-key=\"1:1:0:x\"/></lrm_resource>";
    let unique = "<clone id=\"c\"><meta_attributes id=\"m\">\
                  <nvpair id=\"u\" name=\"globally-unique\" value=\"true\"/></meta_attributes>\
                  <primitive id=\"s\" class=\"ocf\" provider=\"pacemaker\" type=\"Stateful\">\
                  <operations><op id=\"o\" name=\"monitor\" interval=\"10s\" on-fail=\"stop\"/>\
                  </operations></primitive></clone>";
    let members = [up("node1", None, failed.to_owned()), up("node2", None, did("s:1", "start"))];
    let found = planned(&cluster(false, &members, unique, ""));
    let after = found.after.as_ref().expect("carried out");
    let status = scheduler::status_of(&after.document, NOW, false);
    assert!(status.contains("s:0\t(ocf:pacemaker:Stateful):\t Stopped"), "{status}");
    assert!(status.contains("s:1\t(ocf:pacemaker:Stateful):\t Started node2"), "{status}");
}

#[test]
fn a_promoted_instance_that_is_demoted_and_promoted_again_stays_monitored() {
    let history = "<lrm_resource id=\"s\" class=\"ocf\" provider=\"pacemaker\" type=\"Stateful\">\
                   <lrm_rsc_op id=\"s_last_0\" operation=\"promote\" interval=\"0\" call-id=\"2\" \
                   rc-code=\"0\" op-status=\"0\" transition-key=\"1:1:0:x\" \
                   op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"/>\
                   <lrm_rsc_op id=\"s_monitor_10000\" operation=\"monitor\" interval=\"10000\" \
                   call-id=\"3\" rc-code=\"8\" op-status=\"0\" transition-key=\"2:1:8:x\" \
                   op-digest=\"4811cef7f7f94e3a35a70be7916cb2fd\"/>\
                   <lrm_rsc_op id=\"s_last_failure_0\" operation=\"monitor\" interval=\"10000\" \
                   call-id=\"4\" rc-code=\"1\" op-status=\"4\" transition-key=\"2:1:8:x\" \
                   op-digest=\"4811cef7f7f94e3a35a70be7916cb2fd\"/></lrm_resource>";
    let monitored = promotable("ms", "s", 1).replace(
        "/></clone>",
        "><operations><op id=\"o\" name=\"monitor\" interval=\"10s\" role=\"Promoted\" \
         on-fail=\"demote\"/></operations></primitive></clone>",
    );
    let members = [up("node1", Some(10), history.to_owned())];
    let text = planned(&cluster(false, &members, &monitored, "")).text();
    assert!(text.contains("promote on node1"), "{text}");
    assert!(!text.contains("monitor=10000"), "{text}");
}

#[test]
fn a_dependent_that_may_run_nowhere_changes_no_promotion_score() {
    let dependent = "<primitive id=\"a\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/>";
    let nowhere = "<rsc_location id=\"l1\" rsc=\"a\" node=\"node1\" score=\"-INFINITY\"/>\
                   <rsc_location id=\"l2\" rsc=\"a\" node=\"node2\" score=\"-INFINITY\"/>\
                   <rsc_colocation id=\"c\" rsc=\"a\" with-rsc=\"ms\" with-rsc-role=\"Promoted\" \
                   score=\"INFINITY\"/>";
    let members =
        [up("node1", Some(10), did("s", "start")), up("node2", Some(5), did("s", "start"))];
    let resources = promotable("ms", "s", 1) + dependent;
    let found = planned(&cluster(false, &members, &resources, nowhere));
    assert_eq!(scores(&found, "s:0", None), ["10"]);
}

#[test]
fn a_promotion_score_does_not_count_where_the_instance_may_not_be() {
    let gone = Member { name: "node2", up: false, score: Some(5), history: did("s", "start") };
    let fence = "<primitive id=\"f\" class=\"stonith\" type=\"fence_x\"/>";
    let unmanaged = promotable("ms", "s", 1).replace(
        "<meta_attributes id=\"ms-m\">",
        "<meta_attributes id=\"ms-m\"><nvpair id=\"n\" name=\"is-managed\" value=\"false\"/>",
    );
    let members = [up("node1", Some(10), did("s", "promote")), gone];
    let found = planned(&cluster(true, &members, &(unmanaged + fence), ""));
    assert_eq!(scores(&found, "s:1", None), ["-1"]);
}

#[test]
fn a_history_is_compared_with_the_instance_of_its_name() {
    let other = "<lrm_resource id=\"s:0\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">\
                 <lrm_rsc_op id=\"s:0_last_0\" operation=\"monitor\" interval=\"0\" call-id=\"2\" \
                 rc-code=\"7\" op-status=\"0\" transition-key=\"1:1:7:x\"/></lrm_resource>";
    let members = [up("node1", None, did("s:0", "start")), up("node2", None, other.to_owned())];
    let one = promotable("ms", "s", 1).replace(
        "<meta_attributes id=\"ms-m\">",
        "<meta_attributes id=\"ms-m\"><nvpair id=\"n\" name=\"clone-max\" value=\"1\"/>",
    );
    let text = planned(&cluster(false, &members, &one, "")).text();
    assert!(text.lines().any(|line| line.ends_with("delete on node2")), "{text}");
}

#[test]
fn a_promotion_that_waits_for_an_impossible_start_is_told_as_blocked() {
    let members = [up("node1", Some(10), String::new())];
    let mut document = cluster(false, &members, &promotable("ms", "s", 1), "");
    let root = document.root().id();
    document.set(root, "have-quorum", "0");
    let summary = planned(&document).plan.summary;
    let promoted = |line: &str| line.contains("Promote ") && line.ends_with("blocked");
    assert!(summary.lines().any(promoted), "{summary}");
}
