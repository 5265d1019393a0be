//! Orderings between resources are mirrored for their migrations.

use crate::world::{Flags, Key, Order, Rel, RscIx, Side, Task, World};

/// Adds, to each ordering of two resources one of which may migrate, what it means for that.
pub(crate) fn mirror(w: &mut World<'_>) {
    let orders = std::mem::take(&mut w.orders);
    let mut all = Vec::with_capacity(orders.len());
    for order in orders {
        let equivalents = equivalents(w, &order);
        all.push(order);
        all.extend(equivalents);
    }
    w.orders = all;
}

fn may_migrate(w: &World<'_>, rsc: RscIx) -> bool {
    w[rsc].is_primitive()
        && w[rsc].parent.is_none_or(|up| w[up].is_group() || w[up].is_clone())
        && w[rsc].is(Flags::MIGRATABLE)
}

/// What one side of an ordering is about.
fn key_of(w: &World<'_>, side: Side) -> Option<Key> {
    match side {
        Side::Key(key) => Some(key),
        Side::Action(action) => {
            let action = &w[action];
            action.rsc.map(|rsc| Key { rsc, task: action.task, interval: action.interval })
        }
    }
}

/// What migrates does so at the time when it would be started or stopped: these are orders of
/// time only, whatever the ordering itself asks for.
fn equivalents<'d>(w: &World<'d>, order: &Order<'d>) -> Vec<Order<'d>> {
    let (Some(first), Some(then)) = (key_of(w, order.first), key_of(w, order.then)) else {
        return Vec::new();
    };
    let between = first.rsc != then.rsc && first.interval == 0 && then.interval == 0;
    let nested = super::apply::inside(w, first.rsc, then.rsc)
        || super::apply::inside(w, then.rsc, first.rsc);
    if !between || nested || !may_migrate(w, then.rsc) {
        return Vec::new();
    }
    let both = may_migrate(w, first.rsc);
    let partial = w[then.rsc].partial_target.is_some();
    // What the first does by migrating it does not do by starting or stopping.
    let restart = if both { Rel::ORDERED | Rel::IF_FIRST_UNMIGRATABLE } else { Rel::ORDERED };
    let mut found = Vec::new();
    let mut add = |first_task: Task, then_task: Task, rel: u32| {
        let side = |key: Key, task| Side::Key(Key { task, ..key });
        let (first, then) = (side(first, first_task), side(then, then_task));
        found.push(Order { id: order.id, first, then, rel });
    };
    match (first.task, then.task) {
        (Task::Start, Task::Start) => {
            if both {
                add(Task::MigrateFrom, Task::MigrateTo, Rel::ORDERED);
            }
            add(Task::Start, Task::MigrateTo, restart);
        }
        (Task::Stop, Task::Stop) => {
            add(Task::Stop, Task::MigrateTo, restart);
            if partial {
                add(Task::Stop, Task::MigrateFrom, restart);
            }
        }
        (Task::Promote, Task::Start) => add(Task::Promote, Task::MigrateTo, Rel::ORDERED),
        (Task::Demote, Task::Stop) => {
            add(Task::Demote, Task::MigrateTo, Rel::ORDERED);
            if partial {
                add(Task::Demote, Task::MigrateFrom, Rel::ORDERED);
            }
        }
        _ => {}
    }
    found
}
