//! Remote nodes, guests and migrations in small clusters of our own.

use std::fmt::Write as _;

use cib::xml::Document;
use scheduler::{Request, Simulation, simulate};

/// When it all happens (epoch seconds).
const NOW: i64 = 1_700_000_000;

/// A cluster's parts; two members are up unless a test says otherwise.
#[derive(Default)]
struct Cluster {
    fencing: bool,
    resources: String,
    constraints: String,
    /// What node1 and node2 remember.
    history: [String; 2],
    /// The states of remote nodes, as they stand in the document.
    remotes: String,
    /// node2 is gone.
    lost: bool,
}

impl Cluster {
    fn document(&self) -> Document {
        let state = |at: usize| {
            let id = format!("node{}", at + 1);
            let (member, crmd) =
                if self.lost && at == 1 { ("false", "offline") } else { ("true", "online") };
            format!(
                "<node_state id=\"{id}\" uname=\"{id}\" in_ccm=\"{member}\" crmd=\"{crmd}\" \
                 join=\"member\" expected=\"member\"><lrm id=\"{id}\"><lrm_resources>{}</lrm_resources>\
                 </lrm></node_state>",
                self.history[at]
            )
        };
        let text = format!(
            "<cib have-quorum=\"1\" validate-with=\"pacemaker-3.10\"><configuration>\
             <crm_config><cluster_property_set id=\"o\">\
             <nvpair id=\"o1\" name=\"fencing-enabled\" value=\"{}\"/></cluster_property_set></crm_config>\
             <nodes><node id=\"node1\" uname=\"node1\"/><node id=\"node2\" uname=\"node2\"/></nodes>\
             <resources>{}</resources><constraints>{}</constraints></configuration>\
             <status>{}{}{}</status></cib>",
            self.fencing,
            self.resources,
            self.constraints,
            state(0),
            state(1),
            self.remotes
        );
        Document::parse(&text).expect("the test's document is well formed")
    }

    fn planned(&self) -> Simulation {
        let request = Request { wall: NOW, carry_out: true, ..Request::default() };
        simulate(self.document(), &request)
    }
}

/// A primitive with meta-attributes and more children.
fn primitive(id: &str, agent: &str, meta: &[(&str, &str)], more: &str) -> String {
    let mut pairs = String::new();
    for (name, value) in meta {
        let _ = write!(pairs, "<nvpair id=\"{id}-{name}\" name=\"{name}\" value=\"{value}\"/>");
    }
    format!(
        "<primitive id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"{agent}\">\
         <meta_attributes id=\"{id}-m\">{pairs}</meta_attributes>{more}</primitive>"
    )
}

/// An operation that ended with an exit status, as the history has it.
fn op(id: &str, task: &str, interval: u32, call: u32, rc: u32, more: &str) -> String {
    let expected = if task == "monitor" && interval == 0 { 7 } else { 0 };
    let name = if rc == 0 { format!("{task}_{interval}") } else { "last_failure_0".to_owned() };
    format!(
        "<lrm_rsc_op id=\"{id}_{name}\" operation=\"{task}\" interval=\"{interval}\" \
         call-id=\"{call}\" rc-code=\"{rc}\" op-status=\"0\" \
         transition-key=\"{call}:1:{expected}:x\" {more}/>"
    )
}

fn history(id: &str, agent: &str, more: &str, ops: &str) -> String {
    format!(
        "<lrm_resource id=\"{id}\" class=\"ocf\" provider=\"pacemaker\" type=\"{agent}\" {more}>{ops}\
         </lrm_resource>"
    )
}

/// What a node remembers of a resource without parameters that it started.
fn started(id: &str, agent: &str) -> String {
    let digest = "op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"";
    history(id, agent, "", &op(id, "start", 0, 5, 0, digest))
}

fn remote_state(id: &str, resources: &str) -> String {
    format!(
        "<node_state remote_node=\"true\" id=\"{id}\" uname=\"{id}\"><lrm id=\"{id}\"><lrm_resources>\
         {resources}</lrm_resources></lrm></node_state>"
    )
}

fn fence_device() -> String {
    "<primitive id=\"f\" class=\"stonith\" type=\"fence_x\"/>".to_owned()
}

/// A container with the guest `g`, which runs on node1.
fn with_guest(fencing: bool) -> Cluster {
    let running = [started("vm", "Dummy"), started("g", "remote")].concat();
    Cluster {
        fencing,
        resources: primitive("vm", "Dummy", &[("remote-node", "g")], ""),
        history: [running, String::new()],
        remotes: remote_state("g", ""),
        ..Cluster::default()
    }
}

/// The key and node of every action in the plan.
fn actions(found: &Simulation) -> Vec<String> {
    let graph = &found.plan.graph;
    let actions = graph.synapses().iter().map(|synapse| {
        let node = synapse.action.node.map_or("", |node| graph.str(node.name));
        format!("{} {node}", graph.str(synapse.action.key))
    });
    actions.collect()
}

/// The keys of what an action waits for.
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

fn has(found: &Simulation, action: &str) -> bool {
    actions(found).iter().any(|have| have == action)
}

fn attribute(found: &Simulation, key: &str, name: &str) -> Option<String> {
    let graph = &found.plan.graph;
    let synapse = graph.synapses().iter().find(|one| graph.str(one.action.key) == key)?;
    graph.attribute(&synapse.action, name).map(str::to_owned)
}

#[test]
fn what_runs_on_a_guest_is_told_the_guests_host() {
    let mut cluster = with_guest(false);
    cluster.resources += &primitive("a", "Dummy", &[], "");
    cluster.constraints =
        "<rsc_location id=\"l\" rsc=\"a\" node=\"g\" score=\"INFINITY\"/>".to_owned();
    let found = cluster.planned();
    assert!(has(&found, "a_start_0 g"), "{:?}", actions(&found));
    let host = attribute(&found, "a_start_0", "CRM_meta_physical_host");
    assert_eq!(host.as_deref(), Some("node1"));
}

#[test]
fn a_guests_connection_is_not_shown_and_may_take_a_minute_to_connect() {
    let cluster = Cluster {
        resources: primitive("vm", "Dummy", &[("remote-node", "g")], ""),
        ..Cluster::default()
    };
    let found = cluster.planned();
    assert!(!found.plan.status.contains("ocf:pacemaker:remote"), "{}", found.plan.status);
    assert!(has(&found, "g_monitor_0 node1"), "{:?}", actions(&found));
    assert_eq!(attribute(&found, "g_start_0", "CRM_meta_timeout").as_deref(), Some("60000"));
}

#[test]
fn a_guest_that_starts_is_not_probed() {
    let cluster = Cluster {
        resources: primitive("vm", "Dummy", &[("remote-node", "g")], "")
            + &primitive("a", "Dummy", &[], ""),
        ..Cluster::default()
    };
    let found = cluster.planned();
    assert!(has(&found, "g_start_0 node1"), "{:?}", actions(&found));
    assert!(has(&found, "a_monitor_0 node1"));
    assert!(!has(&found, "a_monitor_0 g"));
    assert!(waits_for(&found, "a_start_0").contains(&"vm_monitor_0".to_owned()));
}

#[test]
fn a_failure_that_was_reported_recovers_the_container_and_what_was_on_the_guest() {
    let mut cluster = with_guest(true);
    cluster.resources += &(primitive("a", "Dummy", &[], "") + &fence_device());
    let digest = "op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"";
    let ops = op("vm", "start", 0, 5, 0, digest) + &op("vm", "asyncmon", 0, 6, 1, "");
    cluster.history[0] = history("vm", "Dummy", "", &ops) + &started("g", "remote");
    cluster.remotes = remote_state("g", &started("a", "Dummy"));
    let found = cluster.planned();
    assert!(found.plan.summary.contains("Recover    vm"), "{}", found.plan.summary);
    assert!(found.plan.summary.contains("Recover    a"), "{}", found.plan.summary);
    assert!(has(&found, "stonith-g-reboot g"), "{:?}", actions(&found));
    assert!(waits_for(&found, "stonith-g-reboot").contains(&"vm_stop_0".to_owned()));
}

#[test]
fn a_container_does_not_wait_for_what_stops_on_its_own_guest() {
    let mut cluster = with_guest(true);
    cluster.resources += &(primitive("a", "Dummy", &[], "") + &fence_device());
    cluster.constraints = "<rsc_order id=\"o\" first=\"vm\" then=\"a\"/>".to_owned();
    let ops = op("vm", "start", 0, 5, 0, "") + &op("vm", "monitor", 10, 6, 1, "");
    cluster.history[0] = history("vm", "Dummy", "", &ops) + &started("g", "remote");
    cluster.remotes = remote_state("g", &started("a", "Dummy"));
    let found = cluster.planned();
    assert!(has(&found, "vm_stop_0 node1"), "{:?}", actions(&found));
    assert!(!waits_for(&found, "vm_stop_0").contains(&"a_stop_0".to_owned()));
}

/// A remote node `r` whose connection is on node2, with a resource running on it.
fn with_remote() -> Cluster {
    Cluster {
        fencing: true,
        resources: primitive("r", "remote", &[], "")
            + &primitive("a", "Dummy", &[], "")
            + &fence_device(),
        history: [String::new(), started("r", "remote")],
        remotes: remote_state("r", &started("a", "Dummy")),
        ..Cluster::default()
    }
}

#[test]
fn a_remote_node_whose_host_is_lost_is_still_online_and_reached_from_elsewhere() {
    let found = Cluster { lost: true, ..with_remote() }.planned();
    assert!(found.plan.status.contains("RemoteOnline: [ r ]"), "{}", found.plan.status);
    assert!(has(&found, "r_start_0 node1"), "{:?}", actions(&found));
    assert!(!actions(&found).iter().any(|one| one.starts_with("stonith-r")));
}

#[test]
fn a_failed_connection_waits_for_its_reconnect_interval() {
    let mut cluster = with_remote();
    let more = "<instance_attributes id=\"r-i\"><nvpair id=\"r-i-1\" name=\"reconnect_interval\" \
                value=\"60s\"/></instance_attributes>";
    cluster.resources = primitive("r", "remote", &[], more) + &fence_device();
    let at = format!("last-rc-change=\"{}\"", NOW - 20);
    let ops = op("r", "monitor", 60_000, 6, 1, &at) + &op("r", "stop", 0, 7, 0, &at);
    cluster.history[1] = history("r", "remote", "", &ops);
    cluster.history[0] = history("r", "remote", "", &op("r", "monitor", 0, 1, 7, &at));
    cluster.remotes =
        "<node_state remote_node=\"true\" id=\"r\" uname=\"r\" node_fenced=\"1\"/>".to_owned();
    let found = cluster.planned();
    assert!(!actions(&found).iter().any(|one| one.starts_with("r_start")), "{:?}", actions(&found));
}

#[test]
fn a_removed_connection_takes_its_remote_node_down_after_what_runs_there() {
    let cluster = Cluster {
        resources: primitive("a", "Dummy", &[], ""),
        history: [started("r", "remote"), String::new()],
        remotes: remote_state("r", &started("a", "Dummy")),
        ..Cluster::default()
    };
    let found = cluster.planned();
    assert!(found.plan.status.contains("RemoteOnline: [ r ]"), "{}", found.plan.status);
    assert!(has(&found, "a_stop_0 r"), "{:?}", actions(&found));
    assert!(waits_for(&found, "r_stop_0").contains(&"a_stop_0".to_owned()));
}

/// Two resources on node1 that want to be on node2, and may migrate there.
fn moving(group: bool) -> Cluster {
    let may = [("allow-migrate", "true")];
    let both = primitive("a", "Dummy", &may, "") + &primitive("b", "Dummy", &may, "");
    let (resources, rsc) =
        if group { (format!("<group id=\"g\">{both}</group>"), "g") } else { (both, "a") };
    Cluster {
        resources,
        constraints: format!(
            "<rsc_location id=\"l\" rsc=\"{rsc}\" node=\"node1\" score=\"-INFINITY\"/>"
        ),
        history: [started("a", "Dummy") + &started("b", "Dummy"), String::new()],
        ..Cluster::default()
    }
}

#[test]
fn a_group_migrates_member_after_member() {
    let found = moving(true).planned();
    assert!(found.plan.summary.contains("Migrate    a"), "{}", found.plan.summary);
    assert_eq!(
        waits_for(&found, "b_migrate_to_0").iter().filter(|k| *k == "a_migrate_from_0").count(),
        1
    );
    let after = found.after.expect("carried out").document;
    let status = scheduler::status_of(&after, NOW, false);
    assert!(status.contains("b	(ocf:pacemaker:Dummy):	 Started node2"), "{status}");
}

#[test]
fn what_must_stop_for_something_else_does_not_migrate() {
    let mut cluster = moving(false);
    // b runs where a runs and starts after it; a may not run at all.
    cluster.resources = primitive("a", "Dummy", &[("target-role", "Stopped")], "")
        + &primitive("b", "Dummy", &[("allow-migrate", "true")], "");
    cluster.constraints = "<rsc_order id=\"o\" first=\"a\" then=\"b\"/>\
        <rsc_location id=\"l\" rsc=\"b\" node=\"node1\" score=\"-INFINITY\"/>"
        .to_owned();
    let found = cluster.planned();
    assert!(has(&found, "b_stop_0 node1"), "{:?}", actions(&found));
    assert!(!actions(&found).iter().any(|one| one.starts_with("b_migrate")));
}

#[test]
fn a_failed_migration_that_was_stopped_at_its_source_is_not_looked_for_there() {
    let ends = "migrate_source=\"node1\" migrate_target=\"node2\"";
    let source = op("a", "start", 0, 5, 0, "")
        + &op("a", "migrate_to", 0, 17, 0, ends)
        + &op("a", "stop", 0, 18, 0, "");
    let target = op("a", "monitor", 0, 2, 7, "") + &op("a", "migrate_from", 0, 3, 1, ends);
    let cluster = Cluster {
        resources: primitive("a", "Dummy", &[("allow-migrate", "true")], ""),
        history: [history("a", "Dummy", "", &source), history("a", "Dummy", "", &target)],
        ..Cluster::default()
    };
    let status = cluster.planned().plan.status;
    assert!(status.contains("a	(ocf:pacemaker:Dummy):	 FAILED node2"), "{status}");
}

#[test]
fn a_stop_that_ends_a_connections_migration_takes_no_node_down() {
    let mut cluster = with_remote();
    cluster.constraints =
        "<rsc_location id=\"l\" rsc=\"r\" node=\"node2\" score=\"-INFINITY\"/>".to_owned();
    let found = cluster.planned();
    let graph = &found.plan.graph;
    let all = graph.synapses().iter();
    let mut stops = all.filter(|one| graph.str(one.action.key) == "r_stop_0");
    let stop = stops.next().expect("the connection is stopped where it was");
    assert!(has(&found, "r_migrate_from_0 node1"), "{:?}", actions(&found));
    assert!(graph.downed_by(&stop.action).is_empty());
}

#[test]
fn a_remote_node_that_asks_to_leave_loses_its_connection_after_what_runs_there() {
    let mut cluster = with_remote();
    let leaves = "<transient_attributes id=\"r\"><instance_attributes id=\"r-t\"><nvpair id=\"r-t-1\" \
                  name=\"shutdown\" value=\"1700000000\"/></instance_attributes></transient_attributes>";
    cluster.remotes = cluster.remotes.replace("<lrm id=\"r\">", &format!("{leaves}<lrm id=\"r\">"));
    let found = cluster.planned();
    assert!(has(&found, "r_stop_0 node2"), "{:?}", actions(&found));
    assert!(waits_for(&found, "r_stop_0").contains(&"a_stop_0".to_owned()));
    assert!(!actions(&found).iter().any(|one| one.starts_with("r_start")));
}

#[test]
fn an_exit_status_that_means_failure_is_one_even_where_it_was_expected() {
    let failed = op("a", "start", 0, 5, 1, "").replace("5:1:0:x", "5:1:1:x");
    let cluster = Cluster {
        resources: primitive("a", "Dummy", &[], ""),
        history: [history("a", "Dummy", "", &failed), String::new()],
        ..Cluster::default()
    };
    let status = cluster.planned().plan.status;
    assert!(status.contains("a	(ocf:pacemaker:Dummy):	 FAILED node1"), "{status}");
}

#[test]
fn a_secret_that_a_file_hides_is_no_changed_parameter() {
    let more = "<instance_attributes id=\"a-i\"><nvpair id=\"a-i-1\" name=\"passwd\" value=\"****\"/>\
                </instance_attributes>";
    // The digest of no parameters at all: everything but the password.
    let public = "op-digest=\"0\" op-secure-params=\" passwd \" \
                  op-secure-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"";
    let known = |recorded: &str| Cluster {
        resources: primitive("a", "Dummy", &[], more),
        history: [history("a", "Dummy", "", &op("a", "start", 0, 5, 0, recorded)), String::new()],
        ..Cluster::default()
    };
    assert!(!actions(&known(public).planned()).iter().any(|one| one.starts_with("a_stop")));
    assert!(has(&known("op-digest=\"0\"").planned(), "a_stop_0 node1"));
}

/// A remote node `r` with a reconnect interval, whose connection failed long ago.
fn failed_connection(fenced: u8) -> Cluster {
    let reconnect = "<instance_attributes id=\"r-i\"><nvpair id=\"r-w\" \
                     name=\"reconnect_interval\" value=\"60\"/></instance_attributes>\
                     <operations><op id=\"r-o\" name=\"monitor\" interval=\"20s\"/></operations>";
    let long_ago = "last-rc-change=\"1600000000\"";
    let ops = op("r", "start", 0, 5, 0, long_ago) + &op("r", "monitor", 20000, 6, 1, long_ago);
    Cluster {
        fencing: true,
        resources: primitive("r", "remote", &[], reconnect) + &fence_device(),
        history: [history("r", "remote", "", &ops), String::new()],
        remotes: remote_state("r", "")
            .replace("remote_node=", &format!("node_fenced=\"{fenced}\" remote_node=")),
        ..Cluster::default()
    }
}

#[test]
fn a_failed_connection_with_a_reconnect_interval_is_not_forgiven_before_its_node_is_fenced() {
    let text = failed_connection(0).planned().text();
    assert!(text.contains("Fence (reboot) r 'remote connection is unrecoverable'"), "{text}");
    let text = failed_connection(1).planned().text();
    assert!(!text.contains("Fence (reboot) r "), "{text}");
}
