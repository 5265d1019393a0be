//! What changes node scores before anything is assigned: stickiness, thresholds, exclusive nodes.

use cib::value::Score;

use crate::actions::newest;
use crate::constraints::location::discovery;
use crate::trace::{Cause, during};
use crate::unpack::failcount;
use crate::unpack::state::locate;
use crate::world::resource::Discovery;
use crate::world::{Flags, NodeIx, RscIx, Task, World};

/// Adds stickiness to the node each resource runs on.
pub(crate) fn stickiness(w: &mut World<'_>) {
    for rsc in w.top.clone() {
        stick(w, rsc);
    }
}

fn stick(w: &mut World<'_>, rsc: RscIx) {
    if !w[rsc].children.is_empty() {
        for child in w[rsc].children.clone() {
            stick(w, child);
        }
        return;
    }
    let stickiness = w[rsc].stickiness;
    if !w[rsc].is(Flags::MANAGED) || stickiness <= Score::ZERO {
        return;
    }
    let Some(node) = w[rsc].single_active() else { return };
    if w.options.symmetric || w[rsc].allowed.has(node) {
        during(w, Cause::Stickiness, |w| locate(w, rsc, Some(node), stickiness));
    }
}

/// Bans nodes where a resource failed too often, and all but the exclusive nodes.
pub(crate) fn thresholds(w: &mut World<'_>) {
    for node in (0..w.nodes.len() as u32).map(NodeIx) {
        for rsc in w.top.clone() {
            if !w[node].failures.is_empty() {
                threshold(w, rsc, node);
            }
            exclusive(w, rsc, node);
        }
    }
}

fn threshold(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    if !w[rsc].children.is_empty() {
        for child in w[rsc].children.clone() {
            threshold(w, child, node);
        }
        return;
    }
    if newest(w, rsc, Task::ClearFailcount, Some(node)).is_some() {
        return;
    }
    if let Some(banned) = threshold_reached(w, rsc, node) {
        during(w, Cause::Threshold, |w| locate(w, banned, Some(node), Score::NEG_INF));
    }
}

/// Which resource has failed too often on a node: of an anonymous clone all of it.
pub(crate) fn threshold_reached(w: &World<'_>, rsc: RscIx, node: NodeIx) -> Option<RscIx> {
    let threshold = w[rsc].migration_threshold;
    if threshold <= Score::ZERO || w[rsc].is(Flags::FAILURE_IGNORED) {
        return None;
    }
    let count = failcount::with_fillers(w, rsc, node).count;
    if count <= Score::ZERO || count < threshold {
        return None;
    }
    if w[rsc].is(Flags::UNIQUE) {
        return Some(rsc);
    }
    Some(crate::unpack::operations::top(w, rsc))
}

fn exclusive(w: &mut World<'_>, rsc: RscIx, node: NodeIx) {
    let top = crate::unpack::operations::top(w, rsc);
    if !w[rsc].is(Flags::EXCLUSIVE_DISCOVERY) && !w[top].is(Flags::EXCLUSIVE_DISCOVERY) {
        return;
    }
    for child in w[rsc].children.clone() {
        exclusive(w, child, node);
    }
    if w[rsc].allowed.has(node) && discovery(w, rsc, node) != Discovery::Exclusive {
        during(w, Cause::ExclusiveDiscovery, |w| w[rsc].allowed.set(node, Score::NEG_INF));
    }
}
