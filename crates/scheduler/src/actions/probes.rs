//! Probes: asking each node what already runs there.

use cib::value::Role;

use super::{Wanted, create, newest_of_key};
use crate::constraints::location::discovery;
use crate::world::resource::{BundleKind, Discovery};
use crate::world::{ActFlags, Flags, Key, Kind, NodeIx, Order, Rel, RscIx, Side, Task, World};

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
    if let Kind::Bundle(bundle) = w[rsc].kind.clone() {
        return probe_bundle(w, &bundle, node);
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
        // Notifications do not name it as available either.
        w[clone].allowed.remove(node);
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

/// A bundle's parts are probed one by one; what is inside a container only on the replica's node.
fn probe_bundle(w: &mut World<'_>, bundle: &BundleKind, node: NodeIx) -> bool {
    let mut any = false;
    for replica in &bundle.replicas {
        if let Some(ip) = replica.ip {
            any |= probe_primitive(w, ip, node);
        }
        if let Some(child) = replica.child.filter(|_| replica.node == Some(node)) {
            any |= probe_primitive(w, child, node);
        }
        if probe_primitive(w, replica.container, node) {
            any = true;
            order_container_probe(w, bundle, replica.container);
        }
        if let Some(remote) = replica.remote
            && probe_primitive(w, remote, node)
        {
            any = true;
            order_connection_probe(w, replica.container, remote, node);
        }
    }
    any
}

/// With one replica for each host no other container starts on a node before it is known that
/// this one does not run there.
fn order_container_probe(w: &mut World<'_>, bundle: &BundleKind, container: RscIx) {
    if bundle.per_host > 1 {
        return;
    }
    let probe = Key { rsc: container, task: Task::Monitor, interval: 0 };
    let rel = Rel::ORDERED | Rel::IF_ON_SAME_NODE;
    let others = bundle.replicas.iter().map(|other| other.container);
    for other in others.filter(|other| *other != container) {
        let then = Side::Key(Key { rsc: other, task: Task::Start, interval: 0 });
        w.orders.push(Order { id: "", first: Side::Key(probe), then, rel });
    }
}

/// A connection is not probed before it is known where its container runs.
fn order_connection_probe(w: &mut World<'_>, container: RscIx, remote: RscIx, node: NodeIx) {
    let probe = Key { rsc: remote, task: Task::Monitor, interval: 0 };
    let Some(probe) = newest_of_key(w, probe, Some(node)) else { return };
    let first = Side::Key(Key { rsc: container, task: Task::Start, interval: 0 });
    let rel = Rel::NESTED_REMOTE_PROBE;
    w.orders.push(Order { id: "", first, then: Side::Action(probe), rel });
}

/// Whether an instance's own state on a node is recorded.
fn instance_known(w: &World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    w[rsc].known.contains(&node)
        || w[rsc].children.iter().any(|child| w[*child].known.contains(&node))
}

fn probe_primitive(w: &mut World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    if !may_probe(w, rsc, node) || guest_is_down(w, rsc, node) {
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
    super::fencing::order_after_unfencing(w, rsc, node, action, Rel::ORDERED);
    let top = crate::unpack::operations::top(w, rsc);
    let blocks = w[rsc].active.is_empty() && !w[action].runnable();
    let top = if w[top].is_clone() { top } else { rsc };
    let rel = if blocks { Rel::UNRUNNABLE_FIRST_BLOCKS } else { 0 };
    let mut order = |rsc: RscIx, task: Task, rel: u32| {
        let then = Side::Key(Key { rsc, task, interval: 0 });
        w.orders.push(Order { id: "", first: Side::Action(action), then, rel });
    };
    order(top, Task::Start, Rel::ORDERED | rel);
    order(rsc, Task::ReloadAgent, Rel::ORDERED);
    true
}

/// Nothing runs in a guest that is stopped, so nothing there is probed; but what would start there
/// waits until the guest's own state is known. In a guest that will stop nothing is probed either:
/// what starts there waits for the stop.
fn guest_is_down(w: &mut World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    let Some(container) = w[node].container.filter(|_| w[node].is_guest()) else { return false };
    let task = if w[container].role <= Role::Stopped {
        let known = w[container].assigned.is_none_or(|host| w[container].known.contains(&host));
        if known {
            return true;
        }
        Task::Monitor
    } else if guest_will_stop(w, container) {
        Task::Stop
    } else {
        return false;
    };
    let top = crate::unpack::operations::top(w, rsc);
    let first = Side::Key(Key { rsc: container, task, interval: 0 });
    let then = Side::Key(Key { rsc: top, task: Task::Start, interval: 0 });
    w.orders.push(Order { id: "", first, then, rel: Rel::ORDERED });
    true
}

/// Whether a guest that is up will not stay where it is.
fn guest_will_stop(w: &World<'_>, container: RscIx) -> bool {
    let host = w[container].assigned;
    let moves = w[container].role > Role::Stopped
        && host.is_some_and(|host| !w[container].active.contains(&host));
    moves || w[container].is(Flags::FAILED) || w[container].next_role == Role::Stopped
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
    if resource.container.is_some() && !resource.is(Flags::CONNECTION) {
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
