//! The actions that bring a primitive from where it is to where it should be.

use cib::value::Role;

use super::{Wanted, create, of_task};
use crate::world::resource::MultipleActive;
use crate::world::{ActFlags, ActIx, Flags, NodeIx, Rel, RscIx, Task, World};

/// Creates all actions of a primitive.
pub(crate) fn create_all(w: &mut World<'_>, rsc: RscIx) {
    if w[rsc].next_role == Role::Unknown {
        w[rsc].next_role = if w[rsc].assigned.is_some() { Role::Started } else { Role::Stopped };
    }
    let active = Active::of(w, rsc);
    let current = active.current;
    for node in w[rsc].dangling.clone() {
        let stop = single(w, rsc, Task::Stop, node, false);
        if w[stop].reason.is_none() {
            w[stop].reason = Some("dangling migration".to_owned());
        }
        w[stop].flags.set(ActFlags::DANGLING);
    }
    let mut migrate = super::migration::possible(w, rsc, current);
    let mut need_stop = continue_or_stop_migration(w, rsc, &active, &mut migrate);
    if w[rsc].is(Flags::START_PENDING) {
        // Without a node it cannot be done, and what surrounds it knows that.
        let node = w[rsc].assigned;
        let wanted = Wanted { rsc, task: Task::Start, interval: 0, node, optional: true };
        let start = create(w, wanted);
        w[start].flags.set(ActFlags::FORCED);
    }
    let mut need_promote = false;
    let assigned = w[rsc].assigned;
    if current.is_some()
        && assigned.is_some()
        && current != assigned
        && (active.count < 2 || !w[rsc].is(Flags::STOP_UNEXPECTED))
    {
        need_stop = true;
    } else if w[rsc].is(Flags::FAILED) {
        if w[rsc].is(Flags::STOP_IF_FAILED) {
            need_stop = true;
        } else if w[rsc].next_role == Role::Promoted {
            need_promote = true;
        }
    } else if w[rsc].is(Flags::BLOCKED) {
        need_stop = true;
    } else if let (true, Some(_), Some(node)) = (w[rsc].role > Role::Started, current, assigned) {
        let start = single(w, rsc, Task::Start, node, true);
        need_stop |= w[start].required();
    }
    restart(w, rsc, need_stop, need_promote);
    change_role(w, rsc);
    super::recurring::create(w, rsc);
    if let (true, Some(current)) = (migrate, current) {
        super::migration::create(w, rsc, current);
    }
}

/// Where a resource is active now.
struct Active {
    current: Option<NodeIx>,
    count: usize,
    clean: usize,
}

impl Active {
    /// A node that is online and clean is preferred; of a partial migration the source.
    fn of(w: &World<'_>, rsc: RscIx) -> Active {
        let nodes = &w[rsc].active;
        let clean: Vec<NodeIx> =
            nodes.iter().copied().filter(|node| w[*node].online && !w[*node].unclean).collect();
        let source = w[rsc].partial_source.filter(|node| nodes.contains(node));
        let current = source.or(clean.first().copied()).or(nodes.first().copied());
        Active { current, count: nodes.len(), clean: clean.len() }
    }
}

/// The node status and plan take as the current one.
pub(crate) fn current(w: &World<'_>, rsc: RscIx) -> Option<NodeIx> {
    Active::of(w, rsc).current
}

/// A migration that is half done goes on, or everything stops. What is active several times
/// stops, as `multiple-active` says.
fn continue_or_stop_migration(
    w: &mut World<'_>,
    rsc: RscIx,
    active: &Active,
    migrate: &mut bool,
) -> bool {
    if let (Some(target), Some(source)) = (w[rsc].partial_target, w[rsc].partial_source) {
        let goes_on = w[rsc].assigned == Some(target)
            && active.count == 2
            && active.clean == 2
            && active.current == Some(source);
        if goes_on {
            return false;
        }
        if active.count > 1 || w[rsc].assigned != Some(target) {
            w[rsc].partial_target = None;
            w[rsc].partial_source = None;
            *migrate = false;
            return active.count > 1;
        }
        return false;
    }
    let several = if w.options.fencing && w[rsc].requires >= crate::world::Requires::Fencing {
        active.count
    } else {
        active.clean
    };
    if several > 1 {
        match w[rsc].multiple_active {
            MultipleActive::StopStart => return true,
            MultipleActive::StopUnexpected => {
                w[rsc].flags.set(Flags::STOP_UNEXPECTED);
                return true;
            }
            MultipleActive::StopOnly | MultipleActive::Block => {}
        }
    }
    false
}

/// One action on one node.
pub(crate) fn single(
    w: &mut World<'_>,
    rsc: RscIx,
    task: Task,
    node: NodeIx,
    optional: bool,
) -> ActIx {
    create(w, Wanted { rsc, task, interval: 0, node: Some(node), optional })
}

/// The next role on the way from one to another.
fn step(from: Role, to: Role) -> Role {
    match (from, to) {
        (Role::Unknown, _) | (Role::Unpromoted, Role::Started) => Role::Stopped,
        (Role::Promoted, Role::Promoted) => Role::Promoted,
        (Role::Stopped, Role::Promoted) | (Role::Promoted, _) => Role::Unpromoted,
        (_, to) => to,
    }
}

/// The whole way down to Stopped and up again, optional unless a stop is needed.
fn restart(w: &mut World<'_>, rsc: RscIx, need_stop: bool, need_promote: bool) {
    w[rsc].flags.set(Flags::RESTARTING);
    let now = w[rsc].role;
    let mut role = now;
    while role != Role::Stopped {
        let next = step(role, Role::Stopped);
        take_step(w, rsc, role, next, !need_stop);
        role = next;
    }
    while w[rsc].role <= w[rsc].next_role && role != now && !w[rsc].is(Flags::BLOCKED) {
        if now == Role::Unknown {
            break;
        }
        let next = step(role, now);
        let required = need_stop || (next == Role::Promoted && need_promote);
        take_step(w, rsc, role, next, !required);
        role = next;
    }
    w[rsc].flags.clear(Flags::RESTARTING);
}

/// The way from the current role to the next, required.
fn change_role(w: &mut World<'_>, rsc: RscIx) {
    let mut role = w[rsc].role;
    while role != w[rsc].next_role {
        let next = step(role, w[rsc].next_role);
        take_step(w, rsc, role, next, false);
        role = next;
    }
}

fn take_step(w: &mut World<'_>, rsc: RscIx, from: Role, to: Role, optional: bool) {
    match (from, to) {
        (Role::Started | Role::Unpromoted, Role::Stopped) => stop(w, rsc, optional),
        (Role::Stopped, Role::Started | Role::Unpromoted) => start(w, rsc, optional),
        (Role::Started | Role::Unpromoted, Role::Promoted) => promote(w, rsc, optional),
        (Role::Promoted, Role::Unpromoted) => demote(w, rsc, optional),
        _ => {}
    }
}

/// With `stop_unexpected`, the node where the resource may stay as it is.
fn expected(w: &World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    w[rsc].is(Flags::STOP_UNEXPECTED)
        && w[rsc].next_role > Role::Stopped
        && w[rsc].assigned == Some(node)
}

fn stop(w: &mut World<'_>, rsc: RscIx, optional: bool) {
    for node in w[rsc].active.clone() {
        if expected(w, rsc, node) {
            continue;
        }
        let mut optional = optional;
        if let Some(target) = w[rsc].partial_target {
            if target == node && w[rsc].assigned == Some(node) {
                continue;
            }
            optional = false;
        }
        let action = single(w, rsc, Task::Stop, node, optional);
        if w[rsc].assigned.is_none() {
            w[action].reason = Some("node availability".to_owned());
        } else if w[rsc].is(Flags::RESTARTING) && w[rsc].is(Flags::STOP_UNEXPECTED) {
            w[action].reason = Some("being multiply active".to_owned());
        }
        if !w[rsc].is(Flags::MANAGED) {
            w[action].flags.clear(ActFlags::RUNNABLE);
        }
        super::fencing::order_before_unfencing(w, rsc, node, action);
    }
}

fn start(w: &mut World<'_>, rsc: RscIx, optional: bool) {
    let Some(node) = w[rsc].assigned else { return };
    let action = single(w, rsc, Task::Start, node, true);
    super::fencing::order_after_unfencing(w, rsc, node, action, Rel::FIRST_IMPLIES_THEN);
    if w[action].runnable() && !optional {
        w[action].flags.clear(ActFlags::OPTIONAL);
    }
    if expected(w, rsc, node) {
        w[action].flags.set(ActFlags::PSEUDO);
    }
}

fn promote(w: &mut World<'_>, rsc: RscIx, optional: bool) {
    let Some(node) = w[rsc].assigned else { return };
    let starts = of_task(w, rsc, Task::Start, Some(node));
    if starts.iter().any(|start| !w[*start].runnable()) {
        for action in of_task(w, rsc, Task::Promote, Some(node)) {
            w[action].flags.clear(ActFlags::RUNNABLE);
        }
        return;
    }
    let action = single(w, rsc, Task::Promote, node, optional);
    if expected(w, rsc, node) {
        w[action].flags.set(ActFlags::PSEUDO);
    }
}

fn demote(w: &mut World<'_>, rsc: RscIx, optional: bool) {
    for node in w[rsc].active.clone() {
        if !expected(w, rsc, node) {
            single(w, rsc, Task::Demote, node, optional);
        }
    }
}
