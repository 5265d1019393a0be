//! Why a resource is where it is, and what would have to change: told for small clusters.

use cib::value::Score;
use cib::xml::Document;
use scheduler::why::{Circumstance, Reason, Remedy, Why, why, why_not};
use std::fmt::Write as _;

/// When it all happens (epoch seconds); nothing here depends on it.
const NOW: i64 = 1_700_000_000;

/// A cluster of two nodes that are up; its parts are XML.
#[derive(Default)]
struct Cluster {
    options: &'static str,
    node2: &'static str,
    resources: String,
    constraints: &'static str,
    running: &'static [(&'static str, &'static str)],
    failures: &'static str,
}

impl Cluster {
    fn document(&self) -> Document {
        let mut states = String::new();
        for node in ["node1", "node2"] {
            let mut history = String::new();
            for (rsc, _) in self.running.iter().filter(|(_, on)| *on == node) {
                write!(
                    history,
                    "<lrm_resource id=\"{rsc}\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">\
                     <lrm_rsc_op id=\"{rsc}_last_0\" operation=\"start\" interval=\"0\" call-id=\"2\" \
                     rc-code=\"0\" op-status=\"0\" transition-key=\"1:1:0:x\"/></lrm_resource>"
                )
                .expect("text");
            }
            let failures = if node == "node2" { self.failures } else { "" };
            write!(
                states,
                "<node_state id=\"{node}\" uname=\"{node}\" in_ccm=\"true\" crmd=\"online\" \
                 join=\"member\" expected=\"member\"><transient_attributes id=\"{node}\">\
                 <instance_attributes id=\"s-{node}\">{failures}</instance_attributes>\
                 </transient_attributes><lrm id=\"{node}\"><lrm_resources>{history}</lrm_resources></lrm>\
                 </node_state>"
            )
            .expect("text");
        }
        let Self { options, node2, resources, constraints, .. } = self;
        let text = format!(
            "<cib have-quorum=\"1\" validate-with=\"pacemaker-3.10\"><configuration>\
             <crm_config><cluster_property_set id=\"cib-bootstrap-options\">\
             <nvpair id=\"o1\" name=\"fencing-enabled\" value=\"false\"/>{options}</cluster_property_set>\
             </crm_config><nodes><node id=\"node1\" uname=\"node1\"/><node id=\"node2\" uname=\"node2\">\
             {node2}</node></nodes><resources>{resources}</resources>\
             <constraints>{constraints}</constraints></configuration><status>{states}</status></cib>"
        );
        Document::parse(text).expect("the test's document is well formed")
    }

    fn why(&self, resource: &str) -> Why {
        why(&self.document(), NOW, resource).expect("there is such a resource")
    }

    /// The smallest change that brings a resource to node2.
    fn remedies(&self, resource: &str) -> Vec<Remedy> {
        let found = why_not(&self.document(), NOW, resource, "node2").expect("both are known");
        found.remedies.expect("something helps")
    }
}

fn dummy(id: &str, inside: &str) -> String {
    format!(
        "<primitive id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">{inside}</primitive>"
    )
}

/// What is said of a resource on a node, and the score.
fn said(why: &Why, resource: &str, node: &str) -> (Vec<String>, Option<Score>) {
    let placement = why.placements.iter().find(|one| one.resource == resource);
    let nodes = &placement.expect("the resource is explained").nodes;
    let node = nodes.iter().find(|one| one.node == node).expect("every node is explained");
    let words = node.contributions.iter().map(|one| one.reason.to_string()).collect();
    (words, node.score())
}

#[test]
fn locations_and_stickiness_add_up_to_the_score() {
    let sticky = "<meta_attributes id=\"m\"><nvpair id=\"m1\" name=\"resource-stickiness\" \
                  value=\"100\"/></meta_attributes>";
    let cluster = Cluster {
        resources: dummy("a", sticky),
        constraints: "<rsc_location id=\"likes\" rsc=\"a\" node=\"node1\" score=\"30\"/>\
                      <rsc_location id=\"hates\" rsc=\"a\" node=\"node1\" score=\"-7\"/>",
        running: &[("a", "node1")],
        ..Cluster::default()
    };
    let (words, score) = said(&cluster.why("a"), "a", "node1");
    let wanted = [
        "the score it starts from",
        "location hates",
        "location likes",
        "resource-stickiness: it runs there",
    ];
    assert_eq!(words, wanted);
    assert_eq!(score, Some(Score::new(123)));
}

#[test]
fn what_follows_another_says_so() {
    let cluster = Cluster {
        resources: dummy("a", "") + &dummy("b", ""),
        constraints: "<rsc_colocation id=\"together\" rsc=\"b\" with-rsc=\"a\" score=\"INFINITY\"/>",
        running: &[("a", "node1")],
        ..Cluster::default()
    };
    let (words, score) = said(&cluster.why("b"), "b", "node2");
    assert_eq!(words.last().map(String::as_str), Some("colocation together: it follows a"));
    assert_eq!(score, Some(Score::NEG_INF));
}

#[test]
fn nobody_is_not_explained() {
    let cluster = Cluster { resources: dummy("a", ""), ..Cluster::default() };
    assert_eq!(why(&cluster.document(), NOW, "nobody"), None);
    assert_eq!(why_not(&cluster.document(), NOW, "a", "nowhere"), None);
}

#[test]
fn a_ban_is_removed_to_let_a_resource_in() {
    let cluster = Cluster {
        resources: dummy("a", ""),
        constraints: "<rsc_location id=\"ban\" rsc=\"a\" node=\"node2\" score=\"-INFINITY\"/>\
                      <rsc_location id=\"ban1\" rsc=\"a\" node=\"node1\" score=\"-INFINITY\"/>",
        ..Cluster::default()
    };
    assert_eq!(cluster.remedies("a"), [Remedy::Remove("ban".to_owned())]);
}

#[test]
fn a_resource_that_only_likes_another_node_better_is_told_to_move() {
    let cluster = Cluster {
        resources: dummy("a", ""),
        constraints: "<rsc_location id=\"likes\" rsc=\"a\" node=\"node1\" score=\"30\"/>",
        ..Cluster::default()
    };
    let found = why_not(&cluster.document(), NOW, "a", "node2").expect("both are known");
    assert_eq!(found.because, "node1 has a higher score for a: 30 against 0, by location likes");
    let told = Remedy::Move("a".to_owned(), "node2".to_owned());
    assert_eq!(found.remedies, Some(vec![told]));
}

#[test]
fn standby_is_ended_and_the_resource_told_to_move() {
    let cluster = Cluster {
        resources: dummy("a", ""),
        node2: "<instance_attributes id=\"i\"><nvpair id=\"i1\" name=\"standby\" value=\"on\"/>\
                </instance_attributes>",
        running: &[("a", "node1")],
        ..Cluster::default()
    };
    let node2 = "node2".to_owned();
    let wanted = [Remedy::Online(node2.clone()), Remedy::Move("a".to_owned(), node2)];
    assert_eq!(cluster.remedies("a"), wanted);
}

#[test]
fn a_stopped_target_role_is_the_reason_and_taken_away() {
    let stopped = "<meta_attributes id=\"m\"><nvpair id=\"m1\" name=\"target-role\" \
                   value=\"Stopped\"/></meta_attributes>";
    let cluster = Cluster {
        resources: dummy("a", stopped),
        constraints: "<rsc_location id=\"likes\" rsc=\"a\" node=\"node2\" score=\"30\"/>",
        ..Cluster::default()
    };
    let why = cluster.why("a");
    assert_eq!(why.placements[0].circumstances, [Circumstance::TargetStopped]);
    let role = Remedy::Unset("a".to_owned(), "target-role".to_owned(), "Stopped".to_owned());
    assert_eq!(cluster.remedies("a"), [role]);
}

#[test]
fn failures_are_cleaned_up() {
    let threshold = "<meta_attributes id=\"m\"><nvpair id=\"m1\" name=\"migration-threshold\" \
                     value=\"2\"/></meta_attributes>";
    let cluster = Cluster {
        resources: dummy("a", threshold),
        constraints: "<rsc_location id=\"likes\" rsc=\"a\" node=\"node2\" score=\"30\"/>",
        failures: "<nvpair id=\"f1\" name=\"fail-count-a#monitor_10000\" value=\"2\"/>\
                   <nvpair id=\"f2\" name=\"last-failure-a#monitor_10000\" value=\"1699999999\"/>",
        ..Cluster::default()
    };
    let (words, _) = said(&cluster.why("a"), "a", "node2");
    assert!(words.contains(&Reason::FailedTooOften.to_string()), "{words:?}");
    let clean_up = Remedy::CleanUp("a".to_owned(), "node2".to_owned());
    assert_eq!(cluster.remedies("a"), [clean_up]);
}

#[test]
fn a_ticket_that_is_not_held_is_granted() {
    let cluster = Cluster {
        resources: dummy("a", ""),
        constraints: "<rsc_ticket id=\"site\" rsc=\"a\" ticket=\"T\"/>\
                      <rsc_location id=\"likes\" rsc=\"a\" node=\"node2\" score=\"30\"/>",
        ..Cluster::default()
    };
    assert_eq!(cluster.remedies("a"), [Remedy::Grant("T".to_owned())]);
}

#[test]
fn a_start_that_waits_names_its_ordering() {
    let stopped = "<meta_attributes id=\"m\"><nvpair id=\"m1\" name=\"target-role\" \
                   value=\"Stopped\"/></meta_attributes>";
    let cluster = Cluster {
        resources: dummy("a", stopped) + &dummy("b", ""),
        constraints: "<rsc_order id=\"first-a\" first=\"a\" then=\"b\"/>",
        ..Cluster::default()
    };
    let waits = Circumstance::WaitsFor("first-a".to_owned(), "a".to_owned());
    let why = cluster.why("b");
    assert_eq!(why.placements[0].circumstances, [waits]);
}
