//! Locations: how well resources like which nodes.

use cib::value::{Role, Score};
use cib::xml::Node;

use super::names::Names;
use super::sets;
use crate::trace::{Cause, during};
use crate::unpack::values::{Facts, passes};
use crate::world::resource::Discovery;
use crate::world::{Flags, Kind, Location, NodeIx, RscIx, World};

/// Reads a location.
pub(crate) fn unpack<'d>(w: &mut World<'d>, names: &Names<'d>, xml: Node<'d>) {
    let id = xml.get("id").unwrap_or_default();
    let listed: Vec<Node<'d>> = xml.children_named("resource_set").collect();
    for set in listed {
        let Some(found) = sets::unpack(w, names, set) else { return };
        let role = if set.get("role").is_some() { set.get("role") } else { xml.get("role") };
        let score = set.get("score").or(xml.get("score"));
        for rsc in found.members {
            one(w, id, xml, rsc, role, score, &[]);
        }
    }
    if let Some(pattern) = xml.get("rsc-pattern") {
        by_pattern(w, id, xml, pattern);
    } else if let Some(found) = xml.get("rsc").and_then(|name| names.resources(w, name)) {
        for rsc in found {
            one(w, id, xml, rsc, xml.get("role"), xml.get("score"), &[]);
        }
    }
}

/// `rsc-pattern`: top-level resources whose id matches; with a leading `!` those that do not.
fn by_pattern<'d>(w: &mut World<'d>, id: &'d str, xml: Node<'d>, pattern: &'d str) {
    let (pattern, inverted) = match pattern.strip_prefix('!') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let Some(regex) = crate::pattern::Pattern::new(pattern) else { return };
    for rsc in w.top.clone() {
        let id_text = w[rsc].id.clone();
        let found = regex.captures(&id_text);
        match found {
            Some(groups) if !inverted => {
                one(w, id, xml, rsc, xml.get("role"), xml.get("score"), &groups);
            }
            None if inverted => one(w, id, xml, rsc, xml.get("role"), xml.get("score"), &[]),
            _ => {}
        }
    }
}

fn one<'d>(
    w: &mut World<'d>,
    id: &'d str,
    xml: Node<'d>,
    rsc: RscIx,
    role: Option<&'d str>,
    score: Option<&'d str>,
    groups: &[Option<&str>],
) {
    let discovery = match xml.get("resource-discovery") {
        Some("never") => Discovery::Never,
        Some("exclusive") => Discovery::Exclusive,
        _ => Discovery::Always,
    };
    if let (Some(score), Some(node)) = (score, xml.get("node")) {
        let score = w.options.score(score).unwrap_or(Score::ZERO);
        let Some(node) = crate::unpack::migration::node_named(w, Some(node)) else { return };
        add(w, id, rsc, sets::role(role), discovery, vec![(node, score)]);
        return;
    }
    for rule in xml.children_named("rule") {
        let rule_role = rule.get("role").or(role);
        let nodes = by_rule(w, rule, rsc, score, groups);
        add(w, id, rsc, sets::role(rule_role), discovery, nodes);
    }
}

/// The nodes a rule matches, with what it gives them.
fn by_rule<'d>(
    w: &World<'d>,
    rule: Node<'d>,
    rsc: RscIx,
    constraint_score: Option<&str>,
    groups: &[Option<&str>],
) -> Vec<(NodeIx, Score)> {
    let rule = match rule.get("id-ref").and_then(|id| w.doc.by_id(id)) {
        Some(id) => w.doc.node(id),
        None => rule,
    };
    let attribute = rule.get("score-attribute").map(|name| expand(name, groups));
    let fixed = rule.get("score").or(constraint_score).unwrap_or("0");
    let mut nodes = Vec::new();
    for node in (0..w.nodes.len() as u32).map(NodeIx) {
        let facts = Facts { node: Some(node), rsc: Some(rsc), groups, ..Facts::default() };
        if !passes(w, rule, &facts) {
            continue;
        }
        let score = match &attribute {
            Some(name) => w[node].attribute(name).and_then(|text| w.options.score(text)),
            None => Some(w.options.score(fixed).unwrap_or(Score::ZERO)),
        };
        nodes.extend(score.map(|score| (node, score)));
    }
    nodes
}

/// Replaces `%N` by what the pattern's group N matched.
fn expand(name: &str, groups: &[Option<&str>]) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek().and_then(|next| next.to_digit(10))) {
            ('%', Some(group)) if !groups.is_empty() => {
                rest.next();
                text.push_str(groups.get(group as usize).copied().flatten().unwrap_or(""));
            }
            _ => text.push(c),
        }
    }
    text
}

/// Adds a location to the world.
pub(crate) fn add<'d>(
    w: &mut World<'d>,
    id: &'d str,
    rsc: RscIx,
    role: Role,
    discovery: Discovery,
    nodes: Vec<(NodeIx, Score)>,
) {
    let role = if role == Role::Unpromoted { Role::Unknown } else { role };
    let at = w.locations.len() as u32;
    w[rsc].locations.push(at);
    w.locations.push(Location { id, rsc, role, discovery, nodes });
}

/// Applies all locations, the newest first.
pub(crate) fn apply_all(w: &mut World<'_>) {
    for at in (0..w.locations.len()).rev() {
        let rsc = w.locations[at].rsc;
        during(w, Cause::Location(at as u32), |w| apply(w, rsc, at as u32));
    }
}

/// Applies one location to a resource and to those below it that it concerns.
fn apply(w: &mut World<'_>, rsc: RscIx, at: u32) {
    match w[rsc].kind.clone() {
        Kind::Primitive => apply_scores(w, rsc, at, false),
        Kind::Group(group) => {
            apply_scores(w, rsc, at, false);
            for (place, member) in w[rsc].children.clone().into_iter().enumerate() {
                apply_scores(w, member, at, group.colocated && place > 0);
            }
        }
        Kind::Clone(_) => {
            apply_scores(w, rsc, at, false);
            for instance in w[rsc].children.clone() {
                apply(w, instance, at);
            }
        }
        Kind::Bundle(bundle) => {
            apply_scores(w, rsc, at, false);
            for replica in &bundle.replicas {
                apply(w, replica.container, at);
                if let Some(ip) = replica.ip {
                    apply(w, ip, at);
                }
            }
            let role = w.locations[at as usize].role;
            if let Some(child) = bundle.child.filter(|_| role == Role::Promoted) {
                apply(w, child, at);
                w[child].locations.push(at);
            }
        }
    }
}

/// Adds the scores to a resource's table (`entries_only`: only makes the nodes known to it).
fn apply_scores(w: &mut World<'_>, rsc: RscIx, at: u32, entries_only: bool) {
    let location = w.locations[at as usize].clone();
    if location.discovery == Discovery::Exclusive {
        w[rsc].flags.set(Flags::EXCLUSIVE_DISCOVERY);
    }
    if location.role == Role::Promoted {
        return;
    }
    for (node, score) in &location.nodes {
        let score = if entries_only { Score::ZERO } else { *score };
        let have = w[rsc].allowed.get(*node);
        w[rsc].allowed.set(*node, have.map_or(score, |have| have + score));
        discover(w, rsc, *node, location.discovery);
    }
}

/// The strongest discovery mode of a node counts.
fn discover(w: &mut World<'_>, rsc: RscIx, node: NodeIx, mode: Discovery) {
    let modes = &mut w[rsc].discovery;
    match modes.iter_mut().find(|(have, _)| *have == node) {
        Some((_, have)) => *have = (*have).max(mode),
        None => modes.push((node, mode)),
    }
}

/// How widely a resource's state is asked on a node.
pub(crate) fn discovery(w: &World<'_>, rsc: RscIx, node: NodeIx) -> Discovery {
    let modes = &w[rsc].discovery;
    let of_node = if w[node].reserved { Discovery::Never } else { Discovery::Always };
    modes.iter().find(|(have, _)| *have == node).map_or(of_node, |(_, mode)| *mode)
}
