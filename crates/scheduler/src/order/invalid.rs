//! Edges that would make the plan wait for itself are taken out.

use std::collections::BTreeSet;

use crate::emit::inputs::counts;
use crate::world::{ActIx, Edge, Rel, Task, World};

/// Takes out what a guest's container would wait for on the guest itself, and what a migration
/// would wait for that waits for the migration.
pub(crate) fn disable(w: &mut World<'_>) {
    for then in (0..w.actions.len() as u32).rev().map(ActIx) {
        for place in (0..w[then].before.len()).rev() {
            let edge = w[then].before[place];
            if edge.rel != 0 && (inside_guest(w, then, edge) || load_loop(w, then, edge)) {
                w[then].before[place].rel = 0;
            }
        }
    }
}

/// Whether a container's action follows one on the guest that the container is. Orderings that
/// somebody configured do not hold there: the guest cannot outlive its container.
fn inside_guest(w: &World<'_>, then: ActIx, edge: Edge) -> bool {
    let (Some(_), Some(rsc)) = (w[edge.other].rsc, w[then].rsc) else { return false };
    let guest = w[edge.other].node.filter(|node| w[*node].is_guest());
    edge.rel & Rel::GUEST_ALLOWED == 0 && guest.is_some_and(|node| w[node].container == Some(rsc))
}

/// Whether a migration waits for room on its target that only it itself makes.
fn load_loop(w: &World<'_>, then: ActIx, edge: Edge) -> bool {
    let load = w[edge.other].name.as_deref().is_some_and(|name| name.starts_with("load_stopped"));
    load && w[then].task == Task::MigrateTo && reaches(w, edge.other, then)
}

/// Whether an action waits, directly or not, for another.
fn reaches(w: &World<'_>, from: ActIx, to: ActIx) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut stack = vec![from];
    while let Some(at) = stack.pop() {
        for edge in &w[at].before {
            if !counts(w, at, *edge) {
                continue;
            }
            if edge.other == to {
                return true;
            }
            if seen.insert(edge.other) {
                stack.push(edge.other);
            }
        }
    }
    false
}
