//! Nodes: what the configuration and the status section say about each.

use std::collections::BTreeMap;

use cib::value::{self, Score};
use cib::xml::{Document, Node};

use super::expand::section;
use super::options::NoQuorum;
use super::values::{Facts, block};
use crate::world::node::{Failures, NodeInfo, NodeKind};
use crate::world::{Flags, NodeIx, World};

/// All nodes the document names, in list order.
pub(crate) fn list<'d>(doc: &'d Document) -> Vec<NodeInfo<'d>> {
    let mut nodes: Vec<NodeInfo<'d>> = Vec::new();
    let configured = section(doc, "nodes").map(|id| doc.node(id));
    for xml in configured.iter().flat_map(|nodes| nodes.children_named("node")) {
        let Some(id) = xml.get("id") else { continue };
        let kind = match xml.get("type") {
            Some("remote") => NodeKind::Remote,
            _ => NodeKind::Member,
        };
        let name = xml.get("uname").unwrap_or(id);
        let mut node = blank(id, name, kind);
        node.score = xml.get("score").and_then(Score::parse).unwrap_or(Score::ZERO);
        if !nodes.iter().any(|have| have.id == id) {
            nodes.push(node);
        }
    }
    if let Some(resources) = section(doc, "resources") {
        for xml in doc.node(resources).descendants().filter(|node| is_connection(*node)) {
            add_remote(&mut nodes, xml);
        }
    }
    add_leftovers(doc, &mut nodes);
    nodes.sort_by(|a, b| value::numeric_name_order(a.name, b.name));
    nodes
}

/// Whether an element is a remote node's connection.
pub(crate) fn is_connection(node: Node<'_>) -> bool {
    node.is("primitive")
        && node.get("class") == Some("ocf")
        && node.get("provider") == Some("pacemaker")
        && node.get("type") == Some("remote")
}

fn add_remote<'d>(nodes: &mut Vec<NodeInfo<'d>>, connection: Node<'d>) {
    let Some(id) = connection.get("id") else { return };
    let inside = connection
        .children_named("meta_attributes")
        .flat_map(|block| block.children_named("nvpair"))
        .any(|pair| pair.get("name") == Some("container"));
    let kind = if inside { NodeKind::Guest } else { NodeKind::Remote };
    if let Some(node) = nodes.iter_mut().find(|node| node.name == id) {
        node.kind = kind;
    } else {
        let mut node = blank(id, id, kind);
        node.listed = connection.parent().is_none_or(|up| !up.is("replica"));
        nodes.push(node);
    }
}

/// Remote nodes whose connection is not configured any more, but still has a history.
fn add_leftovers<'d>(doc: &'d Document, nodes: &mut Vec<NodeInfo<'d>>) {
    let states = doc.root().child("status");
    let histories = states
        .iter()
        .flat_map(|status| status.children_named("node_state"))
        .filter_map(|state| state.child("lrm")?.child("lrm_resources"))
        .flat_map(|all| all.children_named("lrm_resource"))
        .filter(|xml| {
            xml.get("class") == Some("ocf")
                && xml.get("provider") == Some("pacemaker")
                && xml.get("type") == Some("remote")
                && xml.child("lrm_rsc_op").is_some()
        });
    for xml in histories {
        let Some(id) = xml.get("id").filter(|id| !nodes.iter().any(|node| node.name == *id)) else {
            continue;
        };
        let inside = xml.get("container").is_some();
        let kind = if inside { NodeKind::Guest } else { NodeKind::Remote };
        nodes.push(NodeInfo { leftover: true, listed: false, ..blank(id, id, kind) });
    }
}

fn blank<'d>(id: &'d str, name: &'d str, kind: NodeKind) -> NodeInfo<'d> {
    NodeInfo {
        id,
        name,
        kind,
        score: Score::ZERO,
        attributes: BTreeMap::new(),
        utilization: Vec::new(),
        listed: true,
        reserved: false,
        connection: None,
        container: None,
        state: None,
        online: false,
        unclean: false,
        pending: false,
        standby: false,
        standby_on_fail: false,
        maintenance: false,
        shutdown: false,
        unseen: true,
        lost: false,
        is_dc: false,
        reset_needed: false,
        leftover: false,
        unpacked: false,
        remote_maintenance: false,
        remote_was_fenced: false,
        running: Vec::new(),
        assigned: 0,
        discovery: true,
        failures: BTreeMap::new(),
    }
}

/// Reads the nodes' own configuration: attributes and utilization.
pub(crate) fn unpack_configured(w: &mut World<'_>) {
    let doc = w.doc;
    let dc = doc.root().get("dc-uuid");
    let cluster = w.options.written.iter().find(|(name, _)| *name == "cluster-name").copied();
    let configured = section(doc, "nodes").map(|id| doc.node(id));
    for at in 0..w.nodes.len() {
        let id = w.nodes[at].id;
        let xml = configured
            .and_then(|nodes| nodes.children_named("node").find(|node| node.get("id") == Some(id)));
        let ix = NodeIx(at as u32);
        builtins(w, ix, dc, cluster.map(|(_, value)| value));
        if let Some(xml) = xml {
            let facts = Facts { node: Some(ix), ..Facts::default() };
            let attributes = block(w, xml, "instance_attributes", &facts);
            let utilization = block(w, xml, "utilization", &facts);
            for (name, value) in attributes {
                w[ix].attributes.insert(name, value);
            }
            w[ix].utilization = utilization
                .into_iter()
                .map(|(name, value)| (name, super::values::capacity(value)))
                .collect();
        }
        w[ix].unclean = w.options.fencing && w.options.startup_fencing && !w[ix].is_remote();
    }
}

fn builtins<'d>(w: &mut World<'d>, ix: NodeIx, dc: Option<&'d str>, cluster: Option<&'d str>) {
    let node = &mut w[ix];
    node.is_dc = dc == Some(node.id);
    let kind = match node.kind {
        NodeKind::Member => "cluster",
        NodeKind::Remote => "remote",
        NodeKind::Guest => "container",
    };
    let is_dc = if node.is_dc { "true" } else { "false" };
    let (name, id) = (node.name, node.id);
    node.attributes.extend([("#uname", name), ("#id", id), ("#kind", kind), ("#is_dc", is_dc)]);
    if let Some(cluster) = cluster {
        node.attributes.insert("#cluster-name", cluster);
    }
}

/// Reads the nodes' states.
pub(crate) fn unpack_states(w: &mut World<'_>) {
    let doc = w.doc;
    let states = doc.root().child("status");
    for state in states.iter().flat_map(|status| status.children_named("node_state")) {
        let (id, name) = (state.get("id"), state.get("uname"));
        let found =
            w.nodes.iter().position(|node| Some(node.id) == id).or_else(|| {
                w.nodes.iter().position(|node| name.is_some_and(|name| node.name == name))
            });
        let Some(at) = found else { continue };
        let ix = NodeIx(at as u32);
        w[ix].state = Some(state);
        if w[ix].leftover {
            continue;
        }
        transient_attributes(w, ix, state);
        if w[ix].is_remote() {
            remote_state(w, ix, state);
        } else {
            w[ix].unclean = false;
            w[ix].unseen = false;
            common_attributes(w, ix);
            member_state(w, ix, state);
        }
    }
    for at in 0..w.nodes.len() {
        let ix = NodeIx(at as u32);
        if w[ix].is_remote() {
            common_attributes(w, ix);
        }
        let attributes = &w[ix].attributes;
        let site = attributes.get("site-name").or(attributes.get("#cluster-name")).copied();
        if let Some(site) = site {
            w[ix].attributes.insert("#site-name", site);
        }
    }
    fence_without_quorum(w);
}

fn transient_attributes<'d>(w: &mut World<'d>, ix: NodeIx, state: Node<'d>) {
    let facts = Facts { node: Some(ix), ..Facts::default() };
    let Some(transient) = state.child("transient_attributes") else { return };
    for (name, value) in block(w, transient, "instance_attributes", &facts) {
        w[ix].attributes.insert(name, value);
        note_failures(&mut w[ix], name, value);
    }
}

/// `fail-count-RSC#OP_INTERVAL` and `last-failure-RSC#OP_INTERVAL` are how failures are recorded.
fn note_failures<'d>(node: &mut NodeInfo<'d>, name: &'d str, text: &'d str) {
    let (count, rest) = match (name.strip_prefix("fail-count-"), name.strip_prefix("last-failure-"))
    {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return,
    };
    let (rsc, operation) = rest.split_once('#').unwrap_or((rest, ""));
    let entry: &mut Failures = node.failures.entry((rsc, operation)).or_default();
    if count {
        entry.count = Score::parse(text);
    } else {
        entry.last = text.trim().parse().unwrap_or(0);
    }
}

fn remote_state(w: &mut World<'_>, ix: NodeIx, state: Node<'_>) {
    w[ix].unseen = false;
    w[ix].remote_maintenance = flag(state.get("node_in_maintenance")) == Some(true);
    let connection = w[ix].connection.filter(|_| w[ix].is_guest());
    w[ix].maintenance |= connection.is_some_and(|rsc| !w[rsc].is(Flags::MANAGED));
    w[ix].remote_was_fenced = state.get("node_fenced").is_some_and(|text| text != "0");
}

/// A boolean, or a moment (seconds since 1970) since when it holds: 0 is false.
fn flag(text: Option<&str>) -> Option<bool> {
    let text = text?;
    value::boolean(text).or_else(|| text.trim().parse::<i64>().ok().map(|epoch| epoch > 0))
}

fn common_attributes(w: &mut World<'_>, ix: NodeIx) {
    let yes =
        |w: &World<'_>, name: &str| w[ix].attribute(name).and_then(value::boolean).unwrap_or(false);
    let (standby, maintenance) = (yes(w, "standby"), yes(w, "maintenance"));
    w[ix].standby |= standby;
    w[ix].maintenance |= maintenance;
    if w[ix].is_remote() {
        let discovery = w[ix].attribute("resource-discovery-enabled").and_then(value::boolean);
        w[ix].discovery = discovery.unwrap_or(true);
    }
}

/// What a member's `node_state` says, read once.
struct Membership<'d> {
    member_given: bool,
    member: bool,
    /// Since when it is a member; 0 if not known.
    member_since: i64,
    online: bool,
    join: &'d str,
    expected: &'d str,
    shutdown: bool,
}

fn member_state<'d>(w: &mut World<'d>, ix: NodeIx, state: Node<'d>) {
    let crmd = state.get("crmd").unwrap_or_default();
    let membership = Membership {
        member_given: state.get("in_ccm").is_some(),
        member: flag(state.get("in_ccm")).unwrap_or(false),
        member_since: state.get("in_ccm").and_then(|text| text.parse().ok()).unwrap_or(0),
        online: crmd == "online" || crmd.parse::<i64>().is_ok_and(|epoch| epoch > 0),
        join: state.get("join").unwrap_or_default(),
        expected: state.get("expected").unwrap_or("down"),
        shutdown: w[ix].attribute("shutdown").is_some_and(|text| text != "0"),
    };
    w[ix].shutdown = membership.shutdown;
    if w.options.fencing {
        judge_with_fencing(w, ix, &membership);
    } else {
        judge_without_fencing(w, ix, &membership);
    }
}

fn judge_without_fencing(w: &mut World<'_>, ix: NodeIx, m: &Membership<'_>) {
    let online = m.member && m.online && m.join == "member";
    w[ix].online = online;
    if m.member && !m.online && m.expected == "member" && !m.shutdown {
        fence(w, ix, "peer is unexpectedly down");
    }
}

fn judge_with_fencing(w: &mut World<'_>, ix: NodeIx, m: &Membership<'_>) {
    let terminate = w[ix].attribute("terminate").is_some_and(|text| {
        value::boolean(text).unwrap_or_else(|| text.parse::<i64>().is_ok_and(|n| n > 0))
    });
    w[ix].online = m.member;
    if m.shutdown {
        w[ix].online = m.online;
    } else if !m.member_given {
        fence(w, ix, "peer has not been seen by the cluster");
    } else if m.join == "banned" {
        fence(w, ix, "peer failed Pacemaker membership criteria");
    } else if terminate && (m.member || m.online || m.expected == "member") {
        fence(w, ix, "fencing was requested");
    } else if m.expected == "down" {
        judge_joining(w, ix, m);
    } else if !m.member {
        w[ix].lost = true;
        fence(w, ix, "peer is no longer part of the cluster");
    } else if !m.online {
        fence(w, ix, "peer process is no longer available");
    } else if m.join == "member" {
    } else if matches!(m.join, "pending" | "down") {
        w[ix].standby = true;
        w[ix].pending = true;
    } else {
        fence(w, ix, "peer was in an unknown state");
    }
}

/// A node that was down and is about to come back.
fn judge_joining(w: &mut World<'_>, ix: NodeIx, m: &Membership<'_>) {
    let limit = w.options.pending_timeout;
    let waited = w.now - m.member_since;
    if limit > 0 && m.member_since > 1 && !m.online && waited >= limit {
        fence(w, ix, "peer pending timed out on joining the process group");
    } else if m.member || m.online {
        if limit > 0 && m.member_since > 1 && !m.online {
            super::note_change(w, m.member_since + limit);
        }
        w[ix].standby = true;
        w[ix].pending = true;
    }
}

/// Asks for a node to be fenced; the first reason given counts.
pub(crate) fn fence(w: &mut World<'_>, ix: NodeIx, reason: &str) {
    let node = &mut w[ix];
    if node.is_guest() {
        node.reset_needed = true;
        let container = node.container;
        if let Some(container) = container.filter(|rsc| w[*rsc].is(Flags::MANAGED)) {
            w[container].flags.set(Flags::FAILED);
            w[container].flags.set(Flags::STOP_IF_FAILED);
        }
        return;
    }
    node.unclean = true;
    crate::actions::fencing::operation(w, ix, None, true, Some(reason));
}

fn fence_without_quorum(w: &mut World<'_>) {
    if w.quorate || w.options.no_quorum != NoQuorum::Fence {
        return;
    }
    for at in 0..w.nodes.len() {
        let ix = NodeIx(at as u32);
        if w[ix].online && !w[ix].is_remote() {
            fence(w, ix, "cluster does not have quorum");
        }
    }
}
