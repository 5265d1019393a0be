//! Probes: asking each node what already runs there.

use cib::value::Role;

use super::{Wanted, create};
use crate::constraints::location::discovery;
use crate::world::resource::Discovery;
use crate::world::{ActFlags, Flags, Key, NodeIx, Order, Rel, RscIx, Side, Task, World};

/// Creates all probes: nodes outside, resources inside.
pub(crate) fn create_all(w: &mut World<'_>) {
    if !w.options.startup_probes {
        return;
    }
    for node in (0..w.nodes.len() as u32).map(NodeIx) {
        let on = &w[node];
        if !on.online || on.unclean {
            continue;
        }
        if on.is_remote() && !on.discovery {
            continue;
        }
        for rsc in w.top.clone() {
            probe(w, rsc, node);
        }
    }
}

/// Probes a resource and all in it on a node; says whether anything was asked.
fn probe(w: &mut World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    if w[rsc].is_primitive() {
        return probe_primitive(w, rsc, node);
    }
    let anonymous = w[rsc].clone_kind().is_some_and(|kind| !kind.unique);
    if anonymous {
        return probe_one_instance(w, rsc, node);
    }
    let mut any = false;
    for child in w[rsc].children.clone() {
        any |= probe(w, child, node);
    }
    any
}

/// Of an anonymous clone one instance asks for all: the one known there, else the one that goes
/// there, else the first.
fn probe_one_instance(w: &mut World<'_>, clone: RscIx, node: NodeIx) -> bool {
    let exclusive = w[clone].is(Flags::EXCLUSIVE_DISCOVERY);
    if exclusive && discovery(w, clone, node) != Discovery::Exclusive {
        return false;
    }
    let children = &w[clone].children;
    let known = children.iter().copied().find(|child| instance_known(w, *child, node));
    let chosen = known
        .or_else(|| {
            let placed = |child: &RscIx| super::super::place::assigned_node(w, *child);
            children.iter().copied().find(|child| placed(child) == Some(node))
        })
        .or_else(|| children.first().copied());
    chosen.is_some_and(|child| probe(w, child, node))
}

/// Whether an instance's own state on a node is recorded.
fn instance_known(w: &World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    w[rsc].known.contains(&node)
        || w[rsc].children.iter().any(|child| w[*child].known.contains(&node))
}

fn probe_primitive(w: &mut World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    if !may_probe(w, rsc, node) {
        return false;
    }
    let wanted =
        Wanted { rsc, task: Task::Monitor, interval: 0, node: Some(node), optional: false };
    let action = create(w, wanted);
    w[action].flags.clear(ActFlags::OPTIONAL);
    if !w[rsc].active.contains(&node) {
        w[action].target_rc = Some(super::recurring::RC_NOT_RUNNING);
    } else if w[rsc].role == Role::Promoted {
        w[action].target_rc = Some(super::recurring::RC_PROMOTED);
    }
    super::fencing::order_after_unfencing(w, rsc, node, action);
    let top = crate::unpack::operations::top(w, rsc);
    let (top, blocks) =
        if w[top].is_clone() { (top, false) } else { (rsc, w[rsc].active.is_empty()) };
    let blocks = blocks && !w[action].runnable();
    let rel = if blocks { Rel::UNRUNNABLE_FIRST_BLOCKS } else { 0 };
    let mut order = |rsc: RscIx, task: Task, rel: u32| {
        let then = Side::Key(Key { rsc, task, interval: 0 });
        w.orders.push(Order { id: "", first: Side::Action(action), then, rel });
    };
    order(top, Task::Start, Rel::ORDERED | rel);
    order(rsc, Task::ReloadAgent, Rel::ORDERED);
    true
}

fn may_probe(w: &World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    let resource = &w[rsc];
    let remote = w[node].is_remote();
    if resource.is(Flags::REMOVED) {
        return false;
    }
    if remote && (resource.is(Flags::FENCE_DEVICE) || resource.is(Flags::CONNECTION)) {
        return false;
    }
    if remote && !resource.fillers.is_empty() && w[node].is_guest() {
        return false;
    }
    let container = resource.container.filter(|container| w[*container].remote_node.is_none());
    if container.is_some() && !resource.is(Flags::REPLICA) {
        return false;
    }
    if resource.known.contains(&node) {
        return false;
    }
    let top = crate::unpack::operations::top(w, rsc);
    let exclusive =
        resource.is(Flags::EXCLUSIVE_DISCOVERY) || w[top].is(Flags::EXCLUSIVE_DISCOVERY);
    let mode = discovery(w, rsc, node);
    if exclusive && (mode != Discovery::Exclusive || !resource.allowed.has(node)) {
        return false;
    }
    mode != Discovery::Never
}
