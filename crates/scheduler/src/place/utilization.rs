//! Utilization: what nodes can carry, and what resources weigh.

use std::cmp::Ordering;

use cib::value::Score;

use crate::constraints::lists;
use crate::trace::{Cause, during};
use crate::unpack::options::Placement;
use crate::world::{Flags, NodeIx, Order, Rel, RscIx, Side, Task, World};

type Load<'d> = Vec<(&'d str, i64)>;

/// Whether a resource's weight counts at all.
fn counts(w: &World<'_>, rsc: RscIx) -> bool {
    w.options.placement != Placement::Default && !w[rsc].utilization.is_empty()
}

/// Uses a node's capacity for a resource.
pub(crate) fn take(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    change(w, rsc, node, -1);
}

/// Gives a resource's share of a node's capacity back.
pub(crate) fn give_back(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    change(w, rsc, node, 1);
}

fn change(w: &mut World<'_>, rsc: RscIx, node: NodeIx, sign: i64) {
    if w.options.placement == Placement::Default {
        return;
    }
    for (name, weight) in w[rsc].utilization.clone() {
        if let Some((_, left)) = w[node].utilization.iter_mut().find(|(have, _)| *have == name) {
            *left = left.saturating_add(weight.saturating_mul(sign));
        }
    }
}

/// Which of two nodes has more capacity left: by how many attributes each has more of.
pub(crate) fn compare(w: &World<'_>, a: NodeIx, b: NodeIx) -> Ordering {
    let left = |node: NodeIx, name: &str| {
        w[node].utilization.iter().find(|(have, _)| *have == name).map_or(0, |(_, left)| *left)
    };
    let mut lead = 0;
    for (name, have) in &w[a].utilization {
        lead += have.cmp(&left(b, name)) as i32;
    }
    for (name, have) in &w[b].utilization {
        if !w[a].utilization.iter().any(|(other, _)| other == name) {
            lead -= have.cmp(&0) as i32;
        }
    }
    0.cmp(&lead)
}

fn fits(w: &World<'_>, node: NodeIx, load: &Load<'_>) -> bool {
    load.iter().all(|(name, weight)| {
        let left = w[node].utilization.iter().find(|(have, _)| have == name);
        left.is_none_or(|(_, left)| weight <= left)
    })
}

fn add<'d>(load: &mut Load<'d>, more: &[(&'d str, i64)]) {
    for (name, weight) in more {
        match load.iter_mut().find(|(have, _)| have == name) {
            Some((_, have)) => *have = have.saturating_add(*weight),
            None => load.push((name, *weight)),
        }
    }
}

/// Bans nodes that cannot carry a resource; says which node to prefer.
pub(crate) fn ban_and_prefer(
    w: &mut World<'_>,
    rsc: RscIx,
    prefer: Option<NodeIx>,
) -> Option<NodeIx> {
    if w.options.placement == Placement::Default {
        return prefer;
    }
    let set = colocated(w, rsc);
    if set.iter().all(|one| w[*one].utilization.is_empty()) {
        return prefer;
    }
    let mut together = Load::new();
    for one in &set {
        add(&mut together, &weight(w, *one));
    }
    let usable = |w: &World<'_>, node: NodeIx| {
        w[rsc].allowed.get(node).is_some_and(|score| score >= Score::ZERO)
            && w.node_available_with_guest(node)
    };
    let nodes = w[rsc].allowed.nodes();
    let all_fit = nodes.iter().any(|node| usable(w, *node) && fits(w, *node, &together));
    let mut best = prefer;
    if all_fit {
        for node in nodes {
            if usable(w, node) && !fits(w, node, &together) {
                during(w, Cause::Capacity, |w| w[rsc].allowed.set(node, Score::NEG_INF));
            }
        }
        return best;
    }
    let alone = weight(w, rsc);
    let mut most: Option<NodeIx> = None;
    for node in nodes {
        if !usable(w, node) {
            continue;
        }
        if fits(w, node, &alone) {
            if most.is_none_or(|have| compare(w, node, have) == Ordering::Less) {
                most = Some(node);
            }
        } else {
            during(w, Cause::Capacity, |w| w[rsc].allowed.set(node, Score::NEG_INF));
        }
    }
    best = best.or(most);
    best
}

/// What a resource weighs with all in it.
fn weight<'d>(w: &World<'d>, rsc: RscIx) -> Load<'d> {
    let mut load = w[rsc].utilization.clone();
    for child in &w[rsc].children {
        add(&mut load, &weight(w, *child));
    }
    load
}

/// A resource and all not yet assigned that must be with it.
fn colocated(w: &World<'_>, rsc: RscIx) -> Vec<RscIx> {
    let mut set = vec![rsc];
    let mut at = 0;
    while let Some(one) = set.get(at).copied() {
        at += 1;
        let with = lists::this_with(w, one).into_iter().map(|c| (c, true));
        let and = lists::with_this(w, one).into_iter().map(|c| (c, false));
        for (colocation, primary) in with.chain(and) {
            let colocation = &w.colocations[colocation as usize];
            if colocation.score < Score::INF {
                continue;
            }
            let other = if primary { colocation.primary } else { colocation.dependent };
            if w[other].is(Flags::UNASSIGNED) && !set.contains(&other) && w[other].is_primitive() {
                set.push(other);
            }
        }
    }
    set
}

/// Resources in the order in which they are placed when capacity counts: priority, then how much
/// each is worth where it runs, then its scores node by node.
pub(crate) fn sort_resources(w: &mut World<'_>) {
    let mut nodes: Vec<NodeIx> = (0..w.nodes.len() as u32).map(NodeIx).collect();
    nodes.sort_by(|a, b| {
        let up = |node: NodeIx| !w.node_available(node);
        up(*a)
            .cmp(&up(*b))
            .then_with(|| compare_if_balanced(w, *a, *b))
            .then_with(|| w[*a].name.cmp(w[*b].name))
    });
    let tops = w.top.clone();
    let tables: std::collections::BTreeMap<RscIx, crate::world::Table> =
        tops.iter().map(|rsc| (*rsc, super::dependents::merged(w, *rsc))).collect();
    let mut top = tops;
    crate::sort::stable(&mut top, |a, b| {
        let by_priority = w[*b].priority.cmp(&w[*a].priority);
        let score = |rsc: RscIx, node: NodeIx| {
            tables.get(&rsc).and_then(|table| table.get(node)).unwrap_or(Score::NEG_INF)
        };
        let current =
            |rsc: RscIx| w[rsc].active.first().map_or(Score::NEG_INF, |node| score(rsc, *node));
        by_priority.then_with(|| current(*b).cmp(&current(*a))).then_with(|| {
            nodes
                .iter()
                .map(|node| score(*b, *node).cmp(&score(*a, *node)))
                .find(|order| *order != Ordering::Equal)
                .unwrap_or(Ordering::Equal)
        })
    });
    w.top = top;
}

fn compare_if_balanced(w: &World<'_>, a: NodeIx, b: NodeIx) -> Ordering {
    match w.options.placement {
        Placement::Balanced => compare(w, a, b),
        _ => Ordering::Equal,
    }
}

/// What leaves a node makes room before anything comes to it.
pub(crate) fn order_load(w: &mut World<'_>, rsc: RscIx) {
    if !counts(w, rsc) {
        return;
    }
    let rel = Rel::IF_ON_SAME_NODE_OR_TARGET;
    let side = |task| Side::Key(crate::constraints::ordering::key(rsc, task));
    for node in w[rsc].active.clone() {
        let room = room(w, node);
        w.orders.push(Order { id: "", first: side(Task::Stop), then: Side::Action(room), rel });
    }
    for node in w[rsc].allowed.nodes() {
        let room = room(w, node);
        for task in [Task::Start, Task::MigrateTo] {
            w.orders.push(Order { id: "", first: Side::Action(room), then: side(task), rel });
        }
    }
}

fn room(w: &mut World<'_>, node: NodeIx) -> crate::world::ActIx {
    let room = crate::actions::named(w, &format!("load_stopped_{}", w[node].name));
    w[room].node = Some(node);
    w[room].flags.clear(crate::world::ActFlags::OPTIONAL);
    room
}
