//! Live migration: moving a resource without stopping it.

use super::primitive::single;
use crate::world::{ActFlags, Flags, Key, NodeIx, Order, Rel, RscIx, Side, Task, World};

/// Whether a resource may migrate from where it is to where it goes.
pub(crate) fn possible(w: &World<'_>, rsc: RscIx, current: Option<NodeIx>) -> bool {
    let (Some(current), Some(next)) = (current, w[rsc].assigned) else { return false };
    let resource = &w[rsc];
    current != next
        && resource.is(Flags::MIGRATABLE)
        && resource.is(Flags::MANAGED)
        && !resource.is(Flags::FAILED)
        && !resource.is(Flags::START_PENDING)
        && !w[current].unclean
        && w.node_available_with_guest(next)
}

/// Turns stop and start into a migration.
pub(crate) fn create(w: &mut World<'_>, rsc: RscIx, current: NodeIx) {
    let Some(next) = w[rsc].assigned else { return };
    let start = single(w, rsc, Task::Start, next, true);
    let stop = super::newest(w, rsc, Task::Stop, Some(current));
    let names = [
        ("CRM_meta_migrate_source", w[current].name.to_owned()),
        ("CRM_meta_migrate_target", w[next].name.to_owned()),
    ];
    if w[rsc].partial_target.is_none() {
        single(w, rsc, Task::Stop, current, true);
    }
    if let Some(stop) = stop {
        w[stop].flags.set(ActFlags::MIGRATABLE);
    }
    w[start].flags.set(ActFlags::MIGRATABLE | ActFlags::PSEUDO);
    let to = w[rsc].partial_target.is_none();
    if to {
        let action = single(w, rsc, Task::MigrateTo, current, true);
        w[action].flags.set(ActFlags::MIGRATABLE);
        w[action].meta.extend(names.clone());
        if !w[rsc].is(Flags::CONNECTION) {
            w[action].meta.push(("CRM_meta_record_pending", "true".to_owned()));
        }
    }
    let action = single(w, rsc, Task::MigrateFrom, next, true);
    w[action].flags.set(ActFlags::MIGRATABLE);
    w[action].meta.extend(names);
    if w[action].runnable() {
        w[start].flags.clear(ActFlags::OPTIONAL);
    }
    order(w, rsc, to);
}

fn order(w: &mut World<'_>, rsc: RscIx, to: bool) {
    let mut add = |first: Task, then: Task, rel: u32| {
        let key = |task| Side::Key(Key { rsc, task, interval: 0 });
        w.orders.push(Order { id: "", first: key(first), then: key(then), rel });
    };
    let must = Rel::ORDERED | Rel::UNMIGRATABLE_THEN_BLOCKS;
    if to {
        add(Task::Monitor, Task::MigrateTo, Rel::ORDERED);
        add(Task::MigrateTo, Task::MigrateFrom, must);
    } else {
        add(Task::Monitor, Task::MigrateFrom, Rel::ORDERED);
    }
    add(Task::MigrateFrom, Task::Stop, must);
    let start = Rel::ORDERED | Rel::FIRST_ELSE_THEN | Rel::UNMIGRATABLE_THEN_BLOCKS;
    add(Task::MigrateFrom, Task::Start, start);
}
