//! Interleaved clones: orderings hold between instances on the same node only.

use super::collective;
use super::relations::Changed;
use super::update::Walk;
use crate::actions::{edge, newest};
use crate::place::{assigned_node, choose, primitive};
use crate::world::{ActIx, NodeIx, Rel, RscIx, Task, World};

/// Whether an edge is between instances instead of between whole clones.
pub(crate) fn applies(w: &World<'_>, first: ActIx, then: ActIx) -> bool {
    let (Some(one), Some(other)) = (w[first].rsc, w[then].rsc) else { return false };
    if one == other || !w[one].has_instances() || !w[other].has_instances() {
        return false;
    }
    let down = w[first].is_down();
    let decides = if down { one } else { other };
    let wanted = w[decides].meta("interleave").and_then(cib::value::boolean);
    wanted.unwrap_or(false)
}

/// Applies an edge to pairs of instances.
pub(crate) fn update(
    w: &mut World<'_>,
    first: ActIx,
    then: ActIx,
    node: Option<NodeIx>,
    rel: u32,
    walk: &mut Walk,
) -> Changed {
    let mut changed = Changed::default();
    let (Some(one), Some(other)) = (w[first].rsc, w[then].rsc) else { return changed };
    let current = w[first].is_down();
    let then_task = w[then].task;
    for instance in w.instances(other) {
        let Some(partner) = partner(w, instance, one, current) else {
            let must = rel & (Rel::UNRUNNABLE_FIRST_BLOCKS | Rel::FIRST_IMPLIES_THEN) != 0;
            if !current && must {
                changed.then |= loses_node(w, instance);
            }
            continue;
        };
        let first_task = w[first].of_member(w[partner].is_primitive());
        let (Some(of_partner), Some(of_instance)) = (
            instance_action(w, partner, first_task, node, true),
            instance_action(w, instance, then_task, node, false),
        ) else {
            continue;
        };
        let known = w[of_partner].after.len();
        edge(w, of_partner, of_instance, rel);
        if w[of_partner].after.len() > known {
            changed.first = true;
            changed.then = true;
        }
        let flags = (collective::flags(w, of_partner, node), w[of_instance].flags);
        let pair = collective::update(w, of_partner, of_instance, node, flags, rel, walk);
        changed = changed.and(pair);
        if pair.then {
            walk.later.extend(w[of_instance].after.iter().map(|edge| edge.other));
        }
    }
    changed
}

/// The action of an instance. Of a container it is often what is inside that counts: a start
/// inside is what others wait for, while what waits is the container; roles are always of what is
/// inside.
fn instance_action(
    w: &World<'_>,
    instance: RscIx,
    task: Task,
    node: Option<NodeIx>,
    first: bool,
) -> Option<ActIx> {
    let role = matches!(task, Task::Promote | Task::Promoted | Task::Demote | Task::Demoted);
    let stop = matches!(task, Task::Stop | Task::Stopped);
    let inside = w.inside_container(instance).filter(|_| if first { !stop } else { role });
    match inside {
        Some(inside) => newest(w, inside, task, None),
        None => newest(w, instance, task, node.filter(|_| !first)),
    }
}

/// An instance without a partner has no node; says whether that is new.
fn loses_node(w: &mut World<'_>, instance: RscIx) -> bool {
    if !w[instance].is_primitive() {
        let mut any = false;
        for child in w[instance].children.clone() {
            any |= loses_node(w, child);
        }
        return any;
    }
    let had = w[instance].assigned.is_some();
    primitive::commit(w, instance, None, true, true);
    had
}

/// The instance of another clone that is where an instance is, or could be.
pub(crate) fn partner(
    w: &World<'_>,
    instance: RscIx,
    clone: RscIx,
    current: bool,
) -> Option<RscIx> {
    if let Some(node) = place(w, instance, current) {
        return on_node(w, clone, node, current);
    }
    let nodes = choose::sorted(w, &w[instance].allowed, None);
    nodes.into_iter().find_map(|node| on_node(w, clone, node, current))
}

/// The instance that is on a node.
pub(crate) fn on_node(w: &World<'_>, clone: RscIx, node: NodeIx, current: bool) -> Option<RscIx> {
    w.instances(clone).into_iter().find(|child| place(w, *child, current) == Some(node))
}

/// Where something is now, or will be.
pub(crate) fn place(w: &World<'_>, rsc: RscIx, current: bool) -> Option<NodeIx> {
    if !current {
        return assigned_node(w, rsc);
    }
    if w[rsc].is_primitive() {
        return w[rsc].single_active();
    }
    w[rsc].children.iter().find_map(|child| place(w, *child, current))
}
