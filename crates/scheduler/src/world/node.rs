//! Nodes: cluster members, remote nodes and guests.

use std::collections::BTreeMap;

use cib::value::Score;
use cib::xml::Node;

use super::{RscIx, World};

/// A node, as an index into the world's node list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeIx(pub(crate) u32);

/// What runs the node's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NodeKind {
    /// A full member of the cluster.
    Member,
    /// Reached through a connection resource.
    Remote,
    /// Reached through a connection resource, and inside a container resource.
    Guest,
}

/// What is known of a node.
pub(crate) struct NodeInfo<'d> {
    pub(crate) id: &'d str,
    pub(crate) name: &'d str,
    pub(crate) kind: NodeKind,
    /// Where every resource starts from on this node.
    pub(crate) score: Score,
    /// Permanent attributes, overridden by transient ones; with the `#` builtins.
    pub(crate) attributes: BTreeMap<&'d str, &'d str>,
    pub(crate) utilization: Vec<(&'d str, i64)>,
    /// It is there when resources are read. A bundle's nodes come with the bundle, unless they are
    /// configured too.
    pub(crate) listed: bool,
    /// A replica's node: only for the instance in that replica.
    pub(crate) reserved: bool,
    /// The connection resource of a remote node or guest.
    pub(crate) connection: Option<RscIx>,
    /// The container of a guest.
    pub(crate) container: Option<RscIx>,
    /// Its `node_state`, if the status section has one.
    pub(crate) state: Option<Node<'d>>,
    pub(crate) online: bool,
    pub(crate) unclean: bool,
    /// Still joining.
    pub(crate) pending: bool,
    pub(crate) standby: bool,
    /// Standby because a failed operation asked for it.
    pub(crate) standby_on_fail: bool,
    pub(crate) maintenance: bool,
    /// The node is leaving.
    pub(crate) shutdown: bool,
    /// Nothing was ever heard of it.
    pub(crate) unseen: bool,
    /// It is no longer part of the cluster: its fencing may be delayed.
    pub(crate) lost: bool,
    pub(crate) is_dc: bool,
    /// A guest whose container must be restarted.
    pub(crate) reset_needed: bool,
    /// Known only by the history of a connection that is not configured any more; false once
    /// that history was read.
    pub(crate) leftover: bool,
    /// Its history was read.
    pub(crate) unpacked: bool,
    /// Recorded state of maintenance of a remote node.
    pub(crate) remote_maintenance: bool,
    /// A remote node that was fenced since its connection was lost.
    pub(crate) remote_was_fenced: bool,
    /// Resources running there.
    pub(crate) running: Vec<RscIx>,
    /// Resources assigned there so far.
    pub(crate) assigned: u32,
    /// `resource-discovery-enabled=false` on a remote node.
    pub(crate) discovery: bool,
    /// `(resource name, operation, interval in ms) -> (fail count, last failure)`.
    pub(crate) failures: BTreeMap<(&'d str, &'d str), Failures>,
}

/// Recorded failures of one operation on one node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failures {
    pub(crate) count: Option<Score>,
    pub(crate) last: i64,
}

impl NodeInfo<'_> {
    pub(crate) fn is_remote(&self) -> bool {
        self.kind != NodeKind::Member
    }

    pub(crate) fn is_guest(&self) -> bool {
        self.kind == NodeKind::Guest
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).copied()
    }
}

impl World<'_> {
    /// A node attribute as a resource sees it: with `container-attribute-target=host` a guest's
    /// attributes are those of its host, where the container is or, `planned`, where it will be.
    pub(crate) fn attribute_for(
        &self,
        rsc: RscIx,
        node: NodeIx,
        name: &str,
        planned: bool,
    ) -> Option<&str> {
        let container = self[node].container.filter(|_| self[node].is_guest());
        let of_host = self[rsc].meta("container-attribute-target") == Some("host");
        let Some(container) = container.filter(|_| of_host) else {
            return self[node].attribute(name);
        };
        self.host(container, planned).and_then(|host| self[host].attribute(name))
    }

    /// Where a container is or, `planned`, will be.
    pub(crate) fn host(&self, container: RscIx, planned: bool) -> Option<NodeIx> {
        if planned {
            self[container].assigned
        } else {
            crate::actions::primitive::current(self, container)
        }
    }
}
