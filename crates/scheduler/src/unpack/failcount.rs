//! Fail counts: how often a resource failed on a node, and when that is forgotten.

use cib::value::Score;

use super::history::Op;
use super::operations::{OnFail, on_fail_configured};
use crate::actions::{Wanted, create};
use crate::world::{ActIx, Flags, NodeIx, RscIx, Task, World};

/// A resource's failures on a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailCount {
    pub(crate) count: Score,
    /// Seconds since 1970; 0 if there was none.
    pub(crate) last: i64,
}

/// All recorded failures of a resource on a node, expired or not.
pub(crate) fn recorded(w: &World<'_>, rsc: RscIx, node: NodeIx) -> FailCount {
    let mut sum = FailCount { count: Score::ZERO, last: 0 };
    let name = w[rsc].history_name();
    let failures = &w[node].failures;
    if failures.is_empty() {
        return sum;
    }
    let (name, any_instance) =
        if w[rsc].is(Flags::UNIQUE) { (name, false) } else { (base_name(name), true) };
    for (key, failure) in failures.range((name, "")..) {
        if !key.0.starts_with(name) {
            break;
        }
        let rest = &key.0[name.len()..];
        let instance = any_instance
            && rest.strip_prefix(':').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        if rest.is_empty() || instance {
            if let Some(count) = failure.count {
                sum.count += count;
            }
            sum.last = sum.last.max(failure.last);
        }
    }
    sum
}

/// A clone instance's name without its number.
pub(crate) fn base_name(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((base, digits))
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            base
        }
        _ => name,
    }
}

/// The failures that still count: none once the failure timeout has passed.
pub(crate) fn effective(w: &World<'_>, rsc: RscIx, node: NodeIx) -> FailCount {
    let mut found = recorded(w, rsc, node);
    let timeout = if blocked_by_failure(w, rsc, node) { 0 } else { w[rsc].failure_timeout };
    if timeout > 0 && found.last > 0 && w.now > found.last + timeout {
        found.count = Score::ZERO;
    }
    found
}

/// As [`effective`], with the failures of what runs inside a container.
pub(crate) fn with_fillers(w: &World<'_>, rsc: RscIx, node: NodeIx) -> FailCount {
    let mut sum = effective(w, rsc, node);
    let in_bundle = w[rsc].parent.is_some_and(|up| w[up].is_bundle());
    if !in_bundle {
        for filler in w[rsc].fillers.clone() {
            let inner = effective(w, filler, node);
            sum.count += inner.count;
            sum.last = sum.last.max(inner.last);
        }
    }
    sum
}

/// A failed operation with on-fail=block keeps its failure for ever.
fn blocked_by_failure(w: &World<'_>, rsc: RscIx, node: NodeIx) -> bool {
    let Some(state) = w[node].state else { return false };
    let name = w[rsc].history_name();
    let resources = state.child("lrm").and_then(|lrm| lrm.child("lrm_resources"));
    let histories = resources.iter().flat_map(|all| all.children_named("lrm_resource"));
    for history in histories.filter(|history| history.get("id") == Some(name)) {
        for op in history.children_named("lrm_rsc_op").filter_map(Op::read) {
            let failed = op.expected.is_some_and(|expected| expected != op.rc) && op.status != -1;
            let block = on_fail_configured(w, rsc, op.task, op.interval) == Some(OnFail::Block);
            if failed && block {
                return true;
            }
        }
    }
    false
}

/// Plans to forget a resource's failures on a node.
pub(crate) fn clear(w: &mut World<'_>, rsc: RscIx, node: NodeIx, reason: &str) -> ActIx {
    let action = create(
        w,
        Wanted { rsc, task: Task::ClearFailcount, interval: 0, node: Some(node), optional: false },
    );
    w[action].flags.clear(crate::world::ActFlags::OPTIONAL);
    if w[action].reason.is_none() {
        w[action].reason = Some(reason.to_owned());
    }
    w[action].meta = vec![("CRM_meta_op_no_wait", "true".to_owned())];
    action
}
