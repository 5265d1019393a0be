//! Where resources are: reads each node's operation history and draws the consequences.

use cib::value::{Role, Score};
use cib::xml::Node;

use super::history::{History, Op, active_since, operations};
use super::nodes::fence;
use super::operations::{Judged, OnFail, judge};
use crate::actions::{Wanted, create};
use crate::trace::{Cause, during};
use crate::world::resource::MultipleActive;
use crate::world::{Flags, NodeIx, RscIx, Task, World};

/// Reads all histories: of members in the order of the status section (of those that are gone only
/// if it matters), of guests and remote nodes once their connections are known to run, of the rest
/// last.
pub(crate) fn unpack(w: &mut World<'_>) {
    loop {
        let mut progress = false;
        for node in in_status_order(w) {
            if !w[node].unpacked && ready(w, node, false) {
                if w[node].is_remote() {
                    super::remote::update(w, node);
                }
                unpack_node(w, node);
                progress = true;
            }
        }
        if !progress {
            break;
        }
    }
    super::remote::settle(w);
    for node in in_status_order(w) {
        if !w[node].unpacked && ready(w, node, true) {
            unpack_node(w, node);
        }
    }
    stop_containers(w);
}

/// A replica's connection may be on another node than its container: where a container must be
/// stopped is known once all has been read.
fn stop_containers(w: &mut World<'_>) {
    for container in std::mem::take(&mut w.stop_later) {
        if let Some(node) = crate::actions::primitive::current(w, container) {
            super::operations::stop(w, container, node);
        }
    }
}

fn in_status_order(w: &World<'_>) -> Vec<NodeIx> {
    let mut nodes: Vec<NodeIx> = (0..w.nodes.len() as u32).map(NodeIx).collect();
    nodes.retain(|node| w[*node].state.is_some());
    nodes.sort_by_key(|node| w[*node].state.map(Node::id));
    nodes
}

fn ready(w: &World<'_>, node: NodeIx, last: bool) -> bool {
    if last && w.options.fencing {
        return true;
    }
    let up = |rsc: Option<RscIx>| rsc.is_some_and(|rsc| w[rsc].role >= Role::Started);
    let on = &w[node];
    if on.is_guest() {
        return up(on.connection) && on.container.is_none_or(|rsc| up(Some(rsc)));
    }
    if on.is_remote() {
        return (on.connection.is_some() && w.options.shutdown_lock) || up(on.connection);
    }
    on.online || w.options.fencing || w.options.shutdown_lock
}

fn unpack_node(w: &mut World<'_>, node: NodeIx) {
    w[node].unpacked = true;
    let Some(state) = w[node].state else { return };
    let resources = state.child("lrm").and_then(|lrm| lrm.child("lrm_resources"));
    let all: Vec<Node<'_>> =
        resources.iter().flat_map(|all| all.children_named("lrm_resource")).collect();
    for xml in all {
        unpack_resource(w, node, xml);
    }
    link_removed(w);
}

/// Removed connections of guests belong to a container that may be removed too, and known only
/// now.
fn link_removed(w: &mut World<'_>) {
    for rsc in w.top.clone() {
        if !w[rsc].is(Flags::REMOVED) || w[rsc].container.is_some() {
            continue;
        }
        let container = w[rsc].meta("container").and_then(|id| w.names.get(id)).copied();
        if let Some(container) = container.filter(|container| *container != rsc) {
            super::resources::link_container(w, rsc, container);
        }
    }
}

fn unpack_resource<'d>(w: &mut World<'d>, node: NodeIx, xml: Node<'d>) {
    let ops = operations(xml);
    let locked = w.options.shutdown_lock && xml.get("shutdown-lock").is_some();
    if ops.is_empty() && !locked {
        return;
    }
    let Some(id) = xml.get("id") else { return };
    let found = super::identify::find(w, node, id);
    let Some(rsc) = found.or_else(|| {
        (!ops.is_empty()).then(|| super::identify::create_removed(w, node, xml)).flatten()
    }) else {
        return;
    };
    if locked {
        super::lock::unpack(w, rsc, node, xml);
    }
    let saved = w[rsc].role;
    w[rsc].role = Role::Unknown;
    let mut judged =
        Judged { rsc, node, on_fail: OnFail::Ignore, last_failure: None, expired: Vec::new() };
    let at = w.history.len();
    w.history.push(History { rsc, node, xml, ops: ops.clone(), since: 0, expired: Vec::new() });
    for op in &ops {
        judge(w, &mut judged, op);
    }
    w.history[at].since = recurring(w, rsc, node, &ops);
    w.history[at].expired = std::mem::take(&mut judged.expired);
    settle(w, rsc, node, judged.on_fail);
    let target = w[rsc].target_role;
    let next = w[rsc].next_role;
    if target != Role::Unknown && (next == Role::Unknown || target < next) {
        w[rsc].next_role = target;
    }
    if saved > w[rsc].role {
        w[rsc].role = saved;
    }
}

/// Creates the recurring operations that are known to run; says from which entry on the history
/// is about the current activity.
fn recurring(w: &mut World<'_>, rsc: RscIx, node: NodeIx, ops: &[Op<'_>]) -> usize {
    let (start, stop) = active_since(ops);
    let begin = if start < stop { start.max(stop + 1) } else { start };
    if w[node].online {
        for (at, op) in (0_i64..).zip(ops) {
            let over = at < start || (start < stop && at <= stop);
            if over || op.interval == 0 || op.pending() {
                continue;
            }
            if let Some(task) = Task::parse(op.task) {
                create(
                    w,
                    Wanted { rsc, task, interval: op.interval, node: Some(node), optional: true },
                );
            }
        }
    }
    usize::try_from(begin.max(0)).unwrap_or(0)
}

/// Draws the consequences of a whole history of one resource on one node.
fn settle(w: &mut World<'_>, rsc: RscIx, node: NodeIx, found: OnFail) {
    if w[rsc].role != Role::Unknown {
        mark_known(w, rsc, node);
    }
    let down = !w[node].online && !w[node].maintenance;
    if w[rsc].role > Role::Stopped && down && w[rsc].is(Flags::MANAGED) {
        active_on_dead_node(w, rsc, node);
    }
    let on_fail = if w[node].unclean { OnFail::Ignore } else { found };
    apply(w, rsc, node, on_fail);
    let role = w[rsc].role;
    if role != Role::Stopped && role != Role::Unknown {
        add_running(w, rsc, node);
        match on_fail {
            OnFail::Ignore => {}
            OnFail::Demote | OnFail::Block => w[rsc].flags.set(Flags::FAILED),
            _ => {
                w[rsc].flags.set(Flags::FAILED);
                w[rsc].flags.set(Flags::STOP_IF_FAILED);
            }
        }
    } else if w[rsc].history_id.is_some_and(|name| name.contains(':')) {
        w[rsc].history_id = None;
    } else {
        for action in crate::actions::of_task(w, rsc, Task::Stop, Some(node)) {
            w[action].flags.set(crate::world::ActFlags::OPTIONAL);
        }
    }
}

fn mark_known(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    let mut at = Some(rsc);
    while let Some(one) = at {
        if !w[one].known.contains(&node) {
            w[one].known.push(node);
        }
        if w[one].is(Flags::UNIQUE) {
            break;
        }
        at = w[one].parent;
    }
}

fn active_on_dead_node(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    if w[node].is_guest() {
        w[rsc].flags.set(Flags::FAILED);
        w[rsc].flags.set(Flags::STOP_IF_FAILED);
        fence(w, node, "guest is unclean");
        return;
    }
    if !w.options.fencing {
        return;
    }
    let connection = w[node].connection;
    let healthy = connection.is_some_and(|connection| !w[connection].is(Flags::FAILED));
    let what = if w[node].is_remote() && healthy {
        w[node].unseen = true;
        "is active there (fencing will be revoked if remote connection can be re-established elsewhere)"
    } else {
        "is thought to be active there"
    };
    super::operations::fence_for(w, node, rsc, what);
}

/// What the highest severity seen asks for.
fn apply(w: &mut World<'_>, rsc: RscIx, node: NodeIx, on_fail: OnFail) {
    let role = w[rsc].role;
    let active = role != Role::Stopped && role != Role::Unknown;
    match on_fail {
        OnFail::Ignore => {}
        OnFail::Demote => {
            w[rsc].flags.set(Flags::FAILED);
            create(
                w,
                Wanted { rsc, task: Task::Demote, interval: 0, node: Some(node), optional: false },
            );
        }
        OnFail::Fence => super::operations::fence_for(w, node, rsc, "failed there"),
        OnFail::Standby => {
            w[node].standby = true;
            w[node].standby_on_fail = true;
        }
        OnFail::Block => {
            w[rsc].flags.clear(Flags::MANAGED);
            w[rsc].flags.set(Flags::BLOCKED);
        }
        OnFail::Ban => {
            super::operations::ban(w, rsc, Some(node));
        }
        OnFail::Stop => w[rsc].next_role = Role::Stopped,
        OnFail::Restart => {
            if active {
                w[rsc].flags.set(Flags::FAILED);
                w[rsc].flags.set(Flags::STOP_IF_FAILED);
                super::operations::stop(w, rsc, node);
            }
        }
        OnFail::RestartContainer => restart_container(w, rsc, node, active),
        OnFail::ResetRemote => super::remote::reset(w, rsc, node, active),
    }
}

fn restart_container(w: &mut World<'_>, rsc: RscIx, node: NodeIx, active: bool) {
    w[rsc].flags.set(Flags::FAILED);
    w[rsc].flags.set(Flags::STOP_IF_FAILED);
    let bundled = w.bundle_around(rsc).is_some();
    match w[rsc].container {
        Some(container) if bundled => w.stop_later.push(container),
        Some(container) => super::operations::stop(w, container, node),
        None if active => super::operations::stop(w, rsc, node),
        None => {}
    }
}

/// Notes that a resource runs on a node, and what follows from that.
pub(crate) fn add_running(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    if w[rsc].active.contains(&node) {
        return;
    }
    w[rsc].active.push(node);
    if w[rsc].is_primitive() {
        w[node].running.push(rsc);
        if w[node].maintenance {
            w[rsc].flags.clear(Flags::MANAGED);
            w[rsc].flags.set(Flags::MAINTENANCE);
        }
    }
    if !w[rsc].is(Flags::MANAGED) {
        stay_unmanaged(w, rsc, node);
        return;
    }
    let migrating = w[rsc].partial_source.is_some() || w[rsc].partial_target.is_some();
    if w[rsc].active.len() > 1 && !migrating && w[rsc].is_primitive() {
        several_active(w, rsc);
    }
    if let Some(parent) = w[rsc].parent {
        add_running(w, parent, node);
    }
}

fn stay_unmanaged(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    during(w, Cause::Unmanaged, |w| locate(w, rsc, Some(node), Score::INF));
    let mut up = w[rsc].parent;
    while let Some(parent) = up {
        if !w[node].online {
            break;
        }
        if !w[parent].active.contains(&node) {
            w[parent].active.push(node);
        }
        up = w[parent].parent;
    }
}

fn several_active(w: &mut World<'_>, rsc: RscIx) {
    match w[rsc].multiple_active {
        MultipleActive::StopOnly => during(w, Cause::SeveralActive, |w| {
            w[rsc].allowed.set_everywhere(Score::NEG_INF);
        }),
        MultipleActive::Block => {
            block(w, rsc);
            let parent = w[rsc].parent.filter(|up| !w[*up].is_clone());
            if let Some(parent) =
                parent.filter(|up| w[*up].multiple_active == MultipleActive::Block)
            {
                for child in w[parent].children.clone() {
                    block(w, child);
                }
            }
        }
        MultipleActive::StopStart | MultipleActive::StopUnexpected => {}
    }
}

fn block(w: &mut World<'_>, rsc: RscIx) {
    w[rsc].flags.clear(Flags::MANAGED);
    w[rsc].flags.set(Flags::BLOCKED);
}

/// Adds a score of the scheduler's own, for one node or for all, to a resource and all below it.
pub(crate) fn locate(w: &mut World<'_>, rsc: RscIx, node: Option<NodeIx>, score: Score) {
    for child in w[rsc].children.clone() {
        locate(w, child, node, score);
    }
    let nodes = match node {
        Some(node) => node.0..node.0 + 1,
        None => 0..w.nodes.len() as u32,
    };
    for node in nodes.map(NodeIx) {
        let have = w[rsc].allowed.get(node).unwrap_or(Score::ZERO);
        w[rsc].allowed.set(node, have + score);
    }
}
