//! Assigning a bundle: containers like instances, then what goes with each of them.

use cib::value::{Role, Score};

use super::colocate::Affects;
use super::{assign as assign_any, bans, clones, colocate, instances, primitive};
use crate::order::interleave;
use crate::report::scores;
use crate::world::resource::Replica;
use crate::world::{Colocation, Flags, Kind, NodeIx, RscIx, World};

/// Assigns a bundle. Where it was assigned already, as something else's primary, its scores are
/// noted once more.
pub(crate) fn assign(w: &mut World<'_>, bundle: RscIx, stop_if_fail: bool) {
    if w[bundle].is(Flags::ASSIGNING) {
        return;
    }
    let Kind::Bundle(kind) = w[bundle].kind.clone() else { return };
    w[bundle].flags.set(Flags::ASSIGNING);
    scores::print(w, bundle, "pcmk__bundle_assign");
    let containers: Vec<RscIx> = kind.replicas.iter().map(|one| one.container).collect();
    let parts = std::mem::replace(&mut w[bundle].children, containers);
    instances::sort(w, bundle);
    let replicas = i32::try_from(kind.replicas.len()).unwrap_or(i32::MAX);
    clones::distribute(w, bundle, replicas, kind.per_host);
    w[bundle].children = parts;
    for replica in &kind.replicas {
        assign_replica(w, replica, stop_if_fail);
    }
    if let Some(child) = kind.child {
        for node in w[child].allowed.nodes() {
            let own = kind.replicas.iter().any(|replica| replica.node == Some(node));
            w[child].allowed.set(node, if own { Score::ZERO } else { Score::NEG_INF });
        }
        assign_any(w, child, None, stop_if_fail);
    }
    w[bundle].flags.clear(Flags::ASSIGNING);
    w[bundle].flags.clear(Flags::UNASSIGNED);
}

/// Assigns what goes with a container: the address, the connection, and the instance inside,
/// which has its own node and no other.
fn assign_replica(w: &mut World<'_>, replica: &Replica, stop_if_fail: bool) {
    if let Some(ip) = replica.ip {
        assign_any(w, ip, None, stop_if_fail);
    }
    if let Some(remote) = replica.remote {
        connect_through(w, replica.container, remote);
        assign_any(w, remote, None, stop_if_fail);
    }
    let (Some(child), Some(node)) = (replica.child, replica.node) else { return };
    for other in w[child].allowed.nodes() {
        if other != node {
            w[child].allowed.set(other, Score::NEG_INF);
        } else if bans::threshold_reached(w, child, node).is_none() {
            w[child].allowed.set(node, Score::INF);
        }
    }
    let Some(clone) = w[child].parent else { return };
    w[clone].flags.set(Flags::ASSIGNING);
    assign_any(w, child, Some(node), stop_if_fail);
    w[clone].flags.clear(Flags::ASSIGNING);
}

/// A container may run on a remote node, its connection cannot: it is where the remote node's own
/// connection is.
fn connect_through(w: &mut World<'_>, container: RscIx, remote: RscIx) {
    let Some(host) = w[container].assigned.filter(|host| w[*host].is_remote()) else { return };
    let Some(connection) = w[host].connection else { return };
    let colocation = Colocation {
        id: "#replica-remote-with-host-remote",
        dependent: remote,
        primary: connection,
        dependent_role: Role::Unknown,
        primary_role: Role::Unknown,
        score: Score::INF,
        attribute: None,
        influence: Some(true),
        explicit: false,
    };
    crate::constraints::lists::add(w, colocation);
}

/// Applies a colocation with a bundle to its dependent: the bundle is where its containers are.
pub(crate) fn apply_to_dependent(
    w: &mut World<'_>,
    dependent: RscIx,
    bundle: RscIx,
    colocation: &Colocation<'_>,
) {
    if w[bundle].is(Flags::UNASSIGNED) {
        return;
    }
    if w[colocation.dependent].has_instances() {
        let role = colocate::affects(w, dependent, bundle, colocation, false) == Affects::Role;
        let mandatory = colocation.score >= Score::INF;
        match partner(w, dependent, bundle) {
            Some(container) => colocate::apply(w, dependent, container, colocation, true),
            None if mandatory && role => w[dependent].promotion = Score::NEG_INF,
            None if mandatory => primitive::lose(w, dependent),
            None => {}
        }
        return;
    }
    let Kind::Bundle(kind) = w[bundle].kind.clone() else { return };
    if colocation.score < Score::INF {
        for replica in &kind.replicas {
            colocate::apply(w, dependent, replica.container, colocation, false);
        }
        return;
    }
    let places: Vec<(NodeIx, Score)> = kind
        .replicas
        .iter()
        .filter(|replica| offers(w, replica, colocation))
        .filter_map(|replica| w[replica.container].assigned)
        .map(|node| (node, Score::ZERO))
        .collect();
    instances::limit(w, dependent, bundle, colocation, &places);
}

/// The container that is where an instance is, or could be.
fn partner(w: &World<'_>, dependent: RscIx, bundle: RscIx) -> Option<RscIx> {
    let place =
        super::assigned_node(w, dependent).and_then(|node| colocate::place(w, dependent, node));
    match place {
        Some(node) => interleave::on_node(w, bundle, node, false),
        None => interleave::partner(w, dependent, bundle, false),
    }
}

/// Whether a replica is one a mandatory dependent can be with.
fn offers(w: &World<'_>, replica: &Replica, colocation: &Colocation<'_>) -> bool {
    let blocked = std::iter::successors(Some(replica.container), |rsc| w[*rsc].parent)
        .any(|rsc| w[rsc].is(Flags::BLOCKED));
    let promoted = replica.child.is_some_and(|child| w[child].next_role == Role::Promoted);
    !blocked && (colocation.primary_role != Role::Promoted || promoted)
}
