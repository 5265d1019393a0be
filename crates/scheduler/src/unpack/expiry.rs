//! Which recorded failures have expired, and when failures are to be forgotten.

use super::failcount::{clear, effective, recorded};
use super::history::{Op, rc};
use super::operations::{Judged, reconnects};
use crate::world::World;
use cib::value::Score;

/// Whether an operation's result is so old that a failure in it no longer counts. Plans to clear
/// the fail count where there is a reason to.
pub(crate) fn expired(w: &mut World<'_>, h: &Judged<'_>, op: &Op<'_>) -> bool {
    let (rsc, node) = (h.rsc, h.node);
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
    if !expired && last_failure && crate::actions::changes::parameters_changed(w, rsc, node, op) {
        reason = Some("resource parameters have changed");
    }
    if let Some(reason) = reason {
        clear(w, rsc, node, reason);
    }
    if expired && op.is_probe() {
        let told = [rc::OK, rc::NOT_RUNNING, rc::PROMOTED, rc::DEGRADED, rc::DEGRADED_PROMOTED];
        expired = !told.contains(&op.rc);
    }
    expired
}
