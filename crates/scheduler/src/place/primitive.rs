//! Assigning one primitive.

use cib::value::{Role, Score};

use super::{choose, colocate, dependents, utilization};
use crate::constraints::lists;
use crate::report::scores;
use crate::trace::{self, Cause, during};
use crate::unpack::options::NoQuorum;
use crate::unpack::state::locate;
use crate::world::{ActFlags, Flags, NodeIx, RscIx, Task, World};

/// Assigns a primitive; says which node it got.
pub(crate) fn assign(
    w: &mut World<'_>,
    rsc: RscIx,
    prefer: Option<NodeIx>,
    stop_if_fail: bool,
) -> Option<NodeIx> {
    if let Some(parent) = w[rsc].parent
        && !w[parent].is(Flags::ASSIGNING)
        && w[parent].is(Flags::UNASSIGNED)
    {
        super::assign(w, parent, None, true);
    }
    if !w[rsc].is(Flags::UNASSIGNED) {
        return w[rsc].assigned;
    }
    if w[rsc].is(Flags::ASSIGNING) {
        return None;
    }
    w[rsc].flags.set(Flags::ASSIGNING);
    apply_colocations(w, rsc);
    if w[rsc].next_role == Role::Stopped {
        during(w, Cause::Stopped, |w| locate(w, rsc, None, Score::NEG_INF));
    } else if w[rsc].next_role > w[rsc].role
        && !w.quorate
        && w.options.no_quorum == NoQuorum::Freeze
    {
        w[rsc].next_role = w[rsc].role;
    }
    scores::print(w, rsc, "pcmk__primitive_assign");
    if w.options.fencing && !w.has_fence_device {
        w[rsc].flags.clear(Flags::MANAGED);
    }
    place(w, rsc, prefer, stop_if_fail);
    w[rsc].flags.clear(Flags::ASSIGNING);
    if let Some(remote) = w[rsc].remote_node {
        remote_follows(w, rsc, remote);
    }
    w[rsc].assigned
}

/// A remote node is there if its connection has a place.
fn remote_follows(w: &mut World<'_>, rsc: RscIx, remote: NodeIx) {
    if w[rsc].assigned.is_some() && w[rsc].next_role != Role::Stopped {
        w[remote].online = true;
        if w[remote].unseen {
            w[remote].unclean = false;
        }
    } else {
        w[remote].shutdown = true;
    }
}

/// Mandatory colocations before optional ones, with primaries before with dependents.
fn apply_colocations(w: &mut World<'_>, rsc: RscIx) {
    let this_with = lists::this_with(w, rsc);
    let with_this = lists::with_this(w, rsc);
    for mandatory in [true, false] {
        for at in &this_with {
            if mandatory_one(w, *at) == mandatory {
                follow(w, rsc, *at);
            }
        }
        for at in &with_this {
            if mandatory_one(w, *at) == mandatory {
                dependents::add_preferences(w, *at, rsc);
            }
        }
    }
}

fn mandatory_one(w: &World<'_>, at: u32) -> bool {
    w.colocations[at as usize].score.is_infinite()
}

/// Applies a colocation to its dependent, assigning the primary first.
pub(crate) fn follow(w: &mut World<'_>, rsc: RscIx, at: u32) {
    let colocation = w.colocations[at as usize].clone();
    let undoable = colocation.dependent_role >= Role::Promoted
        || (colocation.score < Score::ZERO && !colocation.score.is_infinite());
    let before = undoable.then(|| (trace::mark(w), w[rsc].allowed.clone()));
    if w[colocation.primary].is(Flags::UNASSIGNED) {
        super::assign(w, colocation.primary, None, true);
    }
    during(w, Cause::Follows(at), |w| {
        colocate::apply(w, rsc, colocation.primary, &colocation, true);
    });
    if let Some((mark, before)) = before
        && !choose::any_available(w, &w[rsc].allowed)
    {
        w[rsc].allowed = before;
        trace::undo(w, mark);
    }
}

fn place(w: &mut World<'_>, rsc: RscIx, prefer: Option<NodeIx>, stop_if_fail: bool) {
    if !w[rsc].is(Flags::MANAGED) {
        let node = w[rsc].active.first().copied();
        w[rsc].next_role = w[rsc].role;
        commit(w, rsc, node, true, stop_if_fail);
    } else if w.options.stop_all {
        commit(w, rsc, None, true, stop_if_fail);
    } else {
        let best = utilization::ban_and_prefer(w, rsc, prefer);
        let node = choose::choose(w, rsc, best);
        commit(w, rsc, node, false, stop_if_fail);
    }
}

/// Gives a primitive its node, or none. Unless forced, a node it may not use is none.
pub(crate) fn commit(
    w: &mut World<'_>,
    rsc: RscIx,
    node: Option<NodeIx>,
    force: bool,
    stop_if_fail: bool,
) {
    let mut node = node;
    if let Some(wanted) = node.filter(|_| !force) {
        let score = w[rsc].allowed.get(wanted).unwrap_or(Score::NEG_INF);
        let there = w.node_available(wanted) || w[wanted].is_guest();
        if score < Score::ZERO || !there {
            node = None;
        }
    }
    if let Some(old) = w[rsc].assigned.take() {
        w[old].assigned = w[old].assigned.saturating_sub(1);
        utilization::give_back(w, rsc, old);
    }
    w[rsc].flags.clear(Flags::UNASSIGNED);
    match node {
        Some(node) => {
            w[rsc].assigned = Some(node);
            w[node].assigned += 1;
            utilization::take(w, rsc, node);
        }
        None if stop_if_fail => goes_nowhere(w, rsc),
        None => {}
    }
}

/// What cannot be where it must be gets no node, nor does anything in it.
pub(crate) fn lose(w: &mut World<'_>, rsc: RscIx) {
    if w[rsc].is_primitive() {
        commit(w, rsc, None, true, true);
        return;
    }
    for child in w[rsc].children.clone() {
        lose(w, child);
    }
}

/// A resource without a node stops; what was planned for it already is adapted.
fn goes_nowhere(w: &mut World<'_>, rsc: RscIx) {
    w[rsc].next_role = Role::Stopped;
    for action in w[rsc].actions.clone() {
        match w[action].task {
            Task::Stop => w[action].flags.clear(ActFlags::OPTIONAL),
            Task::Start => w[action].flags.clear(ActFlags::RUNNABLE),
            _ if w[action].interval > 0 && w[action].target_rc != Some(7) => {
                w[action].flags.clear(ActFlags::RUNNABLE);
            }
            _ => {}
        }
    }
}
