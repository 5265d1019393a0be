//! Resources: primitives and the collectives around them.

use std::rc::Rc;

use cib::value::{Role, Score};
use cib::xml::Node;

use super::{ActIx, NodeIx, Table};

/// A resource, as an index into the world's resource array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RscIx(pub(crate) u32);

/// What a resource is, with what only that kind has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Primitive,
    Group(GroupKind),
    Clone(Box<CloneKind>),
    Bundle(Box<BundleKind>),
}

/// A group's own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupKind {
    pub(crate) ordered: bool,
    pub(crate) colocated: bool,
}

/// A clone's own settings.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct CloneKind {
    pub(crate) max: i32,
    pub(crate) node_max: i32,
    pub(crate) min: i32,
    pub(crate) promoted_max: i32,
    pub(crate) promoted_node_max: i32,
    pub(crate) promotable: bool,
    pub(crate) unique: bool,
    pub(crate) interleave: bool,
    pub(crate) ordered: bool,
    /// How many instances there are by number (also those found beyond the maximum).
    pub(crate) total: i32,
}

/// A bundle's replicas.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct BundleKind {
    pub(crate) image: String,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) per_host: i32,
    /// The clone around the bundled primitive.
    pub(crate) child: Option<RscIx>,
}

/// One replica of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) ip: Option<RscIx>,
    pub(crate) container: RscIx,
    pub(crate) remote: Option<RscIx>,
    /// The instance of the bundled primitive.
    pub(crate) child: Option<RscIx>,
    /// The node the replica is.
    pub(crate) node: Option<NodeIx>,
}

/// What a resource needs before it may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Requires {
    Nothing,
    Quorum,
    Fencing,
    Unfencing,
}

/// What happens to a resource found active on several nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MultipleActive {
    StopStart,
    StopOnly,
    Block,
    StopUnexpected,
}

/// How widely a resource's state is asked on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Discovery {
    Always,
    Never,
    Exclusive,
}

/// A set of yes/no facts of a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u32);

impl Flags {
    pub(crate) const MANAGED: u32 = 1;
    pub(crate) const BLOCKED: u32 = 1 << 1;
    pub(crate) const FAILED: u32 = 1 << 2;
    pub(crate) const UNASSIGNED: u32 = 1 << 3;
    pub(crate) const ASSIGNING: u32 = 1 << 4;
    /// Active or known, but not configured any more.
    pub(crate) const REMOVED: u32 = 1 << 5;
    pub(crate) const UNIQUE: u32 = 1 << 6;
    pub(crate) const NOTIFY: u32 = 1 << 7;
    pub(crate) const START_PENDING: u32 = 1 << 8;
    pub(crate) const STOP_IF_FAILED: u32 = 1 << 9;
    pub(crate) const MAINTENANCE: u32 = 1 << 10;
    pub(crate) const CRITICAL: u32 = 1 << 11;
    pub(crate) const RELOAD: u32 = 1 << 12;
    pub(crate) const MIGRATABLE: u32 = 1 << 13;
    pub(crate) const FENCE_DEVICE: u32 = 1 << 14;
    /// A remote node's connection.
    pub(crate) const CONNECTION: u32 = 1 << 15;
    /// Written by the scheduler itself: part of a bundle, a guest's connection.
    pub(crate) const IMPLICIT: u32 = 1 << 16;
    /// A failure whose `on-fail` says ignore.
    pub(crate) const FAILURE_IGNORED: u32 = 1 << 17;
    /// Only stop what is unexpected.
    pub(crate) const STOP_UNEXPECTED: u32 = 1 << 19;
    pub(crate) const EXCLUSIVE_DISCOVERY: u32 = 1 << 20;
    pub(crate) const REPLICA: u32 = 1 << 21;
    pub(crate) const ALLOW_UNHEALTHY: u32 = 1 << 22;
    pub(crate) const RESTARTING: u32 = 1 << 24;
    /// A promotable clone whose instances are sorted for promotion (or have been).
    pub(crate) const PROMOTION_SORTED: u32 = 1 << 26;
    /// A colocated resource in a walk over colocations.
    pub(crate) const VISITED: u32 = 1 << 25;

    pub(crate) fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    pub(crate) fn set(&mut self, flag: u32) {
        self.0 |= flag;
    }

    pub(crate) fn clear(&mut self, flag: u32) {
        self.0 &= !flag;
    }

    pub(crate) fn put(&mut self, flag: u32, on: bool) {
        if on {
            self.set(flag);
        } else {
            self.clear(flag);
        }
    }
}

/// A configured operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpConfig<'d> {
    pub(crate) xml: Node<'d>,
    pub(crate) name: &'d str,
    /// Milliseconds; 0 for an operation that does not recur.
    pub(crate) interval: u32,
    pub(crate) role: Role,
    pub(crate) enabled: bool,
    /// Another one has the same name and interval: neither is scheduled.
    pub(crate) duplicate: bool,
}

/// Names and values, sorted by name.
pub(crate) type Values<'d> = Rc<Vec<(&'d str, &'d str)>>;

/// What is known of a resource.
pub(crate) struct Resource<'d> {
    /// The id, with `:N` for an instance of a clone.
    pub(crate) id: String,
    /// The id without `:N`.
    pub(crate) base: &'d str,
    /// The name in the operation history where it differs from the id.
    pub(crate) history_id: Option<&'d str>,
    pub(crate) xml: Node<'d>,
    pub(crate) kind: Kind,
    pub(crate) class: &'d str,
    pub(crate) provider: Option<&'d str>,
    pub(crate) agent: &'d str,
    pub(crate) parent: Option<RscIx>,
    pub(crate) children: Vec<RscIx>,
    /// The instance number inside a clone.
    pub(crate) number: i32,
    pub(crate) flags: Flags,
    pub(crate) meta: Values<'d>,
    pub(crate) priority: Score,
    /// How much an instance should be promoted; the priority where nothing is known of that.
    pub(crate) promotion: Score,
    pub(crate) stickiness: Score,
    pub(crate) target_role: Role,
    /// Why the next role was lowered.
    pub(crate) role_reason: Option<&'static str>,
    pub(crate) migration_threshold: Score,
    /// Seconds; 0 = never.
    pub(crate) failure_timeout: i64,
    pub(crate) multiple_active: MultipleActive,
    pub(crate) requires: Requires,
    pub(crate) ops: Rc<Vec<OpConfig<'d>>>,
    /// The resource whose inside this one is.
    pub(crate) container: Option<RscIx>,
    /// Resources inside this one.
    pub(crate) fillers: Vec<RscIx>,
    /// The remote node this is the connection of.
    pub(crate) remote_node: Option<NodeIx>,
    pub(crate) role: Role,
    pub(crate) next_role: Role,
    /// The promotion priority that is compared; the resource's priority elsewhere.
    pub(crate) sort_index: Score,
    pub(crate) active: Vec<NodeIx>,
    /// Nodes where its state is known.
    pub(crate) known: Vec<NodeIx>,
    /// Nodes where leftovers of a migration must be stopped.
    pub(crate) dangling: Vec<NodeIx>,
    pub(crate) partial_source: Option<NodeIx>,
    pub(crate) partial_target: Option<NodeIx>,
    /// The first pending operation that is not a probe: its name and node.
    pub(crate) pending: Option<(&'d str, NodeIx)>,
    pub(crate) pending_monitor: bool,
    pub(crate) lock_node: Option<NodeIx>,
    /// When the lock was taken, seconds since 1970.
    pub(crate) lock_time: i64,
    pub(crate) allowed: Table,
    pub(crate) discovery: Vec<(NodeIx, Discovery)>,
    pub(crate) assigned: Option<NodeIx>,
    /// Instances assigned to each node (of clones and bundles).
    pub(crate) counts: Vec<i32>,
    /// Indices of colocations in which this is the dependent, in the order they are applied.
    pub(crate) this_with: Vec<u32>,
    /// Indices of colocations in which this is the primary.
    pub(crate) with_this: Vec<u32>,
    pub(crate) locations: Vec<u32>,
    pub(crate) tickets: Vec<u32>,
    pub(crate) actions: Vec<ActIx>,
    pub(crate) utilization: Vec<(&'d str, i64)>,
}

impl Resource<'_> {
    pub(crate) fn is(&self, flag: u32) -> bool {
        self.flags.has(flag)
    }

    pub(crate) fn meta(&self, name: &str) -> Option<&str> {
        let at = self.meta.binary_search_by(|(have, _)| (*have).cmp(name)).ok()?;
        self.meta.get(at).map(|(_, value)| *value)
    }

    pub(crate) fn is_primitive(&self) -> bool {
        self.kind == Kind::Primitive
    }

    pub(crate) fn is_group(&self) -> bool {
        matches!(self.kind, Kind::Group(_))
    }

    pub(crate) fn is_clone(&self) -> bool {
        matches!(self.kind, Kind::Clone(_))
    }

    pub(crate) fn is_bundle(&self) -> bool {
        matches!(self.kind, Kind::Bundle(_))
    }

    /// Clones and bundles have instances.
    pub(crate) fn has_instances(&self) -> bool {
        self.is_clone() || self.is_bundle()
    }

    pub(crate) fn clone_kind(&self) -> Option<&CloneKind> {
        match &self.kind {
            Kind::Clone(kind) => Some(kind),
            _ => None,
        }
    }

    pub(crate) fn is_promotable(&self) -> bool {
        self.clone_kind().is_some_and(|kind| kind.promotable)
    }

    /// The name the operation history has.
    pub(crate) fn history_name(&self) -> &str {
        self.history_id.unwrap_or(&self.id)
    }

    pub(crate) fn single_active(&self) -> Option<NodeIx> {
        match self.active[..] {
            [node] => Some(node),
            _ => None,
        }
    }
}
