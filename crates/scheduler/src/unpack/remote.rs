//! Remote nodes and guests: online when their connection is.

use cib::value::{self, Role};

use crate::unpack::nodes::fence;
use crate::world::{Flags, NodeIx, RscIx, World};

/// Ends the connections of remote nodes that leave, and draws the state of each remote node whose
/// history was not read from its connection's.
pub(crate) fn settle(w: &mut World<'_>) {
    for at in 0..w.nodes.len() {
        let node = NodeIx(at as u32);
        if !w[node].is_remote() {
            continue;
        }
        if let Some(connection) = w[node].connection.filter(|_| w[node].shutdown) {
            w[connection].next_role = Role::Stopped;
        }
        if !w[node].unpacked {
            update(w, node);
        }
    }
}

/// Draws one remote node's state from its connection's.
pub(crate) fn update(w: &mut World<'_>, node: NodeIx) {
    let Some(connection) = w[node].connection else { return };
    let container = w[connection].container;
    w[node].container = container;
    let host = w[connection].single_active().filter(|_| container.is_some());
    if w[connection].role >= Role::Started && w[connection].next_role != Role::Stopped {
        w[node].online = true;
    }
    if w[connection].role >= Role::Started && w[connection].next_role == Role::Stopped {
        w[node].shutdown = true;
        w[node].online = true;
    }
    if container.is_some_and(|rsc| w[rsc].is(Flags::FAILED)) {
        w[node].online = false;
        w[node].reset_needed = true;
    } else if w[connection].is(Flags::FAILED) {
        w[node].online = false;
    } else if w[connection].role == Role::Stopped
        || container.is_some_and(|rsc| w[rsc].role == Role::Stopped)
    {
        w[node].online = false;
        w[node].reset_needed = false;
    } else if host.is_some_and(|host| !w[host].online && w[host].unclean) {
        w[node].online = false;
        w[node].reset_needed = true;
    }
    let unmanaged = !w[connection].is(Flags::MANAGED) && !w[node].is_guest();
    w[node].maintenance |= unmanaged && w[connection].role >= Role::Started;
    let yes = |name: &str| w[node].attribute(name).and_then(value::boolean).unwrap_or(false);
    let (standby, maintenance) = (yes("standby"), yes("maintenance"));
    w[node].standby |= standby;
    w[node].maintenance |= maintenance;
    let leaves = w[node].attribute("shutdown").is_some_and(|text| text != "0");
    w[node].shutdown |= leaves;
}

/// A connection that failed in a way that only fencing mends.
pub(crate) fn reset(w: &mut World<'_>, rsc: RscIx, node: NodeIx, active: bool) {
    w[rsc].flags.set(Flags::FAILED);
    w[rsc].flags.set(Flags::STOP_IF_FAILED);
    if w.options.fencing {
        let remote = w[rsc]
            .remote_node
            .filter(|remote| !w[*remote].is_guest() && !w[*remote].remote_was_fenced);
        if let Some(remote) = remote {
            fence(w, remote, "remote connection is unrecoverable");
        }
    }
    if active {
        super::operations::stop(w, rsc, node);
    }
    if super::operations::reconnects(w, rsc) {
        w[rsc].next_role = Role::Stopped;
    }
}
