//! Bundles in small clusters of our own.

use cib::xml::Document;
use scheduler::{Request, Simulation, simulate};

/// When it all happens (epoch seconds).
const NOW: i64 = 1_700_000_000;

/// Plans for two empty members with these resources.
fn planned(resources: &str) -> Simulation {
    let state = |id: &str| {
        format!(
            "<node_state id=\"{id}\" uname=\"{id}\" in_ccm=\"true\" crmd=\"online\" join=\"member\" \
             expected=\"member\"/>"
        )
    };
    let text = format!(
        "<cib have-quorum=\"1\" validate-with=\"pacemaker-3.10\"><configuration>\
         <crm_config><cluster_property_set id=\"o\">\
         <nvpair id=\"o1\" name=\"fencing-enabled\" value=\"false\"/></cluster_property_set></crm_config>\
         <nodes><node id=\"n1\" uname=\"n1\"/><node id=\"n2\" uname=\"n2\"/></nodes>\
         <resources>{resources}</resources><constraints/></configuration>\
         <status>{}{}</status></cib>",
        state("n1"),
        state("n2")
    );
    let document = Document::parse(&text).expect("the test's document is well formed");
    simulate(document, &Request { wall: NOW, carry_out: true, ..Request::default() })
}

/// A bundle of two replicas with addresses.
fn bundle() -> String {
    "<bundle id=\"b\"><podman image=\"i\" replicas=\"2\"/>\
     <network ip-range-start=\"10.0.0.1\"/>\
     <primitive id=\"p\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/></bundle>"
        .to_owned()
}

fn waits_for(found: &Simulation, key: &str) -> Vec<String> {
    let graph = &found.plan.graph;
    let all = graph.synapses();
    let synapse = all.iter().find(|one| graph.str(one.action.key) == key).expect("it is planned");
    let inputs = graph.inputs_of(synapse).iter();
    let keys = inputs.filter_map(|input| {
        let of = all.iter().find(|one| one.action.id == *input)?;
        Some(graph.str(of.action.key).to_owned())
    });
    keys.collect()
}

fn on_node(found: &Simulation, key: &str) -> Vec<String> {
    let graph = &found.plan.graph;
    let all = graph.synapses().iter().filter(|one| graph.str(one.action.key) == key);
    all.filter_map(|one| one.action.node.map(|node| graph.str(node.name).to_owned())).collect()
}

fn score(found: &Simulation, line: &str) -> bool {
    found.plan.scores.iter().any(|score| score.to_string() == line)
}

#[test]
fn a_replica_starts_from_its_address_inwards() {
    let found = planned(&bundle());
    let wait = |then: &str, first: &str| {
        let inputs = waits_for(&found, then);
        assert!(inputs.iter().any(|input| input == first), "{then}: {inputs:?}");
    };
    wait("b-podman-0_start_0", "b-ip-10.0.0.1_start_0");
    wait("b-0_start_0", "b-podman-0_start_0");
    wait("p:0_start_0", "b-0_start_0");
    wait("b_running_0", "b-clone_running_0");
}

#[test]
fn what_is_inside_a_container_runs_on_the_replicas_own_node_only() {
    let found = planned(&bundle());
    assert_eq!(on_node(&found, "p:1_start_0"), ["b-1"]);
    assert!(score(&found, "pcmk__bundle_assign: p:1 allocation score on b-1: 500"));
    assert!(!score(&found, "pcmk__bundle_assign: p:1 allocation score on n1: 0"));
}

#[test]
fn a_connection_is_not_probed_before_its_container_has_started() {
    let found = planned(&bundle());
    let inputs = waits_for(&found, "b-0_monitor_0");
    assert_eq!(inputs, ["b-podman-0_start_0"]);
}

#[test]
fn nothing_starts_inside_before_the_containers_are_known() {
    let found = planned(&bundle());
    let inputs = waits_for(&found, "b-clone_start_0");
    assert!(inputs.iter().any(|input| input == "b-podman-1_monitor_0"), "{inputs:?}");
    assert!(on_node(&found, "p:0_monitor_0").is_empty(), "a stopped guest is not probed");
}

#[test]
fn the_address_outside_is_told_to_what_is_inside() {
    let found = planned(&bundle());
    let graph = &found.plan.graph;
    let all = graph.synapses();
    let start = all.iter().find(|one| graph.str(one.action.key) == "p:1_start_0");
    let address = start.and_then(|one| graph.attribute(&one.action, "pcmk_external_ip"));
    assert_eq!(address, Some("10.0.0.2"));
}

#[test]
fn a_clone_written_before_a_bundle_has_no_instance_for_the_replicas_nodes() {
    let clone = "<clone id=\"c\"><primitive id=\"q\" class=\"ocf\" provider=\"pacemaker\" \
                 type=\"Dummy\"/></clone>";
    let before = planned(&format!("{clone}{}", bundle()));
    assert!(!score(&before, "pcmk__clone_assign: q:2 allocation score on n1: 0"));
    let after = planned(&format!("{}{clone}", bundle()));
    assert!(score(&after, "pcmk__clone_assign: q:3 allocation score on n1: 0"));
}

#[test]
fn what_a_bundle_tells_its_inside_names_hosts_where_attributes_are_the_hosts() {
    let told = |target: &str| {
        let meta = format!(
            "<bundle id=\"b\"><meta_attributes id=\"m\">\
             <nvpair id=\"m1\" name=\"notify\" value=\"true\"/>\
             <nvpair id=\"m2\" name=\"container-attribute-target\" value=\"{target}\"/>\
             </meta_attributes>"
        );
        let found = planned(&bundle().replace("<bundle id=\"b\">", &meta));
        let graph = &found.plan.graph;
        let start = graph.synapses().iter().find(|one| graph.str(one.action.key) == "p:0_start_0");
        let start = start.or_else(|| {
            graph.synapses().iter().find(|one| graph.str(one.action.key) == "p_start_0")
        });
        let action = &start.expect("it starts").action;
        graph.attribute(action, "CRM_meta_notify_all_hosts").map(str::to_owned)
    };
    assert_eq!(told("host").as_deref(), Some("b-0 b-1 n1 n2"));
    assert_eq!(told("guest"), None);
}
