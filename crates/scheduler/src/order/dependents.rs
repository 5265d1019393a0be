//! What must run with something that cannot start cannot start either.

use cib::value::{Role, Score};

use crate::actions::{newest, of_task};
use crate::constraints::lists;
use crate::world::{ActFlags, ActIx, RscIx, Task, World};

/// If an action is a start or promote that cannot run, blocks its mandatory dependents.
pub(crate) fn block(w: &mut World<'_>, action: ActIx) {
    let task = w[action].task;
    if w[action].runnable() || !matches!(task, Task::Start | Task::Promote) {
        return;
    }
    let Some(rsc) = w[action].rsc else { return };
    // Of a bundle all parts are looked at, but it is the part that cannot start that is named.
    let part = crate::unpack::operations::top(w, rsc);
    let top = w[part].parent.unwrap_or(part);
    let some_runnable = w[top].children.iter().any(|child| {
        let found = newest(w, *child, task, None);
        found.is_none_or(|action| w[action].runnable())
    });
    if !some_runnable {
        block_dependents(w, (top, part), task, 0);
    }
}

/// Colocations may form chains, and loops in a hostile configuration.
const MAX_CHAIN: usize = 1000;

fn block_dependents(w: &mut World<'_>, (primary, named): (RscIx, RscIx), task: Task, depth: usize) {
    if depth > MAX_CHAIN {
        return;
    }
    for at in lists::with_this(w, primary) {
        let colocation = w.colocations[at as usize].clone();
        if colocation.score < Score::INF {
            continue;
        }
        let promoted = colocation.primary_role == Role::Promoted;
        if promoted != (task == Task::Promote) {
            continue;
        }
        let then = match colocation.dependent_role {
            Role::Promoted => Task::Promote,
            _ => Task::Start,
        };
        block_task(w, colocation.dependent, then, named, depth);
    }
}

fn block_task(w: &mut World<'_>, rsc: RscIx, task: Task, named: RscIx, depth: usize) {
    for child in w[rsc].children.clone() {
        block_task(w, child, task, named, depth);
    }
    if !w[rsc].is_primitive() {
        return;
    }
    for action in of_task(w, rsc, task, None) {
        if !w[action].runnable() {
            continue;
        }
        w[action].flags.clear(ActFlags::RUNNABLE);
        if w[action].reason.is_none() {
            w[action].reason = Some(format!("colocation with {}", w[named].id));
        }
        block_dependents(w, (rsc, rsc), task, depth + 1);
    }
}
