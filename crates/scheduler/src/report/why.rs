//! Why a resource is where it is: what is configured about it, in the order in which it acts.

use cib::value::Score;
use cib::xml::Document;

use crate::constraints::lists;
use crate::place::bans;
use crate::unpack;
use crate::world::{NodeIx, RscIx, Side, World};

/// One thing that says where a resource should be, or when it may act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A location.
    Location {
        /// The constraint's id.
        id: String,
        /// The node it is about.
        node: String,
        /// What it gives the node.
        score: Score,
    },
    /// The resource would rather stay where it runs.
    Stickiness {
        /// Where it runs.
        node: String,
        /// How much it would rather stay.
        score: Score,
    },
    /// The resource failed too often on a node.
    FailedTooOften {
        /// The node.
        node: String,
    },
    /// A colocation.
    Colocation {
        /// The constraint's id, or what made it.
        id: String,
        /// The other resource.
        with: String,
        /// True if this resource follows the other, false if the other follows this one.
        follows: bool,
        /// How much.
        score: Score,
    },
    /// A ticket that must be held.
    Ticket {
        /// The constraint's id.
        id: String,
        /// The ticket.
        ticket: String,
        /// Whether the cluster has it.
        granted: bool,
    },
    /// An ordering.
    Ordering {
        /// The constraint's id.
        id: String,
        /// The other resource.
        with: String,
        /// True if the other acts first.
        after: bool,
    },
}

/// All that is said about a resource, in the order in which it acts; none if there is no such
/// resource.
pub fn reasons(cib: &Document, now: i64, resource: &str) -> Option<Vec<Reason>> {
    let doc = crate::plan::prepared(cib);
    let mut w = unpack::world(&doc, now);
    crate::constraints::unpack(&mut w);
    crate::constraints::health::apply(&mut w);
    crate::order::internal::create_all(&mut w);
    let rsc = *w.names.get(resource)?;
    let mut found = Vec::new();
    locations(&w, rsc, &mut found);
    for node in (0..w.nodes.len() as u32).map(NodeIx) {
        if bans::threshold_reached(&w, rsc, node).is_some() {
            found.push(Reason::FailedTooOften { node: w[node].name.to_owned() });
        }
    }
    relations(&w, rsc, &mut found);
    Some(found)
}

fn locations(w: &World<'_>, rsc: RscIx, found: &mut Vec<Reason>) {
    for at in w[rsc].locations.iter().rev() {
        let location = &w.locations[*at as usize];
        found.extend(location.nodes.iter().map(|(node, score)| Reason::Location {
            id: location.id.to_owned(),
            node: w[*node].name.to_owned(),
            score: *score,
        }));
    }
    if let Some(node) = w[rsc].single_active().filter(|_| w[rsc].stickiness > Score::ZERO) {
        let node = w[node].name.to_owned();
        found.push(Reason::Stickiness { node, score: w[rsc].stickiness });
    }
}

fn relations(w: &World<'_>, rsc: RscIx, found: &mut Vec<Reason>) {
    let with = lists::this_with(w, rsc).into_iter().map(|at| (at, true));
    let by = lists::with_this(w, rsc).into_iter().map(|at| (at, false));
    for (at, follows) in with.chain(by) {
        let colocation = &w.colocations[at as usize];
        let other = if follows { colocation.primary } else { colocation.dependent };
        found.push(Reason::Colocation {
            id: colocation.id.to_owned(),
            with: w[other].id.clone(),
            follows,
            score: colocation.score,
        });
    }
    for at in &w[rsc].tickets {
        let constraint = &w.ticket_constraints[*at as usize];
        let ticket = w.tickets.get(constraint.ticket).copied().unwrap_or_default();
        found.push(Reason::Ticket {
            id: constraint.id.to_owned(),
            ticket: constraint.ticket.to_owned(),
            granted: ticket.granted,
        });
    }
    for order in w.orders.iter().filter(|order| !order.id.is_empty()) {
        let (Side::Key(first), Side::Key(then)) = (order.first, order.then) else { continue };
        let other = match (first.rsc == rsc, then.rsc == rsc) {
            (true, false) => (then.rsc, false),
            (false, true) => (first.rsc, true),
            _ => continue,
        };
        found.push(Reason::Ordering {
            id: order.id.to_owned(),
            with: w[other.0].id.clone(),
            after: other.1,
        });
    }
}
