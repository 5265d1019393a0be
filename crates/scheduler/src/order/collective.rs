//! Collectives' actions: what they are follows from their members' and instances'.

use super::relations::Changed;
use super::update::Walk;
use crate::actions::newest;
use crate::world::{ActFlags, ActIx, Kind, NodeIx, RscIx, Task, World};

/// An action's flags as an edge sees them, on a node where that matters.
pub(crate) fn flags(w: &mut World<'_>, action: ActIx, node: Option<NodeIx>) -> ActFlags {
    let general = own_flags(w, action, None);
    let clone = w[action].rsc.is_some_and(|rsc| w[rsc].has_instances());
    let Some(node) = node.filter(|_| clone) else { return general };
    let mut there = own_flags(w, action, Some(node));
    if general.has(ActFlags::RUNNABLE) {
        there.set(ActFlags::RUNNABLE);
    }
    there
}

fn own_flags(w: &mut World<'_>, action: ActIx, node: Option<NodeIx>) -> ActFlags {
    let Some(rsc) = w[action].rsc else { return w[action].flags };
    match w[rsc].kind {
        Kind::Primitive => w[action].flags,
        Kind::Group(_) => group_flags(w, rsc, action, node),
        Kind::Clone(_) => instances_flags(w, w[rsc].children.clone(), action, node),
        Kind::Bundle(_) => instances_flags(w, with_action(w, rsc, action), action, node),
    }
}

fn group_flags(w: &mut World<'_>, rsc: RscIx, action: ActIx, node: Option<NodeIx>) -> ActFlags {
    let mut all = ActFlags(ActFlags::OPTIONAL | ActFlags::RUNNABLE | ActFlags::PSEUDO);
    let task = w[action].of_member(true);
    for member in w[rsc].children.clone() {
        let Some(of_member) = newest(w, member, task, node) else {
            if !matches!(task, Task::Stop | Task::Demote) {
                all.clear(ActFlags::RUNNABLE);
            }
            continue;
        };
        let flags = w[of_member].flags;
        if all.has(ActFlags::OPTIONAL) && !flags.has(ActFlags::OPTIONAL) {
            all.clear(ActFlags::OPTIONAL);
            w[action].flags.clear(ActFlags::OPTIONAL);
        }
        let completes = task != w[action].task;
        if completes && all.has(ActFlags::RUNNABLE) && !flags.has(ActFlags::RUNNABLE) {
            all.clear(ActFlags::RUNNABLE);
            w[action].flags.clear(ActFlags::RUNNABLE);
        }
    }
    all
}

/// What a bundle does is done by its containers, but roles are of what is inside.
fn with_action(w: &World<'_>, bundle: RscIx, action: ActIx) -> Vec<RscIx> {
    let Kind::Bundle(kind) = &w[bundle].kind else { return Vec::new() };
    let role = matches!(
        w[action].task,
        Task::Promote
            | Task::Promoted
            | Task::Demote
            | Task::Demoted
            | Task::Notify
            | Task::Notified
    );
    match kind.child.filter(|_| role) {
        Some(clone) => w[clone].children.clone(),
        None => w.instances(bundle),
    }
}

fn instances_flags(
    w: &mut World<'_>,
    instances: Vec<RscIx>,
    action: ActIx,
    node: Option<NodeIx>,
) -> ActFlags {
    let mut all = ActFlags(ActFlags::OPTIONAL | ActFlags::RUNNABLE | ActFlags::PSEUDO);
    let mut any_runnable = false;
    for instance in instances {
        let primitive = w[instance].is_primitive();
        let task = w[action].of_member(primitive);
        let on = node.filter(|_| primitive);
        let Some(of_instance) = newest(w, instance, task, on) else { continue };
        let flags = own_flags(w, of_instance, node);
        if all.has(ActFlags::OPTIONAL) && !flags.has(ActFlags::OPTIONAL) {
            all.clear(ActFlags::OPTIONAL);
            w[action].flags.clear(ActFlags::OPTIONAL);
        }
        any_runnable |= flags.has(ActFlags::RUNNABLE);
    }
    if !any_runnable {
        all.clear(ActFlags::RUNNABLE);
        if node.is_none() {
            w[action].flags.clear(ActFlags::RUNNABLE);
        }
    }
    all
}

/// Applies an edge whose then may be a collective's: its members' actions feel it too.
pub(crate) fn update(
    w: &mut World<'_>,
    first: ActIx,
    then: ActIx,
    node: Option<NodeIx>,
    flags: (ActFlags, ActFlags),
    rel: u32,
    walk: &mut Walk,
) -> Changed {
    let Some(rsc) = w[then].rsc else { return walk.relate(w, first, then, flags, rel) };
    match w[rsc].kind {
        Kind::Primitive => walk.relate(w, first, then, flags, rel),
        Kind::Group(_) => {
            let mut changed = walk.relate(w, first, then, flags, rel);
            let task = w[then].task;
            for member in w[rsc].children.clone() {
                if let Some(action) = newest(w, member, task, node) {
                    let both = (flags.0, w[action].flags);
                    changed = changed.and(walk.relate(w, first, action, both, rel));
                }
            }
            changed
        }
        Kind::Clone(_) | Kind::Bundle(_) => {
            if super::interleave::applies(w, first, then) {
                return super::interleave::update(w, first, then, node, rel, walk);
            }
            let mut changed = walk.relate(w, first, then, flags, rel);
            let task = w[then].task;
            for instance in w.instances(rsc) {
                let Some(action) = newest(w, instance, task, node) else { continue };
                let own = own_flags(w, action, node);
                if !own.has(ActFlags::RUNNABLE) {
                    continue;
                }
                let of_instance = update(w, first, action, node, (flags.0, own), rel, walk);
                if of_instance.then {
                    for at in (0..w[action].after.len()).rev() {
                        let after = w[action].after[at].other;
                        walk.at_once(w, after);
                    }
                }
                changed = changed.and(of_instance);
            }
            changed
        }
    }
}
