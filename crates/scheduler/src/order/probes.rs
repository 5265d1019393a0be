//! Probes go before what would change their result.

use crate::actions::{edge, of_task};
use crate::place::role_of;
use crate::world::{ActFlags, ActIx, NodeIx, Order, Rel, RscIx, Side, Task, World};

/// Orders probes before what comes after their resources' stops and starts.
pub(crate) fn order(w: &mut World<'_>, orders: &[Order<'_>]) {
    for order in orders {
        before_users_of_stop(w, order);
    }
    let probes: Vec<ActIx> = (0..w.actions.len() as u32)
        .map(ActIx)
        .filter(|at| {
            let action = &w[*at];
            action.task == Task::Monitor && action.interval == 0 && action.rsc.is_some()
        })
        .collect();
    for probe in probes.iter().rev() {
        before_restarts(w, *probe);
    }
    for rsc in w.top.clone() {
        block_siblings(w, rsc);
    }
}

/// Whatever a resource's stop is ordered before, its probes come before too.
fn before_users_of_stop(w: &mut World<'_>, order: &Order<'_>) {
    let of = |w: &World<'_>, side: Side| match side {
        Side::Key(key) => (Some(key.rsc), key.task),
        Side::Action(action) => (w[action].rsc, w[action].task),
    };
    let ((first, first_task), (then, then_task)) = (of(w, order.first), of(w, order.then));
    let Some(rsc) = first.filter(|rsc| first_task == Task::Stop && then != Some(*rsc)) else {
        return;
    };
    if then.is_some() && w[rsc].container == then && then_task == Task::Stop {
        return;
    }
    let keep = Rel::IF_FIRST_UNMIGRATABLE | Rel::IF_ON_SAME_NODE;
    let whole = [Rel::IF_REQUIRED_ON_SAME_NODE, Rel::IF_ON_SAME_NODE_OR_TARGET];
    let rel =
        if whole.contains(&order.rel) { order.rel } else { Rel::ORDERED | (order.rel & keep) };
    let probes: Vec<ActIx> = of_task(w, rsc, Task::Monitor, None)
        .into_iter()
        .filter(|probe| w[*probe].interval == 0)
        .collect();
    if probes.is_empty() {
        return;
    }
    let thens = match order.then {
        Side::Action(action) => vec![action],
        Side::Key(key) => {
            let all = w[key.rsc].actions.iter().copied();
            all.filter(|action| crate::actions::matches(w, *action, key)).collect()
        }
    };
    for then in thens {
        if w[then].task == Task::Fence && w[then].verb == Some("on") {
            continue;
        }
        for probe in &probes {
            if w[then].task != Task::Shutdown || w[then].node == w[*probe].node {
                edge(w, *probe, then, rel);
            }
        }
    }
}

/// Whether starting after this probe leads to restarts of what is up already.
fn before_restarts(w: &mut World<'_>, probe: ActIx) {
    if w[probe].optional() {
        return;
    }
    let Some(rsc) = w[probe].rsc else { return };
    if w[probe].node.is_none() {
        return;
    }
    let mut seen = Vec::new();
    let starts: Vec<ActIx> = w[probe]
        .after
        .iter()
        .map(|edge| edge.other)
        .filter(|then| w[*then].task == Task::Start)
        .collect();
    for start in starts {
        follow(w, probe, rsc, start, &mut seen);
    }
}

/// Whom in a collective a probe concerns.
enum Concerned {
    All,
    /// Of an interleaved clone the instance that goes where the probed resource goes, if any.
    Only(Option<RscIx>),
}

fn concerned(w: &World<'_>, rsc: RscIx, action: ActIx) -> Concerned {
    let interleaved = w[action].rsc.filter(|clone| {
        let meta = w[*clone].meta("interleave").and_then(cib::value::boolean);
        w[*clone].has_instances() && meta.unwrap_or(false)
    });
    interleaved.map_or(Concerned::All, |clone| {
        Concerned::Only(super::interleave::partner(w, rsc, clone, false))
    })
}

/// Follows a chain of "first implies then" from a start.
fn follow(w: &mut World<'_>, probe: ActIx, rsc: RscIx, from: ActIx, seen: &mut Vec<ActIx>) {
    let mut stack = vec![from];
    while let Some(action) = stack.pop() {
        if seen.contains(&action) {
            continue;
        }
        seen.push(action);
        restart(w, probe, rsc, action);
        let concerned = concerned(w, rsc, action);
        let own = w[rsc].parent.is_some() && w[rsc].parent == w[action].rsc;
        for after in w[action].after.clone() {
            let meant = match concerned {
                Concerned::All => true,
                Concerned::Only(one) => one.is_some() && one == w[after.other].rsc,
            };
            let down = !own && meant && into_member(w, action, after.other);
            if after.rel & Rel::FIRST_IMPLIES_THEN == 0 && !down {
                continue;
            }
            stack.push(after.other);
        }
    }
}

/// Whether an edge goes from a collective to something directly in it.
fn into_member(w: &World<'_>, from: ActIx, to: ActIx) -> bool {
    match (w[from].rsc, w[to].rsc) {
        (Some(outer), Some(inner)) => w[inner].parent == Some(outer) && !w[inner].has_instances(),
        _ => false,
    }
}

fn restart(w: &mut World<'_>, probe: ActIx, rsc: RscIx, action: ActIx) {
    let Some(then) = w[action].rsc else { return };
    if then == rsc || !w[then].is_primitive() {
        return;
    }
    let task = match w[action].task {
        Task::Start => Task::Stop,
        Task::Promote => Task::Demote,
        _ => return,
    };
    for down in of_task(w, then, task, None) {
        if !w[down].pseudo() {
            edge(w, probe, down, Rel::ORDERED);
        }
    }
}

/// An instance whose probe cannot run keeps its inactive siblings from starting.
fn block_siblings(w: &mut World<'_>, rsc: RscIx) {
    if !w[rsc].is_clone() {
        return;
    }
    for instance in w[rsc].children.clone() {
        let unrunnable = unrunnable_probes(w, instance);
        if unrunnable.is_empty() {
            continue;
        }
        for sibling in w[rsc].children.clone() {
            if sibling != instance && role_of(w, sibling, false) <= cib::value::Role::Stopped {
                for start in of_task(w, sibling, Task::Start, None) {
                    for probe in &unrunnable {
                        edge(w, *probe, start, Rel::UNRUNNABLE_FIRST_BLOCKS);
                    }
                }
            }
        }
    }
}

fn unrunnable_probes(w: &World<'_>, rsc: RscIx) -> Vec<ActIx> {
    let mut found: Vec<ActIx> = of_task(w, rsc, Task::Monitor, None::<NodeIx>)
        .into_iter()
        .filter(|probe| w[*probe].interval == 0 && !w[*probe].is(ActFlags::RUNNABLE))
        .collect();
    for child in &w[rsc].children {
        found.extend(unrunnable_probes(w, *child));
    }
    found
}
