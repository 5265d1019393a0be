//! Names and values of the document as they count now and here.

use cib::date::DateTime;
use cib::nvpairs;
use cib::rules::{self, Agent, Context, NextChange, Operation};
use cib::xml::Node;

use crate::world::{Flags, NodeIx, RscIx, World};

/// What rules are judged by, besides the moment.
#[derive(Clone, Copy, Default)]
pub(crate) struct Facts<'f> {
    pub(crate) node: Option<NodeIx>,
    pub(crate) rsc: Option<RscIx>,
    pub(crate) agent: Option<Agent<'f>>,
    pub(crate) operation: Option<Operation<'f>>,
    /// What the parentheses of a pattern matched.
    pub(crate) groups: &'f [Option<&'f str>],
}

impl<'f> Facts<'f> {
    /// A resource asks for its values.
    pub(crate) fn of_resource(xml: Node<'f>) -> Facts<'f> {
        let agent = xml.get("type").map(|kind| Agent {
            class: xml.get("class").unwrap_or_default(),
            provider: xml.get("provider"),
            kind,
        });
        Facts { agent, ..Facts::default() }
    }

    /// An operation of a resource asks for its values.
    pub(crate) fn of_operation(xml: Node<'f>, name: &'f str, interval: u32) -> Facts<'f> {
        let operation = Operation { name, interval_ms: u64::from(interval) };
        Facts { operation: Some(operation), ..Facts::of_resource(xml) }
    }
}

/// Judges with a context made of facts.
fn judge<T>(
    w: &World<'_>,
    facts: &Facts<'_>,
    judge: impl FnOnce(&Context<'_>, &mut NextChange) -> T,
) -> T {
    let attributes = |name: &str| facts.node.and_then(|node| w[node].attributes.get(name).copied());
    let meta = |name: &str| facts.rsc.and_then(|rsc| w[rsc].meta(name));
    let pairs = match (facts.rsc, facts.node) {
        (Some(rsc), node) if !facts.groups.is_empty() || facts.operation.is_none() => {
            parameters(w, rsc, node)
        }
        _ => Vec::new(),
    };
    let own = |name: &str| nvpairs::get(&pairs, name);
    let context = Context {
        now: DateTime::from_epoch(w.now),
        node: facts.node.map(|_| &attributes as rules::Lookup<'_>),
        parameters: facts.rsc.map(|_| &own as rules::Lookup<'_>),
        meta: facts.rsc.map(|_| &meta as rules::Lookup<'_>),
        resource: facts.agent,
        operation: facts.operation,
        submatches: facts.groups,
    };
    let mut next = NextChange::default();
    let found = judge(&context, &mut next);
    if let Some(at) = next.at {
        super::note_change(w, at);
    }
    found
}

/// The names and values of an element's blocks of one kind.
pub(crate) fn block<'d>(
    w: &World<'_>,
    parent: Node<'d>,
    kind: &str,
    facts: &Facts<'_>,
) -> Vec<(&'d str, &'d str)> {
    if parent.child(kind).is_none() {
        return Vec::new();
    }
    judge(w, facts, |context, next| nvpairs::evaluate(parent, kind, context, next))
}

/// Whether a rule passes.
pub(crate) fn passes(w: &World<'_>, rule: Node<'_>, facts: &Facts<'_>) -> bool {
    judge(w, facts, |context, next| rules::passes(rule, context, next))
}

/// A resource's parameters for a node: its own, then those of what it is in.
pub(crate) fn parameters<'d>(
    w: &World<'d>,
    rsc: RscIx,
    node: Option<NodeIx>,
) -> Vec<(&'d str, &'d str)> {
    let facts = Facts { node, ..Facts::of_resource(w[rsc].xml) };
    let mut pairs = block(w, w[rsc].xml, "instance_attributes", &facts);
    let mut up = w[rsc].parent;
    while let Some(parent) = up {
        for (name, value) in block(w, w[parent].xml, "instance_attributes", &facts) {
            if !pairs.iter().any(|(have, _)| *have == name) {
                pairs.push((name, value));
            }
        }
        up = w[parent].parent;
    }
    if w[rsc].is(Flags::CONNECTION) && w[rsc].container.is_some() {
        for (_, value) in pairs.iter_mut().filter(|(_, value)| *value == HOST_NAME) {
            *value = host_of_container(w, rsc).map_or(*value, |host| w[host].name);
        }
    }
    pairs
}

/// What stands for the name of the node a replica's container is on, in its connection's address.
pub(crate) const HOST_NAME: &str = "#uname";

/// Where the container of a connection will be, or is.
fn host_of_container(w: &World<'_>, connection: RscIx) -> Option<NodeIx> {
    let container = w[connection].container?;
    w[container].assigned.or_else(|| crate::actions::primitive::current(w, container))
}

/// Whether a connection's parameters are known only once its container has a node.
pub(crate) fn needs_host_name(w: &World<'_>, rsc: RscIx) -> bool {
    w[rsc].is(Flags::CONNECTION)
        && w[rsc].container.is_some()
        && block(w, w[rsc].xml, "instance_attributes", &Facts::of_resource(w[rsc].xml))
            .iter()
            .any(|(name, value)| *name == "addr" && *value == HOST_NAME)
}

/// A number of a `utilization` block; text that is none is 0.
pub(crate) fn capacity(text: &str) -> i64 {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let size: i64 = digits[..end].parse().unwrap_or(0);
    if text.starts_with('-') { -size } else { size }
}

/// How long it is (ms) to the next multiple of an interval, counted from an origin.
pub(crate) fn origin_delay_ms(origin: &str, interval_ms: u32, now: i64) -> Option<i64> {
    let origin = DateTime::parse(origin, DateTime::from_epoch(now))?.epoch;
    let interval = i64::from(interval_ms) / 1000;
    if interval == 0 {
        return None;
    }
    let past = (now - origin).rem_euclid(interval);
    Some(if past == 0 { 0 } else { (interval - past) * 1000 })
}
