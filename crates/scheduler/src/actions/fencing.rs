//! Fencing and shutdown: which nodes must be cut off or leave, and what waits for it.

use cib::value::Role;

use crate::actions::{add, blank, edge, of_task};
use crate::unpack::options::NoQuorum;
use crate::world::{
    ActFlags, ActIx, Flags, NodeIx, Order, Rel, Requires, RscIx, Side, Task, World,
};

/// Whether a node can be fenced, now and by this partition.
pub(crate) fn can_fence(w: &World<'_>, node: NodeIx) -> bool {
    let on = &w[node];
    if on.is_guest() {
        let Some(container) = on.container else { return false };
        return w[container].active.iter().all(|host| w[*host].online || can_fence(w, *host));
    }
    if !w.options.fencing || !w.has_fence_device {
        return false;
    }
    w.quorate || w.options.no_quorum == NoQuorum::Ignore || (on.online && remote_fenceable(w, node))
}

/// Without quorum a remote node that is online may be reached by the other partition too.
fn remote_fenceable(w: &World<'_>, node: NodeIx) -> bool {
    if !w[node].is_remote() || w.options.fence_remote_without_quorum {
        return true;
    }
    w[node]
        .connection
        .is_some_and(|connection| w[connection].allowed.iter().all(|(host, _)| w[host].online))
}

/// The fencing operation of a node, created if there is none. The first reason counts.
pub(crate) fn operation<'d>(
    w: &mut World<'d>,
    node: NodeIx,
    verb: Option<&'d str>,
    optional: bool,
    reason: Option<&str>,
) -> ActIx {
    let verb = verb.unwrap_or(w.options.fencing_action);
    let name = format!("stonith-{}-{verb}", w[node].name);
    let action = if let Some(action) = w.by_name.get(&name) {
        *action
    } else {
        let mut action = blank(Task::Fence, None, 0, Some(node), true);
        if verb == "on" && w.has_unfencing && crate::digest::unfencing(w, node).changed {
            action.flags.clear(ActFlags::OPTIONAL);
        }
        action.verb = Some(verb);
        action.name = Some(name.clone());
        let at = add(w, action);
        w.by_name.insert(name, at);
        at
    };
    if !optional {
        w[action].flags.clear(ActFlags::OPTIONAL);
    }
    if let (Some(reason), None) = (reason, &w[action].reason) {
        w[action].reason = Some(reason.to_owned());
    }
    action
}

/// How long (s) the fencing of a lost member waits, so that of two halves the more important one
/// wins; none if that is not configured or not meant.
pub(crate) fn delay(w: &World<'_>, node: NodeIx) -> Option<i64> {
    let delay = w.options.priority_fencing_delay;
    if delay == 0 || !w[node].lost {
        return None;
    }
    let members: Vec<NodeIx> =
        (0..w.nodes.len() as u32).map(NodeIx).filter(|member| !w[*member].is_remote()).collect();
    let online = members.iter().filter(|member| w[**member].online).count();
    let priorities = members.iter().map(|member| priority(w, *member));
    let (lowest, highest) =
        priorities.fold((i32::MAX, i32::MIN), |(low, high), one| (low.min(one), high.max(one)));
    let split = online * 2 <= members.len() && lowest < highest;
    Some(if split && priority(w, node) == highest { delay } else { 0 })
}

/// How important what runs on a node is.
fn priority(w: &World<'_>, node: NodeIx) -> i32 {
    let running = w[node].running.iter().map(|rsc| &w[*rsc]);
    let healthy = running.filter(|rsc| !rsc.is(Flags::FAILED) && rsc.priority.get() != 0);
    healthy.map(|rsc| rsc.priority.get() + i32::from(rsc.role == Role::Promoted)).sum()
}

/// A start or probe waits for its node's unfencing where the resource asks for that. To unfence is
/// optional: a resource that is added later is no reason to stop all others.
pub(crate) fn order_after_unfencing(
    w: &mut World<'_>,
    rsc: RscIx,
    node: NodeIx,
    action: ActIx,
    rel: u32,
) {
    let device = w[rsc].is(Flags::FENCE_DEVICE) && w.has_unfencing;
    let asks = device || w[rsc].requires == Requires::Unfencing;
    if !asks || !w.options.fencing || w[node].is_guest() {
        return;
    }
    let unfence = operation(w, node, Some("on"), true, None);
    edge(w, unfence, action, rel);
    if w[node].attribute("#node-unfenced").is_none_or(|text| text == "0") {
        let reason = format!("required by {} {}", w[rsc].id, w[action].task.text());
        unfence_node(w, node, &reason);
    }
}

/// A node is not unfenced under what runs there.
pub(crate) fn order_before_unfencing(w: &mut World<'_>, rsc: RscIx, node: NodeIx, stop: ActIx) {
    if w[rsc].requires == Requires::Unfencing && !w[node].is_guest() {
        let unfence = operation(w, node, Some("on"), true, None);
        edge(w, stop, unfence, Rel::ORDERED);
    }
}

/// A node is unfenced anew after a fence device has changed there.
pub(crate) fn unfence_for(w: &mut World<'_>, device: RscIx, node: NodeIx, reason: &str) {
    if w[device].is(Flags::FENCE_DEVICE) {
        unfence_node(w, node, reason);
    }
}

fn unfence_node(w: &mut World<'_>, node: NodeIx, reason: &str) {
    let stays = w[node].online && !w[node].unclean && !w[node].shutdown;
    if w.has_unfencing && stays {
        operation(w, node, Some("on"), false, Some(reason));
    }
}

/// Fences what must be fenced, lets go who wants to leave.
pub(crate) fn fence_and_shut_down(w: &mut World<'_>) {
    let managed = w.resources.iter().any(|rsc| rsc.is(Flags::MANAGED));
    let (mut fenced, mut leaving) = (Vec::new(), Vec::new());
    let (mut dc_fenced, mut dc_leaving) = (None, None);
    for node in (0..w.nodes.len() as u32).map(NodeIx) {
        if w[node].is_guest() {
            if w[node].reset_needed && managed && can_fence(w, node) {
                fence_guest(w, node);
            }
        } else if w[node].unclean && managed && can_fence(w, node) {
            let action = operation(w, node, None, false, Some("node is unclean"));
            order_resources(w, action, node);
            if w[node].is_dc {
                dc_fenced = Some(action);
            } else {
                if let (false, Some(last)) = (w.options.concurrent_fencing, fenced.last()) {
                    edge(w, *last, action, Rel::ORDERED);
                }
                fenced.push(action);
            }
        } else if w[node].online && w[node].shutdown && !w[node].is_remote() {
            let action = shut_down(w, node);
            if w[node].is_dc {
                dc_leaving = Some(action);
            } else {
                leaving.push(action);
            }
        }
    }
    if let Some(dc) = dc_leaving {
        for action in leaving {
            edge(w, action, dc, Rel::ORDERED);
        }
    }
    if let Some(dc) = dc_leaving.or(dc_fenced) {
        let skip = if w.options.concurrent_fencing { 0 } else { fenced.len().saturating_sub(1) };
        for action in fenced.into_iter().skip(skip) {
            edge(w, action, dc, Rel::ORDERED);
        }
    }
}

/// A guest is "fenced" by restarting its container.
fn fence_guest(w: &mut World<'_>, node: NodeIx) {
    let container = w[node].container;
    let stop = container.and_then(|rsc| super::newest(w, rsc, Task::Stop, None));
    let starts = container.and_then(|rsc| super::newest(w, rsc, Task::Start, None)).is_some();
    let verb = if starts { "reboot" } else { "off" };
    let action = operation(w, node, Some(verb), false, Some("guest is unclean"));
    w[action].flags.set(ActFlags::PSEUDO | ActFlags::RUNNABLE);
    if let Some(stop) = stop.filter(|stop| !w[*stop].pseudo()) {
        edge(w, stop, action, Rel::UNRUNNABLE_FIRST_BLOCKS | Rel::FIRST_IMPLIES_THEN);
    } else {
        let host = container.and_then(|rsc| w[rsc].active.first().copied());
        let of_host =
            host.filter(|host| w[*host].unclean).map(|host| operation(w, host, None, true, None));
        if let Some(of_host) = of_host {
            edge(w, of_host, action, Rel::UNRUNNABLE_FIRST_BLOCKS | Rel::FIRST_IMPLIES_THEN);
        } else {
            // The container is down already: what is left to end is the connection.
            let connection = w[node].connection;
            if let Some(stop) = connection.and_then(|rsc| super::newest(w, rsc, Task::Stop, None)) {
                edge(w, stop, action, Rel::ORDERED);
            }
        }
    }
    order_resources(w, action, node);
}

/// A node that leaves does so after everything on it has stopped.
fn shut_down(w: &mut World<'_>, node: NodeIx) -> ActIx {
    let name = format!("do_shutdown-{}", w[node].name);
    let mut action = blank(Task::Shutdown, None, 0, Some(node), false);
    action.name = Some(name.clone());
    action.meta = vec![("CRM_meta_op_no_wait", "true".to_owned())];
    let action = add(w, action);
    w.by_name.insert(name, action);
    for at in 0..w.actions.len() {
        let stop = ActIx(at as u32);
        if w[stop].task != Task::Stop || w[stop].node != Some(node) {
            continue;
        }
        let Some(rsc) = w[stop].rsc else { continue };
        if w[rsc].is(Flags::MAINTENANCE) || w[node].maintenance {
            continue;
        }
        if !w[rsc].is(Flags::MANAGED) && !w[rsc].is(Flags::BLOCKED) {
            continue;
        }
        w[stop].flags.clear(ActFlags::OPTIONAL);
        w.orders.push(Order {
            id: "",
            first: Side::Action(stop),
            then: Side::Action(action),
            rel: Rel::ORDERED | Rel::UNRUNNABLE_FIRST_BLOCKS,
        });
    }
    action
}

/// What resources do around the fencing of a node.
fn order_resources(w: &mut World<'_>, fencing: ActIx, target: NodeIx) {
    for rsc in w.top.clone() {
        order_resource(w, rsc, fencing, target);
    }
}

fn order_resource(w: &mut World<'_>, rsc: RscIx, fencing: ActIx, target: NodeIx) {
    if !w[rsc].is_primitive() {
        for child in w[rsc].children.clone() {
            order_resource(w, child, fencing, target);
        }
        return;
    }
    if !w[rsc].is(Flags::MANAGED) {
        return;
    }
    order_starts(w, rsc, fencing, target);
    order_stops(w, rsc, fencing, target);
}

fn order_starts(w: &mut World<'_>, rsc: RscIx, fencing: ActIx, target: NodeIx) {
    for action in w[rsc].actions.clone() {
        if !matches!(w[action].task, Task::Start | Task::Promote) {
            continue;
        }
        match w[rsc].requires {
            Requires::Nothing => {}
            Requires::Fencing | Requires::Unfencing => edge(w, fencing, action, Rel::ORDERED),
            Requires::Quorum => {
                let known = std::iter::successors(Some(rsc), |at| {
                    w[*at].parent.filter(|_| !w[*at].is(Flags::UNIQUE))
                })
                .any(|at| w[at].known.contains(&target));
                let unknown = w[rsc].allowed.has(target) && !known;
                if w[action].task == Task::Start && unknown {
                    edge(w, fencing, action, Rel::ORDERED | Rel::UNRUNNABLE_FIRST_BLOCKS);
                }
            }
        }
    }
}

/// Stops and demotes on a fenced node are done with the fencing.
fn order_stops(w: &mut World<'_>, rsc: RscIx, fencing: ActIx, target: NodeIx) {
    let top = crate::unpack::operations::top(w, rsc);
    let bundled = std::iter::successors(Some(rsc), |r| w[*r].parent).any(|r| w[r].is_bundle());
    let after = w[rsc].requires >= Requires::Fencing || w[target].is_guest();
    for stop in of_task(w, rsc, Task::Stop, Some(target)) {
        w[stop].flags.set(ActFlags::PSEUDO | ActFlags::RUNNABLE);
        if after {
            if !bundled {
                edge(w, fencing, stop, Rel::ORDERED);
            }
            // Of a primitive that is active several times its newest stop, wherever that is.
            if let Some(newest) = super::newest(w, top, Task::Stop, None) {
                edge(w, fencing, newest, Rel::ORDERED);
            }
        }
        super::notify::after_fencing(w, rsc, fencing);
    }
    for demote in of_task(w, rsc, Task::Demote, Some(target)) {
        let gone = !w[target].online || w[target].unclean || w[rsc].is(Flags::FAILED);
        if gone {
            w[demote].flags.set(ActFlags::PSEUDO | ActFlags::RUNNABLE);
            if after && !bundled {
                edge(w, fencing, demote, Rel::ORDERED);
            }
        }
    }
}
