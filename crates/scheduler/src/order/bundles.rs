//! What follows from being a bundle: the address before the container, the container before what
//! is inside it, and the bundle's own points around all of them.

use cib::value::Score;

use super::internal::{self, CHAIN, colocate, primitive};
use crate::constraints::ordering::order;
use crate::world::resource::Replica;
use crate::world::{Flags, Rel, RscIx, Task, World};

/// Makes the internal constraints of a bundle and of all in it.
pub(crate) fn create(w: &mut World<'_>, bundle: RscIx, replicas: &[Replica], child: Option<RscIx>) {
    if let Some(child) = child {
        around_clone(w, bundle, child);
    }
    for replica in replicas {
        around_replica(w, bundle, replica);
    }
    if let Some(child) = child {
        internal::create(w, child);
    }
}

/// The bundled clone begins after the bundle, and the bundle completes after the clone.
fn around_clone(w: &mut World<'_>, bundle: RscIx, clone: RscIx) {
    let mut inside = |task: Task| {
        order(w, "", bundle, task, clone, task, Rel::THEN_IMPLIES_FIRST_GRAPHED);
        let done = task.completion();
        order(w, "", clone, done, bundle, done, Rel::FIRST_IMPLIES_THEN_GRAPHED);
    };
    inside(Task::Start);
    inside(Task::Stop);
    if !w[clone].is_promotable() {
        return;
    }
    internal::promotable_restart(w, bundle);
    order(w, "", bundle, Task::Stopped, bundle, Task::Start, Rel::ORDERED);
    order(w, "", bundle, Task::Demoted, bundle, Task::Stop, Rel::ORDERED);
    order(w, "", bundle, Task::Running, bundle, Task::Promote, Rel::ORDERED);
    let mut inside = |task: Task| {
        order(w, "", bundle, task, clone, task, Rel::THEN_IMPLIES_FIRST_GRAPHED);
        let done = task.completion();
        order(w, "", clone, done, bundle, done, Rel::FIRST_IMPLIES_THEN_GRAPHED);
    };
    inside(Task::Demote);
    inside(Task::Promote);
}

fn around_replica(w: &mut World<'_>, bundle: RscIx, replica: &Replica) {
    let container = replica.container;
    primitive(w, container);
    let start = Rel::UNRUNNABLE_FIRST_BLOCKS | Rel::THEN_IMPLIES_FIRST_GRAPHED;
    order(w, "", bundle, Task::Start, container, Task::Start, start);
    let stop = Rel::THEN_IMPLIES_FIRST_GRAPHED;
    if let Some(child) = replica.child {
        order(w, "", bundle, Task::Stop, child, Task::Stop, stop);
    }
    order(w, "", bundle, Task::Stop, container, Task::Stop, stop);
    let done = Rel::FIRST_IMPLIES_THEN_GRAPHED;
    order(w, "", container, Task::Start, bundle, Task::Running, done);
    order(w, "", container, Task::Stop, bundle, Task::Stopped, done);
    if let Some(ip) = replica.ip {
        primitive(w, ip);
        order(w, "", ip, Task::Start, container, Task::Start, CHAIN | Rel::GUEST_ALLOWED);
        let down = Rel::THEN_IMPLIES_FIRST | Rel::GUEST_ALLOWED;
        order(w, "", container, Task::Stop, ip, Task::Stop, down);
        let critical = w[bundle].is(Flags::CRITICAL);
        colocate(w, "#ip-with-container", ip, container, Score::INF, critical);
    }
    if let Some(remote) = replica.remote {
        primitive(w, remote);
    }
}
