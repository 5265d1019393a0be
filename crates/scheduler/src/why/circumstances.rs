//! What decides beside the scores: options, states and orderings.

use std::fmt;

use cib::value::Role;

use crate::actions::newest;
use crate::world::{ActIx, Flags, NodeIx, Rel, RscIx, Side, Task, World};

/// The reasons a start has if quorum is missing.
const QUORUM: &[&str] = &["no quorum", "quorum freeze"];

/// Something that keeps a resource from acting, whatever the scores say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Circumstance {
    /// `target-role` of it, or of what it is in, says stopped.
    TargetStopped,
    /// `stop-all-resources` is set.
    StopAll,
    /// The partition has no quorum, and `no-quorum-policy` forbids to start.
    NoQuorum,
    /// It is not managed: `is-managed`, `maintenance`, or `maintenance-mode`.
    Unmanaged,
    /// A failure blocks it: nothing is done with it until somebody has cleaned up.
    Blocked,
    /// Fencing is wanted and there is no device: nothing is started.
    NoFencing,
    /// It cannot start because something before it cannot act: the ordering's id (empty for the
    /// cluster's own) and what it waits for.
    WaitsFor(String, String),
}

impl fmt::Display for Circumstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TargetStopped => f.write_str("target-role=Stopped: it is to be stopped"),
            Self::StopAll => f.write_str("stop-all-resources=true: nothing runs"),
            Self::NoQuorum => f.write_str("the partition has no quorum: nothing is started"),
            Self::Unmanaged => f.write_str("it is not managed: it stays as it is"),
            Self::Blocked => f.write_str("a failure blocks it until it is cleaned up"),
            Self::NoFencing => {
                f.write_str("fencing is on and no fence device is configured: nothing is managed")
            }
            Self::WaitsFor(id, other) if id.is_empty() => write!(f, "it waits for {other}"),
            Self::WaitsFor(id, other) => write!(f, "ordering {id}: it waits for {other}"),
        }
    }
}

/// What acts on a resource beside the scores.
pub(super) fn of(w: &World<'_>, rsc: RscIx) -> Vec<Circumstance> {
    let mut found = Vec::new();
    if target_stopped(w, rsc) {
        found.push(Circumstance::TargetStopped);
    }
    if w.options.stop_all {
        found.push(Circumstance::StopAll);
    }
    let start = newest(w, rsc, Task::Start, None).filter(|at| !w[*at].runnable());
    if start.is_some_and(|at| w[at].reason.as_deref().is_some_and(|why| QUORUM.contains(&why))) {
        found.push(Circumstance::NoQuorum);
    }
    if w.options.fencing && !w.has_fence_device {
        found.push(Circumstance::NoFencing);
    } else if w[rsc].is(Flags::BLOCKED) {
        found.push(Circumstance::Blocked);
    } else if !w[rsc].is(Flags::MANAGED) {
        found.push(Circumstance::Unmanaged);
    }
    if let Some(start) =
        start.filter(|_| w[rsc].next_role > Role::Stopped || w[rsc].active.is_empty())
    {
        found.extend(blockers(w, rsc, start));
    }
    found
}

/// Whether a resource, or what it is in, is wanted stopped.
fn target_stopped(w: &World<'_>, rsc: RscIx) -> bool {
    std::iter::successors(Some(rsc), |rsc| w[*rsc].parent).any(|rsc| {
        w[rsc].meta("target-role").is_some_and(|role| Role::parse(role) == Some(Role::Stopped))
    })
}

/// What a start that cannot run waits for, with the orderings that say so.
fn blockers(w: &World<'_>, rsc: RscIx, start: ActIx) -> Vec<Circumstance> {
    let stops = |edge: &&crate::world::Edge| {
        let blocking = Rel::UNRUNNABLE_FIRST_BLOCKS | Rel::MIN_RUNNABLE;
        edge.rel & blocking != 0 && !w[edge.other].runnable()
    };
    let mut found = Vec::new();
    for edge in w[start].before.iter().filter(stops) {
        let Some(other) = w[edge.other].rsc.filter(|other| *other != rsc) else { continue };
        let top = |rsc: RscIx| crate::unpack::operations::top(w, rsc);
        let id = w.orders.iter().find(|order| {
            let (Side::Key(first), Side::Key(then)) = (order.first, order.then) else {
                return false;
            };
            !order.id.is_empty() && top(first.rsc) == top(other) && top(then.rsc) == top(rsc)
        });
        let id = id.map(|order| order.id.to_owned()).unwrap_or_default();
        let one = Circumstance::WaitsFor(id, w[other].id.clone());
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// Why a node can run nothing new.
pub(super) fn unusable(w: &World<'_>, node: NodeIx) -> Option<&'static str> {
    if w.node_available_with_guest(node) {
        return None;
    }
    let node = &w[node];
    Some(match () {
        () if node.unclean => "unclean: it must be fenced first",
        () if !node.online && node.unseen => "never seen",
        () if !node.online => "offline",
        () if node.pending => "still joining",
        () if node.standby_on_fail => "in standby after a failure",
        () if node.standby => "in standby",
        () if node.shutdown => "shutting down",
        () if node.maintenance => "in maintenance",
        () => "not available",
    })
}
