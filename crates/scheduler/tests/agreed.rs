//! What plans were found to have in common with Pacemaker's, on small clusters of our own.

use cib::xml::Document;
use scheduler::graph::{Graph, Synapse};
use scheduler::{Request, Simulation, simulate};
use std::fmt::Write as _;

/// When it all happens (epoch seconds); nothing here depends on it.
const NOW: i64 = 1_700_000_000;

/// How a member is, as its state in the status section says it.
const UP: &str = "in_ccm=\"true\" crmd=\"online\" join=\"member\" expected=\"member\"";
const LOST: &str = "in_ccm=\"false\" crmd=\"offline\" join=\"down\" expected=\"member\"";
const PENDING: &str = "in_ccm=\"true\" crmd=\"online\" join=\"down\" expected=\"member\"";

/// A cluster that fences, of these members (name, state, what is remembered of resources).
fn planned(members: &[(&str, &str, String)], resources: &str) -> Simulation {
    let (mut nodes, mut states) = (String::new(), String::new());
    for (name, how, history) in members {
        let _ = write!(nodes, "<node id=\"{name}\" uname=\"{name}\"/>");
        let _ = write!(
            states,
            "<node_state id=\"{name}\" uname=\"{name}\" {how}><lrm id=\"{name}\"><lrm_resources>\
             {history}</lrm_resources></lrm></node_state>"
        );
    }
    let text = format!(
        "<cib have-quorum=\"1\" validate-with=\"pacemaker-3.10\"><configuration><crm_config/>\
         <nodes>{nodes}</nodes><resources>\
         <primitive id=\"device\" class=\"stonith\" type=\"fence_xvm\"/>{resources}</resources>\
         <constraints/></configuration><status>{states}</status></cib>"
    );
    let document = Document::parse(text).expect("the test's document is well formed");
    simulate(document, &Request { wall: NOW, ..Request::default() })
}

fn primitive(id: &str, inside: &str) -> String {
    format!(
        "<primitive id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"Stateful\">{inside}</primitive>"
    )
}

fn meta(of: &str, pairs: &[(&str, &str)]) -> String {
    let mut text = format!("<meta_attributes id=\"{of}-m\">");
    for (name, value) in pairs {
        let _ = write!(text, "<nvpair id=\"{of}-{name}\" name=\"{name}\" value=\"{value}\"/>");
    }
    text + "</meta_attributes>"
}

/// What is remembered of one operation: its name, result (`0` done, `8` promoted) and status
/// (`-1` not finished yet).
fn remembered(id: &str, operation: &str, rc: u32, status: i32) -> String {
    format!(
        "<lrm_resource id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"Stateful\">\
         <lrm_rsc_op id=\"{id}_last_0\" operation=\"{operation}\" interval=\"0\" call-id=\"2\" \
         rc-code=\"{rc}\" op-status=\"{status}\" transition-key=\"1:1:0:x\" \
         transition-magic=\"{status}:{rc};1:1:0:x\"/></lrm_resource>"
    )
}

fn running(id: &str) -> String {
    remembered(id, "start", 0, 0)
}

/// The synapses of a key.
fn of<'g>(graph: &'g Graph, key: &str) -> Vec<&'g Synapse> {
    graph.synapses().iter().filter(|one| graph.str(one.action.key) == key).collect()
}

fn has(found: &Simulation, key: &str) -> bool {
    !of(&found.plan.graph, key).is_empty()
}

#[test]
fn a_member_does_not_stop_before_a_later_one_that_nobody_may_stop() {
    let unmanaged = meta("b", &[("maintenance", "true")]);
    let group =
        format!("<group id=\"g\">{}{}</group>", primitive("a", ""), primitive("b", &unmanaged));
    let history = running("a") + &running("b");
    let found = planned(&[("n1", LOST, history)], &group);
    assert!(has(&found, "g_stop_0"), "{}", found.text());
    assert!(!has(&found, "a_stop_0"), "its node is fenced, but b's stop is not to be had");
}

#[test]
fn a_start_that_was_begun_is_known_of_although_it_has_no_node_any_more() {
    let group = format!("<group id=\"g\">{}</group>", primitive("a", ""));
    let found = planned(&[("n1", LOST, remembered("a", "start", 193, -1))], &group);
    assert!(has(&found, "g_start_0") && !has(&found, "a_start_0"), "{}", found.text());
}

#[test]
fn a_clone_starts_nowhere_before_a_joining_member_was_asked() {
    let clone = format!("<clone id=\"c\">{}</clone>", primitive("a", ""));
    let found = planned(&[("n1", PENDING, String::new()), ("n2", UP, String::new())], &clone);
    assert!(has(&found, "a:0_monitor_0") || has(&found, "a_monitor_0"), "{}", found.text());
    assert!(!has(&found, "c_start_0"), "{}", found.text());
}

#[test]
fn what_is_active_twice_stops_after_the_fencing_of_either_node() {
    let history = || running("gone");
    let found = planned(&[("n1", LOST, history()), ("n2", UP, history())], "");
    let graph = &found.plan.graph;
    let fencing = of(graph, "stonith-n1-reboot");
    let stops = of(graph, "gone_stop_0");
    let real = stops.iter().find(|stop| stop.action.node.is_some()).expect("a stop on n2");
    assert!(graph.inputs_of(real).contains(&fencing[0].action.id), "{}", found.text());
}

#[test]
fn a_demotion_fails_as_the_promoted_monitor_does() {
    let ops = "<operations><op id=\"m\" name=\"monitor\" interval=\"10s\" role=\"Promoted\" \
               on-fail=\"block\"/></operations>";
    let off = meta("c", &[("promotable", "true"), ("target-role", "Unpromoted")]);
    let clone = format!("<clone id=\"c\">{}{off}</clone>", primitive("a", ops));
    let found = planned(&[("n1", UP, remembered("a", "promote", 0, 0))], &clone);
    let graph = &found.plan.graph;
    let demote = of(graph, "a_demote_0")[0];
    let said = graph.attribute(&demote.action, "CRM_meta_on_fail");
    assert_eq!(said, Some("block"), "{}", found.text());
}

#[test]
fn a_member_holds_one_instance_of_a_cloned_group_that_is_not_colocated() {
    let apart = meta("g", &[("colocated", "false")]);
    let clone =
        format!("<clone id=\"c\"><group id=\"g\">{}{apart}</group></clone>", primitive("a", ""));
    let off = "in_ccm=\"false\" crmd=\"offline\" join=\"down\" expected=\"down\"";
    let found = planned(&[("n1", off, String::new()), ("n2", UP, String::new())], &clone);
    assert_eq!(found.plan.summary.matches("n2 )").count(), 2, "the device and one instance");
}

#[test]
fn instances_are_told_of_the_stop_that_a_fencing_stands_for() {
    let told = meta("c", &[("notify", "true"), ("target-role", "Stopped")]);
    let clone = format!("<clone id=\"c\">{}{told}</clone>", primitive("a", ""));
    let found = planned(&[("n1", UP, running("a")), ("n2", LOST, running("a"))], &clone);
    let graph = &found.plan.graph;
    let stops = of(graph, "a_stop_0");
    assert_eq!(stops.len(), 2, "{}", found.text());
    for stop in stops {
        let told = graph.attribute(&stop.action, "CRM_meta_notify_stop_uname");
        assert_eq!(told, Some("n2"));
    }
}
