//! Applying orderings: each side's actions are found, or created where they are missing.

use cib::value::Role;

use crate::actions::{Wanted, create, edge, matches};
use crate::place::role_of;
use crate::world::{ActFlags, ActIx, Flags, Key, Order, Rel, Side, Task, World};

/// Applies all orderings in the order of their creation, and draws all consequences.
pub(crate) fn apply_all(w: &mut World<'_>) {
    let orders = std::mem::take(&mut w.orders);
    for order in &orders {
        apply(w, order);
    }
    for at in (0..w.actions.len()).rev() {
        super::dependents::block(w, ActIx(at as u32));
    }
    super::probes::order(w, &orders);
    for at in (0..w.actions.len()).rev() {
        super::update::update(w, ActIx(at as u32));
    }
    super::invalid::disable(w);
    w.orders = orders;
}

fn apply(w: &mut World<'_>, order: &Order<'_>) {
    let firsts = match order.first {
        Side::Action(action) => vec![action],
        Side::Key(key) => match firsts(w, key, order) {
            Some(actions) => actions,
            None => return,
        },
    };
    for first in firsts {
        let thens = match order.then {
            Side::Action(action) => vec![action],
            Side::Key(key) => of_key(w, key),
        };
        let then_rsc = match order.then {
            Side::Key(key) => Some(key.rsc),
            Side::Action(action) => w[action].rsc,
        };
        let mut rel = order.rel;
        if w[first].is(ActFlags::DANGLING) && w[first].rsc == then_rsc {
            rel &= !Rel::FIRST_IMPLIES_THEN;
        }
        for then in thens {
            edge(w, first, then, rel);
        }
    }
}

fn of_key(w: &World<'_>, key: Key) -> Vec<ActIx> {
    w[key.rsc].actions.iter().copied().filter(|action| matches(w, *action, key)).collect()
}

/// The first side's actions. Where there are none, one that is optional is created, unless it
/// could never be needed.
fn firsts(w: &mut World<'_>, key: Key, order: &Order<'_>) -> Option<Vec<ActIx>> {
    let found = of_key(w, key);
    if !found.is_empty() {
        return Some(found);
    }
    let same = match order.then {
        Side::Key(then) => then.rsc == key.rsc,
        Side::Action(action) => w[action].rsc == Some(key.rsc),
    };
    if same {
        return None;
    }
    let role = role_of(w, key.rsc, false);
    let idle = match key.task {
        Task::Stop => role == Role::Stopped,
        Task::Demote => role == Role::Unpromoted,
        _ => false,
    };
    if idle {
        return None;
    }
    let Key { rsc, task, interval } = key;
    Some(vec![create(w, Wanted { rsc, task, interval, node: None, optional: true })])
}

/// Whether an edge's first and last resource are one inside the other.
pub(crate) fn inside(
    w: &World<'_>,
    inner: crate::world::RscIx,
    outer: crate::world::RscIx,
) -> bool {
    std::iter::successors(w[inner].parent, |up| w[*up].parent).any(|up| up == outer)
}

/// Whether a resource's own stop can not be carried out because somebody must look first.
pub(crate) fn stuck(w: &World<'_>, action: ActIx) -> bool {
    let Some(rsc) = w[action].rsc else { return false };
    !w[rsc].is(Flags::MANAGED)
        && w[rsc].is(Flags::BLOCKED)
        && !w[action].runnable()
        && w[action].task == Task::Stop
}
