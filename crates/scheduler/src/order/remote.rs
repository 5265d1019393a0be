//! Actions on remote nodes and guests wait for the connection, and end before it does.

use cib::value::Role;

use crate::actions::of_task;
use crate::constraints::ordering::key;
use crate::unpack::nodes::fence;
use crate::world::{ActIx, Flags, NodeIx, Order, Rel, RscIx, Side, Task, World};

/// How a remote node's connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    /// Lost, and there is no other way to the node than fencing it.
    Failed,
    Stopped,
    /// Not running yet.
    Unknown,
    /// On the way from one host to another.
    Resting,
    Alive,
}

fn state(w: &World<'_>, node: NodeIx) -> Connection {
    let Some(connection) = w[node].connection else { return Connection::Unknown };
    let rsc = &w[connection];
    let host = crate::actions::primitive::current(w, connection);
    if rsc.next_role == Role::Stopped || rsc.assigned.is_none() {
        if host.is_some_and(|host| w[host].unclean) {
            return Connection::Failed;
        }
        if !rsc.is(Flags::FAILED) {
            return Connection::Stopped;
        }
        let again = rsc.next_role == Role::Stopped
            && crate::unpack::operations::reconnects(w, connection)
            && w[node].remote_was_fenced;
        return if again { Connection::Unknown } else { Connection::Failed };
    }
    match host {
        None => Connection::Unknown,
        Some(host) if w[host].unclean || !w[host].online => Connection::Resting,
        Some(_) if rsc.active.len() > 1 && rsc.partial_source.is_some() => Connection::Resting,
        Some(_) => Connection::Alive,
    }
}

/// Fences remote nodes that cannot be reached any more.
pub(crate) fn fence_unreachable(w: &mut World<'_>) {
    for node in (0..w.nodes.len() as u32).map(NodeIx) {
        let remote = w[node].is_remote() && !w[node].is_guest() && !w[node].online;
        if remote && w[node].connection.is_some() && state(w, node) == Connection::Failed {
            fence(w, node, "the connection is unrecoverable");
        }
    }
}

/// Orders all actions on remote nodes and guests around the connections.
pub(crate) fn order(w: &mut World<'_>) {
    if w.nodes.iter().all(|node| !node.is_remote()) {
        return;
    }
    for at in (0..w.actions.len() as u32).rev().map(ActIx) {
        let (Some(rsc), Some(node)) = (w[at].rsc, w[at].node) else { continue };
        if w[rsc].is(Flags::CONNECTION) && w[at].task == Task::ClearFailcount {
            let then = Side::Key(key(rsc, Task::Start));
            push(w, Side::Action(at), then, Rel::ORDERED);
            continue;
        }
        if w[at].pseudo() || !w[node].is_remote() {
            continue;
        }
        let Some(connection) = w[node].connection.filter(|connection| *connection != rsc) else {
            continue;
        };
        if w[at].task == Task::Start {
            stops_elsewhere(w, rsc, node, connection);
        }
        if w[node].is_guest() {
            on_guest(w, at, node, connection);
        } else {
            on_remote(w, at, node, connection);
        }
    }
}

fn push(w: &mut World<'_>, first: Side, then: Side, rel: u32) {
    w.orders.push(Order { id: "", first, then, rel: rel | Rel::GUEST_ALLOWED });
}

/// What moves to a remote node stops elsewhere once the connection is up.
fn stops_elsewhere(w: &mut World<'_>, rsc: RscIx, node: NodeIx, connection: RscIx) {
    for stop in of_task(w, rsc, Task::Stop, None) {
        if w[stop].node != Some(node) {
            let first = Side::Key(key(connection, Task::Start));
            push(w, first, Side::Action(stop), Rel::ORDERED);
        }
    }
}

fn after_start(w: &mut World<'_>, of: RscIx, action: ActIx, more: u32) {
    let rel = Rel::ORDERED | Rel::UNRUNNABLE_FIRST_BLOCKS | more;
    push(w, Side::Key(key(of, Task::Start)), Side::Action(action), rel);
}

fn before_stop(w: &mut World<'_>, action: ActIx, of: RscIx, more: u32) {
    push(w, Side::Action(action), Side::Key(key(of, Task::Stop)), Rel::ORDERED | more);
}

fn on_remote(w: &mut World<'_>, at: ActIx, node: NodeIx, connection: RscIx) {
    let state = state(w, node);
    match w[at].task {
        Task::Start | Task::Promote => {
            let failed = state == Connection::Failed;
            after_start(w, connection, at, if failed { Rel::FIRST_IMPLIES_THEN } else { 0 });
        }
        Task::Stop | Task::MigrateTo | Task::MigrateFrom => match state {
            Connection::Alive => before_stop(w, at, connection, Rel::THEN_IMPLIES_FIRST),
            Connection::Failed => {
                fence(w, node, "resources are active but connection is unrecoverable");
            }
            _ if w[connection].next_role == Role::Stopped => before_stop(w, at, connection, 0),
            _ => after_start(w, connection, at, 0),
        },
        Task::Demote => {
            if matches!(state, Connection::Resting | Connection::Unknown) {
                after_start(w, connection, at, 0);
            }
        }
        _ if w[at].interval > 0 => after_start(w, connection, at, Rel::FIRST_IMPLIES_THEN),
        _ => {
            if w[at].task == Task::Monitor && state == Connection::Failed {
                let reason = "resources are in unknown state and connection is unrecoverable";
                fence(w, node, reason);
            }
            if state == Connection::Stopped && !w[connection].active.is_empty() {
                before_stop(w, at, connection, Rel::UNRUNNABLE_FIRST_BLOCKS);
            } else {
                after_start(w, connection, at, 0);
            }
        }
    }
}

fn on_guest(w: &mut World<'_>, at: ActIx, node: NodeIx, connection: RscIx) {
    let Some(container) = w[connection].container else { return };
    let failed = w[container].is(Flags::FAILED);
    if failed {
        fence(w, node, "container failed");
    }
    match w[at].task {
        Task::Start | Task::Promote => {
            after_start(w, container, at, Rel::FIRST_IMPLIES_THEN);
            after_start(w, connection, at, 0);
        }
        Task::Stop | Task::Demote => {
            if !failed {
                before_stop(w, at, connection, 0);
            }
        }
        Task::Cancel => {}
        _ if w[at].interval > 0 => after_start(w, connection, at, Rel::FIRST_IMPLIES_THEN),
        _ => after_start(w, connection, at, 0),
    }
}
