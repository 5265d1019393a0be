//! Recurring operations: monitors that begin with a role and end with it.

use cib::value::Role;

use super::{Wanted, create as create_action, of_task};
use crate::world::resource::OpConfig;
use crate::world::{ActFlags, ActIx, Flags, Key, NodeIx, Order, Rel, RscIx, Side, Task, World};

/// What a monitor finds in a promoted resource.
pub(crate) const RC_PROMOTED: i32 = 8;
/// What a monitor finds in a stopped resource.
pub(crate) const RC_NOT_RUNNING: i32 = 7;

/// Creates the recurring operations of a primitive.
pub(crate) fn create(w: &mut World<'_>, rsc: RscIx) {
    if w[rsc].is(Flags::BLOCKED) || w[rsc].is(Flags::MAINTENANCE) {
        return;
    }
    let node = w[rsc].assigned;
    if node.is_some_and(|node| w[node].maintenance) {
        return;
    }
    let active = w[rsc].next_role != Role::Stopped || !w[rsc].is(Flags::MANAGED);
    let ops = w[rsc].ops.clone();
    for op in ops.iter().filter(|op| usable(op)) {
        if op.role == Role::Stopped {
            for_inactive(w, rsc, op);
        } else if let Some(node) = node.filter(|_| active) {
            for_active(w, rsc, node, op);
        }
    }
}

fn usable(op: &OpConfig<'_>) -> bool {
    let once = [
        "start",
        "stop",
        "promote",
        "demote",
        "migrate_to",
        "migrate_from",
        "reload",
        "reload-agent",
    ];
    op.interval > 0 && op.enabled && !op.duplicate && !once.contains(&op.name)
}

/// A recurring operation's action; only monitors are known by a task of their own.
fn wanted(rsc: RscIx, node: NodeIx, op: &OpConfig<'_>, optional: bool) -> Wanted {
    Wanted { rsc, task: Task::Monitor, interval: op.interval, node: Some(node), optional }
}

fn existing(w: &World<'_>, rsc: RscIx, node: NodeIx, interval: u32) -> Option<ActIx> {
    super::newest_of_key(w, Key { rsc, task: Task::Monitor, interval }, Some(node))
}

/// An operation of an active role.
fn for_active(w: &mut World<'_>, rsc: RscIx, node: NodeIx, op: &OpConfig<'_>) {
    let start = super::primitive::single(w, rsc, Task::Start, node, true);
    let mut optional = w[start].optional();
    if let Some(known) = existing(w, rsc, node, op.interval) {
        optional &= !w[known].is(ActFlags::RESCHEDULE);
    } else {
        optional = false;
    }
    let next = w[rsc].next_role;
    let matching = match op.role {
        Role::Unknown => next != Role::Promoted,
        role => role == next,
    };
    if !matching {
        if optional {
            end_with_role(w, rsc, node, op);
        }
        return;
    }
    let action = create_action(w, wanted(rsc, node, op, optional));
    if !w[start].runnable() || bad(w, node) {
        w[action].flags.clear(ActFlags::RUNNABLE);
    }
    if next == Role::Promoted {
        w[action].target_rc = Some(RC_PROMOTED);
    }
    if w[node].is_remote() || w[rsc].is(Flags::MANAGED) {
        after_role_change(w, rsc, action);
    }
}

fn bad(w: &World<'_>, node: NodeIx) -> bool {
    !w[node].online || w[node].unclean
}

/// A monitor begins when the resource is up in its role.
fn after_role_change(w: &mut World<'_>, rsc: RscIx, action: ActIx) {
    let (role, next) = (w[rsc].role, w[rsc].next_role);
    let mut order = |task: Task, rel: u32| {
        let first = Side::Key(Key { rsc, task, interval: 0 });
        w.orders.push(Order { id: "", first, then: Side::Action(action), rel });
    };
    let implies = Rel::FIRST_IMPLIES_THEN | Rel::UNRUNNABLE_FIRST_BLOCKS;
    order(Task::Start, implies);
    order(Task::ReloadAgent, implies);
    // What is promoted again without having been stopped is still being monitored.
    let after = Rel::ORDERED | Rel::UNRUNNABLE_FIRST_BLOCKS;
    if next == Role::Promoted {
        order(Task::Promote, after);
    } else if role == Role::Promoted {
        order(Task::Demote, after);
    }
}

/// A monitor of another role is cancelled before the role changes.
fn end_with_role(w: &mut World<'_>, rsc: RscIx, node: NodeIx, op: &OpConfig<'_>) {
    let (role, next) = (w[rsc].role, w[rsc].next_role);
    let cancel = cancel(w, rsc, op.name, op.interval, node);
    let before = match next {
        Role::Promoted => Some(Task::Promote),
        Role::Stopped => Some(Task::Stop),
        _ if role == Role::Promoted => Some(Task::Demote),
        _ => None,
    };
    if let Some(task) = before {
        let then = Side::Key(Key { rsc, task, interval: 0 });
        let rel = Rel::UNRUNNABLE_FIRST_BLOCKS;
        w.orders.push(Order { id: "", first: Side::Action(cancel), then, rel });
    }
}

/// Ends a recurring operation on a node.
pub(crate) fn cancel(
    w: &mut World<'_>,
    rsc: RscIx,
    name: &str,
    interval: u32,
    node: NodeIx,
) -> ActIx {
    // What is known to run is turned into its own cancellation.
    if let Some(running) = existing(w, rsc, node, interval) {
        w[running].task = Task::Cancel;
        w[running].target_rc = None;
    }
    let action = create_action(
        w,
        Wanted { rsc, task: Task::Cancel, interval, node: Some(node), optional: false },
    );
    w[action].flags.clear(ActFlags::OPTIONAL);
    w[action].meta =
        vec![("CRM_meta_operation", name.to_owned()), ("CRM_meta_interval", interval.to_string())];
    w[action].verb = w[rsc].ops.iter().map(|op| op.name).find(|have| *have == name);
    action
}

/// A monitor of the role Stopped runs wherever the resource does not.
fn for_inactive(w: &mut World<'_>, rsc: RscIx, op: &OpConfig<'_>) {
    if !w[rsc].is(Flags::UNIQUE) {
        return;
    }
    let next = w[rsc].assigned.filter(|_| w[rsc].next_role != Role::Stopped);
    if let Some(node) = next
        && existing(w, rsc, node, op.interval).is_some()
    {
        let cancel = cancel(w, rsc, op.name, op.interval, node);
        let start = Side::Key(Key { rsc, task: Task::Start, interval: 0 });
        let rel = Rel::UNRUNNABLE_FIRST_BLOCKS;
        w.orders.push(Order { id: "", first: Side::Action(cancel), then: start, rel });
    }
    for node in (0..w.nodes.len() as u32).map(NodeIx) {
        if next != Some(node) {
            inactive_on(w, rsc, node, op);
        }
    }
}

fn inactive_on(w: &mut World<'_>, rsc: RscIx, node: NodeIx, op: &OpConfig<'_>) {
    let mut optional = existing(w, rsc, node, op.interval).is_some();
    if existing(w, rsc, node, op.interval).is_some_and(|known| w[known].is(ActFlags::RESCHEDULE)) {
        optional = false;
    }
    let action = create_action(w, wanted(rsc, node, op, optional));
    w[action].target_rc = Some(RC_NOT_RUNNING);
    if w[rsc].is(Flags::MANAGED) || w[node].is_remote() {
        for probe in probes_on(w, rsc, node) {
            let rel = Rel::UNRUNNABLE_FIRST_BLOCKS;
            let (first, then) = (Side::Action(probe), Side::Action(action));
            w.orders.push(Order { id: "", first, then, rel });
        }
    }
    let mut runnable = true;
    for stop in of_task(w, rsc, Task::Stop, Some(node)) {
        if !w[stop].runnable() {
            runnable = false;
        }
        if w[stop].required() && !w[rsc].is(Flags::MANAGED) {
            w[action].flags.set(ActFlags::OPTIONAL);
        }
        let rel = Rel::UNRUNNABLE_FIRST_BLOCKS | Rel::FIRST_IMPLIES_THEN;
        let (first, then) = (Side::Action(stop), Side::Action(action));
        w.orders.push(Order { id: "", first, then, rel });
    }
    if bad(w, node) || !runnable {
        w[action].flags.clear(ActFlags::RUNNABLE);
    }
}

fn probes_on(w: &World<'_>, rsc: RscIx, node: NodeIx) -> Vec<ActIx> {
    let all = of_task(w, rsc, Task::Monitor, Some(node));
    all.into_iter().filter(|probe| w[*probe].interval == 0).collect()
}
