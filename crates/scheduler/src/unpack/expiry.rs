//! Which recorded failures have expired, and when failures are to be forgotten.

use super::failcount::{clear, effective, recorded};
use super::history::{Op, rc};
use super::operations::{Judged, reconnects};
use super::values::needs_host_name;
use crate::actions::{edge, fencing};
use crate::world::{ActIx, Flags, Rel, RscIx, Task, World};
use cib::value::Score;

/// Whether an operation's result is so old that a failure in it no longer counts. Plans to clear
/// the fail count where there is a reason to.
pub(crate) fn expired(w: &mut World<'_>, h: &Judged<'_>, op: &Op<'_>) -> bool {
    let (rsc, node) = (h.rsc, h.node);
    if waits_for_fencing(w, rsc, op) {
        return false;
    }
    let timeout = w[rsc].failure_timeout;
    let mut expired = false;
    let still = if timeout > 0 { effective(w, rsc, node) } else { recorded(w, rsc, node) };
    if let Some(changed) = op.changed.filter(|_| timeout > 0) {
        expired = changed <= w.now && w.now >= changed + timeout;
        if still.count > Score::ZERO && still.last + timeout > w.now - 1 {
            super::note_change(w, still.last + timeout + 1);
        }
    }
    let mut reason = None;
    let last_failure = op.id.ends_with("_last_failure_0");
    if expired {
        let all = recorded(w, rsc, node).count;
        if all != Score::ZERO {
            if still.count == Score::ZERO {
                reason = Some("it expired");
            } else {
                expired = false;
            }
        } else if last_failure && reconnects(w, rsc) {
            reason = Some("reconnect interval is set");
        }
    }
    let comparable = !needs_host_name(w, rsc);
    if !expired
        && last_failure
        && comparable
        && crate::actions::changes::parameters_changed(w, rsc, node, op)
    {
        reason = Some("resource parameters have changed");
    }
    if let Some(reason) = reason {
        let clear = clear(w, rsc, node, reason);
        after_fencing(w, rsc, clear);
    }
    if expired && op.is_probe() {
        let told = [rc::OK, rc::NOT_RUNNING, rc::PROMOTED, rc::DEGRADED, rc::DEGRADED_PROMOTED];
        expired = !told.contains(&op.rc);
    }
    expired
}

/// A connection that is tried again after a while is not forgiven a failed monitor before its node
/// has been fenced.
fn waits_for_fencing(w: &World<'_>, rsc: RscIx, op: &Op<'_>) -> bool {
    let failed = op.rc != rc::OK && op.task == Task::Monitor.text() && !op.is_probe();
    let unfenced = || w[rsc].remote_node.is_some_and(|node| !w[node].remote_was_fenced);
    failed && w.options.fencing && reconnects(w, rsc) && unfenced()
}

/// A connection's failures are forgotten after the fencing of its node, if that is planned.
fn after_fencing(w: &mut World<'_>, rsc: RscIx, clear: ActIx) {
    let Some(node) = w[rsc].remote_node.filter(|_| w.options.fencing) else { return };
    if w[rsc].is(Flags::CONNECTION) && reconnects(w, rsc) {
        let fencing = fencing::operation(w, node, None, true, None);
        edge(w, fencing, clear, Rel::ORDERED);
    }
}
