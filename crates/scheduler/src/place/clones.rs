//! Assigning a clone: its instances one after the other, each to a node that still takes one.

use cib::value::Score;

use super::{dependents, instances, promote};
use crate::constraints::lists;
use crate::report::scores;
use crate::trace::{Cause, during, mark, undo};
use crate::unpack::state::locate;
use crate::world::{Flags, Kind, NodeIx, RscIx, Table, World};

/// Assigns a clone.
pub(crate) fn assign(w: &mut World<'_>, clone: RscIx, _stop_if_fail: bool) {
    if !w[clone].is(Flags::UNASSIGNED) || w[clone].is(Flags::ASSIGNING) {
        return;
    }
    let Kind::Clone(kind) = w[clone].kind.clone() else { return };
    w[clone].flags.set(Flags::ASSIGNING);
    if kind.promotable {
        promote::add_scores(w, clone);
    }
    for at in lists::this_with(w, clone) {
        let primary = w.colocations[at as usize].primary;
        super::assign(w, primary, None, true);
    }
    for at in lists::with_this(w, clone) {
        dependents::add_preferences(w, at, clone);
    }
    scores::print(w, clone, "pcmk__clone_assign");
    let order = w[clone].children.clone();
    instances::sort(w, clone);
    distribute(w, clone, kind.max, kind.node_max);
    let bundled = w[clone].parent.is_some();
    if !bundled {
        w[clone].children.clone_from(&order);
    }
    if kind.promotable {
        promote::set_roles(w, clone);
    }
    if !bundled {
        w[clone].children = order;
    }
    w[clone].flags.clear(Flags::ASSIGNING);
    w[clone].flags.clear(Flags::UNASSIGNED);
}

/// Gives the instances their nodes: first those that may stay where they are, then the others.
pub(crate) fn distribute(w: &mut World<'_>, parent: RscIx, max: i32, per_node: i32) {
    w[parent].counts = vec![0; w.nodes.len()];
    let table = w[parent].allowed.clone();
    let usable =
        |w: &World<'_>, node: NodeIx, score: Score| score >= Score::ZERO && w.node_available(node);
    let available = table.iter().filter(|(node, score)| usable(w, *node, *score)).count();
    let available = i32::try_from(available).unwrap_or(i32::MAX);
    let optimal = if available == 0 { max } else { (max / available).max(1) };
    let mut assigned = 0;
    for instance in w[parent].children.clone() {
        if assigned >= max {
            break;
        }
        let stay = current(w, instance).filter(|node| {
            w[instance].is(Flags::UNASSIGNED)
                && !w[instance].is(Flags::FAILED)
                && w[instance].allowed.get(*node).is_some_and(|score| usable(w, *node, score))
                && w[parent].counts[node.0 as usize] < optimal
        });
        if let Some(node) = stay
            && assign_early(w, parent, instance, node, per_node, max - assigned)
        {
            assigned += 1;
        }
    }
    for instance in w[parent].children.clone() {
        if !w[instance].is(Flags::UNASSIGNED) {
            continue;
        }
        if assigned >= max {
            during(w, Cause::CloneMax, |w| locate(w, instance, None, Score::NEG_INF));
        } else if assign_one(w, parent, instance, None, per_node).is_some() {
            assigned += 1;
        }
    }
}

/// Where an instance is active: the first place.
pub(crate) fn current(w: &World<'_>, rsc: RscIx) -> Option<NodeIx> {
    if w[rsc].is_primitive() {
        return w[rsc].active.first().copied();
    }
    w[rsc].children.iter().find_map(|child| current(w, *child))
}

/// The tables of an instance and all in it.
fn tables(w: &World<'_>, rsc: RscIx, out: &mut Vec<(RscIx, Table)>) {
    out.push((rsc, w[rsc].allowed.clone()));
    for child in &w[rsc].children {
        tables(w, *child, out);
    }
}

/// Tries to leave an instance where it is. Where it would rather go is kept for it in the count,
/// until it stays or no slot is left.
fn assign_early(
    w: &mut World<'_>,
    parent: RscIx,
    instance: RscIx,
    node: NodeIx,
    per_node: i32,
    slots: i32,
) -> bool {
    let mut before = Vec::new();
    tables(w, instance, &mut before);
    let mark = mark(w);
    let mut reserved: Vec<NodeIx> = Vec::new();
    let mut stays = false;
    let slots = usize::try_from(slots).unwrap_or(0);
    while reserved.len() < slots {
        ban_full(w, parent, instance, per_node);
        let got = super::assign(w, instance, Some(node), false);
        if got == Some(node) {
            stays = true;
            break;
        }
        super::unassign(w, instance);
        for (rsc, table) in &before {
            w[*rsc].allowed = table.clone();
        }
        undo(w, mark);
        let Some(got) = got else { break };
        w[parent].counts[got.0 as usize] += 1;
        reserved.push(got);
    }
    for node in reserved {
        w[parent].counts[node.0 as usize] -= 1;
    }
    if stays {
        w[parent].counts[node.0 as usize] += 1;
    }
    stays
}

/// Bans an instance, and all in it, from nodes that take no more.
fn ban_full(w: &mut World<'_>, parent: RscIx, instance: RscIx, per_node: i32) {
    for child in w[instance].children.clone() {
        ban_full(w, parent, child, per_node);
    }
    for node in w[instance].allowed.nodes() {
        let full = w[parent].counts[node.0 as usize] >= per_node;
        let refused = w[parent].allowed.get(node).is_none_or(|score| score < Score::ZERO);
        if !w.node_available(node) || refused || full {
            during(w, Cause::CloneNodeMax, |w| w[instance].allowed.set(node, Score::NEG_INF));
        }
    }
}

/// Assigns one instance wherever there is room.
pub(crate) fn assign_one(
    w: &mut World<'_>,
    parent: RscIx,
    instance: RscIx,
    prefer: Option<NodeIx>,
    per_node: i32,
) -> Option<NodeIx> {
    ban_full(w, parent, instance, per_node);
    let got = super::assign(w, instance, prefer, prefer.is_none());
    if let Some(node) = got {
        w[parent].counts[node.0 as usize] += 1;
    }
    got
}
