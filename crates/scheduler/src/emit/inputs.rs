//! What an action in the graph waits for.

use crate::world::{ActFlags, ActIx, Edge, Flags, Rel, Task, World};

/// The actions an action waits for, by id.
pub(super) fn of(w: &World<'_>, at: ActIx) -> Vec<ActIx> {
    let mut edges: Vec<Edge> = w[at].before.clone();
    edges.sort_by_key(|edge| edge.other);
    let mut merged: Vec<Edge> = Vec::with_capacity(edges.len());
    for edge in edges {
        match merged.last_mut() {
            Some(last) if last.other == edge.other => last.rel |= edge.rel,
            _ => merged.push(edge),
        }
    }
    merged.into_iter().filter(|edge| counts(w, at, *edge)).map(|edge| edge.other).collect()
}

/// Whether an edge is an input in the graph.
pub(crate) fn counts(w: &World<'_>, at: ActIx, edge: Edge) -> bool {
    let (action, input, rel) = (&w[at], &w[edge.other], edge.rel);
    let stop = input.task == Task::Stop && input.interval == 0;
    if rel == 0 {
        return false;
    }
    if !input.runnable() {
        let of_time =
            Rel::ORDERED | Rel::FIRST_IMPLIES_THEN_GRAPHED | Rel::THEN_IMPLIES_FIRST_GRAPHED;
        let weak =
            rel & !of_time == 0 || rel & (Rel::MIN_RUNNABLE | Rel::UNMIGRATABLE_THEN_BLOCKS) != 0;
        if weak {
            return false;
        }
    }
    if rel & Rel::IF_FIRST_UNMIGRATABLE != 0 && input.is(ActFlags::MIGRATABLE) {
        return false;
    }
    if rel == Rel::ORDERED && input.is(ActFlags::MIGRATABLE) && stop {
        return false;
    }
    if rel == Rel::IF_ON_SAME_NODE_OR_TARGET {
        let node = match (action.task, action.rsc) {
            (Task::MigrateTo, Some(rsc)) => w[rsc].assigned,
            _ => action.node,
        };
        let apart = node.is_some() && input.node.is_some() && node != input.node;
        if apart || input.optional() {
            return false;
        }
    } else if rel == Rel::IF_REQUIRED_ON_SAME_NODE {
        let apart = action.node.is_some() && input.node.is_some() && action.node != input.node;
        if apart || input.optional() {
            return false;
        }
    } else if stop && leftover(w, at, edge.other) {
        return false;
    }
    // Nothing waits for what the plan does not hold.
    super::emitted(w, edge.other)
}

/// A stop of an unmanaged failed resource never happens: a clone does not wait for it.
fn leftover(w: &World<'_>, at: ActIx, input: ActIx) -> bool {
    let (Some(rsc), Some(of)) = (w[input].rsc, w[at].rsc) else { return false };
    rsc != of
        && w[rsc].is(Flags::FAILED)
        && !w[rsc].is(Flags::MANAGED)
        && std::iter::successors(Some(of), |r| w[*r].parent).any(|r| w[r].is_clone())
}
