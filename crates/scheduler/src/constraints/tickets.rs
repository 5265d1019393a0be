//! Tickets: resources that may be active only while the cluster holds a ticket.

use cib::value::{Role, Score};
use cib::xml::Node;

use super::names::Names;
use super::sets::{self, role};
use crate::trace::{Cause, during};
use crate::unpack::nodes::fence;
use crate::unpack::state::locate;
use crate::world::constraint::LossPolicy;
use crate::world::{Flags, RscIx, Ticket, TicketConstraint, World};

/// Reads a ticket constraint.
pub(crate) fn unpack<'d>(w: &mut World<'d>, names: &Names<'d>, xml: Node<'d>) {
    let (Some(id), Some(ticket)) = (xml.get("id"), xml.get("ticket")) else { return };
    let policy = xml.get("loss-policy");
    let listed: Vec<Node<'d>> = xml.children_named("resource_set").collect();
    for set in &listed {
        let Some(set) = sets::unpack(w, names, *set) else { return };
        for rsc in set.members {
            let role = if set.role == Role::Started { Role::Unknown } else { set.role };
            one(w, id, ticket, rsc, role, policy);
        }
    }
    if let Some(found) = xml.get("rsc").and_then(|name| names.resources(w, name)) {
        for rsc in found {
            one(w, id, ticket, rsc, role(xml.get("rsc-role")), policy);
        }
    }
}

fn one<'d>(
    w: &mut World<'d>,
    id: &'d str,
    ticket: &'d str,
    rsc: RscIx,
    role: Role,
    policy: Option<&str>,
) {
    let policy = match policy {
        Some("fence") if w.options.fencing => LossPolicy::Fence,
        Some("fence" | "stop") => LossPolicy::Stop,
        Some("freeze") => LossPolicy::Freeze,
        Some("demote") => LossPolicy::Demote,
        _ if role == Role::Promoted => LossPolicy::Demote,
        _ => LossPolicy::Stop,
    };
    let at = w.ticket_constraints.len() as u32;
    w.ticket_constraints.push(TicketConstraint { id, ticket, role, policy });
    w[rsc].tickets.push(at);
    let state = state(w, ticket);
    if !state.granted || state.standby {
        lost(w, rsc, at);
    }
}

fn state(w: &World<'_>, ticket: &str) -> Ticket {
    w.tickets.get(ticket).copied().unwrap_or_default()
}

/// A ticket a constraint needs is not there.
fn lost(w: &mut World<'_>, rsc: RscIx, at: u32) {
    if !w[rsc].children.is_empty() {
        for child in w[rsc].children.clone() {
            lost(w, child, at);
        }
        return;
    }
    let constraint = w.ticket_constraints[at as usize].clone();
    let granted = state(w, constraint.ticket).granted;
    let ban = |w: &mut World<'_>| {
        during(w, Cause::Ticket(at), |w| locate(w, rsc, None, Score::NEG_INF));
    };
    let role_matches = constraint.role == Role::Unknown || constraint.role == w[rsc].role;
    if !w[rsc].active.is_empty() && !granted {
        match constraint.policy {
            LossPolicy::Stop => ban(w),
            LossPolicy::Demote => {
                if constraint.role != Role::Promoted {
                    ban(w);
                }
            }
            LossPolicy::Fence => {
                if !role_matches {
                    return;
                }
                ban(w);
                for node in w[rsc].active.clone() {
                    fence(w, node, "deadman ticket was lost");
                }
            }
            LossPolicy::Freeze => {
                if !role_matches {
                    return;
                }
                w[rsc].flags.clear(Flags::MANAGED);
                w[rsc].flags.set(Flags::BLOCKED);
            }
        }
    } else if !granted {
        if constraint.role != Role::Promoted || constraint.policy == LossPolicy::Stop {
            ban(w);
        }
    } else if state(w, constraint.ticket).standby
        && (constraint.role != Role::Promoted || constraint.policy == LossPolicy::Stop)
    {
        ban(w);
    }
}
