//! Constraints as read from the document or made by the scheduler.

use cib::value::{Role, Score};

use super::resource::Discovery;
use super::{ActIx, NodeIx, RscIx, Task};

/// How an ordering binds its two sides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rel;

impl Rel {
    /// An order of time only.
    pub(crate) const ORDERED: u32 = 1;
    pub(crate) const FIRST_IMPLIES_THEN: u32 = 1 << 1;
    pub(crate) const THEN_IMPLIES_FIRST: u32 = 1 << 2;
    pub(crate) const PROMOTED_THEN_IMPLIES_FIRST: u32 = 1 << 3;
    pub(crate) const UNRUNNABLE_FIRST_BLOCKS: u32 = 1 << 4;
    pub(crate) const INTERMEDIATE_STOP: u32 = 1 << 5;
    pub(crate) const ASYMMETRIC: u32 = 1 << 6;
    pub(crate) const UNMIGRATABLE_THEN_BLOCKS: u32 = 1 << 7;
    pub(crate) const FIRST_ELSE_THEN: u32 = 1 << 8;
    pub(crate) const MIN_RUNNABLE: u32 = 1 << 9;
    pub(crate) const THEN_CANCELS_FIRST: u32 = 1 << 10;
    pub(crate) const FIRST_IMPLIES_THEN_GRAPHED: u32 = 1 << 11;
    pub(crate) const THEN_IMPLIES_FIRST_GRAPHED: u32 = 1 << 12;
    /// As FIRST_IMPLIES_THEN, on one node.
    pub(crate) const FIRST_IMPLIES_SAME_NODE_THEN: u32 = 1 << 13;
    /// Counts in the graph only on one node and if the first is required.
    pub(crate) const IF_REQUIRED_ON_SAME_NODE: u32 = 1 << 14;
    /// Counts only on one node.
    pub(crate) const IF_ON_SAME_NODE: u32 = 1 << 15;
    /// Both in one transition, in this order.
    pub(crate) const SERIALIZE: u32 = 1 << 16;
    pub(crate) const IF_FIRST_UNMIGRATABLE: u32 = 1 << 17;
    /// Counts in the graph only on one node, of a migration its target, and if the first is required.
    pub(crate) const IF_ON_SAME_NODE_OR_TARGET: u32 = 1 << 18;
    /// A container's start before the probe of the connection into it: nothing to wait for if the
    /// container runs already.
    pub(crate) const NESTED_REMOTE_PROBE: u32 = 1 << 19;
    /// Holds even where the later action happens inside what the earlier one starts.
    pub(crate) const GUEST_ALLOWED: u32 = 1 << 20;
}

/// A location: scores by node.
#[derive(Clone, Debug)]
pub(crate) struct Location<'d> {
    pub(crate) id: &'d str,
    pub(crate) rsc: RscIx,
    pub(crate) role: Role,
    pub(crate) discovery: Discovery,
    pub(crate) nodes: Vec<(NodeIx, Score)>,
}

/// A colocation: the dependent goes where the primary is (or not there).
#[derive(Clone, Debug)]
pub(crate) struct Colocation<'d> {
    pub(crate) id: &'d str,
    pub(crate) dependent: RscIx,
    pub(crate) primary: RscIx,
    pub(crate) dependent_role: Role,
    pub(crate) primary_role: Role,
    pub(crate) score: Score,
    /// The node attribute whose values must be equal; none for the node itself.
    pub(crate) attribute: Option<&'d str>,
    pub(crate) influence: Option<bool>,
    /// Written in the configuration, not made by a collective.
    pub(crate) explicit: bool,
}

/// The actions one side of an ordering means: those of a resource with a task and interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) rsc: RscIx,
    pub(crate) task: Task,
    pub(crate) interval: u32,
}

/// One side of an ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Key(Key),
    Action(ActIx),
}

/// An ordering, before it is applied to actions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order<'d> {
    pub(crate) id: &'d str,
    pub(crate) first: Side,
    pub(crate) then: Side,
    pub(crate) rel: u32,
}

/// What happens when a ticket is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LossPolicy {
    Stop,
    Demote,
    Fence,
    Freeze,
}

/// A resource that may be active only with a ticket.
#[derive(Clone, Debug)]
pub(crate) struct TicketConstraint<'d> {
    pub(crate) id: &'d str,
    pub(crate) ticket: &'d str,
    pub(crate) role: Role,
    pub(crate) policy: LossPolicy,
}
