//! Orderings between resources are mirrored for their migrations.

use crate::place::role_of;
use crate::world::{Flags, Key, Order, Rel, RscIx, Side, Task, World};

/// Adds, to each ordering of two resources one of which may migrate, what it means for that.
pub(crate) fn mirror(w: &mut World<'_>) {
    let orders = w.orders.clone();
    for order in orders {
        let (Side::Key(first), Side::Key(then)) = (order.first, order.then) else { continue };
        if first.rsc != then.rsc && first.interval == 0 && then.interval == 0 {
            mirror_one(w, &order, first, then);
        }
    }
}

fn may_migrate(w: &World<'_>, rsc: RscIx) -> bool {
    w[rsc].is_primitive()
        && w[rsc].parent.is_none_or(|up| w[up].is_group() || w[up].is_clone())
        && w[rsc].is(Flags::MIGRATABLE)
}

fn mirror_one<'d>(w: &mut World<'d>, order: &Order<'d>, first: Key, then: Key) {
    let (one, other) = (may_migrate(w, first.rsc), may_migrate(w, then.rsc));
    let add = |w: &mut World<'d>, first_task: Task, then_task: Task, rel: u32| {
        let side = |key: Key, task| Side::Key(Key { task, ..key });
        w.orders.push(Order {
            id: order.id,
            first: side(first, first_task),
            then: side(then, then_task),
            rel,
        });
    };
    match (first.task, then.task) {
        (Task::Start, Task::Start) => {
            if other && one {
                add(w, Task::Start, Task::MigrateTo, order.rel | Rel::IF_FIRST_UNMIGRATABLE);
                add(w, Task::MigrateFrom, Task::MigrateTo, order.rel);
            } else if other {
                add(w, Task::Start, Task::MigrateTo, order.rel);
            }
        }
        (Task::Stop, Task::Stop) if other => {
            add(w, Task::Stop, Task::MigrateTo, order.rel);
            if w[then.rsc].partial_target.is_some() {
                add(w, Task::Stop, Task::MigrateFrom, order.rel);
            }
        }
        (Task::Promote, Task::Start) if other => {
            add(w, Task::Promote, Task::MigrateTo, order.rel);
        }
        (Task::Demote, Task::Stop) if other => {
            add(w, Task::Demote, Task::MigrateTo, order.rel);
            if role_of(w, then.rsc, false) > cib::value::Role::Stopped
                && w[then.rsc].partial_target.is_some()
            {
                add(w, Task::Demote, Task::MigrateFrom, order.rel);
            }
        }
        _ => {}
    }
}
