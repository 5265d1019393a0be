//! Who is told of what happens to a clone, and what is unfenced: small clusters of our own.

use cib::xml::Document;
use scheduler::{Request, Simulation, simulate};

/// When it all happens (epoch seconds); nothing here depends on it.
const NOW: i64 = 1_700_000_000;

/// A node that is up, with the attributes and the history it has.
fn node(id: &str, attributes: &str, history: &str) -> String {
    format!(
        "<node_state id=\"{id}\" uname=\"{id}\" in_ccm=\"true\" crmd=\"online\" join=\"member\" \
         expected=\"member\"><transient_attributes id=\"{id}\"><instance_attributes id=\"{id}-a\">\
         {attributes}</instance_attributes></transient_attributes>\
         <lrm id=\"{id}\"><lrm_resources>{history}</lrm_resources></lrm></node_state>"
    )
}

/// A node that should be there and is not.
fn lost(id: &str, history: &str) -> String {
    node(id, "", history)
        .replace("in_ccm=\"true\" crmd=\"online\"", "in_ccm=\"false\" crmd=\"offline\"")
}

/// Two nodes, a fence device and further resources and constraints.
fn cluster(resources: &str, constraints: &str, nodes: &str) -> Document {
    let text = format!(
        "<cib have-quorum=\"1\" validate-with=\"pacemaker-3.10\" crm_feature_set=\"3.19.0\">\
         <configuration><crm_config/><nodes><node id=\"node1\" uname=\"node1\"/>\
         <node id=\"node2\" uname=\"node2\"/></nodes><resources>{resources}</resources>\
         <constraints>{constraints}</constraints></configuration><status>{nodes}</status></cib>"
    );
    Document::parse(text).expect("the test's document is well formed")
}

fn planned(document: &Document) -> Simulation {
    simulate(document.clone(), &Request { wall: NOW, carry_out: true, ..Request::default() })
}

fn meta(id: &str, pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| {
        format!("<nvpair id=\"{id}-{name}\" name=\"{name}\" value=\"{value}\"/>")
    });
    format!("<meta_attributes id=\"{id}-m\">{}</meta_attributes>", pairs.collect::<String>())
}

fn told(id: &str, further: &[(&str, &str)]) -> String {
    let pairs = [&[("notify", "true")], further].concat();
    format!(
        "<clone id=\"{id}-clone\"><primitive id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" \
         type=\"Dummy\"/>{}</clone>",
        meta(&format!("{id}-clone"), &pairs)
    )
}

fn device(provides: &[(&str, &str)], parameter: &str) -> String {
    format!(
        "<primitive id=\"f\" class=\"stonith\" type=\"fence_x\"><instance_attributes id=\"f-i\">\
         <nvpair id=\"f-i-p\" name=\"port\" value=\"{parameter}\"/></instance_attributes>{}\
         </primitive>",
        meta("f", provides)
    )
}

/// What a node remembers of something it started, with the digest of no parameters.
fn started(id: &str, class: &str, agent: &str, further: &str) -> String {
    format!(
        "<lrm_resource id=\"{id}\" class=\"{class}\" {} type=\"{agent}\">\
         <lrm_rsc_op id=\"{id}_last_0\" operation=\"start\" interval=\"0\" call-id=\"2\" \
         rc-code=\"0\" op-status=\"0\" transition-key=\"1:1:0:x\" \
         op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\" {further}/></lrm_resource>",
        if class == "ocf" { "provider=\"pacemaker\"" } else { "" }
    )
}

fn runs(id: &str) -> String {
    started(id, "ocf", "Dummy", "")
}

/// The keys of all that is done, with what each waits for.
fn graph(found: &Simulation) -> Vec<(String, Vec<String>)> {
    let graph = &found.plan.graph;
    let own = |action: &scheduler::graph::Action| {
        graph.str(action.internal_key.unwrap_or(action.key)).to_owned()
    };
    let all = graph.synapses().iter();
    let names: Vec<_> = all.clone().map(|one| (one.action.id, own(&one.action))).collect();
    all.map(|one| {
        let inputs = graph.inputs_of(one).iter();
        let names = inputs.filter_map(|id| names.iter().find(|(have, _)| have == id));
        (own(&one.action), names.map(|(_, name)| name.clone()).collect())
    })
    .collect()
}

fn inputs_of<'g>(graph: &'g [(String, Vec<String>)], key: &str) -> &'g [String] {
    &graph.iter().find(|(have, _)| have == key).unwrap_or_else(|| panic!("{key}: {graph:?}")).1
}

#[test]
fn those_that_run_are_told_before_and_after_another_starts() {
    let nodes = node("node1", "", &runs("a")) + &node("node2", "", "");
    let off = "<rsc_location id=\"l\" rsc=\"s\" node=\"node1\" score=\"-INFINITY\"/>";
    let all = told("a", &[]) + &device(&[], "1");
    let found = planned(&cluster(&all, &off.replace("\"s\"", "\"f\""), &nodes));
    let graph = graph(&found);
    assert_eq!(inputs_of(&graph, "a:0_pre_notify_start_0"), ["a-clone_pre_notify_start_0"]);
    let before = inputs_of(&graph, "a-clone_confirmed-pre_notify_start_0");
    assert!(before.contains(&"a:0_pre_notify_start_0".to_owned()), "{before:?}");
    assert!(!graph.iter().any(|(key, _)| key == "a:1_pre_notify_start_0"), "it starts only now");
    inputs_of(&graph, "a:1_post_notify_start_0");
}

#[test]
fn a_node_where_a_clone_is_banned_is_named_as_available_all_the_same() {
    let nodes = node("node1", "", "") + &node("node2", "", "");
    let ban = "<rsc_location id=\"l\" rsc=\"a-clone\" node=\"node2\" score=\"-INFINITY\"/>";
    let found = planned(&cluster(&(told("a", &[]) + &device(&[], "1")), ban, &nodes));
    let graph = &found.plan.graph;
    let available = |one: &scheduler::graph::Synapse| {
        graph.attribute(&one.action, "CRM_meta_notify_available_uname").map(str::to_owned)
    };
    let named: Vec<String> = graph.synapses().iter().filter_map(available).collect();
    assert!(!named.is_empty() && named.iter().all(|names| names == "node1 node2"), "{named:?}");
}

#[test]
fn an_instance_that_stays_is_told_of_a_stop_that_a_fencing_stands_for() {
    let nodes = node("node1", "", &runs("a")) + &lost("node2", &runs("a"));
    let found = planned(&cluster(&(told("a", &[]) + &device(&[], "1")), "", &nodes));
    let graph = graph(&found);
    let fenced = inputs_of(&graph, "a:1_post_notify_stonith_0");
    assert_eq!(fenced, ["stonith-node2-reboot"]);
    let told = inputs_of(&graph, "a:0_post_notify_stop_0");
    assert!(told.contains(&"a:1_post_notify_stonith_0".to_owned()), "{told:?}");
}

#[test]
fn a_node_that_was_never_unfenced_is_unfenced_before_anything_starts() {
    let nodes = node("node1", "", "") + &node("node2", "", "");
    let unfencing = device(&[("provides", "unfencing")], "1");
    let found = planned(&cluster(&(told("a", &[]) + &unfencing), "", &nodes));
    let graph = graph(&found);
    for (key, node) in [("a:0_start_0", "node1"), ("a:1_start_0", "node2")] {
        let inputs = inputs_of(&graph, key);
        let unfenced = inputs.iter().any(|input| input.ends_with("-on"));
        assert!(unfenced, "{node}: {inputs:?}");
    }
}

#[test]
fn a_node_is_unfenced_again_after_its_device_has_changed() {
    let unfenced = "<nvpair id=\"u-ID\" name=\"#node-unfenced\" value=\"1234\"/>";
    let history = started("f", "stonith", "fence_x", "") + &runs("a");
    let nodes = node("node1", unfenced, &history) + &node("node2", unfenced, &runs("a"));
    let unfencing = device(&[("provides", "unfencing")], "2");
    let found = planned(&cluster(&(told("a", &[]) + &unfencing), "", &nodes));
    let text = &found.plan.summary;
    assert!(text.contains("Fence (on) node1 'Device parameters changed'"), "{text}");
    assert!(!text.contains("Fence (on) node2"), "{text}");
}

#[test]
fn a_device_of_which_only_secrets_have_changed_stays_as_it_is() {
    // The digest of port="1" alone: what an old cluster recorded of all that is not secret.
    let shown =
        "op-secure-params=\" passwd \" op-secure-digest=\"e68420767ace35564ac6c48cf8750f53\"";
    let all = device(&[], "1");
    let with = |further: &str| {
        let history = started("f", "stonith", "fence_x", further);
        let nodes = node("node1", "", &history) + &node("node2", "", "");
        planned(&cluster(&all, "", &nodes)).plan.summary
    };
    assert!(with("").contains("Restart    f"), "{}", with(""));
    assert!(!with(shown).contains("Restart"), "{}", with(shown));
}
