//! Placement: which node each resource gets.

pub(crate) mod bans;
pub(crate) mod bundles;
pub(crate) mod choose;
pub(crate) mod clones;
pub(crate) mod colocate;
pub(crate) mod dependents;
pub(crate) mod instances;
pub(crate) mod primitive;
pub(crate) mod promote;
pub(crate) mod utilization;

use cib::value::Role;

use crate::report::scores;
use crate::unpack::options::Placement;
use crate::world::{Flags, Kind, NodeIx, RscIx, World};

/// Assigns all resources: remote nodes' connections first, then in list order.
pub(crate) fn assign_all(w: &mut World<'_>) {
    if w.options.placement != Placement::Default {
        utilization::sort_resources(w);
    }
    for rsc in w.top.clone() {
        if w[rsc].is(Flags::CONNECTION) {
            let prefer = w[rsc].partial_target;
            assign(w, rsc, prefer, true);
        }
    }
    for rsc in w.top.clone() {
        if !w[rsc].is(Flags::CONNECTION) {
            assign(w, rsc, None, true);
        }
    }
}

/// Assigns one resource and all in it. With `stop_if_fail` a resource that gets no node will stop.
pub(crate) fn assign(
    w: &mut World<'_>,
    rsc: RscIx,
    prefer: Option<NodeIx>,
    stop_if_fail: bool,
) -> Option<NodeIx> {
    match w[rsc].kind {
        Kind::Primitive => primitive::assign(w, rsc, prefer, stop_if_fail),
        Kind::Group(_) => assign_group(w, rsc, prefer, stop_if_fail),
        Kind::Clone(_) => {
            clones::assign(w, rsc, stop_if_fail);
            None
        }
        Kind::Bundle(_) => {
            bundles::assign(w, rsc, stop_if_fail);
            None
        }
    }
}

fn assign_group(
    w: &mut World<'_>,
    rsc: RscIx,
    prefer: Option<NodeIx>,
    stop_if_fail: bool,
) -> Option<NodeIx> {
    if !w[rsc].is(Flags::UNASSIGNED) {
        return w[rsc].assigned;
    }
    if w[rsc].is(Flags::ASSIGNING) {
        return None;
    }
    let Some(first) = w[rsc].children.first().copied() else {
        w[rsc].flags.clear(Flags::UNASSIGNED);
        return None;
    };
    w[rsc].flags.set(Flags::ASSIGNING);
    scores::print(w, rsc, "pcmk__group_assign");
    let mut node = None;
    for member in w[rsc].children.clone() {
        let got = assign(w, member, prefer, stop_if_fail);
        node = node.or(got);
    }
    w[rsc].next_role = w[first].next_role;
    w[rsc].flags.clear(Flags::ASSIGNING);
    w[rsc].flags.clear(Flags::UNASSIGNED);
    w[rsc].assigned = None;
    node
}

/// Takes back an assignment, of a collective all of it. Where no part of a collective found a node,
/// its members are not asked again.
pub(crate) fn unassign(w: &mut World<'_>, rsc: RscIx) {
    if assigned_node(w, rsc).is_some() {
        for child in w[rsc].children.clone() {
            unassign(w, child);
        }
    }
    if let Some(node) = w[rsc].assigned.take() {
        w[node].assigned = w[node].assigned.saturating_sub(1);
        utilization::give_back(w, rsc, node);
    }
    w[rsc].flags.set(Flags::UNASSIGNED);
}

/// The node a resource has in the plan; of a group its first member's.
pub(crate) fn assigned_node(w: &World<'_>, rsc: RscIx) -> Option<NodeIx> {
    match w[rsc].kind {
        Kind::Primitive => w[rsc].assigned,
        _ => w[rsc].children.iter().find_map(|child| assigned_node(w, *child)),
    }
}

/// The role something has now or will have: of a collective the highest of its parts.
pub(crate) fn role_of(w: &World<'_>, rsc: RscIx, next: bool) -> Role {
    if w[rsc].is_primitive() {
        return if next { w[rsc].next_role } else { w[rsc].role };
    }
    let roles = w[rsc].children.iter().map(|child| role_of(w, *child, next));
    roles.max().unwrap_or(Role::Unknown)
}
