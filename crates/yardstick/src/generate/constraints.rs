//! Locations, colocations, orders, sets and tickets between what there is.

use super::Builder;
use super::resources::Resource;
use cib::xml::NodeId;

/// Adds all constraints.
pub(super) fn add(builder: &mut Builder, resources: &[Resource]) {
    let part = builder.part("constraints");
    for _ in 0..builder.dice.below(4) {
        location(builder, part, resources);
    }
    for _ in 0..builder.dice.below(3) {
        colocation(builder, part, resources);
    }
    for _ in 0..builder.dice.below(3) {
        order(builder, part, resources);
    }
    if builder.theme.sets && resources.len() > 2 {
        sets(builder, part, resources);
    }
    if builder.theme.tickets {
        ticket(builder, part, resources);
    }
}

fn location(builder: &mut Builder, part: NodeId, resources: &[Resource]) {
    let Some(rsc) = builder.one_of(resources) else { return };
    let (id, node, score) = (builder.id("loc"), builder.a_node(), builder.score());
    let constraint = builder.element(part, "rsc_location", &[("id", &id), ("rsc", &rsc.id)]);
    let promoted = rsc.promotable && builder.dice.percent(40);
    if builder.theme.rules && builder.dice.percent(60) {
        let (id, expression) = (builder.id("rule"), builder.id("expr"));
        let rule = builder.element(constraint, "rule", &[("id", &id), ("score", score)]);
        if promoted {
            builder.document.set(rule, "role", "Promoted");
        }
        let attribute = builder.pick(&["site", "#uname", "#kind", "missing"]);
        let operation = builder.pick(&["eq", "ne", "lt", "gte", "defined", "not_defined"]);
        let attributes =
            [("id", expression.as_str()), ("attribute", attribute), ("operation", operation)];
        let test = builder.element(rule, "expression", &attributes);
        if !operation.ends_with("defined") {
            let value = match attribute {
                "#uname" => node.as_str(),
                "#kind" => builder.pick(&["cluster", "remote", "container"]),
                _ => builder.pick(&["a", "b", "9", "10"]),
            };
            builder.document.set(test, "value", value);
        }
        return;
    }
    builder.document.set(constraint, "node", &node);
    builder.document.set(constraint, "score", score);
    if promoted {
        builder.document.set(constraint, "role", "Promoted");
    }
    if builder.dice.percent(8) {
        let discovery = builder.pick(&["never", "exclusive"]);
        builder.document.set(constraint, "resource-discovery", discovery);
    }
}

/// Two different resources.
fn two<'r>(
    builder: &mut Builder,
    resources: &'r [Resource],
) -> Option<(&'r Resource, &'r Resource)> {
    let (first, second) = (builder.one_of(resources)?, builder.one_of(resources)?);
    (first.id != second.id).then_some((first, second))
}

fn colocation(builder: &mut Builder, part: NodeId, resources: &[Resource]) {
    let Some((dependent, primary)) = two(builder, resources) else { return };
    let (id, score) = (builder.id("col"), builder.score());
    let attributes =
        [("id", id.as_str()), ("rsc", &dependent.id), ("with-rsc", &primary.id), ("score", score)];
    let constraint = builder.element(part, "rsc_colocation", &attributes);
    if primary.promotable && builder.dice.percent(50) {
        builder.document.set(constraint, "with-rsc-role", "Promoted");
    }
    if dependent.promotable && builder.dice.percent(40) {
        builder.document.set(constraint, "rsc-role", "Promoted");
    }
    if builder.dice.percent(5) {
        builder.document.set(constraint, "influence", "false");
    }
}

fn order(builder: &mut Builder, part: NodeId, resources: &[Resource]) {
    let Some((first, then)) = two(builder, resources) else { return };
    let (id, kind) =
        (builder.id("ord"), builder.pick(&["Mandatory", "Mandatory", "Optional", "Serialize"]));
    let attributes =
        [("id", id.as_str()), ("first", &first.id), ("then", &then.id), ("kind", kind)];
    let constraint = builder.element(part, "rsc_order", &attributes);
    if first.promotable && builder.dice.percent(50) {
        builder.document.set(constraint, "first-action", "promote");
        builder.document.set(constraint, "then-action", "start");
    } else if builder.dice.percent(8) {
        builder.document.set(constraint, "first-action", "stop");
        let then = builder.pick(&["start", "stop"]);
        builder.document.set(constraint, "then-action", then);
    }
    if kind != "Serialize" && builder.dice.percent(10) {
        builder.document.set(constraint, "symmetrical", "false");
    }
}

/// An order or a colocation of sets, every resource in at most one of them.
fn sets(builder: &mut Builder, part: NodeId, resources: &[Resource]) {
    let order = builder.dice.percent(50);
    let id = builder.id("sets");
    let name = if order { "rsc_order" } else { "rsc_colocation" };
    let constraint = builder.element(part, name, &[("id", &id)]);
    if order {
        builder.document.set(constraint, "kind", "Mandatory");
    } else {
        let score = builder.pick(&["INFINITY", "100", "-INFINITY"]);
        builder.document.set(constraint, "score", score);
    }
    let middle = 1 + builder.dice.below(resources.len() as u64 - 1) as usize;
    let (left, right) = resources.split_at(middle);
    for members in [left, right] {
        let id = builder.id("set");
        let set = builder.element(constraint, "resource_set", &[("id", &id)]);
        if builder.dice.percent(40) {
            builder.document.set(set, "sequential", "false");
            if order && builder.dice.percent(40) {
                builder.document.set(set, "require-all", "false");
            }
        }
        for member in members.iter().take(3) {
            builder.element(set, "resource_ref", &[("id", &member.id)]);
        }
    }
}

fn ticket(builder: &mut Builder, part: NodeId, resources: &[Resource]) {
    let Some(rsc) = builder.one_of(resources) else { return };
    let (id, policy) = (builder.id("tick"), builder.pick(&["stop", "demote", "fence", "freeze"]));
    let attributes =
        [("id", id.as_str()), ("ticket", "ticketA"), ("rsc", &rsc.id), ("loss-policy", policy)];
    let constraint = builder.element(part, "rsc_ticket", &attributes);
    if rsc.promotable && builder.dice.percent(60) {
        builder.document.set(constraint, "rsc-role", "Promoted");
    }
}
