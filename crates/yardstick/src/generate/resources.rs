//! Primitives, groups, clones, promotable clones, remote and guest nodes.

use super::Builder;
use cib::xml::{Node, NodeId};

/// What constraints and the status need to know of a resource.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// Its id, which constraints name.
    pub(super) id: String,
    /// What has a history: primitives, in order.
    pub(super) primitives: Vec<Primitive>,
    /// Several at once.
    pub(super) cloned: bool,
    /// Some of them promoted.
    pub(super) promotable: bool,
    /// Instances have names of their own.
    pub(super) unique: bool,
}

/// A primitive as the history names it.
#[derive(Clone, Debug)]
pub(super) struct Primitive {
    pub(super) id: String,
    pub(super) class: &'static str,
    pub(super) provider: Option<&'static str>,
    pub(super) agent: &'static str,
    /// Interval (ms) and role of each recurring monitor.
    pub(super) monitors: Vec<(u32, Option<&'static str>)>,
}

/// Adds all resources.
pub(super) fn add(builder: &mut Builder) -> Vec<Resource> {
    let part = builder.part("resources");
    let mut resources = Vec::new();
    if builder.theme.fencing {
        let primitive = builder.element(
            part,
            "primitive",
            &[("id", "Fencing"), ("class", "stonith"), ("type", "fence_xvm")],
        );
        let monitors =
            if builder.dice.percent(50) { monitors(builder, primitive, false) } else { Vec::new() };
        let fence = Primitive {
            id: "Fencing".to_owned(),
            class: "stonith",
            provider: None,
            agent: "fence_xvm",
            monitors,
        };
        resources.push(single("Fencing", fence));
    }
    if builder.theme.remotes && builder.dice.percent(60) {
        let attributes =
            [("id", "remote1"), ("class", "ocf"), ("provider", "pacemaker"), ("type", "remote")];
        let node = builder.element(part, "primitive", &attributes);
        let monitors = monitors(builder, node, false);
        let remote = Primitive {
            id: "remote1".to_owned(),
            class: "ocf",
            provider: Some("pacemaker"),
            agent: "remote",
            monitors,
        };
        resources.push(single("remote1", remote));
        builder.remotes.push("remote1".to_owned());
    }
    for number in 1..=1 + builder.dice.below(5) {
        let resource = match builder.dice.below(100) {
            0..45 => plain(builder, part, number),
            45..65 => group(builder, part, &format!("group{number}"), number),
            65..85 => clone(builder, part, number, false),
            _ => clone(builder, part, number, true),
        };
        resources.push(resource);
    }
    if builder.theme.remotes && builder.remotes.is_empty() {
        guest(builder, part, &mut resources);
    }
    resources
}

fn single(id: &str, primitive: Primitive) -> Resource {
    Resource {
        id: id.to_owned(),
        primitives: vec![primitive],
        cloned: false,
        promotable: false,
        unique: false,
    }
}

fn plain(builder: &mut Builder, part: NodeId, number: u64) -> Resource {
    let id = format!("rsc{number}");
    let (node, primitive) = primitive(builder, part, &id, false);
    meta(builder, node, false);
    single(&id, primitive)
}

/// A container whose inside is a node of the cluster.
fn guest(builder: &mut Builder, part: NodeId, resources: &mut Vec<Resource>) {
    let (node, container) = primitive(builder, part, "container1", false);
    builder.pair(node, "meta_attributes", "remote-node", "guest1");
    builder.remotes.push("guest1".to_owned());
    resources.push(single("container1", container));
    let connection = Primitive {
        id: "guest1".to_owned(),
        class: "ocf",
        provider: Some("pacemaker"),
        agent: "remote",
        monitors: Vec::new(),
    };
    // Its history goes with that of its container; constraints do not name it.
    if let Some(resource) = resources.last_mut() {
        resource.primitives.push(connection);
    }
}

fn primitive(
    builder: &mut Builder,
    part: NodeId,
    id: &str,
    promotable: bool,
) -> (NodeId, Primitive) {
    let (class, provider, agent) = match (promotable, builder.dice.below(10)) {
        (true, _) => ("ocf", Some("pacemaker"), "Stateful"),
        (false, 0) => ("systemd", None, "thing"),
        (false, 1) => ("lsb", None, "thing"),
        (false, _) => ("ocf", Some("pacemaker"), "Dummy"),
    };
    let node = builder.element(part, "primitive", &[("id", id)]);
    if builder.dice.percent(7) {
        let template = builder.id("template");
        let resources = builder.part("resources");
        let first = builder.document.node(resources).children().next().map(Node::id);
        let made = builder.document.insert(resources, first, "template");
        builder.document.set(made, "id", &template);
        kind(builder, made, class, provider, agent);
        builder.pair(made, "meta_attributes", "resource-stickiness", "5");
        builder.document.set(node, "template", &template);
    } else {
        kind(builder, node, class, provider, agent);
    }
    let monitors =
        if builder.dice.percent(70) { monitors(builder, node, promotable) } else { Vec::new() };
    if builder.theme.utilization {
        let load = builder.pick(&["1", "2", "3"]);
        builder.pair(node, "utilization", "cpu", load);
    }
    (node, Primitive { id: id.to_owned(), class, provider, agent, monitors })
}

fn kind(builder: &mut Builder, node: NodeId, class: &str, provider: Option<&str>, agent: &str) {
    builder.document.set(node, "class", class);
    if let Some(provider) = provider {
        builder.document.set(node, "provider", provider);
    }
    builder.document.set(node, "type", agent);
}

/// Adds operations; the recurring monitors among them.
fn monitors(
    builder: &mut Builder,
    node: NodeId,
    promotable: bool,
) -> Vec<(u32, Option<&'static str>)> {
    let operations = builder.element(node, "operations", &[]);
    let roles: &[(u32, Option<&str>)] = if promotable {
        &[(10_000, Some("Promoted")), (11_000, Some("Unpromoted"))]
    } else {
        &[(10_000, None)]
    };
    for (interval, role) in roles {
        let (id, text) = (builder.id("op"), format!("{}s", interval / 1000));
        let attributes = [("id", id.as_str()), ("name", "monitor"), ("interval", &text)];
        let operation = builder.element(operations, "op", &attributes);
        if let Some(role) = role {
            builder.document.set(operation, "role", role);
        }
        if builder.theme.failures && builder.dice.percent(25) {
            let on_fail = builder.pick(&["ignore", "block", "stop", "restart", "standby", "fence"]);
            builder.document.set(operation, "on-fail", on_fail);
        }
    }
    if builder.theme.failures && builder.dice.percent(15) {
        let id = builder.id("op");
        let on_fail = builder.pick(&["ignore", "block"]);
        let attributes =
            [("id", id.as_str()), ("name", "stop"), ("interval", "0s"), ("on-fail", on_fail)];
        builder.element(operations, "op", &attributes);
    }
    roles.to_vec()
}

fn meta(builder: &mut Builder, node: NodeId, promotable: bool) {
    let roles: &[&str] = if promotable {
        &["Stopped", "Started", "Unpromoted", "Promoted"]
    } else {
        &["Stopped", "Started", "Stopped"]
    };
    for (percent, name, values) in [
        (20, "resource-stickiness", &["100", "0", "INFINITY", "-5", "1"][..]),
        (8, "target-role", roles),
        (6, "is-managed", &["false"]),
        (10, "priority", &["5", "10", "-5"]),
        (15, "migration-threshold", &["1", "2", "3"]),
        (6, "multiple-active", &["block", "stop_only", "stop_start"]),
        (6, "critical", &["false"]),
        (6, "requires", &["nothing", "quorum", "fencing"]),
        (3, "maintenance", &["true"]),
    ] {
        if builder.dice.percent(percent) {
            let value = builder.pick(values);
            builder.pair(node, "meta_attributes", name, value);
        }
    }
    if builder.theme.failures && builder.dice.percent(15) {
        let timeout = builder.pick(&["60s", "1h"]);
        builder.pair(node, "meta_attributes", "failure-timeout", timeout);
    }
    if builder.theme.migration && builder.dice.percent(60) {
        builder.pair(node, "meta_attributes", "allow-migrate", "true");
    }
}

fn group(builder: &mut Builder, part: NodeId, id: &str, number: u64) -> Resource {
    let group = builder.element(part, "group", &[("id", id)]);
    let mut primitives = Vec::new();
    for member in 1..=2 + builder.dice.below(2) {
        let id = format!("rsc{number}{}", ["", "a", "b", "c"][member as usize % 4]);
        let (node, primitive) = primitive(builder, group, &id, false);
        if builder.dice.percent(25) {
            meta(builder, node, false);
        }
        primitives.push(primitive);
    }
    meta(builder, group, false);
    for name in ["ordered", "colocated"] {
        if builder.dice.percent(5) {
            builder.pair(group, "meta_attributes", name, "false");
        }
    }
    Resource { id: id.to_owned(), primitives, cloned: false, promotable: false, unique: false }
}

fn clone(builder: &mut Builder, part: NodeId, number: u64, promotable: bool) -> Resource {
    let id = format!("clone{number}");
    let clone = builder.element(part, "clone", &[("id", &id)]);
    let grouped = !promotable && builder.dice.percent(20);
    let primitives = if grouped {
        group(builder, clone, &format!("group{number}"), number).primitives
    } else {
        let (_, primitive) = primitive(builder, clone, &format!("rsc{number}"), promotable);
        vec![primitive]
    };
    meta(builder, clone, promotable);
    let unique = !grouped
        && primitives.iter().all(|primitive| primitive.class == "ocf")
        && builder.dice.percent(8);
    let mut settings = Vec::new();
    if promotable {
        settings.push(("promotable", "true"));
    }
    if unique {
        settings.push(("globally-unique", "true"));
    }
    for (percent, name, values) in [
        (35, "interleave", &["true"][..]),
        (15, "clone-max", &["1", "2", "3"]),
        (10, "notify", &["true"]),
        (10, "ordered", &["true"]),
        (if unique { 40 } else { 0 }, "clone-node-max", &["2", "3"]),
        (if promotable { 15 } else { 0 }, "promoted-max", &["2", "0"]),
        (5, "clone-min", &["1", "2"]),
    ] {
        if builder.dice.percent(percent) {
            settings.push((name, builder.pick(values)));
        }
    }
    for (name, value) in settings {
        builder.pair(clone, "meta_attributes", name, value);
    }
    Resource { id, primitives, cloned: true, promotable, unique }
}
