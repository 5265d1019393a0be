//! Assigning a bundle: containers like instances, then what goes with each of them.

use cib::value::Score;

use super::{assign as assign_any, clones, dependents, instances};
use crate::constraints::lists;
use crate::report::scores;
use crate::unpack::state::locate;
use crate::world::resource::Replica;
use crate::world::{Flags, Kind, RscIx, World};

/// Assigns a bundle.
pub(crate) fn assign(w: &mut World<'_>, bundle: RscIx) {
    if !w[bundle].is(Flags::UNASSIGNED) || w[bundle].is(Flags::ASSIGNING) {
        return;
    }
    let Kind::Bundle(kind) = w[bundle].kind.clone() else { return };
    w[bundle].flags.set(Flags::ASSIGNING);
    for at in lists::this_with(w, bundle) {
        let primary = w.colocations[at as usize].primary;
        assign_any(w, primary, None, true);
    }
    for at in lists::with_this(w, bundle) {
        dependents::add_preferences(w, at, bundle);
    }
    scores::print(w, bundle, "pcmk__bundle_assign");
    let containers: Vec<RscIx> = kind.replicas.iter().map(|one| one.container).collect();
    let parts = std::mem::replace(&mut w[bundle].children, containers);
    instances::sort(w, bundle);
    let replicas = i32::try_from(kind.replicas.len()).unwrap_or(i32::MAX);
    clones::distribute(w, bundle, replicas, kind.per_host);
    w[bundle].children = parts;
    for replica in &kind.replicas {
        assign_replica(w, replica);
    }
    if let Some(child) = kind.child {
        for node in w[child].allowed.nodes() {
            let own = kind.replicas.iter().any(|replica| replica.node == Some(node));
            w[child].allowed.set(node, if own { Score::ZERO } else { Score::NEG_INF });
        }
        assign_any(w, child, None, true);
    }
    w[bundle].flags.clear(Flags::ASSIGNING);
    w[bundle].flags.clear(Flags::UNASSIGNED);
}

fn assign_replica(w: &mut World<'_>, replica: &Replica) {
    for part in [replica.ip, replica.remote].into_iter().flatten() {
        assign_any(w, part, None, true);
    }
    let (Some(child), Some(node)) = (replica.child, replica.node) else { return };
    for other in w[child].allowed.nodes() {
        if other != node {
            w[child].allowed.set(other, Score::NEG_INF);
        }
    }
    if super::bans::threshold_reached(w, child, node).is_none() {
        locate(w, child, Some(node), Score::INF);
    }
}
