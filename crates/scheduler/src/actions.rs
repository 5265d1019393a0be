//! Actions: creating them, and finding those that exist.

pub(crate) mod changes;
pub(crate) mod collective;
pub(crate) mod fencing;
pub(crate) mod migration;
pub(crate) mod notify;
pub(crate) mod primitive;
pub(crate) mod probes;
pub(crate) mod recurring;

use cib::value::Role;

use crate::unpack::options::NoQuorum;
use crate::world::{
    ActFlags, ActIx, Action, Edge, Flags, Key, NodeIx, Requires, RscIx, Task, World,
};

/// What a new action is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) rsc: RscIx,
    pub(crate) task: Task,
    pub(crate) interval: u32,
    pub(crate) node: Option<NodeIx>,
    pub(crate) optional: bool,
}

/// The oldest action of a key on a node (or any); one that has no node yet gets the asked one.
pub(crate) fn find_oldest(w: &mut World<'_>, key: Key, node: Option<NodeIx>) -> Option<ActIx> {
    let mut found = None;
    for at in 0..w[key.rsc].actions.len() {
        let action = w[key.rsc].actions[at];
        if !matches(w, action, key) {
            continue;
        }
        match (node, w[action].node) {
            (None, _) => {}
            (Some(asked), None) => w[action].node = Some(asked),
            (Some(asked), Some(have)) if asked == have => {}
            _ => continue,
        }
        if found.is_none() {
            found = Some(action);
        }
    }
    found
}

/// Whether an action is one of a key's.
pub(crate) fn matches(w: &World<'_>, action: ActIx, key: Key) -> bool {
    let action = &w[action];
    action.task == key.task && action.interval == key.interval && action.name.is_none()
}

/// The actions of a resource with a task, oldest first: those on a node if one is asked for.
pub(crate) fn of_task(w: &World<'_>, rsc: RscIx, task: Task, node: Option<NodeIx>) -> Vec<ActIx> {
    let all = w[rsc].actions.iter().copied();
    all.filter(|action| {
        let action = &w[*action];
        action.task == task && (node.is_none() || action.node == node)
    })
    .collect()
}

/// The newest action of a task on a node, if asked for.
pub(crate) fn newest(w: &World<'_>, rsc: RscIx, task: Task, node: Option<NodeIx>) -> Option<ActIx> {
    w[rsc].actions.iter().rev().copied().find(|action| {
        let action = &w[*action];
        action.task == task && (node.is_none() || action.node == node)
    })
}

/// The newest action that has exactly a key, on a node if asked for.
pub(crate) fn newest_of_key(w: &World<'_>, key: Key, node: Option<NodeIx>) -> Option<ActIx> {
    w[key.rsc]
        .actions
        .iter()
        .rev()
        .copied()
        .find(|action| matches(w, *action, key) && (node.is_none() || w[*action].node == node))
}

/// Creates an action, or finds the one that exists already and judges it anew.
pub(crate) fn create(w: &mut World<'_>, wanted: Wanted) -> ActIx {
    let Wanted { rsc, task, interval, node, optional } = wanted;
    let found = find_oldest(w, Key { rsc, task, interval }, node);
    let action = found.unwrap_or_else(|| add(w, blank(task, Some(rsc), interval, node, optional)));
    if !optional {
        w[action].flags.clear(ActFlags::OPTIONAL);
    }
    let unmanaged = !w[rsc].is(Flags::MANAGED);
    if unmanaged && !w[action].pseudo() && w[action].node.is_some() && interval == 0 {
        w[action].flags.set(ActFlags::OPTIONAL);
    }
    judge_runnable(w, action);
    action
}

/// Puts an action into the arrays.
pub(crate) fn add<'d>(w: &mut World<'d>, action: Action<'d>) -> ActIx {
    let at = ActIx(w.actions.len() as u32);
    if let Some(rsc) = action.rsc {
        w[rsc].actions.push(at);
    }
    w.actions.push(action);
    at
}

/// An action with nothing said about it yet.
pub(crate) fn blank<'d>(
    task: Task,
    rsc: Option<RscIx>,
    interval: u32,
    node: Option<NodeIx>,
    optional: bool,
) -> Action<'d> {
    let mut flags = ActFlags(ActFlags::RUNNABLE);
    if optional {
        flags.set(ActFlags::OPTIONAL);
    }
    Action {
        task,
        rsc,
        node,
        interval,
        flags,
        priority: 0,
        reason: None,
        name: None,
        verb: None,
        target_rc: None,
        around: None,
        meta: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
        required_runnable: 0,
    }
}

/// An optional, runnable pseudo action of a collective.
pub(crate) fn pseudo(w: &mut World<'_>, rsc: RscIx, task: Task, optional: bool) -> ActIx {
    let found = find_oldest(w, Key { rsc, task, interval: 0 }, None);
    let action = found.unwrap_or_else(|| add(w, blank(task, Some(rsc), 0, None, optional)));
    if !optional {
        w[action].flags.clear(ActFlags::OPTIONAL);
    }
    w[action].flags.set(ActFlags::PSEUDO | ActFlags::RUNNABLE);
    action
}

/// The pseudo action of a name, created if there is none: optional and runnable.
pub(crate) fn named(w: &mut World<'_>, name: &str) -> ActIx {
    if let Some(action) = w.by_name.get(name) {
        return *action;
    }
    let mut action = blank(Task::Point, None, 0, None, true);
    action.flags.set(ActFlags::PSEUDO);
    action.name = Some(name.to_owned());
    let at = add(w, action);
    w.by_name.insert(name.to_owned(), at);
    at
}

/// Whether an action needs its resource's requirements: only starting and promoting do.
fn needs(w: &World<'_>, action: ActIx) -> Requires {
    match (w[action].task, w[action].rsc) {
        (Task::Start | Task::Promote, Some(rsc)) => w[rsc].requires,
        _ => Requires::Nothing,
    }
}

/// Judges anew whether an action can be carried out at all.
fn judge_runnable(w: &mut World<'_>, action: ActIx) {
    if w[action].pseudo() {
        return;
    }
    let Some(rsc) = w[action].rsc else { return };
    let Some(node) = w[action].node else {
        w[action].flags.clear(ActFlags::RUNNABLE);
        return;
    };
    let on = &w[node];
    if !on.online && (!on.is_guest() || on.reset_needed) {
        let orphaned_stop =
            w[rsc].is(Flags::MANAGED) && w[action].task == Task::Stop && !on.unclean;
        w[action].flags.clear(ActFlags::RUNNABLE);
        if orphaned_stop {
            crate::unpack::nodes::fence(w, node, "stop is unrunnable");
        }
    } else if on.pending {
        w[action].flags.clear(ActFlags::RUNNABLE);
    } else if needs(w, action) == Requires::Nothing {
        w[action].reason = None;
        if w[node].is_guest() && !fencing::can_fence(w, node) {
            w[action].flags.clear(ActFlags::RUNNABLE);
        } else {
            w[action].flags.set(ActFlags::RUNNABLE);
        }
    } else {
        judge_quorum(w, action, rsc);
    }
}

/// What the quorum policy says to a start or promote.
fn judge_quorum(w: &mut World<'_>, action: ActIx, rsc: RscIx) {
    let policy = if w.quorate { NoQuorum::Ignore } else { w.options.no_quorum };
    let blocked = match policy {
        NoQuorum::Ignore => None,
        NoQuorum::Freeze => {
            let active = fully_active(w, rsc);
            (!active || w[rsc].next_role > w[rsc].role).then_some("quorum freeze")
        }
        NoQuorum::Demote => {
            let promotable =
                std::iter::successors(Some(rsc), |r| w[*r].parent).any(|r| w[r].is_promotable());
            if promotable && w[rsc].next_role > Role::Unpromoted {
                w[rsc].next_role = Role::Unpromoted;
                w[rsc].role_reason = Some("no-quorum-policy=demote");
            }
            (!promotable).then_some("no quorum")
        }
        NoQuorum::Stop | NoQuorum::Fence => Some("no quorum"),
    };
    match blocked {
        Some(reason) => {
            w[action].flags.clear(ActFlags::RUNNABLE);
            w[action].reason = Some(reason.to_owned());
        }
        None => w[action].flags.set(ActFlags::RUNNABLE),
    }
}

/// Whether a resource is active somewhere (a collective: all of it).
pub(crate) fn fully_active(w: &World<'_>, rsc: RscIx) -> bool {
    if w[rsc].is_primitive() {
        return w[rsc].active.iter().any(|node| w[*node].online || w[*node].unclean);
    }
    w[rsc].children.iter().all(|child| fully_active(w, *child))
}

/// Orders two actions directly.
pub(crate) fn edge(w: &mut World<'_>, first: ActIx, then: ActIx, rel: u32) {
    if first == then || rel == 0 {
        return;
    }
    if w[first].after.iter().any(|edge| edge.other == then && edge.rel & rel != 0) {
        return;
    }
    w[first].after.push(Edge { other: then, rel });
    w[then].before.push(Edge { other: first, rel });
}

impl World<'_> {
    /// Whether an action's node is online, clean and not leaving.
    pub(crate) fn node_available(&self, node: NodeIx) -> bool {
        let node = &self[node];
        node.online && !node.shutdown && !node.unclean && !node.standby && !node.maintenance
    }

    /// As [`World::node_available`]; of a guest its container must have a node too.
    pub(crate) fn node_available_with_guest(&self, node: NodeIx) -> bool {
        self.node_available(node)
            && (!self[node].is_guest()
                || self[node].container.is_some_and(|container| self[container].assigned.is_some()))
    }
}
