//! Small clusters of our own, and what the plan for each is.

use cib::xml::Document;
use scheduler::{Request, Simulation, simulate};

/// When it all happens (epoch seconds); nothing here depends on it.
const NOW: i64 = 1_700_000_000;

/// Two nodes that are up; resources, constraints and what node1 remembers are filled in.
fn cluster(resources: &str, constraints: &str, history: &str) -> Document {
    let node = |id: &str, lrm: &str| {
        format!(
            "<node_state id=\"{id}\" uname=\"{id}\" in_ccm=\"true\" crmd=\"online\" join=\"member\" \
             expected=\"member\"><lrm id=\"{id}\"><lrm_resources>{lrm}</lrm_resources></lrm></node_state>"
        )
    };
    let text = format!(
        "<cib have-quorum=\"1\" validate-with=\"pacemaker-3.10\"><configuration>\
         <crm_config><cluster_property_set id=\"cib-bootstrap-options\">\
         <nvpair id=\"o1\" name=\"fencing-enabled\" value=\"false\"/></cluster_property_set></crm_config>\
         <nodes><node id=\"node1\" uname=\"node1\"/><node id=\"node2\" uname=\"node2\"/></nodes>\
         <resources>{resources}</resources><constraints>{constraints}</constraints></configuration>\
         <status>{}{}</status></cib>",
        node("node1", history),
        node("node2", "")
    );
    Document::parse(text).expect("the test's document is well formed")
}

fn dummy(id: &str) -> String {
    format!("<primitive id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/>")
}

/// What a node remembers of a resource that runs there.
fn running(id: &str, then: &str) -> String {
    format!(
        "<lrm_resource id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">\
         <lrm_rsc_op id=\"{id}_last_0\" operation=\"start\" interval=\"0\" call-id=\"2\" rc-code=\"0\" \
         op-status=\"0\" transition-key=\"1:1:0:x\" op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"/>{then}\
         </lrm_resource>"
    )
}

fn planned(document: &Document) -> Simulation {
    simulate(document.clone(), &Request { wall: NOW, carry_out: true, ..Request::default() })
}

fn keys(found: &Simulation) -> Vec<String> {
    let graph = &found.plan.graph;
    graph.synapses().iter().map(|synapse| graph.str(synapse.action.key).to_owned()).collect()
}

#[test]
fn a_resource_is_probed_everywhere_and_starts_where_it_likes_to_be() {
    let like = "<rsc_location id=\"l\" rsc=\"a\" node=\"node2\" score=\"5\"/>";
    let found = planned(&cluster(&dummy("a"), like, ""));
    assert!(found.plan.summary.contains("Start      a       ( node2 )"), "{}", found.plan.summary);
    assert_eq!(keys(&found).iter().filter(|key| *key == "a_monitor_0").count(), 2);
}

#[test]
fn a_plan_carried_out_leaves_a_group_running_in_one_place_and_nothing_to_do() {
    let group = format!("<group id=\"g\">{}{}</group>", dummy("a"), dummy("b"));
    let found = planned(&cluster(&group, "", ""));
    let after = found.after.expect("carried out").document;
    let status = scheduler::status_of(&after, NOW, false);
    for id in ["a", "b"] {
        let line = format!("{id}	(ocf:pacemaker:Dummy):	 Started node1");
        assert!(status.contains(&line), "{status}");
    }
    let again = planned(&after);
    assert_eq!(keys(&again), Vec::<String>::new(), "{}", again.text());
}

#[test]
fn what_must_be_together_is_together() {
    let together = "<rsc_colocation id=\"c\" rsc=\"b\" with-rsc=\"a\" score=\"INFINITY\"/>\
         <rsc_location id=\"l\" rsc=\"a\" node=\"node2\" score=\"1\"/>";
    let found = planned(&cluster(&(dummy("b") + &dummy("a")), together, ""));
    assert!(found.text().contains("b\t(ocf:pacemaker:Dummy):\t Started node2"), "{}", found.text());
}

#[test]
fn a_tag_may_be_one_side_of_a_colocation_but_not_both() {
    let tags = "<tags><tag id=\"t\"><obj_ref id=\"a\"/><obj_ref id=\"b\"/></tag>\
                <tag id=\"u\"><obj_ref id=\"c\"/></tag></tags>";
    let with = |primary: &str| {
        let constraints = format!(
            "<rsc_colocation id=\"o\" rsc=\"t\" with-rsc=\"{primary}\" with-rsc-role=\"Started\" \
             score=\"INFINITY\"/></constraints>{tags}<constraints>"
        );
        let all: String = ["a", "b", "c"].map(dummy).concat();
        planned(&cluster(&all, &constraints, "")).plan.summary
    };
    let places =
        |summary: &str| (summary.matches("node1").count(), summary.matches("node2").count());
    assert_eq!(places(&with("c")), (3, 0));
    assert_eq!(places(&with("u")), (2, 1), "nobody is bound to anybody");
}

#[test]
fn what_is_ordered_waits_in_the_graph() {
    let order = "<rsc_order id=\"o\" first=\"a\" then=\"b\"/>";
    let found = planned(&cluster(&(dummy("a") + &dummy("b")), order, ""));
    let graph = &found.plan.graph;
    let of = |key: &str| {
        let all = graph.synapses().iter();
        *all.clone().find(|one| graph.str(one.action.key) == key).expect("it is planned")
    };
    let (first, then) = (of("a_start_0"), of("b_start_0"));
    assert!(graph.inputs_of(&then).contains(&first.action.id));
}

#[test]
fn what_only_may_wait_for_another_does_not_stop_with_it() {
    // The first ordering of two starts counts; of the second only the reverse is left, stop to stop.
    let order = "<rsc_order id=\"o1\" first=\"a\" then=\"b\" kind=\"Optional\" symmetrical=\"false\"/>\
                 <rsc_order id=\"o2\" first=\"a\" then=\"b\"/>\
                 <rsc_location id=\"l\" rsc=\"a\" node=\"node2\" score=\"INFINITY\"/>\
                 <rsc_location id=\"m\" rsc=\"b\" node=\"node1\" score=\"INFINITY\"/>";
    let history = running("a", "") + &running("b", "");
    let found = planned(&cluster(&(dummy("a") + &dummy("b")), order, &history));
    let keys = keys(&found);
    assert!(keys.contains(&"a_stop_0".to_owned()), "{keys:?}");
    assert!(!keys.contains(&"b_stop_0".to_owned()), "{keys:?}");
}

#[test]
fn exclusive_discovery_counts_also_where_the_location_is_of_the_promoted_role() {
    let like = "<rsc_location id=\"l\" rsc=\"a\" node=\"node2\" score=\"5\" role=\"Promoted\" \
                resource-discovery=\"exclusive\"/>";
    let found = planned(&cluster(&dummy("a"), like, ""));
    assert_eq!(keys(&found), Vec::<String>::new(), "no node is one to look at");
}

#[test]
fn a_failed_stop_without_fencing_blocks_the_resource() {
    let failed = "<lrm_rsc_op id=\"a_last_failure_0\" operation=\"stop\" interval=\"0\" call-id=\"3\" \
                  rc-code=\"1\" op-status=\"4\" transition-key=\"2:2:0:x\"/>";
    let found = planned(&cluster(&dummy("a"), "", &running("a", failed)));
    assert!(found.text().contains("FAILED node1 (blocked)"), "{}", found.text());
    assert!(!keys(&found).contains(&"a_stop_0".to_owned()));
}

#[test]
fn a_resource_that_is_not_configured_any_more_stops_and_is_forgotten() {
    let found = planned(&cluster("", "", &running("a", "")));
    assert_eq!(keys(&found), ["a_stop_0", "a_delete_0"].map(str::to_owned));
}

#[test]
fn a_document_without_a_configuration_gives_an_empty_plan() {
    let found = planned(&Document::parse("<cib/>").expect("it is well formed"));
    assert_eq!(keys(&found), Vec::<String>::new());
}

#[test]
fn colocations_and_orderings_in_a_circle_end_in_a_plan() {
    let circle = "<rsc_colocation id=\"c1\" rsc=\"a\" with-rsc=\"b\" score=\"INFINITY\"/>\
                  <rsc_colocation id=\"c2\" rsc=\"b\" with-rsc=\"a\" score=\"INFINITY\"/>\
                  <rsc_order id=\"o1\" first=\"a\" then=\"b\"/><rsc_order id=\"o2\" first=\"b\" then=\"a\"/>";
    let found = planned(&cluster(&(dummy("a") + &dummy("b")), circle, ""));
    assert!(found.text().contains("Revised Cluster Status"));
}

#[test]
fn what_is_beginning_nowhere_else_is_shown_where_it_begins() {
    // The stop is newer than the start that never came back: call numbers say it.
    let ops = "<lrm_resource id=\"a\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">\
               <lrm_rsc_op id=\"a_start_0\" operation=\"start\" interval=\"0\" call-id=\"3\" \
               rc-code=\"1\" op-status=\"-1\" transition-key=\"1:1:0:x\"/>\
               <lrm_rsc_op id=\"a_stop_0\" operation=\"stop\" interval=\"0\" call-id=\"9\" \
               rc-code=\"0\" op-status=\"0\" transition-key=\"1:0:0:x\"/></lrm_resource>";
    let like = "<rsc_location id=\"l\" rsc=\"a\" node=\"node2\" score=\"5\"/>";
    let found = planned(&cluster(&dummy("a"), like, ops));
    assert!(found.plan.status.contains("Starting node1"), "{}", found.plan.status);
    assert!(found.plan.summary.contains("Start      a       ( node2 )"), "{}", found.plan.summary);
}

#[test]
fn a_lock_is_over_the_second_after_its_limit() {
    let history =
        running("a", "").replace("type=\"Dummy\">", "type=\"Dummy\" shutdown-lock=\"1699999990\">");
    let mut document = cluster(&dummy("a"), "", &history);
    for (name, value) in [("shutdown-lock", "true"), ("shutdown-lock-limit", "60s")] {
        let root = document.root();
        let options = root
            .child("configuration")
            .and_then(|all| all.child("crm_config"))
            .and_then(|all| all.child("cluster_property_set"))
            .expect("options")
            .id();
        let pair = document.append(options, "nvpair");
        document.set(pair, "id", name);
        document.set(pair, "name", name);
        document.set(pair, "value", value);
    }
    assert_eq!(planned(&document).plan.graph.settings.recheck_by, Some(1_700_000_051));
}
