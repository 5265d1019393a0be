//! The world one plan is made for: nodes, resources, actions and constraints in arrays, and indices
//! between them.
//!
//! Nothing here decides anything. The stages (unpack, constraints, place, actions, order, emit) each
//! read and write these arrays, in that order.

pub(crate) mod action;
pub(crate) mod bundle;
pub(crate) mod constraint;
pub(crate) mod node;
pub(crate) mod resource;
pub(crate) mod table;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use cib::xml::Document;

use crate::unpack::options::Options;
pub(crate) use action::{ActFlags, ActIx, Action, Edge, Task};
pub(crate) use constraint::{Colocation, Key, Location, Order, Rel, Side, TicketConstraint};
pub(crate) use node::{NodeInfo, NodeIx, NodeKind};
pub(crate) use resource::{Flags, Kind, Requires, Resource, RscIx};
pub(crate) use table::Table;

/// A ticket's state, of `tickets` in the status section.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ticket {
    pub(crate) granted: bool,
    pub(crate) standby: bool,
}

/// Everything one plan needs.
pub(crate) struct World<'d> {
    pub(crate) doc: &'d Document,
    /// "Now", in seconds since 1970.
    pub(crate) now: i64,
    pub(crate) options: Options<'d>,
    /// Nodes in list order: by name, digits as numbers.
    pub(crate) nodes: Vec<NodeInfo<'d>>,
    pub(crate) resources: Vec<Resource<'d>>,
    /// Top-level resources in list order: priority descending, then as written; removed ones last.
    pub(crate) top: Vec<RscIx>,
    /// Actions in order of creation; an action's id is its index + 1.
    pub(crate) actions: Vec<Action<'d>>,
    pub(crate) by_name: BTreeMap<String, ActIx>,
    pub(crate) locations: Vec<Location<'d>>,
    pub(crate) colocations: Vec<Colocation<'d>>,
    pub(crate) orders: Vec<Order<'d>>,
    pub(crate) ticket_constraints: Vec<TicketConstraint<'d>>,
    pub(crate) tickets: BTreeMap<&'d str, Ticket>,
    /// The next moment (seconds since 1970) at which the same document gives another plan.
    pub(crate) recheck: Cell<Option<i64>>,
    /// Score lines in the order in which they are printed.
    pub(crate) scores: Vec<crate::report::scores::ScoreLine>,
    /// Whether the primary of a probe etc. may be created: the status alone needs no actions.
    pub(crate) quorate: bool,
    /// A fence device or watchdog is configured.
    pub(crate) has_fence_device: bool,
    /// Some fence device provides unfencing.
    pub(crate) has_unfencing: bool,
    /// What the status section says, kept for later stages.
    pub(crate) history: crate::unpack::history::Histories<'d>,
    /// Operations that failed, as they were judged: resource, node, `lrm_rsc_op`.
    pub(crate) failed: Vec<(RscIx, NodeIx, cib::xml::Node<'d>)>,
    /// Containers that must stop because of what failed inside them.
    pub(crate) stop_later: Vec<RscIx>,
    /// Resources by id and by history id.
    pub(crate) names: BTreeMap<String, RscIx>,
    /// Who writes down what changes a resource's scores; normally nobody.
    pub(crate) trace: Option<Box<crate::trace::Trace>>,
}

macro_rules! indexed {
    ($ix:ty, $field:ident, $item:ty) => {
        impl<'d> Index<$ix> for World<'d> {
            type Output = $item;
            fn index(&self, at: $ix) -> &$item {
                &self.$field[at.0 as usize]
            }
        }
        impl<'d> IndexMut<$ix> for World<'d> {
            fn index_mut(&mut self, at: $ix) -> &mut $item {
                &mut self.$field[at.0 as usize]
            }
        }
    };
}
indexed!(NodeIx, nodes, NodeInfo<'d>);
indexed!(RscIx, resources, Resource<'d>);
indexed!(ActIx, actions, Action<'d>);

impl<'d> World<'d> {
    /// A world in which nothing has been read yet.
    pub(crate) fn empty(doc: &'d Document, now: i64) -> World<'d> {
        World {
            doc,
            now,
            options: Options::read(Vec::new(), false),
            nodes: Vec::new(),
            resources: Vec::new(),
            top: Vec::new(),
            actions: Vec::new(),
            by_name: BTreeMap::new(),
            locations: Vec::new(),
            colocations: Vec::new(),
            orders: Vec::new(),
            ticket_constraints: Vec::new(),
            tickets: BTreeMap::new(),
            recheck: Cell::new(None),
            scores: Vec::new(),
            quorate: false,
            has_fence_device: false,
            has_unfencing: false,
            history: Vec::new(),
            failed: Vec::new(),
            stop_later: Vec::new(),
            names: BTreeMap::new(),
            trace: None,
        }
    }
}
