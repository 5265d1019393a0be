//! Shutdown locks: a resource waits for its node to come back instead of moving.

use cib::xml::Node;

use crate::trace::{Cause, during};
use crate::world::{Flags, NodeIx, RscIx, World};

/// Honours a lock that the history records.
pub(crate) fn unpack<'d>(w: &mut World<'d>, rsc: RscIx, node: NodeIx, xml: Node<'d>) {
    let Some(since) = xml.get("shutdown-lock").and_then(|text| text.parse::<i64>().ok()) else {
        return;
    };
    if since <= 0 || w[rsc].parent.is_some_and(|up| w[up].has_instances()) {
        return;
    }
    let limit = w.options.shutdown_lock_limit;
    if limit > 0 && w.now > since + limit {
        expire(w, rsc, node);
        return;
    }
    if limit > 0 {
        super::note_change(w, since + limit + 1);
    }
    w[rsc].lock_node = Some(node);
    w[rsc].lock_time = since;
}

/// A lock that is too old is removed from the history.
fn expire(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    let mut action =
        crate::actions::blank(crate::world::Task::LrmDelete, Some(rsc), 0, Some(node), false);
    action.flags.set(crate::world::ActFlags::RUNNABLE);
    crate::actions::add(w, action);
}

/// Locks what is active only on nodes that shut down cleanly, and keeps it there.
pub(crate) fn apply(w: &mut World<'_>) {
    if !w.options.shutdown_lock {
        return;
    }
    for at in 0..w.top.len() {
        apply_to(w, w.top[at]);
    }
}

fn apply_to(w: &mut World<'_>, rsc: RscIx) {
    if w[rsc].has_instances() {
        return;
    }
    if w[rsc].is_group() {
        for member in w[rsc].children.clone() {
            apply_to(w, member);
        }
        let first = w[rsc].children.first().copied();
        if let Some(first) = first {
            w[rsc].lock_node = w[first].lock_node;
        }
    }
    if w[rsc].is(Flags::FENCE_DEVICE) || w[rsc].is(Flags::CONNECTION) {
        return;
    }
    if let Some(node) = w[rsc].lock_node.filter(|_| w[rsc].is_primitive()) {
        if let Some(running) = w[rsc].single_active() {
            let leaving = w[running].shutdown || !w[running].online;
            if running != node || !leaving {
                w[rsc].lock_node = None;
                return;
            }
        }
    } else if w[rsc].is_primitive() {
        let Some(node) = w[rsc].single_active().filter(|node| w[*node].shutdown) else { return };
        if w[node].unclean || w[node].is_remote() {
            return;
        }
        w[rsc].lock_node = Some(node);
    }
    let Some(node) = w[rsc].lock_node else { return };
    if w[rsc].lock_time == 0 {
        let asked = w[node].attribute("shutdown").and_then(|text| text.parse().ok());
        w[rsc].lock_time = asked.filter(|at| *at > 0).unwrap_or(w.now);
        let limit = w.options.shutdown_lock_limit;
        if limit > 0 {
            let until = w[rsc].lock_time + limit;
            super::note_change(w, until);
        }
    }
    during(w, Cause::ShutdownLock, |w| keep_on(w, rsc, node));
}

/// Bans a resource from all nodes but one.
fn keep_on(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    for other in (0..w.nodes.len() as u32).map(NodeIx).filter(|other| *other != node) {
        if w[rsc].allowed.has(other) {
            w[rsc].allowed.add(other, cib::value::Score::NEG_INF);
        } else {
            w[rsc].allowed.set(other, cib::value::Score::NEG_INF);
        }
    }
}
