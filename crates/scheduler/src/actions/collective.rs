//! The actions of groups and clones: points that what is inside begins after and completes.

use cib::value::Score;

use super::{of_task, pseudo};
use crate::world::resource::BundleKind;
use crate::world::{ActFlags, Kind, RscIx, Task, World};

/// Creates all resources' actions, in list order.
pub(crate) fn create_all(w: &mut World<'_>) {
    for rsc in w.top.clone() {
        create(w, rsc);
    }
}

fn create(w: &mut World<'_>, rsc: RscIx) {
    match &w[rsc].kind {
        Kind::Primitive => super::primitive::create_all(w, rsc),
        Kind::Group(_) => create_group(w, rsc),
        Kind::Clone(clone) => {
            let promotable = clone.promotable;
            create_clone(w, rsc, promotable);
        }
        Kind::Bundle(bundle) => {
            let bundle = bundle.clone();
            create_bundle(w, rsc, &bundle);
        }
    }
}

fn create_bundle(w: &mut World<'_>, bundle: RscIx, kind: &BundleKind) {
    let mut seen = Instances::default();
    for replica in &kind.replicas {
        for part in [replica.ip, Some(replica.container), replica.remote].into_iter().flatten() {
            create(w, part);
        }
    }
    for replica in &kind.replicas {
        look(w, replica.container, &mut seen);
    }
    create_points(w, bundle, &seen);
    let Some(child) = kind.child else { return };
    create(w, child);
    if w[child].is_promotable() {
        for task in [Task::Promote, Task::Demote] {
            pseudo(w, bundle, task, true);
            let done = pseudo(w, bundle, task.completion(), true);
            w[done].priority = Score::INF.get();
        }
    }
}

fn create_group(w: &mut World<'_>, group: RscIx) {
    for member in w[group].children.clone() {
        create(w, member);
    }
    for task in [Task::Start, Task::Running, Task::Stop, Task::Stopped] {
        pseudo(w, group, task, true);
    }
    let promotable =
        std::iter::successors(w[group].parent, |up| w[*up].parent).any(|up| w[up].is_promotable());
    if promotable {
        for task in [Task::Demote, Task::Demoted, Task::Promote, Task::Promoted] {
            pseudo(w, group, task, true);
        }
    }
}

/// What a clone's instances do, taken together.
#[derive(Default)]
struct Instances {
    starting: bool,
    stopping: bool,
    restarting: bool,
    active: bool,
}

fn look(w: &World<'_>, rsc: RscIx, seen: &mut Instances) {
    if !w[rsc].is_primitive() {
        for child in &w[rsc].children {
            look(w, *child, seen);
        }
        return;
    }
    seen.active |= !w[rsc].active.is_empty();
    let (mut starts, mut stops) = (false, false);
    for start in of_task(w, rsc, Task::Start, None) {
        starts |= w[start].required() && (w[start].runnable() || w[start].pseudo());
    }
    for stop in of_task(w, rsc, Task::Stop, None) {
        stops |= w[stop].required() && (w[stop].runnable() || w[stop].pseudo());
    }
    seen.starting |= starts;
    seen.stopping |= stops;
    seen.restarting |= starts && stops;
}

fn create_clone(w: &mut World<'_>, clone: RscIx, promotable: bool) {
    let mut seen = Instances::default();
    for instance in w[clone].children.clone() {
        create(w, instance);
        look(w, instance, &mut seen);
    }
    create_points(w, clone, &seen);
    for task in [Task::Start, Task::Stop] {
        super::notify::surround(w, clone, task);
    }
    if promotable {
        create_promotable(w, clone);
    }
    super::notify::order_chains(w, clone);
}

/// Where a clone's or bundle's starts and stops begin and complete.
fn create_points(w: &mut World<'_>, rsc: RscIx, seen: &Instances) {
    pseudo(w, rsc, Task::Start, !seen.starting);
    let running = pseudo(w, rsc, Task::Running, !seen.starting);
    w[running].priority = Score::INF.get();
    if !seen.active && !seen.starting {
        w[running].flags.clear(ActFlags::RUNNABLE);
    }
    let stop = pseudo(w, rsc, Task::Stop, !seen.stopping);
    let stopped = pseudo(w, rsc, Task::Stopped, !seen.stopping);
    w[stopped].priority = Score::INF.get();
    if !seen.restarting {
        w[stop].flags.set(ActFlags::MIGRATABLE);
    }
}

fn create_promotable(w: &mut World<'_>, clone: RscIx) {
    let (mut promoting, mut demoting) = (false, false);
    for instance in w[clone].children.clone() {
        promotion(w, instance, &mut promoting, &mut demoting);
    }
    for (task, any) in [(Task::Promote, promoting), (Task::Demote, demoting)] {
        pseudo(w, clone, task, !any);
        let done = pseudo(w, clone, task.completion(), !any);
        w[done].priority = Score::INF.get();
    }
    for task in [Task::Promote, Task::Demote] {
        super::notify::surround(w, clone, task);
    }
}

fn promotion(w: &World<'_>, rsc: RscIx, promoting: &mut bool, demoting: &mut bool) {
    for child in &w[rsc].children {
        promotion(w, *child, promoting, demoting);
    }
    if !w[rsc].is_primitive() {
        return;
    }
    let required =
        |task: Task| of_task(w, rsc, task, None).iter().any(|action| w[*action].required());
    *promoting |= required(Task::Promote);
    *demoting |= required(Task::Demote);
}
